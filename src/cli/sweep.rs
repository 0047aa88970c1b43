//! `parity sweep`

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command_line::command_line;
use super::data::DATA_SEED;
use super::given::{Given, Need, refuse};
use super::optimizer::NESTEROV;
use super::recipe::{MethodArgs, NetworkArgs, SEED};
use super::{DeviceArgs, go_on, values};
use crate::error::Error;
use crate::file::{self, sha256};
use crate::gpu::AdapterSummary;

use crate::plot::Picture;
use crate::report::{self, ProgressDisplay, SweepReport, finished_sweep};
use crate::sweep::{self, Axis, Checkpoint, Grid, GridPlan, Identity, Population, Quantity, Value};
use crate::task::{Dataset, Init, LayerSizes, Method, Recipe};
use crate::train::{LEARNED_BELOW, LoopLimit};

/// The most pixels: what a picture of 8,192 by 8,192 has.
const MAX_PIXELS: usize = 1 << 26;

/// Options that have an effect only with another.
const NEEDS: &[Need] = &[
    Need { one: "center", others: &["zoom"] },
    Need { one: "zoom", others: &["center"] },
    NESTEROV,
    DATA_SEED,
];

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct Args {
    /// Quantity on the horizontal axis, with its range: LOW..HIGH in equal steps, LOW..HIGH:log in
    /// equal factors. The quantity is learning-rate, learning-rate.0 or learning-rate.2 (one
    /// layer), init-scale, seed (0..40 is 0 to 39), or a parameter such as 0.weight[0,1]
    #[arg(
        long,
        value_name = "NAME=LOW..HIGH[:log]",
        default_value = "learning-rate=0.01..1000:log"
    )]
    x: String,
    /// Quantity on the vertical axis, with its range, from bottom to top
    #[arg(long, value_name = "NAME=LOW..HIGH[:log]", default_value = "init-scale=0.1..100:log")]
    y: String,
    /// Size of the picture in pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "512x512", value_parser = values::size)]
    size: [usize; 2],
    /// Center of the part of the axes to show (with --zoom)
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true, value_parser = values::point)]
    center: Option<[f64; 2]>,
    /// Zoom factor around the center, 1 or more (with --center)
    #[arg(long, value_name = "FACTOR", value_parser = values::zoom)]
    zoom: Option<f64>,
    /// Value that a pixel shows
    #[arg(long, default_value = "final-loss")]
    value: Value,
    #[command(flatten)]
    network: NetworkArgs,
    /// Number of training steps (updates) of each network
    #[arg(long, default_value_t = 1_000, value_parser = values::count::<u64>(1..=sweep::MAX_STEPS))]
    steps: u64,
    #[command(flatten)]
    method: MethodArgs,
    /// Loss below which a network counts as solved, in nats for the cross-entropy
    #[arg(long, value_name = "LOSS", default_value_t = LEARNED_BELOW, value_parser = values::loss)]
    solved_below: f32,
    /// Seed of the initial parameters of all pixels, unless an axis gives the seed [default: 48]
    #[arg(long, value_parser = values::count::<u64>(0..=u64::MAX))]
    seed: Option<u64>,
    /// Number of the ensemble member with that seed whose initial parameters all pixels take
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = values::count::<u64>(0..=(1 << 32) - 1))]
    member: u64,
    /// Initial distribution of the parameters: torch or uniform
    #[arg(long, default_value = "torch")]
    init: Init,
    /// Initial value of one parameter in all pixels, such as 0.weight[0,1]=-3; may be given several
    /// times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// File to write the picture to. The raw array (.npy) and the run card (.json) are written
    /// beside it
    #[arg(long, short, value_name = "FILE.png")]
    output: PathBuf,
    /// Train a finished sweep again. By default, a finished sweep is reported and not trained
    #[arg(long)]
    again: bool,
    /// Print the run card, one JSON object, and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Allow one dispatch to take all steps, even if the driver may give up on it
    #[arg(long, hide = true)]
    no_loop_limit: bool,
    #[command(flatten)]
    device: DeviceArgs,
    #[arg(skip)]
    pub(super) given: Given,
}

fn usage<T>(problem: impl Into<String>) -> Result<T, Error> {
    Err(Error::Usage(problem.into()))
}

