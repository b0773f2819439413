//! All or nothing: an account that a service refuses or fails leaves nothing behind, nobody sees it before, and who had agreed is
//! told. Looked at from outside: answers, calls, mails, rows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::courier;
use engine::effects::{Answer, Outbound, OutboundError, Request};
use engine::flow;
use engine::form::outcome::{Outcome, Started};
use engine::ids::{IdentityId, SessionId};
use engine::model::FlowKind;
use engine::signup::atomic;
use engine::store::messages::Filter;
use engine::store::{identities, identity_lists, sessions};
use engine::testing::{self, PASSWORD, World};
use engine::{Engine, hooks};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// What a service does.
#[derive(Clone)]
enum Does {
    Answers(u16, Value),
    /// Says that it was reached, and answers when it is let.
    Waits(Arc<Notify>, Arc<Notify>),
}

#[derive(Default)]
struct Services {
    by_path: Mutex<BTreeMap<String, Does>>,
    heard: Mutex<Vec<(String, Value)>>,
}

impl Services {
    fn set(&self, path: &str, does: Does) {
        self.by_path.lock().unwrap().insert(path.to_owned(), does);
    }

    fn heard(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl Outbound for Services {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        let path = request.url.path().to_owned();
        let mut body: Value = serde_json::from_slice(&request.body.unwrap_or_default()).unwrap();
        let call = request.headers.iter().find(|(name, _)| name == "Ory-Webhook-Trigger-ID");
        body["call"] = call.map_or(Value::Null, |(_, call)| call.replace('-', "").into());
        self.heard.lock().unwrap().push((path.clone(), body));
        let does = self.by_path.lock().unwrap().get(&path).cloned();
        Box::pin(async move {
            let (status, body) = match does {
                None => (200, json!({})),
                Some(Does::Answers(status, body)) => (status, body),
                Some(Does::Waits(reached, go)) => {
                    reached.notify_one();
                    go.notified().await;
                    (200, json!({}))
                }
            };
            Ok(Answer { status, body: body.to_string().into_bytes() })
        })
    }
}

struct House {
    world: World,
    engine: Engine,
    services: Arc<Services>,
}

fn hook(path: &str, more: Value) -> Value {
    let body = format!("base64://{}", STANDARD.encode("function(ctx) { id: ctx.identity.id }"));
    let mut config = json!({"url": format!("http://127.0.0.1:9{path}"), "method": "POST", "body": body});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

/// One that may stop it, two that are waited for, one that is informed, and a session.
fn config(on: bool) -> Value {
    json!({
        "vestibule": {"registration": {"atomic": if on { json!(["password"]) } else { json!([]) }}},
        "selfservice": {
            "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}, "code": {"enabled": true}},
            "flows": {"verification": {"enabled": true}, "registration": {"after": {"password": {"hooks": [
                hook("/asks", json!({"can_interrupt": true})),
                hook("/first", json!({})),
                hook("/informed", json!({"response": {"ignore": true}})),
                hook("/second", json!({})),
                {"hook": "session"},
            ]}}}},
        },
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
    })
}

type Signed = engine::Result<Outcome>;

impl House {
    async fn start(on: bool) -> Self {
        let world = World::default();
        let services = Arc::new(Services::default());
        world.outbound.let_through(services.clone());
        let engine = world.engine("memory", vec![config(on)]).await;
        Self { world, engine, services }
    }

    async fn can_sign_in(&self, mail: &str) -> bool {
        let ctx = self.engine.begin();
        let Started::Flow(flow) = flow::start(&ctx, FlowKind::Login, testing::start()).await.unwrap() else {
            panic!("a form")
        };
        let fields = json!({"method": "password", "password": PASSWORD, "identifier": mail});
        matches!(
            flow::submit(&ctx, FlowKind::Login, testing::form(flow.id, fields)).await.unwrap(),
            Outcome::SignedIn(_)
        )
    }

    async fn mails(&self) -> usize {
        courier::list(&self.engine.begin(), &Filter::default(), 10).await.unwrap().len()
    }

    async fn accounts(&self) -> usize {
        let mut tx = self.engine.db().read().await.unwrap();
        identity_lists::page(&mut tx, &identity_lists::Filter::All, identity_lists::Window::first(10))
            .await
            .unwrap()
            .len()
    }

    /// Everything that is queued is delivered; what was heard by that.
    async fn news(&self) -> Vec<(String, Value)> {
        while hooks::deliver(&self.engine).await.unwrap() > 0 {}
        self.services.heard()
    }
}

/// Those that agreed, told of the calls that they answered.
fn undone(agreed: &[(String, Value)], news: &[(String, Value)]) {
    assert_eq!(news.len(), agreed.len(), "{news:?}");
    // The queue promises no order.
    let mut news = news.to_vec();
    news.sort_by(|one, other| one.0.cmp(&other.0));
    for ((path, answered), (told, body)) in agreed.iter().zip(&news) {
        assert_eq!((path, &body["type"]), (told, &json!("registration.rolled_back")));
        let call = answered["call"].as_str().unwrap();
        assert_eq!(body["id"], format!("msg_{call}"));
        assert_eq!(body["identity"]["id"], answered["id"]);
        assert_ne!(body["call"], answered["call"], "it is a message of its own");
    }
}

#[tokio::test]
async fn a_service_that_fails_leaves_nothing_behind_and_those_that_agreed_are_told() {
    let house = House::start(true).await;
    house.services.set("/second", Does::Answers(500, json!({})));
    assert!(testing::sign_up(&house.engine, "anna@vestibule.test").await.is_err());
    let calls = house.services.heard();
    let paths: Vec<&str> = calls.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/asks", "/first", "/second"], "nobody is informed of what did not come about");
    assert_eq!((house.accounts().await, house.mails().await), (0, 0));
    assert!(!house.can_sign_in("anna@vestibule.test").await);
    undone(&calls[..2], &house.news().await);

    // The address is free again.
    house.services.set("/second", Does::Answers(200, json!({})));
    let done = testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap();
    assert!(matches!(done, Outcome::SignedUp(_)));
}

#[tokio::test]
async fn a_refusal_after_another_agreed_is_undone_too() {
    let house = House::start(true).await;
    house.services.set("/asks", Does::Answers(200, json!({})));
    assert!(matches!(
        testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap(),
        Outcome::SignedUp(_)
    ));
    house.news().await;
    // Who may stop it agrees, and then the address turns out to be taken.
    assert!(matches!(
        testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap(),
        Outcome::Form { .. }
    ));
    let calls = house.services.heard();
    assert_eq!(calls.len(), 1);
    undone(&calls, &house.news().await);
    // Who refuses knows that nothing comes of it.
    let no = json!({"messages": [{"instance_ptr": "#/", "messages": [{"id": 1, "text": "No.", "type": "error"}]}]});
    house.services.set("/asks", Does::Answers(403, no));
    assert!(matches!(
        testing::sign_up(&house.engine, "bert@vestibule.test").await.unwrap(),
        Outcome::Form { .. }
    ));
    house.services.heard();
    assert!(house.news().await.is_empty());
}

#[tokio::test]
async fn all_that_agree_make_an_account_with_its_mail_its_session_and_its_news() {
    let house = House::start(true).await;
    let Outcome::SignedUp(done) = testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap()
    else {
        panic!("an account");
    };
    assert!(done.issued.is_some() && done.verification.is_some());
    let paths: Vec<String> = house.services.heard().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/asks", "/first", "/second"]);
    assert_eq!((house.accounts().await, house.mails().await), (1, 1));
    let news = house.news().await;
    assert_eq!(news.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/informed"]);
    assert!(house.can_sign_in("anna@vestibule.test").await);
    house.world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(atomic::reap(&house.engine).await.unwrap(), 0, "it is finished");
    assert_eq!(house.accounts().await, 1);
}

/// A sign-up whose second service has not answered yet.
async fn half_way(house: &House) -> (Arc<Notify>, tokio::task::JoinHandle<Signed>) {
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    house.services.set("/second", Does::Waits(reached.clone(), go.clone()));
    let engine = house.engine.clone();
    #[expect(clippy::disallowed_methods, reason = "the test looks on while somebody waits")]
    let under_way = tokio::spawn(async move { testing::sign_up(&engine, "anna@vestibule.test").await });
    reached.notified().await;
    (go, under_way)
}

#[tokio::test]
async fn until_then_nobody_sees_the_account_and_its_address_is_taken() {
    let house = House::start(true).await;
    let (go, under_way) = half_way(&house).await;
    assert_eq!((house.accounts().await, house.mails().await), (0, 0));
    assert!(!house.can_sign_in("anna@vestibule.test").await);
    let ctx = house.engine.begin();
    let id = house.services.heard()[0].1["id"].as_str().unwrap().parse::<IdentityId>().unwrap();
    let mut tx = ctx.db().read().await.unwrap();
    assert!(identities::get(&mut tx, id).await.unwrap().is_none(), "not even by its id");
    let none = SessionId(uuid::Uuid::nil());
    assert_eq!(sessions::count_others(&mut tx, id, none, ctx.effects().now()).await.unwrap(), 0);
    drop(tx);
    // Whoever asks for a code gets none.
    let Started::Flow(flow) = flow::start(&ctx, FlowKind::Verification, testing::start()).await.unwrap()
    else {
        panic!("a form")
    };
    let fields = json!({"method": "code", "email": "anna@vestibule.test"});
    flow::submit(&ctx, FlowKind::Verification, testing::form(flow.id, fields)).await.unwrap();
    assert_eq!(house.mails().await, 0);
    // A second sign-up finds the address taken.
    let second = testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap();
    assert!(matches!(second, Outcome::Form { .. }));
    go.notify_one();
    assert!(matches!(under_way.await.unwrap().unwrap(), Outcome::SignedUp(_)));
    assert_eq!((house.accounts().await, house.mails().await), (1, 1));
}

/// Another server on the same database.
fn another_server(house: &House) -> Engine {
    let (db, effects) = (house.engine.db().clone(), house.engine.effects().clone());
    Engine::new(db, effects, house.engine.hasher().clone(), (*house.engine.begin().config).clone())
}

#[tokio::test]
async fn what_a_crash_leaves_half_done_is_rolled_back_by_another_server() {
    let house = House::start(true).await;
    let other = another_server(&house);
    let (go, under_way) = half_way(&house).await;
    let calls = house.services.heard();
    assert_eq!(atomic::reap(&other).await.unwrap(), 0, "it may still finish");
    // From here on its server says nothing more.
    house.world.clock.advance(Duration::from_secs(30));
    assert_eq!(atomic::reap(&other).await.unwrap(), 1);
    // Also the service that was being called: whether it heard of the sign-up, nobody knows.
    assert_eq!(calls.len(), 3);
    house.services.set("/second", Does::Answers(200, json!({})));
    undone(&calls, &house.news().await);
    assert_eq!(house.accounts().await, 0);
    // What comes back too late makes no account any more, and nobody is told twice.
    go.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap_err().kind, engine::Kind::UpstreamTimeout);
    assert_eq!((house.accounts().await, house.mails().await), (0, 0));
    assert!(house.news().await.is_empty());
    // The address is free.
    let done = testing::sign_up(&house.engine, "anna@vestibule.test").await.unwrap();
    assert!(matches!(done, Outcome::SignedUp(_)));
}

#[tokio::test]
async fn nobody_rolls_back_what_its_server_works_on_however_long_a_service_takes() {
    let house = House::start(true).await;
    let other = another_server(&house);
    let (go, under_way) = half_way(&house).await;
    for _ in 0..100 {
        house.world.clock.advance(Duration::from_secs(25));
        atomic::beat(&house.engine).await.unwrap();
        assert_eq!(atomic::reap(&other).await.unwrap(), 0);
    }
    // Its own server knows even without a heartbeat.
    house.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(atomic::reap(&house.engine).await.unwrap(), 0);
    atomic::beat(&house.engine).await.unwrap();
    go.notify_one();
    assert!(matches!(under_way.await.unwrap().unwrap(), Outcome::SignedUp(_)));
    assert_eq!((house.accounts().await, house.mails().await), (1, 1));
    house.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(atomic::reap(&other).await.unwrap(), 0, "it is finished");
}

/// A service that may refuse is asked before the account is reserved: rolled back meanwhile, it must not be reserved for all to see.
#[tokio::test]
async fn what_was_rolled_back_before_it_was_reserved_makes_no_account() {
    let house = House::start(true).await;
    let other = another_server(&house);
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    house.services.set("/asks", Does::Waits(reached.clone(), go.clone()));
    let engine = house.engine.clone();
    #[expect(clippy::disallowed_methods, reason = "the test looks on while somebody waits")]
    let under_way = tokio::spawn(async move { testing::sign_up(&engine, "anna@vestibule.test").await });
    reached.notified().await;
    house.world.clock.advance(Duration::from_secs(30));
    assert_eq!(atomic::reap(&other).await.unwrap(), 1);
    let calls = house.services.heard();
    house.services.set("/asks", Does::Answers(200, json!({})));
    undone(&calls, &house.news().await);
    go.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap_err().kind, engine::Kind::UpstreamTimeout);
    assert_eq!((house.accounts().await, house.mails().await), (0, 0));
}

#[tokio::test]
async fn switched_off_a_failure_leaves_the_account_as_kratos_does() {
    let house = House::start(false).await;
    house.services.set("/second", Does::Answers(500, json!({})));
    assert!(testing::sign_up(&house.engine, "anna@vestibule.test").await.is_err());
    house.services.heard();
    assert_eq!(house.accounts().await, 1);
    let news = house.news().await;
    assert_eq!(news.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/informed"]);
}

#[tokio::test]
async fn the_plan_says_so() {
    use engine::model::MethodId;
    use engine::plan::{Client, FlowKind, Step, plan};
    let house = House::start(true).await;
    let promised =
        plan(&house.engine.begin().config, FlowKind::Registration, MethodId::Password, Client::Native);
    let at = |wanted: &dyn Fn(&Step) -> bool| promised.steps.iter().position(wanted).unwrap();
    let reserve = at(&|step| *step == Step::Reserve);
    let store = at(&|step| *step == Step::Commit);
    let waits = at(
        &|step| matches!(step, Step::Run(engine::config::Hook::WebHook(hook)) if hook.name.ends_with("/second")),
    );
    let informs = at(
        &|step| matches!(step, Step::Run(engine::config::Hook::WebHook(hook)) if hook.name.ends_with("/informed")),
    );
    assert!(promised.atomic && reserve < waits && waits < store && store < informs);
    assert!(!promised.waits_after_storing());
}
