//! `parity sweep`

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command_line::command_line;
use super::plan::{SEED, check_learning_rate};
use super::{DeviceArgs, go_on};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::file;
use crate::gpu::{AdapterSummary, Gpu};
use crate::model::{Init, LayerSizes, sha256};
use crate::report::{self, ProgressDisplay, SweepReport, finished_sweep};
use crate::rule::{Activation, Loss, Variant};
use crate::scalar::Scalar;
use crate::sweep::{self, Axis, Grid, GridPlan, Identity, Partial, Quantity, Task, Value};
use crate::train::{Budget, LEARNED_BELOW};

/// The most pixels: what a picture of 8,192 by 8,192 has.
const MAX_PIXELS: usize = 1 << 26;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct Args {
    /// What differs from left to right: learning-rate, learning-rate.0 or .2 (one layer),
    /// init-scale, seed (0..40 are 0 to 39), or a parameter such as 0.weight[0,1]; LOW..HIGH, evenly
    /// or with :log
    #[arg(
        long,
        value_name = "NAME=LOW..HIGH[:log]",
        default_value = "learning-rate=0.01..1000:log"
    )]
    x: String,
    /// What differs from bottom to top
    #[arg(long, value_name = "NAME=LOW..HIGH[:log]", default_value = "init-scale=0.1..100:log")]
    y: String,
    /// Pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "512x512")]
    size: String,
    /// Look at the range around this point
    #[arg(long, value_name = "X,Y", requires = "zoom", allow_hyphen_values = true)]
    center: Option<String>,
    /// So many times as close
    #[arg(long, requires = "center")]
    zoom: Option<f64>,
    /// What a pixel shows
    #[arg(long, default_value = "final-loss")]
    value: Value,
    /// Neurons in each layer, input first: one hidden layer [default: as many as inputs]
    #[arg(long)]
    layers: Option<String>,
    /// Learn the parity of this many bits (2 is XOR)
    #[arg(long, value_name = "N", default_value_t = 2)]
    bits: u32,
    /// Updates to make
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=sweep::MAX_STEPS))]
    steps: u64,
    /// The factor of the gradient, where it is no axis
    #[arg(long, default_value_t = 1.0)]
    learning_rate: f64,
    /// μ in v ← μ·v + gradient, parameter ← parameter − rate·v
    #[arg(long, default_value_t = 0.0)]
    momentum: f64,
    /// Of the hidden layer
    #[arg(long, default_value = "sigmoid")]
    activation: Activation,
    /// Of the output; the cross-entropy needs a sigmoid
    #[arg(long, default_value = "sigmoid")]
    output_activation: Activation,
    /// What training lowers
    #[arg(long, default_value = "cross-entropy")]
    loss: Loss,
    /// A network is solved at the first step with a loss below this
    #[arg(long, value_name = "LOSS", default_value_t = LEARNED_BELOW)]
    solved_below: f32,
    /// The seed of the starting parameters, the same for all pixels, where it is no axis [default: 48]
    #[arg(long)]
    seed: Option<u64>,
    /// The member of the ensemble with that seed
    #[arg(long, default_value_t = 0)]
    member: u32,
    /// The law that they are drawn from: torch or uniform
    #[arg(long, default_value = "torch")]
    init: Init,
    /// Set a starting parameter of all pixels, such as 0.weight[0,1]=-3
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The picture; the raw array and the run card go beside it, as .npy and .json
    #[arg(long, short, value_name = "FILE.png")]
    output: PathBuf,
    /// Train again what is already done; without this, a finished sweep says so and ends
    #[arg(long)]
    again: bool,
    /// Print the run card and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Let one dispatch take all steps, whatever the driver makes of it
    #[arg(long, hide = true)]
    no_loop_budget: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

fn usage<T>(problem: impl Into<String>) -> Result<T, Error> {
    Err(Error::Usage(problem.into()))
}

