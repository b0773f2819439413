//! Where ours differs on purpose: differences.json says scenario, step (from 0), place and why, one entry per place.
//! An entry that is not needed fails, and none may cover a whole answer.

use crate::compare::Difference;
use serde::Deserialize;

#[derive(Clone, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meant {
    pub scenario: String,
    pub step: usize,
    /// As in [`Difference::at`].
    pub at: String,
    pub why: String,
}

fn all() -> Vec<Meant> {
    serde_json::from_str(include_str!("differences.json")).expect("differences.json is a list of entries")
}

pub(crate) fn of(scenario: &str) -> Vec<Meant> {
    all().into_iter().filter(|meant| meant.scenario == scenario).collect()
}

/// Takes out what is meant; an entry of this step that meets nothing becomes a difference itself.
pub(crate) fn without_meant(meant: &[Meant], step: usize, found: Vec<Difference>) -> Vec<Difference> {
    let here: Vec<&Meant> = meant.iter().filter(|meant| meant.step == step).collect();
    let unneeded = here.iter().filter(|meant| !found.iter().any(|difference| difference.at == meant.at));
    let unneeded: Vec<Difference> = unneeded
        .map(|meant| Difference {
            at: meant.at.clone(),
            expected: format!("a difference, as differences.json says: {}", meant.why),
            got: "none; take the entry out".to_owned(),
        })
        .collect();
    let mut left: Vec<Difference> =
        found.into_iter().filter(|difference| !here.iter().any(|meant| meant.at == difference.at)).collect();
    left.extend(unneeded);
    left
}

/// Every entry belongs to a scenario and a step that exist, names one place inside an answer, gives a reason, and
/// leaves most answers of its scenario untouched.
pub(crate) fn check<'a>(scenarios: impl Iterator<Item = (&'a str, usize)>) {
    let entries = all();
    let mut known = Vec::new();
    for (name, answers) in scenarios {
        known.push(name);
        let steps: std::collections::BTreeSet<usize> = of(name).iter().map(|meant| meant.step).collect();
        assert!(steps.len() < answers, "{name}: every answer has an entry");
    }
    for meant in &entries {
        assert!(known.contains(&meant.scenario.as_str()), "{meant:?}: no such scenario");
        assert!(!meant.why.trim().is_empty(), "{meant:?}: no reason");
        let inside =
            meant.at == "/status" || meant.at.starts_with("/headers/") || meant.at.starts_with("/json/");
        assert!(inside, "{meant:?}: a place inside the answer, not the answer");
        let same = entries.iter().filter(|other| {
            (&other.scenario, other.step, &other.at) == (&meant.scenario, meant.step, &meant.at)
        });
        assert_eq!(same.count(), 1, "{meant:?}: twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(step: usize, at: &str) -> Meant {
        Meant { scenario: "x".to_owned(), step, at: at.to_owned(), why: "a test".to_owned() }
    }

    fn difference(at: &str) -> Difference {
        Difference { at: at.to_owned(), expected: "a".to_owned(), got: "b".to_owned() }
    }

    fn left(meant: &[Meant], found: &[&str]) -> Vec<String> {
        let found = found.iter().map(|at| difference(at)).collect();
        without_meant(meant, 3, found).into_iter().map(|difference| difference.at).collect()
    }

    #[test]
    fn an_entry_covers_its_place_and_nothing_beside() {
        assert!(left(&[meant(3, "/json/a")], &["/json/a"]).is_empty());
        assert_eq!(
            left(&[meant(3, "/json/a")], &["/json/a", "/json/a/b", "/json/b"]),
            ["/json/a/b", "/json/b"]
        );
        assert_eq!(left(&[meant(2, "/json/a")], &["/json/a"]), ["/json/a"], "another step");
    }

    #[test]
    fn an_entry_that_is_not_needed_fails() {
        assert_eq!(left(&[meant(3, "/json/a")], &[]), ["/json/a"]);
        assert!(left(&[meant(2, "/json/a")], &[]).is_empty(), "that is for step 2 to say");
    }
}
