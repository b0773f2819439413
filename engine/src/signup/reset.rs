//! Proof takes over: whoever first proves the address of an account that somebody else may have made ends what was there
//! before. Here is who counts as its holder, what is asked of everybody else, and what is left of the account then.
//!
//! A sign-up that waits beside the accounts ([`super::pending`]) asks the same and leaves the same.

use super::deferred::brought;
use crate::admin::erase;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope::save;
use crate::form::outcome::unknown;
use crate::form::request::Submit;
use crate::form::{nodes, verification};
use crate::identity::change::{GivenAddress, IdentityChange, Record};
use crate::identity::credentials::{of_traits, with};
use crate::identity::schema::{Address, Extracted};
use crate::identity::{Identity, RecoveryAddress, VerifiableAddress, as_identifier};
use crate::ids::FlowId;
use crate::limits::codes::Attempt;
use crate::model::{Flow, MethodId, Missing};
use crate::otp;
use crate::password::{self, Caller, Verdict};
use crate::store::audit;
use crate::store::codes::Code;
use crate::store::deferred_logins;
use crate::store::identities::{self, Outcome};
use crate::store::{self, Tx};
use crate::ui::{Text, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a right code does to the account beside proving its address.
pub(crate) enum Standing {
    /// Nothing: its holder proves, or it is no account that a proof takes over.
    Keeps,
    /// All of it goes but the address, and this is the hash of the new password.
    TakesOver(String),
    /// All of it goes: without passwords there is no way in that could be left to whoever proves.
    Ends,
    /// Something is to be answered first; the code stays good.
    Asked(Missing),
}

/// Who proves. A holder has the secret of the sign-up, is signed in to the account, or types its password.
pub(crate) async fn standing(
    ctx: &Ctx,
    flow: &Flow,
    code: &Code,
    body: &Value,
    submit: &Submit,
) -> Result<Standing> {
    let (waiting, credentials) = {
        let mut tx = ctx.db().read().await?;
        let identity = store::identities::get(&mut tx, code.identity()).await?.ok_or_else(unknown)?;
        if !ctx.config.vestibule.registration.reset_on_first_verification || !identity.resettable {
            return Ok(Standing::Keeps);
        }
        // The sign-up's own verification, where its mail counts in another one as well.
        (
            deferred_logins::of_flow(&mut tx, FlowId(code.flow_id)).await?,
            identities::credentials(&mut tx, identity.id).await?,
        )
    };
    let secret = waiting.filter(|row| {
        row.expires_at > ctx.effects().now()
            && (row.identity_id, row.address_id) == (code.identity().0, code.address())
    });
    let has_secret = secret.is_some_and(|row| brought(flow, submit).contains(&row.secret_hash));
    let signed_in = submit.current.as_ref().is_some_and(|current| current.identity.id == code.identity());
    if has_secret || signed_in {
        return Ok(Standing::Keeps);
    }
    if !ctx.config.selfservice.password.enabled {
        let agrees = match body.get(nodes::START_OVER) {
            Some(Value::String(text)) => text == "true",
            other => other == Some(&Value::Bool(true)),
        };
        return Ok(if agrees {
            Standing::Ends
        } else {
            Standing::Asked(Missing::Consent(text::account_of_somebody_else()))
        });
    }
    let own = credentials.iter().find(|credential| credential.kind == MethodId::Password.name());
    let hash = own.and_then(|own| own.config.get("hashed_password")).and_then(Value::as_str);
    let identifiers = own.map(|own| own.identifiers.as_slice()).unwrap_or_default();
    Ok(match own_password(ctx, Caller::of(&submit.requester), hash, identifiers, body).await? {
        Ok(None) => Standing::Keeps,
        Ok(Some(hash)) => Standing::TakesOver(hash),
        Err(missing) => Standing::Asked(Missing::Password(missing)),
    })
}

/// The password of somebody who is not known to have signed up: `None` for the one that was chosen then, which shows that they
/// did; otherwise a new one that the policy takes, hashed. `hash`: of the one that was chosen.
pub(crate) async fn own_password(
    ctx: &Ctx,
    caller: Caller,
    hash: Option<&str>,
    identifiers: &[String],
    body: &Value,
) -> Result<std::result::Result<Option<String>, Text>> {
    let typed = body.get("password").and_then(Value::as_str).unwrap_or_default();
    if typed.is_empty() {
        return Ok(Err(text::password_of_sign_up()));
    }
    let keys = &ctx.config.hashers;
    match ctx.engine.hasher().verify(caller, keys, typed, hash).await? {
        Verdict::Right | Verdict::RightButOutdated => return Ok(Ok(None)),
        Verdict::Wrong => {}
    }
    let refused = password::check_chosen(&ctx.config, typed, identifiers);
    if let Some(refused) = refused {
        return Ok(Err(refused));
    }
    if let Some(refused) = password::check_breaches(ctx.effects(), &ctx.config, typed).await? {
        return Ok(Err(refused));
    }
    ctx.engine.hasher().hash(caller, ctx.effects(), keys, typed).await.map(|hash| Ok(Some(hash)))
}

/// The form for the code asks for more, in this browser alone: whoever began the flow reads it too, is asked for nothing, and must
/// not find there what another typed.
pub(crate) async fn ask(
    ctx: &Ctx,
    flow: &mut Flow,
    submit: &Submit,
    code: &str,
    missing: Missing,
) -> Result<()> {
    let kept = verification::keep_asked(flow, submit.csrf_cookie.as_deref(), code, &missing);
    save(ctx, flow).await?;
    if !kept {
        verification::show(flow, &missing);
    }
    Ok(())
}

/// What a stranger may have written into an account beside the address that somebody else proved.
pub(crate) struct Belongings<'a> {
    pub(crate) schema_id: &'a str,
    pub(crate) traits: &'a mut Value,
    pub(crate) verifiable: &'a mut Vec<VerifiableAddress>,
    pub(crate) recovery: &'a mut Vec<RecoveryAddress>,
    pub(crate) identifiers: &'a mut Vec<String>,
    pub(crate) code_identifiers: &'a mut Vec<Address>,
}

