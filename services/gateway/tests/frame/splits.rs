//! How a stream is cut into reads changes nothing.

use crate::client::{FIN, LIMIT, Seen, byte_by_byte, decode, frame, whole};
use fanfare_gateway::frame::OpCode;
use proptest::{collection::vec, prelude::*};
use std::ops::ControlFlow;

#[derive(Clone, Debug)]
enum Step {
    /// A text and where it is cut into fragments; after each cut maybe a ping.
    Text(String, Vec<(prop::sample::Index, Option<Vec<u8>>)>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let payload = || vec(any::<u8>(), 0..=125);
    // Long enough for all three forms of length that fit the limit, with characters of every width.
    let text = prop_oneof![
        4 => "\\PC{0,40}",
        1 => "[aé€😀]{120,130}",
        1 => "[aé€😀]{200,256}",
    ];
    prop_oneof![
        4 => (text, vec((any::<prop::sample::Index>(), prop::option::of(payload())), 0..5))
            .prop_map(|(text, cuts)| Step::Text(text, cuts)),
        1 => payload().prop_map(Step::Ping),
        1 => payload().prop_map(Step::Pong),
    ]
}

/// The frames of `steps`, and what must be seen of them.
fn write(steps: &[Step], mut masks: impl Iterator<Item = [u8; 4]>) -> (Vec<u8>, Vec<Seen>) {
    let (mut stream, mut seen) = (Vec::new(), Vec::new());
    let mut put = |fin: bool, opcode: OpCode, payload: &[u8]| {
        let first = if fin { FIN } else { 0 } | opcode as u8;
        stream.extend(frame(first, payload, masks.next().unwrap_or([9; 4])));
    };
    for step in steps {
        match step {
            Step::Ping(payload) => {
                put(true, OpCode::Ping, payload);
                seen.push(Seen::Ping(payload.clone()));
            }
            Step::Pong(payload) => {
                put(true, OpCode::Pong, payload);
                seen.push(Seen::Pong(payload.clone()));
            }
            Step::Text(text, cuts) => {
                let mut cuts: Vec<(usize, _)> = cuts
                    .iter()
                    .map(|(at, ping)| (at.index(text.len() + 1), ping))
                    .collect();
                cuts.sort_by_key(|(at, _ping)| *at);
                let (mut from, mut opcode) = (0, OpCode::Text);
                for (at, ping) in cuts {
                    put(false, opcode, &text.as_bytes()[from..at]);
                    (from, opcode) = (at, OpCode::Continuation);
                    if let Some(payload) = ping {
                        put(true, OpCode::Ping, payload);
                        seen.push(Seen::Ping(payload.clone()));
                    }
                }
                put(true, opcode, &text.as_bytes()[from..]);
                seen.push(Seen::Text(text.clone()));
            }
        }
    }
    (stream, seen)
}

proptest! {
    #[test]
    fn any_sequence_in_any_pieces_gives_its_events(
        steps in vec(step(), 0..8),
        masks in vec(any::<[u8; 4]>(), 64),
        pieces in vec(1_usize..80, 0..60),
    ) {
        let (stream, seen) = write(&steps, masks.into_iter());
        let expected = (seen, Ok(ControlFlow::Continue(())));
        prop_assert_eq!(&whole(&stream), &expected);
        prop_assert_eq!(&decode(&stream, pieces), &expected);
        prop_assert_eq!(&byte_by_byte(&stream), &expected);
    }

    /// Streams that are nearly right: a valid one with a few bytes changed, so that checks deep inside are reached.
    #[test]
    fn a_damaged_sequence_in_any_pieces_has_one_outcome(
        steps in vec(step(), 1..6),
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
    fn no_event_is_over_its_limit(stream in vec(any::<u8>(), 0..400)) {
        for seen in byte_by_byte(&stream).0 {
            match seen {
                Seen::Text(text) => prop_assert!(text.len() <= LIMIT as usize),
                Seen::Ping(payload) | Seen::Pong(payload) => prop_assert!(payload.len() <= 125),
                Seen::Close(_code, reason) => prop_assert!(reason.len() <= 123),
            }
        }
    }
}
