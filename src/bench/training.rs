//! The suite `training`: whole training runs. What is timed begins with the parameters where they
//! are needed and ends with them, or on a device with the readback; of an ensemble on the device,
//! it begins with the seeds. Compilation comes before, also what a driver puts off until the first
//! dispatch: that is the run that is not counted.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use indicatif::HumanCount;
use rayon::prelude::*;

use super::baseline::simd::{self, Ensemble, Instructions, WideData};
use super::baseline::{PARAMETERS, scalar};
use super::contenders::{Contender, Effort, Expected, Group, GroupResult, Sample, Sampling};
use super::worst_exp::WorstExp;
use super::{Options, name_fault};
use crate::cpu::train_invocation::{Member, look, train_invocation};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::numeric::{Scalar, Stream};
use crate::sweep::{Chunk, Population, Starts};
use crate::task::{Dataset, Init, Method, Parameters, Recipe, Rounding};
use crate::train::{Fused, Layered, LoopLimit, Plan, Products, reference};
use crate::tune::Tuner;

/// All runs here have it: the presets' own.
pub(super) const LEARNING_RATE: f32 = 1.0;

/// From here one network starts: the default of `parity train`.
const SEED: u64 = 48;

/// Largest error of a run, as a multiple of the error of a run in the CPU's `f32`.
const STANDS_OUT: f64 = 10.0;

/// How many members of an ensemble are compared with the reference, at most.
const COMPARED: usize = 256;

/// What is to be done, in full or as a look at whether it works.
#[derive(Clone, Copy)]
struct Sizes {
    /// Steps of one small network.
    steps: u32,
    /// The same for the layered engine, which on software drivers needs a second for 2,000.
    layered_steps: u32,
    member_count: usize,
    ensemble_steps: u32,
    wide_steps: u32,
}

const FULL: Sizes = Sizes {
    steps: 10_000,
    layered_steps: 200,
    member_count: 16_384,
    ensemble_steps: 1_000,
    wide_steps: 100,
};

/// Ragged, too.
const QUICK: Sizes =
    Sizes { steps: 500, layered_steps: 5, member_count: 1_003, ensemble_steps: 20, wide_steps: 3 };

/// How many groups there are.
pub(super) const GROUPS: usize = 3;

/// Runs the suite; each group is added when it is done, or named among the faults.
pub(super) async fn run(
    gpu: &Gpu,
    options: Options<'_>,
    go_on: GoOn<'_>,
    add: &mut dyn FnMut(GroupResult),
    faults: &mut Vec<String>,
) -> Result<(), Error> {
    let (sizes, effort) = if options.quick { (QUICK, Effort::QUICK) } else { (FULL, Effort::FULL) };
    let one = plan(2, "2-2-1", sizes.steps)?;
    let layered = one.clone().with_steps(sizes.layered_steps.into());
    let plain = one.clone().with_rounding(Rounding::Plain);
    let wide = plan(8, "8-32-1", sizes.wide_steps)?;
    let members = Members::new(sizes)?;
    let groups: [_; GROUPS] = [
        one_network(gpu, [&one, &plain, &layered], options.cache, go_on),
        ensemble(gpu, &members, go_on),
        wide_network(gpu, &wide, options.cache, go_on),
    ];
    for group in groups {
        let name = group.name.clone();
        match group.measure(effort, go_on).await {
            Ok(result) => add(result),
            Err(error) => name_fault(gpu, faults, &name, error).await?,
        }
    }
    Ok(())
}

/// A network on the parity of `bits` bits.
fn plan(bits: u32, layers: &str, steps: u32) -> Result<Plan, Error> {
    let start = Parameters::initialise(&layers.parse()?, Init::Torch, SEED);
    let method = Method::sgd(LEARNING_RATE.into());
    // The loops on the CPU look at no loss on their way either.
    Plan::new(Dataset::parity(bits)?, method, start, steps.into(), steps.into())
}

