//! Home: the first page of the staff. What needs a hand now: invitations that did not arrive or wait for an answer.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::{ANY_STAFF, Reach, Role};
use crate::activities::Before;
use crate::audit::{Entry, note_read};
use crate::error::Result;
use crate::ids::ClientId;
use crate::newsfeed::{self, Feed, Wanted, Where};
use crate::params;
use crate::people::initials;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Empty, Link, Section, Shell};
use crate::web::{Ctx, html};

/// People shown in each list.
const SHOWN: i64 = 8;

macro_rules! by_state {
    ($reach:literal) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, i.email from invitations i
             join clients c on c.practice_id = i.practice_id and c.id = i.client_id and c.status = 'active'
             where i.practice_id = $1 and i.state = $2 and i.purpose <> $5 and ",
            $reach,
            " order by i.created_at desc limit $4"
        )
    };
}
// Who signed up by an invite link; only the newest mail to confirm counts, so that nobody is listed twice.
macro_rules! unconfirmed {
    ($reach:literal) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, i.email from invitations i
             join clients c on c.practice_id = i.practice_id and c.id = i.client_id and c.status = 'active'
             where i.practice_id = $1 and i.state in ('queued', 'sent', 'kept', 'bounced') and i.purpose = 'sign_up'
             and i.created_at > $2 and ",
            $reach,
            " order by i.created_at desc limit $4"
        )
    };
}
macro_rules! newest {
    ($reach:literal) => {
        concat!(
            "select c.id, c.first_name, c.last_name, c.preferred_name, coalesce(c.email, '') from clients c
             where c.practice_id = $1 and c.created_at > $2 and ",
            $reach,
            " order by c.created_at desc, c.id desc limit $4"
        )
    };
}

crate::sql! {
    tenant BY_STATE = by_state!("cast($3 as uuid) is not null");
    tenant BY_STATE_TEAM =
        by_state!("c.id in (select t.client_id from care_team t where t.practice_id = $1 and t.member_id = $3)");
    tenant UNCONFIRMED = unconfirmed!("cast($3 as uuid) is not null");
    tenant UNCONFIRMED_TEAM =
        unconfirmed!("c.id in (select t.client_id from care_team t where t.practice_id = $1 and t.member_id = $3)");
    tenant ANYBODY = "select id from clients where practice_id = $1 and id > $2 order by id limit 1";
    tenant NEWEST = newest!("cast($3 as uuid) is not null");
    tenant NEWEST_TEAM =
        newest!("c.id in (select t.client_id from care_team t where t.practice_id = $1 and t.member_id = $3)");
}

pub fn routes(routes: Routes) -> Routes {
    routes.get("/home", ANY_STAFF, show)
}

struct Person {
    id: ClientId,
    name: String,
    initials: String,
    email: String,
}

struct Lists {
    bounced: Vec<Person>,
    kept: Vec<Person>,
    waiting: Vec<Person>,
    newest: Vec<Person>,
    /// Signed up by an invite link, and the email is not confirmed yet.
    unconfirmed: Vec<Person>,
    /// Nobody was ever added: the practice is new.
    first_day: bool,
}

impl Lists {
    /// How many lines name somebody.
    fn shown(&self) -> usize {
        [&self.bounced, &self.kept, &self.waiting, &self.newest, &self.unconfirmed].iter().map(|list| list.len()).sum()
    }
}

fn to_person(row: &crate::db::Row) -> Result<Person> {
    let (first, last): (String, String) = (row.get(1)?, row.get(2)?);
    let preferred: Option<String> = row.get(3)?;
    let name = format!("{} {last}", preferred.unwrap_or(first));
    Ok(Person { id: row.get(0)?, initials: initials(&name), name, email: row.get(4)? })
}

fn look(p: &Practice) -> Result<Lists> {
    let (states, unconfirmed, newest, member) = match p.actor.reach() {
        Reach::CareTeam(member) => (&BY_STATE_TEAM, &UNCONFIRMED_TEAM, &NEWEST_TEAM, member.0),
        _ => (&BY_STATE, &UNCONFIRMED, &NEWEST, uuid::Uuid::nil()),
    };
    // Whoever signed up is here already: that their mail waits is said in a list of its own.
    let in_state = |state: &str, but: &str| p.all(states, params![state, member, SHOWN, but], to_person);
    let month_ago = p.now.minus(std::time::Duration::from_secs(30 * 86_400));
    Ok(Lists {
        bounced: in_state("bounced", "")?,
        kept: in_state("kept", "sign_up")?,
        waiting: in_state("sent", "sign_up")?,
        unconfirmed: distinct(p.all(unconfirmed, params![month_ago, member, SHOWN], to_person)?),
        newest: p.all(newest, params![month_ago, member, SHOWN], to_person)?,
        first_day: p.one(&ANYBODY, params![uuid::Uuid::nil()], |row| Ok(row.get::<ClientId>(0)?))?.is_none(),
    })
}

/// Each person once: a mail may have been sent again.
fn distinct(mut people: Vec<Person>) -> Vec<Person> {
    let mut seen = std::collections::HashSet::new();
    people.retain(|person| seen.insert(person.id));
    people
}

#[derive(Template)]
#[template(path = "home/show.html")]
struct HomePage {
    shell: Shell,
    lists: Lists,
    feed: Feed,
    empty: Option<Empty>,
    runs_practice: bool,
    /// Mail that was kept can be read on this machine.
    outbox: bool,
}

async fn show(ctx: Ctx) -> Result<Response> {
    let (lists, news, unread) = ctx
        .door()?
        .read(|p| {
            let news = newsfeed::page(p, Wanted::default(), Before::FIRST, newsfeed::AT_HOME)?;
            Ok((look(p)?, news, newsfeed::unread(p)?))
        })
        .await?;
    let shown = lists.shown() + news.items.len();
    let entry = Entry::new("client.listed", "client", None).detail(shown.to_string());
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let nobody =
        lists.bounced.is_empty() && lists.kept.is_empty() && lists.waiting.is_empty() && lists.newest.is_empty();
    let nobody = nobody && lists.unconfirmed.is_empty() && news.items.is_empty();
    let empty = nobody.then(|| Empty {
        title: "A quiet day".into(),
        text: "Nothing waits for you. New clients and invitations that need a hand show up here.".into(),
        action: Some(Link { href: "/clients/new".into(), label: "Add Client".into(), dialog: true }),
    });
    let first = ctx.member()?.name.split(' ').next().unwrap_or_default().to_string();
    let (member, zone) = (ctx.member()?.id, &ctx.practice()?.time_zone);
    let page = HomePage {
        shell: ctx.shell(format!("Hello, {first}"), Section::Home),
        feed: Feed::new(&news, unread, Wanted::default(), Before::FIRST, member, zone, Where::Home),
        lists,
        empty,
        runs_practice: matches!(ctx.member()?.role, Role::Owner | Role::Admin),
        outbox: ctx.app.config.is_local(),
    };
    html(StatusCode::OK, &page)
}
