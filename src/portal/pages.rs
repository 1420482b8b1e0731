//! The portal's home and profile.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{details_missing, over};
use crate::access::{Access, Needs, Right, Viewer};
use crate::accounts::{self, Attempt};
use crate::audit::{Entry, note_read};
use crate::chat;
use crate::clients::{self, Client, EmailChange, Saved, Typed};
use crate::contacts;
use crate::documents;
use crate::error::{Error, FieldError, Result};
use crate::intake;
use crate::people::{self, Email};
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Option_, Section, Shell};
use crate::web::{Cookie, Ctx, Form, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/portal", Access::Portal(Needs::Entry), home)
        .get("/portal/profile", Access::Portal(Needs::Entry), profile)
        .post("/portal/profile", Access::Portal(Needs::Right(Right::Details)), save_profile)
        .post("/portal/email", Access::Portal(Needs::Self_), change_email)
}

#[derive(Template)]
#[template(path = "portal/home.html")]
struct HomePage {
    shell: Shell,
    /// A form that is to be filled in: the next thing to do.
    forms: Option<NextForm>,
    next_title: String,
    next_text: String,
    next_button: String,
    done: String,
    /// The address typed at the sign-up, until it is confirmed; empty otherwise.
    unconfirmed: String,
    /// What somebody who looks after the client may do here; empty for the client.
    rights: Vec<String>,
    /// Questions about others in the portal wait for the client's answer.
    asked: bool,
    /// How many documents were shared and not opened; empty: none.
    new_documents: String,
    /// How many conversations hold something unread; empty: none.
    new_messages: String,
    /// Here by a one-time passphrase: no password was chosen yet, or it waits for its link.
    by_passphrase: bool,
}

struct NextForm {
    title: String,
    text: String,
    button: &'static str,
    href: String,
}

fn next_form(open: &[intake::Task], words: Words) -> Option<NextForm> {
    let next = open.first()?;
    let left: usize = open.iter().map(intake::Task::minutes_left).sum();
    let minutes = words.with("forms-minutes", &[("minutes", &left.to_string())]);
    let begun = next.state == intake::State::Started;
    Some(NextForm {
        title: next.title.clone(),
        text: words.with("forms-left", &[("count", &open.len().to_string()), ("minutes", &minutes)]),
        button: if begun { "forms-go-on" } else { "forms-begin" },
        href: format!("/portal/forms/{}", next.id),
    })
}

async fn own_record(ctx: &Ctx) -> Result<Client> {
    let id = ctx.viewer()?.client;
    let client = ctx.door()?.read(move |p| clients::find(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id)).await?;
    Ok(client)
}

/// What was typed as the address at a sign-up, as long as nobody has proven it.
fn unconfirmed(ctx: &Ctx) -> Option<&str> {
    ctx.signed().ok().filter(|signed| signed.provisional).map(|signed| signed.email.address.as_str())
}

async fn home(ctx: Ctx) -> Result<Response> {
    let client = own_record(&ctx).await?;
    let words = ctx.words();
    let viewer = ctx.viewer()?;
    let (own, id) = (viewer.own, viewer.client);
    let sees_documents = viewer.rights.has(Right::Forms);
    let reads_messages = viewer.rights.has(Right::Messages);
    let (unanswered, unseen, open, unread) = ctx
        .door()?
        .read(move |p| {
            let unanswered = if own { contacts::unanswered(p, id)? } else { 0 };
            let unread = if reads_messages { chat::unseen(p)? } else { 0 };
            let unseen = if sees_documents { documents::unseen(p, id)? } else { 0 };
            let open = if sees_documents { intake::open_forms(p, id)? } else { Vec::new() };
            Ok((unanswered, unseen, open, unread))
        })
        .await?;
    let called = client.fields.preferred_name.clone().unwrap_or_else(|| client.fields.first_name.clone());
    let missing = viewer.rights.has(Right::Details) && details_missing(&client.fields);
    let forms = next_form(&open, words);
    let hello = if own { "portal-hello" } else { "portal-for" };
    let when = |text: String| if missing { text } else { String::new() };
    let page = HomePage {
        shell: ctx.shell(words.with(hello, &[("name", &called)]), Section::Portal),
        forms,
        next_title: when(words.t("portal-next-details")),
        next_text: when(words.t("portal-next-details-text")),
        next_button: when(words.t("portal-next-details-button")),
        done: if missing { String::new() } else { words.t("portal-nothing") },
        unconfirmed: unconfirmed(&ctx).map(|email| words.with("sign-up-note", &[("email", email)])).unwrap_or_default(),
        rights: if own { Vec::new() } else { rights_said(viewer, words) },
        asked: unanswered > 0,
        new_documents: match unseen {
            0 => String::new(),
            n => words.with("documents-notice-title", &[("count", &n.to_string())]),
        },
        new_messages: match unread {
            0 => String::new(),
            n => words.with("chat-notice-title", &[("count", &n.to_string())]),
        },
        by_passphrase: ctx.signed()?.session.passphrase.is_some(),
    };
    html(StatusCode::OK, &page)
}

