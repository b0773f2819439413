//! Tests of `values.rs`.

use super::super::names::SHOW_VERIFICATION_PAGE;
use super::*;
use serde_json::json;

fn ways(ways: &[(MethodId, bool)]) -> PerMethod {
    ways.iter().copied().collect()
}

fn values() -> Values {
    let values = SETTINGS.iter().filter_map(|setting| {
        let value = match setting.kind {
            Kind::Switch => false.into(),
            Kind::Number => 8_u32.into(),
            Kind::Duration { .. } => SettingValue::Duration(None),
            Kind::Choice(choices) if setting.key().is_some() => SettingValue::Choice(choices[0].value),
            Kind::PerMethod => ways(&[(MethodId::Password, false), (MethodId::Code, true)]).into(),
            Kind::Choice(_) | Kind::Ids | Kind::Entries => return None,
        };
        Some((setting.name, value))
    });
    values.collect::<Values>().having(SIGN_IN_AFTER_SOCIAL, true)
}

#[test]
fn every_value_is_read_written_and_told() {
    let all = values();
    assert!(all.0.len() > 10);
    for name in all.0.keys() {
        let before = values();
        let setting = setting(name).unwrap();
        let other = match before.get(name).unwrap() {
            SettingValue::Switch(on) => SettingValue::Switch(!on),
            SettingValue::Number(number) => SettingValue::Number(number + 1),
            SettingValue::Duration(_) => SettingValue::Duration(Some(Duration::from_secs(90))),
            SettingValue::PerMethod(ways) => SettingValue::PerMethod(ways.level(true)),
            SettingValue::Choice(value) => {
                let Kind::Choice(choices) = setting.kind else { panic!("{name}") };
                SettingValue::Choice(choices.iter().find(|choice| choice.value != value).unwrap().value)
            }
        };
        let mut after = before.clone();
        after.set(name, other.clone());
        assert_eq!(after.get(name), Some(other.clone()), "{name}");
        assert_eq!(differences(&before, &after), [*name]);
        let told = changes(&before, &after);
        assert!(told.len() == 1 && told[0].starts_with(setting.label), "{told:?}");
        // And by a patch, as a preset or a fix says it.
        assert_eq!(before.with(&Named::from([((*name).to_owned(), other.stored())])), after, "{name}");
    }
    assert_eq!(values().get("of_a_later_version"), None);
}

#[test]
fn a_value_of_another_kind_changes_nothing() {
    let mut values = values();
    let before = values.clone();
    values.set("min_password_length", true);
    values.set("breach_check", 12_u32);
    values.set("of_a_later_version", true);
    assert_eq!(values, before);
}

#[test]
fn ways_say_for_how_many_they_are_on() {
    let mixed = values().ways(SIGN_IN_AFTER_REGISTRATION);
    assert_eq!((mixed.words(), mixed.all_on(), mixed.all_off()), ("on for 1 of 2".into(), false, false));
    assert_eq!(values().words(SIGN_IN_AFTER_REGISTRATION), "on for 1 of 2 (Email code)");
    assert_eq!(mixed.level(true).words(), "on");
    assert_eq!(mixed.level(false).words(), "off");
    assert!(!PerMethod::default().all_on(), "without any way nothing is on");
}

#[test]
fn a_patch_levels_all_ways_or_names_some() {
    let named = |value: Value| Named::from([(SIGN_IN_AFTER_REGISTRATION.to_owned(), value)]);
    let on = |value: Value| values().with(&named(value)).ways(SIGN_IN_AFTER_REGISTRATION);
    assert!(on(json!("on")).all_on());
    assert!(on(json!("off")).all_off());
    assert_eq!(on(json!({"password": "on", "code": "off"})).words(), "on for 1 of 2");
    let untouched = values().ways(SIGN_IN_AFTER_REGISTRATION);
    assert_eq!(on(json!({"passkey": "on"})), untouched, "not enabled");
    for nonsense in [json!(true), json!("maybe"), json!({"password": 1}), json!({"pigeon": "on"})] {
        assert_eq!(on(nonsense), untouched);
    }
}

#[test]
fn a_way_that_only_one_of_two_knows_is_off_in_the_other() {
    let fewer = values()
        .having(SIGN_IN_AFTER_REGISTRATION, ways(&[(MethodId::Code, true)]))
        .having(SHOW_VERIFICATION_PAGE, ways(&[(MethodId::Code, true)]));
    assert_eq!(differences(&values(), &fewer), Vec::<&str>::new());
}

#[test]
fn spans_are_told_in_the_unit_a_person_would_use() {
    for (seconds, words, file) in [
        (1800, "30 minutes", "30m"),
        (3600, "1 hour", "1h"),
        (86_400, "1 day", "24h"),
        (259_200, "3 days", "72h"),
        (90, "90 seconds", "90s"),
    ] {
        let span = Duration::from_secs(seconds);
        assert_eq!((in_words(span).as_str(), short(span).as_str()), (words, file));
    }
}

#[test]
fn what_signs_in_by_itself_is_neither_counted_nor_switched_and_stays_as_its_list_has_it() {
    let name = SIGN_IN_AFTER_REGISTRATION;
    let ways =
        |oidc| -> PerMethod { [(MethodId::Password, false), (MethodId::Oidc, oidc)].into_iter().collect() };
    for listed in [false, true] {
        let by_itself = values().having(name, ways(listed));
        let shown = by_itself.get(name).unwrap();
        assert_eq!(shown, SettingValue::PerMethod([(MethodId::Password, false)].into_iter().collect()));
        let on = by_itself.with(&Named::from([(name.to_owned(), json!("on"))]));
        assert_eq!(on.words(name), "on");
        assert_eq!(on.ways(name).is_on(MethodId::Oidc), listed);
        assert_eq!(changes(&by_itself, &on), ["Sign in after registration: on"]);
        let off = by_itself.clone().having(SIGN_IN_AFTER_SOCIAL, false);
        assert_eq!(off.get(name), Some(SettingValue::PerMethod(ways(listed))));
        assert_eq!(changes(&by_itself, &off), ["Sign in after social sign-up: off"]);
    }
}
