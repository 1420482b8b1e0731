//! The statements of the list: one for each combination of how it is searched, filtered, reached and sorted, so that
//! each runs on the index of its filter in the order of the list. A macro makes them; the register knows them all.
//!
//! All take the same values: $2 search, $3 status, $4 group, $5 provider, $6 invitation, $7 member; lists also $8 and $9,
//! the row after which to go on, and $10, how many; a count takes $8, where to stop. What a combination does not use stands in a condition that is
//! always true and costs nothing.

use super::list::{Cursor, Listed, Pick, Search, Sort, Wanted};
use crate::access::Reach;
use crate::db::{TenantSql, Value, search_pattern};
use crate::error::Result;
use crate::ids::{ClientId, MemberId};
use crate::params;
use crate::practice::Practice;

/// What a statement reads from. A search goes from what it finds to the clients, in this order: left to themselves the
/// databases walk the whole list in its order and ask of each client whether they were found.
macro_rules! source {
    (sqlite prefix) => {
        "client_prefixes x cross join clients c on c.practice_id = x.practice_id and c.id = x.client_id"
    };
    (postgres prefix) => {
        "client_prefixes x join clients c on c.practice_id = x.practice_id and c.id = x.client_id"
    };
    ($engine:ident fragment) => {
        $crate::search_source!($engine)
    };
    ($engine:ident $search:ident) => {
        "clients c"
    };
}
macro_rules! search {
    ($engine:ident none) => {
        "cast($2 as text) is not null"
    };
    ($engine:ident prefix) => {
        "x.practice_id = $1 and x.prefix = $2"
    };
    ($engine:ident fragment) => {
        $crate::search_condition!($engine)
    };
}
/// Stands for "no group" and "nobody yet" in an index.
macro_rules! nobody {
    (sqlite) => {
        "x'00000000000000000000000000000000'"
    };
    (postgres) => {
        "'00000000-0000-0000-0000-000000000000'::uuid"
    };
}
macro_rules! group {
    ($engine:ident any) => {
        "cast($4 as uuid) is not null"
    };
    ($engine:ident one) => {
        concat!("coalesce(c.group_id, ", nobody!($engine), ") = $4")
    };
}
macro_rules! provider {
    ($engine:ident any) => {
        "cast($5 as uuid) is not null"
    };
    ($engine:ident one) => {
        concat!("coalesce(c.primary_provider_id, ", nobody!($engine), ") = $5")
    };
}
macro_rules! invitation {
    (any) => {
        "cast($6 as text) is not null"
    };
    (one) => {
        "(case when c.email is null then 'no_email' when c.invitation_state = 'void' then 'none' \
         else c.invitation_state end) = $6"
    };
}
macro_rules! reach {
    (all) => {
        "cast($7 as uuid) is not null"
    };
    (team) => {
        "c.id in (select t.client_id from care_team t where t.practice_id = $1 and t.member_id = $7)"
    };
}
/// Prefixes are kept in the order of names: found by one, clients come in that order by themselves.
macro_rules! after {
    (prefix name) => {
        "(x.sort_name, x.client_id) > ($8, $9)"
    };
    (prefix name_down) => {
        "(x.sort_name, x.client_id) < ($8, $9)"
    };
    ($search:ident name) => {
        "(c.sort_name, c.id) > ($8, $9)"
    };
    ($search:ident name_down) => {
        "(c.sort_name, c.id) < ($8, $9)"
    };
    ($search:ident oldest) => {
        "(c.created_at, c.id) > ($8, $9)"
    };
    ($search:ident newest) => {
        "(c.created_at, c.id) < ($8, $9)"
    };
}
macro_rules! order {
    (prefix name) => {
        " order by x.sort_name, x.client_id"
    };
    (prefix name_down) => {
        " order by x.sort_name desc, x.client_id desc"
    };
    ($search:ident name) => {
        " order by c.sort_name, c.id"
    };
    ($search:ident name_down) => {
        " order by c.sort_name desc, c.id desc"
    };
    ($search:ident oldest) => {
        " order by c.created_at, c.id"
    };
    ($search:ident newest) => {
        " order by c.created_at desc, c.id desc"
    };
}
macro_rules! found {
    ($engine:ident $search:ident $group:ident $provider:ident $invitation:ident $reach:ident) => {
        concat!(
            "c.practice_id = $1 and c.status = $3 and ",
            search!($engine $search),
            " and ",
            group!($engine $group),
            " and ",
            provider!($engine $provider),
            " and ",
            invitation!($invitation),
            " and ",
            reach!($reach)
        )
    };
}
macro_rules! columns {
    ($source:expr) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, c.pronouns, c.email, c.phone, c.sort_name,
         c.created_at, g.name, m.first_name, m.last_name, c.source, c.record_number, c.group_id,
         c.primary_provider_id, c.invitation_state, g.colour, c.date_of_birth, c.time_zone, c.legal_name, c.gender,
         c.status
         from ",
            $source,
            "
         left join client_groups g on g.practice_id = c.practice_id and g.id = c.group_id
         left join members m on m.practice_id = c.practice_id and m.id = c.primary_provider_id
         where "
        )
    };
}
macro_rules! text {
    ($engine:ident list $order:ident none $($how:ident)*) => {
        concat!(
            columns!("clients c"),
            found!($engine none $($how)*),
            " and ",
            after!(none $order),
            order!(none $order),
            " limit $10"
        )
    };
    // A search may find thousands: they are put in order by as little as that takes, and only the page is read whole.
    ($engine:ident list $order:ident $search:ident $($how:ident)*) => {
        concat!(
            columns!(concat!(
                "(select c.id as found_id from ",
                source!($engine $search),
                " where ",
                found!($engine $search $($how)*),
                " and ",
                after!($search $order),
                order!($search $order),
                " limit $10)",
                close!($engine),
                " cross join clients c"
            )),
            "c.practice_id = $1 and c.id = found_id",
            order!(none $order)
        )
    };
    // Counting stops at $8.
    ($engine:ident count none $search:ident $($how:ident)*) => {
        concat!(
            "select count(*) from (select 1 from ",
            source!($engine $search),
            " where ",
            found!($engine $search $($how)*),
            " limit $8)",
            close!($engine)
        )
    };
}
macro_rules! close {
    (sqlite) => {
        ""
    };
    (postgres) => {
        " found"
    };
}