/// The parameters of 2-2-1.
fn nine(parameters: &Parameters) -> [f32; PARAMETERS] {
    parameters.values().collect::<Vec<_>>().try_into().expect("2-2-1 has nine parameters")
}

/// A network with one hidden layer.
fn member<S: Scalar>(data: &Dataset, parameters: &[f32], rate: f32) -> Member<S> {
    let hidden_size = (parameters.len() - 1) / (data.input_size + 2);
    let sizes = [data.input_size, hidden_size, 1];
    Member::new(&sizes, S::all_from_f32(parameters), S::from_f32(rate))
}

/// The exact loss of a network with one hidden layer.
pub(super) fn loss_of(data: &Dataset, parameters: &[f32]) -> f32 {
    let member = member(data, parameters, 0.0);
    f32::from_f64(look(Method::PLAIN, data, &member).0)
}

pub(super) type GoOn<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

/// The fused engine as a contender: compiled once.
fn fused<'a>(name: &str, gpu: &'a Gpu, plan: &'a Plan, go_on: GoOn<'a>) -> Contender<'a> {
    let kept = Rc::new(Cell::new(None));
    Contender::adapter(name, [1, plan.recipe.steps], move || -> Sampling<'a> {
        let kept = Rc::clone(&kept);
        Box::pin(async move {
            let mut engine = match kept.take() {
                Some(engine) => engine,
                None => Fused::new(gpu, plan, LoopLimit::Hopeful).await?,
            };
            let outcome = engine.train(&mut |_| go_on()).await?;
            kept.set(Some(engine));
            Ok(outcome.into())
        })
    })
}

/// Many networks on the adapter as a contender: compiled once.
pub(super) fn side_by_side<'a>(
    name: &str,
    gpu: &'a Gpu,
    (population, starts, count): (&'a Population, &'a Starts, usize),
    go_on: GoOn<'a>,
) -> Contender<'a> {
    let kept = Rc::new(Cell::new(None));
    let work = [count as u64, population.recipe.steps];
    Contender::adapter(name, work, move || -> Sampling<'a> {
        let kept = Rc::clone(&kept);
        Box::pin(async move {
            let mut chunk = match kept.take() {
                Some(chunk) => chunk,
                None => Chunk::new(gpu, population, count).await?,
            };
            let start = Instant::now();
            let (finished, _) = chunk.run(starts, 0, &mut |_| go_on()).await?;
            std::hint::black_box(chunk.all_parameters().await?);
            let elapsed = start.elapsed();
            kept.set(Some(chunk));
            Ok(Sample { losses: finished.final_losses, elapsed, device: None })
        })
    })
}

/// The layered engine as a contender, as `parity train` has it: compiled once, and tuned where it is
/// not yet.
pub(super) fn layered<'a>(
    gpu: &'a Gpu,
    plan: &'a Plan,
    cache: Option<&'a Path>,
    go_on: GoOn<'a>,
) -> Contender<'a> {
    let kept = Rc::new(Cell::new(None));
    Contender::adapter("layered engine", [1, plan.recipe.steps], move || -> Sampling<'a> {
        let kept = Rc::clone(&kept);
        Box::pin(async move {
            let mut engine = if let Some(engine) = kept.take() {
                engine
            } else {
                let mut tuner = Tuner::new(gpu, cache);
                Layered::with_products(gpu, plan, Products::Tuned(&mut tuner)).await?
            };
            let outcome = engine.train(&mut |_| go_on()).await?;
            kept.set(Some(engine));
            Ok(outcome.into())
        })
    })
}

/// What is expected of a member whose final loss is this in `f64`, in `f32`, and with the worst
/// `exp`.
fn compare(member: usize, [truth, in_f32, worst]: [f64; 3]) -> Expected {
    let magnified = (STANDS_OUT * (in_f32 - truth).abs()).max((worst - truth).abs());
    Expected { member, truth, magnified }
}

