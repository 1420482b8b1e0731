//! D4, R20, R40: answers as the verbs keep them: from several devices, late, twice, hidden, at once.

use std::time::Duration;

use testkit::ruh::access::Actor;
use testkit::ruh::error::Error;
use testkit::ruh::flows::{self, Needed};
use testkit::ruh::forms::{
    self, Answer, Choice, Combine, Condition, Definition, Item, Kind, Purpose, Saved, ShowIf, Test, Typed,
};
use testkit::ruh::ids::{ClientFormId, ClientId, FormVersionId};
use testkit::ruh::intake::{self, Given, HandedIn, Kept, Page, Said};
use testkit::{TestApp, TestPractice, both_engines, json, ruh};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

fn choice(code: &str, alert: bool) -> Choice {
    Choice { code: code.into(), label: code.into(), system: String::new(), points: None, alert }
}

/// A name; whether somebody takes medicine, and which; how the nights are, where one answer asks for attention.
fn definition() -> Definition {
    let mut name = Item::new("name", Kind::ShortText, "What do you like to be called?");
    name.required = true;
    let medicine = Item::new("medicine", Kind::YesNo, "Do you take any medicine?");
    let mut which = Item::new("which", Kind::LongText, "Which?");
    which.required = true;
    let condition = Condition { question: "medicine".into(), test: Test::Is, value: "yes".into() };
    which.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![condition] });
    let mut nights = Item::new("nights", Kind::Single, "How are your nights?");
    nights.choices = vec![choice("good", false), choice("bad", true)];
    Definition { title: "Before we meet".into(), items: vec![name, medicine, which, nights], ..Definition::default() }
}

/// A client with a form to fill in.
async fn given(t: &TestApp, practice: &TestPractice) -> (ClientId, ClientFormId) {
    let client = ClientId(t.client(practice, json!({})).await.parse().unwrap());
    let id = t
        .app
        .practice(Actor::system(practice.id))
        .write(move |p| {
            let Saved::Saved(form) = forms::add(p, Purpose::Form, &definition())? else { panic!("a sound form") };
            let form = forms::publish(p, form.id)?;
            flows::give_form(p, client, form.id, Needed::Required)
        })
        .await
        .unwrap();
    (client, id)
}

fn text(question: &str, typed: &str, ago: Duration) -> Given {
    Given {
        question: question.into(),
        said: Said::Typed(Typed { values: vec![typed.into()], own: String::new() }),
        ago,
    }
}

async fn save(
    t: &TestApp,
    practice: &TestPractice,
    id: ClientFormId,
    sitting: Uuid,
    given: Vec<Given>,
) -> intake::Saved {
    let door = t.app.practice(Actor::system(practice.id));
    door.write(move |p| intake::save(p, id, sitting, &given)).await.unwrap()
}

async fn answers(t: &TestApp, practice: &TestPractice, id: ClientFormId) -> forms::Answers {
    t.app.practice(Actor::system(practice.id)).read(move |p| Ok(intake::sheet(p, id)?.answers)).await.unwrap()
}

async fn hand_in(t: &TestApp, practice: &TestPractice, id: ClientFormId) -> Result<HandedIn, Error> {
    t.app.practice(Actor::system(practice.id)).write(move |p| intake::hand_in(p, id, None)).await
}

fn counting(t: &TestApp) -> i64 {
    t.raw.count("select count(*) from answers where counts")
}

