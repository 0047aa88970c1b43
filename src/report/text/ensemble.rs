//! The text about an ensemble.

use std::fmt::Write;

use indicatif::HumanCount;

use super::{number, peculiarities, plain, population_heading, rate, table};
use crate::report::EnsembleReport;
use crate::sweep::{Ensemble, EnsemblePlan, HIGHEST, Histogram, LOWEST, Sampled, Stuck, wilson};
use crate::task::Rounding;

/// The longest bar of the histogram.
const BAR: f64 = 40.0;

/// The most rows of the data that are shown of a stuck network.
const ROWS_SHOWN: usize = 8;

impl EnsembleReport<'_> {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = [self.heading(), self.solved(), self.histogram(), self.stuck(), self.sampled()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}\n{}", parts.join("\n"), self.timing())
    }

    fn heading(&self) -> String {
        let EnsemblePlan { population, networks, seed, vary, .. } = self.plan;
        let common = self.plan.common_learning_rate();
        let common = common.map(|rate| format!("learning rate {}", plain(rate)));
        let differ = vary.iter().map(|axis| format!("members differ in {axis}"));
        let rates = common.into_iter().chain(differ).collect::<Vec<_>>().join(", ");
        let rates = rates + &peculiarities(&population.recipe.method, Rounding::Plain);
        let what = format!("{}, {}", self.preset.name(), HumanCount(*networks));
        let side_by_side = (self.chunk_size as u64).min(*networks);
        let seed = format!("seed {seed}");
        population_heading(&what, population, &seed, self.adapter, side_by_side, &rates)
    }

    fn solved(&self) -> String {
        let Ensemble { networks, steps_to_solve, .. } = self.ensemble;
        let solved = steps_to_solve.total();
        let [low, high] = wilson(solved, *networks).map(|share| 100.0 * share);
        let mut text = String::new();
        if networks < &self.plan.networks {
            let all = HumanCount(self.plan.networks);
            let _ =
                writeln!(text, "Interrupted after {} of {all} networks.", HumanCount(*networks));
        }
        let _ = writeln!(
            text,
            "Solved (loss below {}): {} of {}, {:.2} % (95 % interval {low:.2} to {high:.2} %)",
            self.plan.population.solved_below,
            HumanCount(solved),
            HumanCount(*networks),
            100.0 * self.share(solved),
        );
        let names = ["first", "10 %", "half", "90 %", "last"];
        let quantiles = self.quantiles();
        if !quantiles.is_empty() {
            let parts = names.iter().zip(&quantiles);
            let parts: Vec<_> = parts
                .map(|(name, row)| format!("{name} {}", HumanCount(row.step.into())))
                .collect();
            let _ = writeln!(text, "Steps to solve, of those solved: {}", parts.join(", "));
        }
        text
    }

    fn histogram(&self) -> String {
        let Histogram { half_decades, infinite, nan } = &self.ensemble.final_losses;
        let edge = |k: i32| number(10_f64.powf(f64::from(k) / 2.0), 5);
        let ends = |k: i32| match k {
            LOWEST => ("below".into(), edge(k + 1)),
            HIGHEST => ("above".into(), edge(k)),
            _ => (format!("{} to", edge(k)), edge(k + 1)),
        };
        let bins = half_decades.iter().map(|(&k, &count)| {
            let (low, high) = ends(k);
            (low, high, count)
        });
        let none = |name: &str, count| (name.to_owned(), String::new(), count);
        let others = [none("infinite", *infinite), none("NaN", *nan)];
        let others = others.into_iter().filter(|(.., count)| *count > 0);
        let rows = bins.chain(others).map(|(low, high, count)| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "40")]
            let len = (BAR * self.share(count)).ceil() as usize;
            let bar = format!("{:>6.2} %  {:<40}", 100.0 * self.share(count), "█".repeat(len));
            [low, high, HumanCount(count).to_string(), bar]
        });
        table(["final loss", "", "networks", ""], rows)
    }

    fn stuck(&self) -> String {
        let mut text = String::new();
        for Stuck { member, final_loss, outputs } in &self.ensemble.stuck {
            if text.is_empty() {
                text += "Not solved, the first few (`--member K` trains one alone):\n";
            }
            let shown = outputs.iter().take(ROWS_SHOWN);
            let answers: Vec<_> = shown.map(|output| format!("{output:.3}")).collect();
            let more = if outputs.len() > ROWS_SHOWN { ", …" } else { "" };
            let _ = writeln!(
                text,
                "  member {member}: loss {}, answers {}{more}",
                number((*final_loss).into(), 6),
                answers.join(", "),
            );
        }
        text
    }

    fn sampled(&self) -> String {
        let mut text = String::new();
        for Sampled { member, parameters, final_loss } in &self.ensemble.sampled {
            let (loss, hash) = (number((*final_loss).into(), 6), parameters.sha256());
            let _ = writeln!(text, "  member {member}: loss {loss}, SHA-256 {hash}");
        }
        text
    }

    fn timing(&self) -> String {
        let wall = self.ensemble.wall.as_secs_f64();
        format!("  wall time {wall:.3} s, {} network-steps/s\n", rate(self.network_steps_per_s()))
    }
}
