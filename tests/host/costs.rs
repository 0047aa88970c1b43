//! The exponentials and divisions that a kernel is said to cost are those of its text.

use std::collections::BTreeSet;

use parity::gpu::KernelSpec;
use parity::kernels::fused::Problem;
use parity::kernels::peak_arithmetic::{self, Operation};
use parity::kernels::product::{self, Epilogue, Shape};
use parity::kernels::{
    Cost, activation, activation_grad, adam_update, bias_add, bias_grad, loss, loss_grad,
    peak_copy, peak_workgroup, sgd_update, uniform_draw,
};
use parity::task::{Activation, Loss, Method, Rounding};
use parity::verify::KERNELS;
use wgpu::naga::{
    BinaryOperator, Block, Expression, Function, Handle, Literal, MathFunction, Module, Scalar,
    ScalarKind, Statement, SwitchCase, SwitchValue, TypeInner, back::pipeline_constants, front,
    valid,
};

use crate::contract::capabilities;

/// Exponentials and divisions.
type Count = [f64; 2];

fn plus([a, b]: Count, [c, d]: Count) -> Count {
    [a + c, b + d]
}

/// A shader that is compiled for some values of its overrides.
struct Text {
    module: Module,
    info: valid::ModuleInfo,
}

impl Text {
    /// Overrides that are not named are 0.
    fn new(spec: &KernelSpec, overrides: &[(&str, f64)]) -> Self {
        let module = front::wgsl::parse_str(&spec.sample()).expect("it is valid");
        let mut validator =
            valid::Validator::new(valid::ValidationFlags::all(), capabilities(spec));
        let info = validator.validate(&module).expect("it is valid");
        let names = module.overrides.iter().filter_map(|(_, constant)| constant.name.clone());
        let value = |name: &str| {
            let found = overrides.iter().find(|(known, _)| *known == name);
            found
                .map_or(if name.starts_with("workgroup_") { 8.0 } else { 0.0 }, |(_, value)| *value)
        };
        let values = names.map(|name| (name.clone(), value(&name))).collect();
        let processed = pipeline_constants::process_overrides(&module, &info, None, &values);
        let (module, info) = processed.expect("every override has a value");
        Self { module: module.into_owned(), info: info.into_owned() }
    }

    /// What a function makes if each loop makes one iteration, on the way that makes most.
    fn count(&self, name: &str) -> Count {
        self.count_with(name, &[])
    }

    fn count_with(&self, name: &str, arguments: &[Known]) -> Count {
        let mut functions = self.module.functions.iter();
        let found = functions.find(|(_, function)| function.name.as_deref() == Some(name));
        let (function, info) = if let Some((handle, function)) = found {
            (function, &self.info[handle])
        } else {
            let entry = &self.module.entry_points[0];
            assert_eq!(entry.name, name, "there is no such function");
            (&entry.function, self.info.get_entry_point(0))
        };
        Call { text: self, function, info, arguments }.of_block(&function.body)
    }
}

/// What is known of an argument: its value, or the values of its fields.
type Known = Vec<Option<Literal>>;

/// A function with what is known of its arguments.
struct Call<'a> {
    text: &'a Text,
    function: &'a Function,
    info: &'a valid::FunctionInfo,
    arguments: &'a [Known],
}

