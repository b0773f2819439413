//! What a client accepts, with the three rules that Kratos uses. They disagree on common inputs on purpose (Kratos:
//! x/isjsonrequest.go, x/http.go). Media types are compared case-sensitively, as measured.

use axum::http::{HeaderMap, header};

const FOUR: [&str; 4] = ["text/html", "text/*", "*/*", "application/json"];
const TWO: [&str; 2] = ["text/html", "application/json"];

/// Accept resolves to JSON, or the content type is exactly `application/json`.
pub fn is_json(headers: &HeaderMap) -> bool {
    resolve(headers, &FOUR) == "application/json"
        || headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json")
}

/// Accept alone, and HTML wins over everything else: also without any Accept.
pub fn is_browser(headers: &HeaderMap) -> bool {
    resolve(headers, &FOUR) == "text/html"
}

/// Accept names HTML, as every browser does that opens a page or sends a form. `*/*` does not: clients of the API send it.
pub fn names_html(headers: &HeaderMap) -> bool {
    let mut accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.any(|accept| accept.contains("text/html"))
}

/// Accept alone, HTML or JSON.
pub fn accepts_json(headers: &HeaderMap) -> bool {
    resolve(headers, &TWO) == "application/json"
}

/// Highest quality, then the more specific range, then the order of offers; the first offer when nothing fits.
fn resolve<'a>(headers: &HeaderMap, offers: &[&'a str]) -> &'a str {
    let accept: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accept = accept.join(",");
    let mut best: Option<(u32, u8, usize)> = None;
    for range in accept.split(',').map(str::trim).filter(|range| !range.is_empty()) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
        for (index, offer) in offers.iter().enumerate() {
            let Some(specific) = matches(media, offer) else { continue };
            let better = best.is_none_or(|(q, s, i)| {
                (quality, specific, std::cmp::Reverse(index)) > (q, s, std::cmp::Reverse(i))
            });
            if quality > 0 && better {
                best = Some((quality, specific, index));
            }
        }
    }
    best.and_then(|(_, _, index)| offers.get(index)).or(offers.first()).copied().unwrap_or_default()
}

fn matches(range: &str, offer: &str) -> Option<u8> {
    if range == "*/*" {
        return Some(0);
    }
    if range == offer {
        return Some(2);
    }
    let main = range.strip_suffix("/*")?;
    (offer.split('/').next() == Some(main)).then_some(1)
}

fn thousandths(text: &str) -> u32 {
    text.parse::<f32>().map_or(0, |quality| (quality.clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: Option<&str>, content_type: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_predicates_agree_with_the_contract() {
        for (accept, content_type, json, accepts) in [
            (None, None, false, false),
            (Some("*/*"), None, false, false),
            (Some("application/json"), None, true, true),
            (Some("application/json, text/plain, */*"), None, true, true),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), None, false, false),
            (None, Some("application/json"), true, false),
            (None, Some("application/json; charset=utf-8"), false, false),
            (Some("application/*"), None, true, true),
            (Some("APPLICATION/JSON"), None, false, false),
            (Some("application/problem+json"), None, false, false),
        ] {
            let headers = headers(accept, content_type);
            assert_eq!(is_json(&headers), json, "is_json {accept:?} {content_type:?}");
            assert_eq!(accepts_json(&headers), accepts, "accepts_json {accept:?} {content_type:?}");
        }
    }
}
