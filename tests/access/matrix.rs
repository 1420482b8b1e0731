//! R17: every registered route as every actor, against the table in matrix.txt, which is read in review.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use ruh::access::Access;
use ruh::routes::{RouteInfo, Takes};
use testkit::{Answer, Browser, TestApp, both_engines, json};

use crate::world::{World, world};

const TABLE: &str = include_str!("matrix.txt");

/// The rows of the table: "METHOD /path" → the status of each actor, by the names in its first line.
fn table() -> (Vec<&'static str>, BTreeMap<String, Vec<u16>>) {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let actors: Vec<_> = lines.next().unwrap().split_whitespace().skip(2).collect();
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let statuses: Vec<u16> = words[2..].iter().map(|word| word.parse().unwrap()).collect();
        assert_eq!(statuses.len(), actors.len(), "{line}");
        (format!("{} {}", words[0], words[1]), statuses)
    };
    let rows: Vec<_> = lines.map(row).collect();
    let count = rows.len();
    let rows: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(rows.len(), count, "a route stands twice in matrix.txt");
    (actors, rows)
}

/// A path with the subject put in.
pub fn path(t: &TestApp, w: &World, route: &RouteInfo) -> String {
    let (named, id) = match route.path {
        "/dev/mail/{id}" => (
            "{id}",
            std::fs::read_dir(t.folder().join("mail"))
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .replace(".eml", ""),
        ),
        "/assets/{file}" => return ruh::assets::href("app.css").to_string(),
        "/sessions/{id}/end" => ("{id}", w.owner_session.clone()),
        path if path.contains("/contacts/{id}") || path.contains("/people/{id}") => ("{id}", w.contact.clone()),
        path if path.contains("/merges/{id}") => ("{id}", w.merge.clone()),
        path if path.contains("{key}") => ("{key}", "consent".into()),
        "/clients/{id}/forms/{form}/compare" => {
            return route.path.replace("{id}", &w.client).replace("{form}", &w.asked_form);
        }
        path if path.contains("/client-forms/{id}") => ("{id}", w.client_form.clone()),
        path if path.contains("/form-alerts/{id}") => ("{id}", w.alert.clone()),
        "/portal/forms/{id}" | "/hand-over/forms/{id}" => ("{id}", w.client_form.clone()),
        path if path.starts_with("/portal/forms/{id}/") || path.starts_with("/hand-over/forms/{id}/") => {
            ("{id}", w.client_form.clone())
        }
        path if path.contains("/forms/{id}") => ("{id}", w.form.clone()),
        path if path.contains("/documents/{id}") => ("{id}", w.document.clone()),
        path if path.contains("/flows/{id}") => ("{id}", w.flow.clone()),
        path if path.contains("/replies/{id}") => ("{id}", w.reply.clone()),
        path if path.contains("/later/{id}") || path.contains("scheduled-messages/{id}") => {
            ("{id}", w.scheduled.clone())
        }
        path if path.contains("/said/{id}") || path.starts_with("/api/v1/messages/{id}") => ("{id}", w.message.clone()),
        path if path.contains("/files/{id}") || path.contains("message-files/{id}") => ("{id}", w.message_file.clone()),
        path if path.starts_with("/chat/{id}") || path.starts_with("/portal/messages/{id}") => {
            ("{id}", w.conversation.clone())
        }
        path if path.contains("/conversations/{id}") => ("{id}", w.conversation.clone()),
        "/newsfeed/{id}" => ("{id}", w.feed_item.clone()),
        path if path.contains("tokens/{id}") => ("{id}", w.token.clone()),
        path if path.contains("members/invitations/{id}") => ("{id}", w.member_invitation.clone()),
        path if path.contains("members/{id}") => ("{id}", w.member.clone()),
        path if path.contains("/invitations/{id}") => ("{id}", w.invitation.clone()),
        path if path.contains("/invite-links/{id}") => ("{id}", w.invite_link.clone()),
        path if path.contains("/bulk/{id}") => ("{id}", w.bulk_run.clone()),
        path if path.contains("/groups/{id}") => ("{id}", w.group.clone()),
        path if path.contains("{token}") => ("{token}", "garbage".into()),
        _ => ("{id}", w.client.clone()),
    };
    route.path.replace(named, &id)
}

