//! *Require a verified email to sign in*, of each way on its own: told as it is, switched, and given back as it was.

use crate::switches::Console;
use engine::config::Hook;
use engine::model::MethodId;
use engine::operators::Role;
use engine::plan::{Client, FlowKind, Plan, Step, plan};
use engine::settings::{self, Named, PerMethod, Saved, history, preview};
use engine::testing::{self, somebody};
use serde_json::{Value, json};

const NAME: &str = "require_verified_address";

fn gate() -> Value {
    json!({"hook": "require_verified_address"})
}

fn called() -> Value {
    json!({"hook": "web_hook", "config": {"url": "https://crm.test/in", "method": "POST", "response": {"ignore": true}}})
}

/// Codes that leave, a provider that vouches, and what `login.after` holds.
fn files(after: Value) -> Value {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    json!({
        "selfservice": {
            "methods": {"oidc": {"enabled": true, "config": {"providers": [google]}}},
            "flows": {"verification": {"enabled": true}, "login": {"after": after}},
        },
        "courier": {"smtp": {"connection_uri": "smtps://mail.example.org/"}},
    })
}

/// For passwords alone, as a file says it that knows of no provider.
fn of_passwords() -> Value {
    files(json!({"password": {"hooks": [gate()]}}))
}

fn ways(password: bool, oidc: bool) -> PerMethod {
    [(MethodId::Password, password), (MethodId::Oidc, oidc)].into_iter().collect()
}

impl Console {
    /// By an owner who has just signed in.
    async fn set(&self, ways: PerMethod, reason: &str) -> Saved {
        let (base, mut values) = self.values().await;
        values.set("require_verified_address", ways);
        let owner = somebody(&self.engine, Role::Owner);
        settings::save(&self.engine, &owner, base, &values, reason).await.unwrap()
    }

    fn sign_ins(&self) -> [Plan; 2] {
        let config = self.engine.begin().config;
        [MethodId::Password, MethodId::Oidc]
            .map(|method| plan(&config, FlowKind::Login, method, Client::Browser))
    }

    /// Whether passwords ask for a confirmed address, and providers.
    fn asks(&self) -> [bool; 2] {
        self.sign_ins().map(|plan| plan.steps.contains(&Step::Run(Hook::RequireVerifiedAddress)))
    }

    fn calls(&self) -> [bool; 2] {
        let calls = |step: &Step| matches!(step, Step::Run(Hook::WebHook(_)));
        self.sign_ins().map(|plan| plan.steps.iter().any(calls))
    }

    /// Everything that `login.after` holds now.
    fn lists(&self) -> Value {
        self.engine.begin().config.raw.pointer("/selfservice/flows/login/after").cloned().unwrap_or_default()
    }

    async fn newest(&self) -> settings::Revision {
        settings::list(self.engine.db()).await.unwrap().remove(0)
    }

    async fn said(&self, from: i64, to: i64) -> Vec<String> {
        history::compare(&self.engine, from, to).await.unwrap().unwrap().changes
    }
}

fn done(saved: &Saved) {
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
}

fn dangers(saved: Saved) -> Vec<&'static str> {
    let Saved::NeedsReason(found) = saved else { panic!("{saved:?}") };
    found.iter().map(|check| check.id).collect()
}

#[tokio::test]
async fn a_gate_on_passwords_alone_is_on_for_one_of_two_and_stays_when_something_else_is_saved() {
    let console = Console::start(of_passwords(), &[]).await;
    let (_, values) = console.values().await;
    assert_eq!(values.ways("require_verified_address"), ways(true, false));
    assert_eq!(values.words(NAME), "on for 1 of 2 (Password)");
    let before = console.lists();
    let editor = testing::operator(&console.engine, Role::Editor);
    let longer = values.having("min_password_length", 12_u32);
    done(&settings::save(&console.engine, &editor, 0, &longer, "").await.unwrap());
    assert_eq!((console.lists(), console.asks()), (before, [true, false]));
    let newest = console.newest().await;
    assert_eq!(newest.summary, ["Minimum password length: 12 (was 8)"]);
    assert_eq!(serde_json::to_value(&newest.settings).unwrap(), json!({"min_password_length": 12}));
}

