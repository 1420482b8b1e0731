//! Nothing crosses from one practice to another, from one client to another, or from a body into what only the
//! program decides.

use testkit::{Answer, Browser, Json, PASSWORD, TestApp, both_engines, json};

use crate::world::{World, uuid_text, world};

/// Status, headers that matter and body, with the id that was asked for taken out.
fn said(answer: &Answer, id: &str) -> (u16, String, String) {
    (answer.status, answer.location().replace(id, "ID"), answer.text.replace(id, "ID"))
}

const NOBODY: &str = "01900000-0000-7000-8000-000000000001";

/// Ids of the other practice, by what they are.
fn foreign(t: &TestApp, w: &World) -> (String, String, String, String) {
    let theirs = t.raw.id(&w.theirs.id.to_string());
    let group = t.raw.rows(&format!("select id from client_groups where practice_id = {theirs} limit 1"));
    let group = uuid_text(group[0][0].as_deref().unwrap());
    (w.foreign_client.clone(), w.foreign_invitation.clone(), group, w.theirs.owner.to_string())
}

/// Asks the same with an id of the other practice and with one that nobody has.
async fn same(browser: &mut Browser, method: &str, path: &str, body: Option<&str>, id: &str) -> Answer {
    let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
    let mut answers = Vec::new();
    for id in [id, NOBODY] {
        let (path, body) = (path.replace("ID", id), body.unwrap_or_default().replace("ID", id));
        let answer = browser.copy().raw(method, &path, kind, &body).await;
        answers.push((said(&answer, id), answer));
    }
    assert_eq!(answers[0].0, answers[1].0, "{method} {path} {body:?}");
    answers.remove(0).1
}

