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

-- The mail's link has a secret of its own, too long to be guessed: it works however often codes were tried.
alter table codes add column link_digest blob not null default x'';

-- Who is guessed at: an address or an account, as a hash. The row is what tries at the same moment wait for.
create table proof_subjects (
    subject blob not null primary key,
    last_at text not null
) strict;
create index proof_subjects_age on proof_subjects (last_at);

-- Wrong codes, whatever flow they were sent to.
create table proof_tries (
    id blob not null primary key,
    subject blob not null references proof_subjects (subject) on delete cascade,
    at text not null
) strict;
create index proof_tries_of on proof_tries (subject, at);

-- Signed up by themselves while an option asked for the mark, and never proved an address.
alter table identities add column unproven integer not null default 0;
-- Handed over before any proof.
alter table sessions add column unproven integer not null default 0;
