use parity::cpu::bce_grad::bce_grad as twin;
use parity::kernels::bce_grad;
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{
    LENGTHS, Output, assert_within, exact, gpu, input, probabilities, run, targets,
};

fn check(len: usize, scale: f32, epsilon: f32) {
    let case = format!("bce_grad [{len}], scale {scale}, epsilon {epsilon}");
    let (probabilities, targets) = (probabilities(1, len), targets(2, len));
    let out = Output::poisoned(len);
    let dispatch = pollster::block_on(async {
        let kernel = bce_grad::kernel(gpu(), epsilon).await?;
        let tensors = [&input(&probabilities), &input(&targets), &out.tensor];
        bce_grad::dispatch(gpu(), &kernel, scale, tensors).await
    });
    run(&[dispatch.expect("it binds")]);
    let [scale, epsilon] = [scale, epsilon].map(Enclosure::from_f32);
    let mut expected = vec![Enclosure::new(0.0, 0.0); len];
    twin(scale, epsilon, &exact(&probabilities), &exact(&targets), &mut expected);
    assert_within(&case, &out.read(), &expected);
}

#[test]
fn bce_grad_matches_its_twin_on_ragged_lengths() {
    for len in LENGTHS {
        check(len, 1.0 / 3.0, 0.0);
    }
}

#[test]
fn bce_grad_matches_its_twin_unsimplified() {
    for len in LENGTHS {
        check(len, 1.0, 1e-7);
    }
}
