//! The error page: what happened and what the user can do, chosen by the kind of error. Where the kind is unknown, the page adds the
//! engine's own sentence. ID and time are listed at the end for support.

use super::Site;
use super::message::Message;
use serde_json::Value;

/// An error as the engine stored it for this page.
#[derive(Clone, Debug)]
pub struct StoredError {
    pub id: String,
    /// Kratos' shape: `id`, `code`, `reason`, `message`.
    pub error: Value,
    /// As shown, for example `23 Nov 2026, 21:49 UTC`.
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

/// An error of the current request, which is not stored.
pub fn failed(site: &Site, id: Option<&str>, code: u16, reason: &str) -> String {
    let mut message = said(site, id.unwrap_or_default(), u64::from(code), Some(reason));
    message.details.extend(engine::request_id::current().map(|id| ("Request", id.to_string())));
    message.page(site)
}

fn said(site: &Site, id: &str, code: u64, reason: Option<&str>) -> Message {
    let (title, todo) = match (id, code) {
        ("self_service_flow_disabled", _) => {
            ("This is turned off", "It isn’t available right now. If you have an account, sign in.")
        }
        ("invitation_required", _) => (
            "Sign-up is by invitation",
            "Open your invitation link again. If you don’t have one, contact the owner of this service.",
        ),
        ("invitation_over", _) => (
            "This invitation is no longer valid",
            "It was already used, was revoked or has expired. If you signed up with it, sign in. Otherwise, ask its sender for a new one.",
        ),
        ("form_from_another_site", _) => (
            "This form came from another site",
            "Nothing was changed. Open the sign-in page of this service and send the form from there.",
        ),
        ("security_csrf_violation", _) => (
            "We couldn’t verify this request",
            "Start again in this browser, in one tab, with cookies allowed for this site.",
        ),
        ("security_identity_mismatch", _) => (
            "This belongs to another account",
            "Sign out, then sign in to the account that it was created for.",
        ),
        ("self_service_flow_expired" | "self_service_flow_replaced", _) => {
            ("This request expired", "Nothing was changed. Start again.")
        }
        ("self_service_flow_return_to_forbidden", _) => (
            "This link isn’t allowed",
            "Go back to the app that you came from. If it happens again, contact the owner of that app.",
        ),
        ("session_inactive" | "session_aal1_required", _) | (_, 401) => {
            ("You are not signed in", "Sign in, then try again.")
        }
        ("session_already_available", _) => ("You are already signed in", "There is nothing more to do."),
        (_, 403) => {
            ("This is not allowed", "If you think that it should be, contact the owner of this service.")
        }
        (_, 404 | 410) => ("This is no longer available", "Start again from the beginning."),
        (_, 408) => (
            "The form took too long to arrive",
            "Nothing was changed. Check your connection, go back and send the form again.",
        ),
        (_, 413) => (
            "This form is too large",
            "Nothing was changed. Go back, shorten what you entered and send the form again.",
        ),
        (_, 414) => ("This URL is too long", "Open the page again from the app or site that you came from."),
        (_, 429) => ("Too many attempts", "Wait before you try again."),
        (_, 503) => ("The service is busy", "Wait a moment, then try again."),
        (_, 400..=499) => {
            ("There is a problem", "Go back and try again. The link that you followed may be broken.")
        }
        _ => ("Something went wrong on our side", "This isn’t your fault. Try again in a few minutes."),
    };
    // Where the kind is known, or the server failed, the engine's sentence would repeat the text above. The sentence of a limit
    // counts bytes, which helps developers only.
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
