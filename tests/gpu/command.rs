//! The command line where it works, and where only an adapter can make it fail.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness;

fn parity(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(arguments).output().expect("it starts")
}

fn json(arguments: &[&str]) -> Value {
    harness::json(&[&["train", "--json"], arguments].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn the_default_run_learns_and_says_so() {
    let output = parity(&["train"]);
    let report = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{report}");
    let closing = report.lines().find(|line| line.starts_with("Learned: loss 0.00"));
    let closing = closing.expect("a verdict");
    assert!(closing.contains("4 of 4 answers right. GPU and CPU agree"), "{closing}");
    assert!(report.contains("\n   9,000   ") && !report.contains("\n   9,900   "), "{report}");
    assert!(report.contains("\n  10,000   "), "and what came after the last: {report}");
    let all = String::from_utf8(parity(&["train", "--log-every", "100"]).stdout).expect("text");
    assert!(all.contains("\n   9,900   "), "every 100th step is shown: {all}");
}

#[test]
fn each_preset_shows_what_it_is_for() {
    let perceptron = json(&["perceptron"]);
    let loss = perceptron["final_loss"].as_f64().expect("a number");
    assert!((loss - std::f64::consts::LN_2).abs() < 1e-6, "{loss}");
    let probabilities = perceptron["predictions"].as_array().expect("numbers");
    let far = |p: &Value| (p.as_f64().expect("a number") - 0.5).abs() > 1e-6;
    assert!(!probabilities.iter().any(far), "{probabilities:?}");
    let backprop = json(&["backprop"]);
    assert_eq!(backprop["learned"], false);
    assert!(backprop["final_loss"].as_f64().expect("a number") > 0.6);
    let corrected = json(&["backprop-corrected"]);
    assert_eq!(corrected["learned"], true);
    assert!(corrected["final_loss"].as_f64().expect("a number") < 0.01);
}

#[test]
fn json_has_every_key_that_is_promised() {
    let report = json(&["--steps", "250"]);
    for key in [
        "adapter",
        "command",
        "engine",
        "products",
        "layers",
        "bits",
        "init",
        "seed",
        "init_from",
        "member",
        "vary",
        "steps",
        "log_every",
        "losses",
        "final_loss",
        "learned",
        "predictions",
        "train_s",
        "gpu_s",
        "steps_per_s",
        "bytes_uploaded",
        "bytes_read_back",
        "parameters_sha256",
        "version",
    ] {
        assert!(report.get(key).is_some(), "no {key}");
    }
    for key in ["name", "backend", "driver", "device_type"] {
        assert!(report["adapter"][key].is_string(), "no adapter.{key}");
    }
    let losses = report["losses"].as_array().expect("rows");
    let steps: Vec<_> = losses.iter().map(|row| row["step"].as_u64().expect("a step")).collect();
    assert_eq!(steps, [0, 100, 200, 250]);
    assert_eq!(losses[3]["gpu"], report["final_loss"]);
    assert!(losses.iter().all(|row| row["gpu"].is_f64() && row["cpu_f64"].is_f64()));
    let bare = json(&["--steps", "250", "--no-reference"]);
    assert!(bare["losses"][0]["cpu_f32"].is_null());
    assert_eq!(bare["losses"][2]["gpu"], losses[2]["gpu"]);
}

#[test]
fn no_parameter_crosses_to_the_host_while_it_trains() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |steps| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
        command.args(["train", "--layers", "8-256-1", "--bits", "8", "--engine", "layered"]);
        command.args(["--no-reference", "--json", "--steps", steps]);
        let output = command.env("PARITY_CACHE", folder.path()).output().expect("it starts");
        let report: Value = serde_json::from_slice(&output.stdout).expect("one object");
        let count = |key: &str| report[key].as_u64().expect("a number");
        (count("bytes_uploaded"), count("bytes_read_back"))
    };
    // The first may tune.
    let [_, short, long] = ["10", "10", "200"].map(bytes);
    assert_eq!(short.0, long.0, "a step uploads nothing");
    // A loss a step, a counter and two timestamps a submission, of which a step of 12 dispatches
    // can have 12: even one readback of the 2,561 parameters every 5 steps would be more.
    assert!(long.1 - short.1 <= 190 * (4 + 12 * (4 + 16)), "{short:?}, {long:?}");
}

