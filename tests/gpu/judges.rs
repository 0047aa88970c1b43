//! What accepts or refuses, fed directly: with what is just right and with what is just wrong.

use parity::cpu::Reference;
use parity::cpu::train_invocation::{Member, look, train_invocation};
use parity::error::Error;
use parity::gpu::Gpu;
use parity::numeric::{Enclosure, Scalar};
use parity::task::{Dataset, Init, Method, Parameters};
use parity::train::{Plan, Products, State, Stepper};
use parity::verify::{Effort, EngineForm, Failure, Fault, Trial, check_step, prove_by_training};

use crate::harness::{gpu, open};

const EFFORT: Effort = Effort { seed: 48, cases: 0, quick: true, thorough: false };

fn trial(gpu: &Gpu) -> Trial<'_> {
    Trial::new(gpu, "judges", EFFORT)
}

#[track_caller]
fn fault(result: Result<(), Failure>) -> Fault {
    match result {
        Err(Failure::Fault(fault)) => *fault,
        other => panic!("it is right, or an error: {other:?}"),
    }
}

/// The numbers of `f32` at the ends of an enclosure, and those just beyond.
fn ends(expected: Enclosure) -> [[f32; 2]; 2] {
    let (value, error) = (expected.to_f64(), expected.error());
    let beyond = |found: f32| (f64::from(found) - value).abs() > error;
    [f32::next_down as fn(f32) -> f32, f32::next_up].map(|next| {
        let mut inside = f32::from_f64(value);
        assert!(!beyond(inside), "{value} ± {error}");
        while !beyond(next(inside)) {
            inside = next(inside);
        }
        [inside, next(inside)]
    })
}

#[test]
fn a_comparison_accepts_the_ends_of_an_enclosure_and_nothing_beyond() {
    let expected =
        [Enclosure::new(1.0, 0.25), Enclosure::new(-3.0, 0.0), Enclosure::new(0.1, 1e-8)];
    let right = expected.map(|one| f32::from_f64(one.to_f64()));
    let compare = |found: &[f32]| trial(gpu()).compare("case", "tensor", found, &expected);
    for index in 0..expected.len() {
        for [inside, outside] in ends(expected[index]) {
            let with = |value| {
                let mut found = right;
                found[index] = value;
                found
            };
            assert!(compare(&with(inside)).is_ok(), "{inside} in {:?}", expected[index]);
            for wrong in [outside, f32::NAN, f32::INFINITY, f32::from_bits(0x7fc0_dead)] {
                let fault = fault(compare(&with(wrong)));
                assert_eq!((fault.index, fault.tensor.as_str()), (index, "tensor"));
                assert_eq!((fault.kernel.as_ref(), fault.case.as_str()), ("judges", "case"));
                assert_eq!(fault.found.to_bits(), f64::from(wrong).to_bits());
                assert_eq!(
                    (fault.expected, fault.bound),
                    (expected[index].to_f64(), expected[index].error())
                );
            }
        }
    }
}

#[test]
fn what_has_no_bound_is_neither_right_nor_wrong_and_is_no_proof() {
    let mut trial = trial(gpu());
    assert!(trial.all_checked().is_ok());
    let expected = [Enclosure::new(1.0, 0.0), Enclosure::new(1.0, f64::INFINITY)];
    for found in [1.0, 7.0, f32::NAN] {
        assert!(trial.compare("case", "tensor", &[1.0, found], &expected).is_ok(), "{found}");
    }
    assert_eq!((trial.tally.values, trial.unchecked.len(), trial.unchecked[0].values), (3, 1, 3));
    let refused = trial.all_checked().expect_err("something was not checked");
    assert!(matches!(refused, Failure::Error(Error::Wrong(_))), "{refused:?}");
}

#[test]
fn words_are_equal_or_the_first_that_is_not_is_named() {
    let expected = [1, 0x7fc0_0000, 3, u32::MAX];
    let equal = |found: [u32; 4]| trial(gpu()).equal("case", "words", &found, &expected);
    assert!(equal(expected).is_ok());
    for index in 0..4 {
        for bit in [0, 22, 31] {
            let mut found = expected;
            found[index] ^= 1 << bit;
            found[3] ^= u32::from(index < 3);
            assert_eq!(fault(equal(found)).index, index, "bit {bit}");
        }
    }
}

#[test]
fn an_output_that_was_not_to_be_written_holds_its_poison_or_is_wrong() {
    let poison = f32::from_bits(0x7fc0_dead);
    let untouched = |found: &[f32]| trial(gpu()).untouched("case", "tensor", found);
    assert!(untouched(&[poison; 3]).is_ok());
    for other in [0.0, f32::NAN, f32::from_bits(0x7fc0_deac)] {
        assert_eq!(fault(untouched(&[poison, poison, other])).index, 2);
    }
}

#[test]
fn an_output_is_read_between_its_fences() {
    let trial = trial(gpu());
    let output = pollster::block_on(trial.output("out", &[1.0, 2.0, 3.0])).expect("room");
    assert_eq!(pollster::block_on(trial.read("case", &output)).expect("whole"), [1.0, 2.0, 3.0]);
    let poisoned = pollster::block_on(trial.poisoned("out", 2)).expect("room");
    let words = pollster::block_on(trial.read_words("case", &poisoned)).expect("whole");
    assert_eq!(words, [0x7fc0_dead; 2]);
}

fn plan(method: Method) -> Plan {
    let sizes = "2-2-1".parse().expect("a network");
    let start = Parameters::initialise(&sizes, Init::Torch, 48);
    Plan::new(Dataset::parity(2).expect("XOR"), method, start, 50, 50).expect("a plan")
}

