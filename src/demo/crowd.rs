//! More made-up clients, for trying the practice crowded.

use super::{Desk, MINUTE, email};
use crate::clients::{self, Fields, Inviting, Source};
use crate::error::Result;
use crate::ids::MemberId;

const FIRST: [&str; 16] = [
    "Lena", "Marcus", "Ida", "Omar", "Grace", "Felix", "Yuki", "Clara", "Daniel", "Rosa", "Viktor", "Amara", "Henry",
    "Nadia", "Paul", "Zeynep",
];
const LAST: [&str; 15] = [
    "Brandt",
    "Castellano",
    "Dubois",
    "Eriksen",
    "Fontaine",
    "Greenwood",
    "Hashimoto",
    "Ivanova",
    "Jankowski",
    "Kowalczyk",
    "Lindgren",
    "Marchand",
    "Nakamura",
    "Oyelaran",
    "Petrov",
];

impl Desk<'_> {
    /// The client with this number, who was added without any mail.
    pub fn adds_one_of_many(&self, n: usize) -> Result<()> {
        let of = |names: &[&str], at: usize| names[at % names.len()].to_string();
        let provider = &self.team[n % 3];
        let fields = Fields {
            first_name: of(&FIRST, n),
            last_name: format!("{} {n:05}", of(&LAST, n / FIRST.len())),
            preferred_name: None,
            legal_name: None,
            pronouns: None,
            date_of_birth: None,
            gender: None,
            // Some have none.
            email: if n % 10 == 9 { None } else { Some(email(&format!("client.{n:05}"))?) },
            phone: None,
            time_zone: None,
            group: self.groups.get(n % 5).copied(),
            primary_provider: provider.member().map(|member| member.id),
            care_team: Vec::<MemberId>::new(),
            record_number: None,
            note: None,
        };
        let h = self.h.at(self.h.now.minus(MINUTE * u32::try_from(n % 50_000).unwrap_or(0)));
        let id = clients::add(&h.practice(provider), &fields, Inviting::Later, Source::Added)?.id;
        // The forms of their group came with them; nobody is reminded.
        super::intake::silence(self, id)
    }
}
