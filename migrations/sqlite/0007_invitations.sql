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
