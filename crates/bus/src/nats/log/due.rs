//! The worker that appends what is due.
//!
//! All processes share one consumer: each message goes to one of them, and to another when that one does not say in time
//! that it was appended. What is appended twice takes the same claim.

use super::{
    core::{Core, Patience, is_passing},
    engine::{self, Shard},
    schedule::Scheduled,
    subject::{self, SCHEDULES},
};
use crate::{
    error::LogError,
    nats::{api, refusal::Refusal},
};
use async_nats::{HeaderMap, Message, Subscriber};
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

/// The consumer's name.
pub(super) const CONSUMER: &str = "append";

/// After this another process gets what was not acknowledged. An append takes milliseconds, or an election.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(10);

/// Due appends under way in all processes.
pub(super) const MOST_AT_ONCE: usize = 1_024;

/// Due appends under way in this process.
const BATCH: usize = 128;

/// How long the server lets a question wait for something that becomes due.
const ASK_FOR: Duration = Duration::from_secs(30);

/// Until the question is asked again although the server has not said that its time is over.
const ASK_AGAIN: Duration = Duration::from_secs(32);

/// Runs until the connection or the log ends.
pub(super) fn start(core: Arc<Core>, shards: Arc<[Shard]>, tasks: &Tasks) {
    let ended = core.ctl.ended();
    tasks.spawn(async move {
        let inbox = core.ctl.client().new_inbox();
        // What is due comes under its own subject, so it cannot share the inbox of the answers.
        let Ok(answers) = core.ctl.client().subscribe(inbox.clone()).await else {
            return;
        };
        let mut worker = Worker {
            lapses: core.ctl.lapses(),
            core,
            shards,
            inbox,
            answers,
            running: FuturesUnordered::new(),
        };
        tokio::select! {
            () = worker.run() => {}
            () = ended.cancelled() => {}
        }
    });
}

struct Worker {
    core: Arc<Core>,
    shards: Arc<[Shard]>,
    lapses: watch::Receiver<u64>,
    inbox: String,
    answers: Subscriber,
    running: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// As JetStream counts durations.
pub(super) const fn nanoseconds(duration: Duration) -> u64 {
    duration.as_secs() * 1_000_000_000
}

/// How one question ended.
enum Ask {
    Again,
    Later,
}

impl Worker {
    async fn run(&mut self) {
        let mut patience = Patience::until(Instant::now() + ASK_AGAIN);
        loop {
            match self.ask().await {
                Ask::Again => patience = Patience::until(Instant::now() + ASK_AGAIN),
                Ask::Later => {
                    if !patience.pause().await {
                        patience = Patience::until(Instant::now() + ASK_AGAIN);
                    }
                }
            }
            while let Some(Some(())) = self.running.next().now_or_never() {}
        }
    }

    /// Asks for what is due, and begins what comes.
    async fn ask(&mut self) -> Ask {
        let room = BATCH - self.running.len().min(BATCH);
        if room == 0 {
            self.running.next().await;
            return Ask::Again;
        }
        self.lapses.mark_unchanged();
        let request = json!({ "batch": room, "expires": nanoseconds(ASK_FOR) });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{SCHEDULES}.{CONSUMER}");
        let payload = Bytes::from(request.to_string());
        let ctl = self.core.ctl.clone();
        let sent = ctl.send(subject, Some(&self.inbox), HeaderMap::new(), payload);
        if sent.await.is_err() {
            return Ask::Later;
        }
        let until = Instant::now() + ASK_AGAIN;
        for _message in 0..room {
            match self.next(until).await {
                Ok(message) => self.begin(message),
                Err(ask) => return ask,
            }
        }
        Ask::Again
    }

    async fn next(&mut self, until: Instant) -> Result<Message, Ask> {
        loop {
            tokio::select! {
                message = self.answers.next() => {
                    let message = message.ok_or(Ask::Later)?;
                    return match message.status.map(|status| status.as_u16()) {
                        None => Ok(message),
                        // The question's time is over.
                        Some(404 | 408) => Err(Ask::Again),
                        Some(_away) => Err(Ask::Later),
                    };
                }
                Some(()) = self.running.next() => {}
                // The server has forgotten the question.
                Ok(()) = self.lapses.changed() => return Err(Ask::Again),
                () = time::sleep_until(until) => return Err(Ask::Again),
            }
        }
    }

    fn begin(&mut self, message: Message) {
        let (core, shards) = (Arc::clone(&self.core), Arc::clone(&self.shards));
        let running = async move {
            // Without an acknowledgement it comes again.
            let _comes_again = append(&core, &shards, message).await;
        };
        self.running.push(running.boxed());
    }
}

async fn append(core: &Core, shards: &[Shard], message: Message) -> Result<(), LogError> {
    let Some((ack, seq)) = message.reply.as_deref().and_then(acknowledgement) else {
        return Ok(());
    };
    let headers = message.headers.unwrap_or_default();
    match Scheduled::read(&headers, message.payload) {
        Some(scheduled) => {
            let channel = scheduled.channel().clone();
            let shard = subject::shard(&channel, core.settings.shards);
            let wishes = vec![scheduled.wish(shard)];
            match engine::append(&shards[usize::from(shard)], wishes).await {
                Ok(_appended) => {}
                Err(LogError::Unavailable) => return Err(LogError::Unavailable),
                Err(error) => {
                    tracing::warn!(%channel, %error, "a scheduled append was not done");
                }
            }
        }
        None => tracing::error!(seq, "a scheduled append cannot be read"),
    }
    remove(core, seq).await?;
    let ack = core.ctl.send(
        ack.to_owned(),
        None,
        HeaderMap::new(),
        Bytes::from_static(b"+ACK"),
    );
    ack.await.map_err(|_away| LogError::Unavailable)
}

/// Before the acknowledgement, so that nothing stays that nobody looks at again.
async fn remove(core: &Core, seq: u64) -> Result<(), Refusal> {
    let operation = format!("STREAM.MSG.DELETE.{SCHEDULES}");
    let request = json!({ "seq": seq, "no_erase": true });
    let mut patience = Patience::new();
    loop {
        match api::call(&core.ctl, &operation, &request).await {
            Ok(_removed) => return Ok(()),
            Err(Refusal::NotFound) => return Ok(()),
            Err(refusal) if is_passing(refusal) && patience.pause().await => {}
            Err(refusal) => return Err(refusal),
        }
    }
}

/// Where to acknowledge a message, and its sequence: `$JS.ACK`, two tokens more where accounts and domains are told,
/// stream, consumer, deliveries, sequence, …
fn acknowledgement(reply: &str) -> Option<(&str, u64)> {
    let tokens: Vec<&str> = reply.split('.').collect();
    let seq = match tokens.len() {
        9 => tokens[5],
        11.. => tokens[7],
        _none => return None,
    };
    Some((reply, seq.parse().ok()?))
}
