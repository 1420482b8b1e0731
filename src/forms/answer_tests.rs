//! What people type, and what programs send, as answers.

use proptest::prelude::*;

use super::answer::*;
use super::definition::{Choice, Definition, Item, Kind, Scale};

fn choice(code: &str) -> Choice {
    Choice { code: code.into(), label: code.to_uppercase(), system: String::new(), points: None, alert: false }
}

fn item(kind: Kind) -> Item {
    let mut item = Item::new("a", kind, "A");
    if kind.has_choices() {
        item.choices = vec![choice("x"), choice("y")];
    }
    item
}

fn typing(item: &Item, values: &[&str], own: &str) -> Result<Option<Answer>, Refusal> {
    let values = values.iter().map(|value| (*value).to_string()).collect();
    read(item, &Typed { values, own: own.into() })
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let number = |typed: &str| typing(&item(Kind::Number), &[typed], "");
    for (typed, kept) in [("7", "7"), (" 1,5 ", "1.5"), ("-0.25", "-0.25"), ("+3", "3"), ("007", "007")] {
        assert_eq!(number(typed), Ok(Some(Answer::Number(kept.into()))), "{typed}");
    }
    assert_eq!(number("  "), Ok(None));
    for typed in ["1.2.3", "1 000", "1e3", "٣", ".5", "5.", "--1", "-", "NaN", "inf", &"9".repeat(21)] {
        assert_eq!(number(typed), Err(Refusal::NotANumber), "{typed}");
    }
}

#[test]
fn dates_exist() {
    let date = |typed: &str| typing(&item(Kind::Date), &[typed], "");
    assert_eq!(date(" 2024-02-29 "), Ok(Some(Answer::Date("2024-02-29".parse().unwrap()))));
    assert_eq!(date(""), Ok(None));
    for typed in ["2026-02-29", "29.2.2024", "yesterday", "2024-02", "02/29/2024"] {
        assert_eq!(date(typed), Err(Refusal::NotADate), "{typed}");
    }
}

#[test]
fn texts_are_as_long_as_they_may_be() {
    let long = "é".repeat(LONG_LIMIT);
    assert_eq!(typing(&item(Kind::LongText), &[&long], ""), Ok(Some(Answer::Text(long.clone()))));
    assert_eq!(typing(&item(Kind::LongText), &[&format!("{long}x")], ""), Err(Refusal::TooLong(LONG_LIMIT)));
    assert_eq!(typing(&item(Kind::ShortText), &[&"x".repeat(501)], ""), Err(Refusal::TooLong(SHORT_LIMIT)));
    assert_eq!(typing(&item(Kind::ShortText), &["one\r\ntwo"], ""), Ok(Some(Answer::Text("one two".into()))));
    assert_eq!(typing(&item(Kind::LongText), &[" one\r\ntwo "], ""), Ok(Some(Answer::Text("one\ntwo".into()))));
    assert_eq!(typing(&item(Kind::LongText), &["a\0"], ""), Err(Refusal::ControlCharacter));
    assert_eq!(typing(&item(Kind::LongText), &[" \n "], ""), Ok(None));
}

#[test]
fn choices_are_those_of_the_question_or_words_of_ones_own() {
    let chosen = |all: &[&str]| Ok(Some(Answer::Chosen(all.iter().map(|s| (*s).to_string()).collect())));
    let (single, multiple) = (item(Kind::Single), item(Kind::Multiple));
    let mut own = item(Kind::Multiple);
    own.own_words = true;
    assert_eq!(typing(&single, &["x"], ""), chosen(&["x"]));
    assert_eq!(typing(&single, &[""], ""), Ok(None));
    assert_eq!(typing(&multiple, &["y", "x", "y"], ""), chosen(&["y", "x"]));
    for (item, values) in
        [(&single, &["z"][..]), (&single, &["x", "y"]), (&single, &["~own"]), (&multiple, &["x", "X"])]
    {
        assert_eq!(typing(item, values, ""), Err(Refusal::NoSuchChoice), "{values:?}");
    }
    // What is typed beside counts with the mark, or alone; not beside a choice that was taken instead.
    assert_eq!(typing(&own, &["x", "~"], " mine "), chosen(&["x", "~mine"]));
    assert_eq!(typing(&own, &[], "mine"), chosen(&["~mine"]));
    assert_eq!(typing(&own, &["x"], "left over"), chosen(&["x"]));
    assert_eq!(typing(&own, &["~"], " "), Ok(None));
    assert_eq!(typing(&own, &["~a", "~b"], ""), chosen(&["~a", "~b"]));
    assert_eq!(typing(&own, &["~"], &"x".repeat(OWN_LIMIT + 1)), Err(Refusal::TooLong(OWN_LIMIT)));
    let mut one = item(Kind::Single);
    one.own_words = true;
    assert_eq!(typing(&one, &["x", "~"], "mine"), Err(Refusal::NoSuchChoice));
}

#[test]
fn scales_and_yes_or_no_have_their_steps() {
    let mut scale = item(Kind::Scale);
    scale.scale = Some(Scale { from: -1, to: 3, low: String::new(), high: String::new() });
    for (typed, answer) in [
        ("-1", Ok(Some(Answer::Scale(-1)))),
        ("3", Ok(Some(Answer::Scale(3)))),
        ("", Ok(None)),
        ("4", Err(Refusal::NoSuchChoice)),
        ("1.5", Err(Refusal::NoSuchChoice)),
        ("99999999999999999999", Err(Refusal::NoSuchChoice)),
    ] {
        assert_eq!(typing(&scale, &[typed], ""), answer, "{typed}");
    }
    assert_eq!(typing(&item(Kind::YesNo), &["no"], ""), Ok(Some(Answer::YesNo(false))));
    assert_eq!(typing(&item(Kind::YesNo), &["maybe"], ""), Err(Refusal::NoSuchChoice));
}

