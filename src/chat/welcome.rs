//! The automatic welcome: the first message of a new client, from their primary provider, exactly once. A row for the
//! client decides, whoever asks and however often.

use super::queries;
use super::settings::{own, settings};
use super::talk::{Looks, Put, derived, direct, entry, put};
use super::{Begun, Said, SenderKind, message_queries as rows};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, MemberId};
use crate::members;
use crate::params;
use crate::practice::Practice;

/// What a text can name, and an example of each.
pub const PLACEHOLDERS: [(&str, &str); 3] = [("client", "Ana"), ("provider", "Dr. Maya Lindqvist"), ("practice", "")];

crate::sql! {
    tenant EXPECTED = "select sent_at from welcomes where practice_id = $1 and client_id = $2";
    tenant EXPECT =
        "insert into welcomes (practice_id, client_id, at) values ($1, $2, $3)
         on conflict (practice_id, client_id) do nothing";
    tenant SENT = "update welcomes set sent_at = $3 where practice_id = $1 and client_id = $2 and sent_at is null";
    tenant CLIENT =
        "select first_name, preferred_name, email, primary_provider_id, status from clients
         where practice_id = $1 and id = $2";
}

/// When a client is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// They came.
    Added,
    /// They, or somebody around them, are in the portal.
    InPortal,
    /// Something about them changed: perhaps they have a provider now, or an address.
    Changed,
}

struct Client {
    called: String,
    has_email: bool,
    provider: Option<MemberId>,
    is_active: bool,
}

fn client(p: &Practice, id: ClientId) -> Result<Client> {
    let found = p.one(&CLIENT, params![id], |row| {
        Ok(Client {
            called: row.get::<Option<String>>(1)?.map_or_else(|| row.get(0), Ok)?,
            has_email: row.get::<Option<String>>(2)?.is_some(),
            provider: row.get(3)?,
            is_active: row.get::<String>(4)? == "active",
        })
    })?;
    found.ok_or(Error::NotFound)
}

/// Welcomes a client, if that is switched on, and they are new, have a primary provider, and somebody can read it.
/// Whatever is missing is waited for.
pub fn welcome(p: &Practice, id: ClientId, moment: Moment) -> Result<()> {
    let expected = p.one(&EXPECTED, params![id], |row| Ok(row.get::<Option<Instant>>(0)?))?;
    match expected {
        Some(Some(_)) => return Ok(()),
        Some(None) => {}
        None if moment == Moment::Changed || !settings(p)?.welcome => return Ok(()),
        None => drop(p.run(&EXPECT, params![id, p.now])?),
    }
    let client = client(p, id)?;
    let can_be_read = client.has_email || moment == Moment::InPortal;
    let Some(provider) = client.provider.filter(|_| can_be_read && client.is_active) else { return Ok(()) };
    let Some(name) = members::active(p, provider)?.map(|member| member.name) else { return Ok(()) };
    // Whoever was written to before is nobody new.
    if !rows::any_of_client(p, id)? {
        let practice = p.house().practice_info(p.id)?.map(|info| info.name).unwrap_or_default();
        let text = own(p, provider)?.welcome_text.map_or_else(|| Ok(settings(p)?.welcome_text), Ok::<_, Error>)?;
        let body = fill(&text, &[("client", &client.called), ("provider", &name), ("practice", &practice)]);
        send(p, id, provider, &body)?;
    }
    p.run(&SENT, params![id, p.now]).map(drop)
}

fn send(p: &Practice, client: ClientId, provider: MemberId, body: &str) -> Result<()> {
    let conversation = direct(p, client, provider, Begun::Staff)?;
    let conversation = queries::by_id(p, conversation)?.ok_or(Error::NotFound)?;
    // The same whoever sends it: a second one would be refused by its key.
    let given = derived(client.0, p.id.0);
    let new = Put {
        said: Said::Welcome,
        kind: SenderKind::Member,
        sender: provider.0,
        given,
        body,
        file: None,
        looks: Looks::Away,
    };
    let message = put(p, &conversation, &new)?;
    p.audit(&entry("message.welcomed", "message", message.id.0, Some(client)))
}

/// Puts values where a text names them; what a value says is not looked at again.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let named = rest.find('}').and_then(|end| {
            let name = &rest[1..end];
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, end + 1))
        });
        let (value, taken) = named.unwrap_or(("{", 1));
        filled.push_str(value);
        rest = &rest[taken..];
    }
    filled + rest
}

/// The first thing in braces that a text cannot name.
pub fn unknown(text: &str) -> Option<String> {
    let inside = text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name));
    let known = |name: &str| PLACEHOLDERS.iter().any(|(one, _)| *one == name);
    inside.map(str::to_string).find(|name| !known(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn g3_placeholders_are_filled_once() {
        let values = [("client", "{provider}"), ("provider", "Maya"), ("practice", "Calm {client}")];
        assert_eq!(fill("Hi {client}, {provider} of {practice}", &values), "Hi {provider}, Maya of Calm {client}");
        for text in ["", "{", "}", "{}", "{{client}", "{cl", "{nobody}", "a { b } c"] {
            assert_eq!(fill(text, &values).replace("{provider}", "{client}"), text, "{text}");
        }
        assert_eq!(unknown("Hi {client} {provider}{practice}"), None);
        assert_eq!(unknown("Hi {clent}").as_deref(), Some("clent"));
        assert_eq!(unknown("a { b"), None);
    }

    proptest! {
        #[test]
        fn r26_any_text_is_filled(text in "\\PC*", value in "\\PC*") {
            let filled = fill(&text, &[("client", &value)]);
            let named = text.matches("{client}").count();
            prop_assert!(filled.len() <= text.len() + named * value.len());
        }
    }
}
