//! What will happen to a form, as a value: the console draws it, `flow::run` executes it.

mod offer;

pub use offer::{Offer, Words, offer};

use crate::config::hooks::Response;
use crate::config::{After, Config, Hook, HookList, WebHook};
use crate::model::MethodId;
pub use crate::model::{Client, FlowKind};
use std::sync::Arc;

/// Which list of hooks is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// `after.<method>.hooks`
    Method,
    /// `after.hooks`
    Flow,
    /// Neither list has an entry.
    Nothing,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// When the flow begins, before there is a form: an entry of the list `before`.
    Before(Arc<WebHook>),
    /// The invitation without which nobody signs up; used up with `Commit`.
    Invitation,
    /// What can be judged of the form by itself: fields, schema, password policy.
    Check,
    /// The expensive part of the method: hash or compare the password, ask the provider, compare the code.
    Prove,
    /// A web hook that may stop the flow or change the account, before anything of it is stored.
    Ask(Arc<WebHook>),
    /// Identity, credentials and addresses, seen by nobody: all or nothing. `Commit` makes an account of it.
    Reserve,
    /// Keep the sign-up and mail its code: what stands below happens with the proof, and nothing of it before
    /// (`vestibule.registration.prevent_enumeration`). The page for the code is shown, listed or not.
    Pend,
    /// One transaction: what was proven is asked again, then everything that follows from it is stored. A sign-in has nothing to
    /// store but its session: `SignIn`.
    Commit,
    /// Mail a code to the first address that waits for proof, in the transaction of `Commit`. Runs without being listed
    /// wherever verification is on (Kratos: selfservice/hook/verification.go).
    SendCode,
    /// An entry of the list in force, other than `session`.
    Run(Hook),
    /// Recovery: a settings form for the account, so that the user sets a new password. Stored with the session.
    OpenSettings,
    /// Hand the session over. Always the last step: it makes the answer.
    SignIn,
    /// Keep what hands the session over when the address is proven, to whoever signed up; with nothing left to prove, hand it
    /// over at once. The last step, in the place of `SignIn`.
    SignInWhenProven,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub flow: FlowKind,
    pub method: MethodId,
    pub client: Client,
    pub source: Source,
    /// In run order.
    pub steps: Vec<Step>,
    /// Entries of the flow-level list that do not run because the method has a list of its own.
    pub shadowed: Vec<Hook>,
    /// Entries of the list in force that never run where they stand: what may stop a sign-up has to stand in a method's own
    /// list (Kratos: driver/registry_default_registration.go).
    pub never: Vec<Hook>,
    /// It signs in though no list says `session`: `vestibule.registration.sign_in_after_social`.
    pub by_itself: bool,
    /// Nothing stays when a web hook that is waited for refuses or fails, and those that had agreed are told.
    pub atomic: bool,
    /// What the answer holds.
    pub answer: Answer,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub status: u16,
    /// `Set-Cookie` of the session.
    pub session_cookie: bool,
    /// `Set-Cookie` of what hands the session over later, where an address waits for proof.
    pub hand_over_cookie: bool,
    /// Members of the JSON body, in order; empty for a redirect.
    pub body: Vec<&'static str>,
    /// Where a browser is led when the flow says nothing else, and where an address waits for proof.
    pub redirect: Option<String>,
}

