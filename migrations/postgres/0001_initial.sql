-- Documents (JSON) are text in both databases: the order of keys is kept, and compare-and-set is a comparison of text.
-- Times are bound by the program, never the database's own.
create table identities (
    id uuid not null primary key,
    schema_id text not null,
    state text not null,
    state_changed_at timestamptz not null,
    traits text not null,
    metadata_public text not null,
    metadata_admin text not null,
    external_id text unique,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- Signed up by themselves while an option asked for the mark, and never proved an address.
    unverified boolean not null,
    -- Signed up by themselves while the first proof takes over, and never proved an address.
    resettable boolean not null,
    -- Each change counts one up, and is written only from the version that it read.
    version bigint not null,
    -- As an administrator gave it. Nothing here depends on it.
    organization_id uuid,
    -- Whether it has a verified address, for the console's list.
    verified boolean not null
);
create index identities_of_organization on identities (organization_id, id) where organization_id is not null;
-- A list without a filter merges the ranges of this one index.
create index identities_newest on identities (state, verified, created_at, id);

create table identity_credentials (
    identity_id uuid not null references identities (id) on delete cascade,
    kind text not null,
    config text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (identity_id, kind)
);

create table identity_identifiers (
    kind text not null,
    -- Compared by its bytes, as SQLite does it: a prefix is then a range of the index.
    identifier text collate "C" not null,
    identity_id uuid not null,
    position bigint not null,
    primary key (kind, identifier),
    foreign key (identity_id, kind) references identity_credentials (identity_id, kind) on delete cascade
);
create index identity_identifiers_of on identity_identifiers (identity_id, kind);

-- purpose: verifiable or recovery. What only verifiable ones have is null in the others.
create table identity_addresses (
    id uuid not null primary key,
    identity_id uuid not null references identities (id) on delete cascade,
    purpose text not null,
    position bigint not null,
    via text not null,
    -- Compared by its bytes, as an identifier is.
    value text collate "C" not null,
    verified boolean,
    status text,
    verified_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (purpose, via, value)
);
create index identity_addresses_of on identity_addresses (identity_id, purpose, position);
create index identity_addresses_by_value on identity_addresses (value, purpose);

create table sessions (
    id uuid not null primary key,
    identity_id uuid not null references identities (id) on delete cascade,
    token_hash bytea not null unique,
    aal text not null,
    methods text not null,
    devices text not null,
    active boolean not null,
    issued_at timestamptz not null,
    authenticated_at timestamptz not null,
    expires_at timestamptz not null,
    -- Handed over before any proof.
    unverified boolean not null,
    -- HMAC of the account and its client's network, without which nobody learns the address from it.
    network_hash bytea
);
create index sessions_of on sessions (identity_id, issued_at desc, id);
-- The console's list: sessions that are active, have expired or were revoked, by their end.
create index sessions_by_end on sessions (active, expires_at, id);

-- The tokens that sessions had before a fresh sign-in: until then they may read.
create table rotated_session_tokens (
    token_hash bytea not null primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    valid_until timestamptz not null
);
create index rotated_session_tokens_of on rotated_session_tokens (session_id);
create index rotated_session_tokens_end on rotated_session_tokens (valid_until);

create table flows (
    id uuid not null primary key,
    kind text not null,
    type text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    csrf text not null,
    version bigint not null default 0,
    body text not null
);
create index flows_expiry on flows (expires_at);

create table flow_errors (
    id uuid not null primary key,
    body text not null,
    created_at timestamptz not null
);
create index flow_errors_age on flow_errors (created_at);

create table settings_revisions (
    number bigint not null primary key,
    made_at timestamptz not null,
    made_by text not null,
    base bigint not null,
    settings text not null,
    summary text not null,
    -- Why a revision was made, in its author's words; empty when they gave none.
    reason text not null
);

create table operators (
    id uuid not null primary key,
    email text not null unique,
    name text not null,
    role text not null,
    password_hash text not null,
    disabled boolean not null,
    created_at timestamptz not null
);

