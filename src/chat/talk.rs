//! The verbs: begin, say, read, change, put away.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::queries::{self, New};
use super::rights::{open, open_to_write, whose};
use super::settings::settings;
use super::{
    Attached, BODY_LIMIT, Begun, Conversation, EDITABLE, Kind, Listed, Message, Muted, Place, Said, Sender, SenderKind,
    Standing, Why, caps, group_queries, hours, message_queries as rows, notices,
};
use crate::access::{Role, Viewer, Who};
use crate::activities::{Before, Kind as Activity};
use crate::audit::Entry;
use crate::bus::Hint;
use crate::care_team;
use crate::clock::Instant;
use crate::error::{Error, FieldError, Result};
use crate::files::Stored;
use crate::ids::{ClientId, ConversationId, MemberId, MessageId};
use crate::members;
use crate::people;
use crate::practice::Practice;
use crate::words::Words;

/// A message so long after the one before it is news again.
const FRESH_AFTER: Duration = Duration::from_secs(3_600);

fn made(p: &Practice, new: &New) -> Result<ConversationId> {
    let id = ConversationId(p.new_id());
    queries::insert(p, id, new)?;
    p.audit(&entry("conversation.begun", "conversation", id.0, new.client))?;
    Ok(id)
}

pub fn entry(action: &'static str, kind: &'static str, id: Uuid, client: Option<ClientId>) -> Entry {
    let entry = Entry::new(action, kind, Some(id));
    client.map_or(entry.clone(), |client| entry.client(client))
}

/// The conversation of the actor with a client, made now if there is none. Errors: not found, for whoever is no provider
/// on the care team; the client is archived.
pub fn begin(p: &Practice, client: ClientId) -> Result<ConversationId> {
    let me = p.actor.member().filter(|member| member.role != Role::Support).ok_or(Error::NotFound)?;
    if !care_team::members(p, client)?.contains(&me.id) {
        return Err(Error::NotFound);
    }
    direct(p, client, me.id, Begun::Staff)
}

/// The conversation of a client with the practice, for whoever answers for it.
pub fn begin_with_practice(p: &Practice, client: ClientId) -> Result<ConversationId> {
    if !care_team::may_see(p, client)? {
        return Err(Error::NotFound);
    }
    at_desk(p, client, Begun::Staff)
}

/// With whom somebody in the portal begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    Provider(MemberId),
    Practice,
}

/// A conversation begun in the portal. Errors: not found; the practice writes first.
pub fn begin_in_portal(p: &Practice, viewer: &Viewer, with: With) -> Result<ConversationId> {
    let known = match with {
        With::Provider(member) => queries::direct_of(p, viewer.client, member)?,
        With::Practice => queries::practice_of(p, viewer.client)?,
    };
    if let Some(known) = known {
        return Ok(known.id);
    }
    if !settings(p)?.clients_begin {
        return Err(Error::Conflict(Words::of("en").t(Why::NotYet.word())));
    }
    match with {
        With::Provider(member) if is_provider_of(p, viewer.client, member)? => {
            direct(p, viewer.client, member, Begun::Client)
        }
        With::Provider(_) => Err(Error::NotFound),
        With::Practice => at_desk(p, viewer.client, Begun::Client),
    }
}

/// Whether somebody cares for a client and is a provider still.
fn is_provider_of(p: &Practice, client: ClientId, member: MemberId) -> Result<bool> {
    let is_clinical = members::active(p, member)?.is_some_and(|active| active.role.is_clinical());
    Ok(is_clinical && care_team::members(p, client)?.contains(&member))
}

pub fn direct(p: &Practice, client: ClientId, member: MemberId, begun: Begun) -> Result<ConversationId> {
    if let Some(known) = queries::direct_of(p, client, member)? {
        return Ok(known.id);
    }
    refuse_archived(p, client)?;
    made(p, &New { kind: Kind::Direct, client: Some(client), member: Some(member), title: None, begun })
}

fn at_desk(p: &Practice, client: ClientId, begun: Begun) -> Result<ConversationId> {
    if let Some(known) = queries::practice_of(p, client)? {
        return Ok(known.id);
    }
    refuse_archived(p, client)?;
    made(p, &New { kind: Kind::Practice, client: Some(client), member: None, title: None, begun })
}

pub fn refuse_archived(p: &Practice, client: ClientId) -> Result<()> {
    if queries::is_active(p, client)? {
        return Ok(());
    }
    Err(Error::Conflict(Words::of("en").t(Why::Archived.word())))
}

/// Whether whoever says something has the conversation before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// They have read what was said before.
    On,
    /// It was written beforehand, or for many: what was said meanwhile nobody has read.
    Away,
}

/// What is said by hand.
#[derive(Debug, Clone)]
pub struct Typed {
    /// Made by the device that sends it.
    pub given: Uuid,
    pub body: String,
    pub file: Option<Stored>,
}

