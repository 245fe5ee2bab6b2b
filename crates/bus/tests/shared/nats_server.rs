//! A real NATS server for tests: on loopback, with a store of its own.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Each with streams and subjects of its own, so that tests which share a server do not meet.
const ACCOUNTS: usize = 256;

/// Looks for the server's greeting; a start takes a tenth of a second.
const READY_LOOKS: u32 = 500;

const READY_PAUSE: Duration = Duration::from_millis(20);

/// What the server knows of the one user who logs in by an nkey; the seed is in the test that does.
const NKEY: &str = "UBN343PVVTV5FZEE7DVHUMZVHPTMYNX7OVQOHL2AS4LDSPC4RT5YQWWR";

/// Stops when it is dropped.
pub(crate) struct NatsServer {
    directory: TempDir,
    port: u16,
    child: Mutex<Option<Child>>,
    accounts: AtomicUsize,
}

impl NatsServer {
    /// A server of one's own.
    pub(crate) fn start() -> Self {
        Self::start_with("server_name: test\n")
    }

    /// The same, with `lines` in its configuration.
    pub(crate) fn start_with(lines: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(
            directory.path().join("nats.conf"),
            config(port, directory.path(), lines),
        )
        .expect("a configuration");
        let server = Self {
            directory,
            port,
            child: Mutex::new(None),
            accounts: AtomicUsize::new(0),
        };
        server.resume();
        server
    }

    /// The server of all tests that run now.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<NatsServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.upgrade() {
            Some(server) if server.accounts.load(Ordering::SeqCst) < ACCOUNTS => server,
            _none_or_used_up => {
                let server = Arc::new(Self::start());
                *shared = Arc::downgrade(&server);
                server
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// An account nobody has used; its name is that of its user and the password too.
    pub(crate) fn account(&self) -> String {
        let which = self.accounts.fetch_add(1, Ordering::SeqCst);
        assert!(which < ACCOUNTS, "this server has no account left");
        format!("app{which}")
    }

    /// Stops it at once, as a crash does.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server ends");
        }
    }

    /// Starts it again after [`kill`](Self::kill), at the same address, with what it had stored.
    pub(crate) fn resume(&self) {
        let directory = self.directory.path();
        let log = fs::File::create(directory.join("output")).expect("a file");
        let binary = binary();
        let child = Command::new(&binary)
            .arg("-c")
            .arg(directory.join("nats.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        *self.child() = Some(child);
        for _ in 0..READY_LOOKS {
            if greets(self.port) {
                return;
            }
            let ended = self
                .child()
                .as_mut()
                .and_then(|child| child.try_wait().ok());
            if let Some(Some(status)) = ended {
                panic!("the NATS server ended with {status}: {}", self.output());
            }
            thread::sleep(READY_PAUSE);
        }
        panic!("the NATS server does not get ready: {}", self.output());
    }

    /// What it has said since it was started last.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.directory.path().join("output")).unwrap_or_default()
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn config(port: u16, directory: &Path, lines: &str) -> String {
    let account = |which| {
        format!(
            "  app{which} {{ jetstream: enabled, users: [{{user: app{which}, password: app{which}}}] }}\n"
        )
    };
    let accounts: String = (0..ACCOUNTS).map(account).collect();
    format!(
        "listen: 127.0.0.1:{port}\n\
         {lines}\
         jetstream {{ store_dir: {:?}, sync_interval: always, max_mem: 256M, max_file: 8G }}\n\
         accounts {{\n{accounts}  seed {{ jetstream: enabled, users: [{{nkey: {NKEY}}}] }}\n}}\n",
        directory.join("store"),
    )
}

/// Whether a server speaks first, as NATS does.
fn greets(port: u16) -> bool {
    let greet = || -> io::Result<bool> {
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut greeting = [0; 5];
        socket.read_exact(&mut greeting)?;
        Ok(&greeting == b"INFO ")
    };
    greet().unwrap_or(false)
}

/// Where its program is.
pub(crate) fn binary() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let installed = workspace.join("target/tools/nats/bin/nats-server");
    let on_path = variable("PATH");
    let on_path = on_path.iter().flat_map(env::split_paths);
    let candidates = variable("FANFARE_NATS_SERVER")
        .into_iter()
        .map(PathBuf::from)
        .chain(on_path.map(|directory| directory.join("nats-server")))
        .chain([installed]);
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .expect("these tests need a NATS server: run tests/tools/nats.sh once, or set FANFARE_NATS_SERVER to one")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test looks for a program of this machine"
)]
fn variable(name: impl AsRef<OsStr>) -> Option<std::ffi::OsString> {
    env::var_os(name)
}
