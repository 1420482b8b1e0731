-- What nobody is to read who has only the database.

-- Notes in clear are moved into it when the program starts; the column `note` holds nothing from then on.
alter table clients add column note_sealed bytea;
create index clients_note_clear on clients (practice_id, id) where note is not null;

-- Answers that are given again to whoever repeats a request hold what was asked for. They are remembered for two days
-- only: those of before this change are forgotten. The id comes from the actor and the key.
drop table idempotency;
create table idempotency (
    practice_id uuid not null,
    id uuid not null,
    request_hash bytea not null,
    status bigint not null,
    answer_sealed bytea not null,
    created_at bigint not null,
    primary key (practice_id, id)
);
create index idempotency_age on idempotency (created_at);
