//! A timer wheel of seconds: one timer for a whole shard.

/// Seconds one turn holds. What is due later waits another turn.
const SLOTS: usize = 128;

/// Keys by the second they are due. A key may stand in it several times; whoever takes it checks whether it is meant.
#[derive(Debug)]
pub(crate) struct Wheel<K> {
    slots: Vec<Vec<(u32, K)>>,
    now_s: u32,
}

impl<K> Wheel<K> {
    pub(crate) fn new(now_s: u32) -> Self {
        Self {
            slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(),
            now_s,
        }
    }

    /// Adds `key`, due at `due_s` or, when that is past, at the next turn of the hand.
    pub(crate) fn add(&mut self, due_s: u32, key: K) {
        let due_s = due_s.max(self.now_s + 1);
        self.slots[due_s as usize % SLOTS].push((due_s, key));
    }

    /// Moves the hand to `now_s` and takes out what is due.
    pub(crate) fn advance(&mut self, now_s: u32) -> Vec<K> {
        let mut due = Vec::new();
        let turns = (now_s.saturating_sub(self.now_s) as usize).min(SLOTS);
        for turn in 1..=turns {
            let slot = &mut self.slots[(self.now_s as usize + turn) % SLOTS];
            for (due_s, key) in std::mem::take(slot) {
                if due_s <= now_s {
                    due.push(key);
                } else {
                    slot.push((due_s, key));
                }
            }
        }
        self.now_s = self.now_s.max(now_s);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_in_their_second() {
        let mut wheel = Wheel::new(10);
        wheel.add(12, 'b');
        wheel.add(11, 'a');
        wheel.add(5, 'p');
        wheel.add(10 + 3 * 128, 'z');
        assert_eq!(wheel.advance(10), Vec::<char>::new());
        let mut first = wheel.advance(11);
        first.sort_unstable();
        assert_eq!(first, ['a', 'p']);
        assert_eq!(wheel.advance(12), ['b']);
        assert_eq!(wheel.advance(300), Vec::<char>::new());
        assert_eq!(wheel.advance(1_000), ['z']);
    }
}
