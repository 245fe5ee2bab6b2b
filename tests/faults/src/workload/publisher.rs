//! Publishing over HTTP: each publication with a key of its own, the same again until it is answered.

use super::{
    Phase,
    persona::{BULK, Channels, Plan},
};
use crate::{
    failure::Outcome,
    history::{Accepted, Id},
    net::http_client,
    random::Random,
    site::Doors,
    stopwatch::Stopwatch,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// Longest that a publisher waits for one answer. A worker tries for longer than that while the log chooses a leader, so
/// that the same request comes again while the first is still under way.
const ANSWER: Duration = Duration::from_secs(5);

/// Longest that one publication is tried for: longer than any fault here lasts.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two attempts, milliseconds.
const AGAIN_MS: (u64, u64) = (50, 300);

/// Bytes of a large publication: some dozens of them fill the queue of a client that does not read.
const BULK_BYTES: usize = 16 * 1024;

/// What one publisher has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub(super) accepted: Vec<Accepted>,
    /// When a publication was answered with a 2xx.
    pub(super) answered_ms: Vec<u64>,
    /// Publications that never were.
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

/// One request to the publish API.
struct Request {
    id: Id,
    path: &'static str,
    body: Value,
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
            let request = self.draw(number, &plan);
            self.publish(&request).await;
            let (least, most) = plan.pause_ms;
            tokio::time::sleep(self.random.between_ms(least, most)).await;
        }
        self.published
    }

    /// Publishes the last one of each channel, one after another.
    pub(super) async fn probe(mut self, channels: &[String]) -> Published {
        for (index, channel) in channels.iter().enumerate() {
            let id: Id = format!("{}-{index}", self.name).into();
            let request = Request {
                body: body(&id, addressees(channel)),
                path: "/v1/notifications",
                id,
            };
            self.publish(&request).await;
        }
        self.published
    }

    fn draw(&mut self, number: u64, plan: &Plan) -> Request {
        let id: Id = format!("{}-{number}", self.name).into();
        let Channels {
            users,
            groups,
            topics,
        } = &plan.channels;
        let random = &mut self.random;
        if !random.chance(plan.wide_percent) {
            let to = match random.below(4) {
                // One request, three appends.
                0 => {
                    json!({"users": [random.pick(users), random.pick(users)], "groups": [random.pick(groups)]})
                }
                _ => json!({"users": [random.pick(users)]}),
            };
            return Request {
                body: body(&id, to),
                path: "/v1/notifications",
                id,
            };
        }
        let topic = (!topics.is_empty()).then(|| random.pick(topics));
        let to = match (random.below(6), topic) {
            (0..=2, Some(topic)) => return publication(id, topic),
            (3, Some(topic)) => json!({"topics": [topic]}),
            (4, _) => json!({"all": true}),
            _ => json!({"groups": [random.pick(groups)]}),
        };
        Request {
            body: body(&id, to),
            path: "/v1/notifications",
            id,
        }
    }

    /// Sends the same request to any worker until one answers with a 2xx.
    async fn publish(&mut self, request: &Request) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let url = format!("{}{}", self.random.pick(&self.doors.workers), request.path);
            let attempt = self
                .client
                .post(url)
                .bearer_auth(&self.doors.key)
                .header("idempotency-key", &*request.id)
                .json(&request.body)
                .send();
            if let Ok(answer) = attempt.await {
                let status = answer.status();
                // An answer that breaks off has not been given.
                if let Ok(body) = answer.json::<Value>().await {
                    if status.is_success() {
                        return self.accept(&request.id, &body);
                    }
                    if status.is_client_error() && status != 429 {
                        return self
                            .published
                            .refused
                            .push(format!("{} {status} {body}", request.id));
                    }
                }
            }
            let (least, most) = AGAIN_MS;
            tokio::time::sleep(self.random.between_ms(least, most)).await;
        }
        self.published.unanswered += 1;
    }

    fn accept(&mut self, id: &Id, body: &Value) {
        let at_ms = self.stopwatch.now_ms();
        let appended = body["appended"].as_array();
        let places = appended.map_or(std::slice::from_ref(body), Vec::as_slice);
        self.published.answered_ms.push(at_ms);
        for place in places {
            let (Some(channel), Some(n)) = (place["channel"].as_str(), place["n"].as_u64()) else {
                self.published
                    .refused
                    .push(format!("{id}: an answer without a place: {body}"));
                continue;
            };
            self.published.accepted.push(Accepted {
                channel: channel.into(),
                id: Id::clone(id),
                n,
                at_ms,
            });
        }
    }
}

fn body(id: &str, to: Value) -> Value {
    json!({"to": to, "title": id})
}

/// A publication of live data.
fn publication(id: Id, topic: &str) -> Request {
    let fill = if topic == BULK {
        "x".repeat(BULK_BYTES)
    } else {
        String::new()
    };
    Request {
        path: "/v1/publish",
        body: json!({"channel": format!("topic:{topic}"), "data": {"title": &*id, "fill": fill}}),
        id,
    }
}

/// Who is addressed by the name of a channel.
fn addressees(channel: &str) -> Value {
    match channel.split_once(':') {
        Some(("user", id)) => json!({"users": [id]}),
        Some(("group", id)) => json!({"groups": [id]}),
        Some(("topic", id)) => json!({"topics": [id]}),
        _ => json!({"all": true}),
    }
}
