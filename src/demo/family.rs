//! The people around the made-up clients: parents with rights of their own, a carer, a custody note.

use super::{DAY, Desk, HOUR, email};
use crate::access::{Actor, Rights};
use crate::clients;
use crate::contacts::{self, Saved, Typed, Wanted, invite};
use crate::error::{Error, Result};
use crate::ids::{ClientId, ContactId};
use crate::invitations::{self, Acceptance, How, Invited};
use crate::mail::Delivery;
use crate::practice::Practice;
use crate::words::Words;

struct Around {
    /// Of the client.
    last: &'static str,
    client: &'static str,
    first: &'static str,
    surname: &'static str,
    relation: &'static str,
    email: &'static str,
    rights: &'static str,
    main: bool,
    portal: Portal,
    /// Index into `STAFF`: whose client it is.
    provider: usize,
}

#[derive(PartialEq, Eq)]
enum Portal {
    /// Nobody wants it.
    Out,
    In,
    /// The client, who is of age, is asked.
    Asked,
}

const ALL: [Around; 5] = [
    around("Leo", "Bergström", ["Ingrid", "Bergström", "parent", "", ""], true, Portal::Out, 1),
    around(
        "Leo",
        "Bergström",
        ["Lars", "Holm", "legal_guardian", "lars.holm", "appointments receipts"],
        false,
        Portal::In,
        1,
    ),
    around("Nils", "Bergström", ["Ingrid", "Bergström", "parent", "", ""], true, Portal::Out, 1),
    around(
        "Ivy",
        "Chen",
        ["Mei", "Chen", "parent", "mei.chen", "details appointments book messages forms receipts sign"],
        true,
        Portal::In,
        1,
    ),
    around(
        "Imogen",
        "Fairweather",
        ["Robin", "Fairweather", "spouse", "robin.fairweather", "appointments"],
        false,
        Portal::Asked,
        2,
    ),
];

const fn around(
    client: &'static str,
    last: &'static str,
    who: [&'static str; 5],
    main: bool,
    portal: Portal,
    provider: usize,
) -> Around {
    let [first, surname, relation, email, rights] = who;
    Around { last, client, first, surname, relation, email, rights, main, portal, provider }
}

/// Leo's and Nils' parents live apart; the rest is as it is.
pub fn families(desk: &Desk) -> Result<()> {
    let h = desk.h.at(desk.h.now.minus(DAY * 12));
    for one in &ALL {
        let p = &h.practice(&desk.team[one.provider]);
        let client = client(p, one)?;
        let id = add(p, client, one)?;
        match one.portal {
            Portal::Out => {}
            Portal::In => comes_in(desk, p, id)?,
            Portal::Asked => invite(p, id).map(drop)?,
        }
    }
    let p = &h.practice(&desk.team[ALL[0].provider]);
    let note = "Both parents decide together. Leo is with his father every other week; either may collect him.";
    contacts::save_custody(p, client(p, &ALL[0])?, note, None, Words::of("en")).map(drop)
}

fn client(p: &Practice, one: &Around) -> Result<ClientId> {
    let (found, _) = clients::gather(p, &format!("search={}+{}", one.client, one.last), None, 1)?;
    found.first().copied().ok_or(Error::NotFound)
}

fn add(p: &Practice, client: ClientId, one: &Around) -> Result<ContactId> {
    let typed = Typed {
        first_name: one.first.into(),
        last_name: one.surname.into(),
        relation: one.relation.into(),
        email: if one.email.is_empty() { String::new() } else { email(one.email)?.address },
        phone: "+1 212 555 0190".into(),
        emergency: !one.main,
        main: one.main,
        rights: Rights::parse(one.rights),
    };
    match contacts::add(p, client, &typed, Words::of("en"))? {
        Saved::Saved(contact) => Ok(contact.id),
        other => Err(Error::internal(format!("a made-up contact was refused: {other:?}"))),
    }
}

/// Invited, and accepted some hours later.
fn comes_in(desk: &Desk, p: &Practice, id: ContactId) -> Result<()> {
    let Wanted::Invited(Invited::Queued(invitation)) = invite(p, id)? else {
        return Err(Error::internal("a made-up contact was not invited"));
    };
    invitations::jobs::settle(p, invitation, &Delivery::Sent)?;
    let h = desk.h.at(p.now.plus(HOUR * 5));
    let holder = Actor::link_holder(p.id);
    match invitations::accept(&h.practice(&holder), invitation, &How::NewPassword { hash: desk.hash.clone() })? {
        Acceptance::In { .. } => Ok(()),
        other => Err(Error::internal(format!("a made-up contact did not come in: {other:?}"))),
    }
}