/// The final loss of a plan's first `steps` steps.
fn expected(plan: &Plan, steps: u64) -> Vec<Expected> {
    let plan = plan.clone().with_steps(steps);
    let go_on = || ControlFlow::Continue(());
    let (truth, (in_f32, worst)) = rayon::join(
        || reference::<f64>(&plan, &go_on),
        || rayon::join(|| reference::<f32>(&plan, &go_on), || reference::<WorstExp>(&plan, &go_on)),
    );
    let losses = [truth, in_f32, worst].map(|run| run.expect("nothing breaks it off").final_loss);
    vec![compare(0, losses)]
}

/// One 2-2-1 network: latency.
fn one_network<'a>(
    gpu: &'a Gpu,
    [plan, plain_formulas, few_steps]: [&'a Plan; 3],
    cache: Option<&'a Path>,
    go_on: GoOn<'a>,
) -> Group<'a> {
    let steps = u32::try_from(plan.recipe.steps).expect("they were a u32");
    let on_cpu = |name: &str, train: fn(&mut [f32; PARAMETERS], f32, u32)| {
        Contender::cpu(name, [1, plan.recipe.steps], move || {
            let mut parameters = std::hint::black_box(nine(&plan.start));
            Sample::time(
                || {
                    train(&mut parameters, LEARNING_RATE, steps);
                    parameters
                },
                |trained| vec![loss_of(&plan.recipe.data, &trained)],
            )
        })
    };
    let mut contenders = vec![on_cpu("Rust, scalar, 1 thread", scalar::train)];
    if Instructions::detect() == Instructions::Avx2 {
        contenders.push(on_cpu(
            "Rust, AVX2 across rows and neurons, 1 thread",
            |p, rate, steps| {
                simd::train(p, rate, steps);
            },
        ));
    }
    contenders.push(fused("fused engine, plain formulas", gpu, plain_formulas, go_on));
    contenders.push(fused("fused engine, compensated formulas", gpu, plan, go_on));
    contenders.push(layered(gpu, few_steps, cache, go_on));
    Group {
        name: format!("one 2-2-1 network on XOR, {} steps", HumanCount(plan.recipe.steps)),
        expected: Box::new(|steps| expected(plan, steps)),
        contenders,
    }
}

/// The initial parameters of networks of seeds from 0 on.
pub(super) fn starts(member_count: usize) -> Starts {
    let mut starts = Starts::new(2, member_count, LEARNING_RATE);
    for seed in 0..member_count {
        starts.draw(seed, Stream::new(seed as u64), 1.0);
    }
    starts
}

/// What is expected of a member of an ensemble that starts so.
pub(super) fn expected_of(data: &Dataset, member: usize, start: &[f32], steps: u64) -> Expected {
    let steps = usize::try_from(steps).expect("they were a u32");
    let losses = [
        final_loss::<f64>(data, start, steps),
        final_loss::<f32>(data, start, steps),
        final_loss::<WorstExp>(data, start, steps),
    ];
    compare(member, losses)
}

/// In the arithmetic of `S`.
fn final_loss<S: Scalar>(data: &Dataset, start: &[f32], steps: usize) -> f64 {
    let mut member = member::<S>(data, start, LEARNING_RATE);
    train_invocation(Method::PLAIN, data, 0.0, steps, &mut member);
    look(Method::PLAIN, data, &member).0.to_f64()
}

/// The ensemble, and what all its contenders need.
struct Members {
    xor: Dataset,
    start: Vec<[f32; PARAMETERS]>,
    laid_out: Ensemble,
    steps: u32,
    population: Population,
    starts: Starts,
}

impl Members {
    /// One for each seed from 0 on.
    fn new(sizes: Sizes) -> Result<Self, Error> {
        let layers = "2-2-1".parse()?;
        let seeds = 0..sizes.member_count as u64;
        let start: Vec<_> =
            seeds.map(|seed| nine(&Parameters::initialise(&layers, Init::Torch, seed))).collect();
        let laid_out = Ensemble::new(&start);
        let starts = starts(start.len());
        let (xor, steps) = (Dataset::parity(2)?, sizes.ensemble_steps);
        let population = Population::new(
            Recipe::new(xor.clone(), layers, Method::PLAIN, steps.into())?,
            Init::Torch,
        );
        Ok(Self { xor, start, laid_out, steps, population, starts })
    }

