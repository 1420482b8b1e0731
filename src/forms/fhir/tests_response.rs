//! Answers out, back in, and those of other programs.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::answer::{Answer, Answers, File, Signature, check};
use super::super::definition::{Definition, Item, Kind};
use super::super::{score, shown};
use super::tests::{GAD7, INTAKE, PHQ9, form, sound};
use super::{Given, Misfit, Response, Status, read_response, response};
use crate::clock::Instant;
use crate::ids::ClientId;

fn out(definition: &Definition, answers: &Answers) -> Value {
    let url = "https://practice.example/api/v1/forms/1/questionnaire";
    response(&Given {
        id: Uuid::from_u128(1),
        client: ClientId(Uuid::from_u128(2)),
        url,
        number: 3,
        status: Status::Completed,
        authored: Some(Instant(0)),
        definition,
        answers,
    })
}

fn back(definition: &Definition, value: &Value) -> Response {
    read_response(definition, value.to_string().as_bytes()).expect("a response")
}

fn chosen(code: &str) -> Answer {
    Answer::Chosen(vec![code.into()])
}

#[test]
fn answers_go_out_as_the_standard_has_them() {
    let definition = sound(INTAKE).definition;
    let document = Uuid::from_u128(9);
    let answers: Answers = [
        ("who", Answer::Text("Ana".into())),
        ("minor", Answer::YesNo(false)),
        // Hidden: it is not said.
        ("guardian-name", Answer::Text("Ingrid".into())),
        ("born", Answer::Date("1990-02-28".parse().unwrap())),
        ("drinks", chosen("8-")),
        ("why", Answer::Chosen(vec!["to-sleep".into(), "~To dance".into()])),
        ("pain", Answer::Scale(7)),
        ("weight", Answer::Number("61.50".into())),
        ("card", Answer::File(File { document, name: "card.jpg".into() })),
        ("sign", Answer::Signature(Signature { name: "Ana M".into(), strokes: vec![vec![(1, 2), (3, 4)]] })),
    ]
    .map(|(id, answer)| (id.to_string(), answer))
    .into();
    let written = out(&definition, &answers);
    for (name, value) in [
        ("resourceType", json!("QuestionnaireResponse")),
        ("questionnaire", json!("https://practice.example/api/v1/forms/1/questionnaire|3")),
        ("status", json!("completed")),
        ("subject", json!({"reference": format!("Patient/{}", Uuid::from_u128(2))})),
        ("authored", json!("1970-01-01T00:00:00Z")),
    ] {
        assert_eq!(written[name], value);
    }
    assert_eq!(written["item"][0]["linkId"], "about");
    assert_eq!(written["item"][0]["item"].as_array().unwrap().len(), 3, "{written:#}");
    let health = &written["item"][1]["item"];
    assert_eq!(
        health[0]["answer"],
        json!([{"valueCoding": {"system": "https://clinic.example/drinks", "code": "8-", "display": "More"}}])
    );
    assert_eq!(health[1]["answer"][1], json!({"valueString": "To dance"}));
    assert_eq!(health[2]["answer"], json!([{"valueInteger": 7}]));
    assert_eq!(health[3]["answer"][0]["valueDecimal"], json!(61.5));
    let end = &written["item"][2]["item"];
    let url = format!("/api/v1/documents/{document}/content");
    assert_eq!(end[0]["answer"], json!([{"valueAttachment": {"title": "card.jpg", "url": url}}]));
    assert_eq!(end[1]["answer"][0]["valueString"], "Ana M");
    // And back, all but the file, which belongs to whose client it is.
    let read = back(&definition, &written);
    let mut expected = answers;
    for gone in ["guardian-name", "card"] {
        expected.remove(gone);
    }
    assert_eq!(read.answers, expected);
    assert_eq!(read.misfits.iter().map(|misfit| misfit.question.as_str()).collect::<Vec<_>>(), ["card"]);
    assert_eq!((read.status.as_str(), read.questionnaire.ends_with("|3")), ("completed", true));
}

#[test]
fn points_go_out_with_the_answers_of_an_instrument() {
    let definition = sound(GAD7).definition;
    let answers: Answers = definition.questions().map(|item| (item.id.clone(), chosen("LA6570-1"))).collect();
    let written = out(&definition, &answers);
    let first = &written["item"][0]["item"][0]["answer"][0]["valueCoding"];
    assert_eq!((&first["code"], &first["extension"][0]["valueDecimal"]), (&json!("LA6570-1"), &json!(2)));
    assert_eq!(back(&definition, &written).answers, answers);
}

