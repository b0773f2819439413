//! Requests that ask for too much: large, deep, wide and long ones. Each is answered in small measure, and little of it is stored.

use crate::clients::{HTML, JSON, PASSWORD, Site, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use base64::Engine as _;
use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FORM: &str = "application/x-www-form-urlencoded";

/// A schema with a list and a text beside the address.
fn tagged() -> Value {
    let schema = json!({
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email", "title": "E-mail",
                    "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}},
                },
                "about": {"type": "string"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["email"],
        }},
    });
    let schema = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    json!({"identity": {"schemas": [{"id": "default", "url": format!("base64://{schema}")}]}})
}

struct Place {
    stand: Stand,
    site: Site,
}

impl Place {
    async fn new(more: Value) -> Self {
        let (stand, site) = stand("memory", more).await;
        Self { stand, site }
    }

    async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut all = vec![("Host".to_owned(), self.site.public.clone())];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        send(&self.site.public, method, target, &all, body).await.expect("an answer")
    }

    /// Where an app's form is to be sent.
    async fn form(&self, kind: &str) -> String {
        let answer = self.ask("GET", &format!("/self-service/{kind}/api"), &[], None).await;
        format!("/self-service/{kind}?flow={}", document(&answer)["id"].as_str().expect("an id"))
    }

    async fn post(&self, target: &str, media: &str, body: &[u8]) -> Answer {
        self.ask("POST", target, &[("Accept", JSON), ("Content-Type", media)], Some(body)).await
    }

    /// A new sign-up form with those members beside the method.
    async fn sign_up(&self, members: Value) -> Answer {
        let target = self.form("registration").await;
        self.post(&target, JSON, filled(members).to_string().as_bytes()).await
    }

    /// Characters of all stored forms.
    async fn stored(&self) -> i64 {
        self.stand.engine.db().length("flows", "body").await.expect("a number")
    }
}

fn filled(members: Value) -> Value {
    let mut body =
        json!({"method": "password", "password": PASSWORD, "traits": {"email": "ann@vestibule.test"}});
    for (name, value) in members.as_object().expect("members") {
        body[name] = value.clone();
    }
    body
}

fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} with {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

fn messages(form: &Value) -> Vec<(String, u64)> {
    let of = |name: &str, list: &Value| -> Vec<(String, u64)> {
        let list = list.as_array().into_iter().flatten();
        list.map(|one| (name.to_owned(), one["id"].as_u64().unwrap_or_default())).collect()
    };
    let nodes = form["ui"]["nodes"].as_array().into_iter().flatten();
    let of_fields =
        nodes.flat_map(|node| of(node["attributes"]["name"].as_str().unwrap_or_default(), &node["messages"]));
    of("", &form["ui"]["messages"]).into_iter().chain(of_fields).collect()
}

#[tokio::test]
async fn a_form_has_256_kilobytes_and_not_one_byte_more() {
    let place = Place::new(json!({})).await;
    let most = 256 * 1024;
    for (media, accept, status) in [(JSON, JSON, 400), (FORM, JSON, 400), ("text/plain", JSON, 400)] {
        let target = place.form("registration").await;
        for (length, status) in [(most, status), (most + 1, 413), (most * 8, 413)] {
            let body = vec![b'x'; length];
            let headers = [("Accept", accept), ("Content-Type", media)];
            let answer = place.ask("POST", &target, &headers, Some(&body)).await;
            assert_eq!(answer.status, status, "{length} bytes of {media}");
            let code = &document(&answer)["error"]["code"];
            assert_eq!(
                *code,
                if status == 413 { json!(413) } else { Value::Null },
                "{length} bytes of {media}"
            );
        }
    }
    assert!(place.stored().await < 20_000);
}

/// Each limit that a person's browser can meet speaks to that person, without counts of bytes.
#[tokio::test]
async fn a_browser_gets_a_page_for_what_is_too_large_too_long_or_too_slow() {
    let place = Place::new(json!({})).await;
    let target = place.form("registration").await;
    let headers = [("Accept", HTML), ("Content-Type", FORM)];
    let before = place.stand.engine.db().rows().await.expect("rows");
    let form = place.ask("POST", &target, &headers, Some(&vec![b'x'; 300_000])).await;
    let address = place.ask("GET", &format!("/login?x={}", "y".repeat(17_000)), &headers, None).await;
    let hurried =
        Place::new(json!({"vestibule": {"limits": {"connections": {"body_deadline": "1ms"}}}})).await;
    let mut stream = TcpStream::connect(&hurried.site.public).await.expect("a connection");
    let head = format!(
        "POST /self-service/login?flow=x HTTP/1.1\r\nHost: {}\r\nAccept: {HTML}\r\nContent-Length: 9\r\n\r\nhalf",
        hurried.site.public
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut slow = String::new();
    stream.read_to_string(&mut slow).await.expect("a response and the end");
    let text = |answer: &Answer| {
        let media = answer.header("content-type").unwrap_or_default().to_owned();
        format!("{} {media} {}", answer.status, String::from_utf8_lossy(&answer.body))
    };
    let pages = [
        ("413 text/html", "This form is too large", text(&form)),
        ("414 text/html", "This URL is too long", text(&address)),
        ("HTTP/1.1 408", "The form took too long to arrive", slow),
    ];
    for (start, heading, page) in pages {
        assert!(page.starts_with(start) && page.contains("text/html"), "{page}");
        assert!(page.contains(heading) && page.contains("Sign in"), "{page}");
        assert!(!page.contains("bytes"), "{page}");
    }
    assert_eq!(place.stand.engine.db().rows().await.expect("rows"), before, "nothing is stored of it");
}

/// Without a length that is told beforehand.
#[tokio::test]
async fn chunks_count_as_they_come() {
    let place = Place::new(json!({})).await;
    let target = place.form("login").await;
    let mut stream = TcpStream::connect(&place.site.public).await.expect("a connection");
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nAccept: {JSON}\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n",
        place.site.public
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    for _ in 0..300 {
        stream.write_all(format!("400\r\n{}\r\n", " ".repeat(1024)).as_bytes()).await.expect("sent");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_and_then_told_of() {
    let more = json!({"vestibule": {"limits": {"connections": {"body_deadline": "1ms"}}}});
    let place = Place::new(more).await;
    let mut stream = TcpStream::connect(&place.site.public).await.expect("a connection");
    let head = format!(
        "POST /self-service/login?flow=x HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\nhalf",
        place.site.public
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer and the end");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn the_admin_api_takes_five_megabytes() {
    let place = Place::new(tagged()).await;
    let create = async |about: String| {
        let headers =
            [("Host".to_owned(), place.site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
        let body = json!({"schema_id": "default", "traits": {"email": "ann@vestibule.test", "about": about}});
        let body = body.to_string();
        send(&place.site.admin, "POST", "/admin/identities", &headers, Some(body.as_bytes()))
            .await
            .expect("an answer")
    };
    let answer = create("x".repeat(5 << 20)).await;
    assert_eq!((answer.status, &document(&answer)["error"]["code"]), (413, &json!(413)));
    assert_eq!(create("x".repeat(4 << 20)).await.status, 201);
    let headers =
        [("Host".to_owned(), place.site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let deep = format!("{{\"traits\":{}{}}}", "[".repeat(60), "]".repeat(60));
    let answer = send(&place.site.admin, "POST", "/admin/identities", &headers, Some(deep.as_bytes())).await;
    assert_eq!(answer.expect("an answer").status, 400);
}

#[tokio::test]
async fn an_address_has_sixteen_kilobytes() {
    let place = Place::new(json!({})).await;
    let target = |length: usize| format!("/self-service/login/api?x={}", "y".repeat(length));
    assert_eq!(place.ask("GET", &target(15_000), &[], None).await.status, 200);
    let answer = place.ask("GET", &target(17_000), &[], None).await;
    assert_eq!((answer.status, &document(&answer)["error"]["code"]), (414, &json!(414)));
}

/// Deep, wide, long, repeated: each comes back as a form with one sentence.
#[tokio::test]
async fn bodies_that_grow_when_they_are_read_are_refused_before_that() {
    let place = Place::new(tagged()).await;
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let objects = |count: usize| format!("{}1{}", "{\"a\":".repeat(count), "}".repeat(count));
    let wide: Vec<String> = (0..11_000).map(|index| format!("\"a{index}\":1")).collect();
    let same = vec!["\"a\":1"; 11_000].join(",");
    for body in [
        format!("{{\"method\":\"password\",\"traits\":{}}}", deep(40)),
        format!("{{\"method\":\"password\",\"traits\":{}}}", objects(40)),
        deep(100_000),
        "[".repeat(200_000),
        "{\"a\":".repeat(50_000),
        format!("{{\"method\":\"password\",\"traits\":{{{}}}}}", wide.join(",")),
        format!("{{\"method\":\"password\",{same}}}"),
        format!("{{\"method\":\"password\",\"traits\":{{\"tags\":[{}]}}}}", vec!["1"; 60_000].join(",")),
        format!("{{\"method\":\"password\",\"traits\":{{\"tags\":[{}]}}}}", vec!["{}"; 60_000].join(",")),
    ] {
        let target = place.form("registration").await;
        let answer = place.post(&target, JSON, body.as_bytes()).await;
        let form = document(&answer);
        assert_eq!((answer.status, messages(&form)), (400, vec![(String::new(), 4000001)]), "{body:.60}");
        assert!(answer.body.len() < 10_000);
    }
    for body in
        ["traits.tags=1&".repeat(15_000), "a=1&".repeat(15_000), "&".repeat(200_000), "a&".repeat(50_000)]
    {
        for kind in ["registration", "login"] {
            let target = place.form(kind).await;
            let answer = place.post(&target, FORM, body.as_bytes()).await;
            let form = document(&answer);
            assert_eq!((answer.status, messages(&form)), (400, vec![(String::new(), 4000001)]), "{body:.20}");
        }
    }
}

#[tokio::test]
async fn long_lists_of_wrong_entries_are_told_of_in_small_measure() {
    let place = Place::new(tagged()).await;
    for entries in [30, 3_000, 9_000] {
        let traits = json!({"email": "ann@vestibule.test", "tags": vec![1; entries]});
        let answer = place.sign_up(json!({"traits": traits})).await;
        let told = messages(&document(&answer));
        // What was typed comes back as far as a form keeps it.
        assert_eq!((answer.status, told), (400, vec![("traits.tags".to_owned(), 4000026)]));
        assert!(answer.body.len() < 20_000);
    }
    assert!(place.stored().await < 60_000);
}

#[tokio::test]
async fn one_form_sent_again_and_again_does_not_grow() {
    let place = Place::new(tagged()).await;
    let target = place.form("registration").await;
    let mut largest = 0;
    for round in 0..30 {
        let first = round * 20;
        // Another twenty entries are wrong each time.
        let tags: Vec<Value> =
            (0..first + 20).map(|index| if index < first { json!("fine") } else { json!(1) }).collect();
        let body = filled(json!({"traits": {"email": "ann@vestibule.test", "tags": tags}}));
        let answer = place.post(&target, JSON, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 400);
        largest = largest.max(place.stored().await);
    }
    assert!(largest < 25_000, "{largest}");
    let mut sizes = Vec::new();
    let more = json!({"selfservice": {"flows": {"verification": {"enabled": true}}}});
    let place = Place::new(more).await;
    let target = place.form("verification").await;
    for _ in 0..100 {
        place.post(&target, JSON, br#"{"method": "code", "email": ""}"#).await;
        place.post(&target, JSON, br#"{"method": "nonsense", "email": "x"}"#).await;
        sizes.push(place.stored().await);
    }
    assert!(sizes.last().is_some_and(|size| *size < 15_000), "{sizes:?}");
}

/// What strangers send is kept for as long as somebody needs it: an app's payload with the form that goes on, and what was typed.
#[tokio::test]
async fn of_a_refused_form_what_was_typed_is_kept_and_nothing_else() {
    let place = Place::new(tagged()).await;
    let payload = json!({"a": "p".repeat(60_000)});
    let traits = json!({"email": "nonsense", "about": "quiet meadow", "unknown": "u".repeat(60_000)});
    let answer = place
        .sign_up(json!({"traits": traits, "transient_payload": payload, "further": "f".repeat(60_000)}))
        .await;
    let form = document(&answer);
    assert_eq!((answer.status, &form["transient_payload"]), (400, &payload), "told back, as Kratos does");
    let stored = place.stored().await;
    assert!(stored < 10_000, "{stored}");
    let id = form["id"].as_str().expect("an id");
    let read = place.ask("GET", &format!("/self-service/registration/flows?id={id}"), &[], None).await;
    let read = document(&read);
    let value = |name: &str| {
        let mut nodes = read["ui"]["nodes"].as_array().expect("nodes").iter();
        nodes.find(|node| node["attributes"]["name"] == name).expect("a field")["attributes"]["value"].clone()
    };
    assert_eq!((value("traits.about"), value("traits.email")), (json!("quiet meadow"), json!("nonsense")));
    assert_eq!(read["transient_payload"], Value::Null);
    // More than a form keeps comes back empty.
    let long = json!({"email": "nonsense", "about": "x".repeat(100_000)});
    let before = place.stored().await;
    assert_eq!(place.sign_up(json!({"traits": long})).await.status, 400);
    assert!(place.stored().await - before < 10_000);
}

#[tokio::test]
async fn a_payload_for_hooks_has_64_kilobytes() {
    let place = Place::new(tagged()).await;
    let payload = |length: usize| json!({"transient_payload": {"a": "p".repeat(length)}});
    let answer = place.sign_up(payload(64 * 1024)).await;
    assert_eq!((answer.status, messages(&document(&answer))), (400, vec![(String::new(), 4000001)]));
    assert_eq!(place.sign_up(payload(64 * 1024 - 8)).await.status, 200);
    // Neither does a sign-in, nor a code that is none.
    let body = json!({"method": "password", "identifier": "x", "password": "y", "transient_payload": {"a": "p".repeat(70_000)}});
    let target = place.form("login").await;
    let answer = place.post(&target, JSON, body.to_string().as_bytes()).await;
    assert_eq!((answer.status, messages(&document(&answer))), (400, vec![(String::new(), 4000001)]));
}

#[tokio::test]
async fn an_ordinary_form_of_some_size_signs_up() {
    let place = Place::new(tagged()).await;
    let tags: Vec<String> = (0..5_000).map(|index| format!("tag {index}")).collect();
    let traits = json!({"email": "ann@vestibule.test", "about": "x".repeat(100_000), "tags": tags});
    let answer = place.sign_up(json!({"traits": traits})).await;
    let made = document(&answer);
    assert_eq!((answer.status, &made["identity"]["traits"]), (200, &traits));
}

/// Starts so many forms; their ids.
async fn begin(place: &Place, kind: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let target = place.form(kind).await;
        ids.push(target.split_once("flow=").expect("an id").1.to_owned());
    }
    ids
}

async fn read(place: &Place, kind: &str, id: &str) -> u16 {
    place.ask("GET", &format!("/self-service/{kind}/flows?id={id}"), &[], None).await.status
}

#[tokio::test]
async fn forms_that_are_begun_and_never_sent_stay_within_what_a_client_may_leave_behind() {
    let most = 40 * 1024;
    let more = json!({
        "vestibule": {"limits": {"storage": {"forms_per_client": "40KB"}}},
        "selfservice": {"flows": {"verification": {"enabled": true}}},
    });
    let place = Place::new(more).await;
    // A form that an email was sent for stays, whoever fills the budget: its code would lead nowhere.
    let sent = place.form("verification").await;
    let answer = place.post(&sent, JSON, br#"{"method": "code", "email": "ann@vestibule.test"}"#).await;
    assert_eq!(answer.status, 200);
    let ids = begin(&place, "login", 100).await;
    settle(&place.stand.engine).await.expect("settled");
    assert!(place.stored().await <= most + 4_000, "{}", place.stored().await);
    assert_eq!((read(&place, "login", &ids[0]).await, read(&place, "login", &ids[99]).await), (404, 200));
    assert_eq!(read(&place, "verification", sent.split_once("flow=").expect("an id").1).await, 200);
    // What a refused form has grown to counts.
    let ids = begin(&place, "login", 5).await;
    for id in &ids {
        let body = json!({"method": "password", "identifier": "x".repeat(15_000), "password": "y"});
        place.post(&format!("/self-service/login?flow={id}"), JSON, body.to_string().as_bytes()).await;
    }
    settle(&place.stand.engine).await.expect("settled");
    assert!(place.stored().await <= most + 4_000, "{}", place.stored().await);
}

/// A second is enough for thousands of forms: the server does not wait for its next tick.
#[tokio::test]
async fn a_batch_of_rows_beyond_the_budget_is_deleted_at_once() {
    let more = json!({"vestibule": {"limits": {"storage": {"forms_per_client": "40KB"}}}});
    let place = Place::new(more).await;
    let budget = place.stand.engine.row_budget();
    begin(&place, "login", 10).await;
    assert!(budget.exceeded().now_or_never().is_none(), "the budget has room");
    begin(&place, "login", 100).await;
    assert!(budget.exceeded().now_or_never().is_some());
}

#[tokio::test]
async fn a_proxy_that_is_not_configured_has_no_budget_of_its_own() {
    let more = json!({"vestibule": {"limits": {"storage": {"forms_per_client": "10KB"}}}});
    let place = Place::new(more).await;
    for _ in 0..30 {
        let headers = [("X-Forwarded-For", "192.0.2.1")];
        assert_eq!(place.ask("GET", "/self-service/login/api", &headers, None).await.status, 200);
    }
    assert_eq!(settle(&place.stand.engine).await.expect("settled"), 0);
}

#[tokio::test]
async fn stored_errors_are_few_and_short() {
    let more = json!({"vestibule": {"limits": {"storage": {"errors_per_client": 10}}}});
    let place = Place::new(more).await;
    let long = "y".repeat(12_000);
    let mut last = String::new();
    for target in [
        format!("/self-service/login/browser?return_to=https://evil.example/{long}"),
        "/self-service/logout/browser".to_owned(),
        format!("/self-service/logout?token={long}"),
        format!("/self-service/registration/browser?return_to=https://evil.example/{long}"),
    ] {
        for _ in 0..15 {
            let answer = place.ask("GET", &target, &[("Accept", HTML)], None).await;
            assert_eq!(answer.status, 303, "{target:.40}");
            last = answer.header("location").expect("a page").to_owned();
        }
    }
    settle(&place.stand.engine).await.expect("settled");
    let db = place.stand.engine.db();
    assert_eq!(db.rows().await.expect("rows")["flow_errors"], 10);
    assert!(db.length("flow_errors", "body").await.expect("a number") < 10 * 4_096);
    let page = last.split_once("/error").expect("the error page").1;
    assert_eq!(place.ask("GET", &format!("/error{page}"), &[("Accept", HTML)], None).await.status, 200);
}

async fn settle(engine: &engine::Engine) -> engine::Result<u64> {
    engine.row_budget().settle(engine.db()).await
}
