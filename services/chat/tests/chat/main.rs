//! The service over its real router and the bus. Each scenario is written once, and runs on the embedded store and on a
//! real NATS server.
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

/// Runs each scenario of this module on both back ends.
macro_rules! on_both {
    ($($scenario:ident)*) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario(crate::house::House::embedded().await).await;
                }
            )*
        }

        mod nats {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(crate::house::House::nats().await).await;
                }
            )*
        }
    };
}

mod client;
mod faults;
mod history;
mod house;
mod lists;
mod marks;
mod members;
mod messages;
mod moderation;
#[path = "../../../../crates/bus/tests/shared/nats_server.rs"]
mod nats_server;

mod openapi;
mod others;
mod recovery;
mod rights;
mod rooms;
mod strangers;
