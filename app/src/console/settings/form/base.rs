//! What a form of settings was made from: the revision, and what a browser would send if nothing was changed.

use super::{is_fixed, read, span_texts, way_name};
use crate::console::fields::{Fields, text};
use engine::settings::names::AFTER_SIGN_UP;
use engine::settings::table::{Page, on_page};
use engine::settings::{AfterSignUp, Current, Setting, SettingValue, Values};

/// What a browser would send for those values, in the order of the page.
pub(super) fn sent(page: Page, current: &Current, values: &Values) -> Vec<(String, String)> {
    let mut sent: Vec<(String, String)> = Vec::new();
    let on = |name: String| (name, "true".to_owned());
    for Setting { name, .. } in on_page(page) {
        let name = *name;
        if name == AFTER_SIGN_UP {
            let answer = AfterSignUp::instead(values).filter(|_| !is_fixed(current));
            sent.extend(answer.map(|answer| (name.to_owned(), answer.name().to_owned())));
        }
        let value = values.get(name).filter(|_| current.offered.contains(name) && !current.is_locked(name));
        match value {
            Some(SettingValue::Switch(true)) => sent.push(on(name.to_owned())),
            Some(SettingValue::PerMethod(ways)) => sent.extend(
                ways.iter()
                    .filter(|(method, on)| *on && current.method_locked(name, *method).is_none())
                    .map(|(method, _)| on(way_name(name, &ways, method))),
            ),
            Some(SettingValue::Number(number)) => sent.push((name.to_owned(), number.to_string())),
            Some(SettingValue::Duration(span)) => {
                sent.extend(span.map(|_| on(name.to_owned())));
                let (count, unit) = span_texts(span);
                sent.push((format!("{name}.count"), count));
                sent.push((format!("{name}.unit"), unit));
            }
            Some(SettingValue::Choice(chosen)) => sent.push((name.to_owned(), chosen.to_owned())),
            Some(SettingValue::Switch(false)) | None => {}
        }
    }
    sent
}

/// The field `base`: the revision and, after a `&`, what a browser would send if nothing was changed. By this the island tells
/// whether something was, and a late Save what others may keep. Whoever may only look sends nothing.
pub(in crate::console::settings) fn made_from(page: Page, current: &Current, editable: bool) -> String {
    let mut fields: Vec<String> = Vec::new();
    if editable {
        // Its field is in the bar, and that is the first part of the form.
        fields.push("reason=".to_owned());
        let untouched = sent(page, current, &current.values).into_iter();
        fields.extend(untouched.map(|(name, value)| format!("{name}={value}")));
    }
    format!("{}&{}", current.revision, fields.join("&"))
}

/// The revision that a form was made from. No revision at all stands on none, so nothing can be saved on it.
pub(in crate::console::settings) fn revision(sent: &Fields) -> i64 {
    let base = text(sent, "base");
    base.split_once('&').map_or(base, |(number, _)| number).parse().unwrap_or(-1)
}

/// The values that a form was made from. `None` where it does not say.
pub(in crate::console::settings) fn was(page: Page, current: &Current, sent: &Fields) -> Option<Values> {
    let (_, was) = sent.get("base")?.split_once('&')?;
    let was: Fields = was
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let read = read(page, current, &was);
    (!was.is_empty() && read.problems.is_empty()).then_some(read.values)
}
