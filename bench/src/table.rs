//! The one table that a run prints, as Markdown.

use std::time::Duration;

/// What is wanted of a figure, in its unit.
#[derive(Clone, Copy)]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// Shown for the eye.
    None,
}

#[derive(Clone, Copy)]
pub enum Unit {
    /// A share of one, shown in hundredths.
    Percent,
    /// So many times something else.
    Times,
    Milliseconds,
    Mebibytes,
}

/// The figures of the rounds of one run.
#[derive(Clone, Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub fn ends(&self) -> (f64, f64) {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

impl From<f64> for Rounds {
    fn from(value: f64) -> Rounds {
        Rounds(vec![value])
    }
}

impl FromIterator<f64> for Rounds {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Rounds {
        Rounds(values.into_iter().collect())
    }
}

pub struct Figure {
    name: &'static str,
    aim: Aim,
    unit: Unit,
    rounds: Rounds,
    /// Shown behind it.
    beside: String,
}

impl Figure {
    pub fn new(name: &'static str, aim: Aim, unit: Unit, rounds: impl Into<Rounds>) -> Figure {
        Figure { name, aim, unit, rounds: rounds.into(), beside: String::new() }
    }

    /// Shows something more behind the figure.
    pub fn beside(self, text: String) -> Figure {
        Figure { beside: text, ..self }
    }

    fn is_missed(&self) -> bool {
        match self.aim {
            Aim::AtLeast(least) => self.rounds.median() < least,
            Aim::AtMost(most) => self.rounds.median() > most,
            Aim::None => false,
        }
    }

    fn aim(&self) -> String {
        match self.aim {
            Aim::AtLeast(least) => format!("≥ {}", said(least, self.unit)),
            Aim::AtMost(most) => format!("≤ {}", said(most, self.unit)),
            Aim::None => String::new(),
        }
    }

    /// The median, the least and the most of the rounds, and whether the aim was missed.
    fn cell(&self) -> String {
        let mut text = said(self.rounds.median(), self.unit);
        if self.rounds.0.len() > 1 {
            let (least, most) = self.rounds.ends();
            text.push_str(&format!(" ({}–{})", number(least, self.unit), number(most, self.unit)));
        }
        if !self.beside.is_empty() {
            text.push_str(&format!(", {}", self.beside));
        }
        if self.is_missed() { format!("**missed**: {text}") } else { text }
    }
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Percent => format!("{:.0}", value * 100.0),
        Unit::Times => format!("{value:.2}"),
        Unit::Milliseconds => format!("{value:.1}"),
        Unit::Mebibytes => format!("{value:.0}"),
    }
}

fn said(value: f64, unit: Unit) -> String {
    let number = number(value, unit);
    match unit {
        Unit::Percent => format!("{number} %"),
        Unit::Times => format!("{number} ×"),
        Unit::Milliseconds => format!("{number} ms"),
        Unit::Mebibytes => format!("{number} MiB"),
    }
}

/// Prints the figures of both databases side by side.
pub fn print(lite: &[Figure], pg: &[Figure]) {
    println!("| figure | aim | SQLite | PostgreSQL |");
    println!("| --- | --- | --- | --- |");
    for (lite, pg) in lite.iter().zip(pg) {
        assert_eq!(lite.name, pg.name, "the same figures of both");
        let aim = if lite.aim().is_empty() { pg.aim() } else { lite.aim() };
        println!("| {} | {aim} | {} | {} |", lite.name, lite.cell(), pg.cell());
    }
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The time that so many in a hundred stay under.
pub fn percentile(times: &[Duration], hundredths: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get((sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
