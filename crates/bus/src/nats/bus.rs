//! [`Bus`] on NATS core.

use super::connection::{Connection, Link};
use crate::{
    bus::{self, Bus, Message, Received, Responder, Serving, Subscription},
    error::{BusError, RequestError},
    feed::{Fed, Feed},
    filter,
    server::{Reply, Server},
};
use async_nats::{HeaderMap, StatusCode, Subject, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use fanfare_lifecycle::{Shutdown, Tasks};
use futures_util::StreamExt as _;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Marks what a server says instead of an answer when too much is under way there.
const OVERLOADED: &str = "Fanfare-Overloaded";

/// Answers of a gathering that nobody has taken yet. They are taken as they come.
const GATHERED: usize = 1_024;

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
        subject: message.subject.into_string(),
        payload: message.payload,
    }
}

#[async_trait]
impl Bus for NatsBus {
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        bus::check(subject, &payload)?;
        let (subject, headers) = (subject.to_owned(), HeaderMap::new());
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
        Ok(Box::new(NatsSubscription {
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
        let (subject, headers) = (subject.to_owned(), HeaderMap::new());
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
        let (subject, headers) = (subject.to_owned(), HeaderMap::new());
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
        let ctl = self.link.ctl.clone();
        let requests = subscribe(&ctl, subject, group).await?;
        let server = Server::new(responder, self.tasks.clone(), self.shutdown.clone());
        let left = CancellationToken::new();
        let (ended, guard_left) = (ctl.ended(), left.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = serve(ctl, requests, Arc::new(server), guard_left) => {}
                () = ended.cancelled() => {}
            }
        });
        Ok(Serving::new(left.drop_guard()))
    }
}

/// Hands over what comes, until the guard is dropped and everything that had arrived by then is taken.
async fn serve(
    connection: Connection,
    mut requests: Subscriber,
    server: Arc<Server>,
    left: CancellationToken,
) {
    loop {
        let request = tokio::select! {
            request = requests.next() => request,
            () = left.cancelled() => break,
        };
        let Some(request) = request else { return };
        hand_over(&connection, request, &server).await;
    }
    // Ends the subscription and then the stream, behind what has arrived already.
    let _ended = requests.drain().await;
    while let Some(request) = requests.next().await {
        hand_over(&connection, request, &server).await;
    }
}

async fn hand_over(connection: &Connection, request: async_nats::Message, server: &Arc<Server>) {
    let reply = request.reply.clone().map(|to| NatsReply {
        connection: connection.clone(),
        to,
    });
    let refusal = request.reply.clone();
    if !server.handle(message(request), reply)
        && let Some(to) = refusal
    {
        let mut headers = HeaderMap::new();
        headers.insert(OVERLOADED, "1");
        let to = to.into_string();
        // Whoever asked hears nothing then, and gives up by itself.
        let _away = connection.send(to, None, headers, Bytes::new()).await;
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

struct NatsSubscription {
    feed: Arc<Feed<Message>>,
    _leaves: DropGuard,
}

#[async_trait]
impl Subscription for NatsSubscription {
    async fn next(&mut self) -> Option<Received> {
        self.feed.next().await.map(|fed| match fed {
            Fed::Item(message) => Received::Message(message),
            Fed::Lagged => Received::Lagged,
        })
    }
}
