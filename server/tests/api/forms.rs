//! Which requests are forms at all: methods, and the page that a form was sent from. What is no form writes nothing, uses nothing
//! up and hands nothing on.

use crate::clients::{HTML, JSON, PASSWORD, Site, accounts, document, stand};
use crate::log::Log;
use crate::support::http::{Answer, send};
use crate::support::sink::Sink;
use crate::trip::{self, Place, agree, location, value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const EMAIL: &str = "anna@vestibule.test";
const FORM: &str = "application/x-www-form-urlencoded";

/// Verification is on, and every hook is told to `sink` with all that a template may know.
fn told(sink: &Sink) -> Value {
    let hook = json!([{"hook": "web_hook", "config": {
        "url": format!("{}/told", sink.base), "method": "POST",
        "body": format!("base64://{}", STANDARD.encode("function(ctx) ctx")),
    }}]);
    json!({
        "clients": {"web_hook": {"header_allowlist": ["Referer", "X-Csrf-Token", "X-Xsrf-Token", "Proxy-Authorization"]}},
        "selfservice": {
            "methods": {"code": {"enabled": true}},
            "flows": {
                "verification": {"enabled": true, "before": {"hooks": hook}},
                "registration": {"before": {"hooks": hook}, "after": {"password": {"hooks": [hook[0], {"hook": "session"}]}}},
                "login": {"before": {"hooks": hook}, "after": {"password": {"hooks": hook}}},
            },
        },
    })
}

/// A browser that sends the headers it is told to.
struct Tab {
    site: Site,
    jar: BTreeMap<String, String>,
}

impl Tab {
    fn new(site: &Site) -> Self {
        Self { site: site.clone(), jar: BTreeMap::new() }
    }

    async fn ask(&mut self, method: &str, target: &str, more: &[(&str, &str)], body: Option<&str>) -> Answer {
        let target = target.strip_prefix(&format!("http://{}", self.site.public)).unwrap_or(target);
        let mut headers = vec![("Host".to_owned(), self.site.public.clone())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            headers.push(("Cookie".to_owned(), pairs.join("; ")));
        }
        let answer = send(&self.site.public, method, target, &headers, body.map(str::as_bytes))
            .await
            .expect("an answer");
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn begin(&mut self, kind: &str, client: &str) -> Value {
        let answer =
            self.ask("GET", &format!("/self-service/{kind}/{client}"), &[("Accept", JSON)], None).await;
        document(&answer)
    }
}

/// Everything that somebody could write into a form of that kind.
fn fields(kind: &str, flow: &Value) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("method", if kind == "verification" { "code" } else { "password" }.to_owned()),
        ("csrf_token", value(flow, "csrf_token").as_str().unwrap_or_default().to_owned()),
        ("password", PASSWORD.to_owned()),
    ];
    all.push(match kind {
        "login" => ("identifier", EMAIL.to_owned()),
        "registration" => ("traits.email", "berta@vestibule.test".to_owned()),
        _ => ("email", EMAIL.to_owned()),
    });
    all
}

