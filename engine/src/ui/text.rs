//! Every message to a person, by Kratos' number (Kratos: text/id.go) and context keys, in our own words.

use crate::limits_table::QUOTED;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    pub id: u64,
    pub text: String,
    #[serde(rename = "type")]
    pub kind: TextKind,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    Info,
    Error,
    Success,
}

fn make(id: u64, kind: TextKind, text: impl Into<String>, context: Value) -> Text {
    let context = match context {
        Value::Object(context) => context,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    Text { id, text: text.into(), kind, context }
}

fn info(id: u64, text: impl Into<String>) -> Text {
    make(id, TextKind::Info, text, Value::Null)
}

fn error(id: u64, text: impl Into<String>, context: Value) -> Text {
    make(id, TextKind::Error, text, context)
}

// Sign-in

pub fn sign_in() -> Text {
    info(1010001, "Sign in")
}
pub fn sign_in_with(provider: &str, id: &str) -> Text {
    let context = json!({ "provider": provider, "provider_id": id });
    make(1010002, TextKind::Info, format!("Sign in with {provider}"), context)
}
pub fn refresh() -> Text {
    info(1010003, "This needs a fresh sign-in.")
}
pub fn second_factor() -> Text {
    info(1010004, "Confirm with your second factor.")
}
/// The address has an account. `kinds` and `providers`: its ways in, where the administrator wants them told.
pub fn sign_in_to_link(
    duplicate: &str,
    provider: &str,
    anew: &str,
    kinds: &[&str],
    providers: &[String],
) -> Text {
    let text = format!(
        "There is an account for {duplicate} already. Sign in to it, and {provider} will be a way in from now on."
    );
    let context = json!({
        "duplicateIdentifier": duplicate,
        "duplicate_identifier": duplicate,
        "provider": provider,
        "newLoginUrl": anew,
        "new_login_url": anew,
        "available_credential_types": kinds,
        "available_providers": providers,
    });
    make(1010016, TextKind::Info, text, context)
}
pub fn sign_in_with_and_link(provider: &str) -> Text {
    let context = json!({ "provider": provider });
    make(1010018, TextKind::Info, format!("Sign in with {provider} and link"), context)
}
pub fn sign_in_with_password() -> Text {
    info(1010022, "Sign in with password")
}

/// Ours: Kratos has no limits. `retry_after`: for pages that count down.
pub fn too_many_attempts(seconds: u32) -> Text {
    let text = match seconds {
        0 | 1 => "Too many attempts. Try again in 1 second.".to_owned(),
        2..=120 => format!("Too many attempts. Try again in {seconds} seconds."),
        _ => format!("Too many attempts. Try again in {} minutes.", seconds.div_ceil(60)),
    };
    error(4900001, text, json!({ "retry_after": seconds }))
}

// Sign-up

pub fn sign_up() -> Text {
    info(1040001, "Create account")
}
pub fn sign_up_with(provider: &str, id: &str) -> Text {
    let context = json!({ "provider": provider, "provider_id": id });
    make(1040002, TextKind::Info, format!("Sign up with {provider}"), context)
}
/// Back to the provider, with what was still missing filled in.
pub fn go_on_to_provider() -> Text {
    info(1040003, "Continue")
}

// Labels

pub fn password() -> Text {
    info(1070001, "Password")
}
/// A field called as the identity schema calls it.
pub fn of_schema(title: &str, name: &str) -> Text {
    make(1070002, TextKind::Info, title, json!({ "title": title, "name": name }))
}
pub fn identifier() -> Text {
    info(1070004, "E-mail or user name")
}

pub fn email() -> Text {
    info(1070007, "E-mail address")
}
pub fn resend() -> Text {
    info(1070008, "Send another code")
}
pub fn go_on() -> Text {
    info(1070009, "Continue")
}
pub fn verification_code() -> Text {
    info(1070011, "Code")
}

// Verification

pub fn address_proven() -> Text {
    make(1080002, TextKind::Success, "Your address is confirmed.", Value::Null)
}
pub fn code_sent() -> Text {
    info(1080003, "A code was sent to this address, if it belongs to an account here. Type it in below.")
}
/// The same where a sign-up waits for its proof, and nobody is to learn who has an account.
pub fn code_sent_if_new() -> Text {
    let text = "If this address is new here, a code is on its way to it: type it in below. If it has an account already, a mail says so.";
    Text { text: text.to_owned(), ..code_sent() }
}
/// Whoever proves the address of a sign-up is not known to have made it.
pub fn password_of_sign_up() -> Text {
    let text = "Type the password that you signed up with, or choose a new one: you signed up in another browser, or somebody else did.";
    Text { text: text.to_owned(), ..required("password") }
}
/// The same before anything was sent: nothing is wrong yet.
pub fn password_first() -> Text {
    info(
        1080000,
        "The sign-up did not come from this browser. Type the password that you signed up with, or choose a new one if it was not you.",
    )
}
/// The same where nobody signs in with a password, so that none can be asked for.
pub fn account_of_somebody_else() -> Text {
    generic(
        "Somebody signed up with this address before it was confirmed. If that was you, sign in and then open the link in the mail \
         once more. Otherwise that account can be ended, so that you can sign up.",
    )
}
/// The same before anything was sent.
pub fn consent_first() -> Text {
    Text { text: account_of_somebody_else().text, ..password_first() }
}
pub fn start_over() -> Text {
    of_schema("End that account", "start_over")
}
pub fn account_ended() -> Text {
    generic("That account is gone, and nobody has your address here any more. Sign up with it now.")
}
pub fn sign_up_is_over() -> Text {
    generic("Signing up with a password was switched off meanwhile. Sign up in another way.")
}
pub fn wrong_code() -> Text {
    error(
        4070006,
        "This code is wrong, or a newer one was sent. Check the newest mail and try again.",
        Value::Null,
    )
}
pub fn tried_too_often() -> Text {
    generic("This was tried too often. Ask for a new code.")
}
pub fn already_proven() -> Text {
    error(4070002, "This was done already. To confirm another address, ask for a new code.", Value::Null)
}

// Form errors

/// What somebody typed, as far as a message repeats it.
pub fn quoted(typed: &str) -> Cow<'_, str> {
    match typed.char_indices().nth(QUOTED.count()) {
        Some((end, _)) => format!("{}…", &typed[..end]).into(),
        None => typed.into(),
    }
}

