//! Which trace the running code works for.
//!
//! It goes with a future, not with a thread, and ends at whatever is handed to somebody else: a task that is spawned works
//! for nobody until it says so. Only traces that are recorded are told.

use fanfare_proto::trace::Context;
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
};

thread_local! {
    static CURRENT: Cell<Option<Context>> = const { Cell::new(None) };
}

/// The span that is worked for right now; `None` mostly.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.get()
}

/// The same as a `traceparent`; empty when there is none.
#[must_use]
pub fn traceparent() -> String {
    current().map_or_else(String::new, |context| context.to_string())
}

/// Does `work` for `context`.
///
/// # Cancel safety
///
/// As `work` is.
pub async fn within<F: Future>(context: Option<Context>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|task| {
        let _back = Back(CURRENT.replace(context));
        work.as_mut().poll(task)
    })
    .await
}

/// Puts back what was worked for before, also when the work panics.
struct Back(Option<Context>);

impl Drop for Back {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_trace_goes_with_its_future_and_with_nothing_beside_it() {
        let context = |id: u8| Context::new([id; 16], [id; 8], true);
        let outer = within(context(1), async {
            assert_eq!(current(), context(1));
            within(context(2), async {
                tokio::task::yield_now().await;
                assert_eq!(current(), context(2));
            })
            .await;
            tokio::task::yield_now().await;
            assert_eq!(current(), context(1));
        });
        let beside = async {
            for _turn in 0..8 {
                assert_eq!(current(), None);
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(outer, beside);
        assert_eq!(current(), None);
    }
}
