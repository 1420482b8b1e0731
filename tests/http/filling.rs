//! D4, R20, R22, R32, R33, R40: filling in through the portal's pages: saved as it is typed, one topic a page, checked,
//! signed, handed in; the gate before it and the copy after.

use std::time::Duration;

use testkit::ruh::access::Actor;
use testkit::ruh::flows::{self, Needed};
use testkit::ruh::forms::{self, Choice, Combine, Condition, Definition, Item, Kind, Purpose, Saved, ShowIf, Test};
use testkit::ruh::ids::{ClientFormId, ClientId, FormId};
use testkit::{Answer, Browser, PASSWORD, TestApp, TestPractice, both_engines, json};

const PAGE: &str = "019caf10-8770-72e9-a79e-990e7d12e771";
const OTHER_PAGE: &str = "019caf10-8770-72e9-a79e-990e7d12e772";

fn item(id: &str, kind: Kind, text: &str, required: bool) -> Item {
    Item { required, ..Item::new(id, kind, text) }
}

fn when(mut item: Item, question: &str, value: &str) -> Item {
    let condition = Condition { question: question.into(), test: Test::Is, value: value.into() };
    item.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![condition] });
    item
}

/// Two pages that are always shown, one that an answer brings up, and a signature.
pub fn intake() -> Definition {
    let mut nights = item("nights", Kind::Single, "How are your nights?", false);
    let choice = |code: &str| Choice {
        code: code.into(),
        label: format!("They are {code}"),
        system: String::new(),
        points: None,
        alert: false,
    };
    nights.choices = vec![choice("good"), choice("bad")];
    nights.own_words = true;
    let items = vec![
        item("h1", Kind::Heading, "About you", false),
        item("name", Kind::ShortText, "What do you like to be called?", true),
        item("medicine", Kind::YesNo, "Do you take any medicine?", false),
        when(item("which", Kind::LongText, "Which?", true), "medicine", "yes"),
        when(item("h2", Kind::Heading, "Your medicine", false), "medicine", "yes"),
        item("since", Kind::Date, "Since when?", false),
        item("h3", Kind::Heading, "How it is", false),
        nights,
        item("card", Kind::File, "A picture of your insurance card", false),
        item("sign", Kind::Signature, "Please sign", true),
    ];
    Definition { title: "Before we meet".into(), items, ..Definition::default() }
}

async fn published(t: &TestApp, practice: &TestPractice, purpose: Purpose, definition: Definition) -> FormId {
    let door = t.app.practice(Actor::system(practice.id));
    let kept = door.write(move |p| {
        let Saved::Saved(form) = forms::add(p, purpose, &definition)? else { panic!("a sound form") };
        forms::publish(p, form.id)
    });
    kept.await.unwrap().id
}

/// Gives a client a form by itself.
pub async fn given(t: &TestApp, practice: &TestPractice, client: &str, definition: Definition) -> String {
    let form = published(t, practice, Purpose::Form, definition).await;
    let client = ClientId(client.parse().unwrap());
    let door = t.app.practice(Actor::system(practice.id));
    let id: ClientFormId = door.write(move |p| flows::give_form(p, client, form, Needed::Required)).await.unwrap();
    id.to_string()
}

/// Gives a client a flow of these steps; their ids as the client has them.
async fn flow(
    t: &TestApp,
    practice: &TestPractice,
    client: &str,
    steps: &[(Purpose, Definition, Needed)],
) -> Vec<String> {
    let mut all = Vec::new();
    for (purpose, definition, needed) in steps {
        all.push((published(t, practice, *purpose, definition.clone()).await, *needed));
    }
    let client = ClientId(client.parse().unwrap());
    let door = t.app.practice(Actor::system(practice.id));
    let typed = flows::Typed { name: "Intake".into(), steps: all };
    let tasks = door.write(move |p| {
        let words = testkit::ruh::words::Words::of("en");
        let flows::Saved::Saved(flow) = flows::add(p, &typed, words)? else { panic!("a sound flow") };
        flows::give_flow(p, client, flow.id)?;
        testkit::ruh::intake::list(p, client)
    });
    tasks.await.unwrap().iter().map(|task| task.id.to_string()).collect()
}

