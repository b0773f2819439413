//! Two operators on one page of settings: what was typed, on top of what the other one saved.

use super::Read;
use engine::settings::{PerMethod, SETTINGS, SettingValue, Values};

/// What two operators changed to different ends.
pub(in crate::console::settings) struct Clash {
    pub(in crate::console::settings) field: &'static str,
    pub(in crate::console::settings) was: String,
    pub(in crate::console::settings) theirs: String,
    pub(in crate::console::settings) mine: String,
}

/// What was typed, with everything untouched following `theirs`. A switch that both changed is the same for both; a number can
/// clash.
pub(in crate::console::settings) fn on_top_of(theirs: &Values, was: &Values, mine: &mut Read) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for setting in SETTINGS {
        let name = setting.name;
        let (Some(was), Some(theirs), Some(my)) =
            (was.whole(name), theirs.whole(name), mine.values.whole(name))
        else {
            continue;
        };
        let unread = mine.problems.iter().any(|problem| problem.field == name);
        match (&was, &theirs, &my) {
            (SettingValue::PerMethod(was), SettingValue::PerMethod(theirs), SettingValue::PerMethod(my)) => {
                let merged = theirs.iter().map(|(method, on)| {
                    (method, if my.is_on(method) == was.is_on(method) { on } else { my.is_on(method) })
                });
                mine.values.set(name, merged.collect::<PerMethod>());
            }
            _ if unread => {}
            _ if my == was => {
                mine.typed.retain(|control, _| control.split('.').next() != Some(name));
                mine.values.set(name, theirs);
            }
            _ if theirs != was && theirs != my => clashes.push(Clash {
                field: name,
                was: setting.words(&was),
                theirs: setting.words(&theirs),
                mine: setting.words(&my),
            }),
            _ => {}
        }
    }
    clashes
}
