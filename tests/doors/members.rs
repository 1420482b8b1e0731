//! Inviting staff: who gets in by the link, exactly once, and what the link never says or does before.

use std::sync::Arc;

use testkit::{Answer, Browser, PASSWORD, TestApp, TestPractice, both_engines};

use crate::support::{OTHER, mails_to, opens, path, row_counts, signed_in_with, token};

pub const MEMBERS: &str = "/settings/members";
pub const INVITE: &str = "/settings/members/invitations";

/// Asks somebody onto the staff; the mail is queued.
pub async fn ask(owner: &mut Browser, email: &str, role: &str) -> Answer {
    let fields = [("first_name", "Cleo"), ("last_name", "Court"), ("email", email), ("role", role)];
    owner.post(INVITE, &fields).await
}

/// Asks somebody and sends the mail; returns the link.
pub async fn asked(t: &TestApp, practice: &TestPractice, email: &str, role: &str) -> String {
    let mut owner = t.signed_in(&practice.owner_email).await;
    let answer = ask(&mut owner, email, role).await;
    assert_eq!((answer.status, answer.location()), (303, MEMBERS), "{}", answer.text);
    t.send_mail().await;
    t.mail_to(email).link()
}

/// Joins by a link, in a browser of its own.
pub async fn join(t: &TestApp, link: &str, password: &str) -> (Browser, Answer) {
    let mut browser = t.browser();
    browser.open_link(link).await;
    let answer = browser.post("/join-staff", &[("password", password)]).await;
    (browser, answer)
}

/// The id of the newest invitation to the staff.
pub fn newest(t: &TestApp) -> String {
    let rows = t.raw.rows("select id from member_invitations order by id desc limit 1");
    uuid::Uuid::parse_str(rows[0][0].as_deref().expect("an invitation")).expect("an id").to_string()
}

