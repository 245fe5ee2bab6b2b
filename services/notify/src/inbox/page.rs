//! One page of the inbox: the user's logs merged, newest first.

use super::{
    cursor::Cursor,
    scan::{Found, Scan},
    state::{Marks, State},
};
use crate::{core::Core, problem};
use fanfare_http::Problem;
use fanfare_proto::{Channel, delivery};
use futures_util::future::join_all;
use serde_json::value::RawValue;

/// Which notifications are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Whatever is not archived.
    #[default]
    All,
    /// Neither read nor archived.
    Unread,
    Archived,
}

/// A page.
pub(crate) struct Page {
    /// Objects of `data`, with `read`, `archived` and `channel`.
    pub(crate) items: Vec<Box<RawValue>>,
    /// `None` at the end.
    pub(crate) next: Option<Cursor>,
}

/// One channel of the merge, with its next candidate in hand.
struct Lane<'a> {
    scan: Scan<'a>,
    marks: Marks,
    epoch: u32,
    next: Option<Found>,
}

impl Lane<'_> {
    async fn step(&mut self) -> Result<(), Problem> {
        self.next = self.scan.next().await?;
        Ok(())
    }

    fn before(&self) -> u64 {
        let next = self.next.as_ref();
        next.map_or(self.scan.before(), |found| found.n + 1)
    }
}

/// Reads the page of `channels` after `cursor`, at most `limit` items. It may hold fewer although there is a next
/// one, when many entries had to be passed over.
pub(crate) async fn read(
    core: &Core,
    channels: &[Channel],
    state: &State,
    filter: Filter,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<Page, Problem> {
    let mut lanes = open(core, channels, state, filter, cursor).await?;
    let mut items = Vec::new();
    let mut ended = false;
    while items.len() < limit {
        // Beyond a channel that was not read to its end, the order is not known.
        if lanes
            .iter()
            .any(|lane| lane.next.is_none() && lane.scan.is_capped())
        {
            break;
        }
        let Some(newest) = newest(&lanes) else {
            ended = true;
            break;
        };
        if let Some(item) = take(&mut lanes, newest, filter).await? {
            items.push(item);
        }
    }
    let mut next = Cursor::default();
    for lane in &lanes {
        next.set(lane.scan.channel(), lane.epoch, lane.before());
    }
    let ended = ended
        || lanes
            .iter()
            .all(|lane| lane.next.is_none() && !lane.scan.is_capped());
    Ok(Page {
        items,
        next: (!ended).then_some(next),
    })
}

async fn open<'a>(
    core: &'a Core,
    channels: &'a [Channel],
    state: &State,
    filter: Filter,
    cursor: Option<&Cursor>,
) -> Result<Vec<Lane<'a>>, Problem> {
    let heads = core
        .handles
        .log
        .heads(channels)
        .await
        .map_err(problem::of_log)?;
    let mut lanes: Vec<Lane<'a>> = channels
        .iter()
        .zip(heads)
        .map(|(channel, head)| {
            let epoch = core.handles.log.epoch(channel);
            let marks = state.marks(channel, epoch);
            let newest = head.last.n.saturating_add(1);
            let before = cursor
                .and_then(|cursor| cursor.get(channel, epoch))
                .map_or(newest, |before| before.min(newest));
            let floor = if filter == Filter::Unread {
                marks.read_upto()
            } else {
                0
            };
            Lane {
                scan: Scan::new(core, channel, before, floor),
                marks,
                epoch,
                next: None,
            }
        })
        .collect();
    for outcome in join_all(lanes.iter_mut().map(Lane::step)).await {
        outcome?;
    }
    Ok(lanes)
}

fn newest(lanes: &[Lane<'_>]) -> Option<usize> {
    let mut best: Option<(usize, &Found)> = None;
    for (index, lane) in lanes.iter().enumerate() {
        let Some(found) = &lane.next else { continue };
        let time = |found: &Found| found.entry.created_at_ms;
        let is_newer = best.is_none_or(|(_index, best)| {
            (time(found), &found.entry.id) > (time(best), &best.entry.id)
        });
        if is_newer {
            best = Some((index, found));
        }
    }
    best.map(|(index, _found)| index)
}

/// Takes the candidate of lane `newest`, and its copies on other channels with it; `None` when `filter` hides it.
async fn take(
    lanes: &mut [Lane<'_>],
    newest: usize,
    filter: Filter,
) -> Result<Option<Box<RawValue>>, Problem> {
    let Some(id) = lanes[newest]
        .next
        .as_ref()
        .map(|found| found.entry.id.clone())
    else {
        return Ok(None);
    };
    let mut shown = None;
    let (mut unread, mut archived) = (false, true);
    for lane in lanes.iter_mut() {
        let is_copy = lane.next.as_ref().is_some_and(|found| found.entry.id == id);
        if !is_copy {
            continue;
        }
        if let Some(found) = lane.next.take() {
            let is_archived = lane.marks.is_archived(found.n);
            unread |= !is_archived && !lane.marks.is_read(found.n);
            archived &= is_archived;
            shown.get_or_insert((found, lane.scan.channel()));
        }
        lane.step().await?;
    }
    let wanted = match filter {
        Filter::All => !archived,
        Filter::Unread => unread,
        Filter::Archived => archived,
    };
    Ok(shown
        .filter(|_shown| wanted)
        .and_then(|(found, channel)| item(&found, channel, !unread, archived)))
}

fn item(found: &Found, channel: &Channel, read: bool, archived: bool) -> Option<Box<RawValue>> {
    let mut text = String::from_utf8(delivery::item(&found.entry, found.n)).ok()?;
    text.pop();
    // A channel's name needs no escapes.
    text.push_str(&format!(
        ",\"channel\":\"{channel}\",\"read\":{read},\"archived\":{archived}}}"
    ));
    RawValue::from_string(text).ok()
}
