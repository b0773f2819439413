//! How many tests passed and failed, read from what libtest and Playwright say.

use serde_json::Value;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Ignored or skipped: for this project a failure, since nothing may be left out unseen.
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// From one line of libtest, `test result: ok. 3 passed; 0 failed; 0 ignored; …`; other lines say nothing.
    pub(crate) fn from_libtest_line(line: &str) -> Self {
        let mut counts = Self::default();
        let Some(result) = line.trim().strip_prefix("test result: ") else { return counts };
        let Some((_, numbers)) = result.split_once(". ") else { return counts };
        for part in numbers.split(';') {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.skipped += number,
                _ => {}
            }
        }
        counts
    }

    /// From the file of Playwright's JSON reporter. A flaky test passed only by trying again: it failed.
    pub(crate) fn from_playwright(report: &str) -> Result<Self, String> {
        let report: Value = serde_json::from_str(report)
            .map_err(|error| format!("Playwright's report cannot be read: {error}"))?;
        let number = |name: &str| report["stats"][name].as_u64().unwrap_or(0);
        let broken = report["errors"].as_array().map_or(0, Vec::len) as u64;
        Ok(Self {
            passed: number("expected"),
            failed: number("unexpected") + number("flaky") + broken,
            skipped: number("skipped"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn libtest_lines_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.52s";
        assert_eq!(Counts::from_libtest_line(line), Counts { passed: 12, failed: 3, skipped: 1 });
        assert_eq!(Counts::from_libtest_line("test store::flows ... ok"), Counts::default());
        assert_eq!(Counts::from_libtest_line("a line about 3 passed; 4 failed"), Counts::default());
    }

    #[test]
    fn playwright_reports_are_counted() {
        let report = r#"{"stats":{"expected":40,"unexpected":1,"flaky":1,"skipped":2},"errors":[]}"#;
        assert_eq!(Counts::from_playwright(report), Ok(Counts { passed: 40, failed: 2, skipped: 2 }));
        assert!(Counts::from_playwright("{").is_err());
    }

    #[test]
    fn a_report_with_an_error_outside_a_test_is_a_failure() {
        let report = r#"{"stats":{"expected":0},"errors":[{"message":"no tests found"}]}"#;
        assert_eq!(Counts::from_playwright(report), Ok(Counts { passed: 0, failed: 1, skipped: 0 }));
    }
}
