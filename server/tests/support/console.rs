//! A browser without a script at the console: the whole router, form posts, redirects, cookies, and somebody signed in.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::operators::{self, Operator, Role};
use engine::store::{audit, operators as rows};
use engine::testing::World;
use engine::{Engine, settings};
use server::state::AppState;
use std::net::SocketAddr;
use tower::ServiceExt;

pub(crate) const BASE: &str = "http://127.0.0.1:4435";
pub(crate) const PAGE: &str = "/settings/authentication";
pub(crate) const FUNCTION: &str = "/api/settings/authentication";
pub(crate) const EMAIL: &str = "grace@console.test";
pub(crate) const VIEWER: &str = "vera@console.test";
pub(crate) const PASSWORD: &str = "velvet lantern harbour 41";
/// What the form sends when nothing was touched.
pub(crate) const UNTOUCHED: [(&str, &str); 4] = [
    ("registration_enabled", "true"),
    ("min_password_length", "8"),
    ("identifier_similarity_check", "true"),
    ("breach_check", "true"),
];

pub(crate) struct Console {
    /// Its data folder lasts as long.
    pub(crate) world: World,
    pub(crate) engine: Engine,
    pub(crate) router: Router,
    pub(crate) cookie: Option<String>,
}

/// The console's routes, asked from this machine.
pub(crate) fn router(engine: &Engine) -> Router {
    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    server::console::router(AppState { engine: engine.clone() }).layer(MockConnectInfo(peer))
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Console {
    /// Nobody is signed in yet.
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    pub(crate) async fn start_with(config: Vec<serde_json::Value>) -> Self {
        let world = World::default();
        let engine = world.engine("memory", config).await;
        Self { world, router: router(&engine), engine, cookie: None }
    }

    pub(crate) async fn signed_in(name: &str) -> Self {
        Self::start().await.with_operator(name).await
    }

    pub(crate) async fn with_operator(mut self, name: &str) -> Self {
        let console = &mut self;
        operators::create(&console.engine, EMAIL, name, PASSWORD).await.unwrap().unwrap();
        let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, PAGE));
        console.keep(&page);
        self
    }

    pub(crate) fn keep(&mut self, page: &Page) {
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }

    pub(crate) async fn get(&self, target: &str) -> Page {
        self.send(Request::get(target).header("host", "127.0.0.1:4435").header("accept", "text/html"), "")
            .await
    }

    pub(crate) async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        self.post_from(target, fields, &[("origin", BASE)]).await
    }

    pub(crate) async fn post_from(
        &self,
        target: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(target)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:4435");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, &body).await
    }

    pub(crate) async fn send(&self, mut request: axum::http::request::Builder, body: &str) -> Page {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await;
        let (parts, body) = answer.unwrap().into_parts();
        let html = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// The form as [`UNTOUCHED`], with some fields set to something else; an empty value leaves a field out.
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
        let untouched =
            UNTOUCHED.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        fields.extend(untouched);
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

    /// Makes an operator who may only look, and signs them in instead.
    pub(crate) async fn becomes_viewer(&mut self) {
        let mut tx = self.engine.db().write().await.unwrap();
        let (owner, password_hash) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
        let id = self.engine.effects().operator_id();
        let viewer = Operator { id, email: VIEWER.to_owned(), role: Role::Viewer, ..owner };
        assert!(rows::insert(&mut tx, &viewer, &password_hash).await.unwrap());
        tx.commit().await.unwrap();
        let page = self.post("/sign-in", &[("email", VIEWER), ("password", PASSWORD)]).await;
        self.keep(&page);
    }
}

/// The tag that holds `attribute`.
pub(crate) fn tag<'a>(html: &'a str, attribute: &str) -> &'a str {
    let at = html.find(attribute).unwrap_or_else(|| panic!("no {attribute} in {html}"));
    let start = html[..at].rfind('<').unwrap();
    let end = at + html[at..].find('>').unwrap();
    &html[start..=end]
}
