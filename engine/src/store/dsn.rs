//! Kratos' `dsn` in all its forms, converted for the drivers. Parameters of Kratos' drivers that ours don't have are dropped. Unknown
//! ones never prevent a start.

use crate::error::{Error, Result};
use percent_encoding::percent_decode_str;
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use url::Url;

pub(super) enum Dsn {
    Memory,
    Sqlite {
        file: PathBuf,
        create: bool,
        max_connections: Option<u32>,
        /// `_busy_timeout`, in milliseconds.
        patience: Option<Duration>,
    },
    Postgres {
        options: Box<PgConnectOptions>,
        max_connections: Option<u32>,
    },
}

/// Parameters that sqlx's PostgreSQL driver knows; all others are Kratos' or another driver's.
const POSTGRES_PARAMETERS: [&str; 14] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
    "ssl-mode",
];

impl Dsn {
    pub(super) fn file(file: PathBuf) -> Self {
        Dsn::Sqlite { file, create: true, max_connections: None, patience: None }
    }

    /// Relative files are relative to the working directory, as in Kratos.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "memory" {
            return Ok(Dsn::Memory);
        }
        let (scheme, rest) = text.split_once(':').ok_or_else(|| unknown("This dsn"))?;
        match scheme {
            "sqlite" | "sqlite3" => sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            "postgres" | "postgresql" => postgres(text),
            other => Err(unknown(&format!("A dsn of the kind {other}:"))),
        }
    }
}

fn unknown(what: &str) -> Error {
    Error::invalid(format!(
        "{what} is not supported. Use sqlite:///folder/file.sqlite, postgres://user:password@host:5432/database, or memory."
    ))
}

fn sqlite(rest: &str) -> Result<Dsn> {
    let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let parameter =
        |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
    let file =
        percent_decode_str(file.strip_prefix("file:").unwrap_or(file)).decode_utf8_lossy().into_owned();
    if file == ":memory:" || parameter("mode") == Some("memory") {
        return Ok(Dsn::Memory);
    }
    if file.is_empty() {
        return Err(Error::invalid("The dsn names no file. Use sqlite:///folder/file.sqlite."));
    }
    let create = match parameter("mode") {
        Some("ro") => {
            return Err(Error::invalid(
                "The dsn has mode=ro, but the database must be writable. Use mode=rwc.",
            ));
        }
        mode => mode != Some("rw"),
    };
    Ok(Dsn::Sqlite {
        file: PathBuf::from(file),
        create,
        max_connections: max_connections(parameter("max_conns"))?,
        patience: parameter("_busy_timeout")
            .and_then(|millis| millis.parse().ok())
            .map(|millis: u64| Duration::from_millis(millis.max(1))),
    })
}

