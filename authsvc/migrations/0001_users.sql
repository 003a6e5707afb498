-- Who may log in, and by what. The login is normalised in code; the checks are the net under it.
create table users (
    id uuid primary key default gen_random_uuid(),
    login text not null,
    login_norm text not null,
    status text not null default 'active' check (status in ('active', 'disabled', 'deleted')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (length(login_norm) between 3 and 64),
    check (login_norm = lower(login_norm))
);

-- A deleted account keeps its row for the audit, and gives its name back.
create unique index users_login on users (login_norm) where status <> 'deleted';

create table credentials (
    user_id uuid primary key references users on delete cascade,
    scheme text not null,
    hash text not null,
    cost smallint not null,
    changed_at timestamptz not null default now()
);
