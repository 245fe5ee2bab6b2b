//! The formats of the text, and which of them a reader wants.

/// How metrics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own text format, which every tool reads.
    #[default]
    Classic,
    /// OpenMetrics 1.0, which has exemplars.
    OpenMetrics,
}

impl Format {
    /// The format for a reader who sends this `Accept`: OpenMetrics for those who name it and do not prefer the other.
    #[must_use]
    pub fn of_accept(accept: &str) -> Self {
        let (mut open, mut classic) = (0.0, 0.0);
        for item in accept.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut quality, mut version) = (1.0_f32, "1.0.0");
            for parameter in parts {
                match parameter.split_once('=') {
                    Some(("q", value)) => quality = value.parse().unwrap_or(0.0),
                    Some(("version", value)) => version = value.trim_matches('"'),
                    _ => {}
                }
            }
            match media_type.as_str() {
                "application/openmetrics-text" if version == "1.0.0" => open = quality.max(open),
                "text/plain" | "text/*" => classic = quality.max(classic),
                _ => {}
            }
        }
        if open > 0.0 && open >= classic {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// The `Content-Type` of an answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{self, Classic, OpenMetrics};

    #[test]
    fn a_reader_gets_what_it_asks_for() {
        // The first is what Prometheus sends.
        for (accept, format) in [
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            ("application/openmetrics-text", OpenMetrics),
            (
                "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
                OpenMetrics,
            ),
            ("application/openmetrics-text;version=2.0.0", Classic),
            ("application/openmetrics-text;q=0", Classic),
            (
                "text/plain, application/openmetrics-text;version=1.0.0;q=0.9",
                Classic,
            ),
            ("text/html,*/*", Classic),
            ("", Classic),
            (";;=,q", Classic),
        ] {
            assert_eq!(Format::of_accept(accept), format, "{accept}");
        }
    }
}
