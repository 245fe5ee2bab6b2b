//! A WebSocket over plain TCP, for bytes that no client library would send.

use crate::{DEADLINE, Server};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// An upgraded connection.
pub struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// How a raw connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By a close frame with this code.
    Code(u16),
    /// The server went away without one.
    Cut,
}

/// A masked frame. `first` is its first byte: FIN, reserved bits, opcode.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked_frame(first, payload, [0x11, 0x22, 0x33, 0x44])
}

/// Like [`frame`], with this mask.
#[must_use]
pub fn masked_frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let len = (payload.len() as u64).to_be_bytes();
    let mut out = vec![first];
    match payload.len() {
        0..=125 => out.push(0x80 | len[7]),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&len[6..]);
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&len);
        }
    }
    out.extend_from_slice(&mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
    out
}

impl RawSocket {
    /// Upgrades a connection to `path` with a token in the query. `receive_bytes` bounds the kernel's buffer for what is
    /// not read; 0 leaves it alone.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn open(server: &Server, path: &str, token: &str, receive_bytes: u32) -> Self {
        let (raw, head) = Self::ask(server, path, token, receive_bytes, "").await;
        assert!(
            head.starts_with("HTTP/1.1 101"),
            "the upgrade was refused: {head}"
        );
        raw
    }

    /// Like [`open`](Self::open), with more `headers`, each a line with its CRLF. With it, the head of whatever the server
    /// answered.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn ask(
        server: &Server,
        path: &str,
        token: &str,
        receive_bytes: u32,
        headers: &str,
    ) -> (Self, String) {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        if receive_bytes > 0 {
            socket
                .set_recv_buffer_size(receive_bytes)
                .expect("the buffer can be bounded");
        }
        let authority = server.authority();
        let address = authority.parse().expect("the server is at an address");
        let stream = socket.connect(address).await.expect("the server listens");
        let mut raw = Self {
            stream,
            buffer: Vec::new(),
        };
        let request = format!(
            "GET {path}?token={token} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        raw.write(request.as_bytes()).await;
        let end = loop {
            let end = raw.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            assert!(raw.read().await > 0, "the server hung up on the upgrade");
        };
        let head: Vec<u8> = raw.buffer.drain(..end).collect();
        (raw, String::from_utf8_lossy(&head).into_owned())
    }

    /// The connection itself, and what came behind the upgrade already.
    #[must_use]
    pub fn into_stream(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.buffer)
    }

    /// Sends bytes. That the server has hung up meanwhile is no failure here; [`next_text`](Self::next_text) tells.
    pub async fn write(&mut self, bytes: &[u8]) {
        drop(timeout(DEADLINE, self.stream.write_all(bytes)).await);
    }

    /// Sends a text frame.
    pub async fn text(&mut self, text: &str) {
        self.write(&frame(0x81, text.as_bytes())).await;
    }

    /// Sends as much of `bytes` as the server takes without waiting for it.
    pub fn write_some(&self, bytes: &[u8]) {
        // Nothing taken is an answer too: the server no longer reads.
        let _taken = self.stream.try_write(bytes);
    }

    /// The payload of the next text frame, or how it ended.
    ///
    /// # Errors
    ///
    /// [`Ending`].
    ///
    /// # Panics
    ///
    /// When nothing comes before the deadline.
    pub async fn next_text(&mut self) -> Result<String, Ending> {
        timeout(DEADLINE, next_text(&mut self.stream, &mut self.buffer))
            .await
            .expect("the server says something in time")
    }

    /// How it ended, once it has, while `bytes` are sent; frames before that are dropped.
    ///
    /// # Panics
    ///
    /// When it stays open.
    pub async fn ending_while_writing(&mut self, bytes: &[u8]) -> Ending {
        let (mut reader, mut writer) = self.stream.split();
        let reading = async {
            loop {
                if let Err(ending) = next_text(&mut reader, &mut self.buffer).await {
                    return ending;
                }
            }
        };
        let writing = async {
            // The server may hang up before it has read all of this.
            drop(writer.write_all(bytes).await);
            std::future::pending::<()>().await;
        };
        let ended = async {
            tokio::select! {
                ending = reading => ending,
                () = writing => Ending::Cut,
            }
        };
        timeout(DEADLINE, ended)
            .await
            .expect("the server ends the connection in time")
    }

    /// Reads more. 0: the server has hung up.
    async fn read(&mut self) -> usize {
        timeout(DEADLINE, self.stream.read_buf(&mut self.buffer))
            .await
            .expect("the server says something in time")
            .unwrap_or(0)
    }
}

async fn next_text(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Result<String, Ending> {
    loop {
        while let Some((opcode, payload)) = take_frame(buffer) {
            match opcode {
                0x1 => return Ok(String::from_utf8_lossy(&payload).into_owned()),
                0x8 => {
                    let code = payload.first_chunk();
                    return Err(Ending::Code(
                        code.map_or(1005, |code| u16::from_be_bytes(*code)),
                    ));
                }
                _ => {}
            }
        }
        if stream.read_buf(buffer).await.unwrap_or(0) == 0 {
            return Err(Ending::Cut);
        }
    }
}

/// One whole frame of the server from the front of `buffer`.
fn take_frame(buffer: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (&[first, short], rest) = buffer.split_first_chunk()?;
    let (len, head) = match short {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        len => (u64::from(len), 2),
    };
    let end = head + usize::try_from(len).ok()?;
    let payload = buffer.get(head..end)?.to_vec();
    buffer.drain(..end);
    Some((first & 0x0f, payload))
}
