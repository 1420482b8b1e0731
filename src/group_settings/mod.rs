//! Settings > Groups: the list in its order, and for those who run the practice: add, edit, move, delete. A slice of its
//! own, above groups and their invite links, because it shows both.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::access::{ANY_STAFF, RUNS_PRACTICE, Role};
use crate::error::{Error, FieldError, Result};
use crate::flows;
use crate::groups::{self, COLOURS, Counted, Deleted, Group, Saved, Typed, Way};
use crate::ids::{FlowId, GroupId};
use crate::invite_links;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{Empty, ErrorSummary, Field, Option_, Section, Shell, Tab};
use crate::web::{Answer, Cookie, Ctx, Form, Path, html, lead_to, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings/groups", ANY_STAFF, show)
        .get("/settings/groups/new", RUNS_PRACTICE, new)
        .post("/settings/groups", RUNS_PRACTICE, create)
        .get("/settings/groups/{id}", RUNS_PRACTICE, edit)
        .post("/settings/groups/{id}", RUNS_PRACTICE, save)
        .post("/settings/groups/{id}/move", RUNS_PRACTICE, shift)
        .get("/settings/groups/{id}/delete", RUNS_PRACTICE, ask_delete)
        .post("/settings/groups/{id}/delete", RUNS_PRACTICE, delete)
}

#[derive(Template)]
#[template(path = "group_settings/list.html")]
struct GroupsPage {
    shell: Shell,
    menu: Vec<Tab>,
    runs_practice: bool,
    rows: Vec<Row>,
    links: Vec<LinkRow>,
    empty: Option<Empty>,
}

/// A live invite link that the member may share.
struct LinkRow {
    id: String,
    group: String,
    colour: &'static str,
    provider: String,
    share: String,
    opened: i64,
    signed_up: i64,
}

struct Row {
    id: String,
    name: String,
    colour: &'static str,
    colour_name: &'static str,
    clients: i64,
    /// The name of its intake flow; empty: none.
    flow: String,
    first: bool,
    last: bool,
}

/// The palette's entry; a colour that is no longer in it counts as the last.
fn shade(key: &str) -> groups::Colour {
    COLOURS.into_iter().find(|colour| colour.key == key).unwrap_or(COLOURS[COLOURS.len() - 1])
}

fn rows(all: Vec<Counted>, flows: &Flows) -> Vec<Row> {
    let last = all.len().saturating_sub(1);
    let row = |(at, counted): (usize, Counted)| {
        let colour = shade(&counted.group.colour);
        Row {
            id: counted.group.id.to_string(),
            flow: flows.of(counted.group.id).map(|flow| flow.name.clone()).unwrap_or_default(),
            name: counted.group.name,
            colour: colour.key,
            colour_name: colour.name,
            clients: counted.clients,
            first: at == 0,
            last: at == last,
        }
    };
    all.into_iter().enumerate().map(row).collect()
}

