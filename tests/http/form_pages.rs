//! D2, D3, R22, R40: the builder and the pages of intake flows, with and without script.

use testkit::ruh::access::{Actor, Role};
use testkit::ruh::flows::{self, Needed};
use testkit::ruh::forms;
use testkit::ruh::ids::{ClientId, FormId};
use testkit::ruh::intake;
use testkit::{Answer, Browser, Json, TestApp, TestPractice, both_engines, json};
use uuid::Uuid;

async fn made(browser: &mut Browser, purpose: &str, title: &str, text: &str) -> String {
    let answer = browser.post("/forms", &[("purpose", purpose), ("title", title), ("text", text)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location().to_string()
}

/// Saves an item; its id.
async fn item(browser: &mut Browser, form: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(&format!("{form}/item"), fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location().split_once("#item-").expect("an item").1.to_string()
}

async fn arrange(browser: &mut Browser, form: &str, item: &str, how: &str) -> Answer {
    browser.post(&format!("{form}/arrange"), &[("item", item), ("how", how)]).await
}

/// The value of a hidden field on a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    rest.split('"').next().unwrap().to_string()
}

/// A form with a question, one that is shown by its answer, and one more; with their ids.
async fn health(browser: &mut Browser) -> (String, [String; 3]) {
    let form = made(browser, "form", "Health", "Only your care team reads this.").await;
    let takes =
        item(browser, &form, &[("kind", "yes_no"), ("text", "Do you take medication?"), ("required", "true")]).await;
    let rule = [
        ("kind", "long_text"),
        ("text", "Which ones?"),
        ("condition-0", takes.as_str()),
        ("condition-0-test", "is"),
        ("condition-0-value", "yes"),
    ];
    let which = item(browser, &form, &rule).await;
    let more = item(browser, &form, &[("kind", "short_text"), ("text", "Anything else?")]).await;
    (form, [takes, which, more])
}

/// Where texts stand on a page, in order.
fn in_order(page: &str, texts: &[&str]) {
    let at: Vec<_> = texts.iter().map(|text| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"))).collect();
    assert!(at.is_sorted(), "{texts:?} at {at:?}");
}

async fn program(t: &TestApp, practice: &TestPractice) -> Browser {
    t.browser().bearer(&t.token(practice, practice.owner).await)
}

fn form_id(at: &str) -> FormId {
    at.rsplit('/').next().unwrap().parse().unwrap()
}

both_engines! {
    async fn d2_a_form_is_built_published_and_kept_in_versions(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, [takes, which, more]) = health(&mut owner).await;
        let page = owner.get(&form).await.text;
        for text in ["Draft", "Only your care team reads this.", "Shown if “Do you take medication?” is Yes", "Required", "Nobody can be given this form"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        in_order(&page, &["<p class=\"item-text pre\" dir=\"auto\">Do you take", "dir=\"auto\">Which ones?", "dir=\"auto\">Anything else?"]);

        // Moved; what a rule looks back at stays before it, and the words name the rule.
        assert_eq!(arrange(&mut owner, &form, &more, "up").await.status, 303);
        in_order(&owner.get(&form).await.text, &["dir=\"auto\">Do you take", "dir=\"auto\">Anything else?", "dir=\"auto\">Which ones?"]);
        let first = [("item", more.as_str()), ("how", "before"), ("before", takes.as_str())];
        assert_eq!(owner.post(&format!("{form}/arrange"), &first).await.status, 303);
        let refused = owner.post(&format!("{form}/arrange"), &[("item", &which), ("how", "before"), ("before", &takes)]).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("“Which ones?” is shown by the answer to “Do you take medication?”"), "{}", refused.text);
        assert_eq!(arrange(&mut owner, &form, &takes, "remove").await.status, 409);

        // Taken out and put back, as it was; not after another change.
        let removed = arrange(&mut owner, &form, &which, "remove").await;
        assert_eq!(removed.status, 303);
        let page = owner.get(&form).await.text;
        assert!(page.contains("Deleted.") && page.contains(&format!("action=\"{form}/undo\"")) && !page.contains("Which ones?"), "{page}");
        assert_eq!(owner.post(&format!("{form}/undo"), &[]).await.status, 303);
        assert!(owner.get(&form).await.text.contains("Shown if “Do you take medication?” is Yes"));
        assert_eq!(owner.post(&format!("{form}/undo"), &[]).await.status, 409);
        assert_eq!(arrange(&mut owner, &form, &more, "duplicate").await.status, 303);
        assert_eq!(owner.get(&form).await.text.matches("dir=\"auto\">Anything else?").count(), 2);

        assert_eq!(owner.post(&format!("{form}/publish"), &[]).await.status, 303);
        let page = owner.get(&form).await.text;
        assert!(page.contains("Published") && !page.contains(&format!("action=\"{form}/publish\"")), "{page}");
        // Somebody begins; what is published next leaves them theirs.
        begin(&t, &practice, &form, &takes).await;
        item(&mut owner, &form, &[("kind", "number"), ("text", "How many?")]).await;
        let page = owner.get(&form).await.text;
        assert!(page.contains("Changed since published") && page.contains("1 person keeps the version they answered."), "{page}");
        assert_eq!(owner.post(&format!("{form}/discard"), &[]).await.status, 303);
        assert!(!owner.get(&form).await.text.contains("How many?"));
        assert_eq!(owner.post(&format!("{form}/undo"), &[]).await.status, 303);
        assert_eq!(owner.post(&format!("{form}/publish"), &[]).await.status, 303);
        let versions = owner.get(&format!("{form}/versions")).await.text;
        assert!(versions.contains("Version 2 · published now") && versions.contains("How many?") && versions.contains("Olive Owner"), "{versions}");
        let old = owner.get(&format!("{form}/versions?number=1")).await.text;
        assert!(old.contains("Version 1: ") && !old.contains("How many?"), "{old}");
        assert_eq!(owner.get(&format!("{form}/versions?number=7")).await.status, 404);
    }

    async fn d2_errors_stand_beside_their_field_and_nothing_typed_is_lost(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let form = made(&mut owner, "form", "Health", "").await;
        let typed = [
            ("kind", "single"),
            ("text", ""),
            ("help", "Take your time"),
            ("choice-0", "Often"),
            ("choice-0-points", "many"),
            ("choice-0-alert", "true"),
            ("choice-1", "Never"),
        ];
        let refused = owner.post(&format!("{form}/item"), &typed).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        for text in ["Take your time", "value=\"Often\"", "value=\"many\"", "Points are whole numbers", "id=\"f-text-error\"", "href=\"#f-choices\""] {
            assert!(refused.text.contains(text), "{text}: {}", refused.text);
        }
        // A row more, and one less, without script.
        let mut more = typed.to_vec();
        more.push(("do", "add-choice"));
        let answer = owner.post(&format!("{form}/item"), &more).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains("name=\"choice-2\"") && answer.text.contains("value=\"many\""), "{}", answer.text);
        more.pop();
        more.push(("do", "remove-choice-0"));
        let answer = owner.post(&format!("{form}/item"), &more).await;
        assert!(!answer.text.contains("value=\"Often\"") && answer.text.contains("value=\"Never\""), "{}", answer.text);
        // A rule on an answer that the question has not.
        let asked = item(&mut owner, &form, &[("kind", "single"), ("text", "How often?"), ("choice-0", "Often"), ("choice-1", "Never")]).await;
        let on = |value: &'static str| vec![("kind", "long_text"), ("text", "Why?"), ("condition-0", asked.as_str()), ("condition-0-test", "is"), ("condition-0-value", value)];
        let refused = owner.post(&format!("{form}/item"), &on("Sometimes")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("“How often?” has no such answer.") && refused.text.contains("value=\"Sometimes\""), "{}", refused.text);
        item(&mut owner, &form, &on("OFTEN")).await;
        assert!(owner.get(&form).await.text.contains("Shown if “How often?” is Often"));
        // The answer that the rule waits for cannot go.
        let edit = owner.get(&format!("{form}/item?item={asked}")).await.text;
        let base = hidden(&edit, "base");
        let without = [("kind", "single"), ("item", &asked), ("base", &base), ("text", "How often?"), ("choice-1-code", "c2"), ("choice-1", "Never")];
        let refused = owner.post(&format!("{form}/item"), &without).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("“Why?” is shown by an answer that would be gone."), "{}", refused.text);
        // A kind that there is not, and an item.
        assert_eq!(owner.post(&format!("{form}/item"), &[("kind", "essay")]).await.status, 400);
        assert_eq!(owner.get(&format!("{form}/item?item=nothing")).await.status, 404);
        assert_eq!(arrange(&mut owner, &form, "nothing", "up").await.status, 404);
        assert_eq!(arrange(&mut owner, &form, &asked, "away").await.status, 400);
    }

    async fn r40_a_stale_item_shows_both_and_another_item_is_no_reason(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.member(&practice, Role::Provider, "other@calm.example").await;
        let mut mine = t.signed_in(&practice.owner_email).await;
        let mut theirs = t.signed_in("other@calm.example").await;
        let (form, [takes, _, more]) = health(&mut mine).await;
        let base = hidden(&mine.get(&format!("{form}/item?item={more}")).await.text, "base");
        let their_base = hidden(&theirs.get(&format!("{form}/item?item={takes}")).await.text, "base");
        item(&mut theirs, &form, &[("kind", "yes_no"), ("item", &takes), ("base", &their_base), ("text", "Do you take any?")]).await;
        // Their change is of another item: mine is saved.
        let save = |text: &'static str, base: String| vec![("kind", "short_text".to_string()), ("item", more.clone()), ("base", base), ("text", text.to_string())];
        let post = |fields: Vec<(&'static str, String)>| fields;
        let fields = post(save("Anything more?", base.clone()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        item(&mut theirs, &form, &fields).await;
        let fields = save("And then?", base);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let stale = mine.post(&format!("{form}/item"), &fields).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("And then?") && stale.text.contains("Anything more?"), "{}", stale.text);
        let fields = save("And then?", hidden(&stale.text, "base"));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(item(&mut mine, &form, &fields).await, more);
        // Taken out by somebody else: saving again puts it back under its own id.
        let base = hidden(&mine.get(&format!("{form}/item?item={more}")).await.text, "base");
        assert_eq!(arrange(&mut theirs, &form, &more, "remove").await.status, 303);
        let fields = save("And now?", base);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let gone = mine.post(&format!("{form}/item"), &fields).await;
        assert!(gone.status == 409 && gone.text.contains("deleted this question"), "{}", gone.text);
        let fields = save("And now?", String::new());
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(item(&mut mine, &form, &fields).await, more);
        // The title.
        let base = hidden(&mine.get(&format!("{form}/text")).await.text, "base");
        let first = theirs.post(&format!("{form}/text"), &[("base", &base), ("title", "Your health"), ("text", "")]).await;
        assert_eq!(first.status, 303, "{}", first.text);
        let stale = mine.post(&format!("{form}/text"), &[("base", &base), ("title", "My health"), ("text", "")]).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("My health") && stale.text.contains("Your health"), "{}", stale.text);
    }

    async fn d2_pressed_twice_is_done_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let before = t.raw.count("select count(*) from forms");
        let key = hidden(&owner.get("/forms/new?purpose=form").await.text, "key");
        let typed = [("purpose", "form"), ("title", "Health"), ("key", key.as_str())];
        let first = owner.post("/forms", &typed).await.location().to_string();
        assert_eq!(owner.post("/forms", &typed).await.location(), first);
        let key = hidden(&owner.get(&format!("{first}/item?kind=date")).await.text, "key");
        let typed = [("kind", "date"), ("text", "Since when?"), ("key", key.as_str())];
        let one = item(&mut owner, &first, &typed).await;
        assert_eq!(item(&mut owner, &first, &typed).await, one);
        assert_eq!(t.raw.count("select count(*) from forms"), before + 1);
    }

    async fn d2_policies_and_texts_have_two_fields(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let refused = owner.post("/forms", &[("purpose", "policy"), ("title", ""), ("text", "")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("id=\"t-title-error\"") && refused.text.contains("id=\"t-text-error\""), "{}", refused.text);
        let policy = made(&mut owner, "policy", "Cancelling", "Tell us a day ahead.").await;
        let page = owner.get(&policy).await.text;
        assert!(page.contains("Tell us a day ahead.</textarea>") && !page.contains("Add question"), "{page}");
        let base = hidden(&page, "base");
        let saved = owner.post(&format!("{policy}/text"), &[("base", &base), ("title", "Cancelling"), ("text", "Two days.")]).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        let stale = owner.post(&format!("{policy}/text"), &[("base", &base), ("title", "Cancelling"), ("text", "Three days.")]).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("Three days.") && stale.text.contains("Two days."), "{}", stale.text);
        let preview = owner.get(&format!("{policy}/preview")).await.text;
        assert!(preview.contains("Two days.") && preview.contains("I have read this and agree to it"), "{preview}");
    }

    async fn d2_the_preview_asks_as_a_client_is_asked_and_saves_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, [takes, _, _]) = health(&mut owner).await;
        let heading = item(&mut owner, &form, &[("kind", "heading"), ("text", "Doses"), ("condition-0", &takes), ("condition-0-test", "is"), ("condition-0-value", "Yes")]).await;
        let dose = item(&mut owner, &form, &[("kind", "number"), ("text", "How many a day?"), ("after", &heading)]).await;
        let before = t.raw.count("select count(*) from answers") + t.raw.count("select count(*) from client_forms");
        let at = format!("{form}/preview");
        let first = owner.get(&at).await.text;
        assert!(first.contains("Only your care team reads this.") && first.contains("data-show-if"), "{first}");
        let yes = format!("q-{takes}");
        let second = owner.post(&at, &[("page", "0"), (&yes, "yes"), ("go", "on")]).await.text;
        assert!(second.contains("Page 2 of 2") && second.contains("How many a day?") && second.contains(&format!("name=\"{yes}\" value=\"yes\"")), "{second}");
        let dose = format!("q-{dose}");
        let wrong = owner.post(&at, &[("page", "1"), (&yes, "yes"), (&dose, "a lot"), ("go", "on")]).await.text;
        assert!(wrong.contains("value=\"a lot\"") && wrong.contains("This is not a number"), "{wrong}");
        let end = owner.post(&at, &[("page", "1"), (&yes, "yes"), (&dose, "2"), ("go", "on")]).await.text;
        assert!(end.contains("Nothing was saved"), "{end}");
        let skipped = owner.post(&at, &[("page", "0"), (&yes, "no"), ("go", "on")]).await.text;
        assert!(skipped.contains("That is all of it"), "{skipped}");
        assert_eq!(t.raw.count("select count(*) from answers") + t.raw.count("select count(*) from client_forms"), before);
    }

    async fn d2_a_form_leaves_as_a_file_and_comes_back_as_one(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, _) = health(&mut owner).await;
        let file = owner.get(&format!("{form}/questionnaire")).await;
        assert!(file.header("content-type").starts_with("application/fhir+json"), "{}", file.header("content-type"));
        assert!(file.header("content-disposition").starts_with("attachment; filename=\"Health.json\""), "{}", file.header("content-disposition"));
        let back = owner.post("/forms/import", &[("text", &file.text)]).await;
        assert_eq!(back.status, 303, "{}", back.text);
        let again = back.location().to_string();
        assert_ne!(again, form);
        let page = owner.get(&again).await.text;
        assert!(page.contains("Shown if “Do you take medication?” is Yes"), "{page}");
        for bad in ["", "no JSON", "{\"resourceType\": \"Patient\"}"] {
            let refused = owner.post("/forms/import", &[("text", bad)]).await;
            assert_eq!(refused.status, 422, "{bad}: {}", refused.text);
            assert!(refused.text.contains("id=\"i-text-error\""), "{bad}: {}", refused.text);
        }
        let shelf = owner.get("/forms/library").await.text;
        let key = hidden(&shelf, "key");
        let added = owner.post("/forms/library", &[("key", &key)]).await;
        assert_eq!(added.status, 303, "{}", added.text);
        assert!(owner.get(added.location()).await.text.contains("Published"));
        assert_eq!(owner.post("/forms/library", &[("key", "nothing")]).await.status, 404);
    }

    async fn d2_archived_forms_rest_and_come_back(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, [takes, ..]) = health(&mut owner).await;
        let copy = owner.post(&format!("{form}/duplicate"), &[]).await.location().to_string();
        assert!(owner.get(&copy).await.text.contains("Health (copy)"));
        assert_eq!(owner.post(&format!("{form}/archive"), &[]).await.location(), "/forms");
        let list = owner.get("/forms").await.text;
        assert!(list.contains("Form archived.") && !list.contains(&format!("href=\"{form}\"")), "{list}");
        assert!(owner.get("/forms?archived=true").await.text.contains(&format!("href=\"{form}\"")));
        for path in ["publish", "undo"] {
            assert_eq!(owner.post(&format!("{form}/{path}"), &[]).await.status, 409, "{path}");
        }
        assert_eq!(arrange(&mut owner, &form, &takes, "down").await.status, 409);
        assert_eq!(owner.post(&format!("{form}/item"), &[("kind", "date"), ("text", "When?")]).await.status, 409);
        assert_eq!(owner.post(&format!("{form}/restore"), &[]).await.status, 303);
        assert!(owner.get("/forms").await.text.contains(&format!("href=\"{form}\"")));
    }

    async fn d3_a_flow_is_ordered_given_to_a_group_and_deleted(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, _) = health(&mut owner).await;
        let welcome = made(&mut owner, "welcome", "Good to see you", "We are glad.").await;
        let draft = made(&mut owner, "form", "Not yet", "").await;
        for each in [&form, &welcome] {
            assert_eq!(owner.post(&format!("{each}/publish"), &[]).await.status, 303);
        }
        let page = owner.get("/flows/new").await.text;
        assert!(page.contains("Good to see you (Welcome text)") && !page.contains("Not yet"), "{page}");
        let (one, two) = (form_id(&form).to_string(), form_id(&welcome).to_string());
        // Steps come, move and go without script, and what was typed stays.
        let (needed, up) = (format!("needed-{one}"), format!("up:{two}"));
        let typed = [("name", "First weeks"), ("step", &one), ("step", &two), (&needed, "true")];
        let mut moved = typed.to_vec();
        moved.push(("do", &up));
        let page = owner.post("/flows", &moved).await.text;
        in_order(&page, &[&format!("name=\"step\" value=\"{two}\""), &format!("name=\"step\" value=\"{one}\"")]);
        assert!(page.contains("value=\"First weeks\""), "{page}");
        let refused = owner.post("/flows", &[("name", ""), ("do", "save")]).await;
        assert!(refused.status == 422 && refused.text.contains("Add at least one step."), "{}", refused.text);
        let with_draft = form_id(&draft).to_string();
        assert_eq!(owner.post("/flows", &[("name", "X"), ("step", &with_draft)]).await.status, 422);
        assert_eq!(owner.post("/flows", &typed).await.location(), "/flows");
        let list = owner.get("/flows").await.text;
        assert!(list.contains("First weeks") && list.contains("2 steps, 1 of them can be skipped") && list.contains("3 min"), "{list}");

        let mut api = program(&t, &practice).await;
        let flows = api.get("/api/v1/flows").await.json();
        let flow = flows["items"].as_array().unwrap().iter().find(|flow| flow["name"] == "First weeks").unwrap().clone();
        let (id, version) = (flow["id"].as_str().unwrap(), flow["version"].to_string());
        let group = api.get("/api/v1/groups").await.json()["items"][0].clone();
        let (group_id, group_version) = (group["id"].as_str().unwrap(), group["version"].to_string());
        let save = [("name", "First weeks"), ("colour", "blue"), ("flow_id", id), ("version", &group_version)];
        assert_eq!(owner.post(&format!("/settings/groups/{group_id}"), &save).await.status, 303);
        assert!(owner.get("/settings/groups").await.text.contains("intake: <bdi>First weeks</bdi>"));
        let unknown = Uuid::nil().to_string();
        let group = api.get("/api/v1/groups").await.json()["items"][0].clone();
        let group_version = group["version"].to_string();
        let bad = [("name", "Renamed"), ("colour", "blue"), ("flow_id", unknown.as_str()), ("version", &group_version)];
        let refused = owner.post(&format!("/settings/groups/{group_id}"), &bad).await;
        assert!(refused.status == 422 && refused.text.contains("There is no such intake flow any more."), "{}", refused.text);
        assert!(!owner.get("/settings/groups").await.text.contains("Renamed"), "nothing of it was saved");
        // A stale save shows what stands; saving again keeps one's own.
        let steps = json!({"steps": [{"form_id": two}], "name": "For all"});
        assert_eq!(api.json("PATCH", &format!("/api/v1/flows/{id}"), &steps).await.status, 200);
        let at = format!("/flows/{id}");
        let mut mine = typed.to_vec();
        mine.push(("version", &version));
        let stale = owner.post(&at, &mine).await;
        assert_eq!(stale.status, 409);
        assert!(stale.text.contains("For all") && stale.text.contains("Saved now, in this order"), "{}", stale.text);
        let version = hidden(&stale.text, "version");
        mine.pop();
        mine.push(("version", &version));
        assert_eq!(owner.post(&at, &mine).await.status, 303);
        // A form that a flow asks for is not archived; deleting the flow names its groups.
        let refused = owner.post(&format!("{form}/archive"), &[]).await;
        assert!(refused.status == 409 && refused.text.contains("“First weeks”"), "{}", refused.text);
        let ask = owner.get(&format!("{at}/delete")).await.text;
        assert!(ask.contains("These groups have it") && ask.contains("First weeks"), "{ask}");
        assert_eq!(owner.post(&format!("{at}/delete"), &[]).await.status, 303);
        assert_eq!(owner.get(&at).await.status, 404);
        assert!(api.get("/api/v1/groups").await.json()["items"][0]["flow_id"].is_null());
    }

    async fn d3_a_ready_made_beginning_is_taken_once(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let empty = owner.get("/flows").await.text;
        assert!(empty.contains("/flows/ready-made") && empty.contains("Begin with ours"), "{empty}");
        let said = owner.get("/flows/ready-made").await.text;
        for text in ["Intake questionnaire", "Intake for minors", "New clients, Couples"] {
            assert!(said.contains(text), "{text}: {said}");
        }
        assert_eq!(owner.post("/flows/ready-made", &[]).await.location(), "/flows");
        let listed = owner.get("/flows").await.text;
        assert!(listed.contains("Intake for minors") && listed.contains("4 steps"), "{listed}");
        assert_eq!(owner.post("/flows/ready-made", &[]).await.status, 409, "once");
        let mut api = program(&t, &practice).await;
        assert_eq!(api.json("POST", "/api/v1/flows/ready-made", &json!({})).await.status, 409);
        let groups = api.get("/api/v1/groups").await.json();
        let of = |name: &str| {
            let all = groups["items"].as_array().unwrap();
            all.iter().find(|group| group["name"] == name).unwrap()["flow_id"].clone()
        };
        assert!(of("New clients").is_string() && of("New clients") == of("Couples"), "{groups}");
        assert!(of("Minors").is_string() && of("Minors") != of("Couples"), "{groups}");
        // Another practice begins by a program, with the same.
        let other = t.practice("Other Shore").await;
        let mut api = program(&t, &other).await;
        let made = api.json("POST", "/api/v1/flows/ready-made", &json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.json()["items"][0]["groups"].as_array().unwrap().len(), 2, "{}", made.text);
    }

    async fn d3_flows_in_the_api(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut owner = t.signed_in(&practice.owner_email).await;
        let (form, _) = health(&mut owner).await;
        assert_eq!(owner.post(&format!("{form}/publish"), &[]).await.status, 303);
        let id = form_id(&form).to_string();
        let mut api = program(&t, &practice).await;
        let body = json!({"name": "Little ones", "steps": [{"form_id": id, "required": false}]});
        let made = api.json("POST", "/api/v1/flows", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let flow = made.json();
        assert_eq!((&flow["steps"][0]["required"], &flow["steps"][0]["purpose"], &flow["version"]), (&json!(false), &json!("form"), &json!(1)));
        assert_eq!(api.json("POST", "/api/v1/flows", &body).await.status, 422, "a name is one flow's alone");
        let at = format!("/api/v1/flows/{}", flow["id"].as_str().unwrap());
        let renamed = api.json("PATCH", &at, &json!({"name": "Families", "version": 1})).await.json();
        assert_eq!((&renamed["name"], &renamed["steps"][0]["form_id"]), (&json!("Families"), &json!(id)));
        assert_eq!(api.json("PATCH", &at, &json!({"name": "Again", "version": 1})).await.status, 409);
        assert_eq!(api.json("PATCH", &at, &json!({"steps": []})).await.status, 422);
        assert_eq!(api.get(&at).await.json()["name"], "Families");
        let gone: Json = api.json("DELETE", &at, &json!({})).await.json();
        assert_eq!(gone, json!({"groups": []}));
        assert_eq!(api.get(&at).await.status, 404);
    }
}

/// Gives a form to a new client, who answers its first question.
async fn begin(t: &TestApp, practice: &TestPractice, form: &str, question: &str) {
    let client = ClientId(t.client(practice, json!({})).await.parse().unwrap());
    let (form, question) = (form_id(form), question.to_string());
    t.app
        .practice(Actor::system(practice.id))
        .write(move |p| {
            let given = flows::give_form(p, client, form, Needed::Required)?;
            let typed = forms::Typed { values: vec!["yes".into()], own: String::new() };
            let said = intake::Given {
                question: question.clone(),
                said: intake::Said::Typed(typed),
                ago: std::time::Duration::ZERO,
            };
            intake::save(p, given, Uuid::from_u128(1), &[said])
        })
        .await
        .unwrap();
}
