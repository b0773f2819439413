//! What operators do to a user, with the same result with and without the script.

use crate::client::{Console, EMAIL};
use crate::users::UNKNOWN;
use axum::http::StatusCode;
use engine::flow;
use engine::form::outcome::Outcome;
use engine::ids::{FlowId, IdentityId};
use engine::model::FlowKind;
use engine::operators::Role;
use engine::session::{self, DeviceInfo};
use engine::store::deliveries::{self, Delivery, Kind, Status};
use engine::store::{identities, messages, sessions};
use engine::testing::{code_in, form};
use engine::{courier, ids};
use serde_json::json;
use std::time::Duration;

impl Console {
    /// The user signs in on a device; the token of the session.
    pub(crate) async fn signs_in(&self, id: IdentityId, user_agent: &str) -> (String, ids::SessionId) {
        let ctx = self.engine.begin();
        let mut tx = self.engine.db().write().await.unwrap();
        let identity = identities::get(&mut tx, id).await.unwrap().unwrap();
        let device = DeviceInfo {
            user_agent: user_agent.to_owned(),
            ip_address: "203.0.113.24".to_owned(),
            ..DeviceInfo::default()
        };
        let (session, token) = session::new(&ctx, &identity, "password", &device);
        sessions::insert(&mut tx, &session).await.unwrap();
        tx.commit().await.unwrap();
        (token, session.id)
    }

    pub(crate) async fn is_signed_in(&self, token: &str) -> bool {
        session::whoami(&self.engine.begin(), token).await.unwrap().is_some()
    }

    pub(crate) async fn exists(&self, id: IdentityId) -> bool {
        let mut tx = self.engine.db().read().await.unwrap();
        identities::get(&mut tx, id).await.unwrap().is_some()
    }

    async fn emails_to(&self, address: &str) -> Vec<messages::Message> {
        let filter = messages::Filter { recipient: Some(address.to_owned()), ..messages::Filter::default() };
        messages::list(&mut self.engine.db().read().await.unwrap(), &filter, 100).await.unwrap()
    }

    /// How often the operator did that.
    pub(crate) async fn did(&self, action: &str) -> usize {
        let all = self.audited().await;
        all.iter().filter(|(own, by)| own == action && by == EMAIL).count()
    }
}

fn page_of(id: IdentityId) -> String {
    format!("/users/{id}")
}

#[tokio::test]
async fn a_disabled_user_is_signed_out_at_once_and_enabling_brings_no_session_back() {
    let console = Console::with_users().await;
    let ada = console.verified("ada@example.org").await;
    let bob = console.verified("bob@example.org").await;
    let (token, _) = console.signs_in(ada, "").await;
    let (other, _) = console.signs_in(bob, "").await;
    let path = page_of(ada);
    assert!(console.get(&path).await.html.contains("Unknown device"));
    for (swap, (verb, state)) in [(false, ("disable", "Disabled")), (true, ("enable", "Active"))] {
        // Twice: another operator was faster.
        for _ in 0..2 {
            let answer = console.answer(&path, &[("action", verb)], swap).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
            assert_eq!(answer.location(), format!("{path}?done={verb}d"));
        }
        let page = console.get(&path).await;
        assert!(
            page.html.contains(&format!("data-testid=\"state\" class=\"mark\">{state}<")),
            "{}",
            page.html
        );
        assert!(!console.is_signed_in(&token).await, "after {verb}");
        assert_eq!(console.did(&format!("user.{verb}")).await, 1);
    }
    assert!(console.is_signed_in(&other).await);
    let told = console.get(&format!("{path}?done=disabled")).await;
    assert!(told.html.contains("User disabled. All sessions are over."));
}

