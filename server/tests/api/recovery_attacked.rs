//! Recovery, attacked: by email scanners, by guessing, from other browsers and forms, by who compares what is told of two addresses.

use crate::recovery::{
    ANNA, NOBODY, PASSWORD, admin, asked, begin, create, mails, messages, newest_code, newest_link, place,
};
use crate::trip::{HTML, JSON, Place, Tab, document, location};
use serde_json::{Value, json};

const WRONG: &str = "000000";

fn by_link() -> Value {
    json!({"selfservice": {"methods": {"link": {"enabled": true}}, "flows": {"recovery": {"use": "link"}}}})
}

fn other_than(code: &str) -> &'static str {
    if code == WRONG { "000001" } else { WRONG }
}

#[tokio::test]
async fn an_email_scanner_uses_no_link_up() {
    let (place, _) = place("memory", by_link()).await;
    asked(&mut place.browser(), "link", ANNA).await;
    let link = newest_link(&place, ANNA).await;
    for method in ["HEAD", "GET", "HEAD", "GET", "GET"] {
        let mut scanner = place.browser();
        let answer = scanner.ask(method, &link, "*/*", None).await;
        assert_eq!(answer.status, if method == "HEAD" { 200 } else { 303 }, "{method}");
        assert!(scanner.whoami().await.is_none(), "{method} signs nobody in");
    }
    let mut user = place.browser();
    let opened = location(&user.get(&link, HTML).await);
    let id = opened.split_once("flow=").expect("a flow").1;
    let form = document(&user.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
    assert_eq!(user.submit(&form, &[("method", "link")]).await.status, 303);
    assert!(user.whoami().await.is_some(), "the link works once");
    // A form that another browser opened meanwhile is worth nothing any more.
    let mut late = place.browser();
    let opened = location(&late.get(&link, HTML).await);
    let id = opened.split_once("flow=").expect("a flow").1;
    let form = document(&late.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
    assert_eq!(messages(&form), [4_060_004]);
}

#[tokio::test]
async fn two_who_opened_one_link_recover_once() {
    let (place, _) = place("memory", by_link()).await;
    asked(&mut place.browser(), "link", ANNA).await;
    let link = newest_link(&place, ANNA).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut tab = place.browser();
        let opened = location(&tab.get(&link, HTML).await);
        let id = opened.split_once("flow=").expect("a flow").1.to_owned();
        let form = document(&tab.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
        open.push((tab, form));
    }
    let (mut one, mut other) = (open.remove(0), open.remove(0));
    let (first, second) = tokio::join!(
        one.0.submit(&one.1, &[("method", "link")]),
        other.0.submit(&other.1, &[("method", "link")])
    );
    assert_eq!((first.status, second.status), (303, 303));
    let signed_in = [one.0.whoami().await.is_some(), other.0.whoami().await.is_some()];
    assert_eq!(signed_in.into_iter().filter(|is| *is).count(), 1);
}

#[tokio::test]
async fn the_form_of_an_opened_link_is_for_that_browser_alone() {
    let (place, _) = place("memory", by_link()).await;
    asked(&mut place.browser(), "link", ANNA).await;
    let mut user = place.browser();
    let opened = location(&user.get(&newest_link(&place, ANNA).await, HTML).await);
    let id = opened.split_once("flow=").expect("a flow").1;
    let form = document(&user.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await);
    let mut stranger = place.browser();
    begin(&mut stranger).await;
    assert_eq!(stranger.get(&format!("/self-service/recovery/flows?id={id}"), JSON).await.status, 403);
    assert_eq!(stranger.post(&form, json!({"method": "link"})).await.status, 403);
    assert!(stranger.whoami().await.is_none());
}

#[tokio::test]
async fn a_code_of_one_flow_is_worth_nothing_in_another() {
    let (place, _) = place("memory", json!({})).await;
    create(&place, json!({"email": NOBODY})).await;
    let (mut one, mut other) = (place.browser(), place.browser());
    let first = asked(&mut one, "code", ANNA).await;
    let second = asked(&mut other, "code", NOBODY).await;
    let (of_anna, of_bert) = (newest_code(&place, ANNA).await, newest_code(&place, NOBODY).await);
    assert_ne!(of_anna, of_bert);
    let crossed = other.post(&second, json!({"method": "code", "code": of_anna})).await;
    assert_eq!((crossed.status, messages(&document(&crossed))), (200, vec![4_060_006]));
    // Not in another browser's form either, where nothing of its attempts is used up.
    for _ in 0..6 {
        assert_eq!(other.post(&first, json!({"method": "code", "code": of_anna})).await.status, 403);
    }
    assert!(other.whoami().await.is_none());
    assert_eq!(one.post(&first, json!({"method": "code", "code": of_anna})).await.status, 422);
}

#[tokio::test]
async fn a_code_of_a_verification_recovers_nothing_and_the_other_way_around() {
    let (place, id) =
        place("memory", json!({"selfservice": {"flows": {"verification": {"enabled": true}}}})).await;
    let mut tab = place.browser();
    let verification = document(&tab.get("/self-service/verification/browser", JSON).await);
    tab.post(&verification, json!({"method": "code", "email": ANNA})).await;
    let verifies = newest_code(&place, ANNA).await;
    let flow = asked(&mut tab, "code", ANNA).await;
    let recovers = newest_code(&place, ANNA).await;
    assert_ne!(verifies, recovers);
    let wrong = tab.post(&flow, json!({"method": "code", "code": verifies})).await;
    assert_eq!((wrong.status, messages(&document(&wrong))), (200, vec![4_060_006]));
    tab.post(&verification, json!({"method": "code", "code": recovers})).await;
    assert_eq!(place.account(&id).await["verifiable_addresses"][0]["verified"], false);
}

#[tokio::test]
async fn of_two_tabs_one_recovers_and_the_other_is_led_on() {
    let (place, id) = place("memory", json!({})).await;
    let mut tab = place.browser();
    let first = asked(&mut tab, "code", ANNA).await;
    let second = asked(&mut tab, "code", ANNA).await;
    let code = newest_code(&place, ANNA).await;
    let mut stale = tab.clone();
    assert_eq!(tab.post(&second, json!({"method": "code", "code": code})).await.status, 422);
    let session = tab.whoami().await.expect("signed in");
    let other = tab.post(&first, json!({"method": "code", "code": code})).await;
    assert_eq!(
        (other.status, document(&other)["error"]["id"].as_str()),
        (400, Some("session_already_available"))
    );
    // The same request once more, as the browser had it before the first was answered.
    let again = stale.post(&second, json!({"method": "code", "code": code})).await;
    assert_eq!(again.status, 303, "a new form takes its place");
    assert!(stale.whoami().await.is_none());
    assert_eq!(tab.whoami().await.expect("signed in")["id"], session["id"]);
    let sessions = document(&admin(&place, "GET", &format!("/admin/identities/{id}"), None).await);
    assert_eq!(sessions["state"], "active");
}

#[tokio::test]
async fn a_disabled_account_is_sent_a_code_and_not_signed_in() {
    let (place, id) = place("memory", json!({})).await;
    let mut tab = place.browser();
    let flow = asked(&mut tab, "code", ANNA).await;
    let code = newest_code(&place, ANNA).await;
    disable(&place, &id).await;
    let refused = tab.post(&flow, json!({"method": "code", "code": code})).await;
    assert_eq!(
        (refused.status, document(&refused)["error"]["details"]["identity_id"].as_str()),
        (401, Some(id.as_str()))
    );
    assert!(tab.whoami().await.is_none());
    let again = asked(&mut place.browser(), "code", ANNA).await;
    assert_eq!(messages(&again), [1_060_003], "nobody learns of it who has not read the email");
}

async fn disable(place: &Place, id: &str) {
    use engine::identity::State;
    use engine::identity::change::{IdentityChange, Record};
    let ctx = place.stand.engine.begin();
    let id = id.parse().expect("an id");
    let mut tx = ctx.db().write().await.expect("the database answers");
    let identity =
        engine::store::identities::get(&mut tx, id).await.expect("an answer").expect("an identity");
    let before = Record { identity, credentials: Vec::new() };
    let change = IdentityChange { state: Some(State::Inactive), ..IdentityChange::default() };
    let changed = change.apply(&before, &ctx.change_rules(ctx.effects().now())).expect("a change");
    let _ = engine::store::identities::change(&mut tx, &before, &changed.record).await.expect("an answer");
    tx.commit().await.expect("stored");
}

#[tokio::test]
async fn a_form_of_yesterday_gives_way_to_a_new_one() {
    for transitions in [false, true] {
        let (place, _) =
            place("memory", json!({"feature_flags": {"use_continue_with_transitions": transitions}})).await;
        let mut tab = place.browser();
        let flow = asked(&mut tab, "code", ANNA).await;
        let code = newest_code(&place, ANNA).await;
        place.advance(24 * 3600);
        let late = tab.post(&flow, json!({"method": "code", "code": code})).await;
        let next = match transitions {
            true => {
                assert_eq!(late.status, 410);
                let next = document(&late)["error"]["details"]["continue_with"][0]["flow"]["id"].clone();
                format!("/self-service/recovery/flows?id={}", next.as_str().expect("a flow"))
            }
            false => {
                assert_eq!(late.status, 303);
                location(&late)
            }
        };
        let next = document(&tab.get(&next, JSON).await);
        assert_eq!(
            (next["state"].as_str(), messages(&next)),
            (Some("choose_method"), vec![4_060_005]),
            "{next}"
        );
        assert!(tab.whoami().await.is_none());
    }
}

#[tokio::test]
async fn six_wrong_codes_end_the_strangers_form_and_not_the_owners() {
    let (place, _) = place("memory", json!({})).await;
    let mut owner = place.browser();
    let own = asked(&mut owner, "code", ANNA).await;
    let code = newest_code(&place, ANNA).await;
    let mut stranger = place.browser();
    let flow = asked(&mut stranger, "code", ANNA).await;
    let theirs = newest_code(&place, ANNA).await;
    let wrong = other_than(&theirs);
    for _ in 0..5 {
        let answer = stranger.post(&flow, json!({"method": "code", "code": wrong})).await;
        assert_eq!((answer.status, messages(&document(&answer))), (200, vec![4_060_006]));
    }
    let sixth = stranger.post(&flow, json!({"method": "code", "code": theirs})).await;
    assert_eq!(sixth.status, 303, "the right code comes too late");
    assert!(stranger.whoami().await.is_none());
    assert_eq!(owner.post(&own, json!({"method": "code", "code": code})).await.status, 422);
}

/// What somebody is told who asks for a code, types wrong ones, asks again and starts over, without what differs by chance.
async fn transcript(place: &Place, email: &str) -> Vec<String> {
    let mut tab = place.browser();
    let mut told = Vec::new();
    let flow = begin(&mut tab).await;
    let mut say = |answer: crate::support::http::Answer| {
        let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        told.push(format!("{} {names:?} {}", answer.status, neutral(&body, email)));
    };
    say(tab.post(&flow, json!({"method": "code", "email": email})).await);
    for _ in 0..2 {
        say(tab.post(&flow, json!({"method": "code", "code": WRONG})).await);
    }
    for _ in 0..7 {
        say(tab.post(&flow, json!({"method": "code", "email": email})).await);
    }
    for _ in 0..4 {
        say(tab.post(&flow, json!({"method": "code", "code": WRONG})).await);
    }
    say(tab
        .get(&format!("/self-service/recovery/flows?id={}", flow["id"].as_str().expect("an id")), JSON)
        .await);
    told
}

fn neutral(body: &str, email: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    hide(&mut body);
    body.to_string().replace(email, "EMAIL")
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(hide),
        Value::Array(list) => list.iter_mut().for_each(hide),
        Value::String(text) => {
            let is_chance =
                text.len() > 30 && (text.contains("-4") || text.len() == 88) || text.ends_with('Z');
            if is_chance {
                *text = "-".to_owned();
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn nobody_learns_from_the_answers_or_the_limits_whether_an_email_has_an_account() {
    let (place, _) = place(
        "memory",
        json!({"vestibule": {"limits": {"emails": {"per_address_and_client": 3, "per_flow": 1}}}}),
    )
    .await;
    let known = transcript(&place, ANNA).await;
    let unknown = transcript(&place, NOBODY).await;
    assert_eq!(known, unknown);
    assert!(!mails(&place, ANNA).await.is_empty() && mails(&place, NOBODY).await.is_empty());
}

#[tokio::test]
async fn the_same_statements_run_for_an_email_without_an_account() {
    let (place, _) = place("memory", json!({})).await;
    async fn cost(place: &Place, tab: &mut Tab, email: &str) -> usize {
        let flow = begin(tab).await;
        let before = place.stand.engine.db().committed().len();
        tab.post(&flow, json!({"method": "code", "email": email})).await;
        let committed = place.stand.engine.db().committed();
        committed[before..].iter().map(Vec::len).sum()
    }
    // What limits count in memory is there after the first.
    cost(&place, &mut place.browser(), "first@vestibule.test").await;
    let known = cost(&place, &mut place.browser(), ANNA).await;
    let unknown = cost(&place, &mut place.browser(), NOBODY).await;
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn a_squatter_keeps_nothing_of_an_account_whose_email_is_first_verified_by_a_recovery() {
    let (place, _) = place("memory", json!({
        "selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}},
        "vestibule": {"registration": {"reset_on_first_verification": true}},
    }))
    .await;
    place.with_password(NOBODY).await;
    let mut owner = place.browser();
    let flow = asked(&mut owner, "code", NOBODY).await;
    let code = newest_code(&place, NOBODY).await;
    assert_eq!(owner.post(&flow, json!({"method": "code", "code": code})).await.status, 422);
    assert!(owner.whoami().await.is_some());
    let (status, _) =
        place.native_password("login", json!({"identifier": NOBODY, "password": PASSWORD})).await;
    assert_eq!(status, 400, "the squatter's password is gone");
}

#[tokio::test]
async fn recovery_that_is_off_begins_nothing_and_its_page_says_so() {
    let (place, _) =
        place("memory", json!({"selfservice": {"flows": {"recovery": {"enabled": false}}}})).await;
    let mut tab = place.browser();
    assert_eq!(tab.get("/self-service/recovery/browser", JSON).await.status, 400);
    let page = tab.get("/recovery", HTML).await;
    assert_eq!(page.status, 403);
    assert!(String::from_utf8_lossy(&page.body).contains("Recovery is not available"));
    let opened = tab.get("/self-service/login/browser", HTML).await;
    let sign_in = tab.get(&location(&opened), HTML).await;
    assert!(!String::from_utf8_lossy(&sign_in.body).contains("Forgot password?"));
    place.change(json!({"selfservice": {"flows": {"recovery": {"enabled": true}}}}));
    let sign_in = tab.get(&location(&opened), HTML).await;
    assert!(String::from_utf8_lossy(&sign_in.body).contains("Forgot password?"));
}

#[tokio::test]
async fn a_sign_in_with_the_old_password_beside_a_recovery_ends_with_the_new_one() {
    let (place, _) = place("memory", json!({})).await;
    let mut owner = place.browser();
    let flow = asked(&mut owner, "code", ANNA).await;
    let code = newest_code(&place, ANNA).await;
    let old = || place.native_password("login", json!({"identifier": ANNA}));
    let (before, beside, done) =
        tokio::join!(old(), old(), owner.post(&flow, json!({"method": "code", "code": code})));
    assert_eq!(done.status, 422, "{}", document(&done));
    let (status, after) = old().await;
    assert_eq!(status, 200, "the password is good until there is a new one");
    let next = document(&done)["redirect_browser_to"].as_str().expect("an address").to_owned();
    let id = next.split_once("flow=").expect("a settings form").1;
    let settings = document(&owner.get(&format!("/self-service/settings/flows?id={id}"), JSON).await);
    let saved =
        owner.post(&settings, json!({"method": "password", "password": "Patient-Lantern-4-Harbour"})).await;
    assert_eq!(saved.status, 200, "{}", document(&saved));
    for (_, session) in [before, beside, (status, after)] {
        let Some(token) = session["session_token"].as_str() else { continue };
        assert!(!crate::recovery::token_works(&place, token).await);
    }
    assert_eq!(old().await.0, 400);
    assert!(owner.whoami().await.is_some());
}
