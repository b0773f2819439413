//! The form of *Authentication settings* as names and texts: what a browser sends, read into values, and what it would send for
//! values. Names are those of the settings; `NAME.METHOD` is one way of several, `NAME.count` and `NAME.unit` a length of time.

use crate::console::fields::{Fields, text, trimmed};
use engine::config::Method;
use engine::settings::names::{AFTER_SIGN_UP, SIGN_IN_AFTER_REGISTRATION, SIGN_IN_AFTER_SOCIAL};
use engine::settings::table::{Page, on_page};
use engine::settings::{
    AfterSignUp, Current, FieldError, Setting, SettingValue, Values, Ways, in_units, label, parse_span,
};
use std::time::Duration;

/// What stood at *What happens after sign-up* when the page, or its preview, was made.
pub(super) const AFTER_SIGN_UP_WAS: &str = "after_sign_up_was";

/// Seconds and name of the units that a length of time is given in.
pub(in crate::console) const UNITS: [(u64, &str); 4] =
    [(60, "minutes"), (3600, "hours"), (86_400, "days"), (1, "seconds")];

/// What stands in the fields for a length of time that nobody has chosen yet.
const SUGGESTED: Duration = Duration::from_secs(30 * 60);

/// The rows of this page.
fn rows() -> impl Iterator<Item = &'static Setting> {
    on_page(Page::Authentication)
}

/// What was sent, read.
pub(super) struct Read {
    pub(super) values: Values,
    /// Numbers as typed, also when they are none; by the name of the control.
    pub(super) typed: Fields,
    pub(super) problems: Vec<FieldError>,
}

/// The name of the control of one way. With one way alone it is the field's.
pub(in crate::console) fn way_name(field: &str, ways: &Ways, method: Method) -> String {
    if ways.len() == 1 { field.to_owned() } else { format!("{field}.{}", method.name()) }
}

/// The two texts for a length of time: how many, and seconds of one.
pub(in crate::console) fn span_texts(span: Option<Duration>) -> (String, String) {
    let (count, unit) = in_units(span.unwrap_or(SUGGESTED));
    (count.to_string(), unit.to_string())
}

/// Typed values. What the page does not offer sends nothing and keeps what is in force, and so does what is locked; a page of before
/// it was locked may still ask for something else, and is told why nothing comes of it.
pub(super) fn read(current: &Current, sent: &Fields) -> Read {
    let mut read = Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() };
    let has = |name: &str| sent.get(name).is_some_and(|value| value == "true");
    // It says which ways the switch above it is for.
    if current.offered.contains(SIGN_IN_AFTER_SOCIAL) && !current.is_locked(SIGN_IN_AFTER_SOCIAL) {
        read.values.set(SIGN_IN_AFTER_SOCIAL, has(SIGN_IN_AFTER_SOCIAL));
    }
    for Setting { name, .. } in rows() {
        let name = *name;
        if !current.offered.contains(name) {
            continue;
        }
        if let Some(reason) = current.provenance.get(name).and_then(|provenance| provenance.locked.clone()) {
            if asks_for_another(current, sent, name) {
                read.problems.push(FieldError { field: name, message: reason });
            }
            continue;
        }
        let value = match read.values.get(name) {
            Some(SettingValue::Switch(_)) => has(name).into(),
            Some(SettingValue::PerMethod(ways)) => {
                let switched = ways.iter().map(|(method, on)| match current.way_locked(name, method) {
                    Some(_) => (method, on),
                    // The page may have been made when there was another number of ways.
                    None => (method, has(name) || has(&format!("{name}.{}", method.name()))),
                });
                SettingValue::PerMethod(switched.collect())
            }
            Some(SettingValue::Number(saved)) => {
                read.typed.insert(name.to_owned(), sent.get(name).cloned().unwrap_or_default());
                match trimmed(sent, name).parse() {
                    Ok(number) => SettingValue::Number(number),
                    Err(_) => {
                        let message = "Write a whole number, such as 12.".to_owned();
                        read.problems.push(FieldError { field: name, message });
                        SettingValue::Number(saved)
                    }
                }
            }
            Some(SettingValue::Duration(saved)) => {
                let (count, unit) = (format!("{name}.count"), format!("{name}.unit"));
                for control in [&count, &unit] {
                    if let Some(typed) = sent.get(control) {
                        read.typed.insert(control.clone(), typed.clone());
                    }
                }
                match (has(name), span(trimmed(sent, &count), trimmed(sent, &unit))) {
                    (false, _) => SettingValue::Duration(None),
                    (true, Some(span)) => SettingValue::Duration(Some(span)),
                    (true, None) => {
                        let message = "Write how long, as a whole number above 0, such as 30.".to_owned();
                        read.problems.push(FieldError { field: name, message });
                        SettingValue::Duration(saved)
                    }
                }
            }
            // The one choice of this page stands for several settings: see `answered`.
            Some(SettingValue::Choice(_)) | None => continue,
        };
        read.values.set(name, value);
    }
    answered(current, sent, &mut read);
    read
}

