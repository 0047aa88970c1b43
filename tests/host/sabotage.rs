//! Mutants of every shader: what they change, and that they are WGSL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use parity::error::Error;
use parity::gpu::{KernelSpec, WrongLaunch};
use parity::verify::mutants::{
    Campaign, EQUIVALENTS, Fate, Mutant, PER_WORKER, Part, Reply, SAME_LAUNCHES, STEPS, Sabotage,
    Subject, Worker, clamped, launches, mutants, named, subjects,
};
use parity::verify::{KERNELS, Kernel};
use wgpu::naga::{
    BinaryOperator, Expression, Function, Handle, Literal, MathFunction, Module, TypeInner, front,
    valid,
};

use crate::contract::capabilities;

/// What wgpu's front end makes of a complete text; nothing if it refuses it.
fn validated(spec: &KernelSpec, text: &str) -> Option<(Module, valid::ModuleInfo)> {
    let module = front::wgsl::parse_str(text).ok()?;
    let mut validator = valid::Validator::new(valid::ValidationFlags::all(), capabilities(spec));
    let info = validator.validate(&module).ok()?;
    Some((module, info))
}

/// A text in place of a shader's, with a sample of the lines that the host writes before it.
fn complete(spec: &KernelSpec, source: &str) -> String {
    let sample = spec.sample();
    let header = sample.strip_suffix(spec.source()).expect("a sample ends with the text");
    format!("{header}{source}")
}

fn accepts(spec: &KernelSpec, source: &str) -> bool {
    validated(spec, &complete(spec, source)).is_some()
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
        "negation removed",
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

fn wrong_launches() -> Vec<Mutant> {
    KERNELS.iter().flat_map(|kernel| launches(kernel.spec)).collect()
}

#[test]
fn every_number_binding_and_dispatch_of_a_launch_is_made_wrong() {
    let rules = [
        "bindings exchanged",
        "dispatch doubled",
        "dispatch left out",
        "dispatches exchanged",
        "parameter changed",
        "workgroup count changed",
    ];
    let all = wrong_launches();
    println!("{} wrong launches", all.len());
    let mut seen = BTreeSet::new();
    for mutant in &all {
        let Mutant { kernel, rule, before, after, .. } = mutant;
        assert!(seen.insert([*kernel, rule, before, after]), "{mutant:?} twice");
        assert_ne!(before, after);
        assert_eq!((mutant.line, mutant.by_hand), (0, false));
    }
    let found: BTreeSet<_> = all.iter().map(|mutant| mutant.rule).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), rules);
    for spec in KERNELS.iter().map(|kernel| kernel.spec) {
        let has = |after: String| {
            let mut own = all.iter().filter(|mutant| mutant.kernel == spec.name);
            assert!(own.any(|mutant| mutant.after == after), "{}: {after}", spec.name);
        };
        for dimension in ["x", "y", "z"] {
            has(format!("workgroup_count.{dimension} + 1"));
            has(format!("workgroup_count.{dimension} - 1"));
        }
        for field in spec.params {
            has(format!("params.{} + 1", field.name));
        }
        for (index, one) in spec.bindings.iter().enumerate() {
            let others = spec.bindings[..index].iter().filter(|other| other.kind == one.kind);
            others
                .filter(|other| other.name != "params")
                .for_each(|other| has(format!("{}, {}", one.name, other.name)));
        }
        has("nothing".into());
        has(format!("{0}, {0}", spec.name));
    }
    for step in STEPS {
        for number in 1..=step.len() {
            let place = format!("dispatch {number} of a step of {}: ", step.len());
            let of_place = all.iter().filter(|mutant| mutant.after.starts_with(&place));
            let rules: BTreeSet<_> = of_place.map(|mutant| mutant.rule).collect();
            assert!(rules.contains("dispatch left out") && rules.contains("dispatch doubled"));
            assert_eq!(rules.contains("dispatches exchanged"), number < step.len());
        }
    }
}

#[test]
fn each_launch_that_is_said_to_compute_the_same_exists_and_few_do() {
    let all: Vec<_> = wrong_launches().into_iter().filter_map(|mutant| mutant.launch).collect();
    for entry in SAME_LAUNCHES {
        for kernel in entry.kernels {
            let is_meant = |launch: &&WrongLaunch| launch.kernel == *kernel && entry.holds(launch);
            assert!(all.iter().any(|it| is_meant(&it)), "{kernel}: {}", entry.reason);
        }
    }
    let listed =
        subjects().iter().filter(|it| it.launch().is_some() && it.listed().is_some()).count();
    println!("{listed} of {} compute the same", all.len());
    assert!(4 * listed < all.len(), "{listed} of {}", all.len());
}

