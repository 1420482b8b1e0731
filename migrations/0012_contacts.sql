-- Family and contacts: the people around a client. Removed ones stay, so that Undo and history can name them.
create table contacts (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    first_name text not null,
    last_name text,
    relation text not null,
    email text,
    -- E.164.
    phone text,
    emergency boolean not null,
    -- Who is asked first, such as a minor's parent; one for each client at most.
    main boolean not null,
    created_at bigint not null,
    version bigint not null,
    removed_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create index contacts_client on contacts (practice_id, client_id, created_at, id);
