//! *Authentication settings*: the switch this product exists for, and what stands beside it.
#![expect(
    clippy::too_many_arguments,
    reason = "a server function has a parameter for each field of its form"
)]

use super::checks::needs;
use super::plan;
use super::rows::{Rows, ago, id, note, sign};
use super::shell::{Shell, document};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::operators::{OperatorSession, Role};
use engine::settings::checks::{Fixed, fix};
use engine::settings::{self, Authentication, Current, FieldError, Preview, Saved, Severity};
use engine::{Engine, Error, Kind};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

pub const PATH: &str = "/settings/authentication";
const ENDPOINT: &str = "/api/settings/authentication";

/// The form as it is posted, by the browser itself and by the island alike.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Posted {
    /// `save`, `preview`, `undo`, `theirs:FIELD` to take back one's own value of a field, or `fix:ID` for what a finding offers
    #[serde(default)]
    pub action: String,
    /// The revision the form was made from and, after a `&`, what it would have sent if nothing was changed: so that a late
    /// Save does not take back what others changed. See [`made_from`].
    #[serde(default)]
    pub base: String,
    #[serde(default)]
    pub registration_enabled: bool,
    #[serde(default)]
    pub sign_in_after_registration: bool,
    #[serde(default)]
    pub show_verification_page: bool,
    #[serde(default)]
    pub require_verified_address: bool,
    /// As typed.
    #[serde(default)]
    pub min_password_length: String,
    #[serde(default)]
    pub identifier_similarity_check: bool,
    #[serde(default)]
    pub breach_check: bool,
    /// Why, in the operator's words.
    #[serde(default)]
    pub reason: String,
}

/// A switch of the page, by its field.
type Switch = (&'static str, fn(&Authentication) -> bool, fn(&mut Authentication, bool));

/// In the order of the page.
const SWITCHES: [Switch; 6] = [
    (
        "registration_enabled",
        |values| values.registration_enabled,
        |values, on| values.registration_enabled = on,
    ),
    (
        "sign_in_after_registration",
        |values| values.sign_in_after_registration,
        |values, on| values.sign_in_after_registration = on,
    ),
    (
        "show_verification_page",
        |values| values.show_verification_page,
        |values, on| values.show_verification_page = on,
    ),
    (
        "require_verified_address",
        |values| values.require_verified_address,
        |values, on| values.require_verified_address = on,
    ),
    (
        "identifier_similarity_check",
        |values| values.identifier_similarity_check,
        |values, on| values.identifier_similarity_check = on,
    ),
    ("breach_check", |values| values.breach_check, |values, on| values.breach_check = on),
];

const LENGTH: &str = "min_password_length";

impl Posted {
    /// What is posted for the switch; an unticked box posts nothing.
    fn typed(&self) -> Authentication {
        Authentication {
            registration_enabled: self.registration_enabled,
            sign_in_after_registration: self.sign_in_after_registration,
            show_verification_page: self.show_verification_page,
            require_verified_address: self.require_verified_address,
            min_password_length: 0,
            identifier_similarity_check: self.identifier_similarity_check,
            breach_check: self.breach_check,
        }
    }

    /// No revision at all stands on none, so nothing can be saved on it.
    fn revision(&self) -> i64 {
        let number = self.base.split_once('&').map_or(self.base.as_str(), |(number, _)| number);
        number.parse().unwrap_or(-1)
    }

    fn was(&self) -> &str {
        self.base.split_once('&').map_or("", |(_, was)| was)
    }
}

/// What the page shows.
pub struct View {
    current: Current,
    values: Authentication,
    /// As typed, also when it is no number.
    min_password_length: String,
    /// As typed.
    reason: String,
    preview: Preview,
    problems: Vec<FieldError>,
    /// Who saved meanwhile.
    conflict: Option<Conflict>,
    /// The values were typed before the operator's session ran out.
    kept: bool,
    /// What became of the fix of a finding.
    fixed: Option<Fixed>,
    editable: bool,
    /// How the configuration in force hashes and what it calls the session's cookie, for the drawing.
    facts: plan::Facts,
    now: DateTime<Utc>,
}

/// Somebody saved between the loading of the form and its Save.
struct Conflict {
    by: String,
    at: DateTime<Utc>,
    revision: i64,
    /// What is in force now and was not when the form was made, in words.
    theirs: Vec<String>,
    /// What both changed, and differently.
    clashes: Vec<Clash>,
}

struct Clash {
    field: &'static str,
    label: &'static str,
    was: String,
    theirs: String,
    mine: String,
}

/// What became of a post.
pub enum Outcome {
    /// The revision that is in force now, and whether it is a new one.
    Saved {
        revision: i64,
        new: bool,
    },
    Previewed(View),
    /// 409 or 422, with everything that was typed.
    Again(u16, View),
}

/// What is in force.
pub async fn load(engine: &Engine, operator: &OperatorSession) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let values = current.values.clone();
    let length = values.min_password_length.to_string();
    Ok(view(engine, operator, current, values, length, Vec::new()))
}