/// The one place that decides what runs. Pure: the same for the saved and for an unsaved configuration.
pub fn plan(config: &Config, flow: FlowKind, method: MethodId, client: Client) -> Plan {
    let (own, of_flow) = lists_after(config, flow, method);
    // A non-empty method list replaces the flow's; nothing is merged (Kratos: driver/registry_default_registration.go).
    let (source, list, shadowed) = match (own, of_flow) {
        ([], []) => (Source::Nothing, own, Vec::new()),
        ([], list) => (Source::Flow, list, Vec::new()),
        (own, flow) => (Source::Method, own, flow.to_vec()),
    };
    // Whoever comes back from a provider has just proven who they are there: nobody expects to do it again here.
    let by_itself = flow == FlowKind::Registration
        && method == MethodId::Oidc
        && config.vestibule.registration.sign_in_after_social
        && !list.contains(&Hook::Session);
    let sign_in = by_itself
        || match flow {
            FlowKind::Registration => list.contains(&Hook::Session),
            FlowKind::Login | FlowKind::Recovery => true,
            FlowKind::Verification | FlowKind::Settings => false,
        };
    let offer = offer(method, flow);
    let mut steps: Vec<Step> = web_hooks(config.before(flow)).cloned().map(Step::Before).collect();
    if flow == FlowKind::Registration && config.vestibule.registration.invite_only {
        steps.push(Step::Invitation);
    }
    steps.push(Step::Check);
    if offer.is_some() {
        steps.push(Step::Prove);
    }
    let mut never = Vec::new();
    let mut atomic = false;
    match flow {
        FlowKind::Registration => {
            let (asks, mut rest): (Vec<&Hook>, Vec<&Hook>) = list.iter().partition(|hook| blocks(hook));
            let asked = source == Source::Method && !asks.is_empty();
            match source {
                Source::Method => steps.extend(web_hooks(asks).cloned().map(Step::Ask)),
                Source::Flow | Source::Nothing => never.extend(asks.into_iter().cloned()),
            }
            // Without codes nothing would ever be proven.
            // sabotage: enumeration-prevention
            let pends = config.vestibule.registration.prevent_enumeration && config.sends_codes();
            // Where a provider vouches nothing waits: an address that it does not vouch for is refused there, known or not.
            let pends = pends && !offer.is_some_and(|offer| offer.vouches);
            if pends {
                // The account is made with the proof, so there is nothing that could be taken back for whoever signs up.
                steps.push(Step::Pend);
            } else if wants_all_or_nothing(config, method, source) {
                let (awaited, others) = rest.into_iter().partition(|hook| is_awaited(hook));
                rest = others;
                atomic = asked || !awaited.is_empty();
                if !awaited.is_empty() {
                    steps.push(Step::Reserve);
                }
                steps.extend(awaited.into_iter().cloned().map(Step::Run));
            }
            steps.push(Step::Commit);
            if config.sends_codes() && !pends {
                steps.push(Step::SendCode);
            }
            steps.extend(rest.into_iter().filter(|hook| **hook != Hook::Session).cloned().map(Step::Run));
        }
        FlowKind::Login => {
            steps.extend(list.iter().filter(|hook| **hook != Hook::Session).cloned().map(Step::Run));
        }
        FlowKind::Verification => {
            steps.push(Step::Commit);
            steps.extend(web_hooks(list).cloned().map(|hook| Step::Run(Hook::WebHook(hook))));
        }
        FlowKind::Settings => {
            // As for sign-up: what may stop the change has to stand in the method's own list (Kratos: driver/registry_default_settings.go).
            let (asks, mut rest): (Vec<&Hook>, Vec<&Hook>) = list.iter().partition(|hook| blocks(hook));
            match source {
                Source::Method => steps.extend(web_hooks(asks).cloned().map(Step::Ask)),
                Source::Flow | Source::Nothing => never.extend(asks.into_iter().cloned()),
            }
            // Without codes a new address would never be verified.
            if rest.contains(&&Hook::VerifyNewAddress) && config.sends_codes() {
                steps.push(Step::Run(Hook::VerifyNewAddress));
            }
            rest.retain(|hook| **hook != Hook::VerifyNewAddress);
            steps.push(Step::Commit);
            if config.sends_codes() {
                steps.push(Step::SendCode);
            }
            steps.extend(rest.into_iter().cloned().map(Step::Run));
        }
        // The other sessions end anyway. What may refuse is asked before the session is stored.
        FlowKind::Recovery => {
            steps.extend(web_hooks(list).cloned().map(|hook| Step::Run(Hook::WebHook(hook))));
            steps.push(Step::Run(Hook::RevokeActiveSessions));
            steps.push(Step::OpenSettings);
        }
    }
    // Without codes nothing would ever be proven.
    let when_proven = flow == FlowKind::Registration
        && !sign_in
        && config.vestibule.registration.sign_in_after_verification
        && config.sends_codes();
    if sign_in {
        // sabotage: session-last
        steps.push(Step::SignIn);
    }
    if when_proven {
        steps.push(Step::SignInWhenProven);
    }
    let pends = steps.contains(&Step::Pend);
    let shows_verification = pends
        || list.contains(&Hook::ShowVerificationUi)
            && flow != FlowKind::Settings
            && (steps.contains(&Step::SendCode)
                || (steps.contains(&Step::Run(Hook::Verification)) && config.sends_codes()));
    // A page that leaves for a provider comes back as a page, whoever sent the form. Only one that follows the redirects itself and
    // asks for JSON at the end is answered in JSON.
    let client_of_answer = match client {
        Client::Spa if offer.is_some_and(|offer| offer.leaves) => Client::Browser,
        Client::Browser | Client::Spa | Client::Native => client,
    };
    let redirect = (client_of_answer == Client::Browser).then(|| match shows_verification {
        true => config.page_of(FlowKind::Verification).to_string(),
        false if flow == FlowKind::Recovery => config.page_of(FlowKind::Settings).to_string(),
        false => default_return_url(config, flow, method).to_string(),
    });
    let answer = Answer {
        status: match client_of_answer {
            Client::Browser => 303,
            Client::Spa | Client::Native
                if flow == FlowKind::Recovery && !config.selfservice.continue_with_transitions =>
            {
                422
            }
            Client::Spa | Client::Native => 200,
        },
        session_cookie: sign_in && !pends && client != Client::Native,
        hand_over_cookie: (when_proven || pends) && client != Client::Native,
        body: match (client_of_answer, flow, sign_in && !pends) {
            (Client::Browser, _, _) => vec![],
            (Client::Native, FlowKind::Registration, true) => {
                vec!["session", "session_token", "identity", "continue_with"]
            }
            (Client::Spa, FlowKind::Registration, true) => vec!["session", "identity", "continue_with"],
            (Client::Native, FlowKind::Registration, false) if when_proven || pends => {
                vec!["identity", "continue_with", "vestibule"]
            }
            (_, FlowKind::Registration, false) => vec!["identity", "continue_with"],
            (Client::Native, FlowKind::Login, _) => vec!["session", "session_token", "continue_with"],
            (Client::Spa, FlowKind::Login, _) => vec!["session", "continue_with"],
            (_, FlowKind::Recovery, _) if config.selfservice.continue_with_transitions => {
                vec!["continue_with"]
            }
            (_, FlowKind::Recovery, _) => vec!["error", "redirect_browser_to"],
            // The flow itself.
            (_, FlowKind::Verification | FlowKind::Settings, _) => vec![],
        },
        redirect,
    };
    Plan { flow, method, client, source, steps, shadowed, never, by_itself, atomic, answer }
}

