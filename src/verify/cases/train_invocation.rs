//! Checks of `train_invocation`.

use crate::gpu::Gpu;
use crate::task::{Dataset, Method};
use crate::train::KernelChoice;
use crate::verify::fused::methods::{
    self, ADAM, ADAM_DECAY, ADAMW, DECAY, HINGE, IDENTITY, MOMENTUM, NESTEROV, RELU, SCHEDULED,
};
use crate::verify::fused::{
    LONG, Loops, Networks, check_by_invocation, data, described, largest, one_row, problem,
};
use crate::verify::{Failure, Trial, Workload};

/// What sweeps of them measure.
const TANH: Method = methods::TANH.measuring(true);

/// What convergence of sigmoids is measured on.
const MEASURED: Method = Method::PLAIN.measuring(true);

/// The smallest network that learns XOR.
const XOR: [usize; 3] = [2, 2, 1];

const METHODS: [Method; 13] = [
    Method::COMPENSATED,
    Method::PLAIN,
    TANH,
    MOMENTUM,
    IDENTITY,
    RELU,
    HINGE,
    NESTEROV,
    DECAY,
    SCHEDULED,
    ADAM,
    ADAM_DECAY,
    ADAMW,
];

/// Gradients written by hand, with the hidden layer's derivative and without.
fn by_hand() -> [Method; 2] {
    [true, false].map(Method::by_hand)
}

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    // As few products as tell rows, columns and units apart: compilers unroll them all.
    let data = data(3, 2);
    for method in METHODS.into_iter().chain(by_hand()) {
        let members_per_invocation = if method == Method::COMPENSATED { 1 } else { 2 };
        let data = data.clone().with_coding(method.loss.coding());
        let networks = Networks::by_invocation(
            trial.gpu,
            &data,
            (&[3, 2, 1], members_per_invocation),
            method,
            Loops::Trusted,
        )
        .await?;
        // The last invocation of two has only one; then it is full, and the last workgroup too.
        networks.check_start(trial, 67).await?;
        if method == Method::PLAIN && trial.effort.quick {
            networks.check_tile(trial).await?;
        }
        networks.check_going_on(trial, 67).await?;
        networks.check_going_on(trial, 64).await?;
        networks.check_all(trial).await?;
        if [Method::COMPENSATED, Method::PLAIN].contains(&method) {
            if trial.effort.quick {
                networks.check_random(trial).await?;
            }
            let (row, sizes) = (one_row(), (&[1, 1, 1][..], 1));
            let networks =
                Networks::by_invocation(trial.gpu, &row, sizes, method, Loops::Trusted).await?;
            networks.check_own_exp(trial).await?;
            networks.check_overflow(trial).await?;
            networks.check_long(trial, 5, LONG).await?;
        }
    }
    check_depths(trial, &data).await?;
    check_by_invocation(trial).await?;
    if !trial.effort.quick {
        check_production(trial).await?;
    }
    for method in [Method::COMPENSATED, Method::PLAIN] {
        let networks =
            Networks::by_invocation(trial.gpu, &data, (&[3, 2, 1], 1), method, Loops::Bounded)
                .await?;
        networks.check_start(trial, 67).await?;
        networks.check_cuts(trial, 9).await?;
    }
    if trial.effort.quick { Ok(()) } else { check_parity(trial).await }
}

/// Networks without a hidden layer, and with more than one.
async fn check_depths(trial: &mut Trial<'_>, data: &Dataset) -> Result<(), Failure> {
    let depths: [(&[usize], Method); 4] = [
        (&[3, 1], Method::COMPENSATED),
        (&[3, 2, 3, 1], Method::PLAIN),
        (&[3, 2, 3, 1], TANH),
        (&[3, 2, 1, 2, 1], Method::by_hand(true)),
    ];
    for (layers, method) in depths {
        let (sizes, loops) = ((layers, 2), Loops::Trusted);
        let networks = Networks::by_invocation(trial.gpu, data, sizes, method, loops).await?;
        networks.check_start(trial, 67).await?;
        networks.check_none(trial).await?;
        networks.check_cuts(trial, 9).await?;
    }
    Ok(())
}

