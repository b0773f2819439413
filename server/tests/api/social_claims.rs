//! Tokens in the shape that each provider's documents show: claims of whatever type never keep anybody out, and reach the mapper.
//! What a token is trusted for is judged as ever.

use crate::provider::{CLIENT, LEFT_OUT};
use crate::trip::{HTML, JSON, Place, acme, document, location};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Hands on all that it reads.
const MAPPER: &str = "local claims = std.extVar('claims');
{ identity: { traits: { email: claims.email }, metadata_public: claims,
    verified_addresses: if std.get(claims, 'email_verified') == true then [{ via: 'email', value: claims.email }] else [] } }";

/// The test's clock.
const NOW: i64 = 1_893_456_000;

/// Kind, subject, claims, and what a mapper reads at the top where it is not what was sent; nothing: as it was sent.
fn shapes() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        (
            "auth0",
            "auth0|5f19b8f0d2a1c40013f5b1c7",
            json!({
                "nickname": "ann", "name": "ann@example.org", "picture": "https://s.gravatar.com/avatar/1.png",
                "updated_at": "2020-07-23T19:45:32.614Z", "email_verified": true, "given_name": null,
                "https://shop.example/roles": ["buyer"], "user_metadata": {"lang": "de"},
                "identities": [{"provider": "auth0", "isSocial": false}], "sid": "xX", "org_id": "org_1",
            }),
            json!({"updated_at": 1_595_533_532, "given_name": null}),
        ),
        (
            "generic",
            "https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P",
            json!({
                "user_id": "005x00000012Q9P", "email_verified": true, "zoneinfo": "America/Los_Angeles", "locale": "en_US",
                "updated_at": "2024-02-29T08:00:00Z", "utcOffset": -28_800_000, "photos": {"picture": "https://p.example/1"},
                "address": {"country": "US"}, "urls": {"rest": "https://r.example/"}, "active": true,
                "custom_attributes": {}, "birthdate": null, "is_app_installed": true,
            }),
            json!({"updated_at": 1_709_193_600, "birthdate": null}),
        ),
        // Zitadel: for the whole project, made for us.
        (
            "generic",
            "69234237810729019",
            json!({
                "aud": ["69234237810729234@shop", CLIENT, "69234237810729019"], "azp": CLIENT, "client_id": CLIENT,
                "amr": ["pwd", "mfa"], "email_verified": true, "locale": null, "updated_at": 1_700_000_000,
                "urn:zitadel:iam:user:metadata": {"plan": "cHJv"},
                "urn:zitadel:iam:org:project:roles": {"buyer": {"1": "example.org"}},
            }),
            json!({"locale": null}),
        ),
        // Keycloak
        (
            "generic",
            "4cb9dc3e-2f4b-4d0e-9d8c-1f6c1c7b6a55",
            json!({
                "aud": [CLIENT, "account"], "azp": CLIENT, "typ": "ID", "acr": "1", "email_verified": true,
                "realm_access": {"roles": ["offline_access"]}, "resource_access": {"account": {"roles": []}},
                "groups": ["/staff"], "address": {}, "updated_at": 1_700_000_000_123_i64, "phone_number_verified": "true",
                "allowed-origins": ["*"],
            }),
            json!({"phone_number_verified": true}),
        ),
        (
            "apple",
            "001999.fd7c8b7a5d6e4f0a9b1c2d3e4f5a6b7c.0123",
            json!({
                "email_verified": "true", "is_private_email": "true", "nonce_supported": true, "real_user_status": 2,
                "auth_time": NOW, "at_hash": "x",
            }),
            json!({"email_verified": true}),
        ),
        (
            "microsoft",
            "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            json!({
                "ver": "2.0", "oid": "00000000-0000-0000-66f3-3332eca7ea81", "tid": "9122040d-6c67-4c5b-b112-36a304b66dad",
                "preferred_username": "ann@example.org", "verified_primary_email": ["ann@example.org"], "roles": ["Admin"],
                "wids": ["b79fbf4d"], "acct": 0, "xms_edov": "1", "nbf": NOW, "aio": "Df2UVXL1ix",
            }),
            json!({}),
        ),
        // Okta
        (
            "generic",
            "00uid4BxXw6I6TV4m0g3",
            json!({
                "ver": 1, "amr": ["pwd"], "idp": "00ok1u7AsAkrwdZL3z0g3", "auth_time": "1893456000", "zoneinfo": "Europe/Vienna",
                "locale": "de-AT", "address": {"locality": "Graz"}, "groups": ["Everyone"], "email_verified": true,
                "updated_at": "1700000000", "nickname": null,
            }),
            json!({"updated_at": 1_700_000_000, "nickname": null}),
        ),
        (
            "google",
            "110169484474386276334",
            json!({"azp": CLIENT, "hd": "example.org", "email_verified": true, "at_hash": "x", "locale": "de", "jti": 7}),
            json!({}),
        ),
        (
            "gitlab",
            "1",
            json!({
                "sub_legacy": "9dfa", "name": "Ann", "nickname": "ann", "profile": "https://gitlab.com/ann", "website": null,
                "groups_direct": ["shop"], "https://gitlab.org/claims/groups/owner": ["shop"], "email_verified": true,
            }),
            json!({"website": null}),
        ),
        // Somebody's own: everything is something else, and times are text.
        (
            "generic",
            "oddly",
            json!({
                "exp": (NOW + 300).to_string(), "iat": format!("{NOW}.25"), "nbf": null, "azp": null,
                "name": ["Ann", "Bo"], "given_name": 7, "picture": {"url": "https://p.example/1"}, "gender": [], "profile": true,
                "birthdate": 19_800_101, "zoneinfo": {"name": "Europe/Vienna"}, "locale": {"language": "de", "country": "AT"},
                "updated_at": {"seconds": 1}, "address": "Graz", "phone_number": 43_316, "acr": 2, "amr": "pwd", "at_hash": 1,
                "email_verified": {"value": true}, "website": ["https://a.example"],
            }),
            json!({"locale": "de-AT", "gender": null, "email_verified": null}),
        ),
    ]
}

