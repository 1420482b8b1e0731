use super::known::{self, read};
use super::{Definition, Form, LIMIT, Purpose, Version, Which};
use crate::clock::Instant;
use crate::db::Row;
use crate::error::{Error, Result};
use crate::ids::{FormId, FormVersionId};
use crate::params;
use crate::practice::Practice;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "select id, kind, title, published_id, draft is not null, updated_at, archived_at, version, minutes from forms
             where practice_id = $1 and ",
            $where
        )
    };
}

macro_rules! version {
    ($where:literal) => {
        concat!(
            "select v.id, v.form_id, v.number, v.published_at, v.published_by, v.definition, m.first_name, m.last_name
             from form_versions v left join members m on m.practice_id = v.practice_id and m.id = v.published_by
             where v.practice_id = $1 and ",
            $where
        )
    };
}

crate::sql! {
    tenant STANDING = select!("archived_at is null order by title, id limit $2");
    tenant ARCHIVED = select!("archived_at is not null order by title, id limit $2");
    tenant BY_ID = select!("id = $2");
    tenant COUNT = "select count(*) from forms where practice_id = $1";
    tenant DRAFT = "select draft from forms where practice_id = $1 and id = $2";
    tenant INSERT =
        "insert into forms (practice_id, id, kind, title, draft, minutes, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)";
    tenant SET_DRAFT =
        "update forms set draft = $3, title = $4, minutes = $5, before = $6, updated_at = $7, version = version + 1
         where practice_id = $1 and id = $2";
    tenant DROP_DRAFT =
        "update forms set draft = null, title = $3, minutes = $4, before = $5, updated_at = $6, version = version + 1
         where practice_id = $1 and id = $2";
    tenant BEFORE = "select before from forms where practice_id = $1 and id = $2";
    tenant SET_PUBLISHED =
        "update forms set published_id = $3, draft = null, before = null, updated_at = $4, version = version + 1
         where practice_id = $1 and id = $2";
    tenant SET_ARCHIVED =
        "update forms set archived_at = $3, version = version + 1 where practice_id = $1 and id = $2";
    tenant INSERT_VERSION =
        "insert into form_versions (practice_id, id, form_id, number, definition, published_at, published_by)
         select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6 from form_versions
         where practice_id = $1 and form_id = $3";
    tenant VERSION = version!("v.id = $2");
    tenant VERSION_BY_NUMBER = version!("v.form_id = $2 and v.number = $3");
    tenant VERSIONS = version!("v.form_id = $2 order by v.number desc limit 200");
    // In this slice and not in those that give forms and take answers, because they ask for forms: slices form no cycle.
    tenant FLOW_WITH =
        "select f.name from flow_steps s join flows f on f.practice_id = s.practice_id and f.id = s.flow_id
         where s.practice_id = $1 and s.form_id = $2 and f.deleted_at is null limit 1";
    tenant BEGUN =
        "select count(distinct client_id) from client_forms
         where practice_id = $1 and form_id = $2 and version_id is not null and state <> 'withdrawn'";
}

fn form(row: &Row) -> Result<Form> {
    let kind: String = row.get(1)?;
    Ok(Form {
        id: row.get(0)?,
        purpose: Purpose::parse(&kind).ok_or_else(|| Error::internal(format!("a form of no known kind: {kind}")))?,
        title: row.get(2)?,
        published: row.get(3)?,
        has_draft: row.get(4)?,
        updated_at: row.get(5)?,
        archived: row.get(6)?,
        version: row.get(7)?,
        minutes: row.get(8)?,
    })
}

fn kept(definition: &Definition) -> Result<String> {
    serde_json::to_string(definition).map_err(|e| Error::internal(e.to_string()))
}

fn to_version(row: &Row) -> Result<Version> {
    let id: FormVersionId = row.get(0)?;
    Ok(Version {
        id,
        form: row.get(1)?,
        number: row.get(2)?,
        published_at: row.get(3)?,
        published_by: row.get(4)?,
        published_by_name: row
            .get::<Option<String>>(6)?
            .map(|first| Ok::<_, Error>([Some(first), row.get(7)?].into_iter().flatten().collect::<Vec<_>>().join(" ")))
            .transpose()?,
        definition: known::definition(id, row.get(5)?)?,
    })
}