fn rights_said(viewer: &Viewer, words: Words) -> Vec<String> {
    viewer.rights.iter().map(|right| words.t(right.word())).collect()
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub preferred_name: String,
    pub pronouns: String,
    pub date_of_birth: String,
    pub phone: String,
    pub time_zone: String,
    pub version: i64,
}

impl ProfileForm {
    fn of(typed: &Typed, version: i64) -> ProfileForm {
        ProfileForm {
            preferred_name: typed.preferred_name.clone(),
            pronouns: typed.pronouns.clone(),
            date_of_birth: typed.date_of_birth.clone(),
            phone: typed.phone.clone(),
            time_zone: typed.time_zone.clone(),
            version,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/profile.html")]
struct ProfilePage {
    shell: Shell,
    errors: ErrorSummary,
    stale: String,
    name: String,
    preferred_name: Field,
    pronouns: Field,
    /// Until it is on file; from then on it is a fact.
    date_of_birth: Option<Field>,
    born: String,
    phone: Field,
    time_zone: Field,
    version: i64,
    email: String,
    /// The record is the viewer's own.
    own: bool,
    /// The client's details are theirs to see.
    details: bool,
    may_change_email: bool,
    /// Why not, where it is only not yet.
    email_later: String,
    email_errors: ErrorSummary,
    new_email: Field,
    password: Field,
}

struct State<'s> {
    typed: ProfileForm,
    refused: &'s [FieldError],
    stale: bool,
    email_typed: String,
    email_refused: &'s [FieldError],
}

impl State<'_> {
    fn fresh(client: &Client) -> State<'static> {
        State {
            typed: ProfileForm::of(&client.fields.typed(), client.version),
            refused: &[],
            stale: false,
            email_typed: String::new(),
            email_refused: &[],
        }
    }
}

fn profile_page(ctx: &Ctx, client: &Client, state: &State, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let error = |all: &[FieldError], name: &str| all.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let now = client.fields.typed();
    let saved = |mine: &str, theirs: &str| (state.stale && mine != theirs).then(|| theirs.to_string());
    let zones = people::time_zones().into_iter().map(|zone| Option_ { label: zone.replace('_', " "), value: zone });
    let zones = std::iter::once(Option_ { value: String::new(), label: words.t("profile-zone-practice") }).chain(zones);
    let field = |field: Field, name: &str, mine: &str, theirs: &str| {
        field.value(mine).error(error(state.refused, name)).now_saved(saved(mine, theirs)).words(words)
    };
    let typed = &state.typed;
    let line = people::LINE_LIMIT;
    let page = ProfilePage {
        shell: ctx.shell(words.t("ui-profile"), Section::Profile),
        errors: summary(state.refused, words),
        stale: if state.stale { words.t("profile-stale") } else { String::new() },
        name: format!("{} {}", client.fields.first_name, client.fields.last_name),
        preferred_name: field(
            Field::text("preferred_name", words.t("profile-preferred-name"))
                .dir_auto()
                .max_length(line)
                .autocomplete("nickname"),
            "preferred_name",
            &typed.preferred_name,
            &now.preferred_name,
        ),
        pronouns: field(
            Field::text("pronouns", words.t("profile-pronouns")).dir_auto().max_length(line),
            "pronouns",
            &typed.pronouns,
            &now.pronouns,
        ),
        born: client.fields.date_of_birth.map(|born| born.strftime("%-d %b %Y").to_string()).unwrap_or_default(),
        date_of_birth: now.date_of_birth.is_empty().then(|| {
            field(
                Field::date("date_of_birth", words.t("profile-birth-date")).autocomplete("bday"),
                "date_of_birth",
                &typed.date_of_birth,
                &now.date_of_birth,
            )
        }),
        phone: field(
            Field::tel("phone", words.t("profile-phone")).autocomplete("tel"),
            "phone",
            &typed.phone,
            &now.phone,
        ),
        time_zone: field(
            Field::select("time_zone", words.t("profile-time-zone"), zones.collect()),
            "time_zone",
            &typed.time_zone,
            &now.time_zone,
        ),
        version: typed.version,
        email: client.fields.email.as_ref().map(|e| e.address.clone()).unwrap_or_default(),
        own: ctx.viewer()?.own,
        details: ctx.viewer()?.rights.has(Right::Details),
        may_change_email: may_change_email(ctx)?,
        email_later: unconfirmed(ctx).map(|_| words.t("sign-up-email-later")).unwrap_or_default(),
        email_errors: summary(state.email_refused, words),
        new_email: Field::email("new_email", words.t("profile-new-email"))
            .value(&state.email_typed)
            .error(error(state.email_refused, "new_email"))
            .required()
            .autocomplete("email")
            .words(words),
        password: Field::password("password", words.t("profile-current-password"))
            .error(error(state.email_refused, "password"))
            .required()
            .autocomplete("current-password")
            .words(words),
    };
    html(status, &page)
}

