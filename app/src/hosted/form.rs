//! Renders the engine's forms: a container of nodes becomes an HTML form that works without any script. Hidden nodes come first, then
//! fields in the engine's order, the form's own button, and the buttons of other methods.

use super::document::{Glyph, icon};
use super::field;
use engine::ui::{Container, Group, InputKind, Node, Text, TextKind};
use leptos::prelude::*;

/// What the renderer needs and no node contains.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `selfservice.methods.password.config.min_password_length`, shown as a hint for a new password.
    pub min_password_length: usize,
    /// The providers' buttons are above the form (`vestibule.social.buttons`).
    pub providers_first: bool,
}

/// Whether the form has errors, which decides the title and the focus.
pub fn has_errors(ui: &Container) -> bool {
    let of_nodes = nodes(ui).iter().flat_map(|node| &node.messages);
    ui.messages.iter().chain(of_nodes).any(|message| message.kind == TextKind::Error)
}

/// The `<form>` with all its messages. Without a button the form can't be sent, so `unavailable` is shown instead of fields.
pub fn form(ui: &Container, rules: Rules, unavailable: &'static str) -> AnyView {
    view! {
        {summary(ui)}
        {notices(ui)}
        {sheet(ui, rules, unavailable, 0)}
    }
    .into_any()
}

/// The `<form>` alone. `before`: how many fields precede it on a page with several forms.
pub(super) fn sheet(ui: &Container, rules: Rules, unavailable: &'static str, before: usize) -> AnyView {
    let nodes = nodes(ui);
    let (hidden, visible): (Vec<_>, Vec<_>) =
        nodes.iter().partition(|node| kind(node) == Some(InputKind::Hidden));
    let (buttons, fields): (Vec<_>, Vec<_>) = visible
        .into_iter()
        .partition(|node| matches!(kind(node), Some(InputKind::Submit | InputKind::Button)));
    // The Enter key presses the first button of a form: it must be the form's own, never a provider's.
    let own = buttons.iter().position(|node| node.group == Group::Password).or_else(|| {
        buttons.iter().position(|node| {
            (!is_provider(node) || is_way_on(node))
                && !is_step_back(node)
                && kind(node) == Some(InputKind::Submit)
        })
    });
    // In a form of their own, because the Enter key would press the first of them.
    let above = rules.providers_first && own.is_some() && buttons.iter().any(|node| is_provider(node));
    let above = above.then(|| {
        let hidden: Vec<_> = hidden.iter().map(|node| field::hidden(node)).collect();
        let providers = others(&buttons, own, is_provider);
        view! {
            <form action=ui.action.clone() method=method(ui)>{hidden} {providers}</form>
            <p class="or">"or"</p>
        }
    });
    let back: Vec<_> =
        buttons.iter().filter(|node| is_step_back(node)).map(|node| button(node, None, false)).collect();
    let others = others(&buttons, own, |node| (above.is_none() || !is_provider(node)) && !is_step_back(node));
    let divider = (!others.is_empty() && own.is_some()).then(|| view! { <p class="or">"or"</p> });
    // With one method, its name in the button adds nothing.
    let only = buttons.iter().filter(|node| !is_step_back(node)).count() == 1;
    let own = own.map(|at| {
        let plain = only && is_labelled(buttons[at], SIGN_IN_WITH_PASSWORD);
        let label = if is_first_step(buttons[at]) { Some("Continue") } else { plain.then_some("Sign in") };
        button(buttons[at], label, true)
    });
    let unsendable = buttons.is_empty() && fields.iter().all(|node| node.input().is_some());
    let fields = if unsendable { Vec::new() } else { fields };
    let empty = unsendable.then(|| {
        view! { <p class="note" data-testid="unavailable">{unavailable}</p> }
    });
    let signs_up = fields.iter().any(|node| field::is_new_password(node));
    let hidden: Vec<_> = hidden.into_iter().map(field::hidden).collect();
    let fields: Vec<_> = fields
        .into_iter()
        .enumerate()
        .map(|(at, node)| field::field(node, &field_id(before + at), signs_up, rules))
        .collect();
    view! {
        {above}
        <form action=ui.action.clone() method=method(ui)>
            {hidden}
            {fields}
            {own}
            {divider}
            {others}
            {back}
            {empty}
        </form>
    }
    .into_any()
}

/// Returns to the provider with the missing fields. It is the form's own button, although it is a provider's.
const GO_ON_TO_PROVIDER: u64 = 1_040_003;

fn is_way_on(node: &Node) -> bool {
    is_provider(node) && node.meta.label.as_ref().is_some_and(|label| label.id == GO_ON_TO_PROVIDER)
}

/// The label of the sign-in button where there are several methods.
const SIGN_IN_WITH_PASSWORD: u64 = 1_010_022;
/// The label of the buttons of a sign-up, of its first step too.
const SIGN_UP: u64 = 1_040_001;

/// Whether the form continues at one provider only.
pub fn goes_on_to_provider(ui: &Container) -> bool {
    nodes(ui).iter().any(is_way_on)
}

fn is_provider(node: &Node) -> bool {
    matches!(node.group, Group::Oidc | Group::Saml)
}

/// Goes to an earlier step of the form.
fn is_step_back(node: &Node) -> bool {
    node.id() == "screen"
}

/// Goes on to the second step of a sign-up, whose button creates the account.
fn is_first_step(node: &Node) -> bool {
    node.group == Group::Profile && is_labelled(node, SIGN_UP)
}

