//! Somebody who was added twice: the second record was merged into the first, and can still be taken back.

use super::{DAY, Desk};
use crate::clients::{self, Fields, Inviting, Source};
use crate::error::{Error, Result};
use crate::merging::{self, Outcome};
use crate::people;

/// By the colleague at the front desk, without asking; found a day later by who cares for her.
pub fn added_twice(desk: &Desk) -> Result<()> {
    let (front, provider) = (&desk.team[4], &desk.team[2]);
    let (found, _) = clients::gather(&desk.h.practice(provider), "search=Noor+Haddad", None, 1)?;
    let kept = *found.first().ok_or(Error::NotFound)?;
    let at = desk.h.at(desk.h.now.minus(DAY * 2));
    let now = clients::find(&at.practice(front), kept)?.fields;
    let phone = people::phone("+1 212 555 0147", "America/New_York").unwrap_or_default();
    let again = Fields { email: None, phone, record_number: None, note: None, ..now };
    let gone = clients::add(&at.practice(front), &again, Inviting::Later, Source::Added)?.id;
    let later = desk.h.at(desk.h.now.minus(DAY));
    match merging::merge(&later.practice(provider), kept, gone, None)? {
        Outcome::Done(_) => Ok(()),
        Outcome::Refused(refused) => Err(Error::internal(format!("a made-up merge was refused: {refused:?}"))),
    }
}
