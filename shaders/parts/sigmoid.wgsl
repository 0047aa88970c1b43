// The logistic function, 1 / (1 + exp(−z)), with little rounding.

// σ(z) = 1/2 + z/4 + z³·q(z²) for |z| ≤ 3/2; q is a Chebyshev fit, off by less than 2⁻²⁸ there.
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

// exp is only given −|z|, so nothing overflows.
fn sides(z: f32) -> f32 {
    let t = exp(-abs(z));
    let tail = t / (1.0 + t);
    return select(1.0 - tail, tail, z < 0.0);
}

fn sigmoid(z: f32) -> f32 {
    return select(sides(z), middle(z), abs(z) <= 1.5);
}
