//! The settings of the chat in the JSON API.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hours::Hours;
use super::replies::{self, For, Reply};
use super::settings::{Own, Settings, away, long_text, own, save, save_own, settings};
use super::settings_pages::{notice, welcome_text};
use crate::access::{ANY_STAFF, RUNS_PRACTICE};
use crate::error::{Error, FieldError, Result};
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, Path};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/chat/settings", ANY_STAFF, show)
        .patch("/api/v1/chat/settings", RUNS_PRACTICE, update)
        .get("/api/v1/chat/own", ANY_STAFF, show_own)
        .patch("/api/v1/chat/own", ANY_STAFF, update_own)
        .get("/api/v1/chat/replies", ANY_STAFF, all_replies)
        .post("/api/v1/chat/replies", ANY_STAFF, add_reply)
        .delete("/api/v1/chat/replies/{id}", ANY_STAFF, delete_reply)
}

#[derive(Serialize)]
struct SettingsBody {
    welcome: bool,
    welcome_text: String,
    clients_begin: bool,
    crisis_line: String,
    notice_minutes: i64,
    /// From Monday on: "09:00-17:00", or empty.
    hours: [String; 7],
    hours_text: String,
}

impl SettingsBody {
    fn new(settings: &Settings) -> SettingsBody {
        SettingsBody {
            welcome: settings.welcome,
            welcome_text: settings.welcome_text.clone(),
            clients_begin: settings.clients_begin,
            crisis_line: settings.crisis_line.clone(),
            notice_minutes: settings.notice_minutes,
            hours: settings.hours.said(),
            hours_text: settings.hours_text.clone(),
        }
    }
}

async fn show(ctx: Ctx) -> Result<Answer> {
    let found = ctx.door()?.read(settings).await?;
    Answer::new(StatusCode::OK, &SettingsBody::new(&found))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    welcome: Option<bool>,
    welcome_text: Option<String>,
    clients_begin: Option<bool>,
    crisis_line: Option<String>,
    notice_minutes: Option<i64>,
    hours: Option<[String; 7]>,
    hours_text: Option<String>,
}

impl Change {
    fn over(&self, stands: Settings) -> std::result::Result<Settings, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut new = stands;
        new.welcome = self.welcome.unwrap_or(new.welcome);
        new.clients_begin = self.clients_begin.unwrap_or(new.clients_begin);
        let texts = [
            (self.welcome_text.as_deref().map(welcome_text), &mut new.welcome_text),
            (self.crisis_line.as_deref().map(|text| long_text("crisis_line", text)), &mut new.crisis_line),
            (self.hours_text.as_deref().map(|text| long_text("hours_text", text)), &mut new.hours_text),
        ];
        for (given, stands) in texts {
            match given {
                Some(Ok(text)) => *stands = text,
                Some(Err(refused)) => wrong.push(refused),
                None => {}
            }
        }
        if new.welcome_text.is_empty() {
            wrong.push(FieldError::new("welcome_text", "Enter the text."));
        }
        match self.notice_minutes.map(notice) {
            Some(Ok(minutes)) => new.notice_minutes = minutes,
            Some(Err(refused)) => wrong.push(refused),
            None => {}
        }
        match self.hours.as_ref().map(Hours::typed) {
            Some(Ok(hours)) => new.hours = hours,
            Some(Err(_)) => {
                wrong.push(FieldError::new("hours", "Use hours such as 09:00-17:00 for each day from Monday on."))
            }
            None => {}
        }
        if wrong.is_empty() { Ok(new) } else { Err(wrong) }
    }
}

async fn update(ctx: Ctx, body: Json<Change>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            let new = body.value.over(settings(p)?).map_err(Error::Invalid)?;
            save(p, &new)?;
            Answer::new(StatusCode::OK, &SettingsBody::new(&settings(p)?))
        })
        .await
}

#[derive(Serialize)]
struct OwnBody {
    /// Nothing: the practice's.
    welcome_text: Option<String>,
    away_from: Option<String>,
    away_until: Option<String>,
    away_text: Option<String>,
}

impl OwnBody {
    fn new(own: &Own) -> OwnBody {
        let away = own.away.as_ref();
        OwnBody {
            welcome_text: own.welcome_text.clone(),
            away_from: away.map(|away| away.from.to_string()),
            away_until: away.map(|away| away.until.to_string()),
            away_text: away.map(|away| away.text.clone()),
        }
    }
}

async fn show_own(ctx: Ctx) -> Result<Answer> {
    let me = ctx.member()?.id;
    let found = ctx.door()?.read(move |p| own(p, me)).await?;
    Answer::new(StatusCode::OK, &OwnBody::new(&found))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnChange {
    welcome_text: Optional<String>,
    away_from: Optional<String>,
    away_until: Optional<String>,
    away_text: Optional<String>,
}

fn lay(given: &Optional<String>, stands: Option<String>) -> String {
    match given {
        Optional::Given(value) => value.clone().unwrap_or_default(),
        Optional::Absent => stands.unwrap_or_default(),
    }
}

async fn update_own(ctx: Ctx, body: Json<OwnChange>) -> Result<Answer> {
    let me = ctx.member()?.id;
    ctx.door()?
        .write(move |p| {
            let stands = OwnBody::new(&own(p, me)?);
            let text = welcome_text(&lay(&body.value.welcome_text, stands.welcome_text));
            let away = away(
                &lay(&body.value.away_from, stands.away_from),
                &lay(&body.value.away_until, stands.away_until),
                &lay(&body.value.away_text, stands.away_text),
            );
            let new = match (text, away) {
                (Ok(text), Ok(away)) => Own { welcome_text: Some(text).filter(|text| !text.is_empty()), away },
                (text, away) => {
                    let mut wrong = away.err().unwrap_or_default();
                    wrong.extend(text.err());
                    return Err(Error::Invalid(wrong));
                }
            };
            save_own(p, me, &new)?;
            Answer::new(StatusCode::OK, &OwnBody::new(&own(p, me)?))
        })
        .await
}

#[derive(Serialize)]
struct ReplyBody {
    id: Uuid,
    title: String,
    text: String,
    everybody: bool,
}

impl ReplyBody {
    fn new(reply: &Reply) -> ReplyBody {
        ReplyBody {
            id: reply.id,
            title: reply.title.clone(),
            text: reply.text.clone(),
            everybody: reply.member.is_none(),
        }
    }
}

#[derive(Serialize)]
struct Items {
    items: Vec<ReplyBody>,
}

async fn all_replies(ctx: Ctx) -> Result<Answer> {
    let me = ctx.member()?.id;
    let found = ctx.door()?.read(move |p| replies::all(p, me)).await?;
    Answer::new(StatusCode::OK, &Items { items: found.iter().map(ReplyBody::new).collect() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewReply {
    title: String,
    text: String,
    everybody: bool,
}

async fn add_reply(ctx: Ctx, body: Json<NewReply>) -> Result<Answer> {
    let whose = if body.value.everybody { For::Everybody } else { For::Me };
    ctx.door()?
        .write(move |p| {
            let reply = replies::add(p, &body.value.title, &body.value.text, whose)?;
            Answer::new(StatusCode::CREATED, &ReplyBody::new(&reply))
        })
        .await
}

#[derive(Serialize)]
struct Done {
    done: bool,
}

async fn delete_reply(ctx: Ctx, Path(id): Path<Uuid>) -> Result<Answer> {
    ctx.door()?.write(move |p| replies::delete(p, id)).await?;
    Answer::new(StatusCode::OK, &Done { done: true })
}
