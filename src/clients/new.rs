//! Add Client, in its dialog and as a page of its own, and the help about auto-fill.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::duplicates::{self, Duplicate};
use super::form::{Choices, FieldSet, all_given, choices, field_set, given, summary, typed_from};
use super::{Inviting, Source, Typed, add, parse};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::invitations::Invited;
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::secrets;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, html, lead_to, was_done};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/new", ANY_STAFF, new).post("/clients", ANY_STAFF, create).get(
        "/help/autofill",
        ANY_STAFF,
        autofill_help,
    )
}

#[derive(Template)]
#[template(path = "clients/new.html")]
struct NewPage {
    shell: Shell,
    form: NewForm,
}

#[derive(Template)]
#[template(path = "clients/new_form.html")]
struct NewForm {
    errors: ErrorSummary,
    /// A question before saving: the signed-in member's own e-mail came along.
    question: String,
    key: String,
    /// Somebody went back to it: what stands in it was typed.
    came_back: bool,
    fields: FieldSet,
    send_invitation: Field,
}
impl askama::filters::HtmlSafe for NewForm {}

/// Asked instead of adding: is it one of these? What was typed waits in hidden fields.
#[derive(Template)]
#[template(path = "clients/duplicates.html")]
struct DuplicatesForm {
    name: String,
    found: Vec<Duplicate>,
    /// What was typed, and which records were shown.
    kept: Vec<(String, String)>,
}
impl askama::filters::HtmlSafe for DuplicatesForm {}

#[derive(Template)]
#[template(path = "clients/duplicates_page.html")]
struct DuplicatesPage {
    shell: Shell,
    form: DuplicatesForm,
}

struct NewState {
    typed: Typed,
    refused: Vec<FieldError>,
    question: String,
    inviting: Inviting,
    key: String,
    came_back: bool,
}

