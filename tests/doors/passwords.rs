//! Passwords as OWASP ASVS 6.2 asks for them: masked, whole, without an end date, changed by whoever knows the present one.

use testkit::{PASSWORD, both_engines};

use crate::support::{OTHER, accept, alive, invited, lets_in, opens};

/// The tags of all fields that take a password.
fn password_fields(html: &str) -> Vec<String> {
    let tags = html.split("<input").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag.to_string()));
    tags.filter(|tag| tag.contains("password\"") && !tag.contains("type=\"checkbox\"")).collect()
}

both_engines! {
    async fn a6_every_field_for_a_password_is_masked_and_open_to_managers(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, link) = invited(&t, &practice, "bea@example.org").await;
        let (_, mut portal) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut invitee = t.browser();
        let pages = [
            ("sign-in", 1, t.browser().get("/sign-in").await),
            ("invitation", 1, invitee.open_link(&link).await),
            ("Security", 2, owner.get("/settings/security").await),
            ("profile", 1, portal.get("/portal/profile").await),
            ("Change password", 2, portal.get("/portal/password").await),
        ];
        for (page, least, answer) in pages {
            let fields = password_fields(&answer.text);
            assert!(fields.len() >= least, "{page}: {fields:?}");
            for field in fields {
                assert!(field.contains("type=\"password\""), "{page}: {field}");
                let known = ["current-password", "new-password"].iter().any(|t| field.contains(&format!("autocomplete=\"{t}\"")));
                assert!(known, "{page}: managers know what goes here: {field}");
                assert!(!field.contains("onpaste") && !field.contains("data-1p-ignore"), "{page}: {field}");
                assert!(!field.contains("maxlength"), "{page}: nothing that is pasted is cut: {field}");
            }
        }
    }

    async fn a6_a_long_password_counts_to_its_last_character(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        for length in [64, 512] {
            let email = format!("person{length}@example.net");
            let (_, link) = invited(&t, &practice, &email).await;
            let words = "Tall quiet cedar by the Sea ".repeat(20);
            let password: String = words.chars().take(length - 1).chain(['Q']).collect();
            assert_eq!(accept(&t, &link, &password).await.1.status, 303, "{length}");
            for wrong in [password[..length - 1].to_string(), password.to_lowercase(), format!("{password}x")] {
                assert!(!lets_in(&t, &email, &wrong).await, "{length}: {wrong}");
            }
            assert!(lets_in(&t, &email, &password).await, "{length}");
        }
    }

    async fn a6_without_the_present_password_nothing_changes(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let owner = (t.signed_in(&practice.owner_email).await, practice.owner_email.as_str(), "/settings/security/password");
        let (_, ana) = t.client_in_portal(&practice, "ana@example.org").await;
        for (mut browser, email, path) in [owner, (ana, "ana@example.org", "/portal/password")] {
            for present in ["", "wrong wrong wrong", OTHER] {
                let refused = browser.post(path, &[("current_password", present), ("password", OTHER)]).await;
                assert_eq!(refused.status, 422, "{path}: {present}");
            }
            assert_eq!(browser.post(path, &[("password", OTHER)]).await.status, 422, "{path}");
            assert!(opens(&t, email).await && !lets_in(&t, email, OTHER).await, "{path}");
            let fields = [("current_password", PASSWORD), ("password", OTHER)];
            assert_eq!(browser.post(path, &fields).await.status, 303, "{path}");
            assert!(lets_in(&t, email, OTHER).await, "{path}");
            assert!(alive(&browser, if path.starts_with("/portal") { "/portal" } else { "/home" }).await, "{path}");
        }
    }

    async fn a6_a_password_does_not_age(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.advance_minutes(3 * 365 * 24 * 60);
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(owner.get("/home").await.status, 200, "and leads nowhere but home");
    }
}
