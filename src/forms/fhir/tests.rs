//! Files as other programs make them, a form of ours there and back, and files that nobody means well with.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::definition::{Choice, Code, Combine, Condition, Definition, Item, Kind, Scale, ShowIf, Test};
use super::super::{Answer, Answers, Instrument, Purpose, policy, score, welcome};
use super::{Exported, FILE_LIMIT, FromFile, read, write};
use crate::clock::Instant;

pub const PHQ9: &[u8] = include_bytes!("samples/phq9.json");
pub const GAD7: &[u8] = include_bytes!("samples/gad7.json");
pub const INTAKE: &[u8] = include_bytes!("samples/intake.json");

pub fn sound(bytes: &[u8]) -> FromFile {
    let read = read(bytes).expect("a questionnaire");
    assert_eq!(read.definition.problems(), [], "{:#?}", read.definition);
    read
}

fn of(value: &Value) -> Result<FromFile, String> {
    read(value.to_string().as_bytes())
}

/// A questionnaire with these items.
fn with(items: &Value) -> FromFile {
    of(&json!({"resourceType": "Questionnaire", "title": "T", "status": "active", "item": items})).expect("readable")
}

pub fn out(definition: &Definition, purpose: Purpose) -> Value {
    let url = "https://practice.example/api/v1/forms/1/questionnaire";
    write(&Exported { definition, purpose, url, number: Some(2), date: Instant(0), status: "active" })
}

fn kinds(read: &FromFile) -> Vec<(&str, Kind)> {
    read.definition.items.iter().map(|item| (item.id.as_str(), item.kind)).collect()
}

fn notes(read: &FromFile, part: &str) -> bool {
    read.notes.iter().any(|note| note.contains(part))
}

/// The answer that counts this much, to every question of an instrument.
fn all_with(definition: &Definition, points: i64) -> Answers {
    let scored = definition.items.iter().filter(|item| item.choices.iter().any(|choice| choice.points.is_some()));
    let chosen = |item: &Item| item.choices.iter().find(|c| c.points == Some(points)).map(|c| c.code.clone());
    scored.map(|item| (item.id.clone(), Answer::Chosen(vec![chosen(item).unwrap()]))).collect()
}

