//! Rules that the source text must keep, so that the design stays what the documentation says.

use std::path::{Path, PathBuf};

/// Which modules of the crate each module may use; `main` may use all.
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "bench",
        &[
            "cpu", "error", "file", "gpu", "kernels", "numeric", "sweep", "task", "train", "tune",
            "verify",
        ],
    ),
    (
        "cli",
        &[
            "bench", "error", "file", "gpu", "numeric", "plot", "report", "sweep", "task", "train",
            "tune", "verify",
        ],
    ),
    ("cpu", &["numeric", "task"]),
    ("error", &[]),
    ("file", &["error"]),
    ("gpu", &["error"]),
    ("kernels", &["error", "gpu", "task"]),
    ("numeric", &[]),
    ("plot", &["error"]),
    (
        "report",
        &["bench", "error", "file", "gpu", "numeric", "plot", "sweep", "task", "train", "verify"],
    ),
    ("sweep", &["error", "file", "gpu", "kernels", "numeric", "task", "train"]),
    ("task", &["error", "file", "numeric"]),
    ("train", &["cpu", "error", "gpu", "kernels", "numeric", "task", "tune"]),
    ("tune", &["cpu", "error", "file", "gpu", "kernels", "numeric"]),
    ("verify", &["cpu", "error", "file", "gpu", "kernels", "numeric", "sweep", "task", "train"]),
];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The code of `src/`: each file's path below it, and its lines without comments, up to its tests.
fn sources() -> Vec<(String, Vec<String>)> {
    let source = root().join("src");
    let mut sources = vec![];
    for path in files(&source) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        let code = code.filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned);
        let name = path.strip_prefix(&source).expect("it is below").display().to_string();
        let name = name.replace('\\', "/");
        sources.push((name, code.collect()));
    }
    assert!(sources.len() > 20, "src/ was not found");
    sources
}

/// Fails at each line with one of the words in a file outside of `allowed` (starts of paths).
fn only_in(allowed: &[&str], words: &[&str]) {
    for (file, lines) in sources() {
        if allowed.iter().any(|start| file.starts_with(start)) {
            continue;
        }
        for line in lines {
            let found = words.iter().find(|word| line.contains(**word));
            assert!(found.is_none(), "src/{file} must not have {found:?}: {line}");
        }
    }
}

#[test]
fn only_the_machinery_speaks_to_wgpu() {
    only_in(&["gpu/"], &["wgpu::"]);
}

#[test]
fn the_reference_knows_nothing_of_wgpu() {
    let cpu = sources().into_iter().filter(|(file, _)| file.starts_with("cpu/"));
    for (file, lines) in cpu {
        assert!(!lines.iter().any(|line| line.contains("wgpu")), "src/{file}");
    }
}

#[test]
fn the_library_never_blocks() {
    only_in(&["main.rs"], &["pollster", "block_on"]);
}

#[test]
fn only_reports_print() {
    only_in(&["report/"], &["println!", "print!(", "stdout()", "stderr()"]);
}

/// Others would write the shortest decimals of values of 32 bits, which are other numbers in 64.
#[test]
fn only_one_function_writes_the_json_of_reports() {
    // The last is what a child process tells its parent.
    let files =
        ["report/export/json.rs", "bench/best.rs", "file/list.rs", "cli/sabotage/try_mutants.rs"];
    only_in(&files, &["serde_json::to_", "serde_json::ser"]);
}

#[test]
fn only_main_exits() {
    only_in(&["main.rs"], &["process::exit"]);
}

/// `std::env::args` panics where an argument is not UTF-8.
#[test]
fn arguments_are_read_in_one_place_as_bytes() {
    only_in(&["cli/command_line.rs"], &["env::args"]);
    only_in(&[], &["env::args()"]);
}

#[test]
fn only_kernels_include_shaders() {
    only_in(&["kernels/"], &["include_str!"]);
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    only_in(&[], &["#[allow", "#![allow"]);
    for (file, lines) in sources() {
        let text = lines.join(" ");
        for lint in text.split("#[expect(").skip(1) {
            let end = lint.find(")]").expect("an attribute ends");
            assert!(lint[..end].contains("reason ="), "src/{file}: #[expect({}", &lint[..end]);
        }
    }
}

#[test]
fn modules_use_only_what_is_below_them() {
    for (file, lines) in sources() {
        let module = file.split('/').next().expect("a name").trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let row = MAY_USE.iter().find(|(name, _)| *name == module);
        let (_, may_use) = row.unwrap_or_else(|| panic!("{module} has no row in MAY_USE"));
        for line in lines {
            for path in line.split("crate::").skip(1).filter(|_| !line.contains("$crate")) {
                let used: String =
                    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let allowed = used == module || may_use.contains(&used.as_str());
                assert!(allowed, "src/{file} must not use {used}: {line}");
            }
        }
    }
}

#[test]
fn lines_of_shaders_have_100_columns_at_most() {
    for path in files(&root().join("shaders")) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            assert!(columns <= 100, "{}:{}: {columns} columns", path.display(), number + 1);
        }
    }
}
