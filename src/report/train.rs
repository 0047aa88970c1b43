//! The report of a training run: text, JSON and CSV of the same numbers.

use std::f64::consts::LN_2;
use std::fmt::Write;

use indicatif::HumanCount;
use serde::Serialize;

use super::curve::curve;
use super::diagnosis::{advice, figures};
use super::export::csv;
use super::parameters::Written;
use super::{adapter_lines, number, plain, table};
use crate::gpu::AdapterSummary;
use crate::sweep::Axis;
use crate::task::{Init, Parameters, Preset, Recipe};
use crate::train::{Agreement, Diagnosis, Outcome, Plan, ProductUse, Trajectory, Verdict, answer};

/// The rows of losses that the text shows unless more are asked for.
const LOSSES_SHOWN: usize = 12;

/// The most rows of the data that the text shows.
const ROWS_SHOWN: usize = 16;

/// The most parameters that the text shows.
const PARAMETERS_SHOWN: usize = 64;

/// A file that training starts from.
#[derive(Clone, Debug, Serialize)]
pub struct InitFile {
    /// As the user named it.
    pub path: String,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// What became of values that are not saved as `f32`.
    pub note: Option<String>,
}

/// All that is to be said of a run.
pub struct TrainReport<'a> {
    /// The adapter that it ran on.
    pub adapter: &'a AdapterSummary,
    /// Bytes that went to the device, of whatever kind.
    pub bytes_uploaded: u64,
    /// Bytes that came back from it.
    pub bytes_read_back: u64,
    /// What ran it.
    pub engine: &'a str,
    /// Why that.
    pub engine_reason: &'a str,
    /// What computed each matrix product of a step; none in fused kernels.
    pub products: &'a [ProductUse],
    /// What it was called.
    pub preset: Preset,
    /// The law that its start was drawn from, and the seed; none of a file.
    pub init: Option<(Init, u64)>,
    /// The file that it started from.
    pub init_from: Option<&'a InitFile>,
    /// Its number in the ensemble of that seed, if it was asked for as a member.
    pub member: Option<u64>,
    /// What the members of that ensemble differ in.
    pub vary: &'a [Axis],
    /// Whether products of the layered engine are plain ones.
    pub no_tune: bool,
    /// What was to be done.
    pub plan: &'a Plan,
    /// Whether the text shows the losses of all marks.
    pub shows_all: bool,
    /// What came out.
    pub outcome: &'a Outcome,
    /// The same run on the CPU, in `f32` and in `f64`.
    pub cpu: Option<&'a [Trajectory; 2]>,
    /// How the two compare.
    pub agreement: Option<Agreement>,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
    /// How the run ended.
    pub diagnosis: Diagnosis,
}

/// One loss. All are in 64 bits, in which a CSV gives back the same numbers.
#[derive(Clone, Serialize)]
struct LossRow {
    step: u64,
    gpu: f64,
    cpu_f32: Option<f64>,
    cpu_f64: Option<f64>,
}

#[derive(Serialize)]
struct Json<'a> {
    version: &'static str,
    command: &'a str,
    adapter: &'a AdapterSummary,
    engine: &'a str,
    engine_reason: &'a str,
    no_tune: bool,
    products: &'a [ProductUse],
    preset: &'static str,
    layers: &'a [usize],
    bits: usize,
    init: Option<Init>,
    seed: Option<u64>,
    init_from: Option<&'a InitFile>,
    member: Option<u64>,
    vary: Vec<String>,
    learning_rate: f64,
    steps: u64,
    log_every: u64,
    losses: Vec<LossRow>,
    final_loss: f32,
    learned: bool,
    diagnosis: Diagnosis,
    predictions: &'a [f32],
    agreement: Option<Agreement>,
    train_s: f64,
    gpu_s: Option<f64>,
    steps_per_s: f64,
    longest_submission_s: f64,
    bytes_uploaded: u64,
    bytes_read_back: u64,
    start: Written<'a>,
    trained: Written<'a>,
    parameters_sha256: String,
}

