//! A score over time, drawn on the server: no script, and the same numbers stand in the table beneath for those who hear
//! the page.

use askama::Template;

use crate::clock::Instant;
use crate::forms::Instrument;

const WIDTH: i64 = 640;
const HEIGHT: i64 = 280;
/// Where the scores stand: what is left of it is for the numbers, right of it for the bands, beneath for the days.
const LEFT: i64 = 44;
const RIGHT: i64 = WIDTH - 132;
const TOP: i64 = 20;
const BOTTOM: i64 = HEIGHT - 36;
/// Days are written as far apart as this.
const APART: i64 = 84;

/// One point in time.
#[derive(Debug, Clone)]
pub struct Point {
    pub at: Instant,
    pub day: String,
    pub sum: i64,
}

#[derive(Template)]
#[template(path = "intake/chart.html")]
pub struct Chart {
    pub title: String,
    width: i64,
    height: i64,
    left: i64,
    right: i64,
    bottom: i64,
    bands: Vec<Band>,
    /// Of the vertical axis: where, and what.
    ticks: Vec<(i64, i64)>,
    line: String,
    dots: Vec<Dot>,
}
impl askama::filters::HtmlSafe for Chart {}

struct Band {
    /// Every other one has a ground of its own.
    even: bool,
    top: i64,
    height: i64,
    middle: i64,
    name: &'static str,
}

struct Dot {
    x: i64,
    y: i64,
    above: i64,
    sum: i64,
    /// Empty where it would run into its neighbour.
    day: String,
}

fn height_of(sum: i64, most: i64) -> i64 {
    BOTTOM - (BOTTOM - TOP) * sum.clamp(0, most.max(1)) / most.max(1)
}

impl Chart {
    /// `most`: the highest score there is. `points`: the oldest first.
    pub fn new(title: String, most: i64, instrument: Option<&Instrument>, points: &[Point]) -> Chart {
        let (first, last) = (points.first().map_or(0, |p| p.at.0), points.last().map_or(0, |p| p.at.0));
        let span = last - first;
        let place = |at: i64| {
            if span == 0 { (LEFT + RIGHT) / 2 } else { wide(LEFT + 24, RIGHT - 24, at - first, span) }
        };
        let (mut days_until, count, end) = (i64::MIN / 2, points.len(), place(last));
        let mut dots = Vec::with_capacity(count);
        for (n, point) in points.iter().enumerate() {
            let (x, y) = (place(point.at.0), height_of(point.sum, most));
            // The last day always stands; those before it as far as there is room.
            let fits = n + 1 == count || (x - days_until >= APART && end - x >= APART);
            if fits {
                days_until = x;
            }
            let day = if fits { point.day.clone() } else { String::new() };
            dots.push(Dot { x, y, above: y - 11, sum: point.sum, day });
        }
        let line = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y)).collect::<Vec<_>>().join(" ");
        let bands = instrument.map(|one| bands(one.bands(), most)).unwrap_or_default();
        let marks: Vec<i64> = match instrument {
            Some(one) => one.bands().iter().map(|(from, _)| *from).chain([most]).collect(),
            None => vec![0, most / 2, most],
        };
        Chart {
            title,
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: RIGHT,
            bottom: BOTTOM,
            bands,
            ticks: marks.into_iter().map(|mark| (height_of(mark, most), mark)).collect(),
            line,
            dots,
        }
    }
}

fn wide(from: i64, to: i64, part: i64, whole: i64) -> i64 {
    // In milliseconds: microseconds times pixels could be more than fit.
    from + (to - from) * (part / 1_000) / (whole / 1_000).max(1)
}

fn bands(all: &[(i64, &'static str)], most: i64) -> Vec<Band> {
    let mut bands = Vec::with_capacity(all.len());
    for (n, (from, name)) in all.iter().enumerate() {
        let until = all.get(n + 1).map_or(most, |(next, _)| *next);
        let (top, bottom) = (height_of(until, most), height_of(*from, most));
        bands.push(Band { even: n % 2 == 0, top, height: bottom - top, middle: (top + bottom) / 2 + 4, name });
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(day: i64, sum: i64) -> Point {
        Point { at: Instant(day * 86_400_000_000), day: format!("day {day}"), sum }
    }

    #[test]
    fn points_stand_where_their_time_and_score_say() {
        let chart = Chart::new("PHQ-9".into(), 27, None, &[point(0, 27), point(30, 0), point(60, 13)]);
        let at: Vec<(i64, i64)> = chart.dots.iter().map(|dot| (dot.x, dot.y)).collect();
        assert_eq!(at, [(LEFT + 24, TOP), ((LEFT + RIGHT) / 2, BOTTOM), (RIGHT - 24, height_of(13, 27))]);
        assert!(chart.dots.iter().all(|dot| !dot.day.is_empty()));
    }

    #[test]
    fn days_do_not_run_into_each_other_and_one_point_stands_in_the_middle() {
        let many: Vec<Point> = (0..20).map(|n| point(n, n)).collect();
        let chart = Chart::new("PHQ-9".into(), 27, None, &many);
        let days: Vec<i64> = chart.dots.iter().filter(|dot| !dot.day.is_empty()).map(|dot| dot.x).collect();
        assert!(days.windows(2).all(|pair| pair[1] - pair[0] >= APART), "{days:?}");
        assert_eq!(days.last(), Some(&(RIGHT - 24)));
        let chart = Chart::new("PHQ-9".into(), 27, None, &[point(5, 9), point(5, 9)]);
        assert!(chart.dots.iter().all(|dot| dot.x == (LEFT + RIGHT) / 2));
        assert!(Chart::new("None".into(), 0, None, &[]).dots.is_empty());
    }

    #[test]
    fn bands_fill_the_whole_height() {
        for one in &crate::forms::INSTRUMENTS {
            let all = bands(one.bands(), 27);
            assert_eq!(all.iter().map(|band| band.height).sum::<i64>(), BOTTOM - TOP);
        }
    }
}
