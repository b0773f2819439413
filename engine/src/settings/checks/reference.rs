//! `docs/checks.md`, written from the table of rules.

use super::rule::Severity;
use super::rules;
use std::fmt::Write;

const HEAD: &str = "\
# Checks

This page is generated from the code: `vestibule config checks > docs/checks.md`.

A check says what can happen with a configuration that is valid and unwise. The console shows each finding beside its setting,
for what is in the form as well, and all of them on the page *Checks*. The command line says the same of files:

```sh
vestibule config check --lint --config kratos.yml           # what was found
vestibule config check --lint --json --config kratos.yml    # the same for programs
vestibule config check --lint --fix --config kratos.yml     # what a further file would have to say; with --yes it is written
vestibule config check --lint --fix=enumeration --config kratos.yml   # for this finding alone
```

- **error**: what is configured cannot do what it says. A Save that would bring one about is refused.
- **danger**: somebody can do harm, or be locked out. A Save that would bring one about needs an owner, a sign-in within the last
  five minutes, and a reason, which is kept with the revision.
- **warning**: something to decide on purpose.
- **info**: good to know.

`--fix` says beside each finding what it writes and what is found then that was not before. A fix that brings up a warning or worse is
not written with the others: name it.

What was there before a Save, if only as a warning, does not count against it. A fix that the console offers goes into the form and is
saved by nobody but you.

Kratos' own schema refuses some things before any check: `session` in the list of the whole sign-up flow, a web hook whose answer
is ignored and read, `SameSite: None` without `Secure`, secrets that are too short. So does Vestibule, at the start.
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for severity in [Severity::Error, Severity::Danger, Severity::Warning, Severity::Info] {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}\n\n| id | says | when | key |\n|---|---|---|---|\n", severity.word());
        for rule in rules().filter(|rule| rule.severity == severity) {
            let _ = writeln!(page, "| `{}` | {} | {} | `{}` |", rule.id, rule.title, rule.meaning, rule.key);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/checks.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "docs/checks.md is stale: cargo run -p server --bin vestibule -- config checks > docs/checks.md"
        );
    }

    #[test]
    fn no_id_stands_twice() {
        let mut ids: Vec<&str> = rules().map(|rule| rule.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
