//! What no well-behaved client sends: each is answered in words, and leaves no account behind.

use crate::clients::{PASSWORD, Site, stand};
use crate::log::Log;
use crate::proof::Place;
use crate::support::http::{Answer, send};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn ask(
    site: &Site,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Answer {
    let mut all = vec![("Host".to_owned(), site.public.clone())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    send(&site.public, method, target, &all, body).await.expect("an answer")
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Where an app's form is to be sent.
async fn form(site: &Site) -> String {
    let answer = ask(site, "GET", "/self-service/registration/api", &[], None).await;
    format!("/self-service/registration?flow={}", body(&answer)["id"].as_str().expect("an id"))
}

async fn accounts(site: &Site) -> usize {
    let host = [("Host".to_owned(), site.admin.clone())];
    let answer = send(&site.admin, "GET", "/admin/identities", &host, None).await.expect("an answer");
    body(&answer).as_array().expect("a list").len()
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn doubled_slashes_lead_to_the_clean_path() {
    let (_stand, site) = stand("memory", json!({})).await;
    let answer = ask(&site, "GET", "//self-service//login/api?refresh=true", &[], None).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some("/self-service/login/api?refresh=true"))
    );
    // Joined, it is a path of ours: never the name of another host.
    let answer = ask(&site, "GET", "//evil.example/x", &[], None).await;
    assert_eq!((answer.status, answer.header("location")), (307, Some("/evil.example/x")));
    for path in [r"//\evil.example/x", r"///\/evil.example", r"//\\evil.example", r"/a//\evil.example"] {
        let answer = ask(&site, "GET", path, &[], None).await;
        let to = answer.header("location").expect("the clean path");
        assert!(!to.contains('\\') && to.starts_with('/') && !to.starts_with("//"), "{path}: {to}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (authority, method, target, allowed) in [
        (&site.public, "DELETE", "/self-service/login/browser", "GET"),
        (&site.public, "PUT", "/sessions", "DELETE"),
        (&site.admin, "PATCH", "/admin/identities", "POST"),
        (&site.admin, "POST", "/admin/courier/messages", "GET"),
    ] {
        let host = [("Host".to_owned(), authority.clone())];
        let answer = send(authority, method, target, &host, None).await.expect("an answer");
        let allow = answer.header("allow").expect("the methods").to_owned();
        assert!(allow.contains(allowed), "{method} {target}: {allow}");
        assert_eq!(answer.status, 405, "{method} {target}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains(&allow), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_comes_back_as_the_form_with_a_reason() {
    let (_stand, site) = stand("memory", json!({})).await;
    let action = form(&site).await;
    let form_type = ("Content-Type", "application/x-www-form-urlencoded");
    for (header, sent) in [
        (JSON, &b"{\"method\": "[..]),
        (JSON, b"[]"),
        (JSON, b"\"password\""),
        (JSON, b"\xff\xfe"),
        (JSON, b""),
        (form_type, b""),
        (("Content-Type", "text/plain"), b"method=password"),
        (("Content-Type", "multipart/form-data; boundary=x"), b"--x--"),
        (JSON, b"{\"method\":\"password\",\"transient_payload\":[1]}"),
    ] {
        let answer = ask(&site, "POST", &action, &[header], Some(sent)).await;
        let text = String::from_utf8_lossy(sent);
        assert_eq!(answer.status, 400, "{header:?} {text:?}");
        let message = &body(&answer)["ui"]["messages"][0];
        assert_eq!(message["id"], 4000001, "{header:?} {text:?}");
        assert!(message["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(accounts(&site).await, 0);
    // The form is none the worse for it.
    let good =
        json!({ "method": "password", "password": PASSWORD, "traits": { "email": "ann@example.org" } });
    let answer = ask(&site, "POST", &action, &[JSON], Some(good.to_string().as_bytes())).await;
    assert_eq!((answer.status, accounts(&site).await), (200, 1));
}

#[tokio::test]
async fn hostile_addresses_and_passwords_make_no_account() {
    let (_stand, site) = stand("memory", json!({})).await;
    let action = form(&site).await;
    let long = format!("{}@example.org", "a".repeat(10_000));
    for (email, password, fine) in [
        ("ann\u{0}@example.org", PASSWORD, false),
        ("ann@example.org\r\nBcc: eve@example.org", PASSWORD, false),
        (long.as_str(), &"p".repeat(5000), false),
        ("ann@example.org", "short", false),
        ("ann@example.org", "ann@example.org", false),
        ("ann@example.org", "пароль-лошадь-скрепка", true),
    ] {
        let before = accounts(&site).await;
        let sent = json!({ "method": "password", "password": password, "traits": { "email": email } });
        let answer = ask(&site, "POST", &action, &[JSON], Some(sent.to_string().as_bytes())).await;
        assert_eq!(answer.status, if fine { 200 } else { 400 }, "{email:.40?}");
        assert_eq!(accounts(&site).await - before, usize::from(fine), "{email:.40?}");
        let answer = String::from_utf8_lossy(&answer.body).into_owned();
        let telling = password != "short" && password != email;
        assert!(!telling || !answer.contains(password), "no answer repeats a password");
    }
}

#[tokio::test]
async fn an_unknown_path_is_told_so() {
    let (_stand, site) = stand("memory", json!({})).await;
    for path in ["/no/such/path", "/self-service/nothing", "/api/settings/authentication", "/setup"] {
        assert_eq!(ask(&site, "GET", path, &[], None).await.status, 404, "{path}");
        assert_eq!(ask(&site, "POST", path, &[], Some(b"x")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_schema_list_ends_where_it_ends() {
    let (_stand, site) = stand("memory", json!({})).await;
    for query in ["page=1000000", "page=-1", "page_size=0", "page_size=99999999999999999999", "page_token=x"]
    {
        let answer = ask(&site, "GET", &format!("/schemas?{query}"), &[], None).await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(body(&answer).is_array());
    }
}

#[tokio::test]
async fn what_a_proxy_or_an_attacker_says_of_the_host_makes_no_url() {
    let (_stand, site) = stand("memory", json!({})).await;
    let forged = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Forwarded-Prefix", "/evil.example"),
        ("X-Original-URL", "https://evil.example/"),
        ("Accept", "application/json"),
    ];
    let own = format!("http://{}/", site.public);
    for way in ["api", "browser"] {
        let answer = ask(&site, "GET", &format!("/self-service/registration/{way}"), &forged, None).await;
        assert_eq!(answer.status, 200);
        let flow = body(&answer);
        for url in [&flow["ui"]["action"], &flow["request_url"]] {
            assert!(url.as_str().is_some_and(|url| url.starts_with(&own)), "{url}");
        }
        assert!(!flow.to_string().contains("evil.example"), "{flow}");
        assert!(
            answer.headers.iter().all(|(_, value)| !value.contains("evil.example")),
            "{:?}",
            answer.headers
        );
        // http is what the base URL says: the cookie must come back over it.
        assert!(!answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("Secure")));
    }
    let page = [("X-Forwarded-Host", "evil.example"), ("Accept", "text/html")];
    for target in ["/self-service/registration/browser", "/registration", "/login"] {
        let answer = ask(&site, "GET", target, &page, None).await;
        let to = answer.header("location").expect("a place to go to");
        assert!(to.starts_with(&own), "{target} leads to {to}");
    }
}

#[tokio::test]
async fn the_admin_api_answers_to_its_own_names_only() {
    let log = Log::listen();
    let (_stand, site) = stand("memory", json!({})).await;
    for (host, status) in [
        ("rebound.evil.example", 403),
        ("localhost.evil.example", 403),
        ("rebound.evil.example", 403),
        ("localhost", 200),
    ] {
        let headers = [("Host".to_owned(), host.to_owned())];
        let answer = send(&site.admin, "GET", "/admin/identities", &headers, None).await.expect("an answer");
        assert_eq!(answer.status, status, "{host}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(text.contains("vestibule.allowed_hosts"), status == 403, "{text}");
    }
    let told = log.take();
    for host in ["rebound.evil.example", "localhost.evil.example"] {
        let of_host = |line: &&str| {
            line.contains(&format!("host=\"{host}\"")) && line.contains("vestibule.allowed_hosts")
        };
        assert_eq!(told.lines().filter(of_host).count(), 1, "once for each name: {told}");
    }
    let page = [("Host", site.admin.as_str()), ("Origin", "https://evil.example"), JSON];
    let headers = page.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let new = json!({ "schema_id": "default", "traits": { "email": "evil@vestibule.test" } }).to_string();
    let answer = send(&site.admin, "POST", "/admin/identities", &headers, Some(new.as_bytes()))
        .await
        .expect("an answer");
    assert_eq!((answer.status, accounts(&site).await), (403, 0));
}

/// Containers and pods reach each other by names that nobody outside can have.
#[tokio::test]
async fn other_machines_reach_the_admin_api_by_the_name_of_its_service() {
    let (_stand, site) = stand("memory", json!({"vestibule": {"trusted_proxies": ["127.0.0.0/8"]}})).await;
    let ask = async |host: &str, client: &str| {
        let headers = [("Host", host), ("X-Forwarded-For", client)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        send(&site.admin, "GET", "/admin/identities", &headers, None).await.expect("an answer").status
    };
    for host in
        ["identity", "identity:4434", "id-admin.auth.svc:4434", "id-admin.auth.svc.cluster.local:4434"]
    {
        assert_eq!(ask(host, "10.42.0.7").await, 200, "{host}");
        assert_eq!(ask(host, "127.0.0.1").await, 403, "{host} in a browser of this machine");
        assert_eq!(ask(host, "198.51.100.7").await, 401, "{host} from the internet");
    }
    assert_eq!(ask("id-admin.auth:4434", "10.42.0.7").await, 403);
}

#[tokio::test]
async fn who_names_the_host_twice_is_not_answered() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (first, second) in
        [("localhost", "evil.example"), ("evil.example", "localhost"), ("localhost", "localhost")]
    {
        for authority in [&site.public, &site.admin] {
            let hosts = [first, second].map(|host| ("Host".to_owned(), host.to_owned()));
            let answer = send(authority, "GET", "/admin/identities", &hosts, None).await.expect("an answer");
            assert_eq!(answer.status, 400, "{first} {second}");
        }
    }
}

#[tokio::test]
async fn the_bare_address_leads_people_to_a_page_and_tells_programs_that_nothing_is_there() {
    let (_stand, site) = stand("memory", json!({})).await;
    let answer = ask(&site, "GET", "/", &[("Accept", "text/html,*/*;q=0.8")], None).await;
    let welcome = format!("http://{}/welcome", site.public);
    assert_eq!((answer.status, answer.header("location")), (303, Some(welcome.as_str())));
    assert_eq!(answer.header("set-cookie"), None);
    for accept in ["application/json", "*/*"] {
        assert_eq!(ask(&site, "GET", "/", &[("Accept", accept)], None).await.status, 404, "{accept}");
    }
}

#[tokio::test]
async fn what_is_in_force_has_a_digest_that_tells_nothing_or_the_files_own_mark() {
    let tell = async |site: &Site, authority: &str| {
        let host = [("Host".to_owned(), authority.to_owned())];
        let answer = send(authority, "GET", "/admin/health/config", &host, None).await.expect("an answer");
        assert!(
            authority != site.admin || answer.header("content-type") == Some("text/plain; charset=utf-8")
        );
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    };
    let secret = |secret: &str| json!({ "secrets": { "default": [secret] } });
    let (_one, one) = stand("memory", secret("one-secret-of-thirty-two-letters")).await;
    let (status, digest) = tell(&one, &one.admin).await;
    assert!(
        status == 200 && digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{digest}"
    );
    assert_eq!(tell(&one, &one.public).await.0, 404, "on the admin port only");
    let (_marked, marked) = stand("memory", json!({ "revision": "of last Tuesday" })).await;
    assert_eq!(tell(&marked, &marked.admin).await, (200, "of last Tuesday".to_owned()));
}

/// A sign-up is turned off while the body of one is still arriving.
#[tokio::test]
async fn a_request_ends_under_the_configuration_that_it_began_under() {
    let place = Place::start("memory").await;
    let site = place.site();
    let begun = place.public("GET", "/self-service/registration/api", None).await.1;
    let target = format!("/self-service/registration?flow={}", begun["id"].as_str().expect("a flow"));
    let traits = json!({"email": "anna@vestibule.test"});
    let body = json!({"method": "password", "password": PASSWORD, "traits": traits}).to_string();
    let mut stream = TcpStream::connect(&site.public).await.expect("a connection");
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        site.public,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // The server asks for the body once the request is on its way.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.expect("an answer to the head");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");

    let mut document = place.document.clone();
    document["selfservice"]["flows"]["registration"]["enabled"] = false.into();
    place.stand.engine.publish(place.stand.world.config(vec![document]));
    let (status, _) = place.public("GET", "/self-service/registration/api", None).await;
    assert_eq!(status, 400, "no sign-up begins any more");

    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer and the end");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
