//! Who is in a group: shown to everybody in it; the staff bring somebody in or take them out, and everybody can leave.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::group_queries::{self, InGroup};
use super::groups::{join_group, leave_group, may_leave};
use super::pages::{PORTAL, is_staff};
use super::receive::{clients, noted};
use super::rights::open;
use super::said_pages::framed;
use super::show::Views;
use super::{Kind, Person, Standing};
use crate::access::{ANY_STAFF, Who};
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ConversationId, MemberId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Option_};
use crate::web::{Ctx, Form, Path, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/chat/{id}/people", ANY_STAFF, show)
        .get("/portal/messages/{id}/people", PORTAL, show)
        .post("/chat/{id}/people", ANY_STAFF, join)
        .post("/chat/{id}/leave", ANY_STAFF, leave)
        .post("/portal/messages/{id}/leave", PORTAL, leave)
}

#[derive(Template)]
#[template(path = "chat/people.html")]
struct PeopleView {
    words: Words,
    base: &'static str,
    id: ConversationId,
    staff: Vec<Named>,
    clients: Vec<Named>,
    /// Clients who have left it.
    left: Vec<Named>,
    errors: ErrorSummary,
    /// Who could join it. Nothing: there is nobody, or whoever looks brings nobody in.
    joins: Option<Field>,
    /// Whoever looks takes clients out, and brings them back.
    moves: bool,
    /// Whoever looks is in it.
    leaves: bool,
}

struct Named {
    id: String,
    name: String,
    me: bool,
}

/// What the page is made of.
struct Gathered {
    standing: Standing,
    people: Vec<InGroup>,
    joins: Vec<(MemberId, String)>,
    clients: Vec<ClientId>,
    leaves: bool,
}

fn gather(p: &Practice, id: ConversationId) -> Result<Gathered> {
    let (conversation, standing) = open(p, id)?;
    if conversation.kind != Kind::Group {
        return Err(Error::NotFound);
    }
    let joins = p.actor.member().is_some() && standing == Standing::Writes;
    Ok(Gathered {
        people: group_queries::people(p, id)?,
        joins: if joins { group_queries::can_join(p, id)? } else { Vec::new() },
        clients: clients(p, &conversation)?,
        leaves: may_leave(p, standing)?,
        standing,
    })
}

async fn show(ctx: Ctx, Path(id): Path<ConversationId>) -> Result<Response> {
    page(&ctx, id, &[], StatusCode::OK).await
}

async fn page(ctx: &Ctx, id: ConversationId, refused: &[FieldError], status: StatusCode) -> Result<Response> {
    let found = ctx.door()?.read(move |p| gather(p, id)).await?;
    noted(ctx, found.clients.clone()).await?;
    let (views, words, staff) = (Views::of(ctx)?, ctx.words(), is_staff(ctx)?);
    let me = match &ctx.actor()?.who {
        Who::Member(member) => Some(Person::Member(member.id)),
        Who::Client(viewer) => Some(Person::Client(viewer.client)),
        Who::HandedOver(_) | Who::LinkHolder | Who::System => None,
    };
    let named = |wanted: &dyn Fn(&InGroup) -> bool| {
        let one = |one: &InGroup| Named {
            id: one.person.id().to_string(),
            name: one.name.clone(),
            me: Some(one.person) == me,
        };
        found.people.iter().filter(|one| wanted(one)).map(one).collect::<Vec<_>>()
    };
    let moves = staff && found.standing == Standing::Writes;
    let view = PeopleView {
        words,
        base: views.base,
        id,
        staff: named(&|one| one.is_there() && one.person.client().is_none()),
        clients: named(&|one| one.is_there() && one.person.client().is_some()),
        left: if moves { named(&|one| one.left && one.person.client().is_some()) } else { Vec::new() },
        errors: ErrorSummary {
            items: refused.iter().map(|one| (one.field.clone(), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        // Whoever was just refused sees what they chose from.
        joins: (moves && !(found.joins.is_empty() && refused.is_empty()))
            .then(|| joining(words, &found.joins, refused)),
        moves,
        leaves: found.leaves,
    };
    framed(ctx, words.t("chat-people"), status, &view)
}

fn joining(words: Words, joins: &[(MemberId, String)], refused: &[FieldError]) -> Field {
    let option = |value: &str, label: String| Option_ { value: value.into(), label };
    let mut options = vec![option("", words.t("chat-people-choose"))];
    options.extend(joins.iter().map(|(id, name)| option(&id.to_string(), name.clone())));
    Field::select("person", words.t("chat-people-add"), options)
        .hint(words.t("chat-people-add-hint"))
        .error(refused.first().map(|one| one.message.clone()))
        .words(words)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    /// A member who joins, or a client: `client` with their id.
    person: String,
    client: String,
}

async fn join(ctx: Ctx, Path(id): Path<ConversationId>, Form(which): Form<Which>) -> Result<Response> {
    let nobody = || Error::Invalid(vec![FieldError::new("person", "Choose somebody.")]);
    let person = match which.client.as_str() {
        "" => which.person.parse().map(Person::Member).map_err(|_| nobody()),
        client => client.parse().map(Person::Client).map_err(|_| nobody()),
    };
    let joined = ctx
        .door()?
        .write(move |p| {
            // Whose group it is not learns nothing of what was wrong.
            open(p, id)?;
            join_group(p, id, person.as_ref().copied().map_err(|_| nobody())?)
        })
        .await;
    match joined {
        Ok(()) => lead_to(&ctx, &format!("/chat/{id}")),
        Err(Error::Invalid(refused)) => page(&ctx, id, &refused, StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(error) => Err(error),
    }
}

async fn leave(ctx: Ctx, Path(id): Path<ConversationId>, Form(which): Form<Which>) -> Result<Response> {
    let own = match &ctx.actor()?.who {
        Who::Member(member) => Person::Member(member.id),
        Who::Client(viewer) => Person::Client(viewer.client),
        Who::HandedOver(_) | Who::LinkHolder | Who::System => return Err(Error::NotFound),
    };
    let person = match which.client.as_str() {
        "" => own,
        client => Person::Client(client.parse().map_err(|_| Error::NotFound)?),
    };
    ctx.door()?.write(move |p| leave_group(p, id, person)).await?;
    let base = Views::of(&ctx)?.base;
    lead_to(&ctx, &if person == own { base.to_string() } else { format!("{base}/{id}") })
}
