//! Clients as a table for a spreadsheet: those that were chosen, or everybody whom a filter finds, page by page, so that
//! ten thousand fill no memory. Who exports gets what they may see and no more; notes stay in the program.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use super::columns::{self, Column};
use super::list::{self, COUNT_LIMIT, Cursor, ListQuery, Listed, Wanted};
use super::list_queries as queries;
use crate::access::ANY_STAFF;
use crate::app::Door;
use crate::audit::Entry;
use crate::care_team;
use crate::error::{Error, FieldError, Result};
use crate::ids::ClientId;
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Ctx, Query};

/// Rows that are read at a time.
const STEP: i64 = 500;
/// Clients that can be named one by one.
const CHOSEN_LIMIT: usize = 1_000;

pub fn routes(routes: Routes) -> Routes {
    routes.get("/clients/export", ANY_STAFF, of_page).get("/api/v1/clients/export.csv", ANY_STAFF, of_api)
}

/// Whose rows are wanted.
#[derive(Debug, Clone)]
enum Whom {
    Chosen(Vec<ClientId>),
    Matching(Wanted),
}

/// The columns of the file.
#[derive(Debug, Clone)]
enum Width {
    Shown(Vec<Column>),
    Everything,
}

async fn of_page(ctx: Ctx, Query(pairs): Query<Vec<(String, String)>>) -> Result<Response> {
    let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let chosen: Vec<ClientId> =
        pairs.iter().filter(|(key, _)| key == "id").filter_map(|(_, id)| id.parse().ok()).collect();
    let whom = if given("all") == "1" || chosen.is_empty() {
        let query: ListQuery = serde_urlencoded::from_str(given("filter")).unwrap_or_default();
        Whom::Matching(Wanted::of(&query))
    } else if chosen.len() > CHOSEN_LIMIT {
        return Err(Error::bad_request("At most 1,000 clients can be chosen one by one."));
    } else {
        Whom::Chosen(chosen)
    };
    export(&ctx, whom, given("columns") == "shown").await
}

async fn of_api(ctx: Ctx, Query(pairs): Query<Vec<(String, String)>>) -> Result<Response> {
    let given =
        |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str()).to_string();
    let query = ListQuery {
        search: given("search"),
        status: given("status"),
        group_id: given("group_id"),
        provider_id: given("provider_id"),
        invitation: given("invitation"),
        sort: given("sort"),
        cursor: String::new(),
    };
    let (wanted, mut wrong) = Wanted::parse(&query);
    let columns = given("columns");
    if !matches!(columns.as_str(), "" | "all" | "shown") {
        wrong.push(FieldError::new("columns", "Use all or shown."));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    export(&ctx, Whom::Matching(wanted), columns == "shown").await
}

/// What a page of the file is made from.
struct Source {
    door: Door,
    wanted: Wanted,
    table: Table,
}

async fn export(ctx: &Ctx, whom: Whom, shown: bool) -> Result<Response> {
    let member = ctx.member()?.id;
    let door = ctx.door()?;
    let zone = ctx.practice()?.time_zone.clone();
    let asked = whom.clone();
    // Written before the first row leaves: whoever breaks off has read it all the same.
    let (chosen, width) = door
        .write(move |p| {
            let width = if shown { Width::Shown(columns::of(p, member)?) } else { Width::Everything };
            let (chosen, count) = match &asked {
                Whom::Chosen(ids) => {
                    let rows = rows_of(p, ids)?;
                    let count = rows.len().to_string();
                    (Some(rows), count)
                }
                Whom::Matching(wanted) => match list::count(p, wanted, COUNT_LIMIT)? {
                    count if count > COUNT_LIMIT => (None, format!("more than {COUNT_LIMIT}")),
                    count => (None, count.to_string()),
                },
            };
            p.audit(&Entry::new("client.exported", "client", None).detail(count))?;
            Ok((chosen, width))
        })
        .await?;
    let today = ctx.app.now().date_in(&zone);
    let table = Table { width, zone };
    let head = table.head()?;
    let body = match (whom, chosen) {
        (Whom::Matching(wanted), _) => {
            let start = Some(wanted.sort.start());
            let source = Source { door, wanted, table };
            let pages = stream::try_unfold((source, start), next_page);
            Body::from_stream(futures_util::StreamExt::chain(stream::iter([Ok::<_, Error>(head)]), pages))
        }
        (Whom::Chosen(_), rows) => {
            let rows = table.rows(&rows.unwrap_or_default())?;
            Body::from([head, rows].concat())
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"clients-{today}.csv\"")),
    ];
    Ok((headers, body).into_response())
}

