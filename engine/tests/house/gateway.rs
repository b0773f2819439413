//! The courier's gateways from outside: what they are sent, what their responses mean, and what is nowhere to be read.

use engine::courier::{self, Letter, Transport};
use engine::ids::MessageId;
use engine::store::messages::Status;
use engine::testing::World;
use engine::{Ctx, Engine};
use serde_json::{Value, json};
use std::time::Duration;

const URL: &str = "https://sms.example.org/messages?key=hush-in-the-url";
const TO: &str = "+493090182000";

fn base64(text: &str) -> String {
    use base64::Engine as _;
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(text))
}

fn request(body: Option<&str>) -> Value {
    let mut request = json!({
        "url": URL, "method": "POST", "headers": {"X-Tenant": "hush-in-a-header"},
        "auth": {"type": "basic_auth", "config": {"user": "AX", "password": "hush"}},
    });
    if let Some(body) = body {
        request["body"] = base64(body).into();
    }
    request
}

fn sms(request: Value) -> Value {
    json!({"courier": {"channels": [{"id": "sms", "type": "http", "request_config": request}]}})
}

fn emails(request: Value) -> Value {
    json!({"courier": {"delivery_strategy": "http", "http": {"request_config": request}}})
}

struct Setup {
    world: World,
    engine: Engine,
    id: MessageId,
}

impl Setup {
    async fn start(config: Value, to: &str) -> Self {
        let world = World::default();
        world.outbound.answer(URL, "");
        let engine = world.engine("memory", vec![config]).await;
        let id = queue(&engine.begin(), to).await;
        Self { world, engine, id }
    }

    async fn deliver(&self) -> usize {
        courier::deliver(&self.engine).await.unwrap()
    }

    async fn status(&self) -> (Status, i64, Option<String>) {
        let (message, tries) = courier::get(&self.engine.begin(), self.id).await.unwrap();
        (message.status, message.send_count, tries.last().and_then(|last| last.error.clone()))
    }

    /// The body of the one call, as JSON.
    fn sent(&self) -> Value {
        let calls = self.world.outbound.requests();
        assert_eq!(calls.len(), 1);
        serde_json::from_slice(calls[0].body.as_deref().unwrap()).unwrap()
    }
}

