//! Which of the daily copies are kept: the last of each of so many days, weeks and months.

use jiff::civil::DateTime;

const DAYS: usize = 7;
const WEEKS: usize = 4;
const MONTHS: usize = 12;

/// The name of a copy of this moment, and of nothing else.
pub fn name(at: DateTime) -> String {
    format!("{}{}{}", BEFORE, at.strftime("%Y%m%d-%H%M%S"), AFTER)
}

const BEFORE: &str = "ruh-";
const AFTER: &str = ".backup";

/// The moment of a copy; nothing for a file that is not one of ours.
pub fn moment(file: &str) -> Option<DateTime> {
    let digits = file.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    let at = DateTime::strptime("%Y%m%d-%H%M%S", digits).ok()?;
    // Only what we would write: a lenient reader takes more.
    (name(at) == file).then_some(at)
}

/// The copies that have had their time. The newest is never among them, and periods are counted among the copies: where
/// none were made for a year, none goes.
pub fn outdated(copies: &[DateTime]) -> Vec<DateTime> {
    let mut newest_first = copies.to_vec();
    newest_first.sort_unstable();
    newest_first.dedup();
    newest_first.reverse();
    let mut days = Periods::new(DAYS);
    let mut weeks = Periods::new(WEEKS);
    let mut months = Periods::new(MONTHS);
    newest_first.retain(|at| {
        let date = at.date();
        let week = date.iso_week_date();
        let is_kept = [
            days.takes((i64::from(date.year()), i64::from(date.day_of_year()))),
            weeks.takes((i64::from(week.year()), i64::from(week.week()))),
            months.takes((i64::from(date.year()), i64::from(date.month()))),
        ];
        !is_kept.contains(&true)
    });
    newest_first
}

/// Takes the first copy of each period, until there were enough periods.
struct Periods {
    left: usize,
    last: Option<(i64, i64)>,
}

impl Periods {
    fn new(count: usize) -> Periods {
        Periods { left: count, last: None }
    }

    fn takes(&mut self, period: (i64, i64)) -> bool {
        if self.left == 0 || self.last == Some(period) {
            return false;
        }
        self.left -= 1;
        self.last = Some(period);
        true
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::{date, datetime};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_of_each_day_week_and_month_stays() {
        let on = |month, day| datetime(2026, month, day, 2, 0, 0, 0);
        // 2 March 2026 is a Monday.
        let cases: [(&str, Vec<DateTime>, Vec<DateTime>); 6] = [
            ("nothing", vec![], vec![]),
            ("one", vec![on(3, 2)], vec![]),
            ("seven days", (1..=7).map(|day| on(3, day)).collect(), vec![]),
            ("twice a day", vec![on(3, 2), datetime(2026, 3, 2, 14, 0, 0, 0)], vec![on(3, 2)]),
            // Kept: 9–15 March as days, 8 March as the last of its week.
            (
                "the eighth day goes",
                (2..=15).map(|day| on(3, day)).collect(),
                (2..=7).rev().map(|d| on(3, d)).collect(),
            ),
            ("old ones without newer ones stay", vec![on(1, 1), datetime(2020, 1, 1, 2, 0, 0, 0)], vec![]),
        ];
        for (what, copies, gone) in cases {
            assert_eq!(outdated(&copies), gone, "{what}");
        }
    }

    #[test]
    fn a_copy_a_day_for_years_leaves_days_weeks_and_months() {
        let mut copies: Vec<DateTime> = Vec::new();
        let first = date(2024, 1, 1).at(2, 0, 0, 0);
        for day in 0..800 {
            copies.push(first.checked_add(day.days()).unwrap());
            let gone = outdated(&copies);
            copies.retain(|at| !gone.contains(at));
        }
        let newest = first.checked_add(799.days()).unwrap();
        let age = |at: &DateTime| (newest - *at).get_days();
        assert!((0..7).all(|day| copies.iter().any(|at| age(at) == day)), "{copies:?}");
        assert!(copies.iter().filter(|at| age(at) <= 31).count() >= 9, "four weeks: {copies:?}");
        assert!(copies.iter().any(|at| age(at) > 300), "a year back: {copies:?}");
        assert!(copies.len() <= DAYS + WEEKS + MONTHS);
    }

    #[test]
    fn only_our_own_names_are_read() {
        let at = datetime(2026, 3, 2, 2, 5, 9, 0);
        assert_eq!(name(at), "ruh-20260302-020509.backup");
        assert_eq!(moment("ruh-20260302-020509.backup"), Some(at));
        for other in [
            "ruh-20260302-020509.backup.unfinished",
            "ruh-2026302-020509.backup",
            "ruh-20261302-020509.backup",
            "my-20260302-020509.backup",
            "ruh-20260302-020509.backup2",
            "ruh- 20260302-020509.backup",
            "ruh.db",
            "",
        ] {
            assert_eq!(moment(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn the_newest_never_goes_and_a_second_look_takes_no_more(hours in prop::collection::vec(0_i64..50_000, 1..80)) {
            let first = date(2024, 1, 1).at(0, 0, 0, 0);
            let copies: Vec<DateTime> = hours.iter().map(|h| first.checked_add(h.hours()).unwrap()).collect();
            let gone = outdated(&copies);
            prop_assert!(!gone.contains(copies.iter().max().unwrap()));
            prop_assert!(gone.iter().all(|at| copies.contains(at)));
            let left: Vec<DateTime> = copies.iter().filter(|at| !gone.contains(at)).copied().collect();
            prop_assert!(outdated(&left).is_empty());
            let mut distinct = left;
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert!(distinct.len() <= DAYS + WEEKS + MONTHS);
        }

        #[test]
        fn a_name_is_a_moment_or_nothing(name_of in "(ruh-)?[0-9-]{0,16}(\\.backup)?") {
            if let Some(at) = moment(&name_of) {
                prop_assert_eq!(name(at), name_of);
            }
        }
    }
}
