//! Mutants of expressions: operators, operands, numbers, indices, and a few functions.

use super::mutant::Mutator;
use super::rules::assigns;
use super::token::{Kind, Token, level};

/// Buffers with one element, of which another index may give the same.
const OF_ONE: [&str; 1] = ["steps_done"];

impl Mutator<'_> {
    /// Makes those of the tokens from number `from` up to `to`.
    pub(super) fn expression(&mut self, from: usize, to: usize) {
        for at in from..to {
            let token = self.tokens[at];
            let is_operand_before = at > from && self.tokens[at - 1].ends_operand();
            match (token.kind, token.text) {
                (Kind::Float, _) => self.float(at),
                (Kind::Integer, _) => self.integer(at),
                (Kind::Mark, "-" | "!") if !is_operand_before => {
                    let rule = if token.text == "-" { "sign flipped" } else { "negation removed" };
                    self.replace_tokens(rule, at, at + 1, "");
                }
                (Kind::Mark, "[") => self.index(at),
                (Kind::Mark, ".") => self.component(at + 1),
                (Kind::Mark, mark) if is_operand_before => {
                    if let Some(level) = level(mark) {
                        self.operator(at, level, from, to);
                    }
                }
                (Kind::Word, name) => self.call(at, name),
                _ => {}
            }
        }
    }

    fn float(&mut self, at: usize) {
        let value: f64 = self.text(at).parse().expect("a number");
        // Zero is what a dropped term says already.
        let other = if value == 0.0 { 1.0 } else { 1.5 * value };
        self.replace_tokens("number changed", at, at + 1, &format!("{other:?}"));
    }

    fn integer(&mut self, at: usize) {
        let text = self.text(at);
        // An index that is off by one says it already.
        if self.is_in_index[at] {
            return;
        }
        let suffix = if text.ends_with('u') { "u" } else { "" };
        let digits = text.trim_end_matches('u');
        let other = if let Some(digits) = digits.strip_prefix("0x") {
            // One more says little of a mask: take away its first bit.
            let mask = u32::from_str_radix(digits, 16).expect("32 bits");
            format!("0x{:x}{suffix}", mask & !(1 << mask.ilog2()))
        } else {
            let value: u32 = digits.parse().expect("a number");
            format!("{}{suffix}", value + 1)
        };
        self.replace_tokens("number changed", at, at + 1, &other);
    }

    fn index(&mut self, at: usize) {
        let end = self.partners[at];
        if OF_ONE.contains(&self.text(at - 1)) {
            return;
        }
        let index = self.slice(at + 1, end);
        let shifted = match index.parse::<u32>() {
            Ok(number) => format!("{}", number + 1),
            Err(_) => format!("{index} + 1u"),
        };
        self.replace_tokens("index shifted", at + 1, end, &shifted);
    }

    fn component(&mut self, at: usize) {
        let other = match self.text(at) {
            "x" | "z" => "y",
            "y" => "x",
            "w" => "z",
            _ => return,
        };
        self.replace_tokens("component swapped", at, at + 1, other);
    }

    fn call(&mut self, at: usize, name: &str) {
        match name {
            "abs" => self.replace_tokens("abs dropped", at, at + 1, ""),
            "min" => self.replace_tokens("min and max swapped", at, at + 1, "max"),
            "max" => self.replace_tokens("min and max swapped", at, at + 1, "min"),
            "select" => {
                let end = self.partners[at + 1];
                let comma = |from: usize| {
                    let mut token = from;
                    while self.text(token) != "," {
                        token = self.partners[token].max(token) + 1;
                    }
                    token
                };
                let first = comma(at + 2);
                let second = comma(first + 1);
                let arms = [self.slice(at + 2, first), self.slice(first + 1, second)];
                let swapped = format!("{}, {}", arms[1], arms[0]);
                assert!(second < end, "select has three arguments");
                self.replace_tokens("arms of select swapped", at + 2, second, &swapped);
            }
            _ => {}
        }
    }

    /// A mark between two operands.
    fn operator(&mut self, at: usize, level: u32, from: usize, to: usize) {
        let mark = self.text(at);
        let is_in_index = self.is_in_index[at];
        // An index that is off by one is harder to see than one of another form.
        if let Some((rule, other)) = replaced(mark).filter(|_| !is_in_index) {
            self.replace_tokens(rule, at, at + 1, other);
        }
        let Some(rule) = dropped(mark) else { return };
        let (left, right) = self.operands(at, level, from, to);
        if is_in_index && mark != "%" {
            return;
        }
        let says_something = |from: usize, to: usize| {
            self.tokens[from..to].iter().any(|token| token.kind == Kind::Word)
        };
        let [keeps_left, keeps_right] = [says_something(left, at), says_something(at + 1, right)];
        if keeps_left {
            let kept = self.slice(left, at).to_owned();
            self.replace_tokens(rule, left, right, &kept);
        }
        // Only the first operand of a chain has none before it that was dropped already.
        let is_first = operand_level(&self.tokens[left..at]) > level;
        if keeps_right && is_first && !["/", "%"].contains(&mark) {
            let kept = self.slice(at + 1, right).to_owned();
            self.replace_tokens(rule, left, right, &kept);
        }
    }

    /// The start of the left operand of a mark, and the end of the right one.
    fn operands(&self, at: usize, level_of: u32, from: usize, to: usize) -> (usize, usize) {
        let is_end =
            |token: usize| [",", ";"].contains(&self.text(token)) || assigns(self.text(token));
        let binds = |token: usize| {
            let is_mark = self.tokens[token].kind == Kind::Mark;
            let is_between = is_mark && token > from && self.tokens[token - 1].ends_operand();
            level(self.text(token)).filter(|_| is_between)
        };
        let mut left = at;
        while left > from {
            let before = left - 1;
            let opens = self.partners[before] > before;
            let looser = binds(before).is_some_and(|level| level < level_of);
            if opens || looser || is_end(before) {
                break;
            }
            left = self.partners[before];
        }
        let mut right = at + 1;
        while right < to {
            let closes = self.partners[right] < right;
            let as_loose = binds(right).is_some_and(|level| level <= level_of);
            if closes || as_loose || is_end(right) {
                break;
            }
            right = self.partners[right] + 1;
        }
        (left, right)
    }
}

