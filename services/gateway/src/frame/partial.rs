//! What is kept between two reads while a frame or message is not whole.

use super::{
    Violation,
    header::{HEADER_BYTES, Header},
};

/// Everything of a peer that is not whole yet. Grows with what came, never with what was announced.
#[derive(Default)]
pub(super) struct Partial {
    head: [u8; HEADER_BYTES],
    head_len: usize,
    /// The frame whose payload is not whole.
    pub(super) frame: Option<Frame>,
    /// What came of the payload of a control frame.
    pub(super) control: Vec<u8>,
    /// The message under way. Between frames it is there only while a fragmented message is.
    pub(super) message: Option<Message>,
}

impl Partial {
    pub(super) const fn is_empty(&self) -> bool {
        self.head_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// The bytes of a header that is not whole, with as much of `next` behind them as a header can have.
    pub(super) fn head_with(&self, next: &[u8]) -> ([u8; HEADER_BYTES], usize) {
        let mut head = self.head;
        let taken = next.len().min(HEADER_BYTES - self.head_len);
        head[self.head_len..self.head_len + taken].copy_from_slice(&next[..taken]);
        (head, self.head_len + taken)
    }

    pub(super) const fn head_len(&self) -> usize {
        self.head_len
    }

    pub(super) const fn set_head(&mut self, head: [u8; HEADER_BYTES], len: usize) {
        self.head = head;
        self.head_len = len;
    }
}

/// A frame and how much of its payload has come.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) header: Header,
    received: usize,
}

impl Frame {
    pub(super) const fn new(header: Header) -> Self {
        Self {
            header,
            received: 0,
        }
    }

    /// Payload bytes that have not come.
    pub(super) const fn missing(&self) -> usize {
        self.header.payload_bytes - self.received
    }

    /// The mask, turned to where the next byte stands.
    pub(super) fn mask(&self) -> [u8; 4] {
        let mut mask = self.header.mask;
        mask.rotate_left(self.received % 4);
        mask
    }

    /// Counts `len` bytes, which are at most the missing ones.
    pub(super) const fn advance(&mut self, len: usize) {
        self.received += len;
    }
}

/// What a message says, as far as it came.
pub(super) struct Message {
    payload: Vec<u8>,
    /// `payload` is no text yet but what it was compressed to.
    pub(super) compressed: bool,
    /// Up to here a `payload` that is text is whole characters.
    checked: usize,
    /// Frames that have come whole.
    pub(super) fragments: u32,
}

impl Message {
    pub(super) const fn new(compressed: bool) -> Self {
        Self {
            payload: Vec::new(),
            compressed,
            checked: 0,
            fragments: 0,
        }
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Appends `chunk`, which may end inside a character.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Violation> {
        self.payload.extend_from_slice(chunk);
        if self.compressed {
            return Ok(());
        }
        let unchecked = &self.payload[self.checked..];
        match simdutf8::compat::from_utf8(unchecked) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_not_utf8) => return Err(Violation::InvalidText),
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) const fn capacity(&self) -> usize {
        self.payload.capacity()
    }
}
