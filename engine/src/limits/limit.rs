//! The limits by name.

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Limit {
    /// Wrong passwords for an account from a client.
    Passwords,
    /// Clients with wrong passwords for an account.
    PasswordClients,
    /// Accounts for which a client gave wrong passwords only.
    PasswordAccounts,
    /// Wrong codes for an address from a client.
    Codes,
    /// The same from clients that the account does not know.
    CodesOfAddress,
    /// Forms in which a known device may try codes beyond [`Limit::Codes`].
    CodesReserved,
    /// Emails to an address because of a client.
    Emails,
    /// Emails to an address.
    EmailsToAddress,
    /// Emails beyond both, for a form that one was sent for.
    EmailsOfFlow,
    /// Emails because of a client.
    EmailsOfClient,
    /// Emails of this installation.
    EmailsInAll,
    /// Text messages to a number within a day.
    TextsToNumber,
    /// Text messages because of a client within a day.
    TextsOfClient,
    /// Text messages of this installation within a day.
    TextsInAll,
    /// Sign-ups of a client.
    SignUps,
    /// New forms of a client.
    Flows,
}

impl Limit {
    pub const ALL: [Limit; 16] = [
        Limit::Passwords,
        Limit::PasswordClients,
        Limit::PasswordAccounts,
        Limit::Codes,
        Limit::CodesOfAddress,
        Limit::CodesReserved,
        Limit::Emails,
        Limit::EmailsToAddress,
        Limit::EmailsOfFlow,
        Limit::EmailsOfClient,
        Limit::EmailsInAll,
        Limit::TextsToNumber,
        Limit::TextsOfClient,
        Limit::TextsInAll,
        Limit::SignUps,
        Limit::Flows,
    ];

    /// In rows, and for operators.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Passwords => "passwords",
            Limit::PasswordClients => "passwords.clients",
            Limit::PasswordAccounts => "passwords.accounts",
            Limit::Codes => "codes",
            Limit::CodesOfAddress => "codes.address",
            Limit::CodesReserved => "codes.reserved",
            Limit::Emails => "emails",
            Limit::EmailsToAddress => "emails.address",
            Limit::EmailsOfFlow => "emails.flow",
            Limit::EmailsOfClient => "emails.client",
            Limit::EmailsInAll => "emails.total",
            Limit::TextsToNumber => "sms.number",
            Limit::TextsOfClient => "sms.client",
            Limit::TextsInAll => "sms.total",
            Limit::SignUps => "sign_ups",
            Limit::Flows => "flows",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }
}
