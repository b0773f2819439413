//! `vestibule plan`: the steps of a flow and its response, from the plan that a submit executes, with the descriptions that the console
//! uses.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::output;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use engine::config::console::{REGISTERING, SIGNING_IN};
use engine::model::MethodId;
use engine::pipeline::{self, Pipeline, pipeline};
use engine::plan::{self, Client, FlowKind};

#[derive(clap::Args)]
pub(super) struct Command {
    /// Sign-up, sign-in or recovery
    flow: Flow,
    /// Method of the flow. Default: password, or for recovery the method that it uses
    #[arg(long)]
    method: Option<String>,
    /// Kind of client
    #[arg(long, default_value = Client::Browser.name(), value_parser = clients())]
    client: Client,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Flow {
    Registration,
    Login,
    Recovery,
}

/// By their names in the configuration.
fn clients() -> impl TypedValueParser<Value = Client> {
    let names = Client::ALL.map(|client| PossibleValue::new(client.name()).help(pipeline::client(client)));
    PossibleValuesParser::new(names).try_map(|name| Client::parse(&name).ok_or("unknown client"))
}

impl Command {
    /// Uses the console's newest revision, like `serve`, if there is an installation.
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = assemble::applying(global).await?;
        let (flow, methods, usual): (_, &[MethodId], _) = match self.flow {
            Flow::Registration => (FlowKind::Registration, REGISTERING, MethodId::Password),
            Flow::Login => (FlowKind::Login, SIGNING_IN, MethodId::Password),
            Flow::Recovery => {
                (FlowKind::Recovery, &[MethodId::Code, MethodId::Link], config.selfservice.recovery.by)
            }
        };
        let method = match &self.method {
            None => usual,
            Some(name) => MethodId::parse(name).ok_or_else(|| {
                let names: Vec<&str> = MethodId::ALL.iter().map(|method| method.name()).collect();
                Failure::failed(format!("unknown method {name:?}: use one of {}", names.join(", ")))
            })?,
        };
        if !methods.contains(&method) {
            let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            return Err(Failure::failed(format!(
                "the method {} is not supported yet: use one of {}",
                method.name(),
                names.join(", ")
            )));
        }
        let drawn = pipeline(&config, &plan::plan(&config, flow, method, self.client));
        if self.json {
            let document =
                serde_json::to_string_pretty(&drawn).map_err(|error| Failure::failed(error.to_string()))?;
            output::line(document)
        } else {
            output::show(text(&drawn))
        }
    }
}

fn text(drawn: &Pipeline) -> String {
    let mut text = String::new();
    let mut line = |part: &str| {
        text.push_str(part.trim_end());
        text.push('\n');
    };
    if let Some(sentence) = drawn.closed {
        line(sentence);
    }
    for (number, step) in drawn.steps.iter().enumerate() {
        let stops = if step.may_stop { " (can block)" } else { "" };
        line(&format!("{:>2}. {}{stops}", number + 1, step.title));
        let about = if step.about.is_empty() { String::new() } else { format!(": {}", step.about) };
        line(&format!("    {}{about}", step.stage));
    }
    line("");
    for sentence in &drawn.lists {
        line(sentence);
    }
    line("");
    line("Response");
    for part in &drawn.answer {
        line(&format!("    {part}"));
    }
    text
}
