//! Steps of SGD for a network with one hidden layer, the rows dealt out to slices.

use super::sgd_update::sgd_update;
use super::train_invocation::{Member, add_gradient};
use crate::dataset::Dataset;
use crate::scalar::Scalar;

/// `steps` updates on mean binary cross-entropy. `tile` rows at a time go to each of `slices` in
/// turn, which sum their gradients; then neighbours are added, in pairs.
///
/// The loss and the probabilities are those of [`look`](super::train_invocation::look).
///
/// # Shapes
/// `data.inputs` `[batch_size, input_size]`; `member` as it says.
pub fn train_workgroup<S: Scalar>(
    data: &Dataset,
    learning_rate: S,
    steps: usize,
    (slices, tile): (usize, usize),
    member: &mut Member<S>,
) {
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let batch_size = S::from_f64(targets.len() as f64);
    let zero = S::from_f64(0.0);
    let mut activations = vec![zero; member.hidden_size(data.input_size)];
    for _ in 0..steps {
        let Member { parameters, residues } = member;
        let mut sums = vec![vec![zero; parameters.len()]; slices];
        for (index, row) in inputs.chunks_exact(data.input_size).enumerate() {
            let (row, sum) = ((row, targets[index]), &mut sums[index / tile % slices]);
            add_gradient(parameters, row, batch_size, &mut activations, sum);
        }
        while sums.len() > 1 {
            sums = sums.chunks(2).map(|pair| add(&pair[0], &pair[1])).collect();
        }
        sgd_update(learning_rate, &sums[0], parameters, residues);
    }
}

fn add<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}
