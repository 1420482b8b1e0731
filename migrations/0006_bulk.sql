-- Bulk runs: what somebody does to many clients at once, and each client's part in it.

create table bulk_runs (
    practice_id uuid not null references practices (id),
    id uuid not null,
    member_id uuid not null,
    action text not null,
    target uuid,
    -- What the list's address wanted, while everybody it finds is gathered; nothing where the clients were chosen.
    query text,
    cursor text,
    state text not null,
    gathered bigint not null,
    done bigint not null,
    skipped bigint not null,
    undone bigint not null,
    created_at bigint not null,
    finished_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
create index bulk_runs_member on bulk_runs (practice_id, member_id, created_at);
create index bulk_runs_age on bulk_runs (created_at);

-- before, was_on_team and made are what Undo needs.
create table bulk_items (
    practice_id uuid not null,
    run_id uuid not null,
    client_id uuid not null,
    state text not null,
    reason text,
    before uuid,
    was_on_team boolean not null default false,
    made uuid,
    primary key (practice_id, run_id, client_id),
    foreign key (practice_id, run_id) references bulk_runs (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create index bulk_items_state on bulk_items (practice_id, run_id, state, client_id);
create index bulk_items_client on bulk_items (practice_id, client_id);