/// Those of them that the actor may see.
fn rows_of(p: &Practice, ids: &[ClientId]) -> Result<Vec<Listed>> {
    let mut rows = Vec::new();
    for id in ids {
        if care_team::may_see(p, *id)? {
            rows.extend(queries::row(p, *id)?);
        }
    }
    list::count_forms(p, &mut rows)?;
    Ok(rows)
}

type Step = (Source, Option<Cursor>);

async fn next_page((source, after): Step) -> Result<Option<(Bytes, Step)>> {
    let Some(after) = after else {
        return Ok(None);
    };
    let wanted = source.wanted.clone();
    let counts = source.table.columns().contains(&Column::Forms);
    let found = source
        .door
        .read(move |p| {
            let mut found = list::page(p, &wanted, &after, STEP)?;
            if counts {
                list::count_forms(p, &mut found.rows)?;
            }
            Ok(found)
        })
        .await?;
    let text = source.table.rows(&found.rows)?;
    Ok(Some((text, (source, found.next))))
}

/// How the file is written.
struct Table {
    width: Width,
    zone: String,
}

const NAMES: [&str; 3] = ["First name", "Last name", "Preferred name"];
const MORE: [&str; 3] = ["Legal name", "Pronouns", "Gender"];

impl Table {
    fn columns(&self) -> &[Column] {
        match &self.width {
            Width::Shown(columns) => columns,
            Width::Everything => &Column::ALL,
        }
    }

    /// The mark by which spreadsheets know UTF-8, and the first line.
    fn head(&self) -> Result<Bytes> {
        let mut names = NAMES.to_vec();
        names.extend(self.columns().iter().map(|column| column.label()));
        if matches!(self.width, Width::Everything) {
            names.extend(MORE);
            names.push("Status");
        }
        let line = written([names.into_iter().map(str::to_string).collect()].into_iter())?;
        Ok(Bytes::from(["\u{feff}".as_bytes(), &line].concat()))
    }

    fn rows(&self, rows: &[Listed]) -> Result<Bytes> {
        written(rows.iter().map(|row| self.row(row)))
    }

    fn row(&self, row: &Listed) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut cells = vec![row.first_name.clone(), row.last_name.clone(), text(&row.preferred_name)];
        // For programs: dates as ISO writes them, phones as they are dialled.
        cells.extend(self.columns().iter().map(|column| match column {
            Column::Phone => text(&row.phone),
            Column::DateOfBirth => text(&row.date_of_birth),
            Column::Added => row.created_at.date_in(&self.zone).to_string(),
            other => other.text(row, &self.zone),
        }));
        if matches!(self.width, Width::Everything) {
            cells.extend([&row.legal_name, &row.pronouns, &row.gender].map(text));
            cells.push(row.status.clone());
        }
        cells
    }
}

fn written(rows: impl Iterator<Item = Vec<String>>) -> Result<Bytes> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| plain(cell))).map_err(|e| Error::internal(e.to_string()))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|e| Error::internal(e.to_string()))
}

/// A cell that a spreadsheet takes for a formula gets an apostrophe in front, which makes it text. That goes for phone
/// numbers with their plus too: as a formula they would lose it.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_quoted() {
        let rows = [["=1+1", "a,b"], ["+1212", "say \"hi\""], ["-x", "two\nlines"], ["@x", "\tx"], ["x=", ""]];
        let rows = rows.into_iter().map(|row| row.map(str::to_string).to_vec());
        let text = String::from_utf8(written(rows).expect("rows").to_vec()).expect("text");
        let expected = "'=1+1,\"a,b\"\r\n'+1212,\"say \"\"hi\"\"\"\r\n'-x,\"two\nlines\"\r\n'@x,'\tx\r\nx=,\r\n";
        assert_eq!(text, expected);
    }
}
