//! Forms that wait for an operator whose session ran out before Save: of which pages, and what of them. Whose a form is and how long it
//! waits is said by `engine::operators::kept`.

use super::auth;
use super::mounted::PAGES;
use crate::state::AppState;
use app::console::social;
use axum::extract::Request;
use axum::response::Response;
use engine::operators;

/// A page whose form waits, and whether a field of it may. Each page says so: it knows its secrets.
type Kept = (&'static str, fn(&str) -> bool);

const KEPT: [Kept; 1] = [(social::PROVIDER, social::may_wait)];

/// The page of that path, if its form waits.
pub(super) fn page(path: &str) -> Option<Kept> {
    if let Some(kept) = KEPT.into_iter().find(|(page, _)| *page == path) {
        return Some(kept);
    }
    let entry = PAGES.iter().find(|entry| entry.meta.path == path)?;
    Some((entry.meta.path, entry.meta.draft?))
}

/// What was typed waits while its operator signs in.
pub(super) async fn keep(
    state: &AppState,
    request: Request,
    (page, may_wait): Kept,
) -> engine::Result<Response> {
    let config = state.engine.begin().config;
    let tokens: Vec<String> =
        auth::tokens(&config, request.headers()).into_iter().map(str::to_owned).collect();
    // `bounds` has read it.
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    let form = body.ok().map(|body| {
        let fields = url::form_urlencoded::parse(&body);
        // What shows who somebody is never waits anywhere, whatever the page.
        let fields = fields.filter(|(name, _)| name != "password" && may_wait(name));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    });
    let mut waits = false;
    for token in tokens {
        if let (false, Some(form)) = (waits, &form) {
            waits = operators::kept::keep(&state.engine, &token, page, form).await?;
        }
    }
    Ok(auth::sign_in_first(&if waits { format!("{page}?kept=true") } else { page.to_owned() }))
}