fn entry(place: &Place, kind: &str) -> Value {
    acme(
        &place.provider,
        json!({"provider": kind, "mapper_url": format!("base64://{}", STANDARD.encode(MAPPER))}),
    )
}

fn providers(entries: Value) -> Value {
    json!({"selfservice": {"methods": {"oidc": {"config": {"providers": entries}}}}})
}

#[tokio::test]
async fn claims_as_each_provider_writes_them_sign_in_and_reach_the_mapper() {
    for (index, (kind, subject, claims, top)) in shapes().into_iter().enumerate() {
        let place = Place::start("memory", |_| json!({})).await;
        place.change(providers(json!([entry(&place, kind)])));
        let mut sent = claims.clone();
        sent["email"] = "ann@example.org".into();
        place.provider.visitor(subject, sent);
        let mut ann = place.browser();
        let answer = ann.through("registration", "acme").await;
        assert!(location(&answer).ends_with("/welcome"), "{index} {kind}: {}", location(&answer));
        let session = ann.whoami().await.unwrap_or_else(|| panic!("{index} {kind} signs in"));
        let identity = &session["identity"];
        let read = &identity["metadata_public"];
        for (name, value) in claims.as_object().expect("claims") {
            assert_eq!(&read["raw_claims"][name], value, "{index} {kind}: {name}");
            if let Some(standard) = read.get(name).or_else(|| top.get(name)) {
                assert_eq!(standard, top.get(name).unwrap_or(value), "{index} {kind}: {name}");
            }
        }
        for (name, value) in top.as_object().expect("an object") {
            assert_eq!(&read[name], value, "{index} {kind}: {name}");
        }
        let verified = read["email_verified"] == true;
        assert_eq!(identity["verifiable_addresses"][0]["verified"], verified, "{index} {kind}");
        // And once more, by the document at the userinfo endpoint.
        let mut document = claims.clone();
        document["sub"] = subject.into();
        document["email"] = "ann@example.org".into();
        place.provider.change(|behaviour| behaviour.userinfo = document);
        let mut by_userinfo = entry(&place, kind);
        by_userinfo["claims_source"] = "userinfo".into();
        place.change(providers(json!([by_userinfo])));
        let mut again = place.browser();
        again.through("login", "acme").await;
        let session = again.whoami().await.unwrap_or_else(|| panic!("{index} {kind} signs in by userinfo"));
        assert_eq!(session["identity"]["id"], identity["id"], "{index} {kind}");
    }
}

