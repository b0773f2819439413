//! `docs/settings.md`, written from the table of settings.

use super::{Kind, Page, SETTINGS, Setting, Writes, sections};
use std::fmt::Write;

const HEAD: &str = "\
# Settings

This page is generated from the code: `vestibule settings reference > docs/settings.md`.

A setting is a value that operators change in the console, or that `vestibule settings` changes on the command line. Each change is
a revision. Settings override configuration files, and environment variables override settings. [configuration.md](configuration.md)
describes the keys.

```sh
vestibule settings list                                # name, value, and where the value comes from
vestibule settings list --changed --json               # only what revisions changed, for scripts
vestibule settings get min_password_length
vestibule settings set min_password_length 12 --reason \"new policy\"
vestibule settings set sign_in_after_registration.password on --reason \"trial week\" --yes
vestibule settings reset min_password_length           # back to the configuration files
vestibule settings history                             # all revisions
vestibule settings rollback 3                          # a new revision with the settings of revision 3
```

- **switch**: `on` or `off`. **number**: a whole number. **duration**: `30m`, `1h30m`, or `off` for none. **choice**: one of the values.
- **switch for each method**: `NAME on` sets all methods, `NAME.METHOD on` sets one.
- The command line runs the same checks as the console. A change that causes a danger needs `--reason` and `--yes`. A setting that an
  environment variable sets cannot be changed.
- Running servers apply a change within a second. Two commands at the same time both take effect.
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for part in Page::ALL {
        for section in sections(part) {
            let rows: Vec<&Setting> =
                SETTINGS.iter().filter(|row| row.section == section && row.is_scalar()).collect();
            if rows.is_empty() {
                continue;
            }
            // Writing to a String cannot fail.
            let _ = write!(
                page,
                "\n## {}: {}\n\n| setting | kind | default | what it does | key |\n|---|---|---|---|---|\n",
                part.about().title,
                section.title
            );
            for row in rows {
                let _ = writeln!(page, "{}", line(row));
            }
        }
    }
    page
}

fn line(row: &Setting) -> String {
    let text = row.text.sentences();
    let key = match row.writes {
        Writes::HookLists(hook, _) => {
            format!("`{hook}` in `{}`", path(row).replace(".password.", ".METHOD."))
        }
        Writes::Group(_) => "several settings".to_owned(),
        Writes::Key(_) | Writes::Providers | Writes::WebHooks | Writes::Hosts => format!("`{}`", path(row)),
    };
    let default = match row.default() {
        default if default.is_empty() => "–".to_owned(),
        default => default,
    };
    format!("| `{}`<br>{} | {} | {default} | {text} | {key} |", row.name, row.label, kind(row))
}

fn path(row: &Setting) -> String {
    row.key().unwrap_or_default()
}

fn kind(row: &Setting) -> String {
    match row.kind {
        Kind::Switch => "switch".to_owned(),
        Kind::Number => {
            let (least, most) = row.bounds();
            format!("number, {least} to {most}")
        }
        Kind::Duration { .. } => "duration".to_owned(),
        Kind::Choice(choices) => {
            let values: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.value)).collect();
            values.join(", ")
        }
        Kind::PerMethod => "switch for each method".to_owned(),
        Kind::Ids | Kind::Entries => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "docs/settings.md is stale: cargo run -p server --bin vestibule -- settings reference > docs/settings.md"
        );
    }
}
