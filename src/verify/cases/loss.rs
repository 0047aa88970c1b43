//! Checks of `loss`.

use crate::cpu::loss::loss as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::loss;
use crate::numeric::{Enclosure, Scalar};
use crate::task::Loss;
use crate::verify::draws::{logits, sizes, targets, values};
use crate::verify::own_exp::{compare_with_own, grid, own_exp, own_quotients_by_one, row_loss};
use crate::verify::{Failure, Trial, Workload};

/// Logits, and their targets.
type Batch = [Vec<f32>; 2];

/// Rows of a batch.
const RAGGED: [usize; 9] = [65, 1, 3, 4, 63, 64, 257, 1757, 70_001];

/// From where exp(−|z|) is large to where there is nothing left of it.
const LOGITS: [f32; 10] = [0.0, 1e-3, 0.5, 7.0, 15.0, 17.0, 30.0, 80.0, 90.0, 1e4];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = loss::kernel(trial.gpu, Loss::CrossEntropy).await?;
    ring(trial, &kernel).await?;
    let targets_of = |z: f32| [0.0, 0.25, 1.0].map(|target| [[z, target], [-z, target]]);
    let signs = LOGITS.iter().flat_map(|&z| targets_of(z).concat());
    let singles: Vec<Batch> = signs.map(|row| row.map(|value| vec![value])).collect();
    compare(trial, &kernel, Loss::CrossEntropy, "from one saturation to the other", &singles)
        .await?;
    by_own_exp(trial, &kernel).await?;
    let sizes_of_batches = if trial.effort.quick { &RAGGED[..8] } else { &RAGGED };
    confident(trial, &kernel, sizes_of_batches).await?;
    let batch = |len, seed| [logits(seed, len), targets(seed + 1, len)];
    let ragged: Vec<_> =
        sizes_of_batches.iter().map(|&len| batch(len, trial.effort.seed)).collect();
    compare(trial, &kernel, Loss::CrossEntropy, "ragged batches", &ragged).await?;
    not_finite(trial, &kernel, [0.0, 1.0]).await?;
    squares(trial, sizes_of_batches).await?;
    hinges(trial, sizes_of_batches).await?;
    // Every other batch has a single row.
    let mut rows = 0;
    let many = sizes(trial.effort.seed, 500).flat_map(|len| [1, len]).take_while(|len| {
        rows += len;
        rows < trial.effort.cases + len
    });
    let random: Vec<_> =
        many.zip(trial.effort.seed..).map(|(len, seed)| batch(len, seed)).collect();
    for (part, batches) in random.chunks(1_000).enumerate() {
        compare(
            trial,
            &kernel,
            Loss::CrossEntropy,
            &format!("random batches, thousand {part}"),
            batches,
        )
        .await?;
    }
    Ok(())
}

/// Mean squared errors: of integers, whose sum is exact in any order, so that each row that is lost is
/// noticed; and of numbers.
async fn squares(trial: &mut Trial<'_>, sizes_of_batches: &[usize]) -> Result<(), Failure> {
    let kernel = loss::kernel(trial.gpu, Loss::SquaredError).await?;
    let seed = trial.effort.seed;
    let batch = |len: usize| {
        let targets = targets(seed, len);
        let errors = (0..len).map(|row| [1.0, -2.0, 3.0, -1.0, 2.0][row % 5]);
        [errors.zip(&targets).map(|(error, target)| error + target).collect(), targets]
    };
    let batches: Vec<Batch> = sizes_of_batches.iter().map(|&len| batch(len)).collect();
    let mean = |[outputs, targets]: &Batch| {
        let pairs = outputs.iter().zip(targets);
        let sum: f64 = pairs.map(|(y, t)| f64::from(y - t) * f64::from(y - t)).sum();
        let rows: f64 = outputs.iter().map(|_| 1.0).sum();
        Enclosure::from_f64(sum) / Enclosure::from_f64(rows)
    };
    let expected: Vec<_> = batches.iter().map(mean).collect();
    let case = "squared errors of integers";
    let found = losses(trial, &kernel, case, &batches).await?;
    trial.compare(case, "losses", &found, &expected)?;
    let batches: Vec<Batch> =
        sizes_of_batches.iter().map(|&len| [values(seed, len), targets(seed + 1, len)]).collect();
    compare(trial, &kernel, Loss::SquaredError, "squared errors", &batches).await?;
    Ok(())
}

