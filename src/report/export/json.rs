//! JSON as all reports write it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// One object a report, indented, and a line end.
///
/// Values of 32 bits are written with the digits that give back the same number when they are read
/// in 64 bits, as all readers of JSON do: their shortest decimals would give another one, and
/// differences of two of them would be wrong in the seventh digit.
pub(in crate::report) fn json(report: &impl Serialize) -> String {
    let mut bytes = vec![];
    let mut serializer = Serializer::with_formatter(&mut bytes, Exact::default());
    report.serialize(&mut serializer).expect("every key is a string");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is text")
}

/// Methods of a formatter, each that of [`PrettyFormatter`].
macro_rules! as_pretty {
    ($($method:ident($($first:ident: bool)?)),*) => {
        $(fn $method<W>(&mut self, writer: &mut W, $($first: bool)?) -> io::Result<()>
        where
            W: ?Sized + Write,
        {
            self.0.$method(writer, $($first)?)
        })*
    };
}

#[derive(Default)]
struct Exact(PrettyFormatter<'static>);

impl Formatter for Exact {
    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.0.write_f64(writer, value.into())
    }

    as_pretty! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(),
        begin_object_key(first: bool), begin_object_value(), end_object_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Everything {
        single: f32,
        several: Vec<f32>,
        none: Option<f32>,
        some: Option<f32>,
        double: f64,
        empty: Vec<f32>,
        not_a_number: f32,
    }

    #[test]
    fn values_of_32_bits_are_the_same_numbers_when_they_are_read_in_64() {
        let everything = Everything {
            single: 0.1,
            several: vec![1.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, -1.0 / 3.0],
            none: None,
            some: Some(0.740_643),
            double: 0.1,
            empty: vec![],
            not_a_number: f32::NAN,
        };
        let text = json(&everything);
        let line = |value: f32| format!("{}", f64::from(value)).parse::<f64>().expect("a number");
        assert!(text.contains("\"single\": 0.10000000149011612,"), "{text}");
        assert!(text.contains("\"double\": 0.1,"), "{text}");
        assert!(
            text.contains("\"none\": null") && text.contains("\"not_a_number\": null"),
            "{text}"
        );
        let after = |key: &str| {
            let start = text.find(key).expect("it is there") + key.len();
            let end = text[start..].find([',', '\n', ']']).expect("it ends") + start;
            text[start..end].trim().parse::<f64>().expect("a number")
        };
        assert_eq!(after("\"some\":"), line(0.740_643));
        let list = &text[text.find('[').expect("a list") + 1..text.find(']').expect("it ends")];
        let read: Vec<f64> =
            list.split(',').map(|value| value.trim().parse().expect("a number")).collect();
        let exact: Vec<f64> = everything.several.iter().copied().map(f64::from).collect();
        assert_eq!(read, exact);
        let indented = serde_json::to_string_pretty(&[1, 2]).expect("a list") + "\n";
        assert_eq!(json(&[1, 2]), indented);
    }
}
