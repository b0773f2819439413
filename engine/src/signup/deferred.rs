//! Signing in when the address is proven: whoever signed up keeps a secret, and who brings it back together with the
//! code is signed in. Nobody else is, however right the code; and any other proof, change of the account or end of the
//! option ends what waits (docs/compatibility.md).

use crate::config::{Config, Hook};
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::envelope::may_submit;
use crate::form::outcome::{DeferredLogin, Given, Issued};
use crate::form::request::{Body, Current, Submit};
use crate::form::verification;
use crate::identity::{self, Credential, Identity};
use crate::ids::{FlowId, IdentityId};
use crate::model::{Client, Flow, FlowKind, FlowType, MethodId};
use crate::plan::{Step, default_return_url, plan};
use crate::session::{self, DeviceInfo};
use crate::store::codes::Code;
use crate::store::deferred_logins::{self, HandOver};
use crate::store::{self, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

/// What is kept and compared of a secret of 256 random bits (as with a session's token, no key and no salt are needed).
pub fn secret_hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Whether anything may wait for a proof. Where not, what waits is forgotten: by the revision that switches it off, and by the
/// sweep after a start with other files.
pub fn wanted(config: &Config) -> bool {
    signs_in(config) || config.vestibule.registration.reset_on_first_verification
}

/// Whether what waits may sign in. Where not, it only shows who signed up, and stays that way: so do the same two see to.
pub fn signs_in(config: &Config) -> bool {
    config.vestibule.registration.sign_in_after_verification
}

/// Nothing waits for a proof any more, and there was one.
pub(crate) fn nothing_left_to_prove(config: &Config, identity: &Identity) -> bool {
    verification::unverified(config, identity).is_none()
        && identity.verifiable_addresses.iter().any(|address| address.verified)
}

/// Begins to wait, as part of `tx`. `signs_in`: with the proof; otherwise it shows who signed up. `None`: the address was proven
/// meanwhile.
pub(crate) async fn keep(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: FlowId,
    id: IdentityId,
    address: Uuid,
    (method, signs_in): (MethodId, bool),
) -> Result<Option<DeferredLogin>> {
    let Some(identity) = store::identities::get(tx, id).await? else { return Ok(None) };
    let waiting = identity.verifiable_addresses.iter().find(|one| one.id == address && !one.verified);
    let Some(waiting) = waiting.map(|one| one.value.clone()) else { return Ok(None) };
    let credentials = store::identities::credentials(tx, id).await?;
    let secret = URL_SAFE_NO_PAD.encode(ctx.effects().bytes::<32>());
    let expires_at = ctx.effects().now() + ctx.config.vestibule.registration.deferred_login_lifespan;
    let row = HandOver {
        flow_id: flow.0,
        secret_hash: secret_hash(&secret),
        identity_id: id.0,
        address_id: address,
        version: version(&identity, &credentials),
        method: method.name().to_owned(),
        signs_in,
        expires_at,
    };
    deferred_logins::insert(tx, &row).await?;
    Ok(Some(DeferredLogin { flow, address: waiting, secret, expires_at }))
}

/// The account and its credentials in one value. What is proven of it is left out: a proof ends what waits by itself.
fn version(identity: &Identity, credentials: &[Credential]) -> Vec<u8> {
    let verifiable = identity.verifiable_addresses.iter().map(|address| json!([address.id, address.value]));
    let recovery = identity.recovery_addresses.iter().map(|address| json!([address.id, address.value]));
    let credentials =
        credentials.iter().map(|one| json!([one.kind, one.identifiers, one.config, one.created_at]));
    let all = json!([
        identity.schema_id,
        identity.state.name(),
        identity.traits,
        identity.metadata_public,
        identity.metadata_admin,
        identity.external_id,
        identity.updated_at,
        verifiable.collect::<Vec<Value>>(),
        recovery.collect::<Vec<Value>>(),
        credentials.collect::<Vec<Value>>(),
    ]);
    Sha256::digest(all.to_string()).to_vec()
}

/// The secrets that a request brings: a browser's in its cookies, an app's in the body.
pub(crate) fn brought(flow: &Flow, submit: &Submit) -> Vec<Vec<u8>> {
    let own: Vec<&str> = match flow.kind_of_client {
        FlowType::Browser => submit.offered.secrets.iter().map(String::as_str).collect(),
        FlowType::Api => match &submit.body {
            Body::Json(body) => {
                body.pointer("/vestibule/deferred_login").and_then(Value::as_str).into_iter().collect()
            }
            Body::Form(pairs) => pairs
                .iter()
                .filter(|(name, _)| name == "vestibule.deferred_login")
                .map(|(_, value)| value.as_str())
                .collect(),
            Body::Unreadable(_) | Body::Unfit { .. } => Vec::new(),
        },
    };
    own.into_iter().map(secret_hash).collect()
}

/// What waits goes on with the verification that takes the place of `old`, for whoever brings the secret. Whether it did.
pub(crate) async fn follow(ctx: &Ctx, tx: &mut Tx, old: &Flow, new: FlowId, submit: &Submit) -> Result<bool> {
    let now = ctx.effects().now();
    for hash in brought(old, submit) {
        if deferred_logins::follow(tx, old.id, new, &hash, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who asks to be signed in with the proof: the secrets of a request that may be given a session at all.
pub(crate) struct Claim {
    secrets: Vec<Vec<u8>>,
    /// The request may be given a session.
    may: bool,
    client: Client,
    device: DeviceInfo,
    current: Option<Current>,
}

impl Claim {
    /// A code proves without an anti-forgery token (Kratos); a session is given to nobody without one. In a browser the form
    /// must also come from one of our pages, or another site could sign somebody in to an account of its choice.
    pub(crate) fn of(flow: &Flow, submit: &Submit, token: Option<&str>) -> Self {
        let own = flow.kind_of_client == FlowType::Api || submit.offered.own_origin;
        let may = own && may_submit(flow, submit, token).is_ok();
        Self {
            secrets: if may { brought(flow, submit) } else { Vec::new() },
            may,
            client: flow.client(submit.json),
            device: DeviceInfo::of(&submit.requester),
            current: submit.current.clone(),
        }
    }

    /// Consumes what waits for the proof that `code` is, as part of its transaction and before the proof is written, which
    /// ends everything that waits. Everything is checked again: the option, the time, the account, its state, a second
    /// factor, the gate at sign-in, and who is signed in in that browser.
    pub(crate) async fn take(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        flow: &Flow,
        code: &Code,
        identity: &Identity,
    ) -> Result<Option<Given>> {
        let mut taken = None;
        for hash in &self.secrets {
            if taken.is_none() {
                taken = deferred_logins::take(tx, flow.id, hash).await?;
            }
        }
        let Some(row) = taken else { return Ok(None) };
        let credentials = store::identities::credentials(tx, identity.id).await?;
        let holds = signs_in(&ctx.config)
            && row.signs_in
            && row.expires_at > ctx.effects().now()
            && (row.identity_id, row.address_id) == (code.identity().0, code.address())
            && row.version == version(identity, &credentials)
            && identity.state == identity::State::Active
            && !credentials.iter().any(|credential| is_second_factor(&credential.kind));
        let Some(method) = MethodId::parse(&row.method).filter(|_| holds) else { return Ok(None) };
        // Whoever is signed in stays so: another person is not put in their place, and nobody is signed in twice.
        if self.current.is_some() || !self.passes_the_gate(ctx, method, identity, code.address()) {
            return Ok(None);
        }
        let (session, token) = session::new(ctx, identity, method.name(), &self.device);
        Ok(Some(Given {
            client: self.client,
            identity: identity.clone(),
            issued: Issued { session, token },
            return_to: return_to(ctx, flow, method),
            secret_hash: Some(row.secret_hash),
        }))
    }

    /// For a sign-up whose account is made with this very proof (see [`super::pending`]): nothing of it can have changed since.
    pub(crate) fn give(
        &self,
        ctx: &Ctx,
        flow: &Flow,
        method: MethodId,
        identity: &Identity,
        secret_hash: &[u8],
    ) -> Option<Given> {
        let may = self.secrets.iter().any(|brought| brought == secret_hash)
            && self.current.is_none()
            && identity.state == identity::State::Active;
        may.then(|| {
            let (session, token) = session::new(ctx, identity, method.name(), &self.device);
            Given {
                client: self.client,
                identity: identity.clone(),
                issued: Issued { session, token },
                return_to: return_to(ctx, flow, method),
                secret_hash: Some(secret_hash.to_vec()),
            }
        })
    }

    /// The session in which the address is proven goes on under another token, when it was handed over before any proof. All
    /// others from before end with the proof, wherever they are.
    pub(crate) fn renew(&self, ctx: &Ctx, flow: &Flow, identity: &Identity) -> Option<Given> {
        let current = self
            .current
            .as_ref()
            .filter(|current| self.may && current.identity.id == identity.id && current.session.unverified)?;
        let method = current.session.methods.first().and_then(|amr| MethodId::parse(&amr.method))?;
        let (session, token) = session::renew(ctx, &current.session);
        Some(Given {
            client: self.client,
            identity: identity.clone(),
            issued: Issued { session, token },
            return_to: return_to(ctx, flow, method),
            secret_hash: None,
        })
    }

    /// As sign-in would ask, with `proven` counted as what it is about to be.
    fn passes_the_gate(&self, ctx: &Ctx, method: MethodId, identity: &Identity, proven: Uuid) -> bool {
        let sign_in = plan(&ctx.config, FlowKind::Login, method, self.client);
        !sign_in.steps.contains(&Step::Run(Hook::RequireVerifiedAddress))
            || identity.verifiable_addresses.iter().any(|address| address.verified || address.id == proven)
    }
}

fn is_second_factor(kind: &str) -> bool {
    MethodId::parse(kind).is_some_and(MethodId::is_second_factor)
}

/// Where the verification leads, and where it says nothing, where the sign-up would have led.
fn return_to(ctx: &Ctx, flow: &Flow, method: MethodId) -> Url {
    verification::wanted_url(&ctx.config, flow)
        .unwrap_or_else(|| default_return_url(&ctx.config, FlowKind::Registration, method))
}