pub fn list(p: &Practice, which: Which) -> Result<Vec<Form>> {
    let statement = if which == Which::Archived { &ARCHIVED } else { &STANDING };
    p.all(statement, params![LIMIT], form)
}

pub fn by_id(p: &Practice, id: FormId) -> Result<Option<Form>> {
    p.one(&BY_ID, params![id], form)
}

pub fn count(p: &Practice) -> Result<i64> {
    Ok(p.one(&COUNT, params![], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn draft(p: &Practice, id: FormId) -> Result<Option<Definition>> {
    let draft = p.one(&DRAFT, params![id], |row| Ok(row.get::<Option<String>>(0)?))?.flatten();
    draft.map(|text| read(&text)).transpose()
}

/// What the draft was before something was taken out of it. Nothing: it was changed since.
pub fn before(p: &Practice, id: FormId) -> Result<Option<Definition>> {
    let before = p.one(&BEFORE, params![id], |row| Ok(row.get::<Option<String>>(0)?))?.flatten();
    before.map(|text| read(&text)).transpose()
}

fn minutes(definition: &Definition) -> i64 {
    i64::try_from(definition.minutes()).unwrap_or(i64::MAX)
}

pub fn insert(p: &Practice, id: FormId, purpose: Purpose, definition: &Definition) -> Result<()> {
    let values = params![id, purpose.as_str(), &definition.title, kept(definition)?, minutes(definition), p.now];
    p.run(&INSERT, values).map(drop)
}

/// `before`: what it was, where that can be put back.
pub fn set_draft(p: &Practice, id: FormId, definition: &Definition, before: Option<&Definition>) -> Result<()> {
    let before = before.map(kept).transpose()?;
    let values = params![id, kept(definition)?, &definition.title, minutes(definition), before, p.now];
    p.run(&SET_DRAFT, values).map(drop)
}

/// `stands`: what is published, which stands alone then.
pub fn drop_draft(p: &Practice, id: FormId, stands: &Definition, before: Option<&Definition>) -> Result<()> {
    let before = before.map(kept).transpose()?;
    p.run(&DROP_DRAFT, params![id, &stands.title, minutes(stands), before, p.now]).map(drop)
}

pub fn insert_version(p: &Practice, form: FormId, id: FormVersionId, definition: &Definition) -> Result<()> {
    let by = p.actor.member().map(|member| member.id);
    p.run(&INSERT_VERSION, params![id, form, kept(definition)?, p.now, by]).map(drop)
}

pub fn set_published(p: &Practice, id: FormId, version: FormVersionId) -> Result<()> {
    p.run(&SET_PUBLISHED, params![id, version, p.now]).map(drop)
}

pub fn set_archived(p: &Practice, id: FormId, at: Option<Instant>) -> Result<()> {
    p.run(&SET_ARCHIVED, params![id, at]).map(drop)
}

pub fn version(p: &Practice, id: FormVersionId) -> Result<Option<Version>> {
    p.one(&VERSION, params![id], to_version)
}

pub fn version_by_number(p: &Practice, id: FormId, number: i64) -> Result<Option<Version>> {
    p.one(&VERSION_BY_NUMBER, params![id, number], to_version)
}

pub fn versions(p: &Practice, id: FormId) -> Result<Vec<Version>> {
    p.all(&VERSIONS, params![id], to_version)
}

/// The name of a flow that asks for a form.
pub fn flow_with(p: &Practice, id: FormId) -> Result<Option<String>> {
    p.one(&FLOW_WITH, params![id], |row| Ok(row.get(0)?))
}

/// How many clients have begun to answer a form: they keep the version that they began with.
pub fn begun(p: &Practice, id: FormId) -> Result<i64> {
    Ok(p.one(&BEGUN, params![id], |row| Ok(row.get(0)?))?.unwrap_or(0))
}
