//! The kinds of providers that have no OpenID: each by answers in the shape that its documents show, with the mapper that
//! comes with it. The test's answers stand in for their hosts.

use crate::trip::{HTML, Place, location, messages};
use serde_json::{Value, json};

/// Name, address of the token, answers by address, what goes to the provider, and: subject, address, whether it is proven.
type Case = (
    &'static str,
    &'static str,
    Vec<(&'static str, Value)>,
    &'static str,
    (&'static str, Option<&'static str>, bool),
);

fn cases() -> Vec<Case> {
    let facebook = "https://graph.facebook.com/me?fields=id,name,first_name,last_name,middle_name,email,picture,birthday,gender&appsecret_proof=";
    vec![
        (
            "github",
            "https://github.com/login/oauth/access_token",
            vec![
                (
                    "https://api.github.com/user",
                    json!({"login": "octo", "id": 583_231, "name": "The Octo", "email": null, "avatar_url": "https://avatars.example/1", "html_url": "https://github.com/octo"}),
                ),
                (
                    "https://api.github.com/user/emails",
                    json!([
                        {"email": "octo@users.noreply.github.com", "primary": false, "verified": true, "visibility": null},
                        {"email": "octo@example.org", "primary": true, "verified": true, "visibility": "private"},
                    ]),
                ),
            ],
            "scope=user%3Aemail",
            ("583231", Some("octo@example.org"), true),
        ),
        (
            "discord",
            "https://discord.com/api/oauth2/token",
            vec![(
                "https://discord.com/api/users/@me",
                json!({"id": "80351110224678912", "username": "nelly", "global_name": "Nelly", "email": "nelly@example.org", "verified": true, "locale": "de"}),
            )],
            "scope=identify+email",
            ("80351110224678912", Some("nelly@example.org"), true),
        ),
        (
            "spotify",
            "https://accounts.spotify.com/api/token",
            vec![(
                "https://api.spotify.com/v1/me",
                json!({"id": "wizz", "display_name": "Wizz", "email": "wizz@example.org", "images": [{"url": "https://i.example/1"}], "external_urls": {"spotify": "https://open.spotify.com/user/wizz"}}),
            )],
            "scope=user-read-email",
            ("wizz", Some("wizz@example.org"), false),
        ),
        (
            "linkedin_v2",
            "https://www.linkedin.com/oauth/v2/accessToken",
            vec![(
                "https://api.linkedin.com/v2/userinfo",
                json!({"sub": "782bbtaQ", "name": "Lin", "given_name": "Lin", "locale": {"country": "US", "language": "en"}, "email": "lin@example.org", "email_verified": true}),
            )],
            "scope=openid+email+profile",
            ("782bbtaQ", Some("lin@example.org"), true),
        ),
        (
            "facebook",
            "https://graph.facebook.com/oauth/access_token",
            vec![(
                facebook,
                json!({"id": "1022", "name": "Fay B", "first_name": "Fay", "last_name": "B", "email": "fay@example.org", "picture": {"data": {"url": "https://p.example/1"}}}),
            )],
            "scope=email+public_profile",
            ("1022", Some("fay@example.org"), false),
        ),
        (
            "generic",
            "https://accounts.example/token",
            vec![(
                "https://accounts.example/me",
                json!({"id": 42, "email": "gen@example.org", "email_verified": true}),
            )],
            "scope=openid+email+profile",
            ("42", Some("gen@example.org"), false),
        ),
    ]
}

/// HMAC-SHA256 of the access token under the secret, as the Graph API wants it; made with Python's `hmac`.
const PROOF: &str = "907b042254d5557ce60e487748197649bd3e763cb18f42634ae859deabac2388";

#[tokio::test]
async fn every_kind_without_openid_signs_up_with_its_own_mapper() {
    let place = Place::start("memory", |_| json!({})).await;
    for (kind, token, answers, asked, (subject, email, proven)) in cases() {
        let mut entry = json!({
            "id": kind, "provider": kind, "client_id": "the client", "client_secret": "the secret",
            "mapper_url": "preset://mapper",
        });
        if kind == "generic" {
            entry["auth_url"] = "https://accounts.example/authorize".into();
            entry["token_url"] = token.into();
            entry["userinfo_url"] = "https://accounts.example/me".into();
        }
        place.change(json!({
            "selfservice": {"methods": {"oidc": {"config": {"providers": [entry]}}}},
            "vestibule": {"social": {"trusted_email_providers": null}},
        }));
        let outbound = &place.stand.world.outbound;
        outbound.answer(
            token,
            json!({"access_token": "gho_token", "token_type": "bearer", "scope": "x"}).to_string(),
        );
        for (url, body) in answers {
            let url = if kind == "facebook" { format!("{url}{PROOF}") } else { url.to_owned() };
            outbound.answer(&url, body.to_string());
        }
        let mut tab = place.browser();
        let flow = tab.open("registration").await;
        let there = tab.leave(&flow, kind).await;
        assert!(there.contains(asked) && there.contains("client_id=the+client"), "{kind}: {there}");
        let url = url::Url::parse(&there).expect("an address");
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
        let answer =
            tab.get(&format!("/self-service/methods/oidc/callback/{kind}?code=a&state={state}"), HTML).await;
        if !location(&answer).ends_with("/welcome") {
            let flow = tab.follow(&answer).await;
            panic!("{kind}: {:?} {}", messages(&flow), flow["ui"]["messages"]);
        }
        let session = tab.whoami().await.unwrap_or_else(|| panic!("{kind} signs in"));
        let identity = &session["identity"];
        assert_eq!(identity["traits"]["email"].as_str(), email, "{kind}");
        assert_eq!(identity["verifiable_addresses"][0]["verified"], proven, "{kind}");
        let account = place.account(identity["id"].as_str().expect("an id")).await;
        assert_eq!(account["credentials"]["oidc"]["identifiers"], json!([format!("{kind}:{subject}")]));
    }
}

/// An address that GitHub has not checked is not even taken.
#[tokio::test]
async fn an_address_that_the_provider_has_not_checked_is_asked_for() {
    let place = Place::start("memory", |_| json!({})).await;
    place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [{
        "id": "github", "provider": "github", "client_id": "c", "client_secret": "s", "mapper_url": "preset://mapper",
    }]}}}}}));
    let outbound = &place.stand.world.outbound;
    outbound.answer(
        "https://github.com/login/oauth/access_token",
        r#"{"access_token": "t", "token_type": "bearer"}"#,
    );
    outbound
        .answer("https://api.github.com/user", r#"{"id": 1, "login": "octo", "email": "octo@example.org"}"#);
    outbound.answer(
        "https://api.github.com/user/emails",
        r#"[{"email": "octo@example.org", "primary": true, "verified": false}]"#,
    );
    let mut tab = place.browser();
    let flow = tab.open("login").await;
    let url = url::Url::parse(&tab.leave(&flow, "github").await).expect("an address");
    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
    let answer =
        tab.get(&format!("/self-service/methods/oidc/callback/github?code=a&state={state}"), HTML).await;
    assert_eq!(messages(&tab.follow(&answer).await), [4_000_002]);
    assert!(place.accounts().await.is_empty());
}
