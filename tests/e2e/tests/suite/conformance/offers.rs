//! Group 13: what is agreed, of every offer a client may make.

use super::{
    agreement::{Agreement, Offer},
    case::{Case, case},
    deflate::deflate,
    frames::{FIN, RSV1, TEXT, echo_of, text},
};
use fanfare_e2e::frame;

/// A name, the values of the headers, and the window that the answer names.
type Accepted = (&'static str, &'static [&'static str], Option<u8>);

const ACCEPTED: &[Accepted] = &[
    ("plain", &["permessage-deflate"], None),
    (
        "client-window",
        &["permessage-deflate; client_max_window_bits"],
        None,
    ),
    (
        "client-window-8",
        &["permessage-deflate; client_max_window_bits=8"],
        None,
    ),
    (
        "client-window-15",
        &["permessage-deflate; client_max_window_bits=15"],
        None,
    ),
    (
        "server-takeover",
        &["permessage-deflate; server_no_context_takeover"],
        None,
    ),
    (
        "client-takeover",
        &["permessage-deflate; client_no_context_takeover"],
        None,
    ),
    (
        "server-window-8",
        &["permessage-deflate; server_max_window_bits=8"],
        Some(8),
    ),
    (
        "server-window-9",
        &["permessage-deflate; server_max_window_bits=9"],
        Some(9),
    ),
    (
        "server-window-10",
        &["permessage-deflate; server_max_window_bits=10"],
        Some(10),
    ),
    (
        "server-window-11",
        &["permessage-deflate; server_max_window_bits=11"],
        Some(11),
    ),
    (
        "server-window-12",
        &["permessage-deflate; server_max_window_bits=12"],
        Some(12),
    ),
    (
        "server-window-13",
        &["permessage-deflate; server_max_window_bits=13"],
        Some(13),
    ),
    (
        "server-window-14",
        &["permessage-deflate; server_max_window_bits=14"],
        Some(14),
    ),
    (
        "server-window-15",
        &["permessage-deflate; server_max_window_bits=15"],
        Some(15),
    ),
    (
        "everything",
        &[
            "permessage-deflate; client_max_window_bits=11; server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover",
        ],
        Some(11),
    ),
    (
        "quoted",
        &["permessage-deflate; server_max_window_bits=\"10\""],
        Some(10),
    ),
    (
        "no-spaces",
        &["permessage-deflate;server_max_window_bits=10;client_max_window_bits"],
        Some(10),
    ),
    (
        "many-spaces",
        &["  permessage-deflate  ;\tserver_max_window_bits=10  "],
        Some(10),
    ),
    (
        "behind-another-extension",
        &["x-webkit-deflate-frame, permessage-deflate"],
        None,
    ),
    (
        "before-another-extension",
        &["permessage-deflate, x-webkit-deflate-frame; a=b"],
        None,
    ),
    ("empty-elements", &[", permessage-deflate,"], None),
    (
        "the-first-of-two",
        &["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
        Some(10),
    ),
    (
        "the-second-when-the-first-is-wrong",
        &[
            "permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=9",
        ],
        Some(9),
    ),
    (
        "the-second-when-the-first-is-unknown",
        &["permessage-deflate; a_parameter_of_tomorrow, permessage-deflate"],
        None,
    ),
    (
        "in-two-headers",
        &["x-webkit-deflate-frame", "permessage-deflate"],
        None,
    ),
    (
        "the-second-of-two-headers",
        &[
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=12",
        ],
        Some(12),
    ),
];

/// A name and the value of the header.
const DECLINED: &[(&str, &str)] = &[
    ("other-extension", "x-webkit-deflate-frame"),
    ("other-name", "permessage-deflate-x"),
    (
        "unknown-parameter",
        "permessage-deflate; a_parameter_of_tomorrow",
    ),
    (
        "unknown-parameter-with-a-value",
        "permessage-deflate; mux=4",
    ),
    (
        "server-window-without-a-value",
        "permessage-deflate; server_max_window_bits",
    ),
    (
        "server-window-7",
        "permessage-deflate; server_max_window_bits=7",
    ),
    (
        "server-window-16",
        "permessage-deflate; server_max_window_bits=16",
    ),
    (
        "server-window-0",
        "permessage-deflate; server_max_window_bits=0",
    ),
    (
        "server-window-08",
        "permessage-deflate; server_max_window_bits=08",
    ),
    (
        "server-window-1000",
        "permessage-deflate; server_max_window_bits=1000",
    ),
    (
        "server-window-word",
        "permessage-deflate; server_max_window_bits=ten",
    ),
    (
        "server-window-negative",
        "permessage-deflate; server_max_window_bits=-9",
    ),
    (
        "client-window-7",
        "permessage-deflate; client_max_window_bits=7",
    ),
    (
        "client-window-16",
        "permessage-deflate; client_max_window_bits=16",
    ),
    (
        "client-window-08",
        "permessage-deflate; client_max_window_bits=08",
    ),
    (
        "server-takeover-with-a-value",
        "permessage-deflate; server_no_context_takeover=1",
    ),
    (
        "client-takeover-with-a-value",
        "permessage-deflate; client_no_context_takeover=true",
    ),
    (
        "server-window-twice",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    ),
    (
        "client-window-twice",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
    ),
    (
        "server-takeover-twice",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    ),
    (
        "client-takeover-twice",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ),
    ("no-list", "permessage deflate"),
    ("parameter-of-nothing", "; client_max_window_bits"),
    (
        "empty-parameter",
        "permessage-deflate;; client_max_window_bits",
    ),
    ("nothing-behind-a-semicolon", "permessage-deflate;"),
    (
        "quote-without-an-end",
        "permessage-deflate; server_max_window_bits=\"10",
    ),
    (
        "value-of-nothing",
        "permessage-deflate; server_max_window_bits=",
    ),
];

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
