//! How both databases run every statement of the store: by an index, or for a reason that stands here.

use engine::store::{Db, Statement, statements};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Statements that read a whole table or index, or sort what they found, and why that is fine.
const REASONS: &[(&str, &str)] = &[
    ("audit::LIST", "the newest few, in the order of the key, with a limit"),
    ("deferred_logins::FORGET_ALL", "all of them are to go"),
    ("deferred_logins::SIGN_NOBODY_IN", "all of them are meant; those of sign-ups that are under way"),
    ("deliveries::COUNTS", "groups the newest thousand of one hook"),
    ("deliveries::WAITING", "counts the queue, by its own indexes"),
    ("form_drafts::FORGET_OLD", "one row for each operator"),
    ("identities::CREDENTIALS", "one account's"),
    ("identities::END_OPEN_FLOWS", "one account's"),
    ("identities::GET", "one account's addresses"),
    ("identities::OWNERS", "the few rows of one value"),
    ("identity_lists::COUNT_ALL", "for a client that asks for pages by number"),
    ("identity_lists::COUNT_OF_IDENTIFIER", "the few rows of one value"),
    ("identity_lists::COUNT_OF_PREFIX", "those that begin so, for a client that asks for pages by number"),
    ("identity_lists::CREDENTIALS", "one page's"),
    ("identity_lists::OF_IDENTIFIER", "the few rows of one value"),
    ("identity_lists::OF_PREFIX", "an administrator's search: those that begin so are sorted by id"),
    ("identity_lists::ROWS", "one page's addresses"),
    ("limits::CLEAR", "by an operator's hand alone"),
    ("limits::LIST", "by an operator's hand alone, in the order of an index, with a limit"),
    ("messages::FAILURES", "the attempts of one page's emails"),
    ("messages::HELD", "the newest few of those that were not sent, by an index of their own, with a limit"),
    ("messages::LAST_SENT", "the newest one, at the end of an index of its own"),
    ("messages::WAITING", "counts the queue, by an index of its own"),
    ("operator_accounts::SESSIONS", "those of one operator"),
    ("operator_invitations::PENDING", "operators are few"),
    ("operators::COUNT", "operators are few"),
    ("operators::LIST", "operators are few"),
    ("operators::LOCK_OWNERS", "operators are few"),
    ("revisions::LIST", "the newest few, in the order of the key, with a limit"),
    ("revisions::NEWEST", "the newest one, at the end of the key"),
    ("secret_fingerprints::FORGET", "all of them are to go"),
    ("secret_fingerprints::LIST", "one for each secret that there ever was"),
    ("session_lists::LIST", "in the order of an index; PostgreSQL sorts those that end at the same moment"),
    ("session_lists::LIST_OF", "one account's"),
    ("sessions::BY_ROTATED_TOKEN_WITH_IDENTITY", "one account's addresses"),
    ("sessions::BY_TOKEN_WITH_IDENTITY", "one account's addresses"),
    ("sessions::DELETE_SOME", "the first few, in the order of the key, with a limit"),
    ("setting_secrets::LIST", "a configuration names few"),
];

/// Types of parameters that PostgreSQL cannot tell from the statement.
const TYPES: &[(&str, &str)] = &[
    ("limits::CLEAR", "(bytea, text)"),
    ("limits::LIST", "(bytea, text, bigint)"),
    ("revisions::INSERT", "(bigint, timestamptz, text, bigint, text, text, text)"),
];

/// Foreign keys without an index, and why: deleting what they refer to reads the whole table.
const UNINDEXED: &[(&str, &str)] = &[("operator_links (operator_id)", "operators are few and never deleted")];

fn name(statement: &Statement) -> String {
    format!("{}::{}", statement.file, statement.name)
}

fn found<'a>(list: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    list.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
}

/// The steps of SQLite's plan that read everything or sort (sqlite.org/eqp.html).
fn costly_on_sqlite(plan: &[String], sql: &str) -> Vec<String> {
    let is_table = |step: &str| {
        // `SCAN CONSTANT ROW`, `SCAN 2-ROW VALUES CLAUSE`, and subqueries, whose own steps are judged by themselves.
        let what = step.split_whitespace().nth(1).unwrap_or_default();
        what != "CONSTANT" && !step.ends_with(" VALUES CLAUSE") && !sql.contains(&format!(") {what}"))
    };
    let costly =
        |step: &&String| (step.starts_with("SCAN ") && is_table(step)) || step.contains("TEMP B-TREE");
    plan.iter().filter(costly).cloned().collect()
}

