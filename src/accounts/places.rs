//! Places: where an account may go. As a member of a practice's staff, or into the portal by one client record.

use uuid::Uuid;

use super::queries;
use crate::error::Result;
use crate::ids::{AccessId, AccountId, PracticeId};
use crate::practice::House;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    Staff,
    Portal,
}

impl PlaceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            PlaceKind::Staff => "staff",
            PlaceKind::Portal => "portal",
        }
    }

    pub fn parse(text: &str) -> Option<PlaceKind> {
        [PlaceKind::Staff, PlaceKind::Portal].into_iter().find(|kind| kind.as_str() == text)
    }

    /// The key of what it is called.
    pub fn word(self) -> &'static str {
        match self {
            PlaceKind::Staff => "ui-stand-staff",
            PlaceKind::Portal => "ui-stand-portal",
        }
    }

    /// Where somebody lands there.
    pub fn home(self) -> &'static str {
        match self {
            PlaceKind::Staff => "/home",
            PlaceKind::Portal => "/portal",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Place {
    pub kind: PlaceKind,
    pub practice: PracticeId,
    /// The member's or the portal access' id.
    pub id: Uuid,
    pub practice_name: String,
    /// The client's name in the portal, the member's own on the staff.
    pub person: String,
}

impl Place {
    pub fn icon(&self) -> crate::ui::Icon {
        crate::ui::icon(match self.kind {
            PlaceKind::Staff => "users",
            PlaceKind::Portal => "user",
        })
    }

    /// Where the session stands already.
    pub fn is_here(&self, here: Option<Uuid>) -> bool {
        here == Some(self.id)
    }
}

/// Every place of an account, in a steady order: staff first.
pub fn places_of(h: &House, account: AccountId) -> Result<Vec<Place>> {
    let mut all = queries::staff_places(h, account)?;
    all.extend(queries::portal_places(h, account)?);
    Ok(all)
}

/// Whether an account reaches nothing but one portal access: then a change of that client's e-mail may change it.
/// Places that were ended or disabled count too: an account that ever was somebody else's must not be taken over.
pub fn reaches_only(h: &House, account: AccountId, access: AccessId) -> Result<bool> {
    let (members, accesses) = queries::reach(h, account)?;
    Ok(members == 0 && accesses.iter().all(|id| *id == access.0))
}
