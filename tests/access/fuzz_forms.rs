//! R31 for pages: every form of every page, filled in by somebody hostile. Never a 5xx, and nothing typed becomes markup.
//!
//! The fields are read from the pages themselves, so that a new form is covered by itself. `RUH_FUZZ_SEED` and
//! `RUH_FUZZ_ROUNDS` as in fuzz.rs.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::Method;
use ruh::routes::RouteInfo;
use testkit::{Answer, Browser, PASSWORD, TestApp, both_engines, json};

use crate::dice::Dice;
use crate::fuzz::{from_environment, ids};
use crate::matrix::{path, restore};
use crate::world::{World, world};

const FORM: &str = "application/x-www-form-urlencoded";

/// A form as a page shows it: where it goes, and its fields with what stands in them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PageForm {
    action: String,
    fields: Vec<(String, String)>,
}

/// The value of an attribute in a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.replace("&#38;", "&"))
}

fn forms(page: &str) -> Vec<PageForm> {
    let mut all = Vec::new();
    for form in page.split("<form").skip(1) {
        let inside = form.split("</form>").next().unwrap();
        let (head, inside) = inside.split_once('>').unwrap_or((inside, ""));
        let Some(action) = attribute(head, "action").filter(|_| head.contains("method=\"post\"")) else { continue };
        let field = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
        let fields = inside.split('<').filter_map(|tag| field(tag.split('>').next().unwrap())).collect();
        all.push(PageForm { action, fields });
    }
    all
}

fn leads_to(route: &RouteInfo, action: &str) -> bool {
    let action = action.split('?').next().unwrap();
    let (ours, theirs): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), action.split('/').collect());
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(ours, theirs)| ours.starts_with('{') || ours == theirs)
}

/// Those who come with a link from a mail in their cookie, beside everybody of the world.
async fn actors(t: &TestApp, w: &World) -> Vec<(&'static str, Browser)> {
    let names = ["anonymous", "owner", "provider_off", "support", "client", "guardian", "foreign_owner"];
    let mut all: Vec<_> = names.into_iter().map(|name| (name, w.actor(name))).collect();
    t.client(&w.ours, json!({"email": "fresh@example.org", "send_invitation": true})).await;
    assert_eq!(t.browser().post("/forgot", &[("email", "ana@example.org")]).await.status, 200);
    t.send_mail().await;
    for (name, address) in
        [("invited", "fresh@example.org"), ("forgetful", "ana@example.org"), ("new_staff", "asked@calm.example")]
    {
        let mut browser = t.browser().from([10, 0, 1, u8::try_from(all.len()).unwrap()]);
        browser.open_link(&t.mail_to(address).link()).await;
        all.push((name, browser));
    }
    all
}

/// Forms, and for each somebody who sees it.
type Seen = BTreeMap<PageForm, usize>;

