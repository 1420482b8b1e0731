//! Scores: the sum of what the chosen answers count for, and for published instruments what such a sum means. An
//! instrument is known by its codes (LOINC), never by its words.

use super::answer::{Answer, Answers};
use super::definition::{Code, Definition, Item, Kind};
use super::shown::shown;

pub const LOINC: &str = "http://loinc.org";

/// A published instrument whose sums have a meaning.
#[derive(Debug)]
pub struct Instrument {
    pub name: &'static str,
    /// Of the whole, and of its sum.
    pub panel: &'static str,
    pub total: &'static str,
    /// Of its questions, in order.
    questions: &'static [&'static str],
    /// From which sum on, and what that is called.
    bands: &'static [(i64, &'static str)],
    /// What each question counts for at most.
    most: i64,
    /// A question of which every answer above nothing asks for the care team's eyes at once.
    critical: Option<&'static str>,
}

/// The four answers that both instruments have, in order: what they count for is their place.
const FREQUENCY: [&str; 4] = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];

pub static INSTRUMENTS: [Instrument; 2] = [
    // Kroenke, Spitzer, Williams 2001: bands at 5, 10, 15 and 20.
    Instrument {
        name: "PHQ-9",
        panel: "44249-1",
        total: "44261-6",
        questions: &["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"],
        bands: &[(0, "Minimal"), (5, "Mild"), (10, "Moderate"), (15, "Moderately severe"), (20, "Severe")],
        most: 3,
        critical: Some("44260-8"),
    },
    // Spitzer, Kroenke, Williams, Löwe 2006: bands at 5, 10 and 15.
    Instrument {
        name: "GAD-7",
        panel: "69737-5",
        total: "70274-6",
        questions: &["69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"],
        bands: &[(0, "Minimal"), (5, "Mild"), (10, "Moderate"), (15, "Severe")],
        most: 3,
        critical: None,
    },
];

fn has(codes: &[Code], code: &str) -> bool {
    codes.iter().any(|one| one.code == code && (one.system == LOINC || one.system.is_empty()))
}

impl Instrument {
    /// The instrument that a form is: it has all of its questions, by their codes.
    pub fn of(definition: &Definition) -> Option<&'static Instrument> {
        INSTRUMENTS.iter().find(|one| one.questions.iter().all(|code| one.question(definition, code).is_some()))
    }

    fn question<'d>(&self, definition: &'d Definition, code: &str) -> Option<&'d Item> {
        definition.items.iter().find(|item| item.kind == Kind::Single && has(&item.codes, code))
    }

    /// From which sum on, and what that is called; the lowest first.
    pub fn bands(&self) -> &'static [(i64, &'static str)] {
        self.bands
    }

    fn band(&self, sum: i64) -> &'static str {
        self.bands.iter().rev().find(|(from, _)| sum >= *from).map_or("", |(_, name)| name)
    }
}

/// What an answer counts for: its own points, or its place among the answers that instruments have.
fn points(item: &Item, answer: &Answer) -> Option<i64> {
    match answer {
        Answer::Scale(step) => Some(*step),
        Answer::Chosen(all) => all.iter().map(|code| points_of(item, code)).sum(),
        _ => None,
    }
}

fn points_of(item: &Item, code: &str) -> Option<i64> {
    let own = item.choice(code).and_then(|choice| choice.points);
    let place = || FREQUENCY.iter().position(|known| *known == code).and_then(|at| i64::try_from(at).ok());
    own.or_else(place)
}

/// A sum, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The instrument's name; empty: a form of the practice's own.
    pub name: &'static str,
    pub sum: i64,
    /// The most that there is to reach.
    pub most: i64,
    /// Empty where nobody has said what a sum means.
    pub band: &'static str,
}

/// Whether answers to a form add up to something.
pub fn is_scored(definition: &Definition) -> bool {
    Instrument::of(definition).is_some() || counted(definition).next().is_some()
}

fn counted(definition: &Definition) -> impl Iterator<Item = &Item> {
    definition.items.iter().filter(|item| item.choices.iter().any(|choice| choice.points.is_some()))
}

