//! The suite `training`: whole training runs. What is timed begins with the parameters where they
//! are needed and ends with them, or on a device with the readback. Drawing them and building
//! pipelines comes before; what a driver puts off until the first dispatch is timed.

use std::ops::ControlFlow;

use indicatif::HumanCount;
use rayon::prelude::*;

use super::baseline::simd::{self, Ensemble, Instructions, WideData};
use super::baseline::{PARAMETERS, scalar};
use super::contest::{Contender, Group, Sample, Sampling};
use super::{Effort, GroupResult, Options};
use crate::cpu::train_invocation::{Member, look, train_invocation};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::model::{Init, Parameters};
use crate::rule::Rule;
use crate::scalar::Scalar;
use crate::train::{Fused, Layered, Plan, reference};

/// All runs here have it: the presets' own.
const LEARNING_RATE: f32 = 1.0;

/// From here one network starts: the default of `parity train`.
const SEED: u64 = 48;

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

/// Runs the suite.
pub(super) async fn run(gpu: &Gpu, options: Options<'_>) -> Result<Vec<GroupResult>, Error> {
    let Options { quick, go_on } = options;
    let (sizes, effort) = if quick { (QUICK, Effort::QUICK) } else { (FULL, Effort::FULL) };
    let one = plan(2, "2-2-1", sizes.steps)?;
    let layered = Plan { steps: sizes.layered_steps.into(), ..one.clone() };
    let wide = plan(8, "8-32-1", sizes.wide_steps)?;
    let members = Members::new(sizes)?;
    Ok(vec![
        one_network(gpu, &one, &layered, go_on).measure(effort, go_on).await?,
        ensemble(&members).measure(effort, go_on).await?,
        wide_network(gpu, &wide, go_on).measure(effort, go_on).await?,
    ])
}

/// A network on the parity of so many bits.
fn plan(bits: u32, layers: &str, steps: u32) -> Result<Plan, Error> {
    let start = Parameters::initialise(&layers.parse()?, Init::Torch, SEED);
    let rule = Rule::sgd(LEARNING_RATE.into());
    let data = Dataset::parity(bits)?;
    Ok(Plan { data, rule, start, steps: steps.into(), log_every: steps.into() })
}

/// The parameters of 2-2-1.
fn nine(parameters: &Parameters) -> [f32; PARAMETERS] {
    parameters.values().collect::<Vec<_>>().try_into().expect("2-2-1 has nine parameters")
}

/// The exact loss of a network with one hidden layer.
fn loss_of(data: &Dataset, parameters: &[f32]) -> f32 {
    let parameters = f64::all_from_f32(parameters);
    f32::from_f64(look(data, &Member { parameters, residues: vec![] }).0)
}

type GoOn<'a> = &'a dyn Fn() -> ControlFlow<()>;

/// The fused engine as a contender.
fn fused<'a>(gpu: &'a Gpu, plan: &'a Plan, go_on: GoOn<'a>) -> Contender<'a> {
    Contender::adapter("fused engine", [1, plan.steps], move || -> Sampling<'a> {
        Box::pin(
            async move { Ok(Fused::new(gpu, plan).await?.train(&mut |_| go_on()).await?.into()) },
        )
    })
}

/// The layered engine as a contender.
fn layered<'a>(gpu: &'a Gpu, plan: &'a Plan, go_on: GoOn<'a>) -> Contender<'a> {
    Contender::adapter("layered engine", [1, plan.steps], move || -> Sampling<'a> {
        Box::pin(
            async move { Ok(Layered::new(gpu, plan).await?.train(&mut |_| go_on()).await?.into()) },
        )
    })
}

/// The final loss in `f64` of a plan's first `steps` steps.
fn expected(plan: &Plan, steps: u64) -> Vec<(usize, f64)> {
    let plan = Plan { steps, ..plan.clone() };
    let run = reference::<f64>(&plan, &|| ControlFlow::Continue(()));
    vec![(0, run.expect("nothing breaks it off").final_loss)]
}

