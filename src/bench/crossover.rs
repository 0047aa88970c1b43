//! The sizes at which an adapter begins to win: the fastest way on the CPU and the fastest on the
//! adapter, over the width of the network, its batch, and how many networks there are.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Instant;

use indicatif::HumanCount;
use rayon::prelude::*;
use serde::Serialize;

use super::baseline::scalar;
use super::baseline::simd::WideData;
use super::contenders::{Contender, Effort, Expected, Group, GroupResult, RunsOn, Sample};
use super::training::{
    GoOn, LEARNING_RATE, expected_of, fastest_wide, layered, loss_of, side_by_side, starts,
};
use super::{Options, name_fault};
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::sweep::{Population, Starts};
use crate::task::{Dataset, Init, Method, Parameters, Recipe, Rounding};
use crate::train::Plan;

/// Number of inputs of all networks here: the parity of a byte, or its first rows.
const BITS: u32 = 8;

const BATCHES: [usize; 2] = [16, 256];
const WIDTHS: [usize; 3] = [4, 32, 256];
const ENSEMBLES: [usize; 3] = [1, 32, 1_024];

/// Products that a run makes in its forward passes, about: some tens of milliseconds of scalar code.
const PRODUCTS: usize = 20_000_000;

/// Steps of a run, not fewer and not more.
const STEPS: RangeInclusive<usize> = 1..=1_000;

/// Steps of a run on a GPU, which takes them so fast that fewer would measure how they are begun.
const LEAST_ON_GPU: usize = 100;

/// Networks of one kind, and who was faster with them.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// Rows of the data.
    pub batch_size: usize,
    /// Neurons of the hidden layer.
    pub hidden_size: usize,
    /// Networks at once.
    pub member_count: usize,
    /// What was fastest on the CPU.
    pub cpu: Fastest,
    /// What was fastest on the adapter.
    pub adapter: Fastest,
}

/// A contender and its rate.
#[derive(Clone, Debug, Serialize)]
pub struct Fastest {
    /// What it is called.
    pub name: String,
    /// Updates that a run makes to each network.
    pub steps: u64,
    /// Steps of a network a second.
    pub network_steps_per_s: f64,
}

impl Cell {
    /// How many times as fast as the CPU the adapter was.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.adapter.network_steps_per_s / self.cpu.network_steps_per_s
    }

    fn of(kind: Kind, group: &GroupResult) -> Option<Self> {
        let fastest = |place: RunsOn| {
            let best = group.fastest(place)?;
            let network_steps_per_s = best.network_steps_per_s;
            Some(Fastest { name: best.name.clone(), steps: best.steps, network_steps_per_s })
        };
        let Kind { batch_size, hidden_size, member_count } = kind;
        let (cpu, adapter) = (fastest(RunsOn::Cpu)?, fastest(RunsOn::Adapter)?);
        Some(Self { batch_size, hidden_size, member_count, cpu, adapter })
    }
}

/// What a cell trains.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    batch_size: usize,
    hidden_size: usize,
    member_count: usize,
}

/// The kinds of networks on the map.
pub(super) fn kinds(options: Options<'_>) -> impl Iterator<Item = Kind> {
    let [batches, widths, ensembles] = if options.quick {
        [&BATCHES[..1], &WIDTHS[..2], &ENSEMBLES[..2]]
    } else {
        [&BATCHES[..], &WIDTHS, &ENSEMBLES]
    };
    let sizes = batches.iter().flat_map(|batch| widths.iter().map(move |width| (batch, width)));
    sizes.flat_map(|(&batch_size, &hidden_size)| {
        let kind = move |&member_count| Kind { batch_size, hidden_size, member_count };
        ensembles.iter().map(kind)
    })
}

/// A plan for each network on the map.
pub(super) fn plans() -> Result<Vec<Plan>, Error> {
    let sizes = BATCHES.iter().flat_map(|batch| WIDTHS.iter().map(move |width| (batch, width)));
    let kind = |(&batch_size, &hidden_size)| Kind { batch_size, hidden_size, member_count: 1 };
    sizes.map(|size| Ok(Work::new(kind(size), 1, 1)?.plan)).collect()
}

/// Measures all cells; each is added when it is done, if there is something to compare.
pub(super) async fn run(
    gpu: &Gpu,
    options: Options<'_>,
    go_on: GoOn<'_>,
    add: &mut dyn FnMut(Option<Cell>),
    faults: &mut Vec<String>,
) -> Result<(), Error> {
    let (effort, less) = if options.quick { (Effort::QUICK, 100) } else { (Effort::MAP, 1) };
    let is_software = gpu.adapter.device_type == DeviceType::Software;
    let least_steps = if is_software { *STEPS.start() } else { LEAST_ON_GPU };
    for kind in kinds(options) {
        let work = Work::new(kind, less, least_steps)?;
        let group = work.group(gpu, options.cache, go_on);
        let name = group.name.clone();
        match group.measure(effort, go_on).await {
            Ok(result) => add(Cell::of(kind, &result)),
            Err(error) => name_fault(gpu, faults, &name, error).await?,
        }
    }
    Ok(())
}

