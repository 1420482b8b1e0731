//! `Ctx`: who is asking, from where, and how. The guard makes it for every route; handlers take it as their argument.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::access::{Actor, Member, Needs, Right, Role, Viewer, Who};
use crate::accounts::Session;
use crate::app::{Door, Shared};
use crate::error::{Error, Result};
use crate::ids::PracticeId;
use crate::people::Email;
use crate::ui::{Section, Shell, Toast, Undo};
use crate::words::Words;

#[derive(Clone)]
pub struct Ctx {
    pub app: Shared,
    pub who: Identity,
    pub ip: IpAddr,
    pub user_agent: String,
    /// The request came from script and wants a part of a page.
    pub is_fragment: bool,
    /// Path and query as asked for.
    pub address: String,
    pub flash: Option<String>,
    pub device: Option<String>,
    pub link: Option<String>,
    /// The token of a sign-in that waits for a code.
    pub step: Option<String>,
}

#[derive(Clone)]
pub enum Identity {
    Nobody,
    Signed(Box<SignedIn>),
    Token {
        actor: Actor,
        practice: Box<PracticeInfo>,
    },
    /// A device that was handed over to a client at the desk.
    HandedOver {
        actor: Actor,
        practice: Box<PracticeInfo>,
    },
    /// A member's token, in a practice that asks them for a second factor which they have not set up.
    HeldToken,
}

/// A live session and where it stands.
#[derive(Clone)]
pub struct SignedIn {
    pub session: Session,
    pub email: Email,
    /// The address was typed at a sign-up and not proven: it may be anybody's.
    pub provisional: bool,
    pub idle: Duration,
    pub place: Option<(Actor, PracticeInfo)>,
    /// Stands on the staff side of this practice, which asks for a second factor that is not set up: there is no actor,
    /// and so nothing of the practice, until it is.
    pub held: Option<PracticeInfo>,
}

#[derive(Clone, Debug)]
pub struct PracticeInfo {
    pub id: PracticeId,
    pub name: String,
    pub slug: String,
    pub time_zone: String,
    pub staff_idle_minutes: i64,
    pub client_idle_minutes: i64,
    pub clients_may_change_email: bool,
    /// The roles whose members must have a second factor.
    pub second_factor_roles: Vec<Role>,
}

impl Ctx {
    /// The actor, where the route gave one. A route whose access gives none must not ask.
    pub fn actor(&self) -> Result<&Actor> {
        match &self.who {
            Identity::Signed(signed) => signed.place.as_ref().map(|(actor, _)| actor).ok_or(Error::NotFound),
            Identity::Token { actor, .. } | Identity::HandedOver { actor, .. } => Ok(actor),
            Identity::Nobody | Identity::HeldToken => Err(Error::NotFound),
        }
    }

    pub fn practice(&self) -> Result<&PracticeInfo> {
        match &self.who {
            Identity::Signed(signed) => signed.place.as_ref().map(|(_, practice)| practice).ok_or(Error::NotFound),
            Identity::Token { practice, .. } | Identity::HandedOver { practice, .. } => Ok(practice.as_ref()),
            Identity::Nobody | Identity::HeldToken => Err(Error::NotFound),
        }
    }

    /// The door to the actor's practice.
    pub fn door(&self) -> Result<Door> {
        Ok(self.app.practice(self.actor()?.clone()))
    }

    pub fn signed(&self) -> Result<&SignedIn> {
        match &self.who {
            Identity::Signed(signed) => Ok(signed),
            _ => Err(Error::NotFound),
        }
    }

    pub fn member(&self) -> Result<&Member> {
        self.actor()?.member().ok_or(Error::NotFound)
    }

    pub fn viewer(&self) -> Result<&Viewer> {
        match &self.actor()?.who {
            Who::Client(viewer) => Ok(viewer),
            _ => Err(Error::NotFound),
        }
    }

    pub fn words(&self) -> Words {
        Words::of("en")
    }

    /// The frame of a page.
    pub fn shell(&self, title: impl Into<String>, section: Section) -> Shell {
        let words = self.words();
        let mut shell = Shell {
            title: title.into(),
            lang: words.lang().to_string(),
            dir: words.dir(),
            practice: String::new(),
            person: String::new(),
            email: String::new(),
            section,
            stand: String::new(),
            can_switch: false,
            idle_seconds: None,
            sees_documents: false,
            sees_forms: false,
            chat: "",
            toast: None,
            words,
        };
        if let Identity::Signed(signed) = &self.who {
            shell.email = signed.email.address.clone();
            shell.person = shell.email.clone();
            shell.can_switch = signed.session.several_places;
            shell.idle_seconds = u32::try_from(signed.idle.as_secs()).ok();
            if let Some((actor, practice)) = &signed.place {
                shell.practice = practice.name.clone();
                if let (true, Some((kind, ..))) = (shell.can_switch, signed.session.place) {
                    shell.stand = words.t(kind.word());
                }
                match &actor.who {
                    Who::Member(member) => {
                        shell.person = member.name.clone();
                        shell.sees_forms = member.role != Role::Support;
                        shell.chat = "/chat/live";
                    }
                    Who::Client(viewer) => {
                        shell.person = viewer.name.clone();
                        shell.sees_documents = viewer.may(Needs::Right(Right::Forms));
                        if viewer.may(Needs::Right(Right::Messages)) {
                            shell.chat = "/portal/messages/live";
                        }
                    }
                    Who::HandedOver(_) | Who::LinkHolder | Who::System => {}
                }
            }
        }
        if let Identity::HandedOver { practice, .. } = &self.who {
            shell.practice = practice.name.clone();
        }
        shell.toast = self.flash.as_deref().and_then(|flash| toast(words, flash, self.app.config.undo));
        shell
    }
}

/// What takes back what was done, where it is not an invitation's undo.
const UNDO: &[(&str, &str)] = &[
    ("client-archived", "/clients/{id}/restore"),
    ("merged", "/merges/{id}/undo"),
    ("contact-removed", "/contacts/{id}/restore"),
    ("document-deleted", "/documents/{id}/restore"),
    ("form-archived", "/forms/{id}/restore"),
    ("form-discarded", "/forms/{id}/undo"),
    ("form-item-removed", "/forms/{id}/undo"),
    ("form-waived", "/client-forms/{id}/give-again"),
    ("form-skipped", "/portal/forms/{id}/again"),
    ("member-invited", "/settings/members/invitations/{id}/undo"),
    ("member-disabled", "/settings/members/{id}/enable"),
];

/// What a flash cookie says, in words. It holds a key of ours and perhaps an id; anything else shows nothing.
fn toast(words: Words, flash: &str, undo: Duration) -> Option<Toast> {
    let (key, id) = flash.split_once(':').unwrap_or((flash, ""));
    let way = UNDO.iter().find(|(done, _)| *done == key).map_or("/invitations/{id}/undo", |(_, way)| way);
    let key = format!("done-{key}");
    if !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') || !words.has(&key) {
        return None;
    }
    let id = id.parse::<uuid::Uuid>().ok();
    let undo = id.map(|id| Undo {
        action: way.replace("{id}", &id.to_string()),
        seconds: u32::try_from(undo.as_secs()).unwrap_or(10),
    });
    Some(Toast { text: words.t(&key), undo })
}

impl<S: Send + Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Ctx> {
        parts.extensions.get::<Ctx>().cloned().ok_or_else(|| Error::internal("a route without its guard"))
    }
}
