use super::{Flow, Given, Held, LIMIT, Needed, Place, Step};
use crate::db::Row;
use crate::error::{Error, Result};
use crate::forms::{Definition, Purpose};
use crate::ids::{ClientFormId, ClientId, FlowId, FormId, GroupId};
use crate::params;
use crate::people;
use crate::practice::Practice;

crate::sql! {
    tenant ALL =
        "select id, name, version from flows where practice_id = $1 and deleted_at is null order by name, id limit $2";
    tenant BY_ID = "select id, name, version from flows where practice_id = $1 and id = $2 and deleted_at is null";
    tenant INSERT = "insert into flows (practice_id, id, name, name_key, created_at) values ($1, $2, $3, $4, $5)";
    tenant UPDATE =
        "update flows set name = $3, name_key = $4, version = version + 1 where practice_id = $1 and id = $2";
    tenant DELETE =
        "update flows set deleted_at = $3, version = version + 1 where practice_id = $1 and id = $2";
    tenant CLEAR_GROUPS = "update client_groups set flow_id = null where practice_id = $1 and flow_id = $2";
    tenant STEPS =
        "select s.form_id, f.title, f.kind, s.required, v.definition from flow_steps s
         join forms f on f.practice_id = s.practice_id and f.id = s.form_id
         join form_versions v on v.practice_id = f.practice_id and v.id = f.published_id
         where s.practice_id = $1 and s.flow_id = $2 order by s.position, s.id limit 100";
    tenant DROP_STEPS = "delete from flow_steps where practice_id = $1 and flow_id = $2";
    tenant INSERT_STEP =
        "insert into flow_steps (practice_id, id, flow_id, position, form_id, required) values ($1, $2, $3, $4, $5, $6)";
    // In this slice and not in the groups' because they ask for flows: slices form no cycle.
    tenant GROUPS =
        "select id, name from client_groups where practice_id = $1 and flow_id = $2 and deleted_at is null
         order by position, id limit 200";
    tenant FREE_GROUPS =
        "select id, name from client_groups where practice_id = $1 and flow_id is null and deleted_at is null
         order by position, id limit 200";
    tenant OF_GROUP = "select flow_id from client_groups where practice_id = $1 and id = $2 and deleted_at is null";
    tenant OF_GROUPS =
        "select id, flow_id from client_groups where practice_id = $1 and flow_id is not null and deleted_at is null
         limit 200";
    tenant SET_GROUP =
        "update client_groups set flow_id = $3, version = version + 1 where practice_id = $1 and id = $2";
    tenant HELD =
        "select id, form_id, state from client_forms where practice_id = $1 and client_id = $2
         order by position, id limit 2000";
    tenant GIVE =
        "insert into client_forms (practice_id, id, client_id, form_id, flow_id, position, required, state, given_at,
         given_kind, given_by) values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10)";
    tenant PLACE =
        "update client_forms set flow_id = $3, position = $4, required = $5, version = version + 1
         where practice_id = $1 and id = $2";
    tenant WITHDRAW_OTHERS =
        "update client_forms set state = 'withdrawn', version = version + 1
         where practice_id = $1 and client_id = $2 and flow_id <> $3 and state = 'open'";
    tenant NOTE_FLOW =
        "insert into client_flows (practice_id, client_id, flow_id, given_at) values ($1, $2, $3, $4)
         on conflict (practice_id, client_id, flow_id) do nothing";
    tenant GIVEN =
        "select flow_id, given_at, completed_at from client_flows where practice_id = $1 and client_id = $2 limit 200";
    tenant COMPLETE =
        "update client_flows set completed_at = $4
         where practice_id = $1 and client_id = $2 and flow_id = $3 and completed_at is null";
}

fn flow(row: &Row) -> Result<Flow> {
    Ok(Flow { id: row.get(0)?, name: row.get(1)?, version: row.get(2)? })
}

pub fn all(p: &Practice) -> Result<Vec<Flow>> {
    p.all(&ALL, params![LIMIT], flow)
}

pub fn by_id(p: &Practice, id: FlowId) -> Result<Option<Flow>> {
    p.one(&BY_ID, params![id], flow)
}

