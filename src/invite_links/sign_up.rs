//! Signing up: a record, a provisional account and its portal, in one transaction. The same rows and the same work
//! whether or not the address is anybody's; nothing of whoever has it is read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::queries;
use crate::accounts::Cap;
use crate::app::App;
use crate::audit::Entry;
use crate::clients::{self, Inviting, Source};
use crate::error::{Error, FieldError, Result};
use crate::ids::{AccessId, AccountId, InviteLinkId};
use crate::invitations::{self, Purpose};
use crate::people::Email;
use crate::portal_access::{self, As};
use crate::practice::Practice;
use crate::web::{Answer, once};
use crate::words::Words;
use crate::{accounts, people};

/// A form as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
}

/// Somebody who has just signed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedUp {
    pub account: AccountId,
    pub access: AccessId,
}

#[derive(Debug, Clone)]
pub enum Outcome {
    In(SignedUp),
    /// The same page was sent before: whoever sends it again has to show that they know the password.
    Before(SignedUp),
    /// The link was revoked, or its group or provider is gone.
    Gone,
    Refused(Vec<FieldError>),
}

/// What is wrong with a form, before any slow work; the record's own rules are looked at again when it is written.
pub fn refusals(typed: &Typed, zone: &str, words: Words) -> std::result::Result<Email, Vec<FieldError>> {
    let mut refused = Vec::new();
    let limit = people::LINE_LIMIT.to_string();
    let said = |refusal: people::Refusal| words.with(refusal.key(), &[("limit", &limit)]);
    for (field, text) in [("first_name", &typed.first_name), ("last_name", &typed.last_name)] {
        if let Err(refusal) = people::name(text) {
            refused.push(FieldError::new(field, said(refusal)));
        }
    }
    let email = Email::parse(&typed.email);
    if let Err(refusal) = &email {
        refused.push(FieldError::new("email", said(*refusal)));
    }
    if let Err(refusal) = people::phone(&typed.phone, zone) {
        refused.push(FieldError::new("phone", said(refusal)));
    }
    match email {
        Ok(email) if refused.is_empty() => Ok(email),
        _ => Err(refused),
    }
}

/// What somebody brings to sign up with.
#[derive(Debug, Clone)]
pub struct New {
    pub link: InviteLinkId,
    pub typed: Typed,
    pub email: Email,
    pub password_hash: String,
    /// Names the page and what was typed into it: sent twice, it makes one sign-up.
    pub key: Option<String>,
}

/// How many mails to confirm it an address gets in a day, from whichever practices.
pub fn email_cap(app: &App, email: &Email) -> Cap {
    const PER_EMAIL: i64 = 5;
    Cap::new(app, "sign-up email", email.key.as_bytes(), PER_EMAIL, Duration::from_secs(24 * 3600))
}

pub fn sign_up(p: &Practice, new: &New, words: Words) -> Result<Outcome> {
    let mut outcome = None;
    let answer = once(p, new.key.as_deref(), b"sign up", || {
        let done = run(p, new, words)?;
        let answer = match &done {
            Outcome::In(signed_up) => Answer::new(axum::http::StatusCode::CREATED, signed_up),
            // Not kept: what was refused may be sent again.
            _ => Err(Error::NotFound),
        };
        outcome = Some(done);
        answer
    });
    match (outcome, answer) {
        (Some(outcome @ (Outcome::Gone | Outcome::Refused(_))), _) | (Some(outcome), Ok(_)) => Ok(outcome),
        (None, Ok(answer)) => {
            let before = serde_json::from_str(&answer.body).map_err(|e| Error::internal(e.to_string()))?;
            Ok(Outcome::Before(before))
        }
        (_, Err(error)) => Err(error),
    }
}

fn run(p: &Practice, new: &New, words: Words) -> Result<Outcome> {
    let Some(link) = queries::by_id(p, new.link)? else {
        return Ok(Outcome::Gone);
    };
    let typed = clients::Typed {
        first_name: new.typed.first_name.clone(),
        last_name: new.typed.last_name.clone(),
        email: new.typed.email.clone(),
        phone: new.typed.phone.clone(),
        group_id: link.target.group.map(|id| id.to_string()).unwrap_or_default(),
        primary_provider_id: link.target.provider.map(|id| id.to_string()).unwrap_or_default(),
        ..clients::Typed::default()
    };
    let fields = match clients::parse(p, &typed, words)? {
        Ok(fields) => fields,
        // Where they were to land has gone.
        Err(refused) if refused.iter().any(|e| e.field.ends_with("_id")) => return Ok(Outcome::Gone),
        Err(refused) => return Ok(Outcome::Refused(refused)),
    };
    let client = clients::add(p, &fields, Inviting::Later, Source::InviteLink)?.id;
    queries::insert_sign_up(p, client, link.id)?;
    let account = accounts::provisional::create(&p.house(), &new.email, &new.password_hash)?;
    let access = portal_access::grant(p, client, account, As::Client)?;
    // An address that had its share gets no more, and the person is let in all the same: to refuse would keep its holder
    // out for a day at a stranger's will, and say that somebody was there.
    if accounts::take_all(&p.house(), &[email_cap(p.app, &new.email)])? == accounts::GuessOutcome::Allowed {
        invitations::invite(p, client, &new.email, Purpose::SignUp)?;
    }
    p.audit(&Entry::of_client("client.signed_up", client))?;
    Ok(Outcome::In(SignedUp { account, access }))
}
