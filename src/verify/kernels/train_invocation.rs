//! Checks of `train_invocation`.

use crate::dataset::Dataset;
use crate::gpu::Gpu;
use crate::rule::{Activation, Loss, Variant};
use crate::train::Trainer;
use crate::verify::members::{
    LONG, Loops, Networks, check_by_invocation, data, described, largest, one_row, problem,
};
use crate::verify::{Failure, Trial, Workload};

/// The squared error of an identity behind tanh.
const TANH: Variant = Variant {
    hidden_activation: Activation::Tanh,
    output_activation: Activation::Identity,
    loss: Loss::SquaredError,
    measured: true,
    ..Variant::PLAIN
};

/// What Kolen and Pollack trained.
const MOMENTUM: Variant = Variant { loss: Loss::SquaredError, momentum: 0.4, ..Variant::PLAIN };

/// The rest of the activations.
const IDENTITY: Variant = Variant {
    careful: true,
    hidden_activation: Activation::Identity,
    output_activation: Activation::Tanh,
    loss: Loss::SquaredError,
    ..Variant::PLAIN
};

/// What convergence of sigmoids is measured on.
const MEASURED: Variant = Variant { measured: true, ..Variant::PLAIN };

const VARIANTS: [Variant; 5] = [Variant::CAREFUL, Variant::PLAIN, TANH, MOMENTUM, IDENTITY];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    // As few products as tell rows, columns and units apart: compilers unroll them all.
    let data = data(3, 2);
    for variant in VARIANTS {
        let lanes = if variant == Variant::CAREFUL { 1 } else { 2 };
        let networks =
            Networks::by_invocation(trial.gpu, &data, (2, lanes), variant, Loops::Trusted).await?;
        // The last invocation of two has only one; then it is full, and the last workgroup too.
        networks.check_start(trial, 67).await?;
        if variant == Variant::PLAIN && trial.effort.quick {
            networks.check_tile(trial).await?;
        }
        networks.check_going_on(trial, 67).await?;
        networks.check_going_on(trial, 64).await?;
        networks.check_all(trial).await?;
        if [Variant::CAREFUL, Variant::PLAIN].contains(&variant) {
            if trial.effort.quick {
                networks.check_random(trial).await?;
            }
            let (row, sizes) = (one_row(), (1, 1));
            let networks =
                Networks::by_invocation(trial.gpu, &row, sizes, variant, Loops::Trusted).await?;
            networks.check_own_exp(trial).await?;
            networks.check_overflow(trial).await?;
            networks.check_long(trial, 5, LONG).await?;
        }
    }
    check_by_invocation(trial).await?;
    if !trial.effort.quick {
        check_production(trial).await?;
    }
    for variant in [Variant::CAREFUL, Variant::PLAIN] {
        let networks =
            Networks::by_invocation(trial.gpu, &data, (2, 1), variant, Loops::Bounded).await?;
        networks.check_start(trial, 67).await?;
        networks.check_cuts(trial, 9).await?;
    }
    if trial.effort.quick { Ok(()) } else { check_parity(trial).await }
}

/// What ensembles and single networks are trained by, in launches as large and as long as theirs.
async fn check_production(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let (data, device_type) = (Dataset::parity(2)?, trial.gpu.adapter.device_type);
    // What sweeps measure takes as long again.
    let measured = trial.effort.thorough.then_some(MEASURED);
    for variant in [Variant::CAREFUL, Variant::PLAIN].into_iter().chain(measured) {
        for count in [1, 65] {
            let of = problem(&data, 2, variant, 1);
            let lanes = Trainer::Invocation.lanes(of, device_type, count);
            let loops = Loops::Trusted;
            let networks =
                Networks::by_invocation(trial.gpu, &data, (2, lanes), variant, loops).await?;
            let most = Trainer::Invocation.most_steps(of, device_type);
            let most = u32::try_from(most).expect("one dispatch");
            networks.check_long(trial, count, most).await?;
            // Ensembles are never careful, and only sweeps are measured.
            if count > 1 && (variant == Variant::PLAIN || trial.effort.thorough) {
                networks.check_tile(trial).await?;
            }
        }
    }
    Ok(())
}

/// Ensembles of 2-2-1, a hundred steps of each.
pub(super) fn workloads(gpu: &Gpu, member_count: usize) -> Vec<Workload> {
    let xor = || Dataset::parity(2).expect("two bits are few");
    let (hidden_size, variant) = (2, Variant::PLAIN);
    let data = xor();
    let problem = problem(&data, hidden_size, variant, 1);
    let lanes = Trainer::Invocation.lanes(problem, gpu.adapter.device_type, member_count);
    let (size, cost) = described(problem, member_count, 100);
    let largest = largest(problem, member_count);
    let make = async move |trial: &mut Trial<'_>| {
        let (xor, sizes) = (xor(), (hidden_size, lanes));
        let networks =
            Networks::by_invocation(trial.gpu, &xor, sizes, variant, Loops::Trusted).await?;
        networks.launch(trial, member_count, 100).await
    };
    vec![Workload::new(size, cost, make).with_largest(largest)]
}

/// The networks that sweeps and ensembles train.
async fn check_parity(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for variant in [Variant::CAREFUL, Variant::PLAIN, TANH, MOMENTUM, IDENTITY, MEASURED] {
        let is_default = [Variant::CAREFUL, Variant::PLAIN].contains(&variant);
        for (bits, hidden_size, lanes, count) in
            [(2, 2, 1, 1), (2, 2, 2, 65), (2, 1, 3, 257), (2, 3, 2, 4), (3, 5, 1, 33)]
        {
            let data = Dataset::parity(bits)?;
            let sizes = (hidden_size, lanes);
            let networks =
                Networks::by_invocation(trial.gpu, &data, sizes, variant, Loops::Trusted).await?;
            networks.check_start(trial, count).await?;
            networks.check_cuts(trial, 60).await?;
            if lanes == 2 && is_default {
                networks.check_random(trial).await?;
            }
        }
        if is_default {
            let data = Dataset::parity(3)?;
            let networks =
                Networks::by_invocation(trial.gpu, &data, (4, 1), variant, Loops::Bounded).await?;
            networks.check_start(trial, 33).await?;
            networks.check_cuts(trial, 60).await?;
        }
    }
    let (data, loops) = (Dataset::parity(2)?, Loops::Trusted);
    for variant in [MEASURED, TANH] {
        let networks = Networks::by_invocation(trial.gpu, &data, (4, 1), variant, loops).await?;
        networks.check_cuts(trial, 400).await?;
    }
    Ok(())
}
