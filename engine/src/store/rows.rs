//! Structs from rows. sqlx has a derive for it, but its macros compile both drivers, including SQLite itself, again for the compiler:
//! one minute of each first build.

/// `row!(Person { id, name })` reads a struct from the columns that are named like its fields; `row!(Paid { sum }, person)` has
/// after them the fields that are rows themselves.
macro_rules! row {
    ($name:ident { $($column:ident),* $(,)? } $(, $part:ident)* $(,)?) => {
        row!(@driver ::sqlx::sqlite::SqliteRow, $name, [$($column)*], [$($part)*]);
        row!(@driver ::sqlx::postgres::PgRow, $name, [$($column)*], [$($part)*]);
    };
    (@driver $row:ty, $name:ident, [$($column:ident)*], [$($part:ident)*]) => {
        impl ::sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> ::sqlx::Result<Self> {
                Ok(Self {
                    $($column: ::sqlx::Row::try_get(row, stringify!($column))?,)*
                    $($part: ::sqlx::FromRow::from_row(row)?,)*
                })
            }
        }
    };
}