#[test]
fn an_instrument_of_a_form_builder_is_known_by_its_codes() {
    let read = sound(PHQ9);
    assert_eq!((read.purpose, read.definition.title.as_str()), (Purpose::Form, "PHQ-9 with neutral words"));
    assert_eq!(read.definition.codes[0].code, "44249-1");
    assert_eq!(read.definition.items.len(), 11, "nine, one more, and the notice; no total");
    let nine = read.definition.item("/44260-8").expect("by its name in the file");
    assert_eq!((nine.kind, nine.text.as_str()), (Kind::Single, "Question 9 of nine"));
    assert_eq!(
        (nine.help.as_str(), nine.codes[0].system.as_str()),
        ("What is meant by question nine", "http://loinc.org")
    );
    assert_eq!(nine.choices.iter().map(|c| c.points.unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!((nine.choices[3].code.as_str(), nine.choices[3].label.as_str()), ("LA6571-9", "Answer D"));
    assert_eq!(Instrument::of(&read.definition).unwrap().name, "PHQ-9");
    let score = score(&read.definition, &all_with(&read.definition, 2)).unwrap();
    assert_eq!((score.sum, score.most, score.band), (18, 27, "Moderately severe"));
    assert_eq!(read.definition.items.last().unwrap().text, "A notice of whose this is.");
    for part in ["added up from other answers", "“Total”", "copyright", "before the answers"] {
        assert!(notes(&read, part), "{part}: {:?}", read.notes);
    }
}

#[test]
fn an_instrument_of_a_server_brings_its_answers_along() {
    let read = sound(GAD7);
    let first = &read.definition.items[0];
    assert_eq!((first.kind, first.text.as_str()), (Kind::Heading, "A. How often, in words of our own?"));
    assert_eq!(read.definition.items.len(), 8);
    assert_eq!(read.definition.items[7].text, "7. Question 7 of seven");
    assert!(read.definition.items[7].required);
    assert_eq!(Instrument::of(&read.definition).unwrap().name, "GAD-7");
    let score = score(&read.definition, &all_with(&read.definition, 1)).unwrap();
    assert_eq!((score.sum, score.band), (7, "Mild"));
    for part in ["clients do not see it", "“Sum”"] {
        assert!(notes(&read, part), "{part}: {:?}", read.notes);
    }
}

#[test]
fn groups_within_groups_become_pages_and_keep_their_conditions() {
    let read = sound(INTAKE);
    let expected = [
        ("about", Kind::Heading),
        ("all", Kind::Explanation),
        ("who", Kind::ShortText),
        ("minor", Kind::YesNo),
        ("guardian", Kind::Explanation),
        ("guardian-name", Kind::ShortText),
        ("guardian.call", Kind::YesNo),
        ("guardian.when", Kind::ShortText),
        ("born", Kind::Date),
        ("health", Kind::Heading),
        ("drinks", Kind::Single),
        ("why", Kind::Multiple),
        ("pain", Kind::Scale),
        ("weight", Kind::Number),
        ("kind", Kind::ShortText),
        ("risk", Kind::LongText),
        ("end", Kind::Heading),
        ("later", Kind::YesNo),
        ("card", Kind::File),
        ("sign", Kind::Signature),
    ];
    assert_eq!(kinds(&read), expected);
    let item = |id: &str| read.definition.item(id).unwrap();
    let conditions = |id: &str| item(id).show_if.as_ref().map(|rule| rule.conditions.len());
    assert_eq!(
        [conditions("guardian-name"), conditions("guardian.when"), conditions("born")],
        [Some(1), Some(2), None]
    );
    assert_eq!(conditions("health"), Some(1));
    assert_eq!(item("why").show_if.as_ref().unwrap().conditions[0].value, "8-");
    assert!(item("why").own_words);
    let labels: Vec<_> = item("why").choices.iter().map(|c| (c.code.as_str(), c.label.as_str())).collect();
    assert_eq!(labels, [("to-sleep", "To sleep"), ("with-friends", "With friends"), ("choice", "برای آرامش")]);
    let scale = Scale { from: 0, to: 10, low: "None".into(), high: String::new() };
    assert_eq!(item("pain").scale, Some(scale));
    assert_eq!(item("weight").help, "≥ 20\nkg");
    // It looked forward: shown to all, and nobody has to answer it.
    assert_eq!((conditions("risk"), item("risk").required), (None, false));
    for part in [
        "condition cannot be kept: “Only where two of three things hold”",
        "not in the file: it is asked as a text: “What do you take?”",
        "Hidden questions were left out: “Reckoned in the other program”",
        "stand there from the beginning",
        "length of an answer",
        "No answer is chosen from the beginning",
        "a time of the day",
        "A quantity",
    ] {
        assert!(
            read.notes.iter().any(|note| note.to_lowercase().contains(&part.to_lowercase())),
            "{part}: {:#?}",
            read.notes
        );
    }
}

#[test]
fn a_page_that_is_hidden_hides_nothing_that_comes_after_it() {
    let when = json!([{"question": "a", "operator": "=", "answerBoolean": true}]);
    let read = with(&json!([
        {"linkId": "a", "type": "boolean", "text": "A"},
        {"linkId": "g", "type": "group", "text": "G", "enableWhen": when, "item": [{"linkId": "b", "type": "string", "text": "B"}]},
        {"linkId": "c", "type": "string", "text": "C"},
        {"linkId": "h", "type": "group", "text": "H", "item": [
            {"linkId": "d", "type": "string", "text": "D"},
            {"linkId": "i", "type": "group", "text": "I", "enableWhen": when, "item": [{"linkId": "e", "type": "string", "text": "E"}]}
        ]},
        {"linkId": "f", "type": "string", "text": "F"}
    ]));
    let shown = super::super::shown(&read.definition, &Answers::new());
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), ["a", "c", "d", "f", "h"], "{:?}", read.definition);
    assert_eq!(kinds(&read)[1], ("g", Kind::Explanation));
}

