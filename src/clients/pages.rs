//! The Clients page and Add Client.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::list::{self, Cursor, Listed, Search, Sort, Wanted};
use super::{Inviting, Source, Typed, add, parse};
use crate::access::ANY_STAFF;
use crate::audit::{Entry, note_read};
use crate::error::{Error, FieldError, Result};
use crate::groups::{self, Group};
use crate::ids::GroupId;
use crate::invitations::Invited;
use crate::members::{self, Provider};
use crate::people::{self, initials};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Empty, ErrorSummary, Field, Link, Option_, Section, Shell, Status, Tone};
use crate::web::{Cookie, Ctx, Form, Query, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients", ANY_STAFF, index)
        .get("/clients/new", ANY_STAFF, new)
        .post("/clients", ANY_STAFF, create)
        .get("/help/autofill", ANY_STAFF, autofill_help)
}

#[derive(Template)]
#[template(path = "clients/index.html")]
struct IndexPage {
    shell: Shell,
    search: String,
    sort: Sort,
    group_id: String,
    groups: Vec<Group>,
    rows: Vec<Row>,
    count: String,
    next: Option<String>,
    first: Option<String>,
    empty: Option<Empty>,
}

struct Row {
    listed: Listed,
    initials: String,
    phone: String,
    invitation: Status,
    /// Label of the row's button; empty where there is nothing to send.
    send: &'static str,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct ListQuery {
    search: String,
    sort: String,
    group_id: String,
    cursor: String,
}

