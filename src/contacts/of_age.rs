//! Coming of age: the practice is told a month before, and on the day. From that day on nobody else is in the portal
//! without the client's own word; `portal_access` asks that of every request, this tidies up and tells people.

use std::time::Duration;

use jiff::civil::Date;

use super::portal;
use crate::access::Actor;
use crate::activities::Kind as Activity;
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, PracticeId};
use crate::params;
use crate::people::{is_minor, of_age_since};
use crate::practice::{House, Practice};

/// How long before the day the practice is told.
const BEFORE: Duration = Duration::from_secs(30 * 86_400);
/// A program that was off for so long still tells them.
const LATE: Duration = Duration::from_secs(60 * 86_400);
/// Clients looked at in one transaction.
const SLICE: usize = 200;

crate::sql! {
    across("who comes of age is looked for in all practices at once") SOON =
        "select c.practice_id, c.id, c.date_of_birth, c.created_at, p.time_zone, t.told_at
         from clients c join practices p on p.id = c.practice_id
         left join comings_of_age t on t.practice_id = c.practice_id and t.client_id = c.id
             and t.date_of_birth = c.date_of_birth
         where (c.date_of_birth, c.id) > ($1, $2) and c.date_of_birth <= $3 and c.status = 'active'
             and t.ended_at is null
         order by c.date_of_birth, c.id limit $4";
    tenant TOLD =
        "insert into comings_of_age (practice_id, client_id, date_of_birth, told_at) values ($1, $2, $3, $4)
         on conflict (practice_id, client_id, date_of_birth) do nothing";
    tenant ENDED =
        "update comings_of_age set ended_at = $4 where practice_id = $1 and client_id = $2 and date_of_birth = $3";
}

struct Soon {
    practice: PracticeId,
    client: ClientId,
    born: Date,
    created_at: Instant,
    zone: String,
    told: bool,
}

/// Looks through everybody who comes of age about now, in slices.
pub async fn look(app: &Shared) -> Result<()> {
    let now = app.now();
    let mut after = (of_age_since(now.minus(LATE).date_in("UTC")).to_string(), ClientId(uuid::Uuid::nil()));
    let until = of_age_since(now.plus(BEFORE).plus(Duration::from_secs(86_400)).date_in("UTC")).to_string();
    loop {
        let (from, to) = (after.clone(), until.clone());
        let slice = app.read(move |h| soon(h, &from, &to)).await?;
        let Some(last) = slice.last() else {
            return Ok(());
        };
        after = (last.born.to_string(), last.client);
        let whole = slice.len() == SLICE;
        for one in slice.into_iter().filter(|one| one.is_due(now)) {
            app.practice(Actor::system(one.practice)).write(move |p| one.tell(p)).await?;
        }
        if !whole {
            return Ok(());
        }
    }
}

fn soon(h: &House, after: &(String, ClientId), until: &str) -> Result<Vec<Soon>> {
    let limit = i64::try_from(SLICE).unwrap_or(1);
    h.all(&SOON, params![after.0.as_str(), after.1, until, limit], |row| {
        let born: String = row.get(2)?;
        Ok(Soon {
            practice: row.get(0)?,
            client: row.get(1)?,
            born: born.parse().map_err(|_| Error::internal("a date of birth that is no date"))?,
            created_at: row.get(3)?,
            zone: row.get(4)?,
            told: row.get::<Option<Instant>>(5)?.is_some(),
        })
    })
}

impl Soon {
    fn minor_at(&self, at: Instant) -> bool {
        is_minor(self.born, at.date_in(&self.zone))
    }

    fn is_due(&self, now: Instant) -> bool {
        !self.minor_at(now) || !self.told && !self.minor_at(now.plus(BEFORE))
    }

    fn tell(&self, p: &Practice) -> Result<()> {
        let born = self.born.to_string();
        if p.run(&TOLD, params![self.client, &born, p.now])? > 0 && self.minor_at(p.now) {
            p.note(Activity::ComingOfAge, self.client, None)?;
        }
        if self.minor_at(p.now) {
            return Ok(());
        }
        p.run(&ENDED, params![self.client, &born, p.now])?;
        let were_in = portal::came_of_age(p, self.client)?;
        // Whoever came to the practice as an adult is no news.
        if were_in > 0 || self.minor_at(self.created_at) {
            p.note(Activity::OfAge, self.client, (were_in > 0).then_some("ended"))?;
        }
        Ok(())
    }
}
