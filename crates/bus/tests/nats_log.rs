//! The log on NATS beyond the conformance suite: several processes, answers that are lost, what age removes, and the
//! suite again under the faulty decorator.

#[path = "shared/nats_server.rs"]
mod nats_server;

#[path = "nats_log/faulty.rs"]
mod faulty;
#[path = "nats_log/history.rs"]
mod history;
#[path = "nats_log/layout.rs"]
mod layout;
#[path = "nats_log/make.rs"]
mod make;
#[path = "nats_log/outage.rs"]
mod outage;
#[path = "nats_log/processes.rs"]
mod processes;
#[path = "nats_log/proxy.rs"]
mod proxy;
#[path = "nats_log/retention.rs"]
mod retention;

use bytes::Bytes;
use fanfare_bus::{
    Handles,
    log::{Append, Expect},
    nats::{self, LogSettings, Login, OpenError, Secret, Settings},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{Channel, Position};
use nats_server::NatsServer;
use std::{sync::Arc, time::Duration};

/// An account on a server, and the processes that use it.
struct Installation {
    server: Arc<NatsServer>,
    address: String,
    account: String,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Installation {
    fn new() -> Self {
        Self::on(NatsServer::shared())
    }

    fn on(server: Arc<NatsServer>) -> Self {
        Self {
            account: server.account(),
            address: server.address(),
            server,
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        }
    }

    fn settings(&self, log: LogSettings) -> Settings {
        Settings {
            login: Login::Password {
                user: self.account.clone(),
                password: Secret::new(self.account.clone()),
            },
            log,
            ..Settings::new(vec![self.address.clone()])
        }
    }

    async fn try_open(&self, log: LogSettings) -> Result<Handles, OpenError> {
        let settings = self.settings(log);
        nats::open(settings, Clock::system(), &self.tasks, &self.shutdown).await
    }

    async fn renew_epochs(&self) -> Result<u16, OpenError> {
        // How many shards there are is read from the streams.
        let settings = self.settings(ONE_SHARD);
        nats::renew_epochs(&settings, &self.tasks, &self.shutdown).await
    }

    async fn open(&self, log: LogSettings) -> Handles {
        self.try_open(log).await.expect("NATS opens")
    }
}

const ONE_SHARD: LogSettings = LogSettings {
    shards: 1,
    retention_ms: 24 * 3600 * 1000,
    retention_records: 100_000,
};

fn room(id: &str) -> Channel {
    Channel::parse(&format!("room:{id}")).expect("a channel")
}

fn record(channel: &Channel, payload: &str) -> Append {
    Append {
        channel: channel.clone(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        trace: None,
    }
}

/// What the channel holds after `after`, with ordinals.
async fn stored(handles: &Handles, channel: &Channel, after: Position) -> Vec<(u64, String)> {
    let head = heads(handles, channel).await;
    let (mut stored, mut from) = (Vec::new(), after);
    loop {
        let page = handles.log.read(channel, from, head, 1_000).await;
        let page = page.expect("a page");
        for record in page.records {
            from = record.position;
            let text = String::from_utf8_lossy(&record.payload).into_owned();
            stored.push((record.position.n, text));
        }
        if !page.more {
            return stored;
        }
    }
}

async fn heads(handles: &Handles, channel: &Channel) -> Position {
    let heads = handles.log.heads(std::slice::from_ref(channel)).await;
    heads.expect("heads")[0].last
}

async fn within<F: Future>(future: F) -> F::Output {
    let result = tokio::time::timeout(Duration::from_secs(60), future).await;
    result.expect("something that must happen did not")
}
