//! Any bytes, cut into any reads: the frame decoder never panics, says the same however the bytes were cut, and hands
//! on nothing that tungstenite, the independent peer, would not.
#![no_main]

mod decoding;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((pieces, stream)) = decoding::pieces_and_stream(input) else {
        return;
    };
    let (events, _end) = decoding::decode(None, stream, pieces);
    decoding::compare(stream, &events);
});
