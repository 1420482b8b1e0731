-- Invitations to the staff, versions of a member's row, and when a token was last used.

-- Until it is accepted there is no row in `members`: nobody who was only invited has any right.
create table member_invitations (
    practice_id uuid not null references practices (id),
    id uuid not null,
    email text not null,
    email_key text not null,
    first_name text not null,
    last_name text not null,
    role text not null,
    sees_clients boolean not null,
    state text not null,
    created_at bigint not null,
    created_by uuid,
    leaves_at bigint not null,
    updated_at bigint not null,
    member_id uuid,
    primary key (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
create index member_invitations_created on member_invitations (practice_id, created_at);
create index member_invitations_email on member_invitations (practice_id, email_key, created_at);
create index member_invitations_state on member_invitations (practice_id, state, created_at);
create index member_invitations_member on member_invitations (practice_id, member_id, created_at);
create index member_invitations_waiting on member_invitations (email_key, created_at);

create table member_invitation_events (
    practice_id uuid not null,
    invitation_id uuid not null,
    id uuid not null,
    at bigint not null,
    kind text not null,
    detail text,
    primary key (practice_id, invitation_id, id),
    foreign key (practice_id, invitation_id) references member_invitations (practice_id, id)
);

alter table members add column version bigint not null default 1;

-- Written at most once an hour.
alter table api_tokens add column last_used_at bigint;
create index api_tokens_member on api_tokens (practice_id, member_id, created_at);
