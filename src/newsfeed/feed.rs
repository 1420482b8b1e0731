//! The list itself, as Home and the Newsfeed page show it. It asks for itself again every few seconds, and is only sent
//! again when there is something else to show.

use askama::Template;

use super::{Item, UNREAD_LIMIT, Wanted};
use crate::activities::{Before, Topic};
use crate::ids::MemberId;
use crate::timeline::Page;

/// Where the list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Home,
    Page,
}

#[derive(Template)]
#[template(path = "newsfeed/feed.html")]
pub struct Feed {
    rows: Vec<Row>,
    unread: String,
    /// Address to ask again at; empty: an older page, which does not change.
    again: String,
    /// The newest that is shown; what comes later stays new when all are marked.
    up_to: String,
    /// Where marking leads back to.
    from: String,
    at_home: bool,
    narrowed: bool,
}
impl askama::filters::HtmlSafe for Feed {}

struct Row {
    id: String,
    client: String,
    name: String,
    initials: String,
    what: String,
    detail: String,
    tone: &'static str,
    at: String,
    machine: String,
    seen: bool,
}

impl Feed {
    /// `before`: where the page begins. `me`: who reads it.
    pub fn new(
        page: &Page<Item>,
        unread: i64,
        wanted: Wanted,
        before: Before,
        me: MemberId,
        zone: &str,
        stands: Where,
    ) -> Feed {
        let row = |item: &Item| Row {
            id: item.entry.id.to_string(),
            client: item.client.to_string(),
            initials: crate::ui::initials(&item.name),
            name: item.name.clone(),
            what: item.entry.title(Some(me)),
            detail: item.entry.detail(Some(me)),
            tone: item.entry.tone(),
            at: item.entry.at.said_in(zone),
            machine: item.entry.at.rfc3339(),
            seen: item.seen,
        };
        let at_home = stands == Where::Home;
        let newest = page.items.first().map(|item| Before(item.entry.at, item.entry.id));
        let again = if before == Before::FIRST { again(wanted, &known(page, unread), stands) } else { String::new() };
        Feed {
            rows: page.items.iter().map(row).collect(),
            unread: match unread {
                0 => String::new(),
                n if n >= UNREAD_LIMIT => format!("{}+ new", UNREAD_LIMIT - 1),
                n => format!("{n} new"),
            },
            again,
            up_to: newest.map(Before::text).unwrap_or_default(),
            from: if at_home { "/home".into() } else { address(wanted, None) },
            at_home,
            narrowed: wanted != Wanted::default(),
        }
    }
}

/// What a browser shows already: as long as it is the same, nothing is sent.
pub fn known(page: &Page<Item>, unread: i64) -> String {
    let newest = page.items.first().map(|item| item.entry.id.to_string()).unwrap_or_default();
    let unseen = page.items.iter().filter(|item| !item.seen).count();
    format!("{newest}.{}.{unseen}.{unread}", page.items.len())
}

fn again(wanted: Wanted, known: &str, stands: Where) -> String {
    let mut pairs = pairs(wanted);
    pairs.push(("known", known.to_string()));
    if stands == Where::Home {
        pairs.push(("home", "1".into()));
    }
    format!("/newsfeed/list?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
}

/// The address of a page of the newsfeed.
pub fn address(wanted: Wanted, cursor: Option<Before>) -> String {
    let mut pairs = pairs(wanted);
    pairs.extend(cursor.map(|cursor| ("cursor", cursor.text())));
    match serde_urlencoded::to_string(pairs) {
        Ok(query) if !query.is_empty() => format!("/newsfeed?{query}"),
        _ => "/newsfeed".into(),
    }
}

fn pairs(wanted: Wanted) -> Vec<(&'static str, String)> {
    let topic = wanted.topic.map(|topic| ("topic", topic.as_str().to_string()));
    let client = wanted.client.map(|client| ("client_id", client.to_string()));
    topic.into_iter().chain(client).collect()
}

/// A topic as people read it.
pub fn topic_said(topic: Topic) -> &'static str {
    match topic {
        Topic::Arrivals => "New clients",
        Topic::Invitations => "Invitations",
        Topic::CareTeam => "Care team",
        Topic::Forms => "Forms",
        Topic::Record => "Changes",
        Topic::Messages => "Messages",
    }
}
