use uuid::Uuid;

use super::Address;
use super::links::Link;
use super::passphrases::Passphrase;
use super::pending::Pending;
use super::places::{Place, PlaceKind};
use super::sessions::{NewSession, Session, SessionRow};
use super::sign_in::Stand;
use crate::clock::Instant;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, PracticeId};
use crate::params;
use crate::people::Email;
use crate::practice::House;

crate::sql! {
    house ADDRESS =
        "select id, account_id, email, is_login, confirmed_at is not null from account_emails
         where email_key = $1 and retired_at is null";
    house CREDENTIALS =
        "select e.account_id, a.password_hash from account_emails e join accounts a on a.id = e.account_id
         where e.email_key = $1 and e.retired_at is null";
    house ADDRESSES =
        "select id, account_id, email, is_login, confirmed_at is not null from account_emails
         where account_id = $1 and retired_at is null order by created_at";
    house ADDRESS_BY_ID = "select account_id, email from account_emails where id = $1 and retired_at is null";
    house INSERT_ACCOUNT = "insert into accounts (id, password_hash, created_at) values ($1, $2, $3)";
    house INSERT_PROVISIONAL =
        "insert into accounts (id, password_hash, created_at, sign_up_email) values ($1, $2, $3, $4)";
    house SIGN_UP_EMAIL = "select sign_up_email from accounts where id = $1";
    house CLEAR_SIGN_UP_EMAIL = "update accounts set sign_up_email = null where id = $1";
    house INSERT_ADDRESS =
        "insert into account_emails (id, account_id, email, email_key, is_login, confirmed_at, created_at)
         values ($1, $2, $3, $4, true, $5, $6)";
    house PASSWORD_HASH = "select password_hash from accounts where id = $1";
    house SET_PASSWORD = "update accounts set password_hash = $2 where id = $1";
    house RETIRE_ADDRESS = "update account_emails set retired_at = $2, is_login = false where id = $1";
    house MAKE_FORMER = "update account_emails set is_login = false where id = $1";
    house MAKE_LOGIN = "update account_emails set is_login = true where id = $1";
    house CONFIRM_ADDRESS = "update account_emails set confirmed_at = $2 where id = $1";

    across("an account's places are in every practice it belongs to") STAFF_PLACES =
        "select m.practice_id, m.id, p.name, m.first_name, m.last_name from members m join practices p on p.id = m.practice_id
         where m.account_id = $1 and m.disabled_at is null and m.confirmed_at is not null order by p.name, m.id";
    across("an account's places are in every practice it belongs to") PORTAL_PLACES =
        "select a.practice_id, a.id, p.name, c.first_name, c.last_name from portal_access a
         join practices p on p.id = a.practice_id
         join clients c on c.practice_id = a.practice_id and c.id = a.client_id
         where a.account_id = $1 and a.ended_at is null and c.status = 'active' order by p.name, a.id";
    across("whether an account reaches anything else is asked of every practice") MEMBERSHIPS =
        "select count(*) from members where account_id = $1";
    across("whether an account reaches anything else is asked of every practice") ACCESSES =
        "select id from portal_access where account_id = $1 limit 100";

    house INSERT_SESSION =
        "insert into sessions (id, token_hash, account_id, created_at, last_seen_at, place_kind, place_practice, place_id,
         several_places, device, second_factor, passphrase_id)
         values ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11)";
    house SEVERAL_PLACES =
        "update sessions set several_places = $2 where account_id = $1 and ended_at is null";
    house SESSION =
        "select id, account_id, last_seen_at, place_kind, place_practice, place_id, several_places, passphrase_id
         from sessions where token_hash = $1 and ended_at is null";
    house SESSION_EVER =
        "select id, account_id, last_seen_at, place_kind, place_practice, place_id, several_places, passphrase_id
         from sessions where token_hash = $1";
    across("the setup has just made this member") ACCOUNT_OF_MEMBER =
        "select account_id from members where practice_id = $1 and id = $2";
    house TOUCH = "update sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2";
    house END_SESSION = "update sessions set ended_at = $3 where id = $2 and account_id = $1 and ended_at is null";
    house END_SESSIONS = "update sessions set ended_at = $2 where account_id = $1 and ended_at is null";
    house END_OTHER_SESSIONS =
        "update sessions set ended_at = $2 where account_id = $1 and ended_at is null and id <> $3";
    house NOTE_IDLED = "update sessions set idled = true where id = $1";
    house FORGET_IDLED = "update sessions set idled = false where account_id = $1 and idled";
    house SPEND_IDLED = "update sessions set idled = false where id = $1";
    house IS_LIVE = "select 1 from sessions where id = $2 and account_id = $1 and ended_at is null";
    house INSERT_PENDING =
        "insert into pending_sign_ins
         (id, token_hash, account_id, email_key, stand_practice, stand_id, next, created_at, passphrase_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    house PENDING =
        "select id, account_id, email_key, stand_practice, stand_id, next, passphrase_id from pending_sign_ins
         where token_hash = $1 and created_at > $2";
    house DELETE_PENDING = "delete from pending_sign_ins where id = $1";
    house DELETE_PENDINGS = "delete from pending_sign_ins where account_id = $1";
    house PURGE_PENDING = "delete from pending_sign_ins where created_at < $1";
    house END_SESSIONS_AT =
        "update sessions set ended_at = $4
         where place_practice = $1 and place_kind = $2 and place_id = $3 and ended_at is null";
    house SESSIONS =
        "select id, device, created_at, last_seen_at from sessions
         where account_id = $1 and ended_at is null and last_seen_at > $2 order by last_seen_at desc limit 50";

    house INSERT_LINK =
        "insert into account_links (id, account_id, kind, email, email_key, created_at, expires_at, password_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    house LINK =
        "select id, account_id, email, expires_at, used_at, ended_at, password_hash from account_links where id = $1";
    house LINK_IS_OPEN =
        "select 1 from account_links
         where account_id = $1 and kind = $2 and ended_at is null and used_at is null and expires_at > $3 limit 1";
    house END_LINKS =
        "update account_links set ended_at = $3, password_hash = null
         where account_id = $1 and kind = $2 and ended_at is null and used_at is null";
    house END_EXPIRED_LINKS =
        "update account_links set ended_at = expires_at, password_hash = null
         where expires_at <= $1 and used_at is null and ended_at is null";
    house USE_LINK =
        "update account_links set used_at = $2, password_hash = null
         where id = $1 and used_at is null and ended_at is null";

    house INSERT_RESET_REQUEST = "insert into reset_requests (id, email, email_key, created_at) values ($1, $2, $3, $4)";
    house RECENT_RESET_REQUESTS = "select count(*) from reset_requests where email_key = $1 and created_at > $2";
    house RESET_REQUEST = "select email_key from reset_requests where id = $1";

    house COUNT_GUESS =
        "insert into guesses (bucket, window_start, tries) values ($1, $2, 1)
         on conflict (bucket) do update set
             tries = case when guesses.window_start > $3 then guesses.tries + 1 else 1 end,
             window_start = case when guesses.window_start > $3 then guesses.window_start else $2 end
         returning window_start, tries";
    house PURGE_GUESSES = "delete from guesses where window_start < $1";
    house PURGE_RESET_REQUESTS = "delete from reset_requests where created_at < $1";
    house PURGE_SESSIONS = "delete from sessions where last_seen_at < $1";
    house PURGE_LINKS = "delete from account_links where created_at < $1";
    house FORGIVE = "delete from guesses where bucket = $1";
}

