//! Registration that leaks nothing: a sign-up is kept beside the accounts until its address is proven, and nobody who asks
//! learns whether that address has an account. The request writes the same rows for a new and for a known address and looks
//! nothing up; the mail tells its reader, and nobody else (`courier::queue_either`). The account is made with the proof.
//!
//! The chosen password survives for the holder alone: whoever signed up, by the secret that their browser or app kept, or whoever
//! types it again. Anybody else who proves the address chooses their own, or an account made by a stranger would be theirs to keep.

use super::code::{self, Kept, Made};
use super::handover::{self, Claim, Given, brought, secret_hash};
use super::registration::Registered;
use super::takeover::{self, Belongings, Missing};
use super::{
    ContinueWith, Earlier, Flow, PASSED, Submit, csrf,
    envelope::{self, Holder, save},
    invited, return_url, verification, webhook,
};
use crate::config::hooks::Response;
use crate::config::{Hook, Method};
use crate::courier::{self, Letter};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::proof::{By, address_proven};
use crate::identity::{Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::{FlowId, IdentityId};
use crate::limits::{self, Standing, codes::Attempt, emails::Occasion};
use crate::password::Caller;
use crate::plan::{Client, FlowKind, Plan, Step, plan, web_hooks};
use crate::requester::Requester;
use crate::store::identities::Inserted;
use crate::store::pending::{self as rows, Code, Pending};
use crate::store::{self, Tx};
use crate::ui::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The account as it will be made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Draft {
    schema_id: String,
    state: State,
    traits: Value,
    verifiable: Vec<VerifiableAddress>,
    recovery: Vec<RecoveryAddress>,
    metadata_public: Value,
    metadata_admin: Value,
    external_id: Option<String>,
    identifiers: Vec<String>,
    /// Of the password that was chosen, as a PHC string.
    hash: String,
    /// The sign-up, for the web hooks that run after the proof.
    registration: FlowId,
    invitation: Option<Uuid>,
}

impl Draft {
    pub fn of(
        identity: &Identity,
        identifiers: Vec<String>,
        hash: String,
        registration: FlowId,
        invitation: Option<Uuid>,
    ) -> Self {
        Self {
            schema_id: identity.schema_id.clone(),
            state: identity.state,
            traits: identity.traits.clone(),
            verifiable: identity.verifiable_addresses.clone(),
            recovery: identity.recovery_addresses.clone(),
            metadata_public: identity.metadata_public.clone(),
            metadata_admin: identity.metadata_admin.clone(),
            external_id: identity.external_id.clone(),
            identifiers,
            hash,
            registration,
            invitation,
        }
    }

    /// Without whatever else a stranger wrote into it that would let them in.
    fn of_address(mut self, ctx: &Ctx, address: &str) -> Self {
        let belongings = Belongings {
            schema_id: &self.schema_id,
            traits: &mut self.traits,
            verifiable: &mut self.verifiable,
            recovery: &mut self.recovery,
            identifiers: &mut self.identifiers,
        };
        takeover::keep_only(ctx, address, belongings);
        self
    }

    fn identity(&self, id: IdentityId, now: DateTime<Utc>) -> Identity {
        Identity {
            id,
            schema_id: self.schema_id.clone(),
            state: self.state,
            state_changed_at: now,
            traits: self.traits.clone(),
            verifiable_addresses: self.verifiable.clone(),
            recovery_addresses: self.recovery.clone(),
            metadata_public: self.metadata_public.clone(),
            metadata_admin: self.metadata_admin.clone(),
            external_id: self.external_id.clone(),
            organization_id: None,
            unverified: false,
            resettable: false,
            created_at: now,
            updated_at: now,
        }
    }
}

/// An accepted form, hashed, with every service agreed that may refuse it.
pub(super) struct SignUp<'a> {
    pub(super) plan: &'a Plan,
    pub(super) identity: Identity,
    pub(super) identifiers: Vec<String>,
    pub(super) hash: &'a str,
    pub(super) invitation: Option<Uuid>,
    pub(super) requester: &'a Requester,
}

