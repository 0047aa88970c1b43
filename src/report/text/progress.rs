//! How far a run has come, on standard error: a bar on a terminal, a few lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::number;
use crate::report::note;

/// Lines of a run that is not watched on a terminal, at most.
const LINES: u64 = 10;

/// Between two of them, at least.
const PAUSE: Duration = Duration::from_secs(1);

/// The display of one run.
pub struct ProgressDisplay {
    /// What is counted, such as "step".
    unit: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    /// The count from which on the next line is due.
    due: u64,
    /// When the last one was written, or the run began.
    last: Instant,
}

impl ProgressDisplay {
    /// The display of a run of `total` steps, networks, or whatever `unit` says.
    #[must_use]
    pub fn new(unit: &'static str, total: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{wide_msg}").expect("the template is well-formed");
            ProgressBar::new(total).with_style(style)
        });
        Self { unit, total, bar, due: total.div_ceil(LINES), last: Instant::now() }
    }

    /// Shows where the run is.
    pub fn update(&mut self, done: u64, loss: Option<f32>) {
        // The last chunk of many networks may have more than there are.
        let done = done.min(self.total);
        let loss = loss.map(|loss| format!(", loss {}", number(loss.into(), 6)));
        let loss = loss.unwrap_or_default();
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            let count = format!("{} {} of {}", self.unit, HumanCount(done), HumanCount(self.total));
            let left = format!(", {:#} left", HumanDuration(bar.eta()));
            bar.set_message(line(terminal_columns(), [done, self.total], [count, loss, left]));
        } else if done >= self.due && self.last.elapsed() >= PAUSE {
            self.last = Instant::now();
            let (unit, total) = (self.unit, HumanCount(self.total));
            note(&format!("{unit} {} of {total}{loss}", HumanCount(done)));
            let part = self.total.div_ceil(LINES);
            self.due = (done / part + 1) * part;
        }
    }

    /// Shows that the run is over, and being compared.
    pub fn compare(&self) {
        const WHAT: [&str; 2] = ["repeating the run on the CPU", " (Ctrl-C leaves that out)"];
        match &self.bar {
            Some(bar) => {
                let style = ProgressStyle::with_template("{spinner} {wide_msg}");
                bar.set_style(style.expect("the template is well-formed"));
                let columns = terminal_columns().saturating_sub(2);
                bar.set_message(fitting(columns, &[WHAT.concat(), WHAT[0].into()]));
                bar.enable_steady_tick(Duration::from_millis(100));
            }
            None => note(&WHAT.concat()),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Columns of a bar, at most, and those below which there is none.
const BAR: [usize; 2] = [40, 10];

fn terminal_columns() -> usize {
    Term::stderr().size().1.into()
}

/// The line of a terminal with this number of columns: a bar, the count, the loss and the time that
/// is left. If that is too long, the bar is shorter or left out, then the loss, then the time.
fn line(columns: usize, [done, total]: [u64; 2], [count, loss, left]: [String; 3]) -> String {
    // Some terminals go to the next line behind the last column.
    let columns = columns.saturating_sub(1);
    let all = [count.clone(), loss, left.clone()].concat();
    let text = fitting(columns, &[all, [count.clone(), left].concat(), count]);
    let room = columns.saturating_sub(text.chars().count() + 1).min(BAR[0]);
    if room < BAR[1] {
        return text;
    }
    let part = u128::from(done) * room as u128 / u128::from(total.max(1));
    let full = usize::try_from(part).unwrap_or(room).min(room);
    format!("{}{} {text}", "█".repeat(full), "░".repeat(room - full))
}

/// The first text that has room, or the beginning of the last.
fn fitting(columns: usize, texts: &[String]) -> String {
    let fits = |text: &&String| text.chars().count() <= columns;
    let text = texts.iter().find(fits).or(texts.last()).cloned().unwrap_or_default();
    text.chars().take(columns).collect()
}

/// The displays of a run of several parts, one after the other.
#[derive(Default)]
pub struct PartsDisplay {
    part: Option<ProgressDisplay>,
    done: u64,
}

impl PartsDisplay {
    /// Shows where the run is; a new part counts something else, or to another total, or begins
    /// again.
    pub fn update(&mut self, unit: &'static str, done: u64, total: u64) {
        let goes_on =
            |part: &ProgressDisplay| part.unit == unit && part.total == total && done >= self.done;
        if !self.part.as_ref().is_some_and(goes_on) {
            self.finish();
            self.part = None;
        }
        self.done = done;
        self.part.get_or_insert_with(|| ProgressDisplay::new(unit, total)).update(done, None);
    }

    /// Takes the last bar away.
    pub fn finish(&self) {
        if let Some(part) = &self.part {
            part.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_terminals_of_any_width_and_drops_what_matters_least() {
        let of = |columns| {
            let parts = ["step 9,800 of 10,000", ", loss 0.002429", ", 2s left"].map(String::from);
            line(columns, [9_800, 10_000], parts)
        };
        for columns in 0..200 {
            let count = of(columns).chars().count();
            assert!(count < columns.max(1), "{columns} columns: {count} of them");
        }
        let text = "step 9,800 of 10,000, loss 0.002429, 2s left";
        assert_eq!(of(200), format!("{}░ {text}", "█".repeat(39)));
        assert_eq!(of(80), format!("{}░ {text}", "█".repeat(33)));
        assert_eq!(of(46), text);
        assert_eq!(of(40), "step 9,800 of 10,000, 2s left");
        assert_eq!(of(25), "step 9,800 of 10,000");
        assert_eq!(of(11), "step 9,800");
    }

    #[test]
    fn the_bar_is_empty_at_the_start_and_full_at_the_end() {
        let of = |done| {
            line(80, [done, 7], [format!("second {done} of 7"), String::new(), String::new()])
        };
        assert_eq!(of(0), "░".repeat(40) + " second 0 of 7");
        assert_eq!(of(7), "█".repeat(40) + " second 7 of 7");
        assert!(line(80, [0, 0], ["", "", ""].map(String::from)).contains('░'));
    }
}
