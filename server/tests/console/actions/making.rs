//! Web hooks made on the console's page *Actions*, as a browser without a script meets it: forms, what they refuse, what they keep,
//! and what stands nowhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::operators::{self, Operator, Role};
use engine::store::{audit, operators as rows};
use engine::testing::World;
use engine::{Engine, hooks, settings};
use serde_json::{Value, json};
use server::state::AppState;
use std::net::SocketAddr;
use std::time::Duration;
use tower::ServiceExt;

const BASE: &str = "http://127.0.0.1:4435";
const LIST: &str = "/actions";
const NEW: &str = "/actions/new";
const CHANGE: &str = "/actions/change";
const PRESS: &str = "/actions/press";
const EMAIL: &str = "grace@console.test";
const PASSWORD: &str = "velvet lantern harbour 41";
const CRM: &str = "https://crm.example.org/new";

/// What the form sends when its name and address were typed.
const TYPED: [(&str, &str); 8] = [
    ("id", "crm"),
    ("place", "registration.after"),
    ("outcome", "inform"),
    ("on", "true"),
    ("url", CRM),
    ("method", "POST"),
    ("body.kind", "account"),
    ("auth.kind", "none"),
];

struct Console {
    world: World,
    engine: Engine,
    router: Router,
    cookie: String,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the one control of that name.
    fn value(&self, name: &str) -> String {
        let control = self.html.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_default();
        let tag = control.split('>').next().unwrap_or_default();
        let value = tag.split("value=\"").nth(1).unwrap_or_default();
        value.split('"').next().unwrap_or_default().to_owned()
    }
}

fn listing(hosts: Value) -> Value {
    json!({"vestibule": {"web_hooks": {"allowed_hosts": hosts}}})
}

impl Console {
    async fn start() -> Self {
        Self::start_with(listing(json!(["crm.example.org", "127.0.0.1"]))).await
    }

    /// With an owner signed in.
    async fn start_with(config: Value) -> Self {
        let world = World::default();
        let engine = world.engine("memory", vec![config]).await;
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let router =
            server::console::router(AppState { engine: engine.clone() }).layer(MockConnectInfo(peer));
        operators::create(&engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
        let mut console = Self { world, engine, router, cookie: String::new() };
        console.sign_in(EMAIL).await;
        console
    }

    async fn sign_in(&mut self, email: &str) {
        let page = self.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    /// Makes an operator of that role, and signs them in instead.
    async fn becomes(&mut self, role: Role) {
        let email = format!("{role:?}@console.test").to_lowercase();
        let mut tx = self.engine.db().write().await.unwrap();
        let (owner, password_hash) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
        let id = self.engine.effects().operator_id();
        let other = Operator { id, email: email.clone(), role, ..owner };
        assert!(rows::insert(&mut tx, &other, &password_hash).await.unwrap());
        tx.commit().await.unwrap();
        self.sign_in(&email).await;
    }

    async fn get(&self, target: &str) -> Page {
        let request = Request::get(target).header("accept", "text/html");
        self.send(request, String::new()).await
    }

    async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(target)
            .header("origin", BASE)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", body.len());
        self.send(request, body).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) -> Page {
        let request = request.header("host", "127.0.0.1:4435").header("cookie", &self.cookie);
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let html = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// The form as [`TYPED`], with some fields set to something else; an empty value leaves a field out.
    async fn submit(&self, target: &str, step: &str, base: i64, changed: &[(&str, &str)]) -> Page {
        let base = base.to_string();
        let mut fields = vec![("step", step), ("base", base.as_str())];
        fields.extend(TYPED.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name)));
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post(target, &fields).await
    }

    async fn make(&self, changed: &[(&str, &str)]) -> Page {
        self.submit(NEW, "save", self.revision(), changed).await
    }

    async fn change(&self, base: i64, changed: &[(&str, &str)]) -> Page {
        let mut all = vec![("edited", "crm")];
        all.extend(changed);
        self.submit(CHANGE, "save", base, &all).await
    }

    async fn press(&self, act: &str, base: i64, more: &[(&str, &str)]) -> Page {
        let base = base.to_string();
        let mut fields = vec![("id", "crm"), ("act", act), ("base", base.as_str())];
        fields.extend(more);
        self.post(PRESS, &fields).await
    }

    fn revision(&self) -> i64 {
        self.engine.begin().config.revision
    }

