//! The sections of a provider's form in their order, and what is tested and deleted below it.

use super::controls::Controls;
use super::edit::Edited;
use super::form::{in_labels, label};
use super::report::mapped;
use super::{PATH, PROVIDER, TEST};
use crate::console::kit::Frame;
use crate::console::kit::detail::copied;
use crate::console::kit::text::{name, note, with_code};
use engine::settings::Severity;
use engine::settings::social::{From, Mapper, Tried};
use leptos::prelude::*;

pub(super) fn all(edited: &Edited, frame: &Frame<'_>) -> AnyView {
    let controls = Controls::of(edited, frame);
    let editable = edited.read_only.is_none();
    let lost = edited.secret_again && !frame.restored;
    view! {
        {lost.then(|| view! { <div id="secret-again">{note(Severity::Warning, "Enter the secret again", "Everything else that you typed is here. Secrets are never part of a page, and nothing is saved yet.")}</div> })}
        {at_the_provider(edited)}
        <form method="post" action=PROVIDER class="form make" autocomplete="off">
            <input type="hidden" name="base" value=edited.base />
            <input type="hidden" name="provider" value=edited.draft.kind.name />
            <input type="hidden" name="was" value=edited.entry.as_ref().map(|entry| entry.id.clone()).unwrap_or_default() />
            <input type="hidden" name="preset" value=edited.preset.map_or("", |preset| preset.name) />
            {credentials(&controls, frame)}
            {mapping(&controls)}
            {accounts(&controls)}
            {advanced(&controls)}
            {editable.then(|| save(edited, frame))}
            {editable.then(|| try_out(&controls))}
            {editable.then(|| remove(edited)).flatten()}
        </form>
        {test(edited, editable)}
    }
    .into_any()
}

fn section(id: &'static str, title: String, inside: AnyView) -> AnyView {
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{title}</h2>
            {inside}
        </section>
    }
    .into_any()
}

fn at_the_provider(edited: &Edited) -> AnyView {
    let (enter, called) = match edited.preset {
        Some(preset) => (preset.enter, preset.label),
        None => (edited.draft.kind.enter, edited.draft.kind.label),
    };
    let uri = edited.redirect_uri.clone();
    let later = edited.entry.is_none().then(|| view! { <p class="soft">"It ends with the ID below. If you change the ID, or force PKCE, save first and copy it then."</p> });
    let inside = view! {
        <div class="inside">
            <p>{with_code(&in_labels(enter))}</p>
            {copied("redirect-uri", "Redirect URI".into_any(), &format!("the redirect URI of {called}"), uri, "redirect-uri")}
            <p class="soft">"Register exactly this URI there."</p>
            {later}
        </div>
    };
    section("there", format!("At {called}"), inside.into_any())
}

fn credentials(controls: &Controls<'_>, frame: &Frame<'_>) -> AnyView {
    let edited = controls.edited;
    let kind = edited.draft.kind;
    let id = match &edited.entry {
        Some(entry) => view! { <p class="field meta"><span>"ID "<code>{name(entry.id.clone())}</code></span><span>{stands(entry.from)}</span></p> }.into_any(),
        None => controls.form.field("id", label("id").unwrap_or_default()).at_most(64).hint("Part of the redirect URI and of accounts. You can’t change it later.").line(),
    };
    let issuer = match kind.name {
        "gitlab" => "Only for a self-managed GitLab, for example `https://gitlab.example.org`.",
        "auth0" => "`https://`, your domain, and a trailing slash.",
        "salesforce" => "`https://login.salesforce.com`, or your own domain at Salesforce.",
        "uaepass" => "Only for the staging system: `https://stg-id.uaepass.ae`.",
        "jackson" => "Exactly as in the tokens of the provider.",
        _ => "The server finds the endpoints from it.",
    };
    let placeholder = edited.preset.map_or("", |preset| preset.issuer);
    let endpoints = ["auth_url", "token_url", "userinfo_url"];
    let optional = controls.has("userinfo_url").then(|| {
        view! {
            <details class="field" open=controls.opens(&endpoints)>
                <summary>"OAuth 2.0 without OpenID Connect"</summary>
                <p class="hint">"For a provider without an issuer, enter all three endpoints. The response of the userinfo endpoint needs `sub` or `id`."</p>
                {endpoints.map(|name| controls.line(name, "")).into_iter().collect_view()}
            </details>
        }
    });
    let needed = kind.needs_addresses().then(|| {
        view! {
            {controls.line("auth_url", "Where users are redirected to.")}
            {controls.line("token_url", "Where codes are exchanged. The server finds the keys next to it.")}
        }
    });
    let inside = view! {
        {id}
        {controls.line("label", "Leave empty to derive it from the ID.")}
        {controls.line("client_id", "")}
        {controls.secret(frame)}
        {controls.line("apple_team_id", "Ten letters and digits, next to your name at Apple.")}
        {controls.line("apple_private_key_id", "Ten letters and digits, next to the key.")}
        {controls.example("issuer_url", issuer, placeholder)}
        {controls.line("microsoft_tenant", "An ID or a domain allows that tenant. `organizations`, `consumers` and `common` allow every account of that type. Leave empty for `common`.")}
        {needed}
        {optional}
    };
    section("here", "Credentials".to_owned(), inside.into_any())
}