both_engines! {
    async fn d4_the_later_answer_counts_and_both_are_kept(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, id) = given(&t, &practice).await;
        let (phone, desk) = (Uuid::from_u128(1), Uuid::from_u128(2));
        save(&t, &practice, id, phone, vec![text("name", "An", Duration::ZERO)]).await;
        t.advance(Duration::from_secs(5));
        // The same page goes on: what was there is replaced and not kept beside.
        save(&t, &practice, id, phone, vec![text("name", "Ana", Duration::ZERO)]).await;
        assert_eq!(t.raw.count("select count(*) from answers"), 1);
        t.advance(MINUTE);
        save(&t, &practice, id, desk, vec![text("name", "Ana María", Duration::ZERO)]).await;
        assert_eq!((counting(&t), t.raw.count("select count(*) from answers")), (1, 2));
        t.advance(MINUTE);
        // The phone was without a connection: typed before the desk's, it arrives after it.
        let late = save(&t, &practice, id, phone, vec![text("name", "Anna", MINUTE + MINUTE / 2)]).await;
        let Kept::Older(Some(counts)) = &late.kept[0].1 else { panic!("{late:?}") };
        assert_eq!(*counts, Answer::Text("Ana María".into()));
        assert_eq!(answers(&t, &practice, id).await["name"], Answer::Text("Ana María".into()));
        assert_eq!((counting(&t), t.raw.count("select count(*) from answers")), (1, 3));
        // Typed after it, it counts, and everything that was there is history.
        save(&t, &practice, id, phone, vec![text("name", "Anna", Duration::ZERO)]).await;
        assert_eq!(answers(&t, &practice, id).await["name"], Answer::Text("Anna".into()));
        let door = t.app.practice(Actor::system(practice.id));
        let past = door.read(move |p| intake::history(p, id)).await.unwrap();
        assert_eq!(past.iter().filter(|one| one.counts).count(), 1);
        assert_eq!(past.iter().filter(|one| one.ended.as_deref() == Some("later")).count(), past.len() - 1);
        // Sent again after a lost reply it is the same answer.
        let rows = t.raw.count("select count(*) from answers");
        save(&t, &practice, id, phone, vec![text("name", "Anna", MINUTE)]).await;
        assert_eq!(t.raw.count("select count(*) from answers"), rows);
    }

    async fn d4_what_cannot_be_kept_is_said_and_the_rest_is_kept(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, id) = given(&t, &practice).await;
        let many = "x".repeat(600);
        let given = vec![
            text("name", "Ana", Duration::ZERO),
            text("nights", "awful", Duration::ZERO),
            text("which", &many, Duration::ZERO),
            text("no such question", "x", Duration::ZERO),
        ];
        let saved = save(&t, &practice, id, Uuid::from_u128(1), given).await;
        let kept: Vec<&Kept> = saved.kept.iter().map(|(_, kept)| kept).collect();
        assert!(matches!(kept[..], [Kept::Kept, Kept::Refused(_), Kept::Kept, Kept::NotAsked]), "{kept:?}");
        let long = save(&t, &practice, id, Uuid::from_u128(1), vec![text("name", &many, Duration::ZERO)]).await;
        assert!(matches!(long.kept[0].1, Kept::Refused(forms::Refusal::TooLong(500))), "{long:?}");
        assert_eq!(answers(&t, &practice, id).await["name"], Answer::Text("Ana".into()), "what was kept stays");
        // Nothing of it lies in the database in clear.
        assert_eq!(t.raw.count("select count(*) from answers where value_sealed is null"), 0);
        let hex = t.raw.rows("select value_sealed from answers").into_iter().flatten().flatten().collect::<String>();
        assert!(!hex.contains("416e61"), "{hex}");
    }

    async fn d3_hidden_answers_are_left_out_with_a_note(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (client, id) = given(&t, &practice).await;
        let page = Uuid::from_u128(1);
        save(&t, &practice, id, page, vec![text("medicine", "yes", Duration::ZERO)]).await;
        assert_eq!(hand_in(&t, &practice, id).await.unwrap(), HandedIn::Missing(vec!["name".into(), "which".into()]));
        let all = vec![text("name", "Ana", Duration::ZERO), text("which", "Sertraline", Duration::ZERO)];
        save(&t, &practice, id, page, all).await;
        save(&t, &practice, id, page, vec![text("medicine", "no", Duration::ZERO)]).await;
        assert_eq!(hand_in(&t, &practice, id).await.unwrap(), HandedIn::Done { left_out: 1 });
        assert!(!answers(&t, &practice, id).await.contains_key("which"));
        let door = t.app.practice(Actor::system(practice.id));
        let task = door.read(move |p| intake::find(p, id)).await.unwrap();
        assert_eq!((task.state, task.left_out, task.answered), (intake::State::Done, 1, 2));
        let past = door.read(move |p| intake::history(p, id)).await.unwrap();
        assert!(past.iter().any(|one| one.ended.as_deref() == Some("hidden")), "what was left out is kept: {past:?}");
        // It is closed now, until somebody opens it again.
        let given = vec![text("name", "Eve", Duration::ZERO)];
        let refused = door.write(move |p| intake::save(p, id, page, &given)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let archived = door.write(move |p| ruh::clients::archive(p, client)).await.unwrap();
        assert!(archived);
        assert!(matches!(door.write(move |p| intake::reopen(p, id)).await, Err(Error::Conflict(_))));
    }

    async fn r42_answers_at_once_leave_one_that_counts(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, id) = given(&t, &practice).await;
        let mut all = tokio::task::JoinSet::new();
        for n in 0..24_u64 {
            let door = t.app.practice(Actor::system(practice.id));
            all.spawn(async move {
                let given = vec![text("name", &format!("Name {n}"), Duration::from_millis(n)), text("nights", "bad", Duration::ZERO)];
                door.write(move |p| intake::save(p, id, Uuid::from_u128(u128::from(n) + 1), &given)).await
            });
        }
        while let Some(saved) = all.join_next().await {
            saved.unwrap().unwrap();
        }
        assert_eq!(counting(&t), 2, "one for each question");
        assert_eq!(answers(&t, &practice, id).await["name"], Answer::Text("Name 0".into()), "typed last");
        assert_eq!(t.raw.count("select count(*) from form_alerts"), 1, "one alert, however often it was sent");
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let door = t.app.practice(Actor::system(practice.id));
            all.spawn(async move { door.write(move |p| intake::hand_in(p, id, None)).await });
        }
        let mut done = 0;
        while let Some(ended) = all.join_next().await {
            match ended.unwrap() {
                Ok(HandedIn::Done { .. }) => done += 1,
                Err(Error::Conflict(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(done, 1, "handed in once");
        assert_eq!(t.raw.count("select count(*) from activities where kind = 'form.handed_in'"), 1);
    }

    async fn d4_what_was_shown_is_what_is_answered(t: TestApp) {
        let mut t = t;
        t.leave_jobs();
        let practice = t.practice("Calm Harbour").await;
        let (_, id) = given(&t, &practice).await;
        let door = t.app.practice(Actor::system(practice.id));
        let shown = door.read(move |p| intake::find(p, id)).await.unwrap();
        // Published anew while somebody reads.
        let form = shown.form;
        door.write(move |p| {
            let mut other = definition();
            other.items[0].text = "Who are you?".into();
            forms::change(p, form, &other, None)?;
            forms::publish(p, form)
        })
        .await
        .unwrap();
        let page = Page { sitting: Uuid::from_u128(1), version: Some(shown.version) };
        let twice = vec![text("name", "Ana", Duration::ZERO), text("name", "Eve", Duration::ZERO)];
        let refused = door.write(move |p| intake::save_on(p, id, page, &twice)).await;
        assert!(matches!(refused, Err(Error::BadRequest(_))), "two answers to one question: {refused:?}");
        let foreign = Page { version: Some(FormVersionId(Uuid::from_u128(9))), ..page };
        let one = vec![text("name", "Ana", Duration::ZERO)];
        let refused = door.write({
            let one = one.clone();
            move |p| intake::save_on(p, id, foreign, &one)
        });
        assert!(matches!(refused.await, Err(Error::Conflict(_))), "no version of this form");
        door.write(move |p| intake::save_on(p, id, page, &one)).await.unwrap();
        let bound = door.read(move |p| intake::sheet(p, id)).await.unwrap();
        assert_eq!((bound.task.bound, bound.version.number), (Some(shown.version), 1), "the words that were read");
    }
}
