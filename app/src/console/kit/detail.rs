//! Parts of a page about one thing: facts in pairs, and secrets that are shown once.

use leptos::prelude::*;

/// Pairs of a word and a value.
pub fn facts<T: Into<String>>(pairs: Vec<(T, AnyView)>) -> AnyView {
    view! {
        <dl class="facts">
            {pairs.into_iter().map(|(word, value)| view! { <div><dt><bdi>{word.into()}</bdi></dt><dd>{value}</dd></div> }).collect_view()}
        </dl>
    }
    .into_any()
}

/// A field to copy from: a redirect URI, or a secret that no later page shows.
pub fn copied(id: &str, label: AnyView, named: &str, value: String, testid: &'static str) -> AnyView {
    view! {
        <div class="made">
            <label for=id.to_owned()>{label}</label>
            <input id=id.to_owned() class="link" type="text" readonly=true value=value autocomplete="off" data-testid=testid />
            <button class="button small" type="button" data-copy=id.to_owned() aria-label=format!("Copy {named}")>"Copy"</button>
            <span role="status" data-copied=""></span>
        </div>
    }
    .into_any()
}

/// A value that this answer shows and no other one does.
pub fn once(
    title: &'static str,
    text: AnyView,
    label: &'static str,
    named: &str,
    id: &str,
    value: String,
) -> AnyView {
    let testid = match id {
        "secret" => "secret",
        _ => "link",
    };
    view! {
        <div class="note info" id="made" tabindex="-1" autofocus=true>
            <div><b>{title}</b><p>{text}</p>{copied(id, label.into_any(), named, value, testid)}</div>
        </div>
    }
    .into_any()
}
