//! The sign-up tester, from outside: what an owner is shown of a run, and that a run leaves the database as it was.

use crate::client::{Console, EMAIL};
use axum::http::StatusCode;
use engine::effects::{Outbound, Request};
use engine::ids::FlowId;
use engine::store::{audit, messages};
use engine::{courier, settings};
use serde_json::{Value, json};

const PAGE: &str = "/tester";
const PASSWORD: &str = "quiet copper meadow 73";

/// With an owner signed in.
async fn start(config: Value) -> Console {
    let mailed = json!({
        "selfservice": {"flows": {"verification": {"enabled": true}}}, "vestibule": {"mailbox": {"enabled": true}},
    });
    Console::start_with(vec![mailed, config]).await.with_operator("Grace").await
}

impl Console {
    async fn run(&self, client: &str, email: &str) -> String {
        self.run_with(client, email, &[]).await
    }

    async fn run_with(&self, client: &str, email: &str, more: &[(&str, &str)]) -> String {
        let mut fields =
            vec![("client", client), ("field:traits.email", email), ("field:password", PASSWORD)];
        fields.extend(more);
        let page = self.post(PAGE, &fields).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        page.html
    }

    async fn look(&self) -> String {
        let page = self.get(PAGE).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        page.html
    }

    async fn entries(&self, action: &str) -> Vec<audit::Entry> {
        let mut tx = self.engine.db().read().await.unwrap();
        let all = audit::list(&mut tx, 100).await.unwrap();
        all.into_iter().filter(|entry| entry.action == action).collect()
    }

    /// The calls of web hooks that really left.
    fn called(&self) -> Vec<Request> {
        let sent = self.world.outbound.requests().into_iter();
        sent.filter(|request| request.url.host_str() == Some("hook.test")).collect()
    }

    async fn set_sign_in_after_registration(&self, on: bool) {
        let mut tx = self.engine.db().read().await.unwrap();
        let (operator, _) = engine::store::operators::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
        drop(tx);
        let current = settings::current(&self.engine).await.unwrap();
        let ways = current.values.ways("sign_in_after_registration").level(on);
        let values = current.values.having("sign_in_after_registration", ways);
        settings::save(&self.engine, &operator, current.revision, &values, "").await.unwrap();
    }
}

