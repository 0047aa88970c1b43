//! Mutants by rule: a walk over a shader's statements that makes every small change to each.
//!
//! Declarations are left alone: `Params`, bindings, overrides, module variables and signatures.
//! Every mutant's loops end: what a loop counts by is never touched, and its ends move by one.

use super::mutant::Mutator;
use super::token::Kind;

impl Mutator<'_> {
    /// Makes the mutants of the whole text.
    pub(super) fn module(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            match self.text(at) {
                "fn" => at = self.function(at),
                "struct" => at = self.closing(self.next(at, "{")) + 1,
                "const" => {
                    let end = self.next(at, ";");
                    // One mistake in a size is as good as another.
                    self.thin_lines.insert(self.line(at));
                    self.expression(self.next(at, "=") + 1, end);
                    at = end + 1;
                }
                "override" | "var" => at = self.next(at, ";") + 1,
                _ => at += 1,
            }
        }
    }

    /// Makes those of a function; gives the first token behind it.
    fn function(&mut self, at: usize) -> usize {
        let start = self.next(at, "{");
        let end = self.closing(start);
        if self.known.contains(self.text(at + 1)) {
            self.thin_lines.extend(self.line(start)..=self.line(end));
        }
        let mut at = start + 1;
        while at < end {
            at = match self.text(at) {
                "{" | "}" | "else" => at + 1,
                "switch" | "case" | "default" => self.next(at, "{") + 1,
                "if" => self.guard(at),
                "for" => self.head(at),
                word => {
                    assert!(!["loop", "while"].contains(&word), "a mutant's loop must end");
                    self.statement(at)
                }
            };
        }
        end + 1
    }

    fn guard(&mut self, at: usize) -> usize {
        let body = self.next(at, "{");
        self.replace_tokens("guard always true", at + 1, body, "true");
        self.replace_tokens("guard always false", at + 1, body, "false");
        self.expression(at + 1, body);
        body
    }

    /// The head of a loop: its first iteration dropped, its last dropped, one more made.
    fn head(&mut self, at: usize) -> usize {
        let end = self.closing(at + 1);
        let condition = self.next(at + 2, ";") + 1;
        let count = self.next(condition, ";") + 1;
        let (operator, step) = (&self.text(count + 1)[..1], self.slice(count + 2, end));
        if self.text(at + 2) == "var" {
            let start = self.next(at + 2, "=") + 1;
            let later = match (self.slice(start, condition - 1), operator) {
                ("0u", "+") => step.to_owned(),
                (first, _) => format!("{first} {operator} {step}"),
            };
            self.replace_tokens("first iteration dropped", start, condition - 1, &later);
        }
        let compare = (condition..count).find(|&token| ends_loop(self.text(token)));
        let compare = compare.expect("a loop compares what it counts");
        let (left, right) = (self.slice(condition, compare), self.slice(compare + 1, count - 1));
        let [fewer, more] = match self.text(compare) {
            "<" => [format!("{left} + {step} < {right}"), format!("{left} <= {right}")],
            "<=" => [format!("{left} < {right}"), format!("{left} <= {right} + 1u")],
            // Counts down to zero.
            _ => [format!("{left} > {right} + 1u"), String::new()],
        };
        self.replace_tokens("last iteration dropped", condition, count - 1, &fewer);
        if !more.is_empty() {
            self.replace_tokens("one iteration more", condition, count - 1, &more);
        }
        end + 1
    }

    /// A statement that ends with `;`; gives the first token behind it.
    fn statement(&mut self, at: usize) -> usize {
        let end = self.next(at, ";");
        match self.text(at) {
            "let" | "var" => {
                if let Some(equals) = (at..end).find(|&token| self.text(token) == "=") {
                    self.expression(equals + 1, end);
                }
            }
            "return" => self.expression(at + 1, end),
            "workgroupBarrier" => self.delete("barrier removed", at, end),
            _ => {
                let assign = (at..end).find(|&token| assigns(self.text(token)));
                // Behind an `if` alone, it is what a guard of `false` leaves out.
                if !self.is_alone(at, end) {
                    self.delete("statement deleted", at, end);
                }
                if let Some(assign) = assign {
                    self.assigned(assign);
                }
                self.expression(at, end);
            }
        }
        end + 1
    }

    fn assigned(&mut self, at: usize) {
        let (rule, other) = match self.text(at) {
            "+=" => ("sign flipped", "-="),
            "-=" => ("sign flipped", "+="),
            "*=" => ("operator replaced", "+="),
            _ => return,
        };
        self.replace_tokens(rule, at, at + 1, other);
    }

    /// Whether a statement is all that an `if` without `else` guards.
    fn is_alone(&self, at: usize, end: usize) -> bool {
        let opens = self.text(at - 1) == "{" && self.text(end + 1) == "}";
        let mut before = (0..at - 1).rev().map(|token| self.text(token));
        let head = before.find(|text| ["{", "}", ";", "if"].contains(text));
        opens && head == Some("if") && self.text(end + 2) != "else"
    }

    fn delete(&mut self, rule: &'static str, at: usize, end: usize) {
        self.replace_tokens(rule, at, end + 1, "");
    }

    /// The next token with this text outside of what is opened behind `at`.
    fn next(&self, at: usize, text: &str) -> usize {
        let mut token = at;
        while self.text(token) != text {
            let opens = self.tokens[token].kind == Kind::Mark && self.partners[token] > token;
            token = if opens && text != "{" { self.partners[token] + 1 } else { token + 1 };
        }
        token
    }

    fn closing(&self, at: usize) -> usize {
        self.partners[at]
    }
}

fn ends_loop(mark: &str) -> bool {
    ["<", "<=", "!="].contains(&mark)
}

/// Whether a mark stands between a place and what it is given.
pub(super) fn assigns(mark: &str) -> bool {
    ["=", "+=", "-=", "*="].contains(&mark)
}
