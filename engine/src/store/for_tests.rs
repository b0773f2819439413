//! Direct changes of rows by tests. SQLite only.

use super::{Db, Driver, Durability, fault};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a table, all of them or those where a column has a value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub table: &'a str,
    pub only: Option<(&'a str, &'a str)>,
}

impl Db {
    /// How the statements ran that change a table, since the database was opened, by their first words: `insert into flows`,
    /// `update flows`, `delete from flows`.
    pub fn changes(&self) -> BTreeMap<String, BTreeSet<Durability>> {
        let mut changes = BTreeMap::<String, BTreeSet<Durability>>::new();
        for (sql, durability) in &self.ran.noted().statements {
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

    /// The statements of each transaction that was committed since the database was opened, without what begins and ends it.
    pub fn committed(&self) -> Vec<Vec<&'static str>> {
        self.ran.noted().committed.clone()
    }

    /// How the database would run a statement, a line for each step of it: as if its tables were large and all its parameters
    /// unknown. `types` are those of the parameters where PostgreSQL cannot tell them.
    pub async fn plan(&self, statement: &str, types: &str) -> Result<Vec<String>> {
        let mut tx = self.read().await?;
        match tx.driver() {
            Driver::Sqlite(connection) => {
                let rows: Vec<(i64, i64, i64, String)> =
                    sqlx::query_as(sqlx::AssertSqlSafe(format!("explain query plan {statement}")))
                        .fetch_all(connection)
                        .await
                        .map_err(fault::error)?;
                Ok(rows.into_iter().map(|(.., step)| step).collect())
            }
            Driver::Postgres(connection) => {
                let parameters = (1..=100).filter(|number| statement.contains(&format!("${number}"))).count();
                let nothing = vec!["null"; parameters].join(", ");
                let execute = if parameters == 0 { "asked".to_owned() } else { format!("asked({nothing})") };
                // Where an index could serve, nothing else does: what is left is left because none can.
                let prepare = format!(
                    "set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off;
                    set local enable_hashjoin = off; set local enable_mergejoin = off; set local plan_cache_mode = force_generic_plan;
                    prepare asked {types} as {statement}"
                );
                sqlx::raw_sql(sqlx::AssertSqlSafe(prepare))
                    .execute(&mut *connection)
                    .await
                    .map_err(fault::error)?;
                let explain = format!("explain (costs off) execute {execute}");
                let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *connection).await;
                let rows = rows.map_err(fault::error)?;
                sqlx::raw_sql("deallocate asked").execute(connection).await.map_err(fault::error)?;
                rows.iter().map(|row| sqlx::Row::try_get(row, 0).map_err(fault::error)).collect()
            }
        }
    }

    /// The columns of each foreign key, with its table. SQLite only.
    pub async fn foreign_keys(&self) -> Result<BTreeSet<(String, Vec<String>)>> {
        const COLUMNS: &str =
            "select m.name, f.id, f.\"from\" from sqlite_master m, pragma_foreign_key_list(m.name) f
            where m.type = 'table' order by m.name, f.id, f.seq";
        let rows: Vec<(String, i64, String)> = self.read().await?.fetch_all(COLUMNS, &[]).await?;
        let mut keys = BTreeMap::<(String, i64), Vec<String>>::new();
        for (table, id, column) in rows {
            keys.entry((table, id)).or_default().push(column);
        }
        Ok(keys.into_iter().map(|((table, _), columns)| (table, columns)).collect())
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

    /// How many characters a column holds in all rows together.
    pub async fn length(&self, table: &str, column: &str) -> Result<i64> {
        let mut tx = self.read().await?;
        let Driver::Sqlite(connection) = tx.driver() else { return Err(Error::invalid("SQLite only")) };
        let sum = format!("select coalesce(sum(length(\"{column}\")), 0) from \"{table}\"");
        let (sum,): (i64,) =
            sqlx::query_as(sqlx::AssertSqlSafe(sum)).fetch_one(connection).await.map_err(fault::error)?;
        Ok(sum)
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
