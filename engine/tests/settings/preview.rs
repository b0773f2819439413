//! What the console shows for values that were not saved yet.

use crate::{in_force, ways};
use engine::config::Config;
use engine::model::MethodId;
use engine::plan::{Client, Step};
use engine::settings::{Named, PerMethod, Preview, Severity, Values, preview};
use engine::testing;
use serde_json::{Value, json};

fn config(patch: Value, named: &Named) -> Config {
    testing::config_with(vec![patch], named)
}

fn warnings(preview: &Preview) -> Vec<(&'static str, Severity, &'static str)> {
    preview
        .warnings
        .iter()
        .map(|warning| (warning.id, warning.severity, warning.at.unwrap_or("nowhere")))
        .collect()
}

#[test]
fn saved_values_preview_as_no_change() {
    let preview = preview(&config(json!({}), &Named::new()), &in_force());
    assert_eq!(preview.changes, Vec::<String>::new());
    assert!(preview.plans.iter().all(|(saved, unsaved)| saved == unsaved));
    assert_eq!(
        warnings(&preview),
        [("enumeration_by_form", Severity::Warning, "sign_in_after_registration")]
    );
}

#[test]
fn switching_on_adds_the_last_step_and_the_danger() {
    let unsaved = in_force().having("sign_in_after_registration", ways(true));
    let preview = preview(&config(json!({}), &Named::new()), &unsaved);
    assert_eq!(preview.changes, ["Sign in after registration: on"]);
    assert_eq!(
        warnings(&preview),
        [
            ("enumeration", Severity::Danger, "sign_in_after_registration"),
            ("sessions_for_programs", Severity::Warning, "sign_in_after_registration"),
        ]
    );
    let text = &preview.warnings[0].text;
    assert!(text.contains("session") && text.contains("isn’t enough"), "{text}");
    let clients: Vec<Client> = preview.plans.iter().map(|(saved, _)| saved.client).collect();
    assert_eq!(clients, [Client::Browser, Client::Spa, Client::Native]);
    for (saved, unsaved) in &preview.plans {
        assert!(!saved.signs_in() && unsaved.signs_in());
        assert_eq!(unsaved.answer.session_cookie, unsaved.client != Client::Native);
    }
    assert!(preview.plans[2].1.answer.body.contains(&"session_token"));
}

#[test]
fn a_carried_over_hook_stays_in_the_plan() {
    let hook = json!({"hook": "web_hook", "config": {"url": "http://crm.test/", "method": "POST"}});
    let config = config(
        json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [hook]}}}}}),
        &Named::new(),
    );
    let preview = preview(&config, &in_force().having("sign_in_after_registration", ways(true)));
    let (saved, unsaved) = &preview.plans[0];
    let calls =
        |plan: &engine::plan::Plan| plan.steps.iter().filter(|step| matches!(step, Step::Run(_))).count();
    assert_eq!((calls(saved), calls(unsaved)), (1, 1));
    assert!(!warnings(&preview).iter().any(|(id, ..)| *id == "shadowed_hooks"));
}

#[test]
fn a_hook_that_files_silence_is_told() {
    let after = json!({
        "hooks": [{"hook": "web_hook", "config": {"url": "http://crm.test/", "method": "POST"}}],
        "password": {"hooks": [{"hook": "session"}]},
    });
    let config = config(json!({"selfservice": {"flows": {"registration": {"after": after}}}}), &Named::new());
    let on = in_force().having("sign_in_after_registration", ways(true));
    let shadowed =
        |values| warnings(&preview(&config, values)).iter().any(|(id, ..)| *id == "shadowed_hooks");
    assert!(shadowed(&on));
    assert!(!shadowed(&in_force()), "without a list of its own the method inherits");
}

#[test]
fn every_weak_choice_has_its_warning() {
    let config = config(json!({}), &Named::new());
    for (unsaved, id, at) in [
        (in_force().having("registration_enabled", false), "registration_closed", "registration_enabled"),
        (in_force().having("min_password_length", 7_u32), "short_passwords", "min_password_length"),
        (
            in_force().having("identifier_similarity_check", false),
            "similarity_check_off",
            "identifier_similarity_check",
        ),
        (in_force().having("breach_check", false), "breach_check_off", "breach_check"),
    ] {
        let preview = preview(&config, &unsaved);
        assert!(warnings(&preview).iter().any(|(found, _, place)| (*found, *place) == (id, at)), "{id}");
        assert_eq!(preview.changes.len(), 1, "{id}");
    }
    let closed =
        in_force().having("registration_enabled", false).having("sign_in_after_registration", ways(true));
    assert!(
        !warnings(&preview(&config, &closed)).iter().any(|(id, ..)| *id == "enumeration"),
        "nobody can sign up"
    );
}