/// What may run after a form of `flow`: the method's own list and that of the whole flow.
fn lists_after(config: &Config, flow: FlowKind, method: MethodId) -> (&[Hook], &[Hook]) {
    match flow {
        FlowKind::Registration | FlowKind::Login | FlowKind::Settings => {
            let after = after(config, flow);
            let own = after.and_then(|after| after.methods.get(&method));
            (
                own.map(|own| own.hooks.as_slice()).unwrap_or_default(),
                after.map(|after| after.hooks.as_slice()).unwrap_or_default(),
            )
        }
        FlowKind::Verification => (&[], &config.selfservice.verification.after),
        FlowKind::Recovery => (&[], &config.selfservice.recovery.after),
    }
}

/// Flows whose methods have lists of their own.
fn after(config: &Config, flow: FlowKind) -> Option<&After> {
    match flow {
        FlowKind::Registration => Some(&config.selfservice.registration.after),
        FlowKind::Login => Some(&config.selfservice.login.after),
        FlowKind::Settings => Some(&config.selfservice.settings.after),
        FlowKind::Verification | FlowKind::Recovery => None,
    }
}

/// Whether `vestibule.registration.atomic` names the list in force.
fn wants_all_or_nothing(config: &Config, method: MethodId, source: Source) -> bool {
    let lists = &config.vestibule.registration.atomic;
    match source {
        Source::Method => lists.contains(&HookList::Of(method)),
        Source::Flow => lists.contains(&HookList::Flow),
        Source::Nothing => false,
    }
}

