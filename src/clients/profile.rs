//! A client's page: what is known, the invitation and its history, and Personal Information under Actions.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::card::{InvitationCard, card, standing};
use super::duplicates::{self, Duplicate};
use super::form::{Choices, FieldSet, choices_for, field_set, given, summary, typed_from};
use super::head::{Head, Side};
use super::new::is_own_email;
use super::record::Client;
use super::sections::Part;
use super::{EmailChange, Saved, Status, Typed, archive, change, open, parse_change, queries};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::care_team;
use crate::error::{Error, FieldError, Result};
use crate::flows;
use crate::ids::ClientId;
use crate::invitations::{self, Event, Invitation, Invited, State};
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}", ANY_STAFF, show).post("/clients/{id}", ANY_STAFF, save).post(
        "/clients/{id}/invite",
        ANY_STAFF,
        invite,
    )
}

#[derive(Template)]
#[template(path = "clients/show.html")]
struct ShowPage {
    shell: Shell,
    head: Head,
    client: Client,
    facts: Vec<(String, String)>,
    card: InvitationCard,
    personal: SectionForm,
    info: SectionForm,
    stale: bool,
    /// The section that is open; empty: none.
    open: String,
    alike: Vec<Duplicate>,
    archived: bool,
}

/// A section with a form.
#[derive(Template)]
#[template(path = "clients/section.html")]
struct SectionForm {
    client: ClientId,
    part: Part,
    title: &'static str,
    hint: &'static str,
    open: bool,
    fields: FieldSet,
    errors: ErrorSummary,
    /// A question before saving: the signed-in member's own e-mail came along.
    question: String,
    /// Somebody else saved it meanwhile.
    stale: bool,
    /// What it was made from.
    seen: String,
}
impl askama::filters::HtmlSafe for SectionForm {}

/// Everything a client's page is made from, read in one view.
struct Seen {
    client: Client,
    choices: Choices,
    history: Vec<(Invitation, Vec<Event>)>,
    /// Other records that may be the same person's.
    alike: Vec<Duplicate>,
    /// The group of the invite link that they signed up by.
    joined: Option<String>,
    standing: care_team::Standing,
    marks: flows::Marks,
}

