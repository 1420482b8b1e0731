//! Each filter, their combinations, orders and pages, against the same rows filtered in memory.

use ruh::access::Role;
use testkit::{Browser, Json, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::{add, api, groups, text};

/// What a row's invitation says.
fn said(item: &Json) -> String {
    match (item["email"].is_null(), item["invitation_state"].as_str()) {
        (true, _) => "no_email".into(),
        (false, None | Some("void")) => "none".into(),
        (false, Some(state)) => state.into(),
    }
}

async fn page(api: &mut Browser, query: &str) -> Json {
    let answer = api.get(&format!("/api/v1/clients?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

/// All rows of a list, page by page.
async fn walk(api: &mut Browser, query: &str, limit: usize) -> Vec<Json> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = page(api, &format!("{query}&limit={limit}{cursor}")).await;
        all.extend(body["items"].as_array().expect("items").clone());
        let Some(next) = body["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
        assert!(all.len() <= 500, "pages without end");
    }
}

fn ids(rows: &[Json]) -> Vec<String> {
    rows.iter().map(|row| text(row, "id")).collect()
}

/// Sixty clients, of every kind there is.
async fn crowd(t: &TestApp, practice: &TestPractice, api: &mut Browser) -> (Vec<String>, Vec<String>) {
    let provider = t.member(practice, Role::Provider, "on@calm.example").await.to_string();
    let groups = groups(api).await;
    let mut invited = Vec::new();
    for n in 0..60_usize {
        t.advance(std::time::Duration::from_millis(7));
        let mut body = json!({"first_name": (["Ana", "Bo", "Zoë"][n % 3]), "last_name": (["Marchetti", "Li", "Müller", "Ahn"][n * 7 % 4])});
        body["group_id"] = if n % 4 == 3 { Json::Null } else { json!(groups[n % 3]) };
        body["primary_provider_id"] =
            [json!(provider), Json::Null, json!(practice.owner.to_string())][n % 5 % 3].clone();
        if n % 3 != 2 {
            body["email"] = json!(format!("c{n}@example.org"));
        }
        let id = add(api, body).await;
        if n % 3 == 0 && n % 2 == 0 {
            invited.push(id);
        }
    }
    for id in invited.iter().take(6) {
        let answer = api.json("POST", &format!("/api/v1/clients/{id}/invitations"), &json!({})).await;
        assert_eq!(answer.status, 201);
    }
    t.send_mail().await;
    for id in &invited[4..8] {
        api.json("POST", &format!("/api/v1/clients/{id}/invitations"), &json!({})).await;
    }
    (groups, vec![provider, practice.owner.to_string()])
}

both_engines! {
    async fn b8_each_filter_and_all_together_find_what_a_plain_model_finds(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let (groups, providers) = crowd(&t, &practice, &mut api).await;
        let by_name = walk(&mut api, "sort=name", 200).await;
        let by_time = walk(&mut api, "sort=created_at", 200).await;
        assert_eq!((by_name.len(), by_time.len()), (60, 60));
        let times: Vec<_> = by_time.iter().map(|row| text(row, "created_at")).collect();
        assert!(times.is_sorted());
        let reversed = |rows: &[Json]| rows.iter().rev().cloned().collect::<Vec<_>>();
        let orders = [("name", by_name.clone()), ("-name", reversed(&by_name)), ("created_at", by_time.clone()), ("-created_at", reversed(&by_time))];
        let any = String::new;
        let group_choices = [any(), "none".into(), groups[0].clone(), groups[1].clone()];
        let provider_choices = [any(), "none".into(), providers[0].clone()];
        let (mut combination, mut found_some) = (0, 0);
        for group in &group_choices {
            for provider in &provider_choices {
                for invitation in ["", "none", "queued", "kept", "no_email", "accepted"] {
                    for search in ["", "a", "mar", "c1"] {
                        combination += 1;
                        // Each combination in one of the orders: over all of them each order meets each filter.
                        let (sort, rows) = &orders[combination % 4];
                        let fits = |row: &&Json| {
                            let is = |choice: &str, field: &str| match choice {
                                "" => true,
                                "none" => row[field].is_null(),
                                id => row[field] == id,
                            };
                            let (first, last) = (text(row, "first_name").to_lowercase(), text(row, "last_name").to_lowercase());
                            let hit = match search {
                                "" => true,
                                "a" => first.starts_with('a') || last.starts_with('a'),
                                "c1" => false,
                                part => last.contains(part),
                            };
                            hit && is(group, "group_id") && is(provider, "primary_provider_id") && (invitation.is_empty() || said(row) == invitation)
                        };
                        let expected: Vec<Json> = rows.iter().filter(fits).cloned().collect();
                        let query = format!("sort={sort}&group_id={group}&provider_id={provider}&invitation={invitation}&search={search}");
                        let found = walk(&mut api, &query, [7, 3, 50][combination % 3]).await;
                        assert_eq!(ids(&found), ids(&expected), "{query}");
                        found_some += usize::from(!found.is_empty());
                    }
                }
            }
        }
        assert!(found_some > 40, "only {found_some} combinations found anybody");
        t.send_mail().await;
    }

    async fn r19_filters_and_the_export_stay_within_reach(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let on = t.member(&practice, Role::Provider, "on@calm.example").await;
        t.member(&practice, Role::Provider, "off@calm.example").await;
        let id = add(&mut api, json!({"last_name": "Seen", "primary_provider_id": on.to_string()})).await;
        let hidden = add(&mut api, json!({"last_name": "Hidden", "primary_provider_id": null})).await;
        let (mut on, mut off) = (t.signed_in("on@calm.example").await, t.signed_in("off@calm.example").await);
        for path in ["/clients", "/clients?provider_id=none", "/clients?invitation=no_email&sort=-name", "/clients/export", &format!("/clients/export?id={hidden}&id={id}")] {
            let (seen, unseen) = (on.get(path).await, off.get(path).await);
            assert_eq!((seen.status, unseen.status), (200, 200), "{path}");
            assert!(!seen.text.contains("Hidden") && !unseen.text.contains("Hidden") && !unseen.text.contains("Seen"), "{path}");
            assert_eq!(seen.text.contains("Seen"), !path.contains("provider_id=none"), "{path}");
        }
        // Another practice's are not there either, whatever is asked for.
        let elsewhere = t.practice("Elsewhere").await;
        let mut theirs = t.signed_in(&elsewhere.owner_email).await;
        for path in ["/clients/export?columns=all".to_string(), format!("/clients/export?id={id}"), format!("/clients?provider_id={}", practice.owner)] {
            assert!(!theirs.get(&path).await.text.contains("Seen"), "{path}");
        }
    }

    async fn the_row_says_where_the_newest_invitation_stands(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        let id = add(&mut api, json!({"email": "ana@example.org"})).await;
        let path = format!("/api/v1/clients/{id}");
        let now = async |api: &mut Browser| {
            let shown = page(api, "").await["items"][0]["invitation_state"].clone();
            let record = api.get(&path).await.json()["invitation"]["state"].clone();
            assert_eq!(shown, record, "the row and the record differ");
            shown.as_str().unwrap_or("none").to_string()
        };
        let invite = async |api: &mut Browser| text(&api.json("POST", &format!("{path}/invitations"), &json!({})).await.json()["invitation"], "id");
        assert_eq!(now(&mut api).await, "none");
        let first = invite(&mut api).await;
        assert_eq!(now(&mut api).await, "queued");
        api.json("POST", &format!("/api/v1/invitations/{first}/undo"), &json!({})).await;
        assert_eq!(now(&mut api).await, "none");
        invite(&mut api).await;
        t.send_mail().await;
        assert_eq!(now(&mut api).await, "kept");
        let third = invite(&mut api).await;
        assert_eq!(now(&mut api).await, "queued");
        api.json("POST", &format!("/api/v1/invitations/{third}/undo"), &json!({})).await;
        // Undo falls back to the one before.
        assert_eq!(now(&mut api).await, "kept");
        api.json("PATCH", &path, &json!({"email": "other@example.org"})).await;
        t.send_mail().await;
        assert_ne!(now(&mut api).await, "accepted");
        invite(&mut api).await;
        t.send_mail().await;
        let mut ana = t.browser();
        ana.open_link(&t.mail_to("other@example.org").link()).await;
        assert_eq!(ana.post("/invitation", &[("password", PASSWORD)]).await.status, 303);
        assert_eq!(now(&mut api).await, "accepted");
    }

    async fn r33_what_cannot_be_read_is_left_out_on_the_page_and_refused_by_the_api(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut api = api(&t, &practice).await;
        add(&mut api, json!({})).await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        for bad in ["group_id=x", "provider_id=%00", "invitation=superb", "status=gone", "sort=age", "group_id=%F0%9F%92%A9"] {
            assert_eq!(api.get(&format!("/api/v1/clients?{bad}")).await.status, 422, "{bad}");
            assert_eq!(api.get(&format!("/api/v1/clients/export.csv?{bad}")).await.status, 422, "{bad}");
            let shown = owner.get(&format!("/clients?{bad}")).await;
            assert!(shown.status == 200 && shown.text.contains("Ana Marchetti"), "{bad}");
        }
        let anew = owner.get("/clients?sort=-name&cursor=rubbish").await;
        assert_eq!((anew.status, anew.location()), (303, "/clients?sort=-name"));
        let long = "x".repeat(5_000);
        for path in [format!("/clients?search={long}&group_id={long}"), format!("/clients/export?filter={long}&id={long}"), "/clients/export?filter=%25%00&all=1&columns=&&&".into()] {
            assert!(owner.get(&path).await.status < 500, "{path}");
        }
        let strange = [("column", "x"), ("column", ""), ("filter", long.as_str()), ("odd", "1")];
        assert_eq!(owner.post("/clients/columns", &strange).await.location(), "/clients");
    }
}
