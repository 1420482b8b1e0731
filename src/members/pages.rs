//! Settings > Members: everybody on the staff and everybody who was asked, and Invite member.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::form::{self, Fields, Typed, fields, offered, role_said, summary};
use super::invitations::{self, Invitation, Invited, Invitee, State};
use super::staff::{self, Row};
use crate::access::{RUNS_PRACTICE, Role};
use crate::audit::{Entry, note_read};
use crate::error::{FieldError, Result};
use crate::routes::Routes;
use crate::settings;
use crate::ui::{ErrorSummary, Field, Section, Shell, Status, Tab, Tone};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/settings/members", RUNS_PRACTICE, index).get("/settings/members/new", RUNS_PRACTICE, new).post(
        "/settings/members/invitations",
        RUNS_PRACTICE,
        invite,
    )
}

#[derive(Template)]
#[template(path = "members/index.html")]
struct IndexPage {
    shell: Shell,
    menu: Vec<Tab>,
    count: String,
    lines: Vec<Line>,
}

/// Somebody in the list: a member, or somebody who was asked.
struct Line {
    href: String,
    name: String,
    you: bool,
    email: String,
    role: &'static str,
    sees_clients: bool,
    /// Whether two-step sign-in is on; nothing for whoever has not joined.
    second_factor: Option<bool>,
    status: Status,
    when: String,
    /// Where Resend goes; empty where there is nothing to send.
    resend: String,
}

async fn index(ctx: Ctx) -> Result<Response> {
    let (members, waiting) = ctx.door()?.read(|p| Ok((staff::all(p)?, invitations::waiting(p)?))).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::new("members.read", "member", None)).await?;
    let own = ctx.member()?;
    let zone = &ctx.practice()?.time_zone;
    let (active, left): (Vec<_>, Vec<_>) = members.into_iter().partition(|row| row.disabled_at.is_none());
    let count = match (active.len(), waiting.len()) {
        (1, 0) => "1 member".to_string(),
        (n, 0) => format!("{n} members"),
        (1, asked) => format!("1 member, {asked} invited"),
        (n, asked) => format!("{n} members, {asked} invited"),
    };
    let mut lines: Vec<Line> = active.iter().map(|row| member_line(row, own.id, zone)).collect();
    lines.extend(waiting.iter().map(|invitation| invited_line(invitation, own.role, zone)));
    lines.extend(left.iter().map(|row| member_line(row, own.id, zone)));
    let menu = settings::menu(&ctx, "/settings/members")?;
    html(StatusCode::OK, &IndexPage { shell: ctx.shell("Members", Section::Settings), menu, count, lines })
}

fn member_line(row: &Row, own: crate::ids::MemberId, zone: &str) -> Line {
    Line {
        href: format!("/settings/members/{}", row.id),
        name: row.name(),
        you: row.id == own,
        email: row.email.clone(),
        role: role_said(row.role),
        sees_clients: row.sees_clients,
        second_factor: row.disabled_at.is_none().then_some(row.second_factor),
        status: member_status(row),
        when: row.disabled_at.map(|at| at.said_in(zone)).unwrap_or_default(),
        resend: String::new(),
    }
}

fn invited_line(invitation: &Invitation, own: Role, zone: &str) -> Line {
    let to = &invitation.invitee;
    let may = own == Role::Owner || to.role != Role::Owner;
    let left = invitation.state != State::Queued;
    Line {
        href: format!("/settings/members/invitations/{}", invitation.id),
        name: to.name(),
        you: false,
        email: to.email.address.clone(),
        role: role_said(to.role),
        sees_clients: to.sees_clients,
        second_factor: None,
        status: invitation_status(invitation),
        when: invitation.updated_at.said_in(zone),
        resend: if may && left {
            format!("/settings/members/invitations/{}/resend", invitation.id)
        } else {
            String::new()
        },
    }
}

