//! Recovery from outside: by a code, by a link, by an operator, for browsers, single-page apps and apps, and what it does to the account.

use crate::clients::code_in;
use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use crate::trip::{HTML, JSON, Place, Tab, document, lay_over, location};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::testing::postgres;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "Correct-Horse-9-Battery";
pub(crate) const ANNA: &str = "anna@vestibule.test";
pub(crate) const NOBODY: &str = "bert@vestibule.test";

/// Recovery is on, and Anna has an account.
pub(crate) async fn place(dsn: &str, more: Value) -> (Place, String) {
    let place = Place::start(dsn, |_| {
        let mut document = json!({"selfservice": {"flows": {"recovery": {"enabled": true}}}});
        lay_over(&mut document, more);
        document
    })
    .await;
    let id = create(&place, json!({"email": ANNA})).await;
    (place, id)
}

pub(crate) async fn create(place: &Place, traits: Value) -> String {
    let body = json!({"traits": traits, "credentials": {"password": {"config": {"password": PASSWORD}}}});
    let answer = admin(place, "POST", "/admin/identities", Some(body)).await;
    assert_eq!(answer.status, 201, "{}", document(&answer));
    document(&answer)["id"].as_str().expect("an id").to_owned()
}

pub(crate) async fn admin(place: &Place, method: &str, target: &str, body: Option<Value>) -> Answer {
    let mut headers = vec![("Host".to_owned(), place.admin.clone()), ("Accept".to_owned(), JSON.to_owned())];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), JSON.to_owned()));
    }
    let body = body.map(|body| body.to_string());
    send(&place.admin, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

pub(crate) async fn mails(place: &Place, to: &str) -> Vec<String> {
    while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
    let sent = place.stand.world.mailer.sent();
    sent.into_iter().filter(|mail| mail.to == to).map(|mail| mail.text).collect()
}

pub(crate) async fn newest_code(place: &Place, to: &str) -> String {
    code_in(mails(place, to).await.last().expect("an email"))
}

pub(crate) async fn newest_link(place: &Place, to: &str) -> String {
    let mail = mails(place, to).await.pop().expect("an email");
    let link = mail.split_whitespace().find(|word| word.starts_with("http")).expect("a link");
    link.to_owned()
}

/// A form of a single-page app, in that browser.
pub(crate) async fn begin(tab: &mut Tab) -> Value {
    let answer = tab.get("/self-service/recovery/browser", JSON).await;
    assert_eq!(answer.status, 200, "{}", document(&answer));
    document(&answer)
}

/// The same after it asked for an email.
pub(crate) async fn asked(tab: &mut Tab, method: &str, email: &str) -> Value {
    let flow = begin(tab).await;
    let answer = tab.post(&flow, json!({"method": method, "email": email})).await;
    assert_eq!(answer.status, 200, "{}", document(&answer));
    document(&answer)
}

pub(crate) fn messages(flow: &Value) -> Vec<i64> {
    let list = flow["ui"]["messages"].as_array();
    list.into_iter().flatten().filter_map(|message| message["id"].as_i64()).collect()
}

async fn amr(tab: &mut Tab) -> Option<Value> {
    tab.whoami().await.map(|session| session["authentication_methods"][0]["method"].clone())
}

fn native() -> Value {
    json!({"identifier": ANNA})
}

pub(crate) async fn token_works(place: &Place, token: &str) -> bool {
    let headers = [
        ("Host".to_owned(), place.public.clone()),
        ("Accept".to_owned(), JSON.to_owned()),
        ("X-Session-Token".to_owned(), token.to_owned()),
    ];
    send(&place.public, "GET", "/sessions/whoami", &headers, None).await.expect("an answer").status == 200
}

async fn a_code_signs_in(dsn: &str) {
    let (place, id) = place(dsn, json!({})).await;
    let (status, before) = place.native_password("login", native()).await;
    assert_eq!(status, 200, "{before}");
    let before = before["session_token"].as_str().expect("a token").to_owned();
    assert!(token_works(&place, &before).await);

    let mut tab = place.browser();
    let flow = asked(&mut tab, "code", ANNA).await;
    assert_eq!((flow["state"].as_str(), messages(&flow)), (Some("sent_email"), vec![1_060_003]));
    let code = newest_code(&place, ANNA).await;
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let done = tab.post(&flow, json!({"method": "code", "code": spaced})).await;
    assert_eq!(done.status, 422, "{}", document(&done));
    assert_eq!(document(&done)["error"]["id"], "browser_location_change_required");

    assert_eq!(amr(&mut tab).await, Some(json!("code_recovery")));
    assert!(!token_works(&place, &before).await, "every other session ends");
    let account = place.account(&id).await;
    assert_eq!(
        account["verifiable_addresses"][0]["verified"], true,
        "whoever has the code has read the email"
    );
}

#[tokio::test]
async fn a_code_signs_in_verifies_its_email_and_ends_every_other_session() {
    a_code_signs_in("memory").await;
}

#[tokio::test]
async fn a_code_signs_in_verifies_its_email_and_ends_every_other_session_on_postgresql() {
    a_code_signs_in(&postgres::database().await).await;
}

#[tokio::test]
async fn an_app_gets_its_token_in_continue_with_and_a_cookie_without_it() {
    for transitions in [true, false] {
        let (place, _) =
            place("memory", json!({"feature_flags": {"use_continue_with_transitions": transitions}})).await;
        let mut app = place.browser();
        let flow = document(&app.get("/self-service/recovery/api", JSON).await);
        app.post(&flow, json!({"method": "code", "email": ANNA})).await;
        let code = newest_code(&place, ANNA).await;
        let done = app.post(&flow, json!({"method": "code", "code": code})).await;
        let body = document(&done);
        if transitions {
            assert_eq!((done.status, body["state"].as_str()), (200, Some("passed_challenge")), "{body}");
            let token = body["continue_with"][0]["ory_session_token"].as_str().expect("a token");
            assert!(token_works(&place, token).await);
            assert!(app.whoami().await.is_none(), "no cookie beside it");
            let again = app.post(&flow, json!({"method": "code", "code": code})).await;
            assert_eq!(again.status, 400, "{}", document(&again));
            assert_eq!(
                document(&again)["error"]["details"]["continue_with"][0]["action"],
                "show_recovery_ui"
            );
        } else {
            assert_eq!(
                (done.status, body["error"]["id"].as_str()),
                (422, Some("browser_location_change_required"))
            );
            assert_eq!(amr(&mut app).await, Some(json!("code_recovery")));
        }
    }
}

#[tokio::test]
async fn a_new_code_voids_the_one_before() {
    let (place, _) = place("memory", json!({})).await;
    let mut tab = place.browser();
    let flow = asked(&mut tab, "code", ANNA).await;
    let first = newest_code(&place, ANNA).await;
    let again = tab.post(&flow, json!({"method": "code", "email": ANNA})).await;
    assert_eq!(again.status, 200);
    let second = newest_code(&place, ANNA).await;
    assert_ne!(first, second);
    let wrong = tab.post(&flow, json!({"method": "code", "code": first})).await;
    assert_eq!((wrong.status, messages(&document(&wrong))), (200, vec![4_060_006]));
    assert_eq!(tab.post(&flow, json!({"method": "code", "code": second})).await.status, 422);
}

#[tokio::test]
async fn who_asks_for_a_link_recovers_by_it_in_any_browser() {
    let (place, _) = place(
        "memory",
        json!({"selfservice": {
            "methods": {"link": {"enabled": true}}, "flows": {"recovery": {"use": "link"}},
        }}),
    )
    .await;
    let mut tab = place.browser();
    let flow = asked(&mut tab, "link", ANNA).await;
    assert_eq!((flow["state"].as_str(), messages(&flow)), (Some("sent_email"), vec![1_060_002]));
    let link = newest_link(&place, ANNA).await;

    let mut phone = place.browser();
    let opened = phone.get(&link, HTML).await;
    assert_eq!(opened.status, 303);
    let page = phone.get(&location(&opened), HTML).await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("Continue to sign in and set a new password"), "{html}");
    assert!(!html.contains(link.split_once("token=").expect("a token").1), "the page holds no secret");
    assert!(phone.whoami().await.is_none(), "a GET signs nobody in");
    let (_, id) =
        location(&opened).split_once("flow=").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a flow");
    let form = document(&phone.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
    let done = phone.submit(&form, &[("method", "link")]).await;
    assert_eq!(done.status, 303);
    assert_eq!(amr(&mut phone).await, Some(json!("link_recovery")));

    let mut other = place.browser();
    let used = other.get(&link, HTML).await;
    let html = String::from_utf8_lossy(&other.get(&location(&used), HTML).await.body).into_owned();
    assert!(html.contains("ui/message/4060004"), "{html}");
}

#[tokio::test]
async fn a_link_of_this_server_signs_in_by_being_opened_only_where_that_is_configured() {
    let (place, _) = place(
        "memory",
        json!({
            "selfservice": {"methods": {"link": {"enabled": true}}, "flows": {"recovery": {"use": "link"}}},
            "vestibule": {"links": {"confirm": "never"}},
        }),
    )
    .await;
    asked(&mut place.browser(), "link", ANNA).await;
    let mut tab = place.browser();
    tab.get(&newest_link(&place, ANNA).await, HTML).await;
    assert_eq!(amr(&mut tab).await, Some(json!("link_recovery")));
}

#[tokio::test]
async fn an_operators_code_works_in_any_browser_and_verifies_nothing() {
    let (place, id) = place("memory", json!({})).await;
    let made =
        admin(&place, "POST", "/admin/recovery/code", Some(json!({"identity_id": id, "expires_in": "12h"})))
            .await;
    assert_eq!(made.status, 201);
    let made = document(&made);
    let mut tab = place.browser();
    let page = tab.get(made["recovery_link"].as_str().expect("a link"), HTML).await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("Enter your recovery code") && html.contains("one-time-code"), "{html}");
    let flow = made["recovery_link"]
        .as_str()
        .and_then(|link| link.split_once("flow="))
        .expect("a flow")
        .1
        .to_owned();
    let form = document(&tab.get(&format!("/self-service/recovery/flows?id={flow}"), JSON).await);
    // An email is not sent for it, whoever asks.
    let asks = tab.post(&form, json!({"method": "code", "email": ANNA})).await;
    assert_eq!(asks.status, 400);
    place.advance(11 * 3600);
    let done = tab.post(&form, json!({"method": "code", "code": made["recovery_code"]})).await;
    assert_eq!(done.status, 422, "{}", document(&done));
    assert_eq!(amr(&mut tab).await, Some(json!("code_recovery")));
    assert_eq!(place.account(&id).await["verifiable_addresses"][0]["verified"], false);
    assert!(mails(&place, ANNA).await.is_empty());
    let mut tx = place.stand.engine.db().read().await.expect("the database answers");
    let filter = engine::operators::audit::Filter { actor: None, action: Some("recovery.code") };
    let noted = engine::store::audit::page(&mut tx, filter, None, 9).await.expect("the audit log");
    assert_eq!(noted.len(), 1);
}