/// The same of PostgreSQL's, which was asked to avoid them. An index that is read without a condition is read as a whole.
fn costly_on_postgres(plan: &[String]) -> Vec<String> {
    let node = |line: &str| line.trim_start().trim_start_matches("->").trim_start().to_owned();
    let is_node = |line: &str| line.trim_start().starts_with("->");
    let mut costly = Vec::new();
    for (at, line) in plan.iter().enumerate() {
        let step = node(line);
        let details = plan[at + 1..].iter().take_while(|line| !is_node(line));
        let by_condition = details.into_iter().any(|line| line.trim_start().starts_with("Index Cond"));
        let reads_all = step.starts_with("Seq Scan")
            || (step.starts_with("Index") && step.contains("Scan") && !by_condition);
        let sorts =
            (is_node(line) || at == 0) && (step.starts_with("Sort") || step.starts_with("Incremental Sort"));
        if reads_all || sorts {
            costly.push(step);
        }
    }
    costly
}

async fn costly(db: &Db, statement: &Statement) -> Vec<String> {
    let types = found(TYPES, &name(statement)).unwrap_or_default();
    let plan = db.plan(statement.sql, types).await;
    let plan = plan.unwrap_or_else(|error| panic!("{}: {:?}", name(statement), error.cause()));
    if db.is_sqlite() { costly_on_sqlite(&plan, statement.sql) } else { costly_on_postgres(&plan) }
}

#[tokio::test]
async fn every_statement_goes_by_an_index_or_has_a_reason() {
    let mut used = BTreeSet::new();
    let mut without = Vec::new();
    for db in [crate::sqlite().await, crate::postgres().await] {
        for statement in statements() {
            let steps = costly(&db, &statement).await;
            if steps.is_empty() {
                continue;
            }
            let name = name(&statement);
            if found(REASONS, &name).is_none() {
                let which = if db.is_sqlite() { "SQLite" } else { "PostgreSQL" };
                without.push(format!("{name} on {which}: {}", steps.join(", ")));
            }
            used.insert(name);
        }
    }
    assert!(without.is_empty(), "an index or a reason is missing:\n{}", without.join("\n"));
    let unused: Vec<_> = REASONS.iter().filter(|(name, _)| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "reasons that nothing needs: {unused:?}");
}

#[tokio::test]
async fn the_plans_tell_what_reads_everything() {
    for db in [crate::sqlite().await, crate::postgres().await] {
        for (sql, fine) in [
            ("select body from flows where id = $1", true),
            ("select body from flows where body = $1", false),
            ("select id from flows where expires_at < $1 order by expires_at limit 5", true),
            ("select id from flows where expires_at < $1 order by issued_at limit 5", false),
            ("update sessions set active = false where aal = $1", false),
            ("delete from identities where id = $1", true),
            ("delete from identities where traits = $1", false),
            ("select count(*) from flows", false),
        ] {
            let statement = Statement { file: "tests", name: "", sql };
            assert_eq!(costly(&db, &statement).await.is_empty(), fine, "{sql}: {:?}", db.plan(sql, "").await);
        }
    }
}

#[tokio::test]
async fn what_is_deleted_finds_what_belongs_to_it_by_an_index() {
    let db = crate::sqlite().await;
    let keys = db.foreign_keys().await.unwrap();
    assert!(keys.len() > 10, "{keys:?}");
    let mut used = BTreeSet::new();
    for (table, columns) in keys {
        let condition: Vec<_> = columns.iter().map(|column| format!("{column} = null")).collect();
        let plan =
            db.plan(&format!("select 1 from {table} where {}", condition.join(" and ")), "").await.unwrap();
        let key = format!("{table} ({})", columns.join(", "));
        if !plan.iter().all(|step| step.starts_with("SEARCH")) {
            assert!(found(UNINDEXED, &key).is_some(), "{key} has no index: {plan:?}");
            used.insert(key);
        }
    }
    assert!(UNINDEXED.iter().all(|(key, _)| used.contains(*key)), "{used:?}");
}

fn store() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")
}

/// Without `statements!` blocks, macros' definitions and tests.
fn outside(source: &str) -> String {
    let mut rest = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        inside |= line.starts_with("statements! {") || line.starts_with("macro_rules! ");
        if !inside {
            rest.push(line);
        }
        inside &= line != "}";
    }
    rest.join("\n")
}

#[test]
fn every_statement_is_in_the_list() {
    let listed: BTreeSet<_> = statements().iter().map(|statement| statement.file.to_owned()).collect();
    let mut with_statements = BTreeSet::new();
    for file in fs::read_dir(store()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&file).unwrap();
        if source.contains("\nstatements! {") {
            with_statements.insert(name.clone());
        }
        // The schema's history, and what tests do behind everybody's back.
        if ["migrate", "for_tests", "tests"].contains(&name.as_str()) {
            continue;
        }
        let outside = outside(&source).to_lowercase();
        for verb in ["\"select ", "\"insert ", "\"update ", "\"delete ", "\"with "] {
            assert!(!outside.contains(verb), "{name}.rs has SQL outside of `statements!`: {verb}");
        }
    }
    assert_eq!(listed, with_statements);
    assert!(statements().len() > 150, "{}", statements().len());
}
