-- Short searches in the order of names: the first page is read without looking at everybody who is found.
create table client_prefixes_in_order (
    practice_id uuid not null,
    prefix text not null,
    sort_name text not null,
    client_id uuid not null,
    primary key (practice_id, prefix, sort_name, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
insert into client_prefixes_in_order (practice_id, prefix, sort_name, client_id)
    select x.practice_id, x.prefix, c.sort_name, x.client_id from client_prefixes x
    join clients c on c.practice_id = x.practice_id and c.id = x.client_id;
drop table client_prefixes;
alter table client_prefixes_in_order rename to client_prefixes;
create index client_prefixes_client on client_prefixes (practice_id, client_id);
