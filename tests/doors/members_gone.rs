//! What hangs on a member ends with them: the links that they asked for, those to their own address, and what was on its
//! way when they were disabled.

use std::sync::Arc;

use testkit::ruh::access::Role;
use testkit::{Browser, PASSWORD, TestApp, both_engines, json};

use crate::members::{INVITE, MEMBERS, ask, asked, join};

/// Where the invitations to an address stand, the oldest first.
fn states(t: &TestApp, email: &str) -> Vec<String> {
    let rows = t.raw.rows(&format!("select state from member_invitations where email_key = '{email}' order by id"));
    rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

async fn disable(owner: &mut Browser, member: impl std::fmt::Display) {
    assert_eq!(owner.post(&format!("{MEMBERS}/{member}/disable"), &[]).await.status, 303);
}

both_engines! {
    async fn r16_a_disabled_members_invitations_bring_nobody_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        // Asked before they were a member by another way: this link would bring them back.
        let own = asked(&t, &practice, "admin@calm.example", "admin").await;
        let id = t.member(&practice, Role::Admin, "admin@calm.example").await;
        let mut admin = t.signed_in("admin@calm.example").await;
        assert_eq!(ask(&mut admin, "friend@calm.example", "admin").await.status, 303);
        t.send_mail().await;
        let link = t.mail_to("friend@calm.example").link();
        assert_eq!(ask(&mut admin, "late@calm.example", "support").await.status, 303);
        assert_eq!(ask(&mut owner, "other@calm.example", "support").await.status, 303);
        let page = owner.get(&format!("{MEMBERS}/{id}")).await.text;
        assert!(page.contains("3 open invitations to the staff are withdrawn"), "{page}");

        disable(&mut owner, id).await;
        for email in ["admin@calm.example", "friend@calm.example", "late@calm.example"] {
            assert_eq!(states(&t, email), ["withdrawn"], "{email}");
        }
        assert_eq!(states(&t, "other@calm.example"), ["queued"], "somebody else's stays");
        t.send_mail().await;
        assert!(t.mails().iter().all(|mail| !mail.to.contains("late@calm.example")), "nothing leaves any more");
        for link in [&link, &own] {
            assert_eq!(join(&t, link, PASSWORD).await.1.status, 404);
        }
        let said = t.raw.rows("select detail from audit_entries where action = 'member.disabled'");
        assert_eq!(said, [[Some("0 tokens revoked, 3 invitations withdrawn".to_string())]]);
        assert_eq!(t.raw.count("select count(*) from audit_entries where action = 'member.invitation_withdrawn'"), 3);
    }

    async fn r7_who_falls_gives_no_more_by_a_link_than_by_hand(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let second = t.member(&practice, Role::Owner, "second@calm.example").await;
        let mut falling = t.signed_in("second@calm.example").await;
        for role in ["owner", "admin", "support"] {
            assert_eq!(ask(&mut falling, &format!("{role}@new.example"), role).await.status, 303);
        }
        t.send_mail().await;
        let mut stand = async |role: &str, version: &str| {
            let fields = [("first_name", "Sam"), ("last_name", "Reed"), ("role", role), ("version", version)];
            assert_eq!(owner.post(&format!("{MEMBERS}/{second}"), &fields).await.status, 303);
            ["owner", "admin", "support"].map(|role| states(&t, &format!("{role}@new.example")).remove(0))
        };
        assert_eq!(stand("owner", "1").await, ["kept", "kept", "kept"], "another name is no other role");
        assert_eq!(stand("admin", "2").await, ["withdrawn", "kept", "kept"]);
        assert_eq!(stand("provider", "3").await, ["withdrawn", "withdrawn", "withdrawn"]);
    }

    async fn an_admin_reaches_no_owner_by_an_invitation(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let id = t.member(&practice, Role::Admin, "admin@calm.example").await;
        let mut admin = t.signed_in("admin@calm.example").await;
        // One that waits in the outbox, one that has left, and an owner who was disabled.
        let left = t.member(&practice, Role::Owner, "left@calm.example").await;
        disable(&mut owner, left).await;
        ask(&mut owner, "sent@calm.example", "owner").await;
        t.send_mail().await;
        ask(&mut owner, "queued@calm.example", "owner").await;
        for (email, stands) in [("sent@calm.example", vec!["kept"]), ("queued@calm.example", vec!["queued"]), ("left@calm.example", vec![])] {
            assert_eq!(ask(&mut admin, email, "support").await.status, 403, "{email}");
            assert_eq!(states(&t, email), stands, "{email}");
        }
        let mut program = t.browser().bearer(&t.token(&practice, id).await);
        let body = json!({"first_name": "A", "last_name": "B", "email": "left@calm.example", "role": "support"});
        assert_eq!(program.json("POST", "/api/v1/members", &body).await.status, 403);
        // What is an admin's stays an admin's, and an owner may.
        assert_eq!(ask(&mut admin, "new@calm.example", "support").await.status, 303);
        assert_eq!(ask(&mut admin, "new@calm.example", "provider").await.status, 303);
        assert_eq!(ask(&mut owner, "left@calm.example", "support").await.status, 303);
        assert!(owner.get(&format!("{INVITE}/{}", crate::members::newest(&t))).await.text.contains("left@calm.example"));
    }

    async fn r16_no_token_is_made_by_who_was_disabled_meanwhile(t: TestApp) {
        let t = Arc::new(t);
        let practice = t.practice("Calm Harbour").await;
        let id = t.member(&practice, Role::Provider, "provider@calm.example").await.to_string();
        let mut provider = t.signed_in("provider@calm.example").await;
        let made = provider.post_late("/settings/tokens", &[("name", "Website")], || ()).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let raw = Arc::clone(&t);
        let gone = format!("update members set disabled_at = 1 where id = {}", t.raw.id(&id));
        let late = provider.post_late("/settings/tokens", &[("name", "Back door")], move || raw.raw.run(&gone)).await;
        assert_eq!(late.status, 404, "{}", late.text);
        assert_eq!(t.raw.count("select count(*) from api_tokens"), 1);
    }

    async fn home_notes_that_clients_were_listed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client(&practice, json!({})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(owner.get("/home").await.text.contains("Marchetti"));
        testkit::ruh::audit::write_reads(&t.app).await.unwrap();
        let listed = t.raw.rows("select detail from audit_entries where action = 'client.listed'");
        assert_eq!(listed, [[Some("1".to_string())]]);
    }
}
