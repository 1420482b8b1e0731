//! One member: name, role, whether they see clients, and Disable with what follows from it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::form::{self, Fields, Typed, fields, offered, role_said, summary};
use super::pages::member_status;
use super::staff::{self, Changed, Consequences, Refusal, Row};
use crate::access::{RUNS_PRACTICE, Role};
use crate::audit::{Entry, note_read};
use crate::error::{FieldError, Result};
use crate::ids::MemberId;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::second_factor::resets::{self, Reset, State};
use crate::settings;
use crate::ui::{ErrorSummary, Section, Shell, Status, Tab};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings/members/{id}", RUNS_PRACTICE, show)
        .post("/settings/members/{id}", RUNS_PRACTICE, save)
        .post("/settings/members/{id}/disable", RUNS_PRACTICE, disable)
        .post("/settings/members/{id}/enable", RUNS_PRACTICE, enable)
}

#[derive(Template)]
#[template(path = "members/member.html")]
struct MemberPage {
    shell: Shell,
    menu: Vec<Tab>,
    row: Row,
    role: &'static str,
    status: Status,
    added: String,
    may: bool,
    is_self: bool,
    fields: Fields,
    errors: ErrorSummary,
    /// What stands now, where somebody else saved in between.
    stale: Option<String>,
    version: i64,
    clients: String,
    tokens: String,
    invitations: String,
    refusal: &'static str,
    /// An owner looks at somebody else who has two-step sign-in on.
    may_reset: bool,
    /// The reset that is under way, in words.
    reset: Option<String>,
    reset_refusal: &'static str,
}

struct Seen {
    row: Row,
    reset: Option<Reset>,
    may: bool,
    consequences: Consequences,
}

fn look(p: &Practice, id: MemberId) -> Result<Seen> {
    let row = staff::find(p, id)?;
    let may = staff::may_touch(p, &[row.role])?;
    let reset = resets::open_of(p, id)?.filter(|_| row.second_factor);
    Ok(Seen { may, reset, consequences: staff::consequences(p, id)?, row })
}

#[derive(Default)]
struct Edit {
    typed: Option<Typed>,
    refused: Vec<FieldError>,
    stale: Option<String>,
    refusal: Option<Refusal>,
    reset_refusal: &'static str,
}

fn typed_of(row: &Row) -> Typed {
    Typed {
        first_name: row.first_name.clone(),
        last_name: row.last_name.clone(),
        email: row.email.clone(),
        role: row.role.as_str().into(),
        sees_clients: row.sees_clients.then(|| "true".to_string()),
        version: row.version.to_string(),
    }
}

fn page(ctx: &Ctx, seen: Seen, edit: Edit, status: StatusCode) -> Result<Response> {
    let own = ctx.member()?;
    let is_self = seen.row.id == own.id;
    let zone = ctx.practice()?.time_zone.as_str();
    let typed = edit.typed.unwrap_or_else(|| typed_of(&seen.row));
    // Nobody changes their own role: there is only one to choose.
    let only = [seen.row.role];
    let choices: &[Role] = if is_self { &only } else { offered(own.role) };
    let version = match &edit.stale {
        // Saving again from here keeps what is in the form, now that both were seen.
        Some(_) => seen.row.version,
        None => typed.version.parse().unwrap_or(seen.row.version),
    };
    let page = MemberPage {
        shell: ctx.shell(seen.row.name(), Section::Settings),
        menu: settings::menu(ctx, "/settings/members")?,
        role: role_said(seen.row.role),
        status: member_status(&seen.row),
        added: seen.row.created_at.said_in(zone),
        may: seen.may,
        is_self,
        fields: fields(&typed, &edit.refused, choices, ctx.words()),
        errors: summary(&edit.refused, ctx.words()),
        stale: edit.stale,
        version,
        clients: clients_said(seen.consequences.clients),
        tokens: tokens_said(seen.consequences.tokens),
        invitations: invitations_said(seen.consequences.invitations),
        refusal: edit.refusal.map(Refusal::said).unwrap_or_default(),
        may_reset: own.role == Role::Owner && !is_self && seen.row.disabled_at.is_none(),
        reset: seen.reset.as_ref().map(|reset| reset_said(reset, zone)),
        reset_refusal: edit.reset_refusal,
        row: seen.row,
    };
    html(status, &page)
}

