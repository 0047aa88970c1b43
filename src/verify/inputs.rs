//! Operands for the operations of `probe_arithmetic`, dense where implementations change their
//! formula. They follow from the seed by exact arithmetic alone: the same on every machine.

use crate::cpu::probe_arithmetic::Operation;
use crate::numeric::{Stream, philox4x32};

/// Three words, of which an operation takes what it needs.
pub type Operands = [u32; 3];

const MIN_NORMAL: u32 = f32::MIN_POSITIVE.to_bits();
const INFINITY: u32 = f32::INFINITY.to_bits();
const SIGN: u32 = 1 << 31;

/// Above and below, `exp` overflows, and all of its result is flushed.
const EXP_RANGE: [f64; 2] = [-104.0, 89.0];

/// `count` operands of an operation.
pub fn operands(operation: Operation, seed: u64, count: usize) -> Vec<Operands> {
    let count = u32::try_from(count).expect("fewer than 2³² operands");
    let key = Stream::new(seed).key;
    let draw = |index| Draw::new(philox4x32([index, operation.number().into(), 0, 0], key));
    let number = |index: u32| {
        let (mut draw, place) = (draw(index), f64::from(index) / f64::from(count));
        match operation {
            Operation::Copy | Operation::Differs => [draw.word(), 0, 0],
            Operation::Exp => [exponent(&mut draw, index, place).to_bits(), 0, 0],
            Operation::Log => [logarithm_of(&mut draw, index, place), 0, 0],
            Operation::Divide => quotient(&mut draw),
            Operation::Multiply => product(&mut draw, index),
            Operation::Add => sum(&mut draw, index),
            Operation::MultiplyAdd => product_and_sum(&mut draw, index),
            Operation::Classify => [edge(&mut draw, index), 0, 0],
            Operation::FiniteResult => overflow(&mut draw, index),
        }
    };
    (0..count).map(number).collect()
}

/// Four random words, taken bit by bit.
struct Draw(u128);

impl Draw {
    fn new(words: [u32; 4]) -> Self {
        Self(words.into_iter().fold(0, |all, word| all << 32 | u128::from(word)))
    }

    /// A number below `end`, which is small.
    fn below(&mut self, end: u32) -> u32 {
        let drawn = self.0 % u128::from(end);
        self.0 /= u128::from(end);
        u32::try_from(drawn).expect("it is below a word")
    }

    fn word(&mut self) -> u32 {
        let low = self.below(1 << 16);
        self.below(1 << 16) << 16 | low
    }

    fn sign(&mut self) -> u32 {
        self.below(2) << 31
    }

    /// A place in a list of `len`.
    fn index(&mut self, len: u32) -> usize {
        self.below(len) as usize
    }

    /// A normal number of random sign with 2ᵉ ≤ |x| < 2ᵉ⁺¹ for an e from `low` to `high`; one in
    /// eight has a fraction of few bits.
    fn normal(&mut self, low: i32, high: i32) -> u32 {
        let span = u32::try_from(high - low + 1).expect("low is below high");
        let exponent = low + i32::try_from(self.below(span)).expect("it is small");
        let fraction = self.below(1 << 23);
        let fraction = match self.below(16) {
            0 => fraction & 0x7f_0000,
            1 => fraction | 0x7f_ff00,
            _ => fraction,
        };
        self.sign() | power(exponent) | fraction
    }
}

/// The bits of 2ᵉ.
fn power(exponent: i32) -> u32 {
    u32::try_from(exponent + 127).expect("the exponent of a normal number") << 23
}

#[expect(clippy::cast_possible_truncation, reason = "any neighbour will do")]
fn rounded(value: f64) -> f32 {
    value as f32
}

/// One half evenly over the range. One quarter where WGSL's table grants least, and all drivers
/// that were measured are at their worst: from 2⁻⁷ to ½ on both sides of zero. The last closely
/// around the multiples of ½·ln 2, where a reduction of the argument goes from one interval to the
/// next, and around the ends of what neither vanishes nor overflows.
fn exponent(draw: &mut Draw, index: u32, place: f64) -> f32 {
    let [low, high] = EXP_RANGE;
    let half = 0.5 * std::f64::consts::LN_2;
    let centre = match index % 4 {
        0 | 2 => return rounded(low + (high - low) * place),
        1 => return f32::from_bits(draw.normal(-7, -2)),
        _ if draw.below(4) == 0 => [-103.97, -88.0, -87.336_54, 88.0, 88.722_84][draw.index(5)],
        _ => half * (f64::from(draw.below(557)) - 300.0),
    };
    // From 2⁻³⁰ to ½ away.
    let away = f64::from(f32::from_bits(draw.normal(-30, -2)));
    rounded((centre + away).clamp(low, high))
}

