//! The store's SQL as a list: executed statements are in a `statements!` block, so that tests can check every one.

/// Constants with SQL, and `STATEMENTS`, the list of their names and texts for tests. One block for each file.
macro_rules! statements {
    ($($(#[$about:meta])* const $name:ident: &str = $sql:expr;)+) => {
        $($(#[$about])* const $name: &str = $sql;)+

        #[cfg(any(test, feature = "testing"))]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Where a statement stands, what it is called there, and its text.
#[cfg(any(test, feature = "testing"))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Statement {
    pub file: &'static str,
    pub name: &'static str,
    pub sql: &'static str,
}

#[cfg(any(test, feature = "testing"))]
macro_rules! list {
    ($($file:ident),+ $(,)?) => {
        /// Every statement of the store but for the migrations' own. A file that is missing here is found by
        /// `engine/tests/store/plans.rs`.
        pub fn statements() -> Vec<Statement> {
            let mut all = Vec::new();
            $(all.extend(super::$file::STATEMENTS.iter().map(|(name, sql)| {
                Statement { file: stringify!($file), name, sql }
            }));)+
            all
        }
    };
}

#[cfg(any(test, feature = "testing"))]
list![
    address_changes,
    audit,
    codes,
    daily_counts,
    deferred_logins,
    deliveries,
    errors,
    flows,
    form_drafts,
    id_tokens,
    identities,
    identity_change,
    identity_lists,
    invitations,
    limits,
    messages,
    oidc_tests,
    operator_accounts,
    operator_invitations,
    operators,
    pending,
    reservations,
    revisions,
    secret_fingerprints,
    session_lists,
    sessions,
    setting_secrets,
    social,
    users,
];