/// Whether an index is the lesser of something and `last`, which is found to be the last there is.
fn is_at_most(
    function: &Function,
    index: Handle<Expression>,
    is_last: impl Fn(&Expression) -> bool,
) -> bool {
    match function.expressions[index] {
        Expression::Math { fun: MathFunction::Min, arg1: Some(last), .. } => {
            is_last(&function.expressions[last])
        }
        _ => false,
    }
}

/// The indices of a function that no compiler checks, each with whether it stays inside.
fn indices<'m>(
    module: &'m Module,
    info: &'m valid::FunctionInfo,
    function: &'m Function,
) -> impl Iterator<Item = (bool, String)> + 'm {
    function.expressions.iter().filter_map(move |(handle, expression)| {
        let of = |base: Handle<Expression>| match info[base].ty.inner_with(&module.types) {
            &TypeInner::Pointer { base, .. } => module.types[base].inner.clone(),
            other => other.clone(),
        };
        let size = |base: Handle<Expression>| match of(base) {
            TypeInner::ValuePointer { size: Some(size), .. } | TypeInner::Vector { size, .. } => {
                Some(size as u32)
            }
            TypeInner::Matrix { columns, .. } => Some(columns as u32),
            TypeInner::Array { size, .. } => match size {
                wgpu::naga::ArraySize::Constant(len) => Some(len.get()),
                _ => None,
            },
            other => panic!("{other:?} is indexed"),
        };
        let is_inside = match *expression {
            Expression::Access { base, index } => {
                is_at_most(function, index, |last| match (size(base), last) {
                    (Some(len), Expression::Literal(Literal::U32(last))) => *last == len - 1,
                    // One less than the length that a buffer or an override has.
                    (None, Expression::Binary { op: BinaryOperator::Subtract, .. }) => true,
                    _ => false,
                })
            }
            // A constant beyond a constant length is refused.
            Expression::AccessIndex { base, .. } => {
                matches!(of(base), TypeInner::Struct { .. }) || size(base).is_some()
            }
            _ => return None,
        };
        Some((is_inside, format!("{handle:?} {expression:?}")))
    })
}

/// All indices of a text, each with whether it stays inside.
fn all_indices(module: &Module, info: &valid::ModuleInfo) -> Vec<(bool, String)> {
    let of_functions = module.functions.iter().map(|(handle, it)| (&info[handle], it));
    let entry = (info.get_entry_point(0), &module.entry_points[0].function);
    let functions = of_functions.chain([entry]);
    functions.flat_map(|(info, function)| indices(module, info, function)).collect()
}

#[test]
fn no_index_leaves_its_array_in_mutated_text() {
    let (mut count, mut unclamped) = (0, 0);
    // A wrong launch is one of the shipped text.
    let texts = subjects().into_iter().filter(|subject| subject.launch().is_none());
    for Subject { kernel, mutant } in texts {
        let spec = kernel.spec;
        let source = mutant.as_ref().map_or(spec.source(), |mutant| &mutant.source);
        let what = mutant.as_ref().map_or(spec.name, |mutant| &mutant.after);
        let text = complete(spec, source);
        // What is refused runs nowhere.
        let Some((module, info)) = validated(spec, &clamped(&text)) else { continue };
        for (is_inside, index) in all_indices(&module, &info) {
            count += 1;
            assert!(is_inside, "{}: {what}: {index}", spec.name);
        }
        if mutant.is_none() {
            let (module, info) = validated(spec, &text).expect("it is valid");
            unclamped += all_indices(&module, &info).iter().filter(|(inside, _)| !inside).count();
        }
    }
    println!("{count} indices; shipped texts have {unclamped} that may leave");
    assert!(count > 10_000 && unclamped > 100, "{unclamped}, {count}");
}

