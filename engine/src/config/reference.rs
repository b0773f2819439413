//! `docs/configuration.md`, written from the table of keys.

use super::keys::{Key, Kind, State, TABLE, variable};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

This page is generated from the code: `vestibule config reference > docs/configuration.md`.

The format and the names are those of Ory Kratos; `vestibule:` is ours. Give files with `--config FILE` (YAML, JSON or
TOML, by the end of the name; repeatable). Later files win: sections are merged, lists are replaced, `null` removes.
Without a file, a built-in starter file applies. A file replaces it altogether: `vestibule config starter > vestibule.yml` prints it
with comments, to build on.

Layers, each over the one before: defaults, files, settings saved in the console, environment variables. A variable is
the path in capitals with `_` for `.`, such as `SERVE_PUBLIC_BASE_URL`; lists are written as JSON; an empty variable
counts as unset. What the environment sets is locked in the console.

- Unknown keys, and known ones whose feature is not there yet, are reported and stop nothing. So are keys that need no effect, as
  such.
- Wrong types and impossible combinations stop the start. All are listed at once, each with what to write instead.
- **Duration**: numbers with units, `200ms`, `10m`, `1h30m`. **Size**: `512KB`, `19MB`, `1GB`, where 1 MB is 1024 × 1024
  bytes as in Kratos; `MiB` means the same.
- **Page**: an http or https address, or a path below the public base URL.
- **Hooks**: a list of entries such as `{hook: session}`. A method's list replaces the flow's; an empty list counts as none.
";

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = section(&mut page, "Supported", State::Supported).and_then(|()| {
        page.push_str("\n## Hooks\n\n| list | hooks |\n|---|---|\n");
        for key in TABLE {
            if let Kind::Hooks(stage) = key.kind {
                writeln!(page, "| `{}` | `{}` |", key.path, stage.allowed().join("`, `"))?;
            }
        }
        page.push_str(
            "\n`b2b_sso` keeps its place and is reported; it belongs to Kratos' enterprise edition.\n",
        );
        section(&mut page, "Known, without effect yet", State::Later)
    });
    page
}

fn section(page: &mut String, title: &str, state: State) -> std::fmt::Result {
    write!(page, "\n## {title}\n\n| key | type | default | meaning |\n|---|---|---|---|\n")?;
    for key in TABLE.iter().filter(|key| key.state == state) {
        let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
        let ours = key.ours.map(|(values, why)| match values {
            values if why.is_empty() => format!(" Only `{}` has its effect so far.", values.join("`, `")),
            [] => format!(" None is needed: {why}."),
            values => format!(" For `{}` none is needed: {why}.", values.join("`, `")),
        });
        let meaning = format!("{}{}", key.text, ours.unwrap_or_default());
        writeln!(page, "| `{}` | {} | {default} | {meaning} |", key.path, kind(key))?;
    }
    Ok(())
}

fn kind(key: &Key) -> String {
    let name = match key.kind {
        Kind::Bool => "yes or no".into(),
        Kind::Flag => "yes or no, as a text".into(),
        Kind::Integer(least, i64::MAX) => format!("number, {least} or more"),
        Kind::Integer(least, most) => format!("number, {least} to {most}"),
        Kind::Duration => "duration".into(),
        Kind::Size | Kind::Memory => "size".into(),
        Kind::Text => "text".into(),
        Kind::Choice(choices) => format!("`{}`", choices.join("`, `")),
        Kind::BaseUrl => "address".into(),
        Kind::Page => "page".into(),
        Kind::Texts => "list of texts".into(),
        Kind::Secrets(32) => "list of texts, 32 characters each".into(),
        Kind::Secrets(least) => format!("list of texts, {least} characters or more"),
        Kind::Networks => "list of networks".into(),
        Kind::Hooks(_) => "hooks".into(),
        Kind::Schemas => "list of schemas".into(),
        Kind::Open => "section".into(),
    };
    if variable(key.path).is_some() { name } else { format!("{name}; files only") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "docs/configuration.md is stale: cargo run -p server --bin vestibule -- config reference > docs/configuration.md"
        );
    }
}
