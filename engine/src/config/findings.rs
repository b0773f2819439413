//! Problems and notes, as they are found while a configuration is read.

use super::hooks::Hook;
use super::layers::Layers;
use super::sources::{Note, Problem, STARTER};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was found so far, and where things come from.
pub(super) struct Findings<'a> {
    pub layers: &'a Layers,
    revision: i64,
    document: &'a Value,
    pub problems: Vec<Problem>,
    pub notes: Vec<Note>,
    /// Lists of hooks as they were read when they were checked, by key.
    pub hooks: BTreeMap<String, Vec<Hook>>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(
        layers: &'a Layers,
        revision: i64,
        document: &'a Value,
        problems: Vec<Problem>,
    ) -> Self {
        Self { layers, revision, document, problems, notes: Vec::new(), hooks: BTreeMap::new() }
    }

    pub(super) fn problem(&mut self, path: &str, what: impl Into<String>, instead: impl Into<String>) {
        let file = self.layers.origin(self.revision, self.document, path);
        self.problems.push(Problem {
            file,
            path: path.to_owned(),
            what: what.into(),
            instead: instead.into(),
        });
    }

    /// Notes about the built-in default configuration aren't reported.
    pub(super) fn note(&mut self, path: &str, text: impl Into<String>) {
        self.add_note(path, text.into(), false);
    }

    /// Of a key without effect that needs none.
    pub(super) fn needless(&mut self, path: &str, text: String) {
        self.add_note(path, text, true);
    }

    fn add_note(&mut self, path: &str, text: String, needless: bool) {
        let file = self.layers.origin(self.revision, self.document, path);
        if file != STARTER {
            self.notes.push(Note { file, path: path.to_owned(), text, needless });
        }
    }
}
