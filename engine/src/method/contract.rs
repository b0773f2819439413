//! What a method is given, and what it answers with: values that `flow` acts on.

use super::basis::Basis;
use super::change::AccountChange;
use crate::config::Config;
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope::Holder;
use crate::form::outcome::{AuthorizationRequest, Replaced, Why};
use crate::form::request::Submit;
use crate::identity::change::{IdentityChange, Record};
use crate::identity::credentials::{of_traits, with};
use crate::identity::schema::Extracted;
use crate::identity::{Credential, Identity};
use crate::model::{Client, Flow, MethodId};
use crate::signup::pending;
use crate::social::{ExternalIdentity, Mapped, SentToken};
use crate::store::address_changes::AddressChange;
use crate::store::codes::Code;
use crate::store::social::Exchange;
use crate::ui::{Node, Text};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// A sign-in method in every flow that it has a part in (`plan::offer` says in which).
pub(crate) trait Method: Send + Sync {
    fn id(&self) -> MethodId;

    /// Whether a form is for this method.
    fn claims(&self, body: &Value) -> bool {
        body.get("method").and_then(Value::as_str) == Some(self.id().name())
    }

    fn is_enabled(&self, config: &Config) -> bool;

    /// The nodes that it puts on a form; none where it has no part in it.
    fn draw(&self, on: &Draw<'_>) -> Vec<Node>;

    /// `Step::Check`: judges the form. Messages go onto the attempt's flow.
    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>>;

    /// A sign-up was refused after its proof: makes the form as it comes back, before the messages are on it.
    fn redraw(&self, on: &mut Attempt, account: &NewAccount) -> Result<()>;

    /// An account of those identifiers was stored meanwhile. Asked once.
    fn taken<'a>(&'a self, on: &'a mut Attempt, account: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>>;
}

/// The part that costs something, with what [`Method::check`] found.
pub(crate) trait Prove: Send {
    /// Whose account a sign-up would create, where the form alone says so.
    fn applicant(&self) -> Option<&Extracted> {
        None
    }

    /// Settings: whether it takes a recent sign-in. Asked before anything else is done for it.
    fn is_sensitive(&self) -> bool {
        false
    }

    /// Settings: whether it adds an address, a factor or a provider, which a session from before any proof may not.
    fn adds_access(&self) -> bool {
        false
    }

    /// `Step::Prove`. Messages go onto the attempt's flow.
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>>;
}

/// What a form is drawn for. The driver fills it in once; methods look nothing up.
pub(crate) struct Draw<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) flow: &'a Flow,
    /// The user who confirms who they are, with the credentials of the account.
    pub(crate) refresh: Option<&'a [Credential]>,
    /// Settings: the account that the form changes.
    pub(crate) member: Option<&'a Record>,
    /// The second step of a form: who it is for is on it already.
    pub(crate) second: Option<Second<'a>>,
}

/// What the second step of a form is drawn for.
#[derive(Clone, Copy)]
pub(crate) enum Second<'a> {
    /// Every method that there is: sign-up, or a sign-in that tells nothing of the account.
    Anybody,
    /// Methods of the account with these credentials.
    Account(&'a [Credential]),
}

impl Second<'_> {
    /// Whether a credential of that kind, as far as it is wanted, is offered.
    pub(crate) fn offers(self, method: MethodId, wanted: impl Fn(&Credential) -> bool) -> bool {
        match self {
            Second::Anybody => true,
            Second::Account(all) => all.iter().any(|one| one.kind == method.name() && wanted(one)),
        }
    }
}

/// One submission of a form, or one return from a provider.
pub(crate) struct Attempt {
    pub(crate) ctx: Ctx,
    pub(crate) flow: Flow,
    pub(crate) holder: Holder,
    pub(crate) submit: Submit,
    pub(crate) body: Value,
    pub(crate) client: Client,
    /// An app waits for its session, which it fetches later.
    pub(crate) exchange: Option<Exchange>,
    /// A browser is back from a provider: the form is not in this request.
    pub(crate) returned: bool,
    /// Settings: the account as it was read when the form came.
    pub(crate) record: Option<Record>,
}

impl Attempt {
    pub(crate) fn new(ctx: &Ctx, flow: Flow, holder: Holder, submit: Submit) -> Self {
        let client = flow.client(submit.json);
        Self {
            ctx: ctx.clone(),
            flow,
            holder,
            submit,
            body: Value::Null,
            client,
            exchange: None,
            returned: false,
            record: None,
        }
    }

    /// The form's `csrf_token`.
    pub(crate) fn token(&self) -> Option<&str> {
        self.body.get("csrf_token").and_then(Value::as_str)
    }

    /// Settings: the account that is changed.
    pub(crate) fn record(&self) -> Result<&Record> {
        self.record.as_ref().ok_or_else(|| Error::internal("a settings form without its account"))
    }

    /// A field that is a text or a number, as a text.
    pub(crate) fn field(&self, name: &str) -> String {
        crate::form::request::as_text(self.body.get(name))
    }

    /// A field of a form, without the blanks around it.
    pub(crate) fn trimmed(&self, name: &str) -> String {
        self.field(name).trim().to_owned()
    }

    /// Whether this request may send the form. `Ok(false)`: a message says why not.
    ///
    /// # Errors
    /// 403 a browser's form without a valid token.
    pub(crate) fn may_submit(&mut self) -> Result<bool> {
        match crate::form::envelope::may_submit(&self.flow, &self.submit, self.token()) {
            Ok(()) => Ok(true),
            Err(Ok(sentence)) => {
                self.flow.message(crate::ui::text::generic(&sentence));
                Ok(false)
            }
            Err(Err(error)) => Err(error),
        }
    }
}

