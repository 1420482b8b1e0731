//! The page behind an invite link, and the mail to confirm once more.

use std::time::Duration;

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::sign_up::{New, Outcome, SignedUp, Typed, email_cap, refusals, sign_up};
use super::{Link, note_opened, queries, read_token};
use crate::access::{Access, Actor, Needs};
use crate::accounts::{self, Attempt, Cap, GuessOutcome, Stand, check_new, take_all};
use crate::app::App;
use crate::clients;
use crate::error::{FieldError, Result};
use crate::ids::{InviteLinkId, PracticeId};
use crate::invitations::{self, Invited, Purpose};
use crate::people::{self, Email};
use crate::routes::Routes;
use crate::ui::{ErrorSummary, Field, Section, Shell};
use crate::web::{Cookie, Ctx, Form, Identity, Path, html, lead_to};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Sign-ups by one network address in an hour, by one link in an hour, in one practice in a day.
const PER_NETWORK: i64 = 20;
const PER_LINK: i64 = 100;
const PER_PRACTICE: i64 = 300;

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/join/{token}", Access::Public, open)
        .get("/join", Access::Public, show)
        .post("/join", Access::Public, post)
        .post("/join/again", Access::Portal(Needs::Self_), again)
}

/// Notes the opening (which may be a scanner's; HEAD notes nothing) and takes the token out of the address.
async fn open(ctx: Ctx, method: Method, Path(token): Path<String>) -> Result<Response> {
    let response = accounts::take_link(&ctx, &token, "/join")?;
    if method == Method::GET {
        ctx.app.write(move |h| note_opened(h, &token)).await?;
    }
    Ok(response)
}

/// What a live link leads to.
struct Found {
    practice: PracticeId,
    practice_name: String,
    zone: String,
    link: Link,
}

async fn find(ctx: &Ctx) -> Result<Option<Found>> {
    let token = ctx.link.clone().unwrap_or_default();
    ctx.app
        .read(move |h| {
            let Some((practice, id)) = read_token(h, &token) else {
                return Ok(None);
            };
            let actor = Actor::link_holder(practice);
            let link = queries::by_id(&h.practice(&actor), id)?;
            let info = h.practice_info(practice)?;
            Ok(link.zip(info).map(|(link, info)| Found {
                practice,
                practice_name: info.name,
                zone: info.time_zone,
                link,
            }))
        })
        .await
}

#[derive(Template)]
#[template(path = "invite_links/join.html")]
struct JoinPage {
    shell: Shell,
    errors: ErrorSummary,
    lead: String,
    /// Somebody is signed in with this browser; empty otherwise.
    signed_in: String,
    link: String,
    key: String,
    first_name: Field,
    last_name: Field,
    email: Field,
    password: Field,
    phone: Field,
}

#[derive(Template)]
#[template(path = "invite_links/dead.html")]
struct DeadPage {
    shell: Shell,
}

