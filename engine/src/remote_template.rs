//! The source of a template: from the configuration, or fetched and kept for a while.

use crate::config::Template;
use crate::effects::Request;
use crate::engine::Ctx;
use chrono::TimeDelta;
use url::Url;

/// Bytes of a template that is fetched.
const TEMPLATE: usize = 1 << 20;

/// A template by http(s) is fetched again when it is older; while it cannot be, the old one serves.
const KEPT: TimeDelta = TimeDelta::minutes(5);

/// # Errors
/// Why it can't be fetched.
pub(crate) async fn source(ctx: &Ctx, template: &Template) -> Result<String, String> {
    let url = match template {
        Template::Source(source) => return Ok(source.clone()),
        Template::Remote(url) => url,
    };
    let now = ctx.effects().now();
    let kept = ctx.engine.kept_template(url);
    if let Some((at, text)) = &kept
        && now - at < KEPT
    {
        return Ok(text.clone());
    }
    match (fetch(ctx, url).await, kept) {
        (Ok(text), _) => {
            ctx.engine.keep_template(url.clone(), now, text.clone());
            Ok(text)
        }
        (Err(why), Some((_, text))) => {
            tracing::warn!(
                host = url.host_str(),
                "a template can't be fetched, so the previous one is used: {why}"
            );
            Ok(text)
        }
        (Err(why), None) => Err(why),
    }
}

async fn fetch(ctx: &Ctx, url: &Url) -> Result<String, String> {
    let request = Request {
        method: "GET".to_owned(),
        url: url.clone(),
        headers: Vec::new(),
        body: None,
        limit: TEMPLATE,
        deadline: ctx.config.vestibule.web_hook_deadline,
        reach: ctx.config.reach(url),
    };
    let answer = ctx.effects().outbound.send(request).await.map_err(|failure| failure.to_string())?;
    match String::from_utf8(answer.body) {
        Ok(source) if answer.status == 200 => Ok(source),
        Ok(_) => Err(format!("the server returned {}", answer.status)),
        Err(_) => Err("it is not text".to_owned()),
    }
}
