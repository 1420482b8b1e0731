//! G1–G4, R32, R33, R60, R63, R66: the welcome message, groups and many, files, notices, hours, what is put away.

use std::time::Duration;

use testkit::ruh::access::{Actor, Role};
use testkit::{Browser, Json, PASSWORD, TestApp, TestPractice, both_engines, json, ruh};

use crate::chat::{id, program, read, say, with};
use crate::streams::Listening;

async fn set(api: &mut Browser, change: &Json) {
    let changed = api.json("PATCH", "/api/v1/chat/settings", change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

/// The bodies of a client's messages, the newest first, as the client's conversations hold them.
async fn bodies(api: &mut Browser, client: &str) -> Vec<String> {
    let all = api.get(&format!("/api/v1/clients/{client}/conversations")).await.json();
    let mut found = Vec::new();
    for conversation in all["items"].as_array().unwrap() {
        let messages = api.get(&format!("/api/v1/conversations/{}/messages", id(conversation))).await.json();
        found.extend(messages["items"].as_array().unwrap().iter().map(|m| m["body"].as_str().unwrap().to_string()));
    }
    found
}

fn welcomes(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from messages where kind = 'welcome'")
}

pub async fn owner_of(t: &TestApp, practice: &TestPractice) -> Browser {
    program(t, practice, practice.owner).await
}

both_engines! {
    async fn g3_every_new_client_is_welcomed_once_however_they_came(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut api = owner_of(&t, &practice).await;
        let before = t.client(&practice, json!({"email": "before@example.org"})).await;
        // Gear, Chat, the switch, Edit, Save changes.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get("/settings/chat").await.text;
        assert!(page.contains(">Chat</a>") && page.contains("role=\"switch\" aria-checked=\"false\"") && page.contains(">Edit</a>"), "{page}");
        assert_eq!(owner.post("/settings/chat/welcome/switch", &[("to", "on")]).await.location(), "/settings/chat");
        assert!(owner.get("/settings/chat").await.text.contains("aria-checked=\"true\""));
        let form = owner.get("/settings/chat/welcome").await.text;
        assert!(form.contains("Save changes") && form.contains("As a client reads it"), "{form}");
        let refused = owner.post("/settings/chat/welcome", &[("welcome_text", "Hi {clent}")]).await;
        assert!(refused.status == 422 && refused.text.contains("{clent} is no placeholder"), "{}", refused.text);
        let shown = owner.post("/settings/chat/welcome/preview", &[("welcome_text", "Hi {client} from {provider}, {practice}")]).await.text;
        assert!(shown.contains("Hi Ana from Olive Owner, Calm Harbour"), "{shown}");
        let text = "Hi {client}, I am {provider} of {practice}.";
        assert_eq!(owner.post("/settings/chat/welcome", &[("welcome_text", text)]).await.location(), "/settings/chat");
        // Added by hand, through the API, by an invite link.
        let form = [("first_name", "Bea"), ("last_name", "Hand"), ("email", "bea@example.org"), ("primary_provider_id", &practice.owner.to_string()), ("send_invitation", "on")];
        let added = owner.post("/clients", &form).await;
        let bea = added.location().rsplit('/').next().unwrap().to_string();
        assert_eq!(bodies(&mut api, &bea).await, ["Hi Bea, I am Olive Owner of Calm Harbour."]);
        let cleo = t.client(&practice, json!({"first_name": "Cleopatra", "preferred_name": "Cleo", "email": "cleo@example.org"})).await;
        assert_eq!(bodies(&mut api, &cleo).await, ["Hi Cleo, I am Olive Owner of Calm Harbour."]);
        assert_eq!(welcomes(&t), 2);
        // Waiting as the first message when the portal opens, and not twice.
        t.send_mail().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to("bea@example.org").link()).await;
        assert_eq!(browser.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        assert!(browser.get("/portal").await.text.contains("Unread messages in a conversation"));
        let list = browser.get("/portal/messages").await.text;
        let at = list.find("/portal/messages/0").expect("a conversation") + "/portal/messages/".len();
        let page = browser.get(&format!("/portal/messages/{}", &list[at..at + 36])).await.text;
        assert!(page.contains("Hi Bea, I am Olive Owner") && page.contains("composer"), "the client can answer: {page}");
        assert_eq!(welcomes(&t), 2);
        // A text that was changed applies from then on; a provider's own comes before it.
        set(&mut api, &json!({"welcome_text": "New: {client}"})).await;
        let dora = t.client(&practice, json!({"first_name": "Dora", "email": "dora@example.org"})).await;
        assert_eq!(bodies(&mut api, &dora).await, ["New: Dora"]);
        assert_eq!(bodies(&mut api, &cleo).await, ["Hi Cleo, I am Olive Owner of Calm Harbour."]);
        assert_eq!(api.json("PATCH", "/api/v1/chat/own", &json!({"welcome_text": "Mine: {client}"})).await.status, 200);
        let emil = t.client(&practice, json!({"first_name": "Emil", "email": "emil@example.org"})).await;
        assert_eq!(bodies(&mut api, &emil).await, ["Mine: Emil"]);
        // Nobody to read it, or nobody to send it: it waits for both.
        let without = t.client(&practice, json!({"first_name": "Fay"})).await;
        let nobodys = t.client(&practice, json!({"first_name": "Gus", "email": "gus@example.org", "primary_provider_id": null})).await;
        assert_eq!((bodies(&mut api, &without).await.len(), bodies(&mut api, &nobodys).await.len()), (0, 0));
        for (client, change) in [(&without, json!({"email": "fay@example.org"})), (&nobodys, json!({"primary_provider_id": practice.owner.to_string()}))] {
            for _ in 0..2 {
                assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &change).await.status, 200);
                assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &json!({"pronouns": "they"})).await.status, 200);
            }
        }
        assert_eq!(bodies(&mut api, &without).await, ["Mine: Fay"]);
        assert_eq!(bodies(&mut api, &nobodys).await, ["Mine: Gus"]);
        // Who was there before it was switched on is not greeted by a change; who was written to is nobody new.
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{before}"), &json!({"pronouns": "she"})).await.status, 200);
        assert_eq!(bodies(&mut api, &before).await.len(), 0);
        let known = with(&mut api, &before).await;
        say(&mut api, &known, "Hello again").await;
        assert_eq!(api.json("POST", &format!("/api/v1/clients/{before}/invitations"), &json!({})).await.status, 201);
        t.send_mail().await;
        let mut browser = t.browser();
        browser.open_link(&t.mail_to("before@example.org").link()).await;
        assert_eq!(browser.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        assert_eq!(bodies(&mut api, &before).await, ["Hello again"]);
        // Switched off nobody is.
        set(&mut api, &json!({"welcome": false})).await;
        let hana = t.client(&practice, json!({"first_name": "Hana", "email": "hana@example.org"})).await;
        assert_eq!(bodies(&mut api, &hana).await.len(), 0);
    }

    async fn g3_under_races_there_is_one_welcome(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut api = owner_of(&t, &practice).await;
        set(&mut api, &json!({"welcome": true})).await;
        let client = t.client(&practice, json!({"first_name": "Ana"})).await;
        let door = t.app.practice(Actor::system(practice.id));
        let id: ruh::ids::ClientId = client.parse().unwrap();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let door = door.clone();
            running.spawn(async move { door.write(move |p| ruh::chat::welcome(p, id, ruh::chat::Moment::InPortal)).await });
        }
        assert!(running.join_all().await.iter().all(Result::is_ok));
        assert_eq!(welcomes(&t), 1);
    }

    async fn g1_groups_and_messages_to_many(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (ana, mut ana_browser) = t.client_in_portal(&practice, "ana@example.org").await;
        let (bea, mut bea_browser) = t.client_in_portal(&practice, "bea@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let given = "019caf10-8770-72e9-a79e-990e7d12e773";
        let many = json!({"client_ids": [ana, bea], "body": "We are closed on Friday.", "given_id": given});
        for _ in 0..2 {
            let sent = api.json("POST", "/api/v1/messages/many", &many).await;
            assert_eq!((sent.status, &sent.json()["sent"]), (200, &json!(2)), "{}", sent.text);
        }
        assert_eq!(t.raw.count("select count(*) from messages"), 2);
        assert!(!ana_browser.get("/portal/messages").await.text.contains("Bea"), "nobody sees the others");
        // One of them is somebody else's: it goes to nobody.
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let theirs = t.client(&practice, json!({"primary_provider_id": off.to_string()})).await;
        let refused = json!({"client_ids": [ana, theirs], "body": "x"});
        let mut stranger = program(&t, &practice, off).await;
        assert_eq!(stranger.json("POST", "/api/v1/messages/many", &refused).await.status, 404);
        assert_eq!(t.raw.count("select count(*) from messages"), 2);
        // One of them is closed: it is said whose, and it goes to nobody.
        let closed = with(&mut api, &bea).await;
        let path = format!("/api/v1/conversations/{closed}");
        assert_eq!(api.json("PATCH", &path, &json!({"closed": true})).await.status, 200);
        let refused = api.json("POST", "/api/v1/messages/many", &json!({"client_ids": [ana, bea], "body": "x"})).await;
        assert!(refused.status == 422 && refused.text.contains("sent to nobody"), "{}", refused.text);
        assert_eq!(t.raw.count("select count(*) from messages"), 2);
        assert_eq!(api.json("PATCH", &path, &json!({"closed": false})).await.status, 200);
        // A group: everybody reads everything, and whoever is taken out nothing more.
        let group = json!({"title": "Tuesday circle", "client_ids": [ana, bea]});
        let made = api.json("POST", "/api/v1/conversations", &group).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let group = id(&made.json());
        say(&mut api, &group, "Welcome, both").await;
        let path = format!("/portal/messages/{group}");
        assert_eq!(ana_browser.upload(&format!("{path}/messages"), &[("body", "Hello Bea")], None).await.status, 303);
        let seen = bea_browser.get(&path).await.text;
        assert!(seen.contains("Hello Bea") && seen.contains("Tuesday circle"), "{seen}");
        assert_eq!(stranger.get(&format!("/api/v1/conversations/{group}")).await.status, 404);
        assert_eq!(stranger.json("POST", "/api/v1/conversations", &json!({"title": "x", "client_ids": [ana]})).await.status, 404);
        assert_eq!(api.json("POST", "/api/v1/conversations", &json!({"title": "x", "client_ids": [ana], "member_ids": [off]})).await.status, 422);
        assert_eq!(api.json("POST", &format!("/api/v1/conversations/{group}/leave"), &json!({"client_id": bea})).await.status, 200);
        assert_eq!(bea_browser.get(&path).await.status, 404);
        assert_eq!(ana_browser.get(&path).await.status, 200);
        // Twice nobody is taken out, and nobody by another kind's id.
        let leave = format!("/api/v1/conversations/{group}/leave");
        for who in [json!({"client_id": bea}), json!({"client_id": practice.owner.to_string()})] {
            assert_eq!(api.json("POST", &leave, &who).await.status, 404);
        }
        // What somebody wrote who has left is for those alone who care for them too.
        let both = t.member(&practice, Role::Provider, "both@calm.example").await;
        let teams = |of_bea: Json| [(ana.clone(), json!([practice.owner.to_string(), both.to_string()])), (bea.clone(), of_bea)];
        for (client, team) in teams(json!([practice.owner.to_string(), both.to_string()])) {
            let team = json!({"care_team_ids": team});
            assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
        }
        let two = json!({"title": "Two", "client_ids": [ana, bea], "member_ids": [both]});
        let two = id(&api.json("POST", "/api/v1/conversations", &two).await.json());
        assert_eq!(api.json("POST", &format!("/api/v1/conversations/{two}/leave"), &json!({"client_id": bea})).await.status, 200);
        let mut second = program(&t, &practice, both).await;
        let two = format!("/api/v1/conversations/{two}");
        assert_eq!(second.get(&two).await.status, 200);
        for (client, team) in teams(json!([practice.owner.to_string()])) {
            let team = json!({"care_team_ids": team});
            assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
        }
        assert_eq!(second.get(&two).await.status, 404);
        assert_eq!(second.get("/api/v1/conversations").await.json()["items"], json!([]));
        // The page does the same.
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get("/chat/new").await.text;
        assert!(page.contains("Ana Marchetti") && page.contains("nobody sees the others"), "{page}");
        let sent = owner.post("/chat/new", &[("client_ids", &ana), ("client_ids", &bea), ("way", "each"), ("body", "By page")]).await;
        assert_eq!((sent.status, sent.location()), (303, "/chat"), "{}", sent.text);
        let refused = owner.post("/chat/new", &[("way", "each"), ("body", "x")]).await;
        assert!(refused.status == 422 && refused.text.contains("Choose 1 to 500 clients"), "{}", refused.text);
        // The practice as a whole, by the front desk.
        let desk = t.member(&practice, Role::Support, "desk@calm.example").await;
        let mut desk = program(&t, &practice, desk).await;
        assert_eq!(desk.json("POST", &format!("/api/v1/clients/{ana}/conversations"), &json!({"kind": "direct"})).await.status, 404);
        let made = desk.json("POST", &format!("/api/v1/clients/{ana}/conversations"), &json!({"kind": "practice"})).await;
        let with_practice = id(&made.json());
        say(&mut desk, &with_practice, "Your receipt is ready.").await;
        assert!(ana_browser.get("/portal/messages").await.text.contains("Calm Harbour"));
        let sent = ana_browser.upload(&format!("/portal/messages/{with_practice}/messages"), &[("body", "Thanks")], None).await;
        assert_eq!(sent.status, 303);
        assert_eq!(desk.get("/api/v1/conversations").await.json()["items"][0]["unread"], 1);
    }

    async fn g1_clients_write_first_only_where_the_practice_lets_them(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let owner = practice.owner.to_string();
        let begin = [("with", owner.as_str())];
        assert_eq!(ana.post("/portal/messages/begin", &begin).await.status, 409);
        set(&mut api, &json!({"clients_begin": true})).await;
        let page = ana.get("/portal/messages").await.text;
        assert!(page.contains("Write to somebody") && page.contains("Olive Owner"), "{page}");
        let begun = ana.post("/portal/messages/begin", &begin).await;
        let path = begun.location().to_string();
        assert_eq!(ana.upload(&format!("{path}/messages"), &[("body", "First")], None).await.status, 303);
        assert_eq!(ana.post("/portal/messages/begin", &[("with", "practice")]).await.status, 303);
        let stranger = t.member(&practice, Role::Provider, "off@calm.example").await.to_string();
        assert_eq!(ana.post("/portal/messages/begin", &[("with", &stranger)]).await.status, 404);
        // Forbidden again, whoever had begun waits until somebody has answered.
        set(&mut api, &json!({"clients_begin": false})).await;
        assert_eq!(ana.upload(&format!("{path}/messages"), &[("body", "Second")], None).await.status, 409);
        let conversation = path.rsplit('/').next().unwrap().to_string();
        say(&mut api, &conversation, "I am here").await;
        assert_eq!(ana.upload(&format!("{path}/messages"), &[("body", "Third")], None).await.status, 303);
        // Closed, archived: nothing is written, everything is read.
        for (change, back, said) in [(json!({"closed": true}), json!({"closed": false}), "is closed")] {
            assert_eq!(api.json("PATCH", &format!("/api/v1/conversations/{conversation}"), &change).await.status, 200);
            assert_eq!(ana.upload(&format!("{path}/messages"), &[("body", "x")], None).await.status, 409);
            assert!(ana.get(&path).await.text.contains(said));
            assert_eq!(ana.post(&format!("{path}/set"), &[("what", "reopen")]).await.status, 404);
            assert_eq!(api.json("PATCH", &format!("/api/v1/conversations/{conversation}"), &back).await.status, 200);
        }
        // Put away by one it is there for the other, and comes back with the next message.
        assert_eq!(ana.post(&format!("{path}/set"), &[("what", "archive")]).await.location(), "/portal/messages");
        assert!(!ana.get("/portal/messages").await.text.contains(&conversation));
        assert!(ana.get("/portal/messages?show=archive").await.text.contains(&conversation));
        say(&mut api, &conversation, "And again").await;
        assert!(ana.get("/portal/messages").await.text.contains(&conversation));
    }

    async fn r24_guardians_write_by_their_rights(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut api = owner_of(&t, &practice).await;
        let mia = t.client(&practice, json!({"first_name": "Mia", "date_of_birth": "2016-05-01"})).await;
        let conversation = with(&mut api, &mia).await;
        say(&mut api, &conversation, "Hello Mia's family").await;
        let body = json!({"first_name": "Lars", "relation": "parent", "email": "lars@example.org", "rights": ["messages"]});
        let contact = id(&api.json("POST", &format!("/api/v1/clients/{mia}/contacts"), &body).await.json());
        assert_eq!(api.json("POST", &format!("/api/v1/contacts/{contact}/portal"), &json!({})).await.status, 200);
        t.send_mail().await;
        let mut lars = t.browser();
        lars.open_link(&t.mail_to("lars@example.org").link()).await;
        lars.post("/invitation", &[("password", PASSWORD)]).await;
        let path = format!("/portal/messages/{conversation}");
        assert!(lars.get(&path).await.text.contains("Hello Mia&#39;s family"));
        assert_eq!(lars.upload(&format!("{path}/messages"), &[("body", "This is Lars")], None).await.status, 303);
        let messages = api.get(&format!("/api/v1/conversations/{conversation}/messages")).await.json();
        assert_eq!(messages["items"][0]["sender"], json!({"kind": "contact", "id": null, "name": "Lars"}));
        let mut stream = crate::streams::Listening::to(&t, &lars, &format!("/portal/messages/live?conversation={conversation}")).await;
        stream.event("unseen").await;
        assert_eq!(api.json("PATCH", &format!("/api/v1/contacts/{contact}"), &json!({"rights": ["forms"]})).await.status, 200);
        stream.gone().await;
        for path in [path.as_str(), "/portal/messages"] {
            assert_eq!(lars.get(path).await.status, 404, "{path}");
        }
        assert!(!lars.get("/portal").await.text.contains("/portal/messages"));
    }

    async fn r63_a_mail_says_that_something_waits_and_nothing_of_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        t.run_jobs().await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        let before = t.mails().len();
        say(&mut api, &conversation, "a telling word").await;
        say(&mut api, &conversation, "another").await;
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before, "not at once");
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1, "one for a conversation");
        let mail = t.mail_to("ana@example.org");
        let whole = format!("{mail:?}");
        assert!(whole.contains("A message waits for you") && whole.contains(&format!("/portal/messages/{conversation}")), "{whole}");
        for word in ["telling", "another", "Olive", "Harbour"] {
            assert!(!whole.contains(word), "{word}: {whole}");
        }
        say(&mut api, &conversation, "third").await;
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1, "until it was read there is no second");
        // Read meanwhile: none.
        read(&mut ana, &conversation).await;
        say(&mut api, &conversation, "fourth").await;
        read(&mut ana, &conversation).await;
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1);
        // Read and written again: one more. Muted: none.
        say(&mut api, &conversation, "fifth").await;
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 2);
        let mut ana = t.signed_in("ana@example.org").await;
        read(&mut ana, &conversation).await;
        assert_eq!(ana.post(&format!("/portal/messages/{conversation}/set"), &[("what", "mute")]).await.status, 303);
        say(&mut api, &conversation, "sixth").await;
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 2);
    }

    async fn r63_a_mail_goes_once_and_only_of_what_has_waited(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        t.run_jobs().await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        let before = t.mails().len();
        // At 0, 1, 2 and 3 minutes, the first three read at once.
        for n in 0..4 {
            say(&mut api, &conversation, "x").await;
            if n < 3 {
                read(&mut ana, &conversation).await;
                t.advance_minutes(1);
            }
        }
        t.advance_minutes(9);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before, "it has waited nine minutes");
        t.advance_minutes(2);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1);
        t.advance_minutes(30);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1);
        // Read, and nine minutes later there is another.
        let mut ana = t.signed_in("ana@example.org").await;
        say(&mut api, &conversation, "x").await;
        read(&mut ana, &conversation).await;
        t.advance_minutes(9);
        say(&mut api, &conversation, "x").await;
        t.advance_minutes(9);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1);
        t.advance_minutes(2);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 2);
        assert_eq!(t.raw.count("select count(*) from jobs where kind = 'message.tell'"), 0);
    }

    async fn r63_the_first_message_to_the_practice_is_mailed_to_those_who_care(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        t.run_jobs().await;
        let mut api = owner_of(&t, &practice).await;
        set(&mut api, &json!({"clients_begin": true})).await;
        let begun = ana.post("/portal/messages/begin", &[("with", "practice")]).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let path = format!("{}/messages", begun.location());
        assert_eq!(ana.upload(&path, &[("body", "Is anybody there?")], None).await.status, 303);
        let before = t.mails().len();
        t.advance_minutes(11);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), before + 1);
        let mail = format!("{:?}", t.mail_to(&practice.owner_email));
        assert!(mail.contains("A message waits for you"), "{mail}");
    }

    async fn g4_outside_of_hours_there_is_a_reply(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "Hello").await;
        let path = format!("/portal/messages/{conversation}/messages");
        // Monday, ten o'clock in New York.
        set(&mut api, &json!({"hours": ["09:00-17:00", "", "", "", "", "", ""], "hours_text": "We are closed."})).await;
        ana.upload(&path, &[("body", "In time")], None).await;
        assert_eq!(t.raw.count("select count(*) from messages where kind = 'automatic'"), 0);
        t.advance(Duration::from_secs(8 * 3_600));
        let mut ana = t.signed_in("ana@example.org").await;
        for body in ["Late", "Later"] {
            assert_eq!(ana.upload(&path, &[("body", body)], None).await.status, 303);
        }
        assert_eq!(t.raw.count("select count(*) from messages where kind = 'automatic'"), 1, "one, however much is written");
        let page = ana.get(&format!("/portal/messages/{conversation}")).await.text;
        assert!(page.contains("We are closed.") && page.contains("automatic reply"), "{page}");
        // Away comes before the hours.
        t.advance(Duration::from_secs(13 * 3_600));
        let away = json!({"away_from": "2026-03-01", "away_until": "2026-03-05", "away_text": "I am at the sea."});
        assert_eq!(api.json("PATCH", "/api/v1/chat/own", &away).await.status, 200);
        let mut ana = t.signed_in("ana@example.org").await;
        ana.upload(&path, &[("body", "Are you there?")], None).await;
        assert!(ana.get(&format!("/portal/messages/{conversation}")).await.text.contains("I am at the sea."));
        let wrong = api.json("PATCH", "/api/v1/chat/own", &json!({"away_until": "2026-02-01"})).await;
        assert_eq!(wrong.status, 422);
    }

    async fn g2_messages_wait_for_their_time(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        let path = format!("/api/v1/conversations/{conversation}/scheduled");
        let later = json!({"body": "See you tomorrow", "at": "2026-03-02T18:00:00Z"});
        let kept = api.json("POST", &path, &later).await;
        assert_eq!(kept.status, 201, "{}", kept.text);
        let gone = id(&api.json("POST", &path, &json!({"body": "Never", "at": "2026-03-02T18:00:00Z"})).await.json());
        assert_eq!(api.json("POST", &path, &json!({"body": "x", "at": "2026-03-02T14:00:00Z"})).await.status, 422, "it is over");
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.upload(&format!("/chat/{conversation}/later"), &[("body", "By page"), ("at", "2026-03-02T12:30")], None).await;
        assert_eq!(page.status, 303, "{}", page.text);
        // A file would be left behind: it is said, and what was typed stays.
        let typed = [("body", "With a file"), ("at", "2026-03-02T12:30")];
        let refused = owner.upload(&format!("/chat/{conversation}/later"), &typed, Some(("a.txt", b"x"))).await;
        assert!(refused.status == 422 && refused.text.contains("A file cannot wait") && refused.text.contains("With a file"));
        assert!(owner.get(&format!("/chat/{conversation}")).await.text.contains("See you tomorrow"));
        assert!(!ana.get("/portal/messages").await.text.contains(&conversation));
        assert_eq!(api.json("DELETE", &format!("/api/v1/scheduled-messages/{gone}"), &json!({})).await.status, 200);
        t.advance(Duration::from_secs(3 * 3_600 + 60));
        t.run_jobs().await;
        let found = bodies(&mut api, &client).await;
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&"By page".to_string()) && found.contains(&"See you tomorrow".to_string()));
        // Archiving says what is not sent, and it is not, although the client comes back.
        let pending = json!({"body": "For an archived one", "at": "2026-03-04T18:00:00Z"});
        assert_eq!(api.json("POST", &path, &pending).await.status, 201);
        let archive = format!("/api/v1/clients/{client}/archive");
        assert_eq!(api.get(&archive).await.json()["messages_that_are_not_sent"], 1);
        let page = t.signed_in(&practice.owner_email).await.get(&format!("/clients/{client}/archive")).await;
        assert!(page.text.contains("1 message that waits"), "{}", page.text);
        assert_eq!(api.json("POST", &archive, &json!({})).await.status, 200);
        assert_eq!(api.json("POST", &format!("/api/v1/clients/{client}/restore"), &json!({})).await.status, 200);
        assert_eq!(t.raw.count("select count(*) from scheduled_messages where state = 'waiting'"), 0);
        // Whoever may not write any more when its time comes has written nothing.
        assert_eq!(api.json("POST", &path, &json!({"body": "Too late", "at": "2026-03-03T18:00:00Z"})).await.status, 201);
        let close = json!({"closed": true});
        assert_eq!(api.json("PATCH", &format!("/api/v1/conversations/{conversation}"), &close).await.status, 200);
        t.advance(Duration::from_secs(30 * 3_600));
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from messages"), 2);
        // Whoever wrote it is told, wherever they are, until they have seen to it.
        let refused = api.get("/api/v1/refused-messages").await.json();
        assert_eq!((&refused["items"][0]["body"], &refused["items"][0]["state"]), (&json!("Too late"), &json!("refused")));
        assert_eq!(api.get(&path).await.json()["items"], json!([]), "it waits no more");
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get("/chat").await.text;
        assert!(page.contains("Not sent") && page.contains("Too late"), "{page}");
        let mut stream = Listening::to(&t, &owner, "/chat/live").await;
        assert_eq!(stream.event("unseen").await["unseen"], 1);
        let one = id(&refused["items"][0]);
        let other = t.member(&practice, Role::Provider, "other@calm.example").await;
        let mut other = program(&t, &practice, other).await;
        assert_eq!(other.get("/api/v1/refused-messages").await.json()["items"], json!([]));
        assert_eq!(other.json("DELETE", &format!("/api/v1/scheduled-messages/{one}"), &json!({})).await.status, 404);
        let dropped = owner.post(&format!("/chat/later/{one}/cancel"), &[]).await;
        assert_eq!((dropped.status, dropped.location()), (303, format!("/chat/{conversation}").as_str()));
        assert_eq!(stream.event("unseen").await["unseen"], 0);
        assert!(!owner.get("/chat").await.text.contains("Too late"));
    }

    async fn g2_a_message_can_be_edited_for_a_while_and_leaves_a_trace(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "Hello").await;
        let path = format!("/portal/messages/{conversation}");
        ana.upload(&format!("{path}/messages"), &[("body", "At thre")], None).await;
        let messages = api.get(&format!("/api/v1/conversations/{conversation}/messages")).await.json();
        let message = id(&messages["items"][0]);
        let one = format!("/portal/messages/said/{message}");
        assert!(ana.get(&one).await.text.contains("At thre"));
        assert_eq!(ana.post(&one, &[("body", "")]).await.status, 422);
        assert_eq!(ana.post(&one, &[("body", "At three")]).await.location(), path);
        let now = api.get(&format!("/api/v1/messages/{message}")).await.json();
        assert!(now["body"] == "At three" && now["edited_at"].is_string(), "{now}");
        t.advance_minutes(16);
        assert_eq!(ana.get(&one).await.status, 404);
        assert_eq!(ana.post(&one, &[("body", "At four")]).await.status, 409);
        assert_eq!(ana.post(&format!("{one}/delete"), &[]).await.location(), path);
        let now = api.get(&format!("/api/v1/messages/{message}")).await.json();
        assert!(now["body"] == "" && now["deleted_at"].is_string(), "{now}");
        assert!(ana.get(&path).await.text.contains("This message was deleted."));
        // The trace: what it said stands sealed beside it, and that it was done in the audit record.
        assert_eq!(t.raw.count("select count(*) from message_versions where body_sealed is not null"), 2);
        let noted = t.raw.count("select count(*) from audit_entries where action in ('message.edited', 'message.deleted')");
        assert_eq!(noted, 2);
        assert_eq!(ana.post(&format!("{one}/delete"), &[]).await.status, 404);
    }

    async fn r33_files_come_with_messages(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (_, mut bea) = t.client_in_portal(&practice, "bea@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "Send me a picture").await;
        let path = format!("/portal/messages/{conversation}/messages");
        let files = || std::fs::read_dir(t.folder().join("files")).map_or(0, Iterator::count);
        for (name, bytes, status) in [("a.pdf", &b"MZ"[..], 415), ("a.exe", b"MZ", 415), ("../a.jpg", b"\xff\xd8\xff\xe0 broken", 415), ("a.png", b"", 422), ("a.svg", b"<svg/>", 415)] {
            let refused = ana.upload(&path, &[("body", "x")], Some((name, bytes))).await;
            assert_eq!(refused.status, status, "{name}: {}", refused.text);
        }
        assert_eq!((files(), t.raw.count("select count(*) from chat_files")), (0, 0));
        // A picture whose camera wrote where it was.
        let exif = b"\xff\xe1\x00\x16Exif\0\0MM\0\x2a 52.370216";
        let picture = [b"\xff\xd8".as_slice(), exif, b"\xff\xda\x00\x03\x01\x05\xff\xd9"].concat();
        let given = "019caf10-8770-72e9-a79e-990e7d12e775";
        for _ in 0..2 {
            let sent = ana.upload(&path, &[("body", "Here"), ("given_id", given)], Some(("knee.jpg", &picture))).await;
            assert_eq!(sent.status, 303, "{}", sent.text);
        }
        assert_eq!((files(), t.raw.count("select count(*) from chat_files")), (1, 1));
        // It takes of the practice's space, once.
        assert_eq!(t.raw.count("select bytes from document_space"), 10);
        let message = api.get(&format!("/api/v1/conversations/{conversation}/messages")).await.json()["items"][0].clone();
        assert_eq!((&message["file"]["name"], &message["file"]["media_type"]), (&json!("knee.jpg"), &json!("image/jpeg")));
        let file = id(&message["file"]);
        let (status, bytes) = api.bytes(&format!("/api/v1/message-files/{file}")).await;
        assert_eq!((status, bytes), (200, b"\xff\xd8\xff\xda\x00\x03\x01\x05\xff\xd9".to_vec()));
        assert_eq!(ana.get(&format!("/portal/messages/files/{file}")).await.header("content-type"), "image/jpeg");
        assert_eq!(bea.get(&format!("/portal/messages/files/{file}")).await.status, 404);
        assert!(ana.get(&format!("/portal/messages/{conversation}")).await.text.contains("<img src=\"/portal/messages/files/"));
        // The look after files leaves it alone; deleting the message takes it along.
        t.advance(Duration::from_secs(3 * 86_400));
        ruh::documents::look(&t.app).await.unwrap();
        assert_eq!(files(), 1);
        let mut ana = t.signed_in("ana@example.org").await;
        let deleted = ana.post(&format!("/portal/messages/said/{}/delete", id(&message)), &[]).await;
        assert_eq!(deleted.status, 303);
        assert_eq!((files(), t.raw.count("select bytes from document_space")), (0, 0));
        t.raw.run("update document_space set bytes = 21474836472");
        for (name, bytes, status) in [("large.txt", &b"nine of it"[..], 422), ("small.txt", b"eight of", 303)] {
            let sent = ana.upload(&path, &[("body", "x")], Some((name, bytes))).await;
            assert_eq!(sent.status, status, "{name}: {}", sent.text);
            assert!(status == 303 || sent.text.contains("no space left"), "{}", sent.text);
        }
        assert_eq!(files(), 1);
        assert_eq!(api.get(&format!("/api/v1/message-files/{file}")).await.status, 404);
    }

    async fn r60_what_is_written_is_nowhere_in_clear(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "a telling word").await;
        let message = id(&say(&mut api, &conversation, "and telling another").await);
        api.json("PATCH", &format!("/api/v1/messages/{message}"), &json!({"body": "telling less"})).await;
        api.json("POST", &format!("/api/v1/conversations/{conversation}/scheduled"), &json!({"body": "telling later", "at": "2026-03-03T09:00:00Z"})).await;
        api.json("POST", "/api/v1/chat/replies", &json!({"title": "Hours", "text": "telling replies"})).await;
        api.json("POST", "/api/v1/conversations", &json!({"title": "A telling title", "client_ids": [client]})).await;
        assert!(ana.post("/portal/messages/search", &[("q", "telling less")]).await.text.contains("telling less"));
        ruh::jobs::housekeeping(&t.app).await;
        let hex: String = b"telling".iter().map(|byte| format!("{byte:02x}")).collect();
        for table in ["messages", "message_versions", "scheduled_messages", "chat_replies", "conversations", "audit_entries", "activities", "jobs", "feed_items", "idempotency"] {
            let rows = format!("{:?}", t.raw.rows(&format!("select * from {table}"))).to_lowercase();
            assert!(!rows.contains("telling") && !rows.contains(&hex), "{table}: {rows}");
        }
        // Sealed anew with another key it is still there.
        t.app.secrets.rotate().unwrap();
        let found = api.json("POST", "/api/v1/messages/search", &json!({"text": "Telling Word"})).await.json();
        assert_eq!((found["items"].as_array().unwrap().len(), &found["whole"]), (1, &json!(true)), "{found}");
    }

    async fn r66_nobody_floods_a_conversation(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut api = owner_of(&t, &practice).await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "Hello").await;
        let path = format!("/portal/messages/{conversation}/messages");
        for n in 0..60 {
            assert_eq!(ana.upload(&path, &[("body", &n.to_string())], None).await.status, 303, "{n}");
        }
        let refused = ana.upload(&path, &[("body", "too much")], None).await;
        assert!(refused.status == 429 && refused.text.contains("too much"), "what was typed stays: {}", refused.text);
        // Before a file of theirs is any work: this one could not be read.
        let refused = ana.upload(&path, &[("body", "x")], Some(("a.jpg", b"\xff\xd8\xff\xe0 broken"))).await;
        assert_eq!(refused.status, 429);
        say(&mut api, &conversation, "The other side goes on").await;
        t.advance_minutes(2);
        assert_eq!(ana.upload(&path, &[("body", "again")], None).await.status, 303);
        // To many is much too, one by one.
        for n in 0..60 {
            t.advance(Duration::from_micros(1));
            let many = json!({"client_ids": [client], "body": n.to_string()});
            let sent = api.json("POST", "/api/v1/messages/many", &many).await;
            assert_eq!(sent.status, 200, "{n}: {}", sent.text);
        }
        let many = json!({"client_ids": [client], "body": "too much"});
        assert_eq!(api.json("POST", "/api/v1/messages/many", &many).await.status, 429);
        // Older ones load upward.
        let page = ana.get(&format!("/portal/messages/{conversation}")).await.text;
        assert_eq!(page.matches("<li class=\"message").count(), 50);
        let at = page.find("?before=").expect("older ones");
        let before: String = page[at + 8..].chars().take_while(char::is_ascii_digit).collect();
        let older = ana.get(&format!("/portal/messages/{conversation}?before={before}")).await.text;
        assert_eq!(older.matches("<li class=\"message").count(), 50, "123 in all");
    }

    async fn e4_conversations_go_along_with_a_merge_and_back(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut api = owner_of(&t, &practice).await;
        let kept = t.client(&practice, json!({"first_name": "Ana", "email": "ana@example.org"})).await;
        let gone = t.client(&practice, json!({"first_name": "Anna"})).await;
        let (first, second) = (with(&mut api, &kept).await, with(&mut api, &gone).await);
        say(&mut api, &first, "in the one").await;
        say(&mut api, &second, "in the other").await;
        let preview = api.get(&format!("/api/v1/clients/{kept}/merge?with={gone}")).await.json();
        assert_eq!(preview["conversations"], 1, "{preview}");
        let merge = id(&api.json("POST", &format!("/api/v1/clients/{kept}/merges"), &json!({"with": gone})).await.json());
        let mut all = bodies(&mut api, &kept).await;
        all.sort();
        assert_eq!(all, ["in the one", "in the other"]);
        let one = api.get(&format!("/api/v1/conversations/{second}")).await.json();
        assert_eq!((&one["kind"], &one["can_write"]), (&json!("earlier"), &json!(false)));
        assert_eq!(api.json("POST", &format!("/api/v1/merges/{merge}/undo"), &json!({})).await.status, 200);
        assert_eq!(bodies(&mut api, &kept).await, ["in the one"]);
        assert_eq!(bodies(&mut api, &gone).await, ["in the other"]);
        say(&mut api, &second, "it goes on").await;
    }
}
