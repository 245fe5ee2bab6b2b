//! The two ports of a process.

use crate::Failure;
use axum::Router;
use fanfare_http::{Limits, serve};
use fanfare_lifecycle::{Shutdown, Tasks};
use std::{net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait in the kernel to be accepted, as far as it allows: in a storm of clients that come back, those
/// beyond are dropped and try again after a second, then two, then four.
const BACKLOG: u32 = 65_535;

/// A port that nobody is served on yet; who connects waits.
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) address: SocketAddr,
}

/// A port that is served.
pub(crate) struct Served {
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Listener {
    /// Binds `address`, which `option` named.
    pub(crate) fn bind(address: SocketAddr, option: &str) -> Result<Self, Failure> {
        let bound = listen(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = bound.map_err(|error| {
            let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
                format!("; something else listens there: choose another with {option}")
            } else {
                String::new()
            };
            Failure::work(format!("cannot listen on {address}: {error}{hint}"))
        })?;
        Ok(Self { socket, address })
    }

    /// Serves `router`.
    pub(crate) fn serve(self, router: Router) -> Served {
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        tasks.spawn(serve(
            self.socket,
            router,
            Limits::default(),
            tasks.clone(),
            shutdown.clone(),
        ));
        Served { tasks, shutdown }
    }
}

impl Served {
    /// Accepts nothing more and finishes the requests under way, those that take no longer than `limit`. Answers how many
    /// connections are left. Dropping the call leaves them.
    pub(crate) async fn finish(&self, limit: Duration) -> usize {
        self.shutdown.begin();
        self.tasks.wait(limit).await
    }

    /// Drops what is left.
    pub(crate) fn end(&self) {
        self.shutdown.force();
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A server that is started again must not wait for the connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
