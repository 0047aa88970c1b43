//! WGSL as words and marks, with what belongs together: as much of its grammar as mutants need.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word,
    /// A whole number.
    Integer,
    /// Any other number.
    Float,
    /// An operator or a bracket.
    Mark,
    /// A bracket of a type: `<` or `>`.
    Angle,
}

/// A part of a text that has no smaller parts.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As it is written.
    pub text: &'a str,
    /// Bytes before it.
    pub start: usize,
}

impl Token<'_> {
    /// The first byte behind it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether an operand ends with it, so that a mark behind it has two operands.
    #[must_use]
    pub fn ends_operand(&self) -> bool {
        match self.kind {
            Kind::Word => self.text != "return",
            Kind::Integer | Kind::Float => true,
            Kind::Mark => [")", "]"].contains(&self.text),
            Kind::Angle => false,
        }
    }
}

/// Names that are followed by a type in angle brackets.
const WITH_TYPE: [&str; 17] = [
    "array", "atomic", "bitcast", "mat2x2", "mat2x3", "mat2x4", "mat3x2", "mat3x3", "mat3x4",
    "mat4x2", "mat4x3", "mat4x4", "ptr", "var", "vec2", "vec3", "vec4",
];

/// Marks of several characters, the longest first.
const LONG_MARKS: [&str; 18] = [
    "<<=", ">>=", "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=", "/=", "%=",
    "&=", "^=", "->",
];

/// All tokens of a text; comments are none.
#[must_use]
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = vec![];
    let (mut start, mut open_types) = (0, 0);
    while let Some(first) = source[start..].chars().next() {
        let rest = &source[start..];
        if first.is_whitespace() || rest.starts_with("//") {
            let is_comment = !first.is_whitespace();
            start +=
                if is_comment { rest.find('\n').unwrap_or(rest.len()) } else { first.len_utf8() };
            continue;
        }
        let behind_name = tokens.last().is_some_and(|last| WITH_TYPE.contains(&last.text));
        let opens = first == '<' && behind_name;
        let (kind, len) = if opens || first == '>' && open_types > 0 {
            open_types = if opens { open_types + 1 } else { open_types - 1 };
            (Kind::Angle, 1)
        } else if first.is_ascii_digit() {
            number(rest)
        } else if is_of_word(first) {
            (Kind::Word, rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()))
        } else {
            let long = LONG_MARKS.iter().find(|mark| rest.starts_with(**mark));
            (Kind::Mark, long.map_or(first.len_utf8(), |mark| mark.len()))
        };
        tokens.push(Token { kind, text: &rest[..len], start });
        start += len;
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The kind and length of the number that a text starts with.
fn number(text: &str) -> (Kind, usize) {
    let is_hex = text.starts_with("0x");
    let is_part = |index: usize, c: char| {
        let is_sign = "+-".contains(c) && !is_hex && text[..index].ends_with('e');
        is_of_word(c) || c == '.' || is_sign
    };
    let end = text.char_indices().find(|&(index, c)| !is_part(index, c));
    let len = end.map_or(text.len(), |(index, _)| index);
    let is_float = !is_hex && text[..len].contains(['.', 'e', 'f']);
    (if is_float { Kind::Float } else { Kind::Integer }, len)
}

/// For each bracket, which token is its other end; for all others, themselves.
///
/// # Panics
/// If brackets do not match.
#[must_use]
pub fn partners(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut partners: Vec<usize> = (0..tokens.len()).collect();
    let mut open = vec![];
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Mark) {
        match token.text {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => {
                let start: usize = open.pop().expect("a shader closes what it opened");
                (partners[start], partners[index]) = (index, start);
            }
            _ => {}
        }
    }
    partners
}

/// How tightly a mark between two operands binds them; nothing for other marks.
#[must_use]
pub fn level(mark: &str) -> Option<u32> {
    Some(match mark {
        "||" => 1,
        "&&" => 2,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 3,
        "&" | "|" | "^" => 4,
        "<<" | ">>" => 5,
        "+" | "-" => 6,
        "*" | "/" | "%" => 7,
        _ => return None,
    })
}
