//! `parity train`

use std::path::PathBuf;

use super::command_line::command_line;
use super::data::DATA_SEED;
use super::folders;
use super::given::{Conflict, Given, Need, refuse};
use super::optimizer::NESTEROV;
use super::recipe::{MAX_STEPS, PlanArgs, START_IS_GIVEN, Subject};
use super::{DeviceArgs, go_on, values};
use crate::bench::Payoff;
use crate::error::Error;
use crate::file;
use crate::gpu::Gpu;
use crate::report::{self, EnsembleReport, InitFile, ProgressDisplay, TrainReport};
use crate::sweep::{self, Axis, EnsemblePlan, Population, Quantity};
use crate::task::{Backprop, Dataset, LayerSizes, Preset, Recipe, state_dict};
use crate::train::{
    Agreement, Counted, Diagnosis, Engine, Fused, HeldOut, LEARNED_BELOW, Layered, LoopLimit,
    Observer, Outcome, Plan, ProductUse, Products, Progress, Resolved, Trajectory, Verdict,
    reference,
};
use crate::tune::Tuner;

/// What is ready before an adapter is opened.
pub(super) struct Prepared {
    plan: Plan,
    /// The file that it starts from.
    init_from: Option<InitFile>,
    ensemble: Option<EnsemblePlan>,
    /// Rows that it is not trained on.
    held_out: Option<Dataset>,
}

/// Options that contradict each other.
const CONFLICTS: &[Conflict] = &[
    START_IS_GIVEN,
    Conflict {
        one: "networks",
        others: &["save", "csv", "log-every", "no-reference", "validation", "split-seed"],
        why: "an ensemble gives statistics, and no parameters, losses of steps or comparison",
    },
    Conflict {
        one: "networks",
        others: &["engine", "no-tune"],
        why: "the fused engine trains the networks of an ensemble",
    },
    Conflict {
        one: "networks",
        others: &["member"],
        why: "a member is trained alone, to the same bits as in an ensemble of any size",
    },
    Conflict {
        one: "networks",
        others: &["init-from"],
        why: "each member has its own initial parameters",
    },
    Conflict {
        one: "member",
        others: &["init-from"],
        why: "a member has its own initial parameters",
    },
    Conflict {
        one: "member",
        others: &["no-tune"],
        why: "the fused engine trains a member, as it trains its ensemble",
    },
];

/// Options that have an effect only with another.
const NEEDS: &[Need] = &[
    Need { one: "solved-below", others: &["networks"] },
    Need { one: "sample", others: &["networks"] },
    Need { one: "split-seed", others: &["validation"] },
    DATA_SEED,
    Need { one: "vary", others: &["networks", "member"] },
    NESTEROV,
];

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Args {
    /// Experiment to run
    #[arg(value_enum, default_value = "xor")]
    preset: Preset,
    #[command(flatten)]
    plan: PlanArgs,
    /// Engine that trains the network
    #[arg(long, default_value = "auto")]
    engine: Engine,
    /// Use plain kernels for matrix products and for what follows them (layered engine only). By
    /// default, the fastest kernels for the adapter are searched for. They are kept in the folder
    /// `PARITY_CACHE`, or in your cache folder
    #[arg(long)]
    no_tune: bool,
    /// File to write the trained parameters to, in the same format
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Number of networks to train as an ensemble, each from its own initial parameters
    #[arg(long, value_name = "N", value_parser = values::count::<u64>(1..=1 << 32))]
    networks: Option<u64>,
    /// Number of the ensemble member to train alone, counted from 0. Its parameters have the same
    /// bits as in the ensemble of this seed
    #[arg(long, value_name = "K", value_parser = values::count::<u64>(0..=(1 << 32) - 1))]
    member: Option<u64>,
    /// Loss in nats below which a member counts as solved (with --networks)
    #[arg(long, value_name = "LOSS", default_value_t = LEARNED_BELOW, value_parser = values::loss)]
    solved_below: f32,
    /// Quantity in which members differ, with its range: learning-rate=0.1..10:log or
    /// init-scale=0.5..2, for example. May be given once for each (with --networks or --member)
    #[arg(long, value_name = "NAME=LOW..HIGH")]
    vary: Vec<String>,
    /// Numbers of the members whose trained parameters are reported as a hash (with --networks).
    /// "--member K --json" reports the same hash
    #[arg(long, value_name = "K,K", value_delimiter = ',', value_parser = values::count::<u64>(0..=(1 << 32) - 1))]
    sample: Vec<u64>,
    /// Allow one dispatch to take all steps, even if the driver may give up on it
    #[arg(long, hide = true)]
    no_loop_limit: bool,
    /// Number of steps between two losses that are kept
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = values::count::<u64>(1..=MAX_STEPS))]
    log_every: u64,
    /// Skip the comparison with the same run on the CPU
    #[arg(long)]
    no_reference: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// File to write the losses to, as a CSV table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
    #[arg(skip)]
    pub(super) given: Given,
}

