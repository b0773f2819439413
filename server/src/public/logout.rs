//! Sign-out: in a browser with a token in the URL, in an app with the session token.

use super::{current, flows::query};
use crate::error::{ApiError, forward};
use crate::{cookies, negotiate, respond};
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::flow::logout;
use engine::form::request::first;
use engine::form::return_to;
use engine::{Ctx, Error, session};
use serde::Deserialize;
use serde_json::json;

/// `{logout_url, logout_token}` for the session of this request.
pub async fn start(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let query = query(&uri);
    let outcome = async {
        let current = current(&ctx, &headers).await?.ok_or_else(session::inactive)?;
        let mut parameters = url::form_urlencoded::Serializer::new(String::new());
        if let Some(wanted) = first(&query, "return_to") {
            parameters.append_pair("return_to", return_to::check(&ctx.config, wanted).map(|_| wanted)?);
        }
        let token = logout::token(&ctx, &current.session);
        parameters.append_pair("token", &token);
        let url = ctx.config.public_url(&format!("self-service/logout?{}", parameters.finish()));
        Ok::<_, Error>(json!({ "logout_url": url, "logout_token": token }))
    };
    match outcome.await {
        Ok(body) => respond::json(&body),
        Err(error) => forward(&ctx, &headers, error).await,
    }
}

/// Ends the session whose token stands in the address.
pub async fn submit(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let query = query(&uri);
    let outcome = async {
        let token = first(&query, "token").ok_or_else(|| {
            Error::invalid(
                "The sign-out URL has no token. Request a new URL at /self-service/logout/browser.",
            )
        })?;
        let current = current(&ctx, &headers).await?.ok_or_else(session::inactive)?;
        let target = logout::return_url(&ctx, first(&query, "return_to"))?;
        logout::submit(&ctx, &current.session, token).await?;
        Ok::<_, Error>(target)
    };
    match outcome.await {
        Ok(target) => {
            let mut response = if negotiate::is_json(&headers) {
                StatusCode::NO_CONTENT.into_response()
            } else {
                respond::see_other(target.as_str())
            };
            respond::append_cookie(&mut response, cookies::new_csrf(&ctx).1);
            respond::append_cookie(&mut response, cookies::delete_session(&ctx.config));
            response
        }
        Err(error) => forward(&ctx, &headers, error).await,
    }
}

#[derive(Deserialize)]
struct Native {
    #[serde(default)]
    session_token: String,
}

/// `{session_token}` in the body, for apps.
pub async fn native(Extension(ctx): Extension<Ctx>, bytes: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Native>(&bytes) else {
        return ApiError(Error::invalid("Send a JSON object with the member session_token.")).into_response();
    };
    match session::revoke_by_token(&ctx, &body.session_token).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => ApiError(error).into_response(),
    }
}