fn summary(refused: &[FieldError], words: Words) -> ErrorSummary {
    ErrorSummary {
        items: refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
        title: words.t("ui-error-summary"),
    }
}

/// The practice allows it, it is the client's own access, and there is a proven address to move from: whoever signs up
/// must not try one address after the other.
fn may_change_email(ctx: &Ctx) -> Result<bool> {
    Ok(unconfirmed(ctx).is_none() && ctx.practice()?.clients_may_change_email && ctx.viewer()?.own)
}

async fn profile(ctx: Ctx) -> Result<Response> {
    let client = own_record(&ctx).await?;
    profile_page(&ctx, &client, &State::fresh(&client), StatusCode::OK)
}

async fn save_profile(ctx: Ctx, Form(typed): Form<ProfileForm>) -> Result<Response> {
    let words = ctx.words();
    let id = ctx.viewer()?.client;
    let saved = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| {
                let client = clients::find(p, id)?;
                let whole = over(client.fields.typed(), &typed);
                Ok(match clients::parse(p, &whole, words)? {
                    Err(refused) => (client, Err(refused)),
                    Ok(fields) => (client, Ok(clients::change(p, id, &fields, Some(typed.version))?)),
                })
            }
        })
        .await?;
    match saved {
        (client, Err(refused)) => {
            let state = State { typed, refused: &refused, ..State::fresh(&client) };
            profile_page(&ctx, &client, &state, StatusCode::UNPROCESSABLE_ENTITY)
        }
        (_, Ok(Saved::Stale(now))) => {
            let typed = ProfileForm { version: now.version, ..typed };
            let state = State { typed, stale: true, ..State::fresh(&now) };
            profile_page(&ctx, &now, &state, StatusCode::CONFLICT)
        }
        (_, Ok(_)) => {
            let mut response = lead_to(&ctx, "/portal/profile")?;
            Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
            Ok(response)
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmailForm {
    new_email: String,
    password: String,
}

/// Moves the sign-in address, for somebody who proves once more who they are.
async fn change_email(ctx: Ctx, Form(typed): Form<EmailForm>) -> Result<Response> {
    if !may_change_email(&ctx)? {
        return Err(Error::NotFound);
    }
    let words = ctx.words();
    let signed = ctx.signed()?;
    let new = Email::parse(&typed.new_email);
    let mut refused = Vec::new();
    if let Err(refusal) = &new {
        refused.push(FieldError::new("new_email", words.t(refusal.key())));
    }
    match accounts::attempt_again(&ctx, signed.session.account, &typed.password).await? {
        Attempt::In(proven) if proven.account == signed.session.account => {}
        Attempt::Wait { seconds } => {
            let minutes = seconds.div_ceil(60).to_string();
            refused.push(FieldError::new("password", words.with("sign-in-wait", &[("minutes", &minutes)])));
        }
        _ => refused.push(FieldError::new("password", words.t("renew-failed"))),
    }
    let id = ctx.viewer()?.client;
    let (Ok(new), true) = (new, refused.is_empty()) else {
        let client = ctx.door()?.read(move |p| clients::find(p, id)).await?;
        let state = State { email_typed: typed.new_email, email_refused: &refused, ..State::fresh(&client) };
        return profile_page(&ctx, &client, &state, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let saved = ctx
        .door()?
        .write(move |p| {
            let mut fields = clients::find(p, id)?.fields;
            fields.email = Some(new.clone());
            clients::change(p, id, &fields, None)
        })
        .await?;
    // A change ends every session, this one too: the new address is asked to prove itself first.
    let changed = !matches!(saved, Saved::Saved { email: EmailChange::None });
    let to = if changed { "/sign-in?done=email" } else { "/portal/profile" };
    lead_to(&ctx, to)
}
