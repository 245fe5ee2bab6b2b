//! An identity in one allocation, for whoever keeps a hundred thousand of them.

use crate::{ChannelRight, Identity};

/// Everything an [`Identity`] says, in some 30 bytes more than its texts. It is unpacked when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedIdentity(Box<[u8]>);

/// Stands for the length of a text that is not there. A whole token has at most [`TOKEN_BYTES`](crate::TOKEN_BYTES).
const ABSENT: u16 = u16::MAX;

const READ: u8 = 1;
const WRITE: u8 = 2;

impl PackedIdentity {
    /// Packs `identity`.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        let mut bytes = Vec::new();
        put(&mut bytes, Some(&identity.user));
        for text in [&identity.name, &identity.session, &identity.token_id] {
            put(&mut bytes, text.as_deref());
        }
        for texts in [&identity.groups, &identity.scopes] {
            put_count(&mut bytes, texts.len());
            texts.iter().for_each(|text| put(&mut bytes, Some(text)));
        }
        put_count(&mut bytes, identity.channels.len());
        for right in &identity.channels {
            put(&mut bytes, Some(&right.pattern));
            bytes.push(u8::from(right.read) * READ + u8::from(right.write) * WRITE);
        }
        for time_ms in [identity.issued_at_ms, identity.expires_at_ms] {
            bytes.extend_from_slice(&time_ms.to_le_bytes());
        }
        Self(bytes.into_boxed_slice())
    }

    /// The user, without unpacking.
    #[must_use]
    pub fn user(&self) -> &str {
        Reader(&self.0).text().unwrap_or_default()
    }

    /// The identity that was packed.
    #[must_use]
    pub fn unpack(&self) -> Identity {
        let mut reader = Reader(&self.0);
        let user = reader.owned().unwrap_or_default();
        let [name, session, token_id] = std::array::from_fn(|_| reader.owned());
        let [groups, scopes] = std::array::from_fn(|_| {
            let count = reader.count();
            (0..count).filter_map(|_| reader.owned()).collect()
        });
        let rights = reader.count();
        let channels = (0..rights).map(|_| reader.right()).collect();
        let [issued_at_ms, expires_at_ms] = std::array::from_fn(|_| reader.time_ms());
        Identity {
            user,
            name,
            groups,
            channels,
            scopes,
            session,
            token_id,
            issued_at_ms,
            expires_at_ms,
        }
    }
}

fn put(bytes: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else {
        return bytes.extend_from_slice(&ABSENT.to_le_bytes());
    };
    put_count(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).unwrap_or(ABSENT);
    bytes.extend_from_slice(&count.to_le_bytes());
}

/// What is left to read of what [`PackedIdentity::new`] wrote.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const LEN: usize>(&mut self) -> [u8; LEN] {
        let Some((taken, rest)) = self.0.split_first_chunk() else {
            return [0; LEN];
        };
        self.0 = rest;
        *taken
    }

    fn count(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = Some(self.count()).filter(|len| *len != ABSENT)?;
        let (text, rest) = self.0.split_at_checked(usize::from(len))?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn owned(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn right(&mut self) -> ChannelRight {
        let pattern = self.owned().unwrap_or_default();
        let [bits] = self.take();
        ChannelRight {
            pattern,
            read: bits & READ != 0,
            write: bits & WRITE != 0,
        }
    }

    fn time_ms(&mut self) -> i64 {
        i64::from_le_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out() {
        let right = |pattern: &str, read, write| ChannelRight {
            pattern: pattern.into(),
            read,
            write,
        };
        let identity = Identity {
            user: "7".into(),
            name: Some("Zoë".into()),
            groups: vec!["ops".into(), "dev".into()],
            channels: vec![
                right("topic:a", true, false),
                right("topic:b*", false, true),
                right("topic:c", true, true),
            ],
            scopes: vec!["system:read".into()],
            session: None,
            token_id: Some(String::new()),
            issued_at_ms: 1,
            expires_at_ms: i64::MAX,
        };
        let packed = PackedIdentity::new(&identity);
        assert_eq!(packed.user(), "7");
        assert_eq!(packed.unpack(), identity);
        let empty = Identity::default();
        assert_eq!(PackedIdentity::new(&empty).unpack(), empty);
    }
}
