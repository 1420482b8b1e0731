-- Documents of a client. A row stands for a file that is whole, in the folder of files under the same id; its name, its
-- note and the key that opens it are sealed. Given by a member, or by somebody in the portal (then the id is that of
-- their access). A deleted one keeps its file for a while.
create table documents (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    name_sealed bytea not null,
    note_sealed bytea,
    key_sealed bytea not null,
    kind text not null,
    size bigint not null,
    shared boolean not null,
    giver_kind text not null,
    giver_id uuid,
    created_at bigint not null,
    seen_at bigint,
    deleted_at bigint,
    version bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create index documents_client on documents (practice_id, client_id, created_at, id);
create index documents_deleted on documents (deleted_at) where deleted_at is not null;
create index documents_file on documents (id);
-- How many bytes the documents of a practice take, those that were deleted and not removed yet among them.
create table document_space (
    practice_id uuid not null primary key references practices (id),
    bytes bigint not null
);
