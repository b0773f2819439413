//! The nodes that methods put on a form.

use crate::identity::schema::{Schema, Trait, TraitKind};
use crate::model::MethodId;
use crate::ui::{Group, Input, InputKind, Node, Text, text};

/// The field of [`start_over`].
pub(crate) const START_OVER: &str = "start_over";

pub(crate) fn csrf(token: &str) -> Node {
    let input = Input {
        name: "csrf_token".to_owned(),
        kind: InputKind::Hidden,
        value: Some(token.into()),
        required: true,
        ..Input::default()
    };
    Node::new_input(Group::Default, None, input)
}

/// A field for each leaf of the schema, in its order; lists of objects have none.
pub(crate) fn traits(schema: &Schema) -> Vec<Node> {
    schema.traits().iter().map(field).collect()
}

fn field(leaf: &Trait) -> Node {
    let (kind, autocomplete) = match leaf.kind {
        TraitKind::Email => (InputKind::Email, Some("email")),
        TraitKind::Tel => (InputKind::Tel, Some("tel")),
        TraitKind::Url => (InputKind::Url, Some("url")),
        TraitKind::Date => (InputKind::Date, None),
        TraitKind::DateTime => (InputKind::DatetimeLocal, None),
        TraitKind::Number | TraitKind::Integer => (InputKind::Number, None),
        TraitKind::Boolean => (InputKind::Checkbox, None),
        TraitKind::Text | TraitKind::List => (InputKind::Text, None),
    };
    let label = leaf.title.as_ref().map(|title| text::of_schema(title, &leaf.name));
    let input = Input {
        name: leaf.name.clone(),
        kind,
        required: leaf.required,
        autocomplete: autocomplete.map(str::to_owned),
        pattern: leaf.pattern.clone(),
        disabled: leaf.disabled,
        ..Input::default()
    };
    Node::new_input(Group::Default, label, input)
}

/// `autocomplete`: `new-password` or `current-password`.
pub(crate) fn password(autocomplete: &str) -> Node {
    let input = Input {
        name: "password".to_owned(),
        kind: InputKind::Password,
        required: true,
        autocomplete: Some(autocomplete.to_owned()),
        ..Input::default()
    };
    Node::new_input(Group::Password, Some(text::password()), input)
}

/// The button that sends the form with that method.
pub(crate) fn method(method: MethodId, group: Group, label: Text) -> Node {
    let input = Input {
        name: "method".to_owned(),
        kind: InputKind::Submit,
        value: Some(method.name().into()),
        ..Input::default()
    };
    Node::new_input(group, Some(label), input)
}

/// The button that leads to a provider.
pub(crate) fn provider(id: &str, label: Text) -> Node {
    of_provider("provider", id, label)
}

/// A button about a provider: what it does is its name.
pub(crate) fn of_provider(name: &str, id: &str, label: Text) -> Node {
    let input =
        Input { name: name.to_owned(), kind: InputKind::Submit, value: Some(id.into()), ..Input::default() };
    Node::new_input(Group::Oidc, Some(label), input)
}

/// Called as the schema calls its one identifier, or "ID" when there are several (Kratos: selfservice/strategy/*/login.go).
pub(crate) fn identifier(schema: Option<&Schema>) -> Node {
    let label = schema
        .and_then(Schema::only_identifier)
        .and_then(|leaf| leaf.title.as_ref().map(|title| text::of_schema(title, &leaf.name)))
        .unwrap_or_else(text::identifier);
    let input = Input {
        name: "identifier".to_owned(),
        kind: InputKind::Text,
        value: Some("".into()),
        required: true,
        ..Input::default()
    };
    Node::new_input(Group::Default, Some(label), input)
}

/// The address that a code or a link is to go to. `by_text_message`: it may be a phone number.
pub(crate) fn address_to_prove(group: Group, by_text_message: bool) -> Node {
    let (kind, label) = match by_text_message {
        true => (InputKind::Text, text::email_or_phone_number()),
        false => (InputKind::Email, text::email()),
    };
    Node::new_input(
        group,
        Some(label),
        Input { name: "email".to_owned(), kind, required: true, ..Input::default() },
    )
}

/// The code of a recovery. Other than that of a verification it says how it looks (Kratos: selfservice/strategy/code).
pub(crate) fn recovery_code() -> Node {
    let input = Input {
        name: "code".to_owned(),
        kind: InputKind::Text,
        required: true,
        pattern: Some("[0-9]+".to_owned()),
        maxlength: Some(6),
        ..Input::default()
    };
    Node::new_input(Group::Code, Some(text::recovery_code()), input)
}

/// A field or a button of a recovery.
pub(crate) fn of_recovery(group: Group, label: Option<Text>, input: Input) -> Node {
    Node::new_input(group, label, input)
}

/// The same address once more.
pub(crate) fn resend(address: &str) -> Node {
    let input = Input {
        name: "email".to_owned(),
        kind: InputKind::Submit,
        value: Some(address.into()),
        ..Input::default()
    };
    Node::new_input(Group::Code, Some(text::resend()), input)
}

pub(crate) fn code() -> Node {
    code_called(text::verification_code())
}

pub(crate) fn code_called(label: Text) -> Node {
    let input = Input { name: "code".to_owned(), kind: InputKind::Text, required: true, ..Input::default() };
    Node::new_input(Group::Code, Some(label), input)
}

/// Another code for the same sign-up or sign-in.
pub(crate) fn resend_code() -> Node {
    submit("resend", "code", Group::Code, text::resend())
}

/// Goes to another step of the form.
pub(crate) fn screen(name: &str) -> Node {
    submit("screen", name, Group::Profile, text::back())
}

/// The button of a form's step that belongs to no method.
pub(crate) fn step(name: &str, group: Group, label: Text) -> Node {
    submit("method", name, group, label)
}

fn submit(name: &str, value: &str, group: Group, label: Text) -> Node {
    let input = Input {
        name: name.to_owned(),
        kind: InputKind::Submit,
        value: Some(value.into()),
        ..Input::default()
    };
    Node::new_input(group, Some(label), input)
}

/// The place for the secret of a link that was opened.
pub(crate) fn hidden_code(group: Group) -> Node {
    let input =
        Input { name: "code".to_owned(), kind: InputKind::Hidden, required: true, ..Input::default() };
    Node::new_input(group, None, input)
}

/// Whoever proves an address may end the account that somebody else made with it.
pub(crate) fn start_over() -> Node {
    let input = Input { name: START_OVER.to_owned(), kind: InputKind::Checkbox, ..Input::default() };
    Node::new_input(Group::Code, Some(text::start_over()), input)
}

/// Says by which method a form goes that has no button for it.
pub(crate) fn hidden_method(method: MethodId, group: Group) -> Node {
    let input = Input {
        name: "method".to_owned(),
        kind: InputKind::Hidden,
        value: Some(method.name().into()),
        ..Input::default()
    };
    Node::new_input(group, None, input)
}

/// For somebody whose name is known already.
pub(crate) fn hidden_identifier(value: &str) -> Node {
    let input = Input {
        name: "identifier".to_owned(),
        kind: InputKind::Hidden,
        value: Some(value.into()),
        ..Input::default()
    };
    Node::new_input(Group::Default, None, input)
}