#[test]
fn conditions_that_hold_together_only_in_part_are_said() {
    let either = json!([{"question": "a", "operator": "=", "answerBoolean": true}, {"question": "b", "operator": "=", "answerBoolean": true}]);
    let read = with(&json!([
        {"linkId": "a", "type": "boolean", "text": "A"}, {"linkId": "b", "type": "boolean", "text": "B"},
        {"linkId": "g", "type": "group", "text": "G", "enableWhen": either, "enableBehavior": "any", "item": [
            {"linkId": "c", "type": "boolean", "text": "C", "enableWhen": [{"question": "a", "operator": "exists", "answerBoolean": true}]},
            {"linkId": "h", "type": "group", "text": "", "enableWhen": [{"question": "c", "operator": "=", "answerBoolean": false}], "item": [
                {"linkId": "d", "type": "string", "text": "D", "required": true}]},
            {"linkId": "e", "type": "boolean", "text": "E", "item": [
                {"linkId": "f", "type": "string", "text": "F", "required": true,
                 "extension": [{"url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
                    "valueExpression": {"language": "text/fhirpath", "expression": "true"}}]}]}
        ]}
    ]));
    let rule = |id: &str| read.definition.item(id).unwrap().show_if.clone();
    assert_eq!(rule("g").unwrap().combine, Combine::Any);
    assert_eq!(rule("d").unwrap().conditions.len(), 1, "the page has the rest");
    assert_eq!((rule("f"), read.definition.item("f").unwrap().required), (None, false));
    assert!(notes(&read, "cannot be kept: “F”"), "{:?}", read.notes);
}

#[test]
fn what_is_no_questionnaire_is_refused_with_a_reason() {
    for (bytes, part) in [
        (&b"<Questionnaire xmlns=\"http://hl7.org/fhir\"/>"[..], "XML"),
        (b"\xef\xbb\xbf  <?xml version=\"1.0\"?>", "XML"),
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"[]", "no FHIR questionnaire"),
        (b"null", "no FHIR questionnaire"),
        (b"{\"resourceType\": \"Questionnaire\"}", "no question"),
        (b"{\"resourceType\": \"QuestionnaireResponse\"}", "answers to a questionnaire"),
        (b"{\"resourceType\": \"Bundle\"}", "no questionnaire in this file"),
        (b"{\"resourceType\": \"Patient\"}", "no FHIR questionnaire"),
    ] {
        let why = read(bytes).expect_err("refused");
        assert!(why.contains(part), "{why}");
    }
    let one = json!({"resource": {"resourceType": "Questionnaire", "item": []}});
    assert!(of(&json!({"resourceType": "Bundle", "entry": [one, one]})).unwrap_err().contains("2 questionnaires"));
}