/// What ensembles and single networks are trained by, in launches as large and as long as theirs.
async fn check_production(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let (data, device_type) = (Dataset::parity(2)?, trial.gpu.adapter.device_type);
    // What sweeps measure takes as long again.
    let measured = trial.effort.thorough.then_some(MEASURED);
    for method in [Method::COMPENSATED, Method::PLAIN].into_iter().chain(measured) {
        for count in [1, 65] {
            let of = problem(&data, &XOR, method, 1);
            let members_per_invocation =
                KernelChoice::Invocation.members_per_invocation(of, device_type, count);
            let loops = Loops::Trusted;
            let networks = Networks::by_invocation(
                trial.gpu,
                &data,
                (&XOR, members_per_invocation),
                method,
                loops,
            )
            .await?;
            let most = KernelChoice::Invocation.most_steps(of, device_type);
            let most = u32::try_from(most).expect("one dispatch");
            networks.check_long(trial, count, most).await?;
            // Ensembles are never compensated, and only sweeps are measured.
            if count > 1 && (method == Method::PLAIN || trial.effort.thorough) {
                networks.check_tile(trial).await?;
            }
        }
    }
    Ok(())
}

/// Ensembles of 2-2-1, a hundred steps of each.
pub(super) fn workloads(gpu: &Gpu, member_count: usize) -> Vec<Workload> {
    let xor = || Dataset::parity(2).expect("two bits are few");
    let (data, method) = (xor(), Method::PLAIN);
    let problem = problem(&data, &XOR, method, 1);
    let members_per_invocation = KernelChoice::Invocation.members_per_invocation(
        problem,
        gpu.adapter.device_type,
        member_count,
    );
    let (size, cost) = described(problem, member_count, 100);
    let largest = largest(problem, member_count);
    let make = async move |trial: &mut Trial<'_>| {
        let (xor, sizes) = (xor(), (&XOR[..], members_per_invocation));
        let networks =
            Networks::by_invocation(trial.gpu, &xor, sizes, method, Loops::Trusted).await?;
        networks.launch(trial, member_count, 100).await
    };
    vec![Workload::new(size, cost, make).with_largest(largest)]
}

/// The networks that sweeps and ensembles train.
async fn check_parity(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for method in [Method::COMPENSATED, Method::PLAIN, TANH, MOMENTUM, IDENTITY, MEASURED] {
        let is_default = [Method::COMPENSATED, Method::PLAIN].contains(&method);
        for (layers, members_per_invocation, count) in [
            (&XOR[..], 1, 1),
            (&XOR, 2, 65),
            (&[2, 1, 1], 3, 257),
            (&[2, 3, 1], 2, 4),
            (&[3, 5, 1], 1, 33),
            (&[2, 1], 2, 65),
            (&[2, 4, 4, 1], 1, 33),
        ] {
            let data = Dataset::parity(u32::try_from(layers[0]).expect("few"))?;
            let sizes = (layers, members_per_invocation);
            let networks =
                Networks::by_invocation(trial.gpu, &data, sizes, method, Loops::Trusted).await?;
            networks.check_start(trial, count).await?;
            networks.check_cuts(trial, 60).await?;
            if members_per_invocation == 2 && is_default {
                networks.check_random(trial).await?;
            }
        }
        if is_default {
            let data = Dataset::parity(3)?;
            let networks =
                Networks::by_invocation(trial.gpu, &data, (&[3, 4, 1], 1), method, Loops::Bounded)
                    .await?;
            networks.check_start(trial, 33).await?;
            networks.check_cuts(trial, 60).await?;
        }
    }
    let (data, loops) = (Dataset::parity(2)?, Loops::Trusted);
    for method in [MEASURED, TANH] {
        let networks =
            Networks::by_invocation(trial.gpu, &data, (&[2, 4, 1], 1), method, loops).await?;
        networks.check_cuts(trial, 400).await?;
    }
    Ok(())
}
