//! Generates `docs/configuration.md` from the table of keys.

use super::keys::{Key, Kind, State, TABLE, variable};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

This page is generated from the code: `vestibule config reference > docs/configuration.md`.

Format and names are those of Ory Kratos. Keys below `vestibule` exist in Vestibule only. Name files with `--config FILE` (YAML, JSON or
TOML, by file extension). You can repeat the option. Later files override earlier ones: sections are merged, lists are replaced, and
`null` removes a key. Without a file, a built-in default configuration applies. A file replaces it completely. To start from it, run
`vestibule config starter > vestibule.yml`.

Layers, in ascending priority: defaults, files, settings saved in the console, environment variables. The name of a variable is the key in
upper case with `_` for `.`, for example `SERVE_PUBLIC_BASE_URL`. Lists are written as JSON. An empty variable counts as unset. Operators
can't change settings in the console that an environment variable sets.

- Unknown keys and keys that aren't supported yet are reported. The server starts nevertheless. Keys that need no effect are reported as
  such.
- Changed files apply within a second, without a restart. They are checked as a whole: while they have errors, the configuration from before
  the change stays active. Files that lost a section or a list of hooks apply after an owner confirms it in the console. A change of
  `secrets`, `dsn`, `log`, `vestibule.limits.connections`, an address or a port applies after a restart, with everything else in the
  files.
- Wrong types and invalid combinations prevent the start. All problems are listed at once, each with a correction.
- **Duration**: numbers with units, for example `200ms`, `10m`, `1h30m`. **Size**: for example `512KB`, `19MB`, `1GB`, where 1 MB is
  1024 × 1024 bytes as in Kratos. `MiB` means the same.
- **Page**: an http or https URL, or a path below the public base URL.
- **Hooks**: a list of entries, for example `{hook: session}`. Method hooks replace the flow-level hooks. An empty list counts as no list.
";

/// Path and description of every supported key.
pub fn documented_keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().filter(|key| key.state == State::Supported).map(|key| (key.path, key.text))
}

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = section(&mut page, "Supported", State::Supported).and_then(|()| {
        page.push_str("\n## Hooks\n\n| List | Hooks |\n|---|---|\n");
        for key in TABLE {
            if let Kind::Hooks(stage) = key.kind {
                writeln!(page, "| `{}` | `{}` |", key.path, stage.allowed().join("`, `"))?;
            }
        }
        page.push_str(
            "\n`b2b_sso` belongs to Kratos' enterprise edition. It is accepted and reported, and has no effect.\n",
        );
        section(&mut page, "Not supported yet", State::Later)
    });
    page
}

fn section(page: &mut String, title: &str, state: State) -> std::fmt::Result {
    write!(page, "\n## {title}\n\n| Key | Type | Default | Description |\n|---|---|---|---|\n")?;
    for key in TABLE.iter().filter(|key| key.state == state) {
        let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
        let ours = key.ours.map(|(values, why)| match values {
            values if why.is_empty() => format!(" Only `{}` is supported so far.", values.join("`, `")),
            [] => format!(" Not needed: {why}."),
            values => format!(" `{}` isn't needed: {why}.", values.join("`, `")),
        });
        let meaning = format!("{}{}", key.text, ours.unwrap_or_default());
        writeln!(page, "| `{}` | {} | {default} | {meaning} |", key.path, kind(key))?;
    }
    Ok(())
}

fn kind(key: &Key) -> String {
    let name = match key.kind {
        Kind::Bool => "boolean".into(),
        Kind::Flag => "boolean, as a string".into(),
        Kind::Integer(least, i64::MAX) => format!("number, {least} or more"),
        Kind::Integer(least, most) => format!("number, {least} to {most}"),
        Kind::Duration => "duration".into(),
        Kind::Size | Kind::Memory => "size".into(),
        Kind::Text => "string".into(),
        Kind::Choice(choices) => format!("`{}`", choices.join("`, `")),
        Kind::BaseUrl => "URL".into(),
        Kind::Page => "page".into(),
        Kind::Texts => "list of strings".into(),
        Kind::Secrets(32) => "list of strings, 32 characters each".into(),
        Kind::Secrets(least) => format!("list of strings, {least} or more characters each"),
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
