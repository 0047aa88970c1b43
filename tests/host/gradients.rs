//! The fused trainers' twin: its backward pass, written by hand, against arithmetic on dual numbers,
//! for everything that can be trained.

use parity::cpu::train_invocation::{Member, changes, look};
use parity::numeric::{Dual, Scalar, Stream};
use parity::task::{Activation, Dataset, Loss, Method, Rounding};

const RATES: [f64; 2] = [0.5, 2.0];

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

#[test]
fn each_parameter_changes_by_its_rate_times_the_derivative_of_the_loss() {
    let data = Dataset::parity(3).expect("data");
    let (input_size, hidden_size) = (3, 4);
    let output_weight = hidden_size * (input_size + 1);
    let count = output_weight + hidden_size + 1;
    let stream = Stream::new(48);
    let parameters: Vec<f64> = (0..count)
        .map(|number| stream.normal(u32::try_from(number).expect("few")).into())
        .collect();
    for method in methods() {
        let member = Member::new(parameters.clone(), RATES);
        for (number, change) in changes(method, &data, &member).into_iter().enumerate() {
            let mut inputs: Vec<Dual<f64>> =
                parameters.iter().map(|&value| Dual::from_f64(value)).collect();
            inputs[number].derivative = 1.0;
            let member = Member::new(inputs, RATES.map(Dual::from_f64));
            let derivative = look(method, &data, &member).0.derivative;
            let expected = -RATES[usize::from(number >= output_weight)] * derivative;
            let bound = 1e-12 * (1.0 + expected.abs());
            assert!(
                (change - expected).abs() <= bound,
                "{method:?}, parameter {number}: {change}, not {expected}"
            );
        }
    }
}
