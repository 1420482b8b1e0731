//! Roles hold: who may change whom, what disabling ends, and that somebody always owns the practice.

use testkit::ruh::access::Role;
use testkit::{Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::members::{INVITE, MEMBERS, ask, asked, join, newest};
use crate::support::{alive, opens};

struct Staff {
    practice: TestPractice,
    owner: Browser,
    admin: Browser,
    provider: Browser,
    support: Browser,
    ids: [String; 4],
}

async fn staff(t: &TestApp) -> Staff {
    let practice = t.practice("Calm Harbour").await;
    let admin = t.member(&practice, Role::Admin, "admin@calm.example").await;
    let provider = t.member(&practice, Role::Provider, "provider@calm.example").await;
    let support = t.member(&practice, Role::Support, "support@calm.example").await;
    Staff {
        owner: t.signed_in(&practice.owner_email).await,
        admin: t.signed_in("admin@calm.example").await,
        provider: t.signed_in("provider@calm.example").await,
        support: t.signed_in("support@calm.example").await,
        ids: [practice.owner, admin, provider, support].map(|id| id.to_string()),
        practice,
    }
}

/// Saves a member's page as it would be sent.
async fn set_role(browser: &mut Browser, id: &str, role: &str, version: i64) -> testkit::Answer {
    let version = version.to_string();
    let fields = [("first_name", "Sam"), ("last_name", "Reed"), ("role", role), ("version", &version)];
    browser.post(&format!("{MEMBERS}/{id}"), &fields).await
}

fn role_of(t: &TestApp, id: &str) -> String {
    t.raw.rows(&format!("select role from members where id = {}", t.raw.id(id)))[0][0].clone().unwrap()
}

both_engines! {
    async fn r16_a_disabled_members_session_poll_and_tokens_end_with_the_next_request(t: TestApp) {
        let mut s = staff(&t).await;
        let other = t.practice("Other Shore").await;
        let mut away = t.signed_in(&other.owner_email).await;
        // The provider works in another practice too, with a session there.
        let link = asked(&t, &other, "provider@calm.example", "provider").await;
        let (elsewhere, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!(joined.location(), "/home");
        let provider = s.ids[2].clone();
        let secret = t.token(&s.practice, testkit::ruh::ids::MemberId(provider.parse().unwrap())).await;
        let mut program = t.browser().bearer(&secret);
        let client = t.client(&s.practice, json!({"primary_provider_id": provider})).await;
        let poll = format!("/clients/{client}/invitation");
        assert_eq!(s.provider.get("/clients").await.status, 200);
        assert_eq!(s.provider.get(&poll).await.status, 200);
        assert_eq!(program.get("/api/v1/clients").await.status, 200);
        let page = s.owner.get(&format!("{MEMBERS}/{provider}")).await.text;
        assert!(page.contains("1 API token is revoked") && page.contains(&format!("/clients?provider_id={provider}\">1 client<")), "{page}");

        let done = s.owner.post(&format!("{MEMBERS}/{provider}/disable"), &[]).await;
        assert_eq!((done.status, done.location()), (303, MEMBERS));
        let list = s.owner.get(MEMBERS).await.text;
        assert!(list.contains(&format!("{MEMBERS}/{provider}/enable")), "Undo is Enable: {list}");
        for page in ["/home", "/clients", &poll] {
            assert_eq!(s.provider.copy().get(page).await.status, 401, "{page}");
        }
        assert_eq!(program.get("/api/v1/clients").await.status, 401);
        assert!(alive(&elsewhere, "/home").await, "the other practice is not this one's to end");
        // Signing in still works, and leads to the other practice alone.
        let mut back = t.signed_in("provider@calm.example").await;
        assert!(back.get("/home").await.text.contains("Other Shore"));
        assert!(!back.get("/places").await.text.contains("Calm Harbour"));
        // Nobody can choose them any more; the client keeps them.
        let form = s.owner.get("/clients/new").await.text;
        assert!(!form.contains("provider Member"), "{form}");
        let kept = format!("select count(*) from clients where primary_provider_id = {}", t.raw.id(&provider));
        assert_eq!(t.raw.count(&kept), 1);

        assert_eq!(s.owner.post(&format!("{MEMBERS}/{provider}/enable"), &[]).await.status, 303);
        assert_eq!(s.provider.get("/home").await.status, 401, "the session stays ended");
        assert_eq!(program.get("/api/v1/clients").await.status, 401, "and so does the token");
        let mut anew = t.signed_in("provider@calm.example").await;
        let id = s.practice.id.to_string();
        assert_eq!(anew.post("/places", &[("practice", &id), ("id", &provider)]).await.status, 303);
        assert_eq!(anew.get("/clients").await.status, 200);
        assert_eq!(away.get("/home").await.status, 200);
    }

    async fn admins_reach_everybody_but_owners_and_nobody_below_reaches_anybody(t: TestApp) {
        let mut s = staff(&t).await;
        let [owner, admin, provider, support] = s.ids.clone();
        // Owners are for owners.
        for (path, fields) in [
            (format!("{MEMBERS}/{owner}"), vec![("first_name", "A"), ("last_name", "B"), ("role", "owner"), ("version", "1")]),
            (format!("{MEMBERS}/{owner}"), vec![("first_name", "A"), ("last_name", "B"), ("role", "admin"), ("version", "1")]),
            (format!("{MEMBERS}/{provider}"), vec![("first_name", "A"), ("last_name", "B"), ("role", "owner"), ("version", "1")]),
            (format!("{MEMBERS}/{admin}"), vec![("first_name", "A"), ("last_name", "B"), ("role", "owner"), ("version", "1")]),
            (format!("{MEMBERS}/{owner}/disable"), vec![]),
            (format!("{MEMBERS}/{owner}/enable"), vec![]),
            (INVITE.to_string(), vec![("first_name", "A"), ("last_name", "B"), ("email", "x@calm.example"), ("role", "owner")]),
        ] {
            let answer = s.admin.post(&path, &fields).await;
            assert_eq!(answer.status, 403, "{path} {fields:?}");
        }
        assert_eq!(t.raw.count("select count(*) from members where role = 'owner'"), 1);
        assert!(s.admin.get(&format!("{MEMBERS}/{owner}")).await.text.contains("Only an owner can change an owner"));
        assert!(!s.admin.get(&format!("{MEMBERS}/new")).await.text.contains("value=\"owner\""));
        // An owner's invitation of an owner is not an admin's to send again or to take back.
        ask(&mut s.owner, "second@calm.example", "owner").await;
        t.send_mail().await;
        for what in ["resend", "withdraw", "undo"] {
            assert_eq!(s.admin.post(&format!("{INVITE}/{}/{what}", newest(&t)), &[]).await.status, 403, "{what}");
        }
        // The rest is an admin's.
        assert_eq!(set_role(&mut s.admin, &support, "provider", 1).await.status, 303);
        assert_eq!(role_of(&t, &support), "provider");
        for role in ["admin", "provider", "support"] {
            assert_eq!(ask(&mut s.admin, &format!("{role}@new.example"), role).await.status, 303, "{role}");
        }
        t.send_mail().await;
        // Nobody else's.
        for browser in [&mut s.provider, &mut s.support] {
            for path in [MEMBERS.to_string(), format!("{MEMBERS}/new"), format!("{MEMBERS}/{owner}"), format!("{INVITE}/{}", newest(&t))] {
                let page = browser.get(&path).await;
                assert_eq!(page.status, 403, "{path}");
                assert!(page.text.contains("This part is for owners and admins"), "{path}");
            }
            assert_eq!(ask(browser, "y@calm.example", "support").await.status, 403);
            assert_eq!(browser.post(&format!("{MEMBERS}/{admin}/disable"), &[]).await.status, 403);
        }
        assert!(!s.support.get("/settings/security").await.text.contains("href=\"/settings/members\""), "the menu hides it");
    }

    async fn nobody_demotes_or_disables_themselves_and_an_owner_always_stays(t: TestApp) {
        let mut s = staff(&t).await;
        let [owner, admin, ..] = s.ids.clone();
        for (browser, id, role) in [(&mut s.owner, &owner, "admin"), (&mut s.admin, &admin, "provider")] {
            let answer = set_role(browser, id, role, 1).await;
            assert_eq!(answer.status, 422, "{role}");
            assert!(answer.text.contains("This is you"), "{}", answer.text);
            let answer = browser.post(&format!("{MEMBERS}/{id}/disable"), &[]).await;
            assert_eq!(answer.status, 409);
        }
        // One's own name is one's own.
        assert_eq!(set_role(&mut s.owner, &owner, "owner", 1).await.status, 303);
        assert!(s.owner.get("/home").await.text.contains("Sam"));
        // The console is nobody, so the rule about the last owner has to hold by itself.
        let (practice, last) = (s.practice.id, s.practice.owner);
        let door = t.app.practice(testkit::ruh::access::Actor::system(practice));
        let refused = door.write(move |p| testkit::ruh::members::disable(p, last)).await.unwrap();
        assert_eq!(refused, Err(testkit::ruh::members::Refusal::LastOwner));
    }

    async fn two_owners_who_disable_each_other_at_once_leave_one(t: TestApp) {
        for round in 0..8 {
            let practice = t.practice(&format!("Calm Harbour {round}")).await;
            let second = t.member(&practice, Role::Owner, &format!("second{round}@calm.example")).await;
            let mut one = t.signed_in(&practice.owner_email).await;
            let mut two = t.signed_in(&format!("second{round}@calm.example")).await;
            let (a, b) = (format!("{MEMBERS}/{second}/disable"), format!("{MEMBERS}/{}/disable", practice.owner));
            let (first, other) = tokio::join!(one.post(&a, &[]), two.post(&b, &[]));
            let id = t.raw.id(&practice.id.to_string());
            let left = t.raw.count(&format!("select count(*) from members where practice_id = {id} and disabled_at is null"));
            assert_eq!(left, 1, "{} and {}", first.status, other.status);
        }
    }

    async fn r40_a_stale_save_shows_both(t: TestApp) {
        let mut s = staff(&t).await;
        let provider = s.ids[2].clone();
        assert_eq!(set_role(&mut s.admin, &provider, "support", 1).await.status, 303);
        let stale = set_role(&mut s.owner, &provider, "admin", 1).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("Sam Reed, Support, sees no clients"), "{}", stale.text);
        assert!(stale.text.contains("value=\"admin\" checked"), "what was typed stays: {}", stale.text);
        assert_eq!(role_of(&t, &provider), "support");
        assert_eq!(set_role(&mut s.owner, &provider, "admin", 2).await.status, 303);
        assert_eq!(role_of(&t, &provider), "admin");
    }

    async fn who_was_disabled_comes_back_by_an_invitation(t: TestApp) {
        let mut s = staff(&t).await;
        let provider = s.ids[2].clone();
        let taken = ask(&mut s.owner, "Provider@calm.example", "support").await;
        assert_eq!(taken.status, 422);
        assert!(taken.text.contains("This is a member&#39;s email already."), "{}", taken.text);
        s.owner.post(&format!("{MEMBERS}/{provider}/disable"), &[]).await;
        let link = asked(&t, &s.practice, "provider@calm.example", "support").await;
        let (mut back, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!((joined.status, joined.location()), (303, "/home"), "{}", joined.text);
        assert_eq!(back.get("/clients").await.status, 200);
        assert_eq!(role_of(&t, &provider), "support", "the same row");
        assert_eq!(t.raw.count("select count(*) from members"), 4);
        assert!(opens(&t, "provider@calm.example").await);
    }

    async fn an_invitation_changes_nothing_about_an_active_member(t: TestApp) {
        let mut s = staff(&t).await;
        // Asked while the address was nobody's; then a member of that very account is there before it is accepted.
        let link = asked(&t, &s.practice, "late@calm.example", "admin").await;
        t.member(&s.practice, Role::Support, "late@calm.example").await;
        let (mut late, joined) = join(&t, &link, PASSWORD).await;
        assert_eq!(joined.location(), "/home");
        assert_eq!(late.get(MEMBERS).await.status, 403, "still support");
        assert_eq!(s.owner.get(MEMBERS).await.status, 200);
    }

    async fn what_staff_are_to_see_follows_their_role(t: TestApp) {
        let mut s = staff(&t).await;
        let support = s.ids[3].clone();
        // Support adds a client and invites them, and is nobody's provider.
        let new = [("first_name", "Bea"), ("last_name", "Brook"), ("email", "bea@example.org"), ("send_invitation", "true")];
        let added = s.support.post("/clients", &new).await;
        assert_eq!(added.status, 303, "{}", added.text);
        t.send_mail().await;
        let form = s.support.get("/clients/new").await.text;
        assert!(!form.contains("support Member</option>"), "{form}");
        let refused = s.support.post("/clients", &[("first_name", "C"), ("last_name", "D"), ("primary_provider_id", &support)]).await;
        assert_eq!(refused.status, 422);
        // Ticking the box does not make support a provider, and leaving it out does not unmake a provider.
        let fields = [("first_name", "Sam"), ("last_name", "Reed"), ("role", "support"), ("sees_clients", "true"), ("version", "1")];
        assert_eq!(s.owner.post(&format!("{MEMBERS}/{support}"), &fields).await.status, 303);
        assert!(!s.owner.get("/clients/new").await.text.contains("Sam Reed</option>"));
        assert_eq!(set_role(&mut s.owner, &support, "provider", 2).await.status, 303);
        assert!(s.owner.get("/clients/new").await.text.contains("Sam Reed</option>"));
        assert_eq!(s.support.get(added.location()).await.status, 404, "a provider sees their own clients only");
        // An admin who sees no clients is not offered.
        assert_eq!(set_role(&mut s.owner, &support, "admin", 3).await.status, 303);
        assert!(!s.owner.get("/clients/new").await.text.contains("Sam Reed</option>"));
    }

    async fn clients_keep_who_left_until_somebody_else_is_chosen(t: TestApp) {
        let mut s = staff(&t).await;
        let [owner, admin, provider, _] = s.ids.clone();
        let client = t.client(&s.practice, json!({"primary_provider_id": provider, "care_team_ids": [admin]})).await;
        let untouched = t.client(&s.practice, json!({})).await;
        for id in [&provider, &admin] {
            assert_eq!(s.owner.post(&format!("{MEMBERS}/{id}/disable"), &[]).await.status, 303);
        }
        let page = s.owner.get(&format!("/clients/{client}?edit=1")).await.text;
        assert!(page.contains("provider Member (no longer a provider)"), "{page}");
        // Neither the page nor a program loses them by changing something else.
        let fields = [("first_name", "Ana"), ("last_name", "Marchetti"), ("pronouns", "she"), ("primary_provider_id", provider.as_str()), ("care_team_ids", admin.as_str()), ("version", "1")];
        let saved = s.owner.post(&format!("/clients/{client}"), &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        let mut api = t.browser().bearer(&t.token(&s.practice, s.practice.owner).await);
        let path = format!("/api/v1/clients/{client}");
        let changed = api.json("PATCH", &path, &json!({"note": "x"})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!((&changed.json()["primary_provider_id"], &changed.json()["care_team_ids"]), (&json!(provider), &json!([admin])));
        // Nobody else gets them.
        for body in [json!({"primary_provider_id": provider}), json!({"care_team_ids": [admin]})] {
            assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{untouched}"), &body).await.status, 422, "{body}");
        }
        let moved = api.json("PATCH", &path, &json!({"primary_provider_id": owner, "care_team_ids": []})).await;
        assert_eq!(moved.json()["primary_provider_id"], json!(owner));
        assert_eq!(api.json("PATCH", &path, &json!({"primary_provider_id": admin})).await.status, 422, "and not back");
    }
}
