//! Publishing over HTTP: each publication with a key of its own, the same again until it is answered.

mod request;
mod talk;

use super::{Phase, persona::Plan};
use crate::{
    failure::Outcome,
    history::{Accepted, Id, Message},
    net::http_client,
    random::Random,
    site::Doors,
    stopwatch::Stopwatch,
};
use request::{Door, Request};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// Longest that a publisher waits for one answer. A worker tries for longer than that while the log chooses a leader, so
/// that the same request comes again while the first is still under way.
const ANSWER: Duration = Duration::from_secs(5);

/// Longest that one publication is tried for: longer than any fault here lasts.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two attempts, milliseconds.
const AGAIN_MS: (u64, u64) = (50, 300);

/// What one publisher has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub(super) accepted: Vec<Accepted>,
    /// What it said in rooms, answered or not.
    pub(super) messages: Vec<Message>,
    /// When a publication was answered with a 2xx.
    pub(super) answered_ms: Vec<u64>,
    /// Publications that never were, although they were tried for a minute.
    pub(super) unanswered: u64,
    /// Answers that nothing here should cause.
    pub(super) refused: Vec<String>,
}

/// A publisher.
pub(super) struct Publisher {
    name: String,
    client: reqwest::Client,
    doors: Arc<Doors>,
    stopwatch: Stopwatch,
    random: Random,
    published: Published,
}

/// What one attempt came to.
enum Attempt {
    /// A 2xx, with this body.
    Accepted(Value),
    /// Nothing that another attempt could change.
    Refused(String),
    Failed,
}

impl Publisher {
    pub(super) fn new(
        name: String,
        doors: Arc<Doors>,
        stopwatch: Stopwatch,
        random: Random,
    ) -> Outcome<Self> {
        Ok(Self {
            name,
            client: http_client(ANSWER)?,
            doors,
            stopwatch,
            random,
            published: Published::default(),
        })
    }

    /// Publishes until the row settles.
    pub(super) async fn run(mut self, plan: Arc<Plan>, phase: watch::Receiver<Phase>) -> Published {
        let mut number = 0;
        while matches!(*phase.borrow(), Phase::Busy) {
            number += 1;
            let id: Id = format!("{}-{number}", self.name).into();
            if self.random.chance(plan.room_percent) {
                self.talk(id, &plan).await;
            } else {
                let request = Request::draw(id, &plan, &mut self.random);
                self.publish(&request).await;
            }
            let (least, most) = plan.pause_ms;
            tokio::time::sleep(self.random.between_ms(least, most)).await;
        }
        self.published
    }

    /// Publishes the last one of each channel, one after another.
    pub(super) async fn probe(mut self, channels: &[String]) -> Published {
        for (index, channel) in channels.iter().enumerate() {
            let request = Request::to(channel, format!("{}-{index}", self.name).into());
            self.publish(&request).await;
        }
        self.published
    }

    /// Sends the same request to any worker until one answers with a 2xx. Answers the ordinal of its first entry then.
    async fn publish(&mut self, request: &Request) -> Option<u64> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let asked_at_ms = self.stopwatch.now_ms();
            match self.attempt(request).await {
                Attempt::Accepted(body) => return self.accept(&request.id, &body, asked_at_ms),
                Attempt::Refused(why) => {
                    let refused = format!("{} {why}", request.id);
                    self.published.refused.push(refused);
                    return None;
                }
                Attempt::Failed if !request.is_patient => return None,
                Attempt::Failed => {}
            }
            let (least, most) = AGAIN_MS;
            tokio::time::sleep(self.random.between_ms(least, most)).await;
        }
        self.published.unanswered += 1;
        None
    }

    async fn attempt(&mut self, request: &Request) -> Attempt {
        let doors = match request.door {
            Door::Notify => &self.doors.workers,
            Door::Chat => &self.doors.chats,
        };
        let url = format!("{}{}", self.random.pick(doors), request.path);
        let attempt = self
            .client
            .request(request.method.clone(), url)
            .bearer_auth(&self.doors.key)
            .header("idempotency-key", &*request.key)
            .json(&request.body)
            .send();
        let Ok(answer) = attempt.await else {
            return Attempt::Failed;
        };
        let status = answer.status();
        // An answer that breaks off has not been given.
        let Ok(body) = answer.json::<Value>().await else {
            return Attempt::Failed;
        };
        if status.is_success() {
            Attempt::Accepted(body)
        } else if status.is_client_error() && status != 429 {
            Attempt::Refused(format!("{status} {body}"))
        } else {
            Attempt::Failed
        }
    }

    fn accept(&mut self, id: &Id, body: &Value, asked_at_ms: u64) -> Option<u64> {
        let at_ms = self.stopwatch.now_ms();
        let appended = body["appended"].as_array();
        let places = appended.map_or(std::slice::from_ref(body), Vec::as_slice);
        self.published.answered_ms.push(at_ms);
        let mut first = None;
        for place in places {
            let (Some(channel), Some(n)) = (place["channel"].as_str(), place["n"].as_u64()) else {
                self.published
                    .refused
                    .push(format!("{id}: an answer without a place: {body}"));
                continue;
            };
            first.get_or_insert(n);
            self.published.accepted.push(Accepted {
                channel: channel.into(),
                id: Id::clone(id),
                n,
                asked_at_ms,
                at_ms,
            });
        }
        first
    }
}
