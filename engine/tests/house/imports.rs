//! Which file of the engine uses which other, read from the text of the sources: `use` declarations and paths in the code. A name that
//! a file passes on (`pub use`) counts for the file that defines it. Code for tests is left out.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// `config::hooks`; the empty path is the crate's own file.
pub(crate) type Module = Vec<String>;

/// For each module those whose items it uses.
pub(crate) type Imports = BTreeMap<Module, BTreeSet<Module>>;

struct File {
    uses: Vec<Use>,
    /// Paths in the code.
    paths: Vec<Vec<String>>,
    /// Of the code, without `use` and `mod` declarations.
    words: BTreeSet<String>,
    /// What the code defines.
    defined: BTreeSet<String>,
}

/// One name that a `use` declaration brings.
#[derive(Clone)]
struct Use {
    path: Vec<String>,
    name: String,
}

static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)(^|[ \t])//.*$").unwrap());
/// Of one line; a quotation mark as a letter first.
static TEXT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"'\\?"'|"(?:[^"\\\n]|\\.)*""#).unwrap());
static FOR_TESTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)#\[cfg\(test\)\]\s*mod \w+ \{.*").unwrap());
static USE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:pub(?:\([^)]*\))?\s+)?use\s+([\w:{}*,\s]+);").unwrap());
static MOD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+;").unwrap());
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:\w+::)+\w+").unwrap());
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+").unwrap());
static DEFINED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:struct|enum|fn|const|static|type|trait|macro_rules!)\s+(\w+)").unwrap()
});

/// Every file below `source` but those for tests.
pub(crate) fn read(source: &Path) -> Imports {
    let files: BTreeMap<Module, File> = super::layers::files(source)
        .into_iter()
        .map(|path| (module(source, &path), path))
        .filter(|(module, _)| {
            module.first().is_none_or(|first| first != "testing")
                && module.last().is_none_or(|last| last != "tests")
        })
        .map(|(module, path)| (module, File::parse(&fs::read_to_string(path).unwrap())))
        .collect();
    files.keys().map(|module| (module.clone(), used_by(&files, module))).collect()
}

/// Without texts, comments and modules of tests. The numbers of its lines stay.
pub(crate) fn code(text: &str) -> String {
    let text = TEXT.replace_all(text, "\"\"");
    FOR_TESTS.replace(&COMMENT.replace_all(&text, ""), "").into_owned()
}

fn module(source: &Path, file: &Path) -> Module {
    let relative = file.strip_prefix(source).unwrap().with_extension("");
    let mut parts: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || (parts.len() == 1 && last == "lib")) {
        parts.pop();
    }
    parts
}

impl File {
    fn parse(text: &str) -> Self {
        let text = code(text);
        let mut uses = Vec::new();
        for found in USE.captures_iter(&text) {
            tree(&[], &found[1], &mut uses);
        }
        let code = USE.replace_all(&text, "");
        let code = MOD.replace_all(&code, "");
        let paths = PATH.find_iter(&code).map(|path| split(path.as_str())).collect();
        let words = WORD.find_iter(&code).map(|word| word.as_str().to_owned()).collect();
        let defined = DEFINED.captures_iter(&code).map(|found| found[1].to_owned()).collect();
        Self { uses, paths, words, defined }
    }
}

fn split(path: &str) -> Vec<String> {
    path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// `a::{b, c::{self, d as e}}`, one name after the other.
fn tree(before: &[String], text: &str, found: &mut Vec<Use>) {
    let mut depth = 0;
    let parts = text.split(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        if let Some((head, rest)) = part.split_once('{') {
            let inner = rest.trim_end().strip_suffix('}').unwrap();
            tree(&[before, &split(head)].concat(), inner, found);
            continue;
        }
        let (path, name) =
            part.split_once(" as ").map_or((part, None), |(path, name)| (path, Some(name.trim())));
        let mut path = [before, &split(path)].concat();
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = name.or(path.last().map(String::as_str)).unwrap_or_default().to_owned();
        found.push(Use { path, name });
    }
}

type Files = BTreeMap<Module, File>;

/// The path from the root of the crate; `None`: it is of another crate.
fn absolute(files: &Files, module: &Module, path: &[String]) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([&module[..], rest].concat()),
        "super" => {
            let parent = module.split_last()?.1.to_vec();
            if rest.first().is_some_and(|next| next == "super") {
                absolute(files, &parent, rest)
            } else {
                Some([&parent[..], rest].concat())
            }
        }
        _ if files.contains_key(&[&module[..], std::slice::from_ref(first)].concat()) => {
            Some([&module[..], path].concat())
        }
        _ => None,
    }
}

/// The module that defines what the path names, whatever modules pass it on.
fn origin(files: &Files, path: &[String], passed_on: usize) -> Option<Module> {
    let depth = (0..=path.len()).rev().find(|depth| files.contains_key(&path[..*depth]))?;
    let (module, rest) = (path[..depth].to_vec(), &path[depth..]);
    let Some((name, below)) = rest.split_first() else { return Some(module) };
    let file = &files[&module];
    // Each passes on what another defines: more than that many hands are a circle of names.
    if passed_on > 8 || file.defined.contains(name) {
        return Some(module);
    }
    if let Some(passes) = file.uses.iter().find(|passes| passes.name == *name) {
        let path = absolute(files, &module, &passes.path)?;
        return origin(files, &[&path[..], below].concat(), passed_on + 1);
    }
    for all in file.uses.iter().filter(|passes| passes.name == "*") {
        let Some(mut path) = absolute(files, &module, &all.path) else { continue };
        path.pop();
        path.push(name.clone());
        if let Some(found) =
            origin(files, &path, passed_on + 1).filter(|found| files[found].defined.contains(name))
        {
            return Some(found);
        }
    }
    Some(module)
}

