//! A NATS server of a run's own, and a bare subscriber beside the gateways.

mod tap;

pub(crate) use tap::Tap;

use crate::{
    child::Child,
    clock::{self, now_ns},
    fault::{During as _, Fault, Outcome},
    machine::Machine,
};
use std::{
    fs::{self, File},
    net::{SocketAddrV4, TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

/// Longest that a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server, with everything it stores on disk before it says so, as we recommend it. Ends when it is dropped.
pub(crate) struct Nats {
    pub(crate) address: SocketAddrV4,
    _child: Child,
}

impl Nats {
    /// Starts `binary`, with its files in `directory`.
    pub(crate) fn start(binary: &Path, machine: &Machine, directory: &Path) -> Outcome<Self> {
        let address = free_address()?;
        let config = directory.join("nats.conf");
        let store = directory.join("nats");
        let text = format!(
            "listen: {address}\njetstream {{ store_dir: {:?}, sync_interval: always }}\n",
            store.display().to_string()
        );
        fs::write(&config, text).during("writing the NATS server's configuration")?;
        let log =
            File::create(directory.join("nats.log")).during("making the NATS server's log")?;
        let mut command = Command::new(binary);
        command.arg("-c").arg(&config).stderr(log);
        let child = Child::start(machine, &machine.all, &mut command)?;
        let until_ns = now_ns() + clock::ns(PATIENCE);
        while TcpStream::connect(address).is_err() {
            if now_ns() > until_ns {
                let log = fs::read_to_string(directory.join("nats.log")).unwrap_or_default();
                return Err(Fault::wrong(format!(
                    "the NATS server does not listen:\n{log}"
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self {
            address,
            _child: child,
        })
    }
}

/// An address that nobody listened on a moment ago: the server is told its port, it does not tell it.
fn free_address() -> Outcome<SocketAddrV4> {
    let listener = TcpListener::bind("127.0.0.1:0").during("finding a free port")?;
    match listener.local_addr().during("finding a free port")? {
        std::net::SocketAddr::V4(address) => Ok(address),
        std::net::SocketAddr::V6(_) => Err(Fault::wrong("a port of IPv6 was given")),
    }
}
