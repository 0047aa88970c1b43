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
        kernel: "bce_loss",
        rule: "guard always true",
        before: "if lane == workgroup_size - 1u {",
        after: "if true {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bce_loss",
        rule: "comparison negated",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane != workgroup_size - 1u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bce_loss",
        rule: "number changed",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane == workgroup_size - 2u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        rule: "guard always true",
        before: "if lane == workgroup_size - 1u {",
        after: "if true {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        rule: "comparison negated",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane != workgroup_size - 1u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "bias_grad",
        rule: "number changed",
        before: "if lane == workgroup_size - 1u {",
        after: "if lane == workgroup_size - 2u {",
        reason: ALL_LANES,
    },
    Equivalent {
        kernel: "matmul",
        rule: "sign flipped",
        before: "let rows = min(vec4<u32>(row) + offsets, vec4<u32>(params.m - 1u));",
        after: "let rows = min(vec4<u32>(row) + offsets, vec4<u32>(params.m + 1u));",
        reason: NEVER_STORED,
    },
    Equivalent {
        kernel: "matmul",
        rule: "term dropped",
        before: "let rows = min(vec4<u32>(row) + offsets, vec4<u32>(params.m - 1u));",
        after: "let rows = min(vec4<u32>(row) + offsets, vec4<u32>(params.m));",
        reason: NEVER_STORED,
    },
    Equivalent {
        kernel: "matmul",
        rule: "sign flipped",
        before: "let columns = min(vec4<u32>(column) + offsets, vec4<u32>(params.n - 1u));",
        after: "let columns = min(vec4<u32>(column) + offsets, vec4<u32>(params.n + 1u));",
        reason: NEVER_STORED,
    },
    Equivalent {
        kernel: "matmul",
        rule: "term dropped",
        before: "let columns = min(vec4<u32>(column) + offsets, vec4<u32>(params.n - 1u));",
        after: "let columns = min(vec4<u32>(column) + offsets, vec4<u32>(params.n));",
        reason: NEVER_STORED,
    },
    Equivalent {
        kernel: "sigmoid",
        rule: "comparison off by one",
        before: "return select(1.0 - tail, tail, z < 0.0);",
        after: "return select(1.0 - tail, tail, z <= 0.0);",
        reason: "for z = 0 the middle is taken",
    },
    Equivalent {
        kernel: "sigmoid",
        rule: "comparison off by one",
        before: "return select(sides(z), middle(z), abs(z) <= 1.5);",
        after: "return select(sides(z), middle(z), abs(z) < 1.5);",
        reason: "differs only at ±3/2, where both formulas are within the bound: exp(−3/2) may be \
                 off by 12 ULP, and the fit is off by less than 2⁻²⁸",
    },
];

const ALL_LANES: &str = "every invocation has the sum, each in an order of its own that the bound \
                         covers, so it does not matter which of them write it";

const NEVER_STORED: &str = "what a tile reads beyond the last row or column goes into sums that \
                            are not stored";
