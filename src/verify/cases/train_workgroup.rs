//! Checks of `train_workgroup`.

use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::kernels::train_workgroup::Split;
use crate::task::{Dataset, Method};
use crate::train::KernelChoice;
use crate::verify::fused::methods::{
    ADAM, ADAM_DECAY, ADAMW, DECAY, HINGE, IDENTITY, MOMENTUM, NESTEROV, RELU, SCHEDULED, TANH,
};
use crate::verify::fused::{
    LONG, Loops, Networks, check_by_workgroup, data, described, largest, one_row, problem,
};
use crate::verify::{Failure, Trial, Workload};

const METHODS: [Method; 2] = [Method::COMPENSATED, Method::PLAIN];

/// Methods of which not everything is checked.
const OTHERS: [Method; 11] =
    [TANH, MOMENTUM, IDENTITY, RELU, HINGE, NESTEROV, DECAY, SCHEDULED, ADAM, ADAM_DECAY, ADAMW];

/// `[input_size, hidden_size, batch_size]` and splits that no device gets, but they are right: more
/// invocations than llvmpipe has in a vector, so that a barrier matters; rows, inputs and units that
/// are only padding.
const SPLITS: [([usize; 3], Split); 5] = [
    ([2, 3, 14], Split { units: 1, groups: 3, slices: 4, tile: 3 }),
    ([7, 5, 23], Split { units: 2, groups: 3, slices: 4, tile: 5 }),
    ([5, 3, 9], Split { units: 2, groups: 2, slices: 2, tile: 1 }),
    ([4, 1, 1], Split { units: 1, groups: 1, slices: 1, tile: 1 }),
    ([3, 3, 5], Split { units: 1, groups: 3, slices: 1, tile: 2 }),
];

/// The same, with more of everything.
const MORE_SPLITS: [Split; 6] = [
    Split { units: 6, groups: 1, slices: 1, tile: 1 },
    Split { units: 6, groups: 1, slices: 8, tile: 1 },
    Split { units: 1, groups: 6, slices: 1, tile: 21 },
    Split { units: 2, groups: 3, slices: 4, tile: 2 },
    Split { units: 4, groups: 2, slices: 2, tile: 5 },
    Split { units: 1, groups: 7, slices: 16, tile: 3 },
];

/// The smallest in which a unit, a row and an input are only padding: what is compiled once more for each
/// method is short.
const SMALL: ([usize; 3], Split) = ([2, 3, 5], Split { units: 2, groups: 2, slices: 2, tile: 1 });

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    // First a look at each method, so that what is wrong in one alone is soon noticed.
    for method in [Method::COMPENSATED].into_iter().chain(OTHERS) {
        check_method(trial, SMALL, method, false).await?;
    }
    // Adam keeps two values, which more than one block of inputs and one unit tell apart.
    check_method(trial, SPLITS[1], ADAMW, false).await?;
    check_split(trial, SPLITS[0], Method::COMPENSATED).await?;
    for split in &SPLITS[1..] {
        let &([input_size, hidden_size, batch_size], split) = split;
        let data = data(input_size, batch_size);
        let sizes = (&[input_size, hidden_size, 1][..], split);
        let (method, loops) = (Method::COMPENSATED, Loops::Trusted);
        let networks = Networks::by_workgroup(trial.gpu, &data, sizes, method, loops).await?;
        networks.check_start(trial, 9).await?;
        // Without another slice that has the same parameters.
        if split.slices == 1 && split.groups > 1 {
            networks.check_none(trial).await?;
        }
    }
    check_split(trial, SPLITS[1], Method::PLAIN).await?;
    let ([input_size, hidden_size, batch_size], split) = SPLITS[0];
    let (data, layers) = (data(input_size, batch_size), [input_size, hidden_size, 1]);
    let bounded = &METHODS[..if trial.effort.quick { 1 } else { 2 }];
    for &method in bounded {
        let sizes = (&layers[..], split);
        let networks =
            Networks::by_workgroup(trial.gpu, &data, sizes, method, Loops::Bounded).await?;
        networks.check_start(trial, 9).await?;
        networks.check_cuts(trial, 9).await?;
        if trial.effort.quick {
            networks.check_random(trial).await?;
        }
    }
    if trial.effort.quick {
        return Ok(());
    }
    check_by_workgroup(trial).await?;
    check_production(trial).await?;
    check_more(trial).await
}

/// Launches as large and as long as those of ensembles and single networks.
async fn check_production(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let device_type = trial.gpu.adapter.device_type;
    // The first has just more products than one invocation makes.
    for layers in [[4, 4, 1], [8, 32, 1]] {
        let data = Dataset::parity(u32::try_from(layers[0]).expect("few"))?;
        let of = problem(&data, &layers, Method::PLAIN, 1);
        let sizes = (&layers[..], Split::of(of, device_type).map_err(Error::Usage)?);
        let loops = Loops::Trusted;
        let networks =
            Networks::by_workgroup(trial.gpu, &data, sizes, Method::PLAIN, loops).await?;
        networks.check_tile(trial).await?;
        let most = KernelChoice::Workgroup.most_steps(of, device_type);
        networks.check_long(trial, 1, u32::try_from(most).expect("one dispatch")).await?;
    }
    Ok(())
}