/// Whether a field that is locked was sent with another value than is in force. What is off sends nothing, as a locked one does.
fn asks_for_another(current: &Current, sent: &Fields, name: &str) -> bool {
    let has = |name: &str| sent.get(name).is_some_and(|value| value == "true");
    match current.values.get(name) {
        Some(SettingValue::Switch(on)) => has(name) && !on,
        Some(SettingValue::PerMethod(ways)) => {
            let asked = |method: Method| has(name) || has(&format!("{name}.{}", method.name()));
            ways.iter().any(|(method, on)| asked(method) && !on)
        }
        Some(SettingValue::Number(saved)) => {
            sent.contains_key(name) && trimmed(sent, name).parse() != Ok(saved)
        }
        Some(SettingValue::Duration(saved)) => {
            let (count, unit) = (format!("{name}.count"), format!("{name}.unit"));
            has(name) && span(trimmed(sent, &count), trimmed(sent, &unit)) != saved
        }
        Some(SettingValue::Choice(_)) | None => false,
    }
}

/// A number of units, or a length as files have it: `1h30m`.
fn span(count: &str, unit: &str) -> Option<Duration> {
    let span = match count.parse::<u64>() {
        Ok(count) => Duration::from_secs(count.checked_mul(unit.parse().ok()?)?),
        Err(_) => parse_span(count)?,
    };
    (span.as_secs() > 0 && span <= Duration::from_secs(u32::MAX.into())).then_some(span)
}

/// Whoever chose another answer to *What happens after sign-up* meant its switches. Whoever flipped a switch meant that; and
/// whoever did both, to different ends, is asked.
fn answered(current: &Current, sent: &Fields, read: &mut Read) {
    let (Some(chosen), Some(was)) = (sent.get(AFTER_SIGN_UP), sent.get(AFTER_SIGN_UP_WAS)) else { return };
    if chosen == was {
        return;
    }
    let problem = |message: String| FieldError { field: AFTER_SIGN_UP, message };
    let Some(answer) = AfterSignUp::parse(chosen).filter(|answer| answer.is_offered()) else {
        read.problems.push(problem("There is no such answer.".to_owned()));
        return;
    };
    let switched = AfterSignUp::of(&read.values).map_or("", AfterSignUp::name);
    let wanted = read.values.with(&answer.settings());
    if let Some((field, reason)) = current.refusal(&wanted) {
        read.problems.push(problem(format!("{}: {reason}", label(field))));
        return;
    }
    read.values = wanted;
    if switched != was && switched != chosen.as_str() {
        read.problems.push(problem(
            "A switch and What happens after sign-up said different things. The page follows the latter now: look at it, and save again."
                .to_owned(),
        ));
    }
}

