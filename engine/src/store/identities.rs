//! Rows of identities, their credentials and identifiers.

use super::{Tx, read_json, write_json};
use crate::error::{Error, Result};
use crate::identity::{Credential, Identity, State};
use crate::ids::IdentityId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    Done,
    /// An identifier (or external id) is taken; roll back. Decided by `on conflict do nothing` and the row count: after
    /// a caught violation a PostgreSQL transaction is dead.
    Taken,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    schema_id: String,
    state: String,
    state_changed_at: DateTime<Utc>,
    traits: String,
    verifiable_addresses: String,
    recovery_addresses: String,
    metadata_public: String,
    metadata_admin: String,
    external_id: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn read(self) -> Result<Identity> {
        Ok(Identity {
            id: IdentityId(self.id),
            schema_id: self.schema_id,
            state: match self.state.as_str() {
                "active" => State::Active,
                "inactive" => State::Inactive,
                other => return Err(Error::internal(format!("identities.state of {}: {other:?}", self.id))),
            },
            state_changed_at: self.state_changed_at,
            traits: read_json(&self.traits)?,
            verifiable_addresses: read_json(&self.verifiable_addresses)?,
            recovery_addresses: read_json(&self.recovery_addresses)?,
            metadata_public: read_json(&self.metadata_public)?,
            metadata_admin: read_json(&self.metadata_admin)?,
            external_id: self.external_id,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

pub async fn insert(tx: &mut Tx, identity: &Identity, credentials: &[Credential]) -> Result<Inserted> {
    const IDENTITY: &str = "insert into identities (id, schema_id, state, state_changed_at, traits, verifiable_addresses, \
        recovery_addresses, metadata_public, metadata_admin, external_id, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing";
    const CREDENTIAL: &str = "insert into identity_credentials (identity_id, kind, config, created_at, updated_at) \
        values ($1, $2, $3, $4, $5)";
    const IDENTIFIER: &str = "insert into identity_identifiers (kind, identifier, identity_id, position) \
        values ($1, $2, $3, $4) on conflict do nothing";
    let id = identity.id.0;
    let done = tx
        .execute(
            IDENTITY,
            &[
                &id,
                &identity.schema_id,
                &identity.state.name().to_owned(),
                &identity.state_changed_at,
                &write_json(&identity.traits)?,
                &write_json(&identity.verifiable_addresses)?,
                &write_json(&identity.recovery_addresses)?,
                &write_json(&identity.metadata_public)?,
                &write_json(&identity.metadata_admin)?,
                &identity.external_id,
                &identity.created_at,
                &identity.updated_at,
            ],
        )
        .await?;
    if done == 0 {
        return Ok(Inserted::Taken);
    }
    for credential in credentials {
        let config = write_json(&credential.config)?;
        let params: [&dyn super::Param; 5] =
            [&id, &credential.kind, &config, &credential.created_at, &credential.updated_at];
        tx.execute(CREDENTIAL, &params).await?;
        for (position, identifier) in (0_i64..).zip(&credential.identifiers) {
            if tx.execute(IDENTIFIER, &[&credential.kind, identifier, &id, &position]).await? == 0 {
                return Ok(Inserted::Taken);
            }
        }
    }
    Ok(Inserted::Done)
}

pub async fn get(tx: &mut Tx, id: IdentityId) -> Result<Option<Identity>> {
    const SQL: &str = "select * from identities where id = $1";
    let row: Option<Row> = tx.fetch_optional(SQL, &[&id.0]).await?;
    row.map(Row::read).transpose()
}

pub async fn credentials(tx: &mut Tx, id: IdentityId) -> Result<Vec<Credential>> {
    const CREDENTIALS: &str =
        "select kind, config, created_at, updated_at from identity_credentials where identity_id = $1 order by kind";
    const IDENTIFIERS: &str =
        "select kind, identifier from identity_identifiers where identity_id = $1 order by kind, position";
    let rows: Vec<(String, String, DateTime<Utc>, DateTime<Utc>)> = tx.fetch_all(CREDENTIALS, &[&id.0]).await?;
    let identifiers: Vec<(String, String)> = tx.fetch_all(IDENTIFIERS, &[&id.0]).await?;
    rows.into_iter()
        .map(|(kind, config, created_at, updated_at)| {
            let own = identifiers.iter().filter(|(of, _)| *of == kind).map(|(_, identifier)| identifier.clone());
            Ok(Credential { identifiers: own.collect(), config: read_json(&config)?, kind, created_at, updated_at })
        })
        .collect()
}

/// Whose credential of `kind` has that (normalised) identifier, with that credential.
pub async fn by_identifier(tx: &mut Tx, kind: &str, identifier: &str) -> Result<Option<(Identity, Credential)>> {
    const SQL: &str = "select i.* from identities i join identity_identifiers n on n.identity_id = i.id \
        where n.kind = $1 and n.identifier = $2";
    let row: Option<Row> = tx.fetch_optional(SQL, &[&kind.to_owned(), &identifier.to_owned()]).await?;
    let Some(identity) = row.map(Row::read).transpose()? else { return Ok(None) };
    let credential = credentials(tx, identity.id).await?.into_iter().find(|credential| credential.kind == kind);
    Ok(credential.map(|credential| (identity, credential)))
}

/// Replaces `config` of that identity's credential of `kind` if it still is `was`: compare and set.
pub async fn replace_credential_config(
    tx: &mut Tx,
    id: IdentityId,
    kind: &str,
    was: &serde_json::Value,
    config: &serde_json::Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "update identity_credentials set config = $4, updated_at = $5 \
        where identity_id = $1 and kind = $2 and config = $3";
    let params: [&dyn super::Param; 5] =
        [&id.0, &kind.to_owned(), &write_json(was)?, &write_json(config)?, &now];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// By id, as Kratos does: those after `after`, at most `limit`.
pub async fn list(tx: &mut Tx, after: Option<IdentityId>, limit: i64) -> Result<Vec<Identity>> {
    const SQL: &str = "select * from identities where id > $1 order by id limit $2";
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let rows: Vec<Row> = tx.fetch_all(SQL, &[&after, &limit]).await?;
    rows.into_iter().map(Row::read).collect()
}

/// Deletes with credentials, addresses, sessions. `false`: unknown.
pub async fn delete(tx: &mut Tx, id: IdentityId) -> Result<bool> {
    const SQL: &str = "delete from identities where id = $1";
    Ok(tx.execute(SQL, &[&id.0]).await? == 1)
}