/// Of the list of steps what stands in the marks, in order.
fn marks(html: &str) -> Vec<String> {
    let steps = html.split("class=\"steps ran\"").nth(1).unwrap().split("</ol>").next().unwrap();
    let marks = steps.split("class=\"mark\">").skip(1);
    marks.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_client_is_shown_what_the_switch_does_for_it() {
    let console = start(json!({})).await;
    for (client, on, signed_in, holds) in [
        ("browser", false, false, "Not signed in"),
        ("browser", true, true, "ory_kratos_session"),
        ("spa", true, true, "ory_kratos_session"),
        ("native", true, true, "session_token"),
        ("native", false, false, "Not signed in"),
    ] {
        console.set_sign_in_after_registration(on).await;
        let html = console.run(client, "new@example.org").await;
        let verdict = if signed_in { ">Signed in<" } else { ">Not signed in<" };
        assert!(html.contains(verdict) && html.contains(holds), "{client} {on}: {html}");
        assert!(html.contains("No existing account uses this data"), "a run never meets the one before it");
        assert!(html.contains("As curl") && html.contains("data-raw"), "{html}");
        assert!(html.contains("to <b><bdi>new@example.org</bdi></b>"), "the mail with its code: {html}");
    }
}

/// The setup that most people choose ends with a session: after the code, or after the second sign-in.
#[tokio::test]
async fn a_run_goes_on_to_the_code_and_to_the_second_sign_in() {
    let go_on = [("go_on", "true")];
    for client in ["browser", "spa", "native"] {
        let console = start(json!({})).await;
        console.set_sign_in_after_registration(false).await;
        let html = console.run_with(client, "new@example.org", &go_on).await;
        assert!(html.contains(">Signed up, then signed in<"), "{client}: {html}");
        for part in ["Enter the verification code", "Sign in with the password"] {
            assert!(html.contains(part), "{client} {part}: {html}");
        }
        let silent = json!({"vestibule": {"registration": {
            "prevent_enumeration": true, "sign_in_after_verification": true,
        }}});
        let console = start(silent).await;
        let html = console.run("browser", "new@example.org").await;
        assert!(html.contains(">Not signed in<") && html.contains("Runs after verification"), "{html}");
        let html = console.run_with("browser", "new@example.org", &go_on).await;
        assert!(html.contains(">Signed in after verification<"), "{client}: {html}");
        assert!(!marks(&html).iter().any(|mark| mark == "Not run"), "{client}: {:?}", marks(&html));
    }
}

#[tokio::test]
async fn a_form_that_is_rejected_says_why_field_by_field() {
    let console = start(json!({})).await;
    for client in ["browser", "spa", "native"] {
        let fields = [
            ("client", client),
            ("go_on", "true"),
            ("field:traits.email", "nobody"),
            ("field:password", "x"),
        ];
        let html = console.post(PAGE, &fields).await.html;
        assert!(html.contains(">Sign-up rejected<"), "{client}: {html}");
        let list = html.split("data-testid=\"rejected\"").nth(1).unwrap().split("</ul>").next().unwrap();
        assert!(
            list.contains("<bdi>Email</bdi>") || list.contains("<bdi>Password</bdi>"),
            "{client}: {list}"
        );
        assert!(!html.contains("Sign in with the password"), "nothing follows: {html}");
    }
}

#[tokio::test]
async fn sign_up_by_invitation_is_tested_with_one() {
    let console = start(json!({"vestibule": {"registration": {"invite_only": true}}})).await;
    assert!(console.look().await.contains("id=\"invited\""));
    console.set_sign_in_after_registration(true).await;
    let before = console.engine.db().rows().await.unwrap()["invitations"];
    for client in ["browser", "spa", "native"] {
        let html = console.run(client, "new@example.org").await;
        assert!(html.contains(">Signed in<"), "{client}: {html}");
    }
    assert_eq!(console.engine.db().rows().await.unwrap()["invitations"], before);
}

#[tokio::test]
async fn each_step_is_told_with_what_became_of_it() {
    let console = start(json!({})).await;
    console.set_sign_in_after_registration(true).await;
    let html = console.run("browser", "new@example.org").await;
    assert_eq!(marks(&html), ["passed", "done", "stored", "queued", "issued"]);
    let known = json!({"traits": {"email": "ann@example.org"}});
    engine::admin::create(&console.engine.begin(), serde_json::from_value(known).unwrap()).await.unwrap();
    let html = console.run("browser", "ann@example.org").await;
    assert!(html.contains("One account uses this data"), "{html}");
    assert_eq!(marks(&html), ["passed", "done", "email taken", "Not run", "Not run"]);
}

#[tokio::test]
async fn a_sign_up_by_code_enters_the_code_that_it_was_sent() {
    let session = json!({"hooks": [{"hook": "session"}]});
    let console = start(json!({"selfservice": {
        "methods": {"code": {"passwordless_enabled": true}},
        "flows": {"registration": {"after": {"code": session}}},
    }}))
    .await;
    for client in ["browser", "spa", "native"] {
        let html = console.run_with(client, "new@example.org", &[("method", "code")]).await;
        assert!(html.contains("Request a code") && html.contains("Enter the code"), "{client}: {html}");
        assert!(html.contains("The final session check returned the account."), "{client}: {html}");
        assert!(!marks(&html).iter().any(|mark| mark == "Not run"), "{client}: {:?}", marks(&html));
    }
    assert!(console.entries("rehearsal.run").await.len() == 3);
}

#[tokio::test]
async fn a_form_in_two_steps_is_sent_in_two_steps() {
    let console =
        start(json!({"selfservice": {"flows": {"registration": {"style": "profile_first"}}}})).await;
    assert!(console.look().await.contains("field:password"));
    console.set_sign_in_after_registration(true).await;
    for client in ["browser", "spa", "native"] {
        let html = console.run(client, "new@example.org").await;
        assert!(html.contains("Submit the first step"), "{client}: {html}");
        assert!(html.contains("The final session check returned the account."), "{client}: {html}");
    }
}

/// The promise of the page: every table has as many rows as before, but for the audit, which says that it ran.
#[tokio::test]
async fn no_table_has_a_row_more_or_less_after_a_run() {
    let hook = json!({"hook": "web_hook", "config": {"url": "http://hook.test/", "method": "POST", "response": {"ignore": true}}});
    let config = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [hook, {"hook": "session"}]}}}}}});
    let console = start(config).await;
    let known = json!({"traits": {"email": "ann@example.org"}});
    engine::admin::create(&console.engine.begin(), serde_json::from_value(known).unwrap()).await.unwrap();
    let mut expected = console.engine.db().rows().await.unwrap();
    for (client, email) in [
        ("browser", "new@example.org"),
        ("spa", "ann@example.org"),
        ("native", "broken"),
        ("native", "x@y.test"),
    ] {
        console.run(client, email).await;
        *expected.get_mut("audit").unwrap() += 1;
        assert_eq!(console.engine.db().rows().await.unwrap(), expected, "{client} {email}");
    }
    assert!(console.world.mailer.sent().is_empty(), "no mail left");
    assert!(console.called().is_empty(), "and no web hook was called");
}

