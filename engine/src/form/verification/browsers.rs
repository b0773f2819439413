//! Which browser sees what of a verification. The mail's link opens the form in any browser, an email scanner's too; what it fills
//! in is for that browser alone, and nothing is taken from whoever has the form open elsewhere.

use super::super::outcome::unknown;
use super::super::request::Submit;
use super::super::{csrf, nodes};
use crate::effects::Effects;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::model::{Flow, FlowState, FlowType, MethodId, Missing, Opened};
use crate::store;
use crate::ui::Group;

/// Of a code, and of what the link holds.
const LONGEST: usize = 64;

/// At most so many browsers that opened the link; the one that did so first goes. The browser that began is none of them.
const MOST: usize = 8;

/// How often a form that changes at the same moment is read anew.
const TRIES: usize = 8;

/// Keeps that this browser opened the link, with the code that came with it; the flow as this browser sees it, belonging to its
/// cookie. Nothing else of the flow changes, whatever happens to it at the same moment.
pub(crate) async fn open_in(
    ctx: &Ctx,
    mut flow: Flow,
    submit: &Submit,
    code: &str,
    asked: Option<Missing>,
) -> Result<Flow> {
    let cookie = submit.csrf_cookie.clone().unwrap_or_else(|| csrf::new_cookie(ctx.effects()));
    let code = if code.len() <= LONGEST { code } else { "" };
    for _ in 0..TRIES {
        remember(&mut flow, &cookie, code, asked.clone());
        let mut tx = ctx.db().write().await?;
        if store::flows::update(&mut tx, &mut flow).await?.is_some() {
            tx.commit().await?;
            show_to(ctx.effects(), &mut flow, Some(&cookie));
            flow.csrf_cookie = cookie;
            return Ok(flow);
        }
        flow = store::flows::get(&mut tx, flow.kind(), flow.id).await?.ok_or_else(unknown)?;
    }
    Err(Error::new(Kind::Conflict, "This form changes too quickly. Open the link once more."))
}

/// What that browser has in the field for the code, and what it is asked for beside it.
fn remember(flow: &mut Flow, cookie: &str, code: &str, asked: Option<Missing>) {
    let Some(opened) = flow.opened_mut() else { return };
    opened.retain(|one| one.csrf_cookie != cookie);
    if opened.len() == MOST {
        opened.remove(0);
    }
    opened.push(Opened { csrf_cookie: cookie.to_owned(), code: code.to_owned(), asked });
}

/// The same for a code that was typed, where the form is that browser's: an app's form is read by its id alone, so that it would
/// show it to whoever began it. Whether it is.
pub(crate) fn keep_asked(flow: &mut Flow, cookie: Option<&str>, code: &str, asked: &Missing) -> bool {
    let Some(cookie) = cookie.filter(|cookie| flow.belongs_to(cookie)) else { return false };
    remember(flow, cookie, if code.len() <= LONGEST { code } else { "" }, Some(asked.clone()));
    true
}

/// A code that is none is not filled in again.
pub(crate) fn forget_code(flow: &mut Flow, cookie: Option<&str>) {
    for own in flow.opened_mut().into_iter().flatten().filter(|one| Some(one.csrf_cookie.as_str()) == cookie)
    {
        forget(own);
    }
}

/// Nor is any that was mailed before the newest.
pub(crate) fn forget_codes(flow: &mut Flow) {
    flow.opened_mut().into_iter().flatten().for_each(forget);
}

fn forget(one: &mut Opened) {
    one.code.clear();
    one.asked = None;
}

/// The flow as it leaves: with the code that this browser's opening of the link filled in, what this browser is asked for beside it,
/// and with a token of its own cookie. The token of another's would tell what that cookie is, and whoever knows the flow's id can
/// ask for it.
pub(crate) fn show_to(effects: &Effects, flow: &mut Flow, cookie: Option<&str>) {
    let own = flow.opened().iter().find(|one| Some(one.csrf_cookie.as_str()) == cookie).cloned();
    if let Some(code) = own.as_ref().map(|one| one.code.clone()).filter(|code| !code.is_empty()) {
        if flow.state != FlowState::Passed && flow.active.as_deref() == Some(MethodId::Link.name()) {
            // The form of a link has no field for its secret, and no other browser is shown one.
            flow.nodes().retain(|node| node.id() != "email");
            flow.nodes().insert(0, nodes::hidden_code(Group::Link));
            flow.ui.messages.clear();
        }
        flow.ui.put_value("code", code.into());
    }
    if let Some(asked) = own.and_then(|one| one.asked).filter(|_| flow.state != FlowState::Passed) {
        show(flow, &asked);
    }
    if flow.kind_of_client == FlowType::Browser && cookie != Some(flow.csrf_cookie.as_str()) {
        flow.ui.put_value("csrf_token", csrf::mask(effects, cookie.unwrap_or_default()).into());
    }
}

/// Puts what is asked into a form for a code, as one browser sees it.
pub(crate) fn show(flow: &mut Flow, missing: &Missing) {
    let Some(at) = flow.nodes().iter().position(|node| node.id() == "code") else { return };
    flow.ui.messages.clear();
    let mut node = match missing {
        Missing::Password(why) => {
            let mut node = nodes::password("new-password");
            node.messages.push(why.clone());
            node
        }
        Missing::Consent(why) => {
            flow.message(why.clone());
            nodes::start_over()
        }
    };
    node.group = Group::Code;
    flow.nodes().insert(at + 1, node);
}
