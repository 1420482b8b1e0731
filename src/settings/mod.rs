//! Settings behind the gear: the left-hand menu, and where the gear leads. The pages themselves belong to the slices
//! whose settings they are.

use axum::response::Response;

use crate::access::{ANY_STAFF, Access, RUNS_PRACTICE};
use crate::error::Result;
use crate::routes::Routes;
use crate::ui::Tab;
use crate::web::{Ctx, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/settings", ANY_STAFF, index)
}

/// The left-hand menu: an entry appears with its feature, for those who may open it.
const MENU: &[(&str, &str, Access)] = &[
    ("/settings/practice", "Practice", RUNS_PRACTICE),
    ("/settings/members", "Members", RUNS_PRACTICE),
    ("/settings/groups", "Groups", ANY_STAFF),
    ("/settings/forms", "Forms", RUNS_PRACTICE),
    ("/settings/chat", "Chat", ANY_STAFF),
    ("/settings/newsfeed", "Newsfeed", ANY_STAFF),
    ("/settings/security", "Security", ANY_STAFF),
    ("/settings/tokens", "API tokens", ANY_STAFF),
];

/// The menu as a member sees it.
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

/// The gear leads to the first page of the menu.
async fn index(ctx: Ctx) -> Result<Response> {
    let first = menu(&ctx, "")?.into_iter().next();
    lead_to(&ctx, first.as_ref().map_or("/home", |tab| tab.href.as_str()))
}
