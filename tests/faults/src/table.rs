//! The one table of a run.

use crate::report::{Absent, Line, Report};

const HEAD: [&str; 10] = [
    "fault",
    "accepted",
    "delivered",
    "missing",
    "double",
    "swapped",
    "reset",
    "deaf",
    "effects",
    "write outage",
];

/// Every row with its verdict, or why it has none.
pub(crate) fn table(report: &Report) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(report.rows.iter().map(cells));
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        out.push_str(&line(row, &widths));
        if index == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            out.push_str(rule.join("  ").trim_end());
            out.push('\n');
        }
    }
    for row in &report.rows {
        if row.answered_again + row.never_answered > 0 {
            out.push_str(&format!(
                "{}: {} entries of rooms were stored by an attempt without an answer and answered to a later one, \
                 {} with effects were never answered\n",
                row.fault, row.answered_again, row.never_answered
            ));
        }
    }
    for absent in &report.skipped {
        out.push_str(&without(absent, "skipped"));
    }
    for absent in &report.failed {
        out.push_str(&without(absent, "FAILED"));
    }
    if let Some(takeover) = &report.takeover {
        out.push_str(&format!(
            "takeover of {} sessions: the last one was back after {} ms, replay p99 {} ms\n",
            takeover.sessions, takeover.last_back_ms, takeover.replay_p99_ms
        ));
    }
    out
}

fn cells(row: &Line) -> [String; HEAD.len()] {
    [
        row.fault.to_owned(),
        row.accepted.to_string(),
        row.delivered.to_string(),
        row.missing.to_string(),
        row.duplicate.to_string(),
        row.reordered.to_string(),
        row.reset.to_string(),
        row.deaf_sessions.to_string(),
        row.effects.to_string(),
        format!("{} ms", row.write_outage_ms),
    ]
}

fn without(absent: &Absent, what: &str) -> String {
    format!("{}: {what}: {}\n", absent.fault, absent.reason)
}

fn line(row: &[String; HEAD.len()], widths: &[usize; HEAD.len()]) -> String {
    let mut out = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        let fill = " ".repeat(width - cell.chars().count());
        // Words to the left, numbers to the right.
        let (front, back) = if index == 0 {
            ("", &*fill)
        } else {
            (&*fill, "")
        };
        out.push_str(&format!("{front}{cell}{back}  "));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_there_with_its_verdict_or_its_reason() {
        let report = Report {
            rows: vec![Line {
                fault: "none",
                accepted: 1_200,
                delivered: 9_000,
                missing: 0,
                duplicate: 1,
                reordered: 2,
                reset: 3,
                deaf_sessions: 4,
                effects: 6,
                answered_again: 7,
                never_answered: 8,
                write_outage_ms: 55,
            }],
            skipped: vec![Absent {
                fault: "cut",
                reason: "no namespaces".to_owned(),
            }],
            ..Report::default()
        };
        let text = table(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2],
            "none       1200       9000        0       1        2      3     4        6         55 ms"
        );
        let again = "none: 7 entries of rooms were stored by an attempt without an answer and answered to a later one, \
                     8 with effects were never answered";
        assert_eq!(lines[3], again);
        assert_eq!(lines[4], "cut: skipped: no namespaces");
        assert_eq!(lines.len(), 5);
    }
}