#[tokio::test]
async fn levelled_and_taken_back_by_the_history_it_is_exactly_as_it_was() {
    let console = Console::start(of_passwords(), &[]).await;
    let before = console.lists();
    done(&console.set(ways(true, true), "").await);
    assert_eq!(console.asks(), [true, true]);
    let on = "Require a verified email to sign in: on (was on for 1 of 2 (Password))";
    assert_eq!(console.newest().await.summary, [on]);
    assert_eq!(console.said(0, 1).await, [on]);

    let back = history::look_back(&console.engine, 0).await.unwrap().unwrap();
    let some = "Require a verified email to sign in: on for 1 of 2 (Password) (was on)";
    assert_eq!(back.changes, [some]);
    let owner = somebody(&console.engine, Role::Owner);
    let silent = history::go_back(&console.engine, &owner, 1, 0, "").await.unwrap();
    assert_eq!(dangers(silent), ["gate_on_some_methods"], "providers lead past it again");
    done(&history::go_back(&console.engine, &owner, 1, 0, "a trial").await.unwrap());
    assert_eq!((console.lists(), console.asks()), (before, [true, false]));
    assert_eq!(console.values().await.1.ways(NAME), ways(true, false));
    let told = history::entries(&console.engine, None, 10).await.unwrap();
    assert_eq!(told[0].changes, [some]);
}

#[tokio::test]
async fn a_gate_that_is_lost_on_the_way_is_told_wherever_it_is_looked_for() {
    let files = files(json!({"hooks": [called()], "password": {"hooks": [gate()]}}));
    let console = Console::start(files, &[]).await;
    assert_eq!((console.asks(), console.calls()), ([true, false], [false, true]));
    done(&console.set(ways(true, true), "").await);
    assert_eq!((console.asks(), console.calls()), ([true, true], [false, true]), "what was silent stays so");
    assert_eq!(console.said(0, 1).await.len(), 1);

    let runs = "Sign-in with Password: the flow-level hook web_hook crm.test/in runs now";
    let off = "Require a verified email to sign in: off";
    let form = console.values().await.1.having("require_verified_address", ways(false, false));
    assert_eq!(preview(&console.engine.begin().config, &form).changes, [off, runs]);
    done(&console.set(ways(false, false), "").await);
    assert_eq!((console.asks(), console.calls()), ([false, false], [true, true]));
    assert_eq!(console.newest().await.summary, [off, runs]);
    assert_eq!(
        console.said(0, 2).await,
        ["Require a verified email to sign in: off (was on for 1 of 2 (Password))", runs]
    );
    let back = history::look_back(&console.engine, 0).await.unwrap().unwrap();
    assert_eq!(
        back.changes,
        [
            "Require a verified email to sign in: on for 1 of 2 (Password) (was off)",
            "Sign-in with Password: the flow-level hook web_hook crm.test/in no longer runs",
        ]
    );
}

#[tokio::test]
async fn a_hook_of_the_whole_sign_in_runs_before_with_and_after_the_gate() {
    let console = Console::start(files(json!({"hooks": [called()]})), &[]).await;
    let (before, lists) = (console.sign_ins(), console.lists());
    done(&console.set(ways(true, true), "").await);
    assert_eq!((console.asks(), console.calls()), ([true, true], [true, true]));
    for method in ["password", "oidc"] {
        assert_eq!(console.lists()[method]["hooks"], json!([called(), gate()]), "{method}");
    }
    assert_eq!(console.newest().await.summary, ["Require a verified email to sign in: on"]);
    // One of them alone, which leaves a way past it.
    assert_eq!(dangers(console.set(ways(true, false), "").await), ["gate_on_some_methods"]);
    done(&console.set(ways(true, false), "a trial").await);
    assert_eq!((console.asks(), console.calls()), ([true, false], [true, true]));
    assert_eq!(
        console.newest().await.summary,
        ["Require a verified email to sign in: on for 1 of 2 (Password) (was on)"]
    );
    done(&console.set(ways(false, false), "").await);
    assert_eq!((console.sign_ins(), console.lists()), (before, lists), "both inherit again");
}

