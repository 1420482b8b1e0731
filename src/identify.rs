//! From a cookie or a token to somebody in a practice: asked anew with every request, so that whoever was disabled,
//! taken off or signed out is out with the next one.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::accounts::{self, PlaceKind, Session};
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::Result;
use crate::intake;
use crate::members::{self, Admitted};
use crate::practice::House;
use crate::routes::{Presence, bearer};
use crate::web::{Cookie, Identity, SignedIn, cookie_value};

enum Found {
    Nobody,
    /// A device that was handed over, and is no more: so it stays, whatever the clock does later.
    DeviceOver(String),
    /// The idle time has run out: the session is to be ended for good, whatever the clock does later.
    Idle(Session),
    Signed(Box<SignedIn>),
    Token(Box<members::Holder>),
    HeldToken,
    HandedOver(Box<intake::Device>),
}

pub async fn identify(app: &Shared, headers: &HeaderMap, presence: Presence) -> Result<Identity> {
    let token = bearer(headers).map(str::to_string);
    let cookie = cookie_value(app, headers, Cookie::Session);
    let device = cookie_value(app, headers, Cookie::HandOver);
    if token.is_none() && cookie.is_none() && device.is_none() {
        return Ok(Identity::Nobody);
    }
    let found = app.read(move |h| find(h, token.as_deref(), cookie.as_deref(), device.as_deref())).await?;
    match found {
        Found::Nobody => Ok(Identity::Nobody),
        Found::DeviceOver(token) => {
            app.write(move |h| intake::run_out(h, &token)).await?;
            Ok(Identity::Nobody)
        }
        Found::HeldToken => Ok(Identity::HeldToken),
        Found::Token(holder) => {
            let members::Holder { actor, practice, token, note_use } = *holder;
            // What may not be written down for now (a full disk) must not keep anybody from reading.
            if note_use && app.practice(actor.clone()).write(move |p| members::note_use(p, token)).await.is_err() {
                tracing::warn!("the use of a token could not be noted");
            }
            Ok(Identity::Token { actor, practice: Box::new(practice) })
        }
        Found::Idle(session) => {
            app.write(move |h| accounts::end_idle(h, session.account, session.id)).await?;
            Ok(Identity::Nobody)
        }
        Found::HandedOver(device) => {
            let intake::Device { actor, practice, id, is_stale } = *device;
            if presence == Presence::Counts && is_stale {
                // Nor must this: it then ends when its idle time has passed since it was last noted.
                if app.practice(actor.clone()).write(move |p| intake::touch(p, id)).await.is_err() {
                    tracing::warn!("the use of a device could not be noted");
                }
            }
            Ok(Identity::HandedOver { actor, practice: Box::new(practice) })
        }
        Found::Signed(signed) => {
            let id = signed.session.id;
            let stale = app.now().since(signed.session.last_seen_at) >= accounts::TOUCH_EVERY;
            if presence == Presence::Counts && stale {
                // Nor must this: the session then ends when its idle time has passed since it was last noted.
                if app.write(move |h| accounts::touch(h, id)).await.is_err() {
                    tracing::warn!("the use of a session could not be noted");
                }
            }
            Ok(Identity::Signed(signed))
        }
    }
}

fn find(h: &House, token: Option<&str>, cookie: Option<&str>, device: Option<&str>) -> Result<Found> {
    // A request that carries a token is the token's, even where a cookie came along.
    if let Some(token) = token {
        return Ok(match members::by_secret(h, token)? {
            Some(members::Bearer::Holder(holder)) => Found::Token(holder),
            Some(members::Bearer::Held) => Found::HeldToken,
            None => Found::Nobody,
        });
    }
    let session = cookie.map(|cookie| accounts::find(h, cookie)).transpose()?.flatten();
    let Some(session) = session else {
        // Whoever signs in at a device that was handed over is themselves again.
        let Some(token) = device else { return Ok(Found::Nobody) };
        let found = intake::device(h, token)?;
        let over = || Found::DeviceOver(token.to_string());
        return Ok(found.map_or_else(over, |device| Found::HandedOver(Box::new(device))));
    };
    let Some(shown) = accounts::shown_email(h, session.account)? else {
        return Ok(Found::Nobody);
    };
    let (place, held) = match session.place {
        None => (None, None),
        Some((PlaceKind::Staff, practice, id)) => match members::at_place(h, practice, id, session.account)? {
            Some(Admitted::In(actor, practice)) => (Some((actor, practice)), None),
            Some(Admitted::Held(practice)) => (None, Some(practice)),
            None => (None, None),
        },
        Some((PlaceKind::Portal, practice, id)) => {
            (crate::portal_access::at_place(h, practice, id, session.account)?, None)
        }
    };
    let standing = place.as_ref().map(|(_, practice)| practice).or(held.as_ref());
    let idle = match (&session.place, standing) {
        (Some((PlaceKind::Staff, ..)), Some(practice)) => minutes(practice.staff_idle_minutes),
        (Some((PlaceKind::Portal, ..)), Some(practice)) => minutes(practice.client_idle_minutes),
        _ => accounts::NO_PLACE_IDLE,
    };
    if is_idle(h.now, session.last_seen_at, idle) {
        return Ok(Found::Idle(session));
    }
    Ok(Found::Signed(Box::new(SignedIn {
        session,
        email: shown.email,
        provisional: shown.provisional,
        idle,
        place,
        held,
    })))
}

fn minutes(count: i64) -> Duration {
    Duration::from_secs(60 * u64::try_from(count.max(1)).unwrap_or(15))
}

/// A session that was last seen in the future is over as well: the clock was put back, and nobody knows for how long it
/// has been left alone. Two servers may differ by a little.
fn is_idle(now: Instant, last_seen: Instant, limit: Duration) -> bool {
    const SKEW: Duration = Duration::from_secs(120);
    now.since(last_seen) >= limit || last_seen.since(now) > SKEW
}
