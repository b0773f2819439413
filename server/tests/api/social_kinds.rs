//! The kinds of providers that have no OpenID: each by answers in the shape that its documents show, with the mapper that
//! comes with it. The test's answers stand in for their hosts.

use crate::log::Log;
use crate::provider::{CLIENT, SECRET};
use crate::support::http::send;
use crate::trip::{HTML, Place, location, messages};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
        (
            "github-app",
            "https://github.com/login/oauth/access_token",
            vec![
                ("https://api.github.com/user", json!({"login": "octo", "id": 583_232, "name": null})),
                (
                    "https://api.github.com/user/emails",
                    json!([{"email": "app@example.org", "primary": true, "verified": true}]),
                ),
            ],
            "client_id=the+client",
            ("583232", Some("app@example.org"), true),
        ),
        (
            "salesforce",
            "https://shop.my.salesforce.com/services/oauth2/token",
            vec![(
                "https://shop.my.salesforce.com/services/oauth2/userinfo",
                json!({"sub": "https://login.salesforce.com/id/00D/005", "email": "sal@example.org", "email_verified": true, "zoneinfo": "Europe/Vienna", "address": {}, "updated_at": "2024-02-29T08:00:00Z"}),
            )],
            "shop.my.salesforce.com/services/oauth2/authorize?",
            ("https://login.salesforce.com/id/00D/005", Some("sal@example.org"), false),
        ),
        (
            "vk",
            "https://oauth.vk.com/access_token",
            vec![(
                "https://api.vk.com/method/users.get?fields=photo_200,nickname,bdate,sex&v=5.103&access_token=gho_token",
                json!({"response": [{"id": 210_700_286, "first_name": "Vera", "last_name": "K", "sex": 1, "bdate": "1.2.1990"}]}),
            )],
            "scope=email",
            ("210700286", Some("beside@example.org"), false),
        ),
        (
            "yandex",
            "https://oauth.yandex.com/token",
            vec![(
                "https://login.yandex.ru/info?format=json",
                json!({"id": "1000034426", "first_name": "Yana", "default_email": "yana@example.org", "default_avatar_id": "131", "is_avatar_empty": false, "sex": "female"}),
            )],
            "scope=login%3Aemail+login%3Ainfo",
            ("1000034426", Some("yana@example.org"), false),
        ),
        (
            "dingtalk",
            "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
            vec![(
                "https://api.dingtalk.com/v1.0/contact/users/me",
                json!({"nick": "Ding", "openId": "123456", "unionId": "z2", "avatarUrl": "https://p.example/1", "email": "ding@example.org"}),
            )],
            "prompt=consent",
            ("123456", Some("ding@example.org"), false),
        ),
        (
            "patreon",
            "https://www.patreon.com/api/oauth2/token",
            vec![(
                "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=first_name,last_name,url,full_name,email,image_url",
                json!({"data": {"id": "12345689", "type": "user", "attributes": {"email": "pat@example.org", "full_name": "Pat R", "first_name": "Pat", "last_name": "R"}}}),
            )],
            "scope=identity+identity%5Bemail%5D",
            ("12345689", Some("pat@example.org"), false),
        ),
        (
            "linkedin",
            "https://www.linkedin.com/oauth/v2/accessToken",
            vec![
                (
                    "https://api.linkedin.com/v2/me?projection=(id,localizedFirstName,localizedLastName,profilePicture(displayImage~digitalmediaAsset:playableStreams))",
                    json!({"id": "yrZCpj2Z12", "localizedFirstName": "Lin", "localizedLastName": "K", "profilePicture": {"displayImage~": {"elements": [{"identifiers": [{"identifier": "https://m.example/1"}]}]}}}),
                ),
                (
                    "https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))",
                    json!({"elements": [{"handle~": {"emailAddress": "old@example.org"}, "handle": "urn:li:emailAddress:1"}]}),
                ),
            ],
            "scope=r_liteprofile+r_emailaddress",
            ("yrZCpj2Z12", Some("old@example.org"), false),
        ),
        (
            "lark",
            "https://passport.feishu.cn/suite/passport/oauth/token",
            vec![(
                "https://passport.feishu.cn/suite/passport/oauth/userinfo",
                json!({"sub": "of the union", "open_id": "ou-caecc734c2e3328a62489fe0648c4b98779515d3", "name": "Li", "avatar_url": "https://p.example/1", "email": "li@example.org", "mobile": "+86130"}),
            )],
            "redirect_uri=",
            ("ou-caecc734c2e3328a62489fe0648c4b98779515d3", Some("li@example.org"), false),
        ),
        (
            "amazon",
            "https://api.amazon.com/auth/o2/token",
            vec![(
                "https://api.amazon.com/user/profile",
                json!({"user_id": "amzn1.account.K2LI23KL2LK2", "email": "ama@example.org", "name": "Ama", "postal_code": "98052"}),
            )],
            "scope=profile",
            ("amzn1.account.K2LI23KL2LK2", Some("ama@example.org"), false),
        ),
        (
            "uaepass",
            "https://stg-id.uaepass.ae/idshub/token",
            vec![(
                "https://stg-id.uaepass.ae/idshub/userinfo",
                json!({"sub": "UAEPASS/0001", "fullnameEN": "Amal A", "firstnameEN": "Amal", "lastnameEN": "A", "email": "amal@example.org", "idn": null}),
            )],
            "acr_values=urn%3Asafelayer%3Atws%3Apolicies%3Aauthentication%3Alevel%3Alow",
            ("UAEPASS/0001", Some("amal@example.org"), false),
        ),
    ]
}

