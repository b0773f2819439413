//! `vestibule.limits`: how often a client may do something, and how often something may be done to an address. `engine/src/limits`
//! implements the numbers.

use super::reader::Reader;
use crate::identity::phone;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct LimitKeys {
    /// `false`: nothing is counted and nothing is refused.
    pub enabled: bool,
    pub passwords: PasswordLimits,
    pub codes: CodeLimits,
    pub emails: EmailLimits,
    pub texts: TextLimits,
    /// An hour, by one client.
    pub sign_ups_per_client: i64,
    /// The same for new forms.
    pub flows_per_client: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct PasswordLimits {
    /// Wrong passwords for one account from one client that cost no delay.
    pub attempts: i64,
    pub max_delay: Duration,
    /// So many clients with wrong passwords for one account cost the others no delay.
    pub account_clients: i64,
    pub account_max_delay: Duration,
    /// Accounts for which one client may have given wrong passwords only, without a delay for the next account.
    pub accounts_per_client: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct CodeLimits {
    /// Wrong codes an hour for one address from one client.
    pub per_address_and_client: i64,
    /// The same from all clients that are not known to the account.
    pub per_address: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct EmailLimits {
    /// An hour, to one address because of one client.
    pub per_address_and_client: i64,
    /// To one address, because of all clients.
    pub per_address: i64,
    /// Beyond both, for a form that one email was already sent for.
    pub per_flow: i64,
    /// To whatever addresses, because of one client.
    pub per_client: i64,
    /// Of this installation.
    pub total: i64,
}

#[derive(Clone, Debug)]
pub struct TextLimits {
    /// `vestibule.sms.countries`
    pub countries: Countries,
    /// A day, to one number.
    pub per_number: i64,
    /// To whatever numbers, because of one client.
    pub per_client: i64,
    /// Of this installation.
    pub total: i64,
}

/// Countries that text messages are sent to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Countries {
    All,
    /// By their two letters. None: no text message is sent.
    These(Vec<String>),
}

impl Countries {
    pub fn has(&self, country: &str) -> bool {
        match self {
            Countries::All => true,
            Countries::These(these) => these.iter().any(|own| own == country),
        }
    }
}

const COUNTRIES: &str = "vestibule.sms.countries";

fn countries(reader: &mut Reader<'_, '_>) -> Countries {
    let given = reader.texts(COUNTRIES);
    if given.iter().any(|code| code == "*") {
        return Countries::All;
    }
    let mut these = Vec::new();
    for (index, code) in given.into_iter().enumerate() {
        let code = code.trim().to_ascii_uppercase();
        if phone::is_country(&code) {
            these.push(code);
        } else {
            reader.findings.problem(
                &format!("{COUNTRIES}[{index}]"),
                "this is no country with phone numbers",
                "the two letters of a country, for example `DE`, or `*` for all countries",
            );
        }
    }
    Countries::These(these)
}

pub(super) fn read(reader: &mut Reader<'_, '_>) -> LimitKeys {
    LimitKeys {
        enabled: reader.boolean("vestibule.limits.enabled"),
        passwords: PasswordLimits {
            attempts: reader.integer("vestibule.limits.passwords.attempts"),
            max_delay: reader.lifespan("vestibule.limits.passwords.max_delay"),
            account_clients: reader.integer("vestibule.limits.passwords.account_clients"),
            account_max_delay: reader.lifespan("vestibule.limits.passwords.account_max_delay"),
            accounts_per_client: reader.integer("vestibule.limits.passwords.accounts_per_client"),
        },
        codes: CodeLimits {
            per_address_and_client: reader.integer("vestibule.limits.codes.per_address_and_client"),
            per_address: reader.integer("vestibule.limits.codes.per_address"),
        },
        emails: EmailLimits {
            per_address_and_client: reader.integer("vestibule.limits.emails.per_address_and_client"),
            per_address: reader.integer("vestibule.limits.emails.per_address"),
            per_flow: reader.integer("vestibule.limits.emails.per_flow"),
            per_client: reader.integer("vestibule.limits.emails.per_client"),
            total: reader.integer("vestibule.limits.emails.total"),
        },
        texts: TextLimits {
            countries: countries(reader),
            per_number: reader.integer("vestibule.limits.sms.per_number"),
            per_client: reader.integer("vestibule.limits.sms.per_client"),
            total: reader.integer("vestibule.limits.sms.total"),
        },
        sign_ups_per_client: reader.integer("vestibule.limits.sign_ups.per_client"),
        flows_per_client: reader.integer("vestibule.limits.flows.per_client"),
    }
}
