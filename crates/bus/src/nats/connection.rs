//! The three connections of a process.

use super::{
    connect::{self, OpenError},
    inbox::{Inbox, Mailbox},
    observer::{Line, Observer},
    settings::Settings,
    watcher::{NOTICES, Watcher},
};
use crate::error::RequestError;
use async_nats::{Client, HeaderMap, Message, PublishErrorKind, StatusCode, connection::State};
use bytes::Bytes;
use fanfare_lifecycle::{Shutdown, Tasks};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, MutexGuard, mpsc, watch},
    time::{self, Instant},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Longest that a round trip to the server may take.
const ROUND_TRIP: Duration = Duration::from_secs(5);

/// Between two round trips that are measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// Longest that a message may wait for its turn on the wire. Longer means that the server takes nothing.
const SEND: Duration = Duration::from_secs(5);

/// The connections. They close with it.
pub(super) struct Link {
    /// What is heard: subscriptions and watches.
    pub(super) live: Connection,
    /// What is asked, written and answered.
    pub(super) ctl: Connection,
    /// The requests that are served here.
    pub(super) served: Quiet,
    _ends: DropGuard,
}

impl Link {
    pub(super) async fn connect(
        settings: &Settings,
        tasks: &Tasks,
        shutdown: &Shutdown,
    ) -> Result<Self, OpenError> {
        let until = Instant::now() + settings.connect_limit;
        let ended = CancellationToken::new();
        let ends = ended.clone().drop_guard();
        let (forced, watched) = (shutdown.clone(), ended.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = watched.cancelled() => {}
                () = forced.forced() => watched.cancel(),
            }
        });
        let open = async |line| Connection::open(settings, line, until, tasks, &ended).await;
        let link = Self {
            live: open(Line::Live).await?,
            ctl: open(Line::Ctl).await?,
            served: Quiet::new(open(Line::Served).await?),
            _ends: ends,
        };
        let measured = link.ctl.clone();
        tasks.spawn(async move { measured.measure().await });
        Ok(link)
    }
}

/// A connection that says one thing at a time, and nothing but subscriptions.
///
/// The client forgets a subscription that is being drained as soon as there is something else to say: what the server
/// sends before it hears of the end would be lost. While the connection is silent, the server's word comes first.
#[derive(Clone)]
pub(super) struct Quiet {
    connection: Connection,
    turn: Arc<Mutex<()>>,
}

impl Quiet {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            turn: Arc::default(),
        }
    }

    /// Waits for its turn to say something, which is over when the guard is dropped.
    pub(super) async fn turn(&self) -> (&Connection, MutexGuard<'_, ()>) {
        (&self.connection, self.turn.lock().await)
    }
}

/// One connection, which comes again by itself. Clones share it; tasks may keep one, and end when [`ended`](Self::ended)
/// says so.
#[derive(Clone)]
pub(super) struct Connection {
    client: Client,
    inbox: Arc<Inbox>,
    lapses: watch::Receiver<u64>,
    ended: CancellationToken,
    observer: Arc<dyn Observer>,
}

