//! A plan in words: what runs in which order, which list is in force, what the answer looks like. The console draws it and
//! `vestibule plan` prints it. It decides nothing: every fact comes from [`crate::plan`].

use crate::config::hooks::Response;
use crate::config::{Config, Hook, Method};
use crate::plan::{Client, FlowKind, Plan, Source, Step, offer};
use serde::Serialize;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// For programs.
    pub step: &'static str,
    pub title: String,
    /// When it runs.
    pub stage: &'static str,
    /// What it does; may be empty.
    pub about: String,
    /// It may end the flow here.
    pub may_stop: bool,
}

/// A plan in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pipeline {
    #[serde(skip)]
    pub method: Method,
    #[serde(skip)]
    pub client: Client,
    /// Why none of it runs.
    pub closed: Option<&'static str>,
    /// In run order.
    pub steps: Vec<Line>,
    /// Which list is in force and what becomes of the others, a sentence each.
    pub lists: Vec<String>,
    /// Status and body or target, then cookies.
    pub answer: Vec<String>,
}

/// What becomes of a line between two plans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Stays,
    New,
    /// The same step, and it does something else.
    Changed,
    Gone,
}

/// What is saved and what would be, in one list.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub method: Method,
    pub client: Client,
    pub closed: Option<&'static str>,
    pub steps: Vec<(Line, Mark)>,
    /// What would be.
    pub lists: Vec<String>,
    pub answer: Vec<(String, Mark)>,
}

/// A method as people know it.
pub fn way(method: Method) -> &'static str {
    match method {
        Method::Password => "Password",
        Method::Oidc => "Social sign-in",
        Method::Code => "E-mail code",
        Method::Link => "E-mail link",
        Method::Totp => "Authenticator app",
        Method::Passkey => "Passkey",
        Method::Webauthn => "Security key",
        Method::LookupSecret => "Backup code",
    }
}

/// What stands beside a way that signs in whatever its list says.
pub const BY_ITSELF: &str = "on by itself";

pub fn client(client: Client) -> &'static str {
    match client {
        Client::Browser => "Browser form",
        Client::Spa => "Single-page app",
        Client::Native => "Native app",
    }
}

/// `config` is what the plan was made of.
pub fn pipeline(config: &Config, plan: &Plan) -> Pipeline {
    let closed = plan.flow == FlowKind::Registration && !config.selfservice.registration.enabled;
    Pipeline {
        method: plan.method,
        client: plan.client,
        closed: closed.then_some("Sign-up is closed: none of this runs."),
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

/// Both lists in one, in run order: what only the first has is gone, what only the second has is new.
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

const BEFORE_THE_FORM: &str = "before the form is shown";
const ON_SUBMIT: &str = "when the form is sent";
const BEFORE_STORING: &str = "before the account is stored";
const STORING: &str = "one transaction";
const AFTER_STORING: &str = "after the account is stored";
const BEFORE_SIGN_IN: &str = "before the session is handed over";
const LAST: &str = "always last";

fn line(config: &Config, plan: &Plan, step: &Step) -> Line {
    let after = match plan.flow {
        FlowKind::Login => BEFORE_SIGN_IN,
        FlowKind::Registration | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
            AFTER_STORING
        }
    };
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
            format!("Ask {}", hook.name),
            BEFORE_THE_FORM,
            "web hook: may keep the form from being shown".to_owned(),
            true,
        ),
        Step::Invitation => line(
            "invitation",
            "Ask for an invitation".to_owned(),
            BEFORE_THE_FORM,
            "a link that works once; without it there is no form".to_owned(),
            true,
        ),
        Step::Check => line("check", "Check the form".to_owned(), ON_SUBMIT, checks(config, plan), true),
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
            format!("Ask {}", hook.name),
            BEFORE_STORING,
            match hook.response {
                Response::Changes => "web hook: may change the account or stop the sign-up",
                _ => "web hook: may stop the sign-up",
            }
            .to_owned(),
            true,
        ),
        Step::Reserve => line(
            "reserve",
            "Reserve the account".to_owned(),
            BEFORE_STORING,
            "nobody sees it until every service below has agreed".to_owned(),
            true,
        ),
        Step::Pend => line(
            "pend",
            "Mail a code, and wait for it".to_owned(),
            BEFORE_STORING,
            "the answer is the same for a known address; what stands below happens with the proof".to_owned(),
            false,
        ),
        Step::Commit if plan.flow == FlowKind::Registration => {
            line("store", "Store the account".to_owned(), STORING, "all of it or nothing".to_owned(), false)
        }
        Step::Commit => line("store", "Store the change".to_owned(), STORING, String::new(), false),
        Step::SendCode => line(
            "send_code",
            "Mail a code".to_owned(),
            STORING,
            "to the first address that is not confirmed".to_owned(),
            false,
        ),
        Step::Run(Hook::WebHook(hook)) => {
            let waits = hook.response != Response::Ignored;
            let stage = if waits && plan.atomic { BEFORE_STORING } else { after };
            let about = match (waits, plan.flow) {
                (false, _) => "web hook: nobody waits for it",
                (true, FlowKind::Registration) if plan.atomic => {
                    "web hook: when it fails nothing is left, and those that had agreed are told"
                }
                (true, FlowKind::Registration) => {
                    "web hook: the account is there by then; if this fails the person sees an error"
                }
                (true, FlowKind::Login) => "web hook: if this fails the person is not signed in",
                (true, FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings) => {
                    "web hook: the change is stored by then; if this fails the person sees an error"
                }
            };
            line("inform", format!("Inform {}", hook.name), stage, about.to_owned(), waits)
        }
        Step::Run(Hook::ShowVerificationUi) => line(
            "show_verification_ui",
            "Lead to the page for the code".to_owned(),
            after,
            "where there is a code to type in".to_owned(),
            false,
        ),
        Step::Run(Hook::RequireVerifiedAddress) => line(
            "require_verified_address",
            "Ask for a confirmed address".to_owned(),
            after,
            "whoever has none is sent a code instead of being signed in".to_owned(),
            true,
        ),
        Step::Run(Hook::RevokeActiveSessions) => line(
            "revoke_active_sessions",
            "End the other sessions".to_owned(),
            after,
            "on all other devices".to_owned(),
            false,
        ),
        Step::Run(hook) => line(
            hook.name(),
            format!("Run {}", hook.name()),
            after,
            "kept in its place, does nothing here".to_owned(),
            false,
        ),
        Step::SignInWhenProven => line(
            "sign_in_after_verification",
            "Sign in when the address is proven".to_owned(),
            LAST,
            "with the code, in the browser or app that signed up; at once where nothing is left to prove"
                .to_owned(),
            false,
        ),
        Step::SignIn => line(
            "sign_in",
            "Sign in".to_owned(),
            LAST,
            match plan.by_itself {
                true => "on by itself: `vestibule.registration.sign_in_after_social`; it makes the answer",
                false => "it makes the answer, so nothing runs after it",
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
        Source::Method => format!("The list of the method {method} is in force."),
        Source::Flow => format!("The list of the whole flow is in force; {method} has none of its own."),
        Source::Nothing => "No list has an entry.".to_owned(),
    }];
    if !carried.is_empty() {
        said.push(format!(
            "It holds what the list of the whole flow holds, so this runs as before: {}.",
            carried.join(", ")
        ));
    }
    if !silenced.is_empty() {
        said.push(format!(
            "It replaces the list of the whole flow, so these do not run: {}.",
            silenced.join(", ")
        ));
    }
    if !never.is_empty() {
        said.push(format!(
            "In the list of the whole flow these never run, since they may stop the sign-up: {}. Move them to the method's list.",
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
