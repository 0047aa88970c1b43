//! Parameters in JSON: what they are, or what tells whether others are the same.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::task::{Layer, Parameters};

/// The most parameters that JSON holds; of more it has the hash.
const MOST: usize = 4_096;

/// Parameters as JSON: `sha256`, as [`Parameters::sha256`] has it, and `values`, the rows of each
/// tensor under its key in a `state_dict`.
pub(super) struct Written<'a>(pub(super) &'a Parameters);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = (self.0.sizes.parameter_count() <= MOST).then_some(Values(self.0));
        let mut object = serializer.serialize_struct("Parameters", 2)?;
        object.serialize_field("sha256", &self.0.sha256())?;
        object.serialize_field("values", &values)?;
        object.end()
    }
}

struct Values<'a>(&'a Parameters);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parameters { sizes, layers } = self.0;
        let mut object = serializer.serialize_map(Some(2 * layers.len()))?;
        for (number, (Layer { weight, bias }, (inputs, _))) in
            layers.iter().zip(sizes.layers()).enumerate()
        {
            let rows: Vec<_> = weight.chunks_exact(inputs).collect();
            object.serialize_entry(&format!("{}.weight", 2 * number), &rows)?;
            object.serialize_entry(&format!("{}.bias", 2 * number), bias)?;
        }
        object.end()
    }
}