/// How tightly the loosest mark outside of brackets binds.
fn operand_level(tokens: &[Token<'_>]) -> u32 {
    let mut depth = 0;
    let mut loosest = u32::MAX;
    for pair in tokens.windows(2) {
        match pair[0].text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        let is_mark = pair[1].kind == Kind::Mark && pair[0].ends_operand();
        if let Some(level) = level(pair[1].text).filter(|_| is_mark && depth == 0) {
            loosest = loosest.min(level);
        }
    }
    loosest
}

/// What takes the place of a mark between two operands: the rule, and the other mark.
fn replaced(mark: &str) -> Option<(&'static str, &'static str)> {
    Some(match mark {
        "-" => ("sign flipped", "+"),
        "/" => ("operator replaced", "*"),
        "%" => ("operator replaced", "/"),
        "^" => ("operator replaced", "&"),
        "&" => ("operator replaced", "|"),
        ">>" => ("operator replaced", "<<"),
        "<<" => ("operator replaced", ">>"),
        "<" => ("comparison off by one", "<="),
        "<=" => ("comparison off by one", "<"),
        ">" => ("comparison off by one", ">="),
        ">=" => ("comparison off by one", ">"),
        "==" => ("comparison negated", "!="),
        "!=" => ("comparison negated", "=="),
        "&&" => ("and, or swapped", "||"),
        "||" => ("and, or swapped", "&&"),
        // A term of a sum or a factor of a product that is dropped is harder to see.
        _ => return None,
    })
}

/// The rule that drops an operand of a mark.
fn dropped(mark: &str) -> Option<&'static str> {
    Some(match mark {
        "+" | "-" => "term dropped",
        "*" | "/" | "%" => "factor dropped",
        "&&" | "||" => "condition dropped",
        "&" => "mask dropped",
        _ => return None,
    })
}
