use std::process::Command;

use serde_json::Value;

fn bench(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    let output = command.arg("bench").args(arguments).output().expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
    String::from_utf8(output.stdout).expect("text")
}

/// The rows of all groups.
fn rows(report: &Value) -> Vec<&Value> {
    let groups = report["groups"].as_array().expect("groups");
    groups.iter().flat_map(|group| group["rows"].as_array().expect("rows")).collect()
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn every_row_has_a_median_within_its_interval() {
    let report = bench(&["--suite", "training", "--json", "--quick"]);
    let report: Value = serde_json::from_str(&report).expect("one object and nothing else");
    assert_eq!(report["suite"], "training");
    assert!(report["adapter"]["driver"].is_string());
    assert!(rows(&report).len() >= 5, "{report}");
    for row in rows(&report) {
        let number = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("no {key}: {row}"));
        let keys = ["min_us", "low_us", "median_us", "high_us", "max_us"];
        let values = keys.map(number);
        assert!(values[0] > 0.0 && values[4].is_finite(), "{row}");
        assert!(values.is_sorted(), "{row}");
        let work = number("member_count") * number("steps");
        let per_s = number("network_steps_per_s");
        assert!((per_s * number("median_us") * 1e-6 / work - 1.0).abs() < 1e-9, "{row}");
        assert!(number("rounds") >= 6.0 && number("loss_deviation") >= 0.0, "{row}");
    }
    for group in report["groups"].as_array().expect("groups") {
        assert_eq!(group["rows"][0]["ratio"], 1.0);
    }
}

#[cfg_attr(debug_assertions, ignore = "such builds are refused")]
#[test]
fn the_table_names_the_adapter_and_says_what_is_software() {
    let report = bench(&["--quick"]);
    assert!(report.contains("\nadapter: ") && report.contains("\ndriver: "), "{report}");
    assert!(report.contains("CPU: Rust, scalar, 1 thread"), "{report}");
    let software = report.contains("(software: this processor, not a GPU)");
    assert_eq!(software, report.contains("software adapter: fused engine"), "{report}");
    assert_eq!(software, !report.contains("GPU: fused engine"), "{report}");
    assert!(report.ends_with("--quick: these figures mean nothing.\n"), "{report}");
}