/// The score of a form's answers; nothing: it has none, or something that counts was not answered.
pub fn score(definition: &Definition, answers: &Answers) -> Option<Score> {
    if let Some(known) = Instrument::of(definition) {
        let asked = known.questions.iter().map(|code| known.question(definition, code));
        let sum = asked.map(|item| item.and_then(|item| points(item, answers.get(&item.id)?))).sum::<Option<i64>>()?;
        let most = known.most * i64::try_from(known.questions.len()).ok()?;
        return Some(Score { name: known.name, sum, most, band: known.band(sum) });
    }
    let visible = shown(definition, answers);
    let asked: Vec<&Item> = counted(definition).filter(|item| visible.contains(item.id.as_str())).collect();
    if asked.is_empty() {
        return None;
    }
    let sum = asked.iter().map(|item| points(item, answers.get(&item.id)?)).sum::<Option<i64>>()?;
    Some(Score { name: "", sum, most: asked.iter().map(|item| most(item)).sum(), band: "" })
}

fn most(item: &Item) -> i64 {
    let points = item.choices.iter().filter_map(|choice| choice.points);
    if item.kind == Kind::Multiple { points.filter(|points| *points > 0).sum() } else { points.max().unwrap_or(0) }
}

/// The answer asks for the care team's eyes at once: by what the form says of it, or by the instrument.
pub fn is_critical(definition: &Definition, item: &Item, answer: &Answer) -> bool {
    let known = || Instrument::of(definition).and_then(|one| one.critical).is_some_and(|code| has(&item.codes, code));
    super::answer::alerts(item, answer) || (points(item, answer).is_some_and(|points| points > 0) && known())
}

#[cfg(test)]
mod tests {
    use super::super::Choice;
    use super::super::definition::{Combine, Condition, ShowIf, Test};
    use super::*;

    fn choice(code: &str, points: Option<i64>) -> Choice {
        Choice { code: code.into(), label: code.into(), system: String::new(), points, alert: false }
    }

    /// An instrument with the answers that it is published with; their points are their places.
    fn instrument(of: &Instrument) -> Definition {
        let item = |code: &&str| {
            let mut item = Item::new(format!("/{code}"), Kind::Single, *code);
            item.codes = vec![Code { system: LOINC.into(), code: (*code).into(), display: String::new() }];
            item.choices = FREQUENCY.iter().map(|code| choice(code, None)).collect();
            item
        };
        let items = of.questions.iter().map(item).collect();
        Definition { title: of.name.into(), items, ..Definition::default() }
    }

    /// Answers that add up to a sum: as many threes as fit, the rest, and nothing.
    fn adding_up_to(definition: &Definition, sum: usize) -> Answers {
        let mut left = sum;
        let mut answers = Answers::new();
        for item in &definition.items {
            let step = left.min(3);
            left -= step;
            answers.insert(item.id.clone(), Answer::Chosen(vec![FREQUENCY[step].into()]));
        }
        assert_eq!(left, 0);
        answers
    }

    #[test]
    fn a_sum_is_called_what_its_instrument_calls_it() {
        let phq: &[(usize, &str)] = &[
            (0, "Minimal"),
            (4, "Minimal"),
            (5, "Mild"),
            (9, "Mild"),
            (10, "Moderate"),
            (14, "Moderate"),
            (15, "Moderately severe"),
            (19, "Moderately severe"),
            (20, "Severe"),
            (27, "Severe"),
        ];
        let gad: &[(usize, &str)] = &[
            (0, "Minimal"),
            (4, "Minimal"),
            (5, "Mild"),
            (9, "Mild"),
            (10, "Moderate"),
            (14, "Moderate"),
            (15, "Severe"),
            (21, "Severe"),
        ];
        for (known, most, bands) in [(&INSTRUMENTS[0], 27, phq), (&INSTRUMENTS[1], 21, gad)] {
            let definition = instrument(known);
            assert!(is_scored(&definition));
            for (sum, band) in bands {
                let score = score(&definition, &adding_up_to(&definition, *sum)).unwrap();
                let expected = (known.name, i64::try_from(*sum).unwrap(), most, *band);
                assert_eq!((score.name, score.sum, score.most, score.band), expected);
            }
        }
    }

    #[test]
    fn an_instrument_without_all_of_its_answers_has_no_score() {
        for known in &INSTRUMENTS {
            let definition = instrument(known);
            for item in &definition.items {
                let mut answers = adding_up_to(&definition, 20);
                answers.remove(&item.id);
                assert_eq!(score(&definition, &answers), None, "{}", item.id);
            }
            // What is asked beside it neither counts nor is missed.
            let mut more = definition.clone();
            more.items.push(Item::new("more", Kind::LongText, "Anything else?"));
            assert_eq!(score(&more, &adding_up_to(&definition, 20)).unwrap().sum, 20);
        }
    }

