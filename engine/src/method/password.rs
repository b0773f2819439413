//! The method `password`: sign-up and sign-in (Kratos: selfservice/strategy/password).

use super::account::{active, stored, taken};
use super::basis::Basis;
use super::contract::{
    Attempt, Checked, Draw, Facts, Known, Method, NewAccount, NewCredential, Prove, Verdict, Who,
};
use crate::config::Config;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::outcome::{Why, unknown};
use crate::form::{nodes, schema};
use crate::identity::change::{IdentityChange, Record};
use crate::identity::schema::Extracted;
use crate::identity::{Credential, Identity, normalise_identifier};
use crate::limits::{self, Standing, passwords::Judged};
use crate::model::{Flow, FlowKind, MethodId};
use crate::password::{self, Caller};
use crate::store;
use crate::store::identities::Outcome;
use crate::ui::{Group, Node, text};
use futures::future::BoxFuture;
use serde_json::{Value, json};

pub(super) struct Password;

impl Method for Password {
    fn id(&self) -> MethodId {
        MethodId::Password
    }

    fn is_enabled(&self, config: &Config) -> bool {
        config.selfservice.password.enabled
    }

    fn draw(&self, on: &Draw<'_>) -> Vec<Node> {
        if !self.is_enabled(&on.ctx.config) {
            return Vec::new();
        }
        let button = |label| nodes::method(MethodId::Password, Group::Password, label);
        if let (FlowKind::Login, Some(second)) = (on.flow.kind(), on.second) {
            let offers = second.offers(self.id(), |own| stored(own).is_some());
            let nodes = [nodes::password("current-password"), button(text::sign_in_with_password())];
            return nodes.into_iter().filter(|_| offers).collect();
        }
        match (on.flow.kind(), on.refresh) {
            (FlowKind::Registration, _) => vec![nodes::password("new-password"), button(text::sign_up())],
            (FlowKind::Login, None) => vec![
                identifier_of(on.ctx, on.flow),
                nodes::password("current-password"),
                button(text::sign_in_with_password()),
            ],
            (FlowKind::Login, Some(credentials)) => {
                let own =
                    credentials.iter().find(|one| one.kind == self.id().name() && stored(one).is_some());
                let Some(identifier) = own.and_then(|one| one.identifiers.first()) else { return Vec::new() };
                vec![
                    nodes::hidden_identifier(identifier),
                    nodes::password("current-password"),
                    button(text::sign_in()),
                ]
            }
            (FlowKind::Settings, _) => vec![nodes::password("new-password"), button(text::save())],
            (FlowKind::Verification | FlowKind::Recovery, _) => Vec::new(),
        }
    }

    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>> {
        Box::pin(async move {
            match on.flow.kind() {
                FlowKind::Registration => check_sign_up(on),
                FlowKind::Settings => super::password_change::check(on),
                FlowKind::Login | FlowKind::Verification | FlowKind::Recovery => check_sign_in(on),
            }
        })
    }

    fn redraw(&self, on: &mut Attempt, _: &NewAccount) -> Result<()> {
        // Kratos empties the form here; nothing that was typed is lost with us (docs/compatibility.md).
        on.flow.ui.put_values(&on.body);
        Ok(())
    }

    fn taken<'a>(&'a self, on: &'a mut Attempt, account: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            self.redraw(on, account)?;
            let told = taken(&on.ctx, &account.extracted).await?;
            on.flow.message(told);
            Ok(Verdict::Form(Why::Refused))
        })
    }
}

/// The field for the identifier, as the flow's schema calls it.
pub(crate) fn identifier_of(ctx: &Ctx, flow: &Flow) -> Node {
    let chosen = flow.identity_schema.as_deref().and_then(|id| ctx.config.schema(id));
    let schema = chosen.or_else(|| ctx.config.default_schema());
    nodes::identifier(schema.map(|schema| schema.schema.as_ref()))
}

/// A sign-up whose form is right.
struct SignUp {
    schema_id: String,
    traits: Value,
    extracted: Extracted,
    password: String,
}

