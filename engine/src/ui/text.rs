//! Every message to a user: Kratos' number (Kratos: text/id.go) and context keys, with wording of our own. Clients translate by number,
//! so a number stays when its wording changes.

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
    info(1010003, "Sign in again to continue.")
}
pub fn second_factor() -> Text {
    info(1010004, "Confirm it’s you with your second factor.")
}
/// The email has an account. `kinds` and `providers`: its sign-in methods, where the configuration allows revealing them.
pub fn sign_in_to_link(
    duplicate: &str,
    provider: &str,
    anew: &str,
    kinds: &[&str],
    providers: &[String],
) -> Text {
    let text = format!("An account for {duplicate} already exists. Sign in to link {provider} to it.");
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
    make(1010018, TextKind::Info, format!("Sign in with {provider} to link"), context)
}
/// Whether there is such an account the page doesn't reveal.
pub fn login_code_sent() -> Text {
    info(1010014, "If this email belongs to an account, we sent a code to it. Enter the code below.")
}
/// The same for a phone number.
pub fn login_code_sent_by_text_message() -> Text {
    let text = "If this phone number belongs to an account, we sent a code to it. Enter the code below.";
    Text { text: text.to_owned(), ..login_code_sent() }
}
/// `by_text_message`: the code may go to a phone number.
pub fn sign_in_with_code(by_text_message: bool) -> Text {
    info(1010015, if by_text_message { "Send me a code" } else { "Email me a code" })
}
pub fn login_code_sent_to_you() -> Text {
    info(1010025, "We sent you a code. Enter it below.")
}
pub fn sign_in_with_password() -> Text {
    info(1010022, "Sign in with password")
}

/// Not in Kratos, which has no limits. `retry_after` is for pages that count down.
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
/// Returns to the provider, after the user filled in the missing fields.
pub fn go_on_to_provider() -> Text {
    info(1040003, "Continue")
}

pub fn registration_code_sent() -> Text {
    info(1040005, "We sent you a code. Enter it below to create your account.")
}
/// `by_text_message`: the code may go to a phone number.
pub fn sign_up_with_code(by_text_message: bool) -> Text {
    info(1040006, if by_text_message { "Send me a code" } else { "Email me a code" })
}
pub fn back() -> Text {
    info(1040008, "Back")
}
pub fn choose_method() -> Text {
    info(1040009, "Choose how you want to sign in.")
}
/// A sign-up with a code where no response may reveal which other emails have an account.
pub fn one_address_by_code() -> Text {
    generic("A code verifies one email. Sign up without a second email or username, or use another method.")
}

// Labels

pub fn password() -> Text {
    info(1070001, "Password")
}
/// A field that is labelled with its title in the identity schema.
pub fn of_schema(title: &str, name: &str) -> Text {
    make(1070002, TextKind::Info, title, json!({ "title": title, "name": name }))
}
pub fn identifier() -> Text {
    info(1070004, "Email or username")
}

pub fn email() -> Text {
    info(1070007, "Email")
}
pub fn email_or_phone_number() -> Text {
    info(1070018, "Email or phone number")
}
pub fn resend() -> Text {
    info(1070008, "Send a new code")
}
pub fn go_on() -> Text {
    info(1070009, "Continue")
}
pub fn registration_code() -> Text {
    info(1070012, "Code")
}
pub fn login_code() -> Text {
    info(1070013, "Code")
}
pub fn verification_code() -> Text {
    info(1070011, "Code")
}

// Verification

