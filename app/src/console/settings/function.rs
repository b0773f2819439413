//! Everything that the form of *Authentication settings* posts, as a server function for the island. It asks the page itself, so the
//! native form and the island run the same code.

use super::Settings;
use crate::console::checks::critical_count;
use crate::console::fields::Fields;
use crate::console::kit::{Asked, Reply, Visit, mount};
use crate::console::nav;
use engine::{Error, Kind};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the island swaps in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Swap {
    pub title: String,
    pub html: String,
    pub notice: String,
    /// Parts of the page outside of that.
    pub beside: String,
}

#[server(name = SaveAuthentication, prefix = "/api", endpoint = "settings/authentication")]
pub(super) async fn save_authentication(#[server(flatten)] fields: Fields) -> Result<Swap, ServerFnError> {
    let mut visit = expect_context::<Visit>();
    visit.shell.place = Some(&nav::AUTHENTICATION);
    let ask = |visit: Visit, address: String, form: Option<Fields>| {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let form = form.map(|form| form.into_iter().collect());
        (mount::<Settings>().answer)(visit, Asked { address, query, form, swap: true })
    };
    let mut reply = ask(visit.clone(), nav::AUTHENTICATION.path.to_owned(), Some(fields)).await;
    if let Reply::See(to) = reply {
        let config = visit.engine.begin().config;
        visit.shell.critical_count = critical_count(&config, visit.engine.noticed().unnamed_proxies());
        reply = ask(visit, to, None).await;
    }
    match reply {
        Reply::Swap { status, json } => {
            answer(status);
            serde_json::from_str(&json).map_err(|_| failed(&Error::new(Kind::Internal, "")))
        }
        Reply::Failed(error) => Err(failed(&error)),
        Reply::Page { .. } | Reply::See(_) | Reply::Download(_) | Reply::Gone => {
            answer(404);
            Err(ServerFnError::ServerError("There is nothing here.".to_owned()))
        }
    }
}

fn answer(status: u16) {
    let response = expect_context::<leptos_axum::ResponseOptions>();
    if let Ok(status) = axum::http::StatusCode::from_u16(status) {
        response.set_status(status);
    }
}

/// The public part only; the cause went to the log.
fn failed(error: &Error) -> ServerFnError {
    answer(match error.kind {
        Kind::Forbidden => 403,
        Kind::Conflict => 409,
        Kind::Busy => 503,
        Kind::Invalid
        | Kind::Unauthenticated
        | Kind::NotFound
        | Kind::Expired
        | Kind::TooLarge
        | Kind::BrowserRequired
        | Kind::RateLimited
        | Kind::Internal
        | Kind::Upstream
        | Kind::UpstreamTimeout => 500,
    });
    ServerFnError::ServerError(error.to_string())
}
