//! Rows of identities, their credentials, identifiers and addresses.
//!
//! An identity is read with its addresses in one query: one row for each address, put together here.
use super::{Param, Tx, from_text, to_text, unreadable};
use crate::error::{Error, Result};
use crate::identity::{Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::{FlowId, IdentityId};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

pub use super::identity_change::{Outcome, change};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    Done,
    /// An identifier, address or external id is taken; roll back. Decided by `on conflict do nothing` and the row count.
    Taken,
}

macro_rules! columns {
    () => {
        "i.id as identity_id, i.schema_id, i.state, i.state_changed_at, i.traits, i.metadata_public,
         i.metadata_admin, i.external_id, i.organization_id, i.unverified as identity_unproven, i.resettable, i.version, i.created_at as identity_created_at, i.updated_at as identity_updated_at,
         a.id as address_id, a.purpose as address_purpose, a.via as address_via, a.value as address_value,
         a.verified as address_verified, a.status as address_status, a.verified_at as address_verified_at,
         a.created_at as address_created_at, a.updated_at as address_updated_at"
    };
}
pub(super) use columns;

// Of a sign-up that is not finished nobody sees the account; its identifiers are taken all the same.
macro_rules! unseen {
    ($id:literal) => {
        concat!("not exists (select 1 from atomic_registrations p where p.identity_id = ", $id, ")")
    };
}
pub(super) use unseen;

// One row for each identifier. Rows of one credential follow each other.
macro_rules! credential_columns {
    () => {
        "c.identity_id, c.kind, c.config, c.created_at, c.updated_at, n.identifier
         from identity_credentials c
         left join identity_identifiers n on n.identity_id = c.identity_id and n.kind = c.kind"
    };
}
pub(super) use credential_columns;