/// With the mapper that comes with each kind, an address of another type is asked for, and none of it is believed.
#[tokio::test]
async fn an_address_that_is_none_is_asked_for() {
    let place = Place::start("memory", |_| json!({})).await;
    for kind in ["generic", "microsoft"] {
        let preset = acme(&place.provider, json!({"provider": kind, "mapper_url": "preset://mapper"}));
        place.change(providers(json!([preset])));
        for email in [json!(["ann@example.org"]), json!({"value": "ann@example.org"}), json!(null), json!(7)]
        {
            place.provider.visitor("ann", json!({"email": email, "email_verified": ["true"]}));
            let mut ann = place.browser();
            let answer = ann.through("registration", "acme").await;
            let flow = ann.follow(&answer).await;
            assert_eq!(crate::trip::messages(&flow), [4_000_002], "{kind} {email}: {flow}");
            assert!(place.accounts().await.is_empty());
        }
    }
}

/// Tolerance ends where a token is trusted.
#[tokio::test]
async fn what_a_token_is_trusted_for_is_judged_strictly() {
    let place = Place::start("memory", |_| json!({})).await;
    let email = json!({"email": "ann@example.org", "email_verified": true});
    let refused = [
        ("audiences without `azp`", json!({"aud": [CLIENT, "another"]})),
        ("made for another of them", json!({"aud": [CLIENT, "another"], "azp": "another"})),
        ("`azp` is a list", json!({"aud": [CLIENT, "another"], "azp": [CLIENT]})),
        ("not for us, made for us", json!({"aud": ["another"], "azp": CLIENT})),
        ("no audience", json!({"aud": []})),
        ("an audience that is no text", json!({"aud": {"client": CLIENT}})),
        ("a list of lists", json!({"aud": [[CLIENT]]})),
        ("an audience left out", json!({"aud": LEFT_OUT})),
        ("no end", json!({"exp": LEFT_OUT})),
        ("an end that is null", json!({"exp": null})),
        ("an end that is no time", json!({"exp": "soon"})),
        ("an end without end", json!({"exp": "inf"})),
        ("an end in the past, as text", json!({"exp": (NOW - 120).to_string()})),
        ("a list as its end", json!({"exp": [NOW + 300]})),
        ("issued at no time", json!({"iat": {"at": NOW}})),
        ("issued in the future, as text", json!({"iat": (NOW + 3600).to_string()})),
        ("good only later", json!({"nbf": NOW + 3600})),
        ("another issuer", json!({"iss": "https://other.example"})),
        ("an issuer in a list", json!({"iss": [place.provider.base]})),
        ("no issuer", json!({"iss": LEFT_OUT})),
        ("a nonce that is null", json!({"nonce": null})),
        ("a nonce in a list", json!({"nonce": ["x"]})),
        ("no subject", json!({"sub": null})),
        ("a subject in a list", json!({"sub": ["ann"]})),
    ];
    let headers = [
        ("an access token", json!({"typ": "at+jwt"})),
        ("a type that is no text", json!({"typ": 1})),
        ("a critical member", json!({"crit": ["b64"]})),
        ("a token in the token", json!({"cty": "JWT"})),
        ("another algorithm", json!({"alg": "RS256"})),
        ("an algorithm that nobody knows", json!({"alg": "XX256"})),
        ("no algorithm", json!({"alg": null})),
        ("an algorithm in a list", json!({"alg": ["ES256"]})),
        ("another key", json!({"kid": "key-7"})),
    ];
    let refused = refused.into_iter().map(|(what, claims)| (what, claims, Value::Null));
    let headers = headers.into_iter().map(|(what, header)| (what, json!({}), header));
    for (what, claims, header) in refused.chain(headers) {
        let mut all = email.clone();
        for (name, value) in claims.as_object().expect("claims") {
            all[name] = value.clone();
        }
        place.provider.visitor("ann", all);
        place.provider.change(|behaviour| behaviour.header = header);
        let mut ann = place.browser();
        let answer = ann.through("registration", "acme").await;
        assert!(location(&answer).contains("/registration?flow="), "{what}: {}", location(&answer));
        assert!(ann.whoami().await.is_none() && place.accounts().await.is_empty(), "{what}");
    }
    // No key is named, and one of the set suits.
    place.provider.visitor("ann", email);
    place.provider.change(|behaviour| behaviour.header = json!({"kid": null, "typ": "jwt"}));
    let mut ann = place.browser();
    ann.through("registration", "acme").await;
    assert!(ann.whoami().await.is_some());
}