impl Args {
    pub(super) async fn run(&self) -> Result<u8, Error> {
        let plan = self.plan()?;
        let files = self.files()?;
        let [png, npy, json] = &files;
        let gpu = Gpu::open(self.device.selection()).await?;
        let (trainer, device_type) = (plan.task.trainer()?, gpu.adapter.device_type);
        let pixels = plan.pixels();
        let tile_size = sweep::tile_size(&gpu, &plan.task, pixels as u64)?.min(pixels);
        let shader =
            &trainer.text(plan.task.problem()?, device_type, tile_size).map_err(Error::Usage)?;
        let identity = &identity(&plan, &gpu.adapter, tile_size, shader);
        let (adapter, plan, command) = (&gpu.adapter, &plan, &command_line());
        let report_of =
            |grid| SweepReport { adapter, plan, grid, shader, tile_size, command, identity };
        if let Some(values) = self.finished(&files, identity) {
            let grid = Grid { values, wall: Duration::ZERO, trained: 0 };
            return self.already_done(&files, &report_of(&grid));
        }
        let mut partial = open_partial(png, identity, tile_size)?;
        let mut progress = ProgressDisplay::new("pixel", pixels as u64);
        let mut observe = |network_steps: u64| {
            progress.update(network_steps / plan.task.steps, None);
            go_on()
        };
        let grid = plan.run(&gpu, tile_size, &mut partial, &mut observe).await?;
        progress.finish();
        let report = report_of(&grid);
        file::write(npy, &report.npy())?;
        file::write(png, &report.png()?)?;
        // The last, since it says that the others are done.
        file::write(json, report.card().as_bytes())?;
        partial.remove()?;
        report::print(&if self.json { report.card() } else { report.text(&names(&files)) })?;
        Ok(0)
    }

    /// The values of the same sweep, if its array and its card are there, unless it is to be trained
    /// again.
    fn finished(&self, [_, npy, json]: &[PathBuf; 3], identity: &Identity) -> Option<Vec<f32>> {
        if self.again {
            return None;
        }
        finished_sweep(&fs::read(json).ok()?, &fs::read(npy).ok()?, identity)
    }

    /// Says so; a picture that is missing is drawn from its array.
    fn already_done(&self, files: &[PathBuf; 3], report: &SweepReport<'_>) -> Result<u8, Error> {
        let [png, _, json] = files;
        if !png.exists() {
            file::write(png, &report.png()?)?;
        }
        Partial::clear(png, report.identity);
        let text = format!("already done: {}; --again trains anew", names(files).join(", "));
        if self.json {
            report::note(&text);
            let card = fs::read_to_string(json).map_err(|error| Error::file(json, error))?;
            report::print(&card)?;
        } else {
            report::print(&(text + "\n"))?;
        }
        Ok(0)
    }

