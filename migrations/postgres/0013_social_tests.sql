-- An operator's test of a provider: a trip that signs nobody in, found by the hash of its state. result: what it came to, sealed
-- under a key that is not in the database and bound to the id, for that operator alone.
create table social_tests (
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
create index social_tests_by on social_tests (operator_id);
create index social_tests_end on social_tests (expires_at);
