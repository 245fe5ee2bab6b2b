//! Everything that is measured, in groups. Each group starts what it needs and ends it.

mod burst;
mod chat;
mod deflate;
mod delivery;
mod echo;
mod handshake;
mod idle;
mod nats;
mod overload;
mod stalled;
mod storm;

use crate::{
    bare::{Bare, writer::Order},
    crowd::{Crowd, Entrance},
    fault::Outcome,
    figure::Figure,
    issuer::Issuer,
    machine::Machine,
    output,
    plan::Plan,
    publisher::{Publication, Publishers},
    server::{Placement, Server, Setup},
    upgrade::{self, Greeting},
};
use std::rc::Rc;

/// The topic of those who read what is measured.
const TOPIC: &str = "bench";

/// Its channel.
const CHANNEL: &str = "topic:bench";

/// The usual publication: a line of chat, a price.
const SMALL: Publication = Publication {
    topic: TOPIC,
    bytes: 128,
    stored: true,
};

/// A publication of some weight, below one segment of a network.
const LARGE: Publication = Publication {
    topic: TOPIC,
    bytes: 1_024,
    stored: true,
};

type Group = fn(&mut Bench) -> Outcome<Vec<Figure>>;

const GROUPS: [(&str, Group); 11] = [
    ("idle", idle::measure),
    ("echo", echo::measure),
    ("delivery", delivery::measure),
    ("burst", burst::measure),
    ("overload", overload::measure),
    ("handshake", handshake::measure),
    ("stalled", stalled::measure),
    ("storm", storm::measure),
    ("deflate", deflate::measure),
    ("chat", chat::measure),
    ("nats", nats::measure),
];

/// The names of the groups.
pub(crate) const NAMES: [&str; GROUPS.len()] = {
    let mut names = [""; GROUPS.len()];
    let mut index = 0;
    while index < GROUPS.len() {
        names[index] = GROUPS[index].0;
        index += 1;
    }
    names
};

/// What every group is given.
pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) plan: Plan,
    pub(crate) setup: Setup,
    pub(crate) issuer: Issuer,
}

/// Measures the groups of these names; all of them when there is none.
pub(crate) fn all(bench: &mut Bench, only: &[String]) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, measure) in GROUPS {
        if only.is_empty() || only.iter().any(|own| own == name) {
            output::aside(&format!("measuring: {name}"));
            figures.extend(measure(bench)?);
        }
    }
    Ok(figures)
}

/// How clients come to a server.
struct Way {
    path: &'static str,
    greeting: Rc<Greeting>,
    compressed: bool,
    stream: usize,
    receive_bytes: Option<usize>,
}

impl Way {
    /// Subscribed to `channel`, reading stream 0.
    fn to(channel: &str) -> Self {
        Self {
            greeting: Greeting::subscribing(channel, None),
            ..Self::plain()
        }
    }

    /// Reading nothing.
    fn plain() -> Self {
        Self {
            path: "/ws/",
            greeting: Greeting::plain(),
            compressed: false,
            stream: 0,
            receive_bytes: None,
        }
    }

    fn entrance(&self, server: &Server, token: &str) -> Entrance {
        Entrance {
            address: server.address,
            request: upgrade::request(self.path, token, self.compressed),
            greeting: Rc::clone(&self.greeting),
            stream: self.stream,
            next_n: 0,
            receive_bytes: self.receive_bytes,
        }
    }
}

impl Bench {
    fn server(&self, placement: Placement, arguments: &[&str]) -> Outcome<Server> {
        Server::start(
            &self.setup,
            &self.machine,
            placement,
            &self.issuer,
            arguments,
        )
    }

    /// Lets `count` users in, each with a token of his own, and returns their slots once the server has come to rest.
    fn enter(
        &mut self,
        crowd: &mut Crowd,
        server: &Server,
        way: &Way,
        count: usize,
    ) -> Outcome<Vec<usize>> {
        let tokens = self.issuer.tokens(count, &[])?;
        let slots = crowd.connect(tokens.iter().map(|token| way.entrance(server, token)))?;
        server.meter().settled_ns(crowd)?;
        Ok(slots)
    }
}

/// A crowd with publishers for `server`.
fn crowd(server: &Server, publishers: usize) -> Outcome<Crowd> {
    let mut crowd = Crowd::new(2)?;
    crowd.add_publishers(Publishers::open(server, publishers)?)?;
    Ok(crowd)
}

/// Lets `count` readers in to the bare loop, and returns their slots.
fn enter_bare(crowd: &mut Crowd, bare: &mut Bare, count: usize) -> Outcome<Vec<usize>> {
    bare.order(Order::Accept { count })?;
    let entrance = || Entrance {
        address: bare.address,
        request: Box::default(),
        greeting: Greeting::plain(),
        stream: 0,
        next_n: bare.next,
        receive_bytes: None,
    };
    let slots = crowd.connect((0..count).map(|_| entrance()))?;
    bare.answer(crowd)?;
    Ok(slots)
}

/// Lets the readers of the bare loop go.
fn leave_bare(crowd: &mut Crowd, bare: &mut Bare, slots: &[usize]) -> Outcome<()> {
    crowd.leave(slots)?;
    bare.order(Order::Close)?;
    bare.answer(crowd)?;
    bare.meter().at_rest_ns(crowd)?;
    Ok(())
}
