//! A flow: one run of registration, login, verification, recovery or settings, from its start to its response. The stored form, and
//! the JSON that clients see.

use super::Aal;
use crate::ids::{FlowId, IdentityId};
use crate::ui::{Container, Node, Text};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a flow is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowKind {
    Registration,
    Login,
    Verification,
    Recovery,
    Settings,
}

impl FlowKind {
    pub const ALL: [FlowKind; 5] = [
        FlowKind::Registration,
        FlowKind::Login,
        FlowKind::Verification,
        FlowKind::Recovery,
        FlowKind::Settings,
    ];

    /// As in the paths of the API and in `selfservice.flows.<name>`.
    pub fn name(self) -> &'static str {
        match self {
            FlowKind::Registration => "registration",
            FlowKind::Login => "login",
            FlowKind::Verification => "verification",
            FlowKind::Recovery => "recovery",
            FlowKind::Settings => "settings",
        }
    }

    /// What people call it, in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            FlowKind::Registration => "sign-up",
            FlowKind::Login => "sign-in",
            FlowKind::Verification => "verification",
            FlowKind::Recovery => "recovery",
            FlowKind::Settings => "settings",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        FlowKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What kind of client began a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowType {
    Browser,
    Api,
}

impl FlowType {
    /// As in the paths of the API.
    pub fn name(self) -> &'static str {
        match self {
            FlowType::Browser => "browser",
            FlowType::Api => "api",
        }
    }
}

/// Which client sends a request. It decides how a response looks, never what is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// HTML forms and redirects, cookies.
    Browser,
    /// JSON with cookies.
    Spa,
    /// JSON with tokens.
    Native,
}

impl Client {
    pub const ALL: [Client; 3] = [Client::Browser, Client::Spa, Client::Native];

    /// As forms, commands and the audit write it.
    pub fn name(self) -> &'static str {
        match self {
            Client::Browser => "browser",
            Client::Spa => "spa",
            Client::Native => "native",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Client::ALL.into_iter().find(|client| client.name() == name)
    }
}

/// How far a flow has come (Kratos: selfservice/flow/state.go).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FlowState {
    #[serde(rename = "choose_method")]
    ChooseMethod,
    #[serde(rename = "sent_email")]
    SentEmail,
    /// A verification whose address is verified, or a recovery that signed in.
    #[serde(rename = "passed_challenge")]
    Passed,
    /// Settings before a change is stored.
    #[serde(rename = "show_form")]
    ShowForm,
    /// Settings after a change was stored. It stays so when a later change is refused.
    #[serde(rename = "success")]
    Success,
    /// Recovery that lets users choose among their addresses: the first address.
    #[serde(rename = "recovery_awaiting_address")]
    AwaitingAddress,
    /// The same: one of the masked addresses.
    #[serde(rename = "recovery_awaiting_address_choice")]
    AwaitingAddressChoice,
    /// The same: the chosen address, in full.
    #[serde(rename = "recovery_confirming_address")]
    ConfirmingAddress,
    /// The same: the code.
    #[serde(rename = "recovery_awaiting_code")]
    AwaitingCode,
}

/// A flow as stored; [`Flow::view`] is what clients see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub id: FlowId,
    #[serde(rename = "type")]
    pub kind_of_client: FlowType,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub request_url: String,
    pub return_to: Option<String>,
    pub active: Option<String>,
    pub ui: Container,
    pub state: FlowState,
    /// Browser flows: the value of the CSRF cookie they belong to; empty for apps.
    pub csrf_cookie: String,
    pub identity_schema: Option<String>,
    pub transient_payload: Option<Value>,
    pub updated_at: DateTime<Utc>,
    /// What flows of its kind keep beside that.
    pub private: Private,
    /// An app's half of an exchange, in the response that begins the flow and nowhere else.
    #[serde(skip)]
    pub session_token_exchange_code: Option<String>,
    /// Sign-in that links a provider: the cookie that binds it to this browser, where that one has none yet.
    #[serde(skip)]
    pub browser_cookie: Option<String>,
    /// Settings: the account as it is shown with the form.
    #[serde(skip)]
    pub identity: Option<Value>,
    /// Of the stored row when it was read. Each write counts one up, and only from the version that it read.
    #[serde(skip)]
    pub version: i64,
    /// The request that goes on with the flow brought no valid token: nothing of it is stored.
    #[serde(skip)]
    pub untrusted: bool,
}

