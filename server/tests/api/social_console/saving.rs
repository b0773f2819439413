//! What a Save of a provider takes, refuses, keeps and never shows, from whom.

use super::*;

#[tokio::test]
async fn the_secret_is_in_no_page_revision_or_audit() {
    let (place, grace) = with_acme().await;
    let mut seen = Vec::new();
    for target in [
        "/social",
        "/social/provider?id=acme",
        "/settings/history",
        "/settings/history/1",
        "/settings/compare?from=0&to=1",
        "/checks",
    ] {
        seen.push(grace.get(target).await.html);
    }
    // What comes back with an error, and what a replaced one leaves behind.
    let again = grace
        .save("acme", &place.provider.base, &[("client_secret", "another secret"), ("client_id", " ")])
        .await;
    assert_eq!(again.status, 422);
    assert!(again.shows("Enter the secret again"), "{}", again.html);
    seen.push(again.html);
    assert_eq!(
        grace.save("acme", &place.provider.base, &[("client_secret", "another secret")]).await.status,
        303
    );
    seen.push(grace.get("/settings/history").await.html);
    seen.extend(grace.actions().await);
    let revisions = settings::list(place.stand.engine.db()).await.expect("the store answers");
    seen.extend(revisions.iter().map(|revision| format!("{:?} {:?}", revision.settings, revision.summary)));
    for text in &seen {
        for secret in [SECRET, "another secret"] {
            let escaped = secret.replace('\'', "&#x27;");
            assert!(!text.contains(secret) && !text.contains(&escaped), "{text}");
        }
    }
    assert!(seen.iter().any(|text| text.contains("secret://social/acme/client_secret")), "it is named");
    assert!(seen.iter().any(|text| text.contains("a new secret")), "that it was replaced is told");
}

#[tokio::test]
async fn a_form_with_a_mistake_keeps_what_was_typed_but_for_secrets() {
    let place = bare().await;
    let grace = Console::of(&place).await;
    let again = grace
        .save(
            "",
            "id.example.org",
            &[
                ("label", "My <provider>"),
                ("requested_claims", "{oops"),
                ("mapper", "own"),
                ("mapper_text", "local x = 1;\n{}"),
                ("vouches", ""),
                ("reason", "for the audit"),
            ],
        )
        .await;
    assert_eq!(again.status, 422);
    for part in [
        "<title>Error: ",
        "href=\"#issuer-url\"",
        "href=\"#requested-claims\"",
        "id=\"issuer-url-problem\"",
        "value=\"My &lt;provider&gt;\"",
        "value=\"id.example.org\"",
        "{oops",
        "local x = 1;",
        "value=\"for the audit\"",
        "id=\"mapper-own\" value=\"own\" checked",
        "Enter the secret again",
    ] {
        assert!(again.shows(part), "{part} in {}", again.html);
    }
    assert!(!again.shows("name=\"vouches\" type=\"checkbox\" value=\"true\" checked"));
    assert!(settings::list(place.stand.engine.db()).await.expect("the store answers").is_empty());
}

#[tokio::test]
async fn each_role_may_what_it_may() {
    let (place, grace) = with_acme().await;
    let editor = grace.another("edda@console.test", Role::Editor).await;
    let viewer = grace.another("vera@console.test", Role::Viewer).await;
    for somebody in [&editor, &viewer] {
        let list = somebody.get("/social").await;
        assert!(
            list.shows("provider-acme")
                && !list.shows("action=\"/social/test\"")
                && !list.shows("Add provider")
        );
        let form = somebody.get("/social/provider?id=acme").await;
        assert!(form.shows("id=\"read-only\"") && !form.shows("value=\"save\""), "{}", form.html);
        let refused = somebody.post("/social/test", &[("provider", "acme")]).await;
        assert_eq!(refused.status, 403);
    }
    assert_eq!(editor.press("on:acme").await.status, 303);
    assert_eq!(viewer.press("off:acme").await.status, 403);
    assert_eq!(editor.save("acme", &place.provider.base, &[("label", "Mine")]).await.status, 403);
    assert_eq!(viewer.save("acme", &place.provider.base, &[("label", "Mine")]).await.status, 403);
    let actions = grace.actions().await;
    for part in [
        "social.test_refused",
        "settings.refused {\"reason\":\"role\",\"role\":\"editor\",\"at\":\"/social/provider\",\"what\":\"save\"}",
        "settings.refused {\"reason\":\"role\",\"role\":\"viewer\",\"at\":\"/social\",\"what\":\"off\"}",
    ] {
        assert!(actions.iter().any(|action| action.starts_with(part)), "{part}: {actions:#?}");
    }

    // The owner, an hour after signing in: what was typed stays, and the password does.
    grace.world.clock.advance(std::time::Duration::from_secs(3600));
    let form = grace.get("/social/provider?id=acme").await;
    assert!(form.shows("id=\"confirm-password\""), "asked for at once, since the secret is typed once");
    let late = grace.save("acme", &place.provider.base, &[("label", "Late")]).await;
    assert!(
        late.status == 422
            && late.shows("value=\"Late\"")
            && late.shows("You signed in more than five minutes ago"),
        "{}",
        late.html
    );
    let wrong = grace.save("acme", &place.provider.base, &[("label", "Late"), ("password", "wrong")]).await;
    assert_eq!(wrong.status, 422);
    let right = grace.save("acme", &place.provider.base, &[("label", "Late"), ("password", PASSWORD)]).await;
    assert_eq!(right.status, 303, "{}", right.html);
    assert!(grace.get("/social").await.shows(">Late<"));
}

