//! What people type wrong, field by field: a message beside the field, everything typed still there, nothing saved.

use testkit::{Browser, Json, TestApp, both_engines, json};

use crate::api::api_of;

/// Every way to fill one field, and the text it is kept as; nothing where it is refused.
fn cases() -> Vec<(&'static str, String, Option<Json>)> {
    let long = "x".repeat(10_000);
    let good = |text: &str| Some(json!(text));
    let null = Some(Json::Null);
    let mut all = Vec::new();
    let mut add = |field: &'static str, text: &str, kept: Option<Json>| all.push((field, text.to_string(), kept));
    // Names cannot be empty; the other single lines can.
    for field in ["first_name", "last_name"] {
        add(field, "", None);
        add(field, "   ", None);
        add(field, "\u{a0}\u{3000}", None);
    }
    for field in [
        "preferred_name",
        "legal_name",
        "pronouns",
        "gender",
        "record_number",
        "note",
        "email",
        "phone",
        "date_of_birth",
        "time_zone",
    ] {
        add(field, "", null.clone());
        add(field, "   ", null.clone());
    }
    for field in ["first_name", "last_name", "preferred_name", "legal_name", "pronouns", "gender", "record_number"] {
        add(field, &long, None);
        add(field, &"é".repeat(101), None);
        add(field, &"é".repeat(100), good(&"é".repeat(100)));
        add(field, "😀 👩‍👩‍👧", good("😀 👩‍👩‍👧"));
        add(field, "مریم رضایی", good("مریم رضایی"));
        add(field, "  spaced  ", good("spaced"));
        add(field, "<script>alert(1)</script>&\"'", good("<script>alert(1)</script>&\"'"));
        for control in [
            "a\nb",
            "a\r\nBcc: eve@evil.example",
            "a\tb",
            "a\u{7}b",
            "a\0b",
            "a\u{85}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{2028}b",
        ] {
            add(field, control, None);
        }
    }
    add("note", &"x".repeat(5_001), None);
    add("note", &"x".repeat(5_000), good(&"x".repeat(5_000)));
    add("note", "one\r\ntwo\tthree 😀", good("one\ntwo\tthree 😀"));
    add("note", "a\0b", None);
    add("note", "a\u{202e}b", None);
    for email in [
        "ana",
        "ana@",
        "@example.org",
        "ana@example",
        "ana@localhost",
        "ana@1.2.3.4",
        "a b@example.org",
        "ana@@example.org",
        "ana@example..org",
        "ana@-example.org",
        "ana@example.org\r\nBcc: eve@evil.example",
        "ana@example.org, eve@evil.example",
        "Ana <ana@example.org>",
        "ana@exa\0mple.org",
        "😀@example.org",
        "ana@example.org\u{202e}",
        ".ana@example.org",
        "ana@example.1",
    ] {
        add("email", email, None);
    }
    add("email", &format!("{long}@example.org"), None);
    add("email", "ana+therapy@example.co.uk", good("ana+therapy@example.co.uk"));
    add("email", " Ana@Example.org ", good("Ana@example.org"));
    add("email", "ana@bücher.example", good("ana@xn--bcher-kva.example"));
    for phone in [
        "123",
        "abc",
        "+999 1234567",
        "(212) 555-0123\nx",
        "+1 212 555 01234567",
        "😀",
        "٠١٢",
        "+",
        "1".repeat(10_000).as_str(),
    ] {
        add("phone", phone, None);
    }
    add("phone", "(212) 555-0123", good("+12125550123"));
    add("phone", "+49 30 901820", good("+4930901820"));
    add("phone", "0044 20 7946 0018", None);
    add("phone", "+44 20 7946 0018", good("+442079460018"));
    for date in [
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-1-1",
        "29.02.2024",
        "yesterday",
        "2026-03-03",
        "1850-01-01",
        "0000-00-00",
        "99999-01-01",
        "2024-02-29T00:00",
        "😀",
        &long,
    ] {
        add("date_of_birth", date, None);
    }
    add("date_of_birth", "2024-02-29", good("2024-02-29"));
    for zone in ["Mars/Olympus", "../../etc/passwd", "😀", "Europe/Berlin\0", &long] {
        add("time_zone", zone, None);
    }
    add("time_zone", "Asia/Karachi", good("Asia/Karachi"));
    for field in ["group_id", "primary_provider_id"] {
        for id in ["x", "1", "01900000-0000-7000-8000-000000000001", "😀", &long] {
            add(field, id, None);
        }
        add(field, "", null.clone());
    }
    all
}

/// As it stands in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

fn rows(t: &TestApp) -> Vec<Vec<testkit::Cell>> {
    t.raw.rows("select * from clients order by id")
}

/// Sends a form with everything good but one field.
async fn send(browser: &mut Browser, path: &str, field: &str, text: &str, extra: &[(&str, &str)]) -> testkit::Answer {
    let mut fields = vec![("first_name", "Ana"), ("last_name", "Kept-Typed"), ("pronouns", "kept/typed")];
    fields.retain(|(name, _)| *name != field);
    fields.push((field, text));
    fields.extend(extra);
    browser.post(path, &fields).await
}

