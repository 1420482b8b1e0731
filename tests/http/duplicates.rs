//! B6: a record that may already stand for the same person is questioned before another is added.

use testkit::{Browser, both_engines, json};

fn ids(text: &str) -> Vec<String> {
    let parts = text.split("name=\"not_the_same_as\" value=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap_or_default().to_string()).collect()
}

async fn add(browser: &mut Browser, fields: &[(&str, &str)]) -> testkit::Answer {
    browser.post("/clients", fields).await
}

both_engines! {
    async fn the_same_email_or_the_same_name_and_more_is_questioned(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"first_name": "Ána", "last_name": "Marchetti", "email": "ana@example.org",
            "date_of_birth": "1990-02-03", "phone": "+12125550123", "send_invitation": false})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let count = || t.raw.count("select count(*) from clients");
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("first_name", "Bo"), ("last_name", "Other"), ("email", "ANA@example.org")], "Same email"),
            (&[("first_name", "ana"), ("last_name", "MARCHETTI"), ("date_of_birth", "1990-02-03")], "Same name and birth date"),
            (&[("first_name", "Ana"), ("last_name", "Marchetti"), ("phone", "(212) 555-0123")], "Same name and phone"),
            (&[("first_name", "Ana"), ("last_name", "Marchetti"), ("email", "ana@example.org"), ("date_of_birth", "1990-02-03")],
                "Same name, email and birth date"),
        ];
        for (fields, why) in cases {
            let asked = add(&mut owner, fields).await;
            assert_eq!(asked.status, 409, "{why}");
            for text in [why, "Go back", "Add anyway", "Open existing", &format!("/clients/{id}")] {
                assert!(asked.text.contains(text), "{text}: {}", asked.text);
            }
            assert_eq!(ids(&asked.text), std::slice::from_ref(&id));
        }
        assert_eq!(count(), 1);
        for fields in [
            [("first_name", "Ana"), ("last_name", "Marchetti"), ("date_of_birth", "1990-02-04")],
            [("first_name", "Anna"), ("last_name", "Marchetti"), ("date_of_birth", "1990-02-03")],
            [("first_name", "Bo"), ("last_name", "Other"), ("phone", "(212) 555-0123")],
        ] {
            assert_eq!(add(&mut owner, &fields).await.status, 303, "{fields:?}");
        }
    }

    async fn going_back_keeps_what_was_typed_and_adding_anyway_adds_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": false})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let key = uuid::Uuid::from_u128(7).to_string();
        let typed = [("key", key.as_str()), ("first_name", "Bea"), ("last_name", "O'Hara <b>"), ("email", "ana@example.org"),
            ("note", "line one\nline two")];
        assert_eq!(add(&mut owner, &typed).await.status, 409);
        let mut back = typed.to_vec();
        back.extend([("not_the_same_as", id.as_str()), ("step", "back")]);
        let form = add(&mut owner, &back).await;
        assert_eq!(form.status, 200);
        for text in ["Bea", "O&#39;Hara &#60;b&#62;", "ana@example.org", "line one\nline two"] {
            assert!(form.text.contains(text), "{text}: {}", form.text);
        }
        // Nothing said "send an invitation", and the form that comes back does not either.
        assert!(!form.text.split("name=\"send_invitation\"").nth(1).unwrap().split('>').next().unwrap().contains("checked"));
        let mut meant = typed.to_vec();
        meant.push(("not_the_same_as", id.as_str()));
        let before = t.raw.count("select count(*) from clients");
        let added = add(&mut owner, &meant).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let again = add(&mut owner, &meant).await;
        assert_eq!((again.status, again.location()), (303, added.location()));
        assert_eq!(t.raw.count("select count(*) from clients"), before + 1);
    }

    async fn another_record_that_appeared_meanwhile_is_asked_about_anew(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let first = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": false})).await;
        let second = t.client(&practice, json!({"first_name": "Second", "email": "ana@example.org", "send_invitation": false})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let typed = [("first_name", "Bea"), ("last_name", "Brook"), ("email", "ana@example.org"), ("not_the_same_as", first.as_str())];
        let asked = add(&mut owner, &typed).await;
        assert_eq!(asked.status, 409);
        assert!(ids(&asked.text).contains(&second));
    }

    async fn what_a_provider_may_not_see_is_no_duplicate(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other House").await;
        t.client(&practice, json!({"email": "ana@example.org", "send_invitation": false})).await;
        t.member(&practice, ruh::access::Role::Provider, "provider@example.org").await;
        let typed = [("first_name", "Bea"), ("last_name", "Brook"), ("email", "ana@example.org")];
        let mut off_team = t.signed_in("provider@example.org").await;
        assert_eq!(add(&mut off_team, &typed).await.status, 303);
        assert_eq!(add(&mut off_team, &typed).await.status, 409, "their own client is one");
        let mut foreign = t.signed_in(&other.owner_email).await;
        assert_eq!(add(&mut foreign, &typed).await.status, 303);
    }

    async fn a_program_is_told_or_refused(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": false})).await;
        let mut program = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let mut body = json!({"first_name": "Bea", "last_name": "Brook", "email": "ana@example.org", "send_invitation": false,
            "on_duplicate": "refuse"});
        let refused = program.json("POST", "/api/v1/clients", &body).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains(&id));
        let noted = "select count(*) from audit_entries where action = 'client.duplicates_shown' and detail = '1'";
        ruh::audit::write_reads(&t.app).await.unwrap();
        assert_eq!(t.raw.count(noted), 1, "what a refusal names was read");
        body["on_duplicate"] = json!("perhaps");
        assert_eq!(program.json("POST", "/api/v1/clients", &body).await.status, 422);
        body["on_duplicate"] = json!("add");
        let added = program.json("POST", "/api/v1/clients", &body).await;
        assert_eq!(added.status, 201, "{}", added.text);
        assert!(added.text.contains(&format!("\"possible_duplicate_ids\":[\"{id}\"]")), "{}", added.text);
        ruh::audit::write_reads(&t.app).await.unwrap();
        assert_eq!(t.raw.count(noted), 2);
    }

    async fn the_profile_names_a_record_that_may_be_the_same_person(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let same = json!({"first_name": "Ana", "last_name": "Marchetti", "date_of_birth": "1990-02-03"});
        let first = t.client(&practice, same.clone()).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert!(!owner.get(&format!("/clients/{first}")).await.text.contains("Perhaps the same person"));
        let second = t.client(&practice, same).await;
        let page = owner.get(&format!("/clients/{first}")).await;
        assert!(page.text.contains("Perhaps the same person") && page.text.contains(&format!("/clients/{second}")), "{}", page.text);
        // Brothers and sisters share a parent's address without being one person.
        let sister = t.client(&practice, json!({"first_name": "Eva", "email": "mother@example.org", "send_invitation": false})).await;
        t.client(&practice, json!({"first_name": "Ida", "email": "mother@example.org", "send_invitation": false})).await;
        assert!(!owner.get(&format!("/clients/{sister}")).await.text.contains("Perhaps the same person"));
    }
}
