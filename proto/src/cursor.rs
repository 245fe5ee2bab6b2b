//! Where a reader stands in a channel's log.

use std::fmt;

/// The place of one entry in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Sequence in the log's shard; grows, with holes for other channels. 0: before the first entry.
    pub seq: u64,
    /// Ordinal in the channel: 1, 2, 3, … without holes. 0: before the first entry.
    pub n: u64,
}

/// What a client keeps to come back: opaque to it, `epoch.seq.n` to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which life of the log this belongs to; a restored or recreated log has another one.
    pub epoch: u32,
    /// The last entry the client has.
    pub position: Position,
}

/// The text is not a cursor that this system wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct CursorError;

impl Cursor {
    /// Reads a cursor as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    ///
    /// [`CursorError`] for everything else, also for other spellings of the same numbers.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(CursorError);
        let epoch = u32::from_str_radix(part()?, 16).map_err(|_digits| CursorError)?;
        let seq = part()?.parse().map_err(|_digits| CursorError)?;
        let n = part()?.parse().map_err(|_digits| CursorError)?;
        let cursor = Self {
            epoch,
            position: Position { seq, n },
        };
        (cursor.to_string() == text)
            .then_some(cursor)
            .ok_or(CursorError)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:08x}.{}.{}",
            self.epoch, self.position.seq, self.position.n
        )
    }
}

impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor {
            epoch: 0xbeef,
            position: Position { seq: 42, n: 7 },
        };
        assert_eq!(cursor.to_string(), "0000beef.42.7");
        assert_eq!(Cursor::parse("0000beef.42.7"), Ok(cursor));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1",
            "0000beef.42",
            "0000beef.42.7.1",
            "beef.42.7",
            "0000beef.+42.7",
            "0000beef.042.7",
        ] {
            assert_eq!(Cursor::parse(text), Err(CursorError), "{text}");
        }
    }
}
