//! SIGINT, SIGTERM and SIGHUP: what a run leaves behind, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parity::numeric::philox4x32;
use parity::task::state_dict;

/// Runs of `train --save` that a signal ends at a random moment, unless this variable says how many.
const RUNS: u32 = 9;
const RUNS_VARIABLE: &str = "PARITY_TEST_SIGNALS";

/// More steps than a test can wait for.
const ENDLESS: &str = "1000000000000";

fn start(arguments: &[&str]) -> Child {
    start_by(&[env!("CARGO_BIN_EXE_parity")], arguments)
}

/// Starts it by way of another program.
fn start_by(program: &[&str], arguments: &[&str]) -> Child {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).args(arguments).env("RUST_LOG", "off,parity=debug");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn send(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).expect("a process");
    kill(Pid::from_raw(id), signal).expect("it runs");
}

/// A set of signals of a process, as /proc has it.
fn signals(child: &Child, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("it runs");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    u64::from_str_radix(line.split_whitespace().nth(1).expect("a set"), 16).expect("hexadecimal")
}

/// Waits until it has started so far as to listen for signals.
fn wait_until_it_listens(child: &Child) {
    while signals(child, "SigCgt:") & 1 << (Signal::SIGTERM as u32 - 1) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for `count` lines on standard error, which has one for each submission, or for the last
/// before the run is repeated on the CPU.
fn wait_for_lines(child: &mut Child, count: u32) {
    let mut errors = BufReader::new(child.stderr.as_mut().expect("a pipe"));
    let mut line = String::new();
    for _ in 0..count {
        line.clear();
        assert_ne!(errors.read_line(&mut line).expect("text"), 0, "it ended early");
        if line.contains("repeating") {
            break;
        }
    }
}

fn finish(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

fn metadata(path: &Path) -> std::collections::HashMap<String, String> {
    let bytes = std::fs::read(path).expect("it is there");
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("it is whole");
    header.metadata().clone().unwrap_or_default()
}

#[test]
fn a_stopped_run_saves_the_last_counted_state_with_its_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let [path, again] = ["stopped", "again"].map(|name| folder.path().join(name));
    let [path_text, again_text] = [&path, &again].map(|path| path.to_str().expect("plain"));
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    for (engine, signal) in [("fused", signals), ("layered", signals)]
        .into_iter()
        .flat_map(|(engine, signals)| signals.map(|signal| (engine, signal)))
    {
        std::fs::write(&path, "old").expect("it is writable");
        let mut run = vec!["train", "--no-reference", "--engine", engine];
        if engine == "layered" {
            run.push("--no-tune");
        }
        let endless = ["--steps", ENDLESS, "--log-every", "1000000", "--save", path_text];
        // Where the tests run under nohup, SIGHUP would be ignored.
        let program = ["env", "--default-signal=HUP", env!("CARGO_BIN_EXE_parity")];
        let mut child = start_by(&program, &[&run[..], &endless].concat());
        // The first dispatches of the layered engine go one by one.
        wait_for_lines(&mut child, if engine == "fused" { 5 } else { 30 });
        send(&child, signal);
        let (code, message) = finish(child);
        assert_eq!(code, Some(130), "{engine}, {signal}: {message}");
        let found = metadata(&path);
        let step = &found["step"];
        assert_eq!(found["comparison"], "not compared");
        assert!(message.contains(&format!("interrupted at step {step} of {ENDLESS}")), "{message}");
        assert!(message.contains("not compared"), "{message}");
        let whole = ["--steps", step, "--log-every", "1000000", "--save", again_text];
        let (code, message) = finish(start(&[&run[..], &whole].concat()));
        assert_eq!(code, Some(0), "{message}");
        let sizes = "2-2-1".parse().expect("a network");
        let [stopped, whole] = [&path, &again].map(|path| state_dict::load(path, &sizes));
        let [stopped, whole] = [stopped, whole].map(|loaded| loaded.expect("whole").parameters);
        assert_eq!(stopped, whole, "{engine}, step {step}");
        assert!(metadata(&again).is_empty());
    }
}

/// At random moments after the start: while the adapter is opened, while it compiles, trains, saves,
/// or repeats the run on the CPU.
#[test]
fn train_save_ended_at_random_moments_leaves_a_whole_file_or_the_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("saved");
    let save = ["--save", path.to_str().expect("plain")];
    let runs = std::env::var(RUNS_VARIABLE).map_or(RUNS, |runs| runs.parse().expect("a number"));
    let endless = ["--steps", ENDLESS, "--log-every", "1000000"];
    let kinds = [
        ("2-2-1", [&["--engine", "fused"][..], &endless].concat()),
        ("2-2-1", [&["--engine", "layered", "--no-tune"][..], &endless].concat()),
        ("8-32-1", vec!["--bits", "8", "--layers", "8-32-1", "--steps", "8000"]),
    ];
    let mut counts = [0, 0];
    for run in 0..runs {
        let (layers, arguments) = &kinds[run as usize % kinds.len()];
        std::fs::write(&path, "old").expect("it is writable");
        let mut child = start(&[&["train"], &arguments[..], &save].concat());
        wait_until_it_listens(&child);
        let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("now").subsec_nanos();
        let [lines, moment, ..] = philox4x32([run, 0, 0, 0], [seed, 0]);
        let (lines, moment) = (lines % 50, Duration::from_micros((moment % 50_000).into()));
        wait_for_lines(&mut child, lines);
        std::thread::sleep(moment);
        send(&child, Signal::SIGTERM);
        let (code, message) = finish(child);
        let what = format!("{arguments:?} {moment:?} after line {lines}: {message}");
        assert_eq!(code, Some(130), "{what}");
        let is_old = std::fs::read(&path).expect("it is there") == b"old";
        assert_eq!(is_old, message.contains("nothing was saved"), "{what}");
        counts[usize::from(is_old)] += 1;
        if !is_old {
            let step = &metadata(&path)["step"];
            assert!(message.contains(&format!("interrupted at step {step} of")), "{what}");
            let sizes = layers.parse().expect("a network");
            state_dict::load(&path, &sizes).expect("a whole file");
        }
        let left = folder.path().read_dir().expect("a folder").count();
        assert_eq!(left, 1, "nothing else is left: {what}");
    }
    println!("{} of {runs} saved a state, {} kept the old file", counts[0], counts[1]);
}

