//! From a cookie or a token to somebody in a practice: asked anew with every request, so that whoever was disabled,
//! taken off or signed out is out with the next one.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::accounts::{self, PlaceKind, Session};
use crate::app::Shared;
use crate::clock::Instant;
use crate::error::Result;
use crate::members;
use crate::practice::House;
use crate::routes::{Presence, bearer};
use crate::web::{Cookie, Identity, SignedIn, cookie_value};

enum Found {
    Nobody,
    /// The idle time has run out: the session is to be ended for good, whatever the clock does later.
    Idle(Session),
    Signed(Box<SignedIn>),
    Token(Box<members::Holder>),
}

pub async fn identify(app: &Shared, headers: &HeaderMap, presence: Presence) -> Result<Identity> {
    let token = bearer(headers).map(str::to_string);
    let cookie = cookie_value(app, headers, Cookie::Session);
    if token.is_none() && cookie.is_none() {
        return Ok(Identity::Nobody);
    }
    let found = app.read(move |h| find(h, token.as_deref(), cookie.as_deref())).await?;
    match found {
        Found::Nobody => Ok(Identity::Nobody),
        Found::Token(holder) => {
            let members::Holder { actor, practice, token, note_use } = *holder;
            // What may not be written down for now (a full disk) must not keep anybody from reading.
            if note_use && app.practice(actor.clone()).write(move |p| members::note_use(p, token)).await.is_err() {
                tracing::warn!("the use of a token could not be noted");
            }
            Ok(Identity::Token { actor, practice: Box::new(practice) })
        }
        Found::Idle(session) => {
            app.write(move |h| accounts::end(h, session.account, session.id)).await?;
            Ok(Identity::Nobody)
        }
        Found::Signed(signed) => {
            let id = signed.session.id;
            let stale = app.now().since(signed.session.last_seen_at) >= accounts::TOUCH_EVERY;
            if presence == Presence::Counts && stale {
                app.write(move |h| accounts::touch(h, id)).await?;
            }
            Ok(Identity::Signed(signed))
        }
    }
}

fn find(h: &House, token: Option<&str>, cookie: Option<&str>) -> Result<Found> {
    // A request that carries a token is the token's, even where a cookie came along.
    if let Some(token) = token {
        let holder = members::by_secret(h, token)?;
        return Ok(holder.map_or(Found::Nobody, |holder| Found::Token(Box::new(holder))));
    }
    let Some(session) = cookie.map(|cookie| accounts::find(h, cookie)).transpose()?.flatten() else {
        return Ok(Found::Nobody);
    };
    let Some(shown) = accounts::shown_email(h, session.account)? else {
        return Ok(Found::Nobody);
    };
    let place = match session.place {
        None => None,
        Some((PlaceKind::Staff, practice, id)) => members::at_place(h, practice, id, session.account)?,
        Some((PlaceKind::Portal, practice, id)) => crate::portal_access::at_place(h, practice, id, session.account)?,
    };
    let idle = match (&session.place, &place) {
        (Some((PlaceKind::Staff, ..)), Some((_, practice))) => minutes(practice.staff_idle_minutes),
        (Some((PlaceKind::Portal, ..)), Some((_, practice))) => minutes(practice.client_idle_minutes),
        _ => accounts::NO_PLACE_IDLE,
    };
    if is_idle(h.now, session.last_seen_at, idle) {
        return Ok(Found::Idle(session));
    }
    Ok(Found::Signed(Box::new(SignedIn { session, email: shown.email, provisional: shown.provisional, idle, place })))
}

fn minutes(count: i64) -> Duration {
    Duration::from_secs(60 * u64::try_from(count.max(1)).unwrap_or(15))
}

fn is_idle(now: Instant, last_seen: Instant, limit: Duration) -> bool {
    now.since(last_seen) >= limit
}
