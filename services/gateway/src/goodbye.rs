//! The end of a connection: its last words out, and the peer's end of it in.

use crate::link::Link;
use std::{future::poll_fn, io, time::Duration};

/// Longest a peer may take to read its last words and say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Thrown away at once of what the peer still sends.
const UNREAD_BYTES: usize = 1_024;

/// Writes the last words, and reads on until the peer has closed too: a socket that is closed with unread bytes resets
/// the connection, and the last words with it. Takes no longer than [`GOODBYE`].
pub(crate) async fn goodbye(link: &Link) {
    // A peer that does not take its goodbye in time gets none.
    let _late = tokio::time::timeout(GOODBYE, last_words(link)).await;
}

async fn last_words(link: &Link) {
    let mut unread = [0; UNREAD_BYTES];
    while link.is_blocked() {
        if poll_fn(|cx| link.poll_write_ready(cx)).await.is_err() || link.flush().is_err() {
            return;
        }
    }
    link.shut_down();
    loop {
        if poll_fn(|cx| link.poll_read_ready(cx)).await.is_err() {
            return;
        }
        match link.try_read(&mut unread) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_dead) => return,
        }
    }
}
