//! What the builds and tests need from the machine: found, or fetched where that is possible, or one sentence that
//! says how to get it.

use crate::Outcome;
use crate::workspace::{Workspace, output, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a person names the browser for the tests.
pub(crate) const BROWSER: &str = "VESTIBULE_CHROMIUM";
/// Where a person, or xtask for the tests it starts, names the folder with `initdb` and `postgres`.
pub(crate) const POSTGRES: &str = "VESTIBULE_POSTGRES_BIN";

/// A running server instead, as a `postgres://` URL; the tests read it themselves.
const RUNNING_POSTGRES: &str = "VESTIBULE_TEST_POSTGRES";

const WASM: &str = "wasm32-unknown-unknown";
const NODE: u32 = 20;

/// `rust-toolchain.toml` names the target, but a rustup that does not install by itself leaves it out.
pub(crate) fn wasm_target(workspace: &Workspace) -> Outcome {
    let sysroot = output(Command::new("rustc").current_dir(&workspace.root).args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).join("lib").is_dir() {
        return Ok(());
    }
    run(Command::new("rustup").current_dir(&workspace.root).args(["target", "add", WASM])).map_err(|error| {
        format!("Rust's target {WASM} is missing ({error}): install rustup (https://rustup.rs), then `rustup target add {WASM}`")
    })
}

/// `rustfmt` or `clippy`.
pub(crate) fn component(workspace: &Workspace, name: &str) -> Outcome {
    let subcommand = if name == "rustfmt" { "fmt" } else { name };
    if output(&mut workspace.cargo([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    run(Command::new("rustup").current_dir(&workspace.root).args(["component", "add", name]))
        .map_err(|error| format!("{name} is missing ({error}): run `rustup component add {name}`"))
}

/// Node itself must be there; the packages are fetched when the lock file is newer than what is installed.
pub(crate) fn node_packages(workspace: &Workspace) -> Outcome {
    let how = format!("install Node {NODE} or newer (https://nodejs.org) so that `node` and `npm` are found");
    let version = output(Command::new("node").arg("--version"))
        .map_err(|_| format!("the browser tests need Node: {how}"))?;
    if major(&version).is_none_or(|major| major < NODE) {
        return Err(format!("the browser tests need Node {NODE}, found {}: {how}", version.trim()));
    }
    let folder = workspace.root.join("end2end");
    let modified = |file: &str| std::fs::metadata(folder.join(file)).and_then(|file| file.modified()).ok();
    let (lock, installed) = (modified("package-lock.json"), modified("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    run(Command::new("npm").current_dir(&folder).arg("ci").env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
        .map_err(|error| {
            format!("the browser tests' packages could not be fetched ({error}): see npm's message above")
        })
}

fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Chromium without the windows of a browser, which no test sees: the same engine, and half of the time of all tests.
/// Playwright's own download is one, too.
const SHELL: &str = "chromium-headless-shell";

/// The browser to start; `None` means the one that Playwright downloaded.
pub(crate) fn browser(workspace: &Workspace) -> Outcome<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(BROWSER) {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(Some(named))
        } else {
            Err(format!("{BROWSER} names {}, which is no file: name a Chromium or Chrome", named.display()))
        };
    }
    if let Some(found) = in_path(SHELL) {
        return Ok(Some(found));
    }
    if apt_can_install() {
        eprintln!("      installing Debian's {SHELL}: with it the browser tests take half the time");
        if apt(SHELL).is_ok()
            && let Some(found) = in_path(SHELL)
        {
            return Ok(Some(found));
        }
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let places = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
    if let Some(found) = names.iter().find_map(|name| in_path(name)) {
        return Ok(Some(found));
    }
    if let Some(found) = places.iter().map(PathBuf::from).find(|place| place.is_file()) {
        return Ok(Some(found));
    }
    eprintln!("      no Chromium or Chrome found, fetching Playwright's");
    let mut fetch = Command::new("npx");
    fetch.current_dir(workspace.root.join("end2end")).args(["playwright", "install", "chromium"]);
    if run(&mut fetch).is_ok() {
        return Ok(None);
    }
    Err(format!("no browser for the tests: install Chromium or Chrome, or set {BROWSER} to the file of one"))
}

/// The folder with PostgreSQL's programs: the one of `PATH`, else the newest of Debian's. `None` with a running server.
pub(crate) fn postgres() -> Outcome<Option<PathBuf>> {
    if std::env::var_os(RUNNING_POSTGRES).is_some() {
        return Ok(None);
    }
    if let Some(named) = std::env::var_os(POSTGRES) {
        let named = PathBuf::from(named);
        return if has_postgres(&named) {
            Ok(Some(named))
        } else {
            Err(format!("{POSTGRES} names {}, where initdb and postgres are not", named.display()))
        };
    }
    if let Some(found) = find_postgres() {
        return Ok(Some(found));
    }
    if apt_can_install() {
        eprintln!("      PostgreSQL not found, installing Debian's");
        if apt("postgresql").is_ok()
            && let Some(found) = find_postgres()
        {
            return Ok(Some(found));
        }
    }
    Err(format!(
        "the store is tested on PostgreSQL too: install its server programs (initdb, postgres), or set {POSTGRES} to their folder"
    ))
}

fn find_postgres() -> Option<PathBuf> {
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().parse().unwrap_or(0), entry.path().join("bin")))
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(debian.into_iter().rev().map(|(_, path)| path))
        .find(|folder| has_postgres(folder))
}

fn has_postgres(folder: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|name| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).is_file())
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn apt_can_install() -> bool {
    Path::new("/etc/debian_version").exists()
        && output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Whoever is not connected learns that within a minute.
fn apt(package: &str) -> Outcome {
    let apt_get = |arguments: &[&str]| {
        let patience = ["-q", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=1"];
        run(Command::new("apt-get").args(patience).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = || apt_get(&["install", "-y", "--no-install-recommends", package]);
    // The lists that are there often do; where they are old, the file is gone from the server.
    install().or_else(|_| {
        apt_get(&["update"])?;
        install()
    })
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("22.1.0"), Some(22));
        assert_eq!(major("nonsense"), None);
    }
}
