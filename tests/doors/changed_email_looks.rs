//! Staff cannot tell whether a client's account is shared: page and API are the same, byte for byte, through the whole
//! life of a change (E2).

use testkit::ruh::access::Role;
use testkit::ruh::db::Engine;
use testkit::{Browser, PASSWORD, TestApp, TestPractice, json};

use crate::support::{OTHER, accept, invited, token};

/// What makes the accounts of two runs different.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Account {
    /// The client's alone.
    Alone,
    /// Also reaches another practice.
    Shared,
    /// Belongs to somebody on another practice's staff.
    Staff,
    /// Alone; but the new address has an account of its own.
    NewIsKnown,
}

struct Watch<'t> {
    t: &'t TestApp,
    owner: Browser,
    program: Browser,
    client: String,
    practice: TestPractice,
    seen: Vec<String>,
}

impl Watch<'_> {
    /// Everything staff can look at now, without ids.
    async fn look(&mut self, when: &str) {
        let id = &self.client.clone();
        let pages = [
            format!("/clients/{id}"),
            format!("/clients/{id}?edit=1"),
            "/clients".into(),
            "/home".into(),
            format!("/clients/{id}/invitation"),
        ];
        for page in pages {
            let answer = self.owner.get(&page).await;
            self.keep(when, &page, answer.status, &answer.text);
        }
        let of_client =
            [format!("/api/v1/clients/{id}"), format!("/api/v1/clients/{id}/invitations"), "/api/v1/clients".into()];
        for path in of_client {
            let answer = self.program.get(&path).await;
            self.keep(when, &path, answer.status, &answer.text);
        }
        let activities = format!(
            "select kind, actor_kind, about from activities where client_id = {} order by id",
            self.t.raw.id(id)
        );
        let rows = format!("{:?}", self.t.raw.rows(&activities));
        self.keep(when, "activities", 200, &rows);
    }

    async fn press(&mut self, when: &str, path: &str) {
        let answer = self.owner.post(path, &[]).await;
        self.keep(when, path, answer.status, &format!("{} {}", answer.location(), answer.text));
        let to = answer.location().to_string();
        if !to.is_empty() {
            let page = self.owner.get(&to).await;
            self.keep(when, &to, page.status, &page.text);
        }
    }

    async fn save_email(&mut self, when: &str, email: Option<&str>) {
        let path = format!("/api/v1/clients/{}", self.client);
        let answer = self.program.json("PATCH", &path, &json!({ "email": email })).await;
        self.keep(when, "saved", answer.status, &answer.text);
    }

    fn keep(&mut self, when: &str, what: &str, status: u16, text: &str) {
        self.seen.push(format!("{when} {} {status}\n{}", masked(what), masked(text)));
    }

    async fn newest(&mut self) -> String {
        let path = format!("/api/v1/clients/{}/invitations", self.client);
        self.program.get(&path).await.json()["items"][0]["id"].as_str().expect("an id").to_string()
    }
}

const SEEN: &str = "name=\"seen\" value=\"";

/// A text with every id put out of the way, and what a form was made from: it is made from ids, too. Times need none of it: the clock stands where the test sets it.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let is_id = |at: usize| {
        let piece = bytes.get(at..at + 36)?;
        let shaped = piece.iter().enumerate().all(|(n, b)| match n {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
        shaped.then_some(())
    };
    let mut at = 0;
    while at < text.len() {
        if is_id(at).is_some() {
            out.push_str("<id>");
            at += 36;
        } else if let Some(rest) = text[at..].strip_prefix(SEEN) {
            out.push_str("<seen>");
            at += SEEN.len() + rest.find('"').expect("its end");
        } else {
            let c = text[at..].chars().next().expect("a character");
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// The whole life, as staff see it.
async fn life(engine: Engine, account: Account) -> Vec<String> {
    let t = TestApp::new(engine);
    let elsewhere = t.practice("Elsewhere").await;
    let practice = t.practice("Calm Harbour").await;
    match account {
        Account::Shared => drop(t.client_in_portal(&elsewhere, "ana@example.org").await),
        Account::NewIsKnown => drop(t.client_in_portal(&elsewhere, "new@example.org").await),
        Account::Staff => drop(t.member(&elsewhere, Role::Provider, "ana@example.org").await),
        Account::Alone => {}
    }
    if matches!(account, Account::Alone | Account::Staff) {
        // The clock is where it is in the other runs.
        t.send_mail().await;
    }
    let (client, link) = invited(&t, &practice, "ana@example.org").await;
    assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
    let api = t.token(&practice, practice.owner).await;
    let owner = t.signed_in(&practice.owner_email).await;
    let mut w = Watch { t: &t, owner, program: t.browser().bearer(&api), client, practice, seen: Vec::new() };
    w.look("before").await;
    w.save_email("change", Some("new@example.org")).await;
    w.look("changed").await;
    // The mail is taken back: the change stands, and what the button does next is the same.
    let newest = w.newest().await;
    w.press("undo", &format!("/invitations/{newest}/undo")).await;
    w.look("undone").await;
    let invite = format!("/clients/{}/invite", w.client);
    w.press("send after undo", &invite).await;
    w.look("queued").await;
    t.send_mail().await;
    w.look("sent").await;
    w.save_email("taken away", None).await;
    w.look("not taken away").await;
    w.press("send again", &invite).await;
    t.send_mail().await;
    w.look("sent again").await;
    let link = t.mail_to("new@example.org").link();
    let mut browser = t.browser();
    assert_eq!(browser.open_link(&link).await.status, 200);
    w.look("opened").await;
    let password = if account == Account::NewIsKnown { PASSWORD } else { OTHER };
    assert_eq!(browser.post("/invitation", &[("password", password)]).await.status, 303, "{account:?}");
    w.look("accepted").await;
    w.press("reset", &invite).await;
    t.run_jobs().await;
    assert_eq!(t.mail_to("new@example.org").subject, "Choose a new password");
    w.look("reset sent").await;
    // Back to the address before, and once more to another one before that is accepted.
    w.save_email("back", Some("ana@example.org")).await;
    w.look("changed back").await;
    w.save_email("third", Some("third@example.org")).await;
    t.send_mail().await;
    w.look("third sent").await;
    w.press("sixth of the day", &invite).await;
    w.look("enough for a day").await;
    assert!(!w.seen.iter().any(|seen| seen.contains(&token(&link)) || seen.contains("Elsewhere")));
    assert!(w.seen.iter().any(|seen| seen.contains(&w.practice.slug) || seen.contains("Calm Harbour")));
    w.seen
}

async fn alike(engine: Engine, other: Account) {
    let (alone, other_life) = (life(engine, Account::Alone).await, life(engine, other).await);
    assert_eq!(alone.len(), other_life.len());
    for (a, b) in alone.iter().zip(&other_life) {
        if a != b {
            let line = a.lines().zip(b.lines()).find(|(a, b)| a != b);
            panic!("staff can tell {other:?} at: {}\n{line:#?}", a.lines().next().unwrap_or_default());
        }
    }
}

macro_rules! lives {
    ($($name:ident: $account:expr;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                alike(Engine::Sqlite, $account).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                alike(Engine::Postgres, $account).await;
            }
        }
    )*};
}

lives! {
    r12_staff_cannot_tell_that_an_account_is_shared: Account::Shared;
    r12_staff_cannot_tell_that_an_account_is_of_staff: Account::Staff;
    r12_staff_cannot_tell_that_a_new_address_has_an_account: Account::NewIsKnown;
}
