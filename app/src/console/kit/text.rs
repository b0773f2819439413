//! Small pieces of text as HTML: times, names, code, notes with a level.

use chrono::{DateTime, Utc};
use engine::settings::Severity;
use leptos::prelude::*;

/// What is between backticks is code.
pub fn with_code(text: &str) -> Vec<AnyView> {
    let parts = text.split('`').enumerate();
    parts
        .map(|(number, part)| match number % 2 {
            1 => view! { <code>{part.to_owned()}</code> }.into_any(),
            _ => part.to_owned().into_any(),
        })
        .collect()
}

/// A name, address or label from outside: it may run right to left.
pub fn name(text: impl Into<String>) -> AnyView {
    let text: String = text.into();
    view! { <bdi>{text}</bdi> }.into_any()
}

/// A box with a level, a title and a text.
pub fn note(severity: Severity, title: &str, text: &str) -> AnyView {
    noted(severity, title, text, ().into_any())
}

/// The same with a button.
pub fn noted(severity: Severity, title: &str, text: &str, button: AnyView) -> AnyView {
    let (class, word) = match severity {
        Severity::Error => ("note danger", "Error: "),
        Severity::Danger => ("note danger", "Danger: "),
        Severity::Warning => ("note warning", "Warning: "),
        Severity::Info => ("note info", "Info: "),
    };
    view! {
        <div class=class>
            {sign(severity)}
            <span><b><span class="word">{word}</span>{with_code(title)}</b>{with_code(text)}</span>
            {button}
        </div>
    }
    .into_any()
}

pub fn sign(severity: Severity) -> AnyView {
    let path = match severity {
        Severity::Error | Severity::Danger => "M9 1.5 17 16H1ZM9 7v4M9 13.2v.1",
        Severity::Warning => "M9 1.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M9 5v5M9 12.5v.1",
        Severity::Info => "M9 1.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M9 8v5M9 5.4v.1",
    };
    view! {
        <svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" aria-hidden="true">
            <path d=path />
        </svg>
    }
    .into_any()
}

/// "5 minutes ago", with the exact time in the element.
pub fn ago(now: DateTime<Utc>, at: DateTime<Utc>) -> AnyView {
    view! { <time datetime=machine(at) title=exact(at)>{span(now, at)}</time> }.into_any()
}

/// For cells of a table: "5 minutes ago", and under it the exact time for everyone to read.
pub fn when(now: DateTime<Utc>, at: DateTime<Utc>) -> AnyView {
    view! { <time datetime=machine(at)>{span(now, at)}<small>{exact(at)}</small></time> }.into_any()
}

/// A moment to come, such as "7 Dec 2026, 10:36 UTC".
pub fn on(at: DateTime<Utc>) -> AnyView {
    view! { <time datetime=machine(at)>{exact(at)}</time> }.into_any()
}

fn machine(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As a person reads it.
pub fn exact(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

fn span(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds().max(0);
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        86400..1_209_600 => (seconds / 86400, "day"),
        _ => (seconds / 604_800, "week"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

/// A key with places where a narrow page may break it, rather than anywhere.
pub fn breakable(key: &str) -> Vec<AnyView> {
    key.split_inclusive(['.', '_']).map(|part| view! { {part.to_owned()}<wbr /> }.into_any()).collect()
}

/// The content of a text area, for its `inner_html`: the library writes the content as it is, and a browser drops the first line
/// break.
pub fn in_text_area(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_a_person_would_use() {
        let now = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
        let before = |seconds: i64| span(now, now - chrono::TimeDelta::seconds(seconds));
        for (seconds, said) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7200, "2 hours ago"),
            (86_400, "1 day ago"),
            (13 * 86_400, "13 days ago"),
            (14 * 86_400, "2 weeks ago"),
        ] {
            assert_eq!(before(seconds), said);
        }
    }
}