impl Args {
    pub(super) async fn run(&self) -> Result<u8, Error> {
        let Prepared { mut plan, init_from, ensemble, held_out } = self.prepare()?;
        let gpu = self.device.open().await?;
        if let (Some(ensemble), Some(networks)) = (&ensemble, self.networks) {
            let mut progress = ProgressDisplay::new("network", networks);
            return self.run_ensemble(&gpu, ensemble, &mut progress).await;
        }
        if let (Some(ensemble), Some(member)) = (&ensemble, self.member) {
            let (start, rate) = ensemble.start_of(&gpu, member).await?;
            plan.start = start;
            let method = ensemble.population.recipe.method;
            plan.recipe.method = method.with_learning_rate(rate.into());
        }
        let mut progress = ProgressDisplay::new("step", plan.recipe.steps);
        let mut observe = |now: Progress| {
            progress.update(now.step, now.loss);
            go_on()
        };
        let (engine, why) = self.engine.resolve(&plan.recipe)?;
        let (outcome, products) = self.train(engine, &gpu, &plan, &mut observe).await?;
        let cpu = if self.no_reference {
            None
        } else {
            progress.compare();
            references(&plan)
        };
        progress.finish();
        let agreement = cpu.as_ref().map(|[f32, f64]| Agreement::of(&plan, &outcome, f32, f64));
        let report = TrainReport {
            adapter: &gpu.adapter,
            bytes_uploaded: gpu.bytes_uploaded(),
            bytes_read_back: gpu.bytes_read_back(),
            engine: engine.name(),
            engine_reason: &why,
            products: &products,
            preset: self.preset,
            init: init_from.is_none().then(|| (self.plan.init(self.preset), self.plan.seed)),
            init_from: init_from.as_ref(),
            member: self.member,
            vary: ensemble.as_ref().map_or(&[][..], |ensemble| &ensemble.vary),
            no_tune: self.no_tune,
            plan: &plan,
            shows_all: self.given.has("log-every"),
            outcome: &outcome,
            cpu: cpu.as_ref(),
            agreement,
            command: &command_line(),
            diagnosis: Diagnosis::of(&plan, &outcome),
            held_out: held_out
                .map(|data| HeldOut::of(&data, plan.recipe.method, &outcome.parameters)),
            payoff: folders::cache().and_then(|folder| Payoff::load(&folder, &gpu.adapter)),
        };
        if let Some(path) = &self.csv {
            file::write(path, report.csv().as_bytes())?;
        }
        report::print(&if self.json { report.json() } else { report.text() })?;
        if agreement.is_some_and(disagrees) {
            return Ok(1);
        }
        if cpu.is_none() && !self.no_reference {
            let steps = plan.recipe.steps;
            let (step, loss, parameters) = (steps, outcome.final_loss, outcome.parameters);
            let stopped = Error::Interrupted { step, steps };
            return Err(self.keep(stopped, Some(Counted { step, loss, parameters }), steps));
        }
        if let Some(path) = &self.save {
            state_dict::save(path, &outcome.parameters)?;
        }
        Ok(0)
    }

