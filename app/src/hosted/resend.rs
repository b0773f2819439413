//! The button for a new code, after a pause that the style sheet counts. It works without a script and keeps what the user entered.

use engine::identity::Via;
use engine::ui::{Container, Input, InputKind, Node};
use leptos::prelude::*;

/// A form of its own, because the required code field would block a request for a new code. It sends the hidden fields of `ui`, and the
/// button `name` with its value. `wait`: seconds of the pause that are left. `to`: where the code was sent.
pub(super) fn resend(
    ui: &Container,
    (name, value): (&'static str, String),
    wait: u64,
    to: Option<&str>,
) -> AnyView {
    let lost = match to.map(Via::of) {
        Some(Via::Sms) => "Didn’t get the text message? Check the phone number.",
        Some(Via::Email) | None => "Didn’t get the email? Check your spam folder.",
    };
    // The style sheet has a class for each five seconds up to a minute.
    let steps = wait.div_ceil(5).min(12) * 5;
    let class = if steps == 0 { "resend".to_owned() } else { format!("resend wait-{steps}") };
    let fields =
        ui.nodes.iter().flatten().filter_map(Node::input).filter(|input| input.kind == InputKind::Hidden);
    let hidden: Vec<_> =
        fields.flat_map(|input| values(input).map(move |value| (input.name.clone(), value))).collect();
    let hidden: Vec<_> = hidden
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    view! {
        <form class=class action=ui.action.clone() method="post">
            {hidden}
            <p class="hint">
                {lost}
                {(steps > 0).then(|| view! { <span class="waiting">{format!(" You can request a new code in {steps} seconds.")}</span> })}
            </p>
            <button type="submit" name=name value=value data-testid="resend">"Send a new code"</button>
        </form>
    }
    .into_any()
}

fn values(input: &Input) -> impl Iterator<Item = String> + use<> {
    let all = match &input.value {
        Some(serde_json::Value::Array(entries)) => entries.iter().map(super::field::text).collect(),
        Some(value) => vec![super::field::text(value)],
        None => Vec::new(),
    };
    all.into_iter()
}

/// The title of a page that asks for a code. `to`: where it was sent.
pub(super) fn where_to_look(to: Option<&str>) -> &'static str {
    match to.map(Via::of) {
        Some(Via::Sms) => "Check your phone",
        Some(Via::Email) | None => "Check your email",
    }
}

/// The same form without that button, because the required field for the code would block a request for a new one.
pub(super) fn without_button(ui: &Container, button: &str) -> Container {
    let mut own = ui.clone();
    own.nodes.iter_mut().for_each(|nodes| nodes.retain(|node| node.id() != button || !is_button(node)));
    own
}

fn is_button(node: &Node) -> bool {
    node.input().is_some_and(|input| input.kind == InputKind::Submit)
}
