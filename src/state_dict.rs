//! Parameters in a file: safetensors, named and shaped as the `state_dict` of PyTorch's
//! `nn.Sequential(Linear, Sigmoid, Linear, Sigmoid, …)`: `0.weight` `[out, in]`, `0.bias` `[out]`,
//! `2.weight`, `2.bias`, …

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::Error;
use crate::model::{Layer, LayerSizes, MAX_PARAMETERS, Parameters};

/// No file that holds a network can be larger: its values and a generous header.
const MAX_FILE_BYTES: u64 = 4 * MAX_PARAMETERS as u64 + (1 << 20);

fn names(layer: usize) -> [String; 2] {
    ["weight", "bias"].map(|name| format!("{}.{name}", 2 * layer))
}

/// Reads the parameters of a network of these sizes.
///
/// # Errors
/// [`Error::File`] if the file is missing, damaged, or holds other names, shapes, types or values
/// that are not finite.
pub fn load(path: &Path, sizes: &LayerSizes) -> Result<Parameters, Error> {
    let bytes = read(path).map_err(|error| Error::file(path, error))?;
    parse(&bytes, sizes).map_err(|problem| Error::file(path, problem))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the parameters of a network of these sizes from the bytes of a file.
///
/// # Errors
/// What was expected and what was found.
pub fn parse(bytes: &[u8], sizes: &LayerSizes) -> Result<Parameters, String> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes, the most that a network takes"));
    }
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| format!("not a complete safetensors file: {error}"))?;
    check_names(&file, sizes)?;
    let mut layers = vec![];
    for (number, (inputs, outputs)) in sizes.layers().enumerate() {
        let [weight, bias] = names(number);
        layers.push(Layer {
            weight: tensor(&file, &weight, &[outputs, inputs])?,
            bias: tensor(&file, &bias, &[outputs])?,
        });
    }
    Ok(Parameters { sizes: sizes.clone(), layers })
}

fn check_names(file: &SafeTensors<'_>, sizes: &LayerSizes) -> Result<(), String> {
    let found: BTreeSet<String> = file.names().into_iter().map(str::to_owned).collect();
    let expected: BTreeSet<String> = (0..sizes.layers().len()).flat_map(names).collect();
    if found == expected {
        return Ok(());
    }
    let hint = match sizes_in(file) {
        Some(other) if other != *sizes => format!("; it holds a network of --layers {other}"),
        _ => String::new(),
    };
    Err(format!("expected {} for {sizes}, found {}{hint}", list(&expected), list(&found)))
}

fn list(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<_> =
        names.iter().take(8).map(|name| name.escape_debug().to_string()).collect();
    if names.is_empty() {
        shown.push("nothing".into());
    }
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

/// The network that a file's weights would make, for advice.
fn sizes_in(file: &SafeTensors<'_>) -> Option<LayerSizes> {
    let mut sizes = vec![];
    for number in 0.. {
        let Ok(weight) = file.tensor(&names(number)[0]) else { break };
        let &[outputs, inputs] = weight.shape() else { return None };
        if sizes.is_empty() {
            sizes.push(inputs);
        }
        sizes.push(outputs);
    }
    LayerSizes::new(sizes).ok()
}

fn tensor(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let view = file.tensor(name).map_err(|error| error.to_string())?;
    if view.dtype() != Dtype::F32 {
        return Err(format!("{name} is {:?}, expected F32", view.dtype()));
    }
    if view.shape() != shape {
        let hint = match sizes_in(file) {
            Some(other) => format!("; it holds a network of --layers {other}"),
            None => String::new(),
        };
        return Err(format!("{name} is {:?}, expected {shape:?}{hint}", view.shape()));
    }
    let (values, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(format!("{name} holds {} at index {index}", values[index])),
        None => Ok(values),
    }
}

/// Writes the parameters; the same parameters give the same bytes.
///
/// # Errors
/// [`Error::File`] if it cannot be written; the old file is then still there, whole.
pub fn save(path: &Path, parameters: &Parameters) -> Result<(), Error> {
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
    let bytes = safetensors::serialize(views, None).map_err(|error| Error::file(path, error))?;
    crate::file::write(path, &bytes)
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
