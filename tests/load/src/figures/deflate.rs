//! How often a publication is deflated: once for a node, however many of its shards have readers.

use super::{Bench, CHANNEL, LARGE, Way, crowd};
use crate::{
    fan_out::{self, Readers, Source},
    fault::Outcome,
    figure::Figure,
    server::{Placement, Server},
};

const READERS: usize = 200;
const PUBLICATIONS: u64 = 100;

const DEFLATES: &str = "fanfare_gateway_deflates_total";
const MESSAGES: &str = "fanfare_gateway_messages_total";

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Everywhere, &[])?;
    let mut crowd = crowd(&server, 1)?;
    let way = Way {
        compressed: true,
        ..Way::to(CHANNEL)
    };
    bench.enter(&mut crowd, &server, &way, READERS)?;
    let before = counts(&server)?;
    let readers = Readers {
        stream: 0,
        count: READERS,
    };
    let mut source = Source::Server(LARGE);
    fan_out::measure(
        &mut crowd,
        &mut source,
        &mut server.meter(),
        readers,
        PUBLICATIONS,
        1,
    )?;
    let after = counts(&server)?;
    let each = before.zip(after).and_then(|(before, after)| {
        let (deflates, messages) = (after.0 - before.0, after.1 - before.1);
        (messages > 0 && crowd.intake.tally.compressed == READERS)
            .then(|| deflates as f64 / messages as f64)
    });
    let name = "deflate calls of a publication, on every CPU";
    Ok(vec![Figure::new(name, "", each).at_most(1.0)])
}

/// Deflate calls and publications so far, where the server counts them.
fn counts(server: &Server) -> Outcome<Option<(u64, u64)>> {
    Ok(server.metric(DEFLATES)?.zip(server.metric(MESSAGES)?))
}
