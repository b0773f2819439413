-- What is over is found by its end.
create index sessions_expiry on sessions (expires_at);
