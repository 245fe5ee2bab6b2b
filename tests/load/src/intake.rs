//! What comes out of the sockets: frames told apart, publications held against their stream, latencies kept.

use crate::{
    frame::{self, Frame, Scan},
    histogram::Histogram,
    inflater::Inflater,
    socket::{Socket, Stage},
    stamp::{LIVE, Reading, find},
    stream::Stream,
    upgrade,
};
use fanfare_proto::Cursor;
use rustix::io::write;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Counts since the crowd began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Sockets that are live now.
    pub(crate) live: usize,
    /// Publications, each reader's counted.
    pub(crate) publications: u64,
    /// Bytes of these, frame headers included.
    pub(crate) bytes: u64,
    /// Answers to `echo`.
    pub(crate) echoes: u64,
    /// Connections that may be sent deflated messages.
    pub(crate) compressed: usize,
}

/// Reads what comes and keeps the books.
#[derive(Default)]
pub(crate) struct Intake {
    pub(crate) streams: Vec<Stream>,
    pub(crate) latency: Histogram,
    pub(crate) tally: Tally,
    inflater: Inflater,
}

/// What became of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Open,
    /// The server has closed it, with this code.
    Closed(u16),
}

impl Intake {
    /// Reads `streams` channels or encodings.
    pub(crate) fn new(streams: usize) -> Self {
        Self {
            streams: (0..streams).map(|_| Stream::default()).collect(),
            ..Self::default()
        }
    }

    /// Takes the bytes of one read, at `now_ns`. What is only the front of a frame stays with the socket.
    ///
    /// # Errors
    ///
    /// The text says what must not have come.
    pub(crate) fn take(
        &mut self,
        socket: &mut Socket,
        mut bytes: &[u8],
        now_ns: u64,
    ) -> Result<Fate, String> {
        if matches!(socket.stage, Stage::Upgrading) {
            let Some(len) = self.upgraded(socket, bytes)? else {
                socket.partial = Some(bytes.into());
                return Ok(Fate::Open);
            };
            bytes = &bytes[len..];
        }
        while !bytes.is_empty() {
            if let Some(len) = self.expected(socket, bytes, now_ns) {
                bytes = &bytes[len..];
                continue;
            }
            match frame::scan(bytes) {
                Scan::Whole(frame) => {
                    if let Fate::Closed(code) =
                        self.frame(socket, frame, &bytes[..frame.len], now_ns)?
                    {
                        return Ok(Fate::Closed(code));
                    }
                    bytes = &bytes[frame.len..];
                }
                Scan::Partial => {
                    socket.partial = Some(bytes.into());
                    return Ok(Fate::Open);
                }
                Scan::Broken(what) => return Err(format!("the server sent {what}")),
            }
        }
        Ok(Fate::Open)
    }

    /// Counts the publication that is due, if it is what comes; answers with its length. All readers of a stream get
    /// the same bytes, so that this is most often one comparison.
    fn expected(&mut self, socket: &mut Socket, bytes: &[u8], now_ns: u64) -> Option<usize> {
        let message = self
            .streams
            .get_mut(socket.stream)?
            .get_mut(socket.next_n)?;
        if !bytes.starts_with(&message.frame) {
            return None;
        }
        message.readers += 1;
        socket.next_n += 1;
        self.tally.publications += 1;
        self.tally.bytes += message.frame.len() as u64;
        self.latency
            .record(now_ns.saturating_sub(message.stamp.sent_ns));
        Some(message.frame.len())
    }

    fn upgraded(&mut self, socket: &mut Socket, bytes: &[u8]) -> Result<Option<usize>, String> {
        let Some(answer) = upgrade::answer(bytes).map_err(|fault| fault.to_string())? else {
            return Ok(None);
        };
        let upgraded = answer?;
        socket.compressed = upgraded.compressed;
        self.tally.compressed += usize::from(upgraded.compressed);
        socket.stage = Stage::Greeting {
            left: socket.greeting.subscriptions,
        };
        Ok(Some(upgraded.len))
    }

