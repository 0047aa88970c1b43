//! Whether one of two lots of samples tends to be larger: the test of Mann and Whitney.

use std::f64::consts::SQRT_2;

use serde::Serialize;

use super::real;

/// Largest number of pairs with which the distribution of U is counted out; beyond, it is near
/// enough to normal. The counts stay below 2⁵³, so they are exact.
const EXACT_PAIRS: usize = 400;

/// The 97.5 % quantile of the standard normal law.
const Z: f64 = 1.959_963_984_540_054;

/// What the test found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MannWhitney {
    /// Number of pairs in which the first lot's sample is the larger, ties counted half: R's W.
    pub u: f64,
    /// How likely a U at least so far from the mean is, in either direction, if both lots are from
    /// one law.
    pub p: f64,
}

/// The two-sided test of H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random
/// Variables is Stochastically Larger than the Other" (Annals of Mathematical Statistics 18, 1947).
///
/// With the ranks R of the n first samples among all N = n + m, the mean of their places for ties,
/// U = ΣR − n(n + 1)/2. Without ties, of up to 400 pairs, p is exact: twice the smaller tail.
/// Otherwise U is taken as normal with the mean nm/2 and the variance
/// nm/12 · (N + 1 − Σ(t³ − t) / (N(N − 1))) of t equal samples each (E. L. Lehmann,
/// "Nonparametrics", 1975, section 1.4), and half a pair nearer to the mean, for continuity. That is
/// what R's `wilcox.test` does.
///
/// # Panics
/// If a lot is empty or has a NaN.
#[must_use]
pub fn mann_whitney(a: &[f64], b: &[f64]) -> MannWhitney {
    assert!(!a.is_empty() && !b.is_empty(), "nothing to compare");
    assert!(a.iter().chain(b).all(|value| !value.is_nan()), "a NaN has no rank");
    let (n, m) = (a.len(), b.len());
    let (u, ties) = statistic(a, b);
    let mean = real(n * m) / 2.0;
    let p = if ties == 0.0 && n * m <= EXACT_PAIRS {
        // Without ties U is whole; the law is symmetric.
        let smaller = u.min(2.0 * mean - u);
        let up_to = |(number, _): &(u32, f64)| f64::from(*number) <= smaller;
        let tail = (0..).zip(law(n, m)).take_while(up_to);
        2.0 * tail.map(|(_, probability)| probability).sum::<f64>()
    } else {
        let all = real(n + m);
        let variance = mean / 6.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        let off = ((u - mean).abs() - 0.5).max(0.0);
        // All samples are equal where there is no variance.
        if off == 0.0 { 1.0 } else { libm::erfc(off / variance.sqrt() / SQRT_2) }
    };
    MannWhitney { u, p: p.min(1.0) }
}

/// U, and Σ(t³ − t) over all groups of t equal samples.
fn statistic(a: &[f64], b: &[f64]) -> (f64, f64) {
    let pool =
        |values: &[f64], of_a| values.iter().map(move |&value| (value, of_a)).collect::<Vec<_>>();
    let mut all = [pool(a, true), pool(b, false)].concat();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut below, mut rank_sum, mut ties) = (0, 0.0, 0.0);
    for group in all.chunk_by(|x, y| x.0 == y.0) {
        let size = real(group.len());
        let rank = real(below) + f64::midpoint(1.0, size);
        rank_sum += rank * real(group.iter().filter(|(_, of_a)| *of_a).count());
        ties += size * (size * size - 1.0);
        below += group.len();
    }
    (rank_sum - real(a.len() * (a.len() + 1)) / 2.0, ties)
}

/// The probabilities of U = 0, 1, … nm without ties. Among the C(n + m, n) orders, as many have U =
/// u as the Gaussian binomial Π (1 − q^(m + i)) / (1 − q^i), i = 1 … n, has at q^u: the generating
/// function of the recurrence of Mann and Whitney.
fn law(n: usize, m: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n * m + 1];
    counts[0] = 1.0;
    for i in 1..=n.min(m) {
        for u in (n.max(m) + i..counts.len()).rev() {
            counts[u] -= counts[u - n.max(m) - i];
        }
        for u in i..counts.len() {
            counts[u] += counts[u - i];
        }
    }
    let orders: f64 = counts.iter().sum();
    counts.iter().map(|count| count / orders).collect()
}

