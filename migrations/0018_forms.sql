-- Forms: what a practice asks of its clients. `kind`: form, policy (read and agreed to) or welcome (read). `draft` is what
-- the builder works on, nothing where it is as published; a version is never changed again. `before` is what the draft was
-- before something was taken out of it, until the next change: for Undo. Texts hold nothing of any client.
create table forms (
    practice_id uuid not null references practices (id),
    id uuid not null,
    kind text not null,
    title text not null,
    draft text,
    before text,
    minutes bigint not null default 1,
    published_id uuid,
    created_at bigint not null,
    updated_at bigint not null,
    archived_at bigint,
    version bigint not null default 1,
    primary key (practice_id, id)
);
create index forms_by_title on forms (practice_id, title, id);
create table form_versions (
    practice_id uuid not null,
    id uuid not null,
    form_id uuid not null,
    number bigint not null,
    definition text not null,
    published_at bigint not null,
    published_by uuid,
    primary key (practice_id, id),
    foreign key (practice_id, form_id) references forms (practice_id, id)
);
create unique index form_versions_of on form_versions (practice_id, form_id, number);

-- Intake flows: forms, policies and welcome texts in an order, and the group whose clients get it.
create table flows (
    practice_id uuid not null references practices (id),
    id uuid not null,
    name text not null,
    name_key text not null,
    created_at bigint not null,
    deleted_at bigint,
    version bigint not null default 1,
    primary key (practice_id, id)
);
create table flow_steps (
    practice_id uuid not null,
    id uuid not null,
    flow_id uuid not null,
    position bigint not null,
    form_id uuid not null,
    required boolean not null,
    primary key (practice_id, id),
    foreign key (practice_id, flow_id) references flows (practice_id, id),
    foreign key (practice_id, form_id) references forms (practice_id, id)
);
create index flow_steps_of on flow_steps (practice_id, flow_id, position, id);
create index flow_steps_form on flow_steps (practice_id, form_id);
alter table client_groups add column flow_id uuid;

-- A flow that a client was given, and when all of it that is required was done.
create table client_flows (
    practice_id uuid not null,
    client_id uuid not null,
    flow_id uuid not null,
    given_at bigint not null,
    completed_at bigint,
    primary key (practice_id, client_id, flow_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);

-- A form that a client was given: as a step of a flow, or by itself. The version is bound with the first answer. `state`:
-- open, started, done, waived, skipped, withdrawn. `version_id` is that which the answers belong to.
create table client_forms (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    form_id uuid not null,
    version_id uuid,
    flow_id uuid,
    position bigint not null,
    required boolean not null,
    state text not null,
    given_at bigint not null,
    given_kind text not null,
    given_by uuid,
    started_at bigint,
    saved_at bigint,
    answered bigint not null default 0,
    done_at bigint,
    done_kind text,
    done_by uuid,
    reopened_at bigint,
    -- Answers to hidden questions that were left out when it was handed in.
    left_out bigint not null default 0,
    version bigint not null default 1,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, form_id) references forms (practice_id, id)
);
create index client_forms_of on client_forms (practice_id, client_id, position, id);
create index client_forms_form on client_forms (practice_id, form_id, client_id);

-- Answers, sealed: those that count, and those that were there before. `sitting` is the page that somebody typed in:
-- while they go on typing there, an answer is replaced and not kept beside.
create table answers (
    practice_id uuid not null,
    id uuid not null,
    client_form_id uuid not null,
    question text not null,
    value_sealed bytea,
    counts boolean not null,
    typed_at bigint not null,
    saved_at bigint not null,
    sitting uuid,
    giver_kind text not null,
    giver_id uuid,
    -- Why it counts no more: later, hidden, reopened.
    ended text,
    primary key (practice_id, id),
    foreign key (practice_id, client_form_id) references client_forms (practice_id, id)
);
create unique index answers_that_count on answers (practice_id, client_form_id, question) where counts;
create index answers_of on answers (practice_id, client_form_id, question, typed_at, id);

-- An answer that asks for the care team's eyes at once, until somebody has seen it. Which question is sealed.
create table form_alerts (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    client_form_id uuid not null,
    question_sealed bytea not null,
    raised_at bigint not null,
    seen_at bigint,
    seen_by uuid,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id),
    foreign key (practice_id, client_form_id) references client_forms (practice_id, id)
);
create index form_alerts_client on form_alerts (practice_id, client_id, seen_at);
create index form_alerts_of on form_alerts (practice_id, client_form_id);

-- When a practice reminds of open forms by itself, and how that stands with a client.
create table form_settings (
    practice_id uuid not null primary key references practices (id),
    remind_after_days bigint not null,
    remind_times bigint not null,
    version bigint not null default 1
);
create table form_reminders (
    practice_id uuid not null,
    client_id uuid not null,
    sent bigint not null default 0,
    last_at bigint,
    next_at bigint,
    stopped_at bigint,
    primary key (practice_id, client_id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);

-- A device handed over to a client at the desk: it reaches this client's forms only, and ends with them.
create table hand_overs (
    practice_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    member_id uuid not null,
    token_hash bytea not null,
    made_at bigint not null,
    used_at bigint,
    expires_at bigint not null,
    ended_at bigint,
    primary key (practice_id, id),
    foreign key (practice_id, client_id) references clients (practice_id, id)
);
create unique index hand_overs_by_token on hand_overs (token_hash);
create index hand_overs_open on hand_overs (expires_at) where ended_at is null;
create index hand_overs_of on hand_overs (practice_id, client_id);
