//! How `/ws/chat` begins: with the user's own channel, on which he is told of rooms that he joins and leaves from then on;
//! then with the list of his rooms, a page at a time, and each of them.
//!
//! One thing is under way at a time. A connection's replays take turns anyway, and so the client's own calls have room.

use super::{Refusal, Session, Turn};
use crate::{call::Call, message};
use fanfare_proto::{Channel, ErrorCode};
use std::collections::VecDeque;

/// Most pages of rooms that are asked for: 10,000 rooms, which nobody can look through, and a list that never ends does.
const PAGES: u32 = 100;

/// A page of the user's rooms, as the chat service has answered.
#[derive(Debug)]
pub(crate) struct RoomPage {
    /// The frame.
    pub(crate) text: Vec<u8>,
    /// Each room with the cursor up to which the frame says everything.
    pub(crate) rooms: Vec<(Channel, String)>,
    /// Where the next page begins; empty: this was the last.
    pub(crate) next: String,
}

#[derive(Debug)]
pub(super) struct Rooms {
    step: Step,
    /// That were asked for.
    pages: u32,
    /// The user has lost a room since this page was asked for: it may name it still.
    is_doubtful: bool,
    /// More rooms are listed only, not subscribed.
    is_full: bool,
}

#[derive(Debug)]
enum Step {
    /// Until the user's own channel is read.
    Own(Channel),
    /// Until a page is there.
    Page,
    Subscribe {
        /// Being subscribed.
        current: Option<Channel>,
        /// Still to be subscribed: a page at most.
        queue: VecDeque<(Channel, String)>,
        /// As of the page.
        next: String,
        /// The chat service is to be asked about each.
        ask: bool,
    },
}

impl Rooms {
    const fn new(own: Channel) -> Self {
        Self {
            step: Step::Own(own),
            pages: 0,
            is_doubtful: false,
            is_full: false,
        }
    }

    /// The start leaves `channel` alone: somebody else has decided about it. `true` when it was still to be subscribed.
    fn forget(&mut self, channel: &Channel) -> bool {
        let Step::Subscribe { current, queue, .. } = &mut self.step else {
            return false;
        };
        current.take_if(|current| current == channel);
        let before = queue.len();
        queue.retain(|(own, _cursor)| own != channel);
        queue.len() < before
    }
}

impl Session {
    /// Begins with the user's own channel.
    pub(super) fn begin_rooms(&mut self, own: Channel, turn: &mut Turn<'_>) {
        self.aside().rooms = Some(Rooms::new(own.clone()));
        self.subscribe_at_start(own, turn);
        self.go_on(turn);
    }

    /// Whether the session begins by itself, and is not done with it.
    pub(crate) fn is_starting(&self) -> bool {
        self.rooms().is_some()
    }

    /// Whether more of a page's rooms are to be subscribed.
    pub(crate) fn has_rooms_to_come(&self) -> bool {
        let step = self.rooms().map(|rooms| &rooms.step);
        let is_full = self.channels.len() >= self.terms.subscriptions;
        matches!(step, Some(Step::Subscribe { queue, .. }) if !queue.is_empty() && !is_full)
    }

    fn rooms(&self) -> Option<&Rooms> {
        self.aside.as_ref()?.rooms.as_ref()
    }

    fn rooms_mut(&mut self) -> Option<&mut Rooms> {
        self.aside.as_mut()?.rooms.as_mut()
    }

    /// The reading of `channel` has begun: what comes from now on reaches the client.
    pub(crate) fn on_begun(&mut self, channel: &Channel, turn: &mut Turn<'_>) {
        if matches!(self.rooms().map(|rooms| &rooms.step), Some(Step::Own(own)) if own == channel) {
            self.ask_for_page(String::new(), turn);
        }
    }

    /// Somebody else has decided about `channel`. `true` when the start was still to subscribe it.
    pub(super) fn leave_to_client(&mut self, channel: &Channel) -> bool {
        self.rooms_mut().is_some_and(|rooms| rooms.forget(channel))
    }