pub fn address_proven() -> Text {
    make(1080002, TextKind::Success, "Your email is verified.", Value::Null)
}
pub fn code_sent() -> Text {
    info(1080003, "If this email belongs to an account, we sent a code to it. Enter the code below.")
}
pub fn code_sent_by_text_message() -> Text {
    info(1080004, "If this phone number belongs to an account, we sent a code to it. Enter the code below.")
}
pub fn phone_number_proven() -> Text {
    make(1080005, TextKind::Success, "Your phone number is verified.", Value::Null)
}
/// The same while a sign-up waits for verification, and the page must not reveal whether the email has an account.
pub fn code_sent_if_new() -> Text {
    let text = "We sent you an email. If you’re new, enter the code from it below. If you already have an account, it tells you how to sign in.";
    Text { text: text.to_owned(), ..code_sent() }
}
/// The user who verifies the email of a sign-up may not be the user who signed up.
pub fn password_of_sign_up() -> Text {
    let text = "You or someone else signed up in another browser. Enter the password that you signed up with, or choose a new one.";
    Text { text: text.to_owned(), ..required("password") }
}
/// The same before the form was sent, so it is no error yet.
pub fn password_first() -> Text {
    info(
        1080000,
        "The sign-up was started in another browser. Enter the password that you signed up with. If you didn’t start it, choose a new password.",
    )
}
/// The same where password sign-in is turned off, so the page can't require a password.
pub fn account_of_somebody_else() -> Text {
    generic(
        "Someone signed up with this email before it was verified. If it was you, sign in, then open the link in the email again. \
         If it wasn’t you, delete that account so that you can sign up.",
    )
}
/// The same before the form was sent.
pub fn consent_first() -> Text {
    Text { text: account_of_somebody_else().text, ..password_first() }
}
pub fn start_over() -> Text {
    of_schema("Delete that account", "start_over")
}
pub fn account_ended() -> Text {
    generic("The account was deleted. You can now sign up with your email.")
}
pub fn sign_up_is_over() -> Text {
    generic("Sign-up with a password was turned off. Use another method.")
}
pub fn wrong_login_code() -> Text {
    error(4010008, "Incorrect code. Enter the code from the latest email.", Value::Null)
}
pub fn wrong_registration_code() -> Text {
    error(4040003, "Incorrect code. Enter the code from the latest email.", Value::Null)
}
/// The same message for a code that is no longer valid.
pub fn expired_code(wrong: Text) -> Text {
    Text { text: "This code is no longer valid. Send a new code.".to_owned(), ..wrong }
}
pub fn wrong_code() -> Text {
    error(4070006, "Incorrect code. Enter the code from the latest email.", Value::Null)
}
pub fn tried_too_often() -> Text {
    generic("Too many attempts. Request a new code.")
}
pub fn already_proven() -> Text {
    error(4070002, "This email is already verified. To verify another one, request a new code.", Value::Null)
}

// Settings

pub fn saved() -> Text {
    make(1050001, TextKind::Success, "Your changes were saved.", Value::Null)
}
pub fn save() -> Text {
    info(1070003, "Save")
}
pub fn link_provider(provider: &str) -> Text {
    make(1050002, TextKind::Info, format!("Connect {provider}"), json!({ "provider": provider }))
}
pub fn unlink_provider(provider: &str) -> Text {
    make(1050003, TextKind::Info, format!("Disconnect {provider}"), json!({ "provider": provider }))
}
pub fn linked_already(provider: &str) -> Text {
    generic(&format!("An account at {provider} is already connected. Disconnect it first."))
}
pub fn linked_to_another_account(provider: &str) -> Text {
    generic(&format!(
        "This {provider} account belongs to another account here. Choose a different {provider} account."
    ))
}
pub fn not_linked() -> Text {
    generic("This provider isn’t connected. Reload the page to see what is.")
}
pub fn link_or_unlink() -> Text {
    generic("Connect or disconnect one provider at a time.")
}
pub fn link_in_browser() -> Text {
    generic("Providers can be connected in a browser only. Open the account settings there.")
}
pub fn last_sign_in_method() -> Text {
    generic("This is your only sign-in method. Set a password or connect another account first.")
}
pub fn one_address_at_a_time() -> Text {
    error(4050002, "Change one email at a time. Each new email has to be verified first.", Value::Null)
}
/// The email stays as it is until the new one is verified. Not in Kratos.
pub fn verify_new_address(to: &str) -> Text {
    let text = format!("We sent a code to {to}. Your email changes when you enter the code.");
    make(1950004, TextKind::Info, text, json!({ "address": to }))
}
/// A change that requires a recent sign-in was not stored. What was typed is on the form. Not in Kratos, which stores it after the sign-in.
pub fn unsaved() -> Text {
    info(1950001, "Your changes aren’t saved yet. Check them, then save.")
}
/// The same for a password, which no form keeps.
pub fn unsaved_password() -> Text {
    info(1950002, "Your new password isn’t saved yet. Enter it again.")
}
/// The same for a provider, for which nothing is typed.
pub fn unsaved_provider() -> Text {
    info(1950003, "Nothing is changed yet. Choose the provider again.")
}
/// Whether it is one of those three.
pub fn is_unsaved(text: &Text) -> bool {
    (1_950_001..=1_950_003).contains(&text.id)
}
/// The user has just recovered the account, and may set a new password until then.
pub fn recovered(until: DateTime<Utc>) -> Text {
    let text = "Your account is recovered. Set a new password, or check how you sign in.";
    let context = json!({
        "privileged_session_expires_at": until,
        "privileged_session_expires_at_unix": until.timestamp(),
        "privilegedSessionExpiresAt": until,
    });
    make(1060001, TextKind::Success, text, context)
}
pub fn same_password() -> Text {
    error(4000039, "This is your current password. Choose a different one.", Value::Null)
}

