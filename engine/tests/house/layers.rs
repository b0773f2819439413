//! The layer rule of `engine/src/lib.rs`, checked as text: what a module may name, and where SQL may stand.

use std::fs;
use std::path::{Path, PathBuf};

/// Lower layers first. A module may name itself, its equals' lower layers, and nothing above.
const LAYERS: [(&str, u8); 37] = [
    ("error", 0),
    ("ids", 0),
    ("limits_table", 0),
    ("metrics", 0),
    ("request_id", 0),
    ("requester", 0),
    ("secret", 0),
    ("effects", 1),
    ("gate", 1),
    ("ui", 1),
    ("model", 2),
    ("identity", 2),
    ("config", 3),
    ("plan", 4),
    ("pipeline", 5),
    ("store", 5),
    ("password", 5),
    ("social", 5),
    ("trace", 5),
    ("engine", 6),
    ("row_budget", 6),
    ("courier", 7),
    ("hooks", 8),
    ("secrets", 7),
    ("known_secrets", 7),
    ("session", 7),
    ("invitations", 7),
    ("limits", 8),
    ("operators", 7),
    ("admin", 8),
    ("otp", 9),
    ("form", 10),
    ("signup", 11),
    ("method", 12),
    ("flow", 13),
    ("cleanup", 14),
    ("rehearsal", 14),
];

/// Types of a higher layer that a lower one stores or carries: rows know the shape of what they keep.
const EXCEPTIONS: [(&str, &str); 10] = [
    ("store", "session"),
    ("store", "settings"),
    ("store", "operators"),
    ("config", "settings"),
    ("engine", "settings"),
    ("operators", "session"),
    ("session", "operators"),
    ("config", "engine"),
    ("engine", "limits"),
    // The page of all limits shows the keys' defaults.
    ("limits_table", "config"),
];

fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let relative = path.strip_prefix(source()).unwrap();
    let first = relative.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

#[test]
fn nothing_names_a_layer_above_its_own() {
    let mut broken = Vec::new();
    for path in files(&source()) {
        let own = module(&path);
        let Some(own_layer) = layer(&own) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (at, _) in line.match_indices("crate::") {
                let named: String = line[at + 7..]
                    .chars()
                    .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                    .collect();
                let above = layer(&named).is_some_and(|layer| layer > own_layer)
                    || (named == "settings" && own != "settings");
                let excepted = EXCEPTIONS.contains(&(own.as_str(), named.as_str()));
                if above && !excepted {
                    broken.push(format!("{}:{} names {named}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "a module names a layer above its own:\n{}", broken.join("\n"));
}

#[test]
fn sql_stands_in_the_store_only() {
    let broken: Vec<_> = files(&source())
        .into_iter()
        .filter(|path| module(path) != "store" && module(path) != "testing")
        .filter(|path| fs::read_to_string(path).unwrap().contains("sqlx::"))
        .collect();
    assert!(broken.is_empty(), "sqlx is named outside engine/src/store: {broken:?}");
}

#[test]
fn the_domain_knows_no_http_server_and_no_pages() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    for name in ["axum", "leptos", "leptos_axum", "tower-http", "hyper"] {
        let named = manifest
            .lines()
            .any(|line| line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}.")));
        assert!(!named, "engine/Cargo.toml names {name}");
    }
}
