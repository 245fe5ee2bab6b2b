//! What each connection gets of a drain that holds several channels.

use crate::{connection::Connection, outbox::Parcel};

/// Parcels of one channel: for all its subscribers with one agreement about compression, or for one subscriber that has
/// some of them already.
pub(super) struct Batch {
    /// Which of the drain's channels.
    pub(super) channel: usize,
    pub(super) parcels: Vec<Parcel>,
}

/// A batch on its way to one connection.
struct Letter {
    batch: u32,
    /// The letter before it to the same connection, counted from one; 0: none.
    before: u32,
}

/// What the connections of a drain get of its channels.
#[derive(Default)]
pub(super) struct Mail {
    pub(super) batches: Vec<Batch>,
    letters: Vec<Letter>,
    /// Who gets something, each once.
    pub(super) slots: Vec<u32>,
}

impl Mail {
    /// Adds a batch, and says which it is.
    pub(super) fn add(&mut self, batch: Batch) -> usize {
        self.batches.push(batch);
        self.batches.len() - 1
    }

    /// Puts a batch into a connection's mail.
    pub(super) fn post(&mut self, conn: &mut Connection, slot: u32, batch: usize) {
        if conn.mail == 0 {
            self.slots.push(slot);
        }
        self.letters.push(Letter {
            batch: u32::try_from(batch).unwrap_or(u32::MAX),
            before: conn.mail,
        });
        conn.mail = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
    }

    /// Takes a connection's mail out, in the order it was posted.
    pub(super) fn collect(&self, conn: &mut Connection, own: &mut Vec<u32>) {
        own.clear();
        let mut at = std::mem::take(&mut conn.mail);
        while let Some(letter) = (at as usize)
            .checked_sub(1)
            .and_then(|at| self.letters.get(at))
        {
            own.push(letter.batch);
            at = letter.before;
        }
        own.reverse();
    }

    /// The parcels of these batches.
    pub(super) fn parcels<'a>(
        &'a self,
        own: &'a [u32],
    ) -> impl Iterator<Item = &'a Parcel> + Clone {
        own.iter()
            .flat_map(|batch| self.batches[*batch as usize].parcels.iter())
    }
}
