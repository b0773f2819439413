//! Identities and their credentials change in one place: which statements write them, and where an address is marked as verified.

use engine::store::{Statement, statements};
use std::collections::BTreeSet;

const WRITES: [&str; 11] = [
    "update identities ",
    "insert into identities ",
    "update identity_addresses ",
    "insert into identity_addresses ",
    "delete from identity_addresses ",
    "update identity_credentials ",
    "insert into identity_credentials ",
    "delete from identity_credentials ",
    "update identity_identifiers ",
    "insert into identity_identifiers ",
    "delete from identity_identifiers ",
];

/// Statements outside of `store::identity_change`, and why they change no identity that exists.
const REASONS: &[(&str, &str)] = &[
    ("identities::INSERT", "a new identity"),
    ("identities::INSERT_ADDRESS", "an address of a new identity, or of a change"),
    ("identities::INSERT_TWO_ADDRESSES", "two addresses of a new identity"),
    ("identities::MARK_SENT", "what became of an email: nobody reads an address from it"),
    ("identities::CLAIM", "locks the row for a reset, which goes through a change"),
    ("identities::STILL_BEFORE_PROOF", "locks the row, and writes what is in it"),
    ("identities::INSERT_CREDENTIAL", "a credential of a new identity"),
    ("identities::INSERT_TWO_CREDENTIALS", "two credentials of a new identity"),
    ("identities::INSERT_IDENTIFIER", "an identifier of a new identity, or of a change"),
    ("identities::INSERT_TWO_IDENTIFIERS", "two identifiers of a new identity"),
    ("identities::HOLD_CREDENTIAL", "locks the row, and writes what is in it"),
    ("identities::HOLD_IDENTIFIER", "locks the row, and writes what is in it"),
    ("identities::HOLD_ACTIVE", "locks the row, and writes what is in it"),
    ("identities::HOLD_ADDRESS", "locks the row, and writes what is in it"),
    (
        "identities::END_CREDENTIALS",
        "all credentials go in a reset, and its change adds the one that is left",
    ),
];

fn writes(statement: &Statement) -> bool {
    let sql = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    WRITES.iter().any(|verb| sql.contains(verb))
}

#[test]
fn identities_addresses_and_credentials_are_written_by_a_change_or_for_a_reason() {
    let mut used = BTreeSet::new();
    let mut without = Vec::new();
    let mut changes = 0;
    for statement in statements().iter().filter(|statement| writes(statement)) {
        let name = format!("{}::{}", statement.file, statement.name);
        if statement.file == "identity_change" {
            changes += 1;
        } else if REASONS.iter().any(|(own, _)| *own == name) {
            used.insert(name);
        } else {
            without.push(name);
        }
    }
    assert!(without.is_empty(), "write these through store::identities::change: {without:?}");
    let unused: Vec<_> = REASONS.iter().filter(|(name, _)| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "reasons that nothing needs: {unused:?}");
    assert!(changes >= 9, "{changes}");
}

#[test]
fn an_address_is_marked_as_verified_in_one_place() {
    let marks = |line: &str| line.contains(".verified = ") || line.contains(".verified |= ");
    let found: Vec<_> = crate::layers::files(&crate::layers::source())
        .into_iter()
        .filter(|path| std::fs::read_to_string(path).unwrap().lines().any(marks))
        .collect();
    assert!(found.len() == 1 && found[0].ends_with("identity/verification.rs"), "{found:?}");
}
