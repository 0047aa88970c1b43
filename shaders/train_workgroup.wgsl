// Many steps of gradient descent, for networks with one hidden layer: for each of `segments`,
// `steps` updates (none in the first at the start), then the loss and the outputs as they are.
//
// One workgroup trains one network. The rows are shared out over SLICES slices, and within each
// the hidden units over GROUPS invocations, UNITS each, whose parameters stay in registers; every
// slice has all of them. TILE rows at a time, each invocation adds up what its units give to the
// logits; one invocation a row sums that and answers with the gradient of the logit. After the
// last row the slices add their gradients in pairs, so that all get the same sum. The host writes
// these constants before this text: INPUT_SIZE, which is BLOCKS fours or less, HIDDEN_SIZE,
// BATCH_SIZE, UNITS, GROUPS, SLICES, LEVELS (SLICES is 2^LEVELS), TILE, TILES, which cover the
// rows, ROUNDS, in which the invocations of a slice cover a tile, STRIDE of `shares`, ERRORS, which
// are as many as d_logits unless the loss is the cross-entropy, else one, DATA_BLOCKS, STATES
// (values that the optimizer keeps for each parameter) and FACTOR_COUNT.

struct Params {
    member_count: u32,
    first_step: u32,
    segments: u32,
    steps: u32,
    nonce: u32,
    canary: u32,
    zero: u32, // always 0
    solved_from: u32,
    solved_span: u32,
    tail_from: u32,
    momentum: f32,
    at_start: u32, // 1: what `progress` and the measures hold is not of this run
}

@group(0) @binding(0) var<uniform> params: Params;
// Inputs [TILES * SLICES * TILE, BLOCKS], then targets, four a block; zero where there is no row
@group(0) @binding(1) var<uniform> data: array<vec4<f32>, DATA_BLOCKS>;
// Of each update of the launch, where they depend on its number: factors of the learning rate, of
// the same in Adam's step, and of √v
@group(0) @binding(2) var<uniform> factors: array<vec4<f32>, FACTOR_COUNT>;
// Rows as the constants below name them, and four that are not used: [STATE_ROWS, member_count]
@group(0) @binding(3) var<storage, read_write> state: array<f32>;
// Steps done, the nonce plus the canary, the step before which it was solved: [3, member_count]
@group(0) @binding(4) var<storage, read_write> progress: array<u32>;
// [segments, member_count]
@group(0) @binding(5) var<storage, read_write> losses: array<f32>;
// [BATCH_SIZE, member_count]
@group(0) @binding(6) var<storage, read_write> outputs: array<f32>;

// Always INVOCATIONS; the host gives both.
override workgroup_size: u32;
// The sigmoid and the update that round least, instead of the shortest.
override compensated: bool;
// Whether updates have momentum, and Nesterov's; the weight decay. Only where they are not
// compensated.
override has_momentum: bool;
override nesterov: bool;
override weight_decay: f32;
// Adam or AdamW instead of gradient descent.
override adam: bool;
// Whether `factors` counts.
override depends_on_step: bool;
override hidden_activation: u32;
override output_activation: u32;

const NEVER: u32 = 0xffffffffu;

const INVOCATIONS: u32 = GROUPS * SLICES;
const ROWS: u32 = TILES * SLICES * TILE;

// Parameters in the order of a state_dict: weights of the hidden layer, row by row, its biases,
// weights of the output, its bias.
const HIDDEN_BIAS: u32 = HIDDEN_SIZE * INPUT_SIZE;
const OUTPUT_WEIGHT: u32 = HIDDEN_BIAS + HIDDEN_SIZE;
const OUTPUT_BIAS: u32 = OUTPUT_WEIGHT + HIDDEN_SIZE;
const PARAMETER_COUNT: u32 = OUTPUT_BIAS + 1u;

// The rows of `state`: the parameters; what a step hands to the next for each of them (what
// rounding left out if compensated, the velocity, or m of all and then v); the learning rates of
// the two layers.
const OPTIMIZER_STATE: u32 = PARAMETER_COUNT;
const RATES: u32 = OPTIMIZER_STATE + STATES * PARAMETER_COUNT;

// What each invocation's units give to the logits of a tile: [SLICES, GROUPS, TILE]
var<workgroup> shares: array<f32, INVOCATIONS * STRIDE>;
// [SLICES, TILE]
var<workgroup> d_logits: array<f32, SLICES * TILE>;
// Of the rows of d_logits, unless it is the cross-entropy: the squared error, or the hinge loss.
var<workgroup> errors: array<f32, ERRORS>;
// [SLICES, GROUPS]
var<workgroup> exchange: array<vec4<f32>, INVOCATIONS>;

