//! What all readers of one channel must see: each publication once, in order, and the same bytes.

use crate::stamp::{Reading, Stamp};

/// The publications of one channel and encoding since the last [`clear`](Self::clear). The first reader of each sets
/// what the others are held against.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    first_n: u64,
    messages: Vec<Message>,
}

/// One publication.
#[derive(Debug)]
pub(crate) struct Message {
    /// The whole frame as the first reader got it.
    pub(crate) frame: Box<[u8]>,
    pub(crate) stamp: Stamp,
    /// Who has it.
    pub(crate) readers: usize,
}

impl Stream {
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
    }

    /// The last one that was seen.
    pub(crate) fn last(&self) -> Option<&Message> {
        self.messages.last()
    }

    pub(crate) fn get(&self, n: u64) -> Option<&Message> {
        self.messages.get(self.index(n)?)
    }

    /// The publication with this ordinal, once somebody has read it.
    pub(crate) fn get_mut(&mut self, n: u64) -> Option<&mut Message> {
        let index = self.index(n)?;
        self.messages.get_mut(index)
    }

    fn index(&self, n: u64) -> Option<usize> {
        usize::try_from(n.checked_sub(self.first_n)?).ok()
    }

    /// Takes a publication that a reader has got.
    ///
    /// # Errors
    ///
    /// The text says how it contradicts what others got.
    pub(crate) fn take(&mut self, reading: Reading, frame: &[u8]) -> Result<(), String> {
        let Reading { n, stamp } = reading;
        if self.messages.is_empty() {
            self.first_n = n;
        }
        let end = self.first_n + self.messages.len() as u64;
        if n == end {
            self.messages.push(Message {
                frame: frame.into(),
                stamp,
                readers: 1,
            });
            return Ok(());
        }
        let first_n = self.first_n;
        match self.get_mut(n) {
            Some(message) if message.stamp == stamp => {
                message.readers += 1;
                Ok(())
            }
            Some(message) => Err(format!(
                "two readers got different publications as number {n}: {} and {}",
                message.stamp.seq, stamp.seq
            )),
            None => Err(format!(
                "publication {n} came where {first_n} to {end} were possible"
            )),
        }
    }

    /// Checks that each of `readers` has got each of these publications, and nothing else came.
    ///
    /// # Errors
    ///
    /// The text says what is missing or too much.
    pub(crate) fn check(&self, seqs: std::ops::Range<u64>, readers: usize) -> Result<(), String> {
        let mut found: Vec<u64> = self.messages.iter().map(|own| own.stamp.seq).collect();
        found.sort_unstable();
        if !found.iter().copied().eq(seqs.clone()) {
            return Err(format!(
                "{} publications came, which are not the {} that were published",
                found.len(),
                seqs.end - seqs.start
            ));
        }
        let uneven = self.messages.iter().find(|own| own.readers != readers);
        uneven.map_or(Ok(()), |message| {
            Err(format!(
                "publication {} came to {} readers of {readers}",
                message.stamp.seq, message.readers
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(n: u64, seq: u64) -> Reading {
        let stamp = Stamp { seq, sent_ns: 1 };
        Reading { n, stamp }
    }

    #[test]
    fn readers_must_agree() {
        let mut stream = Stream::default();
        stream.take(reading(7, 0), b"a").unwrap();
        stream.take(reading(7, 0), b"a").unwrap();
        assert!(
            stream.take(reading(7, 1), b"b").is_err(),
            "another publication"
        );
        assert!(stream.take(reading(9, 1), b"b").is_err(), "a hole");
        assert!(
            stream.take(reading(6, 1), b"b").is_err(),
            "before the first"
        );
        stream.take(reading(8, 1), b"b").unwrap();
        assert_eq!(stream.get_mut(8).map(|own| own.readers), Some(1));
        assert!(stream.get_mut(6).is_none() && stream.get_mut(9).is_none());
    }

    #[test]
    fn each_reader_needs_each_publication() {
        let mut stream = Stream::default();
        for (n, seq) in [(1, 5), (2, 4)] {
            stream.take(reading(n, seq), b"x").unwrap();
            stream.take(reading(n, seq), b"x").unwrap();
        }
        assert_eq!(
            stream.check(4..6, 2),
            Ok(()),
            "whatever order they were stored in"
        );
        assert!(stream.check(4..7, 2).is_err(), "one was lost");
        assert!(stream.check(4..6, 3).is_err(), "a reader lacks one");
        stream.clear();
        assert!(stream.check(4..6, 2).is_err());
        assert_eq!(stream.check(4..4, 2), Ok(()));
    }
}