#[tokio::test]
async fn web_hooks_are_kept_or_called_with_a_mark_and_both_are_shown() {
    let hook = json!({"hook": "web_hook", "config": {"url": "http://hook.test/ask", "method": "POST", "can_interrupt": true,
        "auth": {"type": "basic_auth", "config": {"user": "us", "password": "a secret of the file"}}}});
    let config =
        json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [hook]}}}}}});
    let console = start(config).await;
    let html = console.run("native", "new@example.org").await;
    assert!(html.contains("Intercepted") && html.contains("POST http://hook.test/ask → 200"), "{html}");
    assert!(console.called().is_empty());

    console.world.outbound.answer("http://hook.test/ask", "{}");
    let fields = [
        ("client", "native"),
        ("call_hooks", "true"),
        ("field:traits.email", "new@example.org"),
        ("field:password", PASSWORD),
    ];
    let html = console.post(PAGE, &fields).await.html;
    assert!(html.contains("Called"), "{html}");
    let sent = console.called();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].headers.iter().any(|(name, value)| name == "Vestibule-Test" && value == "true"));
    assert!(!html.contains("dXM6YSBzZWNyZXQ"), "the file's secrets are not shown: {html}");
}

/// What a rehearsal shows works nowhere else: not its session, not its flow.
#[tokio::test]
async fn what_it_shows_is_dead_outside_of_it() {
    let console = start(json!({})).await;
    console.set_sign_in_after_registration(true).await;
    let html = console.run("native", "new@example.org").await;
    let token = html.split("ory_st_").nth(1).unwrap();
    let token: String = token.chars().take_while(char::is_ascii_alphanumeric).collect();
    let token = format!("ory_st_{token}");
    assert!(token.len() > 30, "{html}");
    assert!(engine::session::whoami(&console.engine.begin(), &token).await.unwrap().is_none());
}

#[tokio::test]
async fn a_closed_sign_up_has_no_form_and_says_so() {
    let console = start(json!({"selfservice": {"flows": {"registration": {"enabled": false}}}})).await;
    let html = console.look().await;
    assert!(html.contains("No form is available") && !html.contains("id=\"run\""), "{html}");
}

/// A run takes one snapshot; what is saved meanwhile is said, and applies to the next.
#[tokio::test]
async fn settings_that_are_saved_during_a_run_do_not_reach_it_and_are_told() {
    let hook = json!({"hook": "web_hook", "config": {"url": "http://hook.test/ask", "method": "POST", "can_interrupt": true}});
    let config = json!({"selfservice": {
        "flows": {"registration": {"after": {"password": {"hooks": [hook]}}}},
        "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
    }});
    let console = start(config).await;
    console.world.outbound.answer("http://hook.test/ask", "{}");
    // The run waits at its web hook until the test asks as well.
    console.world.outbound.gather(2);
    let fields = [
        ("client", "native"),
        ("call_hooks", "true"),
        ("field:traits.email", "new@example.org"),
        ("field:password", PASSWORD),
    ];
    let (shown, ()) = tokio::join!(console.post(PAGE, &fields), async {
        // Long enough for any machine, and an end where the web hook is never called.
        for _ in 0..1_000_000 {
            if !console.called().is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        console.set_sign_in_after_registration(true).await;
        let ask = console.called().remove(0);
        console.world.outbound.send(ask).await.unwrap();
    });
    assert!(shown.html.contains(">Not signed in<"), "{}", shown.html);
    assert!(shown.html.contains("The settings changed during the run"), "{}", shown.html);
}

fn with_mail_server() -> Value {
    json!({
        "vestibule": {"mailbox": {"enabled": false}},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
    })
}

#[tokio::test]
async fn without_the_box_no_mail_is_queued_and_no_row_changes() {
    let console = start(with_mail_server()).await;
    let page = console.look().await;
    assert!(page.contains("id=\"mail-me\"") && page.contains(EMAIL), "{page}");
    let mut expected = console.engine.db().rows().await.unwrap();
    for client in ["browser", "spa", "native"] {
        let html = console.run(client, "new@example.org").await;
        assert!(
            html.contains("to <b><bdi>new@example.org</bdi></b>") && !html.contains("sent to you"),
            "{html}"
        );
        *expected.get_mut("audit").unwrap() += 1;
        assert_eq!(console.engine.db().rows().await.unwrap(), expected, "{client}");
    }
    assert!(console.entries("rehearsal.mailed").await.is_empty());
}

/// The address that was typed is somebody's: they must not get mail because an operator tries something out.
#[tokio::test]
async fn the_mails_of_a_run_go_to_the_operator_alone_once_and_say_that_they_are_tests() {
    let console = start(with_mail_server()).await;
    let mut expected = console.engine.db().rows().await.unwrap();
    let html = console.run_with("native", "new@example.org", &[("mail_me", "true")]).await;
    assert!(html.contains("1 email was sent to you"), "{html}");
    *expected.get_mut("audit").unwrap() += 2;
    *expected.get_mut("courier_messages").unwrap() += 1;
    assert_eq!(console.engine.db().rows().await.unwrap(), expected);

    let ctx = console.engine.begin();
    let queued = courier::list(&ctx, &messages::Filter::default(), 10).await.unwrap();
    let [mail] = queued.as_slice() else { panic!("{queued:?}") };
    assert_eq!((mail.recipient.as_str(), mail.status), (EMAIL, messages::Status::Queued));
    assert!(mail.subject.starts_with("Test: "), "{}", mail.subject);
    let entries = console.entries("rehearsal.mailed").await;
    assert_eq!((entries.len(), entries[0].actor.as_str()), (1, EMAIL));
    assert_eq!(entries[0].details, json!({"mails": 1}));

    while courier::deliver(&console.engine).await.unwrap() > 0 {}
    let sent = console.world.mailer.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, EMAIL);
    assert!(sent[0].text.starts_with("This is a test") && sent[0].text.contains("new@example.org"));
    // Its link leads nowhere.
    let (_, flow) = sent[0].text.split_once("&flow=").unwrap();
    let flow: FlowId = flow[..36].parse().unwrap();
    let found = engine::flow::get(&ctx, engine::model::FlowKind::Verification, Some(flow), &[], None).await;
    assert_eq!(found.unwrap_err().kind, engine::Kind::NotFound);
}

