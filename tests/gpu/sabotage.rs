use std::cell::Cell;
use std::process::{Command, Output};

use parity::error::Error;
use parity::gpu::{Gpu, Mistake, Place, Selection};
use parity::verify::mutants::{Fate, Subject, Workbench, subjects};
use parity::verify::{Effort, Failure, KERNELS, Kernel, Trial, prove_by_training};
use serde_json::Value;

use crate::harness::open;

fn effort(quick: bool) -> Effort {
    Effort { seed: 48, cases: 1_000, quick, thorough: false }
}

/// The mutants of a kernel.
fn mutants(name: &str) -> Vec<Subject> {
    let all = subjects().into_iter();
    let is_meant = |it: &Subject| it.kernel.spec.name == name && it.mutant.is_some();
    all.filter(is_meant).collect()
}

/// What becomes of subjects in this process.
fn fates(
    subjects: &[Subject],
    quick: bool,
    further: impl AsyncFn(&Gpu, &Kernel, Effort) -> Result<(), Failure>,
) -> Vec<Fate> {
    pollster::block_on(async {
        let bench = Workbench::open(Selection::default(), effort(quick), further).await;
        let mut bench = bench.expect("a device");
        let mut fates = vec![];
        for subject in subjects {
            fates.push(bench.try_subject(subject).await);
        }
        fates
    })
}

#[test]
fn every_saboteur_of_a_kernel_is_caught_by_its_check() {
    let mutants: Vec<_> =
        mutants("bias_add").into_iter().filter(|it| it.launch().is_none()).collect();
    let fates = fates(&mutants, false, async |_, _, _| Ok(()));
    assert!(fates.len() >= 20, "{}", fates.len());
    for (subject, fate) in mutants.iter().zip(&fates) {
        let mutant = subject.mutant.as_ref().expect("a mutant");
        assert!(matches!(fate, Fate::Caught { .. }), "{}: {fate:?}", mutant.after);
        if mutant.rule == "unguarded tail write" {
            let Fate::Caught { fault, quick: true } = fate else { panic!("{fate:?}") };
            assert!(fault.tensor.contains("behind"), "{fault:?}");
        }
    }
}

/// Fails unless a wrong launch survives where it is listed as computing the same, and is noticed where
/// it is not.
fn assert_as_listed(subjects: &[Subject], fates: &[Fate]) {
    for (subject, fate) in subjects.iter().zip(fates) {
        let after = &subject.mutant.as_ref().expect("a mutant").after;
        match subject.listed() {
            Some((_, true)) => assert!(matches!(fate, Fate::Survived), "{after}: {fate:?}"),
            Some((_, false)) => {}
            None => {
                let is_noticed = matches!(fate, Fate::Caught { .. } | Fate::Failed { .. });
                assert!(is_noticed, "{after}: {fate:?}");
            }
        }
    }
}

#[test]
fn wrong_launches_of_a_kernel_are_caught_by_its_check_unless_they_compute_the_same() {
    for (kernel, count) in [("bias_add", 14), ("loss", 16)] {
        let is_meant = |it: &Subject| it.launch().is_some_and(|it| it.place == Place::Everywhere);
        let wrong: Vec<_> = mutants(kernel).into_iter().filter(is_meant).collect();
        assert!(wrong.len() >= count, "{kernel}: {}", wrong.len());
        let fates = fates(&wrong, true, async |_, _, _| Ok(()));
        assert_as_listed(&wrong, &fates);
        assert!(fates.iter().any(|fate| matches!(fate, Fate::Survived)));
    }
}

/// Those of one kernel: left out, doubled, too late, or with other parameters. And another behind the
/// next, where that matters and where it does not.
#[test]
fn wrong_dispatches_of_a_step_are_noticed_by_training() {
    let is_meant =
        |it: &Subject| it.launch().is_some_and(|launch| matches!(launch.place, Place::Step { .. }));
    let of = |kernel| mutants(kernel).into_iter().filter(is_meant).collect::<Vec<_>>();
    let is_late = |it: &Subject| it.launch().is_some_and(|it| it.mistake == Mistake::Late);
    let late = of("activation").into_iter().filter(is_late).collect();
    let wrong = [of("bias_add"), late].concat();
    assert!(wrong.len() == 2 * 8 + 3, "{}", wrong.len());
    let further = async |gpu: &Gpu, _: &Kernel, effort| prove_by_training(gpu, effort).await;
    let fates = fates(&wrong, true, further);
    assert_as_listed(&wrong, &fates);
}

