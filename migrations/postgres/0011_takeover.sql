-- Signed up by themselves while the first proof takes over, and never proved an address.
alter table identities add column claimable boolean not null default false;
