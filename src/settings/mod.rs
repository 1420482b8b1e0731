//! Settings behind the gear. Security: where one is signed in, one's password, and for those who run the practice how
//! long sessions may idle and what clients may change themselves.

mod security;
pub mod sessions;

use crate::routes::Routes;
use crate::ui::Tab;

pub fn routes(routes: Routes) -> Routes {
    security::routes(sessions::routes(routes))
}

/// The left-hand menu; an entry appears with its feature.
fn menu(current: &str) -> Vec<Tab> {
    let entries = [("/settings/security", "Security")];
    let tab = |(href, label): (&str, &str)| Tab { href: href.into(), label: label.into(), current: href == current };
    entries.into_iter().map(tab).collect()
}
