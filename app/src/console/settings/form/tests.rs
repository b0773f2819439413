//! A form of settings, read and written.

use super::base::sent;
use super::*;
use engine::settings::Provenance;
use engine::settings::names::SIGN_IN_AFTER_REGISTRATION;
use engine::settings::table::Kind;
use std::collections::BTreeMap;

const BREACH_CHECK: &str = "breach_check";
const UNVERIFIED_SESSION_LIFESPAN: &str = "unverified_session_lifespan";

const PAGES: [Page; 5] = [
    Page::Authentication,
    Page::EmailVerification,
    Page::Recovery,
    Page::PasswordPolicy,
    Page::AccountProtection,
];

fn rows() -> impl Iterator<Item = &'static Setting> {
    PAGES.into_iter().flat_map(on_page)
}

fn ways(password: bool, code: bool) -> PerMethod {
    [(MethodId::Password, password), (MethodId::Code, code)].into_iter().collect()
}

/// As if people could sign up by password and by code, and everything were there.
fn current() -> Current {
    let provenance = |setting: &'static Setting| {
        let provenance = Provenance {
            key: setting.name.to_owned(),
            default: String::new(),
            changed: None,
            locked: None,
            methods_locked: BTreeMap::new(),
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

fn untouched(page: Page, current: &Current) -> Fields {
    fields(&sent(page, current, &current.values))
}

fn locked(current: &mut Current, name: &str, method: Option<MethodId>) {
    let provenance = current.provenance.get_mut(name).unwrap();
    match method {
        Some(method) => drop(provenance.methods_locked.insert(method, "Set elsewhere.".to_owned())),
        None => provenance.locked = Some("Set elsewhere.".to_owned()),
    }
}

#[test]
fn what_is_sent_untouched_reads_as_what_is_in_force() {
    let mut current = current();
    for page in PAGES {
        for span in [None, Some(Duration::from_secs(90)), Some(Duration::from_secs(172_800))] {
            current.values.set(UNVERIFIED_SESSION_LIFESPAN, span);
            let read = read(page, &current, &untouched(page, &current));
            assert_eq!(read.values, current.values);
            assert!(read.problems.is_empty());
        }
    }
    let made = made_from(Page::Authentication, &current, true);
    assert_eq!(
        made,
        "3&reason=&sign_in_after_registration.password=true&after_sign_up=themselves&registration_enabled=true"
    );
    let looked_at = made_from(Page::Authentication, &current, false);
    assert_eq!(looked_at, "3&", "whoever may only look sends nothing");
}

#[test]
fn each_way_is_a_control_of_its_own_and_one_name_is_all_of_them() {
    let current = current();
    let page = Page::Authentication;
    let mut one = untouched(page, &current);
    one.remove("sign_in_after_registration.password");
    one.insert("sign_in_after_registration.code".to_owned(), "true".to_owned());
    assert_eq!(read(page, &current, &one).values.ways(SIGN_IN_AFTER_REGISTRATION), ways(false, true));
    one.insert("sign_in_after_registration".to_owned(), "true".to_owned());
    assert!(read(page, &current, &one).values.ways(SIGN_IN_AFTER_REGISTRATION).all_on());
}

#[test]
fn what_is_locked_or_not_offered_keeps_what_is_in_force() {
    let mut current = current();
    locked(&mut current, SIGN_IN_AFTER_REGISTRATION, Some(MethodId::Password));
    locked(&mut current, BREACH_CHECK, None);
    current.offered.remove(SHOW_VERIFICATION_PAGE);
    let sent: Fields = PAGES.into_iter().flat_map(|page| sent(page, &current, &current.values)).collect();
    for absent in ["sign_in_after_registration.password", BREACH_CHECK, "show_verification_page.code"] {
        assert!(!sent.contains_key(absent), "{absent}");
    }
    // A page of before it was locked.
    current.values.set(BREACH_CHECK, false);
    let mut before = sent.clone();
    before.insert(BREACH_CHECK.to_owned(), "true".to_owned());
    let told = read(Page::PasswordPolicy, &current, &before);
    assert_eq!((told.problems.len(), told.problems[0].field), (1, BREACH_CHECK));
    assert_eq!(told.values, current.values);
    let mut forged = sent.clone();
    forged.insert("show_verification_page".to_owned(), "true".to_owned());
    assert_eq!(read(Page::EmailVerification, &current, &forged).values, current.values);
}

#[test]
fn an_answer_that_would_move_a_locked_way_is_refused_with_the_reason() {
    let mut current = current();
    locked(&mut current, SHOW_VERIFICATION_PAGE, Some(MethodId::Code));
    let mut sent = untouched(Page::Authentication, &current);
    sent.insert(AFTER_SIGN_UP.to_owned(), "verification_first".to_owned());
    let read = read(Page::Authentication, &current, &sent);
    assert_eq!(read.values, current.values);
    assert!(read.problems[0].message.contains("Set elsewhere."), "{:?}", read.problems);
}

#[test]
fn lengths_of_time_are_read_in_units_and_as_files_have_them() {
    let current = current();
    let typed = |count: &str, unit: &str| {
        let page = Page::AccountProtection;
        let mut sent = untouched(page, &current);
        sent.insert(UNVERIFIED_SESSION_LIFESPAN.to_owned(), "true".to_owned());
        sent.insert(format!("{UNVERIFIED_SESSION_LIFESPAN}.count"), count.to_owned());
        sent.insert(format!("{UNVERIFIED_SESSION_LIFESPAN}.unit"), unit.to_owned());
        let read = read(page, &current, &sent);
        assert_eq!(read.typed[&format!("{UNVERIFIED_SESSION_LIFESPAN}.count")], count, "as typed");
        (read.values.duration(UNVERIFIED_SESSION_LIFESPAN).map(|span| span.as_secs()), read.problems.len())
    };
    assert_eq!(typed("30", "60"), (Some(1800), 0));
    assert_eq!(typed(" 2 ", "3600"), (Some(7200), 0));
    assert_eq!(typed("1h30m", "86400"), (Some(5400), 0));
    for (count, unit) in
        [("0", "60"), ("-5", "60"), ("soon", "60"), ("", "60"), ("30", "x"), ("99999999999999999999", "60")]
    {
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
    let page = Page::Authentication;
    let mut mine = read(page, &now, &untouched(page, &current()));
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

#[test]
fn unsaved_values_of_another_page_go_along_and_locked_ones_are_told() {
    let mut current = current();
    let values = current.values.clone().having(BREACH_CHECK, false);
    let fields = also(Page::Authentication, &current, &values);
    assert_eq!(fields, [("also.breach_check".to_owned(), "false".to_owned())]);
    let mut sent = untouched(Page::Authentication, &current);
    sent.extend(fields);
    let read_back = read(Page::Authentication, &current, &sent);
    assert_eq!((read_back.values, read_back.problems.len()), (values, 0));
    sent.insert("also.web_hooks".to_owned(), "{}".to_owned());
    sent.insert("also.registration_enabled".to_owned(), "false".to_owned());
    locked(&mut current, BREACH_CHECK, None);
    let told = read(Page::Authentication, &current, &sent);
    assert_eq!(told.values, current.values, "neither what is locked nor what has a row here");
    assert_eq!((told.problems.len(), told.problems[0].field), (1, BREACH_CHECK));
}
