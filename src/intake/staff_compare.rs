//! The answers to one form side by side, as they were handed in over time, and the score as a line.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::Sheet;
use super::staff_answers::said;
use super::staff_chart::{Chart, Point};
use super::staff_forms::{day, said_by};
use crate::access::CLINICAL;
use crate::audit::{Entry, note_read};
use crate::clients::{self, Head, Side};
use crate::error::{Error, Result};
use crate::forms::{self, Instrument, Item};
use crate::ids::{ClientId, FormId};
use crate::routes::Routes;
use crate::ui::{Section, Shell};
use crate::web::{Ctx, Path, html};

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/{id}/forms/{form}/compare", CLINICAL, show)
}

#[derive(Template)]
#[template(path = "intake/compare.html")]
struct ComparePage {
    shell: Shell,
    head: Head,
    client: ClientId,
    title: String,
    columns: Vec<ColumnHead>,
    scores: Vec<ScoreCell>,
    rows: Vec<CompareRow>,
    chart: Option<Chart>,
    /// The form was asked in different versions.
    versions: bool,
}

struct ColumnHead {
    id: String,
    day: String,
    by: String,
    version: i64,
}

struct ScoreCell {
    text: String,
    band: &'static str,
    change: String,
}

struct CompareRow {
    text: String,
    cells: Vec<CompareCell>,
}

struct CompareCell {
    text: String,
    /// It is not what stands before it.
    differs: bool,
    critical: bool,
}

async fn show(ctx: Ctx, Path((id, form)): Path<(ClientId, FormId)>) -> Result<Response> {
    let zone = ctx.practice()?.time_zone.clone();
    let (head, sheets) = ctx
        .door()?
        .read({
            let zone = zone.clone();
            move |p| {
                let head = clients::head(p, id, &zone, Side::Forms)?;
                let sheets = super::handed_in(p, id, form)?;
                if sheets.is_empty() { Err(Error::NotFound) } else { Ok((head, sheets)) }
            }
        })
        .await?;
    let entry = Entry::of_client("form.read", id).detail("compare");
    note_read(&ctx.app, ctx.actor()?, entry).await?;
    let newest = sheets.last().ok_or(Error::NotFound)?;
    let title = newest.task.title.clone();
    let page = ComparePage {
        shell: ctx.shell(format!("Compare: {title}"), Section::Clients),
        head,
        client: id,
        columns: sheets.iter().map(|sheet| column(sheet, &zone)).collect(),
        scores: scores(&sheets),
        rows: rows(&sheets),
        chart: chart(&sheets, &title, &zone),
        versions: sheets.iter().any(|sheet| sheet.version.number != newest.version.number),
        title,
    };
    html(StatusCode::OK, &page)
}

fn day_of(sheet: &Sheet, zone: &str) -> String {
    day(sheet.task.done_at.unwrap_or(sheet.task.given_at), zone)
}

fn column(sheet: &Sheet, zone: &str) -> ColumnHead {
    ColumnHead {
        id: sheet.task.id.to_string(),
        day: day_of(sheet, zone),
        by: sheet.task.done_by.as_ref().map(said_by).unwrap_or_default(),
        version: sheet.version.number,
    }
}

/// The scores, where the form has any.
fn scores(sheets: &[Sheet]) -> Vec<ScoreCell> {
    let found: Vec<_> = sheets.iter().map(|sheet| forms::score(&sheet.version.definition, &sheet.answers)).collect();
    if found.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut before: Option<i64> = None;
    let mut cells = Vec::with_capacity(found.len());
    for score in found {
        let Some(score) = score else {
            cells.push(ScoreCell { text: "—".into(), band: "", change: String::new() });
            continue;
        };
        let change = before.map(|before| score.sum - before).filter(|change| *change != 0);
        cells.push(ScoreCell {
            text: format!("{} of {}", score.sum, score.most),
            band: score.band,
            change: change.map(|change| format!("{change:+}").replace('-', "−")).unwrap_or_default(),
        });
        before = Some(score.sum);
    }
    cells
}

/// One row for each question that was ever asked: as the newest has them, and then what was only asked before.
fn rows(sheets: &[Sheet]) -> Vec<CompareRow> {
    let mut items: Vec<&Item> = Vec::new();
    for sheet in sheets.iter().rev() {
        for item in sheet.version.definition.questions() {
            if !items.iter().any(|known| known.id == item.id) {
                items.push(item);
            }
        }
    }
    items.into_iter().map(|item| CompareRow { text: item.text.clone(), cells: cells(item, sheets) }).collect()
}

fn cells(item: &Item, sheets: &[Sheet]) -> Vec<CompareCell> {
    let mut before: Option<String> = None;
    let mut cells = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let definition = &sheet.version.definition;
        // In the words of the version that was answered.
        let own = definition.item(&item.id);
        let answer = sheet.answers.get(&item.id);
        let text = answer.map(|answer| said(own, answer)).unwrap_or_default();
        let critical = own.zip(answer).is_some_and(|(own, answer)| forms::is_critical(definition, own, answer));
        cells.push(CompareCell {
            differs: before.as_ref().is_some_and(|before| *before != text),
            critical,
            text: text.clone(),
        });
        before = Some(text);
    }
    cells
}

fn chart(sheets: &[Sheet], title: &str, zone: &str) -> Option<Chart> {
    let mut points = Vec::new();
    let mut most = 0;
    for sheet in sheets {
        let Some(score) = forms::score(&sheet.version.definition, &sheet.answers) else { continue };
        let at = sheet.task.done_at.unwrap_or(sheet.task.given_at);
        points.push(Point { at, day: day_of(sheet, zone), sum: score.sum });
        most = most.max(score.most);
    }
    let instrument = sheets.last().and_then(|sheet| Instrument::of(&sheet.version.definition));
    let name = instrument.map_or(title, |one| one.name);
    (!points.is_empty()).then(|| Chart::new(format!("{name} over time"), most, instrument, &points))
}
