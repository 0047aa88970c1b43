// Many steps of gradient descent, for networks with one hidden layer: for each of `segments`,
// `steps` updates (none in the first at the start), then the loss and the outputs as they are.
//
// One invocation trains one network; its parameters stay in registers, as each loop over layers
// and rows has a constant length and is unrolled. The host writes these constants before this
// text: INPUT_SIZE, HIDDEN_SIZE, BATCH_SIZE, and INPUTS and TARGETS with the data.

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
// Rows as the constants below name them: [STATE_ROWS, member_count]
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
// Steps done, the nonce plus the canary, the step before which it was solved: [3, member_count]
@group(0) @binding(2) var<storage, read_write> progress: array<u32>;
// [segments, member_count]
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
// [BATCH_SIZE, member_count]
@group(0) @binding(4) var<storage, read_write> outputs: array<f32>;

override workgroup_size: u32 = 32;
// The sigmoid and the update that round least, instead of the shortest.
override careful: bool = true;
// Whether updates have momentum; only where they are not careful.
override has_momentum: bool = false;
// Mean squared error instead of mean binary cross-entropy of a sigmoid.
override squared: bool = false;
// Whether to sum up what the losses of all steps say of convergence.
override measured: bool = false;
override hidden_activation: u32 = 0;
override output_activation: u32 = 0;

const TANH: u32 = 1;
const IDENTITY: u32 = 2;
const NEVER: u32 = 0xffffffffu;

// Parameters in the order of a state_dict: weights of the hidden layer, row by row, its biases,
// weights of the output, its bias.
const HIDDEN_BIAS: u32 = HIDDEN_SIZE * INPUT_SIZE;
const OUTPUT_WEIGHT: u32 = HIDDEN_BIAS + HIDDEN_SIZE;
const OUTPUT_BIAS: u32 = OUTPUT_WEIGHT + HIDDEN_SIZE;
const PARAMETER_COUNT: u32 = OUTPUT_BIAS + 1u;

// The rows of `state`: the parameters; what a step hands to the next for each of them (what
// rounding left out if careful, else the velocity); the learning rates of the two layers; and,
// where `measured`, the first loss, then the sums over all steps of v, the loss in units of the
// first, of 1/v, and of v over the last steps.
const CARRIED: u32 = PARAMETER_COUNT;
const RATES: u32 = CARRIED + PARAMETER_COUNT;
const MEASURES: u32 = RATES + 2u;

// What v is when the loss is larger, or no number.
const LARGEST: f32 = 1e6;

var<private> parameters: array<f32, PARAMETER_COUNT>;
var<private> carried: array<f32, PARAMETER_COUNT>;
var<private> d_parameters: array<f32, PARAMETER_COUNT>;
var<private> activations: array<f32, HIDDEN_SIZE>;
var<private> hidden_rate: f32;
var<private> output_rate: f32;
// Of one step: the product of the probabilities of the right answers, or the sum of the squared
// errors; and, where `measured`, the sum of the rows' losses.
var<private> evidence: f32;
var<private> loss_sum: f32;
var<private> solved_at: u32;
var<private> first_loss: f32;
var<private> v_sum: f32;
var<private> reciprocal_sum: f32;
var<private> tail_sum: f32;

// As in sigmoid.wgsl.
fn middle(z: f32) -> f32 {
    let y = z * z;
    var q = -1.062825e-8;
    q = q * y + 1.8859414e-7;
    q = q * y - 2.1202923e-6;
    q = q * y + 2.1324006e-5;
    q = q * y - 2.1080143e-4;
    q = q * y + 2.0833316e-3;
    q = q * y - 2.0833334e-2;
    return 0.5 + (0.25 * z + z * y * q);
}

fn sides(z: f32) -> f32 {
    let t = exp(-abs(z));
    let tail = t / (1.0 + t);
    return select(1.0 - tail, tail, z < 0.0);
}

fn sigmoid(z: f32) -> f32 {
    return select(sides(z), middle(z), abs(z) <= 1.5);
}

// As in bce_loss.wgsl.
fn log_1p(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let q = s * s;
    var sum = 1.0 / 15.0;
    sum = sum * q + 1.0 / 13.0;
    sum = sum * q + 1.0 / 11.0;
    sum = sum * q + 1.0 / 9.0;
    sum = sum * q + 1.0 / 7.0;
    sum = sum * q + 1.0 / 5.0;
    sum = sum * q + 1.0 / 3.0;
    return 2.0 * (s + s * (q * sum));
}

fn row_loss(z: f32, target_value: f32) -> f32 {
    let loss = max(z, 0.0) - z * target_value + log_1p(exp(-abs(z)));
    let finite = (bitcast<u32>(z) & 0x7f800000u) != 0x7f800000u;
    return select(z, loss, finite);
}

// As in sgd_update.wgsl.
fn rounded(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ params.zero);
}

fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

fn logistic(z: f32) -> f32 {
    if careful {
        return sigmoid(z);
    }
    // exp(88.8) is infinite, which WGSL lets be anything.
    return 1.0 / (1.0 + exp(min(-z, 87.0)));
}

fn activate(z: f32, activation: u32) -> f32 {
    if activation == TANH {
        return 2.0 * logistic(2.0 * z) - 1.0;
    }
    if activation == IDENTITY {
        return z;
    }
    return logistic(z);
}

// The derivative of an activation, by its value.
fn slope(a: f32, activation: u32) -> f32 {
    if activation == TANH {
        return 1.0 - a * a;
    }
    if activation == IDENTITY {
        return 1.0;
    }
    return a * (1.0 - a);
}