impl TrainReport<'_> {
    /// The loss before the update of each step that is logged, and the one after the last.
    fn rows(&self) -> Vec<LossRow> {
        let Outcome { losses, final_loss, .. } = self.outcome;
        let steps = self.plan.marks().chain([self.plan.recipe.steps]);
        let all =
            |run: &Trajectory, index| run.losses.get(index).copied().unwrap_or(run.final_loss);
        let row = |(index, (step, &gpu)): (usize, (u64, &f32))| {
            let cpu = self.cpu.map(|runs| runs.each_ref().map(|run| all(run, index)));
            let [cpu_f32, cpu_f64] = cpu.map_or([None; 2], |losses| losses.map(Some));
            LossRow { step, gpu: gpu.into(), cpu_f32, cpu_f64 }
        };
        steps.zip(losses.iter().chain([final_loss])).enumerate().map(row).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn steps_per_s(&self) -> f64 {
        self.plan.recipe.steps as f64 / self.outcome.wall.as_secs_f64()
    }

    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { adapter, plan, outcome, .. } = self;
        let json = Json {
            version: env!("CARGO_PKG_VERSION"),
            command: self.command,
            adapter,
            engine: self.engine,
            engine_reason: self.engine_reason,
            no_tune: self.no_tune,
            products: self.products,
            preset: self.preset.name(),
            layers: plan.start.sizes.as_slice(),
            bits: plan.recipe.data.input_size,
            init: self.init.map(|(law, _)| law),
            seed: self.init.map(|(_, seed)| seed),
            init_from: self.init_from,
            member: self.member,
            vary: self.vary.iter().map(ToString::to_string).collect(),
            learning_rate: plan.recipe.method.learning_rate(),
            steps: plan.recipe.steps,
            log_every: plan.log_every,
            losses: self.rows(),
            final_loss: outcome.final_loss,
            learned: plan.is_learned(outcome),
            diagnosis: self.diagnosis,
            predictions: &outcome.probabilities,
            agreement: self.agreement,
            train_s: outcome.wall.as_secs_f64(),
            gpu_s: outcome.gpu.map(|time| time.as_secs_f64()),
            steps_per_s: self.steps_per_s(),
            longest_submission_s: outcome.longest_submission.as_secs_f64(),
            bytes_uploaded: self.bytes_uploaded,
            bytes_read_back: self.bytes_read_back,
            start: Written(&plan.start),
            trained: Written(&outcome.parameters),
            parameters_sha256: outcome.parameters.sha256(),
        };
        super::json(&json)
    }

    /// The losses as a table: `step,gpu,cpu_f32,cpu_f64`; the last row is after the last step.
    #[must_use]
    pub fn csv(&self) -> String {
        csv(self.rows())
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        [
            self.heading(),
            self.introduction(),
            self.loss_table(),
            self.curve(),
            self.truth_table(),
            self.parameter_text(),
            self.timing() + &figures(&self.diagnosis),
            self.closing(),
        ]
        .join("\n")
    }

    fn heading(&self) -> String {
        let Plan { recipe: Recipe { data, method, steps, .. }, start, .. } = self.plan;
        let mut from = self.init.map_or("from a file".into(), |(_, seed)| format!("seed {seed}"));
        if let Some(member) = self.member {
            let _ = write!(from, ", member {}", HumanCount(member));
        }
        format!(
            "parity {}: {}, {} on {} ({} rows), {from}\n{}\
             engine:  {} ({})\n\
             {}\
             rule:    {} steps, learning rate {}\n",
            env!("CARGO_PKG_VERSION"),
            self.preset.name(),
            start.sizes,
            data.name(),
            HumanCount(data.row_count() as u64),
            adapter_lines(self.adapter),
            self.engine,
            self.engine_reason,
            self.product_line(),
            HumanCount(*steps),
            plain(method.learning_rate()),
        )
    }

    /// Which variants there are, each with how it was found.
    fn product_line(&self) -> String {
        let mut names: Vec<_> = self
            .products
            .iter()
            .map(|product| format!("{} ({})", product.variant, product.found.name()))
            .collect();
        names.sort();
        names.dedup();
        if names.is_empty() { String::new() } else { format!("product: {}\n", names.join(", ")) }
    }

    /// What is learned, by what, and what the loss is, for whoever sees it for the first time.
    fn introduction(&self) -> String {
        let sizes = self.plan.start.sizes.as_slice();
        let data = &self.plan.recipe.data;
        let truth = match data.input_size {
            2 => "XOR is 1 if exactly one of the two inputs is 1".into(),
            bits => format!("{} is 1 if an odd number of the {bits} inputs is 1", data.name()),
        };
        let hidden = match &sizes[1..sizes.len() - 1] {
            [] => "no hidden neurons".into(),
            [1] => "1 hidden neuron".into(),
            [neurons] => format!("{} hidden neurons", HumanCount(*neurons as u64)),
            layers => format!("{} hidden layers", layers.len()),
        };
        format!(
            "{truth}.\n\
             The network {} has {} inputs, {hidden} and one output, a probability.\n\
             The loss is the mean cross-entropy in nats: {LN_2:.3} (ln 2) for a guess, 0 for certainty.\n",
            self.plan.start.sizes, data.input_size,
        )
    }

    /// The rows of the table: all where they were asked for, else about a dozen.
    fn rows_shown(&self) -> Vec<LossRow> {
        let rows = self.rows();
        if self.shows_all || rows.len() <= LOSSES_SHOWN {
            return rows;
        }
        let last = rows.len() - 1;
        let place = |index: usize| index * last / (LOSSES_SHOWN - 1);
        (0..LOSSES_SHOWN).map(|index| rows[place(index)].clone()).collect()
    }

    fn curve(&self) -> String {
        let points: Vec<_> = self.rows().iter().map(|row| (row.step, row.gpu)).collect();
        curve(&points, "steps")
    }

    fn loss_table(&self) -> String {
        let head = ["step", "GPU loss", "CPU loss", "difference"].map(String::from);
        let body = self.rows_shown().into_iter().map(|row| {
            let (cpu, difference) = match row.cpu_f64 {
                Some(cpu) => (number(cpu, 9), format!("{:+.1e}", row.gpu - cpu)),
                None => ("–".into(), "–".into()),
            };
            [HumanCount(row.step).to_string(), number(row.gpu, 9), cpu, difference]
        });
        table(&std::iter::once(head).chain(body).collect::<Vec<_>>())
    }

    fn truth_table(&self) -> String {
        let data = &self.plan.recipe.data;
        let head = ["inputs", "target", "probability", "answer", ""].map(String::from);
        let inputs = data.inputs.chunks_exact(data.input_size);
        let rows = inputs.zip(&data.targets).zip(&self.outcome.probabilities);
        let body = rows.take(ROWS_SHOWN).map(|((inputs, target), &probability)| {
            let inputs: Vec<_> = inputs.iter().map(ToString::to_string).collect();
            let answer = answer(probability);
            let remark = if answer == *target { "" } else { "wrong" };
            [
                inputs.join(" "),
                target.to_string(),
                format!("{probability:.6}"),
                answer.to_string(),
                remark.into(),
            ]
        });
        let mut text = table(&std::iter::once(head).chain(body).collect::<Vec<_>>());
        if let Some(more @ 1..) = data.row_count().checked_sub(ROWS_SHOWN) {
            let _ = writeln!(text, "  and {} more rows", HumanCount(more as u64));
        }
        text
    }

    fn parameter_text(&self) -> String {
        let Parameters { sizes, layers } = &self.outcome.parameters;
        if sizes.parameter_count() > PARAMETERS_SHOWN {
            let count = HumanCount(sizes.parameter_count() as u64);
            return format!("  {count} parameters (--save FILE writes them)\n");
        }
        let mut text = String::new();
        for (number, (layer, (inputs, _))) in layers.iter().zip(sizes.layers()).enumerate() {
            let rows: Vec<_> = layer.weight.chunks_exact(inputs).map(vector).collect();
            let _ = writeln!(text, "  {}.weight  [{}]", 2 * number, rows.join(", "));
            let _ = writeln!(text, "  {}.bias    {}", 2 * number, vector(&layer.bias));
        }
        text
    }

    fn timing(&self) -> String {
        let gpu_time = match self.outcome.gpu {
            Some(time) => format!("{:.3} s", time.as_secs_f64()),
            None => "unknown (no timestamps to be trusted)".into(),
        };
        format!(
            "  wall time {:.3} s, GPU time {gpu_time}, {:.0} steps/s\n",
            self.outcome.wall.as_secs_f64(),
            self.steps_per_s(),
        )
    }

    fn closing(&self) -> String {
        let Self { plan, outcome, .. } = self;
        let right = plan.right_answers(&outcome.probabilities);
        let rows = plan.recipe.data.row_count();
        let learned = if plan.is_learned(outcome) { "Learned" } else { "Not learned" };
        format!(
            "{learned}: loss {} after {} {}, {} of {} answers right{}. {}\n\
             More: docs/train.md, parity train --help; from how many networks on this adapter pays: parity \
             bench --suite training\n",
            number(outcome.final_loss.into(), 6),
            HumanCount(plan.recipe.steps),
            if plan.recipe.steps == 1 { "step" } else { "steps" },
            HumanCount(right as u64),
            HumanCount(rows as u64),
            advice(plan, &self.diagnosis).map(|why| format!("; {why}")).unwrap_or_default(),
            self.agreement_text(),
        )
    }

    fn agreement_text(&self) -> String {
        self.agreement.map_or("It was not compared with a CPU.".into(), |found| verdict(&found))
    }
}

/// What the comparison with a CPU says, relative to the loss.
fn verdict(found: &Agreement) -> String {
    let most = format!(
        "{:.1e} of the loss apart at most, at step {}; f32 on the CPU: {:.1e}",
        found.gpu_relative_deviation,
        HumanCount(found.relative_step),
        found.cpu_f32_relative_deviation
    );
    match found.verdict {
        Verdict::Agree if found.is_chaotic() => format!(
            "GPU and CPU agree ({most}), which means little: this run magnifies rounding so much \
             that f32 and f64 part on the CPU."
        ),
        Verdict::Agree => format!("GPU and CPU agree ({most})."),
        Verdict::Unstable => format!(
            "GPU and CPU part ({most}), as two f32 runs do where training magnifies every \
             rounding: neither is wrong."
        ),
        Verdict::Disagree => format!(
            "GPU and CPU DISAGREE ({most}): this driver computes something else; please report it \
             with the output of `parity devices`."
        ),
    }
}

fn vector(values: &[f32]) -> String {
    let values: Vec<_> = values.iter().map(|&value| number(value.into(), 6)).collect();
    format!("[{}]", values.join(", "))
}
