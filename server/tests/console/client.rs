//! What a browser does at the page *Authentication settings*, and who is before it.

pub(crate) use crate::browser::{BASE, Console, EMAIL, PASSWORD, Page, router};
use engine::operators::Role;
use engine::settings;
use engine::settings::table::{self, Kind, on_page};
use engine::store::audit;
use engine::testing::World;

pub(crate) const PAGE: &str = "/settings/authentication";
pub(crate) const FUNCTION: &str = "/api/settings/authentication";
pub(crate) const VIEWER: &str = "vera@console.test";

pub(crate) const VERIFICATION: &str = "/settings/email-verification";
pub(crate) const PASSWORDS: &str = "/settings/password-policy";

/// What the form of a page sends when nothing was touched, and everything has its default.
pub(crate) fn untouched(page: table::Page) -> impl Iterator<Item = (&'static str, String)> {
    on_page(page).filter_map(|setting| {
        let on = matches!(setting.kind, Kind::Switch) && setting.default() == "on";
        let number = matches!(setting.kind, Kind::Number).then(|| (setting.name, setting.default()));
        on.then(|| (setting.name, "true".to_owned())).or(number)
    })
}

/// The page that a control is on.
fn page_of(control: &str) -> Option<table::Page> {
    let page = settings::setting(control.split('.').next()?)?.section.page;
    page.is_form().then_some(page)
}

/// What is typed on another page goes along as an unsaved value of that page.
fn also(control: &str, value: &str) -> (String, String) {
    let (name, method) = control.split_once('.').unwrap_or((control, ""));
    let per_method = settings::setting(name).is_some_and(|setting| setting.kind == Kind::PerMethod);
    let value = match (per_method, method, value) {
        (true, "", "true") => "\"on\"".to_owned(),
        (true, "", _) => "\"off\"".to_owned(),
        (true, method, _) => format!("{{\"{method}\": \"on\"}}"),
        (false, _, "") => "false".to_owned(),
        (false, _, value) => value.to_owned(),
    };
    (format!("also.{name}"), value)
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

    /// The form of the page with the first of those controls, as [`untouched`], with some fields set to something else; an empty
    /// value leaves a field out.
    pub(crate) async fn submit(&self, action: &str, base: &str, changed: &[(&str, &str)]) -> Page {
        let page = changed.iter().find_map(|(name, _)| page_of(name));
        self.submit_to(page.map_or(PAGE, |page| page.about().path), action, base, changed).await
    }

    pub(crate) async fn submit_to(
        &self,
        target: &str,
        action: &str,
        base: &str,
        changed: &[(&str, &str)],
    ) -> Page {
        let page = table::Page::ALL.into_iter().find(|page| page.about().path == target);
        let page = page.unwrap_or(table::Page::Authentication);
        let changed: Vec<(String, String)> = changed
            .iter()
            .map(|(name, value)| match page_of(name) {
                Some(other) if other != page => also(name, value),
                _ => ((*name).to_owned(), (*value).to_owned()),
            })
            .collect();
        let other = |name: &str| !changed.iter().any(|(changed, _)| changed == name);
        let kept: Vec<(&str, String)> = untouched(page).filter(|(name, _)| other(name)).collect();
        let mut fields = vec![("action", action), ("base", base)];
        fields.extend(kept.iter().map(|(name, value)| (*name, value.as_str())));
        let typed = changed.iter().filter(|(_, value)| !value.is_empty());
        fields.extend(typed.map(|(name, value)| (name.as_str(), value.as_str())));
        self.post(target, &fields).await
    }

    pub(crate) async fn values(&self) -> settings::Current {
        settings::current(&self.engine).await.unwrap()
    }

    pub(crate) async fn audited(&self) -> Vec<(String, String)> {
        let mut tx = self.engine.db().read().await.unwrap();
        let entries = audit::list(&mut tx, 1000).await.unwrap();
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
