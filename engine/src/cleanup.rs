//! Deletes expired data in small steps. Each one is a short transaction, so that other writers can run in between.

use crate::engine::Engine;
use crate::error::Result;
use crate::store::{
    deferred_logins, deliveries, errors, flows, form_drafts, id_tokens, invitations, limits, messages,
    oidc_tests, operators, pending, sessions,
};
use chrono::{DateTime, TimeDelta, Utc};

/// Rows at once.
const BATCH: i64 = 500;

/// What is swept, each with a retention of its own. A new kind of row that grows without end gets its line here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `vestibule.cleanup.flows` after their end: until then a client is told that its flow has expired. Codes go with them.
    Flows,
    /// An hour after their end, where that is sooner: sign-ups and sign-ins that came back hold what was typed.
    RefusedForms,
    /// `vestibule.cleanup.sessions` after their end; those that were ended early wait for the same time.
    Sessions,
    /// At their end: they read nothing any more.
    RotatedTokens,
    /// `vestibule.cleanup.messages` after they were made.
    Messages,
    /// `vestibule.cleanup.deliveries` after they were made; those that wait to be tried again stay.
    Deliveries,
    /// `vestibule.cleanup.errors` after they were made.
    Errors,
    /// One hour after they were stored; they can't be restored after that.
    KeptForms,
    /// At their end, and all of them while the option is off: who switches it on again begins anew.
    HandOvers,
    /// A day after the last failure; they count for an hour.
    Failures,
    /// `vestibule.cleanup.invitations` after their end, used or not.
    Invitations,
    /// When they expire: they can't be verified anymore.
    PendingSignUps,
    /// As soon as they count for nothing any more: they tell which client was here when.
    Limits,
    /// At their end: no provider's token is believed after it.
    IdTokens,
    /// When they expire: results of an operator's provider test aren't kept.
    SocialTests,
}

impl Kind {
    pub const ALL: [Kind; 15] = [
        Kind::Flows,
        Kind::RefusedForms,
        Kind::Sessions,
        Kind::RotatedTokens,
        Kind::Messages,
        Kind::Deliveries,
        Kind::Errors,
        Kind::KeptForms,
        Kind::HandOvers,
        Kind::Failures,
        Kind::Invitations,
        Kind::PendingSignUps,
        Kind::Limits,
        Kind::IdTokens,
        Kind::SocialTests,
    ];

    /// Everything from before this goes.
    fn before(self, engine: &Engine) -> DateTime<Utc> {
        let now = engine.effects().now();
        let config = engine.begin().config;
        let cleanup = &config.vestibule.cleanup;
        match self {
            Kind::Flows => now - cleanup.flows,
            Kind::RefusedForms => now - TimeDelta::hours(1),
            Kind::Sessions => now - cleanup.sessions,
            Kind::RotatedTokens => now,
            Kind::Messages => now - cleanup.messages,
            Kind::Deliveries => now - cleanup.deliveries,
            Kind::Errors => now - cleanup.errors,
            Kind::KeptForms => now - TimeDelta::hours(1),
            Kind::HandOvers if crate::signup::deferred::wanted(&config) => now,
            Kind::HandOvers => DateTime::<Utc>::MAX_UTC,
            Kind::Failures => now - TimeDelta::days(1),
            Kind::Limits => now - crate::limits::WINDOW,
            Kind::Invitations => now - cleanup.invitations,
            Kind::PendingSignUps | Kind::SocialTests | Kind::IdTokens => now,
        }
    }

    async fn step(self, engine: &Engine, before: DateTime<Utc>) -> Result<u64> {
        // What a power cut brings back goes with the next sweep.
        let mut tx = engine.db().write_relaxed().await?;
        let gone = match self {
            Kind::Flows => flows::delete_expired(&mut tx, before, BATCH).await?,
            Kind::RefusedForms => flows::delete_refused(&mut tx, before, BATCH).await?,
            Kind::Sessions => sessions::delete_old(&mut tx, before, BATCH).await?,
            Kind::RotatedTokens => sessions::delete_rotated(&mut tx, before, BATCH).await?,
            Kind::Messages => messages::delete_old(&mut tx, before, BATCH).await?,
            Kind::Deliveries => deliveries::delete_old(&mut tx, before, BATCH).await?,
            Kind::Errors => errors::delete_before(&mut tx, before, BATCH).await?,
            Kind::KeptForms => form_drafts::forget_old(&mut tx, before).await?,
            Kind::PendingSignUps => pending::delete_old(&mut tx, before, BATCH).await?,
            Kind::Invitations => invitations::delete_old(&mut tx, before, BATCH).await?,
            Kind::HandOvers if before == DateTime::<Utc>::MAX_UTC => {
                deferred_logins::forget_all(&mut tx).await?
            }
            Kind::HandOvers => {
                if !crate::signup::deferred::signs_in(&engine.begin().config) {
                    deferred_logins::sign_nobody_in(&mut tx).await?;
                }
                deferred_logins::forget_old(&mut tx, before).await?
            }
            Kind::IdTokens => id_tokens::delete_old(&mut tx, before, BATCH).await?,
            Kind::SocialTests => oidc_tests::delete_old(&mut tx, before, BATCH).await?,
            Kind::Limits => {
                // Text messages are counted by the day.
                let texts = engine.effects().now() - crate::limits::texts::DAY;
                limits::delete_old(&mut tx, before, texts, BATCH).await?
            }
            Kind::Failures => operators::forget_old_failures(&mut tx, before).await?,
        };
        tx.commit().await?;
        Ok(gone)
    }
}

/// Sweeps everything once; says how many rows of each kind went.
pub async fn sweep(engine: &Engine) -> Result<Vec<(Kind, u64)>> {
    let mut swept = Vec::new();
    for kind in Kind::ALL {
        let before = kind.before(engine);
        let mut total = 0;
        loop {
            let gone = kind.step(engine, before).await?;
            total += gone;
            if gone < BATCH.unsigned_abs() {
                break;
            }
        }
        swept.push((kind, total));
    }
    Ok(swept)
}