#[test]
fn r37_what_is_too_much_is_refused() {
    assert!(read(&vec![b' '; FILE_LIMIT + 1]).unwrap_err().contains("1 MB"));
    let deep = format!("{{\"item\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(deep.as_bytes()).is_err());
    assert!(read(b"{\"resourceType\": \"Questionnaire\", \"x\": 1e400}").is_err());
    let mut item = json!({"linkId": "x", "type": "group", "text": "X"});
    for n in 0..25 {
        item = json!({"linkId": format!("g{n}"), "type": "group", "text": "G", "item": [item]});
    }
    assert!(of(&json!({"resourceType": "Questionnaire", "item": [item]})).unwrap_err().contains("too deep"));
    let many: Vec<Value> = (0..1_001).map(|_| json!({"linkId": "x", "type": "string", "text": "X"})).collect();
    assert!(of(&json!({"resourceType": "Questionnaire", "item": many})).unwrap_err().contains("too many"));
    // More than a form of ours has is a problem of the form, and said as such.
    let many: Vec<Value> = (0..400).map(|_| json!({"linkId": "x", "type": "string", "text": "X"})).collect();
    assert!(with(&json!(many)).definition.problems().iter().any(|problem| problem.field == "items"));
    let options: Vec<Value> = (0..9_000).map(|_| json!({"valueString": "same"})).collect();
    let read = with(&json!([{"linkId": "x", "type": "choice", "text": "X", "answerOption": options}]));
    assert_eq!(kinds(&read), [("x", Kind::ShortText)]);
    assert!(notes(&read, "more answers than can be chosen"));
}

#[test]
fn names_of_items_become_ids_that_are_sound_and_their_own() {
    let long = "x".repeat(64);
    let read = with(&json!([
        {"linkId": "a b", "type": "string", "text": "1"}, {"linkId": "a-b", "type": "string", "text": "2"},
        {"linkId": "سؤال", "type": "string", "text": "3"}, {"type": "string", "text": "4"},
        {"linkId": "same", "type": "string", "text": "5"}, {"linkId": "same", "type": "string", "text": "6"},
        {"linkId": long, "type": "string", "text": "7"}, {"linkId": long, "type": "string", "text": "8"},
        {"linkId": "no text", "type": "date"}
    ]));
    assert_eq!(read.definition.problems(), []);
    let ids: Vec<_> = read.definition.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids[..6], ["a-b-2", "a-b", "q", "q-2", "same", "same-2"]);
    assert_eq!((ids[6], ids[8], read.definition.items[8].text.as_str()), (long.as_str(), "no-text", "no text"));
}

#[test]
fn r36_characters_that_cannot_be_kept_are_left_out_and_said() {
    let read = with(
        &json!([{"linkId": "a", "type": "choice", "text": "One\u{0}\r\ntwo \u{202e}three\u{feff}", "answerOption": [
        {"valueCoding": {"code": "y", "display": "Yes\nindeed"}}, {"valueCoding": {"code": "z", "display": "Yes indeed"}},
        {"valueCoding": {"code": "z", "system": "other"}}, {"valueInteger": 7}, {"valueDate": "2026-01-02"},
        {"valueReference": {"reference": "Group/1"}}, {"valueCoding": {}}]}]),
    );
    assert_eq!(read.definition.problems(), []);
    let item = &read.definition.items[0];
    assert_eq!(item.text, "One\ntwo three");
    let choices: Vec<_> = item.choices.iter().map(|c| (c.code.as_str(), c.label.as_str())).collect();
    assert_eq!(
        choices,
        [
            ("y", "Yes indeed"),
            ("z", "Yes indeed (z)"),
            ("z-2", "z"),
            ("7", "7"),
            ("2026-01-02", "2026-01-02"),
            ("group/1", "Group/1")
        ]
    );
    assert!(notes(&read, "Characters"), "{:?}", read.notes);
}

#[test]
fn policies_and_welcome_texts_stay_what_they_are() {
    let agreed = policy("Cancellations", "Please tell us a day before.\n\nThank you.");
    let read_back = of(&out(&agreed, Purpose::Policy)).unwrap();
    assert_eq!(read_back, FromFile { purpose: Purpose::Policy, definition: agreed.clone(), notes: vec![] });
    let hello = welcome("Welcome", "Good to have you here.");
    assert_eq!(of(&out(&hello, Purpose::Welcome)).unwrap().purpose, Purpose::Welcome);
    // Somebody added a question in between.
    let mut more = out(&agreed, Purpose::Policy);
    more["item"].as_array_mut().unwrap().push(json!({"linkId": "x", "type": "string", "text": "X"}));
    let read_back = of(&more).unwrap();
    assert_eq!(read_back.purpose, Purpose::Form);
    assert!(notes(&read_back, "became a form"));
}