fn advanced(controls: &Controls<'_>) -> AnyView {
    let names = ["scope", "pkce", "claims_source", "requested_claims", "additional_id_token_audiences"];
    let scope = match controls.edited.draft.kind.scope {
        [] => "Separated by spaces. Leave empty for none.".to_owned(),
        words => format!("Separated by spaces. Leave empty for `{}`.", words.join(" ")),
    };
    let pkce = [
        ("auto", "If the provider says that it supports it"),
        ("force", "Always, with a redirect URI without the provider’s ID"),
        ("never", "Never"),
    ];
    let source =
        [("id_token", "The ID token"), ("userinfo", "The userinfo endpoint, which overrides the ID token")];
    let claims = controls.has("requested_claims");
    view! {
        <details class="card" open=controls.opens(&names)>
            <summary><h2>"Request to the provider"</h2><span class="soft">"Scopes, PKCE, claims"</span></summary>
            <div>
                {controls.line("scope", &scope)}
                {controls.select("pkce", &pkce)}
                {controls.select("claims_source", &source)}
                {claims.then(|| controls.area("requested_claims", "JSON, sent as the parameter `claims`. Leave empty for none.", 4))}
                {controls.line("additional_id_token_audiences", "Client IDs of your own apps that send an ID token of this provider.")}
            </div>
        </details>
    }
    .into_any()
}

fn mapping(controls: &Controls<'_>) -> AnyView {
    let saved = controls.edited.entry.as_ref().and_then(|entry| entry.draft.as_ref());
    let of_file = saved.and_then(|draft| match &draft.mapper {
        Mapper::Kept(address) => Some(address.clone()),
        Mapper::Preset | Mapper::Own => None,
    });
    let form = &controls.form;
    let inside = view! {
        <fieldset class="field" aria-labelledby="mapping">
            {form.radio("mapper", "preset", "Default mapping", "Uses the email, and whether the provider verified it. Fits the identity schema of the built-in default configuration.")}
            {of_file.map(|address| view! {
                <input type="hidden" name="mapper_url" value=address.clone() />
                {form.radio("mapper", "kept", "Mapping of the file", &address)}
            })}
            {form.radio("mapper", "own", "Custom mapping", "Jsonnet that turns the claims of the provider into traits. It runs in a separate process with limits.")}
            <div class="of-mapping">{controls.area("mapper_text", "Standard claims are in `std.extVar('claims')`, all claims in its `raw_claims`. Test it below.", 8)}</div>
        </fieldset>
    };
    section("mapping", "Claims mapping".to_owned(), inside.into_any())
}

