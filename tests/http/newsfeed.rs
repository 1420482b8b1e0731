//! F2, F3: what is news to whom, marked until it is seen, renewed by itself, chosen by each; and gone with the care team.

use testkit::ruh::access::Role;
use testkit::{Browser, Json, TestApp, TestPractice, both_engines, json};

async fn feed(browser: &mut Browser) -> Json {
    let answer = browser.get("/api/v1/newsfeed").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn titles(feed: &Json) -> Vec<String> {
    let said = |item: &Json| {
        let parts = [&item["client"]["name"], &item["title"]].map(|part| part.as_str().expect("a text").to_string());
        format!("{}: {}{}", parts[0], parts[1], if item["seen"] == json!(true) { "" } else { " (new)" })
    };
    feed["items"].as_array().expect("items").iter().map(said).collect()
}

async fn staff(t: &TestApp, practice: &TestPractice, role: Role, email: &str) -> (String, Browser, Browser) {
    let member = t.member(practice, role, email).await;
    let program = t.browser().bearer(&t.token(practice, member).await);
    (member.to_string(), t.signed_in(email).await, program)
}

/// What the page asks for again by itself.
fn again(page: &str) -> String {
    let from = page.find("hx-get=\"/newsfeed/list").expect("the list asks for itself again") + "hx-get=\"".len();
    let address = &page[from..];
    address[..address.find('"').expect("an end")].replace("&#38;", "&").replace("&amp;", "&")
}

both_engines! {
    async fn f3_what_others_do_is_news_and_renews_itself(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (hana, mut page, mut hana_program) = staff(&t, &practice, Role::Provider, "hana@calm.example").await;
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        assert!(page.get("/newsfeed").await.text.contains("Nothing yet"));
        let body = json!({"first_name": "Omar", "last_name": "Brandt", "email": "omar@example.org",
            "primary_provider_id": hana, "send_invitation": true});
        let client = t.client(&practice, body).await;
        t.send_mail().await;
        assert_eq!(titles(&feed(&mut hana_program).await), ["Omar Brandt: Added (new)"]);
        assert_eq!(titles(&feed(&mut owner).await), [""; 0], "nobody is told what they did themselves");

        let home = page.get("/home").await.text;
        assert!(home.contains("1 new") && home.contains("Added") && home.contains("Omar Brandt"), "{home}");
        let address = again(&home);
        let same = page.request("GET", &address, &[("ruh-quiet", "1")], String::new().into()).await;
        assert_eq!(same.status, 204, "nothing is sent as long as nothing is new");

        let mut browser = t.browser();
        browser.open_link(&t.mail_to("omar@example.org").link()).await;
        assert_eq!(browser.post("/invitation", &[("password", testkit::PASSWORD)]).await.status, 303);
        let news = page.get(&address).await;
        assert_eq!(news.status, 200);
        assert!(news.text.contains("Invitation accepted") && news.text.contains("2 new"), "{}", news.text);

        // The link leads to the client, and the item is seen.
        let items = feed(&mut hana_program).await;
        let newest = items["items"][0]["id"].as_str().expect("an id").to_string();
        let jump = page.get(&format!("/newsfeed/{newest}")).await;
        assert_eq!((jump.status, jump.location()), (303, format!("/clients/{client}").as_str()));
        let expected = ["Omar Brandt: Invitation accepted", "Omar Brandt: Added (new)"];
        assert_eq!(titles(&feed(&mut hana_program).await), expected);

        // All are marked that stood on the page; what came meanwhile stays new.
        let shown = page.get("/newsfeed").await.text;
        let from = shown.find("name=\"up_to\" value=\"").expect("the newest") + "name=\"up_to\" value=\"".len();
        let up_to = shown[from..].split('"').next().expect("a value").to_string();
        t.advance(std::time::Duration::from_secs(1));
        assert_eq!(owner.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await.status, 200);
        let marked = page.post("/newsfeed/read", &[("up_to", &up_to), ("from", "/home")]).await;
        assert_eq!((marked.status, marked.location()), (303, "/home"));
        let expected = ["Omar Brandt: Archived (new)", "Omar Brandt: Invitation accepted", "Omar Brandt: Added"];
        assert_eq!(titles(&feed(&mut hana_program).await), expected);
        let foreign = page.post("/newsfeed/read", &[("up_to", &up_to), ("from", "https://evil.example")]).await;
        assert_eq!(foreign.location(), "/newsfeed");
        assert_eq!(page.post("/newsfeed/read", &[("up_to", "x")]).await.status, 400);

        // By kind, and by client.
        let of = |query: &str| format!("/api/v1/newsfeed?{query}");
        let record = hana_program.get(&of("topic=record")).await.json();
        assert_eq!(titles(&record), ["Omar Brandt: Archived (new)"]);
        let one = hana_program.get(&of(&format!("client_id={client}&topic=arrivals"))).await.json();
        assert_eq!(titles(&one), ["Omar Brandt: Added"]);
        let first = hana_program.get(&of("limit=2")).await.json();
        let cursor = first["next_cursor"].as_str().expect("more");
        let rest = hana_program.get(&of(&format!("limit=2&cursor={cursor}"))).await.json();
        assert_eq!((titles(&rest), &rest["next_cursor"]), (vec!["Omar Brandt: Added".to_string()], &Json::Null));
        for (query, status) in [("topic=x", 422), ("client_id=x", 422), ("limit=0", 422), ("limit=201", 422), ("cursor=x", 400)] {
            assert_eq!(hana_program.get(&of(query)).await.status, status, "{query}");
        }
        let all = hana_program.json("POST", "/api/v1/newsfeed/read", &json!({})).await;
        assert_eq!(all.json(), json!({"unread": 0}));
        let none = json!({"up_to": practice.owner.to_string()});
        assert_eq!(hana_program.json("POST", "/api/v1/newsfeed/read", &none).await.status, 422);
    }

    async fn f2_assignments_are_told_and_leaving_takes_all_with_the_next_request(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (hana, mut hana_page, mut hana_program) = staff(&t, &practice, Role::Provider, "hana@calm.example").await;
        let (jonas, _, mut jonas_program) = staff(&t, &practice, Role::Provider, "jonas@calm.example").await;
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let chosen = json!({"care_team": "email"});
        assert_eq!(hana_program.json("PATCH", "/api/v1/newsfeed/choices", &chosen).await.status, 200);
        let client = t.client(&practice, json!({"primary_provider_id": null})).await;
        let path = format!("/api/v1/clients/{client}");
        let to = |id: &str| json!({"primary_provider_id": id});
        assert_eq!(owner.json("PATCH", &path, &to(&hana)).await.status, 200);
        let home = hana_page.get("/home").await.text;
        assert!(home.contains("You became the primary provider"), "{home}");
        t.advance_minutes(1);
        assert_eq!(owner.json("PATCH", &path, &to(&jonas)).await.status, 200);
        // F1: the former one stays on the team, and is told as well.
        let told = "Ana Marchetti: provider Member became the primary provider (new)";
        assert_eq!(titles(&feed(&mut hana_program).await), [told, told]);
        assert_eq!(titles(&feed(&mut jonas_program).await), [told]);
        t.advance_minutes(1);
        let seen = hana_program.get("/api/v1/newsfeed").await.json()["items"][0]["id"].as_str().unwrap().to_string();

        let gone = json!({"care_team_ids": []});
        assert_eq!(owner.json("PATCH", &path, &gone).await.status, 200);
        assert_eq!(titles(&feed(&mut hana_program).await), [""; 0]);
        let ways = [format!("/clients/{client}"), format!("/clients/{client}/timeline"), format!("/clients/{client}/looks"),
            format!("/newsfeed?client_id={client}"), format!("/newsfeed/{seen}")];
        for way in &ways {
            assert_eq!(hana_page.get(way).await.status, 404, "{way}");
        }
        for way in [format!("{path}/timeline"), format!("{path}/looks"), format!("/api/v1/newsfeed?client_id={client}")] {
            assert_eq!(hana_program.get(&way).await.status, 404, "{way}");
        }
        let left = "Ana Marchetti: provider Member left the care team (new)";
        assert_eq!(titles(&feed(&mut jonas_program).await)[0], left);
        // The daily mail was queued while Hana cared for the client; there is nothing left to tell her.
        t.advance_minutes(24 * 60 + 1);
        t.send_mail().await;
        assert!(t.mails().iter().all(|mail| mail.to != "hana@calm.example"), "{:?}", t.mails());
    }

    async fn f3_each_chooses_and_the_daily_mail_says_how_much_and_never_what(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (hana, mut page, mut program) = staff(&t, &practice, Role::Provider, "hana@calm.example").await;
        let defaults = program.get("/api/v1/newsfeed/choices").await.json();
        assert_eq!(defaults, json!({"arrivals": "feed", "invitations": "feed", "care_team": "feed", "forms": "feed", "record": "feed", "messages": "feed"}));
        let wrong = program.json("PATCH", "/api/v1/newsfeed/choices", &json!({"record": "loud"})).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
        let form = [("arrivals", "email"), ("invitations", "feed"), ("care_team", "feed"), ("record", "none")];
        assert_eq!(page.post("/settings/newsfeed", &form).await.status, 303);
        assert_eq!(page.post("/settings/newsfeed", &[("arrivals", "loud")]).await.status, 400);
        let shown = page.get("/settings/newsfeed").await.text;
        assert!(shown.contains("<option value=\"email\" selected>") && shown.contains("<option value=\"none\" selected>"));

        let added = json!({"first_name": "Omar", "primary_provider_id": hana});
        let client = t.client(&practice, added.clone()).await;
        t.client(&practice, added).await;
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        assert_eq!(owner.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await.status, 200);
        let arrived = ["Omar Marchetti: Added (new)", "Omar Marchetti: Added (new)"];
        assert_eq!(titles(&feed(&mut program).await), arrived, "what was chosen as neither is nowhere");
        t.advance_minutes(24 * 60);
        t.send_mail().await;
        let mails: Vec<_> = t.mails().into_iter().filter(|mail| mail.to == "hana@calm.example").collect();
        assert_eq!(mails.len(), 1, "one mail a day");
        let mail = &mails[0];
        assert!(mail.text.contains("New in your newsfeed: 2") && mail.text.contains("/newsfeed"), "{}", mail.text);
        for secret in ["Omar", "Marchetti", "Added", "Calm Harbour"] {
            assert!(!mail.text.contains(secret) && !mail.subject.contains(secret), "{secret}: {mail:?}");
        }
        t.advance_minutes(24 * 60);
        t.send_mail().await;
        let again = t.mails().into_iter().filter(|mail| mail.to == "hana@calm.example").count();
        assert_eq!(again, 1, "what was told once is not told again");
    }

    async fn f3_where_nobody_cares_for_a_client_yet_those_who_run_the_practice_are_told(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, _, mut admin) = staff(&t, &practice, Role::Admin, "admin@calm.example").await;
        let (_, _, mut provider) = staff(&t, &practice, Role::Provider, "off@calm.example").await;
        let (_, _, mut support) = staff(&t, &practice, Role::Support, "support@calm.example").await;
        let other = t.practice("Other Shore").await;
        let mut foreign = t.browser().bearer(&t.token(&other, other.owner).await);
        t.client(&practice, json!({"primary_provider_id": null})).await;
        assert_eq!(titles(&feed(&mut admin).await), ["Ana Marchetti: Added (new)"]);
        for program in [&mut provider, &mut support, &mut foreign] {
            assert_eq!(titles(&feed(program).await), [""; 0]);
        }
        // A role that comes to reach less loses the news of everybody else's clients.
        t.raw.run("update members set role = 'provider' where role = 'admin'");
        let narrowed = feed(&mut admin).await;
        assert_eq!((titles(&narrowed), &narrowed["unread"]), (Vec::new(), &json!(0)));
    }

    async fn what_is_old_leaves_the_newsfeed_and_stays_in_the_timeline(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (hana, _, mut program) = staff(&t, &practice, Role::Provider, "hana@calm.example").await;
        let client = t.client(&practice, json!({"primary_provider_id": hana})).await;
        t.advance_minutes(181 * 24 * 60);
        testkit::ruh::jobs::purge(&t.app).await.unwrap();
        assert_eq!(titles(&feed(&mut program).await), [""; 0]);
        let timeline = program.get(&format!("/api/v1/clients/{client}/timeline")).await.json();
        assert_eq!(timeline["items"].as_array().map(Vec::len), Some(1), "{timeline}");
    }
}
