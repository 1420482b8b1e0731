//! Who waits for a database thread: in lanes, one for each practice, that are served in turn. However much one practice
//! asks for, another waits for a turn and not for the end of the flood. Where there are threads that step back, a practice
//! that asks for more than one thing at once gets the rest from them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{DbError, PATIENCE, QUEUE_LIMIT, Work};

/// A practice; nothing: what belongs to none (who is asking, jobs).
pub type Lane = Option<Uuid>;

/// Work that was taken, and the lane to give back when it is done.
pub struct Taken {
    pub work: Box<dyn Work>,
    pub lane: Lane,
}

pub struct Queue {
    state: Mutex<State>,
    /// Something may be taken, by rank of the thread.
    arrived: [Condvar; 2],
    /// Threads that one practice may keep busy at once.
    at_once: usize,
    /// Whether threads of the second rank serve it.
    steps_back: Stepping,
}

/// Whether a practice that asks for much is served by threads that step back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stepping {
    Back,
    Never,
}

/// Which threads serve somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    Front,
    /// Threads that step back for everybody else.
    Behind,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, Waiting>,
    /// Lanes with work that may be taken now, each once, by the rank that serves them.
    turns: [VecDeque<Lane>; 2],
    waiting: usize,
    closed: bool,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Box<dyn Work>>,
    under_way: usize,
    has_turn: bool,
}

impl Waiting {
    /// The next one, without those that have waited too long: they hear that it is busy. `count`: of all that wait.
    fn next(&mut self, count: &mut usize) -> Option<Box<dyn Work>> {
        while let Some(work) = self.work.pop_front() {
            *count -= 1;
            if work.waited() < PATIENCE {
                return Some(work);
            }
            work.finish(Err(DbError::Busy));
        }
        None
    }
}

