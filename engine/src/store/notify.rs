//! Notifications between processes: LISTEN and NOTIFY on PostgreSQL. SQLite has no equivalent, and announcements can get lost, so
//! listeners also poll.

use super::open::{READY_WITHIN, pool, unreached};
use super::{Db, Driver, Pools, Tx, fault, not_ready};
use crate::error::Result;
use sqlx::postgres::{PgListener, PgPool};
use sqlx::{Acquire, Connection};
use std::time::Duration;
use tokio::time::timeout;

/// A connection that was silent for so long is asked whether it is still there. Gateways and load balancers forget silent connections,
/// many of them after four minutes, and tell nobody.
const QUIET: Duration = Duration::from_secs(30);

/// What is announced. Emails and web hooks are not: transactions that announce something commit one after the other, in the whole
/// database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// There is a new revision. Secrets that it names are read where they are used, so nobody has to be told of them.
    Settings,
}

impl Topic {
    const fn channel(self) -> &'static str {
        match self {
            Topic::Settings => "vestibule_settings",
        }
    }

    const fn announcement(self) -> &'static str {
        match self {
            Topic::Settings => "notify vestibule_settings",
        }
    }
}

impl Tx {
    /// Tells all who listen, once this is committed and not before.
    pub(super) async fn announce(&mut self, topic: Topic) -> Result<()> {
        match self.driver() {
            Driver::Sqlite(_) => Ok(()),
            Driver::Postgres(connection) => {
                sqlx::query(topic.announcement()).execute(connection).await.map_err(fault::error)?;
                Ok(())
            }
        }
    }
}

/// A connection that listens, beside those of the pool.
pub struct Listener {
    listener: PgListener,
    quiet: Duration,
}

impl Db {
    /// From now on what is announced is heard. `None` on SQLite.
    pub async fn listen(&self, topic: Topic) -> Result<Option<Listener>> {
        let Pools::Postgres(requests) = &self.pools else { return Ok(None) };
        let options = requests.connect_options();
        // Of one: it belongs to nobody else, and sqlx opens it anew from there.
        let own: PgPool = pool(1).max_lifetime(None).idle_timeout(None).connect_lazy_with((*options).clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&own).await?;
            listener.listen(topic.channel()).await?;
            Ok(listener)
        };
        match listening.await {
            Ok(listener) => Ok(Some(Listener { listener, quiet: QUIET })),
            Err(error) => Err(unreached(&options, error).await),
        }
    }
}

impl Listener {
    /// Done when something was announced, or may have been: while the connection was lost and opened anew, or during a long silence.
    ///
    /// # Errors
    /// The connection is lost and cannot be opened; another [`Listener`] is needed.
    pub async fn heard(&mut self) -> Result<()> {
        if let Ok(heard) = timeout(self.quiet, self.listener.try_recv()).await {
            return heard.map(drop).map_err(fault::error);
        }
        let asked = async { Acquire::acquire(&mut self.listener).await?.ping().await };
        match timeout(READY_WITHIN, asked).await {
            Ok(answered) => answered.map_err(fault::error),
            Err(elapsed) => Err(not_ready("The database doesn't respond.").caused_by(elapsed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use sqlx::postgres::PgConnectOptions;
    use std::path::PathBuf;
    use std::str::FromStr;
    use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
    use tokio::net::{TcpListener, TcpStream, UnixStream};
    use tokio::sync::watch;
    use tokio::task::JoinSet;
    use url::Url;

    trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
    impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

    async fn reach(options: &PgConnectOptions) -> Box<dyn Stream> {
        match options.get_socket() {
            Some(folder) => {
                let file: PathBuf = folder.join(format!(".s.PGSQL.{}", options.get_port()));
                Box::new(UnixStream::connect(file).await.unwrap())
            }
            None => Box::new(TcpStream::connect((options.get_host(), options.get_port())).await.unwrap()),
        }
    }

    /// Hands everything on until it falls silent: then connections stay open, and nothing passes.
    async fn gateway(entry: TcpListener, to: PgConnectOptions, silent: watch::Receiver<bool>) {
        let mut through = JoinSet::new();
        loop {
            let (mut client, _) = entry.accept().await.unwrap();
            let (to, mut silent) = (to.clone(), silent.clone());
            through.spawn(async move {
                let mut server = reach(&to).await;
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = async { drop(silent.wait_for(|silent| *silent).await) } => std::future::pending().await,
                }
            });
        }
    }

    #[tokio::test]
    async fn a_silent_connection_is_asked_whether_it_is_still_there() {
        let dsn = crate::testing::postgres::database().await;
        let entry = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = Url::parse(&dsn).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(entry.local_addr().unwrap().port())).unwrap();
        url.set_query(Some("sslmode=disable"));
        let (falls_silent, silent) = watch::channel(false);
        let asks = async {
            let db = Db::connect(Some(url.as_str()), std::path::Path::new("unused")).await.unwrap();
            let mut listener = db.listen(Topic::Settings).await.unwrap().unwrap();
            listener.quiet = Duration::from_millis(1);
            for _ in 0..3 {
                listener.heard().await.unwrap();
            }
            falls_silent.send_replace(true);
            assert_eq!(listener.heard().await.unwrap_err().kind, Kind::Busy);
        };
        tokio::select! {
            () = gateway(entry, PgConnectOptions::from_str(&dsn).unwrap(), silent) => {}
            () = asks => {}
        }
    }

    #[tokio::test]
    async fn a_silence_loses_no_announcement() {
        let dsn = crate::testing::postgres::database().await;
        let db = Db::connect(Some(&dsn), std::path::Path::new("unused")).await.unwrap();
        let mut listener = db.listen(Topic::Settings).await.unwrap().unwrap();
        listener.quiet = Duration::from_millis(1);
        for _ in 0..3 {
            listener.heard().await.unwrap();
        }
        listener.quiet = Duration::from_secs(3600);
        let mut tx = db.write().await.unwrap();
        tx.announce(Topic::Settings).await.unwrap();
        tx.commit().await.unwrap();
        timeout(Duration::from_secs(60), listener.heard()).await.unwrap().unwrap();
    }
}
