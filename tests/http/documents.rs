//! D6, R33, R60: documents, given by the staff and in the portal, private or shared, sealed on the disk.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::body::Body;
use testkit::ruh::access::{Actor, Role};
use testkit::ruh::backup;
use testkit::ruh::config::Settings;
use testkit::{Browser, Json, PARTS, TestApp, TestPractice, both_engines, in_parts, json, ruh};

const DAY: Duration = Duration::from_secs(86_400);

/// A letter of so many chunks, with words that are looked for on the disk.
fn letter(chunks: usize) -> Vec<u8> {
    let mut all = b"%PDF-1.4\n".to_vec();
    while all.len() < chunks * 64 * 1024 + 77 {
        all.extend_from_slice(b"what the family doctor wrote of the client\n");
    }
    all
}

/// What lies in the folder of files.
fn files(t: &TestApp) -> Vec<PathBuf> {
    let found = std::fs::read_dir(t.folder().join("files")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = found.collect();
    all.sort();
    all
}

fn rows(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from documents")
}

fn at(client: &str) -> String {
    format!("/clients/{client}/documents")
}

async fn program(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

/// Gives a document through the API; what it is then.
async fn give(api: &mut Browser, client: &str, fields: &[(&str, &str)], name: &str, bytes: &[u8]) -> Json {
    let made = api.upload(&format!("/api/v1{}", at(client)), fields, Some((name, bytes))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn id(document: &Json) -> String {
    document["id"].as_str().expect("an id").to_string()
}

both_engines! {
    async fn d6_the_staff_keep_a_document_private_and_share_it(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let empty = owner.get(&at(&client)).await.text;
        assert!(empty.contains("No documents yet") && empty.contains("multipart/form-data"), "{empty}");
        let bytes = letter(3);
        // Pressed twice: one document, and one file.
        let fields = [("note", "From the doctor"), ("shared", "false"), ("key", "019caf10-8770-72e9-a79e-990e7d12e771")];
        for _ in 0..2 {
            let added = owner.upload(&at(&client), &fields, Some(("Letter & co.pdf", &bytes))).await;
            assert_eq!((added.status, added.location()), (303, at(&client).as_str()), "{}", added.text);
        }
        assert_eq!((rows(&t), files(&t).len()), (1, 1));
        let shown = owner.get(&at(&client)).await.text;
        for text in ["Letter &#38; co.pdf", "From the doctor", "Private", "from Olive Owner", "Share with client", "Document added."] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        let mut api = program(&t, &practice).await;
        let listed = api.get(&format!("/api/v1{}", at(&client))).await.json();
        let id = id(&listed["items"][0]);
        let (path, portal) = (format!("/documents/{id}/file"), format!("/portal/documents/{id}/file"));
        assert_eq!(owner.bytes(&path).await, (200, bytes.clone()));
        let got = owner.get(&path).await;
        assert_eq!(got.header("content-type"), "application/pdf");
        assert_eq!(got.header("content-disposition"), "attachment; filename=\"Letter _ co.pdf\"; filename*=UTF-8''Letter%20%26%20co.pdf");
        assert_eq!(got.header("cache-control"), "private, no-store");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert!(got.header("content-security-policy").contains("default-src 'none'") && got.header("content-security-policy").contains("; sandbox"));

        // Private: the client has nothing of it.
        assert_eq!(ana.get(&portal).await.status, 404);
        assert!(!ana.get("/portal/documents").await.text.contains("Letter"));
        assert!(!ana.get("/portal").await.text.contains("new document"));
        assert_eq!(owner.post(&format!("/documents/{id}/share"), &[]).await.status, 303);
        let home = ana.get("/portal").await.text;
        assert!(home.contains("A new document for you"), "{home}");
        let theirs = ana.get("/portal/documents").await.text;
        assert!(theirs.contains("Letter &#38; co.pdf") && theirs.contains("from Olive Owner") && theirs.contains("New"), "{theirs}");
        assert_eq!(ana.bytes(&portal).await, (200, bytes));
        assert!(!ana.get("/portal").await.text.contains("new document"), "it was opened");
        // What the staff can do the client cannot.
        for path in [format!("/documents/{id}/delete"), format!("/documents/{id}/unshare"), format!("/documents/{id}")] {
            assert_eq!(ana.post(&path, &[("name", "X")]).await.status, 404, "{path}");
        }
        assert_eq!(owner.post(&format!("/documents/{id}/unshare"), &[]).await.status, 303);
        assert_eq!(ana.get(&portal).await.status, 404, "with the next request");

        ruh::jobs::housekeeping(&t.app).await;
        let timeline = api.get(&format!("/api/v1/clients/{client}/timeline")).await.json().to_string();
        for kind in ["document.added", "document.shared", "document.unshared"] {
            assert!(timeline.contains(kind), "{kind}: {timeline}");
        }
        assert!(!timeline.contains("Letter"), "never what something is called");
        let looks = owner.get(&format!("/clients/{client}/looks")).await.text;
        for text in ["Opened a document", "Somebody in the Client Portal", "Shared a document with the client"] {
            assert!(looks.contains(text), "{text}: {looks}");
        }
    }

    async fn d6_what_a_client_gives_is_news_to_the_care_team(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let provider = t.member(&practice, Role::Provider, "on@calm.example").await;
        let mut api = program(&t, &practice).await;
        let team = json!({"care_team_ids": [provider.to_string(), practice.owner.to_string()]});
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
        let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 300]].concat();
        let given = ana.upload("/portal/documents", &[("note", "My knee"), ("shared", "false")], Some(("knee.png", &picture))).await;
        assert_eq!((given.status, given.location()), (303, "/portal/documents"), "{}", given.text);
        let shown = ana.get("/portal/documents").await.text;
        assert!(shown.contains("knee.png") && shown.contains("from you") && shown.contains("Your care team has it"), "{shown}");
        let mut on = t.signed_in("on@calm.example").await;
        let news = on.get("/newsfeed").await.text;
        assert!(news.contains("Document received in the portal"), "{news}");
        let list = on.get(&at(&client)).await.text;
        assert!(list.contains("knee.png") && list.contains("from the client") && list.contains("Shared with client"), "{list}");
        let document = api.get(&format!("/api/v1{}", at(&client))).await.json()["items"][0].clone();
        assert_eq!(document["given_by"]["kind"], "client");
        let id = id(&document);
        // A picture is shown; nothing in it could run.
        let got = on.get(&format!("/documents/{id}/file")).await;
        assert_eq!((got.status, got.header("content-type")), (200, "image/png"));
        assert!(got.header("content-disposition").starts_with("inline; "), "{}", got.header("content-disposition"));
        assert_eq!(on.bytes(&format!("/documents/{id}/file")).await.1, picture);
        // The client goes on seeing what they gave.
        assert_eq!(on.post(&format!("/documents/{id}/unshare"), &[]).await.status, 409);
        assert_eq!(api.json("PATCH", &format!("/api/v1/documents/{id}"), &json!({"shared": false})).await.status, 409);
        // Who leaves the care team has nothing of it with the next request.
        let path = format!("/documents/{id}/file");
        assert_eq!(on.get(&path).await.status, 200);
        let team = json!({"care_team_ids": [practice.owner.to_string()]});
        assert_eq!(api.json("PATCH", &format!("/api/v1/clients/{client}"), &team).await.status, 200);
        for path in [path, at(&client), format!("/documents/{id}")] {
            assert_eq!(on.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(on.post(&format!("/documents/{id}/delete"), &[]).await.status, 404);
    }

    async fn r20_a_document_is_its_clients_own(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let (ana, mut ana_browser) = t.client_in_portal(&practice, "ana@example.org").await;
        let (bea, mut bea_browser) = t.client_in_portal(&practice, "bea@example.org").await;
        let mut api = program(&t, &practice).await;
        let id = id(&give(&mut api, &ana, &[("shared", "true")], "letter.pdf", b"%PDF-1.4").await);
        let portal = format!("/portal/documents/{id}/file");
        assert_eq!(ana_browser.get(&portal).await.status, 200);
        assert_eq!(bea_browser.get(&portal).await.status, 404);
        assert!(!bea_browser.get("/portal/documents").await.text.contains("letter.pdf"));
        assert!(!api.get(&format!("/api/v1{}", at(&bea))).await.text.contains("letter.pdf"));
        let off = t.member(&practice, Role::Provider, "off@calm.example").await;
        let strangers = [t.token(&practice, off).await, t.token(&other, other.owner).await];
        for token in strangers {
            let mut stranger = t.browser().bearer(&token);
            let one = format!("/api/v1/documents/{id}");
            for path in [one.clone(), format!("{one}/content"), format!("/api/v1{}", at(&ana))] {
                assert_eq!(stranger.get(&path).await.status, 404, "{path}");
            }
            for (method, path) in [("PATCH", one.clone()), ("DELETE", one.clone()), ("POST", format!("{one}/restore"))] {
                assert_eq!(stranger.json(method, &path, &json!({})).await.status, 404, "{method} {path}");
            }
            let given = stranger.upload(&format!("/api/v1{}", at(&ana)), &[], Some(("a.txt", b"x"))).await;
            assert_eq!(given.status, 404);
        }
        assert_eq!((rows(&t), files(&t).len()), (1, 1), "what strangers sent is gone");
        // Somebody around a client has it by a right, and no more once that ends.
        let mia = t.client(&practice, json!({"first_name": "Mia", "date_of_birth": "2016-05-01"})).await;
        let hers = self::id(&give(&mut api, &mia, &[("shared", "true")], "school.txt", b"hello").await);
        let body = json!({"first_name": "Lars", "relation": "parent", "email": "lars@example.org", "rights": ["forms"]});
        let contact = self::id(&api.json("POST", &format!("/api/v1/clients/{mia}/contacts"), &body).await.json());
        assert_eq!(api.json("POST", &format!("/api/v1/contacts/{contact}/portal"), &json!({})).await.status, 200);
        t.send_mail().await;
        let mut lars = t.browser();
        lars.open_link(&t.mail_to("lars@example.org").link()).await;
        lars.post("/invitation", &[("password", testkit::PASSWORD)]).await;
        let hers = format!("/portal/documents/{hers}/file");
        assert_eq!(lars.bytes(&hers).await, (200, b"hello".to_vec()));
        assert_eq!(lars.upload("/portal/documents", &[], Some(("note.txt", b"from Lars"))).await.status, 303);
        let list = api.get(&format!("/api/v1{}", at(&mia))).await.json();
        assert_eq!((&list["items"][0]["given_by"]["kind"], &list["items"][0]["given_by"]["name"]), (&json!("contact"), &json!("Lars")));
        let rights = json!({"rights": ["receipts"]});
        assert_eq!(api.json("PATCH", &format!("/api/v1/contacts/{contact}"), &rights).await.status, 200);
        for path in [hers.as_str(), "/portal/documents"] {
            assert_eq!(lars.get(path).await.status, 404, "{path}");
        }
        assert!(!lars.get("/portal").await.text.contains("/portal/documents"));
        assert_eq!(api.json("DELETE", &format!("/api/v1/contacts/{contact}"), &json!({})).await.status, 200);
        assert!(matches!(lars.get(&hers).await.status, 401 | 404));
    }

    async fn r17_from_outside_the_care_team_a_reason_comes_first(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let provider = t.member(&practice, Role::Provider, "on@calm.example").await;
        let admin = t.member(&practice, Role::Admin, "admin@calm.example").await;
        let mut on = t.browser().bearer(&t.token(&practice, provider).await);
        let mut outside = t.browser().bearer(&t.token(&practice, admin).await);
        let client = t.client(&practice, json!({"primary_provider_id": provider.to_string()})).await;
        let one = format!("/api/v1/documents/{}", id(&give(&mut on, &client, &[], "letter.pdf", b"%PDF-1.4").await));
        // What is handed in at the desk is taken from anybody who may see the client.
        assert_eq!(give(&mut outside, &client, &[], "handed in.pdf", b"%PDF-1.4").await["name"], "handed in.pdf");
        let refused = [
            outside.get(&one).await, outside.get(&format!("{one}/content")).await, outside.json("PATCH", &one, &json!({"shared": true})).await,
            outside.json("DELETE", &one, &json!({})).await, outside.get(&format!("/api/v1{}", at(&client))).await,
        ];
        for answer in refused {
            assert!(answer.status == 403 && !answer.text.contains("letter"), "{}", answer.text);
        }
        let mut browser = t.signed_in("admin@calm.example").await;
        let led = browser.get(&at(&client)).await;
        assert!(led.status == 303 && led.location().starts_with(&format!("/clients/{client}/open?next=")), "{}", led.location());
        let reason = json!({"reason": "Covering for a colleague"});
        assert_eq!(outside.json("POST", &format!("/api/v1/clients/{client}/openings"), &reason).await.status, 201);
        assert_eq!(outside.bytes(&format!("{one}/content")).await, (200, b"%PDF-1.4".to_vec()));
    }

    async fn r33_what_is_too_large_mistyped_or_climbs_leaves_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = program(&t, &practice).await;
        let large = vec![b'x'; 25 * 1024 * 1024 + 1];
        let (pdf, none) = (&b"%PDF-1.4"[..], &b""[..]);
        for (name, bytes, status) in [
            ("large.txt", large.as_slice(), 413), ("a.exe", b"MZ\x90\0", 415), ("a.pdf", b"MZ\x90\0", 415), ("page.html", b"<html>", 415),
            ("a.svg", b"<svg>", 415), ("a.txt", b"<script>alert(1)</script>", 415), ("pdf", pdf, 415), ("../a.pdf", pdf, 415),
            ("..\\..\\a.pdf", pdf, 415), ("a/../b.pdf", pdf, 415), ("..", pdf, 415), ("a.pdf", none, 422), ("", none, 422),
        ] {
            let file = Some((name, bytes));
            let page = owner.upload(&at(&client), &[("note", "Kept & typed")], file).await;
            assert_eq!(page.status, status, "{name}: {}", page.text);
            for text in ["id=\"file-error\"", "href=\"#file\"", "Kept &#38; typed"] {
                assert!(page.text.contains(text), "{name} {text}: {}", page.text);
            }
            let told = api.upload(&format!("/api/v1{}", at(&client)), &[], file).await;
            assert_eq!((told.status, told.json()["errors"][0]["field"].as_str()), (status, Some("file")), "{name}: {}", told.text);
            assert_eq!(ana.upload("/portal/documents", &[], file).await.status, status, "{name}");
        }
        // What is no form in parts, or breaks off.
        let body = in_parts(&[("note", "x")], Some(("a.pdf", &letter(2))));
        for (body, status) in [(body[..body.len() - 40].to_vec(), 400), (b"--between-the-parts\r\n".to_vec(), 400), (vec![b'x'; 2_000_000], 400), (Vec::new(), 400)] {
            let answer = owner.request("POST", &at(&client), &[("content-type", PARTS)], Body::from(body)).await;
            assert_eq!(answer.status, status, "{}", answer.text);
        }
        let long = "x".repeat(501);
        let refused = owner.upload(&at(&client), &[("note", &long)], Some(("a.pdf", pdf))).await;
        assert!(refused.status == 422 && refused.text.contains("id=\"note-error\""), "{}", refused.text);
        assert_eq!((rows(&t), files(&t)), (0, Vec::new()));
        // Counter-case: the largest there may be.
        let whole = vec![b'x'; 25 * 1024 * 1024];
        let kept = give(&mut api, &client, &[], "large.txt", &whole).await;
        assert_eq!(kept["size"], 25 * 1024 * 1024);
        assert!(owner.bytes(&format!("/documents/{}/file", id(&kept))).await.1 == whole);
    }

    async fn r33_no_name_gets_out_of_its_header(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let kept = give(&mut api, &client, &[], "C:\\fakepath\\a\u{202e}; x=y نامه.pdf", b"%PDF-1.4").await;
        assert_eq!(kept["name"], "a; x=y نامه.pdf");
        let path = format!("/api/v1/documents/{}", id(&kept));
        let said = api.get(&format!("{path}/content")).await;
        assert_eq!(said.header("content-disposition"), "attachment; filename=\"a_ x_y ____.pdf\"; filename*=UTF-8''a%3B%20x%3Dy%20%D9%86%D8%A7%D9%85%D9%87.pdf");
        for name in ["a\r\nSet-Cookie: x.pdf", "a/b.pdf", "a\u{202e}b", "", " ", &"x".repeat(121)] {
            let refused = api.json("PATCH", &path, &json!({"name": name})).await;
            assert_eq!((refused.status, refused.json()["errors"][0]["field"].as_str()), (422, Some("name")), "{name:?}");
        }
        let renamed = api.json("PATCH", &path, &json!({"name": "Letter", "note": "From the doctor", "version": 1})).await.json();
        assert_eq!((&renamed["name"], &renamed["note"]), (&json!("Letter.pdf"), &json!("From the doctor")));
    }

    async fn r60_on_the_disk_there_is_nothing_to_read(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let bytes = letter(3);
        let kept = give(&mut api, &client, &[("note", "a note about somebody")], "a telling name.pdf", &bytes).await;
        let path = format!("/api/v1/documents/{}/content", id(&kept));
        let all = files(&t);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].file_name().unwrap().to_str(), kept["id"].as_str(), "nothing but an id");
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&all[0]), mode(all[0].parent().unwrap())), (0o600, 0o700));
        let sealed = std::fs::read(&all[0]).unwrap();
        assert!(!sealed.windows(13).any(|part| part == b"family doctor"));
        let row = format!("{:?}", t.raw.rows("select * from documents"));
        let hex: String = b"a telling name".iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!row.contains("telling") && !row.contains(&hex) && !row.contains("somebody"), "{row}");
        // Altered or cut anywhere it is refused, and not half of it is served.
        let end = sealed.len();
        let mut broken: Vec<Vec<u8>> = [0, 21, end / 2, end - 1].map(|at| {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            altered
        }).into();
        broken.push(sealed[..end - 1].to_vec());
        broken.push(sealed[..20 + 65_552].to_vec());
        broken.push([&sealed[..20], &sealed[20 + 65_552..20 + 2 * 65_552], &sealed[20..20 + 65_552], &sealed[20 + 2 * 65_552..]].concat());
        for content in broken {
            std::fs::write(&all[0], content).unwrap();
            let answer = api.get(&path).await;
            assert_eq!((answer.status, answer.header("content-type")), (500, "application/problem+json"), "{}", answer.text);
            assert!(!answer.text.contains("doctor"));
        }
        std::fs::remove_file(&all[0]).unwrap();
        assert_eq!(api.get(&path).await.status, 500);
        std::fs::write(&all[0], sealed).unwrap();
        assert_eq!(api.bytes(&path).await, (200, bytes.clone()));

        // Another key: the rows are sealed anew, the file stays as it is.
        let before = std::fs::read(&all[0]).unwrap();
        t.app.secrets.rotate().unwrap();
        assert!(ruh::keys::reseal(&t.app).await.unwrap() >= 3);
        t.app.secrets.retire(1).unwrap();
        assert_eq!(std::fs::read(&all[0]).unwrap(), before);
        assert_eq!(api.bytes(&path).await, (200, bytes));
        let named = api.get(&format!("/api/v1/documents/{}", id(&kept))).await.json();
        assert_eq!((&named["name"], &named["note"]), (&json!("a telling name.pdf"), &json!("a note about somebody")));
    }

    async fn d6_a_deleted_document_comes_back_within_thirty_days_and_then_its_bytes_go(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let mut api = program(&t, &practice).await;
        let id = id(&give(&mut api, &client, &[("shared", "true")], "letter.pdf", b"%PDF-1.4").await);
        let (page, portal) = (format!("/documents/{id}"), format!("/portal/documents/{id}/file"));
        let question = owner.get(&format!("{page}/delete")).await.text;
        assert!(question.contains("It disappears for the client too.") && question.contains("30 days"), "{question}");
        assert_eq!(owner.post(&format!("{page}/delete"), &[]).await.location(), at(&client));
        let shown = owner.get(&at(&client)).await.text;
        assert!(shown.contains("Deleted") && shown.contains(&format!("{page}/restore")) && shown.contains("Document deleted."), "{shown}");
        for gone in [format!("{page}/file"), page.clone(), format!("{page}/delete")] {
            assert_eq!(owner.get(&gone).await.status, 404, "{gone}");
        }
        assert_eq!(ana.get(&portal).await.status, 404);
        assert_eq!(api.get(&format!("/api/v1{}?deleted=true", at(&client))).await.json()["items"].as_array().unwrap().len(), 1);
        assert_eq!(owner.post(&format!("{page}/share"), &[]).await.status, 409);
        t.advance(DAY * 29);
        ruh::documents::look(&t.app).await.unwrap();
        let mut owner = t.signed_in(&practice.owner_email).await;
        assert_eq!(owner.post(&format!("{page}/restore"), &[]).await.status, 303);
        assert_eq!(api.bytes(&format!("/api/v1{page}/content")).await, (200, b"%PDF-1.4".to_vec()));
        // Archiving keeps them, and nothing is changed meanwhile.
        assert_eq!(api.json("POST", &format!("/api/v1/clients/{client}/archive"), &json!({})).await.status, 200);
        assert_eq!(api.json("DELETE", &format!("/api/v1{page}"), &json!({})).await.status, 409);
        assert_eq!(api.upload(&format!("/api/v1{}", at(&client)), &[], Some(("b.pdf", b"%PDF-1.4"))).await.status, 409);
        assert_eq!((api.get(&format!("/api/v1{page}/content")).await.status, files(&t).len()), (200, 1));
        assert_eq!(api.json("POST", &format!("/api/v1/clients/{client}/restore"), &json!({})).await.status, 200);

        assert_eq!(api.json("DELETE", &format!("/api/v1{page}"), &json!({})).await.status, 200);
        t.advance(DAY * 30 + Duration::from_secs(1));
        assert_eq!(t.raw.count("select bytes from document_space"), 8);
        ruh::documents::look(&t.app).await.unwrap();
        assert_eq!((rows(&t), files(&t), t.raw.count("select bytes from document_space")), (0, Vec::new(), 0));
        assert_eq!(api.json("POST", &format!("/api/v1{page}/restore"), &json!({})).await.status, 404);
        assert_eq!(t.raw.count("select count(*) from audit_entries where action = 'document.removed'"), 1);
        t.send_mail().await;
    }

    async fn files_that_no_row_stands_for_are_removed_after_a_day(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let kept = give(&mut api, &client, &[], "letter.pdf", b"%PDF-1.4").await;
        // A server that was killed between the file and the row, and one that was killed midway.
        t.app.files.keep(t.app.ids.new_id(), b"alone").await.unwrap();
        let half = t.folder().join("files").join(format!("{}#1", t.app.ids.new_id()));
        std::fs::write(&half, b"half").unwrap();
        ruh::documents::look(&t.app).await.unwrap();
        assert_eq!(files(&t).len(), 3, "an upload may be under way");
        t.advance(DAY + Duration::from_secs(60));
        ruh::documents::look(&t.app).await.unwrap();
        let left: Vec<_> = files(&t).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_string()).collect();
        assert_eq!(left, [id(&kept)]);
        // So many were not left by crashes: the database is not this folder's, and nothing of it is touched.
        for _ in 0..21 {
            t.app.files.keep(t.app.ids.new_id(), b"somebody's").await.unwrap();
        }
        t.advance(DAY + Duration::from_secs(60));
        ruh::documents::look(&t.app).await.unwrap();
        assert_eq!(files(&t).len(), 22);
    }

    async fn a_backup_carries_documents_and_a_restore_brings_them_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let client = t.client(&practice, json!({})).await;
        let mut api = program(&t, &practice).await;
        let bytes = letter(2);
        let kept = give(&mut api, &client, &[], "letter.pdf", &bytes).await;
        std::fs::write(t.folder().join("files").join(format!("{}#1", t.app.ids.new_id())), b"half").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let to = elsewhere.path().join("copy.ruh");
        let (config, now, from) = (t.app.config.clone(), t.app.now(), to.clone());
        let made = tokio::task::spawn_blocking(move || {
            let stop = AtomicBool::new(false);
            let order = backup::Order { to: &to, passphrase: Some("a long walk by the sea"), now, stop: &stop };
            backup::make(&config, &order)
        });
        made.await.unwrap().unwrap();
        let folder = elsewhere.path().join("data");
        let settings = Settings { data_dir: Some(folder.clone()), ..Settings::default() };
        let config = settings.resolve().unwrap();
        backup::restore(config.clone(), from, Some("a long walk by the sea".into())).await.unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.join("files")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, [id(&kept).as_str()], "half a file is none");
        let app = ruh::app::App::open(config, ruh::clock::Clock::System).unwrap();
        let document = ruh::ids::DocumentId(id(&kept).parse().unwrap());
        let door = app.practice(Actor::system(practice.id));
        let (found, key) = door.read(move |p| ruh::documents::read(p, document)).await.unwrap();
        assert_eq!(found.name, "letter.pdf");
        let pieces: Vec<_> = futures_util::StreamExt::collect(app.files.read(document.0, key, found.size).await.unwrap()).await;
        let read: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
        assert!(read == bytes);
    }
}
