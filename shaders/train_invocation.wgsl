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

// The host gives all of these.
override workgroup_size: u32;
// The sigmoid and the update that round least, instead of the shortest.
override compensated: bool;
// Whether updates have momentum; only where they are not compensated.
override has_momentum: bool;
// Mean squared error instead of mean binary cross-entropy of a sigmoid.
override squared: bool;
// Whether to sum up what the losses of all steps say of convergence.
override measured: bool;
// Gradients as a notebook written by hand has them: those of weights are summed over the rows,
// those of biases averaged, and epsilon keeps a quotient from dividing by zero.
override by_hand: bool;
override epsilon: f32;
// Whether gradients pass through the derivative of the hidden activation: by hand they may not.
override hidden_derivative: bool;
override hidden_activation: u32;
override output_activation: u32;

const NEVER: u32 = 0xffffffffu;

// Parameters in the order of a state_dict: weights of the hidden layer, row by row, its biases,
// weights of the output, its bias.
const HIDDEN_BIAS: u32 = HIDDEN_SIZE * INPUT_SIZE;
const OUTPUT_WEIGHT: u32 = HIDDEN_BIAS + HIDDEN_SIZE;
const OUTPUT_BIAS: u32 = OUTPUT_WEIGHT + HIDDEN_SIZE;
const OUTPUT_COUNT: u32 = HIDDEN_SIZE + 1u;
const PARAMETER_COUNT: u32 = OUTPUT_WEIGHT + OUTPUT_COUNT;

// The rows of `state`: the parameters; what a step hands to the next for each of them (what
// rounding left out if compensated, else the velocity); the learning rates of the two layers; and,
// where `measured`, the first loss, then the sums over all steps of v, the loss in units of the
// first, of 1/v, and of v over the last steps.
const OPTIMIZER_STATE: u32 = PARAMETER_COUNT;
const RATES: u32 = OPTIMIZER_STATE + PARAMETER_COUNT;
const MEASURES: u32 = RATES + 2u;

// What v is when the loss is larger, or no number.
const LARGEST: f32 = 1e6;

// Of `params`: llvmpipe reads it anew wherever it stands, at the price of twenty other operations.
var<private> solved_from: u32;
var<private> solved_span: u32;
var<private> tail_from: u32;
var<private> momentum: f32;

var<private> parameters: array<f32, MEMBERS_PER_INVOCATION * PARAMETER_COUNT>;
var<private> optimizer_state: array<f32, MEMBERS_PER_INVOCATION * PARAMETER_COUNT>;
var<private> d_parameters: array<f32, PARAMETER_COUNT>;
var<private> activations: array<f32, MEMBERS_PER_INVOCATION * BATCH_SIZE * HIDDEN_SIZE>;
var<private> logits: array<f32, MEMBERS_PER_INVOCATION * BATCH_SIZE>;
var<private> predictions: array<f32, MEMBERS_PER_INVOCATION * BATCH_SIZE>;
var<private> rates: array<vec2<f32>, MEMBERS_PER_INVOCATION>;
// Of one step: the product of the probabilities of the right answers, or the sum of the squared
// errors.
var<private> evidence: f32;
var<private> members: array<u32, MEMBERS_PER_INVOCATION>;
var<private> solved_at: array<u32, MEMBERS_PER_INVOCATION>;
var<private> first_loss: array<f32, MEMBERS_PER_INVOCATION>;
var<private> v_sum: array<f32, MEMBERS_PER_INVOCATION>;
var<private> reciprocal_sum: array<f32, MEMBERS_PER_INVOCATION>;
var<private> tail_sum: array<f32, MEMBERS_PER_INVOCATION>;

// Leaves the activations, logits and predictions of all rows. First all neurons of a layer, then
// the next: while one waits for its sigmoid, a processor goes on with the others.
fn forward(lane: u32) {
    let own = lane * PARAMETER_COUNT;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
            var z = 0.0;
            for (var i = 0u; i < INPUT_SIZE; i += 1u) {
                z += INPUTS[row * INPUT_SIZE + i] * parameters[own + j * INPUT_SIZE + i];
            }
            z += parameters[own + HIDDEN_BIAS + j];
            let unit = (lane * BATCH_SIZE + row) * HIDDEN_SIZE + j;
            activations[unit] = activate(z, hidden_activation);
        }
    }
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        var logit = 0.0;
        for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
            let a = activations[(lane * BATCH_SIZE + row) * HIDDEN_SIZE + j];
            logit += a * parameters[own + OUTPUT_WEIGHT + j];
        }
        logit += parameters[own + OUTPUT_BIAS];
        logits[lane * BATCH_SIZE + row] = logit;
        predictions[lane * BATCH_SIZE + row] = activate(logit, output_activation);
    }
}

