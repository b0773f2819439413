//! Storage: one SQL text for SQLite and PostgreSQL; the only file that knows which driver is in use.

pub mod audit;
pub mod errors;
pub mod flows;
pub mod identities;
pub mod operators;
pub mod revisions;
pub mod sessions;

use crate::error::Result;
use std::path::Path;

#[derive(Clone)]
pub struct Db {}

/// One transaction. Dropping rolls back. [`Db::write`] begins immediately on SQLite; [`Db::read`] never takes its write lock.
pub struct Tx {}

impl Db {
    /// `dsn` in Kratos' forms: `sqlite://FILE?_fk=true`, `sqlite:///abs/file`, `memory`, `postgres://…`.
    /// `None`: `<data>/vestibule.sqlite`. `memory` is a temporary file, removed with the last handle.
    pub async fn connect(dsn: Option<&str>, data: &Path) -> Result<Self> {
        let _ = (dsn, data);
        todo!()
    }

    pub async fn write(&self) -> Result<Tx> {
        todo!()
    }

    pub async fn read(&self) -> Result<Tx> {
        todo!()
    }

    pub fn is_sqlite(&self) -> bool {
        todo!()
    }

    /// Applies what is missing. A schema newer than this binary is refused.
    pub async fn migrate(&self) -> Result<()> {
        todo!()
    }

    /// How many migrations are missing; refuses a newer schema.
    pub async fn pending_migrations(&self) -> Result<usize> {
        todo!()
    }
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        todo!()
    }
}
