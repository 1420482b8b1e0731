//! What somebody types into a name cannot become a header, a recipient, a tag or a link.

use ruh::access::Role;
use testkit::{PASSWORD, TestApp, both_engines, json};

use crate::capture::Smtp;
use crate::support::{accept, change_email, mails_to, set_up_codes};

/// Names as nobody types them; they came by another way than the form.
const NAMES: [&str; 5] = [
    "Ana\r\nBcc: eve@evil.example",
    "Ana\nTo: eve@evil.example\nContent-Type: text/html\n\n<b>x",
    "Ana\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\n",
    ".\r\n..\r\n.",
    "Ana\" <eve@evil.example>, \"Ana",
];

crate::each_engine! {
    async fn r30_line_breaks_and_dot_lines_in_names_are_one_mail_to_one_person(engine) {
        let smtp = Smtp::start();
        let t = TestApp::with(engine, |s| s.smtp_url = Some(smtp.url.clone()));
        let practice = t.practice("Calm Harbour").await;
        for (n, name) in NAMES.iter().enumerate() {
            let email = format!("person{n}@example.org");
            let id = t.client(&practice, json!({"email": email, "send_invitation": true})).await;
            let quoted = name.replace('\'', "''");
            t.raw.run(&format!("update clients set first_name = '{quoted}', preferred_name = '{quoted}', last_name = '{quoted}' where id = {}", t.raw.id(&id)));
            t.raw.run(&format!("update practices set name = '{quoted}'"));
            t.send_mail().await;
            let taken = smtp.taken();
            assert_eq!(taken.len(), n + 1, "one mail more");
            let mail = &taken[n];
            assert_eq!(mail.recipients, [format!("RCPT TO:<{email}>")], "{name:?}");
            let (head, body) = mail.text.split_once("\r\n\r\n").expect("a head and a body");
            let headers: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).collect();
            let names: Vec<&str> = headers.iter().map(|line| line.split(':').next().unwrap_or_default()).collect();
            let mut sorted = names.clone();
            sorted.sort_unstable();
            assert_eq!(
                sorted,
                ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"],
                "{name:?}: {head}"
            );
            let read = testkit::parse_mail(&mail.text);
            assert_eq!(read.to.matches('@').count() - read.to.matches("eve@evil").count(), 1, "{}", read.to);
            assert!(read.to.trim_end().ends_with(&format!("<{email}>")), "{}", read.to);
            assert!(read.text.contains("/invitation/"), "the mail is whole: {body}");
            assert!(read.html.trim_end().ends_with("</html>"), "{}", read.html);
        }
    }
}

