//! OWASP ASVS 5.0 for this project: each requirement of the chapters V3, V6, V7, V9, V10 and V13 with a verdict, a reason and its
//! tests. `cargo xtask asvs` writes the tables into `docs/security.md`. The tests below keep both consistent.

mod v10;
mod v13;
mod v3;
mod v6;
mod v7;
mod v9;

use crate::Outcome;
use crate::workspace::Workspace;
use std::fmt::Write as _;
use std::path::Path;

const FILE: &str = "docs/security.md";
const BEGIN: &str = "<!-- asvs: written by `cargo xtask asvs` -->";
const END: &str = "<!-- asvs: end -->";

/// One requirement, in our words: the standard's own are its authors'.
struct Row {
    id: &'static str,
    level: u8,
    asks: &'static str,
    verdict: Verdict,
    /// Why, where that is not plain from the tests.
    reason: &'static str,
    /// File and function.
    tests: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Met,
    Partly,
    NotMet,
    NotApplicable,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Partly => "partly",
            Verdict::NotMet => "not met",
            Verdict::NotApplicable => "not applicable",
        }
    }
}

type Tests = &'static [&'static str];

const fn met(id: &'static str, level: u8, asks: &'static str, reason: &'static str, tests: Tests) -> Row {
    Row { id, level, asks, verdict: Verdict::Met, reason, tests }
}

const fn partly(id: &'static str, level: u8, asks: &'static str, reason: &'static str, tests: Tests) -> Row {
    Row { id, level, asks, verdict: Verdict::Partly, reason, tests }
}

const fn not_met(id: &'static str, level: u8, asks: &'static str, reason: &'static str) -> Row {
    Row { id, level, asks, verdict: Verdict::NotMet, reason, tests: &[] }
}

const fn not_applicable(id: &'static str, level: u8, asks: &'static str, reason: &'static str) -> Row {
    Row { id, level, asks, verdict: Verdict::NotApplicable, reason, tests: &[] }
}

struct Chapter {
    name: &'static str,
    rows: &'static [Row],
}

const CHAPTERS: [Chapter; 6] = [
    Chapter { name: "V3 Web frontend", rows: v3::ROWS },
    Chapter { name: "V6 Authentication", rows: v6::ROWS },
    Chapter { name: "V7 Sessions", rows: v7::ROWS },
    Chapter { name: "V9 Self-contained tokens", rows: v9::ROWS },
    Chapter { name: "V10 OAuth and OpenID Connect", rows: v10::ROWS },
    Chapter { name: "V13 Configuration", rows: v13::ROWS },
];

/// Writes the tables into the document.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let path = workspace.root.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
    let written = with_tables(&text)?;
    std::fs::write(&path, written).map_err(|error| format!("{FILE}: {error}"))?;
    for missing in missing(&workspace.root) {
        eprintln!("{missing}");
    }
    Ok(())
}

fn with_tables(document: &str) -> Outcome<String> {
    let parts = document.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{FILE} has no place for the tables"))?;
    Ok(format!("{before}{BEGIN}\n\n{}{END}{after}", tables()))
}

fn tables() -> String {
    let mut text = String::new();
    let all = || CHAPTERS.iter().flat_map(|chapter| chapter.rows);
    let count = |verdict: Verdict| all().filter(|row| row.verdict == verdict).count();
    let _ = writeln!(
        text,
        "Of {} requirements {} are met, {} partly, {} not, and {} do not apply.\n",
        all().count(),
        count(Verdict::Met),
        count(Verdict::Partly),
        count(Verdict::NotMet),
        count(Verdict::NotApplicable),
    );
    for chapter in &CHAPTERS {
        let _ = writeln!(text, "### {}\n", chapter.name);
        let _ = writeln!(text, "| Requirement | Level | What it asks for | Result | Why | Tests |");
        let _ = writeln!(text, "|---|---|---|---|---|---|");
        for row in chapter.rows {
            let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                row.id,
                row.level,
                row.asks,
                row.verdict.words(),
                row.reason,
                tests.join("<br>")
            );
        }
        text.push('\n');
    }
    text
}

/// Named tests that are not in the sources.
fn missing(root: &Path) -> Vec<String> {
    let named = CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.rows)
        .flat_map(|row| row.tests.iter().map(|test| (row.id, *test)));
    named
        .filter(|(_, test)| !is_there(root, test))
        .map(|(id, test)| format!("{id}: there is no test {test}"))
        .collect()
}

fn is_there(root: &Path, test: &str) -> bool {
    let Some((file, name)) = test.split_once("::") else { return false };
    let Ok(text) = std::fs::read_to_string(root.join(file)) else { return false };
    let head = format!("fn {name}(");
    let mut above = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            above = true;
        } else if line.contains(&head) {
            return above;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            above = false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn every_named_test_is_in_the_sources() {
        assert_eq!(missing(&root()), Vec::<String>::new());
        for none in [
            "engine/src/gate.rs::no_such_test",
            "engine/src/nowhere.rs::x",
            // A function that is there and no test.
            "engine/src/gate.rs::enter",
            "xtask/src/asvs.rs::missing",
        ] {
            assert!(!is_there(&root(), none), "{none}");
        }
        assert!(is_there(&root(), "xtask/src/asvs.rs::every_named_test_is_in_the_sources"));
    }

    #[test]
    fn every_requirement_stands_once_in_its_order_with_a_reason_or_tests() {
        // As many as the standard has in each chapter.
        for (chapter, count) in CHAPTERS.iter().zip([31, 47, 19, 7, 36, 21]) {
            let ids: Vec<Vec<u32>> = chapter
                .rows
                .iter()
                .map(|row| row.id.split('.').map(|part| part.parse().unwrap_or_default()).collect())
                .collect();
            assert_eq!(ids.len(), count, "{}", chapter.name);
            assert!(ids.windows(2).all(|two| two[0] < two[1]), "{}: {ids:?}", chapter.name);
            for row in chapter.rows {
                assert!(
                    chapter.name.starts_with(&format!("V{} ", row.id.split('.').next().unwrap_or_default()))
                );
                assert!((1..=3).contains(&row.level), "{}", row.id);
                let told = !row.reason.is_empty() || (row.verdict == Verdict::Met && !row.tests.is_empty());
                assert!(told, "{}: `{}` takes a reason or a test", row.id, row.verdict.words());
                assert!(!format!("{}{}", row.asks, row.reason).contains(['|', '\n']), "{}", row.id);
            }
        }
    }

    #[test]
    fn the_committed_page_is_up_to_date() {
        let text = std::fs::read_to_string(root().join(FILE)).expect("the document");
        let written = with_tables(&text).expect("a place for the tables");
        assert!(text == written, "{FILE} is stale: cargo xtask asvs");
    }
}