/// One 2-2-1 network: latency.
fn one_network<'a>(gpu: &'a Gpu, plan: &'a Plan, short: &'a Plan, go_on: GoOn<'a>) -> Group<'a> {
    let steps = u32::try_from(plan.steps).expect("they were a u32");
    let on_cpu = |name: &str, train: fn(&mut [f32; PARAMETERS], f32, u32)| {
        Contender::cpu(name, [1, plan.steps], move || {
            let mut parameters = std::hint::black_box(nine(&plan.start));
            Sample::time(
                || {
                    train(&mut parameters, LEARNING_RATE, steps);
                    parameters
                },
                |trained| vec![loss_of(&plan.data, &trained)],
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
    contenders.push(fused(gpu, plan, go_on));
    contenders.push(layered(gpu, short, go_on));
    Group {
        name: format!("one 2-2-1 network on XOR, {} steps", HumanCount(plan.steps)),
        expected: Box::new(|steps| expected(plan, steps)),
        contenders,
    }
}

/// The ensemble, and what all its contenders need.
struct Members {
    xor: Dataset,
    start: Vec<[f32; PARAMETERS]>,
    laid_out: Ensemble,
    steps: u32,
}

impl Members {
    /// One for each seed from 0 on.
    fn new(sizes: Sizes) -> Result<Self, Error> {
        let layers = "2-2-1".parse()?;
        let seeds = 0..sizes.member_count as u64;
        let start: Vec<_> =
            seeds.map(|seed| nine(&Parameters::initialise(&layers, Init::Torch, seed))).collect();
        let laid_out = Ensemble::new(&start);
        Ok(Self { xor: Dataset::parity(2)?, start, laid_out, steps: sizes.ensemble_steps })
    }

    /// Of members that are spread over all, the last among them.
    fn expected(&self, steps: u64) -> Vec<(usize, f64)> {
        let steps = usize::try_from(steps).expect("they were a u32");
        let last = self.start.len() - 1;
        let every = self.start.len().div_ceil(COMPARED);
        let indices: Vec<usize> = (0..last).step_by(every).chain([last]).collect();
        let train = |index: usize| {
            let parameters = f64::all_from_f32(&self.start[index]);
            let mut member = Member { parameters, residues: vec![0.0; PARAMETERS] };
            train_invocation(&self.xor, LEARNING_RATE.into(), steps, &mut member);
            (index, look(&self.xor, &member).0)
        };
        indices.into_par_iter().map(train).collect()
    }
}

/// Many 2-2-1 networks at once: throughput. The engine for ensembles goes here when there is one.
fn ensemble(members: &Members) -> Group<'_> {
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
    Group {
        name: format!(
            "{} 2-2-1 networks on XOR, {} steps",
            HumanCount(work[0]),
            HumanCount(work[1])
        ),
        expected: Box::new(|steps| members.expected(steps)),
        contenders: vec![simd],
    }
}

/// A network that is too wide for the registers of one invocation. The engine that trains one by
/// a workgroup goes here when there is one.
fn wide_network<'a>(gpu: &'a Gpu, plan: &'a Plan, go_on: GoOn<'a>) -> Group<'a> {
    let steps = u32::try_from(plan.steps).expect("they were a u32");
    let Dataset { inputs, targets, .. } = &plan.data;
    let name = "Rust, AVX2 across rows, 1 thread";
    let simd = Contender::cpu(name, [1, plan.steps], move || {
        let mut parameters: Vec<f32> = plan.start.values().collect();
        Sample::time(
            || {
                simd::train_wide(
                    WideData { inputs, targets },
                    &mut parameters,
                    LEARNING_RATE,
                    steps,
                );
                parameters
            },
            |trained| vec![loss_of(&plan.data, &trained)],
        )
    });
    let simd = (Instructions::detect() == Instructions::Avx2).then_some(simd);
    Group {
        name: format!(
            "one 8-32-1 network on 8-bit parity (256 rows), {} steps",
            HumanCount(plan.steps)
        ),
        expected: Box::new(|steps| expected(plan, steps)),
        contenders: simd.into_iter().chain([layered(gpu, plan, go_on)]).collect(),
    }
}
