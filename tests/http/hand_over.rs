//! D4: a device that is handed over at the desk: one client's forms, nothing else, and no session left behind.

use std::time::Duration;

use testkit::ruh::access::Role;
use testkit::{Browser, both_engines, json};

use crate::filling::{autosave, given, intake};

const PAGE: &str = "019caf10-8770-72e9-a79e-990e7d12e771";
const MINUTES: Duration = Duration::from_secs(60);

/// The code for another device, as an address.
async fn code(staff: &mut Browser, client: &str) -> String {
    let made = staff.post(&format!("/clients/{client}/hand-over"), &[("where", "elsewhere")]).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let address = made.text.split("id=\"hand-over-address\">").nth(1).unwrap().split('<').next().unwrap();
    address.strip_prefix("http://localhost:8080").unwrap().to_string()
}

/// Opens a device by a code: looks, and presses the button.
async fn opened(tablet: &mut Browser, address: &str) -> bool {
    let door = tablet.open_link(address).await;
    let Some(mark) = door.text.split("name=\"link\" value=\"").nth(1) else { return false };
    let mark = mark.split('"').next().unwrap().to_string();
    let answer = tablet.post("/hand-over/open", &[("link", &mark)]).await;
    answer.location() == "/hand-over"
}

both_engines! {
    async fn d4_a_client_without_an_email_fills_in_on_this_device(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({"first_name": "Grete", "last_name": "Unseen"})).await;
        let id = given(&t, &practice, &client, intake()).await;
        let mut desk = t.signed_in(&practice.owner_email).await;
        assert!(desk.get(&format!("/clients/{client}/hand-over")).await.text.contains("This device"));
        let before = desk.copy();
        let handed = desk.post(&format!("/clients/{client}/hand-over"), &[("where", "here")]).await;
        assert_eq!((handed.status, handed.location()), (303, "/hand-over"), "{}", handed.text);
        // The staff's session is over, here and for whoever copied its cookie.
        assert!(!desk.cookies.contains_key("ruh") && desk.cookies.contains_key("ruh-desk"));
        assert_eq!(before.copy().get("/clients").await.status, 401);
        let list = desk.get("/hand-over").await.text;
        assert!(list.contains("Before we meet") && list.contains("Finish"), "{list}");
        assert!(!list.contains("Unseen") && !list.contains("/portal") && !list.contains("/clients"), "{list}");
        let at = format!("/hand-over/forms/{id}");
        for (question, value) in [("name", "Grete"), ("sign", "Grete Unseen")] {
            let name = format!("q-{question}");
            assert_eq!(autosave(&mut desk, &at, PAGE, question, &[(&name, value)], "0").await.status, 200);
        }
        let card = desk.upload(&format!("{at}/file"), &[("question", "card"), ("page", "3")], Some(("card.png", b"\x89PNG\r\n\x1a\n..."))).await;
        assert_eq!(card.location(), format!("{at}?page=3#q-card"), "{}", card.text);
        assert!(desk.get(&format!("{at}/check")).await.text.contains("Grete Unseen"));
        assert_eq!(desk.post(&format!("{at}/send"), &[]).await.location(), format!("{at}/done"));
        assert!(desk.get(&format!("{at}/done")).await.text.contains("give the device back"));
        // What was handed in is not read at the desk any more.
        assert_eq!(desk.get(&at).await.location(), "/hand-over");
        assert_eq!(desk.get(&format!("{at}/check")).await.status, 303);
        assert_eq!(desk.get(&format!("{at}/copy")).await.status, 404);
        let held = desk.copy();
        let end = desk.post("/hand-over/finish", &[]).await;
        assert!(end.status == 200 && end.text.contains("Please give the device back"), "{}", end.text);
        assert!(!desk.cookies.contains_key("ruh-desk"));
        // Back shows nothing, whoever kept the cookie.
        for path in ["/hand-over", &at, &format!("{at}/check")] {
            for mut browser in [desk.copy(), held.copy()] {
                let back = browser.get(path).await;
                assert_eq!(back.status, 401, "{path}");
                assert!(!back.text.contains("Before we meet") && back.text.contains("give the device back"), "{}", back.text);
                assert_eq!(back.header("cache-control"), "no-store");
            }
        }
        assert_eq!(autosave(&mut held.copy(), &at, PAGE, "name", &[("q-name", "X")], "0").await.status, 401);
        assert_eq!(t.raw.count("select count(*) from sessions where ended_at is null"), 0);
        assert_eq!(t.raw.count("select count(*) from answers where giver_kind = 'desk' and counts"), 3);
        for kind in ["form.handed_over", "form.handed_back"] {
            assert_eq!(t.raw.count(&format!("select count(*) from activities where kind = '{kind}'")), 1, "{kind}");
        }
        for action in ["hand_over.made", "hand_over.ended", "form.handed_in"] {
            assert_eq!(t.raw.count(&format!("select count(*) from audit_entries where action = '{action}'")), 1, "{action}");
        }
    }

    async fn d4_a_code_opens_one_device_once_and_signs_out_whoever_was_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        given(&t, &practice, &client, intake()).await;
        let mut staff = t.signed_in(&practice.owner_email).await;
        let address = code(&mut staff, &client).await;
        assert_eq!(address.len(), "/hand-over/k3f9-2mzt-07qe".len());
        // R1: looked at by scanners, it is unused; and a code is never in the database.
        for _ in 0..3 {
            let mut scanner = t.browser();
            scanner.head(&address).await;
            assert!(scanner.open_link(&address).await.text.contains("Begin"));
        }
        assert_eq!(t.raw.count("select count(*) from hand_overs where used_at is null"), 1);
        // The tablet is signed in as staff: that ends with it.
        let mut tablet = t.signed_in(&practice.owner_email).await;
        let mut thief = t.browser();
        assert!(opened(&mut tablet, &address).await);
        assert!(tablet.cookies.contains_key("ruh-desk") && !tablet.cookies.contains_key("ruh"));
        assert_eq!(t.raw.count("select count(*) from sessions where ended_at is null"), 1, "the desk's own session stays");
        // Used: for nobody else, and not again.
        let dead = thief.open_link(&address).await;
        assert!(dead.status == 410 && dead.text.contains("does not work any more"), "{}", dead.text);
        assert!(!opened(&mut tablet.copy(), &address).await);
        // A code is no cookie, and a cookie no code.
        let letters: String = address.strip_prefix("/hand-over/").unwrap().replace('-', "");
        thief.cookies.insert("ruh-desk".into(), letters);
        assert_eq!(thief.get("/hand-over").await.status, 401);
        let token = tablet.cookies["ruh-desk"].clone();
        assert_eq!(t.browser().open_link(&format!("/hand-over/{token}")).await.status, 410);
        // It goes nowhere else.
        for path in ["/portal", "/portal/forms", "/portal/profile", "/clients", &format!("/clients/{client}"), "/settings", "/places", "/home"] {
            let status = tablet.get(path).await.status;
            assert!(status == 404 || status == 401, "{path}: {status}");
        }
        assert_eq!(tablet.post("/session/keep", &[]).await.status, 404);
        // The staff see it, and end it.
        let ways = staff.get(&format!("/clients/{client}/hand-over")).await.text;
        assert!(ways.contains("Open since") && ways.contains("End it now"), "{ways}");
        assert_eq!(staff.post(&format!("/clients/{client}/hand-over/end"), &[]).await.status, 303);
        assert_eq!(tablet.get("/hand-over").await.status, 401);
    }

    async fn d4_a_hand_over_ends_by_itself(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        given(&t, &practice, &client, intake()).await;
        let mut staff = t.signed_in(&practice.owner_email).await;
        // A code that nobody used is dead after half an hour; a new one ends the one before.
        let first = code(&mut staff, &client).await;
        let second = code(&mut staff, &client).await;
        assert!(!opened(&mut t.browser(), &first).await);
        t.advance(30 * MINUTES);
        assert!(!opened(&mut t.browser(), &second).await);
        // Left alone for half an hour it ends, used it goes on, and after two hours it is over.
        let mut staff = t.signed_in(&practice.owner_email).await;
        let mut tablet = t.browser();
        let address = code(&mut staff, &client).await;
        assert!(opened(&mut tablet, &address).await);
        for _ in 0..5 {
            t.advance(20 * MINUTES);
            assert_eq!(tablet.get("/hand-over").await.status, 200);
        }
        t.advance(21 * MINUTES);
        assert_eq!(tablet.get("/hand-over").await.status, 401, "after two hours");
        let mut staff = t.signed_in(&practice.owner_email).await;
        let mut tablet = t.browser();
        let address = code(&mut staff, &client).await;
        assert!(opened(&mut tablet, &address).await);
        // R50: while it is open, a clock that was put back opens nothing; one that jumped ahead and back revives nothing.
        t.turn_back(10 * MINUTES);
        assert_eq!(tablet.copy().get("/hand-over").await.status, 401);
        t.advance(10 * MINUTES);
        assert_eq!(tablet.copy().get("/hand-over").await.status, 200);
        t.advance(30 * MINUTES);
        assert_eq!(tablet.copy().get("/hand-over").await.status, 401, "left alone");
        t.turn_back(20 * MINUTES);
        assert_eq!(tablet.copy().get("/hand-over").await.status, 401, "dead stays dead");
        // Whoever made it is disabled; the client is archived.
        for end in ["member", "client"] {
            let mut staff = t.signed_in(&practice.owner_email).await;
            let mut tablet = t.browser();
            let address = code(&mut staff, &client).await;
            assert!(opened(&mut tablet, &address).await);
            let change = |on: bool| match (end, on) {
                ("member", true) => format!("update members set disabled_at = 1 where id = {}", t.raw.id(&practice.owner.to_string())),
                ("member", false) => "update members set disabled_at = null".to_string(),
                (_, true) => "update clients set status = 'archived'".to_string(),
                (_, false) => "update clients set status = 'active'".to_string(),
            };
            t.raw.run(&change(true));
            assert_eq!(tablet.get("/hand-over").await.status, 401, "{end}");
            t.raw.run(&change(false));
        }
    }

    async fn r20_a_device_reaches_one_clients_forms_only(t: TestApp) {
        let (ours, theirs) = (t.practice("Calm Harbour").await, t.practice("Other Shore").await);
        let client = t.client(&ours, json!({})).await;
        let other = t.client(&ours, json!({"first_name": "Bea"})).await;
        let foreign = t.client(&theirs, json!({"first_name": "Cleo"})).await;
        let own = given(&t, &ours, &client, intake()).await;
        let not_own = [given(&t, &ours, &other, intake()).await, given(&t, &theirs, &foreign, intake()).await];
        t.member(&ours, Role::Provider, "off@calm.example").await;
        let mut off = t.signed_in("off@calm.example").await;
        // Whoever may not see the client hands nothing over.
        for path in [format!("/clients/{client}/hand-over"), format!("/clients/{foreign}/hand-over")] {
            assert_eq!(off.get(&path).await.status, 404);
            assert_eq!(off.post(&path, &[("where", "elsewhere")]).await.status, 404);
            assert_eq!(off.post(&format!("{path}/end"), &[]).await.status, 404);
        }
        let mut staff = t.signed_in(&ours.owner_email).await;
        assert_eq!(staff.post(&format!("/clients/{client}/hand-over"), &[("where", "nowhere")]).await.status, 422);
        let mut tablet = t.browser();
        let address = code(&mut staff, &client).await;
        assert!(opened(&mut tablet, &address).await);
        assert_eq!(tablet.get(&format!("/hand-over/forms/{own}")).await.status, 200);
        for id in &not_own {
            let at = format!("/hand-over/forms/{id}");
            for way in ["", "/check", "/done", "/file?question=card"] {
                assert_eq!(tablet.get(&format!("{at}{way}")).await.status, 404, "{way}");
            }
            assert_eq!(autosave(&mut tablet, &at, PAGE, "name", &[("q-name", "X")], "0").await.status, 404);
            assert_eq!(tablet.post(&format!("{at}/send"), &[]).await.status, 404);
        }
        // The forms of the portal are another room, and the desk's routes are nobody's in the portal.
        assert_eq!(tablet.get(&format!("/portal/forms/{own}")).await.status, 404);
        let (_, mut ana) = t.client_in_portal(&ours, "ana@example.org").await;
        assert_eq!(ana.get("/hand-over").await.status, 404);
        // Whoever signs in at the device is themselves again.
        let signed = tablet.post("/sign-in", &[("email", &ours.owner_email), ("password", testkit::PASSWORD)]).await;
        assert_eq!(signed.status, 303);
        assert_eq!(tablet.get("/hand-over").await.status, 404);
        assert_eq!(tablet.get("/clients").await.status, 200);
    }
}
