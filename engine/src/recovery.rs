//! A recovery that an operator begins: a code or a link, which they give to the user themselves. Nothing is emailed, and no address
//! is verified by it (Kratos: selfservice/strategy/code/strategy_recovery_admin.go, selfservice/strategy/link/strategy_recovery.go).

use crate::config::duration;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope;
use crate::form::outcome::switched_off;
use crate::form::recovery::{ask_for_address, ask_for_operators_code};
use crate::form::request::Start;
use crate::form::return_to;
use crate::hooks::call::RequestInfo;
use crate::ids::IdentityId;
use crate::model::{FlowKind, FlowType, Private};
use crate::otp::{self, Given, Purpose};
use crate::store::{self, audit};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a code or link of an operator is valid.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// What is to be created, as it was asked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub identity: IdentityId,
    /// As in the configuration, for example `12h`. `None`: as long as one that is emailed.
    pub expires_in: Option<&'a str>,
    /// `browser` or `api`, for a code.
    pub flow_type: Option<&'a str>,
    /// Where a browser goes after the recovery, for a link.
    pub return_to: Option<&'a str>,
    /// In the audit log.
    pub actor: &'a str,
}

/// What the user needs. Not `Debug`: whoever has it can sign in.
pub struct Made {
    /// The page that asks for the code, or the link itself.
    pub link: String,
    /// `None` for a link.
    pub code: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// A code, with the page that asks for it.
///
/// # Errors
/// 400 what was asked for · 404 the method `code` is turned off, or an unknown account.
pub async fn code(ctx: &Ctx, wanted: Wanted<'_>) -> Result<Made> {
    if !ctx.config.selfservice.code.enabled {
        return Err(switched_off());
    }
    make(ctx, wanted, Purpose::RecoveryByOperator).await
}

/// A link, which signs in.
///
/// # Errors
/// 400 what was asked for, or an unknown account · 404 the method `link` is turned off.
pub async fn link(ctx: &Ctx, wanted: Wanted<'_>) -> Result<Made> {
    if !ctx.config.selfservice.link.enabled {
        return Err(switched_off());
    }
    make(ctx, wanted, Purpose::RecoveryLink).await
}

async fn make(ctx: &Ctx, wanted: Wanted<'_>, purpose: Purpose) -> Result<Made> {
    let by_link = purpose == Purpose::RecoveryLink;
    let lives = lives(wanted.expires_in, otp::lifespan(&ctx.config, purpose))?;
    let kind_of_client = match wanted.flow_type.unwrap_or_default() {
        "" | "browser" => FlowType::Browser,
        "api" if !by_link => FlowType::Api,
        other => return Err(Error::invalid(format!("Invalid flow_type {other:?}. Use browser or api."))),
    };
    let return_to = wanted.return_to.map(|wanted| return_to::check(&ctx.config, wanted)).transpose()?;
    let start = Start {
        kind_of_client,
        path_and_query: "self-service/recovery/browser".to_owned(),
        query: Vec::new(),
        csrf_cookie: String::new(),
        current: None,
        requester: Arc::default(),
        seen: RequestInfo::default(),
    };
    let now = ctx.effects().now();
    let mut flow = envelope::blank(ctx, FlowKind::Recovery, &start);
    flow.expires_at = now + lives;
    flow.return_to = return_to.map(String::from);
    flow.private = Private::Recovery { sent: None, by_operator: Some(wanted.identity), opened: None };
    match by_link {
        true => ask_for_address(ctx, &mut flow),
        false => ask_for_operators_code(ctx, &mut flow),
    }
    let mut tx = ctx.db().write().await?;
    if store::identities::get(&mut tx, wanted.identity).await?.is_none() {
        let reason = "No account has this ID.";
        return Err(if by_link { Error::invalid(reason) } else { Error::not_found(reason) });
    }
    store::flows::insert(&mut tx, &flow).await?;
    let given = Given { purpose, flow: flow.id, identity: wanted.identity, expires_at: flow.expires_at };
    let minted = otp::issue(ctx, &mut tx, given).await?;
    let entry = audit::Entry {
        at: now,
        actor: wanted.actor.to_owned(),
        action: if by_link { "recovery.link" } else { "recovery.code" }.to_owned(),
        details: json!({ "identity": wanted.identity, "expires_at": flow.expires_at }),
    };
    audit::append(&mut tx, &entry).await?;
    tx.commit().await?;
    let link = match by_link {
        true => {
            let path = format!("self-service/recovery?flow={}&token={}", flow.id, minted.link);
            ctx.config.link_url(&path)
        }
        false => {
            let mut page = ctx.config.page_of(FlowKind::Recovery);
            page.query_pairs_mut().append_pair("flow", &flow.id.to_string());
            page.into()
        }
    };
    Ok(Made { link, code: (!by_link).then_some(minted.code), expires_at: flow.expires_at })
}

fn lives(wanted: Option<&str>, usual: Duration) -> Result<TimeDelta> {
    let invalid = |text: &str| {
        Error::invalid(format!(
            "Invalid expires_in {text:?}. Use a number with a unit, for example 12h, of at most 366 days."
        ))
    };
    let text = wanted.unwrap_or_default();
    let lives = if text.is_empty() { Some(usual) } else { duration(text) };
    let lives = lives.and_then(|lives| TimeDelta::from_std(lives).ok());
    lives.filter(|lives| *lives > TimeDelta::zero() && *lives <= LONGEST).ok_or_else(|| invalid(text))
}
