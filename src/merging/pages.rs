//! Merge, under Actions: the other record is chosen, what would happen is said thing by thing, and what was merged can be
//! taken back.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::plan::{Coming, Custody, Invitations, Plan, Portal, plan};
use super::{Merge, Outcome, find, into, merge, undo};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Fields, Head, Match, Side};
use crate::error::{Error, Result};
use crate::ids::{ClientId, MergeId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::{groups, members, people};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/merge", ANY_STAFF, show)
        .post("/clients/{id}/merge", ANY_STAFF, press)
        .get("/merges/{id}/undo", ANY_STAFF, ask)
        .post("/merges/{id}/undo", ANY_STAFF, take_back)
}

#[derive(Template)]
#[template(path = "merging/choose_page.html")]
struct ChoosePage {
    shell: Shell,
    head: Head,
    choose: Choose,
}

/// The search for the other record, and what was merged, on a page and as a section behind Actions.
#[derive(Template)]
#[template(path = "merging/choose.html")]
struct Choose {
    client: ClientId,
    archived: bool,
    search: String,
    refused: &'static str,
    alike: Vec<Match>,
    found: Vec<Match>,
    merges: Vec<MergeRow>,
}
impl askama::filters::HtmlSafe for Choose {}

struct MergeRow {
    name: String,
    told: String,
    /// Until when it can be undone; empty where it cannot.
    until: String,
    id: MergeId,
}

#[derive(Template)]
#[template(path = "merging/preview.html")]
struct PreviewPage {
    shell: Shell,
    head: Head,
    kept: ClientId,
    gone: ClientId,
    name: String,
    refused: &'static str,
    /// What speaks against their being one person; empty: nothing.
    doubt: &'static str,
    rows: Vec<Compared>,
    /// Each thing that happens, in a sentence.
    happens: Vec<String>,
    version: i64,
    with_version: i64,
}

/// A field in which the two differ.
#[derive(Debug, Clone)]
pub struct Compared {
    pub field: &'static str,
    pub label: &'static str,
    pub kept: String,
    pub gone: String,
    pub becomes: String,
}

#[derive(Template)]
#[template(path = "merging/undo.html")]
struct UndoPage {
    shell: Shell,
    head: Head,
    merge: MergeRow,
    kept: ClientId,
    refused: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    with: String,
    search: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pressed {
    with: String,
    version: i64,
    with_version: i64,
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>, Query(asked): Query<Asked>) -> Result<Response> {
    match asked.with.parse() {
        Ok(with) => preview(&ctx, id, with, "", StatusCode::OK).await,
        Err(_) => choose(&ctx, id, asked.search, "", StatusCode::OK).await,
    }
}

async fn choose(
    ctx: &Ctx,
    id: ClientId,
    search: String,
    refused: &'static str,
    status: StatusCode,
) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let typed = search.clone();
    let (head, mut alike, mut found, merges) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let client = clients::open(p, id)?;
                let found = if typed.trim().is_empty() { Vec::new() } else { clients::lookup(p, &typed)? };
                Ok((clients::head(p, id, &zone, Side::Overview)?, clients::alike(p, &client)?, found, into(p, id)?))
            }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("merge")).await?;
    alike.retain(|one| found.iter().all(|other| other.id != one.id));
    found.retain(|one| one.id != id);
    let choose = Choose {
        client: id,
        archived: head.archived,
        search,
        refused,
        alike,
        found,
        merges: merges.iter().map(|merge| row(merge, &zone, ctx.app.now())).collect(),
    };
    if ctx.is_fragment {
        return html(status, &choose);
    }
    html(status, &ChoosePage { shell: ctx.shell(head.name.clone(), Section::Clients), head, choose })
}

fn row(merge: &Merge, zone: &str, now: crate::clock::Instant) -> MergeRow {
    let by = merge.by.as_ref().map(|name| format!(" by {name}")).unwrap_or_default();
    let undone = if merge.undone { " · undone" } else { "" };
    MergeRow {
        name: merge.name.clone(),
        told: format!("Merged on {}{by}{undone}", merge.at.said_in(zone)),
        until: if merge.can_be_undone(now) { merge.until().day_in(zone) } else { String::new() },
        id: merge.id,
    }
}

