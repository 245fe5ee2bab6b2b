//! A back end whose calls are spans of the trace that they are made for ([`fanfare_lifecycle::trace`]).
//!
//! | span | kind | is |
//! |---|---|---|
//! | `append`, `schedule` | producer | an append, or several at once, until it is answered |
//! | `publish` | producer | a message that nobody keeps, until it is handed over |
//! | `request` | client | a question to a service, until it is answered |
//! | `answer` | server | the answer, in that service |
//!
//! What is called for no trace goes right through.

mod bus;
mod log;

use fanfare_bus::Handles;
use fanfare_telemetry::traces::Traces;
use std::sync::Arc;

/// `handles`, traced; as they are when nobody collects.
#[must_use]
pub fn traced(handles: Handles, traces: &Traces) -> Handles {
    if !traces.is_on() {
        return handles;
    }
    Handles {
        bus: Arc::new(bus::TracedBus {
            inner: handles.bus,
            traces: traces.clone(),
        }),
        log: Arc::new(log::TracedLog {
            inner: handles.log,
            traces: traces.clone(),
        }),
        kv: handles.kv,
    }
}
