//! The queue in front of one reader who may be slow: a tail, a watch, a subscription.

mod reader;

pub(crate) use reader::FedReader;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::Notify;

/// How much waits for one reader, whichever is met first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

/// What a reader takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fed<T> {
    Item(T),
    /// Items were dropped here.
    Lagged,
}

/// Never makes the writer wait. When it is full everything is dropped until the reader has taken what waits and was
/// told that it lags.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    bound: Bound,
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<T> {
    /// With their sizes; `None` stands where the reader has missed something. Never two of these in a row.
    items: VecDeque<(Option<T>, usize)>,
    bytes: usize,
    lagging: bool,
    closed: bool,
}

impl<T> Feed<T> {
    pub(crate) fn new(bound: Bound) -> Self {
        Self {
            bound,
            state: Mutex::new(State {
                items: VecDeque::new(),
                bytes: 0,
                lagging: false,
                closed: false,
            }),
            changed: Notify::new(),
        }
    }

    /// Puts `items`, each with its size in bytes, in order.
    pub(crate) fn push(&self, items: impl IntoIterator<Item = (T, usize)>) {
        let mut state = self.state();
        for (item, bytes) in items {
            if state.lagging {
                break;
            }
            if state.items.len() >= self.bound.items || state.bytes + bytes > self.bound.bytes {
                state.lagging = true;
            } else {
                state.bytes += bytes;
                state.items.push_back((Some(item), bytes));
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Tells the reader that it has missed something, after what waits and before what comes later.
    pub(crate) fn lag(&self) {
        let mut state = self.state();
        let is_told = state.lagging || matches!(state.items.back(), Some((None, _)));
        if !is_told {
            state.items.push_back((None, 0));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Ends it: the reader gets what waits, then `None`.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// What is there now.
    pub(crate) fn try_next(&self) -> Option<Fed<T>> {
        self.state().take()
    }

    /// The next item; `None` once closed and empty. Cancel safe. For one reader.
    pub(crate) async fn next(&self) -> Option<Fed<T>> {
        loop {
            let closed = {
                let mut state = self.state();
                if let Some(fed) = state.take() {
                    return Some(fed);
                }
                state.closed
            };
            if closed {
                return None;
            }
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Option<Fed<T>> {
        if let Some((item, bytes)) = self.items.pop_front() {
            self.bytes -= bytes;
            return Some(item.map_or(Fed::Lagged, Fed::Item));
        }
        std::mem::take(&mut self.lagging).then_some(Fed::Lagged)
    }
}

/// Somebody who is fed.
pub(crate) trait Reader {
    /// Nothing more will come.
    fn close(&self);
}

impl<T> Reader for Feed<T> {
    fn close(&self) {
        Self::close(self);
    }
}

/// The readers of one kind, until they end together. They leave by being dropped.
#[derive(Debug)]
pub(crate) struct Readers<R>(Mutex<Option<Vec<Weak<R>>>>);

impl<R: Reader> Readers<R> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Adds a reader; `false` once ended.
    pub(crate) fn add(&self, reader: Weak<R>) -> bool {
        match &mut *self.lock() {
            Some(readers) => {
                readers.push(reader);
                true
            }
            None => false,
        }
    }

    /// The readers that are there.
    pub(crate) fn all(&self) -> Vec<Arc<R>> {
        let mut all = Vec::new();
        if let Some(readers) = &mut *self.lock() {
            readers.retain(|reader| reader.upgrade().map(|reader| all.push(reader)).is_some());
        }
        all
    }

    /// Ends every reader.
    pub(crate) fn close(&self) {
        let readers = self.lock().take();
        for reader in readers.into_iter().flatten() {
            if let Some(reader) = reader.upgrade() {
                reader.close();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Weak<R>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound {
        items: 2,
        bytes: 10,
    };

    #[test]
    fn overflow_is_told_once_after_what_waited_and_before_what_comes_later() {
        let feed = Feed::new(BOUND);
        feed.push([(1, 0), (2, 0), (3, 0)]);
        assert_eq!(feed.try_next(), Some(Fed::Item(1)));
        feed.push([(4, 0)]);
        assert_eq!(feed.try_next(), Some(Fed::Item(2)));
        assert_eq!(feed.try_next(), Some(Fed::Lagged));
        feed.push([(5, 0)]);
        assert_eq!(feed.try_next(), Some(Fed::Item(5)));
        assert_eq!(feed.try_next(), None);
    }

    #[test]
    fn a_lag_is_told_once_where_it_was_and_nothing_is_dropped_for_it() {
        let feed = Feed::new(BOUND);
        feed.push([(1, 0)]);
        feed.lag();
        feed.lag();
        assert_eq!(feed.try_next(), Some(Fed::Item(1)));
        feed.push([(2, 0)]);
        assert_eq!(feed.try_next(), Some(Fed::Lagged));
        assert_eq!(feed.try_next(), Some(Fed::Item(2)));
        assert_eq!(feed.try_next(), None);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let feed = Feed::new(BOUND);
        feed.push([(1, 6), (2, 6)]);
        assert_eq!(feed.try_next(), Some(Fed::Item(1)));
        assert_eq!(feed.try_next(), Some(Fed::Lagged));
    }

    #[tokio::test]
    async fn a_closed_feed_gives_what_waits_and_ends() {
        let feed = Feed::new(BOUND);
        feed.push([(1, 0)]);
        feed.close();
        assert_eq!(feed.next().await, Some(Fed::Item(1)));
        assert_eq!(feed.next().await, None);
        assert_eq!(feed.next().await, None);
    }
}
