//! The form of one provider. It shows an [`Edit`] and knows no rule.

use super::form::label;
use super::list::address;
use super::{Confirm, Conflict, Edit, PATH, PROVIDER, TEST};
use crate::console::kit::form::id as html_id;
use crate::console::kit::text::{ago, in_text_area, note, sign, with_code};
use crate::console::shell::{Shell, document};
use chrono::{DateTime, Utc};
use engine::settings::Severity;
use engine::settings::social::{From, Kept, Made, Mapper, Tried, fields, secret_of};
use leptos::prelude::*;
use serde_json::Value;

pub fn page(shell: &Shell, view: Edit) -> String {
    let name = match (&view.entry, view.preset) {
        (Some(entry), _) => entry.label.clone(),
        (None, Some(preset)) => format!("Add {}", preset.label),
        (None, None) => format!("Add {}", view.draft.kind.label),
    };
    let wrong = !view.problems.is_empty() || view.confirm.is_some() || view.conflict.is_some();
    let title = if wrong { format!("Error: {name}") } else { name.clone() };
    document(shell, &title, move || {
        let form = Form { edit: &view };
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=PATH>"Social sign-in"</a></p>
                    <h1>{name}</h1>
                </div>
                {view.read_only.clone().map(|why| view! { <div class="note info" id="read-only">{sign(Severity::Info)}<span><b>"Read only"</b>{why}</span></div> })}
                {form.above()}
                {form.at_the_provider()}
                <form method="post" action=PROVIDER class="provider" autocomplete="off">
                    // The first button of a form is what Enter presses.
                    {form.editable().then(|| view! { <button class="unseen" type="submit" name="action" value="save" tabindex="-1" aria-hidden="true">"Save"</button> })}
                    <input type="hidden" name="base" value=view.base />
                    <input type="hidden" name="provider" value=view.draft.kind.name />
                    <input type="hidden" name="was" value=view.entry.as_ref().map(|entry| entry.id.clone()).unwrap_or_default() />
                    <input type="hidden" name="preset" value=view.preset.map_or("", |preset| preset.name) />
                    {form.here()}
                    {form.asked_for()}
                    {form.mapper()}
                    {form.accounts()}
                    {form.save()}
                    {form.remove()}
                </form>
                {form.test()}
            </main>
        }
    })
}

struct Form<'a> {
    edit: &'a Edit,
}

