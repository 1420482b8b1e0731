//! The page behind an invitation's link, and Undo.

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::accept::{self, Acceptance, Asks, How, accept, refusal};
use super::accept_page::{Way, accept_page};
use super::queries::{self, Addressee};
use super::{Invitation, read_token};
use crate::access::{ANY_STAFF, Access, Actor};
use crate::accounts::{self, Attempt, Stand, check_new};
use crate::error::Result;
use crate::ids::{AccountId, InvitationId, PracticeId};
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};
use crate::words::Words;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/invitation/{token}", Access::Public, open)
        .get("/invitation", Access::Public, show)
        .post("/invitation", Access::Public, post)
        .post("/invitation/again", Access::Public, again)
        .post("/invitations/{id}/undo", ANY_STAFF, undo)
}

/// Notes the opening (which may be a scanner's; HEAD notes nothing) and takes the token out of the address.
async fn open(ctx: Ctx, method: Method, Path(token): Path<String>) -> Result<Response> {
    let response = accounts::take_link(&ctx, &token, "/invitation")?;
    if method == Method::GET {
        let scanner_or_person = token.clone();
        ctx.app
            .write(move |h| {
                let Some((practice, id)) = read_token(h, &scanner_or_person) else {
                    return Ok(());
                };
                let actor = Actor::link_holder(practice);
                super::note_opened(&h.practice(&actor), id)
            })
            .await?;
    }
    Ok(response)
}

/// What a link leads to.
#[derive(Clone)]
pub struct Found {
    practice: PracticeId,
    pub practice_name: String,
    pub invitation: Invitation,
    pub addressee: Addressee,
    pub asks: Asks,
}

async fn find(ctx: &Ctx) -> Result<Option<Found>> {
    let token = ctx.link.clone().unwrap_or_default();
    ctx.app
        .read(move |h| {
            let Some((practice, id)) = read_token(h, &token) else {
                return Ok(None);
            };
            let actor = Actor::link_holder(practice);
            let p = h.practice(&actor);
            let (Some(info), Some(invitation)) = (h.practice_info(practice)?, queries::by_id(&p, id)?) else {
                return Ok(None);
            };
            let asks = accept::asks(&p, &invitation)?;
            let addressee = queries::addressee(&p, &invitation)?.filter(|a| a.active);
            Ok(addressee.map(|addressee| Found { practice, practice_name: info.name, invitation, addressee, asks }))
        })
        .await
}

#[derive(Template)]
#[template(path = "invitations/dead.html")]
struct DeadPage {
    shell: Shell,
    text: String,
    /// Offers to send the newer link again.
    again: bool,
    sign_in: bool,
}

