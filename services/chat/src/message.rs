//! What a user writes: checked, and as the room's log holds it.

use crate::{actor::Actor, mention};
use fanfare_http::Problem;
use fanfare_proto::{
    ErrorCode, Timestamp, channel, json,
    wire::{Entry, EntryType},
};
use fanfare_service::{Fields, Flaw, hash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a message: what is longer is a document.
pub(crate) const CONTENT_CHARS: usize = 4_000;
/// Longest text that is read at all, in characters: [`content`] says of a shorter one that it is too long.
pub(crate) const CONTENT_READ_CHARS: usize = 1 << 20;
/// Most attachments of a message.
const ATTACHMENTS: usize = 10;
/// Largest ordinal and size that JavaScript reads exactly.
const WHOLE: u64 = (1 << 53) - 1;

/// A link to a file that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Attachment {
    /// Begins with `https://`, `http://` or a single `/`.
    #[schema(max_length = 2_048)]
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub(crate) name: Option<String>,
    /// Its media type, such as `image/png`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub(crate) media_type: Option<String>,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
}

/// A message as its sender wrote it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) content: String,
    pub(crate) reply_to: Option<u64>,
    pub(crate) attachments: Vec<Attachment>,
    /// Users the publisher names, and nobody else whom the text seems to.
    pub(crate) mentions: Option<Vec<String>>,
}

/// The object of `data` as it is stored, without `n`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) client_id: String,
    pub(crate) user: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    pub(crate) content: String,
    pub(crate) created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<u64>,
    /// The first message of the thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attachment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<String>,
}

impl Message {
    /// Reads a message from JSON: a text, or an object with `content`.
    ///
    /// # Errors
    ///
    /// The flaw names the field.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        if !json::is_object(text) {
            let content: String = serde_json::from_str(text)
                .map_err(|_shape| Flaw::bad("content", "must be a text"))?;
            return Self::plain(&content);
        }
        let fields = Fields::parse(text)?;
        let message = Self {
            content: fields
                .text("content", CONTENT_READ_CHARS)?
                .unwrap_or_default(),
            reply_to: fields.integer("reply_to", 1..=WHOLE)?,
            attachments: attachments(&fields)?,
            mentions: mentions(&fields)?,
        };
        message.checked()
    }

    fn plain(content: &str) -> Result<Self, Flaw> {
        let message = Self {
            content: content.to_owned(),
            reply_to: None,
            attachments: Vec::new(),
            mentions: None,
        };
        message.checked()
    }

    fn checked(mut self) -> Result<Self, Flaw> {
        if self.attachments.is_empty() || !self.content.is_empty() {
            self.content = content(&self.content)?;
        }
        Ok(self)
    }

    /// Whom it mentions, before it is known who of them is a member.
    pub(crate) fn candidates(&self) -> Vec<String> {
        match &self.mentions {
            Some(named) => named.clone(),
            None => mention::candidates(&self.content),
        }
    }

    /// The entry that holds it.
    pub(crate) fn entry(&self, sender: &Sender<'_>) -> Result<Entry, Problem> {
        let (user, name) = match sender.actor {
            Actor::User { id, name } => (id.clone(), name.clone()),
            Actor::Backend { .. } => (sender.actor.by(), String::new()),
        };
        let body = Body {
            id: sender.id()?,
            client_id: sender.client_id.to_owned(),
            user: user.clone(),
            name,
            content: self.content.clone(),
            created_at: Timestamp::from_ms(sender.now_ms).to_string(),
            reply_to: self.reply_to,
            thread: sender.thread,
            attachments: self.attachments.clone(),
            mentions: sender.mentions.to_vec(),
        };
        Ok(Entry {
            r#type: EntryType::Message.into(),
            id: body.id.clone(),
            created_at_ms: sender.now_ms,
            body: serde_json::to_vec(&body).unwrap_or_default().into(),
            user,
            traceparent: sender.traceparent.to_owned(),
            ..Entry::default()
        })
    }
}

/// Who sends a message, and what is known of it then.
pub(crate) struct Sender<'a> {
    pub(crate) actor: &'a Actor,
    /// Empty: not idempotent.
    pub(crate) client_id: &'a str,
    pub(crate) now_ms: i64,
    pub(crate) thread: Option<u64>,
    /// Members.
    pub(crate) mentions: &'a [String],
    pub(crate) traceparent: &'a str,
}

impl Sender<'_> {
    /// The same for the same `client_id` of the same sender.
    fn id(&self) -> Result<String, Problem> {
        let mut id = match once(self.actor, "message", self.client_id) {
            Some(id) => id,
            None => hash::hex(&hash::random()?),
        };
        id.truncate(32);
        Ok(id)
    }
}