fn encoded(fields: &[(&'static str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn is_signed_in(answer: &Answer) -> bool {
    answer
        .headers
        .iter()
        .any(|(name, value)| name == "set-cookie" && value.starts_with("ory_kratos_session="))
}

async fn sign_up(site: &Site) {
    let mut app = Tab::new(site);
    let flow = app.begin("registration", "api").await;
    let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": EMAIL}}).to_string();
    let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
    let json = [("Accept", JSON), ("Content-Type", JSON)];
    assert_eq!(app.ask("POST", &action, &json, Some(&body)).await.status, 200);
}

#[tokio::test]
async fn a_get_takes_no_form() {
    let sink = Sink::start().await;
    let (stand, site) = stand("memory", told(&sink)).await;
    sign_up(&site).await;
    for kind in ["registration", "login", "verification"] {
        for client in ["browser", "api"] {
            let mut tab = Tab::new(&site);
            let flow = tab.begin(kind, client).await;
            let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
            let id = flow["id"].as_str().expect("an id");
            sink.take();
            let before = stand.engine.db().rows().await.expect("rows");
            let query = encoded(&fields(kind, &flow));
            for method in ["GET", "HEAD"] {
                let answer = tab.ask(method, &format!("{action}&{query}"), &[("Accept", HTML)], None).await;
                let page = format!("http://{}/{kind}?flow={id}", site.public);
                if method == "GET" {
                    assert_eq!((answer.status, location(&answer)), (303, page), "{kind} {client}");
                }
                assert!(!is_signed_in(&answer), "{method} {kind} {client}");
            }
            let answer = tab.ask("GET", &format!("{action}&{query}"), &[("Accept", JSON)], None).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{kind} {client}");
            // A body of a GET is no form either.
            let body = [("Accept", JSON), ("Content-Type", FORM)];
            assert_eq!(tab.ask("GET", &action, &body, Some(&query)).await.status, 405, "{kind} {client}");
            assert_eq!(stand.engine.db().rows().await.expect("rows"), before, "{kind} {client}");
            let read = format!("/self-service/{kind}/flows?id={id}");
            let mut again = document(&tab.ask("GET", &read, &[("Accept", JSON)], None).await);
            let mut flow = flow.clone();
            for flow in [&mut again, &mut flow] {
                // The token is masked anew each time.
                let nodes = flow["ui"]["nodes"].as_array_mut().expect("nodes");
                nodes.retain(|node| node["attributes"]["name"] != "csrf_token");
            }
            assert_eq!(again["ui"], flow["ui"], "{kind} {client}: nothing was written into the form");
            assert!(sink.take().is_empty(), "{kind} {client}: no web hook was called");
        }
    }
    assert_eq!(accounts(&site).await, [EMAIL]);
}

#[tokio::test]
async fn head_begins_ends_and_uses_up_nothing() {
    let sink = Sink::start().await;
    let (stand, site) = stand("memory", told(&sink)).await;
    let mut anna = Tab::new(&site);
    let flow = anna.begin("registration", "browser").await;
    let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
    let form = encoded(&fields("registration", &flow));
    let answer = anna.ask("POST", &action, &[("Accept", HTML), ("Content-Type", FORM)], Some(&form)).await;
    assert!(is_signed_in(&answer));
    let logout = document(&anna.ask("GET", "/self-service/logout/browser", &[("Accept", JSON)], None).await);
    let logout = logout["logout_url"].as_str().expect("an address").to_owned();
    let before = stand.engine.db().rows().await.expect("rows");
    sink.take();
    for target in [
        "/self-service/registration/browser",
        "/self-service/registration/api",
        "/self-service/login/browser?refresh=true",
        "/self-service/login/api",
        "/self-service/verification/browser",
        "/self-service/verification/api",
        "/self-service/methods/oidc/callback/acme?state=s&code=c",
        "/self-service/methods/oidc/callback?state=s&code=c",
        "/sessions/token-exchange?init_code=a&return_to_code=b",
        &logout,
    ] {
        for accept in [HTML, JSON] {
            let answer = anna.ask("HEAD", target, &[("Accept", accept)], None).await;
            assert_eq!((answer.status, answer.header("location")), (200, None), "{target}");
            assert_eq!(answer.header("set-cookie"), None, "{target}");
        }
    }
    assert_eq!(stand.engine.db().rows().await.expect("rows"), before);
    assert!(sink.take().is_empty(), "no web hook was called");
    let whoami = anna.ask("GET", "/sessions/whoami", &[("Accept", JSON)], None).await;
    assert_eq!(whoami.status, 200, "the sign-out address was not used");
    assert_eq!(anna.ask("GET", &logout, &[("Accept", HTML)], None).await.status, 303);
    let whoami = anna.ask("GET", "/sessions/whoami", &[("Accept", JSON)], None).await;
    assert_eq!(whoami.status, 401);
}

#[tokio::test]
async fn head_leaves_a_providers_answer_and_an_apps_codes_unused() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    assert_eq!(anna.ask("HEAD", &back, trip::HTML, None).await.status, 200);
    assert_eq!(anna.get(&back, trip::HTML).await.status, 303);
    assert!(anna.whoami().await.is_some(), "the answer was still good");

    let mut app = place.browser();
    let start =
        "/self-service/login/api?return_session_token_exchange_code=true&return_to=app%3A%2F%2Fcallback";
    let flow = document(&app.get(start, JSON).await);
    let init = flow["session_token_exchange_code"].as_str().expect("the app's half").to_owned();
    app.jar.clear();
    let there = document(&app.post(&flow, json!({"provider": "acme"})).await);
    let there = there["redirect_browser_to"].as_str().expect("an address").to_owned();
    let answer = place.browser().get(&agree(&there).await, trip::HTML).await;
    let code = location(&answer).split_once("?code=").expect("a code").1.to_owned();
    let fetch = format!("/sessions/token-exchange?init_code={init}&return_to_code={code}");
    assert_eq!(app.ask("HEAD", &fetch, JSON, None).await.status, 200);
    assert_eq!(app.get(&fetch, JSON).await.status, 200, "the codes were still good");
}

#[tokio::test]
async fn the_link_in_an_email_opens_the_form_and_an_address_without_its_code_does_not() {
    let sink = Sink::start().await;
    let (_stand, site) = stand("memory", told(&sink)).await;
    let flow = Tab::new(&site).begin("verification", "browser").await;
    let id = flow["id"].as_str().expect("an id");
    let target = format!("/self-service/verification?flow={id}");
    let read = format!("/self-service/verification/flows?id={id}");
    for (method, query) in
        [("GET", ""), ("GET", "&code="), ("GET", "&method=code&email=a@b.test"), ("HEAD", "&code=123456")]
    {
        let mut other = Tab::new(&site);
        other.ask(method, &format!("{target}{query}"), &[("Accept", HTML)], None).await;
        let answer = other.ask("GET", &read, &[("Accept", JSON)], None).await;
        assert_eq!(answer.status, 403, "{method} {query}: the form belongs to another browser");
    }
    let mut other = Tab::new(&site);
    other.ask("GET", &format!("{target}&code=123456"), &[("Accept", HTML)], None).await;
    assert_eq!(other.ask("GET", &read, &[("Accept", JSON)], None).await.status, 200);
}

/// What a browser says of a page elsewhere.
const ELSEWHERE: [&[(&str, &str)]; 9] = [
    &[("Origin", "https://evil.example")],
    &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
    &[("Origin", "http://sibling.vestibule.test"), ("Sec-Fetch-Site", "same-site")],
    &[("Origin", "http://127.0.0.1"), ("Sec-Fetch-Site", "same-site")],
    &[("Origin", "https://app.example.evil.example"), ("Sec-Fetch-Site", "cross-site")],
    &[("Origin", "null")],
    &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "same-site")],
];

