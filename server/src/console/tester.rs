//! The page *Sign-up tester*: the form, and a run of it on the public router. How it looks is in `app`.

use crate::rehearse;
use app::console::kit::{Acted, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use app::console::nav;
use app::console::tester::{self, Became, FormField, Outcome, Shown, View};
use engine::config::Config;
use engine::model::MethodId;
use engine::operators::{OperatorSession, Role};
use engine::pipeline::{Line, Pipeline, pipeline};
use engine::plan::{Client, FlowKind, Plan, Step, plan};
use engine::rehearsal::{self, DryRunRequest, Rehearsal};
use engine::trace::Ran;
use engine::{Engine, Result, settings};
use leptos::prelude::AnyView;
use std::collections::BTreeMap;
use std::time::Instant;

pub(super) struct Tester;

impl Page for Tester {
    const META: Meta = Meta { refused: "rehearsal.refused", ..Meta::of(&nav::TESTER) };
    const VERBS: &'static [Verb] = &[Verb::new("run", Role::Owner, "rehearsal.refused")];
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> Result<Loaded<View>> {
        let Visit { engine, operator, .. } = visit;
        let asked = Asked::read(engine, &[]);
        let form = form(engine).await?;
        Ok(Loaded::View(view(engine, operator, asked, form, None)))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> Result<Acted<View>> {
        let Visit { engine, operator, .. } = visit;
        let posted: Vec<(String, String)> = posted.fields.into_iter().collect();
        let asked = Asked::read(engine, &posted);
        let (form, shown) = match asked.method {
            Some(method @ (MethodId::Password | MethodId::Code)) => {
                let (form, outcome) = outcome(engine, operator, method, &asked).await?;
                (form, Some(Shown::Ran(Box::new(outcome))))
            }
            // That needs the provider, and an account there.
            other => {
                let planned = other.map(|method| planned(engine, method, asked.client));
                (form(engine).await?, planned.map(Shown::Planned))
            }
        };
        Ok(Acted::Shown(view(engine, operator, asked, form, shown)))
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(nav::TESTER.title, tester::LEAD)
    }

    fn body(view: View, _: &Frame<'_>) -> AnyView {
        tester::body(view)
    }
}

/// What stands in the form.
struct Asked {
    /// One of those that are on; `None`: none is.
    method: Option<MethodId>,
    client: Client,
    typed: Vec<(String, String)>,
    call_hooks: bool,
    mail_me: bool,
    /// Verify the email and sign in again.
    go_on: bool,
}

impl Asked {
    fn read(engine: &Engine, posted: &[(String, String)]) -> Self {
        let asked = |name: &str| posted.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let config = engine.begin().config;
        let wanted = asked("method").and_then(MethodId::parse);
        let is_on = |method: &MethodId| settings::registering(&config).any(|on| on == *method);
        Self {
            method: wanted.filter(is_on).or_else(|| settings::registering(&config).next()),
            client: asked("client").and_then(Client::parse).unwrap_or(Client::Browser),
            typed: posted
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix("field:")?.to_owned(), value.clone())))
                .collect(),
            call_hooks: asked("call_hooks") == Some("true"),
            mail_me: asked("mail_me") == Some("true"),
            // On, until a form says otherwise.
            go_on: posted.is_empty() || asked("go_on") == Some("true"),
        }
    }
}

/// The fields of the form, or why there is none.
type Form = std::result::Result<Vec<FormField>, String>;

async fn outcome(
    engine: &Engine,
    operator: &OperatorSession,
    method: MethodId,
    asked: &Asked,
) -> Result<(Form, Outcome)> {
    let wish = DryRunRequest {
        typed: asked.typed.iter().map(|(_, value)| value.clone()).collect(),
        call_hooks: asked.call_hooks,
        mail_me: asked.mail_me,
        client: asked.client,
    };
    let mut rehearsal = rehearsal::begin(engine, &operator.operator, &wish).await?;
    let config = rehearsal.engine.begin().config;
    let since = Instant::now();
    let visited = rehearse::sign_up(&rehearsal, asked.client, method, &asked.typed, asked.go_on).await?;
    let took = since.elapsed();
    let plan = plan(&config, FlowKind::Registration, method, asked.client);
    let mails = rehearsal.mails().await?;
    let outcome = Outcome {
        exchanges: visited.exchanges,
        verdict: visited.verdict,
        steps: told(&config, &plan, &rehearsal),
        mailed: rehearsal.mail_operator(engine, &mails).await?,
        mails,
        calls: rehearsal.calls(),
        known: rehearsal.copied,
        revisions: (config.revision, engine.begin().config.revision),
        took,
    };
    Ok((visited.form.map_err(|refused| refused.to_string()), outcome))
}

fn planned(engine: &Engine, method: MethodId, client: Client) -> Pipeline {
    let config = engine.begin().config;
    pipeline(&config, &plan(&config, FlowKind::Registration, method, client))
}

/// The plan's steps in words, each with what is written down of it.
fn told(config: &Config, plan: &Plan, rehearsal: &Rehearsal) -> Vec<(Line, Became)> {
    let mut ran: Vec<Ran> = rehearsal.steps();
    let lines = pipeline(config, plan).steps.into_iter().zip(&plan.steps);
    // Nothing below it runs before the email is verified.
    let mut waits = false;
    let steps = lines.map(|(line, step)| {
        // A form that is sent in steps comes to some of them more than once: the last time counts.
        let at = ran.iter().rposition(|ran| ran.step == *step);
        let became = match at.map(|at| ran.remove(at)) {
            Some(ran) => {
                waits |= *step == Step::Pend && ran.became == "kept";
                Became::Ran(ran.became, ran.took)
            }
            None if waits => Became::Waits,
            None => Became::NotRun,
        };
        (line, became)
    });
    steps.collect()
}

/// The form is the engine's, asked of a world with nobody in it where there is no run that asked for one.
async fn form(engine: &Engine) -> Result<Form> {
    Ok(rehearse::form(&rehearsal::empty(engine).await?).await.map_err(|refused| refused.to_string()))
}

fn view(engine: &Engine, operator: &OperatorSession, asked: Asked, form: Form, shown: Option<Shown>) -> View {
    let config = engine.begin().config;
    let methods: Vec<MethodId> = settings::registering(&config).collect();
    let (fields, refused) = match form {
        Ok(_) if methods.is_empty() => (Vec::new(), Some("No sign-up method is turned on.".to_owned())),
        Ok(fields) => (fields, None),
        Err(refused) => (Vec::new(), Some(refused)),
    };
    View {
        methods,
        method: asked.method,
        client: asked.client,
        fields: fields.into_iter().map(|field| filled(field, &asked.typed)).collect(),
        call_hooks: asked.call_hooks,
        go_on: asked.go_on,
        invited: config.vestibule.registration.invite_only,
        mail_me: rehearsal::sends(&config).then(|| (operator.operator.email.clone(), asked.mail_me)),
        refused,
        shown,
        now: engine.effects().now(),
    }
}

/// What was typed, or something to begin with.
fn filled(mut field: FormField, typed: &[(String, String)]) -> FormField {
    field.value = if typed.is_empty() {
        match &field {
            field if field.secret => "quiet copper meadow 73".to_owned(),
            field if field.address => "somebody.new@example.org".to_owned(),
            _ => String::new(),
        }
    } else {
        typed.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    field
}
