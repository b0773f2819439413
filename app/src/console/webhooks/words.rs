//! What is said about web hooks: what each can do, when it runs, what became of its calls.

use engine::config::hooks::Response;
use engine::hooks::Logged;
use engine::model::MethodId;
use engine::settings::actions::{Action, Standing};
use engine::store::deliveries::{Kind, Status};

/// What the answer can do, in a word and a sentence.
pub(super) fn outcome(
    response: Response,
    stage: &str,
    flow: &str,
    atomic: bool,
) -> (&'static str, &'static str) {
    match (response, stage, flow) {
        (Response::Ignored, ..) => (
            "Notify",
            "Runs in the background; the response is ignored. The queue survives restarts, and failed calls are retried for three days.",
        ),
        (Response::Awaited, "before", _) => {
            ("Wait for success", "The form is created after the call. If the call fails, users get no form.")
        }
        (Response::Awaited, _, "registration") if atomic => (
            "Wait for success",
            "The account stays reserved until the call succeeds. If it fails, nothing is left behind, and services that had approved are notified.",
        ),
        (Response::Awaited, _, "registration") => (
            "Wait for success",
            "Runs after the account is created, and the user waits. If the call fails, they see an error and aren’t signed in. The account remains.",
        ),
        (Response::Awaited, _, "login") => {
            ("Wait for success", "The user waits. If the call fails, they see an error and aren’t signed in.")
        }
        (Response::Awaited, ..) => (
            "Wait for success",
            "The user waits. If the call fails, they see an error. The email stays verified.",
        ),
        (_, "before", _) => {
            ("Approve or reject the form", "If it rejects, users see its messages instead of the form.")
        }
        (Response::Changes, _, "registration") => (
            "Approve, reject or change",
            "Called before the account is created. It can change the account, or reject with messages in the form.",
        ),
        (Response::Interrupts, _, "registration") => (
            "Approve or reject sign-up",
            "Called before the account is created. If it rejects, the form shows its messages.",
        ),
        (_, _, "login") => (
            "Approve or reject sign-in",
            "If it rejects, the form shows its messages, and the user isn’t signed in.",
        ),
        _ => (
            "Show messages",
            "The email is already verified and stays verified. The form shows the messages.",
        ),
    }
}

fn method(method: MethodId) -> &'static str {
    match method {
        MethodId::Password => "password",
        MethodId::Oidc => "social sign-in",
        other @ (MethodId::Code
        | MethodId::Link
        | MethodId::Totp
        | MethodId::Passkey
        | MethodId::Webauthn
        | MethodId::LookupSecret
        | MethodId::Profile) => other.name(),
    }
}

fn names(standing: &[(MethodId, Standing)], wanted: Standing) -> Vec<&'static str> {
    standing.iter().filter(|(_, is)| *is == wanted).map(|(of, _)| method(*of)).collect()
}

/// When it runs, or why it does not; whether it does.
pub(super) fn when(action: &Action, closed: bool, verifies: bool) -> Vec<(bool, String)> {
    let (flow, stage) = (action.flow, action.stage);
    if flow == "registration" && closed {
        return vec![(false, "Doesn’t run: sign-up is off.".into())];
    }
    if flow == "verification" && !verifies {
        return vec![(false, "Doesn’t run: email verification is off.".into())];
    }
    match (flow, stage) {
        ("verification", "before") => {
            return vec![(true, "Runs when the verification form is requested.".into())];
        }
        ("verification", _) => return vec![(true, "Runs after an email is verified.".into())],
        ("registration", "before") => return vec![(true, "Runs when the sign-up form is requested.".into())],
        (_, "before") => return vec![(true, "Runs when the sign-in form is requested.".into())],
        _ => {}
    }
    let standing = &action.standing;
    if standing.is_empty() {
        let way = action.method.map_or("any method", method);
        let what = if flow == "login" { "sign in" } else { "sign up" };
        return vec![(false, format!("Doesn’t run: users can’t {what} with {way}."))];
    }
    let mut said = Vec::new();
    let taken_over = names(standing, Standing::TakenOver).join(", ");
    let runs = [names(standing, Standing::Runs), names(standing, Standing::TakenOver)].concat().join(", ");
    if !runs.is_empty() {
        let sentence = match (flow, action.hook.response) {
            ("login", Response::Ignored) => "Runs in the background after sign-in",
            ("login", _) => "Runs after the credential is checked, before the session is issued",
            (_, Response::Interrupts | Response::Changes) => "Runs at sign-up, before the account is created",
            (_, Response::Awaited) if action.atomic => "Runs at sign-up, while the account is reserved",
            (_, Response::Awaited) => "Runs at sign-up, after the account is created",
            (_, Response::Ignored) => "Runs in the background after sign-up",
        };
        said.push((true, format!("{sentence} ({runs}).")));
    }
    let shadowed = names(standing, Standing::Shadowed).join(", ");
    if !shadowed.is_empty() {
        said.push((
            false,
            format!("Doesn’t run with {shadowed}: the method hooks replace the flow-level hooks."),
        ));
    }
    if !taken_over.is_empty() {
        said.push((
            true,
            format!(
                "With {taken_over} it runs from the method hooks, into which the console copied this entry."
            ),
        ));
    }
    let copied = names(standing, Standing::Copied).join(", ");
    if !copied.is_empty() {
        said.push((true, format!("With {copied} the same entry runs from the method hooks.")));
    }
    let never = names(standing, Standing::Never).join(", ");
    if !never.is_empty() {
        said.push((
            false,
            format!("Never runs with {never}: a webhook that can block sign-up must be in the method hooks."),
        ));
    }
    said
}

pub(super) fn status(logged: &Logged) -> (&'static str, &'static str) {
    match logged.delivery.status {
        Status::Done => ("ok", "Succeeded"),
        Status::Refused => ("no", "Rejected"),
        Status::Cancelled => ("idle", "Skipped"),
        Status::Failed => ("bad", "Failed"),
        Status::Queued if logged.delivery.attempts == 0 => ("idle", "Queued"),
        Status::Queued => ("bad", "Failed, retrying"),
        Status::Processing => ("idle", "Sending"),
    }
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Inform => "notify",
        Kind::Wait => "wait for success",
        Kind::Ask => "approve or reject",
        Kind::Test => "test",
        Kind::Undone => "sign-up rolled back",
    }
}
