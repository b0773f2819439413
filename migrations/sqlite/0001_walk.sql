-- Documents (JSON) are text in both databases: the order of keys is kept, and compare-and-set is a comparison of text.
-- Times are RFC 3339 in UTC, bound by the program, never the database's own.
create table identities (
    id blob not null primary key,
    schema_id text not null,
    state text not null,
    state_changed_at text not null,
    traits text not null,
    metadata_public text not null,
    metadata_admin text not null,
    external_id text unique,
    created_at text not null,
    updated_at text not null
) strict;

create table identity_credentials (
    identity_id blob not null references identities (id) on delete cascade,
    kind text not null,
    config text not null,
    created_at text not null,
    updated_at text not null,
    primary key (identity_id, kind)
) strict;

create table identity_identifiers (
    kind text not null,
    identifier text not null,
    identity_id blob not null,
    position integer not null,
    primary key (kind, identifier),
    foreign key (identity_id, kind) references identity_credentials (identity_id, kind) on delete cascade
) strict;
create index identity_identifiers_of on identity_identifiers (identity_id, kind);

-- purpose: verifiable or recovery. What only verifiable ones have is null in the others.
create table identity_addresses (
    id blob not null primary key,
    identity_id blob not null references identities (id) on delete cascade,
    purpose text not null,
    position integer not null,
    via text not null,
    value text not null,
    verified integer,
    status text,
    verified_at text,
    created_at text not null,
    updated_at text not null,
    unique (purpose, via, value)
) strict;
create index identity_addresses_of on identity_addresses (identity_id, purpose, position);

create table sessions (
    id blob not null primary key,
    identity_id blob not null references identities (id) on delete cascade,
    token_hash blob not null unique,
    aal text not null,
    methods text not null,
    devices text not null,
    active integer not null,
    issued_at text not null,
    authenticated_at text not null,
    expires_at text not null
) strict;
create index sessions_of on sessions (identity_id, issued_at);

create table flows (
    id blob not null primary key,
    kind text not null,
    type text not null,
    issued_at text not null,
    expires_at text not null,
    csrf text not null,
    body text not null
) strict;
create index flows_expiry on flows (expires_at);

create table flow_errors (
    id blob not null primary key,
    body text not null,
    created_at text not null
) strict;
create index flow_errors_age on flow_errors (created_at);

create table settings_revisions (
    number integer not null primary key,
    made_at text not null,
    made_by text not null,
    base integer not null,
    settings text not null,
    summary text not null
) strict;

create trigger settings_revisions_no_update before update on settings_revisions
begin
    select raise(abort, 'settings revisions are immutable');
end;
create trigger settings_revisions_no_delete before delete on settings_revisions
begin
    select raise(abort, 'settings revisions are immutable');
end;

create table operators (
    id blob not null primary key,
    email text not null unique,
    name text not null,
    role text not null,
    password_hash text not null,
    disabled integer not null,
    created_at text not null
) strict;

-- Rows stay after their end: they tell from where an operator signed in before.
create table operator_sessions (
    token_hash blob not null primary key,
    operator_id blob not null references operators (id) on delete cascade,
    address text,
    authenticated_at text not null,
    expires_at text not null,
    ended_at text
) strict;
create index operator_sessions_of on operator_sessions (operator_id, address);

-- kind: setup (no operator yet) or reset.
create table operator_links (
    secret_hash blob not null primary key,
    kind text not null,
    operator_id blob references operators (id) on delete cascade,
    expires_at text not null,
    used_at text
) strict;
create index operator_links_of on operator_links (kind, operator_id);

-- scope: email or address. The key is hashed: people type passwords into the wrong field.
create table operator_failures (
    scope text not null,
    key blob not null,
    failures integer not null,
    last_at text not null,
    primary key (scope, key)
) strict;
create index operator_failures_age on operator_failures (last_at);

create table audit (
    id integer not null primary key autoincrement,
    at text not null,
    actor text not null,
    action text not null,
    details text not null
) strict;

create trigger audit_no_update before update on audit
begin
    select raise(abort, 'the audit is append-only');
end;
create trigger audit_no_delete before delete on audit
begin
    select raise(abort, 'the audit is append-only');
end;
-- "insert or replace" would delete without asking the trigger above.
create trigger audit_no_replace before insert on audit when exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'the audit is append-only');
end;