/// Save, preview and undo: the one way in for a native post and for the island. What a role may not do is refused, and
/// kept in the audit, by the engine.
pub async fn submit(engine: &Engine, operator: &OperatorSession, posted: Posted) -> engine::Result<Outcome> {
    let reason = posted.reason.clone();
    let mut outcome = decide(engine, operator, posted).await?;
    if let Outcome::Previewed(view) | Outcome::Again(_, view) = &mut outcome {
        view.reason = reason;
    }
    Ok(outcome)
}

async fn decide(engine: &Engine, operator: &OperatorSession, posted: Posted) -> engine::Result<Outcome> {
    let current = settings::current(engine).await?;
    if posted.action == "undo" {
        let (values, typed) = (current.values.clone(), current.values.min_password_length.to_string());
        let saved = settings::undo(engine, operator, posted.revision()).await?;
        return became(engine, operator, saved, &posted, values, typed).await;
    }
    let (mut values, problems) = read(&current, &posted);
    let mut typed = posted.min_password_length.clone();
    if posted.action == format!("theirs:{LENGTH}") {
        values.min_password_length = current.values.min_password_length;
        typed = values.min_password_length.to_string();
        return Ok(Outcome::Previewed(view(engine, operator, current, values, typed, Vec::new())));
    }
    if let Some(id) = posted.action.strip_prefix("fix:") {
        return Ok(Outcome::Previewed(pressed(engine, operator, current, values, typed, problems, id)));
    }
    if posted.action == "preview" {
        return Ok(Outcome::Previewed(view(engine, operator, current, values, typed, problems)));
    }
    if !problems.is_empty() {
        return Ok(Outcome::Again(422, view(engine, operator, current, values, typed, problems)));
    }
    let saved = settings::save(engine, operator, posted.revision(), &values, &posted.reason).await?;
    became(engine, operator, saved, &posted, values, typed).await
}

/// The page with what a finding of the checks offers in the form; nothing of it is saved.
pub async fn fixed(engine: &Engine, operator: &OperatorSession, id: &str) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let (values, typed) = (current.values.clone(), current.values.min_password_length.to_string());
    Ok(pressed(engine, operator, current, values, typed, Vec::new(), id))
}

fn pressed(
    engine: &Engine,
    operator: &OperatorSession,
    current: Current,
    mut values: Authentication,
    mut typed: String,
    mut problems: Vec<FieldError>,
    id: &str,
) -> View {
    let fixed = match operator.operator.role {
        Role::Viewer => Fixed::Refused("Your role lets you look at settings, not change them.".to_owned()),
        Role::Owner | Role::Editor => fix(&engine.begin().config, &values, id),
    };
    if let Fixed::Unsaved(with_it) = &fixed {
        if with_it.min_password_length != values.min_password_length {
            typed = with_it.min_password_length.to_string();
            problems.retain(|problem| problem.field != LENGTH);
        }
        values = with_it.clone();
    }
    let mut view = view(engine, operator, current, values, typed, problems);
    view.fixed = Some(fixed);
    view
}

/// What somebody typed before their session ran out, on top of what is in force now. Nothing of it is saved.
pub async fn resume(engine: &Engine, operator: &OperatorSession, posted: Posted) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let (values, problems) = read(&current, &posted);
    let (values, typed, _) =
        on_top_of(&current.values, posted.was(), values, posted.min_password_length.clone());
    let mut view = view(engine, operator, current, values, typed, problems);
    view.kept = true;
    view.reason = posted.reason;
    Ok(view)
}