fn loss_of(lane: u32, row: u32) -> f32 {
    if squared {
        let error = predictions[lane * BATCH_SIZE + row] - TARGETS[row];
        return error * error;
    }
    return row_loss(logits[lane * BATCH_SIZE + row], TARGETS[row]);
}

fn mean_loss(lane: u32) -> f32 {
    var total = 0.0;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        total += loss_of(lane, row);
    }
    return total / f32(BATCH_SIZE);
}

// Adds the gradient of one row to `d_parameters`, but for a factor that all rows share.
fn backward(lane: u32, row: u32) {
    let own = lane * PARAMETER_COUNT;
    let prediction = predictions[lane * BATCH_SIZE + row];
    let error = prediction - TARGETS[row];
    var d_logit = error;
    if squared {
        d_logit = error * slope(prediction, output_activation);
        evidence += error * error;
    } else {
        if by_hand {
            let share = prediction * (1.0 - prediction);
            d_logit = error / (share + epsilon) * share;
        }
        evidence *= select(1.0 - prediction, prediction, TARGETS[row] == 1.0);
    }
    for (var j = 0u; j < HIDDEN_SIZE; j += 1u) {
        let a = activations[(lane * BATCH_SIZE + row) * HIDDEN_SIZE + j];
        var d_z = d_logit * parameters[own + OUTPUT_WEIGHT + j];
        if hidden_derivative {
            d_z *= slope(a, hidden_activation);
        }
        for (var i = 0u; i < INPUT_SIZE; i += 1u) {
            d_parameters[j * INPUT_SIZE + i] += d_z * INPUTS[row * INPUT_SIZE + i];
        }
        d_parameters[HIDDEN_BIAS + j] += d_z;
        d_parameters[OUTPUT_WEIGHT + j] += d_logit * a;
    }
    d_parameters[OUTPUT_BIAS] += d_logit;
}

// The gradient of the mean: that of the sum of rows, or half of the sum of squares, times this.
fn gradient_share() -> f32 {
    return select(1.0, 2.0, squared) / f32(BATCH_SIZE);
}

fn is_bias(p: u32) -> bool {
    return p >= HIDDEN_BIAS && p < OUTPUT_WEIGHT || p == OUTPUT_BIAS;
}

fn update(lane: u32, p: u32, rate_of_layer: f32) {
    let own = lane * PARAMETER_COUNT + p;
    var rate = rate_of_layer;
    if by_hand {
        rate = select(rate_of_layer, rate_of_layer / f32(BATCH_SIZE), is_bias(p));
    }
    if compensated {
        let before = parameters[own];
        let change = optimizer_state[own] - rate * d_parameters[p];
        parameters[own] = rounded(before + change);
        optimizer_state[own] = change - rounded(parameters[own] - before);
    } else if has_momentum {
        optimizer_state[own] = momentum * optimizer_state[own] + gradient_share() * d_parameters[p];
        parameters[own] -= rate * optimizer_state[own];
    } else {
        parameters[own] -= rate * d_parameters[p];
    }
}

fn measure(lane: u32, loss: f32, number: u32) {
    first_loss[lane] = select(first_loss[lane], loss, number == 0u);
    let v = select(LARGEST, min(loss / first_loss[lane], LARGEST), is_finite(loss));
    v_sum[lane] += v;
    reciprocal_sum[lane] += 1.0 / max(v, 1.0 / LARGEST);
    tail_sum[lane] += select(0.0, v, number >= tail_from);
}

fn step(lane: u32, number: u32) {
    d_parameters = array<f32, PARAMETER_COUNT>();
    evidence = select(1.0, 0.0, squared);
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        backward(lane, row);
    }
    // On the bits, so that no NaN passes.
    let solved = bitcast<u32>(evidence) - solved_from < solved_span;
    solved_at[lane] = min(solved_at[lane], select(NEVER, number, solved));
    if measured {
        measure(lane, mean_loss(lane), number);
    }
    for (var p = 0u; p < OUTPUT_WEIGHT; p += 1u) {
        update(lane, p, rates[lane][0]);
    }
    for (var p = 0u; p < OUTPUT_COUNT; p += 1u) {
        update(lane, OUTPUT_WEIGHT + p, rates[lane][1]);
    }
}

