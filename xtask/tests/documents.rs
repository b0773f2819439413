//! Documents rot where nobody looks: every path they name exists, and every module is on the map.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Folders and files at the top of the repository: what begins with one of them is a path.
fn top_level() -> Vec<String> {
    std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // What a build or a run makes is not in a fresh clone.
        .filter(|name| !["target", "data", ".git"].contains(&name.as_str()))
        .collect()
}

/// What stands between backticks and looks like a path.
fn code_paths(text: &str, top: &[String]) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| !word.contains(char::is_whitespace) && word.contains(['/', '.']))
        .filter(|word| top.iter().any(|name| *word == name || word.starts_with(&format!("{name}/"))))
        // `file.rs::test` names a test in a file.
        .filter_map(|word| word.split("::").next())
        .map(str::to_owned)
        .collect()
}

/// Targets of Markdown links that stay in the repository.
fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

fn documents() -> Vec<String> {
    let mut found: Vec<String> = top_level().into_iter().filter(|name| name.ends_with(".md")).collect();
    for folder in ["docs", "docs/decisions"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found
}

#[test]
fn every_path_exists() {
    let top = top_level();
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in documents() {
        let text = read(&document);
        let folder = Path::new(&document).parent().unwrap();
        let code = code_paths(&text, &top).into_iter().map(PathBuf::from);
        for path in code.chain(links(&text).into_iter().map(|target| folder.join(target))) {
            seen += 1;
            if !root().join(&path).exists() {
                missing.push(format!("{document}: {}", path.display()));
            }
        }
    }
    assert!(seen > 30, "the documents name only {seen} paths: does this test still see them?");
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_module_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    let section = |name: &str| {
        map.split("\n### ")
            .find(|section| section.starts_with(name))
            .unwrap_or_else(|| panic!("no section {name}"))
    };
    for (file, section) in [
        ("engine/src/lib.rs", section("engine")),
        ("server/src/lib.rs", section("server")),
        ("app/src/lib.rs", section("app")),
    ] {
        for line in read(file).lines() {
            let words = line
                .trim()
                .trim_start_matches("pub ")
                .strip_prefix("mod ")
                .and_then(|rest| rest.strip_suffix(';'));
            if let Some(module) = words {
                assert!(
                    section.contains(&format!("`{module}`")),
                    "{file}: `{module}` is not in ARCHITECTURE.md"
                );
            }
        }
    }
}

#[test]
fn the_map_stays_short() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < 150, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn every_decision_is_listed() {
    let list = read("docs/decisions/README.md");
    for entry in std::fs::read_dir(root().join("docs/decisions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || list.contains(&name), "{name} is not in docs/decisions/README.md");
    }
}
