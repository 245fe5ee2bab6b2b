//! A WebSocket client that waits for what it expects.

use crate::DEADLINE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

/// The id of what is asked. One suffices: an answer is awaited before the next question.
const ID: &str = "asked";

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    protocol: Option<String>,
}

/// How a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Of the close frame; 1006 when there was none.
    pub code: u16,
    /// Of the close frame.
    pub reason: String,
}

impl Socket {
    pub(crate) const fn new(
        stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
        protocol: Option<String>,
    ) -> Self {
        Self { stream, protocol }
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The next frame, or how the socket ended.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    ///
    /// # Panics
    ///
    /// When nothing comes before the deadline, or what comes is no JSON text.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        self.next_until(Instant::now() + DEADLINE)
            .await
            .expect("a frame or a close before the deadline")
    }

    async fn next_until(&mut self, deadline: Instant) -> Option<Result<Value, Closed>> {
        loop {
            let next = tokio::time::timeout_at(deadline, self.stream.next());
            match next.await.ok()? {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text);
                    return Some(Ok(frame.expect("every text of the server is JSON")));
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    return Some(Err(Closed {
                        code: close.code.into(),
                        reason: close.reason.to_string(),
                    }));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("the server sent {other:?}"),
                Some(Err(_)) | None => {
                    return Some(Err(Closed {
                        code: 1006,
                        reason: String::new(),
                    }));
                }
            }
        }
    }

    /// The next frame of type `kind`; others are passed over.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub async fn frame(&mut self, kind: &str) -> Value {
        self.find(kind, |frame| frame["type"] == kind).await
    }

    /// The next frame that `is_it`; others are passed over.
    ///
    /// # Panics
    ///
    /// When it does not come. The message lists the types that did.
    pub async fn find(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let mut others = Vec::new();
        loop {
            match self.next_until(deadline).await {
                Some(Ok(frame)) if is_it(&frame) => return frame,
                Some(Ok(frame)) => others.push(frame["type"].to_string()),
                Some(Err(closed)) => panic!("{closed:?} instead of {what}, after {others:?}"),
                None => panic!("no {what} before the deadline, only {others:?}"),
            }
        }
    }

    /// How the socket ended, once it has; frames before that are dropped.
    ///
    /// # Panics
    ///
    /// When it stays open.
    pub async fn closed(&mut self) -> Closed {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.next_until(deadline).await {
                Some(Ok(_frame)) => {}
                Some(Err(closed)) => return closed,
                None => panic!("the socket stayed open"),
            }
        }
    }

    /// Sends one frame.
    ///
    /// # Panics
    ///
    /// When the socket has ended.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends any text.
    ///
    /// # Panics
    ///
    /// When the socket has ended.
    pub async fn send_text(&mut self, text: &str) {
        self.try_send(Message::text(text))
            .await
            .expect("the socket is open");
    }

    /// Sends any message.
    ///
    /// # Errors
    ///
    /// The socket has ended.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Box<dyn std::error::Error>> {
        tokio::time::timeout(DEADLINE, self.stream.send(message)).await??;
        Ok(())
    }

    /// Sends a frame with an `id` and waits for the answer with the same one.
    pub async fn ask(&mut self, frame: Value) -> Value {
        self.send(&with_id(frame)).await;
        self.find("its answer", |answer| answer["id"] == ID).await
    }

    /// Like [`ask`](Self::ask), and asks again after the time the server hints at, as long as it does.
    pub async fn ask_patiently(&mut self, frame: Value) -> Value {
        loop {
            self.send(&with_id(frame.clone())).await;
            let answer = self
                .find("its answer", |answer| {
                    answer["id"] == ID
                        || (answer["id"].is_null() && answer["code"] == "rate_limited")
                })
                .await;
            let Some(wait_ms) = answer["data"]["retry_after_ms"].as_u64() else {
                return answer;
            };
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Subscribes, after `since` when it is a cursor, and returns `subscribed`.
    ///
    /// # Panics
    ///
    /// When the server answers otherwise.
    pub async fn subscribe(&mut self, channel: &str, since: Option<&str>) -> Value {
        let mut frame = json!({"type": "subscribe", "channel": channel});
        if let Some(since) = since {
            frame["since"] = json!(since);
        }
        let answer = self.ask(frame).await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        answer
    }

    /// The next `count` frames of type `kind`; others are passed over.
    ///
    /// # Panics
    ///
    /// When they do not come.
    pub async fn frames(&mut self, kind: &str, count: usize) -> Vec<Value> {
        let mut frames = Vec::with_capacity(count);
        for _ in 0..count {
            frames.push(self.frame(kind).await);
        }
        frames
    }

    /// Drops the connection without a word, as a lost network does.
    pub fn vanish(self) {
        drop(self);
    }

    /// Closes with a close frame and waits for the server's.
    pub async fn close(mut self) {
        drop(self.stream.close(None).await);
        self.closed().await;
    }
}

fn with_id(mut frame: Value) -> Value {
    frame["id"] = json!(ID);
    frame
}
