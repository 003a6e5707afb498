-- An access token is short-lived; the session goes on by refresh tokens, which are derived from a
-- key and the generation, so nothing of them is kept here.
alter table sessions
    add column access_expires_at timestamptz not null default now(),
    add column idle_expires_at timestamptz not null default now(),
    add column refresh_gen bigint not null default 0,
    add column refreshed_at timestamptz,
    add column last_seen_at timestamptz not null default now(),
    add column ip inet,
    add column user_agent text check (length(user_agent) <= 256);

create index sessions_gc on sessions (expires_at);

-- Which pepper a hash was made with (its fingerprint, not a secret), so that it can be changed.
alter table credentials
    add column pepper_kid int,
    add column must_change boolean not null default false;
