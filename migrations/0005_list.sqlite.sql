-- The Clients list: what it is filtered by, each on an index in the order of the list.

-- Where the newest invitation stands that was not undone; kept by whatever changes an invitation.
alter table clients add column invitation_state text not null default 'none';
update clients set invitation_state = coalesce((select i.state from invitations i
    where i.practice_id = clients.practice_id and i.client_id = clients.id and i.state <> 'undone'
    order by i.created_at desc, i.id desc limit 1), 'none');

create index clients_newest on clients (practice_id, status, created_at, id);
-- "No group" and "nobody yet" are looked for like any group and provider.
create index clients_group_name on clients (practice_id, coalesce(group_id, x'00000000000000000000000000000000'), status, sort_name, id);
create index clients_group_newest on clients (practice_id, coalesce(group_id, x'00000000000000000000000000000000'), status, created_at, id);
create index clients_provider_name on clients (practice_id, coalesce(primary_provider_id, x'00000000000000000000000000000000'), status, sort_name, id);
create index clients_provider_newest on clients (practice_id, coalesce(primary_provider_id, x'00000000000000000000000000000000'), status, created_at, id);
-- What the list says of somebody's invitation.
create index clients_invitation_name on clients (practice_id, (case when email is null then 'no_email'
    when invitation_state = 'void' then 'none' else invitation_state end), status, sort_name, id);
create index clients_invitation_newest on clients (practice_id, (case when email is null then 'no_email'
    when invitation_state = 'void' then 'none' else invitation_state end), status, created_at, id);

-- The columns that a member has chosen.
create table client_columns (
    practice_id uuid not null,
    member_id uuid not null,
    columns text not null,
    primary key (practice_id, member_id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
