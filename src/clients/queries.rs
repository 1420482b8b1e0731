use super::list::{Cursor, Listed, Search, Sort, Wanted};
use super::record::{Client, Fields};
use crate::access::Reach;
use crate::db::search_pattern;
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::people::Email;
use crate::practice::Practice;

crate::sql! {
    tenant INSERT =
        "insert into clients (practice_id, id, first_name, last_name, preferred_name, legal_name, pronouns, date_of_birth,
         gender, email, email_key, phone, time_zone, group_id, primary_provider_id, record_number, note, sort_name,
         search_text, status, source, created_at, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'active', $20,
         $21, $21, 1)";
    tenant UPDATE =
        "update clients set first_name = $3, last_name = $4, preferred_name = $5, legal_name = $6, pronouns = $7,
         date_of_birth = $8, gender = $9, email = $10, email_key = $11, phone = $12, time_zone = $13, group_id = $14,
         primary_provider_id = $15, record_number = $16, note = $17, sort_name = $18, search_text = $19,
         updated_at = $20, version = version + 1 where practice_id = $1 and id = $2";
    tenant SET_STATUS =
        "update clients set status = $3, updated_at = $4, version = version + 1 where practice_id = $1 and id = $2";
    tenant BY_ID =
        "select id, first_name, last_name, preferred_name, legal_name, pronouns, date_of_birth, gender, email, phone,
         time_zone, group_id, primary_provider_id, record_number, note, status, source, created_at, updated_at, version
         from clients where practice_id = $1 and id = $2";
    tenant JOINED_GROUP =
        "select g.name from sign_ups s
         join invite_links l on l.practice_id = s.practice_id and l.id = s.link_id
         join client_groups g on g.practice_id = l.practice_id and g.id = l.group_id
         where s.practice_id = $1 and s.client_id = $2";
    tenant DELETE_PREFIXES = "delete from client_prefixes where practice_id = $1 and client_id = $2";
    tenant INSERT_PREFIX =
        "insert into client_prefixes (practice_id, client_id, prefix) values ($1, $2, $3) on conflict do nothing";
}

fn values(id: ClientId, f: &Fields) -> Vec<crate::db::Value> {
    params![
        id,
        &f.first_name,
        &f.last_name,
        f.preferred_name.clone(),
        f.legal_name.clone(),
        f.pronouns.clone(),
        f.date_of_birth.map(|d| d.to_string()),
        f.gender.clone(),
        f.email.as_ref().map(|e| e.address.clone()),
        f.email.as_ref().map(|e| e.key.clone()),
        f.phone.clone(),
        f.time_zone.clone(),
        f.group,
        f.primary_provider,
        f.record_number.clone(),
        f.note.clone(),
        f.sort_name(),
        f.search_text(),
    ]
}

pub fn insert(p: &Practice, id: ClientId, fields: &Fields, source: &str) -> Result<()> {
    let mut all = values(id, fields);
    all.extend(params![source, p.now]);
    p.run(&INSERT, all).map(drop)
}

pub fn update(p: &Practice, id: ClientId, fields: &Fields) -> Result<()> {
    let mut all = values(id, fields);
    all.extend(params![p.now]);
    p.run(&UPDATE, all).map(drop)
}

pub fn set_status(p: &Practice, id: ClientId, status: &str) -> Result<()> {
    p.run(&SET_STATUS, params![id, status, p.now]).map(drop)
}

pub fn set_prefixes(p: &Practice, id: ClientId, fields: &Fields) -> Result<()> {
    p.run(&DELETE_PREFIXES, params![id])?;
    for prefix in fields.prefixes() {
        p.run(&INSERT_PREFIX, params![id, prefix])?;
    }
    Ok(())
}

/// The group of the invite link that a client signed up by.
pub fn joined_group(p: &Practice, id: ClientId) -> Result<Option<String>> {
    p.one(&JOINED_GROUP, params![id], |row| Ok(row.get(0)?))
}

pub fn by_id(p: &Practice, id: ClientId) -> Result<Option<Client>> {
    let mut client = p.one(&BY_ID, params![id], |row| {
        let born: Option<String> = row.get(6)?;
        Ok(Client {
            id: row.get(0)?,
            fields: Fields {
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                preferred_name: row.get(3)?,
                legal_name: row.get(4)?,
                pronouns: row.get(5)?,
                date_of_birth: born.and_then(|text| text.parse().ok()),
                gender: row.get(7)?,
                email: row.get::<Option<String>>(8)?.map(Email::stored),
                phone: row.get(9)?,
                time_zone: row.get(10)?,
                group: row.get(11)?,
                primary_provider: row.get(12)?,
                care_team: Vec::new(),
                record_number: row.get(13)?,
                note: row.get(14)?,
            },
            status: row.get(15)?,
            source: row.get(16)?,
            created_at: row.get(17)?,
            updated_at: row.get(18)?,
            version: row.get(19)?,
        })
    })?;
    if let Some(client) = &mut client {
        let primary = client.fields.primary_provider;
        client.fields.care_team =
            crate::care_team::members(p, id)?.into_iter().filter(|m| Some(*m) != primary).collect();
        client.fields.care_team.sort();
    }
    Ok(client)
}

