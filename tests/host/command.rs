//! The command line where it fails: one sentence, the right exit code, and nothing written.

use std::path::Path;
use std::process::{Command, Output};

use parity::task::{Init, LayerSizes, Parameters, state_dict};

/// Runs `parity` where there is no adapter, so that whatever fails earlier fails by itself.
fn parity(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parity"))
        .args(arguments)
        .env("WGPU_BACKEND", if cfg!(target_vendor = "apple") { "dx12" } else { "metal" })
        .env_remove("WGPU_ADAPTER_NAME")
        .output()
        .expect("it starts")
}

/// It must fail with this code, say why in a line with these words, and print nothing else.
fn assert_fails(arguments: &[&str], code: i32, words: &[&str]) {
    let output = parity(arguments);
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(message.starts_with("error: "), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: no {word:?} in {message}");
    }
}

fn assert_refused(arguments: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (save, csv) = (folder.path().join("save"), folder.path().join("csv"));
    let outputs = ["--save", text(&save), "--csv", text(&csv)];
    assert_fails(&[&["train"], arguments, &outputs].concat(), 2, words);
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "{arguments:?} wrote");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn bad_arguments_are_refused() {
    assert_refused(&["xnor"], &["xnor", "perceptron", "backprop-corrected"]);
    assert_refused(&["--layers", "2-0-1"], &["--layers 2-0-1", "0 neurons"]);
    assert_refused(&["--layers", "2"], &["--layers 2", "2-2-1"]);
    assert_refused(&["--layers", "2-x-1"], &["--layers 2-x-1"]);
    assert_refused(&["--layers", "2-2-2"], &["last layer"]);
    assert_refused(&["--layers", "3-2-1"], &["3 inputs", "--bits 2"]);
    assert_refused(&["--bits", "8", "--layers", "2-2-1"], &["2 inputs", "--bits 8"]);
    assert_refused(&["--bits", "1"], &["--bits 1", "2 (XOR)"]);
    assert_refused(&["--bits", "17"], &["--bits 17", "16"]);
    for rate in ["nan", "inf", "0", "-1", "1e39", "1e-50"] {
        assert_refused(&["--learning-rate", rate], &["--learning-rate", "finite"]);
    }
    assert_refused(&["--steps", "0"], &["--steps"]);
    assert_refused(&["--log-every", "0"], &["--log-every"]);
    assert_refused(&["--steps", "100000000", "--log-every", "1"], &["--log-every 1"]);
    assert_refused(&["--backend", "glide"], &["glide", "vulkan", "metal", "dx12", "gl"]);
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8_are_paths_or_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff.png");
    for (words, expected) in [
        (&["train", "--layers"][..], "not UTF-8"),
        (&["train"], "expected xor"),
        (&[], "no such command"),
        (&["train", "--init-from"], "No such file"),
        (&["verify", "--init-from"], "No such file"),
        (&["train", "--backend"], "expected vulkan"),
        (&["sweep", "--size", "0x0", "--output"], "--size 0x0"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
        let output = command.args(words).arg(odd).output().expect("it starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {message}");
        assert!(message.contains(expected), "{words:?}: {message}");
    }
}

#[test]
fn a_suite_that_does_not_exist_is_refused() {
    assert_fails(&["bench", "--suite", "speed"], 2, &["speed", "training"]);
}

#[test]
fn bad_benchmarks_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("it is writable");
    let long = "x".repeat(101);
    for (arguments, words) in [
        (&["--save", &long][..], &["--save", "100"][..]),
        (&["--save", "../x"], &["--save", "letters"]),
        (&["--compare", "nothing-of-this-name"], &["--save makes such a file"]),
        (&["--compare", "a", "--fail-on-regression", "-5"], &["not negative"]),
        (&["--suite", "peaks", "--plot", "x"], &["--plot", "peaks"]),
        (&["--plot", text(&file)], &["file", "no folder"]),
        (&["--budget", "-1"], &["--budget"]),
    ] {
        if !cfg!(debug_assertions) {
            assert_fails(&[&["bench"], arguments].concat(), 2, words);
        }
    }
}