fn dead_page(ctx: &Ctx, why: Option<&Acceptance>) -> Result<Response> {
    let words = ctx.words();
    let (title, text, again, sign_in, status) = match why {
        Some(Acceptance::Superseded) => ("invitation-newer-title", "invitation-newer", true, false, StatusCode::GONE),
        Some(Acceptance::AlreadyAccepted) => {
            ("invitation-used-title", "invitation-used", false, true, StatusCode::GONE)
        }
        _ => ("link-unknown-title", "link-unknown", false, false, StatusCode::NOT_FOUND),
    };
    let shell = Shell { practice: String::new(), idle_seconds: None, ..ctx.shell(words.t(title), Section::None) };
    html(status, &DeadPage { shell, text: words.t(text), again, sign_in })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShowQuery {
    new: String,
}

async fn show(ctx: Ctx, Query(query): Query<ShowQuery>) -> Result<Response> {
    match find(&ctx).await? {
        None => dead_page(&ctx, None),
        Some(found) => match refusal(found.invitation.state) {
            Some(why) => dead_page(&ctx, Some(&why)),
            None => {
                let way = way(&ctx, &found, &query.new);
                html(StatusCode::OK, &accept_page(&ctx, &found, way, None))
            }
        },
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AcceptForm {
    password: String,
    link: String,
    /// After a sign-up: not the password chosen then, but a new one.
    new: String,
}

/// How whoever has the link goes on after a sign-up.
fn way(ctx: &Ctx, found: &Found, new: &str) -> Way {
    let signed = ctx.signed().ok().map(|signed| signed.session.account);
    match found.asks {
        Asks::SignedUp(_) if !new.is_empty() => Way::Anew,
        Asks::SignedUp(own) if signed == Some(own) => Way::Here,
        _ => Way::Usual,
    }
}

async fn post(ctx: Ctx, Form(typed): Form<AcceptForm>) -> Result<Response> {
    let Some(found) = find(&ctx).await? else {
        return dead_page(&ctx, None);
    };
    if let Some(why) = refusal(found.invitation.state) {
        return dead_page(&ctx, Some(&why));
    }
    if !typed.link.is_empty() && typed.link != accounts::link_mark(&ctx) {
        // The form belongs to another link than the one that was opened last.
        let page = accept_page(&ctx, &found, way(&ctx, &found, &typed.new), Some(ctx.words().t("invitation-again")));
        return html(StatusCode::CONFLICT, &page);
    }
    let way = way(&ctx, &found, &typed.new);
    let how = match prove(&ctx, &found, way, &typed.password).await? {
        Ok(how) => how,
        Err(message) => {
            // Somebody else may have accepted while the password was looked at: that is what there is to say then.
            if let Some(why) = find(&ctx).await?.and_then(|found| refusal(found.invitation.state)) {
                return dead_page(&ctx, Some(&why));
            }
            return html(StatusCode::UNPROCESSABLE_ENTITY, &accept_page(&ctx, &found, way, Some(message)));
        }
    };
    let id = found.invitation.id;
    let door = ctx.app.practice(Actor::link_holder(found.practice));
    match door.write(move |p| accept(p, id, &how)).await? {
        Acceptance::In { account, access } => {
            let stand = Stand::At(found.practice, access.0);
            let mut response = accounts::enter(&ctx, account, stand, &found.invitation.email.key).await?;
            Cookie::Link.clear(&ctx.app, &mut response)?;
            Ok(response)
        }
        Acceptance::Again => {
            // As it stands now: the account, or the address, may be another one's.
            let Some(found) = find(&ctx).await? else {
                return dead_page(&ctx, None);
            };
            let page = accept_page(&ctx, &found, Way::Usual, Some(ctx.words().t("invitation-again")));
            html(StatusCode::CONFLICT, &page)
        }
        why => dead_page(&ctx, Some(&why)),
    }
}

/// The slow part, outside of any transaction: a new password's rules and hash, or the check of one that is known.
/// The message beside the field otherwise.
async fn prove(ctx: &Ctx, found: &Found, way: Way, password: &str) -> Result<std::result::Result<How, String>> {
    let words = ctx.words();
    let email = &found.invitation.email;
    if let (Asks::SignedUp(own), Way::Here | Way::Usual) = (found.asks, way) {
        return prove_sign_up(ctx, own, way, password).await;
    }
    let known = match found.asks {
        Asks::Password | Asks::Connect => {
            let invited = email.clone();
            ctx.app.read(move |h| accounts::known(h, &invited)).await?
        }
        Asks::Confirm | Asks::SignedUp(_) => None,
    };
    if let Some((account, hash)) = known {
        return Ok(match accounts::attempt(ctx, &email.address, password).await? {
            Attempt::In(proven) if proven.account == account => Ok(How::Account { account, hash }),
            Attempt::Wait { seconds } => Err(wait(words, seconds)),
            _ if found.asks == Asks::Connect => Err(words.t("renew-failed")),
            _ => Err(words.t("invitation-known-account")),
        });
    }
    let about =
        [found.addressee.first_name.as_str(), &found.addressee.last_name, &found.addressee.called, &email.address];
    if let Err(weakness) = check_new(password, &about) {
        return Ok(Err(words.t(weakness.key())));
    }
    let hash = ctx.app.passwords.hash(password).await?;
    Ok(Ok(if found.asks == Asks::Confirm { How::Confirm { hash } } else { How::NewPassword { hash } }))
}

fn wait(words: Words, seconds: u64) -> String {
    words.with("sign-in-wait", &[("minutes", &seconds.div_ceil(60).to_string())])
}

/// The browser that signed up needs no password; any other gives the one that was chosen then.
async fn prove_sign_up(
    ctx: &Ctx,
    account: AccountId,
    way: Way,
    password: &str,
) -> Result<std::result::Result<How, String>> {
    let words = ctx.words();
    if way == Way::Here {
        let hash = ctx.app.read(move |h| accounts::password_hash(h, account)).await?;
        return Ok(hash.map(|hash| How::SignedUp { account, hash }).ok_or_else(|| words.t("invitation-again")));
    }
    Ok(match accounts::attempt_sign_up(ctx, account, password).await? {
        Attempt::In(proven) => Ok(How::SignedUp { account, hash: proven.hash().to_string() }),
        Attempt::Wait { seconds } => Err(wait(words, seconds)),
        Attempt::Refused => Err(words.t("sign-up-confirm-failed")),
    })
}

/// Sends the newer link again, to the address on file and nowhere else. The answer is the same whatever happened.
async fn again(ctx: Ctx) -> Result<Response> {
    if let Some(found) = find(&ctx).await?
        && refusal(found.invitation.state) == Some(Acceptance::Superseded)
    {
        let door = ctx.app.practice(Actor::link_holder(found.practice));
        door.write(move |p| super::send_newest_again(p, &found.invitation)).await?;
    }
    let words = ctx.words();
    let shell = ctx.shell(words.t("invitation-again-sent-title"), Section::None);
    let page = DeadPage { shell, text: words.t("invitation-again-sent"), again: false, sign_in: false };
    html(StatusCode::OK, &page)
}

/// Takes an invitation back within its seconds in the outbox.
async fn undo(ctx: Ctx, Path(id): Path<InvitationId>) -> Result<Response> {
    let (undone, back) = ctx
        .door()?
        .write(move |p| {
            let invitation = queries::by_id(p, id)?.ok_or(crate::error::Error::NotFound)?;
            if !crate::care_team::may_see(p, invitation.client)? {
                return Err(crate::error::Error::NotFound);
            }
            let whose = invitation.purpose.whose();
            let at = if whose.is_some() { "/contacts" } else { "" };
            Ok((super::undo(p, id)?, format!("/clients/{}{at}", invitation.client)))
        })
        .await?;
    let mut response = lead_to(&ctx, &back)?;
    Cookie::Flash.set(&ctx.app, &mut response, if undone { "undone" } else { "too-late" })?;
    Ok(response)
}
