//! How a conversation looks, to the staff and in the portal: the same parts on both sides.

use askama::Template;
use jiff::civil::Date;
use uuid::Uuid;

use super::queries::Reader;
use super::{Conversation, Kind, Listed, Message, Said, SenderKind, Standing, Why};
use crate::access::Who;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::files::{Shown as FileShown, size_said};
use crate::people::initials;
use crate::web::Ctx;
use crate::words::Words;

/// Who looks, from where, and when.
pub struct Views {
    me: Uuid,
    /// Where the pages of this side begin.
    pub base: &'static str,
    pub zone: String,
    pub words: Words,
    now: Instant,
    today: Date,
    is_staff: bool,
    practice: String,
}

#[derive(Template)]
#[template(path = "chat/message.html")]
pub struct MessageView {
    words: Words,
    base: &'static str,
    id: String,
    given: String,
    seq: i64,
    mine: bool,
    by: String,
    /// An automatic one says so.
    said: String,
    at: String,
    machine: String,
    body: String,
    deleted: bool,
    edited: bool,
    file: Option<FileView>,
    editable: bool,
    state: String,
    /// It is the first that whoever looks has not read.
    begins_new: bool,
}

impl MessageView {
    pub fn begins_new(self, begins_new: bool) -> MessageView {
        MessageView { begins_new, ..self }
    }
}
impl askama::filters::HtmlSafe for MessageView {}

struct FileView {
    href: String,
    name: String,
    size: String,
    picture: bool,
}

impl Views {
    pub fn of(ctx: &Ctx) -> Result<Views> {
        let actor = ctx.actor()?;
        let practice = ctx.practice()?;
        let is_staff = matches!(actor.who, Who::Member(_));
        let now = ctx.app.now();
        Ok(Views {
            me: actor.id().ok_or(Error::NotFound)?,
            base: if is_staff { "/chat" } else { "/portal/messages" },
            today: now.date_in(&practice.time_zone),
            zone: practice.time_zone.clone(),
            words: ctx.words(),
            now,
            is_staff,
            practice: practice.name.clone(),
        })
    }

    pub fn me(&self) -> Uuid {
        self.me
    }

    pub fn is_mine(&self, message: &Message) -> bool {
        message.sender.id == self.me && message.said.is_typed()
    }

    /// The time alone for what was today.
    pub fn when(&self, at: Instant) -> String {
        if at.date_in(&self.zone) == self.today { at.time_in(&self.zone) } else { at.said_in(&self.zone) }
    }

    /// The time of what was today, and the day of everything else.
    fn short(&self, at: Instant) -> String {
        let day = at.date_in(&self.zone);
        if day == self.today { at.time_in(&self.zone) } else { day.strftime("%-d %b").to_string() }
    }

    fn by(&self, message: &Message) -> String {
        match message.sender.kind {
            _ if self.is_mine(message) => self.words.t("chat-you"),
            SenderKind::Practice => self.practice.clone(),
            _ => message.sender.name.clone(),
        }
    }

    pub fn view(&self, message: &Message, readers: &[Reader]) -> MessageView {
        let mine = self.is_mine(message);
        let file = message.file.as_ref().map(|file| FileView {
            href: format!("{}/files/{}", self.base, file.id),
            name: file.name.clone(),
            size: size_said(file.size),
            picture: file.kind.shown == FileShown::Inline,
        });
        MessageView {
            words: self.words,
            base: self.base,
            id: message.id.to_string(),
            given: message.given.to_string(),
            seq: message.seq,
            mine,
            by: self.by(message),
            said: match message.said {
                Said::ByHand | Said::ToMany => String::new(),
                Said::Welcome => {
                    if self.is_staff {
                        self.words.t("chat-said-welcome")
                    } else {
                        String::new()
                    }
                }
                Said::Automatic => self.words.t("chat-said-automatic"),
            },
            at: self.when(message.at),
            machine: message.at.rfc3339(),
            body: message.body.clone(),
            deleted: message.deleted.is_some(),
            edited: message.edited.is_some() && message.deleted.is_none(),
            file,
            editable: mine && message.can_be_edited(self.now),
            begins_new: false,
            state: if mine && message.deleted.is_none() { self.state(message, readers) } else { String::new() },
        }
    }

