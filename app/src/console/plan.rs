//! The drawing beside the switch: what runs after a sign-up, now and with the unsaved changes, for each method and kind of client.
//! Words and marks come from the engine; what is chosen to be looked at is a matter of styles, so it works without a script.

use engine::model::MethodId;
use engine::pipeline::{self, Compared, Mark};
use engine::plan::Client;
use leptos::prelude::*;

/// Beside the form, or below it.
pub(super) fn drawing(title: &'static str, pipelines: &[Compared]) -> AnyView {
    drawings(title, &[("", "", pipelines)])
}

/// The same of several flows, each with its name and how it is called.
pub(super) fn drawings(title: &'static str, flows: &[(&'static str, &'static str, &[Compared])]) -> AnyView {
    let pipelines = || flows.iter().flat_map(|(.., pipelines)| pipelines.iter());
    let mut methods: Vec<MethodId> = Vec::new();
    let mut clients: Vec<Client> = Vec::new();
    for drawn in pipelines() {
        if !methods.contains(&drawn.method) {
            methods.push(drawn.method);
        }
        if !clients.contains(&drawn.client) {
            clients.push(drawn.client);
        }
    }
    let methods: Vec<_> = methods.into_iter().map(|method| (method.name(), pipeline::way(method))).collect();
    let clients: Vec<_> =
        clients.into_iter().map(|client| (client.name(), pipeline::client(client))).collect();
    view! {
        <aside aria-label="Preview" class="pipe">
            <h2 id="plan-title">{title}</h2>
            <p class="soft">"Shows exactly what the server will do."</p>
            {(flows.len() > 1).then(|| choice("flow", "Flow", flows.iter().map(|(flow, name, _)| (*flow, *name)).collect()))}
            {(methods.len() > 1).then(|| choice("method", "Method", methods))}
            {choice("client", "Client", clients)}
            <div id="plan" data-part="">{flows.iter().map(|(flow, _, pipelines)| pipelines.iter().map(|drawn| panel(flow, drawn)).collect_view()).collect_view()}</div>
        </aside>
    }
    .into_any()
}

/// What to look at. It belongs to another form, so that no post holds it.
fn choice(what: &'static str, title: &'static str, among: Vec<(&'static str, &'static str)>) -> AnyView {
    view! {
        <div class="tabs" role="radiogroup" aria-label=title>
            {among.into_iter().enumerate().map(|(index, (value, label))| {
                let id = format!("view-{what}-{value}");
                view! {
                    <input type="radio" form="view" name=what value=value id=id.clone() checked=index == 0 data-view="" />
                    <label for=id>{label}</label>
                }
            }).collect_view()}
        </div>
    }
    .into_any()
}

fn panel(flow: &'static str, drawn: &Compared) -> AnyView {
    let Compared { method, client, closed, steps, lists, answer } = drawn.clone();
    let title = format!("{}, {}", pipeline::way(method), pipeline::client(client).to_lowercase());
    view! {
        <div class="panel" data-flow=flow data-method=method.name() data-client=client.name()>
            <h3>{title.clone()}</h3>
            {closed.map(|sentence| view! { <p class="closed">{sentence}</p> })}
            <ol class="steps" aria-label=title>
                {steps.into_iter().map(|(line, mark)| {
                    let (class, word) = match mark {
                        Mark::Stays => ("", None),
                        Mark::New => ("new", Some("New")),
                        Mark::Changed => ("new", Some("Changed")),
                        Mark::Gone => ("gone", Some("Removed")),
                    };
                    let small = match line.about.as_str() {
                        "" => line.stage.to_owned(),
                        about => format!("{}: {about}", line.stage),
                    };
                    view! {
                        <li class=class>
                            <b>{line.title}</b>
                            {word.map(|word| view! { " "<span class="mark">{word}</span> })}
                            {line.may_stop.then(|| view! { " "<span class="may">"Can block"</span> })}
                            <small>{small}</small>
                        </li>
                    }
                }).collect_view()}
            </ol>
            {lists.into_iter().map(|sentence| view! { <p class="soft">{sentence}</p> }).collect_view()}
            <h4>"Response"</h4>
            <ul class="answer">
                {answer.into_iter().map(|(line, mark)| match mark {
                    Mark::Gone => view! { <li><del>{line}</del></li> }.into_any(),
                    Mark::New => view! { <li><ins>{line}</ins></li> }.into_any(),
                    Mark::Stays | Mark::Changed => view! { <li>{line}</li> }.into_any(),
                }).collect_view()}
            </ul>
        </div>
    }
    .into_any()
}
