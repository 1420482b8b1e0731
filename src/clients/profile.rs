//! A client's page: what is known, the invitation and its history, and Personal Information under Actions.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::duplicates::{self, Duplicate};
use super::form::{Choices, FieldSet, choices_for, field_set, given, summary, typed_from};
use super::new::is_own_email;
use super::pages::{invitation_status, unconfirmed_status};
use super::record::Client;
use super::{EmailChange, Saved, Status as Standing, Typed, archive, change, find, parse_change, queries};
use crate::access::ANY_STAFF;
use crate::app::App;
use crate::audit::{Entry, note_read};
use crate::error::{FieldError, Result};
use crate::ids::ClientId;
use crate::invitations::{self, Event, Invitation, Invited, Purpose, State};
use crate::people::{self, initials};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Section, Shell, Status};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}", ANY_STAFF, show)
        .post("/clients/{id}", ANY_STAFF, save)
        .post("/clients/{id}/invite", ANY_STAFF, invite)
        .post("/clients/{id}/archive", ANY_STAFF, put_away)
        .post("/clients/{id}/restore", ANY_STAFF, bring_back)
        .poll("/clients/{id}/invitation", ANY_STAFF, invitation)
}

#[derive(Template)]
#[template(path = "clients/show.html")]
struct ShowPage {
    shell: Shell,
    client: Client,
    initials: String,
    facts: Vec<(String, String)>,
    card: InvitationCard,
    fields: FieldSet,
    errors: ErrorSummary,
    /// A question before saving: the signed-in member's own e-mail came along.
    question: String,
    stale: bool,
    editing: bool,
    version: i64,
    group: String,
    group_colour: String,
    provider: String,
    age: String,
    alike: Vec<Duplicate>,
    archived: bool,
}

/// The invitation, its history, and what can be done about it; repeats itself while a mail is under way.
#[derive(Template)]
#[template(path = "clients/invitation.html")]
struct InvitationCard {
    id: String,
    has_email: bool,
    status: Status,
    /// Label of the one button; empty where there is none.
    button: String,
    explains: String,
    undo: Option<String>,
    under_way: bool,
    /// The newest mail was kept instead of sent, and can be read on this machine.
    outbox: bool,
    rounds: Vec<Round>,
}
impl askama::filters::HtmlSafe for InvitationCard {}

struct Round {
    email: String,
    lines: Vec<Line>,
}

struct Line {
    tone: &'static str,
    what: &'static str,
    at: String,
    machine: String,
    detail: String,
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
}