// Hidden weights of the units, then their bias, output weight and the output's bias; with what the
// optimizer keeps for each (what is second behind all that is first), and with gradients.
var<private> weights: array<array<vec4<f32>, BLOCKS>, UNITS>;
var<private> weight_states: array<array<vec4<f32>, STATES * BLOCKS>, UNITS>;
var<private> d_weights: array<array<vec4<f32>, BLOCKS>, UNITS>;
var<private> ends: array<vec4<f32>, UNITS>;
var<private> end_states: array<vec4<f32>, STATES * UNITS>;
var<private> d_ends: array<vec4<f32>, UNITS>;
var<private> activations: array<array<f32, UNITS>, TILE>;
var<private> loss_sum: f32;
// Of one step: the product of the probabilities of the right answers, or the sum of the squared
// errors or of the hinge losses.
var<private> evidence: f32;
// Of `params`, which llvmpipe reads anew wherever it stands.
var<private> zero: u32;
var<private> momentum: f32;
// Of this step.
var<private> step_factors: vec4<f32>;
var<private> solved_at: u32;
var<private> hidden_rate: f32;
// Learning rates of `ends`.
var<private> end_rates: vec4<f32>;
// Of this invocation.
var<private> slice: u32;
var<private> group: u32;
var<private> is_first: bool;
var<private> member: u32;

fn rounded_block(value: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(value) ^ vec4<u32>(zero));
}

// The magnitude of the last value that is not finite, or zero: no loss is negative.
fn fault_of(found: f32, value: f32) -> f32 {
    return select(magnitude(value), found, is_finite(value));
}

fn fault_of_block(found: f32, value: vec4<f32>) -> f32 {
    return fault_of(fault_of(fault_of(fault_of(found, value.x), value.y), value.z), value.w);
}

// Whether a unit is more than padding.
fn is_real(unit: u32) -> bool {
    return unit < HIDDEN_SIZE;
}

// One value of the state; zero where it does not exist.
fn stored(row: u32, parameter: u32, exists: bool) -> f32 {
    return select(0.0, state[(row + parameter) * params.member_count + member], exists);
}

// Behind the last input, where the data is zero, come the parameters that follow.
fn stored_weights(row: u32, unit: u32, block: u32) -> vec4<f32> {
    let first = unit * INPUT_SIZE + 4u * block;
    let exists = is_real(unit);
    return vec4<f32>(
        stored(row, first, exists),
        stored(row, first + 1u, exists),
        stored(row, first + 2u, exists),
        stored(row, first + 3u, exists),
    );
}

fn stored_ends(row: u32, unit: u32) -> vec4<f32> {
    return vec4<f32>(
        stored(row, HIDDEN_BIAS + unit, is_real(unit)),
        stored(row, OUTPUT_WEIGHT + unit, is_real(unit)),
        stored(row, OUTPUT_BIAS, true),
        0.0,
    );
}

// The first row of what is kept for each parameter: m, or v.
fn kept_row(kept: u32) -> u32 {
    return OPTIMIZER_STATE + kept * PARAMETER_COUNT;
}

fn restore() {
    for (var u = 0u; u < UNITS; u += 1u) {
        let unit = u * GROUPS + group;
        for (var b = 0u; b < BLOCKS; b += 1u) {
            weights[u][b] = stored_weights(0u, unit, b);
            for (var kept = 0u; kept < STATES; kept += 1u) {
                if keeps_state() {
                    weight_states[u][kept * BLOCKS + b] = stored_weights(kept_row(kept), unit, b);
                }
            }
        }
        ends[u] = stored_ends(0u, unit);
        for (var kept = 0u; kept < STATES; kept += 1u) {
            if keeps_state() {
                end_states[kept * UNITS + u] = stored_ends(kept_row(kept), unit);
            }
        }
    }
    // The gradient has the share, or it goes into the rates.
    let of_rates = select(gradient_share(), 1.0, takes_mean());
    hidden_rate = stored(RATES, 0u, true) * of_rates;
    let output_rate = stored(RATES, 1u, true) * of_rates;
    end_rates = vec4<f32>(hidden_rate, output_rate, output_rate, 0.0);
}

// Loops over stores inside of one branch took llvmpipe (Mesa 22.3.6) 19 ms, not less than 1.
fn put(row: u32, parameter: u32, value: f32, exists: bool) {
    if exists {
        state[(row + parameter) * params.member_count + member] = value;
    }
}

