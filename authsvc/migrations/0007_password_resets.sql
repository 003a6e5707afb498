-- A reset's token is derived from a key and its id, so nothing here can be used.
create table password_resets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);

create index password_resets_user on password_resets (user_id, created_at, id);

-- What is to be told to people, by whatever sends: `evenhand authsvc outbox`, or a mailer.
create table outbox (
    id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('password_reset', 'password_changed')),
    user_id uuid not null references users on delete cascade,
    reset_id uuid references password_resets on delete cascade,
    created_at timestamptz not null default now(),
    sent_at timestamptz
);

create index outbox_unsent on outbox (created_at) where sent_at is null;

-- How many resets an account was sent since when: counted in a row that parallel requests queue for.
alter table users
    add column resets_sent smallint not null default 0,
    add column resets_since timestamptz not null default 'epoch';
