//! Binds and runs the three listeners, each with its own address and its own connection limits, until stopped.

mod connection;
mod crowd;
mod files;
#[cfg(test)]
mod tests;

use crate::edge;
use crate::state::AppState;
use axum::Router;
use connection::Deadlines;
use crowd::Crowd;
use engine::Engine;
use engine::config::{Config, Listener};
use engine::limits_table::{DISCARDED, SEND_BUFFER};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Requests without a response by then are aborted, so that the process ends within five seconds.
const DRAIN: Duration = Duration::from_secs(4);

/// How long a listener accepts no connections after the operating system failed to provide one.
const PAUSE: Duration = Duration::from_millis(100);

/// So many connections make room when the operating system has none for another.
const MAKES_ROOM: usize = 16;

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
    listen(host.trim_matches(['[', ']']), listener.port).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "{key}: cannot listen on {host}:{}: {error}. Set {key}.port or {key}.host to a free one.",
                listener.port
            ),
        )
    })
}

/// Connections that wait to be accepted. The usual 128 overflow when 2,000 clients connect at once, and each that is dropped tries
/// again a second later. The system's own limit (`net.core.somaxconn`) may be lower.
const WAITING: u32 = 4096;

/// As [`TcpListener::bind`], with more room for connections that wait.
async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut failed = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        let listening = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A server that starts again takes its port over from connections that are still closing.
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            // Connections take it over. By itself the system lets it grow to megabytes for a client that asks and never reads.
            socket.set_send_buffer_size(u32::try_from(SEND_BUFFER.count()).unwrap_or(u32::MAX))?;
            socket.bind(address)?;
            socket.listen(WAITING)
        };
        match listening() {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address")))
}

/// Serves until `stop` is done, then lets running requests finish.
pub async fn serve(
    engine: Engine,
    listeners: Listeners,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let state = AppState { engine };
    let config = state.engine.begin().config;
    let limits = &config.vestibule.connections;
    let [public, admin, console] = files::share([limits.public, limits.admin, limits.console]);
    let idle = (limits.public_idle, limits.admin_idle);
    let (ended, end) = watch::channel(());
    let run = |listener, router, name, most, idle| {
        let places = Places::new(&config, name, most, idle);
        run(listener, edge::around(router, name, &state.engine), places, state.clone(), end.clone())
    };
    let all = async {
        tokio::join!(
            run(listeners.public, crate::public::router(state.clone()), "public", public, idle.0),
            run(listeners.admin, crate::admin::router(state.clone()), "admin", admin, idle.1),
            run(listeners.console, crate::console::router(state.clone()), "console", console, idle.0),
        )
    };
    tokio::pin!(all);
    tokio::select! {
        _ = &mut all => return Ok(()),
        () = stop => drop(ended),
    }
    // What follows a commit is waited for even where nobody waits for its answer any more.
    let all = async {
        all.await;
        state.engine.following().settled().await;
    };
    if tokio::time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    Ok(())
}

/// Places for the clients of one listener, and how long they may take.
struct Places {
    /// In the log.
    name: &'static str,
    crowd: Arc<Crowd>,
    deadlines: Deadlines,
}

impl Places {
    fn new(config: &Config, name: &'static str, most: usize, idle: Duration) -> Self {
        let limits = &config.vestibule.connections;
        let deadlines = Deadlines {
            head_size: config.vestibule.requests.head,
            head: limits.head_deadline,
            write: limits.write_deadline,
            idle,
            body: limits.body_deadline,
            discarded: DISCARDED.count(),
        };
        Self { name, crowd: Crowd::new(most, limits.per_client.min(most)), deadlines }
    }
}

/// Accepts clients until `end` is closed, then waits for those that are there.
async fn run(
    listener: TcpListener,
    router: Router,
    places: Places,
    state: AppState,
    mut end: watch::Receiver<()>,
) {
    let Places { name, crowd, deadlines } = places;
    // Dropped, it ends all connections.
    let mut connections = JoinSet::new();
    let mut told = false;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    // Answers are written at once and whole: waiting for more would only delay them.
                    let _ = socket.set_nodelay(true);
                    if let Some(seat) = crowd.enter(peer.ip(), is_proxy(&state, peer.ip())) {
                        let served = connection::serve(socket, peer, seat, router.clone(), deadlines, end.clone());
                        connections.spawn(served);
                    }
                }
                Err(error) if is_of_client(&error) => {}
                Err(error) => {
                    if !told {
                        tracing::error!(listener = name, %error, "connections cannot be accepted; idle ones are closed to make room");
                        told = true;
                    }
                    crowd.shrink(MAKES_ROOM);
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => if let Err(failed) = ended {
                tracing::error!(listener = name, %failed, "a connection ended in a panic");
            },
            // The sender is dropped, never used: an error is the signal.
            Err(_) = end.changed() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Many clients come from such an address.
fn is_proxy(state: &AppState, peer: IpAddr) -> bool {
    let keys = &state.engine.begin().config.vestibule;
    keys.is_trusted_proxy(peer) || keys.is_trusted_client(peer)
}

/// The client left before it was accepted, which says nothing about this server.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