#[test]
fn csv_and_json_hold_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("losses.csv");
    let report = json(&["--steps", "1000", "--csv", text(&path)]);
    let csv = std::fs::read_to_string(path).expect("it was written");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("step,gpu,cpu_f32,cpu_f64"));
    let rows = report["losses"].as_array().expect("rows");
    assert_eq!(rows.len(), 11);
    for row in rows {
        let keys = ["step", "gpu", "cpu_f32", "cpu_f64"];
        let expected = keys.map(|key| row[key].to_string()).join(",");
        assert_eq!(lines.next(), Some(expected.as_str()));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn the_same_seed_saves_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = [("a", "100"), ("b", "100"), ("c", "7")].map(|(name, log_every)| {
        let path = folder.path().join(name);
        let save = ["--save", text(&path), "--log-every", log_every];
        json(&[&["--steps", "500", "--seed", "3", "--no-reference"], &save[..]].concat());
        std::fs::read(path).expect("it was written")
    });
    assert!(saved[0] == saved[1] && saved[0] == saved[2]);
}

#[test]
fn what_was_saved_is_where_the_next_run_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("half");
    let first = json(&["--steps", "300", "--save", text(&path)]);
    let second = json(&["--steps", "1", "--init-from", text(&path)]);
    assert_eq!(second["losses"][0]["gpu"], first["final_loss"]);
}

#[test]
fn a_run_that_diverges_names_the_step_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept");
    std::fs::write(&path, "old").expect("it is writable");
    let arguments = ["--layers", "2-64-1", "--learning-rate", "3e38", "--save", text(&path)];
    let output = parity(&[&["train"], &arguments[..]].concat());
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("at step 1:"), "{message}");
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(path).expect("it is there"), "old");
}

/// More steps in one dispatch than llvmpipe of Mesa 22.3.6 makes. A driver that makes them all has
/// nothing to hide, and then the run is a good one.
#[test]
fn a_dispatch_that_is_cut_short_is_an_error_and_saves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kept");
    std::fs::write(&path, "old").expect("it is writable");
    let run = ["train", "--steps", "70000", "--no-reference", "--save", text(&path)];
    let output = parity(&[&run[..], &["--no-loop-limit"]].concat());
    let message = String::from_utf8(output.stderr).expect("text");
    if output.status.code() == Some(0) {
        assert_ne!(std::fs::read(&path).expect("it is there"), b"old");
        return;
    }
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("70000") && message.contains("nothing was saved"), "{message}");
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read(&path).expect("it is there"), b"old");
    let budgeted = parity(&run);
    assert_eq!(budgeted.status.code(), Some(0));
}

#[test]
fn the_members_of_an_ensemble_are_trained_alone_to_the_same_bits() {
    let all = ["--networks", "300", "--steps", "200", "--sample", "7,299", "--seed", "3"];
    let ensemble = json(&all);
    assert_eq!(ensemble["networks"], 300);
    for sampled in ensemble["sampled"].as_array().expect("a list") {
        let member = sampled["member"].to_string();
        let alone = json(&["--member", &member, "--steps", "200", "--seed", "3"]);
        for key in ["parameters_sha256", "final_loss"] {
            assert_eq!(alone[key], sampled[key], "member {member}");
        }
    }
}

#[test]
fn a_sweep_leaves_a_picture_its_array_and_its_card() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let run = || {
        let size = ["--size", "9x5", "--steps", "50", "--again", "--json", "-o", text(&png)];
        let output = parity(&[&["sweep"], &size[..]].concat());
        let message = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(0), "{message}");
        let read = |extension| std::fs::read(png.with_extension(extension)).expect("it is there");
        (output.stdout, [read("png"), read("npy")], read("json"))
    };
    let (printed, [picture, array], card) = run();
    assert_eq!(printed, card);
    assert!(picture.starts_with(b"\x89PNG"));
    assert_eq!(array.len(), 128 + 4 * 45);
    let header = String::from_utf8_lossy(&array[10..128]).into_owned();
    assert!(header.contains("'shape': (5, 9)") && header.ends_with('\n'), "{header}");
    let card: serde_json::Value = serde_json::from_slice(&card).expect("JSON");
    assert_eq!(card["array_sha256"], parity::file::sha256(&array[128..]));
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 3, "nothing else is left");
    let (_, again, _) = run();
    assert!(again == [picture, array], "the same command gives the same bytes");
}

