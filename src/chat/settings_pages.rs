//! Settings > Chat: the automatic welcome message, who may write first, the crisis line, notices, office hours; and what a
//! member has of their own.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::hours::{DAYS, Hours};
use super::replies;
use super::settings::{NOTICES, Own, Settings, TEXT_LIMIT, away, long_text, own, save, save_own, settings};
use super::welcome::{PLACEHOLDERS, fill, unknown};
use crate::access::{ANY_STAFF, RUNS_PRACTICE};
use crate::error::{Error, FieldError, Result};
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{ErrorSummary, Field, Option_, Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, html, lead_to};
use crate::words::Words;

const PATH: &str = "/settings/chat";

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(PATH, ANY_STAFF, show)
        .post(PATH, RUNS_PRACTICE, save_all)
        .post("/settings/chat/welcome/switch", RUNS_PRACTICE, switch)
        .get("/settings/chat/welcome", RUNS_PRACTICE, edit)
        .post("/settings/chat/welcome", RUNS_PRACTICE, save_welcome)
        .get("/settings/chat/welcome/own", ANY_STAFF, edit_own)
        .post("/settings/chat/welcome/own", ANY_STAFF, save_own_welcome)
        .post("/settings/chat/welcome/preview", ANY_STAFF, preview)
        .post("/settings/chat/away", ANY_STAFF, save_away)
}

#[derive(Template)]
#[template(path = "chat/settings.html")]
struct SettingsPage {
    shell: Shell,
    menu: Vec<Tab>,
    runs_practice: bool,
    /// Can be a client's provider: has a welcome and days of their own.
    is_provider: bool,
    welcome: bool,
    welcome_text: String,
    own_text: Option<String>,
    errors: ErrorSummary,
    clients_begin: Field,
    crisis_line: Field,
    notice: Field,
    days: Vec<Field>,
    hours_text: Field,
    away_errors: ErrorSummary,
    away_from: Field,
    away_until: Field,
    away_text: Field,
    /// Each saved reply: its id, title, text, whose it is, and whether it can be deleted.
    replies: Vec<(String, String, String, &'static str, bool)>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Typed {
    clients_begin: String,
    crisis_line: String,
    notice_minutes: String,
    hours_0: String,
    hours_1: String,
    hours_2: String,
    hours_3: String,
    hours_4: String,
    hours_5: String,
    hours_6: String,
    hours_text: String,
}

impl Typed {
    fn of(settings: &Settings) -> Typed {
        let [hours_0, hours_1, hours_2, hours_3, hours_4, hours_5, hours_6] = settings.hours.said();
        Typed {
            clients_begin: if settings.clients_begin { "on".into() } else { String::new() },
            crisis_line: settings.crisis_line.clone(),
            notice_minutes: settings.notice_minutes.to_string(),
            hours_text: settings.hours_text.clone(),
            hours_0,
            hours_1,
            hours_2,
            hours_3,
            hours_4,
            hours_5,
            hours_6,
        }
    }

    fn days(&self) -> [String; 7] {
        [&self.hours_0, &self.hours_1, &self.hours_2, &self.hours_3, &self.hours_4, &self.hours_5, &self.hours_6]
            .map(String::clone)
    }