impl Form<'_> {
    fn editable(&self) -> bool {
        self.edit.read_only.is_none()
    }

    fn has(&self, name: &str) -> bool {
        fields(self.edit.draft.kind).contains(&name)
    }

    fn problem(&self, name: &str) -> Option<String> {
        let problem = self.edit.problems.iter().find(|problem| problem.field == name)?;
        Some(problem.message.clone())
    }

    /// Errors, a conflict, a question: what comes back from a Save.
    fn above(&self) -> AnyView {
        let Edit { problems, conflict, confirm, secret_again, now, .. } = self.edit;
        let wrong = !problems.is_empty();
        let again = (*secret_again && (wrong || self.edit.kept || confirm.is_some() || conflict.is_some() || self.edit.tried.is_some()))
            .then(|| view! { <div class="note warning" id="secret-again">{sign(Severity::Warning)}<span><b>"Enter the secret again"</b>"What you typed is all here but for the secret: it is in no page, this one included. Nothing of it was saved."</span></div> });
        view! {
            {self.edit.kept.then(|| view! {
                <div class="note info" role="alert" id="kept" tabindex="-1" autofocus=true>
                    {sign(Severity::Info)}
                    <span><b>"What you typed is here, and not saved yet"</b>"Your session ran out before you saved."</span>
                </div>
            })}
            {conflict.as_ref().map(|conflict| meanwhile(conflict, *now))}
            {wrong.then(|| view! {
                <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                    {sign(Severity::Danger)}
                    <span><b>{if self.edit.tried.is_some() { "The mapper was not tried" } else { "Not saved" }}</b>{problems.iter().map(|problem| {
                        view! { <a href=format!("#{}", html_id(problem.field))>{with_code(&problem.message)}</a>" " }
                    }).collect_view()}</span>
                </div>
            })}
            {confirm.as_ref().map(asked)}
            {again}
        }
        .into_any()
    }

    fn at_the_provider(&self) -> AnyView {
        let Edit { draft, preset, redirect_uri, entry, .. } = self.edit;
        let (enter, called) = match preset {
            Some(preset) => (preset.enter, preset.label),
            None => (draft.kind.enter, draft.kind.label),
        };
        let later = entry.is_none().then(|| view! { <p class="soft">"The last part of it is the id below. With another id, or with PKCE forced, save first and copy it from there."</p> });
        view! {
            <section aria-labelledby="there">
                <h2 id="there">{format!("At {called}")}</h2>
                <div class="inside">
                    <p>{with_code(enter)}</p>
                    {address("redirect-uri".to_owned(), called, redirect_uri.clone())}
                    <p class="soft">"Register it there letter by letter."</p>
                    {later}
                </div>
            </section>
        }
        .into_any()
    }

    fn here(&self) -> AnyView {
        let draft = &self.edit.draft;
        let id = match &self.edit.entry {
            Some(entry) => view! { <p class="meta"><span>"Id "<code>{entry.id.clone()}</code></span><span>{stands(entry.from)}</span></p> }.into_any(),
            None => self.line("id", draft.id.clone(), "Stands in the redirect URI and in accounts, so it stays as it is.", ""),
        };
        let issuer_hint = match draft.kind.name {
            "gitlab" => "Only for a GitLab of your own, such as `https://gitlab.example.org`.",
            "auth0" => "`https://`, your domain, and a slash at the end.",
            "salesforce" => "`https://login.salesforce.com`, or your own domain at Salesforce.",
            "uaepass" => "Only for the staging system: `https://stg-id.uaepass.ae`.",
            "jackson" => "The issuer in its tokens, letter by letter.",
            _ => "Where the provider describes itself. Its description is found from here.",
        };
        let placeholder = self.edit.preset.map_or("", |preset| preset.issuer);
        let apple = (draft.kind.name == "apple").then(|| {
            view! {
                {self.text("apple_team_id", "Ten letters and digits, beside your name at Apple.")}
                {self.text("apple_private_key_id", "Ten letters and digits, beside the key.")}
            }
        });
        let needed = draft.kind.needs_addresses().then(|| {
            view! {
                {self.text("auth_url", "Where people are sent to.")}
                {self.text("token_url", "Where codes are exchanged. Keys are found beside it.")}
            }
        });
        let endpoints = self.has("userinfo_url").then(|| {
            let names = ["auth_url", "token_url", "userinfo_url"];
            let open = names.iter().any(|name| !draft.text(name).is_empty() || self.problem(name).is_some());
            view! {
                <details open=open>
                    <summary>"OAuth2 without OpenID"</summary>
                    <p class="soft">"For a provider that has no issuer: all three addresses. The document at the last one needs `sub` or `id`."</p>
                    {names.map(|name| self.text(name, "")).into_iter().collect_view()}
                </details>
            }
        });
        view! {
            <section aria-labelledby="here">
                <h2 id="here">"Here"</h2>
                <div class="inside">
                    {id}
                    {self.text("label", "Empty: made of the id.")}
                    {self.text("client_id", "")}
                    {self.secret()}
                    {apple}
                    {self.has("issuer_url").then(|| self.line("issuer_url", draft.text("issuer_url").to_owned(), issuer_hint, placeholder))}
                    {self.has("microsoft_tenant").then(|| self.text("microsoft_tenant", "An id or a domain lets that tenant in; `organizations`, `consumers` and `common` let everybody in who has such an account. Empty: `common`."))}
                    {needed}
                    {endpoints}
                </div>
            </section>
        }
        .into_any()
    }

    fn asked_for(&self) -> AnyView {
        let kind = self.edit.draft.kind;
        let names = ["scope", "pkce", "claims_source", "requested_claims", "additional_id_token_audiences"];
        let open = names.iter().any(|name| {
            self.problem(name).is_some() || (self.has(name) && !self.edit.draft.text(name).is_empty())
        });
        let scope = match kind.scope {
            [] => "Words with spaces between. Empty: none.".to_owned(),
            words => format!("Words with spaces between. Empty: `{}`.", words.join(" ")),
        };
        let pkce = [
            ("auto", "Where the provider says that it knows it"),
            ("force", "Always, and with a redirect URI that names no provider"),
            ("never", "Never"),
        ];
        let source =
            [("id_token", "The signed token"), ("userinfo", "The userinfo endpoint, over the token's")];
        view! {
            <details class="card" open=open>
                <summary><h2>"What is asked of it"</h2><span class="soft">"Scopes, PKCE, claims"</span></summary>
                <div class="inside">
                    {self.line("scope", self.edit.draft.text("scope").to_owned(), &scope, "")}
                    {self.choice("pkce", &pkce)}
                    {self.has("claims_source").then(|| self.choice("claims_source", &source))}
                    {self.has("requested_claims").then(|| self.area("requested_claims", "JSON, sent as the parameter `claims`. Empty: none.", 4, self.edit.draft.text("requested_claims").to_owned()))}
                    {self.has("additional_id_token_audiences").then(|| self.text("additional_id_token_audiences", "Client ids of your own apps that send an id_token of this provider."))}
                </div>
            </details>
        }
        .into_any()
    }

    fn mapper(&self) -> AnyView {
        let Edit { draft, entry, claims, .. } = self.edit;
        let disabled = !self.editable();
        let of_file =
            entry.as_ref().and_then(|entry| entry.draft.as_ref()).and_then(|draft| match &draft.mapper {
                Mapper::Kept(address) => Some(address.clone()),
                Mapper::Preset | Mapper::Own => None,
            });
        let way = |value: &'static str, checked: bool, title: &'static str, about: String| {
            let control = format!("mapper-{value}");
            let described = format!("{control}-about");
            view! {
                <div class="choice">
                    <input type="radio" name="mapper" id=control.clone() value=value checked=checked disabled=disabled aria-describedby=described.clone() />
                    <label for=control>{title}</label>
                    <small id=described>{about}</small>
                </div>
            }
        };
        let text = match draft.texts.get("mapper_text") {
            Some(text) if !text.is_empty() => text.clone(),
            _ => draft.kind.mapper.to_owned(),
        };
        view! {
            <section aria-labelledby="mapper">
                <h2 id="mapper">"Mapper"</h2>
                <div class="inside">
                    <p>"Jsonnet that makes an account's traits of what the provider says. It runs in a process of its own, with limits."</p>
                    <div role="radiogroup" aria-labelledby="mapper" class="ways">
                        {way("preset", draft.mapper == Mapper::Preset, "The one that suits", "Takes the address, and says that it is verified where the provider does. Fits the identity schema of the starter file.".to_owned())}
                        {way("own", draft.mapper == Mapper::Own, "A text of your own", "The text below.".to_owned())}
                        {of_file.map(|address| view! {
                            <input type="hidden" name="mapper_url" value=address.clone() />
                            {way("kept", matches!(draft.mapper, Mapper::Kept(_)), "As in the file", address)}
                        })}
                    </div>
                    {self.area("mapper_text", "Standard claims stand in `std.extVar('claims')`, everything in its `raw_claims`. Counts only with the choice above.", 8, text)}
                    {self.area("claims", "As the provider sends them, of somebody made up. They are used for the button below and saved nowhere.", 8, claims.clone())}
                    {self.editable().then(|| view! { <button class="button" type="submit" name="action" value="try" formnovalidate=true>"Try the mapper"</button> })}
                    {self.tried()}
                </div>
            </section>
        }
        .into_any()
    }

    fn tried(&self) -> AnyView {
        match &self.edit.tried {
            None | Some(Tried::Again(_)) => ().into_any(),
            Some(Tried::Failed(why)) => view! {
                <div role="alert" id="tried" tabindex="-1" autofocus=true data-testid="tried">{note(Severity::Error, "The mapper fails", why)}</div>
            }
            .into_any(),
            Some(Tried::Made(tried)) => {
                let Made { traits, metadata_public, metadata_admin, messages, vouched } = tried.as_ref();
                let fits = messages.is_empty();
                let counted = match (vouched.is_empty(), self.edit.draft.vouches) {
                    (true, _) => "It says of no address that it is verified: a code is mailed where addresses have to be proven.".to_owned(),
                    (false, true) => format!("Counts as proven without a mail: {}.", vouched.join(", ")),
                    (false, false) => format!("It says that {} is verified, and that does not count: its word on an address is no proof here.", vouched.join(", ")),
                };
                view! {
                    <div id="tried" tabindex="-1" autofocus=true data-testid="tried" class="tried">
                        <h3>"What it makes of them"</h3>
                        {made("Traits", traits)}
                        {metadata_public.as_ref().map(|metadata| made("metadata_public", metadata))}
                        {metadata_admin.as_ref().map(|metadata| made("metadata_admin", metadata))}
                        {match fits {
                            true => note(Severity::Info, "They fit the identity schema", "A sign-up with them needs nothing more."),
                            false => view! {
                                <div class="note warning">
                                    {sign(Severity::Warning)}
                                    <span><b>"They do not fit the identity schema"</b>"People would be asked for what is missing."
                                        <ul>{messages.iter().map(|(name, text)| view! { <li><code>{name.clone()}</code>": "{text.clone()}</li> }).collect_view()}</ul>
                                    </span>
                                </div>
                            }.into_any(),
                        }}
                        <p>{counted}</p>
                    </div>
                }
                .into_any()
            }
        }
    }

    fn accounts(&self) -> AnyView {
        let draft = &self.edit.draft;
        let vouches = match draft.kind.vouches {
            true => {
                "An address that the mapper says is verified needs no mail. This provider tells apart what it has checked."
            }
            false => {
                "An address that the mapper says is verified needs no mail. Only for a provider that checks addresses: whoever can make an account with a foreign address there can prove that address here."
            }
        };
        view! {
            <section aria-labelledby="accounts">
                <h2 id="accounts">"Accounts"</h2>
                <div class="inside">
                    {self.check("vouches", draft.vouches, vouches)}
                    {self.check("account_linking_mode", draft.links_by_itself, "Where somebody comes with an address that has an account here, and both sides have proven it, the two are linked at once: whoever controls the address there gets the account here. Off: they are asked to sign in to the account first.")}
                    {self.check("update_identity_on_login", draft.update_on_login, "The mapper runs again at each sign-in, and what it says wins. Off: the account stays as it is.")}
                </div>
            </section>
        }
        .into_any()
    }

    fn save(&self) -> AnyView {
        if !self.editable() {
            return ().into_any();
        }
        let Edit { stale, reason, confirm, entry, .. } = self.edit;
        let asks = confirm.as_ref().is_some_and(|confirm| confirm.needs_password);
        let wrong = confirm.as_ref().and_then(|confirm| confirm.wrong.clone());
        let invalid = wrong.as_ref().map(|_| "true");
        let described = if wrong.is_some() { "confirm-wrong confirm-hint" } else { "confirm-hint" };
        let needs_reason = confirm.as_ref().is_some_and(|confirm| confirm.needs_reason).then_some("true");
        view! {
            <section aria-label="Save">
                <div class="inside">
                    <div class="field">
                        <label for="reason">"Why, for the history " <span class="soft">"optional"</span></label>
                        <input id="reason" name="reason" type="text" maxlength="200" autocomplete="off" value=reason.clone() aria-invalid=needs_reason />
                    </div>
                    {(*stale || asks).then(|| view! {
                        <div class="field">
                            <label for="confirm-password">"Your password"</label>
                            <input id="confirm-password" name="password" type="password" autocomplete="current-password" aria-invalid=invalid aria-describedby=described />
                            <p class="hint" id="confirm-hint">"A provider says who somebody is, so a Save asks who you are when you signed in more than five minutes ago."</p>
                            {wrong.map(|wrong| view! { <p class="bad" id="confirm-wrong">{wrong}</p> })}
                        </div>
                    })}
                    <p class="buttons">
                        <button class="button main" id="save" type="submit" name="action" value="save">{if entry.is_some() { "Save" } else { "Save, still off" }}</button>
                        <a class="button" href=PATH>"Back"</a>
                    </p>
                </div>
            </section>
        }
        .into_any()
    }

    fn remove(&self) -> AnyView {
        let Some(entry) =
            self.edit.entry.as_ref().filter(|entry| self.editable() && entry.from != From::Files)
        else {
            return ().into_any();
        };
        let (title, what, button) = match entry.from {
            From::Both => (
                "Take back what was set here",
                "The file alone decides again. A secret that was entered here is destroyed.",
                "Take it back",
            ),
            From::Files | From::Console => (
                "Remove this provider",
                "Whoever signs in with it cannot any more, unless they have another way in. Its secret is destroyed: going back to an older revision does not bring it back. Accounts stay.",
                "Remove it",
            ),
        };
        view! {
            <details class="card" id="remove">
                <summary><h2>{title}</h2></summary>
                <div class="inside">
                    <p>{what}</p>
                    <button class="button" type="submit" name="action" value="remove" formnovalidate=true>{button}</button>
                </div>
            </details>
        }
        .into_any()
    }

    fn test(&self) -> AnyView {
        let Some(entry) = self.edit.entry.as_ref().filter(|_| self.editable()) else { return ().into_any() };
        view! {
            <section aria-labelledby="test">
                <h2 id="test">"Test sign-in"</h2>
                <form class="inside" method="post" action=TEST target="_blank">
                    <p>"The whole trip with an account of yours there, as it is saved, also while it is off. It shows what the provider says and what would come of it; nothing is stored and nobody is signed in."</p>
                    <input type="hidden" name="provider" value=entry.id.clone() />
                    <button class="button" type="submit">"Test sign-in"<span class="unseen">", in a new tab"</span></button>
                </form>
            </section>
        }
        .into_any()
    }

    // Controls

    /// One that fills the member of its name.
    fn text(&self, name: &'static str, hint: &str) -> AnyView {
        self.line(name, self.edit.draft.text(name).to_owned(), hint, "")
    }

    fn line(&self, name: &'static str, value: String, hint: &str, placeholder: &'static str) -> AnyView {
        let (id, problem) = (html_id(name), self.problem(name));
        let described = described(&id, hint, problem.is_some());
        let placeholder = (!placeholder.is_empty()).then_some(placeholder);
        view! {
            <div class="field">
                <label for=id.clone()>{label(name)}</label>
                <input id=id.clone() name=name type="text" autocomplete="off" autocapitalize="none" spellcheck="false" value=value placeholder=placeholder disabled=!self.editable()
                    aria-describedby=described aria-invalid=problem.as_ref().map(|_| "true") />
                {told(&id, hint, problem)}
            </div>
        }
        .into_any()
    }

    fn area(&self, name: &'static str, hint: &str, rows: u8, value: String) -> AnyView {
        let (id, problem) = (html_id(name), self.problem(name));
        let described = described(&id, hint, problem.is_some());
        view! {
            <div class="field">
                <label for=id.clone()>{label(name)}</label>
                <textarea id=id.clone() name=name rows=rows.to_string() autocomplete="off" autocapitalize="none" spellcheck="false" disabled=!self.editable()
                    aria-describedby=described aria-invalid=problem.as_ref().map(|_| "true") inner_html=in_text_area(&value)></textarea>
                {told(&id, hint, problem)}
            </div>
        }
        .into_any()
    }

    fn choice(&self, name: &'static str, options: &[(&'static str, &'static str)]) -> AnyView {
        let (id, problem) = (html_id(name), self.problem(name));
        let chosen = Some(self.edit.draft.text(name)).filter(|text| !text.is_empty());
        let chosen = chosen.or(options.first().map(|(value, _)| *value)).unwrap_or_default().to_owned();
        let described = described(&id, "", problem.is_some());
        view! {
            <div class="field">
                <label for=id.clone()>{label(name)}</label>
                <select id=id.clone() name=name disabled=!self.editable() aria-describedby=described aria-invalid=problem.as_ref().map(|_| "true")>
                    {options.iter().map(|(value, title)| view! { <option value=*value selected=*value == chosen>{*title}</option> }).collect_view()}
                </select>
                {told(&id, "", problem)}
            </div>
        }
        .into_any()
    }

    fn check(&self, name: &'static str, on: bool, effect: &'static str) -> AnyView {
        let (id, problem) = (html_id(name), self.problem(name));
        let described = described(&id, effect, problem.is_some());
        view! {
            <div class="field tick">
                <input id=id.clone() name=name type="checkbox" value="true" checked=on disabled=!self.editable() aria-describedby=described />
                <label for=id.clone()>{label(name)}</label>
                {told(&id, effect, problem)}
            </div>
        }
        .into_any()
    }

    /// Never with a value: what is kept is told by its fingerprint.
    fn secret(&self) -> AnyView {
        let name = secret_of(self.edit.draft.kind);
        let (id, problem) = (html_id(name), self.problem(name));
        let now = self.edit.now;
        let kept = self.edit.entry.as_ref().map_or(Kept::Nothing, |entry| entry.secret.clone());
        let state = match kept {
            Kept::Nothing if self.edit.draft.kind.name == "generic" => {
                "Empty: a public client, which proves itself by PKCE alone.".into_any()
            }
            Kept::Nothing => "It is shown once there, and never here.".into_any(),
            Kept::InFiles => {
                "It stands in a file. Leave empty to keep it; what is entered here is used instead."
                    .into_any()
            }
            Kept::Gone => "It is gone. Enter it again.".into_any(),
            Kept::Held(held) => view! {
                {held.fingerprint}", set "{ago(now, held.set_at)}" by "{held.set_by}
                {match held.used_at {
                    Some(at) => view! { ", last used "{ago(now, at)} }.into_any(),
                    None => ", never used".into_any(),
                }}
                ". Leave empty to keep it; what is entered here replaces it."
            }
            .into_any(),
        };
        let described = match problem {
            Some(_) => format!("{id}-hint {id}-problem"),
            None => format!("{id}-hint"),
        };
        let invalid = problem.as_ref().map(|_| "true");
        let control = match name {
            "apple_private_key" => view! {
                <textarea id=id.clone() name=name rows="5" autocomplete="off" spellcheck="false" disabled=!self.editable() aria-describedby=described aria-invalid=invalid></textarea>
            }
            .into_any(),
            _ => view! {
                <input id=id.clone() name=name type="password" autocomplete="off" disabled=!self.editable() aria-describedby=described aria-invalid=invalid />
            }
            .into_any(),
        };
        view! {
            <div class="field">
                <label for=id.clone()>{label(name)}</label>
                {control}
                <p class="hint" id=format!("{id}-hint") data-testid="secret-state">{state}</p>
                {problem.map(|problem| view! { <p class="bad" id=format!("{id}-problem")>{problem}</p> })}
            </div>
        }
        .into_any()
    }
}

