//! How the form of one web hook looks, and the page before a press. They show views and know no rule.

use super::change::{Asked, Conflict, Done, Pressed, View};
use super::form::{
    AUTH_KIND, BODY_KIND, DESPITE, FOR, KEY_IN, KEY_NAME, PLACE, PLACES, SECRETS, SIGNING, USER, has,
    place_name, sealed,
};
use super::{CHANGE, NEW, PATH, PRESS, pretty};
use crate::console::fields::{Fields, trimmed};
use crate::console::kit::text::{ago, in_text_area, note, sign, with_code};
use crate::console::shell::{Shell, document};
use crate::console::{confirm, plan};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::config::Method;
use engine::hooks::Sample;
use engine::pipeline;
use engine::settings::web_hooks::{
    self, AUTH, Act, BODY, Flow, HEADERS, ID, Listed, METHODS, OUTCOME, Outcome, Preview, Secret, URL, VERB,
    VERBS, choice, moment,
};
use engine::settings::{FieldError, Severity};
use leptos::prelude::*;
use serde_json::Value;

/// Fields that stand in the form, so that a problem can lead there.
const FIELDS: [&str; 9] = [ID, PLACE, OUTCOME, METHODS, URL, VERB, HEADERS, BODY, AUTH];

/// The form's controls with what stands in them.
struct Controls<'a> {
    fields: &'a Fields,
    problems: &'a [FieldError],
}

impl Controls<'_> {
    fn value(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    fn problem(&self, field: &str) -> Option<AnyView> {
        let found = self.problems.iter().find(|problem| problem.field == field)?;
        let id = format!("{field}-problem");
        Some(view! { <p class="bad" id=id>{with_code(&found.message)}</p> }.into_any())
    }

    fn invalid(&self, field: &str) -> Option<&'static str> {
        self.problems.iter().any(|problem| problem.field == field).then_some("true")
    }

    /// Ids of what describes a control.
    fn described(&self, field: &str) -> String {
        match self.invalid(field) {
            Some(_) => format!("{field}-problem {field}-about"),
            None => format!("{field}-about"),
        }
    }

    fn line(&self, name: &'static str, id: &'static str) -> AnyView {
        view! { <input id=id name=name type="text" autocomplete="off" autocapitalize="off" spellcheck="false" value=self.value(name) maxlength="2048" /> }.into_any()
    }

    /// A choice among several, told apart by `name`.
    fn choice(
        &self,
        name: &'static str,
        value: &'static str,
        label: &'static str,
        about: &'static str,
    ) -> AnyView {
        let id = format!("{}-{value}", name.replace('.', "-"));
        let described = (!about.is_empty()).then(|| format!("{id}-about"));
        let checked = trimmed(self.fields, name) == value;
        view! {
            <div class="choice">
                <input type="radio" name=name id=id.clone() value=value checked=checked aria-describedby=described.clone() />
                <label for=id>{label}</label>
                {described.map(|id| view! { <small id=id>{about}</small> })}
            </div>
        }
        .into_any()
    }

    /// A secret: nothing of it is ever shown.
    fn secret(
        &self,
        name: &'static str,
        label: &'static str,
        held: Option<&Secret>,
        now: DateTime<Utc>,
    ) -> AnyView {
        let id = name.replace('.', "-");
        let brought = self.fields.get(&sealed(name)).cloned();
        let about = format!("{id}-about");
        let said = match (&brought, held) {
            (Some(_), _) => "Typed already, and not shown again. Leave it empty to use that.".into_any(),
            (None, Some(secret)) => self::held(secret, now, "Leave it empty to keep it."),
            (None, None) => "It is shown to nobody again.".into_any(),
        };
        view! {
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="password" autocomplete="new-password" aria-describedby=about.clone() />
            {brought.map(|value| view! { <input type="hidden" name=sealed(name) value=value /> })}
            <p class="soft" id=about>{said}</p>
        }
        .into_any()
    }
}

