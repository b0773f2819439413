-- Calls of web hooks: the queue of those that nobody waits for, and the log of all. body is sealed.
create table hook_deliveries (
    id blob not null primary key,
    hook text not null,
    name text not null,
    place text not null,
    flow_id blob,
    kind text not null,
    status text not null,
    answered integer,
    millis integer,
    tries integer not null,
    next_try_at text not null,
    body blob not null,
    created_at text not null,
    updated_at text not null
) strict;
create index hook_deliveries_due on hook_deliveries (status, next_try_at);
create index hook_deliveries_of on hook_deliveries (hook, created_at, id);
create index hook_deliveries_counts on hook_deliveries (hook, status, created_at);
create index hook_deliveries_age on hook_deliveries (created_at);

-- Sign-ups that are not finished until every service has agreed. Nobody sees their accounts. agreed: which calls were answered.
create table provisional_sign_ups (
    identity_id blob not null primary key,
    flow_id blob not null,
    agreed text not null,
    deadline text not null
) strict;
create index provisional_sign_ups_deadline on provisional_sign_ups (deadline);
