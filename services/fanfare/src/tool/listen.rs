//! `fanfare listen`: prints what arrives, comes back by itself, and misses nothing.

mod wanted;

use super::{
    api::{Api, Mint},
    frame::Frame,
};
use crate::{Failure, cli, output};
use fanfare_proto::CloseCode;
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{
    self, Message, client::IntoClientRequest as _, http::StatusCode, protocol::CloseFrame,
    protocol::frame::coding::CloseCode as WireCode,
};
use wanted::Cursors;

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
    cursors: Cursors,
    left: Option<u64>,
}

/// Listens until as much as was asked for has come, or for ever.
pub(crate) async fn run(options: cli::Listen) -> Result<(), Failure> {
    let cursors = wanted::cursors(&options)?;
    // Nothing that is wanted may be found wrong later.
    wanted::subscriptions(&options, &cursors)?;
    let api = Api::new(&options.server)?;
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
        let address = wanted::address(&self.options, self.api.url().as_str(), &self.cursors);
        let mut request = match address.into_client_request() {
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
            Err(error) => return refused(&error),
        };
        let frames = wanted::subscriptions(&self.options, &self.cursors).unwrap_or_default();
        for frame in frames {
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
                    let frame = Frame::read(&text);
                    if let Some(hint) = frame.retry_after_ms() {
                        retry_after_ms = hint;
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

    /// Prints a frame and remembers where its channel stands; `true` when that was the last one wanted.
    fn take(&mut self, text: &str, frame: &Frame<'_>) -> bool {
        if let Some((channel, cursor)) = frame.place() {
            self.cursors.insert(channel, cursor);
        }
        if self.options.json {
            output::line(text);
        } else if let Some(line) = frame.line() {
            output::line(&line);
        }
        if let Some(left) = self.left.as_mut().filter(|_| frame.is_publication()) {
            *left = left.saturating_sub(1);
            return *left == 0;
        }
        false
    }
}

/// What an upgrade that did not happen means. An answer that only another address or token could change ends it.
fn refused(error: &tungstenite::Error) -> Ended {
    let lost = |why: String| Ended::Lost {
        why,
        retry_after_ms: 0,
    };
    let tungstenite::Error::Http(answer) = error else {
        return lost(format!("cannot connect: {error}"));
    };
    let status = answer.status();
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            lost(format!("cannot connect: the server answers {status}"))
        }
        _ if status.is_server_error() => {
            lost(format!("cannot connect: the server answers {status}"))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ended::Stop(format!(
            "the server does not let us in ({status}): are --url and the token right?"
        )),
        _ => Ended::Stop(format!(
            "there are no Fanfare WebSockets at this address ({status}): is --url right?"
        )),
    }
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
pub(super) mod tests {
    use super::*;
    use clap::Parser as _;
    use tokio_tungstenite::tungstenite::http::Response;

    pub(in crate::tool) fn options(arguments: &str) -> cli::Listen {
        let arguments = ["fanfare", "listen"]
            .into_iter()
            .chain(arguments.split(' '));
        match cli::Cli::try_parse_from(arguments).unwrap().command {
            Some(cli::Command::Listen(listen)) => listen,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refused_upgrade_is_tried_again_only_when_that_can_help() {
        let stops = |status: u16| {
            let answer = Response::builder().status(status).body(None).unwrap();
            let error = tungstenite::Error::Http(answer.into());
            matches!(refused(&error), Ended::Stop(_))
        };
        for status in [200, 301, 400, 401, 403, 404, 426] {
            assert!(stops(status), "{status}");
        }
        for status in [408, 429, 500, 502, 503] {
            assert!(!stops(status), "{status}");
        }
    }

    #[test]
    fn no_publications_cannot_be_asked_for() {
        assert!(cli::Cli::try_parse_from(["fanfare", "listen", "a", "--count", "0"]).is_err());
        assert_eq!(options("a --count 1").count, Some(1));
    }
}
