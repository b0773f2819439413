//! The response of a plan whose steps have all run.

use super::commit;
use super::work::{Made, Work};
use crate::error::{Error, Result};
use crate::form::outcome::{ContinueWith, Issued, Outcome, Recovered, Saved, SignedIn, SignedUp, Verified};
use crate::method::{Who, oidc};
use crate::model::{Client, FlowKind};
use crate::session;

impl Work {
    /// The response.
    pub(super) async fn finish(mut self: Box<Self>) -> Result<Outcome> {
        if self.plan.flow == FlowKind::Verification {
            if self.issues_later() {
                commit::issue_later(&mut self).await?;
            }
            let done = Verified { flow: self.on.flow, given: self.made.given };
            return Ok(Outcome::Verified(Box::new(done)));
        }
        let lacks = || Error::internal("a plan without the step that stores");
        if self.plan.flow == FlowKind::Recovery {
            let Made { issued, return_to, settings, new_csrf_cookie, .. } = self.made;
            let mut next = return_to.ok_or_else(lacks)?;
            if let Some(settings) = &settings {
                next = self.on.ctx.config.page_of(FlowKind::Settings);
                next.query_pairs_mut().append_pair("flow", &settings.id.to_string());
            }
            return Ok(Outcome::Recovered(Box::new(Recovered {
                flow: self.on.flow,
                client: self.plan.client,
                issued: issued.ok_or_else(lacks)?,
                settings: settings.map(|flow| flow.id),
                next,
                new_csrf_cookie: new_csrf_cookie.unwrap_or_default(),
            })));
        }
        if let Some(exchange) = self.on.exchange.take() {
            let who = self.account.as_ref().map(|identity| identity.id);
            let signs_in = self.plan.flow == FlowKind::Login || self.signs_in_at_once();
            let provider = match &self.facts.who {
                Who::New(account) => account.provider(),
                Who::Known(known) => known.provider.as_deref(),
                Who::Owner(_) | Who::Waiting(_) | Who::Member(_) | Who::Moves(_) | Who::Recovered(_) => None,
            };
            let who = who.zip(provider).filter(|_| signs_in);
            return oidc::exchange::answer(&self.on.ctx, exchange, &self.on.flow, who)
                .await
                .map(Outcome::ToApp);
        }
        if self.plan.flow == FlowKind::Settings {
            return self.saved();
        }
        let identity = self.account.ok_or_else(lacks)?;
        let Made { issued, verification, shows_verification, deferred, .. } = self.made;
        let mut return_to = self.made.return_to.ok_or_else(lacks)?;
        let client = self.plan.client;
        let mut continue_with = Vec::new();
        if client == Client::Spa {
            continue_with
                .push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
        }
        if let Some(verification) = verification.as_ref().filter(|_| shows_verification) {
            continue_with.push(verification.item(client != Client::Native));
            return_to.clone_from(&verification.url);
        }
        if self.plan.flow == FlowKind::Login {
            let new_csrf_cookie = client != Client::Native && self.made.refreshes.is_none();
            let issued = issued.ok_or_else(lacks)?;
            let done = SignedIn { client, identity, issued, continue_with, return_to, new_csrf_cookie };
            return Ok(Outcome::SignedIn(Box::new(done)));
        }
        if let Some(issued) = issued.as_ref().filter(|_| client == Client::Native) {
            continue_with.push(ContinueWith::SetOrySessionToken { ory_session_token: issued.token.clone() });
        }
        let new_csrf_cookie = self.made.new_csrf_cookie;
        Ok(Outcome::SignedUp(Box::new(SignedUp {
            client,
            identity,
            issued,
            continue_with,
            return_to,
            verification,
            deferred,
            new_csrf_cookie,
        })))
    }

    /// The form, with what comes next for a page.
    fn saved(self) -> Result<Outcome> {
        let lacks = || Error::internal("a plan without the step that stores");
        let current = self.on.submit.current.ok_or_else(session::inactive)?;
        let identity = self.account.ok_or_else(lacks)?;
        let client = self.plan.client;
        let mut return_to = self.made.return_to.ok_or_else(lacks)?;
        let mut continue_with = Vec::new();
        if let Some(shown) = self.made.verification.as_ref().filter(|_| self.made.shows_verification) {
            continue_with.push(shown.item(client != Client::Native));
            return_to.clone_from(&shown.url);
        }
        if client == Client::Spa {
            continue_with
                .push(ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() });
        }
        let issued = Issued { session: current.session, token: current.token };
        let saved = Saved { flow: self.on.flow, client, identity, issued, continue_with, return_to };
        Ok(Outcome::Saved(Box::new(saved)))
    }
}
