//! Faults beyond the sizes and lengths of small checks: each is noticed by the check of its kernel.

use std::ops::ControlFlow;

use parity::gpu::{Gpu, KernelSpec};
use parity::kernels::{self, train_invocation, train_workgroup};
use parity::task::{Dataset, Init, Method, Parameters};
use parity::train::{Plan, Stepper};
use parity::verify::{
    Effort, EngineForm, Failure, Fault, KERNELS, Trial, is_of_training, lockstep,
};
use pollster::block_on;

use crate::harness::{gpu, open};

const DEFAULT: Effort = Effort { seed: 48, cases: 100, quick: false, thorough: false };
const QUICK: Effort = Effort { quick: true, ..DEFAULT };
const THOROUGH: Effort = Effort { thorough: true, ..DEFAULT };

/// A mistake in the text of a kernel, and what the case in which it is noticed is called.
struct Mistake {
    spec: &'static KernelSpec,
    right: &'static str,
    wrong: &'static str,
    case: &'static str,
}

impl Mistake {
    fn text(&self) -> String {
        let source = self.spec.source();
        assert!(source.contains(self.right), "{}: {}", self.spec.name, self.right);
        source.replace(self.right, self.wrong)
    }

    /// What the check of the kernel finds.
    fn fault(&self, gpu: &mut Gpu, effort: Effort) -> Box<Fault> {
        gpu.substitute(self.spec.name, self.text());
        let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == self.spec.name);
        let mut trial = Trial::new(gpu, self.spec.name, effort);
        let checked = block_on(kernel.expect("it is there").check(&mut trial));
        gpu.restore();
        let Err(Failure::Fault(fault)) = checked else { panic!("{}: {checked:?}", self.wrong) };
        println!("{}: {fault}", self.wrong);
        fault
    }
}

fn notices(mistakes: &[Mistake], effort: Effort) {
    let mut gpu = open();
    for mistake in mistakes {
        let fault = mistake.fault(&mut gpu, effort);
        assert!(fault.case.contains(mistake.case), "{}: {fault}", mistake.wrong);
    }
}

const INVOCATION: &KernelSpec = &train_invocation::SPEC;
const WORKGROUP: &KernelSpec = &train_workgroup::SPEC;

#[test]
fn what_goes_wrong_in_large_launches_alone_is_noticed() {
    notices(
        &[
            Mistake {
                spec: INVOCATION,
                right: "step(lane, first_step + done);",
                wrong: "if global_id.x != 4095u { step(lane, first_step + done); }",
                case: "members, against few",
            },
            Mistake {
                spec: INVOCATION,
                right: "let first = invocation *",
                wrong: "let first = select(0u, 64u, global_id.y > 3u) + invocation *",
                case: "members in [3, ",
            },
            Mistake {
                spec: WORKGROUP,
                right: "train(params.first_step + done);",
                wrong: "if workgroup_id.x != 200u { train(params.first_step + done); }",
                case: "members, against few",
            },
            Mistake {
                spec: WORKGROUP,
                right: "    member = workgroup_id.y *",
                wrong: "    member = min(workgroup_id.y, 3u) *",
                case: "members in [3, ",
            },
        ],
        QUICK,
    );
}

#[test]
fn an_index_that_is_off_beyond_the_tiles_of_software_adapters_is_noticed() {
    let mistake = Mistake {
        spec: INVOCATION,
        right: "members[lane] = min(first + lane,",
        wrong: "members[lane] = min(first + lane - select(0u, 1u, first >= 98304u),",
        case: "members, against few",
    };
    notices(&[mistake], DEFAULT);
}

/// An invocation finds its place in launches that are folded far more than small ones ever are.
#[test]
fn an_index_that_is_wrong_in_deep_launches_is_noticed_in_every_kernel() {
    let mut gpu = open();
    let mut found = 0;
    for kernel in KERNELS {
        for right in ["= global_id.y * workgroup_count.x", "= workgroup_id.y * workgroup_count.x"] {
            let wrong = if right.contains("global") {
                "= min(global_id.y, 3u) * workgroup_count.x"
            } else {
                "= min(workgroup_id.y, 3u) * workgroup_count.x"
            };
            if kernel.spec.source().contains(right) && kernel.spec.name != WORKGROUP.name {
                let mistake = Mistake { spec: kernel.spec, right, wrong, case: "" };
                mistake.fault(&mut gpu, QUICK);
                found += 1;
            }
        }
    }
    assert!(found >= 7, "only {found}");
}

