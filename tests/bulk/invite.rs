//! Many invitations: paced, with reasons for whom there was none, and taken back while they wait.

use testkit::{PASSWORD, both_engines, json};

use crate::{begin, clients};

both_engines! {
    async fn many_are_invited_one_after_the_other(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut ids = clients(&t, &practice, 6).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        // One has no e-mail, one was invited just now, one is in the portal.
        ids.push(t.client(&practice, json!({"first_name": "Nomail"})).await);
        owner.post(&format!("/clients/{}/invite", ids[0]), &[]).await;
        let (inside, _) = t.client_in_portal(&practice, "inside@example.org").await;
        ids.push(inside);
        let sent = t.mails().len();
        let begun = begin(&mut owner, "invite", &[], &ids).await;
        t.run_jobs().await;
        let page = owner.get(begun.location()).await;
        for text in ["5 of 8 clients, 3 skipped", "No email", "Invited in the last 24 hours", "Already in the portal"] {
            assert!(page.text.contains(text), "{text}: {}", page.text);
        }
        // A fifth of a second apart, after the seconds in which a mail can be undone.
        let waits = t.raw.rows("select leaves_at - lag(leaves_at) over (order by leaves_at) from invitations where state = 'queued' order by leaves_at");
        let waits: Vec<_> = waits.into_iter().flatten().flatten().collect();
        assert_eq!(waits, ["200000"; 4]);
        assert_eq!(t.mails().len(), sent);
        t.advance(std::time::Duration::from_millis(10_300));
        t.run_jobs().await;
        assert_eq!(t.mails().len(), sent + 2, "the first, and the second a fifth of a second later");
        // Undo takes back those that have not left.
        owner.post(&format!("{}/undo", begun.location()), &[]).await;
        t.run_jobs().await;
        let page = owner.get(begun.location()).await;
        assert!(page.text.contains("3 put back, 2 stay"), "{}", page.text);
        t.send_mail().await;
        assert_eq!(t.mails().len(), sent + 2);
        let link = t.mail_to("client1@example.org").link();
        let mut client = t.browser();
        client.open_link(&link).await;
        assert_eq!(client.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
    }
}
