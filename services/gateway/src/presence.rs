//! Who is present in a channel, by all gateways. Soft state: nothing of it is stored.
//!
//! A session that subscribes with presence is shown to the channel's others and told who comes and goes; who subscribes
//! without costs nothing here. The shards count such sessions in the [`table`]. The [`keeper`], one task, tells the other
//! gateways when a user's first session comes or his last has gone, hears the same of them ([`peer`]), and keeps the
//! [`view`] of each channel that is watched here. Of a channel that is not, it asks all gateways ([`snapshot`]).
//!
//! What a gateway holds is forgotten when its lease ends, so one that is killed leaves no ghosts.

mod answer;
mod keeper;
mod peer;
mod snapshot;
mod table;
mod view;

use crate::{client::Client, seat::Seat, settings::Settings};
use fanfare_proto::{Channel, ErrorCode, limits, wire::PresenceReply};
pub(crate) use keeper::Keeper;
use snapshot::Snapshots;
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use table::Table;
use tokio::sync::{Notify, mpsc, oneshot};

/// Questions that wait for the keeper. Whoever asks waits when it is full.
const QUESTIONS: usize = 1_024;

/// Longest that a session waits until a channel's view is there.
const VIEW_WAIT: Duration = Duration::from_secs(5);

/// How long all gateways together have to answer.
const GATHER_WAIT: Duration = Duration::from_millis(500);

/// How a reader of a channel watches its presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    No,
    /// It is told who comes and goes, and not shown itself.
    Unseen,
    /// It is told, and shown to the channel's others.
    Seen,
}

/// What the rest of the node sees.
pub(crate) struct Presence {
    table: Mutex<Table>,
    /// The table has something to tell.
    changed: Notify,
    questions: mpsc::Sender<Question>,
    snapshots: Snapshots,
    /// How many gateways answer a question to all; [`usize::MAX`]: not known.
    expected: AtomicUsize,
    /// More users of a channel are counted only.
    users_max: usize,
}

/// What the keeper is asked.
#[derive(Debug)]
pub(crate) enum Question {
    /// Who is present? The keeper tells the asker's session, in order with what it tells of changes, and then answers
    /// `true`; `false` when the channel is not watched here.
    Present(Asker, oneshot::Sender<bool>),
    /// Who is present by this node? Another gateway asks.
    Held(Vec<String>, oneshot::Sender<PresenceReply>),
    /// The node leaves: all its sessions have.
    Goodbye(oneshot::Sender<()>),
}

/// A session that asks.
#[derive(Debug)]
pub(crate) struct Asker {
    seat: Seat,
    /// Of its frame.
    id: Option<String>,
    channel: Channel,
}

impl Presence {
    pub(crate) fn new(settings: &Settings) -> (Self, mpsc::Receiver<Question>) {
        let (questions, receiver) = mpsc::channel(QUESTIONS);
        let presence = Self {
            table: Mutex::new(Table::new(settings.presence_leave)),
            changed: Notify::new(),
            questions,
            snapshots: Snapshots::default(),
            expected: AtomicUsize::new(usize::MAX),
            users_max: settings.presence_users.clamp(1, limits::PRESENT_USERS),
        };
        (presence, receiver)
    }

    /// A session has begun to watch `channel`, which is in the hub's slot `place.0`, on shard `place.1`; `shown`: as this
    /// user with this name.
    pub(crate) fn began(&self, channel: &Channel, place: (u32, u16), shown: Option<(&str, &str)>) {
        match shown {
            Some((user, name)) => self.table().began(channel, place, user, name),
            None => self.table().began_unseen(channel, place),
        }
        self.changed.notify_one();
    }

    /// A session on `shard`, which was `shown` as this user, watches `channel` no more.
    pub(crate) fn ended(&self, channel: &Channel, shard: u16, shown: Option<&str>) {
        match shown {
            Some(user) => self.table().ended(channel, shard, user),
            None => self.table().ended_unseen(channel, shard),
        }
        self.changed.notify_one();
    }

    /// Tells `client` who is present in `channel`, as the answer to its frame `id`. Cancel safe.
    ///
    /// # Errors
    ///
    /// Nobody can say now.
    pub(crate) async fn answer(
        &self,
        client: &Client,
        id: Option<&str>,
        channel: &Channel,
    ) -> Result<(), ErrorCode> {
        let asker = Asker {
            seat: client.seat,
            id: id.map(str::to_owned),
            channel: channel.clone(),
        };
        let asked = self.ask(|answered| Question::Present(asker, answered));
        match tokio::time::timeout(VIEW_WAIT, asked).await {
            Ok(Some(true)) => return Ok(()),
            Ok(Some(false)) => {}
            Ok(None) | Err(_) => return Err(ErrorCode::Unavailable),
        }
        let answer = self.snapshots.of(&client.node, channel).await?;
        let timestamp = client.node.timestamp();
        let text = answer.frame("presence_response", id, channel, timestamp);
        client.send_text(text).await;
        Ok(())
    }

    /// Tells the other gateways that this one leaves. They keep its users for as long as a user without a session stays
    /// present, so that those who go to another gateway are not missed.
    pub(crate) async fn say_goodbye(&self) {
        if self.ask(Question::Goodbye).await.is_none() {
            tracing::debug!("nobody was told that this gateway leaves");
        }
    }

    /// `None` when the keeper has ended.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(question(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Nothing is awaited, and no other lock taken, under it.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many gateways answer a question to all.
    fn expected(&self) -> usize {
        self.expected.load(Ordering::Relaxed)
    }
}
