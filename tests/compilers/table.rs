//! The table of what compilers make of the shaders: docs/measured/compilers.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::devices::DEVICES;
use crate::statistics::Statistics;

/// What stands where a driver said nothing.
const UNKNOWN: &str = "—";

/// Statistics by shader and device, of one version of Mesa.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub mesa: String,
    pub rows: BTreeMap<String, BTreeMap<&'static str, Statistics>>,
}

/// What a table says of another.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// That of another Mesa: figures say nothing.
    OtherMesa,
    /// What spills more than it did, and how many shaders are not in the old table.
    Same { worse: Vec<String>, unknown: usize },
}

impl Table {
    pub fn text(&self) -> String {
        let mut text = format!(
            "# What the compilers of GPUs make of the shaders\n\n\
             Mesa: {}\n\n\
             `scripts/compilers/table.sh` makes this page, and `.ci/run` compares with it. The \
             devices have a GPU's\ncompiler and execute nothing: nothing here says how fast a shader \
             is. Each shader is named with its\nconstants and overrides that are not zero, as \
             `verify`, `train`, `sweep` and `bench` give it to a\ndiscrete GPU.\n\n\
             A cell has registers of an invocation / registers spilled / bytes of scratch memory / \
             occupancy:\nof AMD vector registers and subgroups per SIMD (of 16 on navi31, of 10 on \
             vega10), of NVIDIA warps per\nmultiprocessor (of 48), of Apple threads (of 1,024), of \
             Adreno waves (of 16). Adreno's second and third\nfigures are stores into private memory \
             and loads from it.\n\n| shader |",
            self.mesa
        );
        for device in DEVICES {
            let _ = write!(text, " {device} |");
        }
        text += "\n|";
        text += &" --- |".repeat(DEVICES.len() + 1);
        for (shader, cells) in &self.rows {
            let _ = write!(text, "\n| {shader} |");
            for device in DEVICES {
                let cell = cells.get(device).map_or(UNKNOWN.into(), Statistics::to_string);
                let _ = write!(text, " {cell} |");
            }
        }
        text + "\n"
    }

    pub fn parse(text: &str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            if let Some(mesa) = line.strip_prefix("Mesa: ") {
                table.mesa = mesa.into();
            }
            let Some(row) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
                continue;
            };
            let mut cells = row.split(" | ");
            let shader = cells.next().expect("a part").to_owned();
            let cells = DEVICES.into_iter().zip(cells);
            let cells: BTreeMap<_, _> =
                cells.filter_map(|(device, cell)| Some((device, cell.parse().ok()?))).collect();
            if !cells.is_empty() {
                table.rows.insert(shader, cells);
            }
        }
        table
    }

    /// Compares a new table with this one. A shader that is new may not spill.
    pub fn compare(&self, new: &Self) -> Comparison {
        if self.mesa != new.mesa {
            return Comparison::OtherMesa;
        }
        let (mut worse, mut unknown) = (vec![], 0);
        for (shader, cells) in &new.rows {
            let known = self.rows.get(shader);
            unknown += usize::from(known.is_none());
            for (device, now) in cells {
                let spills = |known: &Statistics| known.spills;
                let before = known.and_then(|cells| cells.get(device)).map_or(0, spills);
                if now.spills > before {
                    let now = now.spills;
                    worse.push(format!("{device}: {shader}: {now} spills, in the table {before}"));
                }
            }
        }
        Comparison::Same { worse, unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mesa: &str, rows: &[(&str, u32)]) -> Table {
        let row = |&(shader, spills): &(&str, u32)| {
            let statistics = Statistics { registers: 8, spills, scratch: 0, occupancy: 16 };
            (shader.to_owned(), BTreeMap::from([(DEVICES[1], statistics)]))
        };
        Table { mesa: mesa.into(), rows: rows.iter().map(row).collect() }
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let written = table("26.2.6-1", &[("matmul epilogue=1", 3), ("sigmoid", 0)]);
        assert_eq!(Table::parse(&written.text()), written);
    }

    #[test]
    fn more_spills_than_in_the_table_are_named_and_fewer_are_not() {
        let old = table("1", &[("a", 3), ("b", 3), ("c", 3)]);
        let Comparison::Same { worse, unknown } =
            old.compare(&table("1", &[("a", 4), ("b", 3), ("c", 2)]))
        else {
            panic!("it is the same Mesa");
        };
        assert_eq!((worse.len(), unknown), (1, 0));
        assert!(worse[0].contains("amd:vega10: a: 4 spills, in the table 3"), "{worse:?}");
    }

    #[test]
    fn a_shader_that_is_not_in_the_table_may_not_spill() {
        let comparison = table("1", &[]).compare(&table("1", &[("a", 1), ("b", 0)]));
        let Comparison::Same { worse, unknown } = comparison else {
            panic!("it is the same Mesa");
        };
        assert_eq!((worse.len(), unknown), (1, 2));
    }

    #[test]
    fn the_figures_of_another_mesa_are_not_compared() {
        let comparison = table("1", &[("a", 0)]).compare(&table("2", &[("a", 9)]));
        assert_eq!(comparison, Comparison::OtherMesa);
    }
}
