//! One conversation as a page shows it: who is in it, its messages, and where one writes.

use askama::Template;

use super::group_queries::{self, InGroup};
use super::receive::clients;
use super::rights::open;
use super::settings::settings;
use super::show::{MessageView, Views, may_reopen};
use super::{BODY_LIMIT, Conversation, Kind, Message, PAGE, Standing, Why, message_queries as rows, queries, replies};
use crate::access::Who;
use crate::error::{FieldError, Result};
use crate::files::accept;
use crate::ids::{ClientId, ConversationId};
use crate::people::initials;
use crate::practice::Practice;
use crate::ui::ErrorSummary;
use crate::web::Ctx;
use crate::words::Words;

#[derive(Template)]
#[template(path = "chat/thread.html")]
pub struct Thread {
    words: Words,
    base: &'static str,
    is_staff: bool,
    id: ConversationId,
    title: String,
    initials: String,
    lead: String,
    /// The client's record.
    record: Option<String>,
    last: i64,
    messages: Vec<MessageView>,
    older: Option<String>,
    newer: Option<String>,
    /// Why nobody writes here; empty: they can.
    why: String,
    /// The same as a key, which a stream compares.
    why_word: &'static str,
    crisis: String,
    /// Somebody who only looks on.
    watching: bool,
    group: bool,
    /// The newest message that they have not marked as read.
    unseen: Option<i64>,
    /// What can be done with it: what is sent, and the label.
    turns: Vec<(&'static str, String)>,
    replies: Vec<(String, String)>,
    scheduled: Vec<Later>,
    errors: ErrorSummary,
    given: String,
    typed: String,
    limit: usize,
    accept: String,
}
impl askama::filters::HtmlSafe for Thread {}

/// A message that waits for its time, or was refused then.
pub struct Later {
    pub id: String,
    pub body: String,
    pub at: String,
}

impl Later {
    pub fn new(one: rows::Scheduled, views: &Views) -> Later {
        Later { id: one.id.to_string(), body: one.body, at: one.at.said_in(&views.zone) }
    }
}

/// What was typed and not taken.
#[derive(Default)]
pub struct Typing {
    pub body: String,
    pub given: String,
    pub refused: Vec<FieldError>,
}

/// The line above the field in the portal.
pub fn crisis(p: &Practice) -> Result<String> {
    let own = settings(p)?.crisis_line;
    Ok(if own.is_empty() { Words::of("en").t("chat-crisis") } else { own })
}

/// What a page of one conversation is made of.
pub struct Gathered {
    pub conversation: Conversation,
    pub standing: Standing,
    pub messages: Vec<Message>,
    pub readers: Vec<queries::Reader>,
    pub names: Vec<String>,
    pub clients: Vec<ClientId>,
    pub replies: Vec<(String, String)>,
    pub scheduled: Vec<rows::Scheduled>,
    pub crisis: String,
}

/// Those who read along in a group.
pub fn names(p: &Practice, conversation: &Conversation) -> Result<Vec<String>> {
    if conversation.kind != Kind::Group {
        return Ok(Vec::new());
    }
    let people = group_queries::people(p, conversation.id)?;
    Ok(people.into_iter().filter(InGroup::is_there).map(|one| one.name).collect())
}

pub fn gather(p: &Practice, id: ConversationId, before: i64) -> Result<Gathered> {
    let (conversation, standing) = open(p, id)?;
    let me = p.actor.member().map(|member| member.id);
    Ok(Gathered {
        messages: rows::before(p, id, before, PAGE + 1)?,
        readers: queries::readers(p, id)?,
        names: names(p, &conversation)?,
        clients: clients(p, &conversation)?,
        replies: me.map_or(Ok(Vec::new()), |me| replies::texts(p, me))?,
        scheduled: me.map_or(Ok(Vec::new()), |me| rows::scheduled(p, id, me))?,
        crisis: crisis(p)?,
        conversation,
        standing,
    })
}

pub fn thread(ctx: &Ctx, found: Gathered, before: Option<i64>, typing: Typing) -> Result<Thread> {
    let (views, words) = (Views::of(ctx)?, ctx.words());
    let staff = matches!(ctx.actor()?.who, Who::Member(_));
    let Gathered { conversation, standing, mut messages, .. } = found;
    let many = usize::try_from(PAGE).unwrap_or(50);
    let more = messages.len() > many;
    messages.truncate(many);
    messages.reverse();
    let title = views.title(&conversation);
    let why_word = match standing {
        Standing::Writes => "",
        Standing::Reads(why) => why.word(),
    };
    let own = format!("{}/{}", views.base, conversation.id);
    let mine = found.readers.iter().find(|reader| reader.id == views.me());
    let seen = mine.map_or(0, |reader| reader.seen);
    let is_unseen = |message: &&Message| message.seq > seen && message.sender.id != views.me();
    let reads_on = before.is_none() && standing != Standing::Reads(Why::Others);
    let unseen: Vec<i64> = messages.iter().filter(|_| reads_on).filter(is_unseen).map(|message| message.seq).collect();
    Ok(Thread {
        words,
        base: views.base,
        is_staff: staff,
        id: conversation.id,
        initials: initials(&title),
        lead: views.lead(&conversation, &found.names),
        title,
        record: conversation.client.filter(|_| staff).map(|client| format!("/clients/{client}/messages")),
        last: conversation.last,
        older: messages.first().filter(|_| more).map(|oldest| format!("{own}?before={}", oldest.seq)),
        newer: before.map(|_| own),
        messages: messages
            .iter()
            .map(|message| views.view(message, &found.readers).begins_new(unseen.first() == Some(&message.seq)))
            .collect(),
        why: if why_word.is_empty() { String::new() } else { words.t(why_word) },
        why_word,
        crisis: if staff || standing != Standing::Writes { String::new() } else { found.crisis },
        watching: standing == Standing::Reads(Why::Others),
        group: conversation.kind == Kind::Group,
        unseen: unseen.last().copied(),
        turns: turns(words, &conversation, standing, mine, staff),
        replies: found.replies,
        scheduled: found.scheduled.into_iter().map(|one| Later::new(one, &views)).collect(),
        errors: ErrorSummary {
            items: typing.refused.into_iter().map(|one| (one.field, one.message)).collect(),
            title: words.t("ui-error-summary"),
        },
        given: if typing.given.is_empty() { ctx.app.ids.new_id().to_string() } else { typing.given },
        typed: typing.body,
        limit: BODY_LIMIT,
        accept: accept(),
    })
}

fn turns(
    words: Words,
    conversation: &Conversation,
    standing: Standing,
    mine: Option<&queries::Reader>,
    staff: bool,
) -> Vec<(&'static str, String)> {
    // It is not theirs.
    if standing == Standing::Reads(Why::Others) {
        return Vec::new();
    }
    let muted = mine.is_some_and(|reader| reader.muted);
    let archived = mine.is_some_and(|reader| reader.archived);
    let mut turns = vec![
        if muted { ("unmute", words.t("chat-unmute")) } else { ("mute", words.t("chat-mute")) },
        if archived { ("unarchive", words.t("chat-unarchive")) } else { ("archive", words.t("chat-put-away")) },
    ];
    match (staff, conversation.closed) {
        (true, true) if may_reopen(standing) => turns.push(("reopen", words.t("chat-reopen"))),
        (true, false) if standing == Standing::Writes => turns.push(("close", words.t("chat-close"))),
        _ => {}
    }
    turns
}
