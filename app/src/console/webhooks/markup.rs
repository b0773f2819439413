//! Pieces that several pages of web hooks show.

use super::words::outcome;
use crate::console::kit::text::{ago, name};
use crate::console::plan;
use chrono::{DateTime, Utc};
use engine::hooks::{self, Sample};
use engine::settings::actions::Action;
use engine::settings::web_hooks::{Flow, Preview, Secret};
use engine::store::deliveries::{Count, Status};
use leptos::prelude::*;
use serde_json::Value;

pub(super) fn outcome_of(action: &Action) -> (&'static str, &'static str) {
    outcome(action.hook.response, action.stage, action.flow, action.atomic)
}

pub(super) fn said(lines: Vec<(bool, String)>) -> AnyView {
    let lines = lines.into_iter().map(|(runs, line)| {
        let class = if runs { "when" } else { "when idle" };
        view! { <p class=class>{line}</p> }
    });
    lines.collect_view().into_any()
}

/// "12 calls, 1 failed, last 5 minutes ago"; of a long log "Last 1000 calls, …"
pub(super) fn calls(counts: &[&Count], now: DateTime<Utc>) -> AnyView {
    let total: i64 = counts.iter().map(|count| count.count).sum();
    let of = |wanted: Status| {
        counts.iter().filter(|count| count.status == wanted).map(|count| count.count).sum::<i64>()
    };
    let (failed, waiting) = (of(Status::Failed), of(Status::Queued) + of(Status::Processing));
    let Some(last) = counts.iter().map(|count| count.last).max() else {
        return "No calls yet".into_any();
    };
    let mut text = match total {
        1 => "1 call".to_owned(),
        hooks::COUNTED.. => format!("Last {total} calls"),
        _ => format!("{total} calls"),
    };
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    if waiting > 0 {
        text.push_str(&format!(", {waiting} queued"));
    }
    view! { {text}", last "{ago(now, last)} }.into_any()
}

/// Who decides about it.
pub(super) fn origin(action: &Action) -> AnyView {
    match (&action.file, action.hook.from_console) {
        (_, true) => view! { <span>"Created here"</span> }.into_any(),
        (Some(file), false) => view! { <span>{format!("Defined in {file}")}</span> }.into_any(),
        (None, false) => view! { <span>"Copied from the flow-level hooks"</span> }.into_any(),
    }
}

/// What may be shown of a secret.
pub(super) fn held(secret: &Secret, now: DateTime<Utc>, after: &'static str) -> AnyView {
    let Some(held) = &secret.held else {
        return view! { <b class="gone">"Secret deleted. Calls fail until you enter it again. "</b>{after} }
            .into_any();
    };
    let used = match held.used_at {
        Some(at) => view! { ", last used "{ago(now, at)} }.into_any(),
        None => ", never used".into_any(),
    };
    view! { <code>{held.fingerprint.clone()}</code>" set by "{name(held.set_by.clone())}" "{ago(now, held.set_at)}{used}". "{after} }
        .into_any()
}

pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What the template makes of a user.
pub(super) fn sampled(sample: Sample) -> AnyView {
    let Sample { input, made_up, output, .. } = sample;
    let from = match made_up {
        true => "With a made-up user, because nothing was sent yet.",
        false => "With the last call, secrets removed.",
    };
    let made = match output {
        Ok(Some(text)) => {
            let text = serde_json::from_str::<Value>(&text).map_or(text, |value| pretty(&value));
            view! { <pre data-testid="output">{text}</pre> }.into_any()
        }
        Ok(None) => view! { <p>"The request has no body."</p> }.into_any(),
        Err(why) => view! {
            <div class="note danger" role="alert" id="broken"><span><b>"Nothing can be sent"</b><span data-testid="output">{why}</span></span></div>
        }
        .into_any(),
    };
    view! {
        <h3>"Request body"</h3>
        <p class="soft">{from}</p>
        {made}
        <details><summary>"Template input"</summary><pre>{pretty(&input)}</pre></details>
    }
    .into_any()
}

pub(super) fn drawing(preview: &Preview) -> Option<AnyView> {
    let title = match preview.flow {
        Flow::Registration => "Sign-up flow",
        Flow::Login => "Sign-in flow",
        Flow::Verification => return None,
    };
    (!preview.pipelines.is_empty()).then(|| plan::drawing(title, &preview.pipelines))
}
