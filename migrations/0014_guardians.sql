-- People around a client with portal access of their own. `rights`: what the practice lets them do, words apart by
-- spaces. Where the client is of age, only as far as they agreed to it: `consent` is none, asked, given or refused,
-- and `agreed` holds the rights that it was given for.
alter table contacts add column rights text not null default '';
alter table contacts add column consent text not null default 'none';
alter table contacts add column agreed text not null default '';

-- An access, and an invitation, of somebody around the client; nothing: the client's own.
alter table portal_access add column contact_id uuid;
alter table invitations add column contact_id uuid;
create index portal_access_contact on portal_access (practice_id, contact_id) where contact_id is not null;
create index invitations_contact on invitations (practice_id, contact_id) where contact_id is not null;

-- Who comes of age soon, and whom the practice was told about.
create index clients_by_birth on clients (date_of_birth, id);
create table comings_of_age (
    practice_id uuid not null,
    client_id uuid not null,
    date_of_birth text not null,
    told_at bigint not null,
    ended_at bigint,
    primary key (practice_id, client_id, date_of_birth),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);

-- What a court, or the parents among themselves, settled about a child. Only staff see it; kept sealed.
create table custody_notes (
    practice_id uuid not null,
    client_id uuid not null,
    note_sealed bytea,
    version bigint not null,
    updated_at bigint not null,
    updated_by uuid,
    primary key (practice_id, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
