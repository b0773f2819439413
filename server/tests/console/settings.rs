//! Pages of settings, *Authentication settings* first: saving, undoing, coming late, previews, presets, and that nothing typed is lost.

use crate::client::{Console, EMAIL, FUNCTION, PAGE, PASSWORD, PASSWORDS, VERIFICATION, tag};
use axum::http::StatusCode;
use engine::operators;
use serde_json::{Value, json};

#[tokio::test]
async fn a_save_leads_back_to_the_page_with_its_number_and_the_way_back() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/settings/authentication?saved=1&new=true")
    );
    assert!(console.values().await.values.ways("sign_in_after_registration").all_on());
    let page = console.get(page.location()).await;
    assert!(page.html.contains("Saved as revision 1"), "{}", page.html);
    assert!(page.html.contains("value=\"undo\""));
    // The second click of a double click.
    let twice = console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(twice.location(), "/settings/authentication?saved=1&new=true");

    let page = console.post(PAGE, &[("action", "undo"), ("base", "1")]).await;
    assert_eq!(page.location(), "/settings/authentication?saved=2&new=true&undone=0");
    let told = console.get(page.location()).await;
    assert!(told.html.contains("Undone. The configuration files apply again."), "{}", told.html);
    assert!(told.html.contains("Sign in after registration: off"), "what it undid: {}", told.html);
    assert!(!told.html.contains("value=\"undo\""), "a second press does not put it back");
    assert!(!console.values().await.values.ways("sign_in_after_registration").all_on());
    let kept = console.get("/settings/authentication?saved=1&new=true").await;
    assert!(!kept.html.contains("Saved as revision"), "an old address says nothing any more");
    let late = console.post(PAGE, &[("action", "undo"), ("base", "1")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.html.contains("Not saved. You saved changes in another tab."), "{}", late.html);
    assert!(late.html.contains("Revision 2, "), "{}", late.html);
    assert_eq!(console.values().await.revision, 2);
}