fn look(lane: u32, segment: u32) {
    let member = members[lane];
    forward(lane);
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        outputs[row * params.member_count + member] = predictions[lane * BATCH_SIZE + row];
    }
    var loss = mean_loss(lane);
    // An activation may have made a number of an infinity or a NaN; no loss is negative.
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        let parameter = parameters[lane * PARAMETER_COUNT + p];
        loss = select(magnitude(parameter), loss, is_finite(parameter));
    }
    losses[segment * params.member_count + member] = loss;
}

fn load_member(lane: u32) {
    let member = members[lane];
    let count = params.member_count;
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        let own = lane * PARAMETER_COUNT + p;
        parameters[own] = state[p * count + member];
        if compensated || has_momentum {
            optimizer_state[own] = state[(OPTIMIZER_STATE + p) * count + member];
        }
    }
    // The velocity has the share; without one, it goes into the rates. Sums by hand need no share.
    let of_rates = select(gradient_share(), 1.0, has_momentum || by_hand);
    rates[lane][0] = state[RATES * count + member] * of_rates;
    rates[lane][1] = state[(RATES + 1u) * count + member] * of_rates;
    let at_start = params.at_start == 1u;
    solved_at[lane] = select(progress[2u * count + member], NEVER, at_start);
    first_loss[lane] = state[MEASURES * count + member];
    v_sum[lane] = select(state[(MEASURES + 1u) * count + member], 0.0, at_start);
    reciprocal_sum[lane] = select(state[(MEASURES + 2u) * count + member], 0.0, at_start);
    tail_sum[lane] = select(state[(MEASURES + 3u) * count + member], 0.0, at_start);
}

fn store_member(lane: u32, done: u32, canary: u32) {
    let member = members[lane];
    let count = params.member_count;
    for (var p = 0u; p < PARAMETER_COUNT; p += 1u) {
        let own = lane * PARAMETER_COUNT + p;
        state[p * count + member] = parameters[own];
        if compensated || has_momentum {
            state[(OPTIMIZER_STATE + p) * count + member] = optimizer_state[own];
        }
    }
    if measured {
        state[MEASURES * count + member] = first_loss[lane];
        state[(MEASURES + 1u) * count + member] = v_sum[lane];
        state[(MEASURES + 2u) * count + member] = reciprocal_sum[lane];
        state[(MEASURES + 3u) * count + member] = tail_sum[lane];
    }
    // What was done before counts only if the launches before did all of theirs.
    progress[member] = done + select(progress[member], 0u, params.at_start == 1u);
    progress[count + member] = params.nonce + canary;
    progress[2u * count + member] = solved_at[lane];
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let invocation = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    let first = invocation * MEMBERS_PER_INVOCATION;
    if first >= params.member_count {
        return;
    }
    zero = params.zero;
    solved_from = params.solved_from;
    solved_span = params.solved_span;
    tail_from = params.tail_from;
    momentum = params.momentum;
    for (var lane = 0u; lane < MEMBERS_PER_INVOCATION; lane += 1u) {
        // Without a member of its own, the last lane repeats one.
        members[lane] = min(first + lane, params.member_count - 1u);
        load_member(lane);
    }
    let first_step = params.first_step;
    let most_steps = params.steps;
    let is_start = params.at_start == 1u;
    var done = 0u;
    for (var segment = 0u; segment < params.segments; segment += 1u) {
        // At the start there is nothing before the first look.
        let steps = select(most_steps, 0u, segment == 0u && is_start);
        for (var k = 0u; k < steps; k += 1u) {
            for (var lane = 0u; lane < MEMBERS_PER_INVOCATION; lane += 1u) {
                forward(lane);
            }
            for (var lane = 0u; lane < MEMBERS_PER_INVOCATION; lane += 1u) {
                step(lane, first_step + done);
            }
            done += 1u;
        }
        for (var lane = 0u; lane < MEMBERS_PER_INVOCATION; lane += 1u) {
            look(lane, segment);
        }
    }
    // A driver that ends loops early ends this one too.
    var canary = 0u;
    for (var i = 0u; i < params.canary; i += 1u) {
        canary += 1u;
    }
    for (var lane = 0u; lane < MEMBERS_PER_INVOCATION; lane += 1u) {
        if first + lane < params.member_count {
            store_member(lane, done, canary);
        }
    }
}
