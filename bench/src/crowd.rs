//! The data: one practice with a crowd of clients, and a thousand other practices beside it, made by the program's own
//! verbs in slices. Runs in a process of its own, which leaves a whole SQLite file behind.

use std::path::Path;

use ruh::access::{Actor, Who};
use ruh::accounts::{self, Confirmed};
use ruh::app::{App, Shared};
use ruh::chat;
use ruh::clients::{self, Inviting, Source, Typed};
use ruh::clock::Clock;
use ruh::config::Settings;
use ruh::error::Result;
use ruh::flows::{self, Needed};
use ruh::forms::{self, Definition, Item, Kind, Purpose};
use ruh::ids::{FormId, MemberId, PracticeId};
use ruh::members;
use ruh::people::Email;
use ruh::portal_access::{self, As};
use ruh::practice::{House, Practice};
use ruh::practices::{self, Created, Creation, NewPractice};
use ruh::words::Words;
use serde_json::{Value, json};

/// The password of everybody.
pub const PASSWORD: &str = "lantern orchid gravel";
/// The instance key, the same for both databases.
pub const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub const PRACTICES: usize = 1_000;
const CLIENTS_EACH: usize = 5;
/// People who fill in a form at once.
pub const FILLERS: usize = 50;
/// Practices in which a provider and a client have a conversation.
pub const TALKS: usize = 500;
/// Practices of one transaction.
const SLICE: usize = 20;

/// The owner's address of the practice with a number.
pub fn owner_of(number: usize) -> String {
    format!("owner@practice-{number}.example")
}

/// Fills the folder; whom to be is in people.json.
pub fn prepare(folder: &Path, crowd: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let people = runtime.block_on(make(folder, crowd)).expect("the data");
    std::fs::write(folder.join("people.json"), people.to_string()).expect("people.json");
}

async fn make(folder: &Path, crowd: usize) -> Result<Value> {
    let settings =
        Settings { data_dir: Some(folder.to_path_buf()), secret_key: Some(KEY.into()), ..Settings::default() };
    let app = App::open(settings.resolve()?, Clock::System)?;
    let made = ruh::demo::make(&app, PASSWORD, crowd).await?;
    let talks = others(&app).await?;
    let address = |role: &str| made.people.iter().find(|(what, _)| *what == role).map(|(_, address)| address.clone());
    let owner = address("Owner and provider").unwrap_or_default();
    let token = token_of(&app, owner.clone()).await?;
    let fillers = fillers(&app, owner.clone()).await?;
    // What the making has noted is chained now, so that no server does it while it is measured.
    ruh::audit::seal(&app).await?;
    let provider = address("Provider");
    Ok(json!({"owner": owner, "provider": provider, "token": token, "fillers": fillers, "talks": talks}))
}

/// Clients in their portal, each with a form of two hundred questions: the address of each, and the form's id.
async fn fillers(app: &Shared, owner: String) -> Result<Vec<(String, String)>> {
    let hash = app.passwords.hash(PASSWORD).await?;
    app.write(move |h| {
        let actor = Actor::system(practice_of(h, &owner)?);
        let p = h.practice(&actor);
        let forms::Saved::Saved(form) = forms::add(&p, Purpose::Form, &long_form())? else { panic!("a sound form") };
        let form = forms::publish(&p, form.id)?;
        (0..FILLERS).map(|number| filler(&p, number, &hash, form.id)).collect()
    })
    .await
}

fn filler(p: &Practice, number: usize, hash: &str, form: FormId) -> Result<(String, String)> {
    let email = format!("filler.{number}@harbourlight.example");
    let typed = Typed {
        first_name: "Fay".into(),
        last_name: format!("Filler {number}"),
        email: email.clone(),
        ..Typed::default()
    };
    let fields = clients::parse(p, &typed, Words::of("en"))?.expect("good fields");
    let client = clients::add(p, &fields, Inviting::Later, Source::Added)?.id;
    let account = accounts::create(&p.house(), &Email::parse(&email).expect("an address"), hash, Confirmed::Yes)?;
    portal_access::grant(p, client, account, As::Client)?;
    let given = flows::give_form(p, client, form, Needed::Required)?;
    Ok((email, given.to_string()))
}

