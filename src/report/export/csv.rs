//! Tables as comma-separated values (RFC 4180).

use serde::Serialize;

/// A line with the names of the fields, and one for each row.
pub(in crate::report) fn csv<T: Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    for row in rows {
        writer.serialize(row).expect("a row is flat");
    }
    let bytes = writer.into_inner().expect("memory can be written");
    String::from_utf8(bytes).expect("fields are text")
}