fn is_awaited(hook: &Hook) -> bool {
    matches!(hook, Hook::WebHook(hook) if hook.response == Response::Awaited)
}

fn blocks(hook: &Hook) -> bool {
    matches!(hook, Hook::WebHook(hook) if hook.blocks())
}

/// The web hooks of a list, in its order.
pub fn web_hooks<'a>(list: impl IntoIterator<Item = &'a Hook>) -> impl Iterator<Item = &'a Arc<WebHook>> {
    list.into_iter().filter_map(|hook| if let Hook::WebHook(hook) = hook { Some(hook) } else { None })
}

impl Plan {
    /// Whether another service is asked between storing and signing in: the account is there then, and a failure shows.
    pub fn waits_after_storing(&self) -> bool {
        let waited = |step: &Step| matches!(step, Step::Run(Hook::WebHook(hook)) if hook.response != Response::Ignored);
        !self.atomic && self.steps.iter().any(waited)
    }

    /// Web hooks that nobody waits for, queued with what they tell of.
    pub fn informed(&self) -> impl Iterator<Item = &Arc<WebHook>> {
        self.steps.iter().filter_map(|step| {
            let Step::Run(Hook::WebHook(hook)) = step else { return None };
            Some(hook).filter(|hook| hook.response == Response::Ignored)
        })
    }

    /// Shadowed entries that no step stands for.
    pub fn silenced(&self) -> Vec<String> {
        let runs = |hook: &Hook| {
            self.steps.iter().any(|step| match (step, hook) {
                (Step::Ask(runs), Hook::WebHook(hook)) => runs == hook,
                (Step::Run(runs), hook) => runs == hook,
                _ => false,
            })
        };
        self.shadowed.iter().filter(|hook| !runs(hook)).map(Hook::title).collect()
    }

    pub fn signs_in(&self) -> bool {
        self.steps.last() == Some(&Step::SignIn)
    }

    /// Whether its last step issues a session, at once or with the verification.
    pub fn issues(&self) -> bool {
        self.signs_in() || self.signs_in_when_proven()
    }

    /// Later, and not by itself: with the code, in the browser or app that signed up.
    pub fn signs_in_when_proven(&self) -> bool {
        self.steps.last() == Some(&Step::SignInWhenProven)
    }
}

/// `after.<method>` > `after` > `selfservice.default_browser_return_url` > our own `/welcome`. Settings lead back to their own page.
pub fn default_return_url(config: &Config, flow: FlowKind, method: MethodId) -> url::Url {
    let after = after(config, flow);
    let of_method = after.and_then(|after| after.methods.get(&method)?.default_browser_return_url.as_ref());
    let of_flow = match after {
        Some(after) => after.default_browser_return_url.as_ref(),
        None if flow == FlowKind::Verification => config.selfservice.verification.return_url.as_ref(),
        None => None,
    };
    of_method.or(of_flow).cloned().unwrap_or_else(|| match flow {
        FlowKind::Settings => config.page_of(flow),
        FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => {
            config.default_return_url()
        }
    })
}