/// One quarter evenly by its logarithm over all normal numbers, one evenly between ½ and 2, one
/// closely around 1, and one where WGSL's table grants least: from ¼ to 8.
fn logarithm_of(draw: &mut Draw, index: u32, place: f64) -> u32 {
    let between = |low: u32, high: u32| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a word")]
        let bits = (f64::from(low) + f64::from(high - low) * place) as u32;
        bits
    };
    match index % 4 {
        0 => between(MIN_NORMAL, INFINITY - 1),
        1 => between(0.5_f32.to_bits(), 2.0_f32.to_bits()),
        2 => between(0.25_f32.to_bits(), 8.0_f32.to_bits()),
        _ => rounded(1.0 + f64::from(f32::from_bits(draw.normal(-24, -2)))).to_bits(),
    }
}

/// Divisors for which WGSL promises something, and dividends that keep the quotient normal.
fn quotient(draw: &mut Draw) -> Operands {
    let divisor = draw.normal(-126, 125);
    let exponent = i32::try_from(divisor >> 23 & 0xff).expect("8 bits") - 127;
    let dividend = draw.normal((exponent - 124).max(-126), (exponent + 126).min(127));
    [dividend, divisor, 0]
}

/// In turns: a plain product; a subnormal factor, with a normal product; a subnormal product of
/// normal factors. The last two are exact.
fn product(draw: &mut Draw, index: u32) -> Operands {
    let subnormal = draw.sign() | (1 + draw.below(MIN_NORMAL - 1));
    match index % 3 {
        0 => [draw.normal(-60, 60), draw.normal(-60, 60), 0],
        1 if draw.below(2) == 0 => [subnormal, power(100), 0],
        1 => [power(100), subnormal, 0],
        _ => {
            let factor = f32::from_bits(subnormal) * f32::from_bits(power(100));
            [factor.to_bits(), power(-100), 0]
        }
    }
}

/// In turns: a plain sum; two subnormal numbers, with a normal sum; a subnormal sum of normal
/// numbers. The last two are exact.
fn sum(draw: &mut Draw, index: u32) -> Operands {
    let sign = draw.sign();
    let [first, second] = [0, 1].map(|_| sign | (MIN_NORMAL / 2 + draw.below(MIN_NORMAL / 2)));
    match index % 3 {
        0 => [draw.normal(-10, 10), draw.normal(-10, 10), 0],
        1 => [first, second, 0],
        _ => [(MIN_NORMAL + (first & !SIGN)) | sign, MIN_NORMAL | (sign ^ SIGN), 0],
    }
}

/// Every other time −c is the product, so that what is left tells how that was rounded.
fn product_and_sum(draw: &mut Draw, index: u32) -> Operands {
    let [a, b] = [0, 1].map(|_| draw.normal(-10, 10));
    let product = f32::from_bits(a) * f32::from_bits(b);
    let c = if index.is_multiple_of(2) { (-product).to_bits() } else { draw.normal(-12, 12) };
    [a, b, c]
}

/// Numbers, infinities and NaNs, and those next to where one ends and another begins.
fn edge(draw: &mut Draw, index: u32) -> u32 {
    const EDGES: [u32; 10] = [
        0,
        1,
        MIN_NORMAL - 1,
        MIN_NORMAL,
        INFINITY - 1,
        INFINITY,
        INFINITY + 1,
        0x7fbf_ffff,
        0x7fc0_0000,
        0x7fff_ffff,
    ];
    match index % 4 {
        0 => EDGES[draw.index(10)] | draw.sign(),
        1 => draw.word() | INFINITY,
        _ => draw.word(),
    }
}