impl Call<'_> {
    fn of_block(&self, block: &[Statement]) -> Count {
        let Some((first, rest)) = block.split_first() else { return [0.0; 2] };
        let way = |taken: &Block| {
            let ends = matches!(taken.last(), Some(Statement::Return { .. }));
            plus(self.of_block(taken), if ends { [0.0; 2] } else { self.of_block(rest) })
        };
        match first {
            Statement::If { condition, accept, reject } => match self.literal(*condition) {
                Some(Literal::Bool(true)) => way(accept),
                Some(Literal::Bool(false)) => way(reject),
                _ => most(way(accept), way(reject)),
            },
            Statement::Switch { selector, cases } => {
                let is_taken = |case: &&SwitchCase| match self.literal(*selector) {
                    Some(Literal::U32(value)) => case.value == SwitchValue::U32(value),
                    other => panic!("a switch on {other:?}"),
                };
                let is_default = |case: &&SwitchCase| case.value == SwitchValue::Default;
                let case = cases.iter().find(is_taken).or(cases.iter().find(is_default));
                let case = case.expect("a default");
                assert!(!case.fall_through, "a case of several values");
                way(&case.body)
            }
            Statement::Block(inner) => way(inner),
            Statement::Loop { body, continuing, .. } => {
                plus(plus(self.of_block(body), self.of_block(continuing)), self.of_block(rest))
            }
            Statement::Emit(range) => {
                let made = range.clone().map(|handle| self.of_expression(handle));
                made.fold(self.of_block(rest), plus)
            }
            Statement::Call { function, arguments, .. } => {
                let name = self.text.module.functions[*function].name.as_deref();
                let arguments: Vec<_> = arguments.iter().map(|&a| self.known(a)).collect();
                let called = self.text.count_with(name.expect("a name"), &arguments);
                plus(called, self.of_block(rest))
            }
            _ => self.of_block(rest),
        }
    }

    fn known(&self, handle: Handle<Expression>) -> Known {
        let Module { global_expressions, constants, .. } = &self.text.module;
        let literal = |handle| match global_expressions[handle] {
            Expression::Literal(literal) => Some(literal),
            _ => None,
        };
        if let Expression::Constant(constant) = self.function.expressions[handle]
            && let Expression::Compose { components, .. } =
                &global_expressions[constants[constant].init]
        {
            return components.iter().map(|&field| literal(field)).collect();
        }
        vec![self.literal(handle)]
    }

    /// The value of an expression that is known before anything runs.
    fn literal(&self, handle: Handle<Expression>) -> Option<Literal> {
        let module = &self.text.module;
        match self.function.expressions[handle] {
            Expression::Literal(literal) => Some(literal),
            Expression::Constant(constant) => {
                match module.global_expressions[module.constants[constant].init] {
                    Expression::Literal(literal) => Some(literal),
                    _ => None,
                }
            }
            Expression::FunctionArgument(index) => *self.arguments.get(index as usize)?.first()?,
            Expression::AccessIndex { base, index } => match self.function.expressions[base] {
                Expression::FunctionArgument(argument) => {
                    *self.arguments.get(argument as usize)?.get(index as usize)?
                }
                _ => None,
            },
            Expression::Select { condition, accept, reject } => match self.literal(condition)? {
                Literal::Bool(true) => self.literal(accept),
                _ => self.literal(reject),
            },
            Expression::Binary { op: BinaryOperator::Equal, left, right } => {
                Some(Literal::Bool(self.literal(left)? == self.literal(right)?))
            }
            _ => None,
        }
    }

    fn of_expression(&self, handle: Handle<Expression>) -> Count {
        let (lanes, kind) = match self.info[handle].ty.inner_with(&self.text.module.types) {
            TypeInner::Scalar(Scalar { kind, .. }) => (1.0, *kind),
            TypeInner::Vector { size, scalar } => (f64::from(*size as u8), scalar.kind),
            _ => (1.0, ScalarKind::Bool),
        };
        match &self.function.expressions[handle] {
            Expression::Math { fun: MathFunction::Exp, .. } => [lanes, 0.0],
            // As dear as a division, on processors and on GPUs.
            Expression::Math { fun: MathFunction::Sqrt, .. } => [0.0, lanes],
            Expression::Math { fun, .. } => {
                assert!(is_cheap(*fun), "{fun:?} has no peak: give it one, and a count");
                [0.0; 2]
            }
            Expression::Binary { op: BinaryOperator::Divide, .. } if kind == ScalarKind::Float => {
                [0.0, lanes]
            }
            _ => [0.0; 2],
        }
    }
}

fn most(a: Count, b: Count) -> Count {
    if a[0] + a[1] > b[0] + b[1] { a } else { b }
}

/// What adapters make as fast as a sum, about, or what is a number of sums.
fn is_cheap(function: MathFunction) -> bool {
    use MathFunction::{Abs, Clamp, CountTrailingZeros, Dot, FirstTrailingBit, Fma, Max, Min};
    [Abs, Clamp, CountTrailingZeros, Dot, FirstTrailingBit, Fma, Max, Min].contains(&function)
}