/// With all of the effort that a wrong kernel meets.
#[test]
fn every_shipped_kernel_passes_when_its_indices_are_clamped() {
    let gpu = open();
    let shipped = subjects().into_iter().filter(|it| it.mutant.is_none());
    let shipped: Vec<_> = shipped.filter(|it| gpu.can_run(it.kernel.spec)).collect();
    assert!(shipped.len() >= KERNELS.len() - 1);
    let fates = fates(&shipped, true, async |_, _, _| Ok(()));
    for (subject, fate) in shipped.iter().zip(&fates) {
        assert!(matches!(fate, Fate::Survived), "{}: {fate:?}", subject.kernel.spec.name);
    }
}

/// A shipped kernel comes to `further`, which here says that it was refused, or breaks the device.
#[test]
fn a_refusal_is_of_the_text_and_a_device_that_breaks_is_a_crash() {
    let calls = Cell::new(0);
    let further = async |gpu: &Gpu, _: &Kernel, _| {
        calls.set(calls.get() + 1);
        if calls.get() > 1 {
            gpu.destroy();
        }
        Err(Failure::Error(Error::Gpu("this test says so".into())))
    };
    let is_meant = |it: &Subject| it.kernel.spec.name == "bias_grad" && it.mutant.is_none();
    let shipped = subjects().into_iter().find(is_meant).expect("it is there");
    let [refused, crashed] = [0, 1].map(|_| shipped.clone());
    let fates = fates(&[refused, crashed], true, further);
    assert!(matches!(fates[0], Fate::Stillborn { .. }), "{fates:?}");
    assert!(matches!(fates[1], Fate::Crashed { confirmed: false, .. }), "{fates:?}");
}

#[test]
fn a_text_that_is_no_wgsl_is_refused_and_the_device_goes_on() {
    let mut gpu = open();
    let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == "bias_add").expect("it is there");
    gpu.substitute("bias_add", "fn main(".into());
    let check = async |gpu: &Gpu| {
        let mut trial = Trial::new(gpu, "bias_add", effort(true));
        kernel.check(&mut trial).await
    };
    let refused = pollster::block_on(check(&gpu));
    assert!(matches!(refused, Err(Failure::Error(Error::Gpu(_)))), "{refused:?}");
    gpu.restore();
    pollster::block_on(check(&gpu)).expect("it is as it was");
}

fn sabotage(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(["verify", "--sabotage", "--quick", "--cases", "1000"]).args(arguments);
    command
}

fn json(output: &Output) -> Value {
    let message = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {message}"))
}

fn count(report: &Value, key: &str) -> u64 {
    report["count"][key].as_u64().unwrap_or_else(|| panic!("no {key} in {report}"))
}

#[test]
fn a_part_of_several_kernels_is_run_in_processes_and_noticed() {
    let arguments =
        ["--json", "--part", "1/3", "--kernel", "bias_add", "--kernel", "activation_grad"];
    let output = sabotage(&arguments).output().expect("it starts");
    let report = json(&output);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert!(report["passed"] == true && report["part"] == "1/3", "{report}");
    assert!(report["seed"] == 48 && report["cases"] == 1000, "{report}");
    let command = report["command"].as_str().expect("the command");
    assert!(
        command.ends_with("--part 1/3 --kernel bias_add --kernel activation_grad"),
        "{command}"
    );
    let kernels = report["by_kernel"].as_object().expect("counts").keys();
    assert_eq!(kernels.collect::<Vec<_>>(), ["activation_grad", "bias_add"]);
    let by_hand = ["bias_add", "activation_grad"].map(|name| {
        let mutants = mutants(name).into_iter().filter_map(|subject| subject.mutant);
        mutants.filter(|mutant| mutant.by_hand).count() as u64
    });
    assert!(count(&report, "killed") > by_hand.iter().sum(), "{report}");
    // A number that JSON brought from one process to the other.
    let bound = &report["specimens"][0]["fault"]["bound"];
    assert!(bound.is_f64(), "{bound}");
}

