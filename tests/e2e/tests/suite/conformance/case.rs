//! One case of the suite, as data.

use super::agreement::Offer;

/// What is sent on a connection of its own, and what must come back. When the last step leaves the connection open, it
/// is closed, and must end as agreed with nothing unasked before that.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The stable id, whose first number is the group, and a short name: `5.12 continuation-without-start`.
    pub(super) name: String,
    /// What a conforming server does, as a sentence.
    pub(super) rule: String,
    pub(super) offer: Offer,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One write.
    Send(Vec<u8>),
    /// Writes of this many bytes.
    Chop(Vec<u8>, usize),
    Expect(Expected),
}

/// What must come next. Texts have an order among themselves, and so have pongs; neither waits for the other.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// An `echo_response` with this content.
    Echo(String),
    /// An `error` with this code: the message has arrived, and the session goes on.
    Refused(&'static str),
    /// The answer to the last of these pings. Those before it may be answered too, in order (RFC 6455, 5.5.3).
    Pongs(Vec<Vec<u8>>),
    /// The answer to a close, with one of these codes, and the end of the stream.
    Closed(Vec<u16>),
    /// A `disconnect`, a close with one of these codes, and the end of the stream.
    Fails(Vec<u16>),
}

/// How frames are cut into writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delivery {
    Segment,
    Frames,
    Octets,
}

impl Delivery {
    pub(super) const ALL: [Self; 3] = [Self::Segment, Self::Frames, Self::Octets];

    const fn name(self) -> &'static str {
        match self {
            Self::Segment => "in one segment",
            Self::Frames => "a frame at a time",
            Self::Octets => "an octet at a time",
        }
    }
}

pub(super) fn case(name: impl Into<String>, rule: impl Into<String>) -> Case {
    Case {
        name: name.into(),
        rule: rule.into(),
        offer: Offer::default(),
        steps: Vec::new(),
    }
}

/// The same frames, sent in every way a network may deliver them.
pub(super) fn in_every_delivery(
    name: &str,
    rule: &str,
    frames: &[Vec<u8>],
    expected: &[Expected],
) -> [Case; 3] {
    Delivery::ALL.map(|delivery| {
        let name = format!("{name}, {}", delivery.name());
        let case = case(name, rule).deliver(delivery, frames);
        expected.iter().cloned().fold(case, Case::expect)
    })
}

impl Case {
    pub(super) fn offering(self, offer: Offer) -> Self {
        Self { offer, ..self }
    }

    pub(super) fn send(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Send(bytes.into()))
    }

    pub(super) fn chop(self, bytes: impl Into<Vec<u8>>, size: usize) -> Self {
        self.step(Step::Chop(bytes.into(), size))
    }

    pub(super) fn deliver(self, delivery: Delivery, frames: &[Vec<u8>]) -> Self {
        match delivery {
            Delivery::Segment => self.send(frames.concat()),
            Delivery::Frames => frames.iter().cloned().fold(self, Self::send),
            Delivery::Octets => self.chop(frames.concat(), 1),
        }
    }

    pub(super) fn expect(self, expected: Expected) -> Self {
        self.step(Step::Expect(expected))
    }

    pub(super) fn echo(self, content: impl Into<String>) -> Self {
        self.expect(Expected::Echo(content.into()))
    }

    pub(super) fn refused(self, code: &'static str) -> Self {
        self.expect(Expected::Refused(code))
    }

    pub(super) fn pong(self, payload: impl Into<Vec<u8>>) -> Self {
        self.expect(Expected::Pongs(vec![payload.into()]))
    }

    pub(super) fn closed(self, codes: &[u16]) -> Self {
        self.expect(Expected::Closed(codes.to_vec()))
    }

    pub(super) fn fails(self, code: u16) -> Self {
        self.expect(Expected::Fails(vec![code]))
    }

    /// Adds what `add` makes of each item.
    pub(super) fn each<T>(
        self,
        items: impl IntoIterator<Item = T>,
        add: impl FnMut(Self, T) -> Self,
    ) -> Self {
        items.into_iter().fold(self, add)
    }

    /// Whether the last step ends the connection.
    pub(super) fn ends(&self) -> bool {
        matches!(
            self.steps.last(),
            Some(Step::Expect(Expected::Closed(_) | Expected::Fails(_)))
        )
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