async fn preview(
    ctx: &Ctx,
    kept: ClientId,
    gone: ClientId,
    refused: &'static str,
    status: StatusCode,
) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let planned = ctx
        .door()?
        .read(move |p| {
            let head = clients::head(p, kept, &zone, Side::Overview)?;
            let plan = match plan(p, kept, gone)? {
                Ok(plan) => plan,
                Err(refused) => return Ok(Err(refused)),
            };
            Ok(Ok((head, compared(p, &plan)?, happens(p, &plan)?, plan)))
        })
        .await?;
    let (head, rows, happens, plan) = match planned {
        Ok(planned) => planned,
        Err(refused) => {
            return Box::pin(choose(ctx, kept, String::new(), refused.said(), StatusCode::CONFLICT)).await;
        }
    };
    for id in [kept, gone] {
        note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("merge")).await?;
    }
    let (version, with_version) = plan.versions();
    let page = PreviewPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        kept,
        gone,
        name: plan.gone.name(),
        refused,
        doubt: doubt(&plan),
        rows,
        happens,
        version,
        with_version,
    };
    html(status, &page)
}

fn doubt(plan: &Plan) -> &'static str {
    let (kept, gone) = (&plan.kept.fields, &plan.gone.fields);
    if kept.date_of_birth.zip(gone.date_of_birth).is_some_and(|(one, other)| one != other) {
        return "The birth dates differ. Make sure that this is one person: they see each other's record in the portal.";
    }
    if people::folded(&kept.last_name) != people::folded(&gone.last_name) {
        return "The last names differ. Make sure that this is one person: they see each other's record in the portal.";
    }
    ""
}

/// The fields in which the two differ, and what stands there afterwards.
pub fn compared(p: &Practice, plan: &Plan) -> Result<Vec<Compared>> {
    const FIELDS: [(&str, &str); 14] = [
        ("first_name", "First name"),
        ("last_name", "Last name"),
        ("preferred_name", "Preferred name"),
        ("legal_name", "Legal name"),
        ("pronouns", "Pronouns"),
        ("date_of_birth", "Date of birth"),
        ("gender", "Gender"),
        ("email", "Email"),
        ("phone", "Phone"),
        ("time_zone", "Time zone"),
        ("group_id", "Group"),
        ("primary_provider_id", "Primary provider"),
        ("record_number", "Record number"),
        ("note", "Note"),
    ];
    let groups = groups::all(p)?;
    let mut names = Vec::new();
    for fields in [&plan.kept.fields, &plan.gone.fields] {
        let provider = fields.primary_provider;
        names.push((provider, provider.map(|id| members::name_of(p, id)).transpose()?.flatten()));
    }
    let said = |fields: &Fields, name: &str| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let group = || fields.group.and_then(|id| groups.iter().find(|g| g.id == id)).map(|g| g.name.clone());
        let provider =
            || names.iter().find(|(id, _)| *id == fields.primary_provider).and_then(|(_, name)| name.clone());
        match name {
            "first_name" => fields.first_name.clone(),
            "last_name" => fields.last_name.clone(),
            "preferred_name" => text(&fields.preferred_name),
            "legal_name" => text(&fields.legal_name),
            "pronouns" => text(&fields.pronouns),
            "date_of_birth" => fields.date_of_birth.map(|d| d.strftime("%-d %b %Y").to_string()).unwrap_or_default(),
            "gender" => text(&fields.gender),
            "email" => fields.email.as_ref().map(|e| e.address.clone()).unwrap_or_default(),
            "phone" => fields.phone.as_deref().map(people::phone_said).unwrap_or_default(),
            "time_zone" => text(&fields.time_zone).replace('_', " "),
            "group_id" => group().unwrap_or_default(),
            "primary_provider_id" => provider().unwrap_or_default(),
            "record_number" => text(&fields.record_number),
            _ => text(&fields.note),
        }
    };
    let row = |(field, label): (&'static str, &'static str)| Compared {
        field,
        label,
        kept: said(&plan.kept.fields, field),
        gone: said(&plan.gone.fields, field),
        becomes: said(&plan.fields, field),
    };
    // What only the record that stays has is no question.
    let differs = |row: &Compared| row.kept != row.gone && !row.gone.is_empty();
    Ok(FIELDS.into_iter().map(row).filter(differs).collect())
}