/// Takes away whatever would let that stranger in: other addresses and identifiers, and the traits that held them as far as the
/// schema can do without. Where the address is no identifier the others stay, or nobody could sign in.
pub(crate) fn keep_only(ctx: &Ctx, address: &str, of: Belongings<'_>) {
    let Belongings { schema_id, traits, verifiable, recovery, identifiers, code_identifiers } = of;
    let mut gone = BTreeSet::new();
    let mut goes = |value: &str| {
        let goes = value != address;
        if goes {
            gone.insert(value.to_owned());
        }
        !goes
    };
    verifiable.retain(|own| goes(&own.value));
    recovery.retain(|own| goes(&own.value));
    code_identifiers.retain(|own| goes(&own.value));
    if identifiers.iter().any(|own| own == address) {
        identifiers.retain(|own| goes(own));
    }
    for value in gone {
        let mut less = traits.clone();
        remove(&mut less, &value);
        let fits = ctx.config.schema(schema_id).is_some_and(|schema| {
            schema.schema.validate(&less, ctx.config.vestibule.requests.violations()).is_ok()
        });
        if fits {
            *traits = less;
        }
    }
}

/// Every text or number that is `value` when normalised.
fn remove(from: &mut Value, value: &str) {
    let is = |one: &Value| as_identifier(one).is_some_and(|own| own == value);
    match from {
        Value::Object(members) => {
            members.retain(|_, one| !is(one));
            members.values_mut().for_each(|one| remove(one, value));
        }
        Value::Array(list) => {
            list.retain(|one| !is(one));
            list.iter_mut().for_each(|one| remove(one, value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Leaves the account with the address that `code` is for and the new password, as part of the transaction of the proof.
/// `false`: something stands in the way; roll back.
pub(crate) async fn take_over(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &Flow,
    code: &Code,
    identity: &mut Identity,
    hash: &str,
) -> Result<bool> {
    let own = identity.verifiable_addresses.iter().find(|own| own.id == code.address());
    let address = own.map(|own| own.value.clone()).ok_or_else(unknown)?;
    leave(ctx, tx, flow, code, identity, (&address, json!({ "hashed_password": hash }))).await
}

/// The same by a recovery, which sets no password yet: nobody signs in to the account until its user has set one.
pub(crate) async fn leave_address(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &Flow,
    code: &Code,
    identity: &mut Identity,
    address: &str,
) -> Result<bool> {
    leave(ctx, tx, flow, code, identity, (address, json!({}))).await
}

async fn leave(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &Flow,
    code: &Code,
    identity: &mut Identity,
    (address, password): (&str, Value),
) -> Result<bool> {
    let kept = identities::credentials(tx, identity.id).await?;
    let kept = kept.into_iter().find(|credential| credential.kind == MethodId::Password.name());
    let mut identifiers = kept.map_or_else(|| vec![address.to_owned()], |kept| kept.identifiers);
    let mut code_identifiers = codes_of(ctx, identity);
    let now = ctx.effects().now();
    let mut left = identity.clone();
    keep_only(
        ctx,
        address,
        Belongings {
            schema_id: &identity.schema_id,
            traits: &mut left.traits,
            verifiable: &mut left.verifiable_addresses,
            recovery: &mut left.recovery_addresses,
            identifiers: &mut identifiers,
            code_identifiers: &mut code_identifiers,
        },
    );
    let found = Extracted { password_identifiers: identifiers, code_identifiers, ..Extracted::default() };
    let own = (MethodId::Password, Vec::new());
    let credentials = with(of_traits(&found, now), own, password, now);
    let verifiable = left.verifiable_addresses.iter().map(|own| GivenAddress::kept(&own.value, &own.via));
    let recovery = left.recovery_addresses.iter().map(|own| GivenAddress::kept(&own.value, &own.via));
    let change = IdentityChange {
        verifiable: Some(verifiable.collect()),
        recovery: Some(recovery.collect()),
        credentials: Some(credentials),
        traits: (left.traits != identity.traits).then_some(left.traits),
        ..IdentityChange::default()
    };
    identities::end_access(tx, identity.id, flow.id).await?;
    let before = Record { identity: identity.clone(), credentials: Vec::new() };
    let changed = change.apply(&before, &ctx.change_rules(now)).map_err(|_| unknown())?;
    match identities::change(tx, &before, &changed.record).await? {
        Outcome::Done => *identity = changed.record.identity,
        Outcome::Stale | Outcome::Taken => return Ok(false),
    }
    write_down(ctx, tx, code, false).await?;
    Ok(true)
}

/// Where the account receives codes to sign in with, as its traits say.
fn codes_of(ctx: &Ctx, identity: &Identity) -> Vec<Address> {
    let found = ctx.config.schema(&identity.schema_id).and_then(|schema| {
        schema.schema.validate(&identity.traits, ctx.config.vestibule.requests.violations()).ok()
    });
    found.map(|found| found.code_identifiers).unwrap_or_default()
}

async fn write_down(ctx: &Ctx, tx: &mut Tx, code: &Code, ended: bool) -> Result<()> {
    let entry = audit::Entry {
        at: ctx.effects().now(),
        actor: "system".to_owned(),
        action: "identity.reset".to_owned(),
        details: json!({ "identity": code.identity_id, "address": code.address_id, "ended": ended }),
    };
    audit::append(tx, &entry).await
}

/// Ends the account that `code` is for, with all that is open or queued for it: the address is free. `false`: another proof was first,
/// or the code was used meanwhile.
pub(crate) async fn end(ctx: &Ctx, code: &Code, counted: Option<&Attempt>) -> Result<bool> {
    let mut tx = ctx.db().write().await?;
    if !identities::claim(&mut tx, code.identity()).await?
        || !otp::use_up(&mut tx, code, counted, ctx.effects().now()).await?
    {
        return Ok(false);
    }
    if erase(&mut tx, code.identity()).await?.is_none() {
        return Ok(false);
    }
    write_down(ctx, &mut tx, code, true).await?;
    tx.commit().await?;
    Ok(true)
}
