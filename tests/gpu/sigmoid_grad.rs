use parity::cpu::sigmoid_grad::sigmoid_grad as twin;
use parity::gpu::Kernel;
use parity::kernels::sigmoid_grad;
use parity::scalar::Enclosure;

use crate::harness::{
    LENGTHS, Output, assert_within, exact, gpu, input, probabilities, run, values,
};

#[test]
fn sigmoid_grad_matches_its_twin_on_ragged_lengths() {
    for len in LENGTHS {
        let (activations, d_activations) = (probabilities(1, len), values(2, len));
        let out = Output::poisoned(len);
        let dispatch = pollster::block_on(async {
            let kernel = Kernel::new(gpu(), &sigmoid_grad::SPEC, &[]).await?;
            let tensors = [&input(&activations), &input(&d_activations), &out.tensor];
            sigmoid_grad::dispatch(gpu(), &kernel, tensors).await
        });
        run(&[dispatch.expect("it binds")]);
        let mut expected = vec![Enclosure::new(0.0, 0.0); len];
        twin(&exact(&activations), &exact(&d_activations), &mut expected);
        assert_within(&format!("sigmoid_grad [{len}]"), &out.read(), &expected);
    }
}
