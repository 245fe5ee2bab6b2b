//! From the bytes of a client to its messages.

use super::{
    OpCode, Violation, close,
    header::{Expected, Header},
    partial::{Frame, Partial},
};
use std::{fmt, ops::ControlFlow};

/// A fragmented message may have this many fragments more than one for each [`FRAGMENT_BYTES`] of the limit. Senders
/// cut where their buffers end; without a bound, empty fragments would keep a message open for ever.
const FRAGMENTS: u32 = 64;
/// See [`FRAGMENTS`]: the smallest pieces anybody was seen to cut long messages into.
const FRAGMENT_BYTES: u32 = 64;

/// What came from a client, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message, of one frame or many.
    Text(&'a str),
    /// To be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// Asked for or not.
    Pong(&'a [u8]),
    /// The last event there is.
    Close {
        /// `None` when the frame was empty.
        code: Option<u16>,
        /// Empty when there was none.
        reason: &'a str,
    },
}

/// Reads the frames of one client.
///
/// While nothing is half there it owns no heap memory. A message that comes in pieces is kept until it is whole, in at
/// most twice the message limit; nothing is reserved for bytes that were only announced.
pub struct Decoder {
    partial: Option<Box<Partial>>,
    max_message_bytes: u32,
    ended: bool,
}

impl Decoder {
    /// A decoder before the first byte. A message of more than `max_message_bytes`, all its fragments together, is a
    /// [`Violation::TooLarge`].
    #[must_use]
    pub const fn new(max_message_bytes: u32) -> Self {
        Self {
            partial: None,
            max_message_bytes,
            ended: false,
        }
    }

    /// Takes the next bytes of the socket and calls `on_event` for each message and control frame that is whole, in
    /// order. Payloads are unmasked in place, so `bytes` is scratch afterwards. What came in one call is handed on
    /// without a copy.
    ///
    /// `Break` comes back when `on_event` returned it or after a [`Event::Close`]. After that, and after an error, the
    /// decoder has ended: it takes nothing more and returns `Break`.
    ///
    /// # Errors
    ///
    /// [`Violation`]: close with its [`close_code`](Violation::close_code). The events before it have been handed on.
    pub fn feed(
        &mut self,
        bytes: &mut [u8],
        mut on_event: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        if self.ended {
            return Ok(ControlFlow::Break(()));
        }
        let outcome = self.read(bytes, &mut on_event);
        self.ended = outcome != Ok(ControlFlow::Continue(()));
        if self.ended || self.partial.as_ref().is_some_and(|own| own.is_empty()) {
            self.partial = None;
        }
        outcome
    }

    fn read(
        &mut self,
        mut bytes: &mut [u8],
        on_event: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        while !bytes.is_empty() {
            let under_way = self.partial.as_mut().and_then(|own| own.frame.take());
            let frame = match under_way {
                Some(frame) => frame,
                None => match self.header(bytes)? {
                    Some((header, taken)) => {
                        bytes = &mut bytes[taken..];
                        Frame::new(header)
                    }
                    None => break,
                },
            };
            if bytes.is_empty() && frame.missing() > 0 {
                self.partial_mut().frame = Some(frame);
                break;
            }
            let (chunk, rest) = bytes.split_at_mut(frame.missing().min(bytes.len()));
            bytes = rest;
            fastwebsockets::unmask(chunk, frame.mask());
            let flow = if frame.header.is_control() {
                self.control(frame, chunk, on_event)?
            } else {
                self.text(frame, chunk, on_event)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads a header from the front of `bytes` and says how many of them it took. Keeps what is no whole header.
    fn header(&mut self, bytes: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        let expected = self.expected();
        let kept = self.partial.as_ref().map_or(0, |own| own.head_len());
        if kept == 0 {
            let parsed = Header::parse(bytes, expected)?;
            if parsed.is_some() {
                return Ok(parsed);
            }
        }
        let partial = self.partial_mut();
        let (head, len) = partial.head_with(bytes);
        match Header::parse(&head[..len], expected)? {
            Some((header, end)) => {
                partial.set_head(head, 0);
                Ok(Some((header, end - kept)))
            }
            None => {
                partial.set_head(head, len);
                Ok(None)
            }
        }
    }

    fn expected(&self) -> Expected {
        let message = self.partial.as_ref().and_then(|own| own.message.as_ref());
        let (len, fragments) = message.map_or((0, 0), |own| (own.len(), own.fragments));
        let max_fragments = FRAGMENTS.saturating_add(self.max_message_bytes / FRAGMENT_BYTES);
        Expected {
            continuation: message.is_some(),
            payload_bytes: (self.max_message_bytes as usize).saturating_sub(len),
            fragments: max_fragments.saturating_sub(fragments),
        }
    }

    fn control(
        &mut self,
        mut frame: Frame,
        chunk: &[u8],
        on_event: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        if chunk.len() == frame.header.payload_bytes {
            return hand_on_control(frame.header.opcode, chunk, on_event);
        }
        frame.advance(chunk.len());
        let partial = self.partial_mut();
        partial.control.extend_from_slice(chunk);
        if frame.missing() > 0 {
            partial.frame = Some(frame);
            return Ok(ControlFlow::Continue(()));
        }
        let payload = std::mem::take(&mut partial.control);
        hand_on_control(frame.header.opcode, &payload, on_event)
    }

    fn text(
        &mut self,
        mut frame: Frame,
        chunk: &[u8],
        on_event: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        let Header { fin, opcode, .. } = frame.header;
        if fin && opcode == OpCode::Text && chunk.len() == frame.header.payload_bytes {
            let text =
                simdutf8::basic::from_utf8(chunk).map_err(|_not_utf8| Violation::InvalidText)?;
            return Ok(on_event(Event::Text(text)));
        }
        frame.advance(chunk.len());
        let partial = self.partial_mut();
        let message = partial.message.get_or_insert_default();
        message.push(chunk)?;
        if frame.missing() > 0 {
            partial.frame = Some(frame);
            return Ok(ControlFlow::Continue(()));
        }
        if !fin {
            message.fragments = message.fragments.saturating_add(1);
            return Ok(ControlFlow::Continue(()));
        }
        let message = partial.message.take().unwrap_or_default();
        Ok(on_event(Event::Text(message.text()?)))
    }

    fn partial_mut(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }
}

impl fmt::Debug for Decoder {
    /// Without the bytes, which are the client's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("max_message_bytes", &self.max_message_bytes)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn hand_on_control(
    opcode: OpCode,
    payload: &[u8],
    on_event: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Violation> {
    match opcode {
        OpCode::Ping => Ok(on_event(Event::Ping(payload))),
        OpCode::Close => {
            // Nothing is read after a close, whatever the caller makes of it.
            let _wish = on_event(close::parse(payload)?);
            Ok(ControlFlow::Break(()))
        }
        _pong => Ok(on_event(Event::Pong(payload))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(decoder: &mut Decoder, bytes: &[u8]) -> Result<(), Violation> {
        let flow = decoder.feed(&mut bytes.to_vec(), |_event| ControlFlow::Continue(()))?;
        assert!(flow.is_continue());
        Ok(())
    }

    #[test]
    fn an_idle_decoder_is_small_and_owns_nothing() {
        assert!(size_of::<Decoder>() <= 32);
        assert!(Decoder::new(64).partial.is_none());
    }

    #[test]
    fn what_was_kept_is_freed_when_it_is_whole() {
        // "abc" in two fragments with a ping between them, mask zero.
        let stream = b"\x01\x81\0\0\0\0a\x89\x81\0\0\0\0p\x80\x82\0\0\0\0bc";
        let mut decoder = Decoder::new(64);
        for (at, byte) in stream.iter().enumerate() {
            feed(&mut decoder, &[*byte]).unwrap();
            assert_eq!(decoder.partial.is_none(), at + 1 == stream.len(), "{at}");
        }
    }

    #[test]
    fn what_was_kept_is_freed_when_the_decoder_ends() {
        let mut decoder = Decoder::new(64);
        feed(&mut decoder, b"\x01\x81\0\0\0\0a").unwrap();
        assert!(decoder.partial.is_some());
        feed(&mut decoder, b"\x01").unwrap_err();
        assert!(decoder.partial.is_none());
    }

    #[test]
    fn nothing_is_reserved_for_announced_bytes() {
        let mut decoder = Decoder::new(u32::MAX);
        let mut bytes = vec![0x81, 0xff];
        bytes.extend_from_slice(&(1_u64 << 31).to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 0, b'a', b'b']);
        feed(&mut decoder, &bytes).unwrap();
        let message = decoder.partial.unwrap().message.unwrap();
        assert_eq!(message.len(), 2);
        assert!(message.capacity() < 1_024);
    }
}
