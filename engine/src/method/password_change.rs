//! A new password in the settings (Kratos: selfservice/strategy/password/settings.go).

use super::account::stored;
use super::change::AccountChange;
use super::contract::{Attempt, Checked, Facts, Member, Prove, Verdict, Who};
use crate::error::Result;
use crate::form::outcome::Why;
use crate::identity::change::Record;
use crate::model::MethodId;
use crate::password::{self, Caller};
use crate::ui::text;
use futures::future::BoxFuture;

pub(super) fn check(on: &mut Attempt) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    let password = on.field("password");
    if password.is_empty() {
        on.flow.ui.attach("password", text::required("password"));
        return Ok(REFUSED);
    }
    let identifiers = identifiers(on)?;
    if identifiers.is_empty() {
        on.flow.message(text::no_identifier());
        return Ok(REFUSED);
    }
    if let Some(refused) = password::check_chosen(&on.ctx.config, &password, &identifiers) {
        on.flow.ui.attach("password", refused);
        return Ok(REFUSED);
    }
    let was = own(on.record()?).and_then(stored).map(str::to_owned);
    Ok(Checked::Go(Box::new(NewPassword { password, identifiers, was })))
}

fn own(record: &Record) -> Option<&crate::identity::Credential> {
    record.credentials.iter().find(|one| one.kind == MethodId::Password.name())
}

/// What the user signs in with beside the password.
fn identifiers(on: &Attempt) -> Result<Vec<String>> {
    let record = on.record()?;
    if let Some(own) = own(record) {
        return Ok(own.identifiers.clone());
    }
    let schema = on.ctx.config.schema(&record.identity.schema_id);
    let most = on.ctx.config.vestibule.requests.violations();
    let found = schema.and_then(|schema| schema.schema.validate(&record.identity.traits, most).ok());
    Ok(found.map(|found| found.password_identifiers).unwrap_or_default())
}

/// A password that the policy takes.
struct NewPassword {
    password: String,
    identifiers: Vec<String>,
    /// The hash of the one that it replaces.
    was: Option<String>,
}

impl Prove for NewPassword {
    fn is_sensitive(&self) -> bool {
        true
    }

    /// The breach check waits for the network while the hash waits for a processor.
    fn prove<'a>(self: Box<Self>, on: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let (ctx, caller) = (&on.ctx, Caller::of(&on.submit.requester));
            let (keys, hasher) = (&ctx.config.hashers, ctx.engine.hasher());
            if self.was.is_some() {
                let same = hasher.verify(caller, keys, &self.password, self.was.as_deref()).await?;
                if same != password::Verdict::Wrong {
                    on.flow.ui.attach("password", text::same_password());
                    return Ok(Verdict::Form(Why::Refused));
                }
            }
            let (hash, breached) = futures::join!(
                hasher.hash(caller, ctx.effects(), keys, &self.password),
                password::check_breaches(ctx.effects(), &ctx.config, &self.password),
            );
            if let Some(refused) = breached? {
                on.flow.ui.attach("password", refused);
                return Ok(Verdict::Form(Why::Refused));
            }
            let wish = AccountChange::Password { hash: hash?, identifiers: self.identifiers };
            let member = Member { wish, version: None, hooked: None };
            Ok(Verdict::Proceed(Box::new(Facts::of(Who::Member(Box::new(member))))))
        })
    }
}
