//! The verdicts as a file, for other tools.

use crate::{
    failure::{During as _, Outcome},
    row::Result as RowResult,
};
use serde::Serialize;
use std::{fs, path::Path};

/// Everything that a run has found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) rows: Vec<Line>,
    /// Rows that this host cannot run.
    pub(crate) skipped: Vec<Absent>,
    /// Rows that could not be run to their end.
    pub(crate) failed: Vec<Absent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) takeover: Option<Figures>,
}

/// A row's verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) fault: &'static str,
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) missing: u64,
    pub(crate) duplicate: u64,
    pub(crate) reordered: u64,
    pub(crate) reset: u64,
    pub(crate) deaf_sessions: u64,
    pub(crate) effects: u64,
    pub(crate) answered_again: u64,
    pub(crate) never_answered: u64,
    pub(crate) write_outage_ms: u64,
}

/// A row without a verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Absent {
    pub(crate) fault: &'static str,
    pub(crate) reason: String,
}

/// How one gateway took over the clients of another.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) sessions: usize,
    pub(crate) last_back_ms: u64,
    pub(crate) replay_p99_ms: u64,
}

impl Report {
    /// Adds what a row has come to.
    pub(crate) fn add(&mut self, result: &RowResult) {
        let verdict = &result.verdict;
        self.rows.push(Line {
            fault: result.row.title(),
            accepted: verdict.accepted,
            delivered: verdict.delivered,
            missing: verdict.missing,
            duplicate: verdict.duplicate,
            reordered: verdict.reordered,
            reset: verdict.reset,
            deaf_sessions: verdict.deaf_sessions,
            effects: verdict.effects,
            answered_again: verdict.answered_again,
            never_answered: verdict.never_answered,
            write_outage_ms: result.write_outage.ms,
        });
        if let Some(takeover) = result.takeover {
            self.takeover = Some(Figures {
                sessions: takeover.sessions,
                last_back_ms: takeover.last_back_ms,
                replay_p99_ms: takeover.replay_p99_ms,
            });
        }
    }

    /// Replaces what stands at `path`.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        let during = format!("writing {}", path.display());
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).during(&during)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        fs::write(path, text.during(&during)? + "\n").during(&during)
    }
}
