//! *Webhooks*: what each web hook can do and whether it runs, its calls, and web hooks that are made there.

mod calls;
mod hosts;
mod keeping;
mod making;

use crate::client::{Console, Page};
use axum::http::StatusCode;
use serde_json::{Value, json};

const LIST: &str = "/webhooks";
const NEW: &str = "/webhooks/new";
const CHANGE: &str = "/webhooks/change";
const PRESS: &str = "/webhooks/press";
const CRM: &str = "https://crm.example.org/new";

/// What the form sends when its name and address were typed.
const TYPED: [(&str, &str); 8] = [
    ("id", "crm"),
    ("place", "registration.after"),
    ("outcome", "inform"),
    ("on", "true"),
    ("url", CRM),
    ("method", "POST"),
    ("body.kind", "account"),
    ("auth.kind", "none"),
];

impl Page {
    /// The value of the one control of that name.
    fn value(&self, name: &str) -> String {
        let control = self.html.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_default();
        let tag = control.split('>').next().unwrap_or_default();
        let value = tag.split("value=\"").nth(1).unwrap_or_default();
        value.split('"').next().unwrap_or_default().to_owned()
    }
}

fn listing(hosts: Value) -> Value {
    json!({"vestibule": {"web_hooks": {"allowed_hosts": hosts}}})
}

impl Console {
    /// Where web hooks may be made.
    async fn where_hooks_are_made() -> Self {
        Self::with_files(listing(json!(["crm.example.org", "127.0.0.1"]))).await
    }

    /// With an owner signed in.
    async fn with_files(config: Value) -> Self {
        Self::start_with(vec![config]).await.with_operator("Grace").await
    }

    /// The form as [`TYPED`], with some fields set to something else; an empty value leaves a field out.
    async fn send_hook(&self, target: &str, step: &str, base: i64, changed: &[(&str, &str)]) -> Page {
        let base = base.to_string();
        let mut fields = vec![("action", step), ("base", base.as_str())];
        fields.extend(TYPED.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name)));
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post(target, &fields).await
    }

    async fn make(&self, changed: &[(&str, &str)]) -> Page {
        self.send_hook(NEW, "save", self.revision(), changed).await
    }

    async fn change(&self, base: i64, changed: &[(&str, &str)]) -> Page {
        let mut all = vec![("edited", "crm")];
        all.extend(changed);
        self.send_hook(CHANGE, "save", base, &all).await
    }

    async fn press(&self, act: &str, base: i64, more: &[(&str, &str)]) -> Page {
        let base = base.to_string();
        let mut fields = vec![("id", "crm"), ("act", act), ("base", base.as_str())];
        fields.extend(more);
        self.post(PRESS, &fields).await
    }

    fn revision(&self) -> i64 {
        self.engine.begin().config.revision
    }
}

fn led(page: &Page, location: &str) {
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, location), "{}", page.html);
}