#[tokio::test]
async fn what_a_provider_s_list_cannot_hold_is_no_hindrance() {
    let mails = json!({"hook": "verification"});
    let console = Console::start(files(json!({"hooks": [mails, called()]})), &[]).await;
    let before = console.sign_ins();
    done(&console.set(ways(false, true), "providers first").await);
    assert_eq!((console.asks(), console.calls()), ([false, true], [true, true]));
    done(&console.set(ways(true, true), "").await);
    assert_eq!((console.asks(), console.calls()), ([true, true], [true, true]));
    done(&console.set(ways(false, false), "").await);
    assert_eq!(console.sign_ins(), before);
}

#[tokio::test]
async fn a_gate_that_both_ways_share_can_be_taken_from_one() {
    let console = Console::start(files(json!({"hooks": [gate()]})), &[]).await;
    assert_eq!(console.asks(), [true, true]);
    assert_eq!(dangers(console.set(ways(false, true), "").await), ["gate_on_some_methods"]);
    done(&console.set(ways(false, true), "passwords are for staff").await);
    assert_eq!(console.asks(), [false, true]);
    done(&console.set(ways(false, false), "").await);
    assert_eq!(console.asks(), [false, false]);
    done(&console.set(ways(true, true), "").await);
    assert_eq!(console.asks(), [true, true]);
}

#[tokio::test]
async fn a_way_that_the_environment_decides_is_locked_and_the_other_is_not() {
    let variable = "SELFSERVICE_FLOWS_LOGIN_AFTER_OIDC_HOOKS";
    let console = Console::start(files(json!({})), &[(variable, "[]")]).await;
    let current = settings::current(&console.engine).await.unwrap();
    assert!(!current.is_locked(NAME) && current.method_locked(NAME, MethodId::Password).is_none());
    assert!(current.method_locked(NAME, MethodId::Oidc).is_some_and(|reason| reason.contains(variable)));
    let refused = console.set(ways(true, true), "because").await;
    let Saved::Again(errors) = refused else { panic!("{refused:?}") };
    assert!(errors[0].field == NAME && errors[0].message.contains(variable), "{errors:?}");
    assert_eq!(console.asks(), [false, false]);
    done(&console.set(ways(true, false), "providers are next").await);
    assert_eq!(console.asks(), [true, false]);
    // The way out of the finding would move what is locked.
    let form = console.values().await.1;
    let fixed = settings::checks::fix(&console.engine.begin().config, &form, "gate_on_some_methods");
    let settings::checks::Fixed::Refused(reason) = fixed else { panic!("{fixed:?}") };
    assert!(reason.contains(variable), "{reason}");
}

#[tokio::test]
async fn a_gate_of_the_environment_for_the_whole_flow_is_not_said_to_be_gone() {
    let variable = "SELFSERVICE_FLOWS_LOGIN_AFTER_HOOKS";
    let hooks = json!([gate()]).to_string();
    let console = Console::start(files(json!({})), &[(variable, &hooks)]).await;
    let refused = console.set(ways(false, false), "because").await;
    let Saved::Again(errors) = refused else { panic!("{refused:?}") };
    assert!(errors[0].field == NAME && errors[0].message.contains(variable), "{errors:?}");
    assert_eq!((console.asks(), console.values().await.0), ([true, true], 0));
}

#[test]
fn a_provider_that_comes_later_does_not_lead_past_the_gate() {
    let mut alone = files(json!({}));
    let providers = alone["selfservice"].as_object_mut().unwrap().remove("methods").unwrap();
    let config = testing::config_with(vec![alone.clone()], &Named::new());
    let form = crate::in_force().having("require_verified_address", crate::ways(true));
    let drawn = preview(&config, &form);
    assert_eq!(drawn.changes, ["Require a verified email to sign in: on"]);
    assert!(drawn.brings_about.is_empty(), "{:?}", drawn.brings_about);
    let asked = Named::from([(NAME.to_owned(), json!({"password": "on", "oidc": "on"}))]);
    let config = testing::config_with(vec![alone.clone()], &asked);
    assert_eq!(preview(&config, &form).changes, Vec::<String>::new(), "as it is saved");
    alone["selfservice"]["methods"] = providers;
    let later = testing::config_with(vec![alone], &asked);
    let plan = plan(&later, FlowKind::Login, MethodId::Oidc, Client::Browser);
    assert!(plan.steps.contains(&Step::Run(Hook::RequireVerifiedAddress)));
}