fn to_address(row: &crate::db::Row) -> Result<Address> {
    Ok(Address {
        id: row.get(0)?,
        account: row.get(1)?,
        email: Email::stored(row.get(2)?),
        is_login: row.get(3)?,
        confirmed: row.get(4)?,
    })
}

pub fn address(h: &House, key: &str) -> Result<Option<Address>> {
    h.one(&ADDRESS, params![key], to_address)
}

/// The account under an address' key and the hash of its password, in one statement whether there is one or not.
pub fn credentials(h: &House, key: &str) -> Result<Option<(AccountId, String)>> {
    let found = h.one(&CREDENTIALS, params![key], |row| Ok((row.get(0)?, row.get::<Option<String>>(1)?)))?;
    Ok(found.and_then(|(account, hash)| Some((account, hash?))))
}

pub fn addresses(h: &House, account: AccountId) -> Result<Vec<Address>> {
    h.all(&ADDRESSES, params![account], to_address)
}

/// A live address by its own id.
pub fn address_by_id(h: &House, id: Uuid) -> Result<Option<(AccountId, Email)>> {
    h.one(&ADDRESS_BY_ID, params![id], |row| Ok((row.get(0)?, Email::stored(row.get(1)?))))
}

pub fn insert_account(h: &House, id: AccountId, password_hash: &str) -> Result<()> {
    h.run(&INSERT_ACCOUNT, params![id, password_hash, h.now]).map(drop)
}

