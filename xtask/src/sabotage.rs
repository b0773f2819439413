//! `cargo xtask sabotage`: tests the tests. Each entry of the list breaks one rule of the product in a copy of this tree, and the
//! tests that protect the rule must fail. A rule whose tests still pass is a failure.

mod list;
mod markers;

use crate::Outcome;
use crate::counts::Counts;
use crate::steps::{Steps, words};
use crate::workspace::{TOGETHER, Workspace, output};
use list::{RULES, Rule, Tests};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What can be broken; the dependencies are compiled as ever.
const PACKAGES: [&str; 3] = ["engine", "app", "server"];

/// All rules, or those in `only`.
pub(crate) fn run(workspace: &Workspace, only: &[String]) -> Outcome {
    let chosen = chosen(only)?;
    let copy = Copy::make(workspace)?;
    let mut steps = Steps::new(chosen.len() + 1);
    steps.run("The tests pass before anything is broken", || copy.control(&chosen))?;
    let mut unnoticed = Vec::new();
    for rule in &chosen {
        if let Err(sentence) = steps.run(rule.name, || copy.sabotage(rule)) {
            unnoticed.push(format!("{}: {sentence}", rule.name));
        }
    }
    eprintln!();
    for sentence in &unnoticed {
        eprintln!("FAILED  {sentence}");
    }
    println!("{} noticed, {} not", chosen.len() - unnoticed.len(), unnoticed.len());
    if unnoticed.is_empty() {
        Ok(())
    } else {
        Err(format!("{} rules can be broken unnoticed", unnoticed.len()))
    }
}

fn chosen(only: &[String]) -> Outcome<Vec<&'static Rule>> {
    if let Some(unknown) = only.iter().find(|name| !RULES.iter().any(|rule| rule.name == **name)) {
        let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        return Err(format!("there is no rule {unknown}. There are: {}", names.join(", ")));
    }
    Ok(RULES.iter().filter(|rule| only.is_empty() || only.iter().any(|name| name == rule.name)).collect())
}

fn git(workspace: &Workspace) -> Command {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root);
    git
}

/// The tree again, in `target/sabotage`. It stays from run to run, so that only what differs is compiled.
struct Copy<'a> {
    workspace: &'a Workspace,
    root: PathBuf,
    target: PathBuf,
}

impl<'a> Copy<'a> {
    fn make(workspace: &'a Workspace) -> Outcome<Self> {
        let folder = workspace.target.join("sabotage");
        let copy = Self { workspace, root: folder.join("tree"), target: folder.join("target") };
        // What is ignored is nobody's source; what is not committed yet is.
        let list =
            output(git(workspace).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let mut files: BTreeSet<PathBuf> = list
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .filter(|file| workspace.root.join(file).is_file())
            .collect();
        for file in &files {
            let content = read(&workspace.root.join(file))?;
            let there = copy.root.join(file);
            // Cargo goes by the time of a file: what is the same is not written again.
            if std::fs::read(&there).ok().as_ref() != Some(&content) {
                write(&there, &content)?;
            }
        }
        files.insert(PathBuf::new());
        copy.remove_others(Path::new(""), &files)?;
        Ok(copy)
    }

    /// A test file that was deleted would still be run.
    fn remove_others(&self, folder: &Path, files: &BTreeSet<PathBuf>) -> Outcome {
        let cannot = |error: std::io::Error| format!("{}: {error}", self.root.join(folder).display());
        for entry in std::fs::read_dir(self.root.join(folder)).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().map_err(cannot)?.is_dir() {
                self.remove_others(&path, files)?;
            } else if !files.contains(&path) {
                std::fs::remove_file(entry.path()).map_err(cannot)?;
            }
        }
        Ok(())
    }

