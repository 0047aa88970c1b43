//! `parity train`

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::{DeviceArgs, INTERRUPTED};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::file;
use crate::gpu::Gpu;
use crate::model::{Init, LayerSizes, Parameters};
use crate::report::{self, ProgressDisplay, TrainReport};
use crate::rule::Preset;
use crate::scalar::Scalar;
use crate::state_dict;
use crate::train::{Agreement, Fused, Layered, Plan, Trajectory, Verdict, reference};

/// The most losses that a run may keep.
const MAX_MARKS: u64 = 10_000_000;

/// The most steps of a run.
const MAX_STEPS: u64 = 1 << 40;

/// How a plan is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// Fused where it can run the network, else layered
    Auto,
    /// A dispatch for each kernel and layer: any network
    Layered,
    /// Many steps in one dispatch: networks with one hidden layer, on little data
    Fused,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Layered => "layered",
            Self::Fused => "fused",
        }
    }

    /// The engine for a plan, and why that one.
    fn choose(self, plan: &Plan) -> (Self, String) {
        match (self, Fused::can_run(plan)) {
            (Self::Auto, Ok(())) => (Self::Fused, "many steps fit in one dispatch".into()),
            (Self::Auto, Err(why)) => (Self::Layered, format!("not fused: {why}")),
            (asked, _) => (asked, "asked for".into()),
        }
    }
}

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct Args {
    /// The experiment
    #[arg(value_enum, default_value = "xor")]
    preset: Preset,
    /// Neurons in each layer, input first, such as 2-8-8-1 [default: the preset's]
    #[arg(long)]
    layers: Option<String>,
    /// Learn the parity of this many bits (2 is XOR): all 2^N rows at every step
    #[arg(long, value_name = "N", default_value_t = 2)]
    bits: u32,
    /// Updates to make
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=MAX_STEPS))]
    steps: u64,
    /// How to run it: a dispatch for each kernel of a step, or many steps in one dispatch
    #[arg(long, default_value = "auto")]
    engine: Engine,
    /// The factor of the gradient in an update [default: the preset's]
    #[arg(long)]
    learning_rate: Option<f64>,
    /// The seed of the starting parameters; from the default, every preset shows what it is for
    #[arg(long, default_value_t = 48)]
    seed: u64,
    /// The law that they are drawn from [default: the preset's]
    #[arg(long)]
    init: Option<Init>,
    /// Start from a safetensors file, named and shaped as PyTorch saves a Sequential
    #[arg(long, value_name = "FILE", conflicts_with_all = ["init", "seed"])]
    init_from: Option<PathBuf>,
    /// Write the trained parameters, in the same format
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Keep the loss of every Nth step
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=MAX_STEPS))]
    log_every: u64,
    /// Do not repeat the run on the CPU
    #[arg(long)]
    no_reference: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Write the losses as a table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let plan = self.plan()?;
        self.check_outputs()?;
        let gpu = Gpu::open(self.device.selection()).await?;
        let mut progress = ProgressDisplay::new(plan.steps);
        let mut observe = |now| {
            progress.update(now);
            go_on()
        };
        let (engine, why) = self.engine.choose(&plan);
        let outcome = match engine {
            Engine::Fused => Fused::new(&gpu, &plan).await?.train(&mut observe).await?,
            _ => Layered::new(&gpu, &plan).await?.train(&mut observe).await?,
        };
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
            preset: self.preset,
            seed: self.init_from.is_none().then_some(self.seed),
            plan: &plan,
            outcome: &outcome,
            cpu: cpu.as_ref(),
            agreement,
        };
        if let Some(path) = &self.csv {
            file::write(path, report.csv().as_bytes())?;
        }
        report::print(&if self.json { report.json() } else { report.text() })?;
        if agreement.is_some_and(|found| found.verdict == Verdict::Disagree) {
            return Ok(1);
        }
        if let Some(path) = &self.save {
            state_dict::save(path, &outcome.parameters)?;
        }
        Ok(0)
    }

    /// Checks what is to be written, before the run.
    fn check_outputs(&self) -> Result<(), Error> {
        let same = |(save, csv): (&PathBuf, &PathBuf)| file::resolve(save) == file::resolve(csv);
        if self.save.iter().zip(&self.csv).any(same) {
            return Err(Error::Usage("--save and --csv name the same file; name two".into()));
        }
        self.save.iter().chain(&self.csv).try_for_each(|path| file::check_writable(path))
    }

    /// Checks everything that can be checked without a GPU.
    fn plan(&self) -> Result<Plan, Error> {
        let data = Dataset::parity(self.bits)?;
        let sizes = self.sizes(&data)?;
        let mut rule = self.preset.rule();
        if let Some(learning_rate) = self.learning_rate {
            rule.learning_rate = learning_rate;
        }
        // As the GPU will have it: 1e-50 is 0 there, and 1e39 infinite.
        let as_f32 = f32::from_f64(rule.learning_rate);
        if !(as_f32 > 0.0 && as_f32.is_finite()) {
            return Err(Error::Usage(format!(
                "--learning-rate {}: expected a finite number above 0",
                rule.learning_rate
            )));
        }
        let marks = self.steps.div_ceil(self.log_every);
        if marks > MAX_MARKS {
            return Err(Error::Usage(format!(
                "--log-every {}: that keeps {marks} losses, and {MAX_MARKS} is the most; keep fewer",
                self.log_every
            )));
        }
        let start = if let Some(path) = &self.init_from {
            state_dict::load(path, &sizes)?
        } else {
            let init = self.init.unwrap_or_else(|| self.preset.init());
            Parameters::initialise(&sizes, init, self.seed)
        };
        Ok(Plan { data, rule, start, steps: self.steps, log_every: self.log_every })
    }

    fn sizes(&self, data: &Dataset) -> Result<LayerSizes, Error> {
        let Some(written) = &self.layers else {
            let hidden = self.preset.hidden_sizes(data.input_size);
            return LayerSizes::new([vec![data.input_size], hidden, vec![1]].concat());
        };
        let sizes: LayerSizes = written.parse()?;
        if sizes.input_size() == data.input_size {
            return Ok(sizes);
        }
        Err(Error::Usage(format!(
            "--layers {sizes}: the network takes {} inputs, and the data have {} (--bits {}); the \
             two must be the same",
            sizes.input_size(),
            data.input_size,
            self.bits
        )))
    }
}

fn go_on() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// The same run on the CPU in `f32` and in `f64`, side by side; none if the user breaks it off.
fn references(plan: &Plan) -> Option<[Trajectory; 2]> {
    let runs = rayon::join(|| reference::<f32>(plan, &go_on), || reference::<f64>(plan, &go_on));
    Some([runs.0?, runs.1?])
}
