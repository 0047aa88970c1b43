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
    const fn new(
        [kernel, function, rule]: [&'static str; 3],
        [before, after]: [&'static str; 2],
        reason: &'static str,
    ) -> Self {
        Self { kernel, function, rule, before, after, reason }
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, mutant: &Mutant) -> bool {
        let known = [self.kernel, self.function, self.rule, self.before, self.after];
        known == [mutant.kernel, &mutant.function, mutant.rule, &mutant.before, &mutant.after]
    }
}

/// All that are known. The runner runs them too: one that is caught is none.
pub const EQUIVALENTS: &[Equivalent] = &[
    Equivalent::new(
        ["loss", "main", "guard always true"],
        ["if lane == workgroup_size - 1u {", "if true {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["loss", "main", "comparison negated"],
        ["if lane == workgroup_size - 1u {", "if lane != workgroup_size - 1u {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["loss", "main", "number changed"],
        ["if lane == workgroup_size - 1u {", "if lane == workgroup_size - 2u {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["bias_grad", "main", "guard always true"],
        ["if lane == workgroup_size - 1u {", "if true {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["bias_grad", "main", "comparison negated"],
        ["if lane == workgroup_size - 1u {", "if lane != workgroup_size - 1u {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["bias_grad", "main", "number changed"],
        ["if lane == workgroup_size - 1u {", "if lane == workgroup_size - 2u {"],
        ALL_LANES,
    ),
    Equivalent::new(
        ["matmul_register", "main", "guard always false"],
        ["if row >= params.m {", "if false {"],
        NOTHING_STORED,
    ),
    Equivalent::new(
        ["matmul_register", "main", "comparison off by one"],
        ["if row >= params.m {", "if row > params.m {"],
        NOTHING_STORED,
    ),
    Equivalent::new(
        ["matmul_register", "main", "one iteration more"],
        ["for (var i = 0u; i < LAST; i += 1u) {", "for (var i = 0u; i <= LAST; i += 1u) {"],
        NOT_READ_AGAIN,
    ),
    Equivalent::new(
        ["matmul_subgroup", "main", "one iteration more"],
        ["for (var i = 0u; i < LAST; i += 1u) {", "for (var i = 0u; i <= LAST; i += 1u) {"],
        NOT_READ_AGAIN,
    ),
    Equivalent::new(
        ["matmul_workgroup", "main", "one iteration more"],
        ["for (var i = 0u; i < LAST; i += 1u) {", "for (var i = 0u; i <= LAST; i += 1u) {"],
        NOT_READ_AGAIN,
    ),
    Equivalent::new(
        ["matmul_workgroup", "main", "term dropped"],
        ["let rounds = (params.k - 1u) / DEPTH;", "let rounds = (params.k) / DEPTH;"],
        "the last products are then none where they would be DEPTH, and a round does all",
    ),
    Equivalent::new(
        ["activation", "logistic", "guard always true"],
        ["if compensated {", "if true {"],
        SAME_FUNCTION,
    ),
    Equivalent::new(
        ["activation", "logistic", "guard always false"],
        ["if compensated {", "if false {"],
        SAME_FUNCTION,
    ),
    Equivalent::new(
        ["activation", "sides", "comparison off by one"],
        ["return select(1.0 - tail, tail, z < 0.0);", "return select(1.0 - tail, tail, z <= 0.0);"],
        "for z = 0 the middle is taken",
    ),
    Equivalent::new(
        ["activation", "sigmoid", "comparison off by one"],
        [
            "return select(sides(z), middle(z), abs(z) <= 1.5);",
            "return select(sides(z), middle(z), abs(z) < 1.5);",
        ],
        "differs only at ±3/2, where both formulas are within the bound: exp(−3/2) may be \
                 off by 12 ULP, and the fit is off by less than 2⁻²⁸",
    ),
    Equivalent::new(
        ["train_invocation", "logistic", "guard always true"],
        ["if compensated {", "if true {"],
        SAME_FUNCTION,
    ),
    Equivalent::new(
        ["train_invocation", "step", "guard always true"],
        ["if measured {", "if true {"],
        "what is summed up is only stored where it is measured",
    ),
    Equivalent::new(
        ["train_invocation", "load_member", "guard always true"],
        ["if keeps_state() {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["train_invocation", "main", "guard always true"],
        ["if depends_on_step {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["train_workgroup", "main", "guard always true"],
        ["if depends_on_step {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["train_invocation", "update_parameter", "component swapped"],
        ["rate *= step_factors.x;", "rate *= step_factors.y;"],
        SAME_FACTOR,
    ),
    Equivalent::new(
        ["train_workgroup", "update", "component swapped"],
        ["rates *= step_factors.x;", "rates *= step_factors.y;"],
        SAME_FACTOR,
    ),
    Equivalent::new(
        ["train_invocation", "moments_after", "number changed"],
        ["if weight_decay != 0.0 && !decoupled {", "if weight_decay != 1.0 && !decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_invocation", "moved", "number changed"],
        ["if weight_decay != 0.0 && decoupled {", "if weight_decay != 1.0 && decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "moments_after", "number changed"],
        ["if weight_decay != 0.0 && !decoupled {", "if weight_decay != 1.0 && !decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "moved", "number changed"],
        ["if weight_decay != 0.0 && decoupled {", "if weight_decay != 1.0 && decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "learn", "guard always true"],
        ["if loss_kind != CROSS_ENTROPY {", "if true {"],
        "with the cross-entropy nothing reads what is stored",
    ),
    Equivalent::new(
        ["train_workgroup", "update_weights", "factor dropped"],
        ["let second = (STATES - 1u) * BLOCKS + b;", "let second = BLOCKS + b;"],
        NO_SECOND,
    ),
    Equivalent::new(
        ["train_workgroup", "update_ends", "factor dropped"],
        ["let second = (STATES - 1u) * UNITS + u;", "let second = UNITS + u;"],
        NO_SECOND,
    ),
    Equivalent::new(
        ["train_workgroup", "update_weights", "guard always true"],
        ["if adam {", "if true {"],
        NO_SECOND,
    ),
    Equivalent::new(
        ["train_workgroup", "update_ends", "guard always true"],
        ["if adam {", "if true {"],
        NO_SECOND,
    ),
    Equivalent::new(
        ["train_workgroup", "restore", "guard always true"],
        ["if keeps_state() {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["adam_update", "moments_after", "number changed"],
        ["if weight_decay != 0.0 && !decoupled {", "if weight_decay != 1.0 && !decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["adam_update", "moments_after", "condition dropped"],
        ["if weight_decay != 0.0 && !decoupled {", "if !decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["adam_update", "moved", "number changed"],
        ["if weight_decay != 0.0 && decoupled {", "if weight_decay != 1.0 && decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["adam_update", "moved", "condition dropped"],
        ["if weight_decay != 0.0 && decoupled {", "if decoupled {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["sgd_update", "main", "guard always true"],
        ["if weight_decay != 0.0 {", "if true {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["sgd_update", "main", "number changed"],
        ["if weight_decay != 0.0 {", "if weight_decay != 1.0 {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_invocation", "update_parameter", "guard always true"],
        ["if weight_decay != 0.0 {", "if true {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_invocation", "update_parameter", "number changed"],
        ["if weight_decay != 0.0 {", "if weight_decay != 1.0 {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "logistic", "guard always true"],
        ["if compensated {", "if true {"],
        SAME_FUNCTION,
    ),
    Equivalent::new(
        ["train_workgroup", "update_weights", "guard always true"],
        ["if keeps_state() {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["train_workgroup", "update_ends", "guard always true"],
        ["if keeps_state() {", "if true {"],
        ONLY_LOADED,
    ),
    Equivalent::new(
        ["train_workgroup", "update", "guard always true"],
        ["if weight_decay != 0.0 {", "if true {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "update", "guard always true"],
        ["if has_momentum {", "if true {"],
        "without momentum, no velocity is loaded or stored, and 0 times the momentum is added",
    ),
    Equivalent::new(
        ["train_workgroup", "update_ends", "number changed"],
        [
            "let updated = update(own_ends, vec4<f32>(d.xyz, 0.0), end_rates);",
            "let updated = update(own_ends, vec4<f32>(d.xyz, 1.0), end_rates);",
        ],
        PADDING,
    ),
    Equivalent::new(
        ["train_workgroup", "update", "number changed"],
        ["if weight_decay != 0.0 {", "if weight_decay != 1.0 {"],
        NOTHING_DECAYS,
    ),
    Equivalent::new(
        ["train_workgroup", "stored_ends", "number changed"],
        ["0.0,", "1.0,"],
        PADDING,
    ),
    Equivalent::new(
        ["train_workgroup", "restore", "number changed"],
        [
            "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 0.0);",
            "end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 1.0);",
        ],
        PADDING,
    ),
    Equivalent::new(
        ["train_workgroup", "put_ends", "and, or swapped"],
        [
            "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
            "put(row, OUTPUT_BIAS, values.z, exists || unit == 0u);",
        ],
        SAME_BITS,
    ),
    Equivalent::new(
        ["train_workgroup", "put_ends", "condition dropped"],
        [
            "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
            "put(row, OUTPUT_BIAS, values.z, exists);",
        ],
        SAME_BITS,
    ),
    Equivalent::new(
        ["train_workgroup", "put_ends", "condition dropped"],
        [
            "put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);",
            "put(row, OUTPUT_BIAS, values.z, unit == 0u);",
        ],
        SAME_BITS,
    ),
    Equivalent::new(
        ["train_workgroup", "save", "condition dropped"],
        ["let exists = slice == 0u && is_real(unit);", "let exists = is_real(unit);"],
        SAME_BITS,
    ),
    Equivalent::new(
        ["train_workgroup", "learn", "one iteration more"],
        [
            "for (var round = 0u; round < ROUNDS; round += 1u) {",
            "for (var round = 0u; round <= ROUNDS; round += 1u) {",
        ],
        "in a round too many no invocation has a row of the tile",
    ),
    Equivalent::new(
        ["train_workgroup", "learn", "number changed"],
        [
            "d_ends[u] += vec4<f32>(d_z, d_logit * a, d_logit, 0.0);",
            "d_ends[u] += vec4<f32>(d_z, d_logit * a, d_logit, 1.0);",
        ],
        PADDING,
    ),
    Equivalent::new(
        ["train_workgroup", "train", "one iteration more"],
        [
            "for (var tile = 0u; tile < TILES; tile += 1u) {",
            "for (var tile = 0u; tile <= TILES; tile += 1u) {",
        ],
        "a tile beyond the data has no row of the batch, so no gradient, no loss and no output",
    ),
    Equivalent::new(
        ["train_workgroup", "fault", "number changed"],
        ["var found = 0.0;", "var found = 1.0;"],
        "any finite number means that no parameter was infinite or NaN",
    ),
    Equivalent::new(
        ["train_workgroup", "inspect", "number changed"],
        ["var found = 0.0;", "var found = 1.0;"],
        "any finite number means that no parameter was infinite or NaN",
    ),
    Equivalent::new(
        ["train_workgroup", "inspect", "number changed"],
        [
            "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 0.0, 0.0);",
            "exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 1.0, 0.0);",
        ],
        PADDING,
    ),
    Equivalent::new(
        ["train_workgroup", "inspect", "guard always true"],
        ["if is_first {", "if true {"],
        SAME_BITS,
    ),
];

const ALL_LANES: &str = "every invocation has the sum, each in an order of its own that the bound \
                         covers, so it does not matter which of them write it";

const NOTHING_STORED: &str = "it only saves time: what has no row of the matrix stores nothing";

const NOT_READ_AGAIN: &str = "what moves to the first place is not stored any more";

const NOTHING_DECAYS: &str = "without weight decay, 0 times the parameter is added";

const NO_SECOND: &str = "without Adam the second value is that of before, and the first is stored \
                         after it";

const SAME_FACTOR: &str = "without Adam both are the factor of the schedule";

const SAME_FUNCTION: &str = "both formulas are the logistic function within its bound; they differ \
                             in how much they round";

const ONLY_LOADED: &str = "what is loaded is used and stored only where it is needed";

const PADDING: &str = "the fourth value is padding: nothing stores it, and it always is a number";

const SAME_BITS: &str = "all invocations that would write here have the same bits";
