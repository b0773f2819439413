//! Everything CI checks, as named and timed steps. All of them run, and one failure makes the whole fail.

use crate::counts::Counts;
use crate::steps::Steps;
use crate::workspace::{TOGETHER, Workspace, run as run_command, words};
use crate::{Outcome, browser_part, needs, room};
use clap::ValueEnum;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Part {
    /// `cargo fmt --check`
    Format,
    /// Clippy, for wasm32 too.
    Lint,
    /// The domain: unit, flows, store on SQLite and PostgreSQL.
    Engine,
    /// API, golden, command line.
    Server,
    /// Pages: the crate `app`.
    Console,
    /// The project's own commands and documents.
    Xtask,
    /// The browser.
    End2end,
}

/// Package, and the arguments its tests need.
const TESTS: [(Part, &str, &[&str]); 4] = [
    (Part::Engine, "engine", &["--features", "testing"]),
    (Part::Console, "app", &["--features", "ssr"]),
    (Part::Server, "server", &[]),
    (Part::Xtask, "xtask", &[]),
];

/// A step that counted tests before it failed keeps its counts.
struct Failed {
    counts: Counts,
    sentence: String,
}

impl From<String> for Failed {
    fn from(sentence: String) -> Self {
        Self { counts: Counts { failed: 1, ..Counts::default() }, sentence }
    }
}

type Step<'a> = (String, Box<dyn Fn() -> Result<Counts, Failed> + 'a>);

/// Runs the parts in `only`, or all when it is empty.
pub(crate) fn run(workspace: &Workspace, only: &[Part]) -> Outcome {
    if only.is_empty() {
        room::for_tests(workspace)?;
    }
    let plan = plan(workspace, only);
    let mut steps = Steps::new(plan.len());
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for (name, work) in &plan {
        // The step prints its own end, so its failure is taken out of it here.
        let mut step = Counts::default();
        let outcome = steps.run(name, || match work() {
            Ok(counted) => {
                step = counted;
                Ok(())
            }
            Err(failed) => {
                step = failed.counts;
                Err(failed.sentence)
            }
        });
        counts.add(step);
        failures.extend(outcome.err().map(|sentence| format!("{name}: {sentence}")));
    }
    eprintln!();
    for failure in &failures {
        eprintln!("FAILED  {failure}");
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    match failures.len() {
        0 => Ok(()),
        1 => Err("one step failed".into()),
        many => Err(format!("{many} steps failed")),
    }
}

fn plan<'a>(workspace: &'a Workspace, only: &[Part]) -> Vec<Step<'a>> {
    let wanted = |part: Part| only.is_empty() || only.contains(&part);
    let mut plan: Vec<Step<'a>> = Vec::new();
    let mut step = |name: String, work: Box<dyn Fn() -> Result<Counts, Failed> + 'a>| plan.push((name, work));
    if wanted(Part::Format) {
        step(
            "Format".into(),
            plain(move || {
                needs::component(workspace, "rustfmt")?;
                run_command(&mut workspace.cargo(["fmt", "--all", "--check"]))
            }),
        );
    }
    // The server carries the browser part, so that comes before whatever compiles the server.
    if [Part::Lint, Part::Server, Part::End2end].into_iter().any(wanted) {
        step(
            "Browser part (WASM)".into(),
            plain(move || {
                needs::wasm_target(workspace)?;
                browser_part::build(workspace)
            }),
        );
    }
    if wanted(Part::Lint) {
        let all = [&TOGETHER[..], &["--all-targets"]].concat();
        let browser = vec!["--package", "frontend", "--target", "wasm32-unknown-unknown", "--lib"];
        for (name, arguments) in [("Clippy", all), ("Clippy: browser part", browser)] {
            step(
                name.into(),
                plain(move || {
                    needs::component(workspace, "clippy")?;
                    let mut command = workspace.cargo(["clippy", "--locked"]);
                    run_command(command.args(&arguments).args(["--", "--deny", "warnings"]))
                }),
            );
        }
    }
    if only.is_empty() {
        step("Tests".into(), Box::new(move || cargo_test(workspace, &TOGETHER, true)));
    } else {
        for (part, package, arguments) in TESTS.into_iter().filter(|(part, ..)| wanted(*part)) {
            let arguments = [&["--package", package], arguments].concat();
            let postgres = matches!(part, Part::Engine | Part::Server);
            step(format!("Tests: {package}"), Box::new(move || cargo_test(workspace, &arguments, postgres)));
        }
    }
    if wanted(Part::End2end) {
        // The tests of the command line have had it built.
        if !only.is_empty() {
            step("Server for the browser".into(), plain(move || workspace.build_server(false)));
        }
        step("Browser".into(), Box::new(move || playwright(workspace)));
    }
    plan
}

