//! A test sign-up: the real engine, with the active configuration, in a temporary database with copies of the relevant accounts.
//! Emails stay in it, unless the operator wants them sent to their own address. Webhook calls are intercepted, unless the operator
//! wants real calls. Its tokens and codes don't work elsewhere.

use crate::config::{Config, Secrets};
use crate::courier::{self, Delivered, Transport};
use crate::effects::{Answer, Effects, Outbound, OutboundError, Request, at_sight};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::identity::{Credential, Identity, normalise_identifier};
use crate::operators::{Operator, Role};
use crate::plan::{Client, web_hooks};
use crate::secrets;
use crate::store::{self, Db, audit};
use crate::trace::{Ran, Trace};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// What the operator asked for.
#[derive(Clone, Debug)]
pub struct DryRunRequest {
    /// The input of the form. Accounts with one of these as an identifier or address are copied.
    pub typed: Vec<String>,
    /// Really call webhooks, marked with [`MARK`].
    pub call_hooks: bool,
    /// Really send the emails of the run, only to the operator who runs it.
    pub mail_me: bool,
    /// For the audit.
    pub client: Client,
}

/// The header by which a service tells a rehearsal from a sign-up.
pub const MARK: (&str, &str) = ("Vestibule-Test", "true");

/// The maximum number of emails of a run.
const MAILS: i64 = 20;

/// An intercepted webhook call, and its response.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether it really left.
    pub left: bool,
    /// The status and the body of the answer, or what went wrong.
    pub answer: std::result::Result<Answer, String>,
}

/// The throw-away world. It goes with its last handle.
pub struct Rehearsal {
    pub engine: Engine,
    /// How many accounts were copied into it.
    pub copied: usize,
    /// The operator's own email, until the emails are queued.
    mail_to: Option<String>,
    trace: Trace,
    calls: Arc<Kept>,
}

/// Makes the world, and writes down in the audit who wanted it.
///
/// # Errors
/// 403 for whoever is no owner, kept in the audit.
pub async fn begin(engine: &Engine, by: &Operator, wish: &DryRunRequest) -> Result<Rehearsal> {
    may(engine, by).await?;
    let mail_to = (wish.mail_me && sends(&engine.begin().config)).then(|| by.email.clone());
    let details = json!({
        "client": wish.client.name(),
        "web_hooks_called": wish.call_hooks,
        "mails_to_operator": mail_to.is_some(),
    });
    record(engine, by, "rehearsal.run", details).await?;
    let accounts = accounts(engine, &wish.typed).await?;
    let mut rehearsal = set_up(engine, wish.call_hooks).await?;
    let mut tx = rehearsal.engine.db().write().await?;
    for (identity, credentials) in &accounts {
        store::identities::insert(&mut tx, identity, credentials).await?;
    }
    tx.commit().await?;
    rehearsal.copied = accounts.len();
    rehearsal.mail_to = mail_to;
    Ok(rehearsal)
}

/// Whether the emails of a run can really be sent: a mail server is configured, and the mailbox is off.
pub fn sends(config: &Config) -> bool {
    matches!(courier::transport(&config.courier), Transport::Server(_) | Transport::Gateway(_))
}

/// Whether the operator can use the tester.
///
/// # Errors
/// 403 for whoever is no owner, kept in the audit.
pub async fn may(engine: &Engine, by: &Operator) -> Result<()> {
    if !by.disabled && by.role == Role::Owner {
        return Ok(());
    }
    record(engine, by, "rehearsal.refused", json!({ "reason": "role" })).await?;
    Err(Error::new(Kind::Forbidden, "The tester shows codes and sessions, so only owners can use it."))
}

async fn record(engine: &Engine, by: &Operator, action: &str, details: Value) -> Result<()> {
    let mut tx = engine.db().write().await?;
    audit::append(&mut tx, &entry(engine, &by.email, action, details)).await?;
    tx.commit().await
}

fn entry(engine: &Engine, actor: &str, action: &str, details: Value) -> audit::Entry {
    audit::Entry { at: engine.effects().now(), actor: actor.to_owned(), action: action.to_owned(), details }
}

/// The same engine without accounts, to get the fields of the form. Nothing is written elsewhere.
///
/// # Errors
/// The throw-away database cannot be made.
pub async fn empty(engine: &Engine) -> Result<Engine> {
    Ok(set_up(engine, false).await?.engine)
}

