//! The fused trainers' twin: its backward pass, written by hand, against arithmetic on dual numbers,
//! for everything that can be trained.

use parity::cpu::train_invocation::{Member, changes, look};
use parity::numeric::{Dual, Scalar, Stream};
use parity::task::{Activation, Dataset, Loss, Method, Rounding};

/// Of each layer.
const RATES: [f64; 4] = [0.5, 2.0, 0.25, 1.0];

/// Without a hidden layer, with one, and with more.
const NETWORKS: [&[usize]; 3] = [&[3, 1], &[3, 4, 1], &[3, 2, 4, 2, 1]];

/// Every activation of the hidden layer, with every loss and the outputs that it takes.
fn methods() -> Vec<Method> {
    let ends = [
        (Loss::CrossEntropy, Activation::Sigmoid),
        (Loss::SquaredError, Activation::Sigmoid),
        (Loss::SquaredError, Activation::Tanh),
        (Loss::SquaredError, Activation::Identity),
    ];
    let all = Activation::ALL.into_iter().flat_map(|hidden| {
        ends.map(|(loss, output)| Method::PLAIN.with_activations(hidden, output).with_loss(loss))
    });
    all.flat_map(|method| Rounding::ALL.map(|rounding| method.with_rounding(rounding))).collect()
}

fn member<S: Scalar>(sizes: &[usize], parameters: Vec<S>) -> Member<S> {
    let rates = RATES[..sizes.len() - 1].iter().map(|&rate| S::from_f64(rate)).collect();
    Member { rates, ..Member::new(sizes, parameters, S::from_f64(0.0)) }
}

#[test]
fn each_parameter_changes_by_its_rate_times_the_derivative_of_the_loss() {
    let data = Dataset::parity(3).expect("data");
    let stream = Stream::new(48);
    for sizes in NETWORKS {
        let layers = sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]);
        let rates: Vec<f64> =
            layers.zip(RATES).flat_map(|(count, rate)| std::iter::repeat_n(rate, count)).collect();
        let numbers = 0..u32::try_from(rates.len()).expect("few");
        let parameters: Vec<f64> = numbers.map(|number| stream.normal(number).into()).collect();
        for method in methods() {
            let at_start = member(sizes, parameters.clone());
            for (number, change) in changes(method, &data, &at_start).into_iter().enumerate() {
                let mut inputs: Vec<Dual<f64>> =
                    parameters.iter().map(|&value| Dual::from_f64(value)).collect();
                inputs[number].derivative = 1.0;
                let derivative = look(method, &data, &member(sizes, inputs)).0.derivative;
                let expected = -rates[number] * derivative;
                let bound = 1e-12 * (1.0 + expected.abs());
                assert!(
                    (change - expected).abs() <= bound,
                    "{sizes:?}, {method:?}, parameter {number}: {change}, not {expected}"
                );
            }
        }
    }
}
