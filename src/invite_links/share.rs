//! Share Invite Link: the second tab of Add Client, where a link is chosen, copied, shown as a QR code, renewed and
//! revoked.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Counted, NOBODY, Target, address, create, find, live, renew, revoke, target};
use crate::access::{ANY_STAFF, Reach};
use crate::error::{FieldError, Result};
use crate::groups::{self, Group};
use crate::ids::InviteLinkId;
use crate::members::{self, Provider};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Option_, Section, Shell, Svg, qr};
use crate::web::{Cookie, Ctx, Form, Path, Query, html, lead_to};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/clients/invite-link", ANY_STAFF, show)
        .post("/clients/invite-link", ANY_STAFF, make)
        .post("/invite-links/{id}/renew", ANY_STAFF, renew_link)
        .post("/invite-links/{id}/revoke", ANY_STAFF, revoke_link)
        .get("/invite-links/{id}/qr.svg", ANY_STAFF, qr_file)
}

#[derive(Template)]
#[template(path = "invite_links/share_page.html")]
struct SharePage {
    shell: Shell,
    form: ShareForm,
}

#[derive(Template)]
#[template(path = "invite_links/share.html")]
struct ShareForm {
    errors: ErrorSummary,
    group: Field,
    /// Nothing for providers: their links are their own.
    provider: Option<Field>,
    group_id: String,
    provider_id: String,
    /// Whom the link is for, in words.
    whom: String,
    shown: Option<Shown>,
    /// What has just been done, for whoever sees it in the dialog; empty otherwise.
    done: &'static str,
    /// The choice can have a link.
    may_make: bool,
}
impl askama::filters::HtmlSafe for ShareForm {}

