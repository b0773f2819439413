//! A new email in the account settings: verified before it takes the place of the old one, and told to those that were there before.

use crate::account_settings::{ANNA, Form, Member, NEW, messages, new_email, opens_with};
use crate::clients::{HTML, Kind, PASSWORD, Site, accounts, code_in, document, sign_up, stand};
use crate::support::http::Answer;
use crate::support::stand::Stand;
use base64::Engine as _;
use serde_json::{Value, json};

const ANNE: &str = "anne@vestibule.test";
const BERT: &str = "bert@vestibule.test";

/// Accounts with up to two emails; `hooks` run after a change of the profile.
async fn place(dsn: &str, hooks: Value) -> (Stand, Site) {
    let marks = json!({"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}, "recovery": {"via": "email"}});
    let address = json!({"type": "string", "format": "email", "ory.sh/kratos": marks});
    let schema = json!({"$id": "https://vestibule.test/two", "type": "object", "properties": {"traits": {
        "type": "object", "properties": {"email": address, "other": address, "name": {"type": "string"}},
        "required": ["email"],
    }}});
    let schema = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    let config = json!({
        "identity": {"schemas": [{"id": "default", "url": format!("base64://{schema}")}]},
        "selfservice": {"flows": {
            "verification": {"enabled": true},
            "settings": {"after": {"profile": {"hooks": hooks}}},
        }},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
    });
    stand(dsn, config).await
}

fn verify_first() -> Value {
    json!([{"hook": "verify_new_address"}])
}

/// Emails to that address, oldest first.
async fn mails(stand: &Stand, to: &str) -> Vec<String> {
    engine::courier::deliver(&stand.engine).await.expect("the courier works");
    let sent = stand.world.mailer.sent();
    sent.iter().filter(|mail| mail.to == to).map(|mail| mail.text.clone()).collect()
}

async fn newest_code(stand: &Stand, to: &str) -> String {
    code_in(mails(stand, to).await.last().expect("an email"))
}

/// The verification that a response leads to.
fn leads_to(answer: &Answer) -> String {
    let flow = document(answer);
    let next = &flow["continue_with"][0];
    assert_eq!((answer.status, &next["action"]), (200, &json!("show_verification_ui")), "{flow}");
    next["flow"]["id"].as_str().expect("an id").to_owned()
}

async fn types(member: &mut Member, verification: &str, code: &str) -> Value {
    let target = format!("/self-service/verification?flow={verification}");
    let answer = member.person.post(&target, &[], &json!({"method": "code", "code": code})).await;
    document(&answer)
}

async fn begins(site: &Site) -> (Member, Form) {
    sign_up(site, Kind::Native, ANNA).await;
    let mut anna = Member::app(site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    (anna, form)
}

#[tokio::test]
async fn a_new_email_takes_the_place_of_the_old_one_with_its_code() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let (stand, site) = place(&dsn, verify_first()).await;
        let (mut anna, form) = begins(&site).await;
        let before = mails(&stand, ANNA).await.len();
        // What is no new email is stored at once.
        let named = json!({"method": "profile", "traits": {"email": ANNA, "name": "Anna"}});
        assert_eq!(document(&anna.send(&form, named).await)["state"], "success");
        let held = anna.send(&form, new_email(ANNE)).await;
        let verification = leads_to(&held);
        let flow = document(&held);
        assert_eq!((&flow["state"], messages(&flow)), (&json!("show_form"), vec![1_950_004]));
        assert_eq!(flow["continue_with"][0]["flow"]["verifiable_address"], ANNE);
        assert_eq!(accounts(&site).await, [ANNA], "nothing changed yet");
        assert!(opens_with(&site, ANNA, PASSWORD).await && !opens_with(&site, ANNE, PASSWORD).await);
        let code = newest_code(&stand, ANNE).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(types(&mut anna, &verification, wrong).await["state"], "sent_email");
        assert_eq!(types(&mut anna, &verification, &code).await["state"], "passed_challenge");
        assert_eq!(accounts(&site).await, [ANNE]);
        assert!(opens_with(&site, ANNE, PASSWORD).await && !opens_with(&site, ANNA, PASSWORD).await);
        let whoami = document(&anna.get("/sessions/whoami").await);
        let address = &whoami["identity"]["verifiable_addresses"][0];
        assert_eq!((&address["value"], &address["verified"]), (&json!(ANNE), &json!(true)));
        assert_eq!(mails(&stand, ANNA).await.len(), before, "no hook tells the old one");
        assert_ne!(types(&mut anna, &verification, &code).await["state"], "sent_email", "once");
    }
}

#[tokio::test]
async fn a_change_that_waits_ends_with_its_session_and_with_another_change() {
    let (stand, site) = place("memory", verify_first()).await;
    let (mut anna, form) = begins(&site).await;
    // Another change of the traits.
    let verification = leads_to(&anna.send(&form, new_email(ANNE)).await);
    let named = json!({"method": "profile", "traits": {"email": ANNA, "name": "Anna"}});
    assert_eq!(anna.send(&form, named).await.status, 200);
    let code = newest_code(&stand, ANNE).await;
    types(&mut anna, &verification, &code).await;
    assert_eq!(accounts(&site).await, [ANNA]);
    // A newer one.
    let older = leads_to(&anna.send(&form, new_email(ANNE)).await);
    let code = newest_code(&stand, ANNE).await;
    leads_to(&anna.send(&form, new_email(BERT)).await);
    types(&mut anna, &older, &code).await;
    assert_eq!(accounts(&site).await, [ANNA]);
    // The session has ended, as when the user of the account got rid of whoever made the change.
    let verification = leads_to(&anna.send(&form, new_email(ANNE)).await);
    let code = newest_code(&stand, ANNE).await;
    let mut owner = Member::page(&site, ANNA, PASSWORD).await;
    assert_eq!(owner.person.ask("DELETE", "/sessions", HTML, &[], None).await.status, 200);
    types(&mut anna, &verification, &code).await;
    assert_eq!(accounts(&site).await, [ANNA]);
}

#[tokio::test]
async fn an_email_of_another_account_is_refused_and_so_are_two_at_once() {
    let (stand, site) = place("memory", verify_first()).await;
    sign_up(&site, Kind::Native, BERT).await;
    let (mut anna, form) = begins(&site).await;
    let refused = anna.send(&form, new_email(BERT)).await;
    assert_eq!((refused.status, messages(&document(&refused))), (400, vec![4_000_007]));
    let two = json!({"method": "profile", "traits": {"email": ANNE, "other": "third@vestibule.test"}});
    let refused = anna.send(&form, two).await;
    let flow = document(&refused);
    assert_eq!(
        (refused.status, messages(&flow).last(), &flow["state"]),
        (200, Some(&4_050_002), &json!("show_form"))
    );
    assert!(mails(&stand, ANNE).await.is_empty());
    // Somebody signs up with it while the code is on its way.
    let verification = leads_to(&anna.send(&form, new_email(ANNE)).await);
    let code = newest_code(&stand, ANNE).await;
    sign_up(&site, Kind::Native, ANNE).await;
    let form = types(&mut anna, &verification, &code).await;
    assert!(messages(&form).contains(&4_000_007), "{form}");
    let mut all = accounts(&site).await;
    all.sort();
    assert_eq!(all, [ANNA, ANNE, BERT]);
}

#[tokio::test]
async fn emails_from_before_a_change_are_told() {
    for (recipients, told) in
        [("removed", [true, false]), ("all_verified", [false, false]), ("all", [true, true])]
    {
        let hook = json!([{"hook": "notify_previous_addresses", "config": {"recipients": recipients}}]);
        let (stand, site) = place("memory", hook).await;
        let (mut anna, form) = begins(&site).await;
        let other = "other@vestibule.test";
        let both = json!({"method": "profile", "traits": {"email": ANNA, "other": other}});
        assert_eq!(anna.send(&form, both).await.status, 200);
        let counts = [mails(&stand, ANNA).await.len(), mails(&stand, other).await.len()];
        let change = json!({"method": "profile", "traits": {"email": ANNE, "other": other}});
        assert_eq!(anna.send(&form, change).await.status, 200);
        assert_eq!(accounts(&site).await, [ANNE]);
        for ((to, before), told) in [ANNA, other].into_iter().zip(counts).zip(told) {
            let now = mails(&stand, to).await;
            let new = &now[before..];
            let changed = new.iter().filter(|text| text.contains("were changed")).count();
            assert_eq!(changed, usize::from(told), "{recipients}: {to} {new:?}");
        }
        // What changes no email tells nobody.
        let named = json!({"method": "profile", "traits": {"email": ANNE, "other": other, "name": NEW}});
        assert_eq!(anna.send(&form, named).await.status, 200);
        assert!(mails(&stand, ANNE).await.iter().all(|text| !text.contains("were changed")));
    }
}