/// Empty where nobody has them as provider.
fn clients_said(count: i64) -> String {
    match count {
        0 => String::new(),
        1 => "1 client".into(),
        n => format!("{n} clients"),
    }
}

fn tokens_said(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 API token is".into(),
        n => format!("{n} API tokens are"),
    }
}

fn invitations_said(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 open invitation to the staff is".into(),
        n => format!("{n} open invitations to the staff are"),
    }
}

/// How a reset stands.
fn reset_said(reset: &Reset, zone: &str) -> String {
    let ripe = reset.ripe_at.said_in(zone);
    match reset.state {
        State::Waiting => format!("Waiting until {ripe}. Then they get a link by mail."),
        State::Sent => format!("The link was sent on {ripe}. It waits for them to open it."),
    }
}

/// The page again, with why their second factor is not reset.
pub async fn refused_page(ctx: &Ctx, id: MemberId, refusal: &'static str) -> Result<Response> {
    let seen = ctx.door()?.read(move |p| look(p, id)).await?;
    page(ctx, seen, Edit { reset_refusal: refusal, ..Edit::default() }, StatusCode::CONFLICT)
}

async fn show(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Response> {
    let seen = ctx.door()?.read(move |p| look(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::new("members.read", "member", Some(id.0))).await?;
    page(&ctx, seen, Edit::default(), StatusCode::OK)
}

async fn save(ctx: Ctx, Path(id): Path<MemberId>, Form(typed): Form<Typed>) -> Result<Response> {
    let parsed = form::parse(&typed, ctx.words());
    let version: i64 = typed.version.parse().unwrap_or(0);
    let (seen, changed) = ctx
        .door()?
        .write(move |p| {
            let seen = look(p, id)?;
            staff::must_touch(p, &[seen.row.role])?;
            let changed = match &parsed {
                Err(refused) => Err(refused.clone()),
                Ok(change) => Ok(staff::change(p, id, change, Some(version))?),
            };
            Ok((seen, changed))
        })
        .await?;
    let edit = |refused: Vec<FieldError>, stale: Option<String>| Edit {
        typed: Some(typed.clone()),
        refused,
        stale,
        ..Edit::default()
    };
    match changed {
        Err(refused) => page(&ctx, seen, edit(refused, None), StatusCode::UNPROCESSABLE_ENTITY),
        Ok(Changed::Refused(why)) => {
            let refused = vec![FieldError::new("role", why.said())];
            page(&ctx, seen, edit(refused, None), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Ok(Changed::Stale(now)) => {
            let sees = if now.sees_clients { "sees clients" } else { "sees no clients" };
            let stands = format!("{}, {}, {sees}", now.name(), role_said(now.role));
            page(&ctx, seen, edit(Vec::new(), Some(stands)), StatusCode::CONFLICT)
        }
        Ok(Changed::Saved) => {
            let mut response = lead_to(&ctx, "/settings/members")?;
            Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
            Ok(response)
        }
    }
}

async fn disable(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Response> {
    let outcome = ctx
        .door()?
        .write(move |p| match staff::disable(p, id)? {
            Ok(()) => Ok(Ok(())),
            Err(refusal) => Ok(Err((look(p, id)?, refusal))),
        })
        .await?;
    match outcome {
        Ok(()) => {
            let mut response = lead_to(&ctx, "/settings/members")?;
            Cookie::Flash.set(&ctx.app, &mut response, &format!("member-disabled:{id}"))?;
            Ok(response)
        }
        Err((seen, refusal)) => {
            let edit = Edit { refusal: Some(refusal), ..Edit::default() };
            page(&ctx, seen, edit, StatusCode::CONFLICT)
        }
    }
}

async fn enable(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Response> {
    ctx.door()?.write(move |p| staff::enable(p, id)).await?;
    let mut response = lead_to(&ctx, "/settings/members")?;
    Cookie::Flash.set(&ctx.app, &mut response, "member-enabled")?;
    Ok(response)
}
