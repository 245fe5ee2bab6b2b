//! The server under test: the release binary, with a data directory of its own and limits that a run does not meet.

use crate::{
    child::Child,
    clock::{self, now_ns},
    crowd::Crowd,
    fault::{During as _, Fault, Outcome},
    http,
    issuer::{self, Issuer},
    machine::Machine,
    usage::Meter,
};
use std::{
    fs::{self, File},
    net::SocketAddrV4,
    path::PathBuf,
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const ANY_PORT: &str = "127.0.0.1:0";

/// No run has so many of anything.
const PLENTY: &str = "1000000";

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

/// What is started, and where it may write.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    /// A directory is made in it for each server.
    pub(crate) data: PathBuf,
}

/// A running server. It and its data are gone when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where clients and publishers go.
    pub(crate) address: SocketAddrV4,
    admin: SocketAddrV4,
    pub(crate) api_key: String,
    // The process is dropped, and so ended, before its directory is.
    _directory: TempDir,
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
        let log = File::create(directory.path().join("log")).during("making the server's log")?;
        let mut command = Command::new(&setup.binary);
        // Settings of whoever starts the run are not the run's.
        command.env_clear().stderr(log);
        command.args([
            "standalone",
            "--listen",
            ANY_PORT,
            "--admin-listen",
            ANY_PORT,
        ]);
        command.arg("--data-dir").arg(directory.path().join("data"));
        command
            .arg("--issuer")
            .arg(format!("{}={}", issuer::NAME, keys.display()));
        for limit in [
            "--connections",
            "--connections-per-user",
            "--connections-per-address",
            "--frames-per-second",
            "--frames-burst",
        ] {
            command.args([limit, PLENTY]);
        }
        // The bare loop pings nobody either.
        command.args([
            "--ping-interval-seconds",
            "3600",
            "--silence-seconds",
            "7200",
        ]);
        command.args(["--log", "warn"]).args(arguments);
        let cpus = match placement {
            Placement::Pinned => &machine.measured,
            Placement::Everywhere => &machine.all,
        };
        let mut child = Child::start(machine, cpus, &mut command)?;
        let (address, admin) = addresses(&mut child).map_err(|fault| {
            let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            Fault::wrong(format!("the server did not start: {fault}\n{log}"))
        })?;
        let api_key = fs::read_to_string(directory.path().join("data/api-key"))
            .during("reading the server's API key")?;
        let server = Self {
            child,
            address,
            admin,
            api_key: api_key.trim().to_owned(),
            _directory: directory,
        };
        server.until_ready()?;
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.pid())
    }

    /// The value of a metric (a name with its labels, as the server writes it); `None` when it has none.
    pub(crate) fn metric(&self, name: &str) -> Outcome<Option<u64>> {
        let (_status, text) = http::get(self.admin, "/metrics")?;
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
    let url = &line[line.find("http://")? + "http://".len()..];
    url.split(['/', ' ']).next()?.parse().ok()
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
