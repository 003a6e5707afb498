-- Written in the statement that changes what it tells of, so neither exists without the other.
-- No foreign keys: an event outlives its user and its session.
create table audit_events (
    id uuid primary key default gen_random_uuid(),
    at timestamptz not null default now(),
    event text not null,
    user_id uuid,
    session_id uuid,
    request_id text not null,
    instance text not null
);

create index audit_events_user on audit_events (user_id, at desc);
