//! The numbers that stand for the two answers.

/// The targets of the two answers, no and yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Coding {
    /// 0 and 1
    #[cfg_attr(feature = "cli", value(name = "0/1"))]
    #[serde(rename = "0/1")]
    ZeroOne,
    /// −1 and 1
    #[cfg_attr(feature = "cli", value(name = "±1", alias = "-1/1"))]
    #[serde(rename = "±1")]
    PlusMinusOne,
}

impl Coding {
    /// Both codings.
    pub const ALL: [Self; 2] = [Self::ZeroOne, Self::PlusMinusOne];

    /// The targets of no and yes.
    #[must_use]
    pub fn targets(self) -> [f32; 2] {
        match self {
            Self::ZeroOne => [0.0, 1.0],
            Self::PlusMinusOne => [-1.0, 1.0],
        }
    }

    /// The output from which on the answer is yes: halfway between the targets.
    #[must_use]
    pub fn threshold(self) -> f32 {
        match self {
            Self::ZeroOne => 0.5,
            Self::PlusMinusOne => 0.0,
        }
    }

    /// The target of the answer that an output gives.
    #[must_use]
    pub fn answer(self, output: f64) -> f32 {
        self.targets()[usize::from(output >= f64::from(self.threshold()))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_yes_from_halfway_between_the_targets_on() {
        for coding in Coding::ALL {
            let [no, yes] = coding.targets();
            let threshold = f64::from(coding.threshold());
            let below = [no.into(), threshold.next_down(), f64::NAN];
            assert_eq!(below.map(|it| coding.answer(it)), [no; 3]);
            let above = [yes.into(), threshold, f64::INFINITY];
            assert_eq!(above.map(|it| coding.answer(it)), [yes; 3]);
        }
    }
}
