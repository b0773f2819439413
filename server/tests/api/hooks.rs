//! Web hooks around sign-up, sign-in and verification: what the other service gets, what its answer does, and what a person
//! is told when it fails. Looked at from outside: the answer, the calls, and what is stored.

use crate::clients::{Kind, PASSWORD, Person, Site, accounts, document, sign_up, stand};
use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use crate::support::stand::Stand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::settings::actions;
use engine::store::deliveries::Status;
use serde_json::{Value, json};

const MAIL: &str = "function(ctx) { mail: ctx.identity.traits.email }";

/// A web hook with that body and `more` of its `config`.
fn hook(sink: &Sink, path: &str, body: &str, more: Value) -> Value {
    let mut config = json!({
        "url": format!("{}{path}", sink.base), "method": "POST", "body": format!("base64://{}", STANDARD.encode(body)),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

fn after_sign_up(hooks: Value) -> Value {
    json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": hooks}}}}}})
}

async fn ask(
    site: &Site,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Answer {
    let mut all =
        vec![("Host".to_owned(), site.public.clone()), ("Accept".to_owned(), "application/json".to_owned())];
    if body.is_some() {
        all.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let body = body.map(Value::to_string);
    send(&site.public, method, target, &all, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

/// A native sign-up from the first request to the answer.
async fn native(site: &Site, email: &str) -> (u16, Value) {
    let flow = document(&ask(site, "GET", "/self-service/registration/api", &[], None).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
    let form = json!({"method": "password", "password": PASSWORD, "traits": {"email": email}});
    let answer = ask(site, "POST", &target, &[], Some(&form)).await;
    (answer.status, document(&answer))
}

async fn sign_in(site: &Site, email: &str) -> (u16, Value) {
    let flow = document(&ask(site, "GET", "/self-service/login/api", &[], None).await);
    let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let form = json!({"method": "password", "identifier": email, "password": PASSWORD});
    let answer = ask(site, "POST", &target, &[], Some(&form)).await;
    (answer.status, document(&answer))
}

/// One call of a hook that may stop the sign-up, and what comes of it: nothing is stored, nothing is told but that it failed.
/// `in_the_log`: what the administrator reads of it.
async fn stops(says: Says, more: Value, status: u16, in_the_log: &str) {
    let sink = Sink::start().await;
    sink.says("/ask", says.clone());
    let mut config = after_sign_up(json!([hook(&sink, "/ask", MAIL, more), {"hook": "session"}]));
    config["vestibule"] = json!({"web_hooks": {"deadline": "300ms"}});
    let (stand, site) = stand("memory", config).await;
    let (got, told) = native(&site, "anna@vestibule.test").await;
    assert_eq!(got, status, "{says:?}: {told}");
    assert_eq!(told["error"]["code"], status, "{told}");
    let text = told.to_string();
    assert!(
        !text.contains(&sink.base) && !text.contains("127.0.0.1"),
        "where the hook is stays inside: {text}"
    );
    assert_eq!(accounts(&site).await, Vec::<String>::new(), "{says:?}");
    assert_eq!(sink.take().len(), 1, "a person waits, so it is tried once");
    let (failed, why) = logged(&stand).await;
    assert!(failed == Status::Failed && why.contains(in_the_log), "{says:?}: {why}");
}

/// The newest call of the only hook, as the console's page of it has it: what became of it, and the sentence beside it.
async fn logged(stand: &Stand) -> (Status, String) {
    let ctx = stand.engine.begin();
    let key = actions::actions(&ctx.config)[0].hook.key();
    let call =
        engine::hooks::log(&ctx, &key, "registration.after.password", 1).await.expect("the log").remove(0);
    (call.delivery.status, call.failure.unwrap_or_default())
}

#[tokio::test]
async fn a_hook_that_never_answers_is_given_up_and_nothing_is_stored() {
    stops(Says::Never, json!({"can_interrupt": true}), 504, "didn't respond within 300 ms").await;
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_not_read_to_its_end() {
    stops(Says::Much(10 << 20), json!({"response": {"parse": true}}), 502, "larger than 5242880 bytes").await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_stops_who_may_change_the_account() {
    stops(
        Says::This(200, "<html>".to_owned()),
        json!({"response": {"parse": true}}),
        502,
        "its answer cannot be read",
    )
    .await;
    stops(
        Says::This(200, "{\"identity\": {\"traits\": 7, ".to_owned()),
        json!({"response": {"parse": true}}),
        502,
        "its answer cannot be read",
    )
    .await;
}

#[tokio::test]
async fn a_refusal_that_no_form_can_show_and_a_fault_are_faults() {
    let asks = || json!({"can_interrupt": true});
    stops(Says::This(403, String::new()), asks(), 502, "it refused with 403 and without messages").await;
    stops(Says::This(500, "{}".to_owned()), asks(), 502, "it answered 500").await;
    stops(Says::This(429, "{}".to_owned()), asks(), 502, "it answered 429").await;
}

/// Whoever stands in the way of a service, such as the sign-in page of a proxy, answers so: nobody has agreed.
#[tokio::test]
async fn only_a_status_of_success_lets_a_sign_up_through() {
    for more in [json!({"can_interrupt": true}), json!({"response": {"parse": true}})] {
        for status in [300, 301, 302, 303, 304, 307, 308, 399, 401, 404, 451, 499, 503, 599, 600, 999] {
            stops(Says::This(status, String::new()), more.clone(), 502, &format!("{status}")).await;
        }
        let there = "http://169.254.169.254/latest/meta-data".to_owned();
        stops(Says::Elsewhere(there), more.clone(), 502, "a redirect is not followed").await;
        for status in [200, 201, 202, 204, 226] {
            let sink = Sink::start().await;
            sink.says(
                "/ask",
                Says::This(status, if status == 204 { String::new() } else { "{}".to_owned() }),
            );
            let config = after_sign_up(json!([hook(&sink, "/ask", MAIL, more.clone())]));
            let (_stand, site) = stand("memory", config).await;
            assert_eq!(native(&site, "anna@vestibule.test").await.0, 200, "{status}");
        }
    }
}

/// The account is there and its service was not told: the person sees a failure, and the call can be made up for.
#[tokio::test]
async fn a_redirect_is_no_answer_of_a_service_that_is_waited_for() {
    let sink = Sink::start().await;
    sink.says("/told", Says::Elsewhere("/sign-in".to_owned()));
    let (stand, site) = stand("memory", after_sign_up(json!([hook(&sink, "/told", MAIL, json!({}))]))).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 502);
    assert_eq!(sink.take().len(), 1, "it is not followed");
    let (status, why) = logged(&stand).await;
    assert!(status == Status::Failed && why.contains("it answered 302"), "{why}");
}

/// What a service sends is stored or shown, so it is taken within bounds. All of these agree, and none lets through.
#[tokio::test]
async fn an_answer_beyond_its_bounds_changes_nothing_and_lets_nobody_through() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
    let address = |via: &str, value: &str| json!([{"via": via, "value": value, "verified": true}]);
    let many: Vec<serde_json::Value> =
        (0..33).map(|n| json!({"via": "email", "value": format!("a{n}@vestibule.test")})).collect();
    let parse = || json!({"response": {"parse": true}});
    for (identity, told) in [
        (json!({"metadata_public": deep(30)}), "deeper than"),
        (json!({"metadata_admin": deep(120)}), "deeper than"),
        (json!({"metadata_admin": {"a": "x".repeat(70_000)}}), "`identity.metadata_admin` is not taken"),
        (json!({"metadata_public": vec![0; 6_000]}), "values"),
        (json!({"metadata_public": "x".repeat(300_000)}), "more than 262144"),
        (json!({"metadata_public": {"a": "\u{0}"}}), "U+0000"),
        (json!({"traits": {"email": "a\u{0}@vestibule.test"}}), "U+0000"),
        (json!({"external_id": "x".repeat(256)}), "external_id"),
        (json!({"external_id": "a\nb"}), "external_id"),
        (json!({"verifiable_addresses": address("email", "nobody")}), "no address of that kind"),
        (
            json!({"verifiable_addresses": address("email", "a@b.test\r\nBcc: x@y.test")}),
            "no address of that kind",
        ),
        (json!({"verifiable_addresses": address("sms", "a@b.test")}), "no address of that kind"),
        (json!({"recovery_addresses": address("carrier pigeon", "a@b.test")}), "neither `email` nor `sms`"),
        (json!({"recovery_addresses": many}), "more than 32"),
        (json!({"state": "deleted"}), "cannot be read"),
        (json!({"traits": 7}), ""),
        (json!({"schema_id": "../default"}), ""),
        (json!([]), "cannot be read"),
    ] {
        let answer = json!({ "identity": identity }).to_string();
        let sink = Sink::start().await;
        sink.says("/ask", Says::This(200, answer.clone()));
        let (stand, site) = stand("memory", after_sign_up(json!([hook(&sink, "/ask", MAIL, parse())]))).await;
        let (status, body) = native(&site, "anna@vestibule.test").await;
        let start: String = answer.chars().take(80).collect();
        assert!(status == 502 || (status == 400 && told.is_empty()), "{start}: {status} {body}");
        assert_eq!(accounts(&site).await, Vec::<String>::new(), "{start}");
        if !told.is_empty() {
            let (logged, why) = logged(&stand).await;
            assert!(logged == Status::Failed && why.contains(told), "{start}: {why}");
        }
    }
}

#[tokio::test]
async fn messages_of_a_service_name_no_element_and_bring_no_markup() {
    let sink = Sink::start().await;
    let refusal = json!({"messages": [
        {"instance_ptr": "#/x\" onfocus=\"alert(1)", "messages": [{"id": 1, "text": "<script>alert(1)</script>", "type": "error"}]},
        {"instance_ptr": "#/a b", "messages": [{"id": 2, "text": "two\r\nlines\u{202e}", "type": "error"}]},
    ]});
    sink.says("/ask", Says::This(400, refusal.to_string()));
    let (_stand, site) =
        stand("memory", after_sign_up(json!([hook(&sink, "/ask", MAIL, json!({"can_interrupt": true}))])))
            .await;
    let (status, form) = native(&site, "anna@vestibule.test").await;
    assert_eq!(status, 400);
    let texts: Vec<&str> =
        form["ui"]["messages"].as_array().unwrap().iter().filter_map(|one| one["text"].as_str()).collect();
    assert_eq!(texts, ["<script>alert(1)</script>", "two  lines"]);
    let nodes = form["ui"]["nodes"].as_array().unwrap();
    assert!(
        nodes
            .iter()
            .all(|node| !node["attributes"]["name"].as_str().unwrap_or_default().contains([' ', '"']))
    );
    let id = form["id"].as_str().unwrap();
    let page = ask(&site, "GET", &format!("/registration?flow={id}"), &[("Accept", "text/html")], None).await;
    assert!(!String::from_utf8_lossy(&page.body).contains("<script>alert"));
}

#[tokio::test]
async fn messages_come_back_in_the_form_also_for_a_field_that_is_not_there() {
    let sink = Sink::start().await;
    let refusal = json!({"messages": [
        {"instance_ptr": "#/traits/email", "messages": [{"id": 4711, "text": "Not from here.", "type": "error"}]},
        {"instance_ptr": "#/traits/shoe/size", "messages": [{"id": 4712, "text": "Too large.", "type": "error"}]},
    ]});
    sink.says("/ask", Says::This(400, refusal.to_string()));
    let config = after_sign_up(
        json!([hook(&sink, "/ask", MAIL, json!({"can_interrupt": true})), {"hook": "session"}]),
    );
    let (stand, site) = stand("memory", config).await;
    let (status, form) = native(&site, "anna@vestibule.test").await;
    assert_eq!(status, 400);
    assert_eq!(logged(&stand).await, (Status::Refused, String::new()));
    let at = |name: &str| {
        let nodes = form["ui"]["nodes"].as_array().expect("nodes").iter();
        let node = nodes.clone().find(|node| node["attributes"]["name"] == name).expect("the node");
        (node["messages"][0]["id"].clone(), node["attributes"]["value"].clone())
    };
    assert_eq!(at("traits.email"), (json!(4711), json!("anna@vestibule.test")));
    assert_eq!(at("traits.shoe.size").0, 4712);
    assert_eq!(accounts(&site).await, Vec::<String>::new());
    // The same form goes through once the service agrees.
    sink.says("/ask", Says::This(200, "{}".to_owned()));
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 200);
}

#[tokio::test]
async fn a_template_that_loops_or_eats_memory_costs_nothing_but_its_own_sign_up() {
    let sink = Sink::start().await;
    for body in [
        // Ends only with the processor time that it is given.
        "function(ctx) { n: std.foldl(function(a, b) a + b, std.makeArray(100000000, function(i) i), 0) }",
        "function(ctx) local grow(s, n) = if n == 0 then s else grow(s + s, n - 1) tailstrict; { s: grow('xxxxxxxxxx', 60) }",
        "function(ctx) local f(n) = 1 + f(n + 1); { n: f(0) }",
    ] {
        let config = after_sign_up(
            json!([hook(&sink, "/ask", body, json!({"can_interrupt": true})), {"hook": "session"}]),
        );
        let (stand, site) = stand("memory", config).await;
        let (status, told) = native(&site, "anna@vestibule.test").await;
        assert_eq!((status, &told["error"]["code"]), (500, &json!(500)), "{body}");
        assert_eq!(accounts(&site).await, Vec::<String>::new());
        assert!(sink.take().is_empty(), "nothing left");
        let (failed, why) = logged(&stand).await;
        assert!(failed == Status::Failed && why.contains("the template"), "{why}");
        assert_eq!(ask(&site, "GET", "/health/ready", &[], None).await.status, 200);
    }
}

/// Each evaluation is a process: whoever comes while all places are taken is told when to come back, and nothing is stored.
#[tokio::test]
async fn templates_beyond_their_number_are_sent_away_and_what_needs_none_goes_on() {
    let sink = Sink::start().await;
    let ask = hook(&sink, "/ask", MAIL, json!({"can_interrupt": true}));
    let mut config = after_sign_up(json!([ask]));
    config["vestibule"] = json!({"limits": {"work": {"templates": 1, "templates_waiting": 0}}});
    let (stand, site) = stand("memory", config).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 200);
    let engine = &stand.engine;
    let taken = engine
        .gates()
        .templates
        .enter(engine.begin().config.vestibule.work.templates)
        .await
        .expect("a place");
    let flow = document(&ask_native(&site).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
    let form = json!({"method": "password", "password": PASSWORD, "traits": {"email": "ben@vestibule.test"}});
    let answer = self::ask(&site, "POST", &target, &[], Some(&form)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!(accounts(&site).await.len(), 1);
    assert_eq!(sign_in(&site, "anna@vestibule.test").await.0, 200, "no template is in the way");
    drop(taken);
    assert_eq!(native(&site, "ben@vestibule.test").await.0, 200);
}

async fn ask_native(site: &Site) -> Answer {
    ask(site, "GET", "/self-service/registration/api", &[], None).await
}

#[tokio::test]
async fn a_template_may_say_that_nothing_is_to_be_sent() {
    let sink = Sink::start().await;
    let body = "function(ctx) if ctx.identity.traits.email == 'anna@vestibule.test' then error 'cancel' else { a: 1 }";
    let config = after_sign_up(json!([hook(&sink, "/ask", body, json!({"can_interrupt": true}))]));
    let (_stand, site) = stand("memory", config).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 200);
    assert!(sink.take().is_empty());
    assert_eq!(native(&site, "bert@vestibule.test").await.0, 200);
    assert_eq!(sink.take()[0].summary()["json"], json!({"a": 1}));
}

#[tokio::test]
async fn neither_metadata_nor_our_own_listeners_are_called() {
    let sink = Sink::start().await;
    for url in ["http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/", "ADMIN"] {
        let (stand, site) = stand("memory", json!({})).await;
        let url = url.replace("ADMIN", &format!("http://{}/admin/identities", site.admin));
        let mut entry = hook(&sink, "/", MAIL, json!({"can_interrupt": true}));
        entry["config"]["url"] = json!(url);
        let mut config = stand.engine.begin().config.raw.clone();
        config["selfservice"]["flows"]["registration"] =
            after_sign_up(json!([entry]))["selfservice"]["flows"]["registration"].clone();
        stand.engine.publish(stand.world.config(vec![config]));
        assert_eq!(native(&site, "anna@vestibule.test").await.0, 502, "{url}");
        assert_eq!(accounts(&site).await, Vec::<String>::new(), "{url}");
        let (failed, why) = logged(&stand).await;
        assert!(
            failed == Status::Failed && why.contains("an address that requests must not go to"),
            "{url}: {why}"
        );
    }
}

#[tokio::test]
async fn the_names_that_we_are_known_by_are_not_called_either() {
    let sink = Sink::start().await;
    let mut config = after_sign_up(json!([hook(&sink, "/ask", MAIL, json!({"can_interrupt": true}))]));
    // As behind a proxy: the address that others know the admin API by leads somewhere else.
    config["serve"] = json!({"admin": {"base_url": sink.base}});
    let (stand, site) = stand("memory", config).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 502);
    assert!(sink.take().is_empty());
    assert_eq!(logged(&stand).await.0, Status::Failed);
}

#[tokio::test]
async fn private_networks_are_refused_where_the_configuration_says_so() {
    let sink = Sink::start().await;
    let entry = hook(&sink, "/ask", MAIL, json!({"can_interrupt": true}));
    let url = entry["config"]["url"].clone();
    for (exceptions, status) in [(json!([]), 502), (json!([url]), 200)] {
        let mut config = after_sign_up(json!([entry]));
        config["clients"] =
            json!({"http": {"disallow_private_ip_ranges": true, "private_ip_exception_urls": exceptions}});
        let (_stand, site) = stand("memory", config).await;
        assert_eq!(native(&site, "anna@vestibule.test").await.0, status);
        assert_eq!(sink.take().len(), usize::from(status == 200));
    }
}

#[tokio::test]
async fn a_failure_after_storing_is_shown_and_leaves_an_account_and_no_session() {
    let sink = Sink::start().await;
    sink.says("/late", Says::This(500, String::new()));
    let config = after_sign_up(json!([{"hook": "session"}, hook(&sink, "/late", MAIL, json!({}))]));
    let (stand, site) = stand("memory", config).await;
    for kind in [Kind::Native, Kind::Spa, Kind::Browser] {
        let mut person = Person::new(&site, kind);
        let begun = person.begin().await;
        let answer = person.send(&begun, &format!("{kind:?}@vestibule.test").to_lowercase()).await;
        let session =
            answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("session="));
        assert!(!session, "{kind:?}: {:?}", answer.headers);
        match kind {
            Kind::Browser => assert!(answer.header("location").is_some_and(|to| to.contains("/error?id="))),
            Kind::Native | Kind::Spa => assert_eq!(answer.status, 502),
        }
    }
    assert_eq!(accounts(&site).await.len(), 3);
    assert_eq!(sessions(&stand, &site).await, 0, "none is stored that nobody got");
    // Whoever was told to try again can sign in.
    assert_eq!(sign_in(&site, "native@vestibule.test").await.0, 200);
}

/// Of all accounts.
async fn sessions(stand: &Stand, site: &Site) -> usize {
    let mut count = 0;
    let headers = [("Host".to_owned(), site.admin.clone())];
    let answer = send(&site.admin, "GET", "/admin/identities", &headers, None).await.expect("an answer");
    for one in document(&answer).as_array().expect("a list") {
        let id: uuid::Uuid = one["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let mut tx = stand.engine.db().read().await.expect("a transaction");
        let (identity, none) = (engine::ids::IdentityId(id), engine::ids::SessionId(uuid::Uuid::nil()));
        let now = stand.engine.effects().now();
        let found = engine::store::sessions::list_others(&mut tx, identity, none, now, 100, 0).await;
        count += found.expect("a list").len();
    }
    count
}

#[tokio::test]
async fn an_ignored_hook_holds_nobody_up() {
    let sink = Sink::start().await;
    sink.says("/later", Says::Never);
    let ignored = json!({"response": {"ignore": true}});
    let config = after_sign_up(json!([hook(&sink, "/later", MAIL, ignored), {"hook": "session"}]));
    let (_stand, site) = stand("memory", config).await;
    let (status, done) = native(&site, "anna@vestibule.test").await;
    assert_eq!((status, done["session_token"].is_string()), (200, true));
    let came = sink.wait(1).await;
    assert_eq!(came[0].summary()["json"], json!({"mail": "anna@vestibule.test"}));
}

#[tokio::test]
async fn our_own_cookies_and_tokens_never_reach_a_template() {
    let sink = Sink::start().await;
    let all = "function(ctx) ctx";
    let config = json!({
        "clients": {"web_hook": {"header_allowlist": ["Cookie", "Authorization", "X-Session-Token", "User-Agent"]}},
        "selfservice": {"flows": {"login": {"after": {"password": {"hooks": [hook(&sink, "/all", all, json!({}))]}}}}},
    });
    let (_stand, site) = stand("memory", config).await;
    sign_up(&site, Kind::Native, "anna@vestibule.test").await;
    let mut anna = Person::new(&site, Kind::Spa);
    let (flow, csrf) = anna.begin_sign_in().await;
    let form = json!({"method": "password", "identifier": "anna@vestibule.test", "password": PASSWORD, "csrf_token": csrf});
    let more = [
        ("Authorization", "Bearer ory_st_a-token-of-a-person"),
        ("User-Agent", "a browser"),
        ("Content-Type", "application/json"),
    ];
    anna.put_cookie("vestibule_console", "an-operators-session");
    anna.put_cookie("theirs", "fine");
    let answer = anna.post(&format!("/self-service/login?flow={flow}"), &more, &form).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let sent = sink.take();
    let seen = sent[0].summary()["json"].clone();
    assert_eq!(seen["request_cookies"], json!({"theirs": "fine"}));
    assert_eq!(seen["request_headers"], json!({"User-Agent": ["a browser"]}));
    assert_eq!(seen["identity"]["traits"]["email"], "anna@vestibule.test");
    assert!(
        seen["identity"].get("credentials").is_none() && seen["identity"].get("metadata_admin").is_none()
    );
    assert_eq!(seen["session"]["authenticator_assurance_level"], "aal1");
    let text = seen.to_string();
    for secret in [csrf.as_str(), "ory_st_", "an-operators-session", PASSWORD] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_hook_shows_who_it_is() {
    let sink = Sink::start().await;
    let secret = |letter: u8| format!("whsec_{}", STANDARD.encode([letter; 32]));
    let config = after_sign_up(json!([
        hook(
            &sink,
            "/basic",
            MAIL,
            json!({"auth": {"type": "basic_auth", "config": {"user": "u", "password": "p"}}})
        ),
        hook(
            &sink,
            "/key",
            MAIL,
            json!({"auth": {"type": "api_key", "config": {"in": "header", "name": "X-Key", "value": "k"}}})
        ),
        hook(
            &sink,
            "/cookie",
            MAIL,
            json!({"auth": {"type": "api_key", "config": {"in": "cookie", "name": "key", "value": "c"}}})
        ),
        hook(
            &sink,
            "/signed",
            MAIL,
            json!({"auth": {"type": "standard_webhooks", "config": {"secrets": [secret(b'n'), secret(b'o')]}}})
        ),
        hook(&sink, "/form", MAIL, json!({"headers": {"Content-Type": "application/x-www-form-urlencoded"}})),
    ]));
    let (stand, site) = stand("memory", config).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 200);
    let sent = sink.take();
    let header = |at: usize, name: &str| {
        sent[at].headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert_eq!(header(0, "authorization"), "Basic dTpw");
    assert_eq!(header(1, "x-key"), "k");
    assert_eq!(header(2, "cookie"), "key=c");
    assert_eq!(header(3, "webhook-timestamp"), stand.engine.effects().now().timestamp().to_string());
    assert!(header(3, "webhook-id").starts_with("msg_"));
    let signatures = header(3, "webhook-signature");
    assert_eq!(signatures.split(' ').filter(|one| one.starts_with("v1,")).count(), 2, "one by each secret");
    assert_eq!(sent[4].body, b"mail=anna%40vestibule.test");
    for at in 0..5 {
        assert!(
            !header(at, "ory-webhook-request-id").is_empty()
                && !header(at, "ory-webhook-trigger-id").is_empty()
        );
    }
}

#[tokio::test]
async fn a_hook_before_a_flow_may_keep_it_from_beginning() {
    let sink = Sink::start().await;
    let refusal = json!({"messages": [{"instance_ptr": "#/", "messages": [{"id": 1, "text": "Closed today.", "type": "error"}]}]});
    for flow in ["registration", "login", "verification"] {
        let kind = "function(ctx) { kind: ctx.flow.type, identity: std.objectHas(ctx, 'identity') }";
        let before = json!({"hooks": [hook(&sink, "/before", kind, json!({"can_interrupt": true}))]});
        let config = json!({"selfservice": {
            "methods": {"code": {"enabled": true}},
            "flows": {"verification": {"enabled": true}},
        }});
        let mut config = config;
        config["selfservice"]["flows"][flow]["before"] = before;
        let (_stand, site) = stand("memory", config).await;
        sink.says("/before", Says::This(200, "{}".to_owned()));
        let target = format!("/self-service/{flow}/api");
        assert_eq!(ask(&site, "GET", &target, &[], None).await.status, 200);
        assert_eq!(sink.take()[0].summary()["json"], json!({"kind": "api", "identity": false}));
        sink.says("/before", Says::This(403, refusal.to_string()));
        let refused = ask(&site, "GET", &target, &[], None).await;
        assert_eq!(
            (refused.status, &document(&refused)["error"]["reason"]),
            (400, &json!("Closed today.")),
            "{flow}"
        );
    }
}

#[tokio::test]
async fn what_may_stop_a_sign_up_does_not_run_in_the_flows_list_and_the_plan_says_so() {
    let sink = Sink::start().await;
    let entry = hook(&sink, "/ask", MAIL, json!({"can_interrupt": true}));
    let config = json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [entry]}}}}});
    let (stand, site) = stand("memory", config).await;
    assert_eq!(native(&site, "anna@vestibule.test").await.0, 200);
    assert!(sink.take().is_empty());
    let plan = engine::plan::plan(
        &stand.engine.begin().config,
        engine::plan::FlowKind::Registration,
        engine::model::MethodId::Password,
        engine::plan::Client::Native,
    );
    assert_eq!(plan.never.len(), 1);
}

#[tokio::test]
async fn signing_in_can_end_all_other_sessions() {
    let (_stand, site) = stand(
        "memory",
        json!({"selfservice": {"flows": {"login": {"after": {"password": {"hooks": [{"hook": "revoke_active_sessions"}]}}}}}}),
    )
    .await;
    sign_up(&site, Kind::Native, "anna@vestibule.test").await;
    let token = async || {
        sign_in(&site, "anna@vestibule.test").await.1["session_token"].as_str().expect("a token").to_owned()
    };
    let (first, second) = (token().await, token().await);
    let whoami = async |token: &str| {
        ask(&site, "GET", "/sessions/whoami", &[("X-Session-Token", token)], None).await.status
    };
    assert_eq!((whoami(&first).await, whoami(&second).await), (401, 200));
}

/// The filed bug: switching on what signs people in silenced the web hook of the whole flow; switching it off revived it.
#[tokio::test]
async fn ory_network_361_a_hook_of_the_whole_flow_is_called_whatever_the_switch_says() {
    let sink = Sink::start().await;
    let config = json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [hook(&sink, "/new", MAIL, json!({}))]}}}}});
    let (stand, site) = stand("memory", config).await;
    let operator = engine::operators::Operator {
        id: stand.engine.effects().operator_id(),
        email: "ann@vestibule.test".to_owned(),
        name: "Ann".to_owned(),
        role: engine::operators::Role::Owner,
        disabled: false,
        created_at: stand.engine.effects().now(),
    };
    for (number, on) in [false, true, false, true].into_iter().enumerate() {
        let current = engine::settings::current(&stand.engine).await.expect("settings");
        let leveled = current.values.ways("sign_in_after_registration").level(on);
        if current.values.ways("sign_in_after_registration") != leveled {
            let values = current.values.having("sign_in_after_registration", leveled);
            let saved = engine::settings::save(&stand.engine, &operator, current.revision, &values, "").await;
            saved.expect("it is saved");
        }
        let (status, done) = native(&site, &format!("anna-{number}@vestibule.test")).await;
        assert_eq!((status, done["session_token"].is_string()), (200, on), "{done}");
        assert_eq!(sink.take().len(), 1, "called when the switch is {on}");
    }
}