/// A step without tests of its own: it counts only when it fails.
fn plain<'a>(work: impl Fn() -> Outcome + 'a) -> Box<dyn Fn() -> Result<Counts, Failed> + 'a> {
    Box::new(move || {
        work()?;
        Ok(Counts::default())
    })
}

fn cargo_test(workspace: &Workspace, arguments: &[&str], postgres: bool) -> Result<Counts, Failed> {
    let mut command = workspace.cargo(["test", "--locked", "--no-fail-fast"]);
    command.args(arguments);
    if postgres {
        command.envs(needs::postgres()?.map(|folder| (needs::POSTGRES, folder)));
    }
    let shown = words(&command);
    let cannot = |error: std::io::Error| Failed::from(format!("`{shown}` could not be run: {error}"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(cannot)?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            counts.add(Counts::from_libtest_line(&line));
        }
    }
    let status = child.wait().map_err(cannot)?;
    finish(counts, status.success(), &shown)
}

fn playwright(workspace: &Workspace) -> Result<Counts, Failed> {
    needs::node_packages(workspace)?;
    let browser = needs::browser(workspace)?;
    let report = workspace.target.join("end2end.json");
    // A report left from before must not be counted again.
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new("npx");
    command
        .current_dir(workspace.root.join("end2end"))
        .args(["playwright", "test", "--reporter=list,json"])
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
        .env("VESTIBULE_BIN", workspace.binary("debug"))
        .envs(browser.map(|browser| (needs::BROWSER, browser)));
    let ended = run_command(&mut command);
    let text = std::fs::read_to_string(&report)
        .map_err(|error| format!("Playwright left no report ({error}): see its message above"))?;
    let counts = Counts::from_playwright(&text)?;
    finish(counts, ended.is_ok(), "npx playwright test")
}

fn finish(mut counts: Counts, success: bool, shown: &str) -> Result<Counts, Failed> {
    let sentence = if counts.failed > 0 {
        format!("{} of {} tests failed", counts.failed, counts.passed + counts.failed)
    } else if counts.skipped > 0 {
        format!("{} tests were left out; here nothing is skipped", counts.skipped)
    } else if !success {
        format!("`{shown}` failed before its tests ended, see above")
    } else if counts.passed == 0 {
        format!("`{shown}` ran no test")
    } else {
        return Ok(counts);
    };
    counts.failed = (counts.failed + counts.skipped).max(1);
    counts.skipped = 0;
    Err(Failed { counts, sentence })
}

#[cfg(test)]
mod judged {
    use super::{Counts, finish};

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn a_skipped_test_is_a_failure() {
        let failed = finish(counts(4, 0, 2), true, "x").err().map(|failed| failed.counts);
        assert_eq!(failed, Some(counts(4, 2, 0)));
    }

    #[test]
    fn a_step_that_ran_nothing_is_a_failure() {
        assert!(finish(counts(0, 0, 0), true, "x").is_err());
    }

    #[test]
    fn a_crash_between_green_tests_is_a_failure() {
        let failed = finish(counts(9, 0, 0), false, "x").err().map(|failed| failed.counts);
        assert_eq!(failed, Some(counts(9, 1, 0)));
    }

    #[test]
    fn green_is_green() {
        assert!(finish(counts(9, 0, 0), true, "x").is_ok());
    }
}
