//! Break-glass: who runs the practice may open a record from outside the care team, for a while, by giving a reason. It
//! is kept, and the care team is told at once.

use std::time::Duration;

use crate::access::Who;
use crate::activities::Kind as Activity;
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, MemberId};
use crate::params;
use crate::practice::Practice;

/// How long a record stays open: a day's work.
const LASTS: Duration = Duration::from_secs(8 * 3_600);

crate::sql! {
    tenant INSERT =
        "insert into openings (practice_id, id, client_id, member_id, reason_sealed, opened_at, until)
         values ($1, $2, $3, $4, $5, $6, $7)";
    tenant CARING =
        "select t.member_id from care_team t
         join members m on m.practice_id = t.practice_id and m.id = t.member_id and m.disabled_at is null and m.sees_clients
         where t.practice_id = $1 and t.client_id = $2 limit 100";
    tenant LIVE =
        "select max(until) from openings where practice_id = $1 and client_id = $2 and member_id = $3";
    tenant LIST =
        "select o.id, o.opened_at, o.until, m.first_name, m.last_name, o.reason_sealed from openings o
         join members m on m.practice_id = o.practice_id and m.id = o.member_id
         where o.practice_id = $1 and o.client_id = $2 and o.reason_sealed is not null
         order by o.opened_at desc limit 20";
}

crate::sealed! { REASON = "reason of an opening" in openings (practice_id, id) reason_sealed }

/// How somebody stands to a record that they may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On the care team, or of those who need not be; or nobody is on it.
    Inside,
    /// Opened by giving a reason, until then.
    Opened(Instant),
    /// Has to give a reason first.
    Outside,
}

/// Who runs the practice stands outside unless they are on the care team. Support stays inside: the front desk belongs to
/// no care team, and what it may not see is decided by its role.
pub fn standing(p: &Practice, client: ClientId) -> Result<Standing> {
    let Some(member) = outsider(p, client)? else {
        return Ok(Standing::Inside);
    };
    let until: Option<Instant> = p.one(&LIVE, params![client, member], |row| Ok(row.get(0)?))?.flatten();
    Ok(until.filter(|until| *until > p.now).map_or(Standing::Outside, Standing::Opened))
}

/// A member who runs the practice, where somebody else cares for the client and they do not.
fn outsider(p: &Practice, client: ClientId) -> Result<Option<MemberId>> {
    let Who::Member(member) = &p.actor.who else {
        return Ok(None);
    };
    if !member.role.runs_practice() {
        return Ok(None);
    }
    // Who has left, or is no provider any more, is nobody to go behind the back of.
    let team: Vec<MemberId> = p.all(&CARING, params![client], |row| Ok(row.get(0)?))?;
    Ok((!team.is_empty() && !team.contains(&member.id)).then_some(member.id))
}

/// Refuses whoever has to give a reason first.
pub fn refuse_outsider(p: &Practice, client: ClientId) -> Result<()> {
    match standing(p, client)? {
        Standing::Outside => Err(Error::OutsideTeam(client)),
        Standing::Inside | Standing::Opened(_) => Ok(()),
    }
}

/// Opens a record that the caller may see, for whoever stands outside; until when. Whoever stands inside needs none.
pub fn open(p: &Practice, client: ClientId, reason: &str) -> Result<Option<Instant>> {
    let Some(member) = outsider(p, client)? else {
        return Ok(None);
    };
    let until = insert(p, client, member, Some(reason))?;
    p.note(Activity::Opened, client, None)?;
    p.audit(&Entry::of_client("record.opened", client))?;
    Ok(Some(until))
}

/// Lets whoever adds a client for a colleague look at what they have just typed.
pub fn open_added(p: &Practice, client: ClientId) -> Result<()> {
    match &p.actor.who {
        Who::Member(member) if member.role.runs_practice() && !super::members(p, client)?.contains(&member.id) => {
            insert(p, client, member.id, None).map(drop)
        }
        _ => Ok(()),
    }
}

fn insert(p: &Practice, client: ClientId, member: MemberId, reason: Option<&str>) -> Result<Instant> {
    let (id, until) = (p.new_id(), p.now.plus(LASTS));
    let sealed = p.app.secrets.seal_text(REASON.what, &[p.id.0, id], reason);
    p.run(&INSERT, params![id, client, member, sealed, p.now, until])?;
    Ok(until)
}

/// One opening, as whoever may see the record reads it.
#[derive(Debug, Clone)]
pub struct Opening {
    pub at: Instant,
    pub until: Instant,
    pub who: String,
    pub reason: String,
}

/// The latest twenty for which a reason was given, the newest first.
pub fn openings(p: &Practice, client: ClientId) -> Result<Vec<Opening>> {
    p.all(&LIST, params![client], |row| {
        let id: uuid::Uuid = row.get(0)?;
        let (first, last): (String, String) = (row.get(3)?, row.get(4)?);
        let sealed: Option<Vec<u8>> = row.get(5)?;
        let reason = p.app.secrets.unseal_text(REASON.what, &[p.id.0, id], sealed.as_deref())?;
        let reason = reason.unwrap_or_default();
        Ok(Opening { at: row.get(1)?, until: row.get(2)?, who: format!("{first} {last}"), reason })
    })
}