fn is_labelled(node: &Node, id: u64) -> bool {
    node.meta.label.as_ref().is_some_and(|label| label.id == id)
}

/// Every wanted button except the form's own.
fn others(buttons: &[&Node], own: Option<usize>, wanted: impl Fn(&Node) -> bool) -> Vec<AnyView> {
    let all = buttons.iter().enumerate().filter(|(at, node)| Some(*at) != own && wanted(node));
    all.map(|(_, node)| button(node, None, false)).collect()
}

fn nodes(ui: &Container) -> &[Node] {
    ui.nodes.as_deref().unwrap_or_default()
}

fn kind(node: &Node) -> Option<InputKind> {
    node.input().map(|input| input.kind)
}

/// Numbers, because a node's name comes from an identity schema and may contain characters that an ID must not.
fn field_id(at: usize) -> String {
    format!("field-{}", at + 1)
}

fn method(ui: &Container) -> &'static str {
    if ui.method.eq_ignore_ascii_case("get") { "get" } else { "post" }
}

fn is_error(message: &&Text) -> bool {
    message.kind == TextKind::Error
}

fn test_id(message: &Text) -> String {
    format!("ui/message/{}", message.id)
}

/// The summary of all errors at the top, with links to the fields. It takes the focus, so that screen reader users notice the new page.
pub(super) fn summary(ui: &Container) -> Option<AnyView> {
    let visible = || {
        nodes(ui).iter().filter(|node| {
            !matches!(kind(node), None | Some(InputKind::Hidden | InputKind::Submit | InputKind::Button))
        })
    };
    // Messages of hidden nodes can only be shown here.
    let unseen = nodes(ui).iter().filter(|node| {
        matches!(kind(node), None | Some(InputKind::Hidden | InputKind::Submit | InputKind::Button))
    });
    let general: Vec<_> = ui
        .messages
        .iter()
        .chain(unseen.flat_map(|node| &node.messages))
        .filter(is_error)
        .map(|message| view! { <p data-testid=test_id(message)>{message.text.clone()}</p> })
        .collect();
    let links: Vec<_> = visible()
        .enumerate()
        .flat_map(|(at, node)| node.messages.iter().filter(is_error).map(move |message| (at, node, message)))
        .map(|(at, node, message)| {
            view! {
                <li>
                    <a href=format!("#{}", field_id(at))>
                        <b>{field::label(node)}</b>
                        ": "
                        {message.text.clone()}
                    </a>
                </li>
            }
        })
        .collect();
    let title = match general.len() + links.len() {
        0 => return None,
        1 => "There is a problem".to_owned(),
        many => format!("There are {many} problems"),
    };
    let links = (!links.is_empty()).then(|| view! { <ul>{links}</ul> });
    let view = view! {
        <div class="summary" role="group" aria-labelledby="summary-title" tabindex="-1" autofocus=true>
            <h2 id="summary-title">{icon(Glyph::Wrong)} {title}</h2>
            {general}
            {links}
        </div>
    };
    Some(view.into_any())
}

/// The engine's messages that are no errors, for example "Sign in again to continue."
pub(super) fn notices(ui: &Container) -> Vec<AnyView> {
    ui.messages
        .iter()
        .filter(|message| !is_error(message))
        .map(|message| {
            let (class, sign) = match message.kind {
                TextKind::Success => ("note done", Glyph::Done),
                TextKind::Info | TextKind::Error => ("note", Glyph::Note),
            };
            view! { <p class=class data-testid=test_id(message)>{icon(sign)} {message.text.clone()}</p> }
                .into_any()
        })
        .collect()
}

/// The provider's initial instead of its logo, which most owners allow only under their own rules.
fn initial(node: &Node) -> Option<AnyView> {
    let label = node.meta.label.as_ref().filter(|_| is_provider(node))?;
    let letter = label.context.get("provider")?.as_str()?.chars().next()?.to_uppercase().to_string();
    Some(view! { <span class="initial" aria-hidden="true">{letter}</span> }.into_any())
}

/// A button other than the form's own doesn't need the form's fields, hence `formnovalidate`. `label`: in place of
/// the engine's.
pub(super) fn button(node: &Node, label: Option<&str>, own: bool) -> AnyView {
    let Some(input) = node.input() else { return ().into_any() };
    let kind = if input.kind == InputKind::Button { "button" } else { "submit" };
    view! {
        <button
            type=kind
            name=input.name.clone()
            value=input.value.as_ref().map(field::text)
            class=own.then_some("main")
            disabled=input.disabled
            formnovalidate=!own
            data-testid=format!("node/input/{}", input.name)
        >
            {initial(node)}
            {label.map_or_else(|| field::label(node), str::to_owned)}
        </button>
    }
    .into_any()
}

/// The messages of one field, each once, under it.
pub(super) fn messages_of(node: &Node) -> Vec<AnyView> {
    node.messages
        .iter()
        .map(|message| {
            let (class, sign, word) = match message.kind {
                TextKind::Error => ("bad", Glyph::Wrong, "Error: "),
                TextKind::Success => ("good", Glyph::Done, ""),
                TextKind::Info => ("hint", Glyph::Note, ""),
            };
            let word = (!word.is_empty()).then(|| view! { <span class="unseen">{word}</span> });
            view! {
                <p class=class data-testid=test_id(message)>
                    {icon(sign)}
                    <span>{word} {message.text.clone()}</span>
                </p>
            }
            .into_any()
        })
        .collect()
}
