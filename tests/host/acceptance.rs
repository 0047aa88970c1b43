//! Commands whose exit code says whether something is accepted, fed with what is just right and just
//! wrong.

use std::path::Path;
use std::process::Command;

use serde_json::json;

/// A kept run of one kernel, whose samples are these many microseconds and a little more.
fn keep(folder: &Path, name: &str, us: f64, size: &str) {
    let noise = |sample: u32| 1.0 + 1e-4 * f64::from(sample * 7 % 30);
    let samples: Vec<f64> = (0..90).map(|sample| us * noise(sample)).collect();
    let row = json!({
        "suite": "kernels",
        "kernel": "sigmoid",
        "variant": "",
        "size": size,
        "shader": null,
        "working_set_bytes": null,
        "samples_us": samples,
        "placements": (0..90).map(|sample| sample % 9).collect::<Vec<_>>(),
        "quiet": vec![true; 90],
    });
    let run = json!({
        "version": "0.1.0",
        "suite": "kernels",
        "quick": false,
        "clock": null,
        "quietness": {"canary_us": 50.0, "best_canary_us": 50.0, "launch_us": null, "load": null},
        "adapter": {"name": "a", "driver": "b", "backend": "c"},
        "rows": [row],
    });
    std::fs::create_dir_all(folder.join("bench")).expect("a folder");
    std::fs::write(folder.join("bench").join(name).with_extension("json"), run.to_string())
        .expect("it is writable");
}

/// The exit code of a comparison of two kept runs.
fn compared(folder: &Path, [before, after]: [&str; 2], percent: Option<&str>) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(["bench", "--compare", before, "--saved", after]);
    command.args(percent.map(|percent| format!("--fail-on-regression={percent}")));
    let output = command.env("PARITY_DATA", folder).output().expect("it starts");
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn a_kept_run_that_is_slower_by_more_than_was_said_fails_and_only_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    keep(folder, "before", 100.0, "[4096]");
    keep(folder, "slower", 120.0, "[4096]");
    keep(folder, "faster", 80.0, "[4096]");
    keep(folder, "other", 100.0, "[4097]");
    for (after, percent, code) in [
        ("before", Some("0"), 0),
        ("slower", Some("19"), 1),
        ("slower", Some("21"), 0),
        ("slower", None, 0),
        ("faster", Some("0"), 0),
        ("other", Some("1e6"), 1),
        ("other", None, 0),
    ] {
        let found = compared(folder, ["before", after], percent);
        assert_eq!(found, code, "{after}, {percent:?}");
    }
}
