//! The embedded back end as a subject of the conformance suite.

use async_trait::async_trait;
use fanfare_bus::{
    Handles,
    conformance::Subject,
    embedded::{self, Settings},
    log::TAIL_RECORDS,
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};

/// Any time will do; this one is easily told from a real one.
const NOON_MS: i64 = 1_000_000_000_000;

pub(crate) struct Embedded {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) shutdown: Shutdown,
}

impl Embedded {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            clock: Clock::manual(NOON_MS),
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.directory.path().join("store"))
    }

    pub(crate) async fn open_with(&self, settings: Settings) -> Handles {
        let clock = self.clock.clone();
        let opened = embedded::open(settings, clock, &self.tasks, &self.shutdown).await;
        opened.expect("the store opens")
    }
}

#[async_trait]
impl Subject for Embedded {
    async fn open(&self) -> Handles {
        self.open_with(self.settings()).await
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn pass(&self, ms: u64) {
        self.clock.advance(i64::try_from(ms).expect("a short time"));
    }

    fn overflow(&self) -> usize {
        TAIL_RECORDS + 1_000
    }
}
