//! Invite links and signing up by them: where one lands, what confirms an address, and what cannot be touched by typing
//! somebody else's.

use testkit::ruh::access::Role;
use testkit::{Answer, Browser, Json, PASSWORD, TestApp, TestPractice, both_engines, json};

use crate::support::{OTHER, alive, change_email, history, kinds, lets_in, mails_to, opens, path};

pub async fn api(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

async fn group(api: &mut Browser, name: &str) -> String {
    let all = api.get("/api/v1/groups").await.json();
    let found = all["items"].as_array().expect("groups").iter().find(|g| g["name"] == name).expect("the group").clone();
    found["id"].as_str().expect("an id").to_string()
}

/// Makes a link for Couples and the owner; its id and address.
pub async fn link(t: &TestApp, practice: &TestPractice) -> (String, String) {
    let mut api = api(t, practice).await;
    let body = json!({"group_id": group(&mut api, "Couples").await, "provider_id": practice.owner.to_string()});
    let made = api.json("POST", "/api/v1/invite-links", &body).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.text);
    let text = |name: &str| made.json()[name].as_str().expect("a text").to_string();
    (text("id"), text("address"))
}

/// What a form holds in its hidden fields.
fn hidden(page: &str, name: &str) -> String {
    let at = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the field");
    at.split('"').next().expect("a value").to_string()
}

