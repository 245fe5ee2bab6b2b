//! Reads a JSON object field by field, so that an error can say which field is wrong and why.
#![expect(
    clippy::missing_errors_doc,
    reason = "each reader answers a `Flaw`, as `Fields` says"
)]

use fanfare_http::Problem;
use fanfare_proto::{ErrorCode, json};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Most bytes of an explanation. Answers to batches hold a thousand of them.
const WHY_BYTES: usize = 160;

/// One thing that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What kind of error it is.
    pub code: ErrorCode,
    /// A path such as `to.users[3]`; empty: the message itself.
    pub field: String,
    /// For people; at most 160 bytes.
    pub why: String,
}

impl Flaw {
    /// A flaw of `field`; `why` goes on where the field's name ends ("must be …").
    pub fn new(code: ErrorCode, field: impl Into<String>, why: impl Into<String>) -> Self {
        let mut why = why.into();
        if why.len() > WHY_BYTES {
            let end = (0..=WHY_BYTES).rev().find(|at| why.is_char_boundary(*at));
            why.truncate(end.unwrap_or_default());
        }
        Self {
            code,
            field: field.into(),
            why,
        }
    }

    /// A flaw of shape or range.
    pub fn bad(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadMessage, field, why)
    }

    /// The field and the reason, for people.
    pub fn detail(&self) -> String {
        if self.field.is_empty() {
            self.why.clone()
        } else {
            format!("{}: {}", self.field, self.why)
        }
    }
}

impl From<Flaw> for Problem {
    fn from(flaw: Flaw) -> Self {
        Self::new(flaw.code, flaw.detail())
    }
}

/// The fields of one object. Each reader answers a [`Flaw`] that names the field when it is not what it must be. `null` is the same as absent; what nobody asks for is ignored; of a field that is
/// there twice the last counts.
pub struct Fields<'a> {
    fields: BTreeMap<String, &'a RawValue>,
    /// Put in front of names in flaws.
    path: String,
}

impl<'a> Fields<'a> {
    /// Reads `text`, an object.
    pub fn parse(text: &'a str) -> Result<Self, Flaw> {
        Self::parse_at(text, String::new())
    }

    fn parse_at(text: &'a str, path: String) -> Result<Self, Flaw> {
        let name = path.trim_end_matches('.');
        if !json::is_shallow(text) {
            return Err(Flaw::new(ErrorCode::BadJson, name, "is nested too deeply"));
        }
        if !json::is_object(text) {
            return Err(Flaw::bad(name, "must be a JSON object"));
        }
        let fields = serde_json::from_str(text).map_err(|error| {
            Flaw::new(ErrorCode::BadJson, name, format!("is not JSON: {error}"))
        })?;
        Ok(Self { fields, path })
    }

    fn flaw(&self, name: &str, why: impl Into<String>) -> Flaw {
        Flaw::bad(format!("{}{name}", self.path), why)
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields
            .get(name)
            .copied()
            .filter(|value| value.get() != "null")
    }

