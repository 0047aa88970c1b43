//! The help texts, word for word.
//!
//! `INSTA_UPDATE=always cargo test --release --test host snapshots`
//! accepts new ones; otherwise a text that is not as in `snapshots/` fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use parity::cli::Cli;

fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    // Help is wrapped to the width of the terminal.
    command.env("COLUMNS", "100");
    let output = command.args(arguments).arg("--help").output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text").replace("parity.exe", "parity")
}

/// The commands that help lists.
fn commands() -> Vec<String> {
    let command = Cli::command();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| command.get_name().into()).collect()
}

fn assert_help(name: &str, arguments: &[&str]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, help(arguments)));
}

#[test]
fn the_help_of_parity_is_as_accepted() {
    assert_help("parity", &[]);
}

#[test]
fn the_help_of_each_command_is_as_accepted() {
    for command in commands() {
        assert_help(&format!("parity-{command}"), &[&command]);
    }
}

#[test]
fn every_snapshot_is_of_a_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/snapshots");
    let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let accepted = paths.filter(|path| path.extension().is_some_and(|end| end == "snap"));
    let found: BTreeSet<_> = accepted
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    let expected = commands().into_iter().map(|command| format!("parity-{command}"));
    assert_eq!(found, expected.chain(["parity".into()]).collect());
}