    /// Laid over what stands. Errors: the fields that are wrong.
    fn over(&self, stands: Settings) -> std::result::Result<Settings, Vec<FieldError>> {
        let crisis = long_text("crisis_line", &self.crisis_line);
        let text = long_text("hours_text", &self.hours_text);
        let minutes = notice(self.notice_minutes.parse().unwrap_or(-1));
        let hours = Hours::typed(&self.days());
        match (crisis, text, minutes, hours) {
            (Ok(crisis_line), Ok(hours_text), Ok(notice_minutes), Ok(hours)) => Ok(Settings {
                clients_begin: !self.clients_begin.is_empty(),
                crisis_line,
                notice_minutes,
                hours,
                hours_text,
                ..stands
            }),
            (crisis, text, minutes, hours) => {
                let mut wrong: Vec<FieldError> =
                    [crisis.err(), minutes.err(), text.err()].into_iter().flatten().collect();
                wrong.extend(hours.err().unwrap_or_default());
                Err(wrong)
            }
        }
    }
}

/// Minutes that can be chosen.
pub fn notice(minutes: i64) -> std::result::Result<i64, FieldError> {
    match NOTICES.contains(&minutes) {
        true => Ok(minutes),
        false => Err(FieldError::new("notice_minutes", "Choose one of the times: 0, 5, 10, 30, 60 or 240 minutes.")),
    }
}

/// A welcome text as it was typed.
pub fn welcome_text(typed: &str) -> std::result::Result<String, FieldError> {
    let text = long_text("welcome_text", typed)?;
    match unknown(&text) {
        Some(name) => {
            let name: String = name.chars().take(40).collect();
            let text = format!("{{{name}}} is no placeholder. Use {{client}}, {{provider}} or {{practice}}.");
            Err(FieldError::new("welcome_text", text))
        }
        None => Ok(text),
    }
}

/// As a client would read it, with names made up.
fn example(ctx: &Ctx, text: &str) -> Result<String> {
    let practice = ctx.practice()?.name.clone();
    let me = ctx.member()?;
    let value = |name: &str, example: &str| match name {
        "practice" => practice.clone(),
        "provider" if me.sees_clients => me.name.clone(),
        _ => example.to_string(),
    };
    let values: Vec<(&str, String)> =
        PLACEHOLDERS.iter().map(|(name, example)| (*name, value(name, example))).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(fill(text, &values))
}

async fn show(ctx: Ctx) -> Result<Response> {
    page(&ctx, None, None, &[], StatusCode::OK).await
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct AwayTyped {
    away_from: String,
    away_until: String,
    away_text: String,
}

async fn page(
    ctx: &Ctx,
    typed: Option<Typed>,
    away_typed: Option<AwayTyped>,
    refused: &[FieldError],
    status: StatusCode,
) -> Result<Response> {
    let me = ctx.member()?.clone();
    let id = me.id;
    let (stands, mine, replies) =
        ctx.door()?.read(move |p| Ok((settings(p)?, own(p, id)?, replies::all(p, id)?))).await?;
    let words = ctx.words();
    let error = |name: &str| refused.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let is_away = |one: &FieldError| one.field.starts_with("away_");
    let summary = |own: bool| ErrorSummary {
        items: refused
            .iter()
            .filter(|one| is_away(one) == own)
            .map(|one| (one.field.clone(), one.message.clone()))
            .collect(),
        title: words.t("ui-error-summary"),
    };
    let typed = typed.unwrap_or_else(|| Typed::of(&stands));
    let away = away_typed.unwrap_or_else(|| match &mine.away {
        Some(away) => AwayTyped {
            away_from: away.from.to_string(),
            away_until: away.until.to_string(),
            away_text: away.text.clone(),
        },
        None => AwayTyped::default(),
    });
    let days = typed.days();
    let day = |(at, (_, name)): (usize, &(jiff::civil::Weekday, &str))| {
        let field = format!("hours_{at}");
        Field::text(&field, *name).value(&days[at]).max_length(13).error(error(&field)).words(words)
    };
    let runs_practice = me.role.runs_practice();
    let page = SettingsPage {
        shell: ctx.shell("Chat", Section::Settings),
        menu: menu(ctx, PATH)?,
        runs_practice,
        is_provider: me.sees_clients,
        welcome: stands.welcome,
        welcome_text: example(ctx, &stands.welcome_text)?,
        own_text: mine.welcome_text.as_deref().map(|text| example(ctx, text)).transpose()?,
        errors: summary(false),
        clients_begin: Field::checkbox("clients_begin", "Clients may write first")
            .checked(!typed.clients_begin.is_empty())
            .hint("Otherwise a client can write once somebody of the practice has written to them."),
        crisis_line: Field::textarea("crisis_line", "Crisis line")
            .value(&typed.crisis_line)
            .dir_auto()
            .rows(3)
            .max_length(TEXT_LIMIT)
            .error(error("crisis_line"))
            .hint("Stands above the field in the portal. Empty: “This is not watched around the clock …”.")
            .words(words),
        notice: notice_field(&typed.notice_minutes, error("notice_minutes"), words),
        days: DAYS.iter().enumerate().map(day).collect(),
        hours_text: Field::textarea("hours_text", "Automatic reply outside office hours")
            .value(&typed.hours_text)
            .dir_auto()
            .rows(3)
            .max_length(TEXT_LIMIT)
            .error(error("hours_text"))
            .words(words),
        away_errors: summary(true),
        away_from: Field::date("away_from", "First day away")
            .value(&away.away_from)
            .error(error("away_from"))
            .words(words),
        away_until: Field::date("away_until", "Last day away")
            .value(&away.away_until)
            .error(error("away_until"))
            .words(words),
        away_text: Field::textarea("away_text", "Automatic reply while you are away")
            .value(&away.away_text)
            .dir_auto()
            .rows(3)
            .max_length(TEXT_LIMIT)
            .error(error("away_text"))
            .words(words),
        replies: replies
            .into_iter()
            .map(|one| {
                let whose = if one.member.is_some() { "Yours" } else { "Everybody’s" };
                (one.id.to_string(), one.title, one.text, whose, one.member.is_some() || runs_practice)
            })
            .collect(),
    };
    html(status, &page)
}

fn notice_field(value: &str, error: Option<String>, words: Words) -> Field {
    let label = |minutes: i64| match minutes {
        0 => "Never".to_string(),
        60 => "After an hour".to_string(),
        240 => "After four hours".to_string(),
        minutes => format!("After {minutes} minutes"),
    };
    let choices =
        NOTICES.iter().map(|minutes| Option_ { value: minutes.to_string(), label: label(*minutes) }).collect();
    Field::select("notice_minutes", "Email about an unread message", choices)
        .required()
        .value(value)
        .hint("One for each conversation until it is read. It says nothing of what was written.")
        .error(error)
        .words(words)
}

async fn save_all(ctx: Ctx, Form(typed): Form<Typed>) -> Result<Response> {
    let saved = ctx
        .door()?
        .write({
            let typed = typed.clone();
            move |p| match typed.over(settings(p)?) {
                Ok(new) => save(p, &new),
                Err(refused) => Err(Error::Invalid(refused)),
            }
        })
        .await;
    match saved {
        Ok(()) => done(&ctx, "saved"),
        Err(Error::Invalid(refused)) => page(&ctx, Some(typed), None, &refused, StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(error) => Err(error),
    }
}

fn done(ctx: &Ctx, flash: &str) -> Result<Response> {
    let mut response = lead_to(ctx, PATH)?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SwitchForm {
    to: String,
}

async fn switch(ctx: Ctx, Form(form): Form<SwitchForm>) -> Result<Response> {
    let welcome = match form.to.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Error::bad_request("The form is not one of ours.")),
    };
    ctx.door()?.write(move |p| save(p, &Settings { welcome, ..settings(p)? })).await?;
    done(&ctx, if welcome { "welcome-on" } else { "welcome-off" })
}

#[derive(Template)]
#[template(path = "chat/welcome.html")]
struct WelcomeForm {
    action: &'static str,
    title: &'static str,
    errors: ErrorSummary,
    text: Field,
    example: Example,
    own: bool,
}

#[derive(Template)]
#[template(path = "chat/example.html")]
struct Example {
    text: String,
}
impl askama::filters::HtmlSafe for Example {}

#[derive(Template)]
#[template(path = "chat/one_setting.html")]
struct OnePage {
    shell: Shell,
    menu: Vec<Tab>,
    form: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WelcomeTyped {
    welcome_text: String,
}

/// Whose text is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Practice,
    Mine,
}

fn welcome_form(ctx: &Ctx, whose: Whose, typed: &str, refused: Option<FieldError>) -> Result<Response> {
    let words = ctx.words();
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (action, title) = match whose {
        Whose::Practice => ("/settings/chat/welcome", "Automatic welcome message"),
        Whose::Mine => ("/settings/chat/welcome/own", "Your own welcome message"),
    };
    let form = WelcomeForm {
        action,
        title,
        errors: ErrorSummary {
            items: refused.iter().map(|one| (format!("welcome-{}", one.field), one.message.clone())).collect(),
            title: words.t("ui-error-summary"),
        },
        text: Field::textarea("welcome_text", "Text")
            .id_prefix("welcome-")
            .value(typed)
            .dir_auto()
            .rows(7)
            .max_length(TEXT_LIMIT)
            .hint("{client} is how the client is called, {provider} their primary provider, {practice} the practice.")
            .error(refused.map(|one| one.message))
            .words(words),
        example: Example { text: example(ctx, typed)? },
        own: whose == Whose::Mine,
    };
    if ctx.is_fragment {
        return html(status, &form);
    }
    let form = form.render()?;
    html(status, &OnePage { shell: ctx.shell(title, Section::Settings), menu: menu(ctx, PATH)?, form })
}

async fn edit(ctx: Ctx) -> Result<Response> {
    let text = ctx.door()?.read(|p| Ok(settings(p)?.welcome_text)).await?;
    welcome_form(&ctx, Whose::Practice, &text, None)
}

async fn save_welcome(ctx: Ctx, Form(typed): Form<WelcomeTyped>) -> Result<Response> {
    let text = welcome_text(&typed.welcome_text).and_then(|text| match text.is_empty() {
        true => Err(FieldError::new("welcome_text", "Enter the text. To send none, switch the message off.")),
        false => Ok(text),
    });
    match text {
        Ok(welcome_text) => {
            let new = move |stands: Settings| Settings { welcome_text: welcome_text.clone(), ..stands };
            ctx.door()?.write(move |p| save(p, &new(settings(p)?))).await?;
            done(&ctx, "saved")
        }
        Err(refused) => welcome_form(&ctx, Whose::Practice, &typed.welcome_text, Some(refused)),
    }
}

async fn edit_own(ctx: Ctx) -> Result<Response> {
    let me = ctx.member()?.id;
    let text = ctx
        .door()?
        .read(move |p| own(p, me)?.welcome_text.map_or_else(|| settings(p).map(|all| all.welcome_text), Ok))
        .await?;
    welcome_form(&ctx, Whose::Mine, &text, None)
}

async fn save_own_welcome(ctx: Ctx, Form(typed): Form<WelcomeTyped>) -> Result<Response> {
    let me = ctx.member()?.id;
    match welcome_text(&typed.welcome_text) {
        Ok(text) => {
            // Empty: the practice's again.
            let welcome_text = Some(text).filter(|text| !text.is_empty());
            ctx.door()?
                .write(move |p| save_own(p, me, &Own { welcome_text: welcome_text.clone(), ..own(p, me)? }))
                .await?;
            done(&ctx, "saved")
        }
        Err(refused) => welcome_form(&ctx, Whose::Mine, &typed.welcome_text, Some(refused)),
    }
}

async fn preview(ctx: Ctx, Form(typed): Form<WelcomeTyped>) -> Result<Response> {
    let text: String = typed.welcome_text.chars().take(TEXT_LIMIT).collect();
    html(StatusCode::OK, &Example { text: example(&ctx, &text)? })
}

async fn save_away(ctx: Ctx, Form(typed): Form<AwayTyped>) -> Result<Response> {
    let me = ctx.member()?.id;
    match away(&typed.away_from, &typed.away_until, &typed.away_text) {
        Ok(away) => {
            ctx.door()?.write(move |p| save_own(p, me, &Own { away: away.clone(), ..own(p, me)? })).await?;
            done(&ctx, "saved")
        }
        Err(refused) => page(&ctx, None, Some(typed), &refused, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}