/// `a · b + c`, every other time far within the range, and else far beyond it, or with an operand
/// that is no number.
fn overflow(draw: &mut Draw, index: u32) -> Operands {
    let special = [INFINITY, INFINITY | SIGN, 0x7fc0_0000, 0xffc0_0001][draw.index(4)];
    let c = draw.normal(-30, 100);
    let large = c & SIGN | power(127);
    match index % 14 {
        0 => [draw.normal(64, 100), draw.normal(70, 100), c],
        1 => [large | draw.below(1 << 23), power(0), large | draw.below(1 << 23)],
        2 => [special, draw.normal(-30, 30), c],
        3 => [draw.normal(-30, 30), special, c],
        4 => [draw.normal(-30, 30), draw.normal(-30, 30), special],
        // ∞ − ∞ or ∞ + ∞, and 0 · ∞.
        5 => [INFINITY | draw.sign(), power(0), INFINITY | draw.sign()],
        6 => [draw.sign(), INFINITY, c],
        _ => [draw.normal(-30, 30), draw.normal(-30, 30), c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::probe_arithmetic::probe_arithmetic;

    const COUNT: usize = 6_000;

    /// Operands as numbers, with the exact result where that is a number.
    fn numbers(operation: Operation) -> Vec<([f64; 3], Option<f64>)> {
        let operands = operands(operation, 7, COUNT).into_iter();
        let numbers = operands.map(|words| words.map(|word| f64::from(f32::from_bits(word))));
        numbers.map(|numbers| (numbers, operation.value(numbers))).collect()
    }

    fn is_normal(value: f64) -> bool {
        (f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX)).contains(&value.abs())
    }

    #[test]
    fn quotients_are_of_normal_numbers_for_which_wgsl_promises_something() {
        for ([a, b, _], quotient) in numbers(Operation::Divide) {
            assert!(is_normal(a) && is_normal(quotient.expect("a number")), "{a:e} / {b:e}");
            assert!((-126.0..=126.0).contains(&b.abs().log2()), "{b:e}");
        }
    }

    #[test]
    fn arguments_fill_their_ranges() {
        let [low, high] = EXP_RANGE;
        let exponents = numbers(Operation::Exp);
        assert!(exponents.iter().all(|([a, ..], _)| (low..=high).contains(a)));
        assert!(exponents.iter().any(|([a, ..], _)| *a < -103.0));
        assert!(exponents.iter().any(|([a, ..], _)| *a > 88.8));
        let logarithms = numbers(Operation::Log);
        assert!(logarithms.iter().all(|([a, ..], _)| *a > 0.0 && is_normal(*a)));
        assert!(logarithms.iter().any(|([a, ..], _)| *a < 1e-37));
        assert!(logarithms.iter().any(|([a, ..], _)| *a > 1e38));
        let near = |a: f64| a != 1.0 && (a - 1.0).abs() < 1e-6;
        assert!(logarithms.iter().any(|([a, ..], _)| near(*a)));
    }

    #[test]
    fn what_may_be_flushed_is_exact_otherwise() {
        for operation in [Operation::Multiply, Operation::Add] {
            let (mut by_operand, mut by_result) = (0, 0);
            let all = operands(operation, 7, COUNT);
            for ((numbers, value), words) in numbers(operation).into_iter().zip(all) {
                let value = value.expect("a number");
                let operand = !numbers[..2].iter().copied().all(is_normal);
                let result = !is_normal(value) && value != 0.0;
                by_operand += u32::from(operand);
                by_result += u32::from(result);
                assert!(!(operand && result), "{operation:?} of {numbers:?} has one cause");
                if operand || result {
                    let rounded = f32::from_bits(probe_arithmetic(operation, words));
                    assert_eq!(f64::from(rounded), value, "{operation:?} of {numbers:?}");
                }
            }
            assert_eq!([by_operand, by_result], [2_000; 2], "{operation:?}");
        }
    }

    #[test]
    fn a_sum_of_a_product_often_tells_how_it_was_rounded() {
        let all = operands(Operation::MultiplyAdd, 7, COUNT).into_iter();
        let telling = all.filter(|words| {
            let [a, b, c] = words.map(f32::from_bits);
            a.mul_add(b, c) != a * b + c
        });
        assert!(telling.count() > COUNT / 2);
    }

    #[test]
    fn results_are_far_from_the_border_of_what_overflows() {
        let mut infinite = 0;
        for ([a, b, c], value) in numbers(Operation::FiniteResult) {
            assert!(value.is_none());
            let value = (a * b + c).abs();
            infinite += u32::from(!is_normal(value));
            assert!(!(2_f64.powi(126)..2_f64.powi(128)).contains(&value), "{a:e} · {b:e} + {c:e}");
        }
        assert!((2_900..3_100).contains(&infinite), "{infinite}");
    }

    #[test]
    fn every_edge_of_the_bits_is_met() {
        let words = operands(Operation::Classify, 7, COUNT);
        for edge in [0, 1, MIN_NORMAL - 1, MIN_NORMAL, INFINITY - 1, INFINITY, INFINITY + 1] {
            for sign in [0, SIGN] {
                assert!(words.contains(&[edge | sign, 0, 0]), "{:x}", edge | sign);
            }
        }
    }
}
