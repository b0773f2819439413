//! A provider set up in the console of a running server: entered, tried, tested with the real trip, switched on, used. And what
//! the console refuses, keeps and does not show.

use crate::console::{BASE, Console, EMAIL, PASSWORD, Page};
use crate::provider::{CLIENT, SECRET, Sends};
use crate::session_hook::save;
use crate::trip::{HTML, Place, agree, location, messages};
use axum::http::header;
use engine::operators::{self, Role};
use engine::settings::Authentication;
use engine::store::{audit, operators as rows};
use engine::testing::operator;
use engine::{cleanup, settings};
use serde_json::json;

impl Page {
    fn shows(&self, part: &str) -> bool {
        // What stands between two pieces of text is not seen.
        self.html.replace("<!>", "").contains(part)
    }
}

impl Console {
    /// As the owner.
    async fn of(place: &Place) -> Self {
        Self::on(place.stand.world.clone(), place.stand.engine.clone()).with_operator("Grace").await
    }

    async fn revision(&self) -> String {
        let current = settings::social::current(&self.engine).await.expect("the settings answer");
        current.revision.to_string()
    }

    /// A Save of the provider `acme`, with some fields set to something else.
    async fn save(&self, was: &str, provider: &str, changed: &[(&str, &str)]) -> Page {
        let base = self.revision().await;
        let mut fields = vec![
            ("action", "save"),
            ("base", base.as_str()),
            ("provider", "generic"),
            ("was", was),
            ("id", "acme"),
            ("label", "Acme"),
            ("client_id", CLIENT),
            ("client_secret", if was.is_empty() { SECRET } else { "" }),
            ("issuer_url", provider),
            ("scope", "openid email"),
            ("mapper", "preset"),
            ("vouches", "true"),
        ];
        fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post("/social/provider", &fields).await
    }

    async fn press(&self, action: &str) -> Page {
        let base = self.revision().await;
        self.post("/social", &[("action", action), ("base", &base)]).await
    }

    /// Begins a test: the address at the provider.
    async fn test(&self) -> String {
        let page = self.post("/social/test", &[("provider", "acme")]).await;
        assert_eq!(page.status, 200, "{}", page.html);
        let address = page.html.split("href=\"").find(|part| part.contains("/authorize?")).expect("a link");
        let address = address.split('"').next().expect("its end");
        address.replace("&amp;", "&")
    }

    async fn actions(&self) -> Vec<String> {
        let mut tx = self.engine.db().read().await.expect("the store answers");
        let entries = audit::list(&mut tx, 100).await.expect("the store answers");
        entries.into_iter().map(|entry| format!("{} {}", entry.action, entry.details)).collect()
    }
}

/// Nobody can come from anywhere yet.
async fn bare() -> Place {
    Place::start("memory", |_| {
        json!({
            "selfservice": {"methods": {"oidc": {"enabled": false, "config": {"providers": []}}}},
            "vestibule": {"social": {"vouching": null}},
        })
    })
    .await
}

/// With `acme`, saved and off.
async fn with_acme() -> (Place, Console) {
    let place = bare().await;
    let grace = Console::of(&place).await;
    let saved = grace.save("", &place.provider.base, &[]).await;
    assert_eq!(saved.status, 303, "{}", saved.html);
    assert_eq!(saved.location(), "/social?done=new");
    (place, grace)
}

/// The way back of a test: the console's page of it.
async fn through(place: &Place, there: &str) -> String {
    let back = agree(there).await;
    let answer = place.browser().get(&back, HTML).await;
    assert_eq!(answer.status, 303);
    assert!(
        !answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("session")),
        "nobody is signed in"
    );
    let to = location(&answer);
    to.strip_prefix(BASE).unwrap_or_else(|| panic!("{to}")).to_owned()
}

