//! [`Bus`] inside one process.

mod registry;

use crate::{
    bus::{self, Bus, Message, Responder, Serving, Subscription},
    error::{BusError, RequestError},
    feed::{FedReader, Feed},
    server::Server,
};
use async_trait::async_trait;
use bytes::Bytes;
use fanfare_lifecycle::{Shutdown, Tasks, trace};
use registry::{Listener, Registry};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time};

pub(super) struct LocalBus {
    registry: Arc<Registry>,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl LocalBus {
    pub(super) fn new(tasks: &Tasks, shutdown: &Shutdown) -> Self {
        Self {
            registry: Arc::new(Registry::default()),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        }
    }

    /// Gives the message to every subscriber and to the servers whose turn it is. Returns how many servers took it, and
    /// how many were asked.
    fn deliver(&self, message: &Message, reply: Option<&mpsc::Sender<Bytes>>) -> Delivered {
        let listeners = self.registry.listeners(&message.subject);
        for feed in &listeners.subscribers {
            feed.push([(message.clone(), message.payload.len())]);
        }
        let servers = listeners.servers.iter().chain(&listeners.chosen);
        let mut delivered = Delivered::default();
        for server in servers {
            delivered.asked += 1;
            if server.handle(message.clone(), reply.cloned()) {
                delivered.taken += 1;
            }
        }
        delivered
    }
}

fn message(subject: &str, payload: Bytes) -> Message {
    Message {
        subject: subject.to_owned(),
        payload,
        trace: trace::current(),
    }
}

#[derive(Clone, Copy, Default)]
struct Delivered {
    asked: usize,
    taken: usize,
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        bus::check(subject, &payload)?;
        self.deliver(&message(subject, payload), None);
        Ok(())
    }

    async fn subscribe(&self, filter: &str) -> Result<Box<dyn Subscription>, BusError> {
        let feed = Arc::new(Feed::new(bus::SUBSCRIPTION));
        let listener = Listener::Subscriber(Arc::clone(&feed));
        let entry = Registry::add(&self.registry, filter, listener)?;
        Ok(Box::new(FedReader {
            feed,
            _leaves: entry,
        }))
    }

    async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, RequestError> {
        bus::check(subject, &payload).map_err(|_refused| RequestError::Unavailable)?;
        let (reply, mut replies) = mpsc::channel(1);
        let delivered = self.deliver(&message(subject, payload), Some(&reply));
        drop(reply);
        if delivered.asked == 0 {
            return Err(RequestError::NoResponders);
        }
        if delivered.taken == 0 {
            return Err(RequestError::Unavailable);
        }
        match time::timeout(limit, replies.recv()).await {
            Ok(Some(answer)) => Ok(answer),
            // A server that ended without an answer will not give one later.
            Ok(None) | Err(_) => Err(RequestError::Timeout),
        }
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
        // An answer that finds no room waits in its server's task; this reader takes them as they come.
        let (reply, mut replies) = mpsc::channel(64);
        self.deliver(&message(subject, payload), Some(&reply));
        drop(reply);
        let mut answers = Vec::new();
        while answers.len() < expected {
            match time::timeout_at(until, replies.recv()).await {
                Ok(Some(answer)) => answers.push(answer),
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
        let server = Arc::new(Server::new(
            responder,
            self.tasks.clone(),
            self.shutdown.clone(),
        ));
        let group = group.map(str::to_owned);
        let listener = Listener::Server { group, server };
        Ok(Serving::new(Registry::add(
            &self.registry,
            subject,
            listener,
        )?))
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        self.registry.close();
    }
}
