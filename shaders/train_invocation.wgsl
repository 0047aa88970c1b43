// Many steps of gradient descent: for each of `segments`, `steps` updates (none in the first at the
// start), then the loss and the outputs as they are.
//
// One invocation trains one network; its parameters stay in registers, as each loop over rows,
// neurons and inputs has a constant length and is unrolled. The host writes before this text the
// constants BATCH_SIZE, LAYER_COUNT, PARAMETER_COUNT, NEURONS (of all layers but the input), STATES
// (values that the optimizer keeps for each parameter), FACTOR_COUNT and MEMBERS_PER_INVOCATION,
// INPUTS and TARGETS with the data, and three functions: `forward`, `backward` and `update` call
// `forward_layer`, `backward_layer` and `update_layer` for each layer.

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
// Of each update of the launch, where they depend on its number: factors of the learning rate, of
// the same in Adam's step, and of √v
@group(0) @binding(1) var<uniform> factors: array<vec4<f32>, FACTOR_COUNT>;
// Rows as the constants below name them: [STATE_ROWS, member_count]
@group(0) @binding(2) var<storage, read_write> state: array<f32>;
// Steps done, the nonce plus the canary, the step before which it was solved: [3, member_count]
@group(0) @binding(3) var<storage, read_write> progress: array<u32>;
// [segments, member_count]
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
// [BATCH_SIZE, member_count]
@group(0) @binding(5) var<storage, read_write> outputs: array<f32>;

// The host gives all of these.
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

// Parameters are in the order of a state_dict: layer by layer, weights, row by row, then biases.
struct Layer {
    number: u32,
    inputs: u32,
    outputs: u32,
    // Its first weight, and its first bias, among the parameters.
    weight: u32,
    bias: u32,
    // The first of its inputs, and of its outputs, among the neurons.
    first_input: u32,
    first_output: u32,
}

// The rows of `state`: the parameters; what a step hands to the next for each of them (what
// rounding left out if compensated, the velocity, or m of all and then v); the learning rate of
// each layer; and, where `measured`, the first loss, then the sums over all steps of v, the loss in
// units of the first, of 1/v, and of v over the last steps.
const OPTIMIZER_STATE: u32 = PARAMETER_COUNT;
const RATES: u32 = OPTIMIZER_STATE + STATES * PARAMETER_COUNT;
const MEASURES: u32 = RATES + LAYER_COUNT;

// What v is when the loss is larger, or no number.
const LARGEST: f32 = 1e6;

// Of `params`: llvmpipe reads it anew wherever it stands, at the price of twenty other operations.
var<private> solved_from: u32;
var<private> solved_span: u32;
var<private> tail_from: u32;
var<private> momentum: f32;
// Of this step.
var<private> step_factors: vec4<f32>;

var<private> parameters: array<f32, MEMBERS_PER_INVOCATION * PARAMETER_COUNT>;
// What is kept first for each parameter of all members, then what is kept second.
var<private> optimizer_state: array<f32, STATES * MEMBERS_PER_INVOCATION * PARAMETER_COUNT>;
var<private> d_parameters: array<f32, PARAMETER_COUNT>;
// Of every neuron, the network's outputs last.
var<private> activations: array<f32, MEMBERS_PER_INVOCATION * BATCH_SIZE * NEURONS>;
var<private> logits: array<f32, MEMBERS_PER_INVOCATION * BATCH_SIZE>;
// The gradient of one row by what each neuron had before its activation.
var<private> d_neurons: array<f32, NEURONS>;
var<private> rates: array<f32, MEMBERS_PER_INVOCATION * LAYER_COUNT>;
// Of one step: the product of the probabilities of the right answers, or the sum of the squared
// errors or of the hinge losses.
var<private> evidence: f32;
var<private> members: array<u32, MEMBERS_PER_INVOCATION>;
var<private> solved_at: array<u32, MEMBERS_PER_INVOCATION>;
var<private> first_loss: array<f32, MEMBERS_PER_INVOCATION>;
var<private> v_sum: array<f32, MEMBERS_PER_INVOCATION>;
var<private> reciprocal_sum: array<f32, MEMBERS_PER_INVOCATION>;
var<private> tail_sum: array<f32, MEMBERS_PER_INVOCATION>;

