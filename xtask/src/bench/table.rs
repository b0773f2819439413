//! The one table at the end: what, figure, goal, Kratos' own figure, and how much else ran on the machine meanwhile.

use std::fmt;

#[derive(Clone, Copy)]
pub(super) enum Goal {
    None,
    AtMost(f64),
    AtLeast(f64),
}

struct Row {
    what: String,
    figure: String,
    goal: String,
    met: &'static str,
    kratos: String,
    others: String,
}

#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    /// `others`: the share of the machine that neither server nor generator used. Much of it spoils a figure.
    pub(super) fn row(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &str,
        goal: Goal,
        kratos: &str,
        others: Option<f64>,
    ) {
        let shown = |value: f64| format!("{} {unit}", number(value)).trim_end().to_owned();
        let (goal, met) = match goal {
            Goal::None => (String::new(), ""),
            Goal::AtMost(most) => (format!("≤ {}", shown(most)), if value <= most { "yes" } else { "NO" }),
            Goal::AtLeast(least) => {
                (format!("≥ {}", shown(least)), if value >= least { "yes" } else { "NO" })
            }
        };
        let row = Row {
            what: what.into(),
            figure: shown(value),
            goal,
            met,
            kratos: kratos.to_owned(),
            others: others.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default(),
        };
        eprintln!("      {}: {}  {}", row.what, row.figure, row.goal);
        self.0.push(row);
    }
}

/// As many digits as mean something.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "figure", "goal", "met", "Kratos", "others"];
        let lines: Vec<[&str; 6]> =
            std::iter::once(head)
                .chain(self.0.iter().map(|row| {
                    [row.what.as_str(), &row.figure, &row.goal, row.met, &row.kratos, &row.others]
                }))
                .collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(out, "| {cell:<width$} ")?;
            }
            writeln!(out, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(out, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(out, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Goal, Table};

    #[test]
    fn a_goal_is_met_at_its_edge_and_missed_beyond() {
        let mut table = Table::default();
        table.row("most", 5.0, "ms", Goal::AtMost(5.0), "", None);
        table.row("more", 5.1, "ms", Goal::AtMost(5.0), "347", Some(0.25));
        table.row("least", 0.89, "", Goal::AtLeast(0.9), "", None);
        let text = table.to_string();
        let met: Vec<&str> =
            text.lines().skip(2).map(|line| line.split('|').nth(4).unwrap().trim()).collect();
        assert_eq!(met, ["yes", "NO", "NO"]);
        assert!(text.contains("25 %") && text.contains("≤ 5.00 ms"), "{text}");
    }
}
