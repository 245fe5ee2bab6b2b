//! Turning a connection away that has no session yet.

use crate::link;
use fanfare_proto::{CloseCode, Timestamp};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longest a peer may take to read why, and to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Thrown away at once of what the peer still sends.
const UNREAD_BYTES: usize = 1_024;

/// Says why and closes, and reads on until the peer has closed too: a socket that is closed with unread bytes resets
/// the connection, and the last words with it. Takes no longer than [`GOODBYE`].
pub(crate) async fn goodbye(
    stream: TcpStream,
    code: CloseCode,
    retry_after_ms: u64,
    now: Timestamp,
) {
    let words = link::last_words(code, retry_after_ms, now);
    // A peer that does not take its goodbye in time gets none.
    let _late = tokio::time::timeout(GOODBYE, say(stream, &words)).await;
}

async fn say(mut stream: TcpStream, words: &[u8]) {
    let mut unread = [0; UNREAD_BYTES];
    if stream.write_all(words).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
}
