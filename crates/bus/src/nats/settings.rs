//! Where the servers are and how to get in.

use super::{Deaf, Observer, log::LogSettings};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Where the servers are, how to get in, and how safely they keep things.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Addresses, each `nats://host:port` or `tls://host:port`; any of one cluster will do, the others are learned.
    pub servers: Vec<String>,
    /// Who this process is to the servers. Default: nobody.
    pub login: Login,
    /// Authorities that servers are trusted by, as PEM files. None: those of the system.
    pub root_certificates: Vec<PathBuf>,
    /// Shown to servers that ask for one.
    pub client_certificate: Option<ClientCertificate>,
    /// Speak TLS from the first byte on, for servers with `handshake_first`.
    pub tls_first: bool,
    /// What `nats server report connections` calls this process. Default: `fanfare`.
    pub name: String,
    /// Longest that [`open`](super::open) waits for a server. Default: 30 s.
    pub connect_limit: Duration,
    /// Copies of each stream, on as many servers: 1, or 3 or 5 in a cluster. For streams that are not there yet; those
    /// that are keep what they have. Default: 1.
    pub replicas: usize,
    /// How the log is laid out and what it keeps.
    pub log: LogSettings,
    /// What this process does with the streams. Default: [`Role::Worker`].
    pub role: Role,
    /// A token of the subjects that answers come to, after `_INBOX.`: servers can keep it for one user, so that nobody
    /// else hears his answers. Default: none.
    pub inbox: Option<String>,
    /// Hears how it goes. Default: [`Deaf`].
    pub observer: Arc<dyn Observer>,
}

/// What a process does with the streams, and so what its user has to be allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Makes the streams that are not there, appends, and brings what is scheduled to its time.
    Worker,
    /// Keeps records, and makes their buckets. Has no log: all that it is asked is refused as unavailable.
    Records,
    /// Makes nothing, and appends nothing but fences. Without the streams of the log it is not opened; a bucket that is
    /// not there is unavailable.
    Reader,
}

impl Settings {
    /// The defaults, with `servers`.
    #[must_use]
    pub fn new(servers: Vec<String>) -> Self {
        Self {
            servers,
            login: Login::Anonymous,
            root_certificates: Vec::new(),
            client_certificate: None,
            tls_first: false,
            name: "fanfare".to_owned(),
            connect_limit: Duration::from_secs(30),
            replicas: 1,
            log: LogSettings::default(),
            role: Role::Worker,
            inbox: None,
            observer: Arc::new(Deaf),
        }
    }
}

/// Who a process is to the servers.
#[derive(Clone, Debug)]
pub enum Login {
    /// Nobody in particular.
    Anonymous,
    /// By name and password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// The same, with the password in a file, as a line. Read at each connect, so a changed one is taken up.
    PasswordFile {
        /// The user's name.
        user: String,
        /// Where the password is.
        path: PathBuf,
    },
    /// By a token that all share.
    Token(Secret),
    /// By a seed that begins with `SU`.
    Nkey(Secret),
    /// The same, with the seed in a file, as a line. Read once.
    NkeyFile(PathBuf),
    /// By a file with a JWT and a seed, as `nsc` writes it. Read once.
    CredentialsFile(PathBuf),
}

/// A text that is in no log line.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn reveal(&self) -> String {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(a secret)")
    }
}

/// What a process shows to a server that asks who it is.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, as a PEM file. Read at each connect, so a renewed one is taken up.
    pub certificate: PathBuf,
    /// Its key, as a PEM file.
    pub key: PathBuf,
}