#[tokio::test]
async fn a_form_from_a_page_elsewhere_is_refused_before_anything_is_written() {
    let sink = Sink::start().await;
    let mut config = told(&sink);
    config["serve"] =
        json!({"public": {"cors": {"enabled": true, "allowed_origins": ["*", "https://app.example"]}}});
    let (stand, site) = stand("memory", config).await;
    sign_up(&site).await;
    for kind in ["registration", "login", "verification"] {
        let mut tab = Tab::new(&site);
        let flow = tab.begin(kind, "browser").await;
        let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
        let form = encoded(&fields(kind, &flow));
        sink.take();
        let before = stand.engine.db().rows().await.expect("rows");
        for headers in ELSEWHERE {
            for accept in [HTML, JSON] {
                let mut more = vec![("Accept", accept), ("Content-Type", FORM)];
                more.extend(headers);
                let answer = tab.ask("POST", &action, &more, Some(&form)).await;
                assert_eq!(answer.status, 403, "{kind} {headers:?}");
                assert_eq!(answer.header("location"), None, "{kind} {headers:?}");
                assert_eq!(answer.header("set-cookie"), None, "{kind} {headers:?}");
                if accept == JSON {
                    assert_eq!(document(&answer)["error"]["id"], "security_csrf_violation");
                } else {
                    let page = String::from_utf8(answer.body).expect("text");
                    assert!(page.contains("another site") && !page.contains("csrf_token"), "{page}");
                }
            }
        }
        assert_eq!(stand.engine.db().rows().await.expect("rows"), before, "{kind}");
        assert!(sink.take().is_empty(), "{kind}: no web hook was called");
        // The form itself is as good as before.
        let own = format!("http://{}", site.public);
        let more =
            [("Accept", HTML), ("Content-Type", FORM), ("Origin", &own), ("Sec-Fetch-Site", "same-origin")];
        let answer = tab.ask("POST", &action, &more, Some(&form)).await;
        assert_eq!(answer.status, 303, "{kind}");
        assert_eq!(is_signed_in(&answer), kind != "verification", "{kind}");
    }
}

