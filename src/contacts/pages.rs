//! The side Family and contacts of a client's record, and the form for one of them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{
    Around, Contact, Relation, Saved, Standing, Typed, add, around, change, custody, find, remove, restore, right_said,
};
use crate::access::{ANY_STAFF, Right, Rights};
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations::State;
use crate::people::{LINE_LIMIT, initials, phone_said};
use crate::portal_access;
use crate::routes::Routes;
use crate::ui::{Empty, ErrorSummary, Field, Link, Option_, Section, Shell, Status, Tone, private_name};
use crate::web::{Answer, Cookie, Ctx, Form, Path, html, lead_to, once};

/// Of the ids of the form's fields: its dialog opens over the record, whose own fields have the same names.
const PREFIX: &str = "contact-";

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/{id}/contacts", ANY_STAFF, show)
        .get("/clients/{id}/contacts/new", ANY_STAFF, new)
        .post("/clients/{id}/contacts", ANY_STAFF, create)
        .get("/contacts/{id}", ANY_STAFF, edit)
        .post("/contacts/{id}", ANY_STAFF, save)
        .post("/contacts/{id}/remove", ANY_STAFF, take_off)
        .post("/contacts/{id}/restore", ANY_STAFF, bring_back)
}

#[derive(Template)]
#[template(path = "contacts/show.html")]
struct ShowPage {
    shell: Shell,
    head: Head,
    list: List,
}

/// The contacts and the custody note, as a side of the record and as a section behind Actions.
#[derive(Template)]
#[template(path = "contacts/list.html")]
struct List {
    client: ClientId,
    archived: bool,
    rows: Vec<Row>,
    of_age: bool,
    custody: String,
    empty: Option<Empty>,
}
impl askama::filters::HtmlSafe for List {}

struct Row {
    id: String,
    name: String,
    initials: String,
    relation: &'static str,
    main: bool,
    emergency: bool,
    /// How they stand to the portal.
    portal: Status,
    may: String,
    /// What may be asked for now: the address' last part, and the button's label.
    ways: Vec<(&'static str, &'static str)>,
    /// As it is dialled, and as people read it.
    phone: Option<(String, String)>,
    email: String,
}

fn row(around: Around, minor: bool, own_portal: bool) -> Row {
    let Around { contact, standing } = around;
    let fields = contact.fields;
    let name = fields.name();
    let may: Vec<&str> = fields.rights.iter().map(right_said).collect();
    let asked = fields.email.is_some() && !fields.rights.is_empty();
    Row {
        portal: portal_said(standing),
        may: may.join(", "),
        ways: ways(standing, asked, minor || own_portal),
        id: contact.id.to_string(),
        initials: initials(&name),
        name,
        relation: fields.relation.said(),
        main: fields.main,
        emergency: fields.emergency,
        phone: fields.phone.map(|phone| (phone.clone(), phone_said(&phone))),
        email: fields.email.map(|email| email.address).unwrap_or_default(),
    }
}

fn portal_said(standing: Standing) -> Status {
    let (tone, text) = match standing {
        Standing::Out => (Tone::Neutral, "Not in the portal"),
        Standing::Waits => (Tone::Info, "Waits for the client's consent"),
        Standing::Refused => (Tone::Warn, "The client did not agree"),
        Standing::Invited(State::Queued) => (Tone::Info, "Invitation leaves in a moment"),
        Standing::Invited(State::Bounced) => (Tone::Bad, "Invitation bounced"),
        Standing::Invited(State::Kept) => (Tone::Warn, "Invitation kept in the local outbox"),
        Standing::Invited(_) => (Tone::Info, "Invited"),
        Standing::In => (Tone::Good, "In the portal"),
        Standing::InWaits => (Tone::Good, "In the portal; the client is asked about more"),
    };
    Status { tone, text: text.into(), hint: String::new() }
}

/// `asked`: there is an address, and something to do in the portal. `open`: nobody has to be asked outside of it.
fn ways(standing: Standing, asked: bool, open: bool) -> Vec<(&'static str, &'static str)> {
    let invite = match standing {
        // Also where the client was asked in a portal that they have no longer.
        Standing::Out | Standing::Refused | Standing::Waits if asked && !open => {
            Some(("consent", "Client agreed: invite"))
        }
        Standing::Out if asked => Some(("portal", "Invite to portal")),
        Standing::Refused if asked => Some(("portal", "Ask again")),
        Standing::Invited(_) if asked => Some(("portal", "Resend invitation")),
        _ => None,
    };
    let end = match standing {
        Standing::In | Standing::InWaits => Some(("portal/end", "End portal access")),
        Standing::Invited(_) | Standing::Waits => Some(("portal/end", "Take back")),
        Standing::Out | Standing::Refused => None,
    };
    invite.into_iter().chain(end).collect()
}

async fn noted(ctx: &Ctx, client: ClientId) -> Result<()> {
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", client).detail("contacts")).await
}

