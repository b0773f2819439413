//! An operator's visit to a page: what the route of a page is given, and what is shown where it has no page to show. A route takes a
//! [`Visit`] and leaves with `?`; it knows neither the frame of its page nor how a failure looks.

use crate::error;
use crate::state::AppState;
use app::console::{self as pages, Assets, Shell, checks, nav};
use axum::RequestPartsExt;
use axum::extract::rejection::ExtensionRejection;
use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use engine::operators::{self, OperatorSession};
use engine::{Engine, Error};
use std::sync::Arc;

pub(super) use app::console::kit::Visit;

/// What a route answers.
pub(super) type Answer<T = Response> = Result<T, Instead>;

/// What is shown instead of a page.
pub(super) enum Instead {
    /// There is no such page.
    Nothing,
    /// It did not work, and no form can show why.
    Trouble(Box<Error>),
}

impl From<Error> for Instead {
    fn from(failed: Error) -> Self {
        Self::Trouble(Box::new(failed))
    }
}

impl IntoResponse for Instead {
    /// The status alone, since what stands around a page is not known here: [`explained`] puts the page in.
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Nothing => StatusCode::NOT_FOUND,
            Self::Trouble(failed) => error::status(failed.kind),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The page for what a route left with.
pub(super) async fn explained(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    request: Request,
    next: Next,
) -> Response {
    let address = request.uri().clone();
    let mut response = next.run(request).await;
    let Some(instead) = response.extensions_mut().remove::<Arc<Instead>>() else { return response };
    let shell = shell(&state.engine, assets, &operator, &address);
    let page = |page| (response.status(), Html(page)).into_response();
    match instead.as_ref() {
        Instead::Nothing => page(pages::not_found(&Shell { place: None, ..shell })),
        Instead::Trouble(failed) => {
            error::log(failed);
            error::with_retry_after(page(pages::trouble(&shell, &failed.to_string())), failed)
        }
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let Extension(assets) = parts.extract::<Extension<Assets>>().await?;
        let Extension(operator) = parts.extract::<Extension<OperatorSession>>().await?;
        let engine = state.engine.clone();
        let shell = shell(&engine, assets, &operator, &parts.uri);
        Ok(Self { engine, operator, shell })
    }
}

fn shell(engine: &Engine, assets: Assets, operator: &OperatorSession, address: &Uri) -> Shell {
    let config = &engine.begin().config;
    let operator = operator.operator.clone();
    let mailbox = operators::mailbox::is_open(config);
    let page = |own: Option<&url::Url>, path: &str| config.ui_url(own, path).to_string();
    let user_pages = vec![
        ("Sign-up page", page(config.selfservice.registration.ui_url.as_ref(), "registration")),
        ("Sign-in page", page(config.selfservice.login.ui_url.as_ref(), "login")),
    ];
    let critical_count = checks::critical_count(config, engine.noticed().unnamed_proxies());
    let place = nav::section(address.path());
    let address = address.path_and_query().map_or("/", |address| address.as_str()).to_owned();
    let files = engine.files().not_applied().is_some();
    Shell { assets, operator, address, place, mailbox, critical_count, user_pages, files }
}

/// A page with a status of its own: a form that comes back.
pub(super) fn again(status: u16, page: String) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), Html(page)).into_response()
}