fn happens(p: &Practice, plan: &Plan) -> Result<Vec<String>> {
    let address = |client: &clients::Client| client.fields.email.as_ref().map(|e| e.address.clone());
    let (own, other) = (address(&plan.kept).unwrap_or_default(), address(&plan.gone).unwrap_or_default());
    let mut said: Vec<String> = Vec::new();
    match plan.portal {
        Portal::None => {}
        Portal::Kept => said.push(format!("They go on signing in with {own}.")),
        Portal::Comes => said.push(format!("The portal comes along: they go on signing in with {other}.")),
        Portal::Same => said.push("Both records are open to one account. It goes on opening this one.".into()),
        Portal::Two if own == other => {
            said.push(
                "Both have a portal, under one email. The account of this record goes on; the other is out.".into(),
            );
        }
        Portal::Two => {
            said.push(format!("Both have a portal. {own} goes on signing in; {other} is out with the next request."))
        }
    }
    match plan.invitations {
        Invitations::Come if plan.portal == Portal::None => {
            said.push(format!("The invitation that {other} has stays good, and leads into this record."));
        }
        Invitations::Dead => said.push(format!("The link in the invitation that {other} has opens nothing any more.")),
        Invitations::Come | Invitations::Stay => {}
    }
    said.extend(plan.contacts.iter().map(contact_said));
    for member in &plan.joining {
        let name = members::name_of(p, *member)?.unwrap_or_default();
        said.push(format!("{name} joins the care team."));
    }
    match &plan.custody {
        Custody::None => {}
        Custody::Comes(_) => said.push("The custody note comes along.".into()),
        Custody::Both => said.push("Both have a custody note. The one of this record stands.".into()),
    }
    match plan.documents {
        0 => {}
        1 => said.push("1 document comes along, as private or shared as it is.".into()),
        n => said.push(format!("{n} documents come along, each as private or shared as it is.")),
    }
    match plan.forms {
        0 => {}
        1 => said.push("1 form comes along, with what was answered.".into()),
        n => said.push(format!("{n} forms come along, with what was answered.")),
    }
    match plan.conversations {
        0 => {}
        1 => said.push("1 conversation comes along.".into()),
        n => said.push(format!("{n} conversations come along.")),
    }
    said.push(match plan.history {
        1 => "1 entry of the timeline comes along.".into(),
        n => format!("{n} entries of the timeline come along."),
    });
    said.push("The other record leaves the list. Whoever opens it is led to this one.".into());
    Ok(said)
}

fn contact_said(coming: &Coming) -> String {
    let (name, relation) = (coming.contact.fields.name(), coming.contact.fields.relation.said());
    match (coming.known, coming.with_portal) {
        (true, _) => format!("{name} ({relation}) is a contact here already, and stays as they are here."),
        (false, true) => format!("{name} ({relation}) comes along, with their way into the portal."),
        (false, false) => format!("{name} ({relation}) comes along as a contact."),
    }
}

async fn press(ctx: Ctx, Path(kept): Path<ClientId>, Form(typed): Form<Pressed>) -> Result<Response> {
    let gone: ClientId = typed.with.parse().map_err(|_| Error::bad_request("There is no other record in it."))?;
    let seen = Some((typed.version, typed.with_version));
    match ctx.door()?.write(move |p| merge(p, kept, gone, seen)).await? {
        Outcome::Done(id) => back(&ctx, kept, &format!("merged:{id}")),
        Outcome::Refused(refused) => preview(&ctx, kept, gone, refused.said(), StatusCode::CONFLICT).await,
    }
}

fn back(ctx: &Ctx, id: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

async fn undo_page(ctx: &Ctx, id: MergeId, refused: &'static str, status: StatusCode) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (merge, head) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let merge = find(p, id)?;
                let head = clients::head(p, merge.kept, &zone, Side::Overview)?;
                Ok((merge, head))
            }
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", merge.kept).detail("merge")).await?;
    let page = UndoPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        kept: merge.kept,
        merge: row(&merge, &zone, ctx.app.now()),
        refused,
    };
    html(status, &page)
}

async fn ask(ctx: Ctx, Path(id): Path<MergeId>) -> Result<Response> {
    undo_page(&ctx, id, "", StatusCode::OK).await
}

async fn take_back(ctx: Ctx, Path(id): Path<MergeId>) -> Result<Response> {
    let (outcome, kept) = ctx.door()?.write(move |p| Ok((undo(p, id)?, find(p, id)?.kept))).await?;
    match outcome {
        Outcome::Done(_) => back(&ctx, kept, "unmerged"),
        Outcome::Refused(refused) => undo_page(&ctx, id, refused.said(), StatusCode::CONFLICT).await,
    }
}
