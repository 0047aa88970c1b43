//! What `parity doctor` finds.

use std::process::{Command, Output};

use parity::gpu::Gpu;
use parity::processor::Processor;
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
    assert_eq!(report["findings"].as_array().expect("a list").len(), 6);
    for key in ["name", "backend", "driver", "device_type"] {
        assert!(report["adapter"][key].is_string(), "no adapter.{key}");
    }
    for key in ["loops", "exp", "log", "log_middle", "division", "fused", "timestamps"] {
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
