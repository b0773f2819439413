//! The form of one provider as names and texts: what is posted, what its controls show, and the draft that both stand for.

use crate::console::fields::{Fields, text};
use engine::config::providers::{KINDS, Preset};
use engine::config::social::Secret;
use engine::settings::social::{Draft, Mapper, TEXTS};

/// What was typed. `None`: no kind has that name. The ID of an existing provider can't be changed.
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

/// What the controls show. Secrets are never among it. `claims`: to test the claims mapping with.
pub(super) fn shown(draft: &Draft, claims: String) -> Fields {
    let mut fields: Fields = TEXTS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), draft.texts.get(name)?.clone())))
        .collect();
    let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
    put("id", &draft.id);
    put("claims", &claims);
    put(
        "mapper",
        match &draft.mapper {
            Mapper::Preset => "preset",
            Mapper::Own => "own",
            Mapper::Kept(_) => "kept",
        },
    );
    for (name, on) in [
        ("account_linking_mode", draft.links_by_itself),
        ("update_identity_on_login", draft.update_on_login),
        ("vouches", draft.vouches),
    ] {
        put(name, if on { "true" } else { "" });
    }
    if draft.text("mapper_text").is_empty() {
        put("mapper_text", draft.kind.mapper);
    }
    for (name, meant) in [("pkce", "auto"), ("claims_source", "id_token")] {
        if draft.text(name).is_empty() {
            put(name, meant);
        }
    }
    fields
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
        .map(|name| (label(name).unwrap_or(name), normal(theirs, name)))
        .collect();
    if theirs.mapper != mine.mapper || theirs.text("mapper_text") != mine.text("mapper_text") {
        let which = match theirs.mapper {
            Mapper::Preset => "default mapping",
            Mapper::Own => "custom mapping",
            Mapper::Kept(_) => "mapping of the file",
        };
        all.push(("Claims mapping", which.to_owned()));
    }
    let on = |on: bool| if on { "On" } else { "Off" }.to_owned();
    for (name, theirs, mine) in [
        ("vouches", theirs.vouches, mine.vouches),
        ("account_linking_mode", theirs.links_by_itself, mine.links_by_itself),
        ("update_identity_on_login", theirs.update_on_login, mine.update_on_login),
    ] {
        if theirs != mine {
            all.push((label(name).unwrap_or(name), on(theirs)));
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

/// A text that names fields by their keys, with their labels instead.
pub(super) fn in_labels(text: &str) -> String {
    let part = |(number, part): (usize, &str)| match (number % 2, label(part)) {
        (1, Some(label)) => format!("“{label}”"),
        (1, None) => format!("`{part}`"),
        _ => part.to_owned(),
    };
    text.split('`').enumerate().map(part).collect()
}

/// What a field is called.
pub(super) fn label(name: &str) -> Option<&'static str> {
    Some(match name {
        "id" => "ID",
        "label" => "Name on the button",
        "client_id" => "Client ID",
        "client_secret" => "Client secret",
        "issuer_url" => "Issuer URL",
        "auth_url" => "Authorization endpoint",
        "token_url" => "Token endpoint",
        "userinfo_url" => "Userinfo endpoint",
        "microsoft_tenant" => "Tenant",
        "apple_team_id" => "Team ID",
        "apple_private_key_id" => "Key ID",
        "apple_private_key" => "Private key",
        "scope" => "Scopes",
        "mapper_text" => "Custom mapping",
        "pkce" => "PKCE",
        "claims_source" => "Source of claims",
        "requested_claims" => "Requested claims",
        "additional_id_token_audiences" => "Additional audiences",
        "vouches" => "Trust verified emails from this provider",
        "account_linking_mode" => "Link accounts automatically",
        "update_identity_on_login" => "Update the account at each sign-in",
        "claims" => "Claims to test with",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::in_labels;

    #[test]
    fn keys_of_the_form_become_its_labels_and_other_code_stays() {
        let text = "Set `issuer_url` to `common`, then copy the URL.";
        assert_eq!(in_labels(text), "Set “Issuer URL” to `common`, then copy the URL.");
    }
}
