//! Indices that stay inside: what naga's `Restrict` does, in the text itself. Among wgpu's
//! backends, GL has no bounds checks: there a wrong index would reach memory of the process that
//! runs it.

use std::collections::HashSet;
use std::ops::Range;

use super::token::{Kind, Token, partners, tokens};

/// A complete text in which no index leaves its array, vector or matrix: each `place[index]`
/// becomes `place[min(u32(index), length - 1u)]`. What the compiler can check stays as it is: a
/// constant index into something of a constant length, which it refuses if it is too large.
///
/// # Panics
/// If brackets do not match, or something is indexed whose type the text does not declare.
#[must_use]
pub fn clamped(source: &str) -> String {
    let text = Text::new(source);
    let mut edits: Vec<(usize, String)> = vec![];
    for at in (1..text.tokens.len()).filter(|&at| text.is_index(at)) {
        let end = text.partners[at];
        if let Some(bound) = text.bound(at) {
            edits.push((text.tokens[at].end(), "min(u32(".into()));
            edits.push((text.tokens[end].start, format!("), {bound})")));
        }
    }
    edits.sort_by_key(|(byte, _)| *byte);
    let mut clamped = String::new();
    let mut from = 0;
    for (byte, insertion) in edits {
        clamped += &source[from..byte];
        clamped += &insertion;
        from = byte;
    }
    clamped + &source[from..]
}

/// As much of a type as tells how many parts it has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Type {
    /// With the tokens of its length, unless the buffer decides.
    Array(Box<Type>, Option<Range<usize>>),
    Vector(u32),
    /// Columns and rows.
    Matrix(u32, u32),
    Other,
}

/// A name, and where it holds.
struct Declaration<'a> {
    name: &'a str,
    of: Type,
    token: usize,
    /// The tokens of the function that it is in.
    function: Option<Range<usize>>,
}

/// A text, and what it declares.
struct Text<'a> {
    source: &'a str,
    tokens: Vec<Token<'a>>,
    partners: Vec<usize>,
    declarations: Vec<Declaration<'a>>,
    /// Names of constants that the text itself gives a value.
    constants: HashSet<&'a str>,
}

impl<'a> Text<'a> {
    fn new(source: &'a str) -> Self {
        let tokens = tokens(source);
        let partners = partners(&tokens);
        let names = tokens.windows(2).filter(|pair| pair[0].text == "const");
        let constants = names.map(|pair| pair[1].text).collect();
        let mut text = Self { source, tokens, partners, declarations: vec![], constants };
        text.declare();
        text
    }