fn activation_of(lane: u32, row: u32, neuron: u32) -> f32 {
    return activations[(lane * BATCH_SIZE + row) * NEURONS + neuron];
}

fn prediction(lane: u32, row: u32) -> f32 {
    return activation_of(lane, row, NEURONS - 1u);
}

// Input i of a layer: of the data, or of the layer before.
fn input_of(lane: u32, row: u32, layer: Layer, i: u32) -> f32 {
    if layer.number == 0u {
        return INPUTS[row * layer.inputs + i];
    }
    return activation_of(lane, row, layer.first_input + i);
}

// Leaves the activations of a layer in all rows, and the logits. First all neurons of a layer, then
// the next: while one waits for its sigmoid, a processor goes on with the others.
fn forward_layer(lane: u32, layer: Layer) {
    let own = lane * PARAMETER_COUNT;
    let is_last = layer.number == LAYER_COUNT - 1u;
    let activation = select(hidden_activation, output_activation, is_last);
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        for (var j = 0u; j < layer.outputs; j += 1u) {
            let weights = own + layer.weight + j * layer.inputs;
            var z = 0.0;
            for (var i = 0u; i < layer.inputs; i += 1u) {
                z += input_of(lane, row, layer, i) * parameters[weights + i];
            }
            z += parameters[own + layer.bias + j];
            let neuron = (lane * BATCH_SIZE + row) * NEURONS + layer.first_output + j;
            activations[neuron] = activate(z, activation);
            // The last layer's stays.
            logits[lane * BATCH_SIZE + row] = z;
        }
    }
}

fn mean_loss(lane: u32) -> f32 {
    var total = 0.0;
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        total += loss_of(logits[lane * BATCH_SIZE + row], prediction(lane, row), TARGETS[row]);
    }
    return total / f32(BATCH_SIZE);
}

// Leaves the gradient of one row by its logit, but for a factor that all rows share.
fn backward_loss(lane: u32, row: u32) {
    let output = prediction(lane, row);
    var d_logit = gradient_of_row(output, TARGETS[row], output_activation);
    if loss_kind == CROSS_ENTROPY {
        if by_hand {
            let share = output * (1.0 - output);
            d_logit = d_logit / (share + epsilon) * share;
        }
        evidence *= select(1.0 - output, output, TARGETS[row] == 1.0);
    } else {
        evidence += evidence_of_row(output, TARGETS[row]);
    }
    d_neurons[NEURONS - 1u] = d_logit;
}

// Adds the gradient of one row to `d_parameters`, and leaves it by the neurons of the layer before.
fn backward_layer(lane: u32, row: u32, layer: Layer) {
    let own = lane * PARAMETER_COUNT + layer.weight;
    for (var j = 0u; j < layer.outputs; j += 1u) {
        let weights = layer.weight + j * layer.inputs;
        let d_z = d_neurons[layer.first_output + j];
        for (var i = 0u; i < layer.inputs; i += 1u) {
            d_parameters[weights + i] += d_z * input_of(lane, row, layer, i);
        }
        d_parameters[layer.bias + j] += d_z;
    }
    if layer.number == 0u {
        return;
    }
    for (var i = 0u; i < layer.inputs; i += 1u) {
        var d_a = 0.0;
        for (var j = 0u; j < layer.outputs; j += 1u) {
            d_a += d_neurons[layer.first_output + j] * parameters[own + j * layer.inputs + i];
        }
        if hidden_derivative {
            d_a *= slope(input_of(lane, row, layer, i), hidden_activation);
        }
        d_neurons[layer.first_input + i] = d_a;
    }
}

