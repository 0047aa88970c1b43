use parity::cpu::sgd_update::sgd_update as twin;
use parity::gpu::Kernel;
use parity::kernels::sgd_update;
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{LENGTHS, Output, assert_within, exact, gpu, input, run, values};

struct Update {
    parameters: Output,
    residues: Output,
    steps_done: Output,
}

/// Makes `steps` updates with the same gradients.
fn update(
    learning_rate: f32,
    d_parameters: &[f32],
    [parameters, residues]: [&[f32]; 2],
    steps: usize,
) -> Update {
    let update = Update {
        parameters: Output::of(parameters),
        residues: Output::of(residues),
        steps_done: Output::of(&[f32::from_bits(0)]),
    };
    let dispatch = pollster::block_on(async {
        let kernel = Kernel::new(gpu(), &sgd_update::SPEC, &[]).await?;
        let Update { parameters, residues, steps_done } = &update;
        let outputs = [&parameters.tensor, &residues.tensor, &steps_done.tensor];
        let [parameters, residues, steps_done] = outputs;
        let tensors = [&input(d_parameters), parameters, residues, steps_done];
        sgd_update::dispatch(gpu(), &kernel, learning_rate, tensors).await
    });
    run(&vec![dispatch.expect("it binds"); steps]);
    update
}

#[test]
fn sgd_update_matches_its_twin_on_ragged_lengths() {
    for len in LENGTHS {
        let learning_rate = 0.3;
        let (d_parameters, before) = (values(1, len), values(2, len));
        let owed: Vec<f32> = values(3, len).into_iter().map(|draw| draw * 1e-3).collect();
        let done = update(learning_rate, &d_parameters, [&before, &owed], 1);
        let (mut parameters, mut residues) = (exact(&before), exact(&owed));
        let rate = Enclosure::from_f32(learning_rate);
        twin(rate, &exact(&d_parameters), &mut parameters, &mut residues);
        assert_within(&format!("sgd_update [{len}]"), &done.parameters.read(), &parameters);
        assert_within(&format!("its residues [{len}]"), &done.residues.read(), &residues);
        assert_eq!(done.steps_done.read()[0].to_bits(), 1);
    }
}

/// Finds drivers that simplify the compensation away, as Mesa 22.3.6 does where it can: one plus
/// a thousand times 2⁻²⁵ would then stay one.
#[test]
fn changes_that_are_rounded_away_add_up() {
    let change = 2.0_f32.powi(-25);
    for sign in [1.0, -1.0] {
        let changes: Vec<f32> = (0..257_u16).map(|k| sign * f32::from(k) * change).collect();
        let ones = vec![1.0; changes.len()];
        let d_parameters: Vec<f32> = changes.iter().map(|change| -change).collect();
        let done = update(1.0, &d_parameters, [&ones, &vec![0.0; ones.len()]], 1_000);
        let pairs = done.parameters.read().into_iter().zip(done.residues.read());
        for ((parameter, residue), change) in pairs.zip(changes) {
            let total = f64::from(parameter) + f64::from(residue);
            assert_eq!(total, 1.0 + 1_000.0 * f64::from(change));
        }
        assert_eq!(done.steps_done.read()[0].to_bits(), 1_000);
    }
}
