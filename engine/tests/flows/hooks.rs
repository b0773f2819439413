//! Web hooks that nobody waits for: queued with what they tell of, called afterwards, tried again, and what the log says of
//! every call, without a secret in it. Looked at from outside: what went out, and what the log shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::effects::Request;
use engine::form::outcome::Outcome;
use engine::hooks;
use engine::password::Hasher;
use engine::store::Db;
use engine::store::deliveries::{Kind, Status};
use engine::testing::{self, PASSWORD, World};
use engine::{Engine, cleanup};
use serde_json::{Value, json};
use std::time::Duration;

const URL: &str = "http://127.0.0.1:9/new";
const KEY: &str = "POST http://127.0.0.1:9/new";

fn web_hook(more: Value) -> Value {
    let body = "function(ctx) { mail: ctx.identity.traits.email, extra: if std.objectHas(ctx.flow, 'transient_payload') then ctx.flow.transient_payload else null }";
    let mut config =
        json!({"url": URL, "method": "POST", "body": format!("base64://{}", STANDARD.encode(body))});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

fn after_sign_up(hooks: Value) -> Value {
    json!({"selfservice": {
        "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
        "flows": {"registration": {"after": {"password": {"hooks": hooks}}}},
    }})
}

fn ignored() -> Value {
    web_hook(json!({"response": {"ignore": true}}))
}

struct House {
    world: World,
    engine: Engine,
}

impl House {
    async fn start(hooks: Value) -> Self {
        Self::on("memory", hooks).await
    }

    async fn on(dsn: &str, hooks: Value) -> Self {
        let world = World::default();
        world.outbound.answer(URL, "{}");
        let engine = world.engine(dsn, vec![after_sign_up(hooks)]).await;
        Self { world, engine }
    }

    async fn sign_up(&self, mail: &str) -> engine::Result<Outcome> {
        self.sign_up_with(mail, Value::Null).await
    }

    async fn sign_up_with(&self, mail: &str, payload: Value) -> engine::Result<Outcome> {
        testing::sign_up_with(&self.engine, mail, payload).await
    }

    async fn deliver(&self) -> usize {
        hooks::deliver(&self.engine).await.unwrap()
    }

    fn later(&self, seconds: u64) {
        self.world.clock.advance(Duration::from_secs(seconds));
    }

    /// The log of the hook at [`URL`].
    async fn log(&self) -> Vec<hooks::Logged> {
        hooks::log(&self.engine.begin(), KEY, "registration.after.password", 50).await.unwrap()
    }

    fn sent(&self) -> Vec<Request> {
        self.world.outbound.requests()
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request
        .headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value.as_str())
}

#[tokio::test]
async fn what_nobody_waits_for_is_queued_with_the_account_and_called_once() {
    let house = House::start(json!([ignored()])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert!(house.sent().is_empty(), "nobody waits for it");
    let log = house.log().await;
    assert_eq!((log.len(), log[0].delivery.status, log[0].delivery.kind), (1, Status::Queued, Kind::Inform));
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.deliver().await, 0, "it was called");
    assert_eq!(house.sent().len(), 1);
    let log = house.log().await;
    assert_eq!(
        (log[0].delivery.status, log[0].delivery.answered, log[0].delivery.attempts),
        (Status::Done, Some(200), 1)
    );
    assert_eq!(log[0].request.as_ref().unwrap()["body"]["mail"], "anna@vestibule.test");
    assert_eq!(log[0].delivery.place, "registration.after.password");
}

#[tokio::test]
async fn of_an_account_that_was_not_made_nobody_is_told() {
    let house = House::start(json!([ignored()])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert!(
        matches!(house.sign_up("anna@vestibule.test").await.unwrap(), Outcome::Form { .. }),
        "it is taken"
    );
    assert_eq!(house.log().await.len(), 1);
}

#[tokio::test]
async fn what_is_queued_survives_a_restart_and_lies_sealed_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}?mode=rwc", folder.path().join("queue.sqlite").display());
    let house = House::on(&dsn, json!([ignored()])).await;
    house.sign_up_with("anna@vestibule.test", json!({"invited_by": "a-very-special-friend"})).await.unwrap();
    let row = house.log().await.remove(0).delivery;
    assert!(!row.body.windows(21).any(|window| window == b"a-very-special-friend"));
    house.engine.db().close().await;
    let db = Db::connect(Some(&dsn), folder.path()).await.unwrap();
    let config = house.world.config(vec![after_sign_up(json!([ignored()]))]);
    let again = Engine::new(db, house.world.effects(), Hasher::sized(1, 8), config);
    assert_eq!(hooks::deliver(&again).await.unwrap(), 1);
    assert_eq!(house.sent().len(), 1);
}

