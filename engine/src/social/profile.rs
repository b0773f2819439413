//! Claims in the one shape that mappers read, whatever a provider calls them (Kratos: selfservice/strategy/oidc/provider.go,
//! `Claims`). Providers without OpenID are asked for their own documents.

use super::{Line, Stage, Trouble, chain};
use crate::config::providers::Profile;
use crate::config::social::Provider;
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use url::Url;

/// Members that stand at the top of what a mapper reads; everything is in `raw_claims` besides.
const MEMBERS: [&str; 24] = [
    "iss",
    "sub",
    "oid",
    "name",
    "given_name",
    "family_name",
    "last_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "updated_at",
    "hd",
    "team",
];
const FURTHER: [&str; 4] = ["nonce", "nonce_supported", "acr", "amr"];

/// Standard claims in the shape for mappers. Empty ones are left out, so that `'email' in claims` says something.
pub fn shape(claims: &Value) -> Value {
    let mut shaped = Map::new();
    for name in MEMBERS.iter().chain(&FURTHER) {
        let value = match (claims.get(*name), *name) {
            (Some(Value::String(text)), "email_verified" | "phone_number_verified" | "nonce_supported") => {
                Value::Bool(text == "true")
            }
            (Some(value), _) => value.clone(),
            (None, _) => continue,
        };
        let empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Number(_) | Value::Bool(true) | Value::Object(_) => false,
        };
        if !empty {
            shaped.insert((*name).to_owned(), value);
        }
    }
    shaped.insert("raw_claims".to_owned(), claims.clone());
    Value::Object(shaped)
}

/// Who the holder of the access token is, asked of a provider without OpenID: standard claims, not shaped yet.
pub(super) async fn ask(line: Line<'_>, provider: &Provider, token: &str) -> Result<Value, Trouble> {
    let mut claims = match provider.kind.profile {
        Profile::Document(url) => own_names(provider.kind.name, document(line, provider, url, token).await?),
        Profile::GitHub => {
            let person = document(line, provider, "https://api.github.com/user", token).await?;
            let addresses = document(line, provider, "https://api.github.com/user/emails", token).await?;
            git_hub(person, &addresses)
        }
        Profile::Facebook => {
            let fields = "id,name,first_name,last_name,middle_name,email,picture,birthday,gender";
            let proof = facebook_proof(&provider.client_secret, token);
            let url = format!("https://graph.facebook.com/me?fields={fields}&appsecret_proof={proof}");
            own_names("facebook", document(line, provider, &url, token).await?)
        }
        Profile::Token | Profile::Configured => {
            let Some(url) = &provider.userinfo_url else {
                return Err(Trouble::new(Stage::ClaimsInvalid, "there is no userinfo_url to ask"));
            };
            own_names("", document(line, provider, url.as_str(), token).await?)
        }
    };
    if let Some(claims) = claims.as_object_mut() {
        // Kratos names the token's endpoint as the issuer where there is none.
        let issuer = provider.token_url.as_ref().map_or_else(String::new, Url::to_string);
        claims.entry("iss").or_insert_with(|| issuer.into());
    }
    Ok(claims)
}

async fn document(line: Line<'_>, provider: &Provider, url: &str, token: &str) -> Result<Value, Trouble> {
    let url = Url::parse(url).map_err(|failure| Trouble::new(Stage::ClaimsInvalid, failure.to_string()))?;
    line.document(provider, &url, Some(token)).await.map_err(|failure| {
        // Facebook's address holds a proof made of the secret.
        let place = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
        Trouble::new(Stage::ExchangeFailed, format!("who it is, asked at {place}: {}", chain(&failure)))
    })
}

/// A provider's own names → standard ones; what was there stays.
fn own_names(kind: &str, person: Value) -> Value {
    let mut claims = person.clone();
    let Some(map) = claims.as_object_mut() else { return claims };
    let mut put = |name: &str, value: Option<&Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            map.insert(name.to_owned(), value.clone());
        }
    };
    let id = person.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    if person.get("sub").is_none() {
        put("sub", id.map(Value::from).as_ref());
    }
    match kind {
        "discord" => {
            put("preferred_username", person.get("username"));
            put("nickname", person.get("global_name").or_else(|| person.get("username")));
            put("email_verified", person.get("verified"));
        }
        "spotify" => {
            put("name", person.get("display_name"));
            put("nickname", person.get("display_name"));
            put("picture", person.pointer("/images/0/url"));
            put("profile", person.pointer("/external_urls/spotify"));
        }
        "facebook" => {
            put("given_name", person.get("first_name"));
            put("family_name", person.get("last_name"));
            put("birthdate", person.get("birthday"));
            put("picture", person.pointer("/picture/data/url"));
        }
        _ => {}
    }
    claims
}

