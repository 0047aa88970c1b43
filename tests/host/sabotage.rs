//! Mutants of every shader: what they change, and that they are WGSL.

use std::collections::{BTreeMap, BTreeSet};

use parity::gpu::KernelSpec;
use parity::verify::KERNELS;
use parity::verify::sabotage::{EQUIVALENTS, Mutant, mutants, named};
use wgpu::naga::{front, valid};

use crate::contract::capabilities;

/// Whether wgpu's front end takes a text in place of a shader's.
fn accepts(spec: &KernelSpec, source: &str) -> bool {
    let sample = spec.sample();
    let header = sample.strip_suffix(spec.source()).expect("a sample ends with the text");
    let Ok(module) = front::wgsl::parse_str(&format!("{header}{source}")) else { return false };
    let mut validator = valid::Validator::new(valid::ValidationFlags::all(), capabilities(spec));
    validator.validate(&module).is_ok()
}

fn all() -> Vec<(&'static KernelSpec, Vec<Mutant>)> {
    KERNELS.iter().map(|kernel| (kernel.spec, mutants(kernel.spec))).collect()
}

#[test]
fn each_mutant_differs_from_its_kernel_in_one_line_and_from_all_others() {
    for (spec, mutants) in all() {
        let mut seen = BTreeSet::new();
        let lines: Vec<_> = spec.source().lines().collect();
        for mutant in mutants {
            let changed: Vec<_> = mutant.source.lines().collect();
            assert_eq!(changed.len(), lines.len(), "{mutant:?}");
            let differ = (0..lines.len()).filter(|&index| changed[index] != lines[index]);
            let differ: Vec<_> = differ.collect();
            assert_eq!(differ, [mutant.line - 1], "{}: {}", spec.name, mutant.after);
            assert_eq!(lines[differ[0]].trim(), mutant.before);
            assert_eq!(changed[differ[0]].trim(), mutant.after);
            assert!(seen.insert(mutant.source), "{}: {} twice", spec.name, mutant.after);
        }
    }
}

/// The comments of a text, in their order.
fn comments(source: &str) -> Vec<&str> {
    source.lines().filter_map(|line| line.find("//").map(|start| &line[start..])).collect()
}

#[test]
fn no_mutant_touches_comments_declarations_or_what_a_loop_counts_by() {
    for (spec, mutants) in all() {
        for mutant in mutants {
            assert_eq!(comments(&mutant.source), comments(spec.source()), "{}", mutant.after);
            let Mutant { before, after, .. } = &mutant;
            let declares = ["@", "override ", "var<", "struct ", "fn ", "padding"];
            assert!(!declares.iter().any(|start| before.starts_with(start)), "{before}");
            if before.starts_with("for (") {
                let step = |line: &str| line.rsplit(';').next().map(str::to_owned);
                assert_eq!(step(before), step(after), "{before}");
            }
        }
    }
}

#[test]
fn there_are_many_mutants_and_nearly_all_are_accepted_by_the_front_end() {
    let (mut total, mut refused) = (0, 0);
    for (spec, mutants) in all() {
        assert!(mutants.len() >= 11, "{}: {}", spec.name, mutants.len());
        let is_refused = |mutant: &&Mutant| !accepts(spec, &mutant.source);
        let bad: Vec<_> = mutants.iter().filter(is_refused).collect();
        println!("{}: {} mutants, {} refused", spec.name, mutants.len(), bad.len());
        for mutant in &bad {
            println!("  {}: {}", mutant.rule, mutant.after);
        }
        total += mutants.len();
        refused += bad.len();
    }
    println!("{total} mutants, {refused} refused");
    assert!(total >= 1_000, "{total} mutants");
    assert!(50 * refused <= total, "{refused} of {total} are refused");
}

#[test]
fn every_rule_makes_mutants() {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for mutant in all().into_iter().flat_map(|(_, mutants)| mutants) {
        *count.entry(mutant.rule).or_default() += 1;
    }
    println!("{count:#?}");
    let rules = [
        "abs dropped",
        "and, or swapped",
        "arms of select swapped",
        "barrier removed",
        "comparison negated",
        "comparison off by one",
        "component swapped",
        "condition dropped",
        "factor dropped",
        "first iteration dropped",
        "guard always false",
        "guard always true",
        "index shifted",
        "last iteration dropped",
        "mask dropped",
        "min and max swapped",
        "number changed",
        "one iteration more",
        "operator replaced",
        "sign flipped",
        "statement deleted",
        "term dropped",
    ];
    assert_eq!(count.into_keys().collect::<Vec<_>>(), rules);
}

#[test]
fn saboteurs_by_hand_replace_a_part_that_is_there_once_and_are_wgsl() {
    let mut names = BTreeSet::new();
    for spec in KERNELS.iter().map(|kernel| kernel.spec) {
        let mutants = named(spec);
        // Of what trains nothing there are the mutants by rule.
        let trains = !["peak_", "probe_"].iter().any(|start| spec.name.starts_with(start));
        let fewest = if trains { 3 } else { 0 };
        assert!(mutants.len() >= fewest, "{}: {}", spec.name, mutants.len());
        let mut own = BTreeSet::new();
        for mutant in mutants {
            assert!(mutant.by_hand && mutant.source != spec.source());
            assert!(accepts(spec, &mutant.source), "{}: {}", spec.name, mutant.rule);
            assert!(own.insert(mutant.rule), "{}: two are called {}", spec.name, mutant.rule);
            names.insert(mutant.rule);
        }
    }
    for name in [
        "sign flipped",
        "learning rate x 1.001",
        "bias forgotten",
        "a transposed",
        "last row dropped",
        "last column dropped",
        "off-by-one step",
        "sigma' without (1 - a)",
        "gradient of the wrong row",
        "barrier removed",
        "sum instead of mean",
        "unstable loss",
        "unguarded tail write",
        "exp with 8 ULP more error",
    ] {
        assert!(names.contains(name), "nobody made {name}");
    }
}

#[test]
fn each_mutant_that_is_said_to_compute_the_same_exists() {
    let all: Vec<_> = all().into_iter().flat_map(|(_, mutants)| mutants).collect();
    for entry in EQUIVALENTS {
        let found = all.iter().filter(|mutant| entry.is(mutant)).count();
        assert!(found > 0, "{}, {}: {}", entry.kernel, entry.rule, entry.after);
    }
}
