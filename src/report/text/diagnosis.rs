//! What is said of how a run ended: the words, and the figures.

use std::f64::consts::LN_2;
use std::fmt::Write;

use indicatif::HumanCount;

use super::{number, percent, plain};
use crate::task::Loss;
use crate::train::{Diagnosis, Ending, Plan};

/// The reason why a network has not learned, and what to try, unless it has learned.
pub(super) fn advice(plan: &Plan, found: &Diagnosis) -> Option<String> {
    let is_deep = plan.start.sizes.layers().len() > 1;
    let limit = plan.stable_limit();
    let (loss, coding) = (plan.recipe.method.loss, plan.recipe.data.coding);
    let (plateau, halfway) = match loss {
        Loss::CrossEntropy => (format!("ln 2 = {LN_2:.6}"), 0.5),
        _ => (loss.of_guesses(coding).to_string(), coding.threshold()),
    };
    Some(match found.ending {
        Ending::Learned => return None,
        _ if is_deep && !plan.recipe.method.backprop.has_hidden_derivative() => {
            "its gradient is wrong: the hidden layer's lacks the sigmoid's derivative (`parity \
             train backprop-corrected` has it)"
                .into()
        }
        Ending::Diverged => "its loss is no finite number: try a smaller --learning-rate".into(),
        Ending::Oscillating => {
            let product = found.step_times_curvature.unwrap_or_default();
            format!(
                "it oscillates: the learning rate times the largest curvature is {product:.1}, and \
                 above {limit} each step overshoots; try --learning-rate {} or less",
                plain(two_digits(plan.recipe.method.learning_rate() * limit / product))
            )
        }
        Ending::StillFalling => format!(
            "its loss is still falling, by {} over the last tenth of the steps: try more --steps",
            percent(found.last_tenth_fall.unwrap_or_default())
        ),
        Ending::Saturated => format!(
            "its hidden neurons are saturated: {} of their activations hardly pass a gradient; try \
             another --seed, or a smaller --learning-rate",
            percent(found.saturated_share.unwrap_or_default())
        ),
        Ending::Plateau if !is_deep => format!(
            "without a hidden layer a network can only draw a straight line, and none separates \
             {}, so {halfway} everywhere is its best answer: {plateau}",
            plan.recipe.data.name()
        ),
        Ending::Plateau => format!(
            "it has not left the plateau at {plateau}, where most starts hesitate: try more \
             --steps, then another --seed"
        ),
        Ending::TwoRowsAlike => format!(
            "it answers about {halfway} to two rows, as it does not tell them apart, and the rest \
             right: try another --seed, or more neurons in --layers"
        ),
        Ending::Flat => format!(
            "its loss is flat, with a gradient of norm {:.1e}: try another --seed, more neurons in \
             --layers, or, where that norm is large, a smaller --learning-rate",
            found.gradient_norm
        ),
    })
}

/// The figures of a diagnosis, two lines of text.
pub(super) fn figures(plan: &Plan, found: &Diagnosis) -> String {
    let mut first = format!("loss {}", number(found.loss, 6));
    if let Some(fall) = found.last_tenth_fall {
        let (share, word) = if fall < 0.0 { (-fall, "higher") } else { (fall, "lower") };
        let step = HumanCount(found.late_step);
        let _ = write!(first, ", {:.2} % {word} than at step {step}", 100.0 * share);
    }
    let mut second = vec![];
    if let Some(product) = found.step_times_curvature {
        second.push(format!("learning rate × largest curvature {product:.2}"));
    }
    if let Some(share) = found.saturated_share {
        second.push(format!("{:.0} % of hidden activations saturated", 100.0 * share));
    }
    let halfway = plan.recipe.data.coding.threshold();
    second.push(format!("{} outputs within 0.02 of {halfway}", found.undecided_rows));
    let rows = HumanCount(found.rows as u64);
    format!(
        "  in the end (f64, {rows} rows): {first}; norm of the gradient {:.1e};\n    {}\n",
        found.gradient_norm,
        second.join("; ")
    )
}

/// Rounded down to two digits.
fn two_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    (value / unit).floor() * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Dataset, Init, Method, Parameters, Preset};

    fn advised(layers: &str, method: Method, ending: Ending) -> String {
        let start = Parameters::initialise(&layers.parse().expect("sizes"), Init::Torch, 0);
        let data = Dataset::parity(2).expect("XOR");
        let plan = Plan::new(data, method, start, 1, 1).expect("a plan");
        let found = Diagnosis {
            ending,
            rows: 4,
            loss: 0.5,
            late_step: 900,
            last_tenth_fall: Some(0.25),
            gradient_norm: 0.125,
            step_times_curvature: Some(3.0),
            saturated_share: Some(0.75),
            undecided_rows: 2,
            right_rows: 3,
        };
        advice(&plan, &found).unwrap_or_default()
    }

    #[test]
    fn each_ending_is_said_with_its_figure_and_what_to_try() {
        let sgd = Method::sgd(1.0);
        for (ending, words) in [
            (Ending::Learned, ["", ""]),
            (Ending::Diverged, ["no finite number", "smaller --learning-rate"]),
            (Ending::Oscillating, ["curvature is 3.0", "--learning-rate 0.66 or less"]),
            (Ending::StillFalling, ["still falling, by 25.0 %", "more --steps"]),
            (Ending::Saturated, ["75.0 % of their activations", "another --seed"]),
            (Ending::Plateau, ["ln 2 = 0.693147", "more --steps"]),
            (Ending::TwoRowsAlike, ["0.5 to two rows", "more neurons"]),
            (Ending::Flat, ["norm 1.2e-1", "another --seed"]),
        ] {
            let text = advised("2-2-1", sgd, ending);
            assert!(words.iter().all(|word| text.contains(word)), "{ending:?}: {text}");
        }
        assert!(advised("2-1", sgd, Ending::Plateau).contains("only draw a straight line"));
        let by_hand = Preset::Backprop.method();
        assert!(advised("2-2-1", by_hand, Ending::StillFalling).contains("its gradient is wrong"));
    }
}
