//! What the made-up clients were given to fill in: an intake flow that some are through with and some are not, a short
//! form that one has answered again and again, and an answer that needs attention.

use super::{DAY, Desk, HOUR, MINUTE};
use crate::access::Actor;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::flows::{self, Needed};
use crate::forms::{self, Answer, Answers, Choice, Definition, Item, Kind, Purpose, Scale, Signature};
use crate::ids::{ClientFormId, ClientId, FlowId, FormId};
use crate::intake::{self, Given, HandedIn, Said};
use crate::jobs::{self, Kind as JobKind};
use crate::practice::Practice;
use crate::words::Words;
use crate::{clients, portal_access};

/// Days ago, and how the weekly check-in was answered: a place among the choices for each of its questions.
const CHECK_INS: [(u32, [usize; 5]); 5] =
    [(56, [3, 2, 3, 2, 3]), (42, [2, 2, 3, 2, 2]), (28, [2, 1, 2, 2, 2]), (14, [1, 1, 2, 1, 1]), (3, [1, 0, 1, 1, 1])];

/// Gives and answers everything.
pub fn intake(desk: &Desk) -> Result<()> {
    let owner = desk.team.first().ok_or(Error::NotFound)?;
    let begun = desk.h.at(desk.h.now.minus(DAY * 69));
    let (adults, young, check_in) = all_forms(&begun.practice(owner))?;
    through(desk, adults, check_in)?;
    midway(desk, adults)?;
    on_behalf(desk, adults)?;
    for (name, flow, days) in [("Emre+Y", adults, 2), ("Leo+Berg", young, 9), ("Ivy+Chen", young, 20)] {
        given(desk, name, flow, days)?;
    }
    waived(desk, check_in)?;
    // Who comes from now on gets them with the group.
    let h = desk.h.at(desk.h.now.minus(HOUR));
    let p = &h.practice(owner);
    for (group, flow) in [(0, adults), (2, young)] {
        if let Some(group) = desk.groups.get(group) {
            flows::set_group(p, *group, Some(flow))?;
        }
    }
    Ok(())
}

fn all_forms(p: &Practice) -> Result<(FlowId, FlowId, FormId)> {
    if forms::published(p)?.is_empty() {
        forms::add_first(p)?;
    }
    let standing = forms::published(p)?;
    let titled = |key: &str| {
        let title = forms::library().iter().find(|form| form.key == key).map(|form| form.title);
        standing.iter().find(|form| Some(form.title.as_str()) == title).map(|form| form.id).ok_or(Error::NotFound)
    };
    let required = |key: &str| Ok::<_, Error>((titled(key)?, Needed::Required));
    let adults = flow(
        p,
        "New clients",
        vec![
            required("welcome")?,
            required("cancellation")?,
            required("intake")?,
            required("consent")?,
            (titled("telehealth")?, Needed::Skippable),
        ],
    )?;
    let young = flow(p, "Young clients", vec![required("welcome")?, required("minor")?])?;
    let forms::Saved::Saved(check_in) = forms::add(p, Purpose::Form, &check_in())? else {
        return Err(Error::internal("a made-up form was refused"));
    };
    Ok((adults, young, forms::publish(p, check_in.id)?.id))
}

fn flow(p: &Practice, name: &str, steps: Vec<(FormId, Needed)>) -> Result<FlowId> {
    match flows::add(p, &flows::Typed { name: name.into(), steps }, Words::of("en"))? {
        flows::Saved::Saved(flow) => Ok(flow.id),
        _ => Err(Error::internal("a made-up flow was refused")),
    }
}

/// Five questions of our own that add up to something, and room for words.
fn check_in() -> Definition {
    let asked = [
        "How badly did you sleep?",
        "How tense did you feel?",
        "How hard was it to get going in the morning?",
        "How much did you keep away from people?",
        "How heavy did the week feel, all in all?",
    ];
    let choices = ["Not at all", "A little", "Rather", "Very much"];
    let mut items = vec![Item::new("week", Kind::Heading, "The last seven days")];
    for (n, text) in asked.iter().enumerate() {
        let mut item = Item::new(format!("w{n}"), Kind::Single, *text);
        item.required = true;
        let choice = |(points, label): (usize, &&str)| Choice {
            code: format!("c{points}"),
            label: (*label).into(),
            system: String::new(),
            points: i64::try_from(points).ok(),
            alert: false,
        };
        item.choices = choices.iter().enumerate().map(choice).collect();
        items.push(item);
    }
    let mut scale = Item::new("hope", Kind::Scale, "How hopeful are you about the next week?");
    scale.scale = Some(Scale { from: 0, to: 10, low: "Not at all".into(), high: "Very".into() });
    items.push(scale);
    items.push(Item::new("words", Kind::LongText, "Anything that we should talk about?"));
    Definition { title: "Weekly check-in".into(), items, ..Definition::default() }
}