fn put_weights(row: u32, unit: u32, block: u32, values: vec4<f32>, exists: bool) {
    let input = 4u * block;
    let first = unit * INPUT_SIZE + input;
    put(row, first, values.x, exists);
    put(row, first + 1u, values.y, exists && input + 1u < INPUT_SIZE);
    put(row, first + 2u, values.z, exists && input + 2u < INPUT_SIZE);
    put(row, first + 3u, values.w, exists && input + 3u < INPUT_SIZE);
}

fn put_ends(row: u32, unit: u32, values: vec4<f32>, exists: bool) {
    put(row, HIDDEN_BIAS + unit, values.x, exists);
    put(row, OUTPUT_WEIGHT + unit, values.y, exists);
    put(row, OUTPUT_BIAS, values.z, exists && unit == 0u);
}

// The first slice stores for all.
fn save() {
    for (var u = 0u; u < UNITS; u += 1u) {
        let unit = u * GROUPS + group;
        let exists = slice == 0u && is_real(unit);
        for (var b = 0u; b < BLOCKS; b += 1u) {
            put_weights(0u, unit, b, weights[u][b], exists);
            for (var kept = 0u; kept < STATES; kept += 1u) {
                if keeps_state() {
                    let values = weight_states[u][kept * BLOCKS + b];
                    put_weights(kept_row(kept), unit, b, values, exists);
                }
            }
        }
        put_ends(0u, unit, ends[u], exists);
        for (var kept = 0u; kept < STATES; kept += 1u) {
            if keeps_state() {
                put_ends(kept_row(kept), unit, end_states[kept * UNITS + u], exists);
            }
        }
    }
}

fn first_row(tile: u32) -> u32 {
    return (tile * SLICES + slice) * TILE;
}

// Leaves the activations of this invocation's units in `activations` and what they give to the
// logits in `shares`.
fn share(tile: u32) {
    for (var r = 0u; r < TILE; r += 1u) {
        let row = first_row(tile) + r;
        var sum = 0.0;
        for (var u = 0u; u < UNITS; u += 1u) {
            var z = 0.0;
            for (var b = 0u; b < BLOCKS; b += 1u) {
                z += dot(data[row * BLOCKS + b], weights[u][b]);
            }
            activations[r][u] = activate(z + ends[u].x, hidden_activation);
            sum += activations[r][u] * ends[u].y;
        }
        shares[(slice * GROUPS + group) * STRIDE + r] = sum;
    }
    workgroupBarrier();
}

fn logit(r: u32) -> f32 {
    var sum = 0.0;
    for (var g = 0u; g < GROUPS; g += 1u) {
        sum += shares[(slice * GROUPS + g) * STRIDE + r];
    }
    return sum + ends[0].z;
}

fn target_of(row: u32) -> f32 {
    return data[ROWS * BLOCKS + row / 4u][row % 4u];
}

// Adds the gradient of the tile's rows to `d_weights` and `d_ends` (of a squared error, half of
// it), and to `evidence` what they tell: all invocations of a slice alike, so that nothing more is
// exchanged for it.
fn learn(tile: u32) {
    share(tile);
    for (var round = 0u; round < ROUNDS; round += 1u) {
        let r = round * GROUPS + group;
        if r < TILE {
            let row = first_row(tile) + r;
            let output = activate(logit(r), output_activation);
            let target_value = target_of(row);
            let d_logit = gradient_of_row(output, target_value, output_activation);
            d_logits[slice * TILE + r] = select(0.0, d_logit, row < BATCH_SIZE);
            if loss_kind != CROSS_ENTROPY {
                let error = evidence_of_row(output, target_value);
                errors[slice * TILE + r] = select(0.0, error, row < BATCH_SIZE);
            }
        }
    }
    workgroupBarrier();
    for (var r = 0u; r < TILE; r += 1u) {
        let row = first_row(tile) + r;
        let d_logit = d_logits[slice * TILE + r];
        if loss_kind == CROSS_ENTROPY {
            evidence *= 1.0 - abs(d_logit);
        } else {
            evidence += errors[slice * TILE + r];
        }
        for (var u = 0u; u < UNITS; u += 1u) {
            let a = activations[r][u];
            let d_z = d_logit * ends[u].y * slope(a, hidden_activation);
            for (var b = 0u; b < BLOCKS; b += 1u) {
                d_weights[u][b] += d_z * data[row * BLOCKS + b];
            }
            d_ends[u] += vec4<f32>(d_z, d_logit * a, d_logit, 0.0);
        }
    }
}

