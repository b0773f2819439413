-- People
create table identities (
    id uuid primary key not null,
    schema_id text not null,
    state text not null,
    state_changed_at timestamptz not null,
    traits text not null,
    verifiable_addresses text not null,
    recovery_addresses text not null,
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
    identity_id uuid not null references identities (id) on delete cascade,
    position bigint not null,
    primary key (kind, identifier)
);
create index identity_identifiers_of on identity_identifiers (identity_id, kind);

create table sessions (
    id uuid primary key not null,
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
create index sessions_by_end on sessions (expires_at);

-- What is under way
create table flows (
    id uuid primary key not null,
    kind text not null,
    expires_at timestamptz not null,
    body text not null
);
create index flows_by_end on flows (expires_at);

create table flow_errors (
    id uuid primary key not null,
    error text not null,
    created_at timestamptz not null
);

-- The console
create table settings_revisions (
    number bigint primary key not null,
    at timestamptz not null,
    by text not null,
    base bigint not null,
    settings text not null,
    summary text not null
);

create table operators (
    id uuid primary key not null,
    email text not null unique,
    name text not null,
    role text not null,
    password_hash text not null,
    disabled boolean not null,
    created_at timestamptz not null
);

create table operator_sessions (
    token_hash bytea primary key not null,
    operator_id uuid not null references operators (id) on delete cascade,
    authenticated_at timestamptz not null,
    expires_at timestamptz not null
);
create index operator_sessions_of on operator_sessions (operator_id);

create table operator_links (
    secret_hash bytea primary key not null,
    kind text not null,
    operator_id uuid references operators (id) on delete cascade,
    expires_at timestamptz,
    used boolean not null
);

create table operator_failures (
    who text primary key not null,
    count bigint not null,
    last_at timestamptz not null
);

create table audit (
    at timestamptz not null,
    actor text not null,
    action text not null,
    details text not null
);
create index audit_by_time on audit (at);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end
$$;
create trigger audit_is_never_changed before update or delete on audit
for each row execute function refuse_change();
create trigger revisions_are_never_changed before update or delete on settings_revisions
for each row execute function refuse_change();