statements! {
    const INSERT: &str =
        "insert into identities (id, schema_id, state, state_changed_at, traits, metadata_public,
            metadata_admin, external_id, unverified, resettable, created_at, updated_at, organization_id, version, verified)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing";
    const INSERT_CREDENTIAL: &str =
        "insert into identity_credentials (identity_id, kind, config, created_at, updated_at)
        values ($1, $2, $3, $4, $5)";
    const INSERT_TWO_CREDENTIALS: &str =
        "insert into identity_credentials (identity_id, kind, config, created_at, updated_at)
        values ($1, $2, $3, $4, $5), ($1, $6, $7, $8, $9)";
    const INSERT_IDENTIFIER: &str =
        "insert into identity_identifiers (identity_id, kind, identifier, position)
        values ($1, $2, $3, $4) on conflict do nothing";
    const INSERT_TWO_IDENTIFIERS: &str =
        "insert into identity_identifiers (identity_id, kind, identifier, position)
        values ($1, $2, $3, $4), ($1, $5, $6, $7) on conflict do nothing";
    const INSERT_ADDRESS: &str = "insert into identity_addresses (identity_id, id, purpose, position, via, value,
            verified, status, verified_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing";
    const INSERT_TWO_ADDRESSES: &str = "insert into identity_addresses (identity_id, id, purpose, position, via, value,
            verified, status, verified_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11),
            ($1, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) on conflict do nothing";

    const GET: &str = concat!(
        "select ",
        columns!(),
        " from identities i left join identity_addresses a on a.identity_id = i.id
          where i.id = $1 and ",
        unseen!("i.id"),
        " order by a.purpose, a.position"
    );
    const CREDENTIALS: &str = concat!(
        "select ",
        credential_columns!(),
        " where c.identity_id = $1 order by c.created_at, c.kind, n.position"
    );
    const PASSWORDS_FROM: &str = "select config from identity_credentials
        where identity_id >= $1 and kind = 'password' order by identity_id limit $2";
    const WHOSE: &str = concat!(
        "select identity_id from identity_identifiers n where kind = $1 and identifier = $2 and ",
        unseen!("n.identity_id")
    );
    const HOLD_CREDENTIAL: &str = "update identity_credentials set config = config
        where identity_id = $1 and kind = $2 and config = $3
            and exists (select 1 from identities where id = $1 and state = 'active')";
    const HOLD_IDENTIFIER: &str = "update identity_identifiers set position = position
        where kind = $2 and identifier = $3 and identity_id = $1
            and exists (select 1 from identities where id = $1 and state = 'active')";
    const WHOSE_VALUE: &str = concat!(
        "select identity_id from identity_addresses a where value = $1 and ",
        unseen!("a.identity_id"),
        " order by purpose desc limit 1"
    );
    const DELETE: &str = "delete from identities where id = $1";
    const WHOSE_ADDRESS: &str = concat!(
        "select identity_id from identity_addresses a
        where purpose = 'verifiable' and via = $1 and value = $2 and ",
        unseen!("a.identity_id")
    );
    const WHOSE_RECOVERY_ADDRESS: &str = concat!(
        "select identity_id from identity_addresses a
        where purpose = 'recovery' and via = $1 and value = $2 and ",
        unseen!("a.identity_id")
    );
    const HOLD_ACTIVE: &str = "update identities set version = version where id = $1 and state = 'active'";
    const HOLD_ADDRESS: &str = "update identity_addresses set position = position
        where id = $2 and purpose = 'recovery' and identity_id = $1";
    // Each part by an index of its own.
    const KNOWS: &str =
        "select (select count(*) from identity_identifiers where kind in ('password', 'code') and identifier = $1)
        + (select count(*) from identity_addresses where purpose = 'verifiable' and via = 'email' and value = $1)
        + (select count(*) from identity_addresses where purpose = 'recovery' and via = 'email' and value = $1)";
    const NAMED: &str = concat!(
        "select identity_id from identity_identifiers n
        where kind in ('password', 'code', 'passkey', 'webauthn') and identifier = $1 and ",
        unseen!("n.identity_id"),
        " limit 1"
    );
    const OWNERS: &str = "select identity_id from identity_identifiers
        where kind in ('password', 'code', 'oidc', 'passkey', 'webauthn') and identifier = $1
        union select identity_id from identity_addresses
        where purpose in ('verifiable', 'recovery') and via in ('email', 'sms') and value = $1";
    const MARK_SENT: &str = "update identity_addresses set status = 'sent', updated_at = $2
        where id = $1 and purpose = 'verifiable' and not verified";

    // Each locks the row, so that a proof that takes over and whatever gives a session are one after the other.
    const CLAIM: &str = "update identities set resettable = false where id = $1 and resettable";
    const STILL_BEFORE_PROOF: &str = "update identities set resettable = $2
        where id = $1 and resettable = $2 and unverified = $3";
    const END_OPEN_FLOWS: &str = "delete from flows where id <> $2 and id in (
            select flow_id from codes where identity_id = $1
            union select flow_id from deferred_logins where identity_id = $1
            union select flow_id from session_exchanges where identity_id = $1
            union select flow_id from oidc_links where identity_id = $1)";
    const END_EXCHANGES: &str = "delete from session_exchanges where identity_id = $1";
    const END_LINKS: &str = "delete from oidc_links where identity_id = $1";
    const END_DEFERRED_LOGINS: &str = "delete from deferred_logins where identity_id = $1";
    const END_CODES: &str = "delete from codes where identity_id = $1";
    const END_OWN_SESSIONS: &str = "update sessions set active = false where identity_id = $1 and active";
    const END_CREDENTIALS: &str = "delete from identity_credentials where identity_id = $1";
}

/// In this order: what a session could still be fetched with goes before the sessions.
const END_WAYS_IN: [&str; 6] =
    [END_EXCHANGES, END_LINKS, END_DEFERRED_LOGINS, END_CODES, END_OWN_SESSIONS, END_CREDENTIALS];

