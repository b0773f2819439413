//! What a Save of a web hook takes, refuses and keeps, from whom, and what is shown before it.

use super::*;

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
        (url(LOG), "url", "may not call log.example.org yet"),
        (head("X-A", "one\r\nEvil: two"), "headers", "not one line"),
        (head("X-A\nEvil", "two"), "headers", "no name of a header"),
        (head("Authorization", "Bearer x"), "headers", "Authentication"),
        (head("Host", "evil"), "headers", "Authentication"),
        (head("X-Api-Key", "hush"), "headers", "looks like a secret"),
        (Wanted { method: "TRACE".into(), ..plain() }, "method", "POST"),
        (Wanted { flow: Flow::Login, outcome: Outcome::Change, ..plain() }, "outcome", "Only a sign-up"),
        (
            Wanted { when: When::Before, methods: vec![MethodId::Password], ..plain() },
            "methods",
            "no difference",
        ),
        (body("function(ctx) {\n  a: 1\n  b: 2\n}"), "body", "line 3: unexpected `b`"),
        (body("function(ctx) {\n  a: ctx.identity.traits.emial\n}"), "body", "line 2: unknown field `emial`"),
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
            ["selfservice.flows.login.after.oidc.hooks", &format!("`{entry}` isn't allowed in this list")]
        {
            assert!(message.contains(said), "{said}: {message}");
        }
        assert_eq!(house.revision(), 0);
        // For passwords alone it is no trouble, and the flow's entry goes on running for both.
        is_done(&house.make(Wanted { methods: vec![MethodId::Password], ..at_sign_in }).await, 1);
        let after = &house.engine.begin().config.selfservice.login.after;
        let names =
            |list: &[engine::config::Hook]| -> Vec<_> { list.iter().map(|hook| hook.name()).collect() };
        assert_eq!(names(&after.methods[&MethodId::Password].hooks), [entry, "web_hook"]);
        assert_eq!(names(&after.hooks), [entry]);
        assert!(after.methods.get(&MethodId::Oidc).is_none_or(|own| own.hooks.is_empty()));
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
async fn a_preview_shows_what_would_run_and_what_can_happen_and_saves_nothing() {
    let house = House::start(json!({})).await;
    let owner = somebody(&house.engine, Role::Owner);
    let asks = Wanted { outcome: Outcome::Change, url: "http://crm.example.org/new".into(), ..wanted("crm") };
    let preview = web_hooks::preview(&house.engine, &owner.operator, false, &asks).await.unwrap().unwrap();
    assert_eq!(
        preview.changes,
        ["Webhook crm: created (Ask, may change the account, at sign-up, http://crm.example.org/new)"]
    );
    let new: Vec<&str> = preview.pipelines[0]
        .steps
        .iter()
        .filter(|(_, mark)| *mark == engine::pipeline::Mark::New)
        .map(|(line, _)| line.title.as_str())
        .collect();
    assert_eq!(new, ["Call crm"]);
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
    assert_eq!(gone.changes, ["Webhook crm: removed"]);
    let lost =
        gone.pipelines[0].steps.iter().filter(|(_, mark)| *mark == engine::pipeline::Mark::Gone).count();
    assert_eq!(lost, 1);
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

/// A variable says what runs there, so that a Save would look as if it did something. Elsewhere the hook is made as ever.
#[tokio::test]
async fn a_list_of_the_environment_takes_no_hook_of_the_console() {
    for (variable, flow, when, methods, refused) in [
        (
            "SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS",
            Flow::Registration,
            When::After,
            vec![],
            true,
        ),
        (
            "SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS",
            Flow::Registration,
            When::After,
            vec![MethodId::Password],
            true,
        ),
        ("SELFSERVICE_FLOWS_REGISTRATION_BEFORE_HOOKS", Flow::Registration, When::Before, vec![], true),
        ("SELFSERVICE_FLOWS_VERIFICATION_AFTER_HOOKS", Flow::Verification, When::After, vec![], true),
        ("SELFSERVICE_FLOWS_LOGIN_AFTER_PASSWORD_HOOKS", Flow::Registration, When::After, vec![], false),
        ("SELFSERVICE_FLOWS_REGISTRATION_BEFORE_HOOKS", Flow::Registration, When::After, vec![], false),
    ] {
        let house = House::start(json!({})).await;
        let list = r#"[{"hook":"web_hook","config":{"url":"https://crm.example.org/env","method":"POST"}}]"#;
        let sources = engine::config::load::Sources {
            documents: vec![testing::config(vec![listing(json!(["crm.example.org"]))]).raw],
            environment: [(variable.to_owned(), list.to_owned())].into(),
            ..Default::default()
        };
        house.engine.publish(engine::config::load::load(&sources, None).unwrap().config);
        let hook = Wanted { flow, when, methods, outcome: Outcome::Inform, ..wanted("crm") };
        match house.make(hook.clone()).await.saved {
            Saved::Again(problems) if refused => {
                assert_eq!(problems[0].field, "place", "{variable}");
                assert!(problems[0].message.contains(variable), "{problems:?}");
                assert_eq!(house.revision(), 0);
            }
            Saved::Done { .. } if !refused => {}
            other => panic!("{variable}: {other:?}"),
        }
        // Off it runs nowhere, so that it may be made.
        if refused {
            let off = house.make(Wanted { on: false, ..hook }).await;
            assert!(matches!(off.saved, Saved::Done { .. }), "{variable}: {off:?}");
            let on = house.act("crm", Act::On).await;
            assert!(matches!(on.saved, Saved::Again(_)), "{variable}: {on:?}");
        }
    }
}
