//! Settings behind the gear. Security: where one is signed in, one's password, and for those who run the practice how
//! long sessions may idle and what clients may change themselves.

mod security;
pub mod sessions;

use crate::access::{ANY_STAFF, Access};
use crate::error::Result;
use crate::routes::Routes;
use crate::ui::Tab;
use crate::web::Ctx;

pub fn routes(routes: Routes) -> Routes {
    security::routes(sessions::routes(routes))
}

/// The left-hand menu: an entry appears with its feature, for those who may open it.
const MENU: &[(&str, &str, Access)] = &[("/settings/security", "Security", ANY_STAFF)];

/// The menu as a member sees it. Settings pages of other slices show it too.
pub fn menu(ctx: &Ctx, current: &str) -> Result<Vec<Tab>> {
    let role = ctx.member()?.role;
    let shown = MENU.iter().filter(|(.., access)| matches!(access, Access::Staff(roles) if roles.contains(&role)));
    let tab = |(href, label, _): &(&str, &str, Access)| Tab {
        href: (*href).into(),
        label: (*label).into(),
        current: *href == current,
    };
    Ok(shown.map(tab).collect())
}
