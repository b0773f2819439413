//! The drawing beside the switch: what runs after a sign-up, now and with the unsaved changes, for each method and kind of client.
//! Words and marks come from the engine; what is chosen to be looked at is a matter of styles, so it works without a script.

use super::shell::icon;
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

/// What a step is about, as the outline of an icon of 18 by 18: a form, a key, a service, an email, storage, a door.
pub(super) fn outline(step: &str) -> &'static str {
    match step {
        "check" | "invitation" => "M3 2.5h12v13H3zM5.75 6h6.5M5.75 9h6.5M5.75 12h3.5",
        "store" | "reserve" => {
            "M3.5 4.5c0-1.4 2.5-2.25 5.5-2.25s5.5.85 5.5 2.25v9c0 1.4-2.5 2.25-5.5 2.25s-5.5-.85-5.5-2.25zM3.5 4.5c0 1.4 2.5 2.25 5.5 2.25s5.5-.85 5.5-2.25M3.5 9c0 1.4 2.5 2.25 5.5 2.25s5.5-.85 5.5-2.25"
        }
        "send_code" | "pend" | "show_verification_ui" => "M2 4h14v10H2zM2.5 4.5 9 9.75l6.5-5.25",
        "sign_in" | "sign_in_after_verification" => "M11 2.5h4v13h-4M6 12.5 9.5 9 6 5.5M9.5 9h-7",
        "hash" => "M6.5 2.5 5 15.5M13 2.5l-1.5 13M2.75 6.5h13M2.25 11.5h13",
        "authenticate" => {
            "M15.25 6.25a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM9.3 8.7l-6.55 6.55M4.75 13.25l1.75 1.75"
        }
        "before" | "ask" | "inform" => "M10 1.75 3.5 10.25H8.5l-.75 6 6.75-8.75h-5z",
        "require_verified_address" | "revoke_active_sessions" => {
            "M9 1.75 15 4v5c0 3.5-2.4 6-6 7.25C5.4 15 3 12.5 3 9V4z"
        }
        _ => "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14ZM6 9.2l2.1 2.1L12.2 7",
    }
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
                            {icon(outline(line.step))}
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