#[tokio::test]
async fn a_provider_is_set_up_tested_and_switched_on_without_a_file() {
    let place = bare().await;
    let grace = Console::of(&place).await;
    assert!(grace.get("/social").await.shows("There is no provider yet"));
    let gallery = grace.get("/social/new").await;
    for name in ["google", "github", "keycloak", "twitch", "generic"] {
        assert!(gallery.shows(&format!("href=\"/social/new?kind={name}\"")), "{name}");
    }
    let form = grace.get("/social/new?kind=generic").await;
    let uri = format!("value=\"http://{}/self-service/methods/oidc/callback/generic\"", place.public);
    assert!(form.shows(&uri), "{}", form.html);
    assert_eq!(grace.get("/social/new?kind=myspace").await.status, 404);

    let saved = grace.save("", &place.provider.base, &[]).await;
    assert_eq!(saved.status, 303);
    assert_eq!(saved.location(), "/social?done=new");
    let list = grace.get("/social?done=new").await;
    assert!(
        list.shows("still off") && list.shows("data-testid=\"provider-acme\" data-state=\"off\""),
        "{}",
        list.html
    );
    let mut nobody = place.browser();
    let flow = nobody.open("registration").await;
    assert!(crate::trip::node(&flow, "provider").is_none(), "nobody sees it");

    // The whole trip, while it is off.
    let before = place.stand.engine.db().rows().await.expect("the store answers");
    let page = through(&place, &grace.test().await).await;
    let after = place.stand.engine.db().rows().await.expect("the store answers");
    let changed: Vec<(&String, i64)> = after
        .iter()
        .map(|(table, count)| (table, count - before.get(table).copied().unwrap_or_default()))
        .filter(|(_, more)| *more != 0)
        .collect();
    assert_eq!(changed, [(&"audit".to_owned(), 1), (&"social_tests".to_owned(), 1)]);
    let result = grace.get(&page).await;
    for part in [
        "a new account would be made",
        "anna@example.org, proven",
        "coming back from a provider is a sign-in",
        "email_verified",
        "Counts as proven: anna@example.org",
    ] {
        assert!(result.shows(part), "{part} in {}", result.html);
    }
    assert!(!result.shows("an access token") && !result.shows("nonce&quot;"), "{}", result.html);
    assert!(place.accounts().await.is_empty());

    assert_eq!(grace.press("on:acme").await.location(), "/social?done=saved");
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(session["identity"]["verifiable_addresses"][0]["verified"], true);
    let used = grace.get("/social/provider?id=acme").await;
    assert!(used.shows("last used") && used.shows("by Grace"), "{}", used.html);
    // Somebody who came from there before.
    let page = through(&place, &grace.test().await).await;
    let result = grace.get(&page).await;
    let id = session["identity"]["id"].as_str().expect("an id");
    assert!(result.shows("an account would be signed in") && result.shows(id), "{}", result.html);

    // Off again: nobody comes in, not even who left before.
    let mut late = place.browser();
    let flow = late.open("login").await;
    let back = agree(&late.leave(&flow, "acme").await).await;
    grace.press("off:acme").await;
    let answer = late.get(&back, HTML).await;
    let flow = late.follow(&answer).await;
    assert!(flow["ui"]["messages"][0]["text"].as_str().expect("a text").contains("not offered any more"));
    assert_eq!(late.whoami().await, None);
}

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
        "They fit the identity schema",
        "Counts as proven without a mail: jane@example.org",
        fine.split(';').next().expect("its start"),
    ] {
        assert!(page.shows(&part.replace('\'', "&#x27;")) || page.shows(part), "{part} in {}", page.html);
    }
    assert!(
        tried(fine, r#"{"sub": "1", "email": "nobody"}"#).await.shows("They do not fit the identity schema")
    );
    assert!(tried("error 'broken'", "{}").await.shows("The mapper fails"));
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
async fn each_role_may_what_it_may() {
    let (place, grace) = with_acme().await;
    let editor = grace.another("edda@console.test", Role::Editor).await;
    let viewer = grace.another("vera@console.test", Role::Viewer).await;
    for somebody in [&editor, &viewer] {
        let list = somebody.get("/social").await;
        assert!(
            list.shows("provider-acme")
                && !list.shows("action=\"/social/test\"")
                && !list.shows("Add a provider")
        );
        let form = somebody.get("/social/provider?id=acme").await;
        assert!(form.shows("id=\"read-only\"") && !form.shows("value=\"save\""), "{}", form.html);
        let refused = somebody.post("/social/test", &[("provider", "acme")]).await;
        assert_eq!(refused.status, 403);
    }
    assert_eq!(editor.press("on:acme").await.status, 303);
    assert_eq!(viewer.press("off:acme").await.status, 403);
    assert_eq!(editor.save("acme", &place.provider.base, &[("label", "Mine")]).await.status, 422);
    assert_eq!(viewer.save("acme", &place.provider.base, &[("label", "Mine")]).await.status, 403);
    let actions = grace.actions().await;
    for part in [
        "social.test_refused",
        "settings.refused {\"reason\":\"guarded\",\"needs\":\"owner\"",
        "settings.refused {\"reason\":\"role\"}",
    ] {
        assert!(actions.iter().any(|action| action.starts_with(part)), "{part}: {actions:#?}");
    }

    // The owner, an hour after signing in: what was typed stays, and the password does.
    grace.world.clock.advance(std::time::Duration::from_secs(3600));
    let form = grace.get("/social/provider?id=acme").await;
    assert!(form.shows("id=\"confirm-password\""), "asked for at once, since the secret is typed once");
    let late = grace.save("acme", &place.provider.base, &[("label", "Late")]).await;
    assert!(
        late.status == 422 && late.shows("value=\"Late\"") && late.shows("You signed in a while ago"),
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
    for part in ["value=\"Typed before\"", "not saved yet", "Enter the secret again", "value=\"acme\""] {
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
        assert_eq!(saved.location(), "/social?done=saved", "{}", saved.html);
    }
    assert_eq!(grace.revision().await, "2");
    let other = grace.save("", &place.provider.base, &[("label", "Another")]).await;
    assert!(other.status == 422 && other.shows("There is a provider with this id"), "{}", other.html);
}

#[tokio::test]
async fn two_owners_at_one_provider_lose_nothing() {
    let (place, grace) = with_acme().await;
    let olga = grace.another("olga@console.test", Role::Owner).await;
    let base = grace.revision().await;
    assert_eq!(olga.save("acme", &place.provider.base, &[("label", "Olga's")]).await.status, 303);
    let clash = grace.save("acme", &place.provider.base, &[("label", "Grace's"), ("base", &base)]).await;
    assert_eq!(clash.status, 409);
    for part in ["Edda saved this provider in revision 2", "Name on the button: Olga", "value=\"Grace"] {
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
            result.shows(&format!("It does not work yet: {part}")) && result.shows("Check"),
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
    assert!(grace.get(&page).await.shows("Check client id, secret and issuer"));
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
            && result.shows("Change the mapper")
            && result.shows("data-testid=\"claims\""),
        "{}",
        result.html
    );
    let saved = grace.save("acme", "http://127.0.0.1:1", &[("client_secret", SECRET)]).await;
    assert_eq!(saved.status, 303, "{}", saved.html);
    let over = grace.post("/social/test", &[("provider", "acme")]).await;
    assert_eq!(over.status, 303);
    assert!(grace.get(over.location()).await.shows("exchange_failed"));
    assert!(place.accounts().await.is_empty());
}

#[tokio::test]
async fn a_test_is_its_operator_s_alone_counts_once_and_goes() {
    let (place, grace) = with_acme().await;
    let there = grace.test().await;
    let back = agree(&there).await;
    let mut anybody = place.browser();
    let page = location(&anybody.get(&back, HTML).await).replace(BASE, "");
    assert!(grace.get(&page).await.shows("a new account would be made"));
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
    assert_eq!(rows["social_tests"], 0);
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
    assert!(asked.shows("people would be asked for more") && asked.shows("traits.email"), "{}", asked.html);
    let id = place.with_password("berta@example.org").await;
    place.provider.visitor("berta", json!({"email": "berta@example.org", "email_verified": true}));
    let linked = result().await;
    assert!(linked.shows("the address has an account already") && linked.shows(&id), "{}", linked.html);
    let engine = &place.stand.engine;
    let close = |values: &Authentication| Authentication { registration_enabled: false, ..values.clone() };
    save(engine, &operator(engine, Role::Owner), close).await;
    assert!(result().await.shows("the address has an account already"), "who must link may do so");
    place.provider.visitor("dora", json!({"email": "dora@example.org"}));
    assert!(result().await.shows("Sign-up would be refused: it is closed"));
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
    assert!(text.contains("Acme is not set up completely"), "{text}");
    assert_eq!(anna.whoami().await, None);
    assert!(place.provider.exchanges().is_empty(), "nobody is asked without it");
    let page = through(&place, &grace.test().await).await;
    let result = grace.get(&page).await;
    assert!(result.shows("social/acme/client_secret") && result.shows("not_set_up"), "{}", result.html);
    assert!(grace.get("/social").await.shows("Its secret is gone"));
}

#[tokio::test]
async fn a_removed_provider_takes_its_secret_along() {
    let (place, grace) = with_acme().await;
    let removed = grace.save("acme", &place.provider.base, &[("action", "remove")]).await;
    assert_eq!(removed.location(), "/social?done=removed", "{}", removed.html);
    let rows = place.stand.engine.db().rows().await.expect("the store answers");
    assert_eq!(rows["setting_secrets"], 0);
    assert!(grace.get("/social").await.shows("There is no provider yet"));
    let gone = grace.get("/social/provider?id=acme").await;
    assert_eq!(gone.status, 404);
    assert_eq!(grace.save("acme", &place.provider.base, &[("label", "Late")]).await.status, 422);
}