pub fn insert_provisional(h: &House, id: AccountId, password_hash: &str, email: &Email) -> Result<()> {
    h.run(&INSERT_PROVISIONAL, params![id, password_hash, h.now, &email.address]).map(drop)
}

pub fn sign_up_email(h: &House, id: AccountId) -> Result<Option<Email>> {
    let found = h.one(&SIGN_UP_EMAIL, params![id], |row| Ok(row.get::<Option<String>>(0)?))?;
    Ok(found.flatten().map(Email::stored))
}

pub fn clear_sign_up_email(h: &House, id: AccountId) -> Result<()> {
    h.run(&CLEAR_SIGN_UP_EMAIL, params![id]).map(drop)
}

pub fn insert_address(
    h: &House,
    id: Uuid,
    account: AccountId,
    email: &Email,
    confirmed_at: Option<Instant>,
) -> Result<()> {
    h.run(&INSERT_ADDRESS, params![id, account, &email.address, &email.key, confirmed_at, h.now]).map(drop)
}

pub fn password_hash(h: &House, account: AccountId) -> Result<Option<String>> {
    Ok(h.one(&PASSWORD_HASH, params![account], |row| Ok(row.get::<Option<String>>(0)?))?.flatten())
}

pub fn set_password(h: &House, account: AccountId, hash: Option<&str>) -> Result<()> {
    h.run(&SET_PASSWORD, params![account, hash]).map(drop)
}

pub fn retire_address(h: &House, id: Uuid) -> Result<()> {
    h.run(&RETIRE_ADDRESS, params![id, h.now]).map(drop)
}

pub fn make_former(h: &House, id: Uuid) -> Result<()> {
    h.run(&MAKE_FORMER, params![id]).map(drop)
}

pub fn make_login(h: &House, id: Uuid) -> Result<()> {
    h.run(&MAKE_LOGIN, params![id]).map(drop)
}

pub fn confirm_address(h: &House, id: Uuid) -> Result<()> {
    h.run(&CONFIRM_ADDRESS, params![id, h.now]).map(drop)
}

pub fn staff_places(h: &House, account: AccountId) -> Result<Vec<Place>> {
    h.all(&STAFF_PLACES, params![account], |row| to_place(row, PlaceKind::Staff))
}

pub fn portal_places(h: &House, account: AccountId) -> Result<Vec<Place>> {
    h.all(&PORTAL_PLACES, params![account], |row| to_place(row, PlaceKind::Portal))
}

fn to_place(row: &crate::db::Row, kind: PlaceKind) -> Result<Place> {
    let (first, last): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Place {
        kind,
        practice: row.get(0)?,
        id: row.get(1)?,
        practice_name: row.get(2)?,
        person: format!("{first} {last}"),
    })
}

/// How many memberships an account ever had, and which portal accesses.
pub fn reach(h: &House, account: AccountId) -> Result<(i64, Vec<Uuid>)> {
    let members = h.one(&MEMBERSHIPS, params![account], |row| Ok(row.get::<i64>(0)?))?.unwrap_or(0);
    let accesses = h.all(&ACCESSES, params![account], |row| Ok(row.get(0)?))?;
    Ok((members, accesses))
}

pub fn insert_session(h: &House, id: Uuid, new: &NewSession) -> Result<()> {
    let place = new.place.as_ref();
    let values = params![
        id,
        crate::secrets::token_hash(&new.token),
        new.cleared.account(),
        h.now,
        place.map(|p| p.kind.as_str()),
        place.map(|p| p.practice),
        place.map(|p| p.id),
        new.several_places,
        &new.device,
        new.cleared.passed(),
        new.passphrase,
    ];
    h.run(&INSERT_SESSION, values).map(drop)
}