pub fn insert(p: &Practice, id: FlowId, name: &str) -> Result<()> {
    p.run(&INSERT, params![id, name, people::folded(name), p.now]).map(drop)
}

pub fn update(p: &Practice, id: FlowId, name: &str) -> Result<()> {
    p.run(&UPDATE, params![id, name, people::folded(name)]).map(drop)
}

pub fn delete(p: &Practice, id: FlowId) -> Result<()> {
    p.run(&CLEAR_GROUPS, params![id])?;
    // Its steps go with it: a form that only a deleted flow asked for can be archived.
    p.run(&DROP_STEPS, params![id])?;
    p.run(&DELETE, params![id, p.now]).map(drop)
}

pub fn steps(p: &Practice, id: FlowId) -> Result<Vec<Step>> {
    p.all(&STEPS, params![id], |row| {
        let kind: String = row.get(2)?;
        let definition: Definition =
            serde_json::from_str(&row.get::<String>(4)?).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Step {
            form: row.get(0)?,
            title: row.get(1)?,
            purpose: Purpose::parse(&kind).unwrap_or(Purpose::Form),
            needed: Needed::of(row.get(3)?),
            minutes: definition.minutes(),
        })
    })
}

pub fn set_steps(p: &Practice, id: FlowId, steps: &[(FormId, Needed)]) -> Result<()> {
    p.run(&DROP_STEPS, params![id])?;
    for (at, (form, needed)) in steps.iter().enumerate() {
        let position = i64::try_from(at).unwrap_or(0);
        p.run(&INSERT_STEP, params![p.new_id(), id, position, *form, needed.is_required()])?;
    }
    Ok(())
}

pub fn groups(p: &Practice, id: FlowId) -> Result<Vec<(GroupId, String)>> {
    p.all(&GROUPS, params![id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The groups that have no flow.
pub fn free_groups(p: &Practice) -> Result<Vec<(GroupId, String)>> {
    p.all(&FREE_GROUPS, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn of_group(p: &Practice, group: GroupId) -> Result<Option<FlowId>> {
    Ok(p.one(&OF_GROUP, params![group], |row| Ok(row.get::<Option<FlowId>>(0)?))?.flatten())
}

pub fn of_groups(p: &Practice) -> Result<Vec<(GroupId, FlowId)>> {
    p.all(&OF_GROUPS, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn set_group(p: &Practice, group: GroupId, flow: Option<FlowId>) -> Result<()> {
    p.run(&SET_GROUP, params![group, flow]).map(drop)
}

pub fn held(p: &Practice, client: ClientId) -> Result<Vec<Held>> {
    p.all(&HELD, params![client], |row| Ok(Held { id: row.get(0)?, form: row.get(1)?, state: row.get(2)? }))
}

pub fn give(p: &Practice, client: ClientId, form: FormId, place: Place) -> Result<ClientFormId> {
    let id = ClientFormId(p.new_id());
    let required = place.needed.is_required();
    let (who, whose) = (p.actor.kind(), p.actor.id());
    p.run(&GIVE, params![id, client, form, place.flow, place.position, required, p.now, who, whose])?;
    Ok(id)
}

pub fn place(p: &Practice, id: ClientFormId, place: Place) -> Result<()> {
    p.run(&PLACE, params![id, place.flow, place.position, place.needed.is_required()]).map(drop)
}

pub fn withdraw_others(p: &Practice, client: ClientId, flow: FlowId) -> Result<()> {
    p.run(&WITHDRAW_OTHERS, params![client, flow]).map(drop)
}

/// `true`: the client had not been given it before.
pub fn note_flow(p: &Practice, client: ClientId, flow: FlowId) -> Result<bool> {
    Ok(p.run(&NOTE_FLOW, params![client, flow, p.now])? > 0)
}

pub fn given(p: &Practice, client: ClientId) -> Result<Vec<Given>> {
    p.all(&GIVEN, params![client], |row| Ok(Given { flow: row.get(0)?, at: row.get(1)?, completed: row.get(2)? }))
}

pub fn complete(p: &Practice, client: ClientId, flow: FlowId) -> Result<bool> {
    Ok(p.run(&COMPLETE, params![client, flow, p.now])? > 0)
}
