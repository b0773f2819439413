//! What is called, in which order, signed with what, and where it may go.

use super::*;
use engine::config::load::{Sources, load};
use engine::settings::web_hooks::WhyNone;

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
    assert!(after.methods[&MethodId::Password].hooks.is_empty(), "the method inherits again");
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
        Some("the secret hooks/crm/signature is missing: enter it again in the console")
    );
    let listed = web_hooks::one(&house.engine, "crm").await.unwrap().unwrap();
    assert!(listed.secrets[0].held.is_none());
}

#[test]
fn where_to_list_hosts_is_told_so_that_the_file_starts() {
    let place = |sources: &Sources| {
        let config = load(sources, None).unwrap().config;
        assert!(web_hooks::why_none(&config).is_none(), "an owner can allow one here");
        let forbidden = ("VESTIBULE_WEB_HOOKS_ALLOW_HOSTS_IN_CONSOLE".to_owned(), "false".to_owned());
        let sources = Sources { environment: [forbidden].into(), ..sources.clone() };
        let config = load(&sources, None).unwrap().config;
        let Some(WhyNone::NoHosts(place)) = web_hooks::why_none(&config) else { panic!("there is no list") };
        place
    };
    let starter = place(&Sources::default());
    assert!(starter.contains("`vestibule config starter > vestibule.yml`"), "{starter}");
    let file = json!({"identity": {"schemas": [{"id": "default", "url": "preset://email"}]}});
    let place = place(&Sources { documents: vec![file], ..Sources::default() });
    assert_eq!(place, "document 1", "a file of theirs is named, and nothing is said of the starter");
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
    assert!(listed.unreachable.unwrap().contains("may not call crm.example.org yet"));
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
        (&open, "http://10.0.0.8/new", Some("may not call 10.0.0.8 yet")),
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
async fn the_sign_up_tester_signs_as_the_real_thing_and_notes_no_use() {
    let house = House::start(json!({})).await;
    let secret = house.make(signed(Signing::Make)).await.secret.unwrap();
    let owner = somebody(&house.engine, Role::Owner).operator;
    let wish = rehearsal::DryRunRequest {
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