    /// The losses of members that are spread over all, the last among them.
    fn expected(&self, steps: u64) -> Vec<Expected> {
        let last = self.start.len() - 1;
        let every = self.start.len().div_ceil(COMPARED);
        let indices: Vec<usize> = (0..last).step_by(every).chain([last]).collect();
        let expected = |member| expected_of(&self.xor, member, &self.start[member], steps);
        indices.into_par_iter().map(expected).collect()
    }
}

/// Many 2-2-1 networks at once: throughput.
fn ensemble<'a>(gpu: &'a Gpu, members: &'a Members, go_on: GoOn<'a>) -> Group<'a> {
    let work = [members.start.len() as u64, members.steps.into()];
    let threads = match rayon::current_num_threads() {
        1 => "1 thread".into(),
        threads => format!("{threads} threads"),
    };
    let name = format!("Rust, {} across members, {threads}", Instructions::detect().name());
    let simd = Contender::cpu(name, work, || {
        let mut ensemble = members.laid_out.clone();
        Sample::time(
            || {
                ensemble.train(LEARNING_RATE, members.steps);
                ensemble
            },
            |trained| {
                let trained: Vec<_> = trained.members().collect();
                trained.par_iter().map(|member| loss_of(&members.xor, member)).collect()
            },
        )
    });
    let name = "fused engine, one invocation a member";
    let on_adapter = (&members.population, &members.starts, members.start.len());
    let on_adapter = side_by_side(name, gpu, on_adapter, go_on);
    Group {
        name: format!(
            "{} 2-2-1 networks on XOR, {} steps",
            HumanCount(work[0]),
            HumanCount(work[1])
        ),
        expected: Box::new(|steps| members.expected(steps)),
        contenders: vec![simd, on_adapter],
    }
}

/// A network that is too wide for the registers of one invocation.
fn wide_network<'a>(
    gpu: &'a Gpu,
    plan: &'a Plan,
    cache: Option<&'a Path>,
    go_on: GoOn<'a>,
) -> Group<'a> {
    let steps = u32::try_from(plan.recipe.steps).expect("they were a u32");
    let Dataset { inputs, targets, .. } = &plan.recipe.data;
    let (code, train) = fastest_wide();
    let on_cpu =
        Contender::cpu(format!("Rust, {code}, 1 thread"), [1, plan.recipe.steps], move || {
            let mut parameters: Vec<f32> = plan.start.values().collect();
            Sample::time(
                || {
                    train(WideData { inputs, targets }, &mut parameters, LEARNING_RATE, steps);
                    parameters
                },
                |trained| vec![loss_of(&plan.recipe.data, &trained)],
            )
        });
    let fused = fused("fused engine, one workgroup", gpu, plan, go_on);
    Group {
        name: format!(
            "one 8-32-1 network on 8-bit parity (256 rows), {} steps",
            HumanCount(plan.recipe.steps)
        ),
        expected: Box::new(|steps| expected(plan, steps)),
        contenders: vec![on_cpu, fused, layered(gpu, plan, cache, go_on)],
    }
}

/// Code that trains a network of any size on one thread: rows, parameters, learning rate, steps.
pub(super) type TrainWide = fn(WideData<'_>, &mut [f32], f32, u32);

/// The fastest on this processor, and what it is called.
pub(super) fn fastest_wide() -> (&'static str, TrainWide) {
    match Instructions::detect() {
        Instructions::Avx2 => ("AVX2 across rows", |rows, parameters, learning_rate, steps| {
            simd::train_wide(rows, parameters, learning_rate, steps);
        }),
        Instructions::Portable => ("scalar", scalar::train_any),
    }
}
