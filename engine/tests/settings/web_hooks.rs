//! Web hooks of the console: made, changed, switched off and removed while the server runs. Looked at from outside: what is called,
//! what a revision, the audit and the log hold, and what is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::config::load::{print, remap};
use engine::config::{Method, export};
use engine::effects::Request;
use engine::flow::{Body, FlowType, Start, Started, Submit, Submitted, registration, webhook::Seen};
use engine::operators::Role;
use engine::session::DeviceInfo;
use engine::settings::web_hooks::{self, Act, Flow, Kept, Outcome, Place, Signing, Wanted, WantedAuth, When};
use engine::settings::{self, Saved, history};
use engine::store::audit;
use engine::store::deliveries::Status;
use engine::testing::{World, somebody};
use engine::{Engine, Kind, hooks, rehearsal, secrets};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

const CRM: &str = "https://crm.example.org/new";
const LOG: &str = "https://log.example.org/all";
const PASSWORD: &str = "quiet copper meadow 73";

struct House {
    world: World,
    engine: Engine,
    /// Such as `anna1@vestibule.test`: nobody signs up twice.
    people: std::sync::atomic::AtomicUsize,
}

fn listing(hosts: Value) -> Value {
    json!({
        "vestibule": {"web_hooks": {"allowed_hosts": hosts}},
        "selfservice": {"methods": {"password": {"config": {"haveibeenpwned_enabled": false}}}},
    })
}

impl House {
    async fn start(config: Value) -> Self {
        let world = World::default();
        world.outbound.answer(CRM, "{}");
        world.outbound.answer(LOG, "{}");
        let engine = world.engine("memory", vec![listing(json!(["crm.example.org"])), config]).await;
        Self { world, engine, people: std::sync::atomic::AtomicUsize::new(0) }
    }

    fn revision(&self) -> i64 {
        self.engine.begin().config.revision
    }

    async fn save_on(&self, base: i64, edited: bool, wanted: Wanted) -> Kept {
        let owner = somebody(&self.engine, Role::Owner);
        web_hooks::save(&self.engine, &owner, base, edited, wanted, "as agreed").await.unwrap()
    }

    async fn make(&self, wanted: Wanted) -> Kept {
        self.save_on(self.revision(), false, wanted).await
    }

    async fn change(&self, wanted: Wanted) -> Kept {
        self.save_on(self.revision(), true, wanted).await
    }

    async fn act_on(&self, base: i64, id: &str, act: Act) -> Kept {
        let owner = somebody(&self.engine, Role::Owner);
        web_hooks::act(&self.engine, &owner, base, id, act, "as agreed").await.unwrap()
    }

    async fn act(&self, id: &str, act: Act) -> Kept {
        self.act_on(self.revision(), id, act).await
    }

    /// Somebody new; then all that is queued is called.
    async fn sign_up(&self) -> engine::Result<Submitted<registration::Registered>> {
        let number = self.people.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let ctx = self.engine.begin();
        let start = Start {
            kind_of_client: FlowType::Api,
            path_and_query: "self-service/registration/api".into(),
            query: vec![],
            csrf_cookie: String::new(),
            current: None,
            seen: Seen::default(),
        };
        let Started::Flow(flow) = registration::start(&ctx, start).await? else { panic!("a form") };
        let mail = format!("anna{number}@vestibule.test");
        let fields = json!({"method": "password", "password": PASSWORD, "traits": {"email": mail}});
        let submit = Submit {
            flow: Some(flow.id.to_string()),
            body: Body::Json(fields),
            json: true,
            cookie_names: vec![],
            csrf_cookie: None,
            origin: false,
            current: None,
            browser: None,
            device: DeviceInfo::default(),
            seen: Seen::default(),
            offered: engine::flow::handover::Offered::default(),
        };
        let submitted = registration::submit(&ctx, submit).await;
        while hooks::deliver(&self.engine).await? > 0 {}
        submitted
    }

    fn sent(&self) -> Vec<Request> {
        self.world.outbound.requests()
    }

