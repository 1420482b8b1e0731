//! Everybody who could ask: two practices with the same data, and each kind of actor in and around them.

use ruh::access::{Actor, Role};
use ruh::accounts::{self, Confirmed};
use ruh::flows::{self, Needed};
use ruh::forms::{self, Answer, Choice, Definition, Item, Kind, Purpose, Saved};
use ruh::ids::{AccessId, ClientId, MemberId};
use ruh::intake::{self, Given, Said};
use ruh::members;
use ruh::members::invitations::{self, Invited, Invitee};
use ruh::people::Email;
use ruh::portal_access;
use testkit::{Browser, Json, PASSWORD, TestApp, TestPractice, json};

pub struct World {
    pub ours: TestPractice,
    pub theirs: TestPractice,
    /// The subject: a client of ours with a provider on their team, in the portal.
    pub client: String,
    /// Their invitation, accepted.
    pub invitation: String,
    pub other_client: String,
    /// The same in the other practice.
    pub foreign_client: String,
    pub foreign_invitation: String,
    pub on_team: String,
    /// A group of ours, with a client in it.
    pub group: String,
    /// The invite link of ours for that group and the provider on the team.
    pub invite_link: String,
    /// Something that is news to the provider on the team.
    pub feed_item: String,
    /// Somebody around the client.
    pub contact: String,
    /// A record that was merged into the client's.
    pub merge: String,
    /// A document of theirs, shared with them.
    pub document: String,
    /// A form that the client handed in once and has begun again, with an answer that needs attention.
    pub client_form: String,
    pub alert: String,
    /// What is asked there.
    pub asked_form: String,
    /// A form of ours that is published, and the flow that it is a step of.
    pub form: String,
    pub flow: String,
    /// A bulk run of the owner's, ended, with nothing to undo.
    pub bulk_run: String,
    pub owner_session: String,
    /// A provider who is none of the actors.
    pub member: String,
    /// Somebody else's open invitation to the staff, as a provider.
    pub member_invitation: String,
    /// Their API token.
    pub token: String,
    /// The conversation of the provider on the team with the client.
    pub conversation: String,
    /// A message of that provider in it.
    pub message: String,
    /// A file that came with another.
    pub message_file: String,
    /// A message of theirs that waits for its time.
    pub scheduled: String,
    /// A saved reply of somebody who is none of the actors.
    pub reply: String,
    pub actors: Vec<(&'static str, Browser)>,
}

impl World {
    pub fn actor(&self, name: &str) -> Browser {
        let found = self.actors.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no actor {name}")).1.copy()
    }
}

fn newest_invitation(t: &TestApp, client: &str) -> String {
    let sql = format!("select id from invitations where client_id = {} order by id desc limit 1", t.raw.id(client));
    uuid_text(t.raw.rows(&sql)[0][0].as_deref().expect("an invitation"))
}

fn group_of(t: &TestApp, practice: &TestPractice) -> String {
    let practice = t.raw.id(&practice.id.to_string());
    let sql = format!("select id from client_groups where practice_id = {practice} order by position limit 1");
    uuid_text(t.raw.rows(&sql)[0][0].as_deref().expect("a group"))
}

async fn invite_link(t: &TestApp, practice: &TestPractice, group: &str, provider: &str) -> String {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let body = json!({"group_id": group, "provider_id": provider});
    let made = api.json("POST", "/api/v1/invite-links", &body).await;
    made.json()["id"].as_str().expect("an id").to_string()
}

async fn contact_of(t: &TestApp, practice: &TestPractice, client: &str) -> String {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let body = json!({"first_name": "Ingrid", "relation": "parent"});
    let made = api.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await;
    made.json()["id"].as_str().expect("an id").to_string()
}

/// An empty record, merged into the client's.
async fn merge_of(t: &TestApp, practice: &TestPractice, client: &str) -> String {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let gone = t.client(practice, json!({"first_name": "Anna", "primary_provider_id": null})).await;
    let made = api.json("POST", &format!("/api/v1/clients/{client}/merges"), &json!({"with": gone})).await;
    made.json()["id"].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_string()
}

/// A form that was handed in, given again and begun, its alert, and the form that it is.
async fn client_form_of(t: &TestApp, practice: &TestPractice, client: &str) -> [String; 3] {
    let client = ClientId(client.parse().unwrap());
    let mut nights = Item::new("nights", Kind::Single, "How are your nights?");
    let choice = |code: &str, alert| Choice {
        code: code.into(),
        label: code.into(),
        system: String::new(),
        points: Some(i64::from(alert)),
        alert,
    };
    nights.choices = vec![choice("good", false), choice("bad", true)];
    let asked = Definition { title: "How you are".into(), items: vec![nights], ..Definition::default() };
    let door = t.app.practice(Actor::system(practice.id));
    let made = door.write(move |p| {
        let Saved::Saved(form) = forms::add(p, Purpose::Form, &asked)? else { panic!("a sound form") };
        let form = forms::publish(p, form.id)?.id;
        let chosen = |code: &str| Given::now("nights", Said::Answer(Answer::Chosen(vec![code.into()])));
        let first = flows::give_form(p, client, form, Needed::Required)?;
        intake::save(p, first, p.new_id(), &[chosen("good")])?;
        intake::hand_in(p, first, None)?;
        let open = flows::give_form(p, client, form, Needed::Skippable)?;
        intake::save(p, open, p.new_id(), &[chosen("bad")])?;
        let alert = intake::alerts(p, client)?.first().expect("an alert").id;
        Ok([open.to_string(), alert.to_string(), form.to_string()])
    });
    made.await.unwrap()
}

async fn document_of(t: &TestApp, practice: &TestPractice, client: &str) -> String {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let path = format!("/api/v1/clients/{client}/documents");
    let made = api.upload(&path, &[("shared", "true")], Some(("letter.pdf", b"%PDF-1.4 a letter"))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().expect("an id").to_string()
}

/// A form that is published, and a flow with it.
pub async fn form_and_flow(t: &TestApp, practice: &TestPractice) -> (String, String) {
    let definition = Definition {
        title: "Before we meet".into(),
        items: vec![Item::new("q1", Kind::YesNo, "Do you sleep well?")],
        ..Definition::default()
    };
    let door = t.app.practice(Actor::system(practice.id));
    let form = door
        .write(move |p| match forms::add(p, Purpose::Form, &definition)? {
            Saved::Saved(form) => forms::publish(p, form.id),
            other => panic!("{other:?}"),
        })
        .await
        .unwrap();
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let body = json!({"name": "First weeks", "steps": [{"form_id": form.id}]});
    let made = api.json("POST", "/api/v1/flows", &body).await;
    let flow = made.json()["id"].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_string();
    (form.id.to_string(), flow)
}

/// What the provider on the team writes to the client: the conversation, a message, a file, and one that waits.
async fn chat_of(t: &TestApp, practice: &TestPractice, provider: MemberId, client: &str) -> [String; 4] {
    let mut api = t.browser().bearer(&t.token(practice, provider).await);
    let id = |made: testkit::Answer| {
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_str().expect("an id").to_string()
    };
    let begun = api.json("POST", &format!("/api/v1/clients/{client}/conversations"), &json!({})).await;
    let conversation = id(begun);
    let path = format!("/api/v1/conversations/{conversation}");
    let message = id(api.json("POST", &format!("{path}/messages"), &json!({"body": "Hello Ana"})).await);
    let sent = api.upload(&format!("{path}/files"), &[], Some(("plan.pdf", b"%PDF-1.4 a plan"))).await;
    let file = sent.json()["file"]["id"].as_str().expect("a file").to_string();
    let later = json!({"body": "See you", "at": "2026-09-01T09:00:00Z"});
    let scheduled = id(api.json("POST", &format!("{path}/scheduled"), &later).await);
    [conversation, message, file, scheduled]
}

async fn reply_of(t: &TestApp, practice: &TestPractice, member: MemberId) -> String {
    let mut api = t.browser().bearer(&t.token(practice, member).await);
    let made = api.json("POST", "/api/v1/chat/replies", &json!({"title": "Hours", "text": "We are open."})).await;
    made.json()["id"].as_str().expect("an id").to_string()
}

/// An id as the program writes it.
pub fn uuid_text(hex: &str) -> String {
    uuid::Uuid::parse_str(hex).expect("an id").to_string()
}

async fn portal(t: &TestApp, practice: &TestPractice, email: &str, body: Json) -> (String, Browser) {
    let mut whole = body;
    whole["email"] = json!(email);
    whole["send_invitation"] = json!(true);
    let id = t.client(practice, whole).await;
    t.send_mail().await;
    let mut browser = t.browser();
    browser.open_link(&t.mail_to(email).link()).await;
    let answer = browser.post("/invitation", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    (id, browser)
}

/// A contact of a client who is a minor, with every right but to book, who came in by their invitation.
async fn guardian(t: &TestApp, practice: &TestPractice, client: &str, address: &str) -> Browser {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let rights = ["details", "appointments", "messages", "forms", "receipts", "sign"];
    let body = json!({"first_name": "Lars", "relation": "legal_guardian", "email": address, "rights": rights});
    let made = api.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await;
    let id = made.json()["id"].as_str().expect("an id").to_string();
    let invited = api.json("POST", &format!("/api/v1/contacts/{id}/portal"), &json!({})).await;
    assert_eq!(invited.status, 200, "{}", invited.text);
    t.send_mail().await;
    let mut browser = t.browser();
    browser.open_link(&t.mail_to(address).link()).await;
    let answer = browser.post("/invitation", &[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    browser
}

/// The guardian of before, whose access has ended while they were signed in.
async fn former_guardian(t: &TestApp, practice: &TestPractice, client: &str) -> Browser {
    let browser = guardian(t, practice, client, "former.guardian@example.org").await;
    let id = t.raw.id(client);
    let sql = format!(
        "select id from portal_access where client_id = {id} and contact_id is not null order by id desc limit 1"
    );
    let access = AccessId(uuid_text(t.raw.rows(&sql)[0][0].as_deref().expect("an access")).parse().unwrap());
    t.app.practice(Actor::system(practice.id)).write(move |p| portal_access::end(p, access)).await.unwrap();
    // The matrix brings back what its own requests end, and nothing else.
    t.raw.run("update sessions set ended_at = 1 where ended_at > 1");
    browser
}

/// A provider who was on the client's care team and has left it.
async fn former_provider(t: &TestApp, practice: &TestPractice, client: &str) -> Browser {
    let member = t.member(practice, Role::Provider, "former@calm.example").await.to_string();
    let browser = t.signed_in("former@calm.example").await;
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let path = format!("/api/v1/clients/{client}");
    for (team, seen) in [(json!([member]), 200), (json!([]), 404)] {
        let changed = api.json("PATCH", &path, &json!({"care_team_ids": team})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!(browser.copy().get(&format!("/clients/{client}")).await.status, seen);
    }
    browser
}

/// The client, signed in at the desk with a one-time passphrase.
async fn at_desk(t: &TestApp, practice: &TestPractice, client: &str, email: &str) -> Browser {
    let mut api = t.browser().bearer(&t.token(practice, practice.owner).await);
    let made = api.json("POST", &format!("/api/v1/clients/{client}/passphrase"), &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let passphrase = made.json()["passphrase"].as_str().expect("a passphrase").to_string();
    let mut browser = t.browser();
    let answer = browser.post("/sign-in", &[("email", email), ("password", &passphrase)]).await;
    assert_eq!(answer.location(), "/portal/password", "{}", answer.text);
    browser
}

/// A device that the owner has handed over to the client.
async fn handed_over(t: &TestApp, owner: &mut Browser, client: &str) -> Browser {
    let made = owner.post(&format!("/clients/{client}/hand-over"), &[("where", "elsewhere")]).await;
    let found = |text: &str, before: &str, after: char| {
        text.split(before).nth(1).and_then(|rest| rest.split(after).next()).expect("it is there").to_string()
    };
    let mut browser = t.browser();
    let door = browser.open_link(&found(&made.text, "id=\"hand-over-address\">", '<')).await;
    let link = found(&door.text, "name=\"link\" value=\"", '"');
    let opened = browser.post("/hand-over/open", &[("link", &link)]).await;
    assert_eq!(opened.location(), "/hand-over", "{}", opened.text);
    browser
}

/// Somebody with an account of their own, signed in, who reaches nothing here but an open invitation to the staff.
async fn invited_staff(t: &TestApp, practice: &TestPractice) -> Browser {
    let hash = t.app.passwords.hash(PASSWORD).await.unwrap();
    let email = Email::parse("invited@calm.example").unwrap();
    t.app.write(move |h| accounts::create(h, &email, &hash, Confirmed::Yes)).await.unwrap();
    invitation(t, practice, Role::Owner, "invited@calm.example").await;
    t.signed_in("invited@calm.example").await
}

/// An open invitation to the staff.
async fn invitation(t: &TestApp, practice: &TestPractice, role: Role, email: &str) -> String {
    let email = Email::parse(email).unwrap();
    let (first_name, last_name) = ("Ines".to_string(), "Invited".to_string());
    let invitee = Invitee { first_name, last_name, email, role, sees_clients: true };
    let door = t.app.practice(Actor::system(practice.id));
    let invited = door.write(move |p| invitations::invite(p, &invitee)).await.unwrap();
    let Invited::Queued(id) = invited else { panic!("{invited:?}") };
    t.send_mail().await;
    id.to_string()
}

/// The id of a new API token.
async fn token_of(t: &TestApp, practice: &TestPractice, member: MemberId) -> String {
    t.token(practice, member).await;
    let sql = format!("select id from api_tokens where member_id = {}", t.raw.id(&member.to_string()));
    uuid_text(t.raw.rows(&sql)[0][0].as_deref().expect("a token"))
}

/// Somebody who was signed in as staff when they were disabled.
async fn disabled(t: &TestApp, practice: &TestPractice) -> Browser {
    let member = t.member(practice, Role::Admin, "disabled@calm.example").await;
    let browser = t.signed_in("disabled@calm.example").await;
    let door = t.app.practice(Actor::system(practice.id));
    door.write(move |p| members::disable(p, member)).await.unwrap().unwrap();
    // The matrix brings back what its own requests end, and nothing else.
    t.raw.run(
        "update members set disabled_at = 1 where disabled_at > 1; update sessions set ended_at = 1 where ended_at > 1",
    );
    browser
}

/// A run that leaves the client as they were.
async fn bulk_run(t: &TestApp, owner: &mut Browser, group: &str, client: &str) -> String {
    let begun = owner.post("/clients/bulk", &[("action", "group"), ("group_id", group), ("id", client)]).await;
    t.run_jobs().await;
    begun.location().rsplit('/').next().expect("an id").to_string()
}

pub async fn world(t: &TestApp) -> World {
    let ours = t.practice("Calm Harbour").await;
    let theirs = t.practice("Other Shore").await;
    let admin = t.member(&ours, Role::Admin, "admin@calm.example").await;
    let on = t.member(&ours, Role::Provider, "on@calm.example").await;
    let off = t.member(&ours, Role::Provider, "off@calm.example").await;
    t.member(&ours, Role::Support, "support@calm.example").await;
    let spare = t.member(&ours, Role::Provider, "spare@calm.example").await;
    let on_team = on.to_string();
    let group = group_of(t, &ours);
    let same =
        json!({"first_name": "Ana", "last_name": "Marchetti", "record_number": "R-1", "date_of_birth": "2016-05-01"});
    let mut of_team = same.clone();
    of_team["primary_provider_id"] = json!(on_team);
    of_team["group_id"] = json!(group);
    let (client, client_browser) = portal(t, &ours, "ana@example.org", of_team).await;
    let other = json!({"first_name": "Bea", "last_name": "Other"});
    let (other_client, other_browser) = portal(t, &ours, "bea@example.org", other).await;
    let (foreign_client, foreign_browser) = portal(t, &theirs, "cleo@example.org", same).await;
    let guardian = guardian(t, &ours, &client, "guardian@example.org").await;
    let owner = t.signed_in(&ours.owner_email).await;
    let owner_session = t.raw.rows("select id from sessions order by id desc limit 1")[0][0].clone().unwrap();
    let bulk_run = bulk_run(t, &mut owner.copy(), &group, &client).await;
    let handed_over = handed_over(t, &mut owner.copy(), &client).await;
    let actors = vec![
        ("anonymous", t.browser()),
        ("owner", owner),
        ("admin", t.signed_in("admin@calm.example").await),
        ("provider_on", t.signed_in("on@calm.example").await),
        ("provider_off", t.signed_in("off@calm.example").await),
        ("support", t.signed_in("support@calm.example").await),
        ("client", client_browser),
        ("other_client", other_browser),
        ("guardian", guardian),
        ("foreign_owner", t.signed_in(&theirs.owner_email).await),
        ("foreign_client", foreign_browser),
        ("token_owner", t.browser().bearer(&t.token(&ours, ours.owner).await)),
        ("token_off", t.browser().bearer(&t.token(&ours, off).await)),
        ("foreign_token", t.browser().bearer(&t.token(&theirs, theirs.owner).await)),
        ("invited_staff", invited_staff(t, &ours).await),
        ("disabled", disabled(t, &ours).await),
        ("token_admin", t.browser().bearer(&t.token(&ours, admin).await)),
        ("at_desk", at_desk(t, &ours, &client, "ana@example.org").await),
        ("former_guardian", former_guardian(t, &ours, &client).await),
        ("former_provider", former_provider(t, &ours, &client).await),
        ("handed_over", handed_over),
    ];
    // Each from an address of their own: guesses are counted by address, and nobody here is this machine.
    let actors = actors
        .into_iter()
        .enumerate()
        .map(|(n, (name, browser))| (name, browser.from([10, 0, 0, u8::try_from(n).unwrap()])))
        .collect();
    let invite_link = invite_link(t, &ours, &group, &on_team).await;
    let contact = contact_of(t, &ours, &client).await;
    let merge = merge_of(t, &ours, &client).await;
    let document = document_of(t, &ours, &client).await;
    let [client_form, alert, asked_form] = client_form_of(t, &ours, &client).await;
    let (form, flow) = form_and_flow(t, &ours).await;
    let [conversation, message, message_file, scheduled] = chat_of(t, &ours, on, &client).await;
    let reply = reply_of(t, &ours, spare).await;
    // From here on a stream ends once it has said how things stand.
    t.app.bus.stop();
    let feed_item = t.raw.rows("select id from feed_items order by id limit 1")[0][0].clone().expect("an item");
    World {
        feed_item: uuid_text(&feed_item),
        contact,
        merge,
        document,
        form,
        client_form,
        alert,
        asked_form,
        flow,
        conversation,
        message,
        message_file,
        scheduled,
        reply,
        invitation: newest_invitation(t, &client),
        foreign_invitation: newest_invitation(t, &foreign_client),
        owner_session: uuid_text(&owner_session),
        member: spare.to_string(),
        token: token_of(t, &ours, spare).await,
        member_invitation: invitation(t, &ours, Role::Provider, "asked@calm.example").await,
        ours,
        theirs,
        client,
        other_client,
        foreign_client,
        invite_link,
        on_team,
        group,
        bulk_run,
        actors,
    }
}
