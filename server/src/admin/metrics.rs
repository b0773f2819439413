//! `/admin/metrics/prometheus`: counters and current values (Kratos: oryx/prometheusx/handler.go).

use super::query::Query;
use crate::error::ApiError;
use axum::extract::{Extension, OriginalUri};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::metrics::{Now, Waiting};
use engine::store::{deliveries, messages};
use engine::{Ctx, Error};

/// Prometheus' text format, as in Kratos' response.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) async fn scrape(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    Query::none(&uri)?;
    let waiting = match waiting(&ctx).await {
        Ok(waiting) => Some(waiting),
        Err(error) => {
            crate::error::log(&error);
            None
        }
    };
    let now = Now {
        version: env!("CARGO_PKG_VERSION"),
        passwords_waiting: ctx.engine.hasher().waiting(),
        connections: ctx.db().connections(),
        waiting,
    };
    let text = ctx.engine.metrics().text(&now).map_err(Error::internal)?;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

async fn waiting(ctx: &Ctx) -> engine::Result<Waiting> {
    let mut tx = ctx.db().read().await?;
    Ok(Waiting { emails: messages::waiting(&mut tx).await?, hook_calls: deliveries::waiting(&mut tx).await? })
}