#[tokio::test]
async fn one_session_or_all_of_a_user_are_signed_out() {
    let console = Console::with_users().await;
    let ada = console.verified("ada@example.org").await;
    let firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0";
    let (first, id) = console.signs_in(ada, firefox).await;
    let (second, _) = console.signs_in(ada, "curl/8").await;
    let (third, _) = console.signs_in(ada, "<b>").await;
    let path = page_of(ada);
    let page = console.get(&path).await;
    assert!(page.html.contains("aria-label=\"Sign out Firefox on Windows\""), "{}", page.html);
    assert!(page.html.contains("203.0.113.24") && !page.html.contains("<bdi><b></bdi>"), "{}", page.html);
    for swap in [true, false] {
        let answer = console.answer(&path, &[("action", &format!("sign-out:{id}"))], swap).await;
        assert_eq!(answer.location(), format!("{path}?done=signed-out"));
    }
    assert!(!console.is_signed_in(&first).await && console.is_signed_in(&second).await);
    assert_eq!(console.did("user.sign_out").await, 1, "the second time nothing is ended");
    let nonsense = console.post(&path, &[("action", "sign-out:nonsense")]).await;
    assert_eq!(nonsense.status, StatusCode::NOT_FOUND);
    let all = console.post(&path, &[("action", "sign-out-everywhere")]).await;
    assert_eq!(all.location(), format!("{path}?done=signed-out-everywhere"));
    assert!(!console.is_signed_in(&second).await && !console.is_signed_in(&third).await);
    assert!(console.get(&path).await.html.contains("This user is not signed in anywhere."));
}

#[tokio::test]
async fn a_verification_code_is_sent_within_the_limit_and_verifies_the_email() {
    let console = Console::with_users().await;
    let address = "ada@example.org";
    let ada = console.user(json!({"traits": {"email": address}})).await;
    let path = page_of(ada);
    let send = {
        let page = console.get(&path).await;
        let (_, rest) = page.html.split_once("value=\"send-code:").unwrap();
        format!("send-code:{}", rest.split('"').next().unwrap())
    };
    for swap in [false, true] {
        let answer = console.answer(&path, &[("action", &send)], swap).await;
        assert_eq!(answer.location(), format!("{path}?done=code-sent"), "{}", answer.html);
    }
    assert_eq!(console.emails_to(address).await.len(), 2);
    let page = console.get(&path).await;
    assert!(page.html.contains("Verify your email") && page.html.contains(">Queued<"), "{}", page.html);

    while courier::deliver(&console.engine).await.unwrap() > 0 {}
    let mail = console.world.mailer.sent().pop().unwrap();
    let (_, rest) = mail.text.split_once("flow=").unwrap();
    let flow: String =
        rest.chars().take_while(|letter| letter.is_ascii_hexdigit() || *letter == '-').collect();
    let code = code_in(&mail.text);
    // In a browser that began nothing.
    let form = form(&flow, json!({"method": "code", "code": code}));
    let done = flow::submit(&console.engine.begin(), FlowKind::Verification, form).await.unwrap();
    assert!(matches!(done, Outcome::Verified(_)), "{done:?}");
    let page = console.get(&path).await;
    assert!(!page.html.contains("send-code:") && page.html.contains("Verified "), "{}", page.html);
    let again = console.post(&path, &[("action", &send)]).await;
    assert_eq!(again.location(), format!("{path}?done=code-verified"));

    let bob = console.user(json!({"traits": {"email": "bob@example.org"}})).await;
    let path = page_of(bob);
    let page = console.get(&path).await;
    let (_, rest) = page.html.split_once("value=\"send-code:").unwrap();
    let send = format!("send-code:{}", rest.split('"').next().unwrap());
    let most = console.engine.begin().config.vestibule.limits.emails.per_address;
    for number in 0..=most {
        let done = if number < most { "code-sent" } else { "code-limited" };
        let answer = console.post(&path, &[("action", &send)]).await;
        assert_eq!(answer.location(), format!("{path}?done={done}"), "{number}");
    }
    assert_eq!(i64::try_from(console.emails_to("bob@example.org").await.len()), Ok(most));
    let foreign = console.post(&page_of(ada), &[("action", &send)]).await;
    assert_eq!(foreign.location(), "/users?done=gone", "an address of another user");
}

#[tokio::test]
async fn no_code_is_offered_while_verification_is_off() {
    let off = json!({"selfservice": {"flows": {"verification": {"enabled": false}}}});
    let console = Console::start_with(vec![off]).await.with_operator("Grace Hopper").await;
    let ada = console.user(json!({"traits": {"email": "ada@example.org"}})).await;
    let page = console.get(&page_of(ada)).await;
    assert!(page.status == StatusCode::OK && !page.html.contains("send-code:"), "{}", page.html);
    let sent = console.post(&page_of(ada), &[("action", &format!("send-code:{ada}"))]).await;
    assert_eq!(sent.status, StatusCode::BAD_REQUEST);
    assert!(sent.html.contains("Verification by email is turned off"), "{}", sent.html);
}

