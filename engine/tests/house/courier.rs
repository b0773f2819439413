//! The courier from outside: what is queued leaves or waits, and who may read it when.

use engine::courier::{self, Letter, Transport};
use engine::effects::MailError;
use engine::ids::{MessageId, OperatorId};
use engine::operators::{Operator, Role, mailbox};
use engine::store::messages::{Message, Status};
use engine::store::{Db, audit};
use engine::testing::World;
use engine::{Ctx, Engine, Kind};
use serde_json::{Value, json};
use std::time::Duration;

fn smtp() -> Value {
    json!({"courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}}})
}

struct Setup {
    world: World,
    engine: Engine,
    id: MessageId,
}

impl Setup {
    /// One code for Anna, queued.
    async fn start(config: Value) -> Self {
        let world = World::default();
        let engine = world.engine("memory", vec![config]).await;
        let id = queue(&engine.begin()).await;
        Self { world, engine, id }
    }

    async fn message(&self) -> (Message, Vec<engine::store::messages::Dispatch>) {
        courier::get(&self.engine.begin(), self.id).await.unwrap()
    }

    async fn deliver(&self) -> usize {
        courier::deliver(&self.engine).await.unwrap()
    }

    fn later(&self, seconds: u64) {
        self.world.clock.advance(Duration::from_secs(seconds));
    }
}

async fn queue(ctx: &Ctx) -> MessageId {
    let letter =
        Letter::VerificationCode { code: "135790".into(), link: "http://x/?code=135790".into(), minutes: 10 };
    let mut tx = ctx.db().write().await.unwrap();
    let id = courier::queue(ctx, &mut tx, "anna@example.org", &letter).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_mail_leaves_once_with_both_parts() {
    let setup = Setup::start(smtp()).await;
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.deliver().await, 0, "it has left");
    let sent = setup.world.mailer.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].to.as_str(), sent[0].id), ("anna@example.org", setup.id.0));
    assert!(sent[0].text.contains("135790") && sent[0].html.contains("135790"));
    let (message, tries) = setup.message().await;
    assert_eq!((message.status, message.send_count, tries.len()), (Status::Sent, 1, 1));
    assert_eq!(tries[0].status, "success");
}

