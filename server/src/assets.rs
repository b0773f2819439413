//! Styles and the console's script, embedded in the binary by `build.rs`. The URL contains the hash of the content, so browsers may
//! cache a file forever. Each file is stored compressed and uncompressed.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

struct Asset {
    name: &'static str,
    url: &'static str,
    hash: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
}

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.in"));

/// Everything under `/assets/`. Needs no state, sets no cookie, asks for no session.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{hash}/{*name}", get(serve))
}

/// The URL of an embedded file, such as `/assets/3f…/hosted.css`. Name it in a `const`: then a file that is missing
/// stops the build.
///
/// # Panics
/// When no file of that name is embedded.
pub const fn url(name: &str) -> &'static str {
    match find(name) {
        Some(asset) => asset.url,
        None => panic!("no embedded file has this name"),
    }
}

/// URLs of the console's script and of its WASM; `None` in a binary that was built without them.
pub const fn script() -> Option<(&'static str, &'static str)> {
    match (find("pkg/vestibule.js"), find("pkg/vestibule_bg.wasm")) {
        (Some(script), Some(wasm)) => Some((script.url, wasm.url)),
        _ => None,
    }
}

/// Bytes that travel to a browser, for tests of a page's weight.
#[cfg(test)]
pub(crate) fn transferred(name: &str) -> usize {
    find(name).map_or(0, |asset| asset.brotli.len())
}

const fn find(name: &str) -> Option<&'static Asset> {
    let mut at = 0;
    while at < ASSETS.len() {
        if same(ASSETS[at].name, name) {
            return Some(&ASSETS[at]);
        }
        at += 1;
    }
    None
}

/// `==` of strings does not exist in a `const fn` yet.
const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name && asset.hash == hash) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let brotli = accepts_brotli(&headers);
    // Two encodings are two representations, each with a tag of its own (RFC 9110 §8.8.3.3).
    let tag = format!("\"{}{}\"", asset.hash, if brotli { "-br" } else { "" });
    let fixed =
        [(header::CACHE_CONTROL, "public, max-age=31536000, immutable"), (header::VARY, "Accept-Encoding")];
    if headers.get_all(header::IF_NONE_MATCH).iter().any(|tags| matches(tags.as_bytes(), &tag)) {
        return (StatusCode::NOT_MODIFIED, fixed, [(header::ETAG, tag)]).into_response();
    }
    let body = if brotli { asset.brotli } else { asset.plain };
    let encoding = brotli.then_some([(header::CONTENT_ENCODING, "br")]);
    let own = [(header::ETAG, tag), (header::CONTENT_TYPE, asset.kind.to_owned())];
    match encoding {
        Some(encoding) => (fixed, own, encoding, body).into_response(),
        None => (fixed, own, body).into_response(),
    }
}

/// `If-None-Match` compares weakly (RFC 9110 §13.1.2).
fn matches(tags: &[u8], tag: &str) -> bool {
    std::str::from_utf8(tags).is_ok_and(|tags| {
        tags.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

/// Brotli is named and not given the weight 0 (RFC 9110 §12.5.3). Who sends only `*` gets the file as it is.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            named
                && !parts.any(|part| {
                    let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                    weight.and_then(|weight| weight.trim().parse::<f32>().ok()) == Some(0.0)
                })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    const HOSTED: &str = url("hosted.css");

    async fn get(url: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn bytes(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    fn header(response: &Response, name: &str) -> String {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_style_is_kept_for_ever_under_the_hash_of_its_content() {
        let answer = get(HOSTED, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, "content-type"), "text/css; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, "content-encoding"), "");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding");
        assert_eq!(bytes(answer).await, include_bytes!("../../style/hosted.css"));
    }

    #[tokio::test]
    async fn brotli_is_for_those_who_ask_for_it_and_holds_the_same() {
        let answer = get(HOSTED, &[("accept-encoding", "gzip, deflate, br;q=0.5")]).await;
        assert_eq!(header(&answer, "content-encoding"), "br");
        let small = bytes(answer).await;
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut small.as_slice(), &mut plain).unwrap();
        assert_eq!(plain, include_bytes!("../../style/hosted.css"));
        for refused in ["br;q=0", "gzip", "identity", "*", "brrr", ""] {
            assert_eq!(
                header(&get(HOSTED, &[("accept-encoding", refused)]).await, "content-encoding"),
                "",
                "{refused}"
            );
        }
    }

    #[tokio::test]
    async fn who_has_it_gets_it_not_again() {
        for encoding in ["br", "identity"] {
            let tag = header(&get(HOSTED, &[("accept-encoding", encoding)]).await, "etag");
            let again =
                get(HOSTED, &[("accept-encoding", encoding), ("if-none-match", &format!("\"x\", W/{tag}"))])
                    .await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(&again, "etag"), tag);
            assert!(bytes(again).await.is_empty());
        }
        let other = header(&get(HOSTED, &[]).await, "etag");
        let small = get(HOSTED, &[("accept-encoding", "br"), ("if-none-match", &other)]).await;
        assert_eq!(small.status(), StatusCode::OK, "the tag of the plain file is not that of the small one");
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        for url in [
            "/assets/0/hosted.css",
            "/assets/hosted.css",
            "/assets/../Cargo.toml",
            "/assets/0/../../Cargo.toml",
        ] {
            assert_eq!(get(url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
        }
    }
}
