//! `docs/checks.md`, written from the table of rules.

use super::rule::Severity;
use super::rules;
use std::fmt::Write;

const HEAD: &str = "\
# Checks

This page is generated from the code: `vestibule config checks > docs/checks.md`.

A check finds configurations that are valid but unwise. The console shows each issue next to its setting, also for unsaved changes, and
all of them on the page *Checks*. The command line runs the same checks on files:

```sh
vestibule config check --lint --config kratos.yml           # list the issues
vestibule config check --lint --json --config kratos.yml    # the same for scripts
vestibule config check --lint --fix --config kratos.yml     # print a further file that fixes them; --yes writes it
vestibule config check --lint --fix=enumeration --config kratos.yml   # fix this issue only
```

- **error**: these settings can't work as configured. A save that causes one is rejected.
- **danger**: these settings put users at risk or lock them out. A save that causes one requires the owner role, a sign-in within the last
  five minutes, and a reason, which is recorded with the revision.
- **warning**: review it and decide.
- **info**: good to know.

`--fix` prints next to each issue what it writes, and which new issues that causes. A fix that causes a warning or worse is not written with
the others: name it.

An issue that existed before a save, even as a warning, doesn't block the save. A fix that the console offers changes the form only. You
save it.

Kratos' own schema rejects some configurations before any check: `session` as a flow-level hook of sign-up, a webhook whose response is both
ignored and parsed, `SameSite: None` without `Secure`, secrets that are too short. Vestibule rejects them at startup as well.
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for severity in [Severity::Error, Severity::Danger, Severity::Warning, Severity::Info] {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}\n\n| ID | Title | When | Key |\n|---|---|---|---|\n", severity.word());
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
