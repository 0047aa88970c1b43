//! Training runs beside those of the CPU.

use indicatif::HumanCount;

use super::super::{duration, percent_of_median, rate, significant, table, wrapped};
use crate::bench::{Cell, GroupResult, Results, RunsOn, TrainingRow};
use crate::gpu::DeviceType;
use crate::report::BenchReport;

impl BenchReport<'_> {
    /// The groups, what their columns are, who wins, and the map.
    pub(super) fn training(&self) -> Vec<String> {
        let Results { training, crossover, .. } = self.results;
        let mut parts: Vec<_> = training.iter().map(|group| self.group(group)).collect();
        parts.extend((!training.is_empty()).then(|| self.about_training()));
        parts.extend(verdict(training, crossover, self.place(RunsOn::Adapter)));
        parts.extend((!crossover.is_empty()).then(|| self.crossover()));
        parts
    }

    fn group(&self, group: &GroupResult) -> String {
        let mut rows = vec![];
        let mut place = "";
        for row in &group.rows {
            let TrainingRow { time, network_steps_per_s, ratio, loss_deviation, .. } = row;
            if place != self.place(row.runs_on) {
                place = self.place(row.runs_on);
                rows.push(vec![place.into()]);
            }
            rows.push(vec![
                name(row, &group.rows[0]),
                duration(time.median_us),
                percent_of_median(time.relative_interval),
                format!("{} /s", rate(*network_steps_per_s)),
                format!("{}×", significant(*ratio)),
                format!("{loss_deviation:.0e}"),
            ]);
        }
        table([&group.name, "median", "±", "rate", "ratio", "off by"], rows)
    }

    /// A map: rows are networks, columns ensembles, values how many times as fast the adapter is.
    fn crossover(&self) -> String {
        let cells = &self.results.crossover;
        let mut counts: Vec<_> = cells.iter().map(|cell| cell.member_count).collect();
        counts.sort_unstable();
        counts.dedup();
        let head = counts.iter().map(|&count| match count {
            1 => "one network".into(),
            count => format!("{} networks", HumanCount(count as u64)),
        });
        let mut rows: Vec<Vec<String>> = vec![];
        for cell in cells {
            let name = format!("8-{}-1, {} rows", cell.hidden_size, cell.batch_size);
            if rows.last().is_none_or(|row| row[0] != name) {
                rows.push(vec![name]);
            }
            let row = rows.last_mut().expect("one was pushed");
            row.push(format!("{}×", significant(cell.ratio())));
        }
        let place = self.place(RunsOn::Adapter);
        let what =
            format!("The map: the rate of the fastest way on the {place}, divided by the CPU's:");
        wrapped(&what, 0) + &table(std::iter::once(String::new()).chain(head), rows)
    }

    fn place(&self, runs_on: RunsOn) -> &'static str {
        match (runs_on, self.adapter.device_type) {
            (RunsOn::Cpu, _) => "CPU",
            (RunsOn::Adapter, DeviceType::Software) => "software adapter",
            (RunsOn::Adapter, _) => "GPU",
        }
    }

    fn about_training(&self) -> String {
        let rounds = self.results.training.iter().map(|group| group.rows[0].time.samples);
        let rounds = rounds.map(|rounds| rounds.to_string()).collect::<Vec<_>>();
        let text = format!(
            "Medians of {} rounds, in which contenders took turns; ± is half of the median's 95 % \
             interval. \"rate\" is the number of steps of one network per second, summed over all \
             networks. \"ratio\" is the rate, divided by that of the first row. \"off by\" is the largest \
             deviation of a final loss from that of the same run in f64, relative to it.",
            rounds.join(", ")
        );
        wrapped(&text, 0)
    }
}

/// What ran, and how many steps it made if not as many as the first.
fn name(row: &TrainingRow, first: &TrainingRow) -> String {
    let fewer = (row.steps != first.steps).then(|| format!(", {} steps only", row.steps));
    format!("  {}{}", row.name, fewer.unwrap_or_default())
}