pub fn generic(reason: &str) -> Text {
    error(4000001, reason, json!({ "reason": reason }))
}
pub fn required(property: &str) -> Text {
    error(4000002, "Fill this in.", json!({ "property": property }))
}
pub fn too_short(min_length: u64, actual_length: usize) -> Text {
    let text = format!("At least {min_length} characters. You have {actual_length}.");
    error(4000003, text, json!({ "min_length": min_length, "actual_length": actual_length }))
}
pub fn pattern(pattern: &str) -> Text {
    error(4000004, "This does not have the form that is asked for.", json!({ "pattern": pattern }))
}
/// The breach check could not be made, and passing without it is not allowed.
pub fn password_unchecked() -> Text {
    let text = "The password could not be checked against known breaches. Try again in a moment.";
    error(4000005, text, json!({ "reason": text }))
}
pub fn invalid_credentials() -> Text {
    error(4000006, "The address or the password is wrong. Check both and try again.", Value::Null)
}
pub fn identifier_exists() -> Text {
    error(
        4000007,
        "There is an account with this address already. Sign in, or use another address.",
        Value::Null,
    )
}
/// The same where the administrator wants it told how that account signs in: for programs in `kinds` and `providers`, for people in
/// `ways`.
pub fn identifier_exists_with_hints(
    identifier: &str,
    kinds: &[&str],
    providers: &[String],
    ways: &[String],
) -> Text {
    let text = match ways {
        [] => identifier_exists().text,
        ways => format!("There is an account for {identifier} already. Sign in with {}.", ways.join(" or ")),
    };
    let context = json!({
        "available_credential_types": kinds,
        "available_oidc_providers": providers,
        "credential_identifier_hint": identifier,
    });
    error(4000028, text, context)
}
/// The invitation is bound to an address, and the form has none of that name.
pub fn invited_by_another_address() -> Text {
    generic("Your invitation is for another address. Sign up with the one that it was made for.")
}
pub fn no_identifier() -> Text {
    error(
        4000009,
        "Nothing here can be signed in with. Fill in an e-mail address or a user name.",
        Value::Null,
    )
}
/// What somebody is known by holds a character that readers do not see, or that turns the direction of the text.
pub fn unreadable() -> Text {
    generic(
        "This has an invisible character, or one that changes the direction of the text. Remove it, or type it again.",
    )
}
pub fn too_long(max_length: u64, actual_length: usize) -> Text {
    let text = format!("At most {max_length} characters. You have {actual_length}.");
    error(4000017, text, json!({ "max_length": max_length, "actual_length": actual_length }))
}
pub fn below_minimum(minimum: &Value, actual: &Value) -> Text {
    error(4000018, format!("At least {minimum}."), json!({ "minimum": minimum, "actual": actual }))
}
pub fn below_exclusive_minimum(minimum: &Value, actual: &Value) -> Text {
    error(4000019, format!("More than {minimum}."), json!({ "minimum": minimum, "actual": actual }))
}
pub fn above_maximum(maximum: &Value, actual: &Value) -> Text {
    error(4000020, format!("At most {maximum}."), json!({ "maximum": maximum, "actual": actual }))
}
pub fn above_exclusive_maximum(maximum: &Value, actual: &Value) -> Text {
    error(4000021, format!("Less than {maximum}."), json!({ "maximum": maximum, "actual": actual }))
}
pub fn not_a_multiple(base: f64, actual: &Value) -> Text {
    error(4000022, format!("A multiple of {base}."), json!({ "base": base, "actual": actual }))
}
pub fn too_many_items(max_items: u64, actual_items: usize) -> Text {
    let text = format!("At most {max_items} entries. You have {actual_items}.");
    error(4000023, text, json!({ "max_items": max_items, "actual_items": actual_items }))
}
pub fn too_few_items(min_items: u64, actual_items: usize) -> Text {
    let text = format!("At least {min_items} entries. You have {actual_items}.");
    error(4000024, text, json!({ "min_items": min_items, "actual_items": actual_items }))
}
pub fn equal_items(index_a: usize, index_b: usize) -> Text {
    error(4000025, "Each entry once only.", json!({ "index_a": index_a, "index_b": index_b }))
}
pub fn wrong_type(allowed: &[String], actual: &str) -> Text {
    let text = format!("This has to be of another kind: {}.", allowed.join(" or "));
    error(4000026, text, json!({ "allowed_types": allowed, "actual_type": actual }))
}
pub fn not_the_constant(expected: &Value) -> Text {
    error(4000029, format!("This has to be {expected}."), json!({ "expected": expected }))
}
pub fn password_too_similar() -> Text {
    error(
        4000031,
        "The password is too similar to your address or user name. Choose another one.",
        Value::Null,
    )
}
/// Lengths in characters.
pub fn password_too_short(min_length: usize, actual_length: usize) -> Text {
    let text = format!("Use at least {min_length} characters, you used {actual_length}.");
    error(4000032, text, json!({ "min_length": min_length, "actual_length": actual_length }))
}
pub fn password_too_long(max_length: usize, actual_length: usize) -> Text {
    let text = format!("Use at most {max_length} characters, you used {actual_length}.");
    error(4000033, text, json!({ "max_length": max_length, "actual_length": actual_length }))
}
pub fn password_breached(breaches: u64) -> Text {
    let text = "This password was found in stolen lists. Choose one that you use nowhere else.";
    password_known(text, json!({ "breaches": breaches }))
}
/// Found without the network. What attackers try first is the top of the stolen lists, so that clients which know Kratos' id say the
/// right thing.
pub fn password_common() -> Text {
    password_known("This password is one of those that attackers try first. Choose another one.", Value::Null)
}
fn password_known(text: &str, context: Value) -> Text {
    error(4000034, text, context)
}
pub fn not_an_email(value: &str) -> Text {
    error(4000040, "This is not an e-mail address. Write it as name@example.org.", json!({ "value": value }))
}
pub fn not_a_phone_number(value: &str) -> Text {
    error(4000041, "This is not a phone number. Write it as +43 1 234567.", json!({ "value": value }))
}

