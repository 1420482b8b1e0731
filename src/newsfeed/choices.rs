//! Settings > Newsfeed: what each person wants to be told, topic by topic.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::feed::topic_said;
use super::{choices, choose};
use crate::access::ANY_STAFF;
use crate::activities::{Choice, Topic};
use crate::error::{Error, Result};
use crate::routes::Routes;
use crate::settings::menu;
use crate::ui::{Section, Shell, Tab};
use crate::web::{Cookie, Ctx, Form, html, lead_to};

const PATH: &str = "/settings/newsfeed";

pub fn routes(routes: Routes) -> Routes {
    routes.get(PATH, ANY_STAFF, show).post(PATH, ANY_STAFF, save)
}

#[derive(Template)]
#[template(path = "newsfeed/choices.html")]
struct ChoicesPage {
    shell: Shell,
    menu: Vec<Tab>,
    rows: Vec<Row>,
}

struct Row {
    topic: &'static str,
    label: &'static str,
    explains: &'static str,
    /// Each choice: its value, its label, and whether it holds.
    choices: Vec<(&'static str, &'static str, bool)>,
}

fn explains(topic: Topic) -> &'static str {
    match topic {
        Topic::Arrivals => "A colleague added a client of yours, or somebody signed up.",
        Topic::Invitations => "An invitation was accepted, or it bounced.",
        Topic::CareTeam => "Somebody joined or left a care team, or became the primary provider.",
        Topic::Forms => {
            "A client began or handed in a form, skipped one, finished the intake, or gave an answer that needs attention."
        }
        Topic::Record => "An email was changed, a client was archived or restored.",
        Topic::Messages => "A client wrote to you after a while in which nothing was written.",
    }
}

fn choice_said(choice: Choice) -> &'static str {
    match choice {
        Choice::Feed => "Newsfeed",
        Choice::Email => "Newsfeed and daily email",
        Choice::Neither => "Neither",
    }
}

async fn show(ctx: Ctx) -> Result<Response> {
    let chosen = ctx.door()?.read(choices).await?;
    let row = |(topic, now): (Topic, Choice)| Row {
        topic: topic.as_str(),
        label: topic_said(topic),
        explains: explains(topic),
        choices: Choice::ALL.map(|choice| (choice.as_str(), choice_said(choice), choice == now)).to_vec(),
    };
    let page = ChoicesPage {
        shell: ctx.shell("Newsfeed", Section::Settings),
        menu: menu(&ctx, PATH)?,
        rows: chosen.into_iter().map(row).collect(),
    };
    html(StatusCode::OK, &page)
}

async fn save(ctx: Ctx, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let read = |(topic, choice): &(String, String)| Topic::parse(topic).zip(Choice::parse(choice));
    // The form offers no other: whatever else comes was not chosen on it.
    let chosen: Option<Vec<(Topic, Choice)>> = pairs.iter().map(read).collect();
    let chosen = chosen.filter(|all| all.len() <= Topic::ALL.len());
    let chosen = chosen.ok_or_else(|| Error::bad_request("The form is not one of ours."))?;
    ctx.door()?.write(move |p| choose(p, &chosen)).await?;
    let mut response = lead_to(&ctx, PATH)?;
    Cookie::Flash.set(&ctx.app, &mut response, "saved")?;
    Ok(response)
}