/// 8-32-1 on 8-bit parity, ten steps.
pub(super) fn workloads(_: &Gpu, member_count: usize) -> Vec<Workload> {
    let data = || Dataset::parity(8).expect("eight bits are few");
    let method = Method::PLAIN;
    let parity = data();
    let problem_of = problem(&parity, &[8, 32, 1], method, 1);
    let (size, cost) = described(problem_of, member_count, 10);
    let largest = largest(problem_of, member_count);
    let make = async move |trial: &mut Trial<'_>| {
        let (data, layers) = (data(), [8, 32, 1]);
        let problem = problem(&data, &layers, method, 1);
        let split = Split::of(problem, trial.gpu.adapter.device_type).map_err(Error::Usage)?;
        let sizes = (&layers[..], split);
        let networks =
            Networks::by_workgroup(trial.gpu, &data, sizes, method, Loops::Trusted).await?;
        networks.launch(trial, member_count, 10).await
    };
    vec![Workload::new(size, cost, make).with_largest(largest)]
}

async fn check_split(
    trial: &mut Trial<'_>,
    case: ([usize; 3], Split),
    method: Method,
) -> Result<(), Failure> {
    check_method(trial, case, method, trial.effort.quick).await?;
    let (row, split) = (one_row(), Split { units: 1, groups: 1, slices: 1, tile: 1 });
    let sizes = (&[1, 1, 1][..], split);
    let networks = Networks::by_workgroup(trial.gpu, &row, sizes, method, Loops::Trusted).await?;
    networks.check_own_exp(trial).await?;
    networks.check_overflow(trial).await?;
    networks.check_long(trial, 3, LONG).await
}

/// What a method has of its own, if asked also in a launch as large as those of ensembles.
async fn check_method(
    trial: &mut Trial<'_>,
    ([input_size, hidden_size, batch_size], split): ([usize; 3], Split),
    method: Method,
    is_tiled: bool,
) -> Result<(), Failure> {
    let data = data(input_size, batch_size).with_coding(method.loss.coding());
    let sizes = (&[input_size, hidden_size, 1][..], split);
    let networks = Networks::by_workgroup(trial.gpu, &data, sizes, method, Loops::Trusted).await?;
    networks.check_start(trial, 9).await?;
    networks.check_going_on(trial, 5).await?;
    if is_tiled {
        networks.check_tile(trial).await?;
    }
    networks.check_all(trial).await
}

/// The splits that devices get, and more that none gets.
async fn check_more(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let shapes = [
        (1, 1, 1, 1),
        (1, 3, 1, 2),
        (2, 3, 4, 5),
        (3, 5, 7, 1),
        (4, 8, 9, 3),
        (5, 13, 65, 2),
        (9, 33, 131, 1),
        (17, 2, 3, 1),
    ];
    for (split, method) in [(1, 0), (0, 1), (2, 0), (2, 1), (3, 0), (3, 1)] {
        check_split(trial, SPLITS[split], METHODS[method]).await?;
    }
    for method in METHODS {
        for (input_size, hidden_size, batch_size, count) in shapes {
            let data = data(input_size, batch_size);
            check_devices(trial, &data, &[input_size, hidden_size, 1], method, count).await?;
        }
        check_devices(trial, &Dataset::parity(8)?, &[8, 32, 1], method, 1).await?;
        let many = data(3, 21);
        for split in MORE_SPLITS {
            let sizes = (&[3, 6, 1][..], split);
            let networks =
                Networks::by_workgroup(trial.gpu, &many, sizes, method, Loops::Trusted).await?;
            networks.check_start(trial, 2).await?;
            networks.check_cuts(trial, 30).await?;
        }
        let long = data(2, 37);
        let split = Split { units: 1, groups: 3, slices: 1, tile: 1 };
        let sizes = (&[2, 3, 1][..], split);
        let networks =
            Networks::by_workgroup(trial.gpu, &long, sizes, method, Loops::Trusted).await?;
        networks.check_counts(trial).await?;
        let xor = Dataset::parity(2)?;
        for hidden_size in [2, 3] {
            let split = Split { units: 1, groups: hidden_size, slices: 4, tile: 1 };
            let sizes = (&[2, hidden_size, 1][..], split);
            let networks =
                Networks::by_workgroup(trial.gpu, &xor, sizes, method, Loops::Trusted).await?;
            networks.check_random(trial).await?;
        }
    }
    Ok(())
}

async fn check_devices(
    trial: &mut Trial<'_>,
    data: &Dataset,
    layers: &[usize],
    method: Method,
    count: usize,
) -> Result<(), Failure> {
    for device_type in [DeviceType::Software, DeviceType::Discrete] {
        let split = Split::of(problem(data, layers, method, 1), device_type);
        let sizes = (layers, split.expect("it is small"));
        let networks =
            Networks::by_workgroup(trial.gpu, data, sizes, method, Loops::Trusted).await?;
        networks.check_start(trial, count).await?;
    }
    Ok(())
}