#[test]
fn a_signature_has_a_name_and_fits_its_square() {
    let sign = |name: &str, drawn: &str| typing(&item(Kind::Signature), &[name], drawn);
    let signed =
        |strokes: Vec<Vec<(i32, i32)>>| Ok(Some(Answer::Signature(Signature { name: "Ana M".into(), strokes })));
    assert_eq!(sign(" Ana M ", ""), signed(vec![]));
    assert_eq!(sign("Ana M", "[[[0,0],[1000,1000]]]"), signed(vec![vec![(0, 0), (1000, 1000)]]));
    assert_eq!(sign("", "[[[1,1]]]"), Err(Refusal::NoName));
    assert_eq!(sign("", "[]"), Ok(None));
    let many = format!("[{}]", vec!["[[1,1]]"; 101].join(","));
    let long = format!("[[{}]]", vec!["[1,1]"; 4_001].join(","));
    for drawn in ["x", "[[[1,1001]]]", "[[[-1,1]]]", "[[[1]]]", "{}", "[[[99999999999,1]]]", &many, &long] {
        assert_eq!(sign("Ana M", drawn), Err(Refusal::BadDrawing));
    }
    let dots = Signature { name: "A".into(), strokes: vec![vec![(1, 2)], vec![(3, 4), (5, 6)]] };
    assert_eq!(path(&dots), "M1 2l0 0M3 4L5 6");
}

#[test]
fn answers_of_programs_are_of_their_questions_kind() {
    for (json, kind, fits) in [
        ("{\"text\": \"a\"}", Kind::ShortText, true),
        ("{\"text\": \"a\"}", Kind::Number, false),
        ("{\"number\": \"1,5\"}", Kind::Number, true),
        ("{\"number\": \"many\"}", Kind::Number, false),
        ("{\"chosen\": [\"x\"]}", Kind::Single, true),
        ("{\"chosen\": [\"x\", \"y\"]}", Kind::Single, false),
        ("{\"chosen\": []}", Kind::Multiple, false),
        ("{\"chosen\": [\"~own\"]}", Kind::Multiple, false),
        ("{\"scale\": 11}", Kind::Scale, false),
        ("{\"scale\": 10}", Kind::Scale, true),
        ("{\"yes_no\": false}", Kind::YesNo, true),
        ("{\"date\": \"2026-01-01\"}", Kind::Date, true),
        ("{\"text\": \" \"}", Kind::LongText, false),
        ("{\"signature\": {\"name\": \"Ana\"}}", Kind::Signature, true),
        ("{\"signature\": {\"name\": \"\"}}", Kind::Signature, false),
    ] {
        let answer: Answer = serde_json::from_str(json).unwrap();
        assert_eq!(check(&item(kind), &answer).is_ok(), fits, "{json} {kind:?}");
    }
    for json in
        ["{\"date\": \"2026-02-30\"}", "{\"scale\": 1.5}", "{\"number\": 3}", "{}", "{\"text\": \"a\", \"scale\": 1}"]
    {
        assert!(serde_json::from_str::<Answer>(json).is_err(), "{json}");
    }
    // A name of a file alone is no file.
    let file: Answer =
        serde_json::from_str("{\"file\": {\"document\": \"019caf10-8770-72e9-a79e-990e7d12e771\", \"name\": \"x\"}}")
            .unwrap();
    assert!(check(&item(Kind::File), &file).is_err());
}

#[test]
fn words_of_ones_own_that_are_several_are_all_kept() {
    let mut own = item(Kind::Multiple);
    own.own_words = true;
    let answer = Answer::Chosen(vec!["x".into(), "~mine".into(), "~and yours".into()]);
    assert_eq!(
        typed(&answer),
        Typed { values: vec!["x".into(), "~".into(), "~".into()], own: "mine, and yours".into() }
    );
    assert_eq!(check(&own, &answer), Ok(answer));
}

#[test]
fn what_is_missing_is_what_is_shown_and_asked_for() {
    let mut asked = item(Kind::YesNo);
    asked.required = true;
    let mut heading = Item::new("h", Kind::Heading, "H");
    heading.required = true;
    let definition = Definition { items: vec![heading, asked], ..Definition::default() };
    assert_eq!(missing(&definition, &Answers::new()).len(), 1);
    assert!(missing(&definition, &[("a".to_string(), Answer::YesNo(false))].into()).is_empty());
}

fn typed_answer() -> impl Strategy<Value = (Item, Typed)> {
    let values = proptest::collection::vec(
        "(x|y|~|~[a-z]{0,3}|yes|no|-?[0-9]{0,3}[.,]?[0-9]{0,2}|2026-0[0-9]-1[0-9]|.{0,9})",
        0..4,
    );
    (
        proptest::sample::select(Kind::ALL.to_vec()),
        values,
        "(|[a-z ]{0,9}|\\[\\[\\[[0-9]{1,4},1\\]\\]\\]|.{0,5})",
        any::<bool>(),
    )
        .prop_map(|(kind, values, own, own_words)| {
            let mut item = item(kind);
            item.own_words = own_words && kind.has_choices();
            (item, Typed { values, own })
        })
}

proptest! {
    /// Whatever is typed is taken or refused; what was taken fits, stays what it is in a form field, in JSON, and when
    /// it is sent again.
    #[test]
    fn what_was_taken_is_taken_again((item, typing) in typed_answer()) {
        if let Ok(Some(answer)) = read(&item, &typing) {
            prop_assert_eq!(check(&item, &answer), Ok(answer.clone()));
            let json = serde_json::to_string(&answer).unwrap();
            prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        }
    }
}