/// Mean hinge losses: of margins whose losses are integers or 0, and of numbers; and of outputs that are
/// no finite numbers.
async fn hinges(trial: &mut Trial<'_>, sizes_of_batches: &[usize]) -> Result<(), Failure> {
    let kernel = loss::kernel(trial.gpu, Loss::Hinge).await?;
    let seed = trial.effort.seed;
    let signs = |len| targets(seed, len).into_iter().map(|target| 2.0 * target - 1.0);
    let integers = |len: usize| {
        let margins = (0..len).map(|row| [0.0, 1.0, -2.0, 3.0, -1.0][row % 5]);
        let signs: Vec<f32> = signs(len).collect();
        [margins.zip(&signs).map(|(margin, sign)| margin * sign).collect(), signs]
    };
    let batches: Vec<Batch> = sizes_of_batches.iter().map(|&len| integers(len)).collect();
    compare(trial, &kernel, Loss::Hinge, "hinge losses of integers", &batches).await?;
    let numbers = |&len: &usize| [values(seed, len), signs(len).collect()];
    let batches: Vec<Batch> = sizes_of_batches.iter().map(numbers).collect();
    compare(trial, &kernel, Loss::Hinge, "hinge losses", &batches).await?;
    not_finite(trial, &kernel, [-1.0, 1.0]).await
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = loss::kernel(trial.gpu, Loss::CrossEntropy).await?;
        let seed = trial.effort.seed;
        let batches = [[logits(seed, len), targets(seed + 1, len)]];
        let (mut dispatches, _) =
            compare(trial, &kernel, Loss::CrossEntropy, &format!("[{len}]"), &batches).await?;
        Ok(dispatches.swap_remove(0))
    };
    vec![Workload::new(format!("[{len}]"), loss::cost(len), make)]
}

/// The losses of batches, each as that of a step of its own.
async fn losses(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    batches: &[Batch],
) -> Result<Vec<f32>, Failure> {
    Ok(launch(trial, kernel, case, batches).await?.1)
}

/// The same, with the launches.
async fn launch(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    batches: &[Batch],
) -> Result<(Vec<Dispatch>, Vec<f32>), Failure> {
    let column =
        |index: usize| batches.iter().map(|batch| batch[index].clone()).collect::<Vec<_>>();
    let (logits, targets) = (trial.inputs(&column(0)).await?, trial.inputs(&column(1)).await?);
    let steps: Vec<_> = (0_u32..).map(|step| vec![step]).take(batches.len()).collect();
    let steps = trial.inputs(&steps).await?;
    let out = trial.poisoned("losses", batches.len()).await?;
    let mut dispatches = vec![];
    for ((logits, targets), step) in logits.iter().zip(&targets).zip(&steps) {
        let tensors = [logits, targets, step, &out.tensor];
        dispatches.push(loss::dispatch(trial.gpu, kernel, tensors).await?);
    }
    trial.run(&dispatches).await?;
    Ok((dispatches, trial.read(case, &out).await?))
}

/// Returns the launches that were compared, and the losses.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    kind: Loss,
    case: &str,
    batches: &[Batch],
) -> Result<(Vec<Dispatch>, Vec<f32>), Failure> {
    let (dispatches, found) = launch(trial, kernel, case, batches).await?;
    let loss = |batch: &Batch| {
        let [outputs, targets] = batch.each_ref().map(|values| Enclosure::all_from_f32(values));
        twin(kind, &outputs, &targets)
    };
    let expected: Vec<_> = batches.iter().map(loss).collect();
    trial.compare(case, "losses", &found, &expected)?;
    Ok((dispatches, found))
}

