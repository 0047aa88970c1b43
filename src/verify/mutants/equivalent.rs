//! Mutants that compute the same, so that no check can tell them from the kernel.

use super::mutant::Mutant;

/// A mutant that is none, and why. It is known by its text, so that it stays known when lines move.
pub struct Equivalent {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// The function that it is in.
    pub function: &'static str,
    /// What made the mutant.
    pub rule: &'static str,
    /// The line as it was.
    pub before: &'static str,
    /// The line as it is.
    pub after: &'static str,
    /// Why it computes the same.
    pub reason: &'static str,
}

impl Equivalent {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, mutant: &Mutant) -> bool {
        let known = [self.kernel, self.function, self.rule, self.before, self.after];
        known == [mutant.kernel, &mutant.function, mutant.rule, &mutant.before, &mutant.after]
    }
}

/// All that are known. The runner runs them too: one that is caught is none.
pub const EQUIVALENTS: &[Equivalent] = &[
    Equivalent {
        kernel: "bce_loss",
        function: "main",
        rule: "guard always true",
        before: "if lane == workgroup_size - 1u {",
        after: "if true {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bce_loss",
        function: "main",
        rule: "comparison negated",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane != workgroup_size - 1u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bce_loss",
        function: "main",
        rule: "number changed",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane == workgroup_size - 2u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        function: "main",
        rule: "guard always true",
        before: "if lane == workgroup_size - 1u {",
        after: "if true {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        function: "main",
        rule: "comparison negated",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane != workgroup_size - 1u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        function: "main",
        rule: "number changed",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane == workgroup_size - 2u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "matmul_register",
        function: "main",
        rule: "guard always false",
        before: "if row >= params.m {",
        after: "if false {",
        reason: NOTHING_STORED,
    },
    Equivalent {
        kernel: "matmul_register",
        function: "main",
        rule: "comparison off by one",
        before: "if row >= params.m {",
        after: "if row > params.m {",
        reason: NOTHING_STORED,
    },
    Equivalent {
        kernel: "matmul_register",
        function: "main",
        rule: "one iteration more",
        before: "for (var i = 0u; i < LAST; i += 1u) {",
        after: "for (var i = 0u; i <= LAST; i += 1u) {",
        reason: NOT_READ_AGAIN,
    },
    Equivalent {
        kernel: "matmul_subgroup",
        function: "main",
        rule: "one iteration more",
        before: "for (var i = 0u; i < LAST; i += 1u) {",
        after: "for (var i = 0u; i <= LAST; i += 1u) {",
        reason: NOT_READ_AGAIN,
    },
    Equivalent {
        kernel: "matmul_workgroup",
        function: "main",
        rule: "one iteration more",
        before: "for (var i = 0u; i < LAST; i += 1u) {",
        after: "for (var i = 0u; i <= LAST; i += 1u) {",
        reason: NOT_READ_AGAIN,
    },
    Equivalent {
        kernel: "matmul_workgroup",
        function: "main",
        rule: "term dropped",
        before: "let rounds = (params.k - 1u) / DEPTH;",
        after: "let rounds = (params.k) / DEPTH;",
        reason: "the last products are then none where they would be DEPTH, and a round does all",
    },
    Equivalent {
        kernel: "sigmoid",
        function: "sides",
        rule: "comparison off by one",
        before: "return select(1.0 - tail, tail, z < 0.0);",
        after: "return select(1.0 - tail, tail, z <= 0.0);",
        reason: "for z = 0 the middle is taken",
    },
    Equivalent {
        kernel: "sigmoid",
        function: "sigmoid",
        rule: "comparison off by one",
        before: "return select(sides(z), middle(z), abs(z) <= 1.5);",
        after: "return select(sides(z), middle(z), abs(z) < 1.5);",
        reason: "differs only at ±3/2, where both formulas are within the bound: exp(−3/2) may be \
                 off by 12 ULP, and the fit is off by less than 2⁻²⁸",
    },
    Equivalent {
        kernel: "train_invocation",
        function: "logistic",
        rule: "guard always true",
        before: "if compensated {",
        after: "if true {",
        reason: SAME_FUNCTION,
    },
    Equivalent {
        kernel: "train_invocation",
        function: "step",
        rule: "guard always true",
        before: "if measured {",
        after: "if true {",
        reason: "what is summed up is only stored where it is measured",
    },
    Equivalent {
        kernel: "train_invocation",
        function: "load_member",
        rule: "guard always true",
        before: "if compensated || has_momentum {",
        after: "if true {",
        reason: ONLY_LOADED,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "logistic",
        rule: "guard always true",
        before: "if compensated {",
        after: "if true {",
        reason: SAME_FUNCTION,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "restore",
        rule: "guard always true",
        before: "if compensated {",
        after: "if true {",
        reason: ONLY_LOADED,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "stored_ends",
        rule: "number changed",
        before: "0.0,",
        after: "1.0,",
        reason: PADDING,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "restore",
        rule: "number changed",
        before: "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 0.0);",
        after: "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 1.0);",
        reason: PADDING,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "put_ends",
        rule: "and, or swapped",
        before: "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
        after: "put(row, OUTPUT_BIAS, values.z, exists || unit == 0u);",
        reason: SAME_BITS,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "put_ends",
        rule: "condition dropped",
        before: "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
        after: "put(row, OUTPUT_BIAS, values.z, exists);",
        reason: SAME_BITS,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "put_ends",
        rule: "condition dropped",
        before: "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
        after: "put(row, OUTPUT_BIAS, values.z, unit == 0u);",
        reason: SAME_BITS,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "save",
        rule: "condition dropped",
        before: "let exists = slice == 0u && is_real(unit);",
        after: "let exists = is_real(unit);",
        reason: SAME_BITS,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "learn",
        rule: "one iteration more",
        before: "for (var round = 0u; round < ROUNDS; round += 1u) {",
        after: "for (var round = 0u; round <= ROUNDS; round += 1u) {",
        reason: "in a round too many no invocation has a row of the tile",
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "learn",
        rule: "number changed",
        before: "d_ends[u] += vec4<f32>(d_z, d_logit * a, d_logit, 0.0);",
        after: "d_ends[u] += vec4<f32>(d_z, d_logit * a, d_logit, 1.0);",
        reason: PADDING,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "train",
        rule: "one iteration more",
        before: "for (var tile = 0u; tile < TILES; tile += 1u) {",
        after: "for (var tile = 0u; tile <= TILES; tile += 1u) {",
        reason: "a tile beyond the data has no row of the batch, so no gradient, no loss and no output",
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "fault",
        rule: "number changed",
        before: "var found = 0.0;",
        after: "var found = 1.0;",
        reason: "any number means that none was found that is none",
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "inspect",
        rule: "number changed",
        before: "var found = 0.0;",
        after: "var found = 1.0;",
        reason: "any number means that none was found that is none",
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "inspect",
        rule: "number changed",
        before: "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 0.0, 0.0);",
        after: "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 1.0, 0.0);",
        reason: PADDING,
    },
    Equivalent {
        kernel: "train_workgroup",
        function: "inspect",
        rule: "guard always true",
        before: "if is_first {",
        after: "if true {",
        reason: SAME_BITS,
    },
];

const ALL_LANES: &str = "every invocation has the sum, each in an order of its own that the bound \
                         covers, so it does not matter which of them write it";

const NOTHING_STORED: &str = "it only saves time: what has no row of the matrix stores nothing";

const NOT_READ_AGAIN: &str = "what moves to the first place is not stored any more";

const SAME_FUNCTION: &str = "both formulas are the logistic function within its bound; they differ \
                             in how much they round";

const ONLY_LOADED: &str = "what is loaded is used and stored only where it is needed";

const PADDING: &str = "the fourth value is padding: nothing stores it, and it always is a number";

const SAME_BITS: &str = "all invocations that would write here have the same bits";