    async fn audited(&self) -> Vec<(String, String)> {
        let mut tx = self.engine.db().read().await.unwrap();
        let entries = audit::list(&mut tx, 100).await.unwrap();
        entries.into_iter().map(|entry| (entry.action, entry.actor)).collect()
    }
}

fn led(page: &Page, location: &str) {
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, location), "{}", page.html);
}

#[tokio::test]
async fn without_a_list_of_hosts_the_page_says_what_to_write_where_and_has_no_form() {
    let console = Console::start_with(json!({"vestibule": {"pages": {"name": "Ours"}}})).await;
    let page = console.get(LIST).await;
    assert!(page.html.contains("vestibule.web_hooks.allowed_hosts: [crm.example.org]"), "{}", page.html);
    assert!(page.html.contains("into document 1") || page.html.contains("into document 2"), "{}", page.html);
    assert!(!page.html.contains(NEW));
    led(&console.get(NEW).await, LIST);
    let refused = console.make(&[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.html.contains("crm.example.org is not among the hosts"), "{}", refused.html);
    assert_eq!(console.revision(), 0);
}

#[tokio::test]
async fn a_hook_is_made_shown_switched_and_removed_by_forms_alone() {
    let console = Console::start().await;
    assert!(console.get(LIST).await.html.contains(&format!("href=\"{NEW}\"")));
    let blank = console.get(NEW).await;
    assert!(blank.status == StatusCode::OK && blank.value("base") == "0", "{}", blank.html);
    led(&console.make(&[]).await, "/actions?saved=1&new=true#hook-crm");
    let page = console.get("/actions?saved=1&new=true").await;
    for said in [
        "Saved as revision 1",
        "Is queued with the account (password)",
        "Made here, last changed by Grace",
        "href=\"/actions/change?id=crm\"",
        "selfservice.<wbr>",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    let form = console.get("/actions/change?id=crm").await;
    assert_eq!(
        (form.value("id"), form.value("url"), form.value("base")),
        ("crm".into(), CRM.into(), "1".into())
    );
    led(&console.change(1, &[("outcome", "ask")]).await, "/actions?saved=2&new=true#hook-crm");
    assert!(console.get(LIST).await.html.contains("Ask, may stop the sign-up"));
    led(&console.press("off", 2, &[]).await, "/actions?saved=3&new=true#hook-crm");
    assert!(console.get(LIST).await.html.contains("Switched off: it is not called at sign-up."));
    let off = console.get("/actions/hook?hook=id%3Acrm&place=registration.after").await;
    assert!(off.status == StatusCode::OK && off.html.contains("It is switched off"), "{}", off.html);
    led(&console.press("off", 2, &[]).await, "/actions?saved=3&new=false#hook-crm");
    led(&console.press("on", 3, &[]).await, "/actions?saved=4&new=true#hook-crm");
    let sure = console.get("/actions/press?id=crm&act=remove").await;
    for said in ["crm.example.org is not asked any more at sign-up", "no longer", "Ask crm"] {
        assert!(sure.html.contains(said), "{said}: {}", sure.html);
    }
    assert_eq!(console.revision(), 4, "it was only asked");
    led(&console.press("remove", 4, &[]).await, "/actions?saved=5&new=true#hook-crm");
    led(&console.press("remove", 4, &[]).await, "/actions?saved=5&new=false#hook-crm");
    let page = console.get(LIST).await;
    assert!(page.html.contains("No web hook is configured"), "{}", page.html);
    let history = console.get("/settings/history").await;
    for said in ["Web hook crm: made", "Web hook crm: switched off", "Web hook crm: removed"] {
        assert!(history.html.contains(said), "{said}: {}", history.html);
    }
}

#[tokio::test]
async fn a_preview_shows_the_steps_the_dangers_and_what_is_sent_and_saves_nothing() {
    let console = Console::start().await;
    let page = console
        .submit(NEW, "preview", 0, &[("outcome", "change"), ("url", "http://crm.example.org/x")])
        .await;
    assert_eq!(page.status, StatusCode::OK);
    for said in [
        "What Save would do",
        "Web hook crm: made (Ask, may change the account",
        "A service decides which addresses count as proven",
        "Whoever is on the way can change accounts",
        "test@example.org",
        "<b>Ask crm</b>",
        ">new<",
        "needed, since this is a danger",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    assert_eq!(page.value("url"), "http://crm.example.org/x");
    assert_eq!(console.revision(), 0);
    // A danger takes a reason, and nothing is lost over it.
    let asked = console.make(&[("outcome", "change")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("Say why") && asked.value("url") == CRM, "{}", asked.html);
    let saved = console.make(&[("outcome", "change"), ("reason", "our own service")]).await;
    led(&saved, "/actions?saved=1&new=true#hook-crm");
    assert!(console.audited().await.contains(&("hooks.look".into(), EMAIL.into())));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_with_all_that_was_typed() {
    let console = Console::start().await;
    let broken = "function(ctx) {\n  a: 1,\n  b: 2 3,\n}";
    for (changed, said, field) in [
        (vec![("url", "https://evil.example/")], "evil.example is not among the hosts", "url"),
        (vec![("url", "http://127.0.0.1:4434/admin")], "an address of this very server", "url"),
        (vec![("body.kind", "own"), ("body", broken)], "line 3: a number cannot stand here", "body"),
        (vec![("headers", "X-A: 1\nnonsense")], "Line 2 is no header", "headers"),
        (vec![("headers", "X-A: one\rEvil: two")], "not one line", "headers"),
        (vec![("id", "Not One")], "small letters", "id"),
        (vec![("auth.kind", "basic"), ("auth.user", "us")], "Enter the password", "auth"),
        (vec![("place", "login.after"), ("outcome", "change")], "Only a sign-up can change", "outcome"),
        (vec![("place", "nowhere")], "Choose when it runs", "place"),
    ] {
        for step in ["save", "preview"] {
            let page = console.submit(NEW, step, 0, &changed).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{changed:?}");
            let beside = page.html.split(&format!("id=\"{field}-problem\"")).nth(1).unwrap_or_default();
            assert!(beside.split("</p>").next().unwrap().contains(said), "{said}: {}", page.html);
            assert!(page.html.contains(&format!("href=\"#{field}\"")), "the summary leads there");
            if !changed.iter().any(|(name, _)| *name == "url") {
                assert_eq!(page.value("url"), CRM);
            }
        }
    }
    let both = [("body.kind", "own"), ("body", broken), ("url", "https://evil.example/")];
    let page = console.submit(NEW, "preview", 0, &both).await;
    assert!(page.html.contains("id=\"url-problem\"") && page.html.contains("id=\"body-problem\""), "at once");
    let page = console.submit(NEW, "save", 0, &[("body.kind", "own"), ("body", broken)]).await;
    assert!(page.html.contains(broken), "the template is as it was typed: {}", page.html);
    let page =
        console.submit(NEW, "save", 0, &[("id", "A"), ("headers", "X: </textarea><b id=out>&lt;")]).await;
    assert!(!page.html.contains("<b id=out>") && page.html.contains("X: &lt;/textarea>"), "{}", page.html);
    assert_eq!(console.revision(), 0);
    led(&console.make(&[]).await, "/actions?saved=1&new=true#hook-crm");
    let taken = console.make(&[("method", "PUT")]).await;
    assert!(
        taken.status == StatusCode::UNPROCESSABLE_ENTITY && taken.html.contains("already"),
        "{}",
        taken.html
    );
}

/// A hook gives a method a list of its own, which takes the flow's entries over; a list for providers may not hold all of them.
#[tokio::test]
async fn a_sign_in_hook_for_which_providers_would_lose_an_entry_is_refused_with_the_reason() {
    let mut config = listing(json!(["crm.example.org"]));
    config["selfservice"] = json!({
        "methods": {"oidc": {"enabled": true}},
        "flows": {
            "verification": {"enabled": true},
            "login": {"after": {"hooks": [{"hook": "show_verification_ui"}]}},
        },
    });
    let console = Console::start_with(config).await;
    for step in ["preview", "save"] {
        let page = console.submit(NEW, step, 0, &[("place", "login.after")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{step}");
        let summary = page.html.split("id=\"problems\"").nth(1).unwrap_or_default();
        for said in
            ["selfservice.flows.login.after.oidc.hooks", "show_verification_ui", "cannot stand in this list"]
        {
            assert!(summary.contains(said), "{step}: {said}: {}", page.html);
        }
        assert_eq!((page.value("id"), page.value("url")), ("crm".into(), CRM.into()), "{step}");
    }
    assert_eq!(console.revision(), 0);
    let only_passwords = [("place", "login.after"), ("for.password", "true")];
    led(&console.make(&only_passwords).await, "/actions?saved=1&new=true#hook-crm");
}

#[tokio::test]
async fn a_late_save_is_answered_with_what_others_did_and_all_that_was_typed() {
    let console = Console::start().await;
    console.make(&[]).await;
    // Made and changed from the same page, twice.
    led(&console.change(1, &[("method", "PUT")]).await, "/actions?saved=2&new=true#hook-crm");
    led(&console.change(1, &[("method", "PUT")]).await, "/actions?saved=2&new=false#hook-crm");
    let late = console.change(1, &[("method", "PATCH"), ("url", "https://crm.example.org/mine")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for said in ["Grace saved revision 2", "Web hook crm: PUT, was POST", "https://crm.example.org/mine"] {
        assert!(late.html.contains(said), "{said}: {}", late.html);
    }
    assert_eq!(late.value("base"), "2", "a second Save is meant");
    // Another hook is none of its business.
    let other = console.make(&[("id", "other")]).await;
    led(&other, "/actions?saved=3&new=true#hook-other");
    led(&console.change(2, &[("method", "PATCH")]).await, "/actions?saved=4&new=true#hook-crm");
}

#[tokio::test]
async fn only_owners_find_a_form_and_whoever_posts_all_the_same_is_refused_and_kept() {
    let mut console = Console::start().await;
    console.make(&[]).await;
    for role in [Role::Editor, Role::Viewer] {
        console.becomes(role).await;
        let page = console.get(LIST).await;
        assert!(!page.html.contains(NEW) && !page.html.contains(PRESS), "{}", page.html);
        led(&console.get(NEW).await, LIST);
        led(&console.get("/actions/change?id=crm").await, LIST);
        led(&console.get("/actions/press?id=crm&act=remove").await, LIST);
        for page in [
            console.submit(NEW, "save", 1, &[("id", "other")]).await,
            console.submit(NEW, "preview", 1, &[("id", "other")]).await,
            console.change(1, &[("method", "PUT")]).await,
            console.press("remove", 1, &[]).await,
        ] {
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{role:?}: {}", page.html);
        }
        let who = format!("{role:?}@console.test").to_lowercase();
        let kept = console.audited().await;
        assert_eq!(
            kept.iter().filter(|entry| **entry == ("settings.refused".to_owned(), who.clone())).count(),
            4
        );
    }
    assert_eq!(console.revision(), 1);
}

#[tokio::test]
async fn an_old_sign_in_is_asked_for_the_password_and_loses_nothing() {
    let console = Console::start().await;
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let secret = [
        ("auth.kind", "key"),
        ("auth.name", "X-Api-Key"),
        ("auth.in", "header"),
        ("auth.value", "hush-hush-hush"),
    ];
    let asked = console.make(&secret).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        asked.html.contains("show that it is you") && !asked.html.contains("hush-hush"),
        "{}",
        asked.html
    );
    let carried = asked.value("auth.value.sealed");
    assert!(!carried.is_empty());
    let with = |password: &'static str| {
        let mut fields = vec![
            ("auth.kind", "key"),
            ("auth.name", "X-Api-Key"),
            ("auth.in", "header"),
            ("auth.value.sealed", carried.as_str()),
        ];
        fields.push(("password", password));
        fields
    };
    let wrong = console.make(&with("not the password")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.html.contains("not the password"));
    led(&console.make(&with(PASSWORD)).await, "/actions?saved=1&new=true#hook-crm");
    assert_eq!(engine::secrets::held(&console.engine).await.unwrap().len(), 1);
    // The session is fresh for that one Save.
    let asked = console.press("off", 1, &[]).await;
    assert!(asked.status == StatusCode::UNPROCESSABLE_ENTITY && asked.html.contains("confirm-password"));
    led(&console.press("off", 1, &[("password", PASSWORD)]).await, "/actions?saved=2&new=true#hook-crm");
}

#[tokio::test]
async fn what_was_typed_outlives_the_session_and_secrets_do_not() {
    let mut console = Console::start().await;
    console.world.clock.advance(Duration::from_secs(12 * 60 * 60 + 1));
    let typed = [
        ("url", "https://crm.example.org/kept"),
        ("auth.kind", "basic"),
        ("auth.user", "us"),
        ("auth.password", "hush-hush-hush"),
        ("password", PASSWORD),
    ];
    let led_away = console.make(&typed).await;
    led(&led_away, "/sign-in?next=%2Factions%2Fnew%3Fkept%3Dtrue");
    console.sign_in(EMAIL).await;
    let page = console.get("/actions/new?kept=true").await;
    assert!(page.html.contains("not saved yet"), "{}", page.html);
    assert_eq!(page.value("url"), "https://crm.example.org/kept");
    assert!(!page.html.contains("hush-hush") && page.value("auth.password.sealed").is_empty());
    let mut tx = console.engine.db().read().await.unwrap();
    let (operator, _) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
    drop(tx);
    let kept = operators::kept::kept(&console.engine, &operator, NEW).await.unwrap().unwrap();
    assert!(kept.contains("auth.user") && !kept.contains("hush"), "{kept}");
}

#[tokio::test]
async fn a_secret_that_is_made_is_told_once_and_stands_nowhere() {
    let console = Console::start().await;
    let made = console.make(&[("auth.kind", "signature"), ("auth.signing", "make")]).await;
    assert_eq!(made.status, StatusCode::OK);
    let first = made.html.split("value=\"whsec_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(made.html.contains("shown this once"));
    let exchanged = console.press("rotate", 1, &[]).await;
    let second = exchanged.html.split("value=\"whsec_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(first, second);
    let list = console.get(LIST).await;
    assert!(
        list.html.contains("Signing secret before it: ") && list.html.contains("Drop the old secret"),
        "{}",
        list.html
    );
    led(&console.press("retire", 2, &[]).await, "/actions?saved=3&new=true#hook-crm");
    let given = format!("whsec_{first}");
    let own = console
        .change(3, &[("auth.kind", "signature"), ("auth.signing", "given"), ("auth.secret", &given)])
        .await;
    led(&own, "/actions?saved=4&new=true#hook-crm");

    let mut everything = String::new();
    for target in [
        LIST,
        "/actions/change?id=crm",
        "/actions/hook?hook=id%3Acrm&place=registration.after",
        "/actions/press?id=crm&act=rotate",
        "/settings/history",
        "/settings/history/1",
        "/settings/history/compare?from=0&to=4",
        "/checks",
    ] {
        let page = console.get(target).await;
        assert_eq!(page.status, StatusCode::OK, "{target}");
        everything.push_str(&page.html);
    }
    for revision in settings::list(console.engine.db()).await.unwrap() {
        everything.push_str(&format!("{:?} {:?}", revision.settings, revision.summary));
    }
    let mut tx = console.engine.db().read().await.unwrap();
    for entry in audit::list(&mut tx, 1000).await.unwrap() {
        everything.push_str(&entry.details.to_string());
    }
    assert!(everything.contains("secret://hooks/crm/signature"));
    for secret in [first, second] {
        assert!(!everything.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn hooks_of_files_stay_as_they_are_and_say_where_they_come_from() {
    let flow = json!([{"hook": "web_hook", "config": {"id": "other", "url": "http://127.0.0.1:9/", "method": "POST", "response": {"ignore": true}}}]);
    let mut config = listing(json!(["crm.example.org"]));
    config["selfservice"] = json!({"flows": {"registration": {"after": {"hooks": flow}}}});
    let console = Console::start_with(config).await;
    console.make(&[]).await;
    let page = console.get(LIST).await;
    assert_eq!(page.html.matches(">other</a>").count(), 1, "its copy is not told twice: {}", page.html);
    for said in [
        "Comes from document 2",
        "Is queued with the account (password).",
        "With password it does so from that method",
        "which the console made and took this entry over into",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    assert!(!page.html.contains("/actions/change?id=other"));
    led(&console.get("/actions/change?id=other").await, LIST);
    let taken = console.make(&[("id", "other")]).await;
    assert!(taken.html.contains("There is a web hook other already"), "{}", taken.html);
    let ctx = console.engine.begin();
    assert_eq!(hooks::lists(&ctx.config).iter().filter(|list| list.hooks.len() == 2).count(), 1);
}

#[tokio::test]
async fn where_files_decide_nothing_can_be_made() {
    let mut config = listing(json!(["crm.example.org"]));
    config["vestibule"]["settings"] = json!({"source": "file"});
    let console = Console::start_with(config).await;
    let page = console.get(LIST).await;
    assert!(page.html.contains("The files decide here") && !page.html.contains(NEW), "{}", page.html);
    assert_eq!(console.make(&[]).await.status, StatusCode::FORBIDDEN);
}
