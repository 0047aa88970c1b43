use parity::cpu::uniform_draw::uniform_draw as twin;
use parity::gpu::Kernel;
use parity::kernels::uniform_draw::{self, Draw, ORIGIN_ROWS};
use parity::model::{Init, LayerSizes, Parameters};
use parity::rng::{Stream, philox4x32};
use parity::scalar::Enclosure;

use crate::harness::{Output, assert_within, gpu, run};

/// Draws for members that start where `origins` says.
fn drawn(origins: &[[u32; ORIGIN_ROWS]], draw: Draw) -> Vec<f32> {
    let words: Vec<u32> =
        (0..ORIGIN_ROWS).flat_map(|row| origins.iter().map(move |origin| origin[row])).collect();
    let state = Output::poisoned((draw.first_row + draw.row_count) * origins.len());
    let dispatch = pollster::block_on(async {
        let kernel = Kernel::new(gpu(), &uniform_draw::SPEC, &[]).await?;
        let origins = gpu().upload("origins", &words).await?;
        uniform_draw::dispatch(gpu(), &kernel, draw, [&origins, &state.tensor]).await
    });
    run(&[dispatch.expect("it binds")]);
    state.read()
}

const ONE: u32 = 1.0_f32.to_bits();

/// Random123 1.14, `tests/kat_vectors`, the lines `philox4x32 10`: the first word of each.
#[test]
fn it_gives_the_known_answers_of_random123() {
    for (counter, key, word) in [
        ([0; 4], [0; 2], 0x6627_e8d5_u32),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            0xd16c_fe09,
        ),
        ([u32::MAX; 4], [u32::MAX; 2], 0x408f_276d),
    ] {
        assert_eq!(philox4x32(counter, key)[0], word);
        let [parameter, first, second, third] = counter;
        let origin = [key[0], key[1], first, second, third, ONE];
        let draw = Draw { first_parameter: parameter, first_row: 0, row_count: 1, extent: 1.0 };
        let found = drawn(&[origin], draw)[0];
        // Exactly: a multiple of 2⁻²³ has no more than 24 bits.
        assert_eq!(f64::from(found), f64::from(word >> 8) / 8_388_608.0 - 1.0, "{counter:x?}");
    }
}

#[test]
fn every_parameter_matches_its_twin() {
    for (member_count, first, count) in [(1, 0, 1), (3, 5, 7), (257, 0, 9), (1757, 2, 3)] {
        let origins: Vec<_> = (0..member_count)
            .map(|member| {
                let [a, b, c, d] = philox4x32([member, 0, 0, 9], [5, 6]);
                let [e, f, ..] = philox4x32([member, 1, 0, 9], [5, 6]);
                [a, b, c, d, e, (f32::from(f.to_le_bytes()[0]) / 64.0).to_bits()]
            })
            .collect();
        let (first_parameter, row_count) = (11, count);
        let draw = Draw { first_parameter, first_row: first, row_count, extent: 0.7 };
        let found = drawn(&origins, draw);
        let untouched = first * origins.len();
        assert!(found[..untouched].iter().all(|value| value.is_nan()), "only what was asked for");
        let expected: Vec<Enclosure> = (first_parameter..)
            .take(count)
            .flat_map(|parameter| {
                origins.iter().map(move |&[a, b, c, d, e, scale]| {
                    twin(0.7, f32::from_bits(scale), [a, b], [c, d, e], parameter)
                })
            })
            .collect();
        assert_within(&format!("{member_count} members"), &found[untouched..], &expected);
    }
}

#[test]
fn member_0_starts_where_a_single_network_does() {
    let sizes: LayerSizes = "2-3-1".parse().expect("a network");
    let single = Parameters::initialise(&sizes, Init::Uniform, 7);
    let Stream { key: [low, high], counter: [first, second, third] } = Stream::new(7);
    let draw = Draw { first_parameter: 0, first_row: 0, row_count: 13, extent: 1.0 };
    let found = drawn(&[[low, high, first, second, third, ONE]], draw);
    assert_eq!(found, single.values().collect::<Vec<_>>());
}
