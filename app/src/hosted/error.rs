//! The error page: what happened and what to do about it, by the kind of error. The engine's own sentence is shown
//! with it; its number and time stand in the small print for whoever is asked for help.

use super::Site;
use super::message::Message;
use serde_json::Value;

/// An error as the engine stored it for this page.
#[derive(Clone, Debug)]
pub struct StoredError {
    pub id: String,
    /// Kratos' shape: `id`, `code`, `reason`, `message`.
    pub error: Value,
    /// In words, such as `23 Nov 2026, 21:49 UTC`.
    pub at: String,
}

pub fn error(site: &Site, stored: StoredError) -> String {
    let word = |key: &str| stored.error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let code = stored.error.get("code").and_then(Value::as_u64).unwrap_or(500);
    let mut message = said(site, word("id").unwrap_or_default(), code, word("reason").or(word("message")));
    message.details = vec![("Reference", stored.id.clone()), ("Time", stored.at), ("Code", code.to_string())];
    message.details.extend(word("request").map(|id| ("Request", id.to_owned())));
    message.page(site)
}

/// An error of this very request, which is not stored anywhere.
pub fn failed(site: &Site, id: Option<&str>, code: u16, reason: &str) -> String {
    let mut message = said(site, id.unwrap_or_default(), u64::from(code), Some(reason));
    message.details.extend(engine::request_id::current().map(|id| ("Request", id.to_string())));
    message.page(site)
}

fn said(site: &Site, id: &str, code: u64, reason: Option<&str>) -> Message {
    let (title, todo) = match (id, code) {
        ("self_service_flow_disabled", _) => (
            "This is switched off",
            "It cannot be used here at the moment. If you have an account, sign in with it.",
        ),
        ("invitation_required", _) => (
            "Sign-up is by invitation",
            "Open the link of your invitation once more. If you have none, ask whoever runs this service.",
        ),
        ("invitation_over", _) => (
            "This invitation does not work any more",
            "It was used, withdrawn, or is too old. If you have signed up with it, sign in. Otherwise ask whoever invited you for a new one.",
        ),
        ("form_from_another_site", _) => (
            "This form came from another site",
            "Open the sign-in page of this service, and send the form from there. Nothing was changed.",
        ),
        ("security_csrf_violation", _) => (
            "We could not tell that this was you",
            "Start again in this browser, in one tab, with cookies allowed for this site.",
        ),
        ("security_identity_mismatch", _) => {
            ("This belongs to another account", "Sign out, then sign in with the account it was made for.")
        }
        ("self_service_flow_expired" | "self_service_flow_replaced", _) => {
            ("This took too long", "Start again. Nothing was changed.")
        }
        ("self_service_flow_return_to_forbidden", _) => (
            "This link leads somewhere it must not",
            "Go back to the app you came from. If it happens again, tell those who run it.",
        ),
        ("session_inactive" | "session_aal1_required", _) | (_, 401) => {
            ("You are not signed in", "Sign in, then try again.")
        }
        ("session_already_available", _) => ("You are signed in already", "There is nothing more to do."),
        (_, 403) => {
            ("This is not allowed", "If you think that it should be, ask those who run this service.")
        }
        (_, 404 | 410) => ("This is no longer there", "Start again from the beginning."),
        (_, 408) => (
            "The form took too long to arrive",
            "Check your connection, go back, and send the form again. Nothing was changed.",
        ),
        (_, 413) => (
            "This form is too large",
            "Go back, shorten what you entered, and send the form again. Nothing was changed.",
        ),
        (_, 414) => {
            ("This address is too long", "Open the page again from the app or site that you came from.")
        }
        (_, 429) => ("Too many attempts", "Wait before you try again."),
        (_, 503) => ("A lot is going on right now", "Wait a moment, then try again."),
        (_, 400..=499) => {
            ("This did not work", "Go back and try again. The link you followed may be broken.")
        }
        _ => ("Something went wrong on our side", "It is not your fault. Try again in a few minutes."),
    };
    // Where the kind is known, or the fault is ours, the engine's sentence would say the same a second time. A limit's sentence
    // counts bytes, which helps developers alone.
    let limit = matches!(code, 408 | 413 | 414);
    let unknown = id.is_empty() && (400..500).contains(&code) && !limit;
    let reason = reason.filter(|reason| unknown && !reason.is_empty()).map(str::to_owned);
    let mut links = vec![("Sign in", site.sign_in.clone())];
    links.extend(site.sign_up.clone().map(|url| ("Create an account", url)));
    Message {
        title,
        text: reason.into_iter().chain([todo.to_owned()]).collect(),
        links,
        details: Vec::new(),
        failed: true,
    }
}
