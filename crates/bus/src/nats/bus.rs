//! [`Bus`] on NATS core.

use super::{
    connection::{Connection, Link, Quiet},
    header,
    inbox::PREFIX,
};
use crate::{
    bus::{self, Bus, Message, Responder, Serving, Subscription},
    error::{BusError, RequestError},
    feed::{FedReader, Feed},
    filter,
    server::{Reply, Server},
};
use async_nats::{HeaderMap, StatusCode, Subject, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use fanfare_lifecycle::{Shutdown, Tasks, trace};
use futures_util::StreamExt as _;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

/// Marks what a server says instead of an answer when too much is under way there.
const OVERLOADED: &str = "Fanfare-Overloaded";

/// Answers of a gathering that nobody has taken yet. They are taken as they come.
const GATHERED: usize = 1_024;

/// Longest that the end of a subscription may take.
const DRAIN: Duration = Duration::from_secs(5);

pub(super) struct NatsBus {
    link: Arc<Link>,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl NatsBus {
    pub(super) fn new(link: Arc<Link>, tasks: &Tasks, shutdown: &Shutdown) -> Self {
        Self {
            link,
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        }
    }
}

fn check_filter(filter: &str) -> Result<(), BusError> {
    if filter::is_filter(filter) {
        return Ok(());
    }
    tracing::error!(filter, "a subscription was refused: no filter");
    Err(BusError::Unavailable)
}

/// Subscribes, and resolves once the server knows.
async fn subscribe(
    connection: &Connection,
    filter: &str,
    group: Option<&str>,
) -> Result<Subscriber, BusError> {
    check_filter(filter)?;
    if !connection.is_connected() {
        return Err(BusError::Unavailable);
    }
    let (client, filter) = (connection.client(), filter.to_owned());
    let subscriber = match group {
        Some(group) => client.queue_subscribe(filter, group.to_owned()).await,
        None => client.subscribe(filter).await,
    };
    let subscriber = subscriber.map_err(|_ended| BusError::Unavailable)?;
    if connection.fence().await {
        Ok(subscriber)
    } else {
        Err(BusError::Unavailable)
    }
}

impl From<RequestError> for BusError {
    fn from(_not_sent: RequestError) -> Self {
        Self::Unavailable
    }
}

fn message(message: async_nats::Message) -> Message {
    Message {
        trace: message.headers.as_ref().and_then(header::trace),
        subject: message.subject.into_string(),
        payload: message.payload,
    }
}

/// Of what is sent right now.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    header::put_trace(&mut headers, trace::current());
    headers
}

#[async_trait]
impl Bus for NatsBus {
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        bus::check(subject, &payload)?;
        let (subject, headers) = (subject.to_owned(), headers());
        Ok(self.link.ctl.send(subject, None, headers, payload).await?)
    }

    async fn subscribe(&self, filter: &str) -> Result<Box<dyn Subscription>, BusError> {
        let Link { live, ctl, .. } = &*self.link;
        // What this process published before is over then, and not heard over the other connection.
        if !ctl.fence().await {
            return Err(BusError::Unavailable);
        }
        let mut lapses = live.lapses();
        lapses.mark_unchanged();
        let subscriber = subscribe(live, filter, None).await?;
        let feed = Arc::new(Feed::new(bus::SUBSCRIPTION));
        let left = CancellationToken::new();
        let relay = Relay {
            subscriber,
            lapses,
            feed: Arc::clone(&feed),
        };
        let (ended, reader_left) = (live.ended(), left.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = relay.run() => {}
                () = ended.cancelled() => {}
                () = reader_left.cancelled() => {}
            }
        });
        Ok(Box::new(FedReader {
            feed,
            _leaves: left.drop_guard(),
        }))
    }

    async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, RequestError> {
        bus::check(subject, &payload).map_err(|_refused| RequestError::Unavailable)?;
        let (subject, headers) = (subject.to_owned(), headers());
        let answer = self.link.ctl.ask(subject, headers, payload, limit).await?;
        let headers = answer.headers.unwrap_or_default();
        if headers.get(OVERLOADED).is_some() {
            return Err(RequestError::Unavailable);
        }
        Ok(answer.payload)
    }

    async fn gather(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
        expected: usize,
    ) -> Result<Vec<Bytes>, BusError> {
        bus::check(subject, &payload)?;
        let until = time::Instant::now() + limit;
        let (ctl, mut mailbox) = (&self.link.ctl, self.link.ctl.mailbox(GATHERED));
        let (subject, headers) = (subject.to_owned(), headers());
        ctl.send(subject, Some(mailbox.address()), headers, payload)
            .await?;
        let mut answers = Vec::new();
        while answers.len() < expected {
            match time::timeout_at(until, mailbox.next()).await {
                Ok(Some(answer)) if answer.status == Some(StatusCode::NO_RESPONDERS) => break,
                Ok(Some(answer)) => {
                    if answer.headers.unwrap_or_default().get(OVERLOADED).is_none() {
                        answers.push(answer.payload);
                    }
                }
                Ok(None) | Err(_) => break,
            }
        }
        Ok(answers)
    }

    async fn serve(
        &self,
        subject: &str,
        group: Option<&str>,
        responder: Responder,
    ) -> Result<Serving, BusError> {
        let (ctl, served) = (self.link.ctl.clone(), self.link.served.clone());
        let requests = {
            let (connection, _turn) = served.turn().await;
            subscribe(connection, subject, group).await?
        };
        let server = Server::new(responder, self.tasks.clone(), self.shutdown.clone());
        let left = CancellationToken::new();
        let (ended, guard_left) = (ctl.ended(), left.clone());
        let service = Service {
            requests,
            served,
            answers: ctl,
            server: Arc::new(server),
        };
        self.tasks.spawn(async move {
            tokio::select! {
                () = service.run(guard_left) => {}
                () = ended.cancelled() => {}
            }
        });
        Ok(Serving::new(left.drop_guard()))
    }
}