/// What came of saying something.
#[derive(Debug, Clone)]
pub struct Posted {
    pub message: Message,
    /// It was said before: sent again.
    pub again: bool,
}

/// A body as it was typed, in the reader's words if it is refused.
pub fn body(typed: &str, words: Words) -> Result<String> {
    let refused = |key: &str| {
        let text = words.with(key, &[("limit", &BODY_LIMIT.to_string())]);
        Err(Error::Invalid(vec![FieldError::new("body", text)]))
    };
    match people::note(typed) {
        Ok(text) if text.as_ref().is_some_and(|text| text.chars().count() > BODY_LIMIT) => refused("field-too-long"),
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(refusal) => refused(refusal.key()),
    }
}

/// Says something in a conversation; sent again with the same id it is the same message. Errors: not found; the text
/// says why nobody can write there; too much in a short time.
pub fn post(p: &Practice, id: ConversationId, typed: &Typed) -> Result<Posted> {
    post_as(p, id, typed, Looks::On)
}

/// The same, perhaps by somebody who wrote it beforehand.
pub fn post_as(p: &Practice, id: ConversationId, typed: &Typed, looks: Looks) -> Result<Posted> {
    let sender = p.actor.id().ok_or(Error::NotFound)?;
    if let Some(known) = rows::given(p, sender, typed.given)? {
        // Only to whoever may still read it.
        open(p, known.conversation)?;
        if known.conversation != id {
            return Err(Error::Conflict("This id was used for another message.".into()));
        }
        refuse_other(&known, typed)?;
        return Ok(Posted { message: known, again: true });
    }
    // One with a file was counted before that was any work, and one that waited when it was written.
    if typed.file.is_none() && looks == Looks::On {
        caps::count_message(p)?;
    }
    say_new(p, id, typed, Said::ByHand, looks)
}

/// What is sent again says the same. A page that was gone back to may send something else with an old id, which would be
/// lost; what was changed since says something else rightly.
fn refuse_other(known: &Message, typed: &Typed) -> Result<()> {
    let is_same = known.body == typed.body && known.file.is_some() == typed.file.is_some();
    if is_same || known.edited.is_some() || known.deleted.is_some() {
        return Ok(());
    }
    let text = "This id was used for another message. Send this one again.";
    Err(Error::Invalid(vec![FieldError::new("given_id", text)]))
}

/// One of a message to many. Many in one go are counted as one.
pub fn post_one_of_many(p: &Practice, id: ConversationId, typed: &Typed) -> Result<()> {
    let sender = p.actor.id().ok_or(Error::NotFound)?;
    match rows::given(p, sender, typed.given)? {
        Some(known) => refuse_other(&known, typed),
        None => say_new(p, id, typed, Said::ToMany, Looks::Away).map(drop),
    }
}

fn say_new(p: &Practice, id: ConversationId, typed: &Typed, said: Said, looks: Looks) -> Result<Posted> {
    let sender = p.actor.id().ok_or(Error::NotFound)?;
    let conversation = open_to_write(p, id)?;
    if typed.body.is_empty() && typed.file.is_none() {
        let text = Words::of("en").t("chat-empty");
        return Err(Error::Invalid(vec![FieldError::new("body", text)]));
    }
    if let Some(file) = &typed.file {
        caps::refuse_full(p, file)?;
    }
    let kind = SenderKind::of(p);
    let new = Put { said, kind, sender, given: typed.given, body: &typed.body, file: typed.file.as_ref(), looks };
    let message = put(p, &conversation, &new)?;
    if kind == SenderKind::Member && conversation.begun == Begun::Client {
        queries::set_begun(p, id, Begun::Staff)?;
    }
    note(p, &conversation, &message)?;
    p.audit(&entry("message.sent", "message", message.id.0, conversation.client))?;
    if kind.is_portal() {
        hours::reply(p, &conversation)?;
    }
    Ok(Posted { message, again: false })
}

/// A message as it is kept.
pub struct Put<'m> {
    pub said: Said,
    pub kind: SenderKind,
    pub sender: Uuid,
    pub given: Uuid,
    pub body: &'m str,
    pub file: Option<&'m Stored>,
    pub looks: Looks,
}