/// What may be told of a secret.
pub(super) fn held(secret: &Secret, now: DateTime<Utc>, after: &'static str) -> AnyView {
    let Some(held) = &secret.held else {
        return view! { <b class="gone">"It is gone: calls fail until it is entered again. "</b>{after} }
            .into_any();
    };
    let used = match held.used_at {
        Some(at) => view! { ", last used "{ago(now, at)} }.into_any(),
        None => ", not used yet".into_any(),
    };
    let by = format!(" set by {} ", held.set_by);
    view! { <code>{held.fingerprint.clone()}</code>{by}{ago(now, held.set_at)}{used}". "{after} }.into_any()
}

/// The form of one hook.
pub fn form(shell: &Shell, view: View) -> String {
    let wrong =
        view.asked.conflict.is_some() || view.asked.confirm.is_some() || !view.asked.problems.is_empty();
    let title = match &view.listed {
        Some(listed) => format!("Change {}", listed.id),
        None => "New webhook".to_owned(),
    };
    let shown = if wrong { format!("Error: {title}") } else { title.clone() };
    document(shell, &shown, move || {
        let View { listed, fields, base, methods, preview, asked, kept, now } = view;
        let Asked { problems, conflict, confirm, stale } = asked;
        let controls = Controls { fields: &fields, problems: &problems };
        let action = if listed.is_some() { CHANGE } else { NEW };
        let asks = confirm.is_some();
        let reason = problems.iter().any(|problem| problem.field == "reason");
        let dangers = reason || preview.as_ref().is_some_and(|preview| !preview.brings_about.is_empty());
        let drawn = preview.as_ref().and_then(drawing);
        view! {
            <div class="live">
                <form method="post" action=action autocomplete="off" class="frame-form make">
                    <input type="hidden" name="base" value=base />
                    {listed.as_ref().map(|listed| view! { <input type="hidden" name="edited" value=listed.id.clone() /> })}
                    <main id="main" tabindex="-1">
                        <div class="head">
                            <p><a href=PATH>"Webhooks"</a></p>
                            <h1>{title}</h1>
                            <p>"Calls another service on the way. It takes effect with the Save, and can be switched off and taken back any time."</p>
                        </div>
                        {kept.then(|| view! {
                            <div class="note info" role="alert" id="kept" tabindex="-1" autofocus=true>
                                {sign(Severity::Info)}
                                <span><b>"What you typed is here, and not saved yet"</b>"Your session ran out before you saved. Secrets are not kept: type them again."</span>
                            </div>
                        })}
                        {conflict.map(|conflict| meanwhile(conflict, now))}
                        {confirm.map(|(dangers, wrong)| confirm::block("Not saved yet: show that it is you", &dangers,
                            "You signed in a while ago. Type your password and save again; nothing of what you typed is lost.", wrong))}
                        {summary(&problems)}
                        {preview.map(previewed)}
                        {what(&controls, listed.is_some(), &methods)}
                        {sent(&controls)}
                        {who(&controls, listed.as_ref(), now)}
                        <section aria-labelledby="save-title">
                            <h2 id="save-title">"Save"</h2>
                            <div class="field">
                                <label for="reason">"Why " <span class="soft">{if dangers { "needed, since this is a danger" } else { "optional, for the history" }}</span></label>
                                <input id="reason" name="reason" type="text" maxlength="200" autocomplete="off" value=trimmed(&fields, "reason").to_owned() aria-invalid=reason.then_some("true") />
                            </div>
                            {(stale && !asks).then(|| view! {
                                <div class="field">
                                    <p class="soft">"You signed in a while ago, so Save takes your password."</p>
                                    {confirm::field(None, false)}
                                </div>
                            })}
                            <div class="field buttons">
                                <button class="button main" id="save" type="submit" name="step" value="save">"Save"</button>
                                <button class="button" id="preview" type="submit" name="step" value="preview">"Preview"</button>
                                <a class="button" href=PATH>"Discard"</a>
                            </div>
                        </section>
                    </main>
                    {drawn}
                </form>
                <form id="view" hidden=true></form>
            </div>
        }
    })
}

