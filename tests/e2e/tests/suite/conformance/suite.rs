//! Runs the cases of a group, several at once.

use super::{case::Case, conversation::play};
use fanfare_e2e::{Options, Server};
use futures_util::{StreamExt, stream};

/// Connections at once: enough to keep two cores busy.
const AT_ONCE: usize = 16;

/// Failures that are shown: whoever sees this many has a beginning.
const SHOWN: usize = 20;

/// What keeps the limits on how much a client says and how fast from being what is tested.
const GENEROUS: [&str; 12] = [
    "--frames-per-second",
    "1000000",
    "--frames-burst",
    "1000000",
    "--connections-per-user",
    "10000",
    "--connections-per-address",
    "10000",
    "--queue-bytes",
    "67108864",
    "--queue-frames",
    "100000",
];

/// Plays `cases` against a server of their own, which has `arguments` too.
///
/// # Panics
///
/// When one of them fails; the message tells of each.
pub(super) async fn run(arguments: &[&str], cases: &[Case]) {
    let options = Options::default().arguments(&GENEROUS);
    let server = Server::start_with(options.arguments(arguments)).await;
    let token = server.api().token("conformance").await;
    let played = stream::iter(cases).map(|case| play(&server, &token, case));
    let failures: Vec<String> = played
        .buffer_unordered(AT_ONCE)
        .filter_map(async |outcome| outcome.err())
        .collect()
        .await;
    assert!(!cases.is_empty());
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n\n{}",
        failures.len(),
        cases.len(),
        failures[..failures.len().min(SHOWN)].join("\n")
    );
}