#[tokio::test]
async fn what_is_rolled_back_is_not_sent() {
    let setup = Setup::start(smtp()).await;
    let ctx = setup.engine.begin();
    let mut tx = ctx.db().write().await.unwrap();
    courier::queue(&ctx, &mut tx, "nobody@example.org", &Letter::VerificationUnknown).await.unwrap();
    drop(tx);
    setup.deliver().await;
    assert_eq!(setup.world.mailer.sent().len(), 1, "Anna's alone");
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again_with_growing_pauses_and_nothing_is_lost() {
    let setup = Setup::start(smtp()).await;
    setup.world.mailer.fail(Some(|| MailError::NotNow("away".into())));
    assert_eq!(setup.deliver().await, 1);
    let (message, tries) = setup.message().await;
    assert_eq!((message.status, message.send_count), (Status::Queued, 1));
    assert_eq!((tries.len(), tries[0].error.as_deref()), (1, Some("not now: away")));
    setup.later(4);
    assert_eq!(setup.deliver().await, 0, "its pause is five seconds");
    setup.later(1);
    assert_eq!(setup.deliver().await, 1);
    setup.later(19);
    assert_eq!(setup.deliver().await, 0, "the next pause is longer");
    setup.world.mailer.fail(None);
    setup.later(1);
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.message().await.0.status, Status::Sent);
    assert_eq!(setup.world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_is_given_up_after_the_configured_tries_or_when_it_is_refused_for_good() {
    let mut config = smtp();
    config["courier"]["message_retries"] = json!(2);
    let setup = Setup::start(config.clone()).await;
    setup.world.mailer.fail(Some(|| MailError::NotNow("away".into())));
    for _ in 0..3 {
        assert_eq!(setup.deliver().await, 1);
        setup.later(3600);
    }
    assert_eq!(setup.deliver().await, 0);
    let (message, tries) = setup.message().await;
    assert_eq!((message.status, message.send_count, tries.len()), (Status::Abandoned, 3, 3));

    let setup = Setup::start(config).await;
    setup.world.mailer.fail(Some(|| MailError::Refused("550 no such person".into())));
    assert_eq!(setup.deliver().await, 1);
    let (message, tries) = setup.message().await;
    assert_eq!((message.status, message.send_count), (Status::Abandoned, 1));
    assert_eq!(tries[0].error.as_deref(), Some("refused: 550 no such person"));
}

#[tokio::test]
async fn many_at_once_send_a_mail_once() {
    let setup = Setup::start(smtp()).await;
    let outcomes = futures::future::join_all((0..8).map(|_| courier::deliver(&setup.engine))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(setup.world.mailer.sent().len(), 1);
    assert_eq!(setup.message().await.0.send_count, 1);
}

/// What a thief of the database would see.
fn stored(message: &Message) -> String {
    format!("{} {} {}", message.subject, message.recipient, String::from_utf8_lossy(&message.body))
}

#[tokio::test]
async fn code_and_link_are_readable_to_nobody_before_and_after() {
    let setup = Setup::start(smtp()).await;
    let config = setup.engine.begin().config;
    let (message, _) = setup.message().await;
    assert!(!stored(&message).contains("135790"), "sealed at rest");
    assert_eq!(courier::shown(&config, &message).unwrap(), None);
    setup.deliver().await;
    let (message, _) = setup.message().await;
    assert!(!stored(&message).contains("135790"));
    let shown = courier::shown(&config, &message).unwrap().unwrap();
    assert!(!format!("{shown:?}").contains("135790"), "{shown:?}");
    assert!(shown.text.contains("••••••"), "{}", shown.text);

    // Not masked for display only: it is gone, also for whoever has the keys.
    let mut keep = smtp();
    keep["vestibule"] = json!({"courier": {"keep_bodies": true}});
    let told = setup.world.config(vec![keep]);
    let shown = courier::shown(&told, &message).unwrap().unwrap();
    assert!(!format!("{shown:?}").contains("135790"), "{shown:?}");
}

#[tokio::test]
async fn tests_may_keep_bodies() {
    let mut config = smtp();
    config["vestibule"] = json!({"courier": {"keep_bodies": true}});
    let setup = Setup::start(config).await;
    setup.deliver().await;
    let (message, _) = setup.message().await;
    let shown = courier::shown(&setup.engine.begin().config, &message).unwrap().unwrap();
    assert!(shown.text.contains("135790"));
}

fn operator(role: Role) -> Operator {
    Operator {
        id: OperatorId(uuid::Uuid::from_u128(1)),
        email: format!("{}@vestibule.test", role.name()),
        name: String::new(),
        role,
        disabled: false,
        created_at: chrono::DateTime::from_timestamp(0, 0).unwrap(),
    }
}

async fn audited(db: &Db) -> Vec<(String, String)> {
    let mut tx = db.read().await.unwrap();
    let rows = audit::list(&mut tx, 10).await.unwrap();
    rows.into_iter().map(|entry| (entry.actor, entry.action)).collect()
}

/// Everything on loopback and no mail server.
fn trial() -> Value {
    let here = |port: u16| json!({"host": "127.0.0.1", "port": port});
    json!({"serve": {"public": here(4433), "admin": here(4434)}, "vestibule": {"console": here(4435)}})
}

#[tokio::test]
async fn without_a_mail_server_mails_stay_in_the_mailbox_for_owners() {
    let setup = Setup::start(trial()).await;
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.world.mailer.sent(), [], "nothing leaves");
    let read = mailbox::read(&setup.engine, &operator(Role::Owner), None, 10).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].written.code.as_deref(), Some("135790"));
    assert_eq!(read[0].written.link.as_deref(), Some("http://x/?code=135790"));
    let other = mailbox::read(&setup.engine, &operator(Role::Owner), Some("bert@example.org"), 10).await;
    assert_eq!(other.unwrap().len(), 0);
    for role in [Role::Editor, Role::Viewer] {
        let refused = mailbox::read(&setup.engine, &operator(role), None, 10).await;
        assert_eq!(refused.err().unwrap().kind, Kind::Forbidden);
    }
    let audit = audited(setup.engine.db()).await;
    assert_eq!(audit[0], ("viewer@vestibule.test".to_owned(), "mailbox.refused".to_owned()));
    assert_eq!(audit.last().unwrap(), &("owner@vestibule.test".to_owned(), "mailbox.read".to_owned()));
    // The admin API tells it masked all the same.
    let (message, _) = setup.message().await;
    let shown = courier::shown(&setup.engine.begin().config, &message).unwrap().unwrap();
    assert!(!shown.text.contains("135790"));
}

#[tokio::test]
async fn a_mailbox_opens_by_itself_on_loopback_alone() {
    let world = World::default();
    let open = |config: Value| mailbox::is_open(&world.config(vec![config]));
    assert!(open(trial()));
    for listener in ["/serve/public/host", "/serve/admin/host", "/vestibule/console/host"] {
        let mut config = trial();
        *config.pointer_mut(listener).unwrap() = json!("0.0.0.0");
        assert!(!open(config.clone()), "{listener}");
        config["vestibule"]["mailbox"] = json!({"enabled": true});
        assert!(open(config), "{listener}, but named");
    }
    assert!(!open(smtp()), "mails are sent");
    let setup = Setup::start(smtp()).await;
    let closed = mailbox::read(&setup.engine, &operator(Role::Owner), None, 10).await;
    assert_eq!(closed.err().unwrap().kind, Kind::NotFound);
}

