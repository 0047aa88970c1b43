//! The same with vectors of 256 bits.

use std::arch::x86_64::{
    __m256, _mm_add_ps, _mm_cvtss_f32, _mm_fnmadd_ps, _mm_permute_ps, _mm_set1_ps, _mm_setr_ps,
    _mm_sub_ps, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_castps_si256,
    _mm256_castps128_ps256, _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_div_ps,
    _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_fnmsub_ps, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_permute_ps, _mm256_set_m128, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_setr_ps, _mm256_setzero_ps, _mm256_slli_epi32, _mm256_sub_ps,
};

use super::{Block, CLAMP, IN_FLIGHT, LANES, LN_2_HIGH, LN_2_LOW, MAGIC, PARAMETERS, Q};

/// Within each half, every lane gets its neighbour's value: 1 0 3 2.
const NEIGHBOURS: i32 = 0b10_11_00_01;

/// Within each half, every lane gets the value two lanes on: 2 3 0 1.
const PAIRS: i32 = 0b01_00_11_10;

/// Within each half, every lane gets the last value.
const LAST: i32 = 0b11_11_11_11;

/// e⁻ᶻ; see [`super`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn exp_neg(z: __m256) -> __m256 {
    let all = |value| _mm256_set1_ps(value);
    // The second operand is what comes out if one is a NaN.
    let z = _mm256_min_ps(all(CLAMP), _mm256_max_ps(all(-CLAMP), z));
    let sum = _mm256_fnmadd_ps(z, all(std::f32::consts::LOG2_E), all(MAGIC));
    let n = _mm256_sub_ps(sum, all(MAGIC));
    let r = _mm256_fnmsub_ps(n, all(LN_2_HIGH), z);
    let r = _mm256_fnmadd_ps(n, all(LN_2_LOW), r);
    // By pairs (Estrin, 1960), so that products need not wait for each other.
    let r2 = _mm256_mul_ps(r, r);
    let q01 = _mm256_fmadd_ps(r, all(Q[1]), all(Q[0]));
    let q23 = _mm256_fmadd_ps(r, all(Q[3]), all(Q[2]));
    let q234 = _mm256_fmadd_ps(r2, all(Q[4]), q23);
    let q = _mm256_fmadd_ps(r2, q234, q01);
    let power = _mm256_fmadd_ps(r2, q, _mm256_add_ps(r, all(1.0)));
    let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(sum));
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(power), exponent))
}

/// For tests.
#[cfg(test)]
#[target_feature(enable = "avx2,fma")]
pub(super) fn exp_neg_of(z: [f32; LANES]) -> [f32; LANES] {
    lanes(exp_neg(vector(z)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn vector(z: [f32; LANES]) -> __m256 {
    _mm256_setr_ps(z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7])
}

#[inline]
pub(super) fn lanes(vector: __m256) -> [f32; LANES] {
    bytemuck::cast(vector)
}

/// 1 / (1 + e⁻ᶻ).
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn sigmoid(z: __m256) -> __m256 {
    let one = _mm256_set1_ps(1.0);
    _mm256_div_ps(one, _mm256_add_ps(one, exp_neg(z)))
}

/// A hidden neuron's activations on the four rows.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn activations(w0: __m256, w1: __m256, bias: __m256) -> [__m256; 4] {
    let with_first = _mm256_add_ps(w0, bias);
    [
        sigmoid(bias),
        sigmoid(_mm256_add_ps(w1, bias)),
        sigmoid(with_first),
        sigmoid(_mm256_add_ps(with_first, w1)),
    ]
}

/// From the activations `a` of a hidden neuron and the output's `d_logits`: the gradients of its
/// `[w0, w1, bias]`, each still to be multiplied by its weight in the output, and that weight's.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn gradients(a: [__m256; 4], d_logits: [__m256; 4]) -> [__m256; 4] {
    let add = |a, b| _mm256_add_ps(a, b);
    let mut products = [_mm256_setzero_ps(); 4];
    let mut d_z = [_mm256_setzero_ps(); 4];
    for row in 0..4 {
        products[row] = _mm256_mul_ps(d_logits[row], a[row]);
        d_z[row] = _mm256_fnmadd_ps(products[row], a[row], products[row]);
    }
    let d_w0 = add(d_z[2], d_z[3]);
    let d_bias = add(add(d_z[0], d_z[1]), d_w0);
    let d_v = add(add(products[0], products[1]), add(products[2], products[3]));
    [d_w0, add(d_z[1], d_z[3]), d_bias, d_v]
}

/// One step of eight networks; `rate` is a quarter of the learning rate.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn step(parameters: &mut [__m256; PARAMETERS], rate: __m256) {
    let [w00, w01, w10, w11, bias0, bias1, v0, v1, c] = *parameters;
    let a0 = activations(w00, w01, bias0);
    let a1 = activations(w10, w11, bias1);
    let mut d_logits = [_mm256_setzero_ps(); 4];
    for row in 0..4 {
        let logit = _mm256_fmadd_ps(a1[row], v1, _mm256_fmadd_ps(a0[row], v0, c));
        d_logits[row] = sigmoid(logit);
    }
    let one = _mm256_set1_ps(1.0);
    d_logits[1] = _mm256_sub_ps(d_logits[1], one);
    d_logits[2] = _mm256_sub_ps(d_logits[2], one);
    let [d_w00, d_w01, d_bias0, d_v0] = gradients(a0, d_logits);
    let [d_w10, d_w11, d_bias1, d_v1] = gradients(a1, d_logits);
    let [d0, d1, d2, d3] = d_logits;
    let d_c = _mm256_add_ps(_mm256_add_ps(d0, d1), _mm256_add_ps(d2, d3));
    let (rate0, rate1) = (_mm256_mul_ps(rate, v0), _mm256_mul_ps(rate, v1));
    *parameters = [
        _mm256_fnmadd_ps(rate0, d_w00, w00),
        _mm256_fnmadd_ps(rate0, d_w01, w01),
        _mm256_fnmadd_ps(rate1, d_w10, w10),
        _mm256_fnmadd_ps(rate1, d_w11, w11),
        _mm256_fnmadd_ps(rate0, d_bias0, bias0),
        _mm256_fnmadd_ps(rate1, d_bias1, bias1),
        _mm256_fnmadd_ps(rate, d_v0, v0),
        _mm256_fnmadd_ps(rate, d_v1, v1),
        _mm256_fnmadd_ps(rate, d_c, c),
    ];
}