/// The page for what the engine answered, on what is in force after it.
async fn became(
    engine: &Engine,
    operator: &OperatorSession,
    saved: Saved,
    posted: &Posted,
    values: Authentication,
    typed: String,
) -> engine::Result<Outcome> {
    let current = settings::current(engine).await?;
    match saved {
        Saved::Done { revision } => Ok(Outcome::Saved { revision, new: true }),
        Saved::Unchanged { revision } => Ok(Outcome::Saved { revision, new: false }),
        // A second click on Save: the first one did it.
        Saved::Conflict { revision, ref by, .. }
            if posted.action != "undo" && current.revision == revision && current.values == values =>
        {
            let own = revision == posted.revision() + 1 && by == &operator.operator.name;
            Ok(Outcome::Saved { revision, new: own })
        }
        Saved::Conflict { revision, by, at } => {
            // Made anew on what is in force: a second Save is meant.
            let was = base(&current, posted.was());
            let theirs = was.as_ref().map(|was| settings::changes(was, &current.values)).unwrap_or_default();
            let (values, typed, clashes) = on_top_of(&current.values, posted.was(), values, typed);
            let mut view = view(engine, operator, current, values, typed, Vec::new());
            view.conflict = Some(Conflict { by, at, revision, theirs, clashes });
            Ok(Outcome::Again(409, view))
        }
        Saved::Again(problems) => {
            Ok(Outcome::Again(422, view(engine, operator, current, values, typed, problems)))
        }
        asking => {
            let problems = vec![needs(asking)];
            Ok(Outcome::Again(422, view(engine, operator, current, values, typed, problems)))
        }
    }
}

/// What the form was made from; what is locked posts nothing and stays what it is. `None` without the field.
fn base(current: &Current, was: &str) -> Option<Authentication> {
    let was: Vec<(&str, &str)> = was.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let length = was.iter().find(|(name, _)| *name == LENGTH).map(|(_, length)| *length);
    let mut base = current.values.clone();
    base.min_password_length = match length {
        Some(length) => length.parse().ok()?,
        None if locked(current, LENGTH) => base.min_password_length,
        None => return None,
    };
    for (name, _, set) in SWITCHES.iter().filter(|(name, _, _)| !locked(current, name)) {
        set(&mut base, was.contains(&(name, "true")));
    }
    Some(base)
}

/// What was typed, with everything untouched following `theirs`. `was` is what the form had on the revision the form was made
/// from; without it nothing is known to be untouched. A switch that both changed is the same for both; a number can clash.
fn on_top_of(
    theirs: &Authentication,
    was: &str,
    mut mine: Authentication,
    mut typed: String,
) -> (Authentication, String, Vec<Clash>) {
    if was.is_empty() {
        return (mine, typed, Vec::new());
    }
    let was: Vec<(&str, &str)> = was.split('&').filter_map(|pair| pair.split_once('=')).collect();
    for (name, get, set) in SWITCHES {
        if get(&mine) == was.contains(&(name, "true")) {
            set(&mut mine, get(theirs));
        }
    }
    let length = was.iter().find(|(name, _)| *name == LENGTH).map_or("", |(_, length)| *length);
    let now = theirs.min_password_length.to_string();
    let mut clashes = Vec::new();
    if length == typed {
        mine.min_password_length = theirs.min_password_length;
        typed = now;
    } else if length != now && typed != now {
        clashes.push(Clash {
            field: LENGTH,
            label: "Minimum length",
            was: length.to_owned(),
            theirs: now,
            mine: typed.clone(),
        });
    }
    (mine, typed, clashes)
}

fn locked(current: &Current, name: &str) -> bool {
    current.provenance.get(name).is_some_and(|provenance| provenance.locked.is_some())
}

/// Typed values; what is locked keeps what is in force, since a disabled field posts nothing.
fn read(current: &Current, posted: &Posted) -> (Authentication, Vec<FieldError>) {
    let mut problems = Vec::new();
    let saved = &current.values;
    let mut values = posted.typed();
    for (_, get, set) in SWITCHES.iter().filter(|(name, _, _)| locked(current, name)) {
        set(&mut values, get(saved));
    }
    values.min_password_length = match posted.min_password_length.trim().parse() {
        _ if locked(current, LENGTH) => saved.min_password_length,
        Ok(length) => length,
        Err(_) => {
            problems
                .push(FieldError { field: LENGTH, message: "Write a whole number, such as 12.".to_owned() });
            saved.min_password_length
        }
    };
    (values, problems)
}

fn view(
    engine: &Engine,
    operator: &OperatorSession,
    current: Current,
    values: Authentication,
    min_password_length: String,
    problems: Vec<FieldError>,
) -> View {
    let config = engine.begin().config;
    View {
        preview: settings::preview(&config, &values),
        facts: plan::Facts::of(&config),
        editable: operator.operator.role != Role::Viewer,
        now: engine.effects().now(),
        conflict: None,
        kept: false,
        fixed: None,
        current,
        values,
        min_password_length,
        reason: String::new(),
        problems,
    }
}

