//! Claims in the format that claims mappings read, whatever a provider calls them (Kratos: selfservice/strategy/oidc/provider.go,
//! `Claims`). Providers without OpenID Connect have their own documents.

use super::exchange::Tokens;
use super::values::{is_yes, text_of};
use super::{Line, Stage, Trouble, bearer, chain};
use crate::config::providers::Profile;
use crate::config::social::Provider;
use chrono::DateTime;
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

/// Standard claims in the shape for mappers, and in Kratos' types where a provider writes another one. Empty ones are left out, so
/// that `'email' in claims` says something. Whatever makes no sense stays as it is: that is the mapper's to judge.
pub fn shape(claims: &Value) -> Value {
    let mut shaped = Map::new();
    for name in MEMBERS.iter().chain(&FURTHER) {
        let value = match (claims.get(*name), *name) {
            (Some(value), "email_verified" | "phone_number_verified" | "nonce_supported") => {
                is_yes(value).into()
            }
            (Some(value), "sub") => text_of(value).map_or_else(|| value.clone(), Value::from),
            (Some(value), "locale") => language(value),
            (Some(value), "updated_at") => seconds(value),
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

/// LinkedIn writes language and country apart (Kratos: provider.go, `Locale`).
fn language(value: &Value) -> Value {
    let parts: Vec<&str> = ["language", "country"].iter().filter_map(|name| value[*name].as_str()).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { value.clone() } else { parts.join("-").into() }
}

/// Auth0 and Salesforce write a date, others the seconds as text.
fn seconds(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let date = DateTime::parse_from_rfc3339(text).map(|date| date.timestamp());
    date.ok().or_else(|| text.parse().ok()).map_or_else(|| value.clone(), Value::from)
}

/// Who the holder of the access token is, asked of a provider without OpenID: standard claims, not shaped yet.
pub(super) async fn ask(line: Line<'_>, provider: &Provider, tokens: &Tokens) -> Result<Value, Trouble> {
    let token = tokens.access()?;
    let asked = |url: &'static str| async move { document(line, provider, url, bearer(token)).await };
    let kind = provider.kind;
    let mut claims = match kind.profile {
        Profile::Document(url) => own_names(kind.name, asked(url).await?),
        Profile::Shown(url, (header, before)) => {
            let shows = Some((header.to_owned(), format!("{before}{token}")));
            own_names(kind.name, document(line, provider, url, shows).await?)
        }
        Profile::GitHub => {
            let person = asked("https://api.github.com/user").await?;
            let addresses = asked("https://api.github.com/user/emails").await?;
            git_hub(person, &addresses)
        }
        Profile::LinkedIn => {
            let person = asked("https://api.linkedin.com/v2/me?projection=(id,localizedFirstName,localizedLastName,profilePicture(displayImage~digitalmediaAsset:playableStreams))").await?;
            let addresses =
                asked("https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))")
                    .await?;
            linked_in(person, &addresses)
        }
        Profile::Facebook => {
            let fields = "id,name,first_name,last_name,middle_name,email,picture,birthday,gender";
            let proof = facebook_proof(&provider.client_secret, token);
            let url = format!("https://graph.facebook.com/me?fields={fields}&appsecret_proof={proof}");
            own_names("facebook", document(line, provider, &url, bearer(token)).await?)
        }
        Profile::Vk => {
            let mut url =
                Url::parse("https://api.vk.com/method/users.get?fields=photo_200,nickname,bdate,sex&v=5.103")
                    .map_err(|failure| Trouble::new(Stage::ClaimsInvalid, failure.to_string()))?;
            url.query_pairs_mut().append_pair("access_token", token);
            vk(&document(line, provider, url.as_str(), None).await?, &tokens.answer)?
        }
        Profile::Token | Profile::TokenAndUserinfo | Profile::UndescribedToken | Profile::Below(_) => {
            let Some(url) = &provider.userinfo_url else {
                return Err(Trouble::new(Stage::ClaimsInvalid, "userinfo_url is not configured"));
            };
            own_names(kind.name, document(line, provider, url.as_str(), bearer(token)).await?)
        }
    };
    if let Some(claims) = claims.as_object_mut() {
        // Kratos names the token's endpoint as the issuer where there is none.
        let of_tokens = provider.token_url.as_ref().map_or_else(String::new, Url::to_string);
        let named = [kind.calls_itself, provider.issuer_text.as_str(), of_tokens.as_str()];
        let issuer = named.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        if text_of(&claims.get("iss").cloned().unwrap_or_default()).is_none_or(|issuer| issuer.is_empty()) {
            claims.insert("iss".to_owned(), issuer.into());
        }
    }
    Ok(claims)
}

/// A user's ID at Microsoft, which is the same for all apps.
pub(super) async fn graph_id(line: Line<'_>, provider: &Provider, token: &str) -> Result<Value, Trouble> {
    let person = document(line, provider, "https://graph.microsoft.com/v1.0/me", bearer(token)).await?;
    Ok(person["id"].clone())
}

async fn document(
    line: Line<'_>,
    provider: &Provider,
    url: &str,
    shows: Option<(String, String)>,
) -> Result<Value, Trouble> {
    let url = Url::parse(url).map_err(|failure| Trouble::new(Stage::ClaimsInvalid, failure.to_string()))?;
    line.document(provider, &url, shows).await.map_err(|failure| {
        // Addresses of some hold a token, or a proof made of the secret.
        let place = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
        Trouble::new(Stage::ExchangeFailed, format!("the profile from {place}: {}", chain(&failure)))
    })
}

/// Standard claim and, as a JSON pointer, the provider's own name for it. The first that says something counts.
type Names = &'static [(&'static str, &'static str)];

/// By the provider's documents, and as Kratos reads them.
fn names_of(kind: &str) -> Names {
    match kind {
        "discord" => &[
            ("preferred_username", "/username"),
            ("nickname", "/global_name"),
            ("nickname", "/username"),
            ("email_verified", "/verified"),
        ],
        "spotify" => &[
            ("name", "/display_name"),
            ("nickname", "/display_name"),
            ("picture", "/images/0/url"),
            ("profile", "/external_urls/spotify"),
        ],
        "facebook" => &[
            ("given_name", "/first_name"),
            ("family_name", "/last_name"),
            ("birthdate", "/birthday"),
            ("picture", "/picture/data/url"),
        ],
        "yandex" => &[
            ("given_name", "/first_name"),
            ("family_name", "/last_name"),
            ("email", "/default_email"),
            ("gender", "/sex"),
            ("birthdate", "/birthday"),
        ],
        "dingtalk" => {
            &[("sub", "/openId"), ("name", "/nick"), ("nickname", "/nick"), ("picture", "/avatarUrl")]
        }
        "patreon" => &[
            ("sub", "/data/id"),
            ("name", "/data/attributes/full_name"),
            ("given_name", "/data/attributes/first_name"),
            ("family_name", "/data/attributes/last_name"),
            ("last_name", "/data/attributes/last_name"),
            ("email", "/data/attributes/email"),
            ("picture", "/data/attributes/image_url"),
        ],
        "lark" => &[
            ("sub", "/open_id"),
            ("nickname", "/name"),
            ("picture", "/avatar_url"),
            ("phone_number", "/mobile"),
        ],
        "amazon" => &[("sub", "/user_id"), ("zoneinfo", "/postal_code")],
        "uaepass" => &[("name", "/fullnameEN"), ("given_name", "/firstnameEN"), ("last_name", "/lastnameEN")],
        _ => &[],
    }
}

/// A provider's own names → standard ones; what was there stays.
fn own_names(kind: &str, person: Value) -> Value {
    let mut claims = person.clone();
    let Some(map) = claims.as_object_mut() else { return claims };
    let mut found: Map<String, Value> = Map::new();
    for (name, pointer) in names_of(kind) {
        if let Some(value) = person.pointer(pointer).filter(|value| !value.is_null()) {
            found.entry(*name).or_insert_with(|| value.clone());
        }
    }
    map.extend(found);
    if map.get("sub").is_none_or(Value::is_null) {
        map.extend(person.get("id").and_then(text_of).map(|id| ("sub".to_owned(), id.into())));
    }
    // The id of a picture, unless the person has none.
    if let (Some(id), false) = (person["default_avatar_id"].as_str(), is_yes(&person["is_avatar_empty"]))
        && kind == "yandex"
    {
        let picture = format!("https://avatars.yandex.net/get-yapic/{id}/islands-200");
        map.insert("picture".to_owned(), picture.into());
    }
    claims
}

/// The first of a list that has one entry, and the address that came with the token.
fn vk(people: &Value, answer: &Value) -> Result<Value, Trouble> {
    let Some(person) = people.pointer("/response/0") else {
        return Err(Trouble::new(Stage::ClaimsInvalid, "the provider returned no user"));
    };
    let gender = match person["sex"].as_i64() {
        Some(1) => "female",
        Some(2) => "male",
        _ => "",
    };
    Ok(json!({
        "sub": text_of(&person["id"]),
        "given_name": person["first_name"],
        "family_name": person["last_name"],
        "nickname": person["nickname"],
        "picture": person["photo_200"],
        "birthdate": person["bdate"],
        "gender": gender,
        "email": answer["email"],
    }))
}

/// LinkedIn's first API, which has names and addresses in documents of their own.
fn linked_in(person: Value, addresses: &Value) -> Value {
    // The third picture is the largest that Kratos takes.
    let pictures = person.pointer("/profilePicture/displayImage~0/elements").and_then(Value::as_array);
    let picture = pictures.and_then(|list| list.get(list.len().min(3).checked_sub(1)?));
    json!({
        "sub": text_of(&person["id"]),
        "given_name": person["localizedFirstName"],
        "last_name": person["localizedLastName"],
        "picture": picture.and_then(|picture| picture.pointer("/identifiers/0/identifier")),
        "email": addresses.pointer("/elements/0/handle~0/emailAddress"),
    })
}

/// The email is the primary one of the list, if GitHub verified it: the profile's is the one that users choose to show.
fn git_hub(person: Value, addresses: &Value) -> Value {
    let text = |name: &str| person.get(name).and_then(Value::as_str).map(Value::from);
    let primary = addresses.as_array().into_iter().flatten().find(|address| {
        address["primary"].as_bool() == Some(true) && address["verified"].as_bool() == Some(true)
    });
    let mut claims = json!({
        "sub": text_of(&person["id"]),
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
mod tests;
