//! A PostgreSQL server for the tests of one process, and a fresh database for each test.
//!
//! The server listens on a Unix socket in a temporary folder, runs as another user where we are root, and never syncs.
//! Its parent is a small shell that waits for our end of a pipe to close, so that server and folder go when this
//! process ends, in whatever way. `VESTIBULE_TEST_POSTGRES=postgres://…` uses a running server instead.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const HOW_TO_GET_IT: &str = "PostgreSQL is needed for this test: install it (Debian: apt-get install postgresql; \
     macOS: brew install postgresql), name its folder of programs in VESTIBULE_POSTGRES_BIN, \
     or name a running server in VESTIBULE_TEST_POSTGRES.";

/// Started by `sh -c`, with the programs' folder as `$1` and ours as `$2`. It ends when its standard input does.
const KEEPER: &str = r#"
"$1/initdb" -D "$2/data" -U vestibule --auth=trust -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB >>"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// How the server is reached, without a database's name.
struct Server {
    options: PgConnectOptions,
    /// `(before the database's name, after it)`
    dsn: (String, String),
    /// Its standard input is never written to: closing it, as our end does, ends the server.
    _keeper: Option<Child>,
}

/// The DSN of a new, empty database. Panics with what to do when there is no PostgreSQL.
pub async fn database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start);
    let name = format!("vestibule_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = connect(server).await;
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name} template template0 encoding 'UTF8'")))
        .execute(&mut connection)
        .await
        .expect("a test database can be made");
    connection.close().await.expect("the connection closes");
    format!("{}{name}{}", server.dsn.0, server.dsn.1)
}

/// Lets nobody into the database of `dsn` and throws out who is in it, as a server that is shut down does; or lets
/// everybody in again.
///
/// # Panics
/// When `dsn` is not from [`database`].
pub async fn open_to_all(dsn: &str, open: bool) {
    let (name, mut connection) = beside(dsn).await;
    let mut run = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a statement of ours");
    };
    run(format!("alter database {name} with allow_connections {open}")).await;
    if !open {
        run(format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")).await;
    }
}

/// Connections that listen for announcements in the database of `dsn`.
const LISTENERS: &str = "from pg_stat_activity where datname = $1 and query ilike 'listen %'";

/// Ends every connection that listens for announcements in the database of `dsn`, as an administrator or a restart of a gateway does;
/// says how many those were.
///
/// # Panics
/// When `dsn` is not from [`database`].
pub async fn cut_listeners(dsn: &str) -> i64 {
    count_listeners(dsn, "count(pg_terminate_backend(pid))").await
}

/// How many connections listen for announcements in the database of `dsn`.
///
/// # Panics
/// When `dsn` is not from [`database`].
pub async fn listeners(dsn: &str) -> i64 {
    count_listeners(dsn, "count(pid)").await
}

async fn count_listeners(dsn: &str, count: &str) -> i64 {
    let (name, mut connection) = beside(dsn).await;
    let sql = AssertSqlSafe(format!("select {count} {LISTENERS}"));
    sqlx::query_scalar(sql).bind(name).fetch_one(&mut connection).await.expect("a count")
}

/// The database of `dsn` as another user, who owns what its owner owns and gets one connection, not two.
///
/// # Panics
/// When `dsn` is not from [`database`], or its user may make no other.
pub async fn with_one_connection(dsn: &str) -> String {
    let (name, mut connection) = beside(dsn).await;
    let make = format!(
        "create role {name} login password 'one' connection limit 1; do $$ begin
        execute format('grant %I to {name}', current_user); end $$"
    );
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await.expect("another user can be made");
    let mut url = url::Url::parse(dsn).expect("a dsn of database()");
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != "max_conns").collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair("max_conns", "1");
    url.set_username(&name).and_then(|()| url.set_password(Some("one"))).expect("a dsn with a host");
    url.into()
}

/// The name of the database of `dsn`, and a connection to its server that is not to it.
async fn beside(dsn: &str) -> (String, PgConnection) {
    let options = PgConnectOptions::from_str(dsn).expect("a dsn of database()");
    let name = options.get_database().expect("a dsn with a database").to_owned();
    let connection = PgConnection::connect_with(&options.database("postgres")).await;
    (name, connection.expect("the server answers"))
}

/// Waits for the server's start, half a minute at most.
async fn connect(server: &Server) -> PgConnection {
    let mut last = None;
    for _ in 0..600 {
        match PgConnection::connect_with(&server.options).await {
            Ok(connection) => return connection,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = server
        .options
        .get_socket()
        .and_then(|folder| std::fs::read_to_string(folder.join("log")).ok())
        .unwrap_or_default();
    panic!("PostgreSQL does not answer: {last:?}\n{log}");
}

fn start() -> Server {
    match environment("VESTIBULE_TEST_POSTGRES") {
        Some(dsn) => running(&dsn),
        None => own(),
    }
}

fn running(dsn: &str) -> Server {
    let mut url = url::Url::parse(dsn).expect("VESTIBULE_TEST_POSTGRES is a postgres:// URL");
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    url.set_query(None);
    url.set_path("");
    let before = format!("{}/", url.as_str().trim_end_matches('/'));
    let options = PgConnectOptions::from_str(&format!("{before}postgres{query}"))
        .expect("VESTIBULE_TEST_POSTGRES is a postgres:// URL");
    Server { options, dsn: (before, query), _keeper: None }
}

fn own() -> Server {
    let programs = programs().expect(HOW_TO_GET_IT);
    // Not a guard: the keeper removes it, also when this process is killed.
    let folder = tempfile::Builder::new()
        .prefix("vestibule-pg-")
        .tempdir()
        .expect("a temporary folder can be made")
        .keep();
    let mut keeper = Command::new("sh");
    keeper
        .args(["-c", KEEPER, "keeper"])
        .args([&programs, &folder])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C goes to our group; the keeper must live on to tidy up.
        .process_group(0);
    // PostgreSQL refuses to run as root.
    if rustix::process::geteuid().is_root() {
        let (user, group) = other_user();
        chown(&folder, Some(user), Some(group)).expect("the folder can be given away");
        keeper.uid(user).gid(group);
    }
    let keeper = keeper.spawn().expect("sh starts");

    let options =
        PgConnectOptions::new_without_pgpass().socket(&folder).username("vestibule").database("postgres");
    let socket = utf8_percent_encode(&folder.to_string_lossy(), NON_ALPHANUMERIC).to_string();
    let dsn = ("postgres://vestibule@localhost/".to_owned(), format!("?host={socket}&max_conns=16"));
    Server { options, dsn, _keeper: Some(keeper) }
}

/// The newest folder that holds both `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if let Some(named) = environment("VESTIBULE_POSTGRES_BIN") {
        return Some(PathBuf::from(named)).filter(|folder| complete(folder));
    }
    let path = environment("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(|folder| complete(folder)) {
        return Some(found);
    }
    let mut found: Vec<(u32, PathBuf)> = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version =
                entry.file_name().to_string_lossy().trim_start_matches("postgresql@").parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| complete(folder))
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

/// User and group of `postgres`, else of `nobody`.
fn other_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).unwrap_or((65534, 65534))
}

#[expect(clippy::disallowed_methods, reason = "tests have no start of a process to read it in")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
