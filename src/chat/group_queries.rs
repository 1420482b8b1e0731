use uuid::Uuid;

use super::Person;
use super::queries::full;
use crate::clock::Instant;
use crate::db::Row;
use crate::error::Result;
use crate::ids::{ClientId, ConversationId, MemberId};
use crate::params;
use crate::practice::Practice;

crate::sql! {
    tenant ADD_PERSON =
        "insert into conversation_people (practice_id, conversation_id, person_id, kind, joined_at)
         values ($1, $2, $3, $4, $5)
         on conflict (practice_id, conversation_id, person_id) do update set left_at = null";
    tenant LEAVE =
        "update conversation_people set left_at = $4
         where practice_id = $1 and conversation_id = $2 and person_id = $3 and kind = $5 and left_at is null";
    tenant PEOPLE =
        "select g.person_id, g.kind, m.first_name, m.last_name, k.first_name, k.last_name, k.preferred_name, g.left_at,
             case when g.kind = 'client' then true else m.disabled_at is null and m.role <> 'support' and not exists (
                 select 1 from conversation_people x where x.practice_id = g.practice_id
                 and x.conversation_id = g.conversation_id and x.kind = 'client'
                 and not exists (select 1 from care_team o where o.practice_id = x.practice_id
                     and o.client_id = x.person_id and o.member_id = g.person_id)) end
         from conversation_people g
         left join members m on m.practice_id = g.practice_id and m.id = g.person_id
         left join clients k on k.practice_id = g.practice_id and k.id = g.person_id
         where g.practice_id = $1 and g.conversation_id = $2 order by g.kind, g.joined_at, g.person_id limit 200";
    // Those who care for every client whose words are in it, and are not in it.
    tenant CAN_JOIN =
        "select members.id, members.first_name, members.last_name from members
         where members.practice_id = $1 and members.disabled_at is null and members.role <> 'support' and not exists (
             select 1 from conversation_people x where x.practice_id = members.practice_id and x.conversation_id = $2
             and x.kind = 'client' and not exists (select 1 from care_team o where o.practice_id = x.practice_id
                 and o.client_id = x.person_id and o.member_id = members.id))
         and not exists (select 1 from conversation_people g where g.practice_id = members.practice_id
             and g.conversation_id = $2 and g.person_id = members.id and g.left_at is null)
         order by members.id limit 200";
}

pub fn add_person(p: &Practice, id: ConversationId, person: Person) -> Result<()> {
    p.run(&ADD_PERSON, params![id, person.id(), person.kind(), p.now]).map(drop)
}

/// `false`: they are not in it.
pub fn leave(p: &Practice, id: ConversationId, person: Person) -> Result<bool> {
    Ok(p.run(&LEAVE, params![id, person.id(), p.now, person.kind()])? > 0)
}

/// Somebody who is or was in a group.
#[derive(Debug, Clone)]
pub struct InGroup {
    pub person: Person,
    pub name: String,
    pub left: bool,
    /// A member: they are on the staff and care for everybody whose words are in it.
    pub may: bool,
}

impl InGroup {
    /// They read along now.
    pub fn is_there(&self) -> bool {
        self.may && !self.left
    }
}

pub fn people(p: &Practice, id: ConversationId) -> Result<Vec<InGroup>> {
    p.all(&PEOPLE, params![id], |row| {
        let person: Uuid = row.get(0)?;
        let is_member = row.get::<String>(1)? == "member";
        let person = if is_member { Person::Member(MemberId(person)) } else { Person::Client(ClientId(person)) };
        let name = full(row.get(2)?, row.get(3)?, None).or(full(row.get(4)?, row.get(5)?, row.get(6)?));
        let left = row.get::<Option<Instant>>(7)?.is_some();
        Ok(InGroup { person, name: name.unwrap_or_default(), left, may: row.get(8)? })
    })
}

/// Members who could join a group, with their names.
pub fn can_join(p: &Practice, id: ConversationId) -> Result<Vec<(MemberId, String)>> {
    let one = |row: &Row| Ok((row.get(0)?, full(row.get(1)?, row.get(2)?, None).unwrap_or_default()));
    let mut all: Vec<(MemberId, String)> = p.all(&CAN_JOIN, params![id], one)?;
    all.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(all)
}