#[test]
fn what_goes_out_is_as_the_standard_has_it() {
    let mut definition = sound(INTAKE).definition;
    definition.intro = "Before we meet.".into();
    let written = out(&definition, Purpose::Form);
    assert_eq!(
        (&written["resourceType"], &written["version"], &written["status"]),
        (&json!("Questionnaire"), &json!("2"), &json!("active"))
    );
    assert_eq!(written["item"][0]["text"], "Before we meet.");
    let page = &written["item"][1];
    assert_eq!((&page["type"], &page["linkId"]), (&json!("group"), &json!("about")));
    let health = &written["item"][2];
    assert_eq!(health["enableWhen"][0], json!({"question": "born", "operator": "exists", "answerBoolean": true}));
    let why = &health["item"][1];
    assert_eq!((&why["type"], &why["repeats"]), (&json!("open-choice"), &json!(true)));
    assert_eq!(
        why["enableWhen"][0]["answerCoding"],
        json!({"system": "https://clinic.example/drinks", "code": "8-", "display": "More"})
    );
}

fn line() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 äß?<&\"'\\\\/…مر😀]{0,20}[a-z?]"
}

fn code() -> impl Strategy<Value = Code> {
    ("(|http://loinc\\.org|urn:x)", "[A-Za-z0-9 -]{0,8}[0-9]", "(|[A-Za-z ]{1,9})")
        .prop_map(|(system, code, display)| Code { system, code, display })
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    let one = ("(|http://loinc\\.org|urn:y)", proptest::option::of(-1_000i64..=1_000), any::<bool>(), line());
    proptest::collection::vec(one, 1..5).prop_map(|all| {
        let choice = |(n, (system, points, alert, label)): (usize, (String, Option<i64>, bool, String))| Choice {
            code: format!("c{n}"),
            label: format!("{label} {n}"),
            system,
            points,
            alert,
        };
        all.into_iter().enumerate().map(choice).collect()
    })
}

/// An item of any kind, without a rule yet; and dice for the rule.
fn item() -> impl Strategy<Value = (Item, [u8; 6])> {
    let texts = (line(), "(|[A-Za-z0-9.\n ]{0,20}[a-z])", line(), "(|[a-z ]{0,9}[a-z])");
    let scale = (-100i64..=100, 1i64..=20);
    let kind = proptest::sample::select(Kind::ALL.to_vec());
    let codes = proptest::collection::vec(code(), 0..3);
    (kind, texts, any::<[bool; 2]>(), choices(), scale, codes, any::<[u8; 6]>()).prop_map(
        |(kind, (text, help, low, high), [required, own], choices, (from, steps), codes, dice)| {
            let mut item = Item::new("", kind, text);
            item.help = help;
            item.required = required && kind.is_question();
            item.codes = codes;
            if kind.has_choices() {
                item.choices = choices;
                item.own_words = own;
            }
            item.scale = item.scale.map(|_| Scale { from, to: from + steps, low, high });
            (item, dice)
        },
    )
}

const VALUES: [&str; 6] = ["7", "1.50", "-0", "3,5", "+2", "00012"];

