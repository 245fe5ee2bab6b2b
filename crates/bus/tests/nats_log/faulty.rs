//! The conformance suite under faults.

use super::{Installation, NatsServer, ONE_SHARD};
use async_trait::async_trait;
use fanfare_bus::{
    Handles,
    conformance::{self, Subject},
    faulty::{self, Faults},
};
use fanfare_lifecycle::Clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

struct Faulty {
    installation: Installation,
    restarts: bool,
    opened: AtomicBool,
}

impl Faulty {
    fn new(case: &str) -> Self {
        let restarts = case.contains("restart");
        let installation = if restarts {
            Installation::on(Arc::new(NatsServer::start()))
        } else {
            Installation::new()
        };
        Self {
            installation,
            restarts,
            opened: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Subject for Faulty {
    async fn open(&self) -> Handles {
        if self.opened.swap(true, Ordering::SeqCst) && self.restarts {
            self.installation.server.kill();
            self.installation.server.resume();
        }
        let faults = Faults {
            away_per_mille: 50,
            ..Faults::new(1)
        };
        faulty::inject(self.installation.open(ONE_SHARD).await, faults)
    }

    fn now_ms(&self) -> i64 {
        Clock::system().now_ms()
    }

    async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn overflow(&self) -> usize {
        10_000
    }
}

macro_rules! tests {
    ($($case:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            conformance::run(stringify!($case), &Faulty::new(stringify!($case))).await;
        }
    )* };
}

fanfare_bus::conformance_cases!(tests);
