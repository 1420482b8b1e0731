//! Signing in: the same steps, the same work and the same words for known and unknown addresses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::guesses::{Guesses, Outcome};
use super::places::{Place, places_of};
use super::sessions::{self, NewSession, Session, device_name};
use super::{password_hash, queries};
use crate::app::App;
use crate::error::Result;
use crate::ids::{AccountId, PracticeId};
use crate::people::Email;
use crate::practice::House;
use crate::web::{Cookie, Ctx, Identity, lead_to};

/// Accounts that one device is remembered for.
const KNOWN_ACCOUNTS: usize = 5;

/// What came of an address and a password.
#[derive(Debug, Clone)]
pub enum Attempt {
    /// They belong together.
    In(Proven),
    Refused,
    Wait {
        seconds: u64,
    },
}

/// Somebody who has just proven who they are.
#[derive(Debug, Clone)]
pub struct Proven {
    pub account: AccountId,
    email_key: String,
    hash: String,
    guesses: Guesses,
}

/// Checks an address and a password. A try is counted before it is made.
pub async fn attempt(ctx: &Ctx, email: &str, password: &str) -> Result<Attempt> {
    let app = &ctx.app;
    let key = Email::loose_key(email);
    let (outcome, known, guesses) = app
        .write({
            let (key, cookie, ip) = (key.clone(), ctx.device.clone(), ctx.ip);
            move |h| {
                let known = queries::credentials(h, &key)?;
                let device = known_device(h, cookie.as_deref(), &key)?;
                let guesses = Guesses::new(h.app, &key, ip, device.as_deref());
                Ok((guesses.take(h)?, known, guesses))
            }
        })
        .await?;
    if let Outcome::Wait { seconds } = outcome {
        app.metrics.sign_in_refusals.inc();
        return Ok(Attempt::Wait { seconds });
    }
    let good = app.passwords.verify(password, known.as_ref().map(|(_, hash)| hash.clone())).await?;
    match known {
        Some((account, hash)) if good => Ok(Attempt::In(Proven { account, email_key: key, hash, guesses })),
        _ => {
            app.metrics.sign_in_refusals.inc();
            Ok(Attempt::Refused)
        }
    }
}

/// Where a new session is to stand.
#[derive(Debug, Clone)]
pub enum Stand {
    /// In the only place there is, or before the chooser.
    Anywhere,
    /// In this place, if the account still has it.
    At(PracticeId, Uuid),
}

/// A session that was just started.
#[derive(Debug, Clone)]
pub struct Started {
    token: String,
    pub place: Option<Place>,
    /// The account's address is not proven: the device is not known for it either.
    provisional: bool,
    /// What the device is remembered with.
    hash: String,
}

/// Starts a session for somebody proven. The session that the browser had before ends: its token is dead.
/// Nothing if the password was changed in the meantime.
pub async fn start(ctx: &Ctx, proven: &Proven, stand: Stand) -> Result<Option<Started>> {
    let proven = proven.clone();
    let started = start_with(ctx, proven.account, stand, move |h| {
        proven.guesses.forgive(h)?;
        Ok(password_hash(h, proven.account)?.is_some_and(|hash| hash == proven.hash))
    })
    .await?;
    if started.is_some() {
        ctx.app.metrics.sign_ins.inc();
    }
    Ok(started)
}

/// Starts a session for an account whose holder was proven by something else (a link, the setup).
pub async fn start_for(ctx: &Ctx, account: AccountId, stand: Stand) -> Result<Option<Started>> {
    start_with(ctx, account, stand, |_| Ok(true)).await
}

/// Starts a session in place of another of the same account, which ends. Nothing if that had ended already: whoever was
/// put out meanwhile does not come back this way.
pub async fn start_from(ctx: &Ctx, from: &Session, stand: Stand) -> Result<Option<Started>> {
    let (account, session) = (from.account, from.id);
    start_with(ctx, account, stand, move |h| sessions::end(h, account, session)).await
}

