//! Routes of every page of the kit: a request becomes what the page is asked, its reply becomes a response. It knows no page.

use super::tester::Tester;
use super::visit::{Answer, Instead, Visit, again};
use crate::respond;
use crate::state::AppState;
use app::console;
use app::console::kit::{Asked, Download, Entry, Reply, mount};
use axum::Router;
use axum::body::Bytes;
use axum::extract::RawPathParams;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use std::sync::{Arc, LazyLock};

/// What the script of a page accepts: the part that it swaps in, as JSON.
pub(super) const SWAP: &str = "application/x-swap";

/// All of them.
pub(super) static PAGES: LazyLock<Vec<Arc<Entry>>> = LazyLock::new(|| {
    let mut pages = console::pages();
    pages.push(mount::<Tester>());
    pages.into_iter().map(Arc::new).collect()
});

/// Paths that pages had before: the first part, and what it is now.
const RENAMED: [(&str, &str); 1] = [("/actions", "/webhooks")];

pub(super) fn routes() -> Router<AppState> {
    let mut router = Router::new();
    for entry in PAGES.iter().cloned() {
        let path = entry.meta.path;
        let (look, act) = (entry.clone(), entry.clone());
        let mut methods =
            get(async move |visit: Visit, parameters: RawPathParams, uri: Uri, headers: HeaderMap| {
                answer(&look, visit, asked(&parameters, &uri, &headers, None)).await
            });
        if !entry.verbs.is_empty() {
            methods = methods.post(
                async move |visit: Visit,
                            parameters: RawPathParams,
                            uri: Uri,
                            headers: HeaderMap,
                            body: Bytes| {
                    let form = url::form_urlencoded::parse(&body).into_owned().collect();
                    answer(&act, visit, asked(&parameters, &uri, &headers, Some(form))).await
                },
            );
        }
        router = router.route(path, methods);
    }
    for (before, now) in RENAMED {
        // 308: a form that was opened before keeps its method and what was typed.
        let moved = move |uri: Uri| async move {
            let address = uri.path_and_query().map_or("", |address| address.as_str());
            let to = format!("{now}{}", address.strip_prefix(before).unwrap_or_default());
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)])
        };
        router = router.route(before, any(moved)).route(&format!("{before}/{{*rest}}"), any(moved));
    }
    router
}

/// Whether the script of a page asks.
pub(super) fn is_swap(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|kind| kind.trim() == SWAP)
}

fn asked(
    parameters: &RawPathParams,
    uri: &Uri,
    headers: &HeaderMap,
    form: Option<Vec<(String, String)>>,
) -> Asked {
    let of_the_path = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
    // The path's come first, and no query has one of their names.
    let names: Vec<&str> = parameters.iter().map(|(name, _)| name).collect();
    let query = query.filter(|(name, _)| !names.contains(&name.as_str()));
    Asked {
        address: uri.path_and_query().map_or("/", |address| address.as_str()).to_owned(),
        query: of_the_path.chain(query).collect(),
        form,
        swap: is_swap(headers),
    }
}

async fn answer(entry: &Entry, visit: Visit, asked: Asked) -> Answer {
    Ok(match (entry.answer)(visit, asked).await {
        Reply::Page { status: 200, html } => Html(html).into_response(),
        Reply::Page { status, html } => again(status, html),
        Reply::Swap { status, json } => swap(status, json),
        Reply::See(to) => respond::see_other(&to),
        Reply::Download(download) => attached(download),
        Reply::Gone => return Err(Instead::Nothing),
        Reply::Failed(failed) => return Err(Instead::Trouble(failed)),
    })
}

fn swap(status: u16, json: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, [(header::CONTENT_TYPE, SWAP), (header::VARY, "accept")], json).into_response()
}

fn attached(Download { name, kind, body }: Download) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}
