-- The second factor: an account's codes, sign-ins that wait for one, what practices ask for, and resets after a lost
-- device.

-- The roles whose members must have a second factor, apart by spaces.
alter table practices add column second_factor_roles text not null default '';
-- Whether a code was given for the session, or for the one that it goes on from.
alter table sessions add column second_factor boolean not null default false;
-- It ended because nobody was there, and nothing has happened to the account since that would forbid to go on.
alter table sessions add column idled boolean not null default false;

create table second_factors (
    account_id uuid primary key references accounts (id),
    -- What the codes are made from, sealed.
    secret_sealed bytea not null,
    created_at bigint not null,
    -- Nothing until the first code was given: then it is being set up, in the session named here and no other.
    enabled_at bigint,
    session_id uuid not null,
    -- The time step of the newest code that was taken: it, and whatever came before, is not taken again.
    last_step bigint not null
);

create table recovery_codes (
    account_id uuid not null references accounts (id),
    code_hash bytea not null,
    created_at bigint not null,
    used_at bigint,
    primary key (account_id, code_hash)
);

-- Somebody gave the right password, and the code is asked for. It opens nothing.
create table pending_sign_ins (
    id uuid primary key,
    token_hash bytea not null unique,
    account_id uuid not null references accounts (id),
    email_key text not null,
    stand_practice uuid,
    stand_id uuid,
    next text not null,
    created_at bigint not null
);
create index pending_sign_ins_account on pending_sign_ins (account_id);
create index pending_sign_ins_age on pending_sign_ins (created_at);

-- An owner asked to have a member's second factor turned off: lost device.
create table second_factor_resets (
    practice_id uuid not null references practices (id),
    id uuid not null,
    member_id uuid not null,
    account_id uuid not null references accounts (id),
    asked_by uuid not null,
    created_at bigint not null,
    -- Not before then is the link sent that turns it off.
    ripe_at bigint not null,
    state text not null,
    ended_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id),
    foreign key (practice_id, asked_by) references members (practice_id, id)
);
create index second_factor_resets_member on second_factor_resets (practice_id, member_id, created_at);
create index second_factor_resets_account on second_factor_resets (account_id, ripe_at) where ended_at is null;
