//! Whom a notification is for.

use crate::fields::{Fields, Flaw};
use fanfare_proto::{Channel, ErrorCode, Kind, limits};
use std::collections::BTreeSet;

/// Reads `to`: the channels in the order they were named, each once.
pub(crate) fn channels(fields: &Fields<'_>) -> Result<Vec<Channel>, Flaw> {
    let to = fields
        .object("to")?
        .ok_or_else(|| Flaw::bad("to", "is missing; name users, groups or topics, or all"))?;
    let mut channels = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, kind) in [
        ("users", Kind::User),
        ("groups", Kind::Group),
        ("topics", Kind::Topic),
    ] {
        for (index, raw) in to.list(name, limits::ADDRESSEES)?.iter().enumerate() {
            let flaw = |why: String| Flaw::bad(format!("to.{name}[{index}]"), why);
            let id: String =
                serde_json::from_str(raw.get()).map_err(|_shape| flaw("must be a text".into()))?;
            let channel = Channel::new(kind, &id).map_err(|error| flaw(error.to_string()))?;
            if seen.insert(channel.clone()) {
                channels.push(channel);
            }
        }
    }
    if to.boolean("all")? == Some(true) {
        channels.push(Channel::all());
    }
    match channels.len() {
        0 => Err(Flaw::bad(
            "to",
            "names nobody; give users, groups or topics, or all: true",
        )),
        1..=limits::ADDRESSEES => Ok(channels),
        _ => Err(Flaw::new(
            ErrorCode::TooLarge,
            "to",
            format!("names more than {} addressees", limits::ADDRESSEES),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(to: &str) -> Result<Vec<String>, String> {
        let text = format!("{{\"to\":{to}}}");
        let fields = Fields::parse(&text).map_err(|flaw| flaw.detail())?;
        channels(&fields)
            .map(|channels| channels.iter().map(ToString::to_string).collect())
            .map_err(|flaw| flaw.detail())
    }

    #[test]
    fn everybody_named_is_addressed_once() {
        assert_eq!(
            read(r#"{"users":["7","8","7"],"groups":["ops"],"topics":["a:b"],"all":true}"#),
            Ok(["user:7", "user:8", "group:ops", "topic:a:b", "all"]
                .map(String::from)
                .into())
        );
    }

    #[test]
    fn hostile_addressees_are_refused_by_place() {
        for (to, begin) in [
            ("{}", "to: names nobody"),
            ("null", "to: is missing"),
            ("[]", "to: must be a JSON object"),
            (r#"{"all":false}"#, "to: names nobody"),
            (r#"{"all":1}"#, "to.all: must be true or false"),
            (r#"{"users":"7"}"#, "to.users: must be a list"),
            (r#"{"users":[7]}"#, "to.users[0]: must be a text"),
            (r#"{"users":["a",""]}"#, "to.users[1]: an id is"),
            (r#"{"users":["a b"]}"#, "to.users[0]: an id is"),
            (r#"{"groups":["*"]}"#, "to.groups[0]: an id is"),
            (r#"{"topics":[">"]}"#, "to.topics[0]: an id is"),
            (r#"{"users":["a\u0000"]}"#, "to.users[0]: an id is"),
            (r#"{"users":["a/b"]}"#, "to.users[0]: an id is"),
        ] {
            let flaw = read(to).unwrap_err();
            assert!(flaw.starts_with(begin), "{to}: {flaw}");
        }
    }

    #[test]
    fn the_number_of_addressees_is_bounded() {
        let ids = |from: usize, count: usize| {
            let ids = (from..from + count).map(|id| format!("\"{id}\""));
            ids.collect::<Vec<_>>().join(",")
        };
        assert_eq!(
            read(&format!("{{\"users\":[{}]}}", ids(0, 1_000))).map(|all| all.len()),
            Ok(1_000)
        );
        assert!(read(&format!("{{\"users\":[{}]}}", ids(0, 1_001))).is_err());
        assert!(
            read(&format!("{{\"users\":[{}],\"all\":true}}", ids(0, 1_000)))
                .unwrap_err()
                .contains("more than 1000")
        );
    }
}