impl Connection {
    async fn open(
        settings: &Settings,
        line: Line,
        until: Instant,
        tasks: &Tasks,
        ended: &CancellationToken,
    ) -> Result<Self, OpenError> {
        let (notify, notices) = mpsc::channel(NOTICES);
        let client = connect::connect(settings, line, until, &notify).await?;
        connect::check(&client)?;
        let (lapse, lapses) = watch::channel(0);
        let inbox = Inbox::open(&client, tasks, ended);
        let connection = Self {
            inbox: Arc::new(inbox.await.map_err(|error| OpenError::Unreachable {
                servers: settings.servers.clone(),
                waited_s: 0,
                cause: error.to_string(),
            })?),
            client,
            lapses,
            ended: ended.clone(),
            observer: Arc::clone(&settings.observer),
        };
        connection.observer.connected(line);
        let watcher = Watcher {
            connection: connection.clone(),
            line,
            notices,
            lapse,
        };
        let watched = ended.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = watcher.run() => {}
                () = watched.cancelled() => {}
            }
        });
        Ok(connection)
    }

    /// The client behind it. Its own requests are for rare ones: each that times out stays in its memory for good.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Who hears how it goes.
    pub(super) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    /// Tells how long a round trip takes, again and again until the connection ends.
    async fn measure(&self) {
        let mut tick = time::interval(MEASURE_EVERY);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.ended.cancelled() => return,
                _ = tick.tick() => {}
            }
            let began = Instant::now();
            if self.is_connected() && self.fence().await {
                self.observer.round_trip(began.elapsed());
            }
        }
    }

    /// Whether the server is there right now, as far as this side knows.
    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// A counter that grows when subscriptions of this connection may have missed messages: it was gone, or a reader was
    /// too slow. After an absence it grows once the server knows the subscriptions again, so whoever looks then at what
    /// is stored has no hole.
    pub(super) fn lapses(&self) -> watch::Receiver<u64> {
        self.lapses.clone()
    }

    /// Resolves when the handles are dropped or the shutdown is forced: readers end then.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Sends a message. Does not wait until it has arrived anywhere.
    ///
    /// # Errors
    ///
    /// [`RequestError::Unavailable`]: the server is away, or the message does not fit it. Nothing was sent.
    pub(super) async fn send(
        &self,
        subject: String,
        reply: Option<&str>,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), RequestError> {
        if !self.is_connected() {
            return Err(RequestError::Unavailable);
        }
        let bytes = payload.len();
        let named = subject.clone();
        let send = async {
            match (reply, headers.is_empty()) {
                (None, true) => self.client.publish(subject, payload).await,
                (None, false) => {
                    self.client
                        .publish_with_headers(subject, headers, payload)
                        .await
                }
                (Some(reply), true) => {
                    let reply = reply.to_owned();
                    self.client
                        .publish_with_reply(subject, reply, payload)
                        .await
                }
                (Some(reply), false) => {
                    let reply = reply.to_owned();
                    self.client
                        .publish_with_reply_and_headers(subject, reply, headers, payload)
                        .await
                }
            }
        };
        match time::timeout(SEND, send).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                if error.kind() != PublishErrorKind::Send {
                    tracing::error!(subject = named, payload_bytes = bytes, %error, "NATS takes no such message");
                }
                Err(RequestError::Unavailable)
            }
            Err(_elapsed) => Err(RequestError::Unavailable),
        }
    }

    /// A place for up to `capacity` answers that nobody has taken yet.
    pub(super) fn mailbox(&self, capacity: usize) -> Mailbox {
        self.inbox.mailbox(capacity)
    }

    /// Sends a message and waits for one answer.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub(super) async fn ask(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Message, RequestError> {
        let mut mailbox = self.mailbox(1);
        let asked = async {
            self.send(subject, Some(mailbox.address()), headers, payload)
                .await?;
            mailbox.next().await.ok_or(RequestError::Timeout)
        };
        let answer = time::timeout(limit, asked).await;
        let answer = answer.map_err(|_elapsed| RequestError::Timeout)??;
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            return Err(RequestError::NoResponders);
        }
        Ok(answer)
    }

    /// A round trip to the server, after which it knows every subscription that was made on this connection before:
    /// messages of one connection are handled in the order they were sent, so one to ourselves comes back last. (The
    /// client's `flush` asks the server for nothing.) `false` when there was no answer in time.
    ///
    /// The other servers of a cluster learn of a subscription in the same moment, over connections of their own: what
    /// somebody publishes there within a round trip between the servers may be missed. Whoever cannot stand that fences
    /// with an append to a stream.
    pub(super) async fn fence(&self) -> bool {
        let mut mailbox = self.mailbox(1);
        let round_trip = async {
            let to_us = mailbox.address().to_owned();
            self.send(to_us, None, HeaderMap::new(), Bytes::new())
                .await
                .ok()?;
            mailbox.next().await
        };
        matches!(time::timeout(ROUND_TRIP, round_trip).await, Ok(Some(_echo)))
    }
}
