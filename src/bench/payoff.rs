//! The number of networks from which an adapter pays, as the last map of `bench` has it: kept in a
//! file, for the closing line of `train`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Cell, Processor};
use crate::error::Error;
use crate::file::{read_list, write_list};
use crate::gpu::{AdapterKey, AdapterSummary};

const FILE: &str = "payoff.json";

/// Who is faster with the smallest network of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payoff {
    #[serde(flatten)]
    adapter: AdapterKey,
    processor: String,
    /// Neurons of the hidden layer of that network.
    pub hidden_size: usize,
    /// The fewest networks with which the adapter was faster than all threads of the CPU; `None` if
    /// it never was.
    pub from: Option<usize>,
    /// The most networks that were tried.
    pub most: usize,
}

impl Payoff {
    /// What a map says; `None` if it has no cell.
    #[must_use]
    pub fn of(adapter: &AdapterSummary, map: &[Cell]) -> Option<Self> {
        let size = |cell: &Cell| (cell.hidden_size, cell.batch_size);
        let smallest = map.iter().map(size).min()?;
        let cells = || map.iter().filter(|cell| size(cell) == smallest);
        let won = cells().filter(|cell| cell.ratio() > 1.0);
        Some(Self {
            adapter: AdapterKey::of(adapter),
            processor: Processor::detect().to_string(),
            hidden_size: smallest.0,
            from: won.map(|cell| cell.member_count).min(),
            most: cells().map(|cell| cell.member_count).max()?,
        })
    }

    /// What is known of an adapter on this machine.
    #[must_use]
    pub fn load(folder: &Path, adapter: &AdapterSummary) -> Option<Self> {
        let known: Vec<Self> = read_list(&folder.join(FILE));
        known.into_iter().find(|known| known.is_of(&AdapterKey::of(adapter)))
    }

    /// Keeps it, in place of what was known of the adapter.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        let path = &folder.join(FILE);
        let mut known: Vec<Self> = read_list(path);
        known.retain(|known| !known.is_of(&self.adapter));
        known.push(self.clone());
        write_list(path, &known)
    }

    /// Whether it is known of an adapter on this machine.
    fn is_of(&self, adapter: &AdapterKey) -> bool {
        self.adapter == *adapter && self.processor == Processor::detect().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Fastest;
    use crate::gpu::{Backend, DeviceType};

    fn adapter(driver: &str) -> AdapterSummary {
        AdapterSummary {
            name: "a".into(),
            backend: Backend::Vulkan,
            driver: driver.into(),
            device_type: DeviceType::Other,
        }
    }

    fn cell(hidden_size: usize, member_count: usize, network_steps_per_s: f64) -> Cell {
        let fastest =
            |network_steps_per_s| Fastest { name: String::new(), steps: 1, network_steps_per_s };
        let (cpu, adapter) = (fastest(10.0), fastest(network_steps_per_s));
        Cell { batch_size: 16, hidden_size, member_count, cpu, adapter }
    }

    #[test]
    fn the_smallest_network_of_the_map_counts() {
        let map = [cell(32, 1, 99.0), cell(4, 1, 9.0), cell(4, 32, 11.0), cell(4, 1_024, 99.0)];
        let found = Payoff::of(&adapter("1"), &map).expect("four cells");
        assert_eq!((found.hidden_size, found.from, found.most), (4, Some(32), 1_024));
        assert_eq!(Payoff::of(&adapter("1"), &map[1..2]).expect("a cell").from, None);
        assert_eq!(Payoff::of(&adapter("1"), &[]), None);
    }

    #[test]
    fn what_is_saved_is_known_of_its_adapter_alone_and_replaced_by_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = &folder.path().join("new");
        assert_eq!(Payoff::load(folder, &adapter("1")), None);
        let of = |driver, rate| Payoff::of(&adapter(driver), &[cell(4, 1, rate)]).expect("a cell");
        for saved in [of("1", 1.0), of("2", 1.0), of("1", 99.0)] {
            saved.save(folder).expect("written");
        }
        assert_eq!(Payoff::load(folder, &adapter("1")), Some(of("1", 99.0)));
        assert_eq!(Payoff::load(folder, &adapter("2")), Some(of("2", 1.0)));
        std::fs::write(folder.join(FILE), "something else").expect("written");
        assert_eq!(Payoff::load(folder, &adapter("1")), None);
    }
}
