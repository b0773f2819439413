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
    updated_at timestamptz not null
);

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
    identifier text not null,
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
    value text not null,
    verified boolean,
    status text,
    verified_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (purpose, via, value)
);
create index identity_addresses_of on identity_addresses (identity_id, purpose, position);

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
    expires_at timestamptz not null
);
create index sessions_of on sessions (identity_id, issued_at);

create table flows (
    id uuid not null primary key,
    kind text not null,
    type text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    csrf text not null,
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
    summary text not null
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

-- kind: setup (no operator yet) or reset.
create table operator_links (
    secret_hash bytea not null primary key,
    kind text not null,
    operator_id uuid references operators (id) on delete cascade,
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


create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end;
$$;

create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();
create trigger settings_revisions_append_only before update or delete or truncate on settings_revisions
    for each statement execute function refuse_change();
