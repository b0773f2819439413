-- Signed up by themselves while the first proof takes over, and never proved an address.
alter table identities add column claimable integer not null default 0;
