//! Clients: the records of the people a practice cares for.
//!
//! Added with a first and a last name; everything else can follow. With an e-mail the client is invited, unless that is
//! switched off. A change of the e-mail may move the login (`email.rs`). Every save carries the version it was made
//! from: a stale one is refused and both versions are shown. Lists are searched by any fragment and paged by key.

mod api;
mod api_body;
mod archive;
mod archive_pages;
mod card;
mod columns;
mod duplicates;
mod email;
mod export;
mod filters;
mod form;
mod head;
mod list;
mod list_queries;
mod merged;
mod messages;
mod new;
mod pages;
mod profile;
mod queries;
mod record;
mod sections;

pub use api_body::{InvitationBody, Record};
pub use archive::{archive, invite, refuse_archived, restore};
pub use email::EmailChange;
pub use head::{Head, Side, head};
pub use list::{gather, understands};
pub use merged::{Match, alike, bring_back, lay_over, lookup, merged, set_merged};
pub use record::{Client, Fields, Typed, parse, parse_change};

use jiff::civil::Date;

use crate::access::Reach;
use crate::activities::Kind as Activity;
use crate::app::Shared;
use crate::audit::Entry;
use crate::care_team;
use crate::chat::{self, Moment};
use crate::error::{Error, Result};
use crate::flows;
use crate::ids::{ClientId, MemberId};
use crate::invitations::{self, Invited, Purpose};
use crate::people::is_minor;
use crate::portal_access;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{Tab, Tabs};

pub fn routes(routes: Routes) -> Routes {
    api::routes(export::routes(card::routes(profile::routes(archive_pages::routes(new::routes(messages::routes(
        pages::routes(routes),
    )))))))
}

/// The tabs of Add Client: the form, and the link by which people sign up themselves.
pub fn ways(current: &str) -> Tabs {
    let all = [("/clients/new", "Add Client"), ("/clients/invite-link", "Share Invite Link")];
    let tab = |(href, label): (&str, &str)| Tab { href: href.into(), label: label.into(), current: href == current };
    Tabs { label: "Ways to add a client".into(), items: all.into_iter().map(tab).collect() }
}

/// Whether an invitation goes out when the client is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inviting {
    Now,
    Later,
}

/// Where a record stands, as the database says it.
pub struct Status;

impl Status {
    pub const ACTIVE: &str = "active";
    pub const ARCHIVED: &str = "archived";
    /// Merged into another record, and in no list.
    pub const MERGED: &str = "merged";
}

/// How a client arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Added,
    Api,
    /// Signed up by an invite link; the address on the record is what they typed.
    InviteLink,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Added => "added",
            Source::Api => "api",
            Source::InviteLink => "invite_link",
        }
    }
}

/// Seals the notes that an earlier version left in clear.
pub async fn seal_notes(app: &Shared) -> Result<()> {
    const SLICE: i64 = 500;
    while app.write(|h| queries::seal_notes(h, SLICE)).await? > 0 {}
    Ok(())
}

/// A client who was just added, and what became of the invitation.
#[derive(Debug, Clone)]
pub struct Added {
    pub id: ClientId,
    pub invited: Option<Invited>,
}

/// Adds a client, with a care team, and invites them if they have an address and that is wanted.
pub fn add(p: &Practice, fields: &Fields, inviting: Inviting, source: Source) -> Result<Added> {
    let id = ClientId(p.new_id());
    queries::insert(p, id, fields, source.as_str())?;
    queries::set_prefixes(p, id, fields)?;
    // That they came says whose they are.
    care_team::set(p, id, &team(p, fields))?;
    care_team::open_added(p, id)?;
    let arrived = if source == Source::InviteLink { Activity::SignedUp } else { Activity::ClientAdded };
    p.note(arrived, id, Some(source.as_str()))?;
    p.audit(&Entry::of_client("client.added", id).detail(source.as_str()))?;
    flows::entered_group(p, id, fields.group)?;
    let invited = match (&fields.email, inviting) {
        (Some(email), Inviting::Now) => Some(invitations::invite(p, id, email, Purpose::Invite)?),
        // Nothing is queued for nobody.
        _ => None,
    };
    chat::welcome(p, id, Moment::Added)?;
    Ok(Added { id, invited })
}

/// The primary provider, the others, and a provider who adds somebody for a colleague: they would lose sight of them.
fn team(p: &Practice, fields: &Fields) -> Vec<MemberId> {
    let mut team: Vec<MemberId> = fields.primary_provider.into_iter().chain(fields.care_team.iter().copied()).collect();
    if let Reach::CareTeam(me) = p.actor.reach() {
        team.push(me);
    }
    team.sort();
    team.dedup();
    team
}

/// What came of saving a record.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved {
        email: EmailChange,
    },
    /// Somebody else saved in between; what stands now.
    Stale(Box<Client>),
    /// The client signs in with the address; it can be changed, not taken away.
    EmailNeeded,
}

