//! Small things that clients see: texts beside statuses, numbers for texts, which limit a form names.

use crate::clients::{JSON, Kind, PASSWORD, Person, Site, document, stand};
use crate::support::http::{Answer, send};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

async fn ask(authority: &str, method: &str, target: &str) -> Answer {
    let headers = [("Host".to_owned(), authority.to_owned()), ("Accept".to_owned(), JSON.to_owned())];
    send(authority, method, target, &headers, None).await.expect("an answer")
}

async fn submit(site: &Site, flow: &str, fields: Value) -> Answer {
    let mut person = Person::new(site, Kind::Native);
    let begun = document(&person.ask("GET", &format!("/self-service/{flow}/api"), JSON, &[], None).await);
    let target = format!("/self-service/{flow}?flow={}", begun["id"].as_str().expect("an id"));
    person.post(&target, &[], &fields).await
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_told_in_words_and_in_allow() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (authority, method, target, allow) in [
        (&site.public, "PUT", "/self-service/login/api", "GET"),
        (&site.public, "DELETE", "/self-service/registration?flow=x", "POST"),
        (&site.public, "GET", "/self-service/registration?flow=x", "POST"),
        (&site.public, "POST", "/schemas", "GET"),
        (&site.admin, "PUT", "/admin/identities", "POST"),
        (&site.admin, "POST", "/identities/7", "GET"),
    ] {
        let answer = ask(authority, method, target).await;
        assert_eq!(answer.status, 405, "{method} {target}");
        assert!(
            answer.header("allow").is_some_and(|list| list.contains(allow)),
            "{method} {target}: {:?}",
            answer.headers
        );
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{method} {target}");
        assert!(String::from_utf8_lossy(&answer.body).starts_with("405: "), "{method} {target}");
    }
}

#[tokio::test]
async fn a_way_that_is_switched_off_is_told_in_words() {
    let off = json!({"selfservice": {
        "methods": {"password": {"enabled": false}, "code": {"enabled": false}, "oidc": {"enabled": false}},
        "flows": {"verification": {"enabled": true}},
    }});
    let (_stand, site) = stand("memory", off).await;
    let email = json!({"email": "anna@vestibule.test"});
    for (flow, fields) in [
        ("registration", json!({"method": "password", "password": PASSWORD, "traits": email})),
        ("registration", json!({"method": "oidc", "provider": "corp", "traits": email})),
        ("login", json!({"method": "password", "password": PASSWORD, "identifier": "anna@vestibule.test"})),
        ("login", json!({"method": "oidc", "provider": "corp"})),
    ] {
        let answer = submit(&site, flow, fields).await;
        let told = document(&answer);
        assert_eq!((answer.status, &told["error"]["code"]), (404, &json!(404)), "{flow}: {told}");
        assert!(
            told["error"]["reason"].as_str().is_some_and(|reason| reason.contains("switched off")),
            "{flow}: {told}"
        );
    }
}

/// Spreadsheets and loosely typed languages send a number where a text is meant.
#[tokio::test]
async fn a_number_is_its_digits_where_somebody_signs_in() {
    let schema = json!({"type": "object", "properties": {"traits": {
        "type": "object",
        "properties": {"member": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}},
    }}});
    let url = format!("base64://{}", STANDARD.encode(schema.to_string()));
    let more =
        json!({"identity": {"default_schema_id": "member", "schemas": [{"id": "member", "url": url}]}});
    let (_stand, site) = stand("memory", more).await;
    let fields =
        json!({"method": "password", "password": "88411579203647", "traits": {"member": "20261130"}});
    assert_eq!(submit(&site, "registration", fields).await.status, 200);
    for (identifier, password, status) in [
        (json!(20_261_130), json!("88411579203647"), 200),
        (json!("20261130"), json!(88_411_579_203_647_i64), 200),
        (json!(20_261_130), json!(88_411_579_203_647_i64), 200),
        (json!(20_261_131), json!("88411579203647"), 400),
        (json!([20_261_130]), json!("88411579203647"), 400),
        (json!({"a": 1}), json!("88411579203647"), 400),
    ] {
        let fields = json!({"method": "password", "identifier": identifier, "password": password});
        assert_eq!(submit(&site, "login", fields.clone()).await.status, status, "{fields}");
        let mut older = fields.clone();
        older["password_identifier"] = older["identifier"].take();
        assert_eq!(submit(&site, "login", older).await.status, status, "{fields}");
    }
}

#[tokio::test]
async fn of_two_limits_on_a_password_the_form_names_the_one_that_holds() {
    let algorithm = |name: &str| json!({"hashers": {"algorithm": name, "bcrypt": {"cost": 4}}});
    for (name, length, limit) in
        [("bcrypt", 2000, 72), ("bcrypt", 1025, 72), ("bcrypt", 73, 72), ("argon2", 2000, 1024)]
    {
        let (_stand, site) = stand("memory", algorithm(name)).await;
        let password: String = "Quiet-copper-meadow-".chars().cycle().take(length).collect();
        let fields =
            json!({"method": "password", "password": password, "traits": {"email": "anna@vestibule.test"}});
        let form = document(&submit(&site, "registration", fields).await);
        let nodes = form["ui"]["nodes"].as_array().expect("nodes");
        let node = nodes.iter().find(|node| node["attributes"]["name"] == "password").expect("the field");
        let message = &node["messages"][0];
        assert_eq!(message["id"], 4_000_033, "{name} {length}: {message}");
        assert_eq!(
            message["context"],
            json!({"max_length": limit, "actual_length": length}),
            "{name} {length}"
        );
    }
}

/// In JSON, too: Kratos reads every member of it as a form's field.
#[tokio::test]
async fn a_payload_may_be_one_text_in_json() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (number, (payload, told)) in
        [(json!("{\"a\": [1]}"), json!({"a": [1]})), (json!({"a": "{\"b\": 1}"}), json!({"a": "{\"b\": 1}"}))]
            .into_iter()
            .enumerate()
    {
        // What comes back is told back: the password is missing.
        let fields = json!({"method": "password", "traits": {"email": format!("a{number}@vestibule.test")}, "transient_payload": payload});
        let answer = submit(&site, "registration", fields).await;
        assert_eq!((answer.status, &document(&answer)["transient_payload"]), (400, &told));
    }
    let fields = json!({"method": "password", "password": PASSWORD, "traits": {"email": "b@vestibule.test"}, "transient_payload": ""});
    assert_eq!(submit(&site, "registration", fields).await.status, 200);
}
