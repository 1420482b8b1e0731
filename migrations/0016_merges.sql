-- Two records of one person made one. The one that goes has the status 'merged' and leads to the one that stays until the
-- merge is undone. What was laid over and moved is written down, so that within thirty days each thing goes back.
alter table clients add column merged_into uuid;
create index clients_merged_into on clients (practice_id, merged_into) where merged_into is not null;
create table merges (
    practice_id uuid not null,
    id uuid not null,
    kept uuid not null,
    gone uuid not null,
    -- The status of the one that went: 'active' or 'archived'.
    status_before text not null,
    -- Names of the fields that the one that stays took over, apart by spaces, and the e-mail it had before.
    filled text not null,
    email_before text,
    merged_at bigint not null,
    merged_by uuid,
    undone_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, kept) references clients (practice_id, id),
    foreign key (practice_id, gone) references clients (practice_id, id)
);
create index merges_kept on merges (practice_id, kept, merged_at);
create index merges_gone on merges (practice_id, gone);
create unique index merges_standing on merges (practice_id, gone) where undone_at is null;

-- What went from one record to the other, row by row: activity, document, access, invitation, contact (main: it was the main one),
-- invitation_away (one that went the other way); member: who came to the care team.
create table merge_moves (
    practice_id uuid not null,
    merge_id uuid not null,
    what text not null,
    row_id uuid not null,
    primary key (practice_id, merge_id, what, row_id),
    foreign key (practice_id, merge_id) references merges (practice_id, id)
);
