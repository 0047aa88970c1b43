//! What can be refused is refused before work: each limit, and one beyond.

use std::ffi::OsString;

use parity::cli::{Cli, Refusal};
use parity::plot::Picture;
use parity::task::LayerSizes;

/// Whether a run goes on to open an adapter.
fn starts(line: &str) -> bool {
    let arguments = ["parity"].into_iter().chain(line.split(' ')).map(OsString::from);
    match Cli::read(arguments).and_then(|cli| Ok(cli.check()?)) {
        Ok(()) => true,
        Err(Refusal::Error(error)) => {
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
            false
        }
        Err(Refusal::Shown(text)) => panic!("{text}"),
    }
}

#[test]
fn each_limit_holds_and_one_beyond_is_refused_before_the_adapter_is_opened() {
    for (line, limit) in [
        ("train --no-reference --log-every 1e6 --steps N", 1_u64 << 40),
        ("train --log-every N", 1 << 40),
        ("train --steps N --log-every 1", 10_000_000),
        ("train --networks N", 1 << 32),
        ("train --networks 9 --steps N", 1 << 31),
        ("train --member 1 --steps N --log-every 1e6", 1 << 31),
        ("train --member N", (1 << 32) - 1),
        ("train --networks 9 --sample N", 8),
        ("train --bits N", 16),
        ("train --layers 2-N-1", 65_536),
        ("train --bits 16 --layers 16-N-1", 8_192),
        ("sweep --output out.png --steps N", 1 << 31),
        ("sweep --output out.png --member N", (1 << 32) - 1),
        ("sweep --output out.png --size 8192xN", 8_192),
        ("sweep --output out.png --size Nx8192", 8_192),
        ("sweep --output out.png --x 0.bias[0]=-1e9..1e9 --size Nx1", 1 << 21),
        ("sweep --output out.png --y 0.bias[0]=-1e9..1e9 --size 1xN", 1 << 21),
        ("sweep --output out.png --y 0.bias[0]=-1e9..1e9 --size 2xN", 1 << 21),
        ("verify --cases N", 100_000_000),
        ("verify --every N", 1 << 40),
        ("verify --bits 16 --layers 16-N-1", 8_192),
        ("bench --size N", 16_777_216),
        ("bench --budget N", 86_400),
    ] {
        if line.starts_with("bench") && cfg!(debug_assertions) {
            continue;
        }
        let with = |number: u64| line.replace('N', &number.to_string());
        assert!(starts(&with(limit)), "{}", with(limit));
        assert!(!starts(&with(limit + 1)), "{}", with(limit + 1));
    }
    // Of the name of a run, its length.
    if !cfg!(debug_assertions) {
        assert!(starts(&format!("bench --save {}", "x".repeat(100))));
        assert!(!starts(&format!("bench --save {}", "x".repeat(101))));
    }
}

#[test]
fn a_network_of_as_many_parameters_as_there_may_be_is_the_largest() {
    let largest = |width: usize| LayerSizes::new(vec![2, 65_536, width, 1]);
    assert!(largest(4_092).is_ok() && largest(4_093).is_err());
}

#[test]
fn a_picture_is_refused_by_its_size_before_it_has_values() {
    for ([width, height], is_one) in [
        ([1, 1], true),
        ([0, 1], false),
        ([1, 0], false),
        ([8_192, 8_192], true),
        ([16_384, 16_384], true),
        ([16_384, 16_385], false),
        ([1, 1 << 21], true),
        ([1, (1 << 21) + 1], false),
        ([64, 1 << 21], true),
        ([127, 1 << 21], false),
        ([128, 1 << 21], true),
        ([129, 1 << 21], false),
        ([1, 67_108_864], false),
        ([usize::MAX, usize::MAX], false),
    ] {
        assert_eq!(Picture::check_size(width, height).is_ok(), is_one, "{width} by {height}");
    }
}
