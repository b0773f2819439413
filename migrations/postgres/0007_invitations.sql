-- Invitation links, by the digest of their secret. Rows stay after their end, until the sweep: they tell who came by which.
create table invitations (
    id uuid not null primary key,
    secret_hash bytea not null unique,
    address text,
    mailed boolean not null,
    made_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_by uuid,
    withdrawn_at timestamptz
);
create index invitations_newest on invitations (created_at, id);
create index invitations_expiry on invitations (expires_at);