/// Sends a request that changes little, and gets past the door if it is open: what it is then refused for (422, 409)
/// shows that it was let in.
async fn ask(t: &TestApp, w: &World, route: &RouteInfo, browser: &mut Browser) -> Answer {
    let path = path(t, w, route);
    match (route.method.clone(), route.path) {
        (Method::GET, _) => {
            let got = browser.copy().get(&path).await;
            let head = browser.copy().head(&path).await;
            assert_eq!(head.status, got.status, "HEAD {path}");
            assert!(head.text.is_empty(), "HEAD {path} has a body");
            got
        }
        // Only somebody whose place it is can go there: the owner's.
        (Method::POST, "/places") => {
            let (practice, owner) = (w.ours.id.to_string(), w.ours.owner.to_string());
            browser.post(&path, &[("practice", &practice), ("id", &owner)]).await
        }
        _ if route.takes == Takes::File => browser.upload(&path, &[], None).await,
        (Method::POST, "/portal/people/{id}") => browser.post(&path, &[("answer", "refuse")]).await,
        (Method::POST, "/portal/profile") => browser.post(&path, &[("phone", "never")]).await,
        (method, template) if template.starts_with("/api/") => {
            browser.json(method.as_str(), &path, &json!({"first_name": "", "send_invitation": false})).await
        }
        _ => browser.post(&path, &[]).await,
    }
}

/// What asking may have left behind that would change the next answer. What had ended before stays ended.
pub fn restore(t: &TestApp, w: &World) {
    let link = t.raw.id(&w.invite_link);
    t.raw.run(&format!(
        "begin; delete from invite_links where id <> {link}; update invite_links set revoked_at = null where id = {link};
         update sessions set ended_at = null where ended_at > 1; delete from activities where kind = 'reset.sent';
         delete from guesses; update members set disabled_at = null where disabled_at > 1;
         update member_invitations set state = 'sent', created_at = 1;
         update contacts set removed_at = null; update merges set undone_at = null;
         update clients set status = 'merged', merged_into = (select g.kept from merges g where g.gone = clients.id)
             where id in (select g.gone from merges g);
         update messages set deleted_at = null, edited_at = null;
         update scheduled_messages set state = 'waiting';
         update documents set deleted_at = null, shared = true;
         update client_forms set state = 'started', done_at = null, done_kind = null, done_by = null
             where not required;
         update form_alerts set seen_at = null; delete from form_reminders;
         update forms set archived_at = null; update flows set deleted_at = null;
         update hand_overs set ended_at = null;
         update api_tokens set revoked_at = null where revoked_at > 1; commit"
    ));
}

both_engines! {
    async fn r17_every_route_as_every_actor(t: TestApp) {
        let mut t = t;
        // Links to choose a new password are queued; their mail is not what is tested here.
        t.leave_jobs();
        let w = world(&t).await;
        let (columns, rows) = table();
        let actors: Vec<_> = w.actors.iter().map(|(name, _)| *name).collect();
        assert_eq!(columns, actors, "the columns of matrix.txt");
        let mut seen = String::new();
        let mut differs = Vec::new();
        let routes = ruh::routes::list(&t.app);
        for route in &routes {
            let name = format!("{} {}", route.method, route.path);
            let mut statuses = Vec::new();
            for (actor, browser) in &w.actors {
                let answer = ask(&t, &w, route, &mut browser.copy()).await;
                assert!(answer.status < 500, "{name} as {actor}: {}", answer.text);
                statuses.push(answer.status);
                // Who is turned away changes nothing; what would prove otherwise is in the tests of each promise.
                if route.method != Method::GET && !matches!(answer.status, 401 | 403 | 404) {
                    restore(&t, &w);
                }
            }
            let cells: Vec<_> = statuses.iter().map(ToString::to_string).collect();
            seen.push_str(&format!("{:<6} {:<37} {}\n", route.method.as_str(), route.path, cells.join(" ")));
            match rows.get(&name) {
                None => differs.push(format!("{name} is not in the table")),
                Some(expected) => differs.extend(
                    actors.iter().zip(expected.iter().zip(&statuses)).filter(|(_, (expected, got))| expected != got)
                        .map(|(actor, (expected, got))| format!("{name} as {actor}: {got}, and {expected} in the table")),
                ),
            }
        }
        let known: BTreeSet<_> = routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        differs.extend(rows.keys().filter(|name| !known.contains(*name)).map(|name| format!("{name} is no route any more")));
        assert!(differs.is_empty(), "{}\n\nseen:\n{seen}", differs.join("\n"));
    }
}

