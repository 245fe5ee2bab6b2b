//! One process, from its command line to its end.

use crate::{
    Failure, admin,
    banner::Banner,
    cli::{Common, LogFormat},
    listener::{Listener, Served},
    local_key,
    plan::Plan,
    readiness::Readiness,
    services::Services,
    settings,
    signals::Signals,
    traces,
};
use fanfare_auth::Auth;
use fanfare_http::TrustedProxies;
use fanfare_telemetry::{logs, metrics::Metrics, process};
use std::{path::Path, sync::Arc, time::Duration};

/// Longest that requests under way may take once every client has left.
const REQUESTS: Duration = Duration::from_secs(10);

/// The scopes of the local tools' key: everything.
const LOCAL_SCOPES: [&str; 5] = [
    "notifications:publish",
    "channels:publish",
    "rooms:manage",
    "tokens:mint",
    "admin",
];

/// What runs, between its start and its end.
struct Process {
    services: Services,
    readiness: Arc<Readiness>,
    /// Ends before the services do.
    public: Served,
    /// Ends last: probes answer while the process drains.
    admin: Served,
}

/// Serves until a signal, then drains.
pub(crate) async fn run(plan: Plan) -> Result<(), Failure> {
    let common = plan.common;
    let format = match common.log_format {
        LogFormat::Text => logs::Format::Text,
        LogFormat::Json => logs::Format::Json,
    };
    let filter = logs::init(&common.log, format).map_err(Failure::Usage)?;
    let listen = settings::address(&common.listen, "--listen").await?;
    let admin_listen = settings::address(&common.admin_listen, "--admin-listen").await?;
    let mut signals = Signals::catch().map_err(|error| Failure::work(error.to_string()))?;
    let public = Listener::bind(listen, "--listen")?;
    let admin = Listener::bind(admin_listen, "--admin-listen")?;
    let place = plan.services.back_end.place();
    let node = plan.services.node.clone();
    let traces = traces::start(&common.traces, plan.command, &node)?;
    let mut banner = Banner {
        command: plan.command,
        listen: public.address,
        admin_listen: admin.address,
        node: &node,
        place: &place,
        local_key: plan.local_key.as_deref(),
        admin_password: None,
    };
    let (readiness, metrics) = (Arc::new(Readiness::default()), Metrics::new());
    process::register(&metrics, env!("CARGO_PKG_VERSION"));
    let admin = admin.serve(admin::router(
        Arc::clone(&readiness),
        metrics.clone(),
        filter,
    ));
    let services = tokio::select! {
        started = Services::start(plan.services, &metrics, &traces, &readiness) => started?,
        () = signals.next() => {
            tracing::info!("stopped before it had started");
            return Ok(());
        }
    };
    if let (Some(auth), Some(data_dir)) = (&services.auth, &plan.local_key) {
        keep_local_key(auth, data_dir).await?;
    }
    let first_run = services
        .auth
        .as_ref()
        .and_then(|auth| auth.first_run.as_ref());
    banner.admin_password = first_run.and_then(|first_run| first_run.admin_password.as_deref());
    banner.print();
    readiness.begin(services.checks());
    let waiting = Arc::clone(&readiness);
    services.spawn(async move { waiting.until_ready().await });
    let proxies = TrustedProxies(common.proxies.trusted_proxies.as_slice().into());
    let process = Process {
        public: public.serve(services.router(proxies)),
        services,
        readiness,
        admin,
    };
    tokio::select! {
        () = signals.next() => {}
        () = process.services.drain_asked() => {}
    }
    tracing::info!("stopping; a second signal stops at once");
    let ended = tokio::select! {
        ended = process.stop(&common) => ended,
        () = signals.next() => Err(Failure::work("stopped at once, as asked")),
    };
    traces.finish(traces::FINISH).await;
    tracing::info!("stopped");
    ended
}

impl Process {
    /// Sends every client away, finishes requests, then stops the services. What takes longer than the grace period is
    /// dropped.
    async fn stop(self, common: &Common) -> Result<(), Failure> {
        let lame_duck = Duration::from_millis(common.shutdown.lame_duck_ms);
        let grace = Duration::from_secs(common.shutdown.grace_seconds);
        self.readiness.drain();
        let late = tokio::time::timeout(grace, async {
            self.services.drain(lame_duck).await;
            self.public.finish(REQUESTS).await
        })
        .await
        .is_err();
        self.public.end();
        let left = self.services.stop().await;
        self.admin.end();
        if late || left > 0 {
            return Err(Failure::work(
                "some clients or tasks did not end in time and were dropped",
            ));
        }
        Ok(())
    }
}

/// Makes the local tools' key, unless there is a good one.
async fn keep_local_key(auth: &Auth, data_dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::work(format!(
            "the API key's file {}: {error}",
            local_key::path(data_dir).display()
        ))
    };
    let existing = local_key::read(data_dir).map_err(failed)?;
    let key = auth
        .ensure_local_key("tools", &LOCAL_SCOPES, existing.as_deref())
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
    if existing.as_deref() == Some(key.as_str()) {
        return Ok(());
    }
    local_key::write(data_dir, &key).map_err(failed)
}