// What the slice that is paired with this one at a level has for `value`.
fn of_other_slice(value: vec4<f32>, level: u32) -> vec4<f32> {
    exchange[slice * GROUPS + group] = value;
    workgroupBarrier();
    let other = exchange[(slice ^ (1u << level)) * GROUPS + group];
    workgroupBarrier();
    return other;
}

// The sum over the slices; each gets the same bits, as a + b is b + a.
fn total(value: vec4<f32>) -> vec4<f32> {
    var sum = rounded_block(value);
    for (var level = 0u; level < LEVELS; level += 1u) {
        sum = rounded_block(sum + of_other_slice(sum, level));
    }
    return sum;
}

// The same, but the evidence of the last value.
fn total_of_ends(value: vec4<f32>) -> vec4<f32> {
    var sum = rounded_block(value);
    for (var level = 0u; level < LEVELS; level += 1u) {
        let other = of_other_slice(sum, level);
        let evidence_of_both = select(sum.w + other.w, sum.w * other.w, loss_kind == CROSS_ENTROPY);
        sum = rounded_block(vec4<f32>(sum.xyz + other.xyz, evidence_of_both));
    }
    return sum;
}

// Parameters, and what the optimizer keeps for each: m and v, or one value.
struct Updated {
    parameters: vec4<f32>,
    first: vec4<f32>,
    second: vec4<f32>,
}

// A parameter, m and v.
fn updated_by_adam(before: vec3<f32>, gradient: f32, learning_rate: f32) -> vec3<f32> {
    let moments = moments_after(Moments(before.y, before.z), before.x, gradient);
    let step_size = learning_rate * step_factors.y;
    let rate = learning_rate * step_factors.x;
    return vec3<f32>(
        moved(before.x, moments, step_size, rate, step_factors.z),
        moments.m,
        moments.v,
    );
}

fn update_by_adam_of_four(before: Updated, gradient: vec4<f32>, rates: vec4<f32>) -> Updated {
    let parameters = before.parameters;
    let m = before.first;
    let v = before.second;
    let x = updated_by_adam(vec3<f32>(parameters.x, m.x, v.x), gradient.x, rates.x);
    let y = updated_by_adam(vec3<f32>(parameters.y, m.y, v.y), gradient.y, rates.y);
    let z = updated_by_adam(vec3<f32>(parameters.z, m.z, v.z), gradient.z, rates.z);
    let w = updated_by_adam(vec3<f32>(parameters.w, m.w, v.w), gradient.w, rates.w);
    return Updated(
        vec4<f32>(x.x, y.x, z.x, w.x),
        vec4<f32>(x.y, y.y, z.y, w.y),
        vec4<f32>(x.z, y.z, z.z, w.z),
    );
}

fn update(own: Updated, gradient: vec4<f32>, learning_rates: vec4<f32>) -> Updated {
    let before = own.parameters;
    let state = own.first;
    if adam {
        return update_by_adam_of_four(own, gradient * gradient_share(), learning_rates);
    }
    var rates = learning_rates;
    if depends_on_step {
        rates *= step_factors.x;
    }
    if compensated {
        let change = state - rates * gradient;
        let after = rounded_block(before + change);
        return Updated(after, change - rounded_block(after - before), own.second);
    }
    var d = gradient;
    if takes_mean() {
        d *= gradient_share();
    }
    if weight_decay != 0.0 {
        d += weight_decay * before;
    }
    if has_momentum {
        let velocity = momentum * state + d;
        d = select(velocity, d + momentum * velocity, nesterov);
        return Updated(before - rates * d, velocity, own.second);
    }
    return Updated(before - rates * d, state, own.second);
}

fn update_weights(u: u32, b: u32) {
    let second = (STATES - 1u) * BLOCKS + b;
    let own = Updated(weights[u][b], weight_states[u][b], weight_states[u][second]);
    let updated = update(own, total(d_weights[u][b]), vec4<f32>(hidden_rate));
    weights[u][b] = updated.parameters;
    if adam {
        weight_states[u][second] = updated.second;
    }
    if keeps_state() {
        weight_states[u][b] = updated.first;
    }
}

