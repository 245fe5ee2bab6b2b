//! `fanfare listen`: prints what arrives, comes back by itself, and misses nothing.

use super::api::{Api, Mint};
use crate::{Failure, cli, output};
use fanfare_proto::CloseCode;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio_tungstenite::tungstenite::{
    Message, client::IntoClientRequest as _, protocol::CloseFrame,
    protocol::frame::coding::CloseCode as WireCode,
};

/// First wait before coming back; doubles, up to [`BACKOFF_MAX_MS`]. What is waited is anything up to it.
const BACKOFF_MIN_MS: u64 = 500;
const BACKOFF_MAX_MS: u64 = 20_000;

/// A session that lasted this long was a good one: the next wait is short again.
const GOOD: Duration = Duration::from_secs(5);

/// Without a byte for this long the server is gone: it pings every 25 s.
const SILENCE: Duration = Duration::from_secs(70);

/// Of a minted token.
const TOKEN_TTL_SECONDS: u64 = 12 * 3_600;

/// How a session ended.
enum Ended {
    /// As many publications as were asked for have come.
    Enough,
    /// Come back, after this at least.
    Lost { why: String, retry_after_ms: u64 },
    /// The token is no longer good.
    Unauthorized,
    /// The server says to stay away.
    Stop(String),
}

struct Listener {
    options: cli::Listen,
    api: Api,
    token: String,
    /// Where each channel stands.
    cursors: BTreeMap<String, String>,
    left: Option<usize>,
}

/// Listens until as much as was asked for has come, or for ever.
pub(crate) async fn run(options: cli::Listen) -> Result<(), Failure> {
    let api = Api::new(&options.server)?;
    let mut cursors = BTreeMap::new();
    for since in &options.since {
        let (channel, cursor) = since.split_once('~').ok_or_else(|| {
            Failure::usage(format!("--since takes CHANNEL~CURSOR, not {since:?}"))
        })?;
        cursors.insert(channel.to_owned(), cursor.to_owned());
    }
    let left = options.count;
    let mut listener = Listener {
        options,
        api,
        token: String::new(),
        cursors,
        left,
    };
    listener.token = listener.fresh_token().await?;
    listener.listen().await
}

impl Listener {
    async fn listen(&mut self) -> Result<(), Failure> {
        let mut backoff_ms = BACKOFF_MIN_MS;
        let mut refreshed = false;
        loop {
            let begun = tokio::time::Instant::now();
            let ended = self.session().await;
            if begun.elapsed() >= GOOD {
                backoff_ms = BACKOFF_MIN_MS;
                refreshed = false;
            }
            let (why, retry_after_ms) = match ended {
                Ended::Enough => return Ok(()),
                Ended::Stop(why) => return Err(Failure::Work(why)),
                Ended::Unauthorized if refreshed || self.options.user.is_none() => {
                    return Err(Failure::work("the server does not accept the token"));
                }
                Ended::Unauthorized => {
                    refreshed = true;
                    self.token = self.fresh_token().await?;
                    continue;
                }
                Ended::Lost {
                    why,
                    retry_after_ms,
                } => (why, retry_after_ms),
            };
            let wait_ms = retry_after_ms.max(jitter(backoff_ms));
            output::aside(&format!("({why}; back in {wait_ms} ms)"));
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            backoff_ms = (backoff_ms * 2).min(BACKOFF_MAX_MS);
        }
    }

    async fn fresh_token(&self) -> Result<String, Failure> {
        if let Some(token) = &self.options.token {
            return Ok(token.clone());
        }
        let read = |channel: &String| (channel.clone(), "r".to_owned());
        let mint = Mint {
            user: self.options.user.clone().unwrap_or_default(),
            groups: self.options.groups.clone(),
            channels: self.options.channel.iter().map(read).collect(),
            ttl_seconds: TOKEN_TTL_SECONDS,
        };
        self.api.mint(&mint).await
    }

    async fn session(&mut self) -> Ended {
        let lost = |why: String| Ended::Lost {
            why,
            retry_after_ms: 0,
        };
        let mut request = match self.address().into_client_request() {
            Ok(request) => request,
            Err(error) => return Ended::Stop(error.to_string()),
        };
        match format!("Bearer {}", self.token).parse() {
            Ok(value) => request.headers_mut().insert("authorization", value),
            Err(_characters) => {
                return Ended::Stop("the token has characters that no token has".to_owned());
            }
        };
        let (mut socket, _response) = match tokio_tungstenite::connect_async(request).await {
            Ok(connected) => connected,
            Err(error) => return lost(format!("cannot connect: {error}")),
        };
        for channel in &self.options.channel {
            let mut frame = json!({"type": "subscribe", "channel": channel});
            if let Some(cursor) = self.cursors.get(channel) {
                frame["since"] = json!(cursor);
            }
            if let Err(error) = socket.send(Message::text(frame.to_string())).await {
                return lost(error.to_string());
            }
        }
        let mut retry_after_ms = 0;
        loop {
            let message = match tokio::time::timeout(SILENCE, socket.next()).await {
                Err(_elapsed) => return lost("the server is silent".to_owned()),
                Ok(None) => {
                    return Ended::Lost {
                        why: "the connection broke".to_owned(),
                        retry_after_ms,
                    };
                }
                Ok(Some(Err(error))) => {
                    return Ended::Lost {
                        why: error.to_string(),
                        retry_after_ms,
                    };
                }
                Ok(Some(Ok(message))) => message,
            };
            match message {
                Message::Text(text) => {
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else {
                        continue;
                    };
                    if frame["type"] == "disconnect" {
                        retry_after_ms = frame["data"]["retry_after_ms"].as_u64().unwrap_or(0);
                    }
                    if self.take(&text, &frame) {
                        return Ended::Enough;
                    }
                }
                Message::Close(close) => return ended(close, retry_after_ms),
                _ => {}
            }
        }
    }

