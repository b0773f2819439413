-- Invitation links, by the digest of their secret. Rows stay after their end, until the sweep: they tell who came by which.
create table invitations (
    id blob not null primary key,
    secret_hash blob not null unique,
    address text,
    mailed integer not null,
    made_by text not null,
    created_at text not null,
    expires_at text not null,
    used_at text,
    used_by blob,
    withdrawn_at text
) strict;
create index invitations_newest on invitations (created_at, id);
create index invitations_expiry on invitations (expires_at);

-- Sign-ups that wait for a proof: no account exists until then. id is the account's, given in advance. Several may wait for one
-- address; nothing here is unique that a stranger could take. digest: of the newest code, as in codes.
create table pending_sign_ups (
    id blob not null primary key,
    flow_id blob not null unique references flows (id) on delete cascade,
    address text not null,
    address_id blob not null,
    secret_hash blob not null,
    key_id text not null,
    digest blob not null,
    link_digest blob not null,
    code_expires_at text not null,
    draft text not null,
    created_at text not null,
    expires_at text not null
) strict;
create index pending_sign_ups_for on pending_sign_ups (address);
create index pending_sign_ups_expiry on pending_sign_ups (expires_at);
