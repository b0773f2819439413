//! Parameters that a flow begins with: each has its effect or is refused in words.

use crate::clients::{JSON, Site, stand};
use crate::support::http::{Answer, send};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

async fn ask(authority: &str, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let headers = [("Host", authority), ("Accept", JSON), ("Content-Type", JSON)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = body.map(Value::to_string);
    send(authority, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

async fn get(site: &Site, target: &str) -> (u16, Value) {
    let answer = ask(&site.public, "GET", target, None).await;
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

/// Two schemas to choose, whose identifiers have titles of their own, and one that nobody may choose.
fn schemas() -> Value {
    let schema = |title: &str| {
        let schema = json!({
            "type": "object",
            "properties": {"traits": {
                "type": "object",
                "properties": {"name": {
                    "type": "string", "title": title,
                    "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}},
                }},
            }},
        });
        format!("base64://{}", STANDARD.encode(schema.to_string()))
    };
    json!({"identity": {"default_schema_id": "default", "schemas": [
        {"id": "default", "url": schema("Name")},
        {"id": "shop", "url": schema("Customer number"), "selfservice_selectable": true},
        {"id": "staff", "url": schema("Badge")},
    ]}})
}

fn label(flow: &Value) -> &str {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let node = nodes.iter().find(|node| node["attributes"]["name"] == "identifier").expect("the identifier");
    node["meta"]["label"]["text"].as_str().expect("a label")
}

#[tokio::test]
async fn a_sign_in_names_its_schema_and_shows_it() {
    let (_stand, site) = stand("memory", schemas()).await;
    for client in ["api", "browser"] {
        let start = |schema: &str| format!("/self-service/login/{client}{schema}");
        let (status, plain) = get(&site, &start("")).await;
        assert_eq!((status, plain.get("identity_schema"), label(&plain)), (200, None, "Name"));
        for (schema, title) in [("default", "Name"), ("shop", "Customer number")] {
            let (status, flow) = get(&site, &start(&format!("?identity_schema={schema}"))).await;
            assert_eq!((status, &flow["identity_schema"], label(&flow)), (200, &json!(schema), title));
        }
        for schema in ["staff", "nobody", "SHOP"] {
            let (status, error) = get(&site, &start(&format!("?identity_schema={schema}"))).await;
            assert_eq!((status, &error["error"]["code"]), (400, &json!(400)), "{schema}");
        }
    }
    let (_, begun) = get(&site, "/self-service/login/api?identity_schema=shop").await;
    let id = begun["id"].as_str().expect("an id");
    let (_, read) = get(&site, &format!("/self-service/login/flows?id={id}")).await;
    assert_eq!(read["identity_schema"], "shop");
    let target = format!("/self-service/login?flow={id}");
    let wrong = json!({"method": "password", "identifier": "x", "password": "y"});
    let again = ask(&site.public, "POST", &target, Some(&wrong)).await;
    let again: Value = serde_json::from_slice(&again.body).expect("the form");
    assert_eq!((&again["identity_schema"], label(&again)), (&json!("shop"), "Customer number"));
}

#[tokio::test]
async fn a_challenge_of_an_oauth2_server_is_refused_in_words() {
    let (_stand, site) = stand("memory", json!({})).await;
    for flow in ["login", "registration"] {
        for client in ["api", "browser"] {
            for challenge in ["login_challenge=abc", "login_challenge=", "login_challenge"] {
                let (status, error) = get(&site, &format!("/self-service/{flow}/{client}?{challenge}")).await;
                let reason = error["error"]["reason"].as_str().unwrap_or_default();
                assert!(status == 400 && reason.contains("login_challenge"), "{flow} {client}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn an_address_to_return_to_is_whole_or_begins_at_the_root() {
    let (_stand, site) = stand("memory", json!({})).await;
    let own = format!("http://{}/shop", site.public);
    for flow in ["login", "registration"] {
        for (return_to, status) in [
            ("relative", 400),
            ("relative/further", 400),
            ("./relative", 400),
            ("../relative", 400),
            ("relative%3Fx%3D1", 400),
            ("%20/relative", 400),
            ("/rooted", 200),
            ("/rooted%3Fx%3D1", 200),
            ("%3Fx%3D1", 200),
            (&own, 200),
            ("//evil.example/", 400),
            ("https:relative", 400),
            ("https://evil.example/", 400),
        ] {
            let target = format!("/self-service/{flow}/api?return_to={return_to}");
            assert_eq!(get(&site, &target).await.0, status, "{target}");
        }
    }
}

#[tokio::test]
async fn schemas_are_on_the_public_port() {
    let (_stand, site) = stand("memory", json!({})).await;
    for path in ["/schemas", "/schemas/default", "/schemas?page_size=1"] {
        for asked in [path.to_owned(), format!("/admin{path}")] {
            let answer = ask(&site.admin, "GET", &asked, None).await;
            let there = format!("http://{}{path}", site.public);
            assert_eq!((answer.status, answer.header("location")), (307, Some(there.as_str())), "{asked}");
            let target = there.trim_start_matches(&format!("http://{}", site.public)).to_owned();
            assert_eq!(ask(&site.public, "GET", &target, None).await.status, 200, "{asked}");
        }
    }
}

/// Messages of the form add up; those of the field are of the last try.
#[tokio::test]
async fn a_verification_tells_what_was_wrong_with_the_last_try() {
    let verification = json!({"selfservice": {
        "flows": {"verification": {"enabled": true, "use": "code"}},
        "methods": {"code": {"enabled": true}},
    }, "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/"}}});
    let (_stand, site) = stand("memory", verification).await;
    let (_, flow) = get(&site, "/self-service/verification/api").await;
    let target = format!("/self-service/verification?flow={}", flow["id"].as_str().expect("an id"));
    for (body, of_form, of_field, active) in [
        (json!({"method": "code"}), json!([]), json!([4_000_002]), "code"),
        (json!({"method": "code", "email": "not an address"}), json!([]), json!([4_000_040]), "code"),
        (json!({"email": "anna@shop.example"}), json!([4_010_006]), json!([]), "default"),
        (json!({"method": "telepathy"}), json!([4_010_006, 4_010_006]), json!([]), "default"),
        (
            json!({"method": "code", "email": "no"}),
            json!([4_010_006, 4_010_006]),
            json!([4_000_040]),
            "default",
        ),
    ] {
        let answer = ask(&site.public, "POST", &target, Some(&body)).await;
        let form: Value = serde_json::from_slice(&answer.body).expect("the form");
        let ids = |list: &Value| -> Value {
            list.as_array().into_iter().flatten().map(|one| one["id"].clone()).collect()
        };
        let nodes = form["ui"]["nodes"].as_array().expect("nodes");
        let field = nodes.iter().find(|node| node["attributes"]["name"] == "email").expect("the field");
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!((ids(&form["ui"]["messages"]), ids(&field["messages"])), (of_form, of_field), "{body}");
        assert_eq!(form["active"], active, "{body}");
    }
}

/// As docs/compatibility.md says: no client reads the cookie there.
#[tokio::test]
async fn a_path_without_a_handler_gets_the_anti_forgery_cookie_and_two_slashes_none() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (target, status, sets) in [
        ("/nothing-here", 404, true),
        ("/admin/identities", 307, true),
        ("/admin/nothing-here", 404, true),
        ("//nothing-here", 307, false),
    ] {
        let answer = ask(&site.public, "GET", target, None).await;
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let set = cookies.filter(|(_, value)| value.starts_with("csrf_token_")).count();
        assert_eq!((answer.status, set), (status, usize::from(sets)), "{target}");
    }
}