fn look(p: &Practice, id: ClientId) -> Result<Seen> {
    let client = find(p, id)?;
    let mut alike = duplicates::of(p, &client.fields, Some(id))?;
    alike.retain(Duplicate::is_likely);
    let joined = queries::joined_group(p, id)?;
    let choices = choices_for(p, &client.fields)?;
    Ok(Seen { choices, client, history: invitations::history(p, id)?, alike, joined })
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
    let name = seen.client.name();
    let f = &seen.client.fields;
    let group = f.group.and_then(|id| seen.choices.groups.iter().find(|g| g.id == id));
    let provider =
        f.primary_provider.and_then(|id| seen.choices.providers.iter().find(|m| m.id == id)).map(|m| m.name.clone());
    let page = ShowPage {
        shell: ctx.shell(name.clone(), Section::Clients),
        initials: initials(&name),
        facts: facts(&seen, &zone),
        card: card(&seen.client, &seen.history, &zone, &ctx.app),
        fields,
        errors: summary(&edit.refused, words),
        question: edit.question.clone(),
        stale: edit.stale,
        editing: edit.editing,
        version: edit.version,
        group: group.map(|g| g.name.clone()).unwrap_or_default(),
        group_colour: group.map(|g| g.colour.clone()).unwrap_or_default(),
        provider: provider.unwrap_or_default(),
        age: seen.client.age_on(ctx.app.now().date_in(&zone)).map(|age| format!("{age} years")).unwrap_or_default(),
        alike: seen.alike,
        archived: seen.client.status == Standing::ARCHIVED,
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

fn card(client: &Client, history: &[(Invitation, Vec<Event>)], zone: &str, app: &App) -> InvitationCard {
    let now = app.now();
    let latest = history.iter().map(|(invitation, _)| invitation).find(|i| i.state != State::Undone);
    let has_email = client.fields.email.is_some();
    let is_current = |i: &&Invitation| client.fields.email.as_ref().is_some_and(|e| e.key == i.email.key);
    // What was accepted with another address says nothing of this one.
    let state = latest.map(|i| if i.state == State::Accepted && !is_current(&i) { State::Void } else { i.state });
    let (button, explains) = match (has_email, state) {
        _ if client.status == Standing::ARCHIVED => (String::new(), String::new()),
        (false, _) => (String::new(), String::new()),
        (true, None | Some(State::Void)) => ("Send invitation".into(), String::new()),
        (true, Some(State::Accepted)) => (
            "Send password reset link".into(),
            "They already have a password, so this sends a link to choose a new one.".to_string(),
        ),
        (true, Some(_)) => {
            ("Resend invitation".into(), "A new link replaces the older one once it is sent.".to_string())
        }
    };
    let queued = latest.filter(|i| i.state == State::Queued);
    InvitationCard {
        id: client.id.to_string(),
        has_email,
        status: latest
            .filter(|i| i.purpose == Purpose::SignUp)
            .and_then(|i| unconfirmed_status(i.state.as_str()))
            .unwrap_or_else(|| invitation_status(has_email, state.map(State::as_str))),
        button,
        explains,
        undo: queued.filter(|i| now < i.leaves_at).map(|i| i.id.to_string()),
        under_way: queued.is_some(),
        outbox: app.config.is_local() && latest.is_some_and(|i| i.state == State::Kept),
        rounds: history.iter().map(|(invitation, events)| round(invitation, events, zone)).collect(),
    }
}

fn round(invitation: &Invitation, events: &[Event], zone: &str) -> Round {
    let line = |e: &Event| {
        let (tone, what) = match e.kind.as_str() {
            "queued" => ("", "Queued"),
            "delayed" => ("warn", "Delayed"),
            "sent" => ("info", "Sent"),
            "kept" => ("warn", "Not delivered: kept in the local outbox"),
            "bounced" => ("bad", "Bounced"),
            "opened" => ("info", "Link opened"),
            "superseded" => ("", "Superseded"),
            "undone" => ("", "Undone"),
            "void" => ("", "Ended: the email was changed"),
            _ => ("good", "Accepted"),
        };
        let detail = match e.kind.as_str() {
            "opened" => "By the client, or by a mail program that checks links".to_string(),
            "delayed" => "The mail server did not take it yet; it is tried again by itself".to_string(),
            "superseded" => "A newer link was sent".to_string(),
            _ => e.detail.clone().unwrap_or_default(),
        };
        Line { tone, what, at: e.at.said_in(zone), machine: e.at.rfc3339(), detail }
    };
    Round { email: invitation.email.address.clone(), lines: events.iter().map(line).collect() }
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
                let now = find(p, id)?;
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
        Invited::ResetSent => "reset-sent".into(),
        Invited::NoEmail => "invite-no-email".into(),
        Invited::TooMany => "invite-too-many".into(),
        Invited::TooManyToAddress => "invite-too-many-address".into(),
        Invited::TooManyFromPractice => "invite-too-many-practice".into(),
    };
    let to = if from_list { "/clients".to_string() } else { format!("/clients/{id}") };
    let mut response = lead_to(&ctx, &to)?;
    Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
    Ok(response)
}

async fn put_away(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| archive::archive(p, id)).await?;
    said(&ctx, id, &format!("client-archived:{id}"))
}

async fn bring_back(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    ctx.door()?.write(move |p| archive::restore(p, id)).await?;
    said(&ctx, id, "client-restored")
}

fn said(ctx: &Ctx, id: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{id}"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

/// The invitation's card alone: the page asks for it again while a mail is under way. It keeps no session alive.
async fn invitation(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (client, history) = ctx.door()?.read(move |p| Ok((find(p, id)?, invitations::history(p, id)?))).await?;
    html(StatusCode::OK, &card(&client, &history, &zone, &ctx.app))
}
