//! What clients may say in `Sec-WebSocket-Extensions`, and what else somebody may.

/// A name, the values of the headers, and the window that the answer names.
pub(super) type Accepted = (&'static str, &'static [&'static str], Option<u8>);

pub(super) const ACCEPTED: &[Accepted] = &[
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
pub(super) const DECLINED: &[(&str, &str)] = &[
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
