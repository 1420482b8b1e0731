//! Clients in the JSON API: the same verbs as the pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::api_body::{Body, InvitationBody, Item, Items, Record};
use super::duplicates;
use super::list::{self, API_LIMIT, Cursor, ListQuery, Wanted};
use super::{Inviting, Saved, Source, Typed};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, InvitationId};
use crate::invitations::{self, Invited};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Path, Query, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/clients", ANY_STAFF, index)
        .post("/api/v1/clients", ANY_STAFF, create)
        .get("/api/v1/clients/{id}", ANY_STAFF, show)
        .patch("/api/v1/clients/{id}", ANY_STAFF, update)
        .get("/api/v1/clients/{id}/invitations", ANY_STAFF, invitations_of)
        .post("/api/v1/clients/{id}/invitations", ANY_STAFF, invite)
        .post("/api/v1/clients/{id}/archive", ANY_STAFF, archive)
        .post("/api/v1/clients/{id}/restore", ANY_STAFF, restore)
        .post("/api/v1/invitations/{id}/undo", ANY_STAFF, undo)
}

/// `ListQuery` and the limit, side by side: flattened, a number would not be read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    search: String,
    status: String,
    group_id: String,
    provider_id: String,
    invitation: String,
    sort: String,
    cursor: String,
    limit: Option<i64>,
}

async fn index(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Answer> {
    let Asked { search, status, group_id, provider_id, invitation, sort, cursor, limit } = asked;
    let query = ListQuery { search, status, group_id, provider_id, invitation, sort, cursor };
    let (wanted, mut wrong) = Wanted::parse(&query);
    let limit = limit.unwrap_or(list::PAGE);
    if !(1..=API_LIMIT).contains(&limit) {
        wrong.push(FieldError::new("limit", "From 1 to 200."));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let sort = wanted.sort;
    let after = if query.cursor.is_empty() { sort.start() } else { Cursor::parse(&query.cursor, sort)? };
    let rows = ctx.door()?.read(move |p| list::page(p, &wanted, &after, limit)).await?;
    let entry = Entry::new("client.listed", "client", None).detail(rows.rows.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let body = Items { items: rows.rows.iter().map(Item::new).collect(), next_cursor: rows.next.map(|c| c.text()) };
    Answer::new(StatusCode::OK, &body)
}

fn record(p: &Practice, id: ClientId, status: StatusCode) -> Result<Answer> {
    let client = super::find(p, id)?;
    let invitation = invitations::latest(p, id)?;
    Answer::new(status, &Record::new(&client, invitation.as_ref()))
}

async fn create(ctx: Ctx, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let inviting = if body.value.send_invitation.unwrap_or(true) { Inviting::Now } else { Inviting::Later };
    let refuse = match body.value.on_duplicate.as_deref() {
        None | Some("add") => false,
        Some("refuse") => true,
        Some(_) => return Err(Error::Invalid(vec![FieldError::new("on_duplicate", "Use add or refuse.")])),
    };
    let mut typed = Typed::default();
    let member = ctx.member()?;
    if member.sees_clients && !body.value.names_primary_provider() {
        typed.primary_provider_id = member.id.to_string();
    }
    let typed = body.value.over(typed);
    let shown = Arc::new(AtomicUsize::new(0));
    let named = Arc::clone(&shown);
    let answer = ctx
        .door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                let fields = super::parse(p, &typed, words)?.map_err(Error::Invalid)?;
                let found = duplicates::of(p, &fields, None)?;
                named.store(found.len(), Ordering::Relaxed);
                if refuse && !found.is_empty() {
                    let ids: Vec<_> = found.iter().map(|one| one.id.to_string()).collect();
                    return Err(Error::Conflict(format!("Perhaps the same person: {}", ids.join(", "))));
                }
                let added = super::add(p, &fields, inviting, Source::Api)?;
                let client = super::find(p, added.id)?;
                let record = Record::new(&client, invitations::latest(p, added.id)?.as_ref());
                Answer::new(StatusCode::CREATED, &record.with_duplicates(&found))
            })
        })
        .await;
    // Noted of a refusal too: it names them, and writes nothing by itself.
    let shown = shown.load(Ordering::Relaxed);
    if shown > 0 {
        let entry = Entry::new("client.duplicates_shown", "client", None).detail(shown.to_string());
        note_read(&ctx.app, ctx.actor()?, entry).await?;
    }
    answer
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let answer = ctx.door()?.read(move |p| super::open(p, id).and_then(|_| record(p, id, StatusCode::OK))).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    Ok(answer)
}