/// A run with its logs, notes and progress, and with its report.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device_or_a_closed_pipe_is_no_crash() {
    use std::process::Stdio;
    let full = || {
        let device = std::fs::OpenOptions::new().write(true).open("/dev/full");
        Stdio::from(device.expect("a device"))
    };
    let closed = || Stdio::from(std::io::pipe().expect("a pipe").1);
    for (stdout, stderr, code) in [
        (Stdio::piped(), full(), 0),
        (Stdio::piped(), closed(), 0),
        (closed(), Stdio::piped(), 0),
        (closed(), closed(), 0),
        (full(), Stdio::piped(), 2),
        (full(), full(), 2),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
        let command = command.args(["train", "--steps", "300"]).env("RUST_LOG", "debug");
        let output = command.stdout(stdout).stderr(stderr).spawn().expect("it starts");
        let output = output.wait_with_output().expect("it ends");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(!message.contains('\u{1b}'), "colours in a pipe: {message}");
        if code == 2 && !message.is_empty() {
            assert!(message.contains("standard output: No space left"), "{message}");
        }
    }
}

/// Also where a name is not UTF-8, which JSON cannot hold as it is.
#[cfg(target_os = "linux")]
#[test]
fn a_card_records_the_command_as_a_shell_takes_it() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join(OsStr::from_bytes(b"it's \xff.png"));
    let words =
        ["sweep", "--x", "0.weight[0,1]=-3..3", "--size", "3x2", "--steps", "5", "--output"];
    let arguments = [words.map(OsStr::new).as_slice(), &[png.as_os_str()]].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_parity")).args(&arguments).output();
    let output = output.expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let card = std::fs::read(png.with_extension("json")).expect("it was written");
    let card: Value = serde_json::from_slice(&card).expect("JSON");
    let command = card["command"].as_str().expect("text");
    let script = format!("parity() {{ printf '%s\\n' \"$@\"; }}; {command}");
    let heard = Command::new("bash").args(["-c", &script]).output().expect("bash runs").stdout;
    let expected: Vec<u8> =
        arguments.iter().flat_map(|word| [word.as_bytes(), b"\n"].concat()).collect();
    assert_eq!(heard, expected, "{command}");
}

#[test]
fn a_wrong_adapter_is_an_error_with_the_right_ones() {
    for wanted in ["no such adapter", "99", " ", ""] {
        let output = parity(&["train", "--adapter", wanted]);
        let message = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{wanted:?}: {message}");
        assert!(message.contains("no adapter fits") && message.contains(": "), "{message}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    let command = command.arg("train").env("WGPU_ADAPTER_NAME", "no such adapter");
    let output = command.output().expect("it starts");
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("WGPU_ADAPTER_NAME"), "{message}");
}

#[test]
fn devices_lists_what_train_takes() {
    let output = parity(&["devices"]);
    let report = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0));
    let adapter = json(&["--steps", "1"])["adapter"]["name"].clone();
    let name = adapter.as_str().expect("a name");
    assert!(report.contains(&format!("{name} ← train")), "{report}");
    assert!(report.contains("because"), "{report}");
}

#[test]
fn devices_as_json_has_what_its_text_has() {
    let [text, json] = [&["devices"][..], &["devices", "--json"]].map(parity);
    let text = String::from_utf8(text.stdout).expect("text");
    let json: Value = serde_json::from_slice(&json.stdout).expect("one object");
    let keys: Vec<_> = json.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["adapters", "chosen", "error", "reason", "version"]);
    let word = |value: &Value| match value {
        Value::Bool(has) => String::from(if *has { "yes" } else { "no" }),
        Value::String(word) => word.clone(),
        number => number.to_string(),
    };
    let mut expected = String::new();
    for adapter in json["adapters"].as_array().expect("a list") {
        let abilities = &adapter["abilities"];
        let is_chosen = adapter["number"] == json["chosen"];
        let mark = if is_chosen { " ← train" } else { "" };
        let _ = writeln!(expected, "{}: {}{mark}", adapter["number"], word(&adapter["name"]));
        let mebibytes = |key: &str| abilities[key].as_u64().expect("bytes") >> 20;
        for (name, value) in [
            ("backend", word(&adapter["backend"])),
            ("driver", word(&adapter["driver"])),
            ("type", word(&adapter["device_type"])),
            ("timestamps", word(&abilities["timestamps"])),
            ("subgroups", word(&abilities["subgroups"])),
            ("f16", word(&abilities["f16"])),
            ("immediates", word(&abilities["immediates"])),
            ("invocations a workgroup", word(&abilities["invocations_per_workgroup"])),
            ("workgroup memory", format!("{} B", abilities["workgroup_memory_bytes"])),
            ("workgroups a dimension", word(&abilities["workgroups_per_dimension"])),
            ("storage buffers a stage", word(&abilities["storage_buffers_per_stage"])),
            ("largest binding", format!("{} MiB", mebibytes("largest_binding_bytes"))),
            ("largest buffer", format!("{} MiB", mebibytes("largest_buffer_bytes"))),
        ] {
            let _ = writeln!(expected, "     {name:<26}{value}");
        }
        expected.push('\n');
    }
    assert!(text.starts_with(&expected), "{text}\n{expected}");
    assert!(json["error"].is_null());
    let reason = word(&json["reason"]);
    assert!(text.ends_with(&format!(", because {reason}.\n")), "{text}");
}

