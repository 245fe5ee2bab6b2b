//! The embedded back end passes the conformance suite, one test a case.

#[path = "shared/subject.rs"]
mod subject;

use fanfare_bus::conformance;
use subject::Embedded;

macro_rules! tests {
    ($($case:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            conformance::run(stringify!($case), &Embedded::new()).await;
        }
    )* };
}

fanfare_bus::conformance_cases!(tests);
fanfare_bus::conformance_tail_cases!(tests);