/// One address's row; the identity's columns repeat.
pub(super) struct Joined {
    identity_id: Uuid,
    schema_id: String,
    state: String,
    state_changed_at: DateTime<Utc>,
    traits: String,
    metadata_public: String,
    metadata_admin: String,
    external_id: Option<String>,
    organization_id: Option<Uuid>,
    identity_unproven: bool,
    resettable: bool,
    version: i64,
    identity_created_at: DateTime<Utc>,
    identity_updated_at: DateTime<Utc>,
    address_id: Option<Uuid>,
    address_purpose: Option<String>,
    address_via: Option<String>,
    address_value: Option<String>,
    address_verified: Option<bool>,
    address_status: Option<String>,
    address_verified_at: Option<DateTime<Utc>>,
    address_created_at: Option<DateTime<Utc>>,
    address_updated_at: Option<DateTime<Utc>>,
}

row!(Joined {
    identity_id,
    schema_id,
    state,
    state_changed_at,
    traits,
    metadata_public,
    metadata_admin,
    external_id,
    organization_id,
    identity_unproven,
    resettable,
    version,
    identity_created_at,
    identity_updated_at,
    address_id,
    address_purpose,
    address_via,
    address_value,
    address_verified,
    address_status,
    address_verified_at,
    address_created_at,
    address_updated_at
});

pub(super) struct StoredCredential {
    identity_id: Uuid,
    kind: String,
    config: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    identifier: Option<String>,
}

row!(StoredCredential { identity_id, kind, config, created_at, updated_at, identifier });

/// An address on its way into the table.
pub(super) struct Address<'a> {
    pub(super) purpose: &'static str,
    pub(super) position: i64,
    pub(super) id: Uuid,
    pub(super) via: &'a str,
    pub(super) value: &'a str,
    pub(super) verified: Option<bool>,
    pub(super) status: Option<String>,
    pub(super) verified_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl Address<'_> {
    /// Of which there is one.
    pub(super) fn key(&self) -> (&'static str, &str, &str) {
        (self.purpose, self.via, self.value)
    }

    /// Whether a proof changed nothing of it.
    pub(super) fn is_marked_as(&self, other: &Address<'_>) -> bool {
        self.verified == other.verified
            && self.status == other.status
            && self.verified_at == other.verified_at
            && self.updated_at == other.updated_at
    }
}

impl Address<'_> {
    fn params(&self) -> [&dyn Param; 10] {
        [
            &self.id,
            &self.purpose,
            &self.position,
            &self.via,
            &self.value,
            &self.verified,
            &self.status,
            &self.verified_at,
            &self.created_at,
            &self.updated_at,
        ]
    }
}

pub async fn insert(tx: &mut Tx, identity: &Identity, credentials: &[Credential]) -> Result<Inserted> {
    let traits = to_text(&identity.traits)?;
    let public = to_text(&identity.metadata_public)?;
    let admin = to_text(&identity.metadata_admin)?;
    refuse_nul(identity.external_id.as_deref())?;
    let made = tx
        .execute(
            INSERT,
            &[
                &identity.id.0,
                &identity.schema_id,
                &identity.state.name(),
                &identity.state_changed_at,
                &traits,
                &public,
                &admin,
                &identity.external_id,
                &identity.unverified,
                &identity.resettable,
                &identity.created_at,
                &identity.updated_at,
                &identity.organization_id,
                &identity.version,
                &identity.has_verified_address(),
            ],
        )
        .await?;
    if made == 0 {
        return Ok(Inserted::Taken);
    }

    for some in credentials.chunks(2) {
        let configs = some.iter().map(|one| to_text(&one.config)).collect::<Result<Vec<_>>>()?;
        let mut params: Vec<&dyn Param> = vec![&identity.id.0];
        for (one, config) in some.iter().zip(&configs) {
            params.extend::<[&dyn Param; 4]>([&one.kind, config, &one.created_at, &one.updated_at]);
        }
        let insert = if some.len() == 2 { INSERT_TWO_CREDENTIALS } else { INSERT_CREDENTIAL };
        tx.execute(insert, &params).await?;
    }
    // Always in the same order: two users who want the same two identifiers must not wait for each other.
    let identifiers: Vec<_> = identifiers(credentials).into_iter().collect();
    for some in identifiers.chunks(2) {
        for ((_, identifier), _) in some {
            refuse_nul(Some(identifier))?;
        }
        let mut params: Vec<&dyn Param> = vec![&identity.id.0];
        for ((kind, identifier), position) in some {
            params.extend::<[&dyn Param; 3]>([kind, identifier, position]);
        }
        let insert = if some.len() == 2 { INSERT_TWO_IDENTIFIERS } else { INSERT_IDENTIFIER };
        if tx.execute(insert, &params).await? != some.len() as u64 {
            return Ok(Inserted::Taken);
        }
    }
    for some in addresses(identity).chunks(2) {
        for address in some {
            refuse_nul(Some(address.value))?;
        }
        let mut params: Vec<&dyn Param> = vec![&identity.id.0];
        params.extend(some.iter().flat_map(Address::params));
        let insert = if some.len() == 2 { INSERT_TWO_ADDRESSES } else { INSERT_ADDRESS };
        if tx.execute(insert, &params).await? != some.len() as u64 {
            return Ok(Inserted::Taken);
        }
    }
    Ok(Inserted::Done)
}

