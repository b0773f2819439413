-- What waits for a proof: whoever brings the secret of the sign-up is signed in when the one address is proven. It belongs to
-- a running verification and goes with it; its end never moves. version: digest of account and credentials at the sign-up.
create table handovers (
    flow_id blob not null primary key references flows (id) on delete cascade,
    secret_hash blob not null,
    identity_id blob not null references identities (id) on delete cascade,
    address_id blob not null references identity_addresses (id) on delete cascade,
    version blob not null,
    method text not null,
    signs_in integer not null,
    expires_at text not null
) strict;
create index handovers_of_identity on handovers (identity_id);
create index handovers_of_address on handovers (address_id);