fn rule(before: &[Item], dice: [u8; 6]) -> Option<ShowIf> {
    let asked: Vec<&Item> = before.iter().filter(|item| item.kind.is_question()).collect();
    if asked.is_empty() || dice[0] < 100 {
        return None;
    }
    let condition = |seed: u8| {
        let asked = asked[usize::from(seed) % asked.len()];
        let tests: Vec<Test> = match asked.kind {
            Kind::Number | Kind::Scale | Kind::Date => Test::ALL.to_vec(),
            Kind::File | Kind::Signature => vec![Test::Answered, Test::NotAnswered],
            _ => vec![Test::Is, Test::IsNot, Test::Answered, Test::NotAnswered],
        };
        let test = tests[usize::from(seed / 3) % tests.len()];
        let value = match asked.kind {
            _ if !test.needs_value() => String::new(),
            Kind::Single | Kind::Multiple => asked.choices[usize::from(seed) % asked.choices.len()].code.clone(),
            Kind::YesNo => if seed.is_multiple_of(2) { "yes" } else { "no" }.into(),
            Kind::Date => "2026-02-28".into(),
            Kind::Number | Kind::Scale => VALUES[usize::from(seed) % VALUES.len()].into(),
            _ => "some words".into(),
        };
        Condition { question: asked.id.clone(), test, value }
    };
    let conditions = dice[1..2 + usize::from(dice[5] % 3)].iter().map(|seed| condition(*seed)).collect();
    Some(ShowIf { combine: if dice[4].is_multiple_of(2) { Combine::All } else { Combine::Any }, conditions })
}

pub fn form() -> impl Strategy<Value = Definition> {
    let items = proptest::collection::vec(item(), 1..12);
    let ids = "[a-z]{1,3}[._/:-]?";
    (line(), "(|[a-z \n]{0,20}[a-z])", proptest::collection::vec(code(), 0..2), items, ids).prop_map(
        |(title, intro, codes, made, id)| {
            let mut items: Vec<Item> = Vec::new();
            for (n, (mut item, dice)) in made.into_iter().enumerate() {
                // Ids that the names of help texts beside questions could collide with.
                item.id = if n == 1 && dice[5].is_multiple_of(4) { format!("{id}0.help") } else { format!("{id}{n}") };
                item.show_if = rule(&items, dice);
                items.push(item);
            }
            Definition { title, intro, codes, items }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_form_of_ours_read_back_is_the_same_form(definition in form()) {
        prop_assert_eq!(definition.problems(), vec![]);
        let written = out(&definition, Purpose::Form);
        let read_back = of(&written).unwrap();
        prop_assert_eq!(&read_back.definition, &definition, "{:#}", written);
        prop_assert_eq!(read_back.notes, Vec::<String>::new());
    }

    #[test]
    fn r26_bytes_of_strangers_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        drop(read(&bytes));
    }

    /// Files that were whole, with something else in one place.
    #[test]
    fn r26_files_of_strangers_are_read_or_refused(
        (which, at, put) in (0usize..3, any::<u32>(), proptest::sample::select(vec![
            "null", "{}", "[]", "[[]]", "\"\"", "\"group\"", "-1", "1e300", "true", "\"\\u0000\"", "[{}]", "{\"item\":[{}]}",
        ])),
        from in any::<u32>(),
    ) {
        let mut whole: Value = serde_json::from_slice([PHQ9, GAD7, INTAKE][which]).unwrap();
        let mut paths = Vec::new();
        walk(&whole, &mut String::new(), &mut paths);
        let path = paths[at as usize % paths.len()].clone();
        // Something hostile, or a part of the file in another place of it.
        let other = if from.is_multiple_of(2) {
            serde_json::from_str(put).unwrap()
        } else {
            whole.pointer(&paths[from as usize % paths.len()]).unwrap().clone()
        };
        *whole.pointer_mut(&path).unwrap() = other;
        if let Ok(read) = of(&whole) {
            // What is read can be asked, but for what the form itself is refused for; and it can go out and come back.
            for problem in read.definition.problems() {
                prop_assert!(["text", "title", "items", "choices", "codes"].contains(&problem.field), "{:?}", problem);
            }
            if read.definition.problems().is_empty() {
                prop_assert_eq!(of(&out(&read.definition, Purpose::Form)).unwrap().definition, read.definition);
            }
        }
    }
}

fn walk(value: &Value, at: &mut String, paths: &mut Vec<String>) {
    paths.push(at.clone());
    let length = at.len();
    let mut into = |name: &str, value: &Value| {
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        walk(value, at, paths);
        at.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| into(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| into(&n.to_string(), value)),
        _ => {}
    }
}
