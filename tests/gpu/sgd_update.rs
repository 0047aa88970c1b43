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
fn update(learning_rate: f32, d_parameters: &[f32], parameters: &[f32], steps: usize) -> Update {
    let update = Update {
        parameters: Output::of(parameters),
        residues: Output::of(&vec![0.0; parameters.len()]),
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
        let done = update(learning_rate, &d_parameters, &before, 1);
        let mut parameters = exact(&before);
        let mut residues = vec![Enclosure::new(0.0, 0.0); len];
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
    let done = update(1.0, &[-change], &[1.0], 1_000);
    let total = f64::from(done.parameters.read()[0]) + f64::from(done.residues.read()[0]);
    assert_eq!(total, 1.0 + 1_000.0 * f64::from(change));
    assert_eq!(done.steps_done.read()[0].to_bits(), 1_000);
}
