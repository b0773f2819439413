//! Markers in the sources, and what a rule replaces behind its own.

use super::list::Rule;
use crate::Outcome;
use std::path::{Path, PathBuf};

/// Where rules are enforced.
const SOURCES: [&str; 4] = ["engine/src", "server/src", "app/src", "frontend/src"];

const MARKER: &str = "// sabotage: ";

/// How many lines behind a marker belong to it.
pub(super) const REACH: usize = 3;

pub(super) struct Marker {
    pub(super) name: String,
    /// From the root of the workspace.
    pub(super) file: PathBuf,
}

fn name_in(line: &str) -> Option<&str> {
    line.trim().strip_prefix(MARKER).map(str::trim)
}

/// Every marker of the workspace at `root`.
pub(super) fn all(root: &Path) -> Outcome<Vec<Marker>> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = SOURCES.iter().map(PathBuf::from).collect();
    while let Some(path) = left.pop() {
        let whole = root.join(&path);
        let cannot = |error: std::io::Error| format!("{}: {error}", whole.display());
        if whole.is_dir() {
            for entry in std::fs::read_dir(&whole).map_err(cannot)? {
                left.push(path.join(entry.map_err(cannot)?.file_name()));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&whole).map_err(cannot)?;
            let names = text.lines().filter_map(name_in);
            found.extend(names.map(|name| Marker { name: name.to_owned(), file: path.clone() }));
        }
    }
    Ok(found)
}

/// The file of a rule's only marker.
pub(super) fn file_of(root: &Path, rule: &Rule) -> Outcome<PathBuf> {
    let mut own = all(root)?.into_iter().filter(|marker| marker.name == rule.name);
    match (own.next(), own.next()) {
        (Some(marker), None) => Ok(marker.file),
        (None, _) => Err(format!("no line says `{MARKER}{}`", rule.name)),
        (Some(_), Some(_)) => Err(format!("`{MARKER}{}` is there more than once", rule.name)),
    }
}

/// The source without the rule.
pub(super) fn broken(source: &str, rule: &Rule) -> Outcome<String> {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let marked = lines.iter().position(|line| name_in(line) == Some(rule.name));
    let marked = marked.ok_or_else(|| format!("no line says `{MARKER}{}`", rule.name))?;
    let (before, behind) = lines.split_at(marked + 1);
    let (own, after) = behind.split_at(REACH.min(behind.len()));
    let own = own.concat();
    match own.matches(rule.text).count() {
        1 => Ok([&before.concat(), &own.replace(rule.text, rule.instead), &after.concat()]
            .map(String::as_str)
            .concat()),
        found => Err(format!(
            "{}: {:?} is {found} times in the {REACH} lines behind its marker, not once: move the marker or change \
             xtask/src/sabotage/list.rs",
            rule.name, rule.text
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, broken};
    use crate::sabotage::list::Tests;

    const RULE: Rule = Rule {
        name: "of-this-test",
        text: "a < b",
        instead: "true",
        tests: Tests { package: "", binary: &[], names: &[] },
    };

    #[test]
    fn what_follows_the_marker_is_replaced_and_nothing_else() {
        let source = "a < b\n    // sabotage: of-this-test\n    if a < b {\n    }\n    c\n    a < b\n";
        let without = "a < b\n    // sabotage: of-this-test\n    if true {\n    }\n    c\n    a < b\n";
        assert_eq!(broken(source, &RULE).unwrap(), without);
    }

    #[test]
    fn a_text_that_moved_away_or_is_there_twice_is_refused() {
        for source in [
            "if a < b {\n",
            "// sabotage: of-this-test-too\nif a < b {\n",
            "// sabotage: of-this-test\n1\n2\n3\nif a < b {\n",
            "// sabotage: of-this-test\nif a < b || a < b {\n",
        ] {
            assert!(broken(source, &RULE).is_err(), "{source}");
        }
    }
}
