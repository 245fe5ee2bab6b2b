//! Tells the other services that this node is here: whoever asks every gateway then knows how many answers to wait for.

use crate::node::Node;
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{subject, wire::GatewayHere};
use prost::Message as _;
use std::{sync::Arc, time::Duration};
use tokio::time::MissedTickBehavior;

/// Says so at once, then again and again, and for the last time when the shutdown begins.
pub(crate) async fn run(node: Arc<Node>, shutdown: Shutdown) {
    let mut tick = tokio::time::interval(Duration::from_millis(subject::GATEWAY_HERE_INTERVAL_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.begun() => return tell(&node, true).await,
            _ = tick.tick() => tell(&node, false).await,
        }
    }
}

async fn tell(node: &Node, leaving: bool) {
    let here = GatewayHere {
        node: node.settings.node.clone(),
        leaving,
    };
    let payload = here.encode_to_vec().into();
    if let Err(error) = node.bus.publish(subject::GATEWAY_HERE, payload).await {
        tracing::debug!(%error, "nobody was told that this gateway is here");
    }
}
