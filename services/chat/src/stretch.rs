//! Some entries of a room's log in a row, with what was deleted between them.

use crate::core::Core;
use fanfare_bus::log::{Record, Slice};
use fanfare_http::Problem;
use fanfare_proto::Channel;
use fanfare_service::problem;

/// Most ordinals of one: what came of messages stands in a record for every 16 of them, and where thousands were deleted
/// in a row a page must not read them all.
const SPAN: u64 = 1_000;

/// Entries, and which ordinals they stand for: what is not among them was deleted, or is no more.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub(crate) records: Vec<Record>,
    /// 0: there is nothing.
    pub(crate) first_n: u64,
    pub(crate) last_n: u64,
    pub(crate) more_before: bool,
    pub(crate) more_after: bool,
}

impl Stretch {
    /// The place of one entry, and the entry if it is there.
    pub(crate) fn of_one(n: u64, record: Option<Record>) -> Self {
        Self {
            records: record.into_iter().collect(),
            first_n: n,
            last_n: n,
            ..Self::default()
        }
    }

    /// Leaves at most [`SPAN`] ordinals, from the end that was asked for.
    fn cut(&mut self, forwards: bool) {
        if self.last_n - self.first_n < SPAN {
            return;
        }
        if forwards {
            self.last_n = self.first_n + SPAN - 1;
            self.more_after = true;
        } else {
            self.first_n = self.last_n - SPAN + 1;
            self.more_before = true;
        }
        let range = self.first_n..=self.last_n;
        self.records
            .retain(|record| range.contains(&record.position.n));
    }
}

/// What `slice` names, at most `limit` entries.
///
/// # Errors
///
/// The log is away.
pub(crate) async fn read(
    core: &Core,
    channel: &Channel,
    slice: Slice,
    limit: usize,
) -> Result<Stretch, Problem> {
    let log = &core.handles.log;
    let page = log.history(channel, slice, limit).await;
    let page = page.map_err(problem::of_log)?;
    let first = page.records.first().map(|record| record.position.n);
    let last = page.records.last().map(|record| record.position.n);
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(Stretch::default());
    };
    let (mut first_n, mut last_n) = match slice {
        Slice::Latest => (first, last),
        Slice::Before(n) => (first, last.max(n.saturating_sub(1))),
        Slice::After(n) => (first.min(n.saturating_add(1)), last),
    };
    // Far from the next entry, either much was deleted or the log is over.
    if first - first_n > SPAN || last_n - last > SPAN {
        let heads = log.heads(std::slice::from_ref(channel)).await;
        let heads = heads.map_err(problem::of_log)?;
        let head = heads.first().copied().unwrap_or_default();
        first_n = first_n.max(head.first_n.min(first));
        last_n = last_n.min(head.last.n.max(last));
    }
    let forwards = matches!(slice, Slice::After(_));
    let mut stretch = Stretch {
        records: page.records,
        first_n,
        last_n,
        more_before: page.more && !forwards,
        more_after: page.more && forwards,
    };
    stretch.cut(forwards);
    Ok(stretch)
}