/// The largest k for which U < k has a probability of 2.5 % at most: between the k-th pair from
/// below and the k-th from above, of all sorted, lies the 95 % interval of a shift. With 0 there is
/// none. Ties would make it larger, so the interval is rather too wide.
pub(super) fn pairs_outside(n: usize, m: usize) -> usize {
    if n * m <= EXACT_PAIRS {
        let sums = law(n, m).into_iter().scan(0.0, |sum, probability| {
            *sum += probability;
            Some(*sum)
        });
        return sums.take_while(|sum| *sum <= 0.025).count();
    }
    let mean = real(n * m) / 2.0;
    let deviation = (mean / 6.0 * (real(n + m) + 1.0)).sqrt();
    let most = (mean - Z * deviation + 0.5).floor().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole")]
    let most = most as usize;
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: MannWhitney, u: f64, p: f64, digits: f64) {
        assert!(
            found.u == u && (found.p - p).abs() <= 0.5 * digits,
            "{found:?}, expected {u}, {p}"
        );
    }

    /// M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods" (1973), page 69: the
    /// example of R's `wilcox.test`, which prints W = 35 and, one-sided, p = 0.1272: of 3,003
    /// orders, 382.
    #[test]
    fn permeability_constants_have_the_exact_p_of_the_textbook() {
        let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let y = [1.15, 0.88, 0.90, 0.74, 1.21];
        close(mann_whitney(&x, &y), 35.0, 2.0 * 382.0 / 3_003.0, 1e-12);
        close(mann_whitney(&y, &x), 15.0, 2.0 * 382.0 / 3_003.0, 1e-12);
    }

    /// The example of `SciPy`'s `mannwhitneyu`: U = 17, p = 1/9 exactly.
    #[test]
    fn ages_at_diagnosis_have_the_exact_p_of_scipy() {
        let (males, females) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        close(mann_whitney(&males, &females), 17.0, 1.0 / 9.0, 1e-12);
    }

    /// Ozone in May and August, of R's `airquality`: `wilcox.test(Ozone ~ Month)` prints W = 127.5
    /// and p = 0.0001208, with ties and the correction for continuity.
    #[test]
    fn ozone_has_the_p_of_r_with_ties() {
        let may = [
            41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23,
            45, 115, 37,
        ];
        let august = [
            39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168,
            73, 76, 118, 84, 85,
        ];
        let found = mann_whitney(&may.map(f64::from), &august.map(f64::from));
        close(found, 127.5, 0.000_120_8, 1e-7);
    }

    #[test]
    fn the_law_counts_all_orders() {
        // All C(5, 2) orders of two and three, by hand: U from 0 to 6.
        let counts = law(2, 3).iter().map(|p| (10.0 * p).round()).collect::<Vec<_>>();
        assert_eq!(counts, [1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0]);
        for (n, m) in [(1, 400), (20, 20), (7, 50), (50, 7)] {
            let law = law(n, m);
            assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(law.iter().eq(law.iter().rev()) && law.iter().all(|p| *p > 0.0));
        }
    }

    /// The largest U that is significant at 5 %, two-sided, as tables have it (D. Auble 1953).
    #[test]
    fn critical_values_are_those_of_the_tables() {
        for (n, m, table) in [
            (4, 4, 0),
            (5, 5, 2),
            (5, 8, 6),
            (8, 8, 13),
            (10, 10, 23),
            (10, 20, 55),
            (15, 20, 90),
            (20, 20, 127),
        ] {
            assert_eq!(pairs_outside(n, m), table + 1, "{n}, {m}");
        }
        assert_eq!([pairs_outside(1, 30), pairs_outside(3, 3)], [0, 0]);
    }

    #[test]
    fn the_normal_law_takes_over_where_counting_ends() {
        let values = |from: u32, count: u32| -> Vec<f64> {
            (from..from + count)
                .map(|value| f64::from(value * 7 % 41) + f64::from(value) / 64.0)
                .collect()
        };
        let (a, b) = (values(0, 20), values(20, 20));
        let exact = mann_whitney(&a, &b);
        let variance = 400.0 / 12.0 * 41.0;
        let off = (exact.u - 200.0_f64).abs() - 0.5;
        let normal = libm::erfc(off / f64::sqrt(2.0 * variance));
        assert!(exact.p > 0.02 && (exact.p / normal - 1.0).abs() < 0.03, "{exact:?}, {normal}");
        let k = [pairs_outside(20, 20), pairs_outside(20, 21)];
        // 134 is in the longer tables.
        assert_eq!(k, [128, 135]);
    }

    #[test]
    fn few_or_equal_samples_prove_nothing() {
        close(mann_whitney(&[1.0], &[2.0]), 0.0, 1.0, 0.0);
        close(mann_whitney(&[1.0, 2.0], &[3.0, 4.0]), 0.0, 1.0 / 3.0, 1e-12);
        close(mann_whitney(&[5.0; 30], &[5.0; 20]), 300.0, 1.0, 0.0);
        close(mann_whitney(&[5.0], &[5.0]), 0.5, 1.0, 0.0);
    }

    #[test]
    fn p_of_the_same_law_is_below_one_in_twenty_about_so_often() {
        for count in [8, 40] {
            let small = (0..1_000_u64).filter(|&seed| {
                let lot =
                    |half: u64| super::super::tests::timing_noise(2 * seed + half, count, 0.05);
                mann_whitney(&lot(0), &lot(1)).p < 0.05
            });
            let small = small.count();
            // Four standard errors are 28; the exact law of few samples has no 5 %.
            assert!((20..78).contains(&small), "{small} of 1,000 at {count}");
        }
    }
}
