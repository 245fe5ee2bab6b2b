//! How a stream is cut into reads changes nothing.

use crate::{
    client::{
        FIN, LIMIT, RSV1, Seen, agreement, byte_by_byte, decode, decode_under, frame, inflated,
        whole,
    },
    zlib::{self, Form},
};
use fanfare_gateway::frame::OpCode;
use proptest::{collection::vec, prelude::*};
use std::ops::ControlFlow;

#[derive(Clone, Debug)]
enum Step {
    Text {
        text: String,
        /// At which level, and how, it is compressed.
        compressed: Option<(u32, Form)>,
        /// Where its payload is cut into fragments; after each cut maybe a ping.
        cuts: Vec<(prop::sample::Index, Option<Vec<u8>>)>,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// What clients that have agreed on it do to most of their messages.
fn compression() -> impl Strategy<Value = Option<(u32, Form)>> {
    let form = prop_oneof![
        3 => Just(Form::Flushed),
        1 => (20_usize..400).prop_map(Form::FlushedEvery),
        1 => Just(Form::Final),
        1 => Just(Form::FinalAlone),
        1 => (20_usize..400).prop_map(Form::FinalEvery),
    ];
    prop::option::weighted(0.8, (1_u32..=9, form))
}

/// A step of a client that does `compression` to its texts.
fn step<C: Strategy<Value = Option<(u32, Form)>>>(compression: C) -> impl Strategy<Value = Step> {
    let payload = || vec(any::<u8>(), 0..=125);
    // Long enough for all three forms of length that fit the limit, with characters of every width.
    let text = prop_oneof![
        4 => "\\PC{0,40}",
        1 => "[aé€😀]{120,130}",
        1 => "[aé€😀]{200,256}",
    ];
    prop_oneof![
        4 => (text, compression, vec((any::<prop::sample::Index>(), prop::option::of(payload())), 0..5))
            .prop_map(|(text, compressed, cuts)| Step::Text { text, compressed, cuts }),
        1 => payload().prop_map(Step::Ping),
        1 => payload().prop_map(Step::Pong),
    ]
}

/// The frames of `steps`, and what must be seen of them.
fn write(steps: &[Step], mut masks: impl Iterator<Item = [u8; 4]>) -> (Vec<u8>, Vec<Seen>) {
    let (mut stream, mut seen) = (Vec::new(), Vec::new());
    let mut put = |bits: u8, opcode: OpCode, payload: &[u8]| {
        let first = bits | opcode as u8;
        stream.extend(frame(first, payload, masks.next().unwrap_or([9; 4])));
    };
    for step in steps {
        match step {
            Step::Ping(payload) => {
                put(FIN, OpCode::Ping, payload);
                seen.push(Seen::Ping(payload.clone()));
            }
            Step::Pong(payload) => {
                put(FIN, OpCode::Pong, payload);
                seen.push(Seen::Pong(payload.clone()));
            }
            Step::Text {
                text,
                compressed,
                cuts,
            } => {
                let deflated =
                    compressed.map(|(level, form)| zlib::deflate(text.as_bytes(), level, form));
                let payload = deflated.as_deref().unwrap_or(text.as_bytes());
                let mut cuts: Vec<(usize, _)> = cuts
                    .iter()
                    .map(|(at, ping)| (at.index(payload.len() + 1), ping))
                    .collect();
                cuts.sort_by_key(|(at, _ping)| *at);
                let (mut from, mut opcode) = (0, OpCode::Text);
                let mut bits = if deflated.is_some() { RSV1 } else { 0 };
                for (at, ping) in cuts {
                    put(bits, opcode, &payload[from..at]);
                    (from, opcode, bits) = (at, OpCode::Continuation, 0);
                    if let Some(payload) = ping {
                        put(FIN, OpCode::Ping, payload);
                        seen.push(Seen::Ping(payload.clone()));
                    }
                }
                put(FIN | bits, opcode, &payload[from..]);
                seen.push(Seen::Text(text.clone()));
            }
        }
    }
    (stream, seen)
}

proptest! {
    #[test]
    fn any_sequence_in_any_pieces_gives_its_events(
        steps in vec(step(Just(None)), 0..8),
        masks in vec(any::<[u8; 4]>(), 64),
        pieces in vec(1_usize..80, 0..60),
    ) {
        let (stream, seen) = write(&steps, masks.into_iter());
        let expected = (seen, Ok(ControlFlow::Continue(())));
        prop_assert_eq!(&whole(&stream), &expected);
        prop_assert_eq!(&decode(&stream, pieces), &expected);
        prop_assert_eq!(&byte_by_byte(&stream), &expected);
    }

    #[test]
    fn any_sequence_may_be_compressed(
        steps in vec(step(compression()), 0..8),
        masks in vec(any::<[u8; 4]>(), 64),
        pieces in vec(1_usize..80, 0..60),
    ) {
        let (stream, seen) = write(&steps, masks.into_iter());
        let expected = (seen, Ok(ControlFlow::Continue(())));
        prop_assert_eq!(&inflated(&stream), &expected);
        prop_assert_eq!(&decode_under(agreement(), &stream, pieces), &expected);
    }

    /// Streams that are nearly right: a valid one with a few bytes changed, so that checks deep inside are reached.
    #[test]
    fn a_damaged_sequence_in_any_pieces_has_one_outcome(
        steps in vec(step(Just(None)), 1..6),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        pieces in vec(1_usize..40, 0..60),
    ) {
        let (mut stream, _seen) = write(&steps, std::iter::empty());
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        let outcome = whole(&stream);
        prop_assert_eq!(&decode(&stream, pieces), &outcome);
        prop_assert_eq!(&byte_by_byte(&stream), &outcome);
    }

    #[test]
    fn a_damaged_sequence_has_one_outcome_also_when_it_is_compressed(
        steps in vec(step(compression()), 1..6),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        pieces in vec(1_usize..40, 0..60),
    ) {
        let (mut stream, _seen) = write(&steps, std::iter::empty());
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        let outcome = inflated(&stream);
        prop_assert_eq!(&decode_under(agreement(), &stream, pieces), &outcome);
    }

    #[test]
    fn no_event_is_over_its_limit(stream in vec(any::<u8>(), 0..400)) {
        for seen in byte_by_byte(&stream).0.into_iter().chain(inflated(&stream).0) {
            match seen {
                Seen::Text(text) => prop_assert!(text.len() <= LIMIT as usize),
                Seen::Ping(payload) | Seen::Pong(payload) => prop_assert!(payload.len() <= 125),
                Seen::Close(_code, reason) => prop_assert!(reason.len() <= 123),
            }
        }
    }
}