/// Opens a link and sends the form behind it.
pub async fn join_as(t: &TestApp, link: &str, email: &str, password: &str) -> (Browser, Answer) {
    let mut browser = t.browser();
    let page = browser.open_link(link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let answer = send(&mut browser, &page.text, email, password).await;
    (browser, answer)
}

async fn send(browser: &mut Browser, page: &str, email: &str, password: &str) -> Answer {
    let (link, key) = (hidden(page, "link"), hidden(page, "key"));
    let fields = [
        ("first_name", "Ana"),
        ("last_name", "Marchetti"),
        ("email", email),
        ("password", password),
        ("phone", "(212) 555-0123"),
        ("link", &link),
        ("key", &key),
    ];
    browser.post("/join", &fields).await
}

/// Signs up; whoever did is in the portal.
async fn joined(t: &TestApp, link: &str, email: &str) -> Browser {
    let (browser, answer) = join_as(t, link, email, PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/portal"), "{}", answer.text);
    browser
}

async fn newest_client(t: &TestApp, practice: &TestPractice) -> Json {
    let mut api = api(t, practice).await;
    let id = api.get("/api/v1/clients?sort=-created_at&limit=1").await.json()["items"][0]["id"].clone();
    api.get(&format!("/api/v1/clients/{}", id.as_str().expect("an id"))).await.json()
}

/// The newest mail to an address holds this link to confirm it.
fn confirm_link(t: &TestApp, email: &str) -> String {
    mails_to(t, email).last().unwrap_or_else(|| panic!("no mail to {email}")).link()
}

fn told(t: &TestApp, practice: &TestPractice) -> usize {
    mails_to(t, &practice.owner_email).iter().filter(|mail| mail.subject == "Somebody joined").count()
}

/// Every row that belongs to the account with an address, from all tables that name accounts.
fn rows_of(t: &TestApp, email: &str) -> Vec<Vec<Vec<testkit::Cell>>> {
    let account = format!("(select account_id from account_emails where email_key = '{email}')");
    [
        format!("select * from accounts where id in {account}"),
        format!("select * from account_emails where account_id in {account}"),
        format!("select * from sessions where account_id in {account} order by id"),
        format!("select * from account_links where account_id in {account} order by id"),
        format!("select * from portal_access where account_id in {account} order by id"),
    ]
    .iter()
    .map(|sql| t.raw.rows(sql))
    .collect()
}

both_engines! {
    async fn c5_a_link_is_one_for_each_group_and_provider_until_it_is_renewed(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (id, address) = link(&t, &practice).await;
        assert_eq!(link(&t, &practice).await, (id.clone(), address.clone()), "made once");
        let mut api = api(&t, &practice).await;
        let minors = group(&mut api, "Minors").await;
        for body in [json!({"group_id": minors}), json!({"provider_id": null}), json!({"group_id": minors, "provider_id": null})] {
            let other = api.json("POST", "/api/v1/invite-links", &body).await;
            assert_eq!(other.status, 201, "{}", other.text);
            assert_ne!(other.json()["address"], json!(address));
        }
        assert_eq!(api.get("/api/v1/invite-links").await.json()["items"].as_array().map(Vec::len), Some(4));
        let none = Json::Object(serde_json::Map::new());
        let renewed = api.json("POST", &format!("/api/v1/invite-links/{id}/renew"), &none).await;
        assert_eq!(renewed.status, 201);
        let next = renewed.json()["address"].as_str().expect("an address").to_string();
        assert_ne!(next, address);
        assert_eq!(t.browser().open_link(&address).await.status, 410, "the old one ends at once");
        assert_eq!(t.browser().open_link(&next).await.status, 200);
        let gone = api.json("POST", &format!("/api/v1/invite-links/{id}/renew"), &none).await;
        assert_eq!(gone.status, 404, "it is not there any more");
        let id = renewed.json()["id"].as_str().expect("an id").to_string();
        assert_eq!(api.raw("DELETE", &format!("/api/v1/invite-links/{id}"), "application/json", "").await.status, 200);
        let dead = t.browser().open_link(&next).await;
        assert_eq!(dead.status, 410);
        assert!(dead.text.contains("no longer in use") && !dead.text.contains("Calm Harbour"), "{}", dead.text);
        let (_, anew) = link(&t, &practice).await;
        assert_eq!(t.browser().open_link(&anew).await.status, 200);
        // Many at once make one.
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let mut api = api.copy();
            let body = json!({"group_id": group(&mut api, "New clients").await});
            all.spawn(async move { api.json("POST", "/api/v1/invite-links", &body).await.json()["address"].to_string() });
        }
        let mut addresses = all.join_all().await;
        addresses.dedup();
        assert_eq!(addresses.len(), 1, "{addresses:?}");
    }

    async fn c5_a_link_ends_with_its_group_and_its_provider(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut browser = t.browser();
        let page = browser.open_link(&address).await;
        let owner = t.raw.id(&practice.owner.to_string());
        t.raw.run(&format!("update members set disabled_at = 1 where id = {owner}"));
        assert_eq!(send(&mut browser, &page.text, "ana@example.org", PASSWORD).await.status, 410);
        assert_eq!(t.browser().open_link(&address).await.status, 410);
        t.raw.run(&format!("update members set disabled_at = null where id = {owner}"));
        assert_eq!(t.browser().open_link(&address).await.status, 200);
        let mut api = api(&t, &practice).await;
        let couples = group(&mut api, "Couples").await;
        let gone = api.raw("DELETE", &format!("/api/v1/groups/{couples}"), "application/json", "").await;
        assert_eq!(gone.status, 200);
        assert_eq!(send(&mut browser, &page.text, "ana@example.org", PASSWORD).await.status, 410);
        assert_eq!(t.browser().open_link(&address).await.status, 410);
        assert_eq!(api.get("/api/v1/invite-links").await.json()["items"], json!([]));
        assert_eq!(t.raw.count("select count(*) from clients"), 0);
    }

    async fn c5_providers_share_links_of_their_own(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (owners, _) = link(&t, &practice).await;
        let pat = t.member(&practice, Role::Provider, "pat@calm.example").await;
        let mut pats = t.browser().bearer(&t.token(&practice, pat).await);
        assert_eq!(pats.get("/api/v1/invite-links").await.json()["items"], json!([]));
        for provider in [json!(practice.owner.to_string()), Json::Null] {
            let refused = pats.json("POST", "/api/v1/invite-links", &json!({"provider_id": provider})).await;
            assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("provider_id")));
        }
        for (method, path) in [("POST", format!("/api/v1/invite-links/{owners}/renew")), ("DELETE", format!("/api/v1/invite-links/{owners}"))] {
            assert_eq!(pats.json(method, &path, &json!({})).await.status, 404, "{path}");
        }
        let own = pats.json("POST", "/api/v1/invite-links", &json!({})).await;
        assert_eq!((own.status, &own.json()["provider_id"]), (201, &json!(pat.to_string())));
        let mut browser = t.signed_in("pat@calm.example").await;
        let page = browser.get("/clients/invite-link").await;
        assert!(page.text.contains(own.json()["address"].as_str().expect("an address")), "{}", page.text);
        assert!(!page.text.contains("name=\"provider_id\""));
        let theirs = format!("/clients/invite-link?provider_id={}", practice.owner);
        assert_eq!(browser.get(&theirs).await.status, 422);
        assert_eq!(browser.post(&format!("/invite-links/{owners}/revoke"), &[]).await.status, 404);
        assert_eq!(browser.get(&format!("/invite-links/{owners}/qr.svg")).await.status, 404);
        // The front desk shares those of any provider, and of nobody.
        t.member(&practice, Role::Support, "desk@calm.example").await;
        let mut desk = t.signed_in("desk@calm.example").await;
        let page = desk.get("/clients/invite-link").await;
        assert!(page.text.contains("name=\"provider_id\"") && page.text.contains("Create link"), "{}", page.text);
        let made = desk.post("/clients/invite-link", &[("group_id", ""), ("provider_id", "none")]).await;
        assert_eq!(made.location(), "/clients/invite-link?group_id=&provider_id=none");
        assert!(desk.get("/clients/invite-link").await.text.contains("<svg"), "its QR code");
    }

    async fn c5_whoever_signs_up_lands_in_the_group_with_the_provider(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut ana = joined(&t, &address, "ana@example.org").await;
        assert!(!ana.cookies.contains_key("ruh-device"), "a typed address makes no known device");
        let portal = ana.get("/portal").await;
        assert!(portal.text.contains("Hello, Ana") && portal.text.contains("We sent a link to ana@example.org"), "{}", portal.text);
        let client = newest_client(&t, &practice).await;
        let mut api = api(&t, &practice).await;
        assert_eq!(client["group_id"], json!(group(&mut api, "Couples").await));
        assert_eq!(client["primary_provider_id"], json!(practice.owner.to_string()));
        assert_eq!((&client["source"], &client["phone"]), (&json!("invite_link"), &json!("+12125550123")));
        let id = client["id"].as_str().expect("an id");
        let mut owner = t.signed_in(&practice.owner_email).await;
        let page = owner.get(&format!("/clients/{id}")).await;
        assert!(page.text.contains("Signed up by invite link · Couples") && page.text.contains("Email not confirmed"), "{}", page.text);
        assert!(owner.get("/home").await.text.contains("email not confirmed yet"));
        assert!(owner.get("/clients").await.text.contains("Email not confirmed"));
        let acts = t.raw.rows("select kind from activities where client_id is not null order by id");
        let acts: Vec<_> = acts.into_iter().map(|mut row| row.remove(0).expect("a kind")).collect();
        assert_eq!(acts, ["client.signed_up", "invitation.queued"]);
        // The address signs nobody in before it is proven.
        assert!(!opens(&t, "ana@example.org").await);
        t.run_jobs().await;
        assert_eq!(told(&t, &practice), 0, "nobody is told of an address that is not proven");
        let listed = api.get("/api/v1/invite-links").await.json();
        assert_eq!((&listed["items"][0]["opened"], &listed["items"][0]["signed_up"]), (&json!(1), &json!(1)));
    }

    async fn c5_the_password_of_the_sign_up_confirms_from_any_browser(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let first = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        let mail = mails_to(&t, "ana@example.org").remove(0);
        assert_eq!(mail.subject, "Please confirm your email");
        assert!(!mail.text.contains("Ana") && !mail.text.contains("Marchetti"), "what a stranger may have typed stays out: {}", mail.text);
        let mut phone = t.browser();
        let page = phone.open_link(&mail.link()).await;
        assert!(page.text.contains("Confirm my email") && page.text.contains("Create a new password"), "{}", page.text);
        assert_eq!(phone.post("/invitation", &[("password", OTHER)]).await.status, 422);
        assert!(!opens(&t, "ana@example.org").await);
        let done = phone.post("/invitation", &[("password", PASSWORD)]).await;
        assert_eq!((done.status, done.location()), (303, "/portal"), "{}", done.text);
        assert!(!phone.get("/portal").await.text.contains("We sent a link"));
        assert!(alive(&first, "/portal").await, "the browser that signed up goes on");
        assert!(opens(&t, "ana@example.org").await);
        t.run_jobs().await;
        assert_eq!(told(&t, &practice), 1);
        let mail = t.mail_to(&practice.owner_email);
        assert!(mail.text.contains("Sign in to see who") && !mail.text.contains("Ana"), "{}", mail.text);
        let id = newest_client(&t, &practice).await["id"].as_str().expect("an id").to_string();
        let told = kinds(&history(&t, &practice, &id).await["items"][0]);
        assert_eq!(told, ["queued", "kept", "opened", "accepted"]);
        assert_eq!(phone.open_link(&confirm_link(&t, "ana@example.org")).await.status, 410, "used");
    }

    async fn c5_the_browser_that_signed_up_confirms_by_one_press(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut ana = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        let page = ana.open_link(&confirm_link(&t, "ana@example.org")).await;
        assert!(page.text.contains("One press") && !page.text.contains("type=\"password\" id=\"password\""), "{}", page.text);
        assert_eq!(ana.post("/invitation", &[]).await.location(), "/portal");
        assert!(!ana.get("/portal").await.text.contains("We sent a link"));
        assert!(opens(&t, "ana@example.org").await);
        t.run_jobs().await;
    }

    async fn r5_a_stranger_who_typed_the_address_is_out_when_its_holder_comes(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let stranger = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        let mut ana = t.browser();
        ana.open_link(&confirm_link(&t, "ana@example.org")).await;
        let page = ana.get("/invitation?new=1").await;
        assert!(page.text.contains("Create a password of your own"), "{}", page.text);
        assert_eq!(ana.post("/invitation", &[("new", "1"), ("password", "short")]).await.status, 422);
        assert!(alive(&stranger, "/portal").await, "nothing has happened yet");
        assert_eq!(ana.post("/invitation", &[("new", "1"), ("password", OTHER)]).await.location(), "/portal");
        assert!(!alive(&stranger, "/portal").await);
        assert!(!opens(&t, "ana@example.org").await && lets_in(&t, "ana@example.org", OTHER).await);
        t.run_jobs().await;
        // The stranger's session renews nothing.
        assert_eq!(stranger.copy().post("/session/renew", &[("password", PASSWORD)]).await.status, 422);
    }

    async fn r4_an_address_that_has_an_account_is_neither_read_nor_touched(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        let (_, hers) = t.client_in_portal(&elsewhere, "known@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let before = rows_of(&t, "known@example.org");
        let (mut stranger, answer) = join_as(&t, &address, "known@example.org", OTHER).await;
        assert_eq!((answer.status, answer.location()), (303, "/portal"));
        let portal = stranger.get("/portal").await;
        assert!(portal.text.contains("Calm Harbour") && !portal.text.contains("Elsewhere"));
        assert!(stranger.get("/places").await.text.matches("name=\"practice\"").count() == 1, "one place, and not hers");
        t.run_jobs().await;
        assert_eq!(rows_of(&t, "known@example.org"), before);
        assert!(!lets_in(&t, "known@example.org", OTHER).await);
        t.raw.run("delete from guesses");
        // Its holder is asked to sign in with that account; no other password connects.
        let mut holder = t.browser();
        let page = holder.open_link(&confirm_link(&t, "known@example.org")).await;
        assert!(page.text.contains("Sign in and connect"), "{}", page.text);
        for wrong in [OTHER, "something else entirely", ""] {
            assert_eq!(holder.post("/invitation", &[("password", wrong)]).await.status, 422);
            assert_eq!(holder.post("/invitation", &[("password", wrong), ("new", "1")]).await.status, 422);
        }
        assert_eq!(t.raw.rows("select password_hash from accounts where sign_up_email is not null").len(), 1);
        assert!(alive(&stranger, "/portal").await);
        assert_eq!(holder.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        assert!(holder.get("/portal").await.text.contains("Calm Harbour"));
        assert!(!alive(&stranger, "/portal").await, "the sign-up's own way in ends");
        assert!(alive(&hers, "/portal").await, "what stood before goes on");
        assert_eq!(t.raw.count("select count(*) from accounts where sign_up_email is not null"), 0);
        assert_eq!(stranger.copy().post("/session/renew", &[("password", OTHER)]).await.status, 401, "it is nobody's any more");
        assert_eq!(t.signed_in("known@example.org").await.get("/").await.location(), "/places", "two places now");
        t.run_jobs().await;
        assert_eq!(told(&t, &practice), 1, "the practice hears the same as of anybody");
    }

    async fn r10_signing_up_answers_known_and_unknown_addresses_alike(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut all = Vec::new();
        for email in ["known@example.org", "other@example.org"] {
            let mut browser = t.browser();
            let page = browser.open_link(&address).await;
            let (rows, checks) = (crate::support::row_counts(&t), t.app.passwords.checks());
            let answer = send(&mut browser, &page.text, email, PASSWORD).await;
            let after = crate::support::row_counts(&t);
            let grown: Vec<_> = after.iter().map(|(name, count)| (name.clone(), count - rows[name])).filter(|(_, more)| *more > 0).collect();
            let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| {
                // The session's token is another one for everybody.
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), value.split_once("ruh=").map_or(value.clone(), |(_, rest)| format!("ruh=…{}", &rest[43..])))
            }).collect();
            headers.sort();
            let portal = browser.get("/portal").await;
            let shown = (portal.status, portal.text.replace(email, "…"));
            t.run_jobs().await;
            let mail = mails_to(&t, email).pop().expect("a mail");
            let told = (mail.subject.clone(), mail.text.split("http").next().map(str::to_string));
            all.push(((answer.status, headers, answer.text), grown, t.app.passwords.checks() - checks, shown, told));
        }
        let grown_without_caps: Vec<_> = all.iter().map(|one| one.1.iter().filter(|(name, _)| name != "guesses").cloned().collect::<Vec<_>>()).collect();
        assert_eq!(grown_without_caps[0], grown_without_caps[1]);
        assert_eq!(all[0].0, all[1].0);
        assert_eq!((all[0].2, &all[0].3, &all[0].4), (all[1].2, &all[1].3, &all[1].4));
    }

    async fn r65_renewing_a_sign_up_looks_at_its_own_password_only(t: TestApp) {
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let (mut stranger, _) = join_as(&t, &address, "known@example.org", OTHER).await;
        t.run_jobs().await;
        t.advance_minutes(31);
        assert!(!alive(&stranger, "/portal").await, "idle");
        // The account's password is not the sign-up's, and asking does not even count as a guess at the account.
        t.raw.run("delete from guesses");
        for _ in 0..10 {
            assert_eq!(stranger.post("/session/renew", &[("password", PASSWORD)]).await.status, 422);
        }
        assert!(stranger.post("/session/renew", &[("password", OTHER)]).await.text.contains("too many tries"));
        assert!(opens(&t, "known@example.org").await, "no try was counted against its holder");
        t.advance_minutes(16);
        assert_eq!(stranger.post("/session/renew", &[("password", OTHER)]).await.status, 200);
        assert!(alive(&stranger, "/portal").await);
        assert!(!stranger.cookies.contains_key("ruh-device"));
        // Nor is there a way to try addresses, or to move this one, before it is confirmed.
        let moved = stranger.post("/portal/email", &[("new_email", "x@example.org"), ("password", OTHER)]).await;
        assert_eq!(moved.status, 404);
        assert!(stranger.get("/portal/profile").await.text.contains("Please confirm your email first"));
        // Choosing the place anew makes no known device either.
        let place = t.raw.rows("select practice_id, id from portal_access order by id desc limit 1").remove(0);
        let [of, id] = [0, 1].map(|n| place[n].clone().expect("an id"));
        stranger.post("/places", &[("practice", &of), ("id", &id)]).await;
        assert!(alive(&stranger, "/portal").await && !stranger.cookies.contains_key("ruh-device"));
    }

    async fn a3_a_reset_for_the_address_never_reaches_the_sign_up(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let ana = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        t.browser().post("/forgot", &[("email", "ana@example.org")]).await;
        t.run_jobs().await;
        let mails = mails_to(&t, "ana@example.org");
        assert_eq!(mails.iter().map(|m| m.subject.as_str()).collect::<Vec<_>>(), ["Please confirm your email"; 2]);
        assert_eq!(mails[0].link(), mails[1].link(), "the same link once more");
        assert!(alive(&ana, "/portal").await);
        // With an account elsewhere, the reset is that account's and the sign-up stays as it is.
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let stranger = joined(&t, &address, "known@example.org").await;
        t.browser().post("/forgot", &[("email", "known@example.org")]).await;
        t.run_jobs().await;
        let reset = mails_to(&t, "known@example.org").into_iter().find(|m| m.subject == "Choose a new password").expect("a reset");
        let mut holder = t.browser();
        holder.open_link(&reset.link()).await;
        assert_eq!(holder.post("/reset", &[("password", OTHER)]).await.status, 303);
        assert!(alive(&stranger, "/portal").await);
        assert_eq!(t.raw.count("select count(*) from accounts where sign_up_email is not null and password_hash is not null"), 2);
    }

    async fn e2_staff_put_the_address_of_a_sign_up_right(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let ana = joined(&t, &address, "mistyped@example.org").await;
        t.run_jobs().await;
        let old = confirm_link(&t, "mistyped@example.org");
        let id = newest_client(&t, &practice).await["id"].as_str().expect("an id").to_string();
        assert_eq!(change_email(&t, &practice, &id, Some("ana@example.org")).await.status, 200);
        t.send_mail().await;
        assert_eq!(t.browser().open_link(&old).await.status, 404);
        assert!(!alive(&ana, "/portal").await);
        assert_eq!(t.raw.count("select count(*) from accounts where sign_up_email is not null"), 0);
        assert!(!opens(&t, "mistyped@example.org").await);
        assert_eq!(mails_to(&t, "mistyped@example.org").len(), 1, "a stranger's address is told nothing");
        let mut right = t.browser();
        right.open_link(&confirm_link(&t, "ana@example.org")).await;
        assert_eq!(right.post("/invitation", &[("password", OTHER)]).await.location(), "/portal");
        assert!(lets_in(&t, "ana@example.org", OTHER).await);
        // To an address that is somebody's: its holder connects, and the sign-up ends.
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let bea = joined(&t, &address, "bea@example.org").await;
        t.run_jobs().await;
        let id = newest_client(&t, &practice).await["id"].as_str().expect("an id").to_string();
        assert_eq!(change_email(&t, &practice, &id, Some("known@example.org")).await.status, 200);
        t.send_mail().await;
        assert!(!alive(&bea, "/portal").await);
        let mut holder = t.browser();
        holder.open_link(&confirm_link(&t, "known@example.org")).await;
        assert_eq!(holder.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        assert_eq!(t.raw.count("select count(*) from accounts where sign_up_email is not null"), 0);
    }

    async fn r5_a_sign_up_that_was_given_to_somebody_else_gains_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let mut stranger = joined(&t, &address, "stranger@example.org").await;
        t.run_jobs().await;
        let id = newest_client(&t, &practice).await["id"].as_str().expect("an id").to_string();
        assert_eq!(change_email(&t, &practice, &id, Some("known@example.org")).await.status, 200);
        t.send_mail().await;
        // The password from the sign-up opens nothing any more, and no newer mail takes the holder's place.
        let renewed = stranger.post("/session/renew", &[("password", PASSWORD)]).await;
        assert!(!renewed.text.contains("\"ok\":true"), "{}", renewed.text);
        stranger.post("/join/again", &[]).await;
        assert!(!alive(&stranger, "/portal").await);
        t.send_mail().await;
        assert_eq!(mails_to(&t, "stranger@example.org").len(), 1);
        let mut holder = t.browser();
        holder.open_link(&confirm_link(&t, "known@example.org")).await;
        assert_eq!(holder.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        let live = format!("select count(*) from portal_access where ended_at is null and client_id = {}", t.raw.id(&id));
        assert_eq!(t.raw.count(&live), 1);
    }

    async fn c3_staff_and_the_client_send_the_mail_again(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut ana = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        let first = confirm_link(&t, "ana@example.org");
        let id = newest_client(&t, &practice).await["id"].as_str().expect("an id").to_string();
        let mut owner = t.signed_in(&practice.owner_email).await;
        crate::support::press_invite(&mut owner, &id).await;
        t.run_jobs().await;
        let second = confirm_link(&t, "ana@example.org");
        assert_ne!(first, second);
        assert_eq!(t.browser().open_link(&first).await.status, 410, "a newer one was sent");
        let again = ana.post("/join/again", &[]).await;
        assert_eq!(again.location(), "/portal");
        t.run_jobs().await;
        assert_eq!(mails_to(&t, "ana@example.org").len(), 3);
        for _ in 0..4 {
            ana.post("/join/again", &[]).await;
            t.run_jobs().await;
        }
        assert_eq!(mails_to(&t, "ana@example.org").len(), 5, "five in a day, whoever asks");
        assert!(ana.get("/portal").await.text.contains("Five were sent"));
        let mut phone = t.browser();
        phone.open_link(&confirm_link(&t, "ana@example.org")).await;
        assert_eq!(phone.post("/invitation", &[("password", PASSWORD)]).await.location(), "/portal");
        // Confirmed: the button has nothing left to do.
        let mails = t.mails().len();
        assert_eq!(phone.post("/join/again", &[]).await.location(), "/portal");
        t.run_jobs().await;
        assert_eq!(mails_to(&t, "ana@example.org").len(), 5);
        assert_eq!(t.mails().len(), mails + 1, "the owner's");
    }

    async fn c5_one_form_makes_one_sign_up(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut browser = t.browser();
        let page = browser.open_link(&address).await.text;
        let before = browser.copy();
        for _ in 0..3 {
            let mut again = before.copy();
            assert_eq!(send(&mut again, &page, "ana@example.org", PASSWORD).await.location(), "/portal");
            assert!(alive(&again, "/portal").await);
        }
        assert_eq!(send(&mut before.copy(), &page, "ana@example.org", OTHER).await.status, 409, "only with its password");
        assert_eq!(t.raw.count("select count(*) from clients"), 1);
        t.run_jobs().await;
        assert_eq!(mails_to(&t, "ana@example.org").len(), 1);
        // Somebody else on the same page is somebody else.
        assert_eq!(send(&mut before.copy(), &page, "bea@example.org", PASSWORD).await.location(), "/portal");
        assert_eq!(t.raw.count("select count(*) from clients"), 2);
        // The page of another link, opened in another tab meanwhile, is shown before anything is done.
        let (_, other) = { let mut api = api(&t, &practice).await; let made = api.json("POST", "/api/v1/invite-links", &json!({})).await.json(); ((), made["address"].as_str().expect("an address").to_string()) };
        let mut two = before.copy();
        two.open_link(&other).await;
        let answer = send(&mut two, &page, "cleo@example.org", PASSWORD).await;
        assert_eq!(answer.status, 409);
        assert!(answer.text.contains("cleo@example.org"), "what was typed is still there");
        t.run_jobs().await;
    }

    async fn c5_what_is_wrong_stands_beside_its_field(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut browser = t.browser();
        let page = browser.open_link(&address).await.text;
        let (mark, key) = (hidden(&page, "link"), hidden(&page, "key"));
        let long = "x".repeat(10_000);
        let bad = [
            ("first_name", ""), ("last_name", "a\nb"), ("first_name", long.as_str()), ("email", "ana@"), ("email", ""),
            ("phone", "12"), ("password", "short"), ("password", "anamarchetti"), ("email", "a\0b@example.org"),
        ];
        for (field, value) in bad {
            let good = [("first_name", "Ana"), ("last_name", "Marchetti"), ("email", "ana@example.org"), ("password", PASSWORD), ("phone", "")];
            let mut fields: Vec<_> = good.into_iter().map(|(name, text)| (name, if name == field { value } else { text })).collect();
            fields.extend([("link", mark.as_str()), ("key", key.as_str())]);
            let answer = browser.post("/join", &fields).await;
            assert_eq!(answer.status, 422, "{field} {value:?}");
            assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{field} {value:?}");
            assert!(!answer.text.contains(PASSWORD), "a password is never shown again");
        }
        let script = "<script>alert(1)</script>";
        let fields = [("first_name", script), ("last_name", script), ("email", "x"), ("password", "y"), ("phone", script)];
        let answer = browser.post("/join", &fields).await;
        assert!(!answer.text.contains(script));
        assert_eq!(t.raw.count("select count(*) from clients"), 0);
        assert_eq!(t.raw.count("select count(*) from guesses"), 0, "what is mistyped is not counted");
    }

    async fn r1_opening_a_link_changes_nothing_but_its_count(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let before = crate::support::everything(&t);
        for _ in 0..20 {
            let mut scanner = t.browser();
            assert_eq!(scanner.head(&path(&address)).await.status, 303);
            scanner.open_link(&address).await;
            scanner.get("/join").await;
        }
        let mut after = crate::support::everything(&t);
        assert_eq!(after.remove("invite_link_openings").map(|rows| rows.len()), Some(20));
        for (table, rows) in after {
            assert_eq!(before[&table], rows, "{table}");
        }
    }

    async fn r9_the_token_leaves_the_address_and_stands_in_no_table(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let opened = t.browser().get(&path(&address)).await;
        assert_eq!((opened.status, opened.location()), (303, "/join"));
        assert_eq!(opened.header("referrer-policy"), "no-referrer");
        let token = crate::support::token(&address);
        for rows in crate::support::everything(&t).values() {
            assert!(rows.iter().flatten().flatten().all(|cell| !cell.contains(&token)));
        }
        // One broken letter is no link, and a link of another kind is none either.
        let mut broken = token.clone();
        broken.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
        assert_eq!(t.browser().open_link(&format!("/join/{broken}")).await.status, 410);
        assert_eq!(t.browser().open_link(&format!("/invitation/{token}")).await.status, 404);
    }

    async fn r8_the_address_comes_from_the_settings(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut evil = api(&t, &practice).await.with("host", "evil.example").with("x-forwarded-host", "evil.example");
        let made = evil.json("POST", "/api/v1/invite-links", &json!({})).await;
        assert!(made.json()["address"].as_str().expect("an address").starts_with("http://localhost:8080/join/"));
    }

    async fn c5_an_archived_sign_up_confirms_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let ana = joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        t.raw.run("update clients set status = 'archived'");
        assert_eq!(t.browser().open_link(&confirm_link(&t, "ana@example.org")).await.status, 404);
        assert!(ana.copy().get("/portal").await.status != 200);
        assert!(!opens(&t, "ana@example.org").await);
    }

    async fn c5_two_sign_ups_of_one_address_come_together(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let mut links = Vec::new();
        for password in [PASSWORD, OTHER] {
            let (_, answer) = join_as(&t, &address, "parent@example.org", password).await;
            assert_eq!(answer.location(), "/portal");
            t.run_jobs().await;
            links.push(confirm_link(&t, "parent@example.org"));
            t.advance_minutes(1);
        }
        let mut parent = t.browser();
        parent.open_link(&links[1]).await;
        assert_eq!(parent.post("/invitation", &[("password", OTHER)]).await.location(), "/portal");
        let page = parent.open_link(&links[0]).await;
        assert!(page.text.contains("Sign in and connect"), "{}", page.text);
        assert_eq!(parent.post("/invitation", &[("password", PASSWORD)]).await.status, 422, "the first sign-up's own is nobody's now");
        assert_eq!(parent.post("/invitation", &[("password", OTHER)]).await.location(), "/portal");
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'parent@example.org'"), 1);
        assert!(lets_in(&t, "parent@example.org", OTHER).await && !opens(&t, "parent@example.org").await);
        t.run_jobs().await;
    }

    async fn r3_many_confirmations_at_once_are_one(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        joined(&t, &address, "ana@example.org").await;
        t.run_jobs().await;
        let mut opened = t.browser();
        opened.open_link(&confirm_link(&t, "ana@example.org")).await;
        let mut all = tokio::task::JoinSet::new();
        for n in 0..8 {
            let mut browser = opened.copy();
            all.spawn(async move {
                let new = [("new", "1"), ("password", OTHER)];
                let fields = if n % 2 == 0 { &new[1..] } else { &new[..] };
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, if n % 2 == 0 { PASSWORD } else { *value })).collect();
                browser.post("/invitation", &fields).await.status
            });
        }
        let answers = all.join_all().await;
        assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| [303, 409, 410, 422].contains(status)), "{answers:?}");
        assert_eq!(t.raw.count("select count(*) from account_emails where email_key = 'ana@example.org' and confirmed_at is not null"), 1);
        t.run_jobs().await;
        assert_eq!(told(&t, &practice), 1);
    }

    async fn r66_sign_ups_are_capped(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, address) = link(&t, &practice).await;
        let from = async |ip: [u8; 4], email: String| {
            let mut browser = t.browser().from(ip);
            let page = browser.open_link(&address).await;
            send(&mut browser, &page.text, &email, PASSWORD).await
        };
        for n in 0..20 {
            assert_eq!(from([10, 0, 0, 1], format!("p{n}@example.org")).await.status, 303, "{n}");
        }
        let refused = from([10, 0, 0, 1], "more@example.org".into()).await;
        assert_eq!(refused.status, 429, "one network in an hour");
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=3600).contains(&wait), "{wait}");
        assert!(refused.text.contains("more@example.org") && refused.text.contains("(212) 555-0123"), "what was typed is kept");
        t.advance(std::time::Duration::from_secs(wait + 1));
        // One address, from many networks: five mails in a day, and its holder is let in all the same.
        for n in 0..5 {
            assert_eq!(from([10, 0, 1, n], "Victim@Example.org".into()).await.status, 303, "{n}");
        }
        let mails = "select count(*) from invitations where email_key = 'victim@example.org'";
        assert_eq!(t.raw.count(mails), 5);
        assert_eq!(from([10, 0, 1, 9], "victim@example.org".into()).await.status, 303);
        assert_eq!(t.raw.count(mails), 5);
        // One link, and one practice: counted up by hand, each from a network and with an address of its own.
        t.advance_minutes(61);
        assert_eq!(from([10, 0, 2, 1], "l1@example.org".into()).await.status, 303);
        t.raw.run("update guesses set tries = 99 where tries = 1");
        assert_eq!(from([10, 0, 2, 2], "l2@example.org".into()).await.status, 303);
        assert_eq!(from([10, 0, 2, 3], "l3@example.org".into()).await.status, 429, "a hundred by one link in an hour");
        t.advance_minutes(61);
        t.raw.run("update guesses set tries = 299 where tries between 20 and 98");
        assert_eq!(from([10, 0, 3, 1], "q1@example.org".into()).await.status, 303);
        assert_eq!(from([10, 0, 3, 2], "q2@example.org".into()).await.status, 429, "three hundred in one practice in a day");
        let elsewhere = t.practice("Elsewhere").await;
        let (_, theirs) = link(&t, &elsewhere).await;
        let mut browser = t.browser().from([10, 0, 3, 3]);
        let page = browser.open_link(&theirs).await;
        assert_eq!(send(&mut browser, &page.text, "q3@example.org", PASSWORD).await.status, 303, "another practice is not concerned");
    }
}
