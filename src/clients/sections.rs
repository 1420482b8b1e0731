//! The sections of a record that are saved one by one: who saves one of them sends its fields alone, and another section
//! that somebody else, or they themselves, saved meanwhile is no conflict.

use sha2::{Digest, Sha256};

use super::Typed;

/// A section with a form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    PersonalInformation,
    ClientInfo,
}

impl Part {
    pub const ALL: [Part; 2] = [Part::PersonalInformation, Part::ClientInfo];

    /// As an address and a form name it; also the id of the section on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::PersonalInformation => "personal-information",
            Part::ClientInfo => "client-info",
        }
    }

    pub fn parse(text: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.as_str() == text)
    }

    /// The section in which a field stands.
    pub fn of_field(name: &str) -> Part {
        match name {
            "pronouns" | "gender" | "time_zone" | "record_number" | "note" => Part::ClientInfo,
            _ => Part::PersonalInformation,
        }
    }

    /// What was typed into this section, over what stands in the others.
    pub fn over(self, typed: &Typed, stands: Typed) -> Typed {
        let (personal, info) = match self {
            Part::PersonalInformation => (typed.clone(), stands),
            Part::ClientInfo => (stands, typed.clone()),
        };
        Typed {
            pronouns: info.pronouns,
            gender: info.gender,
            time_zone: info.time_zone,
            record_number: info.record_number,
            note: info.note,
            ..personal
        }
    }

    /// What stands in this section, in short: a form carries it, and one that was made from something else is stale.
    pub fn seen(self, stands: &Typed) -> String {
        let own = self.over(stands, Typed::default());
        let digest = Sha256::digest(format!("{own:?}"));
        digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mark: &str) -> Typed {
        let all = |name: &str| format!("{name} {mark}");
        Typed {
            first_name: all("first"),
            last_name: all("last"),
            preferred_name: all("preferred"),
            legal_name: all("legal"),
            pronouns: all("pronouns"),
            date_of_birth: all("born"),
            gender: all("gender"),
            email: all("email"),
            phone: all("phone"),
            time_zone: all("zone"),
            group_id: all("group"),
            primary_provider_id: all("provider"),
            care_team_ids: vec![all("team")],
            record_number: all("number"),
            note: all("note"),
        }
    }

    #[test]
    fn every_field_belongs_to_one_section() {
        let (old, new) = (typed("old"), typed("new"));
        let personal = Part::PersonalInformation.over(&new, old.clone());
        assert_eq!(Part::ClientInfo.over(&new, personal.clone()), new, "both saved, one after the other");
        assert_eq!(Part::ClientInfo.over(&old, personal), Part::PersonalInformation.over(&new, old));
        assert!(Part::ALL.into_iter().all(|part| Part::parse(part.as_str()) == Some(part)));
    }

    #[test]
    fn a_section_is_stale_by_its_own_fields_alone() {
        let old = typed("old");
        for part in Part::ALL {
            let others = Part::ALL.into_iter().find(|other| *other != part).unwrap().over(&typed("new"), old.clone());
            assert_eq!(part.seen(&others), part.seen(&old));
            assert_ne!(part.seen(&part.over(&typed("new"), old.clone())), part.seen(&old));
        }
    }
}
