-- One-time passphrases that staff make for a client at the desk. Each opens one portal access and nothing else; kept as a
-- keyed hash. Like sessions they belong to an account, and name the place they open.
create table passphrases (
    id uuid primary key,
    account_id uuid not null references accounts (id),
    place_practice uuid not null,
    place_id uuid not null,
    hash bytea not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    ended_at bigint
);
create index passphrases_account on passphrases (account_id, created_at);
create index passphrases_age on passphrases (created_at);

-- A session that a passphrase opened, and a sign-in with one that waits for a code.
alter table sessions add column passphrase_id uuid;
alter table pending_sign_ins add column passphrase_id uuid;
-- A password that was chosen after one, and is in force once the link in the account's own mail is opened.
alter table account_links add column password_hash text;
