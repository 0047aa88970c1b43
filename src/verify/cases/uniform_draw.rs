//! Checks of `uniform_draw`.

use crate::cpu::uniform_draw::uniform_draw as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::uniform_draw::{self, Draw, ORIGIN_ROWS};
use crate::numeric::{Enclosure, Scalar, Stream, philox4x32};
use crate::task::{Init, LayerSizes, Parameters};
use crate::verify::{Effort, Failure, Trial, Workload};

const ONE: u32 = 1.0_f32.to_bits();

/// The words that define the start of a member.
type Origin = [u32; ORIGIN_ROWS];

/// Random123 1.14, `tests/kat_vectors`, the lines `philox4x32 10`: counter, key, and the first word
/// of what they make.
const KNOWN_ANSWERS: [([u32; 4], [u32; 2], u32); 3] = [
    ([0; 4], [0; 2], 0x6627_e8d5),
    ([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0], 0xd16c_fe09),
    ([u32::MAX; 4], [u32::MAX; 2], 0x408f_276d),
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &uniform_draw::SPEC, &[]).await?;
    for (counter, key, word) in KNOWN_ANSWERS {
        let [parameter, first, second, third] = counter;
        let origins = [[key[0], key[1], first, second, third, ONE]];
        let draw = Draw { first_parameter: parameter, first_row: 0, row_count: 1, extent: 1.0 };
        let case = format!("Random123's answer for {counter:x?}");
        let found = draws(trial, &kernel, &case, &origins, draw).await?;
        // Exact: a multiple of 2⁻²³ has no more than 24 bits.
        let expected = Enclosure::from_f64(f64::from(word >> 8) / 8_388_608.0 - 1.0);
        trial.compare(&case, "state", &found, &[expected])?;
    }
    let random = trial.effort.cases.div_ceil(7);
    // As many members as ensembles have on a GPU, or more than on a software adapter.
    let chunk = match trial.effort {
        Effort { quick: true, .. } => (1 << 14, 0, 1),
        Effort { thorough: true, .. } => (1 << 20, 0, 2),
        _ => ((1 << 17) + 1, 0, 2),
    };
    for (member_count, first_row, row_count) in
        [(3, 5, 7), (65, 1, 2), (1, 0, 1), (257, 0, 9), (1757, 2, 3), (random, 0, 7), chunk]
    {
        let draw = Draw { first_parameter: 11, first_row, row_count, extent: 0.7 };
        compare(trial, &kernel, member_count, draw).await?;
    }
    first_member(trial, &kernel).await
}

/// The nine parameters of 2-2-1.
pub(super) fn workloads(_: &Gpu, member_count: usize) -> Vec<Workload> {
    let draw = Draw { first_parameter: 0, first_row: 0, row_count: 9, extent: 0.7 };
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = Kernel::new(trial.gpu, &uniform_draw::SPEC, &[]).await?;
        compare(trial, &kernel, member_count, draw).await
    };
    let cost = uniform_draw::cost(member_count, draw.row_count);
    let workload = Workload::new(format!("[{}, {member_count}]", draw.row_count), cost, make);
    vec![workload.with_largest(draw.row_count * member_count)]
}

/// Draws for members that start where `origins` says.
async fn draws(
    trial: &Trial<'_>,
    kernel: &Kernel,
    case: &str,
    origins: &[Origin],
    draw: Draw,
) -> Result<Vec<f32>, Failure> {
    Ok(launch(trial, kernel, case, origins, draw).await?.1)
}

/// The same, with the launch.
async fn launch(
    trial: &Trial<'_>,
    kernel: &Kernel,
    case: &str,
    origins: &[Origin],
    draw: Draw,
) -> Result<(Dispatch, Vec<f32>), Failure> {
    let row = |row: usize| origins.iter().map(move |origin| origin[row]);
    let words: Vec<u32> = (0..ORIGIN_ROWS).flat_map(row).collect();
    let state = trial.poisoned("state", (draw.first_row + draw.row_count) * origins.len()).await?;
    let tensors = [&trial.input(&words).await?, &state.tensor];
    let dispatch = uniform_draw::dispatch(trial.gpu, kernel, draw, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    Ok((dispatch, trial.read(case, &state).await?))
}

/// Every parameter of every member is its twin's, and no other is written; returns the launch.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    member_count: usize,
    draw: Draw,
) -> Result<Dispatch, Failure> {
    let key = Stream::new(trial.effort.seed).key;
    let origin = |member: u32| {
        let [a, b, c, d] = philox4x32([member, 0, 0, 9], key);
        let [e, scale, ..] = philox4x32([member, 1, 0, 9], key);
        [a, b, c, d, e, (f32::from(scale.to_le_bytes()[0]) / 64.0).to_bits()]
    };
    let origins: Vec<Origin> = (0..).map(origin).take(member_count).collect();
    let case = format!("{member_count} members, {draw:?}");
    let (dispatch, found) = launch(trial, kernel, &case, &origins, draw).await?;
    let (before, found) = found.split_at(draw.first_row * member_count);
    trial.untouched(&case, "state", before)?;
    let row = |parameter| {
        origins.iter().map(move |&[a, b, c, d, e, scale]| {
            twin(draw.extent, f32::from_bits(scale), [a, b], [c, d, e], parameter)
        })
    };
    let expected: Vec<Enclosure> =
        (draw.first_parameter..).take(draw.row_count).flat_map(row).collect();
    trial.compare(&case, "state", found, &expected)?;
    Ok(dispatch)
}

/// Member 0 starts where a single network does, to the bit.
async fn first_member(trial: &mut Trial<'_>, kernel: &Kernel) -> Result<(), Failure> {
    let sizes: LayerSizes = "2-3-1".parse()?;
    let single = Parameters::initialise(&sizes, Init::Uniform, trial.effort.seed);
    let single: Vec<f32> = single.values().collect();
    let Stream { key: [low, high], counter: [first, second, third] } =
        Stream::new(trial.effort.seed);
    let draw = Draw {
        first_parameter: 0,
        first_row: 0,
        row_count: single.len(),
        extent: Init::Uniform.extent(2),
    };
    let case = "member 0 and a single network";
    let origins = [[low, high, first, second, third, ONE]];
    let found = draws(trial, kernel, case, &origins, draw).await?;
    trial.compare(case, "state", &found, &Enclosure::all_from_f32(&single))
}