both_engines! {
    async fn r30_the_edge_refuses_line_breaks(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for field in [
            "first_name",
            "last_name",
            "preferred_name",
            "legal_name",
            "pronouns",
            "gender",
            "record_number",
            "email",
            "phone",
        ] {
            for text in ["Ana\r\nBcc: eve@evil.example", "Ana\nx", "Ana\rx", "Ana\u{2028}x", "Ana\u{85}x", "Ana\0x"] {
                let mut fields = vec![("first_name", "Ana"), ("last_name", "Marchetti"), ("send_invitation", "true")];
                fields.retain(|(name, _)| *name != field);
                fields.push((field, text));
                let answer = owner.post("/clients", &fields).await;
                assert_eq!(answer.status, 422, "{field} {text:?}");
            }
        }
        assert_eq!(t.raw.count("select count(*) from clients"), 0);
        assert_eq!(t.raw.count("select count(*) from jobs"), 0);
    }

    async fn r63_no_mail_says_anything_of_somebodys_record(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let group = api.json("POST", "/api/v1/groups", &json!({"name": "Grief after loss", "colour": "teal"})).await;
        let told = ["Grief", "panic", "R-4711", "1990-05-31", "May 1990", "555-0142", "5550142", "they/them", "nonbinary"];
        let id = t
            .client(&practice, json!({
                "first_name": "Ana", "last_name": "Marchetti", "group_id": group.json()["id"], "note": "panic attacks",
                "record_number": "R-4711", "date_of_birth": "1990-05-31", "phone": "+12125550142",
                "pronouns": "they/them", "gender": "nonbinary", "email": "ana@example.org", "send_invitation": true,
            }))
            .await;
        t.send_mail().await;
        let (mut ana, _) = accept(&t, &t.mail_to("ana@example.org").link(), PASSWORD).await;
        // Everything that makes a mail, to the client and to staff.
        let mut owner = t.signed_in(&practice.owner_email).await;
        owner.post(&format!("/clients/{id}/invite"), &[]).await;
        owner.post(&format!("/clients/{id}/passphrase"), &[]).await;
        set_up_codes(&t, &mut ana).await;
        owner.post("/settings/newsfeed", &[("arrivals", "email"), ("record", "email"), ("care_team", "email")]).await;
        let member = t.member(&practice, Role::Provider, "sam@calm.example").await.to_string();
        api.json("PATCH", &format!("/api/v1/clients/{id}"), &json!({"care_team_ids": [member]})).await;
        change_email(&t, &practice, &id, Some("new@example.org")).await;
        t.send_mail().await;
        t.advance_minutes(24 * 60);
        t.send_mail().await;
        let mails = t.mails();
        assert!(mails.len() > 5, "{}", mails.len());
        for mail in &mails {
            for word in told {
                let whole = format!("{} {}", mail.text, mail.html);
                assert!(!whole.contains(word), "{word} in “{}”: {}", mail.subject, mail.text);
            }
        }
        // A subject is one of the words of the program, with nothing put in.
        let words = include_str!("../../src/words/en.ftl");
        let subjects = words.lines().filter(|line| line.starts_with("mail-") && line.contains("-subject = "));
        let subjects: Vec<&str> = subjects.filter_map(|line| line.split_once(" = ")).map(|(_, text)| text).collect();
        assert!(subjects.len() > 10 && subjects.iter().all(|text| !text.contains('{')), "{subjects:?}");
        for mail in &mails {
            assert!(subjects.contains(&mail.subject.as_str()), "{}", mail.subject);
        }
    }

    async fn r32_html_in_every_field_runs_nowhere_and_links_nowhere(t: TestApp) {
        let evil = [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "' onfocus='alert(1)' x='",
            "{{7*7}}${7*7}<%=7*7%>",
            "javascript:alert(1)",
            "</textarea><script>alert(1)</script>",
            "</title><script>alert(1)</script>",
            "https://evil.example/x",
            "<a href=//evil.example>x</a>",
            "&lt;script&gt;alert(1)",
            "<!--",
            "--><b>x",
        ];
        for (n, text) in evil.iter().enumerate() {
            let t2 = t.practice(&format!("{text} {n}")).await;
            let email = format!("person{n}@example.org");
            let mut owner = t.signed_in(&t2.owner_email).await;
            let fields = [
                ("first_name", *text),
                ("last_name", text),
                ("preferred_name", text),
                ("legal_name", text),
                ("pronouns", text),
                ("gender", text),
                ("record_number", text),
                ("note", text),
                ("email", &email),
                ("send_invitation", "true"),
            ];
            let added = owner.post("/clients", &fields).await;
            assert_eq!(added.status, 303, "{text}: {}", added.text);
            let id = added.location().rsplit('/').next().expect("an id").to_string();
            t.send_mail().await;
            let mail = t.mail_to(&email);
            // No name becomes a link in a mail program that makes its own, and no tag of ours is theirs.
            assert!(!mail.text.contains("evil.example/") && !mail.html.contains("evil.example/"), "{}", mail.text);
            assert_eq!(
                mail.html.matches("href=\"").count(),
                mail.html.matches("href=\"http://localhost:8080/invitation/").count()
            );
            for tag in ["<script", "<img", "<svg", "<b>x", "<!--", "<a href=//"] {
                assert!(!mail.html.contains(tag), "{tag}: {}", mail.html);
            }
            let mut portal = t.browser();
            let accept = portal.open_link(&mail.link()).await;
            assert_eq!(portal.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
            let refused = [
                ("first_name", ""),
                ("last_name", text),
                ("note", text),
                ("email", text),
                ("phone", text),
                ("date_of_birth", text),
                ("time_zone", text),
                ("group_id", text),
            ];
            let typed_wrong = [
                ("preferred_name", *text),
                ("phone", text),
                ("date_of_birth", text),
                ("time_zone", text),
                ("pronouns", text),
            ];
            let query =
                serde_urlencoded::to_string([("search", *text), ("group_id", text), ("sort", "name"), ("cursor", "")])
                    .expect("a query");
            let next = serde_urlencoded::to_string([("next", *text), ("done", text)]).expect("a query");
            let mut stranger = t.browser();
            let pages = [
                ("accept", accept),
                ("client", owner.get(&format!("/clients/{id}")).await),
                ("edit", owner.get(&format!("/clients/{id}?edit=1")).await),
                ("card", owner.get(&format!("/clients/{id}/invitation")).await),
                ("list", owner.get("/clients").await),
                ("search", owner.get(&format!("/clients?{query}")).await),
                ("home", owner.get("/home").await),
                ("security", owner.get("/settings/security").await),
                ("refused", owner.post("/clients", &refused).await),
                ("refused edit", owner.post(&format!("/clients/{id}"), &refused).await),
                ("portal", portal.get("/portal").await),
                ("profile", portal.get("/portal/profile").await),
                ("refused profile", portal.post("/portal/profile", &typed_wrong).await),
                ("refused email", portal.post("/portal/email", &[("new_email", text), ("password", "x")]).await),
                ("places", portal.get("/places").await),
                ("sign-in", stranger.get(&format!("/sign-in?{next}")).await),
                (
                    "refused sign-in",
                    stranger
                        .post(
                            "/sign-in",
                            &[
                                ("email", text),
                                ("password", text),
                                ("next", text),
                                ("resume_path", "/clients"),
                                ("resume_body", text),
                            ],
                        )
                        .await,
                ),
                (
                    "resumed",
                    stranger
                        .post(
                            "/sign-in",
                            &[
                                ("email", &t2.owner_email),
                                ("password", PASSWORD),
                                ("resume_path", "/clients"),
                                (
                                    "resume_body",
                                    &serde_urlencoded::to_string([("note", text), (text, text)]).expect("a form"),
                                ),
                            ],
                        )
                        .await,
                ),
                ("forgot", stranger.post("/forgot", &[("email", text)]).await),
                ("unknown", stranger.get(&format!("/{}", next.replace("next=", ""))).await),
            ];
            let mut said = 0;
            for (what, page) in &pages {
                assert!(matches!(page.status, 200 | 400 | 404 | 422 | 429), "{what}: {}", page.status);
                assert_eq!(crate::pages::faults(&page.text), Vec::<String>::new(), "{what} with {text}");
                for tag in ["<script>", "<img", "<svg/", "<a href=//", "<b>x"] {
                    assert!(!page.text.contains(tag), "{what} with {text}: {tag}");
                }
                let escaped = page.text.contains(
                    &text
                        .replace('&', "&#38;")
                        .replace('<', "&#60;")
                        .replace('>', "&#62;")
                        .replace('"', "&#34;")
                        .replace('\'', "&#39;"),
                );
                said += usize::from(escaped);
            }
            // Counter-case: the text is there to be seen, as it was typed.
            assert!(said >= 8, "{text} is shown on {said} pages");
            assert!(!mails_to(&t, &email).is_empty());
        }
    }
}