/// What only flows of one kind keep. It is never shown as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Private {
    Registration {
        /// That it began with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<Uuid>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Sent>,
    },
    Login {
        /// Somebody who is signed in confirms who they are.
        #[serde(default)]
        refresh: bool,
        #[serde(default)]
        requested_aal: Aal,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Sent>,
    },
    Verification {
        /// Where the code went, and when the last one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Sent>,
        /// Browsers that opened the email's link, beside the one that the flow belongs to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        opened: Vec<Opened>,
    },
    Recovery {
        /// Where the email went, and when the last one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Sent>,
        /// An operator began it for that account: any browser may send its form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by_operator: Option<IdentityId>,
        /// The link that the browser of this form opened, by the row of its secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opened: Option<Uuid>,
    },
    Settings {
        /// Whose account it changes. Without one it is nobody's.
        identity: Option<IdentityId>,
    },
}

/// A browser that opened the email's link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    pub csrf_cookie: String,
    /// What fills in the field for the code there.
    pub code: String,
    /// What the form asks for there beside the code. The browser that signed up is asked for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Missing>,
}

/// What a user who is not known to have signed up is asked for, and the sentence beside it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// A password, or one that the policy takes.
    Password(Text),
    /// Whether the account is to be deleted.
    Consent(Text),
}

/// The message with a code that a flow sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// As it was asked for, known or not.
    pub to: String,
    pub at: DateTime<Utc>,
    /// The limit on emails kept the flow from one of its own: the code that was sent there last counts in it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
    /// A limit kept it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub limited: bool,
}

impl Sent {
    pub fn new(to: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self { to: to.into(), at, earlier: None, limited: false }
    }
}

/// The verification that an earlier email belongs to, and the id that the address has there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Earlier {
    pub flow: FlowId,
    pub address: Uuid,
}

/// What clients see of a flow.
#[derive(Serialize)]
pub struct FlowView<'a> {
    id: FlowId,
    #[serde(rename = "type")]
    kind_of_client: FlowType,
    expires_at: DateTime<Utc>,
    issued_at: DateTime<Utc>,
    request_url: &'a str,
    ui: &'a Container,
    state: FlowState,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transient_payload: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token_exchange_code: Option<&'a str>,
    /// `null`, where the member exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_aal: Option<&'a Aal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a Value>,
}

impl Private {
    /// What a new flow of that kind has.
    pub fn of(kind: FlowKind) -> Self {
        match kind {
            FlowKind::Registration => Private::Registration { invitation: None, sent: None },
            FlowKind::Login => Private::Login { refresh: false, requested_aal: Aal::Aal1, sent: None },
            FlowKind::Verification => Private::Verification { sent: None, opened: Vec::new() },
            FlowKind::Recovery => Private::Recovery { sent: None, by_operator: None, opened: None },
            FlowKind::Settings => Private::Settings { identity: None },
        }
    }
}

impl FlowState {
    /// Of a new flow.
    pub fn of(kind: FlowKind) -> Self {
        match kind {
            FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => {
                FlowState::ChooseMethod
            }
            FlowKind::Settings => FlowState::ShowForm,
        }
    }
}

impl Flow {
    pub fn kind(&self) -> FlowKind {
        match self.private {
            Private::Registration { .. } => FlowKind::Registration,
            Private::Login { .. } => FlowKind::Login,
            Private::Verification { .. } => FlowKind::Verification,
            Private::Recovery { .. } => FlowKind::Recovery,
            Private::Settings { .. } => FlowKind::Settings,
        }
    }

