//! The channels that somebody reads on this node, by slot and by name.
//!
//! There may be one for each connection, so the index holds a number for each and no second copy of the name: a map from
//! names would keep its empty third as large as its entries.

use crate::channel::Active;
use hashbrown::HashTable;
use slab::Slab;
use std::{
    hash::{BuildHasher as _, RandomState},
    ops::{Index, IndexMut},
};

/// A slot is free for another channel once nobody reads the one that was there.
#[derive(Default)]
pub(super) struct Channels {
    slots: Slab<Active>,
    names: HashTable<u32>,
    hasher: RandomState,
}

impl Channels {
    /// Where the channel with this name is.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let of_name = |slot: &u32| self[*slot].channel.name() == name;
        self.names
            .find(self.hasher.hash_one(name), of_name)
            .copied()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Active> {
        self.slots.get_mut(slot as usize)
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Active> {
        self.slots.get(slot as usize)
    }

    /// Adds a channel that is not there; answers its slot.
    pub(super) fn add(&mut self, active: Active) -> u32 {
        let hash = self.hasher.hash_one(active.channel.name());
        let slot = u32::try_from(self.slots.insert(active)).unwrap_or(u32::MAX);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.names.insert_unique(hash, slot, |slot| {
            hasher.hash_one(slots[*slot as usize].channel.name())
        });
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let active = self.slots.remove(slot as usize);
        let hash = self.hasher.hash_one(active.channel.name());
        if let Ok(entry) = self.names.find_entry(hash, |own| *own == slot) {
            entry.remove();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Active> {
        self.slots.iter().map(|(_slot, active)| active)
    }
}

impl Index<u32> for Channels {
    type Output = Active;

    fn index(&self, slot: u32) -> &Active {
        &self.slots[slot as usize]
    }
}

impl IndexMut<u32> for Channels {
    fn index_mut(&mut self, slot: u32) -> &mut Active {
        &mut self.slots[slot as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_proto::Channel;

    #[test]
    fn a_channel_is_found_by_name_until_it_is_removed() {
        let channel = |name: &str| Channel::parse(name).unwrap();
        let mut channels = Channels::default();
        let slots: Vec<u32> = (0..1_000)
            .map(|n| channels.add(Active::new(channel(&format!("topic:{n}")), n)))
            .collect();
        for (n, slot) in slots.iter().enumerate() {
            assert_eq!(channels.find(&format!("topic:{n}")), Some(*slot));
        }
        for slot in slots.iter().step_by(2) {
            channels.remove(*slot);
        }
        for (n, slot) in slots.iter().enumerate() {
            let left = (n % 2 == 1).then_some(*slot);
            assert_eq!(channels.find(&format!("topic:{n}")), left);
        }
        let again = channels.add(Active::new(channel("topic:0"), 1_000));
        assert_eq!(channels.find("topic:0"), Some(again));
        assert!(slots.contains(&again), "a free slot is used again");
    }
}