#[test]
fn what_a_check_does_not_heed_is_refused() {
    for option in [["--preset", "backprop"], ["--steps", "3"], ["--every", "5"]] {
        let arguments = [&["verify", "--kernel", "peak_copy"], &option[..]].concat();
        assert_fails(&arguments, 2, &["--kernel", option[0]]);
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_build_without_optimisation_is_not_measured() {
    assert_fails(&["bench"], 2, &["--release"]);
}

#[test]
fn an_output_that_cannot_be_written_is_noticed_before_the_run() {
    assert_fails(&["train", "--save", "same", "--csv", "same"], 2, &["same file"]);
    for option in ["--save", "--csv"] {
        assert_fails(
            &["train", option, "missing/file"],
            2,
            &["missing/file", "there is no folder"],
        );
        assert_fails(&["train", option, "/"], 2, &["folder"]);
    }
}

#[test]
fn bad_ensembles_are_refused() {
    assert_fails(&["train", "--networks", "0"], 2, &["--networks"]);
    assert_fails(&["train", "--networks", "4294967297"], 2, &["--networks"]);
    assert_fails(&["train", "--networks", "9", "--save", "x"], 2, &["--networks", "--save"]);
    assert_fails(&["train", "--networks", "9", "--sample", "9"], 2, &["--sample 9", "0 to 8"]);
    assert_fails(&["train", "--networks", "9", "--init", "normal"], 2, &["uniform"]);
    assert_fails(&["train", "backprop", "--networks", "9"], 2, &["plain SGD"]);
    assert_fails(&["train", "--networks", "9", "--solved-below", "nan"], 2, &["--solved-below"]);
    assert_fails(&["train", "--vary", "learning-rate=1..2"], 2, &["--vary", "--networks"]);
    let seeds = ["train", "--networks", "9", "--vary", "seed=1..2"];
    assert_fails(&seeds, 2, &["--vary", "learning-rate"]);
    let nothing = ["train", "--networks", "9", "--vary", "learning-rate=2..1"];
    assert_fails(&nothing, 2, &["--vary learning-rate=2..1", "below"]);
    let rates = ["train", "--networks", "9", "--vary", "learning-rate=1..2"];
    assert_fails(&[&rates[..], &["--vary", "learning-rate=3..4"]].concat(), 2, &["twice"]);
    assert_fails(&[&rates[..], &["--learning-rate", "3"]].concat(), 2, &["--learning-rate", "all"]);
    assert_fails(&["train", "--solved-below", "0.1"], 2, &["--networks"]);
    assert_fails(&["train", "--member", "4294967296"], 2, &["--member"]);
}

#[test]
fn bad_sweeps_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let refused = |arguments: &[&str], words: &[&str]| {
        assert_fails(&[&["sweep", "-o", text(&png)], arguments].concat(), 2, words);
        let left = folder.path().read_dir().expect("a folder").count();
        assert_eq!(left, 0, "{arguments:?} wrote");
    };
    refused(&["--x", "learning-rate=0..0:log"], &["--x learning-rate=0..0:log", "below"]);
    refused(&["--x", "learning-rate=0..1:log"], &["above 0"]);
    refused(&["--y", "init-scale=nan"], &["--y init-scale=nan", "range"]);
    refused(&["--y", "init-scale=nan..1"], &["finite"]);
    refused(&["--x", "temperature=0..1"], &["unknown name", "learning-rate", "0.weight[0,1]"]);
    refused(&["--x", "0.weight[2,0]=0..1"], &["unknown name"]);
    refused(&["--x", "init-scale=0..1", "--y", "init-scale=1..2"], &["both set init-scale"]);
    for size in ["0x5", "5x0", "5", "x", "100000x100000", "99999999999999999999x2"] {
        refused(&["--size", size], &["--size"]);
    }
    refused(&["--center", "1,1"], &["--zoom"]);
    refused(&["--center", "-5,1", "--zoom", "2"], &["-5 is not inside"]);
    refused(&["--x", "seed=0..512", "--seed", "3"], &["--seed", "axis"]);
    let weight = "0.weight[0,0]=";
    let (range, [one, two]) = (format!("{weight}0..1"), [1, 2].map(|n| format!("{weight}{n}")));
    refused(&["--x", &range, "--set", &one], &["--set", "axis"]);
    refused(&["--set", &one, "--set", &two], &["--set", "twice"]);
    refused(&["--center", "1", "--zoom", "2"], &["--center 1", "two numbers"]);
    refused(&["--center", "1,1", "--zoom", "0"], &["--zoom 0"]);
    refused(&["--center", "5000,1", "--zoom", "2"], &["not inside"]);
    refused(&["--center", "1,1", "--zoom", "1e9"], &["--zoom 1000000000.0", "one and the same"]);
    refused(&["--set", "0.weight[0,0]=nan"], &["--set"]);
    refused(&["--set", "3.weight[0,0]=1"], &["--set"]);
    refused(&["--layers", "2-9-9-1"], &["one hidden layer"]);
    refused(&["--output-activation", "tanh"], &["squared-error"]);
    refused(&["--momentum", "1"], &["--momentum"]);
    assert_fails(&["sweep", "-o", "out.jpg"], 2, &["out.jpg", ".png"]);
    assert_fails(&["sweep", "-o", "missing/out.png"], 2, &["there is no folder"]);
    assert_fails(&["sweep"], 2, &["--output"]);
}

#[test]
fn ranges_that_f32_does_not_resolve_are_refused_before_the_adapter_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let sweep = ["sweep", "-o", text(&png)];
    let fine = ["--x", "learning-rate=1..1.00000001", "--size", "64x2"];
    assert_fails(&[&sweep[..], &fine].concat(), 2, &["--x learning-rate=1..1.00000001", "1.2e-7"]);
    let weights = ["--x", "0.weight[0,0]=-5..5", "--y", "0.weight[0,1]=-5..5"];
    let zoom = ["--center", "0,0", "--zoom", "1e30"];
    assert_fails(&[&sweep[..], &weights, &zoom].concat(), 2, &["--zoom 1e30", "0.weight[0,0]"]);
    let seeds = ["--x", "seed=0..40"];
    assert_fails(&[&sweep[..], &seeds].concat(), 2, &["--x seed=0..40", "512", "40 seeds"]);
    for range in ["1e-50..1e-46:log", "0..1", "1..1.00000001"] {
        let axis = format!("learning-rate={range}");
        for many in [["--networks", "9"], ["--member", "9"]] {
            let vary = ["train", "--vary", &axis];
            assert_fails(&[&vary[..], &many].concat(), 2, &["--vary", &axis, "f32"]);
        }
    }
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn a_wrong_backend_in_the_environment_is_an_error_with_the_right_ones() {
    let output = Command::new(env!("CARGO_BIN_EXE_parity"))
        .arg("devices")
        .env("WGPU_BACKEND", "glide")
        .output()
        .expect("it starts");
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("glide") && message.contains("vulkan, metal, dx12, gl"), "{message}");
}