    /// The inbox's endpoint, with the cursors of what it subscribes by itself.
    fn address(&self) -> String {
        let base = self
            .api
            .url()
            .as_str()
            .trim_end_matches('/')
            .replacen("http", "ws", 1);
        let since: Vec<String> = self
            .cursors
            .iter()
            .filter(|(channel, _)| !self.options.channel.contains(channel))
            .map(|(channel, cursor)| format!("{channel}~{cursor}"))
            .collect();
        format!("{base}/ws/notifications/?lang=en&since={}", since.join(","))
    }

    /// Prints a frame and remembers where its channel stands; `true` when that was the last one wanted.
    fn take(&mut self, text: &str, frame: &Value) -> bool {
        if let (Some(channel), Some(cursor)) = (frame["channel"].as_str(), frame["cursor"].as_str())
        {
            self.cursors.insert(channel.to_owned(), cursor.to_owned());
        }
        if self.options.json {
            output::line(text);
        } else if let Some(line) = line(frame) {
            output::line(&line);
        }
        let is_publication = frame["n"].is_u64() && frame["cursor"].is_string();
        if let Some(left) = self.left.as_mut().filter(|_| is_publication) {
            *left = left.saturating_sub(1);
            return *left == 0;
        }
        false
    }
}

/// A frame for people; `None` for what only machines need.
fn line(frame: &Value) -> Option<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let kind = frame["type"].as_str()?;
    let time = frame["timestamp"]
        .as_str()
        .and_then(|time| time.get(11..19))
        .unwrap_or_default();
    let place = || format!("{} #{}", text(&frame["channel"]), frame["n"]);
    let said = match kind {
        "welcome" => format!(
            "connected as {} to {}",
            text(&frame["user"]),
            text(&frame["data"]["node"])
        ),
        "subscribed" => format!("listening to {}", text(&frame["channel"])),
        "notification" => {
            let content = frame["data"]["content"].as_str().unwrap_or_default();
            format!("{}  {}  {content}", place(), text(&frame["data"]["title"]))
        }
        "publication" | "message" | "retracted" => format!("{}  {}", place(), frame["data"]),
        "reset" => format!(
            "{}: history was lost ({})",
            text(&frame["channel"]),
            text(&frame["data"]["reason"])
        ),
        "error" => format!(
            "error {}: {}",
            text(&frame["code"]),
            text(&frame["message"])
        ),
        "counts" => format!("{} unread", frame["data"]["unread"]),
        "disconnect" => format!(
            "the server says goodbye: {}",
            text(&frame["data"]["reason"])
        ),
        _ => return None,
    };
    Some(format!("{time}  {said}").trim_end().to_owned())
}

fn ended(close: Option<CloseFrame>, retry_after_ms: u64) -> Ended {
    let code = close.as_ref().map_or(WireCode::Status, |close| close.code);
    let why = close.map_or_else(
        || "closed".to_owned(),
        |close| format!("closed: {}", close.reason),
    );
    let own = CloseCode::ALL
        .iter()
        .find(|own| own.as_u16() == u16::from(code));
    match own {
        Some(CloseCode::Unauthorized) => Ended::Unauthorized,
        Some(own) if !own.reconnect() => Ended::Stop(why),
        _ => Ended::Lost {
            why,
            retry_after_ms,
        },
    }
}

/// Anything up to `bound_ms`, so that clients which were lost together do not come back together.
fn jitter(bound_ms: u64) -> u64 {
    let mut bytes = [0; 8];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return bound_ms;
    }
    u64::from_le_bytes(bytes) % (bound_ms + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_lines() {
        let frame = json!({
            "type": "notification", "timestamp": "2026-01-02T03:04:05.678Z", "channel": "user:7", "n": 3,
            "data": {"title": "Hello", "content": "you"}
        });
        assert_eq!(line(&frame).unwrap(), "03:04:05  user:7 #3  Hello  you");
        assert_eq!(line(&json!({"type": "pong"})), None);
    }
}
