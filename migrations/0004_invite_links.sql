-- Groups that can be changed and deleted, invite links, and what signing up by one leaves.

-- A deleted group keeps its row: links and history name it.
alter table client_groups add column name_key text not null default '';
alter table client_groups add column deleted_at bigint;
alter table client_groups add column version bigint not null default 1;
update client_groups set name_key = lower(name);
create unique index client_groups_name on client_groups (practice_id, name_key) where deleted_at is null;

-- What somebody typed who signed up by a link and has not proven it: it is shown, and signs nobody in.
alter table accounts add column sign_up_email text;

-- `target` names group and provider together, nobody as '-': one live link for each.
create table invite_links (
    practice_id uuid not null,
    id uuid not null,
    group_id uuid,
    provider_id uuid,
    target text not null,
    created_at bigint not null,
    created_by uuid,
    revoked_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, group_id) references client_groups (practice_id, id),
    foreign key (practice_id, provider_id) references members (practice_id, id)
);
create unique index invite_links_live on invite_links (practice_id, target) where revoked_at is null;
create index invite_links_group on invite_links (practice_id, group_id) where revoked_at is null;
create index invite_links_provider on invite_links (practice_id, provider_id) where revoked_at is null;

-- Whoever opened a link: a person, or a program that looks at links. Written until there are enough of them.
create table invite_link_openings (
    practice_id uuid not null,
    link_id uuid not null,
    id uuid not null,
    at bigint not null,
    primary key (practice_id, link_id, id),
    foreign key (practice_id, link_id) references invite_links (practice_id, id)
);

-- How a client came by a link.
create table sign_ups (
    practice_id uuid not null,
    client_id uuid not null,
    link_id uuid not null,
    at bigint not null,
    primary key (practice_id, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, link_id) references invite_links (practice_id, id)
);
create index sign_ups_link on sign_ups (practice_id, link_id);
