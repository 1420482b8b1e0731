//! A client's page: what is known, the invitation and its history, and Personal Information under Actions.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::card::{InvitationCard, card, standing};
use super::duplicates::{self, Duplicate};
use super::form::{Choices, FieldSet, choices_for, field_set, given, summary, typed_from};
use super::head::{Head, Side};
use super::new::is_own_email;
use super::record::Client;
use super::{EmailChange, Saved, Status, Typed, archive, change, open, parse_change, queries};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::care_team;
use crate::error::{FieldError, Result};
use crate::ids::ClientId;
use crate::invitations::{self, Event, Invitation, Invited, State};
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};

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
    fields: FieldSet,
    errors: ErrorSummary,
    /// A question before saving: the signed-in member's own e-mail came along.
    question: String,
    stale: bool,
    editing: bool,
    version: i64,
    alike: Vec<Duplicate>,
    archived: bool,
}

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
    let edit = Edit {
        typed,
        refused: Vec::new(),
        question: String::new(),
        stale: false,
        editing: !query.edit.is_empty(),
        version: seen.client.version,
    };
    page(&ctx, seen, &edit, StatusCode::OK)
}

struct Edit {
    typed: Typed,
    refused: Vec<FieldError>,
    question: String,
    stale: bool,
    editing: bool,
    version: i64,
}

fn page(ctx: &Ctx, seen: Seen, edit: &Edit, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let practice = ctx.practice()?;
    let zone = practice.time_zone.clone();
    let now = edit.stale.then(|| seen.client.fields.typed());
    let fields = field_set(&edit.typed, &edit.refused, now.as_ref(), &seen.choices, words);
    let latest = seen.history.iter().map(|(invitation, _)| invitation).find(|i| i.state != State::Undone);
    let f = &seen.client.fields;
    let group = f.group.and_then(|id| seen.choices.groups.iter().find(|g| g.id == id));
    let provider = f.primary_provider.and_then(|id| seen.choices.providers.iter().find(|m| m.id == id));
    let today = ctx.app.now().date_in(&zone);
    let standing = standing(&seen.client, latest);
    let head = Head::of(&seen.client, standing, group, provider.map(|m| m.name.clone()), today, Side::Overview);
    let head = head.opened(seen.standing, &zone);
    let page = ShowPage {
        shell: ctx.shell(head.name.clone(), Section::Clients),
        head,
        facts: facts(&seen, &zone),
        card: card(&seen.client, &seen.history, &zone, &ctx.app),
        fields,
        errors: summary(&edit.refused, words),
        question: edit.question.clone(),
        stale: edit.stale,
        editing: edit.editing,
        version: edit.version,
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

enum Outcome {
    Saved(EmailChange),
    Refused(Box<Seen>, Vec<FieldError>),
    Questioned(Box<Seen>),
    Stale(Box<Seen>),
}

async fn save(ctx: Ctx, Path(id): Path<ClientId>, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let words = ctx.words();
    let typed = typed_from(&pairs);
    let version: Option<i64> = given(&pairs, "version").and_then(|v| v.parse().ok());
    let is_asked = is_own_email(&ctx, &typed.email) && given(&pairs, "own_email_is_meant").is_none();
    let outcome = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| {
                let now = open(p, id)?;
                let saved = now.fields.email.as_ref().map(|e| e.key.clone());
                // What is saved already was meant.
                if is_asked && saved != Some(people::Email::loose_key(&typed.email)) {
                    return Ok(Outcome::Questioned(Box::new(look(p, id)?)));
                }
                let fields = match parse_change(p, &typed, words, &now.fields)? {
                    Err(refused) => return Ok(Outcome::Refused(Box::new(look(p, id)?), refused)),
                    Ok(fields) => fields,
                };
                Ok(match change(p, id, &fields, Some(version.unwrap_or(0)))? {
                    Saved::Saved { email } => Outcome::Saved(email),
                    Saved::Stale(_) => Outcome::Stale(Box::new(look(p, id)?)),
                    Saved::EmailNeeded => {
                        let refused = vec![FieldError::new("email", words.t("email-needed"))];
                        Outcome::Refused(Box::new(look(p, id)?), refused)
                    }
                })
            }
        })
        .await?;
    if !matches!(outcome, Outcome::Saved(_)) {
        // The page comes back with the whole record on it.
        note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    }
    match outcome {
        Outcome::Saved(email) => {
            let mut response = lead_to(&ctx, &format!("/clients/{id}"))?;
            let flash = match email {
                EmailChange::Asked(Invited::Queued(_)) => "email-asked".to_string(),
                EmailChange::Asked(_) => "email-asked-later".to_string(),
                _ => "saved".to_string(),
            };
            Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
            Ok(response)
        }
        Outcome::Refused(seen, refused) => {
            let version = version.unwrap_or(seen.client.version);
            let edit = Edit { typed, refused, question: String::new(), stale: false, editing: true, version };
            page(&ctx, *seen, &edit, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Outcome::Questioned(seen) => {
            let version = version.unwrap_or(seen.client.version);
            let question = words.t("own-email-question");
            let edit = Edit { typed, refused: Vec::new(), question, stale: false, editing: true, version };
            page(&ctx, *seen, &edit, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Outcome::Stale(seen) => {
            // Saving again from here keeps what is in the form, now that both versions were seen.
            let version = seen.client.version;
            let edit =
                Edit { typed, refused: Vec::new(), question: String::new(), stale: true, editing: true, version };
            page(&ctx, *seen, &edit, StatusCode::CONFLICT)
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
