//! The data: one practice with a crowd of clients, and a thousand other practices beside it, made by the program's own
//! verbs in slices. Runs in a process of its own, which leaves a whole SQLite file behind.

use std::path::Path;

use ruh::access::Actor;
use ruh::accounts;
use ruh::app::{App, Shared};
use ruh::clients::{self, Inviting, Source, Typed};
use ruh::clock::Clock;
use ruh::config::Settings;
use ruh::error::Result;
use ruh::ids::PracticeId;
use ruh::members;
use ruh::people::Email;
use ruh::practice::House;
use ruh::practices::{self, Created, Creation, NewPractice};
use ruh::words::Words;
use serde_json::{Value, json};

/// The password of everybody.
pub const PASSWORD: &str = "lantern orchid gravel";
/// The instance key, the same for both databases.
pub const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub const PRACTICES: usize = 1_000;
const CLIENTS_EACH: usize = 5;
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
    others(&app).await?;
    let address = |role: &str| made.people.iter().find(|(what, _)| *what == role).map(|(_, address)| address.clone());
    let owner = address("Owner and provider").unwrap_or_default();
    let token = token_of(&app, owner.clone()).await?;
    // What the making has noted is chained now, so that no server does it while it is measured.
    ruh::audit::seal(&app).await?;
    Ok(json!({"owner": owner, "provider": address("Provider"), "token": token}))
}

/// The other practices, each with a few clients.
async fn others(app: &Shared) -> Result<()> {
    let hash = app.passwords.hash(PASSWORD).await?;
    let numbers: Vec<usize> = (0..PRACTICES).collect();
    for slice in numbers.chunks(SLICE) {
        let (slice, hash) = (slice.to_vec(), hash.clone());
        app.write(move |h| slice.iter().try_for_each(|number| other(h, *number, &hash))).await?;
    }
    Ok(())
}

fn other(h: &House, number: usize, hash: &str) -> Result<()> {
    let new = NewPractice {
        name: format!("Practice {number}"),
        time_zone: "Europe/Berlin".into(),
        owner_first_name: "Olive".into(),
        owner_last_name: format!("Owner {number}"),
        owner_email: Email::parse(&owner_of(number)).expect("an address"),
        password_hash: hash.to_string(),
    };
    let Creation::Created(Created { practice, .. }) = practices::create(h, &new)? else {
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
    Ok(())
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