/// Save, preview and undo for the island. The page's own POST ends in the same [`submit`].
#[server(name = SaveAuthentication, prefix = "/api", endpoint = "settings/authentication")]
pub async fn save_authentication(
    #[server(default)] action: String,
    #[server(default)] base: String,
    #[server(default)] registration_enabled: bool,
    #[server(default)] sign_in_after_registration: bool,
    #[server(default)] show_verification_page: bool,
    #[server(default)] require_verified_address: bool,
    #[server(default)] min_password_length: String,
    #[server(default)] identifier_similarity_check: bool,
    #[server(default)] breach_check: bool,
    #[server(default)] reason: String,
) -> Result<Swap, ServerFnError> {
    let posted = Posted {
        action,
        base,
        registration_enabled,
        sign_in_after_registration,
        show_verification_page,
        require_verified_address,
        min_password_length,
        identifier_similarity_check,
        breach_check,
        reason,
    };
    let engine = expect_context::<Engine>();
    let operator = expect_context::<OperatorSession>();
    let outcome = match submit(&engine, &operator, posted).await {
        Ok(outcome) => outcome,
        Err(error) => return Err(failed(error)),
    };
    let (status, view, notice) = match outcome {
        Outcome::Saved { revision, new } => {
            let view = load(&engine, &operator).await.map_err(failed)?;
            (200, view, notice(revision, new))
        }
        Outcome::Previewed(view) => (200, view, String::new()),
        Outcome::Again(status, view) => {
            let notice = not_saved(&view).to_owned();
            (status, view, notice)
        }
    };
    answer(status);
    Ok(Swap { html: region(view), notice })
}

/// What the island swaps in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Swap {
    pub html: String,
    pub notice: String,
}

fn answer(status: u16) {
    let response = expect_context::<leptos_axum::ResponseOptions>();
    if let Ok(status) = axum::http::StatusCode::from_u16(status) {
        response.set_status(status);
    }
}

/// The public part only; the cause went to the log.
fn failed(error: Error) -> ServerFnError {
    answer(match error.kind {
        Kind::Forbidden => 403,
        Kind::Conflict => 409,
        Kind::Busy => 503,
        _ => 500,
    });
    ServerFnError::ServerError(error.to_string())
}

/// The sentence after a Save, with the way back.
fn notice(revision: i64, new: bool) -> String {
    let owner = Owner::new();
    owner.with(|| {
        if !new {
            return view! { <p>{format!("Nothing to save: revision {revision} says the same.")}</p> }
                .to_html();
        }
        view! {
            <p>{format!("Saved as revision {revision}. It applies from the next request on.")}</p>
            <form method="post" action=PATH data-endpoint=ENDPOINT>
                <input type="hidden" name="base" value=revision />
                <button class="button small" id="undo" name="action" value="undo" type="submit">"Undo"</button>
            </form>
        }
        .to_html()
    })
}

fn not_saved(view: &View) -> &'static str {
    match (&view.conflict, view.problems.is_empty()) {
        (Some(_), _) => "<p>Not saved: somebody else saved first.</p>",
        (None, false) => "<p>Not saved: see the marked fields.</p>",
        (None, true) => "",
    }
}

/// The whole page. `saved`: the revision a redirect after a Save speaks of, and whether it was new. An address that was
/// kept from then says nothing any more once another revision is in force.
pub fn page(shell: &Shell, view: View, saved: Option<(i64, bool)>) -> String {
    let said = match saved {
        Some((revision, new)) if revision == view.current.revision => notice(revision, new),
        _ => not_saved(&view).to_owned(),
    };
    let title = if not_saved(&view).is_empty() { "Authentication" } else { "Error: Authentication" };
    document(shell, title, || {
        view! {
            <LiveForm>
                <div class="toast" role="status" inner_html=said></div>
                <div data-region="" inner_html=region(view)></div>
            </LiveForm>
        }
    })
}

/// Form, drawing and bar: what a Save replaces.
fn region(view: View) -> String {
    let owner = Owner::new();
    owner.with(|| form(view).to_html())
}