#[test]
fn every_command_ends_with_130_at_sigterm() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let png = png.to_str().expect("plain");
    for arguments in [
        &["train", "--networks", "4000000000", "--steps", "1000000"][..],
        &["sweep", "--steps", "1000000", "--output", png],
        &["verify"],
        &["bench", "--suite", "kernels"],
        &["doctor"],
        &["devices"],
    ] {
        if cfg!(debug_assertions) && arguments[0] == "bench" {
            continue;
        }
        let child = start(arguments);
        wait_until_it_listens(&child);
        send(&child, Signal::SIGTERM);
        let (code, message) = finish(child);
        assert_eq!(code, Some(130), "{arguments:?}: {message}");
    }
    assert!(!Path::new(png).exists());
}

/// A run that waits for whoever opens the other end of a pipe cannot see that it should stop.
#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("pipes are known");
    let pipe = pipe.to_str().expect("plain");
    let mut child = start(&["train", "--steps", "10", "--no-reference", "--save", pipe]);
    // It is at the pipe when its report is out.
    let mut report = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(report.any(|line| line.expect("text").contains("Not learned")));
    std::thread::sleep(Duration::from_millis(50));
    send(&child, Signal::SIGTERM);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(child.try_wait().expect("its state"), None, "the first waits for the pipe");
    send(&child, Signal::SIGINT);
    assert_eq!(finish(child).0, Some(130));
}

#[test]
fn a_hangup_that_nohup_ignores_stays_ignored() {
    let program = ["env", "--ignore-signal=HUP", env!("CARGO_BIN_EXE_parity")];
    let run = ["train", "--engine", "layered", "--no-tune", "--steps", "200", "--no-reference"];
    let mut child = start_by(&program, &run);
    wait_for_lines(&mut child, 1);
    send(&child, Signal::SIGHUP);
    let mut rest = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut rest).expect("text");
    assert_eq!(finish(child).0, Some(0), "{rest}");
}
