//! One measured figure, what it stands on, and what it must be.

use serde::{Deserialize, Serialize};

/// One line of the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The same name means the same measurement.
    pub(crate) name: String,
    /// `None`: it could not be measured.
    pub(crate) value: Option<f64>,
    pub(crate) unit: String,
    /// The bare loop's, in the same run.
    pub(crate) bare_loop: Option<f64>,
    /// The value as a part of the bare loop's, or of what the name says.
    pub(crate) ratio: Option<f64>,
    /// In words.
    pub(crate) target: Option<String>,
    /// `None`: there is no target, or no value.
    pub(crate) met: Option<bool>,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: &str, value: impl Into<Option<f64>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            unit: unit.to_owned(),
            bare_loop: None,
            ratio: None,
            target: None,
            met: None,
        }
    }

    /// Beside the bare loop's, and as a part of it.
    pub(crate) fn beside(mut self, bare_loop: impl Into<Option<f64>>) -> Self {
        self.bare_loop = bare_loop.into();
        self.ratio = part(self.value, self.bare_loop);
        self
    }

    /// As a part of `other`, which is no bare loop's.
    pub(crate) fn part_of(mut self, other: impl Into<Option<f64>>) -> Self {
        self.ratio = part(self.value, other.into());
        self
    }

    /// The value must not be above `most`.
    pub(crate) fn at_most(mut self, most: f64) -> Self {
        self.target = Some(
            format!("≤ {} {}", number(most), self.unit)
                .trim_end()
                .to_owned(),
        );
        self.met = self.value.map(|value| value <= most);
        self
    }

    /// The value must be exactly this.
    pub(crate) fn exactly(mut self, due: f64) -> Self {
        self.target = Some(format!("= {}", number(due)));
        self.met = self.value.map(|value| (value - due).abs() < f64::EPSILON);
        self
    }

    /// The ratio must not be above `most`.
    pub(crate) fn ratio_at_most(mut self, most: f64) -> Self {
        self.target = Some(format!("ratio ≤ {most:.2}"));
        self.met = self.ratio.map(|ratio| ratio <= most);
        self
    }
}

fn part(value: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let whole = whole.filter(|whole| *whole > 0.0)?;
    value.map(|value| value / whole)
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The least, for CPU time: other work on the machine adds to it (caches, interrupts, a busy host) and never takes away.
pub(crate) fn least(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

/// A number with three digits that matter, and its thousands apart.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_held_against_what_it_names() {
        let figure = Figure::new("a", "µs", 11.0)
            .beside(10.0)
            .ratio_at_most(1.10);
        assert_eq!((figure.ratio, figure.met), (Some(1.1), Some(true)));
        let figure = Figure::new("a", "µs", 11.1)
            .beside(10.0)
            .ratio_at_most(1.10);
        assert_eq!(figure.met, Some(false));
        let figure = Figure::new("a", "B", 1_025.0).at_most(1_024.0);
        assert_eq!(
            (figure.target.as_deref(), figure.met),
            (Some("≤ 1,024 B"), Some(false))
        );
        assert_eq!(Figure::new("a", "", 50.0).exactly(50.0).met, Some(true));
        assert_eq!(Figure::new("a", "", 49.0).exactly(50.0).met, Some(false));
    }

    #[test]
    fn what_was_not_measured_meets_nothing() {
        let figure = Figure::new("a", "µs", None)
            .beside(10.0)
            .ratio_at_most(1.10);
        assert_eq!((figure.ratio, figure.met), (None, None));
        assert_eq!(Figure::new("a", "µs", 1.0).beside(0.0).ratio, None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(least(&[3.0, 1.0, 2.0]), Some(1.0));
        assert_eq!(least(&[]), None);
    }

    #[test]
    fn numbers_are_as_long_as_they_matter() {
        let written = [
            0.0123, 0.5, 1.0, 9.876, 12.34, 123.4, 1_234.5, 98_765.4, -1_234.0,
        ];
        let expected = [
            "0.012", "0.500", "1", "9.88", "12.3", "123", "1,234", "98,765", "-1,234",
        ];
        assert_eq!(written.map(number), expected);
    }
}
