//! What tests do to the rows behind the back of everything else. SQLite only.

use super::{Db, Driver, Durability, fault};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of a table, all of them or those where a column has a value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub table: &'a str,
    pub only: Option<(&'a str, &'a str)>,
}

/// Which statements ran, each as what: with which durability, or by somebody who only reads.
#[derive(Clone, Default)]
pub struct Ran(Arc<Mutex<Statements>>);

/// Texts of statements, and how each ran.
type Statements = BTreeSet<(&'static str, Option<Durability>)>;

impl Ran {
    pub(super) fn note(&self, sql: &'static str, durability: Option<Durability>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((sql, durability));
    }
}

impl Db {
    /// How the statements ran that change a table, since the database was opened, by their first words: `insert into flows`,
    /// `update flows`, `delete from flows`.
    pub fn changes(&self) -> BTreeMap<String, BTreeSet<Durability>> {
        let mut changes = BTreeMap::<String, BTreeSet<Durability>>::new();
        for (sql, durability) in self.ran.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let mut words = sql.split_whitespace();
            let name = match words.next() {
                Some("update") => format!("update {}", words.next().unwrap_or_default()),
                Some(verb @ ("insert" | "delete")) => {
                    format!(
                        "{verb} {} {}",
                        words.next().unwrap_or_default(),
                        words.next().unwrap_or_default()
                    )
                }
                _ => continue,
            };
            changes.entry(name).or_default().extend(*durability);
        }
        changes
    }

    /// How many rows each table has, for tests that have to know that nothing was written anywhere.
    pub async fn rows(&self) -> Result<BTreeMap<String, i64>> {
        let mut tx = self.read().await?;
        let tables: Vec<(String,)> =
            tx.fetch_all("select name from sqlite_master where type = 'table'", &[]).await?;
        let Driver::Sqlite(connection) = tx.driver() else { return Err(Error::invalid("SQLite only")) };
        let mut rows = BTreeMap::new();
        for (table,) in tables {
            let count = format!("select count(*) from \"{table}\"");
            let (count,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(count))
                .fetch_one(&mut *connection)
                .await
                .map_err(fault::error)?;
            rows.insert(table, count);
        }
        Ok(rows)
    }

    /// Sets a column, whoever may do so elsewhere; says how many rows that was.
    pub async fn rewrite(&self, rows: Rows<'_>, column: &str, value: &str) -> Result<u64> {
        let change = format!("update \"{}\" set \"{column}\" = $1", rows.table);
        match rows.only {
            None => self.change(change, &[value]).await,
            Some((own, is)) => self.change(format!("{change} where \"{own}\" = $2"), &[value, is]).await,
        }
    }

    /// Takes them away; says how many.
    pub async fn remove(&self, rows: Rows<'_>) -> Result<u64> {
        let change = format!("delete from \"{}\"", rows.table);
        match rows.only {
            None => self.change(change, &[]).await,
            Some((own, is)) => self.change(format!("{change} where \"{own}\" = $1"), &[is]).await,
        }
    }

    async fn change(&self, sql: String, values: &[&str]) -> Result<u64> {
        let mut tx = self.write().await?;
        let Driver::Sqlite(connection) = tx.driver() else { return Err(Error::invalid("SQLite only")) };
        let query =
            values.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, value| query.bind(*value));
        let touched = query.execute(connection).await.map_err(fault::error)?.rows_affected();
        tx.commit().await?;
        Ok(touched)
    }
}
