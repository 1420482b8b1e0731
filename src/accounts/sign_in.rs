//! Signing in: the same steps, the same work and the same words for known and unknown addresses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::guesses::{Guesses, Outcome};
use super::passphrases::{self, Passphrase};
use super::pending::{self, NewPending};
use super::places::{Place, places_of};
use super::second_step::{Refused, Trier};
use super::sessions::{self, NewSession, Session, device_name};
use super::{password_hash, passwords, queries};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, PracticeId};
use crate::people::Email;
use crate::practice::House;
use crate::second_factor::{self, Cleared};
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
    Ok(attempt_at_the_door(ctx, email, password).await?.0)
}

/// The same for the sign-in page, and where it leads: what was typed may be a one-time passphrase, which stands for the
/// password there and nowhere else.
pub async fn attempt_at_the_door(ctx: &Ctx, email: &str, password: &str) -> Result<(Attempt, Stand)> {
    let app = &ctx.app;
    let key = Email::loose_key(email);
    let (outcome, known, passphrase, guesses) = app
        .write({
            let (key, cookie, ip) = (key.clone(), ctx.device.clone(), ctx.ip);
            let typed: String = password.chars().take(passwords::LONGEST).collect();
            move |h| {
                let known = queries::credentials(h, &key)?;
                let passphrase = passphrases::typed(h, known.as_ref().map(|(account, _)| *account), &typed)?;
                let device = known_device(h, cookie.as_deref(), &key)?;
                let guesses = Guesses::new(h.app, &key, ip, device.as_deref());
                Ok((guesses.take(h)?, known, passphrase, guesses))
            }
        })
        .await?;
    if let Outcome::Wait { seconds } = outcome {
        app.metrics.sign_in_refusals.inc();
        return Ok((Attempt::Wait { seconds }, Stand::Anywhere));
    }
    let good = app.passwords.verify(password, known.as_ref().map(|(_, hash)| hash.clone())).await?;
    let stand = match passphrase {
        Some(one) if !good => Stand::Only(one),
        _ => Stand::Anywhere,
    };
    match known {
        Some((account, hash)) if good || matches!(stand, Stand::Only(_)) => {
            Ok((Attempt::In(Proven { account, email_key: key, hash, guesses }), stand))
        }
        _ => {
            app.metrics.sign_in_refusals.inc();
            Ok((Attempt::Refused, Stand::Anywhere))
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
    /// Where a one-time passphrase leads, and nowhere else.
    Only(Passphrase),
}

impl Stand {
    /// Where a session stands.
    pub fn of(session: &Session) -> Stand {
        session.place.map_or(Stand::Anywhere, |(_, practice, id)| Stand::At(practice, id))
    }

    /// Uses up the passphrase that leads here, if one does. `false`: it is good no more.
    fn take(&self, h: &House, account: AccountId) -> Result<bool> {
        match self {
            Stand::Only(one) => passphrases::take(h, account, one),
            Stand::Anywhere | Stand::At(..) => Ok(true),
        }
    }
}

/// A session that was just started.
#[derive(Debug, Clone)]
pub struct Started {
    pub session: Uuid,
    token: String,
    pub place: Option<Place>,
    /// The account's address is not proven, or its password was not given: the device is not known for it either.
    unproven: bool,
    passphrase: bool,
    /// What the device is remembered with.
    hash: String,
}

/// What came of somebody who has proven who they are, as far as a password or a link goes.
#[derive(Debug, Clone)]
pub enum Begun {
    In(Started),
    /// The account has a second factor: the code is asked for before anything opens.
    CodeNeeded(CodeNeeded),
    /// The password was changed in the meantime, or the passphrase used.
    Gone,
}

/// The token of a sign-in that waits for its code.
#[derive(Debug, Clone)]
pub struct CodeNeeded {
    token: String,
}

/// What a new session takes from the request.
#[derive(Debug, Clone)]
struct Opening {
    token: String,
    device: String,
    /// The session that the browser had before: it ends, its token is dead.
    before: Option<(AccountId, Uuid)>,
}

impl Opening {
    fn of(ctx: &Ctx) -> Opening {
        let before = match &ctx.who {
            Identity::Signed(signed) => Some((signed.session.account, signed.session.id)),
            _ => None,
        };
        Opening { token: crate::secrets::new_token(), device: device_name(&ctx.user_agent), before }
    }

    /// Opens a session: the one place where any begins. A passphrase has been taken before.
    fn open(&self, h: &House, cleared: Cleared, stand: &Stand) -> Result<Started> {
        let account = cleared.account();
        let places = places_of(h, account)?;
        let place = match stand {
            Stand::Anywhere if places.len() == 1 => places.first().cloned(),
            Stand::Anywhere => None,
            Stand::At(practice, id) => places.iter().find(|p| p.practice == *practice && p.id == *id).cloned(),
            Stand::Only(one) => places.iter().find(|p| p.practice == one.practice && p.id == one.access.0).cloned(),
        };
        let passphrase = match stand {
            Stand::Only(one) => Some(one.id),
            _ => None,
        };
        if let Some((account, session)) = self.before {
            sessions::end(h, account, session)?;
        }
        let new = NewSession {
            cleared,
            token: self.token.clone(),
            device: self.device.clone(),
            several_places: places.len() > 1,
            place: place.clone(),
            passphrase,
        };
        let session = sessions::start(h, &new)?;
        let unproven = passphrase.is_some() || super::provisional::email(h, account)?.is_some();
        let hash = password_hash(h, account)?.unwrap_or_default();
        Ok(Started { session, token: self.token.clone(), place, unproven, passphrase: passphrase.is_some(), hash })
    }

    /// Opens a session for an account without a second factor, or notes that its code is to come.
    fn begin(&self, h: &House, new: &NewPending) -> Result<Begun> {
        if let Some(cleared) = second_factor::not_set_up(h, new.account)? {
            if !new.stand.take(h, new.account)? {
                return Ok(Begun::Gone);
            }
            return Ok(Begun::In(self.open(h, cleared, &new.stand)?));
        }
        pending::begin(h, &self.token, new)?;
        Ok(Begun::CodeNeeded(CodeNeeded { token: self.token.clone() }))
    }
}

/// Starts a session for somebody proven, or asks for the code. `next`: where to go on to after it; may be empty.
pub async fn start(ctx: &Ctx, proven: &Proven, stand: Stand, next: &str) -> Result<Begun> {
    let (proven, opening) = (proven.clone(), Opening::of(ctx));
    let new =
        NewPending { account: proven.account, email_key: proven.email_key.clone(), stand, next: next.to_string() };
    let begun = ctx
        .app
        .write(move |h| {
            if !proven.still_holds(h)? {
                return Ok(Begun::Gone);
            }
            // The password was right: what was mistyped before it counts no more. Codes are counted for themselves.
            proven.guesses.forgive(h)?;
            opening.begin(h, &new)
        })
        .await?;
    if matches!(begun, Begun::In(_)) {
        ctx.app.metrics.sign_ins.inc();
    }
    Ok(begun)
}

/// Lets an account in whose holder was proven by something else (a link, the setup): with a session, or to the page that
/// asks for the code.
pub async fn enter(ctx: &Ctx, account: AccountId, stand: Stand, email_key: &str) -> Result<Response> {
    let opening = Opening::of(ctx);
    let new = NewPending { account, email_key: email_key.to_string(), stand, next: String::new() };
    match ctx.app.write(move |h| opening.begin(h, &new)).await? {
        Begun::In(started) => started.lead(ctx, started.landing(), email_key),
        Begun::CodeNeeded(needed) => needed.lead(ctx),
        Begun::Gone => Err(Error::internal("whoever entered has no session")),
    }
}

/// A session that a code has opened, and where it goes on.
#[derive(Debug, Clone)]
pub struct Finished {
    pub started: Started,
    pub email_key: String,
    pub next: String,
}

/// Ends a sign-in that waits for a code: with a session, if the code is good.
pub async fn finish(ctx: &Ctx, code: &str) -> Result<std::result::Result<Finished, Refused>> {
    let (opening, trier, code) = (Opening::of(ctx), Trier::of(ctx), code.to_string());
    let token = ctx.step.clone().unwrap_or_default();
    let finished = ctx
        .app
        .write(move |h| {
            let Some(pending) = pending::find(h, &token)? else {
                return Ok(Err(Refused::Gone));
            };
            let cleared = match trier.check(h, pending.account, &pending.email_key, &code)? {
                Ok(cleared) => cleared,
                Err(refused) => return Ok(Err(refused)),
            };
            if !pending::take(h, pending.id)? || !pending.stand.take(h, pending.account)? {
                return Ok(Err(Refused::Gone));
            }
            let started = opening.open(h, cleared, &pending.stand)?;
            Ok(Ok(Finished { started, email_key: pending.email_key, next: pending.next }))
        })
        .await?;
    if finished.is_ok() {
        ctx.app.metrics.sign_ins.inc();
    }
    Ok(finished)
}

/// Starts a session in place of the one that asks, which ends: in another place, or after something that needed proof.
/// `work` says why it may, and does what it is for in the same transaction. Whoever was put out meanwhile does not come
/// back this way.
pub async fn start_from(
    ctx: &Ctx,
    stand: Stand,
    work: impl Fn(&House) -> Result<std::result::Result<Cleared, Refused>> + Send + 'static,
) -> Result<std::result::Result<Started, Refused>> {
    let session = &ctx.signed()?.session;
    let (account, id, opening) = (session.account, session.id, Opening::of(ctx));
    ctx.app
        .write(move |h| {
            if !sessions::is_live(h, account, id)? {
                return Ok(Err(Refused::Gone));
            }
            match work(h)? {
                Ok(cleared) if cleared.account() == account => Ok(Ok(opening.open(h, cleared, &stand)?)),
                Ok(_) => Err(Error::internal("a session of one account goes on as another's")),
                Err(refused) => Ok(Err(refused)),
            }
        })
        .await
}

/// Goes on from a session that idled, after its holder's password: with a code too, unless one was given for it.
pub async fn resume(
    ctx: &Ctx,
    proven: &Proven,
    from: &Session,
    code: &str,
) -> Result<std::result::Result<Started, Refused>> {
    let (opening, trier, proven, code) = (Opening::of(ctx), Trier::of(ctx), proven.clone(), code.to_string());
    let (stand, session) = (Stand::of(from), from.id);
    let resumed = ctx
        .app
        .write(move |h| {
            if !proven.still_holds(h)? {
                return Ok(Err(Refused::Gone));
            }
            let cleared = match second_factor::carried(h, proven.account, session)? {
                Some(cleared) => cleared,
                None => match trier.check(h, proven.account, &proven.email_key, &code)? {
                    Ok(cleared) => cleared,
                    Err(refused) => return Ok(Err(refused)),
                },
            };
            proven.guesses.forgive(h)?;
            // Once: the session that it goes on from does not let anybody in again.
            sessions::spend(h, session)?;
            Ok(Ok(opening.open(h, cleared, &stand)?))
        })
        .await?;
    if resumed.is_ok() {
        ctx.app.metrics.sign_ins.inc();
    }
    Ok(resumed)
}

impl CodeNeeded {
    /// Gives the browser the token of the sign-in that waits.
    pub fn give(&self, ctx: &Ctx, response: &mut Response) -> Result<()> {
        Cookie::Step.set(&ctx.app, response, &self.token)
    }

    /// Leads to the page that asks for the code.
    pub fn lead(&self, ctx: &Ctx) -> Result<Response> {
        let mut response = lead_to(ctx, "/sign-in/code")?;
        self.give(ctx, &mut response)?;
        Ok(response)
    }
}

impl Started {
    /// Where the person lands.
    pub fn landing(&self) -> &'static str {
        if self.passphrase {
            return "/portal/password";
        }
        crate::routes::home_of(self.place.as_ref().map(|place| place.kind))
    }

    /// Gives the browser the session, and remembers the device for this address.
    pub fn give(&self, ctx: &Ctx, response: &mut Response, email_key: &str) -> Result<()> {
        Cookie::Session.set(&ctx.app, response, &self.token)?;
        // A known device may guess where others may not: whoever typed somebody's address at a sign-up has none for it.
        if self.unproven {
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

    /// Whether the password is still the one that was checked.
    fn still_holds(&self, h: &House) -> Result<bool> {
        Ok(password_hash(h, self.account)?.is_some_and(|hash| hash == self.hash))
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