-- Rows stay after their end: they tell from where an operator signed in before.
create table operator_sessions (
    token_hash bytea not null primary key,
    operator_id uuid not null references operators (id) on delete cascade,
    address text,
    authenticated_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index operator_sessions_of on operator_sessions (operator_id, address);

-- kind: setup (no operator yet), reset, or invitation: of operator_id, for that email and role.
create table operator_links (
    secret_hash bytea not null primary key,
    kind text not null,
    operator_id uuid references operators (id) on delete cascade,
    email text,
    role text,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index operator_links_of on operator_links (kind, operator_id);

-- scope: email or address. The key is hashed: people type passwords into the wrong field.
create table operator_failures (
    scope text not null,
    key bytea not null,
    failures bigint not null,
    last_at timestamptz not null,
    primary key (scope, key)
);
create index operator_failures_age on operator_failures (last_at);

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    details text not null
);
create index audit_of_actor on audit (actor, id);
create index audit_of_action on audit (action, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end;
$$;

create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();
create trigger settings_revisions_append_only before update or delete or truncate on settings_revisions
    for each statement execute function refuse_change();

-- Codes that prove an address, found by flow. digest: HMAC under a key that lies outside of the database.
create table codes (
    id uuid not null primary key,
    flow_id uuid not null references flows (id) on delete cascade,
    purpose text not null,
    -- Null for a sign-up, whose account does not exist yet.
    identity_id uuid references identities (id) on delete cascade,
    -- Null where the code is bound to the text of the address, which is in its digest, or is for the account itself.
    address_id uuid references identity_addresses (id) on delete cascade,
    key_id text not null,
    digest bytea not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    -- The mail's link has a secret of its own, too long to be guessed: it works however often codes were tried.
    link_digest bytea not null
);
create index codes_of_flow on codes (flow_id, purpose, issued_at desc, id);
create index codes_of_identity on codes (identity_id);
create index codes_of_address on codes (address_id, purpose, issued_at desc, id);

-- Counted and committed before a code is compared.
create table code_attempts (
    flow_id uuid not null primary key references flows (id) on delete cascade,
    attempts bigint not null
);

-- body is sealed; once the mail has left, code and link in it are masked.
create table courier_messages (
    id uuid not null primary key,
    status text not null,
    kind text not null,
    recipient text not null,
    template text not null,
    subject text not null,
    body bytea not null,
    send_count bigint not null,
    next_attempt_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index courier_messages_due on courier_messages (next_attempt_at, created_at) where status in ('queued', 'processing');
create index courier_messages_newest on courier_messages (created_at, id);
create index courier_messages_sent on courier_messages (created_at, id) where status = 'sent';
create index courier_messages_to on courier_messages (recipient, created_at, id);
-- What has not left is little, beside years of what has.
create index courier_messages_unsent on courier_messages (created_at, id) where status <> 'sent';
create index courier_messages_failing on courier_messages (updated_at) where status <> 'sent';

create table courier_dispatches (
    id uuid not null primary key,
    message_id uuid not null references courier_messages (id) on delete cascade,
    status text not null,
    error text,
    created_at timestamptz not null
);
create index courier_dispatches_of on courier_dispatches (message_id, created_at, id);

-- What an operator had typed when their session was over: one form for each, for a quarter of an hour.
create table form_drafts (
    operator_id uuid not null primary key references operators (id) on delete cascade,
    page text not null,
    form text not null,
    kept_at timestamptz not null
);

-- What is over is found by its end.
create index sessions_expiry on sessions (expires_at);

-- What waits for a proof: whoever brings the secret of the sign-up is signed in when the one address is proven. It belongs to
-- a running verification and goes with it; its end never moves. version: digest of account and credentials at the sign-up.
create table deferred_logins (
    flow_id uuid not null primary key references flows (id) on delete cascade,
    secret_hash bytea not null,
    identity_id uuid not null references identities (id) on delete cascade,
    address_id uuid not null references identity_addresses (id) on delete cascade,
    version bytea not null,
    method text not null,
    signs_in boolean not null,
    expires_at timestamptz not null
);
create index deferred_logins_of_identity on deferred_logins (identity_id);
create index deferred_logins_of_address on deferred_logins (address_id);
create index deferred_logins_expiry on deferred_logins (expires_at);

-- Counters of limits. subject and account: keyed digests, never an address. client: the network that is counted. label: the address
-- with its local part masked, for operators. The row is what requests at the same moment wait for.
create table limit_counters (
    scope text not null,
    subject bytea not null,
    account bytea,
    client text,
    label text,
    count bigint not null,
    began_at timestamptz not null,
    last_at timestamptz not null,
    primary key (scope, subject)
);
create index limit_counters_age on limit_counters (last_at);

-- Invitation links, by the digest of their secret. Rows stay after their end, until the sweep: they tell who came by which.
create table invitations (
    id uuid not null primary key,
    secret_hash bytea not null unique,
    address text,
    mailed boolean not null,
    made_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_by uuid,
    withdrawn_at timestamptz
);
create index invitations_newest on invitations (created_at, id);
create index invitations_expiry on invitations (expires_at);

-- Sign-ups that wait for a proof: no account exists until then. id is the account's, given in advance. Several may wait for one
-- address; nothing here is unique that a stranger could take. digest: of the newest code, as in codes.
create table pending_sign_ups (
    id uuid not null primary key,
    flow_id uuid not null unique references flows (id) on delete cascade,
    address text not null,
    address_id uuid not null,
    secret_hash bytea not null,
    key_id text not null,
    digest bytea not null,
    link_digest bytea not null,
    code_expires_at timestamptz not null,
    draft text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index pending_sign_ups_for on pending_sign_ups (address, code_expires_at desc, id);
create index pending_sign_ups_expiry on pending_sign_ups (expires_at);

-- Changes of an address that wait until the new one is verified. traits: all of them, as they will be. basis: a digest of the traits that
-- they were made from.
create table address_changes (
    flow_id uuid not null primary key references flows (id) on delete cascade,
    identity_id uuid not null references identities (id) on delete cascade,
    session_id uuid not null references sessions (id) on delete cascade,
    origin uuid not null,
    address text not null,
    traits text not null,
    basis bytea not null
);
create index address_changes_of_identity on address_changes (identity_id);
create index address_changes_of_session on address_changes (session_id);

-- Calls of web hooks: the queue of those that nobody waits for, and the log of all. body is sealed.
create table hook_deliveries (
    id uuid not null primary key,
    hook text not null,
    name text not null,
    place text not null,
    flow_id uuid,
    kind text not null,
    status text not null,
    answered bigint,
    millis bigint,
    attempts bigint not null,
    next_attempt_at timestamptz not null,
    body bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- Of the request that caused it.
    request_id text,
    -- Whose account it is about. A call that is not made yet goes with the account.
    identity_id uuid
);
create index hook_deliveries_first on hook_deliveries (next_attempt_at, created_at) where attempts = 0 and status = 'queued';
create index hook_deliveries_later on hook_deliveries (next_attempt_at, created_at)
    where attempts > 0 and status in ('queued', 'processing');
create index hook_deliveries_of on hook_deliveries (hook, created_at, id);
create index hook_deliveries_age on hook_deliveries (created_at);
create index hook_deliveries_for on hook_deliveries (identity_id) where status in ('queued', 'processing');

-- Sign-ups that are not finished until every service has agreed. Nobody sees their accounts. notified: services that may know of it.
-- node_id, heartbeat_at: the server that works on it, and when it last said so.
create table atomic_registrations (
    identity_id uuid not null primary key,
    flow_id uuid not null,
    notified text not null,
    node_id uuid not null,
    heartbeat_at timestamptz not null
);
create index atomic_registrations_heartbeat on atomic_registrations (heartbeat_at);

-- One trip of a browser or app to a provider and back, found by the hash of its state. browser: hash of the cookie of
-- whoever left; null for apps, which come back in a browser that left nowhere. Goes with its flow.
create table oidc_authorizations (
    state_hash bytea not null primary key,
    flow_id uuid not null references flows (id) on delete cascade,
    kind text not null,
    provider text not null,
    browser bytea,
    nonce text not null,
    verifier text,
    form text not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index oidc_authorizations_of on oidc_authorizations (flow_id);

-- What an app fetches its session with once the browser is back: both codes as hashes, each pair good for one use.
create table session_exchanges (
    init_hash bytea not null primary key,
    flow_id uuid not null references flows (id) on delete cascade,
    return_hash bytea,
    identity_id uuid references identities (id) on delete cascade,
    provider text,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index session_exchanges_of on session_exchanges (flow_id);
create index session_exchanges_by on session_exchanges (identity_id);

-- Somebody came from a provider with an address that has an account: signing in to that account in that login flow, in
-- that browser, links the two.
create table oidc_links (
    flow_id uuid not null primary key references flows (id) on delete cascade,
    identity_id uuid not null references identities (id) on delete cascade,
    provider text not null,
    subject text not null,
    browser bytea not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index oidc_links_of on oidc_links (identity_id);

-- An id_token that an app sent: good in one flow, until something was issued for it.
create table id_tokens (
    digest bytea not null primary key,
    flow_id uuid not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index id_tokens_end on id_tokens (expires_at);

-- What the console was given and shows nobody again: a provider's secret, a web hook's key. Settings name it; the value lies
-- here alone, sealed under a key that is not in the database, bound to the row's id, and can be destroyed.
create table setting_secrets (
    name text not null primary key,
    id uuid not null,
    sealed bytea not null,
    fingerprint text not null,
    set_at timestamptz not null,
    set_by text not null,
    used_at timestamptz
);

-- An operator's test of a provider: a trip that signs nobody in, found by the hash of its state. result: what it came to, sealed
-- under a key that is not in the database and bound to the id, for that operator alone.
create table oidc_tests (
    id uuid not null primary key,
    state_hash bytea not null unique,
    operator_id uuid not null references operators (id) on delete cascade,
    provider text not null,
    nonce text not null,
    verifier text,
    expires_at timestamptz not null,
    used_at timestamptz,
    result bytea
);
create index oidc_tests_by on oidc_tests (operator_id);
create index oidc_tests_end on oidc_tests (expires_at);

-- Which secrets servers used this database with: a keyed fingerprint of each, so that two servers with different ones are told apart.
create table secret_fingerprints (
    number bigint not null primary key,
    fingerprint bytea not null,
    recorded_at timestamptz not null
);

-- What happened on each day (UTC, in days since 1 January 1970), for the overview. kind: sign_up or sign_in.
create table daily_counts (
    day bigint not null,
    kind text not null,
    count bigint not null,
    primary key (day, kind)
);
