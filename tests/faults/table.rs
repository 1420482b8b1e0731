//! The table that `make faults` prints at its end: what was done to which engine how often, what happened, and whether
//! the promise held. A test opens its row before it begins, so that one that never ends is seen too.

use std::fmt::Display;
use std::io::Write;

use testkit::ruh::db::Engine;

/// A row of the table; one that is dropped before `held` says that the promise did not hold.
pub struct Row {
    promise: &'static str,
    engine: &'static str,
    done: &'static str,
    told: bool,
}

impl Row {
    /// `done`: what is done to the program, in a few words.
    pub fn open(promise: &'static str, engine: Engine, done: &'static str) -> Row {
        let engine = match engine {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        };
        let row = Row { promise, engine, done, told: false };
        row.write("", "did not end", "no");
        row
    }

    /// The promise held through so many rounds.
    pub fn held(mut self, rounds: impl Display, happened: impl Display) {
        self.told = true;
        self.write(&grouped(&rounds.to_string()), &grouped(&happened.to_string()), "yes");
    }

    /// One line to the end of the file that RUH_FAULTS_TABLE names; scripts/faults.sh takes the last of each row.
    fn write(&self, rounds: &str, happened: &str, held: &str) {
        let Some(path) = std::env::var_os("RUH_FAULTS_TABLE") else { return };
        let line = format!("{}\t{}\t{}\t{rounds}\t{happened}\t{held}\n", self.promise, self.engine, self.done);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        // Other tests write to the same file: a line goes out in one piece.
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the table of faults");
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        if !self.told {
            self.write("", "failed, as said above", "no");
        }
    }
}

/// Commas in numbers of four digits and more, for a reader who compares them.
fn grouped(text: &str) -> String {
    let mut all = String::new();
    let mut digits = String::new();
    let flush = |digits: &mut String, all: &mut String| {
        for (n, digit) in digits.chars().enumerate() {
            if n > 0 && digits.len() > 3 && (digits.len() - n).is_multiple_of(3) {
                all.push(',');
            }
            all.push(digit);
        }
        digits.clear();
    };
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            flush(&mut digits, &mut all);
            all.push(c);
        }
    }
    flush(&mut digits, &mut all);
    all
}

#[test]
fn numbers_are_said_with_commas() {
    assert_eq!(grouped("1000 kills, 12345 kept, 999 ms"), "1,000 kills, 12,345 kept, 999 ms");
}
