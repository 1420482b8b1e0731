-- Records that an owner or admin opened from outside the care team, with the reason (sealed: it may say something about a
-- person's health) and until when. Without a reason: whoever added the client may look at what they typed.
create table openings (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    member_id uuid not null,
    reason_sealed bytea,
    opened_at bigint not null,
    until bigint not null,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, member_id) references members (practice_id, id)
);
create index openings_client on openings (practice_id, client_id, opened_at);
