//! What `parity doctor` finds.

use std::process::{Command, Output};

use parity::bench::Processor;
use parity::gpu::Gpu;
use parity::report::DoctorReport;
use parity::verify::{Diagnosis, KERNELS, examine};
use serde_json::Value;

use crate::harness::{gpu, open};

fn parity(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(arguments).output().expect("it starts")
}

fn diagnosis(gpu: &Gpu) -> Diagnosis {
    pollster::block_on(examine(gpu)).expect("the device goes on")
}

#[test]
fn one_adapter_has_one_fingerprint_and_nothing_wrong() {
    let output = parity(&["doctor", "--json"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{message}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(report["faults"], Value::Array(vec![]));
    assert_eq!(report["findings"].as_array().expect("a list").len(), 7);
    for key in ["name", "backend", "driver", "device_type"] {
        assert!(report["adapter"][key].is_string(), "no adapter.{key}");
    }
    for key in ["loops", "exp", "log", "log_middle", "division", "fused", "nearest", "timestamps"] {
        assert!(report["fingerprint"][key].is_object(), "no fingerprint.{key}");
    }
    let again = diagnosis(gpu());
    assert_eq!(again.faults().count(), 0);
    assert_eq!(report["fingerprint"]["line"], again.fingerprint.line.as_str());
    let processor = Processor::detect();
    assert_eq!(report["processor"]["name"], processor.name.as_str());
    assert_eq!(report["command"], "parity doctor --json");
    let (adapter, diagnosis, command) = (&gpu().adapter, &again, "");
    let text = DoctorReport { adapter, processor, diagnosis, command }.text();
    assert!(text.contains(&format!("\nCPU:     {processor}\n")), "{text}");
    assert!(text.contains(&again.fingerprint.line), "{text}");
    assert!(text.ends_with("Nothing is wrong with this adapter.\n"), "{text}");
}

/// Launches without a counter, such as `uniform_draw`'s, take up to half of the fewest iterations
/// that a driver was ever found to end loops after.
#[test]
fn loops_end_where_this_driver_is_known_to_end_them_and_never_sooner() {
    let (adapter, found) = (&gpu().adapter, diagnosis(gpu()).fingerprint.loops);
    let is = |part: &str| adapter.name.contains(part) || adapter.driver.contains(part);
    if is("llvmpipe") && is("Mesa 22.") {
        // All loops share one count; the outer loop's own iterations are in it.
        assert_eq!(found.single, 65_535);
        assert!((65_535 - 64..65_535).contains(&found.nested), "{found:?}");
    } else if is("SwiftShader") {
        assert_eq!([found.single, found.nested], [found.asked; 2]);
    } else {
        assert!(found.single >= 65_535 && found.nested >= 65_000, "{found:?}");
    }
}

#[test]
fn an_adapter_that_is_not_there_is_a_usage_error() {
    let output = parity(&["doctor", "--adapter", "no such adapter"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

fn source(kernel: &str) -> &'static str {
    let row = KERNELS.iter().find(|row| row.spec.name == kernel);
    row.expect("it is in the table").spec.source()
}

/// A device whose quotients are products is diagnosed, and everything else of it found right.
#[test]
fn an_adapter_that_cannot_divide_is_found_out() {
    let mut gpu = open();
    let wrong = source("probe_arithmetic").replace("x / y", "x * y");
    gpu.substitute("probe_arithmetic", wrong);
    let diagnosis = diagnosis(&gpu);
    let wrong: Vec<_> = diagnosis.checks.iter().filter(|check| check.fault.is_some()).collect();
    assert_eq!(wrong.iter().map(|check| check.name).collect::<Vec<_>>(), ["a / b, within 2.5 ULP"]);
    let processor = Processor::detect();
    let (adapter, diagnosis, command) = (&gpu.adapter, &diagnosis, "");
    let report = DoctorReport { adapter, processor, diagnosis, command };
    assert!(
        report.text().contains("This adapter is not fit to train on:\n  probe_arithmetic: Div")
    );
    let json: Value = serde_json::from_str(&report.json()).expect("JSON");
    assert_eq!(json["faults"].as_array().expect("a list").len(), 1);
}

/// No kernel calls `log`, so a bad one is said and refuses no adapter.
#[test]
fn a_bad_logarithm_is_a_habit_and_no_fault() {
    let mut gpu = open();
    let wrong = source("probe_arithmetic").replace("log(x)", "(1.0001 * log(x))");
    gpu.substitute("probe_arithmetic", wrong);
    let diagnosis = diagnosis(&gpu);
    assert_eq!(diagnosis.faults().count(), 0, "{:?}", diagnosis.checks);
    let processor = Processor::detect();
    let (adapter, diagnosis, command) = (&gpu.adapter, &diagnosis, "");
    let text = DoctorReport { adapter, processor, diagnosis, command }.text();
    assert!(text.contains("  habit ") && text.contains("Nothing is wrong"), "{text}");
    assert!(text.contains("Less accurate than WGSL asks: ") && text.contains("log "), "{text}");
}

/// Rounding to zero, as WGSL lets a device round: the product, then the sum.
#[test]
fn a_device_that_truncates_is_right() {
    let mut gpu = open();
    let (fused, truncated) = ("bitcast<u32>(x * y + z)", "truncated(x, y, z)");
    let source = source("probe_arithmetic");
    assert_eq!(source.matches(fused).count(), 1);
    gpu.substitute("probe_arithmetic", format!("{TRUNCATED}{}", source.replace(fused, truncated)));
    let diagnosis = diagnosis(&gpu);
    let wrong: Vec<_> = diagnosis.faults().collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(diagnosis.fingerprint.fused.word(), "no");
}

/// x·y + z with both results rounded to zero, from the parts that rounding leaves out (products by
/// T. J. Dekker's splitting, sums by D. E. Knuth's). Drivers that fuse or simplify would spoil it, so
/// what is rounded goes through its bits.
const TRUNCATED: &str = "
fn kept(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ (params.padding & 1u));
}

fn to_zero(nearest: f32, rest: f32) -> f32 {
    let is_beyond = (rest != 0.0) && ((rest < 0.0) == (nearest > 0.0)) && (nearest != 0.0);
    return select(nearest, bitcast<f32>(bitcast<u32>(nearest) - 1u), is_beyond);
}

fn truncated(x: f32, y: f32, z: f32) -> u32 {
    let x_high = bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
    let y_high = bitcast<f32>(bitcast<u32>(y) & 0xfffff000u);
    let x_low = x - x_high;
    let y_low = y - y_high;
    let product = kept(x * y);
    let first = kept(kept(x_high * y_high) - product);
    let second = kept(first + kept(x_high * y_low));
    let third = kept(second + kept(x_low * y_high));
    let chopped = to_zero(product, kept(third + kept(x_low * y_low)));
    let sum = kept(chopped + z);
    let part = kept(sum - chopped);
    let rest = kept(kept(chopped - kept(sum - part)) + kept(z - part));
    return bitcast<u32>(to_zero(sum, rest));
}
";
