//! The program on a driver that reports success and executes nothing: nothing that it says may be
//! believed, and nothing may be saved.

use std::path::Path;
use std::process::Output;

use parity::verify::KERNELS;

use crate::devices::{on, parity};

const DEVICE: &str = "amd:navi31";

/// What files hold before a run.
const OLD: &str = "old";

/// Runs a command in a folder with these old files; afterwards they must be as they were, with nothing
/// beside them.
fn run(arguments: &[&str], files: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let own = tempfile::tempdir().expect("a folder");
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is writable");
        std::fs::write(path, OLD).expect("it is writable");
    }
    let mut command = on(DEVICE, parity());
    command.args(arguments).current_dir(folder.path());
    command.env("PARITY_CACHE", own.path()).env("PARITY_DATA", folder.path());
    let output = command.output().expect("it starts");
    let mut left = vec![];
    list(folder.path(), &mut left);
    let names: Vec<_> = left.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = files.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected, "{arguments:?} leaves other files");
    for (name, content) in &left {
        assert_eq!(content, OLD.as_bytes(), "{arguments:?} overwrote {name}");
    }
    let mut cached = vec![];
    list(own.path(), &mut cached);
    assert!(cached.is_empty(), "{arguments:?} keeps what was tuned: {cached:?}");
    output
}

/// Every file below a folder, by its path, with what it holds.
fn list(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in folder.read_dir().expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).expect("it is below").display().to_string();
                found.push((name, std::fs::read(&path).expect("it can be read")));
            }
        }
    }
    walk(folder, folder, found);
    found.sort();
}

/// Runs a command, which must end with this exit code and say why.
fn refuses(code: i32, arguments: &[&str], files: &[&str]) -> Output {
    let output = run(arguments, files);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    output
}

/// The same for a run that has nothing to report.
fn fails(arguments: &[&str], files: &[&str]) {
    let output = refuses(4, arguments, files);
    assert!(output.stdout.is_empty(), "{arguments:?} reports something");
    let message = String::from_utf8_lossy(&output.stderr);
    let last = message.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: the device "), "{arguments:?}: {last}");
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn train_saves_nothing_where_nothing_was_executed() {
    let files = ["--save", "saved", "--csv", "losses"];
    for arguments in [
        &["xor"][..],
        &["xor", "--json"],
        &["xor", "--no-reference", "--no-loop-limit"],
        &["perceptron"],
        &["backprop-corrected"],
        &["--engine", "layered"],
        &["--engine", "layered", "--no-tune"],
        &["--layers", "2-4-4-1"],
        &["--layers", "8-32-1", "--bits", "8"],
        &["--layers", "8-256-1", "--bits", "8", "--steps", "20"],
        &["--member", "3"],
    ] {
        fails(&[&["train"], arguments, &files].concat(), &["saved", "losses"]);
    }
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn an_ensemble_counts_no_network_as_solved_where_nothing_was_executed() {
    for arguments in
        [&["--networks", "1"][..], &["--networks", "1000"], &["--networks", "9", "--json"]]
    {
        fails(&[&["train", "--steps", "100"], arguments].concat(), &[]);
    }
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn a_sweep_leaves_old_pictures_where_nothing_was_executed() {
    for value in ["final-loss", "steps-to-solve", "convergence"] {
        let sweep = ["sweep", "--size", "8x4", "--value", value, "-o", "a.png"];
        fails(&sweep, &["a.png", "a.npy", "a.json"]);
    }
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn every_check_of_verify_fails_where_nothing_was_executed() {
    refuses(1, &["verify", "--quick"], &[]);
    refuses(1, &["verify", "--quick", "--json"], &[]);
    // Its child processes are not started with the libraries of this device.
    refuses(4, &["verify", "--sabotage", "--kernel", "activation"], &[]);
    for kernel in KERNELS.iter().filter(|kernel| !kernel.spec.needs_subgroups()) {
        refuses(1, &["verify", "--quick", "--kernel", kernel.spec.name], &[]);
    }
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn bench_times_and_keeps_nothing_where_nothing_was_executed() {
    let kernel = ["--suite", "kernels", "--kernel", "activation", "--size", "4096"];
    let keep = ["bench", "--quick", "--save", "x"];
    let output = refuses(1, &[&keep[..], &kernel].concat(), &["bench/x.json"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("WRONG, no times: activation"), "{report}");
    let files = ["--csv", "times.csv", "--plot", "."];
    let files = [&["bench", "--quick"], &kernel[..], &files].concat();
    refuses(1, &files, &["times.csv", "roofline.svg", "times.svg"]);
    refuses(4, &[&keep[..], &["--suite", "training"]].concat(), &["bench/x.json"]);
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn doctor_finds_an_adapter_wrong_that_executes_nothing() {
    for arguments in [&["doctor"][..], &["doctor", "--json"]] {
        let output = refuses(1, arguments, &[]);
        assert!(!output.stdout.is_empty(), "{arguments:?} says what is wrong");
    }
}