/// Kind and identifier with its position, each once.
pub(super) fn identifiers(credentials: &[Credential]) -> BTreeMap<(&str, &str), i64> {
    let mut all = BTreeMap::new();
    for credential in credentials {
        for (position, identifier) in (0_i64..).zip(&credential.identifiers) {
            all.entry((credential.kind.as_str(), identifier.as_str())).or_insert(position);
        }
    }
    all
}

pub(super) async fn insert_identifier(
    tx: &mut Tx,
    id: IdentityId,
    kind: &str,
    identifier: &str,
    position: i64,
) -> Result<Inserted> {
    refuse_nul(Some(identifier))?;
    let made = tx.execute(INSERT_IDENTIFIER, &[&id.0, &kind, &identifier, &position]).await?;
    Ok(if made == 1 { Inserted::Done } else { Inserted::Taken })
}

pub(super) async fn insert_address(tx: &mut Tx, id: IdentityId, address: &Address<'_>) -> Result<Inserted> {
    refuse_nul(Some(address.value))?;
    let mut params: Vec<&dyn Param> = vec![&id.0];
    params.extend(address.params());
    let made = tx.execute(INSERT_ADDRESS, &params).await?;
    Ok(if made == 1 { Inserted::Done } else { Inserted::Taken })
}

pub async fn get(tx: &mut Tx, id: IdentityId) -> Result<Option<Identity>> {
    let rows: Vec<Joined> = tx.fetch_all(GET, &[&id.0]).await?;
    Ok(gather(rows)?.pop())
}

pub async fn credentials(tx: &mut Tx, id: IdentityId) -> Result<Vec<Credential>> {
    let rows: Vec<StoredCredential> = tx.fetch_all(CREDENTIALS, &[&id.0]).await?;
    Ok(gather_credentials(rows)?.pop().map(|(_, credentials)| credentials).unwrap_or_default())
}

/// Puts rows that follow each other and belong to one identity together.
pub(super) fn gather_credentials(rows: Vec<StoredCredential>) -> Result<Vec<(Uuid, Vec<Credential>)>> {
    let mut all: Vec<(Uuid, Vec<Credential>)> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|(id, _)| *id != row.identity_id) {
            all.push((row.identity_id, Vec::new()));
        }
        let Some((_, credentials)) = all.last_mut() else { continue };
        if credentials.last().is_none_or(|last| last.kind != row.kind) {
            credentials.push(Credential {
                kind: row.kind,
                identifiers: Vec::new(),
                config: from_text("identity_credentials.config", &row.config)?,
                created_at: row.created_at,
                updated_at: row.updated_at,
            });
        }
        if let (Some(credential), Some(identifier)) = (credentials.last_mut(), row.identifier) {
            credential.identifiers.push(identifier);
        }
    }
    Ok(all)
}

/// Whose credential of `kind` has that (normalised) identifier.
pub async fn owner(tx: &mut Tx, kind: &str, identifier: &str) -> Result<Option<IdentityId>> {
    // PostgreSQL refuses the character, so nobody has it.
    if identifier.contains('\0') {
        return Ok(None);
    }
    let found = tx.fetch_optional::<(Uuid,)>(WHOSE, &[&kind, &identifier]).await?;
    Ok(found.map(|(id,)| IdentityId(id)))
}

