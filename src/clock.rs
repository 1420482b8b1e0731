//! Time. The rest of the program asks `App` for it, so that a test can set the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// An instant: UTC microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);
crate::column_newtype!(Instant(i64));

impl Instant {
    pub fn plus(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(micros(duration)))
    }

    pub fn minus(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_sub(micros(duration)))
    }

    /// How long since `earlier`; nothing if the clock went back.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// RFC 3339 in UTC, to the second.
    pub fn rfc3339(self) -> String {
        // Not by strftime: a list says it of every row.
        let at = jiff::tz::Offset::UTC.to_datetime(self.timestamp());
        let (date, time) = (at.date(), at.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    /// As people say it, in a zone: "3 Mar 2026, 3:05 pm".
    pub fn said_in(self, zone: &str) -> String {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = self.timestamp().to_zoned(zone);
        local.strftime("%-d %b %Y, %-I:%M %P").to_string()
    }

    /// The day alone: "Tuesday, 3 March 2026".
    pub fn day_in(self, zone: &str) -> String {
        self.date_in(zone).strftime("%A, %-d %B %Y").to_string()
    }

    /// The time of day alone: "3:05 pm".
    pub fn time_in(self, zone: &str) -> String {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        self.timestamp().to_zoned(zone).strftime("%-I:%M %P").to_string()
    }

    /// The next time that clocks in a zone show this hour, later than now. On a day without that hour: as much later as
    /// the clocks were put forward.
    pub fn next_hour_in(self, hour: i8, zone: &str) -> Instant {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let today = self.timestamp().to_zoned(zone.clone()).date();
        let at = |date: jiff::civil::Date| {
            date.at(hour, 0, 0, 0).to_zoned(zone.clone()).map(|zoned| Instant(zoned.timestamp().as_microsecond()))
        };
        let days = [Ok(today), today.tomorrow()];
        let found = days.into_iter().flatten().filter_map(|date| at(date).ok()).find(|instant| *instant > self);
        found.unwrap_or_else(|| self.plus(Duration::from_secs(86_400)))
    }

    /// The calendar date in a zone.
    pub fn date_in(self, zone: &str) -> jiff::civil::Date {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        self.timestamp().to_zoned(zone).date()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Where the time comes from.
#[derive(Clone)]
pub enum Clock {
    System,
    /// Stands still until a test moves it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    #[allow(clippy::disallowed_methods)] // the one place that asks the system
    pub fn now(&self) -> Instant {
        match self {
            Clock::System => Instant(Timestamp::now().as_microsecond()),
            Clock::Manual(at) => Instant(at.load(Ordering::SeqCst)),
        }
    }
}

/// Measures how long something took; never decides what is stored.
#[allow(clippy::disallowed_methods)]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// Waits a little, longer with each try and a little differently on each thread, before a transaction is run again.
pub fn back_off(attempt: u32) {
    let jitter = u64::from(stopwatch().elapsed().subsec_nanos() % 7) + u64::from(std::process::id() % 3);
    std::thread::sleep(Duration::from_millis((u64::from(attempt) * 2 + jitter).min(40)));
}
