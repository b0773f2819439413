//! Registration that leaks nothing: a sign-up is kept beside the accounts until its address is proven, and nobody who asks
//! learns whether that address has an account. The request writes the same rows for a new and for a known address and looks
//! nothing up; the mail tells its reader, and nobody else (`courier::queue_either`). The account is made with the proof.
//!
//! The chosen password survives for the holder alone: whoever signed up, by the secret that their browser or app kept, or whoever
//! types it again. Anybody else who proves the address chooses their own, or an account made by a stranger would be theirs to keep.

use super::deferred::{brought, secret_hash};
use super::reset::{self, Belongings};
use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::code;
use crate::form::csrf;
use crate::form::envelope::Holder;
use crate::form::outcome::{ContinueWith, DeferredLogin, SignedUp};
use crate::form::request::Submit;
use crate::form::verification;
use crate::identity::draft::Draft;
use crate::identity::schema::Extracted;
use crate::identity::verification::{VerifiedBy, mark_verified};
use crate::identity::{Credential, Identity};
use crate::ids::FlowId;
use crate::limits::{self, Standing, codes::Attempt, emails::Occasion};
use crate::model::{Client, Earlier, Flow, FlowKind, Missing};
use crate::otp::{self, Digests, Minted};
use crate::password::Caller;
use crate::requester::Requester;
use crate::store::pending::{self as rows, Code, Pending};
use crate::store::{self, Tx};
use crate::ui::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

/// An accepted form, hashed, with every service agreed that may refuse it.
pub(crate) struct SignUp<'a> {
    pub(crate) client: Client,
    /// Where the sign-up leads.
    pub(crate) return_to: Url,
    pub(crate) identity: Identity,
    pub(crate) extracted: Extracted,
    pub(crate) hash: &'a str,
    pub(crate) invitation: Option<Uuid>,
    pub(crate) requester: &'a Requester,
}

