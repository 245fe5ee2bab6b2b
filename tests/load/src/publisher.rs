//! Who publishes: a few kept HTTP connections inside the crowd's loop, and the times when something is due.

use crate::{
    clock::now_ns,
    fault::{During as _, Fault, Outcome},
    histogram::Histogram,
    http::{self, Answer},
    server::Server,
    stamp::Stamp,
};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::{Errno, read, write},
    net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt::set_tcp_nodelay},
};
use std::{collections::VecDeque, net::SocketAddrV4};

/// Marks the events of publishers among those of the crowd.
pub(crate) const PUBLISHER: u64 = 1 << 63;

/// Requests that wait for a connection: what is due in some ten seconds of the highest rate. More means that the server
/// does not keep up, and the run is over.
const WAITING: usize = 20_000;

/// A connection that was used this lately is still open, in nanoseconds: the server closes it after ten seconds.
const FRESH_NS: u64 = 5_000_000_000;

/// Largest answer, in bytes: that of a batch.
const ANSWER_BYTES: usize = 1024 * 1024;

/// What a publication is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publication {
    /// Without `topic:`.
    pub(crate) topic: &'static str,
    /// Bytes of its data.
    pub(crate) bytes: usize,
    /// Whether it goes into the log, and is on disk before anybody gets it.
    pub(crate) stored: bool,
}

/// Publications at fixed times, whether the server keeps up or not.
struct Schedule {
    publication: Publication,
    due_ns: u64,
    interval_ns: u64,
    left: u64,
}

/// One connection, kept while it is used.
struct Connection {
    fd: OwnedFd,
    /// Whether the server has closed it, as it does with those that ask nothing for a while.
    closed: bool,
    /// What is left to send.
    request: Vec<u8>,
    /// Whether the epoll watches for room to send it.
    blocked: bool,
    begun_ns: u64,
    answer: Vec<u8>,
}

/// Publishes.
pub(crate) struct Publishers {
    address: SocketAddrV4,
    api_key: String,
    connections: Vec<Connection>,
    /// The longest idle one first: each is used often enough to stay open.
    idle: VecDeque<usize>,
    waiting: VecDeque<Vec<u8>>,
    schedule: Option<Schedule>,
    /// Number of the next publication.
    pub(crate) next_seq: u64,
    /// From a request's first byte to its answer.
    pub(crate) answers: Histogram,
}

impl Publishers {
    /// Opens `connections` to `server`, each of which has one request under way at most.
    pub(crate) fn open(server: &Server, connections: usize) -> Outcome<Self> {
        Self::open_at(server.api, &server.api_key, connections)
    }

    /// The same, to another of its processes.
    pub(crate) fn open_at(
        address: SocketAddrV4,
        api_key: &str,
        connections: usize,
    ) -> Outcome<Self> {
        let opened = (0..connections).map(|_| Connection::open(address));
        Ok(Self {
            address,
            api_key: api_key.to_owned(),
            idle: (0..connections).collect(),
            connections: opened.collect::<Outcome<_>>()?,
            waiting: VecDeque::new(),
            schedule: None,
            next_seq: 0,
            answers: Histogram::default(),
        })
    }

    pub(crate) fn register(&self, epoll: &OwnedFd) -> Outcome<()> {
        for (index, connection) in self.connections.iter().enumerate() {
            connection.watch(epoll, index)?;
        }
        Ok(())
    }

    /// Publishes one, stamped with this moment.
    pub(crate) fn publish(&mut self, publication: &Publication) -> Outcome<()> {
        self.add(publication, now_ns())
    }

    /// Publishes `count` in one request, stamped with this moment.
    pub(crate) fn publish_batch(&mut self, publication: &Publication, count: u64) -> Outcome<()> {
        let sent_ns = now_ns();
        let topic = publication.topic;
        let items: Vec<String> = (0..count)
            .map(|_| {
                let text = self.stamp(sent_ns).text(publication.bytes - 2);
                format!(r#"{{"to":{{"topics":["{topic}"]}},"data":"{text}"}}"#)
            })
            .collect();
        let body = format!("[{}]", items.join(","));
        self.queue(http::post("/v1/notifications", &self.api_key, &body))
    }

    /// Publishes `count` at `per_second`, from now on, each stamped with the time it is due.
    pub(crate) fn begin(&mut self, publication: &Publication, per_second: f64, count: u64) {
        #[expect(clippy::cast_possible_truncation, reason = "an interval is far below")]
        #[expect(clippy::cast_sign_loss, reason = "a rate is positive")]
        let interval_ns = (1e9 / per_second) as u64;
        self.schedule = Some(Schedule {
            publication: *publication,
            due_ns: now_ns() + interval_ns,
            interval_ns,
            left: count,
        });
    }

    /// Ends what [`begin`](Self::begin) began.
    pub(crate) fn end(&mut self) {
        self.schedule = None;
    }

    /// Whether nothing is due, waiting or under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.schedule.is_none()
            && self.waiting.is_empty()
            && self.idle.len() == self.connections.len()
    }

    fn stamp(&mut self, sent_ns: u64) -> Stamp {
        let seq = self.next_seq;
        self.next_seq += 1;
        Stamp { seq, sent_ns }
    }

