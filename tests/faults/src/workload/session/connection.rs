//! One connection of a client.

use super::{
    Client, Ended,
    intake::{SUBSCRIBE, Taken, take},
};
use crate::workload::{Phase, persona::Habit};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::header},
};

/// Longest that an upgrade, or one write, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest from the upgrade until everything is subscribed: longer than a cluster takes to choose a leader.
const SUBSCRIBED: Duration = Duration::from_secs(30);

/// Without a byte for this long the server is gone: it pings every 25 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Bytes that the kernel keeps for a slow reader; it doubles them. What does not fit waits in the gateway.
const SLOW_BUFFER_BYTES: u32 = 16 * 1024;

type Socket = WebSocketStream<TcpStream>;

/// Connects, subscribes and reads until one side ends it.
pub(super) async fn converse(client: &mut Client) -> Ended {
    let begun_at_ms = client.around.stopwatch.now_ms();
    let mut socket = match timeout(PATIENCE, open(client)).await {
        Err(_elapsed) => return Ended::Lost { retry_after_ms: 0 },
        Ok(Err(error)) => return refused(&error),
        Ok(Ok(socket)) => socket,
    };
    for channel in client.persona.channels() {
        if client.persona.is_subscribed_at_start(&channel)
            && let Some(standing) = client.standings.get(&channel)
        {
            standing.asked();
        }
    }
    let ended = talk(client, &mut socket, begun_at_ms).await;
    if let Ended::Away(_) | Ended::Gone = ended
        && client.persona.random.chance(50)
    {
        // Half of them say goodbye; the others vanish.
        let _gone = timeout(PATIENCE, socket.close(None)).await;
    }
    ended
}

async fn open(client: &mut Client) -> Result<Socket, tungstenite::Error> {
    let gateways = &client.around.doors.gateways;
    let gateway = match client.persona.first_gateway.take() {
        Some(first) => &gateways[first],
        None => client.persona.random.pick(gateways),
    };
    let address: SocketAddr = gateway
        .parse()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
    let socket = TcpSocket::new_v4()?;
    if client.persona.habit == Habit::Slow {
        socket.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
    }
    let stream = socket.connect(address).await?;
    let mut request = format!("ws://{gateway}{}", path(client)).into_client_request()?;
    let bearer = format!("Bearer {}", client.token).parse();
    let bearer = bearer.map_err(tungstenite::http::Error::from)?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    let (socket, _response) = client_async(request, stream).await?;
    Ok(socket)
}

/// Where it connects, with the cursors of what the path subscribes by itself.
fn path(client: &Client) -> String {
    if !client.persona.has_inbox {
        return "/ws/".to_owned();
    }
    let since: Vec<String> = client
        .standings
        .iter()
        .filter(|own| client.persona.is_subscribed_at_start(&own.channel))
        .filter_map(|own| Some(format!("{}~{}", own.channel, own.cursor.as_ref()?)))
        .collect();
    format!("/ws/notifications/?since={}", since.join(","))
}

/// What an upgrade that did not happen means.
fn refused(error: &tungstenite::Error) -> Ended {
    let tungstenite::Error::Http(answer) = error else {
        return Ended::Lost { retry_after_ms: 0 };
    };
    let seconds = answer.headers().get(header::RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    Ended::Lost {
        retry_after_ms: seconds.unwrap_or(0) * 1_000,
    }
}

async fn talk(client: &mut Client, socket: &mut Socket, begun_at_ms: u64) -> Ended {
    let lost = Ended::Lost { retry_after_ms: 0 };
    let mut phase = client.around.phase.clone();
    let subscribed_by = Instant::now() + SUBSCRIBED;
    let mut act_at = Instant::now() + pace(client);
    let mut retry_after_ms = 0;
    loop {
        if ask(client, socket).await.is_err() {
            return lost;
        }
        client.look();
        if client.standings.are_live() {
            client.arrive(begun_at_ms);
        }
        let (is_late, is_busy) = (!client.is_live, client.is_busy());
        let ask_at = client.standings.next_ask_at();
        tokio::select! {
            message = timeout(SILENCE, socket.next()) => {
                let Ok(Some(Ok(message))) = message else {
                    return Ended::Lost { retry_after_ms };
                };
                match take(client, &message) {
                    Taken::Fine => {}
                    Taken::Hint(hint_ms) => retry_after_ms = hint_ms,
                    Taken::Closed => return Ended::Lost { retry_after_ms },
                    Taken::Barred => return Ended::Barred,
                }
            }
            changed = phase.changed() => {
                if changed.is_err() || matches!(*phase.borrow(), Phase::Over) {
                    return Ended::Over;
                }
            }
            () = sleep_until(subscribed_by), if is_late => return lost,
            () = sleep_until(ask_at.unwrap_or(subscribed_by)), if ask_at.is_some() => {}
            () = sleep_until(act_at), if is_busy => {
                match act(client, socket).await {
                    Ok(None) => act_at = Instant::now() + pace(client),
                    Ok(Some(ended)) => return ended,
                    Err(_broken) => return lost,
                }
            }
        }
    }
}

/// Until the client does the next thing that its habit has it do.
fn pace(client: &mut Client) -> Duration {
    match client.persona.habit {
        Habit::Leaving(after) => after,
        Habit::Steady | Habit::Late(_) => SILENCE,
        Habit::Roaming | Habit::Switching | Habit::Slow => {
            client.persona.random.between_ms(1_500, 6_000)
        }
    }
}

/// Does what the client's habit has it do now and then.
async fn act(client: &mut Client, socket: &mut Socket) -> Result<Option<Ended>, Broken> {
    match client.persona.habit {
        Habit::Leaving(_) => return Ok(Some(Ended::Gone)),
        Habit::Roaming => {
            let away = client.persona.random.between_ms(100, 3_000);
            return Ok(Some(Ended::Away(away)));
        }
        Habit::Slow => {
            let stop = client.persona.random.between_ms(1_000, 5_000);
            client.wait(stop).await;
        }
        Habit::Switching => {
            if let Some(channel) = client.standings.leave_one(&mut client.persona.random) {
                send(
                    socket,
                    &json!({"type": "unsubscribe", "channel": &*channel}),
                )
                .await?;
            }
        }
        Habit::Steady | Habit::Late(_) => {}
    }
    Ok(None)
}

/// The socket does not take what is written.
struct Broken;

async fn send(socket: &mut Socket, frame: &serde_json::Value) -> Result<(), Broken> {
    let sent = timeout(PATIENCE, socket.send(Message::text(frame.to_string()))).await;
    sent.map_err(|_elapsed| Broken)?.map_err(|_gone| Broken)
}

/// Subscribes what is to be subscribed now.
async fn ask(client: &mut Client, socket: &mut Socket) -> Result<(), Broken> {
    let at_once = !client.is_busy();
    while let Some(standing) = client.standings.next_to_ask(at_once) {
        let channel = &*standing.channel;
        let mut frame = json!({
            "type": "subscribe", "channel": channel, "id": format!("{SUBSCRIBE}{channel}"),
        });
        if let Some(cursor) = &standing.cursor {
            frame["since"] = json!(cursor);
        }
        send(socket, &frame).await?;
    }
    Ok(())
}
