-- What waits for a proof: whoever brings the secret of the sign-up is signed in when the one address is proven. It belongs to
-- a running verification and goes with it; its end never moves. version: digest of account and credentials at the sign-up.
create table handovers (
    flow_id uuid not null primary key references flows (id) on delete cascade,
    secret_hash bytea not null,
    identity_id uuid not null references identities (id) on delete cascade,
    address_id uuid not null references identity_addresses (id) on delete cascade,
    version bytea not null,
    method text not null,
    signs_in boolean not null,
    expires_at timestamptz not null
);
create index handovers_of_identity on handovers (identity_id);
create index handovers_of_address on handovers (address_id);

-- The mail's link has a secret of its own, too long to be guessed: it works however often codes were tried.
alter table codes add column link_digest bytea not null default '';

-- Who is guessed at: an address or an account, as a hash. The row is what tries at the same moment wait for.
create table proof_subjects (
    subject bytea not null primary key,
    last_at timestamptz not null
);
create index proof_subjects_age on proof_subjects (last_at);

-- Wrong codes, whatever flow they were sent to.
create table proof_tries (
    id uuid not null primary key,
    subject bytea not null references proof_subjects (subject) on delete cascade,
    at timestamptz not null
);
create index proof_tries_of on proof_tries (subject, at);

-- Signed up by themselves while an option asked for the mark, and never proved an address.
alter table identities add column unproven boolean not null default false;
-- Handed over before any proof.
alter table sessions add column unproven boolean not null default false;
