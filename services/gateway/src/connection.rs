//! The small task around one session: bytes from its socket in, the session's effects out.

use crate::{
    call::{self, Completion},
    frame::{self, Decoder, Event},
    goodbye::goodbye,
    link::{self, Link},
    member::Member,
    node::Node,
    outbox::Class,
    registry::{Place, Registration},
    session::{Effect, Now, Refusal, Session, Turn},
    shard::Input,
};
use fanfare_proto::{Channel, CloseCode, ErrorCode};
use fanfare_tokens::Identity;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{AbortHandle, BoxFuture, abortable},
    stream::FuturesUnordered,
};
use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    ops::ControlFlow,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// Longest that calls under way may take once their client has gone.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// Read at once. One buffer per thread serves all connections: it holds nothing between two reads.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

type Calls = FuturesUnordered<BoxFuture<'static, Completion>>;

/// Why the task was woken.
enum Wake {
    Readable,
    Writable,
    Completed(Completion),
    Signals(u8),
    Dead,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// This side has said its last words.
    Closing,
    /// The peer has closed, with this code, or has gone without one.
    Peer(Option<u16>),
}

/// A `subscribe` under way.
struct Subscribing {
    id: Option<String>,
    channel: Channel,
    abort: AbortHandle,
}

pub(crate) struct Connection {
    node: Arc<Node>,
    link: Arc<Link>,
    member: Arc<Member>,
    decoder: Decoder,
    session: Session,
    registration: Option<Registration>,
    /// Exists while a call is under way.
    calls: Option<Box<Calls>>,
    subscribing: Vec<Subscribing>,
    _place: Place,
}

impl Connection {
    pub(crate) fn new(
        node: Arc<Node>,
        member: Arc<Member>,
        session: Session,
        place: Place,
    ) -> Self {
        Self {
            link: Arc::clone(&member.link),
            decoder: Decoder::new(node.settings.frame_bytes, None),
            node,
            member,
            session,
            registration: None,
            calls: None,
            subscribing: Vec::new(),
            _place: place,
        }
    }

    /// Runs the connection to its end. `first` is what the peer sent right behind its handshake.
    pub(crate) async fn run(mut self, identity: Option<Arc<Identity>>, mut first: Vec<u8>) {
        self.node.figures.connections.inc();
        match identity {
            Some(identity) => self.turn(|session, turn| session.begin(identity, turn)),
            None => self.set_alarm(self.node.now()),
        }
        let early = if first.is_empty() {
            ControlFlow::Continue(())
        } else {
            self.feed(&mut first)
        };
        let end = match early {
            ControlFlow::Continue(()) => self.serve().await,
            ControlFlow::Break(end) => end,
        };
        self.finish_calls().await;
        if end == End::Closing {
            goodbye(&self.link).await;
        }
        self.leave(end).await;
    }

    /// Lets what the client has asked of services go out, though nobody waits for the answer any more.
    async fn finish_calls(&mut self) {
        for subscribing in self.subscribing.drain(..) {
            subscribing.abort.abort();
        }
        if let Some(mut calls) = self.calls.take() {
            let finish = async { while calls.next().await.is_some() {} };
            let _late = tokio::time::timeout(LAST_CALLS, finish).await;
        }
    }