// The place of value number `kept` that the optimizer keeps for a parameter.
fn place_of(lane: u32, p: u32, kept: u32) -> u32 {
    return (kept * MEMBERS_PER_INVOCATION + lane) * PARAMETER_COUNT + p;
}

fn update_by_adam(lane: u32, p: u32, learning_rate: f32) {
    let own = lane * PARAMETER_COUNT + p;
    let before = Moments(optimizer_state[own], optimizer_state[place_of(lane, p, STATES - 1u)]);
    let moments = moments_after(before, parameters[own], d_parameters[p] * gradient_share());
    optimizer_state[own] = moments.m;
    optimizer_state[place_of(lane, p, STATES - 1u)] = moments.v;
    let step_size = learning_rate * step_factors.y;
    let rate = learning_rate * step_factors.x;
    parameters[own] = moved(parameters[own], moments, step_size, rate, step_factors.z);
}

fn update_parameter(lane: u32, p: u32, learning_rate: f32) {
    if adam {
        update_by_adam(lane, p, learning_rate);
        return;
    }
    let own = lane * PARAMETER_COUNT + p;
    var rate = learning_rate;
    if depends_on_step {
        rate *= step_factors.x;
    }
    if compensated {
        let before = parameters[own];
        let change = optimizer_state[own] - rate * d_parameters[p];
        parameters[own] = rounded(before + change);
        optimizer_state[own] = change - rounded(parameters[own] - before);
        return;
    }
    var d = d_parameters[p];
    if takes_mean() {
        d *= gradient_share();
    }
    if weight_decay != 0.0 {
        d += weight_decay * parameters[own];
    }
    if has_momentum {
        optimizer_state[own] = momentum * optimizer_state[own] + d;
        d = select(optimizer_state[own], d + momentum * optimizer_state[own], nesterov);
    }
    parameters[own] -= rate * d;
}

fn update_layer(lane: u32, layer: Layer) {
    let rate = rates[lane * LAYER_COUNT + layer.number];
    let weights = layer.inputs * layer.outputs;
    for (var w = 0u; w < weights; w += 1u) {
        update_parameter(lane, layer.weight + w, rate);
    }
    var bias_rate = rate;
    if by_hand {
        bias_rate = rate / f32(BATCH_SIZE);
    }
    for (var j = 0u; j < layer.outputs; j += 1u) {
        update_parameter(lane, layer.bias + j, bias_rate);
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
    evidence = select(0.0, 1.0, loss_kind == CROSS_ENTROPY);
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        backward_loss(lane, row);
        backward(lane, row);
    }
    // On the bits, so that no NaN passes.
    let solved = bitcast<u32>(evidence) - solved_from < solved_span;
    solved_at[lane] = min(solved_at[lane], select(NEVER, number, solved));
    if measured {
        measure(lane, mean_loss(lane), number);
    }
    update(lane);
}

fn look(lane: u32, segment: u32) {
    let member = members[lane];
    forward(lane);
    for (var row = 0u; row < BATCH_SIZE; row += 1u) {
        outputs[row * params.member_count + member] = prediction(lane, row);
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
        for (var kept = 0u; kept < STATES; kept += 1u) {
            let row = OPTIMIZER_STATE + kept * PARAMETER_COUNT + p;
            if keeps_state() {
                optimizer_state[place_of(lane, p, kept)] = state[row * count + member];
            }
        }
    }
    // The gradient has the share, or it goes into the rates. Sums by hand need no share.
    let of_rates = select(gradient_share(), 1.0, takes_mean() || by_hand);
    for (var l = 0u; l < LAYER_COUNT; l += 1u) {
        rates[lane * LAYER_COUNT + l] = state[(RATES + l) * count + member] * of_rates;
    }
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
        for (var kept = 0u; kept < STATES; kept += 1u) {
            let row = OPTIMIZER_STATE + kept * PARAMETER_COUNT + p;
            if keeps_state() {
                state[row * count + member] = optimizer_state[place_of(lane, p, kept)];
            }
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
            if depends_on_step {
                step_factors = factors[done];
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
