//! Letting contacts into the portal and out again from the side Family and contacts, and the custody note's form.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::custody::{self, Custody};
use super::find;
use super::pages::back;
use super::portal::{Wanted, end, invite, record_consent};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::{FieldError, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations::Invited;
use crate::people::NOTE_LIMIT;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Ctx, Form, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/contacts/{id}/portal", ANY_STAFF, open)
        .post("/contacts/{id}/portal/end", ANY_STAFF, close)
        .post("/contacts/{id}/consent", ANY_STAFF, consent)
        .get("/clients/{id}/custody", ANY_STAFF, note)
        .post("/clients/{id}/custody", ANY_STAFF, save_note)
}

fn said(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Invited(Invited::Queued(id)) => format!("invited:{id}"),
        Wanted::Invited(other) => other.word().into(),
        Wanted::Asked => "consent-asked".into(),
        Wanted::Refused(refused) => refused.word().into(),
    }
}

async fn open(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let (client, wanted) = ctx.door()?.write(move |p| Ok((find(p, id)?.client, invite(p, id)?))).await?;
    back(&ctx, client, &said(&wanted))
}

async fn consent(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let (client, wanted) = ctx.door()?.write(move |p| Ok((find(p, id)?.client, record_consent(p, id)?))).await?;
    back(&ctx, client, &said(&wanted))
}

async fn close(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| end(p, id)).await?;
    back(&ctx, client, "portal-ended")
}

#[derive(Template)]
#[template(path = "contacts/custody.html")]
struct CustodyForm {
    client: ClientId,
    errors: ErrorSummary,
    stale: bool,
    note: Field,
    version: i64,
}
impl askama::filters::HtmlSafe for CustodyForm {}

#[derive(Template)]
#[template(path = "contacts/custody_page.html")]
struct CustodyPage {
    shell: Shell,
    head: Head,
    form: CustodyForm,
}

struct Edit {
    client: ClientId,
    typed: String,
    version: i64,
    refused: Option<FieldError>,
    now: Option<Custody>,
}

async fn form_page(ctx: &Ctx, edit: Edit, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let error = edit.refused.as_ref().map(|refused| refused.message.clone());
    let theirs = edit.now.as_ref().map(|now| now.note.clone()).filter(|theirs| *theirs != edit.typed);
    let form = CustodyForm {
        client: edit.client,
        errors: ErrorSummary {
            items: error.iter().map(|text| ("custody-note".to_string(), text.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        stale: edit.now.is_some(),
        note: Field::textarea("note", "Custody note")
            .id_prefix("custody-")
            .value(edit.typed)
            .error(error)
            .now_saved(theirs)
            .rows(6)
            .dir_auto()
            .max_length(NOTE_LIMIT)
            .hint("Who decides, who collects the child, what a court ordered. Only your practice sees it.")
            .words(words),
        version: edit.version,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let (zone, id) = (ctx.practice()?.time_zone.clone(), edit.client);
    let head = ctx.door()?.read(move |p| clients::head(p, id, &zone, Side::Contacts)).await?;
    html(status, &CustodyPage { shell: ctx.shell("Custody note", Section::Clients), head, form })
}

async fn noted(ctx: &Ctx, client: ClientId) -> Result<()> {
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", client).detail("contacts")).await
}

async fn note(ctx: Ctx, Path(client): Path<ClientId>) -> Result<Response> {
    let now = ctx.door()?.read(move |p| custody::find(p, client)).await?;
    noted(&ctx, client).await?;
    let edit = Edit { client, typed: now.note, version: now.version, refused: None, now: None };
    form_page(&ctx, edit, StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CustodyTyped {
    note: String,
    version: i64,
}

async fn save_note(ctx: Ctx, Path(client): Path<ClientId>, Form(form): Form<CustodyTyped>) -> Result<Response> {
    let words = ctx.words();
    let typed = form.note.clone();
    let saved = ctx.door()?.write(move |p| custody::save(p, client, &typed, Some(form.version), words)).await?;
    let edit = Edit { client, typed: form.note, version: form.version, refused: None, now: None };
    match saved {
        custody::Saved::Done => back(&ctx, client, "saved"),
        custody::Saved::Refused(refused) => {
            form_page(&ctx, Edit { refused: Some(refused), ..edit }, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        custody::Saved::Stale(now) => {
            noted(&ctx, client).await?;
            // Saving again from here keeps what is in the form, now that both versions were seen.
            let edit = Edit { version: now.version, now: Some(now), ..edit };
            form_page(&ctx, edit, StatusCode::CONFLICT).await
        }
    }
}
