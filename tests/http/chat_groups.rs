//! G1: who is in a group, who may be, and who hears of it.

use testkit::ruh::access::Role;
use testkit::{Json, both_engines, json, ruh};

use crate::chat::{program, say, with};
use crate::chat_more::owner_of;
use crate::streams::Listening;

both_engines! {
    async fn g1_who_is_in_a_group(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (ana, mut ana_browser) = t.client_in_portal(&practice, "ana@example.org").await;
        let (bea, mut bea_browser) = t.client_in_portal(&practice, "bea@example.org").await;
        let (eva, _) = t.client_in_portal(&practice, "eva@example.org").await;
        let maya = t.member(&practice, Role::Provider, "maya@calm.example").await;
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let mut api = owner_of(&t, &practice).await;
        let team = |members: Json| json!({"care_team_ids": members});
        let both = json!([practice.owner.to_string(), maya.to_string()]);
        for client in [&ana, &bea] {
            assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team(both.clone())).await.status, 200);
        }
        let mut owner = t.signed_in(&practice.owner_email).await;
        // Beside the first message the page asks who else of the staff is in it.
        let page = owner.get("/chat/new").await.text;
        assert!(page.contains("Who else of the staff") && page.contains(&maya.to_string()), "{page}");
        let clients = [("client_ids", ana.as_str()), ("client_ids", bea.as_str())];
        let typed = [("way", "group"), ("title", "Tuesday circle"), ("body", "Hello both")];
        let (off_id, maya_id) = (off.to_string(), maya.to_string());
        let fields = |other| [clients.as_slice(), typed.as_slice(), &[("member_ids", other)]].concat();
        let refused = owner.post("/chat/new", &fields(&off_id)).await;
        assert!(refused.status == 422 && refused.text.contains("cares for each client in it"), "{}", refused.text);
        assert!(refused.text.contains("Hello both") && refused.text.contains("Tuesday circle"), "what was typed stays");
        let sent = owner.post("/chat/new", &fields(&maya_id)).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let group = sent.location().strip_prefix("/chat/").unwrap().to_string();
        let mut maya_api = program(&t, &practice, maya).await;
        assert_eq!(maya_api.get(&format!("/api/v1/conversations/{group}")).await.status, 200);
        // Everybody in it sees who is in it.
        let people = format!("/chat/{group}/people");
        let page = owner.get(&people).await.text;
        assert!(page.contains("maya Member") || page.contains("provider Member"), "{page}");
        assert!(page.contains("Take out") && page.contains("Leave the group") && !page.contains(&off_id), "{page}");
        let portal = format!("/portal/messages/{group}/people");
        let page = ana_browser.get(&portal).await.text;
        assert!(page.contains("Bea") || page.contains("Marchetti"), "{page}");
        assert!(page.contains("Leave the group") && !page.contains("Take out"), "{page}");
        // It is for groups alone, and for those in it.
        let direct = with(&mut api, &ana).await;
        assert_eq!(owner.get(&format!("/chat/{direct}/people")).await.status, 404);
        let mut off_page = t.signed_in("off@calm.example").await;
        for path in [people.clone(), format!("/chat/{group}/leave")] {
            assert_eq!(off_page.post(&path, &[("person", &off_id)]).await.status, 404, "{path}");
        }
        // Nobody is brought in who may not read what stands there.
        let refused = owner.post(&people, &[("person", &off_id)]).await;
        assert!(refused.status == 422 && refused.text.contains("cares for each client"), "{}", refused.text);
        let refused = owner.post(&people, &[]).await;
        assert!(refused.status == 422 && refused.text.contains("Choose somebody."), "{}", refused.text);
        let join = format!("/api/v1/conversations/{group}/join");
        let refused = api.json("POST", &join, &json!({"client_id": eva})).await;
        assert!(refused.status == 422 && refused.text.contains("Begin a new group"), "{}", refused.text);
        assert_eq!(api.json("POST", &join, &json!({"member_id": off})).await.status, 422);
        assert_eq!(api.json("POST", &join, &json!({})).await.status, 422);
        assert_eq!(bea_browser.post(&format!("/portal/messages/{group}/leave"), &[("client", &ana)]).await.status, 404);
        // A client leaves, is named in the record of who looked, and comes back.
        let left = bea_browser.post(&format!("/portal/messages/{group}/leave"), &[]).await;
        assert_eq!((left.status, left.location()), (303, "/portal/messages"));
        assert_eq!(bea_browser.get(&format!("/portal/messages/{group}")).await.status, 404);
        ruh::jobs::housekeeping(&t.app).await;
        let named = format!("select count(*) from audit_entries where action = 'conversation.left' and client_id = {}", t.raw.id(&bea));
        assert_eq!(t.raw.count(&named), 1);
        let page = owner.get(&people).await.text;
        assert!(page.contains("Left the group") && page.contains("Bring back"), "{page}");
        assert_eq!(owner.post(&people, &[("client", &bea)]).await.status, 303);
        assert_eq!(bea_browser.get(&format!("/portal/messages/{group}")).await.status, 200);
        // A member leaves, and is brought in again.
        let mut maya_page = t.signed_in("maya@calm.example").await;
        let left = maya_page.post(&format!("/chat/{group}/leave"), &[]).await;
        assert_eq!((left.status, left.location()), (303, "/chat"));
        assert_eq!(maya_page.get(&format!("/chat/{group}")).await.status, 404);
        assert_eq!(owner.post(&people, &[("person", &maya_id)]).await.status, 303);
        assert_eq!(maya_page.get(&format!("/chat/{group}")).await.status, 200);
        // What was written beforehand or for many says nothing of what its sender has read.
        let direct = format!("/api/v1/conversations/{direct}");
        assert_eq!(api.json("POST", &format!("{direct}/messages"), &json!({"body": "First"})).await.status, 201);
        let direct_page = format!("/portal/messages/{}", direct.rsplit('/').next().unwrap());
        let asked = ana_browser.upload(&format!("{direct_page}/messages"), &[("body", "A question")], None).await;
        assert_eq!(asked.status, 303, "{}", asked.text);
        let seen = |whole: &Json| {
            let readers = whole["readers"].as_array().unwrap();
            readers.iter().find(|one| one["kind"] == "member").unwrap()["seen"].as_i64().unwrap()
        };
        let before = seen(&api.get(&direct).await.json());
        let many = json!({"client_ids": [ana], "body": "We are closed on Friday."});
        assert_eq!(api.json("POST", "/api/v1/messages/many", &many).await.status, 200);
        let whole = api.get(&direct).await.json();
        assert_eq!(seen(&whole), before, "the question waits still");
        // Once it was seen nothing is unread, though one's own stands after it.
        let place = whole["last"].as_i64().unwrap() - 1;
        assert_eq!(api.json("POST", &format!("{direct}/seen"), &json!({"up_to": place})).await.status, 200);
        let listed = api.get("/api/v1/conversations").await.json();
        assert!(listed["items"].as_array().unwrap().iter().all(|one| one["unread"] == 0), "{listed}");
        let mut own_stream = Listening::to(&t, &owner, "/chat/live").await;
        assert_eq!(own_stream.event("unseen").await["unseen"], 0);
        drop(own_stream);
        assert_eq!(api.json("POST", &format!("{direct}/messages"), &json!({"body": "An answer"})).await.status, 201);
        assert!(seen(&api.get(&direct).await.json()) > place);
        // Who is gone from a care team is not named as being there, and an open page hears of it.
        let mut stream = Listening::to(&t, &ana_browser, &format!("/portal/messages/live?conversation={group}&after=0")).await;
        let all = stream.event("receipts").await["lead"].as_str().unwrap().split(", ").count();
        assert_eq!(all, 4, "two clients and two of the staff");
        let only = json!([practice.owner.to_string()]);
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{bea}"), &team(only)).await.status, 200);
        assert_eq!(maya_page.get(&format!("/chat/{group}")).await.status, 404);
        let reads = api.get(&format!("/api/v1/conversations/{group}")).await.json();
        let gone = reads["people"].as_array().unwrap().iter().find(|one| one["id"] == maya.to_string()).unwrap();
        assert_eq!((&gone["left"], &gone["reads"]), (&json!(false), &json!(false)));
        let page = ana_browser.get(&portal).await.text;
        assert_eq!(page.matches("<li><div><bdi>").count(), 1, "{page}");
        // From a closed group a client is taken out all the same.
        let (group_path, leave) = (format!("/api/v1/conversations/{group}"), format!("/api/v1/conversations/{group}/leave"));
        assert_eq!(api.json("PATCH", &group_path, &json!({"closed": true})).await.status, 200);
        assert_eq!(api.json("POST", &leave, &json!({"client_id": bea})).await.status, 200);
        assert_eq!(api.json("PATCH", &group_path, &json!({"closed": false})).await.status, 200);
        say(&mut api, &group, "Still here").await;
        loop {
            if stream.event("receipts").await["lead"].as_str().unwrap().split(", ").count() == 2 {
                break;
            }
        }
        // When the last of the staff has left, nobody writes into the dark.
        assert_eq!(api.json("POST", &leave, &json!({})).await.status, 200);
        let page = ana_browser.get(&format!("/portal/messages/{group}")).await.text;
        assert!(page.contains("Nobody from the practice is in this group") && !page.contains("composer"), "{page}");
        let refused = ana_browser.upload(&format!("/portal/messages/{group}/messages"), &[("body", "Hello?")], None).await;
        assert_eq!(refused.status, 409);
    }
}
