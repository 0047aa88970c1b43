//! What else the processor did during a run, where the system tells: on Linux.

use serde::{Deserialize, Serialize};

/// Shares of the processor's time, of all its threads together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Share that other processes had.
    pub others: f64,
    /// Share that was stolen: a thread of this machine was ready, and its host ran another machine.
    pub stolen: f64,
}

/// Counters of clock ticks since the machine and the process started.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    all: u64,
    busy: u64,
    stolen: u64,
    /// Ticks of this process and of its children that have ended.
    own: u64,
}

/// Measures from its start on.
pub(super) struct LoadMeter {
    start: Option<Ticks>,
}

impl LoadMeter {
    pub fn start() -> Self {
        Self { start: Ticks::now() }
    }

    /// The load since the start; none where the system does not tell, or no tick has gone by.
    pub fn read(&self) -> Option<Load> {
        self.start?.until(Ticks::now()?)
    }
}

impl Ticks {
    fn now() -> Option<Self> {
        let read = |path| std::fs::read_to_string(path).ok();
        // The own time first: what is spent between the two must not count as the others'.
        let own = own(&read("/proc/self/stat")?)?;
        Self::of_machine(&read("/proc/stat")?, own)
    }

    /// The ticks of the line `cpu  user nice system idle iowait irq softirq steal guest
    /// guest_nice`; guests of this machine are in `user` and `nice`, too.
    fn of_machine(stat: &str, own: u64) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Option<Vec<u64>> =
            line.split_whitespace().take(8).map(|word| word.parse().ok()).collect();
        let [user, nice, system, idle, io_wait, irq, soft_irq, stolen] = ticks?.try_into().ok()?;
        let busy = user + nice + system + irq + soft_irq;
        Some(Self { all: busy + idle + io_wait + stolen, busy, stolen, own })
    }

    fn until(self, end: Self) -> Option<Load> {
        // `iowait` may go back.
        let all = end.all.checked_sub(self.all).filter(|all| *all > 0)?;
        let others = end.busy.saturating_sub(self.busy).saturating_sub(end.own - self.own);
        let share = |ticks: u64| real(ticks) / real(all);
        Some(Load { others: share(others), stolen: share(end.stolen.saturating_sub(self.stolen)) })
    }
}

/// Ticks of a process: `utime`, `stime`, `cutime` and `cstime`, the 14th to 17th of
/// `/proc/self/stat`. The name in parentheses, the second, may hold anything.
fn own(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let words: Vec<_> = behind_name.split_whitespace().skip(11).take(4).collect();
    let ticks: Option<Vec<u64>> = words.into_iter().map(|word| word.parse().ok()).collect();
    ticks.filter(|ticks| ticks.len() == 4).map(|ticks| ticks.iter().sum())
}

fn real(ticks: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2⁵³ ticks")]
    let real = ticks as f64;
    real
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_have_what_the_machine_was_busy_with_but_for_this_process() {
        let stat = "cpu  100 20 30 800 40 5 5 10 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\nctxt 5\n";
        let before = Ticks::of_machine(stat, 50).expect("Linux writes so");
        assert_eq!(before, Ticks { all: 1_010, busy: 160, stolen: 10, own: 50 });
        // 100 ticks later: 40 of its own, 30 of others, 20 stolen, 10 idle.
        let after = Ticks { all: 1_110, busy: 230, stolen: 30, own: 90 };
        assert_eq!(before.until(after), Some(Load { others: 0.3, stolen: 0.2 }));
        assert_eq!(before.until(before), None);
        let imprecise = Ticks { own: 200, ..after };
        assert_eq!(before.until(imprecise).map(|load| load.others), Some(0.0));
    }

    #[test]
    fn what_the_system_does_not_tell_is_absent() {
        assert_eq!(Ticks::of_machine("", 0), None);
        assert_eq!(Ticks::of_machine("cpu  1 2 3\n", 0), None);
        assert_eq!(own("1 (a) b"), None);
        let stat = "23 (a) (b) c) R 1 2 3 0 -1 4 5 6 7 8 100 20 3 4 20 0 1 0 9";
        assert_eq!(own(stat), Some(127), "the name may have parentheses");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells() {
        let meter = LoadMeter::start();
        let load = loop {
            if let Some(load) = meter.read() {
                break load;
            }
        };
        assert!((0.0..=1.0).contains(&load.others) && (0.0..=1.0).contains(&load.stolen));
    }
}
