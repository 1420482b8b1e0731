//! What must be nowhere: passwords, tokens, names and addresses outside the places that are made for them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use testkit::{Browser, PASSWORD, TestApp, both_engines, json};

use crate::capture::Log;
use crate::support::{OTHER, accept, change_email, everything, token};

/// What one person leaves behind: every secret in the ways it could be written down.
struct Secrets {
    passwords: Vec<String>,
    tokens: Vec<String>,
}

impl Secrets {
    /// As text, and for tokens also as the bytes that they stand for, in hex.
    fn needles(&self) -> Vec<String> {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let mut all: Vec<String> = self.passwords.iter().chain(&self.tokens).cloned().collect();
        all.extend(self.passwords.iter().map(|password| hex(password.as_bytes())));
        for token in &self.tokens {
            all.push(hex(token.as_bytes()));
            let bytes = URL_SAFE_NO_PAD.decode(token).expect("base64");
            // Of a link's token the ids are no secret: what proves it is the keyed digest at its end.
            all.push(hex(&bytes[bytes.len() - 32..]));
        }
        all
    }
}

/// Runs through all the doors and collects every secret on the way.
async fn all_the_doors(t: &TestApp) -> (Secrets, Vec<String>) {
    let practice = t.practice("Marked Practice Zanzibar").await;
    let mut addresses = Vec::new();
    let mut tokens = Vec::new();
    let mut keep = |answer: &testkit::Answer| {
        addresses.push(format!("{} {}", answer.location(), answer.header("hx-redirect")));
    };
    let mut owner = t.browser();
    owner.post("/sign-in", &[("email", &practice.owner_email), ("password", "Wrongpassmark one two")]).await;
    keep(&owner.post("/sign-in", &[("email", &practice.owner_email), ("password", PASSWORD), ("next", "/home")]).await);
    tokens.push(owner.cookies["ruh"].clone());
    let fields = [
        ("first_name", "Markedfirst"),
        ("last_name", "Markedlast"),
        ("email", "markedmail@example.org"),
        ("phone", "+12125550123"),
        ("note", "markednote about the client"),
        ("preferred_name", "Markedpreferred"),
        ("record_number", "markedrecord"),
        ("send_invitation", "true"),
    ];
    let added = owner.post("/clients", &fields).await;
    keep(&added);
    let id = added.location().rsplit('/').next().expect("an id").to_string();
    t.send_mail().await;
    owner.get("/clients?search=Markedlast").await;
    owner.get(&format!("/clients/{id}")).await;
    let link = t.mail_to("markedmail@example.org").link();
    tokens.push(token(&link));
    let mut client = t.browser();
    keep(&client.get(&crate::support::path(&link)).await);
    client.get("/invitation").await;
    client.post("/invitation", &[("password", "short")]).await;
    keep(&client.post("/invitation", &[("password", OTHER)]).await);
    tokens.push(client.cookies["ruh"].clone());
    client.get("/portal").await;
    keep(&client.post("/portal/profile", &[("preferred_name", "Markednew"), ("version", "1")]).await);
    keep(&t.browser().post("/forgot", &[("email", "markedmail@example.org")]).await);
    t.run_jobs().await;
    let reset = t.mail_to("markedmail@example.org").link();
    tokens.push(token(&reset));
    let mut resetting = t.browser();
    keep(&resetting.get(&crate::support::path(&reset)).await);
    keep(&resetting.post("/reset", &[("password", "hammock violet thunder")]).await);
    keep(&client.get("/portal").await);
    keep(
        &client.post("/sign-in", &[("email", "markedmail@example.org"), ("password", "hammock violet thunder")]).await,
    );
    tokens.push(client.cookies["ruh"].clone());
    keep(
        &client
            .post("/portal/email", &[("new_email", "markedmoved@example.org"), ("password", "hammock violet thunder")])
            .await,
    );
    t.send_mail().await;
    let confirm = t.mail_to("markedmoved@example.org").link();
    tokens.push(token(&confirm));
    accept(t, &confirm, "").await;
    let api = t.token(&practice, practice.owner).await;
    tokens.push(api.clone());
    let mut program = t.browser().bearer(&api);
    program.get("/api/v1/clients?search=Markedlast").await;
    program.json("PATCH", &format!("/api/v1/clients/{id}"), &json!({"note": "markednote again", "email": "x@y"})).await;
    program
        .raw("POST", "/api/v1/clients", "application/json", "{\"first_name\": \"Markedbroken\", \"last_name\": 5}")
        .await;
    change_email(t, &practice, &id, Some("markedthird@example.org")).await;
    t.send_mail().await;
    owner.post("/session/renew", &[("password", PASSWORD)]).await;
    tokens.push(owner.cookies["ruh"].clone());
    keep(&owner.post("/sign-out", &[]).await);
    let passwords = [PASSWORD, OTHER, "hammock violet thunder", "Wrongpassmark one two"].map(String::from).to_vec();
    (Secrets { passwords, tokens }, addresses)
}

/// What is in a file, wherever it stands.
fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

async fn staff_page(owner: &mut Browser, path: &str) -> String {
    let answer = owner.get(path).await;
    assert!(matches!(answer.status, 200 | 303), "{path}: {}", answer.status);
    answer.text
}

