//! A bare NATS subscriber: what the broker hands to a gateway, as early as anybody can have it.

use crate::{
    clock::now_ns,
    fault::{During as _, Outcome},
    histogram::Histogram,
    stamp::Reading,
};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddrV4, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

/// Where a stored record appears once the broker has stored it.
const LIVE: &str = "live.>";

/// Reads in a thread of its own until it is dropped.
pub(crate) struct Tap {
    heard: Arc<Mutex<Histogram>>,
    stream: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Tap {
    /// Subscribes; what is published from now on is heard.
    pub(crate) fn open(address: SocketAddrV4) -> Outcome<Self> {
        let during = "subscribing at the NATS server";
        let mut stream = TcpStream::connect(address).during(during)?;
        stream.set_nodelay(true).during(during)?;
        let mut reader = BufReader::new(stream.try_clone().during(during)?);
        let request =
            format!("CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB {LIVE} 1\r\nPING\r\n");
        stream.write_all(request.as_bytes()).during(during)?;
        let mut line = String::new();
        while !line.starts_with("PONG") {
            line.clear();
            reader.read_line(&mut line).during(during)?;
        }
        let heard = Arc::new(Mutex::new(Histogram::default()));
        let (own, answers) = (Arc::clone(&heard), stream.try_clone().during(during)?);
        // It ends with its connection.
        let thread =
            std::thread::spawn(move || while listen(&mut reader, &answers, &own).is_some() {});
        Ok(Self {
            heard,
            stream,
            thread: Some(thread),
        })
    }

    /// From when a publication was due until it was here.
    pub(crate) fn latency(&self) -> MutexGuard<'_, Histogram> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let _closed = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Takes one line of the protocol, and the message behind it; `None` when the connection has ended.
fn listen(
    reader: &mut BufReader<TcpStream>,
    mut answers: &TcpStream,
    heard: &Mutex<Histogram>,
) -> Option<()> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_ascii_whitespace();
    match words.next()? {
        "PING" => answers.write_all(b"PONG\r\n").ok(),
        "MSG" | "HMSG" => {
            let len: usize = words.last()?.parse().ok()?;
            let mut message = vec![0; len + 2];
            reader.read_exact(&mut message).ok()?;
            if let Some(reading) = Reading::of(&message) {
                let late_ns = now_ns().saturating_sub(reading.stamp.sent_ns);
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.record(late_ns);
            }
            Some(())
        }
        _ => Some(()),
    }
}