#[test]
fn a_value_that_a_save_would_refuse_does_not_break_the_preview() {
    let preview =
        preview(&config(json!({}), &Named::new()), &in_force().having("min_password_length", 2_u32));
    assert_eq!(preview.changes, ["Minimum password length: 2 (was 8)"]);
}

#[test]
fn without_a_method_to_sign_up_with_the_switch_is_off_and_says_why() {
    let named = Named::from([("sign_in_after_registration".to_owned(), json!({"password": "on"}))]);
    let config = config(json!({"selfservice": {"methods": {"password": {"enabled": false}}}}), &named);
    let none = PerMethod::default();
    let values = in_force()
        .having("sign_in_after_registration", none.clone())
        .having("show_verification_page", none.clone())
        .having("require_verified_address", none);
    let preview = preview(&config, &values);
    assert_eq!(preview.changes, Vec::<String>::new());
    assert!(warnings(&preview).iter().any(|(id, ..)| *id == "no_method"));
}

/// A configuration where codes are sent, and leave.
fn proving() -> Value {
    json!({
        "selfservice": {"flows": {"verification": {"enabled": true}}},
        "courier": {"smtp": {"connection_uri": "smtps://mail.example.org/"}},
    })
}

/// Ids of the warnings beside the two switches about addresses.
fn about_addresses(patch: Value, values: &Values) -> Vec<&'static str> {
    let preview = preview(&config(patch, &Named::new()), values);
    let beside = ["show_verification_page", "require_verified_address"];
    let beside_those = |at: &Option<&str>| at.is_some_and(|at| beside.contains(&at));
    preview.warnings.iter().filter(|warning| beside_those(&warning.at)).map(|warning| warning.id).collect()
}

#[test]
fn being_signed_in_once_without_proof_is_said_while_both_switches_are_on() {
    let gate = in_force().having("require_verified_address", ways(true));
    let both = gate.clone().having("sign_in_after_registration", ways(true));
    assert_eq!(about_addresses(proving(), &both), ["signed_in_once_without_proof"]);
    let mut longer = proving();
    longer["session"] = json!({"lifespan": "72h"});
    let text = preview(&config(longer, &Named::new()), &both)
        .warnings
        .into_iter()
        .find(|warning| warning.id == "signed_in_once_without_proof")
        .map(|warning| warning.text);
    assert!(text.as_ref().is_some_and(|text| text.contains("72 hours")), "{text:?}");
    assert_eq!(about_addresses(proving(), &gate), Vec::<&str>::new());
    let signs_in = in_force().having("sign_in_after_registration", ways(true));
    assert_eq!(about_addresses(proving(), &signs_in), Vec::<&str>::new());
}

#[test]
fn a_gate_that_nobody_can_pass_is_a_danger() {
    let gate = in_force().having("require_verified_address", ways(true));
    assert_eq!(about_addresses(json!({}), &gate), ["nobody_can_sign_in"]);
    let mut names = proving();
    names["identity"] = json!({"schemas": [{"id": "default", "url": "preset://username"}]});
    assert_eq!(about_addresses(names, &gate), ["nobody_can_sign_in"]);
    let mut silent = proving();
    silent["courier"] = json!({});
    assert_eq!(about_addresses(silent, &gate), ["codes_go_nowhere"]);
    let mut trial = proving();
    trial["courier"] = json!({});
    trial["vestibule"] = json!({"mailbox": {"enabled": true}});
    assert_eq!(about_addresses(trial, &gate), Vec::<&str>::new());
}

#[test]
fn a_page_for_a_code_that_nobody_gets_is_warned_of() {
    let shows = in_force().having("show_verification_page", ways(true));
    assert_eq!(about_addresses(json!({}), &shows), ["no_code_to_show_a_page_for"]);
    assert_eq!(about_addresses(proving(), &shows), Vec::<&str>::new());
}