/// What comes for the code.
fn tokens(kind: &str) -> Value {
    match kind {
        "dingtalk" => json!({"accessToken": "gho_token", "refreshToken": "r", "expireIn": 7200}),
        // No type, and seconds as text.
        "vk" => json!({"access_token": "gho_token", "expires_in": "43200", "email": "beside@example.org"}),
        "salesforce" => {
            json!({"access_token": "gho_token", "token_type": "Bearer", "scope": ["openid"], "issued_at": "1"})
        }
        _ => {
            json!({"access_token": "gho_token", "token_type": "bearer", "scope": "x", "refresh_token": null})
        }
    }
}

/// What each is asked with, beyond what all of them are: the request for tokens, and the one for the person.
fn asked_with(place: &Place, kind: &str, token: &str) {
    let requests = place.stand.world.outbound.requests();
    let of = |what: &str, found: Option<&engine::effects::Request>| {
        let request = found.unwrap_or_else(|| panic!("{kind}: {what} was asked for"));
        let body = String::from_utf8(request.body.clone().unwrap_or_default()).expect("text");
        let header = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        (body, header("authorization"), header("x-acs-dingtalk-access-token"), header("x-amz-access-token"))
    };
    let is_token = |request: &&engine::effects::Request| request.url.as_str() == token;
    let (body, shown, ..) = of("a token", requests.iter().rfind(is_token));
    let (_, bearer, ding, amazon) = of("the person", requests.last());
    let basic = "Basic dGhlK2NsaWVudDp0aGUrc2VjcmV0";
    match kind {
        "discord" | "spotify" | "generic" | "salesforce" | "uaepass" => assert_eq!(shown, basic, "{kind}"),
        "dingtalk" => assert_eq!(
            serde_json::from_str::<Value>(&body).expect("JSON"),
            json!({"clientId": "the client", "clientSecret": "the secret", "code": "a", "grantType": "authorization_code"})
        ),
        _ => assert!(
            body.contains("client_id=the+client&client_secret=the+secret") && shown.is_empty(),
            "{kind}: {body}"
        ),
    }
    let expected = match kind {
        "yandex" => ("OAuth gho_token", "", ""),
        "dingtalk" => ("", "gho_token", ""),
        "amazon" => ("", "", "gho_token"),
        "vk" => ("", "", ""),
        _ => ("Bearer gho_token", "", ""),
    };
    assert_eq!((bearer.as_str(), ding.as_str(), amazon.as_str()), expected, "{kind}");
    // It takes proof keys, and sends people back to the address that names no provider.
    assert_eq!(body.contains("code_verifier="), kind == "uaepass", "{kind}: {body}");
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
        match kind {
            "salesforce" => entry["issuer_url"] = "https://shop.my.salesforce.com/".into(),
            "uaepass" => entry["issuer_url"] = "https://stg-id.uaepass.ae".into(),
            // Kratos does not read it here either.
            "vk" => entry["issuer_url"] = "https://vk.com".into(),
            _ => {}
        }
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
        outbound.answer(token, tokens(kind).to_string());
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
        let path = if kind == "uaepass" { "callback".to_owned() } else { format!("callback/{kind}") };
        let answer = tab.get(&format!("/self-service/methods/oidc/{path}?code=a&state={state}"), HTML).await;
        asked_with(&place, kind, token);
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

/// Those that sign their word at an address of their own: netID and LINE describe themselves, SAML Jackson does not.
#[tokio::test]
async fn kinds_that_sign_their_word_are_asked_where_they_are() {
    let place = Place::start("memory", |_| json!({})).await;
    let outbound = &place.stand.world.outbound;
    let authority = place.provider.base.strip_prefix("http://").expect("an address").to_owned();
    let keys = send(&authority, "GET", "/keys", &[("Host".to_owned(), authority.clone())], None).await;
    let keys = String::from_utf8(keys.expect("keys").body).expect("text");
    for (kind, issuer, token_url, keys_url) in [
        (
            "netid",
            "https://broker.netid.de/",
            "https://broker.netid.de/token",
            "https://broker.netid.de/keys",
        ),
        (
            "line",
            "https://access.line.me",
            "https://api.line.me/oauth2/v2.1/token",
            "https://api.line.me/oauth2/v2.1/certs",
        ),
        (
            "jackson",
            "https://saml.shop.example",
            "https://polis.example/api/oauth/token",
            "https://polis.example/oauth/jwks",
        ),
    ] {
        let mut entry = json!({
            "id": kind, "provider": kind, "client_id": CLIENT, "client_secret": SECRET, "mapper_url": "preset://mapper",
        });
        let auth = match kind {
            "jackson" => {
                entry["issuer_url"] = issuer.into();
                entry["auth_url"] = "https://polis.example/api/oauth/authorize".into();
                entry["token_url"] = token_url.into();
                "https://polis.example/api/oauth/authorize"
            }
            _ => {
                let description = json!({
                    "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": token_url,
                    "jwks_uri": keys_url, "userinfo_endpoint": "https://broker.netid.de/userinfo",
                });
                let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                outbound.answer(&at, description.to_string());
                issuer
            }
        };
        outbound.answer(keys_url, keys.clone());
        let email = format!("{kind}@example.org");
        outbound.answer("https://broker.netid.de/userinfo", json!({"sub": kind, "email": email}).to_string());
        place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [entry]}}}}}));
        let mut tab = place.browser();
        let flow = tab.open("registration").await;
        let there = url::Url::parse(&tab.leave(&flow, kind).await).expect("an address");
        assert!(there.as_str().starts_with(auth), "{kind}: {there}");
        let asked: BTreeMap<String, String> = there.query_pairs().into_owned().collect();
        // netID says nothing of the person in its token.
        let claims =
            if kind == "netid" { json!({"iss": issuer}) } else { json!({"iss": issuer, "email": email}) };
        place.provider.visitor(kind, claims);
        let token = place.provider.id_token(asked.get("nonce").map(String::as_str));
        outbound.answer(token_url, json!({"access_token": "t", "id_token": token}).to_string());
        let back = format!("/self-service/methods/oidc/callback/{kind}?code=a&state={}", asked["state"]);
        let answer = tab.get(&back, HTML).await;
        assert!(location(&answer).ends_with("/welcome"), "{kind}: {}", location(&answer));
        let session = tab.whoami().await.unwrap_or_else(|| panic!("{kind} signs in"));
        assert_eq!(session["identity"]["traits"]["email"], email, "{kind}");
        let requests = outbound.requests();
        let exchange =
            requests.iter().rfind(|request| request.url.as_str() == token_url).expect("an exchange");
        let body = String::from_utf8(exchange.body.clone().expect("a body")).expect("text");
        assert_eq!(body.contains("id_token_key_type=JWK"), kind == "line", "{kind}: {body}");
        assert_eq!(requests.last().expect("a request").url.path() == "/userinfo", kind == "netid", "{kind}");
    }
}

