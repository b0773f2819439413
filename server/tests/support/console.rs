//! A browser without a script at the console: the whole router, form posts, redirects, cookies, and somebody signed in.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::middleware::Next;
use engine::Engine;
use engine::operators::{self, Operator, Role};
use engine::store::operators as rows;
use engine::testing::World;
use server::state::AppState;
use std::net::SocketAddr;
use tower::ServiceExt;

pub(crate) const BASE: &str = "http://127.0.0.1:4435";
/// Where a sign-in leads.
const HOME: &str = "/";
pub(crate) const EMAIL: &str = "grace@console.test";
pub(crate) const PASSWORD: &str = "velvet lantern harbour 41";

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
    let router = server::console::router(AppState { engine: engine.clone() });
    let engine = engine.clone();
    // As the edge does it for a listener: one configuration for the whole request.
    let snapshot = move |mut request: Request<Body>, next: Next| {
        request.extensions_mut().insert(engine.begin());
        next.run(request)
    };
    router.layer(axum::middleware::from_fn(snapshot)).layer(MockConnectInfo(peer))
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().expect("text"))
    }
}

impl Console {
    /// Nobody is signed in yet.
    pub(crate) fn on(world: World, engine: Engine) -> Self {
        Self { world, router: router(&engine), engine, cookie: None }
    }

    /// The first operator, who is an owner, signed in.
    pub(crate) async fn with_operator(mut self, name: &str) -> Self {
        let made = operators::create(&self.engine, EMAIL, name, PASSWORD).await.expect("the store answers");
        made.expect("a good password");
        self.sign_in(EMAIL).await;
        self
    }

    pub(crate) async fn sign_in(&mut self, email: &str) {
        let page = self.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, HOME));
        self.keep(&page);
    }

    pub(crate) fn keep(&mut self, page: &Page) {
        let cookie = page.headers[header::SET_COOKIE].to_str().expect("text");
        self.cookie = cookie.split(';').next().map(str::to_owned);
    }

    /// Edda, who has that role, in a browser of her own.
    pub(crate) async fn another(&self, email: &str, role: Role) -> Self {
        let mut tx = self.engine.db().write().await.expect("the store answers");
        let owner = rows::by_email(&mut tx, EMAIL).await.expect("the store answers");
        let (owner, password_hash) = owner.expect("there is an owner");
        let id = self.engine.effects().operator_id();
        let edda = Operator { id, email: email.to_owned(), name: "Edda".to_owned(), role, ..owner };
        assert!(rows::insert(&mut tx, &edda, &password_hash).await.expect("the store answers"));
        tx.commit().await.expect("the store answers");
        let mut console = Self::on(self.world.clone(), self.engine.clone());
        console.sign_in(email).await;
        console
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
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let html = String::from_utf8(body.to_vec()).expect("text");
        Page { status: parts.status, headers: parts.headers, html }
    }
}
