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
    tries bigint not null,
    next_try_at timestamptz not null,
    body bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index hook_deliveries_due on hook_deliveries (status, next_try_at);
create index hook_deliveries_of on hook_deliveries (hook, created_at, id);
create index hook_deliveries_counts on hook_deliveries (hook, status, created_at);
create index hook_deliveries_age on hook_deliveries (created_at);

-- Sign-ups that are not finished until every service has agreed. Nobody sees their accounts. agreed: which calls were answered.
create table provisional_sign_ups (
    identity_id uuid not null primary key,
    flow_id uuid not null,
    agreed text not null,
    deadline timestamptz not null
);
create index provisional_sign_ups_deadline on provisional_sign_ups (deadline);