/// The same with the account and that credential.
pub async fn by_identifier(
    tx: &mut Tx,
    kind: &str,
    identifier: &str,
) -> Result<Option<(Identity, Credential)>> {
    let Some(id) = owner(tx, kind, identifier).await? else { return Ok(None) };
    let credential = credentials(tx, id).await?.into_iter().find(|credential| credential.kind == kind);
    Ok(get(tx, id).await?.zip(credential))
}

/// Whose verifiable address of that kind it is.
pub async fn by_verifiable_address(tx: &mut Tx, via: &str, value: &str) -> Result<Option<Identity>> {
    // PostgreSQL refuses the character, so nobody has it.
    if value.contains('\0') {
        return Ok(None);
    }
    match tx.fetch_optional::<(Uuid,)>(WHOSE_ADDRESS, &[&via, &value]).await? {
        Some((id,)) => get(tx, IdentityId(id)).await,
        None => Ok(None),
    }
}

/// Whose recovery address of that kind it is. The same statements run for an address that nobody has.
pub async fn by_recovery_address(tx: &mut Tx, via: &str, value: &str) -> Result<Option<Identity>> {
    // PostgreSQL refuses the character, so nobody has it.
    if value.contains('\0') {
        return Ok(None);
    }
    let found = tx.fetch_optional::<(Uuid,)>(WHOSE_RECOVERY_ADDRESS, &[&via, &value]).await?;
    get(tx, found.map_or(IdentityId(Uuid::nil()), |(id,)| IdentityId(id))).await
}

/// Whether an account has that email, verified or not.
pub async fn knows(tx: &mut Tx, address: &str) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one(KNOWS, &[&address]).await?;
    Ok(count > 0)
}

/// The credentials of the account that users sign in to with that (normalised) identifier, whatever the method.
pub async fn credentials_of(tx: &mut Tx, identifier: &str) -> Result<Option<Vec<Credential>>> {
    if identifier.contains('\0') {
        return Ok(None);
    }
    match tx.fetch_optional::<(Uuid,)>(NAMED, &[&identifier]).await? {
        Some((id,)) => credentials(tx, IdentityId(id)).await.map(Some),
        None => Ok(None),
    }
}

/// All accounts with that (normalized) value as an identifier or address.
pub async fn owners(tx: &mut Tx, value: &str) -> Result<Vec<IdentityId>> {
    // PostgreSQL refuses the character, so nobody has it.
    if value.contains('\0') {
        return Ok(Vec::new());
    }
    let found: Vec<(Uuid,)> = tx.fetch_all(OWNERS, &[&value]).await?;
    Ok(found.into_iter().map(|(id,)| IdentityId(id)).collect())
}

/// A verification email was sent; a verified address stays verified.
pub async fn mark_sent(tx: &mut Tx, address: Uuid, now: DateTime<Utc>) -> Result<()> {
    tx.execute(MARK_SENT, &[&address, &now]).await?;
    Ok(())
}

/// Whether a proof still takes that account over; from here on none does. The first thing in its transaction: of two proofs at once
/// one gets it, when the other is done.
pub async fn claim(tx: &mut Tx, id: IdentityId) -> Result<bool> {
    Ok(tx.execute(CLAIM, &[&id.0]).await? == 1)
}

/// Whether an account that was read before any proof is still without one; none comes before this transaction ends. For whoever
/// gives a session by what was right before it.
pub async fn still_before_proof(tx: &mut Tx, identity: &Identity) -> Result<bool> {
    let same =
        tx.execute(STILL_BEFORE_PROOF, &[&identity.id.0, &identity.resettable, &identity.unverified]).await?;
    Ok(same == 1)
}

