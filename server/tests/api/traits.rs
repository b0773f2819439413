//! Traits as real schemas and clients have them, from outside: lists of addresses, fields of a form as JSON, encodings, the hosted
//! page's field for date and time.

use crate::clients::{HTML, JSON, PASSWORD, Site, document, stand};
use crate::support::http::{Answer, send};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::store::messages::{self, Filter};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

async fn ask(site: &Site, method: &str, target: &str, content: &str, body: Option<&[u8]>) -> Answer {
    let (authority, target) = match target.strip_prefix("admin:") {
        Some(target) => (&site.admin, target),
        None => (&site.public, target.strip_prefix(&format!("http://{}", site.public)).unwrap_or(target)),
    };
    let mut headers = vec![("Host".to_owned(), authority.clone()), ("Accept".to_owned(), JSON.to_owned())];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), content.to_owned()));
    }
    send(authority, method, target, &headers, body).await.expect("an answer")
}

/// An app begins a form and sends it.
async fn submit(site: &Site, kind: &str, content: &str, body: &[u8]) -> (u16, Value) {
    let flow = document(&ask(site, "GET", &format!("/self-service/{kind}/api"), JSON, None).await);
    let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
    let answer = ask(site, "POST", &action, content, Some(body)).await;
    (answer.status, document(&answer))
}

async fn sign_up(site: &Site, fields: Value) -> (u16, Value) {
    let mut body = json!({"method": "password", "password": PASSWORD});
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    submit(site, "registration", JSON, body.to_string().as_bytes()).await
}

async fn sign_in(site: &Site, identifier: &str) -> u16 {
    let body = json!({"method": "password", "identifier": identifier, "password": PASSWORD});
    submit(site, "login", JSON, body.to_string().as_bytes()).await.0
}

fn schemas(traits: &Value) -> Value {
    let url = format!("base64://{}", STANDARD.encode(json!({"properties": {"traits": traits}}).to_string()));
    json!({"default_schema_id": "default", "schemas": [{"id": "default", "url": url}]})
}

fn told(answer: &Value) -> Vec<(String, u64)> {
    let of = |name: &str, list: &Value| -> Vec<(String, u64)> {
        let ids = list.as_array().into_iter().flatten().filter_map(|one| one["id"].as_u64());
        ids.map(|id| (name.to_owned(), id)).collect()
    };
    let nodes = answer["ui"]["nodes"].as_array().into_iter().flatten();
    let at_nodes =
        nodes.flat_map(|node| of(node["attributes"]["name"].as_str().unwrap_or_default(), &node["messages"]));
    of("", &answer["ui"]["messages"]).into_iter().chain(at_nodes).collect()
}

/// Each address of a list signs in, is one account's alone and is verified.
async fn each_address_of_a_list_is_an_identifier(dsn: &str) {
    let address = json!({"type": "string", "format": "email", "ory.sh/kratos": {
        "credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}, "recovery": {"via": "email"},
    }});
    let traits = json!({"type": "object", "required": ["emails"], "properties": {
        "emails": {"type": "array", "items": [{"$ref": "#/properties/traits/definitions/address"}], "additionalItems": address, "minItems": 1},
        "contacts": {"type": "array", "items": {"type": "object", "properties": {"mail": address}}},
    }, "definitions": {"address": address}});
    let more = json!({
        "identity": schemas(&traits),
        "selfservice": {"methods": {"code": {"enabled": true}}, "flows": {"verification": {"enabled": true}}},
    });
    let (stand, site) = stand(dsn, more).await;
    let (status, answer) = sign_up(
        &site,
        json!({"traits": {"emails": ["One@Lists.test", "two@lists.test"], "contacts": [{"mail": "three@lists.test"}]}}),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let verifiable: Vec<&str> = answer["identity"]["verifiable_addresses"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["value"].as_str())
        .collect();
    assert_eq!(verifiable, ["one@lists.test", "two@lists.test", "three@lists.test"]);
    for who in ["one@lists.test", "TWO@lists.test", " Three@lists.test "] {
        assert_eq!(sign_in(&site, who).await, 200, "{who}");
        // Neither at the form, wherever it is typed, nor by the admin API.
        for traits in [
            json!({"emails": ["new@lists.test", who.trim()]}),
            json!({"emails": ["new@lists.test"], "contacts": [{"mail": who.trim()}]}),
        ] {
            let (status, answer) = sign_up(&site, json!({"traits": traits})).await;
            assert_eq!((status, told(&answer)), (400, vec![(String::new(), 4000007)]), "{who} {answer}");
            let body = json!({"schema_id": "default", "traits": traits}).to_string();
            assert_eq!(
                ask(&site, "POST", "admin:/admin/identities", JSON, Some(body.as_bytes())).await.status,
                409
            );
        }
        let body = json!({"method": "code", "email": who.trim()}).to_string();
        let (status, _) = submit(&site, "verification", JSON, body.as_bytes()).await;
        assert_eq!(status, 200);
        let mut tx = stand.engine.db().read().await.expect("a read");
        let filter = Filter { recipient: Some(who.trim().to_lowercase()), ..Filter::default() };
        let sent = messages::list(&mut tx, &filter, 10).await.expect("messages");
        assert!(sent.iter().any(|message| message.template == "verification_code_valid"), "{who} {sent:?}");
    }
    assert_eq!(sign_in(&site, "new@lists.test").await, 400, "nothing of a refused account is left");
    let made = json!({"schema_id": "default", "traits": {"emails": ["a@lists.test", "b@lists.test"]}, "credentials": {"password": {"config": {"password": PASSWORD}}}});
    let made = ask(&site, "POST", "admin:/admin/identities", JSON, Some(made.to_string().as_bytes())).await;
    assert_eq!((made.status, sign_in(&site, "b@lists.test").await), (201, 200));
}

#[tokio::test]
async fn each_address_of_a_list_is_an_identifier_on_sqlite() {
    each_address_of_a_list_is_an_identifier("memory").await;
}

#[tokio::test]
async fn each_address_of_a_list_is_an_identifier_on_postgresql() {
    each_address_of_a_list_is_an_identifier(&engine::testing::postgres::database().await).await;
}

fn person() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["email"], "properties": {
        "email": {"type": "string", "format": "email", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}},
        "age": {"type": "integer"}, "newsletter": {"type": "boolean"}, "nick": {"type": "string", "minLength": 2},
        "tags": {"type": "array", "items": {"type": "string"}}, "meeting": {"type": "string", "format": "date-time"},
    }})
}

