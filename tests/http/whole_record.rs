//! Export this record: everything about one client, for whoever may open the record, and written down.

use testkit::ruh::access::Role;
use testkit::{both_engines, json};

both_engines! {
    async fn i3_a_whole_record_is_taken_out_and_that_is_written_down(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let body = json!({"first_name": "Nils", "last_name": "<Berg>", "date_of_birth": "2018-05-01", "email": "nils@example.org",
            "note": "Likes boats", "send_invitation": true, "pronouns": "he/him"});
        let nils = t.client(&practice, body).await;
        t.send_mail().await;
        let contact = json!({"first_name": "Ingrid", "relation": "parent", "phone": "+1 212 555 0123", "rights": ["messages"]});
        api.json("POST", &format!("/api/v1/clients/{nils}/contacts"), &contact).await;
        api.json("PATCH", &format!("/api/v1/clients/{nils}/custody-note"), &json!({"note": "Both decide"})).await;

        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{nils}/record")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for text in ["Nils", "&#60;Berg&#62;", "1 May 2018", "nils@example.org", "Likes boats", "Ingrid", "Parent", "Both decide", "Contact added", "he/him"] {
            assert!(page.text.contains(text), "{text}: {}", page.text);
        }
        let whole = api.get(&format!("/api/v1/clients/{nils}/record")).await.json();
        assert_eq!((&whole["record"]["note"], &whole["custody_note"]), (&json!("Likes boats"), &json!("Both decide")));
        assert_eq!(whole["contacts"][0]["rights"], json!(["messages"]));
        assert!(whole["timeline"].as_array().unwrap().len() >= 4 && whole["timeline_goes_on"] == json!(false), "{whole}");
        assert_eq!(whole["invitations"][0]["email"], json!("nils@example.org"));
        let file = owner.get(&format!("/clients/{nils}/record/file")).await;
        assert_eq!(file.status, 200);
        let named = file.header("content-disposition");
        assert!(named.starts_with("attachment; filename=\"record-2026-") && !named.contains("Nils"), "{named}");
        assert_eq!(file.json()["record"]["first_name"], json!("Nils"));
        let taken = "select count(*) from audit_entries where action = 'client.exported' and client_id is not null";
        assert_eq!(t.raw.count(taken), 3);
        let looks = owner.get(&format!("/clients/{nils}/looks")).await.text;
        assert!(looks.contains("Exported the record"), "{looks}");

        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let mut off = t.browser().bearer(&t.token(&practice, off).await);
        assert_eq!(off.get(&format!("/api/v1/clients/{nils}/record")).await.status, 404);
    }
}