/// A live link on the page.
struct Shown {
    id: String,
    address: String,
    qr: Svg,
    opened: i64,
    signed_up: i64,
    since: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Choice {
    group_id: String,
    /// Left out: me, if I see clients. `none`: nobody.
    provider_id: Option<String>,
    /// Where a press came from: the list of groups goes on there.
    from: String,
}

/// Everything that the page is made from, read in one view.
struct Seen {
    groups: Vec<Group>,
    providers: Vec<Provider>,
    link: Option<Counted>,
    refused: Vec<FieldError>,
    group_id: String,
    provider_id: String,
}

fn look(p: &Practice, group_id: &str, provider_id: &str, words: crate::words::Words) -> Result<Seen> {
    let (link, refused) = match target(p, group_id, provider_id, words)? {
        Ok(target) => (live(p, target)?, Vec::new()),
        Err(refused) => (None, refused),
    };
    Ok(Seen {
        groups: groups::all(p)?,
        providers: members::providers(p)?,
        link,
        refused,
        group_id: group_id.to_string(),
        provider_id: provider_id.to_string(),
    })
}

/// The provider that a choice names; nobody named: me, if I see clients.
fn chosen_provider(ctx: &Ctx, choice: &Choice) -> Result<String> {
    let member = ctx.member()?;
    let own = member.id.to_string();
    Ok(match (&choice.provider_id, ctx.actor()?.reach()) {
        (Some(typed), _) => typed.clone(),
        (None, Reach::CareTeam(_)) => own,
        (None, _) if member.sees_clients => own,
        (None, _) => NOBODY.into(),
    })
}

fn page(ctx: &Ctx, seen: Seen, done: &'static str, status: StatusCode) -> Result<Response> {
    let error = |name: &str| seen.refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let select = |name: &str, label: &str, nothing: Option_, options: Vec<Option_>, value: &str| {
        let all = std::iter::once(nothing).chain(options).collect();
        Field::select(name, label, all).value(value).error(error(name)).required().id_prefix("share-")
    };
    let nothing = |value: &str, label: &str| Option_ { value: value.into(), label: label.into() };
    let groups: Vec<_> =
        seen.groups.iter().map(|g| Option_ { value: g.id.to_string(), label: g.name.clone() }).collect();
    let providers: Vec<_> =
        seen.providers.iter().map(|m| Option_ { value: m.id.to_string(), label: m.name.clone() }).collect();
    let group_name = seen.groups.iter().find(|g| g.id.to_string() == seen.group_id).map(|g| g.name.as_str());
    let provider_name = seen.providers.iter().find(|m| m.id.to_string() == seen.provider_id).map(|m| m.name.as_str());
    let shown = seen.link.as_ref().map(|counted| shown(ctx, counted)).transpose()?;
    let all_providers = matches!(ctx.actor()?.reach(), Reach::All);
    let form = ShareForm {
        errors: ErrorSummary {
            items: seen.refused.iter().map(|e| (format!("share-{}", e.field), e.message.clone())).collect(),
            title: ctx.words().t("ui-error-summary"),
        },
        group: select("group_id", "Group", nothing("", "No group"), groups, &seen.group_id),
        provider: all_providers.then(|| {
            let nobody = nothing(NOBODY, "Nobody yet");
            select("provider_id", "Primary provider", nobody, providers, &seen.provider_id)
        }),
        whom: format!("{} · {}", group_name.unwrap_or("No group"), provider_name.unwrap_or("nobody yet")),
        may_make: seen.refused.is_empty(),
        group_id: seen.group_id,
        provider_id: seen.provider_id,
        shown,
        done,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    html(status, &SharePage { shell: ctx.shell("Add Client", Section::Clients), form })
}

fn shown(ctx: &Ctx, counted: &Counted) -> Result<Shown> {
    let practice = ctx.practice()?;
    let address = address(&ctx.app, practice.id, counted.link.id);
    Ok(Shown {
        id: counted.link.id.to_string(),
        qr: qr::drawing(&address, "QR code of the invite link")?,
        address,
        opened: counted.opened,
        signed_up: counted.signed_up,
        since: counted.link.created_at.said_in(&practice.time_zone),
    })
}

async fn show(ctx: Ctx, Query(choice): Query<Choice>) -> Result<Response> {
    let (provider, words) = (chosen_provider(&ctx, &choice)?, ctx.words());
    let seen = ctx.door()?.read(move |p| look(p, &choice.group_id, &provider, words)).await?;
    // An address that names what is gone: the page says so, and the choice is still there.
    let status = if seen.refused.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(&ctx, seen, "", status)
}

async fn make(ctx: Ctx, Form(choice): Form<Choice>) -> Result<Response> {
    let (provider, words) = (chosen_provider(&ctx, &choice)?, ctx.words());
    let seen = ctx
        .door()?
        .write({
            let (group, provider) = (choice.group_id.clone(), provider.clone());
            move |p| {
                if let Ok(target) = target(p, &group, &provider, words)? {
                    create(p, target)?;
                }
                look(p, &group, &provider, words)
            }
        })
        .await?;
    if !seen.refused.is_empty() {
        return page(&ctx, seen, "", StatusCode::UNPROCESSABLE_ENTITY);
    }
    done(&ctx, seen, "Link created.", &choice.from, "link-created").await
}

/// The page as it stands now, in the dialog; without script by a redirect.
async fn done(ctx: &Ctx, seen: Seen, text: &'static str, from: &str, flash: &str) -> Result<Response> {
    if ctx.is_fragment {
        return page(ctx, seen, text, StatusCode::OK);
    }
    let query = serde_urlencoded::to_string([("group_id", &seen.group_id), ("provider_id", &seen.provider_id)]);
    let back = format!("/clients/invite-link?{}", query.unwrap_or_default());
    let mut response = lead_to(ctx, if from == "groups" { "/settings/groups" } else { &back })?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From {
    from: String,
}

fn at(p: &Practice, target: Target, words: crate::words::Words) -> Result<Seen> {
    let group = target.group.map(|id| id.to_string()).unwrap_or_default();
    look(p, &group, &target.provider.map_or_else(|| NOBODY.into(), |id| id.to_string()), words)
}

async fn renew_link(ctx: Ctx, Path(id): Path<InviteLinkId>, Form(form): Form<From>) -> Result<Response> {
    let words = ctx.words();
    let seen = ctx
        .door()?
        .write(move |p| {
            let link = renew(p, id)?;
            at(p, link.target, words)
        })
        .await?;
    done(&ctx, seen, "Link renewed. The one before has ended.", &form.from, "link-renewed").await
}

async fn revoke_link(ctx: Ctx, Path(id): Path<InviteLinkId>, Form(form): Form<From>) -> Result<Response> {
    let words = ctx.words();
    let seen = ctx
        .door()?
        .write(move |p| {
            let link = revoke(p, id)?;
            at(p, link.target, words)
        })
        .await?;
    done(&ctx, seen, "Link revoked. Nobody can sign up by it any more.", &form.from, "link-revoked").await
}

/// The code as a file, to be printed or put on a flyer.
async fn qr_file(ctx: Ctx, Path(id): Path<InviteLinkId>) -> Result<Response> {
    let link = ctx.door()?.read(move |p| find(p, id)).await?;
    let address = address(&ctx.app, ctx.practice()?.id, link.id);
    let svg = qr::svg(&address, "QR code of the invite link")?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"invite-link-qr.svg\"")),
    ];
    Ok((StatusCode::OK, headers, svg).into_response())
}