/// Traits and required fields all at once, then the token: a request that fails both gets its form back (Kratos:
/// selfservice/strategy/password/registration.go).
fn check_sign_up(on: &mut Attempt) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    let ctx = on.ctx.clone();
    let schema = schema::of(&ctx, &on.flow)?;
    let mut traits = on.body.get("traits").cloned().unwrap_or_else(|| json!({}));
    schema.schema.nest(&mut traits);
    let password = on.field("password");
    let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
    let extracted = match checked {
        Ok(extracted) if !password.is_empty() => extracted,
        checked => {
            // Before the messages: a field that is made for a message only gets no value.
            on.flow.ui.put_values(&on.body);
            if password.is_empty() {
                on.flow.ui.attach("password", text::required("password"));
            }
            for violation in checked.err().into_iter().flatten() {
                on.flow.ui.attach(&violation.pointer, violation.text);
            }
            return Ok(REFUSED);
        }
    };
    let refused = if !on.may_submit()? {
        true
    } else if extracted.password_identifiers.is_empty() {
        on.flow.message(text::no_identifier());
        true
    } else if let Some(refused) =
        password::check_chosen(&ctx.config, &password, &extracted.password_identifiers)
    {
        on.flow.ui.attach("password", refused);
        true
    } else {
        false
    };
    if refused {
        on.flow.ui.put_values(&on.body);
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(SignUp { schema_id: schema.id.clone(), traits, extracted, password })))
}

impl Prove for SignUp {
    fn applicant(&self) -> Option<&Extracted> {
        Some(&self.extracted)
    }

    /// The breach check waits for the network while the hash waits for a processor.
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let (ctx, caller) = (&on.ctx, Caller::of(&on.submit.requester));
            let (hash, breached) = futures::join!(
                ctx.engine.hasher().hash(caller, ctx.effects(), &ctx.config.hashers, &self.password),
                password::check_breaches(ctx.effects(), &ctx.config, &self.password),
            );
            if let Some(refused) = breached? {
                on.flow.ui.put_values(&on.body);
                on.flow.ui.attach("password", refused);
                return Ok(Verdict::Form(Why::Refused));
            }
            let SignUp { schema_id, traits, extracted, .. } = *self;
            let account = NewAccount {
                schema_id,
                traits,
                extracted,
                by: NewCredential::Password(hash?),
                verified: Vec::new(),
            };
            Ok(Verdict::Proceed(Box::new(Facts::of(Who::New(Box::new(account))))))
        })
    }
}

/// A sign-in whose form is right.
struct SignIn {
    identifier: String,
    password: String,
}

/// Identifier and password, both there and sent by who may.
fn check_sign_in(on: &mut Attempt) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    if on.flow.asks_for_second_factor() {
        on.flow.message(text::no_login_method());
        return Ok(REFUSED);
    }
    let mut identifier = on.field("identifier");
    if identifier.is_empty() {
        identifier = on.field("password_identifier");
    }
    let password = on.field("password");
    on.flow.ui.put_value("identifier", Value::from(identifier.clone()));
    if identifier.is_empty() {
        on.flow.ui.attach("identifier", text::required("identifier"));
    }
    if password.is_empty() {
        on.flow.ui.attach("password", text::required("password"));
    }
    if identifier.is_empty() || password.is_empty() || !on.may_submit()? {
        return Ok(REFUSED);
    }
    Ok(Checked::Go(Box::new(SignIn { identifier, password })))
}

impl Prove for SignIn {
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let (identity, basis) = match authenticate(on, &self.identifier, &self.password).await? {
                Authenticated::As(identity, basis) => (*identity, basis),
                Authenticated::Wrong => {
                    on.flow.message(text::invalid_credentials());
                    return Ok(Verdict::Form(Why::Refused));
                }
                Authenticated::TooEarly(seconds) => return Ok(Verdict::Form(Why::TooEarly(seconds))),
            };
            active(&identity)?;
            let used = normalise_identifier(&self.identifier);
            let known = Known { identity, basis, used, provider: None, verifies: None };
            Ok(Verdict::Proceed(Box::new(Facts::of(Who::Known(Box::new(known))))))
        })
    }
}

