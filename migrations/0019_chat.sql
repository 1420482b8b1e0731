-- Chat: conversations between clients and those who care for them. What is written lies sealed.

-- What a practice has decided; no row: the defaults.
create table chat_settings (
    practice_id uuid not null primary key references practices (id),
    welcome boolean not null,
    welcome_text text not null,
    clients_begin boolean not null,
    crisis_line text not null,
    -- Minutes after which somebody is mailed that a message waits; 0: never.
    notice_minutes bigint not null,
    -- Office hours of the days from Monday on, "09:00-17:00", apart by commas; a day without is empty. Nothing: always.
    hours text not null,
    hours_text text not null,
    version bigint not null
);
-- What a member has of their own: a welcome, and the days on which they are away.
create table chat_members (
    practice_id uuid not null,
    member_id uuid not null,
    welcome_text text,
    away_from text,
    away_until text,
    away_text text,
    primary key (practice_id, member_id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
-- Replies that are kept to be used again; without a member everybody's.
create table chat_replies (
    practice_id uuid not null,
    id uuid not null,
    member_id uuid,
    title text not null,
    text_sealed bytea not null,
    created_at bigint not null,
    primary key (practice_id, id)
);
create index chat_replies_member on chat_replies (practice_id, member_id, title);

-- 'direct': one client and one provider; 'practice': one client and whoever answers for the practice; 'group': those in
-- conversation_people; 'earlier': a direct one of a record that was merged into one that has its own.
create table conversations (
    practice_id uuid not null,
    id uuid not null,
    kind text not null,
    client_id uuid,
    member_id uuid,
    title_sealed bytea,
    begun_by text not null,
    created_at bigint not null,
    -- Counts every message and every change of one: where a stream goes on.
    last bigint not null,
    -- The count of the newest message.
    last_said bigint not null,
    last_at bigint not null,
    closed_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
create unique index conversations_direct on conversations (practice_id, client_id, member_id) where kind = 'direct';
create unique index conversations_practice on conversations (practice_id, client_id) where kind = 'practice';
create index conversations_client on conversations (practice_id, client_id, last_at, id);
create index conversations_member on conversations (practice_id, member_id, last_at, id);
create index conversations_kind on conversations (practice_id, kind, last_at, id);

-- Who is in a group: members and clients.
create table conversation_people (
    practice_id uuid not null,
    conversation_id uuid not null,
    person_id uuid not null,
    kind text not null,
    joined_at bigint not null,
    left_at bigint,
    primary key (practice_id, conversation_id, person_id),
    foreign key (practice_id, conversation_id) references conversations (practice_id, id)
);
create index conversation_people_person on conversation_people (practice_id, person_id, conversation_id);

-- How far somebody is in a conversation: a member, or an access to the portal.
create table conversation_readers (
    practice_id uuid not null,
    conversation_id uuid not null,
    reader_id uuid not null,
    id uuid not null,
    kind text not null,
    delivered bigint not null,
    seen bigint not null,
    seen_at bigint,
    muted boolean not null,
    archived boolean not null,
    -- A mail is queued or was sent, and they have not been here since.
    told boolean not null,
    primary key (practice_id, conversation_id, reader_id),
    foreign key (practice_id, conversation_id) references conversations (practice_id, id)
);
create unique index conversation_readers_id on conversation_readers (practice_id, id);

create table messages (
    practice_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    -- What the sender's device called it: sent again it is the same message.
    given_id uuid not null,
    seq bigint not null,
    changed bigint not null,
    kind text not null,
    sender_kind text not null,
    sender_id uuid not null,
    body_sealed bytea,
    sent_at bigint not null,
    edited_at bigint,
    deleted_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, conversation_id) references conversations (practice_id, id)
);
create unique index messages_given on messages (practice_id, sender_id, given_id);
create unique index messages_seq on messages (practice_id, conversation_id, seq);
create index messages_changed on messages (practice_id, conversation_id, changed);
create index messages_sender on messages (practice_id, sender_id, sent_at);

-- What a message said before it was edited or deleted; no page shows it.
create table message_versions (
    practice_id uuid not null,
    id uuid not null,
    message_id uuid not null,
    body_sealed bytea,
    at bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, message_id) references messages (practice_id, id)
);
create index message_versions_message on message_versions (practice_id, message_id);

-- A file sent with a message: the file's id.
create table chat_files (
    practice_id uuid not null,
    id uuid not null,
    message_id uuid not null,
    name_sealed bytea not null,
    key_sealed bytea not null,
    kind text not null,
    size bigint not null,
    created_at bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, message_id) references messages (practice_id, id)
);
create index chat_files_message on chat_files (practice_id, message_id);
create index chat_files_file on chat_files (id);

-- Messages that wait for their time.
create table scheduled_messages (
    practice_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    member_id uuid not null,
    body_sealed bytea not null,
    send_at bigint not null,
    state text not null,
    created_at bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, conversation_id) references conversations (practice_id, id)
);
create index scheduled_messages_of on scheduled_messages (practice_id, conversation_id, member_id, send_at);

-- Clients who are to be welcomed, and those who were: one row a client, for good.
create table welcomes (
    practice_id uuid not null,
    client_id uuid not null,
    at bigint not null,
    sent_at bigint,
    primary key (practice_id, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
