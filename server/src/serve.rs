//! Binding and running the three listeners, each with its own address, until told to stop.

use crate::edge;
use crate::state::AppState;
use axum::Router;
use engine::Engine;
use engine::config::{Config, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Whoever has not been answered by then is cut off, so that the process ends within five seconds.
const DRAIN: Duration = Duration::from_secs(4);

/// Bound, not yet answering.
pub struct Listeners {
    pub public: TcpListener,
    pub admin: TcpListener,
    pub console: TcpListener,
}

impl Listeners {
    /// # Errors
    /// Names the key and the address that cannot be had.
    pub async fn bind(config: &Config) -> io::Result<Self> {
        Ok(Self {
            public: bind("serve.public", &config.serve.public).await?,
            admin: bind("serve.admin", &config.serve.admin).await?,
            console: bind("vestibule.console", &config.vestibule.console).await?,
        })
    }
}

async fn bind(key: &str, listener: &Listener) -> io::Result<TcpListener> {
    let host = if listener.host.is_empty() { "0.0.0.0" } else { &listener.host };
    TcpListener::bind((host.trim_matches(['[', ']']), listener.port)).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "{key}: cannot listen on {host}:{}: {error}. Set {key}.port or {key}.host to a free one.",
                listener.port
            ),
        )
    })
}

/// Serves until `stop` is done, then lets running requests finish.
pub async fn serve(
    engine: Engine,
    listeners: Listeners,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let state = AppState { engine };
    let (ended, end) = watch::channel(());
    let all = async {
        tokio::try_join!(
            run(
                listeners.public,
                edge::around(crate::public::router(state.clone()), "public", &state.engine),
                end.clone()
            ),
            run(
                listeners.admin,
                edge::around(crate::admin::router(state.clone()), "admin", &state.engine),
                end.clone()
            ),
            run(
                listeners.console,
                edge::around(crate::console::router(state.clone()), "console", &state.engine),
                end.clone()
            ),
        )
    };
    tokio::pin!(all);
    tokio::select! {
        outcome = &mut all => return outcome.map(drop),
        () = stop => drop(ended),
    }
    // What follows a commit is waited for even where nobody waits for its answer any more.
    let all = async {
        let outcome = all.await;
        state.engine.following().settled().await;
        outcome
    };
    match tokio::time::timeout(DRAIN, all).await {
        Ok(outcome) => outcome.map(drop),
        Err(_) => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    }
}

async fn run(listener: TcpListener, router: Router, mut end: watch::Receiver<()>) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // The sender is dropped, never used: an error is the signal.
            while end.changed().await.is_ok() {}
        })
        .await
}