#[tokio::test]
async fn pages_that_the_configuration_names_send_forms() {
    let sink = Sink::start().await;
    let mut config = told(&sink);
    config["serve"] = json!({"public": {"cors": {"enabled": true, "allowed_origins": ["https://app.example", "https://*.shop.example"]}}});
    config["selfservice"]["flows"]["settings"] = json!({"ui_url": "https://account.example/settings"});
    config["selfservice"]["flows"]["login"]["ui_url"] = "https://login.example/in".into();
    let (_stand, site) = stand("memory", config).await;
    sign_up(&site).await;
    let own = format!("http://{}", site.public);
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "none")],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Origin", own.as_str())],
        &[("Origin", "https://login.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://account.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://app.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://a.shop.example"), ("Sec-Fetch-Site", "cross-site")],
    ] {
        let mut tab = Tab::new(&site);
        let flow = tab.begin("login", "browser").await;
        let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
        let mut more = vec![("Accept", HTML), ("Content-Type", FORM)];
        more.extend(headers);
        let answer = tab.ask("POST", &action, &more, Some(&encoded(&fields("login", &flow)))).await;
        assert!(is_signed_in(&answer), "{headers:?}: {}", answer.status);
        // Neither header replaces the cookie and the token.
        let mut stranger = Tab::new(&site);
        let answer = stranger.ask("POST", &action, &more, Some(&encoded(&fields("login", &flow)))).await;
        assert!(!is_signed_in(&answer), "{headers:?}");
    }
}

#[tokio::test]
async fn a_hidden_origin_is_told_in_the_log_and_may_be_allowed() {
    let log = Log::listen();
    for allowed in [false, true] {
        let config = json!({"vestibule": {"forms": {"allow_null_origin": allowed}}});
        let (_stand, site) = stand("memory", config).await;
        sign_up(&site).await;
        log.take();
        for _ in 0..3 {
            let mut tab = Tab::new(&site);
            let flow = tab.begin("login", "browser").await;
            let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
            let more = [
                ("Accept", HTML),
                ("Content-Type", FORM),
                ("Origin", "null"),
                ("Sec-Fetch-Site", "cross-site"),
            ];
            let answer = tab.ask("POST", &action, &more, Some(&encoded(&fields("login", &flow)))).await;
            assert_eq!((answer.status == 403, is_signed_in(&answer)), (!allowed, allowed));
            let more = [("Accept", HTML), ("Content-Type", FORM), ("Origin", "https://evil.example")];
            assert_eq!(tab.ask("POST", &action, &more, Some("method=password")).await.status, 403);
        }
        let lines = log.take();
        let told = usize::from(!allowed);
        assert_eq!(
            lines.matches("Referrer-Policy: strict-origin-when-cross-origin").count(),
            told,
            "{lines}"
        );
        assert_eq!(lines.matches("https://evil.example").count(), 1, "once a minute: {lines}");
    }
}

