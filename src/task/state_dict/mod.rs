//! Parameters in a file: safetensors, named and shaped as the `state_dict` of PyTorch's
//! `nn.Sequential(Linear, Sigmoid, Linear, Sigmoid, …)`: `0.weight` `[out, in]`, `0.bias` `[out]`,
//! `2.weight`, `2.bias`, …

mod foreign;
mod keys;
mod values;

use std::collections::HashMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::Error;
use crate::file::sha256;
use crate::task::{Layer, LayerSizes, MAX_PARAMETERS, Parameters};
use keys::{LayerKeys, names};
use values::Rounding;

/// No file that holds a network can be larger: its values in 64 bits and a generous header.
const MAX_FILE_BYTES: u64 = 8 * MAX_PARAMETERS as u64 + (1 << 20);

/// The content of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The parameters, as `f32`.
    pub parameters: Parameters,
    /// A note on the conversion of values of other types, if there are any.
    pub note: Option<String>,
    /// SHA-256 of the whole file, in lower-case hexadecimal.
    pub sha256: String,
}

/// Reads the parameters of a network of these sizes.
///
/// Keys may have the prefixes of `DataParallel` and `torch.compile` (`module.`, `_orig_mod.`), and
/// numbers that leave out modules without parameters. Values may be F32, F64, F16 or BF16.
///
/// # Errors
/// [`Error::File`] if the file is missing, damaged, or holds other names, shapes, types or values
/// that are not finite.
pub fn load(path: &Path, sizes: &LayerSizes) -> Result<Loaded, Error> {
    let bytes = read(path).map_err(|error| Error::file(path, error))?;
    parse(&bytes, sizes).map_err(|problem| {
        // The length that a safetensors file starts with may look like anything.
        let is_other = SafeTensors::read_metadata(&bytes).is_err();
        let problem = is_other.then(|| foreign::problem(&bytes, path)).flatten().unwrap_or(problem);
        Error::file(path, problem)
    })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the parameters of a network of these sizes from the bytes of a safetensors file.
///
/// # Errors
/// A message with what was expected and what was found.
pub fn parse(bytes: &[u8], sizes: &LayerSizes) -> Result<Loaded, String> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes, the most that a network takes"));
    }
    let mut found = keys::keys(bytes);
    found.sort();
    if let Some(pair) = found.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("the key {} occurs twice, expected once", pair[0].escape_debug()));
    }
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| format!("not a complete safetensors file: {error}"))?;
    let keys = keys::layers(&found, sizes)?;
    let held = sizes_in(&file, &keys)?;
    if held != *sizes {
        return Err(other_network(&keys, &held, sizes));
    }
    let mut rounding = Rounding::default();
    let mut values = |key: &str| rounding.values(key, &view(&file, key)?);
    let layers = keys.iter().map(|LayerKeys { weight, bias }| {
        Ok::<_, String>(Layer { weight: values(weight)?, bias: values(bias)? })
    });
    let layers = layers.collect::<Result<_, _>>()?;
    let parameters = Parameters { sizes: held, layers };
    Ok(Loaded { parameters, note: rounding.note(), sha256: sha256(bytes) })
}

fn view<'a>(file: &'a SafeTensors<'_>, key: &str) -> Result<TensorView<'a>, String> {
    file.tensor(key).map_err(|error| error.to_string())
}

/// The network that the shapes of a file's tensors make.
fn sizes_in(file: &SafeTensors<'_>, keys: &[LayerKeys]) -> Result<LayerSizes, String> {
    let mut sizes: Vec<usize> = vec![];
    for LayerKeys { weight, bias } in keys {
        let [of_weight, of_bias] = [view(file, weight)?, view(file, bias)?];
        let [of_weight, of_bias] = [of_weight.shape(), of_bias.shape()];
        let &[outputs, inputs] = of_weight else {
            return Err(format!("{weight} is {of_weight:?}, expected [outputs, inputs]"));
        };
        match sizes.last() {
            None => sizes.push(inputs),
            Some(&before) if before != inputs => {
                return Err(format!(
                    "{weight} is {of_weight:?}, expected [{outputs}, {before}]: the layer before \
                     it has {before} outputs"
                ));
            }
            Some(_) => {}
        }
        if of_bias != [outputs] {
            return Err(format!(
                "{bias} is {of_bias:?}, expected [{outputs}]: {weight} is {of_weight:?}"
            ));
        }
        sizes.push(outputs);
    }
    LayerSizes::new(sizes).map_err(|error| format!("it holds a network that is refused: {error}"))
}

/// The message for a file that holds another network than the one that was asked for.
fn other_network(keys: &[LayerKeys], held: &LayerSizes, sizes: &LayerSizes) -> String {
    let mut hint = format!("the file holds a network {held}");
    if held.input_size() != sizes.input_size() {
        let _ = write!(hint, " for {} bits", held.input_size());
    }
    if keys.len() != sizes.layers().len() {
        let expected: Vec<_> = (0..sizes.layers().len()).flat_map(names).collect();
        let found = keys.iter().flat_map(|LayerKeys { weight, bias }| [weight, bias]);
        let [expected, found] = [expected, found.cloned().collect()].map(|all| keys::list(&all));
        return format!("expected {expected} for {sizes}, found {found}; {hint}");
    }
    let expected = sizes.layers().map(|(inputs, outputs)| [outputs, inputs]);
    let found = held.layers().map(|(inputs, outputs)| [outputs, inputs]);
    let pairs = keys.iter().zip(found.zip(expected));
    let mut pairs = pairs.filter(|(_, (found, expected))| found != expected);
    let (LayerKeys { weight, .. }, (found, expected)) = pairs.next().expect("sizes differ");
    format!("{weight} is {found:?}, expected {expected:?} for {sizes}; {hint}")
}

/// Writes the parameters; the same parameters give the same bytes.
///
/// # Errors
/// [`Error::File`] if it cannot be written; the old file is then still there, whole.
pub fn save(path: &Path, parameters: &Parameters) -> Result<(), Error> {
    write(path, parameters, None)
}

/// Writes the parameters of an interrupted run. The metadata give the step after which they are,
/// and say that they were not compared with a reference.
///
/// # Errors
/// As [`save`].
pub fn save_interrupted(path: &Path, parameters: &Parameters, step: u64) -> Result<(), Error> {
    let metadata = [("step", step.to_string()), ("comparison", "not compared".into())];
    write(path, parameters, Some(metadata.map(|(key, value)| (key.into(), value)).into()))
}

fn write(
    path: &Path,
    parameters: &Parameters,
    metadata: Option<HashMap<String, String>>,
) -> Result<(), Error> {
    let layers = parameters.sizes.layers().zip(&parameters.layers).enumerate();
    let mut tensors = vec![];
    for (number, ((inputs, outputs), layer)) in layers {
        let [weight, bias] = names(number);
        tensors.push((weight, vec![outputs, inputs], to_bytes(&layer.weight)));
        tensors.push((bias, vec![outputs], to_bytes(&layer.bias)));
    }
    let views = tensors.iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data).expect("sizes fit the shape");
        (name, view)
    });
    let bytes =
        safetensors::serialize(views, metadata).map_err(|error| Error::file(path, error))?;
    crate::file::write(path, &bytes)
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