/// Declares the statement of one combination where it is chosen.
macro_rules! one {
    ($kind:ident $($how:ident)*) => {{
        $crate::sql! {
            tenant ONE labelled concat!(stringify!($kind), $(" ", stringify!($how)),*),
            sqlite text!(sqlite $kind $($how)*), postgres text!(postgres $kind $($how)*);
        }
        &ONE
    }};
}
macro_rules! by_reach {
    ($shape:ident $($how:ident)*) => {
        if $shape.team { one!($($how)* team) } else { one!($($how)* all) }
    };
}
macro_rules! by_invitation {
    ($shape:ident $($how:ident)*) => {
        if $shape.invitation { by_reach!($shape $($how)* one) } else { by_reach!($shape $($how)* any) }
    };
}
macro_rules! by_provider {
    ($shape:ident $($how:ident)*) => {
        if $shape.provider { by_invitation!($shape $($how)* one) } else { by_invitation!($shape $($how)* any) }
    };
}
macro_rules! by_group {
    ($shape:ident $($how:ident)*) => {
        if $shape.group { by_provider!($shape $($how)* one) } else { by_provider!($shape $($how)* any) }
    };
}
macro_rules! by_search {
    ($shape:ident $($how:ident)*) => {
        match $shape.search {
            Search::None => by_group!($shape $($how)* none),
            Search::Prefix(_) => by_group!($shape $($how)* prefix),
            Search::Fragment(_) => by_group!($shape $($how)* fragment),
        }
    };
}

/// Which of the statements it is.
struct Shape<'w> {
    search: &'w Search,
    group: bool,
    provider: bool,
    invitation: bool,
    team: bool,
}

fn list_statement(shape: &Shape, sort: Sort) -> &'static TenantSql {
    match sort {
        Sort::Name => by_search!(shape list name),
        Sort::NameDown => by_search!(shape list name_down),
        Sort::Oldest => by_search!(shape list oldest),
        Sort::Newest => by_search!(shape list newest),
    }
}

fn count_statement(shape: &Shape) -> &'static TenantSql {
    by_search!(shape count none)
}

