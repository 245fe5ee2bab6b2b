//! How often a client may say that its user types.

use super::{Now, Session};
use fanfare_proto::Channel;

/// Between two of one channel that are told, in milliseconds: clients say it every 3 s at most, and what is shown lasts
/// longer.
const INTERVAL_MS: u64 = 2_000;

/// Of each channel in which the client has typed: as many as it reads, and some that it has just left.
#[derive(Debug, Default)]
pub(super) struct Typing(Vec<Typed>);

#[derive(Debug)]
struct Typed {
    channel: Channel,
    /// When it was last told that he types.
    told_ms: u64,
    /// It was not told since that he stopped.
    on: bool,
}

impl Typing {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `on` of `channel` is to be told. That somebody stops is told once, if he has begun.
    fn admits(&mut self, channel: &Channel, on: bool, now_ms: u64) -> bool {
        match self.0.iter_mut().find(|own| own.channel == *channel) {
            Some(own) if on => {
                let is_due = now_ms >= own.told_ms + INTERVAL_MS;
                if is_due {
                    own.told_ms = now_ms;
                    own.on = true;
                }
                is_due
            }
            Some(own) => std::mem::take(&mut own.on),
            None => {
                if on {
                    self.0.push(Typed {
                        channel: channel.clone(),
                        told_ms: now_ms,
                        on,
                    });
                }
                on
            }
        }
    }
}

impl Session {
    /// Whether the room's others are to be told now that this client's user types, or does not any more.
    pub(crate) fn admits_typing(&mut self, channel: &Channel, on: bool, now: Now) -> bool {
        let Self {
            channels, aside, ..
        } = self;
        let typing = &mut aside.get_or_insert_default().typing;
        // Who leaves a channel and comes back may not say it more often.
        let is_recent = |own: &Typed| now.ms < own.told_ms + INTERVAL_MS;
        typing
            .0
            .retain(|own| channels.contains(&own.channel) || is_recent(own));
        let admits = typing.admits(channel, on, now.ms);
        self.tidy();
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(id: u32) -> Channel {
        Channel::parse(&format!("room:{id}")).unwrap()
    }

    #[test]
    fn each_channel_is_told_every_two_seconds_at_most() {
        let mut typing = Typing::default();
        assert!(typing.admits(&room(1), true, 10_000));
        assert!(!typing.admits(&room(1), true, 10_000));
        assert!(typing.admits(&room(2), true, 10_001));
        assert!(!typing.admits(&room(1), true, 11_999));
        assert!(typing.admits(&room(1), true, 12_000));
        assert!(!typing.admits(&room(2), true, 12_000));
        assert!(!typing.admits(&room(1), true, 13_999));
    }

    #[test]
    fn that_somebody_stops_is_told_once_and_lets_nobody_begin_sooner() {
        let mut typing = Typing::default();
        assert!(!typing.admits(&room(1), false, 0), "he has not begun");
        assert!(typing.is_empty());
        assert!(typing.admits(&room(1), true, 0));
        assert!(typing.admits(&room(1), false, 500));
        assert!(!typing.admits(&room(1), false, 600));
        assert!(!typing.admits(&room(1), true, 1_999));
        assert!(!typing.admits(&room(1), false, 1_999));
        assert!(typing.admits(&room(1), true, 2_000));
        assert!(typing.admits(&room(1), false, 100_000));
    }
}
