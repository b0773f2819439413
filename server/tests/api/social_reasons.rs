//! What whoever runs the service reads in the log when a trip to a provider comes to nothing: for each trouble a line with a reason
//! of its own, and none of the secrets that were on the way. What the person is told is `social_trouble`'s.

use crate::log::Log;
use crate::provider::{SECRET, Sends};
use crate::trip::{HTML, JSON, Place, Tab, acme, agree, document};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A place whose log is read.
struct Watched {
    place: Place,
    log: Log,
    /// What must never stand in it.
    secrets: Vec<String>,
    /// Reasons so far, each with the trouble that it told of.
    told: BTreeMap<String, String>,
}

impl Watched {
    async fn start(more: Value) -> Self {
        let log = Log::listen();
        let place = Place::start("memory", |_| more).await;
        let secrets = vec![SECRET.to_owned(), "an access token".to_owned()];
        Self { place, log, secrets, told: BTreeMap::new() }
    }

    /// To the provider, where the person agrees: the address of the way back.
    async fn away(&mut self, tab: &mut Tab, kind: &str, provider: &str) -> String {
        let flow = tab.open(kind).await;
        let there = tab.leave(&flow, provider).await;
        let back = agree(&there).await;
        for address in [&there, &back] {
            let url = url::Url::parse(address).expect("an address");
            let secret = ["state", "nonce", "code", "code_challenge"];
            let found = url.query_pairs().filter(|(name, _)| secret.contains(&name.as_ref()));
            self.secrets.extend(found.map(|(_, value)| value.into_owned()));
        }
        self.secrets.extend(tab.jar.values().cloned());
        back
    }

    /// There and back in a browser of its own.
    async fn through(&mut self, kind: &str, provider: &str) {
        let mut tab = self.place.browser();
        let back = self.away(&mut tab, kind, provider).await;
        tab.get(&back, HTML).await;
    }

    /// One trip that comes to nothing.
    async fn fails(&mut self, trouble: &str, step: &str, why: &str) {
        self.through("login", "acme").await;
        self.reads(trouble, step, why);
    }

    /// The one line that tells of it.
    fn reads(&mut self, trouble: &str, step: &str, why: &str) {
        let log = self.log.take();
        let lines: Vec<&str> =
            log.lines().filter(|line| line.contains("a trip to a provider failed")).collect();
        let [line] = lines[..] else { panic!("{trouble}: not one line in {log:?}") };
        assert!(line.contains(" WARN ") && line.contains(&format!("step=\"{step}\"")), "{trouble}: {line}");
        let (_, reason) = line.split_once("reason=").unwrap_or_else(|| panic!("{trouble}: {line}"));
        assert!(reason.contains(why), "{trouble}: {reason}");
        let of_exchanges = self.place.provider.exchanges().into_iter().flat_map(|(form, _)| form);
        let secret = ["code", "code_verifier", "client_secret"];
        self.secrets
            .extend(of_exchanges.filter(|(name, _)| secret.contains(&name.as_str())).map(|(_, value)| value));
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            assert!(!log.contains(secret.as_str()), "{trouble}: {secret} in {log}");
        }
        assert!(!log.contains("eyJ"), "{trouble}: a token in {log}");
        if let Some(other) = self.told.insert(reason.to_owned(), trouble.to_owned()) {
            panic!("nobody can tell {trouble:?} from {other:?}: {reason}");
        }
    }

    /// With that entry as the only provider.
    fn only(&self, more: Value) {
        let providers = json!([acme(&self.place.provider, more)]);
        self.place
            .change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": providers}}}}}));
    }
}

