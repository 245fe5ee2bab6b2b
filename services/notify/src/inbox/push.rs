//! Sends users their counts after something came in. Best effort and bounded: counts are absolute, so a lost event is
//! made good by the next one, and clients ask when they connect.

use super::{counts, mark, store};
use crate::core::Core;
use fanfare_http::Problem;
use fanfare_lifecycle::{Shutdown, Tasks};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc;

/// Most users that wait for their counts. More would be older than a second anyway at 250 µs a count.
const WAITING_MAX: usize = 4_096;
/// Counts computed at once.
const AT_ONCE: usize = 16;

/// Where users with new notifications are put.
pub(crate) struct Touched(mpsc::Sender<String>);

impl Touched {
    pub(crate) fn new() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// `false` when too many wait already.
    pub(crate) fn add(&self, user: &str) -> bool {
        self.0.try_send(user.to_owned()).is_ok()
    }
}

/// Sends counts until the shutdown begins. Many changes for one user within the window give one event.
pub(crate) fn spawn(
    core: Arc<Core>,
    mut touched: mpsc::Receiver<String>,
    tasks: &Tasks,
    shutdown: &Shutdown,
) {
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        loop {
            let first = tokio::select! {
                () = shutdown.begun() => return,
                first = touched.recv() => first,
            };
            let Some(first) = first else { return };
            let mut users = BTreeSet::from([first]);
            let window = tokio::time::sleep(core.settings.counts_window);
            tokio::pin!(window);
            loop {
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = &mut window => break,
                    Some(user) = touched.recv(), if users.len() < WAITING_MAX => {
                        users.insert(user);
                    }
                }
            }
            let users: Vec<String> = users.into_iter().collect();
            for some in users.chunks(AT_ONCE) {
                join_all(some.iter().map(|user| push(&core, user))).await;
                if shutdown.has_begun() {
                    return;
                }
            }
        }
    });
}

async fn push(core: &Core, user: &str) {
    let counted: Result<(), Problem> = async {
        // Nobody's token is at hand here: the groups of the last one that was seen stand for it.
        let groups = store::load(core, user).await?.groups;
        let counts = counts::of(core, user, &groups).await?;
        mark::send(core, user, "counts", &counts).await;
        Ok(())
    }
    .await;
    if let Err(problem) = counted {
        tracing::debug!(code = problem.code(), "counts could not be sent");
    }
}
