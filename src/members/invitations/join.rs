//! The page behind a link to join the staff.

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::accept::{Acceptance, How, accept, refusal};
use super::{Invitation, OPENINGS_LIMIT, event, queries, read_token};
use crate::access::{Access, Actor};
use crate::accounts::{self, Attempt, Stand, check_new};
use crate::error::Result;
use crate::ids::PracticeId;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/join-staff/{token}", Access::Public, open).get("/join-staff", Access::Public, show).post(
        "/join-staff",
        Access::Public,
        post,
    )
}

/// Notes the opening (which may be a scanner's; HEAD notes nothing) and takes the token out of the address.
async fn open(ctx: Ctx, method: Method, Path(token): Path<String>) -> Result<Response> {
    let response = accounts::take_link(&ctx, &token, "/join-staff")?;
    if method == Method::GET {
        ctx.app
            .write(move |h| {
                let Some((practice, id)) = read_token(h, &token) else {
                    return Ok(());
                };
                let actor = Actor::link_holder(practice);
                let p = h.practice(&actor);
                let is_open = queries::by_id(&p, id)?.is_some_and(|i| i.state.is_open());
                if is_open && queries::count_events(&p, id, "opened")? < OPENINGS_LIMIT {
                    event(&p, id, "opened", None)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(response)
}

/// What a link leads to.
struct Found {
    practice: PracticeId,
    practice_name: String,
    invitation: Invitation,
}

async fn find(ctx: &Ctx) -> Result<Option<Found>> {
    let token = ctx.link.clone().unwrap_or_default();
    ctx.app
        .read(move |h| {
            let Some((practice, id)) = read_token(h, &token) else {
                return Ok(None);
            };
            let actor = Actor::link_holder(practice);
            let (Some(info), Some(invitation)) = (h.practice_info(practice)?, queries::by_id(&h.practice(&actor), id)?)
            else {
                return Ok(None);
            };
            Ok(Some(Found { practice, practice_name: info.name, invitation }))
        })
        .await
}

#[derive(Template)]
#[template(path = "members/invitations/join.html")]
struct JoinPage {
    shell: Shell,
    errors: ErrorSummary,
    lead: String,
    /// Which link this page was made for: another one may be opened in another tab meanwhile.
    link: String,
    email: String,
    password: Field,
}

#[derive(Template)]
#[template(path = "members/invitations/dead.html")]
struct DeadPage {
    shell: Shell,
    text: String,
    sign_in: bool,
}

fn join_page(ctx: &Ctx, found: &Found, error: Option<String>) -> JoinPage {
    let words = ctx.words();
    let title = words.with("join-title", &[("name", &found.invitation.invitee.first_name)]);
    let items = error.iter().map(|text| ("password".to_string(), text.clone())).collect();
    let shell = Shell { practice: found.practice_name.clone(), idle_seconds: None, ..ctx.shell(title, Section::None) };
    JoinPage {
        shell,
        errors: ErrorSummary { items, title: words.t("ui-error-summary") },
        lead: words.with("join-lead", &[("practice", &found.practice_name)]),
        link: accounts::link_mark(ctx),
        email: found.invitation.invitee.email.address.clone(),
        password: accounts::invited_password_field(words, error),
    }
}

fn dead_page(ctx: &Ctx, why: Option<&Acceptance>) -> Result<Response> {
    let words = ctx.words();
    let (title, text, sign_in, status) = match why {
        Some(Acceptance::Superseded) => ("invitation-newer-title", "join-newer", false, StatusCode::GONE),
        Some(Acceptance::AlreadyAccepted) => ("invitation-used-title", "join-used", true, StatusCode::GONE),
        _ => ("link-unknown-title", "link-unknown", false, StatusCode::NOT_FOUND),
    };
    let shell = Shell { practice: String::new(), idle_seconds: None, ..ctx.shell(words.t(title), Section::None) };
    html(status, &DeadPage { shell, text: words.t(text), sign_in })
}

async fn show(ctx: Ctx) -> Result<Response> {
    match find(&ctx).await? {
        None => dead_page(&ctx, None),
        Some(found) => match refusal(found.invitation.state) {
            Some(why) => dead_page(&ctx, Some(&why)),
            None => html(StatusCode::OK, &join_page(&ctx, &found, None)),
        },
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JoinForm {
    password: String,
    link: String,
}

async fn post(ctx: Ctx, Form(typed): Form<JoinForm>) -> Result<Response> {
    let Some(found) = find(&ctx).await? else {
        return dead_page(&ctx, None);
    };
    if let Some(why) = refusal(found.invitation.state) {
        return dead_page(&ctx, Some(&why));
    }
    let again = |found: &Found| join_page(&ctx, found, Some(ctx.words().t("invitation-again")));
    if !typed.link.is_empty() && typed.link != accounts::link_mark(&ctx) {
        // The form belongs to another link than the one that was opened last.
        return html(StatusCode::CONFLICT, &again(&found));
    }
    let how = match prove(&ctx, &found, &typed.password).await? {
        Ok(how) => how,
        Err(message) => {
            // Somebody else may have accepted while the password was looked at: that is what there is to say then.
            if let Some(why) = find(&ctx).await?.and_then(|found| refusal(found.invitation.state)) {
                return dead_page(&ctx, Some(&why));
            }
            return html(StatusCode::UNPROCESSABLE_ENTITY, &join_page(&ctx, &found, Some(message)));
        }
    };
    let id = found.invitation.id;
    let door = ctx.app.practice(Actor::link_holder(found.practice));
    match door.write(move |p| accept(p, id, &how)).await? {
        Acceptance::In { account, member } => {
            let stand = Stand::At(found.practice, member.0);
            let mut response = accounts::enter(&ctx, account, stand, &found.invitation.invitee.email.key).await?;
            Cookie::Link.clear(&ctx.app, &mut response)?;
            Ok(response)
        }
        Acceptance::Again => html(StatusCode::CONFLICT, &again(&found)),
        why => dead_page(&ctx, Some(&why)),
    }
}

/// The slow part, outside of any transaction: a new password's rules and hash, or the check of a known account's.
/// The message beside the field otherwise.
async fn prove(ctx: &Ctx, found: &Found, password: &str) -> Result<std::result::Result<How, String>> {
    let words = ctx.words();
    let invitee = &found.invitation.invitee;
    let key = invitee.email.clone();
    let known = ctx.app.read(move |h| accounts::known(h, &key)).await?;
    if let Some((account, hash)) = known {
        return Ok(match accounts::attempt(ctx, &invitee.email.address, password).await? {
            Attempt::In(proven) if proven.account == account => Ok(How::Account { account, hash }),
            Attempt::Wait { seconds } => {
                Err(words.with("sign-in-wait", &[("minutes", &seconds.div_ceil(60).to_string())]))
            }
            _ => Err(words.t("invitation-known-account")),
        });
    }
    let about = [invitee.first_name.as_str(), &invitee.last_name, &invitee.email.address];
    if let Err(weakness) = check_new(password, &about) {
        return Ok(Err(words.t(weakness.key())));
    }
    Ok(Ok(How::NewPassword { hash: ctx.app.passwords.hash(password).await? }))
}