#[tokio::test]
async fn with_neither_server_nor_mailbox_mails_wait_for_one() {
    let setup = Setup::start(json!({})).await;
    assert_eq!(setup.deliver().await, 0);
    assert_eq!(setup.message().await.0.status, Status::Queued);
    setup.engine.publish(setup.world.config(vec![smtp()]));
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_survives_a_restart_and_a_sender_that_never_came_back() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}", folder.path().join("x.sqlite").display());
    let world = World::default();
    let engine = world.engine(&dsn, vec![smtp()]).await;
    let id = queue(&engine.begin()).await;
    {
        // Claimed, and then the process died.
        let now = engine.effects().now();
        let mut tx = engine.db().write().await.unwrap();
        let due = engine::store::messages::due(&mut tx, now, 1, None).await.unwrap();
        let until = now + chrono::TimeDelta::minutes(5);
        assert!(engine::store::messages::claim(&mut tx, &due[0], until, now).await.unwrap());
        tx.commit().await.unwrap();
    }
    engine.db().close().await;
    let engine = world.engine(&dsn, vec![smtp()]).await;
    assert_eq!(courier::deliver(&engine).await.unwrap(), 0, "somebody may be at it still");
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(courier::deliver(&engine).await.unwrap(), 1);
    assert_eq!(courier::get(&engine.begin(), id).await.unwrap().0.status, Status::Sent);
}

#[tokio::test]
async fn operators_learn_that_mails_do_not_leave_and_that_they_do_again() {
    let setup = Setup::start(smtp()).await;
    let seen = async || courier::delivery_status(&setup.engine.begin(), 10).await.unwrap();
    assert_eq!((seen().await.stalled, seen().await.waiting), (false, 1), "not tried yet");
    assert_eq!(seen().await.transport, Transport::Server("127.0.0.1:1".into()));
    setup.later(1);
    setup.world.mailer.fail(Some(|| MailError::NotNow("away".into())));
    setup.deliver().await;
    let status = seen().await;
    assert!(status.stalled && courier::is_stalled(&setup.engine.begin()).await.unwrap());
    assert_eq!((status.waiting, status.last_left), (1, None));
    assert_eq!(status.held[0].failure.as_deref(), Some("not now: away"));
    setup.later(5);
    setup.world.mailer.fail(None);
    setup.deliver().await;
    let status = seen().await;
    assert!(!status.stalled && status.last_left.is_some() && status.held.is_empty(), "{status:?}");

    // Given up after its last try, it is still the server that does not take mails.
    setup.later(1);
    queue(&setup.engine.begin()).await;
    setup.world.mailer.fail(Some(|| MailError::NotNow("away".into())));
    for _ in 0..9 {
        setup.deliver().await;
        setup.later(3600);
    }
    let status = seen().await;
    assert_eq!((status.stalled, status.waiting), (true, 0));
    assert_eq!(status.held[0].message.status, Status::Abandoned);
}

#[tokio::test]
async fn one_address_that_is_refused_is_no_alarm_and_three_are() {
    let setup = Setup::start(smtp()).await;
    setup.world.mailer.fail(Some(|| MailError::Refused("550 no".into())));
    for (count, alarm) in [(1, false), (2, false), (3, true)] {
        setup.later(1);
        setup.deliver().await;
        let status = courier::delivery_status(&setup.engine.begin(), 10).await.unwrap();
        assert_eq!((status.held.len(), status.stalled), (count, alarm));
        queue(&setup.engine.begin()).await;
    }
    setup.world.mailer.fail(None);
    setup.later(1);
    setup.deliver().await;
    assert!(!courier::is_stalled(&setup.engine.begin()).await.unwrap(), "one has left");
}

#[tokio::test]
async fn mails_that_have_nowhere_to_go_are_an_alarm_and_a_mailbox_is_none() {
    let nowhere = Setup::start(json!({})).await;
    let status = courier::delivery_status(&nowhere.engine.begin(), 10).await.unwrap();
    assert_eq!((status.transport, status.stalled, status.waiting), (Transport::None, true, 1));
    let trial = Setup::start(trial()).await;
    let status = courier::delivery_status(&trial.engine.begin(), 10).await.unwrap();
    assert_eq!((status.transport, status.stalled), (Transport::Mailbox, false));
}