    /// The picture, the array and the card.
    fn files(&self) -> Result<[PathBuf; 3], Error> {
        let png = &self.output;
        if png.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png")) {
            let found = png.display();
            return usage(format!("--output {found}: expected a name that ends in .png"));
        }
        let beside = |extension| Path::with_extension(png, extension);
        let files = [png.clone(), beside("npy"), beside("json")];
        files.iter().try_for_each(|path| file::check_writable(path))?;
        Ok(files)
    }

    /// Checks everything that can be checked without a GPU.
    fn plan(&self) -> Result<GridPlan, Error> {
        let data = Dataset::parity(self.bits)?;
        let sizes: LayerSizes = match &self.layers {
            Some(text) => text.parse()?,
            None => LayerSizes::new(vec![data.input_size, data.input_size, 1])?,
        };
        if sizes.input_size() != data.input_size {
            let (takes, has) = (sizes.input_size(), data.input_size);
            return usage(format!(
                "--layers {sizes}: the network takes {takes} inputs, and the data have {has} \
                 (--bits {has})"
            ));
        }
        let (width, height) = self.size()?;
        let mut x = Axis::parse("--x", &self.x, &sizes)?;
        let mut y = Axis::parse("--y", &self.y, &sizes)?;
        if x.quantity == y.quantity {
            return usage(format!("--x and --y are both {}; expected two quantities", x.name));
        }
        if let (Some((center_x, center_y)), Some(zoom)) = (self.center()?, self.zoom) {
            if !(zoom.is_finite() && zoom >= 1.0) {
                return usage(format!("--zoom {zoom}: expected a finite number of 1 or more"));
            }
            x = x.zoomed(center_x, zoom, width)?;
            y = y.zoomed(center_y, zoom, height)?;
        }
        let fixed = self.fixed(&[&x, &y], &sizes)?;
        if self.seed.is_some() && [&x, &y].iter().any(|axis| axis.quantity == Quantity::Seed) {
            return usage("--seed: seeds are an axis; leave one out");
        }
        let plan = GridPlan {
            fixed,
            task: self.task(data, sizes)?,
            seed: self.seed.unwrap_or(SEED),
            member: self.member,
            learning_rate: self.learning_rate,
            x,
            y,
            width,
            height,
            value: self.value,
        };
        plan.task.check()?;
        Ok(plan)
    }

    fn task(&self, data: Dataset, sizes: LayerSizes) -> Result<Task, Error> {
        check_learning_rate(self.learning_rate)?;
        if !(0.0..1.0).contains(&self.momentum) {
            return usage(format!("--momentum {}: expected 0 or more, below 1", self.momentum));
        }
        if self.loss == Loss::CrossEntropy && self.output_activation != Activation::Sigmoid {
            return usage(
                "--output-activation: the cross-entropy is that of a sigmoid; take --loss \
                 squared-error",
            );
        }
        let variant = Variant {
            careful: false,
            hidden_activation: self.activation,
            output_activation: self.output_activation,
            loss: self.loss,
            momentum: f32::from_f64(self.momentum),
            measured: self.value == Value::Convergence,
        };
        let budget = if self.no_loop_budget { Budget::Unlimited } else { Budget::Hopeful };
        let (init, steps, solved_below) = (self.init, self.steps, self.solved_below);
        Ok(Task { data, sizes, init, variant, steps, solved_below, budget })
    }

    /// The starting parameters that are set, each once.
    fn fixed(&self, axes: &[&Axis], sizes: &LayerSizes) -> Result<Vec<(usize, f32)>, Error> {
        let mut fixed: Vec<(usize, f32)> = vec![];
        for text in &self.set {
            let (number, value) = setting(text, sizes)?;
            let is_axis = axes.iter().any(|axis| axis.quantity == Quantity::Parameter(number));
            if is_axis || fixed.iter().any(|(other, _)| *other == number) {
                let what = if is_axis { "an axis" } else { "set twice" };
                return usage(format!("--set {text}: that parameter is {what}; leave one out"));
            }
            fixed.push((number, value));
        }
        Ok(fixed)
    }

    fn size(&self) -> Result<(usize, usize), Error> {
        let sides = self.size.split_once('x');
        let sides = sides.map(|(width, height)| (width.parse(), height.parse()));
        let Some((Ok(width), Ok(height))) = sides else {
            return usage(format!("--size {}: expected such as 1024x1024", self.size));
        };
        let pixels = usize::checked_mul(width, height);
        if !pixels.is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels)) {
            return usage(format!("--size {}: expected 1 to {MAX_PIXELS} pixels", self.size));
        }
        Ok((width, height))
    }

    fn center(&self) -> Result<Option<(f64, f64)>, Error> {
        let Some(text) = &self.center else { return Ok(None) };
        let both = text.split_once(',').map(|(x, y)| (x.trim().parse(), y.trim().parse()));
        let Some((Ok(x), Ok(y))) = both else {
            return usage(format!("--center {text}: expected two numbers, such as 3.5,0.1"));
        };
        Ok(Some((x, y)))
    }
}

/// What decides the values of pixels, and their order.
fn identity(plan: &GridPlan, adapter: &AdapterSummary, tile_size: usize, shader: &str) -> Identity {
    let run = format!("{} {adapter} {tile_size} {shader}", env!("CARGO_PKG_VERSION"));
    Identity { sweep: sha256(format!("{plan:?}").as_bytes()), run: sha256(run.as_bytes()) }
}

/// What is done of a sweep, with a note of what was found.
fn open_partial(png: &Path, identity: &Identity, tile_size: usize) -> Result<Partial, Error> {
    let partial = Partial::open(png, identity, tile_size)?;
    let (found, path) = (partial.values.len(), partial.path().display());
    if found > 0 {
        report::note(&format!("going on after {found} pixels, in {path}"));
    } else if let Some(foreign) = &partial.foreign {
        report::note(&format!(
            "{}: pixels of another adapter, driver or version; starting over, in {path}",
            foreign.display()
        ));
    }
    Ok(partial)
}

fn names(files: &[PathBuf; 3]) -> [String; 3] {
    files.each_ref().map(|path| path.display().to_string())
}

/// Reads `0.weight[0,1]=-3`.
fn setting(text: &str, sizes: &LayerSizes) -> Result<(usize, f32), Error> {
    let parts = text.split_once('=');
    let number = parts.and_then(|(name, _)| sweep::parameter(name, sizes));
    let value = parts.and_then(|(_, value)| value.parse::<f32>().ok());
    match (number, value) {
        (Some(number), Some(value)) if value.is_finite() => Ok((number, value)),
        _ => usage(format!(
            "--set {text}: expected a parameter of {sizes} and a number, such as 0.weight[0,1]=-3"
        )),
    }
}