/// All that is wrong, each with the way to its field.
fn summary(problems: &[FieldError]) -> Option<AnyView> {
    if problems.is_empty() {
        return None;
    }
    let list = problems.iter().map(|problem| {
        let message = with_code(&problem.message);
        match FIELDS.contains(&problem.field) || problem.field == "reason" {
            true => view! { <li><a href=format!("#{}", problem.field)>{message}</a></li> }.into_any(),
            false => view! { <li>{message}</li> }.into_any(),
        }
    });
    Some(
        view! {
            <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                {sign(Severity::Danger)}
                <div><b>"Not saved"</b><ul>{list.collect_view()}</ul></div>
            </div>
        }
        .into_any(),
    )
}

fn meanwhile(conflict: Conflict, now: DateTime<Utc>) -> AnyView {
    let Conflict { by, at, revision, theirs } = conflict;
    view! {
        <div class="note warning" role="alert" id="conflict" tabindex="-1" autofocus=true>
            {sign(Severity::Warning)}
            <div>
                <b>{format!("{by} saved revision {revision} ")}{ago(now, at)}</b>
                {(!theirs.is_empty()).then(|| view! { <ul>{theirs.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul> })}
                <p>"Nothing of yours was saved, and nothing is lost: below is what you typed. Save again to put it in force over that, or discard it."</p>
            </div>
        </div>
    }
    .into_any()
}

/// What the Save would bring about.
fn previewed(preview: Preview) -> AnyView {
    let Preview { changes, findings, sample, .. } = preview;
    let same = changes.is_empty();
    view! {
        <section class="inside-out" aria-labelledby="preview-title" id="previewed" tabindex="-1" autofocus=true>
            <h2 id="preview-title">"What Save would do"</h2>
            <div class="inside">
                {match same {
                    true => view! { <p>"Nothing but setting secrets that were typed: all else is as it is saved."</p> }.into_any(),
                    false => view! { <ul class="changes">{changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul> }.into_any(),
                }}
                {findings.into_iter().map(|check| note(check.severity, check.title, &check.text)).collect_view()}
                {sample.map(sampled)}
            </div>
        </section>
    }
    .into_any()
}

/// What the template makes of somebody.
fn sampled(sample: Sample) -> AnyView {
    let Sample { input, made_up, output, .. } = sample;
    let from = match made_up {
        true => "With somebody made up, since nothing was sent yet.",
        false => "With the last call, secrets taken out.",
    };
    let made = match output {
        Ok(Some(text)) => {
            let text = serde_json::from_str::<Value>(&text).map_or(text, |value| pretty(&value));
            view! { <pre data-testid="output">{text}</pre> }.into_any()
        }
        Ok(None) => view! { <p>"The request goes out empty."</p> }.into_any(),
        Err(why) => view! { <p data-testid="output">{why}</p> }.into_any(),
    };
    view! {
        <h3>"What would be sent"</h3>
        <p class="soft">{from}</p>
        {made}
        <details><summary>"What the template is given"</summary><pre>{pretty(&input)}</pre></details>
    }
    .into_any()
}

fn drawing(preview: &Preview) -> Option<AnyView> {
    let title = match preview.flow {
        Flow::Registration => "What happens at sign-up",
        Flow::Login => "What happens at sign-in",
        Flow::Verification => return None,
    };
    (!preview.pipelines.is_empty()).then(|| plan::drawing(title, &preview.pipelines))
}

/// Name, moment, outcome.
fn what(controls: &Controls<'_>, edited: bool, methods: &[Method]) -> AnyView {
    let chosen = trimmed(controls.fields, PLACE).to_owned();
    view! {
        <section aria-labelledby="what-title">
            <h2 id="what-title">"What it does"</h2>
            <div class="field">
                <label for=ID>"Name"</label>
                <input id=ID name=ID type="text" autocomplete="off" autocapitalize="off" spellcheck="false" value=controls.value(ID) maxlength="40" readonly=edited
                    aria-describedby=controls.described(ID) aria-invalid=controls.invalid(ID) />
                {controls.problem(ID)}
                <p class="soft" id="id-about">"Small letters, digits, - and _, such as crm. It stays as it is: the log of calls knows the hook by it."</p>
            </div>
            <div class="field">
                <label for=PLACE>"When"</label>
                <select id=PLACE name=PLACE aria-describedby=controls.described(PLACE) aria-invalid=controls.invalid(PLACE)>
                    {PLACES.into_iter().map(|(flow, when)| {
                        let value = place_name(flow, when);
                        let selected = value == chosen;
                        let mut words = moment(flow, when).to_owned();
                        words.replace_range(..1, &words[..1].to_uppercase());
                        view! { <option value=value selected=selected>{words}</option> }
                    }).collect_view()}
                </select>
                {controls.problem(PLACE)}
                <p class="soft" id="place-about">"At sign-up and sign-in it runs whatever the method. Hooks from files that run there today go on running."</p>
            </div>
            <fieldset class="field" id=OUTCOME tabindex="-1" aria-describedby=controls.described(OUTCOME)>
                <legend>"What it can do"</legend>
                {controls.choice(OUTCOME, "inform", choice(Outcome::Inform),
                    "Nobody waits for it and its answer changes nothing. It waits in a queue, survives a restart, and is tried again for three days.")}
                {controls.choice(OUTCOME, "wait", choice(Outcome::Wait),
                    "The person waits. At sign-up the account is stored by then: when the service fails, they see an error and are not signed in, and the account stays.")}
                {controls.choice(OUTCOME, "ask", choice(Outcome::Ask),
                    "At sign-up it is asked before anything is stored, at sign-in before anybody is signed in. When it says no, its messages stand in the form, or instead of one. When it fails, nobody gets on. An address that was confirmed stays so.")}
                {controls.choice(OUTCOME, "change", choice(Outcome::Change),
                    "The same, and its answer may change the account, proven addresses included. At sign-up alone.")}
                {controls.problem(OUTCOME)}
                <p class="soft" id="outcome-about">"What may stop something is waited for, so it should be quick and always there."</p>
            </fieldset>
            {(methods.len() > 1).then(|| view! {
                <fieldset class="field" id=METHODS tabindex="-1" aria-describedby=controls.described(METHODS)>
                    <legend>"Only for some ways " <span class="soft">"at sign-up and sign-in"</span></legend>
                    {methods.iter().map(|method| {
                        let name = format!("{FOR}.{}", method.name());
                        let id = name.replace('.', "-");
                        let checked = has(controls.fields, &name);
                        view! { <label class="check" for=id.clone()><input type="checkbox" id=id.clone() name=name value="true" checked=checked />{pipeline::way(*method)}</label> }
                    }).collect_view()}
                    {controls.problem(METHODS)}
                    <p class="soft" id="methods-about">"None ticked: for every way, also for one that is switched on later."</p>
                </fieldset>
            })}
            <div class="field">
                <label class="check" for="on"><input type="checkbox" id="on" name="on" value="true" checked=has(controls.fields, "on") />"Switched on"</label>
            </div>
        </section>
    }
    .into_any()
}

/// Address, body, headers.
fn sent(controls: &Controls<'_>) -> AnyView {
    let verb = trimmed(controls.fields, VERB).to_owned();
    let fails =
        controls.problems.iter().any(|problem| problem.field == BODY) || has(controls.fields, DESPITE);
    view! {
        <section aria-labelledby="sent-title">
            <h2 id="sent-title">"What is sent where"</h2>
            <div class="field">
                <label for=URL>"Address"</label>
                <input id=URL name=URL type="text" inputmode="url" autocomplete="off" autocapitalize="off" spellcheck="false" value=controls.value(URL) placeholder="https://crm.example.org/new" maxlength="2048"
                    aria-describedby=controls.described(URL) aria-invalid=controls.invalid(URL) />
                {controls.problem(URL)}
                <p class="soft" id="url-about">"Its host has to be on the list of hosts. The list is asked again with each call, and redirects are not followed."</p>
            </div>
            <div class="field">
                <label for=VERB>"HTTP method"</label>
                <select id=VERB name=VERB aria-invalid=controls.invalid(VERB)>
                    {VERBS.into_iter().map(|name| {
                        let selected = name == verb;
                        view! { <option value=name selected=selected>{name}</option> }
                    }).collect_view()}
                </select>
                {controls.problem(VERB)}
            </div>
            <fieldset class="field" id="body-kind">
                <legend>"Body"</legend>
                {controls.choice(BODY_KIND, "account", "The account as JSON", "Id, traits and addresses, and the form's id. No cookie, no header, no password.")}
                {controls.choice(BODY_KIND, "own", "A template of yours", "Jsonnet: a function of ctx, which has flow, identity, session (at sign-in) and the request.")}
                <div class="of-own">
                    <label for=BODY>"Template"</label>
                    <textarea id=BODY name=BODY rows="8" spellcheck="false" autocapitalize="off" autocomplete="off" aria-describedby=controls.described(BODY) aria-invalid=controls.invalid(BODY) inner_html=in_text_area(&own(controls))></textarea>
                    <p class="soft" id="body-about"><code>"error 'cancel'"</code>" in it sends nothing. Our own cookies and tokens are never in ctx."</p>
                </div>
                {controls.choice(BODY_KIND, "none", "Nothing", "")}
                {controls.problem(BODY)}
                {fails.then(|| view! {
                    <label class="check" for="despite"><input type="checkbox" id="despite" name=DESPITE value="true" checked=has(controls.fields, DESPITE) />"Save it although it fails with this sample: people's real forms have what it lacks"</label>
                })}
            </fieldset>
            <div class="field">
                <label for=HEADERS>"Headers " <span class="soft">"optional"</span></label>
                <textarea id=HEADERS name=HEADERS rows="3" spellcheck="false" autocapitalize="off" autocomplete="off" placeholder="X-From: vestibule" aria-describedby=controls.described(HEADERS) aria-invalid=controls.invalid(HEADERS) inner_html=in_text_area(&controls.value(HEADERS))></textarea>
                {controls.problem(HEADERS)}
                <p class="soft" id="headers-about">"One in each line. They stay readable in the history: what is a secret belongs below."</p>
            </div>
        </section>
    }
    .into_any()
}

fn own(controls: &Controls<'_>) -> String {
    let text = controls.value(BODY);
    if text.is_empty() { web_hooks::ACCOUNT.to_owned() } else { text }
}

/// How the other service knows that it is us.
fn who(controls: &Controls<'_>, listed: Option<&Listed>, now: DateTime<Utc>) -> AnyView {
    let of = |what: &str| listed.and_then(|listed| listed.secrets.iter().find(|secret| secret.what == what));
    let signs = of("Signing secret");
    view! {
        <section aria-labelledby="who-title">
            <h2 id="who-title">"Authentication"</h2>
            <fieldset class="field" id=AUTH tabindex="-1" aria-describedby=controls.described(AUTH)>
                <legend>"How the service knows that it is us"</legend>
                {controls.problem(AUTH)}
                {controls.choice(AUTH_KIND, "signature", "A signature over each call", "After Standard Webhooks: the service checks it with a secret that never travels.")}
                <div class="of-signature">
                    {signs.map(|secret| view! {
                        {controls.choice(SIGNING, "keep", "Keep the secret that is there", "")}
                        <p class="soft">{held(secret, now, "It is exchanged on the hook's page, without a gap.")}</p>
                    })}
                    {controls.choice(SIGNING, "make", if signs.is_some() { "Make another one, and use it alone at once" } else { "Make a secret" }, "Shown once, after Save.")}
                    {controls.choice(SIGNING, "given", "Use one of yours", "")}
                    <div class="of-given">{controls.secret(SECRETS[2], "Secret, as whsec_…", None, now)}</div>
                </div>
                {controls.choice(AUTH_KIND, "basic", "User and password", "HTTP basic authentication.")}
                <div class="of-basic">
                    <label for="auth-user">"User"</label>
                    {controls.line(USER, "auth-user")}
                    {controls.secret(SECRETS[0], "Password of the service", of("Password"), now)}
                </div>
                {controls.choice(AUTH_KIND, "key", "A key", "In a header or a cookie.")}
                <div class="of-key">
                    <label for="auth-in">"It goes into"</label>
                    <select id="auth-in" name=KEY_IN>
                        {["header", "cookie"].into_iter().map(|value| {
                            let selected = trimmed(controls.fields, KEY_IN) == value;
                            view! { <option value=value selected=selected>{format!("a {value}")}</option> }
                        }).collect_view()}
                    </select>
                    <label for="auth-name">"of the name"</label>
                    {controls.line(KEY_NAME, "auth-name")}
                    {controls.secret(SECRETS[1], "Key", of("Key"), now)}
                </div>
                {controls.choice(AUTH_KIND, "none", "Nothing", "Then anybody could call the service in our name.")}
                <p class="soft" id="auth-about">"Secrets are sealed in the database, and shown to nobody again."</p>
            </fieldset>
        </section>
    }
    .into_any()
}

// Before and after a press

/// What a press is called, what it means, and its button.
fn words(pressed: &Pressed) -> (String, String, &'static str) {
    let id = &pressed.listed.id;
    let hook = &pressed.listed.hook;
    let host = url::Url::parse(&hook.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| hook.url.clone());
    let lost = match hook.outcome {
        Outcome::Inform => format!("{host} is not told any more {}.", moment(hook.flow, hook.when)),
        Outcome::Wait => format!("Nobody waits for {host} any more {}.", moment(hook.flow, hook.when)),
        Outcome::Ask => {
            format!("{host} is not asked any more {}, and can stop nobody.", moment(hook.flow, hook.when))
        }
        Outcome::Change => {
            format!(
                "{host} is not asked any more {}: it neither stops anybody nor changes an account.",
                moment(hook.flow, hook.when)
            )
        }
    };
    match pressed.act {
        Act::On => (
            format!("Switch {id} on"),
            format!("{host} is called again {}.", moment(hook.flow, hook.when)),
            "Switch it on",
        ),
        Act::Off => (
            format!("Switch {id} off"),
            format!("{lost} It keeps all it has, and can be switched on again."),
            "Switch it off",
        ),
        Act::Remove => (
            format!("Remove {id}"),
            format!(
                "{lost} Calls that wait in the queue are not made. Its secrets are destroyed: going back in the history brings the hook \
                 back, and not them. A list that a method got because of it goes with it, so that method follows the flow's list again."
            ),
            "Remove it",
        ),
        Act::Move(_) => {
            (format!("Move {id}"), "It runs earlier or later among those made here.".to_owned(), "Move it")
        }
        Act::Rotate => (
            format!("Exchange the signing secret of {id}"),
            "A new secret is made and shown once. Until you drop the old one, each call carries a signature by both, so the service can \
             take over the new one whenever it likes."
                .to_owned(),
            "Make a new secret",
        ),
        Act::Retire => (
            format!("Drop the old signing secret of {id}"),
            "Calls carry a signature by the new secret alone. A service that still checks with the old one refuses them from then on."
                .to_owned(),
            "Drop the old one",
        ),
    }
}

/// The page before a press, or why nothing was done.
pub fn asked(shell: &Shell, pressed: Pressed) -> String {
    let (title, meaning, button) = words(&pressed);
    let wrong = !pressed.asked.problems.is_empty()
        || pressed.asked.conflict.is_some()
        || pressed.asked.confirm.is_some();
    let shown = if wrong { format!("Error: {title}") } else { title.clone() };
    document(shell, &shown, move || {
        let Pressed { press, preview, asked, now, .. } = pressed;
        let Asked { problems, conflict, confirm, stale } = asked;
        let asks = confirm.is_some();
        let reason = problems.iter().any(|problem| problem.field == "reason");
        let drawn = preview.as_ref().and_then(drawing);
        let findings = preview.map(|preview| preview.findings).unwrap_or_default();
        let dangers = reason || findings.iter().any(|check| check.severity <= Severity::Danger);
        view! {
            <div class="live">
                <form method="post" action=PRESS autocomplete="off" class="frame-form make">
                    <input type="hidden" name="id" value=press.id />
                    <input type="hidden" name="act" value=press.act />
                    <input type="hidden" name="to" value=press.to />
                    <input type="hidden" name="base" value=press.base />
                    <main id="main" tabindex="-1">
                        <div class="head"><p><a href=PATH>"Webhooks"</a></p><h1>{title}</h1></div>
                        {conflict.map(|conflict| meanwhile(conflict, now))}
                        {confirm.map(|(dangers, wrong)| confirm::block("Not done yet: show that it is you", &dangers,
                            "You signed in a while ago. Type your password, and press the button again.", wrong))}
                        {summary(&problems)}
                        <section aria-labelledby="meaning">
                            <h2 id="meaning">"What that means"</h2>
                            <div class="field">
                                <p>{meaning}</p>
                                {findings.into_iter().map(|check| note(check.severity, check.title, &check.text)).collect_view()}
                            </div>
                            {dangers.then(|| view! {
                                <div class="field">
                                    <label for="reason">"Why"</label>
                                    <input id="reason" name="reason" type="text" maxlength="200" autocomplete="off" value=press.reason aria-invalid=reason.then_some("true") />
                                </div>
                            })}
                            {(stale && !asks).then(|| view! { <div class="field">{confirm::field(None, false)}</div> })}
                            <div class="field buttons">
                                <button class="button main" type="submit">{button}</button>
                                <a class="button" href=PATH>"Cancel"</a>
                            </div>
                        </section>
                    </main>
                    {drawn}
                </form>
                <form id="view" hidden=true></form>
            </div>
        }
    })
}

/// After a Save that made a signing secret: it is told in this answer and nowhere else.
pub fn told(shell: &Shell, done: Done) -> String {
    let Done { id, revision, secret, .. } = done;
    let title = format!("{id}: its secret");
    document(shell, &title.clone(), move || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head"><p><a href=PATH>"Webhooks"</a></p><h1>{title}</h1></div>
                <div class="toast" role="status"><p>{format!("Saved as revision {revision}. Changes are live.")}</p></div>
                <LiveForm>
                    <div class="note info made" id="made">
                        <span>
                            <b>"Copy this secret now. You won’t see it again."</b>
                            "Give it to the service that is called. It checks each call's signature with it."
                            <label class="unseen" for="secret">"The signing secret"</label>
                            <input id="secret" class="link" type="text" readonly=true value=secret.unwrap_or_default() autocomplete="off" data-testid="secret" />
                            <button class="button small" type="button" data-copy="secret">"Copy"</button>
                            <span role="status" data-copied=""></span>
                        </span>
                    </div>
                </LiveForm>
                <p><a class="button" href=PATH>"Done"</a></p>
            </main>
        }
    })
}
