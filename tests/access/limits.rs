//! R33: bodies that are too large, of the wrong kind, or named so that they climb out of a folder.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Method;
use ruh::access::Access;
use ruh::routes::{RouteInfo, Takes};
use testkit::{Answer, Browser, Cell, PARTS, TestApp, both_engines, in_parts};

use crate::matrix::path;
use crate::world::{World, world};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Every table with all its rows.
pub fn everything(t: &TestApp) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let tables = match t.app.engine() {
        ruh::db::Engine::Sqlite => {
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and sql not like '%virtual%'"
        }
        ruh::db::Engine::Postgres => "select tablename from pg_tables where schemaname = 'public'",
    };
    let names: Vec<String> = t.raw.rows(tables).into_iter().map(|mut row| row.remove(0).unwrap()).collect();
    assert!(names.iter().any(|name| name == "invitations"), "{names:?}");
    names.into_iter().map(|name| (name.clone(), t.raw.rows(&format!("select * from {name}")))).collect()
}

/// The tables that are not as they were.
pub fn changed(t: &TestApp, before: &BTreeMap<String, Vec<Vec<Cell>>>) -> Vec<String> {
    let now = everything(t);
    before.keys().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}

/// Everything as it stands once the guard has noted that our actors are there.
async fn at_rest(t: &TestApp, w: &World) -> BTreeMap<String, Vec<Vec<Cell>>> {
    for (_, browser) in &w.actors {
        assert_eq!(browser.copy().get("/sign-in").await.status, 200);
    }
    everything(t)
}

/// Somebody whom the guard of a route lets in.
fn let_in(w: &World, route: &RouteInfo) -> Option<Browser> {
    let actor = match route.access {
        Access::Public => "anonymous",
        Access::Portal(_) => "client",
        Access::Account | Access::Session | Access::Staff(_) if route.path.starts_with("/api/") => "token_owner",
        Access::Account | Access::Session | Access::Staff(_) => "owner",
        Access::HandOver => "handed_over",
        Access::Local | Access::Metrics => return None,
    };
    Some(w.actor(actor))
}

fn refused(name: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{name}: {}", answer.text);
    let kind = if name.contains(" /api/") { "application/problem+json" } else { "text/html" };
    assert!(answer.header("content-type").starts_with(kind), "{name}: {}", answer.header("content-type"));
    assert!(answer.text.len() > 60 && answer.text.len() < 20_000, "{name}: {}", answer.text);
}

async fn send(browser: &Browser, method: &Method, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
    browser.copy().request(method.as_str(), path, headers, body).await
}

both_engines! {
    async fn r33_what_is_too_large_or_of_the_wrong_kind_is_refused_by_every_route(t: TestApp) {
        let w = world(&t).await;
        let before = at_rest(&t, &w).await;
        let writing: Vec<_> = ruh::routes::list(&t.app).into_iter().filter(|route| route.method != Method::GET).collect();
        assert!(writing.len() > 30);
        for route in &writing {
            let Some(browser) = let_in(&w, route) else { continue };
            let name = format!("{} {}", route.method, route.path);
            let path = path(&t, &w, route);
            let (takes, others) = if route.path.starts_with("/api/") { (JSON, [FORM, "text/plain"]) } else { (FORM, [JSON, "text/plain"]) };
            let start = if takes == JSON { "{\"first_name\": \"" } else { "first_name=" };
            let is_upload = route.takes == Takes::File;
            let (takes, others) = if is_upload { (PARTS, [JSON, FORM]) } else { (takes, others) };
            // With its length said and without, and of one byte too many.
            let large = || match is_upload {
                true => in_parts(&[], Some(("a.txt", &vec![b'x'; 25 * 1024 * 1024 + 1]))),
                false => format!("{start}{}", "x".repeat(256 * 1024 + 1 - start.len())).into_bytes(),
            };
            let length = large().len().to_string();
            let ways = [vec![("content-type", takes)], vec![("content-type", takes), ("content-length", length.as_str())]];
            // A file of that size takes seconds here; its length is not asked for before it has come.
            for headers in ways.into_iter().take(if is_upload { 1 } else { 2 }) {
                refused(&name, &send(&browser, &route.method, &path, &headers, Body::from(large())).await, 413);
            }
            let more = [
                "multipart/form-data; boundary=x", "application/xml", "application/octet-stream", "x", "application/jsonx",
                "application/x-www-form-urlencodedx", "\u{e9}", "",
            ];
            for kind in others.into_iter().chain(more.into_iter().filter(|kind| !is_upload || !kind.starts_with("multipart"))) {
                let body = Body::from("first_name=Ana&last_name=M");
                refused(&format!("{name} as {kind}"), &send(&browser, &route.method, &path, &[("content-type", kind)], body).await, 415);
            }
            let answer = send(&browser, &route.method, &path, &[], Body::from("{\"first_name\": \"Ana\"}")).await;
            refused(&format!("{name} without a kind"), &answer, 415);
            // Who may not come in learns nothing of limits.
            if route.access != Access::Public {
                let answer = send(&w.actor("anonymous"), &route.method, &path, &[("content-type", takes)], Body::from(large())).await;
                assert_eq!(answer.status, 401, "{name}");
            }
        }
        assert!(changed(&t, &before).is_empty(), "written: {:?}", changed(&t, &before));
        // Counter-case: as much as a body may hold, whatever the spelling of its kind.
        let whole = format!("email=x&password={}", "x".repeat(256 * 1024 - 17));
        for kind in [FORM, "Application/X-WWW-Form-URLencoded; charset=UTF-8"] {
            assert_eq!(t.browser().raw("POST", "/sign-in", kind, &whole).await.status, 422);
        }
    }

    async fn r33_no_address_climbs_out_of_a_folder(t: TestApp) {
        let w = world(&t).await;
        let before = at_rest(&t, &w).await;
        let named: Vec<_> = ruh::routes::list(&t.app).into_iter().filter(|route| route.path.contains('{')).collect();
        assert!(named.len() > 20);
        let climbs = ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fruh.key", "..%5c..%5cruh.key", "a%2fb", "%2fetc%2fpasswd", "x%00y", "app.css%2f..%2fruh.key"];
        for route in &named {
            let actor = if route.access == Access::Local { Some(t.browser()) } else { let_in(&w, route) };
            let Some(browser) = actor else { continue };
            let kind = if route.path.starts_with("/api/") { JSON } else { FORM };
            for climb in climbs {
                let (start, rest) = route.path.split_once('{').unwrap();
                let path = format!("{start}{climb}{}", rest.split_once('}').unwrap().1);
                let body = if kind == JSON { "{}" } else { "" };
                let body = if route.method == Method::GET { "" } else { body };
                let answer = send(&browser, &route.method, &path, &[("content-type", kind)], Body::from(body)).await;
                assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
                assert!(!answer.headers.contains_key("set-cookie"), "{path}");
            }
        }
        for path in ["/..", "/../etc/passwd", "/assets/../ruh.key", "/assets//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"] {
            assert_eq!(t.browser().get(path).await.status, 404, "{path}");
        }
        assert!(changed(&t, &before).is_empty(), "written: {:?}", changed(&t, &before));
    }
}