    async fn log(&self, id: &str) -> Vec<hooks::Logged> {
        hooks::log(&self.engine.begin(), &format!("id:{id}"), 50).await.unwrap()
    }

    /// Everything that people or files get to see of what was saved.
    async fn shown(&self) -> String {
        let config = self.engine.begin().config;
        let mut all = print(&config, false);
        all.push_str(&export(&config, false).document.to_string());
        all.push_str(&format!("{:?}", config.raw));
        for revision in settings::list(self.engine.db()).await.unwrap() {
            all.push_str(&format!("{:?} {:?} {}", revision.settings, revision.summary, revision.reason));
        }
        let mut tx = self.engine.db().read().await.unwrap();
        for entry in audit::list(&mut tx, 1000).await.unwrap() {
            all.push_str(&format!("{} {} {}", entry.action, entry.actor, entry.details));
        }
        drop(tx);
        for to in 0..self.revision() {
            let compared = history::compare(&self.engine, to, to + 1).await.unwrap().unwrap();
            all.push_str(&format!("{:?} {}", compared.changes, compared.yaml));
        }
        for id in ["crm", "other"] {
            for logged in self.log(id).await {
                all.push_str(&format!("{:?} {:?} {:?}", logged.request, logged.answer, logged.failure));
            }
        }
        all
    }
}

fn wanted(id: &str) -> Wanted {
    Wanted {
        id: id.to_owned(),
        flow: Flow::Registration,
        when: When::After,
        outcome: Outcome::Inform,
        on: true,
        methods: vec![],
        method: "POST".to_owned(),
        url: CRM.to_owned(),
        headers: vec![("X-From".to_owned(), "vestibule".to_owned())],
        body: web_hooks::ACCOUNT.to_owned(),
        auth: WantedAuth::Nothing,
        despite: false,
    }
}

fn signed(signing: Signing) -> Wanted {
    Wanted { auth: WantedAuth::Signature(signing), ..wanted("crm") }
}

fn is_done(kept: &Kept, revision: i64) {
    assert!(matches!(kept.saved, Saved::Done { revision: is } if is == revision), "{:?}", kept.saved);
}

/// The one problem of a form.
fn problem(kept: Kept) -> (&'static str, String) {
    match kept.saved {
        Saved::Again(mut problems) if problems.len() == 1 => {
            let problem = problems.remove(0);
            (problem.field, problem.message)
        }
        other => panic!("{other:?}"),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let mut found = request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map_or("", |(_, value)| value.as_str())
}

/// Whether that secret signed it.
fn is_signed_by(request: &Request, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(
        format!("{}.{}.", header(request, "webhook-id"), header(request, "webhook-timestamp")).as_bytes(),
    );
    mac.update(request.body.as_deref().unwrap_or_default());
    let right = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    header(request, "webhook-signature").split(' ').any(|signature| signature == right)
}

#[tokio::test]
async fn a_hook_is_made_called_switched_off_and_removed_while_the_server_runs() {
    let house = House::start(json!({})).await;
    is_done(&house.make(wanted("crm")).await, 1);
    house.sign_up().await.unwrap();
    let sent = house.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].method.as_str(), sent[0].url.as_str()), ("POST", CRM));
    assert_eq!(
        (header(&sent[0], "x-from"), header(&sent[0], "content-type")),
        ("vestibule", "application/json")
    );
    let body: Value = serde_json::from_slice(sent[0].body.as_deref().unwrap()).unwrap();
    assert_eq!(body["identity"]["traits"]["email"], "anna0@vestibule.test");
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["flow", "identity"]);

    is_done(&house.act("crm", Act::Off).await, 2);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 1, "it is off");
    is_done(&house.act("crm", Act::On).await, 3);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 2);
    let elsewhere = Wanted { url: format!("{CRM}?lang=en"), ..wanted("crm") };
    house.world.outbound.answer(&elsewhere.url, "{}");
    is_done(&house.change(elsewhere).await, 4);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent()[2].url.query(), Some("lang=en"));
    is_done(&house.act("crm", Act::Remove).await, 5);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 3, "it is gone");
    assert_eq!(house.log("crm").await.len(), 3, "its log is not");
    let said: Vec<String> = history::entries(&house.engine, None, 10)
        .await
        .unwrap()
        .into_iter()
        .rev()
        .map(|entry| entry.changes.join(" · "))
        .collect();
    assert_eq!(
        said,
        [
            format!("Web hook crm: made (Inform, at sign-up, {CRM})"),
            "Web hook crm: switched off".to_owned(),
            "Web hook crm: switched on".to_owned(),
            format!("Web hook crm: calls {CRM}?…, was {CRM}"),
            "Web hook crm: removed".to_owned(),
        ]
    );
}