    /// All tests that are to fail pass now, or their failure would say nothing.
    fn control(&self, rules: &[&Rule]) -> Outcome {
        let mut left: Vec<Tests> = rules.iter().map(|rule| rule.tests).collect();
        while let Some(first) = left.first().copied() {
            let together = |tests: &Tests| (tests.package, tests.binary) == (first.package, first.binary);
            let names: BTreeSet<&str> =
                left.iter().filter(|tests| together(tests)).flat_map(|tests| tests.names).copied().collect();
            let names: Vec<&str> = names.into_iter().collect();
            let (counts, said) = self.test(first, &names)?;
            if counts.failed > 0 || counts.passed != names.len() as u64 {
                eprintln!("{said}");
                return Err(format!(
                    "of {} {} passed and {} failed before anything was broken",
                    names.join(", "),
                    counts.passed,
                    counts.failed
                ));
            }
            left.retain(|tests| !together(tests));
        }
        Ok(())
    }

    fn sabotage(&self, rule: &Rule) -> Outcome {
        let file = self.root.join(markers::file_of(&self.root, rule)?);
        let cannot = |error: std::string::FromUtf8Error| format!("{}: {error}", file.display());
        let before = String::from_utf8(read(&file)?).map_err(cannot)?;
        write(&file, markers::broken(&before, rule)?.as_bytes())?;
        let begun = Instant::now();
        let tested = self.test(rule.tests, rule.tests.names);
        write(&file, before.as_bytes())?;
        let (counts, said) = tested?;
        let all = rule.tests.names.len() as u64;
        let names = rule.tests.names.join(", ");
        if (counts.passed, counts.failed) == (0, all) {
            eprintln!("      noticed by {names} within {}", words(begun.elapsed()));
            return Ok(());
        }
        eprintln!("{said}");
        Err(format!("of {names} {} passed and {} failed; all {all} must fail", counts.passed, counts.failed))
    }

    /// Counts, and what was said. What does not compile proves nothing: an error.
    fn test(&self, tests: Tests, names: &[&str]) -> Outcome<(Counts, String)> {
        let mut command = self.workspace.cargo(["test", "--locked", "--quiet"]);
        // With the features that the tests themselves have: the dependencies are there, compiled.
        command.args(TOGETHER);
        for package in PACKAGES {
            let units = self.number();
            command.args(["--config", &format!("profile.dev.package.{package}.codegen-units={units}")]);
        }
        command
            .args(tests.binary)
            .args(["--", "--exact"])
            .args(names)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_BUILD_BUILD_DIR", &self.workspace.build)
            // The same three packages are compiled once a change: here it pays, also where CI does without.
            .env("CARGO_INCREMENTAL", "1")
            .env("VESTIBULE_SITE", self.workspace.site());
        let ran = command.output().map_err(|error| format!("cargo could not be started: {error}"))?;
        let said = String::from_utf8_lossy(&ran.stdout);
        let mut counts = Counts::default();
        for line in said.lines() {
            counts.add(Counts::from_libtest_line(line));
        }
        let said = format!("{said}{}", String::from_utf8_lossy(&ran.stderr));
        if said.contains("test result: ") {
            Ok((counts, said))
        } else {
            eprintln!("{said}");
            Err("it does not compile, or its tests did not end".into())
        }
    }

    /// Cargo knows a package of a workspace by its name and its profile, not by its folder: with the profile of the real
    /// tree, a broken build would be taken for a good one. Above 256 the number changes nothing in what is compiled.
    fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.root.hash(&mut hasher);
        1000 + hasher.finish() % 9000
    }
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn write(file: &Path, content: &[u8]) -> Outcome {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, content))
        .map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::{RULES, chosen};

    #[test]
    fn all_rules_are_chosen_or_those_that_are_named() {
        assert_eq!(chosen(&[]).unwrap().len(), RULES.len());
        let named = chosen(&["session-last".into(), "csrf-token".into()]).unwrap();
        assert_eq!(named.iter().map(|rule| rule.name).collect::<Vec<_>>(), ["session-last", "csrf-token"]);
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let refused = chosen(&["nonsense".into()]).err().unwrap();
        assert!(refused.contains("session-last"), "{refused}");
    }
}