    async fn serve(&mut self) -> End {
        loop {
            let wake = poll_fn(|cx| self.poll(cx)).await;
            let flow = match wake {
                Wake::Readable => self.read(),
                Wake::Writable => match self.link.flush() {
                    Ok(()) => {
                        // The peer has taken bytes: slow, but there.
                        self.link.hear(self.node.uptime.seconds());
                        ControlFlow::Continue(())
                    }
                    Err(_dead) => ControlFlow::Break(End::Peer(None)),
                },
                Wake::Completed(completion) => {
                    if let Completion::Subscribed(channel)
                    | Completion::NotSubscribed { channel, .. } = &completion
                    {
                        self.subscribing.retain(|own| own.channel != *channel);
                    }
                    self.turn(|session, turn| session.on_completion(completion, turn));
                    ControlFlow::Continue(())
                }
                Wake::Signals(signals) if signals & link::BROKEN != 0 => return End::Peer(None),
                Wake::Signals(signals) if signals & link::ENDING != 0 => return End::Closing,
                Wake::Signals(_tick) => {
                    self.turn(Session::on_tick);
                    ControlFlow::Continue(())
                }
                Wake::Dead => return End::Peer(None),
            };
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        self.link.register(cx);
        let signals = self.link.take_signals();
        if signals != 0 {
            return Poll::Ready(Wake::Signals(signals));
        }
        if self.link.is_blocked() {
            match self.link.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Wake::Writable),
                Poll::Ready(Err(_dead)) => return Poll::Ready(Wake::Dead),
                Poll::Pending => {}
            }
        }
        if let Some(calls) = &mut self.calls {
            match calls.poll_next_unpin(cx) {
                Poll::Ready(Some(completion)) => return Poll::Ready(Wake::Completed(completion)),
                Poll::Ready(None) => self.calls = None,
                Poll::Pending => {}
            }
        }
        match self.link.poll_read_ready(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Wake::Readable),
            Poll::Ready(Err(_dead)) => Poll::Ready(Wake::Dead),
            Poll::Pending => Poll::Pending,
        }
    }

    fn read(&mut self) -> ControlFlow<End> {
        BUFFER.with_borrow_mut(|buffer| match self.link.try_read(buffer) {
            Ok(0) => ControlFlow::Break(End::Peer(None)),
            Ok(count) => {
                self.link.hear(self.node.uptime.seconds());
                self.feed(&mut buffer[..count])
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ControlFlow::Continue(()),
            Err(_dead) => ControlFlow::Break(End::Peer(None)),
        })
    }

    fn feed(&mut self, bytes: &mut [u8]) -> ControlFlow<End> {
        let now = self.node.now();
        let mut effects = Vec::new();
        let mut peer_closed = None;
        let mut pong = None;
        let Self {
            decoder,
            session,
            link,
            ..
        } = self;
        let fed = decoder.feed(bytes, |event| {
            match event {
                Event::Text(text) => session.on_text(
                    text,
                    &mut Turn {
                        now,
                        effects: &mut effects,
                    },
                ),
                // Only the newest of a read is answered, which RFC 6455 (5.5.3) allows: a flood of pings costs its
                // sender more than it costs us.
                Event::Ping(payload) => pong = Some(frame::pong(payload)),
                Event::Pong(_) => {}
                Event::Close { code, .. } => {
                    peer_closed = Some(code);
                    return ControlFlow::Break(());
                }
            }
            let ended = matches!(effects.last(), Some(Effect::Close(_)));
            if ended {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let violation = fed.err();
        if let Some(violation) = &violation {
            tracing::debug!(session = session.id, %violation, "a peer broke the protocol");
        }
        let link = Arc::clone(link);
        self.apply(effects);
        if let Some(pong) = pong.filter(|_| !link.is_blocked()) {
            let _sent = link.send(&pong.into(), 1, Class::Ephemeral, None);
        }
        if let Some(code) = peer_closed {
            let answer = frame::close(CloseCode::Normal, "");
            let _sent = link.send(&answer.into(), 1, Class::Kept, None);
            return ControlFlow::Break(End::Peer(code));
        }
        if let Some(violation) = violation {
            link.close(violation.close_code(), 0);
        }
        if link.closed().is_some() {
            return ControlFlow::Break(End::Closing);
        }
        ControlFlow::Continue(())
    }

    fn turn(&mut self, step: impl FnOnce(&mut Session, &mut Turn<'_>)) {
        let mut effects = Vec::new();
        let now = self.node.now();
        step(
            &mut self.session,
            &mut Turn {
                now,
                effects: &mut effects,
            },
        );
        self.apply(effects);
        self.set_alarm(now);
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(text) => {
                    let _sent = self.link.send_text(&text);
                }
                Effect::Call(call) => self.begin(call),
                Effect::Leave(channel) => self.leave_channel(&channel),
                Effect::Identify(identity) => self.identify(identity),
                Effect::Close(code) => self.node.close(&self.link, code),
            }
        }
    }

    fn begin(&mut self, call: call::Call) {
        let subscribing = match &call {
            call::Call::Subscribe { id, channel, .. } => Some((id.clone(), channel.clone())),
            _ => None,
        };
        let running = call::run(call, Arc::clone(&self.node), Arc::clone(&self.member));
        let running = match subscribing {
            None => running.boxed(),
            Some((id, channel)) => {
                let (running, abort) = abortable(running);
                self.subscribing.push(Subscribing { id, channel, abort });
                running.map(|done| done.unwrap_or(Completion::Sent)).boxed()
            }
        };
        self.calls.get_or_insert_default().push(running);
    }

    fn leave_channel(&mut self, channel: &Channel) {
        let answered = self.member.reads(channel);
        let (ended, kept) = std::mem::take(&mut self.subscribing)
            .into_iter()
            .partition::<Vec<_>, _>(|own| own.channel == *channel);
        self.subscribing = kept;
        for subscribing in ended {
            subscribing.abort.abort();
            if let Some(id) = subscribing.id.filter(|_| !answered) {
                let words = "overtaken by a later frame for the same channel";
                let refusal = Refusal::new(ErrorCode::Conflict, words);
                self.turn(|session, turn| session.refuse(Some(&id), &refusal, turn));
            }
        }
        self.member.left(channel, self.node.clock.now_ms());
    }

    fn identify(&mut self, identity: Arc<Identity>) {
        self.member.identify(Arc::clone(&identity));
        if self.registration.is_none() {
            let limit = self.node.settings.connections_per_user;
            self.registration =
                self.node
                    .registry
                    .register(&identity.user, Arc::clone(&self.member), limit);
            if self.registration.is_none() {
                self.node.close(&self.link, CloseCode::TooManyConnections);
                return;
            }
        }
        // Whoever revoked the token before the session was registered has not seen it.
        if self.node.authority.is_revoked(&identity) {
            self.node.close(&self.link, CloseCode::Unauthorized);
        }
    }

    /// Sets when the shard wakes this session for [`Session::on_tick`].
    fn set_alarm(&self, now: Now) {
        let seconds = self.session.next_tick_ms(now).div_ceil(1_000);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let due_s = self.node.uptime.seconds().saturating_add(seconds.max(1));
        if self.link.due_s() != due_s {
            self.link.set_due(due_s);
            let (shard, key) = self.member.seat();
            self.node.shards[shard].hint(Input::Reschedule(key));
        }
    }

    async fn leave(self, end: End) {
        let closed = self.link.closed();
        let code = match (closed, end) {
            (Some(code), _) => Some(code.as_u16()),
            (None, End::Peer(code)) => code,
            (None, End::Closing) => None,
        };
        self.node.figures.connections.dec();
        self.node.figures.closed(closed);
        if self.registration.is_some() {
            self.node.reports.ended(&self.member, code.unwrap_or(1_006));
        }
        self.member.leave_all();
        let (shard, key) = self.member.seat();
        self.node.shards[shard].tell(Input::Remove(key)).await;
    }
}