#[tokio::test]
async fn fields_of_a_form_are_read_as_json_too_and_unknown_ones_stop_nobody() {
    let (_stand, site) = stand("memory", json!({"identity": schemas(&person())})).await;
    let mut fields = json!({
        "traits.email": "ann@fields.test", "traits.age": "5", "traits.newsletter": "on", "traits.nick": "", "traits.tags.1": "b",
        "traits.tags.0": "a", "traits.zzz": "x", "traits.meeting": "2026-12-01T10:30", "unknown": 1,
    });
    let (status, answer) = sign_up(&site, fields.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["identity"]["traits"],
        json!({"email": "ann@fields.test", "age": 5, "newsletter": true, "tags": ["a", "b"], "meeting": "2026-12-01T10:30:00Z"})
    );
    fields["traits.age"] = "five".into();
    let (status, answer) = sign_up(&site, fields).await;
    assert_eq!((status, told(&answer)), (400, vec![("traits.age".to_owned(), 4000026)]));
    // What is nested is the schema's to judge, as in Kratos.
    let (status, _) = sign_up(&site, json!({"traits": {"email": "bob@fields.test", "age": "5"}})).await;
    assert_eq!(status, 400);
    let (status, _) = sign_up(&site, json!({"traits": r#"{"email": "bob@fields.test", "age": 5}"#})).await;
    assert_eq!(status, 200, "as one text");
}

#[tokio::test]
async fn bodies_are_utf_8_and_say_so_when_they_are_not() {
    let (_stand, site) = stand("memory", json!({"identity": schemas(&person())})).await;
    let json_body = |email: &str| {
        json!({"method": "password", "password": PASSWORD, "traits": {"email": email}}).to_string()
    };
    let form_body = |email: &str| format!("method=password&password={PASSWORD}&traits.email={email}");
    let utf16: Vec<u8> = json_body("a@bodies.test").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bom = [b"\xef\xbb\xbf".as_slice(), json_body("b@bodies.test").as_bytes()].concat();
    let latin = [json_body("c@bodies.test").as_bytes(), b"\xe4"].concat();
    for (content, body, status) in [
        (JSON, bom, 200),
        ("Application/JSON; charset=\"UTF-8\"", json_body("d@bodies.test").into_bytes(), 200),
        ("application/json;charset=utf-16", utf16.clone(), 400),
        (JSON, utf16, 400),
        (JSON, latin, 400),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            form_body("gr%C3%B6sse%40bodies.test").into_bytes(),
            200,
        ),
        (
            "application/x-www-form-urlencoded; charset=iso-8859-1",
            form_body("e%40bodies.test").into_bytes(),
            400,
        ),
        (FORM, form_body("gr%F6sse%40bodies.test").into_bytes(), 400),
        (FORM, form_body("f%40bodies.test").into_bytes(), 200),
        ("multipart/form-data; boundary=x", form_body("g%40bodies.test").into_bytes(), 400),
        ("text/plain", json_body("h@bodies.test").into_bytes(), 400),
    ] {
        let (answered, answer) = submit(&site, "registration", content, &body).await;
        assert_eq!(answered, status, "{content} {answer}");
        if status == 400 {
            assert_eq!(told(&answer), [(String::new(), 4000001)], "{content}");
        }
    }
}

#[tokio::test]
async fn the_page_sends_a_date_and_time_that_is_taken_and_shows_it_again() {
    let (_stand, site) = stand("memory", json!({"identity": schemas(&person())})).await;
    let headers = |accept: &str, cookie: &str| {
        vec![
            ("Host".to_owned(), site.public.clone()),
            ("Accept".to_owned(), accept.to_owned()),
            ("Cookie".to_owned(), cookie.to_owned()),
        ]
    };
    let begun = send(&site.public, "GET", "/self-service/registration/browser", &headers(JSON, "a=b"), None)
        .await
        .unwrap();
    let flow = document(&begun);
    let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let csrf = flow["ui"]["nodes"][0]["attributes"]["value"].as_str().unwrap().to_owned();
    let action = flow["ui"]["action"]
        .as_str()
        .unwrap()
        .strip_prefix(&format!("http://{}", site.public))
        .unwrap()
        .to_owned();
    let body = |password: &str| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("method", "password"),
                ("csrf_token", &csrf),
                ("password", password),
                ("traits.email", "ann@page.test"),
                ("traits.meeting", "2026-12-01T10:30"),
            ])
            .finish()
    };
    let mut form = headers(JSON, &cookie);
    form.push(("Content-Type".to_owned(), FORM.to_owned()));
    let refused = send(&site.public, "POST", &action, &form, Some(body("short").as_bytes())).await.unwrap();
    assert_eq!(refused.status, 400);
    let target = format!("/registration?flow={}", flow["id"].as_str().unwrap());
    let page = send(&site.public, "GET", &target, &headers(HTML, &cookie), None).await.unwrap();
    let page = String::from_utf8(page.body).unwrap();
    let field = page.split('<').find(|tag| tag.contains("name=\"traits.meeting\"")).expect("a field");
    assert!(
        field.contains("type=\"datetime-local\"") && field.contains("value=\"2026-12-01T10:30:00\""),
        "{field}"
    );
    let done = send(&site.public, "POST", &action, &form, Some(body(PASSWORD).as_bytes())).await.unwrap();
    assert_eq!(document(&done)["identity"]["traits"]["meeting"], "2026-12-01T10:30:00Z");
}

