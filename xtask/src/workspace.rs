//! Where things are in this workspace, and how its cargo is called. Works from any folder.

use crate::Outcome;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All that this machine compiles, for a cargo call that lints or tests everything. Which packages are named decides which features
/// their dependencies get: called one by one, most of the dependencies would be compiled once for each.
pub(crate) const TOGETHER: [&str; 10] = [
    "--package",
    "engine",
    "--package",
    "app",
    "--package",
    "server",
    "--package",
    "xtask",
    "--features",
    "engine/testing,app/ssr",
];

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's, so `CARGO_TARGET_DIR` and `build.target-dir` are honoured.
    pub(crate) target: PathBuf,
    /// Where cargo compiles: the target folder, or what `CARGO_BUILD_BUILD_DIR` names.
    pub(crate) build: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or("the folder of xtask has no parent folder")?
            .to_path_buf();
        let text = output(Command::new(cargo_program()).current_dir(&root).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
        ]))?;
        let metadata: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
        let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target folder")?;
        let build = metadata["build_directory"].as_str().unwrap_or(target);
        Ok(Self { root, target: PathBuf::from(target), build: PathBuf::from(build) })
    }

    /// The folder that `server/build.rs` puts into the binary.
    pub(crate) fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("vestibule{}", std::env::consts::EXE_SUFFIX))
    }

    pub(crate) fn vestibule(&self, profile: &str) -> Command {
        let mut command = Command::new(self.binary(profile));
        // What cargo told xtask is nothing that the server should see.
        command.env_remove("CARGO_MANIFEST_DIR").env_remove("RUST_RECURSION_COUNT");
        command
    }

    /// Every call has the same environment, or cargo would build the server again and again.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root).args(arguments);
        // Where the server's build script looks by itself, it is not told: a plain cargo then builds the same.
        if self.target == self.root.join("target") {
            command.env_remove("VESTIBULE_SITE");
        } else {
            command.env("VESTIBULE_SITE", self.site());
        }
        // Cargo sets these for a program it runs. Some build scripts watch them (ring's does): handed on, every change
        // between `cargo xtask` and a plain cargo would compile half of the dependencies again.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        command
    }

    pub(crate) fn build_server(&self, release: bool) -> Outcome {
        let mut command = self.cargo(["build", "--locked", "--package", "server", "--bin", "vestibule"]);
        if release {
            command.arg("--release");
            // A development build does not name its commit: each commit would cost a build.
            if let Some(commit) = self.commit() {
                command.env("VESTIBULE_COMMIT", commit);
            }
        }
        run(&mut command)
    }

    fn commit(&self) -> Option<String> {
        let mut git = Command::new("git");
        let text = output(git.current_dir(&self.root).args(["rev-parse", "--short=12", "HEAD"])).ok()?;
        Some(text.trim().to_owned())
    }
}

fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs with the terminal handed through.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = words(command);
    let status = command.status().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Runs and takes what it prints.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let shown = words(command);
    let output = command.output().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{shown}` ended with {}: {}", output.status, stderr.trim()))
    }
}

/// The command as a person would type it.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Turns this process into the other one, so that Ctrl+C and the exit code are its own.
#[cfg(unix)]
pub(crate) fn become_process(command: &mut Command) -> Outcome {
    use std::os::unix::process::CommandExt;
    let shown = words(command);
    Err(format!("`{shown}` could not be started: {}", command.exec()))
}

#[cfg(not(unix))]
pub(crate) fn become_process(command: &mut Command) -> Outcome {
    run(command)
}
