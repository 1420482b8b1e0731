-- Two records of one person made one. `gone` has the status 'merged' and opens as `kept` until the merge is undone.
-- What was laid over and moved is written down, so that within thirty days each thing goes back to where it was.
create table merges (
    practice_id uuid not null,
    id uuid not null,
    kept uuid not null,
    gone uuid not null,
    -- Names of the fields that were empty in `kept` and taken from `gone`, apart by spaces.
    filled text not null,
    merged_at bigint not null,
    merged_by uuid,
    undone_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, kept) references clients (practice_id, id),
    foreign key (practice_id, gone) references clients (practice_id, id)
);
create index merges_kept on merges (practice_id, kept, merged_at);
create unique index merges_gone on merges (practice_id, gone) where undone_at is null;

-- The rows that went from one record to the other: activity, contact, access, invitation; access_ended: an access that
-- was ended because the other record's stays; joined: a member who came to the care team.
create table merge_moves (
    practice_id uuid not null,
    merge_id uuid not null,
    what text not null,
    row_id uuid not null,
    primary key (practice_id, merge_id, what, row_id),
    foreign key (practice_id, merge_id) references merges (practice_id, id)
);
