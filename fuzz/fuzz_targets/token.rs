//! What anybody may send as a token: the splitting, and the claims behind it. Nothing may panic, and what is accepted
//! keeps the promises that the rest of the system builds on.
#![no_main]

use fanfare_tokens::{
    Identity, TOKEN_BYTES, Unverified,
    claims::{self, LIST_ITEMS, Times},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = Unverified::parse(text) {
        assert!(text.len() <= TOKEN_BYTES);
        let _issuer = token.issuer();
        read(token.claims());
    }
    // The payload itself: few random texts are base64 of JSON.
    if let Ok(claims) = serde_json::from_str(text) {
        read(&claims);
    }
});

fn read(value: &serde_json::Value) {
    let user_claims = ["sub", "id", "user_id"].map(str::to_owned);
    let times = Times {
        now_ms: 1_700_000_000_000,
        leeway_ms: 5_000,
    };
    let _times = claims::check_times(value, times);
    let _audience = claims::check_audience(value, "us");
    if let Ok(identity) = claims::identity(value, &user_claims) {
        check(&identity);
    }
}

fn check(identity: &Identity) {
    use fanfare_proto::channel::is_id;
    assert!(is_id(&identity.user));
    assert!(identity.groups.iter().all(|group| is_id(group)));
    let lists = [
        identity.groups.len(),
        identity.channels.len(),
        identity.scopes.len(),
    ];
    assert!(lists.iter().all(|len| *len <= LIST_ITEMS));
    assert!(
        identity
            .channels
            .iter()
            .all(|right| claims::is_pattern(&right.pattern))
    );
    // What is read is what is written back, but for the parts of a second.
    let again = claims::identity(&claims::write("us", identity), &["sub".to_owned()]);
    let whole = |identity: &Identity| Identity {
        issued_at_ms: 0,
        expires_at_ms: 0,
        ..identity.clone()
    };
    assert_eq!(again.map(|again| whole(&again)), Ok(whole(identity)));
}
