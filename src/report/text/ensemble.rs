//! The text about an ensemble.

use std::fmt::Write;

use indicatif::HumanCount;

use super::{adapter_lines, number, plain, rate, table};
use crate::report::EnsembleReport;
use crate::sweep::{Ensemble, EnsemblePlan, HIGHEST, Histogram, LOWEST, Sampled, Stuck, wilson};
use crate::train::KernelChoice;

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
        let recipe = &population.recipe;
        let common = self.plan.common_learning_rate();
        let common = common.map(|rate| format!("learning rate {}", plain(rate)));
        let differ = vary.iter().map(|axis| format!("members differ in {axis}"));
        let rates = common.into_iter().chain(differ).collect::<Vec<_>>().join(", ");
        format!(
            "parity {}: {}, {} networks {} on {} ({} rows), seed {seed}\n{}\
             engine:  fused ({}, {} side by side)\n\
             rule:    {} steps, {rates}\n",
            env!("CARGO_PKG_VERSION"),
            self.preset.name(),
            HumanCount(*networks),
            recipe.sizes,
            recipe.data.name(),
            HumanCount(recipe.data.row_count() as u64),
            adapter_lines(self.adapter),
            population.kernel_choice().map_or("", KernelChoice::name),
            HumanCount((self.chunk_size as u64).min(*networks)),
            HumanCount(recipe.steps),
        )
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
            100.0 * self.solve_rate(),
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
        let head = ["final loss", "", "networks", ""].map(String::from);
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let share = |count: u64| count as f64 / self.ensemble.networks as f64;
        let body = bins.chain(others).map(|(low, high, count)| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "40")]
            let len = (BAR * share(count)).ceil() as usize;
            let bar = format!("{:>6.2} %  {:<40}", 100.0 * share(count), "█".repeat(len));
            [low, high, HumanCount(count).to_string(), bar]
        });
        table(&std::iter::once(head).chain(body).collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{AdapterSummary, Backend, DeviceType};
    use crate::sweep::{Axis, Population};
    use crate::task::{Dataset, Init, Method, Preset, Recipe};

    /// The line of the rule, and the learning rate in JSON.
    fn said_of(vary: &[&str]) -> (String, serde_json::Value) {
        let (data, sizes) = (Dataset::parity(2).expect("XOR"), "2-2-1".parse().expect("sizes"));
        let population = Population::new(
            Recipe::new(data, sizes, Method::PLAIN, 7).expect("a recipe"),
            Init::Torch,
        );
        let sizes = &population.recipe.sizes;
        let axis = |text: &&str| Axis::parse("--vary", text, sizes).expect("an axis");
        let vary = vary.iter().map(axis).collect();
        let plan = EnsemblePlan { population, networks: 1, seed: 0, vary, sample: vec![] };
        let adapter = AdapterSummary {
            name: "adapter".into(),
            backend: Backend::Vulkan,
            driver: "driver".into(),
            device_type: DeviceType::Software,
        };
        let ensemble = Ensemble { networks: 1, ..Ensemble::default() };
        let report = EnsembleReport {
            adapter: &adapter,
            preset: Preset::Xor,
            plan: &plan,
            ensemble: &ensemble,
            chunk_size: 1,
            command: "parity train",
        };
        let rule = report.text().lines().find(|line| line.starts_with("rule:")).map(str::to_owned);
        let json: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
        (rule.expect("a line"), json["learning_rate"].clone())
    }

    #[test]
    fn members_that_differ_in_learning_rate_have_no_common_one() {
        let scale = "init-scale=0.5..2";
        let rate = "learning-rate=0.5..2";
        assert_eq!(said_of(&[]), ("rule:    7 steps, learning rate 1".into(), 1.0.into()));
        let (rule, json) = said_of(&[scale]);
        assert_eq!(rule, format!("rule:    7 steps, learning rate 1, members differ in {scale}"));
        assert_eq!(json, 1.0);
        let (rule, json) = said_of(&[rate]);
        assert_eq!(rule, format!("rule:    7 steps, members differ in {rate}"));
        assert!(json.is_null());
    }
}