/// Ends the sessions of an identity and every sign-in to it that is under way: deferred logins, exchanges for a token, links to a
/// provider. How many sessions were active.
pub async fn end_sign_ins(tx: &mut Tx, id: IdentityId) -> Result<u64> {
    for end in [END_EXCHANGES, END_LINKS, END_DEFERRED_LOGINS] {
        tx.execute(end, &[&id.0]).await?;
    }
    let ended = tx.execute(END_OWN_SESSIONS, &[&id.0]).await?;
    tx.tally.revoked += ended;
    Ok(ended)
}

/// Deletes the forms that are open for an identity, with their codes and provider authorizations.
pub async fn end_open_flows(tx: &mut Tx, id: IdentityId) -> Result<()> {
    tx.execute(END_OPEN_FLOWS, &[&id.0, &Uuid::nil()]).await.map(drop)
}

/// Ends every access to an identity: its sessions, deferred logins, codes, credentials and the flows that they belong to, but
/// `proving`.
pub async fn end_access(tx: &mut Tx, id: IdentityId, proving: FlowId) -> Result<()> {
    tx.execute(END_OPEN_FLOWS, &[&id.0, &proving.0]).await?;
    for end in END_WAYS_IN {
        let ended = tx.execute(end, &[&id.0]).await?;
        if end == END_OWN_SESSIONS {
            tx.tally.revoked += ended;
        }
    }
    Ok(())
}

/// Whether the account is active and its credential of `kind` still has that configuration. Its row is locked until `tx` ends.
pub async fn hold_credential(
    tx: &mut Tx,
    id: IdentityId,
    kind: &str,
    config: &serde_json::Value,
) -> Result<bool> {
    Ok(tx.execute(HOLD_CREDENTIAL, &[&id.0, &kind, &to_text(config)?]).await? == 1)
}

/// The same for an identifier that the account has.
pub async fn hold_identifier(tx: &mut Tx, id: IdentityId, kind: &str, identifier: &str) -> Result<bool> {
    Ok(tx.execute(HOLD_IDENTIFIER, &[&id.0, &kind, &identifier]).await? == 1)
}

/// Configurations of passwords, in the order of their identities, beginning with that one or the next.
pub async fn passwords_from(tx: &mut Tx, id: Uuid, limit: i64) -> Result<Vec<serde_json::Value>> {
    let rows: Vec<(String,)> = tx.fetch_all(PASSWORDS_FROM, &[&id, &limit]).await?;
    rows.iter().map(|(config,)| from_text("identity_credentials.config", config)).collect()
}

/// Whether the account is active. It stays so until `tx` ends.
pub async fn hold_active(tx: &mut Tx, id: IdentityId) -> Result<bool> {
    Ok(tx.execute(HOLD_ACTIVE, &[&id.0]).await? == 1)
}

/// The same, and whether it still has that recovery address.
pub async fn hold_recovery_address(tx: &mut Tx, id: IdentityId, address: Uuid) -> Result<bool> {
    Ok(hold_active(tx, id).await? && tx.execute(HOLD_ADDRESS, &[&id.0, &address]).await? == 1)
}

/// Ends what would still issue a session of that account: deferred logins, an app's exchange, links to a provider.
pub async fn end_waiting(tx: &mut Tx, id: IdentityId) -> Result<()> {
    for end in [END_EXCHANGES, END_LINKS, END_DEFERRED_LOGINS] {
        tx.execute(end, &[&id.0]).await?;
    }
    Ok(())
}

/// Whose address it is, of whatever kind; a verifiable one counts before a recovery address.
pub async fn by_address(tx: &mut Tx, value: &str) -> Result<Option<Identity>> {
    // PostgreSQL refuses the character, so nobody has it.
    if value.contains('\0') {
        return Ok(None);
    }
    match tx.fetch_optional::<(Uuid,)>(WHOSE_VALUE, &[&value]).await? {
        Some((id,)) => get(tx, IdentityId(id)).await,
        None => Ok(None),
    }
}

/// Deletes with credentials, addresses, sessions. `false`: unknown.
pub async fn delete(tx: &mut Tx, id: IdentityId) -> Result<bool> {
    Ok(tx.execute(DELETE, &[&id.0]).await? == 1)
}

