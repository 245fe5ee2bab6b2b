//! Comparing what was delivered with what the log holds: a lost last record shows in no gap.

use super::{Found, Hub};
use fanfare_bus::{Log, log::Head};
use fanfare_proto::Channel;
use std::{sync::Arc, time::Duration};

/// Channels whose heads are compared in one request; the log takes no more.
const HEADS: usize = 1_000;

impl Hub {
    /// Compares every active channel with the log's head. While a comparison is under way, once after it.
    pub(super) fn audit(&mut self) {
        if self.audits > 0 {
            self.audit_again = true;
            return;
        }
        let stored: Vec<Channel> = self
            .channels
            .iter()
            .filter(|active| active.channel.is_stored())
            .map(|active| active.channel.clone())
            .collect();
        for channels in stored.chunks(HEADS) {
            self.audit_some(channels.to_vec());
        }
    }

    pub(super) fn audit_some(&mut self, channels: Vec<Channel>) {
        self.audits += 1;
        let log = Arc::clone(&self.log);
        let turns = Arc::clone(&self.audit_turns);
        self.reads.push(Box::pin(async move {
            let _turn = turns.acquire().await;
            let heads = heads(&*log, &channels).await;
            Found::Heads(channels.into_iter().zip(heads).collect())
        }));
    }
}

/// The heads of `channels`, asked for until the log answers.
pub(super) async fn heads(log: &dyn Log, channels: &[Channel]) -> Vec<Head> {
    let mut backoff = Duration::from_millis(10);
    loop {
        match log.heads(channels).await {
            Ok(heads) => return heads,
            Err(error) => {
                tracing::debug!(%error, "the hub waits for the log");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(Duration::from_secs(1));
            }
        }
    }
}
