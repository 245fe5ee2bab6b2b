//! The children of a metric with a label.

use super::Label;
use std::{marker::PhantomData, sync::Arc};

/// A metric for each value of a label. All exist from the start, so that a rate knows the first event, and to find one is
/// to index an array. Clones share them.
#[derive(Debug)]
pub struct Family<L, M> {
    children: Arc<[M]>,
    label: PhantomData<fn(L)>,
}

impl<L, M> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self {
            children: Arc::clone(&self.children),
            label: PhantomData,
        }
    }
}

impl<L: Label, M> Family<L, M> {
    pub(super) fn new(child: impl Fn(L) -> M) -> Self {
        debug_assert!(
            L::ALL.iter().map(|label| label.index()).eq(0..L::ALL.len()),
            "a value's index is its place in ALL"
        );
        Self {
            children: L::ALL.iter().map(|label| child(*label)).collect(),
            label: PhantomData,
        }
    }

    /// The metric of one value.
    #[must_use]
    pub fn of(&self, label: L) -> &M {
        &self.children[label.index()]
    }
}