    fn add(&mut self, publication: &Publication, sent_ns: u64) -> Outcome<()> {
        // Two of the bytes are the quotes.
        let text = self.stamp(sent_ns).text(publication.bytes - 2);
        let body = format!(
            r#"{{"channel":"topic:{}","data":"{text}","ephemeral":{}}}"#,
            publication.topic, !publication.stored
        );
        self.queue(http::post("/v1/publish", &self.api_key, &body))
    }

    /// Sends `request` once there is a connection for it.
    pub(crate) fn queue(&mut self, request: Vec<u8>) -> Outcome<()> {
        if self.waiting.len() >= WAITING {
            return Err(Fault::wrong("publishing falls behind without end"));
        }
        self.waiting.push_back(request);
        Ok(())
    }

    /// Sends what is due and for what there is a connection.
    pub(crate) fn look(&mut self, epoll: &OwnedFd) -> Outcome<()> {
        while let Some(schedule) = &mut self.schedule {
            if schedule.left == 0 {
                self.schedule = None;
                break;
            }
            if schedule.due_ns > now_ns() {
                break;
            }
            let (publication, due_ns) = (schedule.publication, schedule.due_ns);
            schedule.due_ns += schedule.interval_ns;
            schedule.left -= 1;
            self.add(&publication, due_ns)?;
        }
        while !self.waiting.is_empty()
            && let Some(index) = self.idle.pop_front()
        {
            let connection = &mut self.connections[index];
            if connection.closed || connection.begun_ns + FRESH_NS < now_ns() {
                *connection = Connection::open(self.address)?;
                connection.watch(epoll, index)?;
            }
            connection.begun_ns = now_ns();
            connection.request = self.waiting.pop_front().unwrap_or_default();
            send(epoll, connection, index)?;
        }
        Ok(())
    }

    /// A publisher's connection takes or gives bytes.
    pub(crate) fn event(&mut self, epoll: &OwnedFd, data: u64, flags: EventFlags) -> Outcome<()> {
        let index = usize::try_from(data & !PUBLISHER).unwrap_or(usize::MAX);
        let Some(connection) = self.connections.get_mut(index) else {
            return Ok(());
        };
        if self.idle.contains(&index) {
            // Nothing was asked: it is being closed. Asking to be told no more of it must come first.
            connection.closed = true;
            return epoll::delete(epoll, &connection.fd).during("leaving a publisher alone");
        }
        if flags.contains(EventFlags::OUT) {
            send(epoll, connection, index)?;
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR)
            && answered(connection)?
        {
            self.answers.record(now_ns() - connection.begun_ns);
            self.idle.push_back(index);
        }
        Ok(())
    }
}

impl Connection {
    fn open(address: SocketAddrV4) -> Outcome<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
            .during("making a publisher's socket")?;
        set_tcp_nodelay(&fd, true).during("preparing a publisher")?;
        // Who waited here would keep the whole crowd from reading. A request waits until there is a connection.
        match connect(&fd, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error).during("connecting a publisher"),
        }
        Ok(Self {
            fd,
            closed: false,
            request: Vec::new(),
            blocked: false,
            begun_ns: now_ns(),
            answer: Vec::new(),
        })
    }

    fn watch(&self, epoll: &OwnedFd, index: usize) -> Outcome<()> {
        let data = EventData::new_u64(PUBLISHER | index as u64);
        epoll::add(epoll, &self.fd, data, EventFlags::IN).during("watching a publisher")
    }
}

/// Sends what is left of the request, and watches for room when there is none.
fn send(epoll: &OwnedFd, connection: &mut Connection, index: usize) -> Outcome<()> {
    let mut blocked = false;
    while !connection.request.is_empty() && !blocked {
        match write(&connection.fd, &connection.request) {
            Ok(written) => drop(connection.request.drain(..written)),
            Err(Errno::AGAIN) => blocked = true,
            Err(error) => return Err(error).during("publishing"),
        }
    }
    if blocked == connection.blocked {
        return Ok(());
    }
    connection.blocked = blocked;
    let mut interest = EventFlags::IN;
    interest.set(EventFlags::OUT, blocked);
    let data = EventData::new_u64(PUBLISHER | index as u64);
    epoll::modify(epoll, &connection.fd, data, interest).during("watching a publisher")
}

/// Reads on; whether the whole answer is there. Anything but a success ends the run.
fn answered(connection: &mut Connection) -> Outcome<bool> {
    let mut buffer = [0; 16 * 1024];
    match read(&connection.fd, &mut buffer) {
        Ok(0) => return Err(Fault::wrong("the server hung up on a publisher")),
        Ok(count) => connection.answer.extend_from_slice(&buffer[..count]),
        Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
        Err(error) => return Err(error).during("hearing whether a publication was accepted"),
    }
    let Some(answer) = Answer::parse(&connection.answer)? else {
        if connection.answer.len() > ANSWER_BYTES {
            return Err(Fault::wrong("an answer to a publisher is too long"));
        }
        return Ok(false);
    };
    if !(200..300).contains(&answer.status) {
        let body = String::from_utf8_lossy(&connection.answer[answer.body]);
        let status = answer.status;
        return Err(Fault::wrong(format!(
            "a publication was answered with {status}: {body}"
        )));
    }
    connection.answer.clear();
    Ok(true)
}