fn look(p: &Practice, id: ClientId) -> Result<Seen> {
    let client = open(p, id)?;
    let mut alike = duplicates::of(p, &client.fields, Some(id))?;
    alike.retain(Duplicate::is_likely);
    let joined = queries::joined_group(p, id)?;
    let choices = choices_for(p, &client.fields)?;
    Ok(Seen {
        choices,
        client,
        history: invitations::history(p, id)?,
        alike,
        joined,
        standing: care_team::standing(p, id)?,
        marks: flows::marks(p, id)?,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShowQuery {
    edit: String,
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>, Query(query): Query<ShowQuery>) -> Result<Response> {
    let seen = ctx.door()?.read(move |p| look(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    let typed = seen.client.fields.typed();
    let open = if query.edit == "1" { Part::PersonalInformation.as_str().to_string() } else { query.edit };
    page(&ctx, seen, &Edit { open, ..Edit::of(typed, None) }, StatusCode::OK)
}

struct Edit {
    typed: Typed,
    refused: Vec<FieldError>,
    question: String,
    stale: bool,
    open: String,
    /// The section that came back; nothing: all.
    part: Option<Part>,
}

impl Edit {
    fn of(typed: Typed, part: Option<Part>) -> Edit {
        let open = part.unwrap_or(Part::PersonalInformation).as_str().to_string();
        Edit { typed, refused: Vec::new(), question: String::new(), stale: false, open, part }
    }
}

fn page(ctx: &Ctx, seen: Seen, edit: &Edit, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let practice = ctx.practice()?;
    let zone = practice.time_zone.clone();
    let stands = seen.client.fields.typed();
    let now = edit.stale.then(|| stands.clone());
    let section = |part: Part, title, hint| {
        let own = edit.part.is_none_or(|came| came == part);
        let refused: Vec<FieldError> =
            edit.refused.iter().filter(|e| Part::of_field(&e.field) == part).cloned().collect();
        SectionForm {
            client: seen.client.id,
            part,
            title,
            hint,
            open: edit.open == part.as_str() || !refused.is_empty(),
            fields: field_set(&edit.typed, &refused, now.as_ref(), &seen.choices, words),
            errors: summary(&refused, words),
            question: if part == Part::PersonalInformation { edit.question.clone() } else { String::new() },
            stale: own && edit.stale,
            seen: part.seen(&stands),
        }
    };
    let personal =
        section(Part::PersonalInformation, "Personal Information", "Names, birth date, contact, care team, group");
    let info = section(Part::ClientInfo, "Client info", "Pronouns, gender, time zone, record number, note");
    let latest = seen.history.iter().map(|(invitation, _)| invitation).find(|i| i.state != State::Undone);
    let f = &seen.client.fields;
    let group = f.group.and_then(|id| seen.choices.groups.iter().find(|g| g.id == id));
    let provider = f.primary_provider.and_then(|id| seen.choices.providers.iter().find(|m| m.id == id));
    let today = ctx.app.now().date_in(&zone);
    let standing = standing(&seen.client, latest);
    let head = Head::of(&seen.client, standing, group, provider.map(|m| m.name.clone()), today, Side::Overview);
    let head = head.opened(seen.standing, &zone).marked(seen.marks);
    let page = ShowPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        facts: facts(&seen, &zone),
        card: card(&seen.client, &seen.history, &zone, &ctx.app),
        personal,
        info,
        stale: edit.stale,
        open: edit.open.clone(),
        alike: seen.alike,
        archived: seen.client.status == Status::ARCHIVED,
        client: seen.client,
    };
    html(status, &page)
}

fn facts(seen: &Seen, zone: &str) -> Vec<(String, String)> {
    let (client, choices) = (&seen.client, &seen.choices);
    let f = &client.fields;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let named = |id: &crate::ids::MemberId| choices.providers.iter().find(|m| m.id == *id).map(|m| m.name.clone());
    let team: Vec<String> = f.care_team.iter().filter_map(named).collect();
    let all = [
        ("Email", f.email.as_ref().map(|e| e.address.clone()).unwrap_or_default()),
        ("Phone", f.phone.as_deref().map(people::phone_said).unwrap_or_default()),
        ("Date of birth", f.date_of_birth.map(|d| d.strftime("%-d %b %Y").to_string()).unwrap_or_default()),
        ("Legal name", text(&f.legal_name)),
        ("Gender", text(&f.gender)),
        ("Time zone", f.time_zone.as_deref().map(|z| z.replace('_', " ")).unwrap_or_default()),
        ("Other care team members", team.join(", ")),
        ("Record number", text(&f.record_number)),
        ("Added", format!("{} · {}", client.created_at.said_in(zone), arrival_said(seen))),
        ("Note", text(&f.note)),
    ];
    all.into_iter().map(|(label, value)| (label.to_string(), value)).collect()
}

/// How a client arrived.
fn arrival_said(seen: &Seen) -> String {
    match (seen.client.source.as_str(), &seen.joined) {
        ("invite_link", Some(group)) => format!("Signed up by invite link · {group}"),
        ("invite_link", None) => "Signed up by invite link".into(),
        ("api", _) => "by another program".into(),
        _ => "by the practice".into(),
    }
}

/// A section as it was sent.
struct Sent {
    /// Nothing: the whole record, as pages had it in one form before; somebody may still have one open.
    part: Option<Part>,
    typed: Typed,
    /// What the form was made from: of a section in short, of the whole record its version.
    seen: String,
    /// The signed-in member's own e-mail came along, and nobody said that it is meant.
    own_email: bool,
}

enum Outcome {
    Saved(EmailChange),
    /// The form comes back, with what was typed.
    Back(Box<(Seen, Edit)>),
}

/// Saves one section. Errors: not found; archived.
fn save_part(p: &Practice, id: ClientId, sent: &Sent, words: Words) -> Result<Outcome> {
    let now = open(p, id)?;
    let stands = now.fields.typed();
    let typed = sent.part.map_or_else(|| sent.typed.clone(), |part| part.over(&sent.typed, stands.clone()));
    let stale = sent.part.map_or(sent.seen != now.version.to_string(), |part| sent.seen != part.seen(&stands));
    let back = |typed: Typed| Edit::of(typed, sent.part);
    let saved = now.fields.email.as_ref().map(|e| e.key.clone());
    // What is saved already was meant.
    if sent.own_email && saved != Some(people::Email::loose_key(&typed.email)) {
        let edit = Edit { question: words.t("own-email-question"), ..back(typed) };
        return Ok(Outcome::Back(Box::new((look(p, id)?, edit))));
    }
    let refused = match parse_change(p, &typed, words, &now.fields)? {
        Err(refused) => refused,
        // Saving again from there keeps what is in the form, now that both versions were seen.
        Ok(_) if stale => {
            return Ok(Outcome::Back(Box::new((look(p, id)?, Edit { stale: true, ..back(typed) }))));
        }
        Ok(fields) => match change(p, id, &fields, None)? {
            Saved::Saved { email } => return Ok(Outcome::Saved(email)),
            Saved::Stale(_) => return Err(Error::internal("a save without a version was stale")),
            Saved::EmailNeeded => vec![FieldError::new("email", words.t("email-needed"))],
        },
    };
    Ok(Outcome::Back(Box::new((look(p, id)?, Edit { refused, ..back(typed) }))))
}

async fn save(ctx: Ctx, Path(id): Path<ClientId>, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let words = ctx.words();
    let typed = typed_from(&pairs);
    let part = given(&pairs, "section").map(|name| Part::parse(name).ok_or(name));
    let part = part.transpose().map_err(|_| Error::bad_request("There is no such section."))?;
    let seen = if part.is_some() { "seen" } else { "version" };
    let sent = Sent {
        own_email: is_own_email(&ctx, &typed.email) && given(&pairs, "own_email_is_meant").is_none(),
        part,
        seen: given(&pairs, seen).unwrap_or_default().to_string(),
        typed,
    };
    match ctx.door()?.write(move |p| save_part(p, id, &sent, words)).await? {
        Outcome::Saved(email) => {
            // Not as `lead_to` does it: the page asks for what it needs anew, and keeps what is typed in other sections.
            let to = format!("/clients/{id}");
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
            let flash = match email {
                EmailChange::Asked(Invited::Queued(_)) => "email-asked".to_string(),
                EmailChange::Asked(_) => "email-asked-later".to_string(),
                _ => "saved".to_string(),
            };
            Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
            Ok(response)
        }
        Outcome::Back(back) => {
            let (seen, edit) = *back;
            // The page comes back with the whole record on it.
            note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
            let status = if edit.stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
            page(&ctx, seen, &edit, status)
        }
    }
}

async fn invite(ctx: Ctx, Path(id): Path<ClientId>, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let from_list = given(&pairs, "from") == Some("list");
    let invited = ctx.door()?.write(move |p| archive::invite(p, id)).await?;
    let flash = match invited {
        Invited::Queued(id) => format!("invited:{id}"),
        other => other.word().into(),
    };
    let to = if from_list { "/clients".to_string() } else { format!("/clients/{id}") };
    let mut response = lead_to(&ctx, &to)?;
    Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
    Ok(response)
}
