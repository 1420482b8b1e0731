//! B7: the signed-in member's own e-mail in a client's record is asked about before it is saved, whoever put it there.

use testkit::{both_engines, json};

const QUESTION: &str = "Is this really the client&#39;s email?";

both_engines! {
    async fn ones_own_email_in_a_record_is_asked_about_and_saved_when_meant(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": false})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let at = format!("/clients/{id}");
        let kept = || t.raw.count("select count(*) from clients where email_key = 'ana@example.org' and version = 1");
        let own = practice.owner_email.to_uppercase();
        let typed = [("first_name", "Ana"), ("last_name", "Brook"), ("email", own.as_str()), ("note", "typed & kept"),
            ("version", "1")];
        let asked = owner.post(&at, &typed).await;
        assert_eq!(asked.status, 422);
        for text in [QUESTION, "name=\"own_email_is_meant\"", own.as_str(), "typed &#38; kept"] {
            assert!(asked.text.contains(text) || asked.text.contains(&text.replace("&#39;", "'")), "{text}: {}", asked.text);
        }
        assert_eq!(kept(), 1, "nothing is saved before the answer");
        let mut meant = typed.to_vec();
        meant.push(("own_email_is_meant", "yes"));
        assert_eq!(owner.post(&at, &meant).await.status, 303);
        assert_eq!(kept(), 0);

        // What is saved already was meant.
        let typed = [("first_name", "Anna"), ("last_name", "Brook"), ("email", own.as_str()), ("version", "2")];
        let saved = owner.post(&at, &typed).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        assert_eq!(t.raw.count("select count(*) from clients where first_name = 'Anna'"), 1);
    }
}