/// Trains `N` blocks side by side: one step of each in turn.
#[target_feature(enable = "avx2,fma")]
fn train_together<const N: usize>(blocks: &mut [Block; N], learning_rate: f32, steps: u32) {
    let mut parameters = [[_mm256_setzero_ps(); PARAMETERS]; N];
    for (parameters, block) in parameters.iter_mut().zip(&*blocks) {
        for (parameter, lanes) in parameters.iter_mut().zip(block) {
            *parameter = vector(*lanes);
        }
    }
    let rate = _mm256_set1_ps(learning_rate / 4.0);
    for _ in 0..steps {
        for parameters in &mut parameters {
            step(parameters, rate);
        }
    }
    *blocks = parameters.map(|parameters| parameters.map(lanes));
}

/// Trains each block.
#[target_feature(enable = "avx2,fma")]
pub(super) fn train_blocks(blocks: &mut [Block], learning_rate: f32, steps: u32) {
    let (whole, rest) = blocks.as_chunks_mut::<IN_FLIGHT>();
    for blocks in whole {
        train_together(blocks, learning_rate, steps);
    }
    for block in rest {
        train_together(std::array::from_mut(block), learning_rate, steps);
    }
}

/// The sum of each half in all of its lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_of_halves(values: __m256) -> __m256 {
    let sums = _mm256_add_ps(values, _mm256_permute_ps::<NEIGHBOURS>(values));
    _mm256_add_ps(sums, _mm256_permute_ps::<PAIRS>(sums))
}

/// Trains one network. In a vector, a lane is a row of the data, and the halves are the hidden
/// neurons; a parameter is kept in all lanes of its half.
#[target_feature(enable = "avx2,fma")]
pub(super) fn train_one(parameters: &mut [f32; PARAMETERS], learning_rate: f32, steps: u32) {
    let halves = |a, b| _mm256_setr_ps(a, a, a, a, b, b, b, b);
    let [w00, w01, w10, w11, bias0, bias1, v0, v1, c] = *parameters;
    let [mut w0, mut w1] = [halves(w00, w10), halves(w01, w11)];
    let [mut bias, mut v] = [halves(bias0, bias1), halves(v0, v1)];
    let mut c = _mm_set1_ps(c);
    // Masks of the rows in which the first input is 1, and the second.
    let x0 = _mm256_castsi256_ps(_mm256_setr_epi32(0, 0, -1, -1, 0, 0, -1, -1));
    let x1 = _mm256_castsi256_ps(_mm256_setr_epi32(0, -1, 0, -1, 0, -1, 0, -1));
    let targets = _mm_setr_ps(0.0, 1.0, 1.0, 0.0);
    let rate = _mm256_set1_ps(learning_rate / 4.0);
    for _ in 0..steps {
        let with_first = _mm256_add_ps(bias, _mm256_and_ps(w0, x0));
        let a = sigmoid(_mm256_add_ps(with_first, _mm256_and_ps(w1, x1)));
        let va = _mm256_mul_ps(v, a);
        let first = _mm_add_ps(_mm256_castps256_ps128(va), c);
        let logits = _mm_add_ps(first, _mm256_extractf128_ps::<1>(va));
        let probabilities = _mm256_castps256_ps128(sigmoid(_mm256_castps128_ps256(logits)));
        let d_logits = _mm_sub_ps(probabilities, targets);
        let d_both = _mm256_set_m128(d_logits, d_logits);
        let d_z = _mm256_mul_ps(d_both, _mm256_fnmadd_ps(va, a, va));
        // In the last lane of a half: rows 2 and 3, whose first input is 1; rows 1 and 3.
        let rows_23 = _mm256_add_ps(d_z, _mm256_permute_ps::<NEIGHBOURS>(d_z));
        let rows_13 = _mm256_add_ps(d_z, _mm256_permute_ps::<PAIRS>(d_z));
        let d_bias = _mm256_add_ps(rows_23, _mm256_permute_ps::<PAIRS>(rows_23));
        w0 = _mm256_fnmadd_ps(rate, _mm256_permute_ps::<LAST>(rows_23), w0);
        w1 = _mm256_fnmadd_ps(rate, _mm256_permute_ps::<LAST>(rows_13), w1);
        bias = _mm256_fnmadd_ps(rate, d_bias, bias);
        v = _mm256_fnmadd_ps(rate, sum_of_halves(_mm256_mul_ps(d_both, a)), v);
        let d_c = _mm_add_ps(d_logits, _mm_permute_ps::<NEIGHBOURS>(d_logits));
        let d_c = _mm_add_ps(d_c, _mm_permute_ps::<PAIRS>(d_c));
        c = _mm_fnmadd_ps(_mm256_castps256_ps128(rate), d_c, c);
    }
    let [w0, w1, bias, v] = [w0, w1, bias, v].map(lanes);
    *parameters = [w0[0], w1[0], w0[4], w1[4], bias[0], bias[4], v[0], v[4], _mm_cvtss_f32(c)];
}
