//! When somebody is mailed that a message waits: once, and as late as the oldest of what they have not read is old.

use std::time::Duration;

use uuid::Uuid;

use super::queries::Mark;
use super::settings::settings;
use super::talk::{Looks, Put};
use super::{Conversation, Kind, Person, SenderKind, group_queries, queries, rights};
use crate::care_team;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{ClientId, ConversationId};
use crate::jobs::{self, Kind as Job};
use crate::members;
use crate::practice::Practice;

/// Queues a mail for everybody on the other side, for those who will not have looked by then. One until they do.
pub fn tell_later(p: &Practice, conversation: &Conversation, new: &Put, marks: &[Mark]) -> Result<()> {
    let Some(wait) = notice_after(p)? else { return Ok(()) };
    let at = p.now.plus(wait);
    let mut readers: Vec<(Uuid, &str)> = Vec::new();
    let mut clients: Vec<ClientId> = conversation.client.into_iter().collect();
    match conversation.kind {
        Kind::Group => {
            let people = group_queries::people(p, conversation.id)?;
            clients = rights::present(&people);
            readers.extend(people.iter().filter(|one| one.is_there()).filter_map(|one| match one.person {
                Person::Member(id) => Some((id.0, "member")),
                Person::Client(_) => None,
            }));
        }
        Kind::Direct => readers.extend(conversation.member.map(|id| (id.0, "member"))),
        // Whoever has read in it for the practice before, may still, and wants to hear.
        Kind::Practice => {
            let mut known = queries::known_at_desk(p, conversation)?;
            if known.is_empty() {
                known = answering(p, conversation)?;
            }
            readers.extend(known.into_iter().map(|id| (id, "member")));
        }
        Kind::Earlier => {}
    }
    for client in clients {
        readers.extend(queries::accesses(p, client)?.into_iter().map(|access| (access.0, "portal")));
    }
    // What one writes to a client nobody on the own side is mailed of, and the other way round.
    let own_side =
        |kind: &str| (kind == "member") == (new.kind == SenderKind::Member) && conversation.kind != Kind::Group;
    for (reader, kind) in readers.into_iter().filter(|(reader, kind)| *reader != new.sender && !own_side(kind)) {
        match marks.iter().find(|mark| mark.reader == reader) {
            Some(mark) if mark.told || mark.muted => continue,
            Some(_) => {}
            None => queries::ensure_reader(p, conversation.id, reader, kind)?,
        }
        if let Some(row) = queries::to_tell(p, conversation.id, reader)? {
            tell_at(p, row, at)?;
        }
    }
    Ok(())
}

/// Who hears of the first message to a practice: the client's care team, or the owners where there is none.
fn answering(p: &Practice, conversation: &Conversation) -> Result<Vec<Uuid>> {
    let team = conversation.client.map_or(Ok(Vec::new()), |client| care_team::members(p, client))?;
    let all = if team.is_empty() { members::told_for(p, None)? } else { team };
    Ok(all.into_iter().map(|member| member.0).collect())
}

/// Whoever says something has read what was said before, and has no mail to wait for. Not so what was written beforehand or
/// for many: then their own message is read, if nothing else waits. `conversation`: as it was before.
pub fn sent(p: &Practice, conversation: &Conversation, new: &Put, seq: i64, marks: &[Mark]) -> Result<()> {
    let id = conversation.id;
    let mark = marks.iter().find(|mark| mark.reader == new.sender);
    if new.looks == Looks::Away && mark.map_or(0, |mark| mark.seen) < conversation.last_said {
        return Ok(());
    }
    match mark {
        Some(mark) if mark.told => drop(jobs::cancel(&p.house(), Job::TellOfMessage, mark.row)?),
        Some(_) => {}
        None => {
            let kind = if new.kind == SenderKind::Member { "member" } else { "portal" };
            queries::ensure_reader(p, id, new.sender, kind)?;
        }
    }
    queries::set_seen(p, id, new.sender, seq).map(drop)
}

/// Notes how far somebody has read. The mail that waited for what they read is not sent; one for what came meanwhile is
/// as late as that is new. `false`: they were so far already.
pub fn read_up_to(p: &Practice, id: ConversationId, reader: Uuid, up_to: i64) -> Result<bool> {
    let Some(row) = queries::set_seen(p, id, reader, up_to)? else { return Ok(false) };
    jobs::cancel(&p.house(), Job::TellOfMessage, row)?;
    if let Some(at) = to_tell_at(p, row)?
        && queries::to_tell(p, id, reader)?.is_some()
    {
        tell_at(p, row, at)?;
    }
    Ok(true)
}

/// When somebody is to be mailed, by the oldest of what they have not read. Nothing: there is nothing, or no mail.
pub fn to_tell_at(p: &Practice, row: Uuid) -> Result<Option<Instant>> {
    let Some(wait) = notice_after(p)? else { return Ok(None) };
    Ok(queries::oldest_unread(p, row)?.map(|oldest| oldest.plus(wait)))
}

/// Queues the one mail to a reader, in the place of any other.
pub fn tell_at(p: &Practice, row: Uuid, at: Instant) -> Result<()> {
    jobs::cancel(&p.house(), Job::TellOfMessage, row)?;
    p.enqueue(Job::TellOfMessage, row, at)
}

/// How long a message waits until somebody is mailed of it.
fn notice_after(p: &Practice) -> Result<Option<Duration>> {
    let minutes = u64::try_from(settings(p)?.notice_minutes).ok().filter(|minutes| *minutes > 0);
    Ok(minutes.map(|minutes| Duration::from_secs(60 * minutes)))
}
