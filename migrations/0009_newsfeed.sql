-- Timeline and newsfeed: what happened, by topic, and whom it is news to.

alter table activities add column topic text not null default 'record';
-- The colleague it is about: who joined a care team, who left it.
alter table activities add column member_id uuid;
update activities set topic = 'invitations' where kind like 'invitation.%' or kind = 'reset.sent';
drop index activities_client;
create index activities_client on activities (practice_id, client_id, at, id);
create index activities_topic on activities (practice_id, client_id, topic, at, id);

-- What is news to a member; id is the activity's. Rows go when the member leaves the client's care team.
create table feed_items (
    practice_id uuid not null,
    member_id uuid not null,
    id uuid not null,
    at bigint not null,
    topic text not null,
    client_id uuid not null,
    seen boolean not null,
    -- Counts for the daily mail.
    mailed boolean not null,
    primary key (practice_id, member_id, id)
);
create index feed_items_at on feed_items (practice_id, member_id, at, id);
create index feed_items_topic on feed_items (practice_id, member_id, topic, at, id);
create index feed_items_client on feed_items (practice_id, member_id, client_id, at, id);
create index feed_items_unread on feed_items (practice_id, member_id, at, id) where not seen;
create index feed_items_age on feed_items (at);

-- What a member wants of a topic, where it is not the newsfeed alone: 'email' (and a daily mail), or 'none'.
create table feed_choices (
    practice_id uuid not null,
    member_id uuid not null,
    topic text not null,
    choice text not null,
    primary key (practice_id, member_id, topic),
    foreign key (practice_id, member_id) references members (practice_id, id)
);

-- Who has looked, by time.
drop index audit_entries_client;
create index audit_entries_client on audit_entries (practice_id, client_id, at, id);
