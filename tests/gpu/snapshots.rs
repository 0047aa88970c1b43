//! The words and the layout of the text of commands, on any machine and driver: numbers are `#`, and
//! what an adapter decides is a name in `<>`.
//!
//! `INSTA_UPDATE=always cargo test --release --test gpu snapshots` accepts new ones; otherwise a text
//! that is not as in `snapshots/` fails.

use std::process::Command;

use regex_lite::Regex;

/// Columns of the widest line that a report wraps.
const WIDTH: usize = 100;

/// Fields of a report whose values depend on the machine.
const OF_MACHINE: [&str; 7] =
    ["adapter", "driver", "CPU", "clock", "machine", "peaks", "fingerprint"];

/// The text of a command.
fn printed(line: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a plain path");
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(line.split(' ').map(|word| word.replace("FOLDER", path)));
    command.envs(["PARITY_DATA", "PARITY_CACHE"].map(|name| (name, folder.path())));
    let output = command.output().expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {message}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.replace(path, "FOLDER").replace('\\', "/")
}

/// The text without what machines, drivers and runs decide.
fn normalised(text: &str) -> String {
    let mut lines: Vec<String> = vec![];
    for line in unwrapped(text).iter().map(|line| with_placeholders(line)) {
        // Equal rows count once.
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Joins the lines of a paragraph, of a field or of an item of a list, which end where numbers and
/// names let them.
fn unwrapped(text: &str) -> Vec<String> {
    let is_prose = |line: &str| !line.trim().is_empty() && !line.trim().contains("  ");
    let mut lines: Vec<String> = vec![];
    let mut last_width = 0;
    for line in text.lines() {
        let word = line.split_whitespace().next().unwrap_or_default().chars().count();
        let indent = line.len() - line.trim_start().len();
        let joins = lines.last().is_some_and(|before| {
            let is_full = last_width + 1 + word > WIDTH && is_prose(before) && is_prose(line);
            let is_full = is_full && (indent > 0 || last_width <= WIDTH);
            let is_field = indent == 9 && field(before).is_some();
            let is_item = indent == 2 && before.starts_with("- ");
            word > 0 && (is_full || is_field || is_item)
        });
        match lines.last_mut().filter(|_| joins) {
            Some(before) => *before = format!("{before} {}", line.trim()),
            None => lines.push(line.into()),
        }
        last_width = line.chars().count();
    }
    lines
}

/// The name and the value of a line such as `driver:  Mesa`.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic());
    is_name.then_some((name, value))
}

fn with_placeholders(line: &str) -> String {
    if let Some((name, _)) = field(line).filter(|(name, _)| OF_MACHINE.contains(name)) {
        return format!("{name}: <{name}>");
    }
    if line.starts_with("- ") {
        return "- <finding>".into();
    }
    // Numbers, but not the end of a name such as f64.
    let line = replaced(line, r"\b\d+([.,_]\d+)*(e[-+]?\d+)?\b", "#");
    let line = replaced(&line, r"(^|[\s\[])[-+]#", "$1#");
    let line = replaced(&line, r"# (ns|µs|ms|s)\b", "<time>");
    // A clock that is not trusted gives none.
    let line = line.replace(", GPU time <time>", "");
    let line = replaced(&line, r"[▁▂▃▄▅▆▇█][▁▂▃▄▅▆▇█ ]*", "<bar>");
    // Some drivers have a habit where others are right.
    let line = replaced(&line, r"^  (right|habit)  ", "  right ");
    replaced(&line, r"\s+", " ").trim_end().into()
}

fn replaced(text: &str, pattern: &str, with: &str) -> String {
    Regex::new(pattern).expect("a pattern").replace_all(text, with).into_owned()
}

fn assert_as_accepted(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_text_of_train_is_as_accepted() {
    assert_as_accepted("train", &normalised(&printed("train")));
}

#[test]
fn the_text_of_an_ensemble_is_as_accepted() {
    let text = printed("train --networks 300 --steps 500");
    assert_as_accepted("train-networks", &normalised(&text));
}

#[test]
fn the_text_of_sweep_is_as_accepted() {
    let text = printed("sweep --size 8x8 --steps 20 --output FOLDER/out.png");
    assert_as_accepted("sweep", &normalised(&text));
}

#[test]
fn the_text_of_verify_is_as_accepted() {
    assert_as_accepted("verify", &normalised(&printed("verify --quick --kernel activation")));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
fn the_text_of_bench_is_as_accepted() {
    let text = normalised(&printed("bench --suite kernels --kernel activation --quick"));
    // What a row has, and how many sizes there are, depends on the adapter.
    let text = replaced(&text, r"(\S*\[#\]) .*", "$1 <figures>");
    let text = replaced(&text, r"( \S*\[#\] <figures>\n)( \[#\] <figures>\n)+", "$1");
    // The system may not tell the load, and a row may be above its peak.
    let text = replaced(&text, r"\n(machine: <machine>|\*: .*)", "");
    assert_as_accepted("bench", &text);
}

#[test]
fn the_text_of_doctor_is_as_accepted() {
    assert_as_accepted("doctor", &normalised(&printed("doctor")));
}

/// The adapter that is used, without the others.
#[test]
fn the_text_of_devices_is_as_accepted() {
    let text = printed("devices");
    let parts = text.split("\n\n");
    let parts = parts.filter(|part| part.contains(" ← train") || part.contains("parity train"));
    let text = parts.collect::<Vec<_>>().join("\n\n");
    let text = replaced(&text, r"(?m)^     (\S+( \S+)*)  +\S.*$", " $1 <value>");
    let text = replaced(&text, r"(?m)^\d+: .* ←", "0: <adapter> ←");
    let closing = r"takes \d+: .* through \w+, because .*\.";
    let accepted = "takes 0: <adapter> through <backend>, because <reason>.";
    assert_as_accepted("devices", &normalised(&replaced(&text, closing, accepted)));
}

#[test]
fn placeholders_leave_words_and_layout() {
    let of = |text: &str| normalised(text);
    assert_eq!(of("driver:  Mesa 22.3\nrule:    10,000 steps"), "driver: <driver>\nrule: # steps");
    assert_eq!(of("  1   -8.2e-8   2-2-1\n  9   +1.0e-7   2-2-1"), " # # #-#-#");
    assert_eq!(of("wall time 0.1 s, GPU time 3 ms, f64"), "wall time <time>, f64");
    assert_eq!(of("- a finding in\n  two lines\n- another\nend"), "- <finding>\nend");
    let wide = format!("{} {}\nword", "a".repeat(60), "b".repeat(36));
    assert_eq!(of(&wide), wide.replace('\n', " "));
    assert_ne!(of("one word"), of("one world"));
    assert_ne!(of("one word\n\nmore"), of("one word\nmore"));
}