/// Sorted as they are inserted, each value once.
pub(super) fn addresses(identity: &Identity) -> Vec<Address<'_>> {
    let verifiable = (0_i64..).zip(&identity.verifiable_addresses).map(|(position, address)| Address {
        purpose: "verifiable",
        position,
        id: address.id,
        via: &address.via,
        value: &address.value,
        verified: Some(address.verified),
        status: Some(address.status.clone()),
        verified_at: address.verified_at,
        created_at: address.created_at,
        updated_at: address.updated_at,
    });
    let recovery = (0_i64..).zip(&identity.recovery_addresses).map(|(position, address)| Address {
        purpose: "recovery",
        position,
        id: address.id,
        via: &address.via,
        value: &address.value,
        verified: None,
        status: None,
        verified_at: None,
        created_at: address.created_at,
        updated_at: address.updated_at,
    });
    let mut all: Vec<_> = verifiable.chain(recovery).collect();
    all.sort_by_key(|address| (address.purpose, address.via, address.value, address.position));
    all.dedup_by_key(|address| (address.purpose, address.via, address.value));
    all
}

/// Puts rows that follow each other and belong to one identity together.
pub(super) fn gather(rows: Vec<Joined>) -> Result<Vec<Identity>> {
    let mut identities: Vec<Identity> = Vec::new();
    for row in rows {
        if identities.last().is_none_or(|last| last.id.0 != row.identity_id) {
            identities.push(row.identity()?);
        }
        if let Some(identity) = identities.last_mut() {
            row.add_address(identity)?;
        }
    }
    Ok(identities)
}

impl Joined {
    fn identity(&self) -> Result<Identity> {
        Ok(Identity {
            id: IdentityId(self.identity_id),
            schema_id: self.schema_id.clone(),
            state: match self.state.as_str() {
                "active" => State::Active,
                "inactive" => State::Inactive,
                other => return Err(unreadable("identities.state", other)),
            },
            state_changed_at: self.state_changed_at,
            traits: from_text("identities.traits", &self.traits)?,
            verifiable_addresses: Vec::new(),
            recovery_addresses: Vec::new(),
            metadata_public: from_text("identities.metadata_public", &self.metadata_public)?,
            metadata_admin: from_text("identities.metadata_admin", &self.metadata_admin)?,
            external_id: self.external_id.clone(),
            organization_id: self.organization_id,
            unverified: self.identity_unproven,
            resettable: self.resettable,
            version: self.version,
            created_at: self.identity_created_at,
            updated_at: self.identity_updated_at,
        })
    }

    fn add_address(self, identity: &mut Identity) -> Result<()> {
        let Some(id) = self.address_id else { return Ok(()) };
        let missing = |column| unreadable(column, "null");
        let value = self.address_value.ok_or_else(|| missing("identity_addresses.value"))?;
        let via = self.address_via.ok_or_else(|| missing("identity_addresses.via"))?;
        let created_at = self.address_created_at.ok_or_else(|| missing("identity_addresses.created_at"))?;
        let updated_at = self.address_updated_at.ok_or_else(|| missing("identity_addresses.updated_at"))?;
        match self.address_purpose.as_deref() {
            Some("verifiable") => identity.verifiable_addresses.push(VerifiableAddress {
                id,
                value,
                verified: self.address_verified.ok_or_else(|| missing("identity_addresses.verified"))?,
                via,
                status: self.address_status.ok_or_else(|| missing("identity_addresses.status"))?,
                verified_at: self.address_verified_at,
                created_at,
                updated_at,
            }),
            Some("recovery") => {
                identity.recovery_addresses.push(RecoveryAddress { id, value, via, created_at, updated_at });
            }
            other => return Err(unreadable("identity_addresses.purpose", other.unwrap_or("null"))),
        }
        Ok(())
    }
}

/// PostgreSQL cannot store the character in a text; both databases must agree.
pub(super) fn refuse_nul(text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.contains('\0') => {
            Err(Error::invalid("An email or username contains a character that can't be stored. Remove it."))
        }
        _ => Ok(()),
    }
}
