//! What becomes of a request that begins a flow or goes on with one. `server::respond` turns it into HTTP.

use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::ids::FlowId;
use crate::model::{Client, Flow};
use crate::session::Session;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use url::Url;

#[derive(Debug)]
pub enum Started {
    Flow(Box<Flow>),
    /// Somebody is signed in already: a browser goes there, others get [`already_signed_in`].
    SignedIn(Url),
    /// Nobody is signed in: a browser signs in there first, others are told.
    SignInFirst(Url),
}

/// What became of a form, of a return from a provider, or of an email's link.
#[derive(Debug)]
pub enum Outcome {
    /// An account was created.
    SignedUp(Box<SignedUp>),
    SignedIn(Box<SignedIn>),
    /// An address is verified.
    Verified(Box<Verified>),
    /// Somebody recovered their account.
    Recovered(Box<Recovered>),
    /// The form is shown, for that reason.
    Form {
        flow: Box<Flow>,
        why: Why,
    },
    /// Another flow takes the place of this one.
    Replaced {
        flow: Box<Flow>,
        why: Replaced,
        /// The replaced one was an app's.
        of_app: bool,
    },
    /// No session before the address is verified (Kratos: selfservice/hook/require_verified_address.go).
    Unverified(ShowVerification),
    /// A change in the settings was stored.
    Saved(Box<Saved>),
    /// Settings: nobody is signed in, so a browser signs in there first.
    SignInFirst(Url),
    /// Settings: the change takes a recent sign-in, which begins there.
    SignInAgain {
        url: Url,
        client: Client,
    },
    /// To a provider.
    Leave(AuthorizationRequest),
    /// Somebody is signed in already: a browser goes there.
    Already(Url),
    /// Back to the app, which fetches its session.
    ToApp(Url),
    /// An operator's test is over: its page in the console.
    Tested(Url),
}

/// Why a form is shown. With the kind of flow and the client it decides the status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It comes back with messages.
    Refused,
    /// A code is on its way.
    Sent,
    /// Another step of the form.
    Step,
    /// A wrong code.
    WrongCode,
    /// The email's link: the form waits with the code filled in, for the browser with the flow's anti-forgery cookie.
    Filled,
    /// A limit was reached, and nothing was judged. So many seconds are left.
    TooEarly(u32),
}

/// Why another flow takes the place of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// It was open for too long, until that time.
    FlowExpired(DateTime<Utc>),
    /// The code was too old, at that time.
    CodeExpired(DateTime<Utc>),
    /// The code was used, was tried too often, or the address is verified already.
    Over,
}

/// A finished sign-up.
#[derive(Debug)]
pub struct SignedUp {
    pub client: Client,
    pub identity: Identity,
    /// Only when the plan signs in: the engine makes no session that it does not return.
    pub issued: Option<Issued>,
    pub continue_with: Vec<ContinueWith>,
    pub return_to: Url,
    /// The verification that was begun. It is shown only where the hook `show_verification_ui` says so.
    pub verification: Option<ShowVerification>,
    /// Signs in when the address is verified; only when the plan waits for that.
    pub deferred: Option<DeferredLogin>,
    /// The browser gets this anti-forgery cookie, as whenever a session or a verification begins.
    pub new_csrf_cookie: Option<String>,
}

/// A finished sign-in.
#[derive(Debug)]
pub struct SignedIn {
    pub client: Client,
    pub identity: Identity,
    pub issued: Issued,
    pub continue_with: Vec<ContinueWith>,
    pub return_to: Url,
    /// Not for a refresh by the same person.
    pub new_csrf_cookie: bool,
}

/// A finished verification.
#[derive(Debug)]
pub struct Verified {
    pub flow: Flow,
    /// The session that came with it.
    pub given: Option<Given>,
}

/// A stored change of the settings.
#[derive(Debug)]
pub struct Saved {
    pub flow: Flow,
    pub client: Client,
    pub identity: Identity,
    /// The session that it was made in, whose cookie goes out again.
    pub issued: Issued,
    pub continue_with: Vec<ContinueWith>,
    pub return_to: Url,
}

