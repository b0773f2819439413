//! An operator's test of a provider: the whole trip by the code of a real one, and instead of an account a report of what it would
//! have come to. It writes its own row and the audit, nothing else; the row is sealed, for its operator alone, and soon gone.

use super::arrive::vouched_for;
use super::callback::{arrived, brought};
use super::known::known;
use super::trouble::line;
use crate::config::Hook;
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::outcome::unknown;
use crate::form::request::{Callback, first};
use crate::identity::schema::{Extracted, Violation};
use crate::identity::{Identity, State};
use crate::ids::IdentityId;
use crate::method::account::conflict;
use crate::model::{Client, FlowKind, MethodId};
use crate::operators::{Operator, Role};
use crate::plan::{Plan, Step, plan};
use crate::seal;
use crate::session;
use crate::signup;
use crate::social::{self, Ask, ExternalIdentity, Mapped, Stage, Trouble};
use crate::store::oidc_tests::{self, Test};
use crate::store::{Tx, audit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// The console's page of a test; the way back leads there.
pub const PATH: &str = "/social/test";

/// How long somebody may stay at the provider, and how long what it came to can be read.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Results are sealed under a key of their own.
const PURPOSE: &str = "social-test/v1";

/// How a test begins.
#[derive(Debug)]
pub enum Begun {
    /// The operator goes there.
    Leave { url: Url, label: String },
    /// It is over already: the provider cannot be asked. The id of its page.
    Over(Uuid),
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub provider: String,
    pub label: String,
    pub at: DateTime<Utc>,
    /// The operator was sent there; otherwise it failed before.
    pub left: bool,
    /// Where it went wrong, and the reason in words for whoever set the provider up.
    pub failed: Option<(Stage, String)>,
    /// Once the provider was believed: who came.
    pub subject: Option<String>,
    /// What the mapper reads, without anything that is worth something elsewhere.
    pub claims: Option<Value>,
    pub made: Option<Made>,
}

/// What the mapper made, and what a sign-up would do with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    pub traits: Value,
    pub metadata_public: Option<Value>,
    pub metadata_admin: Option<Value>,
    /// Addresses that count as proven.
    pub vouched: Vec<String>,
    /// What does not fit the identity schema: the trait and what is wrong.
    pub messages: Vec<(String, String)>,
    pub comes_to: ComesTo,
}

/// Where a real trip of this person would end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ComesTo {
    /// They came from there before.
    SignsIn { identity: IdentityId, disabled: bool, asks_for_a_code: bool },
    /// A new account with these addresses, each with whether it counts as proven.
    SignsUp { addresses: Vec<(String, bool)>, session: Session },
    /// The address has an account: they have to sign in to it once.
    HasToLink { identity: IdentityId, address: String },
    /// The address has an account, and both sides have proven it: `account_linking_mode: automatic`.
    LinksByItself { identity: IdentityId, address: String },
    /// The form is shown once more: see `messages`.
    AsksForMore,
    /// `vestibule.registration.prevent_enumeration`, and nobody vouches for the address.
    NotVouched,
    /// Nobody signs up.
    Closed,
    /// Nobody signs up without an invitation.
    NeedsInvitation,
}

/// What a sign-up gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Session {
    /// `by_itself`: no list says so.
    AtOnce { by_itself: bool },
    /// Once the address is proven.
    WhenProven,
    /// They sign in themselves.
    Nothing,
}

/// What may be shown of a test.
#[derive(Debug)]
pub enum Shown {
    UnderWay,
    Over(Box<Report>),
}

/// Begins the test of a provider, offered or not.
///
/// # Errors
/// 403 for whoever is no owner, kept in the audit · 404 there is no such provider.
pub async fn begin(ctx: &Ctx, by: &Operator, provider: &str) -> Result<Begun> {
    if !may(by) {
        let mut tx = ctx.db().write().await?;
        record(ctx, &mut tx, by, "social.test_refused", json!({"provider": provider, "reason": "role"}))
            .await?;
        tx.commit().await?;
        return Err(Error::new(
            Kind::Forbidden,
            "A test shows what a provider says of a person, so it is for owners only.",
        ));
    }
    let keys = &ctx.config.selfservice.social;
    let provider = keys.configured(provider).cloned().ok_or_else(unknown)?;
    let secret = || URL_SAFE_NO_PAD.encode(ctx.effects().bytes::<32>());
    let (state, nonce) = (secret(), secret());
    let to = social::destination(line(ctx), &provider).await;
    let verifier = to.as_ref().ok().filter(|to| to.pkce).map(|_| secret());
    let now = ctx.effects().now();
    let test = Test {
        id: ctx.effects().uuid(),
        state_hash: session::token_hash(&state),
        operator_id: by.id.0,
        provider: provider.id.clone(),
        nonce: nonce.clone(),
        verifier: verifier.clone(),
        expires_at: now + LIFE,
        used_at: None,
        result: None,
    };
    let mut tx = ctx.db().write().await?;
    oidc_tests::insert(&mut tx, &test).await?;
    record(ctx, &mut tx, by, "social.test", json!({"provider": provider.id})).await?;
    let to = match to {
        Ok(to) => to,
        Err(trouble) => {
            oidc_tests::take(&mut tx, test.id, now).await?;
            let report = Report { left: false, ..report(&test.provider, &provider.label, now) };
            let report = report.failed(trouble);
            finish(ctx, &mut tx, test.id, &report).await?;
            tx.commit().await?;
            return Ok(Begun::Over(test.id));
        }
    };
    tx.commit().await?;
    let parameters = Vec::new();
    let ask = Ask { state: &state, nonce: &nonce, verifier: verifier.as_deref(), parameters, again: false };
    let url = social::depart(&provider, &to, &keys.redirect_uri(&provider), &ask);
    Ok(Begun::Leave { url, label: provider.label.clone() })
}