    #[test]
    fn an_instrument_is_known_by_all_of_its_codes_and_no_words() {
        let whole = instrument(&INSTRUMENTS[0]);
        for n in 0..whole.items.len() {
            let mut part = whole.clone();
            part.items.remove(n);
            assert!(Instrument::of(&part).is_none());
        }
        let mut elsewhere = whole.clone();
        elsewhere.items[3].codes[0].system = "https://elsewhere.example".into();
        assert!(Instrument::of(&elsewhere).is_none());
        let mut unsaid = whole.clone();
        unsaid.items[3].codes[0].system = String::new();
        unsaid.items.reverse();
        assert_eq!(Instrument::of(&unsaid).unwrap().name, "PHQ-9");
        let mut text = whole;
        text.items[3].kind = Kind::ShortText;
        assert!(Instrument::of(&text).is_none());
    }

    #[test]
    fn points_that_a_form_gives_count_before_places() {
        let mut definition = instrument(&INSTRUMENTS[1]);
        for item in &mut definition.items {
            item.choices = (0..4).map(|n| choice(&format!("own{n}"), Some(3 - n))).collect();
        }
        let answers = |code: &str| {
            definition
                .items
                .iter()
                .map(|item| (item.id.clone(), Answer::Chosen(vec![code.into()])))
                .collect::<Answers>()
        };
        assert_eq!(score(&definition, &answers("own0")).unwrap().sum, 21);
        assert_eq!(score(&definition, &answers("own3")).unwrap().sum, 0);
        // Codes of nobody's count nothing at all.
        assert_eq!(score(&definition, &answers("else")), None);
    }

    #[test]
    fn every_answer_above_nothing_to_the_ninth_question_is_critical() {
        let definition = instrument(&INSTRUMENTS[0]);
        let nine = definition.items.iter().find(|item| item.id == "/44260-8").unwrap();
        for (n, code) in FREQUENCY.iter().enumerate() {
            let answer = Answer::Chosen(vec![(*code).into()]);
            assert_eq!(is_critical(&definition, nine, &answer), n > 0, "{code}");
            for other in definition.items.iter().filter(|item| item.id != nine.id) {
                assert!(!is_critical(&definition, other, &answer));
            }
        }
        // The same question alone is not the instrument; but a mark of the practice's own is always heard.
        let mut alone = Definition { items: vec![nine.clone()], ..Definition::default() };
        let answer = Answer::Chosen(vec![FREQUENCY[1].into()]);
        assert!(!is_critical(&alone, &alone.items[0], &answer));
        alone.items[0].choices[1].alert = true;
        assert!(is_critical(&alone, &alone.items[0], &answer));
        assert!(!is_critical(&alone, &alone.items[0], &Answer::Chosen(vec![FREQUENCY[2].into()])));
    }

    #[test]
    fn a_form_of_the_practices_own_adds_up_what_is_shown() {
        let mut first = Item::new("a", Kind::Single, "A");
        first.choices = vec![choice("no", Some(0)), choice("yes", Some(2))];
        let mut second = Item::new("b", Kind::Multiple, "B");
        second.choices = vec![choice("x", Some(1)), choice("y", Some(4)), choice("z", Some(-3))];
        let condition = Condition { question: "a".into(), test: Test::Is, value: "yes".into() };
        second.show_if = Some(ShowIf { combine: Combine::All, conditions: vec![condition] });
        let definition = Definition { items: vec![first, second], ..Definition::default() };
        let chosen = |codes: &[&str]| Answer::Chosen(codes.iter().map(|code| (*code).to_string()).collect());
        let of = |all: &[(&str, Answer)]| {
            let answers = all.iter().map(|(id, answer)| ((*id).to_string(), answer.clone())).collect();
            score(&definition, &answers).map(|score| (score.sum, score.most, score.band))
        };
        assert_eq!(of(&[]), None);
        // Hidden, it is not missed; and what was answered there before does not count.
        assert_eq!(of(&[("a", chosen(&["no"]))]), Some((0, 2, "")));
        assert_eq!(of(&[("a", chosen(&["no"])), ("b", chosen(&["y"]))]), Some((0, 2, "")));
        assert_eq!(of(&[("a", chosen(&["yes"]))]), None);
        assert_eq!(of(&[("a", chosen(&["yes"])), ("b", chosen(&["x", "y", "z"]))]), Some((4, 7, "")));
        assert!(!is_scored(&Definition { items: vec![Item::new("t", Kind::LongText, "T")], ..Definition::default() }));
    }
}