async fn show(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (head, (contacts, minor), own_portal, custody) = ctx
        .door()?
        .read(move |p| {
            let own_portal = portal_access::own(p, id)?.is_some();
            Ok((clients::head(p, id, &zone, Side::Contacts)?, around(p, id)?, own_portal, custody::find(p, id)?))
        })
        .await?;
    noted(&ctx, id).await?;
    let archived = head.archived;
    let add = Link { href: format!("/clients/{id}/contacts/new"), label: "Add contact".into(), dialog: true };
    let list = List {
        client: id,
        archived,
        empty: contacts.is_empty().then(|| Empty {
            title: "Nobody yet".into(),
            text:
                "Parents, partners, carers: whom to call, and who is asked first. A minor needs no email of their own."
                    .into(),
            action: (!archived).then_some(add),
        }),
        rows: contacts.into_iter().map(|one| row(one, minor, own_portal)).collect(),
        of_age: !minor,
        custody: custody.note,
    };
    if ctx.is_fragment {
        return html(StatusCode::OK, &list);
    }
    html(StatusCode::OK, &ShowPage { shell: ctx.shell(head.name.clone(), Section::Clients), head, list })
}

/// One form for a new contact and for one that stands.
#[derive(Template)]
#[template(path = "contacts/form.html")]
struct ContactForm {
    title: &'static str,
    action: String,
    back: String,
    errors: ErrorSummary,
    stale: bool,
    first_name: Field,
    last_name: Field,
    relation: Field,
    email: Field,
    phone: Field,
    main: Field,
    emergency: Field,
    rights: Vec<Field>,
    /// Of the contact that the form was made from; 0 for a new one.
    version: i64,
    key: String,
}
impl askama::filters::HtmlSafe for ContactForm {}

#[derive(Template)]
#[template(path = "contacts/one.html")]
struct ContactPage {
    shell: Shell,
    head: Head,
    form: ContactForm,
}

struct Edit {
    client: ClientId,
    contact: Option<ContactId>,
    typed: Typed,
    refused: Vec<FieldError>,
    now: Option<Contact>,
    version: i64,
    key: String,
}

fn form(ctx: &Ctx, edit: &Edit) -> ContactForm {
    let words = ctx.words();
    let now = edit.now.as_ref().map(Typed::of);
    let finish = |field: Field, name: &str, part: fn(&Typed) -> &String| {
        let theirs = now.as_ref().map(part).filter(|theirs| *theirs != part(&edit.typed)).cloned();
        let error = edit.refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
        field.id_prefix(PREFIX).value(part(&edit.typed)).error(error).now_saved(theirs).words(words)
    };
    let relations = Relation::ALL.map(|one| Option_ { value: one.as_str().into(), label: one.said().into() });
    let choose = Option_ { value: String::new(), label: "Choose".into() };
    let relations: Vec<Option_> = std::iter::once(choose).chain(relations).collect();
    let line = |name: &str, label: &str| Field::text(name, label).dir_auto().max_length(LINE_LIMIT).private();
    ContactForm {
        title: if edit.contact.is_some() { "Edit contact" } else { "Add contact" },
        action: edit
            .contact
            .map_or_else(|| format!("/clients/{}/contacts", edit.client), |id| format!("/contacts/{id}")),
        back: format!("/clients/{}/contacts", edit.client),
        errors: ErrorSummary {
            items: edit
                .refused
                .iter()
                .map(|e| (format!("{PREFIX}{}", private_name(&e.field)), e.message.clone()))
                .collect(),
            title: words.t("ui-error-summary"),
        },
        stale: edit.now.is_some(),
        first_name: finish(line("first_name", "First name"), "first_name", |t| &t.first_name).required(),
        last_name: finish(line("last_name", "Last name"), "last_name", |t| &t.last_name),
        relation: finish(Field::select("relation", "Relationship", relations), "relation", |t| &t.relation).required(),
        email: finish(Field::email("email", "Email").private(), "email", |t| &t.email),
        phone: finish(Field::tel("phone", "Phone").private(), "phone", |t| &t.phone),
        main: Field::checkbox("main", "Main contact")
            .id_prefix(PREFIX)
            .value("yes")
            .checked(edit.typed.main)
            .hint("Who is asked first, such as a minor's parent. There is one."),
        emergency: Field::checkbox("emergency", "Emergency contact")
            .id_prefix(PREFIX)
            .value("yes")
            .checked(edit.typed.emergency),
        rights: Right::ALL.into_iter().map(|right| right_field(right, &edit.typed.rights)).collect(),
        version: edit.version,
        key: edit.key.clone(),
    }
}

fn right_field(right: Right, given: &Rights) -> Field {
    let name = format!("right_{}", right.as_str());
    Field::checkbox(&name, right_said(right)).id_prefix(PREFIX).value("yes").checked(given.has(right))
}

