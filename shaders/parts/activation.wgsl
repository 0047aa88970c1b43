// Activation functions of layers, and their derivatives. Needs logistic.wgsl.

// Numbers of activations; 0 is the logistic function.
const TANH: u32 = 1;
const IDENTITY: u32 = 2;
const RELU: u32 = 3;

fn activate(z: f32, activation: u32) -> f32 {
    if activation == TANH {
        return 2.0 * logistic(2.0 * z) - 1.0;
    }
    if activation == IDENTITY {
        return z;
    }
    if activation == RELU {
        return max(0.0, z);
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
    if activation == RELU {
        return select(0.0, 1.0, a > 0.0);
    }
    return a * (1.0 - a);
}
