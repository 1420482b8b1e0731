//! R25: an owner opens a record from outside the care team: a reason, for a while, kept, and told to who cares for the
//! client.

use testkit::ruh::access::Role;
use testkit::{both_engines, json};

both_engines! {
    async fn r25_a_record_outside_the_care_team_is_opened_with_a_reason(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let on = t.member(&practice, Role::Provider, "on@calm.example").await;
        t.member(&practice, Role::Admin, "admin@calm.example").await;
        let mut provider = t.browser().bearer(&t.token(&practice, on).await);
        let body = json!({"first_name": "Ana", "last_name": "Marchetti", "note": "Sleeps badly"});
        let added = provider.json("POST", "/api/v1/clients", &body).await;
        let ana = added.json()["id"].as_str().unwrap().to_string();
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut admin = t.signed_in("admin@calm.example").await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let (page, api) = (format!("/clients/{ana}"), format!("/api/v1/clients/{ana}"));

        // The list shows who there is; no side of the record opens, and nothing of it is changed.
        assert!(owner.get("/clients").await.text.contains("Marchetti"));
        for side in ["", "/timeline", "/contacts", "/looks", "/custody", "/password", "/contacts/new", "/invitation"] {
            let led = owner.get(&format!("{page}{side}")).await;
            let to = format!("/clients/{ana}/open?next=%2Fclients%2F{ana}{}", side.replace('/', "%2F"));
            assert_eq!((led.status, led.location()), (303, to.as_str()), "{side}");
            assert!(!led.text.contains("Sleeps badly"));
        }
        for (method, path) in [("GET", ""), ("PATCH", ""), ("GET", "/timeline"), ("GET", "/looks"), ("GET", "/contacts"), ("POST", "/contacts"),
            ("GET", "/custody-note"), ("PATCH", "/custody-note"), ("GET", "/openings"), ("GET", "/invitations"), ("POST", "/passphrase"), ("POST", "/archive")] {
            let refused = program.json(method, &format!("{api}{path}"), &json!({"note": "x", "first_name": "X", "relation": "other"})).await;
            assert_eq!(refused.status, 403, "{method} {path}: {}", refused.text);
            assert!(refused.text.contains("/openings") && !refused.text.contains("Sleeps"), "{}", refused.text);
        }
        let form = [("first_name", "X"), ("last_name", "Y"), ("version", "1")];
        assert_eq!(owner.post(&page, &form).await.location(), format!("/clients/{ana}/open?next=%2Fclients%2F{ana}"));

        // The reason is asked for, kept sealed, and leads on to where one wanted to go.
        let at = format!("{page}/open");
        let asks = owner.get(&format!("{at}?next=%2Fclients%2F{ana}%2Ftimeline")).await;
        assert!(asks.status == 200 && asks.text.contains("Marchetti") && asks.text.contains("not on this client"), "{}", asks.text);
        for (reason, said) in [("", "fill this in"), (&*"x".repeat(501), "shorter")] {
            let refused = owner.post(&at, &[("reason", reason), ("next", "/clients/kept")]).await;
            assert_eq!(refused.status, 422);
            assert!(refused.text.contains(said) && refused.text.contains("/clients/kept"), "{}", refused.text);
        }
        let next = format!("{page}/timeline");
        let opened = owner.post(&at, &[("reason", "Hana is ill, I call Ana back"), ("next", &next)]).await;
        assert_eq!((opened.status, opened.location()), (303, next.as_str()), "{}", opened.text);
        let shown = owner.get(&page).await;
        assert!(shown.status == 200 && shown.text.contains("Sleeps badly") && shown.text.contains("from outside the care team"), "{}", shown.text);
        // It is the same person's, whichever way they come; nobody else's.
        assert_eq!(program.get(&api).await.status, 200);
        assert_eq!(admin.get(&page).await.status, 303);
        assert_eq!(t.raw.count("select count(*) from openings where reason_sealed is not null"), 1);
        let clear = t.raw.rows("select * from openings");
        assert!(!format!("{clear:?}").contains("Hana is ill"));
        // A way out of the practice's own pages is not followed.
        let away = owner.post(&at, &[("reason", "again"), ("next", "https://elsewhere.example/")]).await;
        assert_eq!(away.location(), page);

        // Announced to the care team, and kept for everybody who may read who has looked.
        let feed = provider.get("/api/v1/newsfeed").await.text;
        assert!(feed.contains("record.opened"), "{feed}");
        let openings = provider.get(&format!("{api}/openings")).await.json();
        assert_eq!(openings["items"][1]["reason"], json!("Hana is ill, I call Ana back"));
        let mut seen = t.signed_in("on@calm.example").await;
        let looks = seen.get(&format!("{page}/looks")).await.text;
        assert!(looks.contains("Opened from outside the care team") && looks.contains("Hana is ill"), "{looks}");
        let audit = t.raw.count("select count(*) from audit_entries where action = 'record.opened'");
        assert_eq!(audit, 2);
        let told = t.raw.rows("select detail from audit_entries where action = 'record.opened'");
        assert!(told.iter().all(|row| row[0].is_none()), "the reason may say something about a person's health");

        // Over after eight hours.
        t.advance(std::time::Duration::from_secs(8 * 3_600 + 60));
        assert_eq!(program.get(&api).await.status, 403);
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(owner.get(&page).await.status, 303);
    }

    async fn r25_who_needs_no_reason(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let on = t.member(&practice, Role::Provider, "on@calm.example").await;
        let support = t.member(&practice, Role::Support, "support@calm.example").await;
        let mut owner = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let mut provider = t.browser().bearer(&t.token(&practice, on).await);
        let mut desk = t.browser().bearer(&t.token(&practice, support).await);
        // On the care team; nobody is; added for a colleague a moment ago; the front desk.
        let own = t.client(&practice, json!({"first_name": "Own"})).await;
        let nobodys = t.client(&practice, json!({"first_name": "Nobody", "primary_provider_id": null})).await;
        let for_on = t.client(&practice, json!({"first_name": "Added", "primary_provider_id": on.to_string()})).await;
        for id in [&own, &nobodys, &for_on] {
            assert_eq!(owner.get(&format!("/api/v1/clients/{id}")).await.status, 200);
            assert_eq!(desk.get(&format!("/api/v1/clients/{id}")).await.status, 200);
        }
        t.advance(std::time::Duration::from_secs(9 * 3_600));
        for (id, status) in [(&own, 200), (&nobodys, 200), (&for_on, 403)] {
            assert_eq!(owner.get(&format!("/api/v1/clients/{id}")).await.status, status);
        }
        assert_eq!(t.raw.count("select count(*) from activities where kind = 'record.opened'"), 0, "nobody is told of nothing");
        // A provider off the team does not get in by a reason: the record is not there for them.
        for path in [format!("/api/v1/clients/{own}/openings"), format!("/api/v1/clients/{for_on}/openings")] {
            assert_eq!(provider.json("POST", &path, &json!({"reason": "curious"})).await.status, 403);
        }
        let other = t.practice("Other Shore").await;
        let mut stranger = t.browser().bearer(&t.token(&other, other.owner).await);
        let asked = stranger.json("POST", &format!("/api/v1/clients/{own}/openings"), &json!({"reason": "x"})).await;
        assert_eq!(asked.status, 404);
        // Whoever needs none leaves no trace by asking.
        let none = owner.json("POST", &format!("/api/v1/clients/{own}/openings"), &json!({"reason": "x"})).await;
        assert_eq!((none.status, none.json()["until"].clone()), (201, json!(null)));
        // Whoever cared for them has left: nobody's again.
        let left = t.member(&practice, Role::Provider, "left@calm.example").await;
        let theirs = t.client(&practice, json!({"first_name": "Left", "primary_provider_id": left.to_string()})).await;
        t.raw.run(&format!("update openings set until = 1 where client_id = {}", t.raw.id(&theirs)));
        assert_eq!(owner.get(&format!("/api/v1/clients/{theirs}")).await.status, 403);
        t.raw.run(&format!("update members set disabled_at = 1 where id = {}", t.raw.id(&left.to_string())));
        assert_eq!(owner.get(&format!("/api/v1/clients/{theirs}")).await.status, 200);
        // Joined to the team, there is nothing to ask; off it again there is.
        let team = format!("/api/v1/clients/{for_on}");
        let owner_id = practice.owner.to_string();
        assert_eq!(provider.json("PATCH", &team, &json!({"care_team_ids": [owner_id]})).await.status, 200);
        assert_eq!(owner.get(&team).await.status, 200);
        assert_eq!(provider.json("PATCH", &team, &json!({"care_team_ids": []})).await.status, 200);
        assert_eq!(owner.get(&team).await.status, 403);
    }
}
