//! One invitation to the staff: its history, Resend, Withdraw, and Undo while it waits in the outbox.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::form::role_said;
use super::invitations::{self, Event, Invitation, Invited, State};
use super::pages::invitation_status;
use super::staff;
use crate::access::RUNS_PRACTICE;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::MemberInvitationId;
use crate::routes::Routes;
use crate::settings;
use crate::ui::{Section, Shell, Status, Tab};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings/members/invitations/{id}", RUNS_PRACTICE, show)
        .post("/settings/members/invitations/{id}/resend", RUNS_PRACTICE, resend)
        .post("/settings/members/invitations/{id}/withdraw", RUNS_PRACTICE, withdraw)
        .post("/settings/members/invitations/{id}/undo", RUNS_PRACTICE, undo)
}

#[derive(Template)]
#[template(path = "members/invited.html")]
struct InvitedPage {
    shell: Shell,
    menu: Vec<Tab>,
    id: MemberInvitationId,
    invitation: Invitation,
    role: &'static str,
    status: Status,
    may: bool,
    can_undo: bool,
    can_resend: bool,
    can_withdraw: bool,
    rounds: Vec<Round>,
}

struct Round {
    lines: Vec<Line>,
}

struct Line {
    tone: &'static str,
    what: &'static str,
    at: String,
    machine: String,
    detail: String,
}

async fn show(ctx: Ctx, Path(id): Path<MemberInvitationId>) -> Result<Response> {
    let (invitation, history, may) = ctx
        .door()?
        .read(move |p| {
            let invitation = invitations::find(p, id)?;
            let history = invitations::history(p, &invitation.invitee.email)?;
            let may = staff::may_touch(p, &[invitation.invitee.role])?;
            Ok((invitation, history, may))
        })
        .await?;
    let zone = &ctx.practice()?.time_zone;
    let page = InvitedPage {
        shell: ctx.shell(invitation.invitee.name(), Section::Settings),
        menu: settings::menu(&ctx, "/settings/members")?,
        id,
        role: role_said(invitation.invitee.role),
        status: invitation_status(&invitation),
        may,
        can_undo: invitation.state == State::Queued && ctx.app.now() < invitation.leaves_at,
        can_resend: matches!(invitation.state, State::Sent | State::Kept | State::Bounced),
        can_withdraw: invitation.state.is_open(),
        rounds: history.iter().map(|(_, events)| round(events, zone)).collect(),
        invitation,
    };
    html(StatusCode::OK, &page)
}

fn round(events: &[Event], zone: &str) -> Round {
    Round { lines: events.iter().map(|event| line(event, event.at, zone)).collect() }
}

fn line(event: &Event, at: Instant, zone: &str) -> Line {
    let (tone, what, said) = match event.kind.as_str() {
        "queued" => ("", "Queued", ""),
        "delayed" => ("warn", "Delayed", "The mail server did not take it yet; it is tried again by itself"),
        "sent" => ("info", "Sent", ""),
        "kept" => ("warn", "Not delivered: kept in the local outbox", ""),
        "bounced" => ("bad", "Bounced", ""),
        "opened" => ("info", "Link opened", "By them, or by a mail program that checks links"),
        "superseded" => ("", "Replaced", "A newer link was sent, or another one was accepted"),
        "undone" => ("", "Undone", ""),
        "withdrawn" => ("", "Withdrawn", ""),
        _ => ("good", "Accepted", ""),
    };
    let detail = if said.is_empty() { event.detail.clone().unwrap_or_default() } else { said.to_string() };
    Line { tone, what, at: at.said_in(zone), machine: at.rfc3339(), detail }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From_ {
    from: String,
}

async fn resend(ctx: Ctx, Path(id): Path<MemberInvitationId>, Form(typed): Form<From_>) -> Result<Response> {
    let invited = ctx.door()?.write(move |p| invitations::resend(p, id)).await?;
    let (flash, to) = match invited {
        Invited::Queued(newer) => (format!("member-invited:{newer}"), newer),
        Invited::TooManyToAddress | Invited::TooManyFromPractice => ("invite-too-many".into(), id),
        Invited::AlreadyMember | Invited::NotOpen => ("not-open".into(), id),
    };
    let to = match typed.from.as_str() {
        "list" => "/settings/members".to_string(),
        _ => format!("/settings/members/invitations/{to}"),
    };
    back(&ctx, &to, &flash)
}

async fn withdraw(ctx: Ctx, Path(id): Path<MemberInvitationId>) -> Result<Response> {
    let withdrawn = ctx.door()?.write(move |p| invitations::withdraw(p, id)).await?;
    back(&ctx, "/settings/members", if withdrawn { "member-withdrawn" } else { "not-open" })
}

async fn undo(ctx: Ctx, Path(id): Path<MemberInvitationId>) -> Result<Response> {
    let undone = ctx.door()?.write(move |p| invitations::undo(p, id)).await?;
    back(&ctx, "/settings/members", if undone { "undone" } else { "too-late" })
}

fn back(ctx: &Ctx, to: &str, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, to)?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