#[tokio::test]
async fn each_trouble_with_a_provider_s_answer_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({})).await;
    let (not_believed, failed) = ("verification_failed", "exchange_failed");
    for (sends, step, why) in [
        (Sends::Unsigned, not_believed, "No signature found"),
        (Sends::Symmetric, not_believed, "Disallowed signature algorithm"),
        (Sends::ForeignKey, not_believed, "No matching key found"),
        (Sends::Changed, not_believed, "Crypto error"),
        (Sends::WrongIssuer, not_believed, "Invalid issuer"),
        (Sends::WrongAudience, not_believed, "Invalid audiences"),
        (Sends::OtherParty, not_believed, "the token was issued for the client"),
        (Sends::Expired, not_believed, "Expired"),
        (Sends::FromTheFuture, not_believed, "issued in the future"),
        (Sends::OtherNonce, not_believed, "Invalid nonce"),
        (Sends::NoNonce, not_believed, "Invalid nonce"),
        (Sends::NoToken, not_believed, "the provider returned no id_token"),
        (Sends::Refusal, failed, "the provider rejected the code: temporarily_unavailable"),
        (Sends::Nonsense, failed, "invalid token response"),
        (Sends::Much, failed, "is larger than 524288 bytes"),
        (Sends::Nothing, failed, "didn't respond within 300 ms"),
    ] {
        watched.place.provider.change(|behaviour| behaviour.sends = sends);
        watched.fails(&format!("{sends:?}"), step, why).await;
    }
    watched.place.provider.change(|behaviour| behaviour.sends = Sends::Good);
    for (error, step) in [("access_denied", "access_denied"), ("server_error", failed)] {
        watched.place.provider.change(|behaviour| behaviour.error = Some(error));
        watched
            .fails(error, step, &format!("the provider says \\\"{error}\\\": \\\"as the test wants\\\""))
            .await;
    }
    watched.place.provider.change(|behaviour| {
        behaviour.error = None;
        behaviour.names = Some("https://other.example".to_owned());
    });
    watched.fails("an answer of another provider", not_believed, "https://other.example").await;

    // Whoever is let in is no trouble.
    watched.place.provider.change(|behaviour| behaviour.names = None);
    watched.through("login", "acme").await;
    let log = watched.log.take();
    assert!(!log.contains(" WARN "), "{log}");
}

#[tokio::test]
async fn each_way_back_that_is_not_the_one_that_was_waited_for_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({})).await;
    let step = "state_invalid";
    let mut anna = watched.place.browser();
    let back = watched.away(&mut anna, "registration", "acme").await;
    let path = back.split('?').next().expect("a path").to_owned();
    anna.get(&path, HTML).await;
    watched.reads("no state", step, "it came back without a state");
    anna.get(&format!("{path}?code=code-0&state=wrong"), HTML).await;
    watched.reads("a wrong state", step, "its state is none that was given out");

    watched.place.browser().get(&back, HTML).await;
    watched.reads("another browser", step, "in another browser");

    anna.get(&back, HTML).await;
    assert!(anna.whoami().await.is_some());
    assert!(!watched.log.take().contains(" WARN "));
    anna.jar.remove("ory_kratos_session");
    anna.get(&back, HTML).await;
    watched.reads("a used state", step, "once more with a state that was used");

    // The code of that trip with the state of the next.
    let code = |address: &str| {
        let url = url::Url::parse(address).expect("an address");
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").expect("a code");
        format!("code={code}")
    };
    let mut tab = watched.place.browser();
    let next = watched.away(&mut tab, "login", "acme").await;
    tab.get(&next.replace(&code(&next), &code(&back)), HTML).await;
    watched.reads("a used code", "exchange_failed", "the provider rejected the code: invalid_grant");

    let mut tab = watched.place.browser();
    let back = watched.away(&mut tab, "login", "acme").await;
    tab.get(&back.replace(&code(&back), ""), HTML).await;
    watched.reads("no code", step, "without a code");

    let mut tab = watched.place.browser();
    let back = watched.away(&mut tab, "login", "acme").await;
    tab.get(&back.replace("/callback/acme", "/callback/other"), HTML).await;
    watched.reads("the address of another provider", step, "it came back at the address of");

    let mut tab = watched.place.browser();
    let back = watched.away(&mut tab, "login", "acme").await;
    watched.place.advance(30 * 60 + 1);
    tab.get(&back, HTML).await;
    watched.reads("half an hour too late", step, "after its time was up");
}