fn described(id: &str, hint: &str, problem: bool) -> Option<String> {
    match (hint.is_empty(), problem) {
        (true, false) => None,
        (false, false) => Some(format!("{id}-hint")),
        (true, true) => Some(format!("{id}-problem")),
        (false, true) => Some(format!("{id}-hint {id}-problem")),
    }
}

fn told(id: &str, hint: &str, problem: Option<String>) -> AnyView {
    view! {
        {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{with_code(hint)}</p> })}
        {problem.map(|problem| view! { <p class="bad" id=format!("{id}-problem")>{with_code(&problem)}</p> })}
    }
    .into_any()
}

fn stands(from: From) -> &'static str {
    match from {
        From::Files => "from a file; what is changed here is laid over it",
        From::Console => "from the console",
        From::Both => "from a file, with what was changed here laid over it",
    }
}

/// JSON under a title.
pub(super) fn made(title: &str, value: &Value) -> AnyView {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    view! { <h4>{title.to_owned()}</h4><pre>{text}</pre> }.into_any()
}

/// What a Save lacks.
fn asked(confirm: &Confirm) -> AnyView {
    let dangers: Vec<&'static str> = confirm.dangers.iter().map(|danger| danger.title).collect();
    let what = match (confirm.needs_password, confirm.needs_reason) {
        (true, true) => {
            "You signed in a while ago. Type your password at the end of the form, say why, and save again."
        }
        (true, false) => {
            "You signed in a while ago. Type your password at the end of the form, and save again."
        }
        _ => "Say why at the end of the form, and save again.",
    };
    let title = if dangers.is_empty() { "Not saved yet" } else { "Not saved yet: this is a danger" };
    view! {
        <div class="note danger" role="alert" id="confirm" tabindex="-1" autofocus=true>
            {sign(Severity::Danger)}
            <div>
                <b>{title}</b>
                {(!dangers.is_empty()).then(|| view! { <ul>{dangers.into_iter().map(|title| view! { <li>{title}</li> }).collect_view()}</ul> })}
                <p>{what}</p>
            </div>
        </div>
    }
    .into_any()
}

/// Who saved this provider first, and what they have otherwise.
fn meanwhile(conflict: &Conflict, now: DateTime<Utc>) -> AnyView {
    let Conflict { by, at, revision, theirs } = conflict;
    view! {
        <div class="note warning" role="alert" id="conflict" tabindex="-1" autofocus=true>
            {sign(Severity::Warning)}
            <div>
                <b>{format!("{by} saved this provider in revision {revision}, ")}{ago(now, *at)}</b>
                {(!theirs.is_empty()).then(|| view! {
                    <p>"What is in force now, and differs from the form:"</p>
                    <ul>{theirs.iter().map(|(name, value)| view! { <li>{*name}": "{value.clone()}</li> }).collect_view()}</ul>
                })}
                <p>"Nothing of yours was saved, and nothing is lost: the form below is what you typed. Save again to put it in force."</p>
            </div>
        </div>
    }
    .into_any()
}
