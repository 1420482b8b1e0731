-- Search by any fragment: trigrams of clients.search_text, kept by triggers. The index has row numbers of its own,
-- because those of `clients` may change when the file is compacted.
create table client_search_rows (
    row integer primary key,
    practice_id uuid not null,
    client_id uuid not null,
    unique (practice_id, client_id)
);
create virtual table client_search using fts5 (search_text, content = '', contentless_delete = 1, tokenize = 'trigram');
create trigger client_search_insert after insert on clients begin
    insert into client_search_rows (practice_id, client_id) values (new.practice_id, new.id);
    insert into client_search (rowid, search_text)
        select row, new.search_text from client_search_rows where practice_id = new.practice_id and client_id = new.id;
end;
create trigger client_search_update after update of search_text on clients when old.search_text is not new.search_text begin
    delete from client_search
        where rowid = (select row from client_search_rows where practice_id = old.practice_id and client_id = old.id);
    insert into client_search (rowid, search_text)
        select row, new.search_text from client_search_rows where practice_id = new.practice_id and client_id = new.id;
end;
create trigger client_search_delete after delete on clients begin
    delete from client_search
        where rowid = (select row from client_search_rows where practice_id = old.practice_id and client_id = old.id);
    delete from client_search_rows where practice_id = old.practice_id and client_id = old.id;
end;
