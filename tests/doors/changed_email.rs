//! Changing a client's e-mail is a way to take an account over: it comes complete or not at all (E2).

use testkit::ruh::access::Role;
use testkit::{PASSWORD, both_engines, json};

use crate::support::{OTHER, accept, alive, change_email, invited, mails_to, newest_invitation, opens, press_invite};

both_engines! {
    async fn r12_a_confirmed_old_address_is_told_and_signs_in_until_the_new_one_is_confirmed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, portal) = t.client_in_portal(&practice, "old@example.org").await;
        t.browser().post("/forgot", &[("email", "old@example.org")]).await;
        t.run_jobs().await;
        let reset = t.mail_to("old@example.org").link();
        assert_eq!(change_email(&t, &practice, &id, Some("new@example.org")).await.status, 200);
        assert!(!alive(&portal, "/portal").await, "sessions end");
        assert_eq!(t.browser().open_link(&reset).await.status, 410, "reset links die");
        // Never a moment in which neither works: the old one, and the new one with the old password, both do.
        assert!(opens(&t, "old@example.org").await && opens(&t, "new@example.org").await);
        t.send_mail().await;
        let told = mails_to(&t, "old@example.org");
        let told = told.last().expect("the old address is told");
        assert_eq!(told.subject, "Your sign-in address was changed");
        assert!(!told.raw.contains("new@example.org") && !told.text.contains("http"), "{}", told.text);
        let confirm = t.mail_to("new@example.org");
        assert_eq!(confirm.subject, "Please confirm your email");
        assert!(opens(&t, "old@example.org").await, "until the new one is confirmed");
        let mut new = t.browser();
        let page = new.open_link(&confirm.link()).await;
        assert_eq!(page.status, 200);
        assert!(opens(&t, "old@example.org").await, "opening confirms nothing");
        let confirmed = new.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((confirmed.status, confirmed.location()), (303, "/portal"), "{}", confirmed.text);
        assert!(!opens(&t, "old@example.org").await && opens(&t, "new@example.org").await);
        assert_eq!(newest_invitation(&t, &practice, &id).await["state"], "accepted");
        assert_eq!(t.raw.count("select count(*) from accounts"), 2, "it is the same account");
    }

    async fn r12_an_old_address_that_never_was_confirmed_is_told_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        // Mistyped at first: it may be a stranger's.
        let (id, mistyped) = invited(&t, &practice, "stranger@example.org").await;
        assert_eq!(change_email(&t, &practice, &id, Some("ana@example.org")).await.status, 200);
        t.send_mail().await;
        assert_eq!(mails_to(&t, "stranger@example.org").len(), 1, "the invitation, and nothing after it");
        let dead = accept(&t, &mistyped, PASSWORD).await.1;
        assert_eq!(dead.status, 404, "open invitations die");
        assert!(!dead.text.contains("example.org"));
        assert_eq!(accept(&t, &t.mail_to("ana@example.org").link(), PASSWORD).await.1.status, 303);
        // The same for an address that an account had, unconfirmed.
        assert_eq!(change_email(&t, &practice, &id, Some("wrong@example.org")).await.status, 200);
        t.send_mail().await;
        let at_wrong = mails_to(&t, "wrong@example.org").len();
        assert_eq!(change_email(&t, &practice, &id, Some("right@example.org")).await.status, 200);
        t.send_mail().await;
        assert_eq!(mails_to(&t, "wrong@example.org").len(), at_wrong);
        assert!(!opens(&t, "wrong@example.org").await, "it signs in no more");
        assert!(opens(&t, "ana@example.org").await && opens(&t, "right@example.org").await);
    }

    async fn r12_two_changes_in_a_row_leave_only_the_last_link(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "old@example.org").await;
        change_email(&t, &practice, &id, Some("first@example.org")).await;
        t.send_mail().await;
        let first = t.mail_to("first@example.org").link();
        change_email(&t, &practice, &id, Some("second@example.org")).await;
        t.send_mail().await;
        assert_eq!(accept(&t, &first, "").await.1.status, 404);
        assert!(opens(&t, "old@example.org").await && !opens(&t, "first@example.org").await);
        assert_eq!(accept(&t, &t.mail_to("second@example.org").link(), PASSWORD).await.1.status, 303);
        assert!(!opens(&t, "old@example.org").await && opens(&t, "second@example.org").await);
    }

    async fn r12_a_pending_address_opens_nothing_that_was_gained_later(t: TestApp) {
        // Staff put an address of their own there and wait; meanwhile the client connects another practice.
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        change_email(&t, &practice, &id, Some("staff@evil.example")).await;
        t.send_mail().await;
        let pending = t.mail_to("staff@evil.example").link();
        let elsewhere = t.practice("Elsewhere").await;
        let (_, invitation) = invited(&t, &elsewhere, "ana@example.org").await;
        assert_eq!(accept(&t, &invitation, PASSWORD).await.1.status, 303);
        assert!(!opens(&t, "staff@evil.example").await);
        t.browser().post("/forgot", &[("email", "staff@evil.example")]).await;
        t.run_jobs().await;
        assert!(mails_to(&t, "staff@evil.example").iter().all(|mail| mail.subject != "Choose a new password"));
        // What is left of the link gives this practice's record to a new account, and nothing of hers.
        assert_eq!(accept(&t, &pending, OTHER).await.1.status, 303);
        assert!(opens(&t, "ana@example.org").await);
        assert_eq!(t.signed_in("ana@example.org").await.get("/").await.location(), "/portal");
        assert_eq!(t.raw.count("select count(*) from accounts"), 4, "two owners, the client, and the new one");
    }

    async fn r12_confirming_shuts_out_whoever_was_in_before(t: TestApp) {
        // A stranger at the mistyped address has accepted; the address is put right.
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "mistyped@example.org").await;
        change_email(&t, &practice, &id, Some("ana@example.org")).await;
        t.send_mail().await;
        let stranger = t.signed_in("mistyped@example.org").await;
        assert!(alive(&stranger, "/portal").await);
        let link = t.mail_to("ana@example.org").link();
        assert_eq!(accept(&t, &link, "").await.1.status, 422, "not without a new password");
        assert_eq!(accept(&t, &link, OTHER).await.1.status, 303);
        assert!(!alive(&stranger, "/portal").await);
        assert!(!opens(&t, "mistyped@example.org").await && !opens(&t, "ana@example.org").await, "the old password");
    }

    async fn r12_changing_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "old@example.org").await;
        change_email(&t, &practice, &id, Some("new@example.org")).await;
        t.send_mail().await;
        let new = t.mail_to("new@example.org").link();
        change_email(&t, &practice, &id, Some("old@example.org")).await;
        t.send_mail().await;
        assert_eq!(accept(&t, &new, "").await.1.status, 404);
        assert!(opens(&t, "old@example.org").await && !opens(&t, "new@example.org").await);
        assert_eq!(
            t.raw.count(
                "select count(*) from account_emails where email_key = 'new@example.org' and retired_at is null"
            ),
            0
        );
        assert_eq!(accept(&t, &t.mail_to("old@example.org").link(), PASSWORD).await.1.status, 303);
        assert!(opens(&t, "old@example.org").await);
        // The address that was let go of is free for whoever it belongs to.
        let (_, link) = invited(&t, &practice, "new@example.org").await;
        assert_eq!(accept(&t, &link, OTHER).await.1.status, 303);
    }

    async fn r12_a_reset_from_the_new_address_confirms_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "old@example.org").await;
        change_email(&t, &practice, &id, Some("new@example.org")).await;
        t.send_mail().await;
        t.browser().post("/forgot", &[("email", "new@example.org")]).await;
        t.run_jobs().await;
        let mut new = t.browser();
        new.open_link(&t.mail_to("new@example.org").link()).await;
        assert_eq!(new.post("/reset", &[("password", OTHER)]).await.status, 303);
        assert!(!opens(&t, "old@example.org").await);
        assert!(crate::support::lets_in(&t, "new@example.org", OTHER).await);
    }

    async fn r12_an_account_shared_with_another_practice_stays_untouched(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "ana@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (id, link) = invited(&t, &practice, "ana@example.org").await;
        let (here, _) = accept(&t, &link, PASSWORD).await;
        let mut there = t.signed_in("ana@example.org").await;
        let place = t.raw.rows("select practice_id, id from portal_access order by id limit 1").remove(0);
        let place = [place[0].clone().expect("an id"), place[1].clone().expect("an id")];
        there.post("/places", &[("practice", &place[0]), ("id", &place[1])]).await;
        let account = t.raw.rows("select id, password_hash from accounts order by id");
        let addresses = t.raw.rows("select * from account_emails order by id");
        assert_eq!(change_email(&t, &practice, &id, Some("new@example.org")).await.status, 200);
        t.send_mail().await;
        assert_eq!(t.raw.rows("select id, password_hash from accounts order by id"), account);
        assert_eq!(t.raw.rows("select * from account_emails order by id"), addresses);
        assert!(alive(&there, "/portal").await, "what stands elsewhere goes on");
        assert!(!alive(&here, "/portal").await, "this record is out of reach");
        assert!(!opens(&t, "new@example.org").await, "the new address is invited, no more");
        assert_eq!(t.signed_in("ana@example.org").await.get("/").await.location(), "/portal", "one place is left");
        assert!(t.signed_in("ana@example.org").await.get("/portal").await.text.contains("Elsewhere"));
        let (mut new, answer) = accept(&t, &t.mail_to("new@example.org").link(), OTHER).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert!(new.get("/portal").await.text.contains("Calm Harbour"));
        assert!(opens(&t, "ana@example.org").await);
    }

    async fn r12_an_account_of_staff_or_of_a_second_record_stays_untouched(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.member(&t.practice("Elsewhere").await, Role::Provider, "therapist@example.org").await;
        let (staff, link) = invited(&t, &practice, "therapist@example.org").await;
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
        let (_, _) = t.client_in_portal(&practice, "parent@example.org").await;
        let (child, link) = invited(&t, &practice, "parent@example.org").await;
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
        let accounts = t.raw.rows("select * from accounts order by id");
        let addresses = t.raw.rows("select * from account_emails order by id");
        for (id, new) in [(&staff, "eve1@example.net"), (&child, "eve2@example.net")] {
            assert_eq!(change_email(&t, &practice, id, Some(new)).await.status, 200);
            t.send_mail().await;
            assert!(!opens(&t, new).await);
        }
        assert_eq!(t.raw.rows("select * from accounts order by id"), accounts);
        assert_eq!(t.raw.rows("select * from account_emails order by id"), addresses);
        // Staff who are invited at the new address get this record and nothing else.
        let (mut eve, _) = accept(&t, &t.mail_to("eve1@example.net").link(), OTHER).await;
        assert_eq!(eve.get("/").await.location(), "/portal");
        assert_eq!(t.signed_in("therapist@example.org").await.get("/").await.location(), "/home");
        assert!(opens(&t, "parent@example.org").await);
    }

    async fn r12_even_a_place_that_was_ended_keeps_an_account_from_being_taken_over(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "ana@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (id, link) = invited(&t, &practice, "ana@example.org").await;
        accept(&t, &link, PASSWORD).await;
        t.raw.run(&format!(
            "update portal_access set ended_at = 1 where practice_id = {}",
            t.raw.id(&elsewhere.id.to_string())
        ));
        change_email(&t, &practice, &id, Some("eve@example.net")).await;
        t.send_mail().await;
        assert!(!opens(&t, "eve@example.net").await);
        assert!(opens(&t, "ana@example.org").await);
    }

    async fn r12_a_new_address_that_has_an_account_is_not_taken_from_it(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let before = t.raw.rows("select * from account_emails order by id");
        assert_eq!(change_email(&t, &practice, &id, Some("known@example.org")).await.status, 200);
        t.send_mail().await;
        assert_eq!(t.raw.rows("select * from account_emails order by id"), before);
        assert!(opens(&t, "known@example.org").await && opens(&t, "ana@example.org").await);
        assert_eq!(t.signed_in("ana@example.org").await.get("/").await.location(), "/portal", "until its holder accepts");
        let link = t.mail_to("known@example.org").link();
        assert_eq!(accept(&t, &link, OTHER).await.1.status, 422, "only with that account's password");
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 303);
    }

    async fn r12_the_address_that_signs_in_can_be_changed_not_taken_away(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let refused = change_email(&t, &practice, &id, None).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("email")));
        assert!(alive(&portal, "/portal").await);
        // One that was invited and never came: the link dies with the address.
        let (id, link) = invited(&t, &practice, "bea@example.org").await;
        assert_eq!(change_email(&t, &practice, &id, None).await.status, 200);
        assert_eq!(accept(&t, &link, PASSWORD).await.1.status, 404);
    }

    async fn r12_spelling_an_address_differently_is_no_change(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let mails = t.mails().len();
        assert_eq!(change_email(&t, &practice, &id, Some("Ana@Example.ORG")).await.status, 200);
        t.send_mail().await;
        assert_eq!(t.mails().len(), mails);
        assert!(alive(&portal, "/portal").await);
    }

    async fn r12_clients_change_their_own_with_their_password(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, mut portal) = t.client_in_portal(&practice, "old@example.org").await;
        let wrong = portal.post("/portal/email", &[("new_email", "new@example.org"), ("password", "wrong")]).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("new@example.org"), "what was typed is still there");
        let bad = portal.post("/portal/email", &[("new_email", "new@example"), ("password", PASSWORD)]).await;
        assert_eq!(bad.status, 422);
        let changed = portal.post("/portal/email", &[("new_email", "new@example.org"), ("password", PASSWORD)]).await;
        assert_eq!(changed.location(), "/sign-in?done=email", "{}", changed.text);
        assert!(!alive(&portal, "/portal").await);
        t.send_mail().await;
        assert_eq!(mails_to(&t, "old@example.org").last().expect("a mail").subject, "Your sign-in address was changed");
        assert!(opens(&t, "old@example.org").await && opens(&t, "new@example.org").await);
        assert_eq!(accept(&t, &t.mail_to("new@example.org").link(), PASSWORD).await.1.status, 303);
        assert!(!opens(&t, "old@example.org").await);
        assert_eq!(newest_invitation(&t, &practice, &id).await["email"], "new@example.org");
        // Where the practice does not allow it, there is no such door.
        let mut owner = t.signed_in(&practice.owner_email).await;
        owner.post("/settings/security/practice", &[("staff_idle_minutes", "15"), ("client_idle_minutes", "30")]).await;
        let mut portal = t.signed_in("new@example.org").await;
        assert!(!portal.get("/portal/profile").await.text.contains("/portal/email"));
        let shut = portal.post("/portal/email", &[("new_email", "x@example.org"), ("password", PASSWORD)]).await;
        assert_eq!(shut.status, 404);
    }

    async fn r12_after_the_change_the_button_sends_to_the_new_address_only(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "old@example.org").await;
        change_email(&t, &practice, &id, Some("new@example.org")).await;
        t.send_mail().await;
        let old = mails_to(&t, "old@example.org").len();
        let mut owner = t.signed_in(&practice.owner_email).await;
        press_invite(&mut owner, &id).await;
        t.send_mail().await;
        assert_eq!(mails_to(&t, "old@example.org").len(), old);
        assert_eq!(mails_to(&t, "new@example.org").len(), 2);
        assert_eq!(accept(&t, &t.mail_to("new@example.org").link(), PASSWORD).await.1.status, 303);
        // Accepted: the same button sends a reset link.
        assert!(press_invite(&mut owner, &id).await.text.contains("password"));
        t.run_jobs().await;
        assert_eq!(t.mail_to("new@example.org").subject, "Choose a new password");
    }
}
