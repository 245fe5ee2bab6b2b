//! What the delivery trail is told: which entries were written to how many sockets, and what each session was sent.
//!
//! Best effort: reports are collected for a moment and sent to the notify service; what a full queue or an absent
//! service loses makes a trail less detailed, never a delivery wrong. At the end of a drain the last ones are handed over
//! and answered for, so that a process may stop what stores them.

use fanfare_bus::Bus;
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{
    Channel, subject,
    wire::{Receipt, ReceiptBatch, SessionBatch, SessionReport},
};
use prost::Message as _;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Reports that wait to be collected: a second of a busy node.
const QUEUE: usize = 8_192;

/// How long reports are collected. A session that subscribes to many channels is reported once.
const COLLECT: Duration = Duration::from_millis(250);

/// Receipts of one message to the notify service: about 100 KiB.
const BATCH: usize = 1_000;

/// Sessions of one message to the notify service: some 20 KiB of those with an inbox's channels.
const SESSIONS: usize = 100;

/// Longest that the last reports may take to be kept: a few batches, and a store that is busy with a shutdown's own.
const HAND_OVER: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum Item {
    Receipt(Receipt),
    Session(SessionReport),
    /// Everything before it is kept, or lost, when this is answered.
    HandOver(oneshot::Sender<()>),
}

/// How a batch goes out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Whoever takes it, nobody waits for it.
    Publish,
    /// Until it is kept.
    Request,
}

/// Where reports are handed in. Never waits.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    items: mpsc::Sender<Item>,
}

/// Sends the reports on.
pub(crate) struct Reporter {
    node: String,
    items: mpsc::Receiver<Item>,
    bus: Arc<dyn Bus>,
}

impl Reports {
    pub(crate) fn new(node: String, bus: Arc<dyn Bus>) -> (Self, Reporter) {
        let (items, receiver) = mpsc::channel(QUEUE);
        let reporter = Reporter {
            node,
            items: receiver,
            bus,
        };
        (Self { items }, reporter)
    }

    /// An entry was written to `count` sessions.
    pub(crate) fn written(&self, channel: &Channel, n: u64, at_ms: i64, count: u32) {
        self.hand_in(Item::Receipt(Receipt {
            channel: channel.name().to_owned(),
            n,
            at_ms,
            count,
        }));
    }

    /// A session reads another set of channels now, or has ended.
    pub(crate) fn session(&self, report: SessionReport) {
        self.hand_in(Item::Session(report));
    }

    /// Resolves when what was handed in before is kept by the notify service, or lost; [`HAND_OVER`] at most.
    pub(crate) async fn hand_over(&self) {
        let (reply, done) = oneshot::channel();
        let handed_over = async {
            if self.items.send(Item::HandOver(reply)).await.is_ok() {
                // A reporter that has ended keeps nothing any more.
                let _ended = done.await;
            }
        };
        if tokio::time::timeout(HAND_OVER, handed_over).await.is_err() {
            tracing::warn!("the last reports for the delivery trail were not kept in time");
        }
    }

    fn hand_in(&self, item: Item) {
        if self.items.try_send(item).is_err() {
            tracing::trace!("a report for the delivery trail was dropped");
        }
    }
}

impl Reporter {
    /// Works until the node's hard shutdown, or until nobody can hand in any more.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut items = Vec::new();
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                count = self.items.recv_many(&mut items, QUEUE) => {
                    if count == 0 {
                        return;
                    }
                }
            }
            let is_last = |item: &Item| matches!(item, Item::HandOver(_));
            if !items.iter().any(is_last) {
                tokio::select! {
                    () = shutdown.forced() => {}
                    () = tokio::time::sleep(COLLECT) => {}
                }
            }
            while let Ok(item) = self.items.try_recv() {
                items.push(item);
            }
            self.send(std::mem::take(&mut items)).await;
        }
    }

    async fn send(&self, items: Vec<Item>) {
        let mut receipts: HashMap<(String, u64), Receipt> = HashMap::new();
        let mut sessions: HashMap<String, SessionReport> = HashMap::new();
        let mut waiting = Vec::new();
        for item in items {
            match item {
                Item::Receipt(receipt) => {
                    receipts
                        .entry((receipt.channel.clone(), receipt.n))
                        .and_modify(|own| own.count += receipt.count)
                        .or_insert(receipt);
                }
                // The newest report of a session says everything the ones before did.
                Item::Session(report) => {
                    sessions.insert(report.session.clone(), report);
                }
                Item::HandOver(reply) => waiting.push(reply),
            }
        }
        let way = if waiting.is_empty() {
            Way::Publish
        } else {
            Way::Request
        };
        let receipts: Vec<Receipt> = receipts.into_values().collect();
        for batch in receipts.chunks(BATCH) {
            let batch = ReceiptBatch {
                node: self.node.clone(),
                receipts: batch.to_vec(),
            };
            self.deliver(way, subject::NOTIFY_RECEIPTS, batch.encode_to_vec())
                .await;
        }
        let sessions: Vec<SessionReport> = sessions.into_values().collect();
        for batch in sessions.chunks(SESSIONS) {
            let batch = SessionBatch {
                sessions: batch.to_vec(),
            };
            self.deliver(way, subject::NOTIFY_SESSIONS, batch.encode_to_vec())
                .await;
        }
        for reply in waiting {
            // Whoever asked may have waited long enough.
            let _gone = reply.send(());
        }
    }

    async fn deliver(&self, way: Way, subject: &str, payload: Vec<u8>) {
        let payload = payload.into();
        let outcome = match way {
            Way::Publish => {
                let sent = self.bus.publish(subject, payload).await;
                sent.map_err(|error| error.to_string())
            }
            Way::Request => {
                let kept = self.bus.request(subject, payload, HAND_OVER).await;
                kept.map(drop).map_err(|error| error.to_string())
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, subject, "a report for the delivery trail was not sent");
        }
    }
}