// Providers

pub fn provider_refused(provider: &str) -> Text {
    generic(&format!("You did not finish signing in with {provider}. Try again, or choose another way."))
}
pub fn provider_failed(provider: &str) -> Text {
    generic(&format!("{provider} did not answer as it should. Try again in a moment, or choose another way."))
}
pub fn provider_not_believed(provider: &str) -> Text {
    generic(&format!(
        "What {provider} answered could not be believed, so nobody was signed in. Try again; if it stays so, tell \
         whoever runs this service."
    ))
}
pub fn provider_says_too_little(provider: &str) -> Text {
    generic(&format!(
        "{provider} did not say enough about you to go on. Choose another way, and tell whoever runs this service."
    ))
}
pub fn provider_sign_in_is_old(provider: &str) -> Text {
    generic(&format!("{provider} did not ask you to sign in again. Sign out there, then try again."))
}
pub fn provider_not_set_up(provider: &str) -> Text {
    generic(&format!(
        "Signing in with {provider} is not set up completely. Choose another way, and tell whoever runs this service."
    ))
}
pub fn provider_does_not_vouch(provider: &str) -> Text {
    generic(&format!("{provider} does not confirm your address, and here it has to be. Choose another way."))
}
pub fn provider_gone() -> Text {
    generic("Signing in with this provider is not offered any more. Choose another way.")
}
/// Two accounts were to be linked, or one confirmed, and this is a third.
pub fn not_this_account() -> Text {
    error(
        4010009,
        "This is not the account that was asked for. Sign in to the one that has the address.",
        Value::Null,
    )
}