async fn queue(ctx: &Ctx, to: &str) -> MessageId {
    let letter = Letter::RecoveryCode { code: "135790".into(), minutes: 10 };
    let mut tx = ctx.db().write().await.unwrap();
    let id = courier::queue(ctx, &mut tx, to, &letter).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_text_message_is_what_the_template_makes_of_it() {
    let setup = Setup::start(sms(request(Some("function(ctx) ctx"))), TO).await;
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.deliver().await, 0, "it was sent");
    let sent = setup.sent();
    let text = sent["body"].as_str().unwrap();
    assert!(text.contains("135790") && text.contains("10 minutes"), "{text}");
    assert_eq!(sent["recipient"], TO);
    assert_eq!(
        (&sent["message_type"], &sent["template_type"]),
        (&json!("sms"), &json!("recovery_code_valid"))
    );
    // Kratos calls the code of a recovery so in a text message.
    let data = &sent["template_data"];
    assert_eq!((&data["to"], &data["verification_code"]), (&json!(TO), &json!("135790")));
    assert_eq!(data["expires_in_minutes"], 10);
    let call = &setup.world.outbound.requests()[0];
    let header = |name: &str| {
        let found = call.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!((call.method.as_str(), call.url.as_str()), ("POST", URL));
    assert_eq!(header("Authorization"), Some("Basic QVg6aHVzaA=="));
    assert_eq!(
        (header("X-Tenant"), header("Content-Type")),
        (Some("hush-in-a-header"), Some("application/json"))
    );
    assert_eq!(setup.status().await, (Status::Sent, 1, None));
}

#[tokio::test]
async fn a_gateway_without_a_template_gets_kratos_own() {
    let setup = Setup::start(sms(request(None)), TO).await;
    setup.deliver().await;
    let sent = setup.sent();
    assert_eq!((&sent["to"], &sent["verification_code"]), (&json!(TO), &json!("135790")));
    assert!(sent.get("template_data").is_none(), "{sent}");
}

#[tokio::test]
async fn a_form_is_sent_where_the_header_says_so() {
    let mut request =
        request(Some("function(ctx) { To: ctx.recipient, Code: ctx.template_data.verification_code }"));
    request["headers"]["Content-Type"] = "application/x-www-form-urlencoded".into();
    let setup = Setup::start(sms(request), TO).await;
    setup.deliver().await;
    let calls = setup.world.outbound.requests();
    assert_eq!(calls[0].body.as_deref().unwrap(), b"Code=135790&To=%2B493090182000");
}

#[tokio::test]
async fn emails_are_delivered_over_http_where_the_strategy_says_so() {
    let setup = Setup::start(emails(request(Some("function(ctx) ctx"))), "anna@example.org").await;
    assert_eq!(setup.deliver().await, 1);
    let sent = setup.sent();
    assert_eq!((&sent["message_type"], &sent["recipient"]), (&json!("email"), &json!("anna@example.org")));
    assert_eq!(sent["template_data"]["recovery_code"], "135790");
    assert!(sent["subject"].as_str().is_some_and(|subject| !subject.is_empty()), "{sent}");
    assert!(sent["html_body"].as_str().unwrap().contains("<"), "{sent}");
    assert_eq!(setup.world.mailer.sent(), []);
    let status = courier::delivery_status(&setup.engine.begin(), 1).await.unwrap();
    assert_eq!(status.transport, Transport::Gateway("sms.example.org".into()));
}

#[tokio::test]
async fn a_gateway_that_is_down_is_asked_again_and_one_that_refuses_is_not() {
    // 401: a mended key lets what waited leave.
    for (status, then) in [
        (500, Status::Queued),
        (302, Status::Queued),
        (401, Status::Queued),
        (429, Status::Queued),
        (400, Status::Abandoned),
    ] {
        let setup = Setup::start(sms(request(None)), TO).await;
        setup.world.outbound.refuse(URL, status);
        setup.deliver().await;
        let (now, tries, why) = setup.status().await;
        assert_eq!((now, tries), (then, 1), "{status}");
        assert!(why.unwrap().contains(&status.to_string()), "{status}");
        if then == Status::Queued {
            setup.world.outbound.answer(URL, "");
            assert_eq!(setup.deliver().await, 0, "not before its pause is over");
            setup.world.clock.advance(Duration::from_secs(5));
            assert_eq!(setup.deliver().await, 1);
            assert_eq!(setup.status().await.0, Status::Sent);
        }
    }
}

#[tokio::test]
async fn a_template_that_cancels_ends_the_message_and_a_broken_one_waits() {
    for (body, then) in
        [("function(ctx) error 'cancel'", Status::Abandoned), ("function(ctx) ctx.nothing", Status::Queued)]
    {
        let setup = Setup::start(sms(request(Some(body))), TO).await;
        setup.deliver().await;
        assert_eq!(setup.status().await.0, then, "{body}");
        assert_eq!(setup.world.outbound.requests().len(), 0);
    }
}

#[tokio::test]
async fn nothing_of_a_gateway_or_a_code_is_readable_afterwards() {
    for status in [200, 500] {
        let setup = Setup::start(sms(request(None)), TO).await;
        setup.world.outbound.answer_with(URL, status, "the gateway repeats 135790");
        setup.deliver().await;
        let ctx = setup.engine.begin();
        let (message, tries) = courier::get(&ctx, setup.id).await.unwrap();
        let shown = courier::shown(&ctx.config, &message).unwrap();
        let all = format!("{message:?} {tries:?} {shown:?}");
        assert!(!all.contains("hush") && !all.contains("135790"), "{all}");
    }
    let config = World::default().config(vec![sms(request(None))]);
    assert!(!format!("{:?}", config.courier.sms.unwrap().auth).contains("hush"));
}

#[tokio::test]
async fn private_networks_are_as_closed_as_for_webhooks() {
    let mut here = request(None);
    here["url"] = "https://10.1.2.3/messages".into();
    let mut config = sms(here);
    config["clients"] = json!({"http": {"disallow_private_ip_ranges": true}});
    let setup = Setup::start(config, TO).await;
    setup.deliver().await;
    assert_eq!(setup.world.outbound.requests().len(), 0);
    assert_eq!(setup.status().await.0, Status::Queued);
}

#[tokio::test]
async fn what_has_no_route_waits_and_keeps_nothing_else_up() {
    let setup = Setup::start(json!({"courier": {"worker": {"pull_count": 1}}}), "anna@example.org").await;
    assert_eq!(setup.deliver().await, 0, "no route at all");
    setup.world.clock.advance(Duration::from_secs(1));
    let mut only_sms = sms(request(None));
    only_sms["courier"]["worker"] = json!({"pull_count": 1});
    setup.engine.publish(setup.world.config(vec![only_sms]));
    queue(&setup.engine.begin(), TO).await;
    assert_eq!(setup.deliver().await, 1, "the older email waits for a mail server");
    assert_eq!(setup.world.outbound.requests().len(), 1);
    assert_eq!(setup.status().await.0, Status::Queued);
}

#[tokio::test]
async fn a_mailbox_that_was_asked_for_keeps_text_messages_too() {
    let mut config = sms(request(None));
    config["vestibule"] = json!({"mailbox": {"enabled": true}});
    let setup = Setup::start(config, TO).await;
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.world.outbound.requests().len(), 0);
    assert_eq!(setup.status().await.0, Status::Sent);
}
