-- The foundation: practices, accounts, members, client records, portal access, invitations, jobs, audit.
-- Both databases run this text as it stands. Instants are UTC microseconds in bigint. `(practice_id, id)` leads every
-- key of a practice's table, and no foreign key crosses practices.

create table installation (
    key text primary key,
    value text not null
);

create table practices (
    id uuid primary key,
    slug text not null unique,
    name text not null,
    time_zone text not null,
    staff_idle_minutes bigint not null default 15,
    client_idle_minutes bigint not null default 30,
    clients_may_change_email boolean not null default true,
    created_at bigint not null,
    version bigint not null default 1
);

-- An account is one password; its addresses are in account_emails. It belongs to no practice.
create table accounts (
    id uuid primary key,
    password_hash text,
    language text not null default 'en',
    created_at bigint not null
);

-- The address that signs in (is_login) and, while a new one is unconfirmed, the confirmed one before it.
create table account_emails (
    id uuid primary key,
    account_id uuid not null references accounts (id),
    email text not null,
    email_key text not null,
    is_login boolean not null,
    confirmed_at bigint,
    created_at bigint not null,
    retired_at bigint
);
create unique index account_emails_live on account_emails (email_key) where retired_at is null;
create index account_emails_account on account_emails (account_id);

create table sessions (
    id uuid primary key,
    token_hash bytea not null unique,
    account_id uuid not null references accounts (id),
    created_at bigint not null,
    last_seen_at bigint not null,
    place_kind text,
    place_practice uuid,
    place_id uuid,
    several_places boolean not null default false,
    device text not null,
    ended_at bigint
);
create index sessions_account on sessions (account_id, ended_at);
create index sessions_age on sessions (last_seen_at);
create index sessions_place on sessions (place_practice, place_kind) where ended_at is null;

-- Links sent to an account: password resets and confirmations of an address. The token is derived, never stored.
create table account_links (
    id uuid primary key,
    account_id uuid not null references accounts (id),
    kind text not null,
    email text not null,
    email_key text not null,
    created_at bigint not null,
    expires_at bigint,
    used_at bigint,
    ended_at bigint
);
create index account_links_account on account_links (account_id, kind);
create index account_links_age on account_links (created_at);

-- What somebody typed into "Forgot your password?", known or not: the job that follows decides in its own time.
create table reset_requests (
    id uuid primary key,
    email text not null,
    email_key text not null,
    created_at bigint not null
);
create index reset_requests_email on reset_requests (email_key, created_at);
create index reset_requests_age on reset_requests (created_at);

create table guesses (
    bucket bytea primary key,
    window_start bigint not null,
    tries bigint not null
);
create index guesses_age on guesses (window_start);

create table members (
    practice_id uuid not null references practices (id),
    id uuid not null,
    account_id uuid not null references accounts (id),
    first_name text not null,
    last_name text not null,
    role text not null,
    sees_clients boolean not null,
    created_at bigint not null,
    confirmed_at bigint,
    disabled_at bigint,
    primary key (practice_id, id),
    unique (practice_id, account_id)
);
create index members_account on members (account_id);

create table api_tokens (
    practice_id uuid not null references practices (id),
    id uuid not null,
    member_id uuid not null,
    name text not null,
    token_hash bytea not null unique,
    created_at bigint not null,
    revoked_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);

create table client_groups (
    practice_id uuid not null references practices (id),
    id uuid not null,
    name text not null,
    colour text not null,
    position bigint not null,
    created_at bigint not null,
    primary key (practice_id, id)
);

create table clients (
    practice_id uuid not null references practices (id),
    id uuid not null,
    first_name text not null,
    last_name text not null,
    preferred_name text,
    legal_name text,
    pronouns text,
    date_of_birth text,
    gender text,
    email text,
    email_key text,
    phone text,
    time_zone text,
    group_id uuid,
    primary_provider_id uuid,
    record_number text,
    note text,
    status text not null,
    source text not null,
    sort_name text not null,
    search_text text not null,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, group_id) references client_groups (practice_id, id),
    foreign key (practice_id, primary_provider_id) references members (practice_id, id)
);
create index clients_by_name on clients (practice_id, sort_name, id);
create index clients_by_group on clients (practice_id, group_id, sort_name, id);
create index clients_by_status on clients (practice_id, status, sort_name, id);
create index clients_by_email on clients (practice_id, email_key);
create index clients_by_created on clients (practice_id, created_at, id);

-- The first one and the first two characters of each name, for searches that are too short for trigrams.
create table client_prefixes (
    practice_id uuid not null,
    prefix text not null,
    client_id uuid not null,
    primary key (practice_id, prefix, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create index client_prefixes_client on client_prefixes (practice_id, client_id);

create table care_team (
    practice_id uuid not null,
    client_id uuid not null,
    member_id uuid not null,
    since bigint not null,
    primary key (practice_id, client_id, member_id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
create index care_team_member on care_team (practice_id, member_id, client_id);

create table portal_access (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    account_id uuid not null references accounts (id),
    relation text not null,
    created_at bigint not null,
    ended_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create unique index portal_access_live on portal_access (practice_id, client_id, account_id) where ended_at is null;
create index portal_access_client on portal_access (practice_id, client_id, id);
create index portal_access_account on portal_access (account_id);

create table invitations (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    email text not null,
    email_key text not null,
    purpose text not null,
    state text not null,
    created_at bigint not null,
    created_by uuid,
    leaves_at bigint not null,
    updated_at bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create index invitations_client on invitations (practice_id, client_id, created_at);
create index invitations_email on invitations (email_key, created_at);
create index invitations_state on invitations (practice_id, state, created_at);

create table invitation_events (
    practice_id uuid not null,
    invitation_id uuid not null,
    id uuid not null,
    at bigint not null,
    kind text not null,
    detail text,
    primary key (practice_id, invitation_id, id),
    foreign key (practice_id, invitation_id) references invitations (practice_id, id)
);

-- Jobs hold ids only. A finished job is deleted; a failed one stays to be looked at.
create table jobs (
    id uuid primary key,
    job_practice uuid,
    kind text not null,
    subject uuid not null,
    state text not null,
    run_at bigint not null,
    attempts bigint not null,
    lease_until bigint,
    lease uuid,
    created_at bigint not null,
    last_error text
);
create index jobs_ready on jobs (run_at, id) where state = 'ready';
create index jobs_subject on jobs (subject, kind);

create table activities (
    practice_id uuid not null,
    id uuid not null,
    at bigint not null,
    kind text not null,
    client_id uuid,
    actor_kind text not null,
    actor_id uuid,
    about text,
    primary key (practice_id, id)
);
create index activities_client on activities (practice_id, client_id, id);

-- The audit record. `seq` and `hash` are empty until the sealer has chained the entry (within seconds).
create table audit_entries (
    practice_id uuid not null,
    id uuid not null,
    at bigint not null,
    actor_kind text not null,
    actor_id uuid,
    action text not null,
    subject_kind text not null,
    subject_id uuid,
    client_id uuid,
    detail text,
    seq bigint,
    hash bytea,
    primary key (practice_id, id)
);
create unique index audit_entries_seq on audit_entries (seq);
create index audit_entries_unsealed on audit_entries (id) where seq is null;
create index audit_entries_client on audit_entries (practice_id, client_id, id);

create table idempotency (
    practice_id uuid not null,
    actor_id uuid not null,
    key text not null,
    request_hash bytea not null,
    status bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (practice_id, actor_id, key)
);
create index idempotency_age on idempotency (created_at);