/// What a cost says, beside what the text of these functions has.
fn check(spec: &str, overrides: &[(&str, f64)], functions: &[&str], cost: Cost) {
    let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == spec).expect("a kernel");
    let text = Text::new(kernel.spec, overrides);
    let found = functions.iter().map(|name| text.count(name)).fold([0.0; 2], plus);
    let expected = [cost.exponentials, cost.divisions];
    assert_eq!(found, expected, "{spec}, {overrides:?}: exponentials and divisions of the text");
}

/// Kernels whose work is that of one element, row or output, each loop once.
fn plain() -> Vec<(&'static str, Cost)> {
    vec![
        ("activation_grad", activation_grad::cost(1)),
        ("loss", loss::cost(1)),
        ("loss_grad", loss_grad::cost(1)),
        ("sgd_update", sgd_update::cost(1)),
        ("adam_update", adam_update::cost(1)),
        ("bias_add", bias_add::cost(1, 1)),
        ("bias_grad", bias_grad::cost(1, 1)),
        ("uniform_draw", uniform_draw::cost(1, 1)),
        ("peak_copy", peak_copy::cost(1)),
        ("peak_workgroup", peak_workgroup::cost(1, 1)),
    ]
}

const EPILOGUES: [Epilogue; 4] =
    [Epilogue::Store, Epilogue::Bias, Epilogue::Sigmoid, Epilogue::SigmoidGrad];
const PRODUCTS: [&str; 4] = ["matmul", "matmul_register", "matmul_workgroup", "matmul_subgroup"];

fn function(number: u32) -> Activation {
    Activation::ALL[number as usize]
}

#[test]
fn costs_have_the_exponentials_and_divisions_of_the_text() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    // Of a sigmoid that rounds least, whose calls count.
    check("activation", &[("compensated", 1.0)], &["main"], activation::cost(1));
    seen.insert("activation");
    for (spec, cost) in plain() {
        check(spec, &[], &["main"], cost);
        seen.insert(spec);
    }
    for operation in Operation::ALL {
        let overrides = [("operation", operation.number().into())];
        check("peak_arithmetic", &overrides, &["main"], peak_arithmetic::cost(operation, 1, 1));
    }
    for spec in PRODUCTS {
        for epilogue in EPILOGUES {
            let overrides = [("epilogue", f64::from(epilogue as u32))];
            let cost = product::cost(Shape { m: 1, n: 1, k: 1 }, epilogue);
            check(spec, &overrides, &["finish"], cost);
        }
        seen.insert(spec);
    }
    seen.extend(["peak_arithmetic", "train_invocation", "train_workgroup"]);
    let timed = KERNELS.iter().filter(|kernel| kernel.workloads.is_some());
    let timed: BTreeSet<&str> = timed.map(|kernel| kernel.spec.name).collect();
    assert_eq!(seen, timed, "every kernel that is timed");
}

#[test]
fn a_step_costs_the_exponentials_and_divisions_of_its_text() {
    let one = Problem {
        sizes: &[1, 1, 1],
        inputs: &[1.0],
        targets: &[1.0],
        method: Method::PLAIN,
        members_per_invocation: 1,
    };
    for rounding in Rounding::ALL {
        let method = Method::PLAIN.with_rounding(rounding);
        let overrides = [("compensated", f64::from(u8::from(method.is_compensated())))];
        check("train_workgroup", &overrides, &["train"], Problem { method, ..one }.step_cost());
    }
    for rounding in Rounding::ALL {
        for measured in [false, true] {
            for loss in Loss::ALL {
                for number in 0..3 {
                    let method = Method::PLAIN
                        .with_rounding(rounding)
                        .measuring(measured)
                        .with_loss(loss)
                        .with_activations(function(number), function(0));
                    let overrides = [
                        ("compensated", f64::from(u8::from(method.is_compensated()))),
                        ("measured", f64::from(u8::from(measured))),
                        ("loss_kind", f64::from(loss as u8)),
                        ("hidden_activation", number.into()),
                    ];
                    let cost = Problem { method, ..one }.step_cost();
                    check("train_invocation", &overrides, &["forward", "step"], cost);
                }
            }
        }
    }
}
