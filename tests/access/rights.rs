//! R21: a right that one thing gives and another takes away is not there, whichever came first.

use ruh::access::{Actor, Role};
use ruh::ids::MemberId;
use ruh::members;
use testkit::{Browser, TestApp, both_engines, json};

use crate::world::world;

/// What a browser and a token of the same member get from a client's page and its twin in the API.
async fn seen(staff: &Browser, token: &str, t: &TestApp, client: &str) -> [u16; 2] {
    let mut program = t.browser().bearer(token);
    [
        staff.copy().get(&format!("/clients/{client}")).await.status,
        program.get(&format!("/api/v1/clients/{client}")).await.status,
    ]
}

both_engines! {
    async fn r21_given_by_one_thing_and_denied_by_another_is_denied(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let w = world(&t).await;
        let provider: MemberId = w.on_team.parse().unwrap();
        let (token, staff) = (t.token(&w.ours, provider).await, w.actor("provider_on"));
        let client = w.client.clone();
        assert_eq!(seen(&staff, &token, &t, &client).await, [200, 200], "the care team gives");

        // The role gives everything, and the practice asks it for a second factor that is not there.
        let id = t.raw.id(&w.on_team);
        let practice = t.raw.id(&w.ours.id.to_string());
        for (role, required) in [("owner", "owner"), ("admin", "owner admin"), ("provider", "provider")] {
            t.raw.run(&format!("update members set role = '{role}' where id = {id}"));
            assert_eq!(seen(&staff, &token, &t, &client).await, [200, 200], "{role}");
            t.raw.run(&format!("update practices set second_factor_roles = '{required}' where id = {practice}"));
            assert_eq!(seen(&staff, &token, &t, &client).await, [303, 403], "{role} without its second factor");
            t.raw.run(&format!("update practices set second_factor_roles = '' where id = {practice}"));
        }

        // The care team and the role of an owner give, and the membership is disabled; enabled again it gives at once.
        t.raw.run(&format!("update members set role = 'owner' where id = {id}"));
        let door = t.app.practice(Actor::system(w.ours.id));
        door.write(move |p| members::disable(p, provider)).await.unwrap().unwrap();
        assert_eq!(seen(&staff, &token, &t, &client).await, [401, 401], "disabled");
        // Put on another team meanwhile, it is still disabled.
        t.raw.run(&format!("update members set role = '{}' where id = {id}", Role::Owner.as_str()));
        assert_eq!(seen(&staff, &token, &t, &client).await, [401, 401], "disabled, whatever the role");

        // Portal access gives, and the record is archived; a token of the client's own does not exist.
        let mut ana = w.actor("client");
        let mut guardian = w.actor("guardian");
        let mut owner = t.browser().bearer(&t.token(&w.ours, w.ours.owner).await);
        assert_eq!((ana.get("/portal").await.status, guardian.get("/portal").await.status), (200, 200));
        owner.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await;
        assert_ne!(ana.get("/portal").await.status, 200);
        assert_ne!(guardian.get("/portal").await.status, 200);
        owner.json("POST", &format!("/api/v1/clients/{client}/restore"), &json!({})).await;

        // The account gives, and a passphrase at the desk opened the session: the portal it names, and no more.
        let mut desk = w.actor("at_desk");
        assert_eq!(desk.get("/portal").await.status, 200);
        for path in ["/places", "/portal/security", "/two-step/set-up"] {
            assert_eq!(desk.get(path).await.status, 404, "{path}");
        }
    }
}