/// What a browser would send for those values, in the order of the page.
fn sent(current: &Current, values: &Values) -> Vec<(String, String)> {
    let mut sent: Vec<(String, String)> = Vec::new();
    let on = |name: String| (name, "true".to_owned());
    for Setting { name, .. } in rows() {
        let name = *name;
        if name == AFTER_SIGN_UP {
            let answer = AfterSignUp::of(values).map(AfterSignUp::name);
            sent.push((AFTER_SIGN_UP_WAS.to_owned(), answer.unwrap_or_default().to_owned()));
            if let Some(answer) = answer.filter(|_| !current.is_locked(SIGN_IN_AFTER_REGISTRATION)) {
                sent.push((AFTER_SIGN_UP.to_owned(), answer.to_owned()));
            }
        }
        let value = values.get(name).filter(|_| current.offered.contains(name) && !current.is_locked(name));
        match value {
            Some(SettingValue::Switch(true)) => sent.push(on(name.to_owned())),
            Some(SettingValue::PerMethod(ways)) => sent.extend(
                ways.iter()
                    .filter(|(method, on)| *on && current.way_locked(name, *method).is_none())
                    .map(|(method, _)| on(way_name(name, &ways, method))),
            ),
            Some(SettingValue::Number(number)) => sent.push((name.to_owned(), number.to_string())),
            Some(SettingValue::Duration(span)) => {
                sent.extend(span.map(|_| on(name.to_owned())));
                let (count, unit) = span_texts(span);
                sent.push((format!("{name}.count"), count));
                sent.push((format!("{name}.unit"), unit));
            }
            Some(SettingValue::Switch(false) | SettingValue::Choice(_)) | None => {}
        }
    }
    sent
}

/// The field `base`: the revision and, after a `&`, what a browser would send if nothing was changed. By this the island tells
/// whether something was, and a late Save what others may keep. Whoever may only look sends nothing.
pub(super) fn made_from(current: &Current, editable: bool) -> String {
    let mut fields: Vec<String> = Vec::new();
    if editable {
        let untouched = sent(current, &current.values).into_iter();
        fields.extend(untouched.map(|(name, value)| format!("{name}={value}")));
        fields.push("reason=".to_owned());
    }
    format!("{}&{}", current.revision, fields.join("&"))
}

/// The revision that a form was made from. No revision at all stands on none, so nothing can be saved on it.
pub(super) fn revision(sent: &Fields) -> i64 {
    let base = text(sent, "base");
    base.split_once('&').map_or(base, |(number, _)| number).parse().unwrap_or(-1)
}

/// The values that a form was made from. `None` where it does not say.
pub(super) fn was(current: &Current, sent: &Fields) -> Option<Values> {
    let (_, was) = sent.get("base")?.split_once('&')?;
    let was: Fields = was
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let read = read(current, &was);
    (!was.is_empty() && read.problems.is_empty()).then_some(read.values)
}

/// What two operators changed to different ends.
pub(super) struct Clash {
    pub(super) field: &'static str,
    pub(super) was: String,
    pub(super) theirs: String,
    pub(super) mine: String,
}

