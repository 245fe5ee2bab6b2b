//! Reads of the log that are shared by all who want the same page at the same time.
//!
//! When a gateway goes, its clients come to the others within seconds, and nearly all of them have the same cursor on the
//! channels they share. The first who asks begins the read; whoever asks meanwhile gets the same deliveries, encoded once.

use super::{Missed, step};
use crate::{delivery::Delivery, metrics::Figures};
use fanfare_bus::{Log, LogError};
use fanfare_proto::{Channel, Position};
use fanfare_telemetry::traces::Traces;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::{OnceCell, Semaphore};

/// Pages that are read at once. More would only wait for one another in the log, and keep the tail waiting.
const READS: usize = 64;

/// A page, once it is read.
type Flight = OnceCell<Result<Missed, LogError>>;

/// What follows a position of a channel.
type Place = (Channel, Position);

/// The reads that are under way for clients of this node.
#[derive(Debug)]
pub(crate) struct Replays {
    flights: Mutex<HashMap<Place, Weak<Flight>>>,
    turns: Semaphore,
}

impl Default for Replays {
    fn default() -> Self {
        Self {
            flights: Mutex::default(),
            turns: Semaphore::new(READS),
        }
    }
}

impl Replays {
    /// What follows `after` in `channel`, a page at most, up to `upto` or to where another has asked for at the same
    /// time. Cancel safe: a read that is given up is begun again by the next who waits for it.
    ///
    /// # Errors
    ///
    /// As [`step`].
    pub(crate) async fn missed(
        &self,
        log: &dyn Log,
        figures: &Figures,
        channel: &Channel,
        after: Position,
        upto: Position,
    ) -> Result<Missed, LogError> {
        let flight = self.join((channel.clone(), after));
        let read = || async {
            // Never closed.
            let _turn = self.turns.acquire().await;
            figures.replay_reads.inc();
            let step = step(log, channel, after, upto).await?;
            let epoch = log.epoch(channel);
            let deliveries = step
                .records
                .iter()
                .filter_map(|record| Delivery::of_record(record, epoch, &Traces::off()))
                .map(Arc::new)
                .collect();
            let position = step.position;
            Ok(Missed {
                deliveries,
                position,
            })
        };
        flight.cell.get_or_init(read).await.clone()
    }

    fn join(&self, place: Place) -> Passenger<'_> {
        let mut flights = self.lock();
        let under_way = flights.get(&place).and_then(Weak::upgrade);
        let cell = under_way.unwrap_or_else(|| {
            let cell = Arc::default();
            flights.insert(place.clone(), Arc::downgrade(&cell));
            cell
        });
        Passenger {
            replays: self,
            place,
            cell,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Weak<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for a page. The last to go takes it out.
struct Passenger<'a> {
    replays: &'a Replays,
    place: Place,
    cell: Arc<Flight>,
}

impl Drop for Passenger<'_> {
    fn drop(&mut self) {
        let mut flights = self.replays.lock();
        if Arc::strong_count(&self.cell) == 1 {
            flights.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use fanfare_bus::{
        embedded,
        log::{Append, Expect},
    };
    use fanfare_lifecycle::{Clock, Shutdown, Tasks};
    use fanfare_telemetry::metrics::Metrics;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn those_who_want_the_same_page_at_once_read_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let settings = embedded::Settings::new(dir.path());
        let handles = embedded::open(settings, Clock::system(), &tasks, &shutdown)
            .await
            .unwrap();
        let channel = Channel::parse("topic:a").unwrap();
        let mut upto = Position::default();
        for _ in 0..3 {
            let append = Append {
                channel: channel.clone(),
                msg_id: None,
                expect: Expect::Any,
                ttl_ms: None,
                payload: Bytes::new(),
                trace: None,
            };
            upto = handles.log.append(append).await.unwrap().position;
        }
        let replays = Replays::default();
        let figures = Figures::new(&Metrics::new());
        let all_turns = u32::try_from(READS).unwrap();
        let turns = replays.turns.acquire_many(all_turns).await.unwrap();
        let begin = Position::default();
        let ask = |_| replays.missed(&*handles.log, &figures, &channel, begin, upto);
        let clients = join_all((0..50).map(ask));
        // All have asked before the read begins.
        let free = async { drop(turns) };
        let (pages, ()) = tokio::join!(clients, free);
        for page in pages {
            let page = page.unwrap();
            assert_eq!((page.deliveries.len(), page.position), (3, upto));
        }
        assert_eq!(figures.replay_reads.get(), 1);
        assert!(replays.lock().is_empty(), "nothing is kept of a read");
    }
}