#[tokio::test]
async fn what_an_operator_asks_for_is_judged() {
    let (place, id) = place("memory", json!({"selfservice": {"methods": {"link": {"enabled": true}}}})).await;
    for (target, body, status) in [
        ("code", json!({"identity_id": id, "expires_in": "-1h"}), 400),
        ("code", json!({"identity_id": id, "expires_in": "0"}), 400),
        ("code", json!({"identity_id": id, "expires_in": "999999h"}), 400),
        ("code", json!({"identity_id": id, "flow_type": "smoke signal"}), 400),
        ("code", json!({"identity_id": "nobody"}), 400),
        ("code", json!({}), 400),
        ("link", json!({"identity_id": "7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e"}), 400),
        ("link?return_to=https://evil.example/", json!({"identity_id": id}), 400),
        ("link?return_to=/welcome", json!({"identity_id": id}), 200),
    ] {
        let answer = admin(&place, "POST", &format!("/admin/recovery/{target}"), Some(body.clone())).await;
        assert_eq!(answer.status, status, "{target} {body}: {}", document(&answer));
    }
}

#[tokio::test]
async fn an_address_that_nobody_has_is_told_so_by_email_where_that_is_configured() {
    for notify in [false, true] {
        let keys = json!({"selfservice": {"flows": {"recovery": {"notify_unknown_recipients": notify}}}});
        let (place, _) = place("memory", keys).await;
        asked(&mut place.browser(), "code", NOBODY).await;
        let mails = mails(&place, NOBODY).await;
        assert_eq!(mails.len(), usize::from(notify), "{mails:?}");
        assert!(mails.iter().all(|mail| mail.contains("no account there")), "{mails:?}");
    }
}