both_engines! {
    async fn r13_no_row_holds_a_password_or_a_token(t: TestApp) {
        let (secrets, _) = all_the_doors(&t).await;
        assert_eq!(secrets.tokens.len(), 8);
        let needles = secrets.needles();
        let rows = everything(&t);
        for (table, rows) in &rows {
            for cell in rows.iter().flatten().flatten() {
                let found = needles.iter().find(|needle| cell.contains(needle.as_str()));
                assert!(found.is_none(), "{table} holds {found:?}: {cell}");
            }
        }
        // Counter-case: what should be there is found by the same search.
        let cells: Vec<&String> = rows.values().flatten().flatten().flatten().collect();
        let hash: String =
            testkit::ruh::secrets::token_hash(&secrets.tokens[0]).iter().map(|b| format!("{b:02x}")).collect();
        assert!(cells.iter().any(|cell| cell.contains(&hash)), "the hash of a session's token");
        assert!(cells.iter().any(|cell| cell.starts_with("$argon2id$")));
        // Nor do the files of the database, whatever was deleted from its tables since.
        let files: Vec<Vec<u8>> =
            ["ruh.db", "ruh.db-wal"].iter().filter_map(|name| std::fs::read(t.folder().join(name)).ok()).collect();
        assert!(files.is_empty() || files.iter().any(|bytes| holds(bytes, "Markedlast")), "it is the database");
        for needle in secrets.passwords.iter().chain(&secrets.tokens) {
            assert!(!files.iter().any(|bytes| holds(bytes, needle)), "a file holds {needle}");
        }
    }

    async fn r13_staff_see_and_choose_no_password_of_a_client(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, _) = t.client_in_portal(&practice, "ana@example.org").await;
        let link = t.mail_to("ana@example.org").link();
        let (waiting, _) = crate::support::invited(&t, &practice, "bea@example.org").await;
        let open = t.mail_to("bea@example.org").link();
        let mut owner = t.signed_in(&practice.owner_email).await;
        let api = t.token(&practice, practice.owner).await;
        let hash = "select password_hash from accounts order by id";
        let before = t.raw.rows(hash);
        let paths = [
            format!("/clients/{id}"),
            format!("/clients/{id}?edit=1"),
            format!("/clients/{waiting}"),
            format!("/clients/{id}/invitation"),
            "/clients".into(),
            "/clients/new".into(),
            "/home".into(),
            "/settings/security".into(),
            "/settings/members".into(),
            format!("/settings/members/{}", practice.owner),
            "/settings/tokens".into(),
        ];
        for path in &paths {
            let page = staff_page(&mut owner, path).await;
            for secret in [PASSWORD, &token(&link), &token(&open), "$argon2", "password_hash"] {
                assert!(!page.contains(secret), "{path} shows {secret}");
            }
            // The only fields for a password are the signed-in person's own.
            let fields = page
                .split("<input")
                .filter(|tag| tag.split('>').next().is_some_and(|tag| tag.contains("type=\"password\"")));
            for field in fields {
                let tag = field.split('>').next().unwrap_or_default();
                let own = tag.contains("renew-") || path == "/settings/security";
                assert!(own, "{path}: {tag}");
            }
        }
        let mut program = t.browser().bearer(&api);
        let evil = json!({
            "password": OTHER, "password_hash": "x", "new_password": OTHER, "token": "x", "passphrase": OTHER,
            "account": {"password": OTHER}, "note": "changed",
        });
        assert_eq!(program.json("PATCH", &format!("/api/v1/clients/{id}"), &evil).await.status, 200);
        program.json("POST", &format!("/api/v1/clients/{waiting}/invitations"), &evil).await;
        let form = [
            ("first_name", "Ana"),
            ("last_name", "Marchetti"),
            ("email", "ana@example.org"),
            ("version", "2"),
            ("password", OTHER),
            ("new_password", OTHER),
        ];
        assert_eq!(owner.post(&format!("/clients/{id}"), &form).await.status, 303);
        assert_eq!(t.raw.rows(hash), before, "no password changed");
        for path in [
            format!("/api/v1/clients/{id}"),
            format!("/api/v1/clients/{waiting}/invitations"),
            "/api/v1/clients".into(),
        ] {
            let text = program.get(&path).await.text;
            assert!(
                !text.contains(&token(&open)) && !text.contains("password") && !text.contains("token"),
                "{path}: {text}"
            );
        }
        let mut described = program.get("/api/openapi.json").await.json();
        // A member's own API token is shown to them once; no schema but that of its creation holds a secret.
        let token = described["components"]["schemas"]["Token"].take();
        assert!(token["properties"]["token"].is_object(), "{token}");
        described["components"]["schemas"].as_object_mut().expect("schemas").retain(|name, _| !name.contains("Token"));
        let properties = described["components"]["schemas"].to_string();
        assert!(!properties.contains("\"password") && !properties.contains("\"token"), "{properties}");
    }

    async fn r62_names_notes_addresses_tokens_and_passwords_are_in_no_log(t: TestApp) {
        let log = Log::everything();
        let (secrets, addresses) = all_the_doors(&t).await;
        let metrics = t.browser().get("/metrics").await.text;
        let log = log.text();
        // Counter-cases: the log hears what is asked for, and the metrics are the metrics.
        assert!(
            log.contains("route=\"/clients/{id}\"")
                || log.contains("route=/clients/{id}")
                || log.contains("/clients/{id}"),
            "{log}"
        );
        assert!(metrics.contains("ruh_sign_ins_total"));
        let mut marks: Vec<String> = secrets.passwords.iter().chain(&secrets.tokens).cloned().collect();
        marks.extend(
            ["marked", "example.org", "example\"", "Zanzibar", "5550123", "Wrongpassmark", "marchetti"]
                .map(str::to_lowercase),
        );
        for mark in &marks {
            for (what, text) in [("the log", &log), ("the metrics", &metrics), ("an address", &addresses.join("\n"))] {
                let line = text.lines().find(|line| line.to_lowercase().contains(&mark.to_lowercase()));
                assert!(line.is_none(), "{what} holds {mark}: {line:?}");
            }
        }
    }
}