/// Twenty pages of ten questions, of every kind that is typed or chosen.
fn long_form() -> Definition {
    let mut items = Vec::new();
    for page in 0..20 {
        items.push(Item::new(format!("page{page}"), Kind::Heading, format!("Page {page}")));
        for n in 0..10 {
            let kind = [Kind::ShortText, Kind::LongText, Kind::Number, Kind::YesNo, Kind::Scale][n % 5];
            items.push(Item::new(
                format!("q{page}.{n}"),
                kind,
                format!("Question {n} of page {page}, in a line of words?"),
            ));
        }
    }
    Definition { title: "A long form".into(), items, ..Definition::default() }
}

fn practice_of(h: &House, owner: &str) -> Result<PracticeId> {
    let key = Email::parse(owner).expect("an address").key;
    let account = accounts::address(h, &key)?.expect("the owner's address").account;
    Ok(members::of_account(h, account)?[0].0)
}

/// A provider's token, the address of their client, and the conversation between them.
pub type Talk = (String, String, String);

/// The other practices, each with a few clients; in the first of them there is a conversation.
async fn others(app: &Shared) -> Result<Vec<Talk>> {
    let hash = app.passwords.hash(PASSWORD).await?;
    let numbers: Vec<usize> = (0..PRACTICES).collect();
    let mut talks = Vec::new();
    for slice in numbers.chunks(SLICE) {
        let (slice, hash) = (slice.to_vec(), hash.clone());
        let made = app.write(move |h| slice.iter().map(|number| other(h, *number, &hash)).collect::<Result<Vec<_>>>());
        talks.extend(made.await?.into_iter().flatten());
    }
    Ok(talks)
}

fn other(h: &House, number: usize, hash: &str) -> Result<Option<Talk>> {
    let new = NewPractice {
        name: format!("Practice {number}"),
        time_zone: "Europe/Berlin".into(),
        owner_first_name: "Olive".into(),
        owner_last_name: format!("Owner {number}"),
        owner_email: Email::parse(&owner_of(number)).expect("an address"),
        password_hash: hash.to_string(),
    };
    let Creation::Created(Created { practice, owner, .. }) = practices::create(h, &new)? else {
        panic!("{} is taken", owner_of(number));
    };
    let actor = Actor::system(practice);
    let p = h.practice(&actor);
    for n in 0..CLIENTS_EACH {
        let typed = Typed {
            first_name: format!("Ana {n}"),
            last_name: format!("Marchetti {number}"),
            email: format!("ana.{n}@practice-{number}.example"),
            ..Typed::default()
        };
        let fields = clients::parse(&p, &typed, Words::of("en"))?.expect("good fields");
        clients::add(&p, &fields, Inviting::Later, Source::Added)?;
    }
    if number < TALKS { talk(&p, number, owner, hash).map(Some) } else { Ok(None) }
}

/// A client of the owner's, in their portal, and the conversation of both.
fn talk(p: &Practice, number: usize, owner: MemberId, hash: &str) -> Result<Talk> {
    let email = format!("tara@practice-{number}.example");
    let typed = Typed {
        first_name: "Tara".into(),
        last_name: format!("Talker {number}"),
        email: email.clone(),
        primary_provider_id: owner.to_string(),
        ..Typed::default()
    };
    let fields = clients::parse(p, &typed, Words::of("en"))?.expect("good fields");
    let client = clients::add(p, &fields, Inviting::Later, Source::Added)?.id;
    let account = accounts::create(&p.house(), &Email::parse(&email).expect("an address"), hash, Confirmed::Yes)?;
    portal_access::grant(p, client, account, As::Client)?;
    let member = members::active(p, owner)?.expect("the owner");
    let actor = Actor { practice: p.id, who: Who::Member(member) };
    let conversation = chat::begin(&p.house().practice(&actor), client)?;
    Ok((members::create_token(p, owner, "bench")?, email, conversation.to_string()))
}

async fn token_of(app: &Shared, owner: String) -> Result<String> {
    app.write(move |h| {
        let key = Email::parse(&owner).expect("an address").key;
        let account = accounts::address(h, &key)?.expect("the owner's address").account;
        let (practice, member): (PracticeId, _) = members::of_account(h, account)?[0];
        members::create_token(&h.practice(&Actor::system(practice)), member, "bench")
    })
    .await
}
