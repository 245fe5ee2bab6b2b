//! Who acts.

use fanfare_proto::wire::Caller;

/// A user, or a backend that does what an owner may in every room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    User {
        id: String,
        /// For people; empty: none.
        name: String,
    },
    Backend {
        /// Of its API key.
        key: String,
    },
}

impl Actor {
    /// The user, when it is one.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } => Some(id),
            Self::Backend { .. } => None,
        }
    }

    /// For people; empty: none.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::User { name, .. } => name,
            Self::Backend { .. } => "",
        }
    }

    /// Who it was, as rooms and audits tell it.
    pub(crate) fn by(&self) -> String {
        match self {
            Self::User { id, .. } => id.clone(),
            Self::Backend { key } => format!("api-key:{key}"),
        }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self::User {
            id: caller.user.clone(),
            name: caller.name.clone(),
        }
    }
}
