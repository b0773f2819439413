//! Forms in two steps and forms for a code, as a browser without a script meets them.

use super::{Browser, PASSWORD, between, built, site};
use engine::testing::code_in;
use serde_json::{Value, json};
use std::time::Duration;

const ANN: &str = "ann@vestibule.test";

fn in_steps() -> Value {
    json!({"selfservice": {"flows": {
        "registration": {"style": "profile_first"},
        "login": {"style": "identifier_first"},
    }}})
}

fn with_codes() -> Value {
    json!({
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "selfservice": {
            "methods": {"code": {"passwordless_enabled": true}},
            "flows": {"registration": {"after": {"code": {"hooks": [{"hook": "session"}]}}}},
        },
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
    })
}

#[tokio::test]
async fn a_sign_up_in_two_steps_goes_on_and_back_and_loses_nothing() {
    let (_, router) = site(in_steps()).await;
    let mut ann = Browser::new(&router);
    let first = ann.open("/registration").await;
    assert_eq!(first.heading(), "Create your account");
    assert!(
        !first.html.contains("type=\"password\"") && first.html.contains("Continue</button>"),
        "{}",
        first.html
    );
    let second = ann.send(&first, &[("method", "profile"), ("traits.email", ANN)]).await;
    assert_eq!((second.heading(), second.flow()), ("Create your account", first.flow()));
    assert!(second.html.contains("autocomplete=\"new-password\""), "{}", second.html);
    assert!(second.html.contains(&format!("as <b><bdi>{ANN}</bdi></b>")), "{}", second.html);
    let back = ann.send(&second, &[("screen", "previous"), ("traits.email", ANN)]).await;
    assert!(!back.html.contains("type=\"password\""), "{}", back.html);
    let field = between(&back.html, "type=\"email\"", ">");
    assert!(field.contains(&format!("value=\"{ANN}\"")), "{field}");
    let second = ann.send(&back, &[("method", "profile"), ("traits.email", ANN)]).await;
    let again = ann.send(&second, &[("traits.email", ANN), ("password", "short")]).await;
    assert!(again.html.contains("data-testid=\"ui/message/4000032\""), "{}", again.html);
    let done = ann.send(&again, &[("traits.email", ANN), ("password", PASSWORD)]).await;
    assert_eq!(done.heading(), "Your account is ready");
}

#[tokio::test]
async fn a_step_with_a_field_that_is_wrong_stays_where_it_is() {
    let (_, router) = site(in_steps()).await;
    let mut ann = Browser::new(&router);
    let first = ann.open("/registration").await;
    let again = ann.send(&first, &[("method", "profile"), ("traits.email", "ann")]).await;
    assert!(
        again.html.contains("<title>Error: ") && !again.html.contains("type=\"password\""),
        "{}",
        again.html
    );
    assert!(again.html.contains("value=\"ann\""), "{}", again.html);
}

#[tokio::test]
async fn a_sign_in_asks_for_the_email_and_then_for_what_the_account_has() {
    let (_, router) = site(in_steps()).await;
    let mut ann = Browser::new(&router);
    let first = ann.open("/registration").await;
    let second = ann.send(&first, &[("method", "profile"), ("traits.email", ANN)]).await;
    ann.send(&second, &[("traits.email", ANN), ("password", PASSWORD)]).await;
    let first = ann.open("/login").await;
    assert!(!first.html.contains("type=\"password\""), "{}", first.html);
    assert!(first.html.contains("autocomplete=\"username webauthn\""), "{}", first.html);
    let unknown =
        ann.send(&first, &[("method", "identifier_first"), ("identifier", "bert@vestibule.test")]).await;
    assert!(unknown.html.contains("data-testid=\"ui/message/4000037\""), "{}", unknown.html);
    let second = ann.send(&unknown, &[("method", "identifier_first"), ("identifier", ANN)]).await;
    assert!(second.html.contains(&format!("as <b><bdi>{ANN}</bdi></b>")), "{}", second.html);
    assert!(second.html.contains("data-testid=\"anew\""), "{}", second.html);
    let home = ann.send(&second, &[("identifier", ANN), ("password", PASSWORD)]).await;
    assert_eq!(home.heading(), "You are signed in");
}

#[tokio::test]
async fn an_unknown_email_leads_to_the_same_second_step_where_accounts_are_hidden() {
    let mut hidden = in_steps();
    hidden["security"] = json!({"account_enumeration": {"mitigate": true}});
    let (_, router) = site(hidden).await;
    let mut ann = Browser::new(&router);
    let first = ann.open("/login").await;
    let second = ann.send(&first, &[("method", "identifier_first"), ("identifier", ANN)]).await;
    assert!(second.html.contains("autocomplete=\"current-password\""), "{}", second.html);
    assert!(!second.html.contains("ui/message/4000037"), "{}", second.html);
}

#[tokio::test]
async fn a_code_is_asked_for_entered_and_sent_again_after_a_pause() {
    let (world, engine, router) = built(with_codes()).await;
    let last_code = async || {
        engine::courier::deliver(&engine).await.unwrap();
        code_in(&world.mailer.sent().last().unwrap().text)
    };
    let mut ann = Browser::new(&router);
    let form = ann.open("/registration").await;
    let asked = ann.send(&form, &[("method", "code"), ("traits.email", ANN)]).await;
    assert_eq!((asked.heading(), asked.flow()), ("Check your email", form.flow()));
    let field = between(&asked.html, "name=\"code\"", ">");
    assert!(
        field.contains("autocomplete=\"one-time-code\"") && field.contains("inputmode=\"numeric\""),
        "{field}"
    );
    assert!(asked.html.contains(&format!("for <b><bdi>{ANN}</bdi></b>")), "{}", asked.html);
    assert!(asked.html.contains("class=\"resend wait-"), "the pause has begun: {}", asked.html);
    world.clock.advance(Duration::from_secs(120));
    let later = ann.open(&format!("/registration?flow={}", form.flow())).await;
    assert!(later.html.contains("class=\"resend\""), "{}", later.html);
    let again = between(&later.html, "class=\"resend\"", "</form>");
    assert!(again.contains(&format!("name=\"traits.email\" value=\"{ANN}\"")), "{again}");
    assert!(again.contains("name=\"resend\" value=\"code\""), "{again}");
    let resent = ann.send(&later, &[("method", "code"), ("traits.email", ANN), ("resend", "code")]).await;
    assert_eq!(resent.heading(), "Check your email");
    let code = last_code().await;
    let home = ann.send(&resent, &[("method", "code"), ("traits.email", ANN), ("code", &code)]).await;
    assert_eq!(home.heading(), "You are signed in");

    let mut phone = Browser::new(&router);
    let form = phone.open("/login").await;
    let asked = phone.send(&form, &[("method", "code"), ("identifier", ANN)]).await;
    assert_eq!(asked.heading(), "Check your email");
    let code = last_code().await;
    let home = phone.send(&asked, &[("method", "code"), ("identifier", ANN), ("code", &code)]).await;
    assert_eq!(home.heading(), "You are signed in");
}
