//! A wrong kernel, and the collection of all of them.

use std::collections::HashSet;
use std::ops::Range;

use super::token::{Kind, Token, partners, tokens};
use crate::gpu::{KernelSpec, WrongLaunch};
use crate::verify::KERNELS;

/// A kernel's text, or its launch, with one mistake in it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What was done to it.
    pub rule: &'static str,
    /// Whether it was written by hand; otherwise a rule made it.
    pub by_hand: bool,
    /// The function that it is in, empty outside of all; for a launch, which of them.
    pub function: String,
    /// The number of the line, from 1; of a launch 0.
    pub line: usize,
    /// That line, or those lines, as they were, without the white space around them.
    pub before: String,
    /// As they are now.
    pub after: String,
    /// All of the text.
    pub source: String,
    /// The launch, if that is what is wrong.
    pub launch: Option<WrongLaunch>,
}

impl Mutant {
    /// Replaces some bytes of a text.
    pub(super) fn new(
        kernel: &'static str,
        source: &str,
        rule: &'static str,
        by_hand: bool,
        bytes: std::ops::Range<usize>,
        replacement: &str,
    ) -> Self {
        let start = source[..bytes.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = source[bytes.end..].find('\n').map_or(source.len(), |len| bytes.end + len);
        let (head, tail) = (&source[start..bytes.start], &source[bytes.end..end]);
        Self {
            kernel,
            rule,
            by_hand,
            function: function_of(source, bytes.start),
            line: line_of(source, bytes.start),
            before: source[start..end].trim().to_owned(),
            after: format!("{head}{replacement}{tail}").trim().to_owned(),
            source: format!("{}{replacement}{}", &source[..bytes.start], &source[bytes.end..]),
            launch: None,
        }
    }
}

/// Every mutant that the rules make of a kernel, in the order of its text. No two are the same, and
/// each differs from the kernel in one line.
///
/// There is only one mutant of a line that says what was said before, with other numbers or
/// components, or that is part of a function that a kernel before it in [`KERNELS`] has as well: what
/// is asked there is only whether the checks look.
#[must_use]
pub fn mutants(spec: &KernelSpec) -> Vec<Mutant> {
    let before =
        KERNELS.iter().map(|kernel| kernel.spec).take_while(|other| other.name != spec.name);
    let known = before.flat_map(|spec| called(spec, &tokens(spec.source())).0).collect();
    let mut mutator = Mutator::new(spec, known);
    mutator.module();
    mutator.thinned()
}

/// How many mutants by one rule a line has at most.
fn most_of_a_line(rule: &str) -> usize {
    match rule {
        "condition dropped" | "factor dropped" | "term dropped" => usize::MAX,
        _ => 1,
    }
}

/// What is kept of a line of which one mutant is enough, if there is one of these.
const TELLING: [&str; 2] = ["number changed", "last iteration dropped"];

/// The names of a shader's functions that `main` calls, also by others or by functions of the header; and
/// the tokens of the rest, which no compiler looks at: parts have functions that not every shader
/// needs.
fn called<'a>(spec: &KernelSpec, tokens: &[Token<'a>]) -> (Vec<&'a str>, Vec<Range<usize>>) {
    let partners = partners(tokens);
    let body = |at: usize| {
        let open = (at..tokens.len()).find(|&at| tokens[at].text == "{").expect("a body");
        (tokens[at + 1].text, at..partners[open])
    };
    let starts = (0..tokens.len()).filter(|&at| tokens[at].text == "fn");
    let mut rest: Vec<_> = starts.map(body).collect();
    let header = self::tokens(spec.sample_header);
    let is_called = |name: &str| header.iter().any(|token| token.text == name);
    let mut found: Vec<_> =
        rest.iter().map(|(name, _)| *name).filter(|name| is_called(name)).collect();
    let (mut names, mut at) = (vec!["main"], 0);
    while at < names.len() {
        let is_next = |(name, _): &(&str, Range<usize>)| *name == names[at];
        if let Some(index) = rest.iter().position(is_next) {
            let (_, range) = rest.remove(index);
            let words = tokens[range.clone()].iter().map(|token| token.text);
            let calls = words.filter(|word| rest.iter().any(|(name, _)| name == word));
            found.extend(calls);
        }
        names.append(&mut found);
        at += 1;
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| *name != "main");
    (names, rest.into_iter().map(|(_, range)| range).collect())
}

