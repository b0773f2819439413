//! A plan as text: the steps in order, the hooks that apply, and the response. The console draws it and `vestibule plan` prints it. It
//! decides nothing: every fact comes from [`crate::plan`].

use crate::config::hooks::Response;
use crate::config::{Config, Hook, Recipients};
use crate::model::MethodId;
use crate::plan::{Client, FlowKind, Plan, Source, Step, offer};
use serde::Serialize;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Stable name for clients.
    pub step: &'static str,
    pub title: String,
    /// When it runs.
    pub stage: &'static str,
    /// What it does. May be empty.
    pub about: String,
    /// Whether it can block the flow.
    pub may_stop: bool,
}

/// A plan as text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pipeline {
    #[serde(skip)]
    pub method: MethodId,
    #[serde(skip)]
    pub client: Client,
    /// Why none of the steps run.
    pub closed: Option<&'static str>,
    /// In run order.
    pub steps: Vec<Line>,
    /// Which hook lists apply and which don't, one sentence each.
    pub lists: Vec<String>,
    /// The response: status and body or redirect target, then cookies.
    pub answer: Vec<String>,
}

/// How a line differs between two plans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Stays,
    New,
    /// The same step with another effect.
    Changed,
    Gone,
}

/// The saved plan and the edited one in one list.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub method: MethodId,
    pub client: Client,
    pub closed: Option<&'static str>,
    pub steps: Vec<(Line, Mark)>,
    /// Of the edited plan.
    pub lists: Vec<String>,
    pub answer: Vec<(String, Mark)>,
}

/// A method as users know it.
pub fn way(method: MethodId) -> &'static str {
    match method {
        MethodId::Password => "Password",
        MethodId::Oidc => "Social sign-in",
        MethodId::Code => "Email code",
        MethodId::Link => "Email link",
        MethodId::Totp => "Authenticator app",
        MethodId::Passkey => "Passkey",
        MethodId::Webauthn => "Security key",
        MethodId::LookupSecret => "Backup code",
        MethodId::Profile => "Profile",
    }
}

/// The note for a method that signs in independently of its hooks.
pub const BY_ITSELF: &str = "set separately";

pub fn client(client: Client) -> &'static str {
    match client {
        Client::Browser => "Browser form",
        Client::Spa => "Single-page app",
        Client::Native => "Native app",
    }
}

/// `config` is the configuration of the plan.
pub fn pipeline(config: &Config, plan: &Plan) -> Pipeline {
    let closed = match plan.flow {
        FlowKind::Registration if !config.selfservice.registration.enabled => {
            Some("Sign-up is off. None of these steps run.")
        }
        FlowKind::Recovery if !config.recovers() => Some("Recovery is off. None of these steps run."),
        FlowKind::Registration
        | FlowKind::Login
        | FlowKind::Verification
        | FlowKind::Recovery
        | FlowKind::Settings => None,
    };
    Pipeline {
        method: plan.method,
        client: plan.client,
        closed,
        steps: plan.steps.iter().map(|step| line(config, plan, step)).collect(),
        lists: lists(plan),
        answer: answer(config, plan),
    }
}

pub fn compared(saved: &Pipeline, would_be: &Pipeline) -> Compared {
    let same_step = |a: &Line, b: &Line| a.step == b.step && a.title == b.title;
    Compared {
        method: would_be.method,
        client: would_be.client,
        closed: would_be.closed,
        steps: merged(&saved.steps, &would_be.steps, same_step),
        lists: would_be.lists.clone(),
        answer: merged(&saved.answer, &would_be.answer, |a, b| a == b),
    }
}

