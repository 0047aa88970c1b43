use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parity::bench::{self, Only, Options, Processor, Progress, Results, Suite};
use parity::gpu::{Dispatch, Gpu, Selection};
use parity::kernels::product::LADDER;
use parity::verify::{Effort, KERNELS, Trial};
use pollster::block_on;
use serde_json::Value;

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command
        .arg("bench")
        .args(arguments)
        .envs(["PARITY_DATA", "PARITY_CACHE"].map(|name| (name, data)));
    command.output().expect("it starts")
}

/// What it prints, and the exit code.
fn bench_in(data: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = run(data, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!([Some(0), Some(1)].contains(&code), "{arguments:?}: {message}");
    (String::from_utf8(output.stdout).expect("text"), code)
}

fn bench(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, code) = bench_in(folder.path(), arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    text
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one object and nothing else")
}

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().expect("rows")
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no {key}: {row}"))
}

/// Keys that every row has, whatever it is of, and numbers that fit each other.
fn check_row(row: &Value) {
    let keys = [
        "suite",
        "kernel",
        "variant",
        "size",
        "samples",
        "median_us",
        "ci95_us",
        "gflops",
        "gbps",
        "percent_of_peak",
        "bound_by",
        "drifted",
        "min_us",
        "cv",
        "intensity",
        "shader",
    ];
    for key in keys {
        assert!(row.get(key).is_some(), "no {key}: {row}");
    }
    let interval: Vec<f64> =
        row["ci95_us"].as_array().expect("two").iter().filter_map(Value::as_f64).collect();
    let values = [number(row, "min_us"), interval[0], number(row, "median_us"), interval[1]];
    assert!(values[0] > 0.0 && values.is_sorted(), "{row}");
    let samples = row["samples_us"].as_array().expect("samples").len();
    assert_eq!(row["samples"].as_u64(), Some(samples as u64), "{row}");
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn every_kernel_has_a_row_with_all_that_is_promised() {
    let report = json(&bench(&["--suite", "all", "--json", "--quick"]));
    for key in ["adapter", "clock", "peaks", "rows", "training", "crossover", "version"] {
        assert!(report.get(key).is_some(), "no {key}");
    }
    assert!(report["adapter"]["driver"].is_string());
    assert_eq!(report["processor"]["name"], Processor::detect().name.as_str());
    assert!(["device", "host"].contains(&report["clock"]["used"].as_str().expect("a word")));
    for peak in ["fma_gflops", "exp_gops", "division_gops", "workgroup_gbps", "launch_us"] {
        assert!(number(&report["peaks"], peak) > 0.0, "{peak}");
    }
    assert!(report["peaks"]["copy"].as_array().is_some_and(|copies| copies.len() >= 3));
    rows(&report).iter().for_each(check_row);
    let gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    for kernel in KERNELS.iter().filter(|kernel| kernel.workloads.is_some()) {
        let name = kernel.spec.name;
        let mut variants = LADDER.iter().filter(|variant| variant.spec().name == name).peekable();
        if variants.peek().is_some() && !variants.any(|variant| variant.fits(&gpu)) {
            continue;
        }
        let row = rows(&report).iter().find(|row| row["kernel"] == name);
        let row = row.unwrap_or_else(|| panic!("no row of {name}"));
        assert!(number(row, "percent_of_peak") > 0.0, "{row}");
        assert!(number(row, "samples") >= 10.0, "{row}");
    }
    for group in report["training"].as_array().expect("groups") {
        assert_eq!(group["rows"][0]["ratio"], 1.0);
        for row in group["rows"].as_array().expect("rows") {
            let work = number(row, "member_count") * number(row, "steps");
            let rate = number(row, "network_steps_per_s");
            assert!((rate * number(row, "median_us") * 1e-6 / work - 1.0).abs() < 1e-9, "{row}");
        }
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn the_table_names_the_adapter_and_says_what_is_software() {
    let report = bench(&["--suite", "training", "--quick"]);
    assert!(report.contains("\nadapter: ") && report.contains("\ndriver: "), "{report}");
    assert!(report.contains(&format!("\nCPU:     {}\n", Processor::detect())), "{report}");
    assert!(report.contains("\n  CPU\n    Rust, scalar, 1 thread "), "{report}");
    let software = report.contains("(software: this processor, not a GPU)");
    assert_eq!(software, report.contains("\n  software adapter\n    fused engine"), "{report}");
    assert_eq!(software, !report.contains("\n  GPU\n    fused engine"), "{report}");
    for line in report.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(report.contains(" wins "), "who wins: {report}");
    assert!(report.ends_with("--quick: these figures mean nothing.\n"), "{report}");
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn text_json_csv_and_pictures_are_of_the_cases_that_were_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("samples.csv");
    let [csv_text, plots] = [&csv, folder.path()].map(|path| path.to_str().expect("text"));
    let arguments = ["--suite", "kernels", "--kernel", "activation", "--size", "1757", "--quick"];
    let arguments = [&arguments[..], &["--json", "--csv", csv_text, "--plot", plots]].concat();
    let report = json(&bench(&arguments));
    let rows = rows(&report);
    let kernels: Vec<_> = rows.iter().filter(|row| row["suite"] == "kernels").collect();
    assert_eq!(kernels.len(), 1, "{kernels:?}");
    assert_eq!(
        (&kernels[0]["kernel"], &kernels[0]["size"]),
        (&"activation".into(), &"[1757]".into())
    );
    let mut reader = csv::Reader::from_path(&csv).expect("it is there");
    let mut found: BTreeMap<[String; 2], Vec<f64>> = BTreeMap::new();
    for line in reader.deserialize() {
        let line: BTreeMap<String, String> = line.expect("a line");
        let key = ["kernel", "variant"].map(|key| line[key].clone());
        assert!(!line["driver"].is_empty() && !line["version"].is_empty(), "{line:?}");
        if line["kernel"] == "activation" {
            found.entry(key).or_default().push(line["us"].parse().expect("a number"));
        }
    }
    let samples = found.into_values().next().expect("samples of the activation");
    let in_json = kernels[0]["samples_us"].as_array().expect("samples");
    let in_json: Vec<_> = in_json.iter().filter_map(Value::as_f64).collect();
    assert_eq!(samples, in_json, "CSV and JSON are read as the same numbers");
    let command = report["command"].as_str().expect("a command");
    assert!(command.starts_with("parity bench --suite kernels --kernel activation"), "{command}");
    for name in ["roofline.svg", "times.svg"] {
        let svg = std::fs::read_to_string(folder.path().join(name)).expect("it was drawn");
        assert!(svg.starts_with("<svg ") && svg.contains("activation"), "{name}");
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn two_saved_runs_are_compared_without_an_adapter() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--suite", "kernels", "--kernel", "loss", "--size", "65", "--quick"];
    for name in ["a", "b"] {
        bench_in(folder.path(), &[&arguments[..], &["--save", name]].concat());
    }
    let compare = ["--compare", "a", "--saved", "b", "--fail-on-regression", "1e6"];
    let (text, code) = bench_in(folder.path(), &compare);
    assert!(text.starts_with("Compared with a: ") && text.contains("loss/[65]"), "{text}");
    assert!(text.contains("note: that was a quick run") && code == Some(0), "{text}");
    let (text, _) = bench_in(folder.path(), &[&compare[..], &["--json"]].concat());
    let changes = json(&text)["changes"].as_array().expect("changes").clone();
    assert!(changes.iter().all(|row| row["decides"] == (row["suite"] != "peaks")), "{changes:?}");
    let output = run(folder.path(), &["--compare", "a", "--saved", "b", "--suite", "matmul"]);
    assert_eq!(output.status.code(), Some(2), "nothing is measured");
}

/// Threads that do nothing but keep the processor busy, one for each of its own.
#[cfg(target_os = "linux")]
fn beside_neighbours<T>(work: impl FnOnce() -> T) -> T {
    use std::sync::atomic::{AtomicBool, Ordering};
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let result = work();
        is_over.store(true, Ordering::Relaxed);
        result
    })
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[cfg(target_os = "linux")]
#[test]
fn a_run_beside_constant_neighbours_or_slower_than_the_best_says_that_it_is_not_quiet() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--suite", "kernels", "--kernel", "loss", "--size", "65", "--budget", "5"];
    let (text, _) = bench_in(folder.path(), &[&arguments[..], &["--json"]].concat());
    let first = json(&text)["quietness"].clone();
    assert!(number(&first, "best_canary_us") == number(&first, "canary_us"), "the first: {first}");
    let files = || {
        let entries = folder.path().read_dir().expect("a folder").map(|entry| entry.expect("one"));
        let paths = entries.map(|entry| entry.path());
        let is_kept = |path: &std::path::PathBuf| path.display().to_string().contains("/canary-");
        paths.filter(is_kept).collect::<Vec<_>>()
    };
    assert_eq!(files().len(), 1, "a key, a value: {:?}", files());
    // A machine that was ten times as fast once. Beside neighbours the device's clock may not be
    // believed, and each clock has a best of its own: then with that of the other clock, too.
    let mut text = String::new();
    for _ in 0..3 {
        for kept in files() {
            let mut best = json(&std::fs::read_to_string(&kept).expect("it is there"));
            best["canary_us"] = (number(&best, "canary_us") / 10.0).into();
            std::fs::write(kept, best.to_string()).expect("it is writable");
        }
        let before = files();
        (text, _) = beside_neighbours(|| bench_in(folder.path(), &arguments));
        if files() == before {
            break;
        }
    }
    let state = text.split("machine: ").nth(1).expect("it is said");
    assert!(state.starts_with("NOT QUIET: this run is "), "{text}");
    assert!(state.contains("slower than this machine was"), "{text}");
    let (_, others) = state.split_once("other processes had ").expect("Linux tells");
    let share = others.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    assert!(share.expect("a number") > 5.0, "{text}");
    let row = text.lines().find(|line| line.contains("  [65] ")).expect("a row");
    assert!(row.ends_with(" !"), "no sample was quiet: {text}");
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn every_sample_of_a_row_is_of_equally_many_launches() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("samples.csv");
    let path = csv.to_str().expect("text");
    bench(&["--suite", "kernels", "--kernel", "activation", "--quick", "--csv", path]);
    let mut reader = csv::Reader::from_path(&csv).expect("it is there");
    let mut found: BTreeMap<[String; 4], BTreeSet<String>> = BTreeMap::new();
    for line in reader.deserialize() {
        let line: BTreeMap<String, String> = line.expect("a line");
        let key = ["suite", "kernel", "variant", "size"].map(|key| line[key].clone());
        found.entry(key).or_default().insert(line["launches"].clone());
    }
    assert!(found.len() > 3, "{found:?}");
    for (row, launches) in found {
        assert_eq!(launches.len(), 1, "a pass costs the same, whatever is in it: {row:?}");
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn a_kernel_that_became_slower_is_found_and_can_fail_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--suite", "kernels", "--filter", r"activation/\[4096|loss/\[256", "--quick"];
    bench_in(folder.path(), &[&arguments[..], &["--save", "before"]].concat());
    let compare = ["--compare", "before", "--json", "--fail-on-regression", "200"];
    let slower = ["--handicap", "activation=9900"];
    let (text, code) = bench_in(folder.path(), &[&arguments[..], &compare, &slower].concat());
    let report = json(&text);
    let changes = report["changes"].as_array().expect("changes");
    // Whether that is sure depends on what else runs here; the rule itself has tests of its own.
    let fails = |change: &Value| change["verdict"] == "slower" && number(change, "ratio") > 3.0;
    assert_eq!(code, Some(i32::from(changes.iter().any(fails))), "{changes:?}");
    let of_activation: Vec<_> =
        changes.iter().filter(|row| row["kernel"] == "activation").collect();
    assert_eq!(of_activation.len(), 1, "{changes:?}");
    assert!(
        number(of_activation[0], "ratio") > 2.0,
        "a hundred times the work: {}",
        of_activation[0]
    );
    assert!(changes.iter().all(|change| change["shader_changed"] == false), "{changes:?}");
    let (text, _) = bench_in(folder.path(), &[&arguments[..], &["--compare", "before"]].concat());
    assert!(text.contains("\nCompared with before: "), "{text}");
}

#[test]
fn the_same_launch_elsewhere_in_memory_computes_the_same() {
    let gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    let kernel =
        KERNELS.iter().find(|kernel| kernel.spec.name == "activation_grad").expect("there");
    let workloads = kernel.workloads.as_ref().expect("it is timed");
    let effort = Effort { seed: 5, cases: 1, quick: true, thorough: false };
    let mut trial = Trial::new(&gpu, "activation_grad", effort);
    let workload = workloads.of(&gpu, 1757).remove(0);
    let original = &block_on(workload.make(&mut trial)).expect("it is right");
    let copy = block_on(gpu.replicate(original)).expect("there is memory");
    assert!(!copy.shares_code_with(original), "it is compiled anew");
    let read = |dispatch: &Dispatch| -> Vec<f32> {
        block_on(gpu.read(dispatch.tensors().last().expect("an output"))).expect("it is read")
    };
    let expected = read(original);
    assert!(expected.iter().any(|&value| value != 0.0), "something was computed");
    assert_eq!(read(&copy), expected, "what the other holds is copied");
    for dispatch in [original, &copy] {
        gpu.write(dispatch.tensors().last().expect("an output"), &[0.0_f32; 1757]);
    }
    block_on(trial.run(std::slice::from_ref(&copy))).expect("it runs");
    assert_eq!(read(&copy), expected);
    assert!(read(original).iter().all(|&value| value == 0.0), "the other is left alone");
}

fn all_of(gpu: &Gpu, only: &Only, observe: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Results {
    let observe = &|_| observe();
    let options = Options {
        quick: true,
        budget: Duration::from_secs(1),
        handicap: None,
        cache: None,
        observe,
    };
    block_on(bench::run(gpu, Suite::Kernels, only, options)).expect("the device works")
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn a_wrong_kernel_is_named_and_not_timed() {
    let mut gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    let kernel =
        KERNELS.iter().find(|kernel| kernel.spec.name == "activation_grad").expect("there");
    let wrong = kernel.spec.source().replace("(1.0 - a)", "(1.001 - a)");
    assert_ne!(wrong, kernel.spec.source());
    let only = Only { kernel: Some("activation_grad".into()), size: Some(65), filter: None };
    for (text, fault) in [
        (wrong, "activation_grad, Sigmoid [65]: "),
        ("no WGSL".into(), "kernels/activation_grad/[65]: "),
    ] {
        gpu.substitute("activation_grad", text);
        let results = all_of(&gpu, &only, &|| ControlFlow::Continue(()));
        assert!(results.rows.iter().all(|row| row.name.suite == Suite::Peaks));
        assert!(!results.rows.is_empty(), "the peaks are right");
        assert_eq!(results.faults.len(), 1, "{:?}", results.faults);
        assert!(results.faults[0].starts_with(fault), "{:?}", results.faults);
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn training_that_cannot_run_is_named_and_all_else_is_measured() {
    let mut gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    gpu.substitute("train_workgroup", "no WGSL".into());
    let observe = &|_| ControlFlow::Continue(());
    let budget = Duration::from_secs(1);
    let options = Options { quick: true, budget, handicap: None, cache: None, observe };
    let results = block_on(bench::run(&gpu, Suite::Training, &Only::default(), options));
    let results = results.expect("the device works");
    assert_eq!(results.training.len(), 2, "without 8-32-1");
    assert!(!results.faults.is_empty() && results.failure.is_none());
    for fault in &results.faults {
        assert!(fault.contains("8-") && fault.contains("train_workgroup"), "{fault}");
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn the_canary_is_read_before_and_during_preparation() {
    let gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    let only = Only { kernel: Some("bias_add".into()), size: Some(65), filter: None };
    for last in ["check", "preparation"] {
        let observe = &|progress: Progress| {
            let is_last = progress.unit == last && progress.done + 1 == progress.total;
            if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let budget = Duration::from_secs(1);
        let options = Options { quick: false, budget, handicap: None, cache: None, observe };
        let results = block_on(bench::run(&gpu, Suite::Kernels, &only, options));
        let results = results.expect("the device works");
        assert!(results.interrupted && results.rows.is_empty(), "no sample was taken");
        assert!(results.quietness.canary_us.is_some_and(|us| us > 0.0), "{last}");
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn a_run_that_is_broken_off_has_what_was_measured_until_then() {
    let gpu = block_on(Gpu::open(Selection::default())).expect("an adapter");
    let only = Only { kernel: Some("bias_add".into()), size: Some(65), filter: None };
    let left = AtomicU32::new(40);
    let observe = || match left.fetch_sub(1, Ordering::Relaxed) {
        2.. => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let results = all_of(&gpu, &only, &observe);
    assert!(results.interrupted && !results.rows.is_empty());
    assert!(results.rows.iter().all(|row| row.time.samples < 10), "none was finished");
}