    /// The user may not read `channel` any more. Whatever read it has ended, and what was to has been given up.
    pub(crate) fn expelled(&mut self, channel: &Channel, turn: &mut Turn<'_>) {
        if let Some(rooms) = self.rooms_mut()
            && matches!(rooms.step, Step::Page)
        {
            rooms.is_doubtful = true;
        }
        if self.remove_channel(channel) {
            turn.send(message::unsubscribed(None, channel, turn.now));
        }
        self.go_on(turn);
    }

    /// `channel` is subscribed, or cannot be. `true` when the start waited for it.
    pub(super) fn settle_room(&mut self, channel: &Channel) -> bool {
        let step = self.rooms_mut().map(|rooms| &mut rooms.step);
        let Some(Step::Subscribe { current, .. }) = step else {
            return false;
        };
        current.take_if(|current| current == channel).is_some()
    }

    /// A page of rooms has come, or cannot be had.
    pub(super) fn listed(&mut self, outcome: Result<RoomPage, Refusal>, turn: &mut Turn<'_>) {
        let page = match outcome {
            Ok(page) => page,
            Err(refusal) => {
                self.refuse(None, &refusal, turn);
                return self.end_rooms();
            }
        };
        turn.send(page.text);
        if let Some(rooms) = self.rooms_mut() {
            let ask = std::mem::take(&mut rooms.is_doubtful);
            rooms.step = Step::Subscribe {
                current: None,
                queue: page.rooms.into(),
                next: page.next,
                ask,
            };
        }
    }

    /// Begins what comes next, if nothing of the start is under way.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>) {
        loop {
            let channels = &self.channels;
            let Some(rooms) = self.aside.as_mut().and_then(|aside| aside.rooms.as_mut()) else {
                return;
            };
            match &mut rooms.step {
                // The client has left it already, or it is not to be had.
                Step::Own(own) if !channels.contains(own) => {
                    return self.ask_for_page(String::new(), turn);
                }
                Step::Own(_) | Step::Page => return,
                Step::Subscribe { current, .. } if current.is_some() => return,
                Step::Subscribe {
                    queue, ask, next, ..
                } => {
                    let ask = *ask;
                    let room = queue.pop_front();
                    if let Some((channel, cursor)) = room.filter(|_| !rooms.is_full) {
                        self.subscribe_room(channel, cursor, ask, turn);
                    } else {
                        let next = std::mem::take(next);
                        return self.ask_for_page(next, turn);
                    }
                }
            }
        }
    }

    /// Asks for the page that begins at `after`, unless the last was there or it would be too many.
    fn ask_for_page(&mut self, after: String, turn: &mut Turn<'_>) {
        let Some(rooms) = self.rooms_mut() else {
            return;
        };
        let is_over = rooms.pages > 0 && after.is_empty();
        if is_over || rooms.pages == PAGES {
            return self.end_rooms();
        }
        rooms.pages += 1;
        rooms.step = Step::Page;
        self.begin_call(Call::Rooms { after }, turn);
    }

    fn subscribe_room(&mut self, channel: Channel, cursor: String, ask: bool, turn: &mut Turn<'_>) {
        let since = self.take_resume(&channel).unwrap_or(cursor);
        let added = self.add_channel(&channel);
        let Some(rooms) = self.rooms_mut() else {
            return;
        };
        match added {
            Ok(true) => {
                if let Step::Subscribe { current, .. } = &mut rooms.step {
                    *current = Some(channel.clone());
                }
                let call = Call::Subscribe {
                    id: None,
                    channel,
                    since: Some(since),
                    presence: false,
                    ask,
                };
                self.begin_call(call, turn);
            }
            // The client was quicker.
            Ok(false) => {}
            Err(_full) => {
                rooms.is_full = true;
                let limit = self.terms.subscriptions;
                let words = format!(
                    "a connection reads at most {limit} channels: only the first of your rooms are subscribed"
                );
                let refusal = Refusal::new(ErrorCode::RateLimited, words);
                self.refuse(None, &refusal, turn);
            }
        }
    }

    fn end_rooms(&mut self) {
        if let Some(aside) = &mut self.aside {
            aside.rooms = None;
        }
        self.end_resume();
    }
}
