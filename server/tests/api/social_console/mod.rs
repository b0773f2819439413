//! A provider set up in the console of a running server: entered, tried, tested with the real trip, switched on, used. And what
//! the console refuses, keeps and does not show.

mod saving;
mod trying;

use crate::console::{BASE, Console, EMAIL, PASSWORD, Page};
use crate::provider::{CLIENT, SECRET, Sends};
use crate::session_hook::save;
use crate::trip::{HTML, Place, agree, location, messages};
use axum::http::header;
use engine::operators::{self, Role};
use engine::settings::Values;
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
            "vestibule": {"social": {"trusted_email_providers": null}, "web_hooks": {"allowed_hosts": ["127.0.0.1"]}},
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
    assert!(grace.get("/social").await.shows("No providers yet."));
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
        list.shows("The provider is off: test it")
            && list.shows("data-testid=\"provider-acme\" data-state=\"off\""),
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
    assert_eq!(changed, [(&"audit".to_owned(), 1), (&"oidc_tests".to_owned(), 1)]);
    let result = grace.get(&page).await;
    for part in [
        "a new account would be created",
        "anna@example.org (verified)",
        "returning from a provider is a sign-in",
        "email_verified",
        "Verified: anna@example.org",
    ] {
        assert!(result.shows(part), "{part} in {}", result.html);
    }
    assert!(!result.shows("an access token") && !result.shows("nonce&quot;"), "{}", result.html);
    assert!(place.accounts().await.is_empty());

    assert_eq!(grace.press("on:acme").await.location(), "/social?saved=2&new=true");
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(session["identity"]["verifiable_addresses"][0]["verified"], true);
    let used = grace.get("/social/provider?id=acme").await;
    assert!(used.shows("last used") && used.shows("by <bdi>Grace</bdi>"), "{}", used.html);
    // Somebody who came from there before.
    let page = through(&place, &grace.test().await).await;
    let result = grace.get(&page).await;
    let id = session["identity"]["id"].as_str().expect("an id");
    assert!(result.shows("an existing account would be signed in") && result.shows(id), "{}", result.html);

    // Off again: nobody comes in, not even who left before.
    let mut late = place.browser();
    let flow = late.open("login").await;
    let back = agree(&late.leave(&flow, "acme").await).await;
    grace.press("off:acme").await;
    let answer = late.get(&back, HTML).await;
    let flow = late.follow(&answer).await;
    assert!(flow["ui"]["messages"][0]["text"].as_str().expect("a text").contains("no longer available"));
    assert_eq!(late.whoami().await, None);
}
