//! What a client makes of what it is sent.

use super::{Client, frame::Frame};
use crate::history::What;
use fanfare_proto::{CloseCode, Cursor};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// Before a subscription that was refused is asked for again.
const AGAIN: Duration = Duration::from_millis(500);

/// The id of a `subscribe` begins with it, and ends with the channel.
pub(super) const SUBSCRIBE: &str = "subscribe ";

/// What a message comes to.
pub(super) enum Taken {
    Fine,
    /// When to come back.
    Hint(u64),
    Closed,
    /// The server says to stay away.
    Barred,
}

/// Takes a message.
pub(super) fn take(client: &mut Client, message: &Message) -> Taken {
    let text = match message {
        Message::Text(text) => text,
        Message::Close(close) => {
            let code = close.as_ref().map(|close| u16::from(close.code));
            let own = CloseCode::ALL.iter().find(|own| Some(own.as_u16()) == code);
            let stays_away = own.is_some_and(|own| !own.reconnect());
            return if stays_away {
                Taken::Barred
            } else {
                Taken::Closed
            };
        }
        _ => return Taken::Fine,
    };
    let Some(frame) = Frame::read(text) else {
        return Taken::Closed;
    };
    let data = frame.data();
    match &*frame.kind {
        "disconnect" => return Taken::Hint(data.retry_after_ms),
        // Nobody knows what it is about: begin again.
        "error" if frame.id.is_none() => return Taken::Closed,
        "error" => refused_subscription(client, frame.id.as_deref()),
        _ => {}
    }
    let Some(channel) = frame.channel.as_deref() else {
        return Taken::Fine;
    };
    let Some(standing) = client.standings.get(channel) else {
        return Taken::Fine;
    };
    match &*frame.kind {
        "subscribed" => {
            standing.live();
            let cursor = frame.cursor.as_deref().unwrap_or_default();
            if !data.recovered || standing.cursor.is_none() {
                standing.cursor = Some(cursor.to_owned());
            }
            let from = Cursor::parse(cursor).map_or(0, |cursor| cursor.position.n);
            client.note(channel, What::Subscribed { from });
        }
        "reset" => {
            standing.cursor = None;
            client.note(channel, What::Reset);
        }
        "unsubscribed" => standing.off_for(client.persona.random.between_ms(200, 2_000)),
        kind => {
            let id = data.id(kind);
            // Changes of a room move the cursor too.
            if id.is_some() || kind == "room" {
                standing.cursor = frame.cursor.as_deref().map(str::to_owned);
            }
            if let Some(id) = id {
                let n = frame.n.unwrap_or(0);
                client.note(channel, What::Entry { n, id });
            }
        }
    }
    Taken::Fine
}

/// An answer that is no `subscribed`: ask again a little later.
fn refused_subscription(client: &mut Client, id: Option<&str>) {
    let channel = id.and_then(|id| id.strip_prefix(SUBSCRIBE));
    if let Some(standing) = channel.and_then(|channel| client.standings.get(channel)) {
        standing.off_for(AGAIN);
    }
}
