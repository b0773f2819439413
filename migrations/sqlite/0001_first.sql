-- People
create table identities (
    id blob primary key not null,
    schema_id text not null,
    state text not null,
    state_changed_at text not null,
    traits text not null,
    verifiable_addresses text not null,
    recovery_addresses text not null,
    metadata_public text not null,
    metadata_admin text not null,
    external_id text unique,
    created_at text not null,
    updated_at text not null
);

create table identity_credentials (
    identity_id blob not null references identities (id) on delete cascade,
    kind text not null,
    config text not null,
    created_at text not null,
    updated_at text not null,
    primary key (identity_id, kind)
);

create table identity_identifiers (
    kind text not null,
    identifier text not null,
    identity_id blob not null references identities (id) on delete cascade,
    position integer not null,
    primary key (kind, identifier)
);
create index identity_identifiers_of on identity_identifiers (identity_id, kind);

create table sessions (
    id blob primary key not null,
    identity_id blob not null references identities (id) on delete cascade,
    token_hash blob not null unique,
    aal text not null,
    methods text not null,
    devices text not null,
    active boolean not null,
    issued_at text not null,
    authenticated_at text not null,
    expires_at text not null
);
create index sessions_of on sessions (identity_id, issued_at);
create index sessions_by_end on sessions (expires_at);

-- What is under way
create table flows (
    id blob primary key not null,
    kind text not null,
    expires_at text not null,
    body text not null
);
create index flows_by_end on flows (expires_at);

create table flow_errors (
    id blob primary key not null,
    error text not null,
    created_at text not null
);

-- The console
create table settings_revisions (
    number integer primary key not null,
    at text not null,
    by text not null,
    base integer not null,
    settings text not null,
    summary text not null
);

create table operators (
    id blob primary key not null,
    email text not null unique,
    name text not null,
    role text not null,
    password_hash text not null,
    disabled boolean not null,
    created_at text not null
);

create table operator_sessions (
    token_hash blob primary key not null,
    operator_id blob not null references operators (id) on delete cascade,
    authenticated_at text not null,
    expires_at text not null
);
create index operator_sessions_of on operator_sessions (operator_id);

create table operator_links (
    secret_hash blob primary key not null,
    kind text not null,
    operator_id blob references operators (id) on delete cascade,
    expires_at text,
    used boolean not null
);

create table operator_failures (
    who text primary key not null,
    count integer not null,
    last_at text not null
);

create table audit (
    at text not null,
    actor text not null,
    action text not null,
    details text not null
);
create index audit_by_time on audit (at);

create trigger audit_is_never_changed before update on audit
begin
    select raise(abort, 'the audit is append-only');
end;
create trigger audit_is_never_shortened before delete on audit
begin
    select raise(abort, 'the audit is append-only');
end;
create trigger revisions_are_never_changed before update on settings_revisions
begin
    select raise(abort, 'revisions are immutable');
end;
create trigger revisions_are_never_removed before delete on settings_revisions
begin
    select raise(abort, 'revisions are immutable');
end;