fn link_row(counted: invite_links::Counted, all: &[Counted]) -> LinkRow {
    let link = counted.link;
    let group = all.iter().find(|c| Some(c.group.id) == link.target.group);
    let provider = link.target.provider.map_or_else(|| "none".into(), |id| id.to_string());
    let group_id = link.target.group.map(|id| id.to_string()).unwrap_or_default();
    LinkRow {
        id: link.id.to_string(),
        group: link.group_name.unwrap_or_else(|| "No group".into()),
        colour: group.map_or("", |c| shade(&c.group.colour).key),
        provider: link.provider_name.unwrap_or_else(|| "nobody yet".into()),
        share: format!("/clients/invite-link?group_id={group_id}&provider_id={provider}"),
        opened: counted.opened,
        signed_up: counted.signed_up,
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let (all, links, flows) =
        ctx.door()?.read(|p| Ok((groups::counted(p)?, invite_links::all(p)?, Flows::read(p)?))).await?;
    let page = GroupsPage {
        shell: ctx.shell("Groups", Section::Settings),
        menu: menu(&ctx, "/settings/groups")?,
        runs_practice: matches!(ctx.member()?.role, Role::Owner | Role::Admin),
        empty: all.is_empty().then(|| Empty {
            title: "No groups yet".into(),
            text: "Groups keep clients apart who take different ways: new ones, couples, minors.".into(),
            // The page's one primary action is already there, at the top right.
            action: None,
        }),
        links: links.into_iter().map(|counted| link_row(counted, &all)).collect(),
        rows: rows(all, &flows),
    };
    html(StatusCode::OK, &page)
}

/// The intake flows, and which group has which.
struct Flows {
    all: Vec<flows::Flow>,
    groups: Vec<(GroupId, FlowId)>,
}

impl Flows {
    fn read(p: &Practice) -> Result<Flows> {
        Ok(Flows { all: flows::all(p)?, groups: flows::of_groups(p)? })
    }

    fn of(&self, group: GroupId) -> Option<&flows::Flow> {
        let (_, flow) = self.groups.iter().find(|(of, _)| *of == group)?;
        self.all.iter().find(|one| one.id == *flow)
    }
}

/// One form for a new group and for one that stands.
#[derive(Template)]
#[template(path = "group_settings/form.html")]
struct GroupForm {
    title: String,
    action: String,
    errors: ErrorSummary,
    stale: bool,
    name: Field,
    colours: Vec<Swatch>,
    colour_error: String,
    flow: Field,
    /// Of the group that the form was made from; 0 for a new one.
    version: i64,
    key: String,
}
impl askama::filters::HtmlSafe for GroupForm {}

struct Swatch {
    colour: groups::Colour,
    chosen: bool,
    /// What somebody else has chosen meanwhile.
    now: bool,
}

#[derive(Template)]
#[template(path = "group_settings/one.html")]
struct GroupPage {
    shell: Shell,
    menu: Vec<Tab>,
    form: GroupForm,
}

struct Edit {
    group: Option<GroupId>,
    typed: Typed,
    /// Its intake flow, as it was chosen.
    flow: String,
    refused: Vec<FieldError>,
    now: Option<Group>,
    version: i64,
    key: String,
}

async fn form_page(ctx: &Ctx, edit: Edit, status: StatusCode) -> Result<Response> {
    let flows = ctx.door()?.read(Flows::read).await?;
    let words = ctx.words();
    let error = |name: &str| edit.refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let theirs = edit.now.as_ref().filter(|now| now.name != edit.typed.name).map(|now| now.name.clone());
    let title = if edit.group.is_some() { "Edit group" } else { "Add group" };
    let swatch = |colour: groups::Colour| Swatch {
        colour,
        chosen: colour.key == edit.typed.colour,
        now: edit.now.as_ref().is_some_and(|now| now.colour == colour.key && now.colour != edit.typed.colour),
    };
    let form = GroupForm {
        title: title.into(),
        action: edit.group.map_or_else(|| "/settings/groups".into(), |id| format!("/settings/groups/{id}")),
        errors: ErrorSummary {
            items: edit.refused.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        stale: edit.now.is_some(),
        name: Field::text("name", "Name")
            .value(&edit.typed.name)
            .error(error("name"))
            .now_saved(theirs)
            .required()
            .dir_auto()
            .max_length(groups::NAME_LIMIT)
            .autocomplete("off")
            .private(),
        colours: COLOURS.into_iter().map(swatch).collect(),
        colour_error: error("colour").unwrap_or_default(),
        flow: flow_field(&flows, &edit).error(error("flow_id")),
        version: edit.version,
        key: edit.key,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let page = GroupPage { shell: ctx.shell(title, Section::Settings), menu: menu(ctx, "/settings/groups")?, form };
    html(status, &page)
}

fn flow_field(flows: &Flows, edit: &Edit) -> Field {
    let none = Option_ { value: String::new(), label: "No intake flow".into() };
    let others = flows.all.iter().map(|flow| Option_ { value: flow.id.to_string(), label: flow.name.clone() });
    let now = edit.now.as_ref().map(|now| flows.of(now.id));
    let theirs = now.filter(|now| now.map(|flow| flow.id.to_string()).unwrap_or_default() != edit.flow);
    Field::select("flow_id", "Intake flow", std::iter::once(none).chain(others).collect())
        .required()
        .value(&edit.flow)
        .hint("What clients who come into the group from now on are led through.")
        .now_saved(theirs.map(|flow| flow.map_or_else(|| "No intake flow".into(), |flow| flow.name.clone())))
}

/// Gives the group the flow that was chosen. What is no flow of ours is said beside its field.
fn give_flow(p: &Practice, group: GroupId, chosen: &str) -> Result<()> {
    let unknown = || Error::Invalid(vec![FieldError::new("flow_id", "There is no such intake flow any more.")]);
    let flow = match chosen {
        "" => None,
        text => Some(text.parse().map_err(|_| unknown())?),
    };
    match flows::set_group(p, group, flow) {
        Err(Error::NotFound) => Err(unknown()),
        other => other,
    }
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct GroupTyped {
    name: String,
    colour: String,
    flow_id: String,
    version: i64,
    key: String,
}

impl GroupTyped {
    fn typed(&self) -> Typed {
        Typed { name: self.name.clone(), colour: self.colour.clone() }
    }
}

async fn new(ctx: Ctx) -> Result<Response> {
    let standing = ctx.door()?.read(groups::all).await?;
    // The first colour that no group has.
    let free = COLOURS.into_iter().find(|colour| standing.iter().all(|group| group.colour != colour.key));
    let edit = Edit {
        group: None,
        typed: Typed { name: String::new(), colour: free.unwrap_or(COLOURS[0]).key.into() },
        flow: String::new(),
        refused: Vec::new(),
        now: None,
        version: 0,
        key: ctx.app.ids.new_id().to_string(),
    };
    form_page(&ctx, edit, StatusCode::OK).await
}

async fn edit(ctx: Ctx, Path(id): Path<GroupId>) -> Result<Response> {
    let (group, flow) = ctx.door()?.read(move |p| Ok((groups::find(p, id)?, flows::of_group(p, id)?))).await?;
    let edit = Edit {
        group: Some(id),
        typed: Typed { name: group.name, colour: group.colour },
        flow: flow.map(|flow| flow.to_string()).unwrap_or_default(),
        refused: Vec::new(),
        now: None,
        version: group.version,
        key: String::new(),
    };
    form_page(&ctx, edit, StatusCode::OK).await
}

async fn create(ctx: Ctx, Form(form): Form<GroupTyped>) -> Result<Response> {
    let words = ctx.words();
    let typed = form.typed();
    // The page was made with an id: pressing twice adds one group.
    let key = form.key.parse::<uuid::Uuid>().is_ok().then(|| format!("group:{}:{}", form.key, groups_key(&form)));
    let refused = ctx
        .door()?
        .write({
            let (typed, flow) = (typed.clone(), form.flow_id.clone());
            move |p| {
                let mut refused = Vec::new();
                let added = once(p, key.as_deref(), b"add group", || match groups::add(p, &typed, words)? {
                    Saved::Saved(group) => {
                        give_flow(p, group.id, &flow)?;
                        Answer::new(StatusCode::CREATED, &group.id)
                    }
                    Saved::Refused(all) => Err(Error::Invalid(all)),
                    Saved::Stale(_) => Err(Error::internal("a new group cannot be stale")),
                });
                match added {
                    Ok(_) => {}
                    Err(Error::Invalid(all)) => refused = all,
                    Err(error) => return Err(error),
                }
                Ok(refused)
            }
        })
        .await?;
    if refused.is_empty() {
        return back(&ctx, "group-added").await;
    }
    let edit = Edit { group: None, typed, flow: form.flow_id, refused, now: None, version: 0, key: form.key };
    form_page(&ctx, edit, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// What makes two posts of one page the same.
fn groups_key(typed: &GroupTyped) -> String {
    let hash = crate::secrets::token_hash(&format!("{}\n{}\n{}", typed.name, typed.colour, typed.flow_id));
    hash[..8].iter().map(|b| format!("{b:02x}")).collect()
}

async fn save(ctx: Ctx, Path(id): Path<GroupId>, Form(form): Form<GroupTyped>) -> Result<Response> {
    let words = ctx.words();
    let typed = form.typed();
    let saved = ctx
        .door()?
        .write({
            let (typed, flow) = (typed.clone(), form.flow_id.clone());
            move |p| {
                let saved = groups::change(p, id, &typed, Some(form.version), words)?;
                if let Saved::Saved(group) = &saved {
                    give_flow(p, group.id, &flow)?;
                }
                Ok(saved)
            }
        })
        .await;
    let saved = match saved {
        // The transaction with the rest of the change is gone: nothing was saved.
        Err(Error::Invalid(refused)) => Saved::Refused(refused),
        other => other?,
    };
    let (flow, version) = (form.flow_id, form.version);
    let edit = Edit { group: Some(id), typed, flow, refused: Vec::new(), now: None, version, key: String::new() };
    match saved {
        Saved::Saved(_) => back(&ctx, "saved").await,
        Saved::Refused(refused) => form_page(&ctx, Edit { refused, ..edit }, StatusCode::UNPROCESSABLE_ENTITY).await,
        Saved::Stale(now) => {
            // Saving again from here keeps what is in the form, now that both versions were seen.
            let edit = Edit { version: now.version, now: Some(now), ..edit };
            form_page(&ctx, edit, StatusCode::CONFLICT).await
        }
    }
}

async fn back(ctx: &Ctx, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, "/settings/groups")?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MoveForm {
    way: String,
}

async fn shift(ctx: Ctx, Path(id): Path<GroupId>, Form(form): Form<MoveForm>) -> Result<Response> {
    let way = match form.way.as_str() {
        "up" => Way::Up,
        "down" => Way::Down,
        _ => return Err(Error::bad_request("A group moves up or down.")),
    };
    ctx.door()?.write(move |p| groups::shift(p, id, way)).await?;
    lead_to(&ctx, "/settings/groups")
}

/// Where the clients of a group go that is to be deleted, and how many they are.
#[derive(Template)]
#[template(path = "group_settings/delete.html")]
struct DeleteForm {
    id: String,
    name: String,
    clients: i64,
    errors: ErrorSummary,
    move_to: Field,
}
impl askama::filters::HtmlSafe for DeleteForm {}

#[derive(Template)]
#[template(path = "group_settings/one.html")]
struct DeletePage {
    shell: Shell,
    menu: Vec<Tab>,
    form: DeleteForm,
}

async fn delete_page(ctx: &Ctx, id: GroupId, refused: Option<String>, status: StatusCode) -> Result<Response> {
    let mut all = ctx.door()?.read(groups::counted).await?;
    let at = all.iter().position(|counted| counted.group.id == id).ok_or(Error::NotFound)?;
    let own = all.remove(at);
    let none = Option_ { value: String::new(), label: "No group".into() };
    let others = all.into_iter().map(|c| Option_ { value: c.group.id.to_string(), label: c.group.name });
    let items = refused.iter().map(|text| ("move_to".to_string(), text.clone())).collect();
    let form = DeleteForm {
        id: id.to_string(),
        name: own.group.name,
        clients: own.clients,
        errors: ErrorSummary { items, title: ctx.words().t("ui-error-summary") },
        move_to: Field::select("move_to", "Move its clients to", std::iter::once(none).chain(others).collect())
            .error(refused)
            .required(),
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let page =
        DeletePage { shell: ctx.shell("Delete group", Section::Settings), menu: menu(ctx, "/settings/groups")?, form };
    html(status, &page)
}

async fn ask_delete(ctx: Ctx, Path(id): Path<GroupId>) -> Result<Response> {
    delete_page(&ctx, id, None, StatusCode::OK).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeleteTyped {
    move_to: Option<String>,
}

async fn delete(ctx: Ctx, Path(id): Path<GroupId>, Form(form): Form<DeleteTyped>) -> Result<Response> {
    let choice = ctx.words().t("field-choice");
    let to = match form.move_to.as_deref() {
        Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ()),
        // Said by the form each time; what says nothing was not asked.
        None => Err(()),
    };
    let Ok(to) = to else {
        return delete_page(&ctx, id, Some(choice), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    match ctx.door()?.write(move |p| groups::delete(p, id, to)).await? {
        Deleted::Deleted { .. } => back(&ctx, "group-deleted").await,
        Deleted::NoSuchPlace => delete_page(&ctx, id, Some(choice), StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}
