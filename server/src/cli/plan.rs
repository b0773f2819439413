//! `vestibule plan`: what will run for a flow, and what the answer will look like, by the planner that a submit executes.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use clap::ValueEnum;
use engine::config::hooks::Response;
use engine::config::{Config, Hook, Method};
use engine::plan::{self, Client, FlowKind, Plan, Source, Step};
use serde_json::json;

#[derive(clap::Args)]
pub(super) struct Command {
    flow: Flow,
    /// The method that is used.
    #[arg(long, default_value = "password")]
    method: String,
    #[arg(long, value_enum, default_value_t = Asking::Browser)]
    client: Asking,
    /// For programs.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Flow {
    Registration,
    Login,
}

#[derive(Clone, Copy, ValueEnum)]
enum Asking {
    /// HTML forms, redirects, cookies.
    Browser,
    /// JSON with cookies.
    Spa,
    /// JSON with tokens.
    Native,
}

impl Command {
    /// With the console's newest revision, as it applies while serving.
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = assemble::engine(global).await?.engine.begin().config;
        let method = Method::parse(&self.method).ok_or_else(|| {
            let names: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
            Failure::failed(format!("there is no method {:?}: one of {}", self.method, names.join(", ")))
        })?;
        if method != Method::Password {
            return Err(Failure::failed(format!(
                "nobody can sign up or in by {} yet: so far there is the method password",
                method.name()
            )));
        }
        let flow = match self.flow {
            Flow::Registration => FlowKind::Registration,
            Flow::Login => FlowKind::Login,
        };
        let client = match self.client {
            Asking::Browser => Client::Browser,
            Asking::Spa => Client::Spa,
            Asking::Native => Client::Native,
        };
        let plan = plan::plan(&config, flow, method, client);
        if self.json {
            println!("{:#}", document(&plan));
        } else {
            print!("{}", text(&config, &plan));
        }
        Ok(())
    }
}

fn document(plan: &Plan) -> serde_json::Value {
    let steps: Vec<_> =
        plan.steps.iter().map(|step| json!({"step": title(plan, step), "about": about(step)})).collect();
    let titles = |hooks: &[Hook]| hooks.iter().map(Hook::title).collect::<Vec<_>>();
    json!({
        "steps": steps,
        "list": list(plan.source),
        "shadowed": titles(&plan.shadowed),
        "never": titles(&plan.never),
        "by_itself": plan.by_itself,
        "answer": {
            "status": plan.answer.status,
            "session_cookie": plan.answer.session_cookie,
            "hand_over_cookie": plan.answer.hand_over_cookie,
            "body": plan.answer.body,
            "redirect": plan.answer.redirect,
        },
    })
}

fn text(config: &Config, plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |part: &str| {
        text.push_str(part.trim_end());
        text.push('\n');
    };
    let closed = plan.flow == FlowKind::Registration && !config.selfservice.registration.enabled;
    if closed {
        line("Sign-up is closed: none of this runs.");
    }
    for (number, step) in plan.steps.iter().enumerate() {
        line(&format!("{:>2}. {:<28} {}", number + 1, title(plan, step), about(step)));
    }
    line("");
    line(&format!("List in force   {}", list(plan.source).unwrap_or("none has an entry")));
    for (title, hooks) in [("Shadowed", &plan.shadowed), ("Never run", &plan.never)] {
        if !hooks.is_empty() {
            line(&format!("{title:<15} {}", hooks.iter().map(Hook::title).collect::<Vec<_>>().join(", ")));
        }
    }
    if plan.by_itself {
        line("By itself       vestibule.registration.social_sign_in signs in though no list says `session`");
    }
    let answer = &plan.answer;
    let body = match &answer.redirect {
        Some(to) => format!("to {to}"),
        None => format!("{{{}}}", answer.body.join(", ")),
    };
    line(&format!("Answer          {} {body}", answer.status));
    line(&format!(
        "Set-Cookie      {}",
        match (answer.session_cookie, answer.hand_over_cookie) {
            (true, _) => config.session.cookie_name.as_str(),
            (false, true) => "vestibule_hand_over_…, no session yet",
            (false, false) => "no session",
        }
    ));
    text
}

fn list(source: Source) -> Option<&'static str> {
    match source {
        Source::Method => Some("the method's own"),
        Source::Flow => Some("the flow's"),
        Source::Nothing => None,
    }
}

/// With a provider somebody else compares.
fn title(plan: &Plan, step: &Step) -> String {
    match (plan.method, step) {
        (Method::Oidc, Step::Authenticate) => "find who the provider names".to_owned(),
        (_, step) => name(step),
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::Before(hook) => format!("before: {}", hook.name),
        Step::Check => "check the form".to_owned(),
        Step::Hash => "hash the password".to_owned(),
        Step::Ask(hook) => format!("ask: {}", hook.name),
        Step::Store => "store the account".to_owned(),
        Step::SendCode => "mail a code".to_owned(),
        Step::Authenticate => "compare the password".to_owned(),
        Step::Run(hook) => hook.title(),
        Step::SignIn => "sign in".to_owned(),
        Step::SignInWhenProven => "sign in when proven".to_owned(),
    }
}

fn about(step: &Step) -> &'static str {
    match step {
        Step::Before(_) => "when the form is asked for; may refuse it",
        Step::Check | Step::Hash | Step::Authenticate => "",
        Step::Ask(hook) | Step::Run(Hook::WebHook(hook)) => match hook.response {
            Response::Changes => "may change the account, may stop it; nothing is stored yet",
            Response::Interrupts => "may stop it; nothing is stored yet",
            Response::Awaited => "waited for; a failure is shown to the person",
            Response::Ignored => "nobody waits for it",
        },
        Step::Store => "all or nothing",
        Step::SendCode => "to the first address that waits for proof",
        Step::Run(_) => "",
        Step::SignIn => "always last",
        Step::SignInWhenProven => "with the code, where the sign-up was; at once with nothing left to prove",
    }
}