#[test]
fn the_switches_are_read_back_from_what_the_planner_says() {
    use engine::plan::{FlowKind, plan};
    let both = in_force()
        .having("show_verification_page", ways(true))
        .having("require_verified_address", ways(true));
    let changes = preview(&config(proving(), &Named::new()), &both).changes;
    assert_eq!(changes, ["Require a verified email to sign in: on", "Show the verification page: on"]);
    let named: Named = [
        ("show_verification_page".to_owned(), json!({"password": "on"})),
        ("require_verified_address".to_owned(), json!({"password": "on", "oidc": "on"})),
    ]
    .into();
    let saved = config(proving(), &named);
    assert!(preview(&saved, &both).changes.is_empty(), "what was saved is no change");
    let page = plan(&saved, FlowKind::Registration, MethodId::Password, Client::Browser);
    assert!(page.answer.redirect.is_some_and(|to| to.ends_with("/verification")));
    // A list in the files does the same.
    let mut files = proving();
    files["selfservice"]["flows"]["login"] =
        json!({"after": {"hooks": [{"hook": "require_verified_address"}]}});
    let by_files = config(files, &Named::new());
    let gate = in_force().having("require_verified_address", ways(true));
    assert!(preview(&by_files, &gate).changes.is_empty());
}

#[test]
fn what_may_stop_a_sign_up_and_never_runs_is_told_and_does_not_begin_to_run_by_the_switch() {
    let asks = json!({"hook": "web_hook", "config": {"url": "http://crm.test/ask", "method": "POST", "can_interrupt": true}});
    let informs = json!({"hook": "web_hook", "config": {"url": "http://crm.test/new", "method": "POST"}});
    let config = config(
        json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [asks, informs]}}}}}),
        &Named::new(),
    );
    let saved = preview(&config, &in_force());
    let never = saved.warnings.iter().find(|warning| warning.id == "never_asked").unwrap();
    assert!(never.text.contains("crm.test/ask") && !never.text.contains("crm.test/new"), "{}", never.text);
    let on = preview(&config, &in_force().having("sign_in_after_registration", ways(true)));
    for (saved, would_be) in &on.plans {
        for plan in [saved, would_be] {
            assert!(!plan.steps.iter().any(|step| matches!(step, Step::Ask(_))), "{:?}", plan.client);
            assert!(plan.steps.iter().any(|step| matches!(step, Step::Run(_))), "{:?}", plan.client);
        }
    }
}

#[test]
fn words_and_marks_say_what_the_plans_say() {
    use engine::pipeline::Mark;
    let called = json!({"hook": "web_hook", "config": {"url": "http://crm.test/new", "method": "POST"}});
    let config = config(
        json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [called]}}}}}),
        &Named::new(),
    );
    let unsaved =
        in_force().having("sign_in_after_registration", ways(true)).having("min_password_length", 12_u32);
    let preview = preview(&config, &unsaved);
    for (drawn, (_, plan)) in preview.pipelines.iter().zip(&preview.plans) {
        assert_eq!((drawn.method, drawn.client), (plan.method, plan.client));
        let kept = drawn.steps.iter().filter(|(_, mark)| *mark != Mark::Gone).count();
        assert_eq!(kept, plan.steps.len(), "a line for each step");
        let (last, mark) = drawn.steps.last().unwrap();
        assert_eq!((last.step, *mark), ("sign_in", Mark::New));
        let check = drawn.steps.iter().find(|(line, _)| line.step == "check").unwrap();
        assert_eq!(check.1, Mark::Changed);
        assert!(check.0.about.contains("12+ characters"), "{}", check.0.about);
        // The hook of the whole flow runs as before, and the page says so (ory/network#361).
        let (hook, mark) = drawn.steps.iter().find(|(line, _)| line.step == "inform").unwrap();
        assert_eq!((hook.title.as_str(), *mark), ("Call crm.test/new", Mark::Stays));
        assert!(
            drawn.lists.iter().any(|said| said.contains("run as before: web_hook crm.test/new")),
            "{:?}",
            drawn.lists
        );
    }
    let answer = |client: usize| &preview.pipelines[client].answer;
    assert!(answer(0).iter().any(|(line, mark)| line.starts_with("Set-Cookie") && *mark == Mark::New));
    assert!(answer(2).iter().any(|(line, mark)| line.contains("session_token") && *mark == Mark::New));
    assert!(!answer(2).iter().any(|(line, _)| line.starts_with("Set-Cookie")), "apps get a token");
}

#[test]
fn a_fix_ends_its_finding_and_says_so_in_the_form_alone() {
    let config = config(json!({}), &Named::new());
    let weak = in_force()
        .having("min_password_length", 6_u32)
        .having("identifier_similarity_check", false)
        .having("breach_check", false);
    let before = preview(&config, &weak);
    let fixable: Vec<_> = before.warnings.iter().filter(|warning| warning.fix.is_some()).collect();
    assert!(fixable.len() >= 3, "{:?}", warnings(&before));
    for warning in fixable {
        let fix = warning.fix.as_ref().unwrap();
        let fixed = weak.with(&fix.settings);
        assert_ne!(fixed, weak, "{}", warning.id);
        let after = preview(&config, &fixed);
        assert!(!after.warnings.iter().any(|left| left.id == warning.id), "{}", warning.id);
    }
}