#[tokio::test]
async fn users_with_several_emails_choose_one_and_enter_it_in_full() {
    let person = json!({
        "type": "object",
        "properties": {"traits": {"type": "object", "properties": {
            "email": {"type": "string", "format": "email", "ory.sh/kratos": {
                "credentials": {"password": {"identifier": true}}, "recovery": {"via": "email"}, "verification": {"via": "email"},
            }},
            "other": {"type": "string", "format": "email", "ory.sh/kratos": {"recovery": {"via": "email"}}},
        }}},
    });
    let schema = format!("base64://{}", STANDARD.encode(person.to_string()));
    let place = Place::start("memory", |_| {
        json!({
            "identity": {"schemas": [{"id": "default", "url": schema}]},
            "selfservice": {"flows": {"recovery": {"enabled": true}}},
            "feature_flags": {"choose_recovery_address": true},
        })
    })
    .await;
    const OTHER: &str = "anna.other@vestibule.test";
    create(&place, json!({"email": ANNA, "other": OTHER})).await;
    let mut tab = place.browser();
    let flow = begin(&mut tab).await;
    assert_eq!(flow["state"], "recovery_awaiting_address");
    let choice = document(&tab.post(&flow, json!({"method": "code", "recovery_address": ANNA})).await);
    assert_eq!(choice["state"], "recovery_awaiting_address_choice", "{choice}");
    let offered: Vec<&Value> = choice["ui"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter(|node| node["attributes"]["name"] == "recovery_select_address")
        .collect();
    let labels: Vec<&str> =
        offered.iter().filter_map(|node| node["meta"]["label"]["text"].as_str()).collect();
    assert_eq!(labels, ["an****@vestibule.test", "an****@vestibule.test"]);
    assert!(!choice.to_string().contains(OTHER));
    let pick = |at: usize| {
        json!({
            "method": "code", "recovery_address": ANNA, "recovery_select_address": offered[at]["attributes"]["value"],
        })
    };
    let none = tab
        .post(&flow, json!({"method": "code", "recovery_address": ANNA, "recovery_select_address": "AAAA"}))
        .await;
    assert_eq!(none.status, 400);
    let confirms = document(&tab.post(&flow, pick(1)).await);
    assert_eq!(
        (confirms["state"].as_str(), messages(&confirms)),
        (Some("recovery_confirming_address"), vec![1_060_005])
    );
    let back = document(
        &tab.post(&flow, json!({"method": "code", "recovery_address": ANNA, "screen": "previous"})).await,
    );
    assert_eq!(back["state"], "recovery_awaiting_address_choice");
    tab.post(&flow, pick(1)).await;
    let typed = json!({"method": "code", "recovery_address": ANNA, "recovery_confirm_address": OTHER});
    let sent = document(&tab.post(&flow, typed).await);
    assert_eq!((sent["state"].as_str(), messages(&sent)), (Some("recovery_awaiting_code"), vec![1_060_004]));
    assert!(mails(&place, ANNA).await.is_empty());
    let done = tab
        .post(
            &flow,
            json!({"method": "code", "recovery_address": ANNA, "code": newest_code(&place, OTHER).await}),
        )
        .await;
    assert_eq!(done.status, 422, "{}", document(&done));
    assert_eq!(amr(&mut tab).await, Some(json!("code_recovery")));
}

#[tokio::test]
async fn a_web_hook_may_keep_a_recovery_from_signing_in() {
    let sink = Sink::start().await;
    let refuses =
        json!({"messages": [{"messages": [{"id": 4_900_100, "text": "Not today.", "type": "error"}]}]});
    sink.says("/asks", Says::This(403, refuses.to_string()));
    let hook = json!({"hook": "web_hook", "config": {
        "url": format!("{}/asks", sink.base), "method": "POST", "can_interrupt": true,
    }});
    let (place, id) =
        place("memory", json!({"selfservice": {"flows": {"recovery": {"after": {"hooks": [hook]}}}}})).await;
    let mut tab = place.browser();
    let flow = asked(&mut tab, "code", ANNA).await;
    let code = newest_code(&place, ANNA).await;
    let refused = tab.post(&flow, json!({"method": "code", "code": code})).await;
    assert_eq!(
        (refused.status, messages(&document(&refused))),
        (400, vec![4_900_100]),
        "{}",
        document(&refused)
    );
    assert!(tab.whoami().await.is_none());
    assert_eq!(place.account(&id).await["verifiable_addresses"][0]["verified"], false);
    sink.says("/asks", Says::This(200, "{}".to_owned()));
    assert_eq!(tab.post(&flow, json!({"method": "code", "code": code})).await.status, 422);
}

#[tokio::test]
async fn a_verification_by_link_waits_for_its_button_too() {
    let (place, id) = place("memory", json!({"selfservice": {
        "methods": {"link": {"enabled": true}}, "flows": {"verification": {"enabled": true, "use": "link"}},
    }}))
    .await;
    let mut tab = place.browser();
    let flow = document(&tab.get("/self-service/verification/browser", JSON).await);
    let sent = document(&tab.post(&flow, json!({"method": "link", "email": ANNA})).await);
    assert_eq!((sent["active"].as_str(), messages(&sent)), (Some("link"), vec![1_080_001]), "{sent}");
    let link = newest_link(&place, ANNA).await;
    let verified = || async { place.account(&id).await["verifiable_addresses"][0]["verified"].clone() };
    let mut phone = place.browser();
    let opened = phone.get(&link, HTML).await;
    let html = String::from_utf8_lossy(&phone.get(&location(&opened), HTML).await.body).into_owned();
    assert!(html.contains("Continue"), "{html}");
    assert_eq!(verified().await, false, "scanners open links");
    let form = document(
        &phone
            .get(
                &format!("/self-service/verification/flows?id={}", flow["id"].as_str().expect("an id")),
                JSON,
            )
            .await,
    );
    let secret = crate::trip::node(&form, "code").expect("the link's secret")["attributes"]["value"].clone();
    let done = phone.submit(&form, &[("method", "link"), ("code", secret.as_str().expect("a text"))]).await;
    assert_eq!(done.status, 303);
    assert_eq!(verified().await, true);
}

#[tokio::test]
async fn the_page_works_without_a_script_and_names_its_fields_for_the_browser() {
    let (place, _) = place("memory", json!({})).await;
    let mut tab = place.browser();
    let begun = tab.get("/recovery", HTML).await;
    let begun = tab.get(&location(&begun), HTML).await;
    let page = location(&begun);
    let html = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let first = html(&tab.get(&page, HTML).await);
    for part in
        ["Recover your account", "type=\"email\"", "autocomplete=\"email\"", "autocapitalize=\"none\""]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    let id = page.split_once("flow=").expect("a flow").1;
    let form = document(&tab.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
    assert_eq!(location(&tab.submit(&form, &[("method", "code"), ("email", ANNA)]).await), page);
    let second = html(&tab.get(&page, HTML).await);
    for part in
        [ANNA, "autocomplete=\"one-time-code\"", "inputmode=\"numeric\"", "data-testid=\"resend\"", "wait-60"]
    {
        assert!(second.contains(part), "{part}: {second}");
    }
    assert!(
        !second.contains("maxlength") && !second.contains("<script"),
        "codes are pasted with spaces: {second}"
    );
    tab.submit(&form, &[("method", "code"), ("code", "12")]).await;
    let third = html(&tab.get(&page, HTML).await);
    assert!(third.contains("Error: Check your email") && third.contains("ui/message/4060006"), "{third}");
    place.advance(2 * 3600);
    let late = tab.get(&page, HTML).await;
    let anew = tab.get(&location(&late), HTML).await;
    let fourth = html(&tab.get(&location(&anew), HTML).await);
    assert!(fourth.contains("Your form expired"), "{fourth}");
}