/// The states before and after step 30.
fn step(plan: &Plan, engine: EngineForm) -> [State; 2] {
    pollster::block_on(async {
        let mut stepper = match engine {
            EngineForm::Layered => Stepper::layered(gpu(), plan, Products::Plain).await,
            EngineForm::Epilogues => Stepper::layered(gpu(), plan, Products::Epilogues).await,
            EngineForm::Fused => Stepper::fused(gpu(), plan).await,
        }
        .expect("room");
        let before = stepper.advance(30).await.expect("steps").clone();
        [before, stepper.advance(1).await.expect("a step").clone()]
    })
}

/// What the step may come to: the parameters, and the loss before it or after it.
fn expected(
    plan: &Plan,
    engine: EngineForm,
    [before, after]: &[State; 2],
) -> (Vec<Enclosure>, Enclosure) {
    if engine != EngineForm::Fused {
        let mut twin =
            Reference::<Enclosure>::new(&plan.recipe.data, plan.recipe.method, &plan.start);
        twin.load(&before.parameters, &before.optimizer_state, before.step);
        let loss = twin.step();
        return (twin.parameters().collect(), loss);
    }
    let member = |state: &State| Member {
        optimizer_state: Enclosure::all_from_f32(&state.optimizer_state),
        ..Member::new(
            plan.recipe.sizes.as_slice(),
            Enclosure::all_from_f32(&state.parameters),
            Enclosure::from_f64(1.0),
        )
    };
    let (loss, _) = look(plan.recipe.method, &plan.recipe.data, &member(after));
    let mut twin = member(before);
    train_invocation(plan.recipe.method, &plan.recipe.data, 0.0, 1, &mut twin);
    (twin.parameters, loss)
}

/// Every value of a step, at the ends of what it may be and just beyond.
#[test]
fn a_step_is_accepted_up_to_the_bounds_of_each_value_and_no_further() {
    for (engine, method) in [
        (EngineForm::Layered, Method::COMPENSATED),
        (EngineForm::Epilogues, Method::COMPENSATED),
        (EngineForm::Fused, Method::COMPENSATED),
        (EngineForm::Fused, Method::PLAIN),
    ] {
        let plan = plan(method);
        let states @ [before, after] = &step(&plan, engine);
        let check = |after: &State| check_step(&mut trial(gpu()), &plan, engine, before, after);
        check(after).unwrap_or_else(|failure| panic!("{engine:?}: {failure:?}"));
        let (parameters, loss) = expected(&plan, engine, states);
        for (index, &expected) in parameters.iter().enumerate() {
            // Its loss is of the parameters as they are.
            let with = |value| {
                let mut after = State { loss_after: None, ..after.clone() };
                after.parameters[index] = value;
                check(&after)
            };
            for [inside, outside] in ends(expected) {
                // What it left out of that is another matter.
                let is_right = match with(inside) {
                    Err(Failure::Fault(fault)) => fault.tensor != "parameters",
                    found => found.is_ok(),
                };
                assert!(is_right, "{engine:?}, parameter {index}: {inside}");
                let found = fault(with(outside));
                assert_eq!((found.index, found.tensor.as_str()), (index, "parameters"));
            }
            assert_eq!(fault(with(f32::NAN)).index, index);
        }
        for loss_of in [before_update as fn(&mut State) -> &mut Option<f32>, after_update] {
            let mut after = after.clone();
            if loss_of(&mut after).is_none() {
                continue;
            }
            for [inside, outside] in ends(loss) {
                *loss_of(&mut after) = Some(inside);
                assert!(check(&after).is_ok(), "{engine:?}: a loss of {inside}");
                *loss_of(&mut after) = Some(outside);
                assert_eq!(fault(check(&after)).tensor, "loss", "{engine:?}: {outside}");
            }
        }
        if method.is_compensated() {
            check_optimizer_state(engine, after, check);
        }
    }
}

fn before_update(state: &mut State) -> &mut Option<f32> {
    &mut state.loss_before
}

fn after_update(state: &mut State) -> &mut Option<f32> {
    &mut state.loss_after
}

/// Rounding leaves out half a unit in the last place of a parameter: what is off by far more is wrong.
fn check_optimizer_state(
    engine: EngineForm,
    after: &State,
    check: impl Fn(&State) -> Result<(), Failure>,
) {
    for index in 0..after.optimizer_state.len() {
        for sign in [1.0, -1.0] {
            let mut after = after.clone();
            after.optimizer_state[index] +=
                sign * 1_000.0 * f32::EPSILON * after.parameters[index].abs();
            let found = fault(check(&after));
            assert_eq!(found.index, index, "{engine:?}: {found}");
        }
    }
}

/// Members at any place of a chunk are held against the same network alone: a shader that trains
/// one of them otherwise is noticed.
#[test]
fn a_member_that_is_trained_otherwise_among_others_is_noticed() {
    let check = |gpu: &Gpu| pollster::block_on(prove_by_training(gpu, EFFORT));
    check(gpu()).unwrap_or_else(|failure| panic!("the shipped one is right: {failure:?}"));
    let spec = &parity::kernels::train_invocation::SPEC;
    let right = "rates[lane * LAYER_COUNT + l] = state[(RATES + l) * count + member] * of_rates;";
    assert_eq!(spec.source().matches(right).count(), 1);
    for member in [1, 2] {
        let wrong = format!(
            "{right} rates[lane * LAYER_COUNT + l] *= select(1.0, 1.01, member == {member}u);"
        );
        let mut gpu = open();
        gpu.substitute(spec.name, spec.source().replace(right, &wrong));
        let message = format!("{:?}", check(&gpu).expect_err("one member is another network"));
        assert!(message.contains("of an ensemble"), "member {member}: {message}");
    }
}
