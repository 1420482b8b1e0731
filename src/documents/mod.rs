//! Documents of a client: letters, reports, pictures, given by the staff or in the portal.
//!
//! One is private to the care team until it is shared with the client; what somebody gives in the portal is seen on both
//! sides. The bytes lie sealed in the files' room (`files`), with a key of their own that stands sealed in the row, as do
//! the name and the note. A deleted one can be put back for thirty days; then a look of the job runner removes its bytes.

mod api;
mod look;
mod pages;
mod portal;
mod queries;
mod receive;

pub use api::DocumentBody;
pub use look::look;

use std::time::Duration;

use uuid::Uuid;

use crate::access::Who;
use crate::activities::{Before, Kind as Activity};
use crate::audit::Entry;
use crate::clients;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::files::{self, FileKey, Kind, Stored};
use crate::ids::{ClientId, DocumentId};
use crate::people;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::words::Words;

/// Documents of one client at most, those that were deleted and not removed yet among them.
pub const LIMIT: i64 = 500;
/// Bytes of all documents of a practice at most, files that came with messages among them.
pub const SPACE: i64 = files::SPACE;
/// Characters of a note.
pub const NOTE_LIMIT: usize = 500;
/// How long a deleted document can be put back.
pub const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Documents of a page on screen.
const PAGE: i64 = 50;

pub fn routes(routes: Routes) -> Routes {
    api::routes(portal::routes(pages::routes(routes)))
}

/// Who can see a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// The care team alone.
    Private,
    /// The client too, and whoever looks after them with the right to forms.
    Shared,
}

/// Who gave a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    Member,
    /// The client, in the portal.
    Client,
    /// Somebody around the client, in the portal.
    Contact,
    System,
}

impl Giver {
    const ALL: [Giver; 4] = [Giver::Member, Giver::Client, Giver::Contact, Giver::System];

    pub fn as_str(self) -> &'static str {
        match self {
            Giver::Member => "member",
            Giver::Client => "client",
            Giver::Contact => "contact",
            Giver::System => "system",
        }
    }

    fn kept(text: &str) -> Giver {
        Giver::ALL.into_iter().find(|giver| giver.as_str() == text).unwrap_or(Giver::System)
    }

    fn of(p: &Practice) -> Giver {
        match &p.actor.who {
            Who::Member(_) => Giver::Member,
            Who::Client(viewer) if viewer.own => Giver::Client,
            Who::HandedOver(_) => Giver::Client,
            Who::Client(_) => Giver::Contact,
            Who::LinkHolder | Who::System => Giver::System,
        }
    }

    /// It came by the portal: whoever gave it goes on seeing it.
    pub fn is_portal(self) -> bool {
        matches!(self, Giver::Client | Giver::Contact)
    }
}

#[derive(Debug, Clone)]
pub struct Document {
    pub id: DocumentId,
    pub client: ClientId,
    pub name: String,
    pub note: Option<String>,
    pub kind: &'static Kind,
    pub size: u64,
    pub sharing: Sharing,
    pub giver: Giver,
    /// The member, or the access to the portal.
    pub giver_id: Option<Uuid>,
    /// Of a member or a contact.
    pub giver_name: Option<String>,
    pub at: Instant,
    /// Somebody in the portal has opened it.
    pub seen: bool,
    pub deleted: Option<Instant>,
    pub version: i64,
}

impl Document {
    /// Who gave it, for the staff.
    pub fn from(&self) -> &str {
        match (self.giver, &self.giver_name) {
            (Giver::Client, _) => "the client",
            (_, Some(name)) => name,
            _ => "the program",
        }
    }

    /// The client has not opened it yet.
    fn is_new(&self) -> bool {
        !self.seen && !self.giver.is_portal()
    }
}

/// Whether to list those that stand, or those that were deleted and can be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Standing,
    Deleted,
}