#[test]
fn a_response_of_a_form_builder_is_read_by_the_names_of_its_questions() {
    let definition = sound(PHQ9).definition;
    // As such programs write them: no version, the name of the form without an address, answers by code with and
    // without their system, one by its words alone, and the sum.
    let mut items: Vec<Value> = definition
        .questions()
        .filter(|item| item.id != "/69722-7")
        .map(|item| {
            json!({"linkId": item.id, "text": item.text,
            "answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6569-3", "display": "Answer B"}}]})
        })
        .collect();
    items[1]["answer"] = json!([{"valueCoding": {"code": "LA6571-9"}}]);
    items[2]["answer"] = json!([{"valueCoding": {"display": "Answer C"}}]);
    items[3]["answer"] = json!([{"valueString": "Answer A"}]);
    items.push(json!({"linkId": "/44261-6", "text": "Total", "answer": [{"valueDecimal": 11}]}));
    let whole = json!({"resourceType": "QuestionnaireResponse", "status": "completed", "authored": "2026-01-02T03:04:05.678Z",
        "meta": {"profile": ["http://hl7.org/fhir/4.0/StructureDefinition/QuestionnaireResponse"]}, "item": items});
    let read = back(&definition, &whole);
    assert_eq!(read.answers.len(), 9);
    assert_eq!(score(&definition, &read.answers).unwrap().sum, 6 + 3 + 2);
    let why = "The form has no such question.".to_string();
    assert_eq!(read.misfits, [Misfit { question: "/44261-6".into(), why }]);
}

#[test]
fn what_does_not_fit_is_said() {
    let definition = sound(INTAKE).definition;
    let answer = |link: &str, answer: Value| json!({"linkId": link, "answer": answer});
    let whole = json!({"resourceType": "QuestionnaireResponse", "item": [
        answer("who", json!([{"valueString": "x".repeat(501)}])),
        answer("minor", json!([{"valueCoding": {"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y"}}])),
        answer("guardian name", json!([{"valueString": "Ingrid"}])),
        {"linkId": "guardian.call", "answer": [{"valueBoolean": false, "item": [answer("guardian.when", json!([{"valueTime": "09:00:00"}]))]}]},
        answer("born", json!([{"valueDateTime": "1990-02-28T00:00:00Z"}])),
        answer("drinks", json!([{"valueCoding": {"system": "https://clinic.example/drinks", "code": "8+"}}])),
        answer("why", json!([{"valueCoding": {"display": "For the taste"}}, {"valueInteger": 3}])),
        answer("pain", json!([{"valueDecimal": 3.0}, {"valueDecimal": 4.0}])),
        answer("weight", json!([{"valueQuantity": {"value": 61.5, "unit": "kg"}}])),
        answer("later", json!([{"valueString": "perhaps"}])),
        answer("card", json!([{"valueAttachment": {"url": "/api/v1/documents/019caf10-8770-72e9-a79e-990e7d12e771/content"}}])),
        answer("about", json!([{"valueString": "a heading"}])),
        answer("sign", json!([{}]))
    ]});
    let read = back(&definition, &whole);
    let kept: Vec<_> = read.answers.keys().map(String::as_str).collect();
    assert_eq!(kept, ["born", "drinks", "guardian-name", "guardian.call", "minor", "weight", "why"]);
    assert_eq!(read.answers["why"], Answer::Chosen(vec!["~For the taste".into(), "~3".into()]));
    assert_eq!(read.answers["weight"], Answer::Number("61.5".into()));
    let misfits: Vec<_> = read.misfits.iter().map(|misfit| (misfit.question.as_str(), misfit.why.as_str())).collect();
    for (question, part) in [
        ("who", "longer than 500"),
        ("pain", "several answers"),
        ("later", "not of a kind"),
        ("card", "Files"),
        ("about", "no such question"),
        ("sign", "no value"),
        ("guardian.when", "not asked"),
    ] {
        assert!(misfits.iter().any(|(name, why)| *name == question && why.contains(part)), "{question}: {misfits:?}");
    }
    assert_eq!(misfits.len(), 7);
    // A code of another system is another code.
    let coding = json!({"valueCoding": {"system": "https://elsewhere.example", "code": "8+"}});
    let whole = json!({"resourceType": "QuestionnaireResponse", "item": [{"linkId": "drinks", "answer": [coding]}]});
    assert_eq!(back(&definition, &whole).misfits[0].question, "drinks");
}

