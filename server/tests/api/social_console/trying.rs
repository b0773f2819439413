//! A provider is tried before people see it: its mapper, and the real trip.

use super::*;

#[tokio::test]
async fn a_mapper_is_tried_in_the_form() {
    let place = bare().await;
    let grace = Console::of(&place).await;
    let tried = async |mapper: &str, claims: &str| {
        grace
            .save(
                "",
                &place.provider.base,
                &[("action", "try"), ("mapper", "own"), ("mapper_text", mapper), ("claims", claims)],
            )
            .await
    };
    let fine = "local c = std.extVar('claims'); { identity: { traits: { email: c.email }, verified_addresses: [{ via: 'email', value: c.email }] } }";
    let page = tried(fine, r#"{"sub": "1", "email": "Jane@example.org"}"#).await;
    assert_eq!(page.status, 200);
    for part in [
        "The traits match the identity schema",
        "Verified without a code: jane@example.org",
        fine.split(';').next().expect("its start"),
    ] {
        assert!(page.shows(&part.replace('\'', "&#x27;")) || page.shows(part), "{part} in {}", page.html);
    }
    assert!(
        tried(fine, r#"{"sub": "1", "email": "nobody"}"#)
            .await
            .shows("The traits don’t match the identity schema")
    );
    assert!(tried("error 'broken'", "{}").await.shows("The claims mapping fails"));
    assert_eq!(tried(fine, "no JSON").await.status, 422);
    let outside = "</textarea><b id=out>&lt;";
    let page = tried(outside, outside).await;
    assert!(!page.shows("<b id=out>"), "{}", page.html);
    assert!(page.shows("&lt;/textarea>&lt;b id=out>&amp;lt;"), "{}", page.html);
    assert!(settings::list(place.stand.engine.db()).await.expect("the store answers").is_empty());
    let editor = grace.another("edda@console.test", Role::Editor).await;
    assert_eq!(
        editor.save("", &place.provider.base, &[("action", "try")]).await.status,
        403,
        "a mapper is code"
    );
}

#[tokio::test]
async fn a_test_says_where_it_went_wrong_and_what_to_change() {
    let (place, grace) = with_acme().await;
    for (sends, part) in [
        (Sends::Unsigned, "verification_failed"),
        (Sends::WrongIssuer, "verification_failed"),
        (Sends::WrongAudience, "verification_failed"),
        (Sends::Expired, "verification_failed"),
        (Sends::OtherNonce, "verification_failed"),
        (Sends::NoToken, "verification_failed"),
        (Sends::Refusal, "exchange_failed"),
        (Sends::Much, "exchange_failed"),
        (Sends::Nothing, "exchange_failed"),
    ] {
        place.provider.change(|behaviour| behaviour.sends = sends);
        let page = through(&place, &grace.test().await).await;
        let result = grace.get(&page).await;
        assert!(
            result.shows("Sign-in with this provider doesn’t work")
                && result.shows(part)
                && result.shows("Check"),
            "{sends:?}: {}",
            result.html
        );
        assert!(!result.shows("data-testid=\"claims\""), "{sends:?}: nothing unbelieved is shown");
    }
    place.provider.change(|behaviour| {
        behaviour.sends = Sends::Good;
        behaviour.error = Some("access_denied");
    });
    let page = through(&place, &grace.test().await).await;
    assert!(grace.get(&page).await.shows("access_denied"));
    place.provider.change(|behaviour| behaviour.error = None);

    // Wrong secret, a mapper that fails, a provider that cannot be asked.
    grace.save("acme", &place.provider.base, &[("client_secret", "wrong")]).await;
    let page = through(&place, &grace.test().await).await;
    assert!(grace.get(&page).await.shows("Check the client ID, the secret and the issuer"));
    grace
        .save(
            "acme",
            &place.provider.base,
            &[("client_secret", SECRET), ("mapper", "own"), ("mapper_text", "error 'no such trait'")],
        )
        .await;
    let page = through(&place, &grace.test().await).await;
    let result = grace.get(&page).await;
    assert!(
        result.shows("no such trait")
            && result.shows("Change the claims mapping")
            && result.shows("data-testid=\"claims\""),
        "{}",
        result.html
    );
    let saved = grace.save("acme", "http://127.0.0.1:1", &[("client_secret", SECRET)]).await;
    assert_eq!(saved.status, 303, "{}", saved.html);
    let over = grace.post("/social/test", &[("provider", "acme")]).await;
    assert_eq!(over.status, 303);
    let result = grace.get(over.location()).await;
    assert!(
        result.shows("exchange_failed") && result.shows("The test ended before the redirect"),
        "{}",
        result.html
    );
    assert!(!result.shows("Passed"), "nothing happened before it: {}", result.html);
    assert!(place.accounts().await.is_empty());
}

#[tokio::test]
async fn a_test_is_its_operator_s_alone_counts_once_and_goes() {
    let (place, grace) = with_acme().await;
    let there = grace.test().await;
    let back = agree(&there).await;
    let mut anybody = place.browser();
    let page = location(&anybody.get(&back, HTML).await).replace(BASE, "");
    assert!(grace.get(&page).await.shows("a new account would be created"));
    let olga = grace.another("olga@console.test", Role::Owner).await;
    assert_eq!(olga.get(&page).await.status, 404, "another owner's");
    let editor = grace.another("edda@console.test", Role::Editor).await;
    assert_eq!(editor.get(&page).await.status, 404);
    for id in ["", "nonsense", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(grace.get(&format!("/social/test?id={id}")).await.status, 404, "{id}");
    }
    let exchanges = place.provider.exchanges().len();
    assert_eq!(location(&anybody.get(&back, HTML).await).replace(BASE, ""), page, "loaded once more");
    assert_eq!(place.provider.exchanges().len(), exchanges, "and exchanged once");
    // A form of the console leads nowhere but to the console.
    let policy = grace.post("/social/test", &[("provider", "acme")]).await.headers
        [header::CONTENT_SECURITY_POLICY]
        .clone();
    assert!(policy.to_str().expect("text").contains("form-action 'self'"));
    assert_eq!(grace.post("/social/test", &[("provider", "other")]).await.status, 404);

    // What nobody came back from in time is worth nothing, and all of it goes.
    let late = agree(&grace.test().await).await;
    place.advance(10 * 60 + 1);
    let to = location(&place.browser().get(&late, HTML).await).replace(BASE, "");
    assert_eq!(place.provider.exchanges().len(), exchanges, "too late");
    for page in [&page, &to] {
        assert_eq!(grace.get(page).await.status, 404);
    }
    cleanup::sweep(&place.stand.engine).await.expect("the store answers");
    let rows = place.stand.engine.db().rows().await.expect("the store answers");
    assert_eq!(rows["oidc_tests"], 0);
}

#[tokio::test]
async fn a_test_foretells_what_a_real_trip_does() {
    let (place, grace) = with_acme().await;
    let result = async || {
        let page = through(&place, &grace.test().await).await;
        grace.get(&page).await
    };
    place.provider.visitor("carl", json!({"name": "Carl"}));
    let asked = result().await;
    assert!(asked.shows("users are asked for more") && asked.shows("traits.email"), "{}", asked.html);
    let id = place.with_password("berta@example.org").await;
    place.provider.visitor("berta", json!({"email": "berta@example.org", "email_verified": true}));
    let linked = result().await;
    assert!(linked.shows("an account with this email exists") && linked.shows(&id), "{}", linked.html);
    let engine = &place.stand.engine;
    let close = |values: &Values| values.clone().having("registration_enabled", false);
    save(engine, &operator(engine, Role::Owner), close).await;
    assert!(result().await.shows("an account with this email exists"), "who must link may do so");
    place.provider.visitor("dora", json!({"email": "dora@example.org"}));
    assert!(result().await.shows("Sign-up would be rejected: sign-up is off"));
    assert_eq!(place.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_secret_that_is_gone_is_told_to_both_sides() {
    let (place, grace) = with_acme().await;
    grace.press("on:acme").await;
    let mut tx = place.stand.engine.db().write().await.expect("the store answers");
    assert!(
        engine::store::setting_secrets::destroy(&mut tx, "social/acme/client_secret")
            .await
            .expect("the store answers")
    );
    tx.commit().await.expect("the store answers");
    let mut anna = place.browser();
    let answer = anna.through("login", "acme").await;
    let flow = anna.follow(&answer).await;
    assert_eq!(messages(&flow), [4_000_001]);
    let text = flow["ui"]["messages"][0]["text"].as_str().expect("a text");
    assert!(text.contains("with Acme isn’t fully set up"), "{text}");
    assert_eq!(anna.whoami().await, None);
    assert!(place.provider.exchanges().is_empty(), "nobody is asked without it");
    let page = through(&place, &grace.test().await).await;
    let result = grace.get(&page).await;
    assert!(result.shows("social/acme/client_secret") && result.shows("not_set_up"), "{}", result.html);
    assert!(grace.get("/social").await.shows("The secret is missing"));
}
