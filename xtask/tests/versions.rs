//! The WASM and the tool that writes its bindings must be of one version, or the bindings do not fit.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::path::Path;

fn locked(name: &str) -> Vec<String> {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).unwrap();
    let mut versions = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        if line == format!("name = \"{name}\"") {
            let version = lines.next().unwrap();
            versions.push(version.trim_start_matches("version = ").trim_matches('"').to_owned());
        }
    }
    versions
}

#[test]
fn wasm_bindgen_and_its_tool_are_of_one_version() {
    let library = locked("wasm-bindgen");
    assert_eq!(library.len(), 1, "one wasm-bindgen in Cargo.lock, found {library:?}");
    assert_eq!(library, locked("wasm-bindgen-cli-support"));
}
