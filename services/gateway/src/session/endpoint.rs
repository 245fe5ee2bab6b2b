//! What a path subscribes at the start.

use fanfare_proto::text::Lang;

/// The path that a client has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Test,
    Notifications,
    Chat,
    Plain,
}

impl Endpoint {
    /// The path, for people.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Test => "/ws/test/",
            Self::Notifications => "/ws/notifications/",
            Self::Chat => "/ws/chat/",
            Self::Plain => "/ws/",
        }
    }

    /// The language of those who ask for none.
    pub(crate) const fn lang(self) -> Lang {
        match self {
            Self::Test | Self::Notifications => Lang::Zh,
            Self::Chat | Self::Plain => Lang::En,
        }
    }
}
