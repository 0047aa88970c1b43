//! Mutants written by hand: mistakes that people make when they write networks by hand.

use super::mutant::Mutant;
use crate::gpu::KernelSpec;

/// What a user reads, a part of a shader that occurs once, and what takes its place.
type Saboteur = (&'static str, &'static str, &'static str);

const LOSS_GRAD: &[Saboteur] = &[
    ("sign flipped", "return output - target_value;", "return target_value - output;"),
    ("sum instead of mean", "params.scale * d_logit", "d_logit"),
    ("half of the gradient of squares", "d_logit *= 2.0;", ""),
    ("gradient of the wrong row", "row(y, targets[index],", "row(y, targets[index + 1u],"),
    (
        "hinge without its margin",
        "1.0 - target_value * output > 0.0",
        "-target_value * output > 0.0",
    ),
    ("last row dropped", "index >= params.batch_size", "index + 1u >= params.batch_size"),
    ("unguarded tail write", "if index >= params.batch_size {", "if false {"),
];

const LOSS: &[Saboteur] = &[
    ("sum instead of mean", " / f32(params.batch_size)", ""),
    ("hinge without its margin", "1.0 - target_value * output", "-target_value * output"),
    UNSTABLE_LOSS,
    ("log(1 + t) instead of log1p", "log_1p(exp(-abs(z)))", "log(1.0 + exp(-abs(z)))"),
    EXP_OF_LOSS,
    ("last row dropped", "row < params.batch_size", "row + 1u < params.batch_size"),
    ("off-by-one step", "steps_done[0] %", "(steps_done[0] + 1u) %"),
    BARRIER_OF_SUMS,
];

const BIAS_ADD: &[Saboteur] = &[
    ("bias forgotten", "pre_activations[index] += bias[index % params.output_size];", ""),
    ("bias of the row", "index % params.output_size", "index / params.output_size"),
    ("bias of the next column", "bias[index %", "bias[(index + 1u) %"),
    (
        "last row dropped",
        "params.batch_size * params.output_size",
        "(params.batch_size - 1u) * params.output_size",
    ),
    ("unguarded tail write", "if index >= params.batch_size * params.output_size {", "if false {"),
];

const BIAS_GRAD: &[Saboteur] = &[
    ("sum instead of mean", "params.scale * partial_sums[lane]", "partial_sums[lane]"),
    ("gradient of the wrong row", "[row * params", "[(row + 1u) * params"),
    ("last row dropped", "row < params.batch_size", "row + 1u < params.batch_size"),
    ("last column dropped", "column >= params.output_size", "column + 1u >= params.output_size"),
    BARRIER_OF_SUMS,
];

const MATMUL: &[Saboteur] = &[
    ("a transposed", "select(row * length + l, l * length + row, transpose_a)", "row * length + l"),
    ("b transposed", "select(l * length + column, ", "select(column * length + l, "),
    ("last product dropped", "l < rest;", "l + 1u < rest;"),
    ("bias of the row", "operand[column]);", "operand[index / params.n]);"),
    ("sigma' without (1 - a)", "(a * (1.0 - a))", "a"),
    LAST_ROW,
    LAST_COLUMN,
    TAIL_WRITE,
    LAST_COLUMNS,
];

const MATMUL_REGISTER: &[Saboteur] = &[
    ("last product dropped", "l < rest;", "l + 1u < rest;"),
    ("blocks swapped", "sums[BLOCK_COLUMNS * i + j]", "sums[BLOCK_ROWS * j + i]"),
    LAST_ROW,
    LAST_COLUMN,
    TAIL_WRITE,
    LAST_COLUMNS,
];

const MATMUL_WORKGROUP: &[Saboteur] = &[
    ("last product dropped", "depth < rest;", "depth + 1u < rest;"),
    ("a product too many", "depth < rest;", "depth <= rest;"),
    (
        "barrier removed",
        "4u * quarter + 3u);\n        }\n        workgroupBarrier();",
        "4u * quarter + 3u);\n        }",
    ),
    LAST_ROW,
    LAST_COLUMN,
    TAIL_WRITE,
    LAST_COLUMNS,
];

const MATMUL_SUBGROUP: &[Saboteur] = &[
    ("last product dropped", "params.k % 2u == 1u", "false"),
    ("own value instead of the other's", "subgroupShuffle(own, other)", "own"),
    ("value of the wrong row", "subgroupShuffle(own, other)", "subgroupShuffle(own, other ^ 1u)"),
    LAST_ROW,
    LAST_COLUMN,
    TAIL_WRITE,
    LAST_COLUMNS,
];

const SGD_UPDATE: &[Saboteur] = &[
    ("learning rate x 1.001", "[index] - params.learning", "[index] - 1.001 * params.learning"),
    ("sign flipped", "optimizer_state[index] - params", "optimizer_state[index] + params"),
    ("rounding not carried over", "change - rounded(after - before)", "0.0"),
    ("momentum squared", "params.momentum * opt", "params.momentum * params.momentum * opt"),
    ("velocity instead of Nesterov's sum", "d + params.momentum * velocity", "velocity"),
    (
        "decay of the update",
        "weight_decay * before",
        "weight_decay * before * params.learning_rate",
    ),
    ("velocity not kept", "optimizer_state[index] = velocity;", ""),
    (
        "gradient of the wrong parameter",
        "var d = d_parameters[index]",
        "var d = d_parameters[index + 1u]",
    ),
    ("off-by-one step", "steps_done[0] += 1u", "steps_done[0] += 2u"),
    ("last parameter dropped", "index >= params.len", "index + 1u >= params.len"),
    ("unguarded tail write", "if index >= params.len {", "if false {"),
];

const ADAM_UPDATE: &[Saboteur] = &[
    ("bias of m not corrected", "moments, params.step_size,", "moments, params.rate,"),
    ("bias of v not corrected", "params.root_factor);", "1.0);"),
    ("mean of the gradient, not of its square", "rest_2 * (d * d)", "rest_2 * d"),
    ("epsilon under the root", "max(moments.v, LEAST)", "(max(moments.v, LEAST) + adam_epsilon)"),
    ("means of before", "moved(parameter, moments,", "moved(parameter, before,"),
    ("decay of the update", "rate * weight_decay * parameter", "weight_decay * parameter"),
    ("off-by-one step", "steps_done[0] += 1u", "steps_done[0] += 2u"),
    ("last parameter dropped", "index >= params.len", "index + 1u >= params.len"),
    ("unguarded tail write", "if index >= params.len {", "if false {"),
];

const ACTIVATION: &[Saboteur] = &[
    EXP_OF_SIGMOID,
    ("last value dropped", "index >= params.len", "index + 1u >= params.len"),
    ("unguarded tail write", "if index >= params.len {", "if false {"),
];

const ACTIVATION_GRAD: &[Saboteur] = &[
    ("sigma' without (1 - a)", "return a * (1.0 - a)", "return a"),
    ("sigma' without a", "return a * (1.0 - a)", "return 1.0 - a"),
    ("gradient of the wrong row", "d_activations[index]", "d_activations[index + 1u]"),
    ("last value dropped", "index >= params.len", "index + 1u >= params.len"),
    ("unguarded tail write", "if index >= params.len {", "if false {"),
];

const TRAIN_INVOCATION: &[Saboteur] = &[
    RATE_OFF,
    SUM_OF_GRADIENTS,
    ("sum of losses instead of mean", "total / f32(BATCH_SIZE)", "total"),
    ("sign flipped", "optimizer_state[own] - rate", "optimizer_state[own] + rate"),
    ("rounding not carried over", "change - rounded(parameters[own] - before)", "0.0"),
    ("momentum forgotten", "momentum * optimizer_state[own] + d;", "d;"),
    SUM_DECAYS,
    FACTORS_OF_NEXT,
    ("bias forgotten", "z += parameters[own + layer.bias + j];", ""),
    SLOPE_CUT,
    (
        "gradient of the wrong row",
        "d_z * input_of(lane, row, layer, i)",
        "d_z * input_of(lane, (row + 1u) % BATCH_SIZE, layer, i)",
    ),
    (
        "weights transposed",
        "* parameters[weights + i]",
        "* parameters[own + layer.weight + i * layer.outputs + j]",
    ),
    (
        "last row dropped",
        "row < BATCH_SIZE; row += 1u) {\n        backward",
        "row + 1u < BATCH_SIZE; row += 1u) {\n        backward",
    ),
    ("off-by-one step", "first_step + done", "first_step + done + 1u"),
    ("one step more", "k < steps", "k <= steps"),
    UNSTABLE_LOSS,
    EXP_OF_LOSS,
    EXP_OF_SIGMOID,
    EXP_OF_LOGISTIC,
    ("unguarded tail write", "if first + lane < params.member_count {", "if true {"),
];

const TRAIN_WORKGROUP: &[Saboteur] = &[
    RATE_OFF,
    SUM_OF_GRADIENTS,
    ("sum of losses instead of mean", "sum / f32(BATCH_SIZE)", "sum"),
    ("sign flipped", "state - rates * gradient", "state + rates * gradient"),
    ("rounding not carried over", "change - rounded_block(after - before)", "vec4<f32>(0.0)"),
    ("momentum forgotten", "momentum * state + d;", "d;"),
    SUM_DECAYS,
    FACTORS_OF_NEXT,
    ("bias forgotten", "activate(z + ends[u].x,", "activate(z,"),
    SLOPE_CUT,
    ("gradient of the wrong row", "d_z * data[row *", "d_z * data[(row + 1u) *"),
    ("last row dropped", "d_logit, row < BATCH_SIZE", "d_logit, row + 1u < BATCH_SIZE"),
    ("rows that are not there counted", "select(0.0, d_logit, row < BATCH_SIZE)", "d_logit"),
    ("off-by-one step", "params.first_step + done", "params.first_step + done + 1u"),
    ("one step more", "k < steps", "k <= steps"),
    UNSTABLE_LOSS,
    EXP_OF_LOSS,
    EXP_OF_SIGMOID,
    EXP_OF_LOGISTIC,
    ("barrier removed", "+ r] = sum;\n    }\n    workgroupBarrier();", "+ r] = sum;\n    }"),
    ("unguarded tail write", "if exists {", "if true {"),
];

const UNIFORM_DRAW: &[Saboteur] = &[
    ("one round too few", "ROUNDS: u32 = 10u", "ROUNDS: u32 = 9u"),
    ("one bit too few", "word >> 8u", "word >> 9u"),
    (
        "scale forgotten",
        "params.extent * bitcast<f32>(origins[5u * count + member])",
        "params.extent",
    ),
    (
        "draw of the wrong parameter",
        "        params.first_parameter,",
        "        params.first_parameter + 1u,",
    ),
    ("last parameter dropped", "row < params.row_count", "row + 1u < params.row_count"),
    ("unguarded tail write", "if member >= count {", "if false {"),
];

const RATE_OFF: Saboteur =
    ("learning rate x 1.001", "let of_rates = select", "let of_rates = 1.001 * select");

const SUM_OF_GRADIENTS: Saboteur = (
    "sum instead of mean",
    "select(1.0, 2.0, loss_kind == SQUARED_ERROR) / f32(BATCH_SIZE)",
    "select(1.0, 2.0, loss_kind == SQUARED_ERROR)",
);

const FACTORS_OF_NEXT: Saboteur = (
    "factors of the next step",
    "step_factors = factors[done];",
    "step_factors = factors[done + 1u];",
);

const SUM_DECAYS: Saboteur = ("sum decays, not the mean", "d *= gradient_share();", "");

const SLOPE_CUT: Saboteur = ("sigma' without (1 - a)", "return a * (1.0 - a);", "return a;");

const UNSTABLE_LOSS: Saboteur =
    ("unstable loss", "mistake + log_1p(exp(-abs(z)))", "log(1.0 + exp(z)) - z * target_value");

// 1 + 8 · 2⁻²³.
const EXP_OF_LOSS: Saboteur = (
    "exp with 8 ULP more error, in the loss",
    "log_1p(exp(-abs(z)))",
    "log_1p(1.00000095 * exp(-abs(z)))",
);

const EXP_OF_SIGMOID: Saboteur =
    ("exp with 8 ULP more error", "let t = exp(-abs(z))", "let t = 1.00000095 * exp(-abs(z))");

const EXP_OF_LOGISTIC: Saboteur = (
    "exp with 8 ULP more error, in the short formula",
    "1.0 / (1.0 + exp(-z))",
    "1.0 / (1.0 + 1.00000095 * exp(-z))",
);

const BARRIER_OF_SUMS: Saboteur = (
    "barrier removed",
    "partial_sums[lane] = sum;\n    workgroupBarrier();",
    "partial_sums[lane] = sum;",
);

const LAST_ROW: Saboteur = ("last row dropped", "(row < params.m) &", "(row + 1u < params.m) &");

const LAST_COLUMN: Saboteur =
    ("last column dropped", "(column < params.n) {", "(column + 1u < params.n) {");

const TAIL_WRITE: Saboteur = ("unguarded tail write", "if (row < params.m) & ", "if ");

const LAST_COLUMNS: Saboteur = ("unguarded last columns", " & (column < params.n) {", " {");

/// Saboteurs of each kernel, by its stem.
const BY_KERNEL: [(&str, &[Saboteur]); 15] = [
    ("loss_grad", LOSS_GRAD),
    ("loss", LOSS),
    ("bias_add", BIAS_ADD),
    ("bias_grad", BIAS_GRAD),
    ("matmul", MATMUL),
    ("matmul_register", MATMUL_REGISTER),
    ("matmul_subgroup", MATMUL_SUBGROUP),
    ("matmul_workgroup", MATMUL_WORKGROUP),
    ("sgd_update", SGD_UPDATE),
    ("adam_update", ADAM_UPDATE),
    ("activation", ACTIVATION),
    ("activation_grad", ACTIVATION_GRAD),
    ("train_invocation", TRAIN_INVOCATION),
    ("train_workgroup", TRAIN_WORKGROUP),
    ("uniform_draw", UNIFORM_DRAW),
];

/// The mutants of a kernel that were written by hand.
///
/// # Panics
/// If a part that one of them replaces does not occur exactly once.
#[must_use]
pub fn named(spec: &KernelSpec) -> Vec<Mutant> {
    let rows = BY_KERNEL.iter().filter(|(kernel, _)| *kernel == spec.name);
    rows.flat_map(|(_, saboteurs)| *saboteurs).map(|saboteur| mutant(spec, saboteur)).collect()
}

fn mutant(spec: &KernelSpec, &(name, part, replacement): &Saboteur) -> Mutant {
    let source = spec.source();
    let found: Vec<_> = source.match_indices(part).collect();
    let &[(start, _)] = found.as_slice() else {
        panic!("{}: {name}: {part:?} occurs {} times, not once", spec.name, found.len());
    };
    Mutant::new(spec.name, source, name, true, start..start + part.len(), replacement)
}
