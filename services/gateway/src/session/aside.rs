//! What few sessions have, or most only for a moment: kept aside, so that the others do not pay for it.

use super::{Session, rooms::Rooms, typing::Typing};
use fanfare_proto::Channel;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Aside {
    /// Where the client left off, for channels that are subscribed at the start. Empty once they are.
    pub(super) resume: HashMap<Channel, String>,
    /// While `/ws/chat` begins.
    pub(super) rooms: Option<Rooms>,
    pub(super) typing: Typing,
}

impl Aside {
    fn is_empty(&self) -> bool {
        self.resume.is_empty() && self.rooms.is_none() && self.typing.is_empty()
    }
}

impl Session {
    pub(super) fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// Gives up what is empty.
    pub(super) fn tidy(&mut self) {
        self.aside.take_if(|aside| aside.is_empty());
    }

    /// Takes where the client left off in `channel`.
    pub(super) fn take_resume(&mut self, channel: &Channel) -> Option<String> {
        self.aside.as_mut()?.resume.remove(channel)
    }

    /// Nothing more is subscribed by itself: where the client left off elsewhere is of no use.
    pub(super) fn end_resume(&mut self) {
        if let Some(aside) = &mut self.aside {
            aside.resume.clear();
        }
        self.tidy();
    }
}
