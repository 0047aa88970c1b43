//! How far a run has come, on standard error: a bar on a terminal, a few lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::{note, number};

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
    /// The display of a run of so many steps, networks, or whatever `unit` says.
    #[must_use]
    pub fn new(unit: &'static str, total: u64) -> Self {
        let template = "{bar:40} {prefix} {human_pos} of {human_len}{msg}, {eta} left";
        let bar = stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template(template).expect("the template is well-formed");
            ProgressBar::new(total).with_style(style).with_prefix(unit)
        });
        Self { unit, total, bar, due: total.div_ceil(LINES), last: Instant::now() }
    }

    /// Shows where the run is.
    pub fn update(&mut self, done: u64, loss: Option<f32>) {
        // The last tile of many networks may have more than there are.
        let done = done.min(self.total);
        let loss = loss.map(|loss| format!(", loss {}", number(loss.into(), 6)));
        let loss = loss.unwrap_or_default();
        if let Some(bar) = &self.bar {
            bar.set_message(loss);
            bar.set_position(done);
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
        const WHAT: &str = "repeating the run on the CPU (Ctrl-C leaves that out)";
        match &self.bar {
            Some(bar) => {
                bar.set_style(ProgressStyle::default_spinner());
                bar.set_message(WHAT);
                bar.enable_steady_tick(Duration::from_millis(100));
            }
            None => note(WHAT),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
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