/// A finished recovery.
#[derive(Debug)]
pub struct Recovered {
    pub flow: Flow,
    pub client: Client,
    pub issued: Issued,
    /// The settings form to set a new password in; `None` where the request that began the flow skips it.
    pub settings: Option<FlowId>,
    /// Where a browser goes: that form's page, or the flow's `return_to`.
    pub next: Url,
    pub new_csrf_cookie: String,
}

/// A session that leaves with the response.
#[derive(Clone, Debug)]
pub struct Issued {
    pub session: Session,
    pub token: String,
}

/// Leaves with the response to a verification.
#[derive(Clone, Debug)]
pub struct Given {
    pub client: Client,
    pub identity: Identity,
    pub issued: Issued,
    pub return_to: Url,
    /// What the secret is known by, where one was used: its cookie is over.
    pub secret_hash: Option<Vec<u8>>,
}

/// Leaves with the response to a sign-up: a cookie for browsers, a member of the body for apps.
#[derive(Clone, Debug)]
pub struct DeferredLogin {
    /// The verification that it belongs to.
    pub flow: FlowId,
    pub address: String,
    pub secret: String,
    pub expires_at: DateTime<Utc>,
}

/// A user leaves for a provider.
#[derive(Debug)]
pub struct AuthorizationRequest {
    pub url: Url,
    /// The cookie that the browser has to come back with; none for apps.
    pub browser: Option<String>,
}

/// A verification flow that a user is led to.
#[derive(Clone, Debug, PartialEq)]
pub struct ShowVerification {
    pub flow: FlowId,
    /// Where the code went.
    pub address: String,
    /// The page with the flow's form.
    pub url: Url,
}

/// What an app or a page does next (Kratos: selfservice/flow/continue_with.go).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ContinueWith {
    RedirectBrowserTo { redirect_browser_to: String },
    SetOrySessionToken { ory_session_token: String },
    ShowVerificationUi { flow: VerificationItem },
    ShowSettingsUi { flow: FlowItem },
    ShowRecoveryUi { flow: FlowItem },
}

/// Another flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowItem {
    pub id: FlowId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Kratos: selfservice/flow/continue_with.go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationItem {
    pub id: FlowId,
    pub verifiable_address: String,
    /// For browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl ShowVerification {
    /// `with_url`: the client is a browser, or has to open one.
    pub fn item(&self, with_url: bool) -> ContinueWith {
        ContinueWith::ShowVerificationUi {
            flow: VerificationItem {
                id: self.flow,
                verifiable_address: self.address.clone(),
                url: with_url.then(|| self.url.to_string()),
            },
        }
    }
}

impl Outcome {
    /// The form comes back with messages.
    pub fn refused(flow: Flow) -> Self {
        Outcome::Form { flow: Box::new(flow), why: Why::Refused }
    }
}

pub(crate) fn unknown() -> Error {
    Error::not_found("")
}

/// A form for a method that the configuration does not turn on.
pub(crate) fn switched_off() -> Error {
    Error::not_found("This way is switched off here. Use another one.")
}

/// 410 `self_service_flow_expired`.
pub fn expired() -> Error {
    Error::new(Kind::Expired, "This form was open for too long. Start again with a new one.")
        .with_id("self_service_flow_expired")
}

/// 410 `self_service_flow_replaced`, with the flow to go on with.
pub fn replaced(by: &Flow) -> Error {
    Error::new(Kind::Expired, "This form is over. Go on with the new one.")
        .with_id("self_service_flow_replaced")
        .beside("use_flow_id", json!(by.id))
}

/// 403 `session_refresh_required`.
pub fn sign_in_again(at: &Url) -> Error {
    Error::new(
        Kind::Forbidden,
        "This change requires a recent sign-in. Sign in again, then send the form once more.",
    )
    .with_id("session_refresh_required")
    .beside("redirect_browser_to", at.as_str())
}

/// 400 `session_already_available`.
pub fn already_signed_in() -> Error {
    Error::invalid("Somebody is signed in already. Sign out first.").with_id("session_already_available")
}
