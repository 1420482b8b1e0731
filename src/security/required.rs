//! Which roles of the practice need two-step sign-in.

use axum::response::Response;
use serde::Deserialize;

use crate::access::{RUNS_PRACTICE, Role};
use crate::error::Result;
use crate::practices::require_second_factor;
use crate::routes::Routes;
use crate::ui::Field;
use crate::web::{Cookie, Ctx, Form, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes.post("/settings/security/two-step", RUNS_PRACTICE, save)
}

/// A role's checkbox: its name, its label, and whether it is the actor's to change.
struct Choice {
    role: Role,
    name: &'static str,
    label: &'static str,
}

const CHOICES: [Choice; 4] = [
    Choice { role: Role::Owner, name: "owner", label: "Owners" },
    Choice { role: Role::Admin, name: "admin", label: "Admins" },
    Choice { role: Role::Provider, name: "provider", label: "Providers" },
    Choice { role: Role::Support, name: "support", label: "Support staff" },
];

/// The checkboxes that the actor may change; an admin leaves the owners alone.
pub fn fields(ctx: &Ctx) -> Result<Vec<Field>> {
    let own = ctx.member()?.role;
    let required = &ctx.practice()?.second_factor_roles;
    let may = CHOICES.iter().filter(|choice| own == Role::Owner || choice.role != Role::Owner);
    let field = |choice: &Choice| {
        Field::checkbox(choice.name, choice.label).id_prefix("two-step-").checked(required.contains(&choice.role))
    };
    Ok(may.map(field).collect())
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct RolesForm {
    owner: Option<String>,
    admin: Option<String>,
    provider: Option<String>,
    support: Option<String>,
}

async fn save(ctx: Ctx, Form(typed): Form<RolesForm>) -> Result<Response> {
    // What an admin was not shown stays as it is.
    let owner = match ctx.member()?.role {
        Role::Owner => typed.owner.is_some(),
        _ => ctx.practice()?.second_factor_roles.contains(&Role::Owner),
    };
    let ticked = [
        (Role::Owner, owner),
        (Role::Admin, typed.admin.is_some()),
        (Role::Provider, typed.provider.is_some()),
        (Role::Support, typed.support.is_some()),
    ];
    let roles: Vec<Role> = ticked.into_iter().filter(|(_, ticked)| *ticked).map(|(role, _)| role).collect();
    ctx.door()?.write(move |p| require_second_factor(p, &roles)).await?;
    let mut response = lead_to(&ctx, "/settings/security")?;
    Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
    Ok(response)
}
