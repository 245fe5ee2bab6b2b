//! Which offers of a client are accepted, and with what.

use axum::http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use fanfare_gateway::frame::negotiate;

const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn answer(headers: &[&str]) -> Option<String> {
    negotiate(headers).map(|agreement| agreement.answer())
}

#[test]
fn what_browsers_and_libraries_offer_is_accepted() {
    for offer in [
        // Chrome and Edge; Safari and Firefox; ws for Node.js; websockets for Python; RFC 7692's own examples.
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=10",
        "permessage-deflate;client_max_window_bits=8;server_no_context_takeover",
        " \tpermessage-deflate\t;  client_max_window_bits = 15 ",
        "permessage-deflate; client_max_window_bits=\"9\"",
        "permessage-deflate; client_max_window_bits=\"1\\0\"",
    ] {
        assert_eq!(answer(&[offer]).as_deref(), Some(ANSWER), "{offer}");
    }
}

#[test]
fn a_window_that_is_asked_for_is_answered() {
    for bits in 8..=15_usize {
        let expected = format!("{ANSWER}; server_max_window_bits={bits}");
        for offer in [
            format!("permessage-deflate; server_max_window_bits={bits}"),
            format!("permessage-deflate; server_max_window_bits=\"{bits}\""),
            format!("permessage-deflate; client_max_window_bits; server_max_window_bits={bits}"),
        ] {
            assert_eq!(answer(&[&offer]).as_ref(), Some(&expected), "{offer}");
        }
    }
}

#[test]
fn what_is_longer_than_the_window_is_not_sent_compressed() {
    let admits = |offer: &str, len| negotiate([offer]).unwrap().admits(len);
    for bits in 8..15_u32 {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        let window = 1 << bits;
        assert!(admits(&offer, window - 1) && admits(&offer, window));
        assert!(!admits(&offer, window + 1) && !admits(&offer, usize::MAX));
    }
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=15",
    ] {
        assert!(admits(offer, usize::MAX), "{offer}");
    }
}

/// None of these is an error: the next offer may be better, or the connection goes without.
const DECLINED: &[&str] = &[
    "",
    " , ,, ",
    "x-webkit-deflate-frame",
    "permessage-bzip2; client_max_window_bits",
    "Permessage-Deflate",
    "permessage-deflate; mux",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=08",
    "permessage-deflate; server_max_window_bits=010",
    "permessage-deflate; server_max_window_bits=+9",
    "permessage-deflate; server_max_window_bits=10.0",
    "permessage-deflate; server_max_window_bits=266",
    "permessage-deflate; server_max_window_bits=\"7\"",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=16",
    "permessage-deflate; client_max_window_bits=09",
    "permessage-deflate; client_max_window_bits=ten",
    "permessage-deflate; server_no_context_takeover=true",
    "permessage-deflate; client_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=\"1\"",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
];

#[test]
fn what_is_not_understood_is_declined_and_leaves_the_next_offer() {
    for offer in DECLINED {
        assert_eq!(answer(&[offer]), None, "{offer}");
        let list = format!("{offer}, permessage-deflate");
        assert_eq!(answer(&[&list]).as_deref(), Some(ANSWER), "{list}");
        let headers = [offer, "permessage-deflate"];
        assert_eq!(answer(&headers).as_deref(), Some(ANSWER), "{headers:?}");
    }
}

#[test]
fn the_first_acceptable_offer_wins() {
    let nine = format!("{ANSWER}; server_max_window_bits=9");
    for headers in [
        &["permessage-deflate; server_max_window_bits=9, permessage-deflate"][..],
        &[
            "mux",
            ", permessage-deflate; server_max_window_bits=9 ,",
            "permessage-deflate",
        ],
        &[
            "permessage-deflate; server_max_window_bits=6, permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=12",
        ],
    ] {
        assert_eq!(answer(headers).as_ref(), Some(&nine), "{headers:?}");
    }
}

#[test]
fn headers_that_break_the_grammar_agree_nothing() {
    for broken in [
        "permessage-deflate;",
        "; permessage-deflate",
        "permessage-deflate; =9",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=\"\"",
        "permessage-deflate; client_max_window_bits=\"9",
        "permessage-deflate; client_max_window_bits=\"9\\",
        "permessage-deflate; client_max_window_bits=\"9 \"",
        "permessage-deflate; client_max_window_bits=9 9",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate / 1",
        "\"permessage-deflate\"",
        "permessage-deflate\u{a0}",
        "permessage-deflate\n",
    ] {
        assert_eq!(answer(&[broken]), None, "{broken}");
        let headers = ["permessage-deflate", broken];
        assert_eq!(answer(&headers), None, "{headers:?}");
    }
    assert_eq!(answer(&[]), None);
}

#[test]
fn the_headers_of_a_request_are_read_as_they_came() {
    let mut headers = HeaderMap::new();
    let offered = |headers: &HeaderMap| negotiate(headers.get_all(SEC_WEBSOCKET_EXTENSIONS));
    assert_eq!(offered(&headers), None);
    headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("mux"));
    assert_eq!(offered(&headers), None);
    let offer = HeaderValue::from_static("permessage-deflate");
    headers.append(SEC_WEBSOCKET_EXTENSIONS, offer);
    assert_eq!(offered(&headers).unwrap().answer(), ANSWER);
    // What is no text is not looked past.
    let noise = HeaderValue::from_bytes(b"mux\xff").unwrap();
    headers.append(SEC_WEBSOCKET_EXTENSIONS, noise);
    assert_eq!(offered(&headers), None);
}

#[test]
fn nobody_offers_that_much() {
    let longest = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                   server_max_window_bits=15; client_max_window_bits=15";
    assert!(answer(&[longest; 8]).is_some());
    assert_eq!(answer(&[longest; 9]), None);
    let filled = |len| format!("{:len$}", "permessage-deflate");
    assert!(answer(&[&filled(1_024)]).is_some());
    assert_eq!(answer(&[&filled(1_025)]), None);
}