/// A token that an app brings may have come from any service that it is for; those of the configuration are ours.
#[tokio::test]
async fn a_token_of_an_app_is_for_us_alone() {
    let place = Place::start("memory", |_| json!({})).await;
    for (further, status) in [(json!([]), 403), (json!(["account"]), 200)] {
        let entry = acme(&place.provider, json!({"additional_id_token_audiences": further}));
        place.change(providers(json!([entry])));
        place.provider.visitor(
            "ann",
            json!({"aud": [CLIENT, "account"], "azp": CLIENT, "email": "ann@example.org", "email_verified": true}),
        );
        let token = place.provider.id_token(Some("of the app"));
        let mut app = place.browser();
        let flow = document(&app.get("/self-service/registration/api", JSON).await);
        app.jar.clear();
        let fields =
            json!({"method": "oidc", "provider": "acme", "id_token": token, "id_token_nonce": "of the app"});
        assert_eq!(app.post(&flow, fields).await.status, status, "{further}");
    }
}

/// What the provider says of itself may hold nothing where it could say something.
#[tokio::test]
async fn a_description_with_nulls_does() {
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.change(|behaviour| {
        behaviour.says = json!({
            "userinfo_endpoint": "", "code_challenge_methods_supported": null,
            "token_endpoint_auth_methods_supported": null, "id_token_signing_alg_values_supported": "ES256",
            "authorization_response_iss_parameter_supported": "false", "claims_supported": {"a": 1},
        });
    });
    let mut ann = place.browser();
    let flow = ann.open("registration").await;
    let there = ann.leave(&flow, "acme").await;
    let back = crate::trip::agree(&there).await;
    ann.get(&back, HTML).await;
    assert!(ann.whoami().await.is_some());
}

/// `oid` and Microsoft Graph's `id` name somebody across apps; who came to Kratos by them stays the same account.
#[tokio::test]
async fn the_subject_comes_from_where_the_configuration_says() {
    let place = Place::start("memory", |_| json!({})).await;
    place.stand.world.outbound.answer("https://graph.microsoft.com/v1.0/me", r#"{"id": "of the graph"}"#);
    for (source, subject) in [("userinfo", "of the app"), ("oid", "of the tenant"), ("me", "of the graph")] {
        let more = json!({"provider": "microsoft", "subject_source": source});
        place.change(providers(json!([acme(&place.provider, more)])));
        let email = format!("{source}@example.org");
        place.provider.visitor("of the app", json!({"oid": "of the tenant", "email": email}));
        let mut ann = place.browser();
        ann.through("registration", "acme").await;
        let session = ann.whoami().await.unwrap_or_else(|| panic!("{source} signs in"));
        let account = place.account(session["identity"]["id"].as_str().expect("an id")).await;
        assert_eq!(account["credentials"]["oidc"]["identifiers"], json!([format!("acme:{subject}")]));
    }
}
