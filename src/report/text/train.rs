//! The text about a training run.

use std::f64::consts::LN_2;
use std::fmt::Write;

use indicatif::HumanCount;

use super::curve::curve;
use super::diagnosis::{advice, figures};
use super::{heading, number, peculiarities, percent, plain, table};
use crate::bench::Payoff;
use crate::report::TrainReport;
use crate::report::records::LossRow;
use crate::task::{Activation, Loss, Method, Origin, Parameters, Recipe, Rounding};
use crate::train::{Agreement, HeldOut, Plan, Verdict};

/// The rows of losses that the text shows unless more are asked for.
const LOSSES_SHOWN: usize = 12;

/// The most rows of the data that the text shows.
const ROWS_SHOWN: usize = 16;

/// The most parameters that the text shows.
const PARAMETERS_SHOWN: usize = 64;

/// As a sentence begins with it.
fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

impl TrainReport<'_> {
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
            self.timing() + &figures(self.plan, &self.diagnosis) + &self.held_out(),
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
        let (preset, sizes, name) = (self.preset.name(), &start.sizes, data.name());
        let rows = HumanCount(data.row_count() as u64);
        let what = format!("{preset}, {sizes} on {name} ({rows} rows), {from}");
        format!(
            "{}engine:  {} ({})\n{}rule:    {} steps, learning rate {}{}\n",
            heading(&what, self.adapter),
            self.engine,
            self.engine_reason,
            self.product_line(),
            HumanCount(*steps),
            plain(method.learning_rate()),
            peculiarities(method, Rounding::Compensated),
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
        let [no, _] = data.coding.targets();
        let truth = match data.origin {
            Origin::Function { function, relevant } => {
                let condition = function.condition(relevant, data.input_size);
                format!("{} is 1 if {condition}", capitalised(&data.name()))
            }
            Origin::Given => format!("The data have {} rows", HumanCount(data.row_count() as u64)),
        };
        let Method { output_activation, loss, .. } = self.plan.recipe.method;
        let output = match output_activation {
            Activation::Sigmoid => ", a probability",
            _ => "",
        };
        let loss = match loss {
            Loss::CrossEntropy => {
                format!("cross-entropy in nats: {LN_2:.3} (ln 2) for a guess, 0 for certainty")
            }
            Loss::SquaredError => format!(
                "squared error: {} if every output is {}, 0 if every output is its target",
                loss.of_guesses(data.coding),
                data.coding.threshold()
            ),
            Loss::Hinge => "hinge loss, max(0, 1 - target × output): 1 if every output is 0, 0 if \
                            every output is beyond its target"
                .into(),
        };
        let hidden = match &sizes[1..sizes.len() - 1] {
            [] => "no hidden neurons".into(),
            [1] => "1 hidden neuron".into(),
            [neurons] => format!("{} hidden neurons", HumanCount(*neurons as u64)),
            layers => format!("{} hidden layers", layers.len()),
        };
        let otherwise = if no == 0.0 { String::new() } else { format!(", else {no}") };
        format!(
            "{truth}{otherwise}.\n\
             The network {} has {} inputs, {hidden} and one output{output}.\n\
             The loss is the mean {loss}.\n",
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
        let rows = self.rows_shown().into_iter().map(|row| {
            let (cpu, difference) = match row.cpu_f64 {
                Some(cpu) => (number(cpu, 9), format!("{:+.1e}", row.gpu - cpu)),
                None => ("–".into(), "–".into()),
            };
            [HumanCount(row.step).to_string(), number(row.gpu, 9), cpu, difference]
        });
        table(["step", "GPU loss", "CPU loss", "difference"], rows)
    }

    fn truth_table(&self) -> String {
        let data = &self.plan.recipe.data;
        let output = match self.plan.recipe.method.output_activation {
            Activation::Sigmoid => "probability",
            _ => "output",
        };
        let head = ["inputs", "target", output, "answer", ""];
        let inputs = data.inputs.chunks_exact(data.input_size);
        let rows = inputs.zip(&data.targets).zip(&self.outcome.probabilities);
        let rows = rows.take(ROWS_SHOWN).map(|((inputs, target), &probability)| {
            let inputs: Vec<_> = inputs.iter().map(ToString::to_string).collect();
            let answer = data.coding.answer(probability.into());
            let remark = if answer == *target { "" } else { "wrong" };
            [
                inputs.join(" "),
                target.to_string(),
                format!("{probability:.6}"),
                answer.to_string(),
                remark.into(),
            ]
        });
        let mut text = table(head, rows);
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

    /// The answers to rows that were held out, if there are any.
    #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2⁵³")]
    fn held_out(&self) -> String {
        let Some(HeldOut { rows, loss, right }) = self.held_out else { return String::new() };
        format!(
            "  held out (f64, {} rows): loss {}, {} of {} answers right ({})\n",
            HumanCount(rows as u64),
            number(loss, 6),
            HumanCount(right as u64),
            HumanCount(rows as u64),
            percent(right as f64 / rows as f64)
        )
    }

    fn closing(&self) -> String {
        let Self { plan, outcome, .. } = self;
        let right = plan.right_answers(&outcome.probabilities);
        let rows = plan.recipe.data.row_count();
        let learned = if plan.is_learned(outcome) { "Learned" } else { "Not learned" };
        format!(
            "{learned}: loss {} after {} {}, {} of {} answers right{}. {}\n\
             {}\nMore: docs/train.md, parity train --help\n",
            number(outcome.final_loss.into(), 6),
            HumanCount(plan.recipe.steps),
            if plan.recipe.steps == 1 { "step" } else { "steps" },
            HumanCount(right as u64),
            HumanCount(rows as u64),
            advice(plan, &self.diagnosis).map(|why| format!("; {why}")).unwrap_or_default(),
            self.agreement_text(),
            self.payoff_text(),
        )
    }

    /// The number of networks from which the adapter pays.
    fn payoff_text(&self) -> String {
        let Some(Payoff { hidden_size, from, most, .. }) = &self.payoff else {
            return "One core of the processor may train one network this small faster: parity bench --suite \
                    training finds from how many networks on this adapter pays."
                .into();
        };
        let count = |count: usize| HumanCount(count as u64);
        let what = match from {
            Some(1) => "This adapter is faster than the processor from one network on".into(),
            Some(from) => format!("This adapter pays from about {} networks at once", count(*from)),
            None => format!("The processor is faster with up to {} networks at once", count(*most)),
        };
        format!("{what} (8-{hidden_size}-1, measured by parity bench).")
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
