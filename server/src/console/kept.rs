//! Forms that wait for an operator whose session ran out before Save: of which pages, and what of them. Whose a form is and how long it
//! waits is said by `engine::operators::kept`.

use super::auth;
use super::mounted::PAGES;
use crate::state::AppState;
use axum::extract::Request;
use axum::response::Response;
use engine::operators;

/// The path of a form that waits, and whether a field of it may. Each page says so: it knows its secrets.
type Kept = (String, fn(&str) -> bool);

/// The page at that path, if its form waits.
pub(super) fn page(path: &str) -> Option<Kept> {
    let exact = PAGES.iter().find(|entry| entry.meta.path == path);
    let entry = exact.or_else(|| PAGES.iter().find(|entry| is_at(entry.meta.path, path)))?;
    Some((path.to_owned(), entry.meta.draft?))
}

/// Whether that is the path of a page, whose parameters are in braces.
fn is_at(page: &str, path: &str) -> bool {
    let (page, path): (Vec<&str>, Vec<&str>) = (page.split('/').collect(), path.split('/').collect());
    let same = |(wanted, is): (&&str, &&str)| wanted == is || (wanted.starts_with('{') && !is.is_empty());
    page.len() == path.len() && page.iter().zip(&path).all(same)
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
            waits = operators::kept::keep(&state.engine, &token, &page, form).await?;
        }
    }
    Ok(auth::sign_in_first(&if waits { format!("{page}?kept=true") } else { page }))
}
