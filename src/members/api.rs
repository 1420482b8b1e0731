//! Members and invitations to the staff in the JSON API: the same verbs as the pages.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::form::{Typed, parse, parse_with_email};
use super::invitations::{self, Event, Invitation, Invited, Invitee, State};
use super::pages::refused;
use super::staff::{self, Changed, Row};
use crate::access::{ANY_STAFF, RUNS_PRACTICE};
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::ids::{MemberId, MemberInvitationId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::second_factor::resets::{self, Reset};
use crate::web::{Answer, Ctx, Json, Path, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/providers", ANY_STAFF, providers)
        .get("/api/v1/members", RUNS_PRACTICE, index)
        .post("/api/v1/members", RUNS_PRACTICE, invite)
        .patch("/api/v1/members/{id}", RUNS_PRACTICE, update)
        .post("/api/v1/members/{id}/disable", RUNS_PRACTICE, disable)
        .post("/api/v1/members/{id}/enable", RUNS_PRACTICE, enable)
        .get("/api/v1/members/invitations", RUNS_PRACTICE, waiting)
        .post("/api/v1/members/invitations/{id}/resend", RUNS_PRACTICE, resend)
        .delete("/api/v1/members/invitations/{id}", RUNS_PRACTICE, withdraw)
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Serialize)]
struct ProviderBody {
    id: String,
    name: String,
}

async fn providers(ctx: Ctx) -> Result<Answer> {
    let all = ctx.door()?.read(super::providers).await?;
    let items = all.into_iter().map(|one| ProviderBody { id: one.id.to_string(), name: one.name }).collect();
    Answer::new(StatusCode::OK, &Items { items })
}

#[derive(Serialize)]
struct MemberBody {
    id: String,
    first_name: String,
    last_name: String,
    email: String,
    role: &'static str,
    sees_clients: bool,
    status: &'static str,
    created_at: String,
    disabled_at: Option<String>,
    version: i64,
    /// "on" or "off", and no more than that.
    second_factor: &'static str,
    /// A reset that is under way.
    second_factor_reset: Option<ResetBody>,
}

#[derive(Serialize)]
struct ResetBody {
    state: &'static str,
    asked_at: String,
    /// When the member is sent the link.
    waiting_until: String,
}

impl ResetBody {
    fn new(reset: &Reset) -> ResetBody {
        ResetBody {
            state: reset.state.as_str(),
            asked_at: reset.created_at.rfc3339(),
            waiting_until: reset.ripe_at.rfc3339(),
        }
    }
}

impl MemberBody {
    fn new(row: &Row, reset: Option<&Reset>) -> MemberBody {
        MemberBody {
            id: row.id.to_string(),
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            email: row.email.clone(),
            role: row.role.as_str(),
            sees_clients: row.sees_clients,
            status: if row.disabled_at.is_some() { "disabled" } else { "active" },
            created_at: row.created_at.rfc3339(),
            disabled_at: row.disabled_at.map(crate::clock::Instant::rfc3339),
            version: row.version,
            second_factor: if row.second_factor { "on" } else { "off" },
            second_factor_reset: reset.map(ResetBody::new),
        }
    }
}

/// A member as they stand.
pub fn member(p: &Practice, id: MemberId, status: StatusCode) -> Result<Answer> {
    let reset = resets::open_of(p, id)?;
    Answer::new(status, &MemberBody::new(&staff::find(p, id)?, reset.as_ref()))
}

async fn index(ctx: Ctx) -> Result<Answer> {
    let (all, resets) = ctx.door()?.read(|p| Ok((staff::all(p)?, resets::all_open(p)?))).await?;
    let body = |row: &Row| MemberBody::new(row, resets.iter().find(|reset| reset.member == row.id));
    note_read(&ctx.app, ctx.actor()?, Entry::new("members.read", "member", None)).await?;
    Answer::new(StatusCode::OK, &Items { items: all.iter().map(body).collect() })
}

/// The body of an invitation, and of a change; what a change leaves out stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    role: Option<String>,
    sees_clients: Option<bool>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

impl Body {
    fn over(&self, stands: Typed) -> Typed {
        let given = |value: &Option<String>, stands: String| value.clone().unwrap_or(stands);
        let sees = self.sees_clients.map_or(stands.sees_clients, |sees| sees.then(|| "true".to_string()));
        Typed {
            first_name: given(&self.first_name, stands.first_name),
            last_name: given(&self.last_name, stands.last_name),
            email: given(&self.email, stands.email),
            role: given(&self.role, stands.role),
            sees_clients: sees,
            version: String::new(),
        }
    }
}

#[derive(Serialize)]
struct InvitationBody {
    id: String,
    first_name: String,
    last_name: String,
    email: String,
    role: &'static str,
    sees_clients: bool,
    state: State,
    opened: bool,
    created_at: String,
    leaves_at: String,
    updated_at: String,
    events: Vec<EventBody>,
}

