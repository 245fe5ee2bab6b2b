//! The one table of a run.

use crate::figure::{Figure, number};

const HEAD: [&str; 7] = [
    "figure",
    "value",
    "bare loop",
    "ratio",
    "change",
    "target",
    "",
];

/// Every figure, with the change since `before`, the figures of an earlier run.
pub(crate) fn table(figures: &[Figure], before: &[Figure]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(figures.iter().map(|figure| {
        let earlier = before.iter().find(|own| own.name == figure.name);
        row(figure, earlier)
    }));
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
    out
}

/// Every figure as a table of Markdown.
pub(crate) fn markdown(figures: &[Figure]) -> String {
    let of = |[figure, value, bare_loop, ratio, _change, target, met]: [String; HEAD.len()]| {
        format!("| {figure} | {value} | {bare_loop} | {ratio} | {target} | {met} |\n")
    };
    let mut out = of(HEAD.map(str::to_owned));
    out += "|---|---|---|---|---|---|\n";
    out.extend(figures.iter().map(|figure| of(row(figure, None))));
    out
}

fn row(figure: &Figure, earlier: Option<&Figure>) -> [String; HEAD.len()] {
    let with_unit = |value: Option<f64>| {
        value.map_or_else(
            || "–".to_owned(),
            |value| {
                format!("{} {}", number(value), figure.unit)
                    .trim_end()
                    .to_owned()
            },
        )
    };
    let met = match (figure.met, &figure.target) {
        (Some(true), _) => "met",
        (Some(false), _) => "MISSED",
        (None, Some(_)) => "not measured",
        (None, None) => "",
    };
    [
        figure.name.clone(),
        with_unit(figure.value),
        figure
            .bare_loop
            .map_or_else(String::new, |bare| with_unit(Some(bare))),
        figure
            .ratio
            .map_or_else(String::new, |ratio| format!("{ratio:.3}")),
        earlier.map_or_else(String::new, |earlier| change(figure, earlier)),
        figure.target.clone().unwrap_or_default(),
        met.to_owned(),
    ]
}

/// How far the ratio, or the value of a figure without one, is from an earlier one.
fn change(figure: &Figure, earlier: &Figure) -> String {
    let pair = figure.ratio.zip(earlier.ratio);
    match pair.or(figure.value.zip(earlier.value)) {
        Some((now, then)) if then.abs() > 0.0 => format!("{:+.0} %", (now / then - 1.0) * 100.0),
        _ => String::new(),
    }
}

fn line(row: &[String; HEAD.len()], widths: &[usize; HEAD.len()]) -> String {
    let mut out = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        let fill = " ".repeat(width - cell.chars().count());
        // Words to the left, numbers to the right.
        let is_number = (1..=4).contains(&index);
        let (front, back) = if is_number {
            (&*fill, "")
        } else {
            ("", &*fill)
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
    fn a_miss_is_shown_and_changes_are_of_the_ratio() {
        let figures = [
            Figure::new("CPU per delivery", "µs", 12.0)
                .beside(10.0)
                .ratio_at_most(1.1),
            Figure::new("idle", "B", 700.0).at_most(1_024.0),
            Figure::new("deflates", "", None).at_most(1.0),
        ];
        let before = [
            Figure::new("CPU per delivery", "µs", 20.0).beside(20.0),
            Figure::new("idle", "B", 1_400.0),
        ];
        let text = table(&figures, &before);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2],
            "CPU per delivery  12 µs      10 µs  1.200   +20 %  ratio ≤ 1.10  MISSED"
        );
        assert_eq!(
            lines[3],
            "idle              700 B                     -50 %  ≤ 1,024 B     met"
        );
        assert!(lines[4].ends_with("not measured"), "{}", lines[4]);
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn markdown_has_a_line_for_each_figure() {
        let figures = [
            Figure::new("idle", "B", 948.0).at_most(1_024.0),
            Figure::new("delivery", "µs", 3.0)
                .beside(2.0)
                .ratio_at_most(1.1),
        ];
        let lines: Vec<String> = markdown(&figures).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2], "| idle | 948 B |  |  | ≤ 1,024 B | met |");
        assert_eq!(
            lines[3],
            "| delivery | 3 µs | 2 µs | 1.500 | ratio ≤ 1.10 | MISSED |"
        );
    }
}
