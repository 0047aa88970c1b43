//! Mutants that compute the same, so that no check can tell them from the kernel.

use super::mutant::Mutant;

/// A mutant that is none, and why. It is known by its text, so that it stays known when lines move.
pub struct Equivalent {
    /// The stem of the shader.
    pub kernel: &'static str,
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
        let known = [self.kernel, self.rule, self.before, self.after];
        known == [mutant.kernel, mutant.rule, &mutant.before, &mutant.after]
    }
}

/// All that are known. The runner runs them too: one that is caught is none.
pub const EQUIVALENTS: &[Equivalent] = &[
    Equivalent {
        kernel: "matmul",
        rule: "last iteration dropped",
        before: "for (; l + 4u <= params.k; l += 4u) {",
        after: "for (; l + 4u < params.k; l += 4u) {",
        reason: "the loop behind it makes the same products in the same order",
    },
    Equivalent {
        kernel: "matmul",
        rule: "comparison off by one",
        before: "if row >= params.m || column >= params.n {",
        after: "if row > params.m || column >= params.n {",
        reason: "a tile below the last row repeats that row, and store_block stores none of it",
    },
    Equivalent {
        kernel: "matmul",
        rule: "condition dropped",
        before: "if row >= params.m || column >= params.n {",
        after: "if column >= params.n {",
        reason: "a tile below the last row repeats that row, and store_block stores none of it",
    },
    Equivalent {
        kernel: "sigmoid",
        rule: "comparison off by one",
        before: "return select(1.0 - tail, tail, z < 0.0);",
        after: "return select(1.0 - tail, tail, z <= 0.0);",
        reason: "for z = 0 the middle is taken",
    },
    Equivalent {
        kernel: "train_workgroup",
        rule: "number changed",
        before: "0.0,",
        after: "1.0,",
        reason: "the fourth value of `ends` is padding, which nothing stores",
    },
    Equivalent {
        kernel: "train_workgroup",
        rule: "number changed",
        before: "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 0.0);",
        after: "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 1.0);",
        reason: "the gradient of the fourth value is zero",
    },
    Equivalent {
        kernel: "train_workgroup",
        rule: "number changed",
        before: "let d = vec4<f32>(sums.xyz, 0.0);",
        after: "let d = vec4<f32>(sums.xyz, 1.0);",
        reason: "the learning rate of the fourth value is zero",
    },
    Equivalent {
        kernel: "train_workgroup",
        rule: "number changed",
        before: "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 0.0, 0.0);",
        after: "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 1.0, 0.0);",
        reason: "the third value is padding, which nothing reads",
    },
];