both_engines! {
    async fn bad_input_is_named_by_the_api_and_nothing_is_saved(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api_of(&t, &practice).await;
        let stands = t.client(&practice, json!({"note": "stands"})).await;
        let path = format!("/api/v1/clients/{stands}");
        for (field, text, kept) in cases() {
            let shown: String = text.chars().take(60).collect();
            let mut body = json!({"first_name": "Ana", "last_name": "M", "send_invitation": false});
            body[field] = json!(text);
            let before = rows(&t);
            let created = api.json("POST", "/api/v1/clients", &body).await;
            match &kept {
                Some(kept) => assert_eq!((created.status, &created.json()[field]), (201, kept), "{field} {shown:?}"),
                None => {
                    assert_eq!(created.status, 422, "{field} {shown:?}: {}", created.text);
                    assert_eq!(created.header("content-type"), "application/problem+json");
                    let problem = created.json();
                    let errors = problem["errors"].as_array().unwrap();
                    assert_eq!((errors.len(), &errors[0]["field"]), (1, &json!(field)), "{shown:?}");
                    let message = errors[0]["message"].as_str().unwrap();
                    assert!(message.len() > 10 && message.len() < 200 && message.ends_with(['.', '?']), "{field}: {message}");
                    let patched = api.json("PATCH", &path, &json!({field: text})).await;
                    assert_eq!((patched.status, patched.text), (422, created.text), "{field} {shown:?}");
                    assert_eq!(rows(&t), before, "{field} {shown:?} was saved");
                }
            }
        }
        // Several at once: each is named.
        let answer = api.json("POST", "/api/v1/clients", &json!({"email": "x", "phone": "y", "date_of_birth": "z"})).await.json();
        let mut named: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_string()).collect();
        named.sort();
        assert_eq!(named, ["date_of_birth", "email", "first_name", "last_name", "phone"]);
    }

    async fn bad_input_stays_in_the_form_beside_its_message(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let stands = t.client(&practice, json!({"note": "stands"})).await;
        let change = format!("/clients/{stands}");
        let before = rows(&t);
        for (field, text, _) in cases().into_iter().filter(|(_, _, kept)| kept.is_none()) {
            let shown: String = text.chars().take(60).collect();
            // In a form an email has a name that no password manager takes for a login's.
            let named = if field == "email" { "reach_at" } else { field };
            for (path, extra) in [("/clients", [("key", "x"), ("note", "kept & typed")]), (change.as_str(), [("version", "1"), ("note", "kept & typed")])] {
                let extra: Vec<_> = extra.into_iter().filter(|(name, _)| *name != field).collect();
                let answer = send(&mut owner, path, named, &text, &extra).await;
                assert_eq!(answer.status, 422, "{path} {field} {shown:?}");
                let page = &answer.text;
                assert!(page.contains(&format!("href=\"#{named}\"")) && page.contains(&format!("id=\"{named}\"")), "{path} {field} {shown:?}: the summary leads to the field");
                assert!(page.contains("aria-invalid=\"true\""), "{path} {field} {shown:?}");
                let others = ["kept/typed", "Kept-Typed", "kept &#38; typed"];
                for other in others.into_iter().filter(|other| !(field == "pronouns" && *other == "kept/typed" || field == "last_name" && *other == "Kept-Typed" || field == "note" && other.starts_with("kept &"))) {
                    assert!(page.contains(other), "{path} {field} {shown:?} lost {other}");
                }
                // What a select cannot show is no choice of it; everything else comes back as it was typed.
                let is_select = matches!(field, "time_zone" | "group_id" | "primary_provider_id");
                assert!(is_select || page.contains(&escaped(&text)), "{path} {field} {shown:?} is gone from the form");
                assert!(!page.contains("<script>alert"), "{field}");
            }
        }
        assert_eq!(rows(&t), before, "something was saved");
        assert_eq!(t.raw.count("select count(*) from jobs"), 0);
    }

    async fn r32_markup_in_every_field_is_text(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let evil = "<svg onload=x>\"'&amp;<img>";
        let fields = [("first_name", evil), ("last_name", evil), ("preferred_name", evil), ("legal_name", evil), ("pronouns", evil), ("gender", evil), ("record_number", evil), ("note", evil), ("key", evil)];
        let added = owner.post("/clients", &fields).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let page = added.location().to_string();
        for path in [page.clone(), format!("{page}?edit=1"), "/clients".into(), "/home".into(), format!("/clients?search={}", "%3Csvg%20onload"), format!("/clients?search={}", "%22%3E%3Csvg%20onload=x%3E")] {
            let answer = owner.get(&path).await;
            assert_eq!(answer.status, 200);
            assert!(!answer.text.contains("<svg onload") && !answer.text.contains("<img>"), "{path}");
            assert!(answer.text.contains("&#60;svg onload"), "{path} shows it as text");
        }
    }
}