async fn form_page(ctx: &Ctx, edit: Edit, status: StatusCode) -> Result<Response> {
    let form = form(ctx, &edit);
    if ctx.is_fragment {
        return html(status, &form);
    }
    let (zone, id) = (ctx.practice()?.time_zone.clone(), edit.client);
    let head = ctx.door()?.read(move |p| clients::head(p, id, &zone, Side::Contacts)).await?;
    html(status, &ContactPage { shell: ctx.shell(form.title, Section::Clients), head, form })
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct ContactTyped {
    first_name: String,
    last_name: String,
    relation: String,
    /// The field has a name that no password manager takes for a login's.
    #[serde(alias = "reach_at")]
    email: String,
    phone: String,
    main: String,
    emergency: String,
    right_details: String,
    right_appointments: String,
    right_book: String,
    right_messages: String,
    right_forms: String,
    right_receipts: String,
    right_sign: String,
    version: i64,
    key: String,
}

impl ContactTyped {
    fn typed(&self) -> Typed {
        Typed {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            relation: self.relation.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            emergency: !self.emergency.is_empty(),
            main: !self.main.is_empty(),
            rights: Rights::of(|right| !self.right(right).is_empty()),
        }
    }

    fn right(&self, right: Right) -> &str {
        match right {
            Right::Details => &self.right_details,
            Right::Appointments => &self.right_appointments,
            Right::Book => &self.right_book,
            Right::Messages => &self.right_messages,
            Right::Forms => &self.right_forms,
            Right::Receipts => &self.right_receipts,
            Right::Sign => &self.right_sign,
        }
    }
}

async fn new(ctx: Ctx, Path(client): Path<ClientId>) -> Result<Response> {
    ctx.door()?.read(move |p| clients::open(p, client)).await?;
    let key = ctx.app.ids.new_id().to_string();
    let edit = Edit { client, contact: None, typed: Typed::default(), refused: Vec::new(), now: None, version: 0, key };
    form_page(&ctx, edit, StatusCode::OK).await
}

async fn edit(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let contact = ctx.door()?.read(move |p| find(p, id)).await?;
    if contact.removed {
        return Err(Error::NotFound);
    }
    noted(&ctx, contact.client).await?;
    let edit = Edit {
        client: contact.client,
        contact: Some(id),
        typed: Typed::of(&contact),
        refused: Vec::new(),
        now: None,
        version: contact.version,
        key: String::new(),
    };
    form_page(&ctx, edit, StatusCode::OK).await
}

async fn create(ctx: Ctx, Path(client): Path<ClientId>, Form(typed): Form<ContactTyped>) -> Result<Response> {
    let words = ctx.words();
    let asked = typed.typed();
    // The page was made with an id: pressing twice adds one contact.
    let key = typed.key.parse::<uuid::Uuid>().is_ok().then(|| format!("contact:{}", typed.key));
    let content = format!("{client} {asked:?}");
    let refused = ctx
        .door()?
        .write({
            let asked = asked.clone();
            move |p| {
                clients::find(p, client)?;
                let added = once(p, key.as_deref(), &crate::secrets::token_hash(&content), || {
                    match add(p, client, &asked, words)? {
                        Saved::Saved(contact) => Answer::new(StatusCode::CREATED, &contact.id),
                        Saved::Refused(refused) => Err(Error::Invalid(refused)),
                        Saved::Stale(_) => Err(Error::internal("a new contact cannot be stale")),
                    }
                });
                match added {
                    Ok(_) => Ok(Vec::new()),
                    Err(Error::Invalid(refused)) => Ok(refused),
                    Err(error) => Err(error),
                }
            }
        })
        .await?;
    if refused.is_empty() {
        return back(&ctx, client, "contact-added");
    }
    let edit = Edit { client, contact: None, typed: asked, refused, now: None, version: 0, key: typed.key };
    form_page(&ctx, edit, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn save(ctx: Ctx, Path(id): Path<ContactId>, Form(form): Form<ContactTyped>) -> Result<Response> {
    let words = ctx.words();
    let typed = form.typed();
    let (client, saved) = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| Ok((find(p, id)?.client, change(p, id, &typed, Some(form.version), words)?))
        })
        .await?;
    let (version, key) = (form.version, String::new());
    let edit = Edit { client, contact: Some(id), typed, refused: Vec::new(), now: None, version, key };
    match saved {
        Saved::Saved(_) => back(&ctx, client, "saved"),
        Saved::Refused(refused) => form_page(&ctx, Edit { refused, ..edit }, StatusCode::UNPROCESSABLE_ENTITY).await,
        Saved::Stale(now) => {
            noted(&ctx, client).await?;
            // Saving again from here keeps what is in the form, now that both versions were seen.
            let edit = Edit { version: now.version, now: Some(now), ..edit };
            form_page(&ctx, edit, StatusCode::CONFLICT).await
        }
    }
}

async fn take_off(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| remove(p, id)).await?;
    back(&ctx, client, &format!("contact-removed:{id}"))
}

async fn bring_back(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Response> {
    let client = ctx.door()?.write(move |p| restore(p, id)).await?;
    back(&ctx, client, "contact-restored")
}

pub fn back(ctx: &Ctx, client: ClientId, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, &format!("/clients/{client}/contacts"))?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