fn states(t: &TestApp) -> Vec<String> {
    let rows = t.raw.rows("select state from member_invitations order by id");
    rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

both_engines! {
    async fn an_invited_colleague_joins_and_lands_at_home(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let link = asked(&t, &practice, "cleo@calm.example", "provider").await;
        let mail = t.mail_to("cleo@calm.example");
        assert!(mail.text.contains("Calm Harbour has invited you to join their staff"), "{}", mail.text);
        assert_eq!(mail.subject, "Your invitation");
        assert!(path(&link).starts_with("/join-staff/"), "{link}");

        let mut cleo = t.browser();
        let opened = cleo.get(&path(&link)).await;
        assert_eq!((opened.status, opened.location(), opened.header("referrer-policy")), (303, "/join-staff", "no-referrer"));
        let page = cleo.get("/join-staff").await;
        assert!(page.text.contains("cleo@calm.example") && page.text.contains("Welcome, Cleo"), "{}", page.text);
        let weak = cleo.post("/join-staff", &[("password", "cleo court")]).await;
        assert_eq!(weak.status, 422);
        let joined = cleo.post("/join-staff", &[("password", PASSWORD)]).await;
        assert_eq!((joined.status, joined.location()), (303, "/home"), "{}", joined.text);
        assert_eq!(cleo.get("/home").await.status, 200);
        assert_eq!(cleo.get(MEMBERS).await.status, 403, "a provider runs nothing");
        assert!(opens(&t, "cleo@calm.example").await);
        let list = t.signed_in(&practice.owner_email).await.get(MEMBERS).await.text;
        assert!(list.contains("2 members") && list.contains("Cleo Court") && !list.contains("invited"), "{list}");
        // A provider always sees clients, though nobody ticked it.
        let form = t.signed_in(&practice.owner_email).await.get("/clients/new").await.text;
        assert!(form.contains(">Cleo Court</option>"), "{form}");
    }

    async fn r1_opening_a_link_to_join_uses_nothing_up(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let link = asked(&t, &practice, "cleo@calm.example", "support").await;
        for _ in 0..60 {
            let mut scanner = t.browser();
            assert_eq!(scanner.head(&path(&link)).await.status, 303);
            scanner.open_link(&link).await;
            assert_eq!(scanner.get("/join-staff").await.status, 200);
        }
        assert_eq!(t.raw.count("select count(*) from member_invitation_events where kind = 'opened'"), 50, "a limit");
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(owner.get(MEMBERS).await.text.contains("Link opened"));
        assert_eq!(join(&t, &link, PASSWORD).await.1.location(), "/home");
    }

    async fn r2_links_that_are_over_say_nothing_of_the_address(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let older = asked(&t, &practice, "cleo@calm.example", "provider").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let resent = owner.post(&format!("{INVITE}/{}/resend", newest(&t)), &[]).await;
        assert_eq!(resent.status, 303);
        // While the newer one waits, the older one works: Undo keeps it alive.
        let mut early = t.browser();
        early.open_link(&older).await;
        assert_eq!(early.get("/join-staff").await.status, 200);
        t.send_mail().await;
        assert_eq!(states(&t), ["superseded", "kept"]);
        let newer = t.mail_to("cleo@calm.example").link();
        assert_ne!(older, newer);
        let withdrawn = asked(&t, &practice, "dora@calm.example", "support").await;
        assert_eq!(owner.post(&format!("{INVITE}/{}/withdraw", newest(&t)), &[]).await.status, 303);
        let garbage = "http://localhost:8080/join-staff/AAAAgarbage".to_string();
        let mut broken = newer.clone();
        broken.pop();
        t.client(&practice, testkit::json!({"email": "ana@example.org", "send_invitation": true})).await;
        t.send_mail().await;
        let foreign = format!("http://localhost:8080/join-staff/{}", token(&t.mail_to("ana@example.org").link()));
        let mut pages = Vec::new();
        for (link, status) in [(&older, 410), (&withdrawn, 404), (&garbage, 404), (&broken, 404), (&foreign, 404)] {
            let mut browser = t.browser();
            browser.open_link(link).await;
            let shown = browser.get("/join-staff").await;
            let (_, posted) = join(&t, link, PASSWORD).await;
            for answer in [shown, posted] {
                assert_eq!(answer.status, status, "{link}");
                for told in ["cleo", "Cleo", "dora", "ana@", "Calm Harbour"] {
                    assert!(!answer.text.contains(told), "{link} tells {told}: {}", answer.text);
                }
                pages.push(answer.text);
            }
        }
        assert_eq!(pages[2], pages[4], "withdrawn and garbage look the same");
        let (_, joined) = join(&t, &newer, PASSWORD).await;
        assert_eq!(joined.location(), "/home");
        let (_, again) = join(&t, &newer, OTHER).await;
        assert_eq!(again.status, 410);
        assert!(!again.text.contains("cleo"), "{}", again.text);
        assert!(opens(&t, "cleo@calm.example").await, "the password is the first one");
    }

    async fn r3_a_hundred_acceptances_at_once_make_one_member(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let link = asked(&t, &practice, "cleo@calm.example", "provider").await;
        let before = row_counts(&t);
        let t = Arc::new(t);
        let mut running = tokio::task::JoinSet::new();
        for n in 0..100_u8 {
            let (t, link) = (Arc::clone(&t), link.clone());
            running.spawn(async move {
                let mut browser = t.browser().from([10, 1, 0, n]);
                browser.open_link(&link).await;
                browser.post("/join-staff", &[("password", PASSWORD)]).await
            });
        }
        let mut counts = std::collections::BTreeMap::new();
        while let Some(answer) = running.join_next().await {
            let answer = answer.unwrap();
            assert!(matches!(answer.status, 303 | 409 | 410 | 422), "{}: {}", answer.status, answer.text);
            *counts.entry(answer.status == 303).or_insert(0) += 1;
        }
        assert_eq!(counts[&true], 1, "{counts:?}");
        let after = row_counts(&t);
        for table in ["accounts", "account_emails", "members"] {
            assert_eq!(after[table], before[table] + 1, "{table}");
        }
    }

    async fn r5_a_strangers_claim_of_the_address_dies_when_the_invitee_joins(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let stranger = testkit::ruh::people::Email::parse("cleo@calm.example").unwrap();
        let hash = t.app.passwords.hash(OTHER).await.unwrap();
        t.app
            .write(move |h| {
                testkit::ruh::accounts::create(h, &stranger, &hash, testkit::ruh::accounts::Confirmed::NotYet)
            })
            .await
            .unwrap();
        let mut claimed = signed_in_with(&t, "cleo@calm.example", OTHER).await;
        let link = asked(&t, &practice, "cleo@calm.example", "admin").await;
        let (_, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!(joined.location(), "/home", "{}", joined.text);
        assert_eq!(claimed.get("/places").await.status, 401, "the stranger's session is over");
        assert!(opens(&t, "cleo@calm.example").await);
        let mut tries = t.browser();
        let old = tries.post("/sign-in", &[("email", "cleo@calm.example"), ("password", OTHER)]).await;
        assert_eq!(old.status, 422, "and so is the stranger's password");
    }

    async fn r6_an_address_with_an_account_joins_with_its_own_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        t.member(&other, testkit::ruh::access::Role::Provider, "cleo@shore.example").await;
        let link = asked(&t, &practice, "cleo@shore.example", "provider").await;
        let fresh = asked(&t, &practice, "nobody@shore.example", "provider").await;
        // The page is the same whether there is an account or not.
        let mut shown = Vec::new();
        for (link, email) in [(&link, "cleo@shore.example"), (&fresh, "nobody@shore.example")] {
            let mut browser = t.browser();
            browser.open_link(link).await;
            let text = browser.get("/join-staff").await.text.replace(email, "EMAIL");
            let (before, rest) = text.split_once("name=\"link\" value=\"").unwrap();
            shown.push(format!("{before}{}", rest.split_once('"').unwrap().1));
        }
        assert_eq!(shown[0], shown[1]);
        let before = row_counts(&t);
        let (_, wrong) = join(&t, &link, OTHER).await;
        assert_eq!(wrong.status, 422);
        let members = row_counts(&t)["members"];
        assert_eq!(members, before["members"]);
        let (mut cleo, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!((joined.status, joined.location()), (303, "/home"), "{}", joined.text);
        assert_eq!(row_counts(&t)["accounts"], before["accounts"], "no second account");
        assert!(cleo.get("/home").await.text.contains("Calm Harbour"));
        assert!(cleo.get("/places").await.text.contains("Other Shore"), "the place before is still there");
        // Nothing about the account is told to the practice.
        let list = t.signed_in(&practice.owner_email).await.get(MEMBERS).await.text;
        assert!(!list.contains("Shore<") && !list.contains("Other Shore"), "{list}");
    }

    async fn r7_an_invited_member_can_do_nothing_until_they_accept(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        t.member(&other, testkit::ruh::access::Role::Owner, "cleo@shore.example").await;
        let mut elsewhere = t.signed_in("cleo@shore.example").await;
        let client = t.client(&practice, testkit::json!({})).await;
        let link = asked(&t, &practice, "cleo@shore.example", "owner").await;
        let mut holder = t.browser();
        holder.open_link(&link).await;
        let places = elsewhere.get("/places").await.text;
        assert!(!places.contains("Calm Harbour"), "{places}");
        let id = practice.id.to_string();
        let member = newest(&t);
        for browser in [&mut elsewhere, &mut holder] {
            let gone = browser.post("/places", &[("practice", &id), ("id", &member)]).await;
            assert!(matches!(gone.status, 401 | 404), "{}", gone.status);
            for page in [format!("/clients/{client}"), format!("/api/v1/clients/{client}")] {
                let status = browser.get(&page).await.status;
                assert!(matches!(status, 401 | 404), "{page}: {status}");
            }
        }
        assert!(!elsewhere.get("/clients").await.text.contains("Marchetti"));
        assert!(!elsewhere.get(MEMBERS).await.text.contains("owner@calmharbour.example"));
        assert_eq!(t.raw.count("select count(*) from members"), 3, "two owners and her place elsewhere");
        let (_, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!(joined.location(), "/home");
        assert!(!elsewhere.get("/clients").await.text.contains("Marchetti"), "the session elsewhere stays where it is");
        assert!(elsewhere.get("/places").await.text.contains("Calm Harbour"), "and may go there now");
    }

    async fn undo_and_withdraw_keep_a_link_from_working(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        ask(&mut owner, "cleo@calm.example", "provider").await;
        let page = owner.get(MEMBERS).await.text;
        let undo = format!("{INVITE}/{}/undo", newest(&t));
        assert!(page.contains(&format!("action=\"{undo}\"")) && page.contains("Invitation queued"), "{page}");
        assert_eq!(owner.post(&undo, &[]).await.status, 303);
        t.send_mail().await;
        assert!(t.mails().is_empty());
        assert!(!owner.get(MEMBERS).await.text.contains("cleo@calm.example"));
        // Withdrawn while it is queued: the mail never leaves.
        ask(&mut owner, "cleo@calm.example", "provider").await;
        owner.post(&format!("{INVITE}/{}/withdraw", newest(&t)), &[]).await;
        t.send_mail().await;
        assert!(t.mails().is_empty());
        let link = asked(&t, &practice, "cleo@calm.example", "provider").await;
        assert_eq!(owner.post(&undo, &[]).await.status, 303, "too late, and said so");
        owner.post(&format!("{INVITE}/{}/withdraw", newest(&t)), &[]).await;
        assert_eq!(join(&t, &link, PASSWORD).await.1.status, 404);
        assert_eq!(states(&t), ["undone", "withdrawn", "withdrawn"]);
    }

    async fn r66_invitations_to_the_staff_are_capped(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for n in 0..5 {
            assert_eq!(ask(&mut owner, "cleo@calm.example", "provider").await.status, 303, "{n}");
            t.send_mail().await;
        }
        let sixth = ask(&mut owner, "Cleo@Calm.example", "provider").await;
        assert_eq!(sixth.status, 422);
        assert!(sixth.text.contains("Five invitations went to this address"), "{}", sixth.text);
        assert!(sixth.text.contains("value=\"Cleo@Calm.example\"") && sixth.text.contains("value=\"Cleo\""), "typed text stays");
        assert_eq!(mails_to(&t, "cleo@calm.example").len(), 5);
        for n in 0..95 {
            assert_eq!(ask(&mut owner, &format!("c{n}@calm.example"), "support").await.status, 303, "{n}");
        }
        let over = ask(&mut owner, "one-more@calm.example", "support").await;
        assert_eq!(over.status, 422, "a hundred a day");
        let foreign = t.practice("Other Shore").await;
        let mut theirs = t.signed_in(&foreign.owner_email).await;
        assert_eq!(ask(&mut theirs, "one-more@calm.example", "support").await.status, 303, "another practice's day is its own");
        t.send_mail().await;
        t.advance(std::time::Duration::from_secs(24 * 3600));
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(ask(&mut owner, "one-more@calm.example", "support").await.status, 303);
        t.send_mail().await;
    }

    async fn who_forgot_a_password_they_never_had_gets_the_invitation_again(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let link = asked(&t, &practice, "cleo@calm.example", "provider").await;
        t.browser().post("/forgot", &[("email", "cleo@calm.example")]).await;
        t.run_jobs().await;
        let again = mails_to(&t, "cleo@calm.example");
        assert_eq!(again.len(), 2);
        assert_eq!(again[1].link(), link);
        assert_eq!(join(&t, &link, PASSWORD).await.1.location(), "/home");
    }

    async fn r32_names_of_members_are_text_everywhere(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let evil = "<img src=x onerror=alert(1)>";
        let fields = [("first_name", evil), ("last_name", "https://evil.example"), ("email", "cleo@calm.example"), ("role", "provider")];
        assert_eq!(owner.post(INVITE, &fields).await.status, 303);
        let page = owner.get(MEMBERS).await.text;
        assert!(!page.contains("<img"), "{page}");
        t.send_mail().await;
        let mail = t.mail_to("cleo@calm.example");
        assert!(!mail.html.contains("<img") && !mail.text.contains("https://evil"), "{}", mail.text);
        let mut cleo = t.browser();
        cleo.open_link(&mail.link()).await;
        assert!(!cleo.get("/join-staff").await.text.contains("<img"));
        for (field, bad) in [("first_name", "a\nb"), ("last_name", ""), ("email", "x@"), ("role", "god"), ("role", "")] {
            let mut fields = fields.map(|(name, value)| (name, if name == field { bad } else { value }));
            if field != "email" {
                fields[2].1 = "other@calm.example";
            }
            let refused = owner.post(INVITE, &fields).await;
            assert_eq!(refused.status, 422, "{field} {bad:?}");
            assert!(refused.text.contains("aria-describedby"), "{field}");
        }
    }

    async fn r13_no_row_and_no_page_holds_a_link_to_join(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let link = asked(&t, &practice, "cleo@calm.example", "provider").await;
        let secret = token(&link);
        let kept = format!("{:?}", crate::support::everything(&t));
        assert!(kept.contains("cleo@calm.example") && !kept.contains(&secret));
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let one = format!("{INVITE}/{}", newest(&t));
        for text in [owner.get(MEMBERS).await.text, owner.get(&one).await.text, api.get("/api/v1/members/invitations").await.text] {
            assert!(text.contains("cleo@calm.example") && !text.contains(&secret), "{text}");
        }
    }

    async fn pressing_twice_sends_one_mail(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for _ in 0..3 {
            assert_eq!(ask(&mut owner, "cleo@calm.example", "provider").await.status, 303);
        }
        t.send_mail().await;
        assert_eq!(mails_to(&t, "cleo@calm.example").len(), 1);
        assert_eq!(states(&t), ["superseded", "superseded", "kept"]);
        let link = t.mail_to("cleo@calm.example").link();
        assert_eq!(join(&t, &link, PASSWORD).await.1.location(), "/home");
    }

    async fn r8_links_to_join_come_from_the_public_address(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await.with("host", "evil.example").with("x-forwarded-host", "evil.example");
        assert_eq!(ask(&mut owner, "cleo@calm.example", "provider").await.status, 303);
        t.send_mail().await;
        let mail = t.mail_to("cleo@calm.example");
        assert!(mail.link().starts_with("http://localhost:8080/join-staff/"), "{}", mail.link());
        assert!(!mail.html.contains("evil") && !mail.text.contains("evil"));
    }

    async fn r22_a_body_says_nothing_about_practice_account_or_standing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let evil = testkit::json!({"first_name": "Cleo", "last_name": "Court", "email": "cleo@calm.example", "role": "support",
            "practice_id": other.id.to_string(), "state": "accepted", "member_id": practice.owner.to_string(), "confirmed_at": 1, "account_id": practice.owner.to_string()});
        let made = api.json("POST", "/api/v1/members", &evil).await;
        assert_eq!((made.status, made.json()["state"].as_str()), (201, Some("queued")), "{}", made.text);
        assert_eq!(t.raw.count("select count(*) from members"), 2);
        let theirs = t.raw.id(&other.id.to_string());
        assert_eq!(t.raw.count(&format!("select count(*) from member_invitations where practice_id = {theirs}")), 0);
        let path = format!("/api/v1/members/{}", practice.owner);
        let patch = testkit::json!({"disabled_at": "2026-01-01T00:00:00Z", "status": "disabled", "email": "new@calm.example", "first_name": "Ola"});
        let changed = api.json("PATCH", &path, &patch).await.json();
        assert_eq!((changed["status"].as_str(), changed["email"].as_str()), (Some("active"), Some("owner@calmharbour.example")));
        t.send_mail().await;
    }
}
