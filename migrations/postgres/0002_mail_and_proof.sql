-- Codes that prove an address, found by flow. digest: HMAC under a key that lies outside of the database.
create table codes (
    id uuid not null primary key,
    flow_id uuid not null references flows (id) on delete cascade,
    purpose text not null,
    identity_id uuid not null references identities (id) on delete cascade,
    address_id uuid not null references identity_addresses (id) on delete cascade,
    key_id text not null,
    digest bytea not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index codes_of_flow on codes (flow_id);
create index codes_of_identity on codes (identity_id);
create index codes_of_address on codes (address_id);

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
    next_try_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index courier_messages_due on courier_messages (status, next_try_at);
create index courier_messages_newest on courier_messages (created_at, id);
create index courier_messages_to on courier_messages (recipient, created_at);

create table courier_dispatches (
    id uuid not null primary key,
    message_id uuid not null references courier_messages (id) on delete cascade,
    status text not null,
    error text,
    created_at timestamptz not null
);
create index courier_dispatches_of on courier_dispatches (message_id, created_at);