/// Says no more than that: not which practice it was.
fn dead_page(ctx: &Ctx) -> Result<Response> {
    let title = ctx.words().t("sign-up-dead-title");
    let shell = Shell { practice: String::new(), idle_seconds: None, ..ctx.shell(title, Section::None) };
    html(StatusCode::GONE, &DeadPage { shell })
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct JoinForm {
    first_name: String,
    last_name: String,
    email: String,
    password: String,
    phone: String,
    link: String,
    key: String,
}

impl JoinForm {
    fn typed(&self) -> Typed {
        Typed {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
        }
    }

    /// Names the page and what was typed into it, but for the password.
    fn once_key(&self, app: &App) -> Option<String> {
        let said = [&self.first_name, &self.last_name, &self.email, &self.phone].map(|text| text.as_bytes());
        let digest = app.secrets.digest("sign-up form", &said);
        let hex: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
        self.key.parse::<uuid::Uuid>().is_ok().then(|| format!("join:{}:{hex}", self.key))
    }
}

fn join_page(ctx: &Ctx, found: &Found, form: &JoinForm, refused: &[FieldError]) -> JoinPage {
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|e| e.field == name).map(|e| e.message.clone());
    let provider = found.link.provider_name.clone().unwrap_or_default();
    let values = [("practice", found.practice_name.as_str()), ("provider", provider.as_str())];
    let lead = if provider.is_empty() { "sign-up-lead" } else { "sign-up-lead-provider" };
    let shell = ctx.shell(words.with("sign-up-title", &values), Section::None);
    let signed_in = match &ctx.who {
        Identity::Signed(_) => words.with("sign-up-signed-in", &[("name", &shell.person)]),
        _ => String::new(),
    };
    let label = |field: &str| match field {
        "first_name" => words.t("field-first-name"),
        "last_name" => words.t("field-last-name"),
        "email" => words.t("field-email"),
        "password" => words.t("field-password"),
        _ => words.t("sign-up-phone"),
    };
    let item = |e: &FieldError| match e.field.as_str() {
        "" => (String::new(), e.message.clone()),
        field => (field.to_string(), format!("{}: {}", label(field), e.message)),
    };
    let name = |field: &str, value: &str| {
        Field::text(field, label(field))
            .value(value)
            .error(error(field))
            .required()
            .dir_auto()
            .max_length(people::LINE_LIMIT)
            .words(words)
    };
    JoinPage {
        errors: ErrorSummary { items: refused.iter().map(item).collect(), title: words.t("ui-error-summary") },
        lead: words.with(lead, &values),
        signed_in,
        link: accounts::link_mark(ctx),
        key: if form.key.is_empty() { ctx.app.ids.new_id().to_string() } else { form.key.clone() },
        first_name: name("first_name", &form.first_name).autocomplete("given-name"),
        last_name: name("last_name", &form.last_name).autocomplete("family-name"),
        email: Field::email("email", label("email"))
            .value(&form.email)
            .error(error("email"))
            .required()
            .autocomplete("username")
            .words(words),
        password: Field::password("password", label("password"))
            .error(error("password"))
            .hint(words.t("password-rule"))
            .required()
            .autocomplete("new-password")
            .strength()
            .words(words),
        phone: Field::tel("phone", label("phone"))
            .value(&form.phone)
            .error(error("phone"))
            .autocomplete("tel")
            .words(words),
        shell: Shell { practice: found.practice_name.clone(), idle_seconds: None, ..shell },
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    match find(&ctx).await? {
        None => dead_page(&ctx),
        Some(found) => html(StatusCode::OK, &join_page(&ctx, &found, &JoinForm::default(), &[])),
    }
}

/// Whoever is refused alone comes first: one network must not use up what is everybody's.
fn caps(ctx: &Ctx, practice: PracticeId, link: InviteLinkId) -> [Cap; 3] {
    [
        Cap::of_network(&ctx.app, "sign-up network", ctx.ip, PER_NETWORK, HOUR),
        Cap::new(&ctx.app, "sign-up link", link.0.as_bytes(), PER_LINK, HOUR),
        Cap::new(&ctx.app, "sign-up practice", practice.0.as_bytes(), PER_PRACTICE, DAY),
    ]
}

async fn post(ctx: Ctx, Form(form): Form<JoinForm>) -> Result<Response> {
    let words = ctx.words();
    let Some(found) = find(&ctx).await? else {
        return dead_page(&ctx);
    };
    let again = |status, refused: Vec<FieldError>| html(status, &join_page(&ctx, &found, &form, &refused));
    if !form.link.is_empty() && form.link != accounts::link_mark(&ctx) {
        return again(StatusCode::CONFLICT, vec![FieldError::new("", words.t("sign-up-other-link"))]);
    }
    let typed = form.typed();
    let parsed = refusals(&typed, &found.zone, words);
    let weakness = check_new(&form.password, &[&typed.first_name, &typed.last_name, &typed.email]).err();
    let email = match (parsed, weakness) {
        (Ok(email), None) => email,
        (parsed, weakness) => {
            let mut refused = parsed.err().unwrap_or_default();
            refused.extend(weakness.map(|weakness| FieldError::new("password", words.t(weakness.key()))));
            return again(StatusCode::UNPROCESSABLE_ENTITY, refused);
        }
    };
    let caps = caps(&ctx, found.practice, found.link.id);
    if let GuessOutcome::Wait { seconds } = ctx.app.write(move |h| take_all(h, &caps)).await? {
        let minutes = seconds.div_ceil(60).to_string();
        let refused = vec![FieldError::new("", words.with("sign-up-wait", &[("minutes", &minutes)]))];
        return Ok(accounts::waiting(again(StatusCode::TOO_MANY_REQUESTS, refused)?, seconds));
    }
    let password_hash = ctx.app.passwords.hash(&form.password).await?;
    let new = New { link: found.link.id, typed, email: email.clone(), password_hash, key: form.once_key(&ctx.app) };
    let door = ctx.app.practice(Actor::link_holder(found.practice));
    match door.write(move |p| sign_up(p, &new, words)).await? {
        Outcome::In(signed_up) => enter(&ctx, found.practice, signed_up, &email).await,
        Outcome::Before(before) => match accounts::attempt_sign_up(&ctx, before.account, &form.password).await? {
            Attempt::In(_) => enter(&ctx, found.practice, before, &email).await,
            _ => again(StatusCode::CONFLICT, vec![FieldError::new("", words.t("sign-up-before"))]),
        },
        Outcome::Gone => dead_page(&ctx),
        Outcome::Refused(refused) => again(StatusCode::UNPROCESSABLE_ENTITY, refused),
    }
}

/// Into the portal, with a session of the provisional account: the only way in until the e-mail is confirmed.
async fn enter(ctx: &Ctx, practice: PracticeId, signed_up: SignedUp, email: &Email) -> Result<Response> {
    let stand = Stand::At(practice, signed_up.access.0);
    let mut response = accounts::enter(ctx, signed_up.account, stand, &email.key).await?;
    Cookie::Link.clear(&ctx.app, &mut response)?;
    Ok(response)
}

/// Sends the mail to confirm the address once more, to the same address and no other.
async fn again(ctx: Ctx) -> Result<Response> {
    let signed = ctx.signed()?;
    let client = ctx.viewer()?.client;
    let mut response = lead_to(&ctx, "/portal")?;
    if !signed.provisional {
        return Ok(response);
    }
    let (email, cap) = (signed.email.clone(), email_cap(&ctx.app, &signed.email));
    let sent = ctx
        .door()?
        .write(move |p| {
            // Only while what was typed is still what is on file: otherwise it is somebody else's to confirm.
            let on_file = clients::find(p, client)?.fields.email;
            if on_file.is_none_or(|on_file| on_file.key != email.key) {
                return Ok(Invited::NoEmail);
            }
            if take_all(&p.house(), std::slice::from_ref(&cap))? != GuessOutcome::Allowed {
                return Ok(Invited::TooMany);
            }
            invitations::invite(p, client, &email, Purpose::SignUp)
        })
        .await?;
    let flash = if matches!(sent, Invited::Queued(_)) { "sign-up-again" } else { "sign-up-too-many" };
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