/// A webhook call that is not made yet.
async fn queued_call(console: &Console, of: IdentityId) -> ids::DeliveryId {
    let now = console.engine.effects().now();
    let id = ids::DeliveryId(console.engine.effects().uuid());
    let delivery = Delivery {
        id,
        hook: "id:crm".into(),
        name: "CRM".into(),
        place: "login.after".into(),
        flow_id: None,
        kind: Kind::Inform,
        status: Status::Queued,
        answered: None,
        millis: None,
        attempts: 0,
        next_attempt_at: now,
        body: Vec::new(),
        created_at: now,
        updated_at: now,
        request_id: None,
        identity_id: Some(of),
    };
    let mut tx = console.engine.db().write().await.unwrap();
    deliveries::insert(&mut tx, &delivery).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn deleting_takes_the_typed_email_and_a_recent_sign_in_and_takes_along_what_is_queued() {
    let console = Console::with_users().await;
    let ada = console.user(json!({"traits": {"email": "ada@example.org"}})).await;
    let bob = console.user(json!({"traits": {"email": "bob@example.org"}})).await;
    let mut calls = Vec::new();
    for id in [ada, bob] {
        let path = page_of(id);
        let page = console.get(&path).await;
        let (_, rest) = page.html.split_once("value=\"send-code:").unwrap();
        let send = format!("send-code:{}", rest.split('"').next().unwrap());
        assert_eq!(console.post(&path, &[("action", &send)]).await.status, StatusCode::SEE_OTHER);
        calls.push(queued_call(&console, id).await);
    }
    let (token, _) = console.signs_in(ada, "").await;
    let flow = {
        while courier::deliver(&console.engine).await.unwrap() > 0 {}
        let sent = console.world.mailer.sent();
        let mail = sent.iter().find(|mail| mail.to == "ada@example.org").unwrap();
        let (_, rest) = mail.text.split_once("flow=").unwrap();
        rest.chars().take_while(|letter| letter.is_ascii_hexdigit() || *letter == '-').collect::<String>()
    };
    let path = page_of(ada);
    // One more that is not sent yet.
    let page = console.get(&path).await;
    let (_, rest) = page.html.split_once("value=\"send-code:").unwrap();
    let send = format!("send-code:{}", rest.split('"').next().unwrap());
    console.post(&path, &[("action", &send)]).await;
    assert_eq!(console.emails_to("ada@example.org").await.len(), 2);

    console.world.clock.advance(Duration::from_secs(6 * 60));
    for swap in [false, true] {
        let both = console.answer(&path, &[("action", "delete"), ("typed", "bob@example.org")], swap).await;
        assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
        // Everything that is missing is asked for at once.
        assert!(
            both.html.contains("typed-problem") && both.html.contains("confirm-password"),
            "{}",
            both.html
        );
        let typed = [("action", "delete"), ("typed", "ada@example.org"), ("password", "wrong")];
        let wrong = console.answer(&path, &typed, swap).await;
        assert!(
            wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.html.contains("confirm-wrong"),
            "{}",
            wrong.html
        );
    }
    assert!(console.exists(ada).await);
    let right = [
        ("action", "delete"),
        ("typed", " ada@example.org "),
        ("password", crate::client::PASSWORD),
        ("reason", "asked for it"),
    ];
    let done = console.post(&path, &right).await;
    assert_eq!(
        (done.status, done.location()),
        (StatusCode::SEE_OTHER, "/users?done=deleted"),
        "{}",
        done.html
    );
    assert!(console.get(done.location()).await.html.contains("User deleted."));
    assert!(!console.exists(ada).await && console.exists(bob).await);
    assert!(!console.is_signed_in(&token).await);
    let sent = console.emails_to("ada@example.org").await;
    assert!(sent.len() == 1 && sent[0].status == messages::Status::Sent, "only what was sent is left");
    let mut tx = console.engine.db().read().await.unwrap();
    assert!(deliveries::get(&mut tx, calls[0]).await.unwrap().is_none());
    assert!(deliveries::get(&mut tx, calls[1]).await.unwrap().is_some());
    let flow: FlowId = flow.parse().unwrap();
    let open = engine::store::flows::get(&mut tx, FlowKind::Verification, flow).await.unwrap();
    assert!(open.is_none(), "the form of the code is gone");
    assert_eq!(console.did("user.delete").await, 1);
}

#[tokio::test]
async fn a_user_who_is_gone_meanwhile_is_said_to_be_gone() {
    let console = Console::with_users().await;
    for verb in ["sign-out-everywhere", "disable", "enable", "delete"] {
        for swap in [false, true] {
            let answer = console.answer(UNKNOWN, &[("action", verb), ("typed", "x")], swap).await;
            assert_eq!(
                (answer.status, answer.location()),
                (StatusCode::SEE_OTHER, "/users?done=gone"),
                "{verb}"
            );
        }
    }
    assert!(console.get("/users?done=gone").await.html.contains("This user no longer exists."));
    assert_eq!(console.post("/users/nonsense", &[("action", "disable")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_viewer_sees_no_button_and_changes_nothing() {
    let owner = Console::with_users().await;
    let ada = owner.user(json!({"traits": {"email": "ada@example.org"}})).await;
    let (token, session) = owner.signs_in(ada, "").await;
    let viewer = owner.another("vera@console.test", Role::Viewer).await;
    let path = page_of(ada);
    let page = viewer.get(&path).await;
    assert!(page.html.contains("You have read-only access"), "{}", page.html);
    for button in ["name=\"action\"", "Danger zone"] {
        assert!(!page.html.contains(button), "{button}: {}", page.html);
    }
    for action in [
        "disable",
        "delete",
        "sign-out-everywhere",
        &format!("sign-out:{session}"),
        &format!("send-code:{session}"),
    ] {
        let refused = viewer.post(&path, &[("action", action), ("typed", "ada@example.org")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{action}");
    }
    assert!(owner.exists(ada).await && owner.is_signed_in(&token).await);
    let refused = owner.audited().await;
    let refused = refused.iter().filter(|(action, by)| action == "user.refused" && by == "vera@console.test");
    assert_eq!(refused.count(), 5);
}

#[tokio::test]
async fn a_recovery_that_an_owner_creates_is_shown_once_and_signs_the_user_in() {
    let console = Console::with_users().await;
    let ada = console.verified("ada@example.org").await;
    let path = page_of(ada);
    for (swap, kind) in [(false, "code"), (true, "code"), (false, "link")] {
        let made = console.answer(&path, &[("action", &format!("recover:{kind}"))], swap).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.html);
        let html = made.html.replace("\\\"", "\"").replace("&amp;", "&");
        let of = |id: &str| {
            let field = html.split(&format!("id=\"{id}\"")).nth(1)?;
            Some(field.split("value=\"").nth(1)?.split('"').next()?.to_owned())
        };
        let link = of("recovery-link").expect("a link");
        let (_, flow) = link.split_once("flow=").expect("a flow");
        let flow = flow.split('&').next().unwrap();
        assert_eq!(of("recovery-code").is_some(), kind == "code");
        if let Some(code) = of("recovery-code") {
            assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
            for accepted in [true, false] {
                let form = form(flow, json!({"method": "code", "code": code}));
                let done = flow::submit(&console.engine.begin(), FlowKind::Recovery, form).await;
                assert_eq!(matches!(done, Ok(Outcome::Recovered(_))), accepted, "{done:?}");
            }
        }
        let later = console.get(&path).await;
        assert!(!later.html.contains(flow) && !later.html.contains("recovery-link"), "{}", later.html);
    }
    assert_eq!((console.did("recovery.code").await, console.did("recovery.link").await), (2, 1));
}

#[tokio::test]
async fn a_recovery_takes_an_owner_who_signed_in_recently() {
    let console = Console::with_users().await;
    let ada = console.verified("ada@example.org").await;
    let path = page_of(ada);
    let editor = console.another("edda@console.test", Role::Editor).await;
    assert!(!editor.get(&path).await.html.contains("Create recovery code"));
    assert_eq!(editor.post(&path, &[("action", "recover:code")]).await.status, StatusCode::FORBIDDEN);
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let asked = console.post(&path, &[("action", "recover:code")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("id=\"confirm-password\"") && !asked.html.contains("id=\"recovery-code\""));
    assert_eq!(console.did("recovery.code").await, 0);
    let sent = [("action", "recover:code"), ("password", crate::client::PASSWORD)];
    let made = console.post(&path, &sent).await;
    assert!(made.html.contains("id=\"recovery-code\""), "{}", made.html);
    assert_eq!(console.post(&path, &[("action", "recover:nonsense")]).await.status, StatusCode::NOT_FOUND);
}
