//! The command line of this process, as text that a shell takes back.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;

/// The arguments of this process, of which the first is its name.
pub(super) fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

/// The command that repeats this run: `parity` and the arguments of this process, each quoted for a
/// POSIX shell.
pub(super) fn command_line() -> String {
    arguments()
        .skip(1)
        .fold(String::from("parity"), |line, argument| line + " " + &quoted(&argument))
}

/// One word of a shell: as it is where every character is plain, else between single quotes. Control
/// characters and bytes that are not UTF-8 need the form `$'…\377…'`, which POSIX has since 2024, and
/// bash, zsh and ksh long before.
fn quoted(argument: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:+@%=".contains(c);
    match argument.to_str() {
        // zsh replaces =name by where a program is.
        Some(text) if !text.is_empty() && !text.starts_with('=') && text.chars().all(is_plain) => {
            text.into()
        }
        Some(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => escaped(argument),
    }
}

/// A word between `$'` and `'`.
fn escaped(argument: &OsStr) -> String {
    let mut word = String::from("$'");
    for chunk in argument.as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                '\n' => word.push_str(r"\n"),
                '\t' => word.push_str(r"\t"),
                // Three octal digits: a hexadecimal number would take in digits that follow.
                c if c.is_control() => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
                    let _ = write!(word, "\\{byte:03o}");
                }),
                c => word.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(word, "\\{byte:03o}");
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are_and_others_are_quoted() {
        for plain in ["train", "--x", "learning-rate=0.01..1000:log", "a/b.png", "-3,5e+3"] {
            assert_eq!(quoted(OsStr::new(plain)), plain);
        }
        for (argument, expected) in [
            ("", "''"),
            ("0.weight[0,1]=-3", "'0.weight[0,1]=-3'"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(x)", "'$(x)'"),
            ("ä", "'ä'"),
            ("=ls", "'=ls'"),
            ("two\nlines", r"$'two\nlines'"),
            ("bell\u{7}'1\\", r"$'bell\007\'1\\'"),
        ] {
            assert_eq!(quoted(OsStr::new(argument)), expected);
        }
    }

    /// Bash itself says what a word means.
    #[cfg(unix)]
    #[test]
    fn a_shell_gives_back_every_byte() {
        use std::os::unix::ffi::OsStrExt;
        let every: Vec<u8> = (1..=255).collect();
        let words: [&[u8]; 6] =
            [b"a b", b"it's", b"\xff1", b"$x `y` \\", "ä\u{85}".as_bytes(), &every];
        for word in words {
            let script = format!("printf %s {}", quoted(OsStr::from_bytes(word)));
            let output = std::process::Command::new("bash").args(["-c", &script]).output();
            assert_eq!(output.expect("bash runs").stdout, word, "{script}");
        }
    }
}
