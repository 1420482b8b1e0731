//! E5, R24: people around a client in the portal, with rights for each child apart; the client's word once they are of
//! age; coming of age; and the custody note.

use testkit::ruh::access::Role;
use testkit::{Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

/// A contact with rights, invited and in: their id, and their browser.
async fn guardian(t: &TestApp, api: &mut Browser, client: &str, email: &str, rights: &[&str]) -> (String, Browser) {
    let id = contact(api, client, email, rights).await;
    let invited = api.json("POST", &format!("/api/v1/contacts/{id}/portal"), &json!({})).await;
    assert_eq!((invited.status, &invited.json()["portal"]), (200, &json!("invited")), "{}", invited.text);
    (id, accepts(t, email).await)
}

async fn contact(api: &mut Browser, client: &str, email: &str, rights: &[&str]) -> String {
    let body =
        json!({"first_name": "Lars", "last_name": "Berg", "relation": "parent", "email": email, "rights": rights});
    let made = api.json("POST", &format!("/api/v1/clients/{client}/contacts"), &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_string()
}

async fn accepts(t: &TestApp, email: &str) -> Browser {
    t.send_mail().await;
    let mail = t.mail_to(email);
    let mut browser = t.browser();
    browser.open_link(&mail.link()).await;
    let shown = browser.get("/invitation").await.text;
    assert!(!shown.contains("Nils") && !mail.text.contains("Nils"), "whose portal it is is said to whoever is in");
    let answer = browser.post("/invitation", &[("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/portal"), "{}", answer.text);
    browser
}

async fn child(t: &TestApp, practice: &TestPractice, name: &str, born: &str) -> String {
    t.client(practice, json!({"first_name": name, "last_name": "Berg", "date_of_birth": born})).await
}

both_engines! {
    async fn r24_a_minor_has_two_guardians_with_different_rights(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let nils = child(&t, &practice, "Nils", "2020-05-01").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let (first, mut ingrid) = guardian(&t, &mut api, &nils, "ingrid@example.org", &["details", "messages"]).await;
        let (_, mut lars) = guardian(&t, &mut api, &nils, "lars@example.org", &["receipts"]).await;

        // Each does what they were given, and nothing of the client's own.
        let home = ingrid.get("/portal").await.text;
        assert!(home.contains("Here for Nils") && home.contains("Read and write messages"), "{home}");
        assert!(lars.get("/portal").await.text.contains("See receipts"));
        assert!(ingrid.get("/portal/profile").await.text.contains("1 May 2020"));
        assert!(!lars.get("/portal/profile").await.text.contains("1 May 2020"));
        let details = [("preferred_name", "Nisse"), ("version", "1"), ("date_of_birth", "2020-05-01")];
        assert_eq!(lars.post("/portal/profile", &details).await.status, 404);
        assert_eq!(ingrid.post("/portal/profile", &details).await.status, 303);
        for path in ["/portal/people", "/portal/looks"] {
            assert_eq!([ingrid.get(path).await.status, lars.get(path).await.status], [404, 404], "{path}");
        }
        assert_eq!(ingrid.post(&format!("/portal/people/{first}"), &[("answer", "agree")]).await.status, 404);

        // A birth date that is on file is corrected by the practice alone: it decides who may be here at all.
        let younger = [("preferred_name", "Nisse"), ("version", "2"), ("date_of_birth", "2024-05-01")];
        assert_eq!(ingrid.post("/portal/profile", &younger).await.status, 303);
        assert!(ingrid.get("/portal/profile").await.text.contains("1 May 2020"));

        // A right that is taken is gone with the next request, and given back it is there again.
        let one = format!("/api/v1/contacts/{first}");
        assert_eq!(api.json("PATCH", &one, &json!({"rights": ["messages"]})).await.status, 200);
        assert_eq!(ingrid.post("/portal/profile", &[("version", "2")]).await.status, 404);
        assert_eq!(api.json("PATCH", &one, &json!({"rights": ["details"]})).await.status, 200);
        assert!(ingrid.get("/portal/profile").await.text.contains("1 May 2020"));
        assert_eq!(api.json("PATCH", &one, &json!({"rights": ["all"]})).await.status, 422);

        // One is shut out: at once, in every session of theirs; the other stays.
        let mut phone = t.signed_in("ingrid@example.org").await;
        assert_eq!(phone.get("/portal").await.status, 200);
        let ended = api.json("DELETE", &format!("{one}/portal"), &json!({})).await;
        assert_eq!((ended.status, &ended.json()["portal"]), (200, &json!("out")));
        for browser in [&mut ingrid, &mut phone] {
            assert_ne!(browser.get("/portal").await.status, 200);
            assert_ne!(browser.get("/portal/profile").await.status, 200);
        }
        let mut again = t.signed_in("ingrid@example.org").await;
        assert_ne!(again.get("/portal").await.status, 200, "nor by signing in anew");
        assert_eq!(lars.get("/portal").await.status, 200);

        // Removing the other ends theirs too, and an open invitation of theirs dies with it.
        let sam = contact(&mut api, &nils, "sam@example.org", &["receipts"]).await;
        api.json("POST", &format!("/api/v1/contacts/{sam}/portal"), &json!({})).await;
        t.send_mail().await;
        let link = t.mail_to("sam@example.org").link();
        let list = api.get(&format!("/api/v1/clients/{nils}/contacts")).await.json();
        for one in list["items"].as_array().unwrap() {
            let path = format!("/api/v1/contacts/{}", one["id"].as_str().unwrap());
            assert_eq!(api.json("DELETE", &path, &json!({})).await.status, 200);
        }
        assert_ne!(lars.get("/portal").await.status, 200);
        let mut late = t.browser();
        late.open_link(&link).await;
        assert_ne!(late.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
        t.run_jobs().await;
    }

    async fn e5_two_sisters_and_their_mother(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let nils = child(&t, &practice, "Nils", "2020-05-01").await;
        let mia = child(&t, &practice, "Mia", "2018-05-01").await;
        guardian(&t, &mut api, &nils, "ingrid@example.org", &["messages"]).await;

        // The second child is connected by the mother's own password, once she accepts; not before, and not by the practice.
        let second = contact(&mut api, &mia, "ingrid@example.org", &["details"]).await;
        api.json("POST", &format!("/api/v1/contacts/{second}/portal"), &json!({})).await;
        t.send_mail().await;
        let count = "select count(*) from portal_access where ended_at is null";
        assert_eq!(t.raw.count(count), 1);
        let mut mother = t.browser();
        mother.open_link(&t.mails().last().unwrap().link()).await;
        let wrong = mother.post("/invitation", &[("password", "not her password")]).await;
        assert_eq!((wrong.status, t.raw.count(count)), (422, 1), "{}", wrong.text);
        let connected = mother.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((connected.status, t.raw.count(count)), (303, 2), "{}", connected.text);

        // She chooses between them, and has in each what she has there.
        let home = mother.get("/portal").await.text;
        assert!(home.contains("Here for Mia") && home.contains("See and change personal details"), "{home}");
        let places = mother.get("/places").await.text;
        assert!(places.contains("Mia Berg") && places.contains("Nils Berg"), "{places}");
        let practice_id = practice.id.to_string();
        let place = t.raw.rows(&format!("select id from portal_access where client_id = {}", t.raw.id(&nils)))[0][0].clone().unwrap();
        let place = uuid::Uuid::parse_str(&place).unwrap().to_string();
        mother.post("/places", &[("practice", &practice_id), ("id", &place)]).await;
        let home = mother.get("/portal").await.text;
        assert!(home.contains("Here for Nils") && !home.contains("See and change personal details"), "{home}");
        // Out of one is not out of the other.
        api.json("DELETE", &format!("/api/v1/contacts/{second}/portal"), &json!({})).await;
        assert_eq!(mother.get("/portal").await.status, 200);

        // Who has the client's own email is the client.
        let (own, _) = t.client_in_portal(&practice, "own@example.org").await;
        let same = contact(&mut api, &own, "own@example.org", &["messages"]).await;
        for (id, said) in [(same, "client's own email"), (contact(&mut api, &nils, "x@example.org", &[]).await, "Choose what they may do")] {
            let refused = api.json("POST", &format!("/api/v1/contacts/{id}/portal"), &json!({})).await;
            assert_eq!(refused.status, 409);
            assert!(refused.text.contains(said), "{}", refused.text);
        }
        // Their address is not changed under them.
        let list = api.get(&format!("/api/v1/clients/{nils}/contacts")).await.json();
        let path = format!("/api/v1/contacts/{}", list["items"][0]["id"].as_str().unwrap());
        assert_eq!(api.json("PATCH", &path, &json!({"email": "other@example.org"})).await.status, 422);
    }

    async fn e5_whoever_is_of_age_is_asked_first(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let (ana, mut portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let sam = contact(&mut api, &ana, "sam@example.org", &["appointments"]).await;
        let (invite, ask) = (format!("/api/v1/contacts/{sam}/portal"), format!("/portal/people/{sam}"));
        let asked = api.json("POST", &invite, &json!({})).await;
        assert_eq!((asked.status, &asked.json()["portal"]), (200, &json!("consent_asked")), "{}", asked.text);
        t.send_mail().await;
        assert!(t.mails().iter().all(|mail| !mail.to.contains("sam@example.org")), "nothing goes out before she agrees");
        // The practice cannot write down what she is asked for herself.
        assert_eq!(api.json("POST", &format!("/api/v1/contacts/{sam}/consent"), &json!({})).await.status, 409);

        assert!(portal.get("/portal").await.text.contains("Somebody would like to be in your portal"));
        let page = portal.get("/portal/people").await.text;
        assert!(page.contains("Lars Berg") && page.contains("See appointments") && page.contains("Do not agree"), "{page}");
        // Agreed to is what she saw; meanwhile it was more.
        api.json("PATCH", &format!("/api/v1/contacts/{sam}"), &json!({"rights": ["appointments", "messages"]})).await;
        assert_eq!(portal.post(&ask, &[("answer", "agree"), ("rights", "appointments")]).await.status, 409);
        api.json("PATCH", &format!("/api/v1/contacts/{sam}"), &json!({"rights": ["appointments"]})).await;
        assert_eq!(portal.post(&ask, &[("answer", "perhaps")]).await.status, 400);
        assert_eq!(portal.post(&ask, &[("answer", "agree"), ("rights", "appointments")]).await.status, 303);
        let mut sams = accepts(&t, "sam@example.org").await;
        assert!(sams.get("/portal").await.text.contains("See appointments"));

        // More than was agreed to is not in force until she agrees.
        api.json("PATCH", &format!("/api/v1/contacts/{sam}"), &json!({"rights": ["appointments", "details"]})).await;
        let home = sams.get("/portal").await.text;
        assert!(home.contains("See appointments") && !home.contains("personal details"), "{home}");
        assert_eq!(sams.post("/portal/profile", &[("version", "1")]).await.status, 404);
        let list = api.get(&format!("/api/v1/clients/{ana}/contacts")).await.json();
        assert_eq!((&list["items"][0]["portal"], &list["items"][0]["agreed"]), (&json!("in_asks_for_more"), &json!(["appointments"])));
        assert_eq!(portal.post(&ask, &[("answer", "agree"), ("rights", "details appointments")]).await.status, 303);
        assert!(sams.get("/portal").await.text.contains("personal details"));

        // She withdraws it, and he is out with the next request.
        assert_eq!(portal.post(&ask, &[("answer", "refuse")]).await.status, 303);
        assert_ne!(sams.get("/portal").await.status, 200);
        let list = api.get(&format!("/api/v1/clients/{ana}/contacts")).await.json();
        assert_eq!(list["items"][0]["portal"], json!("consent_refused"));
        let timeline = api.get(&format!("/api/v1/clients/{ana}/timeline")).await.text;
        for kind in ["consent.asked", "consent.given", "consent.refused", "contact.joined", "contact.left"] {
            assert!(timeline.contains(kind), "{kind}: {timeline}");
        }
        // Put back after a removal, he is asked about anew; what nobody asked cannot be agreed to.
        let one = format!("/api/v1/contacts/{sam}");
        assert_eq!(portal.post(&ask, &[("answer", "agree"), ("rights", "details appointments")]).await.status, 303);
        assert_eq!(api.json("DELETE", &one, &json!({})).await.status, 200);
        assert_eq!(api.json("POST", &format!("{one}/restore"), &json!({})).await.json()["portal"], json!("out"));
        assert_eq!(portal.post(&ask, &[("answer", "agree"), ("rights", "details appointments")]).await.status, 409);
        assert_eq!(api.json("POST", &invite, &json!({})).await.json()["portal"], json!("consent_asked"));
        // Nobody else answers for her.
        let (_, mut bea) = t.client_in_portal(&practice, "bea@example.org").await;
        assert_eq!(bea.post(&ask, &[("answer", "agree"), ("rights", "appointments")]).await.status, 404);

        // Who has no portal is asked at the desk, and that is written down.
        let old = t.client(&practice, json!({"first_name": "Ove", "date_of_birth": "1940-01-01"})).await;
        let tove = contact(&mut api, &old, "tove@example.org", &["receipts"]).await;
        let refused = api.json("POST", &format!("/api/v1/contacts/{tove}/portal"), &json!({})).await;
        assert!(refused.status == 409 && refused.text.contains("write down that they agreed"), "{}", refused.text);
        let written = api.json("POST", &format!("/api/v1/contacts/{tove}/consent"), &json!({})).await;
        assert_eq!((written.status, &written.json()["portal"]), (200, &json!("invited")), "{}", written.text);
        assert_eq!(accepts(&t, "tove@example.org").await.get("/portal").await.status, 200);
    }

    async fn e5_a_passphrase_from_the_desk_agrees_to_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let (ana, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let sam = contact(&mut api, &ana, "sam@example.org", &["appointments"]).await;
        api.json("POST", &format!("/api/v1/contacts/{sam}/portal"), &json!({})).await;
        let made = api.json("POST", &format!("/api/v1/clients/{ana}/passphrase"), &json!({})).await.json();
        let mut desk = t.browser();
        desk.post("/sign-in", &[("email", "ana@example.org"), ("password", made["passphrase"].as_str().unwrap())]).await;
        let page = desk.get("/portal/people").await;
        assert!(page.status == 200 && !page.text.contains("Agree"), "{}", page.text);
        let said = desk.post(&format!("/portal/people/{sam}"), &[("answer", "agree"), ("rights", "appointments")]).await;
        assert_eq!(said.status, 404);
        t.send_mail().await;
    }

    async fn e5_a_child_comes_of_age(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let today = t.app.now().date_in("America/New_York");
        let born = born_for(today, 40);
        let nils = t.client(&practice, json!({"first_name": "Nils", "last_name": "Berg", "date_of_birth": born, "email": "nils@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let mut own = t.browser();
        own.open_link(&t.mail_to("nils@example.org").link()).await;
        own.post("/invitation", &[("password", PASSWORD)]).await;
        let (lars, mut father) = guardian(&t, &mut api, &nils, "lars@example.org", &["messages"]).await;
        let shown = own.get("/portal/people").await.text;
        assert!(shown.contains("Lars Berg") && !shown.contains("End their access"), "a minor is told, not asked: {shown}");
        let refused = own.post(&format!("/portal/people/{lars}"), &[("answer", "refuse")]).await;
        assert_eq!(refused.status, 409);

        let kinds = |t: &TestApp| {
            let sql = format!("select kind from activities where client_id = {} and kind like 'client.%of_age' order by id", t.raw.id(&nils));
            t.raw.rows(&sql).into_iter().map(|row| row[0].clone().unwrap()).collect::<Vec<_>>()
        };
        testkit::ruh::contacts::look_for_ages(&t.app).await.unwrap();
        assert!(kinds(&t).is_empty(), "forty days before");
        t.advance(std::time::Duration::from_secs(11 * 86_400));
        for _ in 0..2 {
            testkit::ruh::contacts::look_for_ages(&t.app).await.unwrap();
            assert_eq!(kinds(&t), ["client.coming_of_age"], "once, a month before");
        }
        // The day itself: out with the next request, before anything tidied up.
        t.advance(std::time::Duration::from_secs(30 * 86_400));
        let mut father_again = t.signed_in("lars@example.org").await;
        assert_ne!(father_again.get("/portal").await.status, 200);
        assert_ne!(father.get("/portal").await.status, 200);
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        for _ in 0..2 {
            testkit::ruh::contacts::look_for_ages(&t.app).await.unwrap();
            assert_eq!(kinds(&t), ["client.coming_of_age", "client.of_age"]);
        }
        let list = api.get(&format!("/api/v1/clients/{nils}/contacts")).await.json();
        assert_eq!(list["items"][0]["portal"], json!("consent_asked"));
        // By his own word his father is asked in again.
        let mut own = t.signed_in("nils@example.org").await;
        assert!(own.get("/portal").await.text.contains("Somebody would like to be in your portal"));
        let agreed = own.post(&format!("/portal/people/{lars}"), &[("answer", "agree"), ("rights", "messages")]).await;
        assert_eq!(agreed.status, 303, "{}", agreed.text);
        t.send_mail().await;
        let mut father = t.browser();
        father.open_link(&t.mail_to("lars@example.org").link()).await;
        assert_eq!(father.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
        assert_eq!(father.get("/portal").await.status, 200);
        testkit::ruh::contacts::look_for_ages(&t.app).await.unwrap();
        assert_eq!(father.get("/portal").await.status, 200);
    }

    async fn e5_a_corrected_birth_date_shuts_others_out_at_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let nils = child(&t, &practice, "Nils", "2020-05-01").await;
        let (_, mut lars) = guardian(&t, &mut api, &nils, "lars@example.org", &["messages"]).await;
        let sam = contact(&mut api, &nils, "sam@example.org", &["messages"]).await;
        api.json("POST", &format!("/api/v1/contacts/{sam}/portal"), &json!({})).await;
        assert_eq!(lars.get("/portal").await.status, 200);
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{nils}"), &json!({"date_of_birth": "1990-05-01"})).await.status, 200);
        assert_ne!(lars.get("/portal").await.status, 200);
        assert_eq!(t.raw.count("select count(*) from portal_access where ended_at is null"), 0);
        t.send_mail().await;
        assert!(t.mails().iter().all(|mail| !mail.to.contains("sam@example.org")));
    }

    async fn e5_the_custody_note_is_the_staffs_alone_and_sealed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let mut owner = t.signed_in(&practice.owner_email).await;
        let nils = child(&t, &practice, "Nils", "2020-05-01").await;
        let (_, mut lars) = guardian(&t, &mut api, &nils, "lars@example.org", &["details", "messages", "forms", "receipts", "sign"]).await;
        let (page, path) = (format!("/clients/{nils}/custody"), format!("/api/v1/clients/{nils}/custody-note"));
        assert_eq!(api.get(&path).await.json(), json!({"note": "", "version": 0}));
        let saved = owner.post(&page, &[("note", "Only the mother collects him."), ("version", "0")]).await;
        assert_eq!((saved.status, saved.location()), (303, format!("/clients/{nils}/contacts").as_str()));
        assert!(owner.get(&format!("/clients/{nils}/contacts")).await.text.contains("Only the mother collects him."));
        // A colleague saved in between: both versions are shown.
        assert_eq!(api.json("PATCH", &path, &json!({"note": "Both collect him.", "version": 1})).await.json()["version"], json!(2));
        let stale = owner.post(&page, &[("note", "My own words"), ("version", "1")]).await;
        assert!(stale.status == 409 && stale.text.contains("My own words") && stale.text.contains("Both collect him."), "{}", stale.text);
        assert_eq!(api.json("PATCH", &path, &json!({"note": "x", "version": 1})).await.status, 409);
        let long = owner.post(&page, &[("note", &"x".repeat(5_001)), ("version", "2")]).await;
        assert!(long.status == 422 && long.text.contains("note-error"), "{}", long.status);
        // Nowhere in clear, and in no portal.
        assert_eq!(t.raw.count("select count(*) from custody_notes where note_sealed is not null"), 1);
        let timeline = api.get(&format!("/api/v1/clients/{nils}/timeline")).await.text;
        assert!(timeline.contains("custody.changed") && !timeline.contains("collect"));
        for portal in ["/portal", "/portal/profile", "/portal/security"] {
            assert!(!lars.get(portal).await.text.contains("collect"), "{portal}");
        }
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        assert_eq!(t.browser().bearer(&t.token(&practice, off).await).get(&path).await.status, 404);
        assert_eq!(api.json("PATCH", &path, &json!({"note": ""})).await.json()["note"], json!(""));
    }
}

/// The birth date of somebody who comes of age in so many days.
fn born_for(today: jiff::civil::Date, days: i64) -> String {
    let day = today.checked_add(jiff::Span::new().days(days)).unwrap();
    day.checked_sub(jiff::Span::new().years(18)).unwrap().to_string()
}