/// A client's documents, the newest first, for whoever may see the client. In the portal: those that are shared.
pub fn list(p: &Practice, client: ClientId, which: Which, before: Before, limit: i64) -> Result<Vec<Document>> {
    clients::open(p, client)?;
    match (p.actor.is_client_side(), which) {
        (true, Which::Deleted) => Ok(Vec::new()),
        (true, Which::Standing) => queries::shared(p, client, before, limit),
        (false, which) => queries::list(p, client, which, before, limit),
    }
}

/// How many documents wait in the portal that nobody there has opened; a hundred at most.
pub fn unseen(p: &Practice, client: ClientId) -> Result<i64> {
    queries::unseen(p, client)
}

/// A document, deleted or not. What is done with one shows its name and its note: whoever stands outside the team gives a
/// reason first. Errors: not found; outside the team.
pub fn find(p: &Practice, id: DocumentId) -> Result<Document> {
    let document = queries::by_id(p, id)?.ok_or(Error::NotFound)?;
    clients::open(p, document.client)?;
    Ok(document)
}

/// A document that is opened and read, with the key of its file. Errors: not found, deleted, or not shared with whoever
/// asks in the portal; outside the team.
pub fn read(p: &Practice, id: DocumentId) -> Result<(Document, FileKey)> {
    let document = queries::by_id(p, id)?.filter(|document| document.deleted.is_none()).ok_or(Error::NotFound)?;
    clients::open(p, document.client)?;
    if p.actor.is_client_side() && document.sharing != Sharing::Shared {
        return Err(Error::NotFound);
    }
    let key = queries::key(p, id)?.ok_or(Error::NotFound)?;
    Ok((document, key))
}

/// Notes that somebody in the portal has opened it.
pub fn seen(p: &Practice, id: DocumentId) -> Result<()> {
    queries::set_seen(p, id)
}

/// What is kept with a file.
#[derive(Debug, Clone)]
pub struct About {
    pub note: Option<String>,
    pub sharing: Sharing,
}

/// Keeps a file that is whole on the disk as a document. Errors: the client is archived, has too many, or the practice
/// has no space left.
pub fn add(p: &Practice, client: ClientId, stored: &Stored, about: &About) -> Result<Document> {
    open_record(p, client)?;
    let refused = |text: &str| Err(Error::Invalid(vec![FieldError::new("file", text)]));
    if queries::count(p, client)? >= LIMIT {
        return refused("A client has 500 documents at most. Delete some that are not needed any more.");
    }
    let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
    if queries::space(p)?.saturating_add(size) > SPACE {
        return refused("The practice has no space left for documents: they take 20 GB at most.");
    }
    let giver = Giver::of(p);
    let id = DocumentId(stored.id);
    let sharing = if giver.is_portal() { Sharing::Shared } else { about.sharing };
    queries::insert(p, client, stored, about.note.as_deref(), sharing, giver)?;
    queries::take_space(p, size)?;
    let (activity, how) = match (giver.is_portal(), sharing) {
        (true, _) => (Activity::DocumentReceived, None),
        (false, Sharing::Shared) => (Activity::DocumentAdded, Some("shared")),
        (false, Sharing::Private) => (Activity::DocumentAdded, None),
    };
    p.note(activity, client, how)?;
    p.audit(&entry("document.added", client, id).detail(how.unwrap_or("private")))?;
    // Not by `find`: whoever gives something may see what they gave.
    queries::by_id(p, id)?.ok_or(Error::NotFound)
}

fn entry(action: &'static str, client: ClientId, id: DocumentId) -> Entry {
    Entry::new(action, "document", Some(id.0)).client(client)
}

/// What people type about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub name: String,
    pub note: String,
}

impl Typed {
    pub fn of(document: &Document) -> Typed {
        Typed { name: document.name.clone(), note: document.note.clone().unwrap_or_default() }
    }
}

/// A note as it was typed. Errors: the field's name and what is wrong.
fn note(typed: &str, words: Words) -> std::result::Result<Option<String>, FieldError> {
    let limit = NOTE_LIMIT.to_string();
    let too_long = || FieldError::new("note", words.with("field-too-long", &[("limit", &limit)]));
    match people::note(typed) {
        Ok(Some(text)) if text.chars().count() > NOTE_LIMIT => Err(too_long()),
        Ok(note) => Ok(note),
        Err(refused) => Err(FieldError::new("note", words.with(refused.key(), &[("limit", &limit)]))),
    }
}

