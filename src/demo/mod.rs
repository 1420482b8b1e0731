//! A lively made-up practice to look around in: `ruh demo`. Everything is made by the same verbs as the real thing, at
//! times before now; its mails go nowhere, and nothing of it is left to the outbox.

mod crowd;
mod family;
mod intake;
mod papers;
mod people;
mod talks;
mod twice;

use std::time::Duration;

use people::{ASKED, LEFT, PEOPLE, Person, STAFF, Story};

use crate::access::{Actor, Who};
use crate::accounts::{self, Confirmed};
use crate::app::Shared;
use crate::clients::{self, Fields, Inviting, Source};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::ids::{ClientId, GroupId, InvitationId, MemberId, PracticeId};
use crate::invitations::{self, Acceptance, How, Invited};
use crate::mail::Delivery;
use crate::members::invitations::{Invited as Asked, Invitee};
use crate::members::{self, NewMember};
use crate::people::Email;
use crate::practice::{House, Practice};
use crate::practices::{self, Creation, NewPractice};
use crate::words::Words;
use crate::{groups, invite_links, portal_access};

const NAME: &str = "Harbour Light Therapy";
const ZONE: &str = "America/New_York";
const DOMAIN: &str = "harbourlight.example";
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// What was made: whom to sign in as.
#[derive(Debug, Clone)]
pub struct Made {
    pub practice: String,
    /// What somebody is there, and their address.
    pub people: Vec<(&'static str, String)>,
}

/// Clients of one transaction, where there are to be many: a server may run beside this.
const SLICE: usize = 50;
/// Clients that can be asked for beyond the forty.
pub const CROWD_LIMIT: usize = 200_000;

/// Makes the practice, and so many clients beyond its forty; every account gets this password.
/// Errors: it is there already.
pub async fn make(app: &Shared, password: &str, crowd: usize) -> Result<Made> {
    let hash = app.passwords.hash(password).await?;
    let (made, team, groups) = found(app, &hash).await?;
    let ana = &PEOPLE[0];
    papers::papers(app, &team[ana.provider], ana.first, ana.last).await?;
    talks::talks(app, [&team[0], &team[ana.provider]], ana.first, ana.last).await?;
    let numbers: Vec<usize> = (0..crowd.min(CROWD_LIMIT)).collect();
    for slice in numbers.chunks(SLICE) {
        let (team, groups, hash, slice) = (team.clone(), groups.clone(), hash.clone(), slice.to_vec());
        app.write(move |h| {
            let desk = Desk { h, team: team.clone(), groups: groups.clone(), hash: hash.clone() };
            slice.iter().try_for_each(|n| desk.adds_one_of_many(*n))
        })
        .await?;
    }
    Ok(made)
}

/// The practice with its staff, its groups and its forty clients.
async fn found(app: &Shared, hash: &str) -> Result<(Made, Vec<Actor>, Vec<GroupId>)> {
    let hash = hash.to_string();
    app.write(move |h| {
        let begun = h.at(h.now.minus(DAY * 70));
        let owner = practice(&begun, &hash)?;
        let team = staff(&begun.practice(&owner), &owner, &hash)?;
        leaving(&h.at(h.now.minus(DAY * 12)).practice(&owner), &hash)?;
        asked(&h.at(h.now.minus(DAY * 2)).practice(&owner))?;
        let groups = all_groups(&begun.practice(&owner))?;
        let desk = Desk { h, team: team.clone(), groups: groups.clone(), hash: hash.clone() };
        for (index, person) in PEOPLE.iter().enumerate() {
            desk.adds(person, index)?;
        }
        family::families(&desk)?;
        twice::added_twice(&desk)?;
        intake::intake(&desk)?;
        Ok((Made { practice: NAME.to_string(), people: whom_to_be() }, team, groups))
    })
    .await
}

fn whom_to_be() -> Vec<(&'static str, String)> {
    let roles = ["Owner and provider", "Provider", "Provider", "Admin", "Support"];
    let mut people: Vec<_> = roles.into_iter().zip(STAFF.iter().map(|one| address(one.email))).collect();
    people.push(("Client", address(PEOPLE[0].email)));
    people.push(("Mother of two clients", address("ingrid.bergstrom")));
    people.push(("Guardian of a client", address("lars.holm")));
    people
}

fn address(local: &str) -> String {
    format!("{local}@{DOMAIN}")
}

fn email(local: &str) -> Result<Email> {
    Email::parse(&address(local)).map_err(|_| Error::internal("a made-up address is none"))
}

/// The practice and its owner, as whom the rest is done.
fn practice(h: &House, hash: &str) -> Result<Actor> {
    let owner = &STAFF[0];
    let new = NewPractice {
        name: NAME.into(),
        time_zone: ZONE.into(),
        owner_first_name: owner.first.into(),
        owner_last_name: owner.last.into(),
        owner_email: email(owner.email)?,
        password_hash: hash.into(),
    };
    match practices::create(h, &new)? {
        Creation::Created(created) => actor(h, Actor::system(created.practice), created.owner),
        Creation::EmailTaken => Err(Error::config("the made-up practice is here already")),
    }
}

/// The actor that a member is.
fn actor(h: &House, system: Actor, id: MemberId) -> Result<Actor> {
    let member = members::active(&h.practice(&system), id)?.ok_or(Error::NotFound)?;
    Ok(Actor { practice: system.practice, who: Who::Member(member) })
}

/// Everybody on the staff, in the order of `STAFF`.
fn staff(p: &Practice, owner: &Actor, hash: &str) -> Result<Vec<Actor>> {
    let mut team = vec![owner.clone()];
    for one in &STAFF[1..] {
        let account = accounts::create(&p.house(), &email(one.email)?, hash, Confirmed::Yes)?;
        let new = NewMember {
            account,
            first_name: one.first.into(),
            last_name: one.last.into(),
            role: one.role,
            sees_clients: one.sees_clients,
        };
        let id = members::add(p, &new)?;
        team.push(actor(&p.house(), Actor::system(p.id), id)?);
    }
    Ok(team)
}

/// Somebody who has left the staff.
fn leaving(p: &Practice, hash: &str) -> Result<()> {
    let account = accounts::create(&p.house(), &email(LEFT.email)?, hash, Confirmed::Yes)?;
    let new = NewMember {
        account,
        first_name: LEFT.first.into(),
        last_name: LEFT.last.into(),
        role: LEFT.role,
        sees_clients: LEFT.sees_clients,
    };
    let id = members::add(p, &new)?;
    members::disable(p, id)?.map_err(|_| Error::internal("a made-up member could not be disabled"))
}

/// Somebody who was asked to join the staff and has not answered.
fn asked(p: &Practice) -> Result<()> {
    let invitee = Invitee {
        first_name: ASKED.first.into(),
        last_name: ASKED.last.into(),
        email: email(ASKED.email)?,
        role: ASKED.role,
        sees_clients: ASKED.sees_clients,
    };
    match members::invitations::invite(p, &invitee)? {
        Asked::Queued(id) => members::invitations::jobs::settle(p, id, &Delivery::Sent),
        other => Err(Error::internal(format!("a made-up invitation was not queued: {other:?}"))),
    }
}

/// The three that every practice starts with, and two more.
fn all_groups(p: &Practice) -> Result<Vec<GroupId>> {
    for (name, colour) in [("Monday evening circle", "green"), ("Students", "pink")] {
        groups::add(p, &groups::Typed { name: name.into(), colour: colour.into() }, Words::of("en"))?;
    }
    Ok(groups::all(p)?.into_iter().map(|group| group.id).collect())
}

/// Where clients are added, at the times when they came.
struct Desk<'h> {
    h: &'h House<'h>,
    team: Vec<Actor>,
    groups: Vec<GroupId>,
    hash: String,
}

