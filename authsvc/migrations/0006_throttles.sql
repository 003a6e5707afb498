-- Attempts that may yet fail, counted before the password is looked at. A key is an HMAC of what is
-- counted (a login, a source, both), so this table tells nobody which logins people try.
create table throttles (
    key bytea primary key check (octet_length(key) = 32),
    attempts int not null,
    first_at timestamptz not null,
    blocked_until timestamptz,
    blocks smallint not null default 0
);

create index throttles_gc on throttles (first_at);

-- Where an account has logged in from: there its owner gets in although others keep guessing.
create table known_sources (
    user_id uuid not null references users on delete cascade,
    source bytea not null check (octet_length(source) = 32),
    last_at timestamptz not null default now(),
    primary key (user_id, source)
);