// Leaves the evidence of all slices.
fn update_ends(u: u32, of_slice: f32) {
    let own = d_ends[u];
    // Padding stays zero, and so do all gradients but this one.
    let d_weight = select(0.0, own.y, is_real(u * GROUPS + group));
    let d = total_of_ends(vec4<f32>(own.x, d_weight, own.z, of_slice));
    evidence = d.w;
    let second = (STATES - 1u) * UNITS + u;
    let own_ends = Updated(ends[u], end_states[u], end_states[second]);
    let updated = update(own_ends, vec4<f32>(d.xyz, 0.0), end_rates);
    ends[u] = updated.parameters;
    if adam {
        end_states[second] = updated.second;
    }
    if keeps_state() {
        end_states[u] = updated.first;
    }
}

fn train(number: u32) {
    d_weights = array<array<vec4<f32>, BLOCKS>, UNITS>();
    d_ends = array<vec4<f32>, UNITS>();
    evidence = select(0.0, 1.0, loss_kind == CROSS_ENTROPY);
    for (var tile = 0u; tile < TILES; tile += 1u) {
        learn(tile);
    }
    let of_slice = evidence;
    for (var u = 0u; u < UNITS; u += 1u) {
        for (var b = 0u; b < BLOCKS; b += 1u) {
            update_weights(u, b);
        }
        update_ends(u, of_slice);
    }
    // On the bits, so that no NaN passes.
    let solved = bitcast<u32>(evidence) - params.solved_from < params.solved_span;
    solved_at = min(solved_at, select(NEVER, number, solved));
}

// A parameter of this invocation that is not finite, or zero.
fn fault() -> f32 {
    var found = 0.0;
    for (var u = 0u; u < UNITS; u += 1u) {
        for (var b = 0u; b < BLOCKS; b += 1u) {
            found = fault_of_block(found, weights[u][b]);
        }
        found = fault_of_block(found, ends[u]);
    }
    return found;
}

fn inspect(segment: u32) {
    loss_sum = 0.0;
    for (var tile = 0u; tile < TILES; tile += 1u) {
        share(tile);
        for (var round = 0u; round < ROUNDS; round += 1u) {
            let r = round * GROUPS + group;
            let row = first_row(tile) + r;
            if r < TILE && row < BATCH_SIZE {
                let z = logit(r);
                let output = activate(z, output_activation);
                loss_sum += loss_of(z, output, target_of(row));
                outputs[row * params.member_count + member] = output;
            }
        }
        workgroupBarrier();
    }
    exchange[slice * GROUPS + group] = vec4<f32>(loss_sum, fault(), 0.0, 0.0);
    workgroupBarrier();
    if is_first {
        var sum = 0.0;
        var found = 0.0;
        for (var i = 0u; i < INVOCATIONS; i += 1u) {
            sum += exchange[i].x;
            found = fault_of(found, exchange[i].y);
        }
        // An activation may have made a number of an infinity or a NaN.
        let loss = fault_of(sum / f32(BATCH_SIZE), found);
        losses[segment * params.member_count + member] = loss;
    }
    // Before anything else is exchanged, `share` has a barrier.
}

fn report(done: u32, canary: u32) {
    let count = params.member_count;
    let at_start = params.at_start == 1u;
    // What was done before counts only if the launches before did all of theirs.
    progress[member] = done + select(progress[member], 0u, at_start);
    progress[count + member] = params.nonce + canary;
    let before = select(progress[2u * count + member], NEVER, at_start);
    progress[2u * count + member] = min(before, solved_at);
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(workgroup_id) workgroup_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
    @builtin(local_invocation_index) local_index: u32,
) {
    member = workgroup_id.y * workgroup_count.x + workgroup_id.x;
    slice = local_index / GROUPS;
    group = local_index % GROUPS;
    is_first = local_index == 0u;
    // The whole workgroup at once, so that all of it meets at each barrier, or none.
    if workgroup_id.y * workgroup_count.x + workgroup_id.x >= params.member_count {
        return;
    }
    zero = params.zero;
    momentum = params.momentum;
    restore();
    solved_at = NEVER;
    var done = 0u;
    for (var segment = 0u; segment < params.segments; segment += 1u) {
        // At the start there is nothing before the first look.
        let steps = select(params.steps, 0u, segment == 0u && params.at_start == 1u);
        for (var k = 0u; k < steps; k += 1u) {
            if depends_on_step {
                step_factors = factors[done];
            }
            train(params.first_step + done);
            done += 1u;
        }
        inspect(segment);
    }
    save();
    // A driver that ends loops early, as llvmpipe does after 65,535 iterations, ends this one too:
    // then the last step may be a part of one.
    var canary = 0u;
    for (var i = 0u; i < params.canary; i += 1u) {
        canary += 1u;
    }
    if is_first {
        report(done, canary);
    }
}