    fn text(&self, token: usize) -> &'a str {
        self.tokens.get(token).map_or("", |token| token.text)
    }

    /// Notes every `name: type`, and every `name = array<…>(…)` of the host's constants.
    fn declare(&mut self) {
        let mut function = None;
        for at in 0..self.tokens.len() {
            if self.text(at) == "fn" {
                let body = (at..self.tokens.len()).find(|&token| self.text(token) == "{");
                function = body.map(|body| at..self.partners[body]);
            }
            let function = function.clone().filter(|range: &Range<usize>| range.contains(&at));
            let is_name = self.tokens[at].kind == Kind::Word;
            if is_name && [":", "="].contains(&self.text(at + 1)) {
                let of = self.type_at(at + 2).0;
                if of != Type::Other {
                    let name = self.text(at);
                    self.declarations.push(Declaration { name, of, token: at, function });
                }
            }
        }
    }

    /// The type that a token begins, and the token behind it.
    fn type_at(&self, at: usize) -> (Type, usize) {
        let is_angle = |token: usize, text| {
            self.tokens.get(token).is_some_and(|token| token.kind == Kind::Angle)
                && self.text(token) == text
        };
        let word = self.text(at);
        if word == "array" && is_angle(at + 1, "<") {
            let (of, behind) = self.type_at(at + 2);
            let end = (behind..self.tokens.len()).find(|&token| is_angle(token, ">"));
            let end = end.expect("a type closes what it opened");
            let len = (self.text(behind) == ",").then_some(behind + 1..end);
            return (Type::Array(Box::new(of), len), end + 1);
        }
        let sizes = |start| {
            let sizes = word.strip_prefix(start).unwrap_or_default().split('x');
            sizes.map(|size| size[..1.min(size.len())].parse().ok()).collect::<Vec<_>>()
        };
        let of = match (sizes("vec").as_slice(), sizes("mat").as_slice()) {
            ([Some(rows)], _) => Type::Vector(*rows),
            (_, [Some(columns), Some(rows)]) => Type::Matrix(*columns, *rows),
            _ => Type::Other,
        };
        let end = (at + 1..self.tokens.len()).find(|&token| is_angle(token, ">"));
        (of, if is_angle(at + 1, "<") { end.map_or(at, |end| end + 1) } else { at + 1 })
    }

    /// Whether a bracket opens an index.
    fn is_index(&self, at: usize) -> bool {
        let token = self.tokens[at];
        token.kind == Kind::Mark && token.text == "[" && self.tokens[at - 1].ends_operand()
    }

    /// The largest value that the index behind a bracket may have; nothing if the compiler checks it.
    fn bound(&self, at: usize) -> Option<String> {
        let (name, of) = self.indexed(at);
        let is_constant = self.is_constant(at + 1..self.partners[at]);
        match of {
            Type::Array(_, None) => Some(format!("arrayLength(&{name}) - 1u")),
            Type::Array(_, Some(len)) => {
                let last = self.tokens[len.end - 1].end();
                let text = &self.source[self.tokens[len.start].start..last];
                let is_checked = is_constant && self.is_constant(len);
                (!is_checked).then(|| format!("u32({text}) - 1u"))
            }
            Type::Vector(count) | Type::Matrix(count, _) => {
                (!is_constant).then(|| format!("{}u", count - 1))
            }
            Type::Other => panic!("{name}: it is indexed, and nothing says how long it is"),
        }
    }

    /// The name that stands before a bracket and the indices before it, and the type that is indexed.
    fn indexed(&self, at: usize) -> (&'a str, Type) {
        let before = at - 1;
        if self.text(before) == "]" {
            let (name, of) = self.indexed(self.partners[before]);
            let part = match of {
                Type::Array(part, _) => *part,
                Type::Matrix(_, rows) => Type::Vector(rows),
                _ => Type::Other,
            };
            return (name, part);
        }
        (self.text(before), self.type_of(before))
    }

    /// The type of a name where it stands: what its function declares before what the module does.
    fn type_of(&self, at: usize) -> Type {
        let of_name = || self.declarations.iter().filter(|known| known.name == self.text(at));
        let is_local = |known: &&Declaration<'_>| {
            known.token < at && known.function.as_ref().is_some_and(|body| body.contains(&at))
        };
        let local = of_name().rfind(is_local);
        let found = local.or_else(|| of_name().find(|known| known.function.is_none()));
        found.map_or(Type::Other, |known| known.of.clone())
    }

    /// Whether the compiler knows the value of these tokens before any override has one.
    fn is_constant(&self, range: Range<usize>) -> bool {
        self.tokens[range].iter().all(|token| match token.kind {
            Kind::Word => self.constants.contains(token.text),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::clamped;

    fn clamps(source: &str, expected: &str) {
        assert_eq!(clamped(source), expected);
    }

    #[test]
    fn lengths_come_from_buffers_declarations_and_vectors() {
        let head =
            "var<storage> a: array<f32>;\nvar<private> t: array<array<vec4<f32>, N>, M * 2>;";
        let body = "fn f(i: u32) { let x = a[i + 1u] + t[i][a[i]].x; let y = t[0][i][i]; }";
        let clamped_body = "fn f(i: u32) { let x = a[min(u32(i + 1u), arrayLength(&a) - 1u)] + \
                            t[min(u32(i), u32(M * 2) - 1u)]\
                            [min(u32(a[min(u32(i), arrayLength(&a) - 1u)]), u32(N) - 1u)].x; \
                            let y = t[min(u32(0), u32(M * 2) - 1u)][min(u32(i), u32(N) - 1u)]\
                            [min(u32(i), 3u)]; }";
        clamps(&format!("{head}{body}"), &format!("{head}{clamped_body}"));
    }

    #[test]
    fn what_the_compiler_refuses_by_itself_stays_as_it_is() {
        let source = "const N: u32 = 4;\nvar<private> t: array<mat2x3<f32>, N>;\n\
                      fn f() { t[N][1] = t[N - 1u][2]; }";
        clamps(source, source);
        let of_override =
            "override n: u32;\nvar<workgroup> t: array<f32, n>;\nfn f() { t[9] = 1.0; }";
        clamps(of_override, &of_override.replace("t[9]", "t[min(u32(9), u32(n) - 1u)]"));
    }

    #[test]
    fn a_local_array_hides_that_of_the_module_and_constants_have_their_length() {
        let source = "const t = array<f32, 3>(1.0f, 2.0f, 3.0f);\nfn g() { let x = t[i]; }\n\
                      fn f() { var t: array<f32, 5>; t[i] = 1.0; }\nfn h() { let x = t[i]; }";
        let expected = source.replace("x = t[i]", "x = t[min(u32(i), u32(3) - 1u)]");
        clamps(source, &expected.replace("; t[i]", "; t[min(u32(i), u32(5) - 1u)]"));
    }

    #[test]
    #[should_panic(expected = "nothing says how long it is")]
    fn what_nothing_declares_is_not_left_alone() {
        clamps("fn f() { x[i] = 1.0; }", "");
    }
}
