//! How far off a device's `exp`, `log` and division are, by the accuracy table of WGSL.

use serde::Serialize;

use crate::cpu::probe_arithmetic::Operation;
use crate::numeric::{
    DIVISION_ULPS, EXP_FACTOR, Enclosure, LOG_FACTOR, LOG_MIDDLE, LOG_MIDDLE_ERROR, LOG_ULPS,
    exp_ulps, ulp,
};

const LARGEST: f64 = f32::MAX as f64;
const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

/// The largest error of an operation, as a share of what WGSL's table allows there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Accuracy {
    /// Results that it is the worst of.
    pub cases: u64,
    /// The error, divided by what the table allows for these operands.
    pub share: f64,
    /// The error in units in the last place of the exact result.
    pub ulp: f64,
    /// What the operation was given.
    pub operands: Vec<f32>,
    /// What the device made of it.
    pub found: f32,
}

impl Accuracy {
    /// Takes in one more result. Those that are not normal numbers do not count: they may vanish,
    /// or overflow.
    pub(super) fn add(&mut self, operation: Operation, operands: &[f32], truth: f64, found: f32) {
        if !(SMALLEST_NORMAL..=LARGEST).contains(&truth.abs()) && truth != 0.0 {
            return;
        }
        let error = (f64::from(found) - truth).abs();
        let share = error / allowed(operation, operands[0].into(), truth);
        // An infinite `exp` near the end of the range is judged elsewhere, and a NaN too.
        if !share.is_finite() {
            return;
        }
        self.cases += 1;
        if share > self.share {
            let operands = operands.to_vec();
            *self = Self { share, ulp: error / ulp(truth), operands, found, ..*self };
        }
    }
}

/// What WGSL's table allows the operation to be off by, at its first operand `x`.
fn allowed(operation: Operation, x: f64, truth: f64) -> f64 {
    match operation {
        Operation::Exp => exp_ulps(x) * ulp(truth),
        Operation::Log if LOG_MIDDLE.contains(&x) => LOG_MIDDLE_ERROR,
        Operation::Log => LOG_ULPS * ulp(truth),
        Operation::Divide => DIVISION_ULPS * ulp(truth),
        exact => panic!("the table has no error for {exact:?}"),
    }
}

/// What passes: the table, or more where shipping drivers need it. What is subnormal may vanish; where
/// the bound reaches beyond the largest number it ends there, and the device may have infinity.
pub(super) fn passing(operation: Operation, x: f64, truth: f64) -> Enclosure {
    let factor = match operation {
        Operation::Exp => EXP_FACTOR,
        Operation::Log => LOG_FACTOR,
        _ => 1.0,
    };
    let bound = factor * allowed(operation, x, truth);
    let may_vanish = truth.abs() - bound < SMALLEST_NORMAL;
    let vanishing = if may_vanish { truth.abs() } else { 0.0 };
    if truth + bound <= LARGEST {
        return Enclosure::new(truth, bound.max(vanishing));
    }
    let centre = LARGEST.midpoint(truth.min(LARGEST) - bound);
    Enclosure::new(centre, LARGEST - centre)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Scalar;

    /// How many numbers below the nearest to the truth pass, and how many above it.
    fn passes(operation: Operation, x: f32, truth: f64) -> [u32; 2] {
        let expected = passing(operation, x.into(), truth);
        let is_right =
            |found: f32| (f64::from(found) - expected.to_f64()).abs() <= expected.error();
        let nearest = f32::from_f64(truth);
        assert!(is_right(nearest), "{operation:?} of {x}");
        [f32::next_down as fn(f32) -> f32, f32::next_up].map(|next| {
            let numbers = std::iter::successors(Some(next(nearest)), |value| Some(next(*value)));
            let count = numbers.take_while(|value| is_right(*value)).count();
            u32::try_from(count).expect("few")
        })
    }

    #[test]
    fn as_many_numbers_around_the_truth_pass_as_the_table_says_and_no_more() {
        assert_eq!(passes(Operation::Divide, 3.0, 1.5), [2, 2], "2.5 ULP");
        assert_eq!(passes(Operation::Divide, -3.0, -1.5), [2, 2]);
        for (x, ulps) in [(1.0_f32, 10.0), (-4.0, 22.0), (20.0, 86.0)] {
            let counts = passes(Operation::Exp, x, f64::from(x).exp());
            assert!(
                counts.iter().all(|&count| (f64::from(count) - ulps).abs() <= 1.0),
                "{counts:?}"
            );
        }
    }

    /// What a driver passes with here must be within what kernels are granted everywhere else.
    #[test]
    fn what_passes_is_within_what_all_other_bounds_are_made_of() {
        let operations = [Operation::Exp, Operation::Log, Operation::Divide];
        for operation in operations {
            for step in 1_i16..=2_000 {
                let x = if operation == Operation::Exp { -0.04 } else { 0.013 } * f64::from(step);
                let operands = [x, 0.7, 0.0].map(|number| f64::from(f32::from_f64(number)));
                let truth = operation.value(operands).expect("a number");
                let granted = operation.value(operands.map(Enclosure::from_f64)).expect("a number");
                let passing = passing(operation, operands[0], truth);
                assert!(passing.error() <= granted.error(), "{operation:?} of {operands:?}");
            }
        }
    }

    #[test]
    fn the_worst_is_the_largest_share_and_not_the_largest_error() {
        let mut worst = Accuracy::default();
        let off = |truth: f32, ulps: u32| f32::from_bits(truth.to_bits() + ulps);
        // 4 of 2.5 units, then 5 of 43.
        worst.add(Operation::Divide, &[8.0, 2.0], 4.0, off(4.0, 4));
        let truth = 20_f64.exp();
        worst.add(Operation::Exp, &[20.0], truth, off(f32::from_f64(truth), 5));
        assert_eq!((worst.cases, worst.share, worst.ulp), (2, 1.6, 4.0));
        assert_eq!((worst.operands, worst.found), (vec![8.0, 2.0], off(4.0, 4)));
    }

    #[test]
    fn what_overflows_or_vanishes_says_nothing_of_accuracy() {
        let mut worst = Accuracy::default();
        worst.add(Operation::Exp, &[89.0], 89_f64.exp(), f32::INFINITY);
        worst.add(Operation::Exp, &[-100.0], (-100_f64).exp(), 0.0);
        assert_eq!(worst, Accuracy::default());
        let zero = passing(Operation::Exp, -100.0, (-100_f64).exp());
        assert!(zero.to_f64() <= zero.error());
        let largest = passing(Operation::Exp, 89.0, 89_f64.exp());
        assert_eq!(largest.to_f64() + largest.error(), LARGEST);
        // The last exp that f32 has: the table lets it be infinite.
        let truth = 88.722_83_f64.exp();
        let last = passing(Operation::Exp, 88.722_83, truth);
        assert!(truth < LARGEST && last.to_f64() + last.error() == LARGEST, "{last:?}");
        assert!(last.to_f64() - last.error() < truth - 300.0 * ulp(truth), "{last:?}");
    }
}