/// What was typed, with everything untouched following `theirs`. A switch that both changed is the same for both; a number can
/// clash.
pub(super) fn on_top_of(theirs: &Values, was: &Values, mine: &mut Read) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for setting in rows() {
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
                mine.values.set(name, merged.collect::<Ways>());
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::settings::Provenance;
    use engine::settings::names::SHOW_VERIFICATION_PAGE;
    use engine::settings::table::Kind;
    use std::collections::BTreeMap;

    const BREACH_CHECK: &str = "breach_check";
    const UNVERIFIED_SESSION_LIFESPAN: &str = "unverified_session_lifespan";

    fn ways(password: bool, code: bool) -> Ways {
        [(Method::Password, password), (Method::Code, code)].into_iter().collect()
    }

    /// As if people could sign up by password and by code, and everything were there.
    fn current() -> Current {
        let provenance = |setting: &'static Setting| {
            let provenance = Provenance {
                key: setting.name.to_owned(),
                default: String::new(),
                changed: None,
                locked: None,
                ways_locked: BTreeMap::new(),
            };
            (setting.name, provenance)
        };
        let value = |setting: &'static Setting| {
            let value = match setting.kind {
                Kind::Switch => {
                    let on = ["registration_enabled", "identifier_similarity_check", BREACH_CHECK];
                    on.contains(&setting.name).into()
                }
                Kind::Number => 8_u32.into(),
                Kind::Duration { .. } => SettingValue::Duration(None),
                Kind::PerMethod => ways(setting.name == SIGN_IN_AFTER_REGISTRATION, false).into(),
                Kind::Choice(_) | Kind::Ids | Kind::Entries => return None,
            };
            Some((setting.name, value))
        };
        Current {
            revision: 3,
            values: rows().filter_map(value).collect(),
            provenance: rows().map(provenance).collect(),
            offered: rows().map(|setting| setting.name).collect(),
        }
    }

    fn fields(pairs: &[(String, String)]) -> Fields {
        pairs.iter().cloned().collect()
    }

    fn untouched(current: &Current) -> Fields {
        fields(&sent(current, &current.values))
    }

    fn locked(current: &mut Current, name: &str, method: Option<Method>) {
        let provenance = current.provenance.get_mut(name).unwrap();
        match method {
            Some(method) => drop(provenance.ways_locked.insert(method, "Set elsewhere.".to_owned())),
            None => provenance.locked = Some("Set elsewhere.".to_owned()),
        }
    }

    #[test]
    fn what_is_sent_untouched_reads_as_what_is_in_force() {
        let mut current = current();
        for span in [None, Some(Duration::from_secs(90)), Some(Duration::from_secs(172_800))] {
            current.values.set(UNVERIFIED_SESSION_LIFESPAN, span);
            let read = read(&current, &untouched(&current));
            assert_eq!(read.values, current.values);
            assert!(read.problems.is_empty());
        }
        assert!(
            made_from(&current, true)
                .starts_with("3&registration_enabled=true&sign_in_after_registration.password=true&")
        );
        assert_eq!(made_from(&current, false), "3&", "whoever may only look sends nothing");
    }

    #[test]
    fn each_way_is_a_control_of_its_own_and_one_name_is_all_of_them() {
        let current = current();
        let mut one = untouched(&current);
        one.remove("sign_in_after_registration.password");
        one.insert("sign_in_after_registration.code".to_owned(), "true".to_owned());
        assert_eq!(read(&current, &one).values.ways(SIGN_IN_AFTER_REGISTRATION), ways(false, true));
        one.insert("sign_in_after_registration".to_owned(), "true".to_owned());
        assert!(read(&current, &one).values.ways(SIGN_IN_AFTER_REGISTRATION).all_on());
    }

    #[test]
    fn what_is_locked_or_not_offered_keeps_what_is_in_force() {
        let mut current = current();
        locked(&mut current, SIGN_IN_AFTER_REGISTRATION, Some(Method::Password));
        locked(&mut current, BREACH_CHECK, None);
        current.offered.remove(SHOW_VERIFICATION_PAGE);
        let sent = untouched(&current);
        for absent in ["sign_in_after_registration.password", BREACH_CHECK, "show_verification_page.code"] {
            assert!(!sent.contains_key(absent), "{absent}");
        }
        // A page of before it was locked.
        current.values.set(BREACH_CHECK, false);
        let mut before = sent.clone();
        before.insert(BREACH_CHECK.to_owned(), "true".to_owned());
        let told = read(&current, &before);
        assert_eq!((told.problems.len(), told.problems[0].field), (1, BREACH_CHECK));
        assert_eq!(told.values, current.values);
        let mut forged = sent.clone();
        forged.insert("show_verification_page".to_owned(), "true".to_owned());
        assert_eq!(read(&current, &forged).values, current.values);
    }

    #[test]
    fn an_answer_that_would_move_a_locked_way_is_refused_with_the_reason() {
        let mut current = current();
        locked(&mut current, SIGN_IN_AFTER_REGISTRATION, Some(Method::Code));
        let mut sent = untouched(&current);
        sent.insert(AFTER_SIGN_UP_WAS.to_owned(), String::new());
        sent.insert(AFTER_SIGN_UP.to_owned(), "at_once".to_owned());
        let read = read(&current, &sent);
        assert_eq!(read.values, current.values);
        assert!(read.problems[0].message.contains("Set elsewhere."), "{:?}", read.problems);
    }

    #[test]
    fn lengths_of_time_are_read_in_units_and_as_files_have_them() {
        let current = current();
        let typed = |count: &str, unit: &str| {
            let mut sent = untouched(&current);
            sent.insert(UNVERIFIED_SESSION_LIFESPAN.to_owned(), "true".to_owned());
            sent.insert(format!("{UNVERIFIED_SESSION_LIFESPAN}.count"), count.to_owned());
            sent.insert(format!("{UNVERIFIED_SESSION_LIFESPAN}.unit"), unit.to_owned());
            let read = read(&current, &sent);
            assert_eq!(read.typed[&format!("{UNVERIFIED_SESSION_LIFESPAN}.count")], count, "as typed");
            (
                read.values.duration(UNVERIFIED_SESSION_LIFESPAN).map(|span| span.as_secs()),
                read.problems.len(),
            )
        };
        assert_eq!(typed("30", "60"), (Some(1800), 0));
        assert_eq!(typed(" 2 ", "3600"), (Some(7200), 0));
        assert_eq!(typed("1h30m", "86400"), (Some(5400), 0));
        for (count, unit) in [
            ("0", "60"),
            ("-5", "60"),
            ("soon", "60"),
            ("", "60"),
            ("30", "x"),
            ("99999999999999999999", "60"),
        ] {
            assert_eq!(typed(count, unit), (None, 1), "{count} {unit}");
        }
        assert_eq!(typed("18446744073709551615", "86400"), (None, 1), "too long to be a time");
    }

    #[test]
    fn a_late_form_keeps_what_was_touched_way_by_way_and_tells_what_clashes() {
        let mut now = current();
        // Somebody else switched the code on, and changed both lengths.
        now.values.set(SIGN_IN_AFTER_REGISTRATION, ways(true, true));
        now.values.set("min_password_length", 10_u32);
        now.values.set(UNVERIFIED_SESSION_LIFESPAN, Some(Duration::from_secs(600)));
        let was = current().values;
        let mut mine = read(&now, &untouched(&current()));
        mine.values.set(SIGN_IN_AFTER_REGISTRATION, ways(false, false));
        mine.values.set("min_password_length", 14_u32);
        mine.typed.insert("min_password_length".to_owned(), "14".to_owned());
        let clashes = on_top_of(&now.values, &was, &mut mine);
        assert_eq!(
            mine.values.ways(SIGN_IN_AFTER_REGISTRATION),
            ways(false, true),
            "each way follows who touched it"
        );
        assert_eq!(mine.values.number("min_password_length"), 14);
        assert_eq!(
            mine.values.duration(UNVERIFIED_SESSION_LIFESPAN),
            now.values.duration(UNVERIFIED_SESSION_LIFESPAN),
            "untouched"
        );
        assert!(!mine.typed.contains_key("unverified_session_lifespan.count"), "and shown as it is now");
        let told: Vec<_> =
            clashes.iter().map(|clash| (clash.field, clash.theirs.as_str(), clash.mine.as_str())).collect();
        assert_eq!(told, [("min_password_length", "10", "14")]);
    }
}