async fn set_up(engine: &Engine, call_hooks: bool) -> Result<Rehearsal> {
    let mut config = Config::clone(&engine.begin().config);
    let effects = engine.effects();
    // Whatever is signed or sealed here is of no use elsewhere.
    let secret = || vec![effects.alphanumeric(32).into()];
    config.secrets = Secrets { default: secret(), cookie: secret(), cipher: secret() };
    config.courier.mailbox = true;
    config.courier.mailbox_for_texts = true;
    let calls = Arc::new(Kept {
        hooks: addresses_of_hooks(&config),
        real: effects.outbound.clone(),
        call: call_hooks,
        calls: Arc::default(),
    });
    let effects = Effects { outbound: calls.clone(), ..effects.clone() };
    let db = Db::connect(Some("memory"), Path::new("")).await?;
    db.migrate().await?;
    let trace = Trace::default();
    let stage = Engine::watched(db, effects, engine.hasher().clone(), config, trace.clone());
    secrets::lend(&engine.begin(), &stage).await?;
    Ok(Rehearsal { engine: stage, copied: 0, mail_to: None, trace, calls })
}

type Account = (Identity, Vec<Credential>);

/// Read by a reader alone: the real database is not written, nor kept waiting.
async fn accounts(engine: &Engine, typed: &[String]) -> Result<Vec<Account>> {
    let mut tx = engine.db().read().await?;
    let mut ids = BTreeSet::new();
    for value in typed.iter().filter(|value| !value.is_empty()) {
        ids.extend(store::identities::owners(&mut tx, &normalise_identifier(value)).await?);
    }
    let mut accounts = Vec::new();
    for id in ids {
        if let Some(identity) = store::identities::get(&mut tx, id).await? {
            accounts.push((identity, store::identities::credentials(&mut tx, id).await?));
        }
    }
    Ok(accounts)
}

impl Rehearsal {
    /// The steps of plans that ran, in the order in which they ended.
    pub fn steps(&self) -> Vec<Ran> {
        self.trace.ran()
    }

    /// The webhook calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mails that were written, oldest first, with the codes in them. Whatever waits in the queues leaves now, so that
    /// [`Rehearsal::calls`] has all of it.
    ///
    /// # Errors
    /// The throw-away database fails.
    pub async fn mails(&self) -> Result<Vec<Delivered>> {
        courier::deliver(&self.engine).await?;
        // What nobody waits for is in the queue until now.
        while hooks::deliver(&self.engine).await? > 0 {}
        let mut mails = courier::mailbox(&self.engine.begin(), None, MAILS).await?;
        mails.reverse();
        Ok(mails)
    }

    /// Queues `mails`, as [`Rehearsal::mails`] gave them, in the real world: once, to the address of the operator who asked for it,
    /// whoever they were written to. Says how many.
    ///
    /// # Errors
    /// The real database fails.
    pub async fn mail_operator(&mut self, engine: &Engine, mails: &[Delivered]) -> Result<usize> {
        let Some(to) = self.mail_to.take().filter(|_| !mails.is_empty()) else { return Ok(0) };
        let ctx = engine.begin();
        let mut tx = ctx.db().write().await?;
        for mail in mails {
            courier::queue_test(&ctx, &mut tx, &to, mail).await?;
        }
        let details = json!({ "mails": mails.len() });
        audit::append(&mut tx, &entry(engine, &to, "rehearsal.mailed", details)).await?;
        tx.commit().await?;
        Ok(mails.len())
    }
}

fn addresses_of_hooks(config: &Config) -> BTreeSet<String> {
    let flows = &config.selfservice;
    let (sign_up, sign_in) = (&flows.registration, &flows.login);
    let of_methods = [&sign_up.after, &sign_in.after]
        .into_iter()
        .flat_map(|after| after.methods.values().map(|method| &method.hooks).chain([&after.hooks]));
    let lists = [&sign_up.before, &sign_in.before, &flows.verification.before, &flows.verification.after];
    lists.into_iter().chain(of_methods).flat_map(web_hooks).map(|hook| hook.url.to_string()).collect()
}

/// Outgoing requests that intercept webhook calls. Others are sent as usual, such as the breach check's.
struct Kept {
    hooks: BTreeSet<String>,
    real: Arc<dyn Outbound>,
    call: bool,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Outbound for Kept {
    fn send(&self, mut request: Request) -> BoxFuture<'static, std::result::Result<Answer, OutboundError>> {
        // What the guard refuses at sight is no call.
        if !self.hooks.contains(request.url.as_str()) || at_sight(request.reach, &request.url).is_err() {
            return self.real.send(request);
        }
        request.headers.push((MARK.0.to_owned(), MARK.1.to_owned()));
        let made_up = Answer { status: 200, body: b"{}".to_vec() };
        let call = Call {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default(),
            left: self.call,
            answer: Ok(made_up.clone()),
        };
        let at = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(call);
            calls.len() - 1
        };
        if !self.call {
            return Box::pin(async move { Ok(made_up) });
        }
        let (sent, calls) = (self.real.send(request), self.calls.clone());
        Box::pin(async move {
            let answer = sent.await;
            let said = answer.as_ref().map(Clone::clone).map_err(ToString::to_string);
            if let Some(call) = calls.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                call.answer = said;
            }
            answer
        })
    }
}