#[test]
fn devices_as_json_lists_the_adapters_also_where_none_fits() {
    let output = parity(&["devices", "--json", "--adapter", "no such adapter"]);
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{message}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert!(!json["adapters"].as_array().expect("a list").is_empty());
    assert!(json["chosen"].is_null() && json["reason"].is_null());
    let error = json["error"].as_str().expect("why");
    assert_eq!(message, format!("error: {error}\n"));
    assert!(error.starts_with("--adapter no such adapter: no adapter fits"), "{error}");
}

#[test]
fn a_number_in_an_adapters_name_selects_it() {
    let listed = parity(&["devices", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("one object");
    let chosen = listed["chosen"].as_u64().expect("a number");
    let adapters = listed["adapters"].as_array().expect("a list");
    let chosen = adapters.iter().find(|adapter| adapter["number"] == chosen).expect("it is there");
    let name = chosen["name"].as_str().expect("a name");
    let is_digit = |c: char| c.is_ascii_digit();
    // "256" of "llvmpipe (LLVM 15.0.6, 256 bits)".
    let mut numbers = name.split(|c| !is_digit(c)).filter(|number| number.len() > 2);
    let Some(number) = numbers.next() else {
        println!("no adapter to try this on: {name} has no number of three digits");
        return;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    let command = command.args(["devices", "--json"]).env("WGPU_ADAPTER_NAME", number);
    let by_variable = command.output().expect("it starts").stdout;
    for found in [parity(&["devices", "--json", "--adapter", number]).stdout, by_variable] {
        let found: Value = serde_json::from_slice(&found).expect("one object");
        assert_eq!(found["chosen"], chosen["number"], "{found}");
    }
}

/// Resident memory of a process, in bytes, while it runs.
#[cfg(target_os = "linux")]
fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes = line.split_whitespace().nth(1).expect("a number");
    Some(1_024 * kibibytes.parse::<u64>().expect("a number"))
}

/// By less than 256 KiB in the second half of the run, 64 bytes a step at most; drivers fill their caches
/// in the first. The network is narrow: a step of it has the dispatches of a wide one, and takes
/// less time. With 64 neurons a layer, SwiftShader's caches are not full after 4,096 steps: memory
/// grows by 230 to 410 KiB in the second half of those, and by 16 KiB from step 9,832 to 11,061.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_steps() {
    // Progress has a line a second: on a GPU that takes more steps.
    let sizes = (13..30)
        .map(|exponent| resident_sizes(1 << exponent))
        .find(|sizes| sizes.len() >= 6)
        .expect("some run takes seconds");
    let (half, last) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
    assert!(last < half + (256 << 10), "{sizes:?}");
}

/// The resident memory of a run of `steps` steps at each of its lines of progress.
#[cfg(target_os = "linux")]
fn resident_sizes(steps: u64) -> Vec<u64> {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let arguments = ["train", "--bits", "8", "--layers", "8-8-8-1", "--no-reference", "--json"];
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_parity"))
        .args(arguments)
        .args(["--steps", &steps.to_string()])
        .env("PARITY_CACHE", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    // The last line may come as the process ends.
    let sizes: Vec<Option<u64>> = lines
        .map_while(|line| line.ok().filter(|line| line.starts_with("step ")))
        .map(|_| resident(child.id()))
        .collect();
    assert!(child.wait().expect("it ends").success());
    println!("resident after {steps} steps: {sizes:?}");
    sizes.into_iter().flatten().collect()
}