impl Desk<'_> {
    fn adds(&self, person: &Person, index: usize) -> Result<()> {
        // Each a little apart, so that no two stand at the same moment.
        let minutes = u64::try_from(index).unwrap_or(0) * 7;
        let added =
            self.h.now.minus(DAY * u32::try_from(person.days).unwrap_or(0) + HOUR).plus(MINUTE * minutes as u32);
        let added = added.min(self.h.now.minus(MINUTE));
        let h = self.h.at(added);
        let provider = &self.team[person.provider];
        let p = h.practice(provider);
        if matches!(person.story, Story::SignedUp | Story::SignedUpAndConfirmed) {
            return self.signs_up(person, provider, added);
        }
        let id = clients::add(&p, &self.fields(person, index)?, Inviting::Later, Source::Added)?.id;
        self.tells(person, provider, id, added)
    }

    fn fields(&self, person: &Person, index: usize) -> Result<Fields> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
        let provider = self.team[person.provider].member().map(|member| member.id);
        let mut team: Vec<MemberId> = Vec::new();
        // Some have a second therapist.
        if index.is_multiple_of(9) {
            team.extend(self.team[(person.provider + 1) % 3].member().map(|member| member.id));
        }
        Ok(Fields {
            first_name: person.first.into(),
            last_name: person.last.into(),
            preferred_name: some(person.called),
            legal_name: None,
            pronouns: some(person.pronouns),
            date_of_birth: person.born.parse().ok(),
            gender: None,
            email: if person.email.is_empty() { None } else { Some(email(person.email)?) },
            phone: (index % 5 != 4).then(|| format!("+1212555{:04}", 100 + index)),
            time_zone: None,
            group: self.groups.get(person.group).copied(),
            primary_provider: provider,
            care_team: team,
            record_number: index.is_multiple_of(3).then(|| format!("HL-{:04}", 1_001 + index)),
            note: None,
        })
    }

    /// What became of the invitation.
    fn tells(&self, person: &Person, provider: &Actor, id: ClientId, added: Instant) -> Result<()> {
        let h = self.h.at(added.plus(MINUTE));
        let p = &h.practice(provider);
        let now = added.plus(MINUTE * 2);
        let refused = Delivery::Refused("550 5.1.1 There is no such mailbox here".into());
        match person.story {
            Story::NoEmail | Story::NotInvited => Ok(()),
            Story::Queued => self.invited(p, id).and_then(|invitation| self.keeps(p, invitation)),
            Story::Undone => {
                let invitation = self.invited(p, id)?;
                invitations::undo(p, invitation).map(drop)
            }
            Story::Sent => self.left(p, id, &Delivery::Sent).map(drop),
            Story::Kept => self.left(p, id, &Delivery::Kept).map(drop),
            Story::Bounced => self.left(p, id, &refused).map(drop),
            Story::Opened => {
                let invitation = self.left(p, id, &Delivery::Sent)?;
                self.opened(p.id, invitation, now.plus(HOUR))
            }
            Story::Superseded => {
                self.left(p, id, &Delivery::Sent)?;
                let later = self.h.at(added.plus(DAY * 5));
                self.left(&later.practice(provider), id, &Delivery::Sent).map(drop)
            }
            Story::Corrected => {
                self.left(p, id, &refused)?;
                self.moves(provider, id, "samuel.abebe", added.plus(DAY))
            }
            Story::InPortal => self.accepted(p, id, added).map(drop),
            Story::Archived => {
                self.accepted(p, id, added)?;
                clients::archive(&self.h.at(added.plus(DAY * 20)).practice(provider), id).map(drop)
            }
            // These came by themselves.
            Story::SignedUp | Story::SignedUpAndConfirmed => Ok(()),
            Story::Moving => {
                self.accepted(p, id, added)?;
                self.moves(provider, id, "miriam.k.katz", added.plus(DAY * 20))
            }
        }
    }

    /// Comes by an invite link of the group and the provider.
    fn signs_up(&self, person: &Person, provider: &Actor, added: Instant) -> Result<()> {
        let h = self.h.at(added);
        let member = provider.member().map(|member| member.id);
        let target = invite_links::Target { group: self.groups.get(person.group).copied(), provider: member };
        let link = match invite_links::create(&h.practice(provider), target)? {
            invite_links::Made::Made(link) | invite_links::Made::Known(link) => link,
        };
        let to = email(person.email)?;
        let new = invite_links::New {
            link: link.id,
            typed: invite_links::Typed {
                first_name: person.first.into(),
                last_name: person.last.into(),
                email: to.address.clone(),
                phone: String::new(),
            },
            email: to,
            password_hash: self.hash.clone(),
            key: None,
        };
        let holder = Actor::link_holder(provider.practice);
        let p = &h.practice(&holder);
        let invite_links::Outcome::In(signed_up) = invite_links::sign_up(p, &new, Words::of("en"))? else {
            return Err(Error::internal("a made-up sign-up was refused"));
        };
        let query = format!("search={}", person.email);
        let (found, _) = clients::gather(&h.practice(provider), &query, None, 1)?;
        let client = *found.first().ok_or(Error::NotFound)?;
        let invitation = invitations::latest(p, client)?.ok_or(Error::NotFound)?.id;
        invitations::jobs::settle(p, invitation, &Delivery::Sent)?;
        if person.story == Story::SignedUp {
            return Ok(());
        }
        let h = self.h.at(added.plus(HOUR));
        let how = How::SignedUp { account: signed_up.account, hash: self.hash.clone() };
        match invitations::accept(&h.practice(&holder), invitation, &how)? {
            // Who would be told of it is made up too.
            Acceptance::In { .. } => match member {
                Some(member) => crate::jobs::cancel(&h, crate::jobs::Kind::TellOfSignUp, member.0).map(drop),
                None => Ok(()),
            },
            other => Err(Error::internal(format!("a made-up sign-up was not confirmed: {other:?}"))),
        }
    }

    fn invited(&self, p: &Practice, id: ClientId) -> Result<InvitationId> {
        let client = clients::find(p, id)?;
        match invitations::resend(p, id, client.fields.email.as_ref())? {
            Invited::Queued(invitation) => Ok(invitation),
            other => Err(Error::internal(format!("a made-up invitation was not queued: {other:?}"))),
        }
    }

    /// It stays queued in the record only: a server that runs beside this must not send it.
    fn keeps(&self, p: &Practice, invitation: InvitationId) -> Result<()> {
        crate::jobs::cancel(&p.house(), crate::jobs::Kind::SendInvitation, invitation.0).map(drop)
    }

    fn left(&self, p: &Practice, id: ClientId, delivery: &Delivery) -> Result<InvitationId> {
        let invitation = self.invited(p, id)?;
        invitations::jobs::settle(p, invitation, delivery)?;
        Ok(invitation)
    }

    fn opened(&self, practice: PracticeId, invitation: InvitationId, when: Instant) -> Result<()> {
        let holder = Actor::link_holder(practice);
        invitations::note_opened(&self.h.at(when).practice(&holder), invitation)
    }

    fn accepted(&self, p: &Practice, id: ClientId, added: Instant) -> Result<()> {
        let invitation = self.left(p, id, &Delivery::Sent)?;
        self.opened(p.id, invitation, added.plus(HOUR * 3))?;
        let h = self.h.at(added.plus(HOUR * 3 + MINUTE * 4));
        let holder = Actor::link_holder(p.id);
        let p = &h.practice(&holder);
        let known =
            invitations::by_id(p, invitation)?.map(|i| accounts::address(&h, &i.email.key)).transpose()?.flatten();
        let how = match known {
            Some(known) => How::Account { account: known.account, hash: self.hash.clone() },
            None => How::NewPassword { hash: self.hash.clone() },
        };
        match invitations::accept(p, invitation, &how)? {
            Acceptance::In { .. } => Ok(()),
            other => Err(Error::internal(format!("a made-up invitation was not accepted: {other:?}"))),
        }
    }

    /// The e-mail is changed; what that queues goes nowhere.
    fn moves(&self, provider: &Actor, id: ClientId, to: &str, when: Instant) -> Result<()> {
        let h = self.h.at(when);
        let p = &h.practice(provider);
        let client = clients::find(p, id)?;
        let fields = Fields { email: Some(email(to)?), ..client.fields };
        clients::change(p, id, &fields, None)?;
        if let Some(own) = portal_access::own(p, id)? {
            for known in accounts::addresses(&h, own.account)? {
                crate::jobs::cancel(&h, crate::jobs::Kind::TellOldAddress, known.id)?;
            }
        }
        match invitations::latest(p, id)? {
            Some(invitation) => invitations::jobs::settle(p, invitation.id, &Delivery::Sent),
            None => Ok(()),
        }
    }
}
