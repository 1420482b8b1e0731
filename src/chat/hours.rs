//! Office hours, and the reply that goes out by itself outside of them or while somebody is away.

use std::time::Duration;

use jiff::civil::{Time, Weekday};

use super::settings::{own, settings};
use super::talk::{Looks, Put, put};
use super::{Conversation, Kind, Said, SenderKind, message_queries as rows};
use crate::clock::Instant;
use crate::error::{FieldError, Result};
use crate::practice::Practice;

/// One reply in so long, however much is written.
const EVERY: Duration = Duration::from_secs(12 * 3_600);

pub const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

/// From when to when somebody is there, for each day from Monday on. None at all: nobody has said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(pub [Option<(Time, Time)>; 7]);

fn span(text: &str) -> Option<(Time, Time)> {
    let (from, until) = text.trim().split_once('-')?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    time(from).zip(time(until)).filter(|(from, until)| from < until)
}

impl Hours {
    /// As they are kept. What is none of ours is a day without.
    pub fn kept(text: &str) -> Hours {
        let mut days = text.split(',');
        Hours(std::array::from_fn(|_| days.next().and_then(span)))
    }

    pub fn text(&self) -> String {
        if self.is_empty() { String::new() } else { self.said().join(",") }
    }

    /// Each day as it is typed: "09:00-17:00", or nothing.
    pub fn said(&self) -> [String; 7] {
        let day = |day: Option<(Time, Time)>| match day {
            Some((from, until)) => format!("{}-{}", from.strftime("%H:%M"), until.strftime("%H:%M")),
            None => String::new(),
        };
        self.0.map(day)
    }

    /// Errors: the days that are wrong.
    pub fn typed(days: &[String; 7]) -> std::result::Result<Hours, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut hours = Hours::default();
        for (at, typed) in days.iter().enumerate().filter(|(_, typed)| !typed.trim().is_empty()) {
            hours.0[at] = span(typed);
            if hours.0[at].is_none() {
                wrong.push(FieldError::new(&format!("hours_{at}"), "Enter hours such as 09:00-17:00."));
            }
        }
        if wrong.is_empty() { Ok(hours) } else { Err(wrong) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether somebody is there. Where nobody has said, always.
    pub fn hold_at(&self, now: Instant, zone: &str) -> bool {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = now.timestamp().to_zoned(zone);
        let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.is_empty() || self.0[day].is_some_and(|(from, until)| from <= local.time() && local.time() < until)
    }
}

/// Replies to what a client wrote, where nobody is there to read it. A person who is away comes before the hours.
pub fn reply(p: &Practice, conversation: &Conversation) -> Result<()> {
    let provider = conversation.member.filter(|_| conversation.kind == Kind::Direct);
    let away = provider.map_or(Ok(None), |member| own(p, member).map(|own| own.away))?;
    let settings = settings(p)?;
    // Mostly nobody has said anything of either.
    if conversation.kind == Kind::Group || away.is_none() && settings.hours.is_empty() {
        return Ok(());
    }
    let zone = p.house().practice_info(p.id)?.map(|info| info.time_zone).unwrap_or_default();
    let away = away.filter(|away| away.holds_on(p.now.date_in(&zone)));
    let text = match away {
        Some(away) => away.text,
        None if !settings.hours.hold_at(p.now, &zone) => settings.hours_text,
        None => return Ok(()),
    };
    if text.is_empty() {
        return Ok(());
    }
    let (kind, sender) = provider.map_or((SenderKind::Practice, p.id.0), |member| (SenderKind::Member, member.0));
    if rows::replied_since(p, conversation.id, sender, p.now.minus(EVERY))? {
        return Ok(());
    }
    let given = p.new_id();
    put(
        p,
        conversation,
        &Put { said: Said::Automatic, kind, sender, given, body: &text, file: None, looks: Looks::Away },
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_they_are_written() {
        let days = ["09:00-17:00", "", " 8:30 - 12:00", "", "", "", ""].map(str::to_string);
        let hours = Hours::typed(&days).unwrap();
        assert_eq!(Hours::kept(&hours.text()), hours);
        assert_eq!(hours.said()[2], "08:30-12:00");
        assert_eq!(Hours::kept(""), Hours::default());
        let wrong = ["17:00-09:00", "9", "25:00-26:00", "a-b", "09:00-09:00", "", "09:00-24:30"].map(str::to_string);
        let wrong = Hours::typed(&wrong).unwrap_err();
        assert_eq!(wrong.len(), 6);
        assert_eq!(wrong[0].field, "hours_0");
    }

    #[test]
    fn hours_hold_where_the_practice_is() {
        let hours = Hours::typed(&["09:00-17:00", "", "", "", "", "", ""].map(str::to_string)).unwrap();
        // Monday 2 March 2026, 15:00 UTC: ten in New York, midnight in Tokyo.
        let monday = Instant(1_772_463_600_000_000);
        assert!(hours.hold_at(monday, "America/New_York"));
        assert!(!hours.hold_at(monday, "Asia/Tokyo"));
        assert!(!hours.hold_at(monday.plus(Duration::from_secs(7 * 3_600)), "America/New_York"), "at five it is over");
        assert!(Hours::default().hold_at(monday, "Asia/Tokyo"), "nobody has said");
    }
}