/// The networks of a cell, and what their contenders need.
struct Work {
    kind: Kind,
    /// On the CPU; population and plan have those on the adapter.
    steps: u32,
    data: Dataset,
    start: Vec<Vec<f32>>,
    starts: Starts,
    population: Population,
    plan: Plan,
}

impl Work {
    fn new(kind: Kind, less: usize, least_on_adapter: usize) -> Result<Self, Error> {
        let Kind { batch_size, hidden_size, member_count } = kind;
        let mut data = Dataset::parity(BITS)?;
        data.inputs.truncate(batch_size * BITS as usize);
        data.targets.truncate(batch_size);
        let sizes = format!("{BITS}-{hidden_size}-1").parse()?;
        let seeds = 0..member_count as u64;
        let initialise = |seed| Parameters::initialise(&sizes, Init::Torch, seed);
        let start = seeds.map(|seed| initialise(seed).values().collect()).collect();
        let starts = starts(member_count);
        let products = batch_size * hidden_size * (BITS as usize + 1) * member_count;
        let steps = (PRODUCTS / less / products).clamp(*STEPS.start(), *STEPS.end());
        let on_adapter = steps.max(least_on_adapter) as u64;
        let steps = u32::try_from(steps).expect("few");
        let method = Method::sgd(LEARNING_RATE.into());
        let plan = Plan::new(data.clone(), method, initialise(0), on_adapter, on_adapter)?;
        let method = method.with_rounding(Rounding::Plain);
        let population = Population::new(Recipe { method, ..plan.recipe.clone() }, Init::Torch);
        Ok(Self { kind, steps, data, start, starts, population, plan })
    }

    fn group<'a>(&'a self, gpu: &'a Gpu, cache: Option<&'a Path>, go_on: GoOn<'a>) -> Group<'a> {
        let mut contenders = vec![self.on_cpu("scalar, 1 thread", |rows, parameters, steps| {
            scalar::train_any(rows, parameters, LEARNING_RATE, steps);
        })];
        contenders.push(self.on_all_threads());
        if self.population.kernel_choice().is_ok() {
            let count = self.kind.member_count;
            let work = (&self.population, &self.starts, count);
            contenders.push(side_by_side("fused engine", gpu, work, go_on));
        }
        if self.kind.member_count == 1 {
            contenders.push(layered(gpu, &self.plan, cache, go_on));
        }
        let Kind { batch_size, hidden_size, member_count } = self.kind;
        Group {
            name: format!(
                "{} × {BITS}-{hidden_size}-1 on {batch_size} rows, {} steps",
                HumanCount(member_count as u64),
                self.steps
            ),
            expected: Box::new(|steps| self.expected(steps)),
            contenders,
        }
    }

    fn work(&self) -> [u64; 2] {
        [self.kind.member_count as u64, self.steps.into()]
    }

    /// Members one after the other.
    fn on_cpu(&self, name: &str, train: fn(WideData<'_>, &mut [f32], u32)) -> Contender<'_> {
        Contender::cpu(name, self.work(), move || {
            let mut members = self.start.clone();
            let rows = WideData { inputs: &self.data.inputs, targets: &self.data.targets };
            let start = Instant::now();
            for member in &mut members {
                train(rows, member, self.steps);
            }
            self.sample(start, &members)
        })
    }

    /// Members on all threads.
    fn on_all_threads(&self) -> Contender<'_> {
        let threads = rayon::current_num_threads().min(self.kind.member_count);
        let plural = if threads == 1 { "" } else { "s" };
        let (code, train) = fastest_wide();
        let name = format!("{code}, {threads} thread{plural}");
        Contender::cpu(name, self.work(), move || {
            let mut members = self.start.clone();
            let rows = WideData { inputs: &self.data.inputs, targets: &self.data.targets };
            let start = Instant::now();
            members.par_iter_mut().for_each(|member| {
                train(rows, member, LEARNING_RATE, self.steps);
            });
            self.sample(start, &members)
        })
    }

    fn sample(&self, start: Instant, members: &[Vec<f32>]) -> Sample {
        let elapsed = start.elapsed();
        let losses = members.par_iter().map(|member| loss_of(&self.data, member)).collect();
        Sample { losses, elapsed, device: None }
    }

    /// The losses of the first member and the last.
    fn expected(&self, steps: u64) -> Vec<Expected> {
        let last = self.start.len() - 1;
        let members = if last == 0 { vec![0] } else { vec![0, last] };
        let expected = |member| expected_of(&self.data, member, &self.start[member], steps);
        members.into_par_iter().map(expected).collect()
    }
}
