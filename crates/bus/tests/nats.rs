//! The back end on NATS passes the conformance suite on a real server, one test a case.

#[path = "shared/nats_server.rs"]
mod nats_server;

use async_trait::async_trait;
use fanfare_bus::{
    Handles,
    conformance::{self, Subject},
    nats::{self, LogSettings, Login, Secret, Settings},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use nats_server::NatsServer;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

struct Nats {
    server: Arc<NatsServer>,
    account: String,
    /// The server goes down and comes back between two openings.
    restarts: bool,
    opened: AtomicBool,
    clock: Clock,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Nats {
    fn new(case: &str) -> Self {
        let restarts = case.contains("restart");
        let server = if restarts {
            Arc::new(NatsServer::start())
        } else {
            NatsServer::shared()
        };
        Self {
            account: server.account(),
            server,
            restarts,
            opened: AtomicBool::new(false),
            clock: Clock::system(),
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        }
    }
}

#[async_trait]
impl Subject for Nats {
    async fn open(&self) -> Handles {
        if self.opened.swap(true, Ordering::SeqCst) && self.restarts {
            self.server.kill();
            self.server.resume();
        }
        let settings = Settings {
            login: Login::Password {
                user: self.account.clone(),
                password: Secret::new(self.account.clone()),
            },
            // The cases take channels together, which must be of one shard.
            log: LogSettings {
                shards: 1,
                ..LogSettings::default()
            },
            ..Settings::new(vec![self.server.address()])
        };
        let opened = nats::open(settings, self.clock.clone(), &self.tasks, &self.shutdown).await;
        opened.unwrap_or_else(|error| panic!("NATS does not open: {error}"))
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn overflow(&self) -> usize {
        // More than wait in the client and in front of the reader together.
        30_000
    }
}

macro_rules! tests {
    ($($case:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            conformance::run(stringify!($case), &Nats::new(stringify!($case))).await;
        }
    )* };
}

fanfare_bus::conformance_cases!(tests);
fanfare_bus::conformance_tail_cases!(tests);