/// What the front end refuses, it refuses clamped as well: clamping makes no mutant the kernel.
#[test]
fn a_constant_index_that_is_too_large_is_refused_with_and_without_clamps() {
    let is_shift = |it: &Subject| it.mutant.as_ref().is_some_and(|it| it.rule == "index shifted");
    let (mut accepted, mut refused) = (0, 0);
    for subject in subjects().iter().filter(|it| is_shift(it)) {
        let spec = subject.kernel.spec;
        let text = complete(spec, subject.source());
        let [plain, clamped] = [&text, &clamped(&text)].map(|text| validated(spec, text).is_some());
        assert_eq!(plain, clamped, "{}: {}", spec.name, text);
        *(if plain { &mut accepted } else { &mut refused }) += 1;
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 0 && refused > 0);
}

fn kernel(name: &str) -> &'static Kernel {
    KERNELS.iter().find(|kernel| kernel.spec.name == name).expect("it is there")
}

#[test]
fn parts_share_out_all_mutants_by_rule_and_each_holds_those_by_hand() {
    let parts = ["0/3", "1/3", "2/3"].map(|text| text.parse::<Part>().expect("a part"));
    let mut sizes = [0; 3];
    for mutant in subjects().into_iter().filter_map(|subject| subject.mutant) {
        let held = parts.map(|part| part.holds(&mutant));
        let count = held.iter().filter(|held| **held).count();
        assert_eq!(count, if mutant.by_hand { 3 } else { 1 }, "{mutant:?}");
        sizes = std::array::from_fn(|index| sizes[index] + usize::from(held[index]));
    }
    println!("{sizes:?}");
    assert!(sizes.iter().all(|size| 3 * size > sizes.iter().sum::<usize>() * 4 / 5), "{sizes:?}");
    for wrong in ["3/3", "1", "-1/3", "0/0", "a/b", ""] {
        assert!(wrong.parse::<Part>().is_err(), "{wrong}");
    }
}

/// Workers that tell what they are asked, and answer as a function says.
struct Scripted<'a> {
    answer: &'a (dyn Fn(usize, usize) -> Reply + Sync),
    asked: &'a Mutex<Vec<Vec<usize>>>,
    worker: usize,
}

impl Worker for Scripted<'_> {
    fn try_subject(&mut self, number: usize, longest: Duration) -> Reply {
        assert!(longest > Duration::ZERO);
        self.asked.lock().expect("none panicked")[self.worker].push(number);
        (self.answer)(self.worker, number)
    }
}

/// A run of one kernel's mutants: what came of it, and what each worker was asked.
fn scripted(
    name: &str,
    answer: impl Fn(usize, usize) -> Reply + Sync,
) -> (Result<Sabotage, Error>, Vec<Vec<usize>>) {
    let campaign = Campaign::new(&[kernel(name)], None);
    let asked = Mutex::new(vec![]);
    let run = campaign.run(|| {
        let mut asked_now = asked.lock().expect("none panicked");
        asked_now.push(vec![]);
        Ok(Scripted { answer: &answer, asked: &asked, worker: asked_now.len() - 1 })
    });
    let outcome = run.map(|()| campaign.finish());
    (outcome, asked.into_inner().expect("none panicked"))
}

const SURVIVED: Reply = Reply::Fate(Fate::Survived);

fn caught() -> Reply {
    Reply::Fate(Fate::Failed { error: "a check noticed".into() })
}

/// The numbers of a kernel's subjects, the shipped one first.
fn numbers(name: &str) -> Vec<usize> {
    let all = subjects();
    (0..all.len()).filter(|&number| all[number].kernel.spec.name == name).collect()
}

/// The numbers of mutants that must survive.
fn listed() -> BTreeSet<usize> {
    let all = subjects();
    (0..all.len()).filter(|&number| all[number].listed().is_some()).collect()
}

#[test]
fn each_worker_gets_50_subjects_and_the_shipped_kernel_is_the_first() {
    let subjects = numbers("matmul_workgroup");
    let (outcome, asked) =
        scripted(
            "matmul_workgroup",
            |_, number| {
                if number == subjects[0] { SURVIVED } else { caught() }
            },
        );
    let found = outcome.expect("it runs");
    assert_eq!(asked.concat(), subjects);
    let (last, full) = asked.split_last().expect("there are some");
    assert!(full.iter().all(|of_one| of_one.len() == PER_WORKER) && last.len() <= PER_WORKER);
    assert!(full.len() >= 3 && !found.interrupted);
    assert_eq!((found.total, found.specimens.len()), (subjects.len() - 1, subjects.len() - 1));
}