/// Who wins, in a sentence about all that was compared: the groups above the map, and the map.
fn verdict(groups: &[GroupResult], cells: &[Cell], place: &str) -> Option<String> {
    let describe = |cell: &Cell| {
        let Cell { member_count, hidden_size, batch_size, .. } = cell;
        let networks = HumanCount(*member_count as u64);
        format!("{networks} × 8-{hidden_size}-1 on {batch_size} rows")
    };
    let above =
        groups.iter().filter_map(|group| Some((group.name.clone(), group.adapter_ratio()?)));
    let above: Vec<(String, f64)> = above.collect();
    let map: Vec<_> = cells.iter().map(|cell| (describe(cell), cell.ratio())).collect();
    let wins = |pairs: &[(String, f64)]| pairs.iter().filter(|(_, ratio)| *ratio > 1.0).count();
    let all = [&above[..], &map].concat();
    let by_ratio = |a: &&(String, f64), b: &&(String, f64)| a.1.total_cmp(&b.1);
    let named = |(name, ratio): &(String, f64)| format!("{name} ({}×)", significant(*ratio));
    let [best, worst] = [all.iter().max_by(by_ratio)?, all.iter().min_by(by_ratio)?].map(named);
    let count = all.len();
    let parts = format!("{} above and {} on the map", above.len(), map.len());
    let text = match wins(&all) {
        0 => format!(
            "The CPU wins all {count} comparisons, {parts}; the {place} comes nearest with {best}."
        ),
        won if won == count => format!(
            "The {place} wins all {count} comparisons, {parts}; the CPU comes nearest with {worst}."
        ),
        won => {
            let work = |cell: &&Cell| cell.member_count * cell.hidden_size * cell.batch_size;
            let won_cells = cells.iter().filter(|cell| cell.ratio() > 1.0);
            let smallest = won_cells.min_by_key(work).map(|cell| {
                let of = named(&(describe(cell), cell.ratio()));
                format!(", the smallest on the map with {of}")
            });
            format!(
                "The {place} wins {won} of {count} comparisons, {} of the {} above and {} of the {} \
                 on the map, the clearest with {best}{}; the CPU wins the rest.",
                wins(&above),
                above.len(),
                wins(&map),
                map.len(),
                smallest.unwrap_or_default()
            )
        }
    };
    Some(wrapped(&text, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Fastest;
    use crate::bench::statistics::Summary;

    /// A contender of a place, at a rate.
    fn contender(runs_on: RunsOn, network_steps_per_s: f64) -> TrainingRow {
        TrainingRow {
            name: "some code".into(),
            runs_on,
            member_count: 1,
            steps: 1,
            time: Summary::of(&[1.0], 1),
            device_median_us: None,
            network_steps_per_s,
            ratio: 1.0,
            loss_deviation: 0.0,
            samples_us: vec![1.0],
        }
    }

    /// A group with this ratio of the adapter's rate to the CPU's.
    fn group(name: &str, ratio: f64) -> GroupResult {
        let rows = [(RunsOn::Cpu, 50.0), (RunsOn::Adapter, 100.0 * ratio), (RunsOn::Cpu, 100.0)];
        let rows = rows.map(|(runs_on, rate)| contender(runs_on, rate)).into();
        GroupResult { name: name.into(), rows }
    }

    fn cell(member_count: usize, ratio: f64) -> Cell {
        let fastest = |network_steps_per_s| Fastest {
            name: "some code".into(),
            steps: 1,
            network_steps_per_s,
        };
        let [cpu, adapter] = [100.0, 100.0 * ratio].map(fastest);
        Cell { batch_size: 16, hidden_size: 4, member_count, cpu, adapter }
    }

    #[test]
    fn the_verdict_speaks_of_all_that_was_compared_and_not_of_the_map_alone() {
        let of = |groups: &[f64], cells: &[f64]| {
            let groups: Vec<_> = groups.iter().map(|&ratio| group("a run", ratio)).collect();
            let cells: Vec<_> = cells
                .iter()
                .zip([1, 32, 1_024])
                .map(|(&ratio, count)| cell(count, ratio))
                .collect();
            verdict(&groups, &cells, "GPU").map(|text| text.replace('\n', " "))
        };
        for (groups, cells, expected) in [
            (
                &[0.5, 1.06][..],
                &[0.1, 0.3][..],
                "The GPU wins 1 of 4 comparisons, 1 of the 2 above and 0 of the 2 on the map, the \
                 clearest with a run (1.06×); the CPU wins the rest. ",
            ),
            (
                &[0.5],
                &[0.1, 2.0, 3.0],
                "The GPU wins 2 of 4 comparisons, 0 of the 1 above and 2 of the 3 on the map, the \
                 clearest with 1,024 × 8-4-1 on 16 rows (3.00×), the smallest on the map with 32 × \
                 8-4-1 on 16 rows (2.00×); the CPU wins the rest. ",
            ),
            (
                &[0.5, 0.8],
                &[0.1],
                "The CPU wins all 3 comparisons, 2 above and 1 on the map; the GPU comes nearest with \
                 a run (0.80×). ",
            ),
            (
                &[5.0],
                &[4.0, 1.5],
                "The GPU wins all 3 comparisons, 1 above and 2 on the map; the CPU comes nearest with \
                 32 × 8-4-1 on 16 rows (1.50×). ",
            ),
        ] {
            assert_eq!(of(groups, cells).as_deref(), Some(expected), "{groups:?}, {cells:?}");
        }
        assert!(of(&[], &[]).is_none());
    }
}