/// Keeps a message, without asking who may, and has those look who read along.
pub fn put(p: &Practice, conversation: &Conversation, new: &Put) -> Result<Message> {
    let (id, conversation_id) = (MessageId(p.new_id()), conversation.id);
    let seq = queries::next_said(p, conversation_id)?;
    let row = rows::NewRow {
        id,
        conversation: conversation_id,
        given: new.given,
        seq,
        said: new.said,
        sender: (new.kind, new.sender),
        body: new.body,
    };
    rows::insert(p, &row)?;
    if let Some(stored) = new.file {
        rows::insert_file(p, id, stored)?;
    }
    let marks = queries::marks(p, conversation_id)?;
    if marks.iter().any(|mark| mark.archived) {
        queries::bring_back(p, conversation_id)?;
    }
    if new.said != Said::Automatic {
        notices::sent(p, conversation, new, seq, &marks)?;
        notices::tell_later(p, conversation, new, &marks)?;
    }
    p.say(Hint::News(addressees(p, conversation)?));
    match own_name(p, new.sender) {
        Some(name) => Ok(Message {
            id,
            conversation: conversation_id,
            given: new.given,
            seq,
            changed: seq,
            said: new.said,
            sender: Sender { kind: new.kind, id: new.sender, name },
            body: new.body.to_string(),
            at: p.now,
            edited: None,
            deleted: None,
            file: new.file.map(Attached::of),
        }),
        None => rows::by_id(p, id)?.ok_or(Error::NotFound),
    }
}

/// What the actor is called, if they are who sends.
fn own_name(p: &Practice, sender: Uuid) -> Option<String> {
    match &p.actor.who {
        Who::Member(member) if member.id.0 == sender => Some(member.name.clone()),
        // The name of a place is the client's: whoever looks after them has another.
        Who::Client(viewer) if viewer.own && viewer.access.0 == sender => Some(viewer.name.trim_end().to_string()),
        _ => None,
    }
}

/// Whose streams look again when something happens in a conversation. The desk of a practice goes by its id.
pub fn addressees(p: &Practice, conversation: &Conversation) -> Result<Vec<Uuid>> {
    Ok(match conversation.kind {
        Kind::Group => group_queries::people(p, conversation.id)?.into_iter().map(|one| one.person.id()).collect(),
        Kind::Practice => conversation.client.map(|id| id.0).into_iter().chain([p.id.0]).collect(),
        Kind::Direct | Kind::Earlier => {
            conversation.client.map(|id| id.0).into_iter().chain(conversation.member.map(|id| id.0)).collect()
        }
    })
}

/// In the client's timeline stands that there was something, not each message; to the provider it is news.
fn note(p: &Practice, conversation: &Conversation, message: &Message) -> Result<()> {
    let Some(client) = conversation.client else { return Ok(()) };
    // As it was read before this one.
    if conversation.last_said > 0 && p.now.since(conversation.last_at) < FRESH_AFTER {
        return Ok(());
    }
    let kind = if message.sender.kind.is_portal() { Activity::MessageReceived } else { Activity::MessageSent };
    p.note_member(kind, client, conversation.member)
}