#[tokio::test]
async fn a_provider_that_is_gone_cannot_be_asked_or_is_another_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({})).await;
    let mut tab = watched.place.browser();
    let back = watched.away(&mut tab, "login", "acme").await;
    let mut other = watched.place.browser();
    let form = other.open("login").await;
    watched.only(json!({"id": "other"}));
    tab.get(&back, HTML).await;
    watched.reads("removed while somebody was there", "not_set_up", "somebody came back from it");
    other.submit(&form, &[("provider", "acme")]).await;
    watched.reads("removed under a form", "not_set_up", "a form names it");

    let (slash, own) =
        (format!("{}/", watched.place.provider.base), format!("http://{}", watched.place.admin));
    for (issuer, step, why) in [
        ("http://127.0.0.1:1", "exchange_failed", "127.0.0.1 can't be reached"),
        (own.as_str(), "exchange_failed", "is an address that requests must not go to"),
        (slash.as_str(), "verification_failed", "but the provider's issuer is"),
    ] {
        watched.only(json!({"issuer_url": issuer}));
        let mut tab = watched.place.browser();
        let flow = tab.open("login").await;
        tab.submit(&flow, &[("provider", "acme")]).await;
        watched.reads(issuer, step, why);
    }
}

#[tokio::test]
async fn a_mapper_that_fails_or_makes_rubbish_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({})).await;
    for (mapper, why) in [
        ("error 'no'", "no"),
        ("{ traits: {} }", "it doesn't return `{identity: {traits: …}}`"),
        ("{ identity: {} }", "`identity.traits` is not an object"),
        ("'rubbish'", "it doesn't return `{identity: {traits: …}}`"),
        ("local f(n) = 1 + f(n + 1); f(0)", "claims mapping: "),
        ("{ identity: { traits: { email: std.extVar('claims').nothing } } }", "nothing"),
        ("import 'file'", "claims mapping: "),
    ] {
        watched.only(json!({"mapper_url": format!("base64://{}", STANDARD.encode(mapper))}));
        watched.fails(mapper, "claims_invalid", why).await;
    }
    // What the schema does not take is asked of the person, and whoever wrote the mapper learns what it was.
    let mapper = STANDARD.encode("{ identity: { traits: { email: 'no address' } } }");
    watched.only(json!({"mapper_url": format!("base64://{mapper}")}));
    watched.through("registration", "acme").await;
    let log = watched.log.take();
    assert!(log.contains("makes no account yet") && log.contains("fields=[\"traits.email\"]"), "{log}");
    assert!(!log.contains("no address"), "not what it says of somebody: {log}");
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({
        "selfservice": {"flows": {"verification": {"enabled": true}}},
        "vestibule": {"registration": {"prevent_enumeration": true}},
    }))
    .await;
    let email = "berta@example.org";
    watched.place.provider.visitor("berta", json!({"email": email, "email_verified": false}));
    for (provider, why) in
        [("acme", "not among verified_addresses"), ("other", "vestibule.social.trusted_email_providers")]
    {
        watched.through("registration", provider).await;
        watched.secrets.push(email.to_owned());
        watched.reads(provider, "claims_invalid", why);
    }
}

/// An app that got a token by itself hears that it is not believed; whoever runs the service, why.
#[tokio::test]
async fn a_token_of_an_app_that_cannot_be_believed_has_a_reason_in_the_log() {
    let mut watched = Watched::start(json!({})).await;
    for (sends, why) in [
        (Sends::Unsigned, "No signature found"),
        (Sends::Expired, "Expired"),
        (Sends::WrongAudience, "Invalid audiences"),
    ] {
        watched.place.provider.change(|behaviour| behaviour.sends = sends);
        let token = watched.place.provider.id_token(Some("the nonce of an app"));
        let mut app = watched.place.browser();
        let flow = document(&app.get("/self-service/login/api", JSON).await);
        app.jar.clear();
        let fields = json!({"method": "oidc", "provider": "acme", "id_token": token, "id_token_nonce": "the nonce of an app"});
        assert_eq!(app.post(&flow, fields).await.status, 403);
        watched.secrets.extend([token, "the nonce of an app".to_owned()]);
        watched.reads(&format!("{sends:?}"), "verification_failed", why);
    }
}
