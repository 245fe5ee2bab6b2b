//! Plays one case on a connection of its own.

use super::{
    case::{Case, Expected, Step},
    frames::{close, gist},
    peer::{Came, Peer},
    report::{agreed, failure, hex, told},
};
use fanfare_e2e::{DEADLINE, Server};
use serde_json::Value;
use std::collections::VecDeque;
use tokio::time::timeout;

/// The code that ends a case which leaves its connection open.
const NORMAL: u16 = 1000;

struct Conversation {
    peer: Peer,
    /// Came while something else was awaited.
    texts: VecDeque<String>,
    pongs: VecDeque<Vec<u8>>,
}

/// Plays `case`. The error says all that is needed to understand its failure.
pub(super) async fn play(server: &Server, token: &str, case: &Case) -> Result<(), String> {
    let peer = Peer::connect(server, token, &case.offer).await;
    let mut own = Conversation {
        peer: peer.map_err(|came| failure(case, 0, &agreed(&case.offer), &came))?,
        texts: VecDeque::new(),
        pongs: VecDeque::new(),
    };
    let welcome = own.welcome().await;
    welcome.map_err(|came| failure(case, 0, "a welcome", &came))?;
    for (at, step) in case.steps.iter().enumerate() {
        own.step(step).await.map_err(|came| {
            let expected = match step {
                Step::Expect(expected) => told(expected),
                Step::Send(_) | Step::Chop(..) => "all of it to be taken".to_owned(),
            };
            failure(case, at + 1, &expected, &came)
        })?;
    }
    if !case.ends() {
        let expected = "nothing unasked, and an agreed close";
        let parted = own.part().await;
        parted.map_err(|came| failure(case, case.steps.len(), expected, &came))?;
    }
    Ok(())
}

impl Conversation {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let taken = async {
            match step {
                Step::Send(bytes) => self.peer.write(bytes).await,
                Step::Chop(bytes, size) => {
                    for piece in bytes.chunks(*size) {
                        self.peer.write(piece).await;
                    }
                }
                Step::Expect(expected) => return self.expect(expected).await,
            }
            Ok(())
        };
        let in_time = timeout(DEADLINE, taken).await;
        in_time.unwrap_or_else(|_elapsed| Err("nothing, for a long time".to_owned()))
    }

    async fn welcome(&mut self) -> Result<(), String> {
        let text = timeout(DEADLINE, self.text()).await;
        let text = text.unwrap_or_else(|_elapsed| Err("no welcome".to_owned()))?;
        match gist(&text)["type"].as_str() {
            Some("welcome") => Ok(()),
            _ => Err(Came::Text(text).to_string()),
        }
    }

    async fn part(&mut self) -> Result<(), String> {
        self.step(&Step::Send(close(NORMAL, ""))).await?;
        self.step(&Step::Expect(Expected::Closed(vec![NORMAL])))
            .await
    }

    async fn expect(&mut self, expected: &Expected) -> Result<(), String> {
        match expected {
            Expected::Echo(content) => {
                let is_echo = |gist: &Value| {
                    gist["type"] == "echo_response" && gist["message"] == content.as_str()
                };
                self.answered(is_echo).await
            }
            Expected::Refused(code) => {
                let is_refusal = |gist: &Value| gist["type"] == "error" && gist["code"] == *code;
                self.answered(is_refusal).await
            }
            Expected::Pongs(payloads) => self.ponged(payloads).await,
            Expected::Closed(codes) => self.ended(codes, false).await,
            Expected::Fails(codes) => self.ended(codes, true).await,
        }
    }

    async fn answered(&mut self, is_it: impl Fn(&Value) -> bool) -> Result<(), String> {
        let text = self.text().await?;
        if is_it(&gist(&text)) {
            return Ok(());
        }
        Err(Came::Text(text).to_string())
    }

    async fn text(&mut self) -> Result<String, String> {
        loop {
            if let Some(text) = self.texts.pop_front() {
                return Ok(text);
            }
            self.keep_next().await?;
        }
    }

    /// Waits for the answer to the last of `payloads`.
    async fn ponged(&mut self, payloads: &[Vec<u8>]) -> Result<(), String> {
        let mut open = payloads;
        while !open.is_empty() {
            let Some(payload) = self.pongs.pop_front() else {
                self.keep_next().await?;
                continue;
            };
            let at = open.iter().position(|own| *own == payload);
            let at = at.ok_or_else(|| format!("pong {}", hex(&payload)))?;
            open = &open[at + 1..];
        }
        Ok(())
    }

    /// Waits for the close and what belongs to it. `fails`: it is the server's own, and a `disconnect` is before it.
    async fn ended(&mut self, codes: &[u16], fails: bool) -> Result<(), String> {
        let code = loop {
            match self.peer.next().await {
                Came::Close(Some(code)) if codes.contains(&code) => break code,
                came => self.keep(came)?,
            }
        };
        if let Some(pong) = self.pongs.pop_front() {
            return Err(format!("an unasked pong {} before the close", hex(&pong)));
        }
        let unasked = self.texts.pop_front();
        let gist = unasked.as_deref().map(gist).unwrap_or_default();
        let is_disconnect = gist["type"] == "disconnect" && gist["data"]["code"] == code;
        match unasked {
            None if fails => return Err("a close without a disconnect before it".to_owned()),
            Some(text) if !fails || !is_disconnect || !self.texts.is_empty() => {
                return Err(format!("{} before the close", Came::Text(text)));
            }
            _ => {}
        }
        match self.peer.next().await {
            Came::End => Ok(()),
            came => Err(format!("close {code}, and then {came}")),
        }
    }

    async fn keep_next(&mut self) -> Result<(), String> {
        let came = self.peer.next().await;
        self.keep(came)
    }

    /// Keeps what may be asked for later. What cannot be is an error.
    fn keep(&mut self, came: Came) -> Result<(), String> {
        match came {
            Came::Text(text) => self.texts.push_back(text),
            Came::Pong(payload) => self.pongs.push_back(payload),
            // The heartbeat asks nothing of a client that speaks.
            Came::Ping => {}
            ended => return Err(ended.to_string()),
        }
        Ok(())
    }
}