// Leaves the hidden activations of a row in `activations`; returns its logit.
fn forward(row: u32) -> f32 {
    var logit = 0.0;
    for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
        var z = 0.0;
        for (var i = 0u; i < INPUT_SIZE; i += 1u) {
            z += INPUTS[row * INPUT_SIZE + i] * parameters[j * INPUT_SIZE + i];
        }
        activations[j] = activate(z + parameters[HIDDEN_BIAS + j], hidden_activation);
        logit += activations[j] * parameters[OUTPUT_WEIGHT + j];
    }
    return logit + parameters[OUTPUT_BIAS];
}

fn loss_of(row: u32, logit: f32, output: f32) -> f32 {
    if squared {
        let error = output - TARGETS[row];
        return error * error;
    }
    return row_loss(logit, TARGETS[row]);
}

// Adds the gradient of one row to `d_parameters`.
fn backward(row: u32) {
    let logit = forward(row);
    let output = activate(logit, output_activation);
    let error = output - TARGETS[row];
    var d_logit = error / f32(BATCH_SIZE);
    if squared {
        d_logit = 2.0 * d_logit * slope(output, output_activation);
        evidence += error * error;
    } else {
        evidence *= 1.0 - abs(error);
    }
    if measured {
        loss_sum += loss_of(row, logit, output);
    }
    for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
        let a = activations[j];
        let d_z = d_logit * parameters[OUTPUT_WEIGHT + j] * slope(a, hidden_activation);
        for (var i = 0u; i < INPUT_SIZE; i += 1u) {
            d_parameters[j * INPUT_SIZE + i] += d_z * INPUTS[row * INPUT_SIZE + i];
        }
        d_parameters[HIDDEN_BIAS + j] += d_z;
        d_parameters[OUTPUT_WEIGHT + j] += d_logit * a;
    }
    d_parameters[OUTPUT_BIAS] += d_logit;
}

fn update(p: u32, rate: f32) {
    if careful {
        let before = parameters[p];
        let change = carried[p] - rate * d_parameters[p];
        parameters[p] = rounded(before + change);
        carried[p] = change - (parameters[p] - before);
    } else if has_momentum {
        carried[p] = params.momentum * carried[p] + d_parameters[p];
        parameters[p] -= rate * carried[p];
    } else {
        parameters[p] -= rate * d_parameters[p];
    }
}

fn measure(number: u32) {
    let loss = loss_sum / f32(BATCH_SIZE);
    first_loss = select(first_loss, loss, number == 0u);
    let v = select(LARGEST, min(loss / first_loss, LARGEST), is_finite(loss));
    v_sum += v;
    reciprocal_sum += 1.0 / max(v, 1.0 / LARGEST);
    tail_sum += select(0.0, v, number >= params.tail_from);
}

fn step(number: u32) {
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        d_parameters[p] = 0.0;
    }
    evidence = select(1.0, 0.0, squared);
    loss_sum = 0.0;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        backward(row);
    }
    // On the bits, so that no NaN passes.
    let solved = bitcast<u32>(evidence) - params.solved_from < params.solved_span;
    solved_at = min(solved_at, select(NEVER, number, solved));
    if measured {
        measure(number);
    }
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        update(p, select(output_rate, hidden_rate, p < OUTPUT_WEIGHT));
    }
}

fn look(member: u32, segment: u32) {
    var total = 0.0;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        let logit = forward(row);
        let output = activate(logit, output_activation);
        total += loss_of(row, logit, output);
        outputs[row * params.member_count + member] = output;
    }
    var loss = total / f32(BATCH_SIZE);
    // An activation may have made a number of what is none.
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        loss = select(parameters[p], loss, is_finite(parameters[p]) || !is_finite(loss));
    }
    losses[segment * params.member_count + member] = loss;
}

fn load(member: u32) {
    let count = params.member_count;
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        parameters[p] = state[p * count + member];
        if careful || has_momentum {
            carried[p] = state[(CARRIED + p) * count + member];
        }
    }
    hidden_rate = state[RATES * count + member];
    output_rate = state[(RATES + 1u) * count + member];
    let at_start = params.at_start == 1u;
    solved_at = select(progress[2u * count + member], NEVER, at_start);
    if measured {
        first_loss = state[MEASURES * count + member];
        v_sum = select(state[(MEASURES + 1u) * count + member], 0.0, at_start);
        reciprocal_sum = select(state[(MEASURES + 2u) * count + member], 0.0, at_start);
        tail_sum = select(state[(MEASURES + 3u) * count + member], 0.0, at_start);
    }
}

fn store(member: u32, done: u32, canary: u32) {
    let count = params.member_count;
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        state[p * count + member] = parameters[p];
        if careful || has_momentum {
            state[(CARRIED + p) * count + member] = carried[p];
        }
    }
    if measured {
        state[MEASURES * count + member] = first_loss;
        state[(MEASURES + 1u) * count + member] = v_sum;
        state[(MEASURES + 2u) * count + member] = reciprocal_sum;
        state[(MEASURES + 3u) * count + member] = tail_sum;
    }
    // What was done before counts only if the launches before did all of theirs.
    progress[member] = done + select(progress[member], 0u, params.at_start == 1u);
    progress[count + member] = params.nonce + canary;
    progress[2u * count + member] = solved_at;
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let member = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if member >= params.member_count {
        return;
    }
    load(member);
    var done = 0u;
    for (var segment = 0u; segment < params.segments; segment += 1u) {
        // At the start there is nothing before the first look.
        let steps = select(params.steps, 0u, segment == 0u && params.at_start == 1u);
        for (var k = 0u; k < steps; k += 1u) {
            step(params.first_step + done);
            done += 1u;
        }
        look(member, segment);
    }
    // A driver that ends loops early ends this one too.
    var canary = 0u;
    for (var i = 0u; i < params.canary; i += 1u) {
        canary += 1u;
    }
    store(member, done, canary);
}