/// Checks the losses of single rows.
async fn by_own_exp(trial: &mut Trial<'_>, kernel: &Kernel) -> Result<(), Failure> {
    let rows: Vec<_> = grid().into_iter().flat_map(|z| [(z, 0.0), (z, 1.0)]).collect();
    let batches: Vec<Batch> = rows.iter().map(|&(z, target)| [vec![z], vec![target]]).collect();
    let case = "from the device's own exp";
    let (_, found) = compare(trial, kernel, Loss::CrossEntropy, case, &batches).await?;
    let tails = rows.iter().map(|(z, _)| -z.abs()).collect::<Vec<_>>();
    let tails = own_exp(trial, &tails).await?;
    let expected = rows.iter().zip(tails).map(|(&(z, target), t)| row_loss(z, target, t));
    let expected = own_quotients_by_one(trial, &found, expected.collect()).await?;
    compare_with_own(trial, case, "losses", &found, &expected)
}

/// A loss goes where its step belongs and nowhere else.
async fn ring(trial: &mut Trial<'_>, kernel: &Kernel) -> Result<(), Failure> {
    let [logits, targets] = [[0.5, -0.25], [1.0, 0.0]];
    let [outputs, of] = [&logits, &targets].map(|values| Enclosure::all_from_f32(values));
    let expected = twin(Loss::CrossEntropy, &outputs, &of);
    for (step, capacity, place) in [(7_u32, 3, 1), (0, 5, 0), (4, 5, 4), (5, 5, 0), (1_000, 7, 6)] {
        let case = format!("step {step} in a ring of {capacity}");
        let out = trial.poisoned("losses", capacity).await?;
        let inputs = [trial.input(&logits).await?, trial.input(&targets).await?];
        let tensors = [&inputs[0], &inputs[1], &trial.input(&[step]).await?, &out.tensor];
        let dispatch = loss::dispatch(trial.gpu, kernel, tensors).await?;
        trial.run(&[dispatch]).await?;
        let mut found = trial.read(&case, &out).await?;
        trial.compare(&case, "losses", &found[place..=place], &[expected])?;
        found.remove(place);
        trial.untouched(&case, "losses", &found)?;
    }
    Ok(())
}

/// Confident answers that are wrong: each costs the size of its logit, an integer that is not zero, and
/// sums of these are exact in any order. So each row that is lost, or added twice, is noticed.
async fn confident(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    sizes_of_batches: &[usize],
) -> Result<(), Failure> {
    let batch = |len: usize| {
        let targets = targets(trial.effort.seed, len);
        // From 128, as exp of less leaves nothing, to where 70,001 are below 2²⁴.
        let costs = (0..len).map(|row| [128.0, 200.0, 131.0, 187.0, 229.0][row % 5]);
        let logits = costs.zip(&targets).map(|(cost, &target)| cost * (1.0 - 2.0 * target));
        [logits.collect::<Vec<f32>>(), targets]
    };
    let batches: Vec<Batch> = sizes_of_batches.iter().map(|&len| batch(len)).collect();
    let mean = |[logits, _]: &Batch| {
        let costs: f64 = logits.iter().map(|z| f64::from(z.abs())).sum();
        let rows: f64 = logits.iter().map(|_| 1.0).sum();
        Enclosure::from_f64(costs) / Enclosure::from_f64(rows)
    };
    let expected: Vec<_> = batches.iter().map(mean).collect();
    let case = "confident rows";
    let found = losses(trial, kernel, case, &batches).await?;
    trial.compare(case, "losses", &found, &expected)
}

/// The loss of a NaN is not finite, and that of an infinity is +inf: a cross-entropy and a hinge loss are
/// never negative.
async fn not_finite(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    [no, yes]: [f32; 2],
) -> Result<(), Failure> {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let rows: Vec<_> = bad.into_iter().flat_map(|bad| [(bad, no), (bad, yes)]).collect();
    let batch = |&(bad, target): &(f32, f32)| [vec![0.5, bad, -0.5], vec![yes, target, no]];
    let batches: Vec<Batch> = rows.iter().map(batch).collect();
    let case = "a logit that is no number, for both answers";
    let found = losses(trial, kernel, case, &batches).await?;
    for (index, (&found, (bad, _))) in found.iter().zip(rows).enumerate() {
        let is_right = if bad.is_nan() { !found.is_finite() } else { found == f32::INFINITY };
        if !is_right {
            return Err(trial.fault(case, "losses", index, [found.into(), bad.abs().into(), 0.0]));
        }
    }
    Ok(())
}
