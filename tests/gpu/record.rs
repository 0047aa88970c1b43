//! What JSON and CSV record of a run: numbers that are the same when they are read, and all that
//! repeats it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use parity::task::{Layer, LayerSizes, Parameters, state_dict};
use serde_json::Value;

#[cfg(unix)]
use crate::harness::in_shell;

fn parity(arguments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(arguments).output().expect("it starts")
}

fn read(output: &Output) -> Value {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    serde_json::from_slice(&output.stdout).expect("one object and nothing else")
}

fn train(arguments: &[&str]) -> Value {
    let all = [&["train", "--json"], arguments].concat();
    read(&parity(&all.into_iter().map(String::from).collect::<Vec<_>>()))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[expect(clippy::cast_possible_truncation, reason = "it is asserted that nothing is lost")]
fn single(value: &Value) -> f32 {
    let value = number(value);
    assert_eq!(f64::from(value as f32), value, "{value} was a number of 32 bits");
    value as f32
}

/// The parameters of `start` or `trained`.
fn parameters(written: &Value, sizes: &LayerSizes) -> Parameters {
    let all = |value: &Value| list(value).iter().map(single).collect::<Vec<_>>();
    let layers = (0..sizes.layers().len()).map(|layer| {
        let values = |name| &written["values"][format!("{}.{name}", 2 * layer)];
        let weight = list(values("weight")).iter().flat_map(all).collect();
        Layer { weight, bias: all(values("bias")) }
    });
    Parameters { sizes: sizes.clone(), layers: layers.collect() }
}

/// The arguments that repeat a run, made of nothing but what its JSON says.
fn arguments(report: &Value, folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = ["train", "--json"].map(String::from).into();
    let layers: Vec<_> = list(&report["layers"]).iter().map(ToString::to_string).collect();
    let layers = layers.join("-");
    let mut option = |name: &str, value: String| all.extend([format!("--{name}"), value]);
    option("layers", layers.clone());
    for name in ["bits", "steps", "log-every", "engine", "init", "seed", "member"] {
        match &report[name.replace('-', "_")] {
            Value::Null => {}
            Value::String(value) => option(name, value.clone()),
            value => option(name, value.to_string()),
        }
    }
    let vary = list(&report["vary"]).iter().map(|axis| axis.as_str().expect("an axis"));
    if !vary.clone().any(|axis| axis.starts_with("learning-rate")) {
        option("learning-rate", report["learning_rate"].to_string());
    }
    vary.for_each(|axis| option("vary", axis.into()));
    if report["seed"].is_null() {
        let path = folder.join("start.safetensors");
        let sizes = layers.parse().expect("a network");
        state_dict::save(&path, &parameters(&report["start"], &sizes)).expect("it is writable");
        option("init-from", text(&path).into());
    }
    all.extend(report["no_tune"].as_bool().expect("a flag").then(|| "--no-tune".into()));
    all.push(report["preset"].as_str().expect("a name").into());
    all
}

fn assert_same(first: &Value, second: &Value) {
    let keys = ["losses", "final_loss", "predictions", "start", "trained", "parameters_sha256"];
    for key in keys {
        assert_eq!(first[key], second[key], "{key}");
    }
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

#[test]
fn a_run_is_repeated_from_its_json_alone_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("doubles");
    std::fs::copy(case("torch_f64.safetensors"), &file).expect("it is there");
    let runs: [&[&str]; 5] = [
        &["--steps", "250"],
        &["backprop-corrected", "--steps", "150", "--seed", "7", "--learning-rate", "0.3"],
        &[
            "--layers",
            "3-5-4-1",
            "--bits",
            "3",
            "--init",
            "uniform",
            "--steps",
            "40",
            "--no-tune",
            "--log-every",
            "7",
            "--engine",
            "layered",
        ],
        &["--member", "5", "--vary", "learning-rate=0.1..10:log", "--vary", "init-scale=0.5..2"],
        &["--init-from", text(&file), "--steps", "120"],
    ];
    let reports = runs.map(train);
    std::fs::remove_file(&file).expect("it was there");
    for report in reports {
        let arguments = arguments(&report, folder.path());
        println!("{}", arguments.join(" "));
        assert_same(&report, &read(&parity(&arguments)));
    }
}

#[cfg(unix)]
#[test]
fn the_command_that_json_records_repeats_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("it's a file");
    std::fs::copy(case("torch_f16.safetensors"), &file).expect("it is there");
    let first = train(&["--steps", "30", "--init-from", text(&file)]);
    let hash = parity::file::sha256(&std::fs::read(&file).expect("it is there"));
    assert_eq!(first["init_from"]["sha256"], hash);
    assert_eq!(first["init_from"]["path"], text(&file));
    let command = first["command"].as_str().expect("a command");
    assert_same(&first, &read(&in_shell(command)));
}

