//! The rules of names. `promtool check metrics` has the same, and more for what is exported in the end.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Endings that belong to counters and to the parts of histograms.
const RESERVED: [&str; 4] = ["_total", "_count", "_sum", "_bucket"];

/// Panics, with the reason, when a metric is not called by the rules.
pub(super) fn check(kind: Kind, name: &str, help: &str) {
    if let Err(reason) = verdict(kind, name, help) {
        panic!("the metric {name}: {reason}");
    }
}

fn verdict(kind: Kind, name: &str, help: &str) -> Result<(), &'static str> {
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !name.starts_with("fanfare_") || !name.split('_').all(is_word) {
        return Err("a name begins with fanfare_ and is lower case");
    }
    let has_unit = name.ends_with("_seconds") || name.ends_with("_bytes");
    match kind {
        Kind::Counter if !name.ends_with("_total") => return Err("a counter ends with _total"),
        Kind::Histogram if !has_unit => return Err("a histogram ends with _seconds or _bytes"),
        Kind::Gauge if RESERVED.iter().any(|ending| name.ends_with(ending)) => {
            return Err("a gauge has none of the endings of counters and histograms");
        }
        Kind::Counter | Kind::Gauge | Kind::Histogram => {}
    }
    if !help.ends_with('.') || help.contains('\n') {
        return Err("a help is a sentence");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Kind, verdict};

    #[test]
    fn an_ending_says_what_a_metric_is() {
        for (kind, name, is_right) in [
            (Kind::Counter, "fanfare_x_logins_total", true),
            (Kind::Counter, "fanfare_x_cpu_seconds_total", true),
            (Kind::Counter, "fanfare_x_logins", false),
            (Kind::Gauge, "fanfare_x_queue_bytes", true),
            (Kind::Gauge, "fanfare_x_logins_total", false),
            (Kind::Gauge, "fanfare_x_logins_count", false),
            (Kind::Histogram, "fanfare_x_append_seconds", true),
            (Kind::Histogram, "fanfare_x_append", false),
            (Kind::Histogram, "fanfare_x_append_ms", false),
            (Kind::Gauge, "other_x", false),
            (Kind::Gauge, "fanfare_X", false),
            (Kind::Gauge, "fanfare__x", false),
        ] {
            assert_eq!(
                verdict(kind, name, "What it is.").is_ok(),
                is_right,
                "{name}"
            );
        }
        assert!(verdict(Kind::Gauge, "fanfare_x", "No sentence").is_err());
    }
}