fn new_page(ctx: &Ctx, choices: &Choices, state: &NewState, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let form = NewForm {
        errors: summary(&state.refused, words),
        question: state.question.clone(),
        key: state.key.clone(),
        came_back: state.came_back,
        fields: field_set(&state.typed, &state.refused, None, choices, words),
        send_invitation: Field::checkbox("send_invitation", "Send invitation email")
            .checked(state.inviting == Inviting::Now)
            .hint("Switch off to add the client without any mail. You can invite them later."),
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    html(status, &NewPage { shell: ctx.shell("Add Client", Section::Clients), form })
}

async fn new(ctx: Ctx) -> Result<Response> {
    let choices = ctx.door()?.read(choices).await?;
    let member = ctx.member()?;
    let mut typed = Typed::default();
    if member.sees_clients {
        typed.primary_provider_id = member.id.to_string();
    }
    let state = NewState {
        typed,
        refused: Vec::new(),
        question: String::new(),
        inviting: Inviting::Now,
        key: ctx.app.ids.new_id().to_string(),
        came_back: false,
    };
    new_page(&ctx, &choices, &state, StatusCode::OK)
}

enum Outcome {
    Added(super::Added),
    Refused(Vec<FieldError>, Choices),
    Questioned(Vec<Duplicate>),
}

/// Fields of the form that are not the record's: what to do about duplicates.
const STEP: &str = "step";
const MEANT: &str = "not_the_same_as";

async fn create(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let words = ctx.words();
    let typed = typed_from(&pairs);
    let inviting = if given(&pairs, "send_invitation").is_some() { Inviting::Now } else { Inviting::Later };
    if given(&pairs, STEP) == Some("back") {
        let choices = ctx.door()?.read(choices).await?;
        let key = given(&pairs, "key").unwrap_or_default().to_string();
        let state = NewState { typed, refused: Vec::new(), question: String::new(), inviting, key, came_back: true };
        return new_page(&ctx, &choices, &state, StatusCode::OK);
    }
    // The page was made with an id: pressing twice, or sending again after a lost answer, adds one client.
    // Another person typed into the same page is another client.
    let said = serde_urlencoded::to_string(&pairs).unwrap_or_default();
    let said: String = secrets::token_hash(&said).iter().map(|b| format!("{b:02x}")).collect();
    let page_key = given(&pairs, "key").filter(|key| key.parse::<uuid::Uuid>().is_ok()).unwrap_or_default().to_string();
    let key = if page_key.is_empty() { String::new() } else { format!("page:{page_key}:{said}") };
    let mut state = NewState {
        typed: typed.clone(),
        refused: Vec::new(),
        question: String::new(),
        inviting,
        key: page_key,
        came_back: false,
    };
    if is_own_email(&ctx, &typed.email) && given(&pairs, "own_email_is_meant").is_none() {
        let choices = ctx.door()?.read(choices).await?;
        state.question = words.t("own-email-question");
        return new_page(&ctx, &choices, &state, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let name = format!("{} {}", typed.first_name.trim(), typed.last_name.trim());
    let meant: Vec<String> = all_given(&pairs, MEANT).map(str::to_string).collect();
    let outcome = ctx
        .door()?
        .write(move |p| match parse(p, &typed, words)? {
            Err(refused) => Ok(Outcome::Refused(refused, choices(p)?)),
            Ok(fields) => {
                let was_asked = |one: &Duplicate| meant.contains(&one.id.to_string());
                let found = duplicates::of(p, &fields, None)?;
                // A page sent twice finds the client it has added.
                if found.iter().all(was_asked) || was_done(p, &key)? {
                    return add_once(p, &key, &fields, inviting).map(Outcome::Added);
                }
                Ok(Outcome::Questioned(found))
            }
        })
        .await?;
    match outcome {
        Outcome::Refused(refused, choices) => {
            state.refused = refused;
            new_page(&ctx, &choices, &state, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Outcome::Questioned(found) => {
            let entry = Entry::new("client.duplicates_shown", "client", None).detail(found.len().to_string());
            note_read(&ctx.app, ctx.actor()?, entry).await?;
            questioned(&ctx, name, found, pairs)
        }
        Outcome::Added(added) => {
            let mut response = lead_to(&ctx, &format!("/clients/{}", added.id))?;
            let flash = match &added.invited {
                Some(Invited::Queued(id)) => format!("client-invited:{id}"),
                Some(_) => "client-invited-later".to_string(),
                None => "client-added".to_string(),
            };
            Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
            Ok(response)
        }
    }
}

fn questioned(ctx: &Ctx, name: String, found: Vec<Duplicate>, pairs: Vec<(String, String)>) -> Result<Response> {
    let mut kept: Vec<_> = pairs.into_iter().filter(|(key, _)| key != STEP && key != MEANT).collect();
    kept.extend(found.iter().map(|one| (MEANT.to_string(), one.id.to_string())));
    let form = DuplicatesForm { name, found, kept };
    if ctx.is_fragment {
        return html(StatusCode::CONFLICT, &form);
    }
    html(StatusCode::CONFLICT, &DuplicatesPage { shell: ctx.shell("Add Client", Section::Clients), form })
}

/// Adds a client once for a page's key, whatever the browser repeats.
fn add_once(p: &Practice, key: &str, fields: &super::Fields, inviting: Inviting) -> Result<super::Added> {
    use crate::web::{Answer, once};
    let mut fresh = None;
    let answer = once(p, (!key.is_empty()).then_some(key), b"add client", || {
        let added = add(p, fields, inviting, Source::Added)?;
        let answer = Answer::new(StatusCode::CREATED, &added.id)?;
        fresh = Some(added);
        Ok(answer)
    })?;
    if let Some(added) = fresh {
        return Ok(added);
    }
    let id = serde_json::from_str(&answer.body).map_err(|e| Error::internal(e.to_string()))?;
    Ok(super::Added { id, invited: None })
}

/// A password manager that fills the clinician's own login into a client's form is asked about before anything is saved.
pub(super) fn is_own_email(ctx: &Ctx, typed: &str) -> bool {
    let own = ctx.signed().map(|signed| signed.email.key.clone()).unwrap_or_default();
    !own.is_empty() && people::Email::loose_key(typed) == own
}

#[derive(Template)]
#[template(path = "clients/autofill.html")]
struct AutofillPage {
    shell: Shell,
}

async fn autofill_help(ctx: Ctx) -> Result<Response> {
    html(
        StatusCode::OK,
        &AutofillPage { shell: ctx.shell("Keep your own login out of client forms", Section::Clients) },
    )
}