impl Args {
    pub(super) async fn run(&self) -> Result<u8, Error> {
        let (plan, files) = self.prepare()?;
        let [png, npy, json] = &files;
        let gpu = self.device.open().await?;
        let (kernel, device_type) = (plan.population.kernel_choice()?, gpu.adapter.device_type);
        let pixels = plan.pixels();
        let chunk_size = plan.population.chunk_size(&gpu, pixels as u64)?.min(pixels);
        let problem = plan.population.problem()?;
        let shader = &kernel.text(problem, device_type, chunk_size).map_err(Error::Usage)?;
        let identity = &identity(&plan, &gpu.adapter, chunk_size, shader);
        let (adapter, plan, command) = (&gpu.adapter, &plan, &command_line());
        let report_of =
            |grid| SweepReport { adapter, plan, grid, shader, chunk_size, command, identity };
        if let Some(values) = self.finished(&files, identity) {
            let grid = Grid { values, wall: Duration::ZERO, trained: 0 };
            return self.already_done(&files, &report_of(&grid));
        }
        let mut checkpoint = open_checkpoint(png, identity, chunk_size)?;
        let mut progress = ProgressDisplay::new("pixel", pixels as u64);
        let mut observe = |network_steps: u64| {
            progress.update(network_steps / plan.population.recipe.steps, None);
            go_on()
        };
        let grid = plan.run(&gpu, chunk_size, &mut checkpoint, &mut observe).await?;
        progress.finish();
        let report = report_of(&grid);
        file::write(npy, &report.npy())?;
        file::write(png, &report.png()?)?;
        // The last, since it says that the others are done.
        file::write(json, report.card().as_bytes())?;
        checkpoint.remove()?;
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
        Checkpoint::clear(png, report.identity);
        let text = format!("already done: {}; --again trains it again", names(files).join(", "));
        if self.json {
            report::note(&text);
            let card = fs::read_to_string(json).map_err(|error| Error::file(json, error))?;
            report::print(&card)?;
        } else {
            report::print(&(text + "\n"))?;
        }
        Ok(0)
    }

    /// Checks everything that can be checked without an adapter.
    pub(super) fn prepare(&self) -> Result<(GridPlan, [PathBuf; 3]), Error> {
        self.given.check(&[], NEEDS)?;
        let plan = self.plan()?;
        self.check_effects(&plan)?;
        Ok((plan, self.files()?))
    }

