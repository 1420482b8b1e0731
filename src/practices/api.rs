use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::profile::{self, Changed, Profile};
use super::second_factor::require;
use crate::access::{ANY_STAFF, RUNS_PRACTICE, Role};
use crate::error::{Error, FieldError, Result};
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v1/practice", ANY_STAFF, show).patch("/api/v1/practice", RUNS_PRACTICE, update)
}

#[derive(Serialize)]
struct Body {
    id: String,
    slug: String,
    name: String,
    time_zone: String,
    created_at: String,
    version: i64,
    second_factor_roles: Vec<&'static str>,
}

fn answer(profile: &Profile) -> Result<Answer> {
    let body = Body {
        id: profile.id.to_string(),
        slug: profile.slug.clone(),
        name: profile.name.clone(),
        time_zone: profile.time_zone.clone(),
        created_at: profile.created_at.rfc3339(),
        version: profile.version,
        second_factor_roles: profile.second_factor_roles.iter().map(|role| role.as_str()).collect(),
    };
    Answer::new(StatusCode::OK, &body)
}

/// `GET /api/v1/practice`: the practice of the token's member.
async fn show(ctx: Ctx) -> Result<Answer> {
    answer(&ctx.door()?.read(profile::find).await?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Patch {
    name: Optional<String>,
    time_zone: Optional<String>,
    /// Whose members must have a second factor.
    second_factor_roles: Option<Vec<String>>,
    /// The version that the change was made from; a stale one is answered 409.
    version: Option<i64>,
}

fn over(given: &Optional<String>, stands: &str) -> String {
    match given {
        Optional::Absent => stands.to_string(),
        Optional::Given(value) => value.clone().unwrap_or_default(),
    }
}

/// The roles that a body names.
fn roles(named: &[String]) -> Result<Vec<Role>> {
    let unknown = || FieldError::new("second_factor_roles", "A role is owner, admin, provider or support.");
    let roles: Option<Vec<Role>> = named.iter().map(|name| Role::parse(name)).collect();
    roles.ok_or_else(|| Error::Invalid(vec![unknown()]))
}

async fn update(ctx: Ctx, headers: HeaderMap, body: Json<Patch>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            once(p, key.as_deref(), &body.hash, || {
                let (now, patch) = (profile::find(p)?, &body.value);
                let to = profile::parse(&over(&patch.name, &now.name), &over(&patch.time_zone, &now.time_zone), words);
                match profile::change(p, &to.map_err(Error::Invalid)?, patch.version)? {
                    Changed::Saved => {
                        if let Some(named) = &patch.second_factor_roles {
                            require(p, &roles(named)?)?;
                        }
                        answer(&profile::find(p)?)
                    }
                    Changed::Stale(now) => Err(Error::Conflict(format!(
                        "The practice was changed in between; it is at version {}.",
                        now.version
                    ))),
                }
            })
        })
        .await
}
