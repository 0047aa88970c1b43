use parity::cpu::bias_grad::bias_grad as twin;
use parity::gpu::Kernel;
use parity::kernels::bias_grad;
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{Output, assert_within, exact, gpu, input, integers, run, values};

/// `[batch_size, output_size]`: the last two have more rows than llvmpipe allows iterations, and
/// more columns than a dispatch has workgroups in one dimension.
const SHAPES: [[usize; 2]; 9] =
    [[1, 1], [4, 2], [3, 5], [63, 1], [65, 63], [1, 1757], [1757, 1], [70_001, 2], [2, 70_001]];

fn sums(batch_size: usize, scale: f32, d_pre_activations: &[f32]) -> Vec<f32> {
    let out = Output::poisoned(d_pre_activations.len() / batch_size);
    let dispatch = pollster::block_on(async {
        let kernel = Kernel::new(gpu(), &bias_grad::SPEC, &[]).await?;
        let tensors = [&input(d_pre_activations), &out.tensor];
        bias_grad::dispatch(gpu(), &kernel, batch_size, scale, tensors).await
    });
    run(&[dispatch.expect("it binds")]);
    out.read()
}

#[test]
fn bias_grad_matches_its_twin_on_ragged_shapes() {
    for [batch_size, output_size] in SHAPES {
        let scale = 1.0 / 3.0;
        let d_pre_activations = values(1, batch_size * output_size);
        let mut expected = vec![Enclosure::new(0.0, 0.0); output_size];
        twin(Enclosure::from_f32(scale), &exact(&d_pre_activations), &mut expected);
        let found = sums(batch_size, scale, &d_pre_activations);
        assert_within(&format!("bias_grad [{batch_size}, {output_size}]"), &found, &expected);
    }
}

#[test]
fn bias_grad_of_integers_loses_none() {
    for [batch_size, output_size] in SHAPES {
        let d_pre_activations = integers(1, batch_size * output_size);
        let mut expected = vec![0.0; output_size];
        twin(1.0, &d_pre_activations, &mut expected);
        assert_eq!(sums(batch_size, 1.0, &d_pre_activations), expected, "{batch_size} rows");
    }
}
