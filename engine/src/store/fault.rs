//! The meaning of a driver's error for a request: try again (the database is full, locked, missing), or an internal error. The
//! driver's message is logged as the cause, and never sent to a client.

use crate::error::{Error, Kind};

/// Seconds.
pub(super) const RETRY_AFTER: u32 = 2;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx may add kinds of errors: an unknown one is a fault of ours"
)]
pub(super) fn error(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::PoolTimedOut => busy("Too many users are waiting. Try again in a moment.", error),
        sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_) => {
            busy("The database can't be reached. Try again in a moment.", error)
        }
        sqlx::Error::Database(database) => {
            let foreign_key = database.is_foreign_key_violation();
            let code = database.code().unwrap_or_default().into_owned();
            let sqlite = database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
            if foreign_key {
                return Error::new(
                    Kind::Conflict,
                    "The related data was deleted in the meantime. Start again.",
                )
                .caused_by(error);
            }
            if if sqlite { sqlite_is_temporary(&code) } else { postgres_is_temporary(&code) } {
                return busy(
                    "The database can't process this request right now. Try again in a moment.",
                    error,
                );
            }
            Error::internal(error)
        }
        _ => Error::internal(error),
    }
}

fn busy(reason: &str, cause: sqlx::Error) -> Error {
    Error::new(Kind::Busy, reason).retry_after(RETRY_AFTER).caused_by(cause)
}

/// BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL; the low byte of an extended code (sqlite.org/rescode.html).
fn sqlite_is_temporary(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14 | 15))
}

/// Connection lost, out of resources (a full disk is 53100), shut down or starting, serialisation and deadlock, lock or
/// statement timeout, a standby that cannot write, a database that lets nobody in (PostgreSQL manual, appendix A).
fn postgres_is_temporary(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("53")
        || code.starts_with("57P")
        || matches!(code, "40001" | "40P01" | "55000" | "55P03" | "57014" | "25006")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_of_sqlite_count_by_their_family() {
        for (code, temporary) in [
            ("5", true),
            ("517", true),
            ("13", true),
            ("778", true),
            ("1032", true),
            ("2067", false),
            ("11", false),
            ("", false),
        ] {
            assert_eq!(sqlite_is_temporary(code), temporary, "{code}");
        }
    }

    #[test]
    fn a_lost_or_full_postgres_is_temporary_and_a_wrong_query_is_not() {
        for (code, temporary) in [
            ("08006", true),
            ("53100", true),
            ("53300", true),
            ("57P01", true),
            ("40P01", true),
            ("42P01", false),
            ("23505", false),
        ] {
            assert_eq!(postgres_is_temporary(code), temporary, "{code}");
        }
    }

    #[test]
    fn the_drivers_words_stay_in_the_cause() {
        let error = error(sqlx::Error::PoolTimedOut);
        assert_eq!((error.kind, error.retry_after), (Kind::Busy, Some(RETRY_AFTER)));
        assert!(!error.to_string().contains("pool") && error.cause().is_some());
    }
}
