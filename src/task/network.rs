//! A network: the sizes of its layers, and its parameters.

use std::fmt;
use std::str::FromStr;

use super::Init;
use crate::error::Error;
use crate::file::sha256;
use crate::numeric::{Stream, parse_count};

/// Largest number of neurons in a layer.
pub const MAX_WIDTH: usize = 65_536;

/// Largest number of parameters in a network: 1 GiB of them.
pub const MAX_PARAMETERS: usize = 1 << 28;

/// Number of neurons in each layer of a fully connected network, inputs first: 2-2-1 is the
/// smallest that learns XOR. The last layer has one neuron, a probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSizes(Vec<usize>);

impl LayerSizes {
    /// The sizes, checked.
    ///
    /// # Errors
    /// [`Error::Usage`] unless there are at least two layers of 1 to 65,536 neurons, the last of
    /// one, with 2²⁸ parameters at most.
    pub fn new(sizes: Vec<usize>) -> Result<Self, Error> {
        let written = Self(sizes);
        let refuse = |problem: String| Err(Error::Usage(format!("{written}: {problem}")));
        if written.0.len() < 2 {
            return refuse("expected at least an input and an output, such as 2-2-1".into());
        }
        if let Some(layer) = written.0.iter().position(|size| !(1..=MAX_WIDTH).contains(size)) {
            let found = written.0[layer];
            return refuse(format!("layer {layer} has {found} neurons, expected 1 to {MAX_WIDTH}"));
        }
        if written.0.last() != Some(&1) {
            return refuse(
                "the last layer is the probability of odd parity: it must have 1".into(),
            );
        }
        // At most 2¹⁶ · (2¹⁶ + 1) a layer: this cannot overflow before it is refused.
        if written.parameter_count() > MAX_PARAMETERS {
            return refuse(format!("more than {MAX_PARAMETERS} parameters"));
        }
        Ok(written)
    }

    /// Number of inputs: columns of the data.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.0[0]
    }

    /// Each layer's `(input_size, output_size)`.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + ExactSizeIterator {
        self.0.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// Number of parameters, weights and biases together.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.layers().map(|(inputs, outputs)| (inputs + 1) * outputs).sum()
    }

    /// The place of parameter number `number`, in the order of [`Parameters::values`]: the name of
    /// its tensor in a `state_dict`, its layer, and its index there.
    ///
    /// # Panics
    /// If the network has fewer parameters.
    #[must_use]
    pub fn parameter(&self, number: usize) -> (String, usize, usize) {
        let mut index = number;
        for (layer, (inputs, outputs)) in self.layers().enumerate() {
            for (name, len) in [("weight", inputs * outputs), ("bias", outputs)] {
                if index < len {
                    return (format!("{}.{name}", 2 * layer), layer, index);
                }
                index -= len;
            }
        }
        panic!("{self} has no parameter {number}")
    }

    /// All sizes, input first.
    #[must_use]
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for LayerSizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.pad(&sizes.join("-"))
    }
}

impl FromStr for LayerSizes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let size = |text| usize::try_from(parse_count(text)?).ok();
        let sizes: Option<Vec<usize>> = text.split('-').map(size).collect();
        Self::new(sizes.ok_or_else(|| {
            Error::Usage(format!("{text}: expected sizes joined by '-', such as 2-2-1"))
        })?)
    }
}

/// The parameters of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The weights, `[output_size, input_size]`, row-major.
    pub weight: Vec<f32>,
    /// The biases, `[output_size]`.
    pub bias: Vec<f32>,
}

/// All parameters of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The sizes of the network.
    pub sizes: LayerSizes,
    /// The parameters of each layer except the input.
    pub layers: Vec<Layer>,
}

impl Parameters {
    /// The parameters that `draw` gives. It is called with a parameter's number, in the order of
    /// [`Self::values`], and the `input_size` of its layer.
    pub fn from_fn(sizes: &LayerSizes, mut draw: impl FnMut(u32, usize) -> f32) -> Self {
        let mut numbers = 0..;
        let mut take = |len: usize, input_size| {
            let numbers = numbers.by_ref().take(len);
            numbers.map(|number| draw(number, input_size)).collect::<Vec<_>>()
        };
        let layers = sizes.layers().map(|(inputs, outputs)| Layer {
            weight: take(inputs * outputs, inputs),
            bias: take(outputs, inputs),
        });
        Self { layers: layers.collect(), sizes: sizes.clone() }
    }

    /// The initial parameters of a seed: a pure function of the seed and a parameter's number.
    #[must_use]
    pub fn initialise(sizes: &LayerSizes, init: Init, seed: u64) -> Self {
        let stream = Stream::new(seed);
        Self::from_fn(sizes, |number, input_size| match init {
            Init::Normal => stream.normal(number),
            Init::Torch | Init::Uniform => init.extent(input_size) * stream.uniform(number),
        })
    }

    /// Every value, layer by layer, weights (row by row) before biases.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        self.layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias)).copied()
    }

    /// SHA-256 over the values as little-endian `f32`, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.values().flat_map(f32::to_le_bytes).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_alike() {
        let sizes: LayerSizes = "8-64-64-1".parse().expect("a network");
        assert_eq!(sizes.as_slice(), [8, 64, 64, 1]);
        assert_eq!(sizes.to_string(), "8-64-64-1");
        assert_eq!(sizes.parameter_count(), 9 * 64 + 65 * 64 + 65);
    }

    #[test]
    fn every_parameter_has_its_place() {
        let sizes: LayerSizes = "2-3-1".parse().expect("a network");
        for (number, place) in [
            (0, ("0.weight", 0, 0)),
            (5, ("0.weight", 0, 5)),
            (6, ("0.bias", 0, 0)),
            (9, ("2.weight", 1, 0)),
            (12, ("2.bias", 1, 0)),
        ] {
            let (name, layer, index) = sizes.parameter(number);
            assert_eq!((name.as_str(), layer, index), place);
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let too_wide = format!("2-{}-1", MAX_WIDTH + 1);
        let too_many = format!("2-{MAX_WIDTH}-{MAX_WIDTH}-1");
        for text in ["", "2", "2-0-1", "2--1", "2-2-1-", "two-1", "2-2-2", &too_wide, &too_many] {
            assert!(text.parse::<LayerSizes>().is_err(), "{text}");
        }
    }

    #[test]
    fn torch_stays_within_its_bound_and_depends_on_the_seed() {
        let sizes: LayerSizes = "16-8-1".parse().expect("a network");
        let first = Parameters::initialise(&sizes, Init::Torch, 0);
        assert!(first.layers[0].weight.iter().all(|weight| weight.abs() <= 0.25));
        assert_eq!(first, Parameters::initialise(&sizes, Init::Torch, 0));
        assert_ne!(first, Parameters::initialise(&sizes, Init::Torch, 1));
        assert_ne!(first, Parameters::initialise(&sizes, Init::Torch, 1 << 32));
    }

    #[test]
    fn the_hash_is_of_little_endian_values_in_order() {
        let sizes: LayerSizes = "1-1".parse().expect("a network");
        let parameters = Parameters::from_fn(&sizes, |number, _| [1.0, -2.0][number as usize]);
        // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum
        let expected = "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b";
        assert_eq!(parameters.sha256(), expected);
    }
}
