//! Log lines on standard error.

mod line;

use line::WithTrace;
use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
};
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Registry, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines. What is logged for a trace that is recorded says so: `trace_id`, `span_id`.
    Json,
}

/// What is logged, while the process runs. Clones share it.
#[derive(Clone)]
pub struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    /// As it was given: a filter's own text has lost its order.
    text: Arc<Mutex<String>>,
}

/// Sends the process's log lines to standard error. `filter` is in the syntax of `RUST_LOG`.
///
/// # Errors
///
/// The text says what is wrong with the filter, or that logs are set up already.
pub fn init(filter: &str, format: Format) -> Result<Filter, String> {
    let (layer, handle) = reload::Layer::new(parse(filter)?);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(layer);
    match format {
        Format::Text => registry.with(lines.with_target(false)).try_init(),
        Format::Json => {
            let lines = lines.json().flatten_event(true);
            registry.with(lines.map_event_format(WithTrace)).try_init()
        }
    }
    .map_err(|error| error.to_string())?;
    Ok(Filter {
        handle,
        text: Arc::new(Mutex::new(filter.to_owned())),
    })
}

impl Filter {
    /// As it was set last.
    #[must_use]
    pub fn get(&self) -> String {
        let text = self.text.lock();
        text.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Logs what `filter` says from now on, in the syntax of `RUST_LOG`, and no more than `most` of anything.
    ///
    /// # Errors
    ///
    /// The text says what is wrong with it; nothing has changed then.
    pub fn set(&self, filter: &str, most: LevelFilter) -> Result<(), String> {
        let parsed = parse(filter)?;
        // A filter that gives no hint may let everything through.
        if parsed.max_level_hint().unwrap_or(LevelFilter::TRACE) > most {
            return Err(format!(
                "the log filter {filter:?}: {most} is the most that may be had here"
            ));
        }
        // Held meanwhile, so that of two callers the one whose filter holds is the one that is told.
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        self.handle
            .reload(parsed)
            .map_err(|error| error.to_string())?;
        filter.clone_into(&mut text);
        Ok(())
    }
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    if filter.trim().is_empty() {
        return Err("the log filter is empty: off is what logs nothing".to_owned());
    }
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| format!("the log filter {filter:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_lets_through_no_more_than_it_may() {
        let filter = init("warn", Format::Text).unwrap();
        for (wanted, most, is_taken) in [
            ("info", LevelFilter::DEBUG, true),
            ("fanfare=trace,info", LevelFilter::DEBUG, false),
            ("[publish{user=ann}]=trace", LevelFilter::DEBUG, false),
            ("h2=trace", LevelFilter::TRACE, true),
        ] {
            let before = filter.get();
            assert_eq!(filter.set(wanted, most).is_ok(), is_taken, "{wanted}");
            let after = if is_taken { wanted } else { before.as_str() };
            assert_eq!(filter.get(), after);
        }
    }
}
