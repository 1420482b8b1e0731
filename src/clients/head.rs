//! The top of every page about one client: who it is, how they stand, Actions, and the sides of the record.

use askama::Template;
use jiff::civil::Date;

use super::Status as RecordStatus;
use super::card::{Standing, standing};
use super::record::Client;
use crate::error::Result;
use crate::flows;
use crate::groups::{self, Group};
use crate::ids::ClientId;
use crate::people::{initials, is_minor};
use crate::practice::Practice;
use crate::ui::{Status, Tab, Tabs};
use crate::{care_team, invitations, members};

/// The sides of a client's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Overview,
    Timeline,
    Contacts,
    Forms,
    Documents,
    Messages,
    Looks,
}

impl Side {
    const ALL: [(Side, &str, &str); 7] = [
        (Side::Overview, "", "Overview"),
        (Side::Timeline, "/timeline", "Timeline"),
        (Side::Contacts, "/contacts", "Family and contacts"),
        (Side::Forms, "/forms", "Forms"),
        (Side::Documents, "/documents", "Documents"),
        (Side::Messages, "/messages", "Messages"),
        (Side::Looks, "/looks", "Who has looked"),
    ];
}

#[derive(Template)]
#[template(path = "clients/head.html")]
pub struct Head {
    id: ClientId,
    pub name: String,
    initials: String,
    status: Status,
    /// Label of what can be sent now; empty where there is nothing.
    button: String,
    pronouns: Option<String>,
    age: String,
    /// Empty: of age, or nobody knows.
    minor: String,
    group: String,
    group_colour: String,
    provider: String,
    pub archived: bool,
    /// Until when, where it was opened from outside the care team.
    opened: String,
    /// An answer asks for somebody's eyes.
    attention: bool,
    /// The list of alerts is on this very side.
    on_forms: bool,
    /// Something required has been open for too long.
    overdue: bool,
    tabs: Tabs,
    /// What opens in place on the record's page: its id, label and icon.
    sections: &'static [(&'static str, &'static str, &'static str)],
}

const SECTIONS: [(&str, &str, &str); 7] = [
    ("personal-information", "Personal Information", "user"),
    ("client-info", "Client info", "info"),
    ("portal", "Portal and notifications", "lock"),
    ("family", "Family and contacts", "users"),
    ("archive", "Archive", "archive"),
    ("merge", "Merge", "switch"),
    ("export", "Export this record", "download"),
];
impl askama::filters::HtmlSafe for Head {}

impl Head {
    pub fn of(
        client: &Client,
        standing: Standing,
        group: Option<&Group>,
        provider: Option<String>,
        today: Date,
        side: Side,
    ) -> Head {
        let name = client.name();
        let age = client.age_on(today);
        let tab = |(one, path, label): (Side, &str, &str)| Tab {
            href: format!("/clients/{}{path}", client.id),
            label: label.into(),
            current: one == side,
        };
        Head {
            id: client.id,
            initials: initials(&name),
            name,
            status: standing.status,
            button: standing.button,
            pronouns: client.fields.pronouns.clone(),
            age: age.map(|age| format!("{age} years")).unwrap_or_default(),
            minor: client.fields.date_of_birth.map(|born| minor_said(born, today)).unwrap_or_default(),
            group: group.map(|group| group.name.clone()).unwrap_or_default(),
            group_colour: group.map(|group| group.colour.clone()).unwrap_or_default(),
            provider: provider.unwrap_or_default(),
            archived: client.status == RecordStatus::ARCHIVED,
            opened: String::new(),
            attention: false,
            on_forms: side == Side::Forms,
            overdue: false,
            sections: &SECTIONS,
            tabs: Tabs { label: "Sides of the record".into(), items: Side::ALL.into_iter().map(tab).collect() },
        }
    }
}

impl Head {
    /// Says that the record was opened from outside the care team, and until when.
    pub fn opened(mut self, standing: care_team::Standing, zone: &str) -> Head {
        if let care_team::Standing::Opened(until) = standing {
            self.opened = until.time_in(zone);
        }
        self
    }
}

impl Head {
    /// Says how the client's forms stand. What is archived waits for nobody.
    pub fn marked(mut self, marks: flows::Marks) -> Head {
        self.attention = marks.attention;
        self.overdue = marks.overdue && !self.archived;
        self
    }
}

/// In the last month before the day, with the day.
fn minor_said(born: Date, today: Date) -> String {
    if !is_minor(born, today) {
        return String::new();
    }
    let soon = today.checked_add(jiff::Span::new().days(30)).is_ok_and(|soon| !is_minor(born, soon));
    let day = born.checked_add(jiff::Span::new().years(18)).ok().filter(|_| soon);
    day.map_or_else(|| "Minor".into(), |day| format!("Minor until {}", day.strftime("%-d %b %Y")))
}

/// The top of a page about a client, for the pages that need nothing else of the record. Errors: not found, for whoever
/// may not see the client.
pub fn head(p: &Practice, id: ClientId, zone: &str, side: Side) -> Result<Head> {
    let client = super::open(p, id)?;
    let groups = groups::all(p)?;
    let group = client.fields.group.and_then(|id| groups.iter().find(|group| group.id == id));
    let provider = client.fields.primary_provider.map(|id| members::name_of(p, id)).transpose()?.flatten();
    let standing = standing(&client, invitations::latest(p, id)?.as_ref());
    let head = Head::of(&client, standing, group, provider, p.now.date_in(zone), side);
    Ok(head.opened(care_team::standing(p, id)?, zone).marked(flows::marks(p, id)?))
}
