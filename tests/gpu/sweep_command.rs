//! Sweeps of several processes, one after the other and at once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use parity::sweep::{Checkpoint, Identity};
use serde_json::Value;

#[cfg(unix)]
use crate::harness::in_shell;

/// What a small sweep has.
const PIXELS: usize = 9 * 5;
const SMALL: &[&str] = &["--size", "9x5", "--steps", "50"];

fn start(png: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.arg("sweep").args(arguments).arg("--output").arg(png);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// Waits for its good end; returns standard output and standard error.
fn finish(child: Child) -> [String; 2] {
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert_eq!(status.code(), Some(0), "{stderr}");
    [stdout, stderr]
}

fn sweep(png: &Path, arguments: &[&str]) -> [String; 2] {
    finish(start(png, arguments))
}

fn read(png: &Path, extension: &str) -> Vec<u8> {
    std::fs::read(png.with_extension(extension)).expect("it is there")
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    (folder, png)
}

fn count(folder: &tempfile::TempDir) -> usize {
    folder.path().read_dir().expect("a folder").count()
}

fn identity(png: &Path) -> Identity {
    let card: Value = serde_json::from_slice(&read(png, "json")).expect("a card");
    let (sweep, run) = card["identity"].as_str().expect("text").split_once(' ').expect("two");
    Identity { sweep: sweep.into(), run: run.into() }
}

#[test]
fn two_processes_at_once_on_the_same_sweep_both_end_well() {
    let (alone, alone_png) = folder();
    let several_tiles = &["--size", "256x192", "--steps", "200"];
    sweep(&alone_png, several_tiles);
    let (both, png) = folder();
    let children = [(), ()].map(|()| start(&png, several_tiles));
    for child in children {
        finish(child);
    }
    for extension in ["png", "npy"] {
        assert!(read(&png, extension) == read(&alone_png, extension), "{extension}");
    }
    assert_eq!([count(&alone), count(&both)], [3, 3], "nothing else is left");
}

#[test]
fn a_finished_sweep_says_so_and_is_trained_again_only_when_asked_to() {
    let (folder, png) = folder();
    let [report, _] = sweep(&png, SMALL);
    assert!(report.contains("network-steps/s"), "{report}");
    let files = ["png", "npy", "json"].map(|extension| read(&png, extension));
    let [report, _] = sweep(&png, SMALL);
    assert!(report.starts_with("already done: ") && report.contains("--again"), "{report}");
    let [card, note] = sweep(&png, &[SMALL, &["--json"]].concat());
    assert!(card.as_bytes() == files[2] && note.starts_with("already done"), "{note}");
    std::fs::remove_file(&png).expect("it is there");
    sweep(&png, SMALL);
    assert!(files == ["png", "npy", "json"].map(|extension| read(&png, extension)));
    for arguments in [&[SMALL, &["--again"]].concat(), &[SMALL, &["--seed", "5"]].concat()] {
        let [report, _] = sweep(&png, arguments);
        assert!(!report.contains("already done"), "{arguments:?}");
    }
    sweep(&png, SMALL);
    assert!(read(&png, "npy") == files[1]);
    let mut damaged = files[1].clone();
    damaged[200] ^= 1;
    std::fs::write(png.with_extension("npy"), damaged).expect("it is writable");
    let [report, _] = sweep(&png, SMALL);
    assert!(!report.contains("already done") && read(&png, "npy") == files[1], "{report}");
    assert_eq!(count(&folder), 3);
}

#[cfg(unix)]
#[test]
fn the_command_on_a_card_makes_the_same_picture_and_array() {
    let (_folder, png) = folder();
    let axes = ["--x", "learning-rate=0.1..10:log", "--y", "init-scale=0.5..4", "--seed", "7"];
    let others =
        ["--size", "7x5", "--steps", "40", "--layers", "2-3-1", "--value", "steps-to-solve"];
    sweep(&png, &[&axes[..], &others].concat());
    let files = ["png", "npy"].map(|extension| read(&png, extension));
    let card: Value = serde_json::from_slice(&read(&png, "json")).expect("a card");
    for extension in ["png", "npy", "json"] {
        std::fs::remove_file(png.with_extension(extension)).expect("it was there");
    }
    assert!(in_shell(card["command"].as_str().expect("a command")).status.success());
    assert!(files == ["png", "npy"].map(|extension| read(&png, extension)));
}

#[test]
fn what_a_run_that_lives_has_done_is_read_and_its_file_stays() {
    let (folder, png) = folder();
    sweep(&png, SMALL);
    let array = read(&png, "npy");
    let (values, _) = array[128..].as_chunks();
    let values: Vec<f32> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let identity = identity(&png);
    std::fs::remove_file(png.with_extension("json")).expect("it is there");
    let mut alive = Checkpoint::open(&png, &identity, PIXELS).expect("it is writable");
    alive.append(&values).expect("it is writable");
    let [report, note] = sweep(&png, SMALL);
    assert!(
        note.contains("going on after 45 pixels") && report.contains(" 0 networks"),
        "{report}"
    );
    assert!(alive.path().exists() && read(&png, "npy") == array);
    assert_eq!(count(&folder), 4);
    drop(alive);
    let [report, _] = sweep(&png, SMALL);
    assert!(report.starts_with("already done"), "{report}");
    assert_eq!(count(&folder), 3, "what it left is removed");
}

#[test]
fn a_partial_of_another_adapter_is_noted_and_the_sweep_starts_over() {
    let (folder, png) = folder();
    sweep(&png, SMALL);
    let array = read(&png, "npy");
    let there = Identity { run: "there".into(), ..identity(&png) };
    std::fs::remove_file(png.with_extension("json")).expect("it is there");
    let mut partial = Checkpoint::open(&png, &there, PIXELS).expect("it is writable");
    partial.append(&[7.0; PIXELS]).expect("it is writable");
    drop(partial);
    let [_, note] = sweep(&png, SMALL);
    assert!(note.contains("another adapter") && note.contains("starting over"), "{note}");
    assert!(read(&png, "npy") == array);
    assert_eq!(count(&folder), 3);
}
