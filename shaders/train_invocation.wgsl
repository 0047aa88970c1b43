// Many steps of SGD on mean binary cross-entropy, for networks with one hidden layer: for each of
// `segments`, the loss and the probabilities as they are, then `steps` updates.
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
    learning_rate: f32,
    zero: u32, // always 0
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Parameters, then residues: [2, PARAMETER_COUNT, member_count]
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
// Steps done, and the nonce of the run: [member_count]
@group(0) @binding(2) var<storage, read_write> progress: array<vec2<u32>>;
// [segments, member_count]
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
// [BATCH_SIZE, member_count]
@group(0) @binding(4) var<storage, read_write> probabilities: array<f32>;

override workgroup_size: u32 = 32;

// Parameters in the order of a state_dict: weights of the hidden layer, row by row, its biases,
// weights of the output, its bias.
const HIDDEN_BIAS: u32 = HIDDEN_SIZE * INPUT_SIZE;
const OUTPUT_WEIGHT: u32 = HIDDEN_BIAS + HIDDEN_SIZE;
const OUTPUT_BIAS: u32 = OUTPUT_WEIGHT + HIDDEN_SIZE;
const PARAMETER_COUNT: u32 = OUTPUT_BIAS + 1u;

var<private> parameters: array<f32, PARAMETER_COUNT>;
var<private> residues: array<f32, PARAMETER_COUNT>;
var<private> d_parameters: array<f32, PARAMETER_COUNT>;
var<private> activations: array<f32, HIDDEN_SIZE>;

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

// Leaves the hidden activations of a row in `activations`; returns its logit.
fn forward(row: u32) -> f32 {
    var logit = 0.0;
    for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
        var z = 0.0;
        for (var i = 0u; i < INPUT_SIZE; i += 1u) {
            z += INPUTS[row * INPUT_SIZE + i] * parameters[j * INPUT_SIZE + i];
        }
        activations[j] = sigmoid(z + parameters[HIDDEN_BIAS + j]);
        logit += activations[j] * parameters[OUTPUT_WEIGHT + j];
    }
    return logit + parameters[OUTPUT_BIAS];
}

// Adds the gradient of one row to `d_parameters`.
fn backward(row: u32) {
    let d_logit = (sigmoid(forward(row)) - TARGETS[row]) / f32(BATCH_SIZE);
    for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
        let a = activations[j];
        let d_z = d_logit * parameters[OUTPUT_WEIGHT + j] * (a * (1.0 - a));
        for (var i = 0u; i < INPUT_SIZE; i += 1u) {
            d_parameters[j * INPUT_SIZE + i] += d_z * INPUTS[row * INPUT_SIZE + i];
        }
        d_parameters[HIDDEN_BIAS + j] += d_z;
        d_parameters[OUTPUT_WEIGHT + j] += d_logit * a;
    }
    d_parameters[OUTPUT_BIAS] += d_logit;
}

fn step() {
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        d_parameters[p] = 0.0;
    }
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        backward(row);
    }
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        let before = parameters[p];
        let change = residues[p] - params.learning_rate * d_parameters[p];
        parameters[p] = rounded(before + change);
        residues[p] = change - (parameters[p] - before);
    }
}

fn look(member: u32, segment: u32) {
    var sum = 0.0;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        let logit = forward(row);
        sum += row_loss(logit, TARGETS[row]);
        probabilities[row * params.member_count + member] = sigmoid(logit);
    }
    losses[segment * params.member_count + member] = sum / f32(BATCH_SIZE);
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
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        parameters[p] = state[p * params.member_count + member];
        residues[p] = state[(PARAMETER_COUNT + p) * params.member_count + member];
    }
    var done = 0u;
    for (var segment = 0u; segment < params.segments; segment += 1u) {
        look(member, segment);
        for (var k = 0u; k < params.steps; k += 1u) {
            step();
            done += 1u;
        }
    }
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        state[p * params.member_count + member] = parameters[p];
        state[(PARAMETER_COUNT + p) * params.member_count + member] = residues[p];
    }
    progress[member] = vec2<u32>(params.first_step + done, params.nonce);
}