/// Keeps the sign-up with its verification and its mail, in one transaction. Nothing here depends on who has that address.
/// `None`: it has no address that could be written to, and so nothing to wait for.
pub(super) async fn keep(ctx: &Ctx, flow: &Flow, sign_up: SignUp<'_>) -> Result<Option<Registered>> {
    let SignUp { plan, mut identity, identifiers, hash, invitation, requester } = sign_up;
    let effects = ctx.effects();
    let now = effects.now();
    let Some(mailed) = identity.verifiable_addresses.iter().find(|address| address.via == "email").cloned()
    else {
        return Ok(None);
    };
    refuse_unwritable(&identity)?;
    let mut return_to = return_url(&ctx.config, flow, FlowKind::Registration, Method::Password)?;
    let new_csrf_cookie = (plan.client != Client::Native).then(|| csrf::new_cookie(effects));
    let cookie = new_csrf_cookie.as_deref().unwrap_or_default();
    let (mut verification, shown) = verification::for_address(ctx, flow, cookie, &mailed);
    ask_for_code(ctx, &mut verification);
    let secret = URL_SAFE_NO_PAD.encode(effects.bytes::<32>());
    let made = code::make(ctx, verification.id, mailed.id)?;
    let mut tx = ctx.db().write().await?;
    let occasion = Occasion { requester, standing: Standing::Stranger, holds: None };
    let may_mail = limits::emails::may_send(ctx, &mut tx, &mailed.value, occasion).await?;
    if !may_mail {
        let earlier = last_mailed(ctx, &mut tx, &mailed.value).await?;
        verification.sent.iter_mut().for_each(|sent| sent.earlier = earlier);
    }
    let row = Pending {
        id: identity.id,
        flow: verification.id,
        address: mailed.value.clone(),
        address_id: mailed.id,
        secret_hash: secret_hash(&secret),
        // Without a mail nobody has it.
        code: if may_mail { kept(ctx, &made) } else { Code { expires_at: now, ..kept(ctx, &made) } },
        draft: Draft::of(&identity, identifiers, hash.to_owned(), flow.id, invitation),
        created_at: now,
        expires_at: now + ctx.config.vestibule.registration.deferred_login_lifespan,
    };
    store::flows::insert(&mut tx, &verification).await?;
    rows::insert(&mut tx, &row).await?;
    if may_mail {
        mail(ctx, &mut tx, &row, &made).await?;
    }
    tx.commit().await?;
    for sent in identity.verifiable_addresses.iter_mut().filter(|sent| sent.id == mailed.id) {
        sent.status = "sent".to_owned();
    }
    let mut continue_with = Vec::new();
    if plan.client == Client::Spa {
        continue_with.push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
    }
    // Whatever the list says: without the page for the code nobody gets any further.
    continue_with.push(shown.item(plan.client != Client::Native));
    return_to.clone_from(&shown.url);
    Ok(Some(Registered {
        client: plan.client,
        identity,
        handed_over: None,
        continue_with,
        return_to,
        pending: Some(handover::Pending {
            flow: shown.flow,
            address: row.address,
            secret,
            expires_at: row.expires_at,
        }),
        verification: Some(shown),
        new_csrf_cookie,
    }))
}

/// The sign-up whose code the last mail to that address brought. Whoever read it has shown that the address is theirs, for whichever
/// of the sign-ups that wait for it they type it in. Of accounts nothing is looked up.
async fn last_mailed(ctx: &Ctx, tx: &mut Tx, address: &str) -> Result<Option<Earlier>> {
    let last = rows::last_for(tx, address, ctx.effects().now()).await?;
    Ok(last.map(|last| Earlier { flow: last.flow, address: last.address_id }))
}

fn kept(ctx: &Ctx, made: &Made) -> Code {
    let expires_at = ctx.effects().now() + ctx.config.selfservice.code.lifespan;
    Code {
        key_id: made.key_id.clone(),
        digest: made.digest.clone(),
        link_digest: made.link_digest.clone(),
        expires_at,
    }
}