/// Routes that anybody may call, and why.
const PUBLIC: &[(&str, &str)] = &[
    ("GET /healthz", "says that the process is alive"),
    ("GET /readyz", "says that the database answers"),
    ("GET /api/openapi.json", "describes the API, which is no secret"),
    ("GET /assets/{file}", "style, script and icons"),
    ("GET /", "leads to the sign-in page or home"),
    ("GET /sign-in", "the way in"),
    ("POST /sign-in", "the way in; guesses are capped"),
    ("POST /sign-out", "ends the session that it carries, if any"),
    ("GET /forgot", "asks for an address"),
    ("POST /forgot", "answers the same whatever the address; capped"),
    ("GET /reset/{token}", "takes the token out of the address"),
    ("GET /reset", "needs the token, in its cookie"),
    ("POST /reset", "needs the token, in its cookie"),
    ("POST /session/renew", "needs the ended session's token and the password"),
    ("GET /setup/{token}", "takes the token out of the address"),
    ("GET /setup", "needs the printed token and an empty installation"),
    ("POST /setup", "needs the printed token and an empty installation"),
    ("GET /invitation/{token}", "takes the token out of the address"),
    ("GET /invitation", "needs the token, in its cookie"),
    ("POST /invitation", "needs the token, in its cookie"),
    ("GET /join-staff/{token}", "takes the token out of the address"),
    ("GET /join-staff", "needs the token, in its cookie"),
    ("POST /join-staff", "needs the token, in its cookie"),
    ("GET /join/{token}", "takes the token out of the address"),
    ("GET /join", "needs the token of a live invite link, in its cookie"),
    ("POST /join", "needs the token of a live invite link, in its cookie; capped"),
    ("GET /sign-in/code", "needs the token of a sign-in whose password was right, in its cookie"),
    ("POST /sign-in/code", "needs the token of a sign-in whose password was right, in its cookie; capped"),
    ("GET /sign-in/lost-device", "says what to do"),
    ("GET /two-step/reset/{token}", "takes the token out of the address"),
    ("GET /two-step/reset", "needs the token, in its cookie"),
    ("POST /two-step/reset", "needs the token of a ripe reset, in its cookie"),
    ("GET /hand-over/{token}", "takes the code out of the address"),
    ("GET /hand-over/open", "needs the code, in its cookie"),
    ("POST /hand-over/open", "needs the code, in its cookie; opens one device, once"),
    ("POST /invitation/again", "needs a replaced link's token; mails the address on file only"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_routes_for_anybody_are_on_a_list_with_reasons() {
    let t = TestApp::new(ruh::db::Engine::Sqlite);
    let public: BTreeSet<_> = ruh::routes::list(&t.app)
        .into_iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let listed: BTreeSet<_> = PUBLIC.iter().map(|(name, _)| (*name).to_string()).collect();
    assert_eq!(public, listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_pages_for_developers_are_for_this_machine_only() {
    let t = TestApp::with(ruh::db::Engine::Sqlite, |s| s.public_url = Some("https://ruh.example".into()));
    for path in ["/dev/components", "/dev/mail"] {
        assert_eq!(t.browser().get(path).await.status, 404, "{path}");
    }
    assert_eq!(t.browser().get("/metrics").await.status, 200);
    assert_eq!(t.browser().with("x-forwarded-for", "127.0.0.1").get("/metrics").await.status, 404);
    assert_eq!(t.browser().from([192, 168, 0, 9]).get("/metrics").await.status, 404);
    let t = TestApp::with(ruh::db::Engine::Sqlite, |s| s.metrics_token = Some("a long enough token".into()));
    assert_eq!(t.browser().get("/metrics").await.status, 404);
    assert_eq!(t.browser().bearer("a long enough tokem").get("/metrics").await.status, 404);
    assert_eq!(t.browser().bearer("a long enough token").get("/metrics").await.status, 200);
}