/// ory/network#361: a list that a method gets silences the flow's.
#[tokio::test]
async fn what_the_whole_flow_calls_is_called_as_before_beside_it_and_without_it() {
    let flow = json!([{"hook": "web_hook", "config": {"id": "other", "url": LOG, "method": "POST", "response": {"ignore": true}}}]);
    let house =
        House::start(json!({"selfservice": {"flows": {"registration": {"after": {"hooks": flow}}}}})).await;
    let called = |house: &House, from: usize| -> Vec<String> {
        house.sent()[from..].iter().map(|request| request.url.to_string()).collect()
    };
    is_done(&house.make(wanted("crm")).await, 1);
    house.sign_up().await.unwrap();
    let mut both = called(&house, 0);
    both.sort();
    assert_eq!(both, [CRM, LOG]);
    is_done(&house.act("crm", Act::Off).await, 2);
    house.sign_up().await.unwrap();
    assert_eq!(called(&house, 2), [LOG]);
    let after = &house.engine.begin().config.selfservice.registration.after;
    assert!(after.methods[&Method::Password].hooks.is_empty(), "the method inherits again");
}

#[tokio::test]
async fn secrets_are_sealed_used_and_nowhere_to_be_read() {
    let house = House::start(json!({})).await;
    let basic = |password: Option<&str>| Wanted {
        auth: WantedAuth::Basic { user: "us".into(), password: password.map(str::to_owned) },
        ..wanted("crm")
    };
    assert_eq!(problem(house.make(basic(None)).await), ("auth", "Enter the password.".into()));
    is_done(&house.make(basic(Some("first-hush-hush"))).await, 1);
    house.sign_up().await.unwrap();
    let shown = |text: &str| format!("Basic {}", STANDARD.encode(text));
    assert_eq!(header(&house.sent()[0], "authorization"), shown("us:first-hush-hush"));
    // Left empty, it stays.
    is_done(&house.change(Wanted { method: "PUT".into(), ..basic(None) }).await, 2);
    house.sign_up().await.unwrap();
    assert_eq!(header(&house.sent()[1], "authorization"), shown("us:first-hush-hush"));
    is_done(&house.change(basic(Some("second-hush-hush"))).await, 3);
    house.sign_up().await.unwrap();
    assert_eq!(header(&house.sent()[2], "authorization"), shown("us:second-hush-hush"));

    let held = secrets::held(&house.engine).await.unwrap();
    assert_eq!(held.keys().collect::<Vec<_>>(), ["hooks/crm/password"]);
    let one = &held["hooks/crm/password"];
    assert!(one.fingerprint.starts_with("•••• ") && one.set_by == "Grace" && one.used_at.is_some());

    // Going back keeps today's.
    let owner = somebody(&house.engine, Role::Owner);
    let back = history::go_back(&house.engine, &owner, 3, 2, "").await.unwrap();
    assert!(matches!(back, Saved::Done { revision: 4 }), "{back:?}");
    house.sign_up().await.unwrap();
    assert_eq!(header(&house.sent()[3], "authorization"), shown("us:second-hush-hush"));

    let key = Wanted {
        auth: WantedAuth::Key {
            place: Place::Header,
            name: "X-Api-Key".into(),
            value: Some("third-hush-hush".into()),
        },
        ..wanted("crm")
    };
    is_done(&house.change(key).await, 5);
    house.sign_up().await.unwrap();
    assert_eq!(header(&house.sent()[4], "x-api-key"), "third-hush-hush");
    let held = secrets::held(&house.engine).await.unwrap();
    assert_eq!(held.keys().collect::<Vec<_>>(), ["hooks/crm/value"], "what nothing stands on is destroyed");

    let shown = house.shown().await;
    assert!(shown.contains("secret://hooks/crm/value"));
    let encoded = STANDARD.encode("us:second-hush-hush");
    for secret in ["first-hush-hush", "second-hush-hush", "third-hush-hush", encoded.as_str()] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_signing_secret_is_made_told_once_and_exchanged_without_a_gap() {
    let house = House::start(json!({})).await;
    assert_eq!(problem(house.make(signed(Signing::Keep)).await).0, "auth");
    let kept = house.make(signed(Signing::Make)).await;
    is_done(&kept, 1);
    let first = kept.secret.unwrap();
    assert!(first.starts_with("whsec_") && STANDARD.decode(&first[6..]).unwrap().len() == 32);
    house.sign_up().await.unwrap();
    assert!(is_signed_by(&house.sent()[0], &first));

    let base = house.revision();
    let kept = house.act_on(base, "crm", Act::Rotate).await;
    is_done(&kept, 2);
    let lost = kept.secret.unwrap();
    // A double click: whoever saw the second answer alone has a secret that counts, and the first one still signs.
    let kept = house.act_on(base, "crm", Act::Rotate).await;
    is_done(&kept, 3);
    let second = kept.secret.unwrap();
    house.sign_up().await.unwrap();
    let call = &house.sent()[1];
    assert!(is_signed_by(call, &first) && is_signed_by(call, &second) && !is_signed_by(call, &lost));

    is_done(&house.act("crm", Act::Retire).await, 4);
    house.sign_up().await.unwrap();
    assert!(is_signed_by(&house.sent()[2], &second) && !is_signed_by(&house.sent()[2], &first));
    assert!(
        matches!(house.act("crm", Act::Retire).await.saved, Saved::Unchanged { revision: 4 }),
        "pressed twice"
    );
    // Other changes keep it.
    is_done(&house.change(Wanted { method: "PUT".into(), ..signed(Signing::Keep) }).await, 5);
    house.sign_up().await.unwrap();
    assert!(is_signed_by(&house.sent()[3], &second));
    let shown = house.shown().await;
    for secret in [first, second, lost] {
        assert!(!shown.contains(&secret[6..]), "{secret}");
    }
}

#[tokio::test]
async fn a_call_whose_secret_is_gone_fails_and_the_log_says_so() {
    let house = House::start(json!({})).await;
    house.make(signed(Signing::Make)).await;
    house.act("crm", Act::Remove).await;
    assert!(secrets::held(&house.engine).await.unwrap().is_empty());
    let owner = somebody(&house.engine, Role::Owner);
    assert!(matches!(
        history::go_back(&house.engine, &owner, 2, 1, "").await.unwrap(),
        Saved::Done { revision: 3 }
    ));
    house.sign_up().await.unwrap();
    assert!(house.sent().is_empty(), "nothing leaves unsigned");
    let call = house.log("crm").await.remove(0);
    assert_eq!(call.delivery.status, Status::Failed);
    assert_eq!(
        call.failure.as_deref(),
        Some("the secret hooks/crm/signature is not there: enter it again in the console")
    );
    let listed = web_hooks::one(&house.engine, "crm").await.unwrap().unwrap();
    assert!(listed.secrets[0].held.is_none());
}

#[tokio::test]
async fn the_list_of_hosts_is_asked_again_when_the_call_is_made() {
    let house = House::start(json!({})).await;
    house.make(wanted("crm")).await;
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 1);
    // Another start with another file.
    let named = house.engine.begin().config.named.clone();
    let files = house.world.config(vec![listing(json!(["other.example.org"]))]);
    house.engine.publish(remap(&files, 1, &named).unwrap());
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 1);
    let call = house.log("crm").await.remove(0);
    assert_eq!(call.delivery.status, Status::Failed, "nobody tries again what cannot be");
    let why = call.failure.unwrap();
    assert!(why.contains("crm.example.org is not in `vestibule.web_hooks.allowed_hosts`"), "{why}");
    let listed = web_hooks::one(&house.engine, "crm").await.unwrap().unwrap();
    assert!(listed.unreachable.unwrap().contains("allowed_hosts"));
    house.act("crm", Act::Off).await;
    assert_eq!(problem(house.act("crm", Act::On).await).0, "url");
}

