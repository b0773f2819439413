//! What a browser does at the page *Authentication settings*, and who is before it.

pub(crate) use crate::browser::{BASE, Console, EMAIL, PASSWORD, Page, router};
use engine::operators::Role;
use engine::settings;
use engine::settings::table::{Kind, on_page};
use engine::store::audit;
use engine::testing::World;

pub(crate) const PAGE: &str = "/settings/authentication";
pub(crate) const FUNCTION: &str = "/api/settings/authentication";
pub(crate) const VIEWER: &str = "vera@console.test";

/// What the form sends when nothing was touched, and everything has its default.
pub(crate) fn untouched() -> impl Iterator<Item = (&'static str, String)> {
    on_page(settings::table::Page::Authentication).filter_map(|setting| {
        let on = matches!(setting.kind, Kind::Switch) && setting.default() == "on";
        let number = matches!(setting.kind, Kind::Number).then(|| (setting.name, setting.default()));
        on.then(|| (setting.name, "true".to_owned())).or(number)
    })
}

impl Console {
    /// Nobody is signed in yet.
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    pub(crate) async fn start_with(config: Vec<serde_json::Value>) -> Self {
        let world = World::default();
        let engine = world.engine("memory", config).await;
        Self::on(world, engine)
    }

    pub(crate) async fn signed_in(name: &str) -> Self {
        Self::start().await.with_operator(name).await
    }

    /// Somebody of that role signs in instead.
    pub(crate) async fn becomes(&mut self, email: &str, role: Role) {
        self.cookie = self.another(email, role).await.cookie;
    }

    pub(crate) async fn becomes_viewer(&mut self) {
        self.becomes(VIEWER, Role::Viewer).await;
    }

    /// The form as [`untouched`], with some fields set to something else; an empty value leaves a field out.
    pub(crate) async fn submit(&self, action: &str, base: &str, changed: &[(&str, &str)]) -> Page {
        self.submit_to(PAGE, action, base, changed).await
    }

    pub(crate) async fn submit_to(
        &self,
        target: &str,
        action: &str,
        base: &str,
        changed: &[(&str, &str)],
    ) -> Page {
        let mut fields = vec![("action", action), ("base", base)];
        let untouched: Vec<(&str, String)> =
            untouched().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name)).collect();
        fields.extend(untouched.iter().map(|(name, value)| (*name, value.as_str())));
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post(target, &fields).await
    }

    pub(crate) async fn values(&self) -> settings::Current {
        settings::current(&self.engine).await.unwrap()
    }

    pub(crate) async fn audited(&self) -> Vec<(String, String)> {
        let mut tx = self.engine.db().read().await.unwrap();
        let entries = audit::list(&mut tx, 100).await.unwrap();
        entries.into_iter().map(|entry| (entry.action, entry.actor)).collect()
    }
}

/// The tag that holds `attribute`.
pub(crate) fn tag<'a>(html: &'a str, attribute: &str) -> &'a str {
    let at = html.find(attribute).unwrap_or_else(|| panic!("no {attribute} in {html}"));
    let start = html[..at].rfind('<').unwrap();
    let end = at + html[at..].find('>').unwrap();
    &html[start..=end]
}
