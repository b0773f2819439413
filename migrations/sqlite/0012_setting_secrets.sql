-- What the console was given and shows nobody again: a provider's secret, a web hook's key. Settings name it; the value lies
-- here alone, sealed under a key that is not in the database, bound to the row's id, and can be destroyed.
create table setting_secrets (
    name text not null primary key,
    id blob not null,
    sealed blob not null,
    fingerprint text not null,
    set_at text not null,
    set_by text not null,
    used_at text
) strict;