/// What is served until the guard is dropped.
struct Service {
    requests: Subscriber,
    served: Quiet,
    answers: Connection,
    server: Arc<Server>,
}

impl Service {
    /// Hands over what comes until `left`, and then what the server had sent by the time it heard of that.
    async fn run(mut self, left: CancellationToken) {
        loop {
            let request = tokio::select! {
                request = self.requests.next() => request,
                () = left.cancelled() => break,
            };
            let Some(request) = request else { return };
            self.hand_over(request).await;
        }
        let served = self.served.clone();
        let (_connection, _turn) = served.turn().await;
        let drained = async {
            let _ended = self.requests.drain().await;
            while let Some(request) = self.requests.next().await {
                self.hand_over(request).await;
            }
        };
        // A server that is away does not answer, and has nothing to send.
        let _away = time::timeout(DRAIN, drained).await;
    }

    async fn hand_over(&self, request: async_nats::Message) {
        // What was asked may not be answered just anywhere: whoever asks could have this process publish where he may not.
        let is_inbox = |to: &Subject| to.starts_with(PREFIX);
        let reply_to = request.reply.clone().filter(is_inbox);
        let reply = reply_to.clone().map(|to| NatsReply {
            connection: self.answers.clone(),
            to,
        });
        if !self.server.handle(message(request), reply)
            && let Some(to) = reply_to
        {
            let mut headers = HeaderMap::new();
            headers.insert(OVERLOADED, "1");
            let to = to.into_string();
            // Whoever asked hears nothing then, and gives up by itself.
            let _away = self.answers.send(to, None, headers, Bytes::new()).await;
        }
    }
}

struct NatsReply {
    connection: Connection,
    to: Subject,
}

impl Reply for NatsReply {
    async fn answer(self, answer: Bytes) {
        let (to, headers) = (self.to.into_string(), HeaderMap::new());
        // Whoever asked hears nothing then, and gives up by itself.
        let _away = self.connection.send(to, None, headers, answer).await;
    }
}

/// Takes what the client has for a subscription, so that a slow reader's messages wait where bytes are counted.
struct Relay {
    subscriber: Subscriber,
    lapses: watch::Receiver<u64>,
    feed: Arc<Feed<Message>>,
}

impl Relay {
    async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                lapsed = self.lapses.changed() => {
                    if lapsed.is_err() {
                        return;
                    }
                    self.feed.lag();
                }
                received = self.subscriber.next() => {
                    let Some(received) = received else { return };
                    let message = message(received);
                    let bytes = message.subject.len() + message.payload.len();
                    self.feed.push([(message, bytes)]);
                }
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.feed.close();
    }
}