async fn start_with(
    ctx: &Ctx,
    account: AccountId,
    stand: Stand,
    still_good: impl Fn(&crate::practice::House) -> Result<bool> + Send + 'static,
) -> Result<Option<Started>> {
    let token = crate::secrets::new_token();
    let device = device_name(&ctx.user_agent);
    let before = match &ctx.who {
        Identity::Signed(signed) => Some((signed.session.account, signed.session.id)),
        _ => None,
    };
    ctx.app
        .write(move |h| {
            if !still_good(h)? {
                return Ok(None);
            }
            let places = places_of(h, account)?;
            let place = match &stand {
                Stand::Anywhere if places.len() == 1 => places.first().cloned(),
                Stand::Anywhere => None,
                Stand::At(practice, id) => places.iter().find(|p| p.practice == *practice && p.id == *id).cloned(),
            };
            if let Some((account, session)) = before {
                sessions::end(h, account, session)?;
            }
            let new = NewSession {
                account,
                token: token.clone(),
                device: device.clone(),
                several_places: places.len() > 1,
                place: place.clone(),
            };
            sessions::start(h, &new)?;
            let provisional = super::provisional::email(h, account)?.is_some();
            let hash = password_hash(h, account)?.unwrap_or_default();
            Ok(Some(Started { token: token.clone(), place, provisional, hash }))
        })
        .await
}

impl Started {
    /// Where the person lands.
    pub fn landing(&self) -> &'static str {
        crate::routes::home_of(self.place.as_ref().map(|place| place.kind))
    }

    /// Gives the browser the session, and remembers the device for this address.
    pub fn give(&self, ctx: &Ctx, response: &mut Response, email_key: &str) -> Result<()> {
        Cookie::Session.set(&ctx.app, response, &self.token)?;
        // A known device may guess where others may not: whoever typed somebody's address at a sign-up has none for it.
        if self.provisional {
            return Ok(());
        }
        remember_device(ctx, response, email_key, &self.hash)
    }

    /// Leads on with the session.
    pub fn lead(&self, ctx: &Ctx, to: &str, email_key: &str) -> Result<Response> {
        let mut response = lead_to(ctx, to)?;
        self.give(ctx, &mut response, email_key)?;
        Ok(response)
    }
}

impl Proven {
    pub(super) fn new(account: AccountId, email_key: String, hash: String, guesses: Guesses) -> Proven {
        Proven { account, email_key, hash, guesses }
    }

    /// The hash that the password was checked against.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub fn email_key(&self) -> &str {
        &self.email_key
    }
}

/// The proof, for one device, that somebody has signed in to an address on it. It ends with the password: whoever
/// changes it shuts out the devices that knew the old one. The newest key's comes first.
fn device_proofs(app: &App, device: &str, email_key: &str, hash: &str) -> Vec<String> {
    let digests = app.secrets.digests("known device", &[device.as_bytes(), email_key.as_bytes(), hash.as_bytes()]);
    digests.iter().map(|digest| URL_SAFE_NO_PAD.encode(&digest[..16])).collect()
}

/// The device's id, if it has signed in to this address before, with the password that the account has now.
pub fn known_device(h: &House, cookie: Option<&str>, email_key: &str) -> Result<Option<String>> {
    let Some((device, proofs)) = cookie.and_then(|cookie| cookie.split_once('.')) else {
        return Ok(None);
    };
    let Some((_, hash)) = queries::credentials(h, email_key)? else {
        return Ok(None);
    };
    let known = device_proofs(h.app, device, email_key, &hash);
    Ok(proofs.split('.').take(KNOWN_ACCOUNTS).any(|p| known.iter().any(|k| k == p)).then(|| device.to_string()))
}

/// Remembers the browser's device for an address and the password that it has from now on.
pub fn remember_device(ctx: &Ctx, response: &mut Response, email_key: &str, hash: &str) -> Result<()> {
    Cookie::Device.set(&ctx.app, response, &remembering(ctx, email_key, hash))
}

/// The device cookie with this address added.
fn remembering(ctx: &Ctx, email_key: &str, hash: &str) -> String {
    let before = ctx.device.clone().filter(|cookie| cookie.len() < 400).unwrap_or_default();
    let (device, proofs) = match before.split_once('.') {
        Some((device, proofs)) if !device.is_empty() => (device.to_string(), proofs.to_string()),
        _ => (URL_SAFE_NO_PAD.encode(crate::secrets::random::<16>()), String::new()),
    };
    let known = device_proofs(&ctx.app, &device, email_key, hash);
    let others = proofs.split('.').filter(|p| !p.is_empty() && !known.iter().any(|k| k == p)).take(KNOWN_ACCOUNTS - 1);
    let all: Vec<&str> = known.iter().take(1).map(String::as_str).chain(others).collect();
    format!("{device}.{}", all.join("."))
}

/// 429 with the wait in its header.
pub fn waiting(mut response: Response, seconds: u64) -> Response {
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response.into_response()
}
