-- An operator's test of a provider: a trip that signs nobody in, found by the hash of its state. result: what it came to, sealed
-- under a key that is not in the database and bound to the id, for that operator alone.
create table social_tests (
    id blob not null primary key,
    state_hash blob not null unique,
    operator_id blob not null references operators (id) on delete cascade,
    provider text not null,
    nonce text not null,
    verifier text,
    expires_at text not null,
    used_at text,
    result blob
) strict;
create index social_tests_by on social_tests (operator_id);
create index social_tests_end on social_tests (expires_at);
