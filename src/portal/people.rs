//! Who else is in the client's portal, with what they may do; and, for a client who is of age, their word on it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::access::{Access, Needs, Rights};
use crate::audit::{Entry, note_read};
use crate::contacts::{self, Answer, Around, Standing};
use crate::error::{Error, Result};
use crate::ids::ContactId;
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Cookie, Ctx, Form, Path, html, lead_to};
use crate::words::Words;

const PATH: &str = "/portal/people";

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, Access::Portal(Needs::Self_), show).post(
        "/portal/people/{id}",
        Access::Portal(Needs::Self_),
        answer,
    )
}

#[derive(Template)]
#[template(path = "portal/people.html")]
struct PeoplePage {
    shell: Shell,
    people: Vec<Person>,
    /// A minor is told, and not asked.
    asked: bool,
}

struct Person {
    id: ContactId,
    name: String,
    said: String,
    rights: Vec<String>,
    /// The rights that the question is about, as the form sends them back.
    kept: String,
    agree: bool,
    /// What taking it back is called; empty: there is nothing to take back.
    refuse: String,
}

fn person(around: Around, words: Words) -> Person {
    let Around { contact, standing } = around;
    let said = match standing {
        Standing::Waits => "people-asked",
        Standing::Refused | Standing::Out => "people-out",
        Standing::Invited(_) => "people-invited",
        Standing::In => "people-in",
        Standing::InWaits => "people-in-asked",
    };
    let refuse = match standing {
        Standing::Waits => "people-refuse",
        Standing::Invited(_) | Standing::In | Standing::InWaits => "people-end",
        Standing::Refused | Standing::Out => "",
    };
    Person {
        id: contact.id,
        name: contact.fields.name(),
        said: words.t(said),
        rights: contact.fields.rights.iter().map(|right| words.t(right.word())).collect(),
        kept: contact.fields.rights.kept(),
        agree: matches!(standing, Standing::Waits | Standing::InWaits | Standing::Refused),
        refuse: if refuse.is_empty() { String::new() } else { words.t(refuse) },
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let (words, id) = (ctx.words(), ctx.viewer()?.client);
    let (all, minor) = ctx.door()?.read(move |p| contacts::around(p, id)).await?;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("contacts")).await?;
    let shown = all.into_iter().filter(|one| one.standing != Standing::Out);
    let page = PeoplePage {
        people: shown.map(|one| person(one, words)).collect(),
        // A one-time passphrase was in other hands before: what is agreed to with it is not surely the client's word.
        asked: !minor && ctx.signed()?.session.passphrase.is_none(),
        shell: ctx.shell(words.t("people-title"), Section::Profile),
    };
    html(StatusCode::OK, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    answer: String,
    rights: String,
}

async fn answer(ctx: Ctx, Path(id): Path<ContactId>, Form(said): Form<Said>) -> Result<Response> {
    if ctx.signed()?.session.passphrase.is_some() {
        return Err(Error::NotFound);
    }
    let (answer, flash) = match said.answer.as_str() {
        "agree" => (Answer::Agree, "people-agreed"),
        "refuse" => (Answer::Refuse, "people-refused"),
        _ => return Err(Error::bad_request("Answer agree or refuse.")),
    };
    let rights = Rights::parse(&said.rights);
    ctx.door()?.write(move |p| contacts::answer(p, id, answer, &rights)).await?;
    let mut response = lead_to(&ctx, PATH)?;
    Cookie::Flash.set(&ctx.app, &mut response, flash)?;
    Ok(response)
}
