//! Figures that were computed elsewhere, and what reads them without the crate.

/// Draws 0 to 8, in steps of 2⁻²³, of members that have more than 24 bits, or 31. A Python program of
/// its own made them, with integers of any length, after it had repeated the three known answers of
/// Random123 for `philox4x32 10`: key (seed mod 2³², seed / 2³²), counter (draw, member mod 2³², 0,
/// member / 2³²), the upper 24 bits of the first word, minus 2²³.
pub const DRAWS: [(u64, u64, [i32; 9]); 7] = [
    (
        48,
        8_589_934_597,
        [
            -7_254_343, -985_819, -1_978_454, -4_132_638, 2_647_631, 5_727_444, -6_758_780,
            -3_019_402, 3_129_770,
        ],
    ),
    (
        48,
        16_777_217,
        [
            -2_618_458, 1_893_848, -5_646_091, -948_927, -6_686_649, -5_460_525, 6_665_684,
            -5_621_432, -125_835,
        ],
    ),
    (
        48,
        2_147_483_649,
        [
            -3_908_962, 4_380_278, -2_071_071, 3_982_735, 6_824_257, -1_709_559, -3_810_034,
            4_386_288, -7_847_579,
        ],
    ),
    (
        48,
        4_294_967_295,
        [
            -7_311_749, 7_303_464, 6_981_028, -4_537_274, 143_651, 692_988, -276_717, 1_318_216,
            4_687_084,
        ],
    ),
    (
        0x0123_4567_89ab_cdef,
        1,
        [
            5_849_389, -3_563_230, -3_718_192, 446_143, -4_477_764, 3_715_651, -3_519_012,
            -6_633_908, -6_475_691,
        ],
    ),
    (
        0x0123_4567_89ab_cdef,
        16_777_217,
        [
            454_708, -2_302_189, 8_370_931, 7_286_289, -6_535_691, -1_401_815, -4_946_225,
            2_938_885, 3_242_215,
        ],
    ),
    (
        0x0123_4567_89ab_cdef,
        2_147_483_649,
        [
            -8_029_033, -2_672_172, 7_634_906, -1_258_718, 475_226, -2_156_467, -6_000_482,
            952_947, -6_591_759,
        ],
    ),
];

/// What the network answers to 000, 001, …, 111, by plain loops in that program, and its loss.
pub const SQUARE_ANSWERS: [f64; 8] = [
    0.018_517_346_512_978_167,
    0.017_775_118_411_728_2,
    0.121_873_014_333_024_01,
    0.078_671_349_266_303_84,
    0.834_926_376_063_802_6,
    0.221_697_932_916_066_96,
    0.961_530_591_964_481_1,
    0.499_160_061_266_696_7,
];
pub const SQUARE_LOSS: f64 = 1.327_391_676_037_678;

/// The values of each tensor of a file, by a reader of the format's own description: eight bytes
/// with the length of a header, which says where each is.
pub fn tensor(file: &[u8], name: &str) -> Vec<f32> {
    let (length, rest) = file.split_first_chunk().expect("a length");
    let length = usize::try_from(u64::from_le_bytes(*length)).expect("it fits");
    let (header, data) = rest.split_at(length);
    let header: serde_json::Value = serde_json::from_slice(header).expect("JSON");
    let at = |end: usize| header[name]["data_offsets"][end].as_u64().expect("an offset");
    let [from, to] = [0, 1].map(|end| usize::try_from(at(end)).expect("it fits"));
    data[from..to].as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Of a uniform law within ±a the mean is 0, the mean square a²/3, and of n draws the largest is
/// beyond (1 − 10/n)·a but once in 20,000 times. PyTorch draws weights and biases of a layer of n
/// inputs within ±1/√n.
pub fn check_uniform(what: &str, draws: &[f32], extent: f64) {
    let count = f64::from(u32::try_from(draws.len()).expect("few"));
    let shares = || draws.iter().map(|&draw| f64::from(draw) / extent);
    let mean = shares().sum::<f64>() / count;
    let square = shares().map(|share| share * share).sum::<f64>() / count;
    let largest = shares().map(f64::abs).fold(0.0, f64::max);
    // Four and a half standard errors: the variance of the share is 1/3, that of its square 4/45.
    assert!(mean.abs() < 4.5 * (1.0 / 3.0 / count).sqrt(), "{what}: mean {mean}");
    let apart = (square - 1.0 / 3.0).abs();
    assert!(apart < 4.5 * (4.0 / 45.0 / count).sqrt(), "{what}: mean square {square}");
    assert!(largest <= 1.0 + 1e-6, "{what}: {largest} times the bound");
    assert!(largest > 1.0 - 10.0 / count, "{what}: only up to {largest} times the bound");
}