async fn index(ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response> {
    let sort = Sort::parse(&query.sort).unwrap_or(Sort::Name);
    let group: Option<GroupId> = query.group_id.parse().ok();
    let search = Search::of(&query.search);
    let narrowed = search != Search::None || group.is_some();
    let after = if query.cursor.is_empty() {
        sort.start()
    } else {
        Cursor::parse(&query.cursor, sort)?
    };
    let wanted = Wanted {
        search,
        status: "active".into(),
        group,
        sort,
    };
    let (rows, groups) = ctx
        .door()?
        .read(move |p| Ok((list::page(p, &wanted, &after, list::PAGE)?, groups::all(p)?)))
        .await?;
    let entry = Entry::new("client.listed", "client", None).detail(rows.rows.len().to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let more = rows.next.is_some();
    let page = IndexPage {
        shell: ctx.shell("Clients", Section::Clients),
        next: rows.next.map(|cursor| address(&query, Some(&cursor.text()))),
        first: (!query.cursor.is_empty()).then(|| address(&query, None)),
        count: count_said(rows.rows.len(), more, query.cursor.is_empty()),
        empty: rows.rows.is_empty().then(|| empty(narrowed)),
        rows: rows.rows.into_iter().map(row).collect(),
        search: query.search.clone(),
        group_id: query.group_id.clone(),
        sort,
        groups,
    };
    html(StatusCode::OK, &page)
}

fn count_said(shown: usize, more: bool, first: bool) -> String {
    match (shown, more, first) {
        (1, false, true) => "1 client".into(),
        (n, false, true) => format!("{n} clients"),
        (n, true, true) => format!("The first {n} clients; search to find others"),
        (n, _, false) => format!("{n} more clients"),
    }
}

fn empty(narrowed: bool) -> Empty {
    if narrowed {
        return Empty {
            title: "Nobody found".into(),
            text: "No client has that in a name, email, phone or record number.".into(),
            action: Some(Link {
                href: "/clients".into(),
                label: "Show all clients".into(),
                dialog: false,
            }),
        };
    }
    Empty {
        title: "Add your first client".into(),
        text: "A name is enough to start. With an email they get an invitation to their own portal.".into(),
        // The page's one primary action is already there, at the top right.
        action: None,
    }
}

fn row(listed: Listed) -> Row {
    Row {
        initials: initials(&listed.name()),
        phone: listed.phone.as_deref().map(people::phone_said).unwrap_or_default(),
        send: match (listed.email.is_some(), listed.invitation.as_deref()) {
            (true, None | Some("void")) => "Send invitation",
            (true, Some("sent" | "kept" | "bounced" | "superseded")) => "Resend invitation",
            _ => "",
        },
        invitation: invitation_status(listed.email.is_some(), listed.invitation.as_deref()),
        listed,
    }
}

/// The state of somebody's invitation as a badge.
pub fn invitation_status(has_email: bool, state: Option<&str>) -> Status {
    let (tone, text, hint) = match state {
        None if has_email => (Tone::Neutral, "Not invited", "No invitation was sent yet"),
        None => (
            Tone::Neutral,
            "No email",
            "No portal, no electronic forms, no email notices",
        ),
        Some("queued") => (Tone::Info, "Invitation queued", "Leaves the outbox in a moment"),
        Some("sent") => (Tone::Info, "Invited", "The mail was sent; no password yet"),
        Some("kept") => (
            Tone::Warn,
            "Not delivered",
            "No mail server is set up: kept in the local outbox",
        ),
        Some("bounced") => (Tone::Bad, "Bounced", "The mail could not be delivered"),
        Some("accepted") => (Tone::Good, "In the portal", "The invitation was accepted"),
        Some("void") => (
            Tone::Warn,
            "Not invited",
            "The email was changed; no invitation to the new one yet",
        ),
        Some(_) => (Tone::Neutral, "Invited", ""),
    };
    Status {
        tone,
        text: text.into(),
        hint: hint.into(),
    }
}

fn address(query: &ListQuery, cursor: Option<&str>) -> String {
    let pairs = [
        ("search", query.search.as_str()),
        ("group_id", &query.group_id),
        ("sort", &query.sort),
        ("cursor", cursor.unwrap_or_default()),
    ];
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let text = serde_urlencoded::to_string(pairs).unwrap_or_default();
    if text.is_empty() {
        "/clients".into()
    } else {
        format!("/clients?{text}")
    }
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
    fields: FieldSet,
    send_invitation: Field,
}
impl askama::filters::HtmlSafe for NewForm {}

/// The fields of a record, as Add Client and Personal Information show them.
pub struct FieldSet {
    pub first_name: Field,
    pub last_name: Field,
    pub preferred_name: Field,
    pub legal_name: Field,
    pub pronouns: Field,
    pub date_of_birth: Field,
    pub gender: Field,
    pub email: Field,
    pub phone: Field,
    pub time_zone: Field,
    pub group: Field,
    pub primary_provider: Field,
    pub record_number: Field,
    pub note: Field,
    /// Every provider, and whether they are on the team.
    pub care_team: Vec<(String, String, bool)>,
}

/// What the selects offer.
#[derive(Clone)]
pub struct Choices {
    pub groups: Vec<Group>,
    pub providers: Vec<Provider>,
}

pub fn choices(p: &Practice) -> Result<Choices> {
    Ok(Choices {
        groups: groups::all(p)?,
        providers: members::providers(p)?,
    })
}

/// Builds the fields with what was typed, what was wrong, and what stands now where a save was stale.
pub fn field_set(
    typed: &Typed,
    refused: &[FieldError],
    now: Option<&Typed>,
    choices: &Choices,
    words: Words,
) -> FieldSet {
    let error = |name: &str| refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let saved = |mine: &str, theirs: fn(&Typed) -> &String| {
        now.map(theirs)
            .filter(|theirs| theirs.as_str() != mine)
            .map(|t| if t.is_empty() { "(empty)".into() } else { t.clone() })
    };
    let finish = |field: Field, name: &str, value: &str, theirs: fn(&Typed) -> &String| {
        field
            .value(value)
            .error(error(name))
            .now_saved(saved(value, theirs))
            .private()
    };
    let text = |name: &str, label: &str, value: &str, theirs: fn(&Typed) -> &String| {
        finish(
            Field::text(name, label).dir_auto().max_length(people::LINE_LIMIT),
            name,
            value,
            theirs,
        )
    };
    let with_none = |none: &str, options: Vec<Option_>| {
        let mut all = vec![Option_ {
            value: String::new(),
            label: none.into(),
        }];
        all.extend(options);
        all
    };
    let groups = choices
        .groups
        .iter()
        .map(|g| Option_ {
            value: g.id.to_string(),
            label: g.name.clone(),
        })
        .collect();
    let providers: Vec<Option_> = choices
        .providers
        .iter()
        .map(|m| Option_ {
            value: m.id.to_string(),
            label: m.name.clone(),
        })
        .collect();
    let zones = people::time_zones()
        .into_iter()
        .map(|zone| Option_ {
            label: zone.replace('_', " "),
            value: zone,
        })
        .collect();
    let select = |name: &str, label: &str, options: Vec<Option_>, value: &str, theirs: fn(&Typed) -> &String| {
        let said = now.map(theirs).filter(|t| t.as_str() != value).map(|t| {
            options
                .iter()
                .find(|o| o.value == *t)
                .map_or_else(|| t.clone(), |o| o.label.clone())
        });
        Field::select(name, label, options)
            .value(value)
            .error(error(name))
            .now_saved(said)
    };
    FieldSet {
        first_name: text("first_name", "First name", &typed.first_name, |t| &t.first_name).required(),
        last_name: text("last_name", "Last name", &typed.last_name, |t| &t.last_name).required(),
        preferred_name: text("preferred_name", "Preferred name", &typed.preferred_name, |t| {
            &t.preferred_name
        }),
        legal_name: text("legal_name", "Legal name", &typed.legal_name, |t| &t.legal_name),
        pronouns: text("pronouns", "Pronouns", &typed.pronouns, |t| &t.pronouns),
        date_of_birth: finish(
            Field::date("date_of_birth", "Date of birth"),
            "date_of_birth",
            &typed.date_of_birth,
            |t| &t.date_of_birth,
        ),
        gender: text("gender", "Gender", &typed.gender, |t| &t.gender),
        email: finish(Field::email("email", "Email"), "email", &typed.email, |t| &t.email)
            .hint(words.t("client-email-hint")),
        phone: finish(Field::tel("phone", "Phone"), "phone", &typed.phone, |t| &t.phone),
        time_zone: select(
            "time_zone",
            "Time zone",
            with_none("Same as the practice", zones),
            &typed.time_zone,
            |t| &t.time_zone,
        ),
        group: select(
            "group_id",
            "Group",
            with_none("No group", groups),
            &typed.group_id,
            |t| &t.group_id,
        ),
        primary_provider: select(
            "primary_provider_id",
            "Primary provider",
            with_none("Nobody yet", providers),
            &typed.primary_provider_id,
            |t| &t.primary_provider_id,
        ),
        record_number: text("record_number", "Record number", &typed.record_number, |t| {
            &t.record_number
        }),
        note: finish(
            Field::textarea("note", "Note")
                .dir_auto()
                .max_length(people::NOTE_LIMIT),
            "note",
            &typed.note,
            |t| &t.note,
        ),
        care_team: choices
            .providers
            .iter()
            .filter(|m| m.id.to_string() != typed.primary_provider_id)
            .map(|m| {
                (
                    m.id.to_string(),
                    m.name.clone(),
                    typed.care_team_ids.contains(&m.id.to_string()),
                )
            })
            .collect(),
    }
}

pub fn summary(refused: &[FieldError], words: Words) -> ErrorSummary {
    ErrorSummary {
        items: refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
        title: words.t("ui-error-summary"),
    }
}

struct NewState {
    typed: Typed,
    refused: Vec<FieldError>,
    question: String,
    inviting: Inviting,
    key: String,
}

fn new_page(ctx: &Ctx, choices: &Choices, state: &NewState, status: StatusCode) -> Result<Response> {
    let words = ctx.words();
    let form = NewForm {
        errors: summary(&state.refused, words),
        question: state.question.clone(),
        key: state.key.clone(),
        fields: field_set(&state.typed, &state.refused, None, choices, words),
        send_invitation: Field::checkbox("send_invitation", "Send invitation email")
            .checked(state.inviting == Inviting::Now)
            .hint("Switch off to add the client without any mail. You can invite them later."),
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    html(
        status,
        &NewPage {
            shell: ctx.shell("Add Client", Section::Clients),
            form,
        },
    )
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
    };
    new_page(&ctx, &choices, &state, StatusCode::OK)
}

/// Reads a record's form; `care_team_ids` comes once for each ticked member.
pub fn typed_from(pairs: &[(String, String)]) -> Typed {
    let mut typed = Typed::default();
    for (name, value) in pairs {
        let value = value.clone();
        match name.as_str() {
            "first_name" => typed.first_name = value,
            "last_name" => typed.last_name = value,
            "preferred_name" => typed.preferred_name = value,
            "legal_name" => typed.legal_name = value,
            "pronouns" => typed.pronouns = value,
            "date_of_birth" => typed.date_of_birth = value,
            "gender" => typed.gender = value,
            "email" => typed.email = value,
            "phone" => typed.phone = value,
            "time_zone" => typed.time_zone = value,
            "group_id" => typed.group_id = value,
            "primary_provider_id" => typed.primary_provider_id = value,
            "record_number" => typed.record_number = value,
            "note" => typed.note = value,
            "care_team_ids" if typed.care_team_ids.len() < 100 => typed.care_team_ids.push(value),
            _ => {}
        }
    }
    typed
}

/// The value of one field of a form.
pub fn given<'f>(pairs: &'f [(String, String)], name: &str) -> Option<&'f str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

enum Outcome {
    Added(super::Added),
    Refused(Vec<FieldError>, Choices),
}

async fn create(ctx: Ctx, headers: HeaderMap, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let _ = headers;
    let words = ctx.words();
    let typed = typed_from(&pairs);
    let inviting = if given(&pairs, "send_invitation").is_some() {
        Inviting::Now
    } else {
        Inviting::Later
    };
    // The page was made with an id: pressing twice, or sending again after a lost answer, adds one client.
    let key = given(&pairs, "key")
        .filter(|key| key.len() == 36)
        .unwrap_or_default()
        .to_string();
    let mut state = NewState {
        typed: typed.clone(),
        refused: Vec::new(),
        question: String::new(),
        inviting,
        key: key.clone(),
    };
    if is_own_email(&ctx, &typed.email) && given(&pairs, "own_email_is_meant").is_none() {
        let choices = ctx.door()?.read(choices).await?;
        state.question = words.t("own-email-question");
        return new_page(&ctx, &choices, &state, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let outcome = ctx
        .door()?
        .write(move |p| match parse(p, &typed, words)? {
            Err(refused) => Ok(Outcome::Refused(refused, choices(p)?)),
            Ok(fields) => add_once(p, &key, &fields, inviting).map(Outcome::Added),
        })
        .await?;
    match outcome {
        Outcome::Refused(refused, choices) => {
            state.refused = refused;
            new_page(&ctx, &choices, &state, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Outcome::Added(added) => {
            let mut response = lead_to(&ctx, &format!("/clients/{}", added.id))?;
            let flash = match &added.invited {
                Some(Invited::Queued(id)) => format!("client-invited:{id}"),
                _ => "client-added".to_string(),
            };
            Cookie::Flash.set(&ctx.app, &mut response, &flash)?;
            Ok(response)
        }
    }
}

/// Adds a client once for a page's key, whatever the browser repeats.
fn add_once(p: &Practice, key: &str, fields: &super::Fields, inviting: Inviting) -> Result<super::Added> {
    use crate::web::{Answer, once};
    let key = (!key.is_empty()).then(|| format!("page:{key}"));
    let mut fresh = None;
    let answer = once(p, key.as_deref(), b"add client", || {
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
fn is_own_email(ctx: &Ctx, typed: &str) -> bool {
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
        &AutofillPage {
            shell: ctx.shell("Keep your own login out of client forms", Section::Clients),
        },
    )
}
