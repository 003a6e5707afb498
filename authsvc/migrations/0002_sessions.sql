-- Tokens are kept as their SHA-256 only: a copy of this table opens no session.
create table sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users on delete cascade,
    access_hash bytea not null unique check (octet_length(access_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text
);

create index sessions_live on sessions (user_id, created_at desc) where ended_at is null;