    /// Refuses options that the axes and what is set leave without effect.
    fn check_effects(&self, plan: &GridPlan) -> Result<(), Error> {
        let axes = [("--x", &plan.x), ("--y", &plan.y)];
        let axis_of = |quantity| axes.iter().find(|(_, axis)| axis.quantity == quantity);
        if self.given.has("learning-rate") && plan.has_rates_on_axes() {
            let why = "the axes give every layer its learning rate";
            return refuse(&format!("--learning-rate and {}", rates_of(plan)), why);
        }
        if let (true, Some((option, axis))) = (self.given.has("seed"), axis_of(Quantity::Seed)) {
            return refuse(&format!("--seed and {option} {axis}"), "the axis gives the seeds");
        }
        if self.given.has("solved-below") && self.value == Value::Convergence {
            let why = "convergence is judged from the whole run, without a limit";
            return refuse("--solved-below and --value convergence", why);
        }
        if !plan.draws_nothing() {
            return Ok(());
        }
        let why = "every initial parameter is set, and none is drawn";
        for option in ["init", "seed", "member"] {
            if self.given.has(option) {
                return refuse(&format!("--{option} and --set"), why);
            }
        }
        for quantity in [Quantity::InitScale, Quantity::Seed] {
            if let Some((option, axis)) = axis_of(quantity) {
                return refuse(&format!("{option} {axis} and --set"), why);
            }
        }
        Ok(())
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

    fn plan(&self) -> Result<GridPlan, Error> {
        let [width, height] = self.checked_size()?;
        let (data, sizes) = self.network.network(|inputs| vec![inputs])?;
        let population = self.population(data, sizes.clone())?;
        population.check()?;
        let [x, y] = self.axes(&sizes, [width, height])?;
        Ok(GridPlan {
            fixed: self.fixed(&[&x, &y], &sizes)?,
            population,
            seed: self.seed.unwrap_or(SEED),
            member: self.member,
            x,
            y,
            width,
            height,
            value: self.value,
        })
    }

    /// The part of the axes that is looked at, from left to right and from bottom to top.
    fn axes(&self, sizes: &LayerSizes, pixels: [usize; 2]) -> Result<[Axis; 2], Error> {
        let whole = [Axis::parse("--x", &self.x, sizes)?, Axis::parse("--y", &self.y, sizes)?];
        let [x, y] = &whole;
        if x.quantity.overlaps(y.quantity) {
            return usage(format!(
                "--x {x} and --y {y} both set {}; expected two quantities",
                if x.name == y.name { &x.name } else { "a learning rate of the same layer" }
            ));
        }
        let Some((center, zoom)) = self.center.zip(self.zoom) else {
            x.check_pixels("--x", pixels[0], x)?;
            y.check_pixels("--y", pixels[1], y)?;
            return Ok(whole);
        };
        let closer = |axis: &Axis, center: f64, count: usize| {
            let part = axis.zoomed("--center", center, zoom)?;
            part.check_pixels(&format!("--zoom {zoom:?}:"), count, axis)?;
            Ok::<_, Error>(part)
        };
        Ok([closer(x, center[0], pixels[0])?, closer(y, center[1], pixels[1])?])
    }

    fn population(&self, data: Dataset, sizes: LayerSizes) -> Result<Population, Error> {
        let data = self.network.data.with_noise(data.with_coding(self.method.coding()));
        let method = self.method.method(Method::PLAIN, &sizes, self.steps)?;
        let method = method.measuring(self.value == Value::Convergence);
        let recipe = Recipe::new(data, sizes, method, self.steps)?;
        let loop_limit = if self.no_loop_limit { LoopLimit::Unlimited } else { LoopLimit::Hopeful };
        let (init, solved_below) = (self.init, self.solved_below);
        Ok(Population { recipe, init, solved_below, loop_limit })
    }

    /// The initial parameters that are set, each once.
    fn fixed(&self, axes: &[&Axis], sizes: &LayerSizes) -> Result<Vec<(usize, f32)>, Error> {
        let mut fixed: Vec<(usize, f32)> = vec![];
        for text in &self.set {
            let (number, value) = setting(text, sizes)?;
            let is_axis = axes.iter().any(|axis| axis.quantity == Quantity::Parameter(number));
            if is_axis || fixed.iter().any(|(other, _)| *other == number) {
                let what = if is_axis { "on an axis" } else { "set twice" };
                return usage(format!("--set {text}: that parameter is {what}; leave one out"));
            }
            fixed.push((number, value));
        }
        Ok(fixed)
    }

    /// The size, if there can be an array and a picture of it.
    fn checked_size(&self) -> Result<[usize; 2], Error> {
        let [width, height] = self.size;
        let refused = |why: String| Error::Usage(format!("--size {width}x{height}: {why}"));
        let pixels = usize::checked_mul(width, height);
        if !pixels.is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels)) {
            return Err(refused(format!("expected 1 to {MAX_PIXELS} pixels")));
        }
        Picture::check_size(width, height).map_err(|error| refused(error.to_string()))?;
        Ok(self.size)
    }
}

/// The axes that give learning rates, as they were given.
fn rates_of(plan: &GridPlan) -> String {
    let axes = [("--x", &plan.x), ("--y", &plan.y)].into_iter();
    let of_rates = axes.filter(|(_, axis)| matches!(axis.quantity, Quantity::LearningRate(_)));
    of_rates.map(|(option, axis)| format!("{option} {axis}")).collect::<Vec<_>>().join(" and ")
}

/// The hashes of everything that decides the values of pixels, and their order.
fn identity(
    plan: &GridPlan,
    adapter: &AdapterSummary,
    chunk_size: usize,
    shader: &str,
) -> Identity {
    let run = format!("{} {adapter} {chunk_size} {shader}", env!("CARGO_PKG_VERSION"));
    Identity { sweep: sha256(format!("{plan:?}").as_bytes()), run: sha256(run.as_bytes()) }
}

/// What is done of a sweep, with a note of what was found.
fn open_checkpoint(
    png: &Path,
    identity: &Identity,
    chunk_size: usize,
) -> Result<Checkpoint, Error> {
    let checkpoint = Checkpoint::open(png, identity, chunk_size)?;
    let (found, path) = (checkpoint.values.len(), checkpoint.path().display());
    if found > 0 {
        report::note(&format!("going on after {found} pixels, in {path}"));
    } else if let Some(foreign) = &checkpoint.foreign {
        report::note(&format!(
            "{}: pixels of another adapter, driver or version; starting over, in {path}",
            foreign.display()
        ));
    }
    Ok(checkpoint)
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
