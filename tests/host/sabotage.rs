//! Mutants of every shader: what they may change, and that most of them are WGSL.

use std::collections::BTreeMap;

use parity::kernels::SPECS;
use parity::verify::sabotage::mutants;
use wgpu::naga::{front, valid};

fn accepts(text: &str) -> bool {
    let Ok(module) = front::wgsl::parse_str(text) else { return false };
    let mut validator =
        valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty());
    validator.validate(&module).is_ok()
}

#[test]
fn nearly_all_mutants_are_accepted_by_the_front_end() {
    let mut refused: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let (mut all, mut bad) = (0, 0);
    for spec in SPECS {
        let found = mutants(spec);
        let sample = spec.sample();
        let header = sample.strip_suffix(spec.source()).expect("it ends with it");
        let count = found.len();
        let mut kernel_bad = 0;
        for mutant in found {
            let ok = accepts(&format!("{}{}", header, mutant.source));
            println!(
                "{} {} {}:{} | {} | {}",
                if ok { "ok " } else { "BAD" },
                mutant.rule,
                mutant.kernel,
                mutant.line,
                mutant.before,
                mutant.after
            );
            let row = refused.entry(mutant.rule).or_default();
            row[0] += 1;
            row[1] += usize::from(!ok);
            kernel_bad += usize::from(!ok);
        }
        println!("== {} {count} of which refused {kernel_bad}", spec.name);
        all += count;
        bad += kernel_bad;
    }
    println!("== all {all} refused {bad}\n{refused:#?}");
}