/// One job, whoever has the address: which of two mails goes is decided when it leaves.
async fn mail(ctx: &Ctx, tx: &mut Tx, row: &Pending, made: &Made) -> Result<()> {
    let sign_in = ctx.config.ui_url(ctx.config.selfservice.login.ui_url.as_ref(), "login").to_string();
    let known = Letter::RegistrationKnown { link: sign_in };
    courier::queue_either(ctx, tx, &row.address, &code::letter(ctx, row.flow, made), &known).await?;
    Ok(())
}

fn ask_for_code(ctx: &Ctx, flow: &mut Flow) {
    verification::ask_for_code(ctx, flow);
    flow.ui.messages = vec![text::code_sent_if_new()];
}

/// The sign-up that the flow's code is for; `None` where the flow has moved on to another address.
async fn waiting(tx: &mut Tx, flow: &Flow) -> Result<Option<Pending>> {
    let row = rows::of_flow(tx, flow.id).await?;
    Ok(row.filter(|row| flow.sent.as_ref().is_some_and(|sent| sent.to == row.address)))
}

/// Another code for the same sign-up, where the flow belongs to one. Whether it does.
pub(super) async fn send_again(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    requester: &Requester,
) -> Result<bool> {
    let Some(row) = waiting(tx, flow).await? else { return Ok(false) };
    if row.expires_at <= ctx.effects().now() {
        return Ok(false);
    }
    // Where a limit was reached the earlier codes stay valid, and the response is the same.
    let was_sent = row.code.expires_at > row.created_at;
    let holds = was_sent.then_some(flow.id);
    let occasion = Occasion { requester, standing: Standing::Stranger, holds };
    if limits::emails::may_send(ctx, tx, &row.address, occasion).await? {
        let made = code::make(ctx, row.flow, row.address_id)?;
        rows::renew(tx, row.id, &kept(ctx, &made)).await?;
        mail(ctx, tx, &row, &made).await?;
    } else {
        let earlier = last_mailed(ctx, tx, &row.address).await?;
        code::counts_too(flow, earlier);
    }
    flow.ui.messages = vec![text::code_sent_if_new()];
    Ok(true)
}