/// Somebody who did all of it, and goes on answering.
fn through(desk: &Desk, flow: FlowId, check_in: FormId) -> Result<()> {
    let name = "Ana+Marchetti";
    let client = given(desk, name, flow, 62)?;
    let at = |days: u32| desk.h.now.minus(DAY * days + HOUR * 3);
    all_of_it(desk, name, client, at(61))?;
    for (days, places) in CHECK_INS {
        let id = one(desk, name, check_in, days + 1)?;
        let mut answers: Answers =
            places.iter().enumerate().map(|(n, place)| (format!("w{n}"), chosen(&format!("c{place}")))).collect();
        answers.insert("hope".into(), Answer::Scale(9 - i64::try_from(places.iter().sum::<usize>() / 2).unwrap_or(0)));
        if days == 3 {
            answers.insert(
                "words".into(),
                Answer::Text("The walk before breakfast helps. I would like to keep it.".into()),
            );
        }
        hand_in(desk, client, id, &answers, at(days))?;
    }
    one(desk, name, check_in, 1).map(drop)
}

/// Somebody in the middle of it, with an answer that needs attention.
fn midway(desk: &Desk, flow: FlowId) -> Result<()> {
    let client = given(desk, "Benjamin+Adler", flow, 6)?;
    let at = desk.h.now.minus(DAY * 2);
    let (welcome, rest) =
        steps(desk, client)?.split_first().map(|(first, rest)| (*first, rest.to_vec())).ok_or(Error::NotFound)?;
    hand_in(desk, client, welcome, &Answers::new(), at)?;
    if let [policy, questions, ..] = rest.as_slice() {
        hand_in(desk, client, *policy, &Answers::new(), at.plus(MINUTE * 2))?;
        let some = [
            ("called", Answer::Text("Ben".into())),
            ("reach", chosen("portal")),
            ("emergency_name", Answer::Text("Judith Adler".into())),
            ("emergency_phone", Answer::Text("+1 212 555 0143".into())),
            ("reason_words", Answer::Text("I do not sleep, and at work I lose the thread.".into())),
            ("reason_weight", Answer::Scale(7)),
            ("safety", chosen("often")),
        ];
        let some = some.into_iter().map(|(id, answer)| (id.to_string(), answer)).collect();
        save(desk, client, *questions, &some, at.plus(MINUTE * 9))?;
    }
    silence(desk, client)
}

/// Somebody without e-mail: their provider wrote down what they said.
fn on_behalf(desk: &Desk, flow: FlowId) -> Result<()> {
    let client = given(desk, "Kateryna+Shevchenko", flow, 9)?;
    all_of_it(desk, "Kateryna+Shevchenko", client, desk.h.now.minus(DAY * 8))
}

fn waived(desk: &Desk, check_in: FormId) -> Result<()> {
    let id = one(desk, "Grace+Holloway", check_in, 12)?;
    let h = desk.h.at(desk.h.now.minus(DAY * 10));
    intake::waive(&h.practice(carer(desk, client_named(desk, "Grace+Holloway")?)?), id).map(drop)
}

/// Whoever cares for a client.
fn carer<'d>(desk: &'d Desk, client: ClientId) -> Result<&'d Actor> {
    let owner = provider(desk)?;
    let primary = clients::find(&desk.h.practice(owner), client)?.fields.primary_provider;
    let is = |actor: &&Actor| actor.member().map(|member| member.id) == primary;
    Ok(desk.team.iter().find(is).unwrap_or(owner))
}

/// The owner, who sees everybody.
fn provider<'d>(desk: &'d Desk) -> Result<&'d Actor> {
    desk.team.first().ok_or(Error::NotFound)
}

fn client_named(desk: &Desk, name: &str) -> Result<ClientId> {
    let (found, _) = clients::gather(&desk.h.practice(provider(desk)?), &format!("search={name}"), None, 1)?;
    found.first().copied().ok_or(Error::NotFound)
}

fn given(desk: &Desk, name: &str, flow: FlowId, days: u32) -> Result<ClientId> {
    let client = client_named(desk, name)?;
    let h = desk.h.at(desk.h.now.minus(DAY * days));
    flows::give_flow(&h.practice(carer(desk, client)?), client, flow)?;
    silence(desk, client)?;
    Ok(client)
}

fn one(desk: &Desk, name: &str, form: FormId, days: u32) -> Result<ClientFormId> {
    let client = client_named(desk, name)?;
    let h = desk.h.at(desk.h.now.minus(DAY * days));
    let id = flows::give_form(&h.practice(carer(desk, client)?), client, form, Needed::Required)?;
    silence(desk, client)?;
    Ok(id)
}