/// Keeps the sign-up with its verification and its mail, in one transaction. Nothing here depends on who has that address.
/// `None`: it has no address that could be written to, and so nothing to wait for.
pub(crate) async fn keep(ctx: &Ctx, flow: &Flow, sign_up: SignUp<'_>) -> Result<Option<SignedUp>> {
    let SignUp { client, mut return_to, mut identity, extracted, hash, invitation, requester } = sign_up;
    let effects = ctx.effects();
    let now = effects.now();
    let Some(mailed) = identity.verifiable_addresses.iter().find(|address| address.via == "email").cloned()
    else {
        return Ok(None);
    };
    refuse_unwritable(&identity)?;
    let new_csrf_cookie = (client != Client::Native).then(|| csrf::new_cookie(effects));
    let cookie = new_csrf_cookie.as_deref().unwrap_or_default();
    let (mut verification, shown) = verification::for_address(ctx, flow, cookie, &mailed);
    ask_for_code(ctx, &mut verification);
    let secret = URL_SAFE_NO_PAD.encode(effects.bytes::<32>());
    let minted = otp::mint(ctx, code::scope(verification.id, mailed.id))?;
    let mut tx = ctx.db().write().await?;
    let occasion = Occasion { requester, standing: Standing::Stranger, holds: None };
    let may_mail = limits::emails::may_send(ctx, &mut tx, &mailed.value, occasion).await?;
    if !may_mail {
        let earlier = last_mailed(ctx, &mut tx, &mailed.value).await?;
        if let Some(sent) = verification.sent_mut() {
            sent.earlier = earlier;
        }
    }
    let row = Pending {
        id: identity.id,
        flow: verification.id,
        address: mailed.value.clone(),
        address_id: mailed.id,
        secret_hash: secret_hash(&secret),
        // Without a mail nobody has it.
        code: if may_mail { kept(ctx, &minted) } else { Code { expires_at: now, ..kept(ctx, &minted) } },
        draft: Draft::of(&identity, extracted, hash.to_owned(), flow.id, invitation),
        created_at: now,
        expires_at: now + ctx.config.vestibule.registration.deferred_login_lifespan,
    };
    store::flows::insert(&mut tx, &verification).await?;
    rows::insert(&mut tx, &row).await?;
    if may_mail {
        mail(ctx, &mut tx, &row, &minted).await?;
    }
    tx.commit().await?;
    for sent in identity.verifiable_addresses.iter_mut().filter(|sent| sent.id == mailed.id) {
        sent.status = "sent".to_owned();
    }
    let mut continue_with = Vec::new();
    if client == Client::Spa {
        continue_with.push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
    }
    // Whatever the list says: without the page for the code nobody gets any further.
    continue_with.push(shown.item(client != Client::Native));
    return_to.clone_from(&shown.url);
    Ok(Some(SignedUp {
        client,
        identity,
        issued: None,
        continue_with,
        return_to,
        deferred: Some(DeferredLogin {
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

fn kept(ctx: &Ctx, minted: &Minted) -> Code {
    let expires_at = ctx.effects().now() + ctx.config.selfservice.code.lifespan;
    let Digests { key_id, code: digest, link: link_digest } = minted.digests.clone();
    Code { key_id, digest, link_digest, expires_at }
}

/// One job, whoever has the address: which of two mails goes is decided when it leaves.
async fn mail(ctx: &Ctx, tx: &mut Tx, row: &Pending, minted: &Minted) -> Result<()> {
    let sign_in = ctx.config.page_of(FlowKind::Login).to_string();
    let known = Letter::RegistrationKnown { link: sign_in };
    courier::queue_either(ctx, tx, &row.address, &code::letter(ctx, row.flow, minted), &known).await?;
    Ok(())
}

fn ask_for_code(ctx: &Ctx, flow: &mut Flow) {
    verification::ask_for_code(ctx, flow);
    flow.ui.messages = vec![text::code_sent_if_new()];
}

/// The sign-up that the flow's code is for; `None` where the flow has moved on to another address.
async fn waiting(tx: &mut Tx, flow: &Flow) -> Result<Option<Pending>> {
    let row = rows::of_flow(tx, flow.id).await?;
    Ok(row.filter(|row| flow.sent().is_some_and(|sent| sent.to == row.address)))
}

/// Another code for the same sign-up, where the flow belongs to one. Whether it does.
pub(crate) async fn send_again(
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
        let minted = otp::mint(ctx, code::scope(row.flow, row.address_id))?;
        rows::renew(tx, row.id, &kept(ctx, &minted)).await?;
        mail(ctx, tx, &row, &minted).await?;
    } else {
        let earlier = last_mailed(ctx, tx, &row.address).await?;
        code::counts_too(flow, earlier);
    }
    flow.ui.messages = vec![text::code_sent_if_new()];
    Ok(true)
}

/// What waits goes on with the verification that takes the place of `old`, for whoever brings the secret. Whether it did.
pub(crate) async fn follow(ctx: &Ctx, tx: &mut Tx, old: &Flow, new: FlowId, submit: &Submit) -> Result<bool> {
    for hash in brought(old, submit) {
        if rows::follow(tx, old.id, new, &hash, ctx.effects().now()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A sign-up with a right code.
pub(crate) struct Right {
    row: Pending,
    /// The one whose mail brought the code, where that is another: it is used up with it.
    mailed: Option<Pending>,
    /// What the try left behind, to be forgotten with the proof.
    counted: Option<Attempt>,
}

/// What a code is worth for the sign-up that waits here.
pub(crate) enum Found {
    Right(Box<Right>),
    Expired(DateTime<Utc>),
    Wrong,
    TooMany,
    Locked,
}

/// As [`code::look_up`]: counted first, then compared. `None`: no sign-up waits here.
pub(crate) async fn look_up(
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
    if !otp::is_of_link(code) {
        let mut earlier = flow.sent().and_then(|sent| sent.earlier);
        if !otp::may_try(ctx, flow.id, &mut earlier, holder == Holder::Own).await? {
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
        let Code { key_id, digest, link_digest, .. } = one.code.clone();
        let stored = Digests { key_id, code: digest, link: link_digest };
        otp::matches(ctx, code::scope(one.flow, one.address_id), &stored, code)
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
    let Some(earlier) = flow.sent().and_then(|sent| sent.earlier) else { return Ok(None) };
    let mailed = rows::of_flow(tx, earlier.flow).await?;
    Ok(mailed.filter(|mailed| mailed.address_id == earlier.address && mailed.address == row.address))
}

/// Whether this is the browser or app that signed up.
fn is_holder(row: &Pending, flow: &Flow, submit: &Submit) -> bool {
    brought(flow, submit).contains(&row.secret_hash)
}

/// What somebody who opened the email's link will be asked for here, where that link belongs to a sign-up that waits. Nothing changes.
pub(crate) async fn asked_on_opening(
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

/// Whether the account may be created for whoever brought the right code. Another browser or app than the one that signed up chooses
/// a password of its own: then nothing but the verified address is left of the sign-up. `Err`: what it is asked for; the code stays
/// valid.
pub(crate) async fn holder(
    ctx: &Ctx,
    flow: &Flow,
    right: &mut Right,
    body: &Value,
    submit: &Submit,
) -> Result<std::result::Result<(), Missing>> {
    let row = &mut right.row;
    if is_holder(row, flow, submit) {
        return Ok(Ok(()));
    }
    let Draft { hash, identifiers, .. } = &row.draft;
    match reset::own_password(ctx, Caller::of(&submit.requester), Some(hash), identifiers, body).await? {
        Ok(None) => {}
        Ok(Some(hash)) => row.draft = Draft { hash, ..of_address(ctx, row.draft.clone(), &row.address) },
        Err(missing) => return Ok(Err(Missing::Password(missing))),
    }
    Ok(Ok(()))
}

/// Without whatever else an attacker wrote into it that would let them sign in.
fn of_address(ctx: &Ctx, mut draft: Draft, address: &str) -> Draft {
    let belongings = Belongings {
        schema_id: &draft.schema_id,
        traits: &mut draft.traits,
        verifiable: &mut draft.verifiable,
        recovery: &mut draft.recovery,
        identifiers: &mut draft.identifiers,
        code_identifiers: &mut draft.code_identifiers,
    };
    reset::keep_only(ctx, address, belongings);
    draft
}

impl Right {
    /// The account that is created now, with its address verified.
    pub(crate) fn account(&self, now: DateTime<Utc>) -> (Identity, Vec<Credential>) {
        let Pending { draft, .. } = &self.row;
        let mut identity = draft.identity(self.row.id, now);
        for own in identity.verifiable_addresses.iter_mut().filter(|own| own.id == self.row.address_id) {
            mark_verified(own, VerifiedBy::Verification, now);
        }
        (identity, draft.credentials(now))
    }

    /// Takes the sign-up, and the one whose email brought the code, as part of `tx`. `false`: another request was first.
    pub(crate) async fn take(&self, tx: &mut Tx) -> Result<bool> {
        // First the one that brought the code: whoever uses it in its own form takes that one first as well.
        for used in self.mailed.iter().chain([&self.row]) {
            if !rows::take(tx, used).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The attempts are forgotten, and the other sign-ups for the same address are void.
    pub(crate) async fn settle(&self, tx: &mut Tx) -> Result<()> {
        if let Some(counted) = &self.counted {
            counted.forget(tx).await?;
        }
        rows::void(tx, &self.row.address).await.map(drop)
    }

    /// The registration flow that it began with.
    pub(crate) fn registration(&self) -> FlowId {
        self.row.draft.registration
    }

    pub(crate) fn invitation(&self) -> Option<Uuid> {
        self.row.draft.invitation
    }

    pub(crate) fn secret_hash(&self) -> &[u8] {
        &self.row.secret_hash
    }
}

/// No password signs in here any more: nobody could sign in to what would be created.
pub(crate) fn say_it_is_over(ctx: &Ctx, flow: &mut Flow) {
    ask_for_code(ctx, flow);
    flow.ui.messages = vec![text::sign_up_is_over()];
}

/// A schema may let something through that no database keeps.
fn refuse_unwritable(identity: &Identity) -> Result<()> {
    let odd = identity.verifiable_addresses.iter().any(|address| address.value.contains('\0'));
    if odd {
        return Err(Error::invalid("An address holds a character that cannot be stored. Remove it."));
    }
    Ok(())
}