/// Saves a record. `version`: the one that the change was made from; nothing: whatever stands now is changed.
/// Errors: not found, for whoever may not see the client.
pub fn change(p: &Practice, id: ClientId, fields: &Fields, version: Option<i64>) -> Result<Saved> {
    let current = find(p, id)?;
    if version.is_some_and(|version| version != current.version) {
        return Ok(Saved::Stale(Box::new(current)));
    }
    archive::refuse_archived(&current.status)?;
    let changed = current.fields.differing(fields);
    if changed.is_empty() {
        return Ok(Saved::Saved { email: EmailChange::None });
    }
    let email = email::change(p, &current, fields.email.as_ref())?;
    if email == EmailChange::Needed {
        return Ok(Saved::EmailNeeded);
    }
    queries::update(p, id, fields)?;
    queries::set_prefixes(p, id, fields)?;
    came_of_age(p, &current, fields)?;
    if current.fields.group != fields.group {
        flows::entered_group(p, id, fields.group)?;
    }
    // The former main provider stays on the team unless taken off it.
    let moved = care_team::set(p, id, &keeping_former(&current, fields))?;
    note_care(p, id, current.fields.primary_provider, fields.primary_provider, &moved)?;
    // Who cares for somebody is said in words of its own.
    let others: Vec<&str> =
        changed.iter().filter(|name| !["primary_provider_id", "care_team_ids"].contains(name)).copied().collect();
    if !others.is_empty() {
        p.note(Activity::ClientChanged, id, Some(&others.join(", ")))?;
    }
    p.audit(&Entry::of_client("client.changed", id).detail(changed.join(", ")))?;
    chat::welcome(p, id, Moment::Changed)?;
    Ok(Saved::Saved { email })
}

/// A corrected date of birth may say that somebody is of age: from then on only who has their word is in their portal.
fn came_of_age(p: &Practice, current: &Client, fields: &Fields) -> Result<()> {
    let zone = p.house().practice_info(p.id)?.map(|info| info.time_zone).unwrap_or_default();
    let today = p.now.date_in(&zone);
    let minor = |born: Option<Date>| born.is_some_and(|born| is_minor(born, today));
    if minor(current.fields.date_of_birth) && !minor(fields.date_of_birth) {
        invitations::void_contacts(p, current.id)?;
        portal_access::end_unagreed(p, current.id)?;
    }
    Ok(())
}

/// Notes who came to care for a client and who does no longer.
fn note_care(
    p: &Practice,
    id: ClientId,
    was: Option<MemberId>,
    is: Option<MemberId>,
    moved: &care_team::Moved,
) -> Result<()> {
    if was != is {
        p.note_member(Activity::PrimaryProvider, id, is)?;
    }
    // That somebody became the primary provider says that they joined.
    for member in moved.joined.iter().filter(|member| Some(**member) != is || was == is) {
        p.note_member(Activity::TeamJoined, id, Some(*member))?;
    }
    for member in &moved.left {
        p.note_member(Activity::TeamLeft, id, Some(*member))?;
    }
    Ok(())
}

fn keeping_former(current: &Client, fields: &Fields) -> Vec<MemberId> {
    let mut team: Vec<MemberId> = fields.primary_provider.into_iter().chain(fields.care_team.iter().copied()).collect();
    let primary_changed = current.fields.primary_provider != fields.primary_provider;
    let team_untouched = current.fields.care_team == fields.care_team;
    if primary_changed && team_untouched {
        team.extend(current.fields.primary_provider);
    }
    team.sort();
    team.dedup();
    team
}

/// Gives a client back to the primary provider they had. Whoever had come in their place leaves, unless they `stay` on
/// the team because they were on it before.
pub fn hand_back(p: &Practice, id: ClientId, to: Option<MemberId>, stays: Option<MemberId>) -> Result<()> {
    let current = find(p, id)?;
    archive::refuse_archived(&current.status)?;
    let mut fields = current.fields.clone();
    fields.primary_provider = to;
    fields.care_team.extend(stays);
    fields.care_team.retain(|member| Some(*member) != to);
    queries::update(p, id, &fields)?;
    let moved = care_team::set(p, id, &team(p, &fields))?;
    note_care(p, id, current.fields.primary_provider, to, &moved)?;
    p.audit(&Entry::of_client("client.changed", id).detail("primary_provider_id, care_team_ids"))
}

/// A record that is opened and read: who runs the practice and is not on the care team has given a reason for it.
/// Errors: not found; outside the team.
pub fn open(p: &Practice, id: ClientId) -> Result<Client> {
    let client = find(p, id)?;
    care_team::refuse_outsider(p, id)?;
    Ok(client)
}

/// A record, for whoever may see it: for what is done with it, and what a list shows.
pub fn find(p: &Practice, id: ClientId) -> Result<Client> {
    if care_team::may_see(p, id)? {
        return queries::by_id(p, id)?.ok_or(Error::NotFound);
    }
    Err(merged::stays_as(p, id)?.map_or(Error::NotFound, Error::Merged))
}