    fn frame(
        &mut self,
        socket: &mut Socket,
        frame: Frame<'_>,
        whole: &[u8],
        now_ns: u64,
    ) -> Result<Fate, String> {
        match frame.opcode {
            TEXT if frame.compressed => {
                if !socket.compressed {
                    return Err("a deflated message came to who cannot inflate it".to_owned());
                }
                let mut inflater = std::mem::take(&mut self.inflater);
                let outcome = match inflater.text(frame.payload) {
                    Some(text) => self.text(socket, text, whole, now_ns),
                    None => Err("a deflated message cannot be inflated".to_owned()),
                };
                self.inflater = inflater;
                outcome.map(|()| Fate::Open)
            }
            TEXT => self
                .text(socket, frame.payload, whole, now_ns)
                .map(|()| Fate::Open),
            CLOSE => {
                let code = frame
                    .payload
                    .first_chunk()
                    .map_or(1_005, |code| u16::from_be_bytes(*code));
                Ok(Fate::Closed(code))
            }
            PING => {
                send(socket, &frame::masked(PONG, frame.payload))?;
                Ok(Fate::Open)
            }
            PONG => Ok(Fate::Open),
            opcode => Err(format!("the server sent a frame with opcode {opcode}")),
        }
    }

    fn text(
        &mut self,
        socket: &mut Socket,
        text: &[u8],
        whole: &[u8],
        now_ns: u64,
    ) -> Result<(), String> {
        match kind(text) {
            b"publication" | b"notification" => self.publication(socket, text, whole, now_ns),
            b"echo_response" => {
                self.tally.echoes += 1;
                Ok(())
            }
            b"welcome" => self.welcomed(socket),
            b"subscribed" => {
                self.subscribed(socket, text);
                Ok(())
            }
            b"error" | b"reset" => Err(format!(
                "a reader was told {}",
                String::from_utf8_lossy(text)
            )),
            // `disconnect` is followed by a close, which counts.
            _ => Ok(()),
        }
    }

    fn publication(
        &mut self,
        socket: &mut Socket,
        text: &[u8],
        whole: &[u8],
        now_ns: u64,
    ) -> Result<(), String> {
        let reading = Reading::of(text).ok_or_else(|| {
            format!(
                "a foreign publication came: {}",
                String::from_utf8_lossy(text)
            )
        })?;
        let due = socket.next_n;
        // Stored publications and live ones are counted apart.
        let is_next_of_kind = due != 0 && (due < LIVE) == (reading.n < LIVE);
        if is_next_of_kind && reading.n != due {
            let what = if reading.n > due {
                "a hole"
            } else {
                "a repetition"
            };
            return Err(format!(
                "{what}: a reader got publication {} where {due} was due",
                reading.n
            ));
        }
        socket.next_n = reading.n + 1;
        self.tally.publications += 1;
        self.tally.bytes += whole.len() as u64;
        self.latency
            .record(now_ns.saturating_sub(reading.stamp.sent_ns));
        self.streams[socket.stream].take(reading, whole)
    }

    fn welcomed(&mut self, socket: &mut Socket) -> Result<(), String> {
        let greeting = std::rc::Rc::clone(&socket.greeting);
        if let Some(subscribe) = &greeting.subscribe {
            send(socket, subscribe)?;
        }
        if greeting.subscriptions == 0 {
            self.goes_live(socket);
        }
        Ok(())
    }

    fn subscribed(&mut self, socket: &mut Socket, text: &[u8]) {
        let Stage::Greeting { left } = &mut socket.stage else {
            return;
        };
        *left -= 1;
        if *left > 0 {
            return;
        }
        // Of several channels there is no one ordinal that is due.
        if socket.greeting.subscriptions == 1
            && let Some(cursor) = cursor(text)
        {
            socket.next_n = cursor.position.n + 1;
        }
        self.goes_live(socket);
    }

    pub(crate) fn goes_live(&mut self, socket: &mut Socket) {
        socket.stage = Stage::Live;
        self.tally.live += 1;
    }
}

/// The `type` of a frame: the server writes it first.
fn kind(text: &[u8]) -> &[u8] {
    let rest = text.strip_prefix(br#"{"type":""#).unwrap_or_default();
    rest.split(|byte| *byte == b'"').next().unwrap_or_default()
}

/// The cursor that a frame carries.
pub(crate) fn cursor(text: &[u8]) -> Option<Cursor> {
    const NAME: &[u8] = br#""cursor":""#;
    let rest = &text[find(text, NAME)? + NAME.len()..];
    let cursor = rest.split(|byte| *byte == b'"').next()?;
    Cursor::parse(std::str::from_utf8(cursor).ok()?).ok()
}

/// Small frames fit into the buffer of a socket that has sent nothing lately.
fn send(socket: &Socket, bytes: &[u8]) -> Result<(), String> {
    match write(&socket.fd, bytes) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(written) => Err(format!("{written} bytes of {} were sent", bytes.len())),
        Err(error) => Err(format!("a reader could not send: {error}")),
    }
}

#[cfg(test)]
mod tests;
