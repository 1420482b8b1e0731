//! G1, G2, G4, R16, R19, R20, R33, R56, R60: what clients and those who care for them write to each other.

use std::time::Duration;

use testkit::ruh::access::Role;
use testkit::ruh::ids::MemberId;
use testkit::{Browser, Json, TestApp, TestPractice, both_engines, json, ruh};

use crate::streams::Listening;

const GIVEN: &str = "019caf10-8770-72e9-a79e-990e7d12e771";

pub async fn program(t: &TestApp, practice: &TestPractice, member: MemberId) -> Browser {
    t.browser().bearer(&t.token(practice, member).await)
}

pub fn id(body: &Json) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("no id: {body}")).to_string()
}

/// A conversation of whoever asks with a client.
pub async fn with(api: &mut Browser, client: &str) -> String {
    let made = api.json("POST", &format!("/api/v1/clients/{client}/conversations"), &json!({"kind": "direct"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    id(&made.json())
}

pub async fn say(api: &mut Browser, conversation: &str, body: &str) -> Json {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let said = api.json("POST", &path, &json!({"body": body})).await;
    assert_eq!(said.status, 201, "{}", said.text);
    said.json()
}

/// What the portal shows of a conversation, which is then read, as the page's script says.
pub async fn read(browser: &mut Browser, conversation: &str) -> String {
    let path = format!("/portal/messages/{conversation}");
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let shown = page.text.split("data-seq=\"").skip(1).filter_map(|rest| rest.split('"').next());
    if let Some(newest) = shown.last() {
        assert_eq!(browser.post(&format!("{path}/see"), &[("up_to", newest)]).await.status, 204);
    }
    page.text
}

async fn write(browser: &mut Browser, conversation: &str, body: &str) -> testkit::Answer {
    browser.upload(&format!("/portal/messages/{conversation}/messages"), &[("body", body)], None).await
}

/// A provider on the client's team, and their program.
async fn provider_of(t: &TestApp, practice: &TestPractice, client: &str, email: &str) -> (MemberId, Browser) {
    let member = t.member(practice, Role::Provider, email).await;
    let mut owner = program(t, practice, practice.owner).await;
    let team = json!({"care_team_ids": [member.to_string(), practice.owner.to_string()]});
    let changed = owner.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    (member, program(t, practice, member).await)
}

async fn leave_team(t: &TestApp, practice: &TestPractice, client: &str) {
    let mut owner = program(t, practice, practice.owner).await;
    let team = json!({"care_team_ids": [practice.owner.to_string()]});
    assert_eq!(owner.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
}

both_engines! {
    async fn g1_a_provider_and_a_client_write_to_each_other(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (_, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let empty = ana.get("/portal/messages").await.text;
        assert!(empty.contains("No messages yet") && empty.contains("not watched around the clock"), "{empty}");
        let conversation = with(&mut maya, &client).await;
        assert_eq!(with(&mut maya, &client).await, conversation, "there is one");
        assert!(!ana.get("/portal/messages").await.text.contains(&conversation), "nothing was written yet");
        say(&mut maya, &conversation, "Hello <b>Ana</b>\n& welcome").await;
        let home = ana.get("/portal").await.text;
        assert!(home.contains("Unread messages in a conversation"), "{home}");
        let list = ana.get("/portal/messages").await.text;
        assert!(list.contains("provider Member") && list.contains("data-new"), "{list}");
        // An address that was followed, by whatever it was, says nothing of who has read.
        let path = format!("/portal/messages/{conversation}");
        let page = ana.get(&path).await.text;
        assert!(page.contains("new-line") && page.contains("Mark as read"), "{page}");
        assert!(ana.get("/portal").await.text.contains("Unread messages"));
        let by_hand = ana.post(&format!("{path}/see"), &[("up_to", "1"), ("by_hand", "true")]).await;
        assert_eq!((by_hand.status, by_hand.location()), (303, format!("{path}#latest").as_str()));
        let page = read(&mut ana, &conversation).await;
        assert!(!page.contains("new-line") && !page.contains("Mark as read"), "{page}");
        assert!(page.contains("Hello &#60;b&#62;Ana&#60;/b&#62;\n&#38; welcome"), "{page}");
        assert!(page.contains("not watched around the clock"), "{page}");
        assert!(!ana.get("/portal").await.text.contains("Unread messages"), "it was read");
        let sent = write(&mut ana, &conversation, "Thank you").await;
        assert_eq!((sent.status, sent.location()), (303, format!("/portal/messages/{conversation}#latest").as_str()));
        let mut maya_page = t.signed_in("maya@calm.example").await;
        let list = maya_page.get("/chat").await.text;
        assert!(list.contains("Ana Marchetti") && list.contains("data-new"), "{list}");
        let page = maya_page.get(&format!("/chat/{conversation}")).await.text;
        assert!(page.contains("Thank you") && page.contains("Read by Ana Marchetti"), "{page}");
        let seen = maya_page.post(&format!("/chat/{conversation}/see"), &[("up_to", "2")]).await;
        assert_eq!(seen.status, 204);
        assert!(read(&mut ana, &conversation).await.contains("Read by provider Member"));
        let whole = maya.get(&format!("/api/v1/conversations/{conversation}")).await.json();
        assert_eq!((&whole["can_write"], &whole["last"], &whole["kind"]), (&json!(true), &json!(2), &json!("direct")));
        let messages = maya.get(&format!("/api/v1/conversations/{conversation}/messages")).await.json();
        let bodies: Vec<_> = messages["items"].as_array().unwrap().iter().map(|m| m["body"].as_str().unwrap()).collect();
        assert_eq!(bodies, ["Thank you", "Hello <b>Ana</b>\n& welcome"]);
        assert_eq!(messages["items"][0]["sender"], json!({"kind": "client", "id": null, "name": "Ana Marchetti"}));
        let taken_out = maya.get(&format!("/api/v1/clients/{client}/record")).await.json();
        assert_eq!(taken_out["conversations"][0]["messages"][1]["body"], "Thank you");
        // The record shows it, and its timeline that there was something.
        let record = maya_page.get(&format!("/clients/{client}/messages")).await.text;
        assert!(record.contains(&conversation) && record.contains("Write as the practice"), "{record}");
        let timeline = maya.get(&format!("/api/v1/clients/{client}/timeline?topic=messages")).await.json();
        assert_eq!(timeline["items"].as_array().unwrap().len(), 1, "{timeline}");
        ruh::jobs::housekeeping(&t.app).await;
        let looks = t.raw.count(&format!("select count(*) from audit_entries where action = 'message.sent' and client_id = {}", t.raw.id(&client)));
        assert_eq!(looks, 2);
    }

    async fn r56_sent_again_it_is_the_same_message(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (bea, mut bea_browser) = t.client_in_portal(&practice, "bea@example.org").await;
        let mut owner = program(&t, &practice, practice.owner).await;
        let (with_ana, with_bea) = (with(&mut owner, &client).await, with(&mut owner, &bea).await);
        let path = format!("/api/v1/conversations/{with_ana}/messages");
        let body = json!({"given_id": GIVEN, "body": "Once"});
        let first = owner.json("POST", &path, &body).await;
        let again = owner.json("POST", &path, &body).await;
        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(first.json(), again.json());
        let elsewhere = owner.json("POST", &format!("/api/v1/conversations/{with_bea}/messages"), &body).await;
        assert_eq!(elsewhere.status, 409, "{}", elsewhere.text);
        let other = owner.json("POST", &path, &json!({"given_id": GIVEN, "body": "Something else"})).await;
        assert!(other.status == 422 && other.text.contains("given_id"), "nothing is lost: {}", other.text);
        // Another sender's ids are their own.
        say(&mut owner, &with_bea, "Hello").await;
        for (browser, conversation) in [(&mut ana, &with_ana), (&mut bea_browser, &with_bea)] {
            for _ in 0..3 {
                let path = format!("/portal/messages/{conversation}/messages");
                let sent = browser.upload(&path, &[("body", "Mine"), ("given_id", GIVEN)], None).await;
                assert_eq!(sent.status, 303, "{}", sent.text);
            }
        }
        assert_eq!(t.raw.count("select count(*) from messages"), 4);
        // At once, by many.
        let given = "019caf10-8770-72e9-a79e-990e7d12e772";
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (mut one, path) = (owner.copy(), path.clone());
            running.spawn(async move { one.json("POST", &path, &json!({"given_id": given, "body": "At once"})).await.status });
        }
        let statuses = running.join_all().await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 201)), "{statuses:?}");
        assert_eq!(t.raw.count("select count(*) from messages"), 5);
        let counts = t.raw.rows("select count(distinct seq), max(seq) from messages where body_sealed is not null group by conversation_id order by 1");
        assert_eq!(counts[1][0], counts[1][1], "no gap");
    }

    async fn r20_a_conversation_is_its_own(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (_, mut bea) = t.client_in_portal(&practice, "bea@example.org").await;
        let (_, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let conversation = with(&mut maya, &client).await;
        let message = id(&say(&mut maya, &conversation, "a telling word").await);
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let support = t.member(&practice, Role::Support, "desk@calm.example").await;
        let api = format!("/api/v1/conversations/{conversation}");
        for token in [t.token(&practice, off).await, t.token(&practice, support).await, t.token(&other, other.owner).await] {
            let mut stranger = t.browser().bearer(&token);
            for path in [api.clone(), format!("{api}/messages"), format!("{api}/events"), format!("{api}/scheduled"), format!("/api/v1/messages/{message}")] {
                assert_eq!(stranger.get(&path).await.status, 404, "{path}");
            }
            for (method, path, body) in [
                ("POST", format!("{api}/messages"), json!({"body": "x"})), ("POST", format!("{api}/seen"), json!({"up_to": 1})),
                ("PATCH", api.clone(), json!({"closed": true})), ("PATCH", format!("/api/v1/messages/{message}"), json!({"body": "x"})),
                ("DELETE", format!("/api/v1/messages/{message}"), json!({})), ("POST", format!("{api}/leave"), json!({})),
            ] {
                assert_eq!(stranger.json(method, &path, &body).await.status, 404, "{method} {path}");
            }
            assert_eq!(stranger.upload(&format!("{api}/files"), &[("body", "x")], Some(("a.txt", b"x"))).await.status, 404);
            let found = stranger.json("POST", "/api/v1/messages/search", &json!({"text": "telling"})).await.json();
            assert_eq!(found["items"], json!([]));
        }
        let portal = format!("/portal/messages/{conversation}");
        for path in [portal.clone(), format!("/portal/messages/live?conversation={conversation}"), format!("/portal/messages/said/{message}")] {
            assert_eq!(bea.get(&path).await.status, 404, "{path}");
        }
        for path in ["see", "typing", "set"] {
            assert_eq!(bea.post(&format!("{portal}/{path}"), &[("what", "mute")]).await.status, 404, "{path}");
        }
        assert_eq!(write(&mut bea, &conversation, "x").await.status, 404);
        assert!(!bea.post("/portal/messages/search", &[("q", "telling")]).await.text.contains("a telling word"));
        assert!(ana.post("/portal/messages/search", &[("q", "TELLING")]).await.text.contains("a telling word"));
        // What is somebody else's cannot be changed by whoever reads it.
        assert_eq!(ana.get(&format!("/portal/messages/said/{message}")).await.status, 404);
        assert_eq!(ana.post(&format!("/portal/messages/said/{message}"), &[("body", "x")]).await.status, 404);
        assert_eq!(ana.post(&format!("/portal/messages/said/{message}/delete"), &[]).await.status, 404);
        // Who runs the practice looks on, and leaves no mark.
        let mut owner = program(&t, &practice, practice.owner).await;
        assert_eq!(owner.get(&format!("{api}/messages")).await.status, 200);
        assert_eq!(owner.get(&api).await.json()["can_write"], false);
        assert_eq!(owner.json("POST", &format!("{api}/messages"), &json!({"body": "x"})).await.status, 404);
        let mut owner_page = t.signed_in(&practice.owner_email).await;
        let page = owner_page.get(&format!("/chat/{conversation}")).await.text;
        assert!(page.contains("not write in it") && !page.contains("composer"), "{page}");
        assert_eq!(t.raw.count("select count(*) from conversation_readers where kind = 'member'"), 1);
        assert_eq!(t.raw.count("select count(*) from messages"), 1);
    }

    async fn r17_from_outside_the_care_team_a_reason_comes_first_for_messages(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let maya = t.member(&practice, Role::Provider, "maya@calm.example").await;
        let admin = t.member(&practice, Role::Admin, "admin@calm.example").await;
        let client = t.client(&practice, json!({"primary_provider_id": maya.to_string()})).await;
        let mut maya = program(&t, &practice, maya).await;
        let conversation = with(&mut maya, &client).await;
        say(&mut maya, &conversation, "a telling word").await;
        let mut outside = program(&t, &practice, admin).await;
        for path in [format!("/api/v1/conversations/{conversation}"), format!("/api/v1/conversations/{conversation}/messages"), format!("/api/v1/clients/{client}/conversations")] {
            let refused = outside.get(&path).await;
            assert!(refused.status == 403 && !refused.text.contains("telling"), "{}", refused.text);
        }
        let mut browser = t.signed_in("admin@calm.example").await;
        let led = browser.get(&format!("/chat/{conversation}")).await;
        assert!(led.status == 303 && led.location().starts_with(&format!("/clients/{client}/open?next=")), "{}", led.location());
        let reason = json!({"reason": "Covering for a colleague"});
        assert_eq!(outside.json("POST", &format!("/api/v1/clients/{client}/openings"), &reason).await.status, 201);
        assert_eq!(outside.get(&format!("/api/v1/conversations/{conversation}/messages")).await.status, 200);
        // Whoever only looks on changes nothing of it.
        for change in [json!({"muted": true}), json!({"archived": true}), json!({"closed": true})] {
            assert_eq!(outside.json("PATCH", &format!("/api/v1/conversations/{conversation}"), &change).await.status, 404);
        }
        assert!(!browser.get(&format!("/chat/{conversation}")).await.text.contains("value=\"mute\""));
    }

    async fn r19_whoever_leaves_the_team_has_nothing_more_of_it(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (_, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let conversation = with(&mut maya, &client).await;
        let message = id(&say(&mut maya, &conversation, "in the middle of a").await);
        let path = format!("/api/v1/conversations/{conversation}");
        let mut stream = Listening::to(&t, &maya, &format!("{path}/events?after=0")).await;
        assert_eq!(stream.message().await["body"], "in the middle of a");
        let mut client_stream =
            Listening::to(&t, &ana, &format!("/portal/messages/live?conversation={conversation}&after=0")).await;
        let receipts = client_stream.event("receipts").await;
        assert_eq!((&receipts["why"], &receipts["lead"]), (&json!(""), &json!("On your care team")));
        leave_team(&t, &practice, &client).await;
        stream.gone().await;
        for path in [path.clone(), format!("{path}/messages"), format!("{path}/events"), format!("/api/v1/messages/{message}")] {
            assert_eq!(maya.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(maya.json("POST", &format!("{path}/messages"), &json!({"body": "sentence"})).await.status, 404);
        assert_eq!(maya.json("PATCH", &format!("/api/v1/messages/{message}"), &json!({"body": "x"})).await.status, 404);
        assert_eq!(maya.get("/api/v1/conversations").await.json()["items"], json!([]));
        assert_eq!(maya.json("POST", "/api/v1/messages/search", &json!({"text": "middle"})).await.json()["items"], json!([]));
        // The client keeps what was written, and is told who is there, as it happens.
        loop {
            let receipts = client_stream.event("receipts").await;
            if receipts["why"] == "chat-nobody-there" {
                assert_eq!(receipts["lead"], "Not on your care team any more");
                break;
            }
        }
        let page = read(&mut ana, &conversation).await;
        assert!(page.contains("in the middle of a") && page.contains("not on the care team any more"), "{page}");
        assert!(!page.contains("composer"), "{page}");
        let refused = write(&mut ana, &conversation, "Are you there?").await;
        assert_eq!(refused.status, 409, "{}", refused.text);
    }

    async fn r19_whoever_is_no_provider_any_more_has_nothing_more_of_it(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (maya, mut api) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let conversation = with(&mut api, &client).await;
        say(&mut api, &conversation, "Hello").await;
        let group = json!({"title": "Circle", "client_ids": [client]});
        let group = id(&api.json("POST", "/api/v1/conversations", &group).await.json());
        say(&mut api, &group, "Hello, all").await;
        let later = json!({"body": "Too late", "at": "2026-03-02T18:00:00Z"});
        assert_eq!(api.json("POST", &format!("/api/v1/conversations/{conversation}/scheduled"), &later).await.status, 201);
        let mut owner = program(&t, &practice, practice.owner).await;
        let member = format!("/api/v1/members/{maya}");
        let changed = owner.json("PATCH", &member, &json!({"role": "support"})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for path in [format!("/api/v1/conversations/{conversation}"), format!("/api/v1/conversations/{group}/messages")] {
            assert_eq!(api.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(api.get("/api/v1/conversations").await.json()["items"], json!([]));
        assert_eq!(api.get(&format!("/api/v1/conversations/{conversation}/events")).await.status, 404);
        let found = api.json("POST", "/api/v1/messages/search", &json!({"text": "hello"})).await.json();
        assert_eq!(found["items"], json!([]));
        let path = format!("/api/v1/conversations/{conversation}/messages");
        assert_eq!(api.json("POST", &path, &json!({"body": "x"})).await.status, 404);
        // To the client nobody is there.
        assert_eq!(write(&mut ana, &conversation, "Are you there?").await.status, 409);
        t.advance(Duration::from_secs(5 * 3_600));
        t.run_jobs().await;
        assert_eq!(t.raw.count("select count(*) from scheduled_messages where state = 'refused'"), 1);
        assert_eq!(t.raw.count("select count(*) from messages"), 2);
        assert_eq!(owner.json("PATCH", &member, &json!({"role": "provider"})).await.status, 200);
        assert_eq!(api.get(&format!("/api/v1/conversations/{conversation}")).await.status, 200);
    }

    async fn r66_nobody_opens_streams_without_end(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let (_, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let conversation = with(&mut maya, &client).await;
        let path = format!("/api/v1/conversations/{conversation}/events");
        let mut streams = Vec::new();
        for _ in 0..20 {
            streams.push(Listening::to(&t, &maya, &path).await);
        }
        let refused = maya.get(&path).await;
        assert_eq!(refused.status, 429, "{}", refused.text);
        streams.pop();
        // More than may wait arrives all the same, in order.
        let mut stream = Listening::to(&t, &maya, &format!("{path}?after=0")).await;
        for n in 0..30 {
            say(&mut maya, &conversation, &format!("{n}{}", "x".repeat(4_900))).await;
        }
        for n in 0..30 {
            assert_eq!(stream.message().await["seq"], n + 1);
        }
    }

    async fn r16_a_stream_ends_with_what_it_stands_on(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let (maya_id, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
        let conversation = with(&mut maya, &client).await;
        say(&mut maya, &conversation, "Hello").await;
        let live = format!("/portal/messages/live?conversation={conversation}&after=0");
        let mut out = ana.copy();
        let mut theirs = Listening::to(&t, &ana, &live).await;
        assert!(theirs.event("message").await["html"].as_str().unwrap().contains("Hello"));
        assert_eq!(out.post("/sign-out", &[]).await.status, 303);
        theirs.gone().await;
        let maya_page = t.signed_in("maya@calm.example").await;
        let mut hers = Listening::to(&t, &maya_page, &format!("/chat/live?conversation={conversation}")).await;
        hers.event("unseen").await;
        let door = t.app.practice(ruh::access::Actor::system(practice.id));
        door.write(move |p| ruh::members::disable(p, maya_id)).await.unwrap().unwrap();
        hers.gone().await;
        // Idle past its limit it is over, whatever was sent down the stream.
        let ana = t.signed_in("ana@example.org").await;
        let mut idle = Listening::to(&t, &ana, &live).await;
        idle.event("message").await;
        t.advance(Duration::from_secs(3 * 3_600));
        t.app.bus.publish(ruh::bus::Hint::News(vec![client.parse().unwrap()]));
        idle.gone().await;
        assert_eq!(t.app.bus.listeners(), 0, "nobody is left behind");
    }

    async fn g2_what_is_written_arrives_as_it_is_written(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = program(&t, &practice, practice.owner).await;
        let conversation = with(&mut owner, &client).await;
        say(&mut owner, &conversation, "One").await;
        let live = format!("/portal/messages/live?conversation={conversation}&after=0");
        let (mut phone, mut desk) = (Listening::to(&t, &ana, &live).await, Listening::to(&t, &ana, &live).await);
        let mut ours = Listening::to(&t, &owner, &format!("/api/v1/conversations/{conversation}/events?after=0")).await;
        for stream in [&mut phone, &mut desk] {
            assert!(stream.event("message").await["html"].as_str().unwrap().contains("One"));
        }
        assert_eq!(ours.message().await["seq"], 1);
        assert_eq!(write(&mut ana, &conversation, "Two").await.status, 303);
        for stream in [&mut phone, &mut desk] {
            let two = stream.event("message").await;
            assert!(two["mine"] == true && two["html"].as_str().unwrap().contains("Two"), "{two}");
        }
        let two = ours.message().await;
        assert_eq!((&two["seq"], &two["body"]), (&json!(2), &json!("Two")));
        // It goes on from the last one seen.
        drop(phone);
        let three = id(&say(&mut owner, &conversation, "Three").await);
        let mut phone = Listening::resumed(&t, &ana, &live, 2).await;
        assert!(phone.event("message").await["html"].as_str().unwrap().contains("Three"));
        // A change comes as the message it changes.
        assert_eq!(owner.json("PATCH", &format!("/api/v1/messages/{three}"), &json!({"body": "Thirty"})).await.status, 200);
        let changed = phone.event("message").await;
        assert_eq!((&changed["id"], &changed["seq"]), (&json!(three), &json!(3)));
        assert!(changed["html"].as_str().unwrap().contains("Thirty") && changed["html"].as_str().unwrap().contains("edited"));
        assert_eq!(owner.json("DELETE", &format!("/api/v1/messages/{three}"), &json!({})).await.status, 200);
        assert!(phone.event("message").await["html"].as_str().unwrap().contains("was deleted"));
        // Typing reaches the other side, and not whoever types.
        assert_eq!(ana.post(&format!("/portal/messages/{conversation}/typing"), &[]).await.status, 204);
        ours.event("typing").await;
        // That it was read does too.
        ours.drain();
        let seen = ana.post(&format!("/portal/messages/{conversation}/see"), &[("up_to", "3")]).await;
        assert_eq!(seen.status, 204);
        loop {
            let receipts = ours.event("receipts").await;
            if receipts["read"].to_string().contains("\"seen\":3") {
                break;
            }
        }
    }

    /// Sent again after each lost answer, heard by somebody whose connection is cut after each message.
    async fn r56_however_often_the_connection_is_cut_each_message_is_there_once_and_in_order(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut owner = program(&t, &practice, practice.owner).await;
        let conversation = with(&mut owner, &client).await;
        let (path, live) = (format!("/api/v1/conversations/{conversation}/messages"), format!("/api/v1/conversations/{conversation}/events?after=0"));
        let mut last = 0;
        for n in 0..1_000_u128 {
            if n % 40 == 0 {
                t.advance_minutes(2);
            }
            let body = json!({"given_id": uuid::Uuid::from_u128(1_000 + n).to_string(), "body": n.to_string()});
            for again in [false, true] {
                let sent = owner.json("POST", &path, &body).await.status;
                assert_eq!(sent, if again { 200 } else { 201 });
            }
            let mut stream = Listening::resumed(&t, &owner, &live, last).await;
            let message = stream.message().await;
            assert_eq!(message["body"], n.to_string());
            last = message["changed"].as_i64().unwrap();
        }
        assert_eq!(t.raw.count("select count(*) from messages"), 1_000);
        assert_eq!(last, 1_000, "no gap");
    }
}

/// What is written through one server arrives at a stream of another, and what is taken away there ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g2_two_servers_on_one_postgres_tell_each_other() {
    let mut t = TestApp::new(ruh::db::Engine::Postgres);
    t.leave_jobs();
    let practice = t.practice("Calm Harbour").await;
    let (client, _) = t.client_in_portal(&practice, "ana@example.org").await;
    let (_, mut maya) = provider_of(&t, &practice, &client, "maya@calm.example").await;
    let conversation = with(&mut maya, &client).await;
    let other = ruh::app::App::open(t.app.config.clone(), t.app.clock.clone()).unwrap();
    for app in [&t.app, &other] {
        app.bus.join_others(&app.config.database_url);
    }
    let router = ruh::routes::router(other.clone());
    let path = format!("/api/v1/conversations/{conversation}/events?after=0");
    let mut there = Listening::at(router, &maya, &path, None).await;
    there.event("receipts").await;
    let began = ruh::clock::stopwatch();
    say(&mut maya, &conversation, "from the one to the other").await;
    assert_eq!(there.message().await["body"], "from the one to the other");
    leave_team(&t, &practice, &client).await;
    there.gone().await;
    // Well before a stream looks by itself.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
