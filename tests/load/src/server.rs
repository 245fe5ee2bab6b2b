//! The server under test: the release binary, with a data directory of its own and limits that a run does not meet.

use crate::{
    child::Child,
    clock::{self, now_ns},
    crowd::Crowd,
    fault::{During as _, Fault, Outcome},
    http,
    issuer::{self, Issuer},
    machine::Machine,
    nats::Nats,
    usage::Meter,
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    net::SocketAddrV4,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const ANY_PORT: &str = "127.0.0.1:0";

/// No run has so many of anything.
const PLENTY: &str = "1000000";

/// Of the administrator of a server on NATS, which has no key of its own.
const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// Longest that a server may take to be ready, or to notice that its clients have gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// On one CPU, where the bare loop runs too.
    Pinned,
    /// On every CPU of the machine.
    Everywhere,
}

/// What keeps the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackEnd {
    /// The one process with everything.
    Embedded,
    /// A NATS server, with each service a process of its own. The gateway is what is measured.
    Nats,
}

/// What is started, and where it may write.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    /// A directory is made in it for each server.
    pub(crate) data: PathBuf,
    pub(crate) nats_server: PathBuf,
    pub(crate) back_end: BackEnd,
}

/// A running server. It and its data are gone when it is dropped.
pub(crate) struct Server {
    gateway: Member,
    /// Where clients go.
    pub(crate) address: SocketAddrV4,
    /// Where publishers go.
    pub(crate) api: SocketAddrV4,
    /// Where rooms are.
    pub(crate) chat: SocketAddrV4,
    pub(crate) api_key: String,
    /// The other processes of one on NATS.
    others: Option<Others>,
    // The processes are dropped, and so ended, before their directory is.
    _directory: TempDir,
}

struct Others {
    workers: [Member; 3],
    nats: Nats,
}

/// One process of the binary.
struct Member {
    child: Child,
    public: SocketAddrV4,
    admin: SocketAddrV4,
}

/// How to start processes that belong together.
struct Starter<'a> {
    setup: &'a Setup,
    machine: &'a Machine,
    directory: &'a Path,
    /// For every process.
    arguments: Vec<String>,
}

impl Starter<'_> {
    fn start(&self, command: &str, placement: Placement, arguments: &[&str]) -> Outcome<Member> {
        let log_path = self.directory.join(format!("{command}.log"));
        let log = File::create(&log_path).during("making a process's log")?;
        let mut process = Command::new(&self.setup.binary);
        // Settings of whoever starts the run are not the run's.
        process.env_clear().stderr(log);
        process.args([command, "--listen", ANY_PORT, "--admin-listen", ANY_PORT]);
        process
            .args(["--log", "warn"])
            .args(&self.arguments)
            .args(arguments);
        let cpus = match placement {
            Placement::Pinned => &self.machine.measured,
            Placement::Everywhere => &self.machine.all,
        };
        let mut child = Child::start(self.machine, cpus, &mut process)?;
        let (public, admin) = addresses(&mut child).map_err(|fault| {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            Fault::wrong(format!("{command} did not start: {fault}\n{log}"))
        })?;
        let member = Member {
            child,
            public,
            admin,
        };
        member.until_ready()?;
        Ok(member)
    }

    /// Auth, notify, chat and a gateway on a NATS server, with a key for publishers.
    fn start_apart(
        mut self,
        placement: Placement,
        arguments: &[&str],
    ) -> Outcome<(Member, Others, String)> {
        let nats = Nats::start(&self.setup.nats_server, self.machine, self.directory)?;
        self.arguments
            .extend(["--nats".to_owned(), format!("nats://{}", nats.address)]);
        let everywhere = Placement::Everywhere;
        let auth = self.start("auth", everywhere, &["--admin-password", ADMIN_PASSWORD])?;
        let api_key = make_key(auth.public)?;
        let notify = self.start("notify", everywhere, &[])?;
        let chat = self.start("chat", everywhere, &[])?;
        let gateway = self.start("gateway", placement, arguments)?;
        let others = Others {
            workers: [auth, notify, chat],
            nats,
        };
        Ok((gateway, others, api_key))
    }
}

/// Has the administrator make an API key that may publish.
fn make_key(auth: SocketAddrV4) -> Outcome<String> {
    let login = json!({"username": "admin", "password": ADMIN_PASSWORD});
    let token = ask_for(auth, "/v1/auth/login", "", &login, "access_token")?;
    let key = json!({"name": "bench", "scopes": ["notifications:publish", "channels:publish", "rooms:manage"]});
    ask_for(auth, "/v1/auth/api-keys", &token, &key, "key")
}

fn ask_for(
    address: SocketAddrV4,
    path: &str,
    bearer: &str,
    body: &Value,
    name: &str,
) -> Outcome<String> {
    let (status, text) = http::ask(address, &http::post(path, bearer, &body.to_string()))?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let value = answer[name].as_str().map(str::to_owned);
    value.ok_or_else(|| Fault::wrong(format!("{path} answered {status}: {text}")))
}

