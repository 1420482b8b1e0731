//! API tokens: each acts as one member in one practice. Shown once, kept as a hash, ended by hand or with the member.

use std::time::Duration;

use super::{Admitted, queries as members_queries};
use crate::access::{Actor, Role};
use crate::audit::Entry;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{MemberId, PracticeId, TokenId};
use crate::params;
use crate::practice::{House, Practice};
use crate::web::PracticeInfo;

/// Live tokens that one member may have.
pub const LIMIT: usize = 20;
/// When a token was last used is written at most this often: it must not cost a write per request.
const NOTE_USE_EVERY: Duration = Duration::from_secs(3600);

crate::sql! {
    tenant INSERT =
        "insert into api_tokens (practice_id, id, member_id, name, token_hash, created_at)
         values ($1, $2, $3, $4, $5, $6)";
    across("the token names the practice; it is not known before") OWNER =
        "select practice_id, member_id, id, last_used_at from api_tokens where token_hash = $1 and revoked_at is null";
    tenant NOTE_USE = "update api_tokens set last_used_at = $3 where practice_id = $1 and id = $2";
    tenant LIVE_OF =
        "select t.id, t.member_id, t.name, t.created_at, t.last_used_at, m.first_name, m.last_name
         from api_tokens t join members m on m.practice_id = t.practice_id and m.id = t.member_id
         where t.practice_id = $1 and t.member_id = $2 and t.revoked_at is null
         order by t.created_at desc, t.id desc limit 500";
    tenant LIVE =
        "select t.id, t.member_id, t.name, t.created_at, t.last_used_at, m.first_name, m.last_name
         from api_tokens t join members m on m.practice_id = t.practice_id and m.id = t.member_id
         where t.practice_id = $1 and t.member_id in (select id from members where practice_id = $1)
             and t.revoked_at is null
         order by t.created_at desc, t.id desc limit 1000";
    tenant FIND =
        "select t.id, t.member_id, t.name, t.created_at, t.last_used_at, m.first_name, m.last_name
         from api_tokens t join members m on m.practice_id = t.practice_id and m.id = t.member_id
         where t.practice_id = $1 and t.id = $2 and t.revoked_at is null";
    tenant REVOKE =
        "update api_tokens set revoked_at = $3 where practice_id = $1 and id = $2 and revoked_at is null";
    tenant REVOKE_ALL =
        "update api_tokens set revoked_at = $3 where practice_id = $1 and member_id = $2 and revoked_at is null";
}

/// A live token, without its secret.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: TokenId,
    pub member: MemberId,
    pub member_name: String,
    pub name: String,
    pub created_at: Instant,
    pub last_used_at: Option<Instant>,
}

/// What a request's token stands for.
pub enum Bearer {
    Holder(Box<Holder>),
    /// Its member has yet to set up the second factor that the practice asks for.
    Held,
}

/// Who a request's token speaks for.
pub struct Holder {
    pub actor: Actor,
    pub practice: PracticeInfo,
    pub token: TokenId,
    /// The use is worth writing down.
    pub note_use: bool,
}

/// What came of asking for a token.
#[derive(Debug, Clone)]
pub enum Made {
    /// The secret, to be shown once.
    Made {
        token: Token,
        secret: String,
    },
    TooMany,
}

pub fn by_secret(h: &House, secret: &str) -> Result<Option<Bearer>> {
    let found = h.one(&OWNER, params![crate::secrets::token_hash(secret)], |row| {
        let owner: (PracticeId, MemberId) = (row.get(0)?, row.get(1)?);
        Ok((owner, row.get::<TokenId>(2)?, row.get::<Option<Instant>>(3)?))
    })?;
    let Some(((practice, member), token, last_used)) = found else {
        return Ok(None);
    };
    let system = Actor::system(practice);
    let member = members_queries::active(&h.practice(&system), member)?;
    let note_use = last_used.is_none_or(|at| h.now.since(at) >= NOTE_USE_EVERY);
    let admitted = super::admitted(h, practice, member)?;
    Ok(admitted.map(|admitted| match admitted {
        Admitted::In(actor, practice) => Bearer::Holder(Box::new(Holder { actor, practice, token, note_use })),
        Admitted::Held(_) => Bearer::Held,
    }))
}

/// Notes that a token was used just now.
pub fn note_use(p: &Practice, id: TokenId) -> Result<()> {
    p.run(&NOTE_USE, params![id, p.now]).map(drop)
}

/// Makes a token that acts as a member, however many they have: for the console.
pub fn create(p: &Practice, member: MemberId, name: &str) -> Result<(TokenId, String)> {
    let secret = crate::secrets::new_token();
    let id = TokenId(p.new_id());
    p.run(&INSERT, params![id, member, name, crate::secrets::token_hash(&secret), p.now])?;
    p.audit(&Entry::new("token.created", "member", Some(member.0)))?;
    Ok((id, secret))
}

/// Makes a token for whoever asks.
pub fn make(p: &Practice, name: &str) -> Result<Made> {
    let member = p.actor.member().ok_or(Error::NotFound)?.id;
    // Asked for again: they may have been disabled while the request was on its way, and every token with them.
    if members_queries::active(p, member)?.is_none() {
        return Err(Error::NotFound);
    }
    if live_of(p, member)?.len() >= LIMIT {
        return Ok(Made::TooMany);
    }
    let (id, secret) = create(p, member, name)?;
    Ok(Made::Made { token: find(p, id)?, secret })
}

fn to_token(row: &crate::db::Row) -> Result<Token> {
    let (first, last): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(Token {
        id: row.get(0)?,
        member: row.get(1)?,
        name: row.get(2)?,
        created_at: row.get(3)?,
        last_used_at: row.get(4)?,
        member_name: format!("{first} {last}"),
    })
}

/// The live tokens of a member, newest first.
pub fn live_of(p: &Practice, member: MemberId) -> Result<Vec<Token>> {
    p.all(&LIVE_OF, params![member], to_token)
}

/// The tokens that the actor may see: their own; an owner everybody's.
pub fn visible(p: &Practice) -> Result<Vec<Token>> {
    let member = p.actor.member().ok_or(Error::NotFound)?;
    if member.role == Role::Owner { p.all(&LIVE, params![], to_token) } else { live_of(p, member.id) }
}

/// A live token that the actor may see; another is not found.
pub fn find(p: &Practice, id: TokenId) -> Result<Token> {
    let member = p.actor.member().ok_or(Error::NotFound)?;
    let token = p.one(&FIND, params![id], to_token)?;
    token.filter(|token| token.member == member.id || member.role == Role::Owner).ok_or(Error::NotFound)
}

/// Ends a token: the next request that carries it is refused.
pub fn revoke(p: &Practice, id: TokenId) -> Result<()> {
    let token = find(p, id)?;
    p.run(&REVOKE, params![id, p.now])?;
    p.audit(&Entry::new("token.revoked", "member", Some(token.member.0)))
}

pub fn revoke_all(p: &Practice, member: MemberId) -> Result<u64> {
    p.run(&REVOKE_ALL, params![member, p.now])
}