    /// The value exactly as sent, which every client can read; `null` is as good as absent.
    pub fn value(&self, name: &str) -> Result<Option<&'a RawValue>, Flaw> {
        match self.raw(name) {
            Some(value) if !json::is_portable(value.get()) => Err(self.flaw(
                name,
                "holds half a surrogate pair or a number beyond a double, which not every client can read",
            )),
            value => Ok(value),
        }
    }

    fn typed<T: DeserializeOwned>(&self, name: &str, what: &str) -> Result<Option<T>, Flaw> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_shape| self.flaw(name, format!("must be {what}")))
    }

    /// A text of at most `max` characters; an empty one is the same as absent.
    pub fn text(&self, name: &str, max: usize) -> Result<Option<String>, Flaw> {
        let text: Option<String> = self.typed(name, "a text")?;
        match text {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) if text.chars().nth(max).is_some() => {
                Err(self.flaw(name, format!("has more than {max} characters")))
            }
            text => Ok(text),
        }
    }

    /// A text without control characters, for keys that are compared.
    pub fn key(&self, name: &str, max: usize) -> Result<Option<String>, Flaw> {
        let text = self.text(name, max)?;
        match text {
            Some(text) if text.chars().any(char::is_control) => {
                Err(self.flaw(name, "must not hold control characters"))
            }
            text => Ok(text),
        }
    }

    /// An address that is safe to follow: a path of the site itself, or http(s).
    pub fn link(&self, name: &str, max: usize) -> Result<Option<String>, Flaw> {
        let is_safe = |link: &str| {
            let lower = link.to_ascii_lowercase();
            let path = lower.starts_with('/') && !lower.starts_with("//");
            let address = lower
                .strip_prefix("https://")
                .or_else(|| lower.strip_prefix("http://"));
            let host = address.is_some_and(|rest| rest.starts_with(|first| !"/?#".contains(first)));
            // Browsers read a backslash as a slash, and skip control characters.
            let odd = |character: char| character == '\\' || character.is_control();
            (path || host) && !link.contains(odd)
        };
        match self.key(name, max)? {
            Some(link) if !is_safe(&link) => Err(self.flaw(
                name,
                "must begin with https://, http:// or a single / (a page of your own site)",
            )),
            link => Ok(link),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Flaw> {
        self.typed(name, "true or false")
    }

    /// A whole number in `range`.
    pub fn integer(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Flaw> {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        match self.typed::<u64>(name, &what)? {
            Some(number) if !range.contains(&number) => {
                Err(self.flaw(name, format!("must be {what}")))
            }
            number => Ok(number),
        }
    }

    /// One of `names`, as its place among them.
    pub fn one_of(&self, name: &str, names: &[&str]) -> Result<Option<usize>, Flaw> {
        let what = format!("one of {}", names.join(", "));
        let Some(text) = self.typed::<String>(name, &what)? else {
            return Ok(None);
        };
        names
            .iter()
            .position(|own| *own == text)
            .map(Some)
            .ok_or_else(|| self.flaw(name, format!("must be {what}")))
    }

    /// The values of a list of at most `max`.
    pub fn list(&self, name: &str, max: usize) -> Result<Vec<Box<RawValue>>, Flaw> {
        let list: Vec<Box<RawValue>> = self.typed(name, "a list")?.unwrap_or_default();
        if list.len() > max {
            return Err(self.flaw(name, format!("has more than {max} entries")));
        }
        Ok(list)
    }

    /// An object inside this one.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Flaw> {
        self.raw(name)
            .map(|raw| Self::parse_at(raw.get(), format!("{}{name}.", self.path)))
            .transpose()
    }

    /// The object at place `index` of the list `name`, whose text is `raw`.
    pub fn entry<'b>(
        &self,
        name: &str,
        index: usize,
        raw: &'b RawValue,
    ) -> Result<Fields<'b>, Flaw> {
        Fields::parse_at(raw.get(), format!("{}{name}[{index}].", self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_names_the_field_and_the_reason() {
        let fields = Fields::parse(
            r#"{"a":7,"b":"xyz","c":9,"d":{"e":true},"f":"up","g":"javascript:alert(1)","h":"//evil"}"#,
        )
        .unwrap();
        let inner = fields.object("d").unwrap().unwrap();
        for (flaw, detail) in [
            (fields.text("a", 9).unwrap_err(), "a: must be a text"),
            (
                fields.text("b", 2).unwrap_err(),
                "b: has more than 2 characters",
            ),
            (
                fields.integer("c", 1..=5).unwrap_err(),
                "c: must be a whole number from 1 to 5",
            ),
            (inner.text("e", 1).unwrap_err(), "d.e: must be a text"),
            (
                fields.one_of("f", &["x", "y"]).unwrap_err(),
                "f: must be one of x, y",
            ),
        ] {
            assert_eq!(flaw.detail(), detail);
        }
        assert!(fields.link("g", 99).is_err());
        assert!(fields.link("h", 99).is_err());
        for (link, is_safe) in [
            (r"/\\evil.example", false),
            (r"https://", false),
            (r"https:///x", false),
            (r"/a\u0009b", false),
            (r"/a?b#c", true),
            (r"https://good.example/x", true),
        ] {
            let text = format!(r#"{{"link":"{link}"}}"#);
            let fields = Fields::parse(&text).unwrap();
            assert_eq!(fields.link("link", 99).is_ok(), is_safe, "{link}");
        }
    }

    #[test]
    fn null_is_absent_and_the_last_of_two_counts() {
        let fields = Fields::parse(r#"{"a":null,"b":1,"b":2}"#).unwrap();
        assert_eq!(fields.text("a", 9), Ok(None));
        assert_eq!(fields.integer("b", 0..=9), Ok(Some(2)));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        for text in ["[]", "7", "\"x\"", "", "{\"a\":", &deep] {
            assert!(Fields::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_explanation_is_bounded() {
        assert!(Flaw::bad("x", "é".repeat(1_000)).why.len() <= WHY_BYTES);
    }
}
