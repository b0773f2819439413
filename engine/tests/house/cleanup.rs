//! What is over goes when its time has come, not before, in more than one step; what lives stays.

use engine::cleanup::{Kind, sweep};
use engine::courier::{self, Letter};
use engine::flow;
use engine::form::outcome::Started;
use engine::form::request::Start;
use engine::identity::draft::Draft;
use engine::identity::schema::Extracted;
use engine::invitations::{self, By, Wanted};
use engine::model::{FlowKind, FlowType};
use engine::session::{self, DeviceInfo};
use engine::store::messages::Filter;
use engine::store::pending::{self, Code, Pending};
use engine::store::{errors, identities, sessions};
use engine::testing::World;
use engine::{Engine, admin};
use serde_json::json;
use std::time::Duration;

const HOUR: u64 = 3600;

async fn house(dsn: &str) -> (World, Engine) {
    let world = World::default();
    let engine = world
        .engine(
            dsn,
            vec![json!({"vestibule": {"cleanup": {
                "flows": "24h", "sessions": "48h", "messages": "72h", "errors": "96h",
            }}})],
        )
        .await;
    (world, engine)
}

fn gone(swept: &[(Kind, u64)], kind: Kind) -> u64 {
    swept.iter().find(|(of, _)| *of == kind).map(|(_, count)| *count).unwrap()
}

async fn begun(engine: &Engine) {
    let start = Start {
        kind_of_client: FlowType::Api,
        path_and_query: "self-service/registration/api".into(),
        query: vec![],
        csrf_cookie: String::new(),
        current: None,
        requester: engine::requester::Requester::default().into(),
        seen: engine::hooks::call::RequestInfo::default(),
    };
    flow::start(&engine.begin(), FlowKind::Registration, start).await.unwrap();
}

async fn refused(engine: &Engine) {
    let ctx = engine.begin();
    let Started::Flow(flow) =
        flow::start(&ctx, FlowKind::Registration, engine::testing::start()).await.unwrap()
    else {
        panic!("a form")
    };
    let form = engine::testing::form(flow.id, json!({"method": "password", "password": ""}));
    let outcome = flow::submit(&ctx, FlowKind::Registration, form).await.unwrap();
    assert!(matches!(outcome, engine::form::outcome::Outcome::Form { .. }));
}

async fn everything_goes_in_its_time(dsn: &str) {
    let (world, engine) = house(dsn).await;
    let ctx = engine.begin();
    begun(&engine).await;
    let person = serde_json::from_value(json!({"traits": {"email": "anna@vestibule.test"}})).unwrap();
    let (identity, _) = admin::create(&ctx, person).await.unwrap();
    let (over, _) = session::new(&ctx, &identity, "password", &DeviceInfo::default());
    let mut tx = ctx.db().write().await.unwrap();
    sessions::insert(&mut tx, &over).await.unwrap();
    courier::queue(&ctx, &mut tx, "anna@vestibule.test", &Letter::VerificationUnknown).await.unwrap();
    let error = engine.effects().uuid();
    errors::insert(&mut tx, error, &json!({"code": 500}), engine.effects().now()).await.unwrap();
    tx.commit().await.unwrap();

    // One more that came back, with what was typed.
    refused(&engine).await;

    // The flows end after an hour, the session after a day. The mail's time is that of the session.
    let mut elapsed = 0;
    for (hour, kinds) in [
        (1, &[Kind::Limits][..]),
        (1 + 1, &[Kind::RefusedForms]),
        (1 + 24, &[Kind::Flows]),
        (24 + 48, &[Kind::Sessions, Kind::Messages]),
        (96, &[Kind::Errors]),
    ] {
        world.clock.advance(Duration::from_secs(hour * HOUR - elapsed));
        let swept = sweep(&engine).await.unwrap();
        assert!(swept.iter().all(|(_, count)| *count == 0), "nothing is older than it may be: {swept:?}");
        world.clock.advance(Duration::from_secs(1));
        elapsed = hour * HOUR + 1;
        let swept = sweep(&engine).await.unwrap();
        for (kind, count) in swept {
            assert_eq!(count, u64::from(kinds.contains(&kind)), "{kind:?} after {hour} h");
        }
    }
    let mut tx = ctx.db().read().await.unwrap();
    assert!(sessions::get(&mut tx, over.id).await.unwrap().is_none());
    assert!(errors::get(&mut tx, error).await.unwrap().is_none());
    assert!(courier::list(&ctx, &Filter::default(), 9).await.unwrap().is_empty());
    assert!(identities::get(&mut tx, identity.id).await.unwrap().is_some(), "people stay");
}