#[test]
fn json_has_up_to_4096_parameters_and_of_more_their_hash() {
    for (layers, has_values) in [("3-819-1", true), ("3-820-1", false)] {
        let report = train(&["--bits", "3", "--layers", layers, "--steps", "2", "--no-reference"]);
        let sizes: LayerSizes = layers.parse().expect("a network");
        assert_eq!(sizes.parameter_count() <= 4_096, has_values);
        assert_eq!(report["trained"]["sha256"], report["parameters_sha256"]);
        assert_ne!(report["start"]["sha256"], report["parameters_sha256"]);
        for key in ["start", "trained"] {
            let written = &report[key];
            if has_values {
                assert_eq!(parameters(written, &sizes).sha256(), written["sha256"], "{key}");
            } else {
                assert!(written["values"].is_null() && written["sha256"].is_string(), "{key}");
            }
        }
    }
}

#[test]
fn numbers_of_json_and_csv_are_those_of_32_bits_and_differ_as_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("losses.csv");
    let run = ["train", "--steps", "950", "--csv", text(&path)].map(String::from);
    let printed = String::from_utf8(parity(&run).stdout).expect("text");
    let csv = std::fs::read_to_string(&path).expect("it was written");
    let lines = printed.lines().skip_while(|line| !line.contains("GPU loss")).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let mut count = 0;
    for (line, row) in lines.zip(csv.lines().skip(1)) {
        let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().expect("a number")).collect();
        let &[step, gpu, cpu_f32, cpu_f64] = cells.as_slice() else { panic!("{row}") };
        for value in [gpu, cpu_f32] {
            single(&value.into());
        }
        let difference = format!("{:+.1e}", gpu - cpu_f64);
        let expected =
            [format!("{step}"), format!("{gpu:.9}"), format!("{cpu_f64:.9}"), difference];
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), expected);
        count += 1;
    }
    assert_eq!((count, csv.lines().count()), (11, 12), "{printed}\n{csv}");
    assert!(csv.lines().last().expect("a row").starts_with("950,"), "{csv}");
    let report = train(&["--steps", "950"]);
    let rows = list(&report["losses"]);
    assert_eq!(rows.len(), 11);
    for (row, line) in rows.iter().zip(csv.lines().skip(1)) {
        let values = ["gpu", "cpu_f32", "cpu_f64"].map(|key| number(&row[key]));
        let cells: Vec<f64> =
            line.split(',').skip(1).map(|cell| cell.parse().expect("f64")).collect();
        assert_eq!(values.as_slice(), cells);
    }
    list(&report["predictions"]).iter().chain([&report["final_loss"]]).for_each(|value| {
        single(value);
    });
}

#[test]
fn an_ensemble_is_repeated_from_its_json_and_so_is_each_sampled_member() {
    let vary = ["--vary", "learning-rate=0.1..10:log", "--vary", "init-scale=0.5..2"];
    let run = ["--networks", "200", "--steps", "100", "--sample", "0,150", "--init", "uniform"];
    let report = train(&[&run[..], &vary].concat());
    assert_eq!(report["init"], "uniform");
    assert_eq!(report["bits"], 2);
    let axes: Vec<_> =
        list(&report["vary"]).iter().map(|axis| axis.as_str().expect("an axis")).collect();
    assert_eq!(axes, [vary[1], vary[3]]);
    let again = [
        "--networks",
        &report["networks_asked_for"].to_string(),
        "--steps",
        &report["steps"].to_string(),
        "--seed",
        &report["seed"].to_string(),
        "--init",
        report["init"].as_str().expect("a law"),
        "--solved-below",
        &report["solved_below"].to_string(),
        "--bits",
        &report["bits"].to_string(),
        "--sample",
        "0,150",
        "--vary",
        axes[0],
        "--vary",
        axes[1],
    ]
    .map(String::from);
    let again = train(&again.iter().map(String::as_str).collect::<Vec<_>>());
    for key in ["solved", "steps_to_solve", "final_losses", "stuck", "sampled"] {
        assert_eq!(report[key], again[key], "{key}");
    }
    for sampled in list(&report["sampled"]) {
        let member = sampled["member"].to_string();
        let alone = ["--steps", "100", "--member", &member, "--init", "uniform"];
        let alone = train(&[&alone[..], &vary].concat());
        for key in ["trained", "final_loss", "learning_rate"] {
            assert_eq!(alone[key], sampled[key], "{key} of member {member}");
        }
        let scale = single(&sampled["init_scale"]);
        assert!((0.5..2.0).contains(&scale), "{scale}");
    }
}
