//! Which pages may send a form: hosted pages, pages that the configuration names, and clients that are no browser. This is checked
//! before the form is read, so that another page can't write or use up anything.

use crate::error::ApiError;
use crate::{cors, hosted, negotiate};
use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::Ctx;
use engine::config::Config;
use engine::form::csrf;

/// Around every route that takes a form.
pub async fn from_our_pages(Extension(ctx): Extension<Ctx>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    // sabotage: form-origin
    match sender(&ctx.config, request.headers()) {
        Sender::Own => next.run(request).await,
        refused @ (Sender::Foreign(_) | Sender::Null | Sender::Unnamed) => {
            answer(&ctx, request.headers(), &refused)
        }
    }
}

/// The page that a form was sent from, as far as the browser tells.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Sender {
    /// One of our pages, a page that the configuration names, or a client that is no browser.
    Own,
    /// A page of that origin.
    Foreign(String),
    /// `Origin: null`: a page that hides its origin.
    Null,
    /// The browser says that the page belongs to another site, and does not say to which.
    Unnamed,
}

fn sender(config: &Config, headers: &HeaderMap) -> Sender {
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        // A header that must not be repeated says nothing when it is.
        (value, values.next().is_some())
    };
    let (site, _) = only("sec-fetch-site");
    let (origin, repeated) = only(header::ORIGIN.as_str());
    match (site.as_deref(), origin) {
        // A page cannot set this header: the browser does.
        (Some("same-origin" | "none"), _) if !repeated => Sender::Own,
        (_, Some(origin)) if origin == "null" && !repeated => match config.vestibule.allow_null_origin {
            true => Sender::Own,
            false => Sender::Null,
        },
        (_, Some(origin)) if !repeated && cors::is_of_our_pages(config, &origin) => Sender::Own,
        (_, Some(origin)) => Sender::Foreign(origin),
        // Servers that render pages, and browsers from before these headers. The cookie and the form's token are still required.
        (None, None) => Sender::Own,
        (Some(_), None) => Sender::Unnamed,
    }
}

/// 403, without a redirect and without a row: an error page that is stored would let any site write into our database.
fn answer(ctx: &Ctx, headers: &HeaderMap, sender: &Sender) -> Response {
    let reject = match sender {
        Sender::Null => {
            if ctx.engine.may_log_refused_form(true) {
                tracing::warn!(
                    "A form with `Origin: null` was rejected. A page sends that if its Referrer-Policy is no-referrer, or \
                     same-origin while it posts to another origin: set `Referrer-Policy: strict-origin-when-cross-origin` on the page. \
                     vestibule.forms.allow_null_origin accepts such forms."
                );
            }
            "The Origin header is null. Set the page's Referrer-Policy to strict-origin-when-cross-origin."
                .to_owned()
        }
        Sender::Foreign(origin) => {
            let origin: String = origin.chars().take(200).collect();
            if ctx.engine.may_log_refused_form(false) {
                tracing::warn!(
                    origin,
                    "A form from a page of another origin was rejected. If the page is yours, add it to a ui_url or to \
                     serve.public.cors.allowed_origins."
                );
            }
            format!(
                "The Origin header is {origin:?}. It isn't the origin of serve.public.base_url or of a ui_url, and \
                 serve.public.cors.allowed_origins doesn't list it."
            )
        }
        Sender::Unnamed | Sender::Own => {
            "The Sec-Fetch-Site header is cross-site, and there is no Origin header.".to_owned()
        }
    };
    let mut error = csrf::violation().detail("reject_reason", reject);
    error.reason = SENTENCE.to_owned();
    if negotiate::is_json(headers) {
        return ApiError(error).into_response();
    }
    hosted::refused(&ctx.config, Some("form_from_another_site"), &error)
}

const SENTENCE: &str = "This form was sent from a page of another site. Open the form on the site of this service and send it from there.";

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing;
    use serde_json::{Value, json};

    fn ask(more: Value, pairs: &[(&'static str, &str)]) -> Sender {
        let mut document = json!({
            "serve": { "public": {
                "base_url": "https://id.example/auth/",
                "cors": { "enabled": true, "allowed_origins": ["*", "https://app.example", "https://*.shop.example"] },
            } },
            "selfservice": { "flows": {
                "login": { "ui_url": "https://login.example/in" },
                "settings": { "ui_url": "https://account.example:8443/settings" },
                "error": { "ui_url": "/error-page" },
            } },
        });
        if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
            document.extend(more);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        sender(&testing::config(vec![document]), &headers)
    }

    #[test]
    fn our_pages_named_pages_and_clients_without_either_header_may_send_forms() {
        for pairs in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("origin", "https://id.example")],
            &[("origin", "https://login.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://account.example:8443"), ("sec-fetch-site", "same-site")],
            &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://a.shop.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://a.b.shop.example")],
        ] {
            assert_eq!(ask(json!({}), pairs), Sender::Own, "{pairs:?}");
        }
    }

    #[test]
    fn every_other_page_may_not() {
        for origin in [
            "https://evil.example",
            "http://id.example",
            "https://id.example:444",
            "https://id.example.evil.example",
            "https://id.example/",
            "https://sub.id.example",
            "https://login.example:8443",
            "https://shop.example",
            "https://evilshop.example",
            "http://a.shop.example",
            "https://.shop.example",
            "*",
            "",
            "https://id.ex\u{e4}mple",
        ] {
            for site in [None, Some("cross-site"), Some("same-site"), Some("nonsense"), Some("Same-Origin")] {
                let mut pairs = vec![("origin", origin)];
                pairs.extend(site.map(|site| ("sec-fetch-site", site)));
                assert!(matches!(ask(json!({}), &pairs), Sender::Foreign(_)), "{pairs:?}");
            }
        }
        for site in ["cross-site", "same-site", "", "same-origin, none"] {
            assert_eq!(ask(json!({}), &[("sec-fetch-site", site)]), Sender::Unnamed, "{site}");
        }
        let twice = [("origin", "https://id.example"), ("origin", "https://evil.example")];
        assert!(matches!(ask(json!({}), &twice), Sender::Foreign(_)), "a header that must not be repeated");
    }

    #[test]
    fn a_hidden_origin_needs_the_key() {
        let null = [("origin", "null"), ("sec-fetch-site", "cross-site")];
        assert_eq!(ask(json!({}), &null), Sender::Null);
        assert_eq!(ask(json!({}), &null[..1]), Sender::Null);
        let allowed = json!({ "vestibule": { "forms": { "allow_null_origin": true } } });
        assert_eq!(ask(allowed.clone(), &null), Sender::Own);
        let foreign = [("origin", "https://evil.example")];
        assert!(matches!(ask(allowed, &foreign), Sender::Foreign(_)), "the key is for `null` alone");
        let listed = json!({ "serve": { "public": { "base_url": "https://id.example/", "cors": { "enabled": true, "allowed_origins": ["null"] } } } });
        assert_eq!(ask(listed, &null), Sender::Null, "a list of origins does not allow `null`");
        let off = json!({ "serve": { "public": { "base_url": "https://id.example/", "cors": { "enabled": false, "allowed_origins": ["https://app.example"] } } } });
        assert!(matches!(ask(off, &[("origin", "https://app.example")]), Sender::Foreign(_)), "CORS is off");
    }
}