#[test]
fn no_adapter_of_the_wanted_kind_is_an_error() {
    assert_fails(&["train"], 3, &["no adapter"]);
    assert_fails(&["devices"], 3, &["no adapter"]);
    if !cfg!(debug_assertions) {
        assert_fails(&["bench"], 3, &["no adapter"]);
    }
}

#[test]
fn devices_as_json_is_an_object_also_without_an_adapter() {
    let output = parity(&["devices", "--json"]);
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(3), "{message}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(json["adapters"], serde_json::json!([]));
    assert!(json["chosen"].is_null() && json["reason"].is_null());
    assert_eq!(message, format!("error: {}\n", json["error"].as_str().expect("why")));
}

#[cfg(target_os = "linux")]
#[test]
fn no_adapter_at_all_is_an_error_that_says_what_to_install() {
    for command in ["train", "devices"] {
        let output = Command::new(env!("CARGO_BIN_EXE_parity"))
            .arg(command)
            .env_remove("WGPU_BACKEND")
            .env("VK_DRIVER_FILES", "/missing")
            .env("VK_ICD_FILENAMES", "/missing")
            .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/missing")
            .output()
            .expect("it starts");
        let message = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(3), "{message}");
        assert!(message.contains("apt install mesa-vulkan-drivers"), "{message}");
    }
}

