//! A frame from the server, as far as a reader needs it.

use crate::history::{Change, Id, mention};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) channel: Option<Cow<'a, str>>,
    pub(super) n: Option<u64>,
    #[serde(borrow)]
    pub(super) cursor: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What is read of a frame's data.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) emoji: Option<Cow<'a, str>>,
    /// The message that it is about.
    pub(super) n: u64,
    #[serde(borrow)]
    pub(super) msg_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) extra: Extra<'a>,
    pub(super) recovered: bool,
    pub(super) retry_after_ms: u64,
}

/// Which message mentions its reader.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Extra<'a> {
    #[serde(borrow)]
    room: Cow<'a, str>,
    n: u64,
}

impl Data<'_> {
    /// What the entry is told apart by that a frame of type `kind` brings; `None`: it is one that nobody here has asked for.
    pub(super) fn id(&self, kind: &str) -> Option<Id> {
        let text = |text: &Option<Cow<'_, str>>| Id::from(text.as_deref().unwrap_or_default());
        match kind {
            "notification" if self.msg_type.as_deref() == Some("mention") => {
                Some(mention(&self.extra.room, self.extra.n))
            }
            "notification" | "publication" => Some(text(&self.title)),
            "message" => Some(text(&self.content)),
            "edited" => Some(Change::Edit(text(&self.content)).id(self.n)),
            "deleted" => Some(Change::Delete.id(self.n)),
            "reaction" => Some(Change::React(text(&self.emoji)).id(self.n)),
            _ => None,
        }
    }
}

impl<'a> Frame<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn data(&self) -> Data<'a> {
        let data = self
            .data
            .and_then(|data| serde_json::from_str(data.get()).ok());
        data.unwrap_or_default()
    }
}