/// The forms that anybody sees anywhere, by the route that they lead to.
async fn seen(t: &TestApp, w: &World, actors: &[(&'static str, Browser)]) -> BTreeMap<String, Seen> {
    let routes = ruh::routes::list(&t.app);
    let mut found: BTreeMap<String, Seen> = BTreeMap::new();
    let pages = routes.iter().filter(|route| route.method == Method::GET && !route.path.starts_with("/api/"));
    for page in pages.filter(|route| !route.path.starts_with("/dev/") && !route.path.contains("{token}")) {
        let path = path(t, w, page);
        for (who, (name, browser)) in actors.iter().enumerate() {
            let editing = (*name == "owner").then(|| format!("{path}?edit=1"));
            for address in [path.clone()].into_iter().chain(editing) {
                for form in forms(&browser.copy().get(&address).await.text) {
                    let to = routes.iter().find(|route| route.method == Method::POST && leads_to(route, &form.action));
                    let to = to.unwrap_or_else(|| panic!("{path}: a form that leads nowhere: {form:?}"));
                    found.entry(to.path.to_string()).or_default().entry(form).or_insert(who);
                }
            }
        }
    }
    found
}

struct Filler {
    dice: Dice,
    ids: Vec<String>,
    names: Vec<String>,
}

impl Filler {
    fn value(&mut self, before: &str) -> String {
        match self.dice.below(10) {
            0..=3 => before.to_string(),
            4 => self.dice.of(&self.ids).clone(),
            5 => (*self.dice.of(&[
                "Ana",
                PASSWORD,
                "copper meadow whistle",
                "fuzz@example.org",
                "2001-12-31",
                "1",
                "owner",
                "up",
                "yes",
            ]))
            .to_string(),
            _ => self.dice.hostile_text().chars().take(8_000).collect(),
        }
    }

    fn body(&mut self, form: &PageForm) -> Vec<u8> {
        let mut fields = Vec::new();
        for (name, before) in &form.fields {
            if !self.dice.percent(6) {
                fields.push((name.clone(), self.value(before)));
            }
            if self.dice.percent(3) {
                fields.push((name.clone(), self.value(before)));
            }
        }
        while self.dice.percent(25) {
            let name = if self.dice.percent(20) { self.dice.hostile_text() } else { self.dice.of(&self.names).clone() };
            fields.push((name, self.value("")));
        }
        let mut body = serde_urlencoded::to_string(&fields).unwrap().into_bytes();
        match self.dice.below(40) {
            0 => body.extend(b"&%&%f&=&&%00=%00&%ff=%ff&a=b=c"),
            1 => body.extend("&x=y".repeat(5_000).bytes()),
            2 => body.extend([b'&', 0xff, b'=', 0xfe, 0]),
            3 => body.truncate(body.len() / 2),
            4 => body.extend(vec![b'&'; 260_000]),
            _ => {}
        }
        body
    }
}

/// What is wrong with an answer, if anything is.
fn complaint(answer: &Answer) -> Option<String> {
    let kind = answer.header("content-type");
    if answer.status >= 500 {
        return Some(format!("{}: {}", answer.status, answer.text));
    }
    for markup in ["<script>alert(1)", "<svg onload"] {
        if kind.starts_with("text/html") && answer.text.contains(markup) {
            return Some(format!("{}: {markup} became markup", answer.status));
        }
    }
    let to = answer.location();
    if matches!(answer.status, 301..=308) && (!to.starts_with('/') || to.starts_with("//") || to.starts_with("/\\")) {
        return Some(format!("leads to {to}"));
    }
    let known = kind.starts_with("text/html") || kind.ends_with("json");
    (!known && !answer.text.is_empty()).then(|| format!("{} of the kind {kind}", answer.status))
}

both_engines! {
    async fn r31_hostile_forms_are_answered_calmly(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let w = world(&t).await;
        let (seed, rounds) = (from_environment("RUH_FUZZ_SEED", 31), from_environment("RUH_FUZZ_ROUNDS", 500));
        let actors = actors(&t, &w).await;
        let seen = seen(&t, &w, &actors).await;
        let routes: Vec<_> = ruh::routes::list(&t.app)
            .into_iter()
            .filter(|route| route.method == Method::POST && !route.path.starts_with("/api/"))
            .collect();
        let without: Vec<_> = routes.iter().filter(|route| !seen.contains_key(route.path)).map(|route| route.path).collect();
        assert!(without.len() * 2 < routes.len(), "the reader of forms is blind: {without:?}");
        let names: BTreeSet<String> = seen.values().flatten().flat_map(|(form, _)| form.fields.iter().map(|(name, _)| name.clone())).collect();
        let mut filler = Filler { dice: Dice::new(seed), ids: ids(&w), names: names.into_iter().collect() };
        let mut wrong = Vec::new();
        let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
        for round in 0..usize::try_from(rounds).unwrap() {
            let route = &routes[round % routes.len()];
            let shown: Vec<_> = seen.get(route.path).into_iter().flatten().collect();
            let stranger = filler.dice.below(actors.len());
            let (form, who) = if shown.is_empty() || filler.dice.percent(10) {
                let fields = (0..6).map(|_| (filler.dice.of(&filler.names).clone(), String::new())).collect();
                (PageForm { action: path(&t, &w, route), fields }, stranger)
            } else {
                let (form, who) = filler.dice.of(&shown);
                ((*form).clone(), if filler.dice.percent(25) { stranger } else { **who })
            };
            let (actor, browser) = &actors[who];
            let body = filler.body(&form);
            let headers = [("content-type", FORM), ("hx-request", "true")];
            let headers = if filler.dice.percent(25) { &headers[..] } else { &headers[..1] };
            let answer = browser.copy().request("POST", &form.action, headers, Body::from(body.clone())).await;
            *statuses.entry(answer.status).or_default() += 1;
            if let Some(complaint) = complaint(&answer) {
                let body: String = String::from_utf8_lossy(&body).chars().take(800).collect();
                wrong.push(format!("{complaint}\n  after {actor} POST {} {headers:?}\n{body}\n", form.action));
            }
            // What ended a session or used up the guesses must not be all that is tested from here on.
            if round % 40 == 39 {
                restore(&t, &w);
            }
        }
        assert!(wrong.is_empty(), "RUH_FUZZ_SEED={seed} RUH_FUZZ_ROUNDS={rounds}\n{}", wrong.join("\n"));
        let reached: usize = [200, 204, 303, 422].iter().filter_map(|status| statuses.get(status)).sum();
        assert!(rounds < 300 || u64::try_from(reached).unwrap() * 4 > rounds, "hardly any form got past the door: {statuses:?}");
        assert_eq!(t.browser().get("/sign-in").await.status, 200);
    }
}