both_engines! {
    async fn r18_foreign_ids_are_as_ids_that_do_not_exist(t: TestApp) {
        let w = world(&t).await;
        let (client, invitation, group, member) = foreign(&t, &w);
        for actor in ["owner", "provider_on", "support", "token_owner"] {
            let mut us = w.actor(actor);
            // In the path.
            for (method, path, body, id) in [
                ("GET", "/api/v1/clients/ID", None, &client),
                ("PATCH", "/api/v1/clients/ID", Some("{\"note\": \"x\"}"), &client),
                ("PATCH", "/api/v1/clients/ID", Some("{\"email\": \"wrong\"}"), &client),
                ("GET", "/api/v1/clients/ID/invitations", None, &client),
                ("POST", "/api/v1/clients/ID/invitations", None, &client),
                ("POST", "/api/v1/invitations/ID/undo", None, &invitation),
                ("GET", "/clients/ID", None, &client),
                ("GET", "/clients/ID?edit=1", None, &client),
                ("POST", "/clients/ID", Some("first_name=A&last_name=B&version=1"), &client),
                ("POST", "/clients/ID", Some("first_name="), &client),
                ("POST", "/clients/ID/invite", Some(""), &client),
                ("GET", "/clients/ID/invitation", None, &client),
                ("POST", "/clients/ID/archive", Some(""), &client),
                ("POST", "/clients/ID/restore", Some(""), &client),
                ("POST", "/api/v1/clients/ID/archive", None, &client),
                ("POST", "/api/v1/clients/ID/restore", None, &client),
                ("POST", "/invitations/ID/undo", Some(""), &invitation),
            ] {
                assert_eq!(same(&mut us, method, path, body, id).await.status, 404, "{method} {path} as {actor}");
            }
            // In the query.
            for path in ["/api/v1/clients?group_id=ID", "/clients?group_id=ID"] {
                let answer = same(&mut us, "GET", path, None, &group).await;
                assert_eq!(answer.status, 200, "{path}");
                assert!(!answer.text.contains("cleo@"), "{path}");
            }
            assert_eq!(us.get(&format!("/api/v1/clients?group_id={group}")).await.json()["items"], json!([]));
            // In the body, alone and in arrays.
            let before = t.raw.count("select count(*) from clients");
            for (field, value, id) in [("group_id", "\"ID\"", &group), ("primary_provider_id", "\"ID\"", &member), ("care_team_ids", "[\"ID\"]", &member)] {
                let body = format!("{{\"first_name\": \"A\", \"last_name\": \"B\", \"{field}\": {value}}}");
                let answer = same(&mut us, "POST", "/api/v1/clients", Some(&body), id).await;
                assert_eq!(answer.status, 422, "{field}");
                assert_eq!(answer.json()["errors"][0]["field"], field);
                let answer = same(&mut us, "PATCH", &format!("/api/v1/clients/{}", w.client), Some(&body), id).await;
                assert_eq!(answer.status, 422, "{field}");
                let form = format!("first_name=A&last_name=B&{field}=ID&key=x&version=1");
                for path in ["/clients".to_string(), format!("/clients/{}", w.client)] {
                    assert_eq!(same(&mut us, "POST", &path, Some(&form), id).await.status, 422, "{path} {field}");
                }
            }
            assert_eq!(t.raw.count("select count(*) from clients"), before);
        }
        // A place in the other practice.
        let form = format!("practice={}&id=ID", w.theirs.id);
        assert_eq!(same(&mut w.actor("owner"), "POST", "/places", Some(&form), &w.theirs.owner.to_string()).await.status, 404);
        // A session of somebody else.
        for actor in ["admin", "client", "foreign_owner"] {
            assert_eq!(same(&mut w.actor(actor), "POST", "/sessions/ID/end", Some(""), &w.owner_session).await.status, 404);
        }
        // The counter-case: the same requests about what is theirs are answered to them.
        let mut them = w.actor("foreign_token");
        assert_eq!(them.get(&format!("/api/v1/clients/{client}")).await.status, 200);
        assert_eq!(them.get(&format!("/api/v1/clients?group_id={group}")).await.status, 200);
    }

    async fn r18_foreign_groups_and_links_are_as_those_that_do_not_exist(t: TestApp) {
        let w = world(&t).await;
        let (.., group, member) = foreign(&t, &w);
        let none = json!({});
        let link = w.actor("foreign_token").json("POST", "/api/v1/invite-links", &none).await.json();
        let link = link["id"].as_str().unwrap().to_string();
        let before = t.raw.rows("select * from client_groups order by id");
        let links = t.raw.rows("select * from invite_links order by id");
        let mut us = w.actor("owner");
        for (method, path, body, id, status) in [
            ("GET", "/settings/groups/ID", None, &group, 404),
            ("POST", "/settings/groups/ID", Some("name=X&colour=red&version=1"), &group, 404),
            ("POST", "/settings/groups/ID/move", Some("way=up"), &group, 404),
            ("GET", "/settings/groups/ID/delete", None, &group, 404),
            ("POST", "/settings/groups/ID/delete", Some("move_to="), &group, 404),
            ("PATCH", "/api/v1/groups/ID", Some("{\"name\": \"X\"}"), &group, 404),
            ("DELETE", "/api/v1/groups/ID?move_to=", Some(""), &group, 404),
            ("GET", "/invite-links/ID/qr.svg", None, &link, 404),
            ("POST", "/invite-links/ID/renew", Some(""), &link, 404),
            ("POST", "/invite-links/ID/revoke", Some(""), &link, 404),
            ("POST", "/api/v1/invite-links/ID/renew", Some("{}"), &link, 404),
            ("DELETE", "/api/v1/invite-links/ID", Some(""), &link, 404),
            // In the query and in the body.
            ("GET", "/clients/invite-link?group_id=ID", None, &group, 422),
            ("GET", "/clients/invite-link?provider_id=ID", None, &member, 422),
            ("POST", "/clients/invite-link", Some("group_id=ID"), &group, 422),
            ("POST", "/api/v1/invite-links", Some("{\"group_id\": \"ID\"}"), &group, 422),
            ("POST", "/api/v1/invite-links", Some("{\"provider_id\": \"ID\"}"), &member, 422),
        ] {
            assert_eq!(same(&mut us, method, path, body, id).await.status, status, "{method} {path}");
        }
        let ours = format!("/api/v1/groups/{}?move_to=ID", w.group);
        assert_eq!(same(&mut us, "DELETE", &ours, Some(""), &group).await.status, 422);
        let ours = format!("/settings/groups/{}/delete", w.group);
        assert_eq!(same(&mut us, "POST", &ours, Some("move_to=ID"), &group).await.status, 422);
        assert_eq!(t.raw.rows("select * from client_groups order by id"), before);
        assert_eq!(t.raw.rows("select * from invite_links order by id"), links);
        assert_eq!(us.get("/api/v1/invite-links").await.json()["items"].as_array().map(Vec::len), Some(1));
    }

    async fn r18_a_cursor_names_no_practice(t: TestApp) {
        let w = world(&t).await;
        for n in 0..3 {
            t.client(&w.theirs, json!({"first_name": format!("Foreign {n}")})).await;
            t.client(&w.ours, json!({"first_name": format!("Own {n}")})).await;
        }
        let (mut us, mut them) = (w.actor("token_owner"), w.actor("foreign_token"));
        for sort in ["name", "-created_at"] {
            let theirs = them.get(&format!("/api/v1/clients?limit=1&sort={sort}")).await.json();
            let cursor = theirs["next_cursor"].as_str().unwrap().to_string();
            for path in ["/api/v1/clients", "/clients"] {
                let text = us.get(&format!("{path}?sort={sort}&cursor={cursor}")).await;
                assert_eq!(text.status, 200);
                assert!(!text.text.contains("Foreign") && !text.text.contains("cleo@"), "{}", text.text);
            }
        }
    }

    async fn r18_a_search_stays_in_its_practice(t: TestApp) {
        let w = world(&t).await;
        let mut us = w.actor("token_owner");
        for search in ["cleo@example.org", "Marchetti", "Ma", "R-1", ""] {
            let found = us.get(&format!("/api/v1/clients?search={search}")).await.json();
            let emails: Vec<_> = found["items"].as_array().unwrap().iter().map(|item| item["email"].clone()).collect();
            assert!(!emails.contains(&json!("cleo@example.org")), "{search}: {emails:?}");
            assert_eq!(emails.is_empty(), search.starts_with("cleo"), "{search}");
        }
        assert_eq!(w.actor("foreign_token").get("/api/v1/clients?search=cleo@example.org").await.json()["items"].as_array().unwrap().len(), 1);
    }

    async fn r19_leaving_a_care_team_ends_it_with_the_next_request(t: TestApp) {
        let w = world(&t).await;
        let mut provider = w.actor("provider_on");
        let of_token = ruh::ids::MemberId(w.on_team.parse().unwrap());
        let mut token = t.browser().bearer(&t.token(&w.ours, of_token).await);
        let page = format!("/clients/{}", w.client);
        let api = format!("/api/v1/clients/{}", w.client);
        assert_eq!((provider.get(&page).await.status, token.get(&api).await.status), (200, 200));
        assert!(provider.get("/clients").await.text.contains("Marchetti"));
        assert!(provider.get("/home").await.text.contains("Marchetti"));
        assert_eq!(token.get("/api/v1/clients?search=Marchetti").await.json()["items"].as_array().unwrap().len(), 1);

        // A colleague is put on in their place. The former main provider stays on the team until taken off it.
        let change = json!({"primary_provider_id": w.ours.owner.to_string()});
        let changed = w.actor("token_owner").json("PATCH", &api, &change).await;
        assert_eq!(changed.json()["care_team_ids"], json!([w.on_team]), "{}", changed.text);
        assert_eq!(provider.get(&page).await.status, 200);
        let off = w.actor("token_owner").json("PATCH", &api, &json!({"care_team_ids": []})).await;
        assert_eq!(off.status, 200, "{}", off.text);

        for path in [page.clone(), format!("{page}/invitation"), api.clone(), format!("{api}/invitations")] {
            assert_eq!(provider.get(&path).await.status, 404, "{path}");
            assert_eq!(token.get(&path).await.status, 404, "{path} by token");
        }
        assert_eq!(provider.post(&page, &[("first_name", "X")]).await.status, 404);
        assert_eq!(token.json("PATCH", &api, &json!({"note": "x"})).await.status, 404);
        assert_eq!(token.json("POST", &format!("{api}/invitations"), &json!({})).await.status, 404);
        for path in ["/clients", "/home", "/clients?search=Marchetti", "/clients?search=Ma", "/clients?sort=-created_at"] {
            assert!(!provider.get(path).await.text.contains("ana@example.org"), "{path}");
        }
        for query in ["", "search=Marchetti", "search=ma", "sort=-created_at", "search=R-1"] {
            assert_eq!(token.get(&format!("/api/v1/clients?{query}")).await.json()["items"], json!([]), "{query}");
        }
    }

    async fn r20_a_client_reaches_their_own_portal_only(t: TestApp) {
        let w = world(&t).await;
        for actor in ["client", "other_client", "guardian", "foreign_client"] {
            let mut client = w.actor(actor);
            for route in ruh::routes::list(&t.app) {
                if !matches!(route.access, ruh::access::Access::Staff(_)) {
                    continue;
                }
                let path = route.path.replace("{id}", if route.path.contains("/invitations/{id}") { &w.invitation } else { &w.client });
                let answer = client.request(route.method.as_str(), &path, &[], axum::body::Body::empty()).await;
                assert_eq!(answer.status, 404, "{} {path} as {actor}", route.method);
                assert!(!answer.text.contains("Marchetti"));
            }
        }
        let (mut ana, mut bea, mut guardian) = (w.actor("client"), w.actor("other_client"), w.actor("guardian"));
        for path in ["/portal", "/portal/profile", "/portal/security"] {
            assert!(!bea.get(path).await.text.contains("Marchetti"), "{path}");
        }
        // What a client may name in a request moves nobody into another record.
        for query in [format!("?client={}", w.client), format!("?id={}", w.client), format!("?client_id={}", w.client)] {
            assert!(!bea.get(&format!("/portal/profile{query}")).await.text.contains("Marchetti"));
        }
        assert!(ana.get("/portal/profile").await.text.contains("Ana Marchetti"));
        // A guardian stands in the same record, cannot move its login, and is out with the next request when it ends.
        assert!(guardian.get("/portal/profile").await.text.contains("Ana Marchetti"));
        let moved = guardian.post("/portal/email", &[("new_email", "g@example.org"), ("password", PASSWORD)]).await;
        assert_eq!(moved.status, 404);
        t.raw.run("update portal_access set ended_at = 2 where contact_id is not null");
        assert!(matches!(guardian.get("/portal").await.status, 401 | 404));
        assert_eq!(ana.get("/portal").await.status, 200);
    }

    async fn r22_what_only_the_program_decides_is_not_taken_from_a_body(t: TestApp) {
        let w = world(&t).await;
        let sneaky = [
            ("practice_id", w.theirs.id.to_string()), ("practice", w.theirs.id.to_string()), ("role", "owner".into()), ("owner", "true".into()),
            ("confirmed", "true".into()), ("confirmed_at", "1".into()), ("status", "archived".into()), ("source", "added".into()),
            ("id", w.foreign_client.clone()), ("account", NOBODY.into()), ("account_id", NOBODY.into()), ("client_id", w.other_client.clone()),
            ("created_at", "1".into()), ("relation", "self".into()), ("is_login", "true".into()), ("sees_clients", "true".into()),
        ];
        let state = |t: &TestApp| {
            let columns = ["select practice_id, id, account_id, role, sees_clients, confirmed_at from members order by id",
                "select practice_id, id, client_id, account_id, relation, ended_at from portal_access order by id",
                "select id, account_id, email_key, is_login, confirmed_at from account_emails order by id",
                "select id, slug, name, staff_idle_minutes from practices order by id"];
            columns.map(|sql| t.raw.rows(sql))
        };
        let before = state(&t);
        let mut body = json!({"first_name": "New", "last_name": "Person", "send_invitation": false});
        for (name, value) in &sneaky {
            body[*name] = json!(value);
        }
        let created = w.actor("token_owner").json("POST", "/api/v1/clients", &body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let record = created.json();
        assert_eq!((record["status"].as_str(), record["source"].as_str(), record["version"].as_i64()), (Some("active"), Some("api"), Some(1)));
        let id = record["id"].as_str().unwrap().to_string();
        assert_ne!(id, w.foreign_client);
        body["first_name"] = json!("Changed");
        let patched = w.actor("token_owner").json("PATCH", &format!("/api/v1/clients/{id}"), &body).await.json();
        for field in ["id", "status", "source", "created_at"] {
            assert_eq!(patched[field], record[field], "{field}");
        }
        assert_eq!(patched["first_name"], "Changed");

        let form = |extra: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
            let sneaky = sneaky.iter().map(|(name, value)| (name.to_string(), value.clone()));
            sneaky.chain(extra.iter().map(|(name, value)| (name.to_string(), value.to_string()))).collect()
        };
        let send = async |actor: &str, path: &str, form: Vec<(String, String)>| {
            let fields: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            w.actor(actor).post(path, &fields).await
        };
        let added = send("owner", "/clients", form(&[("first_name", "Form"), ("last_name", "Person")])).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let added_id = added.location().trim_start_matches("/clients/").to_string();
        let row = |id: &str| t.raw.rows(&format!("select practice_id, status, source from clients where id = {}", t.raw.id(id)));
        let ours = w.ours.id.0.simple().to_string();
        let expected = |source: &str| vec![vec![Some(ours.clone()), Some("active".to_string()), Some(source.to_string())]];
        assert_eq!(row(&added_id), expected("added"));
        let saved = send("owner", added.location(), form(&[("first_name", "Form"), ("last_name", "Saved"), ("version", "1")])).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        assert_eq!(row(&added_id), expected("added"));
        assert_eq!(row(&id), expected("api"));

        let other = || t.raw.rows(&format!("select * from clients where id = {}", t.raw.id(&w.other_client)));
        let other_before = other();
        let own = t.raw.rows(&format!("select version from clients where id = {}", t.raw.id(&w.client)));
        let version: &'static str = own[0][0].clone().unwrap().leak();
        let profile = send("client", "/portal/profile", form(&[("pronouns", "they"), ("version", version), ("email", "x@example.org"), ("first_name", "Queen")])).await;
        assert_eq!(profile.status, 303, "{}", profile.text);
        assert_eq!(other(), other_before);
        let names = t.raw.rows(&format!("select first_name, email, pronouns, status from clients where id = {}", t.raw.id(&w.client)));
        let expected_row = ["Ana", "ana@example.org", "they", "active"].map(|text| Some(text.to_string()));
        assert_eq!(names[0], expected_row);
        let security = send("provider_on", "/settings/security/practice", form(&[("staff_idle_minutes", "99"), ("client_idle_minutes", "99")])).await;
        assert_eq!(security.status, 403);
        assert_eq!(state(&t), before);
    }

    async fn r22_setup_and_accepting_take_only_what_they_ask_for(t: TestApp) {
        let token = t.app.write(|h| {
            ruh::practices::new_setup_token(h, "setup-token")?;
            Ok("setup-token")
        }).await.unwrap();
        let mut owner = t.browser();
        owner.get(&format!("/setup/{token}")).await;
        let sneaky = [("id", NOBODY), ("practice_id", NOBODY), ("slug", "mine"), ("role", "support"), ("confirmed", "false"), ("account", NOBODY)];
        let mut fields = vec![("practice_name", "Calm Harbour"), ("time_zone", "Europe/Berlin"), ("first_name", "O"), ("last_name", "W"),
            ("email", "owner@calmharbour.example"), ("password", PASSWORD)];
        fields.extend(sneaky);
        let made = owner.post("/setup", &fields).await;
        assert_eq!(made.status, 303, "{}", made.text);
        let practice = t.raw.rows("select id, slug from practices");
        assert_eq!(practice[0][1].as_deref(), Some("calm-harbour"));
        assert_ne!(practice[0][0].as_deref(), Some(NOBODY.replace('-', "").as_str()));
        assert_eq!(t.raw.rows("select role from members"), vec![vec![Some("owner".to_string())]]);

        let fields = [("first_name", "Ana"), ("last_name", "M"), ("email", "ana@example.org"), ("send_invitation", "true")];
        assert_eq!(owner.post("/clients", &fields).await.status, 303);
        t.send_mail().await;
        let mut ana = t.browser();
        ana.open_link(&t.mail_to("ana@example.org").link()).await;
        let account = t.raw.rows("select id from accounts")[0][0].clone().unwrap();
        let account: &'static str = uuid_text(&account).leak();
        let fields = [("password", PASSWORD), ("email", "eve@example.org"), ("account", account), ("account_id", account), ("role", "owner"),
            ("relation", "guardian"), ("client_id", NOBODY), ("practice_id", NOBODY)];
        let accepted = ana.post("/invitation", &fields).await;
        assert_eq!((accepted.status, accepted.location()), (303, "/portal"), "{}", accepted.text);
        assert_eq!(t.raw.count("select count(*) from accounts"), 2);
        assert_eq!(t.raw.count("select count(*) from members"), 1);
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'eve@example.org'"), 0);
        assert_eq!(t.raw.rows("select relation from portal_access"), vec![vec![Some("self".to_string())]]);
    }

    async fn r23_a_job_without_its_practice_fails_and_reads_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let other = t.practice("Other Shore").await;
        let id = t.client(&practice, json!({"email": "ana@example.org", "send_invitation": true})).await;
        let job = t.raw.rows("select id, subject from jobs where kind = 'invitation.send'");
        let [job, subject] = [0, 1].map(|n| job[0][n].clone().unwrap());
        let mails = || t.mails().len();
        t.raw.run(&format!("update jobs set job_practice = null where id = {}", t.raw.id(&job)));
        t.send_mail().await;
        let state = t.raw.rows(&format!("select state, last_error from jobs where id = {}", t.raw.id(&job)));
        assert_eq!(state[0][0].as_deref(), Some("failed"), "{state:?}");
        assert_eq!(mails(), 0);
        assert_eq!(t.raw.rows("select state from invitations"), vec![vec![Some("queued".to_string())]]);
        // With another practice's id it finds nothing there, and nothing is sent.
        let wrong = t.raw.id(&other.id.to_string());
        t.raw.run(&format!("update jobs set job_practice = {wrong}, state = 'ready', run_at = 0 where id = {}", t.raw.id(&job)));
        t.run_jobs().await;
        assert_eq!(mails(), 0);
        assert_eq!(t.raw.rows("select state from invitations"), vec![vec![Some("queued".to_string())]]);
        // The counter-case: whole, it sends.
        t.raw.run("delete from jobs");
        let (new, own) = (t.raw.id(&t.app.ids.new_id().to_string()), t.raw.id(&practice.id.to_string()));
        t.raw.run(&format!("insert into jobs (id, job_practice, kind, subject, state, run_at, attempts, created_at)
            values ({new}, {own}, 'invitation.send', {}, 'ready', 0, 0, 0)", t.raw.id(&subject)));
        t.run_jobs().await;
        assert_eq!(mails(), 1, "{id}");
    }
}

#[test]
fn the_comparison_takes_only_the_id_out() {
    let answer = Answer { status: 200, headers: axum::http::HeaderMap::new(), text: "a X b".into() };
    assert_eq!(said(&answer, "X").2, "a ID b");
    let _: Json = json!({});
}