#[test]
fn what_goes_wrong_in_long_launches_alone_is_noticed() {
    notices(
        &[
            Mistake {
                spec: INVOCATION,
                right: "step(lane, first_step + done);",
                wrong: "if k != 1000u { step(lane, first_step + done); }",
                case: "1100 steps in one launch",
            },
            Mistake {
                spec: INVOCATION,
                right: "            done += 1u;",
                wrong: "if k == 1000u { forward(0u); step(0u, first_step + done); } done += 1u;",
                case: "1100 steps in one launch",
            },
            Mistake {
                spec: INVOCATION,
                right: "+ member] = loss;",
                wrong: "+ member] = select(loss, 1.001 * loss, segment == 512u);",
                case: "looks in one launch",
            },
            Mistake {
                spec: WORKGROUP,
                right: "train(params.first_step + done);",
                wrong: "if k != 1000u { train(params.first_step + done); }",
                case: "1100 steps in one launch",
            },
            Mistake {
                spec: WORKGROUP,
                right: "            done += 1u;",
                wrong: "if k == 1000u { train(params.first_step + done); } done += 1u;",
                case: "1100 steps in one launch",
            },
            Mistake {
                spec: WORKGROUP,
                right: "+ member] = loss;",
                wrong: "+ member] = select(loss, 1.001 * loss, segment == 512u);",
                case: "looks in one launch",
            },
        ],
        QUICK,
    );
}

/// Such networks are trained only where it is not to be quick: they take seconds to compile.
#[test]
fn what_goes_wrong_in_networks_that_are_not_the_smallest_is_noticed() {
    let mistakes = [
        Mistake {
            spec: INVOCATION,
            right: "d_parameters[layer.bias + j] += d_z;",
            wrong: "d_parameters[layer.bias + j] += select(d_z, 0.0, j == 7u);",
            case: "problem 0 of seed 48",
        },
        Mistake {
            spec: WORKGROUP,
            right: "d_ends[u] += vec4<f32>(d_z,",
            wrong: "d_ends[u] += vec4<f32>(select(d_z, 0.0, u * GROUPS + group == 7u),",
            case: "problem 0 of seed 48",
        },
        Mistake {
            spec: WORKGROUP,
            right: "update(own, total(d_weights[u][b]),",
            wrong: "update(own, total(d_weights[u][b]) \
                    * select(1.0, 0.9, u * GROUPS + group == 50u),",
            case: "problem 0 of seed 48",
        },
    ];
    notices(&mistakes, DEFAULT);
}

/// The widest that one invocation takes take a minute to compile.
#[test]
fn what_goes_wrong_in_the_widest_networks_of_an_invocation_is_noticed_where_it_may_take_minutes() {
    let mistake = Mistake {
        spec: INVOCATION,
        right: "update_parameter(lane, layer.bias + j, bias_rate);",
        wrong: "update_parameter(lane, layer.bias + j, bias_rate * select(1.0, 0.9, j == 50u));",
        case: "problem 0 of seed 48",
    };
    notices(&[mistake], THOROUGH);
}

fn plan(layers: &str, steps: u64) -> Plan {
    let sizes = layers.parse().expect("a network");
    let start = Parameters::initialise(&sizes, Init::Torch, 48);
    let bits = u32::try_from(sizes.input_size()).expect("few");
    let data = Dataset::parity(bits).expect("data");
    Plan::new(data, Method::COMPENSATED, start, steps, u64::MAX).expect("a plan")
}

/// A step that is left out of long launches alone is right in lockstep, but for the run as a whole.
#[test]
fn a_run_in_its_longest_dispatches_is_compared_with_single_steps() {
    let mut gpu = open();
    let mistake = Mistake {
        spec: INVOCATION,
        right: "step(lane, first_step + done);",
        wrong: "if k != 200u { step(lane, first_step + done); }",
        case: "longest dispatches, against single steps",
    };
    gpu.substitute(INVOCATION.name, mistake.text());
    for method in [Method::COMPENSATED, Method::PLAIN] {
        let plan = plan("2-2-1", 1_000).with_method(method);
        let mut trial = Trial::new(&gpu, INVOCATION.name, QUICK);
        let go_on = &mut |_| ControlFlow::Continue(());
        let walked = block_on(lockstep(&mut trial, &plan, EngineForm::Fused, 1, go_on));
        let Err(Failure::Fault(fault)) = walked else { panic!("{walked:?}") };
        assert!(fault.case.contains(mistake.case), "{fault}");
        assert!(fault.bits.is_some(), "{fault}");
    }
}

/// `verify --kernel` trains with the kernels that training launches, which are known by their names.
#[test]
fn the_kernels_of_training_are_those_that_engines_launch() {
    let mut launched = vec![kernels::uniform_draw::SPEC.name];
    let (small, large) = (plan("2-2-1", 1), plan("8-32-1", 1));
    for plan in [&small, &large] {
        launched.extend(block_on(Stepper::fused(gpu(), plan)).expect("an engine").kernels());
    }
    for products in [parity::train::Products::Plain, parity::train::Products::Epilogues] {
        let stepper = block_on(Stepper::layered(gpu(), &small, products)).expect("an engine");
        launched.extend(stepper.kernels());
    }
    for kernel in KERNELS {
        let name = kernel.spec.name;
        assert_eq!(is_of_training(name), launched.contains(&name), "{name}");
    }
}