    /// Kratos' JSON; what differs by kind is which members exist (Kratos: selfservice/flow/*/flow.go).
    pub fn view(&self) -> FlowView<'_> {
        let (login, has_account) = match &self.private {
            Private::Verification { .. } | Private::Recovery { .. } | Private::Settings { .. } => {
                (None, false)
            }
            Private::Registration { .. } => (None, true),
            Private::Login { refresh, requested_aal, .. } => (Some((*refresh, requested_aal)), true),
        };
        FlowView {
            id: self.id,
            kind_of_client: self.kind_of_client,
            expires_at: self.expires_at,
            issued_at: self.issued_at,
            request_url: &self.request_url,
            ui: &self.ui,
            state: self.state,
            return_to: self.return_to.as_deref(),
            active: self.active.as_deref(),
            transient_payload: self.transient_payload.as_ref(),
            session_token_exchange_code: self.session_token_exchange_code.as_deref(),
            organization_id: has_account.then_some(Value::Null),
            created_at: login.map(|_| self.issued_at),
            updated_at: login.map(|_| self.updated_at),
            refresh: login.map(|(refresh, _)| refresh),
            requested_aal: login.map(|(_, requested_aal)| requested_aal),
            identity_schema: self.identity_schema.as_deref().filter(|_| has_account),
            identity: self.identity.as_ref(),
        }
    }

    /// [`Flow::view`] as a document.
    pub fn to_json(&self) -> Value {
        json!(self.view())
    }

    /// `json`: the request asks for JSON.
    pub fn client(&self, json: bool) -> Client {
        match (self.kind_of_client, json) {
            (FlowType::Api, _) => Client::Native,
            (FlowType::Browser, true) => Client::Spa,
            (FlowType::Browser, false) => Client::Browser,
        }
    }

    /// A message of the form itself.
    pub fn message(&mut self, text: Text) {
        self.ui.messages.push(text);
    }

    pub fn nodes(&mut self) -> &mut Vec<Node> {
        self.ui.nodes.get_or_insert_default()
    }

    /// Login: whether somebody who is signed in confirms who they are.
    pub fn is_refresh(&self) -> bool {
        matches!(self.private, Private::Login { refresh: true, .. })
    }

    /// Login: whether a second factor is asked for.
    pub fn asks_for_second_factor(&self) -> bool {
        matches!(self.private, Private::Login { requested_aal: Aal::Aal2, .. })
    }

    /// Where its code went.
    pub fn sent(&self) -> Option<&Sent> {
        match &self.private {
            Private::Registration { sent, .. }
            | Private::Login { sent, .. }
            | Private::Verification { sent, .. }
            | Private::Recovery { sent, .. } => sent.as_ref(),
            Private::Settings { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn sent_mut(&mut self) -> Option<&mut Sent> {
        self.own_sent().and_then(Option::as_mut)
    }

    /// Notes that the flow sent a code, or would have.
    pub fn set_sent(&mut self, now: Sent) {
        if let Some(sent) = self.own_sent() {
            *sent = Some(now);
        }
    }

    fn own_sent(&mut self) -> Option<&mut Option<Sent>> {
        match &mut self.private {
            Private::Registration { sent, .. }
            | Private::Login { sent, .. }
            | Private::Verification { sent, .. }
            | Private::Recovery { sent, .. } => Some(sent),
            Private::Settings { .. } => None,
        }
    }

    /// Recovery: the account that an operator began it for.
    pub fn by_operator(&self) -> Option<IdentityId> {
        match self.private {
            Private::Recovery { by_operator, .. } => by_operator,
            Private::Registration { .. }
            | Private::Login { .. }
            | Private::Verification { .. }
            | Private::Settings { .. } => None,
        }
    }

    /// Recovery: the link that its browser opened.
    pub fn opened_link(&self) -> Option<Uuid> {
        match self.private {
            Private::Recovery { opened, .. } => opened,
            Private::Registration { .. }
            | Private::Login { .. }
            | Private::Verification { .. }
            | Private::Settings { .. } => None,
        }
    }

    /// Verification: browsers that opened the email's link.
    pub fn opened(&self) -> &[Opened] {
        match &self.private {
            Private::Verification { opened, .. } => opened,
            Private::Registration { .. }
            | Private::Login { .. }
            | Private::Recovery { .. }
            | Private::Settings { .. } => &[],
        }
    }

    /// Verification: the same, to be changed; `None` for other flows.
    pub fn opened_mut(&mut self) -> Option<&mut Vec<Opened>> {
        match &mut self.private {
            Private::Verification { opened, .. } => Some(opened),
            Private::Registration { .. }
            | Private::Login { .. }
            | Private::Recovery { .. }
            | Private::Settings { .. } => None,
        }
    }

    /// Registration: the invitation that it began with.
    pub fn invitation(&self) -> Option<Uuid> {
        match self.private {
            Private::Registration { invitation, .. } => invitation,
            Private::Login { .. }
            | Private::Verification { .. }
            | Private::Recovery { .. }
            | Private::Settings { .. } => None,
        }
    }

    /// Settings: whose account it changes.
    pub fn account(&self) -> Option<IdentityId> {
        match self.private {
            Private::Settings { identity } => identity,
            Private::Registration { .. }
            | Private::Login { .. }
            | Private::Verification { .. }
            | Private::Recovery { .. } => None,
        }
    }

    /// Settings: it changes that account.
    pub fn set_account(&mut self, id: Option<IdentityId>) {
        if let Private::Settings { identity } = &mut self.private {
            *identity = id;
        }
    }

    /// Registration: it begins with that invitation.
    pub fn set_invitation(&mut self, id: Option<Uuid>) {
        if let Private::Registration { invitation, .. } = &mut self.private {
            *invitation = id;
        }
    }
}
