//! What becomes of the connections to NATS: refused, lost, and there again.

#[path = "shared/nats_server.rs"]
mod nats_server;

#[path = "nats_link/again.rs"]
mod again;
#[path = "nats_link/refused.rs"]
mod refused;

use fanfare_bus::{
    Handles,
    nats::{self, LogSettings, Login, OpenError, Secret, Settings},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use std::time::Duration;

/// Ends a test that would hang. Longer than a server takes to be there again.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within<F: Future>(future: F) -> F::Output {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.expect("something that must happen did not")
}

async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    within(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A process.
struct Process {
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Process {
    fn new() -> Self {
        Self {
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        }
    }

    async fn open(&self, settings: Settings) -> Result<Handles, OpenError> {
        within(nats::open(
            settings,
            Clock::system(),
            &self.tasks,
            &self.shutdown,
        ))
        .await
    }
}

fn settings(address: &str, account: &str) -> Settings {
    Settings {
        login: Login::Password {
            user: account.to_owned(),
            password: Secret::new(account),
        },
        log: LogSettings {
            shards: 1,
            ..LogSettings::default()
        },
        ..Settings::new(vec![address.to_owned()])
    }
}