/// What the log and records know a request by that may come again; `None`: it may not.
pub(crate) fn once(actor: &Actor, what: &str, client_id: &str) -> Option<String> {
    let by = actor.by();
    let parts = [by.as_bytes(), what.as_bytes(), client_id.as_bytes()];
    (!client_id.is_empty()).then(|| hash::hex_of(&parts))
}

/// The text of a message, without blanks around it.
///
/// # Errors
///
/// It is empty, too long, or holds control characters.
pub(crate) fn content(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Flaw::bad("content", "is empty"));
    }
    if text.chars().nth(CONTENT_CHARS).is_some() {
        let why = format!("has more than {CONTENT_CHARS} characters");
        return Err(Flaw::new(ErrorCode::TooLarge, "content", why));
    }
    let is_odd = |character: char| character.is_control() && !"\n\t\r".contains(character);
    if text.contains(is_odd) {
        return Err(Flaw::bad("content", "must not hold control characters"));
    }
    Ok(text.to_owned())
}

fn attachments(fields: &Fields<'_>) -> Result<Vec<Attachment>, Flaw> {
    let list = fields.list("attachments", ATTACHMENTS)?;
    list.iter()
        .enumerate()
        .map(|(index, raw)| {
            let entry = fields.entry("attachments", index, raw)?;
            let url = entry.link("url", 2_048)?;
            Ok(Attachment {
                url: url
                    .ok_or_else(|| Flaw::bad(format!("attachments[{index}].url"), "is missing"))?,
                name: entry.key("name", 256)?,
                media_type: entry.key("type", 128)?,
                size: entry.integer("size", 0..=WHOLE)?,
            })
        })
        .collect()
}

fn mentions(fields: &Fields<'_>) -> Result<Option<Vec<String>>, Flaw> {
    let list = fields.list("mentions", mention::MENTIONS)?;
    if list.is_empty() {
        return Ok(None);
    }
    let named: Result<Vec<String>, Flaw> = list
        .iter()
        .enumerate()
        .map(|(index, raw)| {
            let id: Option<String> = serde_json::from_str(raw.get()).ok();
            id.filter(|id| channel::is_id(id))
                .ok_or_else(|| Flaw::bad(format!("mentions[{index}]"), "must be a user's id"))
        })
        .collect();
    named.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_and_an_object_are_messages() {
        assert_eq!(Message::parse(r#"" hi ""#).unwrap().content, "hi");
        let message = Message::parse(
            r#"{"content":"look","reply_to":3,"mentions":["bob"],
                "attachments":[{"url":"https://x.example/a.png","type":"image/png","size":7}]}"#,
        )
        .unwrap();
        assert_eq!(message.reply_to, Some(3));
        assert_eq!(message.candidates(), ["bob"]);
        assert_eq!(message.attachments[0].size, Some(7));
        let alone = r#"{"attachments":[{"url":"/a.png"}]}"#;
        assert_eq!(Message::parse(alone).unwrap().content, "");
    }

    #[test]
    fn what_is_no_message_names_the_field() {
        let long = format!("\"{}\"", "x".repeat(CONTENT_CHARS + 1));
        for (text, field) in [
            ("7", "content"),
            ("\"\"", "content"),
            ("\"  \\n \"", "content"),
            ("\"a\\u0000b\"", "content"),
            ("{}", "content"),
            (r#"{"content":7}"#, "content"),
            (r#"{"content":"x","reply_to":0}"#, "reply_to"),
            (r#"{"content":"x","mentions":["a b"]}"#, "mentions[0]"),
            (
                r#"{"attachments":[{"url":"javascript:alert(1)"}]}"#,
                "attachments[0].url",
            ),
            (r#"{"attachments":[{}]}"#, "attachments[0].url"),
            (&long, "content"),
        ] {
            assert_eq!(Message::parse(text).unwrap_err().field, field, "{text}");
        }
    }

    #[test]
    fn the_same_client_id_is_the_same_request_for_one_sender_and_kind_only() {
        let user = |id: &str| Actor::User {
            id: id.to_owned(),
            name: String::new(),
        };
        let known = once(&user("a"), "message", "1");
        assert_eq!(known, once(&user("a"), "message", "1"));
        assert_ne!(known, once(&user("b"), "message", "1"));
        assert_ne!(known, once(&user("a"), "edit", "1"));
        assert_eq!(once(&user("a"), "message", ""), None);
    }
}