/// Somebody comes back with the state of a test: the console's page of it. `None`: it is no test's.
pub(crate) async fn landed(ctx: &Ctx, callback: &Callback) -> Result<Option<Url>> {
    let Some(state) = first(&callback.query, "state") else { return Ok(None) };
    let found = {
        let mut tx = ctx.db().single().await?;
        oidc_tests::by_state(&mut tx, &session::token_hash(state)).await?
    };
    let Some(test) = found else { return Ok(None) };
    let base = ctx.config.vestibule.console.base_url_text.trim_end_matches('/');
    let page = Url::parse(&format!("{base}{PATH}?id={}", test.id)).map_err(Error::internal)?;
    let taken = {
        let mut tx = ctx.db().write_single().await?;
        let taken = oidc_tests::take(&mut tx, test.id, ctx.effects().now()).await?;
        tx.commit().await?;
        taken
    };
    // Loaded again, or long after: the page says so.
    if taken {
        let report = arrive(ctx, &test, callback).await?;
        let mut tx = ctx.db().write_single().await?;
        finish(ctx, &mut tx, test.id, &report).await?;
        tx.commit().await?;
    }
    Ok(Some(page))
}

/// What a test of this operator came to; `None` for anybody else, and after its time.
pub async fn result(ctx: &Ctx, by: &Operator, id: Uuid) -> Result<Option<Shown>> {
    let found = {
        let mut tx = ctx.db().single().await?;
        oidc_tests::get(&mut tx, id).await?
    };
    let now = ctx.effects().now();
    let Some(test) = found.filter(|test| may(by) && test.operator_id == by.id.0 && test.expires_at > now)
    else {
        return Ok(None);
    };
    let Some(sealed) = test.result else { return Ok(Some(Shown::UnderWay)) };
    let text = seal::open_for(&ctx.config.secrets, PURPOSE, id, &sealed)?;
    let report = serde_json::from_slice(&text).map_err(Error::internal)?;
    Ok(Some(Shown::Over(Box::new(report))))
}

fn may(by: &Operator) -> bool {
    !by.disabled && by.role == Role::Owner
}

async fn record(ctx: &Ctx, tx: &mut Tx, by: &Operator, action: &str, details: Value) -> Result<()> {
    let at = ctx.effects().now();
    let entry = audit::Entry { at, actor: by.email.clone(), action: action.to_owned(), details };
    audit::append(tx, &entry).await
}

async fn finish(ctx: &Ctx, tx: &mut Tx, id: Uuid, report: &Report) -> Result<()> {
    let text = serde_json::to_vec(report).map_err(Error::internal)?;
    let sealed = seal::seal_for(ctx.effects(), &ctx.config.secrets, PURPOSE, id, &text)?;
    oidc_tests::finish(tx, id, &sealed).await?;
    Ok(())
}

fn report(provider: &str, label: &str, at: DateTime<Utc>) -> Report {
    Report {
        provider: provider.to_owned(),
        label: label.to_owned(),
        at,
        left: true,
        failed: None,
        subject: None,
        claims: None,
        made: None,
    }
}

impl Report {
    fn failed(self, trouble: Trouble) -> Self {
        Self { failed: Some((trouble.stage, trouble.reason)), ..self }
    }
}