pub(crate) enum Checked {
    /// Nothing is left to prove.
    Done(Verdict),
    Go(Box<dyn Prove>),
}

/// What came of a method.
pub(crate) enum Verdict {
    /// The attempt's flow is stored and shown.
    Form(Why),
    /// It is shown as it is: what of it is kept is stored already.
    Stored(Why),
    /// A sign-up needs more than the provider says.
    AskForMore(Box<More>),
    /// That flow's form, which is stored, is shown instead.
    Another(Box<Flow>),
    /// The flow is over, and a new one of its kind begins with that message.
    Replace(Replaced, Text),
    Leave(AuthorizationRequest),
    Proceed(Box<Facts>),
}

/// The rest of a sign-up through a provider.
pub(crate) struct More {
    pub(crate) provider: String,
    pub(crate) traits: Value,
    /// By field.
    pub(crate) messages: Vec<(String, Text)>,
    /// The `id_token` that goes on to the form, where an app sent one.
    pub(crate) token: Option<SentToken>,
}

/// What was proven.
pub(crate) struct Facts {
    pub(crate) who: Who,
    /// What is used up with it.
    pub(crate) token: Option<SentToken>,
    /// The same for a code that signs up or signs in.
    pub(crate) code: Option<RightCode>,
}

/// A right code, to be used up.
pub(crate) struct RightCode {
    pub(crate) code: Code,
    /// What the attempt left behind.
    pub(crate) counted: Option<crate::limits::codes::Attempt>,
}

impl Facts {
    pub(crate) fn of(who: Who) -> Self {
        Self { who, token: None, code: None }
    }
}

pub(crate) enum Who {
    /// Registration: an account is created.
    New(Box<NewAccount>),
    /// Login: the account is there.
    Known(Box<Known>),
    /// Verification: the address belongs to an account.
    Owner(Box<Owner>),
    /// Recovery: the address belongs to an account, or an operator vouches for the user.
    Recovered(Box<Recovered>),
    /// Verification: the address belongs to a sign-up that waits for it.
    Waiting(Box<pending::Right>),
    /// Settings: the user changes the own account.
    Member(Box<Member>),
    /// Verification: a new address of an account takes the place of an old one.
    Moves(Box<Moves>),
}

/// A right code for a change of an address that waits for it.
pub(crate) struct Moves {
    pub(crate) change: AddressChange,
    pub(crate) code: Code,
    /// What the attempt left behind.
    pub(crate) counted: Option<crate::limits::codes::Attempt>,
}

pub(crate) struct Member {
    pub(crate) wish: AccountChange,
    /// Of the account that the wish was judged with, where it counts only for that one.
    pub(crate) version: Option<i64>,
    /// What a web hook wants beside it.
    pub(crate) hooked: Option<IdentityChange>,
}

#[derive(Clone)]
pub(crate) struct NewAccount {
    pub(crate) schema_id: String,
    pub(crate) traits: Value,
    pub(crate) extracted: Extracted,
    pub(crate) by: NewCredential,
    /// Addresses that the method verified, normalised.
    pub(crate) verified: Vec<String>,
}

/// What the account can be signed in to with.
#[derive(Clone)]
pub(crate) enum NewCredential {
    /// The hash.
    Password(String),
    Provider(Arc<CallbackOutcome>),
    /// Nothing beside the identifiers that the traits hold.
    Identifiers,
}

impl NewAccount {
    pub(crate) fn credentials(&self, identity: &Identity) -> Vec<Credential> {
        let at = identity.created_at;
        let all = of_traits(&self.extracted, at);
        match &self.by {
            NewCredential::Identifiers => all,
            NewCredential::Password(hash) => {
                with(all, (MethodId::Password, Vec::new()), json!({ "hashed_password": hash }), at)
            }
            NewCredential::Provider(arrived) => {
                let ExternalIdentity { provider, subject, .. } = &arrived.visitor;
                let config = json!({ "providers": [crate::social::entry(provider, subject)] });
                with(all, (MethodId::Oidc, vec![arrived.visitor.identifier()]), config, at)
            }
        }
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        match &self.by {
            NewCredential::Password(_) | NewCredential::Identifiers => None,
            NewCredential::Provider(arrived) => Some(&arrived.visitor.provider),
        }
    }
}

pub(crate) struct Known {
    pub(crate) identity: Identity,
    pub(crate) basis: Basis,
    /// The identifier that was typed, normalised; empty where none was.
    pub(crate) used: String,
    pub(crate) provider: Option<String>,
    /// The address of the account that the sign-in verifies.
    pub(crate) verifies: Option<Uuid>,
}

/// A right code of an account.
pub(crate) struct Owner {
    pub(crate) code: Code,
    /// What the attempt left behind.
    pub(crate) counted: Option<crate::limits::codes::Attempt>,
    /// The hash of a new password, where the verification resets the account.
    pub(crate) new_password: Option<String>,
    /// The account is deleted: without passwords nobody could sign in to what a reset leaves.
    pub(crate) ends: bool,
}

/// A right code or link of a recovery.
pub(crate) struct Recovered {
    /// As it was read.
    pub(crate) identity: Identity,
    pub(crate) code: Code,
    pub(crate) counted: Option<crate::limits::codes::Attempt>,
    /// The recovery address that was proven; `None` where an operator created the code or link.
    pub(crate) address: Option<String>,
}

/// A sign-up through a provider.
pub(crate) struct CallbackOutcome {
    pub(crate) provider: Arc<Provider>,
    pub(crate) visitor: ExternalIdentity,
    pub(crate) mapped: Mapped,
}
