-- Why a revision was made, in its author's words; empty when they gave none.
alter table settings_revisions add column reason text not null default '';
