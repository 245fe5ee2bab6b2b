//! Stands between a process and its server, and loses answers.

use fanfare_lifecycle::Tasks;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What becomes of what the server says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Passed,
    /// The server goes on hearing.
    Lost,
}

/// Ends with the tasks it was given.
pub(crate) struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    pub(crate) async fn start(server: &str, tasks: &Tasks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = server.trim_start_matches("nats://").to_owned();
        let (mode, modes) = watch::channel(Mode::Passed);
        let connections = tasks.clone();
        tasks.spawn(async move {
            while let Ok((client, _from)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                connections.spawn(pass(from_client, to_server));
                connections.spawn(answer(from_server, to_client, modes.clone()));
            }
        });
        Self { port, mode }
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// What the server says from now on is lost.
    pub(crate) fn lose(&self) {
        self.mode.send_replace(Mode::Lost);
    }

    /// Ends the connections that have lost something, and loses nothing more.
    pub(crate) fn cut(&self) {
        self.mode.send_replace(Mode::Passed);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ended = tokio::io::copy(&mut from, &mut to).await;
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut modes: watch::Receiver<Mode>) {
    modes.mark_unchanged();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            // A change back ends the connection: what was lost is missing in the middle.
            changed = modes.changed() => {
                if changed.is_err() || *modes.borrow_and_update() == Mode::Passed {
                    return;
                }
            }
            read = from.read(&mut buffer) => {
                let Ok(count @ 1..) = read else { return };
                if *modes.borrow() == Mode::Passed && to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
