-- Who acted for whom, from where, in which trace; `detail` holds what only some events have.
alter table audit_events
    add column trace_id text,
    add column ip inet,
    add column actor text,
    add column detail jsonb not null default '{}';

create index audit_events_at on audit_events (at desc, id);

-- Programs that may introspect tokens, and operators: each with a token of its own, kept as SHA-256.
create table clients (
    name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
    role text not null check (role in ('service', 'admin')),
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