    /// Checks everything that can be checked without an adapter.
    pub(super) fn prepare(&self) -> Result<Prepared, Error> {
        self.given.check(CONFLICTS, NEEDS)?;
        self.check_outputs()?;
        let is_of_many = self.networks.is_some() || self.member.is_some();
        let mut subject = self.plan.subject(self.preset, is_of_many)?;
        let held_out = subject.held_out.take();
        let ensemble = self.ensemble(&subject)?;
        // An ensemble keeps no losses of steps.
        let log_every = if self.networks.is_some() { u64::MAX } else { self.log_every };
        let (plan, init_from) = self.plan.plan(self.preset, subject, log_every)?;
        self.check_engine(&plan)?;
        Ok(Prepared { plan, init_from, ensemble, held_out })
    }

    /// Refuses an engine that cannot run the plan, and options that the one that does leaves without
    /// effect.
    fn check_engine(&self, plan: &Plan) -> Result<(), Error> {
        if self.member.is_some() && self.engine == Engine::Layered {
            return refuse(
                "--member and --engine layered",
                "the fused engine trains a member, to the same bits as in its ensemble",
            );
        }
        let (engine, why) = self.engine.resolve(&plan.recipe).map_err(|unsupported| {
            Error::Usage(format!("--engine {}: {}", self.engine.name(), unsupported.why))
        })?;
        let option = match engine {
            Resolved::Fused(_) if self.no_tune => "--no-tune",
            Resolved::Layered if self.no_loop_limit => "--no-loop-limit",
            _ => return Ok(()),
        };
        Err(Error::Usage(format!(
            "{option} has no effect with the {} engine, which this run takes ({why}): leave it out, or \
             take the other --engine",
            engine.name()
        )))
    }

    /// Trains on an engine; what is known to be right of an interrupted run is saved.
    async fn train(
        &self,
        engine: Resolved,
        gpu: &Gpu,
        plan: &Plan,
        observe: &mut Observer<'_>,
    ) -> Result<(Outcome, Vec<ProductUse>), Error> {
        if let Resolved::Fused(_) = engine {
            let mut fused = Fused::new(gpu, plan, self.loop_limit()).await?.looking_late();
            return match fused.train(observe).await {
                Err(stopped @ Error::Interrupted { .. }) => {
                    Err(self.keep(stopped, fused.counted(), plan.recipe.steps))
                }
                run => Ok((run?, vec![])),
            };
        }
        let mut tuner = Tuner::new(gpu, folders::cache().as_deref());
        let products = if self.no_tune { Products::Plain } else { Products::Tuned(&mut tuner) };
        let mut layered = Layered::with_products(gpu, plan, products).await?;
        let products = layered.products().to_vec();
        match layered.train(observe).await {
            Err(stopped @ Error::Interrupted { .. }) if self.save.is_some() => {
                let counted = layered.counted().await?;
                Err(self.keep(stopped, counted, plan.recipe.steps))
            }
            run => Ok((run?, products)),
        }
    }

    /// Saves what an interrupted run came to, if that was asked for; returns the error that ends it.
    fn keep(&self, stopped: Error, counted: Option<Counted>, steps: u64) -> Error {
        let (Some(path), Some(Counted { step, parameters, .. })) = (&self.save, counted) else {
            return stopped;
        };
        match state_dict::save_interrupted(path, &parameters, step) {
            Ok(()) => Error::Saved { step, steps, path: path.clone() },
            Err(error) => error,
        }
    }

    fn loop_limit(&self) -> LoopLimit {
        if self.no_loop_limit { LoopLimit::Unlimited } else { LoopLimit::Hopeful }
    }

