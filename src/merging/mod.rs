//! Merge: two records of one person become one, with a preview that names each thing; undone within thirty days.
//!
//! One record stays and the other goes into it: contacts, care team, history and the way into the portal move over, and
//! what is empty in the one is filled from the other. Each row that moves is written down, and goes back with Undo. Where
//! both have a portal the account of the record that stays goes on; nobody's password or address is touched.

mod api;
mod pages;
mod plan;
mod queries;

use std::time::Duration;

pub use plan::{Custody, Invitations, Plan, Portal, plan};

use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::bus::Hint;
use crate::clients::{self, Client};
use crate::clock::Instant;
use crate::contacts;
use crate::error::{Error, Result};
use crate::flows;
use crate::ids::{ClientId, ContactId, MemberId, MergeId};
use crate::invitations;
use crate::people::Email;
use crate::portal_access;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::words::Words;

/// How long a merge can be undone.
pub const UNDO_FOR: Duration = Duration::from_secs(30 * 86_400);

pub fn routes(routes: Routes) -> Routes {
    api::routes(pages::routes(routes))
}

/// A merge that was made.
#[derive(Debug, Clone)]
pub struct Merge {
    pub id: MergeId,
    pub kept: ClientId,
    pub gone: ClientId,
    status_before: String,
    /// Names of the fields that were taken over.
    filled: Vec<String>,
    /// The e-mail that gave way to the other record's.
    email_before: Option<String>,
    pub at: Instant,
    pub undone: bool,
    /// The name on the record that went.
    pub name: String,
    /// Who merged them.
    pub by: Option<String>,
}

impl Merge {
    /// Until when it can be undone.
    pub fn until(&self) -> Instant {
        self.at.plus(UNDO_FOR)
    }

    pub fn can_be_undone(&self, now: Instant) -> bool {
        !self.undone && now < self.until()
    }
}

/// Something that a merge moved and that Undo looks at by itself.
enum Moved {
    Contact(ContactId, bool),
    Member(MemberId),
}

/// Why two records cannot be merged, or a merge not undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A record with itself.
    Same,
    /// The one that stays is archived.
    Archived,
    /// Together they would have more contacts, or members, than a client can have.
    TooManyContacts,
    TooManyMembers,
    /// Somebody changed one of them since the preview was made.
    Changed,
    /// It was undone already.
    Undone,
    /// Thirty days are over.
    TooLate,
}

impl Refusal {
    pub fn said(self) -> &'static str {
        match self {
            Refusal::Same => "That is this record itself. Choose another one.",
            Refusal::Archived => "The record that stays is archived. Restore it first, or keep the other one.",
            Refusal::TooManyContacts => "Together they have more than 20 contacts. Remove some first.",
            Refusal::TooManyMembers => "Together their care teams have more than 50 members. Take some off first.",
            Refusal::Changed => "Somebody changed one of the two records meanwhile. This is how they stand now.",
            Refusal::Undone => "This merge was undone already.",
            Refusal::TooLate => "A merge can be undone for thirty days, and these are over.",
        }
    }
}

/// What came of merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done(MergeId),
    Refused(Refusal),
}

/// Merges `gone` into `kept`, exactly as the plan says. `seen`: the versions of both that the preview was made from.
/// Errors: one of them not found; outside the care team.
pub fn merge(p: &Practice, kept: ClientId, gone: ClientId, seen: Option<(i64, i64)>) -> Result<Outcome> {
    let plan = match plan(p, kept, gone)? {
        Ok(plan) => plan,
        Err(refused) => return Ok(Outcome::Refused(refused)),
    };
    if seen.is_some_and(|seen| seen != plan.versions()) {
        return Ok(Outcome::Refused(Refusal::Changed));
    }
    // What waits in the outbox leads into the record that goes.
    invitations::take_back_queued(p, gone)?;
    let made = Merge {
        id: MergeId(p.new_id()),
        kept,
        gone,
        status_before: plan.gone.status.clone(),
        filled: plan.filled.iter().map(|name| (*name).to_string()).collect(),
        email_before: plan.kept.fields.email.as_ref().filter(|_| plan.email_replaced()).map(|e| e.address.clone()),
        at: p.now,
        undone: false,
        name: plan.gone.name(),
        by: None,
    };
    queries::insert(p, &made)?;
    write_down(p, made.id, &plan)?;
    queries::put_rows(p, made.id, gone, kept)?;
    queries::put_news(p, gone, kept)?;
    queries::put_flows(p, made.id)?;
    remind(p, kept)?;
    if let Custody::Comes(note) = &plan.custody {
        contacts::save_custody(p, kept, note, None, Words::of("en"))?;
    }
    clients::lay_over(p, &plan.kept, &plan.fields)?;
    clients::set_merged(p, gone, kept)?;
    invitations::show_anew(p, kept)?;
    p.note(Activity::Merged, kept, None)?;
    p.audit(&Entry::of_client("client.merged", kept))?;
    p.audit(&Entry::of_client("client.merged", gone).detail("into"))?;
    Ok(Outcome::Done(made.id))
}

/// Plans reminders of what is open in a record now.
fn remind(p: &Practice, client: ClientId) -> Result<()> {
    if flows::open(p, client)? > 0 { flows::schedule(p, client) } else { Ok(()) }
}