// Recovery

pub fn recovery_link_sent() -> Text {
    info(1060002, "If this email belongs to an account, we sent a link to it. Open the link to continue.")
}
pub fn recovery_code_sent() -> Text {
    info(1060003, "If this email belongs to an account, we sent a code to it. Enter the code below.")
}
/// `masked`: the address, without most of it.
pub fn recovery_code_sent_to(masked: &str) -> Text {
    let text = format!("If {masked} belongs to an account, we sent a code to it. Enter the code below.");
    make(1060004, TextKind::Info, text, json!({ "masked_address": masked }))
}
pub fn confirm_recovery_address() -> Text {
    info(1060005, "To confirm that the address is yours, enter it in full.")
}
pub fn choose_recovery_address() -> Text {
    info(1060006, "Choose where we send the code.")
}
pub fn back_to_recovery_address() -> Text {
    info(1060007, "Back")
}
/// The label of a button: one of several addresses, masked.
pub fn masked_address(masked: &str) -> Text {
    info(1070000, masked)
}
pub fn recovery_code() -> Text {
    info(1070010, "Code")
}
pub fn recovery_address(by_text_message: bool) -> Text {
    info(1070016, if by_text_message { "Email or phone number" } else { "Email" })
}
pub fn full_recovery_address(by_text_message: bool) -> Text {
    info(1070017, if by_text_message { "Full email or phone number" } else { "Full email" })
}
pub fn already_recovered() -> Text {
    error(4060001, "This form was used already. To recover an account again, start over.", Value::Null)
}
pub fn recovery_link_invalid() -> Text {
    error(4060004, "This link was used already, or it expired. Request a new one.", Value::Null)
}
pub fn recovery_expired(at: DateTime<Utc>) -> Text {
    expired(4060005, at)
}
pub fn wrong_recovery_code() -> Text {
    error(4060006, "Incorrect code. Enter the code from the latest email.", Value::Null)
}
pub fn verification_link_sent() -> Text {
    info(1080001, "If this email belongs to an account, we sent a link to it. Open the link to continue.")
}

// Form errors