/// The mutants of this kernel wrote over the heap, where wgpu checks no bounds.
#[test]
fn mutants_of_products_in_shared_memory_are_noticed_on_gl() {
    let mut list = Command::new(env!("CARGO_BIN_EXE_parity"));
    let listed = list.args(["devices", "--backend", "gl"]).output().expect("it starts");
    if !listed.status.success() {
        println!("left out: {}", String::from_utf8_lossy(&listed.stderr));
        return;
    }
    let arguments = ["--backend", "gl", "--kernel", "matmul_workgroup", "--part", "0/30"];
    let output = sabotage(&arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[cfg(target_os = "linux")]
mod signals {
    use std::io::{BufRead, BufReader};
    use std::path::Path;
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// A run that shows its progress, and the processes that it started once it has.
    fn started(kernels: &[&str]) -> (Child, Vec<String>) {
        let mut command = sabotage(&["--json"]);
        command.args(kernels.iter().flat_map(|kernel| ["--kernel", kernel]));
        let mut parent =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(parent.stderr.take().expect("a pipe")).lines();
        let line = lines.next().expect("a line").expect("text");
        assert!(line.starts_with("wrong kernel"), "{line}");
        // So that it can go on writing.
        std::thread::spawn(move || lines.count());
        let children = children(parent.id());
        (parent, children)
    }

    /// The processes that any thread of a process started.
    fn children(process: u32) -> Vec<String> {
        let threads = Path::new("/proc").join(process.to_string()).join("task");
        let threads = threads.read_dir().expect("Linux lists them");
        let paths = threads.map(|thread| thread.expect("a thread").path().join("children"));
        let lists = paths.map(|path| std::fs::read_to_string(path).unwrap_or_default());
        lists
            .flat_map(|list| list.split_whitespace().map(String::from).collect::<Vec<_>>())
            .collect()
    }

    fn send(signal: &str, process: &str) {
        let sent = Command::new("kill").args([signal, process]).status().expect("it starts");
        assert!(sent.success(), "kill {signal} {process}");
    }

    #[test]
    fn an_interrupted_sabotage_ends_its_processes_and_reports_what_it_has() {
        let (parent, children) = started(&["matmul"]);
        assert!(!children.is_empty());
        send("-INT", &parent.id().to_string());
        let output = parent.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        for child in children {
            assert!(!Path::new("/proc").join(&child).exists(), "{child} lives on");
        }
        let report = json(&output);
        assert!(report["interrupted"] == true && report["passed"] == false, "{report}");
        assert!(count(&report, "killed") > 0, "{report}");
        assert!(report["specimens"].as_array().map(Vec::len) < Some(mutants("matmul").len()));
    }

    /// Whoever dies first may have tried the shipped kernel, whose death ends the run: then again. No
    /// mutant of this kernel is listed as computing the same, whose death would be a fault of the list.
    #[test]
    fn a_process_that_is_killed_costs_one_mutant_and_the_others_are_tried() {
        let start = Instant::now();
        let total = mutants("matmul").len();
        loop {
            let (parent, children) = started(&["matmul"]);
            send("-ABRT", children.last().expect("a child"));
            let output = parent.wait_with_output().expect("it ends");
            if output.status.code() == Some(4) && start.elapsed() < Duration::from_mins(5) {
                continue;
            }
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let report = json(&output);
            let fates = report["specimens"].as_array().expect("a list");
            assert_eq!((fates.len(), count(&report, "crashed")), (total, 1), "{report}");
            let crashed = fates.iter().find(|it| it["fate"] == "crashed").expect("one is");
            assert!(crashed["how"].as_str().expect("text").contains("signal: 6"), "{crashed}");
            assert_eq!(crashed["confirmed"], true);
            return;
        }
    }
}

#[test]
fn an_unknown_kernel_is_a_mistake_of_the_user() {
    let output = sabotage(&["--kernel", "bias_add", "--kernel", "bias"]).output();
    let output = output.expect("it starts");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("bias_grad"), "{output:?}");
}
