//! What is particular to sign-in: how its form begins, who may send it, and when a user confirms who they are.

use super::show::refused;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::{self, csrf_token};
use crate::form::outcome::Outcome;
use crate::form::request::{Start, Submit, first};
use crate::form::{nodes, schema, stages};
use crate::identity::Identity;
use crate::method::{self, Attempt, Draw};
use crate::model::{Aal, Client, Flow, FlowKind, Private};
use crate::store;
use crate::ui::{self, text};

/// A new form; `None`: somebody is signed in.
///
/// # Errors
/// 400 for an unknown `aal` or a schema that nobody may choose · 401 `session_aal1_required`.
pub(super) async fn begin(ctx: &Ctx, start: &Start) -> Result<Option<Flow>> {
    let refresh = first(&start.query, "refresh").is_some_and(is_true);
    let aal = Aal::parse(first(&start.query, "aal").unwrap_or("aal1"))
        .ok_or_else(|| Error::invalid("The parameter aal knows aal1 and aal2 only."))?;
    let schema = schema::chosen(ctx, first(&start.query, "identity_schema"))?;
    let mut flow = envelope::blank(ctx, FlowKind::Login, start);
    flow.identity_schema = schema;
    match &start.current {
        None if aal == Aal::Aal2 => {
            return Err(Error::new(
                Kind::Unauthenticated,
                "A second factor can be asked for once somebody is signed in.",
            )
            .with_id("session_aal1_required"));
        }
        None => draw(ctx, &mut flow),
        Some(current) if refresh => {
            flow.private = Private::Login { refresh, requested_aal: Aal::Aal1, sent: None };
            flow.message(text::refresh());
            draw_refresh(ctx, &mut flow, &current.identity).await?;
        }
        Some(current) if aal > current.session.aal => {
            flow.private = Private::Login { refresh, requested_aal: aal, sent: None };
            flow.message(text::second_factor());
        }
        Some(_) => return Ok(None),
    }
    Ok(Some(flow))
}

/// Whether this request may send the form at all. `Some`: it may not, and is told so.
pub(super) async fn admit(on: &mut Attempt) -> Result<Option<Outcome>> {
    if on.submit.current.is_none() || on.flow.is_refresh() || on.flow.asks_for_second_factor() {
        return Ok(None);
    }
    match on.client {
        Client::Browser => Ok(Some(Outcome::Already(on.ctx.config.default_return_url()))),
        Client::Spa | Client::Native => {
            on.flow.ui.reset_messages();
            refused(on, text::generic("Somebody is signed in already. Sign out first.")).await.map(Some)
        }
    }
}

/// The nodes of a fresh form.
fn draw(ctx: &Ctx, flow: &mut Flow) {
    drawn(ctx, flow, None);
}

/// The nodes for somebody whose name is known.
async fn draw_refresh(ctx: &Ctx, flow: &mut Flow, identity: &Identity) -> Result<()> {
    let credentials = {
        let mut tx = ctx.db().read().await?;
        store::identities::credentials(&mut tx, identity.id).await?
    };
    drawn(ctx, flow, Some(&credentials));
    Ok(())
}

fn drawn(ctx: &Ctx, flow: &mut Flow, refresh: Option<&[crate::identity::Credential]>) {
    let on = Draw { ctx, flow, refresh, member: None, second: None };
    let of_methods: Vec<ui::Node> = method::of(FlowKind::Login).flat_map(|method| method.draw(&on)).collect();
    let mut list = if refresh.is_none() && stages::identifier_first(ctx) {
        stages::identifier(ctx, flow, method::identifier_of(ctx, flow), of_methods)
    } else {
        let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
        list.extend(of_methods);
        // Several methods ask for the identifier: one field is enough.
        let mut asked = false;
        list.retain(|node| node.id() != "identifier" || !std::mem::replace(&mut asked, true));
        list
    };
    ui::sort::login(&mut list);
    flow.ui.nodes = Some(list);
}

/// Go's idea of a true boolean (strconv.ParseBool), which Kratos reads this parameter with.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

/// A new form in the place of an expired one.
pub(super) async fn successor(ctx: &Ctx, old: &Flow, submit: &Submit) -> Result<Flow> {
    let mut flow = envelope::successor(ctx, old, submit);
    match &submit.current {
        Some(current) if old.is_refresh() => {
            flow.private = Private::Login { refresh: true, requested_aal: Aal::Aal1, sent: None };
            draw_refresh(ctx, &mut flow, &current.identity).await?;
        }
        Some(_) | None => draw(ctx, &mut flow),
    }
    Ok(flow)
}

/// A sign-in in the place of a sign-up whose user is known, stored.
pub(super) async fn converted(on: &Attempt) -> Result<Flow> {
    let ctx = &on.ctx;
    let mut flow = envelope::turned(ctx, &on.flow, FlowKind::Login, &on.submit);
    draw(ctx, &mut flow);
    envelope::insert(ctx, &flow).await?;
    Ok(flow)
}