fn used_by(files: &Files, module: &Module) -> BTreeSet<Module> {
    let file = &files[module];
    let mut used = BTreeSet::new();
    let mut names = BTreeMap::new();
    for brought in &file.uses {
        let Some(path) = absolute(files, module, &brought.path) else { continue };
        names.insert(brought.name.as_str(), path.clone());
        if brought.name == "*" {
            let (all, _) = path.split_at(path.len() - 1);
            used.extend(mentioned_of(files, module, all));
        } else if file.words.contains(&brought.name) {
            // What is only passed on is no use of it.
            used.extend(origin(files, &path, 0));
        }
    }
    for path in &file.paths {
        let whole = absolute(files, module, path).or_else(|| {
            let (first, rest) = path.split_first()?;
            Some([&names.get(first.as_str())?[..], rest].concat())
        });
        used.extend(whole.and_then(|path| origin(files, &path, 0)));
    }
    used.remove(module);
    used
}

/// What a file uses of a module whose names it has all.
fn mentioned_of(files: &Files, module: &Module, all: &[String]) -> Vec<Module> {
    let (file, Some(whole)) = (&files[module], origin(files, all, 0)) else { return Vec::new() };
    let passed = files[&whole].uses.iter().filter(|passed| file.words.contains(&passed.name));
    let passed = passed.filter_map(|passed| origin(files, &absolute(files, &whole, &passed.path)?, 0));
    let own = !files[&whole].defined.is_disjoint(&file.words);
    passed.chain(own.then(|| whole.clone())).collect()
}

/// Circles between the parts of one folder: its files, its folders as wholes, and its own file, which is called `mod`.
pub(crate) fn within(imports: &Imports, folder: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let part = |module: &Module| match module.strip_prefix(folder)? {
        [] => Some("mod".to_owned()),
        [first, ..] => Some(first.clone()),
    };
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for (module, used) in imports {
        let Some(from) = part(module) else { continue };
        let to = used.iter().filter_map(part).filter(|to| *to != from);
        graph.entry(from.clone()).or_default().extend(to);
    }
    graph
}

/// The folders that have files, the crate itself as the empty one.
pub(crate) fn folders(imports: &Imports) -> BTreeSet<Module> {
    imports.keys().filter_map(|module| module.split_last()).map(|(_, folder)| folder.to_vec()).collect()
}

/// Strongly connected components of more than one part.
pub(crate) fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reaches = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<&String> = graph.get(from).into_iter().flatten().collect();
        while let Some(next) = left.pop() {
            if seen.insert(next.clone()) {
                left.extend(graph.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|part| (part, reaches(part))).collect();
    let mut circles = BTreeSet::new();
    for (part, reached_by_it) in &reached {
        let circle: BTreeSet<String> = reached_by_it
            .iter()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(*part)))
            .cloned()
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &str)]) -> Imports {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path: PathBuf = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        read(folder.path())
    }

    fn circles_in(files: &[(&str, &str)], folder: &[&str]) -> Vec<Vec<String>> {
        let folder: Module = folder.iter().map(|part| (*part).to_owned()).collect();
        let found = circles(&within(&written(files), &folder));
        found.into_iter().map(|circle| circle.into_iter().collect()).collect()
    }

    #[test]
    fn a_circle_is_found_however_it_is_written() {
        for there in [
            "use super::b::Thing;\nfn f(_: Thing) {}",
            "fn f(_: crate::a::b::Thing) {}",
            "use super::*;\nfn f(_: Thing) {}",
        ] {
            let files = [
                ("lib.rs", "mod a;"),
                ("a/mod.rs", "mod b;\nmod c;\npub use b::Thing;"),
                ("a/b.rs", "use super::c;\npub struct Thing;\nfn g() { c::f(Thing) }"),
                ("a/c.rs", there),
            ];
            assert_eq!(circles_in(&files, &["a"]).len(), 1, "{there}");
        }
    }

    #[test]
    fn what_is_passed_on_counts_for_the_file_that_defines_it() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b;\nmod c;\npub use b::{Thing as Other, go};"),
            ("a/b.rs", "pub struct Thing;\npub fn go() {}"),
            ("a/c.rs", "use super::{Other, go};\n// use super::nothing\nfn f(_: Other) { go() }"),
        ];
        assert_eq!(circles_in(&files, &["a"]), Vec::<Vec<String>>::new());
        let imports = written(&files);
        assert_eq!(within(&imports, &["a".to_owned()])["c"], ["b".to_owned()].into());
    }

    #[test]
    fn a_folder_and_its_own_file_can_be_a_circle() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b;\npub struct Thing;\nfn f() { b::go(Thing) }"),
            ("a/b.rs", "use super::Thing;\npub fn go(_: Thing) {}"),
        ];
        assert_eq!(circles_in(&files, &["a"]), [["b", "mod"]]);
    }

    #[test]
    fn code_for_tests_is_left_out() {
        let files = [
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "pub fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::b::g;\n}"),
            ("b.rs", "pub fn g() { crate::a::f() }"),
        ];
        assert_eq!(circles_in(&files, &[]), Vec::<Vec<String>>::new());
    }
}