#[tokio::test]
async fn what_cannot_be_saved_comes_back_as_typed() {
    let console = Console::signed_in("Grace").await;
    for typed in ["3", "twelve", "<b>9</b>", "4294967296", ""] {
        let changed = [("min_password_length", typed), ("breach_check", "")];
        let page = console.submit("save", "0", &changed).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        let shown = typed.replace('<', "&lt;").replace('>', "&gt;");
        let input = tag(&page.html, "id=\"min-password-length\"");
        assert!(input.contains(&format!("value=\"{shown}\"")) || typed.is_empty(), "{input}");
        assert!(input.contains("aria-invalid=\"true\""), "{input}");
        assert!(!tag(&page.html, "id=\"breach-check\"").contains("checked"), "the switch stays off");
        assert!(page.html.contains("<title>Error: Password policy"));
    }
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn a_save_that_comes_late_keeps_what_was_typed_and_what_others_changed() {
    let console = Console::signed_in("Grace").await;
    let base = "0&reason=&min_password_length=8&identifier_similarity_check=true&breach_check=true\
                &breach_check_ignore_errors=true";
    let page = console.get(PASSWORDS).await;
    assert!(
        page.html.contains(&base.replace('&', "&amp;")),
        "the form says what it was made from: {}",
        page.html
    );
    console.submit("save", "0", &[("breach_check", ""), ("sign_in_after_registration", "true")]).await;

    let late = console.submit("save", base, &[("min_password_length", "14")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.html.contains("Revision 1, "), "{}", late.html);
    assert!(late.html.contains("Reject breached passwords: off"), "what they changed: {}", late.html);
    assert!(tag(&late.html, "id=\"min-password-length\"").contains("value=\"14\""), "mine, as typed");
    assert!(!tag(&late.html, "id=\"breach-check\"").contains("checked"), "theirs, untouched by me");
    assert!(late.html.contains("<b>1 unsaved change</b>"), "{}", late.html);
    assert!(late.html.contains("name=\"base\" value=\"1&amp;"), "a second Save is made knowingly");
    assert!(late.html.contains("Sign in after registration: on"), "also on another page: {}", late.html);
    let page = console.get(PAGE).await;
    assert!(tag(&page.html, "id=\"sign-in-after-registration\"").contains("checked"));
    assert_eq!(console.values().await.revision, 1);
}

#[tokio::test]
async fn a_preview_writes_nothing_and_draws_what_would_be() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("preview", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("<b>Sign in</b> <span class=\"mark\">New</span>"), "{}", page.html);
    assert!(page.html.contains("Sign-up reveals which emails have an account"));
    assert!(page.html.contains("Sign in after registration: on"));
    let closed = console.submit("preview", "0", &[("registration_enabled", "")]).await;
    assert!(closed.html.contains("Sign-up is off. None of these steps run."));
    // Sign-in is drawn as well, also for what another page changes.
    let gate = console.submit("preview", "0", &[("require_verified_address", "true")]).await;
    let drawn = gate.html.split("data-flow=\"login\"").nth(1).unwrap_or_default();
    assert!(drawn.split("</ol>").next().unwrap().contains("class=\"mark\">New<"), "{}", gate.html);
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn the_function_and_the_form_answer_alike() {
    let console = Console::signed_in("Grace").await;
    let on = [("sign_in_after_registration", "true")];
    let saved = console.submit_to(FUNCTION, "save", "0", &on).await;
    assert_eq!(saved.status, StatusCode::OK);
    let body: Value = serde_json::from_str(&saved.html).unwrap();
    assert!(body["notice"].as_str().unwrap().contains("Saved as revision 1"));
    assert_eq!(body["title"], "Authentication settings · Vestibule");
    assert!(body["html"].as_str().unwrap().contains("id=\"sign-in-after-registration\""));
    let refused = console.submit_to(FUNCTION, "save", "1", &[("min_password_length", "3")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let late = console.submit_to(FUNCTION, "undo", "7", &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let body: Value = serde_json::from_str(&late.html).unwrap();
    assert!(body["html"].as_str().unwrap().contains("id=\"conflict\""));
}

#[tokio::test]
async fn what_happens_instead_is_one_choice_that_leaves_the_switch_alone() {
    let proving = json!({"selfservice": {"flows": {"verification": {"enabled": true}}}});
    let console = Console::start_with(vec![proving]).await.with_operator("Grace").await;
    let page = console.get(PAGE).await;
    assert!(tag(&page.html, "id=\"after-sign-up-themselves\"").contains("checked"), "{}", page.html);
    let chosen = [("after_sign_up", "verification_first")];
    let page = console.submit("preview", "0", &chosen).await;
    assert!(tag(&page.html, "id=\"after-sign-up-verification-first\"").contains("checked"));
    let told = "When a user is not signed in: Show the verification page";
    assert!(page.html.contains(told), "{}", page.html);
    let reverted = console.submit("revert:after_sign_up", "0", &chosen).await;
    assert!(tag(&reverted.html, "id=\"after-sign-up-themselves\"").contains("checked"), "{}", reverted.html);
    let saved = console.submit("save", "0", &chosen).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=1&new=true");
    let values = console.values().await.values;
    assert!(
        values.ways("show_verification_page").all_on() && values.ways("sign_in_after_registration").all_off()
    );

    // The switch and the choice are two questions.
    let both = [("sign_in_after_registration", "true"), ("after_sign_up", "when_proven")];
    let saved = console.submit("save", "1", &both).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=2&new=true", "{}", saved.html);
    let values = console.values().await.values;
    assert!(values.ways("sign_in_after_registration").all_on() && values.is_on("sign_in_after_verification"));
    for nonsense in ["when_proved", "<script>", "at_once", ""] {
        let page = console.submit("save", "2", &[("after_sign_up", nonsense)]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY || nonsense.is_empty(), "{nonsense}");
    }
}

#[tokio::test]
async fn what_is_unsaved_is_listed_with_the_way_back_also_where_it_is_on_another_page() {
    let console = Console::signed_in("Grace").await;
    let clean = console.get(PAGE).await;
    assert!(clean.html.contains("No unsaved changes") && !clean.html.contains("revert:"), "{}", clean.html);
    let typed = [("sign_in_after_registration", "true"), ("reset_on_first_verification", "true")];
    let page = console.submit("preview", "0", &typed).await;
    assert!(page.html.contains("<b>2 unsaved changes</b>"), "{}", page.html);
    assert!(page.html.contains("Reset account on first verification: on<small>Account protection</small>"));
    assert!(page.html.contains("name=\"also.reset_on_first_verification\" value=\"true\""), "it goes along");
    let reverted = console.submit("revert:reset_on_first_verification", "0", &typed).await;
    assert!(reverted.html.contains("<b>1 unsaved change</b>") && !reverted.html.contains("name=\"also."));
    let saved = console.submit("save", "0", &typed).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=1&new=true", "{}", saved.html);
    assert!(console.values().await.values.is_on("reset_on_first_verification"));
}

#[tokio::test]
async fn every_page_of_settings_saves_undoes_and_swaps_by_the_same_code() {
    let console = Console::signed_in("Grace").await;
    let mut base = 0;
    for (path, field, value) in [
        (VERIFICATION, "require_verified_identifier", "true"),
        (PASSWORDS, "min_password_length", "14"),
        ("/settings/account-protection", "reset_on_first_verification", "true"),
    ] {
        let saved = console.submit("save", &base.to_string(), &[(field, value)]).await;
        let number = base + 1;
        assert_eq!(saved.location(), format!("{path}?saved={number}&new=true"), "{}", saved.html);
        let page = console.get(saved.location()).await;
        assert!(page.html.contains(&format!("action=\"{path}\"")) && page.html.contains("id=\"undo\""));
        let number = number.to_string();
        let undone = console.post(path, &[("action", "undo"), ("base", &number)]).await;
        assert_eq!(undone.location(), format!("{path}?saved={}&new=true&undone={base}", base + 2));
        base += 2;
    }
}

#[tokio::test]
async fn a_preset_tells_what_it_would_change_and_goes_into_the_form_alone() {
    let console = Console::signed_in("Grace").await;
    let page = console.get(PAGE).await;
    assert!(page.html.contains("data-testid=\"preset-frictionless\""), "{}", page.html);
    assert!(page.html.contains("What Frictionless trial changes"), "the diff comes before the press");
    for _ in 0..2 {
        let typed = [("require_verified_address", "true")];
        let page = console.submit_to(PAGE, "preset:frictionless", "0", &typed).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("Preset “Frictionless trial” applied."), "{}", page.html);
        assert!(tag(&page.html, "id=\"sign-in-after-registration\"").contains("checked"));
        assert!(!page.html.contains("name=\"also.require_verified_address\""), "the preset turns it off");
        assert!(page.html.contains("<b>2 unsaved changes</b>"), "{}", page.html);
    }
    let all = [("sign_in_after_registration", "true"), ("reset_on_first_verification", "true")];
    let again = console.submit("preset:frictionless", "0", &all).await;
    assert!(again.html.contains("Preset “Frictionless trial” is already applied."), "{}", again.html);
    let unknown = console.submit("preset:of_a_later_version", "0", &[]).await;
    assert_eq!(unknown.status, StatusCode::OK);
    assert_eq!(console.values().await.revision, 0, "nothing was saved");
}

#[tokio::test]
async fn a_password_is_not_kept_with_what_was_typed() {
    let mut console = Console::signed_in("Grace").await;
    console.world.clock.advance(std::time::Duration::from_secs(13 * 60 * 60));
    let typed = [("min_password_length", "15"), ("password", PASSWORD), ("reason", "a & b = c")];
    let led = console.submit("save", "0", &typed).await;
    assert!(led.location().contains("kept%3Dtrue"), "{}", led.location());
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    console.keep(&page);
    let operator = operators::list(&console.engine).await.unwrap().remove(0);
    let form = operators::kept::kept(&console.engine, &operator, PASSWORDS).await.unwrap().unwrap();
    assert!(form.contains("min_password_length=15") && !form.contains("velvet"), "{form}");
    let page = console.get("/settings/password-policy?kept=true").await;
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("value=\"15\""), "{}", page.html);
    assert!(page.html.contains("a &amp; b = c"), "{}", page.html);
}

#[tokio::test]
async fn enter_is_save_whatever_buttons_come_before_it() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("preview", "0", &[("min_password_length", "6")]).await;
    let form = &page.html[page.html.find("data-live").unwrap()..];
    let first = form.find("type=\"submit\"").unwrap();
    let start = form[..first].rfind('<').unwrap();
    let end = first + form[first..].find('>').unwrap();
    let button = &form[start..end];
    assert!(button.contains("value=\"save\"") && button.contains("id=\"save\""), "{button}");
    assert_eq!(form.matches("value=\"save\"").count(), 1, "and the one that is seen");
}

/// A gate on passwords alone, beside a provider.
fn gate_on_passwords() -> Value {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    json!({
        "selfservice": {
            "methods": {"oidc": {"enabled": true, "config": {"providers": [google]}}},
            "flows": {
                "verification": {"enabled": true},
                "login": {"after": {"password": {"hooks": [{"hook": "require_verified_address"}]}}},
            },
        },
        "courier": {"smtp": {"connection_uri": "smtps://mail.example.org/"}},
    })
}

#[tokio::test]
async fn a_gate_on_one_way_in_is_shown_as_such_levelled_by_one_press_and_given_back_by_the_history() {
    let console = Console::start_with(vec![gate_on_passwords()]).await.with_operator("Grace").await;
    let page = console.get(VERIFICATION).await;
    let switch = |html: &str| tag(html, "id=\"require-verified-address\"").to_owned();
    assert!(switch(&page.html).contains("aria-checked=\"mixed\""), "{}", page.html);
    assert!(page.html.contains("<span>On for 1 of 2</span>"), "{}", page.html);
    assert!(tag(&page.html, "id=\"require-verified-address-password\"").contains("checked"));
    assert!(!tag(&page.html, "id=\"require-verified-address-oidc\"").contains("checked"));
    assert!(page.html.contains("Sign-in with Password requires a verified email"), "{}", page.html);

    let one = ("require_verified_address.password", "true");
    let page = console.submit("level:require_verified_address", "0", &[one]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(switch(&page.html).contains("aria-checked=\"true\""), "{}", page.html);
    assert!(tag(&page.html, "id=\"require-verified-address-oidc\"").contains("checked"));
    assert!(page.html.contains("Require a verified email to sign in: on (was on for 1 of 2 (Password))"));
    assert!(!page.html.contains("Sign-in with Password requires a verified email"), "{}", page.html);

    let both = [one, ("require_verified_address.oidc", "true")];
    let saved = console.submit("save", "0", &both).await;
    assert_eq!(saved.location(), "/settings/email-verification?saved=1&new=true");
    // Leaving one out is a danger that asks why.
    let less = console.submit("save", "1", &[one]).await;
    assert_eq!(less.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(less.html.contains("Some methods skip email verification"), "{}", less.html);
    let back = console.get("/settings/history/0").await;
    assert!(
        back.html.contains("Require a verified email to sign in: on for 1 of 2 (Password) (was on)"),
        "{}",
        back.html
    );
    let done = console.post("/settings/history/0", &[("base", "1"), ("reason", "a trial")]).await;
    assert_eq!(done.location(), "/settings/history?saved=2&new=true");
    let page = console.get(VERIFICATION).await;
    assert!(switch(&page.html).contains("aria-checked=\"mixed\""), "{}", page.html);
}

/// Each setting that a variable decides names it, its control cannot be used, and a Save that asks for another value is refused.
#[tokio::test]
async fn what_a_variable_decides_is_locked_and_a_save_says_so() {
    for (variable, value, field, asked) in [
        ("SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED", "false", "breach_check", "true"),
        ("SELFSERVICE_METHODS_PASSWORD_CONFIG_MIN_PASSWORD_LENGTH", "11", "min_password_length", "12"),
        ("SELFSERVICE_FLOWS_REGISTRATION_ENABLED", "false", "registration_enabled", "true"),
        ("VESTIBULE_REGISTRATION_INVITE_ONLY", "false", "invite_only", "true"),
        ("SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS", "[]", "sign_in_after_registration", "true"),
    ] {
        let console = Console::signed_in("Grace").await;
        let sources = engine::config::load::Sources {
            documents: vec![console.world.config(Vec::new()).raw],
            environment: [(variable.to_owned(), value.to_owned())].into(),
            ..Default::default()
        };
        let config =
            engine::config::load::load(&sources, None).unwrap_or_else(|problems| panic!("{problems}")).config;
        console.engine.publish(config);
        let path = engine::settings::setting(field).unwrap().section.page.about().path;
        let page = console.get(path).await;
        assert!(
            page.html.contains("<b>Locked</b>") && page.html.contains(variable),
            "{variable}: {}",
            page.html
        );
        let control = tag(&page.html, &format!("id=\"{}\"", field.replace('_', "-")));
        assert!(control.contains("disabled"), "{field}: {control}");
        let saved = console.submit("save", "0", &[(field, asked)]).await;
        assert_eq!(saved.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(saved.html.contains(variable), "{field}: {}", saved.html);
        assert_eq!(console.values().await.revision, 0, "{field}");
    }
}
