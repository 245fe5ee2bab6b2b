//! Whether this process can do its job, and if not, why not.

use fanfare_bus::{Kv, kv::Expect};
use fanfare_gateway::Gateway;
use fanfare_proto::token;
use fanfare_tokens::Authority;
use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How long an answer of the store is good for, so that probes do not wear the disk.
const WRITE_EVERY: Duration = Duration::from_secs(3);

/// Longest a write of the probe's may take before the process is not ready.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Life of the probe's record, in milliseconds: it is never read.
const WRITE_LIFE_MS: u64 = 60_000;

/// Between two looks until the process is ready for the first time.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is asked. Every change of the answer is a log line.
#[derive(Default)]
pub(crate) struct Readiness {
    checks: OnceLock<Checks>,
    draining: AtomicBool,
    told: Mutex<Option<Result<(), String>>>,
}

/// What must be there.
pub(crate) struct Checks {
    pub(crate) authority: Arc<Authority>,
    pub(crate) gateway: Option<Arc<Gateway>>,
    /// Of processes that write; a gateway writes nothing, and stays while the store chooses a new leader.
    pub(crate) store: Option<StoreProbe>,
}

/// Whether the store takes writes.
pub(crate) struct StoreProbe {
    kv: Arc<dyn Kv>,
    key: String,
    /// When the store was last asked to write, and whether it did.
    wrote: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    /// The services have started: from now on they are asked.
    pub(crate) fn begin(&self, checks: Checks) {
        // Begun once; a second time changes nothing.
        let _begun = self.checks.set(checks);
    }

    /// Not ready from now on: load balancers send nobody more.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// The text says what is missing, for an operator.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let answer = self.ask().await;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(&answer) {
            match &answer {
                Ok(()) => tracing::info!("ready"),
                Err(reason) => tracing::warn!(reason, "not ready"),
            }
            *told = Some(answer.clone());
        }
        answer
    }

    async fn ask(&self) -> Result<(), String> {
        if self.draining.load(Ordering::Acquire) {
            return Err("draining".to_owned());
        }
        let Some(checks) = self.checks.get() else {
            return Err("starting".to_owned());
        };
        if let Some(lacking) = checks.authority.lacks() {
            return Err(format!("not there: {lacking}"));
        }
        if let Some(gateway) = &checks.gateway {
            gateway.ready().await?;
        }
        match &checks.store {
            Some(store) if !store.writes().await => {
                Err("the store does not take writes".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Looks by itself until the process is ready, so that its log says what it waits for, also where nobody probes.
    pub(crate) async fn until_ready(&self) {
        while self.check().await.is_err() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl StoreProbe {
    /// Of the process `node`.
    pub(crate) fn new(kv: Arc<dyn Kv>, node: &str) -> Self {
        Self {
            kv,
            key: token::encode(node),
            wrote: tokio::sync::Mutex::new(None),
        }
    }

    /// Whether the store takes a write, as of [`WRITE_EVERY`] ago at most. Callers wait for one another, which is bounded
    /// because each leaves an answer that the next one uses.
    async fn writes(&self) -> bool {
        let mut wrote = self.wrote.lock().await;
        if let Some((at, did)) = *wrote
            && at.elapsed() < WRITE_EVERY
        {
            return did;
        }
        let put = self.kv.put(
            "probe",
            &self.key,
            Vec::new().into(),
            Expect::Any,
            Some(WRITE_LIFE_MS),
        );
        let did = matches!(tokio::time::timeout(WRITE_TIMEOUT, put).await, Ok(Ok(_)));
        *wrote = Some((Instant::now(), did));
        did
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_bus::{Handles, embedded};
    use fanfare_lifecycle::{Clock, Shutdown, Tasks};

    async fn store() -> (Handles, Shutdown, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let settings = embedded::Settings::new(directory.path());
        let opened = embedded::open(settings, Clock::system(), &tasks, &shutdown).await;
        (opened.unwrap(), shutdown, directory)
    }

    /// The checks of a process whose tokens all come from elsewhere.
    async fn checks(handles: &Handles, shutdown: &Shutdown) -> Checks {
        let tokens = fanfare_tokens::Settings {
            issuer: None,
            external: vec![fanfare_tokens::Issuer {
                name: "django".to_owned(),
                keys: fanfare_tokens::KeySource::SharedSecret(fanfare_tokens::Secret::new([7; 32])),
                audience: None,
                accept_missing_issuer: true,
                accept_admin: false,
            }],
            ..fanfare_tokens::Settings::default()
        };
        let tasks = Tasks::new();
        let authority = Authority::start(tokens, handles, Clock::system(), &tasks, shutdown).await;
        Checks {
            authority: authority.unwrap(),
            gateway: None,
            store: Some(StoreProbe::new(Arc::clone(&handles.kv), "node")),
        }
    }

    #[tokio::test]
    async fn a_process_is_ready_from_its_start_to_its_drain() {
        let (handles, shutdown, _directory) = store().await;
        let readiness = Readiness::default();
        assert_eq!(readiness.check().await, Err("starting".to_owned()));
        readiness.begin(checks(&handles, &shutdown).await);
        readiness.until_ready().await;
        assert_eq!(readiness.check().await, Ok(()));
        readiness.drain();
        assert_eq!(readiness.check().await, Err("draining".to_owned()));
    }

    #[tokio::test]
    async fn a_process_whose_store_takes_no_writes_is_not_ready() {
        let (handles, shutdown, _directory) = store().await;
        let readiness = Readiness::default();
        readiness.begin(checks(&handles, &Shutdown::new()).await);
        let settled = async {
            while !readiness.checks.get().unwrap().authority.is_ready() {
                tokio::task::yield_now().await;
            }
        };
        settled.await;
        shutdown.force();
        while handles.kv.get("b", "key").await.is_ok() {
            tokio::task::yield_now().await;
        }
        let said = readiness.check().await;
        assert_eq!(said, Err("the store does not take writes".to_owned()));
    }
}