pub fn member_status(row: &Row) -> Status {
    let (tone, text) = if row.disabled_at.is_some() { (Tone::Neutral, "Disabled") } else { (Tone::Good, "Active") };
    Status { tone, text: text.into(), hint: String::new() }
}

/// The state of an invitation as a badge.
pub fn invitation_status(invitation: &Invitation) -> Status {
    let (tone, text, hint) = match invitation.state {
        State::Queued => (Tone::Info, "Invitation queued", "Leaves the outbox in a moment"),
        State::Sent | State::Kept if invitation.opened => (Tone::Info, "Link opened", "Not accepted yet"),
        State::Sent => (Tone::Info, "Invited", "The mail was sent; not accepted yet"),
        State::Kept => (Tone::Warn, "Not delivered", "No mail server is set up: kept in the local outbox"),
        State::Bounced => (Tone::Bad, "Bounced", "The mail could not be delivered"),
        State::Accepted => (Tone::Good, "Accepted", "They are a member"),
        State::Superseded => (Tone::Neutral, "Replaced", "A newer invitation was sent"),
        State::Undone => (Tone::Neutral, "Undone", "No mail was sent"),
        State::Withdrawn => (Tone::Neutral, "Withdrawn", "The link does not work any more"),
    };
    Status { tone, text: text.into(), hint: hint.into() }
}

#[derive(Template)]
#[template(path = "members/new.html")]
struct NewPage {
    shell: Shell,
    menu: Vec<Tab>,
    form: NewForm,
}

#[derive(Template)]
#[template(path = "members/new_form.html")]
struct NewForm {
    errors: ErrorSummary,
    fields: Fields,
    email: Field,
}
impl askama::filters::HtmlSafe for NewForm {}

fn new_page(ctx: &Ctx, typed: &Typed, refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let error = refused.iter().find(|e| e.field == "email").map(|e| e.message.clone());
    let form = NewForm {
        errors: summary(refused, words),
        fields: fields(typed, refused, offered(ctx.member()?.role), words),
        email: Field::email("email", "Email")
            .value(&typed.email)
            .error(error)
            .hint("They sign in with it. Nothing is open to them until they accept.")
            .required()
            .private(),
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let menu = settings::menu(ctx, "/settings/members")?;
    html(status, &NewPage { shell: ctx.shell("Invite member", Section::Settings), menu, form })
}

async fn new(ctx: Ctx) -> Result<Response> {
    let typed = Typed { role: Role::Provider.as_str().into(), ..Typed::default() };
    new_page(&ctx, &typed, &[], StatusCode::OK)
}

/// What keeps somebody from being invited, beside the field it is about.
pub fn refused(invited: Invited) -> Option<FieldError> {
    let (field, text) = match invited {
        Invited::Queued(_) => return None,
        Invited::AlreadyMember => ("email", "This is a member's email already."),
        Invited::TooManyToAddress => {
            ("email", "Five invitations went to this address in the last 24 hours. Please wait until tomorrow.")
        }
        Invited::TooManyFromPractice => {
            ("email", "The practice cannot invite anybody else for now. Please wait until tomorrow.")
        }
        Invited::NotOpen => ("email", "This invitation is not open any more."),
    };
    Some(FieldError::new(field, text))
}

async fn invite(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    let (change, email) = match form::parse_with_email(&typed, ctx.words()) {
        Ok(parsed) => parsed,
        Err(refused) => return new_page(&ctx, &typed, &refused, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let invitee = Invitee {
        first_name: change.first_name,
        last_name: change.last_name,
        email,
        role: change.role,
        sees_clients: change.sees_clients,
    };
    let invited = ctx.door()?.write(move |p| invitations::invite(p, &invitee)).await?;
    if let Some(refused) = refused(invited) {
        return new_page(&ctx, &typed, &[refused], StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut response = lead_to(&ctx, "/settings/members")?;
    if let Invited::Queued(id) = invited {
        Cookie::Flash.set(&ctx.app, &mut response, &format!("member-invited:{id}"))?;
    }
    Ok(response)
}
