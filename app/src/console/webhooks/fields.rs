//! The controls of the form of one web hook, and what its preview shows.

use super::form::{
    AUTH_KIND, BODY_KIND, DESPITE, FOR, KEY_IN, KEY_NAME, PLACES, SECRETS, SIGNING, USER, place_name, sealed,
};
use super::markup::{held, sampled};
use crate::console::kit::form::Form;
use crate::console::kit::text::note;
use chrono::{DateTime, Utc};
use engine::model::MethodId;
use engine::pipeline;
use engine::settings::web_hooks::{
    self, AUTH, BODY, HEADERS, ID, Listed, METHODS, OUTCOME, Outcome, PLACE, Preview, Secret, URL, VERB,
    VERBS as HTTP, choice, moment,
};
use leptos::prelude::*;

/// What the Save would cause.
pub(super) fn previewed(preview: Preview) -> AnyView {
    let Preview { changes, findings, sample, .. } = preview;
    view! {
        <section aria-labelledby="preview-title" id="previewed" tabindex="-1" autofocus=true>
            <h2 id="preview-title">"Changes"</h2>
            <div class="inside">
                {match changes.is_empty() {
                    true => view! { <p>"No changes except secrets that you entered."</p> }.into_any(),
                    false => view! { <ul class="changes">{changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul> }.into_any(),
                }}
                {findings.into_iter().map(|check| note(check.severity, check.title, &check.text)).collect_view()}
                {sample.map(sampled)}
            </div>
        </section>
    }
    .into_any()
}

/// Name, moment, outcome.
pub(super) fn what(form: &Form<'_>, is_there: bool, methods: &[MethodId]) -> AnyView {
    let places = PLACES.into_iter().map(|(flow, when)| {
        let mut words = moment(flow, when).to_owned();
        words.replace_range(..1, &words[..1].to_uppercase());
        (place_name(flow, when), words)
    });
    view! {
        <section aria-labelledby="what-title">
            <h2 id="what-title">"What it does"</h2>
            <div class="inside">
                {form.field(ID, "Name").at_most(40).readonly(is_there).hint("Lowercase letters, digits, - and _, for example crm. You can’t change it later, because the log of calls uses it.").line()}
                {form.field(PLACE, "When").hint("At sign-up and sign-in it runs for all methods. Webhooks from configuration files keep running.").select(places.collect())}
                <fieldset class="field" id=OUTCOME tabindex="-1" aria-describedby=form.described(OUTCOME, true)>
                    <legend>"What it can do"</legend>
                    {form.problem(OUTCOME)}
                    {form.radio(OUTCOME, "inform", choice(Outcome::Inform),
                        "Runs in the background; the response is ignored. The queue survives restarts, and failed calls are retried for three days.")}
                    {form.radio(OUTCOME, "wait", choice(Outcome::Wait),
                        "The user waits. If the call fails, they see an error and aren’t signed in. At sign-up, the account remains.")}
                    {form.radio(OUTCOME, "ask", choice(Outcome::Ask),
                        "Called before the account is created or the user is signed in. If it rejects, the form shows its messages. If it fails, the user can’t continue. Verified emails stay verified.")}
                    {form.radio(OUTCOME, "change", choice(Outcome::Change),
                        "Also lets the response change the account, including verified emails. Sign-up only.")}
                    <p class="hint" id="outcome-hint">"Users wait for blocking calls, so the service must be fast and reliable."</p>
                </fieldset>
                {(methods.len() > 1).then(|| view! {
                    <fieldset class="field" id=METHODS tabindex="-1" aria-describedby=form.described(METHODS, true)>
                        <legend>"Methods "<span class="soft">"(optional)"</span></legend>
                        {form.problem(METHODS)}
                        {methods.iter().map(|method| form.check(&format!("{FOR}.{}", method.name()), pipeline::way(*method), "")).collect_view()}
                        <p class="hint" id="methods-hint">"If none is selected, the webhook runs for all methods, including ones you turn on later."</p>
                    </fieldset>
                })}
                {form.check("on", "Turned on", "")}
            </div>
        </section>
    }
    .into_any()
}

/// URL, body, headers.
pub(super) fn sent(form: &Form<'_>) -> AnyView {
    let fails = form.has_problem(BODY) || form.is(DESPITE, "true");
    let own =
        Some(form.value(BODY)).filter(|own| !own.is_empty()).unwrap_or_else(|| web_hooks::ACCOUNT.to_owned());
    view! {
        <section aria-labelledby="sent-title">
            <h2 id="sent-title">"Request"</h2>
            <div class="inside">
                {form.field(URL, "URL").mode("url").at_most(2048).example("https://crm.example.org/new").hint("The host must be on the allow list, which is checked on every call. Redirects aren’t followed.").line()}
                {form.field(VERB, "HTTP method").select(HTTP.map(|name| (name.to_owned(), name.to_owned())).to_vec())}
                <fieldset class="field" id="body-kind">
                    <legend>"Body"</legend>
                    {form.radio(BODY_KIND, "account", "The account as JSON", "ID, traits and addresses, and the ID of the form. No cookies, headers or passwords.")}
                    {form.radio(BODY_KIND, "own", "Custom template", "Jsonnet: a function of ctx, which has flow, identity, session (at sign-in) and the request.")}
                    <div class="of-own">{form.field(BODY, "Template").value(own).hint("`error 'cancel'` in it skips the call. Cookies and tokens of this server are never in ctx.").area(8)}</div>
                    {form.radio(BODY_KIND, "none", "None", "")}
                    {fails.then(|| form.check(DESPITE, "Save even though the template fails with this sample", ""))}
                </fieldset>
                {form.field(HEADERS, "Headers").optional().example("X-From: vestibule").hint("One per line. They stay readable in the history, so enter secrets below instead.").area(3)}
            </div>
        </section>
    }
    .into_any()
}

/// How the other service knows who calls.
pub(super) fn who(form: &Form<'_>, listed: Option<&Listed>, now: DateTime<Utc>) -> AnyView {
    let of = |what: &str| listed.and_then(|listed| listed.secrets.iter().find(|secret| secret.what == what));
    let signs = of("Signing secret");
    let places = ["header", "cookie"].map(|value| (value.to_owned(), format!("a {value}"))).to_vec();
    view! {
        <section aria-labelledby="who-title">
            <h2 id="who-title">"Authentication"</h2>
            <div class="inside">
                <fieldset class="field" id=AUTH tabindex="-1" aria-describedby=form.described(AUTH, true)>
                    <legend>"Authentication method"</legend>
                    {form.problem(AUTH)}
                    {form.radio(AUTH_KIND, "signature", "Signature", "Follows Standard Webhooks: the service checks each call with a secret that is never sent.")}
                    <div class="of-signature">
                        {signs.map(|secret| view! {
                            {form.radio(SIGNING, "keep", "Keep the current secret", "")}
                            <p class="soft">{held(secret, now, "Rotate it from the list, without an interruption.")}</p>
                        })}
                        {form.radio(SIGNING, "make", if signs.is_some() { "Create a new secret and use only that" } else { "Create a secret" }, "Shown once, after you save.")}
                        {form.radio(SIGNING, "given", "Use your own secret", "")}
                        <div class="of-given">{secret(form, SECRETS[2], "Secret (whsec_…)", None, now)}</div>
                    </div>
                    {form.radio(AUTH_KIND, "basic", "Username and password", "HTTP basic authentication.")}
                    <div class="of-basic">
                        {form.field(USER, "Username").line()}
                        {secret(form, SECRETS[0], "Password of the service", of("Password"), now)}
                    </div>
                    {form.radio(AUTH_KIND, "key", "Key", "In a header or a cookie.")}
                    <div class="of-key">
                        {form.field(KEY_IN, "Send the key in").select(places)}
                        {form.field(KEY_NAME, "Name of the header or cookie").line()}
                        {secret(form, SECRETS[1], "Key", of("Key"), now)}
                    </div>
                    {form.radio(AUTH_KIND, "none", "None", "Your service can’t tell whether calls come from this server.")}
                    <p class="hint" id="auth-hint">"Secrets are stored encrypted and never shown again."</p>
                </fieldset>
            </div>
        </section>
    }
    .into_any()
}

/// A secret: nothing of it is ever shown.
fn secret(
    form: &Form<'_>,
    name: &'static str,
    label: &'static str,
    is: Option<&Secret>,
    now: DateTime<Utc>,
) -> AnyView {
    let brought = form.fields.get(&sealed(name)).cloned();
    let about = match (&brought, is) {
        (Some(_), _) => "Already entered and not shown again. Leave it empty to use that.".into_any(),
        (None, Some(secret)) => held(secret, now, "Leave it empty to keep it."),
        (None, None) => "Never shown again.".into_any(),
    };
    view! {
        {form.field(name, label).hint_view(about).secret()}
        {brought.map(|value| view! { <input type="hidden" name=sealed(name) value=value /> })}
    }
    .into_any()
}
