-- Attempts that may yet fail, counted before the password is looked at. A key is an HMAC of what is
-- counted (a login, a source, both), so this table tells nobody which logins people try.
create table throttles (
    key bytea primary key check (octet_length(key) = 32),
    account bytea check (octet_length(account) = 32), -- of which login, where it is of one
    attempts int not null default 0,                  -- wrong, or still under way
    failures int not null default 0,                  -- of these, known to be wrong
    blocks smallint not null default 0,
    blocked_until timestamptz,
    first_at timestamptz not null default now(),      -- since when failures count
    last_at timestamptz not null default now(),       -- the last claim; in no index, so that a
    check (attempts >= failures and failures >= 0)    -- claim is a heap-only update
) with (fillfactor = 70);

create index throttles_gc on throttles (first_at);
create index throttles_account on throttles (account) where account is not null;

-- Where an account has logged in from: there its owner gets in although others keep guessing.
create table known_sources (
    user_id uuid not null references users on delete cascade,
    source bytea not null check (octet_length(source) = 32),
    last_at timestamptz not null default now(),
    primary key (user_id, source)
);

create index known_sources_gc on known_sources (last_at);
