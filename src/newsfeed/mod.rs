//! Newsfeed: what is new about the clients that a member cares for, with what they have not seen yet marked. What is news to
//! whom is decided when it happens (`activities`); this shows it.

mod api;
mod choices;
mod feed;
pub mod jobs;
mod pages;
mod queries;

pub use feed::{Feed, Where};

use uuid::Uuid;

use crate::access::Reach;
use crate::activities::{Before, Choice, Topic};
use crate::audit::Entry as AuditEntry;
use crate::error::{Error, Result};
use crate::ids::{ClientFormId, ClientId, MemberId};
use crate::practice::{House, Practice};
use crate::routes::Routes;
use crate::timeline::{Entry, Page};

/// Items that Home shows, of a page, and the most that the API gives at once.
pub const AT_HOME: i64 = 8;
pub const PAGE: i64 = 50;
/// How far unread items are counted.
pub const UNREAD_LIMIT: i64 = 100;
/// Days that an item stays in a newsfeed. The client's timeline keeps everything.
const KEPT_DAYS: u32 = 180;

pub fn routes(routes: Routes) -> Routes {
    api::routes(choices::routes(pages::routes(routes)))
}

/// Something that is news to a member.
#[derive(Debug, Clone)]
pub struct Item {
    pub entry: Entry,
    pub topic: Topic,
    pub client: ClientId,
    pub name: String,
    pub seen: bool,
}

/// What of a newsfeed is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    pub topic: Option<Topic>,
    pub client: Option<ClientId>,
}

/// A page of the actor's own newsfeed.
pub fn page(p: &Practice, wanted: Wanted, before: Before, limit: i64) -> Result<Page<Item>> {
    let items = queries::list(p, me(p)?, wanted, before, limit + 1)?;
    Ok(Page::of(items, limit, |item| Before(item.entry.at, item.entry.id)))
}

/// How many the actor has not seen, counted up to `UNREAD_LIMIT`.
pub fn unread(p: &Practice) -> Result<i64> {
    queries::unread(p, me(p)?)
}

/// What an item leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    Record(ClientId),
    /// The answers of one form, for those who read answers.
    Form(ClientFormId),
    /// All forms of a client.
    Forms(ClientId),
}

/// Marks one item as seen; what it is about. Errors: not found, in the actor's own newsfeed.
pub fn open(p: &Practice, id: Uuid) -> Result<Lead> {
    let member = me(p)?;
    let (client, topic) = queries::client_of(p, member, id)?.ok_or(Error::NotFound)?;
    queries::mark(p, member, id)?;
    if topic != Topic::Forms.as_str() {
        return Ok(Lead::Record(client));
    }
    let reads = p.actor.member().is_some_and(|member| member.role.is_clinical());
    let form = if reads { queries::form_of(p, id)? } else { None };
    Ok(form.map_or(Lead::Forms(client), Lead::Form))
}

/// Where an item stands in the actor's newsfeed; nothing: it is none of theirs.
fn place_of(p: &Practice, id: Uuid) -> Result<Option<Before>> {
    queries::place_of(p, me(p)?, id)
}

/// Marks everything up to an item as seen; what came later stays new.
pub fn mark_all(p: &Practice, up_to: Before) -> Result<()> {
    queries::mark_all(p, me(p)?, up_to)
}

/// What the actor chose for each topic.
pub fn choices(p: &Practice) -> Result<Vec<(Topic, Choice)>> {
    let kept = queries::choices(p, me(p)?)?;
    let of = |topic: Topic| kept.iter().find(|(name, _)| name == topic.as_str()).map(|(_, choice)| choice.as_str());
    Ok(Topic::ALL.into_iter().map(|topic| (topic, Choice::kept(of(topic)))).collect())
}

/// Chooses for some topics; the others stay as they are.
pub fn choose(p: &Practice, chosen: &[(Topic, Choice)]) -> Result<()> {
    let member = me(p)?;
    for (topic, choice) in chosen {
        queries::choose(p, member, *topic, *choice)?;
    }
    p.audit(&AuditEntry::new("newsfeed.choices_changed", "member", Some(member.0)))
}

/// Deletes what is old.
pub fn purge(h: &House) -> Result<()> {
    queries::purge(h, h.now.minus(std::time::Duration::from_secs(86_400) * KEPT_DAYS))
}

fn me(p: &Practice) -> Result<MemberId> {
    p.actor.member().map(|member| member.id).ok_or(Error::NotFound)
}

/// Whether the actor sees only the clients whose care team they are on.
fn is_narrow(p: &Practice) -> bool {
    p.actor.reach() != Reach::All
}