    /// The ensemble that was asked for, whole or a member of it.
    fn ensemble(
        &self,
        Subject { data, held_out: _, sizes, method }: &Subject,
    ) -> Result<Option<EnsemblePlan>, Error> {
        let option = match (self.networks, self.member) {
            (Some(_), _) => "--networks",
            (None, Some(_)) => "--member",
            (None, None) => return Ok(None),
        };
        let vary = self.vary(sizes)?;
        if method.backprop != Backprop::Exact {
            return Err(Error::Usage(format!(
                "the preset {} is not plain SGD, which {option} needs: take the preset xor",
                self.preset.name()
            )));
        }
        if self.plan.steps > sweep::MAX_STEPS {
            return Err(Error::Usage(format!(
                "--steps {}: members of an ensemble make {} at most",
                self.plan.steps,
                sweep::MAX_STEPS
            )));
        }
        if let Some(networks) = self.networks
            && let Some(member) = self.sample.iter().find(|member| **member >= networks)
        {
            return Err(Error::Usage(format!(
                "--sample {member}: the members of {networks} networks are 0 to {}",
                networks - 1
            )));
        }
        let population = Population {
            recipe: Recipe::new(data.clone(), sizes.clone(), *method, self.plan.steps)?,
            init: self.plan.init(self.preset),
            solved_below: self.solved_below,
            loop_limit: self.loop_limit(),
        };
        population.check()?;
        Ok(Some(EnsemblePlan {
            population,
            networks: self.networks.unwrap_or(1),
            seed: self.plan.seed,
            vary,
            sample: self.sample.clone(),
        }))
    }

    /// What members differ in.
    fn vary(&self, sizes: &LayerSizes) -> Result<Vec<Axis>, Error> {
        let mut all: Vec<Axis> = vec![];
        for text in &self.vary {
            let refuse = |problem: &str| Err(Error::Usage(format!("--vary {text}: {problem}")));
            let name = text.split('=').next().unwrap_or_default();
            if !["learning-rate", "init-scale"].contains(&name) {
                return refuse("expected learning-rate or init-scale");
            }
            let axis = Axis::parse("--vary", text, sizes)?;
            axis.check_draws("--vary")?;
            if all.iter().any(|other| other.quantity == axis.quantity) {
                return refuse("the same quantity is given twice; leave one out");
            }
            if axis.quantity == Quantity::LearningRate(None)
                && self.plan.method.optimizer.learning_rate.is_some()
            {
                return refuse("--learning-rate gives all members the same rate; leave one out");
            }
            all.push(axis);
        }
        Ok(all)
    }

    async fn run_ensemble(
        &self,
        gpu: &Gpu,
        plan: &EnsemblePlan,
        progress: &mut ProgressDisplay,
    ) -> Result<u8, Error> {
        let chunk_size = plan.population.chunk_size(gpu, plan.networks)?;
        let mut observe = |network_steps: u64| {
            progress.update(network_steps / plan.population.recipe.steps, None);
            go_on()
        };
        let ensemble = plan.run(gpu, chunk_size, &mut observe).await?;
        progress.finish();
        let interrupted = ensemble.networks < plan.networks;
        let (adapter, preset, ensemble) = (&gpu.adapter, self.preset, &ensemble);
        let command = &command_line();
        let report = EnsembleReport { adapter, preset, plan, ensemble, chunk_size, command };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(if interrupted { 130 } else { 0 })
    }

    /// Checks what is to be written, before the run.
    fn check_outputs(&self) -> Result<(), Error> {
        let same = |(save, csv): (&PathBuf, &PathBuf)| file::resolve(save) == file::resolve(csv);
        if self.save.iter().zip(&self.csv).any(same) {
            return Err(Error::Usage("--save and --csv name the same file; name two".into()));
        }
        self.save.iter().chain(&self.csv).try_for_each(|path| file::check_writable(path))
    }
}

/// Whether the device computes something else than the CPU, so that nothing is saved.
fn disagrees(agreement: Agreement) -> bool {
    agreement.verdict == Verdict::Disagree
}

/// The same run on the CPU in `f32` and in `f64`, side by side; none if the user breaks it off.
fn references(plan: &Plan) -> Option<[Trajectory; 2]> {
    let runs = rayon::join(|| reference::<f32>(plan, &go_on), || reference::<f64>(plan, &go_on));
    Some([runs.0?, runs.1?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_that_disagrees_fails() {
        for (verdict, fails) in
            [(Verdict::Agree, false), (Verdict::Unstable, false), (Verdict::Disagree, true)]
        {
            let agreement = Agreement {
                verdict,
                gpu_deviation: 1.0,
                step: 1,
                cpu_f32_deviation: 1.0,
                gpu_relative_deviation: 1.0,
                relative_step: 1,
                cpu_f32_relative_deviation: 1.0,
            };
            assert_eq!(disagrees(agreement), fails, "{verdict:?}");
        }
    }
}