/// What waits goes on with the verification that takes the place of `old`, for whoever brings the secret. Whether it did.
pub(super) async fn follow(ctx: &Ctx, tx: &mut Tx, old: &Flow, new: FlowId, submit: &Submit) -> Result<bool> {
    for hash in brought(old, submit) {
        if rows::follow(tx, old.id, new, &hash, ctx.effects().now()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A sign-up with a right code.
pub(super) struct Right {
    row: Pending,
    /// The one whose mail brought the code, where that is another: it is used up with it.
    mailed: Option<Pending>,
    /// What the try left behind, to be forgotten with the proof.
    counted: Option<Attempt>,
}

/// What a code is worth for the sign-up that waits here.
pub(super) enum Found {
    Right(Box<Right>),
    Expired(DateTime<Utc>),
    Wrong,
    TooMany,
    Locked,
}

/// As [`code::look_up`]: counted first, then compared. `None`: no sign-up waits here.
pub(super) async fn look_up(
    ctx: &Ctx,
    requester: &Requester,
    flow: &Flow,
    code: &str,
    holder: Holder,
) -> Result<Option<Found>> {
    let waiting = waiting(&mut ctx.db().read().await?, flow).await?;
    let Some(row) = waiting else { return Ok(None) };
    let mut mailed = mailed_earlier(&mut ctx.db().read().await?, flow, &row).await?;
    let mut counted = None;
    if !code::is_of_link(code) {
        let mut earlier = flow.sent.as_ref().and_then(|sent| sent.earlier);
        if !code::may_try(ctx, flow.id, &mut earlier, holder).await? {
            return Ok(Some(Found::TooMany));
        }
        mailed = mailed.filter(|_| earlier.is_some());
        counted =
            limits::codes::attempt(ctx, requester, Standing::Stranger, &row.address, true, flow.id).await?;
        if counted.is_none() {
            return Ok(Some(Found::Locked));
        }
    }
    let is_code_of = |one: &Pending| {
        let Code { key_id, digest, link_digest, .. } = &one.code;
        code::matches(ctx, one.flow, one.address_id, &Kept { key_id, digest, link_digest }, code)
    };
    let mailed = mailed.filter(is_code_of);
    if mailed.is_none() && !is_code_of(&row) {
        return Ok(Some(Found::Wrong));
    }
    let now = ctx.effects().now();
    let of_code = mailed.as_ref().unwrap_or(&row).code.expires_at;
    let over = [of_code, row.expires_at].into_iter().find(|end| *end <= now);
    let right = || Found::Right(Box::new(Right { row, mailed, counted }));
    Ok(Some(over.map_or_else(right, Found::Expired)))
}

/// The sign-up whose mail counts for that one as well.
async fn mailed_earlier(tx: &mut Tx, flow: &Flow, row: &Pending) -> Result<Option<Pending>> {
    let Some(earlier) = flow.sent.as_ref().and_then(|sent| sent.earlier) else { return Ok(None) };
    let mailed = rows::of_flow(tx, earlier.flow).await?;
    Ok(mailed.filter(|mailed| mailed.address_id == earlier.address && mailed.address == row.address))
}

/// Whether this is the browser or app that signed up.
fn is_holder(row: &Pending, flow: &Flow, submit: &Submit) -> bool {
    brought(flow, submit).contains(&row.secret_hash)
}

/// What whoever opened the mail's link will be asked for here, where that link belongs to a sign-up that waits. Nothing changes.
pub(super) async fn asked_on_opening(
    ctx: &Ctx,
    flow: &Flow,
    code: &str,
    submit: &Submit,
) -> Result<Option<Option<Missing>>> {
    let asks = match look_up(ctx, &submit.requester, flow, code, Holder::Own).await? {
        None => return Ok(None),
        Some(Found::Right(right)) => {
            ctx.config.selfservice.password.enabled && !is_holder(&right.row, flow, submit)
        }
        Some(Found::Expired(_) | Found::Wrong | Found::TooMany | Found::Locked) => false,
    };
    Ok(Some(asks.then(|| Missing::Password(text::password_first()))))
}

/// What became of a right code.
pub(super) enum Passed {
    /// The account is made.
    Done(Box<Flow>, Option<Box<Given>>),
    /// Another browser or app than the one that signed up: it is asked for a password first, and the code stays good.
    Again(Box<Flow>),
    /// Somebody else proved that address before, or has it: no code is right any more.
    Wrong,
}

/// Makes the account: proof, identity, credential, session and finished flow in one transaction, then what the plan runs after
/// that. The other sign-ups for the same address are void from here on.
pub(super) async fn pass(
    ctx: &Ctx,
    mut flow: Flow,
    mut right: Right,
    code: &str,
    body: &Value,
    submit: &Submit,
) -> Result<Passed> {
    if !ctx.config.selfservice.password.enabled {
        // Nobody could sign in to what would be made.
        ask_for_code(ctx, &mut flow);
        flow.ui.messages = vec![text::sign_up_is_over()];
        save(ctx, &mut flow).await?;
        return Ok(Passed::Again(Box::new(flow)));
    }
    let row = &mut right.row;
    let chosen = match is_holder(row, &flow, submit) {
        true => Ok(None),
        false => {
            let Draft { hash, identifiers, .. } = &row.draft;
            takeover::own_password(ctx, Caller::of(&submit.requester), Some(hash), identifiers, body).await?
        }
    };
    match chosen {
        Ok(None) => {}
        Ok(Some(hash)) => row.draft = Draft { hash, ..row.draft.clone().of_address(ctx, &row.address) },
        Err(missing) => {
            takeover::ask(ctx, &mut flow, submit, code, Missing::Password(missing)).await?;
            return Ok(Passed::Again(Box::new(flow)));
        }
    }
    let claim = Claim::of(&flow, submit, body.get("csrf_token").and_then(Value::as_str));
    let (ctx, client, seen) = (ctx.clone(), flow.client(submit.json), submit.seen.clone());
    to_completion(ctx.engine.following(), async move { make(&ctx, flow, right, &claim, client, &seen).await })
        .await
}

async fn make(
    ctx: &Ctx,
    mut flow: Flow,
    Right { row, mailed, counted }: Right,
    claim: &Claim,
    client: Client,
    seen: &webhook::Seen,
) -> Result<Passed> {
    let now = ctx.effects().now();
    let plan = plan(&ctx.config, FlowKind::Registration, Method::Password, client);
    let mut identity = row.draft.identity(row.id, now);
    for own in identity.verifiable_addresses.iter_mut().filter(|own| own.id == row.address_id) {
        address_proven(own, By::Verification, now);
    }
    let credential = Credential {
        kind: Method::Password.name().to_owned(),
        identifiers: row.draft.identifiers.clone(),
        config: json!({ "hashed_password": row.draft.hash }),
        created_at: now,
        updated_at: now,
    };
    let given = (plan.signs_in() || plan.signs_in_when_proven())
        .then(|| claim.give(ctx, &flow, Method::Password, &identity, &row.secret_hash))
        .flatten();
    let after = &ctx.config.selfservice.verification.after;
    let waits = plan.waits_after_storing() || web_hooks(after).any(|hook| hook.response != Response::Ignored);

    // It begins again where another request wrote the flow meanwhile.
    let registration = loop {
        let mut tx = ctx.db().write().await?;
        // First the one that brought the code: whoever uses it in its own form takes that one first as well.
        for used in mailed.iter().chain([&row]) {
            if !rows::take(&mut tx, used).await? {
                return Ok(Passed::Wrong);
            }
        }
        match store::identities::insert(&mut tx, &identity, std::slice::from_ref(&credential)).await? {
            Inserted::Done => {}
            Inserted::Taken => return Ok(Passed::Wrong),
        }
        if let Some(counted) = &counted {
            counted.forget(&mut tx).await?;
        }
        rows::void(&mut tx, &row.address).await?;
        invited::use_up(ctx, &mut tx, row.draft.invitation, &identity).await?;
        let mut finished = flow.clone();
        verification::finish(ctx, &mut finished);
        finished.updated_at = now;
        if store::flows::update(&mut tx, &mut finished).await?.is_none() {
            drop(tx);
            flow = envelope::newest(ctx, &flow).await?;
            if flow.state == PASSED {
                return Ok(Passed::Wrong);
            }
            continue;
        }
        flow = finished;
        if let Some(given) = given.as_ref().filter(|_| !waits) {
            store::sessions::insert(&mut tx, &given.handed_over.session).await?;
        }
        let kind = super::StoredKind::Registration;
        let registration = store::flows::get(&mut tx, kind, row.draft.registration).await?;
        // Those that nobody waits for are queued with the account.
        let of_sign_up = registration.as_ref().unwrap_or(&flow);
        let about = webhook::About {
            flow: of_sign_up,
            identity: Some(&identity),
            session: None,
            method: Some(plan.method),
            seen,
        };
        webhook::inform(ctx, &mut tx, plan.informed(), &about).await?;
        let about =
            webhook::About { flow: &flow, identity: Some(&identity), session: None, method: None, seen };
        webhook::inform(ctx, &mut tx, web_hooks(after), &about).await?;
        tx.commit().await?;
        break registration;
    };
    ctx.engine.wake_hooks();

    let after_storing = plan.steps.iter().skip_while(|step| **step != Step::Store);
    for step in after_storing {
        if let Step::Run(Hook::WebHook(hook)) = step {
            let flow = registration.as_ref().unwrap_or(&flow);
            let about = webhook::About {
                flow,
                identity: Some(&identity),
                session: None,
                method: Some(plan.method),
                seen,
            };
            // Whoever may refuse was asked before; a failure is shown, and the account stays.
            webhook::call(ctx, hook, about).await?;
        }
    }
    let given = verification::after_proof(ctx, &mut flow, &identity, seen, given, waits).await?;
    Ok(Passed::Done(Box::new(flow), given.map(Box::new)))
}

/// A schema may let something through that no database keeps.
fn refuse_unwritable(identity: &Identity) -> Result<()> {
    let odd = identity.verifiable_addresses.iter().any(|address| address.value.contains('\0'));
    if odd {
        return Err(Error::invalid("An address holds a character that cannot be stored. Remove it."));
    }
    Ok(())
}