#[tokio::test]
async fn an_optional_object_is_asked_for_by_forms_alone() {
    let mut traits = person();
    traits["properties"]["name"] =
        json!({"type": "object", "required": ["first"], "properties": {"first": {"type": "string"}}});
    let (_stand, site) = stand("memory", json!({"identity": schemas(&traits)})).await;
    let body = json!({"schema_id": "default", "traits": {"email": "made@optional.test"}}).to_string();
    let made = ask(&site, "POST", "admin:/admin/identities", JSON, Some(body.as_bytes())).await;
    assert_eq!((made.status, &document(&made)["traits"]), (201, &json!({"email": "made@optional.test"})));
    let (status, answer) = sign_up(&site, json!({"traits": {"email": "ann@optional.test"}})).await;
    assert_eq!((status, told(&answer)), (400, vec![("traits.name.first".to_owned(), 4000002)]));
}

#[tokio::test]
async fn an_address_with_what_nobody_sees_is_refused_at_its_field_and_by_the_admin_api() {
    let name =
        json!({"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}});
    let (_stand, site) =
        stand("memory", json!({"identity": schemas(&json!({"properties": {"name": name}}))})).await;
    let (status, _) = sign_up(&site, json!({"traits": {"name": "Jos\u{e9}"}})).await;
    assert_eq!(status, 200);
    let (status, answer) = sign_up(&site, json!({"traits": {"name": "JOSE\u{301}"}})).await;
    assert_eq!((status, told(&answer)), (400, vec![(String::new(), 4000007)]), "the same letters");
    assert_eq!(sign_in(&site, "jose\u{301}").await, 200);
    let (status, answer) = sign_up(&site, json!({"traits": {"name": "Jos\u{200b}\u{e9}"}})).await;
    assert_eq!((status, told(&answer)), (400, vec![("traits.name".to_owned(), 4000001)]));
    let hidden = json!([{"value": "a\u{202e}b@hidden.test", "via": "email"}]);
    for body in [
        json!({"schema_id": "default", "traits": {"name": "a\u{2060}b"}}),
        json!({"schema_id": "default", "traits": {"name": "ab"}, "verifiable_addresses": hidden}),
    ] {
        let answer =
            ask(&site, "POST", "admin:/admin/identities", JSON, Some(body.to_string().as_bytes())).await;
        assert_eq!(answer.status, 400, "{body}");
    }
}
