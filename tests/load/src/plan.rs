//! How much of everything a run takes.

/// Readers of one publication at a time, and how many publications they get in each repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FanOut {
    pub(crate) readers: usize,
    pub(crate) publications: u64,
    /// How often server and bare loop take turns: more often where a turn is short and so is what disturbs it.
    pub(crate) repetitions: usize,
}

/// The sizes of one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How often other things are repeated; figures are medians.
    pub(crate) repetitions: usize,
    /// Connections whose memory is looked at.
    pub(crate) idle: usize,
    /// Connections that send and get messages, and how many each.
    pub(crate) echoing: usize,
    pub(crate) echoes: u64,
    pub(crate) fan_out: Vec<FanOut>,
    /// Readers of bursts, of overload, and beside stalled readers.
    pub(crate) readers: usize,
    /// Bursts of a hundred in each repetition; the bare loop, which takes far longer for one, makes half as many.
    pub(crate) bursts: u64,
    /// How long each rate is offered.
    pub(crate) overload_seconds: u64,
    pub(crate) handshakes: usize,
    /// Readers that stop reading.
    pub(crate) stalled: usize,
    /// Connections that drop and come back.
    pub(crate) storm: usize,
    /// Messages of a long room.
    pub(crate) messages: u64,
}

impl Plan {
    /// About ten minutes. `sockets` is the most a process may have.
    pub(crate) fn full(sockets: usize) -> Self {
        let sizes = [(1_000, 60, 7), (10_000, 12, 3), (19_000, 8, 3)];
        let mut fan_out: Vec<FanOut> = sizes
            .map(|(readers, publications, repetitions)| FanOut {
                readers: sockets.min(readers),
                publications,
                repetitions,
            })
            .into();
        fan_out.dedup_by_key(|size| size.readers);
        Self {
            repetitions: 3,
            idle: sockets.min(19_000),
            echoing: sockets.min(5_000),
            echoes: 150,
            fan_out,
            readers: 1_000.min(sockets),
            bursts: 6,
            overload_seconds: 10,
            handshakes: sockets.min(5_000),
            stalled: 50,
            storm: sockets.min(10_000),
            messages: 100_000,
        }
    }

    /// About one minute, and coarser.
    pub(crate) fn quick(sockets: usize) -> Self {
        Self {
            repetitions: 1,
            idle: sockets.min(2_000),
            echoing: sockets.min(1_000),
            echoes: 150,
            fan_out: vec![FanOut {
                readers: 1_000.min(sockets),
                publications: 60,
                repetitions: 1,
            }],
            readers: 1_000.min(sockets),
            bursts: 2,
            overload_seconds: 3,
            handshakes: sockets.min(2_000),
            stalled: 50,
            storm: sockets.min(2_000),
            messages: 10_000,
        }
    }
}
