//! Values that were checked, read by key; the defaults come from the table of keys.

use super::document::get;
use super::findings::Findings;
use super::keys::REGISTRY;
use super::scalars;
use serde_json::Value;
use std::time::Duration;

/// Reads values that were checked; the defaults come from the table of keys.
pub(super) struct Reader<'a, 'b> {
    pub(super) checked: &'a Value,
    pub(super) findings: &'a mut Findings<'b>,
}

impl Reader<'_, '_> {
    pub(super) fn value(&self, path: &str) -> Option<Value> {
        if let Some(value) = get(self.checked, path) {
            return Some(value.clone());
        }
        let key = REGISTRY.key(path).unwrap_or_else(|| unreachable!("{path} is not in the table of keys"));
        if key.default.is_empty() {
            return None;
        }
        let value = scalars::from_text(key.kind, key.default).ok()?;
        scalars::check(key.kind, &value).ok()
    }

    pub(super) fn optional(&self, path: &str) -> Option<String> {
        Some(self.value(path)?.as_str()?.to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn text(&self, path: &str) -> String {
        self.optional(path).unwrap_or_default()
    }

    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        let value = self.value(path).unwrap_or_default();
        value.as_array().into_iter().flatten().filter_map(|entry| Some(entry.as_str()?.to_owned())).collect()
    }

    pub(super) fn boolean(&self, path: &str) -> bool {
        self.value(path).and_then(|value| value.as_bool()).unwrap_or_default()
    }

    /// `None` where nothing is said.
    pub(super) fn optional_lifespan(&mut self, path: &str) -> Option<Duration> {
        self.optional(path).map(|_| self.lifespan(path))
    }

    pub(super) fn flag(&self, path: &str) -> Option<bool> {
        self.optional(path).map(|text| text == "true")
    }

    pub(super) fn integer<T: TryFrom<i64> + Default>(&self, path: &str) -> T {
        self.value(path).and_then(|value| T::try_from(value.as_i64()?).ok()).unwrap_or_default()
    }

    /// Of a size.
    pub(super) fn bytes(&self, path: &str) -> usize {
        let bytes = self.optional(path).and_then(|text| scalars::size(&text)).unwrap_or_default();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    pub(super) fn lifespan(&mut self, path: &str) -> Duration {
        let length = self.optional(path).and_then(|text| scalars::duration(&text)).unwrap_or_default();
        if length.is_zero() {
            self.findings.problem(
                path,
                "the duration must be longer than 0",
                "a longer duration, for example `1h`",
            );
        }
        length
    }
}
