//! The listener.

use axum::{Router, extract::ConnectInfo};
use fanfare_lifecycle::{Shutdown, Tasks};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt as _;

/// Bounds of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// HTTP connections at once, WebSockets not counted; more wait in the kernel's backlog.
    pub connections: usize,
    /// Longest a peer may take to send a request's head.
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Each costs about 20 KiB while a request is under way.
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves `router` until `shutdown` begins, then finishes the requests under way and returns when the listener is
/// closed. Connections are tasks of `tasks`. An upgraded connection leaves HTTP and is nobody's here any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    loop {
        let slot = tokio::select! {
            () = shutdown.begun() => return,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let accepted = tokio::select! {
            () = shutdown.begun() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, router.clone(), limits, shutdown.clone());
                tasks.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: accepting again at once would spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) {
    let spoke = Arc::new(AtomicBool::new(false));
    let speaks = Arc::clone(&spoke);
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        speaks.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    // hyper-util looks at the first bytes without a limit, before the limit on heads counts.
    let mut first_head = pin!(tokio::time::sleep(limits.header_timeout));
    let mut is_new = true;
    let mut draining = false;
    loop {
        tokio::select! {
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(%peer, %error, "a connection ended early");
                }
                return;
            }
            () = shutdown.begun(), if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            () = first_head.as_mut(), if is_new => {
                if !spoke.load(Ordering::Relaxed) {
                    tracing::debug!(%peer, "a connection was closed that sent no request");
                    return;
                }
                is_new = false;
            }
            () = shutdown.forced() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let limits = Limits {
            header_timeout: Duration::from_millis(50),
            ..Limits::default()
        };
        let serving = serve(listener, Router::new(), limits, tasks.clone(), shutdown);
        tasks.spawn(serving);
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        let closed = silent.read_to_end(&mut answer);
        let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
        assert!(closed.is_ok(), "the connection is still open");
    }
}