fn form(view: View) -> AnyView {
    let View {
        current,
        values,
        min_password_length,
        reason,
        preview,
        problems,
        conflict,
        kept,
        fixed,
        editable,
        facts,
        now,
    } = view;
    let unsaved_fields = different(&current.values, &values);
    let rows = Rows {
        current: &current,
        preview: &preview,
        problems: &problems,
        unsaved: &unsaved_fields,
        editable,
        now,
    };
    let disabled = !editable;
    let on = values.sign_in_after_registration;
    let ways = facts.ways(&preview.plans);
    let chips = view! {
        <ul class="chips" aria-label="Ways to sign up" id="ways" data-part="">
            {ways.into_iter().map(|(name, signs_in)| match signs_in {
                true => view! { <li class="on"><span aria-hidden="true">"✓ "</span>{name}<span class="unseen">": signed in"</span></li> }.into_any(),
                false => view! { <li>{name}<span class="unseen">": not signed in"</span></li> }.into_any(),
            }).collect_view()}
        </ul>
    };
    view! {
        <form method="post" action=PATH data-live="" data-endpoint=ENDPOINT autocomplete="off" class="frame-form">
            <input type="hidden" name="base" value=made_from(&current, editable) />
            // The first button of a form is what Enter presses: that is Save, not the fix of a finding.
            {editable.then(|| view! { <button class="unseen" type="submit" name="action" value="save" tabindex="-1" aria-hidden="true">"Save"</button> })}
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Authentication"</h1>
                    <p>"What people can do at the door, and what happens once they are through. Changes take effect with the next request."</p>
                </div>
                {disabled.then(|| view! { <div class="note info"><span><b>"Read only"</b>"You are signed in as a viewer. Owners and editors can change these settings."</span></div> })}
                {kept.then(|| view! {
                    <div class="note info" role="alert" id="kept" tabindex="-1" autofocus=true>
                        {sign(Severity::Info)}
                        <span><b>"Your changes are here, and not saved yet"</b>"Your session ran out before you saved. This is what you had chosen; press Save to put it in force."</span>
                    </div>
                })}
                {fixed.map(|fixed| pressed_note(&fixed))}
                {conflict.map(|conflict| meanwhile(conflict, now))}
                {(!problems.is_empty()).then(|| view! {
                    <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                        {sign(Severity::Danger)}
                        <span><b>"Not saved"</b>{problems.iter().map(|problem| {
                            let target = format!("#{}", id(problem.field));
                            view! { <a href=target>{problem.message.clone()}</a>" " }
                        }).collect_view()}</span>
                    </div>
                })}
                <section aria-labelledby="after-sign-up">
                    <h2 id="after-sign-up">"Sign-up"</h2>
                    {rows.switch("registration_enabled", "Registration enabled", values.registration_enabled,
                        "People can create accounts themselves. Off: only those who have an account can come in.", ().into_any())}
                    {rows.switch("sign_in_after_registration", "Sign in after registration", on,
                        "People who finish sign-up are signed in at once. Off: they must sign in themselves.", chips.into_any())}
                </section>
                <section aria-labelledby="addresses">
                    <h2 id="addresses">"Addresses"</h2>
                    {rows.switch("show_verification_page", "Show the verification page", values.show_verification_page,
                        "After sign-up people see the page for the code that was mailed to them. Off: the mail alone leads there.", ().into_any())}
                    {rows.switch("require_verified_address", "Require a verified address to sign in", values.require_verified_address,
                        "Whoever has no confirmed address is sent a code instead of being signed in. Off: people sign in without.", ().into_any())}
                </section>
                <section aria-labelledby="passwords">
                    <h2 id="passwords">"Passwords"</h2>
                    {rows.number("min_password_length", "Minimum length", min_password_length,
                        "Characters that a new password needs at least. Existing passwords stay as they are.")}
                    {rows.switch("identifier_similarity_check", "Refuse passwords like the address", values.identifier_similarity_check,
                        "A password that resembles the person's e-mail address or user name is refused.", ().into_any())}
                    {rows.switch("breach_check", "Refuse passwords from known breaches", values.breach_check,
                        "New passwords are looked up at Have I Been Pwned by the first five characters of their hash. When it cannot be reached, the password passes.", ().into_any())}
                </section>
            </main>
            <aside aria-label="Preview" id="plan" data-part="">{plan::drawing(&preview.plans, &values, &facts)}</aside>
            {editable.then(|| view! {
                <div class="save" role="region" aria-label="Unsaved changes">
                    <p id="unsaved" data-part="">{unsaved(&preview.changes, &problems)}</p>
                    <input class="reason" id="reason" name="reason" type="text" maxlength="200" autocomplete="off" aria-label="Why, for the history" placeholder="Why (optional)" value=reason />
                    <a class="button" href=PATH data-discard="">"Discard"</a>
                    <button class="button main" id="save" name="action" value="save" type="submit">"Save"</button>
                    <button class="button preview" name="action" value="preview" type="submit">"Preview"</button>
                </div>
            })}
        </form>
    }
    .into_any()
}

