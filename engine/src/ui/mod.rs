//! UI containers and nodes in Kratos' JSON shape, which is both the wire format and the stored format. Source: Kratos
//! ui/container/container.go, ui/node/attributes.go.

mod container;
pub mod sort;
pub mod text;

use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use text::{Text, TextKind};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    pub action: String,
    pub method: String,
    /// `None` is written as `null`: a flow without any node (Kratos does so).
    pub nodes: Option<Vec<Node>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Default,
    Password,
    Oidc,
    Profile,
    Link,
    Code,
    Totp,
    LookupSecret,
    Webauthn,
    Passkey,
    IdentifierFirst,
    Captcha,
    Saml,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    #[serde(rename = "type")]
    pub kind: NodeKind,
    pub group: Group,
    pub attributes: Attributes,
    #[serde(default)]
    pub messages: Vec<Text>,
    #[serde(default)]
    pub meta: Meta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Input,
    Text,
    Img,
    A,
    Script,
    Div,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
}

/// The other kinds of attributes come with the flows that need them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node_type", rename_all = "lowercase")]
pub enum Attributes {
    Input(Box<Input>),
    A(Anchor),
}

/// A link that leads on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    pub href: String,
    pub title: Text,
    pub id: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Omitted only when null; `""`, `false` and `0` are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    pub disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxlength: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<InputOption>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputOption {
    pub value: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    #[default]
    Text,
    Password,
    Number,
    Checkbox,
    Hidden,
    Email,
    Tel,
    Submit,
    Button,
    DatetimeLocal,
    Date,
    Url,
}

impl Node {
    /// What Kratos calls the node's id: the name of an input.
    pub fn id(&self) -> &str {
        match &self.attributes {
            Attributes::Input(input) => &input.name,
            Attributes::A(anchor) => &anchor.id,
        }
    }

    pub fn input(&self) -> Option<&Input> {
        match &self.attributes {
            Attributes::Input(input) => Some(input),
            Attributes::A(_) => None,
        }
    }

    pub fn input_mut(&mut self) -> Option<&mut Input> {
        match &mut self.attributes {
            Attributes::Input(input) => Some(input),
            Attributes::A(_) => None,
        }
    }

    pub fn anchor(&self) -> Option<&Anchor> {
        match &self.attributes {
            Attributes::A(anchor) => Some(anchor),
            Attributes::Input(_) => None,
        }
    }

    pub fn new_anchor(group: Group, anchor: Anchor) -> Self {
        Self {
            kind: NodeKind::A,
            group,
            meta: Meta { label: Some(anchor.title.clone()) },
            attributes: Attributes::A(anchor),
            messages: Vec::new(),
        }
    }

    pub fn new_input(group: Group, label: Option<Text>, input: Input) -> Self {
        Self {
            kind: NodeKind::Input,
            group,
            attributes: Attributes::Input(Box::new(input)),
            messages: Vec::new(),
            meta: Meta { label },
        }
    }
}
