//! From the bytes of a client to its messages.

use super::{
    Agreement, Event, OpCode, Violation, close,
    header::{Expected, Header},
    inflate::inflate,
    partial::{Frame, Message, Partial},
};
use std::{fmt, ops::ControlFlow};

/// A fragmented message may have this many fragments more than one for each [`FRAGMENT_BYTES`] of the limit. Senders
/// cut where their buffers end; without a bound, empty fragments would keep a message open for ever.
const FRAGMENTS: u32 = 64;
/// See [`FRAGMENTS`]: the smallest pieces anybody was seen to cut long messages into.
const FRAGMENT_BYTES: u32 = 64;

/// Reads the frames of one client.
///
/// While nothing is half there it owns no heap memory. A message that comes in pieces is kept until it is whole, in at
/// most twice the message limit; nothing is reserved for bytes that were only announced. A compressed message is inflated
/// when its last byte has come, in at most the limit and a byte, which are free again when the event has been handled;
/// the inflater belongs to the thread.
pub struct Decoder {
    partial: Option<Box<Partial>>,
    max_message_bytes: u32,
    compression: bool,
    ended: bool,
}

impl Decoder {
    /// A decoder before the first byte. A message of more than `max_message_bytes`, all its fragments together, is a
    /// [`Violation::TooLarge`]; so is a compressed one when either form of it has more. Without an `agreement` no message
    /// may be compressed.
    #[must_use]
    pub const fn new(max_message_bytes: u32, agreement: Option<Agreement>) -> Self {
        Self {
            partial: None,
            max_message_bytes,
            compression: agreement.is_some(),
            ended: false,
        }
    }

    /// Takes the next bytes of the socket and calls `on_event` for each message and control frame that is whole, in
    /// order. Payloads are unmasked in place, so `bytes` is scratch afterwards. What came in one call and is not
    /// compressed is handed on without a copy.
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
        let (len, fragments) = message.map_or((0, 0), |own| (own.payload().len(), own.fragments));
        let max_fragments = FRAGMENTS.saturating_add(self.max_message_bytes / FRAGMENT_BYTES);
        Expected {
            continuation: message.is_some(),
            payload_bytes: (self.max_message_bytes as usize).saturating_sub(len),
            fragments: max_fragments.saturating_sub(fragments),
            compression: self.compression,
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
        let Header {
            fin,
            compressed,
            opcode,
            ..
        } = frame.header;
        if fin && opcode == OpCode::Text && chunk.len() == frame.header.payload_bytes {
            return self.hand_on_text(chunk, compressed, on_event);
        }
        frame.advance(chunk.len());
        let partial = self.partial_mut();
        let under_way = partial.message.take();
        let mut message = under_way.unwrap_or_else(|| Message::new(compressed));
        message.push(chunk)?;
        let is_whole = frame.missing() == 0;
        if is_whole && fin {
            return self.hand_on_text(message.payload(), message.compressed, on_event);
        }
        if is_whole {
            message.fragments = message.fragments.saturating_add(1);
        } else {
            partial.frame = Some(frame);
        }
        partial.message = Some(message);
        Ok(ControlFlow::Continue(()))
    }

    fn hand_on_text(
        &self,
        payload: &[u8],
        compressed: bool,
        on_event: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        let inflated;
        let text = if compressed {
            inflated = inflate(payload, self.max_message_bytes as usize)?;
            &inflated
        } else {
            payload
        };
        let text = simdutf8::basic::from_utf8(text).map_err(|_not_utf8| Violation::InvalidText)?;
        Ok(on_event(Event::Text(text)))
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
    use crate::frame::negotiate;

    fn feed(decoder: &mut Decoder, bytes: &[u8]) -> Result<(), Violation> {
        let flow = decoder.feed(&mut bytes.to_vec(), |_event| ControlFlow::Continue(()))?;
        assert!(flow.is_continue());
        Ok(())
    }

    #[test]
    fn an_idle_decoder_is_small_and_owns_nothing() {
        assert_eq!(size_of::<Decoder>(), 16);
        assert!(Decoder::new(64, None).partial.is_none());
    }

    #[test]
    fn what_was_kept_is_freed_when_it_is_whole() {
        // "abc" in two fragments with a ping between them, mask zero.
        let stream = b"\x01\x81\0\0\0\0a\x89\x81\0\0\0\0p\x80\x82\0\0\0\0bc";
        let mut decoder = Decoder::new(64, None);
        for (at, byte) in stream.iter().enumerate() {
            feed(&mut decoder, &[*byte]).unwrap();
            assert_eq!(decoder.partial.is_none(), at + 1 == stream.len(), "{at}");
        }
    }

    #[test]
    fn what_was_kept_of_a_compressed_message_is_freed_too() {
        // "Hello" in two fragments, mask zero.
        let stream = b"\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\x00";
        let mut decoder = Decoder::new(64, negotiate(["permessage-deflate"]));
        for (at, byte) in stream.iter().enumerate() {
            feed(&mut decoder, &[*byte]).unwrap();
            assert_eq!(decoder.partial.is_none(), at + 1 == stream.len(), "{at}");
        }
    }

    #[test]
    fn what_was_kept_is_freed_when_the_decoder_ends() {
        let mut decoder = Decoder::new(64, None);
        feed(&mut decoder, b"\x01\x81\0\0\0\0a").unwrap();
        assert!(decoder.partial.is_some());
        feed(&mut decoder, b"\x01").unwrap_err();
        assert!(decoder.partial.is_none());
    }

    #[test]
    fn nothing_is_reserved_for_announced_bytes() {
        let mut decoder = Decoder::new(u32::MAX, None);
        let mut bytes = vec![0x81, 0xff];
        bytes.extend_from_slice(&(1_u64 << 31).to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 0, b'a', b'b']);
        feed(&mut decoder, &bytes).unwrap();
        let message = decoder.partial.unwrap().message.unwrap();
        assert_eq!(message.payload().len(), 2);
        assert!(message.capacity() < 1_024);
    }
}