/// Saves one answer as the script of a page does.
pub async fn autosave(
    browser: &mut Browser,
    at: &str,
    page: &str,
    question: &str,
    fields: &[(&str, &str)],
    ago: &str,
) -> Answer {
    let mut all = vec![("sitting", page), ("question", question), ("ago", ago)];
    all.extend_from_slice(fields);
    browser.post(&format!("{at}/answers"), &all).await
}

async fn said(browser: &mut Browser, at: &str, question: &str, value: &str) {
    let name = format!("q-{question}");
    let saved = autosave(browser, at, PAGE, question, &[(name.as_str(), value)], "0").await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(saved.json()["answers"][question], json!({}), "{}", saved.text);
}

fn counting(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from answers where counts")
}

both_engines! {
    async fn d4_a_client_fills_in_page_by_page_checks_signs_and_sends(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        assert!(ana.get("/portal/forms").await.text.contains("nothing to fill in"));
        let id = given(&t, &practice, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        let home = ana.get("/portal").await.text;
        assert!(home.contains("Before we meet") && home.contains(&format!("href=\"{at}\"")), "{home}");
        let list = ana.get("/portal/forms").await.text;
        assert!(list.contains("Before we meet") && list.contains("Required") && list.contains("about"), "{list}");

        // One topic a page; what depends on an answer is there, and hidden.
        let first = ana.get(&at).await.text;
        assert!(first.contains("About you") && first.contains("Page 1 of 2") && !first.contains("Your medicine"), "{first}");
        // Required and empty: the page says so, and can be left all the same.
        let fields = |more: &[(&'static str, &'static str)]| {
            [&[("page", "1"), ("sitting", PAGE), ("shown", "name medicine"), ("go", "on")], more].concat()
        };
        let refused = ana.post(&at, &fields(&[])).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("Please answer this.") && refused.text.contains("value=\"later\""), "{}", refused.text);
        // Without a script an answer brings up its question with the page.
        let more = ana.post(&at, &fields(&[("q-name", "Ana"), ("q-medicine", "yes")])).await;
        assert_eq!((more.status, more.location()), (303, format!("{at}?page=1#q-which").as_str()));
        let shown = [("page", "1"), ("sitting", PAGE), ("shown", "name medicine which"), ("go", "on"), ("q-name", "Ana"), ("q-medicine", "yes"), ("q-which", "Sertraline\r\n50 mg")];
        let next = ana.post(&at, &shown).await;
        assert_eq!((next.status, next.location()), (303, format!("{at}?page=2").as_str()), "{}", next.text);
        let second = ana.get(&format!("{at}?page=2")).await.text;
        assert!(second.contains("Your medicine") && second.contains("Page 2 of 3"), "{second}");
        // What is no date stays in its field, with the message beside it; going back does not lose it either.
        for way in ["on", "back"] {
            let bad = ana.post(&at, &[("page", "2"), ("sitting", PAGE), ("shown", "since"), ("go", way), ("q-since", "2024-02-31")]).await;
            assert_eq!(bad.status, 422, "{way}");
            assert!(bad.text.contains("not a date") && bad.text.contains("2024-02-31"), "{}", bad.text);
        }
        let empty = ana.post(&at, &[("page", "2"), ("sitting", PAGE), ("shown", "since"), ("go", "on"), ("q-since", "")]).await;
        assert_eq!(empty.location(), format!("{at}?page=3"));
        let back = ana.post(&at, &[("page", "3"), ("sitting", PAGE), ("shown", "nights card sign"), ("go", "back")]).await;
        assert_eq!(back.location(), format!("{at}?page=2"));
        // Where somebody left off is where they come back to.
        assert!(ana.get(&at).await.text.contains("Page 3 of 3"));
        let later = [("page", "3"), ("sitting", PAGE), ("shown", "nights card sign"), ("go", "later"), ("q-nights", "~"), ("q-nights-own", "They vary")];
        assert_eq!(ana.post(&at, &later).await.location(), format!("{at}/check"));

        // The check page: all of it, with what is missing marked; sending is refused and says what is missing.
        let check = ana.get(&format!("{at}/check")).await.text;
        for text in ["Sertraline", "They vary", "Not answered yet", "?page=1&amp;from=check#q-name", "Change"] {
            assert!(check.contains(text), "{text}: {check}");
        }
        let refused = ana.post(&format!("{at}/send"), &[]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("These still need an answer") && refused.text.contains("#asked-sign"), "{}", refused.text);
        let drawn = [("q-sign", "Ana Marchetti"), ("q-sign-drawn", "[[[10,10],[200,120]]]")];
        let signed = [&[("page", "3"), ("sitting", PAGE), ("shown", "nights card sign"), ("from", "check"), ("go", "on"), ("saved", "nights")], &drawn[..]].concat();
        assert_eq!(ana.post(&at, &signed).await.location(), format!("{at}/check"));
        let sent = ana.post(&format!("{at}/send"), &[]).await;
        assert_eq!((sent.status, sent.location()), (303, format!("{at}/done").as_str()), "{}", sent.text);
        // Pressed twice, it was sent once.
        assert_eq!(ana.post(&format!("{at}/send"), &[]).await.location(), format!("{at}/done"));
        assert_eq!(t.raw.count("select count(*) from activities where kind = 'form.handed_in'"), 1);
        let done = ana.get(&format!("{at}/done")).await.text;
        assert!(done.contains("Thank you") && done.contains(&format!("{at}/copy")), "{done}");
        let copy = ana.get(&format!("{at}/copy")).await.text;
        for text in ["Signed by", "Ana Marchetti", "M10 10L200 120", "Version 1", "Sertraline", "They vary"] {
            assert!(copy.contains(text), "{text}: {copy}");
        }
        // It is over: nothing changes any more.
        assert_eq!(ana.get(&at).await.location(), format!("{at}/copy"));
        assert_eq!(autosave(&mut ana, &at, PAGE, "name", &[("q-name", "X")], "0").await.status, 409);
        assert_eq!(ana.post(&at, &shown).await.location(), format!("{at}/copy"));
        testkit::ruh::jobs::housekeeping(&t.app).await;
        assert!(t.raw.count("select count(*) from audit_entries where action = 'form.read'") > 0);
    }

    async fn d4_each_answer_is_saved_as_it_is_typed_from_two_devices(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut phone) = t.client_in_portal(&practice, "ana@example.org").await;
        let id = given(&t, &practice, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        let mut tablet = phone.copy();
        said(&mut phone, &at, "name", "An").await;
        said(&mut phone, &at, "name", "Ana").await;
        assert_eq!((counting(&t), t.raw.count("select count(*) from answers")), (1, 1), "one page goes on typing");
        t.advance(Duration::from_secs(60));
        let later = autosave(&mut tablet, &at, OTHER_PAGE, "name", &[("q-name", "Ana María")], "0").await;
        assert_eq!(later.json()["answers"]["name"], json!({}));
        // The phone had no connection: typed before, it comes after. The tablet's is shown, and both are kept.
        let older = autosave(&mut phone, &at, PAGE, "name", &[("q-name", "Anna")], "30000").await;
        assert_eq!(older.json()["answers"]["name"]["newer"]["values"], json!(["Ana María"]), "{}", older.text);
        assert_eq!((counting(&t), t.raw.count("select count(*) from answers")), (1, 3));
        // Sent again after a lost reply: once.
        for _ in 0..3 {
            said(&mut phone, &at, "medicine", "no").await;
        }
        assert_eq!(t.raw.count("select count(*) from answers"), 4);
        // R40: the phone's page, made before, is sent by its form: what was not touched there is not written over.
        let page = tablet.get(&format!("{at}?page=1")).await.text;
        let was = page.split("name=\"was-name\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
        t.advance(Duration::from_secs(60));
        said(&mut phone, &at, "name", "Nina").await;
        let stale = [("page", "1"), ("sitting", OTHER_PAGE), ("shown", "name medicine"), ("go", "on"), ("q-name", "Ana María"), ("was-name", &was), ("saved", "medicine")];
        assert_eq!(tablet.post(&at, &stale).await.status, 303);
        assert!(tablet.get(&format!("{at}?page=1")).await.text.contains("value=\"Nina\""));
        // What is looked at on the check page and changed meanwhile is not sent unseen.
        said(&mut phone, &at, "sign", "Nina").await;
        let check = tablet.get(&format!("{at}/check")).await.text;
        let seen = check.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
        t.advance(Duration::from_secs(60));
        said(&mut phone, &at, "name", "Ninotschka").await;
        let changed = tablet.post(&format!("{at}/send"), &[("seen", &seen)]).await;
        assert_eq!((changed.status, changed.location()), (303, format!("{at}/check").as_str()));
        assert!(tablet.get(&format!("{at}/check")).await.text.contains("look once more"));
    }

    async fn d4_what_cannot_be_taken_is_said_and_stays_in_its_field(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let id = given(&t, &practice, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        for (question, field, value) in [("since", "q-since", "yesterday"), ("nights", "q-nights", "awful"), ("name", "q-name", &*"x".repeat(501)), ("sign", "q-sign-drawn", "[[[1,1]]]"), ("card", "q-card", "x")] {
            let saved = autosave(&mut ana, &at, PAGE, question, &[(field, value)], "0").await;
            assert_eq!(saved.status, 200);
            assert!(saved.json()["answers"][question]["error"].is_string(), "{question}: {}", saved.text);
        }
        assert_eq!(counting(&t), 0);
        for fields in [&[("sitting", PAGE)][..], &[("question", "name"), ("ago", "0")], &[("sitting", PAGE), ("question", "name")], &[("sitting", PAGE), ("question", "name"), ("ago", "-1")]] {
            assert_eq!(ana.post(&format!("{at}/answers"), fields).await.status, 400, "{fields:?}");
        }
        // A question of another form is none of this one; an answer from the future is from now.
        assert_eq!(autosave(&mut ana, &at, PAGE, "nothing", &[("q-nothing", "x")], "0").await.status, 200);
        assert_eq!(counting(&t), 0);
    }

    async fn d2_a_required_step_is_not_skipped_by_address(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let mut simple = intake();
        simple.title = "Later".into();
        simple.items.truncate(3);
        let steps = [
            (Purpose::Welcome, forms::welcome("Welcome", "Good that you are here."), Needed::Required),
            (Purpose::Policy, forms::policy("House rules", "No shoes.\n\nNo dogs."), Needed::Required),
            (Purpose::Form, intake(), Needed::Skippable),
            (Purpose::Form, simple, Needed::Required),
        ];
        let ids = flow(&t, &practice, &client, &steps).await;
        let at = |n: usize| format!("/portal/forms/{}", ids[n]);
        // The portal's home and documents lead to the forms; one's own account does not.
        for path in ["/portal", "/portal/documents"] {
            assert_eq!(ana.get(path).await.location(), "/portal/forms", "{path}");
        }
        for path in ["/portal/profile", "/portal/security"] {
            assert_eq!(ana.get(path).await.status, 200, "{path}");
        }
        let list = ana.get("/portal/forms").await.text;
        assert!(list.contains("the rest of your portal opens") && list.contains("comes after the ones before it"), "{list}");
        // Neither looked at, nor answered, nor sent, nor skipped out of turn.
        for n in [1, 3] {
            for way in ["", "/check", "/copy", "/file?question=card"] {
                assert_ne!(ana.get(&format!("{}{way}", at(n))).await.status, 200, "{n} {way}");
            }
            assert_eq!(autosave(&mut ana, &at(n), PAGE, "agree", &[("q-agree", "agree")], "0").await.status, 409);
            for way in ["/send", "/skip"] {
                assert_eq!(ana.post(&format!("{}{way}", at(n)), &[]).await.status, 409, "{n} {way}");
            }
            assert_eq!(ana.post(&at(n), &[("page", "1"), ("go", "on"), ("shown", "agree"), ("q-agree", "agree")]).await.location(), "/portal/forms");
        }
        assert_eq!(counting(&t), 0);
        assert_eq!(ana.post(&format!("{}/skip", at(0)), &[]).await.status, 409, "it is required");
        // In order: read, agree, skip what may be skipped, fill in.
        let welcome = ana.get(&at(0)).await.text;
        assert!(welcome.contains("Good that you are here.") && !welcome.contains("Page 1"), "{welcome}");
        assert_eq!(ana.post(&at(0), &[("page", "1"), ("go", "on")]).await.location(), format!("{}/done", at(0)));
        let unticked = ana.post(&at(1), &[("page", "1"), ("sitting", PAGE), ("shown", "text agree"), ("go", "on")]).await;
        assert_eq!(unticked.status, 422, "not agreed to");
        let agreed = ana.post(&at(1), &[("page", "1"), ("sitting", PAGE), ("shown", "text agree"), ("go", "on"), ("q-agree", "agree")]).await;
        assert_eq!(agreed.location(), format!("{}/done", at(1)), "{}", agreed.text);
        assert!(ana.get(&format!("{}/done", at(1))).await.text.contains("Before we meet"), "on to the next");
        assert_eq!(ana.post(&format!("{}/skip", at(2)), &[]).await.location(), "/portal/forms");
        assert!(ana.get("/portal/forms").await.text.contains("Skipped"));
        assert_eq!(ana.post(&format!("{}/again", at(2)), &[]).await.location(), "/portal/forms");
        assert_eq!(ana.get(&at(2)).await.status, 200, "taken up after all");
        assert_eq!(ana.get("/portal").await.location(), "/portal/forms", "still held back");
        said(&mut ana, &at(3), "name", "Ana").await;
        assert_eq!(ana.post(&format!("{}/send", at(3)), &[]).await.status, 303);
        assert_eq!(ana.get("/portal").await.status, 200, "the portal opens");
        let policy = ana.get(&format!("{}/copy", at(1))).await.text;
        assert!(policy.contains("No shoes.") && policy.contains("I have read this"), "{policy}");
    }

    async fn r20_nobody_reaches_another_clients_forms(t: TestApp) {
        let (ours, theirs) = (t.practice("Calm Harbour").await, t.practice("Other Shore").await);
        let (client, mut ana) = t.client_in_portal(&ours, "ana@example.org").await;
        let id = given(&t, &ours, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        said(&mut ana, &at, "name", "Ana").await;
        let (_, bea) = t.client_in_portal(&ours, "bea@example.org").await;
        let (_, cleo) = t.client_in_portal(&theirs, "cleo@example.org").await;
        let owner = t.signed_in(&ours.owner_email).await;
        for mut other in [bea, cleo, owner] {
            for way in ["", "?page=1", "/check", "/done", "/copy", "/file?question=card"] {
                assert_eq!(other.get(&format!("{at}{way}")).await.status, 404, "{way}");
            }
            assert_eq!(autosave(&mut other, &at, PAGE, "name", &[("q-name", "X")], "0").await.status, 404);
            for way in ["", "/send", "/skip", "/again"] {
                assert_eq!(other.post(&format!("{at}{way}"), &[("page", "1"), ("go", "on")]).await.status, 404, "{way}");
            }
            let upload = other.upload(&format!("{at}/file"), &[("question", "card")], Some(("card.png", b"\x89PNG\r\n\x1a\n..."))).await;
            assert_eq!(upload.status, 404);
            let removed = other.post(&format!("{at}/file/remove"), &[("question", "card")]).await;
            assert_eq!(removed.status, 404);
        }
        assert_eq!(std::fs::read_dir(t.folder().join("files")).map_or(0, Iterator::count), 0, "nothing is left behind");
        // R22: whose it is, and what it is, cannot be said in a body.
        let more = [("q-name", "Ana"), ("client_id", "x"), ("practice_id", "x"), ("state", "done"), ("version_id", "x"), ("giver_kind", "member")];
        assert_eq!(autosave(&mut ana, &at, PAGE, "name", &more, "0").await.status, 200);
        assert_eq!(t.raw.count("select count(*) from client_forms where state = 'started'"), 1);
        assert_eq!(t.raw.count("select count(*) from answers where giver_kind = 'client'"), 1);
    }

    async fn e5_a_guardian_fills_in_with_the_right_and_signs_with_another(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let nils = t.client(&practice, json!({"first_name": "Nils", "date_of_birth": "2020-05-01"})).await;
        let mut api = t.browser().bearer(&t.token(&practice, practice.owner).await);
        let id = given(&t, &practice, &nils, intake()).await;
        let at = format!("/portal/forms/{id}");
        let mut browsers = Vec::new();
        for (email, rights) in [("none@example.org", vec!["messages"]), ("forms@example.org", vec!["forms"]), ("sign@example.org", vec!["forms", "sign"])] {
            let body = json!({"first_name": "Lars", "last_name": "Berg", "relation": "parent", "email": email, "rights": rights});
            let made = api.json("POST", &format!("/api/v1/clients/{nils}/contacts"), &body).await;
            let contact = made.json()["id"].as_str().unwrap().to_string();
            assert_eq!(api.json("POST", &format!("/api/v1/contacts/{contact}/portal"), &json!({})).await.status, 200);
            t.send_mail().await;
            let mut browser = t.browser();
            browser.open_link(&t.mail_to(email).link()).await;
            browser.post("/invitation", &[("password", PASSWORD)]).await;
            browsers.push(browser);
        }
        let [mut none, mut fills, mut signs] = <[Browser; 3]>::try_from(browsers).ok().unwrap();
        for path in ["/portal/forms", &at] {
            assert_eq!(none.get(path).await.status, 404, "{path}");
        }
        assert!(!none.get("/portal").await.text.contains("Before we meet"));
        said(&mut fills, &at, "name", "Nisse").await;
        let signed = autosave(&mut fills, &at, PAGE, "sign", &[("q-sign", "Lars Berg")], "0").await;
        assert!(signed.text.contains("Somebody who may sign"), "denied wins, before anything is kept: {}", signed.text);
        let check = fills.get(&format!("{at}/check")).await.text;
        assert!(check.contains("somebody who may sign") && !check.contains("/send"), "{check}");
        let refused = fills.post(&format!("{at}/send"), &[]).await;
        assert_eq!((refused.status, refused.location()), (303, "/portal/forms"));
        assert!(fills.get("/portal/forms").await.text.contains("Before we meet"));
        assert_eq!(t.raw.count("select count(*) from client_forms where state = 'done'"), 0);
        assert!(signs.get(&format!("{at}?page=1")).await.text.contains("value=\"Nisse\""), "each goes on with what is there");
        assert_eq!(signs.post(&format!("{at}/send"), &[]).await.status, 422, "nobody has signed");
        said(&mut signs, &at, "sign", "Lars Berg").await;
        assert_eq!(signs.post(&format!("{at}/send"), &[]).await.location(), format!("{at}/done"));
        assert!(signs.get(&format!("{at}/copy")).await.text.contains("Sent by Lars Berg"));
    }

    async fn d3_answers_to_what_is_hidden_are_left_out_and_it_is_said(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let id = given(&t, &practice, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        for (question, value) in [("name", "Ana"), ("medicine", "yes"), ("which", "Sertraline"), ("since", "2024-05-31"), ("sign", "Ana"), ("medicine", "no")] {
            said(&mut ana, &at, question, value).await;
        }
        // The page that an answer has hidden is not shown by its address.
        let hidden = ana.get(&format!("{at}?page=2")).await.text;
        assert!(!hidden.contains("Since when?") && hidden.contains("About you"), "{hidden}");
        assert!(!ana.get(&format!("{at}/check")).await.text.contains("Sertraline"));
        assert_eq!(ana.post(&format!("{at}/send"), &[]).await.status, 303);
        assert!(ana.get(&format!("{at}/done")).await.text.contains("2 answers were left out"));
        let copy = ana.get(&format!("{at}/copy")).await.text;
        assert!(copy.contains("2 answers were left out") && !copy.contains("Sertraline"), "{copy}");
    }

    async fn d4_two_hundred_questions_and_ten_thousand_characters(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let items = (0..200).map(|n| item(&format!("q{n}"), if n % 2 == 0 { Kind::LongText } else { Kind::YesNo }, &format!("Question {n}?"), n < 10));
        let id = given(&t, &practice, &client, Definition { title: "Long".into(), items: items.collect(), ..Definition::default() }).await;
        let at = format!("/portal/forms/{id}");
        let long = "é\u{1f33f} ".repeat(3_334);
        let long = long.trim();
        said(&mut ana, &at, "q0", long).await;
        let mut all: Vec<(String, String)> = [("page", "1"), ("sitting", OTHER_PAGE), ("go", "on"), ("saved", "q0")].map(|(n, v)| (n.into(), v.into())).to_vec();
        all.push(("shown".into(), (0..200).map(|n| format!("q{n}")).collect::<Vec<_>>().join(" ")));
        all.extend((1..200).map(|n| (format!("q-q{n}"), if n % 2 == 0 { format!("Answer {n}") } else { "no".into() })));
        let fields: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(ana.post(&at, &fields).await.location(), format!("{at}/check"));
        assert_eq!(counting(&t), 200);
        let check = ana.get(&format!("{at}/check")).await.text;
        assert!(check.contains(long) && check.contains("Answer 198"));
        assert_eq!(ana.post(&format!("{at}/send"), &[]).await.status, 303);
    }

    async fn r32_texts_of_the_practice_and_of_the_client_stay_texts(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let bad = "<script>alert(1)</script><svg onload=x>\"'&";
        let mut definition = intake();
        definition.title = bad.into();
        definition.intro = bad.into();
        for item in &mut definition.items {
            item.text = format!("{bad} {}", item.id);
            item.help = bad.into();
            item.choices.iter_mut().for_each(|choice| choice.label = format!("{bad} {}", choice.code));
        }
        let id = given(&t, &practice, &client, definition).await;
        let at = format!("/portal/forms/{id}");
        for question in ["name", "which", "sign"] {
            said(&mut ana, &at, question, bad).await;
        }
        said(&mut ana, &at, "medicine", "yes").await;
        for path in ["/portal", "/portal/forms", &format!("{at}?page=1"), &format!("{at}?page=2"), &format!("{at}?page=3"), &format!("{at}/check"), &format!("{at}/file?question=card")] {
            let shown = ana.get(path).await;
            assert_eq!(shown.status, 200, "{path}");
            assert!(!shown.text.contains("<script>alert") && !shown.text.contains("<svg onload"), "{path}: {}", shown.text);
        }
        ana.post(&format!("{at}/send"), &[]).await;
        for path in [format!("{at}/done"), format!("{at}/copy")] {
            assert!(!ana.get(&path).await.text.contains("<script>alert"), "{path}");
        }
    }

    async fn r33_files_are_answers_sealed_and_of_a_kind_that_is_taken(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let (client, mut ana) = t.client_in_portal(&practice, "ana@example.org").await;
        let id = given(&t, &practice, &client, intake()).await;
        let at = format!("/portal/forms/{id}");
        let to = format!("{at}/file");
        let picture = b"\x89PNG\r\n\x1a\n a picture of a card";
        let script = [("hx-request", "true")];
        let page = ana.get(&format!("{to}?question=card&page=3")).await.text;
        assert!(page.contains("insurance card") && page.contains("multipart/form-data"), "{page}");
        assert_eq!(ana.get(&format!("{to}?question=name")).await.status, 404, "it asks for no file");
        // Too large, of another kind than it says, or to a question that asks for none: nothing is left behind.
        let large = vec![b'x'; 25 * 1024 * 1024 + 1];
        for (question, name, bytes, status) in [("card", "card.png", &b"MZ not a picture"[..], 415), ("card", "../card.exe", picture, 415), ("card", "card.txt", &large, 413), ("name", "card.png", picture, 404), ("none", "card.png", picture, 404)] {
            let refused = ana.upload(&to, &[("question", question)], Some((name, bytes))).await;
            assert_eq!(refused.status, status, "{name} {}", refused.text);
        }
        assert_eq!(ana.upload(&to, &[("question", "card")], None).await.status, 422);
        assert_eq!((t.raw.count("select count(*) from documents"), std::fs::read_dir(t.folder().join("files")).map_or(0, Iterator::count)), (0, 0));
        // Pressed twice: one document, and one answer.
        let fields = [("question", "card"), ("page", "3"), ("sitting", PAGE), ("key", "019caf10-8770-72e9-a79e-990e7d12e779")];
        for _ in 0..2 {
            let kept = ana.upload(&to, &fields, Some(("My card.png", picture))).await;
            assert_eq!((kept.status, kept.location()), (303, format!("{at}?page=3#q-card").as_str()), "{}", kept.text);
        }
        assert_eq!((counting(&t), t.raw.count("select count(*) from documents"), std::fs::read_dir(t.folder().join("files")).unwrap().count()), (1, 1, 1));
        assert!(ana.get(&format!("{at}?page=3")).await.text.contains("My card.png"));
        assert!(ana.get("/portal/documents").await.text.contains("My card.png"));
        // By the script: what it was kept as; another one takes its place.
        let body = testkit::in_parts(&[("question", "card"), ("sitting", PAGE), ("key", "k2")], Some(("Back.png", picture)));
        let headers = [("content-type", testkit::PARTS), script[0]];
        let other = ana.request("POST", &to, &headers, body.into()).await;
        assert_eq!((other.status, &other.json()["name"]), (201, &json!("Back.png")), "{}", other.text);
        assert_eq!(counting(&t), 1);
        assert_eq!(ana.post(&format!("{to}/remove"), &[("question", "card"), ("sitting", PAGE)]).await.status, 204);
        assert!(!ana.get(&format!("{at}?page=3")).await.text.contains("Back.png"));
        assert_eq!(t.raw.count("select count(*) from documents where deleted_at is not null"), 1, "what was taken back is put away");
        // Nothing of it lies on the disk in clear.
        for file in std::fs::read_dir(t.folder().join("files")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(9).any(|part| part == b"a picture"));
        }
    }
}
