//! The layer rule of `engine/src/lib.rs`, checked as text: what a module may name, which files may not use each other in a circle, and
//! where SQL may be.

use crate::imports;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lower layers first. A module may name itself, its equals' lower layers, and nothing above.
const LAYERS: [(&str, u8); 46] = [
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
    ("node", 2),
    ("jwk", 2),
    ("identity", 2),
    ("config", 3),
    ("seal", 4),
    ("plan", 4),
    ("pipeline", 5),
    ("store", 5),
    ("activity", 5),
    ("password", 5),
    ("social", 5),
    ("trace", 5),
    ("engine", 6),
    ("leases", 6),
    ("row_budget", 6),
    ("courier", 7),
    ("remote_template", 7),
    ("hooks", 7),
    ("secrets", 7),
    ("known_secrets", 7),
    ("session", 7),
    ("invitations", 7),
    ("limits", 8),
    ("operators", 7),
    ("admin", 8),
    ("tokens", 8),
    ("otp", 9),
    ("form", 10),
    ("signup", 11),
    ("recovery", 11),
    ("users", 11),
    ("method", 12),
    ("flow", 13),
    ("cleanup", 14),
    ("rehearsal", 14),
];

/// Modules that name a layer above their own, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Uses that close a circle within a folder, and why they are there: folder, part that uses, part that is used. `mod` is the folder's own
/// file, and the folder without a name is the crate. Without these no two parts of a folder use each other, not even by a detour.
const CIRCLES: &[(&str, &str, &str, &str)] = &[];

/// Folders that are one circle altogether, and why.
const WHOLE: &[(&str, &str)] = &[];

pub(crate) fn files(below: &Path) -> Vec<PathBuf> {
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

pub(crate) fn source() -> PathBuf {
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
    let (mut broken, mut used) = (Vec::new(), BTreeSet::new());
    for path in files(&source()) {
        let own = module(&path);
        let Some(own_layer) = layer(&own) else { continue };
        // What is for tests is left out, here as everywhere.
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = imports::code(&fs::read_to_string(&path).unwrap());
        for (number, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let named: String = line[at + 7..]
                    .chars()
                    .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                    .collect();
                let above = layer(&named).is_some_and(|layer| layer > own_layer)
                    || (named == "settings" && own != "settings");
                let excepted =
                    EXCEPTIONS.iter().find(|(from, to, _)| (*from, *to) == (own.as_str(), named.as_str()));
                match excepted {
                    Some(excepted) if above => _ = used.insert(*excepted),
                    None if above => broken.push(format!("{}:{} names {named}", path.display(), number + 1)),
                    Some(_) | None => {}
                }
            }
        }
    }
    assert!(broken.is_empty(), "a module names a layer above its own:\n{}", broken.join("\n"));
    let unused: Vec<_> = EXCEPTIONS.iter().filter(|excepted| !used.contains(excepted)).collect();
    assert!(unused.is_empty(), "nothing needs these exceptions any more: {unused:?}");
}

#[test]
fn no_parts_of_a_folder_use_each_other_in_a_circle() {
    let imports = imports::read(&source());
    let mut broken = Vec::new();
    for folder in imports::folders(&imports) {
        let whole = imports::within(&imports, &folder);
        let (name, all) = (folder.join("::"), imports::circles(&whole));
        let excepted: Vec<_> = CIRCLES.iter().filter(|(of, ..)| *of == name).collect();
        let mut graph = whole.clone();
        for (_, from, to, _) in &excepted {
            let closes = |circle: &BTreeSet<String>| circle.contains(*from) && circle.contains(*to);
            if !graph.get_mut(*from).is_some_and(|used| used.remove(*to)) || !all.iter().any(closes) {
                broken.push(format!("{name}: no circle needs the exception of {from} for {to} any more"));
            }
        }
        let left = imports::circles(&graph);
        if WHOLE.iter().any(|(whole, _)| *whole == name) {
            if left.is_empty() {
                broken.push(format!("{name}: there is no circle any more, so it needs no exception"));
            }
            continue;
        }
        for circle in left {
            let mut told = format!("{name}: a circle of {} parts", circle.len());
            for part in &circle {
                let used: Vec<_> = graph[part].intersection(&circle).map(String::as_str).collect();
                told.push_str(&format!("\n    {part} uses {}", used.join(", ")));
            }
            broken.push(told);
        }
    }
    let folders: BTreeSet<String> =
        imports::folders(&imports).into_iter().map(|folder| folder.join("::")).collect();
    let excepted = CIRCLES.iter().map(|(folder, ..)| *folder).chain(WHOLE.iter().map(|(folder, _)| *folder));
    let gone = excepted.filter(|folder| !folders.contains(*folder));
    broken.extend(gone.map(|folder| format!("{folder}: there is no such folder")));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
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