#[tokio::test]
async fn what_is_over_goes_in_its_time_on_sqlite() {
    everything_goes_in_its_time("memory").await;
}

#[tokio::test]
async fn what_is_over_goes_in_its_time_on_postgresql() {
    everything_goes_in_its_time(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn many_go_in_more_than_one_step_and_a_live_session_stays() {
    let (world, engine) = house("memory").await;
    let ctx = engine.begin();
    let person = serde_json::from_value(json!({"traits": {"email": "anna@vestibule.test"}})).unwrap();
    let (identity, _) = admin::create(&ctx, person).await.unwrap();
    let mut tx = ctx.db().write().await.unwrap();
    for _ in 0..1201 {
        let (over, _) = session::new(&ctx, &identity, "password", &DeviceInfo::default());
        sessions::insert(&mut tx, &over).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.clock.advance(Duration::from_secs(73 * HOUR));
    let (live, token) = session::new(&ctx, &identity, "password", &DeviceInfo::default());
    let mut tx = ctx.db().write().await.unwrap();
    sessions::insert(&mut tx, &live).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(gone(&sweep(&engine).await.unwrap(), Kind::Sessions), 1201);
    assert_eq!(gone(&sweep(&engine).await.unwrap(), Kind::Sessions), 0);
    assert!(session::whoami(&ctx, &token).await.unwrap().is_some());
}

#[tokio::test]
async fn invitations_go_a_while_after_their_end_and_sign_ups_that_wait_at_theirs() {
    let world = World::default();
    let on = json!({
        "selfservice": {"flows": {"verification": {"enabled": true}}},
        "vestibule": {"cleanup": {"invitations": "48h"}},
    });
    let engine = world.engine("memory", vec![on]).await;
    let ctx = engine.begin();
    let wanted = Wanted { lifespan: Some(Duration::from_secs(HOUR)), ..Wanted::default() };
    invitations::make(&ctx, By::AdminApi, wanted).await.unwrap();
    let start = Start {
        kind_of_client: FlowType::Api,
        path_and_query: "self-service/verification/api".into(),
        query: vec![],
        csrf_cookie: String::new(),
        current: None,
        requester: engine::requester::Requester::default().into(),
        seen: engine::hooks::call::RequestInfo::default(),
    };
    let Started::Flow(flow) = flow::start(&ctx, FlowKind::Verification, start).await.unwrap() else {
        panic!("a form")
    };
    let person = serde_json::from_value(json!({"traits": {"email": "anna@vestibule.test"}})).unwrap();
    let (identity, _) = admin::create(&ctx, person).await.unwrap();
    let now = engine.effects().now();
    let row = Pending {
        id: engine.effects().identity_id(),
        flow: flow.id,
        address: "bert@vestibule.test".into(),
        address_id: engine.effects().uuid(),
        secret_hash: vec![1; 32],
        code: Code { key_id: "k".into(), digest: vec![2; 32], link_digest: vec![3; 32], expires_at: now },
        draft: Draft::of(&identity, Extracted::default(), "a hash".into(), flow.id, None),
        created_at: now,
        expires_at: now + Duration::from_secs(HOUR),
    };
    let mut tx = ctx.db().write().await.unwrap();
    pending::insert(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();

    world.clock.advance(Duration::from_secs(HOUR));
    let swept = sweep(&engine).await.unwrap();
    assert_eq!((gone(&swept, Kind::PendingSignUps), gone(&swept, Kind::Invitations)), (0, 0));
    world.clock.advance(Duration::from_secs(1));
    let swept = sweep(&engine).await.unwrap();
    assert_eq!((gone(&swept, Kind::PendingSignUps), gone(&swept, Kind::Invitations)), (1, 0));
    world.clock.advance(Duration::from_secs(48 * HOUR));
    assert_eq!(gone(&sweep(&engine).await.unwrap(), Kind::Invitations), 1);
}