/// The name of the last function that begins before.
fn function_of(source: &str, byte: usize) -> String {
    let rest = source[..byte].rsplit_once("\nfn ").map_or("", |(_, rest)| rest);
    rest.split('(').next().unwrap_or_default().to_owned()
}

fn line_of(source: &str, byte: usize) -> usize {
    source[..byte].matches('\n').count() + 1
}

/// The numbers of lines that stand in a text before, but for numbers and components.
fn repeated_lines(source: &str) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let is_repeated = |line: &str| {
        let words = tokens(line).into_iter().map(|token| match token.kind {
            Kind::Float | Kind::Integer => "0",
            Kind::Word if ["x", "y", "z", "w"].contains(&token.text) => "x",
            _ => token.text,
        });
        !seen.insert(words.collect::<Vec<_>>().join(" "))
    };
    (1..).zip(source.lines().map(is_repeated)).filter(|(_, known)| *known).map(|(n, _)| n).collect()
}

/// Collects the mutants of one text.
pub(super) struct Mutator<'a> {
    kernel: &'static str,
    source: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) partners: Vec<usize>,
    /// Whether a token stands in square brackets.
    pub(super) is_in_index: Vec<bool>,
    /// Functions that other kernels have as well.
    pub(super) known: HashSet<&'static str>,
    /// The tokens of functions that are not called.
    uncalled: Vec<Range<usize>>,
    /// Lines of which one mutant is enough.
    pub(super) thin_lines: HashSet<usize>,
    found: Vec<Mutant>,
    seen: HashSet<String>,
}

impl<'a> Mutator<'a> {
    fn new(spec: &KernelSpec, known: HashSet<&'static str>) -> Mutator<'static> {
        let source = spec.source();
        let tokens = tokens(source);
        let partners = partners(&tokens);
        let mut is_in_index = vec![false; tokens.len()];
        for at in (0..tokens.len()).filter(|&at| tokens[at].text == "[") {
            is_in_index[at..partners[at]].fill(true);
        }
        let seen = HashSet::from([source.to_owned()]);
        let (kernel, found, thin_lines) = (spec.name, vec![], repeated_lines(source));
        let uncalled = called(spec, &tokens).1;
        Mutator {
            kernel,
            source,
            tokens,
            partners,
            is_in_index,
            known,
            uncalled,
            thin_lines,
            found,
            seen,
        }
    }

    /// All that were found, but of a rule no more than a line needs, and of thin lines one.
    fn thinned(self) -> Vec<Mutant> {
        let Self { found, thin_lines, .. } = self;
        let of_line = |line: usize| found.iter().filter(move |mutant| mutant.line == line);
        let is_kept = |mutant: &&Mutant| {
            let same = |other: &&Mutant| other.source == mutant.source;
            if thin_lines.contains(&mutant.line) {
                let telling = of_line(mutant.line).find(|other| TELLING.contains(&other.rule));
                return telling
                    .or_else(|| of_line(mutant.line).next())
                    .is_some_and(|kept| same(&kept));
            }
            let of_rule = of_line(mutant.line).filter(|other| other.rule == mutant.rule);
            of_rule.take(most_of_a_line(mutant.rule)).any(|kept| same(&kept))
        };
        found.iter().filter(is_kept).cloned().collect()
    }

    /// The number of the line, from 1, that a token stands in.
    pub(super) fn line(&self, token: usize) -> usize {
        line_of(self.source, self.tokens[token].start)
    }

    pub(super) fn text(&self, token: usize) -> &'a str {
        self.tokens[token].text
    }

    /// The text of the tokens from number `from` up to `to`.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        if from == to {
            return "";
        }
        &self.source[self.tokens[from].start..self.tokens[to - 1].end()]
    }

    /// Keeps the mutant that has `replacement` for these tokens, unless it is known or takes more
    /// than one line.
    pub(super) fn replace_tokens(
        &mut self,
        rule: &'static str,
        from: usize,
        to: usize,
        replacement: &str,
    ) {
        let bytes = self.tokens[from].start..self.tokens[to - 1].end();
        let is_uncalled = self.uncalled.iter().any(|range| range.contains(&from));
        if is_uncalled || self.source[bytes.clone()].contains('\n') {
            return;
        }
        let mutant = Mutant::new(self.kernel, self.source, rule, false, bytes, replacement);
        if self.seen.insert(mutant.source.clone()) {
            self.found.push(mutant);
        }
    }
}