#[tokio::test]
async fn private_addresses_take_the_list_and_the_key() {
    let closed = json!({
        "vestibule": {"web_hooks": {"allowed_hosts": ["10.0.0.7", "localhost", "169.254.169.254", "127.0.0.1"]}},
        "clients": {"http": {"disallow_private_ip_ranges": true}},
    });
    let mut open = closed.clone();
    open["clients"]["http"]["disallow_private_ip_ranges"] = json!(false);
    for (config, url, refused) in [
        (&closed, "http://10.0.0.7/new", Some("a private address")),
        (&closed, "http://localhost/new", Some("a private address")),
        (&open, "http://10.0.0.7/new", None),
        (&open, "http://10.0.0.8/new", Some("not among the hosts")),
        (&open, "http://169.254.169.254/latest", Some("metadata")),
        (&open, "http://127.0.0.1:4434/admin/identities", Some("this very server")),
    ] {
        let house = House::start(config.clone()).await;
        let kept = house.make(Wanted { url: url.to_owned(), ..wanted("crm") }).await;
        match refused {
            None => is_done(&kept, 1),
            Some(said) => {
                let (field, message) = problem(kept);
                assert!(field == "url" && message.contains(said), "{url}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field() {
    let house = House::start(json!({"selfservice": {"flows": {"login": {"after": {"hooks": [
        {"hook": "web_hook", "config": {"id": "taken", "url": LOG, "method": "POST"}},
    ]}}}}}))
    .await;
    let plain = || wanted("crm");
    let url = |url: &str| Wanted { url: url.to_owned(), ..plain() };
    let head = |name: &str, value: &str| Wanted { headers: vec![(name.into(), value.into())], ..plain() };
    let body = |body: &str| Wanted { body: body.to_owned(), ..plain() };
    for (wanted, field, said) in [
        (wanted(""), "id", "small letters"),
        (wanted("CRM"), "id", "small letters"),
        (wanted("../crm"), "id", "small letters"),
        (wanted("taken"), "id", "already"),
        (url("crm"), "url", "whole address"),
        (url("file:///etc/passwd"), "url", "whole address"),
        (url("https://us:hush@crm.example.org/"), "url", "Take user and password out"),
        (url("https://crm.example.org/?api_key=hush"), "url", "Take `api_key` out"),
        (url(LOG), "url", "log.example.org is not among the hosts"),
        (head("X-A", "one\r\nEvil: two"), "headers", "not one line"),
        (head("X-A\nEvil", "two"), "headers", "no name of a header"),
        (head("Authorization", "Bearer x"), "headers", "Authentication"),
        (head("Host", "evil"), "headers", "Authentication"),
        (head("X-Api-Key", "hush"), "headers", "looks like a secret"),
        (Wanted { method: "TRACE".into(), ..plain() }, "method", "POST"),
        (Wanted { flow: Flow::Login, outcome: Outcome::Change, ..plain() }, "outcome", "Only a sign-up"),
        (
            Wanted { when: When::Before, methods: vec![Method::Password], ..plain() },
            "methods",
            "no difference",
        ),
        (body("function(ctx) {\n  a: 1\n  b: 2\n}"), "body", "line 3: `b` cannot stand here"),
        (
            body("function(ctx) {\n  a: ctx.identity.traits.emial\n}"),
            "body",
            "line 2: there is no `emial` here",
        ),
        (body(&"a".repeat(40_000)), "body", "32 kB"),
        (signed(Signing::Given("whsec_short".into())), "auth", "no signing secret"),
        (
            Wanted { auth: WantedAuth::Basic { user: "a:b".into(), password: Some("x".into()) }, ..plain() },
            "auth",
            "without a colon",
        ),
        (
            Wanted {
                auth: WantedAuth::Key {
                    place: Place::Header,
                    name: "X-K".into(),
                    value: Some("a\nb".into()),
                },
                ..plain()
            },
            "auth",
            "one line",
        ),
    ] {
        let asked = format!("{wanted:?}");
        let (is, message) = problem(house.make(wanted).await);
        assert!(is == field && message.contains(said), "{asked}: {is}: {message}");
    }
    assert_eq!(house.revision(), 0);
    // What fails with a sample may be right all the same.
    let lacking = body("function(ctx) { plan: ctx.flow.transient_payload.plan }");
    assert_eq!(problem(house.make(lacking.clone()).await).0, "body");
    is_done(&house.make(Wanted { despite: true, ..lacking }).await, 1);
}

/// Kratos' schema lets the list of the whole sign-in hold what the list for providers may not. A hook that would give them a list of
/// their own is refused: leaving the entry out would switch it off for them without a word.
#[tokio::test]
async fn a_sign_in_list_that_providers_cannot_take_over_refuses_the_hook_and_says_why() {
    for entry in ["verification", "show_verification_ui"] {
        let house = House::start(json!({"selfservice": {
            "methods": {"oidc": {"enabled": true}},
            "flows": {"verification": {"enabled": true}, "login": {"after": {"hooks": [{"hook": entry}]}}},
        }}))
        .await;
        let at_sign_in = Wanted { flow: Flow::Login, ..wanted("crm") };
        let (_, message) = problem(house.make(at_sign_in.clone()).await);
        for said in
            ["selfservice.flows.login.after.oidc.hooks", &format!("`{entry}` cannot stand in this list")]
        {
            assert!(message.contains(said), "{said}: {message}");
        }
        assert_eq!(house.revision(), 0);
        // For passwords alone it is no trouble, and the flow's entry goes on running for both.
        is_done(&house.make(Wanted { methods: vec![Method::Password], ..at_sign_in }).await, 1);
        let after = &house.engine.begin().config.selfservice.login.after;
        let names =
            |list: &[engine::config::Hook]| -> Vec<_> { list.iter().map(|hook| hook.name()).collect() };
        assert_eq!(names(&after.methods[&Method::Password].hooks), [entry, "web_hook"]);
        assert_eq!(names(&after.hooks), [entry]);
        assert!(after.methods.get(&Method::Oidc).is_none_or(|own| own.hooks.is_empty()));
    }
}

#[tokio::test]
async fn only_an_owner_who_has_just_signed_in_and_every_refusal_is_kept() {
    let house = House::start(json!({})).await;
    for role in [Role::Viewer, Role::Editor] {
        let by = somebody(&house.engine, role);
        let refused = web_hooks::save(&house.engine, &by, 0, false, wanted("crm"), "").await.unwrap_err();
        assert_eq!(refused.kind, Kind::Forbidden);
        let refused = web_hooks::act(&house.engine, &by, 0, "crm", Act::Off, "").await.unwrap_err();
        assert_eq!(refused.kind, Kind::Forbidden);
        let refused =
            web_hooks::preview(&house.engine, &by.operator, false, &wanted("crm")).await.err().unwrap();
        assert_eq!(refused.kind, Kind::Forbidden);
    }
    let owner = somebody(&house.engine, Role::Owner);
    house.world.clock.advance(Duration::from_secs(5 * 60 + 1));
    let stale = web_hooks::save(&house.engine, &owner, 0, false, wanted("crm"), "").await.unwrap();
    assert!(matches!(stale.saved, Saved::NeedsFreshSignIn(_)), "{:?}", stale.saved);
    // A danger takes a reason as well.
    let asks = Wanted { outcome: Outcome::Change, ..wanted("crm") };
    let owner = somebody(&house.engine, Role::Owner);
    let unsaid = web_hooks::save(&house.engine, &owner, 0, false, asks, " ").await.unwrap();
    let Saved::NeedsReason(dangers) = unsaid.saved else { panic!("{:?}", unsaid.saved) };
    assert_eq!(dangers.iter().map(|danger| danger.id).collect::<Vec<_>>(), ["hook_proves_addresses"]);
    let mut tx = house.engine.db().read().await.unwrap();
    let kept = audit::list(&mut tx, 100).await.unwrap();
    assert_eq!(kept.iter().filter(|entry| entry.action == "settings.refused").count(), 7);
    assert!(settings::list(house.engine.db()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_late_save_applies_where_nobody_touched_the_hook() {
    let house = House::start(json!({})).await;
    is_done(&house.make(wanted("crm")).await, 1);
    // Somebody makes another one, and sets something else.
    is_done(&house.make(wanted("other")).await, 2);
    is_done(&house.save_on(1, true, Wanted { method: "PUT".into(), ..wanted("crm") }).await, 3);
    // On what was there before that.
    let late = house.save_on(2, true, Wanted { method: "PATCH".into(), ..wanted("crm") }).await;
    assert!(
        matches!(late.saved, Saved::Conflict { revision: 3, ref by, .. } if by == "Grace"),
        "{:?}",
        late.saved
    );
    let twice = house.save_on(2, true, Wanted { method: "PUT".into(), ..wanted("crm") }).await;
    assert!(matches!(twice.saved, Saved::Unchanged { revision: 3 }), "a second click: {:?}", twice.saved);
    // A name that was free when the form was made.
    let taken = house.save_on(1, false, Wanted { method: "PUT".into(), ..wanted("other") }).await;
    assert!(matches!(taken.saved, Saved::Conflict { .. }), "{:?}", taken.saved);
    assert_eq!(problem(house.make(Wanted { method: "PUT".into(), ..wanted("other") }).await).0, "id");
    // Gone meanwhile.
    is_done(&house.act("crm", Act::Remove).await, 4);
    let gone = house.save_on(3, true, wanted("crm")).await;
    assert!(matches!(gone.saved, Saved::Conflict { .. }), "{:?}", gone.saved);
    assert!(
        matches!(house.act_on(3, "crm", Act::Remove).await.saved, Saved::Unchanged { .. }),
        "pressed twice"
    );
    assert_eq!(problem(house.act("crm", Act::Off).await).0, "id");
    let off = house.act_on(4, "other", Act::Off).await;
    is_done(&off, 5);
    assert!(matches!(house.act_on(4, "other", Act::Off).await.saved, Saved::Unchanged { revision: 5 }));
}

#[tokio::test]
async fn they_run_in_the_order_that_they_are_given() {
    let house = House::start(json!({})).await;
    for id in ["a", "b", "c"] {
        let waits = Wanted { outcome: Outcome::Ask, body: format!("{{ is: '{id}' }}"), ..wanted(id) };
        house.make(waits).await;
    }
    let order = async |house: &House| -> String {
        let before = house.sent().len();
        house.sign_up().await.unwrap();
        let of = |request: &Request| -> Value {
            serde_json::from_slice(request.body.as_deref().unwrap()).unwrap()
        };
        house.sent()[before..].iter().map(|request| of(request)["is"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(order(&house).await, "abc");
    let base = house.revision();
    is_done(&house.act_on(base, "c", Act::Move(0)).await, 4);
    assert_eq!(order(&house).await, "cab");
    assert!(
        matches!(house.act_on(base, "c", Act::Move(0)).await.saved, Saved::Unchanged { .. }),
        "pressed twice"
    );
    is_done(&house.act("c", Act::Move(1)).await, 5);
    assert_eq!(order(&house).await, "acb");
    let listed = web_hooks::listed(&house.engine).await.unwrap();
    let places: Vec<(&str, usize, usize)> =
        listed.iter().map(|one| (one.id.as_str(), one.at, one.of)).collect();
    assert_eq!(places, [("a", 0, 3), ("c", 1, 3), ("b", 2, 3)]);
}

#[tokio::test]
async fn a_preview_shows_what_would_run_and_what_can_happen_and_saves_nothing() {
    let house = House::start(json!({})).await;
    let owner = somebody(&house.engine, Role::Owner);
    let asks = Wanted { outcome: Outcome::Change, url: "http://crm.example.org/new".into(), ..wanted("crm") };
    let preview = web_hooks::preview(&house.engine, &owner.operator, false, &asks).await.unwrap().unwrap();
    assert_eq!(
        preview.changes,
        ["Web hook crm: made (Ask, may change the account, at sign-up, http://crm.example.org/new)"]
    );
    let new: Vec<&str> = preview.pipelines[0]
        .steps
        .iter()
        .filter(|(_, mark)| *mark == engine::pipeline::Mark::New)
        .map(|(line, _)| line.title.as_str())
        .collect();
    assert_eq!(new, ["Ask crm"]);
    let mut dangers: Vec<&str> = preview.brings_about.iter().map(|check| check.id).collect();
    dangers.sort_unstable();
    assert_eq!(dangers, ["account_changed_over_http", "hook_proves_addresses"]);
    assert!(preview.findings.iter().any(|check| check.id == "hook_without_a_secret"));
    let made = preview.sample.unwrap().output.unwrap().unwrap();
    assert!(made.contains("test@example.org"), "{made}");
    assert_eq!(house.revision(), 0);
    assert!(house.sent().is_empty());
    is_done(&house.make(wanted("crm")).await, 1);
    let gone = web_hooks::preview_act(&house.engine, "crm", Act::Remove).unwrap();
    assert_eq!(gone.changes, ["Web hook crm: removed"]);
    let lost =
        gone.pipelines[0].steps.iter().filter(|(_, mark)| *mark == engine::pipeline::Mark::Gone).count();
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn the_sign_up_tester_signs_as_the_real_thing_and_notes_no_use() {
    let house = House::start(json!({})).await;
    let secret = house.make(signed(Signing::Make)).await.secret.unwrap();
    let owner = somebody(&house.engine, Role::Owner).operator;
    let wish = rehearsal::Wish {
        client: engine::plan::Client::Native,
        call_hooks: false,
        mail_me: false,
        typed: vec![],
    };
    let run = rehearsal::begin(&house.engine, &owner, &wish).await.unwrap();
    let stage = House { world: house.world.clone(), engine: run.engine.clone(), people: Default::default() };
    stage.sign_up().await.unwrap();
    let calls = run.calls();
    assert_eq!(calls.len(), 1);
    let request = Request {
        method: calls[0].method.clone(),
        url: calls[0].url.clone(),
        headers: calls[0].headers.clone(),
        body: Some(calls[0].body.clone()),
        limit: 0,
        deadline: Duration::ZERO,
        reach: engine::effects::Reach::Nowhere,
    };
    assert!(is_signed_by(&request, &secret));
    let held = secrets::held(&house.engine).await.unwrap();
    assert_eq!(held["hooks/crm/signature"].used_at, None);
}

#[tokio::test]
async fn for_kratos_it_is_an_entry_as_any() {
    let house = House::start(json!({})).await;
    let key = Wanted {
        auth: WantedAuth::Key { place: Place::Cookie, name: "k".into(), value: Some("hush-hush".into()) },
        ..wanted("crm")
    };
    house.make(key).await;
    let export = export(&house.engine.begin().config, false);
    let entry = &export.document["selfservice"]["flows"]["registration"]["after"]["password"]["hooks"][0];
    assert_eq!((&entry["hook"], &entry["config"]["id"]), (&json!("web_hook"), &json!("crm")));
    let members: Vec<&str> = entry["config"].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!members.contains(&"made_in_console"), "{members:?}");
    assert!(!export.document.to_string().contains("hush-hush"));
}