/// Standard error on a full device, and into a pipe whose reader has gone.
#[cfg(target_os = "linux")]
#[test]
fn errors_and_logs_that_cannot_be_written_are_no_crash() {
    for (arguments, code) in
        [(&["train", "--steps", "0x"][..], 2), (&["train"], 3), (&["devices"], 3)]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let (_, closed) = std::io::pipe().expect("a pipe");
        for stderr in [std::process::Stdio::from(full), closed.into()] {
            let status = Command::new(env!("CARGO_BIN_EXE_parity"))
                .args(arguments)
                .env("WGPU_BACKEND", "metal")
                .env("RUST_LOG", "trace")
                .stderr(stderr)
                .status()
                .expect("it starts");
            assert_eq!(status.code(), Some(code), "{arguments:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_an_error_with_a_code() {
    for arguments in [&["--help"][..], &["train", "--help"], &["--version"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let (_, closed) = std::io::pipe().expect("a pipe");
        for (stdout, code) in [(std::process::Stdio::from(full), 2), (closed.into(), 0)] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
            let output =
                command.args(arguments).stdout(stdout).stderr(std::process::Stdio::piped());
            let output = output.spawn().and_then(std::process::Child::wait_with_output);
            let output = output.expect("it ends");
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
            assert_eq!(message.contains("standard output"), code == 2, "{message}");
        }
    }
}

/// A file with the parameters of 2-2-1.
fn good_file(folder: &Path) -> Vec<u8> {
    let sizes: LayerSizes = "2-2-1".parse().expect("a network");
    let path = folder.join("good");
    let parameters = Parameters::initialise(&sizes, Init::Torch, 0);
    state_dict::save(&path, &parameters).expect("it is writable");
    let loaded = state_dict::load(&path, &sizes).expect("it is good");
    assert_eq!((loaded.parameters, loaded.note), (parameters, None));
    std::fs::read(path).expect("it is there")
}

#[test]
fn bad_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = good_file(folder.path());
    let replaced = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len(), "the file keeps its layout");
        let start = good.windows(from.len()).position(|window| window == from).expect("it occurs");
        [&good[..start], to, &good[start + from.len()..]].concat()
    };
    let nan = [&good[..good.len() - 4], &f32::NAN.to_le_bytes()].concat();
    for (case, bytes, words) in [
        ("empty", vec![], "safetensors"),
        ("truncated", good[..good.len() - 1].to_vec(), "safetensors"),
        ("longer", [good.as_slice(), &[0]].concat(), "safetensors"),
        ("names", replaced(b"2.bias", b"3.bias"), "3.bias"),
        ("dtype", replaced(b"F32", b"I32"), "I32"),
        ("shape", replaced(b"[1,2]", b"[2,1]"), "[2, 1]"),
        ("nan", nan, "NaN"),
    ] {
        let path = folder.path().join(case);
        std::fs::write(&path, bytes).expect("it is writable");
        assert_refused(&["--init-from", text(&path)], &[case, words]);
    }
    let missing = folder.path().join("missing");
    assert_refused(&["--init-from", text(&missing)], &["missing"]);
    let path = folder.path().join("good");
    let wrong = ["--layers", "2-3-1", "--init-from", text(&path)];
    assert_refused(&wrong, &["[2, 2]", "[3, 2]", "holds a network 2-2-1"]);
    let deeper = ["--layers", "2-2-2-1", "--init-from", text(&path)];
    assert_refused(&deeper, &["4.weight", "holds a network 2-2-1"]);
}

#[test]
fn no_truncated_or_damaged_file_makes_it_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = good_file(folder.path());
    let sizes: LayerSizes = "2-2-1".parse().expect("a network");
    for end in 0..good.len() {
        assert!(state_dict::parse(&good[..end], &sizes).is_err(), "the first {end} bytes");
    }
    for index in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = good.clone();
            damaged[index] ^= flip;
            if let Ok(loaded) = state_dict::parse(&damaged, &sizes) {
                let finite = loaded.parameters.values().all(f32::is_finite);
                assert!(finite, "byte {index} ^ {flip}");
            }
        }
    }
}
