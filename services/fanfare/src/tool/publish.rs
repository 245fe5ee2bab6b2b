//! `fanfare publish`.

use super::api::Api;
use crate::{Failure, cli, output};
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
        Some(topic) => (
            "/v1/publish",
            json!({"channel": format!("topic:{topic}"), "data": data}),
        ),
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