/// What became of a fix, in words.
fn pressed_note(fixed: &Fixed) -> AnyView {
    let (severity, title, text) = match fixed {
        Fixed::Unsaved(_) => (
            Severity::Info,
            "The fix is in the form, and not saved yet",
            "Look it over; Save puts it in force.".to_owned(),
        ),
        Fixed::Gone => (
            Severity::Info,
            "Nothing to fix",
            "This is not found any more: it was put right already, here or by somebody else. The form is as it was.".to_owned(),
        ),
        Fixed::Refused(reason) => (Severity::Warning, "The fix cannot be made here", reason.clone()),
    };
    view! { <div role="alert" id="fixed" tabindex="-1" autofocus=true>{note(severity, title, &text)}</div> }
        .into_any()
}

/// What the bar says. What cannot be read is no change yet, and has to be said all the same.
fn unsaved(changes: &[String], problems: &[FieldError]) -> AnyView {
    let said: Vec<String> =
        changes.iter().cloned().chain(problems.iter().map(|problem| problem.message.clone())).collect();
    let count = match said.len() {
        0 => return view! { "No unsaved changes" }.into_any(),
        1 => "1 unsaved change: ".to_owned(),
        several => format!("{several} unsaved changes: "),
    };
    view! { <b>{count}</b>{said.join(" · ")} }.into_any()
}

/// The field `base`: the revision, and the other fields as a browser would send them if nothing was changed. By this the
/// island tells whether something was, and a late Save what others may keep. In the order of the page; what is locked or
/// off sends nothing.
fn made_from(current: &Current, editable: bool) -> String {
    let values = &current.values;
    let mut sent = Vec::new();
    for (name, get, _) in SWITCHES {
        // The number stands between the switches, as on the page.
        if name == "identifier_similarity_check" && !locked(current, LENGTH) {
            sent.push(format!("{LENGTH}={}", values.min_password_length));
        }
        if get(values) && !locked(current, name) {
            sent.push(format!("{name}=true"));
        }
    }
    if editable {
        sent.push("reason=".to_owned());
    }
    format!("{}&{}", current.revision, sent.join("&"))
}

fn different(saved: &Authentication, values: &Authentication) -> Vec<&'static str> {
    let switches =
        SWITCHES.into_iter().filter(|(_, get, _)| get(saved) != get(values)).map(|(name, _, _)| name);
    let length = (saved.min_password_length != values.min_password_length).then_some(LENGTH);
    switches.chain(length).collect()
}

/// Who saved first, what they changed, and where that clashes with what was typed here.
fn meanwhile(conflict: Conflict, now: DateTime<Utc>) -> AnyView {
    let Conflict { by, at, revision, theirs, clashes } = conflict;
    let who = by.clone();
    let table = (!clashes.is_empty()).then(|| {
        view! {
            <table class="clashes">
                <caption>"Changed by both of you"</caption>
                <thead><tr><th scope="col">"Setting"</th><th scope="col">"Was"</th><th scope="col">{who}</th><th scope="col">"You"</th><td></td></tr></thead>
                <tbody>
                    {clashes.into_iter().map(|clash| view! {
                        <tr>
                            <th scope="row">{clash.label}</th>
                            <td>{clash.was}</td>
                            <td>{clash.theirs.clone()}</td>
                            <td>{clash.mine}</td>
                            <td><button class="button small" type="submit" name="action" value=format!("theirs:{}", clash.field) formnovalidate=true>{format!("Take {}", clash.theirs)}</button></td>
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        }
    });
    view! {
        <div class="note warning" role="alert" id="conflict" tabindex="-1" autofocus=true>
            {sign(Severity::Warning)}
            <div>
                <b>{format!("{by} saved revision {revision} ")}{ago(now, at)}</b>
                {(!theirs.is_empty()).then(|| view! { <ul>{theirs.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul> })}
                <p>"Nothing of yours was saved, and nothing is lost: below is what you chose, on top of what is in force now. What you did not touch follows the newer revision. Save again to put it in force, or discard it."</p>
                {table}
            </div>
        </div>
    }
    .into_any()
}
