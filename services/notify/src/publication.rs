//! Live data on topics: stored in the topic's log, or only sent to whoever watches.

use crate::{core::Core, fields::Flaw, problem};
use fanfare_bus::log::{Append, Expect};
use fanfare_http::Problem;
use fanfare_proto::{
    Channel, Cursor, ErrorCode, Kind, limits, subject,
    wire::{Entry, EntryType, Event},
};
use prost::Message as _;

/// One publication, checked.
#[derive(Debug)]
pub(crate) struct Publication {
    channel: Channel,
    /// JSON as it was sent.
    data: String,
}

/// Where a stored publication stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) n: u64,
    pub(crate) cursor: Cursor,
}

impl Publication {
    /// Checks the channel and the size; `data` is JSON already.
    pub(crate) fn new(channel: &str, data: String) -> Result<Self, Flaw> {
        let channel =
            Channel::parse(channel).map_err(|error| Flaw::bad("channel", error.to_string()))?;
        if channel.kind() != Kind::Topic {
            return Err(Flaw::bad(
                "channel",
                "must be topic:<name>; users and groups are reached with POST /v1/notifications",
            ));
        }
        if data.len() > limits::BODY_BYTES {
            return Err(Flaw::new(
                ErrorCode::TooLarge,
                "data",
                format!(
                    "has {} bytes; {} are the most",
                    data.len(),
                    limits::BODY_BYTES
                ),
            ));
        }
        Ok(Self { channel, data })
    }

    pub(crate) const fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Appends it, once for each `msg_id` if it has one. `user` is shown as its sender; empty: nobody.
    pub(crate) async fn store(
        self,
        core: &Core,
        user: &str,
        msg_id: Option<String>,
        traceparent: &str,
    ) -> Result<Standing, Problem> {
        let entry = Entry {
            r#type: EntryType::Publication.into(),
            created_at_ms: core.clock.now_ms(),
            body: self.data.into_bytes().into(),
            user: user.to_owned(),
            traceparent: traceparent.to_owned(),
            ..Entry::default()
        };
        let append = Append {
            channel: self.channel.clone(),
            msg_id,
            expect: Expect::Any,
            ttl_ms: None,
            payload: entry.encode_to_vec().into(),
            trace: None,
        };
        let timer = core.meters.append_seconds.start_timer();
        let appended = core.handles.log.append(append).await;
        timer.observe_duration();
        let position = appended.map_err(problem::of_log)?.position;
        core.meters.publications.inc();
        let epoch = core.handles.log.epoch(&self.channel);
        Ok(Standing {
            n: position.n,
            cursor: Cursor { epoch, position },
        })
    }

    /// Sends it to whoever watches now. Nobody keeps it; it may be lost.
    pub(crate) async fn send(self, core: &Core) -> Result<(), Problem> {
        let event = Event {
            channel: self.channel.name().to_owned(),
            r#type: "publication".to_owned(),
            data: self.data.into_bytes().into(),
            created_at_ms: core.clock.now_ms(),
            ..Event::default()
        };
        core.handles
            .bus
            .publish(&subject::event(&self.channel), event.encode_to_vec().into())
            .await
            .map_err(|_away| problem::unavailable())?;
        core.meters.publications.inc();
        Ok(())
    }
}