/// What became of an identifier and a password.
enum Authenticated {
    As(Box<Identity>, Basis),
    /// Also for an unknown identifier, which costs a hash all the same.
    Wrong,
    /// Nothing was compared.
    TooEarly(u32),
}

type Found = Option<(Identity, Credential)>;

async fn read(ctx: &Ctx, identifier: &str) -> Result<Found> {
    let mut tx = ctx.db().read().await?;
    let identifier = normalise_identifier(identifier);
    store::identities::by_identifier(&mut tx, MethodId::Password.name(), &identifier).await
}

fn hash_of(found: &Found) -> Option<String> {
    found.as_ref().and_then(|(_, credential)| stored(credential)).map(str::to_owned)
}

fn as_basis(config: Value) -> Basis {
    Basis::Credential { kind: MethodId::Password, config }
}

async fn authenticate(on: &Attempt, identifier: &str, password: &str) -> Result<Authenticated> {
    let (ctx, requester) = (&on.ctx, &on.submit.requester);
    let found = read(ctx, identifier).await?;
    let account = found.as_ref().map(|(identity, _)| identity.id);
    let standing = Standing::of(ctx, requester, account, on.client).await?;
    let judged = limits::passwords::judge(ctx, requester, standing, identifier, found.is_some()).await?;
    let attempt = match judged {
        Judged::Compare(attempt) => attempt,
        Judged::TooEarly(seconds) => return Ok(Authenticated::TooEarly(seconds)),
    };
    let (stored, typed) = (hash_of(&found), normalise_identifier(identifier));
    let of = (typed.as_str(), stored.as_deref());
    let verdict = match ctx.engine.hasher().verify_for(Caller::of(requester), &ctx.config, password, of).await
    {
        Ok(verdict) => verdict,
        Err(error) => {
            attempt.undo(ctx).await?;
            return Err(error);
        }
    };
    let Some((identity, credential)) = found else { return Ok(Authenticated::Wrong) };
    let signed_in = match verdict {
        password::Verdict::Wrong => return Ok(Authenticated::Wrong),
        password::Verdict::Right => Authenticated::As(Box::new(identity), as_basis(credential.config)),
        password::Verdict::RightButOutdated => {
            match rehashed(on, identifier, password, (identity, credential)).await? {
                Some((identity, basis)) => Authenticated::As(Box::new(identity), basis),
                None => return Ok(Authenticated::Wrong),
            }
        }
    };
    attempt.right(ctx).await?;
    Ok(signed_in)
}

/// A right password whose hash is outdated is hashed anew. `None`: it was changed meanwhile.
async fn rehashed(
    on: &Attempt,
    identifier: &str,
    password: &str,
    (identity, credential): (Identity, Credential),
) -> Result<Option<(Identity, Basis)>> {
    let (ctx, caller) = (&on.ctx, Caller::of(&on.submit.requester));
    let keys = &ctx.config.hashers;
    let hash = ctx.engine.hasher().hash(caller, ctx.effects(), keys, password).await?;
    let config = json!({ "hashed_password": hash });
    let (kind, now) = (MethodId::Password.name(), ctx.effects().now());
    let before = Record { identity, credentials: vec![credential] };
    let change = IdentityChange::configured(&before, kind, &config, now);
    let changed = change.apply(&before, &ctx.change_rules(now)).map_err(|_| unknown())?;
    let mut tx = ctx.db().write().await?;
    if store::identities::change(&mut tx, &before, &changed.record).await? == Outcome::Done {
        tx.commit().await?;
        return Ok(Some((changed.record.identity, as_basis(config))));
    }
    // Another request changed the account meanwhile: a sign-in of the same user, for example, or a new password.
    drop(tx);
    let newest = read(ctx, identifier).await?;
    let verdict = ctx.engine.hasher().verify(caller, keys, password, hash_of(&newest).as_deref()).await?;
    let newest = newest.filter(|_| verdict != password::Verdict::Wrong);
    Ok(newest.map(|(identity, credential)| (identity, as_basis(credential.config))))
}
