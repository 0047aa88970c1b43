//! `parity bench`

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use regex_lite::Regex;

use super::command_line::command_line;
use super::folders;
use super::given::{Conflict, Given, Need, refuse};
use super::{DeviceArgs, as_option, go_on, values};
use crate::bench::{
    self, Compared, Only, Options, Payoff, Processor, Progress, Results, Saved, Suite,
};
use crate::error::Error;
use crate::file;
use crate::gpu::Gpu;
use crate::report::{self, BenchComparison, BenchReport, PartsDisplay};

/// The time limit for the samples of all kernels, unless the user gives one: all suites together
/// then end within five minutes, also on a software adapter.
const BUDGET_S: u64 = 120;

/// The most characters in the name of a saved run: every file system takes a name of that length.
const MAX_NAME: usize = 100;

/// The charts of `--plot`.
const CHARTS: [&str; 2] = ["roofline.svg", "times.svg"];

/// Options that contradict each other.
const CONFLICTS: &[Conflict] = &[
    Conflict {
        one: "quick",
        others: &["budget"],
        why: "a quick run takes one sample of each case, without a time limit",
    },
    Conflict {
        one: "saved",
        others: &[
            "suite", "kernel", "size", "filter", "budget", "save", "plot", "csv", "quick",
            "handicap", "adapter", "backend",
        ],
        why: "two saved runs are compared, and nothing is measured",
    },
];

/// Options that choose cases of a suite.
const CHOICES: [&str; 3] = ["kernel", "size", "filter"];

/// Options that have an effect only with another.
const NEEDS: &[Need] = &[
    Need { one: "fail-on-regression", others: &["compare"] },
    Need { one: "saved", others: &["compare"] },
];

/// What is ready before an adapter is opened.
pub(super) struct Prepared {
    only: Only,
    saved_at: Option<PathBuf>,
    before: Option<Saved>,
    after: Option<Saved>,
}

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct Args {
    /// Suite to measure
    #[arg(long, default_value = "all")]
    suite: Suite,
    /// Kernel to measure [default: all kernels of the suite]
    #[arg(long, value_name = "NAME")]
    kernel: Option<String>,
    /// Size to measure: number of elements, rows or networks, or n of a product of n × n matrices
    /// [default: several sizes]
    #[arg(long, value_name = "N", value_parser = values::count::<usize>(1..=16_777_216))]
    size: Option<usize>,
    /// Regular expression of the cases to measure. It is searched for in suite/kernel/variant/size
    #[arg(long, value_name = "REGEX")]
    filter: Option<Regex>,
    /// Time limit for all samples of kernels together, in seconds
    #[arg(long, value_name = "S", default_value_t = BUDGET_S, value_parser = values::count::<u64>(1..=86_400))]
    budget: u64,
    /// Name under which this run is saved, for later comparisons. Saved runs are kept in the folder
    /// bench of `PARITY_DATA`, or of your data folder
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    save: Option<String>,
    /// Name of the saved run to compare with
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    compare: Option<String>,
    /// Name of a second saved run to compare, instead of measuring one now (with --compare)
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    saved: Option<String>,
    /// Slowdown in per cent that fails the comparison, with exit code 1 (with --compare). Only a
    /// slowdown beyond doubt counts. A case that the saved run lacks fails, too. Peaks count only
    /// in the suite peaks
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    fail_on_regression: Option<f64>,
    /// Folder for the charts roofline.svg and times.svg. It is created if it does not exist
    #[arg(long, value_name = "FOLDER")]
    plot: Option<PathBuf>,
    /// File to write every sample to, as a CSV table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Take only as many samples as show that the benchmark works. The figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Kernel to slow down on purpose, for tests of the comparison
    #[arg(long, hide = true, value_name = "KERNEL=PERCENT", value_parser = parse_handicap)]
    handicap: Option<(String, u32)>,
    #[command(flatten)]
    device: DeviceArgs,
    #[arg(skip)]
    pub(super) given: Given,
}