/// A place more or less shows in every window, not only in the one where it came.
pub fn set_several_places(h: &House, account: AccountId, several: bool) -> Result<()> {
    h.run(&SEVERAL_PLACES, params![account, several]).map(drop)
}

fn to_session(row: &crate::db::Row) -> Result<Session> {
    let kind = row.get::<Option<String>>(3)?.as_deref().and_then(PlaceKind::parse);
    let place = match (kind, row.get::<Option<PracticeId>>(4)?, row.get::<Option<Uuid>>(5)?) {
        (Some(kind), Some(practice), Some(id)) => Some((kind, practice, id)),
        _ => None,
    };
    let passphrase: Option<Uuid> = row.get(7)?;
    Ok(Session {
        id: row.get(0)?,
        account: row.get(1)?,
        last_seen_at: row.get(2)?,
        place,
        // What a passphrase opened is led nowhere else.
        several_places: row.get::<bool>(6)? && passphrase.is_none(),
        passphrase,
    })
}

/// A session that is not ended.
pub fn session(h: &House, token_hash: &[u8]) -> Result<Option<Session>> {
    h.one(&SESSION, params![token_hash], to_session)
}

/// A session, ended or not: whose it was, for signing in again.
pub fn session_ever(h: &House, token_hash: &[u8]) -> Result<Option<Session>> {
    h.one(&SESSION_EVER, params![token_hash], to_session)
}

pub fn account_of_member(h: &House, practice: PracticeId, member: crate::ids::MemberId) -> Result<Option<AccountId>> {
    h.one(&ACCOUNT_OF_MEMBER, params![practice, member], |row| Ok(row.get(0)?))
}

pub fn touch(h: &House, id: Uuid) -> Result<()> {
    h.run(&TOUCH, params![id, h.now]).map(drop)
}

pub fn end_session(h: &House, account: AccountId, id: Uuid) -> Result<u64> {
    h.run(&END_SESSION, params![account, id, h.now])
}

/// Ends them all, but perhaps one; those that had only idled do not go on either.
pub fn end_sessions(h: &House, account: AccountId, keep: Option<Uuid>) -> Result<u64> {
    h.run(&FORGET_IDLED, params![account])?;
    match keep {
        Some(keep) => h.run(&END_OTHER_SESSIONS, params![account, h.now, keep]),
        None => h.run(&END_SESSIONS, params![account, h.now]),
    }
}

pub fn end_sessions_at(h: &House, kind: PlaceKind, practice: PracticeId, place: Uuid) -> Result<()> {
    h.run(&END_SESSIONS_AT, params![practice, kind.as_str(), place, h.now]).map(drop)
}

pub fn sessions(h: &House, account: AccountId, oldest: Instant) -> Result<Vec<SessionRow>> {
    h.all(&SESSIONS, params![account, oldest], |row| {
        Ok(SessionRow { id: row.get(0)?, device: row.get(1)?, created_at: row.get(2)?, last_seen_at: row.get(3)? })
    })
}

pub fn note_idled(h: &House, id: Uuid) -> Result<()> {
    h.run(&NOTE_IDLED, params![id]).map(drop)
}

pub fn forget_idled(h: &House, id: Uuid) -> Result<()> {
    h.run(&SPEND_IDLED, params![id]).map(drop)
}

pub fn is_live(h: &House, account: AccountId, id: Uuid) -> Result<bool> {
    Ok(h.one(&IS_LIVE, params![account, id], |_| Ok(()))?.is_some())
}

pub fn insert_pending(h: &House, token_hash: &[u8], new: &Pending) -> Result<()> {
    let (practice, place, passphrase) = match &new.stand {
        Stand::Anywhere => (None, None, None),
        Stand::At(practice, id) => (Some(*practice), Some(*id), None),
        Stand::Only(one) => (Some(one.practice), Some(one.access.0), Some(one.id)),
    };
    let values =
        params![new.id, token_hash, new.account, &new.email_key, practice, place, &new.next, h.now, passphrase];
    h.run(&INSERT_PENDING, values).map(drop)
}

