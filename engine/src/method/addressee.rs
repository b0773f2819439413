//! Where a code can be sent to: an email address, or a phone number if text messages are set up.

use crate::identity::{Via, address::is_email, phone};
use crate::ui::{Text, text};

/// What is wrong with an address that a code is to go to. `by_text_message`: it may be a phone number.
pub(super) fn not_an_address(typed: &str, by_text_message: bool) -> Option<Text> {
    match Via::of(typed) {
        _ if is_email(typed) => None,
        Via::Sms if by_text_message => {
            (!phone::is_phone_number(typed)).then(|| text::neither_email_nor_phone_number(typed))
        }
        Via::Email | Via::Sms => Some(text::not_an_email(typed)),
    }
}