#[tokio::test]
async fn where_no_mail_leaves_the_box_is_not_offered_and_does_nothing() {
    let console = start(json!({})).await;
    assert!(!console.look().await.contains("mail-me"));
    console.run_with("native", "new@example.org", &[("mail_me", "true")]).await;
    let ctx = console.engine.begin();
    assert!(courier::list(&ctx, &messages::Filter::default(), 10).await.unwrap().is_empty());
    assert!(console.entries("rehearsal.mailed").await.is_empty());
}

#[tokio::test]
async fn one_way_to_sign_up_is_a_fact_and_several_are_a_choice() {
    let console = start(json!({})).await;
    let page = console.look().await;
    assert!(page.contains("data-testid=\"only-way\"") && !page.contains("name=\"method\""), "{page}");
    let console = start(with_provider(true)).await;
    let page = console.look().await;
    for method in ["password", "oidc"] {
        assert!(page.contains(&format!("id=\"method-{method}\"")), "{page}");
    }
    assert!(!page.contains("only-way"));
    let alone = start(with_provider(false)).await.look().await;
    assert!(alone.contains("only-way") && alone.contains("Show the steps"), "{alone}");
    assert!(!alone.contains("field:traits.email"), "nothing is typed: {alone}");
    let nothing = start(json!({"selfservice": {"methods": {"password": {"enabled": false}}}})).await;
    assert!(nothing.look().await.contains("No sign-up method is turned on"));
}

/// The trip needs the provider: what each step would do is told, and nothing runs.
#[tokio::test]
async fn the_plan_of_a_provider_is_shown_and_leads_to_the_test_of_its_sign_in() {
    let console = start(with_provider(true)).await;
    let before = console.engine.db().rows().await.unwrap();
    for (client, answer) in [("browser", "303"), ("native", "{session, session_token")] {
        let html = console.run_with(client, "new@example.org", &[("method", "oidc")]).await;
        assert!(html.contains("Social sign-in") && html.contains("Not run."), "{html}");
        assert!(html.contains("href=\"/social\"") && html.contains(answer), "{client}: {html}");
        assert!(html.contains("Create the account") && html.contains("sign_in_after_social"), "{html}");
        assert!(html.contains("value=\"new@example.org\""), "what was typed stays: {html}");
        assert!(!html.contains("HTTP requests"), "{html}");
    }
    assert_eq!(console.engine.db().rows().await.unwrap(), before, "nothing ran");
}

fn with_provider(passwords: bool) -> Value {
    let acme = json!({
        "id": "acme", "provider": "generic", "label": "Acme", "client_id": "us", "client_secret": "secret",
        "issuer_url": "https://acme.test", "mapper_url": "base64://e30=",
    });
    json!({"selfservice": {"methods": {
        "password": {"enabled": passwords}, "oidc": {"enabled": true, "config": {"providers": [acme]}},
    }}})
}
