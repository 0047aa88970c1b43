//! One operation on given operands: `results = operation(a, b, c)`.

use crate::numeric::Scalar;

/// What the shader can do, in the order of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `a`, as it is.
    Copy,
    /// eᵃ.
    Exp,
    /// log a.
    Log,
    /// `a / b`.
    Divide,
    /// `a · b`.
    Multiply,
    /// `a + b`.
    Add,
    /// `a · b + c`.
    MultiplyAdd,
    /// 0 if `a` is a number, 1 if it is an infinity, 2 if it is a NaN; by its bits.
    Classify,
    /// 1 if `a · b + c` is a number, else 0; by its bits.
    FiniteResult,
    /// 1 if the device finds that `a` is not equal to itself, else 0.
    Differs,
}

impl Operation {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Copy,
        Self::Exp,
        Self::Log,
        Self::Divide,
        Self::Multiply,
        Self::Add,
        Self::MultiplyAdd,
        Self::Classify,
        Self::FiniteResult,
        Self::Differs,
    ];

    /// Its number in the shader.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its result, where that is a number.
    pub fn value<S: Scalar>(self, [a, b, c]: [S; 3]) -> Option<S> {
        match self {
            Self::Exp => Some(a.exp()),
            Self::Log => Some(a.ln()),
            Self::Divide => Some(a / b),
            Self::Multiply => Some(a * b),
            Self::Add => Some(a + b),
            Self::MultiplyAdd => Some(a * b + c),
            Self::Copy | Self::Classify | Self::FiniteResult | Self::Differs => None,
        }
    }
}

/// `operation(a, b, c)` in `f32`, on words and to a word as in the shader.
#[must_use]
pub fn probe_arithmetic(operation: Operation, operands: [u32; 3]) -> u32 {
    let [a, b, c] = operands.map(f32::from_bits);
    match operation {
        Operation::Copy => operands[0],
        Operation::Classify => class_of(operands[0]),
        Operation::FiniteResult => (a * b + c).is_finite().into(),
        Operation::Differs => a.is_nan().into(),
        number => number.value([a, b, c]).expect("all others give numbers").to_bits(),
    }
}

fn class_of(word: u32) -> u32 {
    const INFINITY: u32 = f32::INFINITY.to_bits();
    match word & !(1 << 31) {
        ..INFINITY => 0,
        INFINITY => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_classed_as_the_processor_does() {
        for word in
            [0, 1, 0x7f_ffff, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fc0_0000, 0x7fff_ffff]
        {
            for word in [word, word | 1 << 31] {
                let value = f32::from_bits(word);
                let expected = u32::from(!value.is_finite()) + u32::from(value.is_nan());
                assert_eq!(
                    probe_arithmetic(Operation::Classify, [word, 0, 0]),
                    expected,
                    "{word:x}"
                );
            }
        }
    }

    #[test]
    fn operations_are_listed_in_the_order_of_their_numbers() {
        for (number, operation) in (0..).zip(Operation::ALL) {
            assert_eq!(operation.number(), number);
        }
    }
}