/// Both lists in one, in run order. Lines only in the first list are gone, lines only in the second one are new.
fn merged<T: PartialEq + Clone>(before: &[T], after: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<(T, Mark)> {
    let mut list = Vec::new();
    let mut left = before;
    for item in after {
        match left.iter().position(|other| same(other, item)) {
            Some(at) => {
                list.extend(left[..at].iter().map(|gone| (gone.clone(), Mark::Gone)));
                let mark = if left[at] == *item { Mark::Stays } else { Mark::Changed };
                list.push((item.clone(), mark));
                left = &left[at + 1..];
            }
            None => list.push((item.clone(), Mark::New)),
        }
    }
    list.extend(left.iter().map(|gone| (gone.clone(), Mark::Gone)));
    list
}

const BEFORE_THE_FORM: &str = "Before the form is shown";
const ON_SUBMIT: &str = "On submit";
const BEFORE_STORING: &str = "Before the account is created";
const STORING: &str = "In one transaction";
const AFTER_STORING: &str = "After the account is created";
const BEFORE_THE_CHANGE: &str = "Before the change is stored";
const AFTER_THE_CHANGE: &str = "After the change is stored";
const BEFORE_SIGN_IN: &str = "Before the user is signed in";
const LAST: &str = "Always last";

fn line(config: &Config, plan: &Plan, step: &Step) -> Line {
    let after = match plan.flow {
        FlowKind::Login | FlowKind::Recovery => BEFORE_SIGN_IN,
        FlowKind::Settings => AFTER_THE_CHANGE,
        FlowKind::Registration | FlowKind::Verification => AFTER_STORING,
    };
    let in_settings = plan.flow == FlowKind::Settings;
    let offer = offer(plan.method, plan.flow);
    let line = |name, title: String, stage, about: String, may_stop| Line {
        step: name,
        title,
        stage,
        about,
        may_stop,
    };
    match step {
        Step::Before(hook) => line(
            "before",
            format!("Call {}", hook.name),
            BEFORE_THE_FORM,
            "webhook, can block the form".to_owned(),
            true,
        ),
        Step::Invitation => line(
            "invitation",
            "Require an invitation".to_owned(),
            BEFORE_THE_FORM,
            "a link that works once; without it, the form is not shown".to_owned(),
            true,
        ),
        Step::Check => line("check", "Validate the form".to_owned(), ON_SUBMIT, checks(config, plan), true),
        Step::Prove => match offer.map(|offer| offer.prove) {
            Some(words) => line(
                words.step,
                words.title.to_owned(),
                words.stage.unwrap_or(ON_SUBMIT),
                (words.about)(config).to_owned(),
                words.may_stop,
            ),
            // No plan has the step without an offer.
            None => line("authenticate", String::new(), ON_SUBMIT, String::new(), true),
        },
        Step::Ask(hook) => line(
            "ask",
            format!("Call {}", hook.name),
            if in_settings { BEFORE_THE_CHANGE } else { BEFORE_STORING },
            match (hook.response, in_settings) {
                (Response::Changes, false) => "webhook, can change the account or reject the sign-up",
                (Response::Changes, true) => "webhook, can change the account further or reject the change",
                (Response::Ignored | Response::Awaited | Response::Interrupts, false) => {
                    "webhook, can reject the sign-up"
                }
                (Response::Ignored | Response::Awaited | Response::Interrupts, true) => {
                    "webhook, can reject the change"
                }
            }
            .to_owned(),
            true,
        ),
        Step::Reserve => line(
            "reserve",
            "Reserve the account".to_owned(),
            BEFORE_STORING,
            "hidden until every service below approves".to_owned(),
            true,
        ),
        Step::Pend => line(
            "pend",
            "Email a code and wait".to_owned(),
            BEFORE_STORING,
            "same response for existing emails; the steps below run after verification".to_owned(),
            false,
        ),
        Step::Commit if plan.flow == FlowKind::Registration => {
            line("store", "Create the account".to_owned(), STORING, String::new(), false)
        }
        Step::Commit => line("store", "Store the change".to_owned(), STORING, String::new(), false),
        Step::SendCode => line(
            "send_code",
            "Email a code".to_owned(),
            "In the same transaction",
            if in_settings { "to each new email" } else { "to the first unverified email" }.to_owned(),
            false,
        ),
        Step::Run(Hook::WebHook(hook)) => {
            let waits = hook.response != Response::Ignored;
            let stage = if waits && plan.atomic { BEFORE_STORING } else { after };
            let about = match (waits, plan.flow) {
                (false, _) => "webhook, runs in the background",
                (true, FlowKind::Registration) if plan.atomic => {
                    "webhook; if it fails, nothing is left, and services that approved are notified"
                }
                (true, FlowKind::Registration) => {
                    "webhook; if it fails, the user sees an error and the account remains"
                }
                (true, FlowKind::Login | FlowKind::Recovery) => "webhook; if it fails, the user isn't signed in",
                (true, FlowKind::Verification | FlowKind::Settings) => {
                    "webhook; if it fails, the user sees an error and the change remains"
                }
            };
            line("inform", format!("Call {}", hook.name), stage, about.to_owned(), waits)
        }
        Step::Run(Hook::ShowVerificationUi) => line(
            "show_verification_ui",
            "Show the verification page".to_owned(),
            after,
            "if a code was sent".to_owned(),
            false,
        ),
        Step::Run(Hook::RequireVerifiedAddress) => line(
            "require_verified_address",
            "Require a verified email".to_owned(),
            after,
            "users without one get a code instead of being signed in".to_owned(),
            true,
        ),
        Step::Run(Hook::RevokeActiveSessions) => line(
            "revoke_active_sessions",
            "Revoke other sessions".to_owned(),
            after,
            "on all other devices".to_owned(),
            false,
        ),
        Step::Run(Hook::VerifyNewAddress) => line(
            "verify_new_address",
            "Verify a new email first".to_owned(),
            BEFORE_THE_CHANGE,
            "the change is stored when the user enters the code that is emailed to it".to_owned(),
            true,
        ),
        Step::Run(Hook::NotifyPreviousAddresses(recipients)) => line(
            "notify_previous_addresses",
            "Notify previous emails".to_owned(),
            "In the same transaction",
            match recipients {
                Recipients::Removed => "those that the change removes",
                Recipients::AllVerified => "all that were verified before the change",
                Recipients::All => "all from before the change",
            }
            .to_owned(),
            false,
        ),
        Step::Run(hook) => line(
            hook.name(),
            format!("Run {}", hook.name()),
            after,
            "not supported, has no effect".to_owned(),
            false,
        ),
        Step::OpenSettings => line(
            "open_settings",
            "Open the settings".to_owned(),
            after,
            "so that the user sets a new password".to_owned(),
            false,
        ),
        Step::SignInWhenProven => line(
            "sign_in_after_verification",
            "Sign in after verification".to_owned(),
            LAST,
            "with the code, in the browser or app where the user signed up; immediately if there is nothing to verify"
                .to_owned(),
            false,
        ),
        Step::SignIn => line(
            "sign_in",
            "Sign in".to_owned(),
            LAST,
            match plan.by_itself {
                true => "set separately by `vestibule.registration.sign_in_after_social`; creates the response",
                false => "it creates the response, so nothing runs after it",
            }
            .to_owned(),
            false,
        ),
    }
}

fn checks(config: &Config, plan: &Plan) -> String {
    match offer(plan.method, plan.flow) {
        Some(offer) => (offer.checks)(config),
        // A method that is not supported yet: its account is checked all the same.
        None if plan.flow == FlowKind::Registration => "identity schema".to_owned(),
        None => String::new(),
    }
}

fn lists(plan: &Plan) -> Vec<String> {
    let method = plan.method.name();
    let silenced = plan.silenced();
    let carried: Vec<String> =
        plan.shadowed.iter().map(Hook::title).filter(|title| !silenced.contains(title)).collect();
    let never: Vec<String> = plan.never.iter().map(Hook::title).collect();
    let mut said = vec![match plan.source {
        Source::Method => format!("Uses the hooks of the {method} method."),
        Source::Flow => format!("Uses the flow-level hooks, because the {method} method has none."),
        Source::Nothing => "No hooks configured.".to_owned(),
    }];
    if !carried.is_empty() {
        said.push(format!(
            "The method hooks include flow-level hooks, so these run as before: {}.",
            carried.join(", ")
        ));
    }
    if !silenced.is_empty() {
        said.push(format!(
            "Method hooks replace the flow-level hooks. These don't run: {}.",
            silenced.join(", ")
        ));
    }
    if !never.is_empty() {
        said.push(format!(
            "These flow-level hooks never run, because they can block the sign-up: {}. Move them to the method hooks.",
            never.join(", ")
        ));
    }
    said
}

fn answer(config: &Config, plan: &Plan) -> Vec<String> {
    let answer = &plan.answer;
    let mut lines = vec![match &answer.redirect {
        Some(target) => format!("{} → {target}", answer.status),
        None => format!("{} {{{}}}", answer.status, answer.body.join(", ")),
    }];
    if answer.session_cookie {
        lines.push(format!("Set-Cookie: {}=…", config.session_cookie()));
    }
    if answer.hand_over_cookie {
        let name = config.own_cookie("vestibule_deferred_login_");
        lines.push(format!("Set-Cookie: {name}…, no session yet"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &[&str], after: &[&str]) -> String {
        let sign = |mark| match mark {
            Mark::Stays => "",
            Mark::New => "+",
            Mark::Changed => "~",
            Mark::Gone => "-",
        };
        let same = |a: &&str, b: &&str| a.chars().next() == b.chars().next();
        merged(before, after, same).into_iter().map(|(item, mark)| format!("{}{item} ", sign(mark))).collect()
    }

    #[test]
    fn what_comes_goes_and_changes_is_marked_where_it_runs() {
        assert_eq!(drawn(&["a", "b"], &["a", "b", "c"]), "a b +c ");
        assert_eq!(drawn(&["a", "b", "c"], &["a", "c"]), "a -b c ");
        assert_eq!(drawn(&["a"], &["b"]), "+b -a ");
        assert_eq!(drawn(&["a8"], &["a12"]), "~a12 ");
        assert_eq!(drawn(&[], &[]), "");
    }
}
