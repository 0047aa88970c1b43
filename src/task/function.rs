//! The functions of bits that are learned.

/// A function of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// 1 if an odd number of the bits is 1; of two bits, XOR
    Parity,
    /// 1 if all bits are 1
    And,
    /// 1 if any bit is 1
    Or,
}

impl Function {
    /// All functions.
    pub const ALL: [Self; 3] = [Self::Parity, Self::And, Self::Or];

    /// Its value.
    #[must_use]
    pub fn of(self, bits: impl IntoIterator<Item = bool>) -> bool {
        let mut bits = bits.into_iter();
        match self {
            Self::Parity => bits.filter(|bit| *bit).count() % 2 == 1,
            Self::And => bits.all(|bit| bit),
            Self::Or => bits.any(|bit| bit),
        }
    }

    /// Its name where the first `relevant` of `bits` bits count.
    #[must_use]
    pub fn name(self, relevant: usize, bits: usize) -> String {
        let name = match self {
            Self::Parity if (relevant, bits) == (2, 2) => return "XOR".into(),
            Self::Parity if relevant == bits => return format!("{bits}-bit parity"),
            Self::Parity => "parity",
            Self::And => "AND",
            Self::Or => "OR",
        };
        if relevant == bits {
            format!("{name} of {bits} bits")
        } else {
            format!("{name} of {relevant} of {bits} bits")
        }
    }

    /// When it is 1, of `relevant` inputs.
    #[must_use]
    pub fn condition(self, relevant: usize, bits: usize) -> String {
        let which = match relevant {
            _ if relevant < bits => format!("the first {relevant} inputs"),
            2 if self == Self::Parity => return "exactly one of the two inputs is 1".into(),
            _ => format!("the {relevant} inputs"),
        };
        match self {
            Self::Parity => format!("an odd number of {which} is 1"),
            Self::And => format!("all of {which} are 1"),
            Self::Or => format!("any of {which} is 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_truth_tables_of_the_textbook() {
        let table = |function: Function| {
            [[false, false], [false, true], [true, false], [true, true]]
                .map(|bits| function.of(bits))
        };
        assert_eq!(table(Function::Parity), [false, true, true, false]);
        assert_eq!(table(Function::And), [false, false, false, true]);
        assert_eq!(table(Function::Or), [false, true, true, true]);
    }

    #[test]
    fn names_say_which_bits_count() {
        let name = |function: Function, relevant, bits| function.name(relevant, bits);
        assert_eq!(name(Function::Parity, 2, 2), "XOR");
        assert_eq!(name(Function::Parity, 8, 8), "8-bit parity");
        assert_eq!(name(Function::Parity, 3, 20), "parity of 3 of 20 bits");
        assert_eq!(name(Function::And, 2, 2), "AND of 2 bits");
        assert_eq!(name(Function::Or, 2, 5), "OR of 2 of 5 bits");
    }
}
