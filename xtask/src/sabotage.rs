//! `cargo xtask sabotage`: tests the tests. Each change of the list breaks one rule of the product in a copy of this
//! tree, and the test that protects the rule must turn red. A change that no test notices has survived: a failure.

mod list;

use crate::Outcome;
use crate::counts::Counts;
use crate::steps::{Steps, words};
use crate::workspace::{TOGETHER, Workspace, output};
use list::{CHANGES, Change, Test};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What can be broken; the dependencies are compiled as ever.
const PACKAGES: [&str; 3] = ["engine", "app", "server"];

/// All of them, those in `only`, or `rotate` of them, chosen by the commit.
pub(crate) fn run(workspace: &Workspace, only: &[String], rotate: Option<usize>) -> Outcome {
    measure(workspace, only, rotate).map(drop)
}

/// The same; a change that was noticed counts as passed.
pub(crate) fn measure(workspace: &Workspace, only: &[String], rotate: Option<usize>) -> Outcome<Counts> {
    let chosen = chosen(only, rotate, || head(workspace))?;
    let copy = Copy::make(workspace)?;
    let mut steps = Steps::new(chosen.len() + 1);
    steps.run("The tests are green before anything is broken", || copy.control(&chosen))?;
    let mut counts = Counts::default();
    let mut survived = Vec::new();
    for change in chosen {
        match steps.run(change.name, || copy.sabotage(change)) {
            Ok(()) => counts.passed += 1,
            Err(sentence) => {
                counts.failed += 1;
                survived.push(format!("{}: {sentence}", change.name));
            }
        }
    }
    eprintln!();
    for sentence in &survived {
        eprintln!("FAILED  {sentence}");
    }
    println!("{} noticed, {} not", counts.passed, counts.failed);
    if survived.is_empty() {
        Ok(counts)
    } else {
        Err(format!("{} sabotages were not noticed", survived.len()))
    }
}

fn chosen(
    only: &[String],
    rotate: Option<usize>,
    head: impl FnOnce() -> Outcome<usize>,
) -> Outcome<Vec<&'static Change>> {
    if let Some(unknown) = only.iter().find(|name| !CHANGES.iter().any(|change| change.name == **name)) {
        let names: Vec<&str> = CHANGES.iter().map(|change| change.name).collect();
        return Err(format!("there is no sabotage {unknown}. There are: {}", names.join(", ")));
    }
    Ok(match rotate {
        Some(count) => {
            let first = head()? % CHANGES.len();
            CHANGES.iter().cycle().skip(first).take(count.min(CHANGES.len())).collect()
        }
        None => CHANGES
            .iter()
            .filter(|change| only.is_empty() || only.iter().any(|name| name == change.name))
            .collect(),
    })
}

/// A number that differs from commit to commit.
fn head(workspace: &Workspace) -> Outcome<usize> {
    let text = output(git(workspace).args(["rev-parse", "HEAD"]))?;
    text.get(..7)
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .ok_or_else(|| format!("`git rev-parse HEAD` said {text:?}"))
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

    /// All that are to turn red are green now, or their red would say nothing.
    fn control(&self, changes: &[&Change]) -> Outcome {
        let mut left: Vec<Test> = Vec::new();
        for change in changes {
            if !left.contains(&change.test) {
                left.push(change.test);
            }
        }
        while let Some(first) = left.first().copied() {
            let together = |test: &Test| (test.package, test.target) == (first.package, first.target);
            let names: Vec<&str> = left.iter().filter(|test| together(test)).map(|test| test.name).collect();
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
            left.retain(|test| !together(test));
        }
        Ok(())
    }

    fn sabotage(&self, change: &Change) -> Outcome {
        let file = self.root.join(change.file);
        let before = String::from_utf8(read(&file)?).map_err(|error| format!("{}: {error}", change.file))?;
        let found = before.matches(change.text).count();
        if found != 1 {
            return Err(format!(
                "its text stands {found} times in {}, not once: mend xtask/src/sabotage/list.rs",
                change.file
            ));
        }
        write(&file, before.replace(change.text, change.instead).as_bytes())?;
        let begun = Instant::now();
        let tested = self.test(change.test, &[change.test.name]);
        write(&file, before.as_bytes())?;
        let (counts, said) = tested?;
        match (counts.passed, counts.failed) {
            (0, 1) => {
                eprintln!("      noticed by {} within {}", change.test.name, words(begun.elapsed()));
                Ok(())
            }
            (1, 0) => Err(format!("survived: {} stayed green", change.test.name)),
            _ => {
                eprintln!("{said}");
                Err(format!("`{}` ran {} tests, not one", change.test.name, counts.passed + counts.failed))
            }
        }
    }

    /// Counts, and what was said. What does not compile proves nothing: an error.
    fn test(&self, test: Test, names: &[&str]) -> Outcome<(Counts, String)> {
        let mut command = self.workspace.cargo(["test", "--locked", "--quiet"]);
        // With the features that the tests themselves have: the dependencies are there, compiled.
        command.args(TOGETHER);
        for package in PACKAGES {
            let units = self.number();
            command.args(["--config", &format!("profile.dev.package.{package}.codegen-units={units}")]);
        }
        command
            .args(test.target)
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
    use super::{CHANGES, chosen};
    use std::collections::BTreeSet;

    #[test]
    fn a_rotation_reaches_every_change_and_repeats_none() {
        let mut seen = BTreeSet::new();
        for head in 0..CHANGES.len() {
            let some = chosen(&[], Some(3), || Ok(head)).unwrap();
            let names: BTreeSet<&str> = some.iter().map(|change| change.name).collect();
            assert_eq!(names.len(), 3);
            seen.extend(names);
        }
        assert_eq!(seen.len(), CHANGES.len());
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let refused = chosen(&["nonsense".into()], None, || Ok(0)).err().unwrap();
        assert!(refused.contains("session-hook"), "{refused}");
    }
}
