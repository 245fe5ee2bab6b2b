//! The way to a connection: addresses, login, TLS, and what the server must be.

use super::{inbox::PREFIX, login, observer::Line, settings::Settings, watcher::Notice};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event};
use std::{path::PathBuf, time::Duration};
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};

/// A server that says nothing is asked for a sign of life this often and given up after two unanswered ones: a silent
/// partition shows within fifteen seconds.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Longest that connecting to one address may take, with TLS and login.
const CONNECT_ATTEMPT: Duration = Duration::from_secs(5);

/// Longest pause before a server is tried again. An election takes no longer.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(4);

/// Messages that wait for one subscription inside the client. Readers take them at once; what is kept for a slow one
/// waits in a queue of ours, which is bounded in bytes too.
const SUBSCRIPTION_MESSAGES: usize = 16 * 1024;

/// The first release with everything the streams use.
const OLDEST: (u64, u64) = (2, 14);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No address was given, or one that cannot be read.
    #[error("the NATS addresses {servers:?} cannot be read: write them as nats://host:4222")]
    Address {
        /// What was given.
        servers: Vec<String>,
    },
    /// Nobody answers there.
    #[error(
        "no NATS server answers at {servers:?} (tried for {waited_s} s): {cause}; check the addresses and that the server runs"
    )]
    Unreachable {
        /// Where.
        servers: Vec<String>,
        /// For how long.
        waited_s: u64,
        /// What the last attempt met.
        cause: String,
    },
    /// A server answers and does not let this process in.
    #[error(
        "the NATS server at {servers:?} refuses the login: check user, password, nkey or the file with them"
    )]
    Refused {
        /// Where.
        servers: Vec<String>,
    },
    /// The file with the password, the seed or the credentials does not help.
    #[error("the NATS login in {path:?} cannot be used: {cause}")]
    LoginFile {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// There is no trust between the two sides.
    #[error("no TLS with the NATS server at {servers:?}: {cause}; check the certificates")]
    Tls {
        /// Where.
        servers: Vec<String>,
        /// Why.
        cause: String,
    },
    /// A server of an old release.
    #[error(
        "the NATS server is of version {found}: Fanfare needs 2.14 or later, 2.15 is recommended"
    )]
    TooOld {
        /// What it calls itself.
        found: String,
    },
    /// A server without JetStream.
    #[error(
        "the NATS server keeps nothing: enable JetStream (`jetstream {{}}` in its configuration)"
    )]
    NoJetStream,
    /// The streams that are there are not those of the log, or cannot be made.
    #[error(transparent)]
    Layout(#[from] super::log::LayoutError),
}

/// Connects, again and again until `until`.
pub(super) async fn connect(
    settings: &Settings,
    line: Line,
    until: Instant,
    notify: &mpsc::Sender<Notice>,
) -> Result<Client, OpenError> {
    let servers = || settings.servers.clone();
    if settings.servers.is_empty() {
        return Err(OpenError::Address { servers: servers() });
    }
    let began = Instant::now();
    for attempt in 1.. {
        let options = options(settings, line, notify.clone()).await?;
        // Large, and not for the stack of whoever opens.
        let connecting = Box::pin(options.connect(settings.servers.as_slice()));
        let error = match connecting.await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        match error.kind() {
            ConnectErrorKind::ServerParse => return Err(OpenError::Address { servers: servers() }),
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                return Err(OpenError::Refused { servers: servers() });
            }
            ConnectErrorKind::Tls => {
                let cause = cause(&error);
                return Err(OpenError::Tls {
                    servers: servers(),
                    cause,
                });
            }
            ConnectErrorKind::Dns
            | ConnectErrorKind::TimedOut
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => {}
        }
        let pause = pause(attempt);
        if Instant::now() + pause >= until {
            return Err(OpenError::Unreachable {
                servers: servers(),
                waited_s: began.elapsed().as_secs(),
                cause: cause(&error),
            });
        }
        if attempt == 1 {
            tracing::warn!(servers = ?settings.servers, cause = cause(&error), "waiting for NATS");
        }
        time::sleep(pause).await;
    }
    Err(OpenError::Address { servers: servers() })
}

/// The innermost reason, in words: the outer ones only say what was tried.
fn cause(error: &ConnectError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

async fn options(
    settings: &Settings,
    line: Line,
    notify: mpsc::Sender<Notice>,
) -> Result<ConnectOptions, OpenError> {
    let mut options = login::options(&settings.login)
        .await?
        .name(format!("{} {}", settings.name, line.as_str()))
        .ping_interval(PING_INTERVAL)
        .connection_timeout(CONNECT_ATTEMPT)
        .subscription_capacity(SUBSCRIPTION_MESSAGES)
        .reconnect_delay_callback(pause)
        .event_callback(move |event| {
            let notify = notify.clone();
            async move { tell(&notify, event).await }
        });
    if let Some(inbox) = &settings.inbox {
        options = options.custom_inbox_prefix(format!("{PREFIX}{inbox}"));
    }
    for certificate in &settings.root_certificates {
        options = options.add_root_certificates(certificate.clone());
    }
    if let Some(shown) = &settings.client_certificate {
        options = options.add_client_certificate(shown.certificate.clone(), shown.key.clone());
    }
    if settings.tls_first {
        options = options.tls_first();
    }
    Ok(options)
}

async fn tell(notify: &mpsc::Sender<Notice>, event: Event) {
    let notice = match event {
        Event::Connected => Notice::Connected,
        Event::Disconnected => Notice::Disconnected,
        Event::SlowConsumer(_subscription) => Notice::Dropped,
        Event::LameDuckMode => Notice::SentAway,
        Event::ServerError(error) => {
            tracing::error!(%error, "NATS complains");
            return;
        }
        Event::ClientError(_) | Event::Draining | Event::Closed => return,
    };
    // Nobody listens any more once the connection is dropped.
    let _ended = notify.send(notice).await;
}

pub(super) fn check(client: &Client) -> Result<(), OpenError> {
    let server = client.server_info();
    if version(&server.version).is_none_or(|found| found < OLDEST) {
        return Err(OpenError::TooOld {
            found: server.version,
        });
    }
    if !server.jetstream {
        return Err(OpenError::NoJetStream);
    }
    Ok(())
}

/// Major and minor of `2.15.1-preview.2`.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.trim_start_matches('v').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Before the attempt of this number. Processes that lost the same server do not come back together.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.min(6)).unwrap_or(6);
    random_below(RECONNECT_PAUSE_MAX.min(Duration::from_millis(50) * 2_u32.pow(doublings)))
}

pub(super) fn random_below(limit: Duration) -> Duration {
    let mut bytes = [0; 4];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return limit;
    }
    limit.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(version("2.14.0") >= Some(OLDEST));
        assert!(version("2.15.1-preview.2") >= Some(OLDEST));
        assert!(version("3.0.0") >= Some(OLDEST));
        assert!(version("2.9.25") < Some(OLDEST));
        assert_eq!(version("latest"), None);
    }

    #[test]
    fn pauses_grow_to_their_limit() {
        assert!((0..100).all(|_| pause(1) <= Duration::from_millis(100)));
        assert!((0..100).all(|_| pause(1_000) <= RECONNECT_PAUSE_MAX));
        let total: Duration = (0..200).map(|_| pause(1_000)).sum();
        assert!(
            total > Duration::from_secs(200),
            "late pauses are short: {total:?}"
        );
    }
}