#[test]
fn a_mutant_that_ends_its_process_is_crashed_and_the_batch_goes_on_behind_it() {
    let subjects = numbers("bias_add");
    let listed = listed();
    let killer = subjects[4];
    let how = || "signal: 6 (SIGABRT)".to_owned();
    let die = || Reply::Died { how: how() };
    let lose_device = || Reply::Fate(Fate::Crashed { how: how(), confirmed: false });
    for deadly in [&die as &(dyn Fn() -> Reply + Sync), &lose_device] {
        let (outcome, asked) = scripted("bias_add", |_, number| match number {
            _ if number == killer => deadly(),
            _ if number == subjects[0] => SURVIVED,
            _ if listed.contains(&number) => SURVIVED,
            _ => caught(),
        });
        let found = outcome.expect("it runs");
        // A fresh worker looks at the shipped kernel before it goes on.
        let expected = [subjects[..=4].to_vec(), [&subjects[..1], &subjects[5..]].concat()];
        assert_eq!(asked, expected);
        assert!(
            matches!(&found.specimens[3].fate, Fate::Crashed { confirmed: true, how } if how.contains("SIGABRT"))
        );
        assert_eq!((found.count.crashed, found.count.survived), (1, 0));
        assert!(found.is_proof(), "{:?}", found.count);
    }
}

#[test]
fn a_crash_counts_for_nothing_where_the_shipped_kernel_crashes_as_well() {
    let subjects = numbers("bias_add");
    let killer = subjects[4];
    let (outcome, asked) = scripted("bias_add", |worker, number| match number {
        _ if number == killer => Reply::Died { how: "signal: 11".into() },
        _ if number == subjects[0] && worker == 1 => Reply::Died { how: "signal: 11".into() },
        _ if number == subjects[0] => SURVIVED,
        _ => caught(),
    });
    let found = outcome.expect("it runs");
    assert_eq!((asked.len(), asked[2].as_slice()), (3, &subjects[5..]));
    assert_eq!((found.count.crashed, found.count.survived), (0, 1));
    assert_eq!(found.survivors().count(), 1);
    assert!(!found.is_proof());
}

#[test]
fn a_shipped_kernel_that_fails_ends_the_run() {
    let first = numbers("bias_add")[0];
    let died = |_, _| Reply::Died { how: "signal: 11".into() };
    let (outcome, asked) = scripted("bias_add", died);
    assert!(matches!(outcome, Err(Error::Gpu(_))), "{outcome:?}");
    let (outcome, again) = scripted("bias_add", |_, _| caught());
    assert!(matches!(outcome, Err(Error::Gpu(_))), "{outcome:?}");
    assert_eq!([asked, again], [[[first]], [[first]]]);
}

#[test]
fn what_the_user_breaks_off_keeps_what_there_is_and_is_no_proof() {
    let subjects = numbers("bias_add");
    let (outcome, asked) = scripted("bias_add", |_, number| match number {
        _ if number == subjects[0] => SURVIVED,
        _ if number == subjects[6] => Reply::Interrupted,
        _ => caught(),
    });
    let found = outcome.expect("it ends");
    assert_eq!(asked, [&subjects[..7]]);
    assert_eq!((found.specimens.len(), found.count.killed), (5, 5));
    assert!(found.interrupted && !found.is_proof());
}

/// Of a race it is for the device to say who wins; of what computes the same nothing may be noticed.
#[test]
fn a_listed_launch_must_survive_unless_chance_decides() {
    let all = subjects();
    let first = numbers("sgd_update")[0];
    let run = |of_race: &(dyn Fn() -> Reply + Sync), of_same: &(dyn Fn() -> Reply + Sync)| {
        let answer = |_, number: usize| match all[number].listed() {
            _ if number == first => SURVIVED,
            None => caught(),
            Some((_, true)) => of_same(),
            Some((_, false)) => of_race(),
        };
        scripted("sgd_update", answer).0.expect("it runs")
    };
    let (survives, is_caught) = (&|| SURVIVED, &caught);
    let [lost, won] = [run(survives, survives), run(is_caught, survives)];
    assert!(lost.is_proof() && won.is_proof(), "{:?}", lost.list_faults);
    assert!(lost.count.equivalent > won.count.equivalent, "{:?}", won.count);
    let wrong = run(survives, is_caught);
    assert!(!wrong.is_proof() && wrong.list_faults.len() == won.count.equivalent, "{wrong:?}");
}