async fn update(ctx: Ctx, Path(id): Path<ClientId>, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    let answer = ctx
        .door()?
        .write(move |p| {
            // Found first: to whoever may not see it, a bad body looks like a good one.
            let current = super::open(p, id)?;
            once(p, key.as_deref(), &body.hash, || {
                let typed = body.value.over(current.fields.typed());
                let fields = super::parse_change(p, &typed, words, &current.fields)?.map_err(Error::Invalid)?;
                match super::change(p, id, &fields, body.value.version)? {
                    Saved::Saved { .. } => record(p, id, StatusCode::OK),
                    Saved::Stale(now) => Err(Error::Conflict(format!(
                        "The record was changed in between; it is at version {}.",
                        now.version
                    ))),
                    Saved::EmailNeeded => Err(Error::Invalid(vec![FieldError::new("email", words.t("email-needed"))])),
                }
            })
        })
        .await?;
    // The answer shows the whole record, whatever was changed.
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    Ok(answer)
}

async fn archive(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let answer = ctx
        .door()?
        .write(move |p| {
            super::open(p, id)?;
            super::archive(p, id)?;
            record(p, id, StatusCode::OK)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    Ok(answer)
}

async fn restore(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let answer = ctx
        .door()?
        .write(move |p| {
            super::open(p, id)?;
            super::restore(p, id)?;
            record(p, id, StatusCode::OK)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    Ok(answer)
}

async fn invitations_of(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let history = ctx
        .door()?
        .read(move |p| {
            super::open(p, id)?;
            invitations::history(p, id)
        })
        .await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("invitations")).await?;
    let items = history.iter().map(|(invitation, events)| InvitationBody::new(invitation, events)).collect();
    Answer::new(StatusCode::OK, &Items { items, next_cursor: None })
}

#[derive(serde::Serialize)]
struct InvitedBody {
    /// `queued`: an invitation; `reset_sent`: the client has a password, and got a link to choose a new one.
    outcome: &'static str,
    invitation: Option<InvitationBody>,
}

async fn invite(ctx: Ctx, Path(id): Path<ClientId>, headers: HeaderMap) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            super::find(p, id)?;
            once(p, key.as_deref(), id.0.as_bytes(), || match super::invite(p, id)? {
                Invited::Queued(invitation) => {
                    let invitation = invitations::by_id(p, invitation)?;
                    let invitation = invitation.map(|i| InvitationBody::new(&i, &[]));
                    Answer::new(StatusCode::CREATED, &InvitedBody { outcome: "queued", invitation })
                }
                Invited::ResetSent => {
                    Answer::new(StatusCode::OK, &InvitedBody { outcome: "reset_sent", invitation: None })
                }
                Invited::NoEmail => Err(Error::Invalid(vec![FieldError::new("email", words.t("invite-no-email"))])),
                Invited::TooMany | Invited::TooManyToAddress | Invited::TooManyFromPractice => {
                    Err(Error::TooMany { retry_after: 3600 })
                }
            })
        })
        .await
}

async fn undo(ctx: Ctx, Path(id): Path<InvitationId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let invitation = invitations::by_id(p, id)?.ok_or(Error::NotFound)?;
            super::find(p, invitation.client)?;
            if !invitations::undo(p, id)? {
                return Err(Error::Conflict("The invitation has left already.".into()));
            }
            let invitation = invitations::by_id(p, id)?.ok_or(Error::NotFound)?;
            Answer::new(StatusCode::OK, &InvitationBody::new(&invitation, &[]))
        })
        .await
}