#[tokio::test]
async fn a_providers_answer_is_bound_by_its_state_whatever_page_sends_it() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    let (target, query) = back.split_once('?').expect("a query");
    let target = target.strip_prefix(&format!("http://{}", place.public)).expect("an address of ours");
    let headers: Vec<(String, String)> = [
        ("Host", place.public.as_str()),
        ("Origin", "https://provider.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Content-Type", FORM),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let answer =
        send(&place.public, "POST", target, &headers, Some(query.as_bytes())).await.expect("an answer");
    assert_eq!(answer.status, 302);
    assert_eq!(anna.get(&location(&answer), trip::HTML).await.status, 303);
    assert!(anna.whoami().await.is_some());
}

#[tokio::test]
async fn no_secret_of_an_address_is_kept_handed_on_or_logged() {
    const SECRETS: [&str; 10] = [
        "password",
        "csrf_token",
        "id_token",
        "totp_code",
        "lookup_secret",
        "code",
        "token",
        "session_token",
        "traits.password",
        "Password",
    ];
    let log = Log::listen();
    let sink = Sink::start().await;
    let (_stand, site) = stand("memory", told(&sink)).await;
    sign_up(&site).await;
    let query: String = SECRETS.iter().map(|name| format!("&{name}=s3cret-{}", name.len())).collect();
    let referer = format!("http://{}/login?x=1{query}", site.public);
    let more = [
        ("Accept", JSON),
        ("Referer", referer.as_str()),
        ("X-Csrf-Token", "s3cret-header"),
        ("X-Xsrf-Token", "s3cret-header"),
        ("Proxy-Authorization", "Basic s3cret-header"),
    ];
    for kind in ["registration", "login", "verification"] {
        for client in ["browser", "api"] {
            sink.take();
            let mut tab = Tab::new(&site);
            let return_to = format!("http%3A%2F%2F{}%2Fwelcome", site.public);
            let kept = format!("theme=dark&return_to={return_to}");
            let start = format!("/self-service/{kind}/{client}?{kept}{query}&aal=aal1");
            let flow = document(&tab.ask("GET", &start, &more, None).await);
            let wanted = format!("http://{}/self-service/{kind}/{client}?{kept}&aal=aal1", site.public);
            assert_eq!(flow["request_url"], wanted);
            if kind != "verification" {
                let action = format!("{}{query}", flow["ui"]["action"].as_str().expect("an action"));
                let mut more = more.to_vec();
                more.push(("Content-Type", FORM));
                let mut fields = fields(kind, &flow);
                fields[2].1 = PASSWORD.to_owned();
                fields[3].1 =
                    if kind == "login" { EMAIL.to_owned() } else { format!("{client}@vestibule.test") };
                if client == "api" {
                    tab.jar.clear();
                }
                let answer = tab.ask("POST", &action, &more, Some(&encoded(&fields))).await;
                assert_eq!(answer.status, 200, "{kind} {client}");
            }
            let told = sink.take();
            assert!(!told.is_empty(), "{kind} {client}");
            for call in told {
                let text = call.summary().to_string();
                assert!(!text.contains("s3cret") && !text.contains(PASSWORD), "{kind} {client}: {text}");
                assert!(text.contains("login?x=1"), "the rest of the referring address stays: {text}");
            }
        }
    }
    let lines = log.take();
    assert!(!lines.contains("s3cret") && !lines.contains(PASSWORD), "{lines}");
}

#[tokio::test]
async fn a_page_whose_form_goes_to_another_origin_names_its_own() {
    let (_stand, site) = stand("memory", json!({})).await;
    let mut tab = Tab::new(&site);
    let flow = tab.begin("login", "browser").await;
    let page = format!("/login?flow={}", flow["id"].as_str().expect("an id"));
    let own = tab.ask("GET", &page, &[("Accept", HTML)], None).await;
    assert_eq!((own.status, own.header("referrer-policy")), (200, Some("same-origin")));
    // A proxy that has another name, or another port.
    for host in ["login.example", "127.0.0.1:1"] {
        let answer = tab.ask("GET", &page, &[("Accept", "*/*"), ("X-Forwarded-Host", host)], None).await;
        let policy = answer.header("referrer-policy");
        assert_eq!((answer.status, policy), (200, Some("strict-origin-when-cross-origin")), "{host}");
    }
}
