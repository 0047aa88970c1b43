//! Checks of `bias_grad`.

use super::COLUMNS;
use crate::cpu::bias_grad::bias_grad as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::bias_grad;
use crate::numeric::{Enclosure, Scalar};
use crate::verify::draws::{sizes, values};
use crate::verify::integers::Integers;
use crate::verify::{Failure, Trial, Workload};

/// `[batch_size, output_size]`: the last two have more rows than llvmpipe allows iterations, and
/// more columns than a dispatch has workgroups in one dimension.
const SHAPES: [[usize; 2]; 11] = [
    [65, 1],
    [3, 5],
    [65, 63],
    [1, 1],
    [4, 2],
    [63, 1],
    [64, 4],
    [1, 1757],
    [1757, 1],
    [70_001, 2],
    [2, 70_001],
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &bias_grad::SPEC, &[]).await?;
    let shapes = if trial.effort.quick { &SHAPES[..9] } else { &SHAPES };
    for &[batch_size, output_size] in shapes {
        compare(trial, &kernel, trial.effort.seed, [batch_size, output_size]).await?;
    }
    let [rows, columns] =
        [(1, 200), (2, 2_000)].map(|(n, most)| sizes(trial.effort.seed + n, most));
    let mut outputs = 0;
    for (seed, (batch_size, output_size)) in (trial.effort.seed..).zip(rows.zip(columns)) {
        if outputs >= trial.effort.cases {
            break;
        }
        compare(trial, &kernel, seed, [batch_size, output_size]).await?;
        outputs += 2 * output_size;
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let shape @ [batch_size, output_size] = [len.div_ceil(COLUMNS), COLUMNS];
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = Kernel::new(trial.gpu, &bias_grad::SPEC, &[]).await?;
        compare(trial, &kernel, trial.effort.seed, shape).await
    };
    vec![Workload::new(format!("{shape:?}"), bias_grad::cost(batch_size, output_size), make)]
}

/// Integers, of which no sum may lose one, and numbers; returns the launch of the latter.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    seed: u64,
    [batch_size, output_size]: [usize; 2],
) -> Result<Dispatch, Failure> {
    let scale = 1.0 / 3.0;
    let integers = Integers::passes(batch_size, 1).map(|pass| pass.columns(seed, output_size));
    let mut batches: Vec<_> = integers.map(|integers| (1.0, integers)).collect();
    batches.push((scale, values(seed, batch_size * output_size)));
    let (mut outputs, mut dispatches) = (vec![], vec![]);
    for (scale, d_pre_activations) in &batches {
        let out = trial.poisoned("d_bias", output_size).await?;
        let tensors = [&trial.input(d_pre_activations).await?, &out.tensor];
        let bound = bias_grad::dispatch(trial.gpu, kernel, batch_size, *scale, tensors);
        dispatches.push(bound.await?);
        outputs.push(out);
    }
    trial.run(&dispatches.iter().map(|one| trial.folded(one)).collect::<Vec<_>>()).await?;
    let (_, numbers) = batches.pop().expect("they are the last");
    let of_numbers = outputs.pop().expect("one for each");
    for ((_, integers), out) in batches.iter().zip(&outputs) {
        let mut exact = vec![0.0; output_size];
        twin(1.0, integers, &mut exact);
        let case = format!("integers [{batch_size}, {output_size}]");
        trial.check(&case, out, &Enclosure::all_from_f32(&exact)).await?;
    }
    let mut expected = vec![Enclosure::from_f64(0.0); output_size];
    twin(Enclosure::from_f32(scale), &Enclosure::all_from_f32(&numbers), &mut expected);
    trial.check(&format!("[{batch_size}, {output_size}]"), &of_numbers, &expected).await?;
    Ok(dispatches.pop().expect("that of the numbers"))
}