/// Names each row that moves, while it still stands where it was, and moves the contacts.
fn write_down(p: &Practice, id: MergeId, plan: &Plan) -> Result<()> {
    let has_main = contacts::all(p, plan.kept.id)?.iter().any(|contact| contact.fields.main);
    for coming in plan.contacts.iter().filter(|coming| !coming.known) {
        let (contact, main) = (coming.contact.id, coming.contact.fields.main);
        queries::record_contact(p, id, contact, main)?;
        queries::put_contact(p, contact, plan.kept.id, main && !has_main)?;
    }
    for access in &plan.accesses {
        queries::record_access(p, id, *access)?;
    }
    for member in &plan.joining {
        queries::record_member(p, id, *member)?;
    }
    queries::record_rows(p, id, plan.invitations == Invitations::Come)
}

/// A merge, for whoever may open the record that stayed. Errors: not found; outside the care team.
pub fn find(p: &Practice, id: MergeId) -> Result<Merge> {
    let merge = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    clients::open(p, merge.kept)?;
    Ok(merge)
}

/// What was merged into a record, the newest first. Errors: not found; outside the care team.
pub fn into(p: &Practice, kept: ClientId) -> Result<Vec<Merge>> {
    clients::open(p, kept)?;
    queries::into(p, kept)
}

/// Takes a merge back: what moved goes where it was, and what was taken over is empty again unless somebody changed it
/// since. What came to the record after the merge stays with it. Errors: not found; outside the care team.
pub fn undo(p: &Practice, id: MergeId) -> Result<Outcome> {
    let merge = find(p, id)?;
    if !merge.can_be_undone(p.now) {
        return Ok(Outcome::Refused(if merge.undone { Refusal::Undone } else { Refusal::TooLate }));
    }
    let (kept, gone) = (clients::open(p, merge.kept)?, clients::merged(p, merge.gone)?);
    let moved = queries::moved(p, id)?;
    // News first: they are told by what still stands where the merge put it.
    queries::put_news_back(p, id, merge.kept, merge.gone)?;
    queries::put_rows(p, id, merge.kept, merge.gone)?;
    queries::part_conversations(p, id)?;
    for one in &moved {
        if let Moved::Contact(contact, was_main) = one {
            queries::put_contact(p, *contact, merge.gone, *was_main)?;
        }
    }
    queries::set_undone(p, id)?;
    // Whoever looks at the one may belong to the other again.
    p.say(Hint::Lost(vec![merge.kept.0, merge.gone.0]));
    let signs_in = portal_access::own(p, merge.gone)?.is_some();
    clients::bring_back(p, &gone, &merge.status_before, &returning(&kept, &gone, &merge, signs_in))?;
    let joined: Vec<MemberId> = moved.iter().filter_map(Moved::member).collect();
    clients::lay_over(p, &kept, &without(&kept, &gone, &merge, &joined, signs_in))?;
    contacts::take_custody_back(p, merge.kept, merge.gone)?;
    remind(p, merge.gone)?;
    for client in [merge.kept, merge.gone] {
        invitations::show_anew(p, client)?;
        p.note(Activity::Unmerged, client, None)?;
        p.audit(&Entry::of_client("client.unmerged", client))?;
    }
    Ok(Outcome::Done(id))
}

impl Moved {
    fn member(&self) -> Option<MemberId> {
        match self {
            Moved::Member(member) => Some(*member),
            Moved::Contact(..) => None,
        }
    }
}

/// The record that stayed, without what the merge laid over it.
///
/// `signs_in`: the client's own way into the portal goes back to the other record.
fn without(kept: &Client, gone: &Client, merge: &Merge, joined: &[MemberId], signs_in: bool) -> clients::Fields {
    let (now, other) = (&kept.fields, &gone.fields);
    let mut fields = now.clone();
    for name in &merge.filled {
        macro_rules! empty {
            ($($field:ident $of:literal),*) => {
                match name.as_str() {
                    $($of if now.$field == other.$field => fields.$field = None,)*
                    "note_added" => fields.note = parted(now.note.as_deref(), other.note.as_deref()),
                    _ => {}
                }
            };
        }
        empty!(
            preferred_name "preferred_name", legal_name "legal_name", pronouns "pronouns", date_of_birth "date_of_birth",
            gender "gender", phone "phone", time_zone "time_zone", group "group_id", record_number "record_number",
            note "note", primary_provider "primary_provider_id"
        );
        // With the way into the portal its e-mail goes as well, whatever it is by now.
        if name == "email" && (signs_in || now.email == other.email) {
            fields.email = merge.email_before.clone().map(Email::stored);
        }
    }
    fields.care_team.retain(|member| !joined.contains(member));
    fields
}

/// A note without what the merge added; as it is where somebody has changed that part.
fn parted(note: Option<&str>, added: Option<&str>) -> Option<String> {
    let (note, added) = (note?, added.unwrap_or_default());
    let own = note.strip_suffix(&plan::joined("", added)).unwrap_or(note);
    Some(own.to_string()).filter(|own| !own.is_empty())
}

/// The record that comes back. Whoever was taken off the care team since the merge does not return by it, and where the
/// client's own way into the portal goes back, so does the e-mail it signs in with by now.
fn returning(kept: &Client, gone: &Client, merge: &Merge, signs_in: bool) -> clients::Fields {
    let mut fields = gone.fields.clone();
    let now = plan::team(&kept.fields);
    fields.primary_provider = fields.primary_provider.filter(|member| now.contains(member));
    fields.care_team.retain(|member| now.contains(member));
    if signs_in && merge.filled.iter().any(|name| name == "email") && kept.fields.email.is_some() {
        fields.email = kept.fields.email.clone();
    }
    fields
}
