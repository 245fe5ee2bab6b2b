//! Group 13: what is agreed, of every offer a client may make.

mod table;

use super::{
    agreement::{Agreement, Offer},
    case::{Case, case},
    deflate::deflate,
    frames::{FIN, RSV1, TEXT, echo_of, text},
};
use fanfare_e2e::frame;
use table::{ACCEPTED, DECLINED};

pub(super) fn cases() -> Vec<Case> {
    let (message, content) = echo_of(1_000);
    let plain = text(&message);
    let compressed = frame(FIN | RSV1 | TEXT, &deflate(&message, 6));
    let accepted = ACCEPTED.iter().map(|(what, values, server_window_bits)| {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let due = Some(Agreement {
            server_window_bits: *server_window_bits,
        });
        let rule = "the first offer that can be accepted is, without a context on either side";
        case(format!("13.1 accepted-{what}"), rule)
            .offering(Offer { values, due })
            .send(compressed.clone())
            .echo(&content)
            .send(plain.clone())
            .echo(&content)
    });
    let declined = DECLINED.iter().map(|(what, value)| {
        let offer = Offer {
            values: vec![(*value).to_owned()],
            due: None,
        };
        let rule = "an offer that cannot be accepted is passed over, and nothing is compressed";
        case(format!("13.2 declined-{what}"), rule)
            .offering(offer)
            .send(plain.clone())
            .echo(&content)
            .send(compressed.clone())
            .fails(1002)
    });
    accepted.chain(declined).collect()
}