fn accounts(controls: &Controls<'_>) -> AnyView {
    let vouches = match controls.edited.draft.kind.vouches {
        true => {
            "On: emails that the provider has verified need no code. This provider says which emails it has verified."
        }
        false => {
            "On: emails that the provider has verified need no code. Turn this on only if the provider verifies emails. Otherwise an attacker can use the email of another user."
        }
    };
    let inside = view! {
        {controls.check("vouches", vouches)}
        {controls.check("account_linking_mode", "On: if both sides have verified the email of an existing account, the accounts are linked without a question. Anyone who controls the email at the provider gets access here. Off: users sign in to the existing account first.")}
        {controls.check("update_identity_on_login", "On: the claims mapping runs at each sign-in and overwrites the account. Off: the account stays as it is.")}
    };
    section("accounts", "Accounts".to_owned(), inside.into_any())
}

fn save(edited: &Edited, frame: &Frame<'_>) -> AnyView {
    let inside = view! {
        <div class="inside">
            {frame.confirmation(&[], true)}
            <p class="buttons">
                <button class="button main" id="save" type="submit" name="action" value="save">{if edited.entry.is_some() { "Save" } else { "Save provider" }}</button>
                <a class="button" href=PATH>"Discard"</a>
            </p>
            {edited.entry.is_none().then(|| view! { <p class="soft">"A new provider is off until you turn it on."</p> })}
        </div>
    };
    section("save-title", "Save".to_owned(), inside.into_any())
}

/// After Save, so that Enter in a field saves.
fn try_out(controls: &Controls<'_>) -> AnyView {
    let edited = controls.edited;
    let result = match &edited.tried {
        None | Some(Tried::Again(_)) => ().into_any(),
        Some(Tried::Failed(why)) => view! {
            <div role="alert" id="tried" tabindex="-1" autofocus=true data-testid="tried">{note(Severity::Error, "The claims mapping fails", why)}</div>
        }
        .into_any(),
        Some(Tried::Made(made)) => view! {
            <div class="tried" id="tried" tabindex="-1" autofocus=true data-testid="tried">{mapped(made, edited.draft.vouches)}</div>
        }
        .into_any(),
    };
    let inside = view! {
        {controls.area("claims", "Claims of an example user, as the provider sends them. They are not saved.", 8)}
        <div class="inside">
            <p class="buttons"><button class="button" type="submit" name="action" value="try" formnovalidate=true>"Test mapping"</button></p>
            {result}
        </div>
    };
    section("try", "Test the claims mapping".to_owned(), inside.into_any())
}

fn remove(edited: &Edited) -> Option<AnyView> {
    let entry = edited.entry.as_ref().filter(|entry| entry.from != From::Files)?;
    let (title, what, button) = match entry.from {
        From::Both => (
            "Reset to file settings",
            "Only the file applies again. A secret that was entered here is deleted.",
            "Reset provider",
        ),
        From::Files | From::Console => (
            "Delete this provider",
            "Users who sign in with it need another sign-in method. Accounts stay. Its secret is deleted: restoring a revision doesn’t bring the secret back.",
            "Delete provider",
        ),
    };
    Some(
        view! {
            <details class="card" id="remove">
                <summary><h2>{title}</h2></summary>
                <div class="inside">
                    <p>{what}</p>
                    <p class="buttons"><button class="button danger" type="submit" name="action" value="remove" formnovalidate=true>{button}</button></p>
                </div>
            </details>
        }
        .into_any(),
    )
}

/// A form of its own: it opens another tab, and saves nothing.
fn test(edited: &Edited, editable: bool) -> Option<AnyView> {
    let entry = edited.entry.as_ref().filter(|_| editable)?;
    let inside = view! {
        <form class="inside" method="post" action=TEST target="_blank">
            <p>"Sign in at the provider with your own account, with the saved settings, even while the provider is off. You see the response and what a user would get. Nothing is stored, and no session is issued."</p>
            <input type="hidden" name="provider" value=entry.id.clone() />
            <button class="button" type="submit">"Test sign-in"<span class="unseen">", in a new tab"</span></button>
        </form>
    };
    Some(section("test", "Test sign-in".to_owned(), inside.into_any()))
}

fn stands(from: From) -> &'static str {
    match from {
        From::Files => "Defined in a file. Changes here override it.",
        From::Console => "Created here",
        From::Both => "Defined in a file, changed here",
    }
}