/// The statement's shape and the values $2 to $7. Nothing: this actor has no list.
fn asked<'w>(p: &Practice, wanted: &'w Wanted) -> Option<(Shape<'w>, Vec<Value>)> {
    let (team, member) = match p.actor.reach() {
        Reach::All => (false, uuid::Uuid::nil()),
        Reach::CareTeam(member) => (true, member.0),
        Reach::Own(_) | Reach::Nobody => return None,
    };
    let pattern = match &wanted.search {
        Search::None => String::new(),
        Search::Prefix(text) => text.clone(),
        Search::Fragment(text) => search_pattern(p.engine(), text),
    };
    let shape = Shape {
        search: &wanted.search,
        group: wanted.group != Pick::Any,
        provider: wanted.provider != Pick::Any,
        invitation: wanted.invitation.is_some(),
        team,
    };
    // Nobody is the nil id, as in the index.
    let id = |pick: Pick<uuid::Uuid>| if let Pick::One(id) = pick { id } else { uuid::Uuid::nil() };
    let (group, provider) = (id(wanted.group.map(|id| id.0)), id(wanted.provider.map(|id| id.0)));
    let invitation = wanted.invitation.map_or("", super::list::Said::as_str);
    Some((shape, params![pattern, wanted.status, group, provider, invitation, member]))
}

pub fn list(p: &Practice, wanted: &Wanted, after: &Cursor, limit: i64) -> Result<Vec<Listed>> {
    let Some((shape, mut values)) = asked(p, wanted) else {
        return Ok(Vec::new());
    };
    match after {
        Cursor::Name(name, id) => values.extend(params![name, *id]),
        Cursor::Created(at, id) => values.extend(params![*at, *id]),
    }
    values.extend(params![limit]);
    p.all(list_statement(&shape, wanted.sort), values, to_listed)
}

/// How many the list has, up to one more than the limit.
pub fn count(p: &Practice, wanted: &Wanted, limit: i64) -> Result<i64> {
    let Some((shape, mut values)) = asked(p, wanted) else {
        return Ok(0);
    };
    values.extend(params![limit + 1]);
    Ok(p.one(count_statement(&shape), values, |row| Ok(row.get(0)?))?.unwrap_or(0))
}

crate::sql! {
    tenant ROW = concat!(columns!("clients c"), "c.practice_id = $1 and c.id = $2");
    tenant COLUMNS = "select columns from client_columns where practice_id = $1 and member_id = $2";
    tenant SET_COLUMNS =
        "insert into client_columns (practice_id, member_id, columns) values ($1, $2, $3)
         on conflict (practice_id, member_id) do update set columns = excluded.columns";
}

/// One row, whoever asks.
pub fn row(p: &Practice, id: ClientId) -> Result<Option<Listed>> {
    p.one(&ROW, params![id], to_listed)
}

/// The columns that a member has chosen, by their names.
pub fn columns(p: &Practice, member: MemberId) -> Result<Option<String>> {
    p.one(&COLUMNS, params![member], |row| Ok(row.get(0)?))
}

pub fn set_columns(p: &Practice, member: MemberId, columns: &str) -> Result<()> {
    p.run(&SET_COLUMNS, params![member, columns]).map(drop)
}

fn to_listed(row: &crate::db::Row) -> Result<Listed> {
    let provider: (Option<String>, Option<String>) = (row.get(10)?, row.get(11)?);
    let state: String = row.get(16)?;
    Ok(Listed {
        id: row.get(0)?,
        first_name: row.get(1)?,
        last_name: row.get(2)?,
        preferred_name: row.get(3)?,
        pronouns: row.get(4)?,
        email: row.get(5)?,
        phone: row.get(6)?,
        sort_name: row.get(7)?,
        created_at: row.get(8)?,
        group_name: row.get(9)?,
        provider: provider.0.zip(provider.1).map(|(first, last)| format!("{first} {last}")),
        source: row.get(12)?,
        record_number: row.get(13)?,
        group: row.get(14)?,
        primary_provider: row.get(15)?,
        invitation: (state != "none").then_some(state),
        group_colour: row.get(17)?,
        date_of_birth: row.get(18)?,
        time_zone: row.get(19)?,
        legal_name: row.get(20)?,
        gender: row.get(21)?,
        status: row.get(22)?,
        forms: crate::flows::Progress::default(),
    })
}