/// What the user entered, cut to the length that a message repeats.
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
    error(4000002, "This field is required.", json!({ "property": property }))
}
pub fn too_short(min_length: u64, actual_length: usize) -> Text {
    let text = format!("{} You entered {actual_length}.", at_least(min_length));
    error(4000003, text, json!({ "min_length": min_length, "actual_length": actual_length }))
}
pub fn pattern(pattern: &str) -> Text {
    error(4000004, "Enter a value in the required format.", json!({ "pattern": pattern }))
}
/// The breach check failed, and the configuration requires it.
pub fn password_unchecked() -> Text {
    let text = "We couldn’t check whether this password appeared in a data breach. Try again in a moment.";
    error(4000005, text, json!({ "reason": text }))
}
pub fn invalid_credentials() -> Text {
    error(4000006, "Incorrect email or password.", Value::Null)
}
pub fn identifier_exists() -> Text {
    error(
        4000007,
        "An account with this email already exists. Sign in, or use a different email.",
        Value::Null,
    )
}
/// The same where the configuration allows revealing how that account signs in: `kinds` and `providers` for clients, `ways` for users.
pub fn identifier_exists_with_hints(
    identifier: &str,
    kinds: &[&str],
    providers: &[String],
    ways: &[String],
) -> Text {
    let text = match ways {
        [] => identifier_exists().text,
        ways => format!("An account for {identifier} already exists. Sign in with {}.", ways.join(" or ")),
    };
    let context = json!({
        "available_credential_types": kinds,
        "available_oidc_providers": providers,
        "credential_identifier_hint": identifier,
    });
    error(4000028, text, context)
}
/// The invitation is bound to an email that the form doesn't have.
pub fn invited_by_another_address() -> Text {
    generic("Your invitation is for a different email. Sign up with the email that it was created for.")
}
pub fn no_identifier() -> Text {
    error(4000009, "Enter an email or a username that you can sign in with.", Value::Null)
}
/// An identifier contains a character that readers can't see, or that changes the direction of the text.
pub fn unreadable() -> Text {
    generic(
        "This contains an invisible character or one that changes the text direction. Remove it, or enter the text again.",
    )
}
pub fn too_long(max_length: u64, actual_length: usize) -> Text {
    let text = format!("{} You entered {actual_length}.", at_most(max_length));
    error(4000017, text, json!({ "max_length": max_length, "actual_length": actual_length }))
}
pub fn below_minimum(minimum: &Value, actual: &Value) -> Text {
    error(4000018, format!("Enter {minimum} or more."), json!({ "minimum": minimum, "actual": actual }))
}
pub fn below_exclusive_minimum(minimum: &Value, actual: &Value) -> Text {
    error(
        4000019,
        format!("Enter a number greater than {minimum}."),
        json!({ "minimum": minimum, "actual": actual }),
    )
}
pub fn above_maximum(maximum: &Value, actual: &Value) -> Text {
    error(4000020, format!("Enter {maximum} or less."), json!({ "maximum": maximum, "actual": actual }))
}
pub fn above_exclusive_maximum(maximum: &Value, actual: &Value) -> Text {
    error(
        4000021,
        format!("Enter a number less than {maximum}."),
        json!({ "maximum": maximum, "actual": actual }),
    )
}
pub fn not_a_multiple(base: f64, actual: &Value) -> Text {
    error(4000022, format!("Enter a multiple of {base}."), json!({ "base": base, "actual": actual }))
}
pub fn too_many_items(max_items: u64, actual_items: usize) -> Text {
    let text = match max_items {
        1 => format!("Enter at most 1 entry. You entered {actual_items}."),
        _ => format!("Enter at most {max_items} entries. You entered {actual_items}."),
    };
    error(4000023, text, json!({ "max_items": max_items, "actual_items": actual_items }))
}
pub fn too_few_items(min_items: u64, actual_items: usize) -> Text {
    let text = match min_items {
        1 => format!("Enter at least 1 entry. You entered {actual_items}."),
        _ => format!("Enter at least {min_items} entries. You entered {actual_items}."),
    };
    error(4000024, text, json!({ "min_items": min_items, "actual_items": actual_items }))
}
pub fn equal_items(index_a: usize, index_b: usize) -> Text {
    error(4000025, "Each entry must be unique.", json!({ "index_a": index_a, "index_b": index_b }))
}
pub fn wrong_type(allowed: &[String], actual: &str) -> Text {
    let text = format!("Enter a value of this type: {}.", allowed.join(" or "));
    error(4000026, text, json!({ "allowed_types": allowed, "actual_type": actual }))
}
pub fn not_the_constant(expected: &Value) -> Text {
    error(4000029, format!("This must be {expected}."), json!({ "expected": expected }))
}
pub fn password_too_similar() -> Text {
    error(
        4000031,
        "This password is too similar to your email or username. Choose a different one.",
        Value::Null,
    )
}
fn at_least<N: PartialEq + From<u8> + std::fmt::Display>(count: N) -> String {
    let one = count == N::from(1);
    if one { "Use at least 1 character.".to_owned() } else { format!("Use at least {count} characters.") }
}
fn at_most<N: PartialEq + From<u8> + std::fmt::Display>(count: N) -> String {
    let one = count == N::from(1);
    if one { "Use at most 1 character.".to_owned() } else { format!("Use at most {count} characters.") }
}
/// Lengths in characters.
pub fn password_too_short(min_length: usize, actual_length: usize) -> Text {
    let text = format!("{} You entered {actual_length}.", at_least(min_length));
    error(4000032, text, json!({ "min_length": min_length, "actual_length": actual_length }))
}
pub fn password_too_long(max_length: usize, actual_length: usize) -> Text {
    let text = format!("{} You entered {actual_length}.", at_most(max_length));
    error(4000033, text, json!({ "max_length": max_length, "actual_length": actual_length }))
}
pub fn password_breached(breaches: u64) -> Text {
    let text = "This password appeared in a data breach. Choose one that you don’t use anywhere else.";
    password_known(text, json!({ "breaches": breaches }))
}
/// Found in the built-in list, without the network. The list is the top of published breaches, so Kratos' number for breached passwords
/// fits.
pub fn password_common() -> Text {
    password_known(
        "This password is one of the first that attackers try. Choose a different one.",
        Value::Null,
    )
}
fn password_known(text: &str, context: Value) -> Text {
    error(4000034, text, context)
}
pub fn no_account_for_code() -> Text {
    error(
        4000035,
        "No account with this email signs in with a code. Check the email, or use another method.",
        Value::Null,
    )
}
pub fn traits_changed() -> Text {
    error(4000036, "Your details changed after we sent the code. Send a new code.", Value::Null)
}
pub fn no_account_for_identifier() -> Text {
    error(4000037, "We couldn’t find an account with this email or username.", Value::Null)
}
pub fn not_an_email(value: &str) -> Text {
    error(4000040, "Enter a valid email address, for example name@example.org.", json!({ "value": value }))
}
pub fn neither_email_nor_phone_number(value: &str) -> Text {
    phone_number(
        "Enter a valid email, or a phone number with its country code, for example +44 20 7946 0958.",
        value,
    )
}
pub fn not_a_phone_number(value: &str) -> Text {
    phone_number("Enter a valid phone number with its country code, for example +44 20 7946 0958.", value)
}
fn phone_number(text: &str, value: &str) -> Text {
    error(4000041, text, json!({ "value": value }))
}

