-- One trip of a browser or app to a provider and back, found by the hash of its state. browser: hash of the cookie of
-- whoever left; null for apps, which come back in a browser that left nowhere. Goes with its flow.
create table social_trips (
    state_hash blob not null primary key,
    flow_id blob not null references flows (id) on delete cascade,
    kind text not null,
    provider text not null,
    browser blob,
    nonce text not null,
    verifier text,
    form text not null,
    expires_at text not null,
    used_at text
) strict;
create index social_trips_of on social_trips (flow_id);

-- What an app fetches its session with once the browser is back: both codes as hashes, each pair good for one use.
create table session_exchanges (
    init_hash blob not null primary key,
    flow_id blob not null references flows (id) on delete cascade,
    return_hash blob,
    identity_id blob references identities (id) on delete cascade,
    provider text,
    expires_at text not null,
    used_at text
) strict;
create index session_exchanges_of on session_exchanges (flow_id);
create index session_exchanges_by on session_exchanges (identity_id);

-- Somebody came from a provider with an address that has an account: signing in to that account in that login flow, in
-- that browser, links the two.
create table social_links (
    flow_id blob not null primary key references flows (id) on delete cascade,
    identity_id blob not null references identities (id) on delete cascade,
    provider text not null,
    subject text not null,
    browser blob not null,
    expires_at text not null,
    used_at text
) strict;
create index social_links_of on social_links (identity_id);
