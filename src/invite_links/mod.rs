//! Invite links: an address for everybody, by which people sign up themselves.
//!
//! There is one live link for each group and provider. It stays the same until it is renewed or revoked; it ends with its
//! group, and leads nowhere while its provider is disabled. No table holds its token: it is derived from its id. Whoever
//! signs up gets a record in that group with that provider, an account that is provisional until the e-mail is proven,
//! and is in the portal at once; docs/decisions/0008 says why nothing of whoever has the address can be touched by it.

mod api;
pub mod jobs;
mod join;
mod queries;
mod share;
mod sign_up;

pub use sign_up::{New, Outcome, Typed, sign_up};

use crate::access::{Actor, Reach};
use crate::app::App;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::ids::{GroupId, InviteLinkId, MemberId, PracticeId};
use crate::practice::{House, Practice};
use crate::routes::Routes;
use crate::words::Words;
use crate::{groups, members};

const PURPOSE: &str = "invite link";
/// Chosen where there is to be no provider: pages leave out what is empty.
const NOBODY: &str = "none";
/// Openings written down for one link; a scanner may open it for ever.
const OPENINGS_LIMIT: i64 = 1_000;

pub fn routes(routes: Routes) -> Routes {
    api::routes(join::routes(share::routes(routes)))
}

/// Where whoever signs up lands: in a group, with a provider; either may be nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub group: Option<GroupId>,
    pub provider: Option<MemberId>,
}

impl Target {
    /// The two as one text, for the unique key: in that, one nothing would not equal another.
    fn key(&self) -> String {
        let or_nobody = |id: Option<String>| id.unwrap_or_else(|| "-".into());
        let group = or_nobody(self.group.map(|id| id.to_string()));
        format!("{group} {}", or_nobody(self.provider.map(|id| id.to_string())))
    }
}

/// A live link.
#[derive(Debug, Clone)]
pub struct Link {
    pub id: InviteLinkId,
    pub target: Target,
    pub created_at: Instant,
    pub group_name: Option<String>,
    pub provider_name: Option<String>,
}

/// A live link, and what came of it.
#[derive(Debug, Clone)]
pub struct Counted {
    pub link: Link,
    pub opened: i64,
    pub signed_up: i64,
}

/// What came of asking for a link.
#[derive(Debug, Clone)]
pub enum Made {
    Made(Link),
    /// There was one already, and it still holds.
    Known(Link),
}

/// Reads whom a link is for. Providers share links of their own; everybody else those of any provider or of nobody.
pub fn target(
    p: &Practice,
    group: &str,
    provider: &str,
    words: Words,
) -> Result<std::result::Result<Target, Vec<FieldError>>> {
    let groups = groups::all(p)?;
    let providers = members::providers(p)?;
    let group = choice(group, |id| groups.iter().any(|group| group.id == *id));
    let provider = choice(provider, |id| providers.iter().any(|member| member.id == *id));
    let provider = provider.filter(|provider| may_share(p, *provider));
    let refused = [("group_id", group.is_none()), ("provider_id", provider.is_none())];
    let refused = refused.into_iter().filter(|(_, refused)| *refused);
    match group.zip(provider) {
        Some((group, provider)) => Ok(Ok(Target { group, provider })),
        None => Ok(Err(refused.map(|(field, _)| FieldError::new(field, words.t("field-choice"))).collect())),
    }
}

/// Whose id a choice is; nobody's for an empty one or `none`. Nothing: an id that is not among those to choose from.
fn choice<T: std::str::FromStr>(text: &str, known: impl Fn(&T) -> bool) -> Option<Option<T>> {
    match text.trim() {
        "" | NOBODY => Some(None),
        text => text.parse().ok().filter(known).map(Some),
    }
}

/// Whether the actor may see, make and end links of a provider.
fn may_share(p: &Practice, provider: Option<MemberId>) -> bool {
    match p.actor.reach() {
        Reach::All => true,
        Reach::CareTeam(me) => provider == Some(me),
        Reach::Own(_) | Reach::Nobody => false,
    }
}

/// The live link for a group and a provider, if one was made.
pub fn live(p: &Practice, target: Target) -> Result<Option<Counted>> {
    let Some(link) = queries::live(p, &target.key())? else {
        return Ok(None);
    };
    count(p, link).map(Some)
}

fn count(p: &Practice, link: Link) -> Result<Counted> {
    Ok(Counted { opened: queries::count_openings(p, link.id)?, signed_up: queries::count_sign_ups(p, link.id)?, link })
}

/// Every live link that the actor may share, in the order of the groups.
pub fn all(p: &Practice) -> Result<Vec<Counted>> {
    let links = match p.actor.reach() {
        Reach::CareTeam(me) => queries::of_provider(p, me)?,
        _ => queries::all(p)?,
    };
    links.into_iter().map(|link| count(p, link)).collect()
}

/// Makes the link for a group and a provider, unless there is one.
pub fn create(p: &Practice, target: Target) -> Result<Made> {
    if let Some(known) = queries::live(p, &target.key())? {
        return Ok(Made::Known(known));
    }
    let id = insert(p, target)?;
    p.audit(&Entry::new("invite_link.created", "invite_link", Some(id.0)))?;
    Ok(Made::Made(find(p, id)?))
}

fn insert(p: &Practice, target: Target) -> Result<InviteLinkId> {
    let id = InviteLinkId(p.new_id());
    queries::insert(p, id, target, &target.key())?;
    Ok(id)
}

/// A live link that the actor may share.
pub fn find(p: &Practice, id: InviteLinkId) -> Result<Link> {
    queries::by_id(p, id)?.filter(|link| may_share(p, link.target.provider)).ok_or(Error::NotFound)
}

/// Ends a link and makes another for the same group and provider.
pub fn renew(p: &Practice, id: InviteLinkId) -> Result<Link> {
    let link = find(p, id)?;
    queries::revoke(p, id)?;
    let next = insert(p, link.target)?;
    p.audit(&Entry::new("invite_link.renewed", "invite_link", Some(next.0)))?;
    find(p, next)
}

/// Ends a link: nobody signs up by it any more.
pub fn revoke(p: &Practice, id: InviteLinkId) -> Result<Link> {
    let link = find(p, id)?;
    queries::revoke(p, id)?;
    p.audit(&Entry::new("invite_link.revoked", "invite_link", Some(id.0)))?;
    Ok(link)
}

/// The link's address: derived, the same each time.
pub fn address(app: &App, practice: PracticeId, id: InviteLinkId) -> String {
    app.config.link(&format!("/join/{}", app.secrets.link_token(PURPOSE, &[practice.0, id.0])))
}

fn read_token(h: &House, token: &str) -> Option<(PracticeId, InviteLinkId)> {
    let [practice, id] = h.app.secrets.read_link_token::<2>(PURPOSE, token)?;
    Some((PracticeId(practice), InviteLinkId(id)))
}

/// Notes that somebody, or a program that looks at links, opened one.
fn note_opened(h: &House, token: &str) -> Result<()> {
    let Some((practice, id)) = read_token(h, token) else {
        return Ok(());
    };
    let actor = Actor::link_holder(practice);
    let p = h.practice(&actor);
    if queries::by_id(&p, id)?.is_some() && queries::count_openings(&p, id)? < OPENINGS_LIMIT {
        queries::insert_opening(&p, id)?;
    }
    Ok(())
}
