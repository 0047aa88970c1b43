//! The number of steps that one dispatch may take before a driver ends its loops early.

use super::kernel_choice::Steps;

/// Limit of the steps of one dispatch, independent of their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopLimit {
    /// The limit if the driver unrolls what can be unrolled. The device's count of steps tells
    /// whether that was too high.
    Hopeful,
    /// The limit if the driver unrolls nothing.
    Safe,
    /// No limit, for tests of its consequences.
    Unlimited,
}

/// A limit that shrinks as dispatches come short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// The most steps of a dispatch.
    pub(super) most: u64,
    safe: u64,
}

impl Allowance {
    pub(super) fn new(loop_limit: LoopLimit, steps: Steps) -> Self {
        let most = match loop_limit {
            LoopLimit::Hopeful => steps.hopeful,
            LoopLimit::Safe => steps.safe,
            LoopLimit::Unlimited => steps.most,
        };
        Self { most, safe: steps.safe }
    }

    /// From hopeful to safe, and on to a quarter; false if there is nothing left to lower, or no
    /// limit.
    pub(super) fn lower(&mut self) -> bool {
        if self.most == 1 || self.most == u64::MAX {
            return false;
        }
        self.most = if self.most > self.safe { self.safe } else { (self.most / 4).max(1) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is allowed before and after each time that it is lowered.
    fn sequence(loop_limit: LoopLimit, hopeful: u64, safe: u64) -> Vec<u64> {
        let mut allowance = Allowance::new(loop_limit, Steps { most: u64::MAX, hopeful, safe });
        let mut sequence = vec![allowance.most];
        while allowance.lower() {
            sequence.push(allowance.most);
        }
        sequence
    }

    #[test]
    fn a_loop_limit_is_lowered_to_the_safe_one_and_then_to_single_steps() {
        assert_eq!(sequence(LoopLimit::Hopeful, 30_000, 200), [30_000, 200, 50, 12, 3, 1]);
        assert_eq!(sequence(LoopLimit::Safe, 30_000, 8), [8, 2, 1]);
        assert_eq!(sequence(LoopLimit::Hopeful, 16, 16), [16, 4, 1]);
        assert_eq!(sequence(LoopLimit::Hopeful, 1, 1), [1]);
        assert_eq!(sequence(LoopLimit::Unlimited, 30_000, 8), [u64::MAX]);
    }
}