/// How the ids of many messages are made from one: each sent again is the same one.
pub fn derived(given: Uuid, of: Uuid) -> Uuid {
    let hash: [u8; 32] = Sha256::new().chain_update(given.as_bytes()).chain_update(of.as_bytes()).finalize().into();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The actor's list, the newest first.
pub fn list(p: &Practice, place: Place, before: Before, limit: i64) -> Result<Vec<Listed>> {
    let mut all = queries::list(p, whose(p)?, place, before, limit)?;
    // One that the staff have opened and not written in yet is nothing to the client.
    if matches!(p.actor.who, Who::Client(_)) {
        all.retain(|one| one.conversation.last_said > 0 || one.conversation.begun == Begun::Client);
    }
    Ok(all)
}

/// How many conversations of the actor hold something unseen, counted up to a hundred and some.
pub fn unseen(p: &Practice) -> Result<i64> {
    queries::unseen(p, whose(p)?)
}

/// The conversations of a client that the actor may read.
pub fn of_client(p: &Practice, client: ClientId) -> Result<Vec<(Conversation, Standing)>> {
    let mut found = Vec::new();
    for conversation in queries::of_client(p, client)? {
        match open(p, conversation.id) {
            Ok(opened) => found.push(opened),
            Err(Error::NotFound | Error::OutsideTeam(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Notes that the actor has seen a conversation up to a place. Whoever only looks on leaves no mark.
pub fn see(p: &Practice, id: ConversationId, up_to: i64) -> Result<()> {
    let (conversation, standing) = open(p, id)?;
    let up_to = up_to.min(conversation.last_said);
    if standing == Standing::Reads(Why::Others) || up_to <= 0 {
        return Ok(());
    }
    let me = as_reader(p, id)?;
    // What they said themselves since, by whatever way, waits for nobody.
    let up_to = if queries::is_all_seen(p, id, me, up_to)? { conversation.last_said } else { up_to };
    if notices::read_up_to(p, id, me, up_to)? {
        p.say(Hint::News(addressees(p, &conversation)?));
    }
    Ok(())
}

/// Notes that the actor's device has messages up to a place.
pub fn got(p: &Practice, id: ConversationId, up_to: i64) -> Result<()> {
    let (conversation, standing) = open(p, id)?;
    if standing == Standing::Reads(Why::Others) || up_to <= 0 {
        return Ok(());
    }
    let me = as_reader(p, id)?;
    if queries::set_delivered(p, id, me, up_to.min(conversation.last_said))? {
        p.say(Hint::News(addressees(p, &conversation)?));
    }
    Ok(())
}

fn as_reader(p: &Practice, id: ConversationId) -> Result<Uuid> {
    let me = p.actor.id().ok_or(Error::NotFound)?;
    let kind = if p.actor.member().is_some() { "member" } else { "portal" };
    queries::ensure_reader(p, id, me, kind)?;
    Ok(me)
}

/// Errors: not found, for whoever only looks on too: it is not theirs.
fn not_looking_on(p: &Practice, id: ConversationId) -> Result<()> {
    match open(p, id)? {
        (_, Standing::Reads(Why::Others)) => Err(Error::NotFound),
        _ => Ok(()),
    }
}

pub fn mute(p: &Practice, id: ConversationId, muted: Muted) -> Result<()> {
    not_looking_on(p, id)?;
    queries::set_muted(p, id, as_reader(p, id)?, muted)
}

/// Puts a conversation away for the actor, until something new is said, or back.
pub fn put_away(p: &Practice, id: ConversationId, place: Place) -> Result<()> {
    not_looking_on(p, id)?;
    queries::set_archived(p, id, as_reader(p, id)?, place)
}

/// Whether a conversation takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Open,
    Closed,
}

/// Closes a conversation for everybody, or opens it again; for the staff in it.
pub fn set_door(p: &Practice, id: ConversationId, door: Door) -> Result<()> {
    p.actor.member().ok_or(Error::NotFound)?;
    let (conversation, standing) = open(p, id)?;
    if !matches!(standing, Standing::Writes | Standing::Reads(Why::Closed)) {
        return Err(Error::NotFound);
    }
    if conversation.closed == (door == Door::Closed) {
        return Ok(());
    }
    queries::set_closed(p, id, (door == Door::Closed).then_some(p.now))?;
    let action = if door == Door::Closed { "conversation.closed" } else { "conversation.reopened" };
    p.audit(&entry(action, "conversation", id.0, conversation.client))?;
    p.say(Hint::News(addressees(p, &conversation)?));
    Ok(())
}

/// A message that the actor may read, and its conversation. Errors: not found; outside the care team.
pub fn find(p: &Practice, id: MessageId) -> Result<(Message, Conversation)> {
    let message = rows::by_id(p, id)?.ok_or(Error::NotFound)?;
    let (conversation, _) = open(p, message.conversation)?;
    Ok((message, conversation))
}

/// A message of the actor's own that still stands.
fn own(p: &Practice, id: MessageId) -> Result<(Message, Conversation)> {
    let (message, conversation) = find(p, id)?;
    if Some(message.sender.id) != p.actor.id() || !message.said.is_typed() || message.deleted.is_some() {
        return Err(Error::NotFound);
    }
    Ok((message, conversation))
}

impl Message {
    /// Whether its sender can still edit it.
    pub fn can_be_edited(&self, now: Instant) -> bool {
        self.said.is_typed() && self.deleted.is_none() && now.since(self.at) < EDITABLE
    }
}

/// Edits a message of the actor's own. Errors: not found; a quarter of an hour is over; nobody can write there any more.
pub fn edit(p: &Practice, id: MessageId, body: &str) -> Result<Message> {
    let (message, conversation) = own(p, id)?;
    open_to_write(p, conversation.id)?;
    let words = Words::of("en");
    if !message.can_be_edited(p.now) {
        return Err(Error::Conflict(words.t("chat-edit-late")));
    }
    if body.is_empty() && message.file.is_none() {
        return Err(Error::Invalid(vec![FieldError::new("body", words.t("chat-empty"))]));
    }
    if body != message.body {
        caps::count(p, "message edits", p.app.config.messages_a_minute)?;
        let changed = queries::next(p, conversation.id)?;
        rows::edit(p, &message, body, changed)?;
        p.audit(&entry("message.edited", "message", id.0, conversation.client))?;
        p.say(Hint::News(addressees(p, &conversation)?));
    }
    find(p, id).map(|(message, _)| message)
}

/// Deletes a message of the actor's own; the file that came with it, whose bytes the caller removes after the commit.
pub fn delete(p: &Practice, id: MessageId) -> Result<(Message, Option<Uuid>)> {
    let (message, conversation) = own(p, id)?;
    not_looking_on(p, conversation.id)?;
    let changed = queries::next(p, conversation.id)?;
    rows::delete(p, &message, changed)?;
    p.audit(&entry("message.deleted", "message", id.0, conversation.client))?;
    p.say(Hint::News(addressees(p, &conversation)?));
    let file = message.file.map(|file| file.id);
    find(p, id).map(|(message, _)| (message, file))
}
