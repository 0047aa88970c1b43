//! XOR networks trained on the CPU as fast as we know how: what a GPU has to beat.
//!
//! They are written for the networks that are measured and little else. The twins in
//! [`cpu`](crate::cpu) are written to be right, and do not count as a baseline; these here are
//! held against them.

pub mod scalar;
pub mod simd;

/// Parameters of a 2-2-1 network.
pub const PARAMETERS: usize = 9;

#[cfg(test)]
mod tests {
    use super::simd::Ensemble;
    use super::*;
    use crate::cpu::train_invocation::{Member, look, train_invocation};
    use crate::numeric::Scalar;
    use crate::task::{Dataset, Init, LayerSizes, Method, Parameters};

    /// How far a loss may be from that in `f64`, relative to it: the tolerance of whole runs.
    const RELATIVE: f64 = 1e-4;

    const STEPS: u32 = 400;

    /// The start of a seed.
    pub(super) fn start(seed: u64) -> [f32; PARAMETERS] {
        let sizes = "2-2-1".parse().expect("a network");
        let drawn: Vec<f32> = Parameters::initialise(&sizes, Init::Torch, seed).values().collect();
        drawn.try_into().expect("2-2-1 has nine")
    }

    fn member(parameters: &[f32; PARAMETERS]) -> Member<f64> {
        Member::new(&[2, 2, 1], f64::all_from_f32(parameters), 1.0)
    }

    /// The trained network must have the loss and the parameters of the twin in `f64`.
    fn assert_trained(case: &str, seed: u64, trained: &[f32; PARAMETERS]) {
        let xor = Dataset::parity(2).expect("XOR");
        let mut twin = member(&start(seed));
        train_invocation(Method::PLAIN, &xor, 0.0, STEPS as usize, &mut twin);
        let loss = |member: &Member<f64>| look(Method::PLAIN, &xor, member).0;
        let (expected, found) = (loss(&twin), loss(&member(trained)));
        let deviation = (found - expected).abs() / expected;
        assert!(deviation <= RELATIVE, "{case}, seed {seed}: {found}, expected {expected}");
        for (index, (&found, &expected)) in trained.iter().zip(&twin.parameters).enumerate() {
            let error = (f64::from(found) - expected).abs();
            let bound = RELATIVE * expected.abs().max(1.0);
            assert!(error <= bound, "{case}, seed {seed}, {index}: {found}, expected {expected}");
        }
    }

    #[test]
    fn one_network_follows_its_twin() {
        for seed in 0..20 {
            let mut trained = start(seed);
            scalar::train(&mut trained, 1.0, STEPS);
            assert_trained("scalar", seed, &trained);
            let mut trained = start(seed);
            simd::train(&mut trained, 1.0, STEPS);
            assert_trained("across lanes", seed, &trained);
        }
    }

    #[test]
    fn every_member_follows_its_twin_however_many_there_are() {
        for count in [1, 7, 8, 9, 23, 24, 25, 43] {
            let members: Vec<_> = (0..count).map(start).collect();
            let mut ensemble = Ensemble::new(&members);
            ensemble.train(1.0, STEPS);
            assert_eq!(ensemble.members().count(), members.len());
            for (seed, trained) in (0..).zip(ensemble.members()) {
                assert_trained(&format!("{count} members"), seed, &trained);
            }
        }
    }

    #[test]
    fn a_wide_network_follows_its_twin() {
        let data = Dataset::parity(8).expect("data");
        for (layers, seed) in [("8-32-1", 1), ("8-32-1", 2), ("8-5-1", 3)] {
            let sizes: LayerSizes = layers.parse().expect("a network");
            let start: Vec<f32> =
                Parameters::initialise(&sizes, Init::Torch, seed).values().collect();
            let mut twin = Member::new(sizes.as_slice(), f64::all_from_f32(&start), 1.0);
            train_invocation(Method::PLAIN, &data, 0.0, STEPS as usize, &mut twin);
            let rows = simd::WideData { inputs: &data.inputs, targets: &data.targets };
            let mut trained = start.clone();
            scalar::train_any(rows, &mut trained, 1.0, STEPS);
            assert_follows(&format!("{layers}, scalar"), &data, &trained, &twin);
            let mut trained = start;
            if simd::train_wide(rows, &mut trained, 1.0, STEPS) {
                assert_follows(&format!("{layers}, AVX2"), &data, &trained, &twin);
            }
        }
    }

    fn assert_follows(case: &str, data: &Dataset, trained: &[f32], twin: &Member<f64>) {
        for (index, (&found, &expected)) in trained.iter().zip(&twin.parameters).enumerate() {
            let error = (f64::from(found) - expected).abs();
            let bound = RELATIVE * expected.abs().max(1.0);
            assert!(error <= bound, "{case}, {index}: {found}, expected {expected}");
        }
        let trained = Member::new(&twin.sizes, f64::all_from_f32(trained), 1.0);
        let [found, expected] = [&trained, twin].map(|one| look(Method::PLAIN, data, one).0);
        assert!((found - expected).abs() <= RELATIVE * expected, "{case}: {found}, {expected}");
    }

    #[test]
    fn no_steps_change_nothing() {
        let mut parameters = start(3);
        scalar::train(&mut parameters, 1.0, 0);
        simd::train(&mut parameters, 1.0, 0);
        assert_eq!(parameters, start(3));
    }
}