fn postgres(text: &str) -> Result<Dsn> {
    // Neither message repeats the dsn: it holds a password.
    // `postgres://user:password@/database?host=/folder` reaches a socket; `url` wants a host, and the parameter wins over it.
    let text = without_host(text).unwrap_or_else(|| text.to_owned());
    let mut url =
        Url::parse(&text).map_err(|error| Error::invalid(format!("The dsn is not a URL: {error}.")))?;
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    let mut wanted = None;
    for (key, value) in &parameters {
        if key == "max_conns" {
            wanted = max_connections(Some(value))?;
        } else if POSTGRES_PARAMETERS.contains(&key.as_str()) {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
    let options = PgConnectOptions::from_str(url.as_str())
        .map_err(|error| Error::invalid(format!("Invalid dsn: {error}.")))?;
    Ok(Dsn::Postgres { options: Box::new(options), max_connections: wanted })
}

/// The same address with a host, where it has user information and none.
fn without_host(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let at = if user.is_empty() { "" } else { "@" };
    match host {
        "" => Some(format!("{scheme}://{user}{at}localhost{path}")),
        // Some managed databases document the folder in the place of the host, escaped.
        folder if folder.to_ascii_lowercase().starts_with("%2f") => {
            let join = if path.contains('?') { '&' } else { '?' };
            Some(format!("{scheme}://{user}{at}localhost{path}{join}host={folder}"))
        }
        _ => None,
    }
}

fn max_connections(value: Option<&str>) -> Result<Option<u32>> {
    value
        .map(|value| match value.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(Error::invalid("max_conns in the dsn must be a number above 0.")),
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (String, bool) {
        match Dsn::parse(text) {
            Ok(Dsn::Sqlite { file, create, .. }) => (file.display().to_string(), create),
            _ => panic!("{text} is a file"),
        }
    }

    #[test]
    fn files_of_sqlite() {
        assert_eq!(
            file("sqlite:///var/lib/sqlite/db.sqlite?_fk=true&mode=rwc"),
            ("/var/lib/sqlite/db.sqlite".into(), true)
        );
        assert_eq!(file("sqlite://db.sqlite?_fk=true"), ("db.sqlite".into(), true));
        assert_eq!(file("sqlite://./a%20b.sqlite?x=y&mode=rw"), ("./a b.sqlite".into(), false));
        assert_eq!(file("sqlite3://file:db.sqlite?_busy_timeout=9"), ("db.sqlite".into(), true));
    }

    #[test]
    fn memory_in_its_spellings() {
        for text in [
            "memory",
            "sqlite://:memory:?_fk=true",
            "sqlite::memory:",
            "sqlite://file::memory:?cache=shared",
            "sqlite://x?mode=memory",
        ] {
            assert!(matches!(Dsn::parse(text), Ok(Dsn::Memory)), "{text}");
        }
    }

    #[test]
    fn parameters_of_kratos_drivers_do_not_break_postgres() {
        let text = "postgres://ann:s%40cret@db.example:5433/kratos?sslmode=disable&max_conns=7&max_idle_conns=4&max_conn_lifetime=1h&pool=x&application_name=v";
        let Ok(Dsn::Postgres { options, max_connections }) = Dsn::parse(text) else {
            panic!("it is PostgreSQL")
        };
        assert_eq!(
            (options.get_host(), options.get_port(), options.get_username()),
            ("db.example", 5433, "ann")
        );
        assert_eq!((options.get_database(), options.get_application_name()), (Some("kratos"), Some("v")));
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Disable));
        assert_eq!(max_connections, Some(7));
    }

    #[test]
    fn a_folder_of_sockets_stands_in_the_place_of_a_host() {
        for (text, port) in [
            ("postgres://ann:s%40cret@/kratos?host=/var/run/postgresql", 5432),
            ("postgres://ann@/kratos?host=%2Fvar%2Frun%2Fpostgresql&port=5433", 5433),
            ("postgres:///kratos?host=/var/run/postgresql&user=ann", 5432),
            ("postgresql://ann:x@%2Fvar%2Frun%2Fpostgresql/kratos?sslmode=disable", 5432),
            ("postgres://ann@%2Fvar%2Frun%2Fpostgresql/kratos", 5432),
        ] {
            let Ok(Dsn::Postgres { options, .. }) = Dsn::parse(text) else { panic!("{text}") };
            let socket = options.get_socket().map(|folder| folder.display().to_string());
            assert_eq!(socket.as_deref(), Some("/var/run/postgresql"), "{text}");
            assert_eq!(
                (options.get_port(), options.get_username(), options.get_database()),
                (port, "ann", Some("kratos")),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_password() {
        for text in [
            "mysql://ann:hunter2@h/db",
            "cockroach://ann:hunter2@h/db",
            "hunter2",
            "postgres://ann:hunter2@h:x/db",
            "postgres://ann:hunter2@h/db?sslmode=odd",
            "postgres://ann:hunter2@h/db?max_conns=0",
            "sqlite://",
            "sqlite://hunter2?mode=ro",
        ] {
            let Err(error) = Dsn::parse(text) else { panic!("{text} must be refused") };
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert_eq!(error.kind, crate::Kind::Invalid);
        }
    }
}
