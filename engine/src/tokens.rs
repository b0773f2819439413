//! Sessions as JSON Web Tokens, for services that verify a token by themselves (Kratos: session/tokenizer.go).

use crate::config::Subject;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::remote_template;
use crate::session::{self, Session};
use serde_json::{Map, Value, json};

/// Claims that are points in time.
const TIMES: [&str; 3] = ["exp", "nbf", "iat"];

/// A token for the session, by the template of that name. It expires with the session at the latest.
///
/// # Errors
/// 400 an unknown template, a claims mapping that fails, or an identity without the ID that the template asks for · 503 too many
/// mappings at once.
pub async fn tokenize(ctx: &Ctx, name: &str, session: &Session, identity: &Identity) -> Result<String> {
    let Some(template) = ctx.config.session.token_templates.get(name) else {
        return Err(Error::invalid(format!("Unknown token template {name:?}.")));
    };
    let now = ctx.effects().now();
    let subject = match template.subject {
        Subject::Id => identity.id.to_string(),
        Subject::ExternalId => identity.external_id.clone().ok_or_else(|| {
            Error::invalid("The identity has no external ID, which this token template requires.")
        })?,
    };
    let mut claims = json!({
        "jti": ctx.effects().uuid(),
        "iss": ctx.config.serve.public.base_url_text,
        "exp": (now + template.ttl).timestamp(),
        "sid": session.id,
        "nbf": now.timestamp(),
        "iat": now.timestamp(),
        "sub": subject,
    });
    if let Some(mapper) = &template.mapper {
        let failed = |why: String| {
            tracing::warn!(template = name, "the claims mapping of a session token failed: {why}");
            Error::invalid("The claims mapping of this token template failed.")
        };
        let source = remote_template::source(ctx, mapper).await.map_err(failed)?;
        let shown = session::to_json(&ctx.config, session, Some(identity), now);
        let variables =
            vec![("session".to_owned(), shown.to_string()), ("claims".to_owned(), claims.to_string())];
        let _pass = ctx.engine.gates().templates.enter(ctx.config.vestibule.work.templates).await?;
        let made = ctx.effects().templates.map(source, variables).await;
        for (claim, value) in mapped(&made.map_err(|failure| failed(failure.to_string()))?).map_err(failed)? {
            claims[claim] = value;
        }
        claims["sub"] = subject.into();
    }
    // sabotage: token-within-session
    if claims["exp"].as_f64().is_none_or(|end| end > session.expires_at.timestamp() as f64) {
        claims["exp"] = session.expires_at.timestamp().into();
    }
    template.key.sign(&claims).map_err(Error::internal)
}

/// What a mapping adds: `{"claims": {…}}`.
fn mapped(made: &str) -> std::result::Result<Map<String, Value>, String> {
    let mut made: Value = serde_json::from_str(made).map_err(|failure| failure.to_string())?;
    let Value::Object(claims) = made["claims"].take() else {
        return Err("it doesn't return `{claims: {…}}`".to_owned());
    };
    for time in TIMES {
        if claims.get(time).is_some_and(|value| !value.is_number()) {
            return Err(format!("`claims.{time}` is not a number"));
        }
    }
    Ok(claims)
}
