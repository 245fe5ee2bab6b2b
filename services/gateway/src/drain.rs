//! Leaving without a client noticing more than a reconnect: not ready, no new upgrades, every client told when to come
//! back, closes spread over a window.

use crate::{
    node::Node,
    seat::Key,
    settings::Settings,
    shard::{Control, ShardHandle},
};
use aws_lc_rs::rand;
use fanfare_proto::CloseCode;
use std::{convert::Infallible, sync::atomic::Ordering, time::Duration};
use tokio::sync::oneshot;

/// Longest window that is chosen by itself.
const WINDOW_MAX: Duration = Duration::from_secs(30);

/// Least that a client waits before it comes back, so that it does not meet the node it has just left.
const RETRY_MIN_MS: u64 = 500;

/// Between two looks at how many sessions are left.
const STEP: Duration = Duration::from_millis(50);

/// Between two lines of the log about how many are left: some for each drain that is slow, none for a quick one.
const PROGRESS: Duration = Duration::from_secs(3);

/// Drains the node; returns when every session has been told and has ended, and what was reported of them is kept.
pub(crate) async fn run(node: &Node) {
    node.figures.draining.set(1);
    tokio::select! {
        () = drain(node) => {}
        never = tell(node) => match never {},
    }
    tracing::info!("every session has left");
    node.presence.say_goodbye().await;
    node.reports.hand_over().await;
}

async fn drain(node: &Node) {
    tokio::time::sleep(node.settings.lame_duck).await;
    node.closing.store(true, Ordering::Release);
    let mut seats = seats(node).await;
    node.figures.drain_sessions.set(count(seats.len()));
    let window = window(&node.settings, seats.len());
    tracing::info!(
        sessions = seats.len(),
        window_ms = window.as_millis(),
        "draining"
    );
    let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
    // Each at an independent, uniform time: sorting the times gives the order, whatever the order of the sessions.
    let mut times_ms: Vec<u64> = seats.iter().map(|_| below(window_ms + 1)).collect();
    times_ms.sort_unstable();
    let begun = tokio::time::Instant::now();
    for at_ms in times_ms {
        tokio::time::sleep_until(begun + Duration::from_millis(at_ms)).await;
        let chosen = usize::try_from(below(seats.len() as u64)).unwrap_or(0);
        let (shard, key) = seats.swap_remove(chosen);
        let retry_after_ms = RETRY_MIN_MS + below(window_ms.max(1));
        shard
            .control(Control::Close(key, CloseCode::Restart, retry_after_ms))
            .await;
    }
    // Whoever came in while the window ran.
    while node.registry.len() > 0 {
        node.control_all(|| Control::CloseAll(CloseCode::Restart, RETRY_MIN_MS))
            .await;
        tokio::time::sleep(STEP).await;
    }
}

/// Tells the log how far it is, until it is dropped.
async fn tell(node: &Node) -> Infallible {
    loop {
        tokio::time::sleep(PROGRESS).await;
        tracing::info!(sessions = node.registry.len(), "still draining");
    }
}

/// Where every connection is.
async fn seats(node: &Node) -> Vec<(&ShardHandle, Key)> {
    let mut seats = Vec::new();
    for shard in &node.shards {
        let (reply, keys) = oneshot::channel();
        shard.control(Control::Keys(reply)).await;
        // A shard that has ended has no connections.
        let keys = keys.await.unwrap_or_default();
        seats.extend(keys.into_iter().map(|key| (shard, key)));
    }
    seats
}

/// Two milliseconds for each connection: five hundred reconnects a second are nothing for the nodes that stay.
fn window(settings: &Settings, connections: usize) -> Duration {
    let fitting = Duration::from_millis(2 * connections as u64).min(WINDOW_MAX);
    settings.drain_window.unwrap_or(fitting)
}

fn count(sessions: usize) -> i64 {
    i64::try_from(sessions).unwrap_or(i64::MAX)
}

/// A number below `bound`, about uniform; 0 for a bound of 0.
fn below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    if bound == 0 || rand::fill(&mut bytes).is_err() {
        return 0;
    }
    u64::from_le_bytes(bytes) % bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_fits_the_crowd() {
        let settings = Settings::default();
        assert_eq!(window(&settings, 3), Duration::from_millis(6));
        assert_eq!(window(&settings, 1_000_000), WINDOW_MAX);
        let fixed = Settings {
            drain_window: Some(Duration::from_secs(45)),
            ..settings
        };
        assert_eq!(window(&fixed, 3), Duration::from_secs(45));
    }
}
