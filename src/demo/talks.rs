//! What a made-up client and her provider have written to each other, and a question to the front desk.

use super::{DAY, HOUR, MINUTE};
use crate::access::Actor;
use crate::app::Shared;
use crate::chat::{self, Settings, Typed};
use crate::clients;
use crate::error::{Error, Result};
use crate::ids::{ClientId, ConversationId};
use crate::portal_access;
use crate::practice::{House, Practice};

/// Who writes, how many days and minutes ago, and what.
const WITH_HER: &[(Side, u32, u32, &str)] = &[
    (
        Side::Staff,
        6,
        40,
        "Hello Ana, I have put the sleep diary into your documents. A few words each morning are enough.",
    ),
    (Side::Client, 6, 12, "Thank you! I will start tonight.\nDo I note naps as well?"),
    (Side::Staff, 5, 300, "Yes, please. An afternoon nap is often the missing piece."),
    (Side::Client, 2, 95, "Three nights so far. Last night was the first one without waking at four."),
    (Side::Staff, 2, 60, "That is good to hear. Bring the diary on Thursday, and we look at it together."),
    (Side::Client, 0, 35, "I will. Could we begin ten minutes later? The bus is slow these days."),
];
const WITH_PRACTICE: &[(Side, u32, u32, &str)] = &[
    (Side::Staff, 4, 30, "Good morning Ana, the receipt for March is ready. You can pick it up at the desk."),
    (Side::Client, 4, 10, "Perfect, I will be there on Thursday anyway."),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Staff,
    Client,
}

pub async fn talks(
    app: &Shared,
    [owner, provider]: [&Actor; 2],
    first: &'static str,
    last: &'static str,
) -> Result<()> {
    let (owner, provider) = (owner.clone(), provider.clone());
    app.write(move |h| {
        let p = &h.practice(&provider);
        // Nobody is mailed about what was made up.
        let runs = &h.practice(&owner);
        let usual = chat::settings(runs)?;
        chat::save(runs, &Settings { notice_minutes: 0, welcome: true, ..usual.clone() })?;
        let (found, _) = clients::gather(p, &format!("search={first}+{last}"), None, 1)?;
        let client = *found.first().ok_or(Error::NotFound)?;
        let ana = &in_portal(p, client)?;
        let begun = h.at(h.now.minus(DAY * 7));
        let own = chat::begin(&begun.practice(&provider), client)?;
        let desk = chat::begin_with_practice(&begun.practice(&provider), client)?;
        for (conversation, lines) in [(desk, WITH_PRACTICE), (own, WITH_HER)] {
            for (side, days, minutes, body) in lines {
                let who = if *side == Side::Staff { &provider } else { ana };
                let h = h.at(h.now.minus(DAY * *days + MINUTE * *minutes));
                say(&h, who, conversation, body)?;
            }
        }
        // The last question waits for an answer.
        let seen = h.at(h.now.minus(HOUR));
        chat::see(&seen.practice(ana), own, i64::MAX)?;
        chat::see(&seen.practice(ana), desk, i64::MAX)?;
        chat::see(&seen.practice(&provider), own, i64::try_from(WITH_HER.len()).unwrap_or(1) - 1)?;
        chat::save(runs, &Settings { welcome: true, ..usual.clone() })
    })
    .await
}

/// The client as she is in the portal.
fn in_portal(p: &Practice, client: ClientId) -> Result<Actor> {
    let access = portal_access::own(p, client)?.ok_or(Error::NotFound)?;
    let place = portal_access::at_place(&p.house(), p.id, access.id.0, access.account)?.ok_or(Error::NotFound)?;
    Ok(place.0)
}

/// Says something, and the other side has read what was said before.
fn say(h: &House, who: &Actor, conversation: ConversationId, body: &str) -> Result<()> {
    let p = &h.practice(who);
    chat::see(p, conversation, i64::MAX)?;
    chat::post(p, conversation, &Typed { given: p.new_id(), body: body.into(), file: None }).map(drop)
}
