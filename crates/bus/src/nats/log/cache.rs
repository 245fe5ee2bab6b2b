//! Where recently used channels end.

use super::end::End;
use fanfare_proto::Channel;
use std::collections::HashMap;

/// Ends kept for certain; up to twice as many are. A channel in use costs about 300 bytes, so a process with 16 shards
/// keeps below 64 MiB.
const ENDS: usize = 8_192;

/// Forgets what was not used while [`ENDS`] others were.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<Channel, End>,
    old: HashMap<Channel, End>,
}

impl Cache {
    pub(super) fn take(&mut self, channel: &Channel) -> Option<End> {
        let old = self.old.remove(channel);
        self.young.remove(channel).or(old)
    }

    pub(super) fn put(&mut self, channel: Channel, end: End) {
        if self.young.len() >= ENDS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(channel, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let channel = |which: usize| Channel::parse(&format!("room:{which}")).unwrap();
        let mut cache = Cache::default();
        for which in 0..5 * ENDS {
            cache.put(channel(which), End::default());
            let used = cache.take(&channel(0)).unwrap();
            cache.put(channel(0), used);
        }
        assert!(cache.young.len() + cache.old.len() <= 2 * ENDS);
        assert!(cache.take(&channel(1)).is_none());
    }
}
