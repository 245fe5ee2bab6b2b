//! Who takes part: drawn from the seed.

use crate::{history::Channel, random::Random};
use std::time::Duration;

/// Everybody in a row.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) personas: Vec<Persona>,
    pub(crate) publishers: Vec<Random>,
    /// What is published to.
    pub(crate) channels: Channels,
    /// Time that a publisher takes between two publications, milliseconds: the least and the most.
    pub(crate) pause_ms: (u64, u64),
    /// How many publications of a hundred are messages to rooms.
    pub(crate) room_percent: usize,
    /// How many of the others go to more than a few readers.
    pub(crate) wide_percent: usize,
}

/// The channels of a row, by kind.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) topics: Vec<String>,
    /// Public ones, with all users as members.
    pub(crate) rooms: Vec<String>,
}

/// A client and how it behaves.
#[derive(Clone, Debug)]
pub(crate) struct Persona {
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    /// Whether the inbox's path subscribes for it; otherwise it subscribes itself.
    pub(crate) has_inbox: bool,
    /// What it subscribes itself.
    pub(crate) topics: Vec<String>,
    pub(crate) rooms: Vec<String>,
    pub(crate) habit: Habit,
    /// The gateway it comes to first; any other time it takes any. `None`: any.
    pub(crate) first_gateway: Option<usize>,
    pub(crate) random: Random,
}

/// How a client behaves while the row is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Stays.
    Steady,
    /// Leaves, with or without a word, and comes back soon with its cursors.
    Roaming,
    /// Leaves single channels, and comes back to them with their cursors.
    Switching,
    /// Stops reading for seconds.
    Slow,
    /// Leaves for good after a while.
    Leaving(Duration),
    /// Comes late.
    Late(Duration),
}

const USERS: usize = 20;
const GROUPS: usize = 4;
const TOPICS: usize = 4;
const ROOMS: usize = 2;
const PUBLISHERS: usize = 8;
/// Publishers of a row about chat: at any time, each worker has several requests under way.
const TALKERS: usize = 16;

/// Draws what a habit leaves open.
type Draw = fn(&mut Random) -> Habit;

/// Clients of a row: enough of each habit that each meets the fault, few enough for a small machine.
const HABITS: [(usize, Draw); 6] = [
    (24, |_random| Habit::Steady),
    (14, |_random| Habit::Roaming),
    (8, |_random| Habit::Switching),
    (6, |_random| Habit::Slow),
    (4, |random| Habit::Leaving(random.between_ms(3_000, 12_000))),
    (4, |random| Habit::Late(random.between_ms(2_000, 12_000))),
];

/// A topic whose publications are large: it is what fills the queue of a slow reader.
pub(crate) const BULK: &str = "bulk";

/// The usual row.
pub(crate) fn plan(mut random: Random) -> Plan {
    let channels = Channels {
        users: names("user", USERS),
        groups: names("group", GROUPS),
        topics: [names("topic", TOPICS), vec![BULK.to_owned()]].concat(),
        rooms: names("room", ROOMS),
    };
    let mut personas = Vec::new();
    for (count, habit) in HABITS {
        for _ in 0..count {
            let habit = habit(&mut random);
            personas.push(persona(personas.len(), habit, &channels, &mut random));
        }
    }
    Plan {
        personas,
        publishers: (0..PUBLISHERS).map(|_| random.fork()).collect(),
        channels,
        pause_ms: (20, 80),
        room_percent: 20,
        wide_percent: 50,
    }
}

/// A row with many messages to rooms and little else.
pub(crate) fn chat(mut random: Random) -> Plan {
    let publishers = (0..TALKERS).map(|_| random.fork()).collect();
    Plan {
        publishers,
        pause_ms: (0, 60),
        room_percent: 90,
        ..plan(random)
    }
}

/// A row of `count` clients with an inbox each, all of them on the first gateway at the start.
pub(crate) fn takeover(count: usize, mut random: Random) -> Plan {
    let channels = Channels {
        users: names("user", count),
        groups: names("group", GROUPS),
        topics: Vec::new(),
        rooms: Vec::new(),
    };
    let personas = channels
        .users
        .iter()
        .enumerate()
        .map(|(index, user)| Persona {
            name: format!("s{index}"),
            user: user.clone(),
            groups: vec![channels.groups[index % GROUPS].clone()],
            has_inbox: true,
            topics: Vec::new(),
            rooms: Vec::new(),
            habit: Habit::Steady,
            first_gateway: Some(0),
            random: random.fork(),
        });
    Plan {
        personas: personas.collect(),
        publishers: (0..PUBLISHERS).map(|_| random.fork()).collect(),
        channels,
        pause_ms: (100, 300),
        room_percent: 0,
        // A publication to everybody is as many deliveries as there are clients.
        wide_percent: 10,
    }
}

fn names(kind: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{kind}-{index}")).collect()
}

fn persona(index: usize, habit: Habit, channels: &Channels, random: &mut Random) -> Persona {
    let is_slow = habit == Habit::Slow;
    // What the inbox's path subscribes cannot be left and taken up again one by one.
    let has_inbox = habit != Habit::Switching && random.chance(60);
    let mut topics = Vec::new();
    for topic in &channels.topics {
        if (is_slow && topic == BULK) || random.chance(40) {
            topics.push(topic.clone());
        }
    }
    if topics.is_empty() {
        topics.push(channels.topics[0].clone());
    }
    let mut rooms = channels.rooms.clone();
    rooms.retain(|_room| random.chance(40));
    Persona {
        name: format!("s{index}-{}", name(habit)),
        user: random.pick(&channels.users).clone(),
        groups: vec![random.pick(&channels.groups).clone()],
        has_inbox,
        topics,
        rooms,
        habit,
        first_gateway: None,
        random: random.fork(),
    }
}

const fn name(habit: Habit) -> &'static str {
    match habit {
        Habit::Steady => "steady",
        Habit::Roaming => "roaming",
        Habit::Switching => "switching",
        Habit::Slow => "slow",
        Habit::Leaving(_) => "leaving",
        Habit::Late(_) => "late",
    }
}

impl Persona {
    /// Everything it reads.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let own = std::iter::once(format!("user:{}", self.user));
        let groups = self.groups.iter().map(|group| format!("group:{group}"));
        let topics = self.topics.iter().map(|topic| format!("topic:{topic}"));
        let rooms = self.rooms.iter().map(|room| format!("room:{room}"));
        own.chain(groups)
            .chain(["all".to_owned()])
            .chain(topics)
            .chain(rooms)
            .map(Channel::from)
            .collect()
    }

    /// Whether its path subscribes this one by itself.
    pub(crate) fn is_subscribed_at_start(&self, channel: &str) -> bool {
        let is_inbox = !channel.starts_with("topic:") && !channel.starts_with("room:");
        self.has_inbox && is_inbox
    }
}
