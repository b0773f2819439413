-- What an operator had typed when their session was over: one form for each, for a quarter of an hour.
create table kept_forms (
    operator_id blob not null primary key references operators (id) on delete cascade,
    page text not null,
    form text not null,
    kept_at text not null
) strict;
