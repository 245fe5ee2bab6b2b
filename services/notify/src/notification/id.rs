//! Ids of notifications.

use crate::hash::{hex, sha256};

/// Longest id that is looked for, in characters.
const CHARS_MAX: usize = 64;

/// What all ids of one publish request follow from, so that a repeated attempt makes the same ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) random: [u8; 16],
    /// When the request was first seen.
    pub(crate) at_ms: i64,
}

impl Seed {
    /// The id of the notification at place `index`: a UUID of version 7, so that ids sort by time.
    pub(crate) fn id(&self, index: usize) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sha256(&[&self.random, &index.to_be_bytes()])[..16]);
        bytes[..6].copy_from_slice(&self.at_ms.to_be_bytes()[2..]);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let text = hex(&bytes);
        let parts = [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ];
        parts.join("-")
    }
}

/// When an id of ours was made, by its own word; `None` for others. Milliseconds since 1970.
pub(crate) fn made_at_ms(id: &str) -> Option<i64> {
    let time = id.get(..8).zip(id.get(8..13)?.strip_prefix('-'));
    let (high, low) = time.filter(|_time| id.get(14..15) == Some("7"))?;
    i64::from_str_radix(&format!("{high}{low}"), 16).ok()
}

/// Whether `id` may name a notification, of ours or of another service that appends some.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=CHARS_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_again_and_all_different() {
        let seed = Seed {
            random: [7; 16],
            at_ms: 1_795_392_000_500,
        };
        assert_eq!(seed.id(3), seed.id(3));
        assert_ne!(seed.id(3), seed.id(4));
        assert!(seed.id(0).starts_with("01a20"), "{}", seed.id(0));
        assert_eq!(&seed.id(0)[14..15], "7");
        assert!(is_id(&seed.id(0)));
        assert_eq!(made_at_ms(&seed.id(0)), Some(1_795_392_000_500));
        for other in ["", "nothing", "01a20000-0000-4000", "ääääääää-0000-7"] {
            assert_eq!(made_at_ms(other), None, "{other}");
        }
    }

    #[test]
    fn hostile_ids_name_nothing() {
        for id in ["", "a/b", "a b", "é", "a.b", "*", "\0", &"x".repeat(65)] {
            assert!(!is_id(id), "{id:?}");
        }
    }
}
