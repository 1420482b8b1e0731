//! Where an older page of a list goes on.

use uuid::Uuid;

use crate::clock::Instant;

/// A moment in a list that goes from the newest to the oldest, and the id beside it: where an older page goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before(pub Instant, pub Uuid);

impl Before {
    /// Before the newest.
    pub const FIRST: Before = Before(Instant(i64::MAX), Uuid::max());

    /// As an address carries it.
    pub fn text(self) -> String {
        format!("{}.{}", self.0.0, self.1)
    }

    /// Nothing: it is none of ours.
    pub fn parse(text: &str) -> Option<Before> {
        let (at, id) = text.split_once('.')?;
        Some(Before(Instant(at.parse().ok()?), Uuid::try_parse(id).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written_and_nothing_else_is() {
        let cursors =
            [Before::FIRST, Before(Instant(-5), Uuid::nil()), Before(Instant(1_700_000_000_000_000), Uuid::max())];
        for cursor in cursors {
            assert_eq!(Before::parse(&cursor.text()), Some(cursor));
        }
        let long = "9".repeat(5_000);
        for bad in [
            "",
            ".",
            "1.",
            ".00000000-0000-0000-0000-000000000000",
            "1.x",
            "x.00000000-0000-0000-0000-000000000000",
            &long,
        ] {
            assert_eq!(Before::parse(bad), None, "{bad}");
        }
    }
}
