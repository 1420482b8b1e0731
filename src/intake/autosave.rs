//! Saving each answer as it is typed, for the script of the page.
//!
//! The script sends fields like those of the page, and with each question how long ago it was typed, so that what waited
//! for a connection finds its place among what was typed meanwhile. Sent twice, an answer is kept once.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::fields::Fields;
use super::{Given, Kept, Said};
use crate::error::{Error, Result};
use crate::forms::{self, Typed, refusal_said};
use crate::ids::ClientFormId;
use crate::web::{Answer, Ctx, Form, Path};

/// What became of the answers, by their questions.
#[derive(Debug, Serialize)]
struct Results {
    answers: BTreeMap<String, ResultOf>,
}

#[derive(Debug, Default, Serialize)]
struct ResultOf {
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Another device typed this later: it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<Newer>,
}

/// An answer as the fields of the page hold it.
#[derive(Debug, Serialize)]
struct Newer {
    values: Vec<String>,
    own: String,
}

pub async fn save(
    ctx: Ctx,
    Path(id): Path<ClientFormId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let words = ctx.words();
    let fields = Fields(pairs);
    let asked = asked(&fields);
    let version = fields.one("version").parse().ok();
    let saved = ctx
        .door()?
        .write(move |p| {
            // Whose form it is not learns nothing from what was sent.
            let task = super::as_seen(p, super::find(p, id)?, version)?;
            let (sitting, asked) = asked.clone()?;
            let version = forms::version(p, task.version)?;
            let given = asked.iter().map(|(question, ago)| {
                let typed = version.definition.item(question).map(|item| fields.typed(item)).unwrap_or_default();
                Given { question: question.clone(), said: Said::Typed(typed), ago: *ago }
            });
            super::save_known(p, &task, &version, sitting, &given.collect::<Vec<_>>())
        })
        .await?;
    let result = |kept: Kept| match kept {
        Kept::Kept | Kept::NotAsked => ResultOf::default(),
        Kept::Refused(refusal) => ResultOf { error: Some(refusal_said(refusal, words)), newer: None },
        Kept::Older(answer) => {
            let Typed { values, own } = answer.as_ref().map(forms::typed).unwrap_or_default();
            ResultOf { error: None, newer: Some(Newer { values, own }) }
        }
    };
    let answers = saved.kept.into_iter().map(|(question, kept)| (question, result(kept))).collect();
    Ok(Answer::new(StatusCode::OK, &Results { answers })?.into_response())
}

/// From which page, which questions are answered, and how long ago that was: `question` and `ago` (milliseconds), in pairs.
fn asked(fields: &Fields) -> Result<(Uuid, Vec<(String, Duration)>)> {
    let sitting = fields.one("sitting").parse().map_err(|_| Error::bad_request("Say which page it is."))?;
    let mut agos = fields.all("ago");
    let pair = |question: &str| {
        let ago = agos.next().and_then(|ago| ago.parse().ok()).map(Duration::from_millis);
        ago.map(|ago| (question.to_string(), ago)).ok_or_else(|| Error::bad_request("Say how long ago it was typed."))
    };
    let all: Vec<_> = fields.all("question").map(pair).collect::<Result<_>>()?;
    if all.is_empty() {
        return Err(Error::bad_request("Say which question is answered."));
    }
    Ok((sitting, all))
}
