//! What keeps everything: a store of this process's own, or NATS.

use crate::{Failure, cli, measure, readiness::Readiness};
use fanfare_bus::{
    Handles, embedded,
    nats::{self, ClientCertificate, LayoutError, LogSettings, Login, OpenError, Role, Secret},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_notify::StoredAs;
use fanfare_telemetry::metrics::Metrics;
use std::{sync::Arc, time::Duration};

/// What a process that makes no streams waits for, in an installation where no other has run yet.
const NO_STREAMS: &str =
    "the streams of the log are not there: no notify or chat worker has run yet";

/// Between two looks for them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which back end, and how.
pub(crate) enum BackEnd {
    Embedded(embedded::Settings),
    Nats(Box<nats::Settings>),
}

impl BackEnd {
    /// NATS when it is named, the store otherwise.
    pub(crate) fn either(store: cli::Store, nats: cli::Nats) -> Self {
        if !is_named(&nats) {
            Self::Embedded(embedded::Settings {
                cache_bytes: store.store_cache_mib as usize * 1024 * 1024,
                ..embedded::Settings::new(store.data_dir)
            })
        } else {
            Self::Nats(Box::new(settings(nats, "standalone", Role::Worker)))
        }
    }

    /// NATS, which `command` cannot do without, and where it does what `role` says.
    pub(crate) fn shared(nats: cli::Nats, command: &str, role: Role) -> Result<Self, Failure> {
        if !is_named(&nats) {
            return Err(Failure::usage(format!(
                "fanfare {command} shares everything with other processes over NATS: name its servers with --nats or \
                 FANFARE_NATS, e.g. nats://127.0.0.1:4222 (fanfare standalone needs none)"
            )));
        }
        Ok(Self::Nats(Box::new(settings(nats, command, role))))
    }

    /// Where the log is that is to begin another life.
    pub(crate) fn of_log(options: cli::NewEpoch) -> Self {
        if is_named(&options.nats) {
            Self::Nats(Box::new(settings(options.nats, "new-epoch", Role::Reader)))
        } else {
            Self::Embedded(embedded::Settings::new(options.data_dir))
        }
    }

    /// Whether other processes may use it too.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Nats(_))
    }

    /// What an append that was answered has come to. Of one NATS server nobody here knows how it writes to its disk.
    pub(crate) const fn stored_as(&self) -> StoredAs {
        match self {
            Self::Embedded(_) => StoredAs::Durable,
            Self::Nats(settings) if settings.replicas > 1 => StoredAs::Replicated,
            Self::Nats(_) => StoredAs::Accepted,
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Embedded(settings) => settings.path.display().to_string(),
            Self::Nats(settings) => settings.servers.join(", "),
        }
    }

    /// Opens it, once what others make is there; `readiness` says meanwhile what it waits for. What it runs, runs as
    /// `tasks`, until `shutdown` is forced.
    pub(crate) async fn open(
        self,
        node: &str,
        metrics: &Metrics,
        clock: Clock,
        tasks: &Tasks,
        shutdown: &Shutdown,
        readiness: &Readiness,
    ) -> Result<Handles, Failure> {
        match self {
            Self::Embedded(settings) => embedded::open(settings, clock, tasks, shutdown)
                .await
                .map_err(|error| Failure::work(error.to_string())),
            Self::Nats(mut settings) => {
                settings.name = format!("fanfare {node}");
                settings.observer = Arc::new(measure::Nats::new(metrics));
                loop {
                    let settings = (*settings).clone();
                    let opened = nats::open(settings, clock.clone(), tasks, shutdown).await;
                    let error = match opened {
                        Ok(handles) => return Ok(handles),
                        Err(error) => error,
                    };
                    if !matches!(error, OpenError::Layout(LayoutError::Missing { .. })) {
                        return Err(failure(&error));
                    }
                    readiness.wait_for(NO_STREAMS).await;
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }
}

pub(crate) fn failure(error: &OpenError) -> Failure {
    match error {
        OpenError::Address { .. } | OpenError::LoginFile { .. } => {
            Failure::usage(error.to_string())
        }
        _ => Failure::work(error.to_string()),
    }
}

/// A variable that is set to nothing names nothing.
fn is_named(nats: &cli::Nats) -> bool {
    nats.nats.iter().any(|server| !server.is_empty())
}

fn settings(options: cli::Nats, command: &str, role: Role) -> nats::Settings {
    let client_certificate = options.nats_cert.zip(options.nats_key);
    nats::Settings {
        login: login(options.login),
        root_certificates: options.nats_ca,
        client_certificate: client_certificate
            .map(|(certificate, key)| ClientCertificate { certificate, key }),
        replicas: options.nats_replicas,
        role,
        inbox: Some(command.to_owned()),
        log: LogSettings {
            shards: options.log_shards,
            ..LogSettings::default()
        },
        ..nats::Settings::new(options.nats)
    }
}

fn login(options: cli::NatsLogin) -> Login {
    match options {
        cli::NatsLogin {
            nats_user: Some(user),
            nats_password_file: Some(path),
            ..
        } => Login::PasswordFile { user, path },
        cli::NatsLogin {
            nats_user: Some(user),
            nats_password: Some(password),
            ..
        } => Login::Password {
            user,
            password: Secret::new(password),
        },
        cli::NatsLogin {
            nats_nkey: Some(seed),
            ..
        } => Login::Nkey(Secret::new(seed)),
        cli::NatsLogin {
            nats_nkey_file: Some(path),
            ..
        } => Login::NkeyFile(path),
        cli::NatsLogin {
            nats_creds: Some(path),
            ..
        } => Login::CredentialsFile(path),
        _ => Login::Anonymous,
    }
}