/// What was queued goes nowhere.
pub fn silence(desk: &Desk, client: ClientId) -> Result<()> {
    let system = Actor::system(provider(desk)?.practice);
    let p = &desk.h.practice(&system);
    flows::unschedule(p, client)?;
    jobs::cancel(desk.h, JobKind::RemindForms, client.0)?;
    for alert in intake::alerts(p, client)? {
        jobs::cancel(desk.h, JobKind::SendFormAlert, alert.id)?;
    }
    Ok(())
}

/// The open steps of a client, in order.
fn steps(desk: &Desk, client: ClientId) -> Result<Vec<ClientFormId>> {
    let system = Actor::system(provider(desk)?.practice);
    let all = intake::list(&desk.h.practice(&system), client)?;
    Ok(all.into_iter().filter(|task| task.state.is_open()).map(|task| task.id).collect())
}

fn all_of_it(desk: &Desk, name: &str, client: ClientId, at: Instant) -> Result<()> {
    let full = name.replace('+', " ");
    for (n, id) in steps(desk, client)?.into_iter().enumerate() {
        let mut answers = Answers::new();
        answers.insert("signature".into(), Answer::Signature(Signature { name: full.clone(), strokes: drawn() }));
        answers.insert("reason_words".into(), Answer::Text("To find my way back to myself after a hard year.".into()));
        answers.insert(
            "goals_words".into(),
            Answer::Text("To sleep through, and to look forward to things again.".into()),
        );
        answers.insert("strengths".into(), Answer::Text("I am stubborn, and I can laugh at myself.".into()));
        hand_in(desk, client, id, &answers, at.plus(MINUTE * 6 * u32::try_from(n).unwrap_or(0)))?;
    }
    silence(desk, client)
}

/// A signature as somebody draws it: a wave.
fn drawn() -> Vec<Vec<(i32, i32)>> {
    let wave = |x: i32| (60 + x * 14, 200 + if x % 4 < 2 { 90 - x } else { x - 110 });
    vec![(0..60).map(wave).collect(), vec![(120, 340), (860, 300)]]
}

fn chosen(code: &str) -> Answer {
    Answer::Chosen(vec![code.into()])
}

/// As the client, or as a member on behalf of a client who is not in the portal.
fn actor_for(desk: &Desk, client: ClientId) -> Result<Actor> {
    let member = carer(desk, client)?;
    let p = &desk.h.practice(member);
    let Some(access) = portal_access::own(p, client)? else { return Ok(member.clone()) };
    let found = portal_access::at_place(desk.h, p.id, access.id.0, access.account)?;
    Ok(found.map_or_else(|| member.clone(), |(actor, _)| actor))
}

fn save(desk: &Desk, client: ClientId, id: ClientFormId, answers: &Answers, at: Instant) -> Result<()> {
    let actor = actor_for(desk, client)?;
    let h = desk.h.at(at);
    let p = &h.practice(&actor);
    let given: Vec<Given> =
        answers.iter().map(|(id, answer)| Given::now(id.clone(), Said::Answer(answer.clone()))).collect();
    intake::save(p, id, p.new_id(), &given).map(drop)
}

/// Answers what is required as most people would, and hands it in.
fn hand_in(desk: &Desk, client: ClientId, id: ClientFormId, answers: &Answers, at: Instant) -> Result<()> {
    let actor = actor_for(desk, client)?;
    let definition = {
        let p = &desk.h.practice(&actor);
        intake::sheet(p, id)?.version.definition
    };
    let mut all = answers.clone();
    all.retain(|id, _| definition.item(id).is_some());
    for _ in 0..=definition.items.len() {
        let missing: Vec<Item> = forms::missing(&definition, &all).into_iter().cloned().collect();
        if missing.is_empty() {
            break;
        }
        all.extend(missing.into_iter().map(|item| (item.id.clone(), usual(&item))));
    }
    save(desk, client, id, &all, at)?;
    let h = desk.h.at(at.plus(MINUTE));
    match intake::hand_in(&h.practice(&actor), id, None)? {
        HandedIn::Done { .. } => Ok(()),
        other => Err(Error::internal(format!("a made-up form was not handed in: {other:?}"))),
    }
}

fn usual(item: &Item) -> Answer {
    match item.kind {
        Kind::Single | Kind::Multiple => chosen(item.choices.first().map_or("", |choice| choice.code.as_str())),
        Kind::Scale => Answer::Scale(item.scale.as_ref().map_or(0, |scale| (scale.from + scale.to) / 2)),
        Kind::YesNo => Answer::YesNo(false),
        Kind::Number => Answer::Number("7".into()),
        Kind::Date => Answer::Date(jiff::civil::date(2024, 5, 1)),
        Kind::Signature => Answer::Signature(Signature { name: "Somebody".into(), strokes: Vec::new() }),
        _ if item.id.contains("phone") => Answer::Text("+1 212 555 0188".into()),
        _ if item.id.contains("name") => Answer::Text("Jonas Weber".into()),
        _ => Answer::Text("As discussed".into()),
    }
}
