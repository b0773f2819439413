//! The server under test: public port and admin API over one engine, in a world that the test moves.

use axum::Router;
use engine::Engine;
use engine::effects::{SystemOutbound, SystemTemplates};
use engine::password::Hasher;
use engine::testing::World;
use serde_json::Value;
use server::edge;
use server::state::AppState;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Ports that are taken before the configuration that names them is made.
pub(crate) struct Ports {
    public: TcpListener,
    admin: TcpListener,
}

impl Ports {
    pub(crate) async fn take() -> Self {
        Self {
            public: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
            admin: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
        }
    }

    pub(crate) fn public(&self) -> SocketAddr {
        self.public.local_addr().expect("a bound port")
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin.local_addr().expect("a bound port")
    }
}

/// Ends with the test's runtime.
pub(crate) struct Stand {
    pub engine: Engine,
    pub world: World,
}

impl Stand {
    /// Serves on `ports` with the one document `config`, on the database `dsn`, hashing with `hasher`.
    pub(crate) async fn start(ports: Ports, dsn: &str, config: Value, hasher: Hasher) -> Self {
        let mut world = World::default();
        // As in the real thing: in a process of its own.
        world.templates = Arc::new(SystemTemplates::of(env!("CARGO_BIN_EXE_vestibule").into()));
        // What a test does not answer by itself goes out.
        world.outbound.let_through(Arc::new(SystemOutbound::new()));
        let engine = world.engine_with(dsn, vec![config], hasher).await;
        let state = AppState { engine: engine.clone() };
        run(ports.public, edge::around(server::public::router(state.clone()), "public", &engine));
        run(ports.admin, edge::around(server::admin::router(state), "admin", &engine));
        call_hooks(engine.clone());
        Self { engine, world }
    }
}

/// As the real thing does: what is queued is called at once. What waits for its pause waits for the test.
#[expect(clippy::disallowed_methods, reason = "the test is the process: there is no worker to hand this to")]
fn call_hooks(engine: Engine) {
    tokio::spawn(async move {
        loop {
            engine.hooks_waiting().await;
            while engine::hooks::deliver(&engine).await.is_ok_and(|taken| taken > 0) {}
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "the test is the process: there is no worker to hand this to")]
fn run(listener: TcpListener, router: Router) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
}
