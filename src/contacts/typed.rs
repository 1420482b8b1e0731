//! A contact as it was typed, and how that becomes one.

use super::{Contact, Fields};
use crate::access::{Right, Rights};
use crate::error::{Error, FieldError, Result};
use crate::people::{self, Email, LINE_LIMIT};
use crate::practice::Practice;
use crate::words::Words;

/// What somebody is to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Parent,
    LegalGuardian,
    Child,
    Spouse,
    Caregiver,
    Dependent,
    FamilyMember,
    Other,
}

impl Relation {
    pub const ALL: [Relation; 8] = [
        Relation::Parent,
        Relation::LegalGuardian,
        Relation::Child,
        Relation::Spouse,
        Relation::Caregiver,
        Relation::Dependent,
        Relation::FamilyMember,
        Relation::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Parent => "parent",
            Relation::LegalGuardian => "legal_guardian",
            Relation::Child => "child",
            Relation::Spouse => "spouse",
            Relation::Caregiver => "caregiver",
            Relation::Dependent => "dependent",
            Relation::FamilyMember => "family_member",
            Relation::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<Relation> {
        Relation::ALL.into_iter().find(|relation| relation.as_str() == text)
    }

    pub fn said(self) -> &'static str {
        match self {
            Relation::Parent => "Parent",
            Relation::LegalGuardian => "Legal guardian",
            Relation::Child => "Child",
            Relation::Spouse => "Spouse",
            Relation::Caregiver => "Caregiver",
            Relation::Dependent => "Dependent",
            Relation::FamilyMember => "Family member",
            Relation::Other => "Other",
        }
    }
}

/// What a right is called.
pub fn right_said(right: Right) -> &'static str {
    match right {
        Right::Details => "See and change personal details",
        Right::Appointments => "See appointments",
        Right::Book => "Book and change appointments",
        Right::Messages => "Read and write messages",
        Right::Forms => "Fill in forms, see and send documents",
        Right::Receipts => "See receipts",
        Right::Sign => "Sign on the client's behalf",
    }
}

/// A form or body as it was typed. Comes back to the person as it is when something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub first_name: String,
    pub last_name: String,
    pub relation: String,
    pub email: String,
    pub phone: String,
    pub emergency: bool,
    pub main: bool,
    pub rights: Rights,
}

impl Typed {
    /// A contact as somebody would type it.
    pub fn of(contact: &Contact) -> Typed {
        let fields = &contact.fields;
        Typed {
            first_name: fields.first_name.clone(),
            last_name: fields.last_name.clone().unwrap_or_default(),
            relation: fields.relation.as_str().into(),
            email: fields.email.as_ref().map(|email| email.address.clone()).unwrap_or_default(),
            phone: fields.phone.as_deref().map(people::phone_said).unwrap_or_default(),
            emergency: fields.emergency,
            main: fields.main,
            rights: fields.rights.clone(),
        }
    }

    /// The fields, or what is wrong with which. `zone`: the client's, where a phone number without a country is at home.
    pub fn parse(
        &self,
        p: &Practice,
        zone: Option<&str>,
        words: Words,
    ) -> Result<std::result::Result<Fields, Vec<FieldError>>> {
        let practice = p.house().practice_info(p.id)?.ok_or(Error::NotFound)?;
        let zone = zone.unwrap_or(&practice.time_zone);
        let mut refused = Vec::new();
        let mut refuse = |field: &str, refusal: people::Refusal| {
            let text = words.with(refusal.key(), &[("limit", &LINE_LIMIT.to_string())]);
            refused.push(FieldError::new(field, text));
        };
        let first_name = people::name(&self.first_name).map_err(|r| refuse("first_name", r)).unwrap_or_default();
        let last_name = people::line(&self.last_name).map_err(|r| refuse("last_name", r)).unwrap_or_default();
        let email = match self.email.trim() {
            "" => None,
            _ => Email::parse(&self.email).map_err(|r| refuse("email", r)).ok(),
        };
        let phone = people::phone(&self.phone, zone).map_err(|r| refuse("phone", r)).unwrap_or_default();
        let relation = Relation::parse(&self.relation);
        if relation.is_none() {
            refused.push(FieldError::new("relation", words.t("field-choice")));
        }
        Ok(match relation {
            Some(relation) if refused.is_empty() => {
                let (emergency, main, rights) = (self.emergency, self.main, self.rights.clone());
                Ok(Fields { first_name, last_name, relation, email, phone, emergency, main, rights })
            }
            _ => Err(refused),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_as_they_are_written() {
        assert!(Relation::ALL.into_iter().all(|one| Relation::parse(one.as_str()) == Some(one)));
        assert_eq!(Relation::parse("Parent"), None);
    }
}