#[test]
fn what_holds_no_answers_is_refused() {
    let definition = sound(PHQ9).definition;
    for bytes in [&b"<x/>"[..], b"{}", b"[]", PHQ9, b"{\"resourceType\": \"QuestionnaireResponse\", \"item\": 1e999}"] {
        assert!(read_response(&definition, bytes).is_err());
    }
    let mut item = json!({"linkId": "x"});
    for _ in 0..50 {
        item = json!({"linkId": "x", "item": [item]});
    }
    let deep = json!({"resourceType": "QuestionnaireResponse", "item": [item]});
    assert!(read_response(&definition, deep.to_string().as_bytes()).unwrap_err().contains("too deep"));
}

/// Some answer to a question.
fn answer(item: &Item, dice: [u8; 4]) -> Option<Answer> {
    let pick = |n: u8| item.choices[usize::from(n) % item.choices.len()].code.clone();
    let own = |n: u8| if item.own_words && n.is_multiple_of(3) { format!("~mine {n}") } else { pick(n) };
    Some(match item.kind {
        Kind::Heading | Kind::Explanation | Kind::File => return None,
        Kind::ShortText | Kind::LongText => Answer::Text(format!("text {}", dice[0])),
        Kind::Number => {
            Answer::Number(["1", "-0", "1.50", "007", "12345678901234567890"][usize::from(dice[0]) % 5].into())
        }
        Kind::Date => Answer::Date("2026-02-28".parse().unwrap()),
        Kind::Single => Answer::Chosen(vec![own(dice[0])]),
        Kind::Multiple => {
            let all: std::collections::BTreeSet<String> = dice[..3].iter().map(|n| own(*n)).collect();
            Answer::Chosen(all.into_iter().collect())
        }
        Kind::Scale => Answer::Scale(item.scale.as_ref()?.from + i64::from(dice[0] % 2)),
        Kind::YesNo => Answer::YesNo(dice[0].is_multiple_of(2)),
        Kind::Signature => {
            let strokes = if dice[0].is_multiple_of(2) { vec![vec![(0, 1), (2, 3)]] } else { vec![] };
            Answer::Signature(Signature { name: "Ana M".into(), strokes })
        }
    })
}

proptest! {
    #[test]
    fn answers_of_ours_read_back_are_the_same(definition in form(), dice in proptest::collection::vec(any::<[u8; 4]>(), 12)) {
        let given = definition.items.iter().zip(dice).filter(|(_, dice)| dice[3] > 60);
        let given: Answers = given.filter_map(|(item, dice)| Some((item.id.clone(), answer(item, dice)?))).collect();
        for (id, answer) in &given {
            prop_assert_eq!(check(definition.item(id).unwrap(), answer), Ok(answer.clone()));
        }
        let read = back(&definition, &out(&definition, &given));
        let seen = shown(&definition, &given);
        let expected: Answers = given.iter().filter(|(id, _)| seen.contains(id.as_str())).map(|(id, a)| (id.clone(), a.clone())).collect();
        prop_assert_eq!(read.answers, expected);
        prop_assert_eq!(read.misfits, vec![]);
    }

    #[test]
    fn r26_answers_of_strangers_are_read_or_refused(
        link in proptest::sample::select(vec!["who", "minor", "born", "drinks", "why", "pain", "weight", "later", "card", "sign", "about", ""]),
        kind in proptest::sample::select(vec!["Coding", "String", "Integer", "Decimal", "Boolean", "Date", "Attachment", "Quantity", ""]),
        value in proptest::sample::select(vec!["null", "{}", "[]", "\"\"", "\"x\"", "-1", "1e300", "true", "{\"code\": 1}", "{\"display\": \"\\u0000\"}", "\"مريم مريم\""]),
    ) {
        let definition = sound(INTAKE).definition;
        let text = format!("{{\"resourceType\": \"QuestionnaireResponse\", \"item\": [{{\"linkId\": \"{link}\", \"answer\": [{{\"value{kind}\": {value}}}]}}]}}");
        let read = read_response(&definition, text.as_bytes()).unwrap();
        for (id, answer) in &read.answers {
            prop_assert_eq!(check(definition.item(id).unwrap(), answer), Ok(answer.clone()));
        }
    }
}
