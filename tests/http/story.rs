//! The story: a therapist adds a client, and the client gets in.

use testkit::{PASSWORD, both_engines, json};

both_engines! {
    async fn a_client_is_added_invited_and_gets_in(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let empty = owner.get("/clients").await;
        assert!(empty.text.contains("Add your first client"), "{}", empty.text);

        let fields = [("first_name", "Ana"), ("last_name", "Marchetti"), ("email", "ana@example.org"), ("send_invitation", "true")];
        let added = owner.post("/clients", &fields).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let page = owner.get(added.location()).await;
        assert!(page.text.contains("Queued"));
        t.send_mail().await;

        let mail = t.mail_to("ana@example.org");
        assert_eq!(mail.subject, "Your invitation");
        let mut ana = t.browser();
        let accept = ana.open_link(&mail.link()).await;
        assert!(accept.text.contains("ana@example.org"), "{}", accept.text);
        let weak = ana.post("/invitation", &[("password", "short")]).await;
        assert_eq!(weak.status, 422);
        assert!(weak.text.contains("10 characters"));
        let accepted = ana.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((accepted.status, accepted.location()), (303, "/portal"), "{}", accepted.text);
        assert!(ana.get("/portal").await.text.contains("Hello, Ana"));
        assert_eq!(ana.get("/clients").await.status, 404);

        let page = owner.get(added.location()).await;
        for state in ["Queued", "Not delivered", "Link opened", "Accepted", "In the portal"] {
            assert!(page.text.contains(state), "{state}: {}", page.text);
        }
        let again = t.signed_in("ana@example.org").await.get("/").await;
        assert_eq!(again.location(), "/portal");
    }

    async fn a_client_without_email_is_sent_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"send_invitation": true})).await;
        t.send_mail().await;
        assert!(t.mails().is_empty());
        let page = t.signed_in(&practice.owner_email).await.get(&format!("/clients/{id}")).await;
        assert!(page.text.contains("no Client Portal, no electronic forms and no email notices"));
    }
}
