//! Where things stand in the streams of the log.
//!
//! Stream `LOG_<shard>` holds, of the channels that hash to it:
//!
//! - `log.<shard>.<kind>.<id>`: the records and marks of a channel; republished under `live.`;
//! - `claim.<shard>.<hash>`: ids that have appended something;
//! - `page.<shard>.<kind>.<id>.<n / 64>`: where every 64th record stands;
//! - `fence.<shard>.<process>`: nothing, appended to learn how far the stream is.
//!
//! Stream `SCHEDULE` holds `schedule.<hash>` until its time, then `due.<hash>` until it has been appended, and fences.

use aws_lc_rs::digest;
use fanfare_proto::{Channel, token};
use std::fmt::Write as _;

/// Ordinals between two entries of a channel's page index, and the step in which ordinals are reserved.
pub(super) const PAGE: u64 = 64;

/// The stream with all schedules.
pub(super) const SCHEDULES: &str = "SCHEDULE";

/// Which of `shards` holds `channel`: FNV-1a of its name. May never change.
pub(super) fn shard(channel: &Channel, shards: u16) -> u16 {
    let hash = channel
        .name()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    u16::try_from(hash % u64::from(shards.max(1))).unwrap_or_default()
}

pub(super) fn stream(shard: u16) -> String {
    format!("LOG_{shard}")
}

/// Everything a shard's stream captures.
pub(super) fn all(shard: u16) -> [String; 4] {
    ["log", "claim", "page", "fence"].map(|first| format!("{first}.{shard}.>"))
}

pub(super) fn log(shard: u16, channel: &Channel) -> String {
    format!("log.{shard}.{}", channel.subject_tokens())
}

pub(super) fn page(shard: u16, channel: &Channel, page: u64) -> String {
    format!("page.{shard}.{}.{page}", channel.subject_tokens())
}

pub(super) fn fence(shard: u16, process: &str) -> String {
    format!("fence.{shard}.{process}")
}

pub(super) fn schedule_fence(process: &str) -> String {
    format!("fence.{SCHEDULES}.{process}")
}

/// The claim of a caller's `msg_id` on `channel`.
pub(super) fn msg_id_claim(shard: u16, channel: &Channel, id: &str) -> String {
    let hash = hash(&["id", channel.name(), id]);
    format!("claim.{shard}.{hash}")
}

/// The claim of a schedule, which has a random name of its own.
pub(super) fn schedule_claim(shard: u16, name: &str) -> String {
    let hash = hash(&["schedule", name]);
    format!("claim.{shard}.{hash}")
}

pub(super) fn schedule(key: &str) -> String {
    format!("schedule.{}", hash(&[key]))
}

pub(super) fn due(key: &str) -> String {
    format!("due.{}", hash(&[key]))
}

/// The shard and the channel of a `log.` or `live.` subject.
pub(super) fn channel(subject: &str) -> Option<(u16, Channel)> {
    let mut tokens = subject.splitn(4, '.').skip(1);
    let shard = tokens.next()?.parse().ok()?;
    let (kind, id) = (tokens.next()?, token::decode(tokens.next()?)?);
    let channel = match kind {
        "all" => Channel::all(),
        kind => Channel::parse(&format!("{kind}:{id}")).ok()?,
    };
    Some((shard, channel))
}

/// 128 bits of SHA-256 in hex. What has parts cannot be mistaken for other parts: none of them but the last may hold NUL.
fn hash(parts: &[&str]) -> String {
    let digest = digest::digest(&digest::SHA256, parts.join("\0").as_bytes());
    let mut hex = String::with_capacity(32);
    for byte in &digest.as_ref()[..16] {
        // Writing to a text cannot fail.
        let _written = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_found_again_by_its_subject() {
        for name in ["all", "user:7", "room:a.b@c:d", "topic:x-y_z", "group:all"] {
            let stored = Channel::parse(name).unwrap();
            assert_eq!(channel(&log(3, &stored)), Some((3, stored)));
        }
        assert_eq!(channel("log.3.room"), None);
        assert_eq!(channel("log.x.room.a"), None);
    }

    #[test]
    fn a_channel_stays_in_its_shard() {
        // From an installed log: another result would lose what is stored.
        let shards =
            ["all", "user:7", "room:general"].map(|name| shard(&Channel::parse(name).unwrap(), 16));
        assert_eq!(shards, [13, 6, 12]);
    }

    #[test]
    fn ids_do_not_meet() {
        let (a, b) = (
            Channel::parse("room:a").unwrap(),
            Channel::parse("room:b").unwrap(),
        );
        assert_ne!(msg_id_claim(1, &a, "x"), msg_id_claim(1, &b, "x"));
        assert_ne!(msg_id_claim(1, &a, "x"), msg_id_claim(1, &a, "y"));
    }
}
