//! What the bare loop runs: orders in, one line by line; frames out.

use crate::{
    clock,
    fault::{During as _, Fault, Outcome},
    frame,
    stamp::Stamp,
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::OwnedFd,
    io::{Errno, ioctl_fionbio, write},
    net::{
        AddressFamily, Ipv4Addr, SocketAddrV4, SocketType, accept, bind, getsockname, listen,
        socket, sockopt::set_tcp_nodelay,
    },
};
use std::{
    fmt,
    io::{BufRead as _, Write as _},
    time::Duration,
};

/// Connections that wait to be accepted: more than a crowd opens at once.
const BACKLOG: i32 = 4_096;

/// Longest that one socket may be blocked; a reader that is gone must not keep the loop for ever.
const BLOCKED: Duration = Duration::from_secs(10);

/// What the loop is told. Each order is answered with one line: a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Take this many connections.
    Accept { count: usize },
    /// Write `count` frames to each socket, the sockets in turn for each frame.
    Send {
        first: u64,
        count: u64,
        frame_bytes: usize,
        sent_ns: u64,
    },
    /// Write one frame after the other for this long.
    Saturate {
        first: u64,
        ms: u64,
        frame_bytes: usize,
    },
    /// Close every socket.
    Close,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept { count } => write!(f, "accept {count}"),
            Self::Send {
                first,
                count,
                frame_bytes,
                sent_ns,
            } => write!(f, "send {first} {count} {frame_bytes} {sent_ns}"),
            Self::Saturate {
                first,
                ms,
                frame_bytes,
            } => write!(f, "saturate {first} {ms} {frame_bytes}"),
            Self::Close => f.write_str("close"),
        }
    }
}

impl Order {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let word = words.next()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        let size = |number: u64| usize::try_from(number).ok();
        Some(match word {
            "accept" => Self::Accept {
                count: size(number()?)?,
            },
            "send" => Self::Send {
                first: number()?,
                count: number()?,
                frame_bytes: size(number()?)?,
                sent_ns: number()?,
            },
            "saturate" => Self::Saturate {
                first: number()?,
                ms: number()?,
                frame_bytes: size(number()?)?,
            },
            "close" => Self::Close,
            _ => return None,
        })
    }
}

/// Runs until standard input ends. What went wrong is the answer to the order that it went wrong with.
pub(crate) fn run() -> Outcome<()> {
    serve().or_else(|fault| say(&fault.to_string()))
}

fn serve() -> Outcome<()> {
    let listener =
        socket(AddressFamily::INET, SocketType::STREAM, None).during("making a socket")?;
    let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    bind(&listener, &any).during("binding")?;
    listen(&listener, BACKLOG).during("listening")?;
    let own = getsockname(&listener).during("asking for the port")?;
    let own = SocketAddrV4::try_from(own).during("asking for the port")?;
    say(&own.port().to_string())?;
    let mut sockets = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.during("hearing an order")?;
        let order = Order::parse(&line);
        let order = order.ok_or_else(|| Fault::wrong(format!("no order: {line:?}")))?;
        say(&obey(order, &listener, &mut sockets)?.to_string())?;
    }
    Ok(())
}

fn say(text: &str) -> Outcome<()> {
    writeln!(std::io::stdout(), "{text}").during("answering")
}

fn obey(order: Order, listener: &OwnedFd, sockets: &mut Vec<OwnedFd>) -> Outcome<u64> {
    match order {
        Order::Accept { count } => {
            for _ in 0..count {
                let accepted = accept(listener).during("accepting")?;
                set_tcp_nodelay(&accepted, true).during("preparing a socket")?;
                ioctl_fionbio(&accepted, true).during("preparing a socket")?;
                sockets.push(accepted);
            }
            Ok(count as u64)
        }
        Order::Send {
            first,
            count,
            frame_bytes,
            sent_ns,
        } => {
            // Encoded before the first write, as those who write do have them.
            let frames: Vec<Vec<u8>> = (first..first + count)
                .map(|n| encode(n, sent_ns, frame_bytes))
                .collect();
            frames.iter().try_for_each(|frame| to_all(sockets, frame))?;
            Ok(count)
        }
        Order::Saturate {
            first,
            ms,
            frame_bytes,
        } => {
            let until_ns = clock::now_ns() + ms * 1_000_000;
            let mut next = first;
            while clock::now_ns() < until_ns {
                to_all(sockets, &encode(next, clock::now_ns(), frame_bytes))?;
                next += 1;
            }
            Ok(next - first)
        }
        Order::Close => {
            sockets.clear();
            Ok(0)
        }
    }
}

fn to_all(sockets: &[OwnedFd], frame: &[u8]) -> Outcome<()> {
    for socket in sockets {
        let mut rest = frame;
        while !rest.is_empty() {
            match write(socket, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::AGAIN) => until_writable(socket)?,
                Err(error) => return Err(error).during("writing to a reader"),
            }
        }
    }
    Ok(())
}

fn until_writable(socket: &OwnedFd) -> Outcome<()> {
    let longest = clock::timespec(BLOCKED);
    let mut watched = [PollFd::new(socket, PollFlags::OUT)];
    match poll(&mut watched, Some(&longest)).during("waiting for a reader")? {
        0 => Err(Fault::wrong("a reader of the bare loop does not read")),
        _ => Ok(()),
    }
}

/// A frame of `frame_bytes` (or as few more as its stamp needs) that looks like the server's.
fn encode(n: u64, sent_ns: u64, frame_bytes: usize) -> Vec<u8> {
    let head = format!(r#"{{"type":"publication","n":{n},"data":""#);
    let around = head.len() + 2 + frame::header_bytes(frame_bytes);
    let stamp = Stamp { seq: n, sent_ns };
    let text = stamp.text(frame_bytes.saturating_sub(around));
    frame::text(format!("{head}{text}\"}}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Reading;

    #[test]
    fn orders_survive_the_pipe() {
        let orders = [
            Order::Accept { count: 3 },
            Order::Send {
                first: 1,
                count: 100,
                frame_bytes: 128,
                sent_ns: 9,
            },
            Order::Saturate {
                first: 7,
                ms: 3_000,
                frame_bytes: 128,
            },
            Order::Close,
        ];
        for order in orders {
            assert_eq!(Order::parse(&order.to_string()), Some(order));
        }
        assert_eq!(Order::parse("send 1 2"), None);
        assert_eq!(Order::parse("sing"), None);
    }

    #[test]
    fn frames_have_the_size_that_was_asked_for() {
        for bytes in [200, 300, 1_200] {
            let frame = encode(12, 34, bytes);
            assert_eq!(frame.len(), bytes);
            let reading = Reading::of(&frame).unwrap();
            assert_eq!((reading.n, reading.stamp.sent_ns), (12, 34));
        }
    }
}
