//! The console's island for the browser: cargo compiles it, wasm-bindgen writes the JavaScript beside it.

use crate::Outcome;
use crate::workspace::{Workspace, run};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

/// The name under which the pages load it: `/pkg/vestibule.js`, `/pkg/vestibule_bg.wasm`.
const NAME: &str = "vestibule";

/// Small code, for cargo's development profile: in that one, what runs while compiling (macros, build scripts) is the same as the
/// server's and is compiled once for both. A profile of its own would have a folder of its own. Hence the last two: they
/// keep `build-override` as the server has it.
const SETTINGS: [&str; 9] = [
    "profile.dev.opt-level='z'",
    "profile.dev.codegen-units=1",
    "profile.dev.panic='abort'",
    "profile.dev.debug=false",
    "profile.dev.debug-assertions=false",
    "profile.dev.overflow-checks=false",
    "profile.dev.incremental=false",
    "profile.dev.build-override.debug-assertions=true",
    "profile.dev.build-override.overflow-checks=true",
];

/// Leaves `target/site/pkg`. When nothing changed this takes as long as cargo needs to see it.
pub(crate) fn build(workspace: &Workspace) -> Outcome {
    let mut command = workspace.cargo(["rustc", "--locked", "--package=frontend", "--lib"]);
    command.args(["--crate-type=cdylib", "--target=wasm32-unknown-unknown"]);
    command.args(SETTINGS.iter().flat_map(|setting| ["--config", *setting]));
    // Optimised across crates; as a setting of the profile it would change the macros' as well.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.args(["--config", "target.wasm32-unknown-unknown.rustflags=['-Cembed-bitcode=yes']"]);
    command.args(["--", "-Clto=fat"]);
    run(&mut command)?;
    let compiled = workspace.target.join("wasm32-unknown-unknown/debug/frontend.wasm");
    let wasm = std::fs::read(&compiled).map_err(|error| format!("{}: {error}", compiled.display()))?;
    let package = workspace.site().join("pkg");
    let stamp_file = workspace.target.join("site.stamp");
    let stamp = stamp(&wasm);
    let written =
        [format!("{NAME}.js"), format!("{NAME}_bg.wasm")].iter().all(|file| package.join(file).exists());
    if written && std::fs::read_to_string(&stamp_file).is_ok_and(|was| was == stamp) {
        eprintln!("      bindings are up to date");
        return Ok(());
    }
    bind(wasm, &package)?;
    std::fs::write(&stamp_file, stamp).map_err(|error| format!("{}: {error}", stamp_file.display()))
}

fn bind(wasm: Vec<u8>, package: &Path) -> Outcome {
    // What an earlier build left there would be put into the binary with the rest.
    if package.exists() {
        std::fs::remove_dir_all(package).map_err(|error| format!("{}: {error}", package.display()))?;
    }
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes(NAME, wasm)
        .web(true)
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(package)
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let after = std::fs::metadata(package.join(format!("{NAME}_bg.wasm"))).map_or(0, |file| file.len());
    eprintln!("      {} kB of WASM, not compressed yet", after / 1000);
    Ok(())
}

fn stamp(wasm: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    wasm.hash(&mut hasher);
    format!("{} {} {:016x}", wasm_bindgen_shared_version(), wasm.len(), hasher.finish())
}

/// The version in the workspace's manifest; `tests/versions.rs` checks that the lock file has no other.
fn wasm_bindgen_shared_version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("wasm-bindgen-cli-support = \"="))
        .map_or("unknown", |rest| rest.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::{stamp, wasm_bindgen_shared_version};

    #[test]
    fn the_stamp_follows_the_wasm_and_the_tool() {
        assert_ne!(stamp(b"one"), stamp(b"two"));
        assert_eq!(stamp(b"one"), stamp(b"one"));
        assert!(stamp(b"one").starts_with(wasm_bindgen_shared_version()));
        assert_ne!(wasm_bindgen_shared_version(), "unknown");
    }
}
