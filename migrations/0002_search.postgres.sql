-- Search by any fragment: trigrams of clients.search_text.
create extension if not exists pg_trgm;
create index client_search on clients using gin (search_text gin_trgm_ops);
-- Names sort by code point, as on SQLite, so that a page's cursor means the same on both.
alter table clients alter column sort_name type text collate "C";
alter table clients alter column search_text type text collate "C";
