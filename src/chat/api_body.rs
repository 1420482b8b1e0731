//! What the JSON API says of conversations and messages.

use serde::Serialize;
use uuid::Uuid;

use super::group_queries::InGroup;
use super::message_queries::Scheduled;
use super::queries::Reader;
use super::{Attached, Conversation, Listed, Message, Standing};
use crate::ids::{ClientId, ConversationId, MemberId, MessageId};

#[derive(Debug, Serialize)]
pub struct ConversationBody {
    id: ConversationId,
    kind: &'static str,
    client_id: Option<ClientId>,
    member_id: Option<MemberId>,
    /// Of a group.
    title: Option<String>,
    closed: bool,
    /// Counts messages and changes.
    last: i64,
    last_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_write: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<PersonBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readers: Option<Vec<ReaderBody>>,
}

#[derive(Debug, Serialize)]
struct PersonBody {
    kind: &'static str,
    id: Uuid,
    name: String,
    left: bool,
    /// They are in it now, and may be.
    reads: bool,
}

#[derive(Debug, Serialize)]
struct ReaderBody {
    kind: &'static str,
    name: String,
    delivered: i64,
    seen: i64,
    seen_at: Option<String>,
}

impl ConversationBody {
    pub fn new(conversation: &Conversation) -> ConversationBody {
        ConversationBody {
            id: conversation.id,
            kind: conversation.kind.as_str(),
            client_id: conversation.client,
            member_id: conversation.member,
            title: Some(conversation.title.clone()).filter(|title| !title.is_empty()),
            closed: conversation.closed,
            last: conversation.last,
            last_at: conversation.last_at.rfc3339(),
            unread: None,
            can_write: None,
            people: None,
            readers: None,
        }
    }

    pub fn listed(one: &Listed) -> ConversationBody {
        ConversationBody { unread: Some(one.unread), ..ConversationBody::new(&one.conversation) }
    }

    /// With who is in it and how far they are.
    pub fn whole(
        conversation: &Conversation,
        standing: Standing,
        people: &[InGroup],
        readers: &[Reader],
    ) -> ConversationBody {
        let person = |one: &InGroup| PersonBody {
            kind: one.person.kind(),
            id: one.person.id(),
            name: one.name.clone(),
            left: one.left,
            reads: one.is_there(),
        };
        let reader = |reader: &Reader| ReaderBody {
            kind: if reader.is_member { "member" } else { "portal" },
            name: reader.name.clone(),
            delivered: reader.delivered,
            seen: reader.seen,
            seen_at: reader.seen_at.map(|at| at.rfc3339()),
        };
        ConversationBody {
            can_write: Some(standing == Standing::Writes),
            people: Some(people.iter().map(person).collect()),
            readers: Some(readers.iter().map(reader).collect()),
            ..ConversationBody::new(conversation)
        }
    }
}

#[derive(Debug, Serialize)]
pub struct MessageBody {
    pub id: MessageId,
    conversation_id: ConversationId,
    /// What the sender's device called it.
    given_id: Uuid,
    seq: i64,
    /// The count at which it last changed.
    changed: i64,
    /// `message`, `many`, `welcome` or `automatic`.
    kind: &'static str,
    sender: SenderBody,
    body: String,
    sent_at: String,
    edited_at: Option<String>,
    deleted_at: Option<String>,
    file: Option<FileBody>,
}

#[derive(Debug, Serialize)]
struct SenderBody {
    /// `member`, `client`, `contact` or `practice`.
    kind: &'static str,
    /// The member's id.
    id: Option<Uuid>,
    name: String,
}

#[derive(Debug, Serialize)]
struct FileBody {
    id: Uuid,
    name: String,
    media_type: &'static str,
    /// Bytes.
    size: u64,
}

impl FileBody {
    fn new(file: &Attached) -> FileBody {
        FileBody { id: file.id, name: file.name.clone(), media_type: file.kind.media, size: file.size }
    }
}

impl MessageBody {
    pub fn new(message: &Message) -> MessageBody {
        let is_member = message.sender.kind == super::SenderKind::Member;
        MessageBody {
            id: message.id,
            conversation_id: message.conversation,
            given_id: message.given,
            seq: message.seq,
            changed: message.changed,
            kind: message.said.as_str(),
            sender: SenderBody {
                kind: message.sender.kind.as_str(),
                id: Some(message.sender.id).filter(|_| is_member),
                name: message.sender.name.clone(),
            },
            body: message.body.clone(),
            sent_at: message.at.rfc3339(),
            edited_at: message.edited.map(|at| at.rfc3339()),
            deleted_at: message.deleted.map(|at| at.rfc3339()),
            file: message.file.as_ref().map(FileBody::new),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct ScheduledBody {
    id: Uuid,
    conversation_id: ConversationId,
    body: String,
    at: String,
    /// `waiting`, or `refused`: its time came, and nobody could write there any more.
    state: &'static str,
}

impl ScheduledBody {
    pub fn new(one: &Scheduled) -> ScheduledBody {
        ScheduledBody {
            id: one.id,
            conversation_id: one.conversation,
            body: one.body.clone(),
            at: one.at.rfc3339(),
            state: if one.refused { "refused" } else { "waiting" },
        }
    }
}