pub fn pending(h: &House, token_hash: &[u8], oldest: Instant) -> Result<Option<Pending>> {
    h.one(&PENDING, params![token_hash, oldest], |row| {
        let stand = match (row.get(3)?, row.get(4)?, row.get(6)?) {
            (Some(practice), Some(id), Some(passphrase)) => {
                Stand::Only(Passphrase { id: passphrase, practice, access: AccessId(id) })
            }
            (Some(practice), Some(id), None) => Stand::At(practice, id),
            _ => Stand::Anywhere,
        };
        Ok(Pending { id: row.get(0)?, account: row.get(1)?, email_key: row.get(2)?, stand, next: row.get(5)? })
    })
}

pub fn delete_pending(h: &House, id: Uuid) -> Result<bool> {
    Ok(h.run(&DELETE_PENDING, params![id])? == 1)
}

pub fn delete_pendings(h: &House, account: AccountId) -> Result<()> {
    h.run(&DELETE_PENDINGS, params![account]).map(drop)
}

/// `hash`: of the password that the link puts in force, if it was chosen already.
pub fn insert_link(
    h: &House,
    id: Uuid,
    account: AccountId,
    kind: &str,
    to: &Email,
    expires: Instant,
    hash: Option<&str>,
) -> Result<()> {
    h.run(&INSERT_LINK, params![id, account, kind, &to.address, &to.key, h.now, expires, hash]).map(drop)
}

/// Whether a link of a kind is out that still holds.
pub fn link_is_open(h: &House, account: AccountId, kind: &str) -> Result<bool> {
    Ok(h.one(&LINK_IS_OPEN, params![account, kind, h.now], |_| Ok(()))?.is_some())
}

pub fn link(h: &House, id: Uuid) -> Result<Option<Link>> {
    h.one(&LINK, params![id], |row| {
        Ok(Link {
            id: row.get(0)?,
            account: row.get(1)?,
            email: Email::stored(row.get(2)?),
            expires_at: row.get(3)?,
            used_at: row.get(4)?,
            ended_at: row.get(5)?,
            password_hash: row.get(6)?,
        })
    })
}

pub fn end_links(h: &House, account: AccountId, kind: &str) -> Result<()> {
    h.run(&END_LINKS, params![account, kind, h.now]).map(drop)
}

/// Ends what has expired, for good: a clock that is put back revives nothing.
pub fn end_expired_links(h: &House) -> Result<()> {
    h.run(&END_EXPIRED_LINKS, params![h.now]).map(drop)
}

/// `false`: somebody was faster, or it was replaced.
pub fn use_link(h: &House, id: Uuid) -> Result<bool> {
    Ok(h.run(&USE_LINK, params![id, h.now])? == 1)
}

pub fn insert_reset_request(h: &House, id: Uuid, email: &str, key: &str) -> Result<()> {
    h.run(&INSERT_RESET_REQUEST, params![id, email, key, h.now]).map(drop)
}

pub fn recent_reset_requests(h: &House, key: &str, since: Instant) -> Result<i64> {
    Ok(h.one(&RECENT_RESET_REQUESTS, params![key, since], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

pub fn reset_request(h: &House, id: Uuid) -> Result<Option<String>> {
    h.one(&RESET_REQUEST, params![id], |row| Ok(row.get(0)?))
}

pub fn count_guess(h: &House, bucket: &[u8], oldest: Instant) -> Result<(Instant, i64)> {
    let row = h.one(&COUNT_GUESS, params![bucket, h.now, oldest], |row| Ok((row.get(0)?, row.get(1)?)))?;
    row.ok_or_else(|| crate::error::Error::internal("counting a guess gave no row"))
}

/// Deletes guesses and requests older than a day, sessions and links older than thirty.
pub fn purge(h: &House) -> Result<()> {
    let day = std::time::Duration::from_secs(86_400);
    h.run(&PURGE_GUESSES, params![h.now.minus(day)])?;
    h.run(&PURGE_RESET_REQUESTS, params![h.now.minus(day)])?;
    h.run(&PURGE_PENDING, params![h.now.minus(day)])?;
    h.run(&PURGE_SESSIONS, params![h.now.minus(day * 30)])?;
    end_expired_links(h)?;
    super::passphrases::purge(h, h.now.minus(day * 30))?;
    h.run(&PURGE_LINKS, params![h.now.minus(day * 30)]).map(drop)
}

pub fn forgive(h: &House, bucket: &[u8]) -> Result<()> {
    h.run(&FORGIVE, params![bucket]).map(drop)
}