impl Queue {
    pub fn new(at_once: usize, steps_back: Stepping) -> Queue {
        Queue { state: Mutex::default(), arrived: [Condvar::new(), Condvar::new()], at_once, steps_back }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: the queue is full, or its threads have stopped.
    pub fn put(&self, lane: Lane, work: Box<dyn Work>) -> bool {
        let mut state = self.lock();
        if state.closed || state.waiting >= QUEUE_LIMIT {
            return false;
        }
        state.waiting += 1;
        state.lanes.entry(lane).or_default().work.push_back(work);
        self.give_turn(&mut state, lane);
        true
    }

    /// Waits for work; nothing: the queue is closed and empty.
    pub fn take(&self, rank: Rank) -> Option<Taken> {
        let mut state = self.lock();
        loop {
            if let Some(taken) = self.next(&mut state, rank) {
                return Some(taken);
            }
            if state.closed {
                return None;
            }
            state = self.arrived[rank as usize].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next work, if any may be taken now.
    pub fn take_now(&self) -> Option<Taken> {
        self.next(&mut self.lock(), Rank::Front)
    }

    /// More work of a lane from which some was taken; it counts as part of that.
    pub fn take_more(&self, lane: Lane, limit: usize) -> Vec<Box<dyn Work>> {
        let mut state = self.lock();
        let State { lanes, waiting: count, .. } = &mut *state;
        let Some(waiting) = lanes.get_mut(&lane) else {
            return Vec::new();
        };
        std::iter::from_fn(|| waiting.next(count)).take(limit).collect()
    }

    /// What was taken from a lane is done.
    pub fn done(&self, lane: Lane) {
        let mut state = self.lock();
        let Some(waiting) = state.lanes.get_mut(&lane) else {
            return;
        };
        waiting.under_way -= 1;
        if waiting.under_way == 0 && waiting.work.is_empty() && !waiting.has_turn {
            state.lanes.remove(&lane);
        } else {
            self.give_turn(&mut state, lane);
        }
    }

    /// Lets the threads end once everything is done.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.iter().for_each(Condvar::notify_all);
    }

    fn next(&self, state: &mut State, rank: Rank) -> Option<Taken> {
        while let Some(lane) = state.turns[rank as usize].pop_front() {
            let State { lanes, waiting: count, .. } = &mut *state;
            let Some(waiting) = lanes.get_mut(&lane) else { continue };
            waiting.has_turn = false;
            if let Some(work) = waiting.next(count) {
                waiting.under_way += 1;
                self.give_turn(state, lane);
                return Some(Taken { work, lane });
            }
            if waiting.under_way == 0 {
                state.lanes.remove(&lane);
            }
        }
        None
    }

    /// Puts a lane at the end of the turns, if it has work that may be taken and is not there already.
    fn give_turn(&self, state: &mut State, lane: Lane) {
        let Some(waiting) = state.lanes.get_mut(&lane) else { return };
        let may_run = lane.is_none() || waiting.under_way < self.at_once;
        if may_run && !waiting.has_turn && !waiting.work.is_empty() {
            waiting.has_turn = true;
            let is_much = waiting.under_way + waiting.work.len() > 1;
            let behind = self.steps_back == Stepping::Back && lane.is_some() && is_much;
            let rank = if behind { Rank::Behind } else { Rank::Front };
            state.turns[rank as usize].push_back(lane);
            self.arrived[rank as usize].notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{DbError, Tx};

    struct Named(u8);

    impl Work for Named {
        fn run(&mut self, _: &Tx) -> bool {
            self.0 > 0
        }
        fn finish(self: Box<Self>, _: Result<(), DbError>) {}
        fn waited(&self) -> std::time::Duration {
            if self.0 > 1 { PATIENCE } else { std::time::Duration::ZERO }
        }
    }

    fn lane(n: u128) -> Lane {
        Some(Uuid::from_u128(n))
    }

    fn put(queue: &Queue, n: u128) {
        assert!(queue.put(lane(n), Box::new(Named(1))));
    }

    #[test]
    fn r67_a_flood_waits_behind_another_practice() {
        let queue = Queue::new(2, Stepping::Never);
        (0..10).for_each(|_| put(&queue, 1));
        put(&queue, 2);
        let first = [queue.take_now(), queue.take_now()].map(|taken| taken.and_then(|taken| taken.lane));
        assert_eq!(first, [lane(1), lane(2)], "in turn, however many wait");
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(1)));
        assert!(queue.take_now().is_none(), "two of the flood are under way: the other threads stay free");
        put(&queue, 3);
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(3)));
        queue.done(lane(1));
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(1)));
    }

    #[test]
    fn r67_a_flood_is_served_by_threads_that_step_back() {
        let queue = Queue::new(2, Stepping::Back);
        put(&queue, 1);
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(1)), "who asks for one thing is in front");
        put(&queue, 1);
        put(&queue, 1);
        put(&queue, 2);
        (0..2).for_each(|_| assert!(queue.put(None, Box::new(Named(1)))));
        let front: Vec<_> = std::iter::from_fn(|| queue.take_now().map(|taken| taken.lane)).collect();
        assert_eq!(front, [lane(2), None, None], "whoever is there, and other practices, do not wait for the rest");
        assert_eq!(queue.take(Rank::Behind).map(|taken| taken.lane), Some(lane(1)));
        queue.done(lane(1));
        assert_eq!(queue.take(Rank::Behind).map(|taken| taken.lane), Some(lane(1)));
        queue.done(lane(1));
        queue.done(lane(1));
        put(&queue, 1);
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(1)), "and it is in front again afterwards");
    }

    #[test]
    fn work_of_no_practice_has_every_thread() {
        let queue = Queue::new(1, Stepping::Never);
        (0..3).for_each(|_| assert!(queue.put(None, Box::new(Named(1)))));
        assert_eq!((0..3).filter_map(|_| queue.take_now()).count(), 3);
    }

    #[test]
    fn more_of_a_lane_is_taken_together_and_nothing_is_lost() {
        let queue = Queue::new(1, Stepping::Never);
        (0..5).for_each(|_| put(&queue, 1));
        let first = queue.take_now();
        assert!(first.is_some() && queue.take_now().is_none());
        assert_eq!(queue.take_more(lane(1), 3).len(), 3);
        queue.done(lane(1));
        assert_eq!(queue.take_now().map(|taken| taken.lane), Some(lane(1)));
        queue.done(lane(1));
        let state = queue.lock();
        assert!(state.lanes.is_empty() && state.waiting == 0, "nothing is kept of a practice that asks for nothing");
    }

    #[test]
    fn who_waited_too_long_is_not_begun() {
        let queue = Queue::new(1, Stepping::Never);
        assert!(queue.put(lane(1), Box::new(Named(2))));
        put(&queue, 1);
        assert!(queue.put(lane(1), Box::new(Named(2))));
        assert!(queue.take_now().is_some());
        assert!(queue.take_more(lane(1), 3).is_empty());
        queue.done(lane(1));
        let state = queue.lock();
        assert!(state.lanes.is_empty() && state.waiting == 0);
    }

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_ends() {
        let queue = Queue::new(1, Stepping::Never);
        (0..QUEUE_LIMIT).for_each(|_| put(&queue, 1));
        assert!(!queue.put(lane(2), Box::new(Named(1))));
        queue.close();
        assert!(queue.take(Rank::Front).is_some(), "what waits is done first");
        queue.done(lane(1));
        assert_eq!(
            std::iter::from_fn(|| queue.take_now().inspect(|taken| queue.done(taken.lane))).count(),
            QUEUE_LIMIT - 1
        );
        assert!(queue.take(Rank::Front).is_none());
    }
}