// Providers

pub fn provider_refused(provider: &str) -> Text {
    generic(&format!("You didn’t finish signing in with {provider}. Try again, or use another method."))
}
pub fn provider_failed(provider: &str) -> Text {
    generic(&format!(
        "{provider} isn’t responding as expected. Try again in a moment, or use another method."
    ))
}
pub fn provider_not_believed(provider: &str) -> Text {
    generic(&format!(
        "We couldn’t verify {provider}’s response, so you weren’t signed in. Try again. If it keeps failing, contact the owner of \
         this service."
    ))
}
pub fn provider_says_too_little(provider: &str) -> Text {
    generic(&format!(
        "{provider} didn’t share enough information about you. Use another method, and contact the owner of this service."
    ))
}
pub fn provider_sign_in_is_old(provider: &str) -> Text {
    generic(&format!("{provider} didn’t ask you to sign in again. Sign out of {provider}, then try again."))
}
pub fn provider_not_set_up(provider: &str) -> Text {
    generic(&format!(
        "Sign-in with {provider} isn’t fully set up. Use another method, and contact the owner of this service."
    ))
}
pub fn provider_does_not_vouch(provider: &str) -> Text {
    generic(&format!(
        "{provider} didn’t report your email as verified, and this service requires that. Use another method."
    ))
}
pub fn provider_gone() -> Text {
    generic("Sign-in with this provider is no longer available. Use another method.")
}
/// The request is for another account: one to link, or one that the user had to confirm.
pub fn not_this_account() -> Text {
    error(4010009, "This is a different account. Sign in to the account that has the email.", Value::Null)
}

// Flows

fn expired(id: u64, at: DateTime<Utc>) -> Text {
    let text = "This form expired. Fill it in again.";
    error(id, text, json!({ "expired_at": at, "expired_at_unix": at.timestamp() }))
}
pub fn login_expired(at: DateTime<Utc>) -> Text {
    expired(4010001, at)
}
pub fn registration_expired(at: DateTime<Utc>) -> Text {
    expired(4040001, at)
}
pub fn no_login_method() -> Text {
    error(4010002, "Choose a sign-in method.", Value::Null)
}
pub fn verification_expired(at: DateTime<Utc>) -> Text {
    expired(4070005, at)
}
pub fn no_verification_method() -> Text {
    error(4010006, "Choose how to verify your email.", Value::Null)
}
pub fn no_recovery_method() -> Text {
    error(4010005, "Choose how to recover your account.", Value::Null)
}
pub fn no_registration_method() -> Text {
    error(4010003, "Choose a sign-up method.", Value::Null)
}

pub fn no_settings_method() -> Text {
    error(4010004, "Choose what to change.", Value::Null)
}
pub fn settings_expired(at: DateTime<Utc>) -> Text {
    expired(4050001, at)
}

#[cfg(test)]
mod tests {
    /// Clients translate by number, so they couldn't tell two messages with one number apart.
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
