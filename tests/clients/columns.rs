//! The columns that a member chooses, and the export.

use ruh::access::Role;
use testkit::{both_engines, json};

use crate::{add, api};

both_engines! {
    async fn b8_columns_are_each_members_own(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.member(&practice, Role::Admin, "admin@calm.example").await;
        let mut api = api(&t, &practice).await;
        add(&mut api, json!({"record_number": "R-77", "phone": "+12125550123", "time_zone": "Europe/Berlin"})).await;
        let (mut owner, mut admin) = (t.signed_in(&practice.owner_email).await, t.signed_in("admin@calm.example").await);
        let chosen = [("column", "time_zone"), ("column", "record_number"), ("filter", "sort=-name")];
        let answer = owner.post("/clients/columns", &chosen).await;
        assert_eq!((answer.status, answer.location()), (303, "/clients?sort=-name"));
        let (ours, theirs) = (owner.get("/clients").await.text, admin.get("/clients").await.text);
        assert!(ours.contains("R-77") && ours.contains("Europe/Berlin") && !ours.contains("data-label=\"Phone\""));
        assert!(!theirs.contains("R-77") && theirs.contains("data-label=\"Phone\""));
        // None but the name; and signed in anew they are as they were left.
        owner.post("/clients/columns", &[("filter", "")]).await;
        let again = t.signed_in(&practice.owner_email).await.get("/clients").await.text;
        assert!(again.contains("Ana Marchetti") && !again.contains("data-label="));
    }

    async fn b8_the_export_is_whole_safe_and_on_record(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let odd = json!({"first_name": "=Sum", "last_name": "O\"Hara, Jr", "phone": "+12125550123", "note": "secretnote", "record_number": "-7"});
        let chosen = add(&mut api, odd).await;
        let sixth = practice.id.to_string();
        let (practice_id, owner) = (t.raw.id(&sixth), t.signed_in(&practice.owner_email).await);
        // More than one page of rows, made beside the program.
        for n in 0..1_203 {
            let id = t.raw.id(&t.app.ids.new_id().to_string());
            t.raw.run(&format!("insert into clients (practice_id, id, first_name, last_name, status, source, sort_name, search_text, created_at, updated_at, version)
                values ({practice_id}, {id}, 'Many', 'N{n}', 'active', 'added', 'n{n:05} many', 'many n{n}', {n}, 1, 1)"));
        }
        let mut owner = owner;
        let all = owner.get("/clients/export?columns=all").await;
        assert_eq!(all.status, 200);
        assert_eq!(all.header("content-disposition"), "attachment; filename=\"clients-2026-03-02.csv\"");
        assert!(all.header("content-type").starts_with("text/csv"));
        let lines: Vec<_> = all.text.trim_start_matches('\u{feff}').split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 1 + 1_204);
        let names: std::collections::BTreeSet<_> = lines.iter().collect();
        assert_eq!(names.len(), lines.len(), "somebody is there twice");
        assert!(all.text.contains("'=Sum,\"O\"\"Hara, Jr\"") && all.text.contains("'+12125550123") && all.text.contains("'-7"));
        assert!(!all.text.contains("secretnote"));
        let some = owner.get("/clients/export?filter=search%3Dn12&columns=shown").await.text;
        let expected = (0..1_203).filter(|n| n.to_string().starts_with("12")).count();
        assert_eq!(some.lines().count() - 1, expected);
        let one = owner.get(&format!("/clients/export?id={chosen}&columns=shown")).await.text;
        assert_eq!(one.lines().count(), 2);
        let everybody = owner.get(&format!("/clients/export?id={chosen}&all=1&filter=")).await.text;
        assert_eq!(everybody.lines().count(), 1_205);
        assert_eq!(api.get("/api/v1/clients/export.csv?search=n12").await.text.lines().count() - 1, expected);
        let written = t.raw.rows("select detail from audit_entries where action = 'client.exported' order by id");
        let said: Vec<_> = written.iter().map(|row| row[0].clone().unwrap()).collect();
        assert_eq!(said, ["1204", &expected.to_string(), "1", "1204", &expected.to_string()]);
        let page = owner.get("/clients").await.text;
        assert!(page.contains("1,204 clients") && page.contains("Select all that match"));
    }

    async fn r28_a_cell_that_begins_like_a_formula_is_text(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        for (n, sign) in ["=", "+", "-", "@", "\t", "\r"].into_iter().enumerate() {
            let id = add(&mut api, json!({"first_name": format!("X{n}"), "last_name": "Sum"})).await;
            // Beside the program too: older rows may hold what is no longer taken.
            t.raw.run(&format!("update clients set first_name = '{sign}1+1', record_number = '{sign}cmd' where id = {}", t.raw.id(&id)));
        }
        let mut owner = t.signed_in(&practice.owner_email).await;
        for path in ["/clients/export?columns=all", "/clients/export?columns=shown"] {
            let file = owner.get(path).await.text;
            let cells = file.trim_start_matches('\u{feff}').split(['\n', ',']).map(|cell| cell.trim_start_matches('"'));
            let risky: Vec<_> = cells.filter(|cell| cell.starts_with(['=', '+', '-', '@', '\t'])).collect();
            assert!(risky.is_empty(), "{path}: {risky:?}");
            assert!(file.contains("'=1+1"), "{file}");
        }
        let file = api.get("/api/v1/clients/export.csv").await.text;
        assert!(file.contains("'=1+1") && file.contains("'@1+1"), "{file}");
    }
}