/// Each says no in words of its own, most of them with a status 200.
#[tokio::test]
async fn a_refused_code_is_told_however_the_provider_says_it() {
    let log = Log::listen();
    let place = Place::start("memory", |_| json!({})).await;
    for (kind, token, status, answer, told) in [
        (
            "github",
            "https://github.com/login/oauth/access_token",
            200,
            r#"{"error": "bad_verification_code", "error_description": "It is used."}"#,
            "bad_verification_code: It is used.",
        ),
        (
            "facebook",
            "https://graph.facebook.com/oauth/access_token",
            400,
            r#"{"error": {"message": "Used.", "code": 100}}"#,
            "rejected the code: Used.",
        ),
        (
            "dingtalk",
            "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
            400,
            r#"{"code": "invalidParameter.code", "message": "No."}"#,
            "invalidParameter.code: No.",
        ),
        ("spotify", "https://accounts.spotify.com/api/token", 502, "<html>", "token endpoint returned 502"),
        ("spotify", "https://accounts.spotify.com/api/token", 200, r#"{"token_type": "bearer"}"#, "no token"),
        (
            "spotify",
            "https://accounts.spotify.com/api/token",
            200,
            r#"{"id_token": "x"}"#,
            "has no access token",
        ),
    ] {
        place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [{
            "id": kind, "provider": kind, "client_id": "c", "client_secret": "s", "mapper_url": "preset://mapper",
        }]}}}}}));
        place.stand.world.outbound.answer_with(token, status, answer);
        let mut tab = place.browser();
        let flow = tab.open("login").await;
        let url = url::Url::parse(&tab.leave(&flow, kind).await).expect("an address");
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
        tab.get(&format!("/self-service/methods/oidc/callback/{kind}?code=a&state={state}"), HTML).await;
        let log = log.take();
        assert!(log.contains(told) && log.contains("exchange_failed"), "{kind}: {log}");
        assert!(place.accounts().await.is_empty(), "{kind}");
    }
}
