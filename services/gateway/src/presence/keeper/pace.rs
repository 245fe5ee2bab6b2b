//! What is due from time to time.

use super::Keeper;
use fanfare_proto::Channel;
use std::time::Duration;
use tokio::time::Instant;

/// Between two numbers of a channel with too many users: people read no faster.
const NUMBER_INTERVAL: Duration = Duration::from_secs(2);

impl Keeper {
    /// Whether time alone will bring something to do.
    pub(super) fn has_due(&self) -> bool {
        let waits = |peer: &super::Peer| peer.leaves_at.is_some() || !peer.doubtful.is_empty();
        !self.opening.is_empty()
            || !self.counted.is_empty()
            || !self.by_number.is_empty()
            || self.peers.values().any(waits)
            || self.node.presence.table().is_waiting()
    }

    pub(super) async fn do_due(&mut self) {
        self.forget_gone().await;
        self.note_expected();
        self.open_some();
        self.ask_doubtful();
        let now = Instant::now();
        if now >= self.numbers_told_at + NUMBER_INTERVAL {
            self.numbers_told_at = now;
            self.tell_numbers().await;
            self.show_numbers().await;
        }
    }

    /// Tells watchers the numbers that have changed, and begins anew the views of those channels that have few users
    /// again.
    async fn show_numbers(&mut self) {
        let few = self.few() as u64;
        let channels: Vec<Channel> = self.by_number.iter().cloned().collect();
        for channel in channels {
            let Some(watched) = self.views.get_mut(&channel) else {
                continue;
            };
            let count = watched.view.count();
            if count <= few {
                self.opening.insert(channel.clone());
            }
            if watched.told.replace(count) != Some(count) {
                self.show_state(&channel).await;
            }
        }
    }
}