#[tokio::test]
async fn what_was_typed_outlives_the_session_but_for_the_secret() {
    let place = bare().await;
    let mut grace = Console::of(&place).await;
    grace.world.clock.advance(std::time::Duration::from_secs(24 * 3600));
    let led = grace.save("", &place.provider.base, &[("label", "Typed before")]).await;
    assert_eq!(led.status, 303);
    assert_eq!(led.location(), "/sign-in?next=%2Fsocial%2Fprovider%3Fkept%3Dtrue");
    grace.sign_in(EMAIL).await;
    let back = grace.get("/social/provider?kept=true").await;
    for part in ["value=\"Typed before\"", "not saved yet", "enter them again", "value=\"acme\""] {
        assert!(back.shows(part), "{part} in {}", back.html);
    }
    let mut tx = grace.engine.db().read().await.expect("the store answers");
    let (herself, _) =
        rows::by_email(&mut tx, EMAIL).await.expect("the store answers").expect("she is there");
    drop(tx);
    let kept = operators::kept::kept(&grace.engine, &herself, "/social/provider").await;
    let kept = kept.expect("the store answers").expect("what she typed");
    assert!(kept.contains("Typed+before") && !kept.contains("client_secret"), "{kept}");
    assert!(settings::list(place.stand.engine.db()).await.expect("the store answers").is_empty());
}

#[tokio::test]
async fn a_second_click_on_save_is_the_first() {
    let (place, grace) = with_acme().await;
    let again = grace.save("", &place.provider.base, &[("base", "0")]).await;
    assert_eq!(again.location(), "/social?done=new", "{}", again.html);
    for _ in 0..2 {
        let saved = grace.save("acme", &place.provider.base, &[("base", "1"), ("label", "Twice")]).await;
        assert_eq!(saved.location(), "/social?saved=2&new=true", "{}", saved.html);
    }
    assert_eq!(grace.revision().await, "2");
    let other = grace.save("", &place.provider.base, &[("label", "Another")]).await;
    assert!(other.status == 422 && other.shows("A provider with this ID already exists"), "{}", other.html);
}

#[tokio::test]
async fn two_owners_at_one_provider_lose_nothing() {
    let (place, grace) = with_acme().await;
    let olga = grace.another("olga@console.test", Role::Owner).await;
    let base = grace.revision().await;
    assert_eq!(olga.save("acme", &place.provider.base, &[("label", "Olga's")]).await.status, 303);
    let clash = grace.save("acme", &place.provider.base, &[("label", "Grace's"), ("base", &base)]).await;
    assert_eq!(clash.status, 409);
    for part in
        ["<bdi>Edda</bdi> saved changes while you were editing", "Name on the button: Olga", "value=\"Grace"]
    {
        assert!(clash.shows(part), "{part} in {}", clash.html);
    }
    // Something else was saved meanwhile: no conflict.
    let base = grace.revision().await;
    olga.press("buttons:first").await;
    assert_eq!(
        grace.save("acme", &place.provider.base, &[("label", "Grace's"), ("base", &base)]).await.status,
        303
    );
    assert!(grace.engine.begin().config.selfservice.social.buttons_first);
}

#[tokio::test]
async fn a_removed_provider_takes_its_secret_along() {
    let (place, grace) = with_acme().await;
    let removed = grace.save("acme", &place.provider.base, &[("action", "remove")]).await;
    assert_eq!(removed.location(), "/social?done=removed", "{}", removed.html);
    let rows = place.stand.engine.db().rows().await.expect("the store answers");
    assert_eq!(rows["setting_secrets"], 0);
    assert!(grace.get("/social").await.shows("No providers yet."));
    let gone = grace.get("/social/provider?id=acme").await;
    assert_eq!(gone.status, 404);
    assert_eq!(grace.save("acme", &place.provider.base, &[("label", "Late")]).await.status, 422);
}

/// What the environment decides is shown with its variable; its controls cannot be used, and a press all the same changes nothing.
#[tokio::test]
async fn what_the_environment_decides_is_locked_with_its_variable() {
    let place = Place::start("memory", |_| json!({})).await;
    let console = Console::of(&place).await;
    for (variable, value, action) in [
        ("SELFSERVICE_METHODS_OIDC_ENABLED", "true", "method:off"),
        ("VESTIBULE_SOCIAL_BUTTONS", "first", "buttons:last"),
        ("VESTIBULE_SOCIAL_OFF", "other", "on:other"),
        ("VESTIBULE_SOCIAL_ORDER", "other,acme", "down:other"),
    ] {
        let sources = engine::config::load::Sources {
            documents: vec![place.stand.world.config(vec![place.document.clone()]).raw],
            environment: [(variable.to_owned(), value.to_owned())].into(),
            ..Default::default()
        };
        let config =
            engine::config::load::load(&sources, None).unwrap_or_else(|problems| panic!("{problems}")).config;
        place.stand.engine.publish(config);
        let page = console.get("/social").await;
        assert!(page.shows("id=\"locked\"") && page.shows(variable), "{variable}: {}", page.html);
        let button = page.html.split("<button").find(|part| part.contains(&format!("value=\"{action}\"")));
        let button =
            button.unwrap_or_else(|| panic!("{action}: {}", page.html)).split('>').next().unwrap_or_default();
        assert!(button.contains("disabled"), "{action}: {button}");
        let pressed = console.press(action).await;
        assert_eq!(pressed.status, 422, "{action}");
        assert!(pressed.shows(variable), "{action}: {}", pressed.html);
        assert_eq!(console.revision().await, "0");
    }
    place.change(json!({}));
    let page = console.get("/social").await;
    assert!(!page.shows("id=\"locked\""), "{}", page.html);
}
