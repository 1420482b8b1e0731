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
