//! One try to store what a plan says.

use super::plan::{Known, Plan};

/// Posts that were sent at least once, with the same tag each time.
pub(super) struct Attempt {
    pub(super) plan: Plan,
    pub(super) next: Known,
    pub(super) tag: String,
    /// An earlier sending may have stored them.
    pub(super) is_unknown: bool,
}

/// The plan that was carried out, what is known then, and where its first post stands.
pub(super) type Done = (Plan, Known, u64);

impl Attempt {
    /// Its first post stands at `base_seq`.
    pub(super) fn done(self, base_seq: u64) -> Done {
        let Self { plan, mut next, .. } = self;
        for end in next.ends.values_mut() {
            end.settle(base_seq);
        }
        (plan, next, base_seq)
    }
}
