//! E5: the people around a client, with what they are to them, whom to call and who is asked first.

use testkit::ruh::access::Role;
use testkit::{Json, both_engines, json};

fn names(list: &Json) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().map(|one| one["first_name"].as_str().expect("a name")).collect()
}

both_engines! {
    async fn e5_a_minors_parents_are_added_changed_removed_and_put_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({"first_name": "Nils", "last_name": "Berg", "date_of_birth": "2016-05-01"})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let at = format!("/clients/{client}/contacts");
        let empty = owner.get(&at).await.text;
        assert!(empty.contains("Nobody yet") && empty.contains("Minor"), "{empty}");

        // What is wrong is said beside its field, and nothing that was typed is lost.
        let wrong = [("first_name", ""), ("relation", ""), ("reach_at", "nobody"), ("phone", "x"), ("last_name", "Kept & typed")];
        let refused = owner.post(&at, &wrong).await;
        assert_eq!(refused.status, 422);
        for text in ["first_name-error", "relation-error", "reach_at-error", "phone-error", "Kept &#38; typed"] {
            assert!(refused.text.contains(text), "{text}: {}", refused.text);
        }
        let ingrid = [("first_name", "Ingrid"), ("last_name", "Berg"), ("relation", "parent"), ("reach_at", "ingrid@example.org"),
            ("phone", "(212) 555-0123"), ("main", "yes"), ("key", "019caf10-8770-72e9-a79e-990e7d12e771")];
        // Pressed twice: one contact.
        for _ in 0..2 {
            let added = owner.post(&at, &ingrid).await;
            assert_eq!((added.status, added.location()), (303, at.as_str()), "{}", added.text);
        }
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let api = format!("/api/v1{at}");
        let body = json!({"first_name": "Lars", "relation": "legal_guardian", "emergency": true, "main": true});
        let lars = program.json("POST", &api, &body).await.json();
        let list = program.get(&api).await.json();
        assert_eq!(names(&list), ["Lars", "Ingrid"], "the main contact first");
        let ingrid = &list["items"][1];
        assert_eq!((&ingrid["main"], &ingrid["phone"]), (&json!(false), &json!("+12125550123")), "there is one main contact");
        let shown = owner.get(&at).await.text;
        for text in ["Lars", "Legal guardian", "Main contact", "Emergency contact", "tel:+12125550123"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }

        // Two people edit at once: the second is told, sees both, and loses nothing.
        let path = format!("/contacts/{}", ingrid["id"].as_str().unwrap());
        let version = ingrid["version"].to_string();
        let edit = owner.get(&path).await;
        assert!(edit.text.contains("value=\"ingrid@example.org\"") && edit.text.contains(&format!("value=\"{version}\"")), "{}", edit.text);
        assert_eq!(program.json("PATCH", &format!("/api/v1{path}"), &json!({"last_name": "Lund"})).await.status, 200);
        let mine = [("first_name", "Inga"), ("last_name", "Berg"), ("relation", "parent"), ("version", version.as_str())];
        let stale = owner.post(&path, &mine).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("Somebody else saved this contact") && stale.text.contains("Lund") && stale.text.contains("Inga"));

        let gone = owner.post(&format!("{path}/remove"), &[]).await;
        assert_eq!((gone.status, gone.location()), (303, at.as_str()));
        let toast = owner.get(&at).await.text;
        assert!(toast.contains("Contact removed.") && toast.contains(&format!("{path}/restore")), "{toast}");
        assert_eq!(owner.get(&path).await.status, 404);
        assert_eq!(names(&program.get(&api).await.json()), ["Lars"]);
        let changed = program.json("PATCH", &format!("/api/v1{path}"), &json!({"last_name": "X"})).await;
        assert_eq!(changed.status, 409);
        assert_eq!(owner.post(&format!("{path}/restore"), &[]).await.status, 303);
        assert_eq!(names(&program.get(&api).await.json()), ["Lars", "Ingrid"]);

        let timeline = program.get(&format!("/api/v1/clients/{client}/timeline")).await.json();
        let kinds: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        for kind in ["contact.added", "contact.changed", "contact.removed", "contact.restored"] {
            assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
        }
        assert!(!timeline.to_string().contains("Ingrid"), "names of fields, never what was written");

        // What is archived is not changed.
        assert_eq!(program.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await.status, 200);
        let lars = format!("/api/v1/contacts/{}", lars["id"].as_str().unwrap());
        assert_eq!(program.json("DELETE", &lars, &json!({})).await.status, 409);
        assert_eq!(program.json("POST", &api, &json!({"first_name": "A", "relation": "other"})).await.status, 409);
        assert!(!owner.get(&at).await.text.contains("Remove"));
    }

    async fn e5_a_client_has_twenty_contacts_at_most_and_strangers_see_none(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let api = format!("/api/v1/clients/{client}/contacts");
        let body = json!({"first_name": "Ingrid", "relation": "parent"});
        for _ in 0..20 {
            assert_eq!(program.json("POST", &api, &body).await.status, 201);
        }
        assert_eq!(program.json("POST", &api, &body).await.status, 422);
        let list = program.get(&api).await.json();
        assert_eq!(names(&list).len(), 20);
        let one = format!("/api/v1/contacts/{}", list["items"][0]["id"].as_str().unwrap());
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let other = t.practice("Other Shore").await;
        for mut stranger in [t.browser().bearer(&t.token(&practice, off).await), t.browser().bearer(&t.token(&other, other.owner).await)] {
            assert_eq!(stranger.get(&api).await.status, 404);
            assert_eq!(stranger.json("PATCH", &one, &json!({"first_name": "X"})).await.status, 404);
            assert_eq!(stranger.json("DELETE", &one, &json!({})).await.status, 404);
            assert_eq!(stranger.json("POST", &format!("{one}/restore"), &json!({})).await.status, 404);
        }
        assert_eq!(names(&program.get(&api).await.json()).len(), 20);
    }
}