/// As a real trip from here on, up to where it would write something.
async fn arrive(ctx: &Ctx, test: &Test, callback: &Callback) -> Result<Report> {
    let now = ctx.effects().now();
    let Some(provider) = ctx.config.selfservice.social.configured(&test.provider).cloned() else {
        let trouble = Trouble::new(Stage::NotSetUp, "the provider was removed meanwhile");
        return Ok(report(&test.provider, &test.provider, now).failed(trouble));
    };
    let mut report = report(&provider.id, &provider.label, now);
    let returned = brought(&callback.query, callback.provider.as_deref(), &provider);
    let turn = match line(ctx).turn(&provider).await {
        Ok(turn) => turn,
        Err(trouble) => return Ok(report.failed(trouble)),
    };
    let secrets = (test.nonce.as_str(), test.verifier.as_deref());
    let visitor = match arrived(ctx, &provider, returned, secrets, &turn).await? {
        Ok(visitor) => visitor,
        Err(trouble) => return Ok(report.failed(trouble)),
    };
    drop(turn);
    let mut claims = visitor.claims.clone();
    without_tokens(&mut claims);
    report.subject = Some(visitor.subject.clone());
    report.claims = Some(claims);
    match social::map(line(ctx), &provider, &visitor, None).await {
        Ok(mapped) => {
            report.made = Some(foretold(ctx, &provider, &visitor, mapped).await?);
            Ok(report)
        }
        Err(trouble) => Ok(report.failed(trouble)),
    }
}

/// What somebody could use elsewhere, or that says nothing.
fn without_tokens(claims: &mut Value) {
    const USELESS: [&str; 5] = ["nonce", "at_hash", "c_hash", "s_hash", "jti"];
    match claims {
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("token") && !USELESS.contains(&name.as_str()));
            members.values_mut().for_each(without_tokens);
        }
        Value::Array(list) => list.iter_mut().for_each(without_tokens),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What [`super::landing`] would do with it at the sign-up form.
async fn foretold(
    ctx: &Ctx,
    provider: &Provider,
    visitor: &ExternalIdentity,
    mapped: Mapped,
) -> Result<Made> {
    let traits = mapped.traits.clone();
    let schema = ctx.config.default_schema().ok_or_else(|| Error::internal("there is no default schema"))?;
    let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
    let messages = match &checked {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().map(said).collect(),
    };
    let comes_to = match known(ctx, visitor).await? {
        Some(identity) => signs_in(ctx, &identity),
        None => signs_up(ctx, provider, &mapped, checked.ok()).await?,
    };
    let Mapped { metadata_public, metadata_admin, vouched, .. } = mapped;
    Ok(Made { traits, metadata_public, metadata_admin, vouched, messages, comes_to })
}

fn said(violation: &Violation) -> (String, String) {
    (violation.pointer.clone(), violation.text.text.clone())
}

fn signs_in(ctx: &Ctx, identity: &Identity) -> ComesTo {
    let plan = plan(&ctx.config, FlowKind::Login, MethodId::Oidc, Client::Browser);
    let gate = plan.steps.contains(&Step::Run(Hook::RequireVerifiedAddress));
    let proven = identity.verifiable_addresses.iter().any(|address| address.verified);
    ComesTo::SignsIn {
        identity: identity.id,
        disabled: identity.state != State::Active,
        asks_for_a_code: gate && !proven,
    }
}

/// `extracted`: what the traits hold, if they fit.
async fn signs_up(
    ctx: &Ctx,
    provider: &Provider,
    mapped: &Mapped,
    extracted: Option<Extracted>,
) -> Result<ComesTo> {
    let keys = &ctx.config.vestibule.registration;
    let closed = signup::enabled(ctx).is_err();
    let Some(extracted) = extracted else {
        return Ok(if closed { ComesTo::Closed } else { ComesTo::AsksForMore });
    };
    if keys.prevent_enumeration && ctx.config.sends_codes() && !vouched_for(&extracted, mapped) {
        return Ok(ComesTo::NotVouched);
    }
    if let Some((identity, address)) = conflict(ctx, &extracted).await? {
        let proven = identity.verifiable_addresses.iter().any(|one| one.verified && one.value == address);
        let by_itself = provider.links_by_itself && mapped.vouched.contains(&address) && proven;
        let identity = identity.id;
        return Ok(match by_itself {
            true => ComesTo::LinksByItself { identity, address },
            false => ComesTo::HasToLink { identity, address },
        });
    }
    if closed {
        return Ok(ComesTo::Closed);
    }
    if keys.invite_only {
        return Ok(ComesTo::NeedsInvitation);
    }
    let addresses = extracted.verifiable.iter().map(|address| {
        let proven = address.via == "email" && mapped.vouched.contains(&address.value);
        (address.value.clone(), proven)
    });
    let addresses: Vec<(String, bool)> = addresses.collect();
    let plan = plan(&ctx.config, FlowKind::Registration, MethodId::Oidc, Client::Browser);
    let all_proven = addresses.iter().all(|(_, proven)| *proven);
    Ok(ComesTo::SignsUp { addresses, session: session_of(&plan, all_proven) })
}

fn session_of(plan: &Plan, all_proven: bool) -> Session {
    if plan.signs_in() {
        Session::AtOnce { by_itself: plan.by_itself }
    } else if plan.signs_in_when_proven() {
        if all_proven { Session::AtOnce { by_itself: plan.by_itself } } else { Session::WhenProven }
    } else {
        Session::Nothing
    }
}
