//! The keys of a `state_dict`: which tensors are the weights and biases of which layer.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::task::LayerSizes;

/// What wrappers of a module put into its keys: `DataParallel` and its like, and `torch.compile`.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// The most keys that a message lists.
const SHOWN: usize = 8;

/// The keys of a layer, as the file has them.
pub(super) struct LayerKeys {
    pub(super) weight: String,
    pub(super) bias: String,
}

/// The keys under which the weight and the bias of a layer are saved.
pub(super) fn names(layer: usize) -> [String; 2] {
    ["weight", "bias"].map(|name| format!("{}.{name}", 2 * layer))
}

/// The keys of a file's header, in its order; none where it has no header.
pub(super) fn keys(bytes: &[u8]) -> Vec<String> {
    struct Keys(Vec<String>);

    impl<'de> Deserialize<'de> for Keys {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct All;

            impl<'de> Visitor<'de> for All {
                type Value = Keys;

                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                    let mut keys = vec![];
                    while let Some((key, IgnoredAny)) = map.next_entry()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }

            deserializer.deserialize_map(All)
        }
    }

    let header = bytes.split_first_chunk::<8>().and_then(|(len, rest)| {
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        rest.get(..len)
    });
    let keys = header.and_then(|header| serde_json::from_slice(header).ok());
    let mut keys = keys.map_or_else(Vec::new, |Keys(keys)| keys);
    keys.retain(|key| key != "__metadata__");
    keys
}

/// Finds the layers of a network of these sizes, the first first. Their numbers are those of
/// modules, which may have others between them that hold no parameters, such as a Dropout.
///
/// # Errors
/// The keys that were expected and those that were found.
pub(super) fn layers(found: &[String], sizes: &LayerSizes) -> Result<Vec<LayerKeys>, String> {
    let refuse = |problem: String| {
        let expected: Vec<_> = (0..sizes.layers().len()).flat_map(names).collect();
        let [expected, found] = [&expected[..], found].map(list);
        Err(format!("{problem}; expected {expected} for {sizes}, found {found}"))
    };
    let mut layers: BTreeMap<usize, [Option<&String>; 2]> = BTreeMap::new();
    for key in found {
        let Some((number, part)) = place(key) else {
            return refuse(format!("the key {} is not known", shown(key)));
        };
        let slot = &mut layers.entry(number).or_default()[part];
        if let Some(other) = slot.replace(key) {
            return refuse(format!("the keys {other} and {key} name one tensor"));
        }
    }
    if layers.is_empty() {
        return refuse("there is no tensor".into());
    }
    let mut all = vec![];
    let mut before = None;
    for (number, keys) in layers {
        let (weight, bias) = match keys {
            [Some(weight), Some(bias)] => (weight.clone(), bias.clone()),
            [Some(weight), None] => {
                return refuse(format!(
                    "{weight} has no {number}.bias beside it, as with bias=False: every layer \
                     has a bias here"
                ));
            }
            [_, bias] => {
                let bias = bias.map_or("", |bias| bias);
                return refuse(format!("{bias} has no {number}.weight beside it"));
            }
        };
        if before.is_some_and(|before| number < before + 2) {
            return refuse(format!(
                "{weight} follows the layer before it without an activation between them"
            ));
        }
        before = Some(number);
        all.push(LayerKeys { weight, bias });
    }
    Ok(all)
}

/// The number of the module that a key is of, and 0 for its weight, 1 for its bias.
fn place(key: &str) -> Option<(usize, usize)> {
    let mut parts = key.split('.').filter(|part| !WRAPPERS.contains(part));
    let (number, name, None) = (parts.next()?, parts.next()?, parts.next()) else { return None };
    let parsed = number.parse().ok()?;
    let is_plain = usize::to_string(&parsed) == number;
    let part = ["weight", "bias"].iter().position(|part| *part == name)?;
    is_plain.then_some((parsed, part))
}

/// The first few keys, in the order of their modules.
pub(super) fn list(keys: &[String]) -> String {
    let mut sorted: Vec<_> = keys.iter().collect();
    sorted.sort_by_key(|key| (place(key), *key));
    let mut names: Vec<_> = sorted.iter().take(SHOWN).map(|key| shown(key)).collect();
    match keys.len() {
        0 => return "nothing".into(),
        all if all > SHOWN => names.push(format!("{} more", all - SHOWN)),
        _ => {}
    }
    names.join(", ")
}

fn shown(key: &str) -> String {
    key.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str]) -> Result<Vec<String>, String> {
        let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
        let layers = layers(&keys, &"2-2-1".parse().expect("a network"))?;
        Ok(layers.into_iter().map(|layer| layer.weight).collect())
    }

    #[test]
    fn layers_are_found_under_wrappers_and_beside_modules_without_parameters() {
        for keys in [
            ["0.weight", "0.bias", "2.weight", "2.bias"],
            ["module.0.weight", "module.0.bias", "module.2.weight", "module.2.bias"],
            ["module._orig_mod.0.weight", "0.bias", "_orig_mod.module.2.weight", "2.bias"],
            ["0._orig_mod.weight", "0._orig_mod.bias", "3.weight", "3.bias"],
            ["1.weight", "1.bias", "10.weight", "10.bias"],
        ] {
            assert_eq!(found(&keys).expect("both layers"), [keys[0], keys[2]]);
        }
    }

    #[test]
    fn other_keys_are_refused_with_those_that_were_expected_and_found() {
        let good = ["0.weight", "0.bias", "2.weight", "2.bias"];
        for (keys, problem) in [
            (vec![], "there is no tensor"),
            (vec!["fc1.weight", "fc1.bias"], "the key fc1.weight is not known"),
            ([&good[..], &["4.running_mean"]].concat(), "the key 4.running_mean is not known"),
            ([&good[..], &["00.bias"]].concat(), "the key 00.bias is not known"),
            ([&good[..], &["net.4.bias"]].concat(), "the key net.4.bias is not known"),
            ([&good[..], &["module.0.bias"]].concat(), "0.bias and module.0.bias name one tensor"),
            (good[..3].to_vec(), "2.weight has no 2.bias beside it, as with bias=False"),
            (vec!["0.bias"], "0.bias has no 0.weight beside it"),
            (vec!["0.weight", "0.bias", "1.weight", "1.bias"], "without an activation"),
        ] {
            let message = found(&keys).expect_err("it is refused");
            assert!(message.contains(problem), "{message}");
            let expected = "; expected 0.weight, 0.bias, 2.weight, 2.bias for 2-2-1, found ";
            assert!(message.contains(expected), "{message}");
            let last = keys.last().unwrap_or(&"nothing");
            assert!(
                message[message.find(", found ").expect("it is")..].contains(last),
                "{message}"
            );
        }
    }
}
