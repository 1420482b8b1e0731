//! Client Portal: where a client lands. One thing to do next, the profile, and the sessions that are signed in.
//!
//! Everything essential works without script. A client sees their own record's contact part and nothing else.

mod looks;
mod pages;
mod password;
mod people;
mod security;

use crate::clients::{Fields, Typed};
use crate::routes::Routes;

pub fn routes(routes: Routes) -> Routes {
    people::routes(looks::routes(security::routes(password::routes(pages::routes(routes)))))
}

/// What is still missing that the practice will want to know; the next thing to do.
fn details_missing(fields: &Fields) -> bool {
    fields.date_of_birth.is_none() || fields.phone.is_none()
}

/// Lays what a client may change of their own record over what stands.
fn over(mut stands: Typed, typed: &pages::ProfileForm) -> Typed {
    stands.preferred_name = typed.preferred_name.clone();
    stands.pronouns = typed.pronouns.clone();
    // Once it is on file only the practice corrects it: whether somebody is of age decides who else is in the portal.
    if stands.date_of_birth.is_empty() {
        stands.date_of_birth = typed.date_of_birth.clone();
    }
    stands.phone = typed.phone.clone();
    stands.time_zone = typed.time_zone.clone();
    stands
}
