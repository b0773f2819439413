//! What tests do to the rows behind the back of everything else. SQLite only.

use super::{Db, Driver, fault};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// Rows of a table, all of them or those where a column has a value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub table: &'a str,
    pub only: Option<(&'a str, &'a str)>,
}

impl Db {
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