/// A provider to choose, and what else a file says.
fn with_a_provider(sign_in_after_social: bool, after: Value) -> Value {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    json!({
        "selfservice": {
            "methods": {"oidc": {"enabled": true, "config": {"providers": [google]}}},
            "flows": {"registration": {"after": after}},
        },
        "vestibule": {"registration": {"sign_in_after_social": sign_in_after_social}},
    })
}

fn both(password: bool, oidc: bool) -> PerMethod {
    [(MethodId::Password, password), (MethodId::Oidc, oidc)].into_iter().collect()
}

#[test]
fn providers_are_drawn_for_each_client_and_sign_in_by_themselves_whatever_the_switch_says() {
    let config = config(with_a_provider(true, json!({})), &Named::new());
    let values = in_force()
        .having("sign_in_after_registration", both(false, false))
        .having("show_verification_page", both(false, false))
        .having("social_enabled", true);
    let drawn = preview(&config, &values);
    assert_eq!(drawn.changes, Vec::<String>::new(), "it is what is in force");
    let seen: Vec<(MethodId, Client)> =
        drawn.pipelines.iter().map(|drawn| (drawn.method, drawn.client)).collect();
    let expected = [MethodId::Password, MethodId::Oidc]
        .into_iter()
        .flat_map(|method| [Client::Browser, Client::Spa, Client::Native].map(|client| (method, client)));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    for drawn in drawn.pipelines.iter().filter(|drawn| drawn.method == MethodId::Oidc) {
        let (last, _) = drawn.steps.last().unwrap();
        assert_eq!(last.step, "sign_in", "{:?}", drawn.client);
        assert!(last.about.starts_with("set separately"), "{}", last.about);
    }
    // Switched off, a provider is a way of the switch, and off until its list says otherwise.
    let off = values.having("sign_in_after_social", false);
    let drawn = preview(&config, &off);
    assert_eq!(drawn.changes, ["Sign in after social sign-up: off"]);
    for (saved, would_be) in &drawn.plans {
        assert!(!would_be.signs_in(), "{:?} {:?}", would_be.method, would_be.client);
        assert_eq!(saved.by_itself, saved.method == MethodId::Oidc);
    }
    let all = off.with(&Named::from([("sign_in_after_registration".to_owned(), json!("on"))]));
    let drawn = preview(&config, &all);
    assert!(drawn.plans.iter().all(|(_, would_be)| would_be.signs_in() && !would_be.by_itself));
}

#[test]
fn a_provider_s_first_own_list_carries_the_flow_s_entries_over() {
    // ory/network#361
    let called = json!({"hook": "web_hook", "config": {"url": "http://crm.test/new", "method": "POST"}});
    let config = config(with_a_provider(false, json!({"hooks": [called]})), &Named::new());
    let mut values = in_force()
        .having("sign_in_after_registration", both(false, true))
        .having("show_verification_page", both(false, false))
        .having("sign_in_after_social", false)
        .having("social_enabled", true);
    let drawn = preview(&config, &values);
    assert_eq!(drawn.changes, ["Sign in after registration: on for 1 of 2 (Social sign-in) (was off)"]);
    for (_, would_be) in drawn.plans.iter().filter(|(_, plan)| plan.method == MethodId::Oidc) {
        assert!(would_be.signs_in() && would_be.silenced().is_empty());
        assert!(would_be.steps.iter().any(|step| matches!(step, Step::Run(_))), "{:?}", would_be.client);
    }
    assert!(!drawn.warnings.iter().any(|warning| warning.id == "shadowed_hooks"));
    values.set("sign_in_after_registration", both(true, true));
    let unlike = |values: &Values| {
        preview(&config, values)
            .warnings
            .iter()
            .any(|warning| warning.id == "sign_in_differs" || warning.id == "providers_sign_in_anyway")
    };
    assert!(!unlike(&values), "all ways alike");
    values.set("sign_in_after_registration", both(true, false));
    assert!(unlike(&values));
}

#[test]
fn without_a_provider_to_choose_nothing_is_different() {
    let mut none = with_a_provider(false, json!({}));
    none["selfservice"]["methods"]["oidc"]["config"] = json!({"providers": []});
    let values = in_force().having("sign_in_after_social", false).having("social_enabled", true);
    let drawn = preview(&config(none, &Named::new()), &values);
    assert_eq!(drawn.changes, Vec::<String>::new());
    assert!(drawn.pipelines.iter().all(|drawn| drawn.method == MethodId::Password));
}
