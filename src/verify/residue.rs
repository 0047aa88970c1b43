//! What rounding left out of a parameter: closer than a twin could say, which does not know how the
//! parameter was rounded.

use super::{Failure, Tally, Trial};
use crate::cpu::train_invocation::{Member, changes};
use crate::numeric::{Enclosure, FLUSH, Scalar, ULP};
use crate::task::{Dataset, Method};

/// What a compensated update adds to a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// The parameter.
    pub before: f64,
    /// What rounding left out of it before.
    pub residue: f64,
    /// That, minus the rate times the gradient.
    pub added: Enclosure,
}

impl Change {
    /// What is left out, now that it is known what the parameter became: as much as change and
    /// parameter miss together. The difference of the parameters is exact where the change is the
    /// smaller (P. H. Sterbenz, "Floating-point computation", 1974). The three terms of the residue
    /// (what was left out before, the rate times the gradient, and the difference of the parameters) may be
    /// added in any order: one rounding of the inner sum of two, whichever is the largest, and one of
    /// the outer.
    pub fn left(self, found: f32) -> Enclosure {
        let Self { before, residue, added } = self;
        let (change, error) = (added.to_f64(), added.error());
        let left = (before - f64::from(found)) + change;
        let size = change.abs() + error;
        let inexact = if size > 0.5 * before.abs() { 2.0 * ULP * size } else { 0.0 };
        let inherited = error + inexact + 2.0 * FLUSH;
        // Without the difference, the inner sum is the change, whose rounding is in its error.
        let product = (residue - change).abs();
        let inner = product.max(residue.abs()) + left.abs() + inherited;
        let regrouped = ULP * (inner - change.abs()).max(0.0);
        let bound = inherited + regrouped;
        Enclosure::new(left, bound + ULP * (left.abs() + bound))
    }
}

/// Compares residues. What cancels says nothing in units in the last place, so the worst figures stay
/// those of other values.
pub(super) fn compare(
    trial: &mut Trial<'_>,
    case: &str,
    tensor: &str,
    found: &[f32],
    expected: &[Enclosure],
) -> Result<(), Failure> {
    let Tally { worst_share, worst_ulp, worst_case, .. } = trial.tally.clone();
    trial.compare(case, tensor, found, expected)?;
    let Tally { cases, values, .. } = trial.tally;
    trial.tally = Tally { cases, values, worst_share, worst_ulp, worst_case };
    Ok(())
}

/// What a step adds to each parameter of a member of the fused engine.
pub(super) fn all_changes(
    method: Method,
    data: &Dataset,
    member: &Member<Enclosure>,
) -> Vec<Change> {
    let added = changes(method, data, member).into_iter();
    let state = member.parameters.iter().zip(&member.optimizer_state);
    let change = |((before, residue), added): ((&Enclosure, &Enclosure), _)| Change {
        before: before.to_f64(),
        residue: residue.to_f64(),
        added,
    };
    state.zip(added).map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    const ULP_F32: f32 = 1.0 / 8_388_608.0;

    /// The neighbour of a number above or below, as `f32` has it.
    fn directed(value: f64, is_up: bool) -> f32 {
        let nearest = f32::from_f64(value);
        match (f64::from(nearest) < value, f64::from(nearest) > value) {
            (true, _) if is_up => nearest.next_up(),
            (_, true) if !is_up => nearest.next_down(),
            _ => nearest,
        }
    }

    /// The largest share of the bound that any order of the three terms takes, with any roundings.
    fn worst_share([before, residue, rate, gradient]: [f32; 4]) -> f64 {
        let change = Enclosure::from_f32(residue)
            - Enclosure::from_f32(rate) * Enclosure::from_f32(gradient);
        let all = Change { before: before.into(), residue: residue.into(), added: change };
        let mut worst = 0.0_f64;
        for choice in 0_u32..1 << 6 {
            let up = |operation: u32| choice >> operation & 1 == 1;
            let product = f64::from(directed(f64::from(rate) * f64::from(gradient), up(0)));
            let residue = f64::from(residue);
            let change = f64::from(directed(residue - product, up(1)));
            let found = directed(f64::from(before) + change, up(2));
            let moved = f64::from(directed(f64::from(found) - f64::from(before), up(3)));
            let sum = |value: f64| f64::from(directed(value, up(4)));
            let orders =
                [change - moved, sum(residue - moved) - product, residue - sum(product + moved)];
            let expected = all.left(found);
            for residue in orders.map(|residue| f64::from(directed(residue, up(5)))) {
                worst = worst.max((residue - expected.to_f64()).abs() / expected.error());
            }
        }
        worst
    }

    #[test]
    fn no_order_of_the_three_terms_and_no_rounding_leaves_the_bound() {
        let mut worst = 0.0_f64;
        for draw in 0..20_000 {
            let stream = Stream::new(7).of_member(draw);
            let size = |index, exponents: f32| (exponents * stream.uniform(index).abs()).exp2();
            let before = stream.normal(0);
            let residue = stream.uniform(1) * ULP_F32 * size(2, 12.0);
            let rate = stream.uniform(3).abs();
            // Many a change takes away what was residue.
            let gradient = residue / rate * (1.0 + stream.uniform(4) * size(5, -20.0));
            worst = worst.max(worst_share([before, residue, rate, gradient]));
        }
        assert!(worst <= 1.0, "{worst}");
        assert!(worst > 0.5, "the bound says nothing: {worst}");
    }
}