fn parse_name(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_long = name.len() > MAX_NAME;
    if name.is_empty() || is_long || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(format!(
            "expected up to {MAX_NAME} letters, digits, '.', '_' and '-', and no '.' in front"
        ));
    }
    Ok(name.into())
}

fn parse_handicap(text: &str) -> Result<(String, u32), String> {
    let (kernel, percent) = text.split_once('=').ok_or("expected KERNEL=PERCENT")?;
    Ok((kernel.into(), percent.parse().map_err(|error| format!("{percent}: {error}"))?))
}

/// The file of a saved run: in `PARITY_DATA`, or in the user's data folder.
fn path_of(name: &str) -> Result<PathBuf, Error> {
    let folder = folders::data().ok_or_else(|| {
        Error::Usage("there is no home folder to save runs in: set PARITY_DATA to a folder".into())
    })?;
    Ok(folder.join("bench").join(format!("{name}.json")))
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)
        .map_err(|error| Error::file(folder, format!("no folder can be created there: {error}")))
}

fn load(name: &str) -> Result<Saved, Error> {
    let path = &path_of(name)?;
    let text = fs::read(path).map_err(|error| {
        Error::file(path, format!("{error}; parity bench --save makes such a file"))
    })?;
    Saved::parse(&text)
        .map_err(|why| Error::file(path, format!("no run of this version's parity bench: {why}")))
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let Prepared { only, saved_at, before, after } = self.prepare()?;
        if let Some((before, after)) = before.as_ref().zip(after.as_ref()) {
            return self.compare_saved(before, after);
        }
        self.make_folders(saved_at.as_deref())?;
        let gpu = self.device.open().await?;
        let mut results = self.measure(&gpu, &only).await?;
        let failure = results.failure.take();
        let mut report = BenchReport {
            adapter: &gpu.adapter,
            processor: Processor::detect(),
            suite: self.suite,
            quick: self.quick,
            command: &command_line(),
            results: &results,
            compared: None,
        };
        let compared = before.map(|before| {
            let now = Saved::parse(report.json().as_bytes()).expect("it has just been measured");
            (before.differences(&now), bench::compare(&before, &now))
        });
        report.compared =
            compared.as_ref().map(|(notes, compared)| self.comparison(notes, compared));
        report::print(&if self.json { report.json() } else { report.text() })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let passes = compared.as_ref().is_none_or(|(_, compared)| self.passes(compared));
        let is_right = results.faults.is_empty() && passes;
        let code = if results.interrupted { 130 } else { u8::from(!is_right) };
        self.write(&report)?;
        if let (0, false, Some(folder)) = (code, self.quick, folders::cache())
            && let Some(payoff) = Payoff::of(&gpu.adapter, &results.crossover)
        {
            payoff.save(&folder)?;
        }
        if let Some(path) = saved_at {
            if code == 0 {
                file::write(&path, report.json().as_bytes())?;
                report::note(&format!("saved in {}", path.display()));
            } else {
                report::note("not saved: only a run with exit code 0 is saved");
            }
        }
        Ok(code)
    }

    /// Compares two saved runs.
    fn compare_saved(&self, before: &Saved, after: &Saved) -> Result<u8, Error> {
        let (notes, compared) = (before.differences(after), bench::compare(before, after));
        let report = self.comparison(&notes, &compared);
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(u8::from(!self.passes(&compared)))
    }

    fn comparison<'a>(
        &'a self,
        notes: &'a [String],
        compared: &'a Compared,
    ) -> BenchComparison<'a> {
        BenchComparison { name: self.compare.as_deref().unwrap_or_default(), notes, compared }
    }

    fn passes(&self, compared: &Compared) -> bool {
        self.fail_on_regression.is_none_or(|percent| compared.passes(percent))
    }

    /// Checks everything that can be checked without an adapter, and reads what to compare with.
    pub(super) fn prepare(&self) -> Result<Prepared, Error> {
        bench::check_build()
            .map_err(|error| Error::Usage(format!("{error}; use cargo run --release -- bench")))?;
        self.given.check(CONFLICTS, NEEDS)?;
        if self.suite == Suite::Training && self.given.has("budget") {
            return refuse(
                "--suite training and --budget",
                "whole runs are timed a fixed number of times",
            );
        }
        let (kernel, size, filter) = (self.kernel.clone(), self.size, self.filter.clone());
        let only = Only { kernel, size, filter };
        if [Suite::Training, Suite::Peaks].contains(&self.suite)
            && let Some(option) = CHOICES.iter().find(|option| self.given.has(option))
        {
            return refuse(
                &format!("--suite {} and --{option}", self.suite.name()),
                "that suite is always run as a whole",
            );
        }
        only.check(self.suite).map_err(as_option("kernel"))?;
        let saved_at = self.save.as_deref().map(path_of).transpose()?;
        let [before, after] = [&self.compare, &self.saved].map(|name| name.as_deref().map(load));
        let (before, after) = (before.transpose()?, after.transpose()?);
        self.check_outputs(saved_at.as_deref())?;
        Ok(Prepared { only, saved_at, before, after })
    }

    async fn measure(&self, gpu: &Gpu, only: &Only) -> Result<Results, Error> {
        let budget = Duration::from_secs(self.budget);
        let display = Mutex::new(PartsDisplay::default());
        let observe = |Progress { unit, done, total }: Progress| {
            display.lock().expect("no update panics").update(unit, done, total);
            go_on()
        };
        let handicap = self.handicap.as_ref().map(|(kernel, percent)| (kernel.as_str(), *percent));
        let cache = folders::cache();
        let cache = cache.as_deref();
        let options = Options { quick: self.quick, budget, handicap, cache, observe: &observe };
        let results = bench::run(gpu, self.suite, only, options).await;
        display.lock().expect("no update panics").finish();
        results.map_err(as_option("kernel"))
    }

    fn check_outputs(&self, saved_at: Option<&Path>) -> Result<(), Error> {
        if self.plot.is_some() && [Suite::Training, Suite::Peaks].contains(&self.suite) {
            let suite = self.suite.name();
            return Err(Error::Usage(format!(
                "--plot draws what the suites kernels and matmul measure, not the suite {suite}"
            )));
        }
        let charts = self.plot.iter().flat_map(|folder| CHARTS.map(|name| folder.join(name)));
        let others = self.csv.clone().into_iter().chain(saved_at.map(Path::to_path_buf));
        for path in charts.chain(others) {
            // A folder that is not there yet is made before the run.
            if self.makes_folder_of(&path, saved_at) && !path.parent().is_some_and(Path::exists) {
                continue;
            }
            file::check_writable(&path)?;
        }
        Ok(())
    }

    /// Makes the folders of what is to be written.
    fn make_folders(&self, saved_at: Option<&Path>) -> Result<(), Error> {
        self.plot.as_deref().map_or(Ok(()), make_folder)?;
        saved_at.and_then(Path::parent).map_or(Ok(()), make_folder)?;
        self.check_outputs(saved_at)
    }

    /// Whether the folder of a file is one that the run makes.
    fn makes_folder_of(&self, path: &Path, saved_at: Option<&Path>) -> bool {
        let is_chart = self.plot.as_deref().is_some_and(|folder| path.parent() == Some(folder));
        is_chart || saved_at == Some(path)
    }

    /// What was asked for, unless the user broke off before there was anything to replace old files.
    fn write(&self, report: &BenchReport<'_>) -> Result<(), Error> {
        let Results { rows, training, .. } = report.results;
        if rows.is_empty() && training.is_empty() {
            return Ok(());
        }
        if let Some(path) = &self.csv {
            file::write(path, report.csv().as_bytes())?;
        }
        if let Some(folder) = &self.plot {
            for (name, svg) in report.plots()? {
                file::write(&folder.join(name), &svg)?;
            }
        }
        Ok(())
    }
}
