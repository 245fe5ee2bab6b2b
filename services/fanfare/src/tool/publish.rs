//! `fanfare publish`.

use super::api::Api;
use crate::{Failure, cli, output};
use fanfare_proto::{Channel, channel::Kind};
use serde_json::{Map, Value, json};

/// Publishes, and prints the server's answer.
pub(crate) async fn run(options: cli::Publish) -> Result<(), Failure> {
    let api = Api::new(&options.server)?;
    let data = options
        .data
        .as_deref()
        .map(serde_json::from_str::<Value>)
        .transpose()
        .map_err(|error| Failure::usage(format!("--data is not JSON: {error}")))?;
    let (path, body) = match &options.topic {
        Some(topic) => {
            let channel = Channel::new(Kind::Topic, topic)
                .map_err(|error| Failure::usage(format!("--topic {topic:?}: {error}")))?;
            ("/v1/publish", json!({"channel": channel, "data": data}))
        }
        None => ("/v1/notifications", notification(&options, data)),
    };
    let answer = api
        .post(path, &body, options.idempotency_key.as_deref())
        .await?;
    output::line(&answer.to_string());
    Ok(())
}

fn notification(options: &cli::Publish, data: Option<Value>) -> Value {
    let mut to = Map::new();
    if !options.user.is_empty() {
        to.insert("users".into(), json!(options.user));
    }
    if !options.group.is_empty() {
        to.insert("groups".into(), json!(options.group));
    }
    if options.all {
        to.insert("all".into(), json!(true));
    }
    let mut body = json!({"to": to, "title": options.title, "level": options.level});
    if let Some(content) = &options.content {
        body["content"] = json!(content);
    }
    if let Some(data) = data {
        body["data"] = data;
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Parser as _, error::ErrorKind};

    fn parse(arguments: &[&str]) -> Result<cli::Publish, clap::Error> {
        let arguments = ["fanfare", "publish"].iter().chain(arguments);
        match cli::Cli::try_parse_from(arguments)?.command {
            Some(cli::Command::Publish(publish)) => Ok(publish),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_topic_asks_for_data_and_for_nothing_else() {
        let error = parse(&["--topic", "x"]).unwrap_err().to_string();
        assert!(
            error.contains("--data") && !error.contains("<TITLE>"),
            "{error}"
        );
        assert!(parse(&["--topic", "x", "--data", "1"]).is_ok());
    }

    #[test]
    fn what_only_a_notification_has_conflicts_with_a_topic() {
        for extra in [
            &["Title"][..],
            &["--level", "error"],
            &["--content", "c"],
            &["--group", "ops"],
        ] {
            let arguments = [&["--topic", "x", "--data", "1"], extra].concat();
            let error = parse(&arguments).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{error}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_no_topic_is_told_by_its_option() {
        let options = parse(&[
            "--topic",
            "pri ces",
            "--data",
            "1",
            "--api-key",
            "k",
            "--url",
            "http://127.0.0.1:1",
        ]);
        let Err(Failure::Usage(text)) = run(options.unwrap()).await else {
            panic!("it was taken");
        };
        assert!(text.contains("--topic \"pri ces\""), "{text}");
    }
}
