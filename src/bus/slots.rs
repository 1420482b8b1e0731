//! Those who listen in this process: each has a slot, found by the ids that it listens for. Waking writes a mark into the
//! slot; however often it is woken before it looks, it looks once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::Hint;

/// Typing that waits to be shown at most; what is more is nothing that anybody waits for.
const TYPING_LIMIT: usize = 8;

/// Who listens in one process at most. Each holds a connection and a little memory.
const LISTENERS: usize = 12_000;
/// How often one of them listens at most: a few tabs and a program or two.
const EACH: usize = 20;

/// What a listener was woken for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Woken {
    pub news: bool,
    /// Something may have been taken away.
    pub lost: bool,
    /// Nobody knows what was missed.
    pub missed: bool,
    /// Who types, by conversation.
    pub typing: Vec<(Uuid, Uuid)>,
}

impl Woken {
    /// It was told that there is something for it.
    pub fn is_told(&self) -> bool {
        self.news || self.lost || !self.typing.is_empty()
    }

    pub fn add(&mut self, more: Woken) {
        self.news |= more.news;
        self.lost |= more.lost;
        self.missed |= more.missed;
        self.typing.extend(more.typing);
    }
}

#[derive(Default)]
struct Slot {
    wake: Notify,
    woken: Mutex<Woken>,
}

impl Slot {
    fn mark(&self, mark: impl FnOnce(&mut Woken)) {
        mark(&mut self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }
}

type ById = HashMap<Uuid, HashMap<u64, Arc<Slot>>>;

#[derive(Default)]
pub struct Slots {
    next: AtomicU64,
    /// How often somebody listens.
    by_who: Mutex<HashMap<Uuid, usize>>,
    by_news: Mutex<ById>,
    by_place: Mutex<ById>,
}

fn lock(all: &Mutex<ById>) -> MutexGuard<'_, ById> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

fn of(all: &Mutex<ById>, ids: &[Uuid]) -> Vec<Arc<Slot>> {
    let all = lock(all);
    let found: HashMap<u64, Arc<Slot>> =
        ids.iter().filter_map(|id| all.get(id)).flatten().map(|(number, slot)| (*number, slot.clone())).collect();
    found.into_values().collect()
}

impl Slots {
    pub fn wake(&self, hint: &Hint) {
        match hint {
            Hint::News(ids) => of(&self.by_news, ids).iter().for_each(|slot| slot.mark(|woken| woken.news = true)),
            Hint::Lost(ids) => of(&self.by_place, ids).iter().for_each(|slot| slot.mark(|woken| woken.lost = true)),
            Hint::Typing { to, conversation, who } => {
                for slot in of(&self.by_news, to) {
                    slot.mark(|woken| {
                        if woken.typing.len() < TYPING_LIMIT && !woken.typing.contains(&(*conversation, *who)) {
                            woken.typing.push((*conversation, *who));
                        }
                    });
                }
            }
        }
    }

    /// Everybody looks again: nobody knows what was missed.
    pub fn wake_all(&self) {
        let all: Vec<Arc<Slot>> = lock(&self.by_place).values().flat_map(|slots| slots.values().cloned()).collect();
        for slot in all {
            slot.mark(|woken| woken.missed = true);
        }
    }

    /// Counts one more who listens. `None`: they, or all together, are too many.
    fn take(&self, who: Uuid) -> Option<()> {
        let mut all = self.by_who.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(&who).copied().unwrap_or(0);
        if own >= EACH || all.values().sum::<usize>() >= LISTENERS {
            return None;
        }
        all.insert(who, own + 1);
        Some(())
    }

    fn give_back(&self, who: Uuid) {
        let mut all = self.by_who.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(&who) {
            Some(many) if *many > 1 => *many -= 1,
            _ => drop(all.remove(&who)),
        }
    }

    /// Listens until it is dropped. `None`: too many do.
    pub fn listen(slots: &Arc<Slots>, who: Uuid, news: &[Uuid], stands: &[Uuid]) -> Option<Listener> {
        slots.take(who)?;
        let number = slots.next.fetch_add(1, Ordering::Relaxed);
        let slot = Arc::new(Slot::default());
        for (map, ids) in [(&slots.by_news, news), (&slots.by_place, stands)] {
            let mut map = lock(map);
            for id in ids {
                map.entry(*id).or_default().insert(number, slot.clone());
            }
        }
        Some(Listener { slots: slots.clone(), who, number, slot, news: news.to_vec(), stands: stands.to_vec() })
    }

    pub fn count(&self) -> usize {
        let mut numbers: Vec<u64> = lock(&self.by_news).values().flat_map(|slots| slots.keys().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }
}

/// Somebody who listens, until it is dropped.
pub struct Listener {
    slots: Arc<Slots>,
    who: Uuid,
    number: u64,
    slot: Arc<Slot>,
    news: Vec<Uuid>,
    stands: Vec<Uuid>,
}

impl Listener {
    /// Another one for each: what all of them do now and then they need not do at once.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Waits until it is woken, or was woken since it last looked.
    pub async fn woken(&self) -> Woken {
        loop {
            let found = std::mem::take(&mut *self.slot.woken.lock().unwrap_or_else(PoisonError::into_inner));
            if found != Woken::default() {
                return found;
            }
            self.slot.wake.notified().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.slots.give_back(self.who);
        for (map, ids) in [(&self.slots.by_news, &self.news), (&self.slots.by_place, &self.stands)] {
            let mut map = lock(map);
            for id in ids {
                if let Some(slots) = map.get_mut(id) {
                    slots.remove(&self.number);
                    if slots.is_empty() {
                        map.remove(id);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_meant_is_woken_once_and_nobody_else() {
        let slots = Arc::new(Slots::default());
        let [ana, bea, practice] = [1, 2, 3].map(Uuid::from_u128);
        let first = Slots::listen(&slots, ana, &[ana], &[practice]).unwrap();
        let second = Slots::listen(&slots, bea, &[bea], &[practice]).unwrap();
        slots.wake(&Hint::News(vec![ana]));
        slots.wake(&Hint::News(vec![ana, bea]));
        slots.wake(&Hint::Typing { to: vec![ana], conversation: bea, who: bea });
        assert_eq!(first.woken().await, Woken { news: true, typing: vec![(bea, bea)], ..Woken::default() });
        assert_eq!(second.woken().await, Woken { news: true, ..Woken::default() });
        slots.wake(&Hint::Lost(vec![practice]));
        for listener in [&first, &second] {
            assert_eq!(listener.woken().await, Woken { lost: true, ..Woken::default() });
        }
        assert_eq!(slots.count(), 2);
        drop(first);
        drop(second);
        assert_eq!(slots.count(), 0);
        assert!(lock(&slots.by_news).is_empty() && lock(&slots.by_place).is_empty());
    }

    #[test]
    fn nobody_listens_without_end_and_who_stops_makes_room() {
        let slots = Arc::new(Slots::default());
        let listen = |who: usize| Slots::listen(&slots, Uuid::from_u128(who as u128), &[], &[]);
        let mut own: Vec<_> = (0..EACH).map(|_| listen(0).unwrap()).collect();
        assert!(listen(0).is_none());
        let others: Vec<_> = (0..LISTENERS - EACH).map(|n| listen(1 + n).unwrap()).collect();
        assert!(listen(LISTENERS).is_none(), "all together");
        drop(own.pop());
        let again = listen(LISTENERS).unwrap();
        drop((own, others, again));
        assert!(slots.by_who.lock().unwrap().is_empty());
    }
}