#[tokio::test]
async fn a_service_that_is_away_is_tried_again_with_growing_pauses_the_same_id_and_a_fresh_time() {
    let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
    let signed = web_hook(json!({
        "response": {"ignore": true}, "auth": {"type": "standard_webhooks", "config": {"secrets": [secret]}},
    }));
    let house = House::start(json!([signed])).await;
    house.world.outbound.refuse(URL, 503);
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.log().await[0].delivery.answered, Some(503));
    house.later(4);
    assert_eq!(house.deliver().await, 0, "its pause is five seconds");
    house.later(1);
    assert_eq!(house.deliver().await, 1);
    house.later(299);
    assert_eq!(house.deliver().await, 0, "the next pause is longer");
    house.world.outbound.answer(URL, "{}");
    house.later(1);
    assert_eq!(house.deliver().await, 1);
    let sent = house.sent();
    assert_eq!(sent.len(), 3);
    let ids: Vec<&str> = sent.iter().map(|request| header(request, "webhook-id")).collect();
    assert!(ids[0].starts_with("msg_") && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let times: Vec<&str> = sent.iter().map(|request| header(request, "webhook-timestamp")).collect();
    assert!(times[0] < times[1] && times[1] < times[2], "{times:?}");
    assert_ne!(header(&sent[0], "webhook-signature"), header(&sent[1], "webhook-signature"));
    let log = house.log().await;
    assert_eq!((log.len(), log[0].delivery.status, log[0].delivery.attempts), (1, Status::Done, 3));
}

/// An identity may be as deep as its database and the admin API let it be: what is queued of it has to be read out again.
#[tokio::test]
async fn a_deep_document_is_called_with_like_any_other() {
    let whole = format!("base64://{}", STANDARD.encode("function(ctx) ctx"));
    let house = House::start(json!([web_hook(json!({"response": {"ignore": true}, "body": whole}))])).await;
    let payload = (0..120).fold(json!("the bottom"), |inner, _| json!({ "a": inner }));
    house.sign_up_with("anna@vestibule.test", payload).await.unwrap();
    assert_eq!(house.deliver().await, 1);
    let sent = house.sent();
    assert_eq!(sent.len(), 1, "{:?}", house.log().await[0].failure);
    assert!(String::from_utf8_lossy(sent[0].body.as_deref().unwrap()).contains("the bottom"));
    assert_eq!(house.log().await[0].delivery.status, Status::Done);
}

/// A redirect is not followed, so its service was not told.
#[tokio::test]
async fn a_call_that_is_answered_by_a_redirect_was_not_made() {
    for status in [301, 302, 307, 308, 399] {
        let house = House::start(json!([ignored()])).await;
        house.world.outbound.refuse(URL, status);
        house.sign_up("anna@vestibule.test").await.unwrap();
        assert_eq!(house.deliver().await, 1);
        let log = house.log().await;
        assert_eq!(
            (log[0].delivery.status, log[0].delivery.answered),
            (Status::Queued, Some(i64::from(status)))
        );
    }
}

