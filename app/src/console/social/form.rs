//! The form of one provider as names and texts: what is posted, and the draft that it says.

use crate::console::fields::{Fields, text};
use engine::config::providers::{KINDS, Preset};
use engine::config::social::Secret;
use engine::settings::social::{Draft, Mapper, TEXTS};

/// What was typed; `None`: of no kind that is there. The id of one that is there cannot be changed.
pub(super) fn drafted(sent: &Fields, was: Option<&str>) -> Option<Draft> {
    let name = text(sent, "provider");
    let kind = KINDS.iter().find(|kind| kind.name == name)?;
    let is_on = |name: &str| text(sent, name) == "true";
    let texts = TEXTS.into_iter().filter_map(|name| Some((name, sent.get(name)?.clone())));
    Some(Draft {
        id: was.unwrap_or_else(|| text(sent, "id").trim()).to_owned(),
        texts: texts.collect(),
        mapper: match text(sent, "mapper") {
            "own" => Mapper::Own,
            "kept" => Mapper::Kept(text(sent, "mapper_url").to_owned()),
            _ => Mapper::Preset,
        },
        links_by_itself: is_on("account_linking_mode"),
        update_on_login: is_on("update_identity_on_login"),
        vouches: is_on("vouches"),
        client_secret: Secret::from(text(sent, "client_secret")),
        apple_private_key: Secret::from(text(sent, "apple_private_key")),
        ..Draft::new(kind)
    })
}

/// What a preset fills in. An address with a part to replace stays a hint.
pub(super) fn begin_with(draft: &mut Draft, preset: &Preset) {
    draft.texts.insert("label", preset.label.to_owned());
    if !preset.issuer.contains("HOST") {
        draft.texts.insert("issuer_url", preset.issuer.to_owned());
    }
    if preset.name == "twitch" {
        draft.texts.insert("scope", "openid user:read:email".to_owned());
        let claims = "{\n  \"id_token\": { \"email\": null, \"email_verified\": null }\n}";
        draft.texts.insert("requested_claims", claims.to_owned());
    }
}

/// Label and value of what the other draft has otherwise.
pub(super) fn differing(theirs: &Draft, mine: &Draft) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = TEXTS
        .into_iter()
        .filter(|name| engine::settings::social::fields(mine.kind).contains(name))
        .filter(|name| normal(theirs, name) != normal(mine, name))
        .map(|name| (label(name), normal(theirs, name)))
        .collect();
    if theirs.mapper != mine.mapper || theirs.text("mapper_text") != mine.text("mapper_text") {
        let which = match theirs.mapper {
            Mapper::Preset => "the one that suits",
            Mapper::Own => "a text of its own",
            Mapper::Kept(_) => "as in the file",
        };
        all.push((label("mapper_text"), which.to_owned()));
    }
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    for (name, theirs, mine) in [
        ("vouches", theirs.vouches, mine.vouches),
        ("account_linking_mode", theirs.links_by_itself, mine.links_by_itself),
        ("update_identity_on_login", theirs.update_on_login, mine.update_on_login),
    ] {
        if theirs != mine {
            all.push((label(name), on(theirs)));
        }
    }
    all
}

/// With what an empty choice means.
fn normal(draft: &Draft, name: &str) -> String {
    match (name, draft.text(name)) {
        ("pkce", "") => "auto".to_owned(),
        ("claims_source", "") => "id_token".to_owned(),
        (_, text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// What a field is called.
pub(super) fn label(name: &str) -> &'static str {
    match name {
        "id" => "Id",
        "label" => "Name on the button",
        "client_id" => "Client id",
        "client_secret" => "Client secret",
        "issuer_url" => "Issuer",
        "auth_url" => "Authorization endpoint",
        "token_url" => "Token endpoint",
        "userinfo_url" => "Userinfo endpoint",
        "microsoft_tenant" => "Tenant",
        "apple_team_id" => "Team id",
        "apple_private_key_id" => "Key id",
        "apple_private_key" => "Private key",
        "scope" => "Scopes",
        "mapper_text" => "Mapper",
        "pkce" => "PKCE",
        "claims_source" => "Where claims come from",
        "requested_claims" => "Requested claims",
        "additional_id_token_audiences" => "Further audiences",
        "vouches" => "Its word on an address counts as proof",
        "account_linking_mode" => "Link accounts without asking",
        "update_identity_on_login" => "Take over changes at each sign-in",
        "claims" => "Claims to try it on",
        _ => "This field",
    }
}