// Flows

fn expired(id: u64, at: DateTime<Utc>) -> Text {
    let text = "The form was open for too long. Fill it in once more.";
    error(id, text, json!({ "expired_at": at, "expired_at_unix": at.timestamp() }))
}
pub fn login_expired(at: DateTime<Utc>) -> Text {
    expired(4010001, at)
}
pub fn registration_expired(at: DateTime<Utc>) -> Text {
    expired(4040001, at)
}
pub fn no_login_method() -> Text {
    error(
        4010002,
        "The form does not say which way of signing in it is for. Use one of its buttons.",
        Value::Null,
    )
}
pub fn verification_expired(at: DateTime<Utc>) -> Text {
    expired(4070005, at)
}
pub fn no_verification_method() -> Text {
    error(
        4010006,
        "The form does not say how the address is to be confirmed. Use one of its buttons.",
        Value::Null,
    )
}
pub fn no_registration_method() -> Text {
    error(
        4010003,
        "The form does not say which way of signing up it is for. Use one of its buttons.",
        Value::Null,
    )
}

#[cfg(test)]
mod tests {
    /// Clients translate by number: two messages with one number would read the same to them.
    #[test]
    fn every_message_has_a_number_of_its_own() {
        let source = include_str!("text.rs");
        let mut ids: Vec<&str> =
            source.split(|letter: char| !letter.is_ascii_digit()).filter(|word| word.len() == 7).collect();
        let count = ids.len();
        assert!(count > 30, "the numbers are found");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "a number is used twice");
    }
}