/// Nobody waits for it, so nobody but an operator can notice.
#[tokio::test]
async fn a_call_that_cannot_be_made_is_given_up_at_once_and_says_why() {
    let large = format!("base64://{}", STANDARD.encode("function(ctx) std.repeat('x', 1100000)"));
    let house = House::start(json!([web_hook(json!({"response": {"ignore": true}, "body": large}))])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    let log = house.log().await;
    assert_eq!((log[0].delivery.status, log[0].may_retry), (Status::Failed, true));
    let why = log[0].failure.as_deref().unwrap();
    assert!(why.contains("larger than 1048576 bytes"), "{why}");
    assert!(house.sent().is_empty());
}

/// A rush of sign-ups keeps nobody from being told of those that are done.
#[tokio::test]
async fn what_is_queued_is_called_while_every_place_for_templates_is_taken() {
    let house = House::start(json!([ignored()])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    let work = house.engine.begin().config.vestibule.work;
    let gate = &house.engine.gates().templates;
    let mut taken = Vec::new();
    while gate.load().0 < work.templates.at_once {
        taken.push(gate.enter(work.templates).await.unwrap());
    }
    assert_eq!(house.deliver().await, 1);
    assert_eq!((house.log().await[0].delivery.status, house.sent().len()), (Status::Done, 1));
}

#[tokio::test]
async fn a_call_is_given_up_in_the_end_or_when_its_service_is_gone_for_good() {
    let house = House::start(json!([ignored()])).await;
    house.world.outbound.refuse(URL, 500);
    house.sign_up("anna@vestibule.test").await.unwrap();
    for _ in 0..10 {
        assert_eq!(house.deliver().await, 1);
        house.later(90_000);
    }
    assert_eq!(house.deliver().await, 0);
    let log = house.log().await;
    assert_eq!(
        (log[0].delivery.status, log[0].delivery.attempts, log[0].may_retry),
        (Status::Failed, 10, true)
    );

    house.world.outbound.refuse(URL, 410);
    house.sign_up("bert@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    house.later(90_000);
    assert_eq!(house.deliver().await, 0, "410 says that nobody wants it any more");
    assert_eq!(house.log().await[0].delivery.status, Status::Failed);
}

#[tokio::test]
async fn a_hook_that_was_taken_out_is_called_no_more_and_the_log_says_why() {
    let house = House::start(json!([ignored()])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    house.engine.publish(house.world.config(vec![after_sign_up(json!([]))]));
    assert_eq!(house.deliver().await, 1);
    assert!(house.sent().is_empty());
    let log = house.log().await;
    assert_eq!(log[0].delivery.status, Status::Failed);
    assert!(log[0].failure.as_ref().unwrap().contains("no longer configured"));
}

#[tokio::test]
async fn a_template_that_says_no_sends_nothing_and_one_that_is_broken_is_not_tried_for_days() {
    let template = |text: &str| {
        let body = format!("base64://{}", STANDARD.encode(text));
        web_hook(json!({"response": {"ignore": true}, "body": body}))
    };
    for (text, status) in
        [("function(ctx) error 'cancel'", Status::Cancelled), ("function(ctx) ctx.nothing", Status::Failed)]
    {
        let house = House::start(json!([template(text)])).await;
        house.sign_up("anna@vestibule.test").await.unwrap();
        assert_eq!(house.deliver().await, 1);
        house.later(90_000);
        assert_eq!(house.deliver().await, 0);
        assert!(house.sent().is_empty());
        let log = house.log().await;
        assert_eq!(log[0].delivery.status, status, "{text}");
        assert_eq!(log[0].failure.is_some(), status == Status::Failed, "{:?}", log[0].failure);
    }
}

#[tokio::test]
async fn calls_that_are_waited_for_stand_in_the_log_too() {
    let house = House::start(json!([web_hook(json!({"can_interrupt": true}))])).await;
    let refusal = json!({"messages": [{"instance_ptr": "#/traits/email", "messages": [{"id": 1, "text": "No.", "type": "error"}]}]});
    for (status, body, logged) in [
        (200, "{}".to_owned(), Status::Done),
        (403, refusal.to_string(), Status::Refused),
        (500, String::new(), Status::Failed),
    ] {
        house.world.outbound.answer_with(URL, status, body);
        house.later(1);
        let _ = house.sign_up(&format!("{status}@vestibule.test")).await;
        let log = house.log().await;
        assert_eq!((log[0].delivery.status, log[0].delivery.answered), (logged, Some(i64::from(status))));
        assert_eq!((log[0].delivery.kind, log[0].may_retry), (Kind::Ask, false), "its person has gone");
    }
    assert_eq!(house.deliver().await, 0, "none of them is queued");
}

#[tokio::test]
async fn a_failure_after_the_account_was_stored_can_be_made_up_for() {
    let house = House::start(json!([web_hook(json!({}))])).await;
    house.world.outbound.refuse(URL, 500);
    assert!(house.sign_up("anna@vestibule.test").await.is_err());
    let log = house.log().await;
    assert_eq!(
        (log[0].delivery.kind, log[0].delivery.status, log[0].may_retry),
        (Kind::Wait, Status::Failed, true)
    );
}

#[tokio::test]
async fn the_log_holds_no_secret() {
    let house = House::start(json!([web_hook(json!({
        "headers": {"X-Partner": "a-partner-secret"},
        "auth": {"type": "basic_auth", "config": {"user": "u", "password": "the-hooks-own"}},
    }))]))
    .await;
    let answer = json!({"password": "their-answer", "sessions": [{"token": "their-token"}], "note": "kept"});
    house.world.outbound.answer(URL, answer.to_string());
    let payload = json!({"card_pin": "their-pin", "colour": "green"});
    house.sign_up_with("anna@vestibule.test", payload).await.unwrap();
    let log = house.log().await;
    let text = format!("{:?} {:?} {:?}", log[0].request, log[0].answer, log[0].failure);
    for secret in
        ["a-partner-secret", "the-hooks-own", "their-answer", "their-token", "their-pin", PASSWORD, "Basic "]
    {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for kept in ["anna@vestibule.test", "kept", "green"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    // Nor does the rest of the row.
    assert!(!log[0].delivery.body.windows(9).any(|window| window == b"their-pin"));
}

#[tokio::test]
async fn the_log_goes_in_its_time_and_what_waits_stays() {
    let house = House::start(json!([ignored()])).await;
    house.sign_up("anna@vestibule.test").await.unwrap();
    house.deliver().await;
    house.sign_up("bert@vestibule.test").await.unwrap();
    house.later(168 * 3600);
    cleanup::sweep(&house.engine).await.unwrap();
    assert_eq!(house.log().await.len(), 2);
    house.later(1);
    cleanup::sweep(&house.engine).await.unwrap();
    let log = house.log().await;
    assert_eq!((log.len(), log[0].delivery.status), (1, Status::Queued));
}

/// One of several at the same address: it says which, and has a key of its own.
fn billing(which: &str) -> Value {
    let body = STANDARD.encode(format!("function(ctx) {{ by: '{which}' }}"));
    web_hook(json!({
        "response": {"ignore": true}, "body": format!("base64://{body}"),
        "auth": {"type": "api_key", "config": {"name": "X-Key", "value": format!("key of {which}"), "in": "header"}},
    }))
}

fn lists(flow: Value, password: Value) -> Value {
    let mut document = after_sign_up(password);
    document["selfservice"]["flows"]["registration"]["after"]["hooks"] = flow;
    document
}

impl House {
    fn publish(&self, flow: Value, password: Value) {
        self.engine.publish(self.world.config(vec![lists(flow, password)]));
    }

    /// By which of them the calls so far were made; body and key say the same.
    fn callers(&self) -> Vec<String> {
        let one = |request: &Request| {
            let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            let by = body["by"].as_str().unwrap().to_owned();
            assert_eq!(header(request, "x-key"), format!("key of {by}"));
            by
        };
        self.sent().iter().map(one).collect()
    }
}

#[tokio::test]
async fn of_two_hooks_at_one_address_the_one_is_called_whose_list_was_in_force() {
    let house = House::start(json!([])).await;
    house.publish(json!([billing("flow")]), json!([billing("password"), {"hook": "session"}]));
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.callers(), ["password"]);
    house.publish(json!([billing("flow")]), json!([]));
    house.sign_up("bert@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.callers(), ["password", "flow"]);
    house.publish(json!([billing("flow")]), json!([billing("password")]));
    let log = async |place| hooks::log(&house.engine.begin(), KEY, place, 50).await.unwrap();
    for (place, by) in [("registration.after", "flow"), ("registration.after.password", "password")] {
        let own = log(place).await;
        assert_eq!((own.len(), &own[0].delivery.place), (1, &place.to_owned()), "each has a log of its own");
        assert_eq!(own[0].request.as_ref().unwrap()["body"]["by"], by);
    }
}

#[tokio::test]
async fn of_two_hooks_at_one_address_in_one_list_each_is_called_as_itself() {
    let house = House::start(json!([])).await;
    house.publish(json!([]), json!([billing("first"), billing("second")]));
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 2);
    let mut callers = house.callers();
    callers.sort();
    assert_eq!(callers, ["first", "second"]);
}

#[tokio::test]
async fn a_hook_that_moved_to_another_list_is_found_there_and_tried_again_as_it_is_now() {
    let house = House::start(json!([])).await;
    house.world.outbound.refuse(URL, 503);
    house.publish(json!([billing("flow")]), json!([]));
    house.sign_up("anna@vestibule.test").await.unwrap();
    assert_eq!(house.deliver().await, 1);
    house.publish(json!([]), json!([billing("moved")]));
    house.later(5);
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.callers(), ["flow", "moved"]);
    // And back.
    house.sign_up("bert@vestibule.test").await.unwrap();
    house.publish(json!([billing("back")]), json!([{"hook": "session"}]));
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.callers(), ["flow", "moved", "back"]);
}
