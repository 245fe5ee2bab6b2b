//! Sequences before they are known.

/// Where a message stands, or will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this sequence; 0: nowhere.
    At(u64),
    /// At that of the message with this index among those that are stored together.
    Post(usize),
}

impl Place {
    pub(super) const NOWHERE: Self = Self::At(0);

    /// The same once the first of the messages stands at `base_seq`.
    pub(super) const fn settled(self, base_seq: u64) -> Self {
        match self {
            Self::At(seq) => Self::At(seq),
            Self::Post(index) => Self::At(base_seq + index as u64),
        }
    }

    /// The sequence; 0 before it is known.
    pub(super) const fn seq(self) -> u64 {
        match self {
            Self::At(seq) => seq,
            Self::Post(_) => 0,
        }
    }

    /// As a message with index `own` writes it: a sequence, or how far before itself.
    pub(super) fn written(self, own: usize) -> String {
        match self {
            Self::At(seq) => seq.to_string(),
            Self::Post(index) => format!("-{}", own.saturating_sub(index)),
        }
    }

    /// Reads what a message at `own_seq` has [`written`](Self::written).
    pub(super) fn read(text: &str, own_seq: u64) -> Option<Self> {
        let seq = match text.strip_prefix('-') {
            Some(before) => own_seq.checked_sub(before.parse().ok()?)?,
            None => text.parse().ok()?,
        };
        Some(Self::At(seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_meant() {
        let base_seq = 100;
        for place in [Place::At(0), Place::At(7), Place::Post(0), Place::Post(4)] {
            let own = 4;
            let text = place.written(own);
            let read = Place::read(&text, base_seq + own as u64);
            assert_eq!(read, Some(place.settled(base_seq)));
        }
        assert_eq!(Place::read("-8", 7), None);
        assert_eq!(Place::read("x", 7), None);
    }
}
