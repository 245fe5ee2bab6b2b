//! NATS servers with exactly the configuration that `deploy/nats` recommends.

use crate::{DEADLINE, nats_server, until};
use std::{
    collections::HashMap,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// One server, or a cluster of three, with certificates and passwords of their own. Killed, by their ids, when dropped.
pub struct Recommended {
    directory: TempDir,
    secrets: HashMap<String, String>,
    servers: Vec<Running>,
}

struct Running {
    port: u16,
    monitor_port: u16,
    child: Child,
}

/// Where the configuration is.
fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats")
}

/// Ports that are free now, all different.
fn free_ports(count: usize) -> Vec<u16> {
    let bound: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
        .collect();
    let ports = bound.iter().map(TcpListener::local_addr);
    ports
        .map(|address| address.expect("an address").port())
        .collect()
}

/// Runs `secrets.sh`; the variables it has written.
fn make_secrets(directory: &Path) -> HashMap<String, String> {
    let script = Command::new("bash")
        .arg(deploy().join("secrets.sh"))
        .arg(directory)
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&script.stderr);
    assert!(script.status.success(), "secrets.sh: {said}");
    let written = fs::read_to_string(directory.join("nats.env")).expect("it writes the variables");
    let pairs = written.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Recommended {
    /// Starts `count` servers, 1 or 3, and waits until they take requests.
    ///
    /// # Panics
    ///
    /// When they do not.
    pub async fn start(count: usize) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let secrets = make_secrets(directory.path());
        let ports = free_ports(3 * count);
        let routes: Vec<String> = ports
            .chunks(3)
            .map(|ports| format!("tls://127.0.0.1:{}", ports[2]))
            .collect();
        let routes = format!("[{}]", routes.join(", "));
        let servers = ports.chunks(3).zip(1..).map(|(ports, number)| {
            let name = format!("n{number}");
            let store = directory.path().join(&name);
            let variables = [
                ("NATS_LISTEN", format!("127.0.0.1:{}", ports[0])),
                ("NATS_MONITOR_LISTEN", format!("127.0.0.1:{}", ports[1])),
                ("NATS_CLUSTER_LISTEN", format!("127.0.0.1:{}", ports[2])),
                ("NATS_ROUTES", routes.clone()),
                ("NATS_STORE_DIR", store.display().to_string()),
                ("NATS_SERVER_NAME", name.clone()),
            ];
            let file = if count == 1 {
                "nats.conf"
            } else {
                "cluster.conf"
            };
            let log = File::create(directory.path().join(format!("{name}.log"))).expect("a file");
            let child = Command::new(nats_server::binary())
                .arg("-c")
                .arg(deploy().join(file))
                .envs(&secrets)
                .envs(variables)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .expect("the server starts");
            Running {
                port: ports[0],
                monitor_port: ports[1],
                child,
            }
        });
        let servers = servers.collect();
        let started = Self {
            directory,
            secrets,
            servers,
        };
        for server in &started.servers {
            started.until_healthy(server.monitor_port).await;
        }
        started
    }

    async fn until_healthy(&self, monitor_port: u16) {
        let url = format!("http://127.0.0.1:{monitor_port}/healthz");
        let client = reqwest::Client::builder().timeout(DEADLINE).build();
        let client = client.expect("a client without options can be made");
        let healthy = async || {
            let answer = client.get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        };
        until("a healthy NATS server", healthy).await;
    }

    /// How many servers there are.
    pub(crate) const fn count(&self) -> usize {
        self.servers.len()
    }

    /// `tls://host:port` of each, with commas between.
    #[must_use]
    pub fn addresses(&self) -> String {
        let addresses = self.servers.iter();
        let addresses: Vec<String> = addresses
            .map(|server| format!("tls://127.0.0.1:{}", server.port))
            .collect();
        addresses.join(",")
    }

    /// The port of the first.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.servers[0].port
    }

    /// The authority that their certificates are of.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The password of `user`.
    ///
    /// # Panics
    ///
    /// When there is no such user.
    #[must_use]
    pub fn password(&self, user: &str) -> &str {
        let name = format!("NATS_{}_PASSWORD", user.to_uppercase());
        self.secrets
            .get(&name)
            .expect("a user of the configuration")
    }

    /// Every line in which a server complains, about a client or about itself; not about servers that start after it.
    ///
    /// # Panics
    ///
    /// When a server's log cannot be read.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for number in 1..=self.servers.len() {
            let path = self.directory.path().join(format!("n{number}.log"));
            let log = fs::read_to_string(path).expect("a log");
            let complains = |line: &&str| {
                (line.contains("[ERR]") || line.contains("[FTL]"))
                    && !line.contains("Error trying to connect to route")
            };
            let lines = log.lines().filter(complains);
            complaints.extend(lines.map(str::to_owned));
        }
        complaints
    }

    /// The files of the first server's store that hold `text` as it is.
    #[must_use]
    pub fn stored_in_the_clear(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut directories = vec![self.directory.path().join("n1")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                // What was replaced meanwhile is found under its new name.
                let bytes = fs::read(&path).unwrap_or_default();
                if bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

impl Drop for Recommended {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // One that has ended by itself is only waited for.
            drop(server.child.kill());
            drop(server.child.wait());
        }
    }
}