/// What came of changing a document.
#[derive(Debug, Clone)]
pub enum Saved {
    Saved(Document),
    Refused(Vec<FieldError>),
    /// Somebody else saved in between; what stands now.
    Stale(Document),
}

/// Saves the name and the note. `version`: the one that the change was made from; nothing: whatever stands now is
/// changed. Errors: the client is archived, the document deleted.
pub fn change(p: &Practice, id: DocumentId, typed: &Typed, version: Option<i64>, words: Words) -> Result<Saved> {
    let current = standing(p, id)?;
    if version.is_some_and(|version| version != current.version) {
        return Ok(Saved::Stale(current));
    }
    let fits = |name: &str| Kind::of_name(name) == Some(current.kind);
    let name = files::typed_name(&typed.name, current.kind.ending(), fits).ok_or_else(|| {
        FieldError::new("name", words.with("document-name", &[("limit", &files::NAME_LIMIT.to_string())]))
    });
    let (name, note) = match (name, note(&typed.note, words)) {
        (Ok(name), Ok(note)) => (name, note),
        (name, note) => return Ok(Saved::Refused([name.err(), note.err()].into_iter().flatten().collect())),
    };
    let changed = [("name", name != current.name), ("note", note != current.note)];
    let changed: Vec<&str> = changed.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect();
    if !changed.is_empty() {
        queries::rename(p, id, &name, note.as_deref())?;
        let changed = changed.join(", ");
        p.note(Activity::DocumentChanged, current.client, Some(&changed))?;
        p.audit(&entry("document.changed", current.client, id).detail(changed))?;
    }
    find(p, id).map(Saved::Saved)
}

/// Shares a document with the client, or takes it back; whose it is. Errors: somebody in the portal gave it.
pub fn share(p: &Practice, id: DocumentId, sharing: Sharing) -> Result<ClientId> {
    let current = standing(p, id)?;
    if current.sharing == sharing {
        return Ok(current.client);
    }
    if current.giver.is_portal() {
        return Err(Error::Conflict("This came by the portal. Whoever gave it goes on seeing it.".into()));
    }
    queries::set_sharing(p, id, sharing)?;
    let (activity, action) = match sharing {
        Sharing::Shared => (Activity::DocumentShared, "document.shared"),
        Sharing::Private => (Activity::DocumentUnshared, "document.unshared"),
    };
    p.note(activity, current.client, None)?;
    p.audit(&entry(action, current.client, id))?;
    Ok(current.client)
}

/// Deletes a document; whose it was. Its bytes are kept for thirty days. Deleted again it stays so.
pub fn delete(p: &Practice, id: DocumentId) -> Result<ClientId> {
    let current = find(p, id)?;
    open_record(p, current.client)?;
    if current.deleted.is_none() {
        queries::set_deleted(p, id, Some(p.now))?;
        p.note(Activity::DocumentDeleted, current.client, None)?;
        p.audit(&entry("document.deleted", current.client, id))?;
    }
    Ok(current.client)
}

/// Puts a deleted document back, as it was; whose it is.
pub fn restore(p: &Practice, id: DocumentId) -> Result<ClientId> {
    let current = find(p, id)?;
    open_record(p, current.client)?;
    if current.deleted.is_some() {
        queries::set_deleted(p, id, None)?;
        p.note(Activity::DocumentRestored, current.client, None)?;
        p.audit(&entry("document.restored", current.client, id))?;
    }
    Ok(current.client)
}

/// A document that stands and can be changed.
fn standing(p: &Practice, id: DocumentId) -> Result<Document> {
    let document = find(p, id)?;
    open_record(p, document.client)?;
    if document.deleted.is_some() {
        return Err(Error::Conflict("This document was deleted. Restore it first.".into()));
    }
    Ok(document)
}

/// The client, if their record can be changed.
fn open_record(p: &Practice, client: ClientId) -> Result<()> {
    clients::refuse_archived(&clients::find(p, client)?.status)
}