// The list: one statement for each combination of how it is searched, narrowed, reached and sorted. All take the same
// values: $2 search, $3 status, $4 group, $5 member, $6 and $7 the row after which to go on, $8 how many. What a
// combination does not use stands in a condition that is always true and costs nothing.
macro_rules! search {
    (none) => {
        "cast($2 as text) is not null"
    };
    (prefix) => {
        "c.id in (select x.client_id from client_prefixes x where x.practice_id = $1 and x.prefix = $2)"
    };
    (sqlite) => {
        $crate::search_condition!(sqlite)
    };
    (postgres) => {
        $crate::search_condition!(postgres)
    };
}
macro_rules! group {
    (any) => {
        "cast($4 as uuid) is not null"
    };
    (one) => {
        "c.group_id = $4"
    };
}
macro_rules! reach {
    (all) => {
        "cast($5 as uuid) is not null"
    };
    (team) => {
        "c.id in (select t.client_id from care_team t where t.practice_id = $1 and t.member_id = $5)"
    };
}
macro_rules! order {
    (name) => {
        "(c.sort_name, c.id) > ($6, $7) order by c.sort_name, c.id limit $8"
    };
    (newest) => {
        "(c.created_at, c.id) < ($6, $7) order by c.created_at desc, c.id desc limit $8"
    };
}
macro_rules! list {
    ($search:ident $group:ident $reach:ident $order:ident) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, c.pronouns, c.email, c.phone, c.sort_name,
             c.created_at, g.name, m.first_name, m.last_name, c.source, c.record_number, c.group_id,
             c.primary_provider_id,
             (select i.state from invitations i where i.practice_id = c.practice_id and i.client_id = c.id
              and i.state <> 'undone' order by i.created_at desc, i.id desc limit 1)
             from clients c
             left join client_groups g on g.practice_id = c.practice_id and g.id = c.group_id
             left join members m on m.practice_id = c.practice_id and m.id = c.primary_provider_id
             where c.practice_id = $1 and c.status = $3 and ",
            search!($search),
            " and ",
            group!($group),
            " and ",
            reach!($reach),
            " and ",
            order!($order)
        )
    };
}

/// Declares the statements and the choice among them, from one table.
macro_rules! lists {
    ($($name:ident: $search:ident $group:ident $reach:ident $order:ident;)*) => {
        $(lists!(@declare $name $search $group $reach $order);)*
        fn statement(search: &str, group: &str, reach: &str, order: &str) -> &'static crate::db::TenantSql {
            match (search, group, reach, order) {
                $((stringify!($search), stringify!($group), stringify!($reach), stringify!($order)) => &$name,)*
                _ => &PLAIN,
            }
        }
    };
    (@declare $name:ident fragment $group:ident $reach:ident $order:ident) => {
        $crate::sql! {
            tenant $name = sqlite list!(sqlite $group $reach $order), postgres list!(postgres $group $reach $order);
        }
    };
    (@declare $name:ident $search:ident $group:ident $reach:ident $order:ident) => {
        $crate::sql! { tenant $name = list!($search $group $reach $order); }
    };
}
lists! {
    PLAIN: none any all name;
    PLAIN_NEWEST: none any all newest;
    GROUP: none one all name;
    GROUP_NEWEST: none one all newest;
    TEAM: none any team name;
    TEAM_NEWEST: none any team newest;
    TEAM_GROUP: none one team name;
    TEAM_GROUP_NEWEST: none one team newest;
    PREFIX: prefix any all name;
    PREFIX_NEWEST: prefix any all newest;
    PREFIX_GROUP: prefix one all name;
    PREFIX_GROUP_NEWEST: prefix one all newest;
    PREFIX_TEAM: prefix any team name;
    PREFIX_TEAM_NEWEST: prefix any team newest;
    PREFIX_TEAM_GROUP: prefix one team name;
    PREFIX_TEAM_GROUP_NEWEST: prefix one team newest;
    FRAGMENT: fragment any all name;
    FRAGMENT_NEWEST: fragment any all newest;
    FRAGMENT_GROUP: fragment one all name;
    FRAGMENT_GROUP_NEWEST: fragment one all newest;
    FRAGMENT_TEAM: fragment any team name;
    FRAGMENT_TEAM_NEWEST: fragment any team newest;
    FRAGMENT_TEAM_GROUP: fragment one team name;
    FRAGMENT_TEAM_GROUP_NEWEST: fragment one team newest;
}

pub fn list(p: &Practice, wanted: &Wanted, after: &Cursor, limit: i64) -> Result<Vec<Listed>> {
    let (search, pattern) = match &wanted.search {
        Search::None => ("none", String::new()),
        Search::Prefix(text) => ("prefix", text.clone()),
        Search::Fragment(text) => ("fragment", search_pattern(p.engine(), text)),
    };
    let group = if wanted.group.is_some() { "one" } else { "any" };
    let (reach, member) = match p.actor.reach() {
        Reach::All => ("all", uuid::Uuid::nil()),
        Reach::CareTeam(member) => ("team", member.0),
        // Nobody else has a list.
        Reach::Own(_) | Reach::Nobody => return Ok(Vec::new()),
    };
    let order = match wanted.sort {
        Sort::Name => "name",
        Sort::Newest => "newest",
    };
    let mut values = params![pattern, &wanted.status, wanted.group.map_or(uuid::Uuid::nil(), |g| g.0), member];
    match after {
        Cursor::Name(name, id) => values.extend(params![name, *id]),
        Cursor::Newest(at, id) => values.extend(params![*at, *id]),
    }
    values.extend(params![limit]);
    p.all(statement(search, group, reach, order), values, |row| {
        let provider: (Option<String>, Option<String>) = (row.get(10)?, row.get(11)?);
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
            invitation: row.get(16)?,
        })
    })
}