/// The address is the primary one of the list, when GitHub has checked it: the profile's is one that people choose to show.
fn git_hub(person: Value, addresses: &Value) -> Value {
    let text = |name: &str| person.get(name).and_then(Value::as_str).map(Value::from);
    let primary = addresses.as_array().into_iter().flatten().find(|address| {
        address["primary"].as_bool() == Some(true) && address["verified"].as_bool() == Some(true)
    });
    let mut claims = json!({
        "sub": person["id"].as_i64().map(|id| id.to_string()),
        "name": text("name").or_else(|| text("login")),
        "nickname": text("login"),
        "preferred_username": text("login"),
        "picture": text("avatar_url"),
        "profile": text("html_url"),
        "website": text("blog"),
        "updated_at": text("updated_at"),
    });
    if let Some(address) = primary {
        claims["email"] = address["email"].clone();
        claims["email_verified"] = true.into();
    }
    claims
}

/// Graph API, "Securing Graph API Requests": HMAC-SHA256 of the access token under the app's secret, in hex.
fn facebook_proof(secret: &str, token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(token.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_take_one_shape() {
        let shaped = shape(&json!({
            "iss": "i", "sub": "s", "email": "a@b.c", "email_verified": "true", "name": "", "custom": 1,
        }));
        assert_eq!(
            shaped,
            json!({
                "iss": "i", "sub": "s", "email": "a@b.c", "email_verified": true,
                "raw_claims": {"iss": "i", "sub": "s", "email": "a@b.c", "email_verified": "true", "name": "", "custom": 1},
            })
        );
        assert!(shape(&json!({"email_verified": "false"})).get("email_verified").is_none());
    }

    #[test]
    fn git_hub_s_address_is_the_checked_primary_one() {
        let person = json!({"id": 583_231, "login": "octo", "name": null, "email": "shown@example.org"});
        let addresses = json!([
            {"email": "old@example.org", "primary": false, "verified": true},
            {"email": "octo@example.org", "primary": true, "verified": true},
        ]);
        let claims = git_hub(person.clone(), &addresses);
        assert_eq!(
            (claims["sub"].as_str(), claims["name"].as_str(), claims["email"].as_str()),
            (Some("583231"), Some("octo"), Some("octo@example.org"))
        );
        let unchecked = json!([{"email": "octo@example.org", "primary": true, "verified": false}]);
        assert!(git_hub(person, &unchecked).get("email").is_none());
    }

    #[test]
    fn names_of_providers_become_standard_ones() {
        let discord = own_names(
            "discord",
            json!({"id": "80351110224678912", "username": "nelly", "global_name": null, "email": "n@example.org", "verified": true}),
        );
        assert_eq!(
            (&discord["sub"], &discord["email_verified"], &discord["preferred_username"]),
            (&json!("80351110224678912"), &json!(true), &json!("nelly"))
        );
        let spotify = own_names(
            "spotify",
            json!({"id": "w", "display_name": "W", "email": "w@example.org", "images": [{"url": "https://i.example/1"}]}),
        );
        assert_eq!(
            (&spotify["sub"], &spotify["name"], &spotify["picture"]),
            (&json!("w"), &json!("W"), &json!("https://i.example/1"))
        );
        let facebook = own_names(
            "facebook",
            json!({"id": "10", "first_name": "F", "last_name": "B", "email": "f@example.org"}),
        );
        assert_eq!((&facebook["sub"], &facebook["given_name"]), (&json!("10"), &json!("F")));
        assert_eq!(own_names("", json!({"id": 7}))["sub"], json!("7"));
        assert_eq!(own_names("", json!({"id": 7, "sub": "x"}))["sub"], json!("x"));
    }
}