#[derive(Serialize)]
struct EventBody {
    at: String,
    kind: String,
    detail: Option<String>,
}

impl InvitationBody {
    fn new(invitation: &Invitation, events: &[Event]) -> InvitationBody {
        let event = |e: &Event| EventBody { at: e.at.rfc3339(), kind: e.kind.clone(), detail: e.detail.clone() };
        let to = &invitation.invitee;
        InvitationBody {
            id: invitation.id.to_string(),
            first_name: to.first_name.clone(),
            last_name: to.last_name.clone(),
            email: to.email.address.clone(),
            role: to.role.as_str(),
            sees_clients: to.sees_clients,
            state: invitation.state,
            opened: invitation.opened,
            created_at: invitation.created_at.rfc3339(),
            leaves_at: invitation.leaves_at.rfc3339(),
            updated_at: invitation.updated_at.rfc3339(),
            events: events.iter().map(event).collect(),
        }
    }
}

fn invitation(p: &Practice, id: MemberInvitationId, status: StatusCode) -> Result<Answer> {
    let invitation = invitations::find(p, id)?;
    let events = invitations::events(p, id)?;
    Answer::new(status, &InvitationBody::new(&invitation, &events))
}

/// 201 with the queued invitation, or why there is none.
fn invited(p: &Practice, invited: Invited) -> Result<Answer> {
    match invited {
        Invited::Queued(id) => invitation(p, id, StatusCode::CREATED),
        Invited::TooManyToAddress | Invited::TooManyFromPractice => Err(Error::TooMany { retry_after: 3600 }),
        Invited::NotOpen => Err(Error::Conflict("The invitation is not open any more, or has not left yet.".into())),
        other => Err(Error::Invalid(refused(other).into_iter().collect())),
    }
}

async fn invite(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let typed = body.value.over(Typed::default());
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                let (change, email) = parse_with_email(&typed, words).map_err(Error::Invalid)?;
                let invitee = Invitee {
                    first_name: change.first_name,
                    last_name: change.last_name,
                    email,
                    role: change.role,
                    sees_clients: change.sees_clients,
                };
                invited(p, invitations::invite(p, &invitee)?)
            })
        })
        .await
}

async fn update(ctx: Ctx, Path(id): Path<MemberId>, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            // Found first: to whoever may not touch it, a bad body looks like a good one.
            let now = staff::find(p, id)?;
            staff::must_touch(p, &[now.role])?;
            once(p, key.as_deref(), &body.hash, || {
                let typed = body.value.over(Typed {
                    first_name: now.first_name.clone(),
                    last_name: now.last_name.clone(),
                    email: String::new(),
                    role: now.role.as_str().into(),
                    sees_clients: now.sees_clients.then(|| "true".to_string()),
                    version: String::new(),
                });
                let change = parse(&typed, words).map_err(Error::Invalid)?;
                match staff::change(p, id, &change, body.value.version)? {
                    Changed::Saved => member(p, id, StatusCode::OK),
                    Changed::Refused(why) => Err(Error::Invalid(vec![FieldError::new("role", why.said())])),
                    Changed::Stale(now) => Err(Error::Conflict(format!(
                        "The member was changed in between; they are at version {}.",
                        now.version
                    ))),
                }
            })
        })
        .await
}

async fn disable(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| match staff::disable(p, id)? {
            Ok(()) => member(p, id, StatusCode::OK),
            Err(refusal) => Err(Error::Conflict(refusal.said().into())),
        })
        .await
}

async fn enable(ctx: Ctx, Path(id): Path<MemberId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            staff::enable(p, id)?;
            member(p, id, StatusCode::OK)
        })
        .await
}

async fn waiting(ctx: Ctx) -> Result<Answer> {
    let all = ctx
        .door()?
        .read(|p| {
            let all = invitations::waiting(p)?.into_iter();
            all.map(|one| Ok(InvitationBody::new(&one, &invitations::events(p, one.id)?))).collect::<Result<Vec<_>>>()
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::new("members.read", "member", None)).await?;
    Answer::new(StatusCode::OK, &Items { items: all })
}

async fn resend(ctx: Ctx, Path(id): Path<MemberInvitationId>, headers: HeaderMap) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    ctx.door()?
        .write(move |p| once(p, key.as_deref(), id.0.as_bytes(), || invited(p, invitations::resend(p, id)?)))
        .await
}

async fn withdraw(ctx: Ctx, Path(id): Path<MemberInvitationId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            if !invitations::withdraw(p, id)? {
                return Err(Error::Conflict("The invitation is not open any more.".into()));
            }
            invitation(p, id, StatusCode::OK)
        })
        .await
}