impl Server {
    /// Starts it and waits until it is ready. `arguments` come after those of every run.
    pub(crate) fn start(
        setup: &Setup,
        machine: &Machine,
        placement: Placement,
        issuer: &Issuer,
        arguments: &[&str],
    ) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(&setup.data)
            .during(&format!("making a directory in {}", setup.data.display()))?;
        let keys = directory.path().join("keys.json");
        issuer.write_keys(&keys)?;
        let issuer = format!("{}={}", issuer::NAME, keys.display());
        let starter = Starter {
            setup,
            machine,
            directory: directory.path(),
            arguments: vec!["--issuer".to_owned(), issuer],
        };
        let arguments = [&limits()[..], arguments].concat();
        let (gateway, others, api_key) = match setup.back_end {
            BackEnd::Nats => {
                let (gateway, others, key) = starter.start_apart(placement, &arguments)?;
                (gateway, Some(others), key)
            }
            BackEnd::Embedded => {
                let data = directory.path().join("data");
                let data_text = data.display().to_string();
                let arguments = [&["--data-dir", &data_text], &arguments[..]].concat();
                let server = starter.start("standalone", placement, &arguments)?;
                let key = fs::read_to_string(data.join("api-key"))
                    .during("reading the server's API key")?;
                (server, None, key)
            }
        };
        let [api, chat] = others.as_ref().map_or([gateway.public; 2], |others| {
            let [_auth, notify, chat] = &others.workers;
            [notify.public, chat.public]
        });
        Ok(Self {
            address: gateway.public,
            gateway,
            api,
            chat,
            api_key: api_key.trim().to_owned(),
            others,
            _directory: directory,
        })
    }

    /// Where its NATS server is, if it has one.
    pub(crate) fn nats(&self) -> Option<SocketAddrV4> {
        self.others.as_ref().map(|others| others.nats.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.gateway.child.pid()
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.pid())
    }

    /// The value of a metric (a name with its labels, as the server writes it); `None` when it has none.
    pub(crate) fn metric(&self, name: &str) -> Outcome<Option<u64>> {
        let (_status, text) = http::get(self.gateway.admin, "/metrics")?;
        Ok(metric(&text, name))
    }

    /// Runs `crowd` until a metric has this value.
    pub(crate) fn until_metric(&self, crowd: &mut Crowd, name: &str, value: u64) -> Outcome<()> {
        let until_ns = now_ns() + clock::ns(PATIENCE);
        loop {
            let now = self.metric(name)?;
            if now == Some(value) {
                return Ok(());
            }
            if now_ns() > until_ns {
                return Err(Fault::wrong(format!("{name} is {now:?} and not {value}")));
            }
            crowd.run_for(Duration::from_millis(50))?;
        }
    }

    /// Runs `crowd`, which has let its sockets go, until the server has noticed.
    pub(crate) fn until_empty(&self, crowd: &mut Crowd) -> Outcome<()> {
        self.until_metric(crowd, "fanfare_gateway_connections", 0)?;
        self.meter().settled_ns(crowd)?;
        Ok(())
    }
}

impl Member {
    fn until_ready(&self) -> Outcome<()> {
        let until_ns = now_ns() + clock::ns(PATIENCE);
        loop {
            let (status, body) = http::get(self.admin, "/readyz")?;
            if status == 200 {
                return Ok(());
            }
            if now_ns() > until_ns {
                return Err(Fault::wrong(format!("the server is not ready: {body}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Limits that a run does not meet.
fn limits() -> Vec<&'static str> {
    let mut arguments = Vec::new();
    for limit in [
        "--connections",
        "--connections-per-user",
        "--connections-per-address",
        "--frames-per-second",
        "--frames-burst",
    ] {
        arguments.extend([limit, PLENTY]);
    }
    // The bare loop pings nobody either.
    arguments.extend([
        "--ping-interval-seconds",
        "3600",
        "--silence-seconds",
        "7200",
    ]);
    arguments
}

/// The public and the internal address, from what the server prints once it serves.
fn addresses(child: &mut Child) -> Outcome<(SocketAddrV4, SocketAddrV4)> {
    let mut found = Vec::new();
    loop {
        let line = child.line()?;
        if let Some(address) = address(&line).filter(|address| !found.contains(address)) {
            found.push(address);
        }
        if let [public, admin] = found[..] {
            return Ok((public, admin));
        }
    }
}

fn address(line: &str) -> Option<SocketAddrV4> {
    // A gateway alone names its WebSockets first.
    let (scheme, rest) = line.split_once("://")?;
    let is_own = scheme.ends_with("http") || scheme.ends_with("ws");
    let authority = rest.split(['/', ' ']).next().filter(|_| is_own)?;
    authority.parse().ok()
}

fn metric(text: &str, name: &str) -> Option<u64> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_the_banner() {
        let line = "  API            http://127.0.0.1:8123        (reference: http://127.0.0.1:8123/openapi.json)";
        assert_eq!(address(line), "127.0.0.1:8123".parse().ok());
        let line = "  probes         http://127.0.0.1:9123/readyz   /livez   /metrics";
        assert_eq!(address(line), "127.0.0.1:9123".parse().ok());
        let line =
            "  WebSockets     ws://127.0.0.1:8124/ws/notifications/   ws://127.0.0.1:8124/ws/test/";
        assert_eq!(address(line), "127.0.0.1:8124".parse().ok());
        assert_eq!(address("  NATS           nats://127.0.0.1:4222"), None);
        assert_eq!(address("Fanfare 0.1.0 is ready"), None);
    }

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# HELP a_total x\na_total{code=\"1\"} 3\na_total_b 4\na 5\n";
        assert_eq!(metric(text, "a_total{code=\"1\"}"), Some(3));
        assert_eq!(metric(text, "a"), Some(5));
        assert_eq!(metric(text, "a_total"), None);
    }
}
