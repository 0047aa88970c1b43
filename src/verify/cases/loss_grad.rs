//! Checks of `loss_grad`.

use super::lengths;
use crate::cpu::loss_grad::loss_grad as twin;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::loss_grad;
use crate::numeric::{Enclosure, Scalar};
use crate::task::{Activation, Loss};
use crate::verify::draws::{probabilities, targets};
use crate::verify::{Failure, Trial, Workload};

/// A form of the gradient, with its factor.
#[derive(Clone, Copy, Debug)]
struct Rule {
    loss: Loss,
    activation: Activation,
    epsilon: f32,
    scale: f32,
}

impl Rule {
    const fn of_probabilities(epsilon: f32, scale: f32) -> Self {
        let (loss, activation) = (Loss::CrossEntropy, Activation::Sigmoid);
        Self { loss, activation, epsilon, scale }
    }

    const fn squared(activation: Activation) -> Self {
        Self { loss: Loss::SquaredError, activation, epsilon: 0.0, scale: 0.7 }
    }

    const HINGE: Self =
        Self { loss: Loss::Hinge, activation: Activation::Identity, epsilon: 0.0, scale: 0.7 };

    async fn kernel(self, gpu: &Gpu) -> Result<Kernel, Error> {
        loss_grad::kernel(gpu, self.loss, self.activation, self.epsilon).await
    }
}

/// The simplified gradient; two that are not, of which the last epsilon is large enough to be seen
/// beside y(1 − y) everywhere; that of the squared error through each activation function; and that of
/// the hinge loss.
const RULES: [Rule; 8] = [
    Rule::of_probabilities(0.0, 1.0 / 3.0),
    Rule::of_probabilities(1e-7, 1.0),
    Rule::of_probabilities(0.125, 0.7),
    Rule::squared(Activation::Sigmoid),
    Rule::squared(Activation::Tanh),
    Rule::squared(Activation::Identity),
    Rule::squared(Activation::Relu),
    Rule::HINGE,
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let mut kernels = vec![];
    for rule in RULES {
        kernels.push((rule, rule.kernel(trial.gpu).await?));
    }
    let [.., (_, hinge)] = kernels.as_slice() else { panic!("the last rule is the hinge loss's") };
    margin(trial, hinge).await?;
    for len in lengths(trial, 1) {
        let seed = trial.effort.seed;
        let (outputs, targets) = (probabilities(seed, len), targets(seed + 1, len));
        let signs: Vec<_> = targets.iter().map(|target| 2.0 * target - 1.0).collect();
        // On both sides of the margin, and on it.
        let scores: Vec<_> = outputs.iter().map(|output| 4.0 * output - 2.0).collect();
        for (rule, kernel) in &kernels {
            let case = format!("[{len}], {rule:?}");
            let of_hinge = [&scores[..], &signs];
            let inputs = if rule.loss == Loss::Hinge { of_hinge } else { [&outputs[..], &targets] };
            compare(trial, kernel, &case, *rule, inputs).await?;
        }
    }
    Ok(())
}

/// On the margin of the hinge loss its slope is 0, as PyTorch has it: 1 − t·y is exactly 0 there.
async fn margin(trial: &mut Trial<'_>, kernel: &Kernel) -> Result<(), Failure> {
    let signs = [1.0_f32, -1.0, 1.0];
    let case = "on the margin of the hinge loss";
    let out = trial.poisoned("d_logits", signs.len()).await?;
    let inputs = [trial.input(&signs).await?, trial.input(&signs).await?];
    let tensors = [&inputs[0], &inputs[1], &out.tensor];
    let dispatch = loss_grad::dispatch(trial.gpu, kernel, Rule::HINGE.scale, tensors).await?;
    trial.run(&[dispatch]).await?;
    trial.check(case, &out, &[Enclosure::from_f32(0.0); 3]).await?;
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let [rule, ..] = RULES;
        let kernel = rule.kernel(trial.gpu).await?;
        let seed = trial.effort.seed;
        let (outputs, targets) = (probabilities(seed, len), targets(seed + 1, len));
        let (case, inputs) = (format!("[{len}]"), [&outputs[..], &targets]);
        compare(trial, &kernel, &case, rule, inputs).await
    };
    vec![Workload::new(format!("[{len}]"), loss_grad::cost(len), make)]
}

/// Returns the launch that was compared.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    Rule { loss, activation, epsilon, scale }: Rule,
    [outputs, targets]: [&[f32]; 2],
) -> Result<Dispatch, Failure> {
    let out = trial.poisoned("d_logits", targets.len()).await?;
    let inputs = [trial.input(outputs).await?, trial.input(targets).await?];
    let tensors = [&inputs[0], &inputs[1], &out.tensor];
    let dispatch = loss_grad::dispatch(trial.gpu, kernel, scale, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = vec![Enclosure::from_f64(0.0); targets.len()];
    let factors = [scale, epsilon].map(Enclosure::from_f32);
    let [outputs, targets] = [outputs, targets].map(Enclosure::all_from_f32);
    twin((loss, activation), factors, &outputs, &targets, &mut expected);
    trial.check(case, &out, &expected).await?;
    Ok(dispatch)
}
