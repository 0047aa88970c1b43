//! Steps of SGD, the rows dealt out to slices.

use super::train_invocation::{Evidence, Member, Network, update};
use crate::numeric::Scalar;
use crate::task::{Dataset, Method};

/// `steps` updates. `tile` rows at a time go to each of `slices` in
/// turn, which sum their gradients; then neighbours are added, in pairs. A member is solved as
/// [`train_invocation`](super::train_invocation::train_invocation) says.
///
/// The loss and the outputs are those of [`look`](super::train_invocation::look).
///
/// # Shapes
/// `data.inputs` `[batch_size, input_size]`; `member` as it says.
pub fn train_workgroup<S: Scalar>(
    method: Method,
    data: &Dataset,
    solved_below: f64,
    steps: usize,
    (slices, tile): (usize, usize),
    member: &mut Member<S>,
) {
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let zero = S::from_f64(0.0);
    let mut network = Network::new(method, &member.sizes);
    for _ in 0..steps {
        let mut sums = vec![vec![zero; member.parameters.len()]; slices];
        let mut evidence = Evidence::new(method.loss);
        for (index, row) in inputs.chunks_exact(data.input_size).enumerate() {
            let (row, sum) = ((row, targets[index]), &mut sums[index / tile % slices]);
            evidence.add(network.add_gradient(&member.parameters, row, sum));
        }
        while sums.len() > 1 {
            sums = sums.chunks(2).map(|pair| add(&pair[0], &pair[1])).collect();
        }
        if evidence.is_below(solved_below, data) && member.solved_at.is_none() {
            member.solved_at = Some(member.steps);
        }
        update(method, data, &mut sums[0], member);
        member.steps += 1;
    }
}

fn add<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}