    /// Sent, delivered, or read by whom.
    fn state(&self, message: &Message, readers: &[Reader]) -> String {
        let others = || readers.iter().filter(|reader| reader.id != self.me);
        let read: Vec<&str> = others().filter(|r| r.seen >= message.seq).map(|r| r.name.as_str()).collect();
        if !read.is_empty() {
            return self.words.with("chat-read", &[("who", &read.join(", "))]);
        }
        let arrived = others().any(|reader| reader.delivered >= message.seq);
        self.words.t(if arrived { "chat-delivered" } else { "chat-sent" })
    }

    pub fn message(&self, message: &Message) -> Result<String> {
        Ok(self.view(message, &[]).render()?)
    }

    /// What a conversation is called to whoever looks.
    pub fn title(&self, conversation: &Conversation) -> String {
        match (conversation.kind, self.is_staff) {
            (Kind::Group, _) => conversation.title.clone(),
            (_, true) => conversation.client_name.clone(),
            (Kind::Practice, false) => self.practice.clone(),
            (_, false) => conversation.member_name.clone(),
        }
    }

    /// Who is in it, where that is not said by its title.
    pub fn lead(&self, conversation: &Conversation, names: &[String]) -> String {
        let words = self.words;
        match (conversation.kind, self.is_staff) {
            (Kind::Group, _) => names.join(", "),
            (Kind::Practice, true) => words.t("chat-with-practice"),
            (Kind::Practice, false) => words.t("chat-with-practice-portal"),
            (_, true) if conversation.member != Some(crate::ids::MemberId(self.me)) => {
                words.with("chat-with", &[("who", &conversation.member_name)])
            }
            (_, false) if !conversation.member_there => words.t("chat-not-there"),
            (_, false) => words.t("chat-is-there"),
            (_, true) => String::new(),
        }
    }

    pub fn row(&self, listed: &Listed, current: Option<&Conversation>) -> ListRow {
        let conversation = &listed.conversation;
        let title = self.title(conversation);
        ListRow {
            href: format!("{}/{}", self.base, conversation.id),
            current: current.is_some_and(|current| current.id == conversation.id),
            initials: initials(&title),
            lead: if conversation.kind == Kind::Practice && self.is_staff {
                self.words.t("chat-with-practice")
            } else {
                String::new()
            },
            title,
            group: conversation.kind == Kind::Group,
            at: if conversation.last_said > 0 { self.short(conversation.last_at) } else { String::new() },
            machine: conversation.last_at.rfc3339(),
            unread: match listed.unread {
                0 => String::new(),
                n if n >= 100 => "99+".into(),
                n => n.to_string(),
            },
            muted: listed.muted,
            closed: conversation.closed,
        }
    }
}

pub struct ListRow {
    href: String,
    current: bool,
    initials: String,
    title: String,
    lead: String,
    group: bool,
    at: String,
    machine: String,
    unread: String,
    muted: bool,
    closed: bool,
}

#[derive(Template)]
#[template(path = "chat/list.html")]
pub struct ListView {
    pub words: Words,
    pub base: &'static str,
    pub rows: Vec<ListRow>,
    pub archive: bool,
    pub search: String,
    pub next: Option<String>,
    pub is_staff: bool,
}
impl askama::filters::HtmlSafe for ListView {}

/// How far the others are, who is there, and whether one can write, as a stream tells it.
pub fn receipts(
    readers: &[Reader],
    views: &Views,
    conversation: &Conversation,
    standing: Standing,
    names: &[String],
) -> serde_json::Value {
    let others: Vec<&Reader> = readers.iter().filter(|reader| reader.id != views.me()).collect();
    let delivered = others.iter().map(|reader| reader.delivered).max().unwrap_or(0);
    let read: Vec<_> = others
        .iter()
        .filter(|reader| reader.seen > 0)
        .map(|reader| serde_json::json!({"name": reader.name, "seen": reader.seen}))
        .collect();
    let why = match standing {
        Standing::Writes => "",
        Standing::Reads(why) => why.word(),
    };
    let lead = views.lead(conversation, names);
    serde_json::json!({"delivered": delivered, "read": read, "why": why, "lead": lead})
}

/// Whether somebody who may only read could have it opened to them.
pub fn may_reopen(standing: Standing) -> bool {
    standing == Standing::Reads(Why::Closed)
}
